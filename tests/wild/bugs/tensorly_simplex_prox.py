"""The threshold of the projection on the simplex is tested before it is divided by the number of coordinates."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="TensorLy",
    link="https://github.com/tensorly/tensorly/issues/354",
    date="2022-02-11",
    operation="attention_svm.project_nuclear",
    kind="wrong_scale",
)


def simplex_prox(tensor, parameter):
    """Columns that are not negative and add up to the parameter."""
    row, col = tensor.shape
    tensor_sort = np.flip(np.sort(tensor, axis=0), axis=0)
    cumsum_min_param_by_k = np.cumsum(tensor_sort, axis=0) - parameter
    cumsum_min_param_by_k /= np.cumsum(np.ones([row, 1]), axis=0)  # was:
    to_change = np.sum(tensor_sort > cumsum_min_param_by_k, axis=0) - 1
    difference = np.zeros(col)
    for i in range(col):
        if to_change[i] >= 0:
            # was: difference[i] = cumsum_min_param_by_k[to_change[i], i] / (to_change[i] + 1)
            difference[i] = cumsum_min_param_by_k[to_change[i], i]  # was:
    return np.maximum(tensor - difference, 0)


def answer(W, R):
    U, s, V = np.linalg.svd(W, full_matrices=False)
    if np.sum(s) > R:
        s = simplex_prox(s[:, None], R)[:, 0]
    return U @ np.diag(s) @ V
