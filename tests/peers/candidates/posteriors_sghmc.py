"""pip posteriors: its SGHMC, fed with given gradients and noise."""

import math
from unittest import mock

import numpy as np
import torch
from posteriors.sgmcmc import sghmc as solver

from refimpl.oracle.candidates import NotApplicable


def sghmc(rule, start, precision, grads, xi, lr, friction, burn_in, n, temperature, clip):
    """Its step is sqrt(lr), its friction times that ours, its momentum over that ours."""
    if rule != "plain":
        raise NotApplicable("it has no scales")
    step, rows = math.sqrt(lr), []
    state = solver.init(torch.from_numpy(np.array(start)), momenta=0.0)
    for grad, noise in zip(grads, xi, strict=True):
        g = grad + precision * state.params.numpy() / n
        g = n / temperature * g * min(1.0, clip / (math.hypot(*g) + 1e-6))  # ours: clipping is no part of its update
        slope, noise = torch.from_numpy(-g), torch.from_numpy(np.array(noise))
        with mock.patch("torch.randn_like", return_value=noise):
            state, _ = solver.update(
                state, None, lambda p, _, slope=slope: (slope @ p, torch.empty(0)), lr=step, alpha=friction / step
            )
        ones = np.ones_like(start)
        rows.append((state.params.numpy(), step * state.momenta.numpy(), ones, ones, ones))
    return tuple(np.stack(column) for column in zip(*rows, strict=True))
