"""pip k-diffusion: its ancestral Euler sampler, along the noise levels of a table."""

import numpy as np
import torch
from parts import bare

bare("k_diffusion")  # itself it asks for much that is not needed
from k_diffusion.sampling import sample_euler_ancestral  # noqa: E402

from refimpl.oracle.candidates import NotApplicable  # noqa: E402


def table_steps(kind, x, predicted, betas, rows, noise, eta):
    """Its points are those over the root of abar, its level the root of (1 - abar) / abar; eta = 1 is ancestral."""
    if kind == "ddpm_large":
        raise NotApplicable("it has the other variance")
    kept = torch.cumprod(1 - torch.from_numpy(np.array(betas)), dim=0)[torch.from_numpy(np.array(rows))]
    levels = torch.cat([torch.sqrt((1 - kept) / kept), torch.zeros(1, dtype=kept.dtype)])
    roots = torch.cat([torch.sqrt(kept), torch.ones(1, dtype=kept.dtype)])
    answers, eps, draws = [], iter(torch.from_numpy(np.array(predicted))), iter(torch.from_numpy(np.array(noise)))
    x = torch.from_numpy(np.array(x)) / roots[0]
    for i in range(len(rows)):
        x = sample_euler_ancestral(
            lambda y, level: y - level[:, None] * next(eps), x, levels[i : i + 2], disable=True,
            eta=eta if kind == "ddim" else 1.0, noise_sampler=lambda *_: next(draws),
        )  # fmt: skip
        answers.append((x * roots[i + 1]).numpy())
    return np.stack(answers)
