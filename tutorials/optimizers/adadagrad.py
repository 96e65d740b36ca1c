"""
AdAdaGrad: the batch grows as the gradient shrinks
==================================================

How large must a batch be? Large enough that its noise is a fraction of the gradient. Four pictures: what the test looks
at, what it does to the rate, what it does to the training of a classifier, and why it works.

The derivation: :doc:`/optimizers/adadagrad`. Run it with ``.venv/bin/python tutorials/optimizers/adadagrad.py``.
"""

from functools import partial

import matplotlib.pyplot as plt
import numpy as np

from refimpl.core import tree
from refimpl.core.figures import finish
from refimpl.core.random import stream
from refimpl.models import losses, mlp
from refimpl.optimizers import adadagrad
from refimpl.optimizers._adadagrad_models import per_example_gradients
from refimpl.problems.digits import digits

ORANGE, BLUE, GREEN, GRAY = "#D55E00", "#0072B2", "#009E73", "0.45"  # told apart with any color vision

# sphinx_gallery_thumbnail_number = 4

# %%
# What the test looks at
# ----------------------
# Least squares in two dimensions. Each dot is the gradient of one batch, drawn around the gradient of the whole, in
# units of its length. The radius of the circle is the root mean square error that the test allows. Batches of 20 meet
# it at first and are all noise later; batches of the size that the test has chosen stay with it.

rng = stream(0, "tutorial-adadagrad", "least-squares")
EXAMPLES, FIRST, ETA = 2000, 20, 0.5
a = rng.standard_normal((EXAMPLES, 2)) * [1.0, 0.5]
y = a @ [1.0, -2.0] + 0.5 * rng.standard_normal(EXAMPLES)


def gradients(theta, rows):
    """Of half the squared error of each of the examples."""
    return (a[rows] @ theta - y[rows])[:, None] * a[rows]


start = np.array([-3.0, 3.0])
run = adadagrad.minimize(
    gradients,
    start,
    adadagrad.AdAdaGradState(adadagrad.norm_init(start), size=FIRST),
    rng.integers(0, EXAMPLES, 60_000),
    update=partial(adadagrad.norm_update, alpha=3.0),
    test=partial(adadagrad.norm_test, eta=ETA),
    largest=EXAMPLES,
    record=lambda theta, state, info: {"theta": theta, "size": state.size},
)

figure1, panels = plt.subplots(1, 3, figsize=(12, 4.5), sharex=True, sharey=True, layout="constrained")
angle = np.linspace(0, 2 * np.pi, 200)
everyone = np.arange(EXAMPLES)
lengths = [np.linalg.norm(gradients(theta, everyone).mean(axis=0)) for theta in run.history["theta"]]
chosen = [next(k for k, length in enumerate(lengths) if length <= part * lengths[0]) for part in (1, 0.2, 0.05)]
for axes, k in zip(panels, chosen, strict=True):
    theta, size, length = run.history["theta"][k], run.history["size"][k], lengths[k]
    signal = gradients(theta, everyone).mean(axis=0) / length
    for b, color, zorder, words in (
        (FIRST, BLUE, 1, "batches of the first size"),
        (size, ORANGE, 2, "chosen by the test"),
    ):
        clouds = [gradients(theta, rng.integers(0, EXAMPLES, b)).mean(axis=0) / length for _ in range(300)]
        axes.plot(*np.array(clouds).T, ".", color=color, markersize=3, zorder=zorder, label=f"{words}, {b}")
    axes.plot(signal[0] + ETA * np.cos(angle), signal[1] + ETA * np.sin(angle), "k", linewidth=1.5, zorder=3)
    axes.annotate("", signal, (0, 0), arrowprops={"arrowstyle": "->", "linewidth": 2}, zorder=4)
    axes.set_title(f"step {k}: gradient of length {length:.2g}")
    axes.set(xlabel="first component / length", aspect="equal", xlim=(-3, 3), ylim=(-1.2, 3.6))
    axes.legend(loc="upper left", fontsize=9, markerscale=3)
panels[0].set_ylabel("second component / length")
figure1.suptitle(rf"Batch gradients, the gradient (arrow), and the noise that $\eta$ = {ETA} allows (circle)")

# %%
# What it does to the rate
# ------------------------
# A smooth function with valleys that flatten out, so not convex. Noise of variance 1 / b is added to each
# coordinate of its gradient. AdaGrad-Norm divides by the root of all squared gradients that it has seen. With a
# constant batch noise keeps filling that sum, and the average of the squared gradient goes down like one over the root
# of the steps. With growing batches the sum is finite, and the rate is that of exact gradients. That counts steps: at
# equal samples the constant batch is ahead.

CURVATURES, STEPS, RUNS = np.geomspace(1, 0.1, 10), 4000, 4


def descend(adaptive, seed):
    """Squared lengths of the exact gradients and of the noise in a run."""
    rng = stream(seed, "tutorial-adadagrad", "valleys")
    x, size, signal, noise = 2 * rng.standard_normal(10), 4, [], []
    state = adadagrad.norm_init(x)
    for _ in range(STEPS):
        exact = 2 * CURVATURES * x / (1 + x * x) ** 2
        error = rng.standard_normal(10) / size**0.5
        signal.append(exact @ exact)
        noise.append(error @ error)
        x, state = adadagrad.norm_update(x, state, exact + error, alpha=1.0)
        if adaptive:
            ratio = adadagrad.norm_ratio(exact, np.ones(10), eta=ETA)
            size = adadagrad.grow(size, ratio, largest=10**15)
    return np.array(signal), np.array(noise)


KINDS = {"growing batches": (True, ORANGE), "constant batches of 4": (False, BLUE)}
found = {kind: [descend(adaptive, seed) for seed in range(RUNS)] for kind, (adaptive, _) in KINDS.items()}

figure2, axes = plt.subplots(figsize=(7.5, 4.8), layout="constrained")
steps = np.arange(1, STEPS + 1)
for kind, (_, color) in KINDS.items():
    for i, (signal, _) in enumerate(found[kind]):
        axes.plot(steps, np.cumsum(signal) / steps, color=color, label=kind if i == 0 else None)
for power, style, label in ((-1.0, "--", "slope -1"), (-0.5, ":", "slope -1/2")):
    axes.plot(steps, 4 * steps**power, style, color=GRAY, label=label)
axes.set(xscale="log", yscale="log", xlabel="step K", ylabel=r"average of $\|\nabla F\|^2$ over K steps")
axes.set_title("AdaGrad-Norm: growing batches turn the slope from -1/2 to -1")
axes.legend()

# %%
# What it does to training
# ------------------------
# Softmax regression on 8 x 8 digits with AdaGrad, all with the same number of samples. The batch grows from 8 to all
# images, in a hundredth of the steps that a batch of 8 takes. That is the gain, where steps are what costs. There is a
# price: a constant batch of 512 needs as few steps and ends lower, because AdaGrad never forgets the noisy gradients
# of small batches.

images, labels = digits(like=np.zeros(1), part="train")
flat, unravel = tree.ravel([mlp.Layer(np.zeros((64, 10)), np.zeros(10))])
SAMPLES = 60_000


def train(size, test):
    """Loss on all images, size of each batch."""
    run = adadagrad.minimize(
        lambda params, rows: per_example_gradients(unravel(params), images[rows], labels[rows]),
        flat,
        adadagrad.AdAdaGradState(adadagrad.init(flat, v0=0.01), size),
        stream(0, "tutorial-adadagrad", "batches").integers(0, len(labels), SAMPLES),
        update=partial(adadagrad.update, alpha=0.3),
        test=test,
        largest=len(labels),
        record=lambda params, state, info: {
            "size": state.size,
            # of the many steps with small batches only some are looked at
            "loss": losses.softmax_cross_entropy(mlp.apply(unravel(params), images), labels)
            if state.steps < 100 or state.steps % 50 == 0
            else np.nan,
        },
    )
    return np.array(run.history["loss"][1:]), np.array(run.history["size"][:-1])


TRAINED = {
    "growing": (8, partial(adadagrad.norm_test, eta=0.7), ORANGE, "-"),
    "constant 8": (8, lambda grads: 0, BLUE, "-"),
    "constant 512": (512, lambda grads: 0, GREEN, "--"),
}
figure3, (left, middle, right) = plt.subplots(1, 3, figsize=(13, 4.2), layout="constrained")
for name, (size, test, color, style) in TRAINED.items():
    loss, sizes = train(size, test)
    samples, steps = np.cumsum(sizes), np.arange(1, len(sizes) + 1)
    seen = ~np.isnan(loss)
    left.plot(samples, sizes, style, color=color, label=f"{name}: {len(sizes)} steps")
    middle.plot(samples[seen], loss[seen], style, color=color)
    right.plot(steps[seen], loss[seen], style, color=color)
left.set(xscale="log", yscale="log", xlabel="samples", ylabel="batch size (images)", ylim=(5, 8000))
left.legend(loc="upper left", fontsize=9)
for axes, unit in ((middle, "samples"), (right, "steps")):
    axes.set(xscale="log", yscale="log", xlabel=unit, ylabel="training loss (nats)")
left.set_title("The batch grows to all images")
middle.set_title("For the same samples\nsmall batches do more")
right.set_title("For the same steps\nlarger batches do more")

# %%
# Why it works
# ------------
# The runs of the second picture again. Each dot is a step: how long is the gradient, how much noise is in it? With a
# constant batch noise is *additive*: the same, however small the gradient is. Let the batch grow like one over the
# squared gradient, and noise behaves as if it were *multiplicative*: it goes away with the gradient.

figure4, axes = plt.subplots(figsize=(7.5, 5.2), layout="constrained")
for kind, (_, color) in reversed(KINDS.items()):
    signal, noise = (np.concatenate(part) for part in zip(*found[kind], strict=True))
    axes.plot(signal[::3], noise[::3], ".", color=color, markersize=3, alpha=0.5, label=kind)
line = np.geomspace(1e-9, 3)
axes.plot(line, ETA**2 * line, "k", linewidth=1.5, label=r"$\eta^2 \|\nabla F\|^2$, what the test allows")
axes.set(xscale="log", yscale="log", xlim=(1e-9, 10), ylim=(1e-10, 50))
axes.set(xlabel=r"squared length of the gradient, $\|\nabla F\|^2$", ylabel=r"squared noise, $\|G - \nabla F\|^2$")
axes.set_title("With growing batches noise goes away with the gradient")
axes.legend(loc="lower right", markerscale=4)

# %%
# In one breath: let the batch grow like one over the squared gradient, and the noise is in proportion to the signal.

if __name__ == "__main__":
    finish("adadagrad")
