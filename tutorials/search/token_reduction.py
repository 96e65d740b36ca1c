"""
Token reduction: how many vision tokens does each layer need?
=============================================================

A small transformer reads one of four digits, as asked. Which of its 32 vision tokens can go, and in which layer? We
look at what its layers attend to, search schedules, and see what is lost.

The derivation: :doc:`/search/token_reduction`. Run it with ``.venv/bin/python tutorials/search/token_reduction.py``.
"""

import matplotlib.pyplot as plt
import numpy as np
from rich.console import Console
from rich.progress import track

from refimpl.core.figures import finish
from refimpl.core.random import indices, stream
from refimpl.problems import digits
from refimpl.search import _token_reduction_models as models
from refimpl.search import token_reduction as tr

BLUE, ORANGE, GREEN, GRAY = "#0072B2", "#D55E00", "#009E73", "0.45"  # told apart with any color vision
LIKE = np.zeros(1, dtype=np.float32)
L, N = models.LAYERS, models.TOKENS
FULL = np.full(L, N)

# %%
# The network has eight layers. Nothing is built in about which layer looks where; four hundred steps teach it.

order = indices(stream(0, "tutorial", "split"), 1797, (1797,), like=LIKE, replace=False)
images, labels, others, theirs = digits.split(order, 1200, like=LIKE)
params, _ = models.train(stream(0, "tutorial", "train"), images, labels, steps=400)
calibration = models.ask(stream(0, "tutorial", "calibration"), images, labels, 300)
test = models.ask(stream(0, "tutorial", "test"), others, theirs, 600)


def quality(questions, k):
    """Accuracy and mean log-likelihood with a schedule."""
    return models.quality(models.answer(params, questions, k).logits, questions.answers)


print(f"test accuracy with all tokens: {quality(test, FULL)[0]:.3f}")

# %%
# What do the layers look at?
# ---------------------------
# The paper finds that all layers but the first rank the vision tokens alike. In a toy into which that was planted, the
# rank correlations show it. In the trained network they do not; but its first layers do look at the quadrant that was
# asked for, and the last ones, which have nothing left to find out, at none.

toy, _ = models.planted(stream(0, "tutorial", "planted"), like=LIKE, count=500)
trained = models.answer(params, test, FULL).attention
planted = models.planted_answer(toy, np.full(12, 64)).attention
quadrant = np.array(models.quadrant())[None, :] == test.asked[:, None]
share = [np.mean(np.sum(a * quadrant, axis=1) / np.sum(a, axis=1)) for a in trained]

figure, (left, middle, right) = plt.subplots(1, 3, figsize=(10, 3.6), layout="constrained")
for axes, attention, title in ((left, planted, "planted toy"), (middle, trained, "trained network")):
    R = tr.consistency(np.stack(attention))
    picture = axes.imshow(R, vmin=-1, vmax=1, cmap="PuOr_r", origin="lower", extent=(0.5, len(R) + 0.5) * 2)
    axes.set(title=title, xlabel="layer", ylabel="layer", xticks=range(1, len(R) + 1, 2))
figure.colorbar(picture, ax=(left, middle), label="rank correlation", shrink=0.8)
right.plot(range(1, L + 1), share, "o-", color=BLUE)
right.axhline(0.25, color=GRAY, linestyle="--", label="chance")
right.set(title="on the asked quadrant", xlabel="layer", ylabel="share of attention", ylim=(0, 1))
right.legend(frameon=False)

# %%
# Four schedules
# --------------
# G-Search asks for the least numbers that keep the accuracy of the calibration questions. The others are given a budget
# of three tokens of ten and take the best they find for it.


def score(k):
    """Mean log-likelihood of the calibration questions."""
    return quality(calibration, k)[1]


def tuned(rho, first=2):
    """P-Sigmoid, the best FastV-like schedule and the pyramid, at a budget."""
    x0, candidates = tr.draw_design(stream(0, "tutorial", "design", f"{rho:g}"), like=np.zeros(1), steps=10)
    cuts = [tr.fastv_schedule(N, L, rho=rho, full=K, like=LIKE) for K in range(1, int(rho * L + 1e-9) + 1)]
    return {
        "P-Sigmoid": tr.p_sigmoid(score, N, L, x0, candidates, rho=rho, first=first).k,
        "FastV-like": max(cuts, key=score),
        "pyramid": tr.geometric_schedule(N, L, rho=rho, first=first, like=LIKE).k,
    }


greedy = tr.gsearch(lambda k: quality(calibration, k)[0], N, L, like=LIKE)
budgets = 0.3, 0.45, 0.6, 0.75
found = [tuned(rho) for rho in track(budgets, "searching", console=Console(stderr=True), transient=True)]

figure, axes = plt.subplots(figsize=(7, 4.4), layout="constrained")
colors = {"P-Sigmoid": BLUE, "FastV-like": ORANGE, "pyramid": GREEN}
axes.step(range(1, L + 1), greedy.k, color=GRAY, where="mid", label=f"G-Search, {greedy.calls} calls")
for name, k in found[0].items():
    axes.step(range(1, L + 1), k, color=colors[name], where="mid", label=f"{name}, budget 0.3")
axes.set(xlabel="layer", ylabel="vision tokens", title="Three shapes for one budget, and what costs no accuracy")
axes.legend(frameon=False)

# %%
# What is lost
# ------------
# If all layers ranked alike, the tokens that matter would be the same everywhere, and most could go at once. Here each
# layer ranks otherwise: what one has dropped another would have needed.


def cost(k):
    """Share of what all tokens cost."""
    count = lambda k: tr.flops(k, 1, d=models.WIDTH, m=models.HIDDEN, gated=False)
    return count(k) / count(FULL)


figure, axes = plt.subplots(figsize=(7, 4.6), layout="constrained")
axes.axhline(quality(test, FULL)[0], color=GRAY, linestyle="--", label="all tokens")
for (name, color), marker in zip(colors.items(), "oXs", strict=True):
    ks = [schedules[name] for schedules in found]
    axes.plot([cost(k) for k in ks], [quality(test, k)[0] for k in ks], marker + "-", color=color, label=name)
axes.plot(cost(greedy.k), quality(test, greedy.k)[0], "D", color="black", label="G-Search, no loss in the search")
axes.axvline(0.5, color=GRAY, linewidth=1)
axes.set(xlabel="cost, as a share of all tokens", ylabel="test accuracy", ylim=(0, 1.02))
axes.set_title("Where layers rank otherwise, half of the cost is not free")
axes.legend(frameon=False, loc="lower right")

if __name__ == "__main__":
    finish("token_reduction")
