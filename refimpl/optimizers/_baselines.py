"""What the optimizers are compared with, beside AdamW: sign-momentum and SGD with momentum, in the same form."""

from typing import NamedTuple

from refimpl.core import check
from refimpl.core.arrays import Array, array_namespace


class MomentumState(NamedTuple):
    """State of `sgd` and `signum`."""

    momentum: Array  # [d]


def momentum_init(params):
    """Zero momentum."""
    check.floating(params=params)
    return MomentumState(array_namespace(params).zeros_like(params))


def sgd(params, state, grad, *, lr, momentum=0.9, weight_decay=0.0):
    """Gradient descent with heavy-ball momentum and decoupled decay; the velocity does not hold `lr`."""
    check.alike(params=params, grad=grad, momentum=state.momentum)
    lr = check.positive(lr=lr)
    rate, weight_decay = check.fraction(momentum=momentum), check.nonnegative(weight_decay=weight_decay)
    velocity = rate * state.momentum + grad
    return params - lr * (velocity + weight_decay * params), MomentumState(velocity)


def signum(params, state, grad, *, lr, beta=0.9, weight_decay=0.0):
    """Sign of the momentum (Bernstein et al., 2018): Lion with beta1 = beta2."""
    check.alike(params=params, grad=grad, momentum=state.momentum)
    lr, beta = check.positive(lr=lr), check.fraction(beta=beta)
    weight_decay = check.nonnegative(weight_decay=weight_decay)
    momentum = beta * state.momentum + (1 - beta) * grad
    step = array_namespace(params).sign(momentum)
    return params - lr * (step + weight_decay * params), MomentumState(momentum)
