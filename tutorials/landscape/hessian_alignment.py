"""
Hessian alignment: seeing through a colour that lies
====================================================

Two domains in which a colour goes with the label, and a third in which it does not. Three pictures: what a penalty on
the last layer does to accuracy, what it does to the Hessians that it is named for, and what random signs estimate.

The derivation: :doc:`/landscape/hessian_alignment`. Run it with
``.venv/bin/python tutorials/landscape/hessian_alignment.py``.
"""

import matplotlib.pyplot as plt
import numpy as np

from refimpl.core.figures import finish
from refimpl.core.random import signs, stream
from refimpl.landscape import _hessian_alignment_baselines as baselines
from refimpl.landscape import _hessian_alignment_models as models
from refimpl.landscape import hessian_alignment
from refimpl.problems.coloured import coloured_toy

ORANGE, BLUE, GREEN, PINK, GRAY = "#D55E00", "#0072B2", "#009E73", "#CC79A7", "0.45"  # told apart with any color vision
LIKE = np.zeros(1)

# sphinx_gallery_thumbnail_number = 1

# %%
# A colour that lies
# ------------------
# Each sample has a feature that is right three times out of four, and a colour that agrees with the label in 80 % of
# the first domain, 90 % of the second, and 10 % of the third, which is not shown in training. Whoever trusts the
# colour looks better in training, and fails. ERM minimizes the mean loss; IRM, HGP and Hutchinson add a penalty that
# is light for 100 steps and then ten thousand times as heavy as the loss. The green curve aligns the *gradients* of
# the last layer and no Hessian.

rng = stream(0, "tutorial-hessian_alignment")
direction = rng.standard_normal(5)
direction = 2 * direction / np.linalg.norm(direction)
domains = [coloured_toy(rng, direction, flip, n=800, like=LIKE) for flip in (0.2, 0.1, 0.9)]
start = models.init(rng, 7, 32, like=LIKE)
draws = stream(0, "tutorial-hessian_alignment", "signs")
both = {"alpha": 1.0, "beta": 1.0}


def hutchinson(W, seen, k):
    """Ten draws of signs, which both domains share."""
    return hessian_alignment.hutchinson_penalty(W, seen, signs(draws, (1, 10, W.size), like=W), **both)


methods = {
    "ERM": (None, GRAY),
    "IRM": (lambda W, seen, k: baselines.irm(W, seen), BLUE),
    "gradients alone": (lambda W, seen, k: hessian_alignment.hgp(W, seen, alpha=0.0, beta=1.0), GREEN),
    "Hutchinson": (hutchinson, PINK),
    "HGP": (lambda W, seen, k: hessian_alignment.hgp(W, seen, **both), ORANGE),
}


def measured(net):
    """Accuracy in training and on the third domain, and how far the Hessians of the head are apart."""
    H = []
    for x, y in domains[:2]:
        at = hessian_alignment.head(net.W, models.features(net, x), y)
        H.append(hessian_alignment.hessian(at).reshape(net.W.size, net.W.size))
    train = np.mean([models.accuracy(net, *domain) for domain in domains[:2]])
    return {"train": train, "test": models.accuracy(net, *domains[2]), "gap": np.linalg.norm(H[0] - H[1], 2)}


rates = {"steps": 400, "warm": 100, "lam": 1e4, "lr": 5e-3, "l2": 1e-3}
looked, curves = np.arange(0, 401, 10), {}
for name, (rule, _) in methods.items():
    _, run = models.train(start, domains[:2], penalty=rule, record=lambda net: {"net": net}, **rates)
    found = [measured(run.history["net"][k]) for k in looked]
    curves[name] = {which: [one[which] for one in found] for which in found[0]}
figure1, (left, right) = plt.subplots(1, 2, figsize=(11, 4.4), sharex=True, layout="constrained")
for name, (_, color) in methods.items():
    left.plot(looked, curves[name]["train"], color=color)
    right.plot(looked, curves[name]["test"], color=color, label=name)
for axes in (left, right):
    axes.axhline(0.75, color="0.7", linestyle=":")
    axes.axvline(100, color="0.85", zorder=0)
    axes.set(xlabel="step", ylim=(0, 1))
left.text(400, 0.74, "best without the colour", color=GRAY, ha="right", va="top", fontsize=9)
left.set(ylabel="accuracy", title="training domains")
right.set(title="where the colour lies")
right.legend(frameon=False, loc="upper right", ncols=2)
figure1.suptitle("Aligned heads drop a lying colour, with or without the Hessian")

# %%
# What became of the Hessians
# ---------------------------
# The spectral distance of the two Hessians of the last layer, which bounds how differently two domains can judge a
# head. Hutchinson, which matches their diagonals, brings them closest. But see ERM: sure of itself, its Hessians
# shrink altogether, and their distance with them, below that of aligned gradients. Distance alone is no yardstick.

figure2, axes = plt.subplots(figsize=(8, 4.4), layout="constrained")
for name, (_, color) in methods.items():
    axes.semilogy(looked, curves[name]["gap"], color=color, label=name)
axes.axvline(100, color="0.85", zorder=0)
axes.set(xlabel="step", ylabel=r"$\Vert H_1 - H_2\Vert_2$", title="Hessians of the head, apart")
axes.legend(frameon=False, ncols=2)

# %%
# What random signs see
# ---------------------
# The diagonal of a head's Hessian (grey) and Hutchinson's estimate of it with 1, 10 and 100 draws. Each draw costs a
# product with the Hessian; the exact diagonal of a *linear* head costs less than one.

W, z, y = rng.standard_normal((3, 9)), rng.standard_normal((100, 8)), rng.integers(0, 3, 100)
at = hessian_alignment.head(W, z, y)
exact = hessian_alignment.diagonal(at).ravel()
figure3, panels = plt.subplots(1, 3, figsize=(11, 3.6), sharey=True, layout="constrained")
for axes, K in zip(panels, (1, 10, 100), strict=True):
    found = hessian_alignment.hutchinson(at, signs(draws, (K, W.size), like=W)).ravel()
    axes.bar(range(W.size), exact, color="0.8", label="exact")
    axes.plot(found, "o", color=ORANGE, markersize=4, label="estimate")
    axes.set(xlabel="weight", title=f"$K = {K}$, mean error {np.abs(found - exact).mean():.3f}")
panels[0].set(ylabel="diagonal of the Hessian")
panels[2].legend(frameon=False, loc="upper left")

# %%
# So the lesson is smaller than the name: matching gradients of the head across domains makes a network drop a colour
# that lies. Matching curvature adds nothing that could be seen here, and where no feature lies none of it helps
# reliably.

if __name__ == "__main__":
    finish("hessian_alignment")
