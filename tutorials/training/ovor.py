"""
Heads that know where they do not apply
=======================================

Classes come task by task, old data are gone, and nobody says at the test of which task a point is. In three pictures:
what virtual outliers do to decision regions in the plane, what they do to energies, and what they do, and do not do, on
digits.

The derivation: :doc:`/training/ovor`. Run it with ``.venv/bin/python tutorials/training/ovor.py``.
"""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import ListedColormap
from rich.console import Console
from rich.progress import track

from refimpl.core.figures import finish
from refimpl.core.random import stream
from refimpl.training import _ovor_models as models
from refimpl.training import ovor

LIKE = np.zeros(1)
HUES = ("#0072B2", "#56B4E9", "#D55E00", "#F0A070", "#009E73", "#80CFB9", "#5A4FA2", "#B3A6E0")  # a pair for each task


def progress(steps, title):
    """The same, under a progress bar while they last."""
    return track(steps, title, console=Console(stderr=True), transient=True)


# sphinx_gallery_thumbnail_number = 3

# %%
# Decision regions
# ----------------
# Eight clouds, four tasks of two (a colour and its light shade). Each task trains its two columns of a linear head on
# bumps, 50 epochs on the cross-entropy and 100 with the regulariser. Without it a head says of far points whatever it
# likes. Crosses are the outliers of the last task.

problem = models.blobs(stream(0, "tutorial", "ovor"), like=LIKE)
training = {"epochs": 150, "plain": 50, "batch": 160, "lr": 0.05, "renew": 10, "anew": False}
settings = {"tau_id": -4.0, "tau_out": 0.0, "n_out": 160, "select": 30, "per": 60, "K": 10, "sigma": 0.8, "rank": "raw"}
side = np.linspace(-6, 6, 161)
plane = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)

heads = {}
figure, panels = plt.subplots(1, 2, figsize=(10.5, 5.2), sharex=True, sharey=True, layout="constrained")
for axes, kind, name in zip(panels, ("none", "both"), ("cross-entropy alone", "with virtual outliers"), strict=True):
    rule = models.regular(kind, **settings)
    found = models.learn_heads(stream(0, "tutorial", "head"), problem, rule, bound=1 / 15, seen=models.local_features,
                               **training)  # fmt: skip
    heads[kind] = found.head
    winner = np.argmax(ovor.logits(found.head, models.local_features(plane)), axis=1).reshape(161, 161)
    axes.pcolormesh(side, side, winner, cmap=ListedColormap(HUES), vmin=-0.5, vmax=7.5, alpha=0.45, rasterized=True)
    axes.scatter(*problem.x_test.T, c=[HUES[label] for label in problem.y_test], s=6, edgecolors="0.2", linewidths=0.2)
    if kind == "both":
        last, _ = models.of_task(problem, 3)
        axes.plot(*rule.make(stream(0, "tutorial", "outliers"), last, None).T, "kx", ms=3, mew=0.6, alpha=0.6)
    axes.set(title=f"{name}: {found.cil[-1].mean():.2f} right", aspect="equal", xlim=(-6, 6), ylim=(-6, 6))
figure.suptitle("Each head must know where it does not apply", fontsize=14)

# %%
# Energies
# --------
# The head of the first task: what it says of its own points, of those of other tasks, and of outliers around its own.
# Low is "mine". Cross-entropy does not fix the level: own and foreign points mix. The two thresholds pull them apart.

own = problem.y_test < 2
x, y = models.of_task(problem, 0)
made = models.regular("both", **settings).make(stream(0, "tutorial", "made"), x, y)
groups = {"own": problem.x_test[own], "of other tasks": problem.x_test[~own], "outliers": made}
figure, panels = plt.subplots(2, 1, figsize=(8, 5.6), sharex=True, layout="constrained")
for axes, (kind, head) in zip(panels, heads.items(), strict=True):
    for (name, points), color in zip(groups.items(), ("#0072B2", "#D55E00", "0.3"), strict=True):
        energies = ovor.energy(ovor.logits(head, models.local_features(points))[:, :2])
        style = {"histtype": "step", "linewidth": 2, "color": color, "label": name, "density": True}
        axes.hist(energies, bins=84, range=(-16, 12), **style)
    for tau in (-4, 0):
        axes.axvline(tau, color="0.6", ls="--")
    axes.set(ylabel="density", title="cross-entropy alone" if kind == "none" else "with virtual outliers")
panels[0].legend(frameon=False)
panels[1].set(xlabel="energy of the first task's logits (thresholds dashed)")
figure.suptitle("The regulariser fixes the level of a head", fontsize=14)

# %%
# Digits
# ------
# Five tasks of two digits behind a frozen encoder with one layer of attention. One prompt for all tasks, or a prompt
# for each that has to be found at the test, each without the second phase, with its first term alone, and whole. The
# pool takes two passes of the encoder for an image and five prompts, for little or nothing. The gain of the second
# phase is that of its first term: here outliers take away a part of it.

images = models.digit_stream(stream(0, "tutorial", "digits"), like=LIKE)
frozen = models.encoder(stream(0, "tutorial", "encoder"), images.x[:400])
labels = {"none": "no second phase", "id": "its first term alone", "both": "with outliers (VOR)"}
colors = {"none": "#777777", "id": "#0072B2", "both": "#D55E00"}
scores = {}
for pool, kind in progress([(pool, kind) for pool in (False, True) for kind in labels], "digits"):
    rule = models.regular(kind, tau_id=-6.0, tau_out=-2.0, per=10)
    found = models.learn_prompts(stream(0, "tutorial", "run"), frozen, images, rule, pool=pool)
    scores[pool, kind] = float(ovor.metrics(found.cil).accuracy), found.passes

figure, axes = plt.subplots(figsize=(8, 4.8), layout="constrained")
for i, pool in enumerate((False, True)):
    for j, kind in enumerate(labels):
        bar = axes.bar(
            i + 0.27 * (j - 1), scores[pool, kind][0], 0.25, color=colors[kind], label="" if i else labels[kind]
        )
        axes.bar_label(bar, fmt="%.2f", padding=2)
learned = 2 * 6 * 32
axes.set_xticks([0, 1], [
    f"one prompt\n{learned} numbers, {scores[False, 'none'][1]:g} pass",
    f"a prompt for each task\n{5 * (learned + 128)} numbers, {scores[True, 'none'][1]:g} passes",
])  # fmt: skip
axes.set(ylim=(0, 1.05), ylabel="accuracy after five tasks, task not known")
axes.legend(frameon=False, ncols=3, loc="upper center")
figure.suptitle("One prompt is enough; what helps on digits is that heads are levelled,\nnot the outliers", fontsize=14)

if __name__ == "__main__":
    finish("ovor")
