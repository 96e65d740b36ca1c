"""
Attention separates tokens with the largest margin
==================================================

What does gradient descent on one attention layer converge to, when its weights go to infinity? Three pictures: where a
query is sent, how fast the direction is found, and what changes if keys and queries are trained in place of W.

The derivation: :doc:`/convex/attention_svm`. Run it with ``.venv/bin/python tutorials/convex/attention_svm.py``.
"""

import matplotlib.pyplot as plt
import numpy as np

from refimpl.convex import _attention_svm_models as models
from refimpl.convex import attention_svm
from refimpl.core.figures import finish
from refimpl.core.random import stream

ORANGE, BLUE, GRAY = "#D55E00", "#0072B2", "0.45"  # told apart with any color vision
LIKE = np.zeros(1)

# sphinx_gallery_thumbnail_number = 3

# %%
# Where a query is sent
# ---------------------
# Two inputs of three tokens in the plane. The key-query matrix sends the query :math:`z` of each input to a vector
# :math:`W z`, and tokens far along that vector get the attention. Only the token of the highest score is worth it
# (filled). Normalised gradient descent walks from 0 (lines; the distance from 0 is drawn as its logarithm), and ends
# along the ray of a hard-margin SVM (dashed): the shortest matrix that puts the best token ahead of *both* others, by a
# margin of 1 each.

X = np.array([[[1.0, 0.2], [-0.2, 0.9], [-0.8, -0.5]], [[0.1, 1.0], [0.9, 0.4], [0.2, -1.0]]])
Z = np.array([[1.0, 0.3], [-0.4, 0.9]])
gamma = np.array([[1.0, 0.0, 0.0], [1.0, 0.0, 0.0]])
best = np.array([0, 0])


def product(pair):
    """K Q^T."""
    return pair.K @ np.swapaxes(pair.Q, -1, -2)


def both(W, pair, X, Z, gamma, steps):
    """The paths [steps + 1, ..., d, d] of W, and of the product of K and Q."""
    one = attention_svm.descend(W, X, Z, gamma, steps=steps, record=lambda W: {"W": W})
    two = attention_svm.descend_kq(pair, X, Z, gamma, steps=steps, record=lambda pair: {"W": product(pair)})
    return np.array(one.history["W"]), np.array(two.history["W"])


rng = stream(0, "tutorial-attention_svm", "plane")
start = attention_svm.Factors(*(0.1 * rng.standard_normal((2, 2, 2))))
paths = both(np.zeros((2, 2)), start, X, Z, gamma, 250)
machines = attention_svm.svm_frobenius(X, Z, best).W, attention_svm.svm_nuclear(X, Z, best).W
figure1, panels = plt.subplots(1, 2, figsize=(11, 5), layout="constrained")
for i, axes in enumerate(panels):
    axes.plot(*X[i, 1:].T, "o", color=GRAY, fillstyle="none", markersize=9)
    axes.plot(*X[i, 0], "o", color="black", markersize=9)
    for path, svm, color, label in zip(paths, machines, (ORANGE, BLUE), ("$W$", "$K, Q$"), strict=True):
        ray = svm @ Z[i] / np.linalg.norm(svm @ Z[i])
        axes.plot(*np.outer(ray, [0, 1.65]), "--", color=color, linewidth=1)
        way = path[1:] @ Z[i]
        length = np.linalg.norm(way, axis=1)
        axes.plot(*(way.T * 0.45 * np.log1p(length) / length), color=color, label=f"training {label}")
    axes.set(xlim=(-1.7, 1.7), ylim=(-1.7, 1.7), aspect="equal", xlabel="$x_1$", ylabel="$x_2$")
    axes.set_title(f"Input {i + 1}: the way of $W z_{i + 1}$, and the ray of its SVM (dashed)")
panels[0].legend(frameon=False, loc="lower right")

# %%
# How fast the direction is found
# -------------------------------
# Six inputs of eight tokens in ten dimensions, ten runs on the authors' data. In general training selects *some* token
# of each input, not always the best one; the SVM is that of the tokens that it has selected. Training W turns to the
# SVM of least Frobenius norm, training K and Q to that of least nuclear norm. The other SVM is no stand-in.

data = models.gaussian(stream(0, "tutorial-attention_svm", "data"), 6, 8, 10, like=LIKE, runs=10)
W, K, Q = (models.start(stream(0, "tutorial-attention_svm", name), (10, 10, 10), like=LIKE) for name in "WKQ")
stops = np.unique(np.geomspace(1, 1500, 30).astype(int))
ways = dict(zip(("W", "K, Q"), both(W, attention_svm.Factors(K, Q), *data[:3], 1500), strict=True))
figure2, axes = plt.subplots(figsize=(8.5, 4.8), layout="constrained")
ends = {}
for (name, way), color in zip(ways.items(), (ORANGE, BLUE), strict=True):
    alpha = attention_svm.selected(attention_svm.loss_grad(way[-1], *data[:3]).attention)
    for solve, own in ((attention_svm.svm_frobenius, name == "W"), (attention_svm.svm_nuclear, name != "W")):
        svms = np.stack([solve(*one).W for one in zip(data.X, data.Z, alpha, strict=True)])
        away = [1 - attention_svm.cosine(way[k], svms).mean() for k in stops]
        norm = solve.__name__.removeprefix("svm_").replace("frobenius", "Frobenius")
        axes.loglog(stops, away, "-" if own else ":", color=color, label=f"{name}, {norm} SVM")
        ends[name, norm] = way[-1], svms
axes.set(xlabel="step", ylabel="1 - correlation of directions", title="Each finds the SVM of its own norm")
axes.legend(frameon=False)

# %%
# What the norm changes
# ---------------------
# Singular values of both SVMs, and of what training has found (dots), as shares of the largest. A matrix of least
# Frobenius norm uses one direction for each input. One of least nuclear norm pays for each direction, and makes do with
# three or four. So does attention whose keys and queries are trained apart: its weights come out of low rank, and
# nobody has asked for it.

figure3, axes = plt.subplots(figsize=(8.5, 4.8), layout="constrained")
for key, color, label in ((("W", "Frobenius"), ORANGE, "W"), (("K, Q", "nuclear"), BLUE, "K, Q")):
    trained, svms = (np.linalg.svdvals(matrices) for matrices in ends[key])
    shares = [(s / s[:, :1]).mean(axis=0) for s in (svms, trained)]
    axes.semilogy(range(1, 11), np.maximum(shares[0], 1e-4), "-", color=color, label=f"{key[1]} SVM")
    axes.semilogy(range(1, 11), np.maximum(shares[1], 1e-4), "o", color=color, label=f"training {label}")
axes.set(xlabel="number of the singular value", ylabel="share of the largest", ylim=(7e-5, 1.5), xticks=range(1, 11))
axes.set_title(
    "Gradient descent makes attention separate tokens with the largest margin,\n"
    "and by a W of low rank if K and Q are trained"
)
axes.legend(frameon=False)

# %%
# Nothing in the loss asks for a margin or for a low rank. Both come from the way there.

if __name__ == "__main__":
    finish("attention_svm")
