"""
Pointer networks: answers that are places of the input
======================================================

A small network learns convex hulls from examples, and is then asked about more points than it has ever seen. We look at
what it answers, where it points, and what is left of it as inputs grow.

The derivation: :doc:`/attention/pointer_net`. Run it with ``.venv/bin/python tutorials/attention/pointer_net.py``.
"""

import matplotlib.pyplot as plt
import numpy as np

from refimpl.attention import _pointer_net_tasks as tasks
from refimpl.attention import pointer_net as pn
from refimpl.core.figures import finish
from refimpl.core.random import stream

BLUE, ORANGE, GRAY = "#0072B2", "#D55E00", "0.45"  # told apart with any color vision
LIKE = np.zeros(1, dtype=np.float32)
LENGTHS, STEPS = (4, 5, 6), 1500

# %%
# The answers are exact: corners of the hull, counter-clockwise from the lowest index. Each batch has one length.


def clouds(name, n, count):
    """Uniform points and their hulls."""
    P = stream(0, "tutorial", name, n).uniform(size=(count, n, 2)).astype(np.float32)
    return P, tasks.hull_target(P)


known = [clouds("known", n, 6000) for n in LENGTHS]
draw = stream(0, "tutorial", "batches")


def batch(k):
    """Of step k."""
    P, C = known[draw.integers(len(known))]
    rows = draw.integers(0, len(P), 64)
    return P[rows], C[rows]


networks = {}
for name, dictionary in (("pointer network", 0), ("dictionary", 10)):
    w = pn.init(stream(0, "tutorial", "weights"), 48, dictionary=dictionary, like=LIKE)
    networks[name], _, losses = pn.fit(w, batch, steps=STEPS, progress=f"training: {name}").state
    print(f"{name}: loss {np.mean(losses[:20]):.2f} at first, {np.mean(losses[-20:]):.2f} at the end")
pointer = networks["pointer network"]

# %%
# Three clouds it has not seen
# ----------------------------
# The dashed line is the hull, the colored one the answer. It may be right, or leave out a corner that is nearly flat.

figure, panels = plt.subplots(1, 3, figsize=(9, 3.2), layout="constrained")
for axes, n in zip(panels, (5, 7, 9), strict=True):
    P, C = clouds("seen", n, 1)
    answer = pn.decode(pointer, P).indices[0]
    for row, style, label in ((C[0], {"color": GRAY, "linestyle": "--", "linewidth": 4}, "hull"),
                              (answer, {"color": BLUE}, "answer")):  # fmt: skip
        corners = P[0, row[row > 0] - 1]
        axes.plot(*np.concatenate([corners, corners[:1]]).T, label=label, **style)
    axes.plot(*P[0].T, "o", color="black", markersize=4)
    for j, (x, y) in enumerate(P[0]):
        axes.annotate(f"{j + 1}", (x, y), textcoords="offset points", xytext=(4, 4), fontsize=8)
    axes.set(title=f"{n} points", xticks=[], yticks=[], xlim=(-0.1, 1.1), ylim=(-0.1, 1.1), aspect="equal")
panels[0].legend(frameon=False, fontsize=8, loc="lower left")

# %%
# Where it points
# ---------------
# Each row is a step of the answer, each column a slot; the weights of a row are the probabilities of the next index.

P, _ = clouds("seen", 9, 1)
answer = pn.decode(pointer, P).indices[0]
answer = answer[answer >= 0]
slots = range(P.shape[1] + 1)
weights = np.array(
    [[float(np.exp(pn.teacher_forced(pointer, P, np.array([[*answer[:i], j]])).logp[0, -1])) for j in slots]
     for i in range(len(answer))]
)  # fmt: skip
figure, axes = plt.subplots(figsize=(6, 3.6), layout="constrained")
picture = axes.imshow(weights, cmap="Blues", vmin=0, vmax=1, aspect="auto")
axes.set(xlabel="slot", ylabel="step", xticks=slots, title="Attention is the answer")
axes.set_xticks(slots, ["end", *map(str, slots[1:])])
axes.set_yticks(range(len(answer)), [str(i + 1) for i in range(len(answer))])
figure.colorbar(picture, label="probability")

# %%
# Longer inputs
# -------------
# The dictionary has ten places, and no use for those that training never asked for. Pointing removes it: the same
# weights work on larger inputs. Exact hulls become rare as more corners have to be right, and most of the area stays.
# What a share of the area is worth is told by the dashed line, the polygon through all points.

lengths = range(4, 11)
tests = [clouds("test", n, 300)[0] for n in lengths]


def scored(answer):
    """Exact hulls, and share of the area if any answer is valid."""
    found = (tasks.hull_score(P, answer(P)) for P in tests)
    return np.array([(float(x.accuracy), float(x.area) if x.invalid < 1 else np.nan) for x in found])


def around(P):
    """All points in the order of their angle: what learns nothing."""
    x, y = np.moveaxis(P - P.mean(axis=1, keepdims=True), -1, 0)
    return np.argsort(np.arctan2(y, x), axis=1) + 1


rivals = {name: lambda P, w=w: pn.decode(w, P).indices for name, w in networks.items()} | {"order of angles": around}
figure, panels = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
for (name, rival), color, style in zip(rivals.items(), (BLUE, ORANGE, GRAY), ("o-", "s-", "--"), strict=True):
    for axes, values in zip(panels, scored(rival).T, strict=True):
        axes.plot(lengths, values, style, color=color, label=name)
for axes, label in zip(panels, ("exact hulls", "share of the area, valid answers"), strict=True):
    axes.axvspan(4, 6, color=GRAY, alpha=0.15)
    axes.set(xlabel="points (trained on the shaded ones)", ylabel=label, ylim=(0, 1.02))
panels[0].legend(frameon=False)
figure.suptitle(
    "Without a dictionary the same weights work on larger inputs: fewer exact hulls, nearly all of the area"
)

if __name__ == "__main__":
    finish("pointer_net")
