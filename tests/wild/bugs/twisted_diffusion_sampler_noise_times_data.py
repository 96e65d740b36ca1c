"""The scale of the noise in the forward process is multiplied with the data."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="twisted_diffusion_sampler",
    link="https://github.com/blt2114/twisted_diffusion_sampler/issues/3",
    date="2024-10-30",
    operation="diffusion.dsm_loss",
    kind="extra_step",
)


class GaussianDiffusion:
    def __init__(self, alphas_cumprod):
        self.sqrt_alphas_cumprod = np.sqrt(alphas_cumprod)[:, None]
        self.sqrt_one_minus_alphas_cumprod = np.sqrt(1.0 - alphas_cumprod)[:, None]

    def q_sample(self, x_start, noise):
        mean = self.sqrt_alphas_cumprod * x_start
        # was: scale = self.sqrt_one_minus_alphas_cumprod * x_start
        scale = self.sqrt_one_minus_alphas_cumprod * np.ones_like(x_start)  # was:
        return mean + scale * noise

    def score(self, noise):
        return -noise / self.sqrt_one_minus_alphas_cumprod


def training_losses(diffusion, noise, model_score, weight):
    target = diffusion.score(noise)
    mse = ((target - model_score) ** 2).sum(axis=1)
    if weight == "h":
        mse = mse * diffusion.sqrt_one_minus_alphas_cumprod[:, 0] ** 2
    return mse.mean(), target


def answer(x0, t, z, predicted, weight):
    diffusion = GaussianDiffusion(np.exp(-t))
    loss, target = training_losses(diffusion, z, predicted, weight)
    return {"x_t": diffusion.q_sample(x0, z), "loss": loss, "target": target}
