"""Right answers on opposing signals: data sets whose averages are exact, sorted lists, weighted means."""

from fractions import Fraction
from itertools import pairwise

import numpy as np

from refimpl.specs.exact import fractions, reals, sign, sqrt


def _whole(values):
    return [int(v) for v in values]


# The groups ---------------------------------------------------------------------------------------------------------


def _moves(losses, t):
    """(change, number) of each sample."""
    before, after = fractions(losses[t]), fractions(losses[t + 1])
    return list(zip(after - before, range(len(after)), strict=True))


def identify(losses, t, k):
    """Sorted pairs."""
    moves = _moves(losses, t)
    up = sorted(moves, key=lambda pair: (-pair[0], pair[1]))[:k]
    down = sorted(moves)[:k]
    return np.array([i for _, i in up]), np.array([i for _, i in down])


def swap_share(losses, t, k):
    """Common members of sets."""
    (up, down), (next_up, next_down) = (map(set, identify(losses, i, k)) for i in (t, t + 1))
    return np.array([len(up & next_down), len(down & next_up)]) * Fraction(1, k)


def opposition(losses, up, down):
    """Sums over the groups by themselves; a turn is a value above or below both of its neighbors."""
    losses = fractions(losses)
    activity = [max(abs(after[i] - before[i]) for i in range(len(after))) for before, after in pairwise(losses)]
    mean = lambda row, group: sum(row[i] for i in _whole(group)) / Fraction(len(group))
    gap = np.array([mean(row, up) - mean(row, down) for row in losses])
    triples = list(zip(gap, gap[1:], gap[2:], strict=False))
    turns = sum(b > max(a, c) or b < min(a, c) for a, b, c in triples)
    return np.array(activity), gap, Fraction(turns, len(triples))


def crossing(sharpness, eta):
    """One look at each value, from the end to the smallest."""
    values, found = fractions(sharpness), -1
    low = min(range(len(values)), key=lambda i: (values[i], i))
    for i in range(len(values) - 1, low, -1):
        if values[i] * fractions(eta) > 2:
            found = i
    return found


# The linear network -------------------------------------------------------------------------------------------------


def outliers(x, signs, beta, alpha, p, d2):
    """Row by row; 1^T x_o / sqrt(d2) is the root of alpha / p."""
    x, beta, power = reals(x), reals(beta), reals(alpha) / reals(p)
    x_o = [[int(s) * sqrt(power / d2)] * d2 for s in signs]
    y = [row @ beta + (sqrt(power) if s else 0) for row, s in zip(x, signs, strict=True)]
    return np.array(x_o, dtype=object), np.array(y, dtype=object)


def _cross(b, b_o, beta, alpha, p):
    """A data set with the moments of the population: x on the axes, each with both signs of the outlier, or with none.

    Rows (weight, x, x_o, y, sign), the weights of sum 1.
    """
    d1, d2, half = len(b), len(b_o), reals(0.5)
    rows = []
    for i in range(d1):
        for side in (1, -1):
            x = np.array([side * sqrt(reals(float(d1))) * (j == i) for j in range(d1)], dtype=object)
            for mark, share in ((1, half * p), (-1, half * p), (0, 1 - p)):
                x_o = np.array([mark * sqrt(alpha / (p * d2))] * d2, dtype=object)
                y = x @ beta + (sqrt(alpha / p) if mark else 0)
                rows.append((share / (2 * d1), x, x_o, y, mark))
    return rows


def model_step(b, b_o, c, beta, alpha, eta):
    """Averages over that data set; the constant alpha / 2 is taken off."""
    b, b_o, c, beta, alpha, eta = map(reals, (b, b_o, c, beta, alpha, eta))
    rows = _cross(b, b_o, beta, alpha, reals(1.0))
    weights = np.concatenate([b, b_o])
    size = len(weights)
    loss, gradient, hessian = -alpha / 2, reals(np.zeros(size + 1)), reals(np.zeros((size + 1, size + 1)))
    for share, x, x_o, y, _ in rows:
        z = np.concatenate([x, x_o])
        error, slope = c * (weights @ z) - y, np.append(c * z, weights @ z)
        bent = reals(np.zeros((size + 1, size + 1)))
        bent[:size, size], bent[size, :size] = z, z
        loss += share * error**2 / 2
        gradient = gradient + share * error * slope
        hessian = hessian + share * (np.outer(slope, slope) + error * bent)
    d1, moved = len(b), np.append(weights, c) - eta * gradient
    return (
        loss, gradient[:d1], gradient[d1:size], gradient[size], hessian, moved[:d1], moved[d1:size], moved[size],
    )  # fmt: skip


def group_losses(b, b_o, c, beta, alpha, p):
    """Means over the samples of either sign in that data set."""
    b, b_o, c, beta, alpha, p = map(reals, (b, b_o, c, beta, alpha, p))
    found = []
    for wanted in (1, -1):
        rows = [row for row in _cross(b, b_o, beta, alpha, p) if row[4] == wanted]
        losses = sum(share * (c * (b @ x + b_o @ x_o) - y) ** 2 / 2 for share, x, x_o, y, _ in rows)
        found.append(losses / sum(row[0] for row in rows))
    return np.array(found, dtype=object)


def sample_step(b, b_o, c, x, x_o, y, eta):
    """One sample after the other, in rational arithmetic."""
    b, b_o, x, x_o, y = map(fractions, (b, b_o, x, x_o, y))
    c, eta = fractions(c), fractions(eta)
    losses, move_b, move_o, move_c = [], 0 * b, 0 * b_o, Fraction(0)
    for row, other, wanted in zip(x, x_o, y, strict=True):
        hidden = sum(row * b) + sum(other * b_o)
        error = c * hidden - wanted
        losses.append(error * error / 2)
        move_b, move_o, move_c = move_b + error * row, move_o + error * other, move_c + error * hidden
    rate = eta / len(y)
    return np.array(losses), b - rate * c * move_b, b_o - rate * c * move_o, c - rate * move_c


def valley(c0, s0, alpha, eta, steps):
    """In sum and difference of c and s, whose rules are products."""
    c0, s0, rate = reals(c0), reals(s0), reals(alpha) * reals(eta)
    plus, minus, cs, ss = c0 + s0, c0 - s0, [], []
    for _ in range(steps):
        used = rate * (plus * plus - minus * minus) / 4
        plus, minus = plus * (1 - used), minus * (1 + used)
        cs.append((plus + minus) / 2)
        ss.append((plus - minus) / 2)
    return np.stack(cs), np.stack(ss)


# The optimizers -----------------------------------------------------------------------------------------------------


def optimise(kind, theta0, grads, lr, lr_sign, r, beta1, dampening, beta2, eps):
    """Averages as sums over sums of weights."""
    theta, grads = reals(theta0), reals(grads)
    lr, lr_sign, r, beta1, dampening, beta2, eps = map(reals, (lr, lr_sign, r, beta1, dampening, beta2, eps))
    if kind == "adam":
        dampening = beta1
    first, second, weight1, weight2, thetas = 0 * theta, 0 * theta, 0, 0, []
    for grad in grads:
        first, weight1 = first * beta1 + grad, weight1 * dampening + 1
        second, weight2 = second * beta2 + grad * grad, weight2 * beta2 + 1
        mean = first / weight1
        if kind == "adam":
            move = lr * mean / (sqrt(second / weight2) + eps)
        elif kind == "splitsgd":
            large = (mean >= r) | (mean <= -r)
            move = np.where(large, lr_sign * sign(mean), lr * mean)
        else:
            move = lr * mean
        theta = theta - move
        thetas.append(theta)
    return np.stack(thetas)
