"""A step of the self-repellent walk beside a step of its base chain, for many tokens at once, and how it grows."""

import numpy as np

from benchmarks import _measure
from refimpl.core.random import stream
from refimpl.distributed import srrw
from refimpl.problems import graphs

NODES, TOKENS = 256, 1024


def problem(nodes, tokens):
    """A random graph, tokens all over it, and a draw for each."""
    rng = stream(0, "srrw-benchmark")
    chain = srrw.metropolis(graphs.random_cycle(nodes, nodes, rng))
    return chain, srrw.init(chain, rng.integers(nodes, size=tokens)), rng.uniform(size=tokens)


def ours(nodes, tokens, alpha=5.0):
    """A step of the walk: weights, draw, record, checks."""
    chain, state, u = problem(nodes, tokens)
    last = [state]

    def step():
        last[0] = srrw.step(last[0], u, chain, alpha=alpha, gamma=0.01)

    return step


def learning(nodes, tokens, d=32):
    """The same with a quadratic at each node and d parameters."""
    chain, state, u = problem(nodes, tokens)
    C, last = stream(0, "srrw-benchmark", "C").standard_normal((nodes, d)), [np.zeros((tokens, d)), state]
    local = lambda theta, node: C[node] - theta
    rates = {"alpha": 5.0, "gamma": 0.01, "beta": 0.01}

    def step():
        last[:] = srrw.sa_step(*last, u, chain, local, **rates)

    return step


def base(nodes, tokens):
    """The base chain alone: a row of P for each token, and a draw."""
    chain, state, u = problem(nodes, tokens)
    last = [state.node]

    def step():
        last[0] = srrw.draw(chain.P[last[0]], u)

    return step


def tabled(nodes, tokens):
    """The base chain where all cumulative sums were made beforehand: nothing changes from step to step."""
    chain, state, u = problem(nodes, tokens)
    sums, last = np.cumsum(chain.P, axis=1), [state.node]

    def step():
        last[0] = np.minimum((sums[last[0]] <= u[:, None]).sum(axis=1), nodes - 1)

    return step


def run():
    size = NODES, TOKENS
    steps = {
        "a step of the self-repellent walk": ours(*size),
        "the same, and of a learner": learning(*size),
        "the base chain": base(*size),
        "the base chain, tabled": tabled(*size),
    }
    moved = 8 * NODES * TOKENS * 3  # x read and written, a row of P read
    return [
        _measure.Workload(
            f"SRRW, {TOKENS:,} tokens on {NODES} nodes, float64",
            [*_measure.rows(steps, 15), _measure.limit(moved, "x read and written, rows of P read")],
            [
                _measure.growth("N", [128, 256, 512, 1024], lambda n: ours(n, 128), 1.0),
                _measure.growth("tokens", [128, 256, 512, 1024], lambda r: ours(128, r), 1.0),
            ],
            "A step asks for a logarithm and an exponential per node and token, though only neighbours matter: dense "
            "rows suit graphs of some hundred nodes. Agents that ask their neighbours (second tutorial) pay for the "
            "degree alone.",
        )
    ]
