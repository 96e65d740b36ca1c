"""What the oracle knows of learning rates from random-matrix theory."""

import numpy as np

from refimpl.core.arrays import array_namespace, device
from refimpl.core.lanczos import lanczos, ritz
from refimpl.optimizers import rmt_learning_rates as rmt
from refimpl.specs import refusals, sizes
from refimpl.specs.base import ErrorCase, Operation, Paper, System, array, choice, integer, number
from refimpl.specs.domains import COUNT, FRACTION, NONNEGATIVE, POSITIVE, REAL, SYMMETRIC, WHOLE, Relation
from refimpl.specs.optimizers.rmt_learning_rates import cases, exact, laws
from refimpl.specs.optimizers.rmt_learning_rates.claims import CLAIMS
from refimpl.specs.optimizers.rmt_learning_rates.mistakes import ALTERNATIVES


def _supply(data):
    """0 stands for endless data."""
    return data if data else None


def batch_hessian(eigenvalues, batches, sigma2, parameters, data):
    """Ends of the spectrum of batch Hessians, each from an eigenvalue and a batch size."""
    noise = rmt.noise(batches, sigma2=sigma2, parameters=parameters, data=_supply(data))
    return rmt.batch_hessian(eigenvalues, noise), rmt.batch_hessian(eigenvalues, noise, end="bottom")


def gauss_newton(eigenvalues, ratios, sigma2):
    """Largest eigenvalues of batch Gauss-Newton matrices."""
    return rmt.batch_gauss_newton(eigenvalues, ratio=ratios, sigma2=sigma2)


def scale_lr(lr, batch, batches, rule, top, sigma2, parameters, data):
    """Step sizes taken to other batch sizes, and the largest that gradient descent bears there."""
    supply = {"sigma2": sigma2, "parameters": parameters, "data": _supply(data)}
    lrs = rmt.scale_lr(lr, batch, batches, rule=rule, top=top, **supply)
    return lrs, rmt.max_lr(rmt.batch_hessian(top + 0 * batches, rmt.noise(batches, **supply)))


def ritz_values(matrix, start, steps, tolerance):
    """Ritz values and weights of a matrix."""
    return ritz(lanczos(lambda v: matrix @ v, start, steps=steps, tolerance=tolerance))


def element_variance(matrix, batch_matrices, probes, batch, data):
    """Estimates of the squared Frobenius norm and of the variance of an element of the single-sample Hessian."""
    products = [lambda v, i=i: batch_matrices[i, ...] @ v for i in range(batch_matrices.shape[0])]
    product = lambda v: matrix @ v
    norm2 = rmt.trace(rmt.spectrum(product, probes, steps=2), array_namespace(probes).square)
    return norm2, rmt.element_variance(product, products, probes, batch=batch, data=_supply(data))


def trajectory(theta0, grads, hessians, probes, every, warmup, lanczos_steps, lr, momentum, floor, noise, rule):
    """Parameters and rates after each step of a learner, fed with given gradients and Hessians."""
    xp, given = array_namespace(theta0), iter([grads[t, :] for t in range(grads.shape[0])])

    def learn(state, _, epoch):
        product = lambda v: hessians[epoch, ...] @ v
        if rule == "rayleigh":
            return rmt.learn_rayleigh(state, product, probes[epoch, :])
        how = {"lanczos_steps": lanczos_steps, "floor": floor, "noise": noise}
        return rmt.learn_polyak(state, product, probes[epoch, :], **how)

    def record(theta, state):
        return {"theta": theta, "lr": _as(theta0, state.lr), "momentum": _as(theta0, state.momentum)}

    how = {"every": every, "warmup": warmup, "lr": lr, "momentum": momentum, "steps": grads.shape[0]}
    run = rmt.minimize(lambda _: next(given), theta0, learn=learn, record=record, **how)
    return tuple(xp.stack(run.history[name][1:]) for name in ("theta", "lr", "momentum"))


def _as(like, number):
    return array_namespace(like).asarray(number, dtype=like.dtype, device=device(like))


_SIGMA2 = number("sigma2", "variance sigma^2 of an element of the single-sample Hessian", NONNEGATIVE)
_PARAMETERS = integer("parameters", "number of parameters P", COUNT)
_DATA = integer("data", "number of samples N, of which batches are drawn without replacement; 0: endless", WHOLE)
_SUPPLY_ERRORS = (refusals.numbers("sigma2", "parameters", "data"),)
_WITHIN = Relation(
    "no batch is larger than data where data > 0",
    ("batches", "data"),
    lambda i: not i["data"] or bool(np.max(i["batches"]) <= i["data"]),
)
_NO_STEPS = {"long": "it is a formula, without steps"}
_WHOLE_MATRIX = "a matrix of so many rows is too large to hand over"

BATCH_HESSIAN = Operation(
    name="rmt_learning_rates.batch_hessian",
    summary="largest and smallest eigenvalue of the Hessian of a batch, from an eigenvalue of the data's Hessian",
    inputs=(
        array("eigenvalues", "k", "eigenvalues of the Hessian over the data, of any sign"),
        array("batches", "k", "batch size b for each; the formulas take any number", POSITIVE),
        _SIGMA2,
        _PARAMETERS,
        _DATA,
    ),
    outputs=(
        array("top", "k", "largest eigenvalue, if the given one is the largest"),
        array("bottom", "k", "smallest eigenvalue, if the given one is the smallest"),
    ),
    reference=batch_hessian,
    exact=exact.batch_hessian,
    exact_source="the case distinction in rational arithmetic, roots in 50 digits",
    cases=cases.BATCH_HESSIAN,
    sample=cases.sample_batch_hessian,
    laws=laws.BATCH_HESSIAN,
    errors=(
        *_SUPPLY_ERRORS,
        ErrorCase("batch-beyond-data", "a batch is not larger than the data", {"data": 1}, ValueError, "batch"),
        ErrorCase("nan", "NaN is no eigenvalue", {"eigenvalues": np.full(2, np.nan)}, ValueError, "eigenvalue"),
        ErrorCase("empty-batch", "a batch has a sample", {"batches": np.zeros(2)}, ValueError, "batch"),
    ),
    relations=(_WITHIN,),
    without=_NO_STEPS,
)

GAUSS_NEWTON = Operation(
    name="rmt_learning_rates.gauss_newton",
    summary="largest eigenvalue of the Gauss-Newton matrix of a batch, in the spiked covariance model",
    inputs=(
        array("eigenvalues", "k", "largest eigenvalue over all data"),
        array("ratios", "k", "gamma = P / b for each", NONNEGATIVE),
        number("sigma2", "all other eigenvalues", POSITIVE),
    ),
    outputs=(array("top", "k", "largest eigenvalue of the batch"),),
    reference=gauss_newton,
    exact=exact.gauss_newton,
    exact_source="the case distinction in 50 digits",
    cases=cases.GAUSS_NEWTON,
    sample=cases.sample_gauss_newton,
    laws=laws.GAUSS_NEWTON,
    errors=(
        refusals.numbers("sigma2"),
        ErrorCase("negative-ratio", "P / b is not negative", {"ratios": np.full(2, -1.0)}, ValueError, "ratio"),
    ),
    without=_NO_STEPS,
)

SCALE_LR = Operation(
    name="rmt_learning_rates.scale_lr",
    summary="a step size taken from one batch size to others, and the largest stable one there",
    inputs=(
        number("lr", "step size alpha that suits `batch`", POSITIVE),
        integer("batch", "batch size b0", COUNT),
        array("batches", "k", "batch sizes to go to; the formulas take any number", POSITIVE),
        choice("rule", rmt.RULES, "in proportion to b, to its root, or to 1 / lambda'(b)"),
        number("top", "largest eigenvalue of the Hessian over the data", REAL),
        _SIGMA2,
        _PARAMETERS,
        _DATA,
    ),
    outputs=(
        array("lrs", "k", "step sizes"),
        array("max_lrs", "k", "largest stable step sizes of gradient descent, 2 / lambda'(b)"),
    ),
    reference=scale_lr,
    exact=exact.scale_lr,
    exact_source="ratios in 50 digits, eigenvalues as in rmt_learning_rates.batch_hessian",
    cases=cases.SCALE_LR,
    sample=cases.sample_scale_lr,
    laws=laws.SCALE_LR,
    errors=(
        *_SUPPLY_ERRORS,
        refusals.numbers("lr", "batch"),
        ErrorCase("empty-batch", "a batch has a sample", {"batches": np.zeros(6)}, ValueError, "batch"),
    ),
    relations=(
        _WITHIN,
        Relation(
            "batch is not larger than data where data > 0",
            ("batch", "data"),
            lambda i: not i["data"] or i["batch"] <= i["data"],
        ),
        Relation(
            "top > 0 where a batch has no noise: sigma2 = 0, or it is the whole data",
            ("batch", "batches", "top", "sigma2", "data"),
            lambda i: i["top"] > 0 or (i["sigma2"] > 0 and max(i["batch"], *i["batches"]) < (i["data"] or np.inf)),
        ),
    ),
    without=_NO_STEPS,
)

RITZ = Operation(
    name="rmt_learning_rates.ritz",
    summary="Lanczos quadrature: Ritz values and weights of a symmetric matrix",
    inputs=(
        array("matrix", "P P", "only products with it are needed", SYMMETRIC),
        array("start", "P", "where to start", REAL.that("not all zero")),
        integer("steps", "m; more than P are cut to P", COUNT),
        number("tolerance", "stop once beta_j is at most this share of the longest A q_i so far", FRACTION),
    ),
    outputs=(
        array("values", "j", "eigenvalues of the tridiagonal T of the j <= m steps taken, smallest first"),
        array("weights", "j", "squared first components of its eigenvectors"),
    ),
    reference=ritz_values,
    exact=exact.ritz_values,
    exact_source="T from moments v^T A^k v in rational arithmetic, weights as Christoffel numbers in 50 digits",
    cases=cases.RITZ,
    sample=cases.sample_ritz,
    laws=laws.RITZ,
    errors=(
        ErrorCase("zero-start", "0 has no direction", {"start": np.zeros(4)}, ValueError, "start"),
        refusals.numbers("steps", "tolerance"),
        ErrorCase("nan", "NaN is no curvature", {"matrix": np.full((4, 4), np.nan)}, ValueError, "product"),
    ),
    without={"long": _WHOLE_MATRIX, "large": _WHOLE_MATRIX},
)

ELEMENT_VARIANCE = Operation(
    name="rmt_learning_rates.element_variance",
    summary="squared Frobenius norm of a Hessian, and the variance of its noise, from products with random probes",
    inputs=(
        array("matrix", "P P", "Hessian over the data", SYMMETRIC),
        array("batch_matrices", "n P P", "Hessians of n batches", SYMMETRIC),
        array("probes", "q P", "random directions", REAL.that("nonzero rows")),
        integer("batch", "size b of the batches", COUNT),
        _DATA,
    ),
    outputs=(
        number("norm2", "estimate of the squared Frobenius norm of `matrix`: P times the mean of |H v|^2/|v|^2", REAL),
        number("sigma2", "estimate of the variance of an element of the single-sample Hessian", REAL),
    ),
    reference=element_variance,
    exact=exact.element_variance,
    exact_source="|H v|^2 / |v|^2 in rational arithmetic, without Lanczos",
    cases=cases.ELEMENT_VARIANCE,
    sample=cases.sample_element_variance,
    laws=laws.ELEMENT_VARIANCE,
    errors=(
        refusals.numbers("batch", "data"),
        ErrorCase("whole-data", "the whole data has no noise to measure", {"data": 16}, ValueError, "batch"),
        ErrorCase("nan", "NaN is no curvature", {"matrix": np.full((3, 3), np.nan)}, ValueError, "product"),
        ErrorCase("zero-probe", "0 has no direction", {"probes": np.zeros((3, 3))}, ValueError, "start"),
    ),
    relations=(
        Relation(
            "batch is less than data where data > 0",
            ("batch", "data"),
            lambda i: not i["data"] or i["batch"] < i["data"],
        ),
    ),
    without=_NO_STEPS | {"large": "each probe and each batch is taken by itself: more of them change nothing"},
)

TRAJECTORY = Operation(
    name="rmt_learning_rates.trajectory",
    summary="parameters and rates of a learner that measures curvature in every epoch, fed with gradients and Hessians",
    inputs=(
        array("theta0", "d", "start"),
        array("grads", "T d", "gradient of each step"),
        array("hessians", "R d d", "Hessian at the start of each epoch", SYMMETRIC),
        array("probes", "R d", "start vector of Lanczos (polyak), or gradient on the statistics batch (rayleigh)"),
        integer("every", "steps in an epoch", COUNT),
        integer("warmup", "epochs in which nothing is measured", WHOLE),
        integer("lanczos_steps", "m of polyak; more than d are cut to d", COUNT),
        number("lr", "step size until something has been measured", POSITIVE),
        number("momentum", "as long, and always under rayleigh", FRACTION),
        number(
            "floor",
            "polyak passes over Ritz values up to this share of the (lifted) largest, and over rounding",
            FRACTION,
        ),
        number("noise", "v of the batches, by which polyak lifts the largest Ritz value", NONNEGATIVE),
        choice("rule", ("polyak", "rayleigh"), "both rates from the spectrum's ends; or alpha = g.g / g.Hg"),
    ),
    outputs=(
        array("thetas", "T d", "parameters after each step", steps=True),
        array("lrs", "T", "step size of each step", steps=True),
        array("momenta", "T", "momentum of each step", steps=True),
    ),
    reference=trajectory,
    exact=exact.trajectory,
    exact_source="positions in 50 digits, Ritz values from moments in rational arithmetic",
    cases=(*cases.TRAJECTORY, sizes.one_step),
    sample=cases.sample_trajectory,
    laws=laws.TRAJECTORY,
    errors=(
        refusals.numbers("lr", "momentum", "floor", "noise", "every", "warmup", lanczos_steps="steps"),
        *refusals.arrays(grads="grad"),
    ),
    relations=(
        Relation(
            "R epochs cover the T steps", ("every",), lambda i: len(i["hessians"]) * i["every"] >= len(i["grads"])
        ),
        Relation(
            "no row of probes is 0 where rule = polyak",
            ("probes",),
            lambda i: i["rule"] == "rayleigh" or bool(np.all(np.any(i["probes"] != 0, axis=1))),
        ),
    ),
    without={"large": _WHOLE_MATRIX},
)

SYSTEM = System(
    name="rmt_learning_rates",
    chapter="optimizers",
    summary="what a batch does to the curvature, and learning rates that follow: by batch size, or measured on the fly",
    paper=Paper(
        title="Learning Rates as a Function of Batch Size: A Random Matrix Theory Approach to Neural Network Training",
        authors="Granziol, Zohren, Roberts",
        arxiv="2006.09092",
        year=2022,
        key="granziol2022learning",
    ),
    operations=(BATCH_HESSIAN, GAUSS_NEWTON, SCALE_LR, RITZ, ELEMENT_VARIANCE, TRAJECTORY),
    claims=CLAIMS,
    alternatives=ALTERNATIVES,
    equations={
        f"rmt_learning_rates-{number}": where
        for number, where in {
            1: "ours: draws without replacement",
            2: "main theorem, variance of the noise",
            3: "main theorem, by the spiked Wigner model",
            4: "main theorem, threshold",
            5: "main theorem, the other end",
            6: "theorem on the Gauss-Newton matrix, by the spiked covariance model",
            7: "theorem on the Gauss-Newton matrix, threshold",
            8: "maximal learning rate of SGD",
            9: "ours: where the noise hides the eigenvalue",
            10: "abstract, linear scaling of SGD",
            11: "abstract, square-root scaling of Adam",
            12: "abstract, saturation",
            13: "Lanczos (1950), start",
            14: "Lanczos (1950), product",
            15: "Lanczos (1950), diagonal",
            16: "Lanczos with full orthogonalization",
            17: "Lanczos (1950), next vector",
            18: "ours: when to stop",
            19: "stochastic Lanczos quadrature, values",
            20: "stochastic Lanczos quadrature, weights",
            21: "stochastic Lanczos quadrature, trace",
            22: "stochastic Lanczos quadrature, density",
            23: "ours: second moment from one product",
            24: "ours: reconstructed",
            25: "Polyak (1964), step size; the learner reconstructed",
            26: "Polyak (1964), momentum",
            27: "Polyak (1964), step",
            28: "authors' code, lr_sgd.py",
        }.items()
    },
)
