"""
AdamW: let the decay alone
==========================

Adam divides each gradient by its usual size. Three pictures: what the bias correction mends, whom an L2 penalty shrinks
once it is divided too, and when the division forgets what it should remember.

The derivation: :doc:`/optimizers/adamw`. Run it with ``.venv/bin/python tutorials/optimizers/adamw.py``.
"""

import matplotlib.pyplot as plt
import numpy as np

from refimpl.core.figures import finish
from refimpl.core.random import stream
from refimpl.optimizers import adamw

ORANGE, BLUE, GREEN, PINK, GRAY = "#D55E00", "#0072B2", "#009E73", "#CC79A7", "0.45"  # told apart with any color vision

# sphinx_gallery_thumbnail_number = 3

# %%
# The first steps
# ---------------
# Both averages start at zero. The corrections divide by the weight that they have gathered so far, so that the first
# step has the right length. Left: 1000 parameters whose gradients are noise. With the corrections beta2 does not matter
# here: the three curves are one. Without them the first step is (1 - beta1) / sqrt(1 - beta2) times as long.
#
# Right: where epsilon stands. Beside the root of the *corrected* second moment it acts from a gradient of its own size
# downwards; beside the uncorrected root it acts on gradients 32 times as large, as long as the run is young.

STEPS = 300
noise = stream(0, "tutorial-adamw", "noise").standard_normal((STEPS, 1000))

figure1, (left, right) = plt.subplots(1, 2, figsize=(11, 4.3), layout="constrained")
for beta2, color, width in ((0.99, GREEN, 7), (0.999, BLUE, 4), (0.9999, ORANGE, 1.3)):
    zero = np.zeros(1000)
    state, corrected, bare = adamw.init(zero), [], []
    for gradient in noise:
        step, state = adamw.update(zero, state, gradient, lr=1.0, beta2=beta2, weight_decay=0.0)
        corrected.append(np.sqrt(np.mean(step**2)))
        bare.append(np.sqrt(np.mean(state.m**2 / state.v)))
    left.plot(np.arange(1, STEPS + 1), corrected, color=color, linewidth=width, label=rf"$\beta_2$ = {beta2:g}")
    left.plot(np.arange(1, STEPS + 1), bare, "--", color=color)
left.plot([], [], "--", color=GRAY, label="uncorrected")
left.set(xscale="log", yscale="log", xlabel="step", ylabel="length of the step / lr (root mean square)")
left.set_title("The bias correction tames the first steps")
left.legend(fontsize=9)

sizes, eps = np.geomspace(1e-11, 1e-4, 200), 1e-8
zero = np.zeros_like(sizes)
first, _ = adamw.update(zero, adamw.init(zero), sizes, lr=1.0, eps=eps, weight_decay=0.0)
beside_bare_root = np.sqrt(0.001) / 0.1 * 0.1 * sizes / (np.sqrt(0.001) * sizes + eps)
right.plot(sizes, -first, color=BLUE, label="beside the corrected root (AdamW, PyTorch, Optax)")
right.plot(sizes, beside_bare_root, "--", color=PINK, label="beside the bare root (Keras)")
right.axvline(eps, color=GRAY, linewidth=1)
right.annotate(r"$\epsilon$", (eps, 1.1), xytext=(4, 0), textcoords="offset points", color=GRAY)
right.set(xscale="log", ylim=(0, 1.45), xlabel="size of the gradient", ylabel="length of the first step / lr")
right.set_title(r"Two places of $\epsilon$")
right.legend(fontsize=9, loc="upper left")

# %%
# A division that forgets
# -----------------------
# On [-1, 1] the slopes 3, -1, -1 come in turn: their mean is positive, and the best point is -1. With a short memory
# Adam has forgotten the large slope when the small ones come, takes them for large, and climbs to +1 from anywhere.
# AMSGrad divides by the largest second moment so far.

figure2, axes = plt.subplots(figsize=(7.5, 4.4), layout="constrained")
for name, init, update, color in (
    ("Adam", adamw.init, adamw.update, BLUE),
    ("AMSGrad", adamw.amsgrad_init, adamw.amsgrad, ORANGE),
):
    theta = np.linspace(-1, 1, 5)
    state, path = init(theta), [theta]
    for t in range(1, 2001):
        slope = np.full(5, 3.0 if t % 3 == 1 else -1.0)
        theta, state = update(theta, state, slope, lr=0.5 / np.sqrt(t), beta1=0.0, beta2=0.1, weight_decay=0.0)
        theta = np.clip(theta, -1, 1)
        path.append(theta)
    axes.plot(np.arange(1, 2002), path, color=color, linewidth=1.1)
    axes.plot([], [], color=color, label=name)
axes.axhline(-1, color=GRAY, linestyle=":")
axes.annotate("best point", (2000, -1), xytext=(0, 6), textcoords="offset points", color=GRAY, ha="right")
axes.set(xscale="log", xlabel="step", ylabel="parameter", ylim=(-1.15, 1.15))
axes.set_title("Adam forgets the rare large slope and climbs; AMSGrad does not")
axes.legend(loc="center right")

# %%
# Whom the penalty shrinks
# ------------------------
# 300 parameters start at 1. Their gradients are noise, of sizes from 0.01 to 100. Adam adds the slope of the penalty to
# the gradient and divides both by the size: where the noise is large, nothing is left of the penalty, and where it is
# small the penalty shrinks too much. AdamW multiplies by 1 - lr weight_decay beside the step, whatever the gradient.
# (A run without decay, on the same noise, is subtracted.)

LR, DECAY, STEPS = 1e-3, 1e-2, 2000
sizes = np.geomspace(0.01, 100, 300)
noise = sizes * stream(0, "tutorial-adamw", "sizes").standard_normal((STEPS, 300))


def end(update, decay):
    """Parameters after all steps."""
    theta = np.ones(300)
    state = adamw.init(theta)
    for gradient in noise:
        theta, state = update(theta, state, gradient, lr=LR, weight_decay=decay)
    return theta


bare = end(adamw.update, 0.0)
figure3, axes = plt.subplots(figsize=(7.5, 4.6), layout="constrained")
for name, update, color, marker in (("Adam, L2 penalty", adamw.adam, BLUE, "."), ("AdamW", adamw.update, ORANGE, "x")):
    shrinkage = (bare - end(update, DECAY)) / (LR * DECAY * STEPS)
    axes.plot(sizes, shrinkage, marker, color=color, markersize=5, label=name)
axes.axhline(1, color=GRAY, linewidth=1, linestyle=":")
axes.set(xscale="log", yscale="log", xlabel="size of the parameter's gradients")
axes.set_ylabel("shrinkage / (lr $\\times$ weight_decay $\\times$ steps)")
axes.set_title("The penalty spares those with large gradients,\nthe decay treats all parameters alike")
axes.legend()

# %%
# In short: average, average the squares, correct both, divide; and let the decay alone.

if __name__ == "__main__":
    finish("adamw")
