"""The logits at a place are asked for the token that stands there, not for the next one."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="transformers",
    link="https://github.com/huggingface/transformers/pull/404",
    date="2019-03",
    operation="loss_reweighting.sequence_losses",
    kind="wrong_order",
)


class CrossEntropyLoss:
    def __init__(self, ignore_index):
        self.ignore_index = ignore_index

    def __call__(self, logits, labels):
        top = logits.max(axis=1, keepdims=True)
        log_probs = logits - top - np.log(np.exp(logits - top).sum(axis=1, keepdims=True))
        rows = np.flatnonzero(labels != self.ignore_index)
        return -log_probs[rows, labels[rows]].mean(), len(rows)


class GPT2LMHeadModel:
    def forward(self, lm_logits, lm_labels):
        shift_logits = lm_logits[:-1]  # was: shift_logits = lm_logits
        shift_labels = lm_labels[1:]  # was: shift_labels = lm_labels
        return CrossEntropyLoss(ignore_index=-1)(shift_logits, shift_labels)


def answer(logits, labels):
    model = GPT2LMHeadModel()
    losses, counts = zip(*[model.forward(*sequence) for sequence in zip(logits, labels, strict=True)], strict=True)
    return np.array(losses), np.array(counts)
