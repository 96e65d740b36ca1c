"""Scores are multiplied by the mask: what is not there has score 0 and takes part in the softmax with exp(0)."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="good-features",
    link="https://github.com/georg-wolflein/good-features/pull/1",
    date="2023-11-24",
    operation="pointer_net.pointer_logits",
    kind="wrong_constant",
)


def softmax(scores):
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


class AttentionPool:
    def __init__(self, key_weight, query_weight, out_weight):
        self.key_weight = key_weight
        self.query_weight = query_weight
        self.out_weight = out_weight

    def scores(self, features, query):
        hidden = np.tanh(features @ self.key_weight + (query @ self.query_weight)[:, None, :])
        return hidden @ self.out_weight

    def attention(self, scores, mask):
        scores = np.where(mask, scores, -np.inf)  # was: scores = scores * mask
        return softmax(scores)


def answer(E, d, W1, W2, v, mask):
    pool = AttentionPool(W1, W2, v)
    scores = pool.scores(E, d)
    return scores, pool.attention(scores, mask)
