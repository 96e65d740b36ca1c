"""The inputs on which the operations of AdaHessian are checked."""

from dataclasses import replace
from functools import partial

import numpy as np

from refimpl.core.random import stream
from refimpl.specs.base import Case
from refimpl.specs.domains import Relation
from refimpl.specs.sizes import large

DEFAULTS = {"lr": 0.15, "beta1": 0.9, "beta2": 0.999, "eps": 1e-4, "weight_decay": 0.0, "hessian_power": 1.0}


def _arrays(**named):
    return {name: np.array(value, dtype=float) for name, value in named.items()}


def _divides(diagonals, inputs):
    """Whether v is nowhere 0 where it is divided by without eps."""
    first = diagonals[0] if inputs["beta2"] > 0 else diagonals
    return inputs["eps"] > 0 or inputs["hessian_power"] == 0 or bool(np.all(first != 0))


def _estimated(inputs):
    """The averaged diagonals of a descent, a row for each step."""
    hessians, signs, block = (inputs[name] for name in ("hessians", "signs", "block"))
    rows = [t - t % inputs["period"] for t in range(len(signs))]
    diagonals = (signs * np.einsum("tij,tj->ti", hessians, signs))[rows]
    means = np.repeat(diagonals.reshape(len(rows), -1, block).mean(axis=2), block, axis=1)
    return np.where(abs(means) > 1e-12 * np.max(abs(hessians)), means, 0)  # what cancels is 0 but for rounding


_DIVIDES = "eps > 0, or the diagonals (if beta2 = 0 all, else the first) have no 0"
DIVIDES_BY_MORE_THAN_0 = {
    "trajectory": Relation(_DIVIDES, ("eps", "diagonals", "beta2"), lambda i: _divides(i["diagonals"], i)),
    "groups": Relation(
        _DIVIDES,
        ("eps", "diagonals1", "diagonals2", "beta2"),
        lambda i: _divides(i["diagonals1"], i) and _divides(i["diagonals2"], i),
    ),
    "descent": Relation(
        "eps > 0, or the estimates (if beta2 = 0 all, else the first) have no 0",
        ("eps", "hessians", "signs", "beta2"),
        lambda i: i["eps"] > 0 or _divides(_estimated(i), i),
    ),
}


def _divides_d(name, inputs):
    return inputs[name].shape[-1] % inputs["block"] == 0


BLOCKS = {
    name: Relation("block divides d", ("block", name), partial(_divides_d, name)) for name in ("hessian", "hessians")
}
MATRIX_BLOCKS = Relation("block divides r c", ("block", "matrix"), lambda i: i["matrix"].size % i["block"] == 0)


# Cases of the step ----------------------------------------------------------------------------------------------


def _inputs(theta0, grads, diagonals, **rates):
    return _arrays(theta0=theta0, grads=grads, diagonals=diagonals) | DEFAULTS | rates


def _gaussian(seed, steps, d, scale=1.0, **rates):
    """Diagonals of either sign, well away from 0."""
    rng = stream(seed, "adahessian-case")
    diagonals = scale * rng.uniform(0.3, 3, (steps, d)) * rng.choice([-1, 1, 1], (steps, d))
    return _inputs(rng.standard_normal(d), rng.standard_normal((steps, d)), diagonals, **rates)


_STEP = ("adahessian-3", "adahessian-4", "adahessian-5", "adahessian-6")
TRAJECTORY = (
    Case(
        "ordinary",
        ("basic", "wrong_order", "missing_step", "wrong_constant", "known_bug"),
        "curvature of both signs, memory, decay and an eps that matters: tells nearly all mistakes",
        _gaussian(0, 6, 4, lr=0.1, beta1=0.8, beta2=0.9, eps=0.05, weight_decay=0.2),
        equations=_STEP,
    ),
    Case(
        "half-power",
        ("basic", "wrong_order", "missing_step"),
        "with k = 1/2 it matters that eps comes after the power, and the bias correction before it",
        _gaussian(1, 5, 4, lr=0.1, beta1=0.8, beta2=0.95, eps=0.05, weight_decay=0.1, hessian_power=0.5),
        equations=("adahessian-6",),
    ),
    Case(
        "by-hand",
        ("basic",),
        "rates of 1/2, eps = 1: the root mean squares are 5 and 1, then 3 and 9",
        _inputs(
            [2, -1], [[6, 4], [9, -32]], [[5, -1], [-1, 11]], lr=0.5, beta1=0.5, beta2=0.5, eps=1.0, weight_decay=0.2
        ),
        equations=_STEP,
        answer={"thetas": np.array([[1.3, -1.9], [0.17, -0.71]])},
        source="worked by hand",
    ),
    Case(
        "first-step",
        ("boundary", "missing_step"),
        "one step, one coordinate: lr g / |D|, neither average leaves a trace",
        _inputs([2], [[8]], [[-4]], lr=0.5, eps=0.0),
        dtypes=("float64",),  # float32 knows 1 - 0.999 to three digits
        equations=("adahessian-5",),
        answer={"thetas": np.array([[1.0]])},
        source="2 - 0.5 * 8 / 4, by hand",
    ),
    Case(
        "no-memory",
        ("boundary", "wrong_constant"),
        "with both rates 0 each step is that of the newest gradient over the newest diagonal",
        _gaussian(2, 4, 3, lr=0.2, beta1=0.0, beta2=0.0, eps=0.01, weight_decay=0.05),
    ),
    Case(
        "power-zero",
        ("boundary", "missing_step"),
        "k = 0 is gradient descent with momentum, and eps makes its step 1 + eps times shorter",
        _gaussian(3, 4, 3, lr=0.2, eps=0.25, hessian_power=0.0),
        equations=("adahessian-6",),
    ),
    Case(
        "alternating-curvature",
        ("edge_case", "missing_step"),
        "a diagonal that changes its sign at each step: squares add up, the diagonals themselves cancel",
        _inputs([1, -1], [[1, 2], [-1, 1], [2, 1], [1, -3]], [[2, -1], [-2, 1], [2, -1], [-2, 1]], lr=0.1, eps=0.01),
        equations=("adahessian-4",),
    ),
    Case(
        "zero-diagonal",
        ("edge_case", "numerics"),
        "a draw of exactly 0 in the first step divides by eps alone: the step is lr g / eps",
        _inputs([1, -2], [[-3, 4], [1, -1], [0.5, 2]], [[0, 1.5], [2, 3], [1, -2]], lr=0.1, weight_decay=0.01),
        equations=("adahessian-6",),
    ),
    Case(
        "small-curvature",
        ("numerics", "wrong_order"),
        "diagonals around eps: the place of eps decides the step",
        _inputs(
            [1, -1, 2],
            [[1e-3, 2e-4, -1e-4], [-1e-3, 1e-4, 2e-4], [2e-3, 1e-4, 1e-4]],
            [[1e-3, -1e-4, 1e-5], [2e-3, 2e-4, 3e-5], [-1e-3, 1e-4, 2e-5]],
            beta2=0.98,
        ),
        equations=("adahessian-6",),
    ),
    Case(
        "strong-decay",
        ("wrong_order", "wrong_constant"),
        "decay stays out of the averages, is multiplied by lr, and sees the old parameters",
        _gaussian(4, 4, 3, lr=0.2, weight_decay=1.5, beta2=0.9),
        equations=("adahessian-6",),
    ),
    Case(
        "zeros",
        ("edge_case",),
        "without gradient and curvature nothing moves but the decay, and there is no NaN",
        _inputs([1, -2], np.zeros((3, 2)), np.zeros((3, 2)), lr=0.1, weight_decay=0.5),
    ),
    Case(
        "curvature-vanishes",
        ("edge_case", "missing_step"),
        "diagonals of 0 after the first: the average remembers that one, ever less",
        _inputs([0.5, 0.5], [[1, -3]] * 4, [[4, -2], [0, 0], [0, 0], [0, 0]], lr=0.1, beta2=0.9),
        equations=("adahessian-4",),
    ),
    Case(
        "translation-rates",
        ("basic",),
        "20 steps with the rates of the authors' translation runs",
        _gaussian(5, 20, 3, lr=0.047, beta2=0.98, weight_decay=1e-4),
        equations=_STEP,
    ),
    Case(
        "huge-and-tiny",
        ("numerics",),
        "curvatures of 1e100 and 1e-100 and gradients that fit: the steps are ordinary",
        _inputs([1, -1], [[1e100, -1e-100], [-2e100, 3e-100]], [[2e100, 1e-100], [1e100, -2e-100]], lr=0.1, eps=0.0),
        dtypes=("float64",),
    ),
    Case(
        "pause",
        ("edge_case", "missing_step"),
        "gradients and diagonals of 0 for three steps, then ordinary ones again: averages and counts go on in between",
        _inputs(
            [1, -0.5],
            [[2, -1], [1, 1], [0, 0], [0, 0], [0, 0], [1, -2]],
            [[2, -1], [1, 2], [0, 0], [0, 0], [0, 0], [-1, 0.5]],
            lr=0.125,
            beta1=0.5,
            beta2=0.75,
            eps=0.125,
        ),
        equations=_STEP,
    ),
    Case(
        "three-hundred-steps",
        ("long",),
        "nothing wears off: the 300th step follows the same rule as the first",
        _gaussian(6, 300, 1, lr=0.125, beta1=0.875, beta2=0.96875, eps=0.125, weight_decay=0.125),
        equations=_STEP,
    ),
    large("many-coordinates", "by-hand", "d"),
)


def _random_rates(rng):
    return {
        "lr": float(10.0 ** rng.uniform(-3, 0)),
        "beta1": float(rng.uniform(0, 0.98)),
        "beta2": float(rng.uniform(0, 0.999)),
        "eps": float(10.0 ** rng.uniform(-4, -1)),
        "weight_decay": float(rng.choice([0.0, 0.1, 0.5])),
        "hessian_power": float(rng.choice([1.0, 0.5, rng.uniform()])),
    }


def sample(rng):
    steps, d, scale = int(rng.integers(1, 4)), int(rng.integers(1, 4)), 10.0 ** rng.uniform(-2, 2)
    diagonals = scale * rng.standard_normal((steps, d))
    return _inputs(rng.standard_normal(d), rng.standard_normal((steps, d)), diagonals, **_random_rates(rng))


# Cases of the estimate ------------------------------------------------------------------------------------------

INDEFINITE = np.array([[2, 1, 0, -1], [1, 3, 0.5, 0], [0, 0.5, -1, 2], [-1, 0, 2, 4]])
START, DRAWS = [1, -2, 0.5, 3], [[1, -1, 1, 1], [-1, -1, 1, -1], [1, -1, 1, -1]]


def _symmetric(rng, d):
    a = rng.standard_normal((d, d))
    return (a + a.T) / 2


def _random_signs(rng, shape):
    return rng.choice([-1.0, 1.0], shape)


def _estimate_inputs(hessian, signs, block):
    return _arrays(hessian=hessian, signs=signs) | {"block": block}


def _gaussian_estimate(seed, n, d, block):
    rng = stream(seed, "adahessian-estimate")
    return _estimate_inputs(_symmetric(rng, d), _random_signs(rng, (n, d)), block)


ESTIMATE = (
    Case(
        "by-hand",
        ("basic", "missing_step", "variant"),
        "an indefinite Hessian, blocks of two: signs are averaged, not absolute values",
        _estimate_inputs(INDEFINITE, DRAWS, 2),
        equations=("adahessian-1", "adahessian-2"),
        answer={
            "diagonals": np.array([[0.75, 0.75, 2.75, 2.75], [2.75, 2.75, -1.25, -1.25], [1.75, 1.75, -0.25, -0.25]])
        },
        source="worked by hand",
    ),
    Case(
        "six-in-threes",
        ("basic", "known_bug"),
        "two blocks of three: cut them with a stride, and other entries are mixed",
        _gaussian_estimate(1, 4, 6, 3),
        equations=("adahessian-2",),
    ),
    Case("six-in-twos", ("basic",), "three blocks of two", _gaussian_estimate(2, 3, 6, 2), equations=("adahessian-2",)),
    Case(
        "no-blocks",
        ("boundary", "variant"),
        "blocks of one: the estimate itself, with its sign",
        _gaussian_estimate(3, 3, 4, 1),
        equations=("adahessian-1",),
    ),
    Case("one-block", ("boundary",), "one block: a quarter of z^T H z everywhere", _gaussian_estimate(4, 3, 4, 4)),
    Case(
        "diagonal-hessian",
        ("edge_case",),
        "a diagonal Hessian: any signs give it exactly",
        _estimate_inputs(np.diag([1e-3, 1.0, -4.0, 1e3]), DRAWS[:2], 1),
        equations=("adahessian-1",),
        answer={"diagonals": np.array([[1e-3, 1.0, -4.0, 1e3]] * 2)},
        source="its own diagonal",
    ),
    Case(
        "one-parameter",
        ("boundary",),
        "one second derivative: nothing is random",
        _estimate_inputs([[-3]], [[1], [-1]], 1),
        answer={"diagonals": np.array([[-3.0], [-3.0]])},
        source="its own diagonal",
    ),
    Case(
        "zero-draw",
        ("edge_case",),
        "an estimate of exactly 0 where the Hessian's diagonal is not: averaging with its neighbor removes it",
        _estimate_inputs([[2, 1, 1], [1, 3, 0], [1, 0, 5]], [[1, -1, -1], [1, 1, 1]], 3),
    ),
)


def sample_estimate(rng):
    block, blocks = int(rng.integers(1, 4)), int(rng.integers(1, 3))
    d, n = block * blocks, int(rng.integers(1, 4))
    scale = 10.0 ** rng.uniform(-3, 3)
    return _estimate_inputs(scale * _symmetric(rng, d), _random_signs(rng, (n, d)), block)


# Cases of its moments -------------------------------------------------------------------------------------------


def _moment_inputs(hessian, block):
    return _arrays(hessian=hessian) | {"block": block}


MOMENTS = (
    Case(
        "indefinite",
        ("basic", "missing_step", "variant"),
        "blocks of two: the pair inside a block counts twice",
        _moment_inputs(INDEFINITE, 2),
    ),
    Case(
        "row-norms",
        ("basic", "wrong_constant"),
        "blocks of one: the mean square of an entry is the square of the length of its row",
        _moment_inputs(INDEFINITE, 1),
        equations=("adahessian-1",),
        answer={"mean": np.array([2.0, 3.0, -1.0, 4.0]), "mean_square": np.array([6.0, 10.25, 5.25, 21.0])},
        source="the squares of the rows, by hand",
    ),
    Case(
        "six-in-threes",
        ("basic",),
        "two blocks of three",
        _moment_inputs(_symmetric(stream(1, "adahessian-moments"), 6), 3),
    ),
    Case(
        "six-in-twos",
        ("basic",),
        "three blocks of two",
        _moment_inputs(_symmetric(stream(2, "adahessian-moments"), 6), 2),
    ),
    Case(
        "diagonal-hessian",
        ("edge_case", "wrong_constant"),
        "no noise at all: signs see a diagonal exactly, normal probes do not",
        _moment_inputs(np.diag([0.5, 1.0, -4.0]), 1),
        answer={"mean": np.array([0.5, 1.0, -4.0]), "mean_square": np.array([0.25, 1.0, 16.0])},
        source="by hand",
    ),
    Case("one-parameter", ("boundary",), "nothing is random", _moment_inputs([[-3]], 1)),
    Case(
        "empty-diagonal",
        ("edge_case",),
        "a Hessian without a diagonal: all that is seen is noise",
        _moment_inputs([[0, 2], [2, 0]], 1),
        answer={"mean": np.array([0.0, 0.0]), "mean_square": np.array([4.0, 4.0])},
        source="by hand",
    ),
)


def sample_moments(rng):
    block = int(rng.integers(1, 4))
    return _moment_inputs(10.0 ** rng.uniform(-3, 3) * _symmetric(rng, block * int(rng.integers(1, 3))), block)


# Cases of the blocks --------------------------------------------------------------------------------------------


def _rank_inputs(bias, matrix, line, kernel, block):
    return _arrays(bias=bias, matrix=matrix, line=line, kernel=kernel) | {"block": block}


def _gaussian_ranks(rng, bias, matrix, line, kernel, block):
    bias, matrix, line, kernel = map(rng.standard_normal, (bias, matrix, line, kernel))
    return _rank_inputs(bias, matrix, line, kernel, block)


def _many_kernels(operation, before):
    """In double precision: in float32 a mistake that averages over the channels is lost in its own rounding."""
    return replace(large("many-kernels", "square", "o", size=10_001)(operation, before), dtypes=("float64",))


RANKS = (
    Case(
        "counted",
        ("basic", "known_bug"),
        "a 4 x 6 matrix in threes, kernels of three and of 2 x 3, filled by counting",
        _rank_inputs(
            [3, -1, 5],
            np.arange(24).reshape(4, 6),
            np.arange(12).reshape(2, 2, 3),
            np.arange(24).reshape(2, 2, 2, 3),
            3,
        ),
        equations=("adahessian-2",),
        answer={
            "averaged_bias": np.array([3.0, -1.0, 5.0]),
            "averaged_matrix": np.repeat(np.arange(1.0, 24, 3), 3).reshape(4, 6),
            "averaged_line": np.repeat([1.0, 4.0, 7.0, 10.0], 3).reshape(2, 2, 3),
            "averaged_kernel": np.repeat([2.5, 8.5, 14.5, 20.5], 6).reshape(2, 2, 2, 3),
        },
        source="means of consecutive numbers, by hand",
    ),
    Case(
        "both-signs",
        ("basic", "variant"),
        "estimates of both signs; a block of the matrix spans the end of a row",
        _gaussian_ranks(stream(0, "adahessian-ranks"), (3,), (4, 6), (2, 2, 3), (3, 2, 3, 3), 4),
        equations=("adahessian-2",),
    ),
    Case(
        "square",
        ("basic",),
        "where all axes have one size only the values tell them apart",
        _gaussian_ranks(stream(1, "adahessian-ranks"), (2,), (2, 2), (2, 2, 2), (2, 2, 2, 2), 2),
    ),
    Case(
        "blocks-of-one",
        ("boundary",),
        "no averaging of the matrix, and kernels of one entry",
        _gaussian_ranks(stream(2, "adahessian-ranks"), (1,), (2, 3), (2, 3, 1), (3, 2, 1, 1), 1),
    ),
    Case(
        "constant",
        ("edge_case",),
        "what is constant stays as it is",
        _rank_inputs([-2, -2], np.full((3, 4), 5), np.full((2, 1, 3), -1), np.full((1, 2, 3, 2), 7), 2),
    ),
    _many_kernels,
)


def sample_ranks(rng):
    size = lambda: int(rng.integers(1, 4))
    block, scale = size(), 10.0 ** rng.uniform(-3, 3)
    shapes = (size(),), (size(), block * size()), (size(), size(), size()), (size(), size(), size(), size())
    inputs = _gaussian_ranks(rng, *shapes, block)
    return {name: value if name == "block" else scale * value for name, value in inputs.items()}


# Cases of the descent -------------------------------------------------------------------------------------------


def _descent_inputs(hessians, slopes, theta0, signs, block=1, period=1, **rates):
    arrays = _arrays(hessians=hessians, slopes=slopes, theta0=theta0, signs=signs)
    return arrays | {"block": block, "period": period} | DEFAULTS | rates


def _fixture(**how):
    return _descent_inputs([INDEFINITE] * 3, np.zeros((3, 4)), START, DRAWS, lr=0.1, weight_decay=0.01, **how)


def _batches(rng, steps, d, block, period=1, shift=2.0, **rates):
    """Another quadratic at each step, with a diagonal that stands out from the noise."""
    hessians = [_symmetric(rng, d) + np.diag(shift * rng.choice([1, 1, -1], d)) for _ in range(steps)]
    slopes, signs = rng.standard_normal((steps, d)), _random_signs(rng, (steps, d))
    return _descent_inputs(hessians, slopes, rng.standard_normal(d), signs, block, period, **rates)


def _rounded(inputs):
    """To six digits: among so many draws are some from the tail, which is made with a logarithm."""
    return {name: np.round(value, 6) if isinstance(value, np.ndarray) else value for name, value in inputs.items()}


_FIXTURE = "a computation in 40 digits, apart from this library"
DESCENT = (
    Case(
        "saddle",
        ("basic", "missing_step", "known_bug", "variant"),
        "three steps on an indefinite quadratic, blocks of two",
        _fixture(block=2),
        equations=tuple(f"adahessian-{i}" for i in range(1, 7)),
        answer={
            "thetas": np.array(
                [
                    [1.39894667377683, -1.3647510998533527, 0.3358695865604887, 2.5606522308279698],
                    [1.4974673842847546, -1.1858059728635981, 0.13461672564755167, 2.0574562748863907],
                    [1.5665274349443143, -1.0295849361879706, -0.0917469884989568, 1.5220443111674987],
                ]
            )
        },
        source=_FIXTURE,
    ),
    Case(
        "saddle-half-power",
        ("basic", "wrong_order"),
        "the same with k = 1/2, where eps and bias correction have to be in their places",
        _fixture(block=2, hessian_power=0.5),
        equations=("adahessian-6",),
    ),
    Case(
        "saddle-unaveraged",
        ("edge_case", "numerics"),
        "the same without blocks: the first estimate of the first coordinate is 0, and the step goes to 3000",
        _fixture(block=1),
        dtypes=("float64",),
    ),
    Case(
        "delayed",
        ("basic", "missing_step", "wrong_order", "variant"),
        "seven mini-batches, an estimate in every third step, of the batch of its gradient",
        _batches(stream(0, "adahessian-descent"), 7, 4, 2, 3, lr=0.1, beta2=0.9, weight_decay=0.1),
        equations=("adahessian-7",),
    ),
    Case(
        "every-other",
        ("basic", "wrong_order", "variant"),
        "the default rates, an estimate in every other step",
        _batches(stream(1, "adahessian-descent"), 6, 6, 3, 2),
        equations=("adahessian-7",),
    ),
    Case(
        "one-estimate",
        ("boundary", "variant"),
        "a period longer than the run: the first estimate serves all steps",
        _batches(stream(2, "adahessian-descent"), 4, 3, 1, 9, lr=0.05, beta2=0.8),
        equations=("adahessian-7",),
    ),
    Case(
        "quick-averages",
        ("basic", "wrong_constant"),
        "both rates come from the arguments: beta1 = 1/2 and beta2 = 3/4",
        _batches(stream(3, "adahessian-descent"), 5, 4, 2, lr=0.1, beta1=0.5, beta2=0.75, eps=0.05, weight_decay=0.1),
        equations=("adahessian-3", "adahessian-4"),
    ),
    Case(
        "quick-half-power",
        ("basic", "wrong_order"),
        "k = 1/2 with an eps that shows, and rates that single precision knows exactly",
        _batches(
            stream(4, "adahessian-descent"), 4, 4, 2, lr=0.125, beta1=0.5, beta2=0.75, eps=0.25, hessian_power=0.5
        ),
        equations=("adahessian-6",),
    ),
    Case(
        "newton",
        ("boundary", "missing_step"),
        "one step of size 1 on a diagonal quadratic ends at its minimum, whatever the conditioning",
        _descent_inputs([np.diag([0.5, 2.0, 64.0])], [[1, -4, 32]], [3, 1, -5], [[1, -1, -1]], lr=1.0, eps=0.0),
        dtypes=("float64",),  # float32 knows 1 - 0.999 to three digits
        answer={"thetas": np.array([[-2.0, 2.0, -0.5]])},
        source="- slope / curvature, by hand",
    ),
    Case(
        "one-coordinate",
        ("boundary",),
        "one coordinate, in a valley that becomes a ridge",
        _descent_inputs([[[2]], [[2]], [[-1]], [[-1]]], [[1], [0], [1], [0]], [1], [[1], [-1], [-1], [1]], period=2),
        dtypes=("float64",),  # float32 knows 1 - 0.999 to three digits
    ),
    Case(
        "three-hundred-batches",
        ("long",),
        "estimates stay due in every seventh step, however many went before",
        _rounded(
            _batches(
                stream(5, "adahessian-descent"), 300, 2, 2, 7, lr=0.125, beta1=0.875, beta2=0.96875, weight_decay=0.125
            )
        ),
        equations=("adahessian-7",),
    ),
)


def sample_descent(rng):
    block = int(rng.integers(1, 3))
    d, steps = block * int(rng.integers(1, 3)), int(rng.integers(1, 4))
    rates = _random_rates(rng)
    return _batches(rng, steps, d, block, int(rng.integers(1, 4)), **rates)


# Cases of two groups --------------------------------------------------------------------------------------------


def _group_inputs(first0, second0, grads, diagonals, lrs, decays=(0.0, 0.0), **rates):
    arrays = _arrays(first0=first0, second0=second0, grads1=grads[0], grads2=grads[1])
    arrays |= _arrays(diagonals1=diagonals[0], diagonals2=diagonals[1])
    shared = {name: value for name, value in DEFAULTS.items() if name not in ("lr", "weight_decay")}
    own = {"lr1": lrs[0], "lr2": lrs[1], "decay1": decays[0], "decay2": decays[1]}
    return arrays | own | shared | rates


def _gaussian_groups(rng, steps, d, **how):
    grads, diagonals = rng.standard_normal((2, steps, d)), rng.uniform(0.5, 3, (2, steps, d))
    first0, second0 = rng.standard_normal((2, d))
    return _group_inputs(first0, second0, grads, diagonals, **how)


GROUPS = (
    Case(
        "two-parabolas",
        ("basic", "known_bug"),
        "a^2 + 10 b^2 from (1, 3): the first step of size 1 ends in 0, in each group",
        _group_inputs([1], [3], ([[2]], [[60]]), ([[2]], [[20]]), (1.0, 1.0), eps=0.0),
        answer={"firsts": np.array([[0.0]]), "seconds": np.array([[0.0]])},
        source="Newton's step, by hand",
    ),
    Case(
        "own-rates",
        ("basic", "wrong_constant", "wrong_order"),
        "each group has its own step size and decay, and counts its own steps",
        _gaussian_groups(stream(0, "adahessian-groups"), 4, 3, lrs=(0.1, 0.4), decays=(0.5, 0.1), beta2=0.9),
        equations=("adahessian-6",),
    ),
    Case(
        "quick-and-half-power",
        ("basic", "wrong_constant"),
        "what the groups share comes from the arguments too: beta1 = 1/2, beta2 = 3/4, k = 1/2 and eps = 1/20",
        _gaussian_groups(
            stream(2, "adahessian-groups"),
            4,
            2,
            lrs=(0.2, 0.1),
            decays=(0.1, 0.3),
            beta1=0.5,
            beta2=0.75,
            eps=0.05,
            hessian_power=0.5,
        ),
        equations=("adahessian-3", "adahessian-4", "adahessian-6"),
    ),
    Case(
        "frozen-and-free",
        ("edge_case",),
        "the first group has no gradient, the second has one",
        _group_inputs(
            [1, 2], [3, 4], ([[0, 0]] * 3, [[1, -2], [2, 1], [1, 1]]), ([[1, 1]] * 3, [[2, 4]] * 3), (0.1, 0.1)
        ),
    ),
    Case(
        "one-step",
        ("boundary",),
        "the first step of both has no trace of the averages",
        _gaussian_groups(stream(1, "adahessian-groups"), 1, 2, lrs=(0.5, 0.25)),
        dtypes=("float64",),  # float32 knows 1 - 0.999 to three digits
    ),
    large("many-coordinates", "two-parabolas", "d"),
)


def sample_groups(rng):
    one = _random_rates(rng)
    lrs, decays = (one.pop("lr"), float(rng.uniform(0.01, 0.5))), (one.pop("weight_decay"), 0.2)
    return _gaussian_groups(rng, int(rng.integers(1, 3)), int(rng.integers(1, 4)), lrs=lrs, decays=decays, **one)
