"""
Interpolants: the path is one choice, the sampler another
=========================================================

Two modes become five. Three pictures: what lies between two densities on four paths, how an ODE and SDEs run through
the same densities, and what noise does when the fields are wrong: planted errors, and errors of learning.

The derivation: :doc:`/generative/interpolants`. Run it with ``.venv/bin/python tutorials/generative/interpolants.py``.
"""

import matplotlib.pyplot as plt
import numpy as np

from refimpl.core.figures import finish
from refimpl.core.random import stream
from refimpl.generative import _interpolants_models as models
from refimpl.generative import interpolants
from refimpl.models import mixture
from refimpl.models.mixture import Mixture

ORANGE, BLUE, GREEN, GRAY = "#D55E00", "#0072B2", "#009E73", "0.45"  # told apart with any color vision

# sphinx_gallery_thumbnail_number = 2

# %%
# Four paths between the same ends
# --------------------------------
# From two wide modes to five narrow ones on a ring, each pair of components joined independently. Without noise (first
# row) ten ridges cross on the way, one for each pair, and a field that has to follow them is hard to learn. Noise in
# the middle of the path smears them; the last path forgets the start altogether at t = 1/2.

angles = 2 * np.pi * np.arange(5) / 5 + np.pi / 2
BASE = Mixture(np.array([0.5, 0.5]), np.array([[-2.0, 0.0], [2.0, 0.0]]), np.array([0.15, 0.15]))
RING = Mixture(np.full(5, 0.2), 2.5 * np.stack([np.cos(angles), np.sin(angles)], axis=1), np.full(5, 0.06))
PATHS = {
    "straight, no noise": {"gamma": "zero"},
    "straight, brownian": {"a": 2.0},
    "trigonometric": {"path": "trig", "gamma": "brownian", "a": 2.0},
    "through noise": {"path": "enc_dec"},
}

side = np.linspace(-4, 4, 90)
grid = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
times = (0.0, 0.25, 0.5, 0.75, 1.0)
figure1, panels = plt.subplots(4, 5, figsize=(9.5, 8), layout="constrained")
for row, (name, path) in zip(panels, PATHS.items(), strict=True):
    flow = interpolants.mixture_flow(BASE, RING, **path)
    for axes, t in zip(row, times, strict=True):
        density = np.exp(flow(t, grid).log_density).reshape(len(side), len(side))
        axes.imshow(density**0.5, origin="lower", cmap="Blues", extent=(-4, 4, -4, 4))
        axes.set(xticks=[], yticks=[])
    row[0].set_ylabel(name)
for axes, t in zip(panels[0], times, strict=True):
    axes.set_title(f"t = {t:g}")

# %%
# One density, four samplers
# --------------------------
# Exact fields of the brownian path. The ODE moves points smoothly, SDEs shake them more the larger epsilon is; where
# they are after each time has the same law. Below: where 2000 of each end.

flow = interpolants.mixture_flow(BASE, RING, **PATHS["straight, brownian"])
rng = stream(0, "tutorial-interpolants")
start, _ = mixture.sample(rng, 2000, BASE)
run = np.linspace(1e-3, 1 - 1e-3, 201)
figure2, panels = plt.subplots(2, 4, figsize=(11, 5.8), layout="constrained", sharex=True, sharey=True)
for (above, below), (kind, epsilon) in zip(
    panels.T, (("rk4", 0.0), ("em", 0.1), ("em", 0.5), ("em", 2.0)), strict=True
):
    x, seen = start, [start[:12]]
    for k in range(200):
        xi = rng.standard_normal(x.shape)
        x = interpolants.step(flow, x, run[k], run[k + 1], kind=kind, epsilon=epsilon, xi=xi)
        seen.append(x[:12])
    traces = np.stack(seen)
    above.plot(traces[:, :, 0], traces[:, :, 1], color=GRAY, lw=0.6)
    above.plot(*start[:12].T, "o", color=BLUE, markersize=4)
    above.plot(*x[:12].T, "o", color=ORANGE, markersize=4)
    above.set_title("ODE" if kind == "rk4" else rf"SDE, $\epsilon$ = {epsilon:g}")
    below.plot(*x.T, ".", color=ORANGE, markersize=1.5)
    above.set(xlim=(-4, 4), ylim=(-4, 4), aspect="equal")
    below.set(xlim=(-4, 4), ylim=(-4, 4), aspect="equal")
panels[0, 0].set_ylabel("12 paths")
panels[1, 0].set_ylabel("2000 ends")

# %%
# Wrong fields
# ------------
# On the line, from a normal law to two modes. Left: errors of b that have about the same size, but wave faster and
# faster. The loss bounds what they do to the SDE; to the ODE they do more and more. Right: nothing planted, b and
# denoiser by least squares on samples. With 3000 of them noise improves the density, as far as it is followed exactly
# in time. With steps of finite length it has its price: see claim C7b.

exact = interpolants.mixture_flow(models.STANDARD, models.PAIR, divergence=True)
x = np.linspace(-7, 7, 701)
first, last = (np.exp(exact(t, x[:, None]).log_density) for t in (0.0, 1.0))


def evolved(fields, epsilon):
    """Divergence at t = 1 of the SDE with these fields."""

    def drift(t, y):
        f = fields(t, y[:, None])
        return (f.b + epsilon * f.s)[:, 0]

    return models.divergence_of(last, models.fokker_planck(drift, epsilon, first, x, np.linspace(0, 1, 201)), x)


def waving(omega):
    """The exact fields, and an error of b."""

    def fields(t, y):
        f = exact(t, y)
        slope = 0.15 * omega * np.cos(omega * y[:, 0])
        return f._replace(b=f.b + 0.15 * np.sin(omega * y), div_b=f.div_b + slope)

    return fields


def by_ode(fields):
    """Divergence at t = 1 of the ODE."""
    back = (1 + np.cos(np.pi * np.arange(81) / 80)) / 2
    found = interpolants.log_likelihood(fields, lambda y: exact(0.0, y).log_density, x[:, None], back)
    return models.divergence_of(last, np.exp(found.log_density), x)


omegas = (1, 2, 4, 8, 16)
sdes, odes = [evolved(waving(w), 0.5) for w in omegas], [by_ode(waving(w)) for w in omegas]

levels, learnt = (0.02, 0.1, 0.5, 2.0), {}
for n in (300, 3000):
    ends = [mixture.sample(rng, n, law)[0] for law in (models.STANDARD, models.PAIR)]
    z, knots = rng.standard_normal((50, n, 1)), np.linspace(0.01, 0.99, 50)
    found = models.learn(*ends, z, knots, centres=np.linspace(-4, 4, 25), width=0.5, penalty=1e-3)
    learnt[n] = [evolved(models.learnt_fields(found), epsilon) for epsilon in levels]

figure3, (left, right) = plt.subplots(1, 2, figsize=(10, 4.2), layout="constrained")
left.loglog(omegas, odes, "o-", color=BLUE, label="ODE")
left.loglog(omegas, sdes, "o-", color=ORANGE, label=r"SDE, $\epsilon$ = 0.5")
left.set_xticks(omegas, omegas, minor=False)
left.minorticks_off()
left.set(xlabel="frequency of the error of b", ylabel="KL at t = 1", title="Errors of one size")
left.legend(frameon=False)
for (n, values), color in zip(learnt.items(), (GREEN, BLUE), strict=True):
    right.loglog(levels, values, "o-", color=color, label=f"{n} samples")
right.set(xlabel=r"diffusion $\epsilon$", title="Errors of learning")
right.legend(frameon=False)
figure3.suptitle("Noise can repair a wrong velocity, if the score is known well")

print(f"errors of frequency 1 and 16: KL {odes[0]:.3f} and {odes[-1]:.3f} by the ODE, {sdes[0]:.4f} and {sdes[-1]:.5f}")
print(
    f"learnt from 3000 samples: KL {learnt[3000][0]:.4f} at epsilon {levels[0]}, {learnt[3000][2]:.4f} at {levels[2]}"
)

# %%

if __name__ == "__main__":
    finish("interpolants")
