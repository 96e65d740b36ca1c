"""The loss that is meant for mean log-probabilities of the tokens is given their sums."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="TRL",
    link="https://github.com/huggingface/trl/pull/1265",
    date="2024-01-24",
    operation="loss_reweighting.sequence_losses",
    kind="wrong_scale",
)


class DPOTrainer:
    label_pad_token_id = -1

    def __init__(self, loss_type):
        self.loss_type = loss_type

    def get_batch_logps(self, logits, labels, average_log_prob):
        labels, logits = labels[:, 1:].copy(), logits[:, :-1]
        loss_mask = labels != self.label_pad_token_id
        labels[~loss_mask] = 0
        shifted = logits - logits.max(axis=-1, keepdims=True)
        log_softmax = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
        per_token_logps = np.take_along_axis(log_softmax, labels[..., None], axis=2)[..., 0]
        all_logps = np.where(loss_mask, per_token_logps, 0.0).sum(-1)
        counts = loss_mask.sum(-1)
        return (all_logps / counts if average_log_prob else all_logps), counts

    def concatenated_forward(self, logits, labels):
        return self.get_batch_logps(
            logits,
            labels,
            average_log_prob=self.loss_type == "ipo",  # was: average_log_prob=False,
        )


def answer(logits, labels):
    logps, counts = DPOTrainer("ipo").concatenated_forward(logits, labels)
    return -logps, counts
