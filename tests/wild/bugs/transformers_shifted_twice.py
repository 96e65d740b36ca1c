"""Labels are shifted against the logits before a loss that shifts them again: the token after the next is learnt."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="transformers",
    link="https://github.com/huggingface/transformers/pull/37830",
    date="2025-04",
    operation="loss_reweighting.sequence_losses",
    kind="wrong_order",
)


def causal_lm_loss(logits, labels, ignore_index=-1):
    shift_logits, shift_labels = logits[:, :-1], labels[:, 1:]
    active = shift_labels != ignore_index
    shifted = shift_logits - shift_logits.max(axis=-1, keepdims=True)
    log_probs = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    picked = np.take_along_axis(log_probs, np.where(active, shift_labels, 0)[..., None], axis=-1)[..., 0]
    counts = active.sum(axis=1)
    return -(picked * active).sum(axis=1) / counts, counts


def forward(logits, labels):
    # was: logits, labels = logits[:, :-1], labels[:, 1:]
    return causal_lm_loss(logits, labels)


def answer(logits, labels):
    with np.errstate(all="ignore"):
        losses, counts = forward(logits, labels)
    return losses, counts
