"""
WTA-CRS: train on a third of the rows
=====================================

A network on handwritten digits forgets most of what its layers have seen before the gradient comes back. Which rows
may it forget, what does that do to the gradient, and what does it cost in the end?

The derivation: :doc:`/attention/wta_crs`. Run it with ``.venv/bin/python tutorials/attention/wta_crs.py``.
"""

import matplotlib.pyplot as plt
import numpy as np

from refimpl.attention import _wta_crs_baselines as baselines
from refimpl.attention import wta_crs
from refimpl.core.figures import finish
from refimpl.core.random import stream
from refimpl.models import mlp
from refimpl.models.losses import accuracy
from refimpl.problems.digits import split

BLUE, ORANGE, GREEN, PINK, GRAY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "0.45"  # for any color vision
LIKE, BATCH, STEPS = np.zeros(1), 100, 140

# %%
# The data, a network with three layers, and a loop: 10 epochs in batches of a hundred. Every draw is an argument.

rng = stream(0, "tutorial", "wta_crs")
x, labels, test, truth = split(rng.permutation(1797), 1400, like=LIKE)
start = mlp.init(rng, (64, 64, 64, 10), like=LIKE, scheme="he")
batches = np.concatenate([rng.permutation(1400) for _ in range(10)]).reshape(STEPS, BATCH)
u = rng.random((STEPS, 3, BATCH))


def train(ratio, select=wta_crs.wta, record=None, batches=batches, u=u):
    """Accuracy on what was not trained on, and what was recorded."""
    state, run = wta_crs.fit(start, x, labels, batches, u, lr=0.01, ratio=ratio, select=select, record=record)
    return float(accuracy(mlp.apply(state.params, test, activation="relu"), truth)), run


# %%
# Who wins?
# ---------
# The probabilities of the rows of a batch, in the second layer, in three epochs. Winners are worth it as long as the
# c largest hold more than their share c / k of the budget: the more the curve bends, the more win.

_, run = train(0.3, record=lambda state: {"params": state.params})
ids = batches[0]
factors = {epoch: baselines.pairs(run.history["params"][14 * epoch], x[ids], labels[ids])[1] for epoch in (1, 4, 10)}
laws = {epoch: wta_crs.probabilities(H.T, G) for epoch, (H, G) in factors.items()}

figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.4), layout="constrained")
for (epoch, p), color in zip(laws.items(), (GREEN, ORANGE, BLUE), strict=True):
    winners, falling = len(wta_crs.plan(p, 30).winners), np.sort(p)[::-1]
    held = np.concatenate([[0], np.cumsum(falling)])
    left.semilogy(np.arange(1, 101), falling, color=color, label=f"epoch {epoch}")
    right.plot(np.arange(31) / 30, held[:31], color=color, label=f"epoch {epoch}: {winners} of 30 win")
    right.plot(winners / 30, held[winners], "o", color=color)
    print(f"epoch {epoch:2}: {winners} winners hold {held[winners]:.2f}")
right.plot([0, 1], [0, 1], "--", color=GRAY, label="their share")
left.set(xlabel="row of the batch, largest first", ylabel="probability", title="Late in training few rows matter")
right.set(xlabel="winners, as a share of the budget", ylabel="probability that they hold", title="and then they win")
left.legend(frameon=False)
right.legend(frameon=False)

# %%
# What does it do to the gradient?
# --------------------------------
# The error of the estimated gradient, in closed form, relative to the gradient; of the largest rows it is a bias.

shares = np.array([0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 0.9])
figure, panels = plt.subplots(1, 2, figsize=(10, 4.4), layout="constrained", sharey=True)
for axes, epoch in zip(panels, (1, 10), strict=True):
    (H, G), p = factors[epoch], laws[epoch]
    size = np.sum((H.T @ G) ** 2)
    for kind, color, label in (
        ("crs", ORANGE, "CRS"),
        ("wta", BLUE, "WTA-CRS"),
        ("bernoulli", PINK, "coins"),
        ("topk", GREEN, "largest rows (bias)"),
    ):
        where = wta_crs if kind in wta_crs.KINDS else baselines
        errors = [float(where.variance(H.T, G, p, int(100 * s), kind=kind)) / size for s in shares]
        axes.semilogy(shares, errors, "o-", markersize=4, color=color, label=label)
    axes.set(xlabel="share of rows that is kept", title=f"epoch {epoch}")
panels[0].set(ylabel="squared error over squared gradient")
panels[1].legend(frameon=False)
figure.suptitle("Coins are better than draws; the largest rows have the smallest error, and it does not average out")

# %%
# What does it cost?
# ------------------
# Accuracy against what the three layers keep, and the control: exact gradients on smaller batches, as many epochs.

ratios, rows = (0.05, 0.1, 0.2, 0.3, 0.5, 1.0), 64 + 64 + 64
exact, _ = train(1.0)  # of every way that keeps all rows
ways = {"WTA-CRS": (wta_crs.wta, BLUE), "coins": (baselines.bernoulli, PINK), "largest rows": (wta_crs.topk, GREEN)}
figure, axes = plt.subplots(figsize=(7.5, 4.8), layout="constrained")
for label, (select, color) in ways.items():
    found = [*(train(ratio, select)[0] for ratio in ratios[:-1]), exact]
    axes.plot([max(1, int(100 * ratio)) * rows / 1000 for ratio in ratios], found, "o-", color=color, label=label)
    print(f"{label:12}", *(f"{value:.3f}" for value in found))
sizes, found = (10, 20, 50, 100), []
for size in sizes[:-1]:
    steps = 10 * 1400 // size
    some = np.zeros((steps, 3, size))  # no draw counts where all rows are kept
    found.append(train(1.0, batches=batches.reshape(steps, size), u=some)[0])
found.append(exact)
axes.plot([size * rows / 1000 for size in sizes], found, "s--", color=GRAY, label="exact, smaller batch")
print("exact       ", *(f"{value:.3f}" for value in found))
axes.set(xlabel="thousands of floats that three layers keep", ylabel="accuracy on 397 test images", xscale="log")
axes.set_title("A third of the rows is enough if nothing is biased;\na smaller batch keeps as little and learns more")
axes.legend(frameon=False, loc="lower right")

if __name__ == "__main__":
    finish("wta_crs")
