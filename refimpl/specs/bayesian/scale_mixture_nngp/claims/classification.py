"""Digits, clean and corrupted. C6."""

from functools import partial

import numpy as np

from refimpl.bayesian import _scale_mixture_nngp_baselines as baselines
from refimpl.bayesian import _scale_mixture_nngp_fits as fits
from refimpl.bayesian import scale_mixture_nngp as mixture
from refimpl.core.random import stream
from refimpl.models import wide
from refimpl.optimizers import adamw
from refimpl.problems.digits import digits
from refimpl.specs.base import Claim, Outcome, at_least, at_most, reported
from refimpl.specs.bayesian.scale_mixture_nngp.claims.networks import GREY, ORANGE

CLASSES, TRAIN, INDUCING, STEPS = 4, 120, 32, 800
ADAM = (adamw.init, partial(adamw.update, lr=3e-2, weight_decay=0.0))
SETS = ("clean", "noise", "shift", "inverted")


def corrupted(images, rng):
    """Test images, and three kinds of others."""
    pixels = images.reshape(-1, 8, 8)
    return {
        "clean": images,
        "noise": images + 0.5 * rng.standard_normal(images.shape),
        "shift": np.roll(pixels, 2, axis=2).reshape(-1, 64),
        "inverted": 1 - images,
    }


def robust(seed):
    """A random scale against a trained one."""
    rng = stream(seed, "scale_mixture_nngp.C6")
    images, labels = digits(like=np.zeros(1))
    images, labels = images[labels < CLASSES], labels[labels < CLASSES]
    order = rng.permutation(len(images))
    train, test = order[:TRAIN], order[TRAIN:]
    inducing = np.concatenate([train[labels[train] == c][: INDUCING // CLASSES] for c in range(CLASSES)])
    options = {"depth": 2, "weight_variance": 2.0, "bias_variance": 0.1, "activation": "relu"}
    Z, n = images[inducing], len(train)
    K_uu = wide.kernels(Z, None, **options).hidden

    def at(x):
        diagonal = np.array([wide.kernels(row[None, :], None, **options).hidden[0, 0] for row in x])
        return mixture.project(K_uu, wide.kernels(x, Z, **options).hidden, diagonal, eps=1e-4)

    law, onehot = mixture.InverseGamma(2.0, 2.0), np.eye(CLASSES)[labels[train]]
    begin, known = fits.start(CLASSES, len(Z), law=law, like=Z), at(images[train])
    sets = {name: at(x) for name, x in corrupted(images[test], rng).items()}
    each, trained = {}, {}
    for model, bound, predict in (
        ("GP", partial(baselines.elbo, n=n), baselines.class_probabilities),
        ("t process", partial(mixture.elbo, law=law, n=n), mixture.class_probabilities),
    ):
        own = stream(seed, "scale_mixture_nngp.C6", "fit")
        trained[model] = q = fits.fit(
            begin, known, onehot, bound=bound, optimizer=ADAM, steps=STEPS, rng=own, draws=20
        ).state
        for name, there in sets.items():
            noise, u = own.standard_normal((200, len(test), CLASSES)), np.clip(own.random(200), 1e-9, 1 - 1e-9)
            p = predict(q, there, noise, u)[np.arange(len(test)), labels[test]]
            each[model, name] = -np.log(np.maximum(p, 1e-12))
    nll = {key: float(np.mean(values)) for key, values in each.items()}
    gains = {name: nll["GP", name] - nll["t process", name] for name in SETS}

    def plot(figure):
        axes = figure.subplots()
        for i, name in enumerate(SETS):
            apart = each["GP", name] - each["t process", name]
            error = apart.std(ddof=1) / len(apart) ** 0.5
            axes.errorbar(i, apart.mean(), error, fmt="o", color=ORANGE, capsize=4, markersize=8)
        axes.axhline(0, color=GREY, linewidth=0.8)
        axes.set_xlim(-0.6, 3.6)
        axes.set_xticks(range(4), [f"{name}\nGP: {nll['GP', name]:.2f}" for name in SETS])
        axes.set(ylabel="gain in log probability, nats", title="Four digits: gain of a random scale over a trained one")

    return Outcome(
        [
            at_least("smallest gain on three kinds of corrupted images", min(gains[name] for name in SETS[1:]), 0.0),
            at_least("gain on clean images", gains["clean"], 0.0),
            at_most("largest difference", max(map(abs, gains.values())), 0.06),
            *(reported(f"{model}, {name}", nll[model, name]) for name in SETS for model in ("GP", "t process")),
            reported("shape of q(s)", trained["t process"].a),
        ],
        plot,
    )


CLAIMS = (
    Claim(
        "scale_mixture_nngp.C6",
        "A random scale is more robust to corrupted images; classification",
        "Abstract, classification",
        robust,
        tier="full",
        kind="superiority",
        control="the sparse variational Gaussian process with the same kernel, inducing inputs, steps and draws, whose "
        "scale is trained: differences are small, and of either sign",
        showed="as good",
        proxy="four classes of 8 x 8 digits and a kernel of dense layers in place of image sets and convolutional ones",
    ),
)
