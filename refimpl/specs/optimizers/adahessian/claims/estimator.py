"""Experiments with the estimate of the diagonal, and with single steps."""

from functools import partial
from itertools import product

import numpy as np

from refimpl.core.random import signs, stream
from refimpl.optimizers import adahessian
from refimpl.specs.base import Claim, Outcome, at_most, reported, within
from refimpl.specs.optimizers.adahessian.claims.training import BLUE, GRAY, GREEN, ORANGE, PINK


def symmetric(rng, d):
    """A random symmetric matrix [d, d] with entries of order one."""
    a = rng.standard_normal((d, d))
    return (a + a.T) / 2


# C1: the estimator ------------------------------------------------------------------------------------------------


def estimator_is_unbiased(seed, d=8):
    """All 2^d vectors of signs, three matrices."""
    every = np.array(list(product((1.0, -1.0), repeat=d)))
    errors, square_errors, points = [], [], []
    for i in range(3):
        h = symmetric(stream(seed, "adahessian.C1", i), d)
        draws = adahessian.estimate(lambda z, h=h: z @ h, every)
        errors.append(abs(draws.mean(axis=0) - np.diag(h)).max())
        rms, rows = np.sqrt((draws**2).mean(axis=0)), np.linalg.norm(h, axis=1)
        square_errors.append(abs(rms - rows).max())
        points.append((abs(np.diag(h)), rms))

    def plot(figure):
        axes = figure.subplots()
        top = max(rms.max() for _, rms in points)
        axes.plot([0, top], [0, top], color=GRAY, linewidth=1)
        axes.annotate(
            "no off-diagonal entries", (0.7 * top, 0.7 * top), rotation=35, ha="center", va="bottom", color=GRAY
        )
        for i, (marker, (diagonal, rms)) in enumerate(zip("os^", points, strict=True), start=1):
            axes.plot(diagonal, rms, marker, color=ORANGE, fillstyle="none", label=f"matrix {i}, 8 entries")
        axes.legend(loc="lower right")
        axes.set(xlabel="|true diagonal entry|", ylabel="root mean square of its estimates")
        axes.set_title("The root mean square of the estimates is the row's length")

    return Outcome(
        [
            at_most("largest error of the mean over all signs", max(errors), 1e-10),
            at_most("largest error of the root mean square against the row's length", max(square_errors), 1e-10),
        ],
        plot,
    )


# C2: averaging over blocks ------------------------------------------------------------------------------------------


def averaging_reduces_variance(seed, d=180, b=9, count=4000):
    """A diagonal that is constant over each block, and independent normal entries beside it."""
    ratios, biases, absolute, curves = [], [], [], []
    for i in range(3):
        rng = stream(seed, "adahessian.C2", i)
        h = 2 * symmetric(rng, d) / np.sqrt(d)  # noise of the size of the diagonal
        diagonal = np.repeat(1 + rng.uniform(size=d // b), b)
        np.fill_diagonal(h, diagonal)
        z = signs(rng, (count, d), like=h)
        draw = partial(adahessian.estimate, lambda z, h=h: z @ h, z)
        raw = draw().var(axis=0).mean()
        averaged = draw(block=b)
        ratios.append(averaged.var(axis=0).mean() / raw)
        biases.append(abs(averaged.mean(axis=0) - diagonal).max() / np.sqrt(averaged.var(axis=0).max() / count))
        rms = lambda x: np.sqrt((x**2).mean())
        absolute.append(rms(adahessian.average(abs(draw()), b)) / rms(averaged) - 1)
        curves.append([draw(block=size).var(axis=0).mean() / raw for size in (1, 3, 9, 18, 45, 90)])

    def plot(figure):
        axes = figure.subplots()
        sizes = np.array([1, 3, 9, 18, 45, 90])
        axes.plot(sizes, 1 / sizes, color=GRAY, linewidth=1, label="1 / b")
        for i, (curve, marker) in enumerate(zip(curves, "os^", strict=True), start=1):
            axes.plot(sizes, curve, marker, color=ORANGE, fillstyle="none", label=f"matrix {i}, {count:,} draws")
        axes.set(xscale="log", yscale="log", xlabel="block size b (parameters)", ylabel="variance, averaged / raw")
        axes.set_title("The mean of b neighbors has about 1 / b of the variance")
        axes.legend()

    return Outcome(
        [
            within("smallest variance ratio times b", min(ratios) * b, 0.5, 1.5),
            within("largest variance ratio times b", max(ratios) * b, 0.5, 1.5),
            at_most("largest z-score of the averaged mean (180 entries, 3 matrices)", max(biases), 5.0),
            reported("root mean square, absolute values first / signed, minus 1", np.mean(absolute)),
        ],
        plot,
        "Blocks over which the true diagonal is not constant trade variance for bias; here it is.",
    )


# C3: badly scaled coordinates ---------------------------------------------------------------------------------------


def _loss(h, x):
    return x @ h @ x / 2


def one_step(h, x, probe):
    """Where AdaHessian is after a step at rate 1."""
    diagonal = adahessian.estimate(lambda z: h @ z, probe)
    return adahessian.update(x, adahessian.init(x), h @ x, diagonal, lr=1.0, eps=0.0)[0]


def many_steps(h, x, rng, steps, lr):
    """Losses of AdaHessian along the way."""
    oracle, record = lambda x, k: (h @ x, lambda z: h @ z), lambda x, state: {"loss": _loss(h, x)}
    run = adahessian.minimize(oracle, x, steps=steps, rng=rng, lr=lr, eps=0.0, record=record)
    return np.array(run.history["loss"])


def needs_no_conditioning(seed, d=50, steps=100):
    """Quadratics of condition number 1e6 along the axes and across them; gradient descent for as many gradients."""
    rng, scales, rates = stream(seed, "adahessian.C3"), 10.0 ** np.linspace(-3, 3, d), 10.0 ** np.arange(-3, 0.1, 0.5)
    straight, by_normal, turned, behind, curves = [], [], [], [], []
    for i in range(3):
        start, z, normal = rng.standard_normal(d), signs(rng, (d,), like=scales), rng.standard_normal(d)
        q, _ = np.linalg.qr(rng.standard_normal((d, d)))
        along, across = np.diag(scales), (q * scales) @ q.T
        straight.append(np.linalg.norm(one_step(along, start, z)))
        by_normal.append(np.linalg.norm(one_step(along, start, normal)))
        turned.append(np.linalg.norm(one_step(across, start, z)) / np.linalg.norm(start))
        runs = [many_steps(across, start, stream(seed, "adahessian.C3", "signs", i), steps, lr) for lr in rates]
        best = min(runs, key=lambda losses: losses[-1])
        descent, x = [], start
        for _ in range(3 * steps + 1):
            descent.append(_loss(across, x))
            x = x - across @ x / scales.max()
        behind.append(best[-1] / descent[-1])
        first = _loss(along, start), max(_loss(along, one_step(along, start, z)), 1e-30)
        curves.append(((3, np.array(first)), (3, best), (1, np.array(descent))))

    def plot(figure):
        axes = figure.subplots()
        looks = (
            ("AdaHessian along the axes, rate 1: zero after one step", {"color": ORANGE, "marker": "o"}),
            ("AdaHessian across them, best rate", {"color": PINK, "linestyle": "--"}),
            ("gradient descent, 1 / largest curvature", {"color": GREEN}),
        )
        for i, found in enumerate(curves):
            for (label, look), (cost, losses_) in zip(looks, found, strict=True):
                spent = cost * np.arange(len(losses_))
                axes.plot(spent, losses_ / losses_[0], **look, label="" if i else label)
        axes.legend()
        axes.set(
            yscale="log",
            ylim=(1e-7, 1e7),
            xlabel="gradients spent (3 in each step of AdaHessian)",
            ylabel="loss / loss at the start",
        )
        axes.set_title("Condition number 1e6, 3 draws: one step, but only along the axes")

    return Outcome(
        [
            at_most("largest distance to the minimum after one step", max(straight), 1e-9),
            reported("smallest such distance with a normal probe in place of signs", min(by_normal)),
            reported("across the axes: median distance after one step / at the start", np.median(turned)),
            reported(
                f"across the axes: median ratio of losses, {steps} steps at the best rate / {3 * steps} of descent",
                np.median(behind),
            ),
        ],
        plot,
    )


# C4: descent with a Hessian power -----------------------------------------------------------------------------------


def descends_as_the_theorem_says(seed, problems=600):
    """Random quadratics, condition numbers up to 1e4; one step with the true diagonal from a random point."""
    rng = stream(seed, "adahessian.C4")
    excess, used = {}, {}
    for k in (0.0, 0.5, 1.0):
        worst, shares = -np.inf, []
        for _ in range(problems):
            d = int(rng.integers(2, 9))
            q, _ = np.linalg.qr(rng.standard_normal((d, d)))
            spectrum = 10.0 ** rng.uniform(-2, 2, d)
            h = (q * spectrum) @ q.T
            alpha, beta = spectrum.min(), spectrum.max()
            theta = rng.standard_normal(d)
            g, f = h @ theta, lambda x, h=h: x @ h @ x / 2
            rates = {"beta1": 0.0, "beta2": 0.0, "eps": 0.0, "hessian_power": k, "lr": alpha**k / beta}
            moved, _ = adahessian.update(theta, adahessian.init(theta), g, np.diag(h).copy(), **rates)
            promised = alpha**k / (2 * beta ** (1 + k)) * (g @ g)
            worst = max(worst, (f(moved) - f(theta) + promised) / f(theta))
            shares.append((f(theta) - f(moved)) / promised)
        excess[k], used[k] = worst, np.array(shares)

    def plot(figure):
        axes = figure.subplots()
        for k, color in zip(used, (GREEN, BLUE, ORANGE), strict=True):
            axes.plot(np.sort(used[k]), np.linspace(0, 1, problems), color=color, label=f"k = {k:g}")
        axes.axvline(1, color=GRAY, linewidth=1, label="the bound")
        axes.set(xscale="log", xlabel="decrease / promised decrease", ylabel="share of problems below")
        axes.set_title("One step never decreases the loss by less than promised")
        axes.legend(loc="lower right")

    return Outcome(
        [
            *(at_most(f"largest excess over the bound / loss, k = {k:g}", excess[k], 1e-9) for k in excess),
            *(reported(f"smallest decrease / promised decrease, k = {k:g}", used[k].min()) for k in used),
        ],
        plot,
    )


CLAIMS = (
    Claim(
        "adahessian.C1",
        "Hutchinson's estimator is unbiased for the diagonal of the Hessian",
        "Section 3.1; the second moment is derived here",
        estimator_is_unbiased,
        kind="identity",
    ),
    Claim(
        "adahessian.C2",
        "Spatial averaging reduces the variance",
        "Section 3.2",
        averaging_reduces_variance,
        kind="rate",
        tuned="constructed data: the true diagonal is constant over each block, so that averaging has no bias",
    ),
    Claim(
        "adahessian.C3",
        "Steps adapt to the curvature: where the Hessian is diagonal, badly scaled coordinates need no conditioning",
        "Section 3",
        needs_no_conditioning,
        kind="superiority",
        control="The same quadratics with turned axes, and gradient descent for as many gradients: there the step "
        "leads away from the minimum, and at its best rate AdaHessian is behind.",
        showed="as good",
        tuned="constructed data: the Hessian is diagonal, which makes one draw of signs exact; the rate 1 is Newton's",
    ),
    Claim(
        "adahessian.C4",
        "With a Hessian power k in [0, 1] each step decreases the loss by alpha^k |g|^2 / (2 beta^(1+k)) at least",
        "convergence theorem; the proof is on this page",
        descends_as_the_theorem_says,
        kind="identity",
    ),
)
