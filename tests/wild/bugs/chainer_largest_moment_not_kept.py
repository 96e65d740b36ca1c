"""In one branch the largest second moment goes to a name of its own and never to the state."""

import math

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="Chainer",
    link="https://github.com/chainer/chainer/pull/7661",
    date="2019-07-03",
    operation="adamw.amsgrad",
    kind="missing_step",
)


class AdamRule:
    def __init__(self, hyperparam):
        self.hyperparam = hyperparam
        self.state = None
        self.t = 0

    def init_state(self, param):
        self.state = {"m": np.zeros_like(param), "v": np.zeros_like(param)}
        if self.hyperparam["amsgrad"]:
            self.state["vhat"] = np.zeros_like(param)

    @property
    def lr(self):
        fix1 = 1.0 - math.pow(self.hyperparam["beta1"], self.t)
        return self.hyperparam["alpha"] / fix1

    def update_core_cpu(self, data, grad, *, intel64):
        hp = self.hyperparam
        self.t += 1
        m, v = self.state["m"], self.state["v"]

        m += (1 - hp["beta1"]) * (grad - m)
        v += (1 - hp["beta2"]) * (grad * grad - v)

        vhat = v
        if hp["amsgrad"]:
            vhat = self.state["vhat"]
            # For iDeep
            if intel64:
                vhat[...] = np.maximum(vhat, v)  # was: vhat = np.maximum(vhat, v)
            else:
                np.maximum(vhat, v, out=vhat)
        fix2 = 1.0 - math.pow(hp["beta2"], self.t)
        root = np.sqrt(vhat / fix2) + hp["eps"]
        data -= hp["eta"] * (self.lr * m / root + hp["weight_decay_rate"] * data)


def answer(theta0, grads, lr, beta1, beta2, eps, weight_decay):
    rates = {"alpha": lr, "beta1": beta1, "beta2": beta2, "eps": eps, "eta": 1.0}
    rule = AdamRule({**rates, "weight_decay_rate": lr * weight_decay, "amsgrad": True})
    param = theta0.copy()
    rule.init_state(param)
    path = []
    for grad in grads:
        rule.update_core_cpu(param, grad, intel64=True)
        path.append(param.copy())
    return np.stack(path)
