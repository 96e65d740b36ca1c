"""The penalties on sizes and on squares change places: what decays with the weight moves by its sign alone."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="keras-adamw",
    link="https://github.com/OverLordGoldDragon/keras-adamw/pull/40",
    date="2020-05-07",
    operation="adamw.step",
    kind="wrong_order",
)


def apply_weight_decays(var, var_t, weight_decays, eta_t, lr):
    l1, l2 = weight_decays
    decay = 0
    if l1 != 0:
        decay = decay + l1 * np.sign(var)  # was: decay = decay + l1 * var
    if l2 != 0:
        decay = decay + l2 * var  # was: decay = decay + l2 * np.sign(var)
    return var_t - eta_t * lr * decay


class AdamW:
    def __init__(self, learning_rate, beta_1, beta_2, epsilon, weight_decays, iterations):
        self.lr, self.beta_1, self.beta_2, self.epsilon = learning_rate, beta_1, beta_2, epsilon
        self.weight_decays, self.iterations = weight_decays, iterations

    def get_updates(self, p, m, v, g):
        t = self.iterations + 1
        m_t = self.beta_1 * m + (1.0 - self.beta_1) * g
        v_t = self.beta_2 * v + (1.0 - self.beta_2) * g**2
        root = np.sqrt(v_t / (1.0 - self.beta_2**t)) + self.epsilon
        p_t = p - self.lr * m_t / (1.0 - self.beta_1**t) / root
        return apply_weight_decays(p, p_t, self.weight_decays, 1.0, self.lr), m_t, v_t


def answer(theta, m, v, grad, steps, lr, beta1, beta2, eps, weight_decay):
    optimizer = AdamW(lr, beta1, beta2, eps, (0.0, weight_decay), int(steps))
    return optimizer.get_updates(theta, m, v, grad)
