"""The regret theorem: where it holds (C4) and where it does not (C5)."""

import numpy as np

from refimpl.core.random import stream
from refimpl.optimizers import diffgrad
from refimpl.specs.base import Outcome, at_least, at_most, reported
from refimpl.specs.optimizers.diffgrad.claims.looks import FRICTIONS, GRAY, LOOKS

# C4: regret ---------------------------------------------------------------------------------------------------------


def played(targets, start, name, **settings):
    """Points played against the functions (x - a_t)^2 on [-1, 1], [T, games], one game in each column."""
    run = diffgrad.online(
        lambda x, t: 2 * (x - targets[t - 1]),
        np.full(targets.shape[1], start),
        steps=len(targets),
        project=lambda x: np.clip(x, -1.0, 1.0),
        friction=FRICTIONS[name],
        record=lambda x: {"x": x},
        **settings,
    )
    return np.array(run.history["x"][:-1])


def regret(seed, games=40):
    """Mean regret of games against random targets, at three horizons."""
    horizons = np.array([1_000, 4_000, 16_000])
    targets = stream(seed, "diffgrad.C4").uniform(-1, 1, (horizons[-1], games))
    each, means, fits = {}, {}, {}
    for name in FRICTIONS:
        x = played(targets, 1.0, name, lr=0.5, beta1=0.9, decay=0.999, beta2=0.999)
        found = []
        for T in horizons:
            best = np.mean(targets[:T], axis=0)
            found.append(np.sum((x[:T] - targets[:T]) ** 2 - (best - targets[:T]) ** 2, axis=0))
        each[name], means[name] = np.array(found), np.mean(found, axis=1)
        fits[name] = np.polyfit(np.log(horizons), np.log(means[name] / horizons), 1)
    scaled = means["diffGrad"] / np.sqrt(horizons)
    singles = np.polyfit(np.log(horizons), np.log(np.abs(each["diffGrad"]) / horizons[:, None]), 1)[0]

    def plot(figure):
        axes = figure.subplots()
        for name in FRICTIONS:
            label = f"{name}: fitted slope {fits[name][0]:.2f}"
            axes.plot(horizons, means[name] / horizons, linestyle="none", **LOOKS[name], label=label)
            axes.plot(horizons, np.exp(np.polyval(fits[name], np.log(horizons))), color=LOOKS[name]["color"])
        axes.plot(horizons, means["diffGrad"][0] / np.sqrt(1000 * horizons), "--", color=GRAY, label="slope -1/2")
        axes.set(xscale="log", yscale="log", xlabel="steps T", ylabel=f"regret / T, mean of {games} games")
        axes.set_title("The regret grows no faster than the root of T")
        axes.legend()

    return Outcome(
        [
            at_most("slope of log(mean regret / T) over log T", fits["diffGrad"][0], -0.5),
            at_most("largest ratio of regret / sqrt(T) from one T to the next", max(scaled[1:] / scaled[:-1]), 1),
            *(reported(f"mean regret / sqrt(T), T = {T}", value) for T, value in zip(horizons, scaled, strict=True)),
            reported("the same slope for Adam", fits["Adam"][0]),
            reported("largest slope of a single game", max(singles)),
        ],
        plot,
        note="The bound is for the mean over games; a single one scatters widely about it.",
    )


# C5: where the theorem fails ------------------------------------------------------------------------------------------


def drifts(C, name, *, beta2, steps=30_000, before=0):
    """Paths on [-1, 1], [steps + 1, len(C)], under the gradients C, -1, -1, C, -1, -1, ..., whose best point is -1.

    `before` steps count as taken already: after many of them the bias corrections are 1.
    """
    first, others = np.array(C), np.full(len(C), -1.0)
    x = np.zeros(len(C))
    state, path = diffgrad.init(x)._replace(steps=before), [x]
    for t in range(1, steps + 1):
        rates = {"lr": 0.5 / t**0.5, "beta1": 0.0, "beta2": beta2, "friction": FRICTIONS[name]}
        x, state = diffgrad.update(x, state, first if t % 3 == 1 else others, **rates)
        x = np.clip(x, -1.0, 1.0)
        path.append(x)
    return np.array(path)


def counter_example(seed):
    """The sequence of Reddi, Kale and Kumar (2018), with the small beta2 that it is made for."""
    sizes = (3.0, 6.0, 10.0)
    paths = {
        (C, name, corrected): drifts([C], name, beta2=1 / (1 + C**2), before=0 if corrected else 10**6)[:, 0]
        for C in sizes
        for name, corrected in (("diffGrad", True), ("diffGrad", False), ("Adam", True))
    }
    usual = {name: drifts(sizes, name, beta2=0.999) for name in FRICTIONS}
    lowest = lambda name, corrected: min(paths[C, name, corrected][-1] for C in sizes)
    highest = lambda name: max(usual[name][-1])

    def plot(figure):
        axes = figure.subplots()
        for label, style in (("1 / 37", "-"), ("0.999", "--")):
            for name in FRICTIONS:
                path = paths[6.0, name, True] if style == "-" else usual[name][:, sizes.index(6.0)]
                t = np.arange(1, len(path) + 1)
                chosen = np.unique(np.geomspace(1, len(path), 400).astype(int)) - 1
                look = LOOKS[name] | {"markevery": 40, "markersize": 4}
                axes.plot(t[chosen], path[chosen], style, **look, label=rf"{name}, $\beta_2$ = {label}")
        axes.axhline(-1, color=GRAY, linewidth=1)
        axes.text(1.2, -0.96, "best fixed point", color=GRAY, va="bottom")
        axes.set(xscale="log", xlabel="step", ylabel="position", ylim=(-1.1, 1.1))
        axes.set_title("Gradients 6, -1, -1, ...: a short memory walks both to the worst point")
        axes.legend(loc="center right", fontsize=9)

    return Outcome(
        [
            at_least("lowest final x of diffGrad (best -1)", lowest("diffGrad", True), 0.9),
            at_least("the same without bias correction", lowest("diffGrad", False), 0.9),
            at_least("lowest final x of Adam", lowest("Adam", True), 0.9),
            at_most("highest final x of diffGrad with beta2 = 0.999", highest("diffGrad"), -0.9),
            at_most("highest final x of Adam with beta2 = 0.999", highest("Adam"), -0.9),
        ],
        plot,
        note="C = 3, 6, 10 with beta1 = 0, beta2 = 1 / (1 + C^2), which the theorem allows; the regret is linear. The "
        "failure needs this small beta2.",
    )
