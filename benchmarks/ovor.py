"""The regularised loss beside PyTorch's, virtual outliers beside a Gram matrix, and how both grow."""

import numpy as np

from benchmarks import _measure
from refimpl.core.random import stream
from refimpl.training import ovor

ROWS, CLASSES = 100_000, 10
FEATURES, WIDTH, DRAWS, SELECT = 400, 128, 20, 50


def rows(n):
    """Logits of features and of as many outliers."""
    rng = stream(0, "ovor-benchmark")
    return rng.standard_normal((n, CLASSES)), rng.integers(0, CLASSES, n), rng.standard_normal((n, CLASSES))


def loss(n):
    """Ours, both gradients and all checks."""
    o_id, y, o_out = rows(n)
    return lambda: ovor.vor_loss(o_id, y, o_out, lam=0.1, tau_id=-4.0, tau_out=0.0)


def pytorch(n):
    """Its parts, gradients by autograd."""
    import torch

    o_id, y, o_out = map(torch.tensor, rows(n))
    o_id.requires_grad_(), o_out.requires_grad_()
    huber = torch.nn.functional.huber_loss

    def step():
        u, w = (torch.relu(torch.logsumexp(o, 1) * sign - tau) for o, sign, tau in ((o_id, -1, -4.0), (o_out, 1, 0.0)))
        paid = huber(u, torch.zeros_like(u)) + huber(w, torch.zeros_like(w))
        return torch.autograd.grad(torch.nn.functional.cross_entropy(o_id, y) + 0.1 * paid, (o_id, o_out))

    return step


def cloud(n, D=WIDTH):
    """Features and draws."""
    rng = stream(0, "ovor-benchmark", "cloud")
    return rng.standard_normal((n, D)), rng.standard_normal((DRAWS, D))


def outliers(n, D=WIDTH):
    """Ours: differences before squares, so that twins are at distance 0."""
    Z, eps = cloud(n, D)
    return lambda: ovor.npos(Z, eps, K=20, select=SELECT, n_out=80, sigma=0.5)


def by_gram(n, D=WIDTH):
    """The same by inner products, as search libraries do it: faster, and it loses the digits of near points."""
    Z, eps = cloud(n, D)

    def far(points, members):
        points, members = (x / np.linalg.norm(x, axis=1, keepdims=True) for x in (points, members))
        return np.partition(2 - 2 * points @ members.T, 19, axis=1)[:, 19]

    def step():
        border = np.argsort(-far(Z, Z), kind="stable")[:SELECT]
        candidates = (Z[border][:, None] + 0.5 * eps).reshape(-1, D)
        return candidates[np.argsort(-far(candidates, Z), kind="stable")[:80]]

    return step


def run():
    """Both workloads."""
    theirs, missing = _measure.peers({"PyTorch, autograd": lambda: pytorch(ROWS)})
    table = [*_measure.rows({"refimpl": loss(ROWS)} | theirs, 5), *missing]
    moved = ROWS * CLASSES * 8 * 4
    return [
        _measure.Workload(
            f"Regularised loss and its gradients: {ROWS} features and outliers, {CLASSES} classes, float64",
            [*table, _measure.limit(moved, "logits read, gradients written")],
            [_measure.growth("n", [12_500, 25_000, 50_000, 100_000], loss, 1.0)],
            "",
        ),
        _measure.Workload(
            f"Virtual outliers: {FEATURES} features of width {WIDTH}, {SELECT} times {DRAWS} candidates, float64",
            _measure.rows({"refimpl": outliers(FEATURES), "NumPy, Gram matrix": by_gram(FEATURES)}, 5),
            [_measure.growth("D", [32, 64, 128, 256], lambda D: outliers(FEATURES, D), 1.0)],
            "Differences are taken before they are squared; a Gram matrix is faster and ranks near ties by rounding.",
        ),
    ]
