"""
The gallery: the same data under all four systems
=================================================

Two data sets that everybody knows, two moons and handwritten digits, and what each system of the chapter does with
them. Two pictures of one kind: a row for each system, three ways to take it. Nothing was chosen for its looks: the
samples are the first ones of their random streams, and above each panel stand the evaluations of the network for one
sample, and the energy distance of the samples from data that no system has seen (estimated without bias: between equal
laws it may come out a little below 0). It takes half a minute.

Which one to take: :doc:`/generative/index`. Run it with
``.venv/bin/python tutorials/generative/generative_gallery.py``.
"""

from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np
from scipy.spatial.distance import cdist

from refimpl.core import tree
from refimpl.core.autodiff import grad
from refimpl.core.figures import finish
from refimpl.core.loop import iterate
from refimpl.core.random import stream
from refimpl.generative import _score_estimation_baselines as baselines
from refimpl.generative import adaptive_guidance, diffusion, interpolants, score_estimation
from refimpl.models import mlp
from refimpl.optimizers import adamw
from refimpl.problems.digits import digits

ORANGE, BLUE, GREEN, GRAY = "#D55E00", "#0072B2", "#009E73", "0.7"  # told apart with any color vision
SEED, LIKE = 0, np.zeros(1, dtype=np.float32)
FIRST, LAST = 0.02, 6.0  # times of the diffusion

# sphinx_gallery_thumbnail_number = 2

# %%
# The data
# --------
# Each set has a part to learn from, a part to compare with, a label for each sample, and a second law for those systems
# that can start from one: a ring for the moons, and for the digits the same images with their rows as columns.


class Data(NamedTuple):
    """What all four systems get."""

    name: str
    x: np.ndarray  # [n, d] to learn from
    label: np.ndarray  # [n]
    new: np.ndarray  # [k, d] to compare with
    other: np.ndarray  # [n, d] where interpolants start
    wanted: np.ndarray  # [m] a label for each sample that is drawn
    width: int  # of the networks
    steps: int  # of their training


def draws(name, purpose):
    """A stream of its own for each purpose."""
    return stream(SEED, "tutorial-generative_gallery", name, purpose)


def moons(rng, n):
    """Two half circles with a little noise, and whose is whose."""
    label, angle = np.arange(n) % 2, np.pi * rng.random(n)
    upper = np.stack([np.cos(angle) - 0.5, np.sin(angle) - 0.25], axis=1)
    x = np.where(label[:, None] == 0, upper, -upper) + 0.1 * rng.standard_normal((n, 2))
    return (1.3 * x).astype(np.float32), label


def in_the_plane(name):
    """Two moons, and a ring around them."""
    (x, label), (new, _) = moons(draws(name, "data"), 1500), moons(draws(name, "new"), 2000)
    rng = draws(name, "other")
    angle = 2 * np.pi * rng.random(1500)
    ring = 2.2 * np.stack([np.cos(angle), np.sin(angle)], axis=1) + 0.1 * rng.standard_normal((1500, 2))
    return Data(name, x, label, new, ring.astype(np.float32), np.arange(400) % 2, width=64, steps=3000)


def images(name):
    """The digits, from -1, white, to 1, black."""
    (ink, label), (new, _) = (digits(like=LIKE, part=part) for part in ("train", "test"))
    order, other = (draws(name, purpose).permutation(len(ink)) for purpose in ("data", "other"))
    x = 2 * ink - 1
    turned = x[other].reshape(-1, 8, 8).swapaxes(1, 2).reshape(-1, 64)
    return Data(name, x[order], label[order], 2 * new - 1, turned, np.arange(200) % 10, width=192, steps=800)


# %%
# What is learned
# ---------------
# *Diffusion and adaptive guidance share a network.* It is asked for the clean sample, and is told the label or, one
# time in five, none; so it has the score with and without a label. *Interpolants* have a network for the velocity and
# the noise between the other law and the data, in independent pairs. Both train for as many steps of Adam. *Score
# estimation* has the kernel of an infinitely wide network of two layers, for which gradient descent is a formula. The
# networks are as large and train as long as half a minute allows; more training would make most panels better.


def fit(loss, params, steps, name):
    """Adam, with a step size that falls to 0."""

    def step(state, k):
        flat, moments = state
        slope = tree.ravel(grad(loss)(unravel(flat)))[0]
        return adamw.adam(flat, moments, slope, lr=2e-3 * (1 - (k - 1) / steps))

    flat, unravel = tree.ravel(params)
    return unravel(iterate(step, (flat, adamw.init(flat)), steps=steps, progress=name).state[0])


def waves(place):
    """Features of a place in [0, 1]."""
    return np.stack([f(np.pi * k * place) for k in (1, 2, 4) for f in (np.sin, np.cos)], axis=1).astype(np.float32)


def clean(params, x, t, label, classes):
    """What the network says of the clean sample at times [n]; the label -1 is none."""
    known = (label[:, None] == np.arange(classes)).astype(np.float32)
    place = np.log(t / FIRST) / np.log(LAST / FIRST)
    return mlp.apply(params, np.concatenate([x, waves(place), known], axis=1), activation="relu")


def learn_denoiser(rng, data):
    """The clean sample from a noisy one, by the loss of denoising score matching."""
    d, classes = data.x.shape[1], data.label.max() + 1
    start = mlp.init(rng, (d + 6 + classes, data.width, data.width, d), like=LIKE, scheme="he")

    def loss(params):
        rows = rng.integers(0, len(data.x), 192)
        t = (FIRST * (LAST / FIRST) ** rng.random(192)).astype(np.float32)
        z = rng.standard_normal((192, d)).astype(np.float32)
        x = diffusion.forward(data.x[rows], t, z)
        label = diffusion.drop_labels(data.label[rows], rng.random(192), p_drop=0.2, null=-1)
        return diffusion.dsm_loss(score_of(clean(params, x, t, label, classes), x, t), t, z).loss

    params = fit(loss, start, data.steps, f"{data.name}: denoiser")
    return lambda x, t, label: clean(params, x, np.full(len(x), t, dtype=np.float32), label, classes)


def score_of(clean, x, t):
    """The score, given the mean of the clean sample."""
    h = -np.expm1(-t)[:, None]
    return (np.exp(-t / 2)[:, None] * clean - x) / h


def learn_fields(rng, data):
    """Fields of the straight path from the other law to the data: the velocity is made of two that are bounded."""
    d, n = data.x.shape[1], 128
    start = mlp.init(rng, (d + 6, data.width, data.width, 2 * d), like=LIKE, scheme="he")

    def told(params, t, x):
        found = mlp.apply(params, np.concatenate([x, waves(t)], axis=1), activation="relu")
        return {"v": found[:, :d], "eta": found[:, d:]}

    def loss(params):
        x0, x1 = (law[rng.integers(0, len(law), n)] for law in (data.other, data.x))
        t, z = rng.random(n).astype(np.float32), rng.standard_normal((n, d)).astype(np.float32)
        found = told(params, t, interpolants.interpolate(x0, x1, z, interpolants.schedule(t)).x)
        return sum(interpolants.loss(which, lambda t, x, which=which: found[which], x0, x1, z, t) for which in found)

    params = fit(loss, start, data.steps, f"{data.name}: interpolant")

    def fields(t, x):
        found, c = told(params, np.full(len(x), t, dtype=np.float32), x), interpolants.schedule(np.asarray(t))
        s = interpolants.score(found["eta"], c)
        return interpolants.Fields(interpolants.velocity(found["v"], s, c), s)

    return fields


# %%
# What each system does with them
# -------------------------------
# As many samples for all. Diffusion and score estimation start from the same noise and DDIM takes the same way, so that
# they differ in the score alone; adaptive guidance starts from this noise too. Its threshold comes from the cosines of
# the first half of the samples, for three quarters of the evaluations.


class Panel(NamedTuple):
    """A way to take a system."""

    title: str
    evaluations: float | None  # of the network for one sample; None for data
    x: np.ndarray


def by_diffusion(rng, denoiser, start):
    """DDIM in few and in more steps, and DDPM."""
    nothing = np.full(len(start), -1)

    def score(x, t):
        return score_of(denoiser(x, t, nothing), x, np.full(len(x), t, dtype=np.float32))

    for name, kind, N in (("DDIM", "ddim", 10), ("DDIM", "ddim", 20), ("DDPM", "ddpm_small", 40)):
        run = diffusion.sample(score, start, diffusion.grid(LAST, FIRST, N), rng, kind=kind, denoise=True)
        yield Panel(name, N + 1, run.state)


def by_score_estimation(rng, data, start):
    """Kernel gradient descent, stopped by the rule of the theory, by held-out labels, and not at all."""
    x, T0 = data.x[:1000], 0.1  # of each evaluation each costs a product
    D = float(np.linalg.norm(x, axis=1).max())
    t, zeta = rng.uniform(T0, LAST, len(x)).astype(np.float32), rng.standard_normal(x.shape)
    Z, Y, _ = score_estimation.training_pairs(x, t, zeta.astype(np.float32), T0=T0)
    K = score_estimation.tangent_kernel(Z, Z)
    found = score_estimation.spectrum(K, Y)
    eta, taus = float(1 / found.values[-1]), [round(10 ** (i / 6)) for i in range(43)]
    filters = [lambda values, tau=tau: score_estimation.spectral_filter(values, eta=eta, tau=tau) for tau in taus]
    held = baselines.hold_out(K, Y, filters, D=D)
    rule = score_estimation.stopping_time(found.values, eta=eta, sigma=held.sigma)
    for name, tau in (("the rule", rule), ("hold-out", taus[held.chosen]), ("the end", taus[-1])):
        filtered = score_estimation.spectral_filter(found.values, eta=eta, tau=tau)

        def score(x, t, filtered=filtered):
            t = np.full(len(x), t, dtype=np.float32)
            z = score_estimation.network_input(x, t, T0=T0)
            f = score_estimation.predict(found, score_estimation.tangent_kernel(z, Z), filtered)
            return score_estimation.score(f, t, x, D=D)

        run = diffusion.sample(score, start, diffusion.grid(LAST, T0, 20), kind="ddim", denoise=True)
        yield Panel(f"{name}, {f'{tau:,}' if tau < 1e6 else f'$10^{{{np.log10(tau):.0f}}}$'} steps", 21, run.state)


def by_interpolants(rng, fields, start):
    """From the other law, by the ODE in few and in more steps, and by an SDE."""
    at = lambda N: (0.5 - 0.498 * np.cos(np.pi * np.arange(N + 1) / N)).astype(np.float32)  # closer at both ends
    for N in (3, 10):
        yield Panel("ODE", 4 * N, interpolants.sample(fields, start, at(N), kind="rk4").state)
    times, noise = at(40), rng.standard_normal((40, *start.shape)).astype(np.float32)
    epsilon = 2 * times[:-1] * (1 - times[:-1])
    run = interpolants.sample(fields, start, times, kind="em", epsilon=epsilon, noise=noise)
    yield Panel("SDE", 40, run.state)


def by_guidance(wanted, denoiser, start):
    """Labels without guidance, with all of it, and with as much of it as three quarters of the evaluations pay."""

    def eps(label):
        def predict(x, ab, rows):
            return (x - ab**0.5 * denoiser(x, -np.log(ab), label[rows])) / (1 - ab) ** 0.5

        return predict

    T, s, n = 20, 3.0, len(wanted)
    levels, both = adaptive_guidance.schedule(T, like=LIKE), (eps(wanted), eps(np.full(n, -1)))
    plain = adaptive_guidance.follow(start, levels, *both, adaptive_guidance.front_loaded(T, 0), s=s)
    said = adaptive_guidance.record(start, levels, *both, s=s)
    cosines = np.stack([adaptive_guidance.cosine(c, u) for c, u in zip(said.E_c, said.E_u, strict=True)])
    threshold = adaptive_guidance.calibrate(cosines[:, : n // 2], 1.5 * T)
    adaptive = adaptive_guidance.sample(start, levels, *both, s=s, gamma_bar=threshold)
    yield Panel("labels, unguided", plain.nfe, plain.x)
    yield Panel(f"guided, s = {s:g}", 2 * T, said.x)
    yield Panel("adaptive", float(adaptive.nfe.mean()), adaptive.x)


def gallery(data):
    """The rows of a picture."""
    of = lambda purpose: draws(data.name, purpose)
    denoiser, fields = learn_denoiser(of("denoiser"), data), learn_fields(of("fields"), data)
    m = len(data.wanted)
    start, other = of("start").standard_normal((m, data.x.shape[1])).astype(np.float32), data.other[:m]
    return {
        "data": [
            Panel("data to learn from", None, data.x[:m]),
            Panel("new data", None, data.new[:m]),
            Panel("where interpolants start", None, other),
        ],
        "diffusion": by_diffusion(of("ddpm"), denoiser, start),
        "score_estimation": by_score_estimation(of("pairs"), data, start),
        "interpolants": by_interpolants(of("sde"), fields, other),
        "adaptive_guidance": by_guidance(data.wanted, denoiser, start),
    }


def energy_distance(x, y):
    """Between two laws, from samples of them."""
    own = lambda a: cdist(a, a).sum() / (len(a) * (len(a) - 1))  # a point is no pair with itself
    return 2 * cdist(x, y).mean() - own(x) - own(y)


def picture(data, show):
    """A row of panels for the data and for each system."""
    rows = gallery(data)
    figure, places = plt.subplots(5, 3, figsize=(7.2, 12), layout="constrained")
    for axes, (name, row) in zip(places, rows.items(), strict=True):
        axes[0].set_ylabel(name)
        for one, panel in zip(axes, row, strict=True):
            told = "" if panel.evaluations is None else f"{panel.evaluations:.3g} evaluations, "
            told += f"distance {round(energy_distance(panel.x, data.new), 3) + 0.0:.3f}"
            one.set_title(f"{panel.title}\n{told if panel.title != 'new data' else 'to compare with'}", fontsize=9)
            one.set(xticks=[], yticks=[])
            show(one, panel.x, name)
    figure.suptitle(f"{data.name}: {len(data.wanted)} samples in each panel, seed {SEED}")


# %%
# In the plane
# ------------
# Gray are the new data. With labels, the color is the label that was asked for.
#
# The score that was stopped by the rule pulls all samples to the middle; the later it was stopped, the nearer are the
# samples. Between the moons, where no data are, each network leaves some. The ODE and the SDE of interpolants share
# their fields, and take a ring to the moons in 40 evaluations; the SDE is a little nearer here, with more strays.
# Guidance moves samples away from the other label, and so away from the law; adaptive guidance moves them less.

MOONS = in_the_plane("two moons")


def points(axes, x, row):
    """Samples over new data."""
    axes.scatter(*MOONS.new.T, s=1, c=GRAY)
    axes.scatter(*x.T, s=2, c=np.where(MOONS.wanted, ORANGE, BLUE) if row == "adaptive_guidance" else GREEN)
    axes.set(xlim=(-2.7, 2.7), ylim=(-2.7, 2.7), aspect="equal")


picture(MOONS, points)

# %%
# Digits
# ------
# The first twenty of each. With labels, 0 to 9 and once more were asked for.
#
# Guided samples are clearer than unguided ones, but hardly nearer to the law, if at all; those of adaptive guidance are
# nearer to it than guided ones, with a quarter fewer evaluations. A distance is not all: the SDE's images are the
# nearest without labels and full of specks, and those of the kernel that was trained to the end are clean.

DIGITS = images("digits")


def sheet(axes, x, row):
    """Twenty images in a sheet."""
    padded = np.pad(x[:20].reshape(4, 5, 8, 8), ((0, 0), (0, 0), (1, 1), (1, 1)), constant_values=-1)
    axes.imshow(padded.swapaxes(1, 2).reshape(40, 50), cmap="gray_r", vmin=-1, vmax=1)


picture(DIGITS, sheet)

# %%
# One seed and small networks show what each system does, not which is best: for that see the claims on its page.

if __name__ == "__main__":
    finish("generative_gallery")
