"""pip monai: its schedulers, with the tables of the case."""

from unittest import mock

import numpy as np
import torch
from monai.networks.schedulers import DDIMScheduler, DDPMScheduler

from refimpl.oracle.candidates import NotApplicable


def _steps(scheduler, x, predicted, betas, rows, noise, **more):
    """Its `timesteps` must be the rows; its draws are given."""
    scheduler.betas = torch.from_numpy(np.array(betas))
    scheduler.alphas = 1 - scheduler.betas
    scheduler.alphas_cumprod = torch.cumprod(scheduler.alphas, dim=0)
    scheduler.set_timesteps(len(rows))
    if scheduler.timesteps.tolist() != list(rows):
        raise NotApplicable("its timesteps are others")
    sample, answers = torch.from_numpy(np.array(x)), []
    for row, eps, xi in zip(rows, predicted, noise, strict=True):
        with mock.patch("torch.randn", return_value=torch.from_numpy(np.array(xi))):
            sample, _ = scheduler.step(torch.from_numpy(np.array(eps)), int(row), sample, **more)
        answers.append(sample.numpy())
    return np.stack(answers)


def ddim(kind, x, predicted, betas, rows, noise, eta):
    """`DDIMScheduler`."""
    if kind != "ddim":
        raise NotApplicable("another scheduler")
    return _steps(DDIMScheduler(len(betas), clip_sample=False), x, predicted, betas, rows, noise, eta=eta)


def ddpm(kind, x, predicted, betas, rows, noise, eta):
    """`DDPMScheduler`."""
    if kind == "ddim":
        raise NotApplicable("another scheduler")
    scheduler = DDPMScheduler(len(betas), clip_sample=False, variance_type=f"fixed_{kind.removeprefix('ddpm_')}")
    return _steps(scheduler, x, predicted, betas, rows, noise)
