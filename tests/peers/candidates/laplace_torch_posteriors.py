"""pip laplace-torch: the linearised network, with each structure of the curvature."""

import math
from itertools import pairwise

import numpy as np
import torch
from laplace import Laplace
from torch.utils.data import DataLoader, TensorDataset

from refimpl.oracle.candidates import NotApplicable


def _network(w, sizes):
    """Layers as PyTorch has them, W [out, in]; and where each of their entries stands in `w`."""
    layers, places, at = [], [], 0
    for a, b in pairwise(sizes):
        place = np.arange(at, at + (a + 1) * b)
        layer = torch.nn.Linear(a, b, dtype=torch.float64)
        with torch.no_grad():
            layer.weight.copy_(torch.from_numpy(w[place[: a * b]].reshape(a, b).T.copy()))
            layer.bias.copy_(torch.from_numpy(w[place[a * b :]].copy()))
        layers += [layer, torch.nn.Tanh()]
        places += [place[: a * b].reshape(a, b).T.ravel(), place[a * b :]]
        at += (a + 1) * b
    return torch.nn.Sequential(*layers[:-1]), np.argsort(np.concatenate(places))


def _posterior(weights, structure):
    def laplace(w, x, points, width, depth, noise, prior):
        if weights == "last_layer" and depth == 0:
            raise NotApplicable("there must be a layer before the last one")
        model, order = _network(w.astype(float), (x.shape[1], *[width] * depth, 1))
        x, new = torch.tensor(x, dtype=torch.float64), torch.tensor(points, dtype=torch.float64)
        given = {"sigma_noise": math.sqrt(noise), "prior_precision": 1 / prior}
        if structure == "gp":
            given["n_subset"] = len(x)
        found = Laplace(model, "regression", subset_of_weights=weights, hessian_structure=structure, **given)
        found.fit(DataLoader(TensorDataset(x, 0 * x[:, :1]), batch_size=len(x)))
        mean, covariance = found(new, joint=True)
        jacobian, _ = Laplace(model, "regression", subset_of_weights="all").backend.jacobians(new)
        return tuple(np.asarray(v.detach(), w.dtype) for v in (jacobian[:, 0, order], mean, covariance))

    return laplace


def _in_double(laplace):
    """With PyTorch's default set to double precision."""

    def told(**inputs):
        torch.set_default_dtype(torch.float64)
        try:
            return laplace(**inputs)
        finally:
            torch.set_default_dtype(torch.float32)

    return told


full = _posterior("all", "full")
full_double = _in_double(full)
last_layer = _in_double(_posterior("last_layer", "full"))
functional = _posterior("all", "gp")
diagonal = _posterior("all", "diag")
kronecker = _posterior("all", "kron")
default = _posterior("last_layer", "kron")
