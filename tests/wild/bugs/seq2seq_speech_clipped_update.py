"""What is clipped is the update that Adam makes, not the gradient that it is made of."""

import numpy as np

from tests.wild import Bug
from tests.wild.around import pointer_gradients

BUG = Bug(
    project="seq2seq-speech",
    link="https://github.com/sanchit-gandhi/seq2seq-speech/pull/7",
    date="2022-04-14",
    operation="pointer_net.train",
    kind="wrong_order",
)
NAMES = "We", "be", "Wd", "bd", "go", "e0", "W1", "W2", "v"


def clip_by_global_norm(x, limit):
    norm = np.sqrt(np.sum(x * x))
    return x if norm <= limit else x * (limit / norm)


def answer(P, C, rates, clip, optimizer, **weights):
    theta = np.concatenate([weights[name].ravel() for name in NAMES])
    cuts = np.cumsum([weights[name].size for name in NAMES])[:-1]
    mu, nu = np.zeros_like(theta), np.zeros_like(theta)
    thetas, losses = [], []
    for t, (points, targets, rate) in enumerate(zip(P, C, rates, strict=True), start=1):
        parts = zip(NAMES, np.split(theta, cuts), strict=True)
        loss, grads = pointer_gradients({name: x.reshape(weights[name].shape) for name, x in parts}, points, targets)
        g = np.concatenate([grads[name].ravel() for name in NAMES])
        g = clip_by_global_norm(g, clip)  # was:
        update = g
        if optimizer == "adam":
            mu, nu = 0.9 * mu + 0.1 * g, 0.999 * nu + 0.001 * g * g
            update = mu / (1 - 0.9**t) / (np.sqrt(nu / (1 - 0.999**t)) + 1e-8)
        # was: update = clip_by_global_norm(update, clip)
        theta = theta - rate * update
        thetas.append(theta)
        losses.append(loss)
    return np.stack(thetas), np.array(losses)
