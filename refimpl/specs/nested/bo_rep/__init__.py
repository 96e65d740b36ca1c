"""What the oracle knows of BO-REP."""

from functools import partial

import numpy as np

from refimpl.core.arrays import array_namespace
from refimpl.core.linalg import neumann as series
from refimpl.nested import _bo_rep_baselines as baselines
from refimpl.nested import _bo_rep_models as models
from refimpl.nested import bo_rep
from refimpl.problems import hyper_cleaning
from refimpl.specs import refusals
from refimpl.specs.base import ErrorCase, Operation, Paper, System, array, integer, number
from refimpl.specs.domains import (
    COUNT,
    DEFINITE,
    FRACTION,
    NONNEGATIVE,
    POSITIVE,
    SYMMETRIC,
    WHOLE,
    Relation,
    below,
    real,
)
from refimpl.specs.nested.bo_rep import cases, exact, laws
from refimpl.specs.nested.bo_rep.claims import CLAIMS
from refimpl.specs.nested.bo_rep.mistakes import ALTERNATIVES


def _followed(x, y, lower, upper, steps, **rates):
    """Upper variable before and after each step, and the lower variable in it."""
    record = lambda x, state: {"x": x, "y": state.y}
    _, run = bo_rep.minimize(x, y, lower, upper, steps=steps, record=record, **rates)
    xp = array_namespace(x)
    return xp.stack(run.history["x"]), xp.stack(run.history["y"][1:])


def trajectory(A, W, t, x0, y0, z0, noise_x, noise_y, noise_hvp, noise_lower, **rates):
    """The whole method on f = sum cosh(x) + |y - t|^2 / 2, g = (y - W x)^T A (y - W x) / 2, noise given."""
    problem = models.Cosh(A, W, t)
    lower = lambda x, y, i: problem.lower(x, y, noise_lower[i, ...])
    upper = lambda x, y, k: problem.upper(x, y, noise_x[k, ...], noise_y[k, ...], noise_hvp[k, ...])
    return _followed(x0, y0, lower, upper, noise_x.shape[0], z=z0, **rates)


def step(x, m, z, grad_x, grad_y, hessian, cross, **rates):
    """One step from a given state."""
    upper = bo_rep.Upper(grad_x, grad_y, lambda z: hessian @ z, lambda z: cross @ z)
    x, state = bo_rep.update(x, bo_rep.BORepState(z, z, m), upper, **rates)
    return x, state.m, state.z


def lower_update(y, A, target, noise, alpha, radius):
    """A burst on a quadratic lower problem."""
    grad = lambda y, t: A @ (y - target) + noise[t, ...]
    return bo_rep.lower_update(y, grad, steps=noise.shape[0], alpha=alpha, radius=radius)


def epoch_sgd(y, A, target, noise, **rates):
    """The refinement on a quadratic lower problem."""
    return bo_rep.epoch_sgd(y, lambda y, t: A @ (y - target) + noise[t, ...], **rates)


def _row(rows, k):
    return rows[k, ...]


def cleaning_hypergradient(X, labels, w, z, lam, indices):
    """Minus the cross derivative times z."""
    return -hyper_cleaning.cross_product(w, z, lam, X, labels, indices)


def cleaning(
    X, labels, V, V_labels, lam0, w0, z0, lower_batches, upper_batches, hvp_batches, cross_batches, reg, **rates
):
    """The method without refinement on data hyper-cleaning, batches given."""
    data = hyper_cleaning.CleaningData(X, labels, None, V, V_labels, None, None)
    named = {
        "lower_batches": lower_batches,
        "upper_batches": upper_batches,
        "hvp_batches": hvp_batches,
        "cross_batches": cross_batches,
    }
    picked = {name: partial(_row, rows) for name, rows in named.items()}
    lower, upper = models.cleaning(data, reg=reg, **picked)
    return _followed(lam0, w0, lower, upper, upper_batches.shape[0], z=z0, epochs=0, **rates)


def neumann(v, hessians, nu):
    """The truncated series of stocBiO."""
    return series(lambda p, j: hessians[j - 1, ...] @ p, v, terms=hessians.shape[0] + 1, step=nu)


def hypergradient(grad_x, grad_y, hessian, cross):
    """The exact hyper-gradient, by a solve."""
    return baselines.implicit(grad_x, grad_y, hessian, cross)


_RADIUS = real(0, open="(", infinite=True)
_UPPER = (
    number("eta", "length of an upper step", POSITIVE),
    number("beta", "memory of the momentum", FRACTION),
    number("nu", "step of z", POSITIVE),
)
_BURST = (
    number("alpha", "step size of the bursts", POSITIVE),
    integer("period", "I: bursts come before the steps I, 2 I, ...", COUNT),
    integer("burst", "N, steps of a burst", COUNT),
    number("radius", "R, of the ball about the start of a burst", _RADIUS),
)
_EPOCHS = (
    integer("epochs", "S", WHOLE),
    integer("first", "T_0, steps of the first epoch; each next one has twice as many", COUNT),
)
_BAD_UPPER = refusals.numbers("eta", "beta", "nu")
_BAD_BURST = refusals.numbers("alpha", "radius", "period", "burst")


def _enough(rows, used):
    """Whether there are rows for every lower step."""
    return Relation("enough rows for all lower steps", (rows,), lambda i: i[rows].shape[0] >= used(i))


def _refined(i):
    return (2 ** i["epochs"] - 1) * i["first"]


def _bursts(i, steps):
    return i["burst"] * ((i[steps].shape[0] - 1) // i["period"])


_QUADRATIC = (
    array("y", "p", "start, the centre of the ball"),
    array("A", "p p", "Hessian of the lower problem", SYMMETRIC),
    array("target", "p", "its minimizer"),
    array("noise", "N p", "added to the gradient of each step"),
)
_MPMATH = "50 digits; {}"
_MATRIX = {"large": "its Hessian is a full matrix, whose product any library does at once"}

TRAJECTORY = Operation(
    name="bo_rep.trajectory",
    summary="refinement, then K steps with a burst every I of them, on f = sum cosh(x) + |y - t|^2 / 2 and "
    "g = (y - W x)^T A (y - W x) / 2, with given noise",
    inputs=(
        array("A", "p p", "Hessian of g in y; the cross derivative is -W^T A", DEFINITE),
        array("W", "p d", "the lower minimizer is W x"),
        array("t", "p", "what f pulls y to"),
        array("x0", "d", "upper variable at the start"),
        array("y0", "p", "lower variable before the refinement"),
        array("z0", "p", "z at the start"),
        array("noise_x", "K d", "added to the gradient of f in x, in each step"),
        array("noise_y", "K p", "added to the gradient of f in y"),
        array("noise_hvp", "K p", "times the length of z, added to the Hessian's product with z"),
        array("noise_lower", "L p", "added to the lower gradients, in the order of use: (2^S - 1) T_0 of the "
              "refinement, then N for each burst; further rows are not used"),
        *_UPPER, *_BURST, *_EPOCHS,
        number("alpha0", "step size of the first epoch; half of it in the second, and so on", POSITIVE),
        number("radius0", "D_0 of the first epoch; D_0 / sqrt(2) in the second, and so on", _RADIUS),
    ),
    outputs=(
        array("xs", "K+1 d", "upper variable at the start and after each step", steps=True, first=0),
        array("ys", "K p", "lower variable used in each step", steps=True),
    ),
    reference=trajectory,
    exact=exact.trajectory,
    exact_source=_MPMATH.format("z and m as mixtures, walks about the centre of their ball"),
    cases=cases.TRAJECTORY,
    sample=cases.sample_trajectory,
    laws=laws.TRAJECTORY,
    relations=(_enough("noise_lower", lambda i: _refined(i) + _bursts(i, "noise_x")),),
    errors=(_BAD_UPPER, _BAD_BURST, *refusals.arrays(z0="z")),
)  # fmt: skip

STEP = Operation(
    name="bo_rep.step",
    summary="one step of z, m and x from a given state; the derivatives are those at the present y",
    inputs=(
        array("x", "d", "upper variable"),
        array("m", "d", "momentum before the step"),
        array("z", "p", "z before the step"),
        array("grad_x", "d", "gradient of F in x, of any size: its square may overflow"),
        array("grad_y", "p", "gradient of F in y"),
        array("hessian", "p p", "of G in y", SYMMETRIC),
        array("cross", "d p", "cross derivative of G, in x and y"),
        *_UPPER,
    ),
    outputs=(
        array("new_x", "d", "upper variable after the step"),
        array("new_m", "d", "momentum after the step"),
        array("new_z", "p", "z after the step"),
    ),
    reference=step,
    exact=exact.step,
    exact_source=_MPMATH.format("z and m as mixtures of old and new"),
    cases=cases.STEP,
    sample=cases.sample_step,
    laws=laws.STEP,
    errors=(_BAD_UPPER, *refusals.arrays(grad_x="grad_x", grad_y="grad_y")),
    without={"long": "it is one step"},
)

LOWER = Operation(
    name="bo_rep.lower_update",
    summary="a burst of N projected SGD steps on (y - target)^T A (y - target) / 2, the last iterate",
    inputs=(*_QUADRATIC, number("alpha", "step size", POSITIVE), number("radius", "R", _RADIUS)),
    outputs=(array("new_y", "p", "lower variable after the burst"),),
    reference=lower_update,
    exact=exact.lower_update,
    exact_source=_MPMATH.format("a walk about the centre of the ball"),
    cases=cases.LOWER,
    sample=cases.sample_lower,
    laws=laws.LOWER,
    errors=(refusals.numbers("alpha", "radius"), *refusals.arrays(noise="grad")[:1]),
    without=_MATRIX,
)

EPOCHS = Operation(
    name="bo_rep.epoch_sgd",
    summary="Epoch-SGD with shrinking balls on (y - target)^T A (y - target) / 2: the average of the last epoch",
    inputs=(
        *_QUADRATIC[:3],
        array("noise", "L p", "added to the gradients, (2^S - 1) T_0 rows; further ones are not used"),
        *_EPOCHS,
        number("alpha", "step size of the first epoch", POSITIVE),
        number("radius", "D_0", _RADIUS),
    ),
    outputs=(array("new_y", "p", "lower variable after the last epoch"),),
    reference=epoch_sgd,
    exact=exact.epoch_sgd,
    exact_source=_MPMATH.format("an epoch as a walk about its centre, then a mean"),
    cases=cases.EPOCHS,
    sample=cases.sample_epochs,
    laws=laws.EPOCHS,
    relations=(_enough("noise", _refined),),
    errors=(refusals.numbers("alpha", "radius", "first", "epochs"),),
    without=_MATRIX,
)

_SAMPLES = (
    array("X", "n q", "training samples"),
    array("labels", "n", "their classes", below("C")),
)
CROSS = Operation(
    name="bo_rep.cleaning_hypergradient",
    summary="data hyper-cleaning: minus the cross derivative of the batch's mean of sigmoid(lam_j) loss_j(w), in lam "
    "and w, times z; loss_j is the cross-entropy of softmax regression",
    inputs=(
        *_SAMPLES,
        array("w", "q C", "weights of the classifier"),
        array("z", "q C", "what the derivative is multiplied with"),
        array("lam", "n", "the logit of each sample's weight"),
        array("indices", "B", "the batch; a repeated one counts again", below("n")),
    ),
    outputs=(array("hypergradient", "n", "0 outside the batch"),),
    reference=cleaning_hypergradient,
    exact=exact.cleaning_hypergradient,
    exact_source=_MPMATH.format("sample by sample, added up"),
    cases=cases.CROSS,
    sample=cases.sample_cross,
    laws=laws.CROSS,
    errors=(
        *refusals.arrays(lam="lam", w="w")[:3],
        ErrorCase("outside", "there is no such sample", {"indices": np.array([0.0, 4.0])}, ValueError, "indices"),
    ),
    without={"long": "it has no steps"},
)

CLEANING = Operation(
    name="bo_rep.cleaning",
    summary="K steps without refinement on data hyper-cleaning, the batches given: x = lam, y = w, f the mean loss on "
    "validation data, g the batch's mean of sigmoid(lam_j) loss_j(w) plus reg |w|^2 / 2",
    inputs=(
        *_SAMPLES,
        array("V", "v q", "validation samples"),
        array("V_labels", "v", "their classes", below("C")),
        array("lam0", "n", "lam at the start"),
        array("w0", "q C", "w at the start"),
        array("z0", "q C", "z at the start"),
        array("lower_batches", "L B", "training samples of the lower gradients, N rows for each burst in turn; further "
              "rows are not used", below("n")),
        array("upper_batches", "K D", "validation samples of each step's gradient of f", below("v")),
        array("hvp_batches", "K E", "training samples of each step's Hessian-vector product", below("n")),
        array("cross_batches", "K E", "training samples of each step's cross product", below("n")),
        *_UPPER, *_BURST[:1], number("reg", "weight of |w|^2 / 2", NONNEGATIVE), *_BURST[1:],
    ),
    outputs=(
        array("lams", "K+1 n", "lam at the start and after each step", steps=True, first=0),
        array("ws", "K q C", "w used in each step", steps=True),
    ),
    reference=cleaning,
    exact=exact.cleaning,
    exact_source=_MPMATH.format("sample by sample, the Hessian as covariances under each softmax"),
    cases=cases.CLEANING,
    sample=cases.sample_cleaning,
    laws=laws.CLEANING,
    relations=(_enough("lower_batches", lambda i: _bursts(i, "upper_batches")),),
    errors=(_BAD_BURST, refusals.numbers("reg"), *refusals.arrays(z0="z")),
    without={"long": "its loop is that of bo_rep.trajectory, which has one"},
)  # fmt: skip

NEUMANN = Operation(
    name="bo_rep.neumann",
    summary="stocBiO's estimate of the inverse Hessian times v: nu times v plus its products with J growing chains of "
    "factors 1 - nu H_1, (1 - nu H_2) (1 - nu H_1), ...",
    inputs=(
        array("v", "p", "gradient of f in y"),
        array("hessians", "J p p", "a sample of the Hessian for each factor"),
        number("nu", "factor of the series", POSITIVE),
    ),
    outputs=(array("z", "p", "the estimate"),),
    reference=neumann,
    exact=exact.neumann,
    exact_source=_MPMATH.format("the matrix of the series, from its last factor inwards"),
    cases=cases.NEUMANN,
    sample=cases.sample_neumann,
    laws=laws.NEUMANN,
    errors=(refusals.numbers(nu="step"), *refusals.arrays(v="v")[:1]),
    without=_MATRIX,
)

HYPERGRADIENT = Operation(
    name="bo_rep.hypergradient",
    summary="the exact hyper-gradient: grad_x minus cross times the solution of hessian z = grad_y",
    inputs=(
        array("grad_x", "d", "gradient of f in x"),
        array("grad_y", "p", "gradient of f in y"),
        array("hessian", "p p", "of g in y", DEFINITE),
        array("cross", "d p", "cross derivative of g"),
    ),
    outputs=(array("hyper", "d", "gradient of f(x, y*(x))"), array("z", "p", "the solution")),
    reference=hypergradient,
    exact=exact.hypergradient,
    exact_source=_MPMATH.format("an inverse"),
    cases=cases.HYPERGRADIENT,
    sample=cases.sample_hypergradient,
    laws=laws.HYPERGRADIENT,
    errors=(
        *refusals.arrays(grad_x="grad_x", cross="cross"),
        ErrorCase("singular", "the lower problem has no one minimizer", {"hessian": np.ones((2, 2))}, ValueError,
                  "hessian"),
        ErrorCase("indefinite", "its stationary point is a saddle", {"hessian": np.diag([1.0, -1.0])}, ValueError,
                  "hessian"),
    ),
    without={"long": "it has no steps"},
)  # fmt: skip

SYSTEM = System(
    name="bo_rep",
    chapter="nested",
    summary="bilevel problems whose gradient grows without bounds: outer steps of a fixed length, inner bursts now and "
    "then",
    paper=Paper(
        title="Bilevel Optimization under Unbounded Smoothness: A New Algorithm and Convergence Analysis",
        authors="Hao, Gong, Liu",
        arxiv="2401.09587",
        year=2024,
        key="hao2024bilevel",
    ),
    operations=(TRAJECTORY, STEP, LOWER, EPOCHS, CLEANING, CROSS, NEUMANN, HYPERGRADIENT),
    claims=CLAIMS,
    alternatives=ALTERNATIVES,
    equations={
        "bo_rep-1": "implicit differentiation",
        "bo_rep-2": "Algorithm 1, update of z",
        "bo_rep-3": "Algorithm 1, estimate of the hyper-gradient",
        "bo_rep-4": "Algorithm 1, momentum",
        "bo_rep-5": "Algorithm 1, update of x",
        "bo_rep-6": "Algorithm 2",
        "bo_rep-7": "Algorithm 1, periodic updates",
        "bo_rep-8": "Hazan and Kale (2014); ours: balls that shrink as roots of the step size",
        "bo_rep-9": "Hazan and Kale (2014)",
        "bo_rep-10": "Hazan and Kale (2014)",
        "bo_rep-11": "Ji et al. (2021, arXiv:2010.07962)",
        "bo_rep-12": "data hyper-cleaning; squared norm",
        "bo_rep-13": "ours: the Hessian of softmax regression",
        "bo_rep-14": "ours: the cross derivative of hyper-cleaning",
    },
)
