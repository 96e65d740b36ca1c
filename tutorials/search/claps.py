"""
ClaPS: ask about each word once, then search among few
======================================================

A small language model has learnt to guess masked words in the docstrings of Python's library. Now it is frozen, and we
may only ask it. Which five words, put before a text, make it better at telling *read* from *write*, *open* and *close*?

The derivation: :doc:`/search/claps`. Run it with ``.venv/bin/python tutorials/search/claps.py``.
"""

import matplotlib.pyplot as plt
import numpy as np

from refimpl.core.figures import finish
from refimpl.core.random import stream
from refimpl.search import _claps_models as models
from refimpl.search import claps

BLUE, ORANGE, GREEN, PINK, GRAY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "0.45"  # for any color vision
LIKE = np.zeros(1, dtype=np.float32)
EVERY = np.arange(800)
NOTHING = np.zeros((1, 0), dtype=int)

# %%
# The black box: a transformer of two layers, 600 steps on three quarters of the docstrings. Its task: sixteen held-out
# places of each of the four words for the reward.

data = models.text(0, like=LIKE)
model, untrained = (models.train(0, data, like=LIKE, steps=steps) for steps in (600, 0))
task = models.task(0, data, models.TASKS[2])


def reward(prompts, X=task.X, y=task.y):
    """Mean log-probability of the right word."""
    return claps.rewards(models.answers(model, X, task.classes, prompts), y)


# %%
# Which words change anything?
# ----------------------------
# Each word alone, as a prompt of one: how far are the answers from those without a prompt? Few words carry much; but
# so they do in a network that has learnt nothing. Over five tasks the difference is smaller than in this one: claim C1.


def influence(network, words, kind):
    """Of prompts of one word."""
    empty = models.answers(network, task.X, task.classes, NOTHING)[0]
    return claps.influence(empty, models.answers(network, task.X, task.classes, words[:, None]), task.y, kind=kind)


figure, axes = plt.subplots(figsize=(7, 4.6), layout="constrained")
shares = []
for network, color, name in ((untrained, ORANGE, "untrained"), (model, BLUE, "trained")):
    ranked = np.sort(influence(network, EVERY, "kl"))[::-1]
    shares.append(ranked[:80].sum() / ranked.sum())
    axes.plot(np.arange(1, 801), ranked / ranked.mean(), color=color, label=name)
axes.set(xlabel="words, most influential first", ylabel="influence over its mean", xscale="log")
axes.set_title(f"The top tenth of the words carries {shares[1]:.0%}; without training {shares[0]:.0%}")
axes.legend(frameon=False)

# %%
# One word of each cluster
# ------------------------
# k-means of the 800 embeddings into 160 clusters; asked about one word of each, by how much it helps. The best tenth
# stays. Two principal directions of the embeddings:

E = model.words[:800]
clusters = claps.cluster(E, stream(0, "tutorial", "claps").random(160, dtype=np.float32))
asked = claps.vocabulary(clusters)
pruned = asked[claps.prune(influence(model, asked, "reward"), q=90.0).kept]

centred = E - E.mean(axis=0)
plane = centred @ np.linalg.svd(centred, full_matrices=False)[2][:2].T
figure, axes = plt.subplots(figsize=(7, 5.4), layout="constrained")
axes.plot(*plane.T, ".", color=GRAY, alpha=0.25, markersize=4, label="800 words")
axes.plot(*plane[asked].T, ".", color=ORANGE, markersize=6, label=f"{len(asked)} asked about")
axes.plot(*plane[pruned].T, "o", color=BLUE, label=f"{len(pruned)} kept")
for word in pruned:
    axes.annotate(data.words[word], plane[word], (4, 4), textcoords="offset points", fontsize=9, color=BLUE)
axes.set(xlabel="first principal direction of the embeddings", ylabel="second")
axes.set_title(f"{len(asked) + 1} calls leave {len(pruned)} words to search among")
axes.legend(frameon=False, loc="lower left", fontsize=9)

# %%
# The search
# ----------
# Greedy, genetic and swarm search among the words kept, from the call at which pruning has ended; the same genetic
# search among all words and among random ones, with what pruning costs spent on more epochs.

rng, spent = stream(1, "tutorial", "claps"), len(asked) + 1
others = claps.random_pruning(rng, asked, q=90.0)
sizes = {"mutants": 12, "children": 12, "like": LIKE}
ways = {}
for name, vocab, epochs, start in (
    ("pruned, genetic", pruned, 10, spent),
    ("all words, genetic", EVERY, 17, 0),
    ("random words, genetic", others, 17, 0),
):
    run = claps.genetic(reward, vocab, *claps.draw_genetic(rng, len(vocab), 5, 24, epochs=epochs, **sizes))
    ways[name] = start + np.array(run.history["calls"]), run.history["score"], vocab[run.state.best]
run = claps.swarm(reward, pruned, *claps.draw_swarm(rng, len(pruned), 5, 24, epochs=10, like=LIKE))
ways["pruned, swarm"] = spent + np.array(run.history["calls"]), run.history["score"], pruned[run.state.g]
best = claps.greedy(reward, pruned, 5)
ways["pruned, greedy"] = spent + len(pruned) * np.arange(1, 6), best.rewards, best.prompt
for name, (_, scores, prompt) in ways.items():
    print(f"{name:22} {float(scores[-1]):.3f}  {' '.join(data.words[i] for i in prompt)}")

# %%
# On other examples
# -----------------
# The reward is that of 64 examples that the search has seen. On examples that it has not seen:

empty = float(reward(NOTHING)[0])
unseen = {name: float(reward(way[2][None], task.X_test, task.y_test)[0]) for name, way in ways.items()}
nothing = float(reward(NOTHING, task.X_test, task.y_test)[0])

figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.8), layout="constrained", width_ratios=(3, 2))
colors = dict(zip(ways, (BLUE, ORANGE, GRAY, PINK, GREEN), strict=True))
left.axvspan(0, spent, color=BLUE, alpha=0.07, linewidth=0)
left.text(spent / 2, 0.002, "pruning", ha="center", color=BLUE, fontsize=9)
for name, (calls, scores, _) in ways.items():
    left.plot(calls, np.asarray(scores) - empty, "o-", markersize=3, color=colors[name], label=name)
left.set(xlabel="calls of the model", ylabel="best reward, less that without a prompt", xlim=(0, None), ylim=(0, None))
left.legend(frameon=False, fontsize=9, loc="lower right")
names = list(ways)
right.barh(names, [unseen[name] - nothing for name in names], color=[colors[name] for name in names])
right.axvline(0, color="black", linewidth=1)
right.set(xlabel="the same on examples not seen")
right.locator_params(axis="x", nbins=4)
right.invert_yaxis()
figure.suptitle("A call a word, spent before the search, buys reward; whether it holds must be tested on other data")

if __name__ == "__main__":
    finish("claps")
