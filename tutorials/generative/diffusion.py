"""
Diffusion models: noise into data, labels and rewards
=====================================================

One kind of field, the score, serves sampling, conditioning and optimisation. Four pictures: points that dissolve and
come back, digits by a small network and every sampler, guidance by its strength, and designs for a reward that is asked
for.

The derivation: :doc:`/generative/diffusion`. Run it with ``.venv/bin/python tutorials/generative/diffusion.py``.
"""

import matplotlib.pyplot as plt
import numpy as np

from refimpl.core import tree
from refimpl.core.autodiff import grad
from refimpl.core.figures import finish
from refimpl.core.loop import iterate
from refimpl.core.random import stream
from refimpl.generative import _diffusion_models as models
from refimpl.generative import diffusion
from refimpl.models import mixture as mixtures
from refimpl.models import mlp
from refimpl.models.mixture import Mixture
from refimpl.optimizers import adamw
from refimpl.problems.diabetes import diabetes
from refimpl.problems.digits import digits
from refimpl.specs.generative.diffusion.claims import rewards, samplers
from refimpl.specs.generative.diffusion.claims._forest import forest

ORANGE, BLUE, GREEN, PINK, GRAY = "#D55E00", "#0072B2", "#009E73", "#CC79A7", "0.45"  # told apart with any color vision

# sphinx_gallery_thumbnail_number = 2

# %%
# Forward and backward
# --------------------
# Two rings, as 60 small Gaussians: their score is known at each time. Above the forward process, below the probability
# flow, backwards from pure noise, with the score as arrows. Late it points to the middle, early to the rings.

angles = 2 * np.pi * np.arange(30) / 30
ring = np.stack([np.cos(angles), np.sin(angles)], axis=1)
RINGS = Mixture(np.full(60, 1 / 60), np.concatenate([2.4 * ring, 1.1 * ring]), np.full(60, 0.01))
rng = stream(0, "tutorial-diffusion")
data = mixtures.sample(rng, 1500, RINGS)[0]
ring_score = lambda x, t: models.mixture_score(x, t, RINGS)
stops = (4.0, 1.0, 0.3, 0.01)

figure1, panels = plt.subplots(2, 4, figsize=(11, 5.8), layout="constrained", sharex=True, sharey=True)
lattice = np.stack(np.meshgrid(np.linspace(-3, 3, 13), np.linspace(-3, 3, 13)), axis=-1).reshape(-1, 2)
x, before = rng.standard_normal((1500, 2)), 8.0
for axes, below, late, t in zip(panels[0], panels[1], stops[::-1], stops, strict=True):
    noisy = diffusion.forward(data, np.full(1500, late), rng.standard_normal((1500, 2)))
    axes.plot(*noisy.T, ".", color=BLUE, markersize=1.5)
    axes.set(title=f"forward, t = {late:g}", aspect="equal", xlim=(-3.4, 3.4), ylim=(-3.4, 3.4))
    x = diffusion.sample(ring_score, x, diffusion.grid(before, t, 20), kind="heun").state
    before = t
    arrows = ring_score(lattice, t)
    lengths = np.linalg.norm(arrows, axis=1, keepdims=True)
    below.quiver(*lattice.T, *(arrows / lengths * np.minimum(lengths, 3.0)).T, color=GRAY, scale=45, width=0.005)
    below.plot(*x.T, ".", color=ORANGE, markersize=1.5)
    below.set(title=f"backward, t = {t:g}", aspect="equal")

# %%
# A network for digits
# --------------------
# The network is asked for the clean image, and the score is made of that: ``(alpha f(x, t) - x) / h``, the linear
# decoder's form with its skip connection. It is trained by denoising score matching, in a few seconds.

IMAGES = 2 * digits(like=np.zeros(1, dtype=np.float32))[0] - np.float32(1.0)
FIRST, LAST = np.float32(0.02), np.float32(6.0)


def features(t):
    """The logarithm of the time, in waves."""
    place = np.log(t / FIRST) / np.log(LAST / FIRST)
    return np.stack([f(np.pi * k * place) for k in (1, 2, 4) for f in (np.sin, np.cos)], axis=1).astype(np.float32)


def network_score(params, x, t):
    """By a time for each point."""
    h = -np.expm1(-t)[:, None]
    clean = mlp.apply(params, np.concatenate([x, features(t)], axis=1), activation="relu")
    return (np.exp(-t / 2)[:, None] * clean - x) / h


def train(steps, batch=192):
    """Adam on the denoising loss, weight h, with times in equal ratios."""
    draws = stream(0, "tutorial-diffusion", "network")
    start = mlp.init(draws, (70, 256, 256, 64), like=IMAGES, scheme="he")
    start = [*start[:-1], start[-1]._replace(W=0 * start[-1].W)]

    def step(state, k):
        flat, moments = state
        x0 = IMAGES[draws.integers(0, len(IMAGES), batch)]
        t = (FIRST * (LAST / FIRST) ** draws.uniform(size=batch)).astype(np.float32)
        z = draws.standard_normal(x0.shape).astype(np.float32)
        x = diffusion.forward(x0, t, z)
        slope = grad(lambda p: diffusion.dsm_loss(network_score(p, x, t), t, z).loss)(unravel(flat))
        return adamw.adam(flat, moments, tree.ravel(slope)[0], lr=2e-3 * (1 - (k - 1) / steps))

    flat, unravel = tree.ravel(start)
    return unravel(iterate(step, (flat, adamw.init(flat)), steps=steps, progress="score of digits").state[0])


trained = train(1500)
digit_score = lambda x, t: network_score(trained, x, np.full(len(x), t, dtype=np.float32))
noise = stream(0, "tutorial-diffusion", "digits").standard_normal((12, 64)).astype(np.float32)
sheets = {"data": IMAGES[:12]}
for name, (kind, eta, calls, _) in samplers.SAMPLERS.items():
    times = diffusion.grid(6.0, 0.02, 60 // calls)
    run = diffusion.sample(digit_score, noise, times, stream(0, "tutorial-diffusion", name), kind=kind, eta=eta,
                           denoise=True)  # fmt: skip
    sheets[name] = run.state

figure2, rows = plt.subplots(len(sheets), 1, figsize=(8, 6.2), layout="constrained")
for axes, (name, images) in zip(rows, sheets.items(), strict=True):
    strip = np.pad(images.reshape(-1, 8, 8), ((0, 0), (0, 0), (0, 1)), constant_values=-1)
    axes.imshow(np.concatenate(list(strip), axis=1), cmap="gray_r", vmin=-1, vmax=1)
    axes.set(xticks=[], yticks=[])
    axes.set_ylabel(name, rotation=0, ha="right", va="center")
    axes.spines[:].set_visible(False)
figure2.suptitle("One network, 60 scores a sample, every sampler; each column from one start")

# %%
# Guidance
# --------
# Two classes that overlap; the exact score guided to the one on the right. Confidence rises and spread falls, and the
# most confident of two or four plain samples makes the same trade.

figure3 = plt.figure(figsize=(10, 4.4), layout="constrained")
samplers.draw_trade(figure3, *samplers.trade(stream(0, "tutorial-diffusion", "guidance"), 0, count=3000, steps=150))
figure3.suptitle("Guidance buys confidence with diversity")

# %%
# A reward that is asked for
# --------------------------
# Left: Gaussian designs and a linear reward, planted. Right: patients for designs, a random forest for the reward, of
# which a linear estimate is made. Both with two controls that need no diffusion: a closed form, and the best 20 of the
# designs that are there. On the left the closed form does the same; on the right the true reward stops where the data
# stop, which the best 20 patients reach too.

figure4, (left, right) = plt.subplots(1, 2, figsize=(11, 4.6), layout="constrained")
rng, D, d = stream(0, "tutorial-diffusion", "planted"), 16, 4
A = rewards.plane(rng, D, d)
X = rng.standard_normal((600, d)) @ A.T
X = X + 0.2 * (lambda g: g - g @ A @ A.T)(rng.standard_normal((600, D)))
planted = lambda x: x @ A.sum(axis=1) / d**0.5
features_of, progression = diabetes(like=np.zeros(1))
order = stream(0, "tutorial-diffusion", "patients").permutation(len(features_of))
patients = features_of[order]
worth = forest(rng, features_of, progression, trees=100)
for axes, name, designs, labelled, reward in (
    (left, "planted: a linear reward", X, X[:200], planted),
    (right, "patients: a random forest", patients[100:], patients[:100], worth),
):
    y = reward(labelled) + 0.1 * rng.standard_normal(len(labelled))
    samples, theta = rewards.generated(rng, designs, labelled, y, rewards.TARGETS, 400)
    found = [reward(x).mean() for x in samples.values()]
    closed = [rng.multivariate_normal(*rewards.closed_form(designs, theta, a), 400) for a in rewards.TARGETS]
    form = [reward(x).mean() for x in closed]
    axes.plot(rewards.TARGETS, rewards.TARGETS, ":", color=GRAY, label="what is asked")
    axes.plot(rewards.TARGETS, found, "o-", color=ORANGE, label="diffusion")
    axes.plot(rewards.TARGETS, form, "x--", color=BLUE, label="closed form")
    axes.axhline(
        reward(designs[np.argsort(designs @ theta)[-20:]]).mean(), color=GREEN, ls="--", label="best 20 there are"
    )
    axes.set(title=name, xlabel="target", ylabel="true reward", ylim=(-0.5, 8.5))
left.legend(frameon=False)
figure4.suptitle("The reward follows the target as far as the estimate holds, and no closer than a closed form")

# %%
# So a score samples, follows labels and asks for rewards. Before training one, ask what a Gaussian, or a
# choice among the data, would do.

if __name__ == "__main__":
    finish("diffusion")
