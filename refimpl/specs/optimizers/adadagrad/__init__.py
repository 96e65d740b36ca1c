"""What the oracle knows of AdAdaGrad."""

import math
from functools import partial
from typing import Any

import numpy as np

from refimpl.core import check
from refimpl.core.arrays import array_namespace, device
from refimpl.core.random import stream as draws
from refimpl.optimizers import adadagrad
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
from refimpl.specs.optimizers.adadagrad.claims import CLAIMS

CODE = "https://github.com/timlautk/AdAdaGrad/blob/135b9aa"
TESTS = ("norm", "coordinate", "inner_product", "augmented")

# Operations ---------------------------------------------------------------------------------------------------


def _test(test, eta, vartheta=0.9, nu=5.84):
    return {
        "norm": partial(adadagrad.norm_test, eta=eta),
        "coordinate": partial(adadagrad.coordinate_test, eta=eta),
        "inner_product": partial(adadagrad.inner_product_test, vartheta=vartheta),
        "augmented": partial(adadagrad.augmented_test, vartheta=vartheta, nu=nu),
    }[test]


def batch_size(grads, test, eta, vartheta, nu, split, largest):
    """Next batch size after a batch with these per-example gradients."""
    return adadagrad.grow(grads.shape[0], _test(test, eta, vartheta, nu)(grads), largest=largest)


def exact_size(population, test, eta, largest):
    """Smallest batch, drawn with replacement, that meets the exact test."""
    check.finite(population=population)
    xp = array_namespace(population)
    gradient, variance = xp.mean(population, axis=0), xp.var(population, axis=0)
    ratio = {"norm": adadagrad.norm_ratio, "coordinate": adadagrad.coordinate_ratio}[test]
    return adadagrad.grow(1, ratio(gradient, variance, eta=eta), largest=largest)


def adagrad(theta0, grads, alpha, v0, eps):
    """Positions after each step of AdaGrad, fed with given gradients."""
    theta, state, thetas = theta0, adadagrad.init(theta0, v0=v0), []
    for t in range(grads.shape[0]):
        theta, state = adadagrad.update(theta, state, grads[t, :], alpha=alpha, eps=eps)
        thetas.append(theta)
    return array_namespace(theta0).stack(thetas)


def adagrad_norm(theta0, grads, alpha, v0):
    """Positions after each step of AdaGrad-Norm, fed with given gradients."""
    theta, state, thetas = theta0, adadagrad.norm_init(theta0, v0=v0), []
    for t in range(grads.shape[0]):
        theta, state = adadagrad.norm_update(theta, state, grads[t, :], alpha=alpha)
        thetas.append(theta)
    return array_namespace(theta0).stack(thetas)


def trajectory(a, y, theta0, stream, first, largest, steps, alpha, eta, v0, eps, rule, test):
    """Positions and next batch sizes after each step on least squares."""
    xp = array_namespace(theta0)
    if rule == "norm":
        state, update = adadagrad.norm_init(theta0, v0=v0), partial(adadagrad.norm_update, alpha=alpha)
    else:
        state, update = adadagrad.init(theta0, v0=v0), partial(adadagrad.update, alpha=alpha, eps=eps)
    run = adadagrad.minimize(
        partial(_gradients, a, y),
        theta0,
        adadagrad.AdAdaGradState(state, first),
        xp.astype(stream, xp.int64),
        update=update,
        test=_test(test, eta),
        largest=largest,
        steps=steps,
        record=lambda theta, state, _: {"theta": theta, "size": state.size},
    )
    sizes = xp.asarray(run.history["size"][1:], dtype=theta0.dtype, device=device(theta0))
    return xp.stack(run.history["theta"][1:]), sizes


def _gradients(a, y, theta, rows):
    """Of (a_i theta - y_i)^2 / 2 for each of the rows."""
    xp = array_namespace(a)
    chosen = xp.take(a, rows, axis=0)
    return (chosen @ theta - xp.take(y, rows, axis=0))[:, None] * chosen


# Expected answers -----------------------------------------------------------------------------------------------


def _exact_variance(rows, divisor):
    """From the differences of all pairs, without a mean."""
    pairs = ((p - q) ** 2 for i, p in enumerate(rows) for q in rows[:i])
    return sum(pairs, start=0 * rows[0]) / (len(rows) * divisor)


def _exact_quotient(noise, signal):
    if signal != 0:
        return noise / signal
    return math.inf if noise > 0 else 0


def _exact_ratio(rows, test, eta, vartheta, nu, divisor):
    mean, variance = sum(rows) / len(rows), _exact_variance(rows, divisor)
    square = sum(mean * mean)
    if test == "norm":
        return _exact_quotient(sum(variance), eta**2 * square)
    if test == "coordinate":
        return max(_exact_quotient(v, eta**2 * m * m) for v, m in zip(variance, mean, strict=True))
    products = _exact_variance(rows.dot(mean), divisor)
    along = _exact_quotient(products, vartheta**2 * square**2)
    if test == "inner_product":
        return along
    across = sum(variance) - (products / square if square else 0)  # Pythagoras: the rest of the variance
    return max(along, _exact_quotient(across, nu**2 * square))


def _exact_grow(size, ratio, largest):
    return largest if ratio >= largest else max(size, math.ceil(ratio))


def exact_batch_size(grads, test, eta, vartheta, nu, split, largest):
    """Rational arithmetic; variances from differences of pairs, the orthogonal one by Pythagoras."""
    rows, (eta, vartheta, nu) = exact.fractions(grads), exact.fractions([eta, vartheta, nu])
    return _exact_grow(len(rows), _exact_ratio(rows, test, eta, vartheta, nu, len(rows) - 1), largest)


def exact_exact_size(population, test, eta, largest):
    """The same with divisor n."""
    rows, eta = exact.fractions(population), exact.fractions(eta)
    return _exact_grow(1, _exact_ratio(rows, test, eta, 1, 1, len(rows)), largest)


def _exact_path(theta, grads, alpha, eps, start, square):
    """Every step by the sum over all gradients so far; `square(g)` is what one adds to the accumulator."""
    thetas, total = [], start
    for grad in grads:
        total = total + square(grad)
        theta = theta - alpha * grad / (exact.sqrt(total) + eps)
        thetas.append(theta)
    return np.stack(thetas)


def exact_adagrad(theta0, grads, alpha, v0, eps):
    """In 50 digits."""
    theta0, grads, alpha, v0, eps = map(exact.reals, (theta0, grads, alpha, v0, eps))
    return _exact_path(theta0, grads, alpha, eps, v0, lambda g: g * g)


def exact_adagrad_norm(theta0, grads, alpha, v0):
    """In 50 digits."""
    theta0, grads, alpha, v0 = map(exact.reals, (theta0, grads, alpha, v0))
    return _exact_path(theta0, grads, alpha, 0, v0**2, lambda g: sum(g * g))


def exact_trajectory(a, y, theta0, stream, first, largest, steps, alpha, eta, v0, eps, rule, test):
    """In 50 digits."""
    a, y, theta, alpha, eta, v0, eps = map(exact.reals, (a, y, theta0, alpha, eta, v0, eps))
    size, position, thetas, sizes = first, 0, [], []
    squares = v0**2 if rule == "norm" else v0 + 0 * theta
    for _ in range(steps):
        rows = [int(i) for i in stream[position : position + size]]
        position += size
        grads = np.stack([a[i] * (sum(a[i] * theta) - y[i]) for i in rows])
        mean = sum(grads) / len(rows)
        squares = squares + (sum(mean * mean) if rule == "norm" else mean * mean)
        theta = theta - alpha * mean / (exact.sqrt(squares) + (0 if rule == "norm" else eps))
        size = _exact_grow(size, _exact_ratio(grads, test, eta, 1, 1, len(rows) - 1), largest)
        thetas.append(theta)
        sizes.append(size)
    return np.stack(thetas), np.array(sizes)


# Mutants of the tests -------------------------------------------------------------------------------------------
# Each is a whole rule (grads, test, eta, vartheta, nu, split, largest) -> next size.


def _variance(x):
    if x.shape[0] < 2:
        raise ValueError("one example has no variance")
    return array_namespace(x).var(x, axis=0, correction=1)


def _population_variance(x):
    return array_namespace(x).var(x, axis=0)


def _demands(grads, test, eta, vartheta, nu, variance=_variance, signal=lambda square: square):
    """Pairs (noise, signal) whose quotients a test asks for; `signal` makes a signal of a squared gradient."""
    xp = array_namespace(grads)
    mean = xp.mean(grads, axis=0)
    square = xp.sum(mean * mean)
    if test == "norm":
        return [(xp.sum(variance(grads)), eta**2 * signal(square))]
    if test == "coordinate":
        return [(variance(grads), eta**2 * signal(mean * mean))]
    safe = xp.where(square > 0, square, 1.0)
    c = grads @ mean / safe
    along = (variance(c), (vartheta * signal(safe) / safe) ** 2)
    if test == "inner_product":
        return [along]
    return [along, (xp.sum(variance(grads - c[:, None] * mean)), nu**2 * signal(square))]


def _quotient(noise, signal):
    xp = array_namespace(noise)
    quotient = noise / xp.where(signal > 0, signal, 1.0)
    return xp.where((signal > 0) | (noise == 0), quotient, math.inf)


def _ratio(demands):
    return max(float(array_namespace(n).max(_quotient(n, s))) for n, s in demands)


def _grow(size, ratio, largest):
    return max(size, math.ceil(min(ratio, largest)))


def _right_size(grads, test, eta, vartheta, nu, split, largest):
    return _grow(grads.shape[0], _ratio(_demands(grads, test, eta, vartheta, nu)), largest)


mistake = Mistakes()
size_mistake = Mistakes()  # those that a trajectory does not show: of the inner-product tests, and one that stops it


@mistake("wrong_constant", "divide by b - 1 in the sample variance; here it is divided by b")
def biased_variance(grads, test, eta, vartheta, nu, split, largest):
    demands = _demands(grads, test, eta, vartheta, nu, _population_variance)
    return _grow(grads.shape[0], _ratio(demands), largest)


@mistake("missing_step", "square the parameter of the test (eta, vartheta, nu); here it divides as it is")
def parameter_not_squared(grads, test, eta, vartheta, nu, split, largest):
    return _right_size(grads, test, eta**0.5, vartheta**0.5, nu**0.5, split, largest)


@mistake("missing_step", "divide by the squared norm of the batch gradient; here the norm is not squared")
def norm_not_squared(grads, test, eta, vartheta, nu, split, largest):
    root = lambda square: array_namespace(square).sqrt(square)
    return _grow(grads.shape[0], _ratio(_demands(grads, test, eta, vartheta, nu, signal=root)), largest)


@mistake("missing_step", "keep the size where the test is met: take the maximum with b; here batches may shrink")
def shrinks(grads, test, eta, vartheta, nu, split, largest):
    return _grow(2, _ratio(_demands(grads, test, eta, vartheta, nu)), largest)


@mistake("wrong_constant", "round the demanded size up; here it is rounded down, so the test is not met")
def floor(grads, test, eta, vartheta, nu, split, largest):
    ratio = _ratio(_demands(grads, test, eta, vartheta, nu))
    return max(grads.shape[0], math.floor(min(ratio, largest)))


@mistake(
    "wrong_scale",
    "put the variance of one example into the size; here it is that of the batch mean, smaller by the factor b",
)
def variance_of_mean(grads, test, eta, vartheta, nu, split, largest):
    b = grads.shape[0]
    return _grow(b, _ratio([(n / b, s) for n, s in _demands(grads, test, eta, vartheta, nu)]), largest)


@mistake("missing_step", "subtract the batch gradient before squaring; here mean squares stand for variances")
def not_centered(grads, test, eta, vartheta, nu, split, largest):
    second_moment = lambda x: array_namespace(x).sum(x * x, axis=0) / (x.shape[0] - 1)
    return _grow(grads.shape[0], _ratio(_demands(grads, test, eta, vartheta, nu, second_moment)), largest)


@size_mistake(
    "numerics",
    "0 / 0 is 0: where nothing varies the test is met; here it is NaN, and so is the size (or the run stops)",
    f"{CODE}/tests.py",
)
def no_zero_rule(grads, test, eta, vartheta, nu, split, largest):
    demands = _demands(grads, test, eta, vartheta, nu)
    if any(bool(array_namespace(n).any((n == 0) & (s == 0))) for n, s in demands):
        return math.nan
    return _grow(grads.shape[0], _ratio(demands), largest)


@mistake(
    "numerics",
    "a vanishing gradient under noise asks for the largest batch; here a signal below 1e-6 counts as a test met",
)
def no_signal_is_met(grads, test, eta, vartheta, nu, split, largest):
    without_faint = lambda square: array_namespace(square).where(square > 1e-12, square, 0.0)
    ratio = 0.0
    for n, s in _demands(grads, test, eta, vartheta, nu, signal=without_faint):
        xp = array_namespace(n)
        ratio = max(ratio, float(xp.max(xp.where(s > 0, n / xp.where(s > 0, s, 1.0), 0.0))))
    return _grow(grads.shape[0], ratio, largest)


@mistake(
    "numerics",
    "treat the zero denominator apart; here 1e-8 is added to the squared norm, which is all of it once gradients are "
    "small",
)
def epsilon_in_denominator(grads, test, eta, vartheta, nu, split, largest):
    demands = _demands(grads, test, eta, vartheta, nu, signal=lambda square: square + 1e-8)
    return _grow(grads.shape[0], _ratio(demands), largest)


@mistake("wrong_axis", "take the largest demand of the coordinates; here it is their mean")
def mean_over_coordinates(grads, test, eta, vartheta, nu, split, largest):
    demands = _demands(grads, test, eta, vartheta, nu)
    ratio = _ratio(demands)
    if test == "coordinate":
        ratio = float(array_namespace(grads).mean(_quotient(*demands[0])))
    return _grow(grads.shape[0], ratio, largest)


@mistake("wrong_constant", "add up the variances of the coordinates (their l1 norm); here their l2 norm is taken")
def variance_in_l2(grads, test, eta, vartheta, nu, split, largest):
    xp = array_namespace(grads)
    demands = _demands(grads, test, eta, vartheta, nu)
    if test == "norm":
        variance = _variance(grads)
        demands = [(xp.sqrt(xp.sum(variance * variance)), demands[0][1])]
    return _grow(grads.shape[0], _ratio(demands), largest)


@mistake("missing_step", "no batch is larger than the largest; here it is exceeded where the test asks for more")
def not_capped(grads, test, eta, vartheta, nu, split, largest):
    return _grow(grads.shape[0], min(_ratio(_demands(grads, test, eta, vartheta, nu)), 1e15), 10**15)


@size_mistake(
    "wrong_order",
    "take the variance of the whole inner product; here those of the arrays that hold the parameters are added up",
    f"{CODE}/tests.py",
)
def layer_by_layer(grads, test, eta, vartheta, nu, split, largest):
    if test in ("norm", "coordinate"):
        return _right_size(grads, test, eta, vartheta, nu, split, largest)
    xp = array_namespace(grads)
    mean = xp.mean(grads, axis=0)
    square, along, across = xp.sum(mean * mean), 0.0, 0.0
    for part in (slice(0, split), slice(split, grads.shape[1])):
        layer, m = grads[:, part], mean[part]
        if m.shape[0] > 0:
            own = xp.sum(m * m)
            products = layer @ m
            along = along + _variance(products / xp.where(square > 0, square, 1.0))
            across = across + xp.sum(_variance(layer - (products / xp.where(own > 0, own, 1.0))[:, None] * m))
    demands = [(along, vartheta**2 + 0 * square)]
    if test == "augmented":
        demands.append((across, nu**2 * square))
    return _grow(grads.shape[0], _ratio(demands), largest)


@size_mistake("missing_step", "divide by the fourth power of the batch gradient's norm; here it is the second")
def square_for_fourth_power(grads, test, eta, vartheta, nu, split, largest):
    demands = _demands(grads, test, eta, vartheta, nu)
    if test in ("inner_product", "augmented"):
        mean = array_namespace(grads).mean(grads, axis=0)
        demands[0] = (demands[0][0] * array_namespace(grads).sum(mean * mean), demands[0][1])
    return _grow(grads.shape[0], _ratio(demands), largest)


@size_mistake(
    "missing_step", "the augmented test also bounds the noise orthogonal to the gradient; it is left out here"
)
def not_augmented(grads, test, eta, vartheta, nu, split, largest):
    demands = _demands(grads, test, eta, vartheta, nu)
    return _grow(grads.shape[0], _ratio(demands[:1]), largest)


@size_mistake("wrong_constant", "take the larger of the two demands of the augmented test; here they are added up")
def demands_added(grads, test, eta, vartheta, nu, split, largest):
    ratio = sum(_ratio([demand]) for demand in _demands(grads, test, eta, vartheta, nu))
    return _grow(grads.shape[0], ratio, largest)


@size_mistake(
    "missing_step",
    "subtract each gradient's part along the batch gradient; here the variance of the whole is tested across it",
)
def not_projected(grads, test, eta, vartheta, nu, split, largest):
    demands = _demands(grads, test, eta, vartheta, nu)
    if test == "augmented":
        demands[1] = (array_namespace(grads).sum(_variance(grads)), demands[1][1])
    return _grow(grads.shape[0], _ratio(demands), largest)


# Mutants of the steps -------------------------------------------------------------------------------------------
# Each is a whole rule (theta, v, g, alpha, v0, eps, t) -> (theta, v), where v is v0 (AdaGrad) or its square (the norm
# version) at the first call.

adagrad_mistake = Mistakes()
norm_mistake = Mistakes()


def _sqrt(x):
    return array_namespace(x).sqrt(x)


def _square(g):
    return array_namespace(g).sum(g * g)


def _move(theta, g, v, alpha, eps):
    return theta - alpha * g / (_sqrt(v) + eps)


@adagrad_mistake(
    "wrong_order", "add the square of the gradient before it is divided; here it counts from the next step"
)
def delayed(theta, v, g, alpha, v0, eps, t):
    return _move(theta, g, v, alpha, eps), v + g * g


@adagrad_mistake("missing_step", "divide by the root of the accumulator; here the root is left out")
def no_root(theta, v, g, alpha, v0, eps, t):
    v = v + g * g
    return theta - alpha * g / (v + eps), v


@adagrad_mistake("missing_step", "start the accumulator at v0; here it starts at 0")
def v0_ignored(theta, v, g, alpha, v0, eps, t):
    v = v + g * g
    return _move(theta, g, v - v0, alpha, eps), v


@adagrad_mistake("wrong_scale", "v0 is on the scale of squared gradients; here it is squared first")
def v0_squared(theta, v, g, alpha, v0, eps, t):
    v = v + g * g
    return _move(theta, g, v - v0 + v0 * v0, alpha, eps), v


@adagrad_mistake("wrong_scale", "the accumulator is a sum; here it is the mean over the steps, which does not grow")
def mean_for_sum(theta, v, g, alpha, v0, eps, t):
    v = v + g * g
    return _move(theta, g, v / t, alpha, eps), v


@adagrad_mistake("extra_step", "keep the whole sum; here it forgets a tenth in each step, which is RMSprop")
def forgets(theta, v, g, alpha, v0, eps, t):
    v = 0.9 * v + 0.1 * g * g
    return _move(theta, g, v, alpha, eps), v


@adagrad_mistake("wrong_axis", "each coordinate has its own accumulator; here all share one, which is AdaGrad-Norm")
def one_for_all(theta, v, g, alpha, v0, eps, t):
    v = v + _square(g)
    return _move(theta, g, v, alpha, eps), v


@adagrad_mistake("extra_step", "eps is added to the root in the step; here it goes into the accumulator, at every step")
def eps_accumulated(theta, v, g, alpha, v0, eps, t):
    v = v + g * g + eps
    return _move(theta, g, v, alpha, 0.0), v


@adagrad_mistake("missing_step", "add eps to the root; here it is ignored")
def no_eps(theta, v, g, alpha, v0, eps, t):
    v = v + g * g
    return _move(theta, g, v, alpha, 1e-30), v


@adagrad_mistake("wrong_constant", "add eps to the root; here the larger of the two divides")
def larger_of_root_and_eps(theta, v, g, alpha, v0, eps, t):
    v = v + g * g
    return theta - alpha * g / array_namespace(v).maximum(_sqrt(v), eps + 0 * v), v


@adagrad_mistake("extra_step", "the accumulator is the schedule; here alpha is divided by the root of t as well")
def decayed_twice(theta, v, g, alpha, v0, eps, t):
    v = v + g * g
    return _move(theta, g, v, alpha / t**0.5, eps), v


@adagrad_mistake("wrong_sign", "subtract the step; here it climbs", "https://github.com/PaddlePaddle/Paddle/pull/4743")
def ascent(theta, v, g, alpha, v0, eps, t):
    v = v + g * g
    return _move(theta, g, v, -alpha, eps), v


@norm_mistake("wrong_order", "add the squared norm before it divides; here it counts from the next step")
def delayed_norm(theta, v, g, alpha, v0, eps, t):
    return _move(theta, g, v, alpha, 0.0), v + _square(g)


@norm_mistake("missing_step", "divide by the root v of the accumulated squares; here by the sum itself")
def no_root_norm(theta, v, g, alpha, v0, eps, t):
    v = v + _square(g)
    return theta - alpha / v * g, v


@norm_mistake(
    "wrong_axis",
    "all parameters share one accumulator of squared norms; here each coordinate has its own, which is AdaGrad",
    f"{CODE}/adagradnorm.py",
)
def per_coordinate(theta, v, g, alpha, v0, eps, t):
    v = v + g * g
    return _move(theta, g, v, alpha, 0.0), v


@norm_mistake("missing_step", "accumulate the square of the norm; here the norm itself is added")
def norms_added(theta, v, g, alpha, v0, eps, t):
    v = v + _sqrt(_square(g))
    return _move(theta, g, v, alpha, 0.0), v


@norm_mistake("wrong_scale", "v0 is a root: its square starts the sum; here v0 itself does")
def v0_not_squared(theta, v, g, alpha, v0, eps, t):
    v = v + _square(g)
    return _move(theta, g, v - v0 * v0 + v0, alpha, 0.0), v


@norm_mistake("wrong_scale", "add the squares of all coordinates; here it is their mean, as in row-wise AdaGrad")
def mean_square(theta, v, g, alpha, v0, eps, t):
    v = v + _square(g) / g.shape[0]
    return _move(theta, g, v, alpha, 0.0), v


@norm_mistake("wrong_order", "add squares under the root; here the norm of the gradient is added to the root v")
def roots_added(theta, v, g, alpha, v0, eps, t):
    v = (_sqrt(v) + _sqrt(_square(g))) ** 2
    return _move(theta, g, v, alpha, 0.0), v


@norm_mistake("wrong_sign", "subtract the step; here it climbs")
def ascent_norm(theta, v, g, alpha, v0, eps, t):
    v = v + _square(g)
    return _move(theta, g, v, -alpha, 0.0), v


def _path(rule, theta, grads, alpha, v, v0, eps):
    thetas = []
    for t in range(grads.shape[0]):
        theta, v = rule(theta, v, grads[t, :], alpha, v0, eps, t + 1)
        thetas.append(theta)
    return array_namespace(theta).stack(thetas)


def _as_adagrad(rule):
    return lambda theta0, grads, alpha, v0, eps: _path(rule, theta0, grads, alpha, v0 + 0 * theta0, v0, eps)


def _as_norm(rule):
    return lambda theta0, grads, alpha, v0: _path(rule, theta0, grads, alpha, v0**2 + 0 * theta0[0], v0, 0.0)


def eps_inside(theta0, grads, alpha, v0, eps):
    """Optax: alpha g / sqrt(v + eps), and no step where v = 0."""

    def rule(theta, v, g, alpha, v0, eps, t):
        v = v + g * g
        return theta - array_namespace(v).where(v > 0, alpha * g / _sqrt(v + eps), 0.0), v

    return _as_adagrad(rule)(theta0, grads, alpha, v0, eps)


def eps_in_root(theta0, grads, alpha, v0):
    """The authors' code: alpha G / (v + 1e-10)."""

    def rule(theta, v, g, alpha, v0, eps, t):
        v = v + _square(g)
        return _move(theta, g, v, alpha, 1e-10), v

    return _as_norm(rule)(theta0, grads, alpha, v0)


# Mutants of the whole -------------------------------------------------------------------------------------------
# Each is a step (problem, theta, v, size, position) -> (theta, v, next size, examples consumed).

run_mistake = Mistakes()


class _Problem:
    """The inputs of a trajectory, and its parts as they should be."""

    def __init__(self, a, y, theta0, stream, first, largest, steps, alpha, eta, v0, eps, rule, test):
        self.a, self.y, self.stream, self.largest = a, y, stream, largest
        self.alpha, self.eta, self.eps, self.rule, self.test = alpha, eta, eps, rule, test

    def gradients(self, theta, position, size):
        """Of the batch that starts at a position of the stream.

        A mistake may run over its end: then it goes on from the start, once.
        """
        xp, n = array_namespace(self.stream), self.stream.shape[0]
        rows = [int(self.stream[(position + i) % n]) for i in range(min(size, n))]
        rows = xp.asarray(rows, dtype=xp.int64, device=device(self.stream))
        return _gradients(self.a, self.y, theta, rows)

    def accumulated(self, v, mean):
        return v + (_square(mean) if self.rule == "norm" else mean * mean)

    def moved(self, theta, mean, v):
        return _move(theta, mean, v, self.alpha, 0.0 if self.rule == "norm" else self.eps)

    def size(self, grads, decide=_right_size):
        return decide(grads, self.test, self.eta, 1.0, 1.0, grads.shape[1], self.largest)


def _mean(grads):
    return array_namespace(grads).mean(grads, axis=0)


def _as_run(rule):
    def run(a, y, theta0, stream, first, largest, steps, alpha, eta, v0, eps, rule_name, test):
        problem = _Problem(a, y, theta0, stream, first, largest, steps, alpha, eta, v0, eps, rule_name, test)
        theta, size, position, thetas, sizes = theta0, first, 0, [], []
        v = v0**2 + 0 * theta0[0] if rule_name == "norm" else v0 + 0 * theta0
        for _ in range(steps):
            theta, v, size, consumed = rule(problem, theta, v, size, position)
            position += consumed
            thetas.append(theta)
            sizes.append(size)
        xp = array_namespace(theta0)
        return xp.stack(thetas), xp.asarray(sizes, dtype=theta0.dtype, device=device(theta0))

    return lambda rule, **inputs: run(**inputs, rule_name=rule)


def _with_decision(decide):
    """A mistake in the test, carried through a trajectory."""

    def rule(problem, theta, v, size, position):
        grads = problem.gradients(theta, position, size)
        v = problem.accumulated(v, _mean(grads))
        return problem.moved(theta, _mean(grads), v), v, problem.size(grads, decide), size

    return _as_run(rule)


@run_mistake("wrong_order", "test on the gradients that made the step; here the batch is evaluated at the next point")
def tested_at_next_point(problem, theta, v, size, position):
    mean = _mean(problem.gradients(theta, position, size))
    v = problem.accumulated(v, mean)
    theta = problem.moved(theta, mean, v)
    return theta, v, problem.size(problem.gradients(theta, position, size)), size


@run_mistake("wrong_order", "the new size is for the next batch; here the current batch is filled up to it first")
def filled_up_at_once(problem, theta, v, size, position):
    size = problem.size(problem.gradients(theta, position, size))
    mean = _mean(problem.gradients(theta, position, size))
    v = problem.accumulated(v, mean)
    return problem.moved(theta, mean, v), v, size, size


@run_mistake("missing_step", "change the size of the batches; here they keep the first one")
def never_grows(problem, theta, v, size, position):
    mean = _mean(problem.gradients(theta, position, size))
    v = problem.accumulated(v, mean)
    return problem.moved(theta, mean, v), v, size, size


@run_mistake("wrong_scale", "divide the sum of the gradients by the current size; here the step takes their sum")
def sum_for_mean(problem, theta, v, size, position):
    grads = problem.gradients(theta, position, size)
    total = size * _mean(grads)
    v = problem.accumulated(v, total)
    return problem.moved(theta, total, v), v, problem.size(grads), size


@run_mistake("wrong_order", "the step divides by a root that holds the current gradient; here it holds the past ones")
def delayed_accumulator(problem, theta, v, size, position):
    grads = problem.gradients(theta, position, size)
    theta = problem.moved(theta, _mean(grads), v)
    return theta, problem.accumulated(v, _mean(grads)), problem.size(grads), size


@run_mistake(
    "wrong_order", "each batch takes new examples off the stream; here a batch reads the stream from its start"
)
def stream_restarted(problem, theta, v, size, position):
    grads = problem.gradients(theta, 0, size)
    v = problem.accumulated(v, _mean(grads))
    return problem.moved(theta, _mean(grads), v), v, problem.size(grads), size


@run_mistake("wrong_order", "the stream moves on by the size of this batch; here by that of the next one")
def stream_ahead(problem, theta, v, size, position):
    grads = problem.gradients(theta, position, size)
    v = problem.accumulated(v, _mean(grads))
    after = problem.size(grads)
    return problem.moved(theta, _mean(grads), v), v, after, after


@run_mistake("wrong_axis", "AdaGrad has an accumulator for each coordinate, AdaGrad-Norm one in all; exchanged here")
def rules_exchanged(problem, theta, v, size, position):
    grads = problem.gradients(theta, position, size)
    mean = _mean(grads)
    v = v + (mean * mean if problem.rule == "norm" else _square(mean))
    return problem.moved(theta, mean, v), v, problem.size(grads), size


@run_mistake("wrong_order", "the norm test and the test in every coordinate are exchanged")
def tests_exchanged(problem, theta, v, size, position):
    grads = problem.gradients(theta, position, size)
    v = problem.accumulated(v, _mean(grads))
    other = {"norm": "coordinate", "coordinate": "norm"}[problem.test]
    after = _right_size(grads, other, problem.eta, 1.0, 1.0, grads.shape[1], problem.largest)
    return problem.moved(theta, _mean(grads), v), v, after, size


@run_mistake("extra_step", "eps is AdaGrad's; AdaGrad-Norm divides by the root alone, and here eps is added to it too")
def eps_in_both_rules(problem, theta, v, size, position):
    grads = problem.gradients(theta, position, size)
    mean = _mean(grads)
    v = problem.accumulated(v, mean)
    return _move(theta, mean, v, problem.alpha, problem.eps), v, problem.size(grads), size


# Mutants of the exact test --------------------------------------------------------------------------------------

exact_mistake = Mistakes()


def _exact_demand(population, test, eta, variance=_population_variance):
    return _demands(population, test, eta, 1.0, 1.0, variance)


@exact_mistake("wrong_constant", "the whole population is known: divide by n; here by n - 1, as for a sample of it")
def sample_variance(population, test, eta, largest):
    return _grow(1, _ratio(_exact_demand(population, test, eta, _variance)), largest)


@exact_mistake("missing_step", "square eta")
def eta_not_squared(population, test, eta, largest):
    return _grow(1, _ratio(_exact_demand(population, test, eta**0.5)), largest)


@exact_mistake("wrong_constant", "round up; here the size is rounded down and does not meet the test")
def exact_floor(population, test, eta, largest):
    return max(1, math.floor(min(_ratio(_exact_demand(population, test, eta)), largest)))


@exact_mistake("missing_step", "subtract the mean gradient before squaring; here mean squares stand for variances")
def exact_not_centered(population, test, eta, largest):
    second_moment = lambda x: array_namespace(x).mean(x * x, axis=0)
    return _grow(1, _ratio(_exact_demand(population, test, eta, second_moment)), largest)


@exact_mistake("wrong_axis", "take the largest demand of the coordinates; here it is their mean")
def exact_mean(population, test, eta, largest):
    ((noise, signal),) = _exact_demand(population, test, eta)
    return _grow(1, float(array_namespace(population).mean(_quotient(noise, signal))), largest)


@exact_mistake(
    "extra_step",
    "batches are drawn with replacement, so there is no finite-population correction (n - b) / (n - 1); here there is",
)
def without_replacement(population, test, eta, largest):
    n, ratio = population.shape[0], _ratio(_exact_demand(population, test, eta))
    if ratio == math.inf:
        return min(n, largest)
    return _grow(1, n * ratio / (n - 1 + ratio), largest)


@exact_mistake("numerics", "a population whose gradients are all 0 asks for nothing; here 0 / 0 asks for the largest")
def zeros_fire(population, test, eta, largest):
    ratio = 0.0
    for noise, signal in _exact_demand(population, test, eta):
        xp = array_namespace(noise)
        ratio = max(ratio, float(xp.max(xp.where(signal > 0, noise / xp.where(signal > 0, signal, 1.0), math.inf))))
    return _grow(1, ratio, largest)


# Cases of the tests ---------------------------------------------------------------------------------------------

ROWS = np.array([[1.0, 1, 2], [3, 5, 5], [6, 7, 9], [9, 10, 11]])


def _sized(slug, flags, why, grads=ROWS, test="norm", size=None, **more):
    grads = np.array(grads, dtype=float)
    inputs = {"grads": grads, "test": test, "eta": 0.1, "vartheta": 0.1, "nu": 0.3}
    inputs |= {"split": grads.shape[1], "largest": 1000}
    inputs |= {name: more.pop(name) for name in tuple(more) if name in inputs}
    answer: dict[str, Any] = (
        {} if size is None else {"answer": {"size": np.array(float(size))}, "source": "worked by hand"}
    )
    return Case(slug, flags, why, inputs, **answer, **more)


def _scattered(slug, b, d, mean=1.0, scale=1.0):
    """Gaussian rows around a mean."""
    return scale * (mean + draws(0, "adadagrad-case", slug).standard_normal((b, d)))


SIZE_CASES = (
    _sized(
        "norm",
        ("basic", "wrong_constant", "missing_step"),
        "variances 12.25, 14.25, 16.25 and a squared norm of 101.1875 ask for 42.248",
        size=43,
        equations=("adadagrad-3", "adadagrad-8"),
    ),
    _sized(
        "coordinate",
        ("basic", "wrong_constant", "missing_step"),
        "the coordinates ask for 54.29, 43.10 and 35.67; the first decides",
        test="coordinate",
        size=55,
        equations=("adadagrad-4",),
    ),
    _sized(
        "inner-product",
        ("basic", "wrong_constant"),
        "noise along the batch gradient asks for 41.448",
        test="inner_product",
        size=42,
        equations=("adadagrad-5", "adadagrad-6"),
    ),
    _sized(
        "along-decides",
        ("basic",),
        "of the augmented test's demands 41.448 and 0.0889 the first decides",
        test="augmented",
        size=42,
        equations=("adadagrad-7",),
    ),
    _sized(
        "across-decides",
        ("basic", "missing_step"),
        "of the augmented test's demands 0.512 and 8.894 the second decides",
        test="augmented",
        vartheta=0.9,
        nu=0.03,
        size=9,
        equations=("adadagrad-7",),
    ),
    _sized(
        "test-met",
        ("edge_case", "missing_step"),
        "a demand of 1.69 keeps the batch of 4: it never shrinks",
        eta=0.5,
        size=4,
        equations=("adadagrad-8",),
    ),
    _sized(
        "many-examples",
        ("basic", "wrong_constant"),
        "seven noisy examples, where one more or less changes the answer",
        _scattered("many", 7, 4, 0.5),
        eta=0.05,
        largest=100_000,
    ),
    _sized(
        "many-coordinates",
        ("basic", "wrong_constant"),
        "the coordinates' demands differ widely",
        np.stack([_scattered("coordinates", 6, 1, m)[:, 0] for m in (0.6, 1.0, 2.0, 4.0)], axis=1) + np.eye(6, 4),
        "coordinate",
        largest=100_000,
    ),
    _sized(
        "two-layers-along",
        ("basic", "wrong_order", "known_bug"),
        "the products of two parameter arrays are correlated: the variance of their sum is no sum of variances",
        _scattered("layers", 6, 8, 0.7),
        "inner_product",
        split=3,
    ),
    _sized(
        "two-layers-across",
        ("basic", "wrong_order", "known_bug"),
        "the projection is on the whole gradient, not on each array's own part",
        _scattered("across", 6, 8, 0.7),
        "augmented",
        vartheta=0.9,
        nu=0.1,
        split=5,
        largest=100_000,
    ),
    _sized(
        "both-demand",
        ("basic", "wrong_constant"),
        "the augmented test's two demands are of one size: the larger one counts, not their sum",
        _scattered("both", 5, 6, 0.8),
        "augmented",
        vartheta=0.2,
        nu=0.4,
        split=2,
    ),
    _sized(
        "capped",
        ("boundary", "missing_step"),
        "no more than the largest batch",
        test="coordinate",
        largest=50,
        size=50,
        equations=("adadagrad-8",),
    ),
    _sized("full-already", ("boundary",), "a batch that is the largest already stays", largest=4, size=4),
    _sized(
        "two-examples-one-parameter",
        ("boundary",),
        "the smallest batch that has a variance, divided by one",
        [[1.0], [4.03125]],
    ),
    *(
        _sized(
            f"no-noise-{test.replace('_', '-')}",
            ("edge_case", "numerics"),
            "equal rows: nothing to average away",
            [[0.5, -2.0], [0.5, -2.0], [0.5, -2.0]],
            test,
            size=3,
        )
        for test in TESTS
    ),
    *(
        _sized(
            f"all-zero-{test.replace('_', '-')}",
            ("edge_case", "known_bug"),
            "0 / 0 is 0: a batch of zero gradients keeps its size",
            np.zeros((3, 2)),
            test,
            size=3,
        )
        for test in TESTS
    ),
    *(
        _sized(
            f"no-signal-{test.replace('_', '-')}",
            ("edge_case", "known_bug"),
            "the batch gradient vanishes although the examples disagree: nothing but the largest batch will do",
            [[1.0, 0.0], [-1.0, 0.0]],
            test,
            size=1000,
        )
        for test in ("norm", "coordinate", "augmented")
    ),
    _sized(
        "border-pixel",
        ("edge_case",),
        "a coordinate whose gradients are all 0 asks for nothing",
        [[1.0, 0.0], [2.0, 0.0], [4.0, 0.0]],
        "coordinate",
    ),
    _sized(
        "dead-coordinate",
        ("edge_case", "missing_step"),
        "a coordinate whose gradients cancel asks for the largest batch",
        [[1.0, 1.0], [2.0, -1.0], [4.0, 0.0]],
        "coordinate",
        size=1000,
    ),
    _sized(
        "small-gradients",
        ("numerics",),
        "gradients of 1e-6: an epsilon in the denominator would show",
        1e-6 * ROWS,
    ),
    _sized(
        "small-gradients-coordinate",
        ("numerics",),
        "gradients of 1e-6: an epsilon in the denominator of a coordinate would show",
        1e-6 * ROWS,
        "coordinate",
        size=55,
    ),
    *(
        _sized(
            f"tiny-gradients-{test}",
            ("numerics",),
            "gradients of 1e-15, whose squares leave no room for an epsilon",
            1e-15 * ROWS,
            test,
            size=size,
            dtypes=("float64",),  # squares of variances, which one of the mistakes takes, are no float32
        )
        for test, size in (("norm", 43), ("coordinate", 55))
    ),
    _sized(
        "small-gradients-along",
        ("numerics",),
        "gradients of 1e-12, whose norm to the fourth is no float32",
        1e-12 * ROWS,
        "augmented",
        split=1,
    ),
    _sized(
        "tiny-gradients-along",
        ("numerics",),
        "gradients of 1e-90, whose norm to the fourth is no float64",
        1e-90 * ROWS,
        "inner_product",
        dtypes=("float64",),
    ),
    _sized(
        "large-gradients",
        ("numerics",),
        "gradients of 1e8 and a batch limit beyond int32",
        1e8 * ROWS,
        "coordinate",
        eta=0.01,
        largest=10**12,
    ),
)


def _clear(ratio, largest):
    """Whether a demand is so far from the whole numbers and the limit that rounding cannot reach them."""
    if ratio >= largest:
        return ratio > 1.01 * largest
    return ratio < 0.99 * largest and abs(ratio - round(ratio)) > 1e-3 * max(ratio, 1.0)


def _well_posed(rows):
    """Whether no coordinate of the mean is rounding noise; one that is 0 for all examples is 0 exactly."""
    live = rows[:, np.any(rows != 0, axis=0)]
    return bool(np.min(np.abs(live.mean(axis=0)), initial=math.inf) > 0.03 * np.max(np.abs(live), initial=0))


def _random_size(rng):
    while True:
        b, d = int(rng.integers(2, 9)), int(rng.integers(1, 6))
        grads = 10.0 ** rng.uniform(-3, 3) * (rng.uniform(0.5, 3, d) + rng.standard_normal((b, d)))
        inputs = {"grads": grads, "test": str(rng.choice(TESTS))}
        inputs |= {name: float(rng.uniform(low, 1)) for name, low in (("eta", 0.1), ("vartheta", 0.1), ("nu", 0.1))}
        inputs |= {"split": int(rng.integers(1, d + 1)), "largest": int(rng.integers(b, 200))}
        ratio = _ratio(_demands(*(inputs[name] for name in ("grads", "test", "eta", "vartheta", "nu"))))
        if _well_posed(grads) and _clear(ratio, inputs["largest"]):
            return inputs


def _exact_case(slug, flags, why, population=ROWS, test="norm", size=None, eta=0.1, largest=1000, **more):
    inputs = {"population": np.array(population, dtype=float), "test": test, "eta": eta, "largest": largest}
    answer: dict[str, Any] = (
        {} if size is None else {"answer": {"size": np.array(float(size))}, "source": "worked by hand"}
    )
    return Case(slug, flags, why, inputs, **answer, **more)


EXACT_CASES = (
    _exact_case(
        "norm",
        ("basic", "wrong_constant"),
        "trace 32.0625 over 0.01 * 101.1875 is 31.69",
        size=32,
        equations=("adadagrad-3",),
    ),
    _exact_case("coordinate", ("basic", "wrong_constant"), "40.72 in the first coordinate", test="coordinate", size=41),
    _exact_case("small", ("basic",), "a size below the population's", eta=0.4, size=2),
    _exact_case(
        "larger-than-the-population",
        ("basic", "missing_step"),
        "draws with replacement: more of them than the population has",
        _scattered("population", 5, 3, 0.6),
        eta=0.3,
    ),
    _exact_case(
        "coordinates-differ",
        ("basic", "wrong_constant"),
        "the coordinates' demands differ",
        _scattered("exact-coordinates", 6, 4, 2.0),
        test="coordinate",
        eta=0.15,
    ),
    _exact_case("one-example", ("boundary",), "a population of one has no noise", [[2.0, 0.5]], size=1),
    _exact_case("capped", ("boundary", "missing_step"), "no more than the largest batch", largest=20, size=20),
    _exact_case(
        "all-zero", ("edge_case",), "no gradient and no noise: one example is enough", np.zeros((3, 2)), size=1
    ),
    _exact_case(
        "stationary",
        ("edge_case",),
        "at a stationary point with noise no batch is enough",
        [[1, 2], [-1, -2]],
        size=1000,
    ),
    _exact_case(
        "dead-coordinate",
        ("edge_case",),
        "a coordinate that is 0 for all examples asks for nothing",
        [[1, 0], [2, 0], [4, 0]],
        test="coordinate",
    ),
    _exact_case("small-gradients", ("numerics",), "gradients of 1e-12", 1e-12 * ROWS),
    _exact_case(
        "small-gradients-coordinate",
        ("numerics",),
        "gradients of 1e-6: an epsilon in the denominator of a coordinate would show",
        1e-6 * ROWS,
        test="coordinate",
        size=41,
    ),
)


def _random_exact(rng):
    while True:
        n, d = int(rng.integers(1, 8)), int(rng.integers(1, 5))
        population = 10.0 ** rng.uniform(-3, 3) * (rng.uniform(0.5, 3, d) + rng.standard_normal((n, d)))
        inputs = {"population": population, "test": str(rng.choice(TESTS[:2])), "eta": float(rng.uniform(0.1, 1.5))}
        inputs["largest"] = int(rng.integers(1, 200))
        ratio = _ratio(_exact_demand(population, inputs["test"], inputs["eta"]))
        if _well_posed(population) and _clear(ratio, inputs["largest"]):
            return inputs


# Cases of the steps ---------------------------------------------------------------------------------------------


def _steps(theta0, grads, **settings):
    return {"theta0": np.array(theta0, dtype=float), "grads": np.array(grads, dtype=float), **settings}


def _normal(slug, *shape):
    return draws(0, "adadagrad-case", slug).standard_normal(shape)


FEW = [[3, -1, 0.5], [-1, 2, 0], [0.25, 4, -1], [2, 1, 1]]

ADAGRAD_CASES = (
    Case(
        "theory",
        ("basic", "wrong_order", "wrong_constant"),
        "v0 > 0 and no eps; the gradient counts in its own step",
        _steps([1, -2, 3], FEW, alpha=0.5, v0=0.25, eps=0.0),
        equations=("adadagrad-11", "adadagrad-12"),
    ),
    Case(
        "code",
        ("basic", "edge_case"),
        "v0 = 0 and an eps of 1e-10: the first step is alpha times the sign, a zero gradient does not move",
        _steps([1, -2, 3], [[3, -1, 0], [-1, 2, 0], [0.25, 4, -1]], alpha=0.5, v0=0.0, eps=1e-10),
    ),
    Case(
        "large-eps",
        ("variant", "wrong_constant", "missing_step"),
        "eps is added to the root, not under it, and once",
        _steps([1, -2, 3], FEW, alpha=0.5, v0=0.0625, eps=0.5),
    ),
    Case(
        "eps-above-the-root",
        ("wrong_constant", "edge_case"),
        "an eps larger than the root is added to it as well; the larger of the two would be another step",
        _steps([1, -2, 3], FEW, alpha=0.5, v0=0.0625, eps=8.0),
    ),
    Case(
        "gaussian",
        ("basic",),
        "an ordinary run of 12 steps",
        _steps(_normal("theta", 4), _normal("grads", 12, 4), alpha=0.1, v0=0.01, eps=1e-3),
    ),
    Case(
        "one-step-one-coordinate",
        ("boundary",),
        "sqrt(0.75 + 1.5^2) = sqrt(3)",
        _steps([2.0], [[1.5]], alpha=3.0, v0=0.75, eps=0.0),
    ),
    Case(
        "zero-gradients",
        ("edge_case",),
        "nothing moves, and nothing is NaN",
        _steps([1, -1], np.zeros((3, 2)), alpha=0.1, v0=0.0, eps=1e-3),
    ),
    Case(
        "mixed-scales",
        ("numerics",),
        "each coordinate is scaled by itself: all move alike",
        _steps([1, 1, 1], np.array(FEW) * [1e6, 1, 1e-6], alpha=0.1, v0=0.0, eps=1e-10),
    ),
)


def _random_adagrad(rng):
    steps, d, scale = int(rng.integers(1, 5)), int(rng.integers(1, 6)), 10.0 ** rng.uniform(-3, 3)
    v0, eps = ((0.0, 1e-10), (0.01, 0.0), (0.1, 1e-7), (1.0, 0.5))[int(rng.integers(4))]
    return {
        "theta0": rng.standard_normal(d),
        "grads": scale * rng.standard_normal((steps, d)),
        "alpha": float(10.0 ** rng.uniform(-3, 0.5)),
        "v0": v0,
        "eps": eps,
    }


HESSIAN = np.array([[2, 1, 0, -1], [1, 3, 0.5, 0], [0, 0.5, -1, 2], [-1, 0, 2, 4]])
PATH = np.array(
    [
        [1, -2, 0.5, 3],
        [1.1071914050612297, -1.8302802753197196, 0.33921289240815544, 2.571234379755081],
        [1.1673332319748173, -1.7144023762459306, 0.23229735196655832, 2.3002090249120433],
    ]
)

NORM_CASES = (
    Case(
        "saddle",
        ("basic", "wrong_order", "wrong_constant"),
        "two steps on a quadratic that is neither convex nor concave: the squares add up to 195.8225 and 330.6258",
        _steps(PATH[0], PATH[:2] @ HESSIAN, alpha=0.5, v0=0.1),
        equations=("adadagrad-9", "adadagrad-10"),
        answer={"thetas": PATH[1:]},
        source="worked with the definition",
    ),
    Case(
        "few",
        ("basic", "wrong_constant", "missing_step"),
        "the start value is a root and is squared",
        _steps([1, -2, 3], FEW, alpha=0.5, v0=2.0),
        equations=("adadagrad-9",),
    ),
    Case(
        "gaussian",
        ("basic",),
        "an ordinary run of 12 steps",
        _steps(_normal("theta", 4), _normal("grads", 12, 4), alpha=1.0, v0=0.1),
    ),
    Case(
        "one-step-one-coordinate",
        ("boundary",),
        "sqrt(0.5^2 + 1.2^2) = 1.3",
        _steps([2.0], [[1.2]], alpha=1.3, v0=0.5),
    ),
    Case(
        "tiny-start",
        ("edge_case", "variant"),
        "with a small v0 the first step has length alpha",
        _steps([1, -2], [[1e-3, -2e-3], [3e-3, 0]], alpha=0.25, v0=1e-6),
    ),
    Case(
        "zero-gradients",
        ("edge_case",),
        "nothing moves, and nothing is NaN",
        _steps([1, -1], np.zeros((3, 2)), alpha=0.1, v0=0.1),
    ),
    Case(
        "large-gradients",
        ("numerics",),
        "the scale of the gradients cancels",
        _steps([1, 1, 1], 1e12 * np.array(FEW), alpha=0.1, v0=0.1),
    ),
)


def _random_norm(rng):
    inputs = _random_adagrad(rng)
    del inputs["eps"]
    return inputs | {"v0": float(10.0 ** rng.uniform(-3, 1))}


# Cases of the whole ---------------------------------------------------------------------------------------------


def _run_inputs(rng, n, d, steps, *, unit=1.0, dead=0, **settings):
    """`unit` of targets and parameters; `dead` features at the end that are 0 for all examples."""
    inputs = {
        "a": rng.standard_normal((n, d)) * (np.arange(d) < d - dead),
        "y": unit * rng.standard_normal(n),
        "theta0": unit * rng.standard_normal(d),
        "first": 2,
        "largest": 8,
        "steps": steps,
        "alpha": 0.5,
        "eta": 0.5,
        "v0": 0.1,
        "eps": 0.0,
        "rule": "norm",
        "test": "norm",
    } | settings
    inputs["stream"] = rng.integers(0, n, steps * inputs["largest"]).astype(float)
    return inputs


def _is_clear(inputs):
    """Whether every test of a trajectory is decided well beyond rounding."""
    problem = _Problem(**inputs)
    theta, size, position = inputs["theta0"], inputs["first"], 0
    v = inputs["v0"] ** 2 if inputs["rule"] == "norm" else inputs["v0"] + 0 * theta
    for _ in range(inputs["steps"]):
        grads = problem.gradients(theta, position, size)
        position += size
        ratio = _ratio(_demands(grads, inputs["test"], inputs["eta"], 1.0, 1.0))
        if np.any(np.ptp(grads, axis=0)) and not (_well_posed(grads) and _clear(ratio, inputs["largest"])):
            return False
        v = problem.accumulated(v, _mean(grads))
        theta = problem.moved(theta, _mean(grads), v)
        size = problem.size(grads)
    return True


def _run_case(slug, flags, why, n=5, d=2, steps=4, growing=True, **settings):
    """The first draw on which every test is decided clearly and the sizes grow in more than one step."""
    more = {name: settings.pop(name) for name in ("equations",) if name in settings}
    for attempt in range(10_000):
        inputs = _run_inputs(draws(attempt, "adadagrad-case", slug), n, d, steps, **settings)
        if _is_clear(inputs):
            sizes = trajectory(**inputs)[1]
            grown = len({inputs["first"], *sizes.tolist()})
            if not growing or (grown >= min(steps, 3) and np.max(sizes[:-1], initial=0) < inputs["largest"]):
                return Case(slug, flags, why, inputs, **more)
    raise AssertionError(f"no draw for {slug}")


_TAGS = ("adadagrad-1", "adadagrad-2", "adadagrad-8")

TRAJECTORY_CASES = (
    _run_case(
        "norm-norm",
        ("basic", "wrong_order", "missing_step"),
        "AdAdaGrad-Norm with the norm test: steps and batch sizes",
        largest=20,
        equations=_TAGS,
    ),
    _run_case(
        "adagrad-norm",
        ("basic", "wrong_order"),
        "AdAdaGrad with the norm test, as in the experiments",
        largest=20,
        rule="adagrad",
        v0=0.0,
        eps=1e-10,
        equations=_TAGS,
    ),
    _run_case(
        "adagrad-coordinate",
        ("basic", "wrong_constant"),
        "AdAdaGrad with the test in every coordinate, as in the theory",
        largest=60,
        rule="adagrad",
        test="coordinate",
        eta=0.6,
        equations=_TAGS,
    ),
    _run_case(
        "norm-coordinate",
        ("basic", "wrong_constant"),
        "the two choices are independent: AdaGrad-Norm with the test in every coordinate",
        largest=60,
        test="coordinate",
        eta=0.7,
    ),
    _run_case(
        "norm-without-eps",
        ("wrong_constant", "edge_case"),
        "eps is of the other rule: AdaGrad-Norm divides by the root alone, whatever eps is given",
        largest=20,
        eps=0.5,
    ),
    _run_case(
        "reaches-the-largest",
        ("edge_case", "missing_step"),
        "once a batch is the largest there are no larger ones",
        steps=3,
        largest=6,
        eta=0.2,
        growing=False,
    ),
    _run_case(
        "border-feature",
        ("edge_case",),
        "a feature that is 0 for all examples has no say in the size, and does not move",
        d=3,
        dead=1,
        largest=60,
        rule="adagrad",
        test="coordinate",
        eta=0.6,
        v0=0.0,
        eps=1e-10,
    ),
    _run_case(
        "small-units",
        ("numerics",),
        "gradients of 1e-5: an epsilon in the denominator of the test would keep the batch small",
        largest=20,
        unit=1e-5,
        alpha=5e-6,
        v0=1e-6,
    ),
    _run_case(
        "tiny-units",
        ("numerics",),
        "gradients of 1e-9 are gradients too",
        largest=20,
        unit=1e-9,
        alpha=5e-10,
        v0=1e-10,
    ),
    _run_case(
        "three-to-begin-with",
        ("wrong_constant",),
        "the first batch is as large as the argument says",
        first=3,
        largest=20,
        equations=_TAGS,
    ),
    _run_case(
        "one-step",
        ("boundary",),
        "one step, one parameter",
        steps=1,
        d=1,
        growing=False,
    ),
)


def _random_run(rng):
    while True:
        rule = str(rng.choice(["norm", "adagrad"]))
        inputs = _run_inputs(
            rng,
            int(rng.integers(3, 7)),
            int(rng.integers(1, 4)),
            int(rng.integers(1, 4)),
            largest=int(rng.integers(3, 12)),
            first=int(rng.integers(2, 4)),
            eta=float(rng.uniform(0.3, 0.9)),
            alpha=float(rng.uniform(0.1, 1)),
            v0=float(rng.uniform(0.01, 1)),
            eps=0.0 if rule == "norm" else 1e-10,
            rule=rule,
            test=str(rng.choice(["norm", "coordinate"])),
        )
        if _is_clear(inputs):
            return inputs


# Laws -----------------------------------------------------------------------------------------------------------


def _scaled(name):
    """The size does not change with the scale of the gradients."""

    def pairs(run, inputs):
        yield run(**{**inputs, name: inputs[name] * 4.0})["size"], run(**inputs)["size"]

    return pairs


def _any_order(run, inputs):
    flipped = array_namespace(inputs["grads"]).flip(inputs["grads"], axis=0)
    yield run(**{**inputs, "grads": flipped})["size"], run(**inputs)["size"]


def _split_is_nothing(run, inputs):
    yield run(**{**inputs, "split": 1})["size"], run(**inputs)["size"]


def _within_bounds(run, inputs):
    b = inputs["grads"].shape[0]
    yield run(**{**inputs, "largest": b})["size"], np.asarray(float(b))
    yield np.minimum(run(**inputs)["size"], b), np.asarray(float(b))


def _exactly(values, eta, size):
    """Numbers with few binary digits, which no order of operations rounds."""
    rows = np.array(values)[:, None]

    def pairs(run, inputs):
        name = "grads" if "grads" in inputs else "population"
        known = {name: rows.astype(inputs[name].dtype), "eta": eta, "largest": 1000}
        if name == "grads":
            known |= {"vartheta": eta, "nu": eta, "split": 1}
        yield run(**{**inputs, **known})["size"], np.asarray(float(size))

    return pairs


def _everyone_twice(run, inputs):
    twice = array_namespace(inputs["population"]).concat([inputs["population"]] * 2)
    yield run(**{**inputs, "population": twice})["size"], run(**inputs)["size"]


def _coordinates_apart(run, inputs):
    whole = run(**inputs)["thetas"]
    for i in range(whole.shape[1]):
        alone = {**inputs, "theta0": inputs["theta0"][i : i + 1], "grads": inputs["grads"][:, i : i + 1]}
        yield run(**alone)["thetas"][:, 0], whole[:, i]


def _scale_free(run, inputs):
    scaled = {**inputs, "grads": 4.0 * inputs["grads"], "v0": 16.0 * inputs["v0"], "eps": 4.0 * inputs["eps"]}
    yield run(**scaled)["thetas"], run(**inputs)["thetas"]


def _constant_gradient(run, inputs):
    """A gradient that stays g goes alpha * sum over k of 1 / sqrt(k) if nothing else is in the accumulator."""
    xp, steps = array_namespace(inputs["theta0"]), inputs["grads"].shape[0]
    grads = xp.ones_like(inputs["grads"])
    got = run(**{**inputs, "grads": grads, "v0": 1.0, "eps": 0.0})["thetas"]
    far = [sum((k + 1) ** -0.5 for k in range(1, t + 1)) for t in range(1, steps + 1)]
    yield got, xp.stack([inputs["theta0"] - inputs["alpha"] * x for x in far])


def _norm_scale_free(run, inputs):
    scaled = {**inputs, "grads": 4.0 * inputs["grads"], "v0": 4.0 * inputs["v0"]}
    yield run(**scaled)["thetas"], run(**inputs)["thetas"]


def _norm_turned(run, inputs):
    """A rotation (here an exchange and a change of sign) turns the path."""
    turn = lambda x: -array_namespace(x).flip(x, axis=-1)
    turned = {**inputs, "theta0": turn(inputs["theta0"]), "grads": turn(inputs["grads"])}
    yield run(**turned)["thetas"], turn(run(**inputs)["thetas"])


def _norm_constant(run, inputs):
    """A gradient that stays g of norm v0 goes alpha g / (v0 sqrt(k + 1)) in step k."""
    xp, (steps, d) = array_namespace(inputs["theta0"]), inputs["grads"].shape
    got = run(**{**inputs, "grads": xp.ones_like(inputs["grads"]), "v0": d**0.5})["thetas"]
    far = [sum((d * (k + 1)) ** -0.5 for k in range(1, t + 1)) for t in range(1, steps + 1)]
    yield got, xp.stack([inputs["theta0"] - inputs["alpha"] * x for x in far])


def _units(run, inputs):
    """Parameters and targets in other units; the batch sizes stay."""
    v0 = inputs["v0"] * (2.0 if inputs["rule"] == "norm" else 4.0)
    other = {name: 2.0 * inputs[name] for name in ("y", "theta0", "alpha", "eps")} | {"v0": v0}
    there, here = run(**{**inputs, **other}), run(**inputs)
    yield there["thetas"], 2.0 * here["thetas"]
    yield there["sizes"], here["sizes"]


def _renumbered(run, inputs):
    flip = lambda x: array_namespace(x).flip(x, axis=0)
    last = inputs["y"].shape[0] - 1.0
    other = {"a": flip(inputs["a"]), "y": flip(inputs["y"]), "stream": last - inputs["stream"]}
    there, here = run(**{**inputs, **other}), run(**inputs)
    yield there["thetas"], here["thetas"]
    yield there["sizes"], here["sizes"]


def _never_shrinks(run, inputs):
    sizes = run(**inputs)["sizes"]
    xp = array_namespace(sizes)
    shrunk = xp.minimum(sizes[1:] - sizes[:-1], 0 * sizes[1:])
    yield shrunk, 0 * shrunk
    excess = xp.maximum(sizes - inputs["largest"], 0 * sizes)
    yield excess, 0 * excess


# The system -----------------------------------------------------------------------------------------------------

_ETA = number("eta", "noise that the norm test and the one in every coordinate allow, > 0")
_LARGEST = integer("largest", "b_max, the largest batch")
_SIZE = integer("size", "the next batch size")
_THETA0 = array("theta0", "d", "start")
_GRADS = array("grads", "T d", "gradient of each step")
_ALPHA = number("alpha", "learning rate > 0")
_THETAS = array("thetas", "T d", "parameters after each step", steps=True)

_SIZE_ERRORS = (
    ErrorCase("zero-eta", "a test that allows no noise at all has no answer", {"eta": 0.0}, ValueError, "eta"),
)
_STEP_ERRORS = (
    ErrorCase("negative-alpha", "a negative learning rate climbs", {"alpha": -0.5}, ValueError, "alpha"),
    ErrorCase("negative-v0", "sums of squares are not negative", {"v0": -1.0}, ValueError, "v0"),
)


def _gradient_errors(steps, d):
    return (
        ErrorCase("nan-gradient", "NaN is no gradient", {"grads": np.full((steps, d), np.nan)}, ValueError, "grad"),
        ErrorCase("wrong-shape", "a number for each parameter", {"grads": np.ones((steps, d + 1))}, ValueError, "grad"),
    )


BATCH_SIZE = Operation(
    name="adadagrad.batch_size",
    summary="the next batch size, from the gradients of this batch's examples",
    inputs=(
        array("grads", "b d", "gradient of each example, b >= 2"),
        choice("test", TESTS, "which test"),
        _ETA,
        number("vartheta", "noise that the inner-product tests allow along the batch gradient, > 0"),
        number("nu", "noise that the augmented test allows orthogonal to it, > 0"),
        integer("split", "where the parameters are cut into two arrays, for code that keeps them so; changes nothing"),
        _LARGEST,
    ),
    outputs=(_SIZE,),
    reference=batch_size,
    exact=exact_batch_size,
    exact_source="rational arithmetic; variances from the differences of all pairs, the orthogonal one by Pythagoras",
    cases=SIZE_CASES,
    sample=_random_size,
    laws=(
        Law(
            "scale-free",
            "gradients times 4 ask for the same batch",
            _scaled("grads"),
            ("norm", "many-coordinates", "across-decides", "small-gradients"),
        ),
        Law(
            "any-order",
            "the order of the examples does not matter",
            _any_order,
            ("many-examples", "two-layers-along", "two-layers-across"),
        ),
        Law(
            "split-irrelevant",
            "how the parameters are cut into arrays does not matter",
            _split_is_nothing,
            ("norm", "two-layers-along", "two-layers-across", "both-demand"),
        ),
        Law(
            "within-bounds",
            "the size is never less than b nor more than the largest",
            _within_bounds,
            ("coordinate", "test-met", "across-decides"),
        ),
        Law(
            "whole-demand",
            "gradients 1, 2, 3 and parameters of 1/4 ask for exactly 4, and get 4",
            _exactly([1.0, 2.0, 3.0], 0.25, 4),
            ("norm", "coordinate", "inner-product", "along-decides"),
        ),
    ),
    mutants=mistake.mutants() + size_mistake.mutants(),
    errors=(
        *_SIZE_ERRORS,
        ErrorCase("one-example", "one example has no variance", {"grads": np.ones((1, 3))}, ValueError, "grads"),
        ErrorCase("nan-gradient", "NaN is no gradient", {"grads": np.full((4, 3), np.nan)}, ValueError, "grads"),
        ErrorCase("too-large", "the batch is larger than the largest", {"largest": 3}, ValueError, "largest"),
    ),
)

EXACT_SIZE = Operation(
    name="adadagrad.exact_size",
    summary="the smallest batch, drawn with replacement from a known population, that meets the exact test",
    inputs=(
        array("population", "n d", "gradient of each example that there is"),
        choice("test", TESTS[:2], "which test"),
        _ETA,
        _LARGEST,
    ),
    outputs=(integer("size", "smallest batch size >= 1"),),
    reference=exact_size,
    exact=exact_exact_size,
    exact_source="rational arithmetic; variances from the differences of all pairs",
    cases=EXACT_CASES,
    sample=_random_exact,
    laws=(
        Law(
            "scale-free",
            "gradients times 4 ask for the same batch",
            _scaled("population"),
            ("norm", "coordinate", "small-gradients"),
        ),
        Law(
            "everyone-twice",
            "a population that holds everyone twice asks for the same batch",
            _everyone_twice,
            ("norm", "coordinate", "larger-than-the-population", "one-example"),
        ),
        Law(
            "whole-demand",
            "gradients 1 and 3 and eta = 1/4 ask for exactly 4, and get 4",
            _exactly([1.0, 3.0], 0.25, 4),
            ("norm", "coordinate"),
        ),
    ),
    mutants=exact_mistake.mutants(),
    errors=(
        *_SIZE_ERRORS,
        ErrorCase(
            "infinite", "infinity is no gradient", {"population": np.full((4, 3), np.inf)}, ValueError, "population"
        ),
        ErrorCase("no-batch", "a batch has an example at least", {"largest": 0}, ValueError, "largest"),
    ),
)

ADAGRAD = Operation(
    name="adadagrad.adagrad",
    summary="the path of AdaGrad along given gradients",
    inputs=(
        _THETA0,
        _GRADS,
        _ALPHA,
        number("v0", "start of every accumulator >= 0, on the scale of squared gradients"),
        number("eps", "added to the root, >= 0; > 0 if v0 is 0"),
    ),
    outputs=(_THETAS,),
    reference=adagrad,
    exact=exact_adagrad,
    exact_source="50-digit arithmetic, written apart from the source",
    cases=ADAGRAD_CASES,
    sample=_random_adagrad,
    laws=(
        Law("coordinates-apart", "each coordinate moves by itself", _coordinates_apart, ("theory", "mixed-scales")),
        Law(
            "scale-free",
            "gradients times 4, v0 times 16 and eps times 4 give the same path",
            _scale_free,
            ("theory", "code", "large-eps", "gaussian"),
        ),
        Law(
            "constant-gradient",
            "gradients of 1 from v0 = 1 go alpha / sqrt(k + 1) in step k",
            _constant_gradient,
            ("theory", "gaussian"),
        ),
    ),
    mutants=adagrad_mistake.mutants(_as_adagrad),
    variants=(
        Variant(
            "eps_inside",
            "eps is added under the root, and where the accumulator is 0 there is no step",
            "https://github.com/google-deepmind/optax/blob/v0.2.8/optax/_src/transform.py scale_by_rss",
            eps_inside,
        ),
    ),
    errors=(
        *_STEP_ERRORS,
        *_gradient_errors(4, 3),
        ErrorCase("no-eps-no-start", "0 / 0 at a zero gradient", {"v0": 0.0, "eps": 0.0}, ValueError, "eps"),
    ),
    drive=Drive(
        "theta0",
        "grads",
        {"lr": "alpha", "initial_accumulator_value": "v0", "eps": "eps"},
        optax={"learning_rate": "alpha", "initial_accumulator_value": "v0", "eps": "eps"},
    ),
)

ADAGRAD_NORM = Operation(
    name="adadagrad.adagrad_norm",
    summary="the path of AdaGrad-Norm along given gradients",
    inputs=(_THETA0, _GRADS, _ALPHA, number("v0", "start of the root v > 0, on the scale of gradient norms")),
    outputs=(_THETAS,),
    reference=adagrad_norm,
    exact=exact_adagrad_norm,
    exact_source="50-digit arithmetic, written apart from the source",
    cases=NORM_CASES,
    sample=_random_norm,
    laws=(
        Law("scale-free", "gradients and v0 times 4 give the same path", _norm_scale_free, ("few", "gaussian")),
        Law("turned", "a rotation of the gradients turns the path", _norm_turned, ("saddle", "few", "gaussian")),
        Law(
            "constant-gradient",
            "gradients of 1 in d coordinates from v0 = sqrt(d) go alpha / sqrt(d (k + 1)) in step k",
            _norm_constant,
            ("few", "gaussian"),
        ),
    ),
    mutants=norm_mistake.mutants(_as_norm),
    variants=(
        Variant(
            "root_plus_epsilon",
            "1e-10 is added to the root",
            f"{CODE}/adagradnorm.py",
            eps_in_root,
        ),
    ),
    errors=(
        *_STEP_ERRORS,
        *_gradient_errors(2, 4),
        ErrorCase("zero-v0", "0 / 0 at a zero gradient", {"v0": 0.0}, ValueError, "v0"),
    ),
)

TRAJECTORY = Operation(
    name="adadagrad.trajectory",
    summary="parameters and batch sizes on least squares, (a_i theta - y_i)^2 / 2 for example i, from a given stream",
    inputs=(
        array("a", "n d", "features of each example"),
        array("y", "n", "target of each example"),
        _THETA0,
        array("stream", "N", "example numbers, from 0, stored as floats: cast them; step k takes the next b_k of them"),
        integer("first", "b_1 >= 2"),
        _LARGEST,
        integer("steps", "number of steps T"),
        _ALPHA,
        _ETA,
        number("v0", "start: of the root v, > 0 (rule norm), or of every accumulator, >= 0 (rule adagrad)"),
        number("eps", "of the rule adagrad alone: added to the root, >= 0; > 0 if v0 is 0"),
        choice("rule", ("norm", "adagrad"), "AdaGrad-Norm or AdaGrad"),
        choice("test", TESTS[:2], "which test decides on the next size"),
    ),
    outputs=(_THETAS, array("sizes", "T", "b_{k+1}, chosen in each step", steps=True)),
    reference=trajectory,
    exact=exact_trajectory,
    exact_source="50-digit arithmetic, example by example; variances from the differences of all pairs",
    cases=TRAJECTORY_CASES,
    sample=_random_run,
    laws=(
        Law(
            "units",
            "targets, parameters, alpha, v0 and eps in other units: the path scales, the sizes stay",
            _units,
            ("norm-norm", "adagrad-norm", "adagrad-coordinate"),
        ),
        Law(
            "renumbered",
            "the examples may be numbered the other way round",
            _renumbered,
            ("norm-norm", "adagrad-coordinate", "reaches-the-largest"),
        ),
        Law(
            "never-shrinks",
            "sizes do not fall, and do not exceed the largest",
            _never_shrinks,
            ("norm-norm", "norm-coordinate", "reaches-the-largest"),
        ),
    ),
    mutants=mistake.mutants(_with_decision) + run_mistake.mutants(_as_run),
    errors=(
        *_STEP_ERRORS,
        *_SIZE_ERRORS,
        ErrorCase(
            "short-stream", "the stream ends before the last step", {"stream": np.zeros(3)}, ValueError, "stream"
        ),
        ErrorCase("one-example", "a first batch of one has no variance", {"first": 1}, ValueError, "grads"),
    ),
)

SYSTEM = System(
    name="adadagrad",
    chapter="optimizers",
    summary="AdaGrad with batches that grow once noise dominates the gradient",
    paper=Paper(
        title="AdAdaGrad: Adaptive Batch Size Schemes for Adaptive Gradient Methods",
        authors="Lau, Liu, Kolar",
        arxiv="2402.11215",
        year=2024,
        key="lau2024adadagrad",
    ),
    operations=(BATCH_SIZE, EXACT_SIZE, ADAGRAD, ADAGRAD_NORM, TRAJECTORY),
    claims=CLAIMS,
)
