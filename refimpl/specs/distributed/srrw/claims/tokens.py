"""Tokens side by side on a ring with three chords: C1, C2, C3, C5."""

from itertools import pairwise
from typing import NamedTuple

import numpy as np

from refimpl.core.random import stream
from refimpl.distributed import _srrw_models as models
from refimpl.distributed import srrw
from refimpl.problems import graphs
from refimpl.specs.base import Claim, Outcome, at_least, at_most, reported, within

BLUE, ORANGE, GREEN, PINK, GREY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#777777"  # Okabe and Ito
RING = graphs.cycle(8, [(0, 4), (1, 5), (2, 7)])
WALK = srrw.metropolis(RING)
LATE = 50  # about a period of the longest tour


class Path(NamedTuple):
    """What tokens had at some steps."""

    n: np.ndarray  # [k] steps
    theta: np.ndarray  # [k, R, d]
    x: np.ndarray | None  # [k, R, N]; None where nobody counts

    @property
    def spread(self):
        """Trace of the covariance of theta over the tokens [k]: about their mean, for they have a bias in common."""
        return self.theta.var(axis=1, ddof=1).sum(axis=-1)

    def error(self, optimum):
        """Mean square distance to the optimum [k]."""
        return np.mean(np.sum((self.theta - optimum) ** 2, axis=-1), axis=1)


def moments(steps, count=40):
    """Steps at which to look, evenly on a logarithmic axis, and the last `LATE`: a tour is best when it ends."""
    return np.union1d(np.geomspace(10, steps, count).round().astype(int), np.arange(steps - LATE + 1, steps + 1))


def _at(times):
    """A record that keeps what it is given at those steps."""
    step, wanted = iter(range(10**9)), {int(n) for n in times}
    return lambda **values: values if next(step) in wanted else {}


def walk(chain, local, d, *, alpha, steps, rng, tokens=400, start=None, times=None, **rates):
    """Tokens from theta = 0 and random nodes."""
    times = moments(steps) if times is None else times
    keep, nodes = _at(times), rng.integers(len(chain.mu), size=tokens)
    record = lambda theta, state: keep(theta=theta, x=state.x)
    settings = {"steps": steps, "rng": rng, "alpha": alpha, "record": record, **rates}
    _, run = srrw.run(np.zeros((tokens, d)), srrw.init(chain, nodes, start), chain, local, **settings)
    return Path(times, np.stack(run.history["theta"]), np.stack(run.history["x"]))


def follow(sampler, local, d, *, steps, tokens=400, times=None, **rates):
    """The same on nodes from a sampler that knows more than a token."""
    times = moments(steps) if times is None else times
    keep = _at(times)
    record = lambda theta: keep(theta=theta)
    _, run = models.follow(np.zeros((tokens, d)), sampler, local, steps=steps, record=record, **rates)
    return Path(times, np.stack(run.history["theta"]), None)


def quadratic(seed):
    """Where eight nodes pull theta to."""
    return models.Quadratic(stream(seed, "srrw.claims", "C").standard_normal((8, 2)))


# C1: convergence ------------------------------------------------------------------------------------------------


def converges(seed):
    """Frequencies and iterates of tokens whose start is far off."""
    model, start = quadratic(seed), np.array([0.86, *([0.02] * 7)])
    optimum, runs = model.C.mean(axis=0), {}
    for alpha in (0.0, 2.0, 10.0):
        rng = stream(seed, "srrw.C1", f"{alpha}")
        rates = {"steps": 10_000, "rng": rng, "tokens": 50, "a": 0.7, "b": 0.9}
        runs[alpha] = walk(WALK, model.local, 2, alpha=alpha, start=start, **rates)
    variation = {alpha: 0.5 * np.abs(run.x - WALK.mu).sum(axis=-1).mean(axis=1) for alpha, run in runs.items()}
    error = {alpha: np.linalg.norm(run.theta - optimum, axis=-1).mean(axis=1) for alpha, run in runs.items()}

    def plot(figure):
        panels = figure.subplots(1, 2)
        labels = ("total variation of $x_n$ and $\\mu$", r"$\|\theta_n - \theta^*\|$")
        for axes, curves, label in zip(panels, (variation, error), labels, strict=True):
            for (alpha, curve), color in zip(curves.items(), (GREY, BLUE, ORANGE), strict=True):
                axes.loglog(runs[alpha].n, curve, color=color, label=rf"$\alpha = {alpha:g}$")
            axes.set(xlabel="step $n$", ylabel=label)
        panels[0].legend(frameon=False)

    found = [(alpha, variation[alpha][-1], error[alpha][-1]) for alpha in runs]
    return Outcome(
        [
            *(at_most(f"total variation of x and mu, alpha = {alpha:g}", tv, 0.08) for alpha, tv, _ in found),
            *(at_most(f"distance of theta to theta*, alpha = {alpha:g}", gap, 0.04) for alpha, _, gap in found),
        ],
        plot,
        "86 % of x at the start on one node, a = 0.7, b = 0.9, 10,000 steps, means of 50 tokens.",
    )


# C2: the covariance of the frequencies ----------------------------------------------------------------------------


def frequencies(seed):
    """Mean square of x - mu against the trace of the limit covariance."""
    steps, ratios, squares = 10_000, {}, {}
    gamma = lambda n: (n + 1.0) ** -1
    model = models.Quadratic(np.zeros((8, 1)))  # nobody learns
    for alpha in (0.0, 1.0, 5.0):
        rng = stream(seed, "srrw.C2", f"{alpha}")
        run = walk(WALK, model.local, 1, alpha=alpha, steps=steps, rng=rng, a=1.0, b=1.0)
        limit = np.trace(srrw.covariance_x(WALK, alpha=alpha, a=1.0))
        squares[alpha] = run.n, np.sum((run.x - WALK.mu) ** 2, axis=-1).mean(axis=1), gamma(run.n) * limit
        ratios[alpha] = squares[alpha][1][-1] / squares[alpha][2][-1]

    def plot(figure):
        axes = figure.subplots()
        for (alpha, (n, measured, theory)), color in zip(squares.items(), (GREY, BLUE, ORANGE), strict=True):
            axes.loglog(n, measured, "o", markersize=3, color=color, label=rf"$\alpha = {alpha:g}$")
            axes.loglog(n, theory, color=color, linewidth=1)
        axes.set(xlabel="step $n$", ylabel=r"mean of $\|x_n - \mu\|^2$", title=r"lines: $\gamma_n \,\mathrm{tr}\, V_x$")
        axes.legend(frameon=False)

    return Outcome(
        [within(f"ratio to the trace of V_x, alpha = {alpha:g}", ratio, 0.75, 1.3) for alpha, ratio in ratios.items()],
        plot,
        "gamma_n = 1 / (n + 1), 10,000 steps, 400 tokens.",
    )


# C3: the covariance of theta --------------------------------------------------------------------------------------

ALPHAS = (0.0, 1.0, 2.0, 5.0)


def predicted(chain, H, J, steps, *, alpha, a, b):
    """Trace of the covariance of theta after each step [steps]."""
    n = np.arange(2.0, steps + 2)
    return np.trace(srrw.predict(chain, H, J, n**-a, n**-b, alpha=alpha).theta, axis1=1, axis2=2)


def iterates(seed):
    """Covariance of theta over tokens against the prediction for n steps, and against the limit."""
    steps, a, b, model = 12_000, 0.6, 0.9, quadratic(seed)
    optimum, J = model.C.mean(axis=0), -np.eye(2)
    H, beta, runs, theory, limits = model.C - optimum, (steps + 1.0) ** -b, {}, {}, {}
    for alpha in ALPHAS:
        rates = {"alpha": alpha, "a": a, "b": b}
        runs[alpha] = walk(WALK, model.local, 2, steps=steps, rng=stream(seed, "srrw.C3", f"{alpha}"), **rates)
        theory[alpha] = predicted(WALK, H, J, steps, **rates)
        limits[alpha] = np.trace(srrw.covariance_theta(WALK, H, J, **rates))
    measured = {alpha: run.spread[-1] for alpha, run in runs.items()}
    to_theory = {alpha: v / theory[alpha][-1] for alpha, v in measured.items()}
    to_limit = {alpha: v / beta / limits[alpha] for alpha, v in measured.items()}
    about = {alpha: run.error(optimum)[-1] / theory[alpha][-1] for alpha, run in runs.items()}
    bias = {alpha: np.linalg.norm(run.theta[-1].mean(axis=0) - optimum) for alpha, run in runs.items()}
    steps_down = [measured[high] / measured[low] for low, high in pairwise(ALPHAS)]

    def plot(figure):
        axes = figure.subplots()
        for (alpha, run), color in zip(runs.items(), (GREY, GREEN, BLUE, ORANGE), strict=True):
            axes.loglog(run.n, run.spread, "o", markersize=3, color=color, label=rf"$\alpha = {alpha:g}$")
            axes.loglog(run.n, theory[alpha][run.n - 1], color=color, linewidth=1)
            axes.loglog(run.n, limits[alpha] * (run.n + 1.0) ** -b, ":", color=color, linewidth=1)
        axes.set(xlabel="step $n$", ylabel=r"variance of $\theta_n$ over 400 tokens", ylim=(3e-6, None))
        axes.set_title("lines: predicted for $n$ steps; dotted: the limit")
        axes.legend(frameon=False)

    return Outcome(
        [
            *(within(f"ratio to the prediction, alpha = {k:g}", v, 0.75, 1.3) for k, v in to_theory.items()),
            *(within(f"ratio to the limit, alpha = {k:g}", v, 0.7, 2.5) for k, v in to_limit.items()),
            at_most("largest ratio of the variance to that of the next smaller alpha", max(steps_down), 0.999),
            *(reported(f"norm of the bias, alpha = {k:g}", v) for k, v in bias.items()),
            *(reported(f"mean square about theta* over the prediction, alpha = {k:g}", v) for k, v in about.items()),
        ],
        plot,
        "a = 0.6, b = 0.9, 12,000 steps, 400 tokens, variances about the mean over the tokens: theta also has a bias "
        "of the order of gamma, which hardly depends on alpha and which the theorem leaves out. The limit is reached "
        "slowly, as the time scales separate like n^0.3.",
    )


# C5: who is faster --------------------------------------------------------------------------------------------------

CASES = {"(i) slow learner": (0.6, 0.9), "(ii) same pace": (0.8, 0.8), "(iii) fast learner": (1.0, 0.6)}


def time_scales(seed):
    """Variance of theta at alpha = 0 over that at alpha = 5, for three orders of the time scales, and rivals."""
    steps, model = 8000, quadratic(seed)
    optimum, ratios = model.C.mean(axis=0), {}
    curves: dict[str, dict[str, Path]] = {}
    for case, (a, b) in CASES.items():
        own: dict[str, Path] = {}
        curves[case] = own
        for alpha in (0.0, 5.0):
            rng = stream(seed, "srrw.C5", case, f"{alpha}")
            own[f"token, alpha = {alpha:g}"] = walk(WALK, model.local, 2, alpha=alpha, steps=steps, rng=rng, a=a, b=b)
        rng = stream(seed, "srrw.C5", case, "rivals")
        own["independent nodes"] = follow(models.independent(WALK.mu, 400, rng=rng), model.local, 2, steps=steps, b=b)
        own["planned tour"] = follow(models.planned(range(8), 400, rng=rng), model.local, 2, steps=steps, b=b)
        plain, repelled, *_ = (run.spread[-1] for run in own.values())
        ratios[case] = plain / repelled
    slow, same, fast = ratios.values()

    def plot(figure):
        panels = figure.subplots(1, 3, sharey=True)
        for axes, (case, own) in zip(panels, curves.items(), strict=True):
            for (name, run), color in zip(own.items(), (GREY, ORANGE, BLUE, GREEN), strict=True):
                label, dashes = name.replace("alpha", r"$\alpha$"), "-" if "token" in name else "--"
                axes.loglog(run.n, run.spread, dashes, color=color, label=label, linewidth=1.5)
            axes.set(xlabel="step $n$", title=f"{case}\ngain of $\\alpha = 5$: {ratios[case]:.1f}", ylim=(1e-7, 1))
        panels[0].set_ylabel(r"variance of $\theta_n$")
        panels[2].legend(frameon=False, fontsize=8, loc="lower left")

    late = {
        name: (run.spread[-LATE:].mean(), run.error(optimum)[-LATE:].mean())
        for name, run in curves["(i) slow learner"].items()
    }
    return Outcome(
        [
            at_least("variance at alpha = 0 over alpha = 5, a = 0.6 < b = 0.9", slow, 15),
            within("the same, a = b = 0.8", same, 4, 12),
            at_most("the same, a = 1 > b = 0.6", fast, 1.6),
            *(reported(f"a < b: variance, {name}", spread) for name, (spread, _) in late.items()),
            *(reported(f"a < b: mean square error, {name}", error) for name, (_, error) in late.items()),
        ],
        plot,
        "8000 steps, 400 tokens. How large the gain is, is the graph's. The tour is a walk around the ring: its "
        "variance over random starts is far below that of any random walk.",
    )


# C8: the same on walks ----------------------------------------------------------------------------------------------


def at_all_strengths(model, alphas, rngs, *, steps, tokens=400, a=0.6, b=0.9):
    """Iterates [alphas, tokens, d] after all steps: what `srrw.run` does, the tokens of all strengths side by side."""
    nodes = np.concatenate([rng.integers(len(WALK.mu), size=tokens) for rng in rngs])
    state, theta = srrw.init(WALK, nodes), np.zeros((len(nodes), model.C.shape[1]))
    node, x, strength, visits = state.node, state.x, np.repeat(alphas, tokens)[:, None], np.eye(len(WALK.mu))
    for n in range(1, steps + 1):
        u = np.concatenate([rng.random(tokens) for rng in rngs])
        node = srrw.draw(srrw._weights(WALK.P[node], x, WALK.mu, strength), u)
        x = x + srrw.step_size(n, a) * (visits[node] - x)
        theta = theta + srrw.step_size(n, b) * (model.C[node] - theta)
    return theta.reshape(len(alphas), tokens, -1)


def on_walks(seed):
    """How the variance of theta over tokens falls with alpha after 12,000 steps, beside that of the formula."""
    steps, alphas, model = 12_000, (1.0, 4.0, 20.0, 80.0), quadratic(seed)
    rates, H = {"a": 0.6, "b": 0.9}, model.C - model.C.mean(axis=0)
    theta = at_all_strengths(model, alphas, [stream(seed, "srrw.C8", f"{k}") for k in alphas], steps=steps, **rates)
    measured = theta.var(axis=1, ddof=1).sum(axis=-1)
    beta, unit = (steps + 1.0) ** -0.9, -np.eye(2)
    limits = [beta * np.trace(srrw.covariance_theta(WALK, H, unit, alpha=alpha, **rates)) for alpha in alphas]
    slopes = np.diff(np.log(measured)) / np.diff(np.log(alphas))

    def plot(figure):
        axes = figure.subplots()
        axes.loglog(alphas, measured, "o-", color=ORANGE, label="walks, 12,000 steps")
        axes.loglog(alphas, limits, "--", color=GREY, label="the limit")
        bound = measured[-2] * (np.array(alphas[-2:]) / alphas[-2]) ** -1.8
        axes.loglog(alphas[-2:], bound, ":", color=BLUE, label="the bound: slope $-1.8$ from 20 to 80")
        axes.set(xlabel=r"strength $\alpha$", ylabel=r"variance of $\theta_n$ over 400 tokens")
        axes.set_title("On walks the gain is smaller than in the limit")
        axes.legend(frameon=False)

    return Outcome(
        [
            at_most("slope of the variance from alpha = 20 to 80", slopes[-1], -1.8),
            reported("slope from alpha = 1 to 4", slopes[0]),
            reported("slope from alpha = 4 to 20", slopes[1]),
            *(reported(f"variance over the limit, alpha = {k:g}", v / w) for k, v, w in zip(
                alphas, measured, limits, strict=True)),
        ],
        plot,
        "The walk of C3. A strong repulsion needs the longer to pay, for the time scales separate like n^0.3 only.",
    )  # fmt: skip


CLAIMS = (
    Claim(
        "srrw.C1",
        "The frequencies tend to mu and the iterates to the optimum, for every alpha",
        "theorem on almost sure convergence",
        converges,
        tier="full",
        kind="behaviour",
        proxy="errors after 10,000 steps stand for a limit",
    ),
    Claim(
        "srrw.C2",
        "The frequencies have the limit covariance V_x, which falls like 1 / alpha",
        "central limit theorem",
        frequencies,
        tier="full",
        kind="identity",
    ),
    Claim(
        "srrw.C3",
        "The iterates of a slow learner have the limit covariance V_theta of case (i)",
        "central limit theorem",
        iterates,
        tier="full",
        kind="identity",
    ),
    Claim(
        "srrw.C5",
        "The repulsion pays in full only if theta moves on a slower time scale than the frequencies",
        "central limit theorem, cases (i) to (iii)",
        time_scales,
        tier="full",
        kind="behaviour",
        control="Independent nodes and a planned tour with as many gradients: (i) beats the first, not the second.",
        showed="as good",
    ),
    Claim(
        "srrw.C8",
        "The variance of a walking token falls like 1 / alpha^2",
        "abstract",
        on_walks,
        tier="full",
        kind="rate",
        proxy="12,000 steps stand for a limit",
    ),
)
