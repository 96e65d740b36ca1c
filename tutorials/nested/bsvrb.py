"""
BSVRB: many lower problems, a few of them at a time
===================================================

One upper variable, ten or twenty lower problems, and steps that touch three or five of them. Three pictures: how far
each method comes with the same samples, what blocks and samples per step buy, and which training samples a learned
weight keeps.

The derivation: :doc:`/nested/bsvrb`. Run it with ``.venv/bin/python tutorials/nested/bsvrb.py``.
"""

import matplotlib.pyplot as plt
import numpy as np

from refimpl.core.figures import finish
from refimpl.core.random import stream
from refimpl.core.special import sigmoid
from refimpl.nested import _bsvrb_baselines as baselines
from refimpl.nested import _bsvrb_models as models
from refimpl.nested import bsvrb

ORANGE, BLUE, GREEN, GRAY = "#D55E00", "#0072B2", "#009E73", "0.45"  # told apart with any color vision

# sphinx_gallery_thumbnail_number = 3

# %%
# The same samples, four methods
# ------------------------------
# Quadratics, whose gradient :math:`\nabla F` is known, with ten blocks; three of them are sampled in each step, with
# two samples of each function. Version 1 of BSVRB keeps Hessians and solves with them, version 2 makes products only:
# both come as far. *Moving averages* lack the correction by which the estimates follow the moving point; *RSVRB* lets
# the estimates of unsampled blocks shrink. Each has rates that suited it on this problem. Halfway the corrected
# estimates are ahead; at the end, with steps that have become small, the others come nearer. Claim C2 has three
# other problems.

problem = models.quadratics(stream(0, "docs", "bsvrb"), like=np.zeros(1))
x, y, STEPS = np.full(5, 2.0), np.zeros((10, 5)), 1200
common = {"steps": STEPS, "I": 3, "B": 2, "decaying": True}
ours = {"eta": 0.006, "tau": 0.1, "alpha": 0.1, "beta": 0.03, "mu": 0.5}


def norm(x):
    """Length of the gradient of the whole."""
    return {"norm": np.linalg.norm(problem.hypergradient(x))}


curves = {}
for version, label in ((1, "BSVRB, version 1"), (2, "BSVRB, version 2")):
    start, rng = bsvrb.init(problem, x, y, version=version), stream(0, "tutorial-bsvrb", label)
    curves[label] = bsvrb.run(start, problem, rng=rng, record=lambda s: norm(s.now.x), **ours, **common)
rivals = {
    "moving averages": (baselines.sgd_step, {"eta": 0.006, "tau": 0.1, "alpha": 0.3, "beta": 0.03, "mu": 0.5}),
    "RSVRB": (baselines.rsvrb_step, {"eta": 0.006, "tau": 0.1, "beta": 0.03, "mu": 0.5}),
}
for label, (step, rates) in rivals.items():
    rng, plain = stream(0, "tutorial-bsvrb", label), step is baselines.sgd_step
    start = bsvrb.init(problem, x, y, version=1) if plain else baselines.rsvrb_init(problem, x, y)
    record = (lambda s: norm(s.now.x)) if plain else (lambda s: norm(s.x))
    common["decaying"] = (lambda t: ((1 + t / 100) ** -0.5,) * 2) if plain else True  # what suits averages
    curves[label] = baselines.run(step, start, problem, rng=rng, rates=rates, second=not plain, record=record, **common)

figure1, axes = plt.subplots(figsize=(7.5, 4.4), layout="constrained")
for (label, run), color in zip(curves.items(), (BLUE, ORANGE, GRAY, GREEN), strict=True):
    axes.semilogy(12 * np.arange(STEPS + 1), run.history["norm"], color=color, linewidth=1.3, label=label)
axes.set(xlabel="samples (of f and g)", ylabel=r"$\|\nabla F(x)\|$", title="Corrected estimates are ahead on the way")
axes.legend(frameon=False)
for label, run in curves.items():
    halfway, late = (np.mean(run.history["norm"][t - 150 : t]) for t in (600, STEPS))
    print(f"{label}: {halfway:.3f} halfway, {late:.3f} at the end")

# %%
# Blocks and samples
# ------------------
# Constant rates now, the same everywhere, so that the gradient ends in a floor of noise. More blocks per step lower it
# a great deal. More samples per block lower it only where all blocks are seen: elsewhere the noise *between* blocks
# dominates, and no batch removes it.

I_VALUES, B_VALUES, LAST = (2, 5, 10), (1, 4, 16), 250
rates, floor = {"eta": 0.01, "tau": 0.05, "alpha": 0.05, "beta": 0.05, "steps": 700}, np.empty((3, 3))
for i, I in enumerate(I_VALUES):
    for j, B in enumerate(B_VALUES):
        start, rng = bsvrb.init(problem, x, y, version=2), stream(0, "tutorial-bsvrb", "heat", I, B)
        run = bsvrb.run(start, problem, I=I, B=B, rng=rng, record=lambda s: {"x": s.now.x}, **rates)
        floor[i, j] = np.mean([norm(x)["norm"] for x in run.history["x"][-LAST:]])

figure2, axes = plt.subplots(figsize=(5.6, 4.4), layout="constrained")
shade = axes.imshow(floor, cmap="viridis", origin="lower", aspect="auto", norm="log")
for (i, j), value in np.ndenumerate(floor):
    box = {"facecolor": "white", "edgecolor": "none", "alpha": 0.8}
    axes.text(j, i, f"{value:.2f}", ha="center", va="center", color="black", bbox=box)
axes.set_xticks(range(3), B_VALUES)
axes.set_yticks(range(3), I_VALUES)
axes.set(xlabel="samples per block B", ylabel="blocks per step I, of 10")
axes.set_title("Blocks pay; batches pay where all blocks are seen")
figure2.colorbar(shade, ax=axes, label=r"late $\|\nabla F\|$")

# %%
# Which labels to trust
# ---------------------
# 200 samples of breast tissue, three in ten of their labels flipped, and 60 clean ones. The upper variable has an
# entry for each training sample, whose weight is :math:`\sigma(p_j)`; the blocks are twenty classifiers at different
# scales. No one tells which labels are wrong: the weights learn it from what the clean samples say of the
# classifiers.

data = models.noisy_nuclei(stream(0, "tutorial-bsvrb", "nuclei"), validation=60)
start = bsvrb.init(data.problem, np.zeros(200), np.zeros((20, 31)), version=2)
rates = {"eta": 10.0, "tau": 0.03, "alpha": 0.1, "beta": 0.1}
run = bsvrb.run(start, data.problem, steps=800, I=5, B=32, rng=stream(0, "tutorial-bsvrb", "weights"), **rates)
weights, now = sigmoid(run.state.now.x), run.state.now
best = int(np.argmin(data.problem.validation_losses(now.y)))
right = np.mean(np.sign(data.X_test @ now.y[best]) == data.labels_test)
outweighs = np.mean(weights[~data.flipped][:, None] > weights[data.flipped][None, :])
print(f"test accuracy {right:.3f}; a clean sample outweighs a flipped one in {outweighs:.1%} of the pairs")

figure3, axes = plt.subplots(figsize=(7.5, 4.4), layout="constrained")
order = np.argsort(weights)
place = np.empty(200)
place[order] = np.arange(200)
for flipped, color, label in ((False, BLUE, "label is right"), (True, ORANGE, "label was flipped")):
    chosen = data.flipped == flipped
    axes.plot(place[chosen], weights[chosen], "o", color=color, markersize=4, label=label)
axes.set(xlabel="training samples, sorted", ylabel=r"learned weight $\sigma(p_j)$")
axes.set_title(
    "One small vector per block, corrected by the drift:\na few blocks per step are enough to find wrong labels"
)
axes.legend(frameon=False)

if __name__ == "__main__":
    finish("bsvrb")
