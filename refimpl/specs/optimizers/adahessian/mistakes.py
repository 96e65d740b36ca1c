"""Mistakes in AdaHessian: in the step, in the averaging, in when the diagonal is estimated, and over several arrays."""

import itertools
import math
from typing import Any, NamedTuple

import numpy as np

from refimpl.core.arrays import array_namespace, from_numpy
from refimpl.specs.base import Mistakes

OFFICIAL = "https://github.com/amirgholami/adahessian/blob/master"


class Rates(NamedTuple):
    """The hyper-parameters, under short names."""

    lr: Any
    b1: float
    b2: float
    eps: float
    wd: float
    k: float


# In the step: (theta, m, v, g, D, rates, t) -> (theta, m, v) ------------------------------------------------------

mistake = Mistakes()


def _mix(a, rate, b):
    return rate * a + (1 - rate) * b


def _moments(m, v, g, D, r):
    return _mix(m, r.b1, g), _mix(v, r.b2, D * D)


def _root(v, r, t):
    """Root mean square of the diagonals, bias-corrected."""
    return array_namespace(v).sqrt(v / (1 - r.b2**t))


def _move(theta, m, below, r, t):
    """The right step over a given denominator."""
    return theta - r.lr * (m / (1 - r.b1**t) / below + r.wd * theta)


def right(theta, m, v, g, D, r, t):
    """The rule without a mistake."""
    m, v = _moments(m, v, g, D, r)
    return _move(theta, m, _root(v, r, t) ** r.k + r.eps, r, t), m, v


@mistake(
    "missing_step",
    "average the squares of the diagonals and take the root; here the diagonals themselves are averaged, and negative "
    "curvature turns the step round",
)
def mean_of_diagonals(theta, m, v, g, D, r, t):
    m, v = _mix(m, r.b1, g), _mix(v, r.b2, D)
    xp, mean = array_namespace(v), v / (1 - r.b2**t)
    return _move(theta, m, xp.sign(mean) * abs(mean) ** r.k + r.eps, r, t), m, v


@mistake("missing_step", "take the root before the power, sqrt(v)^k; here it is v^k")
def no_root(theta, m, v, g, D, r, t):
    m, v = _moments(m, v, g, D, r)
    return _move(theta, m, (v / (1 - r.b2**t)) ** r.k + r.eps, r, t), m, v


@mistake("wrong_order", "add eps after the root and the power; here it is added to v under the root")
def eps_inside_root(theta, m, v, g, D, r, t):
    m, v = _moments(m, v, g, D, r)
    return _move(theta, m, array_namespace(v).sqrt(v / (1 - r.b2**t) + r.eps) ** r.k, r, t), m, v


@mistake("wrong_order", "add eps after the power, sqrt(v)^k + eps; here it is (sqrt(v) + eps)^k")
def eps_before_power(theta, m, v, g, D, r, t):
    m, v = _moments(m, v, g, D, r)
    return _move(theta, m, (_root(v, r, t) + r.eps) ** r.k, r, t), m, v


@mistake("wrong_order", "add eps after the bias correction; here it is divided by sqrt(1 - beta2^t)^k as well")
def eps_before_correction(theta, m, v, g, D, r, t):
    m, v = _moments(m, v, g, D, r)
    below = (array_namespace(v).sqrt(v) ** r.k + r.eps) / (1 - r.b2**t) ** (r.k / 2)
    return _move(theta, m, below, r, t), m, v


@mistake(
    "wrong_order", "correct the bias before the power, (v / (1 - beta2^t))^(k/2); here v^(k/2) / sqrt(1 - beta2^t)"
)
def correction_after_power(theta, m, v, g, D, r, t):
    m, v = _moments(m, v, g, D, r)
    below = array_namespace(v).sqrt(v) ** r.k / (1 - r.b2**t) ** 0.5
    return _move(theta, m, below + r.eps, r, t), m, v


@mistake("missing_step", "divide v by 1 - beta2^t; without it the first step is 1 / sqrt(1 - beta2) times too long")
def no_correction_of_v(theta, m, v, g, D, r, t):
    m, v = _moments(m, v, g, D, r)
    return _move(theta, m, array_namespace(v).sqrt(v) ** r.k + r.eps, r, t), m, v


@mistake("missing_step", "divide m by 1 - beta1^t; without it the first step is 1 - beta1 of what it should be")
def no_correction_of_m(theta, m, v, g, D, r, t):
    m, v = _moments(m, v, g, D, r)
    return theta - r.lr * (m / (_root(v, r, t) ** r.k + r.eps) + r.wd * theta), m, v


@mistake(
    "wrong_constant",
    "square the diagonal of the Hessian; here the gradient is squared, which is Adam",
    "https://github.com/google-deepmind/optax/issues/968",
)
def squared_gradient(theta, m, v, g, D, r, t):
    return right(theta, m, v, g, g, r, t)


@mistake("missing_step", "raise the root mean square to the power hessian_power; here that is ignored")
def no_power(theta, m, v, g, D, r, t):
    m, v = _moments(m, v, g, D, r)
    return _move(theta, m, _root(v, r, t) + r.eps, r, t), m, v


@mistake("missing_step", "divide by the average of all squared diagonals; here by the newest one alone")
def newest_diagonal(theta, m, v, g, D, r, t):
    m, v = _moments(m, v, g, D, r)
    return _move(theta, m, abs(D) ** r.k + r.eps, r, t), m, v


@mistake("missing_step", "step along the average of the gradients; here along the newest gradient")
def newest_gradient(theta, m, v, g, D, r, t):
    m, v = _moments(m, v, g, D, r)
    return theta - r.lr * (g / (_root(v, r, t) ** r.k + r.eps) + r.wd * theta), m, v


@mistake("wrong_constant", "exchange beta1 and beta2: beta1 averages gradients, beta2 squared diagonals")
def swapped_betas(theta, m, v, g, D, r, t):
    return right(theta, m, v, g, D, r._replace(b1=r.b2, b2=r.b1), t)


@mistake(
    "wrong_order", "update v before it is used; here the step divides by that of the step before, 0 in the first one"
)
def late_v(theta, m, v, g, D, r, t):
    old = v
    m, v = _moments(m, v, g, D, r)
    return _move(theta, m, _root(old, r, t) ** r.k + r.eps, r, t), m, v


@mistake(
    "wrong_order",
    "subtract lr * weight_decay * theta beside the step; here the decay is added to the gradient, and averaged and "
    "divided with it",
)
def coupled_decay(theta, m, v, g, D, r, t):
    return right(theta, m, v, g + r.wd * theta, D, r._replace(wd=0.0), t)


@mistake("wrong_scale", "multiply the decay by the step size: subtract lr * weight_decay * theta")
def decay_without_lr(theta, m, v, g, D, r, t):
    moved, m, v = right(theta, m, v, g, D, r._replace(wd=0.0), t)
    return moved - r.wd * theta, m, v


@mistake("missing_step", "subtract lr * weight_decay * theta; here weight_decay is ignored")
def no_decay(theta, m, v, g, D, r, t):
    return right(theta, m, v, g, D, r._replace(wd=0.0), t)


@mistake("wrong_order", "decay the old parameters; here the decay sees those that the step has already moved")
def decay_after_step(theta, m, v, g, D, r, t):
    theta, m, v = right(theta, m, v, g, D, r._replace(wd=0.0), t)
    return theta - r.lr * r.wd * theta, m, v


@mistake("wrong_sign", "subtract the step; here it climbs")
def ascent(theta, m, v, g, D, r, t):
    return right(theta, m, v, -g, D, r, t)


def as_trajectory(rule):
    """The steps that a rule takes on given gradients and diagonals."""

    def run(theta0, grads, diagonals, lr, beta1, beta2, eps, weight_decay, hessian_power):
        r = Rates(lr, beta1, beta2, eps, weight_decay, hessian_power)
        xp = array_namespace(theta0)
        theta, m, v, thetas = theta0, xp.zeros_like(theta0), xp.zeros_like(theta0), []
        for t in range(grads.shape[0]):
            theta, m, v = rule(theta, m, v, grads[t, :], diagonals[t, :], r, t + 1)
            thetas.append(theta)
        return xp.stack(thetas)

    return run


# In the product: (H z, z) -> estimate of the diagonal -------------------------------------------------------------

product_mistake = Mistakes()


@product_mistake(
    "missing_step", "multiply H z by z again; without it every entry has mean 0, and the block's mean is noise alone"
)
def no_second_sign(Hz, z):
    return Hz


# In the averaging: (D, b) -> like D, for an array of any shape ----------------------------------------------------

averaging_mistake = Mistakes()


def _blocks(D, b):
    """Blocks [n/b, b] in the order of the memory."""
    xp = array_namespace(D)
    return xp, xp.reshape(D, (-1, b))


def _spread(D, parts, values):
    xp = array_namespace(D)
    return xp.reshape(xp.zeros_like(parts) + values, D.shape)


def average(D, b):
    """The right averaging."""
    xp, parts = _blocks(D, b)
    return _spread(D, parts, xp.mean(parts, axis=1, keepdims=True))


@averaging_mistake(
    "wrong_axis",
    "cut consecutive blocks, reshape to (-1, b) and take the mean of axis 1; here reshaped to (b, -1) and axis 0, "
    "which mixes entries that lie apart, and puts their mean in the wrong place",
    f"{OFFICIAL}/adahessian_tf/adahessian.py",
)
def strided_blocks(D, b):
    xp = array_namespace(D)
    means = xp.mean(xp.reshape(D, (b, -1)), axis=0)
    return xp.reshape(xp.stack([means] * b, axis=1), D.shape)


@averaging_mistake("wrong_scale", "divide the sum over a block by its size")
def block_sum(D, b):
    xp, parts = _blocks(D, b)
    return _spread(D, parts, xp.sum(parts, axis=1, keepdims=True))


@averaging_mistake("missing_step", "average over blocks; here no array is averaged")
def no_averaging(D, b):
    return D


@averaging_mistake("wrong_axis", "average each block by itself; here the whole array is one block")
def one_mean(D, b):
    return average(D, math.prod(D.shape))


@averaging_mistake(
    "wrong_order", "average, then square; here squares are averaged over the block, which keeps all of the noise"
)
def mean_of_squares(D, b):
    xp, parts = _blocks(D, b)
    return _spread(D, parts, xp.sqrt(xp.mean(parts * parts, axis=1, keepdims=True)))


def absolute(D, b):
    """The declared variant."""
    return average(abs(D), b)


def as_estimate(averaging=average, product=lambda Hz, z: z * Hz):
    """The averaged diagonals for each row of signs."""

    def run(hessian, signs, block):
        xp = array_namespace(signs)
        rows = [signs[i, :] for i in range(signs.shape[0])]
        return xp.stack([averaging(product(hessian @ z, z), block) for z in rows])

    return run


# Over all signs: (H, b) -> mean and mean square of the averaged diagonal ------------------------------------------

moment_mistake = Mistakes()


def every_sign(like, d):
    """All 2^d vectors of signs [2^d, d], on the library, dtype and device of `like`."""
    return from_numpy(np.array(list(itertools.product((1.0, -1.0), repeat=d))), like=like)


def as_moments(averaging=average, times=lambda Hz, z: z * Hz, probes=lambda signs: signs):
    """Mean and mean square over the probes, each as likely as any other."""

    def run(hessian, block):
        z = probes(every_sign(hessian, hessian.shape[0]))
        D, xp = times(z @ hessian, z), array_namespace(hessian)
        D = xp.stack([averaging(D[i, :], block) for i in range(D.shape[0])])
        return xp.mean(D, axis=0), xp.mean(D * D, axis=0)

    return run


@moment_mistake(
    "wrong_constant",
    "draw signs, -1 or 1; here the probes are normal, and the variance has 2 H_ii^2 more",
)
def normal_probes(hessian, block):
    mean, mean_square = as_moments()(hessian, block)
    diagonal = array_namespace(hessian).linalg.diagonal(hessian)
    return mean, mean_square + average(2 * diagonal * diagonal, block) / block


@moment_mistake(
    "wrong_constant", "bring draws of 0 and 1 to -1 and 1, 2 z - 1; here half of the entries are multiplied by 0"
)
def zeros_and_ones(hessian, block):
    return as_moments(probes=lambda signs: (signs + 1) / 2)(hessian, block)


@moment_mistake(
    "wrong_axis", "draw a sign for each parameter; here one sign serves all, and the estimate is the sum of the row"
)
def one_sign_for_all(hessian, block):
    return as_moments(probes=lambda signs: array_namespace(signs).ones_like(signs))(hessian, block)


@moment_mistake(
    "wrong_output",
    "the mean square is what v averages; here it is the square of the mean, without the noise of the estimate",
)
def square_of_mean(hessian, block):
    mean, _ = as_moments()(hessian, block)
    return mean, mean * mean


@moment_mistake("wrong_output", "the mean square is asked for; here it is the variance, without the square of the mean")
def variance_alone(hessian, block):
    mean, mean_square = as_moments()(hessian, block)
    return mean, mean_square - mean * mean


# On arrays of each rank: (bias, matrix, line, kernel, b) -> the same, averaged -------------------------------------

rank_mistake = Mistakes()


def by_rank(averaging):
    """Vectors as they are, matrices in blocks, kernels as a whole."""

    def run(bias, matrix, line, kernel, block):
        return (
            bias,
            averaging(matrix, block),
            averaging(line, line.shape[2]),
            averaging(kernel, kernel.shape[2] * kernel.shape[3]),
        )

    return run


_right_ranks = by_rank(average)


def absolute_ranks(bias, matrix, line, kernel, block):
    """The declared variant."""
    return (abs(bias), *by_rank(absolute)(bias, matrix, line, kernel, block)[1:])


@rank_mistake(
    "wrong_axis", "average a kernel over its own axes, the third and later; here over channels, the first two"
)
def channels_of_kernels(bias, matrix, line, kernel, block):
    mean = lambda D: array_namespace(D).zeros_like(D) + array_namespace(D).mean(D, axis=(0, 1), keepdims=True)
    return bias, average(matrix, block), mean(line), mean(kernel)


@rank_mistake("wrong_axis", "cut blocks of a matrix along its rows; here along its columns")
def columns_of_matrices(bias, matrix, line, kernel, block):
    xp = array_namespace(matrix)
    columns = xp.matrix_transpose(average(xp.matrix_transpose(matrix), block))
    return bias, columns, *_right_ranks(bias, matrix, line, kernel, block)[2:]


@rank_mistake("missing_step", "average convolution kernels over their axes; here they are left as they are")
def raw_kernels(bias, matrix, line, kernel, block):
    return bias, average(matrix, block), line, kernel


@rank_mistake("missing_step", "average matrices over blocks of b entries; here they are left as they are")
def raw_matrices(bias, matrix, line, kernel, block):
    return bias, matrix, *_right_ranks(bias, matrix, line, kernel, block)[2:]


@rank_mistake("extra_step", "leave vectors as they are; here they are averaged as a whole")
def mean_of_vectors(bias, matrix, line, kernel, block):
    return average(bias, bias.shape[0]), *_right_ranks(bias, matrix, line, kernel, block)[1:]


@rank_mistake("wrong_axis", "average a kernel over all of its axes; here over the last one alone")
def last_axis_of_kernels(bias, matrix, line, kernel, block):
    return *_right_ranks(bias, matrix, line, kernel, block)[:3], average(kernel, kernel.shape[3])


@rank_mistake("wrong_axis", "average a kernel over its own axes; here over blocks of b entries, like a matrix")
def blocks_of_kernels(bias, matrix, line, kernel, block):
    return bias, average(matrix, block), average(line, block), average(kernel, block)


@rank_mistake(
    "missing_step",
    "treat arrays with three axes (kernels in one dimension) too; here no branch does, and they get the estimate of an "
    "array before them, broadcast",
    f"{OFFICIAL}/image_classification/optim_adahessian.py",
)
def three_axes_forgotten(bias, matrix, line, kernel, block):
    bias, matrix, _, kernel = _right_ranks(bias, matrix, line, kernel, block)
    return bias, matrix, array_namespace(line).zeros_like(line) + bias, kernel


# In the whole algorithm: when the diagonal is estimated, and of what ---------------------------------------------

delay_mistake = Mistakes()  # (products, signs, block, period, t) -> the diagonal due at step t = 1, 2, ..., or None


def due(product, z, block, period, t):
    """The right diagonal of a step that estimates one."""
    return average(z(t) * product(t, z(t)), block) if (t - 1) % period == 0 else None


@delay_mistake("missing_step", "estimate the diagonal every `period` steps; here at every step")
def every_step(product, z, block, period, t):
    return due(product, z, block, 1, t)


@delay_mistake(
    "wrong_order",
    "estimate the diagonal at steps 1, 1 + period, ...; here, after the first, at multiples of the period",
)
def late_refresh(product, z, block, period, t):
    return due(product, z, block, 1, t) if t == 1 or t % period == 0 else None


@delay_mistake(
    "wrong_order",
    "multiply with the Hessian of the mini-batch that gave the gradient; here of the mini-batch before it",
)
def other_batch(product, z, block, period, t):
    return due(lambda t, z: product(max(t - 1, 1), z), z, block, period, t)


def as_descent(rule=right, diagonal=due, keep=False):
    """The whole algorithm on quadratics; `keep` leaves v alone between two estimates."""

    def run(hessians, slopes, theta0, signs, block, period, lr, beta1, beta2, eps, weight_decay, hessian_power):
        r = Rates(lr, beta1, beta2, eps, weight_decay, hessian_power)
        xp = array_namespace(theta0)
        theta, m, v, D, thetas = theta0, xp.zeros_like(theta0), xp.zeros_like(theta0), None, []
        product = lambda t, z: hessians[t - 1, ...] @ z
        for t in range(1, hessians.shape[0] + 1):
            grad = product(t, theta) + slopes[t - 1, :]
            fresh = diagonal(product, lambda t: signs[t - 1, :], block, period, t)
            D, old = (D if fresh is None else fresh), v
            if keep and fresh is None:
                m, v = _mix(m, beta1, grad), old
                theta = _move(theta, m, _root(v, r, t) ** r.k + eps, r, t)
            else:
                theta, m, v = rule(theta, m, v, grad, D, r, t)
            thetas.append(theta)
        return xp.stack(thetas)

    return run


def with_estimate(averaging=average, product=lambda Hz, z: z * Hz):
    """The whole algorithm with another estimate."""

    def diagonal(times, z, block, period, t):
        return averaging(product(times(t, z(t)), z(t)), block) if (t - 1) % period == 0 else None

    return as_descent(diagonal=diagonal)


# Over two arrays of parameters in groups of their own -------------------------------------------------------------

group_mistake = Mistakes()  # (rule, both groups' (theta, grads, diagonals, rates)) -> both groups' thetas


def _run(rule, group, counts):
    """Steps of one group, with the step counts that the bias correction takes."""
    theta0, grads, diagonals, r = group
    xp = array_namespace(theta0)
    theta, m, v, thetas = theta0, xp.zeros_like(theta0), xp.zeros_like(theta0), []
    for i, t in enumerate(counts):
        theta, m, v = rule(theta, m, v, grads[i, :], diagonals[i, :], r, t)
        thetas.append(theta)
    return xp.stack(thetas)


def apart(rule, first, second):
    """The right way: each by itself."""
    counts = range(1, first[1].shape[0] + 1)
    return _run(rule, first, counts), _run(rule, second, counts)


@group_mistake(
    "wrong_axis",
    "go on counting arrays from group to group; here the count starts again, and the second group gets the gradients "
    "and diagonals of the first",
    f"{OFFICIAL}/instruction/adahessian.py",
)
def first_group_twice(rule, first, second):
    return apart(rule, first, (second[0], *first[1:3], second[3]))


@group_mistake("wrong_constant", "each group has its own step size and decay; here those of the first serve both")
def rates_of_first_group(rule, first, second):
    return apart(rule, first, (*second[:3], first[3]))


@group_mistake("wrong_order", "count the steps of each array; here one count grows with every array that is updated")
def shared_count(rule, first, second):
    steps = first[1].shape[0]
    return _run(rule, first, range(1, 2 * steps, 2)), _run(rule, second, range(2, 2 * steps + 1, 2))


def as_groups(rule=right, way=apart):
    """Two groups with step sizes and decays of their own."""

    def run(
        first0, second0, grads1, grads2, diagonals1, diagonals2, lr1, lr2, decay1, decay2,
        beta1, beta2, eps, hessian_power,
    ):  # fmt: skip
        first, second = (Rates(*own, hessian_power) for own in (
            (lr1, beta1, beta2, eps, decay1), (lr2, beta1, beta2, eps, decay2)
        ))  # fmt: skip
        return way(rule, (first0, grads1, diagonals1, first), (second0, grads2, diagonals2, second))

    return run
