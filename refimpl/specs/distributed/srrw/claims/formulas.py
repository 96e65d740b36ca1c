"""What follows from the formulas alone: C4, C7."""

from itertools import pairwise

import numpy as np

from refimpl.core.random import stream
from refimpl.distributed import srrw
from refimpl.problems import graphs
from refimpl.specs.base import Claim, Outcome, at_least, at_most, reported, within
from refimpl.specs.distributed.srrw.claims.tokens import BLUE, GREY, ORANGE, WALK


def walks(seed, name):
    """The ring with three chords, and twenty random graphs."""
    yield WALK
    rng = stream(seed, "srrw", name)
    for _ in range(20):
        n = int(rng.integers(6, 13))
        yield srrw.metropolis(graphs.random_cycle(n, int(rng.integers(1, n)), rng))


def orders(seed):
    """Slopes of the traces in alpha, and whether every step in alpha makes the covariance smaller."""
    alphas, low = np.array([20.0, 40, 80, 160, 320]), (0.0, 0.5, 1.0, 5.0)
    found: list[list[float]] = []
    drops: list[float] = []
    shown: dict[str, np.ndarray] = {}
    for chain in walks(seed, "C4"):
        H = stream(seed, "srrw.C4", len(found)).standard_normal((len(chain.mu), 2))
        H, J = H - chain.mu @ H, -np.eye(2)
        theta = [srrw.covariance_theta(chain, H, J, alpha=float(k), a=0.6, b=0.9) for k in (*low, *alphas)]
        x = [srrw.covariance_x(chain, alpha=float(k), a=0.6) for k in (*low, *alphas)]
        traces = [np.trace(np.stack(v), axis1=1, axis2=2) for v in (theta, x)]
        found.append([np.polyfit(np.log(alphas), np.log(t[len(low) :]), 1)[0] for t in traces])
        drops += [np.linalg.eigvalsh(p - q)[0] for v in (theta, x) for p, q in pairwise(v)]
        shown = shown or dict(zip(("theta", "x"), traces, strict=True))
    slopes = np.array(found)

    def plot(figure):
        axes = figure.subplots()
        for (name, color), slope in zip((("theta", ORANGE), ("x", BLUE)), slopes[0], strict=True):
            label = rf"trace of $V_{{{name if name == 'x' else chr(92) + name}}}$, slope {slope:.2f}"
            axes.loglog(alphas, shown[name][len(low) :], "o-", color=color, label=label)
            guide = shown[name][len(low)] * (alphas / alphas[0]) ** (-2.0 if name == "theta" else -1.0)
            axes.loglog(alphas, guide, ":", color=GREY)
        axes.set(xlabel=r"strength $\alpha$", ylabel="trace", title="dotted: slopes $-2$ and $-1$")
        axes.legend(frameon=False)

    return Outcome(
        [
            within("least slope of theta over 21 graphs", slopes[:, 0].min(), -2.1, -1.8),
            within("largest slope of theta", slopes[:, 0].max(), -2.1, -1.8),
            within("least slope of x", slopes[:, 1].min(), -1.1, -0.8),
            within("largest slope of x", slopes[:, 1].max(), -1.1, -0.8),
            at_least("smallest eigenvalue of a covariance less that of a larger alpha", min(drops), -1e-12),
        ],
        plot,
        "alpha = 20 to 320 for the slopes, from 0 on for the order; H normal. No draws of a walk.",
    )


def beats_independent(seed):
    """Eigenvalues of the noise of independent nodes less that of a token, about the threshold."""
    factors, found, thresholds = (0.99, 1.0, 1.01), [], []
    for chain in walks(seed, "C7"):
        N, limit = len(chain.mu), float(srrw.threshold(chain))
        H = np.eye(N) - chain.mu
        gap = lambda alpha: srrw.noise_iid(chain.mu, H) - srrw.noise_theta(chain, H, alpha=alpha)
        found.append([np.linalg.eigvalsh(gap(factor * limit))[0] for factor in factors])
        thresholds.append(limit)
    least = np.array(found)

    def plot(figure):
        axes = figure.subplots()
        H, alphas = np.eye(8) - WALK.mu, np.geomspace(0.05, 20, 120)
        values = [np.sort(np.linalg.eigvalsh(srrw.noise_theta(WALK, H, alpha=float(k)))) for k in alphas]
        axes.loglog(alphas, np.array(values)[:, 1:], color=ORANGE, linewidth=1)
        axes.axhline(1 / 8, color=BLUE, linestyle="--", label="independent nodes, all modes")
        axes.axvline(thresholds[0], color=GREY, linestyle=":", label=rf"$\alpha^\circ = {thresholds[0]:.2f}$")
        axes.set(xlabel=r"strength $\alpha$", ylabel=r"noise of each mode, $U_\theta$")
        axes.set_title("From $\\alpha^\\circ$ on every mode of the token is quieter")
        axes.legend(frameon=False)

    return Outcome(
        [
            at_most("0.99 of the threshold: smallest eigenvalue, largest over 21 graphs", least[:, 0].max(), -1e-9),
            at_least("at the threshold: smallest eigenvalue", least[:, 1].min(), -1e-12),
            at_least("1.01 of the threshold: smallest eigenvalue", least[:, 2].min(), -1e-12),
            reported("threshold of the ring with three chords", thresholds[0]),
            reported("least threshold", min(thresholds)),
            reported("largest threshold", max(thresholds)),
        ],
        plot,
        "Slow learner, a < b. H = 1 - 1 mu^T, so that the answer holds for any H.",
    )  # fmt: skip


CLAIMS = (
    Claim(
        "srrw.C4",
        "A larger alpha always makes the covariance smaller; that of theta falls like 1 / alpha^2",
        "abstract",
        orders,
        kind="identity",
    ),
    Claim(
        "srrw.C7",
        "A token with a large enough alpha has less noise than independent sampling",
        "corollary of the central limit theorem",
        beats_independent,
        kind="identity",
    ),
)
