"""The decay shrinks the weights that the step has moved already, and not those that it started from."""

import math

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="TorchANI",
    link="https://github.com/aiqm/torchani/pull/261",
    date="2019-07-09",
    operation="adamw.trajectory",
    kind="wrong_order",
)


class AdamW:
    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0):
        self.group = {"params": params, "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay}
        self.state = {}

    def step(self):
        group = self.group
        for number, p in enumerate(group["params"]):
            # Perform stepweight decay
            p["data"] = p["data"] * (1 - group["lr"] * group["weight_decay"])  # was:

            grad = p["grad"]
            state = self.state.setdefault(number, {})

            # State initialization
            if len(state) == 0:
                state["step"] = 0
                state["exp_avg"] = np.zeros_like(p["data"])
                state["exp_avg_sq"] = np.zeros_like(p["data"])

            exp_avg, exp_avg_sq = state["exp_avg"], state["exp_avg_sq"]
            beta1, beta2 = group["betas"]
            state["step"] += 1

            # Decay the first and second moment running average coefficient
            exp_avg *= beta1
            exp_avg += (1 - beta1) * grad
            exp_avg_sq *= beta2
            exp_avg_sq += (1 - beta2) * grad * grad

            bias_correction1 = 1 - beta1 ** state["step"]
            bias_correction2 = 1 - beta2 ** state["step"]
            denom = np.sqrt(exp_avg_sq) / math.sqrt(bias_correction2) + group["eps"]
            step_size = group["lr"] / bias_correction1
            p["data"] = p["data"] - step_size * exp_avg / denom
            # was: p["data"] = p["data"] * (1 - group["lr"] * group["weight_decay"])


def answer(theta0, grads, lr, beta1, beta2, eps, weight_decay):
    p = {"data": theta0, "grad": None}
    optimizer = AdamW([p], lr, (beta1, beta2), eps, weight_decay)
    thetas = []
    for grad in grads:
        p["grad"] = grad
        optimizer.step()
        thetas.append(p["data"])
    return np.stack(thetas)
