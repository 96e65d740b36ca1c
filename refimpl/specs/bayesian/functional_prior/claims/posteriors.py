"""Posteriors, their sampler, and flows: C4, C5, C7."""

import numpy as np

from refimpl.bayesian import _functional_prior_models as models
from refimpl.bayesian import functional_prior
from refimpl.core.arrays import array_namespace
from refimpl.core.autodiff import grad, jacobian
from refimpl.core.linalg import cholesky
from refimpl.core.random import stream
from refimpl.models import gp, sampling
from refimpl.specs.base import Claim, Outcome, at_most, reported
from refimpl.specs.bayesian.functional_prior.claims.matching import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PINK,
    WIDTHS,
    tuned,
)

# C4 ------------------------------------------------------------------------------------------------------------------

NOISE, CHAINS, TRAINED, HELD = 0.05, 4, 30, 10
SETS = ("GP draw 1", "GP draw 2", "sin 2x", "step with slope", "GP, length 2")
REPEATS = 4  # of all five, so that differences have a standard error
COMMON = (1.0, 2.0, 3.0)  # deviations for all weights and biases; the first is the fixed prior


def data(seed, repeats=1):
    """Inputs with a gap (30 to learn from, 10 held out, 61 to test on), and five functions with observations."""
    rng = stream(seed, "functional_prior.C4", "data")
    side = lambda n: np.concatenate([rng.uniform(-3.0, -0.8, n // 2), rng.uniform(0.8, 3.0, n - n // 2)])
    x = np.concatenate([side(TRAINED), side(HELD), np.linspace(-3.0, 3.0, 61)])[:, None]
    draw = lambda length: models.gp_functions(x, rng.standard_normal((1, len(x))), np.array([length]), np.array(1.0))[0]
    line = x[:, 0]
    made = []
    for _ in range(repeats):
        f = np.stack([draw(0.6), draw(0.6), np.sin(2 * line), np.sign(line) + 0.3 * line, draw(2.0)])
        made.append((f, f + NOISE**0.5 * rng.standard_normal(f.shape)))
    return x, *(np.concatenate(parts) for parts in zip(*made, strict=True))


def chains(seed, x, y, deviations, steps=1500, count=CHAINS):
    """Functions of posterior samples [K, sets, priors, chains, points]: all chains side by side, full gradients."""
    rng, each, single = stream(seed, "functional_prior.C4", "chains"), [], np.float32
    for _ in y:
        each += [np.tile(models.prior_deviations(sigma, widths=WIDTHS), (count, 1)) for sigma in deviations]
    spread, x = np.concatenate(each).astype(single), x.astype(single)
    observed = np.repeat(y[:, :TRAINED], len(deviations) * count, axis=0).astype(single)
    values = lambda w, x: functional_prior.network(functional_prior.unstack(w, widths=WIDTHS), x)[0]

    def loss(w):
        square = (values(w, x[:TRAINED]) - observed) ** 2
        return (0.5 / NOISE / TRAINED) * array_namespace(square).sum(square)

    gradient, kept, w = grad(loss), [], spread * rng.standard_normal(spread.shape, dtype=single)
    state, burn_in = sampling.sghmc_init(w), steps // 3
    for t in range(1, steps + 1):
        g = functional_prior.posterior_gradient(gradient(w), w / spread**2, n=TRAINED)
        # Nothing is taken off the noise: these gradients have none of their own.
        options = {"lr": 0.05, "friction": 0.05, "burn_in": burn_in, "correct": False}
        w, state = sampling.sghmc(w, state, g, rng.standard_normal(w.shape, dtype=single), **options)
        if t > 1.2 * burn_in and t % 25 == 0:
            kept.append(values(w, x).astype(float))
    return np.stack(kept).reshape(len(kept), len(y), len(deviations), count, len(x))


def exact(x, y, length=0.6):
    """The posterior of the target itself."""
    K = gp.squared_exponential(gp.squared_distances(x, x, np.array([1 / length**2])))
    factor = cholesky(K[:TRAINED, :TRAINED] + NOISE * np.eye(TRAINED))
    return gp.posterior(factor, y[:TRAINED], K[:, :TRAINED], np.ones(len(x)))


def nll(y, mean, variance):
    """Mean negative log density of normal laws."""
    return float(np.mean(0.5 * np.log(2 * np.pi * variance) + 0.5 * (y - mean) ** 2 / variance))


HELD_OUT, TEST = slice(TRAINED, TRAINED + HELD), slice(TRAINED + HELD, None)


def scores(x, y, mean, variance):
    """Test log densities of one data set, by prior; mean and variance [priors, points] are those of the predictions."""
    score = lambda p, rows: nll(y[rows], mean[p, rows], variance[p, rows])
    chosen, truth = min(range(len(COMMON)), key=lambda p: score(p, HELD_OUT)), exact(x, y)
    return {
        "fixed": score(0, TEST),
        "GPi-G": score(len(COMMON), TEST),
        "one number": score(chosen, TEST),
        "GP": nll(y[TEST], truth.mean[TEST], truth.covariance[TEST] + NOISE),
    }


def predictions(seed):
    """Test log densities under five priors, on data of the target and on others."""
    x, f, y = data(seed, REPEATS)
    count = len(WIDTHS) - 1
    deviations = [np.full((count, 2), d) for d in COMMON] + [functional_prior.scales(tuned(seed, "gaussian").psi)]
    drawn = chains(seed, x, y, deviations, count=2)
    mean, variance = drawn.mean(axis=(0, 3)), drawn.var(axis=(0, 3)) + NOISE
    agreement = float(np.median(sampling.r_hat(np.moveaxis(drawn, 3, 1))))
    sets = [scores(x, *each) for each in zip(y, mean, variance, strict=True)]
    found = {name: np.reshape([losses[name] for losses in sets], (REPEATS, len(SETS))) for name in sets[0]}
    planted = {name: float(values[:, :2].mean()) for name, values in found.items()}
    control = found["GPi-G"] - found["one number"]
    groups = {"eight draws of the target": control[:, :2].ravel(), "twelve other data sets": control[:, 2:].ravel()}

    def plot(figure):
        left, right = figure.subplots(1, 2, width_ratios=(3, 2))
        at = np.arange(len(SETS) - 1)
        kinds = lambda values: (values[:, :2].mean(), *values[:, 2:].mean(axis=0))
        for k, (name, color) in enumerate(zip(found, (GREY, ORANGE, GREEN, BLUE), strict=True)):
            left.bar(at + 0.2 * (k - 1.5), kinds(found[name]), 0.2, color=color, label=name)
        left.set_xticks(at, ["GP\ndraws", *(name.replace(" ", "\n", 1) for name in SETS[2:])], fontsize=7)
        left.set(title="Test negative log density", ylabel="mean over data sets")
        left.legend(frameon=False, fontsize=7)
        grid = x[TEST, 0]
        right.plot(x[:TRAINED, 0], y[0, :TRAINED], "k.", markersize=4)
        right.plot(grid, f[0, TEST], color="black", linestyle=":", label="truth")
        for p, (name, color) in {0: ("fixed", GREY), 3: ("GPi-G", ORANGE)}.items():
            m, s = mean[0, p, TEST], variance[0, p, TEST] ** 0.5
            right.plot(grid, m, color=color, label=name)
            right.fill_between(grid, m - 2 * s, m + 2 * s, color=color, alpha=0.2, linewidth=0)
        right.set(title="One GP draw", xlabel="x")
        right.legend(frameon=False, fontsize=7)

    return Outcome(
        [
            at_most("test negative log density of GPi-G less that of N(0, 1), eight draws of the target",
                    planted["GPi-G"] - planted["fixed"], 0.0),
            *(reported(f"control: that of GPi-G less that of one common deviation, {name}: {word}", value)
              for name, values in groups.items()
              for word, value in (
                  ("mean", values.mean()),
                  ("standard error", values.std(ddof=1) / len(values) ** 0.5),
                  ("median", np.median(values)),
                  ("share where GPi-G is ahead", np.mean(values < 0)),
              )),
            *(reported(f"{name}, eight draws of the target", value) for name, value in planted.items()),
            *(reported(f"unplanted, {SETS[i]}: {name}", values[:, i].mean()) for i in (2, 3, 4)
              for name, values in found.items() if name != "GP"),
            reported("median split R-hat of function values over 2 chains", agreement),
        ],
        plot,
        "One number: a deviation of 1, 2 or 3 for all weights and biases, chosen by 10 further points.",
    )  # fmt: skip


# C5 ------------------------------------------------------------------------------------------------------------------

PRECISION, CENTRE = np.array([[2.0, 0.8], [0.8, 1.0]]), np.array([1.0, -1.0])


def sampled(rng, precision, centre, *, lr, friction, steps, burn_in, correct=True, count=400):
    """Samples of a normal law by chains side by side, every tenth step."""
    w, kept = np.zeros((count, len(centre))) + centre, []
    state = sampling.sghmc_init(w)
    for t in range(1, steps + 1):
        options = {"lr": lr, "friction": friction, "burn_in": burn_in, "correct": correct}
        w, state = sampling.sghmc(w, state, (w - centre) @ precision, rng.standard_normal(w.shape), **options)
        if t > 2 * burn_in and t % 10 == 0:
            kept.append(w)
    return np.concatenate(kept), state


def moments(seed):
    """Mean and covariance on a normal law, and where the sampler ends."""
    rng = stream(seed, "functional_prior.C5")
    w, _ = sampled(rng, PRECISION, CENTRE, lr=0.05, friction=0.05, steps=2500, burn_in=500)
    truth = np.linalg.inv(PRECISION)
    off = np.linalg.norm(np.cov(w.T) - truth) / np.linalg.norm(truth)
    stiff = (1e2, 1e4, 1e6)
    ratios: dict = {}
    for correct in (True, False):
        ratios[correct] = []
        for lam in stiff:
            options = {"lr": 0.01, "friction": 0.01, "steps": 1500, "burn_in": 300, "correct": correct, "count": 200}
            v, _ = sampled(rng, np.array([[lam]]), np.zeros(1), **options)
            ratios[correct].append(float(v.var() * lam))

    def plot(figure):
        left, right = figure.subplots(1, 2)
        left.plot(*w[:: max(1, len(w) // 1500)].T, ".", color=BLUE, markersize=2, alpha=0.5)
        angles = np.linspace(0, 2 * np.pi, 100)
        ring = CENTRE + 2 * np.stack([np.cos(angles), np.sin(angles)], 1) @ np.linalg.cholesky(truth).T
        left.plot(*ring.T, color=ORANGE)
        left.set(title="Samples, and two deviations", aspect="equal")
        right.semilogx(stiff, ratios[True], "o-", color=ORANGE, label="lr^4 taken off")
        right.semilogx(stiff, ratios[False], "s-", color=GREEN, label="nothing taken off")
        right.axhline(1.0, color=GREY, linestyle=":")
        right.set(title="The price of lr^4", xlabel="precision", ylabel="sampled over true variance", ylim=(0, 1.3))
        right.legend(frameon=False)

    return Outcome(
        [
            at_most("largest error of the mean", np.abs(w.mean(axis=0) - CENTRE).max(), 0.1),
            at_most("relative error of the covariance", off, 0.3),
            *(reported(f"sampled over true variance, precision {lam:g}, lr^4 {word}", ratio)
              for correct, word in ((True, "taken off"), (False, "left"))
              for lam, ratio in zip(stiff, ratios[correct], strict=True)),
        ],
        plot,
        "With lr^4 taken off the variance falls short by about lr^2 sqrt(v_hat) / (2 friction), while that is well "
        "below 1.",
    )  # fmt: skip


# C7 ------------------------------------------------------------------------------------------------------------------


def determinants(seed):
    """Against the determinant of the Jacobian by automatic differentiation, over 30 flows of all sizes."""
    rng, errors, sizes, lowest = stream(seed, "functional_prior.C7"), [], [], np.inf
    for _ in range(30):
        D, scale = int(rng.integers(1, 6)), float(np.exp(rng.uniform(-1.0, 1.5)))
        z, (u, a), c = rng.standard_normal((1, D)), scale * rng.standard_normal((2, 2, D)), rng.standard_normal(2)
        moved = lambda z, u=u, a=a, c=c: functional_prior.planar_flow(z[None, :], u, a, c)[0][0, :]
        log_det = functional_prior.planar_flow(z, u, a, c)[1][0]
        numeric = np.linalg.slogdet(jacobian(moved)(z[0]))
        errors.append(abs(np.expm1(log_det - numeric[1])))
        sizes.append(scale)
        lowest = min(lowest, float(numeric[0]))

    def plot(figure):
        axes = figure.subplots()
        axes.loglog(sizes, np.maximum(errors, 1e-16), "o", color=PINK)
        axes.axhline(1e-6, color=GREY, linestyle=":", label="bound")
        axes.set(title="Log determinants against Jacobians", xlabel="size of u and a", ylabel="relative error")
        axes.legend(frameon=False)

    return Outcome(
        [
            at_most("largest relative error of the determinant", max(errors), 1e-6),
            reported("smallest sign of a determinant: 1, as the flows can be undone", lowest),
        ],
        plot,
    )


CLAIMS = (
    Claim(
        id="functional_prior.C4",
        statement="posterior predictions are better than with fixed priors",
        source="abstract; the study in one dimension",
        experiment=predictions,
        tier="full",
        kind="superiority",
        control="one common deviation for all weights and biases, 1, 2 or 3, chosen by 10 held-out points. GPi-G less "
        "it, mean and standard error over seeds 0 to 4: -0.04 and 0.14 on draws of the target (ahead at one seed, "
        "behind at four), -0.03 and 0.01 on the other data. So on the data that are planted for it the claim is not "
        "reproduced against this control, and on the others GPi-G is ahead by little",
        showed="as good",
        proxy="planted: data drawn from the target, 30 points with a gap, 3 x 30 units. Where the target is another "
        "process (length 2) the tuned prior inherits its error. Large networks, images and UCI tables are out of reach",
        tuned="SGHMC with full gradients, 1500 steps, lr = friction = 0.05, and lr^4 not taken off",
    ),
    Claim(
        id="functional_prior.C5",
        statement="scale-adapted SGHMC samples the posterior",
        source="the section on sampling",
        experiment=moments,
        kind="behaviour",
        proxy="a normal law in two dimensions, 400 chains",
    ),
    Claim(
        id="functional_prior.C7",
        statement="the log determinant of planar flows is that of their Jacobian",
        source="GPi-NF",
        experiment=determinants,
        kind="identity",
    ),
)
