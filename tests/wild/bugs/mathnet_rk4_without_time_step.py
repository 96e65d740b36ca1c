"""The weighted mean of the stages is added without the length of the step."""

import numpy as np

from refimpl.oracle.candidates import NotApplicable
from tests.wild import Bug

BUG = Bug(
    project="Math.NET Numerics",
    language="C#",
    link="https://github.com/mathnet/mathnet-numerics/pull/445",
    date="2016-10-29",
    operation="interpolants.sampler_step",
    kind="missing_step",
)


class RungeKutta:
    @staticmethod
    def FourthOrder(y0, start, end, N, f):
        """N points of the solution, the first of them at the start."""
        dt = (end - start) / (N - 1)
        y = [y0]
        for i in range(1, N):
            t = start + (i - 1) * dt
            k1 = f(t, y0)
            k2 = f(t + dt / 2, y0 + k1 * dt / 2)
            k3 = f(t + dt / 2, y0 + k2 * dt / 2)
            k4 = f(t + dt, y0 + k3 * dt)
            # was: y0 = y0 + (k1 + 2 * k2 + 2 * k3 + k4) / 6
            y0 = y0 + dt * (k1 + 2 * k2 + 2 * k3 + k4) / 6  # was:
            y.append(y0)
        return y


def answer(kind, x, slopes, rates, offsets, t, t_next, epsilon, xi):
    if kind != "rk4":
        raise NotApplicable("the solver has no noise")
    A, r, o = slopes[0], rates[0], offsets[0]
    return np.stack([RungeKutta.FourthOrder(point, t, t_next, 2, lambda s, y: A @ y + s * r + o)[-1] for point in x])
