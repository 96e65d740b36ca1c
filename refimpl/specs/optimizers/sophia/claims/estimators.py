"""Experiments with the two estimates of a diagonal."""

import math
from itertools import product

import numpy as np

from refimpl.core.curvature import hutchinson
from refimpl.core.random import normal, signs, stream, uniform
from refimpl.core.special import softmax
from refimpl.optimizers import _sophia_models as models
from refimpl.optimizers import sophia
from refimpl.specs.base import Claim, Outcome, at_most, reported
from refimpl.specs.optimizers.sophia.claims.language import BLUE, GRAY, ORANGE

# C1: Hutchinson's estimator -------------------------------------------------------------------------------------


def z_scores(draws, mean):
    """How many standard errors the mean over the first axis is off, for each entry."""
    return abs(draws.mean(axis=0) - mean) / (draws.std(axis=0) / math.sqrt(len(draws)))


def hutchinson_draws(rng, d=8, count=200_000):
    """A random symmetric matrix [d, d], and estimates [count, d] from normal probes and from signs."""
    a = rng.standard_normal((d, d))
    h = (a + a.T) / 2
    probes = normal(rng, (count, d), like=h), signs(rng, (count, d), like=h)
    return h, *(hutchinson(lambda u: u @ h, probe) for probe in probes)


def hutchinson_is_unbiased(seed):
    """Mean and variance over many probes, three matrices."""
    found = [hutchinson_draws(stream(seed, "sophia.C1", i)) for i in range(3)]
    z, variances = [], []
    gaps: dict[str, list] = {"normal": [], "signs": []}
    for h, by_normal, by_signs in found:
        diagonal = np.diag(h)
        beside = (h * h).sum(axis=1) - diagonal**2
        for name, draws, expected in (("normal", by_normal, beside + 2 * diagonal**2), ("signs", by_signs, beside)):
            z.append(z_scores(draws, diagonal).max())
            gaps[name].append(abs(draws.var(axis=0) / expected - 1).max())
            variances.append((name, expected, draws.var(axis=0)))

    def plot(figure):
        left, right = figure.subplots(1, 2)
        h, by_normal, by_signs = found[0]
        for draws, color, name in ((by_normal[:, 0], BLUE, "normal probe"), (by_signs[:, 0], ORANGE, "signs")):
            left.hist(draws, bins=64, range=(-8, 8), density=True, histtype="step", color=color, label=name)
        left.axvline(h[0, 0], color="k", linestyle=":", label="true entry")
        left.set(yscale="log", xlabel="estimate of the first entry", ylabel="density", title="Unbiased, heavy tails")
        left.legend(fontsize=8)
        for name, expected, measured in variances:
            color, marker = (BLUE, "s") if name == "normal" else (ORANGE, "o")
            right.plot(expected, measured, marker, color=color, fillstyle="none")
        right.axline((1, 1), slope=1, color=GRAY, linewidth=1)
        right.set(xlabel="variance by the formula", ylabel="variance of the draws", title="and as noisy as derived")

    return Outcome(
        [
            at_most("largest z-score of the mean (3 matrices, 8 entries, 2 kinds of probes)", max(z), 4.5),
            at_most("largest relative error of the variance, normal probes", max(gaps["normal"]), 0.05),
            at_most("largest relative error of the variance, signs", max(gaps["signs"]), 0.05),
        ],
        plot,
    )


# C2: the Gauss-Newton-Bartlett estimator ------------------------------------------------------------------------


def label_gradients(W, x):
    """Gradient [B, C, D, C] of each example's loss with each label."""
    classes = range(W.shape[1])
    return np.stack([[models.gradient(W, x[b : b + 1], np.array([c])) for c in classes] for b in range(len(x))])


def bartlett_is_unbiased(seed, B=6, D=3, C=4, count=40_000):
    """All 4096 drawn batches of labels, each with its probability; then draws, from the model and of true labels."""
    errors, z, biased, means = [], [], [], []
    for i in range(2):
        rng = stream(seed, "sophia.C2", i)
        W, x = rng.standard_normal((D, C)), rng.standard_normal((B, D))
        f = models.logits(W, x)
        p, truth, each = softmax(f, axis=1), models.gauss_newton_diagonal(W, x), label_gradients(W, x)
        batches = np.array(list(product(range(C), repeat=B)))
        weights = np.prod(p[np.arange(B), batches], axis=1)
        estimate = lambda labels, each=each: sophia.gauss_newton_bartlett(each[np.arange(B), labels].mean(1), batch=B)
        errors.append(abs(np.tensordot(weights, estimate(batches), 1) - truth).max())
        draws = uniform(rng, (count * B,), like=W)
        by_model = estimate(sophia.sample_labels(np.tile(f, (count, 1)), draws).reshape(count, B))
        by_nature = estimate(rng.integers(0, C, (count, B)))  # true labels that know nothing of the model
        z.append(z_scores(by_model, truth).max())
        biased.append(z_scores(by_nature, truth).max())
        means.append((truth, by_model.mean(0), by_nature.mean(0)))

    def plot(figure):
        truth, by_model, by_nature = means[0]
        axes = figure.subplots()
        axes.axline((truth.min(), truth.min()), slope=1, color=GRAY, linewidth=1)
        axes.plot(truth.ravel(), by_model.ravel(), "o", color=ORANGE, label="labels drawn from the model")
        axes.plot(truth.ravel(), by_nature.ravel(), "x", color=BLUE, label="true labels, drawn evenly")
        axes.set(xlabel="diagonal of the Gauss-Newton matrix", ylabel=f"mean of {count:,} estimates")
        axes.set_title("Only labels drawn from the model give the curvature")
        axes.legend()

    return Outcome(
        [
            at_most("largest error of the mean over all batches of labels", max(errors), 1e-12),
            at_most("largest z-score of the mean of 40,000 draws", max(z), 4.5),
            reported("the same with true labels (uniform ones)", max(biased)),
        ],
        plot,
    )


CLAIMS = (
    Claim(
        "sophia.C1",
        "Hutchinson's estimator is unbiased for the diagonal of the Hessian",
        "Section 2.3; the variance is derived here",
        hutchinson_is_unbiased,
        kind="identity",
    ),
    Claim(
        "sophia.C2",
        "The Gauss-Newton-Bartlett estimator is unbiased for the diagonal of the Gauss-Newton matrix",
        "Section 2.3",
        bartlett_is_unbiased,
        kind="identity",
    ),
)
