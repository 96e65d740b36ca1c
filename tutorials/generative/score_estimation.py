"""
Score estimation: stop before the noise is learned
==================================================

A score network is a denoiser that is trained on noisy labels. Four pictures: where the noise of the labels comes from,
what width is for, when to stop, and what samples have of it.

The derivation: :doc:`/generative/score_estimation`. Run it with ``.venv/bin/python
tutorials/generative/score_estimation.py``.
"""

import matplotlib.pyplot as plt
import numpy as np

from refimpl.core.figures import finish
from refimpl.core.random import stream
from refimpl.generative import _score_estimation_baselines as baselines
from refimpl.generative import _score_estimation_models as models
from refimpl.generative import diffusion, score_estimation

ORANGE, BLUE, GREEN, PINK, GRAY = "#D55E00", "#0072B2", "#009E73", "#CC79A7", "0.45"  # told apart with any color vision
LAW = models.law("pentagon", like=np.zeros(1))

# sphinx_gallery_thumbnail_number = 4

# %%
# Where the noise of the labels comes from
# ----------------------------------------
# Five points on a circle, and noise added to them, early and late. From a noisy sample nobody can tell where it came
# from for sure; the best answer is the mean of what is possible, :math:`f_*` (arrows). The network is told one of the
# five points as the label. What it was told, less the mean, is noise, though nobody added any to the labels.

figure1, panels = plt.subplots(1, 2, figsize=(10, 4.8), layout="constrained", sharex=True, sharey=True)
for axes, time in zip(panels, (0.2, 1.5), strict=True):
    rng = stream(0, "tutorial-score_estimation", f"{time}")
    t, zeta = np.full(60, time), rng.standard_normal((60, 2))
    pairs = score_estimation.training_pairs(LAW.points[rng.integers(0, 5, 60)], t, zeta, T0=models.T0)
    mean = models.posterior_mean(LAW, pairs.x, t)
    axes.quiver(*pairs.x.T, *(mean - pairs.x).T, angles="xy", scale_units="xy", scale=1, color=GRAY, width=0.003)
    axes.plot(*pairs.x.T, ".", color=BLUE, label="noisy samples")
    axes.plot(*LAW.points.T, "*", color=ORANGE, markersize=13, label="clean samples, the labels")
    noise = np.mean(np.sum((pairs.Y - mean) ** 2, axis=1))
    axes.set(title=f"$t = {time}$: label noise {noise:.2f} of 1", xlabel="$x_1$", aspect="equal")
    axes.set(xlim=(-3.6, 3.6), ylim=(-3.6, 3.6))
panels[0].set_ylabel("$x_2$")
panels[0].legend(frameon=False, loc="upper left")

# %%
# What width is for
# -----------------
# Forty samples and a hundred steps. A wide network says what its tangent kernel says, and the wider the nearer (left).
# Narrow networks train as well, but more slowly than the kernel: that is what width buys (right).

rng = stream(0, "tutorial-score_estimation", "width")
Z, Y, _ = models.draw(rng, LAW, 40).pairs
new = models.draw(rng, LAW, 200).pairs.Z
wanted, widths = score_estimation.kernel_gd(Z, Y, new, tau=100), (32, 128, 512, 2048, 8192)
found = score_estimation.spectrum(score_estimation.tangent_kernel(Z, Z), Y)
figure2, (left, right) = plt.subplots(1, 2, figsize=(11, 4.2), layout="constrained")
gaps = []
for m, shade in zip(widths, (0.75, 0.6, 0.45, 0.3, 0.0), strict=True):
    trained = score_estimation.train(score_estimation.init(rng, m, 4, 2, like=Z), Z, Y, steps=100)
    f = score_estimation.forward(trained.network, new)
    gaps.append(np.linalg.norm(f - wanted) / np.linalg.norm(wanted))
    right.plot(trained.losses, color=f"{shade}", label=f"m = {m}")
left.loglog(widths, gaps, "o-", color=ORANGE)
left.loglog(widths, gaps[0] * np.sqrt(widths[0] / np.array(widths)), ":", color=GRAY, label=r"$\propto m^{-1/2}$")
left.set(xlabel="width m", ylabel="difference of predictions, relative", title="A wide network is its kernel")
left.legend(frameon=False)
rest = (1 - 0.5 * found.values[None, :]) ** np.arange(100)[:, None]
right.plot(rest**2 @ np.sum(found.labels**2, axis=1) / 80, "--", color=BLUE, label="kernel")
right.set(xlabel="step", ylabel="training loss", title="Width buys the kernel's rate")
right.legend(frameon=False)

# %%
# When to stop
# ------------
# Three hundred samples, and the error of the score on new ones, for kernel gradient descent. It falls until the
# function is learned, and rises while the noise is. The rule (from the inputs and the size of the noise alone),
# hold-out, and a number of steps picked by hand: all stop in time. The rule stops early, for its constants are those of
# a proof; hold-out has sixty labels to go by, and here it stops late and does worse than the rule.

data = models.draw(stream(0, "tutorial-score_estimation", "data"), LAW, 300)
test = models.draw(stream(0, "tutorial-score_estimation", "new"), LAW, 2000)
Z, Y, _ = data.pairs
K, K_new = score_estimation.tangent_kernel(Z, Z), score_estimation.tangent_kernel(test.pairs.Z, Z)
found = score_estimation.spectrum(K, Y)
times = sorted({round(10 ** (i / 12)) for i in range(79)})


def error(tau):
    """Of the score, after so many steps."""
    filtered = score_estimation.spectral_filter(found.values, tau=tau)
    return models.excess(score_estimation.predict(found, K_new, filtered), test.truth, D=LAW.D)


errors = [error(tau) for tau in times]
filters = [lambda values, tau=tau: score_estimation.spectral_filter(values, tau=tau) for tau in times]
rule = score_estimation.stopping_time(found.values, sigma=models.noise_level(test))
stops = {
    "the rule": (rule, "o", ORANGE),
    "hold-out": (times[baselines.hold_out(K, Y, filters, D=LAW.D).chosen], "s", BLUE),
    "100 steps": (100, "^", GREEN),
    "oracle": (times[int(np.argmin(errors))], "*", "black"),
    "the end": (times[-1], "v", PINK),
}
figure3, axes = plt.subplots(figsize=(8, 4.6), layout="constrained")
axes.semilogx(times, errors, color=GRAY)
for name, (tau, marker, color) in stops.items():
    axes.plot(tau, error(tau), marker, color=color, markersize=9, label=f"{name}: {tau:,} steps, {error(tau):.3f}")
axes.set(xlabel="steps", ylabel="error of the score, weighted", ylim=(0, None))
axes.set_title("It falls while the score is learned, and rises while the noise is")
axes.legend(frameon=False)

# %%
# What samples have of it
# -----------------------
# The diffusion run backwards from noise to :math:`T_0`, with the true score, with the one that was stopped by the rule
# or after 100 steps, and with the one that was trained to the end. Shown is the last answer of the denoiser for each of
# 500 samples, and above it the energy distance of the samples themselves to the law. The stopped score is blurred: it
# pulls all samples to the middle. The one that was trained to the end has learned its labels by heart; it is sure of
# itself and wrong, between the points as on them. Yet in this draw its *samples* are the nearest to the law, and those
# of the rule the farthest. A likely reason: its errors differ from place to place and from time to time and cancel in
# part along a path, while a blur adds up. The error of the score, of which the theory speaks, does not see that.

rng = stream(0, "tutorial-score_estimation", "samples")
steps = np.geomspace(models.T, models.T0, 41)
start, noise = rng.standard_normal((500, 2)), rng.standard_normal((40, 500, 2))
clean, time = LAW.points[rng.integers(0, 5, 2000)], np.full(2000, models.T0)
there = score_estimation.training_pairs(clean, time, rng.standard_normal((2000, 2)), T0=models.T0).x


def energy_distance(x, y):
    """Between two laws, from samples of them."""
    mean = lambda a, b: np.mean(np.linalg.norm(a[:, None] - b[None], axis=2))
    own = lambda a: mean(a, a) * len(a) / (len(a) - 1)  # a point is no pair with itself
    return 2 * mean(x, y) - own(x) - own(y)


def learned(tau):
    """The denoiser after so many steps."""
    filtered = score_estimation.spectral_filter(found.values, tau=tau)

    def denoise(x, t):
        z = score_estimation.network_input(x, t, T0=models.T0)
        return score_estimation.predict(found, score_estimation.tangent_kernel(z, Z), filtered)

    return denoise


def samples(denoise):
    """By the Euler-Maruyama rule."""

    def score(x, t):
        t = np.full(len(x), t)
        return score_estimation.score(denoise(x, t), t, x, D=LAW.D)

    return diffusion.sample(score, start, steps, noise, kind="em").state


figure4, panels = plt.subplots(1, 4, figsize=(14, 4.4), layout="constrained", sharex=True, sharey=True)
for axes, denoise, title in zip(
    panels,
    (lambda x, t: models.posterior_mean(LAW, x, t), learned(rule), learned(100), learned(times[-1])),
    ("true score", f"stopped by the rule, {rule} steps", "stopped after 100 steps", "trained to the end"),
    strict=True,
):
    x = samples(denoise)
    last = score_estimation.project(denoise(x, np.full(500, models.T0)), D=LAW.D)
    axes.plot(*last.T, ".", color=BLUE, markersize=4)
    axes.plot(*LAW.points.T, "*", color=ORANGE, markersize=13)
    axes.set(xlabel="$x_1$", aspect="equal", xlim=(-1.2, 1.2), ylim=(-1.2, 1.2))
    axes.set_title(f"{title}\nenergy distance {round(energy_distance(x, there), 3) + 0.0:.3f}")
panels[0].set_ylabel("$x_2$")
figure4.suptitle(
    "Labels are noisy: stop before the noise is learned. The samples judge otherwise than the error of the score"
)

# %%
# So early stopping is what the error of the score asks for, and a number of steps that is known to work does better
# than the rule. Look at samples before you take that error for all that counts.

if __name__ == "__main__":
    finish("score_estimation")
