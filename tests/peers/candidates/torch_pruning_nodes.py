"""torch-pruning on random sparse search: its dependency graph cuts the nodes that a mask does not keep."""

from itertools import pairwise

import numpy as np
import torch
import torch_pruning

from refimpl.oracle.candidates import NotApplicable


def extract(W1, b1, W2, b2, W3, b3, mask1, mask2, scaling):
    """`DependencyGraph.get_pruning_group` of each hidden layer; scaling is none of its business."""
    if scaling != "inherited":
        raise NotApplicable("it cuts, and does not rescale")
    layers = []
    for W, b in ((W1, b1), (W2, b2), (W3, b3)):
        layer = torch.nn.Linear(*W.shape).to(torch.from_numpy(W).dtype)
        layer.weight.data, layer.bias.data = torch.from_numpy(W.T.copy()), torch.from_numpy(b.copy())
        layers.append(layer)
    net = torch.nn.Sequential(layers[0], torch.nn.ReLU(), layers[1], torch.nn.ReLU(), layers[2])
    example = torch.zeros(1, len(W1), dtype=layers[0].weight.dtype)
    graph = torch_pruning.DependencyGraph().build_dependency(net, example_inputs=example)
    for layer, mask in zip(layers[:2], (mask1, mask2), strict=True):
        removed = np.setdiff1d(np.arange(layer.out_features), mask).tolist()
        if removed:
            graph.get_pruning_group(layer, torch_pruning.prune_linear_out_channels, idxs=removed).prune()
    return tuple(array for layer in layers for array in (layer.weight.detach().numpy().T, layer.bias.detach().numpy()))


def parameter_share(widths, keep):
    """`utils.count_ops_and_params` of a network of these widths before and after cutting."""
    widths = [int(w) for w in widths]
    layers = [torch.nn.Linear(a, b) for a, b in pairwise(widths)]
    parts = [part for layer in layers for part in (layer, torch.nn.ReLU())][:-1]
    net, example = torch.nn.Sequential(*parts), torch.zeros(1, widths[0])
    before = torch_pruning.utils.count_ops_and_params(net, example)[1]
    graph = torch_pruning.DependencyGraph().build_dependency(net, example_inputs=example)
    for layer, kept in zip(layers[:-1], keep, strict=True):
        removed = list(range(int(kept), layer.out_features))
        if removed:
            graph.get_pruning_group(layer, torch_pruning.prune_linear_out_channels, idxs=removed).prune()
    return np.array(torch_pruning.utils.count_ops_and_params(net, example)[1] / before)
