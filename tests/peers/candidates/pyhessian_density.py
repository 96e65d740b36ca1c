"""PyHessian: the Lanczos quadrature of `hessian(...).density`, of a quadratic with the matrix of the case.

Its last release calls `torch.eig`, which PyTorch has no longer; the adapter gives it back.
"""

from unittest import mock

import numpy as np
import torch
from pyhessian import hessian

from refimpl.oracle.candidates import NotApplicable


def _eig(matrix, eigenvectors):
    values, vectors = torch.linalg.eigh(matrix)  # T is symmetric; each value as real and imaginary part, as it was
    return torch.stack([values, 0 * values], dim=1), vectors


def ritz(matrix, start, steps, tolerance):
    """Its start are random signs: those of the case are put in their place, 0 where it has them as well."""
    if (start == 0).any():
        raise NotApplicable("it replaces zeros of its start by -1")
    model = torch.nn.Module()
    model.weights = torch.nn.Parameter(torch.zeros(len(start), dtype=torch.float64))
    model.forward = lambda inputs: model.weights
    loss = lambda outputs, targets: outputs @ targets @ outputs / 2
    given = lambda like, **_: torch.tensor(start, dtype=like.dtype)
    with mock.patch.object(torch, "randint_like", given), mock.patch.object(torch, "eig", _eig, create=True):
        asked = hessian(model, loss, data=(None, torch.tensor(matrix, dtype=torch.float64)), cuda=False)
        values, weights = asked.density(iter=min(int(steps), len(start)), n_v=1)
    return np.array(values[0], matrix.dtype), np.array(weights[0], matrix.dtype)
