"""The average of squared diagonals starts at the first diagonal, and is corrected as if it had started at 0."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="pytorch_optimizer",
    link="https://github.com/kozistr/pytorch_optimizer/commit/2ed564da184e984fb9cb8f8ed0b9c0f9134cefd6",
    date="2023-06-05",
    operation="adahessian.trajectory",
    kind="wrong_constant",
)


class AdaHessian:
    def __init__(self, params, lr, betas, weight_decay, hessian_power, eps):
        self.params = params
        self.defaults = {
            "lr": lr,
            "betas": betas,
            "weight_decay": weight_decay,
            "hessian_power": hessian_power,
            "eps": eps,
        }
        self.state = {id(p): {} for p in params}
        self._step = 0

    def set_hessian(self, hessian):
        for p, h in zip(self.params, hessian, strict=True):
            self.state[id(p)]["hessian"] = h

    def step(self, grads, hessian):
        self.set_hessian(hessian)
        self._step += 1
        group = self.defaults
        beta1, beta2 = group["betas"]
        bias_correction1 = 1.0 - beta1**self._step
        bias_correction2 = 1.0 - beta2**self._step
        for p, grad in zip(self.params, grads, strict=True):
            # State initialization
            state = self.state[id(p)]
            if "exp_avg" not in state:
                state["exp_avg"] = np.zeros_like(p)
                # was: state["exp_hessian_diag_sq"] = state["hessian"].copy()
                state["exp_hessian_diag_sq"] = np.zeros_like(p)  # was:

            p *= 1.0 - group["lr"] * group["weight_decay"]

            exp_avg, exp_hessian_diag_sq = state["exp_avg"], state["exp_hessian_diag_sq"]
            exp_avg *= beta1
            exp_avg += grad * (1.0 - beta1)
            exp_hessian_diag_sq *= beta2
            exp_hessian_diag_sq += state["hessian"] * state["hessian"] * (1.0 - beta2)

            de_nom = np.power(exp_hessian_diag_sq / bias_correction2, group["hessian_power"] / 2) + group["eps"]
            p -= group["lr"] * (exp_avg / bias_correction1) / de_nom


def answer(theta0, grads, diagonals, lr, beta1, beta2, eps, weight_decay, hessian_power):
    p = theta0.copy()
    optimizer = AdaHessian([p], lr, (beta1, beta2), weight_decay, hessian_power, eps)
    path = []
    with np.errstate(all="ignore"):
        for grad, diagonal in zip(grads, diagonals, strict=True):
            optimizer.step([grad], [diagonal])
            path.append(p.copy())
    return np.stack(path)
