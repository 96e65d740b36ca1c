"""C2 to C4: how fast AdAdaGrad is on a nonconvex function, by the step and by the sample."""

from functools import partial

import numpy as np

from refimpl.core import random
from refimpl.optimizers import adadagrad
from refimpl.specs.base import Outcome, at_least, at_most, reported

ORANGE, BLUE, GREEN, GRAY = "#D55E00", "#0072B2", "#009E73", "0.45"  # told apart with any color vision
SEEDS = 3
H = np.geomspace(1, 0.1, 10)
LARGEST = 10**15
RULES = {
    "AdaGrad-Norm": (
        partial(adadagrad.norm_init, v0=0.1),
        partial(adadagrad.norm_update, alpha=1.0),
        adadagrad.norm_ratio,
    ),
    "AdaGrad": (
        partial(adadagrad.init, v0=0.01),
        partial(adadagrad.update, alpha=1.0, eps=0.0),
        adadagrad.coordinate_ratio,
    ),
}


def gradient(x):
    """Of the sum of h x^2 / (1 + x^2)."""
    return 2 * H * x / (1 + x * x) ** 2


BATCHES = {  # name -> color; the last one doubles the batch blindly
    "growing batches": ORANGE,
    "constant batches of 4": BLUE,
    "doubled every 50 steps": GREEN,
}
GROWING, CONSTANT, DOUBLED = BATCHES


def descend(rule, rng, steps, *, batches=GROWING, first=4, eta=0.5):
    """Squared gradient norms at the points of a run whose batch gradients have noise N(0, I / b); the batch sizes."""
    init, update, ratio = RULES[rule]
    x, b, variance = 2 * rng.standard_normal(H.size), first, np.ones(H.size)
    noise = rng.standard_normal((steps, H.size))
    state, squares, sizes = init(x), [], []
    for k in range(steps):
        exact = gradient(x)
        squares.append(exact @ exact)
        sizes.append(b)
        x, state = update(x, state, exact + noise[k] / b**0.5)
        if batches == GROWING and b < LARGEST:
            b = adadagrad.grow(b, ratio(exact, variance, eta=eta), largest=LARGEST)
        elif batches == DOUBLED and (k + 1) % 50 == 0:
            b = min(2 * b, LARGEST)
    return np.array(squares), np.array(sizes, dtype=float)


def averages(squares):
    """Running average of each run."""
    return np.cumsum(squares, axis=-1) / np.arange(1, squares.shape[-1] + 1)


def slope(average, start=100):
    """Exponent of a power law fitted from step `start` on, at points evenly spaced on the logarithmic axis."""
    k = np.unique(np.geomspace(start, average.size, 50).round().astype(int))
    return np.polyfit(np.log(k), np.log(average[k - 1]), 1)[0]


def at_samples(run, samples):
    """Mean of |grad F|^2 over the steps that so many samples pay for."""
    squares, sizes = run
    return squares[: np.searchsorted(np.cumsum(sizes), samples, side="right")].mean()


def rates(seed, rule, name, low, steps=10_000):
    """Slopes with batches that grow by the test, are constant, or double blindly."""
    runs = {
        kind: [descend(rule, random.stream(seed, name, i), steps, batches=kind) for i in range(SEEDS)]
        for kind in BATCHES
    }
    slopes = {kind: [slope(averages(squares)) for squares, _ in found] for kind, found in runs.items()}
    grown, constant = runs[GROWING], runs[CONSTANT]
    budget = constant[0][1].sum()
    dearer = [at_samples(ours, budget) / at_samples(plain, budget) for ours, plain in zip(grown, constant, strict=True)]
    full = [np.argmax(sizes == LARGEST) for _, sizes in grown]
    measurements = [at_most(f"slope, growing batches, run {i}", s, low) for i, s in enumerate(slopes[GROWING])]
    measurements += [
        at_least(f"slope, constant batches of 4, run {i}", s, -0.75) for i, s in enumerate(slopes[CONSTANT])
    ]
    measurements += [
        reported("steepest slope, doubled every 50 steps", min(slopes[DOUBLED])),
        reported("flattest slope, doubled every 50 steps", max(slopes[DOUBLED])),
        reported("steps until the growing batch is at its limit of 1e15 (median)", np.median(full)),
        reported(f"mean of |grad F|^2 at {budget:,.0f} samples, growing / constant (median)", np.median(dearer)),
    ]

    def plot(figure):
        left, right = figure.subplots(1, 2, sharey=True)
        k = np.arange(1, steps + 1)
        seen = np.unique(np.geomspace(1, steps, 100).round().astype(int)) - 1
        for kind, color in BATCHES.items():
            for i, (squares, sizes) in enumerate(runs[kind]):
                mean = averages(squares)[seen]
                left.plot(k[seen], mean, color=color, linewidth=1, label=kind if i == 0 else None)
                right.plot(np.cumsum(sizes)[seen], mean, color=color, linewidth=1)
        for power, style in ((-1.0, "--"), (-0.5, ":")):
            left.plot(k[[0, -1]], 2.0 * k[[0, -1]] ** power, style, color=GRAY, label=f"slope {power:g}")
        left.set(xscale="log", yscale="log", xlabel="step K", ylabel="mean of |grad F|² over K steps")
        right.set(xscale="log", xlabel=f"samples (axis cut at {100 * budget:,.0f})", xlim=(3, 100 * budget))
        left.legend(loc="lower left", fontsize=8)
        figure.suptitle(f"{rule}: by the step growing batches win, by the sample constant ones")

    return Outcome(measurements, plot, "The noise is simulated; sizes are clipped at 1e15.")


def high_probability(seed, runs=40, steps=(1000, 4000)):
    """The 95% quantile of the sum of |grad F|^2 over 4000 steps against that over 1000."""
    sums = {
        kind: np.cumsum(
            [
                descend("AdaGrad-Norm", random.stream(seed, "adadagrad.C4", i), steps[-1], batches=kind)[0]
                for i in range(runs)
            ],
            axis=1,
        )
        for kind in BATCHES
    }
    early, late = ({kind: np.quantile(found[:, k - 1], 0.95) for kind, found in sums.items()} for k in steps)
    growth = {kind: late[kind] / early[kind] for kind in BATCHES}

    def plot(figure):
        axes = figure.subplots()
        k = np.unique(np.geomspace(1, steps[-1], 100).round().astype(int))
        for kind, color in BATCHES.items():
            low, middle, high = np.quantile(sums[kind][:, k - 1], (0.05, 0.5, 0.95), axis=0)
            axes.fill_between(k, low, high, color=color, alpha=0.2, linewidth=0)
            axes.plot(k, middle, color=color, label=f"{kind}: median, 5% to 95%")
        axes.set(xscale="log", yscale="log", xlabel="step K", ylabel="sum of |grad F|² over K steps")
        axes.set_title(f"{runs} runs: with growing batches the sum stops growing in the bad runs too")
        axes.legend()

    return Outcome(
        [
            at_most("95% quantile of the sum over 4000 steps / over 1000, growing batches", growth[GROWING], 1.3),
            reported("the same, constant batches of 4 (2 if it grows like the root)", growth[CONSTANT]),
            reported("the same, doubled every 50 steps", growth[DOUBLED]),
        ],
        plot,
    )
