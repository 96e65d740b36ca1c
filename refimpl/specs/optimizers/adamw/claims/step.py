"""The experiments on the step of Adam and AMSGrad: C7 to C9."""

import math

import numpy as np

from refimpl.core import random
from refimpl.optimizers import adamw
from refimpl.specs.base import Outcome, at_least, at_most, reported, within

BLUE, ORANGE, GREEN, GRAY = "#0072B2", "#D55E00", "#009E73", "0.45"  # told apart with any color vision


def _steps(grads, beta1, beta2, **state):
    """Lengths of Adam's steps, in units of the learning rate, from moments of 0 at some step number."""
    theta, state, out = np.zeros(1), adamw.init(np.zeros(1))._replace(**state), []
    for g in grads:
        step, state = adamw.update(theta, state, np.array([g]), lr=1.0, beta1=beta1, beta2=beta2, weight_decay=0.0)
        out.append(abs(float(step[0])))
    return np.array(out)


def step_bound(seed):
    """The longest steps: after a long silence, and under gradients that grow as the bound's proof would have it."""
    late, rates = {"steps": 100_000}, ((0.9, 0.999), (0.9, 0.99))
    measurements, curves = [], {}
    for b1, b2 in rates:
        paper = max(1.0, (1 - b1) / math.sqrt(1 - b2))
        spike = _steps([1.0] + 30 * [0.0], b1, b2, **late)
        growing = _steps((b2 / b1) ** np.arange(100), b1, b2, **late)
        sharp = (1 - b1) / math.sqrt((1 - b2) * (1 - b1**2 / b2))
        name = f"beta = ({b1:g}, {b2:g})"
        measurements += [
            reported(f"the paper's bound on |step| / lr, {name}", paper),
            at_most(
                f"longest step / the paper's bound, one gradient after silence, {name}", spike.max() / paper, 1 + 1e-6
            ),
            at_most(f"longest step / the paper's bound, growing gradients, {name}", growing.max() / paper, 1 + 1e-6),
            at_most(
                f"longest step / the bound of this page, growing gradients, {name}", growing.max() / sharp, 1 + 1e-6
            ),
        ]
        curves[name] = growing, paper, sharp

    def plot(figure):
        axes = figure.subplots()
        for (name, (growing, paper, sharp)), color in zip(curves.items(), (BLUE, ORANGE), strict=True):
            axes.plot(growing, color=color, label=name)
            axes.axhline(paper, color=color, linestyle="--", linewidth=1)
            axes.axhline(sharp, color=color, linestyle=":", linewidth=1)
        axes.set(xlabel="step under growing gradients", ylabel="|step| / learning rate")
        axes.plot([], "--", color=GRAY, label="the paper's bound")
        axes.plot([], ":", color=GRAY, label="the bound of this page")
        axes.set_title(r"Gradients that grow by $\beta_2 / \beta_1$ break the paper's bound")
        axes.legend()

    return Outcome(
        measurements,
        plot,
        note="The bound holds for the sparsest gradients, for which the paper states it, but these are not the worst: "
        "by Cauchy and Schwarz that are gradients growing by beta2 / beta1, and the sharp bound is "
        "(1 - beta1) / sqrt((1 - beta2) (1 - beta1^2 / beta2)).",
    )


def bias_correction(seed):
    """Steps from the start, with and without the corrections, under noise."""
    rng = random.stream(seed, "adamw.C8")
    d, steps, beta1 = 1000, 200, 0.9
    rms, first = {}, []
    for beta2 in (0.99, 0.999, 0.9999):
        noise = rng.standard_normal((steps, d))
        zero, state, with_it, without = np.zeros(d), adamw.init(np.zeros(d)), [], []
        for gradient in noise:
            step, state = adamw.update(zero, state, gradient, lr=1.0, beta1=beta1, beta2=beta2, weight_decay=0.0)
            with_it.append(np.sqrt(np.mean(step**2)))
            without.append(np.sqrt(np.mean((state.m / (np.sqrt(state.v) + 1e-8)) ** 2)))
        rms[beta2] = np.array(with_it), np.array(without)
        first.append(without[0])

    def plot(figure):
        axes = figure.subplots()
        for (beta2, (with_it, without)), color in zip(rms.items(), (GREEN, BLUE, ORANGE), strict=True):
            axes.plot(with_it, color=color, label=rf"$\beta_2$ = {beta2:g}")
            axes.plot(without, "--", color=color)
        axes.set(yscale="log", xlabel="step", ylabel="root mean square of step / learning rate")
        axes.plot([], "--", color=GRAY, label="without correction")
        axes.set_title("Without bias correction the first steps are too long")
        axes.legend()

    return Outcome(
        [
            at_most("longest step / lr with correction (rms)", max(w.max() for w, _ in rms.values()), 1 + 1e-6),
            at_least("longest step / lr without, beta2 = 0.9999 (rms)", rms[0.9999][1].max(), 9.9),
            within("first step without, beta2 = 0.9999 against 0.99", first[2] / first[0], 9.9, 10.1),
        ],
        plot,
    )


def online(rule, init, *, size, beta2=None, steps=2000, starts=9, alpha=0.5):
    """Paths [steps, starts] on [-1, 1] under slopes `size`, -1, -1, in turn, at steps alpha / sqrt(t).

    `beta2` is 1 / (1 + size^2) if none is given, as in the theorem.
    """
    theta, beta2 = np.linspace(-1, 1, starts), 1 / (1 + size**2) if beta2 is None else beta2
    state, path = init(theta), []
    for t in range(1, steps + 1):
        slope = np.full(starts, size if t % 3 == 1 else -1.0)
        rates = {"lr": alpha / math.sqrt(t), "beta1": 0.0, "beta2": beta2, "weight_decay": 0.0}
        theta, state = rule(theta, state, slope, **rates)
        theta = np.clip(theta, -1, 1)
        path.append(theta)
    return np.array(path)


def adam_does_not_converge(seed):
    """The counterexample of Reddi et al., for two sizes of the rare slope; the best point is -1."""
    sizes = (3.0, 5.0)
    ends, curves = {}, {}
    for name, rule, init, beta2 in (
        ("Adam", adamw.update, adamw.init, None),
        ("AMSGrad", adamw.amsgrad, adamw.amsgrad_init, None),
        ("Adam, beta2 = 0.999", adamw.update, adamw.init, 0.999),
    ):
        paths = {size: online(rule, init, size=size, beta2=beta2) for size in sizes}
        ends[name] = [path[-300:].mean(axis=0) for path in paths.values()]
        curves[name] = paths[3.0]

    def plot(figure):
        axes = figure.subplots()
        for (name, path), color in zip(curves.items(), (BLUE, ORANGE, GREEN), strict=True):
            axes.plot(path[:, ::4], color=color, linewidth=1)
            axes.plot([], color=color, label=name.replace("beta2", r"$\beta_2$"))
        axes.axhline(-1, color=GRAY, linestyle=":", label="best point")
        axes.set(xscale="log", xlabel="step", ylabel="parameter", ylim=(-1.1, 1.1))
        axes.set_title(r"Slopes 3, -1, -1: Adam with the theorem's $\beta_2 = 0.1$ goes to the worst point")
        axes.legend()

    return Outcome(
        [
            at_least("lowest end of Adam, from any start", np.min(ends["Adam"]), 0.8),
            at_most("highest end of AMSGrad, from any start", np.max(ends["AMSGrad"]), -0.8),
            reported("highest end of Adam with beta2 = 0.999", np.max(ends["Adam, beta2 = 0.999"])),
        ],
        plot,
    )
