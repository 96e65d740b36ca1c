"""Training against attacks (claim C6)."""

from functools import partial
from itertools import product
from typing import Any

import numpy as np

from refimpl.convex import _convex_relu_adversarial as adversarial
from refimpl.convex import _convex_relu_tools as tools
from refimpl.convex import convex_relu
from refimpl.core.random import stream
from refimpl.specs.base import Outcome, at_least, at_most, reported
from refimpl.specs.convex.convex_relu.claims.common import BLUE, GREEN, GREY, LIKE, ORANGE, accuracy

# C6: adversarial training -------------------------------------------------------------------------------------------


def _point_losses(network, X, y, loss):
    outputs = convex_relu.network_outputs(X, network)
    if loss == "squared":
        return (outputs - y) ** 2 / 2
    return np.maximum(1 - y * outputs, 0) if loss == "hinge" else np.logaddexp(0, -y * outputs)


def _attacked(network, X, y, epsilon, mask, loss, grid):
    """Largest loss of each point over the grid^(attacked features) points of its box."""
    sides = [np.linspace(-epsilon, epsilon, grid) if allowed else (0.0,) for allowed in mask]
    return np.max([_point_losses(network, X + np.array(shift), y, loss) for shift in product(*sides)], axis=0)


def _into_robust_cones(X, D, weights, epsilon, mask):
    """The nearest weights that keep every pattern in all corners of the boxes."""
    shifts = [np.array(signs) * epsilon for signs in product(*((-1, 1) if allowed else (0,) for allowed in mask))]
    corners, patterns = np.concatenate([X + shift for shift in shifts]), np.tile(D, (len(shifts), 1))
    return np.stack([tools.project_on_cones(corners, patterns, half) for half in weights])


LOSSES = ("hinge", "squared", "logistic")
STANDARD, ROBUST, CORNERS = "standard", "adversarial", "standard, on all corners"


def _xor_problem(seed, number, epsilon, mask, n=24, copies=2):
    """Points in four boxes, with the patterns of 25 neurons that see them and their shifted copies; the neurons."""
    X, y = tools.xor(stream(seed, "convex_relu.C6", number), n, like=LIKE)
    rng = stream(seed, "convex_relu.C6", number, "patterns")
    draws, shifts = rng.standard_normal((25, 3)), rng.standard_normal((25, copies, n, 3))
    return X, y, adversarial.robust_patterns(X, draws, shifts, epsilon=epsilon, mask=mask), draws


def _train(X, y, D, *, loss, epsilon, mask, beta=1e-3, steps=3000):
    """Weights of one of the programs, moved into their cones."""
    weights, _ = adversarial.adversarial(
        X, y, D, beta=beta, loss=loss, steps=steps, balance=100.0, epsilon=epsilon, mask=mask
    )
    return _into_robust_cones(X, D, weights, epsilon, mask)


def _waves(seed):
    """Attacked loss of a regression on a sine, after adversarial and after standard training."""
    line = np.linspace(-1.0, 1.0, 20)[:, None]
    X, y, mask = np.concatenate([line, np.ones((20, 1))], axis=1), np.sin(3 * line[:, 0]), np.array([1.0, 0.0])
    rng = stream(seed, "convex_relu.C6", "sine")
    draws, shifts = rng.standard_normal((25, 2)), rng.standard_normal((25, 2, 20, 2))
    D = adversarial.robust_patterns(X, draws, shifts, epsilon=0.03, mask=mask)
    losses = []
    for width in (0.03, 0.0):
        rates = {"beta": 1e-3, "steps": 6000, "balance": 30.0, "epsilon": width, "mask": mask}
        weights, _ = adversarial.adversarial(X, y, D, loss="squared", **rates)
        losses.append(np.sum(_attacked(convex_relu.recover(weights), X, y, 0.03, mask, "squared", 9)))
    return losses


def _plot(losses, wrong, radii, epsilon, figure):
    left, right = figure.subplots(1, 2)
    for place, (name, color) in enumerate(((STANDARD, ORANGE), (ROBUST, BLUE), (CORNERS, GREEN))):
        shown = [loss for loss in LOSSES if (loss, name) in losses]
        values = [np.maximum(losses[loss, name], 1e-5) for loss in shown]
        at = np.arange(len(shown)) + 0.25 * (place - 1)
        for x, each in zip(at, values, strict=True):
            left.semilogy(np.full(len(each), x), each, "o", color=color, alpha=0.5)
        left.semilogy(at, [np.median(each) for each in values], "_", color=color, markersize=14)
        right.plot(radii, np.mean(wrong[name], axis=0), color=color, label=name)
    left.set_xticks(range(3), LOSSES)
    left.set(ylabel="training loss under attack (cut at 1e-5)", xlabel="loss of the program")
    right.axvline(epsilon, color=GREY, linestyle=":", label="radius trained for")
    right.set(xlabel="radius of the attack", ylabel="test points misled (hinge; mean)", ylim=(-0.02, 1))
    right.legend(fontsize=9)


def adversarial_training(seed, epsilon=0.2, sets=5):
    """Standard and adversarial training of the same program, and standard training on the corners of each box."""
    mask, radii = np.array([1.0, 1.0, 0.0]), np.linspace(0.0, 1.0, 21)
    losses: dict[tuple[str, str], list[float]] = {(loss, name): [] for loss in LOSSES for name in (STANDARD, ROBUST)}
    losses |= {("hinge", CORNERS): []}
    wrong: dict[str, list[Any]] = {STANDARD: [], ROBUST: [], CORNERS: []}  # with the hinge: by the radius of the attack
    errors, excess, accuracies = [], [], []
    for number in range(sets):
        X, y, D, draws = _xor_problem(seed, number, epsilon, mask)
        test, labels = tools.xor(stream(seed, "convex_relu.C6", number, "test"), 400, like=LIKE)
        shifts = [np.array([a, b, 0.0]) for a in (-epsilon, epsilon) for b in (-epsilon, epsilon)]
        boxes, many = np.concatenate([X + shift for shift in shifts]), np.tile(y, 4)
        for loss, name in losses:
            if loss == "logistic" and number:  # slow: one data set
                continue
            data = (boxes, many, convex_relu.activation_patterns(boxes, draws)) if name == CORNERS else (X, y, D)
            attack = {"epsilon": epsilon if name == ROBUST else 0.0, "mask": mask}
            weights = _train(*data, loss=loss, steps=12_000 if loss == "logistic" else 3000, **attack)
            network = convex_relu.recover(weights)
            attacked = _attacked(network, X, y, epsilon, mask, loss, 9)
            total = np.sum if loss == "squared" else np.mean
            losses[loss, name].append(float(total(attacked)))
            if name == ROBUST:
                closed = adversarial.certified_losses(X, D, y, weights, loss=loss, **attack)
                errors.append(np.max(np.abs(_attacked(network, X, y, epsilon, mask, loss, 2) - closed)))
                excess.append(total(attacked) - total(closed))
                accuracies.append(accuracy(convex_relu.network_outputs(test, network), labels))
            if loss == "hinge":
                wrong[name].append(
                    [np.mean(_attacked(network, test, labels, radius, mask, loss, 5) >= 1) for radius in radii]
                )
    ratios = {loss: np.median(np.array(losses[loss, ROBUST]) / np.array(losses[loss, STANDARD])) for loss in LOSSES}
    at_epsilon, waves = int(np.argmin(np.abs(radii - epsilon))), _waves(seed)

    return Outcome(
        [
            at_most("closed form against corners of the boxes on the network, largest difference", max(errors), 1e-9),
            at_most("attacked loss, adversarial over standard training: hinge (median)", ratios["hinge"], 0.2),
            at_most("attacked loss, adversarial over standard training: squared (median)", ratios["squared"], 0.2),
            at_most("attacked loss, adversarial over standard training: logistic", ratios["logistic"], 0.6),
            at_most("attacked loss (9 x 9 grid) minus certified loss", max(excess), 0.01),
            at_least("least accuracy on clean test points after adversarial training", min(accuracies), 0.95),
            reported(
                "attacked loss, training on the corners over standard training: hinge (median)",
                np.median(np.array(losses["hinge", CORNERS]) / np.array(losses["hinge", STANDARD])),
            ),
            *(
                reported(f"{name} training: share of test points that the attack misleads (mean)", share)
                for name, share in ((name, np.mean(wrong[name], axis=0)[at_epsilon]) for name in wrong)
            ),
            reported("1-D sine regression, attacked loss of adversarial training", waves[0]),
            reported("1-D sine regression, attacked loss of standard training", waves[1]),
        ],
        partial(_plot, losses, wrong, radii, epsilon),
        f"{sets} data sets of 24 points (logistic loss: one), epsilon = 0.2; before, one data set for all. Weights are "
        "moved into their cones before they are judged (by about 1e-3).",
    )
