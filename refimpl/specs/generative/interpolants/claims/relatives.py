"""Special cases: diffusion (C5), the Schroedinger bridge (C6), localization and rectified flow (C9)."""

from itertools import pairwise

import numpy as np
import scipy  # loads its parts when they are asked for, which takes time

from refimpl.core.autodiff import value_and_grad
from refimpl.core.random import stream
from refimpl.generative import _interpolants_models as models
from refimpl.generative import interpolants
from refimpl.models import mixture
from refimpl.models.mixture import Mixture
from refimpl.specs.base import Claim, Outcome, at_most, reported
from refimpl.specs.generative.interpolants.claims.tools import BLUE, C1_SET_UP, GREY, ORANGE, cosine, drawn, run


def diffusion(seed):
    """The probability flow of dX = -X dtau + sqrt(2) dW, in the time t = exp(-tau)."""
    rng = stream(seed, "interpolants.C5")
    x, worst = rng.uniform(-3, 3, (200, 2)), 0.0
    data = Mixture(np.array([0.3, 0.7]), rng.uniform(-2, 2, (2, 2)), rng.uniform(0.1, 0.5, 2))
    noise = Mixture(np.ones(1), np.zeros((1, 2)), np.ones(1))
    rows = []
    for t in (0.05, 0.2, 0.4, 0.6, 0.8, 0.95):
        tau = -np.log(t)
        flow = -x - mixture.score(x, mixture.noised(data, np.exp(-tau), 1 - np.exp(-2 * tau)))  # in tau
        b = interpolants.mixture_fields(x, t, noise, data, path="one_sided_sbdm").b
        worst = max(worst, np.abs(b + flow / t).max())  # dtau = -dt / t
        rows.append((np.abs(b).mean(), np.abs(flow / t).mean(), t))

    def plot(figure):
        axes = figure.subplots()
        b, flow, t = np.array(rows).T
        axes.plot(t, b, "o-", color=BLUE, label="interpolant")
        axes.plot(t, flow, "x", color=ORANGE, markersize=10, label="Ornstein-Uhlenbeck")
        axes.set(xlabel=r"$t = e^{-\tau}$", ylabel="mean size of the velocity", title="One flow under two names")
        axes.legend(frameon=False)

    note = "Two modes in two dimensions, drawn by the seed."
    return Outcome([at_most("largest difference of the two velocities", worst, 1e-10)], plot, note)


def _optimal(s0, s1, epsilon):
    """Path found by minimizing the energy; its variance; energies of it, of the bridge, and of the linear path."""
    settings = {"s0": s0, "s1": s1, "epsilon": epsilon}
    t = np.arange(1, 60) / 60
    energy = lambda y: interpolants.bridge_energy(y, **settings)
    found = scipy.optimize.minimize(
        lambda y: tuple(map(np.asarray, value_and_grad(energy)(y))),
        (1 - t) ** 2,
        jac=True,
        method="L-BFGS-B",
        bounds=[(0.0, None)] * len(t),
        options={"ftol": 1e-15, "gtol": 1e-10, "maxiter": 5000, "maxfun": 10000},
    )
    V = found.x * s0**2 + t**2 * s1**2 + 0.5 * t * (1 - t)
    best = interpolants.bridge_variance(t, s0, s1, epsilon)
    fine = np.linspace(0, 1, 20001)
    exact = interpolants.bridge_variance(fine, s0, s1, epsilon)
    integrand = (np.gradient(exact, fine, edge_order=2) / 2 - epsilon) ** 2 / (2 * exact)
    return t, V, best, float(found.fun), np.trapezoid(integrand, fine), float(energy((1 - t) ** 2))


def bridge(seed):
    """Gaussians, for which the bridge is known."""
    cases = ((1.0, 0.3, 0.4), (1.0, 2.0, 0.3), (1.5, 0.6, 0.8), (1.0, 0.2, 0.1), (0.5, 1.0, 0.2))
    found = [_optimal(*case) for case in cases]
    t, V, best, energy, optimum, _ = found[0]

    def plot(figure):
        axes = figure.subplots()
        axes.plot(t, best, color=GREY, lw=4, label="bridge")
        axes.plot(t, V, color=ORANGE, label="optimized path")
        axes.plot(t, (1 - t) ** 2 + 0.09 * t**2 + 0.5 * t * (1 - t), color=BLUE, linestyle="--", label="linear path")
        axes.set(xlabel="t", ylabel="variance of $x_t$", title="The best path is the Schroedinger bridge")
        axes.legend(frameon=False)

    return Outcome(
        [
            at_most("largest difference of the variances", np.abs(V - best).max(), 5e-3),
            at_most("difference of the energies", abs(energy - optimum), 1e-3),
            at_most("the same variances, four other pairs", max(np.abs(f[1] - f[2]).max() for f in found[1:]), 5e-3),
            reported("energy of the optimum", energy),
            *(reported(f"linear path / optimum, s0 {a:g}, s1 {b:g}, epsilon {e:g}", f[5] / f[3])
              for (a, b, e), f in zip(cases, found, strict=True)),
        ],
        plot,
        "s0 = 1, s1 = .3, epsilon = .4; beta = t, gamma^2 = t (1 - t) / 2, alpha^2 free at 59 times, from the linear "
        "path. On the line, where the inner problem is solved in closed form. No seed: nothing is drawn.",
    )  # fmt: skip


def _localized(x, t, data):
    """Mean of x_1 given x_t on the one-sided linear path."""
    s = interpolants.mixture_fields(x, t, models.STANDARD, data, path="one_sided_linear").s
    return (x + (1 - t) ** 2 * s) / t


def _posterior(y, tau, data):
    """Mean of x_1 given tau x_1 + W_tau = y, component by component."""
    joint, _ = mixture.components(y, mixture.noised(data, tau, tau))
    share = np.exp(joint - joint.max(axis=1, keepdims=True))
    share = share / share.sum(axis=1, keepdims=True)
    means = (data.means[:, 0] / data.covariances + y) / (1 / data.covariances + tau)
    return np.sum(share * means, axis=1)[:, None]


def relatives(seed):
    """Localization in its own time; and the ODE without noise against the monotone map."""
    rng, data = stream(seed, "interpolants.C9"), models.THREE
    worst = 0.0
    points = rng.uniform(-4, 4, (50, 1))
    for tau in (0.01, 0.3, 2.0, 30.0):
        t = tau**0.5 / (1 + tau**0.5)
        y = tau * points
        worst = max(worst, np.abs(_localized(y / (tau + tau**0.5), t, data) - _posterior(y, tau, data)).max())
    taus = np.concatenate([[0.0], np.geomspace(1e-3, 400, 800)])
    y = np.zeros((4000, 1))
    for before, after in pairwise(taus):
        mean = _posterior(y, before, data) if before else data.weights @ data.means[:, 0]
        y = y + (after - before) * mean + (after - before) ** 0.5 * rng.standard_normal(y.shape)
    distance = mixture.kolmogorov(y / taus[-1], data)

    x0 = drawn(rng, 300, models.TWO)
    flow = interpolants.mixture_flow(models.TWO, data, gamma="zero")
    x1 = run(rng, flow, x0, cosine(200), "rk4")
    rank, low, high = mixture.distribution_function(x0[:, 0], models.TWO), np.full(300, -9.0), np.full(300, 9.0)
    for _ in range(60):
        middle = (low + high) / 2
        above = mixture.distribution_function(middle, data) > rank
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    moved = np.mean((x1 - x0) ** 2)
    independent = np.mean((drawn(rng, 300, data) - x0) ** 2)

    def plot(figure):
        left, right = figure.subplots(1, 2)
        left.hist(y[:, 0] / taus[-1], 60, density=True, color=GREY)
        grid = np.linspace(-4.5, 4.5, 400)[:, None]
        left.plot(grid, np.exp(mixture.log_density(grid, data)), color=BLUE)
        left.set(title=r"Localization, $\tau = 400$", xlabel=r"$Y_\tau / \tau$", ylabel="density")
        order = np.argsort(x0[:, 0])
        right.plot(x0[order, 0], ((low + high) / 2)[order], color=GREY, lw=4, label="monotone map")
        right.plot(x0[order, 0], x1[order, 0], color=ORANGE, label="rectified flow")
        right.set(xlabel="$x_0$", ylabel="$x_1$", title="Without noise, on the line")
        right.legend(frameon=False)

    return Outcome(
        [
            at_most("localization: largest difference of the two means of x_1", worst, 1e-10),
            at_most("localization: Kolmogorov distance of 4000 samples", distance, 0.04),
            at_most(
                "rectified flow: largest distance from the monotone map",
                np.abs(x1[:, 0] - (low + high) / 2).max(),
                1e-3,
            ),
            at_most("mean squared displacement / of an independent coupling", moved / independent, 0.2),
        ],
        plot,
        C1_SET_UP + " On the line each monotone flow is optimal; in more dimensions this says nothing of transport.",
    )


CLAIMS = (
    Claim(
        id="interpolants.C5",
        statement="Score-based diffusion is a one-sided interpolant",
        source="Section 5.1",
        experiment=diffusion,
        kind="identity",
    ),
    Claim(
        id="interpolants.C6",
        statement="Optimizing the interpolant recovers the Schroedinger bridge",
        source="abstract; Theorem 41",
        experiment=bridge,
        tier="full",
        kind="identity",
        control="the linear path with the same gamma costs 1.05 times the optimum here, and 1.001 to 2.2 times that "
        "for four other pairs: the gain depends on the pair",
        showed="behind",
        tuned="tolerances of the optimiser: with its defaults it stops early for one pair",
    ),
    Claim(
        id="interpolants.C9",
        statement="Stochastic localization and rectified flow are special cases",
        source="abstract; section on connections",
        experiment=relatives,
        tier="full",
        kind="identity",
    ),
)
