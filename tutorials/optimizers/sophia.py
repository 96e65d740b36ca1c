"""
Sophia: curvature sets the step, the clip guarantees it
=======================================================

Sophia divides its momentum by a rough estimate of the Hessian's diagonal and clips each coordinate. Four pictures: what
that does in a valley with a saddle beside it, where the estimates come from, why the condition number drops out, and
how it compares with AdamW on a small language model.

The derivation: :doc:`/optimizers/sophia`. Run it with ``.venv/bin/python tutorials/optimizers/sophia.py``.
"""

import matplotlib.pyplot as plt
import numpy as np

from refimpl.core.figures import finish
from refimpl.core.random import stream
from refimpl.optimizers import _sophia_models as models
from refimpl.optimizers import sophia
from refimpl.specs.optimizers.sophia.claims import language, step

ORANGE, BLUE, GREEN, PINK, GRAY = "#D55E00", "#0072B2", "#009E73", "#CC79A7", "0.45"  # for any color vision

# sphinx_gallery_thumbnail_number = 1

# %%
# A sharp and a flat coordinate
# -----------------------------
# The paper's example: the curvature of the first coordinate is 69 at the minimum and negative at the start, that of
# the second is 1. Gradient descent takes steps that the sharp one bears, and crawls in the flat one. Sign descent
# bounces in the sharp one. Newton's method goes to the saddle. Sophia starts like sign descent, because the curvature
# is negative, and ends like Newton's method. (Momentum or a step that decays help the others: claim C3.)

STEPS, START = 60, np.array([0.2, 0.0])
gradient, curvature = (lambda theta, n=n: step.toy(n, theta) for n in (1, 2))
rules = {
    "gradient descent, .015": (GREEN, "^", lambda theta: theta - 0.015 * gradient(theta)),
    "sign descent, .15": (BLUE, "s", lambda theta: theta - 0.15 * np.sign(gradient(theta))),
    "Newton": (PINK, "v", lambda theta: theta - gradient(theta) / curvature(theta)),
    "Sophia, .3": (
        ORANGE,
        "o",
        lambda theta: sophia.update(
            theta,
            sophia.init(theta),
            gradient(theta),
            curvature(theta),
            lr=0.3,
            gamma=1.0,
            beta1=0.0,
            beta2=0.0,
            weight_decay=0.0,
        )[0],
    ),
}

figure1, (left, right) = plt.subplots(1, 2, figsize=(11, 4.8), layout="constrained")
x, y = np.meshgrid(np.linspace(-0.5, 1.6, 200), np.linspace(-0.6, 4.9, 200))
left.contour(x, y, step.toy(0, np.stack([x, y], -1)), levels=np.geomspace(0.1, 40, 14), colors="0.85", linewidths=0.8)
for name, (color, marker, rule) in rules.items():
    path = [START]
    for _ in range(STEPS):
        path.append(rule(path[-1]))
    path = np.array(path)
    left.plot(*path.T, marker=marker, color=color, markersize=3.5, linewidth=1.2, label=name)
    right.plot(np.maximum(np.linalg.norm(path - [1, 4], axis=1), 1e-9), color=color, linewidth=1.8, label=name)
left.plot(1, 4, "k*", markersize=13, zorder=5)
left.annotate("minimum", (1, 4), xytext=(8, 12), textcoords="offset points")
left.plot(0, 4, "kx", markersize=9, zorder=5)
left.annotate("saddle", (0, 4), xytext=(-6, 9), textcoords="offset points", ha="right")
left.set(xlabel=r"$\theta_1$ (sharp)", ylabel=r"$\theta_2$ (flat)", title=f"{STEPS} steps")
right.legend(loc="lower left")
right.set(yscale="log", xlabel="step", ylabel="distance to the minimum", title="At these rates only Sophia arrives")

# %%
# Two estimates from one product or one gradient
# ----------------------------------------------
# A softmax regression on 32 examples. Hutchinson's estimate needs a product with the Hessian and may be negative; that
# of Gauss, Newton and Bartlett needs the gradient for labels drawn from the model, and may not. Single estimates are
# wild; averages find the true entry. With the *true* labels they find something else.

B, D, C, COUNT = 32, 5, 4, 4000
rng = stream(0, "tutorial-sophia", "estimates")
W, features, labels = rng.standard_normal((D, C)), rng.standard_normal((B, D)), rng.integers(0, C, B)
logits, truth = models.logits(W, features), models.gauss_newton_diagonal(W, features)


def bartlett(labels):
    return sophia.gauss_newton_bartlett(models.gradient(W, features, labels), batch=B)


estimates = {
    "Hutchinson": (
        PINK,
        [models.hutchinson_estimate(W, features, labels, rng.standard_normal((D, C))) for _ in range(COUNT)],
    ),
    "Gauss-Newton-Bartlett": (
        ORANGE,
        [bartlett(sophia.sample_labels(logits, rng.uniform(size=B))) for _ in range(COUNT)],
    ),
    "the same with true labels": (BLUE, [bartlett(rng.permutation(labels)) for _ in range(COUNT)]),
}

figure2, (left, right) = plt.subplots(1, 2, figsize=(11, 4.4), layout="constrained")
numbers = np.arange(1, COUNT + 1)
for name, (color, draws) in estimates.items():
    draws = np.array(draws)
    if "true" not in name:
        left.hist(draws[:, 0, 0], bins=90, range=(-0.3, 1.2), density=True, color=color, alpha=0.6, label=name)
    average = np.cumsum(draws, axis=0) / numbers[:, None, None]
    error = np.sqrt(np.mean((average - truth) ** 2, axis=(1, 2)) / np.mean(truth**2))
    right.plot(numbers, error, "--" if "true" in name else "-", color=color, linewidth=1.8, label=name)
left.axvline(truth[0, 0], color="k", linestyle=":", label="true entry")
left.set(
    yscale="log", xlabel="estimate of one entry of the diagonal", ylabel="density", title="One estimate tells little"
)
left.legend(fontsize=9)
right.plot(numbers, 1 / np.sqrt(numbers), color=GRAY, linewidth=1, linestyle=":", label=r"$n^{-1/2}$")
right.set(xscale="log", yscale="log", xlabel="estimates averaged, n", ylabel="relative error of the diagonal")
right.set_title("Averages converge, but not with true labels")
right.legend(fontsize=9)

# %%
# The condition number drops out
# ------------------------------
# Steps to a loss of 0.0001 on quadratics, from random starts. Gradient descent needs a number of steps in proportion to
# the condition number, sign descent at its best step size to the root of it, Sophia always the same twenty; but only if
# the axes of the quadratic are the coordinates. Turned, it is no better than gradient descent.

figure3, axes = plt.subplots(figsize=(7, 4.4), layout="constrained")
step.draw_run_times(axes, step.run_times(stream(0, "tutorial-sophia", "quadratics")))
axes.set_title("Gradient descent feels the condition number, sign descent its root;\nSophia does not, along the axes")

# %%
# A small language model
# ----------------------
# Made-up words, frequent ones and rare ones, letter by letter; a perceptron sees eight letters and predicts the next.
# The paper promises AdamW's loss in half the steps. Compared at Sophia's best learning rate that is what we see. But
# AdamW has a better one, eight times as large, and with it needs fewer steps than Sophia.

SHORT, SEED = 500, 0
model = language.character_model(SEED)
settings = {
    "AdamW, lr 0.012": ("AdamW", 0.012, 2 * SHORT, BLUE, ":"),
    "AdamW, lr 0.096": ("AdamW", 0.096, 2 * SHORT, BLUE, "--"),
    "AdamW, lr 0.096, half the steps": ("AdamW", 0.096, SHORT, BLUE, "-"),
    "Sophia-G, lr 0.012, half the steps": ("Sophia-G", 0.012, SHORT, ORANGE, "-"),
}

figure4, (left, right) = plt.subplots(1, 2, figsize=(12, 4.8), sharey=True, layout="constrained")
ends = {}
for label, (name, rate, steps, color, style) in settings.items():
    curve, _ = language.character_run(SEED, model, name, lr=rate, steps=steps, gamma=1.0, every=25)
    ends[name, rate, steps] = curve[-1]
    left.plot(np.linspace(0, steps, len(curve)), curve, style, color=color, linewidth=1.8, label=label)
left.set(yscale="log", xlabel="step (batches of 128 letters)", ylabel="cross-entropy - entropy (nats per letter)")
left.set_title("Twice as fast as AdamW, if AdamW is not tuned")
left.legend(fontsize=9)
for name, key, color, marker in (("AdamW", "AdamW", BLUE, "s"), ("Sophia-G", "Sophia", ORANGE, "o")):
    rates = language.CHARACTER_RATES[key]
    for lr in rates:
        if (name, lr, SHORT) not in ends:  # two of them are on the left
            ends[name, lr, SHORT] = language.character_run(SEED, model, name, lr=lr, steps=SHORT, gamma=1.0)[0][-1]
    lowest = [ends[name, lr, SHORT] for lr in rates]
    right.plot(rates, lowest, color=color, marker=marker, linewidth=1.8, label=f"{name}, {SHORT} steps")
right.set(xscale="log", xlabel="learning rate")
right.set_title("Each has a learning rate of its own")
right.legend(fontsize=9)

# %%
# Curvature sets the step, the clip guarantees it. Whether that beats AdamW depends on how well AdamW was tuned.

if __name__ == "__main__":
    finish("sophia")
