"""The size of the steps (C1), and three functions of one variable (C2, C3)."""

import numpy as np

from refimpl.core.random import stream
from refimpl.optimizers import adamw, diffgrad
from refimpl.optimizers._diffgrad_functions import FUNCTIONS
from refimpl.specs.base import Outcome, at_least, at_most, reported, within
from refimpl.specs.optimizers.diffgrad.claims.looks import FRICTIONS, GRAY, HALF, LOOKS

# C1: the size of the steps ---------------------------------------------------------------------------------------


def steps_beside_adam(seed, steps=50, d=5):
    """Steps of diffGrad over those of Adam on the same gradients, at three scales."""
    gradients = stream(seed, "diffgrad.C1").standard_normal((steps, d))
    ratios = {}
    for scale in (1e-6, 1.0, 1e6):
        rest, found = np.zeros(d), []  # each step is taken from 0, so that it can be read off without rounding
        state, adam = diffgrad.init(rest), adamw.init(rest)
        for g in scale * gradients:
            ours, state = diffgrad.update(rest, state, g, lr=0.1, eps=0.0)
            theirs, adam = adamw.update(rest, adam, g, lr=0.1, eps=1e-300, weight_decay=0.0)
            found.append(ours / theirs)
        ratios[scale] = np.array(found)
    largest = max(np.max(r) for r in ratios.values())
    smallest = min(np.min(r) for r in ratios.values())

    def plot(figure):
        axes = figure.subplots()
        size = np.abs(np.diff(gradients, axis=0, prepend=0)).ravel()
        looks = (("#009E73", "^"), ("#D55E00", "o"), ("#0072B2", "s"))
        for (scale, ratio), (color, marker) in zip(ratios.items(), looks, strict=True):
            label = f"gradients times {scale:g}"
            axes.plot(scale * size, ratio.ravel(), marker, color=color, markersize=4, label=label)
        axes.set(xscale="log", xlabel="change of the gradient in a coordinate", ylabel="step / Adam's step")
        axes.set_title(f"{steps} steps each: from half of Adam's to Adam's, by the size of the change")
        axes.legend()

    return Outcome(
        [
            within("mean ratio of steps, gradients times 1e-6", np.mean(ratios[1e-6]), 0.499, 0.501),
            within("mean ratio of steps, gradients times 1", np.mean(ratios[1.0]), 0.501, 0.999),
            within("mean ratio of steps, gradients times 1e6", np.mean(ratios[1e6]), 0.999, 1.001),
            at_least("smallest ratio (to rounding)", smallest, 0.5 - 1e-14),
            at_most("largest ratio (to rounding)", largest, 1 + 1e-14),
        ],
        plot,
        note="The friction depends on the scale of the loss: times a small constant it makes diffGrad Adam at half the "
        "rate, times a large one Adam.",
    )


# C2 and C3: three functions of one variable ------------------------------------------------------------------------

STUDY = {"lr": 0.1, "beta1": 0.95, "beta2": 0.999}


def study_path(slope, name, steps=299, **settings):
    """Positions from the start at -1, [steps + 1]."""
    record = lambda x: {"x": float(x[0])}
    settings = STUDY | {"friction": FRICTIONS[name], "record": record} | settings
    return np.array(diffgrad.minimize(slope, np.array([-1.0]), steps=steps, **settings).history["x"])


def notebook_slope(x):
    """The derivative of F2 in the authors' notebook, which lacks the inner derivative 8 of the cosine's term."""
    return np.where(x <= -0.9, -40.0, 3 * x**2 + np.sin(8 * x) + x * np.cos(8 * x))


def synthetic_study(seed):
    """Both methods on the three functions, with the settings of the authors' notebook."""
    paths = {(key, name): study_path(f.slope, name) for key, f in FUNCTIONS.items() for name in FRICTIONS}
    paths |= {(key, HALF): study_path(f.slope, "Adam", lr=STUDY["lr"] / 2) for key, f in FUNCTIONS.items()}
    notebook = {name: study_path(notebook_slope, name) for name in FRICTIONS}
    ends = {key: path[-1] for key, path in paths.items()}

    def plot(figure):
        for axes, (key, f) in zip(figure.subplots(1, 3, sharey=True), FUNCTIONS.items(), strict=True):
            for place, text in ((f.best, "global"), (f.trap, "local")):
                axes.axhline(place, color=GRAY, linewidth=1, linestyle="--" if text == "local" else "-")
                axes.text(305, place, text, color=GRAY, fontsize=8, va="center")
            for name in (*FRICTIONS, HALF):
                axes.plot(paths[key, name], **LOOKS[name], markevery=30, markersize=4, label=name)
            axes.set(xlabel="update", title=key, xlim=(0, 299))
        figure.axes[0].set_ylabel("position")
        figure.legend(*figure.axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
        figure.suptitle("At the study's rate Adam is caught on F1 and F2, at half of it it is not")

    return Outcome(
        [
            within("F1: end of diffGrad", ends["F1", "diffGrad"], -0.31, -0.29),
            within("F1: end of Adam", ends["F1", "Adam"], 0.19, 0.21),
            within("F2: end of diffGrad", ends["F2", "diffGrad"], -0.653, -0.633),
            within("F2: end of Adam", ends["F2", "Adam"], -0.01, 0.01),
            at_most("F3: |end| of diffGrad", abs(ends["F3", "diffGrad"]), 0.05),
            at_most("F3: |end| of Adam", abs(ends["F3", "Adam"]), 0.05),
            *(reported(f"{key}: end of {HALF}", ends[key, HALF]) for key in FUNCTIONS),
            reported("F2 with the notebook's derivative: end of Adam", notebook["Adam"][-1]),
            reported("F2 with the notebook's derivative: end of diffGrad", notebook["diffGrad"][-1]),
            reported(
                "F2 with the notebook's derivative: diffGrad's swing, last 50", np.ptp(notebook["diffGrad"][-50:])
            ),
        ],
        plot,
        note="On F3 both pass the barrier, and Adam ends nearer to 0. The notebook's derivative of F2 lacks the inner "
        "derivative 8 of one term; with it diffGrad does not settle.",
    )


def smaller_step(seed):
    """The control: the same end points at other rates, and Adam at half the study's rate."""
    rates = np.array([0.02, 0.03, 0.05, 0.07, 0.1, 0.14, 0.2])
    ends = {
        (key, name): np.array([study_path(f.slope, name, lr=float(lr))[-1] for lr in rates])
        for key, f in FUNCTIONS.items()
        for name in FRICTIONS
    }
    half, double = int(np.argmin(np.abs(rates - 0.05))), int(np.argmin(np.abs(rates - 0.2)))
    found = {
        name: sum(np.sum(np.abs(ends[key, name] - f.best) <= 0.05) for key, f in FUNCTIONS.items())
        for name in FRICTIONS
    }

    def plot(figure):
        for axes, (key, f) in zip(figure.subplots(1, 3, sharey=True), FUNCTIONS.items(), strict=True):
            axes.axhline(f.best, color=GRAY, linewidth=1)
            axes.axhline(f.trap, color=GRAY, linewidth=1, linestyle="--")
            axes.axvline(0.1, color=GRAY, linewidth=1, linestyle=":")
            for name, filled in (("Adam", "full"), ("diffGrad", "none")):
                axes.plot(rates, ends[key, name], ":", **LOOKS[name], fillstyle=filled, markersize=8, label=name)
            axes.set(xscale="log", xlabel="learning rate", title=key)
            axes.set_xticks([0.02, 0.05, 0.1, 0.2], ["0.02", "0.05", "0.1", "0.2"])
            axes.minorticks_off()
        figure.axes[0].set_ylabel("position after 299 updates")
        figure.axes[0].legend(loc="upper left")
        figure.suptitle("Adam at half the study's rate of 0.1 finds the global minima (solid) too")

    return Outcome(
        [
            within("F1, lr 0.05: end of Adam", ends["F1", "Adam"][half], -0.31, -0.29),
            within("F1, lr 0.05: end of diffGrad", ends["F1", "diffGrad"][half], -0.31, -0.29),
            within("F1, lr 0.2: end of Adam", ends["F1", "Adam"][double], -0.31, -0.29),
            within("F1, lr 0.2: end of diffGrad", ends["F1", "diffGrad"][double], 0.19, 0.21),
            within("F2, lr 0.05: end of Adam", ends["F2", "Adam"][half], -0.653, -0.633),
            at_most("F3, lr 0.05: |end| of Adam", abs(ends["F3", "Adam"][half]), 0.05),
            *(
                reported(f"runs of {name} that end within 0.05 of the global minimum, of {3 * rates.size}", count)
                for name, count in found.items()
            ),
        ],
        plot,
        note="A constant friction of 1/2 passes C2 too. At twice the rate the roles on F1 are reversed, and below lr "
        "0.05 it is diffGrad that stays in the first local minimum of F3. Over all rates and functions the two end "
        "well about equally often.",
    )
