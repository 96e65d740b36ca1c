"""Right answers of AdamW, Adam and AMSGrad, apart from the source.

A corrected moment is a weighted mean of what has been seen, the newest with weight 1, older ones with a power of the
rate. It is computed as such, a sum divided by the sum of the weights, so there is no 1 - beta^t to get wrong alike.
"""

import numpy as np

from refimpl.specs.exact import reals, sqrt


def trajectory(theta0, grads, lr, beta1, beta2, eps, weight_decay, *, penalty=False, largest=False):
    """AdamW in 50 digits, the decay first; with an L2 `penalty` instead it is Adam, with the `largest` sum AMSGrad."""
    theta, grads = reals(theta0), reals(grads)
    lr, beta1, beta2, eps, weight_decay = map(reals, (lr, beta1, beta2, eps, weight_decay))
    first = second = top = 0 * theta
    weight1 = weight2 = 0
    thetas = []
    for grad in grads:
        if penalty:
            grad = grad + weight_decay * theta
        else:
            theta = theta * (1 - lr * weight_decay)
        first, weight1 = first * beta1 + grad, weight1 * beta1 + 1
        second, weight2 = second * beta2 + grad**2, weight2 * beta2 + 1
        top = np.maximum(top, second) if largest else second
        theta = theta - lr * (first / weight1) / (sqrt(top / weight2) + eps)
        thetas.append(theta)
    return np.stack(thetas)


def adam(**inputs):
    """Adam on the penalized loss."""
    return trajectory(**inputs, penalty=True)


def amsgrad(**inputs):
    """AMSGrad: the largest of all sums so far."""
    return trajectory(**inputs, largest=True)


def step(theta, m, v, grad, steps, lr, beta1, beta2, eps, weight_decay):
    """One step in 50 digits: old moments and new gradient as means, weighted by the steps that they stand for."""
    theta, m, v, grad = map(reals, (theta, m, v, grad))
    lr, beta1, beta2, eps, weight_decay = map(reals, (lr, beta1, beta2, eps, weight_decay))
    weight1, weight2 = (sum(b**age for age in range(steps + 1)) for b in (beta1, beta2))
    first = (m * beta1 / (1 - beta1) + grad) / weight1
    second = (v * beta2 / (1 - beta2) + grad**2) / weight2
    theta = theta * (1 - lr * weight_decay) - lr * first / (sqrt(second) + eps)
    return theta, m + (grad - m) * (1 - beta1), v + (grad**2 - v) * (1 - beta2)
