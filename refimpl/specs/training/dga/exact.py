"""Right answers of dynamic gradient alignment, apart from the source: products and sums as they are written."""

from fractions import Fraction

import numpy as np

from refimpl.specs.exact import exp, fractions, reals, sqrt


def _normalised(x):
    return x / x.sum()


def mirror_step(alpha, scores, eta, floor):
    """Factors, not logarithms; numbers of mpmath do not overflow."""
    alpha, a, eta, floor = map(reals, (alpha, scores, eta, floor))
    return (1 - len(alpha) * floor) * _normalised(alpha * exp(eta * a)) + floor


def alignments(G, g):
    """Sums of products."""
    return (fractions(G) * fractions(g)).sum(axis=1)


def weights_run(alpha0, scores, eta, period, beta):
    """n updates multiply the weights by the exponential of the sum of n scores; the average weighs them by age."""
    alpha0, eta, beta = map(reals, (alpha0, eta, beta))
    every, alphas, averages = [alpha0], [], []
    for t in range(len(scores)):
        if t % period == 0:
            total = reals(scores[: t + 1 : period]).sum(axis=0)
            every.append(_normalised(alpha0 * exp(eta * total)))
            ages = np.arange(len(every))[::-1]
            shares = (1 - beta) ** ages * np.where(ages == ages[0], 1, beta)
            average = (shares[:, None] * np.stack(every)).sum(axis=0)
        alphas.append(every[-1])
        averages.append(average)
    return np.stack(alphas), np.stack(averages)


def mixture(P, w):
    """Row by row."""
    return sum(row * share for row, share in zip(fractions(P), fractions(w), strict=True))


def histogram(k, assignment):
    """Counted with a list."""
    found = [int(i) for i in assignment]
    return np.array([Fraction(found.count(i), len(found)) for i in range(k)])


def draw(alpha, u):
    """The last domain before which no more than u has gone by."""
    alpha, places = fractions(alpha), range(len(alpha))
    total = sum(alpha)
    return np.array([max(i for i in places if alpha[i] and sum(alpha[:i]) <= x * total) for x in fractions(u)])


def _slope(theta, counts):
    """Of the mean over all transitions: for each, the probabilities less one where the token went."""
    found = np.zeros_like(theta)
    for row, powers in enumerate(exp(theta)):
        probabilities = powers / powers.sum()
        for column, times in enumerate(counts[row]):
            seen = probabilities.copy()
            seen[column] = seen[column] - 1
            found[row] = found[row] + int(times) * seen
    return found / int(counts.sum())


def dga_steps(theta0, train, domains, special, lr, beta1, beta2, eps, eta, period, beta):
    """Adam with its averages as weighted means; the weights by `weights_run`, of which they need nothing back."""
    theta, lr, beta1, beta2, eps = map(reals, (theta0, lr, beta1, beta2, eps))
    k, scores = domains.shape[1], []
    first = second = weight1 = weight2 = reals(0.0)
    for t, counts in enumerate(train):
        grad = _slope(theta, counts)
        first, weight1 = first * beta1 + grad, weight1 * beta1 + 1
        second, weight2 = second * beta2 + grad**2, weight2 * beta2 + 1
        theta = theta - lr * (first / weight1) / (sqrt(second / weight2) + eps)
        row = [reals(0.0)] * k
        if t % period == 0:
            task = _slope(theta, special[t])
            row = [(_slope(theta, domain) * task).sum() for domain in domains[t]]
        scores.append(row)
    used = np.array(scores, dtype=object)
    alpha0 = np.array([reals(1.0) / k] * k, dtype=object)
    return theta, used, *_run(alpha0, used, reals(eta), period, reals(beta))


def _run(alpha, scores, eta, period, beta):
    """Step by step, since these scores are no floats."""
    average, alphas, averages = alpha, [], []
    for t, a in enumerate(scores):
        if t % period == 0:
            alpha = _normalised(alpha * exp(eta * a))
            average = average + beta * (alpha - average)
        alphas.append(alpha)
        averages.append(average)
    return np.stack(alphas), np.stack(averages)


def doge(alpha0, G, g, lr, mu, eps):
    """Each step as it is written."""
    alpha, G, g, lr, mu, eps = map(reals, (alpha0, G, g, lr, mu, eps))
    alphas, mixed = [], []
    for domains, task in zip(G, g, strict=True):
        gains = (domains * task).sum(axis=1) * lr / mu
        alpha = (1 - eps) * _normalised(alpha * exp(gains)) + eps / len(alpha)
        alphas.append(alpha)
        mixed.append((alpha[:, None] * domains).sum(axis=0))
    return np.stack(alphas), np.stack(mixed), np.stack(alphas).sum(axis=0) / len(alphas)
