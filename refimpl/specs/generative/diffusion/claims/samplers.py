"""Samplers: the law that they return, where their errors come from, and guidance. C1, C4, C6."""

import numpy as np

from refimpl.core.random import stream
from refimpl.generative import _diffusion_models as models
from refimpl.generative import diffusion
from refimpl.models import mixture as mixtures
from refimpl.models.mixture import Mixture
from refimpl.specs.base import Claim, Outcome, at_least, at_most, reported

ORANGE, BLUE, GREEN, PINK, SKY, GREY = "#D55E00", "#0072B2", "#009E73", "#CC79A7", "#56B4E9", "0.45"
THREE = Mixture(np.array([0.3, 0.5, 0.2]), np.array([[-3.0], [0.0], [2.5]]), np.array([0.25, 0.16, 0.36]))
SAMPLERS = {  # name -> kind, eta, scores a step, color
    "Euler-Maruyama": ("em", 0.0, 1, GREY),
    "exponential": ("exp", 0.0, 1, PINK),
    "Heun, no noise": ("heun", 0.0, 2, GREEN),
    "DDPM, large": ("ddpm_large", 0.0, 1, "black"),
    "DDPM, small": ("ddpm_small", 0.0, 1, BLUE),
    "DDIM, eta 0": ("ddim", 0.0, 1, ORANGE),
    "DDIM, eta 1": ("ddim", 1.0, 1, SKY),
}


# C1 ------------------------------------------------------------------------------------------------------------------


def drawn(name, mixture, start, rng, steps):
    """Samples along a geometric grid."""
    kind, eta, _, _ = SAMPLERS[name]
    score = lambda x, t: models.mixture_score(x, t, mixture)
    return diffusion.sample(score, start, diffusion.grid(N=steps), rng, kind=kind, eta=eta).state


def data_law(seed):
    """Every sampler with the exact score; and what each needs."""
    start = stream(seed, "diffusion.C1", "start").standard_normal((4000, 1))
    samples = {name: drawn(name, THREE, start, stream(seed, "diffusion.C1", name), 300) for name in SAMPLERS}
    found = {name: mixtures.kolmogorov(x, THREE) for name, x in samples.items()}
    budgets, wide = (10, 20, 40, 80), stream(seed, "diffusion.C1", "wide").standard_normal((20000, 1))
    away = lambda *run: mixtures.kolmogorov(drawn(*run), THREE)
    at_cost = {
        name: [away(name, THREE, wide, stream(seed, "diffusion.C1", name, calls), calls // per) for calls in budgets]
        for name, (_, _, per, _) in SAMPLERS.items()
    }

    def plot(figure):
        left, right = figure.subplots(1, 2)
        x = np.linspace(-5.0, 5.0, 400)
        bins = np.linspace(-5.0, 5.0, 61)
        left.fill_between(x, np.exp(mixtures.log_density(x[:, None], THREE)), color="0.85", label="data")
        for name, draws in samples.items():
            left.hist(draws[:, 0], bins, density=True, histtype="step", color=SAMPLERS[name][3])
        left.set(title="300 steps: all return the data", xlabel="x", ylabel="density")
        left.legend(frameon=False)
        for name, values in at_cost.items():
            right.loglog(budgets, values, "o-", color=SAMPLERS[name][3], label=name, markersize=4)
        right.axhline(1.36 / 20000**0.5, color=GREY, linestyle=":", label="of 20,000 exact draws")
        right.set(title="few scores: they differ", xlabel="scores asked for", ylabel="distance from the data")
        right.set_xticks(budgets, map(str, budgets))
        right.minorticks_off()
        right.legend(frameon=False, fontsize=7)

    bounded = [at_most(f"Kolmogorov-Smirnov distance, {name}", value, 0.04) for name, value in found.items()]
    spread = [max(values[i] for values in at_cost.values()) for i in (0, 3)]
    return Outcome(
        [
            *bounded,
            reported("largest distance with 10 scores a sample, 20,000 samples", spread[0]),
            reported("largest distance with 80 scores a sample", spread[1]),
        ],
        plot,
        "Of 4,000 exact draws 95 % are within 0.0215.",
    )


# C4 ------------------------------------------------------------------------------------------------------------------


def divergence(T, N, error=0.0, mean=2.0, variance=0.5):
    """Of the exponential integrator on uniform times, exactly."""
    times = np.array(diffusion.grid(T, 0.01, N, spacing="uniform"))
    return float(models.gaussian_law("exp", mean, variance, times, error=error).kl)


def slope(x, y):
    """Of a straight line through the points."""
    return float(np.polyfit(x, y, 1)[0])


def three_errors(seed):
    """Initialisation, discretisation and score error, each alone, for a Gaussian of mean 2 and a random one."""
    rng = stream(seed, "diffusion.C4")
    other = {"mean": float(rng.uniform(0.5, 3.0)), "variance": float(np.exp(rng.uniform(np.log(0.2), np.log(2.0))))}
    horizons, steps, errors = (2.0, 4.0, 6.0), (50, 100, 200, 400, 800), (0.1, 0.3, 0.6)
    laws = {"mean 2, variance 0.5": {"mean": 2.0, "variance": 0.5}, "random mean and variance": other}
    start = {k: [divergence(T, 40000, **law) for T in horizons] for k, law in laws.items()}
    grid = {k: [divergence(12.0, N, **law) for N in steps] for k, law in laws.items()}
    score = [divergence(6.0, 8000, error=e, mean=0.0) / (e**2 * 6.0 / 2) for e in errors]
    found = []
    for name in laws:
        found += [
            at_most(f"slope of the log of KL in T, {name}", slope(horizons, np.log(start[name])), -0.95),
            at_most(f"slope of the log of KL in log N, {name}", slope(np.log(steps), np.log(grid[name])), -0.95),
        ]
    found.append(at_most("KL over (error^2 T / 2), the largest of three", max(score), 1.0))

    def plot(figure):
        first, second, third = figure.subplots(1, 3)
        for (name, values), color in zip(start.items(), (ORANGE, BLUE), strict=True):
            first.semilogy(horizons, values, "o-", color=color, label=name)
            second.loglog(steps, grid[name], "o-", color=color)
        first.semilogy(horizons, start["mean 2, variance 0.5"][0] * np.exp(2.0 - np.array(horizons)), ":", color=GREY,
                       label="the bound's slope")  # fmt: skip
        second.loglog(steps, grid["mean 2, variance 0.5"][0] * 50 / np.array(steps), ":", color=GREY)
        first.set(xlabel="horizon T", title="start at N(0, 1)", ylabel="divergence")
        second.set(xlabel="steps N", title="steps")
        second.set_xticks((50, 200, 800), ("50", "200", "800"))
        second.minorticks_off()
        first.legend(frameon=False, fontsize=7)
        third.plot(errors, score, "o-", color=GREEN)
        third.axhline(1.0, color=GREY, linestyle=":")
        third.set(xlabel="error of the score", title="share of the bound", ylim=(0, 1.1))

    note = (
        "One-dimensional Gaussians only, followed exactly. The bound, a worst case, allows -1; here both are near -2. "
        "The error of the score is a constant."
    )
    return Outcome(found, plot, note)


# C6 ------------------------------------------------------------------------------------------------------------------

PAIR = Mixture(np.array([0.5, 0.5]), np.array([[1.0, 0.0], [-1.0, 0.0]]), np.ones(2))
STRENGTHS = (0.0, 1.0, 3.0, 8.0)


def untuned(rng):
    """In how many of six random mixtures of three classes confidence rises, total variance falls to 3, and to 8."""
    score = lambda mixture, eta: lambda x, t: models.guided_score(x, t, mixture, 0, eta=eta)
    counts = np.zeros(3, dtype=int)
    for _ in range(6):
        mixture = Mixture(np.full(3, 1 / 3), 1.5 * rng.standard_normal((3, 2)), rng.uniform(0.25, 1.5, 3))
        start, times, told = rng.standard_normal((1000, 2)), diffusion.grid(N=100), []
        for eta in STRENGTHS:
            x = diffusion.sample(score(mixture, eta), start, times, rng, kind="exp").state
            told.append((mixtures.responsibilities(x, mixture)[:, 0].mean(), x.var(axis=0).sum()))
        gain, change = np.diff(np.array(told), axis=0).T
        counts += [gain.min() > 0, change[:2].max() < 0, change[2] < 0]
    return tuple(int(count) for count in counts)


def between_modes(points):
    """Largest difference of the two guided scores at some points, at three times and all strengths."""
    modes = lambda t, eta: (models.guided_score(points, t, PAIR, 0, eta=eta, mode=m) for m in ("free", "classifier"))
    return max(float(np.abs(np.subtract(*modes(t, eta))).max()) for t in (0.01, 0.5, 3.0) for eta in STRENGTHS)


def guided(seed, start, eta, steps=300):
    """Samples of the class on the right."""
    score = lambda x, t: models.guided_score(x, t, PAIR, 0, eta=eta)
    draws = stream(seed, "diffusion.C6", str(eta), steps)
    return diffusion.sample(score, start, diffusion.grid(N=steps), draws, kind="exp").state


def most_confident(draws):
    """Of several samples each, [draws, samples, 2], the one that is most surely of the class."""
    odds = np.stack([mixtures.responsibilities(x, PAIR)[:, 0] for x in draws])
    return draws[np.argmax(odds, axis=0), np.arange(draws.shape[1])]


def told(x):
    """Confidence in the class, and the variance across."""
    return float(mixtures.responsibilities(x, PAIR)[:, 0].mean()), float(x[:, 0].var())


def trade(rng, seed, count=3000, steps=300):
    """Samples, confidence and spread by strength; and of two controls at as many scores."""
    start = rng.standard_normal((count, 2))
    samples = {eta: guided(seed, start, eta, steps) for eta in STRENGTHS}
    found = {eta: told(x) for eta, x in samples.items()}
    longer = told(guided(seed, start, 0.0, 2 * steps))
    several = guided(seed, np.concatenate([start, rng.standard_normal((3 * count, 2))]), 0.0, steps)
    chosen = {of: told(most_confident(several.reshape(4, count, 2)[:of])) for of in (2, 4)}
    return samples, found, longer, chosen


def draw_trade(figure, samples, found, longer, chosen):
    """Samples on the left, confidence and spread on the right."""
    left, right = figure.subplots(1, 2)
    for eta, color in zip((8.0, 3.0, 0.0), (ORANGE, BLUE, GREY), strict=True):
        left.plot(*samples[eta][:700].T, ".", color=color, markersize=2, label=f"eta = {eta:g}")
    left.plot(*PAIR.means.T, "k+", markersize=10)
    left.set(aspect="equal", title="samples of the class on the right", ylim=(-3.6, 5.2))
    left.legend(frameon=False, markerscale=4)
    confidence, spread = np.array(list(found.values())).T
    right.plot(confidence, spread, "o-", color=ORANGE, label="guidance")
    for eta, at in found.items():
        right.annotate(f"{eta:g}", at, xytext=(-12, -9), textcoords="offset points", color=ORANGE)
    right.plot(*np.array(list(chosen.values())).T, "s", color=GREEN, label="most confident of 2, of 4")
    right.plot(*longer, "D", color=GREY, label="no guidance, twice the steps")
    right.set(xlabel="confidence in the class", ylabel="variance across", title="the trade")
    right.legend(frameon=False)


def guidance(seed):
    """Confidence and spread by strength; two controls at as many scores."""
    rng = stream(seed, "diffusion.C6")
    gap = between_modes(2 * rng.standard_normal((500, 2)))
    samples, found, longer, chosen = trade(rng, seed)
    confidence, spread = ([found[eta][i] for eta in STRENGTHS] for i in (0, 1))
    rises, falls, falls_on = untuned(rng)
    return Outcome(
        [
            at_most("largest difference of the two guided scores", gap, 1e-6),
            at_least("smallest gain of confidence between strengths 0, 1, 3, 8", min(np.diff(confidence)), 1e-12),
            at_most("largest change of variance from 0 to 1 and from 1 to 3", max(np.diff(spread)[:2]), -1e-12),
            at_most("change of variance from 3 to 8", spread[3] - spread[2], 0.03),
            reported("confidence at 1", confidence[1]),
            reported("variance at 1", spread[1]),
            reported("confidence of the better of two plain samples", chosen[2][0]),
            reported("its variance", chosen[2][1]),
            reported("confidence without guidance, twice the steps", longer[0]),
            reported("of six random mixtures of three: confidence rises with each strength", rises),
            reported("their total variance falls up to 3", falls),
            reported("and from 3 to 8", falls_on),
        ],
        lambda figure: draw_trade(figure, samples, found, longer, chosen),
        "Two round Gaussians; the variance is that across.",
    )


CLAIMS = (
    Claim(
        "diffusion.C1",
        "With the right score every sampler returns the law of the data: with noise or without, in one sense or "
        "another",
        "Sections on samplers, as a statement on the limit of small steps",
        data_law,
        tier="full",
        kind="behaviour",
        control="equal numbers of scores, Heun's two a step counted: from about 80 on all are close to the data; below "
        "they differ by factors, and no order holds throughout",
        showed="as good",
    ),
    Claim(
        "diffusion.C4",
        "The sampling error has three parts: the start, which falls as exp(-T); the score, at most error^2 T / 2; and "
        "the steps, which vanish with N",
        "theorem on the sampling error",
        three_errors,
        tier="full",
        kind="rate",
    ),
    Claim(
        "diffusion.C6",
        "With exact scores classifier guidance is classifier-free guidance; guidance raises confidence and lowers "
        "diversity",
        "Section on guidance",
        guidance,
        tier="full",
        kind="behaviour",
        control="two scores a step: without guidance and with twice the steps nothing changes; the more confident of "
        "two plain samples makes the same trade as a strength of 1, the best of four that of 3; guidance goes further. "
        "Six random mixtures of three classes, untuned, are counted: confidence rises in all, spread not always falls",
        showed="as good",
        tuned="components of variance 1: with 0.5 or less the last two variances are equal. From 3 to 8 the variance "
        "may rise by 0.03, for it has nearly stopped to fall",
    ),
)
