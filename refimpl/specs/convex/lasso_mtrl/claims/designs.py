"""Exact designs, without samples: C4, C6, C7."""

from itertools import pairwise

import numpy as np

from refimpl.convex import lasso_mtrl
from refimpl.core.linalg import unit
from refimpl.core.random import stream
from refimpl.specs.base import Outcome, at_least, at_most, reported, within
from refimpl.specs.convex.lasso_mtrl.claims.common import BLUE, GREY, ORANGE


def unit_heads(rng, k, T):
    """Uniform on the sphere, in columns."""
    return unit(rng.standard_normal((k, T)), axis=0)


def some_heads(rng, W, most):
    """A target that is the sum of 1 to `most` source heads."""
    return W[:, rng.permutation(W.shape[1])[: int(rng.integers(1, most + 1))]].sum(axis=1)


# C4: no design is better ---------------------------------------------------------------------------------------------


def optimal_design(seed, instances=300, k=4, T=20):
    """Random designs against that in proportion to |nu^1|, and the chain of norms."""
    rng, violations, gain = stream(seed, "lasso_mtrl.C4"), 0, []
    for _ in range(instances):
        W = unit_heads(rng, k, T)
        w = some_heads(rng, W, 3)
        one, two = lasso_mtrl.relevance_l1(W, w), lasso_mtrl.relevance_l2(W, w)
        least = np.sum(np.abs(one)) ** 2
        shares = rng.dirichlet(np.ones(T), 20)
        null = np.linalg.svd(W)[2][k:]  # nu + null combinations make the target too
        others = one + rng.standard_normal((20, T - k)) @ null * rng.uniform(0, 0.5, (20, 1))
        violations += int(np.sum(np.sum(two**2 / shares, axis=1) < least * (1 - 1e-9)))
        violations += int(np.sum(np.sum(others**2 / shares, axis=1) < least * (1 - 1e-9)))
        violations += sum(float(lasso_mtrl.design_value(W, w, n)) < least * (1 - 1e-9) for n in shares[:3])
        s, second = np.sum(np.abs(two) > 1e-9), np.sum(two**2)
        norms = [least, np.sum(np.abs(two)) ** 2, s * second, T * second]
        violations += sum(a > b * (1 + 1e-9) for a, b in pairwise(norms))
        gain.append(T * second / least)

    def plot(figure):
        axes = figure.subplots()
        axes.hist(gain, bins=30, color=ORANGE)
        axes.axvline(1, color="black", linestyle=":")
        axes.set(xlabel=r"$T\,\|\nu^2\|_2^2 \,/\, \|\nu^1\|_1^2$", ylabel="instances")
        axes.set_title("Uniform sampling against the best design: never below 1")

    return Outcome(
        [
            at_most("violations, of the optimum and of the chain of norms", violations, 0),
            at_least("T |nu^2|_2^2 / |nu^1|_1^2, least", min(gain), 1.0),
            reported("the same, mean", np.mean(gain)),
        ],
        plot,
        "300 instances with k = 4 and T = 20, a target that is the sum of one to three unit heads; each against 20 "
        "random designs with nu^2, 20 with other combinations, three with the best one for them.",
    )


# C6: prices ----------------------------------------------------------------------------------------------------------


def priced(seed, instances=200, k=4, T=20):
    """What designs that do not know the prices cost, over what the best one does at the same value."""
    rng, blind, second, partly = stream(seed, "lasso_mtrl.C6"), [], [], []
    for _ in range(instances):
        W, prices = unit_heads(rng, k, T), np.exp(rng.standard_normal(T))
        w = W[:, rng.permutation(T)[:2]].sum(axis=1)
        aware = float(lasso_mtrl.cost_sensitive(W, w, prices, budget=1.0).value)
        one, two = np.abs(lasso_mtrl.relevance_l1(W, w)), lasso_mtrl.relevance_l2(W, w)
        blind.append(prices @ one * np.sum(one) / aware)
        second.append(np.sum(np.abs(two) > 1e-9) * (prices @ two**2) / aware)
        partly.append((np.sqrt(prices) @ one) ** 2 / aware)

    def plot(figure):
        axes = figure.subplots()
        for values, color, name in (
            (blind, ORANGE, "L1, blind to prices"),
            (partly, GREY, r"$\nu^1$, then n by prices"),
            (second, BLUE, "L2"),
        ):
            axes.plot(np.sort(values), (np.arange(instances) + 1) / instances, color=color, label=name)
        axes.axvline(1, color="black", linestyle=":")
        axes.set(xlabel="cost over that of the best design", ylabel="share of instances", xscale="log")
        axes.set_title("Prices belong in the choice of tasks")
        axes.legend(frameon=False)

    return Outcome(
        [
            at_least("blind L1 / aware, least", min(blind), 1 - 1e-9),
            at_least("L2 / aware, least", min(second), 1 - 1e-9),
            at_least("blind L1 / aware, mean", np.mean(blind), 1.5),
            at_least("L2 / aware, mean", np.mean(second), 3.0),
            reported("nu^1 with n by the prices / aware, mean", np.mean(partly)),
        ],
        plot,
        "200 instances with k = 4 and T = 20, a target that is the sum of two unit heads, prices exp(N(0, 1)): with "
        "equal prices the first ratio is 1. Costs of the same value of the design.",
    )


# C7: no bound on the gap ---------------------------------------------------------------------------------------------

SIZES = (2, 4, 8, 16)


def gap(seed, draws=30):
    """The value of the L2 rule's design for a target that is one source head, where that of L1 is 1 / N."""
    found = np.zeros((len(SIZES), draws, 2))
    for i, k in enumerate(SIZES):
        rng, T = stream(seed, "lasso_mtrl.C7", k), 20 * k
        for j in range(draws):
            W = unit_heads(rng, k, T)
            w = W[:, 0]
            two = lasso_mtrl.relevance_l2(W, w)
            found[i, j, 0] = lasso_mtrl.design_value(W, w, two**2 / np.sum(two**2))
            found[i, j, 1] = lasso_mtrl.design_value(W, w, np.full(T, 1 / T))
    means, theory = found.mean(axis=1), (np.array(SIZES) + 2) / 3
    W = unit_heads(stream(seed, "lasso_mtrl.C7"), 16, 320)
    least = float(np.sum(np.abs(lasso_mtrl.relevance_l1(W, W[:, 0]))))

    def plot(figure):
        axes = figure.subplots()
        for i, k in enumerate(SIZES):
            axes.plot(np.full(draws, k), found[i, :, 0], ".", color=BLUE, alpha=0.3)
        axes.plot(SIZES, means[:, 0], "o-", color=BLUE, label="L2")
        axes.plot(SIZES, theory, ":", color="black", label="(k + 2) / 3")
        axes.plot(SIZES, means[:, 1], "o-", color=GREY, label="uniform")
        axes.axhline(1, color=ORANGE, label="L1")
        axes.set(xlabel="k", ylabel="N times the value of the design", yscale="log")
        axes.set_xscale("log", base=2)
        axes.set_xticks(SIZES, SIZES)
        axes.set_title("The L2 rule falls behind without bound")
        axes.legend(frameon=False)

    return Outcome(
        [
            within("|nu^1|_1 of a target that is one head, k = 16", least, 1 - 1e-9, 1 + 1e-9),
            at_least("L2, all draws: least N times the value", found[:, :, 0].min(), 1.0),
            at_least("L2, least growth of the mean from one k to the next", np.diff(means[:, 0]).min(), 0.0),
            at_most("L2, mean against (k + 2) / 3, largest relative difference",
                    np.max(np.abs(means[:, 0] / theory - 1)), 0.25),
            *(reported(f"L2, mean, k = {k}", value) for k, value in zip(SIZES, means[:, 0], strict=True)),
            *(reported(f"uniform, mean, k = {k}", value) for k, value in zip(SIZES, means[:, 1], strict=True)),
        ],
        plot,
        "Thirty draws of T = 20 k unit heads each; no floor; the target is the first head, so that L1 has 1 / N.",
    )  # fmt: skip
