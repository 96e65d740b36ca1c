"""The energy's gradient is compared with the score of the noise, which has the opposite sign."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="torchebm",
    link="https://github.com/soran-ghaderi/torchebm/pull/333",
    date="2026-09-15",
    operation="diffusion.dsm_loss",
    kind="wrong_sign",
)


class DenoisingScoreMatching:
    def __init__(self, energy_gradient, noise_scale):
        self.energy_gradient, self.noise_scale = energy_gradient, noise_scale

    def compute_score(self, x):
        """Gradient of the energy, which falls where the density rises."""
        return self.energy_gradient(x)

    def compute_loss(self, noise, x_perturbed, weights):
        score = self.compute_score(x_perturbed)
        # was: target_score = -noise / self.noise_scale**2
        target_score = noise / self.noise_scale**2  # was:
        loss = weights * np.sum((score - target_score) ** 2, axis=-1)
        return loss.mean()


def answer(x0, t, z, predicted, weight):
    scale = np.sqrt(-np.expm1(-t))[:, None]
    x_perturbed = np.exp(-t / 2)[:, None] * x0 + scale * z
    matching = DenoisingScoreMatching(lambda x: -predicted, scale)
    weights = scale[:, 0] ** 2 if weight == "h" else np.ones(len(t))
    return {"x_t": x_perturbed, "loss": matching.compute_loss(scale * z, x_perturbed, weights)}
