"""What the oracle knows of diffGrad."""

import numpy as np

from refimpl.core.arrays import array_namespace
from refimpl.core.random import stream
from refimpl.optimizers import diffgrad
from refimpl.optimizers._diffgrad_functions import FUNCTIONS, notebook_slope
from refimpl.specs import exact
from refimpl.specs.base import (
    Case,
    Drive,
    ErrorCase,
    Law,
    Mistakes,
    Operation,
    Paper,
    System,
    Variant,
    array,
    choice,
    integer,
    number,
)
from refimpl.specs.exact import reals
from refimpl.specs.optimizers.diffgrad.claims import CLAIMS

# Operations ---------------------------------------------------------------------------------------------------


def trajectory(theta0, grads, lr, beta1, beta2, eps, weight_decay):
    """Positions after each step of diffGrad, fed with given gradients."""
    theta, state, thetas = theta0, diffgrad.init(theta0), []
    for t in range(grads.shape[0]):
        theta, state = diffgrad.update(
            theta, state, grads[t, :], lr=lr, beta1=beta1, beta2=beta2, eps=eps, weight_decay=weight_decay
        )
        thetas.append(theta)
    return array_namespace(theta0).stack(thetas)


def step(theta, m, v, previous, grad, t, lr, beta1, beta2, eps, weight_decay):
    """Step t from a given state."""
    state = diffgrad.DiffGradState(m, v, previous, t - 1)
    theta, state = diffgrad.update(
        theta, state, grad, lr=lr, beta1=beta1, beta2=beta2, eps=eps, weight_decay=weight_decay
    )
    return theta, state.m, state.v, state.previous


def friction(previous, grad):
    """The factor on the step."""
    return diffgrad.friction(previous - grad)


def slope(function, x):
    """Derivative of one of the three functions of the synthetic study."""
    return FUNCTIONS[function].slope(x)


def online(x0, targets, lr, beta1, decay, beta2, eps, radius):
    """Points after each step of the online form on the functions (x - a_t)^2, in the box of a radius."""
    xp = array_namespace(x0)
    run = diffgrad.online(
        lambda x, t: 2 * (x - targets[t - 1, :]),
        x0,
        steps=targets.shape[0],
        project=lambda x: xp.clip(x, -radius, radius),
        decay=decay,
        lr=lr,
        beta1=beta1,
        beta2=beta2,
        eps=eps,
        record=lambda x: {"x": x},
    )
    return xp.stack(run.history["x"][1:])


# The same, exactly --------------------------------------------------------------------------------------------


def exact_friction(previous, grad):
    """By the half angle: (1 + tanh(|change| / 2)) / 2."""
    return (1 + exact.tanh(abs(reals(grad) - reals(previous)) / 2)) / 2


def exact_step(theta, m, v, previous, grad, t, lr, beta1, beta2, eps, weight_decay):
    """With the averages as corrections of the old ones."""
    theta, m, v, previous, grad = map(reals, (theta, m, v, previous, grad))
    lr, beta1, beta2, eps, weight_decay = map(reals, (lr, beta1, beta2, eps, weight_decay))
    grad = grad + weight_decay * theta
    m = m + (1 - beta1) * (grad - m)
    v = v + (1 - beta2) * (grad**2 - v)
    root = exact.sqrt(v / (1 - beta2**t))
    xi = (1 + exact.tanh(abs(grad - previous) / 2)) / 2
    return theta - lr * xi * m / (1 - beta1**t) / (root + eps), m, v, grad


def exact_trajectory(theta0, grads, lr, beta1, beta2, eps, weight_decay):
    """With the corrected moments as what they are: weighted means over all gradients so far."""
    theta, thetas = reals(theta0), []
    lr, beta1, beta2, eps, weight_decay = map(reals, (lr, beta1, beta2, eps, weight_decay))
    seen = [0 * theta]
    for t, grad in enumerate(reals(grads), start=1):
        seen.append(grad + weight_decay * theta)
        ages = [(t - s, g) for s, g in enumerate(seen[1:], start=1)]
        mean = sum(beta1**age * g for age, g in ages) / sum(beta1**age for age, _ in ages)
        square = sum(beta2**age * g**2 for age, g in ages) / sum(beta2**age for age, _ in ages)
        xi = (1 + exact.tanh(abs(seen[-1] - seen[-2]) / 2)) / 2
        theta = theta - lr * xi * mean / (exact.sqrt(square) + eps)
        thetas.append(theta)
    return np.stack(thetas)


def exact_slope(function, x):
    """Point by point: on which piece, and its derivative there."""
    pieces = {
        "F1": lambda x: 2 * x + reals(0.6) if x <= 0 else 2 * x - reals(0.4),
        "F2": lambda x: reals(-40) if x <= -0.9 else 3 * x * x + exact.sin(8 * x) + x * 8 * exact.cos(8 * x),
        "F3": lambda x: 2 * x if abs(x) > 0.5 or x == -0.5 else _sawtooth(x),
    }
    return np.array([pieces[function](point) for point in reals(x)], dtype=object)


def _sawtooth(x):
    """Slope of F3 between -0.5 and 0.5: what is left of a joint holds at the joint."""
    inner = -0.4 < x <= 0.4
    falling = x <= 0 if inner else x > 0
    return reals((-1 if falling else 1) * (0.875 if inner else 1))


def exact_online(x0, targets, lr, beta1, decay, beta2, eps, radius):
    """Each gradient, step size, rate and bound written out anew."""
    x, xs = reals(x0), []
    lr, beta1, decay, beta2, eps, radius = map(reals, (lr, beta1, decay, beta2, eps, radius))
    m, v, before = 0 * x, 0 * x, 0 * x
    for t, target in enumerate(reals(targets), start=1):
        rate = beta1 * decay ** (t - 1)
        gradient = 2 * x - 2 * target
        m, v = m + (1 - rate) * (gradient - m), v + (1 - beta2) * (gradient**2 - v)
        xi = (1 + exact.tanh(abs(before - gradient) / 2)) / 2
        root = exact.sqrt(v / (1 - beta2**t))
        x = x - lr / exact.sqrt(reals(t)) * xi * m / (1 - rate**t) / (root + eps)
        x, before = np.maximum(np.minimum(x, radius), -radius), gradient
        xs.append(x)
    return np.stack(xs)


# Mutants ------------------------------------------------------------------------------------------------------
# Each is a whole rule (theta, m, v, previous, g, lr, beta1, beta2, eps, decay, t) -> (theta, m, v, previous) and serves
# both operations.

mistake = Mistakes()
OFFICIAL = "https://github.com/shivram1987/diffGrad"
KOZISTR = "https://github.com/kozistr/pytorch_optimizer"


def _mix(a, rate, b):
    return rate * a + (1 - rate) * b


def _sigmoid(x):
    return 1 / (1 + array_namespace(x).exp(-x))


def _xi(change):
    return _sigmoid(abs(change))


def _moments(m, v, g, b1, b2):
    return _mix(m, b1, g), _mix(v, b2, g * g)


def _adam(m, v, b1, b2, eps, t):
    """Adam's direction."""
    return m / (1 - b1**t) / (array_namespace(v).sqrt(v / (1 - b2**t)) + eps)


@mistake("missing_step", "multiply the step by the friction; here it is computed and not used, which is Adam")
def friction_not_used(theta, m, v, p, g, lr, b1, b2, eps, wd, t):
    g = g + wd * theta
    m, v = _moments(m, v, g, b1, b2)
    return theta - lr * _adam(m, v, b1, b2, eps, t), m, v, g


@mistake("wrong_constant", "the friction is the sigmoid of |change|; here it is 1/2 always: Adam at half the rate")
def half_always(theta, m, v, p, g, lr, b1, b2, eps, wd, t):
    g = g + wd * theta
    m, v = _moments(m, v, g, b1, b2)
    return theta - lr * 0.5 * _adam(m, v, b1, b2, eps, t), m, v, g


@mistake(
    "missing_step", "take the absolute value of the change; here the friction is sigmoid(previous - new) in (0, 1)"
)
def old_minus_new(theta, m, v, p, g, lr, b1, b2, eps, wd, t):
    g = g + wd * theta
    m, v = _moments(m, v, g, b1, b2)
    return theta - lr * _sigmoid(p - g) * _adam(m, v, b1, b2, eps, t), m, v, g


@mistake(
    "missing_step", "take the absolute value of the change; here the friction is sigmoid(new - previous) in (0, 1)"
)
def new_minus_old(theta, m, v, p, g, lr, b1, b2, eps, wd, t):
    g = g + wd * theta
    m, v = _moments(m, v, g, b1, b2)
    return theta - lr * _sigmoid(g - p) * _adam(m, v, b1, b2, eps, t), m, v, g


@mistake("wrong_sign", "the friction is 1 / (1 + exp(-|change|)) in [1/2, 1); here the minus is missing")
def friction_falls(theta, m, v, p, g, lr, b1, b2, eps, wd, t):
    g = g + wd * theta
    m, v = _moments(m, v, g, b1, b2)
    return theta - lr * _sigmoid(-abs(p - g)) * _adam(m, v, b1, b2, eps, t), m, v, g


@mistake("wrong_order", "take the change of the gradient; here it is that of the first moment")
def change_of_moment(theta, m, v, p, g, lr, b1, b2, eps, wd, t):
    old, g = m, g + wd * theta
    m, v = _moments(m, v, g, b1, b2)
    return theta - lr * _xi(old - m) * _adam(m, v, b1, b2, eps, t), m, v, g


@mistake("wrong_output", "multiply a copy of m by the friction; here it is stored back, and shrinks m at every step")
def friction_kept(theta, m, v, p, g, lr, b1, b2, eps, wd, t):
    g = g + wd * theta
    m, v = _moments(m, v, g, b1, b2)
    m = _xi(p - g) * m
    return theta - lr * _adam(m, v, b1, b2, eps, t), m, v, g


@mistake("wrong_order", "multiply the step by the friction; here the gradient is multiplied before it enters m")
def friction_on_gradient(theta, m, v, p, g, lr, b1, b2, eps, wd, t):
    g = g + wd * theta
    m, v = _mix(m, b1, _xi(p - g) * g), _mix(v, b2, g * g)
    return theta - lr * _adam(m, v, b1, b2, eps, t), m, v, g


@mistake("wrong_order", "multiply the step by the friction; here it multiplies the second moment under the root")
def friction_on_v(theta, m, v, p, g, lr, b1, b2, eps, wd, t):
    g = g + wd * theta
    m, v = _moments(m, v, g, b1, b2)
    return theta - lr * _adam(m, _xi(p - g) * v, b1, b2, eps, t), m, v, g


@mistake("wrong_scale", "multiply the step by the friction; here the step is divided by it")
def friction_divides(theta, m, v, p, g, lr, b1, b2, eps, wd, t):
    g = g + wd * theta
    m, v = _moments(m, v, g, b1, b2)
    return theta - lr / _xi(p - g) * _adam(m, v, b1, b2, eps, t), m, v, g


@mistake(
    "wrong_axis", "take the change of each coordinate; here one friction for all comes from the norm of the change"
)
def norm_of_change(theta, m, v, p, g, lr, b1, b2, eps, wd, t):
    g = g + wd * theta
    m, v = _moments(m, v, g, b1, b2)
    xp = array_namespace(g)
    return theta - lr * _xi(xp.sqrt(xp.sum((p - g) ** 2))) * _adam(m, v, b1, b2, eps, t), m, v, g


@mistake("missing_step", "store the gradient for the next step; here the previous gradient stays what it was")
def previous_not_stored(theta, m, v, p, g, lr, b1, b2, eps, wd, t):
    g = g + wd * theta
    m, v = _moments(m, v, g, b1, b2)
    return theta - lr * _xi(p - g) * _adam(m, v, b1, b2, eps, t), m, v, p


@mistake("wrong_order", "store the gradient with the decay; here the previous gradient is kept as it was given")
def stored_before_decay(theta, m, v, p, g, lr, b1, b2, eps, wd, t):
    given, g = g, g + wd * theta
    m, v = _moments(m, v, g, b1, b2)
    return theta - lr * _xi(p - g) * _adam(m, v, b1, b2, eps, t), m, v, given


@mistake(
    "wrong_order", "add weight_decay * theta to the gradient; here it is subtracted from theta by itself, as in AdamW"
)
def decoupled_decay(theta, m, v, p, g, lr, b1, b2, eps, wd, t):
    m, v = _moments(m, v, g, b1, b2)
    return theta - lr * wd * theta - lr * _xi(p - g) * _adam(m, v, b1, b2, eps, t), m, v, g


@mistake("missing_step", "add weight_decay * theta to the gradient; here weight_decay is ignored")
def no_decay(theta, m, v, p, g, lr, b1, b2, eps, wd, t):
    m, v = _moments(m, v, g, b1, b2)
    return theta - lr * _xi(p - g) * _adam(m, v, b1, b2, eps, t), m, v, g


@mistake("numerics", "write the sigmoid as 1 / (1 + exp(-x)); here it is exp(x) / (1 + exp(x)), which overflows to NaN")
def overflowing_sigmoid(theta, m, v, p, g, lr, b1, b2, eps, wd, t):
    g = g + wd * theta
    m, v = _moments(m, v, g, b1, b2)
    grown = array_namespace(g).exp(abs(p - g))
    return theta - lr * (grown / (1 + grown)) * _adam(m, v, b1, b2, eps, t), m, v, g


@mistake(
    "wrong_order",
    "add eps to the root of the second moment; here it stands under the root",
    f"{OFFICIAL}/blob/898caecf53ff6d6a37a5995c31e965654d9664f7/diffGrad_analytical.ipynb (its Adam)",
)
def eps_under_root(theta, m, v, p, g, lr, b1, b2, eps, wd, t):
    g = g + wd * theta
    m, v = _moments(m, v, g, b1, b2)
    root = array_namespace(g).sqrt(v / (1 - b2**t) + eps)
    return theta - lr * _xi(p - g) * (m / (1 - b1**t)) / root, m, v, g


@mistake("missing_step", "divide the moments by 1 - beta^t; here there is no bias correction")
def no_bias_correction(theta, m, v, p, g, lr, b1, b2, eps, wd, t):
    g = g + wd * theta
    m, v = _moments(m, v, g, b1, b2)
    return theta - lr * _xi(p - g) * m / (array_namespace(g).sqrt(v) + eps), m, v, g


@mistake("wrong_constant", "the first step is step 1; here the bias correction counts it as 2")
def counted_late(theta, m, v, p, g, lr, b1, b2, eps, wd, t):
    g = g + wd * theta
    m, v = _moments(m, v, g, b1, b2)
    return theta - lr * _xi(p - g) * _adam(m, v, b1, b2, eps, t + 1), m, v, g


@mistake("wrong_constant", "exchange beta1 and beta2: beta1 averages the gradient, beta2 its square")
def swapped_betas(theta, m, v, p, g, lr, b1, b2, eps, wd, t):
    g = g + wd * theta
    m, v = _moments(m, v, g, b2, b1)
    return theta - lr * _xi(p - g) * _adam(m, v, b2, b1, eps, t), m, v, g


@mistake("wrong_sign", "subtract the step; here it climbs")
def ascent(theta, m, v, p, g, lr, b1, b2, eps, wd, t):
    g = g + wd * theta
    m, v = _moments(m, v, g, b1, b2)
    return theta + lr * _xi(p - g) * _adam(m, v, b1, b2, eps, t), m, v, g


history_mistake = Mistakes()


@history_mistake(
    "wrong_order",
    "store a copy of the gradient; here the array itself is kept, and where the next gradient is written into it the "
    "change is 0: Adam at half the rate from step 2 on",
    f"{OFFICIAL}/issues/2",
)
def previous_by_reference(theta, m, v, p, g, lr, b1, b2, eps, wd, t):
    g = g + wd * theta
    m, v = _moments(m, v, g, b1, b2)
    xi = _xi(g) if t == 1 else 0.5
    return theta - lr * xi * _adam(m, v, b1, b2, eps, t), m, v, g


@history_mistake(
    "wrong_order",
    "store a copy of the gradient; here the array itself is kept, and eps is added before the bias correction: the "
    "authors' first code",
    f"{OFFICIAL}/blob/9a834f5a3d9ba78855bf1b96873c7f5fcf35f01e/diffGrad.py",
)
def first_official_code(theta, m, v, p, g, lr, b1, b2, eps, wd, t):
    g = g + wd * theta
    m, v = _moments(m, v, g, b1, b2)
    size = lr * (1 - b2**t) ** 0.5 / (1 - b1**t)
    xi = _xi(g) if t == 1 else 0.5
    return theta - size * xi * m / (array_namespace(g).sqrt(v) + eps), m, v, g


@history_mistake("wrong_constant", "before the first step the previous gradient is 0; here it is the first gradient")
def starts_at_first_gradient(theta, m, v, p, g, lr, b1, b2, eps, wd, t):
    g = g + wd * theta
    p = g if t == 1 else p
    m, v = _moments(m, v, g, b1, b2)
    return theta - lr * _xi(p - g) * _adam(m, v, b1, b2, eps, t), m, v, g


@history_mistake("wrong_order", "take the change of the gradient; here it is that of the parameters")
def change_of_parameters(theta, m, v, p, g, lr, b1, b2, eps, wd, t):
    g = g + wd * theta
    p = theta if t == 1 else p
    m, v = _moments(m, v, g, b1, b2)
    return theta - lr * _xi(p - theta) * _adam(m, v, b1, b2, eps, t), m, v, theta


@history_mistake(
    "missing_step",
    "use the friction, correct the second moment's bias and add the decay to the gradient; here all three are missing",
    f"{KOZISTR}/blob/v3.11.0/pytorch_optimizer/optimizer/diffgrad.py",
)
def three_omissions(theta, m, v, p, g, lr, b1, b2, eps, wd, t):
    m, v = _moments(m, v, g, b1, b2)
    return theta - lr * m / (1 - b1**t) / (array_namespace(g).sqrt(v + 1e-15) + eps), m, v, g


# Variants -----------------------------------------------------------------------------------------------------


def eps_before_correction(theta, m, v, p, g, lr, b1, b2, eps, wd, t):
    """eps is added to the root of the uncorrected second moment."""
    g = g + wd * theta
    m, v = _moments(m, v, g, b1, b2)
    size = lr * (1 - b2**t) ** 0.5 / (1 - b1**t)
    return theta - size * _xi(p - g) * m / (array_namespace(g).sqrt(v) + eps), m, v, g


def kozistr(theta, m, v, p, g, lr, b1, b2, eps, wd, t):
    """The same with 1e-15 under the root and decoupled decay."""
    theta = theta * (1 - lr * wd)
    m, v = _moments(m, v, g, b1, b2)
    size = lr * (1 - b2**t) ** 0.5 / (1 - b1**t)
    return theta - size * _xi(p - g) * m / (array_namespace(g).sqrt(v + 1e-15) + eps), m, v, g


_VARIANTS = (
    (
        "torch",
        "eps is added to the root of the uncorrected second moment: the paper's rule with eps / sqrt(1 - beta2^t)",
        f"{OFFICIAL}/blob/93fb7fcdf1ddefea04d4273b91f42f1c6e0da4b4/diffGrad_v2.py (and torch_optimizer 0.3.0)",
        eps_before_correction,
    ),
    (
        "pytorch_optimizer",
        "as `torch`, with 1e-15 added under the root and decoupled weight decay",
        f"{KOZISTR}/blob/v4.1.0/pytorch_optimizer/optimizer/diffgrad.py (defaults)",
        kozistr,
    ),
)


def _as_step(rule):
    return lambda theta, m, v, previous, grad, t, lr, beta1, beta2, eps, weight_decay: rule(
        theta, m, v, previous, grad, lr, beta1, beta2, eps, weight_decay, t
    )


def _as_trajectory(rule):
    def run(theta0, grads, lr, beta1, beta2, eps, weight_decay):
        xp = array_namespace(theta0)
        zeros = xp.zeros_like(theta0)
        theta, state, thetas = theta0, (zeros, zeros, zeros), []
        for t in range(grads.shape[0]):
            theta, *state = rule(theta, *state, grads[t, :], lr, beta1, beta2, eps, weight_decay, t + 1)
            thetas.append(theta)
        return xp.stack(thetas)

    return run


friction_mistake = Mistakes()


@friction_mistake("missing_step", "take the absolute value of the change; here the friction is sigmoid(previous - new)")
def signed_old_minus_new(previous, grad):
    return _sigmoid(previous - grad)


@friction_mistake("missing_step", "take the absolute value of the change; here the friction is sigmoid(new - previous)")
def signed_new_minus_old(previous, grad):
    return _sigmoid(grad - previous)


@friction_mistake("wrong_sign", "the friction is 1 / (1 + exp(-|change|)); here the minus is missing")
def falls(previous, grad):
    return _sigmoid(-abs(previous - grad))


@friction_mistake("wrong_constant", "take the absolute value of the change; here it is squared")
def square_of_change(previous, grad):
    return _sigmoid((previous - grad) ** 2)


@friction_mistake("wrong_scale", "a steady gradient has the friction 1/2; here the range is stretched to [0, 1)")
def from_zero_to_one(previous, grad):
    return 2 * _xi(previous - grad) - 1


@friction_mistake("wrong_axis", "take the change of each coordinate; here one friction for all comes from the norm")
def one_for_all(previous, grad):
    xp = array_namespace(grad)
    return _xi(xp.sqrt(xp.sum((previous - grad) ** 2))) + 0 * grad


@friction_mistake("wrong_order", "take the change of the gradient; here it is that of its absolute value")
def change_of_size(previous, grad):
    return _xi(abs(previous) - abs(grad))


@friction_mistake(
    "numerics", "write the sigmoid as 1 / (1 + exp(-x)); here it is exp(x) / (1 + exp(x)): NaN if x is large"
)
def overflows(previous, grad):
    grown = array_namespace(grad).exp(abs(previous - grad))
    return grown / (1 + grown)


slope_mistake = Mistakes()


def _changed(name, new):
    """The slopes with that of one function changed."""
    return lambda function, x: new(x) if function == name else slope(function, x)


def _f2_right(x, rule):
    """`rule` right of -0.9, and -40 left of it."""
    xp = array_namespace(x)
    return xp.where(x <= -0.9, xp.full_like(x, -40.0), rule(xp, x))


@slope_mistake(
    "wrong_scale",
    "the derivative of x sin(8 x) is sin(8 x) + 8 x cos(8 x); here the 8 before the cosine's term is missing",
    f"{OFFICIAL}/blob/898caecf53ff6d6a37a5995c31e965654d9664f7/diffGrad_analytical.ipynb",
)
def inner_derivative(function, x):
    return _changed("F2", notebook_slope)(function, x)


@slope_mistake("missing_step", "the derivative of x sin(8 x) is sin(8 x) + 8 x cos(8 x); here the sine is missing")
def product_rule(function, x):
    rule = lambda xp, x: 3 * x**2 + 8 * x * xp.cos(8 * x)
    return _changed("F2", lambda x: _f2_right(x, rule))(function, x)


@slope_mistake("missing_step", "F2 falls with slope -40 left of -0.9; here the piece on the right goes on")
def no_cliff(function, x):
    rule = lambda x: 3 * x**2 + array_namespace(x).sin(8 * x) + 8 * x * array_namespace(x).cos(8 * x)
    return _changed("F2", rule)(function, x)


@slope_mistake("missing_step", "right of 0 the slope of F1 is 2 (x - 0.2); here the left piece goes on")
def one_valley(function, x):
    return _changed("F1", lambda x: 2 * (x + 0.3))(function, x)


@slope_mistake("wrong_order", "at a joint the slope is that of the piece on the left; here it is that on the right")
def joints_from_the_right(function, x):
    return slope(function, x + 1e-9)


@slope_mistake(
    "missing_step", "F3 falls between 0.4 and 0.5 and rises between -0.5 and -0.4; here it is a plain cone there"
)
def no_barrier(function, x):
    xp = array_namespace(x)
    cone = xp.where(x <= 0, xp.full_like(x, -0.875), xp.full_like(x, 0.875))
    return _changed("F3", lambda x: xp.where(abs(x) <= 0.5, cone, 2 * x))(function, x)


online_mistake = Mistakes()


def _as_online(
    lr_t=lambda lr, t: lr / t**0.5,
    beta1_t=lambda beta1, decay, t: beta1 * decay ** (t - 1),
    correction=lambda beta1, rate, t: 1 - rate**t,
    project=lambda xp, x, radius: xp.clip(x, -radius, radius),
    change=_xi,
    factor=2,
    sees=lambda new, projected: projected,
):
    """The online rule with its parts given."""

    def run(x0, targets, lr, beta1, decay, beta2, eps, radius):
        xp = array_namespace(x0)
        x, m, v, previous, xs = x0, xp.zeros_like(x0), xp.zeros_like(x0), xp.zeros_like(x0), []
        seen = x0
        for t in range(1, targets.shape[0] + 1):
            rate = beta1_t(beta1, decay, t)
            g = factor * (seen - targets[t - 1, :])
            m, v = _moments(m, v, g, rate, beta2)
            root = xp.sqrt(v / (1 - beta2**t)) + eps
            new = seen - lr_t(lr, t) * change(previous - g) * (m / correction(beta1, rate, t)) / root
            x, previous = project(xp, new, radius), g
            seen = sees(new, x)
            xs.append(x)
        return xp.stack(xs)

    return run


@online_mistake("wrong_constant", "divide lr by sqrt(t); here it stays")
def constant_lr():
    return _as_online(lr_t=lambda lr, t: lr)


@online_mistake("wrong_constant", "divide lr by sqrt(t); here it is divided by t")
def lr_over_t():
    return _as_online(lr_t=lambda lr, t: lr / t)


@online_mistake("wrong_constant", "step t has the rate beta1 * decay^(t - 1); here beta1 stays")
def constant_beta1():
    return _as_online(beta1_t=lambda beta1, decay, t: beta1)


@online_mistake("wrong_order", "the first step has the rate beta1; here it is beta1 * decay already")
def fades_too_soon():
    return _as_online(beta1_t=lambda beta1, decay, t: beta1 * decay**t)


@online_mistake("wrong_constant", "correct the bias with the rate of the step, 1 - beta1_t^t; here it is 1 - beta1^t")
def corrected_with_first_rate():
    return _as_online(correction=lambda beta1, rate, t: 1 - beta1**t)


@online_mistake("missing_step", "project the new point onto the domain; here it may leave it")
def no_projection():
    return _as_online(project=lambda xp, x, radius: x)


@online_mistake("wrong_output", "go on from the projected point; here it is returned, and the next step starts outside")
def projected_for_show():
    return _as_online(sees=lambda new, projected: new)


@online_mistake("missing_step", "multiply the step by the friction; here there is none, which is Adam")
def frictionless():
    return _as_online(change=lambda change: 1.0)


@online_mistake("wrong_scale", "the gradient of (x - a)^2 is 2 (x - a); here the 2 is missing")
def half_gradient():
    return _as_online(factor=1)


# Cases --------------------------------------------------------------------------------------------------------


def _inputs(theta0, grads, lr=0.1, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.0):
    return {
        "theta0": np.array(theta0, dtype=float),
        "grads": np.array(grads, dtype=float),
        "lr": lr,
        "beta1": beta1,
        "beta2": beta2,
        "eps": eps,
        "weight_decay": weight_decay,
    }


def _random_inputs(rng):
    """A Gaussian trajectory of any scale."""
    steps, d = int(rng.integers(1, 3)), int(rng.integers(1, 4))
    scale = 10.0 ** rng.uniform(-5, 4)
    rates = {
        "lr": 10.0 ** rng.uniform(-4, 0),
        "beta1": rng.uniform(0.3, 0.98),
        "beta2": rng.uniform(0.5, 0.9995),
        "eps": 10.0 ** rng.uniform(-9, -2),
        "weight_decay": rng.choice([0.0, 0.01, 1.5]),
    }
    rates = {name: float(value) for name, value in rates.items()}
    return _inputs(rng.standard_normal(d), scale * rng.standard_normal((steps, d)), **rates)


def _gaussian(seed, steps, d, scale=1.0):
    rng = stream(seed, "diffgrad-case")
    return {"theta0": rng.standard_normal(d), "grads": scale * rng.standard_normal((steps, d))}


# Gradients of theta^T H theta / 2 along the way, H = [[2, 1, 0, -1], [1, 3, .5, 0], [0, .5, -1, 2], [-1, 0, 2, 4]].
INDEFINITE = [
    [-3.0, -4.75, 4.5, 12.0],
    [-2.61034270, -4.40676648, 4.44847372, 11.30694242],
    [-2.36694674, -4.19811434, 4.39585245, 10.87900994],
]

TRAJECTORY_CASES = (
    Case(
        "indefinite-quadratic",
        ("basic",),
        "an ordinary run: three steps down a quadratic, with the default rates",
        _inputs([1, -2, 0.5, 3], INDEFINITE),
        equations=("diffgrad-2", "diffgrad-3", "diffgrad-4", "diffgrad-5", "diffgrad-6"),
    ),
    Case(
        "both-signs",
        ("basic", "missing_step", "known_bug"),
        "the friction is the sigmoid of the size of the change, whether a gradient rises or falls",
        _inputs([0, 0, 0], [[0.5, -0.5, 1.5], [1.5, -1.5, -1.0]]),
        dtypes=("float64",),  # float32 knows 1 - 0.999 to three digits
        equations=("diffgrad-4",),
    ),
    Case(
        "steady-then-turn",
        ("basic", "known_bug", "wrong_order"),
        "where the gradient stays the friction is 1/2, where it turns it rises again; the previous one must be a copy",
        _inputs([1, 1], [[1, -2], [1, -2], [-1.5, 0.5], [-1.5, 0.5]]),
        equations=("diffgrad-4",),
    ),
    Case(
        "strong-decay",
        ("wrong_order", "missing_step", "known_bug"),
        "the decay is part of the gradient, of its averages and of its change",
        _inputs([2, -1, 0.5], [[1, 1, -1], [0.5, -2, -1], [1, -1, 2]], lr=0.3, weight_decay=1.5),
        equations=("diffgrad-1",),
    ),
    Case(
        "gaussian",
        ("basic",),
        "ordinary gradients with the default rates",
        _inputs(**_gaussian(1, 4, 3), lr=0.01),
    ),
    Case(
        "quick-rates",
        ("basic", "wrong_constant"),
        "the rates come from the arguments",
        _inputs(**_gaussian(2, 3, 2), lr=0.05, beta1=0.5, beta2=0.8, eps=1e-3),
    ),
    Case(
        "one-step-one-coordinate",
        ("boundary", "wrong_constant"),
        "the gradient before the first is 0, so the first friction is sigmoid(|g|)",
        _inputs([2.0], [[-0.75]], lr=0.5),
        equations=("diffgrad-4",),
    ),
    Case(
        "beta1-zero",
        ("boundary", "wrong_constant"),
        "with beta1 = 0 the step follows the newest gradient alone",
        _inputs([1, 1], [[2, -1], [-0.5, 0.5]], beta1=0.0),
    ),
    Case(
        "beta2-zero",
        ("boundary", "wrong_constant"),
        "with beta2 = 0 the second moment is the square of the newest gradient",
        _inputs([1, 1], [[2, -1], [-0.5, 0.5]], beta2=0.0),
    ),
    Case(
        "eps-zero",
        ("boundary",),
        "with eps = 0 the first step is lr times the friction, along the sign of the gradient",
        _inputs([1, 1], [[2, -1], [-0.5, 0.5]], eps=0.0),
    ),
    Case(
        "large-eps",
        ("wrong_constant", "variant"),
        "eps is added to the root of the corrected second moment",
        _inputs([1, -1], [[1, 2], [-0.5, 1]], eps=0.5),
        equations=("diffgrad-7",),
    ),
    Case(
        "small-gradients",
        ("wrong_constant", "variant", "numerics"),
        "eps stands outside the root: under it, it would be 1e-4 and hide gradients of 1e-4",
        _inputs([1, -1], [[1e-4, -2e-4], [3e-4, 1e-4]]),
        equations=("diffgrad-7",),
    ),
    Case(
        "tiny-gradients",
        ("variant", "numerics"),
        "gradients of 1e-7 show where eps is added: nine tenths of a step here, a quarter of it in the authors' code",
        _inputs([1, -1], [[1e-7, -2e-7], [3e-7, 1e-7]]),
        equations=("diffgrad-7",),
    ),
    Case(
        "zero-gradients",
        ("edge_case", "numerics"),
        "without a gradient nothing moves and nothing is NaN; the first one to come meets a previous one of 0",
        _inputs([1, -2], [[0, 0], [0, 1.0], [0, 0]]),
    ),
    Case(
        "through-zero",
        ("edge_case", "missing_step"),
        "a gradient of 0 is a gradient: the way to it and the way back from it are changes, and it is stored",
        _inputs([1, -1], [[3, -1], [0, 0.5], [3, 0], [0, -1.5]]),
        equations=("diffgrad-4",),
    ),
    Case(
        "large-changes",
        ("edge_case", "numerics", "known_bug"),
        "changes of 1000 and more have the friction 1; exp(1000) overflows",
        _inputs([1, -1], [[1000, -2000], [-3000, 2000]]),
        equations=("diffgrad-4",),
    ),
    Case(
        "huge-gradients",
        ("numerics",),
        "gradients of 1e15, whose squares still fit into single precision",
        _inputs([1, -1], [[1e15, -1e15], [-5e14, 2e15]]),
    ),
    Case(
        "mixed-scales",
        ("wrong_order", "numerics"),
        "each coordinate has a friction of its own: a norm over all of them would show here",
        _inputs([1, 1, 1], [[1e4, 0.5, 1e-4], [-2e4, 0.75, 3e-4]]),
        equations=("diffgrad-4",),
    ),
)


def _step_inputs(theta, m, v, previous, grad, t=3, **rates):
    arrays = {"theta": theta, "m": m, "v": v, "previous": previous, "grad": grad}
    rest = _inputs([], [], **rates)
    rest = {name: rest[name] for name in ("lr", "beta1", "beta2", "eps", "weight_decay")}
    return {name: np.array(x, dtype=float) for name, x in arrays.items()} | {"t": t} | rest


STEP_CASES = (
    Case(
        "ordinary",
        ("basic", "missing_step"),
        "gradients that rise and fall, of both signs",
        _step_inputs([1, -2, 3], [0.2, -0.1, 0.3], [0.01, 0.02, 0.03], [0.5, -1, 1.5], [1.5, -0.25, -0.5]),
        equations=("diffgrad-4", "diffgrad-5", "diffgrad-6"),
    ),
    Case(
        "steady",
        ("edge_case",),
        "a gradient that has not changed: half of Adam's step",
        _step_inputs([1, -2], [0.2, -0.1], [0.01, 0.02], [0.5, -1], [0.5, -1]),
        equations=("diffgrad-4",),
    ),
    Case(
        "decay",
        ("wrong_order", "missing_step", "known_bug"),
        "the decay enters the averages, the change and what is stored",
        _step_inputs([1, -2], [0.2, -0.1], [0.1, 0.2], [0.5, -1], [0.75, -1.5], weight_decay=1.25),
        equations=("diffgrad-1",),
    ),
    Case(
        "first",
        ("boundary", "wrong_constant"),
        "the first step from zero moments: the corrected averages are the gradient and its square",
        _step_inputs([1, -2], [0, 0], [0, 0], [0, 0], [0.75, -2], t=1, beta2=0.99),
        equations=("diffgrad-2", "diffgrad-3"),
    ),
    Case(
        "late",
        ("boundary",),
        "step 20,000, where the bias correction has faded",
        _step_inputs([1, -2], [0.2, -0.1], [0.01, 0.02], [0.5, -1], [1, 1], t=20_000),
    ),
    Case(
        "one-coordinate",
        ("boundary", "wrong_constant"),
        "other rates, and an eps that shows",
        _step_inputs([-4], [-0.1], [0.5], [0.25], [-0.5], t=2, lr=2.0, beta1=0.3, beta2=0.6, eps=0.1),
    ),
    Case(
        "at-rest",
        ("edge_case", "numerics"),
        "no gradient now or ever: no step, no NaN",
        _step_inputs([1, 1], [0, 0.1], [0, 0.01], [0, 1], [0, 0], t=5),
    ),
    Case(
        "large-change",
        ("numerics", "known_bug"),
        "a change of 2000 has the friction 1; exp(2000) overflows",
        _step_inputs([1, 1], [10, -10], [100, 100], [1000, 0], [-1000, 3000], beta2=0.99),
        equations=("diffgrad-4",),
    ),
    Case(
        "tiny",
        ("variant", "numerics"),
        "gradients of 1e-7 show where eps is added",
        _step_inputs([1, 1], [1e-8, -2e-8], [1e-17, 3e-17], [1e-7, -1e-7], [2e-7, -3e-7], t=2, beta2=0.99),
        equations=("diffgrad-7",),
    ),
)

FRICTION_CASES = tuple(
    Case(
        slug,
        flags,
        why,
        {"previous": np.array(previous, float), "grad": np.array(grad, float)},
        equations=("diffgrad-4",),
    )
    for slug, flags, why, previous, grad in (
        (
            "ordinary",
            ("basic", "missing_step", "wrong_constant"),
            "gradients that rise, fall and turn",
            [0.5, 1.5, -1.0, 2.0],
            [1.5, 0.25, 0.5, -1.0],
        ),
        ("steady", ("edge_case",), "no change: exactly 1/2", [0.0, 3.0, -7.0], [0.0, 3.0, -7.0]),
        ("one-coordinate", ("boundary",), "the first step, from a previous gradient of 0", [0.0], [-0.25]),
        (
            "large",
            ("numerics", "edge_case"),
            "changes of 1000 and more: 1, without overflow",
            [1000.0, -5e4, 0.0],
            [-1000.0, 5e4, 2e6],
        ),
        (
            "fine",
            ("numerics",),
            "changes far below the gradients: the friction starts to rise at 1/2 with slope 1/4",
            [1.0, -1.0, 1e-3],
            [1.0009765625, -0.9990234375, 1.125e-3],
        ),
        (
            "to-zero-and-hardly",
            ("edge_case", "numerics"),
            "a new gradient of 0 is a change like any other; and none is too small to count, neither 1e-9 nor 1e-13",
            [1.5, -0.5, 0.0, 2e-9, 0.0],
            [0.0, 0.0, 1e-9, 5e-9, -1e-13],
        ),
    )
)

SLOPE_CASES = tuple(
    Case(slug, flags, why, {"function": function, "x": np.array(x, float)}, dtypes=dtypes)
    for slug, flags, why, function, x, dtypes in (
        (
            "f1-sides",
            ("basic", "missing_step"),
            "a parabola on either side of 0",
            "F1",
            [-1.0, -0.5, -0.125, 0.125, 0.5, 2.0],
            ("float64", "float32"),
        ),
        (
            "f1-joint",
            ("edge_case",),
            "at 0 the piece on the left holds: slope 0.6",
            "F1",
            [0.0],
            ("float64", "float32"),
        ),
        (
            "f2-right",
            ("basic", "known_bug", "missing_step"),
            "product rule and inner derivative",
            "F2",
            [-0.8125, -0.625, -0.25, 0.125, 0.5, 0.75],
            ("float64", "float32"),
        ),
        (
            "f2-left",
            ("edge_case", "missing_step"),
            "left of -0.9 a straight cliff",
            "F2",
            [-1.0, -0.95, -0.85],
            ("float64", "float32"),
        ),
        ("f2-joint", ("edge_case",), "at -0.9 the cliff holds", "F2", [-0.9], ("float64",)),
        (
            "f3-pieces",
            ("basic", "missing_step"),
            "two parabolas, two barriers, a cone",
            "F3",
            [-0.75, -0.45, -0.25, 0.25, 0.45, 0.75],
            ("float64", "float32"),
        ),
        (
            "f3-joints",
            ("edge_case",),
            "at a joint the piece on the left holds",
            "F3",
            [-0.5, 0.0, 0.5],
            ("float64", "float32"),
        ),
        ("f3-inner-joints", ("edge_case",), "the same at -0.4 and 0.4", "F3", [-0.4, 0.4], ("float64",)),
    )
)


def _online_inputs(x0, targets, lr=0.5, beta1=0.9, decay=0.9, beta2=0.999, eps=1e-8, radius=1.0):
    arrays = {"x0": np.array(x0, dtype=float), "targets": np.array(targets, dtype=float)}
    return arrays | {"lr": lr, "beta1": beta1, "decay": decay, "beta2": beta2, "eps": eps, "radius": radius}


ONLINE_CASES = (
    Case(
        "ordinary",
        ("basic", "wrong_constant"),
        "step sizes fall as 1 / sqrt(t), beta1 fades from its first value on, bias is corrected with the faded rate",
        _online_inputs([0.5, -0.25], [[0.25, 0.5], [-0.5, 0.75], [0.5, -0.5], [0.75, -0.25]]),
        dtypes=("float64",),  # float32 knows 1 - 0.999 to three digits
        equations=("diffgrad-8", "diffgrad-9"),
    ),
    Case(
        "at-the-border",
        ("basic", "edge_case", "missing_step"),
        "targets outside the box press against its border, and the way back starts from the border",
        _online_inputs([0.75, -0.5], [[3, -3], [3, -2], [-0.5, 0.5]], lr=1.0),
        equations=("diffgrad-10",),
    ),
    Case(
        "narrow-box",
        ("basic", "wrong_constant"),
        "a box of radius 1/2 that stops the run, and an eps that shows: neither is a constant of the code",
        _online_inputs(
            [0.25, -0.25], [[3, -3], [-9, 0.25], [-2, 0.5]], lr=1.0, beta1=0.25, beta2=0.75, eps=0.25, radius=0.5
        ),
        equations=("diffgrad-10",),
    ),
    Case(
        "no-momentum",
        ("boundary",),
        "beta1 = 0, and a small beta2",
        _online_inputs([0.0], [[1.0], [-1.0], [-1.0]], beta1=0.0, beta2=0.1, radius=2.0),
    ),
    Case(
        "sudden-fade",
        ("boundary", "wrong_constant"),
        "with decay = 0 only the first step has momentum: 0^0 = 1",
        _online_inputs([0.5], [[0.25], [-0.5], [0.75]], decay=0.0),
        dtypes=("float64",),  # float32 knows 1 - 0.999 to three digits
        equations=("diffgrad-9",),
    ),
    Case(
        "quick-sudden-fade",
        ("boundary", "wrong_constant"),
        "momentum in the first step alone, with a beta2 of 3/4, which single precision knows exactly",
        _online_inputs([0.5], [[0.25], [-0.5], [0.75]], decay=0.0, beta2=0.75),
        equations=("diffgrad-9",),
    ),
    Case(
        "quick-rates",
        ("basic", "wrong_constant"),
        "step sizes and beta1 that fade, with a beta2 of 3/4, which single precision knows exactly",
        _online_inputs([0.5, -0.25], [[0.25, 0.5], [-0.5, 0.75], [0.5, -0.5], [0.75, -0.25]], beta2=0.75),
        equations=("diffgrad-8", "diffgrad-9"),
    ),
    Case("one-step", ("boundary",), "one step, one coordinate", _online_inputs([0.25], [[0.75]], lr=0.1)),
    Case(
        "at-rest",
        ("edge_case", "numerics"),
        "a start that is each function's minimum stays",
        _online_inputs([0.0, 0.0], [[0.0, 0.0], [0.0, 0.5], [0.0, 0.5]]),
        dtypes=("float64",),  # float32 knows 1 - 0.999 to three digits
    ),
)


def _random_step(rng):
    d = int(rng.integers(1, 4))
    scale = 10.0 ** rng.uniform(-4, 3)
    m, previous, grad = scale * rng.standard_normal((3, d))
    rates = {
        "lr": float(10.0 ** rng.uniform(-4, 0)),
        "beta1": float(rng.uniform(0.3, 0.98)),
        "beta2": float(rng.uniform(0.5, 0.9995)),
        "eps": float(10.0 ** rng.uniform(-9, -2)),
        "weight_decay": float(rng.choice([0.0, 0.01, 1.5])),
    }
    v = scale**2 * rng.uniform(0.1, 1, d)
    return _step_inputs(rng.standard_normal(d), m, v, previous, grad, t=int(rng.integers(1, 1000)), **rates)


def _random_gradients(rng):
    d = int(rng.integers(1, 8))
    return dict(zip(("previous", "grad"), 10.0 ** rng.uniform(-3, 2) * rng.standard_normal((2, d)), strict=True))


def _random_points(rng):
    """Points away from the joints, and from the minima of F1, where its constants cancel."""
    while True:
        x = rng.uniform(-1.2, 1.2, int(rng.integers(1, 9)))
        if np.min(np.abs(x[:, None] - np.array([-0.9, -0.5, -0.4, -0.3, 0.0, 0.2, 0.4, 0.5]))) > 0.02:
            return {"function": str(rng.choice(list(FUNCTIONS))), "x": x}


def _random_online(rng):
    steps, d = int(rng.integers(1, 3)), int(rng.integers(1, 3))
    return _online_inputs(
        rng.uniform(-1, 1, d),
        rng.uniform(-2, 2, (steps, d)),
        lr=float(10.0 ** rng.uniform(-2, 0)),
        beta1=float(rng.uniform(0, 0.95)),
        decay=float(rng.uniform(0.3, 0.999)),
        beta2=float(rng.uniform(0.3, 0.999)),
        radius=float(rng.uniform(1, 2)),
    )


# Laws ---------------------------------------------------------------------------------------------------------


def _odd(run, inputs):
    flipped = {**inputs, "grads": -inputs["grads"], "theta0": -inputs["theta0"]}
    yield run(**flipped)["thetas"], -run(**inputs)["thetas"]


def _coordinates_apart(run, inputs):
    whole = run(**inputs)["thetas"]
    for i in range(whole.shape[1]):
        alone = {**inputs, "theta0": inputs["theta0"][i : i + 1], "grads": inputs["grads"][:, i : i + 1]}
        yield run(**alone)["thetas"][:, 0], whole[:, i]


def _constant_gradient(run, inputs):
    """The first step has the friction sigmoid(|g|), every later one 1/2."""
    xp = array_namespace(inputs["theta0"])
    g, theta0, lr, eps = 0.75, inputs["theta0"], inputs["lr"], inputs["eps"]
    grads = inputs["grads"] * 0.0 + g
    first = 1 / (1 + np.exp(-g))
    got = run(**{**inputs, "grads": grads, "weight_decay": 0.0})["thetas"]
    expected = [theta0 - lr * g / (g + eps) * (first + 0.5 * t) for t in range(grads.shape[0])]
    yield got, xp.stack(expected)


def _between_half_and_adam(run, inputs):
    """Each step, measured along Adam's, is at least half as long and at most as long."""
    xp = array_namespace(inputs["theta0"])
    thetas = run(**inputs)["thetas"]
    places = xp.concat([inputs["theta0"][None, :], thetas])
    m = v = xp.zeros_like(inputs["theta0"])
    for t in range(1, thetas.shape[0] + 1):
        m, v = _moments(m, v, inputs["grads"][t - 1, :], inputs["beta1"], inputs["beta2"])
        adam = inputs["lr"] * _adam(m, v, inputs["beta1"], inputs["beta2"], inputs["eps"], t)
        along = (places[t - 1, :] - places[t, :]) * xp.sign(adam)
        yield along, xp.minimum(xp.maximum(along, abs(adam) / 2), abs(adam))


def _steady_is_half(run, inputs):
    given = {**inputs, "previous": inputs["grad"], "weight_decay": 0.0}
    got = run(**given)
    rates = (inputs["beta1"], inputs["beta2"], inputs["eps"], inputs["t"])
    yield got["new_theta"], inputs["theta"] - inputs["lr"] / 2 * _adam(got["new_m"], got["new_v"], *rates)


def _mirrored_change(run, inputs):
    plain = {**inputs, "weight_decay": 0.0}
    mirrored = {**plain, "previous": 2 * inputs["grad"] - inputs["previous"]}
    yield run(**mirrored)["new_theta"], run(**plain)["new_theta"]


def _stored(run, inputs):
    yield run(**inputs)["new_previous"], inputs["grad"] + inputs["weight_decay"] * inputs["theta"]


def _exchange(run, inputs):
    yield run(previous=inputs["grad"], grad=inputs["previous"])["xi"], run(**inputs)["xi"]


def _half_angle(run, inputs):
    change = abs(inputs["previous"] - inputs["grad"])
    yield 2 * run(**inputs)["xi"] - 1, array_namespace(change).tanh(change / 2)


def _even_part(run, inputs):
    x = inputs["x"]
    yield run(function="F2", x=x)["slope"] + run(function="F2", x=-x)["slope"], 6 * x * x


def _odd_slope(run, inputs):
    yield run(function="F3", x=-inputs["x"])["slope"], -run(**inputs)["slope"]


def _antiderivative(run, inputs):
    """Gauss-Legendre with 8 nodes over an interval of length 1/32 within a piece."""
    x, width, total = inputs["x"], 1 / 32, 0.0
    for node, weight in zip(*np.polynomial.legendre.leggauss(8), strict=True):
        there = run(function=inputs["function"], x=x + width * float(node + 1) / 2)["slope"]
        total = total + float(weight) * width / 2 * there
    value = FUNCTIONS[inputs["function"]].value
    yield total, value(x + width) - value(x)


def _stays_in_the_box(run, inputs):
    xs = run(**inputs)["xs"]
    yield xs, array_namespace(xs).clip(xs, -inputs["radius"], inputs["radius"])


def _online_is_odd(run, inputs):
    flipped = {**inputs, "x0": -inputs["x0"], "targets": -inputs["targets"]}
    yield run(**flipped)["xs"], -run(**inputs)["xs"]


def _resting_point(run, inputs):
    xp = array_namespace(inputs["x0"])
    still = xp.stack([inputs["x0"]] * inputs["targets"].shape[0])
    yield run(**{**inputs, "targets": still})["xs"], still


# The system ---------------------------------------------------------------------------------------------------

_RATES = (
    number("lr", "step size alpha > 0"),
    number("beta1", "rate of the average of the gradients, in [0, 1)"),
    number("beta2", "rate of the average of their squares, in [0, 1)"),
    number("eps", "added to the root of the second moment, >= 0"),
    number("weight_decay", "coupled decay lambda >= 0"),
)
_RATE_ERRORS = (
    ErrorCase("negative-lr", "a negative step size climbs", {"lr": -0.1}, ValueError, "lr"),
    ErrorCase("beta1-one", "beta1 = 1 never sees a gradient", {"beta1": 1.0}, ValueError, "beta1"),
    ErrorCase("nan-beta2", "NaN is no rate", {"beta2": float("nan")}, ValueError, "beta2"),
    ErrorCase("negative-eps", "a negative eps may divide by 0", {"eps": -1e-8}, ValueError, "eps"),
    ErrorCase("negative-decay", "a negative decay grows", {"weight_decay": -0.1}, ValueError, "weight_decay"),
)

TRAJECTORY = Operation(
    name="diffgrad.trajectory",
    summary="the parameters after each of T steps, fed with given gradients",
    inputs=(array("theta0", "d", "start"), array("grads", "T d", "gradient of each step, without the decay"), *_RATES),
    outputs=(array("thetas", "T d", "parameters after each step", steps=True),),
    reference=trajectory,
    exact=exact_trajectory,
    exact_source="50 digits, the moments as weighted means over all gradients and the friction by the half angle",
    cases=TRAJECTORY_CASES,
    sample=_random_inputs,
    laws=(
        Law("odd", "start and gradients negated give the negated trajectory", _odd, ("both-signs", "strong-decay")),
        Law("coordinates-apart", "each coordinate moves by itself", _coordinates_apart, ("mixed-scales",)),
        Law(
            "constant-gradient",
            "under a constant gradient g the first step is lr sigmoid(|g|) g / (|g| + eps), each later one "
            "lr / 2 g / (|g| + eps)",
            _constant_gradient,
            ("both-signs", "quick-rates"),
        ),
        Law(
            "between-half-and-adam",
            "each step is between half of Adam's and Adam's, on the same gradients",
            _between_half_and_adam,
            ("both-signs", "gaussian", "large-eps"),
        ),
    ),
    mutants=mistake.mutants(_as_trajectory) + history_mistake.mutants(_as_trajectory),
    variants=tuple(Variant(slug, doc, source, _as_trajectory(rule)) for slug, doc, source, rule in _VARIANTS),
    errors=(
        *_RATE_ERRORS,
        ErrorCase("nan-gradient", "NaN is no gradient", {"grads": np.full((3, 4), np.nan)}, ValueError, "grad"),
        ErrorCase("wrong-shape", "gradients of another size", {"grads": np.ones((3, 5))}, ValueError, "grad"),
    ),
    drive=Drive(
        "theta0",
        "grads",
        {"lr": "lr", "betas": ("beta1", "beta2"), "eps": "eps", "weight_decay": "weight_decay"},
        optax={
            "learning_rate": "lr",
            "b1": "beta1",
            "b2": "beta2",
            "eps": "eps",
            "weight_decay": "weight_decay",
        },
    ),
)

STEP = Operation(
    name="diffgrad.step",
    summary="one step from a given state",
    inputs=(
        array("theta", "d", "parameters"),
        array("m", "d", "first moment before the step"),
        array("v", "d", "second moment before the step, >= 0"),
        array("previous", "d", "gradient of the step before, with its decay"),
        array("grad", "d", "gradient at theta, without the decay"),
        integer("t", "number of this step, >= 1"),
        *_RATES,
    ),
    outputs=(
        array("new_theta", "d", "parameters after the step"),
        array("new_m", "d", "first moment after the step"),
        array("new_v", "d", "second moment after the step"),
        array("new_previous", "d", "gradient with decay, for the next step"),
    ),
    reference=step,
    exact=exact_step,
    exact_source="50 digits, the averages as corrections of the old ones and the friction by the half angle",
    cases=STEP_CASES,
    sample=_random_step,
    laws=(
        Law("steady-is-half", "an unchanged gradient gives half of Adam's step", _steady_is_half, ("ordinary", "late")),
        Law(
            "mirrored-change",
            "a previous gradient on the other side of the new one, equally far, gives the same step",
            _mirrored_change,
            ("ordinary", "one-coordinate"),
        ),
        Law("stored", "what is stored is the gradient with its decay", _stored, ("ordinary", "decay")),
    ),
    mutants=mistake.mutants(_as_step),
    variants=tuple(Variant(slug, doc, source, _as_step(rule)) for slug, doc, source, rule in _VARIANTS),
    errors=(
        *_RATE_ERRORS,
        ErrorCase("step-zero", "steps count from 1", {"t": 0}, ValueError, "steps"),
        ErrorCase("infinite-gradient", "infinity is no gradient", {"grad": np.full(3, np.inf)}, ValueError, "grad"),
        ErrorCase("short-previous", "a gradient of another size", {"previous": np.ones(2)}, ValueError, "previous"),
    ),
)

FRICTION = Operation(
    name="diffgrad.friction",
    summary="the factor on the step, from two gradients in a row",
    inputs=(array("previous", "d", "gradient of the step before"), array("grad", "d", "gradient of this step")),
    outputs=(array("xi", "d", "friction, in [1/2, 1]"),),
    reference=friction,
    exact=exact_friction,
    exact_source="50 digits, by the half angle: (1 + tanh(|change| / 2)) / 2",
    cases=FRICTION_CASES,
    sample=_random_gradients,
    laws=(
        Law("exchange", "the two gradients may change places", _exchange, ("ordinary", "fine")),
        Law("half-angle", "2 xi - 1 = tanh(|change| / 2)", _half_angle, ("ordinary", "steady", "large")),
    ),
    mutants=friction_mistake.mutants(),
)

SLOPE = Operation(
    name="diffgrad.slope",
    summary="the derivative of one of the three functions of the synthetic study",
    inputs=(choice("function", FUNCTIONS, "which one"), array("x", "n", "points")),
    outputs=(array("slope", "n", "derivative at each point; at a joint that of the piece on the left"),),
    reference=slope,
    exact=exact_slope,
    exact_source="50 digits, point by point",
    cases=SLOPE_CASES,
    sample=_random_points,
    laws=(
        Law("f2-even-part", "slope(x) + slope(-x) = 6 x^2 for F2, |x| < 0.9", _even_part, ("f2-right",)),
        Law("f3-odd", "slope(-x) = -slope(x) for F3, away from the joints", _odd_slope, ("f3-pieces",)),
        Law(
            "antiderivative",
            "the integral of the slope over a short interval is the difference of the function's values",
            _antiderivative,
            ("f1-sides", "f2-right", "f3-pieces"),
        ),
    ),
    mutants=slope_mistake.mutants(),
)

ONLINE = Operation(
    name="diffgrad.online",
    summary="the form of the regret theorem on (x - a_t)^2: lr / sqrt(t), beta1 decay^(t-1), kept in a box",
    inputs=(
        array("x0", "d", "start, in the box"),
        array("targets", "T d", "a_t: the gradient of step t is 2 (x - a_t)"),
        number("lr", "step size alpha > 0 of the first step"),
        number("beta1", "rate of the first moment at the first step, in [0, 1)"),
        number("decay", "factor lambda on beta1 from step to step, in [0, 1)"),
        number("beta2", "rate of the second moment, in [0, 1)"),
        number("eps", "added to the root of the second moment, >= 0"),
        number("radius", "each coordinate is clipped to [-radius, radius] after each step"),
    ),
    outputs=(array("xs", "T d", "point after each step", steps=True),),
    reference=online,
    exact=exact_online,
    exact_source="50 digits, step by step, written apart from the source",
    cases=ONLINE_CASES,
    sample=_random_online,
    laws=(
        Law("in-the-box", "no point leaves the box", _stays_in_the_box, ("at-the-border", "ordinary")),
        Law("odd", "start and targets negated give the negated points", _online_is_odd, ("ordinary", "no-momentum")),
        Law("resting-point", "a start that is every function's minimum stays", _resting_point, ("ordinary",)),
    ),
    mutants=online_mistake.mutants(lambda made: made()),
    errors=(
        ErrorCase("negative-lr", "a negative step size climbs", {"lr": -0.1}, ValueError, "lr"),
        ErrorCase("decay-one", "the theorem needs a beta1 that fades", {"decay": 1.0}, ValueError, "decay"),
        ErrorCase("nan-beta1", "NaN is no rate", {"beta1": float("nan")}, ValueError, "beta1"),
    ),
)

SYSTEM = System(
    name="diffgrad",
    chapter="optimizers",
    summary="Adam with a friction that halves the step where the gradient hardly changes",
    paper=Paper(
        title="diffGrad: An Optimization Method for Convolutional Neural Networks",
        authors="Dubey, Chakraborty, Roy, Mukherjee, Singh, Chaudhuri",
        arxiv="1909.11015",
        year=2020,
        key="dubey2020diffgrad",
    ),
    operations=(TRAJECTORY, STEP, FRICTION, SLOPE, ONLINE),
    claims=CLAIMS,
    to_come="the paper's ablation over other friction functions, and its tables on CIFAR-10 and CIFAR-100",
)
