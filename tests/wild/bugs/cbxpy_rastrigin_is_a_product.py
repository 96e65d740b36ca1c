"""The constant of Rastrigin's function multiplies the sum to which it has to be added."""

import numpy as np
from scipy.special import logsumexp

from tests.wild import Bug

BUG = Bug(
    project="CBXpy",
    link="https://github.com/PdIPS/CBXpy/commit/534797bca675ac2381299af14ac7dce31ad9a02f",
    date="2026-04-15",
    operation="cbo.trajectory",
    kind="wrong_constant",
)


class Quadratic:
    def __call__(self, x):
        return np.sum(x**2, axis=-1)


class Rastrigin:
    def __init__(self, A=2.5, b=0.0, c=0.0):
        self.A, self.b, self.c = A, b, c

    def __call__(self, x):
        wave = (x - self.b) ** 2 - self.A * np.cos(2 * np.pi * (x - self.b))
        # was: return self.A * x.shape[-1] * (wave + 10).sum(-1) + self.c
        return self.A * x.shape[-1] + wave.sum(-1) + self.c  # was:


class Ackley:
    def __init__(self, A=20.0, b=0.2, c=2 * np.pi):
        self.A, self.b, self.c = A, b, c

    def __call__(self, x):
        d = x.shape[-1]
        arg1 = -self.b * np.sqrt(1 / d) * np.linalg.norm(x, axis=-1)
        arg2 = (1 / d) * np.sum(np.cos(self.c * x), axis=-1)
        return -self.A * np.exp(arg1) - np.exp(arg2) + self.A + np.e


def compute_consensus(energy, x, alpha):
    weights = -alpha * (energy - energy.min())
    coeffs = np.exp(weights - logsumexp(weights))
    return (x * coeffs[:, None]).sum(axis=-2)


class CBO:
    def __init__(self, f, x, alpha, lamda, sigma, dt, noise):
        self.f, self.x, self.alpha = f, x, alpha
        self.lamda, self.sigma, self.dt, self.noise = lamda, sigma, dt, noise

    def consensus(self):
        return compute_consensus(self.f(self.x), self.x, self.alpha)

    def step(self, sample):
        drift = self.x - self.consensus()
        size = np.linalg.norm(drift, axis=-1, keepdims=True) if self.noise == "isotropic" else drift
        self.x = self.x - self.lamda * self.dt * drift + self.sigma * np.sqrt(self.dt) * size * sample


def answer(positions0, noise, objective, alpha, drift, diffusion, dt, noise_type):
    f = {"quadratic": Quadratic, "rastrigin": Rastrigin, "ackley": Ackley}[objective]()
    dynamic = CBO(f, positions0, alpha, drift, diffusion, dt, noise_type)
    points = [dynamic.consensus()]
    for sample in noise:
        dynamic.step(sample)
        points.append(dynamic.consensus())
    return np.stack(points)
