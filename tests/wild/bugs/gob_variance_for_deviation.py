"""The time step is given to the draw as its standard deviation, while it is the variance, and is doubled besides."""

from math import sqrt

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="GOB",
    language="C++",
    link="https://github.com/gaetanserre/GOB/commit/d619ae65b1945ade21a9537c96adb6596ced0edf",
    date="2025-06-03",
    operation="cbo.step",
    kind="wrong_scale",
)


class Engine:
    """Standard draws that were made beforehand."""

    def __init__(self, draws):
        self.draws = draws

    def normal_random_vector(self, i, mean, std):
        return mean + std * self.draws[i]


class CBO:
    def __init__(self, re, dt, lambda_, beta, sigma, isometric):
        self.re = re
        self.dt, self.lambda_, self.beta, self.sigma, self.isometric = dt, lambda_, beta, sigma, isometric

    def compute_vf(self, particles, evals):
        weights = np.exp(-self.beta * (evals - evals.min()))
        return weights @ particles / weights.sum()

    def full_dynamics(self, particles, evals):
        vf = self.compute_vf(particles, evals)
        dyn = np.zeros_like(particles)
        std = sqrt(self.dt)  # was: std = self.dt
        scale = self.sigma  # was: scale = sqrt(2) * self.sigma
        for i in range(particles.shape[0]):
            diff = particles[i] - vf
            size = np.linalg.norm(diff) if self.isometric else diff
            noise = size * self.re.normal_random_vector(i, 0, std)
            dyn[i] = -self.lambda_ * self.dt * diff + scale * noise
        return dyn


def answer(positions, energies, noise, alpha, drift, diffusion, dt, noise_type):
    optimizer = CBO(Engine(noise), dt, drift, alpha, diffusion, noise_type == "isotropic")
    return positions + optimizer.full_dynamics(positions, energies)
