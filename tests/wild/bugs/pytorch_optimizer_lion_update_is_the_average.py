"""The update is another name of the average, so what is done to the one for the step is done to the other."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="pytorch_optimizer",
    link="https://github.com/kozistr/pytorch_optimizer/pull/135",
    date="2023-04-27",
    operation="lion.trajectory",
    kind="wrong_order",
)


class Lion:
    def __init__(self, params, lr=1e-4, betas=(0.9, 0.99), weight_decay=0.0, weight_decouple=True):
        self.params = params
        self.group = {"lr": lr, "betas": betas, "weight_decay": weight_decay, "weight_decouple": weight_decouple}
        self.state = {}

    def step(self, grads):
        group = self.group
        beta1, beta2 = group["betas"]
        weight_decay = group["weight_decay"]
        for key, (p, grad) in enumerate(zip(self.params, grads, strict=True)):
            state = self.state.setdefault(key, {})
            if len(state) == 0:
                state["exp_avg"] = np.zeros_like(p)

            exp_avg = state["exp_avg"]

            if weight_decay > 0.0:
                if group["weight_decouple"]:
                    p *= 1.0 - group["lr"] * weight_decay
                else:
                    grad = grad + weight_decay * p

            update = exp_avg.copy()  # was: update = exp_avg
            update *= beta1
            update += grad * (1.0 - beta1)
            direction = np.sign(update)  # was:
            exp_avg *= beta2
            exp_avg += grad * (1.0 - beta2)

            # was: direction = np.sign(update)
            p += direction * -group["lr"]


def answer(theta0, grads, lr, beta1, beta2, weight_decay):
    p = theta0.copy()
    optimizer = Lion([p], lr, (beta1, beta2), weight_decay)
    thetas = np.empty_like(grads)
    for k in range(len(grads)):
        optimizer.step([grads[k]])
        thetas[k] = p
    return thetas
