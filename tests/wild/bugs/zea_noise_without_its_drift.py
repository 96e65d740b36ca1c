"""Noise is added to the Euler step of the flow without the drift along the score that makes up for it."""

import numpy as np

from refimpl.oracle.candidates import NotApplicable
from tests.wild import Bug

BUG = Bug(
    project="zea",
    link="https://github.com/tue-bmd/zea/pull/551",
    date="2026-08-07",
    operation="interpolants.sampler_step",
    kind="missing_step",
)


class FlowMatchingModel:
    def __init__(self, velocity, score, weight):
        self.velocity, self.score, self.weight = velocity, score, weight

    def reverse_diffusion_step(self, noisy, t, dt, noise, stochastic=True):
        """From t on by dt, which is negative in sampling; score as at t."""
        images = noisy + dt * self.velocity(noisy, t)
        if stochastic:
            span = abs(dt)
            images = images + 0.5 * span * self.weight * self.score(noisy, t)  # was:
            images = images + np.sqrt(self.weight * span) * noise
        return images


def affine(slope, rate, offset):
    return lambda x, t: np.einsum("ij,nj->ni", slope, x) + t * rate + offset


def answer(kind, x, slopes, rates, offsets, t, t_next, epsilon, xi):
    if kind != "em":
        raise NotApplicable("Euler's steps alone")
    velocity, score = (affine(slopes[i], rates[i], offsets[i]) for i in (0, 1))
    model = FlowMatchingModel(velocity, score, weight=2 * epsilon)
    return model.reverse_diffusion_step(x, t, t_next - t, xi)
