"""Networks on digits: parity (C6), and what the friction is there (C7)."""

import math
from collections.abc import Callable
from functools import partial

import numpy as np

from refimpl.core.arrays import array_namespace
from refimpl.core.autodiff import grad
from refimpl.core.random import stream
from refimpl.models import losses
from refimpl.optimizers import adamw, diffgrad
from refimpl.optimizers._baselines import momentum_init, sgd
from refimpl.problems.digits import digits
from refimpl.specs.base import Outcome, at_least, at_most, reported
from refimpl.specs.optimizers.diffgrad.claims.looks import FRICTIONS, HALF, LOOKS

# C6: digits -----------------------------------------------------------------------------------------------------------

ACTIVATIONS = {
    "ReLU": lambda x: array_namespace(x).maximum(x, 0.0),
    "tanh": lambda x: array_namespace(x).tanh(x),
    "ELU": lambda x: array_namespace(x).maximum(x, 0.0) + _below(x),
    "leaky ReLU": lambda x: array_namespace(x).maximum(x, 0.01 * x),
}
METHODS: dict[str, tuple[Callable, Callable, tuple[float, ...]]] = {
    "diffGrad": (diffgrad.init, diffgrad.update, (0.003, 0.01, 0.03)),
    "Adam": (adamw.init, partial(adamw.update, weight_decay=0.0), (0.003, 0.01, 0.03)),
    "SGD": (momentum_init, sgd, (0.03, 0.1, 0.3)),
}
SHAPES = ((64, 32), (32,), (32, 10), (10,))


def _below(x):
    """exp(min(x, 0)) - 1."""
    xp = array_namespace(x)
    return xp.exp(xp.minimum(x, 0.0)) - 1.0


def start_weights(rng):
    """Weights [2410] of variance 2 / fan-in, 1 / fan-in in the last layer; biases 0."""
    W1, W2 = rng.normal(0, (2 / 64) ** 0.5, (64, 32)), rng.normal(0, (1 / 32) ** 0.5, (32, 10))
    return np.concatenate([W1.ravel(), np.zeros(32), W2.ravel(), np.zeros(10)])


def networks(weights, x, activation):
    """Outputs [..., n, 10] of many networks at once, weights [..., 2410]."""
    xp, parts, start = array_namespace(weights), [], 0
    for shape in SHAPES:
        size = math.prod(shape)
        parts.append(xp.reshape(weights[..., start : start + size], (*weights.shape[:-1], *shape)))
        start += size
    W1, b1, W2, b2 = parts
    return ACTIVATIONS[activation](x @ W1 + b1[..., None, :]) @ W2 + b2[..., None, :]


def _total_loss(weights, x, labels, activation):
    """Sum over all networks of their mean loss: its gradient is the gradient of each."""
    logits = networks(weights, x, activation)
    count = math.prod(logits.shape[:-2])
    every = np.broadcast_to(labels, logits.shape[:-1]).reshape(-1)
    return count * losses.softmax_cross_entropy(array_namespace(weights).reshape(logits, (-1, 10)), every)


def train_digits(seed, seeds=4, epochs=30, batch=32):
    """Test accuracy [activation, seed] of each method and learning rate, all networks trained side by side."""
    images, labels = digits(like=np.zeros(1))
    orders = [stream(seed, "diffgrad.C6", "split", s).permutation(len(labels)) for s in range(seeds)]
    train, test = np.stack([o[:1400] for o in orders]), np.stack([o[1400:] for o in orders])
    runs = [(name, lr) for name, (_, _, rates) in METHODS.items() for lr in rates]
    starts = np.stack([start_weights(stream(seed, "diffgrad.C6", "start", s)) for s in range(seeds)])
    weights = {run: np.stack([starts] * len(ACTIVATIONS)) for run in runs}  # [activation, seed, 2410]
    states = {run: METHODS[run[0]][0](w) for run, w in weights.items()}
    shuffles = [stream(seed, "diffgrad.C6", "batches", s) for s in range(seeds)]
    gradient = grad(_total_loss)
    for _ in range(epochs):
        order = np.stack([t[r.permutation(1400)] for t, r in zip(train, shuffles, strict=True)])
        for k in range(0, 1400, batch):
            chosen = order[:, k : k + batch]
            x, y = images[chosen], labels[chosen]
            stacked = np.stack(list(weights.values()))  # [run, activation, seed, 2410]
            slopes = np.stack([gradient(stacked[:, i], x, y, a) for i, a in enumerate(ACTIVATIONS)], axis=1)
            for run, g in zip(runs, slopes, strict=True):
                weights[run], states[run] = METHODS[run[0]][1](weights[run], states[run], g, lr=run[1])
    found = {}
    for run, w in weights.items():
        logits = np.stack([networks(w[i], images[test], a) for i, a in enumerate(ACTIVATIONS)])
        found[run] = np.mean(np.argmax(logits, axis=-1) == labels[test], axis=-1)
    return found


def parity(seed):
    """Test accuracy with each method's best learning rate, for four activations."""
    found = train_digits(seed)
    best = {}
    for name in METHODS:
        lr = max((lr for run, lr in found if run == name), key=lambda lr: np.mean(found[name, lr]))
        best[name] = lr, np.mean(found[name, lr], axis=1), np.std(found[name, lr], axis=1)
    mean = {name: accuracy for name, (_, accuracy, _) in best.items()}
    gap = np.min(mean["diffGrad"] - np.maximum(mean["Adam"], mean["SGD"]))

    def plot(figure):
        axes = figure.subplots()
        for i, (name, (lr, accuracy, spread)) in enumerate(best.items()):
            place = np.arange(len(ACTIVATIONS)) + 0.15 * (i - 1)
            axes.errorbar(
                place, accuracy, spread, linestyle="none", capsize=3, **LOOKS[name], label=f"{name}, lr {lr:g}"
            )
        axes.set_xticks(range(len(ACTIVATIONS)), list(ACTIVATIONS))
        axes.set(xlabel="activation", ylabel="test accuracy (mean and s.d. of 4 splits)")
        axes.margins(y=0.2)
        axes.set_title("30 epochs of digits, the best of three rates each: they cannot be told apart")
        axes.legend(loc="lower center", ncols=3)

    return Outcome(
        [
            at_least("diffGrad minus best other, worst activation", gap, -0.02),
            at_most("diffGrad: spread over activations", np.ptp(mean["diffGrad"]), 0.015),
            *(reported(f"{name}: spread over activations", np.ptp(mean[name])) for name in ("Adam", "SGD")),
            *(reported(f"mean test accuracy of {name}, lr {best[name][0]:g}", np.mean(mean[name])) for name in METHODS),
        ],
        plot,
        note="Parity, not superiority: one test image is 0.0025, and differences below 0.01 mean nothing.",
    )


# C7: what the friction is on a network --------------------------------------------------------------------------------


def half_adam(seed, steps=400, batch=32, lr=0.01):
    """A network trained with diffGrad, with Adam, and with Adam at half the rate, on the same batches."""
    images, labels = digits(like=np.zeros(1), part="train")
    start = start_weights(stream(seed, "diffgrad.C7", "start"))
    gradient = grad(_total_loss)
    ends, losses_of, seen = {}, {}, []
    for name, rate, xi in (
        ("diffGrad", lr, diffgrad.friction),
        (HALF, lr / 2, FRICTIONS["Adam"]),
        ("Adam", lr, FRICTIONS["Adam"]),
    ):
        weights, state, batches = start, diffgrad.init(start), stream(seed, "diffgrad.C7", "batches")
        curve = [_total_loss(weights, images, labels, "ReLU")]
        for k in range(1, steps + 1):
            chosen = batches.integers(0, len(labels), batch)
            g = gradient(weights, images[chosen], labels[chosen], "ReLU")
            before = state
            weights, state = diffgrad.update(weights, state, g, lr=rate, friction=xi)
            if name == "diffGrad":
                seen.append(diffgrad.friction(before.previous - state.previous))
            if k % 20 == 0:
                curve.append(_total_loss(weights, images, labels, "ReLU"))
        ends[name], losses_of[name] = weights, np.array(curve)
    apart = np.linalg.norm(ends["diffGrad"] - ends[HALF]) / np.linalg.norm(ends["Adam"] - ends[HALF])

    def plot(figure):
        left, right = figure.subplots(1, 2)
        left.hist(np.ravel(seen), bins=np.linspace(0.5, 1, 101), color=LOOKS["diffGrad"]["color"])
        left.set(yscale="log", xlabel="friction (bins of 0.005)", ylabel="coordinates and steps")
        left.set_title("The friction stays at 1/2")
        for name, curve in losses_of.items():
            hollow = {"linestyle": "none", "fillstyle": "none", "markersize": 8 if name == "diffGrad" else 5}
            right.plot(20 * np.arange(len(curve)), curve, **LOOKS[name], **hollow, label=name)
        right.set(yscale="log", xlabel=f"step (batches of {batch})", ylabel="loss on the training images (nats)")
        right.set_title("diffGrad is Adam at half the rate")
        right.legend()

    return Outcome(
        [
            at_most("friction that 99% of coordinates and steps stay below", np.quantile(seen, 0.99), 0.55),
            at_most("its end from that of Adam at half the rate, over Adam's from there", apart, 0.2),
            *(reported(f"training loss of {name}", losses_of[name][-1]) for name in ends),
        ],
        plot,
        note="Gradients of a mean loss are far below 1 in each coordinate, and so are their changes. A comparison with "
        "Adam at the same rate is then one of two learning rates.",
    )
