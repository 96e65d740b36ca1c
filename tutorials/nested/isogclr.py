"""
iSogCLR: a temperature is a multiplier
======================================

Contrastive learning with small batches, and with a temperature that each sample finds for itself. Four pictures: what a
robust loss is, what a memory per sample buys, what the first temperature matters, and where the temperatures end.

The derivation: :doc:`/nested/isogclr`. Run it with ``.venv/bin/python tutorials/nested/isogclr.py``.
"""

import matplotlib.pyplot as plt
import numpy as np

from refimpl.core.figures import finish
from refimpl.core.random import stream
from refimpl.nested import _isogclr_models as models
from refimpl.nested import isogclr
from refimpl.problems.contrastive import LongTail, clusters

ORANGE, BLUE, GREEN, PINK, GRAY = "#D55E00", "#0072B2", "#009E73", "#CC79A7", "0.45"  # told apart with any color vision
LIKE = np.zeros(1)

# sphinx_gallery_thumbnail_number = 4

# %%
# A loss that leans
# -----------------
# Twenty negatives of one anchor, and how much more similar than the positive each is: the gaps :math:`h`. A plain mean
# counts them alike. The robust loss counts them with the worst weights whose KL divergence from uniform is at most
# :math:`\rho` (left, for three radii): they lean towards the hard negatives. Those weights are a softmax, and its
# temperature is the minimum of the dual (right): one number :math:`\rho` sets them all.

h = np.sort(0.5 * stream(0, "tutorial-isogclr", "gaps").standard_normal(20))
figure1, (left, right) = plt.subplots(1, 2, figsize=(11, 4.2), layout="constrained")
taus = np.geomspace(0.03, 3, 200)
for rho, color in ((0.1, BLUE), (0.4, GREEN), (1.0, ORANGE)):
    best = isogclr.tau_star(h, rho=rho, lo=0.01, hi=5.0)
    weights = np.exp(h / best) / np.exp(h / best).sum()
    left.plot(h, weights, "o-", color=color, label=rf"$\rho = {rho}$, worst mean {weights @ h:.2f}")
    dual = taus * (np.log(np.mean(np.exp(h / taus[:, None]), axis=1)) + rho)
    right.semilogx(taus, dual, color=color)
    right.plot(best, weights @ h, "o", color=color)
left.axhline(1 / 20, color=GRAY, linestyle=":")
left.text(h[0], 1 / 20, f"uniform, mean {h.mean():.2f}", color=GRAY, va="bottom")
left.set(xlabel="gap $h$ of a negative", ylabel="weight", title="The worst case within the ball")
left.legend(frameon=False)
right.set(xlabel=r"temperature $\tau$", ylabel=r"$\tau \log E\, e^{h/\tau} + \tau\rho$", ylim=(-0.1, 2.0))
right.set_title("... is the minimum over the temperature (dots)")

# %%
# What a memory buys
# ------------------
# Five classes of 160, 80, 40, 20 and 10 samples, seen twice each; a linear encoder; one constant temperature. The
# objective asks each sample to be told from *all* others; a batch of four has six negatives. With a running normaliser
# for each sample (:math:`\gamma = 0.1`) small batches go further than without (:math:`\gamma = 1`). Four times larger
# batches, at the same number of samples, do as well without any memory: it is a cure for small batches, no more.

SIZES, N, TAIL = (160, 80, 40, 20, 10), 310, LongTail()
rng = stream(0, "tutorial-isogclr", "tail")
x, _ = TAIL.sample(rng, SIZES, like=LIKE)
X1, X2, start = TAIL.view(rng, x), TAIL.view(rng, x), rng.standard_normal((20, 6)) / 20**0.5


def objective_on_the_way(batch, gamma, samples=12_000):
    """Samples seen, and the full objective then."""
    steps, told = samples // batch, []

    def record(W, state):
        if len(told) % (steps // 30) == 0:
            told.append(models.objective(W, X1, X2, np.full(N, 0.2))[0])
        else:
            told.append(np.nan)
        return {}

    models.train(
        start,
        lambda idx: (X1[idx], X2[idx]),
        N,
        steps=steps,
        rng=stream(0, "tutorial-isogclr", "batches", batch),
        lr=lambda t: 0.05 * (batch / 4) ** 0.5 * (1 - (t - 1) / steps),
        batch=batch,
        momentum=0.95,
        loss="sogclr",
        tau=0.2,
        gamma=gamma,
        record=record,
    )
    seen, told = batch * np.arange(steps + 1), np.array(told)
    return seen[~np.isnan(told)], told[~np.isnan(told)]


figure2, axes = plt.subplots(figsize=(8, 4.4), layout="constrained")
for batch, gamma, color, label in (
    (4, 1.0, BLUE, "batches of 4, no memory"),
    (4, 0.1, ORANGE, r"batches of 4, memory, $\gamma = 0.1$"),
    (16, 1.0, GRAY, "batches of 16, no memory"),
):
    axes.plot(*objective_on_the_way(batch, gamma), color=color, label=label)
axes.set(xlabel="samples seen", ylabel="full objective", title="A running normaliser makes up for small batches")
axes.set_ylim(top=-0.6)
axes.legend(frameon=False)

# %%
# What the first temperature matters
# ----------------------------------
# The same kind of data with more nuisance, new views in each step, and the accuracy of the nearest class mean on new
# samples of each class. A constant temperature has to be tuned, for SimCLR as for SogCLR. iSogCLR forgets where it
# began. It has a knob of its own instead, :math:`\rho` (here 1), and with the best temperature the others do as well.
# Two runs each: the wiggles are noise.

HARD = LongTail(separation=1.6, nuisance=3.0)
sets = []
for r in range(2):
    rng = stream(0, "tutorial-isogclr", "hard", r)
    train, test = HARD.sample(rng, SIZES, like=LIKE), HARD.sample(rng, [200] * 5, like=LIKE)
    sets.append((*train, *test, rng.standard_normal((20, 6)) / 20**0.5))


def accuracies(loss, taus, **rates):
    """Mean accuracy of two runs for each first temperature."""
    x = np.concatenate([s[0] for s in sets] * len(taus))
    draws = stream(0, "tutorial-isogclr", "views")

    def views(idx):
        rows = x[idx].reshape(-1, 20)
        return tuple(HARD.view(draws, rows).reshape(*idx.shape, 20) for _ in range(2))

    W, _ = models.train(
        np.stack([s[-1] for s in sets] * len(taus)),
        views,
        N,
        steps=800,
        rng=stream(0, "tutorial-isogclr", "order"),
        lr=0.1,
        loss=loss,
        tau=taus[0] if loss == "simclr" else np.repeat(taus, 2),
        **rates,
    )
    found = []
    for i, one in enumerate(W):
        x_train, labels, x_test, truth, _ = sets[i % 2]
        z, z_test = (isogclr.unit(rows @ one)[0] for rows in (x_train, x_test))
        means = isogclr.unit(np.stack([z[labels == c].mean(axis=0) for c in range(5)]))[0]
        found.append(np.mean(np.argmax(z_test @ means.T, axis=1) == truth))
    return np.reshape(found, (len(taus), 2)).mean(axis=1)


first = [0.05, 0.1, 0.2, 0.5, 1.0]
own = {"rho": 1.0, "eta": 0.1, "gamma": 0.5, "tau_max": 1.0}
curves = {
    "iSogCLR": (accuracies("isogclr", first, **own), ORANGE),
    "SogCLR": (accuracies("sogclr", first, gamma=0.5), GREEN),
    "SimCLR": (np.concatenate([accuracies("simclr", [tau]) for tau in first]), BLUE),
}
figure3, axes = plt.subplots(figsize=(8, 4.4), layout="constrained")
for name, (found, color) in curves.items():
    axes.semilogx(first, found, "o-", color=color, label=f"{name}, range {np.ptp(found):.3f}")
axes.set_xticks(first, [f"{tau:g}" for tau in first])
axes.minorticks_off()
axes.set(xlabel=r"first temperature, or that of all", ylabel="accuracy", title="It forgets where it started")
axes.legend(frameon=False)

# %%
# Where the temperatures end
# --------------------------
# Five kinds of 4 to 64 samples, tight clusters at right angles: a sample of a kind that makes up a share :math:`q` of
# the data has a share :math:`q` of near negatives, the others are far. For that the best temperature is known for each
# :math:`\rho` (lines). iSogCLR has seen nothing but batches of 32 of them, and nearly all samples have found it (dots;
# the largest kind is still on its way). Frequent kinds end higher, but only as long as they are no more than a fair
# share of all: beyond :math:`q = e^{-\rho}` even the sharpest weights do not lean far enough, and the order turns
# around before that. And :math:`\rho = 1` asks too much of small batches: the rarest kinds seldom meet their like in
# one, lean on nothing, and fall to the lower bound.

kinds = [64, 32, 16, 8, 4]
views = clusters(stream(0, "tutorial-isogclr", "kinds"), kinds, noise=0.02, like=LIKE)
total, near = sum(kinds), 1 / (1 + 20 * 0.02**2)
share = np.array([(size - 1) / (total - 1) for size in kinds])
fine = np.geomspace(0.015, 0.95, 120)
figure4, axes = plt.subplots(figsize=(9, 5), layout="constrained")
for rho, color in ((0.1, BLUE), (0.3, GREEN), (1.0, ORANGE)):
    two_levels = [np.where(np.arange(2000) < 2000 * q, near, 0.0) for q in fine]
    exact = isogclr.tau_star(np.stack(two_levels)[:, None, :], rho=rho, lo=0.01, hi=3.0)
    axes.semilogx(fine, exact, color=color, label=rf"$\rho = {rho}$")
    state, rng = isogclr.init(total, tau=0.5, like=LIKE), stream(0, "tutorial-isogclr", "kinds", f"{rho}")
    for k in range(2000):
        idx = rng.permutation(total)[:32]
        rates = {"gamma": 0.05, "beta": 0.1, "eta": 0.1 if k < 1300 else 0.01}
        pair = views.first[idx], views.second[idx]
        _, state = isogclr.update(*pair, idx, state, rho=rho, tau_min=0.01, tau_max=3.0, **rates)
    axes.plot(share[views.labels], state.tau, ".", color=color, markersize=5)
axes.set(xlabel="share of one's own kind among the negatives", ylabel=r"temperature $\tau$", ylim=(0, 1.3))
axes.set_xticks([0.02, 0.05, 0.1, 0.3, 0.9], ["2 %", "5 %", "10 %", "30 %", "90 %"])
axes.minorticks_off()
axes.legend(frameon=False, title="lines: exact; dots: learned")
axes.set_title(
    r"A temperature is a multiplier: fix how far the worst case may lean, $\rho$," "\nand each sample finds its own"
)

# %%
# So a temperature is no property of the loss but of a sample and its neighbours. What is chosen instead is
# :math:`\rho`, which means the same for all of them.

if __name__ == "__main__":
    finish("isogclr")
