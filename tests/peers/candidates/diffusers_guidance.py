"""diffusers: its guider for classifier-free guidance, and its DDIM scheduler between any two levels."""

import numpy as np
import torch
from diffusers import DDIMScheduler
from diffusers.guiders import ClassifierFreeGuidance
from diffusers.utils import logging

logging.set_verbosity_error()  # each guider says that it is experimental


def _guided(eps_c, eps_u, s, **settings):
    """Its step is counted from 0, of any number."""
    guider = ClassifierFreeGuidance(guidance_scale=s, **settings)
    guider.set_state(step=0, num_inference_steps=10, timestep=torch.tensor(1))
    return guider.forward(torch.tensor(eps_c), torch.tensor(eps_u)).pred.numpy()


def _cosine(eps_c, eps_u):
    return torch.nn.functional.cosine_similarity(torch.tensor(eps_c), torch.tensor(eps_u), dim=-1).numpy()


def _moved(x, eps, ab, ab_next):
    """A scheduler of two steps, whose table holds the two levels."""
    scheduler = DDIMScheduler(num_train_timesteps=2, clip_sample=False)
    scheduler.set_timesteps(2)
    scheduler.alphas_cumprod = torch.tensor([ab_next, ab], dtype=torch.float64)
    return scheduler.step(torch.tensor(eps), 1, torch.tensor(x)).prev_sample.numpy()


def guide(eps_c, eps_u, s):
    """As it is constructed."""
    return _guided(eps_c, eps_u, s), _cosine(eps_c, eps_u)


def original(eps_c, eps_u, s):
    """In the formulation of Ho and Salimans."""
    return _guided(eps_c, eps_u, s, use_original_formulation=True), _cosine(eps_c, eps_u)


def linear_step(x, E_c, E_u, beta, s, ab, ab_next):
    """Guidance with the estimate, and the solver."""
    eps_u = np.tensordot(beta, np.concatenate([E_c, E_u]), axes=1)
    return eps_u, _moved(x, _guided(E_c[-1], eps_u, s), ab, ab_next)


def ag_step(x, eps_c, eps_u, done, s, gamma_bar, ab, ab_next):
    """Guidance for those that have not stopped, and the solver."""
    done = done > 0.5
    eps = np.where(done[:, None], eps_c, _guided(eps_c, eps_u, s))
    after = done | (_cosine(eps_c, eps_u) > gamma_bar)
    return eps, after.astype(float), 2.0 - done, _moved(x, eps, ab, ab_next)
