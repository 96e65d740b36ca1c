"""Similarities are multiplied by the temperature in front of the softmax and not divided by it."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="BLEEP",
    link="https://github.com/bowang-lab/BLEEP/issues/5",
    date="2024-02-28",
    operation="loss_reweighting.dro",
    kind="wrong_scale",
)


def softmax(x):
    powers = np.exp(x - x.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def targets(similarities, temperature):
    scaled = similarities / temperature  # was: scaled = similarities * temperature
    return softmax(scaled)


def answer(losses, r):
    with np.errstate(all="ignore"):
        return targets(losses, r)
