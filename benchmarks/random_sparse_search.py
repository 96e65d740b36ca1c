"""A hundred looks at sub-networks of a parent with 256 nodes in each of two layers, and an epoch of training of one."""

import numpy as np

from benchmarks import _measure
from refimpl.core.random import stream
from refimpl.search import _random_sparse_search_models as models
from refimpl.search import random_sparse_search as rss

LOOKS, SPARSITY = 100, 0.8
LIKE = np.zeros(1)


def setting(looks, samples=1000, sparsity=SPARSITY):
    """Parent, masks and data."""
    data, params = models.split(like=LIKE), models.parent(like=LIKE)
    keep = [rss.keep_count(256, sparsity)] * 2
    masks = rss.draw_masks(stream(0, "benchmark"), (256, 256), keep, looks, like=LIKE)
    return params, masks, np.tile(data.X, (4, 1))[:samples], np.tile(data.y, 4)[:samples]


def ours(looks=LOOKS, samples=1000):
    """The search."""
    params, masks, X, y = setting(looks, samples)
    return lambda: rss.search(params, masks, X, y)


def products(looks, samples, sparsity):
    """The matrix products of the search alone, of NumPy."""
    params, masks, X, _ = setting(looks, samples, sparsity)
    nets = [rss.extract(params, [m[r] for m in masks]) for r in range(looks)]
    first, second = np.ones((samples, nets[0][0].W.shape[1])), np.ones((samples, nets[0][1].W.shape[1]))
    return lambda: [(X @ a.W, first @ b.W, second @ c.W) for a, b, c in nets]


def torch_search():
    """The same loop in PyTorch, without gradients."""
    import torch

    torch.set_num_threads(_measure.threads())
    params, masks, X, y = setting(LOOKS)
    weights = [torch.from_numpy(x) for layer in params for x in layer]
    one, two, x, labels = (torch.from_numpy(a) for a in (*masks, X, y))

    def looks():
        W1, b1, W2, b2, W3, b3 = weights
        with torch.no_grad():
            losses = [
                torch.nn.functional.cross_entropy(
                    torch.relu(torch.relu(x @ W1[:, a] + b1[a]) @ W2[a][:, b] + b2[b]) @ W3[b] + b3, labels
                )
                for a, b in zip(one, two, strict=True)
            ]
        return torch.stack(losses).argmin()

    return looks


def epoch():
    """Twenty steps of training of a sub-network, one loss of all samples at the start and the end."""
    params, masks, X, y = setting(1)
    small = rss.extract(params, [m[0] for m in masks])
    batches = rss.draw_batches(stream(1, "benchmark"), 1000, 50, 1, like=LIKE)
    return lambda: rss.train(small, X, y, batches, every=20)


def torch_epoch():
    """The same with `torch.optim.SGD`."""
    import torch

    torch.set_num_threads(_measure.threads())
    params, masks, X, y = setting(1)
    weights = [
        torch.from_numpy(a.copy()).requires_grad_() for l in rss.extract(params, [m[0] for m in masks]) for a in l
    ]
    batches = torch.from_numpy(rss.draw_batches(stream(1, "benchmark"), 1000, 50, 1, like=LIKE))
    x, labels = torch.from_numpy(X), torch.from_numpy(y)

    def loss(rows):
        W1, b1, W2, b2, W3, b3 = weights
        logits = torch.relu(torch.relu(x[rows] @ W1 + b1) @ W2 + b2) @ W3 + b3
        return torch.nn.functional.cross_entropy(logits, labels[rows])

    def run():
        optimizer = torch.optim.SGD(weights, lr=0.05, momentum=0.9)
        with torch.no_grad():
            loss(slice(None))
        for rows in batches:
            optimizer.zero_grad()
            loss(rows).backward()
            optimizer.step()
        with torch.no_grad():
            loss(slice(None))

    return run


def run():
    found = []
    for title, mine, theirs in (
        (f"{LOOKS} looks at 1000 samples, 51 of 256 nodes kept in each layer, float64", ours(), torch_search),
        ("an epoch of 20 steps of 50 samples, 51 nodes in each layer, float64", epoch(), torch_epoch),
    ):
        others, missing = _measure.peers({"PyTorch": theirs})
        rows = [*_measure.rows({"refimpl": mine, **others}, 9), *missing]
        if theirs is torch_search:
            seconds = _measure.interleave({"products": products(LOOKS, 1000, SPARSITY)}, repeats=9)["products"]
            rows.append(_measure.Row("hardware limit", min(seconds), None, None, "the matrix products alone, by NumPy"))
            grown = [
                _measure.growth("R", [25, 50, 100, 200], lambda R: ours(looks=R), 1.0),
                _measure.growth("n", [500, 1000, 2000, 4000], lambda n: ours(samples=n), 1.0),
            ]
            note = "Each look cuts the weights out of the parent, and is a network of its own."
            found.append(_measure.Workload(title, rows, grown, note))
        else:
            found.append(
                _measure.Workload(title, rows, [], "Ours writes the gradient out; PyTorch records the passes.")
            )
    return found
