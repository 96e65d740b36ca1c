"""The moments are corrected in place, so the correction of one step goes into the moments of the next."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="Holocron",
    link="https://github.com/frgfm/holocron/issues/1",
    date="2019-08-29",
    operation="adamw.adam",
    kind="wrong_output",
)


class Tensor(np.ndarray):
    def mul_(self, a):
        self *= a
        return self

    def add_(self, a, alpha=1.0):
        self += alpha * a
        return self

    def div_(self, a):
        self /= a
        return self

    def div(self, a):
        return self / a


def zeros_like(x):
    return np.zeros_like(x).view(Tensor)


class Adam:
    def __init__(self, params, lr, betas, eps, weight_decay):
        self.params = params
        self.defaults = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay}
        self.state = [{"step": 0, "exp_avg": zeros_like(p), "exp_avg_sq": zeros_like(p)} for p in params]

    def step(self, grads):
        group = self.defaults
        beta1, beta2 = group["betas"]
        for p, grad, state in zip(self.params, grads, self.state, strict=True):
            exp_avg, exp_avg_sq = state["exp_avg"], state["exp_avg_sq"]
            state["step"] += 1
            if group["weight_decay"] != 0:
                grad = grad + group["weight_decay"] * p
            exp_avg.mul_(beta1).add_(grad, alpha=1 - beta1)
            exp_avg_sq.mul_(beta2).add_(grad * grad, alpha=1 - beta2)
            # Bias correction
            m_hat = exp_avg.div(1 - beta1 ** state["step"])  # was: m_hat = exp_avg.div_(1 - beta1 ** state["step"])
            # was: v_hat = exp_avg_sq.div_(1 - beta2 ** state["step"])
            v_hat = exp_avg_sq.div(1 - beta2 ** state["step"])  # was:
            p.add_(m_hat / (np.sqrt(v_hat) + group["eps"]), alpha=-group["lr"])


def answer(theta0, grads, lr, beta1, beta2, eps, weight_decay):
    p = theta0.copy().view(Tensor)
    optimizer = Adam([p], lr, (beta1, beta2), eps, weight_decay)
    path = []
    for grad in grads:
        optimizer.step([grad])
        path.append(np.array(p))
    return np.stack(path)
