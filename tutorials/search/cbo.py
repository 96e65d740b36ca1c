"""
CBO: a swarm that goes down the gradient without knowing it
===========================================================

A swarm drifts to its softmin-weighted mean and is shaken by its distance from it. Why that minimizes, in three
pictures: where such swarms get to, which step they take, and which function they see.

The derivation: :doc:`/search/cbo`. Run it with ``.venv/bin/python tutorials/search/cbo.py``.
"""

import matplotlib.pyplot as plt
import numpy as np
from rich.console import Console
from rich.progress import track

from refimpl.core.figures import finish
from refimpl.core.random import stream
from refimpl.problems.functions import CANYON, RASTRIGIN
from refimpl.search import _cbo_tools as tools
from refimpl.search import cbo

BLUE, ORANGE, GREEN, GRAY = "#0072B2", "#D55E00", "#009E73", "0.45"  # told apart with any color vision
RUNS = 50


def progress(steps, title):
    """The same, under a progress bar while they last."""
    return track(steps, title, console=Console(stderr=True), transient=True)


# sphinx_gallery_thumbnail_number = 1

# %%
# Past the barriers of a canyon
# -----------------------------
# The function of the paper's figures: a winding canyon whose floor is bumpy, with the minimizer (star) at its end. All
# start at (8, 8). Gradient descent stops in the first hollow. Langevin dynamics, gradient steps with noise that cools
# down, is thrown over some barriers and stopped by others. Consensus hopping and CBO use no gradient, and arrive. So
# does a hill climb that tries a random step and keeps it if it is lower, with as many values: the canyon tells how a
# swarm moves, not that it is the best choice.

start = CANYON.start()
x, path = start, [start]
for _ in range(10_000):
    x = tools.gradient_step(x, CANYON.gradient(x), lr=1e-3)
    path.append(x)
paths = {"gradient descent": np.stack(path)[:, None]}
budgets = dict.fromkeys(("gradient descent", "annealed Langevin"), "10 000 gradients a run")
budgets |= dict.fromkeys(("consensus hopping", "CBO"), "50 000 values a run")

rng = stream(0, "tutorial", "langevin")
x = np.tile(start, (RUNS, 1))
path = [x]
for k in progress(range(1, 10_001), "Langevin dynamics"):
    x = tools.langevin_step(x, CANYON.gradient(x), rng.standard_normal(x.shape), k)
    path.append(x)
paths["annealed Langevin"] = np.stack(path)

hops, swarms = [], []
for run in progress(range(RUNS), "hopping and CBO"):
    rng = stream(0, "tutorial", "hopping", run)
    _, done = cbo.hop(CANYON.function, start, steps=250, particles=200, rng=rng, alpha=100.0, width=0.7)
    hops.append(np.stack(done.history["point"]))
    rng = stream(0, "tutorial", "swarm", run)
    swarm = start + 0.5 * rng.standard_normal((200, 2))
    _, done = cbo.minimize(CANYON.function, swarm, steps=250, rng=rng, alpha=100.0, diffusion=1.6, dt=0.01)
    swarms.append(np.stack(done.history["consensus"]))
paths["consensus hopping"] = np.stack(hops, axis=1)
paths["CBO"] = np.stack(swarms, axis=1)

figure, panels = plt.subplots(2, 2, figsize=(9.6, 8.4), sharex=True, sharey=True, layout="constrained")
x1, x2 = np.meshgrid(np.linspace(-2.5, 9.5, 401), np.linspace(-2.5, 9.5, 401))
height = np.log10(1 + CANYON.function(np.stack([x1, x2], axis=-1)))
for axes, (name, path) in zip(panels.flat, paths.items(), strict=True):
    axes.imshow(height, extent=(-2.5, 9.5) * 2, origin="lower", cmap="Greys", vmin=0, vmax=6, interpolation="bilinear")
    axes.contour(x1, x2, height, levels=10, colors="0.55", linewidths=0.6)
    times = np.unique(np.linspace(0, 1, 126) ** 2 * (len(path) - 1)).astype(int)  # closer together in the beginning
    colors = np.repeat(plt.cm.plasma(0.95 * (times / (len(path) - 1)) ** 0.5), path.shape[1], axis=0)
    axes.scatter(*path[times].reshape(-1, 2).T, s=7, c=colors, linewidths=0)
    axes.plot(0, 0, "*", color="#F0E442", markeredgecolor="black", markersize=16, zorder=5)
    distance = np.linalg.norm(path[-1], axis=-1)
    axes.set_title(f"{name}: {np.sum(distance < 1)} of {len(distance)} arrive\n{budgets[name]}", fontsize=11)
    axes.set(xlim=(-2.5, 9.5), ylim=(-2.5, 9.5), aspect="equal")
    axes.label_outer()
for axes in panels[1]:
    axes.set_xlabel("$x_1$")
for axes in panels[:, 0]:
    axes.set_ylabel("$x_2$")
bar = figure.colorbar(plt.cm.ScalarMappable(cmap=plt.cm.plasma), ax=panels, shrink=0.5, pad=0.02)
bar.set_ticks([0, 0.5 * 0.95, 0.95], labels=["start", "1/4 of the time", "end"])
figure.suptitle(
    "Function values alone get past barriers that stop a run of gradient descent\n(arrive: end within 1 of the star)",
    fontsize=14,
)

# %%
# A hop is a proximal step
# ------------------------
# Hopping samples a cloud of width :math:`\tilde\sigma` around a point :math:`m` and weighs it with
# :math:`e^{-\alpha E}`: that is the density :math:`e^{-\alpha[E(x) + (x - m)^2 / 2\tau]}` with
# :math:`\tau = \alpha \tilde\sigma^2`. Hold :math:`\tau` and let :math:`\alpha` grow: it gathers at the minimum of the
# bracket, which is the proximal step, an implicit gradient step. Two hundred particles follow for a while; then their
# cloud, whose width shrinks with :math:`\alpha`, no longer reaches that far.


def energy(x):
    """A convex function with its minimum at -0.5."""
    return (x**4 / 4 + x**2 / 2 + 0.625 * x)[..., 0]


def slope(x):
    """Its derivative."""
    return x**3 + x + 0.625


m, tau = np.array([1.0]), 0.5
proximal = cbo.proximal_newton(m, slope, lambda x: 3 * x[:, None] ** 2 + 1, tau=tau)
gradient = tools.gradient_step(m, slope(m), lr=tau)
alphas = np.logspace(-0.5, 3.5, 17)
limit, swarm_hops = [], []
for number, alpha in enumerate(alphas):
    width = (tau / alpha) ** 0.5
    limit.append(tools.exact_hopping_1d(energy, m, alpha=alpha, width=width, low=-8.0, high=8.0)[0][0])
    draws = stream(0, "tutorial", "hops", number).standard_normal((300, 200, 1))
    swarm_hops.append([cbo.hopping_step(energy, m, noise, alpha=alpha, width=width)[0][0] for noise in draws])
low, high = np.quantile(swarm_hops, [0.1, 0.9], axis=1)

figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.8), layout="constrained")
x = np.linspace(-1.3, 2.0, 600)
for alpha, color in ((1.0, "#56B4E9"), (10.0, BLUE), (100.0, "black")):
    action = alpha * (energy(x[:, None]) + (x - m[0]) ** 2 / (2 * tau))
    density = np.exp(action.min() - action)
    left.plot(x, density / (density.sum() * (x[1] - x[0])), color=color, label=rf"$\alpha = {alpha:g}$")
left.axvline(m[0], color=GRAY, linestyle=":")
left.axvline(proximal[0], color=ORANGE, linestyle="--")
left.text(m[0] + 0.04, 7.6, "start $m$", color=GRAY)
left.text(proximal[0] - 0.06, 7.6, "proximal point", color=ORANGE, ha="right")
left.set(xlabel="$x$", ylabel="density of the weighted cloud", ylim=(0, 8.2))
left.set_title("The weighted cloud gathers\nat the proximal point")
left.legend(frameon=False, loc="center right")

right.fill_between(alphas, low, high, color=GREEN, alpha=0.3, linewidth=0, label="200 particles, 80 % of the hops")
right.semilogx(alphas, limit, color=BLUE, linewidth=2.5, label="infinitely many particles")
right.axhline(proximal[0], color=ORANGE, linestyle="--", label="proximal step")
right.axhline(gradient[0], color="black", linestyle="-.", label="gradient step")
right.axhline(m[0], color=GRAY, linestyle=":", label="start $m$")
right.set(xlabel=r"inverse temperature $\alpha$, at $\tau = \alpha\,\tilde\sigma^2 = 0.5$", ylabel="end of the step")
right.set_title("The hop becomes the proximal step;\n200 particles fall short")
right.legend(frameon=False, loc="center left", bbox_to_anchor=(0.0, 0.25), fontsize=9)

# %%
# The function that a hopper sees
# -------------------------------
# Exactly, for every :math:`\alpha` and every width, a hop is a gradient step of size :math:`\tau` on the soft-min
# envelope :math:`E_\alpha(m) = -\frac1\alpha \log \mathbb{E}\, e^{-\alpha E(m + \tilde\sigma\xi)}`. Through a narrow
# window it is Rastrigin's function itself; through a window as wide as its waves, a bowl. Dots: hops with infinitely
# many particles, from the same start.

points = np.linspace(-4.2, 4.2, 421)
figure, panels = plt.subplots(1, 3, figsize=(12, 4.3), sharey=True, layout="constrained")
for axes, width, color in zip(panels, (0.08, 0.2, 0.4), (ORANGE, GREEN, BLUE), strict=True):
    rates = {"alpha": 1.0, "width": width, "low": -12.0, "high": 12.0, "nodes": 2001}
    envelope = [tools.exact_hopping_1d(RASTRIGIN.function, np.array([m]), **rates)[1] for m in points]
    m, path = np.array([3.4]), []
    for _ in range(2000):
        moved, value = tools.exact_hopping_1d(RASTRIGIN.function, m, **rates)
        path.append((m[0], value))
        if abs(moved - m)[0] < 1e-4:
            break
        m = moved
    axes.plot(points, RASTRIGIN.function(points[:, None]), color="0.7", linewidth=1, label="$E$")
    axes.plot(points, envelope, color=color, linewidth=2.5, label=r"$E_\alpha$")
    axes.plot(*np.transpose(path), "o", color="black", markersize=4, label=f"{len(path) - 1} hops")
    stuck = "the first hollow stops it" if abs(m[0]) > 0.5 else "no barrier is left"
    axes.set_title(rf"width $\tilde\sigma = {width:g}$: {stuck}", fontsize=11)
    axes.set(xlabel="$m$")
    axes.legend(frameon=False, loc="upper center")
panels[0].set(ylabel="objective and envelope", ylim=(-1, 22))
figure.suptitle("Hopping is gradient descent on a smoothed landscape", fontsize=14)

if __name__ == "__main__":
    finish("cbo")
