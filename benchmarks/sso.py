"""One outer step of SSO on 10,000 examples of 200 features, in multiples of a step of gradient descent."""

from functools import partial

import numpy as np

from benchmarks import _measure
from refimpl.core import random
from refimpl.optimizers import sso
from refimpl.optimizers._sso_models import LOGISTIC, linear

EXAMPLES, FEATURES = 10_000, 200


def problem(n, d):
    """Features, labels and parameters."""
    rng = random.stream(0, "sso")
    x = random.normal(rng, (n, d), like=np.zeros(1))
    return x, np.sign(random.normal(rng, (n,), like=x)), random.normal(rng, (d,), like=x)


def descent(n, d):
    """Gradient descent on the loss, without checks: one pass through the model and one back."""
    x, y, theta = problem(n, d)
    return lambda: theta - 0.1 * (x.T @ (LOGISTIC.gradient(x @ theta, y) / n))


def ours(n, d, inner_steps):
    """An outer step with checks; the step size is given, since its singular value is computed once for all steps."""
    x, y, theta = problem(n, d)
    inner = partial(sso.gradient_descent, alpha=0.1, steps=inner_steps)
    return lambda: sso.outer_step(theta, linear, LOGISTIC, x, y, inner=inner)[0]


def searched(n, d, inner_steps):
    """An outer step of SSO-SLS."""
    x, y, theta = problem(n, d)
    inner = partial(sso.gradient_descent, alpha=0.1, steps=inner_steps)
    state = sso.init()
    return lambda: sso.step(theta, state, linear, LOGISTIC, x, y, inner=inner, rule="search", eta=10.0 * n)[0]


def run():
    steps = {"one step of gradient descent": descent(EXAMPLES, FEATURES)}
    steps |= {f"refimpl, m = {m} inner steps": ours(EXAMPLES, FEATURES, m) for m in (1, 5, 20, 100)}
    steps["refimpl, m = 20, search in the targets"] = searched(EXAMPLES, FEATURES, 20)
    nbytes = 8 * EXAMPLES * FEATURES * 42
    return [
        _measure.Workload(
            f"SSO, logistic loss, {EXAMPLES:,} examples, {FEATURES} features, float64",
            [*_measure.rows(steps, 9), _measure.limit(nbytes, "m = 20: the features read 42 times")],
            [
                _measure.growth("m", [5, 10, 20, 40], lambda m: ours(EXAMPLES, FEATURES, m), 1.0),
                _measure.growth("n", [4_000, 8_000, 16_000, 32_000], lambda n: ours(n, FEATURES, 5), 1.0),
                _measure.growth("d", [50, 100, 200, 400], lambda d: ours(EXAMPLES, d, 5), 1.0),
            ],
            "The ratio is to one step of gradient descent on the loss, without checks of its arguments. Both ask the "
            "oracle once; an inner step costs a pass through the model and back, which is what gradient descent costs "
            "where the loss is cheap. So SSO pays where the oracle costs more than the m - 1 further inner steps.",
        )
    ]
