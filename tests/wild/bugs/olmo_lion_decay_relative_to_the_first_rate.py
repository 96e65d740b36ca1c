"""The decay is multiplied with the share of the first learning rate that is left, not with the learning rate."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="OLMo",
    link="https://github.com/allenai/OLMo/pull/119",
    date="2023-04",
    operation="lion.trajectory",
    kind="wrong_scale",
)


class LionW:
    def __init__(self, param, lr, betas, weight_decay):
        self.param = param
        self.group = {"lr": lr, "initial_lr": lr, "betas": betas, "weight_decay": weight_decay}
        self.state = {}

    def step(self, grad):
        group = self.group
        # was: decay_factor = group["lr"] / group["initial_lr"]
        decay_factor = group["lr"]  # was:
        self.param = self.param * (1.0 - decay_factor * group["weight_decay"])
        if "exp_avg" not in self.state:
            self.state["exp_avg"] = np.zeros_like(self.param)
        exp_avg, (beta1, beta2) = self.state["exp_avg"], group["betas"]
        update = exp_avg * beta1 + grad * (1 - beta1)
        self.param = self.param - group["lr"] * np.sign(update)
        self.state["exp_avg"] = exp_avg * beta2 + grad * (1 - beta2)
        return self.param


def answer(theta0, grads, lr, beta1, beta2, weight_decay):
    optim = LionW(theta0, lr, (beta1, beta2), weight_decay)
    return np.stack([optim.step(grad) for grad in grads])
