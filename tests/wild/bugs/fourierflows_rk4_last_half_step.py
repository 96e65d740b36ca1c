"""The last stage is asked after half of a step, for the function that moves there halves it."""

import numpy as np

from refimpl.oracle.candidates import NotApplicable
from tests.wild import Bug

BUG = Bug(
    project="FourierFlows.jl",
    language="Julia",
    link="https://github.com/FourierFlows/FourierFlows.jl/issues/97",
    date="2018-12-27",
    operation="interpolants.sampler_step",
    kind="wrong_scale",
)


def substepsol(newsol, sol, RHS, dt):
    newsol[...] = sol + 0.5 * dt * RHS


class RK4TimeStepper:
    def __init__(self, sol):
        self.sol1, self.RHS = np.empty_like(sol), [np.empty_like(sol) for _ in range(4)]

    def stepforward(self, sol, t, dt, calcN):
        RHS1, RHS2, RHS3, RHS4 = self.RHS
        calcN(RHS1, sol, t)
        substepsol(self.sol1, sol, RHS1, dt)
        calcN(RHS2, self.sol1, t + dt / 2)
        substepsol(self.sol1, sol, RHS2, dt)
        calcN(RHS3, self.sol1, t + dt / 2)
        substepsol(self.sol1, sol, 2 * RHS3, dt)  # was: substepsol(self.sol1, sol, RHS3, dt)
        calcN(RHS4, self.sol1, t + dt)
        return sol + dt * (RHS1 / 6 + RHS2 / 3 + RHS3 / 3 + RHS4 / 6)


def answer(kind, x, slopes, rates, offsets, t, t_next, epsilon, xi):
    if kind != "rk4":
        raise NotApplicable("this time stepper is for equations without noise")

    def calcN(RHS, sol, time):
        RHS[...] = sol @ slopes[0].T + time * rates[0] + offsets[0]

    return RK4TimeStepper(x).stepforward(x, t, t_next - t, calcN)
