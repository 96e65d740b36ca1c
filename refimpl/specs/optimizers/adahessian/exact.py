"""Right answers of AdaHessian, apart from the source: running sums in 50 digits, and means in fractions by place."""

import numpy as np

from refimpl.specs import exact


class _Mean:
    """Bias-corrected exponential average: a sum over the past divided by the sum of its weights, newest weight 1."""

    def __init__(self, rate):
        self.rate, self.total, self.weight = rate, 0, 0

    def take(self, row):
        self.total, self.weight = self.rate * self.total + row, self.rate * self.weight + 1
        return self.total / self.weight


def _positions(theta, seen, count, lr, beta1, beta2, eps, weight_decay, power):
    """After each step; `seen(t, theta)` is gradient and diagonal. The decay comes first."""
    theta, lr, beta1, beta2, eps, weight_decay, power = map(
        exact.reals, (theta, lr, beta1, beta2, eps, weight_decay, power)
    )
    gradient, square, thetas = _Mean(beta1), _Mean(beta2), []
    for t in range(count):
        grad, diagonal = seen(t, theta)
        below = exact.sqrt(square.take(diagonal * diagonal)) ** power + eps
        theta = (1 - lr * weight_decay) * theta - lr * (gradient.take(grad) / below)
        thetas.append(theta)
    return np.stack(thetas)


def trajectory(theta0, grads, diagonals, lr, beta1, beta2, eps, weight_decay, hessian_power):
    """The given gradients and diagonals."""
    grads, diagonals = exact.reals(grads), exact.reals(diagonals)
    seen = lambda t, theta: (grads[t], diagonals[t])
    return _positions(theta0, seen, len(grads), lr, beta1, beta2, eps, weight_decay, hessian_power)


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
    """Gradients and diagonals of the quadratics."""
    hessians, slopes, signs = map(exact.reals, (hessians, slopes, signs))

    def seen(t, theta):
        fresh = t - t % period
        return hessians[t].dot(theta) + slopes[t], _consecutive(_diagonal(hessians[fresh], signs[fresh]), block)

    return _positions(theta0, seen, len(hessians), lr, beta1, beta2, eps, weight_decay, hessian_power)
