"""The order of a sort is flipped, so that of equal values the one with the larger index comes first."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="ONNX",
    link="https://github.com/onnx/onnx/pull/6593",
    date="2024-12-31",
    operation="opposing_signals.identify",
    kind="wrong_order",
)


def topk_sorted_implementation(X, k, axis, largest):
    """Values and indices; of equal values the smaller index first."""
    ind_axis = np.indices(X.shape)[axis]
    if largest:
        ind_axis = -ind_axis  # was: pass
    # was: sorted_indices = np.argsort(X, axis=axis, kind="stable")
    sorted_indices = np.lexsort((ind_axis, X), axis=axis)  # was:
    sorted_values = np.take_along_axis(X, sorted_indices, axis=axis)
    if largest:
        sorted_indices = np.flip(sorted_indices, axis=axis)
        sorted_values = np.flip(sorted_values, axis=axis)
    ark = np.arange(k)
    return np.take(sorted_values, ark, axis=axis), np.take(sorted_indices, ark, axis=axis)


class TopK:
    def run(self, data, k, axis=-1, largest=1):
        return topk_sorted_implementation(data, k, axis, largest)


def answer(losses, t, k):
    change = losses[t + 1] - losses[t]
    op = TopK()
    _, up = op.run(change, k, largest=1)
    _, down = op.run(change, k, largest=0)
    return up, down
