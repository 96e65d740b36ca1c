"""All four stages are asked at the time at which the step begins."""

import numpy as np

from refimpl.oracle.candidates import NotApplicable
from tests.wild import Bug

BUG = Bug(
    project="probnum",
    link="https://github.com/probabilistic-numerics/probnum/issues/252",
    date="2020-11",
    operation="interpolants.sampler_step",
    kind="missing_step",
)


def _rk4_step(mean, time, step, fun):
    """Do a single RK4 step to compute the solution."""
    m1 = fun(time, mean)
    m2 = fun(time + step / 2.0, mean + step * m1 / 2.0)  # was: m2 = fun(time, mean + step * m1 / 2.0)
    m3 = fun(time + step / 2.0, mean + step * m2 / 2.0)  # was: m3 = fun(time, mean + step * m2 / 2.0)
    m4 = fun(time + step, mean + step * m3)  # was: m4 = fun(time, mean + step * m3)
    mean = mean + step * (m1 + 2 * m2 + 2 * m3 + m4) / 6.0
    time = time + step
    return mean, time


def answer(kind, x, slopes, rates, offsets, t, t_next, epsilon, xi):
    if kind != "rk4":
        raise NotApplicable("ordinary differential equations alone")

    def increment(time, mean):
        return mean @ slopes[0].T + time * rates[0] + offsets[0]

    moved, time = _rk4_step(x, t, t_next - t, increment)
    assert np.isclose(time, t_next)
    return moved
