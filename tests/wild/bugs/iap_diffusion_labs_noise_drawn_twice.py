"""The coefficient of the noise has a normal draw already, and is multiplied with another one."""

import numpy as np

from refimpl.oracle.candidates import NotApplicable
from tests.wild import Bug

BUG = Bug(
    project="iap-diffusion-labs",
    link="https://github.com/eje24/iap-diffusion-labs/pull/28",
    date="2026-01-11",
    operation="interpolants.sampler_step",
    kind="extra_step",
)


class LangevinFlowSDE:
    def __init__(self, flow_model, score_model, sigma, randn_like):
        self.flow_model, self.score_model, self.sigma, self.randn_like = flow_model, score_model, sigma, randn_like

    def drift_coefficient(self, x, t):
        return self.flow_model(x, t) + 0.5 * self.sigma**2 * self.score_model(x, t)

    def diffusion_coefficient(self, x, t):
        return self.sigma * np.ones_like(x)  # was: return self.sigma * self.randn_like(x)


class EulerMaruyamaSimulator:
    def __init__(self, sde):
        self.sde = sde

    def step(self, xt, t, h):
        noise = self.sde.diffusion_coefficient(xt, t) * np.sqrt(h) * self.sde.randn_like(xt)
        return xt + self.sde.drift_coefficient(xt, t) * h + noise


def answer(kind, x, slopes, rates, offsets, t, t_next, epsilon, xi):
    if kind != "em" or t_next < t:
        raise NotApplicable("Euler-Maruyama forward in time alone")
    b, s = (lambda x, t, i=i: x @ slopes[i].T + t * rates[i] + offsets[i] for i in (0, 1))
    sde = LangevinFlowSDE(b, s, np.sqrt(2 * epsilon), lambda like: xi)
    return EulerMaruyamaSimulator(sde).step(x, t, t_next - t)
