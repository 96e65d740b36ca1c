"""What multiplies the noise is the root of what is kept, and not that of the rest."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="annotated_deep_learning_paper_implementations",
    link="https://github.com/labmlai/annotated_deep_learning_paper_implementations/issues/152",
    date="2022-11-13",
    operation="diffusion.dsm_loss",
    kind="wrong_constant",
)


class DDPMSampler:
    def __init__(self, alpha_bar):
        self.sqrt_alpha_bar = alpha_bar**0.5
        self.sqrt_1m_alpha_bar = (1.0 - alpha_bar) ** 0.5  # was: self.sqrt_1m_alpha_bar = alpha_bar**0.5
        self.sqrt_recip_alpha_bar = alpha_bar**-0.5
        self.sqrt_recip_m1_alpha_bar = (1 / alpha_bar - 1) ** 0.5

    def q_sample(self, x0, index, noise):
        return self.sqrt_alpha_bar[index, None] * x0 + self.sqrt_1m_alpha_bar[index, None] * noise

    def predict_x0(self, x, e_t, index):
        return self.sqrt_recip_alpha_bar[index, None] * x - self.sqrt_recip_m1_alpha_bar[index, None] * e_t


def answer(x0, t, z, predicted, weight):
    sampler = DDPMSampler(np.exp(-t))
    return {"x_t": sampler.q_sample(x0, np.arange(len(t)), z)}
