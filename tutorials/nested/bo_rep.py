"""
BO-REP: walk at constant speed
==============================

A problem with another one inside, and a curvature that explodes. Three pictures: fixed steps, clipped steps and steps
of one length, from far away and from nearby; how the inner solution lags behind and is fetched back; and wrong labels
that are found because they hurt on clean data.

The derivation: :doc:`/nested/bo_rep`. Run it with ``.venv/bin/python tutorials/nested/bo_rep.py``.
"""

import matplotlib.pyplot as plt
import numpy as np

from refimpl.core.figures import finish
from refimpl.core.random import stream
from refimpl.core.special import sigmoid
from refimpl.nested import _bo_rep_baselines as baselines
from refimpl.nested import _bo_rep_models as models
from refimpl.nested import bo_rep
from refimpl.problems import hyper_cleaning

ORANGE, BLUE, GREEN, PINK, GRAY = "#D55E00", "#0072B2", "#009E73", "#CC79A7", "0.45"  # told apart with any color vision

# sphinx_gallery_thumbnail_number = 2

# %%
# Far away and nearby
# -------------------
# The upper objective is a sum of :math:`\cosh x_j`, and a term that pulls the inner solution :math:`y^* = Wx` to a
# point. At :math:`|x_j| = 16` the curvature is of the order of a million, at the minimum it is about 1. A step size
# that is safe there is useless here: on the left the plain rule with two step sizes hardly moves after its first
# leap, and with a third it is off at once. Steps of one length (BO-REP) walk down at constant speed. So do *clipped*
# steps, which are plain ones up to that length: it is the bound on the step that matters. On the right, from a mild
# start, the plain rule with a good step size ends lowest: its steps shorten by themselves, those of BO-REP never do.

problem = models.cosh_problem(stream(0, "tutorial-bo_rep", "problem"), like=np.zeros(1))


def norms(start, eta, lrs, steps):
    """Norm of the exact gradient along each rule."""
    noise = lambda name: models.noisy(problem, stream(0, "tutorial-bo_rep", name))
    shared = {"steps": steps, "nu": 0.1, "alpha": 0.1}
    shared["record"] = lambda x, state: {"norm": np.linalg.norm(problem.gradient(np.clip(x, -99, 99)))}
    rates = {"eta": eta, "period": 10, "burst": 10, "radius": 1.0, "radius0": 20.0}
    lower, upper = noise("BO-REP")
    found = {"BO-REP": bo_rep.minimize(start, np.zeros(6), lower, upper, **rates, **shared)}
    y = problem.solution(start)  # the others begin at the inner solution itself
    found["clipped"] = baselines.descend(start, y, *noise("clipped"), lr=10 * eta, clip=eta, **shared)
    for lr in lrs:
        astray = lambda x, state: np.max(np.abs(x)) > 100
        found[f"step size {lr:g}"] = baselines.descend(start, y, *noise(f"{lr}"), lr=lr, stop=astray, **shared)
    return {name: np.array(run.history["norm"]) for name, (_, run) in found.items()}


far = 16 * np.array([1.0, -0.9, 0.8, -0.7])
runs = norms(far, 0.05, (1e-7, 1e-6, 1e-4), 800), norms(np.ones(4), 0.01, (0.001, 0.01, 0.05), 800)
figure1, panels = plt.subplots(1, 2, figsize=(11, 4.4), layout="constrained")
for axes, found in zip(panels, runs, strict=True):
    colors = iter((ORANGE, GREEN, BLUE, PINK, GRAY))
    for name, values in found.items():
        style = {"linestyle": "--", "linewidth": 2.2, "zorder": 3} if name == "clipped" else {"linewidth": 1.4}
        axes.semilogy(np.minimum(values, 1e12), color=next(colors), label=name, **style)
    axes.set(xlabel="step")
    axes.legend(frameon=False, fontsize=9)
panels[0].set(ylabel=r"$\Vert\nabla\Phi\Vert$", ylim=(0.1, 1e10), title=r"from $|x_j|$ of 11 to 16")
panels[1].set(title=r"from $x_j = 1$")

# %%
# A saw-tooth
# -----------
# As :math:`x` moves by exactly :math:`\eta` in each step, the inner solution moves by at most
# :math:`\eta \Vert W \Vert`. So it may be left alone for :math:`I` steps, and then be fetched back by a burst of
# :math:`I` samples: the same number of samples as one in each step. With :math:`I = 10` the error is hardly larger than
# with :math:`I = 1`. The dotted line is the most that the inner solution can move in a period; the rest is the noise of
# the samples.

figure2, panels = plt.subplots(1, 3, figsize=(12.5, 4.2), sharey=True, layout="constrained")
for axes, every, color in zip(panels, (1, 10, 100), (BLUE, ORANGE, PINK), strict=True):
    lower, upper = models.noisy(problem, stream(0, "tutorial-bo_rep", "lag", every))
    _, run = bo_rep.minimize(
        np.full(4, 5.0),
        np.zeros(6),
        lower,
        upper,
        steps=600,
        eta=0.01,
        nu=0.1,
        alpha=0.05,
        period=every,
        burst=every,
        radius=4.0,
        radius0=20.0,
        record=lambda x, state: {"lag": np.linalg.norm(state.y - problem.solution(x))},
    )
    axes.plot(run.history["lag"], color=color, linewidth=1.2)
    drift = every * 0.01 * np.linalg.norm(problem.W, 2)
    axes.axhline(drift, color="black", linestyle=":", linewidth=1.2)
    axes.set(xlabel="step", title=f"$I = N = {every}$, mean error {np.mean(run.history['lag'][100:]):.2f}")
panels[0].set_ylim(0, 2.1)
panels[0].set_ylabel(r"$\Vert y_k - y^*(x_k) \Vert$")

# %%
# Wrong labels
# ------------
# Handwritten digits, 40 % of the training labels wrong, and 300 clean samples for validation. The upper variable is a
# weight for each training sample. A sample with a wrong label makes the clean loss worse, so the hyper-gradient takes
# its weight away. It took no list of wrong labels, only a measure of what is wanted. (Who has the clean samples could
# also train on them alone, and on these data would do better: claim C6.)

data = hyper_cleaning.cleaning_data(stream(0, "tutorial-bo_rep", "data"), like=np.zeros(1))
rng, n, m = stream(0, "tutorial-bo_rep", "batches"), 500, 300
of = lambda high: lambda k: rng.integers(0, high, 100)
batches = {"lower_batches": of(n), "upper_batches": of(m), "hvp_batches": of(n), "cross_batches": of(n)}
lower, upper = models.cleaning(data, reg=0.02, **batches)
snapshots = {}


def keep(lam, state):
    """The weights along the way."""
    snapshots[len(snapshots)] = sigmoid(lam)
    return {}


lam, _ = bo_rep.minimize(
    np.zeros(n),
    np.zeros((65, 10)),
    lower,
    upper,
    steps=900,
    eta=0.3,
    nu=0.05,
    alpha=0.5,
    period=2,
    burst=3,
    epochs=3,
    first=30,
    alpha0=0.5,
    record=keep,
)

figure3, panels = plt.subplots(1, 3, figsize=(12.5, 4.2), sharey=True, layout="constrained")
for axes, k in zip(panels, (60, 300, 900), strict=True):
    bins = np.linspace(0, 1, 31)
    for mask, color, label in ((~data.wrong, BLUE, "right label"), (data.wrong, ORANGE, "wrong label")):
        axes.hist(snapshots[k][mask], bins, color=color, alpha=0.7, label=label)
    axes.set(xlabel=r"weight $\sigma(\lambda_j)$", title=f"after {k} steps")
panels[0].set_ylabel("training samples")
panels[0].legend(frameon=False)
right = np.mean((snapshots[900] > 0.5) == ~data.wrong)
title = f"Walk at constant speed, look inside now and then: {100 * right:.0f} % of the labels told right"
figure3.suptitle(title, fontsize=15)


# %%
# When curvature explodes, walk at constant speed; then the lower level may be refreshed only now and then.

if __name__ == "__main__":
    finish("bo_rep")
