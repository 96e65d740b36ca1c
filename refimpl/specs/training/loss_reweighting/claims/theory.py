"""What can be proved of weights of samples: C1, C3, C3b."""

import numpy as np

from refimpl.core.random import stream
from refimpl.specs.base import Claim, Outcome, at_least, at_most, reported
from refimpl.training import loss_reweighting as lr

COLORS = {
    "uniform": "#777777",
    "linupper": "#0072B2",
    "quadratic": "#009E73",
    "extremes": "#D55E00",
    "upper": "#CC79A7",
}
NAMES = {
    "uniform": "Uniform",
    "linupper": "LinUpper",
    "quadratic": "Quadratic",
    "extremes": "Extremes",
    "upper": "Upper",
}
SHARES = (0.5, 0.9, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 10.0, 13.0, 17.0)  # step sizes times L


def closed_form(seed):
    """Weights against others, the optimal value, and the largest ratio."""
    rng = stream(seed, "loss_reweighting.C1")
    gain = off = ratio = 0.0
    points = []
    for _ in range(200):
        losses, r = rng.gamma(1.0, 2.0, 16), rng.uniform(0.2, 3.0)
        for strategy in lr.STRATEGIES:
            _, s, w = lr.weights(losses, strategy=strategy, r=r)

            def objective(q, s=s, r=r):
                return float(np.sum(q * s) - r * np.sum(q * np.log(16 * q)))

            best = objective(w)
            for size in (0.01, 0.3):
                other = (1 - size) * w + size * rng.dirichlet(np.ones(16))
                gain = max(gain, objective(other) - best)
            off = max(off, abs(best - r * np.log(np.mean(np.exp(s / r)))))
            ratio = max(ratio, float(w.max() / w.min() / np.exp(1 / r)))
            points.append((strategy, r, w.max() / w.min()))

    def plot(figure):
        axes = figure.subplots()
        for strategy in lr.STRATEGIES[:-1]:
            xs, ys = zip(*[(r, y) for name, r, y in points if name == strategy], strict=True)
            axes.semilogy(xs, ys, ".", ms=3, color=COLORS[strategy], label=NAMES[strategy])
        grid = np.linspace(0.2, 3.0, 100)
        axes.semilogy(grid, np.exp(1 / grid), "-", color="black", lw=1, label="$e^{1/r}$")
        axes.set(xlabel="temperature $r$", ylabel="largest weight / smallest", title="No sample takes everything")
        axes.legend(frameon=False)

    return Outcome(
        [
            at_most("largest gain of other weights in the objective", gain, 0.0),
            at_most("largest distance of the objective from its closed form", off, 1e-13),
            at_most("largest ratio of two weights over exp(1 / r)", ratio, 1 + 1e-12),
        ],
        plot,
    )


def _problem(seed, name):
    rng = stream(seed, name)
    return rng.standard_normal((40, 10)), np.zeros(10), rng.standard_normal(10)


def both_sides(seed):
    """Both sides of the bound, and the sign of the corrections."""
    found: dict[str, list] = {s: [] for s in lr.STRATEGIES}
    for draw in range(5):
        A, start, star = _problem(seed, f"loss_reweighting.C3.{draw}")
        for strategy, runs in found.items():
            runs.append(lr.bound(A, start, star, steps=200, share=0.5, strategy=strategy, r=0.4))
    slack = {s: min(float(b.base - b.weighted.mean()) for b in runs) for s, runs in found.items()}
    least = {s: min(float((b.weighted - b.gaps).min()) for b in runs) for s, runs in found.items()}

    def plot(figure):
        axes = figure.subplots()
        for strategy in ("upper", "linupper", "quadratic", "extremes"):
            corrections = np.mean([(b.weighted - b.gaps) / b.gaps for b in found[strategy]], axis=0)
            axes.plot(np.arange(200), corrections, color=COLORS[strategy], label=NAMES[strategy])
        axes.axhline(0.0, color="black", lw=0.8)
        axes.set(xlabel="step", ylabel="correction / mean loss", title="What the weights take off the bound, or add")
        axes.legend(frameon=False)

    return Outcome(
        [
            *(at_least(f"least slack of the bound, {NAMES[s]}", slack[s], 0.0) for s in lr.STRATEGIES),
            *(at_least(f"least correction of a step, {NAMES[s]}", least[s], 0.0) for s in ("linupper", "upper")),
            *(reported(f"least correction of a step, {NAMES[s]}", least[s]) for s in ("quadratic", "extremes")),
        ],
        plot,
        "Means of five problems. That the bound holds, and the two signs are theorems: checked, no evidence.",
    )


def _mean_gap(A, start, star, eta, strategy):
    """Mean of the mean losses of 200 steps, at any step size; infinite if the run has left the numbers."""
    theta, gaps = start, []
    with np.errstate(all="ignore"):
        for _ in range(200):
            gaps.append(0.5 * np.mean((A @ (theta - star)) ** 2))
            if not gaps[-1] < 1e12:
                return np.inf
            theta, _ = lr.regression_step(theta, A, A @ star, lr=eta, strategy=strategy, r=0.4)
    return float(np.mean(gaps))


def smaller_gap(seed):
    """The mean gap at the same step size, and at the best of each."""
    found = {s: np.zeros((3, len(SHARES))) for s in ("uniform", "linupper")}
    for draw in range(3):
        A, start, star = _problem(seed, f"loss_reweighting.C3b.{draw}")
        L = np.max(np.sum(A * A, axis=1))
        for strategy, gaps in found.items():
            gaps[draw] = [_mean_gap(A, start, star, share / L, strategy) for share in SHARES]
    uniform, ours = found["uniform"], found["linupper"]
    same = float(ours[:, 0].mean() / uniform[:, 0].mean())
    own = float(ours.min(axis=1).mean() / uniform.min(axis=1).mean())

    def plot(figure):
        axes = figure.subplots()
        for strategy, gaps in found.items():
            mean = gaps.mean(axis=0)
            shown = np.isfinite(mean)
            axes.loglog(np.array(SHARES)[shown], mean[shown], "o-", color=COLORS[strategy], label=NAMES[strategy])
        axes.set(
            xlabel="step size times $L$", ylabel="mean gap of 200 steps", title="The same step size, or each its own"
        )
        axes.set_xticks(SHARES[::2], [f"{share:g}" for share in SHARES[::2]])
        axes.minorticks_off()
        axes.legend(frameon=False)

    return Outcome(
        [
            at_most("mean gap of LinUpper over that of Uniform, step size 0.5 / L", same, 0.7),
            reported("the same, each at its own best step size", own),
            reported("best step size of Uniform, times L", float(np.mean([SHARES[i] for i in uniform.argmin(axis=1)]))),
            reported("best step size of LinUpper, times L", float(np.mean([SHARES[i] for i in ours.argmin(axis=1)]))),
        ],
        plot,
        "Means of three problems; n = 40, d = 10, r = 0.4.",
    )


CLAIMS = (
    Claim(
        "loss_reweighting.C1",
        "The weights are the closed form of a maximum with a Kullback-Leibler penalty, and no weight is more than "
        "exp(1/r) times another",
        "method section",
        closed_form,
        kind="identity",
    ),
    Claim(
        "loss_reweighting.C3",
        "How reweighting changes the convergence bound: weights that rise with the loss never loosen it",
        "abstract, theory; the bound is derived here",
        both_sides,
        kind="identity",
    ),
    Claim(
        "loss_reweighting.C3b",
        "With LinUpper the mean gap is smaller than with equal weights, at the same step size",
        "theory",
        smaller_gap,
        kind="superiority",
        control="Each at its own best of eleven step sizes: as good, or better.",
        showed="as good",
    ),
)
