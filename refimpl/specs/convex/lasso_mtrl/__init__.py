"""What the oracle knows of active multi-task representation learning."""

from dataclasses import replace

import numpy as np

from refimpl.convex import _lasso_mtrl_baselines as baselines
from refimpl.convex import lasso_mtrl
from refimpl.core.arrays import array_namespace
from refimpl.specs import refusals
from refimpl.specs.base import ErrorCase, Operation, Paper, System, array, integer, number
from refimpl.specs.convex.lasso_mtrl import cases, exact, laws
from refimpl.specs.convex.lasso_mtrl.claims import CLAIMS
from refimpl.specs.convex.lasso_mtrl.mistakes import ALTERNATIVES
from refimpl.specs.domains import NONNEGATIVE, POSITIVE, REAL, SEMIDEFINITE, WHOLE, Relation, one_of, whole


def _floats(n, like):
    return array_namespace(n).astype(n, like.dtype)


def relevance_l1(W, w):
    """Norm and vector."""
    nu = lasso_mtrl.relevance_l1(W, w)
    xp = array_namespace(nu)
    return xp.sum(xp.abs(nu)), nu


def relevance_l2(W, w):
    """The vector."""
    return lasso_mtrl.relevance_l2(W, w)


def design_value(W, w, n):
    """The number."""
    return lasso_mtrl.design_value(W, w, n)


def allocate(nu, N, floor, p):
    """Counts, as floating-point numbers."""
    return _floats(lasso_mtrl.allocate(nu, N=N, floor=floor, p=p), nu)


def fit_representation(G, g, n, k, rounds):
    """What of the fit is determined."""
    B, W = lasso_mtrl.fit_representation(lasso_mtrl.Statistics(G, g, _floats(n, g)), k=k, rounds=rounds)
    return B @ W, B @ array_namespace(B).matrix_transpose(B)


def fit_target(B, X, y):
    """The predictor."""
    return B @ lasso_mtrl.fit_target(B, X, y)


def relevance_lasso(W, w, lam):
    """Vector and objective."""
    nu = lasso_mtrl.relevance_lasso(W, w, lam=lam, tol=1e-15, sweeps=2_000)
    xp = array_namespace(nu)
    residual = w - W @ nu
    return nu, xp.sum(residual * residual) / 2 + lam * xp.sum(xp.abs(nu))


def estimate(G, g, n, X, y, k, share, p, rounds):
    """Exploration data to relevance."""
    data = lasso_mtrl.Statistics(G, g, _floats(n, g))
    return lasso_mtrl.estimate(data, X, y, k=k, share=share, p=p, rounds=rounds)


def cost_sensitive(W, w, prices, budget):
    """The design."""
    return tuple(lasso_mtrl.cost_sensitive(W, w, prices, budget=budget))


def epoch_counts(nu, beta, eps):
    """Counts, as floating-point numbers."""
    return _floats(baselines.epoch_counts(nu, beta=beta, eps=eps), nu)


# Operations ----------------------------------------------------------------------------------------------------------

DESCENT = 1000  # units in the last place, 2e-13, that solvers may differ by which stop at a tolerance of 1e-14
_HEADS = (
    array("W", "k T", "heads of the source tasks in columns"),
    array("w", "k", "head of the target task"),
)
_RANK = Relation("W has rank k", ("W",), lambda i: int(np.linalg.matrix_rank(i["W"])) == len(i["W"]))
_NU = array("nu", "T", "coefficients of the source tasks")
_STATISTICS = (
    array("G", "T d d", "X_t^T X_t of each source task", SEMIDEFINITE),
    array("g", "T d", "X_t^T Y_t of each source task"),
    array("n", "T", "number of samples of each source task; without one the head is 0", WHOLE),
)
_TARGET = (array("X", "n d", "inputs of the target task"), array("y", "n", "outputs of the target task"))
_K = integer("k", "dimension of the representation", whole(1, "d"))
_NARROW = Relation("k <= T", ("k", "g"), lambda i: i["k"] <= len(i["g"]))
_ROUNDS = integer("rounds", "of alternating least squares after the spectral start", WHOLE)
_P = integer("p", "1: in proportion to |nu|; 2: in proportion to nu^2", one_of(1, 2))
_NO_STEPS = {"long": "it has no steps"}
_FLAT, _THIN = np.array([[1.0, 2.0, -1.0], [0.5, 1.0, -0.5]]), np.array([[1.0], [2.0]])
_BAD_HEADS = (
    *refusals.arrays(w="w"),
    ErrorCase("flat-heads", "they make no targets but on a line", {"W": _FLAT}, ValueError, "W"),
    ErrorCase("nan-head", "NaN is no number", {"W": np.where(cases.W3 == 0, np.nan, 1.0)}, ValueError, "W"),
)
_EXACT = "{}, in rational arithmetic, written apart from the source"
_DIGITS = "{}, with 50 digits, written apart from the source"

RELEVANCE_L1 = Operation(
    name="lasso_mtrl.relevance_l1",
    summary="the coefficients of the least 1-norm with W nu = w; the inputs have only one such",
    inputs=_HEADS,
    outputs=(array("value", "", "the least 1-norm"), _NU),
    reference=relevance_l1,
    exact=exact.relevance_l1,
    exact_source=_EXACT.format("the best of all vertices"),
    cases=cases.RELEVANCE_L1,
    sample=cases.sample_relevance,
    laws=laws.RELEVANCE_L1,
    relations=(_RANK,),
    errors=(*_BAD_HEADS, ErrorCase("few-tasks", "one task for two dimensions", {"W": _THIN}, ValueError, "W")),
    without=_NO_STEPS,
)

RELEVANCE_L2 = Operation(
    name="lasso_mtrl.relevance_l2",
    summary="the coefficients of the least 2-norm with W nu = w",
    inputs=_HEADS,
    outputs=(_NU,),
    reference=relevance_l2,
    exact=exact.relevance_l2,
    exact_source=_EXACT.format("the normal equations"),
    cases=cases.RELEVANCE_L2,
    sample=cases.sample_relevance,
    laws=laws.RELEVANCE_L2,
    relations=(_RANK,),
    errors=(*_BAD_HEADS, ErrorCase("few-tasks", "one task for two dimensions", {"W": _THIN}, ValueError, "W")),
    without=_NO_STEPS,
)

DESIGN_VALUE = Operation(
    name="lasso_mtrl.design_value",
    summary="the least sum of nu_t^2 / n_t over all nu with W nu = w; a task without samples takes no part",
    inputs=(*_HEADS, array("n", "T", "samples of each source task, not necessarily whole", NONNEGATIVE)),
    outputs=(array("value", "", "the least sum"),),
    reference=design_value,
    exact=exact.design_value,
    exact_source=_EXACT.format("the multipliers of the constraint"),
    cases=cases.DESIGN_VALUE,
    sample=cases.sample_design,
    laws=laws.DESIGN_VALUE,
    relations=(
        _RANK,
        Relation("the heads of tasks with samples make w", ("W", "w", "n"), cases.made),
    ),
    errors=(
        *_BAD_HEADS,
        *refusals.arrays(n="n"),
        ErrorCase("negative-n", "numbers of samples are >= 0", {"n": np.array([10.0, -1.0, 5.0])}, ValueError, "n"),
        ErrorCase("none-relevant", "the one sampled task is no help", {"n": np.array([10.0, 0, 0])}, ValueError, "n"),
    ),
    without=_NO_STEPS,
)

ALLOCATE = Operation(
    name="lasso_mtrl.allocate",
    summary="samples of each source task: the floor, and the rest of the budget in proportion to |nu|^p, rounded down",
    inputs=(
        array("nu", "T", "coefficients of the source tasks", REAL.that("not all zero")),
        integer("N", "budget", whole(0, 2**53, open=")")),
        integer("floor", "least number of samples of each task", WHOLE),
        _P,
    ),
    outputs=(array("n", "T", "samples of each source task, whole numbers"),),
    reference=allocate,
    exact=exact.allocate,
    exact_source=_EXACT.format("whole numbers"),
    cases=cases.ALLOCATE,
    sample=cases.sample_allocate,
    laws=laws.ALLOCATE,
    relations=(Relation("N >= T times floor", ("N", "floor"), lambda i: i["N"] >= len(i["nu"]) * i["floor"]),),
    errors=(
        refusals.arrays(nu="nu")[0],
        ErrorCase("no-relevance", "nothing to be in proportion to", {"nu": np.zeros(3)}, ValueError, "nu"),
        ErrorCase("small-budget", "the floors alone cost 30", {"N": 29}, ValueError, "N"),
        refusals.numbers("N", "floor"),
        ErrorCase("third-power", "p is 1 or 2", {"p": 3}, ValueError, "p"),
    ),
    without=_NO_STEPS,
)

_SKEW = np.triu(np.ones((5, 4, 4)))
_FLAT_DATA = {"G": np.zeros((5, 4, 4)), "g": np.zeros((5, 4))}
FIT_REPRESENTATION = Operation(
    name="lasso_mtrl.fit_representation",
    summary="joint least squares over the source tasks by alternating: B of the k leading left singular vectors of "
    "g_t / sqrt(n_t), then in each round the best heads, the best B, made orthonormal; at the end the best heads. A "
    "task with fewer samples than k has the head of the least norm",
    inputs=(*_STATISTICS, _K, _ROUNDS),
    outputs=(
        array("theta", "d T", "predictors B W of the source tasks"),
        array("projector", "d d", "B B^T"),
    ),
    reference=fit_representation,
    exact=exact.fit_representation,
    exact_source=_DIGITS.format("the derivative asked at unit matrices"),
    cases=cases.FIT_REPRESENTATION,
    sample=cases.sample_fit,
    laws=laws.FIT_REPRESENTATION,
    relations=(_NARROW,),
    errors=(
        *refusals.arrays(g="g"),
        refusals.arrays(n="n")[1],
        ErrorCase("no-data", "nothing determines the representation", _FLAT_DATA, ValueError, "G"),
        refusals.numbers("k", "rounds"),
        ErrorCase("skew", "X^T X is symmetric", {"G": _SKEW}, ValueError, "G"),
        ErrorCase("negative-n", "numbers of samples are >= 0", {"n": -np.ones(5)}, ValueError, "n"),
    ),
)

FIT_TARGET = Operation(
    name="lasso_mtrl.fit_target",
    summary="predictor of the target task in the span of B, by least squares",
    inputs=(array("B", "d k", "a basis of the representation, not necessarily orthonormal"), *_TARGET),
    outputs=(array("theta", "d", "predictor B w"),),
    reference=fit_target,
    exact=exact.fit_target,
    exact_source=_EXACT.format("the normal equations"),
    cases=cases.FIT_TARGET,
    sample=cases.sample_target,
    laws=laws.FIT_TARGET,
    relations=(
        Relation(
            "X B has rank k", ("X", "B"), lambda i: int(np.linalg.matrix_rank(i["X"] @ i["B"])) == i["B"].shape[1]
        ),
    ),
    errors=(
        *refusals.arrays(y="y"),
        ErrorCase("nan-in-X", "NaN is no number", {"X": np.full((12, 4), np.nan)}, ValueError, "X"),
        ErrorCase("other-inputs", "B is of four inputs", {"X": np.ones((12, 3))}, ValueError, "X"),
    ),
    without=_NO_STEPS,
)

LASSO = Operation(
    name="lasso_mtrl.relevance_lasso",
    summary="the minimizer of |W nu - w|^2 / 2 + lam |nu|_1, of which the inputs have only one",
    inputs=(
        array("W", "k T", "estimated heads of the source tasks in columns"),
        array("w", "k", "estimated head of the target task"),
        number("lam", "penalty", POSITIVE),
    ),
    outputs=(replace(_NU, ulps=DESCENT), array("objective", "", "value at nu")),
    reference=relevance_lasso,
    exact=exact.relevance_lasso,
    exact_source=_EXACT.format("the one support with signs that is optimal"),
    cases=cases.LASSO,
    sample=cases.sample_lasso,
    laws=laws.LASSO,
    errors=(refusals.numbers("lam"), *refusals.arrays(w="w", W="W")[:3]),
    without=_NO_STEPS,
)

ESTIMATE = Operation(
    name="lasso_mtrl.estimate",
    summary="relevance from exploration data: fit_representation, the target's head in the same orthonormal B, then "
    "for p = 1 the Lasso with lam = share times the largest |W^T w|, for p = 2 the least 2-norm",
    inputs=(
        *_STATISTICS,
        *_TARGET,
        _K,
        number("share", "of the least penalty at which all coefficients are 0", POSITIVE),
        integer("p", "1: Lasso; 2: least 2-norm", one_of(1, 2)),
        _ROUNDS,
    ),
    outputs=(replace(_NU, ulps=DESCENT),),
    reference=estimate,
    exact=exact.estimate,
    exact_source=_DIGITS.format("the fit, then all supports and signs"),
    cases=cases.ESTIMATE,
    sample=cases.sample_estimate,
    laws=laws.ESTIMATE,
    relations=(_NARROW,),
    errors=(
        refusals.numbers("share"),
        *refusals.arrays(y="y"),
        ErrorCase("third-power", "p is 1 or 2", {"p": 3}, ValueError, "p"),
    ),
    without={
        "long": "fit_representation has a long case",
        "large": "fit_representation, fit_target and relevance_lasso have large cases",
    },
)

COST_SENSITIVE = Operation(
    name="lasso_mtrl.cost_sensitive",
    summary="the design of least sum of nu_t^2 / n_t that costs a budget, at a price for a sample of each task: nu of "
    "the least sum of sqrt(price) |nu|, n in proportion to |nu| / sqrt(price)",
    inputs=(
        _HEADS[0],
        array("w", "k", "head of the target task", REAL.that("not all zero")),
        array("prices", "T", "of a sample of each task", POSITIVE),
        number("budget", "to be spent", POSITIVE),
    ),
    outputs=(
        _NU,
        array("n", "T", "samples of each source task, not rounded"),
        array("value", "", "sum of nu_t^2 / n_t"),
    ),
    reference=cost_sensitive,
    exact=exact.cost_sensitive,
    exact_source=_DIGITS.format("the best of all vertices"),
    cases=cases.COST_SENSITIVE,
    sample=cases.sample_cost,
    laws=laws.COST_SENSITIVE,
    relations=(_RANK,),
    errors=(
        *_BAD_HEADS,
        refusals.numbers("budget"),
        *refusals.arrays(prices="prices"),
        ErrorCase("free-task", "a price is > 0", {"prices": np.array([1.0, 0.0, 2.0])}, ValueError, "prices"),
        ErrorCase("no-target", "no samples are needed", {"w": np.zeros(2)}, ValueError, "w"),
    ),
    without=_NO_STEPS,
)

EPOCH_COUNTS = Operation(
    name="lasso_mtrl.epoch_counts",
    summary="samples of each source task in an epoch of the earlier method: the larger of beta nu^2 / eps^2 and "
    "beta / eps, rounded up",
    inputs=(_NU, number("beta", "scale", POSITIVE), number("eps", "accuracy of the epoch", POSITIVE)),
    outputs=(array("n", "T", "samples of each source task, whole numbers"),),
    reference=epoch_counts,
    exact=exact.epoch_counts,
    exact_source=_EXACT.format("whole numbers"),
    cases=cases.EPOCH_COUNTS,
    sample=cases.sample_epoch,
    laws=laws.EPOCH_COUNTS,
    errors=(refusals.numbers("beta", "eps"), refusals.arrays(nu="nu")[0]),
    without={"long": "it is one epoch"},
)

SYSTEM = System(
    name="lasso_mtrl",
    chapter="convex",
    summary="how many samples to draw from each source task, for a target that shares their linear representation",
    paper=Paper(
        title="Improved Active Multi-Task Representation Learning via Lasso",
        authors="Wang, Chen, Jamieson, Du",
        arxiv="2306.02556",
        year=2023,
        key="wang2023improved",
    ),
    operations=(
        RELEVANCE_L1,
        RELEVANCE_L2,
        DESIGN_VALUE,
        ALLOCATE,
        FIT_REPRESENTATION,
        FIT_TARGET,
        LASSO,
        ESTIMATE,
        COST_SENSITIVE,
        EPOCH_COUNTS,
    ),
    claims=CLAIMS,
    alternatives=ALTERNATIVES,
    equations={
        "lasso_mtrl-1": "the definition of nu^1",
        "lasso_mtrl-2": "nu^2 of Chen et al. (2022, arXiv:2202.00911)",
        "lasso_mtrl-3": "the error analysis; written out as a function, ours",
        "lasso_mtrl-4": "Algorithm 1, proportions; with p = 2 those of Chen et al. (2022)",
        "lasso_mtrl-5": "Algorithm 1; ours: the floor is counted in the budget",
        "lasso_mtrl-6": "ours; the paper leaves the solver open",
        "lasso_mtrl-7": "Algorithm 1, joint least squares, in W",
        "lasso_mtrl-8": "Algorithm 1, joint least squares, in B; the matrix",
        "lasso_mtrl-9": "Algorithm 1, joint least squares, in B",
        "lasso_mtrl-10": "ours: the representation has orthonormal columns",
        "lasso_mtrl-11": "Algorithm 1, the target's head",
        "lasso_mtrl-12": "Algorithm 2, the Lasso; coordinate descent is ours",
        "lasso_mtrl-13": "Algorithm 2, the Lasso, one coefficient",
        "lasso_mtrl-14": "Algorithm 2, the Lasso, the residual",
        "lasso_mtrl-15": "Algorithm 2, its penalty; the constant is ours",
        "lasso_mtrl-16": "the section on prices; the weighted program, ours",
        "lasso_mtrl-17": "the section on prices; closed form, ours",
        "lasso_mtrl-18": "its value; ours",
        "lasso_mtrl-19": "Chen et al., 2022, the algorithm for unknown relevance",
    },
)
