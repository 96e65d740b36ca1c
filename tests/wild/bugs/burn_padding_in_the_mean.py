"""Losses of padding are set to 0 and still averaged over, so that a sequence with more padding has a smaller loss."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="burn",
    link="https://github.com/tracel-ai/burn/pull/5569",
    date="2026-09-04",
    operation="loss_reweighting.sequence_losses",
    kind="wrong_scale",
    language="Rust",
)


def cross_entropy(logits, targets, pad=-1):
    mask = targets == pad
    largest = logits.max(axis=-1, keepdims=True)
    log_probs = logits - largest - np.log(np.exp(logits - largest).sum(axis=-1, keepdims=True))
    gathered = np.take_along_axis(log_probs, np.where(mask, 0, targets)[:, None], axis=-1)[:, 0]
    loss = np.where(mask, 0.0, -gathered)
    return loss.sum() / (~mask).sum()  # was: return loss.mean()


def answer(logits, labels):
    losses = [cross_entropy(z[:-1], y[1:]) for z, y in zip(logits, labels, strict=True)]
    return np.array(losses), np.sum(labels[:, 1:] >= 0, axis=1)
