"""A step of one byte per gradient in multiples of a plain SGD step, and the bytes that each of them sends."""

import numpy as np

from benchmarks import _measure
from refimpl.core import random
from refimpl.distributed import _one_byte_baselines as baselines
from refimpl.distributed import one_byte

SIZE, MACHINES = 1_000_000, 8


def step(size, machines):
    """What a machine does with the bytes of all: their directions again, and a step along each."""
    w = random.normal(random.stream(0, "one_byte-benchmark"), (size,), like=np.zeros(1))
    draw, machine = one_byte.directions(0, like=w), one_byte.start(0, w)
    messages = dict.fromkeys(range(machines), b"\x40")
    return lambda: one_byte.update(machine, messages, draw, eta=1e-3)


def probe(size):
    """A probe of a loss that costs nothing: the direction, and two sets of parameters."""
    w = random.normal(random.stream(0, "one_byte-benchmark"), (size,), like=np.zeros(1))
    draw, machine = one_byte.directions(0, like=w), one_byte.start(0, w)
    return lambda: one_byte.probe(machine, [lambda w: w[0]], draw)


def directions(size, machines):
    """The draws of an update alone."""
    draw = one_byte.directions(0, like=np.zeros(size))
    return lambda: [draw(0, m, 0) for m in range(machines)]


def plain(size, machines):
    """The SGD step on the gradients of all machines, which are there."""
    rng = random.stream(0, "one_byte-benchmark")
    w = random.normal(rng, (size,), like=np.zeros(1))
    gradients = random.normal(rng, (machines, size), like=w)
    return lambda: baselines.sgd(w, gradients, lr=1e-3)


def iteration(size=SIZE):
    """Costs and bytes of an iteration of eight machines."""
    functions = {
        f"a plain SGD step, from the gradients of {MACHINES} machines": plain(size, MACHINES),
        f"update from the bytes of {MACHINES} machines": step(size, MACHINES),
        f"draws alone, {MACHINES} directions": directions(size, MACHINES),
        "probe without its losses": probe(size),
    }
    rows = _measure.rows(functions, 7)
    rows[0].note = f"{4 * size * MACHINES:,} bytes sent by all"
    rows[1].note = f"{MACHINES} bytes sent by all"
    return _measure.Workload(
        f"One byte per gradient, {size:,} parameters, {MACHINES} machines, float64",
        [*rows, _measure.limit(2 * 8 * size * MACHINES, f"parameters read and written {MACHINES} times")],
        [
            _measure.growth("d", [125_000, 250_000, 500_000, 1_000_000], lambda n: step(n, 2), 1.0),
            _measure.growth("N", [2, 4, 8, 16], lambda n: step(100_000, n), 1.0),
        ],
        "The ratio is the cost in multiples of a plain SGD step. Eight bytes in place of 32 MB (float32), and normal "
        "draws in place of a mean: nearly all of an update is the making of directions, as many as bytes. Losses "
        "are left out; a probe needs two of them forward, backpropagation one forward and backward.",
    )


def run():
    return [iteration()]
