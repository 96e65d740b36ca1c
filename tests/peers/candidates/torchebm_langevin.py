"""TorchEBM: `LangevinDynamics` with the noise of the case."""

from unittest import mock

import torch
from torchebm.core import BaseModel
from torchebm.samplers import LangevinDynamics


class _Normal(BaseModel):
    """The energy of a normal law."""

    def __init__(self, mean, precision):
        super().__init__(dtype=mean.dtype)
        self.mean, self.precision = mean, precision

    def forward(self, x):
        return (self.precision * (x - self.mean) ** 2).sum(dim=-1) / 2


def langevin(start, noise, mean, precision, step):
    """Its step is half of ours, on which drift and noise then agree."""
    start, mean, precision = (torch.tensor(x) for x in (start, mean, precision))
    draws = iter(torch.tensor(noise))
    drawn = lambda *_, **__: next(draws)
    sampler = LangevinDynamics(_Normal(mean, precision), step_size=float(step) / 2, dtype=start.dtype)
    with mock.patch.object(torch, "randn", drawn), mock.patch.object(torch, "randn_like", drawn):
        points = sampler.sample(start, n_steps=len(noise), n_samples=len(start), return_trajectory=True)
    return points.transpose(0, 1).numpy()
