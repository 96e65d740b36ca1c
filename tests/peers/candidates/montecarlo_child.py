"""pip imparaai-montecarlo: `Node.get_preferred_child`."""

import random
from unittest import mock

import numpy as np
from montecarlo.node import Node


def uct_select(visits, sums, parent, c, r):
    """Its discovery factor is c times the root of 2; the draw among the best ones is given."""
    root, children = Node(None), [Node(None) for _ in visits]
    root.add_children(children)
    root.visits = parent
    for child, n, total in zip(children, visits, sums, strict=True):
        child.visits, child.win_value, child.discovery_factor = int(n), float(total), float(c * np.sqrt(2))
    with mock.patch.object(random, "choice", lambda best: best[int(r * len(best))]):
        best = root.get_preferred_child(root)
    return {"index": children.index(best)}
