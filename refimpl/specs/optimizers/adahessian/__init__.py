"""What the oracle knows of AdaHessian."""

import itertools

import numpy as np

from refimpl.core import tree
from refimpl.core.arrays import array_namespace, from_numpy
from refimpl.optimizers import adahessian
from refimpl.specs import loops, refusals, sizes
from refimpl.specs.base import Drive, ErrorCase, Operation, Paper, System, array, integer, number
from refimpl.specs.domains import COUNT, FRACTION, NONNEGATIVE, POSITIVE, SIGNS, SYMMETRIC
from refimpl.specs.optimizers.adahessian import cases, exact, laws
from refimpl.specs.optimizers.adahessian.claims import CLAIMS
from refimpl.specs.optimizers.adahessian.mistakes import ALTERNATIVES


def trajectory(theta0, grads, diagonals, **rates):
    """Positions after each step of AdaHessian, fed with given gradients and averaged diagonals."""
    return loops.trajectory(adahessian.init, adahessian.update, theta0, grads, diagonals, **rates)


def groups(first0, second0, grads1, grads2, diagonals1, diagonals2, lr1, lr2, decay1, decay2, **rates):
    """Two arrays of parameters in groups of their own."""
    firsts = trajectory(first0, grads1, diagonals1, lr=lr1, weight_decay=decay1, **rates)
    seconds = trajectory(second0, grads2, diagonals2, lr=lr2, weight_decay=decay2, **rates)
    return firsts, seconds


def estimate(hessian, signs, block):
    """The averaged diagonal for each row of signs."""
    rows = [signs[i, :] for i in range(signs.shape[0])]
    return array_namespace(signs).stack([adahessian.estimate(lambda z: hessian @ z, z, block=block) for z in rows])


def every_sign(hessian):
    """All 2^d vectors of signs [2^d, d], on the library, dtype and device of the matrix."""
    signs = itertools.product((1.0, -1.0), repeat=hessian.shape[0])
    return from_numpy(np.array(list(signs)), like=hessian)


def moments(hessian, block):
    """Mean and mean square of the averaged diagonal over all vectors of signs."""
    xp, signs = array_namespace(hessian), every_sign(hessian)
    diagonals = estimate(hessian, signs, block)
    mean, mean_square = xp.mean(diagonals, axis=0), xp.mean(diagonals * diagonals, axis=0)
    return mean, mean_square


def ranks(bias, matrix, line, kernel, block):
    """Estimates for arrays of one to four axes, averaged over the paper's blocks."""
    arrays = (bias, matrix, line, kernel)
    return tree.map(adahessian.average, arrays, adahessian.blocks(arrays, matrix=block))


def descent(hessians, slopes, theta0, signs, block, period, **rates):
    """The whole algorithm on another quadratic theta^T H_t theta / 2 + s_t^T theta at each step, with given signs."""
    theta, state, diagonal, thetas = theta0, adahessian.init(theta0), None, []
    for t in range(hessians.shape[0]):
        if adahessian.due(state, period=period):
            diagonal = adahessian.estimate(lambda z, t=t: hessians[t, ...] @ z, signs[t, :], block=block)
        grad = hessians[t, ...] @ theta + slopes[t, :]
        theta, state = adahessian.update(theta, state, grad, diagonal, **rates)
        thetas.append(theta)
    return array_namespace(theta0).stack(thetas)


_SHARED = (
    number("beta1", "rate at which the average of gradients forgets", FRACTION),
    number("beta2", "rate at which the average of squared diagonals forgets", FRACTION),
    number("eps", "added to the root mean square, after bias correction and power", NONNEGATIVE),
)
_POWER = number("hessian_power", "power k of the root mean square, from 0 to 1 in the paper", NONNEGATIVE)
_DECAY = number("weight_decay", "decoupled decay lambda", NONNEGATIVE)
_RATES = (number("lr", "step size eta", POSITIVE), *_SHARED, _DECAY, _POWER)
_BLOCK = integer("block", "so many neighbors share the mean of their estimates", COUNT)
_REFUSED_SHARED = refusals.numbers("beta1", "beta2", "eps", "hessian_power")
_REFUSED = (refusals.numbers("lr", "weight_decay"), _REFUSED_SHARED)
_BLOCK_THREE = ErrorCase("block-three", "three does not divide four", {"block": 3}, ValueError, "block")
_SAME_NAME = {name: name for name in ("eps", "weight_decay", "hessian_power")}
_ONE_ESTIMATE = {"long": "it has no steps", "large": "the Hessian grows with the square of d"}

TRAJECTORY = Operation(
    name="adahessian.trajectory",
    summary="the parameters after each of T steps, fed with given gradients and averaged diagonals",
    inputs=(
        array("theta0", "d", "start"),
        array("grads", "T d", "gradient of each step"),
        array("diagonals", "T d", "averaged estimate of the Hessian's diagonal of each step"),
        *_RATES,
    ),
    outputs=(array("thetas", "T d", "parameters after each step", steps=True),),
    reference=trajectory,
    exact=exact.trajectory,
    exact_source="mpmath with 50 digits, corrected averages as sums over sums of weights, apart from the source",
    cases=(*cases.TRAJECTORY, sizes.one_step),
    sample=cases.sample,
    laws=laws.TRAJECTORY,
    errors=(*_REFUSED, *refusals.arrays(grads="grad", diagonals="diagonal")),
    relations=(cases.DIVIDES_BY_MORE_THAN_0["trajectory"],),
    drive=Drive(
        "theta0",
        "grads",
        {"lr": "lr", "betas": ("beta1", "beta2"), **_SAME_NAME},
        optax={"learning_rate": "lr", "b1": "beta1", "b2": "beta2", **_SAME_NAME},
        hessian="diagonals",
    ),
)

ESTIMATE = Operation(
    name="adahessian.estimate",
    summary="the averaged estimate of a Hessian's diagonal, for each of n given vectors of signs",
    inputs=(
        array("hessian", "d d", "a Hessian", SYMMETRIC),
        array("signs", "n d", "the drawn vectors z", SIGNS),
        _BLOCK,
    ),
    outputs=(array("diagonals", "n d", "z * (H z), averaged over blocks of consecutive entries, a row for each z"),),
    reference=estimate,
    exact=exact.estimate,
    exact_source="sums of fractions, entry by entry",
    cases=cases.ESTIMATE,
    sample=cases.sample_estimate,
    laws=laws.ESTIMATE,
    errors=(_BLOCK_THREE, refusals.numbers("block")),
    relations=(cases.BLOCKS["hessian"],),
    without=_ONE_ESTIMATE,
)

MOMENTS = Operation(
    name="adahessian.moments",
    summary="mean and mean square of the averaged estimate over all equally likely vectors of signs",
    inputs=(array("hessian", "d d", "a Hessian", SYMMETRIC), _BLOCK),
    relations=(cases.BLOCKS["hessian"],),
    outputs=(
        array("mean", "d", "mean over the 2^d vectors of signs"),
        array("mean_square", "d", "mean of the squares: what v tends to on a quadratic"),
    ),
    reference=moments,
    exact=exact.moments,
    exact_source="the closed form of mean and variance, in fractions; nothing is enumerated",
    cases=cases.MOMENTS,
    sample=cases.sample_moments,
    laws=laws.MOMENTS,
    errors=(_BLOCK_THREE,),
    without=_ONE_ESTIMATE,
)

RANKS = Operation(
    name="adahessian.blocks",
    summary="estimates for a vector, a matrix and convolution kernels in one and two dimensions, averaged over blocks",
    inputs=(
        array("bias", "n", "estimate for a vector"),
        array("matrix", "r c", "estimate for a matrix"),
        array("line", "p q l", "estimate for kernels of length l, of p output and q input channels"),
        array("kernel", "o i h w", "estimate for kernels of h x w, of o output and i input channels"),
        integer("block", "so many consecutive entries of the matrix, row by row, share their mean", COUNT),
    ),
    outputs=(
        array("averaged_bias", "n", "as it is"),
        array("averaged_matrix", "r c", "means of consecutive entries"),
        array("averaged_line", "p q l", "means of kernels"),
        array("averaged_kernel", "o i h w", "means of kernels"),
    ),
    reference=ranks,
    exact=exact.ranks,
    exact_source="means of fractions over the entries whose places belong together",
    cases=cases.RANKS,
    sample=cases.sample_ranks,
    laws=laws.RANKS,
    relations=(cases.MATRIX_BLOCKS,),
    errors=(ErrorCase("block-five", "five does not divide 24", {"block": 5}, ValueError, "block"),),
    without={"long": "it has no steps"},
)

DESCENT = Operation(
    name="adahessian.descent",
    summary="the whole algorithm on another quadratic at each step, with given signs",
    inputs=(
        array("hessians", "T d d", "H_t; the loss of step t is theta^T H_t theta / 2 + s_t^T theta", SYMMETRIC),
        array("slopes", "T d", "s_t"),
        array("theta0", "d", "start"),
        array("signs", "T d", "the z of each step; only those of steps 1, 1 + period, ... are to be used", SIGNS),
        _BLOCK,
        integer("period", "steps from one estimate to the next; in between the last one enters v again", COUNT),
        *_RATES,
    ),
    outputs=(array("thetas", "T d", "parameters after each step", steps=True),),
    reference=descent,
    exact=exact.descent,
    exact_source="as for the trajectory; the estimates entry by entry",
    cases=cases.DESCENT,
    sample=cases.sample_descent,
    laws=laws.DESCENT,
    errors=(
        *_REFUSED,
        _BLOCK_THREE,
        refusals.numbers("period"),
    ),
    relations=(cases.BLOCKS["hessians"], cases.DIVIDES_BY_MORE_THAN_0["descent"]),
    without={"large": "the Hessians grow with the square of d"},
)

GROUPS = Operation(
    name="adahessian.groups",
    summary="two arrays of parameters with step sizes and decays of their own, over T steps",
    inputs=(
        array("first0", "d", "start of the first group"),
        array("second0", "d", "start of the second group"),
        array("grads1", "T d", "gradients of the first group"),
        array("grads2", "T d", "gradients of the second group"),
        array("diagonals1", "T d", "averaged diagonals of the first group"),
        array("diagonals2", "T d", "averaged diagonals of the second group"),
        number("lr1", "step size of the first group", POSITIVE),
        number("lr2", "step size of the second group", POSITIVE),
        number("decay1", "decoupled decay of the first group", NONNEGATIVE),
        number("decay2", "decoupled decay of the second group", NONNEGATIVE),
        *_SHARED,
        _POWER,
    ),
    outputs=(
        array("firsts", "T d", "parameters of the first group after each step", steps=True),
        array("seconds", "T d", "parameters of the second group after each step", steps=True),
    ),
    reference=groups,
    exact=exact.groups,
    exact_source="as for the trajectory, group by group",
    cases=cases.GROUPS,
    sample=cases.sample_groups,
    laws=laws.GROUPS,
    errors=(refusals.numbers(lr2="lr", decay1="weight_decay"), _REFUSED_SHARED),
    relations=(cases.DIVIDES_BY_MORE_THAN_0["groups"],),
    without={"long": "each group is a trajectory, and that has one"},
)

SYSTEM = System(
    name="adahessian",
    chapter="optimizers",
    summary="Adam with the root mean square of the block-averaged Hessian diagonal in the denominator",
    paper=Paper(
        title="ADAHESSIAN: An Adaptive Second Order Optimizer for Machine Learning",
        authors="Yao, Gholami, Shen, Mustafa, Keutzer, Mahoney",
        arxiv="2006.00719",
        year=2021,
        key="yao2021adahessian",
    ),
    operations=(TRAJECTORY, ESTIMATE, MOMENTS, RANKS, DESCENT, GROUPS),
    claims=CLAIMS,
    alternatives=ALTERNATIVES,
    equations={
        "adahessian-1": "Algorithm 1, diagonal of the Hessian",
        "adahessian-2": "Algorithm 1, spatial averaging",
        "adahessian-3": "Algorithm 1, first moment",
        "adahessian-4": "Algorithm 1, second moment",
        "adahessian-5": "Algorithm 1, bias correction",
        "adahessian-6": "Algorithm 1, update of the parameters",
        "adahessian-7": "ablation on the Hessian computation frequency",
    },
)
