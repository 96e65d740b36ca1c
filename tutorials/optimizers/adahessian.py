"""
AdaHessian: curvature for one more backward pass
================================================

AdaHessian divides by a noisy estimate of the Hessian's diagonal. Four pictures: what the noise looks like and what
averaging does to it, why the first step on a badly scaled quadratic is Newton's, how it trains a network at equal cost,
and how it bears a wrong step size.

The derivation: :doc:`/optimizers/adahessian`. Run it with ``.venv/bin/python tutorials/optimizers/adahessian.py``.
"""

import matplotlib.pyplot as plt
import numpy as np

from refimpl.core.figures import finish
from refimpl.core.random import signs, stream
from refimpl.optimizers import adahessian
from refimpl.specs.optimizers.adahessian.claims import training

ORANGE, BLUE, GREEN, PINK, GRAY = "#D55E00", "#0072B2", "#009E73", "#CC79A7", "0.45"  # told apart with any color vision

# sphinx_gallery_thumbnail_number = 4

# %%
# What one product with the Hessian tells
# ---------------------------------------
# A symmetric matrix of 180 rows whose diagonal entries are 1.5, with noise beside them. One draw of signs z gives
# z * (H z), an estimate of every diagonal entry at once. Left: 20,000 draws of the first entry. They scatter about the
# entry, but what AdaHessian averages are their *squares*: the root mean square is the length of the row. The mean
# over a block of nine has a ninth of the variance. Right: averaging absolute values, as the authors' code does, keeps
# the more of the noise, the weaker the diagonal is.

D, B, DRAWS = 180, 9, 20_000
rng = stream(0, "tutorial-adahessian", "matrix")
A = rng.standard_normal((D, D))
H = (A + A.T) / 2 * 2 / np.sqrt(D)
z = signs(rng, (DRAWS, D), like=H)


def draws_of(level, z, block=1, absolute=False):
    """Estimates, one for each row of signs, for the matrix with a constant diagonal."""
    h = H - np.diag(np.diag(H)) + level * np.eye(D)
    draws = adahessian.estimate(lambda z: z @ h, z)
    return adahessian.average(abs(draws) if absolute else draws, block)


figure1, (left, right) = plt.subplots(1, 2, figsize=(12, 4.4), layout="constrained")
raw, averaged = draws_of(1.5, z), draws_of(1.5, z, block=B)
for draws, color, label in ((raw, BLUE, "one entry"), (averaged, ORANGE, "mean over nine")):
    left.hist(
        draws[:, 0], bins=80, range=(-5, 8), density=True, histtype="step", linewidth=1.6, color=color, label=label
    )
    rms = np.sqrt(np.mean(draws[:, 0] ** 2))
    left.axvline(rms, color=color, linestyle="--", linewidth=1.4, label=f"its root mean square, {rms:.2f}")
left.axvline(1.5, color="k", linestyle=":", label="true entry, 1.50")
left.set(xlabel="estimate of the first diagonal entry", ylabel="density", title="Averaging neighbors takes out noise")
left.legend(fontsize=9)
levels = np.array([0.0, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0])
rms = lambda x: np.sqrt(np.mean(x**2))
for label, color, marker, how in (
    ("no averaging", BLUE, "s", {}),
    ("absolute values averaged", PINK, "D", {"block": B, "absolute": True}),
    ("signed values averaged", ORANGE, "o", {"block": B}),
):
    right.plot(
        levels, [rms(draws_of(level, z[:2000], **how)) for level in levels], marker=marker, color=color, label=label
    )
right.plot(levels, levels, ":", color="k", label="true diagonal")
right.set(xlabel="true diagonal entry", ylabel="root mean square of the estimates")
right.set_title("What the gradient is divided by")
right.legend(fontsize=9)

# %%
# A badly scaled quadratic
# ------------------------
# Where the Hessian is diagonal there is no noise at all: one draw of signs finds it, and with step size 1 the first
# step is Newton's. Turn the axes, and off-diagonal entries come in. At 45 degrees the rows of the Hessian are equally
# long, both coordinates are divided by the same number, and it is gradient descent.

CURVATURES, STEPS = np.array([1.0, 100.0]), 60
figure2, axes = plt.subplots(figsize=(7.5, 4.6), layout="constrained")
for degrees, color in ((0, ORANGE), (2, PINK), (10, BLUE), (45, GREEN)):
    c, s = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    rotation = np.array([[c, -s], [s, c]])
    h = rotation @ np.diag(CURVATURES) @ rotation.T
    run = adahessian.minimize(
        lambda x, k, h=h: (h @ x, lambda z: h @ z),
        rotation @ np.array([1.0, 1.0]),
        steps=STEPS,
        rng=stream(0, "tutorial-adahessian", "quadratic"),
        lr=1.0,
        beta1=0.0,
        eps=0.0,
        record=lambda x, state, h=h: {"loss": x @ h @ x / 2},
    )
    loss = np.maximum(run.history["loss"], 1e-32)
    axes.plot(loss, color=color, linewidth=1.8, label=f"axes turned by {degrees} degrees")
axes.set(yscale="log", ylim=(1e-33, 1e3), xlabel="step", ylabel="loss")
axes.set_title("Curvatures 1 and 100: a diagonal helps if the axes fit")
axes.legend()

# %%
# Training at equal cost
# ----------------------
# A network of 404 parameters on features whose scales span two and a half decades, as in claims C5 to C8, three times
# with other data (thin lines; thick: their geometric mean). Each optimizer has the best step size of a grid. A step
# of AdaHessian is about three gradients' work (the product with the Hessian counts as two); with an estimate in every
# fifth step, 1.4. So the horizontal axis counts gradients.

TASKS, BUDGET = [training.task(0, i) for i in range(3)], 900
METHODS = {  # color, marker, optimizer, period, gradients a step
    "AdaHessian": (ORANGE, "o", "AdaHessian", 1, 3.0),
    "AdaHessian, every 5 steps": (PINK, "D", "AdaHessian", 5, 1.4),
    "Adam": (BLUE, "s", "Adam", 1, 1.0),
    "SGD with momentum": (GREEN, "^", "SGD", 1, 1.0),
}

runs = {}  # losses [task, time, learning rate]
for label, (_, _, name, period, cost) in METHODS.items():
    steps = round(BUDGET / cost)
    how = {"steps": steps, "period": period, "every": round(steps / 15)}
    runs[label] = np.stack([training.train(one, name, training.GRIDS[name], **how) for one in TASKS])


def mean(losses):
    """Geometric mean over the tasks."""
    return np.exp(np.mean(np.log(losses), axis=0))


figure3, axes = plt.subplots(figsize=(7.5, 4.6), layout="constrained")
for label, found in runs.items():
    color, marker = METHODS[label][:2]
    best = np.stack([curves[:, curves[-1].argmin()] for curves in found])
    spent = np.linspace(0, BUDGET, best.shape[1])
    axes.plot(spent, best.T, color=color, linewidth=0.7, alpha=0.6)
    axes.plot(spent, mean(best), color=color, marker=marker, markersize=5, linewidth=2, label=label)
axes.set(yscale="log", xlabel=f"gradients spent (batches of {training.BATCH})", ylabel="training loss (nats)")
axes.set_title("At equal cost: ahead of gradient descent, behind Adam")
axes.legend(fontsize=9, loc="lower left")

# %%
# A wrong step size
# -----------------
# The same runs, seen by their step size: the loss at the end. Delaying the estimate pays: it buys more steps.
# (Scales like these are easily taken away: with standardized features gradient descent is ahead, as claim C5 shows.)

figure4, axes = plt.subplots(figsize=(7.5, 4.6), layout="constrained")
for label, found in runs.items():
    color, marker, name = METHODS[label][:3]
    axes.plot(training.GRIDS[name], found[:, -1].T, color=color, linewidth=0.7, alpha=0.6)
    axes.plot(training.GRIDS[name], mean(found[:, -1]), color=color, marker=marker, linewidth=2, label=label)
axes.set(xscale="log", yscale="log", xlabel="learning rate", ylabel=f"training loss after {BUDGET} gradients (nats)")
axes.set_title("One more backward pass buys curvature; Adam is a strong rival")
axes.legend(fontsize=9)

# %%
# One more backward pass buys the curvature of every parameter, with noise. The average makes of it the length of the
# Hessian's row, and what is left is a better scaling than none. At this small scale Adam, which takes its scaling from
# gradients alone, is a strong rival.

if __name__ == "__main__":
    finish("adahessian")
