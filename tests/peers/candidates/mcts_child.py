"""pip mcts: `getBestChild`."""

import random
from types import SimpleNamespace
from unittest import mock

import mcts
import numpy as np

from refimpl.oracle.candidates import NotApplicable


def uct_select(visits, sums, parent, c, r):
    """Which child; the draw among the best ones is given."""
    if not np.all(visits):
        raise NotApplicable("its children are made one at a time, and visited at once")
    children = {
        i: SimpleNamespace(totalReward=s, numVisits=n) for i, (s, n) in enumerate(zip(sums, visits, strict=True))
    }
    node = SimpleNamespace(children=children, numVisits=parent)
    with mock.patch.object(random, "choice", lambda best: best[int(r * len(best))]):
        best = mcts.mcts.getBestChild(None, node, c)
    return {"index": next(i for i, child in children.items() if child is best)}
