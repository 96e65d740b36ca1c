"""
Opposing signals: who makes the loss spike
==========================================

Two small groups of samples that carry the same large feature and ask for opposite things. Three pictures: a linear
network in which they push the curvature to the edge of what gradient descent bears; digits in which two such groups
were planted, and the images that the largest changes of the loss point at; and the loss, which rises where these
groups swap.

The derivation: :doc:`/landscape/opposing_signals`. Run it with ``.venv/bin/python
tutorials/landscape/opposing_signals.py``.
"""

import matplotlib.pyplot as plt
import numpy as np

from refimpl.core.figures import finish
from refimpl.core.random import stream
from refimpl.landscape import _opposing_signals_models as models
from refimpl.landscape import opposing_signals

ORANGE, BLUE, GREEN, GRAY = "#D55E00", "#0072B2", "#009E73", "0.45"  # told apart with any color vision
LIKE = np.zeros(1)

# sphinx_gallery_thumbnail_number = 3

# %%
# To the edge and back
# --------------------
# A linear network of two layers. One sample in fifty is an outlier: a large feature that comes with both signs, while
# the target knows its size alone, so that there is nothing to be learned from it. With these outliers the sharpness
# (the largest eigenvalue of the Hessian) climbs to :math:`2 / \eta`, the most that gradient descent bears. Beyond it
# the use of the feature swings from step to step, until the swing itself has pulled the second layer down. Without the
# outliers the same network never comes near.

ETA, ALPHA = 0.1, 10.0
rng = stream(0, "tutorial-opposing_signals", "linear")
beta, start = models.target(rng, 4.0, like=LIKE), models.start(rng, like=LIKE, c=0.3)
drawn = models.draw(rng, beta, alpha=ALPHA)


def descent(x_o, y, alpha):
    """Sharpness, use of the feature and losses along gradient descent."""

    def record(state):
        hessian = opposing_signals.hessian(state[0], beta, alpha=alpha)
        use = state[0].c * state[0].b_o.sum() / 2
        return {"sharpness": np.linalg.eigvalsh(hessian)[-1], "use": use, "losses": state[1][0]}

    slope = lambda model: opposing_signals.sample(model, drawn.x, x_o, y)
    return opposing_signals.descend(start, slope, steps=120, eta=ETA, record=record).history


with_outliers = descent(drawn.x_o, drawn.y, ALPHA)
without = descent(0 * drawn.x_o, drawn.x @ beta, 0.0)
figure1, panels = plt.subplots(1, 2, figsize=(11, 4.2), layout="constrained")
panels[0].plot(with_outliers["sharpness"], color=ORANGE, label="with the outliers")
panels[0].plot(without["sharpness"], color=GREEN, label="without")
panels[0].axhline(2 / ETA, color="black", linestyle=":", linewidth=1.2)
panels[0].text(118, 2 / ETA + 1, r"$2/\eta$", ha="right")
panels[0].set(xlabel="step", ylabel="sharpness", title="the outliers push the sharpness over the edge")
panels[0].legend(frameon=False)
panels[1].plot(with_outliers["use"], color=ORANGE, linewidth=1)
panels[1].set(xlabel="step", ylabel=r"$c s$: what the network makes of the feature", title="and there it swings")

# %%
# Planted digits
# --------------
# Handwritten digits, 1000 of them. Two groups were *planted*: 20 zeros and 20 ones are faded, and get the same bright
# border on two sides, so that the border speaks for two digits at once. (With unfaded digits, another loss or another
# activation the border would hardly matter: this is a corner that was looked for.) A small network is trained by
# gradient descent. Which images are behind the most active step? No label, no border is asked: only whose loss rose
# most, and whose fell most.

images, labels, signs = models.planted_digits(stream(0, "tutorial-opposing_signals", "digits"), like=LIKE)
network = models.network(stream(0, "tutorial-opposing_signals", "network"), like=LIKE)
losses, _ = models.train(network, images, labels, eta=1.0, steps=600)
step = 30 + int(np.argmax(opposing_signals.activity(losses)[30:]))
up, down = opposing_signals.identify(losses, step, k=20)

figure2, panels = plt.subplots(2, 1, figsize=(11, 2.7), layout="constrained")
for axes, group, name in zip(panels, (up, down), ("rises", "falls"), strict=True):
    tiles = images[group[:12]].reshape(-1, 8, 8)
    padded = np.pad(tiles, ((0, 0), (1, 1), (1, 1)), constant_values=np.nan)
    axes.imshow(np.concatenate(list(padded), axis=1), cmap="gray_r")
    share = np.mean(signs[group] != 0)
    axes.set_title(f"whose loss {name} most in step {step}: {100 * share:.0f} % of 20 were planted", fontsize=11)
    axes.axis("off")

# %%
# The see-saw
# -----------
# On the left the loss of the linear network again, by groups: where the curvature has passed the edge, one group's loss
# leaps while the other's falls, in the next step they swap, and the mean spikes with them. On the right the digits: how
# much the forty planted images and the 960 others change the mean loss in each step. The others lower it steadily; the
# forty, of which one half rises while the other falls, decide whether it rises.

figure3, panels = plt.subplots(1, 2, figsize=(11.5, 4.6), layout="constrained")
each = np.array(with_outliers["losses"])[:60]
for sign, color, name in ((1, ORANGE, "sign +, 1 % of the samples"), (-1, BLUE, "sign −, 1 %"), (0, GRAY, "others")):
    panels[0].semilogy(each[:, drawn.signs == sign].mean(axis=1), color=color, linewidth=1.1, label=name)
panels[0].semilogy(each.mean(axis=1), color="black", linewidth=2, label="mean over all")
panels[0].set(xlabel="step", ylabel="loss", title="linear network", ylim=(None, 1e5))
panels[0].legend(frameon=False, ncols=2, loc="upper right")
window = np.arange(step - 16, step + 17)
moves = opposing_signals.changes(losses)[window] / len(labels)
panels[1].plot(window, moves[:, signs != 0].sum(axis=1), "o-", color=ORANGE, markersize=3, label="40 planted images")
panels[1].plot(window, moves[:, signs == 0].sum(axis=1), "o-", color=GRAY, markersize=3, label="960 others")
panels[1].axhline(0, color="black", linewidth=0.8)
panels[1].set(xlabel="step", ylabel="change of the mean loss", title="digits", ylim=(None, 0.0016))
panels[1].legend(frameon=False)
figure3.suptitle("A few samples in a hundred decide where the whole curve rises", fontsize=15)

# %%
# Ask who moved in a single step, and the samples behind a spike come forward.

if __name__ == "__main__":
    finish("opposing_signals")
