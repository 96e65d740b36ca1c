"""Right answers of random sparse search, apart from the source: nodes are switched off, not cut out, and one by one."""

from fractions import Fraction
from itertools import pairwise

import numpy as np

from refimpl.specs.exact import exp, fractions, log, reals, sqrt


def masks(perms1, perms2, keep1, keep2):
    """A node is kept if its place in the permutation is one of the first."""

    def kept(perms, keep):
        rows = [list(row) for row in perms]
        return fractions(np.array([[node for node in range(len(row)) if row.index(node) < keep] for row in rows]))

    return kept(perms1, keep1), kept(perms2, keep2)


def _switched(net, mask1, mask2, scaling):
    """The parent in 50 digits, its nodes as 0 or 1, and what rescaling multiplies its last two layers with."""
    net = [reals(x) for x in net]
    on = [np.isin(np.arange(len(b)), mask).astype(int) for b, mask in ((net[1], mask1), (net[3], mask2))]
    factors = [sqrt(reals(len(x)) / int(x.sum())) if scaling == "rescaled" else 1 for x in on]
    return net, on, factors


def _hidden(net, on, X, factors=(1, 1)):
    """What the hidden nodes say, and the logits."""
    W1, b1, W2, b2, W3, b3 = net
    h1 = np.maximum(X @ W1 + b1, 0) * on[0]
    h2 = np.maximum(h1 @ W2 * factors[0] + b2, 0) * on[1]
    return h1, h2, h2 @ W3 * factors[1] + b3


def _mean_loss(logits, y):
    """Mean of log of the sum of exponentials, each relative to the true class."""
    return sum(log(sum(exp(z - z[label]))) for z, label in zip(logits, y, strict=True)) / len(y)


def search(W1, b1, W2, b2, W3, b3, mask1, mask2, X, y, scaling):
    """Mask by mask."""
    losses = []
    for one, two in zip(mask1, mask2, strict=True):
        net, on, factors = _switched((W1, b1, W2, b2, W3, b3), one, two, scaling)
        losses.append(_mean_loss(_hidden(net, on, reals(X), factors)[2], y))
    return np.array(losses), select(losses)


def select(losses):
    """The first of the sorted pairs."""
    return fractions(sorted((x, i) for i, x in enumerate(losses))[0][1])


def extract(W1, b1, W2, b2, W3, b3, mask1, mask2, scaling):
    """Entry by entry."""
    net, _, factors = _switched((W1, b1, W2, b2, W3, b3), mask1, mask2, scaling)
    nodes, found = [range(len(W1)), list(mask1), list(mask2), range(len(b3))], []
    for l, factor in enumerate((1, *factors)):
        found.append(np.array([[net[2 * l][i, j] * factor for j in nodes[l + 1]] for i in nodes[l]]))
        found.append(np.array([net[2 * l + 1][j] for j in nodes[l + 1]]))
    return tuple(found)


def masked(W1, b1, W2, b2, W3, b3, mask1, mask2, X):
    """Sums over the kept nodes, sample by sample."""
    W1, b1, W2, b2, W3, b3 = map(fractions, (W1, b1, W2, b2, W3, b3))
    rows = []
    for x in fractions(X):
        first = {j: max(sum(x * W1[:, j]) + b1[j], 0) for j in mask1}
        second = {k: max(sum(first[j] * W2[j, k] for j in mask1) + b2[k], 0) for k in mask2}
        rows.append([sum(second[k] * W3[k, c] for k in mask2) + b3[c] for c in range(len(b3))])
    return np.array(rows)


def _gradient(net, on, X, y):
    """Derivatives of the loss in the parent's arrays: a path counts where all of its nodes are on and above 0."""
    h1, h2, logits = _hidden(net, on, X)
    powers = exp(logits - logits.max(axis=1)[:, None])
    excess = powers / powers.sum(axis=1)[:, None]
    excess[np.arange(len(y)), y] -= 1
    excess = excess / len(y)
    second = (excess @ net[4].T) * (h2 > 0)
    first = (second @ net[2].T) * (h1 > 0)
    return X.T @ first, first.sum(axis=0), h1.T @ second, second.sum(axis=0), h2.T @ excess, excess.sum(axis=0)


def trajectory(W1, b1, W2, b2, W3, b3, mask1, mask2, X, y, batches, lr, momentum):
    """The whole parent is trained with nodes switched off, and with no velocity: by the difference of two steps."""
    now, on, _ = _switched((W1, b1, W2, b2, W3, b3), mask1, mask2, "inherited")
    X, lr, momentum = reals(X), reals(lr), reals(momentum)
    before, losses = now, [_mean_loss(_hidden(now, on, X)[2], y)]
    for rows in batches:
        gradient = _gradient(now, on, X[rows], y[rows])
        following = [a + momentum * (a - o) - lr * g for a, o, g in zip(now, before, gradient, strict=True)]
        before, now = now, following
        losses.append(_mean_loss(_hidden(now, on, X)[2], y))
    W1, b1, W2, b2, W3, b3 = now
    return np.array(losses), W1[:, mask1], b1[mask1], W2[mask1][:, mask2], b2[mask2], W3[mask2], b3


def parameter_share(widths, keep):
    """Weights, then biases."""
    kept = [int(widths[0]), *(int(k) for k in keep), int(widths[-1])]
    widths = [int(w) for w in widths]

    def count(layers):
        return sum(a * b for a, b in pairwise(layers)) + sum(layers[1:])

    return np.array(Fraction(count(kept), count(widths)))
