"""
Surrogates: look at the prior first, and at the simplest rival
==============================================================

Seven laws over functions from the same fourteen points; then two races of Bayesian optimisation, one in two dimensions,
one in 300, with rivals that no paper would put into a table.

The derivation: :doc:`/bayesian/bnn_surrogates`. Run it with
``.venv/bin/python tutorials/bayesian/bnn_surrogates.py``.
"""

from functools import partial

import matplotlib.pyplot as plt
import numpy as np

from refimpl.bayesian import _bnn_surrogates_fits as fits
from refimpl.bayesian import _bnn_surrogates_models as models
from refimpl.bayesian import bnn_surrogates
from refimpl.core.figures import finish
from refimpl.core.random import stream

ORANGE, BLUE, GREEN, GRAY = "#D55E00", "#0072B2", "#009E73", "0.45"  # told apart with any color vision

# sphinx_gallery_thumbnail_number = 2

# %%
# Seven bands
# -----------
# Nothing was observed in the middle. A law that is honest widens there; how much is its prior. The infinite network has
# a prior variance in the hundreds and no scale that could mend it; ensembles widen only where their members happen to
# differ.

rng = stream(0, "tutorial-surrogates")
x = np.concatenate([rng.uniform(-1, -0.35, 7), rng.uniform(0.35, 1, 7)])[:, None]
y = fits.standardise(np.sin(4 * x[:, 0]) + 0.07 * rng.standard_normal(14))
NAMES = {
    "gp": "Gaussian process",
    "ibnn": "infinite width",
    "hmc": "HMC",
    "sghmc": "SGHMC, batches of 5",
    "ensemble": "deep ensemble",
    "laplace": "linearised Laplace",
    "dkl": "deep kernel",
}
SETTINGS = {
    "hmc": {"pretrain": 300, "path": 10.0},
    "ensemble": {"steps": 500, "lr": 1e-2},
    "sghmc": {"steps": 1500, "burn_in": 750},
}
line = np.linspace(-1.3, 1.3, 121)[:, None]
figure1, panels = plt.subplots(2, 4, figsize=(11, 5), layout="constrained", sharex=True, sharey=True)
for axes, (kind, name) in zip(panels.flat, NAMES.items(), strict=False):
    predict = fits.FITS[kind](stream(1, "tutorial-surrogates", kind), x, y, **SETTINGS.get(kind, {}))
    mean, deviation = fits.moments(predict(line))
    axes.fill_between(line[:, 0], mean - 2 * deviation, mean + 2 * deviation, color=BLUE, alpha=0.25, linewidth=0)
    axes.plot(line[:, 0], mean, color=BLUE)
    axes.plot(x[:, 0], y, "k.")
    axes.set(title=name, ylim=(-4, 4))
panels.flat[-1].axis("off")

prior = bnn_surrogates.ibnn_kernel(line[::60], None, depth=3, weight_variance=10.0, bias_variance=1.3)
print("prior variances of the infinite network:", np.diagonal(prior).round().tolist())

# %%
# Two races
# ---------
# On the left Branin, mean regret of four runs. On the right an objective of 300 dimensions that is itself a network:
# made for the infinite width. Beside the surrogates stand a linear kernel, and random corners of the cube, which need
# no model at all. Three runs are noise: with more of them (claim C5) the infinite width is not ahead.


def race(objective, d, rivals, *, initial, evaluations, runs):
    """Mean best value so far, after the first points."""
    found = {}
    for name, rival in rivals.items():
        curves = []
        for k in range(runs):
            rng = stream(k, "tutorial-surrogates", "race", d)
            if callable(rival):
                _, values = fits.optimise(
                    objective(k), rival, rng, d, initial=initial, evaluations=evaluations, candidates=100, generations=3
                )
            else:
                more = rng.uniform(size=(evaluations, d))
                more = np.round(more) if rival == "corners" else more
                values = objective(k)(np.concatenate([fits.first_points(rng, initial, d), more]))
            curves.append(np.maximum.accumulate(values)[initial - 1 :])
        found[name] = np.mean(curves, axis=0)
    return found


small = {
    "Gaussian process": fits.gaussian_process,
    "infinite width": fits.infinite_network,
    "ensemble": partial(fits.ensemble, members=5, steps=200, lr=1e-2),
    "Laplace": partial(fits.laplace, steps=250),
    "random points": "points",
}
large = {
    "GP, priors": partial(fits.gaussian_process, iterations=8),
    "infinite width": fits.infinite_network,
    "linear kernel": fits.linear_process,
    "random corners": "corners",
    "random points": "points",
}
COLORS = [BLUE, ORANGE, GREEN, "#CC79A7", GRAY]
figure2, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
for (name, values), color in zip(
    race(lambda k: models.branin, 2, small, initial=6, evaluations=14, runs=4).items(), COLORS, strict=True
):
    left.semilogy(-0.397887 - values, color=color, label=name)
left.set(xlabel="evaluations after the first six", ylabel="mean regret", title="Branin")
left.legend(frameon=False, fontsize=8)
draws = lambda k: models.network_draw(stream(k, "tutorial-surrogates", "objective"), 300)
for (name, values), color in zip(
    race(draws, 300, large, initial=20, evaluations=12, runs=3).items(), COLORS, strict=True
):
    right.plot(values, "--" if name == "random points" else "-", color=color, label=name)
right.set(xlabel="evaluations after the first twenty", ylabel="mean best value", title="A network in 300 dimensions")
right.legend(frameon=False, fontsize=8)
figure2.suptitle("Before praising a surrogate, look at its prior and at the simplest rival")

finish("bnn_surrogates")
