"""A step of the swarm stands in a loop over the particles, so the whole swarm moves as often as it has particles."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="CBXpy",
    link="https://github.com/PdIPS/CBXpy/commit/6535e9b2fc77aa29f426e095eb50658c0feda31b",
    date="2023-05-03",
    operation="cbo.trajectory",
    kind="extra_step",
    skip={"many-particles": "the wrong version would take 70,002 steps in place of one"},
)

OBJECTIVES = {
    "quadratic": lambda x: (x * x).sum(-1),
    "rastrigin": lambda x: (x * x + 2.5 * (1 - np.cos(2 * np.pi * x))).sum(-1),
    "ackley": lambda x: (
        -20 * np.exp(-0.2 * np.sqrt((x * x).mean(-1))) - np.exp(np.cos(2 * np.pi * x).mean(-1)) + np.e + 20
    ),
}


class ParticleDynamic:
    def __init__(self, x, f, dt):
        self.x, self.f, self.dt = x, f, dt
        self.N = x.shape[0]
        self.energy = f(x)


class CBO(ParticleDynamic):
    def __init__(self, x, f, draws, *, noise, dt, alpha, sigma, lamda):
        super().__init__(x, f, dt)
        self.draws, self.noise_type = draws, noise
        self.alpha, self.sigma, self.lamda = alpha, sigma, lamda

    def noise(self, m_diff):
        """From the draws of this step, as often as it is asked."""
        if self.noise_type == "anisotropic":
            return np.sqrt(self.dt) * m_diff * self.draws[self.it]
        return np.sqrt(self.dt) * np.linalg.norm(m_diff, axis=1)[:, None] * self.draws[self.it]

    def step(self, it):
        self.it = it
        # was: for _ in range(self.N):
        for _ in range(1):  # was:
            self.update_mean()
            m_diff = self.x - self.m_alpha
            self.x = self.x - self.lamda * self.dt * m_diff + self.sigma * self.noise(m_diff)
        self.update_mean()

    def update_mean(self):
        self.energy = self.f(self.x)
        weights = np.exp(-self.alpha * (self.energy - self.energy.min()))
        self.m_alpha = weights @ self.x / weights.sum()


def answer(positions0, noise, objective, alpha, drift, diffusion, dt, noise_type):
    how = {"noise": noise_type, "dt": dt, "alpha": alpha, "sigma": diffusion, "lamda": drift}
    dyn = CBO(positions0, OBJECTIVES[objective], noise, **how)
    dyn.update_mean()
    points = [dyn.m_alpha]
    for it in range(len(noise)):
        dyn.step(it)
        points.append(dyn.m_alpha)
    return np.stack(points)
