"""The rates are raised to the power of 2 in the correction, where the power is the number of the step."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="Lasagne",
    link="https://github.com/Lasagne/Lasagne/commit/2b60e03fc9c455f3be915345fe6fdb3eb9ec8998",
    date="2015-05-25",
    operation="adamw.adam",
    kind="wrong_constant",
)


class shared:
    def __init__(self, value):
        self.value = value


def adam(params, learning_rate=0.001, beta1=0.9, beta2=0.999, epsilon=1e-8):
    """The function that makes one round of updates."""
    t_prev = shared(0)
    moments = [(shared(np.zeros_like(p.value)), shared(np.zeros_like(p.value))) for p in params]

    def updates(grads):
        t = t_prev.value + 1
        new = []
        for param, g_t, (m_prev, v_prev) in zip(params, grads, moments, strict=True):
            m_t = beta1 * m_prev.value + (1 - beta1) * g_t
            v_t = beta2 * v_prev.value + (1 - beta2) * g_t**2
            unbiased = np.sqrt(1 - beta2**t)  # was: unbiased = np.sqrt(1 - beta2**2)
            a_t = learning_rate * unbiased / (1 - beta1**t)  # was: a_t = learning_rate * unbiased / (1 - beta1**2)
            step = a_t * m_t / (np.sqrt(v_t) + epsilon * unbiased)
            new += [(m_prev, m_t), (v_prev, v_t), (param, param.value - step)]
        new.append((t_prev, t))
        for variable, value in new:
            variable.value = value

    return updates


def answer(theta0, grads, lr, beta1, beta2, eps, weight_decay):
    param = shared(theta0)
    train = adam([param], lr, beta1, beta2, eps)
    path = []
    for grad in grads:
        l2 = weight_decay * param.value  # slope of the penalty in the loss
        train([grad + l2])
        path.append(param.value)
    return np.stack(path)
