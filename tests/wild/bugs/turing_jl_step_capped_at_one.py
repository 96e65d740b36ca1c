"""Steps that adaptation finds are cut off at 1."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="Turing.jl",
    language="Julia",
    link="https://github.com/TuringLang/Turing.jl/commit/35f929e9cbf24a93487b69f6a8ad1f3046f8747c",
    date="2019-01-27",
    operation="bnn_surrogates.dual_averaging",
    kind="wrong_constant",
    skip={"twenty": "this change cuts at 5; a later one took the cut away"},
)


class DAState:
    def __init__(self, eps):
        self.m, self.eps, self.mu, self.x_bar, self.H_bar = 0, eps, np.log(10 * eps), 0.0, 0.0


class DualAveraging:
    def __init__(self, eps, delta, gamma=0.05, t_0=10.0, kappa=0.75):
        self.gamma, self.t_0, self.kappa, self.delta, self.state = gamma, t_0, kappa, delta, DAState(eps)

    def adapt_stepsize(self, stats):
        da = self.state
        da.m += 1
        stats = min(stats, 1.0)
        eta_H = 1.0 / (da.m + self.t_0)
        H_bar = (1.0 - eta_H) * da.H_bar + eta_H * (self.delta - stats)
        x = da.mu - H_bar * np.sqrt(da.m) / self.gamma
        eta_x = da.m ** (-self.kappa)
        x_bar = (1.0 - eta_x) * da.x_bar + eta_x * x
        eps = np.exp(x)
        if np.isfinite(eps):
            da.eps = min(5.0, eps)  # was: da.eps = min(1.0, eps)
        da.x_bar, da.H_bar = x_bar, H_bar


def answer(acceptance, start, target):
    da = DualAveraging(start, target)
    trace = []
    for stats in acceptance:
        da.adapt_stepsize(stats)
        trace.append((da.state.eps, np.exp(da.state.x_bar)))
    step, averaged = np.array(trace).T
    return step, averaged
