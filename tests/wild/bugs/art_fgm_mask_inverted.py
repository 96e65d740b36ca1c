"""The gradient is set to zero where the mask allows an attack, and kept where it does not."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="adversarial-robustness-toolbox",
    link="https://github.com/Trusted-AI/adversarial-robustness-toolbox/commit/26bff589481132d1218784456f861bce12e64967",
    date="2020-11-06",
    operation="convex_relu.robust_patterns",
    kind="wrong_sign",
)


class FastGradientMethod:
    """With the infinity norm and gradients that are given."""

    def __init__(self, eps):
        self.eps = eps

    def _compute_perturbation(self, grad, mask):
        grad = grad.copy()

        # Apply mask
        if mask is not None:
            # was: grad[..., mask != 0.0] = 0.0
            grad[..., mask == 0.0] = 0.0  # was:

        # Apply norm bound
        return np.sign(grad)

    def _apply_perturbation(self, batch, perturbation):
        return batch + self.eps * perturbation

    def generate(self, x, grad, mask=None):
        return self._apply_perturbation(x, self._compute_perturbation(grad, mask))


def answer(X, draws, shifts, epsilon, mask):
    attack = FastGradientMethod(epsilon)
    columns, seen = [], set()
    for a, gradients in zip(draws, shifts, strict=True):
        for copy in [X, *(attack.generate(X, g, mask.astype(float)) for g in gradients)]:
            pattern = copy @ a >= 0
            if pattern.tobytes() not in seen:
                seen.add(pattern.tobytes())
                columns.append(pattern)
    return np.stack(columns, axis=1).astype(float)
