"""pip numpyro: the multivariate t law, and dual averaging."""

import math

import jax
import numpy as np
from numpyro.distributions import MultivariateStudentT
from numpyro.infer.hmc_util import dual_averaging as scheme

jax.config.update("jax_enable_x64", True)


def student_law(mean, Sigma, a, b, f):
    """With 2 a degrees of freedom and the Cholesky factor of b / a times Sigma."""
    scale = b / a * Sigma
    law = MultivariateStudentT(2 * a, mean, np.linalg.cholesky(scale))
    return 2 * a, scale, np.asarray(law.log_prob(f), dtype=f.dtype)


def dual_averaging(acceptance, start, target):
    """As its warm-up calls it, in logarithms."""
    init, update = scheme()
    state, rows = init(math.log(10 * start)), []
    for rate in acceptance:
        state = update(target - rate, state)
        rows.append((math.exp(state[0]), math.exp(state[1])))
    return tuple(np.array(column, dtype=acceptance.dtype) for column in zip(*rows, strict=True))
