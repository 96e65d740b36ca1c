r"""
One byte per gradient: a model in 4.8 kB
========================================

Eight machines train a model of 650 parameters on digits that they keep to themselves, and send each other one byte per
step. Then the same among real processes, one of which is killed. Last, what is in those bytes: all of the model.

The derivation: :doc:`/distributed/one_byte`. Run it with ``.venv/bin/python tutorials/distributed/one_byte.py``.
"""

import matplotlib.pyplot as plt
import numpy as np

from refimpl.core.figures import finish
from refimpl.distributed import _one_byte_baselines as baselines
from refimpl.distributed import _one_byte_network as network
from refimpl.distributed import one_byte

ORANGE, BLUE, GREEN, PINK, GRAY = "#D55E00", "#0072B2", "#009E73", "#CC79A7", "0.45"  # told apart with any color vision
STEPS, ETA, D = 600, 0.05, baselines.SIZE

# sphinx_gallery_thumbnail_number = 4

# %%
# More machines, fewer iterations
# -------------------------------
# In each iteration a machine looks along one random direction of its own, on a batch of 64 of its images: two losses,
# and a slope. All machines then move along all directions. One machine needs long, for a direction in 650 dimensions
# says little about the gradient; eight look along eight.

part = baselines.split(0, like=np.zeros(1))
draw = one_byte.directions(0, like=np.zeros(D))


def private(machines):
    """Machines that draw their own batches."""
    return [baselines.Private(part.x, part.y, 0, m) for m in range(machines)]


def losses(path, every=10):
    """Training loss along a run."""
    return [baselines.loss(w, part.x, part.y) for w in path[::every]]


runs = {m: baselines.train(m, private(m), draw, steps=STEPS, eta=ETA) for m in (1, 2, 4, 8)}
curves = {m: losses(path) for m, (_, _, path) in runs.items()}

figure1, axes = plt.subplots(figsize=(8, 4.5), layout="constrained")
iterations = np.arange(0, STEPS + 1, 10)
for (m, curve), color in zip(curves.items(), (ORANGE, PINK, GREEN, BLUE), strict=True):
    axes.plot(iterations, curve, color=color, label=f"{m} machine{'s' * (m > 1)}")
axes.set(xlabel="iteration", ylabel="training loss", yscale="log", title="More machines, fewer iterations")
axes.set_yticks([0.3, 0.5, 1, 2], ["0.3", "0.5", "1", "2"])
axes.minorticks_off()
axes.legend(frameon=False)

# %%
# What it costs to tell the others
# --------------------------------
# The same loss against the bytes that eight machines have sent. A gradient has 650 numbers of four bytes. Its steps are
# far better, so it needs 20 of them where the slopes need 600; still it sends 75 times as much. With a model of a
# billion parameters the left curves stay where they are (though they need more iterations), and the right one moves six
# decades to the right.

sgd, w, data = [np.log(10)], np.zeros(D), private(8)
while sgd[-1] > curves[8][-1]:
    w = baselines.sgd(w, np.stack([baselines.gradient(w, *machine.batch()) for machine in data]), lr=8.0)
    sgd.append(baselines.loss(w, part.x, part.y))

figure2, axes = plt.subplots(figsize=(8, 4.5), layout="constrained")
axes.semilogx(8 * iterations[1:], curves[8][1:], color=BLUE, label="slopes, one byte")
axes.semilogx(32 * iterations[1:], curves[8][1:], color=GREEN, label="slopes, float32")
axes.semilogx(8 * 4 * D * np.arange(1, len(sgd)), sgd[1:], color=ORANGE, label="gradients, float32")
axes.set(xlabel="bytes sent by 8 machines", ylabel="training loss", xlim=(40, 3e6), ylim=(0, 2.6))
axes.set_title("About 1/75 of the bytes for the same loss")
axes.legend(frameon=False)

# %%
# Processes, one of which is killed
# ---------------------------------
# So far the machines were objects. Now they are processes that know of each other through sockets alone: each has its
# own data, makes its own directions and sends its own byte. One is killed before iteration 150 (``SIGKILL``); one more
# connects at iteration 80, gets the log and replays it. Whoever is left has the same bits.
#
# Right: what has passed through the sockets. Eight bytes of address and one of kind stand before each byte of slope,
# and the barrier passes on everything to everybody; an update of gradients would have sent what the dotted line says.

settings = network.Settings(steps=300, seed=0)
held, ends = network.sockets(settings, machines=4, kill=150, join=80)
print(network.tell(held, ends))

figure3, (left, right) = plt.subplots(1, 2, figsize=(12, 4.5), layout="constrained")
for id, first in held.joined.items():
    there = [t for t, messages in enumerate(held.log) if id in messages]
    gone = id in held.dropped
    left.plot([there[0], there[-1]], [id, id], color=ORANGE if gone else BLUE, linewidth=9, solid_capstyle="butt")
    if first:
        left.annotate("joins, replays the log", (there[0], id), (5, 9), textcoords="offset points")
    if gone:
        left.annotate("killed", (there[-1], id), (6, -4), textcoords="offset points")
left.set(
    xlabel="iteration", yticks=list(held.joined), ylabel="machine", xlim=(0, 300), ylim=(-0.6, len(held.joined) - 0.4)
)
fingerprints = {fingerprint for _, fingerprint in ends.values()}
left.set_title(f"{len(ends)} machines at the end, {len(fingerprints)} fingerprint of their weights")
t = np.arange(1, 301)
wire = np.cumsum([len(messages) * (len(network.pack(0, messages)) + 1) for messages in held.log])  # to everybody
right.semilogy(t, np.cumsum(held.payload), color=BLUE, label="slopes, a byte each")
right.semilogy(t, np.cumsum([10 * n for n in held.payload]), color=GREEN, label="machines to barrier, with addresses")
right.semilogy(t, wire, color=PINK, label="barrier to machines")
right.semilogy(t, np.cumsum([4 * D * n for n in held.payload]), ":", color=ORANGE, label="gradients instead (not sent)")
right.set(xlabel="iteration", ylabel="bytes so far", ylim=(1, 1e10), title="What has been sent")
right.legend(frameon=False, loc="upper left")

# %%
# What is in the bytes
# --------------------
# A newcomer that has never seen a digit gets the log of eight machines, 4800 bytes, and the public start. It replays
# them, and has the model: not nearly, but bit by bit. The rows show the weights of each digit, as images of 8 x 8
# pixels.

fleet, log, _ = runs[8]
file = b"".join(messages[m] for messages in log for m in sorted(messages))
read = [{m: file[8 * t + m : 8 * t + m + 1] for m in range(8)} for t in range(STEPS)]
newcomer = one_byte.replay(one_byte.start(8, np.zeros(D)), read, draw, eta=ETA)
different = int(np.sum(newcomer.w.view(np.uint64) != fleet[0].w.view(np.uint64)))
accuracy = np.mean(np.argmax(baselines.logits(newcomer.w, part.test_x), axis=1) == part.test_y)

figure4, panels = plt.subplots(2, 10, figsize=(12, 3.6), layout="constrained")
for row, (name, w) in zip(panels, {"trained": fleet[0].w, "replayed": newcomer.w}.items(), strict=True):
    for digit, axes in enumerate(row):
        image = w[: D - 10].reshape(64, 10)[:, digit].reshape(8, 8)
        axes.imshow(image, cmap="RdBu", vmin=-1.5, vmax=1.5)
        axes.set(xticks=[], yticks=[])
    row[0].set_ylabel(name)
for digit, axes in enumerate(panels[0]):
    axes.set_title(str(digit))
figure4.suptitle(
    f"The whole training run is a file of {len(file)} bytes: {different} of {D} weights differ in a bit, "
    f"{accuracy:.0%} of the test digits right",
    fontsize=13,
)

# %%
# The bytes carry what eight machines have learned from images that none of them has shown. That is no proof of privacy:
# a slope along a known direction is a number about these images. It is a proof that very little has to be said.

if __name__ == "__main__":
    finish("one_byte")
