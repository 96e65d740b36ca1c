"""The decay takes the same amount off every weight, for it is not multiplied by the weight."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="torchopt (R)",
    language="R",
    link="https://github.com/e-sensing/torchopt/pull/14",
    date="2023-03-06",
    operation="adamw.trajectory",
    kind="wrong_scale",
)


def optim_adamw(params, lr=0.01, betas=(0.9, 0.999), eps=1e-8, weight_decay=1e-6):
    state = [None] * len(params)

    def step(grads):
        for g in range(len(params)):
            param, grad = params[g], grads[g]
            if state[g] is None:
                state[g] = {"step": 0, "exp_avg": np.zeros_like(param), "exp_avg_sq": np.zeros_like(param)}
            beta1, beta2 = betas
            state[g]["step"] += 1
            exp_avg = state[g]["exp_avg"]
            exp_avg_sq = state[g]["exp_avg_sq"]

            # bias correction
            bias_correction1 = 1 - beta1 ** state[g]["step"]
            bias_correction2 = 1 - beta2 ** state[g]["step"]

            # Decay the first and second moment running average coefficient
            exp_avg *= beta1
            exp_avg += grad * (1 - beta1)
            exp_avg_sq *= beta2
            exp_avg_sq += grad * grad * (1 - beta2)

            denom = np.sqrt(exp_avg_sq / bias_correction2) + eps
            step_size = lr / bias_correction1

            # L2 correction (different from adam)
            if weight_decay != 0:
                param += -weight_decay * lr * param  # was: param += -weight_decay * lr
            # go to next step
            param += -step_size * (exp_avg / denom)

    return step


def answer(theta0, grads, lr, beta1, beta2, eps, weight_decay):
    param = np.array(theta0)
    step = optim_adamw([param], lr=lr, betas=(beta1, beta2), eps=eps, weight_decay=weight_decay)
    path = []
    for grad in grads:
        step([grad])
        path.append(param.copy())
    return np.array(path)
