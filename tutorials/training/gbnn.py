"""
Order the units by training, and every first part is a network
==============================================================

Units are fitted one after the other to what the network so far leaves over. In two pictures: how a decision grows, and
what is left of a network if whoever is in a hurry uses a part of it.

The derivation: :doc:`/training/gbnn`. Run it with ``.venv/bin/python tutorials/training/gbnn.py``.
"""

import matplotlib.pyplot as plt
import numpy as np
from rich.console import Console
from rich.progress import track

from refimpl.core.figures import finish
from refimpl.core.random import stream
from refimpl.training import _gbnn_rivals as rivals
from refimpl.training import gbnn

COLORS = {"grown": "#D55E00", "random": "#E69F00", "joint": "#0072B2", "again": "#009E73"}  # for any color vision
LIKE = np.zeros(1)


def progress(steps, title):
    """The same, under a progress bar while they last."""
    return track(steps, title, console=Console(stderr=True), transient=True)


# sphinx_gallery_thumbnail_number = 2

# %%
# How a decision grows
# --------------------
# Two half moons. The first unit is a soft step: no better than a line. Each further one mends what is left.

rng = stream(0, "tutorial", "moons")
angle = np.pi * rng.uniform(size=400)
upper = np.arange(400) < 200
X = np.stack(
    [np.where(upper, np.cos(angle), 1 - np.cos(angle)), np.where(upper, np.sin(angle), 0.5 - np.sin(angle))], 1
)
X = X + 0.15 * rng.standard_normal(X.shape)
X = (X - X.mean(axis=0)) / X.std(axis=0)
Y = np.where(upper, 1.0, -1.0)[:, None]
model = gbnn.fit(rng, X, Y, task="binary", T=100, eta=0.2, share=0.75, iterations=100).model

side = np.linspace(-2.4, 2.4, 121)
grid = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
surface, scores = (gbnn.probabilities(gbnn.staged(x, model)[:, :, 0].reshape(-1, 1), task="binary").reshape(100, -1)
                   for x in (grid, X))  # fmt: skip
figure, panels = plt.subplots(1, 4, figsize=(12, 3.5), sharex=True, sharey=True, layout="constrained")
for axes, T in zip(panels, (1, 5, 20, 100), strict=True):
    image = axes.contourf(side, side, surface[T - 1].reshape(121, 121), levels=np.linspace(0, 1, 11), cmap="RdBu")
    axes.contour(side, side, surface[T - 1].reshape(121, 121), levels=[0.5], colors="k")
    axes.plot(*X[upper].T, ".", color="#08306b", markersize=3)
    axes.plot(*X[~upper].T, ".", color="#67000d", markersize=3)
    wrong = np.mean((scores[T - 1] > 0.5) != upper)
    axes.set(title=f"{T} unit{'s' * (T > 1)}, {100 * wrong:.0f} % wrong", aspect="equal")
figure.colorbar(image, ax=panels, label="probability of the upper moon", shrink=0.9)

# %%
# What is left of a network in a hurry
# ------------------------------------
# Friedman's function of five of ten coordinates, 200 units. Grown units are used in the order of their training: every
# first part is a network that is as good as its size allows. A random part of them is not, as later units mend what
# earlier ones did. A network whose units were trained jointly has no order; the most important of its units can be
# kept, and the others replaced by their mean: here that costs as much as dropping grown units at random. What does as
# well is to train another network of that size, if there is time for it.

sizes = (2, 10, 20, 40, 60, 100, 140, 200)
curves = {name: [] for name in COLORS}
for draw in progress(range(2), "two splits"):
    rng = stream(0, "tutorial", "friedman", draw)
    X, Y = rivals.friedman(rng, 500, like=LIKE)
    X = (X - X[:350].mean(axis=0)) / X[:350].std(axis=0)
    Y = (Y - Y[:350].mean()) / Y[:350].std()
    (X, X_test), (Y, Y_test) = (X[:350], X[350:]), (Y[:350], Y[350:])
    score = lambda F, Y_test=Y_test: rivals.error(Y_test, F, task="regression")
    settings = {"task": "regression", "solver": "adam", "lr": 0.02}
    model = gbnn.fit(rng, X, Y, task="regression", T=100, J=2, eta=0.2, share=0.75, iterations=100).model
    stages = gbnn.staged(X_test, model)
    steps = np.diff(stages, axis=0, prepend=np.broadcast_to(model.F_0, stages[:1].shape))
    joint = rivals.train(rng, X, Y, units=200, **settings)
    order = np.argsort(-rivals.importance(X, joint))
    found = {name: [] for name in COLORS}
    for size in sizes:
        found["grown"].append(score(stages[size // 2 - 1]))
        some = [score(model.F_0 + steps[rng.permutation(100)[: size // 2]].sum(axis=0)) for _ in range(20)]
        found["random"].append(np.mean(some))
        found["joint"].append(score(gbnn.outputs(X_test, rivals.without(X, joint, order[:size], mean=True))))
        again = rivals.train(rng, X, Y, units=size, **settings) if size < 200 else joint
        found["again"].append(score(gbnn.outputs(X_test, again)))
    for name, values in found.items():
        curves[name].append(values)

labels = {
    "grown": "the first units of a grown network",
    "random": "as many of its units at random",
    "joint": "the most important units of a jointly trained one",
    "again": "a network of this size, trained anew",
}
figure, axes = plt.subplots(figsize=(7.5, 4.8), layout="constrained")
for name, values in curves.items():
    style = "--" if name == "again" else "-"
    axes.plot(sizes, np.mean(values, axis=0), style, marker="o", color=COLORS[name], label=labels[name], linewidth=2)
axes.set(xlabel="hidden units in use", ylabel="test error (RMSE)", ylim=(0, 1.2))
axes.set_title("Order the units by training, and every first part is a finished network")
axes.legend(frameon=False)

if __name__ == "__main__":
    finish("gbnn")
