"""PyTorch on random sparse search: torch.nn.utils.prune.random_structured for masks, torch.optim.SGD for training."""

from unittest import mock

import numpy as np
import torch
from torch.nn.utils import prune


def _net(weights, biases):
    layers = []
    for W, b in zip(weights, biases, strict=True):
        layer = torch.nn.Linear(*W.shape).to(torch.from_numpy(W).dtype)
        with torch.no_grad():
            layer.weight.copy_(torch.from_numpy(W.T.copy()))
            layer.bias.copy_(torch.from_numpy(b))
        layers.append(layer)
    return layers


def _forward(layers, x):
    for layer in layers[:-1]:
        x = torch.relu(layer(x))
    return layers[-1](x)


def _kept(perm, keep):
    """Nodes that `random_structured` leaves; a node's random number falls with its place in the permutation."""
    layer, width = torch.nn.Linear(1, len(perm)), len(perm)
    numbers = torch.empty(width)
    numbers[torch.from_numpy(perm)] = torch.arange(width, 0, -1).float() / (width + 1)
    with mock.patch("torch.rand", return_value=numbers):
        prune.random_structured(layer, "weight", amount=width - keep, dim=0)
    return np.flatnonzero(layer.weight_mask[:, 0].numpy())


def masks(perms1, perms2, keep1, keep2):
    """Mask by mask, layer by layer."""
    return tuple(np.stack([_kept(perm, keep) for perm in perms]) for perms, keep in ((perms1, keep1), (perms2, keep2)))


def _on(width, mask):
    on = torch.zeros(width)
    on[torch.from_numpy(mask)] = 1
    return on


def masked(W1, b1, W2, b2, W3, b3, mask1, mask2, X, names=("weight",)):
    """`prune.custom_from_mask` on the weights that lead to a node; its bias is a parameter of its own, and stays."""
    layers = _net((W1, W2, W3), (b1, b2, b3))
    for layer, mask in zip(layers[:-1], (mask1, mask2), strict=True):
        on = _on(len(layer.bias), mask)
        for name in names:
            prune.custom_from_mask(layer, name, on[:, None].expand_as(layer.weight) if name == "weight" else on)
    return _forward(layers, torch.from_numpy(X)).detach().numpy()


def masked_with_biases(W1, b1, W2, b2, W3, b3, mask1, mask2, X):
    """The same on weights and biases."""
    return masked(W1, b1, W2, b2, W3, b3, mask1, mask2, X, names=("weight", "bias"))


def _extracted(weights, biases, mask1, mask2):
    W1, W2, W3 = weights
    b1, b2, b3 = biases
    return _net((W1[:, mask1], W2[np.ix_(mask1, mask2)], W3[mask2]), (b1[mask1], b2[mask2], b3))


def trajectory(W1, b1, W2, b2, W3, b3, mask1, mask2, X, y, batches, lr, momentum):
    """`torch.optim.SGD(momentum=momentum)` on the sub-network, cut out by hand."""
    layers = _extracted((W1, W2, W3), (b1, b2, b3), mask1, mask2)
    x, labels, criterion = torch.from_numpy(X), torch.from_numpy(y), torch.nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD([p for layer in layers for p in layer.parameters()], lr=lr, momentum=momentum)
    losses = [criterion(_forward(layers, x), labels).item()]
    for rows in torch.from_numpy(batches):
        optimizer.zero_grad()
        criterion(_forward(layers, x[rows]), labels[rows]).backward()
        optimizer.step()
        losses.append(criterion(_forward(layers, x), labels).item())
    final = [array for layer in layers for array in (layer.weight.detach().numpy().T, layer.bias.detach().numpy())]
    return np.array(losses, dtype=X.dtype), *final


def search(W1, b1, W2, b2, W3, b3, mask1, mask2, X, y, scaling):
    """`torch.nn.CrossEntropyLoss` of each sub-network, and `torch.argmin`."""
    losses = []
    for one, two in zip(mask1, mask2, strict=True):
        factors = [(len(W) / len(m)) ** 0.5 if scaling == "rescaled" else 1.0 for W, m in ((W2, one), (W3, two))]
        layers = _extracted((W1, W2 * factors[0], W3 * factors[1]), (b1, b2, b3), one, two)
        losses.append(torch.nn.functional.cross_entropy(_forward(layers, torch.from_numpy(X)), torch.from_numpy(y)))
    return torch.stack(losses).detach().numpy(), torch.argmin(torch.stack(losses)).numpy()


def select(losses):
    """`torch.argmin`."""
    return torch.argmin(torch.from_numpy(losses)).numpy()
