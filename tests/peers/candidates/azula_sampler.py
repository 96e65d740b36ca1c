"""pip azula: the step of its DDIM sampler, between levels of a table."""

from types import SimpleNamespace
from unittest import mock

import numpy as np
import torch
from azula.sample import DDIMSampler

from refimpl.oracle.candidates import NotApplicable


def table_steps(kind, x, predicted, betas, rows, noise, eta):
    """A denoiser whose mean comes of the given noise; times are places in the table."""
    if kind == "ddpm_large":
        raise NotApplicable("it has the other variance")
    kept = torch.cumprod(1 - torch.from_numpy(np.array(betas)), dim=0)[torch.from_numpy(np.array(rows))]
    kept = torch.cat([kept, torch.ones(1, dtype=kept.dtype)])
    alpha, sigma = torch.sqrt(kept), torch.sqrt(1 - kept)
    x, answers = torch.from_numpy(np.array(x)), []
    for i, (eps, xi) in enumerate(zip(predicted, noise, strict=True)):
        eps, xi = torch.from_numpy(np.array(eps)), torch.from_numpy(np.array(xi))

        def denoiser(x_t, t, eps=eps):
            return SimpleNamespace(mean=(x_t - sigma[t] * eps) / alpha[t])

        denoiser.schedule = lambda t: (alpha[t], sigma[t])
        with mock.patch("torch.randn_like", return_value=xi):
            x = DDIMSampler(denoiser, eta=eta if kind == "ddim" else 1.0).step(x, i, i + 1)
        answers.append(x.numpy())
    return np.stack(answers)
