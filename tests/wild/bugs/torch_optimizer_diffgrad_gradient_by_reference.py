"""The previous gradient is kept as the very array that the next backward pass overwrites."""

import math

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="torch-optimizer",
    link="https://github.com/jettify/pytorch-optimizer/pull/57",
    date="2020-03-01",
    operation="diffgrad.trajectory",
    kind="wrong_order",
)


class Parameter:
    def __init__(self, data):
        self.data = data.copy()
        self.grad = np.zeros_like(data)  # stays, and is filled anew

    def backward(self, gradient):
        self.grad[...] = gradient


class DiffGrad:
    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
        self.params = params
        self.group = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay}
        self.state = [{} for _ in params]

    def step(self):
        group = self.group
        beta1, beta2 = group["betas"]
        for p, state in zip(self.params, self.state, strict=True):
            grad = p.grad
            if not state:
                state["step"] = 0
                state["exp_avg"] = np.zeros_like(p.data)
                state["exp_avg_sq"] = np.zeros_like(p.data)
                state["previous_grad"] = np.zeros_like(p.data)
            state["step"] += 1
            if group["weight_decay"] != 0:
                grad += group["weight_decay"] * p.data

            # Decay the first and second moment running average coefficient
            exp_avg, exp_avg_sq, previous_grad = state["exp_avg"], state["exp_avg_sq"], state["previous_grad"]
            exp_avg[...] = exp_avg * beta1 + (1 - beta1) * grad
            exp_avg_sq[...] = exp_avg_sq * beta2 + (1 - beta2) * grad * grad
            bias_correction1 = 1 - beta1 ** state["step"]
            bias_correction2 = 1 - beta2 ** state["step"]
            denom = np.sqrt(exp_avg_sq) / math.sqrt(bias_correction2) + group["eps"]

            # compute diffgrad coefficient (dfc)
            diff = np.abs(previous_grad - grad)
            dfc = 1.0 / (1.0 + np.exp(-diff))
            state["previous_grad"] = grad.copy()  # was: state["previous_grad"] = grad

            # update momentum with dfc
            p.data -= group["lr"] / bias_correction1 * (exp_avg * dfc) / denom


def answer(theta0, grads, lr, beta1, beta2, eps, weight_decay):
    p = Parameter(theta0)
    optimizer = DiffGrad([p], lr, (beta1, beta2), eps, weight_decay)
    path = []
    for gradient in grads:
        p.backward(gradient)
        optimizer.step()
        path.append(p.data.copy())
    return np.stack(path)
