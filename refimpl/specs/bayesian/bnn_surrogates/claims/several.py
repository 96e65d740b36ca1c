"""Deep kernels against fully stochastic networks, and several objectives with surrogates: C9, C10."""

from functools import partial

import numpy as np

from refimpl.bayesian import _bnn_surrogates_fits as fits
from refimpl.bayesian import _bnn_surrogates_models as models
from refimpl.bayesian import bnn_surrogates as rule
from refimpl.core.random import stream
from refimpl.specs.base import Claim, Outcome, at_most, reported
from refimpl.specs.bayesian.bnn_surrogates.claims.foundations import BLUE, GREEN, GREY, ORANGE
from refimpl.specs.bayesian.bnn_surrogates.claims.rankings import SEARCH, SURROGATES, curve

RUNS, TOP = 8, 3.32237
COLORS = {
    "GP": BLUE,
    "DKL": ORANGE,
    "HMC": GREEN,
    "SGHMC": "#CC79A7",
    "I-BNN": ORANGE,
    "Laplace": GREEN,
    "random": GREY,
}


def uniform(rng, initial, evaluations, d):
    """The same first points, and random ones after them."""
    return np.concatenate([fits.first_points(rng, initial, d), rng.uniform(size=(evaluations, d))])


def deep_kernels(seed):
    """Regret on Hartmann's function in six dimensions."""
    found: dict[str, list] = {name: [] for name in ("GP", "DKL", "HMC", "SGHMC", "random")}
    for k in range(RUNS):
        for name, rows in found.items():
            rng = stream(seed, "bnn_surrogates.C9", k)
            if name == "random":
                y = models.hartmann(uniform(rng, 12, 12, 6))
            else:
                _, y = fits.optimise(models.hartmann, SURROGATES[name], rng, 6, initial=12, evaluations=12, **SEARCH)
            rows.append(TOP - curve(y, 12))
    rows = {name: np.array(values) for name, values in found.items()}
    last = {name: values[:, -1].mean() for name, values in rows.items()}
    apart = rows["DKL"][:, -1] - rows["HMC"][:, -1]

    def plot(figure):
        axes = figure.subplots()
        for name, values in rows.items():
            axes.plot(np.arange(13), values.mean(axis=0), color=COLORS[name], label=name)
        axes.axhline(last["HMC"], color=GREY, linestyle=":", label="bound on DKL at the end")
        axes.set(xlabel="evaluations after the first twelve", ylabel="mean regret", ylim=(0, None),
                 title="Hartmann, six dimensions: deep kernels and stochastic networks")  # fmt: skip
        axes.legend(frameon=False, fontsize=8)

    return Outcome(
        [
            at_most("regret of DKL / of HMC", last["DKL"] / last["HMC"], 1.0),
            at_most("regret of DKL / of SGHMC", last["DKL"] / last["SGHMC"], 1.0),
            reported("DKL - HMC, in standard errors of eight pairs", apart.mean() / (apart.std(ddof=1) / RUNS**0.5)),
            *(reported(f"mean regret, {name}", value) for name, value in last.items()),
        ],
        plot,
        "Means of 8 runs of 12 + 12 evaluations; fits cut as in C4.",
    )


OBJECTIVES = {  # function, dimension, reference point
    "Branin-Currin": (models.branin_currin, 2, np.array([-400.0, -20.0])),
    "DTLZ5": (models.dtlz5, 3, np.array([-2.0, -2.0])),
}
SEVERAL = {"initial": 6, "evaluations": 10, "candidates": 64, "generations": 2}


def best_volume(objective, d, reference):
    """Of 20,000 points, which no run of 16 reaches."""
    values = objective(stream(0, "bnn_surrogates.C10", "best").uniform(size=(20_000, d)))
    return float(rule.hypervolume(values, reference))


def several(seed):
    """Share of the volume that is missing after 16 evaluations."""
    names = {"GP": partial(fits.gaussian_process, iterations=20), "I-BNN": SURROGATES["I-BNN"],
             "Laplace": SURROGATES["Laplace"]}  # fmt: skip
    missing: dict[str, dict[str, np.ndarray]] = {}
    for kind, (objective, d, reference) in OBJECTIVES.items():
        whole = best_volume(objective, d, reference)
        share = lambda y, whole=whole, reference=reference: [
            1 - float(rule.hypervolume(y[:n], reference)) / whole for n in range(6, 17)
        ]
        found: dict[str, list] = {name: [] for name in (*names, "random")}
        for k in range(RUNS):
            draw = partial(stream, seed, "bnn_surrogates.C10", kind, k)
            for name, fit in names.items():
                _, y = fits.optimise_several(objective, fit, draw(), d, reference=reference, **SEVERAL)
                found[name].append(share(y))
            found["random"].append(share(objective(uniform(draw(), 6, 10, d))))
        missing[kind] = {name: np.mean(rows, axis=0) for name, rows in found.items()}
    last = {kind: {name: curve[-1] for name, curve in rows.items()} for kind, rows in missing.items()}

    def plot(figure):
        for axes, (kind, rows) in zip(figure.subplots(1, 2), missing.items(), strict=True):
            for name, values in rows.items():
                axes.plot(np.arange(11), values, color=COLORS[name], label=name)
            axes.axhline(0.5 * rows["random"][-1], color=GREY, linestyle=":", label="bound on the GP at the end")
            axes.set(xlabel="evaluations after the first six", title=kind, ylim=(0, None))
        figure.axes[0].set_ylabel("share of the hypervolume missing")
        figure.axes[1].legend(frameon=False, fontsize=8)

    return Outcome(
        [
            *(at_most(f"{kind}: volume missing by the GP / by random points", rows["GP"] / rows["random"], 0.5)
              for kind, rows in last.items()),
            *(reported(f"{kind}: share of the volume missing, {name}", value) for kind, rows in last.items()
              for name, value in rows.items()),
        ],
        plot,
        "Means of 8 runs of 6 + 10 evaluations, each objective with a surrogate of its own, the expected gain in "
        "hypervolume from 128 draws. All of the volume: that of 20,000 random points.",
    )  # fmt: skip


CLAIMS = (
    Claim(
        id="bnn_surrogates.C9",
        statement="Full stochasticity may be unnecessary: deep kernels are no worse than fully stochastic networks",
        source="finding (iii); abstract",
        experiment=deep_kernels,
        tier="full",
        kind="superiority",
        control="a GP and random points, at equal evaluations and from the same first points",
        showed="as good",
        proxy="widths of 16, single points, 12 + 12 evaluations, 8 runs; fits are cut, and judge the cut",
    ),
    Claim(
        id="bnn_surrogates.C10",
        statement="With several objectives a surrogate for each is ahead of random points",
        source="the section on several objectives",
        experiment=several,
        tier="full",
        kind="superiority",
        control="random points, equal evaluations and the same first points",
        showed="behind",
        proxy="two objectives in two and three dimensions, single points, 6 + 10 evaluations, 8 runs",
    ),
)
