"""The line with the noise begins with a plus and is a statement of its own, so the particles are never shaken."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="hyesungim/CBO",
    link="https://github.com/hyesungim/CBO/blob/b0f4292ca3d1e1d635b68a5d5dbfeb47f926fda7/cbo.py",
    date="2025-03-13",
    operation="cbo.step",
    kind="missing_step",
)


class CBO:
    def __init__(self, positions, sigma, lamda, alpha, dt, isotropic):
        self.particles_position = positions
        self.N, self.d = positions.shape
        self.sigma, self.lamda, self.alpha, self.dt = sigma, lamda, alpha, dt
        self.isotropic = isotropic
        self.consensus_point = None

    def compute_consensus_point(self, fitness):
        weights = np.exp(-self.alpha * (fitness - np.min(fitness)))
        self.consensus_point = np.sum(weights[:, None] * self.particles_position, axis=0) / np.sum(weights)

    def update_particles(self, normal_values):
        Delta = self.particles_position - self.consensus_point
        size = np.sqrt(np.sum(Delta**2, axis=1, keepdims=True)) if self.isotropic else Delta
        # was: self.particles_position = self.particles_position - self.lamda * self.dt * Delta
        # was: +self.sigma * np.sqrt(self.dt) * size * normal_values
        drifted = self.particles_position - self.lamda * self.dt * Delta  # was:
        self.particles_position = drifted + self.sigma * np.sqrt(self.dt) * size * normal_values  # was:


def answer(positions, energies, noise, alpha, drift, diffusion, dt, noise_type):
    swarm = CBO(positions, diffusion, drift, alpha, dt, noise_type == "isotropic")
    swarm.compute_consensus_point(energies)
    swarm.update_particles(noise)
    return swarm.particles_position
