"""
Functional priors: weights whose functions look like a Gaussian process
=======================================================================

What a network believes before it has seen data, tuned to what a Gaussian process believes; and what that does to
predictions in a gap. One number, chosen by a few points, stands beside it.

The derivation: :doc:`/bayesian/functional_prior`. Run it with
``.venv/bin/python tutorials/bayesian/functional_prior.py``.
"""

import matplotlib.pyplot as plt
import numpy as np

from refimpl.bayesian import functional_prior
from refimpl.core.figures import finish
from refimpl.core.random import stream
from refimpl.models import sampling
from refimpl.specs.bayesian.functional_prior.claims import matching, posteriors

ORANGE, BLUE, GREEN, GRAY = "#D55E00", "#0072B2", "#009E73", "0.45"  # told apart with any color vision

# sphinx_gallery_thumbnail_number = 3

# %%
# What a prior believes
# ---------------------
# Three hidden layers of 30 tanh units. With standard normal weights random functions are nearly flat away from a step.
# The tuned families move like the process; so does a hierarchical prior, whose scales are new for each function.

rng, grid = stream(0, "tutorial-functional-prior"), matching.GRID
tuned = {name: matching.tuned(0, family, steps=60) for family, name in matching.NAMES.items()}
draws = {
    "Gaussian process": matching.gp(grid, rng, 1000)[0],
    "N(0, 1) weights": matching.functions("gaussian", matching.fixed_prior(), rng),
    "GPi-G": matching.functions("gaussian", tuned["GPi-G"].psi, rng),
    "GPi-H": matching.functions("hierarchical", tuned["GPi-H"].psi, rng),
}
target = matching.gp(grid, rng, 1000)[0]
figure1, panels = plt.subplots(1, 4, figsize=(11, 3), sharey=True, layout="constrained")
for axes, (name, f) in zip(panels, draws.items(), strict=True):
    axes.plot(grid[:, 0], f[:10].T, color=BLUE, linewidth=0.8)
    axes.set(title=name, xlabel="x", ylim=(-5, 5))
    print(f"{name}: energy distance from the process {float(sampling.energy_distance(f, target)):.2f}")
panels[0].set(ylabel="f(x)")

# %%
# How it was tuned
# ----------------
# In each outer step a new critic is trained to tell the two kinds of functions apart; the prior then moves a step so
# that it can do so less well.

figure2, axes = plt.subplots(figsize=(6, 3.2), layout="constrained")
for (name, run), color in zip(tuned.items(), (ORANGE, GREEN), strict=True):
    axes.plot(run.distances, color=color, label=name)
axes.set(title="The estimated distance falls", xlabel="outer step", ylabel="gap of the critic", ylim=(0, None))
axes.legend(frameon=False)
print("deviations of weights and biases, layer by layer:")
print(functional_prior.scales(tuned["GPi-G"].psi).round(2))

# %%
# What it predicts in a gap
# -------------------------
# Data from the process, with a gap. Four chains of SGHMC for each prior. The last panel has one deviation for all
# weights, chosen from 1, 2 and 3 by ten further points.

x, f, y = posteriors.data(0)
count, test = len(matching.WIDTHS) - 1, slice(posteriors.TRAINED + posteriors.HELD, None)
held, seen = slice(posteriors.TRAINED, posteriors.TRAINED + posteriors.HELD), slice(posteriors.TRAINED)
deviations = [np.full((count, 2), d) for d in posteriors.COMMON]
deviations.append(functional_prior.scales(tuned["GPi-G"].psi))
drawn = posteriors.chains(0, x, y[1:2], deviations, steps=1000)
means, variances = drawn.mean(axis=(0, 3))[0], drawn.var(axis=(0, 3))[0] + posteriors.NOISE
score = lambda p, rows: posteriors.nll(y[1, rows], means[p, rows], variances[p, rows])
best = min(range(3), key=lambda p: score(p, held))
exact = posteriors.exact(x, y[1])
shown = {
    "Gaussian process": (exact.mean, exact.covariance + posteriors.NOISE, BLUE),
    "N(0, 1) weights": (means[0], variances[0], GRAY),
    "GPi-G": (means[3], variances[3], ORANGE),
    f"one number, {posteriors.COMMON[best]:g}": (means[best], variances[best], GREEN),
}
figure3, panels = plt.subplots(1, 4, figsize=(11, 3.2), sharey=True, layout="constrained")
for axes, (name, (mean, variance, color)) in zip(panels, shown.items(), strict=True):
    line, m, s = x[test, 0], mean[test], variance[test] ** 0.5
    axes.fill_between(line, m - 2 * s, m + 2 * s, color=color, alpha=0.25, linewidth=0)
    axes.plot(line, m, color=color)
    axes.plot(line, f[1, test], color="black", linestyle=":", linewidth=1)
    axes.plot(x[seen, 0], y[1, seen], "k.", markersize=4)
    loss = posteriors.nll(y[1, test], m, s**2)
    axes.set(title=f"{name}\ntest loss {loss:.2f}", xlabel="x", ylim=(-4, 4))
    print(f"{name}: test negative log density {loss:.2f}")
figure3.suptitle("The same 30 observations under four priors")

if __name__ == "__main__":
    finish("functional_prior")
