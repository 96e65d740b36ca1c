"""Where the model predicts the clean sample, its output is taken for the noise in the direction to x_t."""

import numpy as np

from refimpl.oracle.candidates import NotApplicable
from tests.wild import Bug

BUG = Bug(
    project="diffusers",
    link="https://github.com/huggingface/diffusers/pull/2094",
    date="2023-01",
    operation="diffusion.table_steps",
    kind="missing_step",
)


class DDIMScheduler:
    def __init__(self, trained_betas, timesteps, prediction_type="epsilon"):
        self.alphas_cumprod = np.cumprod(1.0 - trained_betas)
        self.final_alpha_cumprod = 1.0
        self.timesteps = [int(t) for t in timesteps]
        self.prediction_type = prediction_type

    def _alphas(self, i):
        later = self.timesteps[i + 1 :]
        alpha_prod_t_prev = self.alphas_cumprod[later[0]] if later else self.final_alpha_cumprod
        return self.alphas_cumprod[self.timesteps[i]], alpha_prod_t_prev

    def _get_variance(self, alpha_prod_t, alpha_prod_t_prev):
        return (1 - alpha_prod_t_prev) / (1 - alpha_prod_t) * (1 - alpha_prod_t / alpha_prod_t_prev)

    def step(self, model_output, i, sample, eta, variance_noise):
        alpha_prod_t, alpha_prod_t_prev = self._alphas(i)
        beta_prod_t = 1 - alpha_prod_t
        pred_epsilon = model_output
        if self.prediction_type == "epsilon":
            pred_original_sample = (sample - beta_prod_t**0.5 * model_output) / alpha_prod_t**0.5
        else:
            pred_original_sample = model_output
            pred_epsilon = (sample - alpha_prod_t**0.5 * pred_original_sample) / beta_prod_t**0.5  # was:
        std_dev_t = eta * self._get_variance(alpha_prod_t, alpha_prod_t_prev) ** 0.5
        pred_sample_direction = (1 - alpha_prod_t_prev - std_dev_t**2) ** 0.5 * pred_epsilon
        return alpha_prod_t_prev**0.5 * pred_original_sample + pred_sample_direction + std_dev_t * variance_noise


def answer(kind, x, predicted, betas, rows, noise, eta):
    if kind != "ddim":
        raise NotApplicable("this scheduler is that of DDIM")
    scheduler, xs = DDIMScheduler(betas, rows, prediction_type="sample"), []
    for i, (eps, z) in enumerate(zip(predicted, noise, strict=True)):
        alpha_prod_t, _ = scheduler._alphas(i)
        clean = (x - (1 - alpha_prod_t) ** 0.5 * eps) / alpha_prod_t**0.5  # what such a model would say
        x = scheduler.step(clean, i, x, eta, z)
        xs.append(x)
    return np.stack(xs)
