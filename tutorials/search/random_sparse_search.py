"""
Random sparse search: what a hundred looks buy
==============================================

Keep a random tenth of the hidden nodes of an untrained network, and it learns handwritten digits nearly as well. Does
it help to look at a hundred such networks before training and to take the one that starts best?

The derivation: :doc:`/search/random_sparse_search`. Run it with ``.venv/bin/python
tutorials/search/random_sparse_search.py``.
"""

import matplotlib.pyplot as plt
import numpy as np
from rich.console import Console
from rich.progress import track

from refimpl.core.figures import finish
from refimpl.core.random import stream
from refimpl.search import _random_sparse_search_models as models
from refimpl.search import random_sparse_search as rss

BLUE, ORANGE, GRAY = "#0072B2", "#D55E00", "0.45"  # told apart with any color vision
LIKE = np.zeros(1, dtype=np.float32)
SPARSITIES = 0.5, 0.8, 0.9, 0.95, 0.98
PARENTS, LOOKS = 6, 100


def masks_of(parent, sparsity, count, purpose):
    """Random masks of the 256 nodes of each of two layers."""
    keep = [rss.keep_count(256, sparsity)] * 2
    return rss.draw_masks(stream(parent, "tutorial", purpose, f"{sparsity:g}"), (256, 256), keep, count, like=LIKE)


# %%
# A parent of 85,002 parameters for 1000 images, and two sub-networks of it at each sparsity: one that the search has
# found, and one that nobody has chosen. All are trained with the same minibatches.

dense, found, arbitrary = [], [], []
for p in track(range(PARENTS), "training", console=Console(stderr=True), transient=True):
    data, parent = models.split(p, like=LIKE), models.parent(p, like=LIKE)
    dense.append(models.fit(parent, data, seed=p))
    for s in SPARSITIES:
        best = rss.search(parent, masks_of(p, s, LOOKS, "search"), data.X, data.y).params
        other = rss.extract(parent, [layer[0, :] for layer in masks_of(p, s, 1, "arbitrary")])
        found.append(models.fit(best, data, seed=p))
        arbitrary.append(models.fit(other, data, seed=p))


def table(runs):
    """Accuracies [parents, sparsities], and curves [parents, sparsities, epochs + 1]."""
    shape = PARENTS, len(SPARSITIES)
    return np.reshape([r.accuracy for r in runs], shape), np.reshape([r.curve for r in runs], (*shape, -1))


accuracy, curves = zip(*map(table, (found, arbitrary)), strict=True)

# %%
# Accuracy
# --------
# With nine tenths of the nodes removed 3 % of the parameters are left. Band: from the worst parent to the best.

figure, axes = plt.subplots(figsize=(7, 4.6), layout="constrained")
x = np.arange(len(SPARSITIES))
axes.axhline(np.mean([r.accuracy for r in dense]), color=GRAY, linestyle="--", label="dense parent")
for values, color, name in zip(accuracy, (BLUE, ORANGE), ("found by the search", "arbitrary"), strict=True):
    axes.fill_between(x, values.min(axis=0), values.max(axis=0), color=color, alpha=0.2, linewidth=0)
    axes.plot(x, values.mean(axis=0), "o-", color=color, label=name)
share = [f"{s:g}\n({rss.parameter_share(models.WIDTHS, [rss.keep_count(256, s)] * 2):.1%})" for s in SPARSITIES]
axes.set_xticks(x, share)
axes.set(xlabel="share of hidden nodes removed (and of parameters left)", ylabel="test accuracy", ylim=(0, 1))
axes.set_title("Most nodes can go, and it hardly matters which")
axes.legend(frameon=False, loc="lower left")

# %%
# On the way
# ----------
# The found network starts lower, and its loss stays a little lower for a while. In the time that the search took, an
# arbitrary network could have been trained for 33 epochs more.

figure, axes = plt.subplots(figsize=(7, 4.6), layout="constrained")
for values, color, name in zip(curves, (BLUE, ORANGE), ("found by the search", "arbitrary"), strict=True):
    axes.plot(values[:, 2].T, color=color, linewidth=0.6, alpha=0.5)
    axes.plot(values[:, 2].mean(axis=0), color=color, linewidth=2.5, label=name)
axes.set(xlabel="epoch", ylabel="training loss, 0.9 of the nodes removed", ylim=(0, None))
gain = 1 - np.mean(curves[0][:, 2, 1:]) / np.mean(curves[1][:, 2, 1:])
axes.set_title(f"Found networks have {gain:.0%} less loss on the way" if gain > 0 else "No less loss on the way")
axes.legend(frameon=False)

# %%
# What the first loss tells
# -------------------------
# Thirty sub-networks of one parent, all trained: the loss before training, by which the search chooses, against the
# accuracy after it.

figure, axes = plt.subplots(figsize=(7, 4.6), layout="constrained")
data, parent = models.split(0, like=LIKE), models.parent(0, like=LIKE)
masks = masks_of(0, 0.9, 30, "scatter")
before = rss.initial_losses(parent, masks, data.X, data.y)
nets = [rss.extract(parent, [layer[r, :] for layer in masks]) for r in range(30)]
after = np.array([models.fit(net, data).accuracy for net in nets])
axes.plot(before, after, "o", color=BLUE)
taken = before.min(), after[before.argmin()]
axes.plot(*taken, "o", color=ORANGE, markersize=11)
axes.annotate("the search takes this one", taken, (10, 0), textcoords="offset points", color=ORANGE, va="center")
axes.set(xlabel="loss before training", ylabel="test accuracy after it")
axes.set_title(
    "A hundred looks before training buy next to nothing:\nthe loss that they see does not tell who will learn"
)
axes.legend(frameon=False, loc="lower left")

if __name__ == "__main__":
    finish("random_sparse_search")
