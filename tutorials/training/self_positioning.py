"""
Merging the models of two tasks, and what a plain run would have done
======================================================================

Two tasks of a made-up text world want opposite things of one encoder, and one of them has ten times the data. A model
for each, their task vectors, and a search for a merge: in three pictures where it goes, why the larger set leads, and
what all of it is worth beside a run with resampled data.

The derivation: :doc:`/training/self_positioning`. Run it with
``.venv/bin/python tutorials/training/self_positioning.py``.
"""

import matplotlib.pyplot as plt
import numpy as np
from rich.console import Console
from rich.progress import track

from refimpl.core.figures import finish
from refimpl.core.random import stream
from refimpl.training import _self_positioning_baselines as baselines
from refimpl.training import _self_positioning_worlds as worlds
from refimpl.training import self_positioning as sp

BLUE, ORANGE, GREEN, GREY = "#0072B2", "#D55E00", "#009E73", "0.45"  # told apart with any color vision


def progress(steps, title):
    """The same, under a progress bar while they last."""
    return track(steps, title, console=Console(stderr=True), transient=True)


# sphinx_gallery_thumbnail_number = 3

# %%
# A model for each task
# ---------------------
# Retrieval: find the text with the same topic. Similarity: among texts of one topic, say which mean the same. The
# first task wants the features of the topic, the second wants to ignore them. What training moves the start model by
# are the task vectors. They are merged along an arc, with a share :math:`t` of the second and a length
# :math:`\lambda`;
# gradients of a small probe set say where to go.

rng = stream(0, "tutorial", "self_positioning")
world = worlds.made_up(rng, like=np.zeros(1))
start, shape = world.theta_0.ravel(), world.theta_0.shape
single = [worlds.train(world.theta_0, part) for part in (world.retrieval, world.similarity)]
V = sp.task_vectors(start, np.stack([model.ravel() for model in single]))
run = sp.position(start, V, worlds.probe_loss(world))


def score(vector):
    """Mean of reciprocal rank and rank correlation."""
    return np.mean(worlds.score((start + vector).reshape(shape), world.test))


shares, lengths = np.linspace(0.05, 0.95, 13), np.linspace(0.25, 3.0, 12)
hill = np.zeros((len(lengths), len(shares)))
for i, lam in enumerate(progress(lengths, "the plane of merges")):
    for j, t in enumerate(shares):
        hill[i, j] = score(sp.chain(V, np.array([1 - t, t]), lam=float(lam)))

a, lam = np.array(run.history["a"]), np.array(run.history["lam"])
figure, axes = plt.subplots(figsize=(7.5, 5), layout="constrained")
levels = axes.contourf(shares, lengths, hill, 14, cmap="cividis")
figure.colorbar(levels, label="mean of MRR and Spearman's correlation")
axes.plot(a[:, 1] / a.sum(axis=1), lam, color="white", linewidth=2)
axes.plot(0.5, 1.0, "o", color="white", label="SLERP 1:1, the start")
alpha = float(sp.angle(V[0], V[1]))
axes.plot(0.5, np.cos(alpha / 2), "s", color="white", label="average: as SLERP 1:1, but shorter")
axes.plot(a[-1, 1] / a[-1].sum(), lam[-1], "*", color=ORANGE, markersize=16, label="end of the search")
axes.set(xlabel="share $t$ of the similarity task", ylabel=r"length $\lambda$")
axes.set_title("A hundred small gradients walk up the hill")
axes.legend(fontsize=8, loc="upper left")

# %%
# Why the larger set leads
# ------------------------
# With a small step size all gradients point much the same way, and a task vector grows with each of them. With larger
# steps it bends. Joint training adds up both, and the longer one wins.

counts = (5, 10, 20, 40, 80)
long = worlds.made_up(stream(1, "tutorial", "self_positioning"), like=np.zeros(1), batches=160, share=0.5)
figure, axes = plt.subplots(figsize=(7.5, 4.5), layout="constrained")
for lr, color in ((0.01, BLUE), (0.05, ORANGE)):
    theta, norms = long.theta_0, []
    for k in range(max(counts)):
        batch = worlds.Pairs(long.similarity.X[k : k + 1], long.similarity.Y[k : k + 1])
        theta = worlds.train(theta, batch, lr=lr)
        if k + 1 in counts:
            norms.append(np.linalg.norm(theta - long.theta_0))
    pairs = 64 * np.array(counts)
    axes.plot(pairs, norms, "o-", color=color, linewidth=2, label=f"step size {lr}")
    axes.plot(pairs, norms[0] * pairs / pairs[0], ":", color=color, label="in proportion")
axes.set(xlabel="pairs of the similarity task", ylabel="length of the task vector", ylim=(0, 3.3))
axes.set_title("More data, a longer task vector: in proportion while steps are small")
axes.legend(frameon=False)

# %%
# And what is it worth?
# ---------------------
# Joint training follows the large task and loses the small one. Merges get some of it back, and the search more than
# those with default settings. But so does a free sum of both task vectors, with two numbers learned on the same probe.
# And one joint run with as many batches of each task, no longer than the first, does better than all of them.

both = worlds.merged([world.retrieval, world.similarity])
drawn = np.concatenate([rng.integers(0, 200, 110), 200 + rng.integers(0, 20, 110)])
free, loss = np.full(2, 0.5), worlds.probe_loss(world)
for k in progress(range(1, 101), "a free sum"):
    free = free - 0.5 * (V @ loss(start + free @ V, k)[1])
models = {
    "retrieval alone": single[0],
    "similarity alone": single[1],
    "joint, 10:1": worlds.train(world.theta_0, both, order=rng.permutation(220)),
    "average": (start + baselines.average(V)).reshape(shape),
    "TIES": (start + baselines.ties(V).merged).reshape(shape),
    "SLERP 1:1": (start + sp.chain(V, np.ones(2))).reshape(shape),
    "Self Positioning": (start + sp.chain(V, run.state.a, lam=run.state.lam)).reshape(shape),
    "free sum": (start + free @ V).reshape(shape),
    "joint, resampled 1:1": worlds.train(world.theta_0, both, order=rng.permutation(drawn)),
}
scores = {name: worlds.score(model, world.test) for name, model in models.items()}
figure, axes = plt.subplots(figsize=(8, 5), layout="constrained")
place = np.arange(len(scores))[::-1]
for i, (name, color) in enumerate((("MRR of retrieval", BLUE), ("Spearman's correlation of similarity", ORANGE))):
    axes.barh(place + 0.2 - 0.4 * i, [pair[i] for pair in scores.values()], 0.38, color=color, label=name)
for at, pair in zip(place, scores.values(), strict=True):
    axes.text(0.97, at, f"mean {np.mean(pair):.2f}", va="center", fontsize=9)
axes.set_yticks(place, list(scores))
axes.set(xlim=(0, 1.15), xlabel="score")
axes.set_title(
    "The search gives the small task back what joint training lost.\nSo does one resampled run, if you may train again"
)
axes.legend(frameon=False, fontsize=9, loc="upper center", bbox_to_anchor=(0.5, -0.12), ncols=2)

if __name__ == "__main__":
    finish("self_positioning")
