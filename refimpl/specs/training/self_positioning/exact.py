"""Right answers of self_positioning, apart from the source."""

import numpy as np

from refimpl.specs.exact import reals


def trajectory(theta0, grads, lr, momentum):
    """TODO: in 50 digits (`reals`; `fractions` where there is no root), written apart from the source.

    Here with the velocity eliminated: theta_{t+1} = theta_t + momentum (theta_t - theta_{t-1}) - lr g_t.
    """
    lr, momentum = reals(lr), reals(momentum)
    before = now = reals(theta0)
    thetas = []
    for grad in reals(grads):
        before, now = now, now + momentum * (now - before) - lr * grad
        thetas.append(now)
    return np.stack(thetas)
