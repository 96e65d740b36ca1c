"""Weights of samples in linear regression: C2, C2a, C2b, C5, C6, C7."""

import numpy as np

from refimpl.core.random import stream
from refimpl.specs.base import Claim, Outcome, at_least, at_most, reported
from refimpl.training import _loss_reweighting_models as models

LIKE = np.zeros(1)
RIVALS = {
    "Uniform": ("uniform", 1.0, 1), "LinUpper, r = 0.4": ("linupper", 0.4, 1), "LinUpper": ("linupper", 1.0, 1),
    "Quadratic": ("quadratic", 1.0, 1), "Extremes": ("extremes", 1.0, 1), "Uniform, step doubled": ("uniform", 1.0, 2),
    "upper half": ("upper half", 1.0, 1), "groups known": ("groups", 1.0, 1), "weights frozen": ("frozen", 1.0, 1),
}  # fmt: skip


def _problem(seed, claim, runs, **settings):
    return models.regression(stream(seed, f"loss_reweighting.{claim}"), runs=runs, like=LIKE, **settings)


def _curves(seed, claim, problem, names, *, eta, steps, every=10):
    """Relative test losses [records, runs] by name, all on the same batches."""
    found = {}
    for name in names:
        weigh, r, times = RIVALS[name]
        rng = stream(seed, f"loss_reweighting.{claim}", "batches")
        found[name] = models.descend(problem, rng, eta=times * eta, steps=steps, weigh=weigh, r=r, every=every)
    return found


def _steps(curve, every=10):
    """Mean over the runs of the first step at 1 %; a run that does not arrive counts as one record after the last."""
    there = np.concatenate([curve < 0.01, np.ones_like(curve[:1], dtype=bool)])
    return float(every * np.mean(np.argmax(there, axis=0)))


def _shown(axes, curves, every=10, styles=("-", "-", "-", "-", "-", "--", "--", "--", "--")):
    colors = ["#777777", "#56B4E9", "#0072B2", "#009E73", "#D55E00", "#000000", "#CC79A7", "#E69F00", "#8C510A"]
    for name, color, style in zip(RIVALS, colors, styles, strict=True):
        if name in curves:
            mean = np.exp(np.mean(np.log(curves[name]), axis=1))
            axes.semilogy(every * np.arange(len(mean)), mean, style, color=color, label=name)
    axes.set(xlabel="step", ylabel="test loss / that of the start")
    axes.legend(frameon=False, fontsize=8)


def equal_steps(seed):
    """Steps to 1 % of the test loss, all at one step size; with redundant rows and without."""
    names, measured, drawn = [*RIVALS][:5], [], None
    for redundant, eta, steps in ((0.9, 0.01, 1800), (0.0, 0.01, 400)):
        problem = _problem(seed, "C2", 3, redundant=redundant)
        curves = _curves(seed, "C2", problem, names, eta=eta, steps=steps)
        drawn = drawn or curves
        taken = {name: _steps(curve) for name, curve in curves.items()}
        kind = "redundant rows" if redundant else "rows alike"
        ratio = {name: t / taken["Uniform"] for name, t in taken.items()}
        bounds = {"LinUpper": 0.6, "Quadratic": 0.9} if redundant else {"LinUpper": 0.9, "Quadratic": 1.0}
        measured += [
            reported(f"steps of Uniform, {kind}", taken["Uniform"]),
            at_most(f"steps of LinUpper over those of Uniform, {kind}", ratio["LinUpper"], bounds["LinUpper"]),
            at_most(f"steps of LinUpper at r = 0.4 over those at r = 1, {kind}",
                    taken["LinUpper, r = 0.4"] / taken["LinUpper"], 1.0),
            at_most(f"steps of Quadratic over those of Uniform, {kind}", ratio["Quadratic"], bounds["Quadratic"]),
            at_least(f"steps of Extremes over those of Uniform, {kind}", ratio["Extremes"], 1.02),
        ]  # fmt: skip

    def plot(figure):
        axes = figure.subplots()
        _shown(axes, drawn)
        axes.axhline(0.01, color="black", lw=0.8)
        axes.set(title="All at the step size 0.01: LinUpper is first")

    return Outcome(
        measured, plot, "Means of three problems. Nine rows of ten hardly show half of the coordinates: planted."
    )


def what_it_is_worth(seed):
    """A doubled step, the upper half, weights of known groups."""
    names = ["Uniform", "LinUpper", "Uniform, step doubled", "upper half", "groups known"]
    problem = _problem(seed, "C2a", 3)
    curves = _curves(seed, "C2a", problem, names, eta=0.01, steps=1600)
    taken = {name: _steps(curve) for name, curve in curves.items()}

    def plot(figure):
        axes = figure.subplots()
        _shown(axes, curves)
        axes.axhline(0.01, color="black", lw=0.8)
        axes.set(title="So is plain descent with a doubled step")

    return Outcome(
        [
            at_most("steps of LinUpper over those of Uniform", taken["LinUpper"] / taken["Uniform"], 0.6),
            *(
                reported(f"steps of {name} over those of LinUpper", taken[name] / taken["LinUpper"])
                for name in names[2:]
            ),
        ],
        plot,
        "Means of three problems.",
    )


ETAS = (0.1, 0.2, 0.3, 0.45, 0.6, 0.9, 1.2, 1.5)
TUNED = {"Uniform": ("uniform", 1.0), "LinUpper, r = 0.4": ("linupper", 0.4), "LinUpper": ("linupper", 1.0),
         "Quadratic": ("quadratic", 0.4), "upper half": ("upper half", 1.0)}  # fmt: skip


def own_steps(seed):
    """Digits gained in 150 steps, each at its own best step size."""
    problem = _problem(seed, "C2b", 4)
    digits: dict[str, list] = {}
    for name, (weigh, r) in TUNED.items():
        digits[name] = []
        for eta in ETAS:
            rng = stream(seed, "loss_reweighting.C2b", "batches")
            last = models.descend(problem, rng, eta=eta, steps=150, weigh=weigh, r=r, every=150)[-1]
            with np.errstate(divide="ignore"):
                digits[name].append(float(np.mean(-np.log10(last))))
    best = {name: max(found) for name, found in digits.items()}

    def plot(figure):
        axes = figure.subplots()
        colors = ["#777777", "#56B4E9", "#0072B2", "#009E73", "#CC79A7"]
        for (name, found), color in zip(digits.items(), colors, strict=True):
            axes.semilogx(ETAS, np.maximum(found, 0.0), "o-", color=color, label=name)
        axes.set_xticks(ETAS[::2], [f"{eta:g}" for eta in ETAS[::2]])
        axes.minorticks_off()
        axes.set(
            xlabel="step size",
            ylabel="digits gained in 150 steps",
            title="Each at its own best step: LinUpper is behind",
        )
        axes.legend(frameon=False, fontsize=8)

    return Outcome(
        [
            at_least("digits of LinUpper at r = 0.4 less those of Uniform, own best steps",
                     best["LinUpper, r = 0.4"] - best["Uniform"], 0.0),
            *(reported(f"digits of {name}, own best step", found) for name, found in best.items()),
            *(reported(f"best step size of {name}", ETAS[int(np.argmax(digits[name]))])
              for name in ("Uniform", "LinUpper, r = 0.4", "LinUpper")),
        ],
        plot,
        "Means of four problems; a run that diverges has less than no digits.",
    )  # fmt: skip


def wrong_labels(seed):
    """One answer of twenty is grossly wrong."""
    problem = _problem(seed, "C5", 3, wrong=0.05)
    names = ("Uniform", "LinUpper", "Quadratic")
    curves = _curves(seed, "C5", problem, names, eta=0.03, steps=1200)
    half = _curves(seed, "C5", problem, ["LinUpper"], eta=0.015, steps=1200)["LinUpper"]
    late = {name: float(curve[60:].mean()) for name, curve in {**curves, "half": half}.items()}

    def plot(figure):
        axes = figure.subplots()
        _shown(axes, curves)
        axes.set(title="5 % of the answers are grossly wrong")

    return Outcome(
        [
            at_least("late test loss of LinUpper over that of Uniform", late["LinUpper"] / late["Uniform"], 2.5),
            at_least("LinUpper at half the step over Uniform", late["half"] / late["Uniform"], 2.0),
            reported("late test loss of Uniform", late["Uniform"]),
            reported("Quadratic over Uniform", late["Quadratic"] / late["Uniform"]),
        ],
        plot,
        "Means of three problems over steps 600 to 1200.",
    )


def adapting(seed):
    """Weights from the present losses, and from those at the start."""
    problem, names = _problem(seed, "C6", 3), ("LinUpper", "weights frozen")
    curves = _curves(seed, "C6", problem, names, eta=0.01, steps=1200)
    taken = {name: _steps(curve) for name, curve in curves.items()}

    def plot(figure):
        axes = figure.subplots()
        _shown(axes, curves)
        axes.axhline(0.01, color="black", lw=0.8)
        axes.set(title="Weights of the present losses, or of the first ones")

    return Outcome(
        [
            at_most("steps with present weights over those with frozen ones",
                    taken["LinUpper"] / taken["weights frozen"], 0.85),
            *(reported(f"steps, {name}", taken[name]) for name in names),
        ],
        plot,
        "Means of three problems.",
    )  # fmt: skip


def noisy_labels(seed):
    """Losses that cannot reach 0, in training and in the test."""
    sd, etas = 0.5, (0.01, 0.03, 0.06, 0.12, 0.2)
    problem, noisy, clean, curves = _problem(seed, "C7", 3, noise=sd), {}, {}, {}
    start = 0.5 * np.einsum("ri,rij,rj->r", problem.star, problem.gram, problem.star)
    for name in ("Uniform", "LinUpper, r = 0.4"):
        found = []
        for eta in etas:
            curve = _curves(seed, "C7", problem, [name], eta=eta, steps=400)[name]
            with_noise = (start * curve + sd**2 / 2) / (start + sd**2 / 2)
            found.append([float(np.mean(-np.log10(last))) for last in (with_noise[-1], curve[-1])])
        noisy[name], clean[name] = np.max(found, axis=0)
        curves[name] = _curves(seed, "C7", problem, [name], eta=etas[int(np.argmax(found, axis=0)[0])], steps=400)[name]

    def plot(figure):
        axes = figure.subplots()
        _shown(axes, curves)
        axes.set(title="Answers with errors of deviation 0.5, own best steps")

    uniform, ours = noisy
    return Outcome(
        [
            at_most("digits of LinUpper less those of Uniform, own best steps", noisy[ours] - noisy[uniform], 0.1),
            *(reported(f"digits of {name}", found) for name, found in noisy.items()),
            reported("the same difference, test answers without errors", clean[ours] - clean[uniform]),
        ],
        plot,
        "Means of three problems, five step sizes. In the figure the test answers have no errors.",
    )


PLANTED = "rows of two kinds are planted; without them the order stays, and LinUpper needs two thirds of the steps"
CLAIMS = (
    Claim(
        "loss_reweighting.C2",
        "In linear regression LinUpper is fastest and Quadratic faster than equal weights, at an equal step size",
        "abstract, experiments",
        equal_steps,
        kind="superiority",
        control="Plain descent with a doubled step (C2a), and each at its own step (C2b): as good, or better.",
        showed="as good",
        proxy=PLANTED,
    ),
    Claim(
        "loss_reweighting.C2a",
        "LinUpper halves the steps: so do a doubled step and the upper half of the batch alone",
        "ours, on C2",
        what_it_is_worth,
        kind="superiority",
        control="The step doubled, and the larger half of the losses at equal weights: as good. Weights by the planted "
        "groups: a third fewer steps.",
        showed="as good",
        proxy=PLANTED,
    ),
    Claim(
        "loss_reweighting.C2b",
        "The gain is more than that of a larger step: it stays where each has its own best step size",
        "ours, on C2",
        own_steps,
        kind="superiority",
        control="Equal weights at the best of eight step sizes: better, by several digits.",
        showed="as good",
        proxy=PLANTED,
    ),
    Claim(
        "loss_reweighting.C5",
        "With grossly wrong answers LinUpper is worse than equal weights, at half of the step too",
        "ours: a limitation",
        wrong_labels,
        kind="behaviour",
    ),
    Claim(
        "loss_reweighting.C6",
        "Weights adapt as training goes on: those of the present losses are better than those of the first",
        "abstract",
        adapting,
        kind="superiority",
        control="Weights from the losses at the start, the same step: behind.",
        showed="behind",
        proxy=PLANTED,
    ),
    Claim(
        "loss_reweighting.C7",
        "Where losses cannot reach 0, as answers have errors, the test loss does not gain",
        "ours: a limitation",
        noisy_labels,
        kind="behaviour",
    ),
)
