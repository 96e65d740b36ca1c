"""
L1-A-MTRL: which source tasks to sample
=======================================

Sixty source tasks share a linear representation with a target that has few samples of its own. A sample of any source
costs the same. How many shall be drawn from each? Three pictures: two notions of relevance, what they do with a budget,
and what that is worth.

The derivation: :doc:`/convex/lasso_mtrl`. Run it with ``.venv/bin/python tutorials/convex/lasso_mtrl.py``.
"""

import matplotlib.pyplot as plt
import numpy as np

from refimpl.convex import _lasso_mtrl_models as models
from refimpl.convex import lasso_mtrl
from refimpl.core.figures import finish
from refimpl.core.random import stream

ORANGE, BLUE, GREEN, GRAY = "#D55E00", "#0072B2", "#009E73", "0.45"  # told apart with any color vision
D, K, T = 20, 6, 60

# sphinx_gallery_thumbnail_number = 3

# %%
# Two notions of relevance
# ------------------------
# Twenty inputs, six features, sixty source heads drawn from the sphere, and a target with a direction of its own:
# nothing in the data is sparse. Many combinations of the source heads give the target's. The one of the least 1-norm is
# a corner of a linear program and uses six tasks, as many as there are features. The one of the least 2-norm uses all
# of them. Both make exactly the same target.

tasks = models.draw(stream(0, "tutorial-lasso_mtrl", "tasks"), d=D, k=K, T=T, target="generic", like=np.zeros(1))
one, two = lasso_mtrl.relevance_l1(tasks.W, tasks.w), lasso_mtrl.relevance_l2(tasks.W, tasks.w)
angles = tasks.W.T @ tasks.w
order = np.argsort(-angles)
figure1, (top, bottom) = plt.subplots(2, 1, figsize=(9, 5), layout="constrained", sharex=True)
top.bar(np.arange(T), one[order], color=ORANGE)
top.set(ylabel=r"$\nu^1$", title=f"Least 1-norm: {np.sum(one != 0)} tasks, 1-norm {np.abs(one).sum():.2f}")
bottom.bar(np.arange(T), two[order], color=BLUE)
bottom.set(ylabel=r"$\nu^2$", xlabel="source task, those most like the target first")
bottom.set_title(f"Least 2-norm: {np.sum(np.abs(two) > 1e-9)} tasks, 1-norm {np.abs(two).sum():.2f}")
for axes in (top, bottom):
    axes.axhline(0, color="black", linewidth=0.8)

# %%
# What they do with a budget
# --------------------------
# 12,000 samples, at least 30 from each task so that every head can be fitted. Samples go in proportion to
# :math:`|\nu^1|`, or to :math:`(\nu^2)^2`. What a division is worth can be computed before anything is drawn: the least
# sum of :math:`\nu_t^2 / n_t` over *all* :math:`\nu` that make the target (smaller is better).

figure2, axes = plt.subplots(figsize=(9, 4.2), layout="constrained")
for nu, p, color, name in ((np.ones(T), 1, GRAY, "uniform"), (two, 2, BLUE, "L2"), (one, 1, ORANGE, "L1")):
    n = lasso_mtrl.allocate(nu, N=12_000, floor=30, p=p)
    value = 12_000 * float(lasso_mtrl.design_value(tasks.W, tasks.w, n.astype(float)))
    axes.step(np.arange(T), np.sort(n)[::-1], where="mid", color=color, label=f"{name}: N times the value {value:.2f}")
axes.set(xlabel="source task, most samples first", ylabel="samples", yscale="log")
axes.set_title("One budget, divided in three ways")
axes.legend(frameon=False)

# %%
# What it is worth
# ----------------
# Fit the representation to the drawn samples, the target's head to 20,000 samples of its own (so many that the sources
# are what limits it), and measure the excess risk, here the mean of four instances. Above the dotted line, the error of
# the target's own head, all fall about as one over the budget; what differs is the constant. With the relevance
# *known*, L1 needs the fewest samples. The dashed lines do not know it: they spend three tenths of the budget, the same
# on each task, to estimate it. That costs most of the gain. (Kinks are the noise of four instances.)

BUDGETS = (4_000, 8_000, 16_000, 32_000)
STRATEGIES = {
    "uniform": (GRAY, "-"),
    "L2, known": (BLUE, "-"),
    "L2, estimated": (BLUE, "--"),
    "L1, estimated": (ORANGE, "--"),
    "L1, known": (ORANGE, "-"),
}


def excess_risks(seed):
    """A row for each strategy, a column for each budget."""
    rng = stream(seed, "tutorial-lasso_mtrl", "risk")
    truth = models.draw(rng, d=D, k=K, T=T, target="generic", like=np.zeros(1))
    X, y = models.target_samples(rng, truth, 20_000)
    sample, found = models.sampler(rng, truth), []
    for name in STRATEGIES:
        kind, _, how = name.partition(", ")
        p = 2 if kind == "L2" else 1
        for N in BUDGETS:
            explore = floor = N // 200  # of each task
            if how == "estimated":
                left = {"N": N - explore * T, "floor": floor, "p": p}
                run = lasso_mtrl.unknown(sample, X, y, T=T, k=K, explore=explore, **left)
            else:
                relevance = {"L1": lasso_mtrl.relevance_l1, "L2": lasso_mtrl.relevance_l2}.get(kind)
                nu = relevance(truth.W, truth.w) if relevance else np.ones(T)
                run = lasso_mtrl.known(sample, X, y, nu, k=K, N=N, floor=floor, p=p)
            found.append(float(models.excess_risk(run.theta, truth)))
    return np.reshape(found, (len(STRATEGIES), len(BUDGETS)))


means = np.mean([excess_risks(seed) for seed in range(4)], axis=0)
figure3, axes = plt.subplots(figsize=(8.5, 5), layout="constrained")
for (name, (color, style)), row in zip(STRATEGIES.items(), means, strict=True):
    axes.loglog(BUDGETS, row, style, marker="o", color=color, label=name)
axes.axhline(K / 20_000, color="black", linestyle=":", linewidth=1)
axes.text(BUDGETS[0], K / 20_000, "the target's own head", va="bottom", fontsize=9)
axes.set_xticks(BUDGETS, [f"{N:,}" for N in BUDGETS])
axes.minorticks_off()
axes.set(xlabel="source samples, exploration included", ylabel="excess risk")
axes.set_title(
    "Few tasks are enough with the 1-norm, and it needs the fewest samples,\nif somebody tells it the relevance"
)
axes.legend(frameon=False)

# %%
# With so many target samples least squares on the target alone does even better: this picture compares how sources are
# sampled. Where the target has a few hundred samples the sources do help, but then the error of its own head is
# larger than what any division of the budget can change.

if __name__ == "__main__":
    finish("lasso_mtrl")
