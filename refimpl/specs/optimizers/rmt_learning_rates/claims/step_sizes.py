"""C4 and C5: the largest step sizes of SGD and Adam against the batch size."""

import numpy as np

from refimpl.core.random import stream
from refimpl.optimizers import adamw
from refimpl.optimizers import rmt_learning_rates as rmt
from refimpl.specs.base import Outcome, at_least, at_most, slope, within

BLUE, ORANGE, GRAY = "#0072B2", "#D55E00", "0.45"  # told apart with any color vision


def diverges(lr, curvatures):
    """Whether SGD on least squares without label noise ends further from the solution than it began."""
    error = np.ones(curvatures.shape[1])
    for curvature in curvatures:
        error = error - lr * (curvature @ error)
        size = error @ error
        if not size < 1e200:
            return True
    return bool(size > error.size)


def largest_stable(rng, scales, batch, steps=250, halvings=14):
    """Geometric bisection between 1e-3 and 1, all step sizes on the same batches."""
    x = rng.standard_normal((steps, batch, scales.size)) * scales
    curvatures, low, high = np.swapaxes(x, 1, 2) @ x / batch, 1e-3, 1.0
    for _ in range(halvings):
        middle = np.sqrt(low * high)
        low, high = (low, middle) if diverges(middle, curvatures) else (middle, high)
    return np.sqrt(low * high)


def sgd_scales_linearly(seed, size=40, top=8.0):
    """Least squares on Gaussian inputs with one large direction, batch sizes 1 to 512, median of three runs."""
    sizes, scales = 2.0 ** np.arange(10), np.sqrt(np.r_[top, np.ones(size - 1)])
    runs = [[largest_stable(stream(seed, "rmt.C4", i, int(b)), scales, int(b)) for b in sizes] for i in range(3)]
    found = np.median(runs, axis=0)
    theory = rmt.max_lr(top + (top + size - 1 + top) / sizes)  # mean-square: E(xx^T)^2 = 2 S^2 + S tr S

    def plot(figure):
        axes = figure.subplots()
        axes.plot(sizes, found, "o", color=BLUE, label="measured")
        axes.plot(sizes, theory, color=ORANGE, label=r"$2 / (\lambda_1 + (\mathrm{tr}\,\Sigma + \lambda_1) / b)$")
        axes.plot(sizes[:6], found[0] * sizes[:6], ":", color=GRAY, label="linear")
        axes.axhline(2 / top, color=GRAY, linestyle="--", label=r"$2 / \lambda_1$")
        axes.set(xscale="log", yscale="log", xlabel="batch size (samples)", ylabel="largest stable step size")
        axes.set_title("SGD: linear in the batch size, until the curvature of the data limits it")
        axes.legend()

    return Outcome(
        [
            at_least("slope for b <= 4", slope(sizes[:3], found[:3]), 0.75),
            at_least("smallest measured / predicted", (found / theory).min(), 0.9),
            at_most("largest measured / predicted", (found / theory).max(), 1.8),
            within("step size at b = 512, in 2 / lambda_1", found[-1] * top / 2, 0.95, 1.05),
        ],
        plot,
        note="The prediction is where the mean square stops to shrink; single runs shrink a little beyond it.",
    )


def noise_floors(rng, lrs, batch, method, size=20, steps=1500, noise=2.0):
    """Mean excess loss of the last 300 steps for each step size, all on the same batches."""
    errors = np.full((lrs.size, size), size**-0.5)  # w - w*, at distance 1
    state, total = adamw.init(errors), 0.0
    for k in range(steps):
        x = rng.standard_normal((batch, size))
        gradient = (errors @ x.T - noise * rng.standard_normal(batch)) @ x / batch
        gradient = np.clip(gradient, -1e100, 1e100)  # of runs that have long diverged
        if method == "Adam":
            moved, state = adamw.update(errors, state, gradient, lr=1.0, weight_decay=0.0)
            gradient = errors - moved
        errors = np.clip(errors - lrs[:, None] * gradient, -1e50, 1e50)
        if k >= steps - 300:
            total = total + 0.5 * np.sum(errors * errors, axis=1)
    return total / 300


def largest_good(lrs, floors, goal=0.05):
    """Where the floor crosses the goal for the last time, between two points of the grid."""
    i = np.flatnonzero(floors <= goal)[-1]
    return np.exp(np.interp(np.log(goal), np.log(floors[i : i + 2]), np.log(lrs[i : i + 2])))


def sgd_linear_adam_root(seed):
    """Regression on a stream with noisy labels: the largest step size whose floor is low enough."""
    sizes, lrs = np.array([2, 8, 32, 128]), 2.0 ** np.arange(-11, 1.1, 0.5)
    best = {}
    for method in ("SGD", "Adam"):
        largest = [
            [largest_good(lrs, noise_floors(stream(seed, "rmt.C5", i, int(b)), lrs, int(b), method)) for b in sizes]
            for i in range(2)
        ]
        best[method] = np.exp(np.log(largest).mean(axis=0))

    def plot(figure):
        axes = figure.subplots()
        for (method, lr), rule, look in zip(
            best.items(),
            ("linear", "sqrt"),
            ({"color": BLUE, "marker": "s"}, {"color": ORANGE, "marker": "o"}),
            strict=True,
        ):
            axes.plot(sizes, lr, linestyle="", **look, label=method)
            axes.plot(sizes, rmt.scale_lr(lr[1], 8, sizes.astype(float), rule=rule), color=look["color"], label=rule)
        axes.set(xscale="log", yscale="log", xlabel="batch size (samples)", ylabel="largest step size (loss <= 0.05)")
        axes.set_title("Step size against batch size: SGD linear, Adam with the root")
        axes.legend()

    note = (
        "Here noise of the gradient limits the step, not curvature; both arguments give these exponents. Steps from "
        "the first start, at distance 2 along one axis, did not arrive at some seeds."
    )
    return Outcome(
        [
            within("slope, SGD", slope(sizes, best["SGD"]), 0.85, 1.15),
            within("slope, Adam", slope(sizes, best["Adam"]), 0.38, 0.62),
        ],
        plot,
        note,
    )
