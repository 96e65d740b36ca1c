"""The sign of a coordinate is elected by one vote for each task vector, whatever the size of its entry."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="sd-mecha",
    link="https://github.com/ljleb/sd-mecha/pull/24",
    date="2024-04-24",
    operation="self_positioning.ties",
    kind="wrong_order",
)


def filter_top_k(delta, k):
    """Which entries are trimmed and which are kept."""
    count = max(1, int(np.floor(k * len(delta) + 1e-9)))
    keep = np.zeros(len(delta), bool)
    keep[np.argsort(-np.abs(delta), kind="stable")[:count]] = True
    return keep


def ties_sum(*models, k):
    keep = np.stack([filter_top_k(m, k) for m in models])
    deltas = np.where(keep, np.stack(models), 0.0)

    signs = np.sign(deltas)
    final_sign = np.sign(deltas.sum(axis=0))  # was: final_sign = np.sign(signs.sum(axis=0))

    delta_filters = (signs == final_sign) & keep
    filtered_delta = (deltas * delta_filters).sum(axis=0)
    param_counts = delta_filters.sum(axis=0)
    return filtered_delta / np.maximum(param_counts, 1), keep


def answer(V, density, lam):
    merged, keep = ties_sum(*V, k=density)
    return lam * merged, keep
