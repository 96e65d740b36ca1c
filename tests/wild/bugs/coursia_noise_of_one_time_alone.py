"""The noise that DDIM adds is read off the time it leaves, without the time it goes to."""

import numpy as np

from refimpl.oracle.candidates import NotApplicable
from tests.wild import Bug

BUG = Bug(
    project="CoursIA",
    link="https://github.com/jsboige/CoursIA/pull/16158",
    date="2026-09-14",
    operation="diffusion.table_steps",
    kind="wrong_constant",
)


class Diffusion:
    def __init__(self, betas):
        self.alphas_bar = np.cumprod(1 - betas)

    def sample_ddim(self, x, network, rows, eta, draws):
        out = []
        for i, t in enumerate(rows):
            ab = self.alphas_bar[t]
            ab_next = self.alphas_bar[rows[i + 1]] if i + 1 < len(rows) else 1.0
            eps = network(i)
            x0 = (x - np.sqrt(1 - ab) * eps) / np.sqrt(ab)
            sigma2 = eta**2 * (1 - ab_next) / (1 - ab) * (1 - ab / ab_next)  # was: sigma2 = eta**2 * (1 - ab)
            dir_eps = np.sqrt(np.clip(1 - ab_next - sigma2, 0, None)) * eps
            noise = np.sqrt(sigma2) * draws[i] if eta > 0 else 0.0
            x = np.sqrt(ab_next) * x0 + dir_eps + noise
            out.append(x)
        return np.stack(out)


def answer(kind, x, predicted, betas, rows, noise, eta):
    if kind != "ddim":
        raise NotApplicable("the sampler of DDIM")
    return Diffusion(betas).sample_ddim(x, lambda i: predicted[i], [int(row) for row in rows], eta, noise)
