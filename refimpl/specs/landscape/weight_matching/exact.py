"""Right answers of weight matching: all permutations are tried, on the definition of the inner product.

No score matrix, no assignment, no automatic differentiation.
"""

from itertools import permutations

import numpy as np

from refimpl.specs.exact import eigh, exp, fractions, log, reals, sqrt

_GAIN = 1e-12


def _nets(number, W1, b1, W2, b2, W3, b3):
    """Networks as lists W1, b1, ..., b3."""
    arrays = [number(x) for x in (W1, b1, W2, b2, W3, b3)]
    return [[x[i] for x in arrays] for i in range(len(arrays[0]))]


def _permuted(net, p1, p2):
    W1, b1, W2, b2, W3, b3 = net
    p1, p2 = list(p1), list(p2)
    return [W1[:, p1], b1[p1], W2[p1][:, p2], b2[p2], W3[p2], b3]


def _inner(a, b):
    return sum((x * y).sum() for x, y in zip(a, b, strict=True))


def _alone(net, layer, unit):
    """What touches one unit of a hidden layer."""
    return net[2 * layer][:, unit], net[2 * layer + 1][[unit]], net[2 * layer + 2][unit]


def _scores(a, b, perms, layer):
    """Products of what touches a unit of a, and of b with its other layer permuted."""
    moved, n = _permuted(b, *(np.arange(len(p)) if l == layer else p for l, p in enumerate(perms))), len(perms[layer])
    C = np.empty((n, n), dtype=object)
    for i, j in np.ndindex(n, n):
        C[i, j] = _inner(_alone(a, layer, i), _alone(moved, layer, j))
    return C


def _best(a, b, perms, layer):
    C = _scores(a, b, perms, layer)
    return max(permutations(range(len(C))), key=lambda p: sum(C[i, j] for i, j in enumerate(p)))


def visit(W1, b1, W2, b2, W3, b3, p1, p2, layer):
    """Unit by unit."""
    a, b = _nets(fractions, W1, b1, W2, b2, W3, b3)
    perms = [p1, p2]
    return _scores(a, b, perms, layer), fractions(np.array(_best(a, b, perms, layer)))


def _matched(a, b, perms, orders):
    perms, path = list(perms), []
    for order in orders:
        gained = False
        for layer in order:
            best, before = _best(a, b, perms, layer), _inner(a, _permuted(b, *perms))
            perms[layer] = best
            path.append(_inner(a, _permuted(b, *perms)))
            gained = gained or path[-1] - before > _GAIN
        if not gained:
            break
    return perms, path


def match(W1, b1, W2, b2, W3, b3, p1, p2, orders):
    """Visit by visit."""
    a, b = _nets(fractions, W1, b1, W2, b2, W3, b3)
    perms, path = _matched(a, b, [p1, p2], orders)
    path += [path[-1]] * (2 * len(orders) - len(path))
    found = (fractions(np.array(p)) for p in perms)
    return *found, np.array(path, dtype=object).reshape(-1, 2)


def match_activations(Z1, Z2):
    """All permutations of each layer."""
    found = []
    for Z in (Z1, Z2):
        one, other = fractions(Z)
        best = max(permutations(range(one.shape[1])), key=lambda p: (one * other[:, list(p)]).sum())
        found.append(fractions(np.array(best)))
    return tuple(found)


def _loss(net, x, labels):
    """Sample by sample."""
    W1, b1, W2, b2, W3, b3 = net
    total = reals(0.0)
    for row, label in zip(x, labels, strict=True):
        z = np.maximum(np.maximum(row @ W1 + b1, 0) @ W2 + b2, 0) @ W3 + b3
        total += log(sum(exp(z - z[label])))
    return total / len(x)


def _gradient(net, x, labels):
    """Loss and its derivative in each array, written out."""
    W1, b1, W2, b2, W3, b3 = net
    z1 = np.maximum(x @ W1 + b1, 0)
    z2 = np.maximum(z1 @ W2 + b2, 0)
    z3 = z2 @ W3 + b3
    powers = exp(z3 - z3.max(axis=1)[:, None])
    d3 = powers / powers.sum(axis=1)[:, None]
    loss = -sum(log(d3[i, label]) for i, label in enumerate(labels)) / len(x)
    for i, label in enumerate(labels):
        d3[i, label] -= 1
    d3 = d3 / len(x)
    d2 = (d3 @ W3.T) * (z2 > 0)
    d1 = (d2 @ W2.T) * (z1 > 0)
    return loss, [x.T @ d1, d1.sum(axis=0), z1.T @ d2, d2.sum(axis=0), z2.T @ d3, d3.sum(axis=0)]


def _differences(net, x, labels):
    """Derivative of the loss in each array, by central differences."""
    found, size = [], reals(2.0**-60)
    for k, weights in enumerate(net):
        slope = np.empty(weights.shape, dtype=object)
        for index in np.ndindex(weights.shape):
            ends = []
            for side in (size, -size):
                moved = weights.copy()
                moved[index] += side
                ends.append(_loss([*net[:k], moved, *net[k + 1 :]], x, labels))
            slope[index] = (ends[0] - ends[1]) / (2 * size)
        found.append(slope)
    return found


def _middle(a, b):
    return [(x + y) / 2 for x, y in zip(a, b, strict=True)]


def ste_step(W1, b1, W2, b2, W3, b3, p1, p2, x, labels, orders, lr, momentum):
    """The gradient of half the sum is half the gradient."""
    a, b, free, velocity = _nets(reals, W1, b1, W2, b2, W3, b3)
    x, lr, momentum = reals(x), reals(lr), reals(momentum)
    perms, _ = _matched(free, b, [p1, p2], orders)
    middle = _middle(a, _permuted(b, *perms))
    velocity = [momentum * v + g / 2 for v, g in zip(velocity, _differences(middle, x, labels), strict=True)]
    free = [w - lr * v for w, v in zip(free, velocity, strict=True)]
    found = (reals(np.array(p)) for p in perms)
    pairs = zip(free, velocity, strict=True)
    return *found, np.array(_loss(middle, x, labels), dtype=object), *(np.stack(pair) for pair in pairs)


def ste(W1, b1, W2, b2, W3, b3, x, labels, orders, lr, momentum, start):
    """Step by step; the step of the least loss."""
    a, b = _nets(reals, W1, b1, W2, b2, W3, b3)
    x, lr, momentum = reals(x), reals(lr), reals(momentum)
    perms, tried, losses = [np.arange(len(b[1])), np.arange(len(b[3]))], [], []
    free = a if start == "a" else b
    velocity = [0 * w for w in free]
    for batch, truth, order in zip(x, labels, orders, strict=True):
        perms, _ = _matched(free, b, perms, order)
        loss, slope = _gradient(_middle(a, _permuted(b, *perms)), batch, truth)
        velocity = [momentum * v + g / 2 for v, g in zip(velocity, slope, strict=True)]
        free = [w - lr * v for w, v in zip(free, velocity, strict=True)]
        tried.append(perms)
        losses.append(loss)
    found = tried[min(range(len(losses)), key=losses.__getitem__)]
    return *(reals(np.array(p)) for p in found), np.array(losses, dtype=object)


def _polar(W, gamma):
    """Sum of v u^T over the singular vectors that count, from the eigenvectors of W^T W or W W^T; and their number."""
    if W.shape[0] < W.shape[1]:
        found, kept = _polar(W.T, gamma)
        return found.T, kept
    values, vectors = eigh(W.T @ W)
    kept = [i for i, value in enumerate(values) if sqrt(value) >= gamma * sqrt(values[-1])]
    return sum(np.outer(W @ vectors[:, i] / sqrt(values[i]), vectors[:, i]) for i in kept), len(kept)


def alignment(W1, W2, W3, p1, p2, gamma, normaliser):
    """The inner product of the two polar factors."""
    total, count = reals(0.0), reals(0.0)
    for W, rows, columns in ((W1, None, p1), (W2, p1, p2), (W3, p2, None)):
        (one, n), (other, k) = (_polar(reals(layer), reals(gamma)) for layer in W)
        other = other if rows is None else other[rows]
        total += (one * (other if columns is None else other[:, columns])).sum()
        count += {"sqrt": sqrt(reals(float(n * k))), "min": min(n, k), "a": n}[normaliser]
    return np.array(total / count, dtype=object)


def _between(a, b, share):
    return [x + share * (y - x) for x, y in zip(a, b, strict=True)]


def barrier(W1, b1, W2, b2, W3, b3, x, labels, shares):
    """The loss at each place, less the chord."""
    a, b = _nets(reals, W1, b1, W2, b2, W3, b3)
    x, shares = reals(x), reals(shares)
    line = np.array([_loss(_between(a, b, t), x, labels) for t in shares], dtype=object)
    left, right = _loss(a, x, labels), _loss(b, x, labels)
    return np.array(max(line - left - shares * (right - left)), dtype=object), line


def taylor(W1, b1, W2, b2, W3, b3, x, labels):
    """First and second differences of the loss along the line, at both ends."""
    a, b = _nets(reals, W1, b1, W2, b2, W3, b3)
    x, h, total = reals(x), reals(2.0**-40), reals(0.0)
    for end, other in ((a, b), (b, a)):
        ahead, here, behind = (_loss(_between(end, other, t), x, labels) for t in (h, 0 * h, -h))
        total += (ahead - behind) / (2 * h) / 4 + (ahead - 2 * here + behind) / h**2 / 16
    return np.array(total, dtype=object)


def merge_many(W1, b1, W2, b2, W3, b3, rounds, orders):
    """Turn by turn."""
    nets = _nets(fractions, W1, b1, W2, b2, W3, b3)
    for turns, drawn in zip(rounds, orders, strict=True):
        closer = False
        for i, order in zip(turns, drawn, strict=True):
            others = [net for j, net in enumerate(nets) if j != i]
            center = [sum(parts) / len(others) for parts in zip(*others, strict=True)]
            start = [np.arange(len(center[1])), np.arange(len(center[3]))]
            moved = _permuted(nets[i], *_matched(center, nets[i], start, order)[0])
            closer = closer or _away(nets[i], center) - _away(moved, center) > _GAIN
            nets[i] = moved
        if not closer:
            break
    return tuple(sum(parts) / len(nets) for parts in zip(*nets, strict=True))


def _away(a, b):
    apart = [x - y for x, y in zip(a, b, strict=True)]
    return float(_inner(apart, apart)) ** 0.5
