"""The form for many tensors makes new maxima and keeps the old ones in the state, which stay at zero."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="PyTorch",
    link="https://github.com/pytorch/pytorch/issues/78807",
    date="2022-08",
    operation="adamw.amsgrad",
    kind="missing_step",
)


def _foreach_mul_(xs, scalar):
    for x in xs:
        x *= scalar


def _foreach_add_(xs, ys, alpha=1.0):
    for x, y in zip(xs, ys, strict=True):
        x += alpha * y


def _foreach_maximum(xs, ys):
    return [np.maximum(x, y) for x, y in zip(xs, ys, strict=True)]


def _foreach_maximum_(xs, ys):
    for x, y in zip(xs, ys, strict=True):
        np.maximum(x, y, out=x)


def _multi_tensor_adamw(
    params, grads, exp_avgs, exp_avg_sqs, max_exp_avg_sqs, state_steps, *, amsgrad, beta1, beta2, lr, weight_decay, eps
):
    _foreach_add_(state_steps, [1] * len(state_steps))

    # Perform stepweight decay
    _foreach_mul_(params, 1 - lr * weight_decay)

    # Decay the first and second moment running average coefficient
    _foreach_mul_(exp_avgs, beta1)
    _foreach_add_(exp_avgs, grads, alpha=1 - beta1)
    _foreach_mul_(exp_avg_sqs, beta2)
    _foreach_add_(exp_avg_sqs, [g * g for g in grads], alpha=1 - beta2)

    bias_correction1 = [1 - beta1 ** step.item() for step in state_steps]
    bias_correction2 = [1 - beta2 ** step.item() for step in state_steps]
    if amsgrad:
        # Maintains the maximum of all 2nd moment running avg. till now
        # was: max_exp_avg_sqs = _foreach_maximum(max_exp_avg_sqs, exp_avg_sqs)
        _foreach_maximum_(max_exp_avg_sqs, exp_avg_sqs)  # was:
        squares = max_exp_avg_sqs
    else:
        squares = exp_avg_sqs
    denom = [np.sqrt(s) / np.sqrt(bc) + eps for s, bc in zip(squares, bias_correction2, strict=True)]
    for p, m, d, bc in zip(params, exp_avgs, denom, bias_correction1, strict=True):
        p -= lr / bc * m / d


def answer(theta0, grads, lr, beta1, beta2, eps, weight_decay):
    params = [theta0.copy()]
    state = [[np.zeros_like(theta0)] for _ in range(3)]
    steps = [np.zeros(())]
    how = {"amsgrad": True, "beta1": beta1, "beta2": beta2, "lr": lr, "weight_decay": weight_decay, "eps": eps}
    path = []
    for grad in grads:
        _multi_tensor_adamw(params, [grad], *state, steps, **how)
        path.append(params[0].copy())
    return np.stack(path)
