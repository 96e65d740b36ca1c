"""Likelihoods of the SDE: C8."""

import numpy as np

from refimpl.core.random import stream
from refimpl.generative import _interpolants_models as models
from refimpl.generative import interpolants
from refimpl.specs.base import Claim, Outcome, at_most, reported
from refimpl.specs.generative.interpolants.claims.tools import BLUE, C1_SET_UP, GREY, ORANGE, cosine, density

POINTS = np.array([-3.2, -1.0, 0.0, 0.5, 2.8, 3.3])
CUT, PATHS, POOLED = 1e-3, 800, 20


def likelihood(seed):
    """Feynman-Kac at six points, once and pooled, beside the ODE."""
    flow = interpolants.mixture_flow(models.TWO, models.THREE, divergence=True)
    times, x = np.linspace(1 - CUT, CUT, 401), POINTS[:, None]
    start = lambda y: flow(CUT, y).log_density
    weights = []
    for k in range(POOLED):
        rng = stream(seed, "interpolants.C8", k)
        noise = rng.standard_normal((400, PATHS, len(x), 1))
        found = interpolants.log_likelihood(flow, start, x, times, kind="feynman_kac", epsilon=0.1, noise=noise)
        weights.append(np.exp(found.paths))
    true = density(flow, 1 - CUT, POINTS)
    first, pooled = weights[0], np.concatenate(weights)
    deviation = np.abs(first.mean(axis=0) - true) / (first.std(axis=0, ddof=1) / PATHS**0.5)
    odes = {}
    for steps in (25, 100):
        back = cosine(steps, CUT, 1 - CUT)[::-1].copy()
        odes[steps] = np.abs(np.exp(interpolants.log_likelihood(flow, start, x, back).log_density) / true - 1).max()

    def plot(figure):
        axes = figure.subplots()
        grid = np.linspace(-4.2, 4.2, 400)
        axes.plot(grid, density(flow, 1 - CUT, grid), color=GREY, label="exact")
        for offset, sample, color, name in ((0.0, first, ORANGE, "800 paths"), (0.08, pooled, BLUE, "16000 paths")):
            error = 5 * sample.std(axis=0) / len(sample) ** 0.5
            axes.errorbar(POINTS + offset, sample.mean(axis=0), error, fmt="o", markersize=3, color=color, label=name)
        axes.set(xlabel="x", ylabel="density at t = 1", title="Means of weights, with five standard errors")
        axes.legend(frameon=False)

    return Outcome(
        [
            at_most("largest error in standard errors of the 800 weights", deviation.max(), 5.0),
            at_most(
                "largest relative error, 20 times 800 paths pooled", np.abs(pooled.mean(axis=0) / true - 1).max(), 0.05
            ),
            reported("largest relative error, 800 paths", np.abs(first.mean(axis=0) / true - 1).max()),
            *(reported(f"largest relative error of the ODE, {4 * n} evaluations", error) for n, error in odes.items()),
        ],
        plot,
        C1_SET_UP + f" Epsilon .1, 400 steps, times within {CUT:g} of both ends left out.",
    )


CLAIMS = (
    Claim(
        id="interpolants.C8",
        statement="Likelihoods can be estimated for the stochastic model too",
        source="section on likelihoods",
        experiment=likelihood,
        tier="full",
        kind="behaviour",
        control="the ODE with the same exact fields, one path from each point: an error below 1e-5 for 400 "
        "evaluations in place of 320000. Feynman-Kac is for the density of the SDE where fields are inexact; with "
        "exact ones it saves nothing",
        showed="as good",
    ),
)
