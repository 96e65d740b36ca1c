"""A transition of HMC beside BlackJAX's; the evidence of a deep kernel as examples grow."""

import functools
from itertools import pairwise

import numpy as np

from benchmarks import _measure
from refimpl.bayesian import bnn_surrogates
from refimpl.core.random import stream
from refimpl.models import sampling

SIZES, LEAPFROGS = (2, 16, 16, 1), 16


@functools.cache
def data(n):
    """Points, targets and weights."""
    rng = stream(0, "bnn_surrogates-benchmark")
    w = 0.3 * rng.standard_normal(bnn_surrogates.parameters(SIZES))
    return w, rng.uniform(size=(n, 2)), rng.standard_normal(n)


def transition(n):
    """Sixteen leapfrogs, momenta given."""
    w, x, y = data(n)
    potential = lambda w: bnn_surrogates._potential(w, x, y, SIZES, 0.1, 1.0)
    chain, momentum = sampling.Chain(w, *potential(w)), np.ones_like(w)
    return lambda: sampling.hmc(potential, chain, momentum, 0.5, step=0.01, steps=LEAPFROGS)


def blackjax_transition(n):
    """The same, compiled; its momenta are drawn."""
    import blackjax
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    w, x, y = map(jnp.asarray, data(n))

    def log_density(w):
        h, at = x, 0
        for k, (a, b) in enumerate(pairwise(SIZES)):
            h = h @ w[at : at + a * b].reshape(a, b) + w[at + a * b : at + a * b + b]
            h, at = (jnp.tanh(h) if k < len(SIZES) - 2 else h), at + a * b + b
        return -jnp.sum((h[:, 0] - y) ** 2) / 0.2 - w @ w / 2

    kernel = blackjax.hmc(log_density, 0.01, jnp.ones(len(w)), LEAPFROGS)
    state, step, key = kernel.init(w), jax.jit(kernel.step), jax.random.key(0)
    return lambda: jax.block_until_ready(step(key, state))


def evidence(n):
    """Value and gradient."""
    rng = stream(0, "bnn_surrogates-benchmark", "evidence")
    w, x, y = rng.standard_normal(bnn_surrogates.parameters((2, 16))), rng.uniform(size=(n, 2)), rng.standard_normal(n)
    settings = {"lengths": np.ones(16), "scale": 1.0, "noise": 0.1, "mean": 0.0}
    return lambda: bnn_surrogates.dkl_evidence(w, x, y, sizes=(2, 16), **settings)


def run():
    n = 20
    peers, missing = _measure.peers({"blackjax": functools.partial(blackjax_transition, n)})
    found = [
        _measure.Workload(
            f"a transition of HMC with {LEAPFROGS} leapfrogs, {n} examples, widths 16 and 16, float64",
            [*_measure.rows({"refimpl": transition(n), **peers}, 7), *missing],
            [_measure.growth("examples", [10**3, 10**4, 10**5], transition, 1.0)],
            "Small arrays: what is measured is the call of each operation. BlackJAX compiles all of them into one.",
        ),
        _measure.Workload(
            "evidence of a deep kernel with 16 features and its gradient, 200 examples, float64",
            [*_measure.rows({"refimpl": evidence(200)}, 7)],
            [_measure.growth("examples", [100, 200, 400, 800], evidence, 2.0)],
            "Differences of all pairs in 16 features; the factor of n by n has order 3, and is the smaller part here.",
        ),
    ]
    data.cache_clear()
    return found
