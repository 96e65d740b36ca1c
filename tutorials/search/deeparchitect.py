"""
DeepArchitect: the tree decides how fast a search learns
========================================================

A space of networks is written as a tree of modules, and searched as a tree of choices. Four pictures: such a tree, how
four searches find networks for handwritten digits, how many evaluations they spend on good ones, and what happens if a
list of 32 step sizes is searched by halves.

The derivation: :doc:`/search/deeparchitect`. Run it with ``.venv/bin/python tutorials/search/deeparchitect.py``.
"""

from functools import lru_cache

import matplotlib.pyplot as plt
import numpy as np
from rich.console import Console
from rich.progress import track

from refimpl.core.figures import finish
from refimpl.core.random import stream
from refimpl.search import _deeparchitect_networks as networks
from refimpl.search import deeparchitect as da

BLUE, ORANGE, GREEN, GREY = "#0072B2", "#D55E00", "#009E73", "0.45"  # told apart with any color vision
RUNS, BUDGET, LIKE = 4, 64, np.zeros(1)

# sphinx_gallery_thumbnail_number = 4

# %%
# A space, and its tree
# ---------------------
# Two widths, then ReLU, or tanh with or without dropout: eight networks. What has one value is no choice: the last
# layer never asks. Random search comes to a leaf as often as the number says.

small = da.parse(
    ["Concat", ["Affine", [4, 8]], ["Or", ["ReLU"], ["Concat", ["Tanh"], ["Optional", ["Dropout", [0.5, 0.9]]]]],
     ["Affine", [2]]]
)  # fmt: skip

figure, axes = plt.subplots(figsize=(9, 5), layout="constrained")
leaves = [*da.leaves(da.start(small, [3]))]
places = {}  # history: where it is drawn, leaves one below the other
for row, (history, probability, end) in enumerate(leaves):
    places[history] = len(history), -row
    words = [" ".join(map(str, layer)) for layer in end.layers]
    axes.annotate(f"{', '.join(words)}   {probability:g}", (len(history), -row), (8, 0), textcoords="offset points",
                  va="center", fontsize=9)  # fmt: skip
for length in (3, 2, 1, 0):
    for begun in {history[:length] for history, *_ in leaves if len(history) > length}:
        below = [place for history, place in places.items() if history[:-1] == begun and len(history) == length + 1]
        places[begun] = length, np.mean([y for _, y in below])
        for x, y in below:
            axes.plot([length, x], [places[begun][1], y], color=GREY, linewidth=1)
axes.plot(*zip(*places.values(), strict=True), "o", color=BLUE)
axes.set(xlim=(-0.2, 6.6), xticks=range(5), xlabel="choices made", yticks=[], title="Every space is a tree of choices")
for side in ("left", "right", "top"):
    axes.spines[side].set_visible(False)

# %%
# Digits
# ------
# The space of the experiments: 33 million networks, 32 step sizes among them, most of which are bad.

space = da.parse(
    ["Concat",
     ["UserHyperparams", networks.RATES, networks.MOMENTA],
     ["Repeat", ["Concat", ["Affine", networks.UNITS], ["Or", ["ReLU"], ["Tanh"]],
                 ["Optional", ["Dropout", networks.KEPT]]], [1, 2, 3]],
     ["Affine", [10]]]
)  # fmt: skip
print(f"{da.count(space):,} networks")
state, history = da.roll(da.start(space, [64]), stream(0, "tutorial").random(15).tolist())
print("one of them:", *state.layers, sep="\n  ")
print("its path:", history)

score = lru_cache(maxsize=None)(networks.evaluate)
searches = {
    "random": lambda rng: da.random_search(rng, space, [64], score, budget=BUDGET),
    "tree": lambda rng: da.tree_search(rng, space, [64], score, budget=BUDGET, c=0.25),
    "surrogate": lambda rng: da.model_search(rng, space, [64], score, budget=BUDGET, like=LIKE),
    "tree of halves": lambda rng: da.tree_search(rng, space, [64], score, budget=BUDGET, c=0.25, bisected=True),
}
colors = dict(zip(searches, (GREY, ORANGE, GREEN, BLUE), strict=True))
console = Console(stderr=True)
found = {
    name: [search(stream(run, "tutorial", name)) for run in range(RUNS)]
    for name, search in track(searches.items(), "searching", console=console, transient=True)
}

# %%
# Best so far
# -----------
# Mean of four runs, and from the worst to the best. All find good networks; with 64 evaluations they differ by a point
# or two.

figure, axes = plt.subplots(figsize=(7, 4.6), layout="constrained")
for name, runs in found.items():
    best = np.maximum.accumulate([run.scores for run in runs], axis=1)
    x = np.arange(1, BUDGET + 1)
    axes.fill_between(x, best.min(axis=0), best.max(axis=0), color=colors[name], alpha=0.12, linewidth=0)
    axes.plot(x, best.mean(axis=0), color=colors[name], linewidth=2, label=name)
axes.set(xlabel="evaluations", ylabel="best validation accuracy so far", ylim=(0.7, 0.97))
axes.set_title("After 64 evaluations all have found something")
axes.legend(frameon=False, loc="lower right")

# %%
# Where evaluations go
# --------------------
# How many of the 64 networks have an accuracy above 0.9: the searches differ in what they waste.

figure, axes = plt.subplots(figsize=(7, 3.6), layout="constrained")
for name, runs in found.items():
    shares = [np.mean(np.array(run.scores) > 0.9) for run in runs]
    axes.barh(name, np.mean(shares), color=colors[name])
    axes.plot(shares, [name] * RUNS, "k|", markersize=14)
axes.set(xlabel="share of the evaluations that went to good networks (bars: mean, strokes: runs)")
axes.set_title("Tree search by halves wastes least")

# %%
# A list, and its halves
# ----------------------
# Which step sizes tree search looks at. Plain, it must try each of the 32 before it may prefer one; by halves a bad one
# tells of its neighbours.

figure, panels = plt.subplots(2, 1, figsize=(8, 5.6), sharex=True, sharey=True, layout="constrained")
for axes, name in zip(panels, ("tree", "tree of halves"), strict=True):
    rates = [layers[0][1] for run in found[name] for layers in run.models]
    counts = [rates.count(rate) / RUNS for rate in networks.RATES]
    axes.bar(range(32), counts, color=colors[name])
    axes.set(ylabel="evaluations of 64", title=f"{name}: {sum(count < 1 for count in counts)} of 32 hardly looked at")
panels[1].set_xticks(range(0, 32, 6), [f"{networks.RATES[i]:.2g}" for i in range(0, 32, 6)])
panels[1].set_xlabel("step size")
figure.suptitle("The tree, not the algorithm, decides how fast tree search learns")

if __name__ == "__main__":
    finish("deeparchitect")
