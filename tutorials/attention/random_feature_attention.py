"""
What one layer of attention can learn, if only its values are trained
======================================================================

Heads with random query-key matrices, a ridge regression, and three rivals with as many weights to learn. In three
pictures: how many samples they need, what more keys do, and what a bias of the heads is.

The derivation: :doc:`/attention/random_feature_attention`. Run it with
``.venv/bin/python tutorials/attention/random_feature_attention.py``.
"""

import matplotlib.pyplot as plt
import numpy as np
from rich.console import Console
from rich.progress import track

from refimpl.attention import _random_feature_attention_data as data
from refimpl.attention import random_feature_attention as rfa
from refimpl.core.figures import finish
from refimpl.core.random import stream

COLORS = {"RFA": "#0072B2", "BRFA": "#D55E00", "pooled": "#009E73", "RFMLP": "0.45"}  # told apart with any color vision
LABELS = {
    "RFA": "random attention (RFA)",
    "BRFA": "the same, heads about the identity (BRFA)",
    "pooled": "random neurons, averaged over the keys",
    "RFMLP": "random neurons on all keys in a row (RFMLP)",
}
LIKE = np.zeros(1)
D, N, HEADS = 4, 8, 150


def progress(steps, title):
    """The same, under a progress bar while they last."""
    return track(steps, title, console=Console(stderr=True), transient=True)


# sphinx_gallery_thumbnail_number = 3

# %%
# What a head says of a key
# -------------------------
# Queries and keys are unit vectors with a 1 appended, entries of the heads are normal with variance 1/4: preactivations
# are standard normal. With the identity for the mean of a head they follow the inner product of query and key. The
# heads differ, and their mean says it.

rng = stream(0, "tutorial", "scores")
x_0, keys = data.sphere(rng, (2000, D), like=LIKE), data.sphere(rng, (2000, 1, D), like=LIKE)
met = np.sum(x_0 * keys[:, 0, :], axis=1)
noise = rng.standard_normal((HEADS, D + 1, D + 1))
figure, panels = plt.subplots(1, 2, figsize=(10, 4.2), sharex=True, sharey=True, layout="constrained")
for axes, bias, name in zip(panels, rfa.BIASES, ("RFA", "BRFA"), strict=True):
    u = rfa.preactivations(x_0, keys, rfa.heads(noise, bias=bias))[:, :, 0]
    for low, high, shade in ((-1.0, -0.5, 0.3), (-0.25, 0.25, 0.6), (0.5, 1.0, 1.0)):
        chosen = u[(met >= low) & (met <= high)]
        label = rf"$\langle x_0, x_i \rangle$ in [{low:g}, {high:g}]"
        style = {"histtype": "step", "linewidth": 2, "color": COLORS[name], "alpha": shade, "label": label}
        axes.hist(chosen.ravel(), bins=60, range=(-4, 4), density=True, **style)
    axes.set(xlabel="preactivation", title=LABELS[name])
    axes.legend(frameon=False, fontsize=8, loc="upper left")
panels[0].set(ylabel="density", ylim=(0, 0.62))
figure.suptitle("A bias on the diagonal lets heads see the inner product", fontsize=14)

# %%
# More keys
# ---------
# The target is an average over the keys, and so is the layer. A network that takes the keys in a row has to find out
# that all of them are treated alike. With one key there is nothing to find out; from two on the gap is wide.

counts = (1, 2, 4, 8, 16)
errors = {name: [] for name in ("RFA", "pooled", "RFMLP")}
for n_keys in progress(counts, "more keys"):
    rng = stream(0, "tutorial", "keys", n_keys)
    targets = [data.make_target(rng, "corr", D, n_keys, p=1, like=LIKE)]
    train, seen = (data.draw_sets(rng, n, n_keys, targets) for n in (600, 200))
    test = data.draw_sets(rng, 1000, n_keys, targets, noise=0.0)
    for name, found in errors.items():
        found += data.learn(data.model(name, rng, HEADS, D, n_keys, like=LIKE), train, seen, test)

figure, axes = plt.subplots(figsize=(7.5, 4.5), layout="constrained")
for name, found in errors.items():
    axes.loglog(counts, found, "o-", color=COLORS[name], linewidth=2, label=LABELS[name])
axes.set_xticks(counts, [str(n_keys) for n_keys in counts])
axes.minorticks_off()
axes.set(xlabel="keys $N$", ylabel="relative test error", ylim=(None, 4))
axes.set_title(r"600 samples of the mean of $\langle x_0, x_i\rangle \langle\beta, x_i\rangle$: keys in a row cost")
axes.legend(frameon=False, loc="upper left", fontsize=9)

# %%
# More samples
# ------------
# Four targets. A function of the query alone asks for no pooling, but a network on all keys in a row is drowned in the
# keys. A function of one key at a time asks for averaging, whoever does it. Functions of query and key ask for their
# product: attention has it in its heads. Of even powers of the inner product heads about the identity make the most.

sizes, shown = (125, 250, 500, 1000), (("query", 2), ("mean", 2), ("corr", 1), ("corr", 2))
errors = {name: [] for name in data.MODELS}
rng = stream(0, "tutorial", "samples")
targets = [data.make_target(rng, kind, D, N, p=p, like=LIKE) for kind, p in shown]
test = data.draw_sets(rng, 1000, N, targets, noise=0.0)
models = {name: data.model(name, rng, HEADS, D, N, like=LIKE) for name in data.MODELS}
for n in progress(sizes, "more samples"):
    train, seen = (data.draw_sets(rng, k, N, targets) for k in (n, max(200, n // 4)))
    for name, features in models.items():
        errors[name].append(data.learn(features, train, seen, test))

titles = (
    r"of the query: $\langle\beta, x_0\rangle^2$",
    r"of one key: mean of $\langle\beta, x_i\rangle^2$",
    r"of both: mean of $\langle x_0, x_i\rangle \langle\beta, x_i\rangle$",
    r"of both: mean of $\langle x_0, x_i\rangle^2 \langle\beta, x_i\rangle$",
)
figure, panels = plt.subplots(2, 2, figsize=(10, 7.6), sharex=True, sharey=True, layout="constrained")
for i, (axes, title) in enumerate(zip(panels.flat, titles, strict=True)):
    for name, found in errors.items():
        axes.loglog(sizes, np.array(found)[:, i], "o-", color=COLORS[name], linewidth=2, label=LABELS[name])
    axes.set_title(title, fontsize=11)
    axes.set_xticks(sizes, [str(n) for n in sizes])
    axes.minorticks_off()
for axes in panels[1]:
    axes.set_xlabel("samples $n$")
for axes in panels[:, 0]:
    axes.set_ylabel("relative test error")
figure.legend(*panels[0, 0].get_legend_handles_labels(), frameon=False, loc="outside lower center", ncols=2)
figure.suptitle(
    "Averaging buys functions of the query or of one key, the product of both buys the others,\n"
    "a bias on its diagonal those of the squared inner product",
    fontsize=14,
)

if __name__ == "__main__":
    finish("random_feature_attention")
