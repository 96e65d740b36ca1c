"""Right answers of Lion and of its search, apart from the source."""

import numpy as np

from refimpl.specs.exact import asin, fractions, reals, sign, sqrt


def step(theta, momentum, grad, lr, beta1, beta2, weight_decay):
    """The authors' order, decay first, in rational arithmetic."""
    theta, momentum, grad = fractions(theta), fractions(momentum), fractions(grad)
    lr, beta1, beta2, weight_decay = map(fractions, (lr, beta1, beta2, weight_decay))
    theta = theta * (1 - lr * weight_decay) - lr * sign(momentum * beta1 + grad * (1 - beta1))
    return theta, momentum + (grad - momentum) * (1 - beta2)


def trajectory(theta0, grads, lr, beta1, beta2, weight_decay):
    """The same, step by step."""
    theta, momentum, thetas = theta0, np.zeros(theta0.shape), []
    for grad in grads:
        theta, momentum = step(theta, momentum, grad, lr, beta1, beta2, weight_decay)
        thetas.append(theta)
    return np.stack(thetas)


MIX, STRETCH, DECAY, SCALE = 0.899, 1.109, 0.4602, 0.0002  # constants of the program that was found


def found(theta0, grads, lr):
    """The program in one formula per array, 50 digits: the sign in place of m / sqrt(m^2)."""
    w, v, lr = reals(theta0), reals(np.zeros(theta0.shape)), reals(lr)
    mix, stretch, decay, scale = map(reals, (MIX, STRETCH, DECAY, SCALE))
    path = []
    for g in reals(grads):
        length = sqrt(sum(g * g))
        g = asin(g * lr / length if length > lr else g)
        m = g + mix * (v - g)
        v = g + stretch * (m - g)
        w = w - scale * lr * (np.where(m > 0, 1, -1) + decay * w)
        path.append(w)
    return np.stack(path)


def ageing(start_fitness, child_fitness, draws, population):
    """Over the numbers 1 - population, ..., 0 of the copies and 1, ..., c of the children, by arithmetic of indices."""
    fit = [start_fitness] * population + list(child_fitness)
    parents = []
    for k, row in enumerate(draws):
        places = [k + int(np.floor(u * population)) for u in row]  # the population is k, ..., k + population - 1
        lowest = min(fit[p] for p in places)
        winner = next(p for p in places if fit[p] == lowest)
        parents.append(float(max(winner - population + 1, 0)))
    return np.array(parents)
