"""The global optimum and how ADMM gets there (claims C1 to C4 and C7)."""

from functools import partial
from typing import Any

import numpy as np

from refimpl.convex import _convex_relu_adversarial as adversarial
from refimpl.convex import _convex_relu_tools as tools
from refimpl.convex import convex_relu
from refimpl.core.random import stream
from refimpl.specs.base import Outcome, at_least, at_most, reported, within
from refimpl.specs.convex.convex_relu.claims.common import (
    BLUE,
    GREEN,
    GREY,
    LIKE,
    ORANGE,
    PINK,
    accuracy,
    into_cones,
    ridge,
    toy,
)


def _slope(x, y):
    """Slope of log y against log x."""
    return np.polyfit(np.log(x), np.log(y), 1)[0]


# C1: the global optimum ---------------------------------------------------------------------------------------------


NARROW, WIDE = "20 neurons", "100 neurons, half the start and step"


def _descents(X, y, start, *, lr, steps, beta):
    """Objectives [41, runs] of networks on the way, at the start and after each fortieth of the steps."""

    def values(net):
        each = (convex_relu.Network(u, a) for u, a in zip(*net, strict=True))
        return [float(convex_relu.network_objective(X, y, one, beta=beta)) for one in each]

    net, curve = start, [values(start)]
    for _ in range(40):
        net, _ = tools.gradient_descent(X, y, net, lr=lr, beta=beta, steps=steps // 40)
        curve.append(values(net))
    return np.array(curve)


def global_optimum(seed, beta=0.05, runs=8):
    """The convex program on every activation pattern, and gradient descent on narrow and wide networks."""
    gaps, bounds = [], []
    curves: dict[str, list[Any]] = {NARROW: [], WIDE: []}
    for number in range(3):
        X, y = toy(seed, "convex_relu.C1", number)
        D = convex_relu.all_patterns(X)
        weights, _ = convex_relu.admm(X, y, D, beta=beta, steps=6000)
        convex = convex_relu.objective(X, D, y, weights, beta=beta)
        network = convex_relu.network_objective(X, y, convex_relu.recover(weights), beta=beta)
        bound = tools.lower_bound(X, D, y, convex_relu.predict(X, D, weights), beta=beta)
        gaps.append(abs(network / convex - 1))
        bounds.append(1 - bound / convex)
        for name, neurons, size, lr, steps in ((NARROW, 20, 1.0, 0.01, 20_000), (WIDE, 100, 0.5, 0.005, 40_000)):
            rng = stream(seed, "convex_relu.C1", number, "start")
            start = tools.random_network(rng, 3, neurons, like=LIKE, runs=(runs,))
            start = convex_relu.Network(size * start.first, size * start.second)
            curves[name].append(_descents(X, y, start, lr=lr, steps=steps, beta=beta) / convex)
    excess = {name: np.array([curve[-1] for curve in each]) - 1 for name, each in curves.items()}  # [data set, run]
    stuck = {name: np.mean(each > 0.01, axis=1) for name, each in excess.items()}

    def plot(figure):
        for number, axes in enumerate(figure.subplots(1, 3, sharey=True)):
            for name, color in ((NARROW, ORANGE), (WIDE, GREEN)):
                lines = axes.plot(np.linspace(0, 200, 41), curves[name][number], color=color, linewidth=1)
                lines[0].set_label(name)
            axes.axhline(1.0, color=BLUE, linewidth=2.5, label="convex program")
            axes.set(xlabel="steps x step size", title=f"data set {number + 1}", ylim=(0.97, 1.4))
        figure.axes[0].set_ylabel("objective / convex optimum")
        figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=3, frameon=False, fontsize=9)

    return Outcome(
        [
            at_most("largest relative gap between recovered network and convex value", max(gaps), 1e-3),
            at_least(
                "best of 8 gradient descent runs, relative to the convex value (worst data set)",
                excess[NARROW].min(),
                -1e-3,
            ),
            at_least("mean share of gradient descent runs that end more than 1 % above", stuck[NARROW].mean(), 0.2),
            reported("the same of networks of 100 neurons", stuck[WIDE].mean()),
            reported("largest excess of a run on 100 neurons", excess[WIDE].max()),
            reported("largest excess of a run on 20 neurons", excess[NARROW].max()),
            reported("largest relative gap between convex value and its lower bound by duality", max(bounds)),
        ],
        plot,
        "All 134 patterns of 12 points; 3 data sets, 8 runs of 20 000 steps on 20 neurons each, 8 of 40 000 half as "
        f"long ones on 100. Share of stuck runs on 20: {', '.join(f'{share:g}' for share in stuck[NARROW])}.",
    )


# C2: linear convergence ---------------------------------------------------------------------------------------------


def _residual_curve(X, y, D, *, beta, rho, steps, goal):
    """Residual after each step, until it is <= goal. With gamma = rho the duals move by the primal residuals."""
    setup, state, curve = convex_relu.prepare(X, D, rho=rho), convex_relu.init(X, D), []
    for _ in range(steps):
        before, state = state, convex_relu.admm_step(setup, y, state, beta=beta)
        moved = (state.lam - before.lam, state.nu - before.nu, rho * (state.v - before.v))
        curve.append(sum(float(np.vdot(x, x)) for x in moved) ** 0.5)
        if curve[-1] <= goal:
            break
    return np.array(curve)


def linear_convergence(seed, seeds=20, goal=1e-10):
    """Residuals of ADMM on small problems, and straight lines fitted to the last four decades of their logarithms."""
    curves: list[Any] = []
    fits: list[Any] = []
    for number in range(seeds):
        X, y = toy(seed, "convex_relu.C2", number, n=10)
        draws = stream(seed, "convex_relu.C2", number, "draws").standard_normal((12, 3))
        D = convex_relu.activation_patterns(X, draws)
        curve = _residual_curve(X, y, D, beta=0.5, rho=0.5, steps=20_000, goal=goal)
        curves.append(curve)
        if curve[-1] <= goal:
            first = int(np.nonzero(curve > 1e-6)[0][-1]) + 1
            k, logs = np.arange(first, len(curve)), np.log10(curve[first:])
            line = np.polyfit(k, logs, 1)
            left = logs - np.polyval(line, k)
            fits.append((line, first, 1 - np.mean(left**2) / np.var(logs)))
        else:
            fits.append(None)
    there = [fit for fit in fits if fit]
    rates = [-fit[0][0] for fit in there]

    def plot(figure):
        left, right = figure.subplots(1, 2)
        for curve, fit in zip(curves, fits, strict=True):
            k = np.unique(np.geomspace(1, len(curve), 400).astype(int)) - 1
            left.loglog(k + 1, curve[k], color=BLUE if fit else ORANGE, linewidth=1, alpha=0.8)
            if fit:
                part = np.linspace(0, 1, len(curve) - fit[1])
                right.semilogy(part, curve[fit[1] :], color=BLUE, linewidth=1, alpha=0.8)
                right.semilogy(part, 10 ** np.polyval(fit[0], np.arange(fit[1], len(curve))), "k:", linewidth=0.9)
        left.set(xlabel="iteration", ylabel="residual", ylim=(goal / 3, 10))
        left.set_title(f"{len(there)} of {seeds} problems reach {goal:g}")
        right.set(
            xlabel="share of the iterations from 1e-6 to 1e-10", title="the last part: straight lines (dotted: fits)"
        )

    return Outcome(
        [
            at_least(
                "share of problems that reach a residual of 1e-10 within 20 000 iterations", len(there) / seeds, 0.8
            ),
            at_least("least R^2 of log residual against iteration, from 1e-6 to 1e-10", min(f[2] for f in there), 0.95),
            reported("fastest fitted rate, decades per 1000 iterations", 1000 * max(rates)),
            reported("slowest fitted rate, decades per 1000 iterations", 1000 * min(rates)),
        ],
        plot,
        "Once the active sets have settled the decay is exponential; its rate differs by orders of magnitude between "
        "data sets, and no cap on the iterations holds for all.",
    )


# C3: the first iterations -------------------------------------------------------------------------------------------


def first_iterations(seed, sets=5):
    """Test accuracy on two rings, by the network that v stands for after every iteration; ridge regression beside."""
    curves, ridges, features = [], [], []
    for number in range(sets):
        X, y = tools.rings(stream(seed, "convex_relu.C3", number), 100, like=LIKE)
        test, labels = tools.rings(stream(seed, "convex_relu.C3", number, "test"), 1000, like=LIKE)
        draws = stream(seed, "convex_relu.C3", number, "draws").standard_normal((2000, 3))
        D = convex_relu.activation_patterns(X, draws, most=60)

        def record(state, test=test, labels=labels):
            outputs = convex_relu.network_outputs(test, convex_relu.recover(state.v))
            return {"accuracy": accuracy(outputs, labels)}

        _, run = convex_relu.admm(X, y, D, beta=1e-3, steps=1000, record=record)
        curves.append(run.history["accuracy"])
        # Controls, one linear system each: the linear models of the patterns, fresh points sorted by the neurons that
        # the patterns were drawn with; and those neurons as random features.
        seen = 1.0 * (X @ draws.T >= 0)
        neurons = draws[[int(np.argmax(np.all(column == seen.T, axis=1))) for column in D.T]]
        weights = ridge(X, D, y, 0.1)
        ridges.append(accuracy(convex_relu.predict(test, 1.0 * (test @ neurons.T >= 0), weights), labels))
        Z, U = convex_relu.random_features(X, neurons)
        second = np.linalg.solve(Z.T @ Z + 1e-3 * np.eye(len(neurons)), Z.T @ y)
        features.append(accuracy(convex_relu.network_outputs(test, convex_relu.Network(U, second)), labels))
    curve = np.median(curves, axis=0)

    def plot(figure):
        axes = figure.subplots()
        k = np.arange(1, 1001)
        axes.semilogx(k, np.array(curves)[:, 1:].T, color=BLUE, linewidth=0.7, alpha=0.4)
        axes.semilogx(k, curve[1:], color=BLUE, linewidth=2, label=f"ADMM, median of {sets} data sets")
        axes.axhline(np.median(ridges), color=ORANGE, linestyle="--", label="ridge regression, same patterns")
        axes.axhline(np.median(features), color=GREEN, linestyle=":", linewidth=2, label="ridge, random features")
        axes.set(xlabel="ADMM iteration", ylabel="test accuracy", ylim=(0.4, 1.02))
        axes.set_title(f"{curve[10]:.1%} after 10 iterations, {curve[1000]:.1%} after 1000")
        axes.legend(frameon=False, loc="lower right")

    return Outcome(
        [
            at_least(
                "test accuracy after 10 iterations minus that after 1000 (median)",
                np.median([one[10] - one[1000] for one in curves]),
                -0.05,
            ),
            at_least("test accuracy after 10 iterations (median)", curve[10], 0.9),
            reported("least test accuracy after 10 iterations", min(one[10] for one in curves)),
            reported("test accuracy after 5 iterations (median)", curve[5]),
            reported("test accuracy after 1000 iterations (median)", curve[1000]),
            reported("test accuracy of ridge regression on the same patterns (median)", np.median(ridges)),
            reported("test accuracy of ridge regression on the neurons as random features", np.median(features)),
        ],
        plot,
        f"{sets} data sets of 100 points, 60 patterns, 1000 test points each; one data set before.",
    )


# C4: quadratic time -------------------------------------------------------------------------------------------------


class Counting(np.ndarray):
    """Array that counts the multiply-adds of matrix products."""

    total = 0

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        plain = [x.view(np.ndarray) if isinstance(x, Counting) else x for x in inputs]
        result = getattr(ufunc, method)(*plain, **kwargs)
        if ufunc is np.matmul:
            Counting.total += np.size(result) * plain[0].shape[-1]
        return result.view(Counting) if isinstance(result, np.ndarray) else result


def _counted(function, *arrays, **settings):
    """Multiply-adds in the matrix products of a call."""
    Counting.total = 0
    function(*(x.view(Counting) if isinstance(x, np.ndarray) else x for x in arrays), **settings)
    return Counting.total


def _multiply_adds(setup, y, state):
    views = {name: getattr(setup, name).view(Counting) for name in ("X", "D", "root", "ridge")}
    return _counted(convex_relu.admm_step, setup._replace(**views), y, state, beta=1e-3)


def quadratic_time(seed):
    """Multiply-adds of one iteration as the number of points grows, with as many patterns as points."""
    sizes, counts, once = np.array([300, 600, 1200]), [], []
    for n in sizes.tolist():
        X, y = tools.rings(stream(seed, "convex_relu.C4", n), n, like=LIKE)
        draws = stream(seed, "convex_relu.C4", n, "draws").standard_normal((20 * n, 3))
        D = convex_relu.activation_patterns(X, draws, most=n)
        once.append(_counted(convex_relu.prepare, X, D))
        setup, state = convex_relu.prepare(X, D), convex_relu.init(X, D)
        counts.append(_multiply_adds(setup, y, state))
    exponents = [_slope(sizes, values) for values in (counts, once)]

    def plot(figure):
        axes = figure.subplots()
        axes.loglog(sizes, once, "s-", color=GREEN, label=f"factorization, once: slope {exponents[1]:.2f}")
        axes.loglog(sizes, counts, "o-", color=BLUE, label=f"an iteration: slope {exponents[0]:.3f}")
        for bound in (1.99, 2.01):
            axes.loglog(sizes, counts[0] * (sizes / sizes[0]) ** bound, "--", color=GREY, linewidth=1,
                        label="bounds: slopes 1.99 and 2.01" if bound > 2 else None)  # fmt: skip
        axes.set(
            xlabel="points n = patterns",
            ylabel="multiply-adds",
            title="An iteration is quadratic, what it needs once cubic",
        )
        axes.set_xticks(sizes, sizes)
        axes.minorticks_off()
        axes.legend(frameon=False, fontsize=9)

    return Outcome(
        [
            within("exponent of the multiply-adds of one iteration in n", exponents[0], 1.99, 2.01),
            reported("exponent of the multiply-adds of the factorization, done once", exponents[1]),
            reported("multiply-adds of the factorization over those of an iteration, n = 1200", once[-1] / counts[-1]),
        ],
        plot,
        "Counted in matrix products of the running code (Cholesky factors, cubic too, left out). The time of an "
        "iteration grows faster, for the arrays leave the cache; it is no part of the claim.",
    )


# C7: random blocks --------------------------------------------------------------------------------------------------


def _gap(X, D, y, weights, best, beta, loss="squared"):
    return abs(float(convex_relu.objective(X, D, y, weights, beta=beta, loss=loss)) / best - 1)


def _record_gap(X, D, y, best, beta, loss, state):
    return {"gap": _gap(X, D, y, state.v, best, beta, loss)}


def _cross_entropy_gaps(seed, number, beta, rho):
    """Gaps of random blocks on labels 0 and 1, to the optimum that another method finds."""
    X, y = toy(seed, "convex_relu.C7", "cross-entropy", number)
    y = np.where(y > np.median(y), 1.0, 0.0)
    rng = stream(seed, "convex_relu.C7", "cross-entropy", number, "draws")
    D = convex_relu.activation_patterns(X, rng.standard_normal((15, 3)))
    # The same program for another solver: the logistic loss of labels +-1 on doubled data, divided by n.
    settings = {"beta": beta / len(y), "epsilon": 0.0, "mask": np.zeros(3), "balance": 30.0, "steps": 4000}
    other, _ = adversarial.adversarial(2 * X, 2 * y - 1, D, loss="logistic", **settings)
    best = float(convex_relu.objective(X, D, y, other, beta=beta, loss="cross_entropy"))
    record = partial(_record_gap, X, D, y, best, beta, "cross_entropy")
    _, run = convex_relu.admm_rbcd(X, y, D, rng, beta=beta, loss="cross_entropy", rho=rho, steps=600, record=record)
    return run.history["gap"]


def _squared_gaps(seed, number, beta, rho):
    """Gaps of random blocks and of exact iterations; in the cones, of the blocks' last weights and of ridge."""
    X, y = toy(seed, "convex_relu.C7", number, n=10)
    rng = stream(seed, "convex_relu.C7", number, "draws")
    D = convex_relu.activation_patterns(X, rng.standard_normal((12, 3)))
    exact, _ = convex_relu.admm(X, y, D, beta=beta, rho=rho, steps=40_000, tolerance=1e-8)
    best = float(convex_relu.objective(X, D, y, exact, beta=beta))
    record = partial(_record_gap, X, D, y, best, beta, "squared")
    weights, blocks = convex_relu.admm_rbcd(X, y, D, rng, beta=beta, rho=rho, steps=400, record=record)
    _, whole = convex_relu.admm(X, y, D, beta=beta, rho=rho, steps=400, record=record)
    inside = _gap(X, D, y, into_cones(X, D, weights), best, beta)
    fits = [into_cones(X, D, ridge(X, D, y, penalty)) for penalty in np.geomspace(1e-2, 1e2, 17)]
    return blocks.history["gap"], whole.history["gap"], inside, min(_gap(X, D, y, fit, best, beta) for fit in fits)


def random_blocks(seed, beta=0.2, rho=0.1, sets=5):
    """ADMM by random block descent against the optimum, for squared loss and cross-entropy; two controls."""
    squared, exact, inside, ridges = zip(*(_squared_gaps(seed, i, beta, rho) for i in range(sets)), strict=True)
    curves: dict[str, Any] = {"squared": squared, "exact": exact}
    curves["cross_entropy"] = [_cross_entropy_gaps(seed, i, beta, rho) for i in range(sets)]
    curve = {name: np.array(each) for name, each in curves.items()}  # [data set, iteration]

    def plot(figure):
        axes = figure.subplots()
        for name, color, label in (
            ("squared", BLUE, "random blocks, squared loss"),
            ("cross_entropy", ORANGE, "random blocks, cross-entropy"),
            ("exact", GREEN, "linear systems, squared loss"),
        ):
            k = np.unique(np.geomspace(1, curve[name].shape[1] - 1, 60).astype(int))
            axes.loglog(k, curve[name][:, k].T, color=color, linewidth=0.7, alpha=0.3)
            axes.loglog(k, np.median(curve[name], axis=0)[k], color=color, linewidth=2, label=label)
        axes.axhline(np.median(ridges), color=PINK, linestyle=":", linewidth=2, label="ridge regression, in the cones")
        axes.axhline(0.02, color=GREY, linestyle="--", label="bound")
        axes.set(xlabel="iteration of ADMM (random blocks: 3 P steps each)", ylabel="relative gap to the optimum")
        axes.set(title=f"medians of {sets} data sets", ylim=(1e-9, 10))
        axes.legend(frameon=False, fontsize=9, loc="lower left")

    return Outcome(
        [
            at_most(
                "relative gap after 400 iterations, squared loss (median)", np.median(curve["squared"][:, 400]), 0.02
            ),
            at_most(
                "ratio of the gap after 400 iterations to that after 30 (median)",
                np.median(curve["squared"][:, 400] / curve["squared"][:, 30]),
                1.0,
            ),
            at_most(
                "relative gap after 600 iterations, cross-entropy (median)",
                np.median(curve["cross_entropy"][:, 600]),
                0.02,
            ),
            reported("largest relative gap after 400 iterations, squared loss", np.max(curve["squared"][:, 400])),
            reported(
                "largest relative gap after 600 iterations, cross-entropy", np.max(curve["cross_entropy"][:, 600])
            ),
            reported("relative gap after 400 iterations, weights moved into their cones (median)", np.median(inside)),
            reported("relative gap of 400 exact iterations, squared loss (median)", np.median(curve["exact"][:, 400])),
            reported("relative gap of ridge regression in the cones, best of 17 penalties (median)", np.median(ridges)),
        ],
        plot,
        f"{sets} data sets for each loss; before, the worst of three, and one. Optimum of the cross-entropy: a "
        "primal-dual method, within 0.1 %.",
    )
