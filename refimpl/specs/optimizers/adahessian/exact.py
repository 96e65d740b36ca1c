"""Expected answers of the operations of AdaHessian, apart from the source: sums over the whole past in 50 digits, and
means in fractions, entry by entry.
"""

import numpy as np

from refimpl.specs import exact


def _mean_of_past(rows, rate):
    """Bias-corrected exponential average: the mean of all rows, a row of age a having the weight rate^a."""
    weights = [rate ** (len(rows) - 1 - s) for s in range(len(rows))]
    return sum(w * row for w, row in zip(weights, rows, strict=True)) / sum(weights)


def _move(theta0, steps, lr, weight_decay):
    """The decayed start and the decayed steps, summed up anew."""
    kept, t = 1 - lr * weight_decay, len(steps)
    return kept**t * theta0 - sum(kept ** (t - 1 - s) * lr * step for s, step in enumerate(steps))


def _step(grads, diagonals, beta1, beta2, eps, power):
    """What lr is multiplied with, after the given gradients and diagonals."""
    rms = exact.sqrt(_mean_of_past([row * row for row in diagonals], beta2))
    return _mean_of_past(grads, beta1) / (rms**power + eps)


def trajectory(theta0, grads, diagonals, lr, beta1, beta2, eps, weight_decay, hessian_power):
    """Each position from the start and all that was seen until then."""
    theta0, grads, diagonals, lr, beta1, beta2, eps, weight_decay, power = map(
        exact.reals, (theta0, grads, diagonals, lr, beta1, beta2, eps, weight_decay, hessian_power)
    )
    past = range(1, len(grads) + 1)
    steps = [_step(grads[:t], diagonals[:t], beta1, beta2, eps, power) for t in past]
    return np.stack([_move(theta0, steps[:t], lr, weight_decay) for t in past])


def groups(
    first0, second0, grads1, grads2, diagonals1, diagonals2, lr1, lr2, decay1, decay2, beta1, beta2, eps, hessian_power
):
    """Each by itself."""
    return (
        trajectory(first0, grads1, diagonals1, lr1, beta1, beta2, eps, decay1, hessian_power),
        trajectory(second0, grads2, diagonals2, lr2, beta1, beta2, eps, decay2, hessian_power),
    )


def _mean_over(D, same):
    """For each entry the mean over the entries that belong to its block; `same(i, j)` compares places."""
    places, found = list(np.ndindex(D.shape)), np.empty_like(D)
    for i in places:
        block = [D[j] for j in places if same(i, j)]
        found[i] = sum(block) / len(block)
    return found


def _consecutive(D, b):
    """Blocks of b entries, counted row by row."""
    number = lambda i: int(np.ravel_multi_index(i, D.shape)) // b
    return _mean_over(D, lambda i, j: number(i) == number(j))


def _diagonal(hessian, z):
    """z_i sum_j H_ij z_j."""
    return np.array([z[i] * sum(h * x for h, x in zip(row, z, strict=True)) for i, row in enumerate(hessian)])


def estimate(hessian, signs, block):
    """Sums of fractions."""
    hessian, signs = exact.fractions(hessian), exact.fractions(signs)
    return np.stack([_consecutive(_diagonal(hessian, z), block) for z in signs])


def moments(hessian, block):
    """The closed form: the mean of the diagonal over the block; its square and the variance, pair by pair."""
    hessian = exact.fractions(hessian)
    mean, d = _consecutive(np.diag(hessian), block), len(hessian)
    square = mean * mean
    for i in range(d):
        inside = [j for j in range(d) if j // block == i // block]
        for j in inside:
            for other in range(d):
                if other not in inside:
                    square[i] += hessian[j, other] ** 2 / block**2
                elif other < j:
                    square[i] += 4 * hessian[j, other] ** 2 / block**2
    return mean, square


def ranks(bias, matrix, line, kernel, block):
    """Entries of a block by their places."""
    bias, matrix, line, kernel = map(exact.fractions, (bias, matrix, line, kernel))
    same_channels = lambda i, j: i[:2] == j[:2]
    return bias, _consecutive(matrix, block), _mean_over(line, same_channels), _mean_over(kernel, same_channels)


def descent(hessians, slopes, theta0, signs, block, period, lr, beta1, beta2, eps, weight_decay, hessian_power):
    """Each position from the start and all gradients and diagonals until then."""
    hessians, slopes, theta, signs, lr, beta1, beta2, eps, weight_decay, power = map(
        exact.reals, (hessians, slopes, theta0, signs, lr, beta1, beta2, eps, weight_decay, hessian_power)
    )
    start, grads, diagonals, steps, thetas = theta, [], [], [], []
    for t in range(len(hessians)):
        grads.append(hessians[t].dot(theta) + slopes[t])
        fresh = t - t % period
        diagonals.append(_consecutive(_diagonal(hessians[fresh], signs[fresh]), block))
        steps.append(_step(grads, diagonals, beta1, beta2, eps, power))
        theta = _move(start, steps, lr, weight_decay)
        thetas.append(theta)
    return np.stack(thetas)
