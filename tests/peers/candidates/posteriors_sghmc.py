"""pip posteriors: its SGHMC, whose draws are the given ones."""

import math
from unittest import mock

import torch
from posteriors.sgmcmc import sghmc as solver


def sghmc(position, momentum, gradient, noise, lr, friction):
    """Its step is sqrt(lr), its friction times that ours, its momentum over that ours."""
    step = math.sqrt(lr)
    position, momentum, gradient, noise = map(torch.from_numpy, (position, momentum, gradient, noise))
    state = solver.init(position, momenta=momentum / step)
    density = lambda at, _: (-gradient @ at, torch.empty(0))
    with mock.patch("torch.randn_like", return_value=noise):
        state, _ = solver.update(state, None, density, lr=step, alpha=friction / step)
    return state.params.numpy(), step * state.momenta.numpy()
