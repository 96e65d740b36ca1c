"""C1 and C5: what the test and its estimates promise of a batch."""

import numpy as np

from refimpl.core import random
from refimpl.optimizers import adadagrad
from refimpl.specs.base import Outcome, at_most, reported, within

ORANGE, BLUE, GRAY = "#D55E00", "#0072B2", "0.45"  # told apart with any color vision
SEEDS = 3


def strong_growth(seed, n=200, d=6, eta=0.5, batches=20_000):
    """The mean square of batch gradients of the size that the exact test asks for, on three populations."""
    measurements, ratios, bounds = [], [], []
    for i in range(SEEDS):
        rng = random.stream(seed, "adadagrad.C1", i)
        population = rng.standard_normal(d) + rng.standard_normal((n, d))
        mean, variance = population.mean(axis=0), population.var(axis=0)
        ratio = adadagrad.norm_ratio(mean, variance, eta=eta)
        b = adadagrad.grow(1, ratio, largest=10**6)
        draws = population[rng.integers(0, n, (batches, b))].mean(axis=1)
        square = mean @ mean
        found = np.mean(np.sum(draws**2, axis=1)) / square
        formula = 1 + variance.sum() / (b * square)
        ratios.append(np.sum(draws**2, axis=1) / square)
        bounds.append(formula)
        measurements += [
            within(f"mean of |G|^2 / |grad F|^2 over the formula, population {i}", found / formula, 0.98, 1.02),
            at_most(f"the formula, population {i}", formula, 1 + eta**2),
        ]

    def plot(figure):
        axes = figure.subplots()
        axes.boxplot(ratios, whis=(5, 95), showfliers=False, medianprops={"color": BLUE})
        places = np.arange(1, SEEDS + 1)
        axes.plot(places, [r.mean() for r in ratios], "o", color=ORANGE, markersize=9, label="mean over 20,000 batches")
        axes.plot(places, bounds, "k_", markersize=24, label="1 + tr V / (b |grad F|²)")
        axes.axhline(1 + eta**2, color=GRAY, linestyle="--", label="1 + η²")
        axes.plot([], [], " ", label="boxes: middle half; whiskers: 5% to 95%")
        axes.set(xlabel="population", ylabel="|G|² / |grad F|² of a batch", ylim=(0, None))
        axes.set_title("Batches of the size that the exact test asks for: strong growth")
        axes.legend()

    return Outcome(measurements, plot)


def estimators(seed, d=5, b=20, batches=20_000):
    """Means over many batches of the squared batch gradient and of the sample variance."""
    rng = random.stream(seed, "adadagrad.C5")
    mean, scale = rng.standard_normal(d), rng.uniform(0.5, 2, d)
    found, variances = adadagrad.moments(mean + scale * rng.standard_normal((b, batches, d)))
    squares, trace = np.sum(found**2, axis=1), np.sum(scale**2)
    traces = np.sum(variances, axis=1)
    plain, biased = mean @ mean, mean @ mean + trace / b

    def plot(figure):
        left, right = figure.subplots(1, 2)
        left.hist(squares, bins=80, color=BLUE, alpha=0.6, density=True)
        left.axvline(plain, color="k", linestyle=":", label="|grad F|²")
        left.axvline(biased, color=ORANGE, label="|grad F|² + tr V / b")
        left.axvline(squares.mean(), color="k", linestyle="--", label="mean over batches")
        right.hist(traces, bins=80, color=BLUE, alpha=0.6, density=True)
        right.axvline(trace, color=ORANGE, label="tr V")
        right.axvline(traces.mean(), color="k", linestyle="--", label="mean over batches")
        left.set(xlabel="squared norm of a batch gradient", ylabel="density")
        right.set(xlabel="trace of a batch's sample variance", ylabel="density")
        for axes in (left, right):  # room for the legend
            axes.set_ylim(top=1.45 * axes.get_ylim()[1])
        left.legend(), right.legend()
        figure.suptitle(f"Batches of {b}: the variance is unbiased, the squared norm is not")

    return Outcome(
        [
            within("mean of |G|^2 / (|grad F|^2 + tr V / b)", squares.mean() / biased, 0.98, 1.02),
            within("mean trace of the sample variance / tr V", traces.mean() / trace, 0.98, 1.02),
            reported("mean of |G|^2 / |grad F|^2", squares.mean() / plain),
        ],
        plot,
    )
