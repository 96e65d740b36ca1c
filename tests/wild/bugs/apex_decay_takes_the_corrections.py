"""The corrections are drawn into the step size, which multiplies the decay as well."""

import math

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="Apex",
    language="CUDA",
    link="https://github.com/NVIDIA/apex/commit/a4371dc7511f9fcda5117f4c3e513bc78f95635d",
    date="2020-09-19",
    operation="adamw.trajectory",
    kind="wrong_scale",
)


def dist_adam(incoming_p, incoming_m, incoming_v, incoming_g, b1, b2, eps, lr, decay, step, grad_scale):
    beta1_correction = 1 - math.pow(b1, step)
    beta2_correction = 1 - math.pow(b2, step)
    step_size = lr * math.sqrt(beta2_correction) / beta1_correction
    for ii in range(len(incoming_p)):
        scaled_grad = incoming_g[ii] / grad_scale
        incoming_m[ii] = b1 * incoming_m[ii] + (1 - b1) * scaled_grad
        incoming_v[ii] = b2 * incoming_v[ii] + (1 - b2) * scaled_grad * scaled_grad
        # was: denom = math.sqrt(incoming_v[ii]) + eps
        # was: update = incoming_m[ii] / denom + decay * incoming_p[ii]
        # was: incoming_p[ii] = incoming_p[ii] - step_size * update
        next_m_unbiased = incoming_m[ii] / beta1_correction  # was:
        next_v_unbiased = incoming_v[ii] / beta2_correction  # was:
        denom = math.sqrt(next_v_unbiased) + eps  # was:
        update = next_m_unbiased / denom + decay * incoming_p[ii]  # was:
        incoming_p[ii] = incoming_p[ii] - lr * update  # was:
    return step_size


def answer(theta0, grads, lr, beta1, beta2, eps, weight_decay):
    p, m, v = theta0.tolist(), [0.0] * len(theta0), [0.0] * len(theta0)
    path = []
    for step, g in enumerate(grads.tolist(), start=1):
        dist_adam(p, m, v, g, beta1, beta2, eps, lr, weight_decay, step, 1.0)
        path.append(list(p))
    return np.array(path)
