"""
MECO: the good landscape of the likelihood, and its price
=========================================================

A density whose integral nobody knows, fitted by maximum likelihood with plain SGD. Four pictures: two landscapes, the
way down with closed forms beside the estimates, what the noise has to do with it, and a letter in a cloud of points.

The derivation: :doc:`/nested/meco`. Run it with ``.venv/bin/python tutorials/nested/meco.py``.
"""

import matplotlib.pyplot as plt
import numpy as np

from refimpl.core.figures import finish
from refimpl.core.random import stream
from refimpl.nested import _meco_baselines as baselines
from refimpl.nested import _meco_models as models
from refimpl.nested import meco

ORANGE, BLUE, GREEN, PINK, GRAY = "#D55E00", "#0072B2", "#009E73", "#CC79A7", "0.45"  # told apart with any color vision


def normal(mean, scale):
    """A normal law on the line."""
    return models.Gaussian(np.array([float(mean)]), np.array([float(scale)]))


# sphinx_gallery_thumbnail_number = 4

# %%
# Two landscapes
# --------------
# Data from :math:`N(R, 1)`, noise from :math:`N(0, 1)`; the unknowns are the mean :math:`\theta` and :math:`c`, which
# stands for :math:`\log Z`. Noise-contrastive estimation (NCE) learns to tell data from noise. When the two lie far
# apart that is so easy that its loss hardly cares where :math:`\theta` is: the color is the length of the gradient, in
# powers of ten, and around the star, where it vanishes, lies a long dark valley with a floor that is all but level. The
# likelihood, on the left, needs no :math:`c`: it has :math:`\log Z = \theta^2/2` (dashed) by itself; its gradient is
# :math:`\theta - R`, wherever the data lie.

figure1, panels = plt.subplots(1, 3, figsize=(12.5, 4.4), layout="constrained", width_ratios=[1, 1, 1.02])
shades = {"cmap": "viridis", "vmin": -3, "vmax": 0.7}
theta, c = np.linspace(-1, 6, 61), np.linspace(-2, 14, 61)
for axes, R in zip(panels[1:], (2.0, 4.0), strict=True):
    slopes = [[baselines.gaussian_nce(np.array([t, k]), R, nodes=121, reach=8.0)[1] for t in theta] for k in c]
    shade = axes.pcolormesh(theta, c, np.log10(np.linalg.norm(slopes, axis=-1)), shading="gouraud", **shades)
    axes.plot(theta, theta**2 / 2, "--", color="white", linewidth=1.2)
    axes.plot(R, R**2 / 2, "*", color="white", markeredgecolor="black", markersize=17)
    axes.set(xlabel=r"mean $\theta$", ylabel="$c$", ylim=(-2, 14), title=f"NCE, data at $R = {R:g}$")
tilt = np.log10(np.abs(theta - 4.0) + 1e-9) * np.ones_like(c)[:, None]
panels[0].pcolormesh(theta, c, tilt, shading="gouraud", **shades)
panels[0].plot(theta, theta**2 / 2, "--", color="white", linewidth=1.2)
panels[0].plot(4, 8, "*", color="white", markeredgecolor="black", markersize=17)
panels[0].set(xlabel=r"mean $\theta$", ylabel=r"$\log Z$", ylim=(-2, 14), title="likelihood, data at $R = 4$")
bar = figure1.colorbar(shade, ax=panels, pad=0.01)
bar.set_label("length of the gradient")
bar.set_ticks(range(-3, 1), labels=[f"$10^{{{k}}}$" for k in range(-3, 1)])

# %%
# Down the slope
# --------------
# On the expected objectives plain gradient descent shows what that means: six steps against 224, although NCE was given
# the best of eight step sizes. (Newton's method would take NCE there in seven: the flat valley is a trouble of plain
# steps.) On the right, MECO has nothing but draws, 64 of the data and 64 of the noise
# :math:`N(0, 3^2)` in each step. Its running average :math:`u` (dots) estimates :math:`Z` as it goes; the line is the
# closed form :math:`\log Z = \theta^2/2` along its path, never used.

R = 4.0
goal, params, contrast = np.array([R, R**2 / 2]), np.zeros(2), [np.zeros(2)]
while np.max(np.abs(params - goal)) > 0.1:
    params = params - 16.0 * baselines.gaussian_nce(params, R, nodes=301, reach=10.0)[1]
    contrast.append(params)
likelihood = R * (1 - 0.5 ** np.arange(7))  # each step halves the distance
_, run = meco.train(
    np.zeros(1),
    models.gaussian_mean(),
    normal(R, 1),
    normal(0, 3),
    steps=400,
    rng=stream(0, "tutorial-meco", "chase"),
    lr=0.05,
    gamma=0.2,
    record=lambda params, state: {"theta": params[0], "log_u": np.nan if state.log_u is None else state.log_u},
)
path, log_u = np.array(run.history["theta"]), np.array(run.history["log_u"])

figure2, (left, right) = plt.subplots(1, 2, figsize=(11, 4.4), layout="constrained")
left.semilogx(1 + np.arange(7), likelihood, "o-", color=ORANGE, label="likelihood: 6 steps of size 0.5")
left.semilogx(
    1 + np.arange(len(contrast)), np.array(contrast)[:, 0], color=BLUE, label=f"NCE: {len(contrast) - 1} steps"
)
left.axhline(R, color=GRAY, linestyle=":", linewidth=1)
left.text(12, R - 0.9, "$R = 4$", color=GRAY)
left.set(xlabel="1 + step", ylabel=r"$\theta$", title="Gradient descent on the expectations")
left.legend(frameon=False, loc="upper right")
right.plot(path[:-1] ** 2 / 2, color="black", linewidth=1.5, label=r"closed form, $\theta^2/2$")
right.plot(log_u[1:], ".", color=ORANGE, markersize=3, label=r"$\log u$, the running average")
right.plot(path[:-1], color=PINK, linewidth=1.5, label=r"$\theta$")
right.axhline(R, color=GRAY, linestyle=":", linewidth=1)
right.set(xlabel="step", title="MECO, 64 draws of noise a step", ylabel=r"$\theta$, and $\log Z$ in nats")
right.legend(frameon=False, loc="lower right")

# %%
# The price
# ---------
# All of it rests on the weights :math:`p/q`. Left: data at 1.5, noise :math:`N(0, s^2)`, 16 draws a step. The second
# moment of the weighted gradient is known for Gaussians, and infinite for :math:`2s^2 \le 1`; the error at which MECO
# settles follows it. Right: the naive estimate without memory settles at the wrong place if it has four draws a step.

scales = np.array([0.9, 1.0, 1.25, 1.6, 2.0, 3.0, 5.0, 10.0])
shared = {"steps": 1000, "lr": 0.05, "batch": 512, "noise_batch": 16}
errors = []
for s in scales:
    _, run = meco.train(
        np.full((8, 1), 1.5),
        models.gaussian_mean(),
        normal(1.5, 1),
        normal(0, s),
        rng=stream(0, "tutorial-meco", "noise", f"{s}"),
        record=lambda params, state: {"square": np.mean((params - 1.5) ** 2)},
        **shared,
    )
    errors.append(np.mean(run.history["square"][250:]))
ends = {}
for gamma in (1.0, 0.1):
    _, run = meco.train(
        np.ones((40, 1)),
        models.gaussian_mean(),
        normal(1, 1),
        normal(0, 1.5),
        rng=stream(0, "tutorial-meco", "bias", f"{gamma}"),
        gamma=gamma,
        record=lambda params, state: {"theta": params[:, 0]},
        **{**shared, "noise_batch": 4},
    )
    ends[gamma] = np.stack(run.history["theta"])

figure3, (left, right) = plt.subplots(1, 2, figsize=(11, 4.4), layout="constrained")
fine = np.linspace(0.72, 10.5, 400)


def second_moment(s, distance=1.5):
    """Closed form of E_q[(p / q)^2 (z - theta)^2]: that of the weights times that of the Gaussian p^2 / q."""
    excess = 2 * s**2 - 1
    return models.weight_variance(distance, normal(0, s)) * (s**2 / excess + (distance / excess) ** 2)


level = np.array([second_moment(s) for s in fine])
left.loglog(fine, level * errors[4] / second_moment(scales[4]), color="black", label="closed form, scaled at $s = 2$")
left.loglog(scales, errors, "o", color=ORANGE, label="MECO")
left.axvspan(0.6, 0.5**0.5, color="0.9")
left.text(0.652, 0.02, "infinite", color=GRAY, rotation=90, ha="center")
left.set(
    xlabel="standard deviation $s$ of the noise", ylabel=r"mean square of $\theta - R$", xlim=(0.6, 11), ylim=(1e-3, 1)
)
left.set_xticks([1, 2, 5, 10], ["1", "2", "5", "10"])
left.set_title("Narrow noise is ruinous, wide noise is dear")
left.legend(frameon=False, loc="upper right")
for (gamma, found), color, label in zip(ends.items(), (PINK, ORANGE), ("no memory", "MECO"), strict=True):
    low, middle, high = np.quantile(found, [0.1, 0.5, 0.9], axis=1)
    right.fill_between(np.arange(len(low)), low, high, color=color, alpha=0.25, linewidth=0)
    right.plot(middle, color=color, linewidth=1.5, label=rf"{label}, $\gamma = {gamma:g}$")
right.axhline(1, color="black", linestyle=":", linewidth=1)
right.set(xlabel="step", ylabel=r"$\theta$, median and 80 % of 40 runs", xlim=(0, 1000), ylim=(0.8, 1.8))
right.set_title("Four draws a step: a batch alone is biased")
right.legend(frameon=False, loc="upper right")

# %%
# A letter from a cloud of points
# -------------------------------
# The points on the left were strewn along a letter. A model of 225 bumps learns their density from them and from noise,
# a wide Gaussian (dotted: one and two standard deviations), without a single integral. Its own integral comes with it:
# :math:`\log u` at the end is :math:`\log Z`, which a fine grid confirms, so that the picture in the middle is a
# density with the right values. Right: fresh noise, sorted by the learned score :math:`f`. What scores like the data
# (above the lowest 5 % of them) writes the letter again; all else is told to come from elsewhere.

rng = stream(0, "tutorial-meco", "letter")
corners = np.array([[-1.5, 1.6], [1.5, 1.6], [-1.5, -1.6], [1.5, -1.6]])
lengths = np.linalg.norm(np.diff(corners, axis=0), axis=1)


def letter(rng, size):
    """Points strewn along the strokes between the corners."""
    stroke = rng.choice(3, size, p=lengths / lengths.sum())
    along = rng.uniform(size=(size, 1))
    return (1 - along) * corners[stroke] + along * corners[stroke + 1] + 0.13 * rng.standard_normal((size, 2))


points, held_out = letter(rng, 3000), letter(rng, 1000)
noise = models.moment_fit(points, inflate=1.1)
model = models.radial_basis(models.square_grid(2.5, 15, like=np.zeros(1)), width=0.32, spread=1.3)
fitted, run = meco.train(
    np.zeros(225),
    model,
    models.Rows(points),
    noise,
    steps=2000,
    rng=stream(0, "tutorial-meco", "plane"),
    lr=lambda k: 2.0 / (1 + k / 400),
    batch=256,
)
log_z = models.grid_log_partition(model, fitted, models.square_grid(6.0, 241, like=np.zeros(1)))
log_u = run.state[1].log_u
grid = models.square_grid(3.2, 161, like=np.zeros(1))
density = np.exp(model.log_density(fitted, grid) - log_u).reshape(161, 161).T
draws = noise.sample(rng, (4000,))
scores, own = model.log_density(fitted, draws), model.log_density(fitted, held_out)
alike = scores > np.quantile(model.log_density(fitted, points), 0.05)
area = baselines.area_under_curve(own, scores)

figure4, panels = plt.subplots(1, 3, figsize=(12.5, 4.9), sharex=True, sharey=True, layout="constrained")
panels[0].plot(*points.T, ".", color=BLUE, markersize=2)
angle = np.linspace(0, 2 * np.pi, 200)
for k in (1, 2):
    circle = noise.mean + k * noise.scale * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    panels[0].plot(*circle.T, ":", color=GRAY, linewidth=1.5)
panels[0].set_title("what it sees: points, and noise (dotted)")
image = panels[1].imshow(density, origin="lower", extent=(-3.2, 3.2, -3.2, 3.2), cmap="viridis", vmin=0)
panels[1].set_title("what it learns: a density")
figure4.colorbar(image, ax=panels[1], shrink=0.75, label="density (per unit of area)")
panels[2].plot(*draws[~alike].T, ".", color="0.8", markersize=2)
panels[2].plot(*draws[alike].T, ".", color=ORANGE, markersize=4)
panels[2].set_title(f"what it makes of noise (AUC {area:.2f})")
for axes in panels:
    axes.set(xlabel="$x_1$", aspect="equal", xlim=(-3.2, 3.2), ylim=(-3.2, 3.2))
panels[0].set_ylabel("$x_2$")
figure4.suptitle(
    rf"It learned the Z, without knowing $Z$:  $\log u = {log_u:.2f}$,  $\log Z = {log_z:.2f}$", fontsize=16
)

# %%
# Rewriting :math:`\log Z` as the logarithm of an expectation keeps the good geometry of maximum likelihood. The price
# is the variance of :math:`p/q`, and the choice of the noise decides how much of it one pays.

if __name__ == "__main__":
    finish("meco")
