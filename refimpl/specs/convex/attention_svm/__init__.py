"""What the oracle knows of attention and its SVMs."""

import numpy as np

from refimpl.convex import attention_svm
from refimpl.core.arrays import array_namespace, from_numpy
from refimpl.specs import refusals
from refimpl.specs.base import ErrorCase, Operation, Paper, System, array, choice, integer, number
from refimpl.specs.convex.attention_svm import cases, exact, laws
from refimpl.specs.convex.attention_svm.claims import CLAIMS
from refimpl.specs.convex.attention_svm.mistakes import ALTERNATIVES
from refimpl.specs.domains import NONNEGATIVE, POSITIVE, WHOLE, Relation, below


def _beside(*arrays):
    """Each array, and twice of it as another run beside it: an axis of runs changes no answer."""
    return (array_namespace(x).stack([x, 2.0 * x]) for x in arrays)


def loss_grad(X, Z, gamma, W):
    """Loss, attention and gradient."""
    X, Z, gamma, W = _beside(X, Z, gamma, W)
    return tuple(x[0, ...] for x in attention_svm.loss_grad(W, X, Z, gamma))


def gd_w(X, Z, gamma, W, eta, steps, step):
    """W after some steps."""
    X, Z, gamma, W = _beside(X, Z, gamma, W)
    return attention_svm.descend(W, X, Z, gamma, eta=eta, steps=steps, normalised=step == "normalised").state[0, ...]


def gd_kq_step(X, Z, gamma, K, Q, eta, lam):
    """K and Q after a step."""
    X, Z, gamma, K, Q = _beside(X, Z, gamma, K, Q)
    pair = attention_svm.update_kq(attention_svm.Factors(K, Q), X, Z, gamma, eta=eta, lam=lam)
    return pair.K[0, ...], pair.Q[0, ...]


def svm_frobenius(X, Z, alpha):
    """Whether there is an SVM, its matrix and its margins."""
    found = attention_svm.svm_frobenius(X, Z, alpha)
    return from_numpy(float(found.feasible), like=X), found.W, found.margins


def svm_nuclear(X, Z, alpha, tol):
    """Nuclear norm and least margin: the matrix need not be unique."""
    found = attention_svm.svm_nuclear(X, Z, alpha, tol=tol, rounds=20_000)
    if found.gap > tol:
        raise ArithmeticError(f"the gap is {found.gap:.1e} after all rounds, {tol:.1e} was asked for")
    xp = array_namespace(found.margins)
    least = xp.min(xp.where(found.margins == 0, xp.inf, found.margins))
    return from_numpy(found.value, like=X), least


def project_nuclear(W, R):
    """The nearest matrix of the ball."""
    (both,) = _beside(W)
    return attention_svm.project_nuclear(both, R)[0, ...]


NEAR = 60_000_000  # units in the last place, 1e-8, that solvers may differ by which stop at a gap of their own
SOLVED = 100  # of solvers that go through the inner products of the constraints, which squares their condition
_TOKENS = array("X", "n T d", "tokens of each input")
_QUERIES = array("Z", "n d", "query of each input")
_SCORES = array("gamma", "n T", "score of each token: label times head times token")
_W = array("W", "d d", "key-query weights; the score of attention is x^T W z")
_ALPHA = array("alpha", "n", "the selected token of each input", below("T"))
_BAD_INPUTS = (refusals.arrays(X="X")[0], refusals.arrays(X="Z")[1], *refusals.arrays(Z="Z"))
_BAD_ARRAYS = (*_BAD_INPUTS, *refusals.arrays(gamma="gamma"))
_NO_TOKEN = (
    ErrorCase("no-such-token", "there are three tokens", {"alpha": np.array([0.0, 3.0])}, ValueError, "alpha"),
    ErrorCase("negative-token", "tokens are counted from 0", {"alpha": np.array([-1.0, 0.0])}, ValueError, "alpha"),
    ErrorCase("selections-short", "one for each input", {"alpha": np.array([0.0])}, ValueError, "alpha"),
    ErrorCase("no-rival", "a token alone has no rival", {"X": np.ones((2, 1, 2))}, ValueError, "X"),
    *_BAD_INPUTS,
)
_DIGITS = "mpmath with 50 digits, pair of tokens by pair of tokens, written apart from the source"
_NO_STEPS = {"long": "it has no steps"}
_RIVALS = Relation("T >= 2, for a token alone has no rival", ("X",), lambda inputs: inputs["X"].shape[1] >= 2)
_SEPARABLE = Relation(
    "some W separates the selected tokens from the others",
    ("X", "Z", "alpha"),
    lambda inputs: exact.separable(inputs["X"], inputs["Z"], inputs["alpha"]),
)
_MOVES = Relation("K and Q are not both 0", ("K", "Q"), lambda inputs: bool(inputs["K"].any() or inputs["Q"].any()))

LOSS_GRAD = Operation(
    name="attention_svm.loss_grad",
    summary="the mean of log(1 + exp(-output)) of one-layer attention with a fixed linear head, and its gradient in W",
    inputs=(_TOKENS, _QUERIES, _SCORES, _W),
    outputs=(
        array("loss", "", "in nats"),
        array("attention", "n T", "softmax weights of the tokens"),
        array("grad", "d d", "gradient in W; of full relative precision however small it is"),
    ),
    reference=loss_grad,
    exact=exact.loss_grad,
    exact_source=_DIGITS,
    cases=cases.LOSS_GRAD,
    sample=cases.sample_loss_grad,
    laws=laws.LOSS_GRAD,
    errors=(*_BAD_ARRAYS, *refusals.arrays(W="W")),
    without=_NO_STEPS,
)

GD_W = Operation(
    name="attention_svm.gd_w",
    summary="W after some steps of gradient descent, of length eta if normalised",
    inputs=(
        _TOKENS,
        _QUERIES,
        _SCORES,
        array("W", "d d", "start"),
        number("eta", "step size", POSITIVE),
        integer("steps", "how many", WHOLE),
        choice(
            "step", ("normalised", "plain"), "eta times the gradient over its Frobenius norm, or times the gradient"
        ),
    ),
    outputs=(array("W_end", "d d", "after the steps"),),
    reference=gd_w,
    exact=exact.gd_w,
    exact_source=_DIGITS,
    cases=cases.GD_W,
    sample=cases.sample_gd_w,
    laws=laws.GD_W,
    errors=(
        refusals.numbers("eta", "steps"),
        *_BAD_ARRAYS,
    ),
)

GD_KQ_STEP = Operation(
    name="attention_svm.gd_kq_step",
    summary="a step of normalised gradient descent on the factors of W = K Q^T, both from the old pair and each with "
    "its own norm, of the loss plus lam times the squared norms of both",
    inputs=(
        _TOKENS,
        _QUERIES,
        _SCORES,
        array("K", "d m", "keys, which multiply tokens"),
        array("Q", "d m", "queries, which multiply z"),
        number("eta", "step size", POSITIVE),
        number("lam", "weight of the squared norms", NONNEGATIVE),
    ),
    outputs=(array("K_new", "d m", "K after the step"), array("Q_new", "d m", "Q after the step")),
    reference=gd_kq_step,
    exact=exact.gd_kq_step,
    exact_source=_DIGITS,
    cases=cases.GD_KQ_STEP,
    sample=cases.sample_gd_kq_step,
    laws=laws.GD_KQ_STEP,
    errors=(
        refusals.numbers("eta", "lam"),
        *_BAD_ARRAYS,
        refusals.arrays(K="K")[0],
        refusals.arrays(K="Q")[1],
        *refusals.arrays(Q="Q"),
        ErrorCase(
            "nothing-moves",
            "0 is a stationary point",
            {"K": np.zeros((2, 2)), "Q": np.zeros((2, 2))},
            ValueError,
            "K and Q",
        ),
    ),
    relations=(_MOVES,),
    without={"long": "it is one step; attention_svm.gd_w takes three hundred"},
)

SVM_FROBENIUS = Operation(
    name="attention_svm.svm_frobenius",
    summary="the matrix of least Frobenius norm with (x_alpha - x_t)^T W z >= 1 for each input and other token; NaN "
    "where there is none",
    inputs=(_TOKENS, _QUERIES, _ALPHA),
    outputs=(
        array("feasible", "", "1 if there is one, else 0"),
        array("W", "d d", "the matrix", ulps=SOLVED),
        array("margins", "n T", "(x_alpha - x_t)^T W z, which is 0 for the selected token itself", ulps=SOLVED),
    ),
    reference=svm_frobenius,
    exact=exact.svm_frobenius,
    exact_source="the active constraints found by trying all sets, their equations solved with 50 digits, and the "
    "optimality conditions checked; a linear program where there is none",
    cases=cases.SVM_FROBENIUS,
    sample=cases.sample_svm,
    laws=laws.SVM_FROBENIUS,
    errors=_NO_TOKEN,
    relations=(_RIVALS,),
    without=_NO_STEPS,
)

SVM_NUCLEAR = Operation(
    name="attention_svm.svm_nuclear",
    summary="the same with the least nuclear norm: its value and the least margin that its matrix keeps",
    inputs=(_TOKENS, _QUERIES, _ALPHA, number("tol", "relative gap to the least value", POSITIVE)),
    outputs=(
        array("value", "", "the sum of the singular values", ulps=NEAR),
        array("least_margin", "", "over all inputs and other tokens; 1", ulps=NEAR),
    ),
    reference=svm_nuclear,
    exact=exact.svm_nuclear,
    exact_source="sequential quadratic programming on the factors (scipy's SLSQP), with a dual bound",
    cases=cases.SVM_NUCLEAR,
    sample=lambda rng: {**cases.sample_svm(rng), "tol": 1e-10},
    laws=laws.SVM_NUCLEAR,
    errors=(
        *_NO_TOKEN,
        refusals.numbers("tol"),
        ErrorCase("not-separable", "the token is the mean of others", {"X": cases.INSIDE}, ValueError, "alpha"),
    ),
    relations=(_RIVALS, _SEPARABLE),
    without={
        "long": "it has no steps but those of the solver",
        "large": "each round of it solves what attention_svm.svm_frobenius does, which has a large case",
    },
)

PROJECT_NUCLEAR = Operation(
    name="attention_svm.project_nuclear",
    summary="the nearest matrix whose singular values add up to at most R",
    inputs=(array("W", "d k", "a matrix"), number("R", "radius", POSITIVE)),
    outputs=(array("projected", "d k", "the nearest one"),),
    reference=project_nuclear,
    exact=exact.project_nuclear,
    exact_source="eigenvectors of the symmetric matrix [0 W; W^T 0] and bisection, with 50 digits",
    cases=cases.PROJECT_NUCLEAR,
    sample=cases.sample_project,
    laws=laws.PROJECT_NUCLEAR,
    errors=(refusals.numbers("R"), refusals.arrays(W="W")[0]),
    without=_NO_STEPS,
)

SYSTEM = System(
    name="attention_svm",
    chapter="convex",
    summary="what gradient descent on one attention layer converges to: hard-margin SVMs over tokens",
    paper=Paper(
        title="Transformers as Support Vector Machines",
        authors="Tarzanagh, Li, Thrampoulidis, Oymak",
        arxiv="2308.16898",
        year=2023,
        key="tarzanagh2023transformers",
    ),
    operations=(LOSS_GRAD, GD_W, GD_KQ_STEP, SVM_FROBENIUS, SVM_NUCLEAR, PROJECT_NUCLEAR),
    claims=CLAIMS,
    alternatives=ALTERNATIVES,
    equations={
        "attention_svm-1": "Section 2, the attention layer",
        "attention_svm-2": "Section 2, the training objective",
        "attention_svm-3": "the Jacobian of softmax; ours, pair by pair",
        "attention_svm-4": "Section 2, the gradient",
        "attention_svm-5": "Algorithm W-GD; normalised in the experiments",
        "attention_svm-6": "the constraints of Att-SVM",
        "attention_svm-7": "Lawson and Hanson (1974), least-distance programming",
        "attention_svm-8": "the same, its solution",
        "attention_svm-9": "the authors' experiments, gradients in K and Q",
        "attention_svm-10": "the authors' experiments, normalised steps",
        "attention_svm-11": "Att-SVM with the nuclear norm; ADMM, ours",
        "attention_svm-12": "the same, projection on the constraints",
        "attention_svm-13": "the same, multipliers",
        "attention_svm-14": "its dual; ours",
        "attention_svm-15": "projection on the l1 ball (Duchi et al., 2008), of singular values",
        "attention_svm-16": "Section 3, the regularisation path; projected gradient, ours",
        "attention_svm-17": "the authors' nonlinear head",
        "attention_svm-18": "the authors' nonlinear head, mode lambda",
        "attention_svm-19": "chain rule, ours",
        "attention_svm-20": "section on nonlinear heads, the finite part",
        "attention_svm-21": "section on nonlinear heads, the divergent part",
    },
)
