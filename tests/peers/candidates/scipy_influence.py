"""SciPy and NumPy on the influence of tokens: log_softmax, rel_entr, percentile."""

import numpy as np
from scipy.special import log_softmax, rel_entr


def influence(logits_empty, logits, y, kind, q):
    """`rel_entr` of softmaxes, or log-probabilities of the true class, and `numpy.percentile`."""
    before, after = log_softmax(logits_empty, axis=-1), log_softmax(logits, axis=-1)
    if kind == "kl":
        found = rel_entr(np.exp(after), np.exp(before)).sum(axis=(1, 2))
    else:
        rows = np.arange(len(y))
        found = after[:, rows, y].mean(axis=1) - before[rows, y].mean()
    threshold = np.percentile(found, q).astype(found.dtype)
    return found, threshold, (found > threshold).astype(np.int64)
