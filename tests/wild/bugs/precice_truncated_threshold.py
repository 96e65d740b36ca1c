"""The largest singular value is cast to a whole number before it is multiplied with the threshold."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="preCICE",
    language="C++",
    link="https://github.com/precice/precice/issues/1809",
    date="2023-11-29",
    operation="weight_matching.alignment",
    kind="wrong_constant",
)


class SVDFactorization:
    def __init__(self, matrix, truncation_eps):
        self._psi, self._sigma, phi = np.linalg.svd(matrix, full_matrices=False)
        self._phi = phi.T
        self._truncation_eps = truncation_eps
        self.truncate()

    def truncate(self):
        self._cols = len(self._sigma)
        for i in range(len(self._sigma)):
            # was: if self._sigma[i] < int(self._sigma[0]) * self._truncation_eps:
            if self._sigma[i] < self._sigma[0] * self._truncation_eps:  # was:
                self._cols = i
                break
        self._psi, self._phi = self._psi[:, : self._cols], self._phi[:, : self._cols]


def answer(W1, W2, W3, p1, p2, gamma, normaliser):
    ours = [W1[0], W2[0], W3[0]]
    theirs = [W1[1][:, p1], W2[1][p1][:, p2], W3[1][p2]]
    overlap, vectors = 0.0, 0.0
    for A, B in zip(ours, theirs, strict=True):
        a, b = SVDFactorization(A, gamma), SVDFactorization(B, gamma)
        overlap += np.sum((a._psi.T @ b._psi) * (a._phi.T @ b._phi))
        if normaliser == "sqrt":
            vectors += np.sqrt(a._cols * b._cols)
        else:
            vectors += min(a._cols, b._cols) if normaliser == "min" else a._cols
    return overlap / vectors
