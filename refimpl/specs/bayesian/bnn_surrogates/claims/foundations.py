"""What does not depend on an objective: the wide limit, the sampler, the hypervolume: C1, C2, C7."""

import numpy as np

from refimpl.bayesian import bnn_surrogates as rule
from refimpl.core.random import stream
from refimpl.models import sampling
from refimpl.specs.base import Claim, Outcome, at_most, reported, slope, within

ORANGE, BLUE, GREEN, GREY = "#D55E00", "#0072B2", "#009E73", "0.45"


def wide_limit(seed):
    """Kernels of random networks of growing width, their last layer summed over exactly."""
    rng = stream(seed, "bnn_surrogates.C1")
    x, sw, sb = rng.uniform(size=(8, 4)), 10.0, 1.3
    exact = rule.ibnn_kernel(x, None, depth=2)

    def kernel(width, nets):
        total = 0
        for _ in range(nets):
            h = x
            for fan in (4, width):
                W, b = rng.standard_normal((fan, width)), rng.standard_normal(width)
                h = np.maximum(h @ W * (sw / fan) ** 0.5 + sb**0.5 * b, 0)
            total = total + sb + sw * h @ h.T / width
        return total / nets

    widths = (5, 20, 80, 300)
    alone = [np.mean([np.linalg.norm(kernel(w, 1) - exact) for _ in range(20)]) / np.linalg.norm(exact) for w in widths]
    error = np.linalg.norm(kernel(300, 300) - exact) / np.linalg.norm(exact)

    def plot(figure):
        axes = figure.subplots()
        axes.loglog(widths, alone, "o-", color=BLUE, label="one network")
        axes.loglog(300, error, "s", color=ORANGE, label="mean of 300")
        axes.axhline(0.05, color=GREY, linestyle=":", label="bound on the mean")
        axes.set_xticks(widths, [str(w) for w in widths])
        axes.minorticks_off()
        axes.set(xlabel="width", ylabel="relative error of the kernel", title="Wide networks have the kernel")
        axes.legend(frameon=False)

    return Outcome(
        [
            at_most("relative error, 300 networks of width 300", error, 0.05),
            reported("exponent of the error of one network in the width", slope(widths, alone)),
        ],
        plot,
        "Two hidden layers of relu, 8 points in 4 dimensions. The readout's weights are averaged exactly.",
    )


def energy_error(U, w, momenta, h):
    """Mean change of the total energy over a path of length 0.2."""
    drift = []
    for r in momenta:
        end, p, _ = sampling.leapfrog(lambda w: U(w)[1], w, r, U(w)[1], step=h, steps=round(0.2 / h))
        drift.append(abs(U(end)[0] + p @ p / 2 - U(w)[0] - r @ r / 2))
    return np.mean(drift)


def there_and_back(U, w, r):
    """Where 20 steps lead, taken back."""
    slope = lambda w: U(w)[1]
    end, p, g = sampling.leapfrog(slope, w, r, slope(w), step=0.02, steps=20)
    return sampling.leapfrog(slope, end, -p, g, step=0.02, steps=20)[0]


def acceptances(rng, U, w):
    """Of 150 moves after as many in which the step is found."""
    at, state, h, rates = sampling.Chain(w, *U(w)), sampling.averaging_init(0.02), 0.02, []
    for t in range(300):
        steps_now = rule.leapfrogs(0.5, h, most=15)
        at, move = sampling.hmc(U, at, rng.standard_normal(w.size), rng.uniform(), step=h, steps=steps_now)
        if t < 150:
            state = sampling.dual_averaging(state, move.acceptance)
            h = state.step if t < 149 else state.averaged
        else:
            rates.append(move.acceptance)
    return rates


def gaussian_posterior(rng):
    """Draws [4000, 3] of a linear network's weights, and their mean and covariance in closed form."""
    x = rng.standard_normal((6, 2))
    y, A = x @ np.ones(2), np.concatenate([x, np.ones((6, 1))], axis=1)
    U, draws = lambda w: rule._potential(w, x, y, (2, 1), 0.5, 1.0), []
    at = sampling.Chain(np.zeros(3), *U(np.zeros(3)))
    for _ in range(4000):
        at, _ = sampling.hmc(U, at, rng.standard_normal(3), rng.uniform(), step=0.25, steps=3)
        draws.append(at.w)
    covariance = np.linalg.inv(A.T @ A / 0.5 + np.eye(3))
    return np.array(draws), covariance @ A.T @ y / 0.5, covariance


def sampler(seed):
    """Order and reversibility of leapfrog, acceptance after burn-in, covariance of a Gaussian posterior."""
    rng = stream(seed, "bnn_surrogates.C2")
    x, w = rng.uniform(-1, 1, (8, 1)), 0.5 * rng.standard_normal(13)
    U = lambda w: rule._potential(w, x, np.sin(3 * x[:, 0]), (1, 4, 1), 0.1, 1.0)
    steps, momenta = (0.04, 0.02, 0.01, 0.005), rng.standard_normal((10, 13))
    errors = [energy_error(U, w, momenta, h) for h in steps]
    back = there_and_back(U, w, momenta[0])
    rates = acceptances(rng, U, w)
    draws, mean, true = gaussian_posterior(rng)
    scale = np.sqrt(np.diagonal(true))
    covariance = np.abs(np.cov(draws.T) - true) / np.outer(scale, scale)

    def plot(figure):
        left, right = figure.subplots(1, 2)
        left.loglog(steps, errors, "o-", color=BLUE, label="leapfrog")
        left.loglog(steps, errors[0] * (np.array(steps) / steps[0]) ** 2, ":", color=GREY, label="order 2")
        left.set_xticks(steps, [f"{h:g}" for h in steps])
        left.minorticks_off()
        left.set(xlabel="step", ylabel="error of the total energy", title="Half the step, a quarter")
        left.legend(frameon=False)
        right.plot(draws[::8, 0], draws[::8, 1], ".", color=BLUE, markersize=2)
        angle = np.linspace(0, 2 * np.pi, 100)
        ring = mean[:2] + 2 * (np.linalg.cholesky(true[:2, :2]) @ np.stack([np.cos(angle), np.sin(angle)])).T
        right.plot(*ring.T, color=ORANGE)
        right.set(xlabel="first weight", ylabel="second weight", title="A Gaussian posterior")

    return Outcome(
        [
            within("order of the energy error in the step", slope(steps, errors), 1.6, 2.4),
            at_most("distance after the way back", np.abs(back - w).max(), 1e-8),
            within("mean acceptance after burn-in, target .8", np.mean(rates), 0.6, 0.95),
            at_most("largest error of a covariance, in deviations of both weights", covariance.max(), 0.25),
        ],
        plot,
        "A network with 4 hidden units and 8 points; a linear one with 3 weights, 4000 draws.",
    )


def volume(seed):
    """Thirty points against uniform ones."""
    rng = stream(seed, "bnn_surrogates.C7")
    points = rng.uniform(size=(30, 2))
    exact = float(rule.hypervolume(points, np.zeros(2)))
    uniform, below = rng.uniform(size=(200_000, 2)), np.zeros(200_000, dtype=bool)
    for p in points:
        below |= np.all(uniform < p, axis=1)
    share = np.mean(below)

    def plot(figure):
        axes = figure.subplots()
        front = points[np.argsort(-points[:, 0])]
        edge = np.maximum.accumulate(front[:, 1])
        axes.step([1, *front[:, 0]], [0, *edge], where="post", color=ORANGE)
        axes.plot(*points.T, "o", color=BLUE)
        axes.set(xlabel="first objective", ylabel="second objective", title=f"Hypervolume {exact:.4f}")

    return Outcome(
        [
            at_most("distance from the share of 200000 uniform points", abs(share - exact), 0.004),
            reported("hypervolume", exact),
        ],
        plot,
        "30 uniform points, reference 0.",
    )


CLAIMS = (
    Claim(
        id="bnn_surrogates.C1",
        statement="The kernel of the infinite-width BNN is the limit of wide networks",
        source="Section 3; Lee et al., 2018",
        experiment=wide_limit,
        kind="identity",
    ),
    Claim(
        id="bnn_surrogates.C2",
        statement="HMC samples from the posterior: leapfrog is reversible and of order 2, dual averaging finds the "
        "acceptance, a Gaussian posterior has its covariance",
        source="Section 3, HMC; the authors' code",
        experiment=sampler,
        kind="identity",
    ),
    Claim(
        id="bnn_surrogates.C7",
        statement="The metric of several objectives is the volume that points dominate",
        source="the section on several objectives",
        experiment=volume,
        kind="identity",
    ),
)
