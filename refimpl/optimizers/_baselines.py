"""What Lion is compared with: sign-momentum, SGD with momentum and AdamW, in the same form."""

from typing import NamedTuple

from refimpl.core import check
from refimpl.core.arrays import Array, array_namespace
from refimpl.core.elementwise import elementwise


class MomentumState(NamedTuple):
    """State of `sgd` and `signum`."""

    momentum: Array  # [d]


class AdamWState(NamedTuple):
    """State of `adamw`."""

    m: Array  # [d] first moment
    v: Array  # [d] second moment
    steps: int  # taken so far


def momentum_init(params):
    """Zero momentum."""
    check.floating(params=params)
    return MomentumState(array_namespace(params).zeros_like(params))


def sgd(params, state, grad, *, lr, momentum=0.9, weight_decay=0.0):
    """Gradient descent with heavy-ball momentum and decoupled decay; the velocity does not hold `lr`."""
    check.like(params, grad=grad, momentum=state.momentum)
    lr = check.positive(lr=lr)
    rate, weight_decay = check.fraction(momentum=momentum), check.nonnegative(weight_decay=weight_decay)
    velocity = rate * state.momentum + grad
    return params - lr * (velocity + weight_decay * params), MomentumState(velocity)


def signum(params, state, grad, *, lr, beta=0.9, weight_decay=0.0):
    """Sign of the momentum (Bernstein et al., 2018): Lion with beta1 = beta2."""
    check.like(params, grad=grad, momentum=state.momentum)
    lr, beta = check.positive(lr=lr), check.fraction(beta=beta)
    weight_decay = check.nonnegative(weight_decay=weight_decay)
    momentum = beta * state.momentum + (1 - beta) * grad
    step = array_namespace(params).sign(momentum)
    return params - lr * (step + weight_decay * params), MomentumState(momentum)


def adamw_init(params):
    """Zero moments, no steps taken."""
    check.floating(params=params)
    zeros = array_namespace(params).zeros_like(params)
    return AdamWState(zeros, zeros, 0)


@elementwise
def _adamw_rule(params, m, v, grad, lr, beta1, beta2, eps, weight_decay, correction1, correction2):
    xp = array_namespace(params)
    m = beta1 * m + (1 - beta1) * grad
    v = beta2 * v + (1 - beta2) * grad * grad
    step = (m / correction1) / (xp.sqrt(v / correction2) + eps)
    return params - lr * (step + weight_decay * params), m, v


def adamw(params, state, grad, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.01):
    """Adam with decoupled weight decay (Loshchilov and Hutter, 2019), eps after the bias correction."""
    check.like(params, grad=grad, m=state.m, v=state.v)
    lr, eps = check.positive(lr=lr, eps=eps)
    beta1, beta2 = check.fraction(beta1=beta1, beta2=beta2)
    weight_decay = check.nonnegative(weight_decay=weight_decay)
    t = state.steps + 1
    params, m, v = _adamw_rule(
        params, state.m, state.v, grad, lr, beta1, beta2, eps, weight_decay, 1 - beta1**t, 1 - beta2**t
    )
    return params, AdamWState(m, v, t)
