"""A step of both versions of BSVRB beside the gradients that they ask for, and how version 2 grows."""

import numpy as np

from benchmarks import _measure
from refimpl.core.random import stream
from refimpl.nested import _bsvrb_models as models
from refimpl.nested import bsvrb

BLOCKS, SAMPLED, BATCH, SIZE = 64, 8, 4, 64
RATES = {"eta": 1e-6, "tau": 1e-6, "alpha": 0.1, "beta": 0.1}


def problem(size, sampled=SAMPLED):
    """Quadratics, a state of each version, and indices for a step."""
    rng = stream(0, "bsvrb-benchmark")
    quadratics = models.quadratics(rng, like=np.zeros(1), m=BLOCKS, n=2 * BATCH, d=size)
    return quadratics, bsvrb.draw(quadratics, rng, I=sampled, B=BATCH, like=np.zeros(1))


def step(version, size, sampled=SAMPLED):
    """A step, checks included."""
    quadratics, at = problem(size, sampled)
    last = [bsvrb.init(quadratics, np.ones(size), np.zeros((BLOCKS, size)), version=version)]

    def one():
        last[0] = bsvrb.step(last[0], quadratics, *at, mu=0.5, **RATES)

    return one


def gradients(size):
    """What both versions ask of the problem: at two points, lower gradients, products, cross derivatives."""
    quadratics, (blocks, batch_g, batch_f) = problem(size)
    x, y = np.ones(size), np.zeros((SAMPLED, size))

    def one():
        for _ in range(2):
            quadratics.grad_y_g(blocks, batch_g, x, y), quadratics.grad_y_f(blocks, batch_f, x, y)
            quadratics.hvp_yy_g(blocks, batch_g, x, y, y), quadratics.cross_xy_g(blocks, batch_g, x, y, y)

    return one


def run():
    steps = {
        "a step of version 2": step(2, SIZE),
        "a step of version 1, floor and solve": step(1, SIZE),
        "gradients and products alone": gradients(SIZE),
    }
    moved = 8 * SAMPLED * BATCH * SIZE**2 * 2 * 3  # A twice and B once, at two points
    return [
        _measure.Workload(
            f"BSVRB, {SAMPLED} of {BLOCKS} blocks, {BATCH} samples, d = e = {SIZE}, float64",
            [*_measure.rows(steps, 15), _measure.limit(moved, "samples of A read twice and of B once, at two points")],
            [
                _measure.growth("d", [64, 128, 256], lambda d: step(2, d), 2.0),
                _measure.growth("I", [8, 16, 32, 64], lambda sampled: step(2, SIZE, sampled), 1.0),
            ],
            "Version 2 costs little more than what it asks of the problem; version 1 is mostly eigenvectors. Growth is "
            "that of version 2.",
        )
    ]
