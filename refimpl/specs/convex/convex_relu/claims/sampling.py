"""What sampled patterns and neurons lose (claims C5 and C8)."""

import numpy as np

from refimpl.convex import _convex_relu_tools as tools
from refimpl.convex import convex_relu
from refimpl.core.random import stream
from refimpl.specs.base import Outcome, at_least, at_most, reported
from refimpl.specs.convex.convex_relu.claims.common import BLUE, GREEN, GREY, ORANGE, into_cones, toy

# C5: the sampled convex program -------------------------------------------------------------------------------------


def sampled_program(seed, beta=0.05, repeats=10, steps=60_000):
    """Gap of the sampled program to the whole one, and how often fresh neurons violate the dual constraint."""
    X, y = toy(seed, "convex_relu.C5")
    D, n = convex_relu.all_patterns(X), len(X)
    weights, _ = convex_relu.admm(X, y, D, beta=beta, steps=6000)
    best = convex_relu.objective(X, D, y, weights, beta=beta)
    fresh, _ = convex_relu.random_features(X, stream(seed, "convex_relu.C5", "fresh").standard_normal((20_000, 3)))
    sizes, gaps, shares = np.array([25, 100, 400]), [], []
    for N in sizes.tolist():
        found = []
        for number in range(repeats):
            draws = stream(seed, "convex_relu.C5", N, number).standard_normal((N, 3))
            network, _ = convex_relu.scp(X, y, draws, beta=beta, steps=steps, tolerance=1e-5)
            outputs = convex_relu.network_outputs(X, network)
            value = np.sum((outputs - y) ** 2) / 2 + beta * np.sum(np.abs(network.second))
            found.append((value / best - 1, np.mean(np.abs((outputs - y) @ fresh) > beta * 1.001)))
        gaps.append([gap for gap, _ in found])
        shares.append([share for _, share in found])
    means, mean_shares = np.mean(gaps, axis=1), np.mean(shares, axis=1)

    def plot(figure):
        left, right = figure.subplots(1, 2)
        left.loglog(sizes, gaps, "o", color=BLUE, alpha=0.35)
        left.loglog(sizes, means, "o-", color=BLUE)
        left.set(xlabel="neurons N", ylabel="relative gap to the convex optimum", title="10 draws each, and means")
        right.loglog(sizes, shares, "o", color=ORANGE, alpha=0.35)
        right.loglog(sizes, mean_shares, "o-", color=ORANGE, label="measured, mean")
        right.loglog(sizes, (n + 1) / (sizes + 1), "--", color=GREY, label="bound (n + 1) / (N + 1)")
        right.set(xlabel="neurons N", ylabel="fresh neurons that violate the dual")
        right.legend(frameon=False)
        for axes in (left, right):
            axes.set_xticks(sizes, sizes)
            axes.minorticks_off()

    measured = [
        at_most(f"share of violating neurons over the bound (n + 1) / (N + 1), N = {N}", share * (N + 1) / (n + 1), 1.0)
        for N, share in zip(sizes, mean_shares, strict=True)
    ]
    return Outcome(
        [
            at_most("mean gap at N = 100 over that at 25", means[1] / means[0], 1.0),
            at_most("mean gap at N = 400 over that at 100", means[2] / means[1], 1.0),
            at_least("least relative gap", np.min(gaps), -1e-3),
            *measured,
            reported("mean relative gap at N = 400", means[2]),
        ],
        plot,
        f"Mean relative gaps {', '.join(f'{gap:.3f}' for gap in means)} at N = 25, 100, 400.",
    )


# C8: quality of the sampled patterns --------------------------------------------------------------------------------


def _lowers(X, y, D, pattern, *, beta, falls, steps=20_000):
    """Whether the optimum falls by more than `falls` with one more pattern; None if undecided after `steps`.

    Decided by bounds on both optima: weights projected on the cones and the dual; and, for the larger program, the
    best neuron of the new pattern added to those weights.
    """
    more = np.concatenate([D, pattern[:, None]], axis=1)
    setup, state = convex_relu.prepare(X, D, rho=0.01), convex_relu.init(X, D)
    for k in range(1, steps + 1):
        state = convex_relu.admm_step(setup, y, state, beta=beta, gamma=0.016)
        if k % 250:
            continue
        weights = into_cones(X, D, state.v)
        outputs = convex_relu.predict(X, D, weights)
        value = convex_relu.objective(X, D, y, weights, beta=beta)
        if value - tools.lower_bound(X, more, y, outputs, beta=beta) <= falls:
            return False
        new = [tools.pull_in_cones(X, pattern[:, None], side * (y - outputs))[:, 0] for side in (1.0, -1.0)]
        norm = max(map(np.linalg.norm, new))
        unit = max(new, key=np.linalg.norm) / max(norm, 1e-300)
        gain = max(norm - beta, 0.0) ** 2 / 2 / max(np.sum((pattern * (X @ unit)) ** 2), 1e-300)
        if gain - (value - tools.lower_bound(X, D, y, outputs, beta=beta)) > falls:
            return True
    return None


def one_more_pattern(seed, beta=0.05, repeats=40, falls=1e-6):
    """How often one more random pattern lowers the optimum of the program."""
    X, y = toy(seed, "convex_relu.C8", n=8)
    n, sizes, shares, new, undecided = len(X), np.array([10, 20, 40]), [], [], 0
    for size in sizes.tolist():
        lowered = fresh = 0
        for number in range(repeats):
            draws = stream(seed, "convex_relu.C8", size, number).standard_normal((size + 1, 3))
            D, more = (convex_relu.activation_patterns(X, draws[:count]) for count in (size, size + 1))
            if D.shape == more.shape:  # the new draw has an old pattern
                continue
            fresh += 1
            verdict = _lowers(X, y, D, more[:, -1], beta=beta, falls=falls)
            undecided += verdict is None
            lowered += verdict is not False
        shares.append(lowered / repeats)
        new.append(fresh / repeats)
    bounds = (n + 1) / (sizes + 1)
    errors = np.sqrt(bounds * (1 - bounds) / repeats)

    def plot(figure):
        axes = figure.subplots()
        axes.plot(sizes, shares, "o-", color=BLUE, label="one more pattern lowers the optimum")
        axes.plot(sizes, new, "s:", color=GREEN, label="one more draw has a new pattern")
        axes.plot(sizes, bounds, "--", color=ORANGE, label="bound (n + 1) / (P + 1)")
        axes.set(xlabel="random draws P", ylabel=f"share of {repeats} repeats", ylim=(0, 1))
        axes.set_xticks(sizes)
        axes.legend(frameon=False)

    return Outcome(
        [
            at_most(f"frequency with {size} draws over (n + 1) / (P + 1) + 2 standard errors", share / top, 1.0)
            for size, share, top in zip(sizes, shares, bounds + 2 * errors, strict=True)
        ]
        + [
            reported(f"frequency with {size} draws (bound {bound:.2f})", share)
            for size, share, bound in zip(sizes, shares, bounds, strict=True)
        ],
        plot,
        "Falls above 1e-6, each proved or ruled out by bounds on both optima; "
        f"{undecided} of {3 * repeats} undecided and counted as falls. One data set.",
    )
