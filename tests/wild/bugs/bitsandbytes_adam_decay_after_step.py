"""The kernel takes the step first and lets the moved weights decay, where the old weights have to decay first."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="bitsandbytes",
    language="CUDA",
    link="https://github.com/bitsandbytes-foundation/bitsandbytes/commit/302d0938bf04702acf4df36dc14c05f861de66e5",
    date="2026-08-14",
    operation="adamw.step",
    kind="wrong_order",
)

NUM_PER_THREAD = 4096


def kOptimizer32bit2State(g, p, state1, state2, beta1, beta2, eps, weight_decay, step, lr, gnorm_scale, skip_zeros):
    update_scale = 1.0
    correction1 = 1.0 - beta1**step
    correction2 = np.sqrt(1.0 - beta2**step)
    step_size = -lr * correction2 / correction1

    for i in range(0, p.size, NUM_PER_THREAD):
        part = slice(i, i + NUM_PER_THREAD)
        g_vals = gnorm_scale * g[part]
        p_vals, s1_vals, s2_vals = p[part], state1[part], state2[part]
        live = (g_vals != 0) if skip_zeros else np.full(g_vals.shape, True)

        s1_vals[live] = s1_vals[live] * beta1 + (1.0 - beta1) * g_vals[live]
        s2_vals[live] = s2_vals[live] * beta2 + (1.0 - beta2) * (g_vals[live] * g_vals[live])

        if weight_decay > 0.0:  # was:
            p_vals[live] = p_vals[live] * (1.0 - lr * weight_decay)  # was:

        ratio = s1_vals[live] / (np.sqrt(s2_vals[live]) + eps * correction2)
        p_vals[live] = p_vals[live] + update_scale * step_size * ratio
        # was: if weight_decay > 0.0:
        # was:     p_vals[live] = p_vals[live] * (1.0 - lr * weight_decay)


def answer(theta, m, v, grad, steps, lr, beta1, beta2, eps, weight_decay):
    p, state1, state2 = theta.copy(), m.copy(), v.copy()
    step = int(steps) + 1
    kOptimizer32bit2State(grad, p, state1, state2, beta1, beta2, eps, weight_decay, step, lr, 1.0, False)
    return p, state1, state2
