"""
Convex ReLU training: the global optimum of a network is a group lasso
======================================================================

Training a two-layer ReLU network is not convex, and gradient descent ends where it ends. Sorted by the points that its
neurons see, the same problem is convex. Three pictures: the optimum beside ten runs of gradient descent, how ADMM gets
there, and a network that keeps its margin within a box around each point.

The derivation: :doc:`/convex/convex_relu`. Run it with ``.venv/bin/python tutorials/convex/convex_relu.py``.
"""

import matplotlib.pyplot as plt
import numpy as np

from refimpl.convex import _convex_relu_adversarial as adversarial
from refimpl.convex import _convex_relu_tools as tools
from refimpl.convex import convex_relu
from refimpl.core.figures import finish
from refimpl.core.random import stream

BLUE, ORANGE, GREEN, GRAY = "#0072B2", "#D55E00", "#009E73", "0.45"  # told apart with any color vision

# sphinx_gallery_thumbnail_number = 3

# %%
# A curve through sixteen points
# ------------------------------
# One input and a bias. A neuron has its kink between two of the points, and looks left or right: that is all that its
# activation pattern says, so there are 32 patterns. The convex program has a pair of linear models for each. Its
# solution is turned back into a network. Gradient descent trains networks for the same objective; they are narrow, 12
# neurons, for wide ones hardly get stuck.

rng = stream(2, "tutorial", "convex_relu")
points = np.sort(rng.uniform(-2, 2, 16))
y = np.sin(3.5 * points) + 0.15 * rng.standard_normal(16)
X = np.stack([points, np.ones(16)], axis=1)
BETA = 0.05

D = convex_relu.all_patterns(X)
weights, run = convex_relu.admm(
    X,
    y,
    D,
    beta=BETA,
    rho=0.02,
    steps=7_000,
    record=lambda state: {"value": float(convex_relu.objective(X, D, y, state.v, beta=BETA))},
)
values = np.array(run.history["value"])[1:]
optimum = values[-1]
network = convex_relu.recover(weights, threshold=1e-6)
bound = tools.lower_bound(X, D, y, convex_relu.predict(X, D, weights), beta=BETA)
print(f"{D.shape[1]} patterns, {network.second.shape[0]} neurons in use, convex value {optimum:.6f}, bound {bound:.6f}")

start = tools.random_network(stream(0, "tutorial", "start"), 2, 12, like=X, runs=(10,))
trained, _ = tools.gradient_descent(X, y, start, lr=0.01, beta=BETA, steps=12_000)
runs = [convex_relu.Network(u, a) for u, a in zip(*trained, strict=True)]
reached = np.array([float(convex_relu.network_objective(X, y, net, beta=BETA)) for net in runs])

grid = np.linspace(-2.2, 2.2, 400)
G = np.stack([grid, np.ones(400)], axis=1)
figure1, (left, middle, right) = plt.subplots(
    1, 3, figsize=(14, 4.4), width_ratios=(1.25, 0.65, 1.1), layout="constrained"
)
for i, net in enumerate(runs):
    left.plot(
        grid,
        convex_relu.network_outputs(G, net),
        color=ORANGE,
        linewidth=0.9,
        alpha=0.7,
        label="gradient descent on 12 neurons, 10 runs" if i == 0 else None,
    )
left.plot(grid, convex_relu.network_outputs(G, network), color=BLUE, linewidth=2.5, label="global optimum")
left.plot(points, y, "ko", markersize=5)
left.set(xlabel="input", ylabel="output", ylim=(-1.7, 2.3))
left.set_title("Ten runs end on different curves")
left.legend(loc="upper left", fontsize=9)
order = np.sort(reached / optimum)
middle.bar(np.arange(1, 11), 100 * (order - 1), color=ORANGE)
middle.axhline(0, color=BLUE, linewidth=2.5)
middle.set(xlabel="run, sorted", ylabel="objective above the optimum (%)", xticks=(1, 5, 10))
middle.set_title(f"{np.sum(order > 1.01)} of 10 runs get stuck")
norms = np.concatenate([convex_relu.group_norms(half[None])[0, 0] for half in weights])
kept = norms > 1e-6
right.vlines(np.arange(len(norms))[kept], 0, norms[kept], color=BLUE, linewidth=3)
right.plot(np.arange(len(norms))[~kept], norms[~kept], ".", color=GRAY, markersize=5)
right.axvline(len(norms) / 2 - 0.5, color=GRAY, linewidth=1, linestyle=":")
right.text(len(norms) / 4, 1.06 * norms.max(), "output weight +", ha="center", color=GRAY)
right.text(3 * len(norms) / 4, 1.06 * norms.max(), "output weight -", ha="center", color=GRAY)
right.set(xlabel="activation pattern", ylabel="norm of its two weights", ylim=(0, 1.18 * norms.max()))
right.set_title(f"A group lasso: {kept.sum()} of {len(norms)} blocks are not zero")

# %%
# How ADMM gets there
# -------------------
# Each step solves a linear system whose matrix never changes, shrinks blocks, and cuts slacks at zero. The value is
# good early. Once the solver has found out which blocks and which constraints are active, the residual falls along a
# straight line; but how long that takes, and how steep the line is, depends on the data (right: five of them).

figure2, (left, right) = plt.subplots(1, 2, figsize=(11, 4.4), layout="constrained")
steps, away = np.arange(1, len(values) + 1), np.abs(values / optimum - 1)
near = int(np.nonzero(away > 0.01)[0][-1]) + 2
left.loglog(steps, away, color=BLUE, linewidth=1.4)
left.axhline(0.01, color=GRAY, linewidth=1)
left.set(xlabel="ADMM step", ylabel="relative distance from the final value", ylim=(1e-7, 10))
left.set_title(f"The value: within 1 % after {near} steps")
for number, color in enumerate((BLUE, ORANGE, GREEN, "#CC79A7", "#777777")):
    data, targets = tools.toy(stream(number, "tutorial", "toy"), 10, like=X)
    few = convex_relu.activation_patterns(data, stream(number, "tutorial", "draws").standard_normal((12, 3)))
    setup, state, curve = convex_relu.prepare(data, few, rho=0.5), convex_relu.init(data, few), []
    for _ in range(4000):
        before, state = state, convex_relu.admm_step(setup, targets, state, beta=0.5)
        curve.append(max(map(float, convex_relu.residuals(data, few, before, state, rho=0.5))))
        if curve[-1] < 1e-12:
            break
    right.semilogy(np.arange(1, len(curve) + 1), curve, color=color, linewidth=1.5, label=f"data set {number + 1}")
right.set(xlabel="ADMM step", ylabel="largest residual", ylim=(1e-12, 10))
right.set_title("The residual on five data sets: in the end a line")
right.legend()

# %%
# A margin in every box
# ---------------------
# Two classes in four corners. Every input may be moved by 0.45 to each side. Both programs ask for a margin of 1, an
# output outside of the white band: standard training at the points, adversarial training in the worst corner of every
# box, which it knows in closed form. What the attack takes from standard training is that margin; the sign of the
# output stays right in every box, and training on the corners would keep the margin too, without a certificate.

EPSILON, MASK = 0.45, np.array([1.0, 1.0, 0.0])
S, classes = tools.xor(stream(0, "tutorial", "xor"), 24, like=X)
draws, shifts = rng.standard_normal((25, 3)), rng.standard_normal((25, 2, 24, 3))
patterns = adversarial.robust_patterns(S, draws, shifts, epsilon=EPSILON, mask=MASK)
a, b = np.meshgrid(np.linspace(-1.7, 1.7, 255), np.linspace(-1.5, 1.5, 225))
plane = np.stack([a.ravel(), b.ravel(), np.ones(a.size)], axis=1)
nine = np.linspace(-EPSILON, EPSILON, 9)

figure3, panels = plt.subplots(1, 2, figsize=(11, 5), sharey=True, layout="constrained")
for axes, width, name in zip(panels, (0.0, EPSILON), ("Standard training", "Adversarial training"), strict=True):
    weights, _ = adversarial.adversarial(
        S, classes, patterns, beta=1e-3, epsilon=width, mask=MASK, steps=4000, balance=100.0
    )
    net = convex_relu.recover(weights)
    outputs = convex_relu.network_outputs(plane, net).reshape(a.shape)
    attacked = np.min(
        [classes * convex_relu.network_outputs(S + np.array([p, q, 0.0]), net) for p in nine for q in nine], axis=0
    )
    axes.contourf(a, b, outputs, levels=(-99, -1, 1, 99), colors=("#F6C9A8", "white", "#A8CDE8"))
    axes.contour(a, b, outputs, levels=(0,), colors="black", linewidths=1.8)
    for point, label in zip(S, classes, strict=True):
        color = BLUE if label > 0 else ORANGE
        corner = point[:2] - EPSILON
        axes.add_patch(plt.Rectangle(corner, 2 * EPSILON, 2 * EPSILON, fill=False, edgecolor=color, linewidth=0.8))
        axes.plot(*point[:2], "o" if label > 0 else "s", color=color, markersize=6, markeredgecolor="white")
    inside = int(np.sum(attacked > 0.97))
    axes.set_title(
        f"{name}: {inside} of 24 boxes keep the margin\nsmallest margin within the boxes {attacked.min():.2f}"
    )
    axes.set(xlabel="$x_1$", aspect="equal", xlim=(-1.7, 1.7), ylim=(-1.5, 1.5))
    print(f"{name}: {inside} of 24 boxes keep the margin, the smallest is {attacked.min():.3f}")
panels[0].set_ylabel("$x_2$ (white: output between -1 and 1)")

# %%
# The global optimum of a two-layer network is a group lasso over the ways to cut the data.

if __name__ == "__main__":
    finish("convex_relu")
