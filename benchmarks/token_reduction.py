"""Eight attention layers on 576 vision tokens, all kept and by a schedule; a step of Bayesian optimization."""

import numpy as np

from benchmarks import _measure
from refimpl.core.random import stream
from refimpl.search import token_reduction as tr

N, M, D, L = 576, 64, 128, 8
LIKE = np.zeros(1)


def setting(n=N, schedule=None):
    """Tokens, weights and schedule."""
    rng = stream(0, "benchmark")
    draw = lambda *shape: rng.standard_normal(shape).astype(np.float32)
    weights = tr.Weights(*(draw(L, D, D) / np.float32(D) for _ in range(4)))
    return draw(n, D), draw(M, D), weights, np.full(L, n) if schedule is None else schedule


def ours(schedule=None, n=N):
    """The decoder."""
    vision, text, weights, k = setting(n, schedule)
    return lambda: tr.decoder(vision, text, weights, k)


def products(k):
    """Its matrix products alone, of NumPy."""
    vision, text, weights, _ = setting()
    X = np.concatenate([vision, text])

    def run():
        for l, n in enumerate(k.tolist()):
            x = X[: n + M]
            scores = (x @ weights.Wq[l]) @ (x @ weights.Wk[l]).T
            scores @ (x @ weights.Wv[l]) @ weights.Wo[l]

    return run


def torch_decoder():
    """The same in PyTorch."""
    import torch

    from tests.peers.candidates.torch_tokens import decoder

    torch.set_num_threads(_measure.threads())
    vision, text, weights, k = setting()
    return lambda: decoder(vision, text, *weights, k)


def step(n=24, m=512):
    """A step of Bayesian optimization."""
    rng = stream(1, "benchmark")
    X, y, new = rng.uniform(size=(n, 2)), rng.standard_normal(n), rng.uniform(size=(m, 2))
    return lambda: tr.acquire(X, y, new)


def sklearn_step():
    """The same with scikit-learn."""
    from tests.peers.candidates.sklearn_acquisition import acquisition

    rng = stream(1, "benchmark")
    X, y, new = rng.uniform(size=(24, 2)), rng.standard_normal(24), rng.uniform(size=(512, 2))
    return lambda: acquisition(X, y, new, 0.3, 1e-3)


def run():
    schedule = tr.sigmoid_schedule(N, L, s=1.0, rho=0.4, like=LIKE).k
    others, missing = _measure.peers({"PyTorch": torch_decoder})
    mine = {"refimpl": ours(), "refimpl, a mean of 0.4 of the tokens": ours(schedule)}
    rows = [*_measure.rows({**mine, **others}, 5), *missing]
    seconds = _measure.interleave({"products": products(np.full(L, N))}, repeats=5)["products"]
    rows.append(_measure.Row("hardware limit", min(seconds), None, None, "the matrix products alone, by NumPy"))
    grown = [_measure.growth("N", [512, 1024, 2048], lambda n: ours(n=n), 2.0)]
    title = f"a decoder of {L} layers, {N} vision and {M} text tokens, width {D}, float32"
    note = "All scores are made, also those that are masked; the softmax takes most of the time."
    found = [_measure.Workload(title, rows, grown, note)]
    others, missing = _measure.peers({"scikit-learn": sklearn_step})
    rows = [*_measure.rows({"refimpl": step(), **others}, 9), *missing]
    grown = [_measure.growth("m", [2048, 4096, 8192], lambda m: step(m=m), 1.0)]
    title = "a step of Bayesian optimization, 24 points, 512 candidates, float64"
    found.append(_measure.Workload(title, rows, grown, "A factor of 24 rows, and all candidates at once."))
    return found
