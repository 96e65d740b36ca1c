"""
Learning rates: small batches see a steeper landscape
=====================================================

How large a step may be depends on the largest curvature, and a batch sees more curvature than the data has. Four
pictures: the spectra of batches, when an eigenvalue drowns in their noise, how the step size follows the batch size,
and a learner that measures the spectrum in place of a search.

The derivation: :doc:`/optimizers/rmt_learning_rates`.
Run it with ``.venv/bin/python tutorials/optimizers/rmt_learning_rates.py``.
"""

import matplotlib.pyplot as plt
import numpy as np

from refimpl.core import tree
from refimpl.core.autodiff import hvp, value_and_grad
from refimpl.core.figures import finish
from refimpl.core.random import stream
from refimpl.models import losses, mlp
from refimpl.optimizers import rmt_learning_rates as rmt
from refimpl.problems.digits import digits
from refimpl.specs.optimizers.rmt_learning_rates.claims import learner, matrices, step_sizes

ORANGE, BLUE, GREEN, PINK, GRAY = "#D55E00", "#0072B2", "#009E73", "#CC79A7", "0.45"  # told apart with any color vision

# sphinx_gallery_thumbnail_number = 4

# %%
# What a batch sees
# -----------------
# A network of 2410 parameters on 8 x 8 digits, after some training. Its Hessian has six million entries, none of which
# is computed: sixty products with it, with a random start, give an outline of the spectrum (stochastic Lanczos
# quadrature). The Hessian of a batch of 16 reaches further on both sides.

images, labels = digits(like=np.zeros(1), part="train")
flat, unravel = tree.ravel(mlp.init(stream(0, "tutorial-rmt", "init"), (64, 32, 10), like=images))


def loss(flat, images, labels):
    """Cross-entropy of the network on some images."""
    return losses.softmax_cross_entropy(mlp.apply(unravel(flat), images), labels)


loss_and_grad = value_and_grad(loss)
for _ in range(60):
    flat = flat - 0.5 * loss_and_grad(flat, images, labels)[1]

rng = stream(0, "tutorial-rmt", "batches")


def outline(chosen, steps=60):
    """Spectrum of the Hessian of the loss on some of the images."""
    product = lambda v: hvp(lambda w: loss(w, images[chosen], labels[chosen]), flat, v)
    return rmt.spectrum(product, rng.standard_normal((1, flat.size)), steps=steps)


whole = outline(np.arange(len(labels)))
batches = {b: [outline(rng.permutation(len(labels))[:b]) for _ in range(4)] for b in (16, 64)}

figure1, axes = plt.subplots(figsize=(9, 4.6), layout="constrained")
grid, lowest = np.linspace(-1.2, 4.7, 1500), 1e-7
rows = ((batches[16], ORANGE, "o", "batch of 16"), (batches[64], GREEN, "^", "batch of 64"), ([whole], "k", "s", "all"))
for level, (found, color, marker, label) in enumerate(rows):
    outlined = np.maximum(rmt.density(found[0], grid, width=0.06), lowest)
    axes.plot(grid, outlined, color=color, linewidth=1.7, label=f"{label}{' 1437 images' * (label == 'all')}")
    ends = np.array([[one.values[0], one.values[-1]] for one in found])
    axes.plot(ends.ravel(), np.full(ends.size, 20 * 3.0**level), marker, color=color, markersize=7)
for end in (whole.values[0], whole.values[-1]):
    axes.axvline(end, color=GRAY, linewidth=0.8, linestyle=":")
axes.annotate("both ends of the spectrum,\nfour batches of each size", (4.6, 60), ha="right", va="center", color=GRAY)
axes.set(yscale="log", ylim=(lowest * 1.2, 600), xlim=(grid[0], grid[-1]))
axes.set(xlabel="eigenvalue of the Hessian", ylabel="spectral density")
axes.set_title("The smaller the batch, the further its spectrum reaches")
axes.legend(loc="center right")

# %%
# When an eigenvalue drowns
# -------------------------
# In theory noise moves an eigenvalue out by v / lambda, as long as it is larger than the root of v. A smaller one
# cannot be told from the noise any more: what is seen is the edge, at twice the root of v. Right: the same in numbers
# of samples. An eigenvalue of 4 in noise of P sigma^2 = 3200 emerges at a batch size of 200.

SIZE = 600
strengths = np.linspace(0, 3.5, 15)
seen = matrices.noisy_ends(stream(0, "tutorial-rmt", "noise"), strengths, size=SIZE, v=1.0)

figure2, (left, right) = plt.subplots(1, 2, figsize=(11, 4.4), layout="constrained")
fine = np.linspace(1e-3, 3.6, 300)
left.plot(fine, rmt.batch_hessian(fine, 1.0), color=ORANGE, linewidth=2.5, label="theory")
left.plot(fine[fine > 0.3], (fine + 1 / fine)[fine > 0.3], "--", color=PINK, label=r"$\lambda + v / \lambda$ alone")
left.plot(strengths, seen[:, 0], "o", color=BLUE, fillstyle="none", label=f"top of a {SIZE} x {SIZE} matrix")
left.plot(fine, fine, ":", color=GRAY, label="without noise")
left.axvline(1, color=GRAY, linewidth=0.8)
left.annotate("emerges", (1, 0.4), xytext=(5, 0), textcoords="offset points", color=GRAY)
left.set(xlabel=r"eigenvalue over all data / $\sqrt{v}$", ylabel=r"eigenvalue of the batch / $\sqrt{v}$", ylim=(0, 5))
left.set_title("An eigenvalue, or the edge of the noise")
left.legend(loc="upper center", fontsize=9, ncols=2)
sizes = np.geomspace(4, 40_000, 300)
noise = rmt.noise(sizes, sigma2=1.0, parameters=3200)
for top, color, style in ((4.0, ORANGE, "-"), (1.0, BLUE, "--")):
    right.plot(sizes, rmt.batch_hessian(np.full(300, top), noise), style, color=color, linewidth=2)
    right.axhline(top, color=color, linewidth=0.8, linestyle=":")
    right.annotate(rf"$\lambda_1$ = {top:g}", (5, top), xytext=(0, 3), textcoords="offset points", color=color)
    start = rmt.crossover(top, sigma2=1.0, parameters=3200)
    right.plot(start, 2 * top, "o", color=color)
    right.annotate(f"b* = {start:.0f}", (start, 2 * top), xytext=(6, 5), textcoords="offset points", color=color)
right.set(xscale="log", yscale="log", xlabel="batch size (samples)", ylabel="largest eigenvalue of the batch")
right.set_title("Before it emerges it falls with the root only")

# %%
# How the step size follows
# -------------------------
# Left: the largest step size at which SGD does not diverge, on noise-free regression with one steep direction. It
# grows with the batch size and stops at 2 / lambda. Right: regression with noisy labels, and the largest step size with
# which the loss settles low enough. SGD's is proportional to the batch size, Adam's to its root.

figure3, (left, right) = plt.subplots(1, 2, figsize=(11, 4.4), layout="constrained")
sizes, scales = 2.0 ** np.arange(10), np.sqrt(np.r_[8.0, np.ones(39)])
stable = [step_sizes.largest_stable(stream(0, "tutorial-rmt", "C4", int(b)), scales, int(b)) for b in sizes]
left.plot(sizes, stable, "s", color=BLUE, label="measured")
left.plot(sizes, rmt.max_lr(8.0 + 55 / sizes), color=BLUE, label="theory, of the mean square")
left.plot(sizes[:6], rmt.scale_lr(stable[0], 1, sizes[:6], rule="linear"), ":", color=GRAY, label="linear")
left.axhline(2 / 8, color=GRAY, linestyle="--", label=r"$2 / \lambda_1$")
left.set(xscale="log", yscale="log", xlabel="batch size (samples)", ylabel="largest stable step size of SGD")
left.set_title("Curvature: linear, then no further")
left.legend(loc="lower right", fontsize=9)
sizes, lrs = np.array([2, 8, 32, 128]), 2.0 ** np.arange(-11, 1.1, 0.5)
for method, rule, color, marker in (("SGD", "linear", BLUE, "s"), ("Adam", "sqrt", ORANGE, "o")):
    best = []
    for b in sizes:
        floors = step_sizes.noise_floors(stream(0, "tutorial-rmt", "C5", int(b)), lrs, int(b), method)
        best.append(step_sizes.largest_good(lrs, floors))
    slope = step_sizes.slope(sizes, best)
    right.plot(sizes, best, marker, color=color, label=f"{method}, slope {slope:.2f}")
    middle = np.exp(np.mean(np.log(best)))
    right.plot(sizes, rmt.scale_lr(middle, 16, sizes.astype(float), rule=rule), color=color, linewidth=1)
right.set(xscale="log", yscale="log", xlabel="batch size (samples)", ylabel="largest step size with a loss below 0.05")
right.set_title("Noise: SGD linear, Adam with the root\n(lines: slopes 1 and 1/2)")
right.legend(loc="lower right")

# %%
# Measure in place of searching
# -----------------------------
# Logistic regression with inputs of different scales, all data in each step. In gray, 54 runs: nine step sizes times
# six momenta. The learner runs 15 Lanczos steps on the Hessian every 25 steps and sets both rates from the ends of the
# spectrum. It takes about as many steps as the best of the 54, and nothing was tuned. Its products counted, it costs
# more than that best run, and far less than the search for it. (L-BFGS, which needs no rates, takes 24 gradients on
# such problems: claim C7.)

rng = stream(0, "tutorial-rmt", "learner")
problem = learner.Logistic(rng)
pairs, runs = learner.grid_of_runs(problem)
runs = np.where(np.isfinite(runs), runs, np.inf)
learned = learner.learned_run(problem, rng, "polyak")
rayleigh = learner.learned_run(problem, rng, "rayleigh")
descent = learner.plain_descent(problem, steps=250)
counts = learner.steps_to(runs)
best = counts.argmin()

figure4, (left, right) = plt.subplots(1, 2, figsize=(11.5, 4.6), layout="constrained", width_ratios=(1.5, 1))
steps = np.arange(1, 251)
left.plot(steps, runs, color="0.82", linewidth=0.8)
left.plot([], [], color="0.82", label="grid of 54 runs")
for gaps, color, style, label in (
    (descent, BLUE, "--", "gradient descent"),
    (rayleigh["gap"][1:], GREEN, "-.", "Rayleigh learner, momentum 0.9"),
    (runs[:, best], "k", ":", "best of the grid"),
    (learned["gap"][1:], ORANGE, "-", "Polyak learner"),
):
    left.plot(steps, gaps, style, color=color, linewidth=2.2, label=label)
left.axhline(1e-6, color=GRAY, linewidth=0.8)
left.set(yscale="log", ylim=(1e-10, 3), xlim=(0, 250), xlabel="step", ylabel="loss above its minimum (nats)")
left.set_title("One measured run against a grid of 54")
left.legend(loc="upper right", fontsize=9, framealpha=0.95)
counted = np.where(np.isfinite(counts), counts, np.nan).reshape(9, 6)
mesh = right.imshow(counted, cmap="cividis_r", origin="lower", aspect="auto", vmin=20, vmax=250)
right.set_xticks(range(6), [f"{m:g}" for m in pairs[:6, 1]])
right.set_yticks(range(9), [f"{lr:g}" for lr in pairs[::6, 0]])
column = np.interp(float(learned["momentum"][1]), pairs[:6, 1], range(6))
row = np.log2(float(learned["lr"][1])) + 1
right.plot(column, row, "o", color=ORANGE, markersize=11, markeredgecolor="w", label="learned first")
row, column = np.log2(float(learned["lr"][-1])) + 1, np.interp(float(learned["momentum"][-1]), pairs[:6, 1], range(6))
right.plot(column, row, "D", color=ORANGE, markersize=9, markeredgecolor="w", label="learned last")
right.set(xlabel="momentum", ylabel="step size")
right.set_title("Steps to 1e-6 (white: not in 250)")
right.legend(loc="lower left", fontsize=9)
figure4.colorbar(mesh, ax=right, label="steps")

# %%
# Small batches see a steeper landscape; measure it once and the step size follows.

if __name__ == "__main__":
    finish("rmt_learning_rates")
