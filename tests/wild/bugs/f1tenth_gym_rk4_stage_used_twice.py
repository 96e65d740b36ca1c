"""The fourth stage is asked at the state of the third one."""

import numpy as np

from refimpl.oracle.candidates import NotApplicable
from tests.wild import Bug

BUG = Bug(
    project="f1tenth_gym",
    link="https://github.com/f1tenth/f1tenth_gym/pull/52",
    date="2022-12-01",
    operation="interpolants.sampler_step",
    kind="wrong_order",
)


class RaceCar:
    def __init__(self, state, dynamics, time_step):
        self.state, self.dynamics, self.time_step = state, dynamics, time_step

    def update_pose(self, t):
        dt = self.time_step
        k1 = self.dynamics(t, self.state)
        k2_state = self.state + dt * (k1 / 2)
        k2 = self.dynamics(t + dt / 2, k2_state)
        k3_state = self.state + dt * (k2 / 2)
        k3 = self.dynamics(
            t + dt / 2,
            k3_state,  # was: k2_state,
        )
        k4_state = self.state + dt * k3
        k4 = self.dynamics(t + dt, k4_state)
        self.state = self.state + dt * (1 / 6) * (k1 + 2 * k2 + 2 * k3 + k4)
        return self.state


def answer(kind, x, slopes, rates, offsets, t, t_next, epsilon, xi):
    if kind != "rk4":
        raise NotApplicable("a car has no noise")
    dynamics = lambda time, state: np.einsum("ij,nj->ni", slopes[0], state) + time * rates[0] + offsets[0]
    return RaceCar(x, dynamics, t_next - t).update_pose(t)
