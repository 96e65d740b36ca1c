"""The rate of the second moment is read from the list of the first rates."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="Apex",
    language="CUDA",
    link="https://github.com/NVIDIA/apex/commit/bb58a3643b6d55f209cd8a310d666148c15f8de2",
    date="2020-07-18",
    operation="adamw.trajectory",
    kind="wrong_constant",
)


class DistAdamFunctor:
    def __call__(self, chunk_size, tl, per_tensor, step):
        for tensor_num, (p, m, v, g) in enumerate(tl):
            b1 = per_tensor["beta1"][tensor_num]
            b2 = per_tensor["beta2"][tensor_num]  # was: b2 = per_tensor["beta1"][tensor_num]
            eps = per_tensor["eps"][tensor_num]
            lr = per_tensor["lr"][tensor_num]
            decay = per_tensor["weight_decay"][tensor_num]

            beta1_correction, beta2_correction = 1.0, 1.0
            if per_tensor["bias_correction"][tensor_num] == 1:
                beta1_correction = 1 - pow(b1, step)
                beta2_correction = 1 - pow(b2, step)

            for start in range(0, p.size, chunk_size):
                ii = slice(start, start + chunk_size)
                m[ii] = b1 * m[ii] + (1 - b1) * g[ii]
                v[ii] = b2 * v[ii] + (1 - b2) * g[ii] * g[ii]
                next_m_unbiased = m[ii] / beta1_correction
                next_v_unbiased = v[ii] / beta2_correction
                denom = np.sqrt(next_v_unbiased) + eps
                update = next_m_unbiased / denom + decay * p[ii]
                p[ii] = p[ii] - lr * update


def multi_tensor_fused_adam(tensor_lists, per_tensor, step):
    DistAdamFunctor()(2048, tensor_lists, per_tensor, step)


def answer(theta0, grads, lr, beta1, beta2, eps, weight_decay):
    p, m, v = theta0.copy(), np.zeros_like(theta0), np.zeros_like(theta0)
    lists = {"beta1": beta1, "beta2": beta2, "eps": eps, "lr": lr, "weight_decay": weight_decay, "bias_correction": 1}
    per_tensor = {name: [value] for name, value in lists.items()}
    path = []
    for step, g in enumerate(grads, start=1):
        multi_tensor_fused_adam([(p, m, v, g)], per_tensor, step)
        path.append(p.copy())
    return np.stack(path)
