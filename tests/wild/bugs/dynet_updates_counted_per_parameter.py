"""The counter of updates is raised inside the loop over the parameters, so each of them has another correction."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="DyNet",
    language="C++",
    link="https://github.com/clab/dynet/issues/77",
    date="2016-09-18",
    operation="adamw.trajectory",
    kind="wrong_order",
)


class ShadowParameters:
    def __init__(self, p):
        self.h = np.zeros_like(p)


class AdamTrainer:
    def __init__(self, params, eta0, beta_1, beta_2, eps, lam):
        self.params = params
        self.eta, self.beta_1, self.beta_2, self.epsilon, self.lam = eta0, beta_1, beta_2, eps, lam
        self.m = [ShadowParameters(p) for p in params]
        self.v = [ShadowParameters(p) for p in params]
        self.updates = 0

    def update(self, grads, scale=1.0):
        self.updates += 1  # was:
        for pi, p in enumerate(self.params):
            # was: self.updates += 1
            g_t = scale * grads[pi]
            m_t, v_t = self.m[pi].h, self.v[pi].h
            reg = self.lam * p
            m_t[:] = self.beta_1 * m_t + (1 - self.beta_1) * g_t
            v_t[:] = self.beta_2 * v_t + (1 - self.beta_2) * g_t**2
            s1 = 1 - self.beta_1**self.updates
            s2 = 1 - self.beta_2**self.updates
            mhat = m_t / s1
            vhat = v_t / s2
            delta_t = -self.eta * mhat / (np.sqrt(vhat) + self.epsilon)
            p += delta_t - self.eta * reg


def answer(theta0, grads, lr, beta1, beta2, eps, weight_decay):
    split = (len(theta0) + 1) // 2
    params = [theta0[:split].copy(), theta0[split:].copy()]
    trainer = AdamTrainer(params, lr, beta1, beta2, eps, weight_decay)
    out = []
    for g in grads:
        trainer.update([g[:split], g[split:]])
        out.append(np.concatenate(params))
    return np.stack(out)
