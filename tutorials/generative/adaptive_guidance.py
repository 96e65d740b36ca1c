"""
Adaptive Guidance: guidance is a decision made early
====================================================

Classifier-free guidance asks a network twice at each step. When does the second question matter, and can one tell while
sampling? Four pictures: where paths are decided, what the cosine of the two answers says, which steps a search would
guide, and what each way to save is worth, on data made for it and on digits.

The derivation: :doc:`/generative/adaptive_guidance`. Run it with
``.venv/bin/python tutorials/generative/adaptive_guidance.py``.
"""

import matplotlib.pyplot as plt
import numpy as np

from refimpl.core.figures import finish
from refimpl.core.random import stream
from refimpl.generative import _adaptive_guidance_models as models
from refimpl.generative import adaptive_guidance as ag

ORANGE, BLUE, GREEN, PINK, GRAY = "#D55E00", "#0072B2", "#009E73", "#CC79A7", "0.45"  # told apart with any color vision
LIKE, T, S, GAMMA = np.zeros(1), 20, 3.0, 0.999

# sphinx_gallery_thumbnail_number = 4

# %%
# Where paths are decided
# -----------------------
# Twelve classes in the plane, in four groups of three, two modes each. No network is trained: the data are a mixture of
# Gaussians, so what a perfect one would answer is known, for a class and for all. The samples of one class start from
# noise. With guidance all end in the outer one of its two modes (left, grey), away from the other classes. Guided in
# the first eight of twenty steps they end in the same places; guided in the last eight they do not (lines lead from
# where guidance takes a sample): by then each has gone where the prompt alone led it.


def around(k, n, turn):
    """Point k of n on the unit circle."""
    return np.array([np.cos(2 * np.pi * k / n + turn), np.sin(2 * np.pi * k / n + turn)])


means = [
    14 * around(g, 4, 0.3) + 5 * around(c, 3, 0.3 + g) + side * 0.7 * around(c, 6, 1.0 + g)
    for g in range(4)
    for c in range(3)
    for side in (1, -1)
]
plane = models.Bed(np.array(means), np.full(24, 0.25), np.repeat(np.arange(12), 2))
x0, label, _ = models.starts(stream(0, "tutorial-adaptive_guidance", "plane"), 300, plane)
cond, uncond = models.denoisers(plane, label)
levels = ag.schedule(T, like=LIKE)


def ends_of(policy):
    """Samples of a policy."""
    return ag.follow(x0, levels, cond.eps, uncond.eps, policy, s=S).x


guided, plain = ends_of(ag.front_loaded(T, T)), ends_of(ag.front_loaded(T, 0))
early, late = ends_of(ag.front_loaded(T, 8)), ends_of(ag.front_loaded(T, 8)[::-1])
figure1, panels = plt.subplots(1, 3, figsize=(12, 4.3), layout="constrained", sharex=True, sharey=True)
some = label == label[0]
centre = plane.means[plane.owner == label[0]].mean(axis=0)
for axes, ends, title in (
    (panels[0], guided, "guided in all 20 steps"),
    (panels[1], early, "in the first 8"),
    (panels[2], late, "in the last 8"),
):
    axes.scatter(*plane.means[plane.owner == label[0]].T, s=3000, color=GRAY, alpha=0.2, linewidths=0)
    for one, other in zip(guided[some], ends[some], strict=True):
        axes.plot(*np.stack([one, other]).T, color=GRAY, linewidth=0.8)
    axes.scatter(*ends[some].T, s=14, color=ORANGE)
    axes.set(title=f"{title}: error {models.error(ends, guided, plain):.4f}", aspect="equal")
panels[0].set(xlim=(centre[0] - 2, centre[0] + 2), ylim=(centre[1] - 2, centre[1] + 2))
panels[0].set_xticks(np.arange(-18, -14))

# %%
# The *error* is the mean squared distance from the guided samples, in units of that of samples without any guidance.
#
# What the cosine says
# --------------------
# Adaptive Guidance compares the two answers: when the cosine between them passes a threshold, the sample is certain of
# its class, and guidance stops for it (dots). On the left, on a bed like that of the plane in eight dimensions, it
# climbs, as it should. On the right are digits: each of 600
# images with a little noise around it. At the start the signal is so weak that both answers are nearly the iterate
# itself; the cosine is near 1 *before* anything is decided, and the same threshold stops at once.

rng = stream(1, "tutorial-adaptive_guidance", "planted")
bed = models.groups(rng, like=LIKE)
x0, label, _ = models.starts(rng, 300, bed)
cond, uncond = models.denoisers(bed, label)
digits = models.images(stream(1, "tutorial-adaptive_guidance", "digits"), like=LIKE)
start, digit, _ = models.starts(stream(2, "tutorial-adaptive_guidance", "digits"), 100, digits)
network = models.denoisers(digits, digit)
beds = {"planted": (x0, cond, uncond), "digits": (start, *network)}
paths = {name: ag.record(x, levels, c.eps, u.eps, s=S) for name, (x, c, u) in beds.items()}
cosines = {
    name: np.stack([ag.cosine(a, b) for a, b in zip(path.E_c, path.E_u, strict=True)]) for name, path in paths.items()
}
figure2, panels = plt.subplots(1, 2, figsize=(11, 4.2), layout="constrained")
for axes, (name, gamma) in zip(panels, cosines.items(), strict=True):
    axes.plot(gamma[:, :40], color=GRAY, alpha=0.3, linewidth=0.8)
    some = np.flatnonzero((gamma > GAMMA).any(axis=0)[:40])
    stops = np.argmax(gamma > GAMMA, axis=0)[some]
    axes.plot(stops, gamma[stops, some], "o", color=ORANGE, markersize=4)
    axes.axhline(GAMMA, color="black", linewidth=0.8, linestyle=":")
    low = np.quantile(gamma, 0.02)
    axes.set(xlabel="step", title=name, ylim=(low, 1 + 0.02 * (1 - low)))
    axes.set_xticks(range(0, T, 5))
panels[0].set_ylabel("cosine of the two answers (dots: guidance stops)")

# %%
# Which steps a search would guide
# --------------------------------
# Let each step mix three choices, no prompt, prompt, and guidance, and move the weights down the gradient of error plus
# a price for evaluations, through the whole path. What comes out is guidance in the first steps, and then none. (Late
# on the first two are the same and share the weight.)

search = ag.search(x0[:60], levels, *models.denoisers(bed, label[:60]), s=S, steps=120)
weights = np.exp(search.state[0]) / np.exp(search.state[0]).sum(axis=1, keepdims=True)
figure3, axes = plt.subplots(figsize=(9, 3), layout="constrained")
shown = axes.imshow(weights.T, aspect="auto", vmin=0, vmax=1, cmap="viridis")
axes.set_yticks(range(3), ["no prompt", "prompt", "guidance"])
axes.set_xticks(range(0, T, 2))
axes.set(xlabel="step", title="Weights that the search finds")
figure3.colorbar(shown, ax=axes)

# %%
# What each way to save is worth
# ------------------------------
# Fewer steps of guidance; a fixed stop after so many steps; Adaptive Guidance at thresholds that take as many
# evaluations on average; and LinearAG, which guesses every second unconditional answer from those before it. On the
# planted bed a stop saves a quarter for nothing, the adaptive one a little more. On the digits the fixed stop is the
# better one for most of the way, and LinearAG, whose fit is as good there, diverges: it builds on its own guesses.


def error_at(name, policy, betas=()):
    """Error of a policy on one of the beds."""
    x, c, u = beds[name]
    ab = ag.schedule(len(policy), like=LIKE)
    found = ag.follow(x, ab, c.eps, u.eps, policy, s=S, betas=betas).x
    return models.error(found, paths[name].x, without[name])


without = {name: ag.follow(x, levels, c.eps, u.eps, ag.front_loaded(T, 0), s=S).x for name, (x, c, u) in beds.items()}
others = {
    "planted": (bed, stream(3, "tutorial-adaptive_guidance", "paths")),
    "digits": (digits, stream(4, "tutorial-adaptive_guidance", "paths")),
}
figure4, panels = plt.subplots(1, 2, figsize=(11, 4.6), layout="constrained")
for axes, name in zip(panels, beds, strict=True):
    x, c, u = beds[name]
    fewer = range(11, 20)
    axes.semilogy(
        [2 * k for k in fewer], [error_at(name, ag.front_loaded(k, k)) for k in fewer], "o-", color=GRAY, ms=3,
        label="fewer steps",
    )  # fmt: skip
    stops = range(1, 14)
    axes.semilogy(
        [T + m for m in stops], [error_at(name, ag.front_loaded(T, m)) for m in stops], "s-", color=BLUE, ms=3,
        label="fixed stop",
    )  # fmt: skip
    found = [
        ag.sample(x, levels, c.eps, u.eps, s=S, gamma_bar=ag.calibrate(cosines[name], nfe))
        for nfe in np.arange(21.5, 33.5)
    ]
    axes.semilogy(
        [state.nfe.mean() for state in found], [models.error(state.x, paths[name].x, without[name]) for state in found],
        "^-", color=ORANGE, ms=4, label="Adaptive Guidance",
    )  # fmt: skip
    y, classes, _ = models.starts(others[name][1], 150, others[name][0])
    pair = models.denoisers(others[name][0], classes)
    learned = ag.record(y, levels, pair[0].eps, pair[1].eps, s=S)
    betas = [ag.fit_linear(learned.E_c, learned.E_u, k).beta for k in range(T // 2)]
    axes.semilogy([25], [error_at(name, ag.alternating(T, "lin"), betas)], "*", color=GREEN, ms=12, label="LinearAG")
    axes.set(xlabel="evaluations for each sample", xlim=(20, 39), title=name)
    axes.set_ylim(bottom=1e-8)
panels[0].set_ylabel("error to 20 guided steps")
panels[0].legend(frameon=False)
figure4.suptitle("Guidance is a decision made early; whether a cosine can tell when depends on the data")

# %%
# Once the class is certain, guidance costs and does nothing: so stop it. To stop all samples at one step, chosen once
# by a look at the error, is a fair rival of any threshold.

if __name__ == "__main__":
    finish("adaptive_guidance")
