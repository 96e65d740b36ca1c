"""NumPy's weighted choice as a candidate: its own search in a running sum, fed with the given uniform draws."""

import numpy as np


class Given(np.random.RandomState):
    """Its draws are given."""

    def __init__(self, uniforms):
        super().__init__(0)
        self._uniforms = uniforms

    def random_sample(self, size=None):
        """What `choice` asks for."""
        return self._uniforms[:size] if isinstance(size, int) else self._uniforms


def drawn(q, u):
    """`RandomState.choice` with replacement, from a law q up to its sum."""
    return Given(u).choice(len(q), size=len(u), p=q / q.sum())


def rows(p, u, kind):
    """Pairs and weights: the draws are NumPy's."""
    m, k = len(p), len(u)
    order = np.argsort(-p, kind="stable")
    count = {"crs": 0, "topk": k}.get(kind)
    if k >= m:
        order, count = np.arange(m), m
    if count is None:
        falling = p[order]
        count = int(np.argmin([falling[c:].sum() / (k - c) for c in range(k)])) if m < 1000 else _many(falling, k)
    winners = np.sort(order[:count])
    q = p.astype(float).copy()
    q[winners] = 0
    draws = k - count if k < m and kind != "topk" and q.any() else 0
    picks = drawn(q, u[:draws].astype(float)) if draws else np.zeros(0, dtype=int)
    weights = q.sum() / (max(draws, 1) * p[picks])
    rest = k - count - draws if k < m else k - m
    indices = np.concatenate([winners, picks, np.full(rest, -1)])
    return indices, np.concatenate([np.ones(len(winners)), weights, np.zeros(rest)]), len(winners) + draws


def _many(falling, k):
    left = np.cumsum(falling[::-1])[::-1]
    return int(np.argmin(left[:k] / np.arange(k, 0, -1)))
