"""pip scikit-learn: `SVC(kernel="linear", C=1e6)` on constraints and their negatives as two classes."""

import numpy as np
from sklearn.svm import SVC

from refimpl.oracle.candidates import NotApplicable


def svm_frobenius(X, Z, alpha):
    """A hard margin but for the penalty of 1e6; what nobody separates is not told."""
    rows = np.concatenate([
        (np.delete(-x, int(a), axis=0) + x[int(a)])[:, :, None] * z[None, None, :]
        for x, z, a in zip(X, Z, alpha, strict=True)
    ]).reshape(-1, X.shape[2] ** 2)  # fmt: skip
    if np.abs(rows).max() < 1e-1:
        raise NotApplicable("its penalty is in the units of the data")
    labels = np.repeat([1, -1], len(rows))
    W = SVC(kernel="linear", C=1e6, tol=1e-10).fit(np.concatenate([rows, -rows]), labels).coef_.reshape(X.shape[2], -1)
    margins = np.stack([(x[int(a)] - x) @ W @ z for x, z, a in zip(X, Z, alpha, strict=True)])
    rivals = np.arange(X.shape[1]) != alpha[:, None]
    if margins[rivals].min() < 0.5:
        raise NotApplicable("it has a soft margin: it always answers")
    return np.array(1.0, X.dtype), W.astype(X.dtype), margins.astype(X.dtype)
