"""What the estimate of a product is: C1 to C3."""

import math

import numpy as np

from refimpl.attention import _wta_crs_baselines as baselines
from refimpl.attention import wta_crs
from refimpl.core.random import stream
from refimpl.specs.base import Claim, Outcome, at_least, at_most, reported

BLUE, ORANGE, GREEN, PINK, GREY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#777777"  # Okabe and Ito
SIGMAS = (0.0, 0.25, 0.5, 1.0)


def _pairs(rng, m, sigma, n=8):
    """Gaussian factors, both parts of each pair of log-normal size: heavy tails are put in by sigma."""
    X, Y = rng.standard_normal((n, m)), rng.standard_normal((m, n))
    left, right = np.exp(sigma * rng.standard_normal((2, m)))
    return X * left, Y * right[:, None]


def unbiased(seed):
    """The mean of many estimates, in units of what it should be off."""
    draws, k = 6000, 16
    X, Y = _pairs(stream(seed, "wta_crs.C1", "pairs"), 64, 1.2)
    p, exact, measurements, curves = wta_crs.probabilities(X, Y), X @ Y, [], {}
    for kind in ("crs", "wta"):
        u = stream(seed, "wta_crs.C1", kind).random((draws, k))
        off = np.stack([wta_crs.estimate(X, Y, row, kind=kind) for row in u]) - exact
        variance = float(wta_crs.variance(X, Y, p, k, kind=kind))
        means = np.cumsum(off, axis=0) / np.arange(1, draws + 1)[:, None, None]
        curves[kind] = np.sqrt(np.sum(means**2, axis=(1, 2))) / np.linalg.norm(exact)
        ratio = draws * np.sum(means[-1] ** 2) / variance
        spread = np.mean(np.sum(off**2, axis=(1, 2))) / variance
        measurements += [
            at_most(f"{kind}: squared error of the mean of {draws} estimates, over what is expected", ratio, 24),
            at_most(f"{kind}: measured over derived variance, distance from 1", abs(spread - 1), 0.05),
        ]
    biased = math.sqrt(float(wta_crs.variance(X, Y, p, k, kind="topk"))) / np.linalg.norm(exact)
    measurements.append(at_least("topk: relative error, of one estimate as of the mean of many", biased, 0.05))

    def plot(figure):
        axes, steps = figure.subplots(), np.arange(1, draws + 1)
        for kind, colour, label in (("crs", ORANGE, "CRS"), ("wta", BLUE, "WTA-CRS")):
            axes.loglog(steps, curves[kind], color=colour, label=label)
        axes.loglog(steps, curves["crs"][0] / np.sqrt(steps), "--", color=GREY, label="slope $-1/2$")
        axes.axhline(biased, color=GREEN, label="largest pairs, weight 1")
        axes.set(xlabel="estimates averaged", ylabel="relative error of their mean", title="16 of 64 pairs")
        axes.legend(frameon=False)

    return Outcome(
        measurements,
        plot,
        "Of a right program the first number is a weighted mean of squares of normal numbers, 1 on average. Whatever "
        "the weights, it is above 24 with a probability of less than one in a million. With the largest pairs, and "
        "their bias, in place of the draws it would be 50 to 500.",
    )


def theorem(seed):
    """Both variances in closed form, on random problems."""
    rng, found = stream(seed, "wta_crs.C2"), []
    for _ in range(400):
        m, sigma = int(rng.integers(10, 80)), rng.uniform(0, 2)
        k = int(rng.integers(3, m // 2 + 1))
        X, Y = _pairs(rng, m, sigma, n=4)
        p = wta_crs.probabilities(X, Y)
        plan = wta_crs.plan(p, k)
        plain, ours = (float(wta_crs.variance(X, Y, p, k, kind=kind)) for kind in ("crs", "wta"))
        found.append((ours / plain, float(plan.scores.min()) * k, float(plan.mass) - len(plan.winners) / k))
    ratios, factors, shares = np.array(found).T
    better = shares > 0

    def plot(figure):
        axes = figure.subplots()
        axes.plot(factors, ratios, ".", color=BLUE)
        axes.plot([0, 1], [0, 1], "--", color=GREY, label="bound")
        axes.set(xlabel=r"$(1 - p_C)\,k / (k - |C|)$", ylabel="variance: WTA-CRS over CRS", title="400 random problems")
        axes.legend(frameon=False)

    return Outcome(
        [
            at_most("problems where winners hold more than their share and the variance is not smaller",
                    np.sum(ratios[better] >= 1), 0),
            at_most("largest variance ratio over its bound, there", np.max((ratios / factors)[better]), 1.0),
            reported("problems where winners hold more than their share", np.sum(better)),
        ],
        plot,
    )  # fmt: skip


def synthetic(seed):
    """Variances on pairs of log-normal sizes, at equal budget."""
    m, k, problems = 512, 153, 5
    names = ("crs", "bernoulli", "uniform")
    ratios: dict[str, list] = {name: [] for name in names}
    for sigma in SIGMAS:
        found = []
        for problem in range(problems):
            X, Y = _pairs(stream(seed, "wta_crs.C3", str(sigma), problem), m, sigma)
            p = wta_crs.probabilities(X, Y)
            ours, plain = (float(wta_crs.variance(X, Y, p, k, kind=kind)) for kind in ("wta", "crs"))
            rivals = (plain, *(float(baselines.variance(X, Y, p, k, kind=name)) for name in names[1:]))
            found.append([ours / rival for rival in rivals])
        for name, column in zip(names, zip(*found, strict=True), strict=True):
            ratios[name].append(column)

    def plot(figure):
        axes = figure.subplots()
        for name, colour, label in (
            ("crs", ORANGE, "over CRS"), ("bernoulli", PINK, "over Bernoulli"), ("uniform", GREY, "over uniform"),
        ):  # fmt: skip
            axes.plot(SIGMAS, [np.mean(column) for column in ratios[name]], "o-", color=colour, label=label)
        axes.axhline(1.0, color="black", linewidth=0.8)
        axes.set(
            xlabel=r"spread $\sigma$ of the sizes of pairs", ylabel="variance of WTA-CRS", title="153 of 512 pairs"
        )
        axes.legend(frameon=False)

    return Outcome(
        [
            at_most("WTA-CRS over CRS at sigma = 1, the largest of five problems", max(ratios["crs"][-1]), 0.45),
            *(reported(f"WTA-CRS over CRS at sigma = {s:g}", np.mean(column))
              for s, column in zip(SIGMAS, ratios["crs"], strict=True)),
            at_most("WTA-CRS over Bernoulli sampling, the least over all sigma",
                    min(min(column) for column in ratios["bernoulli"]), 1.0),
            *(reported(f"WTA-CRS over uniform sampling at sigma = {s:g}", np.mean(column))
              for s, column in zip(SIGMAS, ratios["uniform"], strict=True)),
        ],
        plot,
        "The sizes of the pairs are ours: the advantage over CRS is what sigma puts in. Bernoulli sampling keeps the "
        "same winners, gives the rest the same weights and needs no draws with replacement.",
    )  # fmt: skip


CLAIMS = (
    Claim("wta_crs.C1", "CRS and WTA-CRS estimate a product without bias; keeping the largest pairs does not",
          "Theorem 1; abstract, 'unbiased estimators'", unbiased, kind="identity",
          tuned="the bound: 2.5 at first, which a right program misses by chance (2.69 at seed 0)"),
    Claim("wta_crs.C2", "WTA-CRS has a smaller variance than CRS wherever the winners hold more than their share of "
          "the budget", "Theorem 2", theorem, kind="identity"),
    Claim("wta_crs.C3", "WTA-CRS has a lower variance than the estimators there are, at equal budget",
          "abstract, 'reduced variance'; Section 3.1", synthetic, kind="superiority",
          control="Bernoulli sampling of the same mean budget has a lower variance at every sigma; uniform sampling "
          "without replacement too where sizes are alike",
          showed="as good", proxy="pairs of log-normal sizes stand in for those of a language model",
          tuned="the spread of the sizes, which is all that the gain over CRS depends on"),
)  # fmt: skip
