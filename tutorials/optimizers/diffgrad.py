"""
diffGrad: a brake for steady gradients
======================================

diffGrad is Adam with a friction in each coordinate: the step is halved where the gradient hardly changes. Four
pictures: what the friction does on a path, which minimum it leads to and whether that is its merit, where both methods
fail, and what is left of it on a network.

The derivation: :doc:`/optimizers/diffgrad`. Run it with ``.venv/bin/python tutorials/optimizers/diffgrad.py``.
"""

import matplotlib.pyplot as plt
import numpy as np

from refimpl.core import tree
from refimpl.core.autodiff import grad
from refimpl.core.figures import finish
from refimpl.core.random import stream
from refimpl.models import losses, mlp
from refimpl.optimizers import diffgrad
from refimpl.optimizers._diffgrad_functions import FUNCTIONS
from refimpl.problems.digits import digits

ORANGE, BLUE, GRAY = "#D55E00", "#0072B2", "0.45"  # told apart with any color vision
COLORS = {"diffGrad": ORANGE, "Adam": BLUE}
FRICTIONS = {"diffGrad": diffgrad.friction, "Adam": lambda change: 1.0}  # with friction 1 the rule is Adam

# sphinx_gallery_thumbnail_number = 4

# %%
# The friction on a path
# ----------------------
# A ball rolls down the paper's first function from -1, with step size 0.1. There is a good valley at -0.3 and a worse
# one at 0.2. Bottom: how much the gradient changes from one step to the next, and the friction that follows from it. It
# is high once, at the start, and near 1/2 ever after: the gradients are of order 1, and they change by 0.1.


def descend(slope, name, lr, steps=299):
    """Positions from the start at -1, [steps + 1]."""
    settings = {"lr": lr, "beta1": 0.95, "friction": FRICTIONS[name], "record": lambda x: {"x": float(x[0])}}
    return np.array(diffgrad.minimize(slope, np.array([-1.0]), steps=steps, **settings).history["x"])


f1 = FUNCTIONS["F1"]
paths = {name: descend(f1.slope, name, 0.1) for name in FRICTIONS}

figure1, (top, bottom) = plt.subplots(2, 1, figsize=(9, 7.2), layout="constrained")
x = np.linspace(-1.1, 0.6, 600)
top.plot(x, f1.value(x), color=GRAY)
for name, path in paths.items():
    shift = 0.02 if name == "Adam" else 0.0  # one above the other
    top.plot(path, f1.value(path) + shift, "o-", color=COLORS[name], markersize=3.5, linewidth=0.8, label=name)
    top.plot(path[-1], f1.value(path[-1:]) + shift, "*", color=COLORS[name], markersize=15, markeredgecolor="k")
top.set(xlabel="x", ylabel=r"$F_1(x)$")
top.set_title("At step size 0.1 Adam rolls past the good minimum, diffGrad stops there (stars)")
top.legend()
gradients = f1.slope(paths["diffGrad"][:-1])
change = np.abs(np.diff(gradients, prepend=0.0))
steps = np.arange(1, len(change) + 1)
bottom.plot(steps, change, color=GRAY, linestyle="--", label="change of the gradient")
bottom.plot(steps, diffgrad.friction(change), color=ORANGE, linewidth=2, label="friction")
bottom.axhline(0.5, color=GRAY, linewidth=0.8)
bottom.annotate("1/2: half of Adam's step", (60, 0.5), xytext=(0, 6), textcoords="offset points", color=GRAY)
bottom.set(xlabel="update", ylabel="friction, change of the gradient", xscale="log", ylim=(0, 1.5))
bottom.set_title("The friction is near 1/2 from the second update on")
bottom.legend()

# %%
# Which minimum, at which step size
# ---------------------------------
# At the step size of the paper's study (dotted) Adam ends in the worse valley of F1 and F2, and diffGrad does not. But
# at half of it Adam finds all three, and at twice of it the two change places on F1. Below 0.05 it is diffGrad that
# stays in the first valley of F3. One column of such a table proves nothing.

RATES = np.array([0.02, 0.03, 0.05, 0.07, 0.1, 0.14, 0.2])

figure2, panels = plt.subplots(1, 3, figsize=(11, 4.4), sharey=True, layout="constrained")
for axes, (key, f) in zip(panels, FUNCTIONS.items(), strict=True):
    axes.axhline(f.best, color="0.8", linewidth=7)
    axes.axvline(0.1, color=GRAY, linewidth=1, linestyle=":")
    for name, marker in (("Adam", "s"), ("diffGrad", "o")):
        ends = [descend(f.slope, name, lr)[-1] for lr in RATES]
        filled = "full" if name == "Adam" else "none"
        axes.plot(
            RATES, ends, marker, color=COLORS[name], fillstyle=filled, markersize=9, markeredgewidth=2, label=name
        )
    axes.set(xscale="log", xlabel="step size", title=key, ylim=(-0.78, 0.38))
    axes.set_xticks([0.02, 0.05, 0.1, 0.2], ["0.02", "0.05", "0.1", "0.2"])
    axes.minorticks_off()
panels[0].set_ylabel("position after 299 updates")
panels[0].legend(loc="upper left")
figure2.suptitle("Who finds the global minimum (gray band) depends on the step size")

# %%
# Where both fail
# ---------------
# Gradients 6, -1, -1, again and again: the best point of [-1, 1] is -1. With a short memory (beta2 = 1/37) the large
# gradient is divided by its own size and forgotten, and two small ones push the other way. The friction slows the
# drift, for it halves the step of the second -1; it does not turn it. The regret theorem, which allows this beta2, does
# not hold.

C, LENGTH = 6.0, 3000


def play(name, beta2):
    """Positions under the gradients C, -1, -1, ..., with a step size that falls as 1 / sqrt(t)."""
    run = diffgrad.online(
        lambda x, t: np.full(1, C if t % 3 == 1 else -1.0),
        np.zeros(1),
        steps=LENGTH,
        project=lambda x: np.clip(x, -1.0, 1.0),
        decay=0.0,
        lr=0.5,
        beta1=0.0,
        beta2=beta2,
        friction=FRICTIONS[name],
        record=lambda x: {"x": float(x[0])},
    )
    return np.array(run.history["x"])


figure3, axes = plt.subplots(figsize=(8, 4.6), layout="constrained")
for beta2, style, label in ((1 / (1 + C**2), "-", "1/37"), (0.999, "--", "0.999")):
    for name, color in COLORS.items():
        axes.plot(
            np.arange(1, LENGTH + 2), play(name, beta2), style, color=color, label=rf"{name}, $\beta_2$ = {label}"
        )
axes.axhline(-1, color=GRAY, linewidth=1)
axes.annotate("best point", (1.1, -1), xytext=(0, 5), textcoords="offset points", color=GRAY)
axes.set(xscale="log", xlabel="step", ylabel="position", ylim=(-1.12, 1.12))
axes.set_title("With a short memory both walk to the worst point")
axes.legend(loc="center right")

# %%
# On a network
# ------------
# A network of 2410 parameters on 8 x 8 digits. A coordinate of the gradient is far below 1, and so is its change: 99 of
# 100 frictions are below 0.52. Right: the loss after 300 steps at eight step sizes. The curve of diffGrad is that of
# Adam, moved by a factor of two (crosses), until the steps are so large that training gets rough and chance decides.

images, labels = digits(like=np.zeros(1), part="train")
flat, unravel = tree.ravel(mlp.init(stream(0, "tutorial-diffgrad", "init"), (64, 32, 10), like=images))
loss = lambda flat, x, y: losses.softmax_cross_entropy(mlp.apply(unravel(flat), x), y)
gradient = grad(loss)
BATCH, STEPS = 32, 300


def train(name, lr):
    """Loss on all training images after the training, and the frictions on the way."""
    params, state, seen = flat, diffgrad.init(flat), []
    batches = stream(0, "tutorial-diffgrad", "batches")
    for _ in range(STEPS):
        chosen = batches.integers(0, len(labels), BATCH)
        before = state
        slope = gradient(params, images[chosen], labels[chosen])
        params, state = diffgrad.update(params, state, slope, lr=lr, friction=FRICTIONS[name])
        seen.append(diffgrad.friction(before.previous - state.previous))
    return loss(params, images, labels), np.array(seen)


SIZES = 0.00125 * 2.0 ** np.arange(8)
trained = {name: [train(name, lr) for lr in SIZES] for name in FRICTIONS}

figure4, (left, right) = plt.subplots(1, 2, figsize=(11, 4.4), layout="constrained")
frictions = trained["diffGrad"][3][1]
assert np.quantile(frictions, 0.99) < 0.52
left.hist(frictions.ravel(), bins=np.linspace(0.5, 1, 101), color=ORANGE)
left.set(yscale="log", xlabel="friction (bins of 0.005)", ylabel="coordinates and steps")
left.set_title(f"Step size {SIZES[3]:g}: the friction is 1/2, nearly everywhere")
ends = {name: np.array([end for end, _ in runs]) for name, runs in trained.items()}
for name, marker in (("Adam", "s"), ("diffGrad", "o")):
    right.plot(SIZES, ends[name], marker + "-", color=COLORS[name], label=name)
right.plot(2 * SIZES[:-1], ends["Adam"][:-1], "kx", markersize=10, label="Adam at half the step size")
right.set(xscale="log", yscale="log", xlabel="step size", ylabel="training loss after 300 steps (nats)")
right.set_title("diffGrad is Adam at half the step size")
right.legend()

# %%
# A friction that halves the step is a real effect. A fair comparison sweeps the step size, and then little is left.

if __name__ == "__main__":
    finish("diffgrad")
