"""A stage is weighted by the number of the state vector and not by its own number."""

import numpy as np

from refimpl.oracle.candidates import NotApplicable
from tests.wild import Bug

BUG = Bug(
    project="volesti",
    language="C++",
    link="https://github.com/GeomScale/volesti/pull/375",
    date="2026-01-28",
    operation="interpolants.sampler_step",
    kind="wrong_axis",
)


class RKODESolver:
    def __init__(self, initial_time, step, initial_state, oracle):
        self.t, self.eta, self.xs, self.F = initial_time, step, initial_state, oracle
        self.cs = [0.0, 0.5, 0.5, 1.0]
        self.as_ = [[], [0.5], [0.0, 0.5], [0.0, 0.0, 1.0]]
        self.bs = [1 / 6, 1 / 3, 1 / 3, 1 / 6]

    def order(self):
        return len(self.bs)

    def step(self):
        ks = [[None] * len(self.xs) for _ in range(self.order())]
        t_prev, xs_prev = self.t, list(self.xs)
        for ord_ in range(self.order()):
            at = list(xs_prev)
            for j, a in enumerate(self.as_[ord_]):
                at = [x + self.eta * a * k for x, k in zip(at, ks[j], strict=True)]
            self.t = t_prev + self.cs[ord_] * self.eta
            for i in range(len(self.xs)):
                y = self.F(i, at, self.t)
                ks[ord_][i] = y
                y = (self.eta * self.bs[ord_]) * y  # was: y = (self.eta * self.bs[i]) * y
                self.xs[i] = self.xs[i] + y


def answer(kind, x, slopes, rates, offsets, t, t_next, epsilon, xi):
    if kind != "rk4":
        raise NotApplicable("the solver is for ordinary differential equations")
    moved = np.empty_like(x)
    for n, point in enumerate(x):
        oracle = lambda i, xs, time: slopes[0] @ xs[i] + time * rates[0] + offsets[0]
        solver = RKODESolver(t, t_next - t, [point], oracle)
        solver.step()
        moved[n] = solver.xs[0]
    return moved
