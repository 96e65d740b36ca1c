"""The table of what was kept one step before is padded at its end and not at its beginning."""

import numpy as np

from refimpl.oracle.candidates import NotApplicable
from tests.wild import Bug

BUG = Bug(
    project="denoising-diffusion-pytorch",
    link="https://github.com/lucidrains/denoising-diffusion-pytorch/commit/71953ebd22c5fa9cbfad89f43defba0693d82d6c",
    date="2022-04-15",
    operation="diffusion.table_steps",
    kind="wrong_order",
)


class GaussianDiffusion:
    def __init__(self, betas):
        alphas = 1.0 - betas
        alphas_cumprod = np.cumprod(alphas, axis=0)
        # was: alphas_cumprod_prev = np.pad(alphas_cumprod[:-1], (0, 1), constant_values=1.0)
        alphas_cumprod_prev = np.pad(alphas_cumprod[:-1], (1, 0), constant_values=1.0)  # was:
        self.num_timesteps = len(betas)
        self.sqrt_recip_alphas_cumprod = np.sqrt(1.0 / alphas_cumprod)
        self.sqrt_recipm1_alphas_cumprod = np.sqrt(1.0 / alphas_cumprod - 1)
        posterior_variance = betas * (1.0 - alphas_cumprod_prev) / (1.0 - alphas_cumprod)
        self.posterior_log_variance_clipped = np.log(np.maximum(posterior_variance, 1e-20))
        self.posterior_mean_coef1 = betas * np.sqrt(alphas_cumprod_prev) / (1.0 - alphas_cumprod)
        self.posterior_mean_coef2 = (1.0 - alphas_cumprod_prev) * np.sqrt(alphas) / (1.0 - alphas_cumprod)

    def q_posterior(self, x_start, x_t, t):
        return self.posterior_mean_coef1[t] * x_start + self.posterior_mean_coef2[t] * x_t

    def p_sample(self, x, t, eps, noise):
        x_recon = self.sqrt_recip_alphas_cumprod[t] * x - self.sqrt_recipm1_alphas_cumprod[t] * eps
        model_mean = self.q_posterior(x_recon, x, t)
        nonzero_mask = float(t != 0)
        return model_mean + nonzero_mask * np.exp(0.5 * self.posterior_log_variance_clipped[t]) * noise


def respaced(betas, rows):
    """The betas of a shorter chain that keeps as much at these rows."""
    kept = np.cumprod(1.0 - betas)[np.sort(rows)]
    return 1.0 - kept / np.append(1.0, kept[:-1])


def answer(kind, x, predicted, betas, rows, noise, eta):
    if kind != "ddpm_small":
        raise NotApplicable("the variance is that of the posterior")
    diffusion, xs = GaussianDiffusion(respaced(betas, rows)), []
    for t, eps, z in zip(reversed(range(len(rows))), predicted, noise, strict=True):
        x = diffusion.p_sample(x, t, eps, z)
        xs.append(x)
    return np.stack(xs)
