"""pip rebasin: `PermutationCoordinateDescent` on two networks of linear layers, its draws of orders replaced.

It starts from the identity. It keeps no objective: that is computed here from its permutations, visit by visit.
"""

from unittest.mock import patch

import numpy as np
import torch
from rebasin import PermutationCoordinateDescent

from refimpl.oracle.candidates import NotApplicable


def _module(layers):
    made = []
    for W, b in layers:
        layer = torch.nn.Linear(*W.shape, dtype=torch.float64)
        layer.weight.data, layer.bias.data = torch.tensor(W.T.copy()), torch.tensor(b.copy())
        made += [layer, torch.nn.ReLU()]
    return torch.nn.Sequential(*made[:-1])


def _inner(layers, p, q):
    """Inner product of the first network and the permuted second one."""
    (A1, B1), (a1, b1), (A2, B2), (a2, b2), (A3, B3), (a3, b3) = layers
    total = np.sum(A1 * B1[:, p]) + a1 @ b1[p] + np.sum(A2 * B2[p][:, q]) + a2 @ b2[q]
    return total + np.sum(A3 * B3[q]) + a3 @ b3


def match(W1, b1, W2, b2, W3, b3, p1, p2, orders):
    """Permutations, and the inner product after each visit."""
    if any((p != np.arange(len(p))).any() for p in (p1, p2)):
        raise NotApplicable("it starts from the identity")
    stacks = [np.asarray(x, dtype=np.float64) for x in (W1, b1, W2, b2, W3, b3)]
    nets = [list(zip([x[i] for x in stacks[::2]], [x[i] for x in stacks[1::2]], strict=True)) for i in range(2)]
    found = PermutationCoordinateDescent(*map(_module, nets), torch.zeros(1, W1.shape[1], dtype=torch.float64))
    layers = [perm for perm, _ in found.pinit.model_graph.permutation_to_info]
    path = []
    for order in orders.astype(int):
        gained = False
        for l in order:
            with patch("torch.randperm", return_value=[l]):
                gained = found._calculate_permutations_step(None) or gained
            path.append(_inner(stacks, *(perm.perm_indices.numpy() for perm in layers)))
        if not gained:
            break
    path += [path[-1]] * (2 * len(orders) - len(path))
    return *(perm.perm_indices.numpy().astype(float) for perm in layers), np.array(path).reshape(-1, 2)
