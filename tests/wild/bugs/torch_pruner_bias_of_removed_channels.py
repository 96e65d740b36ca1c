"""A channel that is pruned has its weights masked, and its bias is added all the same."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="PyTorch (torch.ao.pruning)",
    link="https://github.com/pytorch/pytorch/pull/63202",
    date="2021-08",
    operation="random_sparse_search.masked",
    kind="missing_step",
)


class PrunedLinear:
    def __init__(self, weight, bias, kept):
        self.weight = weight.copy()
        self.bias = bias.copy()
        self.pruned = np.setdiff1d(np.arange(bias.size), kept)

    def __call__(self, x):
        weight = self.weight.copy()
        weight[:, self.pruned] = 0
        bias = self.bias.copy()
        bias[self.pruned] = 0  # was:
        return x @ weight + bias


def answer(W1, b1, W2, b2, W3, b3, mask1, mask2, X):
    layers = [
        PrunedLinear(W1, b1, mask1),
        PrunedLinear(W2, b2, mask2),
        PrunedLinear(W3, b3, np.arange(b3.size)),
    ]
    x = X
    for layer in layers[:-1]:
        x = np.maximum(layer(x), 0)
    return layers[-1](x)
