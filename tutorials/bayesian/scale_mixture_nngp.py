"""
Scale mixtures: one random number turns a Gaussian process into a t process
============================================================================

A wide network is a Gaussian process. Let the variance of its readout weights be random, once for each network, and it
is a t process. Three pictures: the tails of networks, what targets do to the spread, and what training does.

The derivation: :doc:`/bayesian/scale_mixture_nngp`. Run it with ``.venv/bin/python
tutorials/bayesian/scale_mixture_nngp.py``.
"""

import matplotlib.pyplot as plt
import numpy as np
from scipy import stats

from refimpl.bayesian import _scale_mixture_nngp_models as networks
from refimpl.bayesian import scale_mixture_nngp as mixture
from refimpl.core.figures import finish
from refimpl.core.random import stream
from refimpl.models import wide

ORANGE, BLUE, GREEN, PINK, GRAY = "#D55E00", "#0072B2", "#009E73", "#CC79A7", "0.45"  # told apart with any color vision
LAW = mixture.InverseGamma(2.0, 2.0)

# sphinx_gallery_thumbnail_number = 2

# %%
# The tails of networks
# ---------------------
# Six thousand networks of one hidden ReLU layer, at one input. Each draws its own scale. The tails are those of a t law
# with four degrees of freedom, far heavier than those of the normal law with the same variance; a width of 4 is
# not yet the limit.

x = np.array([[1.0, 0.5]])
variance = wide.kernels(x, None, depth=1, weight_variance=2.0, bias_variance=0.0, activation="relu").hidden.item()
figure1, axes = plt.subplots(figsize=(7, 4.4), layout="constrained")
for width, color in ((4, PINK), (64, GREEN), (512, BLUE)):
    rng, sizes = stream(0, "tutorial-scale_mixture_nngp", width), []
    for _ in range(6):
        layers = ((rng.standard_normal((1000, 2, width)), np.zeros((1000, width))),)
        s = mixture.draw(LAW, rng.random(1000))
        v = rng.standard_normal((1000, width, 1))
        f = networks.outputs(x, layers, v, s, sigma_w=2**0.5, sigma_b=0.0, activation="relu")
        sizes.extend(np.abs(f.ravel()) / variance**0.5)
    axes.semilogy(np.sort(sizes)[::-1], np.arange(1, 6001) / 6000, color=color, label=f"networks of width {width}")
at = np.linspace(0, 14, 200)
axes.semilogy(at, 2 * stats.t(4).sf(at), "--", color=ORANGE, label="t law, 4 degrees of freedom")
axes.semilogy(at, 2 * stats.norm.sf(at / 2**0.5), ":", color=GRAY, label="normal law of the same variance")
axes.set(xlim=(0, 14), ylim=(3e-4, 1), xlabel="size of the output", ylabel="share that is larger")
axes.set_title("Wide networks with a random scale have the tails of a t law")
axes.legend(frameon=False)

# %%
# What targets do to the spread
# -----------------------------
# Data with a gap, and the same with targets four times as large. The band of the Gaussian process (its scale is 1) is
# the same in both; those of the t process and of a mixture with a Burr XII law follow the targets. The kernel matrix
# was factored once for all three. Draws of the Burr XII law itself would hardly reach the scale of the large targets:
# they are drawn from the posterior of the inverse-gamma law, and weighed by the ratio of the densities.

train = np.array([-2.2, -1.9, -1.5, -1.1, -0.9, 0.9, 1.2, 1.5, 2.1])
targets = np.sin(2 * train) + 0.1 * np.cos(9 * train)
grid = np.linspace(-3.2, 3.2, 121)
both = np.concatenate([train, grid])[:, None]
k = wide.kernels(both, None, depth=2, weight_variance=3.0, bias_variance=0.5, activation="erf").hidden
n = len(train)
K = mixture.Blocks(k[:n, :n], k[n:, :n], np.diagonal(k)[n:].copy())
BURR, midpoints = mixture.BurrXII(2.0, 1.0), (np.arange(500) + 0.5) / 500
figure2, panels = plt.subplots(2, 3, figsize=(12, 6.4), layout="constrained", sharex=True, sharey="row")
for row, times in zip(panels, (1, 4), strict=True):
    told = mixture.condition(K, times * targets, eps=0.02)
    after = mixture.posterior(told, LAW).values
    law = mixture.posterior(told, LAW).scale
    drawn_from = mixture.InverseGamma(law.a, float(law.b))
    burr = mixture.draw(drawn_from, midpoints)
    ratios = mixture.log_density(BURR, burr) - mixture.log_density(drawn_from, burr)
    weights = mixture.weigh(told, burr, ratios, np.zeros(len(grid))).weights
    level = np.linspace(0, 60, 4001)
    inside = (2 * stats.norm.cdf(level[:, None] / burr**0.5) - 1) @ weights  # of the mixture, in units of Sigma
    for axes, name, half, color in zip(
        row,
        ("Gaussian process", "inverse gamma: t process", "Burr XII"),
        (
            1.96 * (told.Sigma + told.eps) ** 0.5,
            stats.t(after.dof).ppf(0.975) * (after.scale + after.scale / told.Sigma * told.eps) ** 0.5,
            level[np.searchsorted(inside, 0.95)] * (told.Sigma + told.eps) ** 0.5,
        ),
        (GRAY, ORANGE, PINK),
        strict=True,
    ):
        axes.fill_between(grid, told.mean - half, told.mean + half, color=color, alpha=0.3, linewidth=0)
        axes.plot(grid, told.mean, color=color)
        axes.plot(train, times * targets, "k.", markersize=7)
        axes.set_title(f"{name}, Q / n = {float(told.Q) / n:.1f}" if times == 1 else f"targets x {times}, {name}")
        print(f"{name:25} targets x {times}: half a band in the gap {half[60]:.2f}, at the edge {half[0]:.2f}")
panels[0, 0].set_ylabel("95 % of new targets")
panels[1, 0].set_ylabel("95 % of new targets")
figure2.suptitle("One random scale: the band follows the targets, at no extra matrix cost")

# %%
# What training does
# ------------------
# An ensemble of networks whose readout is trained fits the data; between them its spread is that of the prior's scale,
# also where the targets say otherwise. Left: the posterior of the scale moves with the targets. Right: networks of
# width 1000, trained to the end, at one new input; the law that keeps the prior's scale, and the posterior.

x, new = np.stack([np.linspace(-1, 1, 6), np.ones(6)], axis=1), np.array([[1.6, 1.0]])
y = np.array([0.3, -0.4, 0.1, 0.5, -0.2, 0.4])
options = {"depth": 1, "weight_variance": 2.0, "bias_variance": 0.0, "activation": "relu"}
tt, st, ss = (wide.kernels(*pair, **options).hidden for pair in ((x, None), (new, x), (new, None)))
told = mixture.condition(mixture.Blocks(tt, st, ss), y, eps=0.0)
before, found = mixture.student(told.mean, told.Sigma, LAW), mixture.posterior(told, LAW)
rng = stream(0, "tutorial-scale_mixture_nngp", "trained")
trained = []
for _ in range(8):
    layers = ((rng.standard_normal((250, 2, 1000)), np.zeros((250, 1000))),)
    v, s = rng.standard_normal((250, 1000, 1)), mixture.draw(LAW, rng.random(250))
    net = {"sigma_w": 2**0.5, "sigma_b": 0.0, "activation": "relu"}
    trained.extend(networks.readout_limit(x, new, y[:, None], layers, v, s, **net).ravel())
figure3, (left, right) = plt.subplots(1, 2, figsize=(10.5, 4.2), layout="constrained")
at = np.logspace(-1.5, 2.5, 300)
left.semilogx(at, at * np.exp(mixture.log_density(LAW, at)), color=ORANGE, label="before")
after = mixture.InverseGamma(found.scale.a, float(found.scale.b))
left.semilogx(at, at * np.exp(mixture.log_density(after, at)), "--", color=BLUE, label="given the targets")
left.set(xlabel="scale s", ylabel="density of log s", title="The posterior learns the scale")
left.legend(frameon=False)
half = 6 * before.scale.item() ** 0.5
at = told.mean.item() + np.linspace(-half, half, 300)
right.hist(trained, bins=at[::8], density=True, color="0.8", label="2000 trained networks")
for law, style, color, label in ((before, "-", ORANGE, "the prior's scale"), (found.values, "--", BLUE, "posterior")):
    density = np.exp(mixture.log_student(at[:, None], law))
    right.plot(at, density, style, color=color, label=label)
right.set(xlabel="output at the new input", ylabel="density", title="Trained networks do not: they keep the prior's")
right.legend(frameon=False)

if __name__ == "__main__":
    finish("scale_mixture_nngp")
