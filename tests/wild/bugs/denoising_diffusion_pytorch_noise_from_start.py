"""The noise that belongs to a predicted start has the wrong sign."""

import numpy as np

from refimpl.oracle.candidates import NotApplicable
from tests.wild import Bug

BUG = Bug(
    project="denoising-diffusion-pytorch",
    link="https://github.com/lucidrains/denoising-diffusion-pytorch/commit/37334ae82467197ba3df194cae3a85332f5736be",
    date="2022-07-18",
    operation="diffusion.table_steps",
    kind="wrong_sign",
)


class GaussianDiffusion:
    def __init__(self, betas, objective):
        alphas = 1.0 - betas
        self.objective = objective
        self.alphas_cumprod = np.cumprod(alphas)
        self.sqrt_recip_alphas_cumprod = np.sqrt(1.0 / self.alphas_cumprod)
        self.sqrt_recipm1_alphas_cumprod = np.sqrt(1.0 / self.alphas_cumprod - 1)

    def predict_start_from_noise(self, x_t, t, noise):
        return self.sqrt_recip_alphas_cumprod[t] * x_t - self.sqrt_recipm1_alphas_cumprod[t] * noise

    def predict_noise_from_start(self, x_t, t, x0):
        # was: return (x0 - self.sqrt_recip_alphas_cumprod[t] * x_t) / self.sqrt_recipm1_alphas_cumprod[t]
        return (self.sqrt_recip_alphas_cumprod[t] * x_t - x0) / self.sqrt_recipm1_alphas_cumprod[t]  # was:

    def model_predictions(self, model_output, x, t):
        if self.objective == "pred_noise":
            return model_output, self.predict_start_from_noise(x, t, model_output)
        return self.predict_noise_from_start(x, t, model_output), model_output

    def ddim_sample(self, img, model, times, eta, noises):
        time_pairs = list(zip(times, [*times[1:], -1], strict=True))
        for i, (time, time_next) in enumerate(time_pairs):
            pred_noise, x_start = self.model_predictions(model(i, img, time), img, time)
            alpha, alpha_next = self.alphas_cumprod[time], self.alphas_cumprod[time_next] if time_next >= 0 else 1.0
            sigma = eta * np.sqrt((1 - alpha / alpha_next) * (1 - alpha_next) / (1 - alpha))
            c = np.sqrt((1 - alpha_next) - sigma**2)
            img = x_start * np.sqrt(alpha_next) + c * pred_noise + sigma * noises[i]
            yield img


def answer(kind, x, predicted, betas, rows, noise, eta):
    if kind != "ddim":
        raise NotApplicable("the steps of DDPM do not ask for the noise")
    diffusion = GaussianDiffusion(betas, "pred_x0")
    # a network that is trained to tell the start
    model = lambda i, img, time: diffusion.predict_start_from_noise(img, time, predicted[i])
    return np.stack(list(diffusion.ddim_sample(x, model, [int(row) for row in rows], eta, noise)))
