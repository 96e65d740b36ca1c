"""Weight matching of two networks, beside the same loop in bare NumPy and SciPy, its assignments alone, and rebasin."""

from itertools import pairwise

import numpy as np
from scipy.optimize import linear_sum_assignment

from benchmarks import _measure
from refimpl.core.random import stream
from refimpl.landscape import weight_matching as wm
from refimpl.models.mlp import Layer

INPUTS, OUTPUTS, WIDTH, SWEEPS = 784, 10, 512, 3


def problem(width):
    """Two random networks with two hidden layers, and visiting orders."""
    rng, sizes = stream(0, "weight_matching-benchmark"), (INPUTS, width, width, OUTPUTS)
    nets = [
        [Layer(rng.standard_normal((m, n)) / m**0.5, rng.standard_normal(n)) for m, n in pairwise(sizes)]
        for _ in range(2)
    ]
    return *nets, wm.orders(rng, SWEEPS, 2)


def ours(width):
    """Three sweeps, checks and the objective after every visit included."""
    a, b, orders = problem(width)
    return lambda: wm.match(a, b, orders)


def scores(a, b, perms, l):
    """C of one hidden layer, from the formula."""
    W = b[l].W[perms[l - 1]] if l else b[l].W
    V = b[l + 1].W[:, perms[l + 1]] if l + 1 < len(perms) else b[l + 1].W
    return a[l].W.T @ W + np.outer(a[l].b, b[l].b) + a[l + 1].W @ V.T


def bare(width):
    """The same visits in ten lines."""
    a, b, orders = problem(width)

    def run():
        perms = [np.arange(width), np.arange(width)]
        for order in orders:
            improved, rows = False, np.arange(width)
            for l in order:
                C = scores(a, b, perms, l)
                p = linear_sum_assignment(C, maximize=True)[1]
                improved |= C[rows, p].sum() > C[rows, perms[l]].sum() + 1e-12
                perms[l] = p
            if not improved:
                break
        return perms

    return run


def assignments(width):
    """SciPy's assignments of those visits, whose scores are made beforehand."""
    a, b, orders = problem(width)
    perms, tables = [np.arange(width), np.arange(width)], []
    for order in orders:
        for l in order:
            tables.append(scores(a, b, perms, l))
            perms[l] = linear_sum_assignment(tables[-1], maximize=True)[1]
    return lambda: [linear_sum_assignment(C, maximize=True) for C in tables]


def rebasin(width):
    """PermutationCoordinateDescent of rebasin, as far as it is installed."""
    try:
        import torch
        from rebasin import PermutationCoordinateDescent
    except ImportError:
        return {}
    torch.set_num_threads(_measure.threads())
    a, b, _ = problem(width)

    def module(net):
        layers = []
        for W, bias in net:
            layer = torch.nn.Linear(*W.shape, dtype=torch.float64)
            layer.weight.data, layer.bias.data = torch.tensor(W.T.copy()), torch.tensor(bias)
            layers += [layer, torch.nn.ReLU()]
        return torch.nn.Sequential(*layers[:-1])

    found = PermutationCoordinateDescent(module(a), module(b), torch.zeros(1, INPUTS, dtype=torch.float64))
    return {"rebasin, PermutationCoordinateDescent": lambda: found.calculate_permutations(SWEEPS)}


def run():
    steps = {
        "refimpl, three sweeps": ours(WIDTH),
        "bare NumPy and SciPy": bare(WIDTH),
        "SciPy's assignments alone": assignments(WIDTH),
        **rebasin(WIDTH),
    }
    return [
        _measure.Workload(
            f"Weight matching, {INPUTS}-{WIDTH}-{WIDTH}-{OUTPUTS}, {SWEEPS} sweeps, float64",
            _measure.rows(steps, 5),
            [_measure.growth("n", [128, 256, 512], ours, 3.0)],
            "Random networks. What ours adds to the bare loop are the checks and the inner product after every visit; "
            "the scores are products of matrices, the assignment grows with the cube of the width at worst.",
        )
    ]
