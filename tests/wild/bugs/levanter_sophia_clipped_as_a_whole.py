"""The update is shortened to a length of 1 as a whole, where each of its entries has to be clipped at 1."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="Levanter",
    link="https://github.com/stanford-crfm/levanter/commit/bdd77de28bf2a3104f95c18e65600465b7af4153",
    date="2023-10-31",
    operation="sophia.trajectory",
    kind="wrong_axis",
)


def clip(max_delta):
    return lambda updates: np.clip(updates, -max_delta, max_delta)


def clip_by_global_norm(max_norm):
    def update_fn(updates):
        g_norm = np.linalg.norm(updates)
        return updates if g_norm < max_norm else updates / g_norm * max_norm

    return update_fn


class ScaleBySophia:
    def __init__(self, params, b1, b2, gamma, eps, update_interval):
        self.mu, self.h = np.zeros_like(params), np.zeros_like(params)
        self.b1, self.b2, self.gamma, self.eps = b1, b2, gamma, eps
        self.update_interval = update_interval
        self.hessian_count = 0

    def update_hessian(self, estimate):
        self.h = self.b2 * self.h + (1 - self.b2) * estimate

    def __call__(self, updates, estimate):
        self.mu = self.b1 * self.mu + (1 - self.b1) * updates
        if self.hessian_count % self.update_interval == 0:
            self.update_hessian(estimate)
        self.hessian_count += 1
        return self.mu / np.maximum(self.gamma * self.h, self.eps)


class SophiaConfig:
    def __init__(self, learning_rate, weight_decay, clip_threshold=1.0):
        self.learning_rate, self.weight_decay, self.clip_threshold = learning_rate, weight_decay, clip_threshold

    def build(self, scale):
        clipping = clip(self.clip_threshold)  # was: clipping = clip_by_global_norm(self.clip_threshold)

        def optimizer(grad, estimate, params):
            updates = clipping(scale(grad, estimate))
            # comes after clipping, for it is not supposed to be clipped
            updates = updates + self.weight_decay * params
            return -self.learning_rate * updates

        return optimizer


def answer(theta0, grads, estimates, lr, beta1, beta2, gamma, eps, weight_decay, k):
    scale = ScaleBySophia(theta0, beta1, beta2, gamma, eps, int(k))
    optimizer = SophiaConfig(lr, weight_decay).build(scale)
    params, path = theta0, []
    for grad, estimate in zip(grads, estimates, strict=True):
        params = params + optimizer(grad, estimate, params)
        path.append(params)
    return np.stack(path)
