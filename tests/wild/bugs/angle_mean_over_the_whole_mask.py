"""Mean pooling divides by the number of tokens of the whole batch, since the mask is summed over both of its axes."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="AnglE",
    link="https://github.com/SeanLee97/AnglE/issues/101",
    date="2024-10-19",
    operation="random_feature_attention.pooled_features",
    kind="wrong_axis",
)


def hidden_states(query, keys, weight):
    pairs = np.concatenate([np.repeat(query[:, None, :], keys.shape[1], axis=1), keys], axis=-1)
    return np.maximum(pairs @ weight[:, :-1].T + weight[:, -1], 0)


def get_pooling(outputs, attention_mask, strategy):
    if strategy == "avg":
        masked = np.sum(outputs * attention_mask[:, :, None], axis=1)
        return masked / np.sum(attention_mask, axis=1, keepdims=True)  # was: return masked / np.sum(attention_mask)
    if strategy == "max":
        return np.max(outputs + np.where(attention_mask[:, :, None] > 0, 0, -np.inf), axis=1)
    return outputs[:, 0]


def answer(x0, keys, w):
    attention_mask = np.ones(keys.shape[:2])
    return get_pooling(hidden_states(x0, keys, w), attention_mask, "avg") / np.sqrt(len(w))
