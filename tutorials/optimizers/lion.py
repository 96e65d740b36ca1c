"""
Lion: the sign is all that survives
===================================

Lion steps along the sign of a mix of gradient and momentum. Five pictures: how far it steps, what it remembers, where
weight decay stops it, how programs like it are found, and what that does to the training of a small network.

The derivation: :doc:`/optimizers/lion`. Run it with ``.venv/bin/python tutorials/optimizers/lion.py``.
"""

import math

import matplotlib.pyplot as plt
import numpy as np

from refimpl.core import tree
from refimpl.core.autodiff import value_and_grad
from refimpl.core.figures import finish
from refimpl.core.random import stream
from refimpl.models import losses, mlp
from refimpl.optimizers import adamw, lion
from refimpl.optimizers._baselines import momentum_init, sgd
from refimpl.optimizers._lion_programs import ADAMW, fingerprint
from refimpl.optimizers._lion_search import Member, evolve, fitness, make_task, random_search
from refimpl.problems.digits import digits

ORANGE, BLUE, GREEN, GRAY = "#D55E00", "#0072B2", "#009E73", "0.45"  # told apart with any color vision
COLORS = {"Lion": ORANGE, "AdamW": BLUE, "SGD": GREEN}
RULES = {"Lion": (lion.init, lion.update), "AdamW": (adamw.init, adamw.update), "SGD": (momentum_init, sgd)}


def cosine(lr, steps):
    """Step size of step k = 1, 2, ..., `steps`: from `lr` down to nearly 0."""
    return lambda k: lr * (1 + math.cos(math.pi * (k - 1) / steps)) / 2


# sphinx_gallery_thumbnail_number = 5

# %%
# Every coordinate moves equally far
# ----------------------------------
# A valley whose curvature across is 400 times that along it. Lion and AdamW start with the same step size; gradient
# descent has one that does not blow up. Lion overshoots, across and along: it takes full steps until the newest
# gradients have outvoted a hundred old ones. Only a schedule that goes to zero brings it to rest.

CURVATURE = np.array([1.0, 400.0])
STEPS = 300
RATES = {"Lion": 0.03, "AdamW": 0.03, "SGD": 0.002}

paths = {}
for name, (init, update) in RULES.items():
    theta = np.array([-4.0, 0.9])
    state, lr, path = init(theta), cosine(RATES[name], STEPS), [theta]
    for k in range(1, STEPS + 1):
        theta, state = update(theta, state, CURVATURE * theta, lr=lr(k), weight_decay=0.0)
        path.append(theta)
    paths[name] = np.array(path)

figure1, (top, bottom) = plt.subplots(2, 1, figsize=(9, 7.4), layout="constrained")
x, y = np.meshgrid(np.linspace(-4.3, 1.3, 300), np.linspace(-1.05, 1.05, 120))
height = (CURVATURE[0] * x**2 + CURVATURE[1] * y**2) / 2
top.contour(x, y, height, levels=np.geomspace(0.05, 200, 12), colors="0.85", linewidths=0.8)
for name, path in paths.items():
    top.plot(*path.T, "-o", color=COLORS[name], markersize=2.5, linewidth=1.2, label=f"{name}, lr {RATES[name]:g}")
top.plot(0, 0, "k*", markersize=11)
top.annotate("minimum", (0, 0), xytext=(6, 14), textcoords="offset points")
top.set(xlabel=r"$\theta_1$ (along the valley)", ylabel=r"$\theta_2$ (across)", aspect="equal")
top.set_title("Lion sets out at 45 degrees, whatever the slope")
top.legend(loc="upper right")
for name, path in paths.items():
    along, across = np.abs(np.diff(path, axis=0)).T
    steps = np.arange(1, STEPS + 1)
    bottom.plot(steps, along, color=COLORS[name], linewidth=5, alpha=0.35, label=f"{name}, along")
    bottom.plot(steps, across, color=COLORS[name], linewidth=1.3, label=f"{name}, across")
bottom.set(yscale="log", ylim=(1e-6, 3), xlabel="step", ylabel="length of the step in a coordinate")
bottom.set_title("Lion's step is as long across as along: it is the schedule")
bottom.legend(ncols=3, fontsize=9, loc="upper right")

# %%
# Two memories
# ------------
# The direction c gives the newest gradient ten times the weight of the one before, yet remembers a hundred steps. One
# rate alone (sign-momentum, "Signum") has to choose. Left: the weights of past gradients. Middle: a gradient that was
# 1 for long turns to -r; how many steps later does the step turn? Right: how often does the step point the wrong way
# when the gradient is a signal buried in noise?

AGES = np.arange(200)
# The direction is w g + (1 - w) m; the momentum forgets at the given rate.
MIXES = {
    "Lion (0.9, 0.99)": (0.1, 0.99, ORANGE, "-"),
    "one rate, 0.9": (0.1, 0.9, BLUE, "--"),
    "one rate, 0.99": (0.01, 0.99, GREEN, "-."),
}


def weights_of_the_past(newest, rate, ages=AGES):
    """Weight of the gradient of each age in the direction."""
    older = (1 - newest) * (1 - rate) * rate ** (ages - 1.0)
    return np.where(ages == 0, newest, older)


def steps_to_turn(newest, rate, reversal):
    """Steps until the direction is negative, for a momentum of 1 and gradients of -`reversal`."""
    momentum, step = 1.0, 1
    while newest * -reversal + (1 - newest) * momentum >= 0:
        momentum, step = rate * momentum - (1 - rate) * reversal, step + 1
    return step


figure2, (left, middle, right) = plt.subplots(1, 3, figsize=(13, 4.2), layout="constrained")
reversals = np.geomspace(0.3, 200, 200)
signals = np.linspace(0, 0.4, 9)
noise = stream(0, "tutorial-lion", "noise").standard_normal((4000, 400))
for name, (newest, rate, color, style) in MIXES.items():
    weights = weights_of_the_past(newest, rate)
    left.plot(AGES[1:], weights[1:], style, color=color)
    left.plot(0, weights[0], "o", color=color, markersize=9 if style == "-" else 6, label=name)
    middle.plot(reversals, [steps_to_turn(newest, rate, r) for r in reversals], style, color=color, label=name)
    averaged = noise @ weights_of_the_past(newest, rate, np.arange(noise.shape[1]))
    wrong = [np.mean(averaged < -signal) for signal in signals]
    right.plot(signals, wrong, style, marker="o", markersize=4, color=color, label=name)
left.set(yscale="log", ylim=(1e-4, 0.3), xlabel="age of the gradient (steps)", ylabel="weight in the direction")
left.set_title("The newest gradient stands out,\nthe tail is long")
left.legend(fontsize=9)
middle.set(xscale="log", yscale="log", xlabel="size r of the reversal", ylabel="steps until the direction turns")
middle.axvline(9, color=GRAY, linewidth=1)
middle.annotate("nine times\nthe momentum", (9, 30), xytext=(5, 0), textcoords="offset points", color=GRAY)
middle.set_title("To a large reversal it reacts\nlike the fast one")
right.set(xlabel="signal / noise of a gradient", ylabel="share of steps in the wrong direction", ylim=(0, 0.52))
right.set_title("Noise it averages\nmore like the slow one")

# %%
# Weight decay is a box
# ---------------------
# Each parameter is pulled to a target of its own. The sign says which way, never how strongly; so decay, whose pull
# grows with the parameter, balances it at 1 / lambda, however strong the gradient is. Targets inside the box
# are reached, and the others wait at its border.

TARGETS = np.array([4.0, 1.4, -0.7, -3.0])

figure3, panels = plt.subplots(1, 2, figsize=(11, 4.2), sharey=True, layout="constrained")
for axes, decay in zip(panels, (0.25, 0.5), strict=True):
    run = lion.minimize(
        lambda theta: 100.0 * (theta - TARGETS),
        np.array([0.5, -2.0, 3.0, 0.0]),
        steps=1500,
        lr=cosine(0.03, 1500),
        weight_decay=decay,
        record=lambda theta: {"theta": theta},
    )
    axes.axhspan(-1 / decay, 1 / decay, color="0.93")
    for i, color in enumerate((ORANGE, BLUE, GREEN, "#CC79A7")):
        axes.axhline(TARGETS[i], color=color, linestyle=":", linewidth=1)
        axes.plot(np.array(run.history["theta"])[:, i], color=color, linewidth=1.8)
    axes.text(1480, TARGETS[0] + 0.1, "targets dotted", color=GRAY, ha="right", va="bottom", fontsize=9)
    axes.set(xlabel="step", xlim=(0, 1500), ylim=(-4.7, 4.7))
    axes.set_title(rf"$\lambda$ = {decay}: no parameter settles beyond $\pm${1 / decay:g}")
panels[0].set_ylabel("parameters")

# %%
# A search for programs
# ---------------------
# Lion was not thought out but found: evolution changed an AdamW written as a program, judged each child by the loss
# that it reaches on a small task, and people simplified the best one. The same search in small: 400 programs on a noisy
# logistic regression. What it gains there is hardly gained on tasks that it has not seen: the programs found here are
# tricks of their task, not Lion. The paper searched a hundred times longer, and selected on larger and larger tasks.

task = make_task(1, like=np.zeros(1))
others = [make_task(seed, like=np.zeros(1), n=200, d=15, steps=100) for seed in (2, 3, 4)]
found = {
    name: search(lambda program: fitness(program, task), evaluations=400, rng=stream(0, "tutorial-lion", name))
    for name, search in (("evolution", evolve), ("random search", random_search))
}
best: dict[str, Member] = {}
for member in sorted(found["evolution"].members, key=lambda member: member.fitness):
    best.setdefault(fingerprint(member.program), member)
elsewhere = lambda program: np.array([fitness(program, other) for other in others])
gains = [
    (found["evolution"].history[0] - member.fitness, np.median(elsewhere(ADAMW) - elsewhere(member.program)))
    for member in best.values()
    if member.fitness < found["evolution"].history[0]
]

figure4, (left, right) = plt.subplots(1, 2, figsize=(10, 4.3), layout="constrained")
for (name, search), color in zip(found.items(), (ORANGE, BLUE), strict=True):
    left.plot(np.arange(1, 401), search.history, color=color, linewidth=2, label=name)
saved = found["evolution"].cached / found["evolution"].generated
left.set(xlabel="programs run", ylabel="best held-out loss so far (nats)")
left.set_title(f"Evolution; {saved:.0%} of its children\nwere known by their fingerprint")
left.legend()
right.axline((0, 0), slope=1, color=GRAY, linestyle=":")
right.axhline(0, color=GRAY, linewidth=1)
right.plot(*np.array(gains).T, "o", color=ORANGE, alpha=0.6)
right.set(xlabel="gain over AdamW on its own task (nats)", ylabel="median gain on three others (nats)")
right.set_title(f"The {len(gains)} survivors that beat AdamW:\nbelow the dotted line they gain less elsewhere")

# %%
# Training
# --------
# A network of 2410 parameters on 8 x 8 digits. With AdamW's best step size Lion is far off; with a tenth of it, it ends
# at a lower training loss. (On images that it has not seen it is no better: see the claims on the page of Lion. The
# step size of gradient descent was not searched for.)

images, labels = digits(like=np.zeros(1), part="train")
flat, unravel = tree.ravel(mlp.init(stream(0, "tutorial-lion", "init"), (64, 32, 10), like=images))
loss_and_grad = value_and_grad(
    lambda flat, x, labels: losses.softmax_cross_entropy(mlp.apply(unravel(flat), x), labels)
)
BATCH, STEPS = 16, 1500
SETTINGS = {
    "Lion, lr 0.003": ("Lion", 0.003, "-"),
    "Lion, lr 0.03": ("Lion", 0.03, ":"),
    "AdamW, lr 0.03": ("AdamW", 0.03, "-"),
    "SGD, lr 0.1": ("SGD", 0.1, "-"),
}

figure5, axes = plt.subplots(figsize=(7.5, 4.6), layout="constrained")
for label, (name, rate, style) in SETTINGS.items():
    init, update = RULES[name]
    params, state, lr = flat, init(flat), cosine(rate, STEPS)
    batches = stream(0, "tutorial-lion", "batches")
    curve = []
    for k in range(1, STEPS + 1):
        if k % 50 == 1:
            curve.append((k - 1, losses.softmax_cross_entropy(mlp.apply(unravel(params), images), labels)))
        chosen = batches.integers(0, len(labels), BATCH)
        _, gradient = loss_and_grad(params, images[chosen], labels[chosen])
        params, state = update(params, state, gradient, lr=lr(k), weight_decay=0.0)
    curve.append((STEPS, losses.softmax_cross_entropy(mlp.apply(unravel(params), images), labels)))
    axes.plot(*np.array(curve).T, style, color=COLORS[name], linewidth=1.8, label=label)
axes.set(yscale="log", xlabel=f"step (batches of {BATCH})", ylabel="loss on the training images (nats)")
axes.set_title("With a tenth of AdamW's step size Lion ends lower in training")
axes.legend()

# %%
# The rule in one breath: mix, take the sign, step, and let the momentum forget more slowly than the mix.

if __name__ == "__main__":
    finish("lion")
