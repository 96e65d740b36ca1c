"""
Weights from losses: tune the baseline first
============================================

Samples of small loss count less in the gradient. What the weights look like, why training seems twice as fast, and what
is left of that where each rule has its own best step size, in three pictures.

The derivation: :doc:`/training/loss_reweighting`. Run it with
``.venv/bin/python tutorials/training/loss_reweighting.py``.
"""

import matplotlib.pyplot as plt
import numpy as np

from refimpl.core.figures import finish
from refimpl.core.random import stream
from refimpl.training import _loss_reweighting_models as models
from refimpl.training import loss_reweighting as lr

BLUE, SKY, ORANGE, GREEN, PINK, GRAY = "#0072B2", "#56B4E9", "#D55E00", "#009E73", "#CC79A7", "0.45"
LIKE = np.zeros(1)
SHAPES = {"linupper": BLUE, "quadratic": GREEN, "extremes": ORANGE, "upper": PINK, "uniform": GRAY}

# sphinx_gallery_thumbnail_number = 3

# %%
# From losses to weights
# ----------------------
# The losses of a batch are mapped to [-1, 1]; a strategy says which of them matter; a softmax makes weights. LinUpper
# lowers the weight of small losses and treats the upper half alike, so that one sample does not take everything. The
# lower the temperature r, the more weights differ, but never by more than the factor exp(1 / r).

batch = np.sort(np.abs(stream(0, "tutorial", "losses").standard_normal(16)) * 2)
h = np.linspace(-1, 1, 201)
figure, (left, *others) = plt.subplots(1, 3, figsize=(12, 4.2), layout="constrained")
for strategy, color in SHAPES.items():
    left.plot(h, lr.shape(h, strategy=strategy), color=color, linewidth=2, label=strategy)
left.set(xlabel="normalised loss $h$", ylabel="$s$", title="Five shapes", ylim=(-0.05, 1.5))
left.legend(frameon=False, fontsize=9, ncols=2, loc="upper center")
for axes, r in zip(others, (1.0, 0.4), strict=True):
    for strategy, color in SHAPES.items():
        axes.plot(batch, lr.weights(batch, strategy=strategy, r=r).w, "o-", color=color, markersize=4)
    axes.axhline(1 / 16, color="black", linewidth=0.6)
    axes.set(xlabel="loss", ylabel="weight", title=f"Weights of one batch, $r = {r:g}$", ylim=(0, 0.26))
figure.suptitle("Small losses count less, the upper half alike", fontsize=14)

# %%
# Twice as fast, at the same step size
# ------------------------------------
# Linear regression in 20 dimensions; in nine rows of ten, half of the coordinates are a tenth as large, so that most
# of the data is learnt early. All descend at the step size 0.01, on the same batches. LinUpper needs half of the
# steps of equal weights. So do equal weights at twice the step size (dashed): weights that favour large losses favour
# large gradients, and make a larger step.

problem = models.regression(stream(0, "tutorial", "problem"), runs=3, like=LIKE)


def curve(weigh, eta, steps, r=1.0, every=10):
    """Test loss, a mean over three problems on the logarithmic scale."""
    rng = stream(0, "tutorial", "batches")
    found = models.descend(problem, rng, eta=eta, steps=steps, weigh=weigh, r=r, every=every)
    return np.exp(np.mean(np.log(found), axis=1))


figure, axes = plt.subplots(figsize=(8, 5), layout="constrained")
steps = 10 * np.arange(121)
for label, weigh, eta, color, style in (
    ("equal weights", "uniform", 0.01, GRAY, "-"),
    ("Extremes", "extremes", 0.01, ORANGE, "-"),
    ("Quadratic", "quadratic", 0.01, GREEN, "-"),
    ("LinUpper", "linupper", 0.01, BLUE, "-"),
    ("equal weights, step 0.02", "uniform", 0.02, "black", "--"),
):
    axes.semilogy(steps, curve(weigh, eta, 1200), style, color=color, linewidth=2, label=label)
axes.set(xlabel="step", ylabel="test loss / that of the start")
axes.legend(frameon=False)
axes.set_title("LinUpper halves the steps; so does a doubled step size")

# %%
# Each at its own best step
# -------------------------
# The step size is free. So let each rule have its best one, and ask for the digits gained in 150 steps. LinUpper is
# ahead where steps are small, and diverges first where they are large: it is a larger, riskier step. At the best of
# each, equal weights win. Weights have the price of nothing, and they adapt: those of the *first* losses, kept, are
# worse. But tune the step of the baseline before you credit them, and beware of labels that cannot be learnt: the
# largest losses are then those of the wrong ones.

etas = (0.1, 0.2, 0.3, 0.45, 0.6, 0.9, 1.2, 1.5)
figure, axes = plt.subplots(figsize=(8, 5), layout="constrained")
best = {}
for label, weigh, r, color in (
    ("equal weights", "uniform", 1.0, GRAY),
    ("LinUpper, $r = 1$", "linupper", 1.0, BLUE),
    ("LinUpper, $r = 0.4$", "linupper", 0.4, SKY),
):
    digits = np.array([-np.log10(curve(weigh, eta, 150, r, every=150)[-1]) for eta in etas])
    best[label] = digits.max()
    axes.semilogx(etas, np.maximum(digits, 0), "o-", color=color, linewidth=2, label=label)
axes.set_xticks(etas[::2], [f"{eta:g}" for eta in etas[::2]])
axes.minorticks_off()
axes.set(xlabel="step size", ylabel="digits gained in 150 steps")
axes.legend(frameon=False)
axes.set_title(
    f"Tune the baseline first: {best['equal weights']:.0f} digits with equal weights, "
    f"{best['LinUpper, $r = 1$']:.0f} with LinUpper"
)

if __name__ == "__main__":
    finish("loss_reweighting")
