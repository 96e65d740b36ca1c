"""Inputs of the operations on learning rates under permanent names, and random ones."""

import math
from functools import partial

import numpy as np

from refimpl.core.lanczos import lanczos, ritz
from refimpl.core.random import stream
from refimpl.optimizers import rmt_learning_rates as rmt
from refimpl.specs.base import Case, tags
from refimpl.specs.sizes import large

_tags = partial(tags, "rmt_learning_rates")


# Ends of the spectrum -------------------------------------------------------------------------------------------

_STRENGTHS = [-4.0, -1.25, 0.0, 0.5, 1.5, 4.0]  # in units of sqrt(v), where v = 2


def _hessian(eigenvalues, batches, sigma2=1.0, parameters=100, data=0):
    eigenvalues = np.array(eigenvalues, dtype=float)
    return {
        "eigenvalues": eigenvalues,
        "batches": np.broadcast_to(np.array(batches, dtype=float), eigenvalues.shape).copy(),
        "sigma2": sigma2,
        "parameters": parameters,
        "data": data,
    }


BATCH_HESSIAN = (
    Case("both-branches", ("basic", "missing_step"),
         "an outlier moves out by v / lambda; a weaker eigenvalue drowns, and the edge of the noise is seen",
         _hessian([2.0, 1.0], 50), equations=_tags(2, 3, 4),
         answer={"top": np.array([3.0, 8**0.5]), "bottom": np.array([-(8**0.5)] * 2)}, source="worked by hand"),
    Case("half-of-the-data", ("basic", "wrong_constant"),
         "without replacement the noise is that of a batch of the effective size",
         _hessian([2.0, -2.0], 50, data=100), equations=_tags(1, 5),
         answer={"top": np.array([2.5, 2.0]), "bottom": np.array([-2.0, -2.5])}, source="worked by hand"),
    Case("all-strengths", ("basic", "edge_case"),
         "eigenvalues of either sign, weak, strong and 0: nothing is divided by 0, and the two ends mirror each other",
         _hessian([s * math.sqrt(2) for s in _STRENGTHS], 50), equations=_tags(4, 5)),
    Case("nearly-all-data", ("wrong_constant",), "a batch of 380 of 400 has nearly no noise left",
         _hessian([4.0, -0.1, 0.1, -4.0], 380, parameters=200, data=400), equations=_tags(1)),
    Case("whole-data", ("boundary", "edge_case"),
         "a batch that is the whole data sees its eigenvalues, of either sign",
         _hessian([4.0, 0.5, 0.0, -0.5, -4.0], 400, parameters=200, data=400), equations=_tags(1),
         answer={name: np.array([4.0, 0.5, 0.0, -0.5, -4.0]) for name in ("top", "bottom")}, source="b = N"),
    Case("one-eigenvalue", ("boundary",), "one eigenvalue, one parameter, one sample",
         _hessian([0.75], 1, sigma2=0.25, parameters=1)),
    Case("growing-batches", ("basic", "wrong_constant"),
         "the noise falls as 1/b, the edge as 1/sqrt(b); beyond b* = P sigma^2 / lambda^2 = 200 there is an outlier",
         _hessian([4.0] * 6, [1, 16, 128, 256, 1024, 2**20], sigma2=3.2, parameters=1000), equations=_tags(2, 3)),
    Case("tiny-scale", ("numerics",), "a landscape 2^20 times as flat: an epsilon would show here",
         _hessian([1 / 2**19, 1 / 2**20, -1 / 2**18], 50, sigma2=1 / 2**40)),
    Case("huge-scale", ("numerics",), "a landscape 2^20 times as steep",
         _hessian([2**21, 2**20, -(2**22)], 50, sigma2=float(2**40))),
    large("many-eigenvalues", "all-strengths", "k"),
)  # fmt: skip


def sample_batch_hessian(rng):
    """Eigenvalues on both sides of the transition, batches far smaller than the data."""
    data = int(rng.integers(100, 10_000)) if rng.uniform() < 0.5 else 0
    k, parameters, sigma2 = int(rng.integers(1, 6)), int(rng.integers(1, 5000)), float(10.0 ** rng.uniform(-4, 2))
    batches = np.floor(10.0 ** rng.uniform(0, 1.6, k))  # at most 39: far from `data`
    return _hessian(rng.uniform(-4, 4, k) * np.sqrt(parameters * sigma2 / batches), batches, sigma2, parameters, data)


def _newton(eigenvalues, ratios, sigma2=1.0):
    eigenvalues = np.array(eigenvalues, dtype=float)
    ratios = np.broadcast_to(np.array(ratios, dtype=float), eigenvalues.shape).copy()
    return {"eigenvalues": eigenvalues, "ratios": ratios, "sigma2": sigma2}


GAUSS_NEWTON = (
    Case("both-branches", ("basic", "missing_step"),
         "above 1 + sqrt(2) there is an outlier, below it the edge of Marchenko and Pastur",
         _newton([4.0, 2.0], 2.0), equations=_tags(6, 7),
         answer={"top": np.array([20 / 3, (1 + 2**0.5) ** 2])}, source="worked by hand"),
    Case("other-bulk", ("basic", "wrong_constant"),
         "a bulk that is not 1: it scales edge, threshold and outlier alike",
         _newton([9.0, 4.0, 0.75, 2.5], [4.0, 4.0, 4.0, 0.25], sigma2=0.75), equations=_tags(6)),
    Case("at-the-bulk", ("edge_case",), "an eigenvalue equal to the bulk is the edge: nothing is divided by 0",
         _newton([1.5, 1.0, 0.0], [0.5, 2.0, 8.0], sigma2=1.5)),
    Case("small-to-large-batches", ("basic", "wrong_constant"),
         "as the batch grows the outlier comes down to the eigenvalue of the data",
         _newton([10.0] * 5, [200.0, 50.0, 4.0, 0.25, 1 / 2**20]), equations=_tags(6)),
    Case("one", ("boundary",), "one eigenvalue", _newton([3.0], 1.0)),
    Case("no-noise", ("boundary",), "gamma = 0, an endless batch: the eigenvalue itself, or the bulk",
         _newton([3.0, 0.5], 0.0), answer={"top": np.array([3.0, 1.0])}, source="gamma = 0"),
    Case("huge-scale", ("numerics",), "all eigenvalues 2^60 times as large",
         _newton([2**62, 2**61], 2.0, sigma2=float(2**60))),
    large("many-eigenvalues", "other-bulk", "k"),
)  # fmt: skip


def sample_gauss_newton(rng):
    """Eigenvalues away from the transition."""
    k, bulk = int(rng.integers(1, 6)), float(10.0 ** rng.uniform(-3, 3))
    ratios = 10.0 ** rng.uniform(-2, 2, k)
    away = 1 + np.sqrt(ratios) * np.where(rng.uniform(size=k) < 0.6, rng.uniform(1.1, 6, k), rng.uniform(0, 0.9, k))
    return _newton(bulk * away, ratios, bulk)


# Step sizes -----------------------------------------------------------------------------------------------------


def _rates(batches, rule, *, lr=0.1, batch=32, top=4.0, sigma2=2.0, parameters=512, data=0):
    return {
        "lr": lr,
        "batch": batch,
        "batches": np.array(batches, dtype=float),
        "rule": rule,
        "top": top,
        "sigma2": sigma2,
        "parameters": parameters,
        "data": data,
    }


_SIZES = [8.0, 32.0, 64.0, 128.0, 512.0, 2048.0]
SCALE_LR = (
    Case("linear", ("basic", "wrong_constant"), "for SGD, in proportion to the batch size",
         _rates(_SIZES, "linear"), equations=_tags(8, 10)),
    Case("sqrt", ("basic", "wrong_constant"), "for Adam and its like, with the root of the batch size",
         _rates(_SIZES, "sqrt"), equations=_tags(11)),
    Case("saturating", ("basic", "missing_step"),
         "with the root while the noise hides the largest eigenvalue (b < 64), and no more than 8/5 from b = 64 on",
         _rates(_SIZES, "saturating"), equations=_tags(12)),
    Case("of-limited-data", ("basic", "wrong_constant", "boundary"),
         "drawn without replacement from 2048: the largest batch is the whole data",
         _rates(_SIZES, "saturating", data=2048), equations=_tags(1, 12)),
    *(Case(f"{rule}-of-limited-data", ("wrong_constant",),
           "step sizes go by the batch sizes themselves, however large the share of the data is",
           _rates(_SIZES, rule, data=4096), equations=_tags(tag)) for rule, tag in (("linear", 10), ("sqrt", 11))),
    Case("downwards", ("basic", "wrong_order"), "from a large batch to smaller ones",
         _rates([1.0, 100.0, 1000.0], "saturating", batch=1000, lr=2.0)),
    Case("no-outlier", ("edge_case",),
         "a largest eigenvalue of 0: the noise is all there is, and the root of the batch size comes out",
         _rates([8.0, 128.0], "saturating", top=0.0)),
    Case("same-batch", ("boundary",), "the same batch size, the same step size", _rates([32.0], "saturating")),
    Case("less-noise", ("wrong_constant",),
         "variance and number of parameters come from the arguments: the noise hides an eigenvalue of 3 up to b = 7",
         _rates([4.0, 64.0, 256.0], "saturating", top=3.0, sigma2=0.5, parameters=128), equations=_tags(1, 12)),
    large("many-sizes", "of-limited-data", "k"),
)  # fmt: skip


def sample_scale_lr(rng):
    """Any rule, up and down."""
    k = int(rng.integers(1, 6))
    return _rates(
        np.floor(10.0 ** rng.uniform(0, 3, k)),
        str(rng.choice(rmt.RULES)),
        lr=float(10.0 ** rng.uniform(-4, 0)),
        batch=int(rng.integers(1, 300)),
        top=float(rng.uniform(-1, 4)),
        sigma2=float(10.0 ** rng.uniform(-3, 0)),
        parameters=int(rng.integers(1, 2000)),
        data=int(rng.integers(3000, 20_000)) if rng.uniform() < 0.5 else 0,
    )


# Lanczos --------------------------------------------------------------------------------------------------------

FIXTURE = np.array([[2.0, 1.0, 0.0, -1.0], [1.0, 3.0, 0.5, 0.0], [0.0, 0.5, -1.0, 2.0], [-1.0, 0.0, 2.0, 4.0]])


def _ritz(matrix, start, steps, tolerance=1e-3):
    return {
        "matrix": np.array(matrix, dtype=float),
        "start": np.array(start, dtype=float),
        "steps": steps,
        "tolerance": tolerance,
    }


def _whole_numbers(d, seed):
    """Symmetric matrix of small whole numbers."""
    half = stream(seed, "rmt-case", "matrix").integers(-2, 3, (d, d))
    return (half + half.T).astype(float)


def _tridiagonal(diagonal, beside):
    return np.diag(diagonal) + np.diag(beside, 1) + np.diag(beside, -1)


RITZ = (
    Case("fixture", ("basic", "wrong_order", "wrong_constant"),
         "three steps in four dimensions: two betas beside three alphas",
         _ritz(FIXTURE, [1.0, 1.0, 1.0, 1.0], 3), equations=_tags(13, 14, 15, 17, 19, 20),
         answer={"values": np.array([-1.465744402522435, 2.779078102049166, 4.448184315756588]),
                 "weights": np.array([0.06964141883, 0.47110838301, 0.45925019816])}, source="a separate program"),
    Case("all-dimensions", ("basic", "boundary"),
         "as many steps as dimensions: the eigenvalues themselves, and more steps add nothing",
         _ritz(FIXTURE, [1.0, -0.5, 2.0, 0.25], 7)),
    Case("large-outlier", ("known_bug", "missing_step", "numerics"),
         "one eigenvalue is 20 times the others: it is found after a few steps, and comes again as a ghost unless new "
         "vectors are kept orthogonal to it",
         _ritz(_whole_numbers(12, 2) + 20.0, [1.0, -1.0, 2.0, 1.0, 0.5, 3.0, -2.0, 1.0, 1.0, -1.0, 2.0, 0.5], 12),
         equations=_tags(16)),
    Case("one-step", ("boundary",), "one step: the Rayleigh quotient of the start, whatever its length",
         _ritz(FIXTURE, [3.0, 0.0, 4.0, 0.0], 1),
         answer={"values": np.array([2 * 0.36 - 0.64]), "weights": np.array([1.0])}, source="worked by hand"),
    Case("identity", ("edge_case", "missing_step"),
         "every vector is an eigenvector: one value of weight 1, and no division by a beta of 0",
         _ritz(2.5 * np.eye(3), [2.0, 0.0, 0.0], 3), equations=_tags(18),
         answer={"values": np.array([2.5]), "weights": np.array([1.0])}, source="worked by hand"),
    Case("start-in-a-subspace", ("edge_case", "missing_step"),
         "a start that two eigenvectors span: the space closes after two steps",
         _ritz(np.diag([3.0, 1.0, -2.0, 5.0]), [3.0, 0.0, 0.0, 4.0], 4),
         dtypes=("float64",),  # what a program that does not stop makes of rounding is its own in each precision
         equations=_tags(18),
         answer={"values": np.array([3.0, 5.0]), "weights": np.array([0.36, 0.64])}, source="worked by hand"),
    Case("alphas-of-zero", ("edge_case",), "a diagonal of zeros: a closing test that divides by an alpha divides by 0",
         _ritz(_tridiagonal([0.0, 0.0, 0.0], [1.0, 2.0]), [1.0, 0.0, 0.0], 3)),
    Case("coarse-tolerance", ("missing_step", "wrong_constant"),
         "already tridiagonal, with betas 2, 1/4 and 1/8: the second is at most a tenth of the longest product, "
         "sqrt(8), but not of the last one, nor of an alpha (the third would be)",
         _ritz(_tridiagonal([2.0, 1.0, -1.0, 0.5], [2.0, 0.25, 0.125]), [1.0, 0.0, 0.0, 0.0], 4, tolerance=0.1),
         equations=_tags(18),
         answer={"values": np.array([3 - 17**0.5, 3 + 17**0.5]) / 2,
                 "weights": np.array([17**0.5 - 1, 17**0.5 + 1]) / (2 * 17**0.5)},
         source="eigenvalues of [[2, 2], [2, 1]]"),
    Case("coarse-tolerance-later", ("wrong_constant",),
         "the second product is the longest, and the third beta is within a tenth of it, but not of the first product "
         "nor of the third; of the norm of the whole matrix the second is",
         _ritz(_tridiagonal([0.5, 3.0, 2.0, 1.5, 0.25], [0.5, 0.35, 0.25, 0.1]), [1.0, 0.0, 0.0, 0.0, 0.0], 5,
               tolerance=0.1), equations=_tags(18)),
    Case("zero-matrix", ("edge_case",), "a flat landscape: one value, 0",
         _ritz(np.zeros((2, 2)), [1.0, 1.0], 2),
         answer={"values": np.array([0.0]), "weights": np.array([1.0])}, source="worked by hand"),
    Case("flat-landscape", ("numerics",),
         "the same landscape 2^60 times as flat: closing is judged against the products, not against 1",
         _ritz(FIXTURE / 2**60, [1.0, 1.0, 1.0, 1.0], 3), equations=_tags(18)),
)  # fmt: skip


def _symmetric(rng, d):
    half = rng.standard_normal((d, d))
    return half + half.T


def _half(matrix):
    return (matrix + matrix.T) / 2


def _clear(matrix, start, steps):
    """Whether no beta comes near the closing tolerance, and no two Ritz values near each other."""
    run = lanczos(lambda v: matrix @ v, start, steps=steps)
    values, _ = ritz(run)
    size = np.abs(matrix).sum(axis=1).max()
    inside = len(run.alphas) == min(steps, len(start)) and bool(np.all(run.betas[:-1] > 0.03 * size))
    return inside and bool(np.all(np.diff(values) > 0.03 * size))


def sample_ritz(rng):
    """Matrices and starts of any scale whose space stays open."""
    while True:
        d, steps = int(rng.integers(1, 6)), int(rng.integers(1, 6))
        matrix, start = _symmetric(rng, d), rng.standard_normal(d)
        if _clear(matrix, start, steps):
            return _ritz(10.0 ** rng.uniform(-3, 3) * matrix, 10.0 ** rng.uniform(-3, 3) * start, steps)


# Variance of an element -----------------------------------------------------------------------------------------


def _variance(matrix, batch_matrices, probes, batch=16, data=0):
    return {
        "matrix": np.array(matrix, dtype=float),
        "batch_matrices": np.array(batch_matrices, dtype=float),
        "probes": np.array(probes, dtype=float),
        "batch": batch,
        "data": data,
    }


def _noisy_hessians(rng, d, n):
    matrix = _symmetric(rng, d)
    return matrix, np.stack([matrix + _symmetric(rng, d) for _ in range(n)])


_MEAN, _BATCHES = _noisy_hessians(stream(0, "rmt-case", "variance"), 3, 4)
_SIGNS = [[1.0, 1.0, 1.0], [1.0, -1.0, 1.0], [1.0, 1.0, -1.0]]
ELEMENT_VARIANCE = (
    Case("signs", ("basic", "missing_step", "wrong_constant"), "Rademacher probes",
         _variance(_MEAN, _BATCHES, _SIGNS), equations=_tags(21, 23, 24)),
    Case("gaussian", ("basic", "variant"), "Gaussian probes, whose lengths do not count",
         _variance(_MEAN, _BATCHES, stream(1, "rmt-case", "probes").standard_normal((4, 3))), equations=_tags(21)),
    Case("of-limited-data", ("basic", "wrong_constant"), "batches of 16 out of 40, drawn without replacement",
         _variance(_MEAN, _BATCHES, _SIGNS, data=40), equations=_tags(1)),
    Case("exact-probes", ("edge_case",),
         "probes along the axes give the norms themselves, and all elements differ by 1: sigma^2 = b",
         _variance([[2.0, 1.0], [1.0, 3.0]], [[[3.0, 2.0], [2.0, 4.0]], [[1.0, 0.0], [0.0, 2.0]]], np.eye(2), batch=7),
         answer={"norm2": np.array(15.0), "sigma2": np.array(7.0)}, source="worked by hand"),
    Case("one-parameter", ("boundary",), "one parameter, one batch, one probe",
         _variance([[2.0]], [[[3.0]]], [[-0.5]], batch=1),
         answer={"norm2": np.array(4.0), "sigma2": np.array(5.0)}, source="worked by hand"),
    Case("less-than-nothing", ("edge_case",),
         "a batch may be flatter than the data: the estimate is negative, and is not clipped",
         _variance(_MEAN, 0.5 * _MEAN[None], _SIGNS)),
)  # fmt: skip


def sample_element_variance(rng):
    """Matrices of any scale, Gaussian probes."""
    d, n = int(rng.integers(1, 5)), int(rng.integers(1, 4))
    matrix, batches = _noisy_hessians(rng, d, n)
    scale, data = 10.0 ** rng.uniform(-2, 2), int(rng.integers(200, 1000)) if rng.uniform() < 0.5 else 0
    probes = rng.standard_normal((int(rng.integers(1, 4)), d))
    return _variance(scale * matrix, scale * batches, probes, int(rng.integers(1, 100)), data)


# The learners ---------------------------------------------------------------------------------------------------


def _learner(
    hessians,
    rule,
    *,
    grads=None,
    probes=None,
    every=2,
    warmup=0,
    lanczos_steps=2,
    lr=0.125,
    momentum=0.75,
    floor=0.0,
    noise=0.0,
):
    hessians = np.array(hessians, dtype=float)
    epochs, d = hessians.shape[:2]
    rng = stream(0, "rmt-case", "learner", d, epochs, every)
    grads = rng.standard_normal((epochs * every, d)) if grads is None else np.array(grads, dtype=float)
    return {
        "theta0": np.arange(d) - 0.5,
        "grads": grads,
        "hessians": hessians,
        "probes": np.ones((epochs, d)) if probes is None else np.array(probes, dtype=float),
        "every": every,
        "warmup": warmup,
        "lanczos_steps": lanczos_steps,
        "lr": lr,
        "momentum": momentum,
        "floor": floor,
        "noise": noise,
        "rule": rule,
    }


_BOWLS = [np.diag([9.0, 1.0]), np.diag([2.0, 4.0])]
_SADDLES = [[[3.0, 1.0, 0.0], [1.0, -1.0, 0.5], [0.0, 0.5, 1.0]], [[-2.0, 0.0, 1.0], [0.0, 1.5, 0.5], [1.0, 0.5, 4.0]]]
_ZERO = ("float64",)  # what is 0 up to rounding is another number in float32
TRAJECTORY = (
    Case("polyak-nine-and-one", ("basic", "missing_step", "wrong_constant"),
         "eigenvalues 9 and 1: alpha = rho = 1/4; then 4 and 2, with the last move kept",
         _learner(_BOWLS, "polyak"), equations=_tags(25, 26, 27)),
    Case("polyak-indefinite", ("edge_case", "missing_step"),
         "a saddle: the smallest positive Ritz value counts, neither the smallest nor its size",
         _learner(_SADDLES, "polyak", probes=[[1.0, 2.0, -1.0], [1.0, -1.0, 0.5]], lanczos_steps=3, floor=1e-3)),
    Case("polyak-negative-ends", ("edge_case", "missing_step"),
         "a negative value is smallest in size, -1/4, or largest, -9: 4 and 1 count, neither of them",
         _learner([np.diag([4.0, 1.0, -0.25]), np.diag([4.0, 1.0, -9.0])], "polyak", lanczos_steps=3)),
    Case("polyak-floor", ("edge_case", "missing_step", "variant"),
         "a value below the floor is passed over: 8 and 2 count, 0.25 does not",
         _learner([np.diag([8.0, 2.0, 0.25])], "polyak", lanczos_steps=3, floor=0.0625, every=3)),
    Case("polyak-lifted", ("basic", "missing_step"),
         "rates for noisier batches than those measured: 4 becomes 5 with noise 4, and 2 becomes 4 with noise 4",
         _learner([np.diag([4.0, 1.0]), np.diag([2.0, 0.5])], "polyak", noise=4.0), equations=_tags(3, 25)),
    Case("polyak-floor-of-the-lifted", ("wrong_order", "wrong_constant"),
         "the floor is a share of the lifted largest value, 0.22 of 5 in place of 4: 2 counts, 1 and 1/8 do not",
         _learner([np.diag([4.0, 2.0, 1.0, 0.125])], "polyak", lanczos_steps=4, floor=0.22, noise=4.0),
         equations=_tags(25)),
    Case("polyak-no-positive", ("edge_case",), "no value is positive: the first rates stay",
         _learner([np.diag([-1.0, -3.0]), np.diag([5.0, 2.0])], "polyak")),
    Case("polyak-warmup", ("basic", "boundary"), "the first epoch keeps the first rates",
         _learner(_BOWLS, "polyak", warmup=1, lanczos_steps=1)),
    Case("rayleigh", ("basic", "wrong_order"), "alpha is g.g / g.Hg, momentum stays 0.75",
         _learner(_BOWLS, "rayleigh", probes=[[1.0, 2.0], [-1.0, 0.5]]), equations=_tags(28)),
    Case("rayleigh-negative", ("edge_case", "missing_step"),
         "a gradient along negative curvature, or of 0: the last step size stays",
         _learner([np.diag([2.0, -4.0]), np.diag([2.0, -4.0]), np.diag([1.0, 1.0])], "rayleigh",
                  probes=[[1.0, 0.5], [0.5, 2.0], [0.0, 0.0]], every=1)),
    Case("rayleigh-warmup", ("basic", "known_bug"), "two epochs at the first rate, as in the authors' code",
         _learner([*_BOWLS, np.diag([1.0, 3.0])], "rayleigh", every=1, warmup=2, momentum=0.875)),
    Case("rayleigh-long-warmup", ("boundary", "wrong_order"), "two epochs of two steps at the first rate: four steps",
         _learner([*_BOWLS, np.diag([1.0, 3.0])], "rayleigh", warmup=2)),
    Case("slow-start", ("boundary", "wrong_constant"),
         "an epoch at a first rate of 1/32, with the momentum 1/2: both come from the arguments",
         _learner(_BOWLS, "rayleigh", warmup=1, lr=0.03125, momentum=0.5)),
    Case("one-step", ("boundary",), "one parameter, one step: Newton's",
         _learner([[[4.0]]], "polyak", every=1, lanczos_steps=1)),
    Case("polyak-below-one", ("wrong_constant",), "eigenvalues 1/2 and 1/8: roots are larger than what they are of",
         _learner([np.diag([0.5, 0.125])], "polyak"), equations=_tags(25, 26)),
    Case("polyak-drowned", ("basic", "missing_step"),
         "noise of 9 hides the eigenvalue 2: the edge, 6, sets the rates, neither 2 nor 2 + 9/2",
         _learner([np.diag([2.0, 0.5])], "polyak", noise=9.0), equations=_tags(3, 4)),
    Case("polyak-emerged", ("basic", "wrong_constant"),
         "noise of 16: the eigenvalue 6 is above its root, and is seen at 6 + 16/6, not at the edge, 8",
         _learner([np.diag([6.0, 1.0])], "polyak", noise=16.0), equations=_tags(3, 4)),
    Case("polyak-flat", ("edge_case",), "a Hessian of zeros has no positive value: the first rates stay",
         _learner([np.zeros((2, 2)), np.diag([4.0, 1.0])], "polyak")),
    Case("polyak-singular", ("edge_case", "numerics"),
         "eigenvalues 5 and 0, the latter up to rounding: it is no smallest positive value, and the momentum is 0",
         _learner([[[1.0, 2.0], [2.0, 4.0]]], "polyak"), equations=_tags(25, 26), dtypes=_ZERO),
    Case("polyak-singular-inexact", ("edge_case", "numerics"),
         "eigenvalues 13/2 and 0, which no order of operations gives exactly",
         _learner([[[2.0, 3.0], [3.0, 4.5]]], "polyak"), equations=_tags(25, 26), dtypes=_ZERO),
    Case("three-hundred-steps", ("long",), "six epochs of fifty steps, each at its own rates",
         _learner([[[h, 0.5], [0.5, 1.0]] for h in (9.0, 4.0, 2.0, 16.0, 3.0, 25.0)], "polyak", every=50)),
)  # fmt: skip


def sample_trajectory(rng):
    """Either learner on Hessians most of which are positive definite."""
    while True:
        d, every, epochs = int(rng.integers(1, 4)), int(rng.integers(1, 4)), int(rng.integers(1, 3))
        steps, rule = int(rng.integers(1, d + 1)), str(rng.choice(["polyak", "rayleigh"]))
        hessians = [_symmetric(rng, d) for _ in range(epochs)]
        hessians = [_half(h @ h / d) if rng.uniform() < 0.7 else h for h in hessians]
        probes, floor = rng.standard_normal((epochs, d)), float(rng.choice([0.0, 1e-3]))
        if all(_safe(*pair, steps) for pair in zip(hessians, probes, strict=True)):
            return _learner(
                hessians,
                rule,
                grads=rng.standard_normal((epochs * every, d)),
                probes=probes,
                every=every,
                warmup=int(rng.integers(0, 2)),
                lanczos_steps=steps,
                lr=float(10.0 ** rng.uniform(-3, 0)),
                momentum=float(rng.uniform(0, 0.95)),
                floor=floor,
                noise=float(rng.choice([0.0, rng.uniform(0, 4)])),
            )


def _safe(hessian, probe, steps):
    """Whether rounding turns no sign: Ritz values and curvature away from 0 and each other."""
    values, _ = ritz(lanczos(lambda v: hessian @ v, probe, steps=steps))
    size, curvature = np.abs(values).max(), probe @ hessian @ probe / (probe @ probe)
    return _clear(hessian, probe, steps) and min(np.abs(values).min(), abs(curvature)) > 0.05 * size
