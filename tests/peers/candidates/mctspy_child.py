"""pip mctspy: `best_child`."""

from types import SimpleNamespace

import numpy as np
from mctspy.tree.nodes import MonteCarloTreeSearchNode

from refimpl.oracle.candidates import NotApplicable


def uct_select(visits, sums, parent, c, r):
    """Which child."""
    if not np.all(visits):
        raise NotApplicable("its children are made one at a time, and visited at once")
    children = [SimpleNamespace(q=s, n=n, place=i) for i, (s, n) in enumerate(zip(sums, visits, strict=True))]
    best = MonteCarloTreeSearchNode.best_child(SimpleNamespace(n=parent, children=children), c_param=c)
    return {"index": best.place}
