"""The number of the step grows with each parameter that is updated, not once for all parameters of a step."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="DiffSharp",
    language="F#",
    link="https://github.com/DiffSharp/DiffSharp/issues/292",
    date="2021-03-27",
    operation="adamw.adam",
    kind="wrong_order",
)


class Optimizer:
    """Walks over the parameters of a model by name."""

    def __init__(self, parameters):
        self.parameters = parameters
        self.state_step = 0

    def step(self, derivatives):
        self.state_step += 1  # was:
        for name in self.parameters:
            self.parameters[name] = self.update_rule(name, self.parameters[name], derivatives[name])


class Adam(Optimizer):
    def __init__(self, parameters, lr, beta1, beta2, eps, reg):
        super().__init__(parameters)
        self.lr, self.beta1, self.beta2, self.eps, self.reg = lr, beta1, beta2, eps, reg
        self.state_exp_avg = {name: np.zeros_like(t) for name, t in parameters.items()}
        self.state_exp_avg_sq = {name: np.zeros_like(t) for name, t in parameters.items()}

    def update_rule(self, name, t, d):
        d = d + self.reg * t
        # was: self.state_step += 1
        exp_avg = self.state_exp_avg[name] * self.beta1 + d * (1.0 - self.beta1)
        exp_avg_sq = self.state_exp_avg_sq[name] * self.beta2 + d * d * (1.0 - self.beta2)
        self.state_exp_avg[name], self.state_exp_avg_sq[name] = exp_avg, exp_avg_sq
        bias_correction1 = 1.0 - self.beta1**self.state_step
        bias_correction2 = 1.0 - self.beta2**self.state_step
        denom = np.sqrt(exp_avg_sq / bias_correction2) + self.eps
        return t - self.lr / bias_correction1 * exp_avg / denom


def answer(theta0, grads, lr, beta1, beta2, eps, weight_decay):
    half = len(theta0) // 2
    model = {"weight": theta0[:half], "bias": theta0[half:]}
    adam = Adam(model, lr, beta1, beta2, eps, weight_decay)
    path = []
    for grad in grads:
        adam.step({"weight": grad[:half], "bias": grad[half:]})
        path.append(np.concatenate([model["weight"], model["bias"]]))
    return np.stack(path)
