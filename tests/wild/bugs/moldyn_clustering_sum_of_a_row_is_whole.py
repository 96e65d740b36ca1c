"""The sum of a row is kept in a whole number, which loses the fractions of the weights."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="Clustering",
    language="C++",
    link="https://github.com/moldyn/Clustering/pull/6",
    date="2019-11-22",
    operation="srrw.kernel_row",
    kind="numerics",
)

size_t = lambda x: np.uint64(x)
float_t = lambda x: np.float64(x)


def weighted_transition_counts(P_row, x, mu, alpha):
    """The largest count is a million."""
    with np.errstate(divide="ignore"):
        log = np.where(P_row > 0, np.log(P_row) - alpha * (np.log(x) - np.log(mu)), -np.inf)
    return 1e6 * np.exp(log - log.max())


def row_normalized_transition_probabilities(row):
    row_sum = float_t(0)  # was: row_sum = size_t(0)
    for entry in row:
        row_sum = float_t(row_sum + entry)  # was: row_sum = size_t(np.float64(row_sum) + entry)
    result = np.zeros(len(row))
    for j, entry in enumerate(row):
        if entry != 0:
            result[j] = entry / np.float64(row_sum)
    return result


def answer(P_row, x, mu, alpha):
    return row_normalized_transition_probabilities(weighted_transition_counts(P_row, x, mu, alpha))
