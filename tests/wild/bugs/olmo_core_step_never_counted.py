"""The counter of steps is never raised, so every step is corrected as if it were the first."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="OLMo-core",
    link="https://github.com/allenai/OLMo-core/commit/c41962aba8e0829fa53c58dc359bc3db77f97f38",
    date="2025-06-30",
    operation="adamw.trajectory",
    kind="missing_step",
)


def adamw_step(p, grad, *, lr, betas, eps, weight_decay, exp_avg, exp_avg_sq, step, step_factor):
    beta1, beta2 = betas

    # Perform step weight decay.
    p *= 1 - step_factor * (lr * weight_decay)

    # Decay the first and second moment running average coefficient.
    exp_avg += step_factor * (1 - beta1) * (grad - exp_avg)
    exp_avg_sq *= 1 - step_factor * (1 - beta2)
    exp_avg_sq += step_factor * (1 - beta2) * grad * grad

    bias_correction1 = 1 - beta1 ** (step[0] + 1)
    bias_correction2 = 1 - beta2 ** (step[0] + 1)
    step_size = lr / bias_correction1
    denom = np.sqrt(exp_avg_sq) / np.sqrt(bias_correction2) + eps

    update = -step_size * exp_avg / denom
    update *= step_factor
    p += update
    step += step_factor  # was:


class SkipStepAdamW:
    """Leaves out a step whose loss is an outlier: its factor is 0."""

    def __init__(self, params, lr, betas, eps, weight_decay):
        self.params = params
        self.how = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay}
        self.state = [
            {"step": np.zeros(1), "exp_avg": np.zeros_like(p), "exp_avg_sq": np.zeros_like(p)} for p in params
        ]

    def get_step_factor(self):
        return 1.0

    def step(self, grads):
        step_factor = self.get_step_factor()
        for p, grad, state in zip(self.params, grads, self.state, strict=True):
            adamw_step(p, grad, **self.how, **state, step_factor=step_factor)


def answer(theta0, grads, lr, beta1, beta2, eps, weight_decay):
    p = np.array(theta0)
    optimizer = SkipStepAdamW([p], lr, (beta1, beta2), eps, weight_decay)
    path = np.zeros_like(grads)
    for i in range(grads.shape[0]):
        optimizer.step([grads[i]])
        path[i] = p
    return path
