"""
Weight matching: lining up the few directions that matter
=========================================================

Two networks that were trained from different seeds, and what becomes of their average if the hidden units of one are
put in another order. Three pictures: the line between two networks, their singular vectors, and the plane of three.

The derivation: :doc:`/landscape/weight_matching`. Run it with
``.venv/bin/python tutorials/landscape/weight_matching.py``.
"""

import matplotlib.pyplot as plt
import numpy as np

from refimpl.core import tree
from refimpl.core.figures import finish
from refimpl.core.random import stream
from refimpl.landscape import _weight_matching_models as models
from refimpl.landscape import weight_matching as wm

ORANGE, BLUE, GREEN, GRAY = "#D55E00", "#0072B2", "#009E73", "0.45"  # told apart with any color vision
LIKE = np.zeros(1)

# sphinx_gallery_thumbnail_number = 2

# %%
# The line between two networks
# -----------------------------
# Three networks 64-256-256-10 on handwritten digits, from three seeds, and two small convolutional networks. The hidden
# units of the second one are permuted in three ways: so that the weights are near (weight matching), so that the units
# say the same on the data (activation matching), and by gradients of the loss at the midpoint (straight-through). None
# changes its function: all lines of a panel end at the same two points. In between, the average of the unpermuted
# networks knows nothing, and that of the permuted ones is nearly as good as they are.


def trained(data, seeds, **options):
    """Networks that were trained in single precision, in double precision."""
    single = data._replace(x=data.x.astype(np.float32))
    nets = [models.train(stream(seed, "tutorial-weight_matching"), single, **options) for seed in seeds]
    return [tree.map(lambda x: x.astype(float), net) for net in nets]


rows, pictures = models.split(like=LIKE), models.split(like=LIKE, images=True)
A, B, C = trained(rows, range(3))
A_conv, B_conv = trained(pictures, range(2), hidden=(16, 32, 32), epochs=15, lr=3e-3)


def matched(a, b, data):
    """The ways to permute the second network that need no gradient."""
    orders = wm.orders(stream(0, "tutorial-weight_matching", "orders"), 100, len(a) - 1)
    return {
        "as trained": wm.identity(b),
        "weights": wm.match(a, b, orders).perms,
        "activations": wm.match_activations(models.hidden(a, data.x), models.hidden(b, data.x)),
    }


found = matched(A, B, rows)
found["straight-through"] = models.search(stream(0, "tutorial-weight_matching", "search"), A, B, rows).state.best
found_conv = matched(A_conv, B_conv, pictures)

COLORS = {"as trained": GRAY, "weights": ORANGE, "activations": GREEN, "straight-through": BLUE}
figure1, panels = plt.subplots(1, 2, figsize=(11, 4.4), layout="constrained")
shares = np.linspace(0, 1, 21)
for axes, a, b, data, ways, title in (
    (panels[0], A, B, rows, found, "Two hidden layers of 256"),
    (panels[1], A_conv, B_conv, pictures, found_conv, "Three convolutions, 16, 32 and 32 channels"),
):
    loss = models.loss(data.x_test, data.labels_test)
    for name, perms in ways.items():
        height, line = wm.barrier(loss, a, wm.permute(b, perms), shares)
        axes.plot(shares, line, color=COLORS[name], label=f"{name}, barrier {height:.2f}")
    axes.set(xlabel=r"share $\lambda$ of the second network", ylabel="test loss", title=title)
    axes.set_ylim(0, 1.6 * axes.get_ylim()[1])
    axes.legend(frameon=False, title="matched by", loc="upper left")

# %%
# Singular vectors
# ----------------
# How much nearer did the second network come? By a fifth, no more; and a point of the unpermuted line that is as near
# is no good. What changes is in the picture: how well the output directions of the second layer agree, for the twenty
# largest singular values of each network. As trained, hardly a direction of one is one of the other. After weight
# matching the first ten agree, one by one or a few among themselves, and these are the ones along which the inputs lie.
# The straight-through search also found a flat line, with little of that alignment.

a_norm = float(wm.inner(A, A))
figure2, panels = plt.subplots(1, 3, figsize=(11, 4.2), layout="constrained")
for axes, name in zip(panels, ("as trained", "weights", "straight-through"), strict=True):
    new = wm.permute(B, found[name])
    distance = (a_norm + float(wm.inner(new, new)) - 2 * float(wm.inner(A, new))) ** 0.5
    R = float(wm.alignment(A, B, found[name], gamma=0.3))
    one, other = (wm.singular(net[1].W).U[:, :20] for net in (A, new))
    shown = axes.imshow(np.abs(one.T @ other), vmin=0, vmax=1, cmap="magma_r")
    axes.set(xticks=[0, 9, 19], xticklabels=[1, 10, 20], yticks=[0, 9, 19], yticklabels=[1, 10, 20])
    axes.set(xlabel="direction of B", ylabel="direction of A", title=f"{name}\nR = {R:.2f}, distance {distance:.1f}")
figure2.colorbar(shown, ax=panels, label=r"$|u_i^{a\top} P u_j^b|$", shrink=0.8)
figure2.suptitle("A fifth nearer, but the few directions that matter are in line")

# %%
# The plane of three
# ------------------
# A third network is matched to the first one as well. The plane through the three: as trained, each sits in a basin of
# its own. After weight matching they are corners of one, although the second and third have never met. With the
# straight-through search both have a flat line to the first, but a ridge stands between them.

matched_c = {
    "as trained": wm.identity(C),
    "weights": wm.match(A, C, wm.orders(stream(1, "tutorial-weight_matching", "orders"), 100, 2)).perms,
    "straight-through": models.search(stream(1, "tutorial-weight_matching", "search"), A, C, rows).state.best,
}
loss = models.loss(rows.x_test, rows.labels_test)
side = np.linspace(0, 1, 13)
places = [(s, t) for s in side for t in side if s + t <= 1 + 1e-9]
figure3, panels = plt.subplots(1, 3, figsize=(11, 3.9), layout="constrained")
for axes, name in zip(panels, matched_c, strict=True):
    b, c = wm.permute(B, found[name]), wm.permute(C, matched_c[name])
    losses = [
        float(loss(tree.map(lambda x, y, z, s=s, t=t: (1 - s - t) * x + s * y + t * z, A, b, c))) for s, t in places
    ]
    x, y = np.array([s + t / 2 for s, t in places]), np.array([t * 3**0.5 / 2 for _, t in places])
    drawn = axes.tricontourf(x, y, np.log10(losses), levels=np.linspace(-1.1, 0.3, 15), cmap="viridis", extend="both")
    for corner, place, align in (("A", (-0.02, 0), "right"), ("B", (1.02, 0), "left"), ("C", (0.5, 0.88), "center")):
        axes.text(*place, corner, ha=align, va="bottom" if corner == "C" else "center")
    axes.set(
        title=f"{name}\nmean of three: {losses[int(np.argmin((x - 0.5) ** 2 + (y - 0.29) ** 2))]:.2f}",
        aspect="equal",
        ylim=(-0.02, 1.0),
    )
    axes.axis("off")
figure3.colorbar(drawn, ax=panels, label="log10 of the test loss", shrink=0.8)

# %%
# One network alone is still the best: its loss is below that of every mean. What matching shows is that the three were
# solutions of one kind all along, and that the units' numbers hid it.

if __name__ == "__main__":
    finish("weight_matching")
