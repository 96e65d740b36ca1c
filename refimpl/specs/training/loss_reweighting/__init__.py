"""What the oracle knows of weights of samples from their losses."""

import numpy as np

from refimpl.core import check
from refimpl.core.arrays import array_namespace
from refimpl.core.autodiff import value_and_grad
from refimpl.specs import refusals, sizes
from refimpl.specs.base import ErrorCase, Operation, Paper, System, array, choice, integer, number
from refimpl.specs.domains import COUNT, NONNEGATIVE, POSITIVE, REAL, WHOLE, Relation, below, real, whole
from refimpl.specs.training.loss_reweighting import cases, exact, laws
from refimpl.specs.training.loss_reweighting.claims import CLAIMS
from refimpl.specs.training.loss_reweighting.mistakes import ALTERNATIVES, FORMS
from refimpl.training import loss_reweighting as lr


def sequence_losses(logits, labels):
    """Mean loss of each sequence, and how many tokens count."""
    xp = array_namespace(labels)
    return tuple(lr.sequence_losses(logits, xp.where(labels == -1, lr.IGNORED, labels)))


def weights(losses, strategy, delta, r):
    """Normalised losses, what the strategy makes of them, weights."""
    return tuple(lr.weights(losses, strategy=strategy, delta=delta, r=r))


def fixed_range(losses, low, high, strategy, delta, r):
    """The same, with a range that does not come from the batch."""
    return tuple(lr.weights(losses, strategy=strategy, delta=delta, r=r, bounds=(low, high)))


def sharded_weights(losses, strategy, delta, r):
    """Weights of a batch on several devices, and the loss that each hands on."""
    return tuple(lr.sharded(losses, strategy=strategy, delta=delta, r=r))


def gradient(losses, grads, strategy, delta, r):
    """Weighted loss of samples whose losses and gradients are known, and its gradient."""
    check.finite(losses=losses, grads=grads), check.shapes(losses=(losses, "b"), grads=(grads, "b d"))

    def loss(theta):
        return lr.weighted_loss(losses + grads @ theta, strategy=strategy, delta=delta, r=r)

    return value_and_grad(loss)(array_namespace(grads).zeros_like(grads[0, :]))


def regression_steps(A, y, theta0, eta, strategy, delta, r, warm):
    """Parameters and weights after each step."""
    return lr.regression(theta0, A, y, lr=eta, r=r, warm=warm, strategy=strategy, delta=delta)


def bound(A, theta0, theta_star, share, T, strategy, delta, r):
    """Both sides of the convergence bound."""
    return tuple(lr.bound(A, theta0, theta_star, steps=T, share=share, strategy=strategy, delta=delta, r=r))


def dro(losses, r):
    """Exponential weights."""
    return lr.dro(losses, r=r)


def combine(w, groups, alpha):
    """Weights of samples times those of their groups."""
    return lr.combine(w, groups, alpha)


_TEMPERATURE = real(0, open="(", infinite=True)
_STRATEGY = choice(
    "strategy",
    lr.STRATEGIES,
    "of h: linupper: min(h + delta, delta); quadratic: 1 - h^2 / delta^2; extremes: |h|; upper: (h + delta) / 2; "
    "uniform: 0",
)
_SETTINGS = (
    _STRATEGY,
    number("delta", "half of the range of the normalised losses", POSITIVE),
    number("r", "temperature of the softmax; infinite: equal weights", _TEMPERATURE),
)
_LOSSES = array("losses", "b", "of the samples of a batch")
_ALL = (
    array(
        "h", "b", "losses mapped to [-delta, delta]: (2 l - max - min) delta / (max - min), a range below 1e-6 as 1e-6"
    ),
    array("s", "b", "what the strategy makes of h"),
    array("w", "b", "softmax of s / r"),
)
_NAN, _INF = float("nan"), float("inf")
_BAD_STRATEGY = ErrorCase("unknown-strategy", "no such strategy", {"strategy": "lower"}, ValueError, "strategy")
_BAD_SETTINGS = (refusals.numbers("delta", "r"), _BAD_STRATEGY)
_BAD_LOSSES = tuple(
    ErrorCase(slug, why, {"losses": np.array(losses)}, ValueError, "losses")
    for slug, why, losses in (
        ("empty-batch", "no sample, no weight", []),
        ("nan-loss", "a loss of NaN makes all weights NaN", [1.0, _NAN, 2.0]),
        ("infinite-loss", "an infinite loss leaves no range", [1.0, _INF, 2.0]),
    )
)
_ONE_STEP = {"long": "there are no steps in it"}
_EXACT = "mpmath with 50 digits, weights by pairs, written apart from the source"

SEQUENCE_LOSSES = Operation(
    name="loss_reweighting.sequence_losses",
    summary="mean loss of each sequence over the tokens that count; logits at place t are about token t + 1",
    inputs=(
        array("logits", "b n V", "of the next token, at each place"),
        array("labels", "b n", "the tokens; -1: does not count", below("V", low=-1)),
    ),
    outputs=(
        array("losses", "b", "mean of -log softmax(logits)[next token] over the tokens that count"),
        array("counts", "b", "how many those are", COUNT),
    ),
    reference=sequence_losses,
    exact=exact.sequence_losses,
    exact_source="mpmath with 50 digits, products of probabilities",
    cases=cases.SEQUENCE_LOSSES,
    sample=cases.sample_sequences,
    laws=laws.SEQUENCE_LOSSES,
    relations=(
        Relation(
            "each sequence has a token after its first that counts",
            ("labels",),
            lambda i: bool(np.all(np.any(i["labels"][:, 1:] >= 0, axis=1))),
        ),
    ),
    errors=(
        *refusals.arrays(logits="logits")[:1],
        ErrorCase("label-minus-two", "-2 is no token", {"labels": np.array([[0, -2, 1]])}, ValueError, "labels"),
        ErrorCase("label-too-large", "no such token", {"labels": np.array([[0, 3, 1]])}, ValueError, "labels"),
        ErrorCase("nothing-counts", "0 / 0", {"labels": np.array([[0, -1, -1]])}, ValueError, "labels"),
    ),
    without=_ONE_STEP,
)

WEIGHTS = Operation(
    name="loss_reweighting.weights",
    summary="weights of the samples of a batch from their losses",
    inputs=(_LOSSES, *_SETTINGS),
    outputs=_ALL,
    reference=weights,
    exact=exact.weights,
    exact_source=_EXACT,
    cases=cases.WEIGHTS,
    sample=None,
    laws=laws.WEIGHTS,
    errors=(*_BAD_SETTINGS, *_BAD_LOSSES),
    without=_ONE_STEP,
)

FIXED_RANGE = Operation(
    name="loss_reweighting.fixed_range",
    summary="weights where the range of the losses is given, as the defaults of the authors' code have it",
    inputs=(
        _LOSSES,
        number("low", "stands in for the smallest loss", REAL),
        number("high", "stands in for the largest", REAL),
        *_SETTINGS,
    ),
    outputs=(array("h", "b", "mapped losses, not clipped"), *_ALL[1:]),
    reference=fixed_range,
    exact=exact.fixed_range,
    exact_source=_EXACT,
    cases=cases.FIXED_RANGE,
    sample=cases.sample_fixed_range,
    laws=laws.FIXED_RANGE,
    relations=(Relation("low < high", ("low", "high"), lambda i: i["low"] < i["high"]),),
    errors=(
        *_BAD_SETTINGS,
        *_BAD_LOSSES,
        ErrorCase("bounds-fall", "the range is empty", {"low": 2.0, "high": 1.0}, ValueError, "bounds"),
    ),
    without=_ONE_STEP,
)

SHARDED_WEIGHTS = Operation(
    name="loss_reweighting.sharded_weights",
    summary="weights of a batch on D devices, and the loss that each hands on, of which the mean is taken",
    inputs=(array("losses", "D b", "of the samples, a row for each device"), *_SETTINGS),
    outputs=(
        array("w", "D b", "weights, of sum 1 over all devices"),
        array("local", "D", "D times the sum of weight times loss on each device"),
    ),
    reference=sharded_weights,
    exact=exact.sharded_weights,
    exact_source=_EXACT,
    cases=cases.SHARDED_WEIGHTS,
    sample=None,
    laws=laws.SHARDED_WEIGHTS,
    errors=(*_BAD_SETTINGS, *refusals.arrays(losses="losses")[:1]),
    without=_ONE_STEP,
)

GRADIENT = Operation(
    name="loss_reweighting.gradient",
    summary="weighted loss of a batch and its gradient, through which no gradient of the weights flows",
    inputs=(_LOSSES, array("grads", "b d", "gradient of each loss"), *_SETTINGS),
    outputs=(array("loss", "", "sum of weight times loss"), array("g", "d", "sum of weight times gradient")),
    reference=gradient,
    exact=exact.gradient,
    exact_source=_EXACT,
    cases=cases.GRADIENT,
    sample=None,
    laws=laws.GRADIENT,
    errors=(
        *_BAD_SETTINGS,
        *refusals.arrays(losses="grads")[1:],
        *refusals.arrays(grads="grads")[:1],
        *refusals.arrays(losses="losses")[:1],
    ),
    without=_ONE_STEP,
)

REGRESSION_STEPS = Operation(
    name="loss_reweighting.regression_steps",
    summary="gradient descent on batches of least squares, each loss (a^T theta - y)^2 / 2, weights anew in each step",
    inputs=(
        array("A", "T b d", "inputs of each batch"),
        array("y", "T b", "their answers"),
        array("theta0", "d", "start"),
        number("eta", "step size", POSITIVE),
        *_SETTINGS,
        integer("warm", "so many first steps with equal weights", WHOLE),
    ),
    outputs=(
        array("thetas", "T d", "parameters after each step", steps=True),
        array("w", "T b", "weights in each step", steps=True),
    ),
    reference=regression_steps,
    exact=exact.regression_steps,
    exact_source=_EXACT,
    cases=(*cases.REGRESSION_STEPS, sizes.one_step),
    sample=cases.sample_regression,
    laws=laws.REGRESSION_STEPS,
    errors=(
        refusals.numbers("delta", "r", "warm", eta="lr"),
        _BAD_STRATEGY,
        *refusals.arrays(y="y"),
    ),
)

BOUND = Operation(
    name="loss_reweighting.bound",
    summary="gradient descent on all samples of a noise-free least-squares problem: mean and weighted loss before each "
    "step, and what bounds the mean of the latter",
    inputs=(
        array("A", "n d", "inputs; answers are A theta_star", REAL.that("not all zero")),
        array("theta0", "d", "start"),
        array("theta_star", "d", "solution"),
        number("share", "step size times L, the largest squared length of a row of A", real(0, 1, open="()")),
        integer("T", "steps", whole(1)),
        *_SETTINGS,
    ),
    outputs=(
        array("gaps", "T", "mean loss before each step", steps=True),
        array("base", "", "|theta0 - theta_star|^2 / (2 eta (1 - eta L) T)"),
        array("weighted", "T", "weighted loss before each step", steps=True),
    ),
    reference=bound,
    exact=exact.bound,
    exact_source="mpmath with 50 digits, products of matrices, written apart from the source",
    cases=cases.BOUND,
    sample=None,
    laws=laws.BOUND,
    errors=(refusals.numbers("share", "delta", "r", T="steps"), _BAD_STRATEGY, *refusals.arrays(theta0="theta0")),
)

DRO = Operation(
    name="loss_reweighting.dro",
    summary="weights in proportion to exp(loss / r), the unnormalised rule of robust optimization",
    inputs=(_LOSSES, number("r", "temperature, in units of the losses", _TEMPERATURE)),
    outputs=(array("w", "b", "softmax of losses / r"),),
    reference=dro,
    exact=exact.dro,
    exact_source=_EXACT,
    cases=cases.DRO,
    sample=None,
    laws=laws.DRO,
    errors=(refusals.numbers("r"), *_BAD_LOSSES),
    without=_ONE_STEP,
)

COMBINE = Operation(
    name="loss_reweighting.combine",
    summary="weights of samples times weights of their groups, made to sum to 1",
    inputs=(
        array("w", "b", "weights of samples", NONNEGATIVE),
        array("groups", "b", "group of each", below("k")),
        array("alpha", "k", "weights of groups", NONNEGATIVE),
    ),
    outputs=(array("combined", "b", "product, of sum 1"),),
    reference=combine,
    exact=exact.combine,
    exact_source="rational arithmetic",
    cases=cases.COMBINE,
    sample=None,
    laws=laws.COMBINE,
    relations=(
        Relation(
            "a sample has weight > 0 in a group of weight > 0",
            ("w", "groups", "alpha"),
            lambda i: bool(np.any(i["w"] * i["alpha"][i["groups"]] > 0)),
        ),
    ),
    errors=(
        ErrorCase("group-too-large", "no such group", {"groups": np.array([0, 1, 2])}, ValueError, "groups"),
        ErrorCase("negative-weight", "weights are >= 0", {"w": np.array([0.5, -0.1, 0.6])}, ValueError, "w"),
        ErrorCase("nothing-left", "0 / 0", {"alpha": np.zeros(2)}, ValueError, "alpha"),
        *refusals.arrays(w="w")[:1],
    ),
    without=_ONE_STEP,
)

SYSTEM = System(
    name="loss_reweighting",
    chapter="training",
    summary="samples weigh by their losses in the current batch, by a softmax of a capped line",
    paper=Paper(
        title="Dynamic Loss-Based Sample Reweighting for Improved Large Language Model Pretraining",
        authors="Sow, Woisetschläger, Bulusu, Wang, Jacobsen, Liang",
        arxiv="2502.06733",
        year=2025,
        key="sow2025dynamic",
    ),
    operations=(
        WEIGHTS,
        SEQUENCE_LOSSES,
        SHARDED_WEIGHTS,
        GRADIENT,
        REGRESSION_STEPS,
        BOUND,
        FIXED_RANGE,
        DRO,
        COMBINE,
    ),
    claims=CLAIMS,
    alternatives=ALTERNATIVES,
    forms=FORMS,
    equations={
        "loss_reweighting-1": "authors' code, per-sample loss",
        "loss_reweighting-2": "authors' code, per-sample loss",
        "loss_reweighting-3": "Algorithm 1, loss of a sample",
        "loss_reweighting-4": "authors' code, normalisation",
        "loss_reweighting-5": "method section, normalisation",
        "loss_reweighting-6": "method section, LinUpper",
        "loss_reweighting-7": "method section, Quadratic",
        "loss_reweighting-8": "method section, Extremes",
        "loss_reweighting-9": "authors' code alone",
        "loss_reweighting-10": "the baseline",
        "loss_reweighting-11": "authors' code",
        "loss_reweighting-12": "Algorithm 1, weights",
        "loss_reweighting-13": "Algorithm 1, weights",
        "loss_reweighting-14": "standard: robust optimization in a Kullback-Leibler ball",
        "loss_reweighting-15": "experiments, with DoGE or DoReMi; ours: the product",
        "loss_reweighting-16": "experiments, warm-up",
        "loss_reweighting-17": "Algorithm 1: weights are constants",
        "loss_reweighting-18": "Algorithm 1, weighted loss",
        "loss_reweighting-19": "authors' code, gathering",
        "loss_reweighting-20": "authors' code, factor of the devices",
        "loss_reweighting-21": "linear regression",
        "loss_reweighting-22": "linear regression, weighted gradient",
        "loss_reweighting-23": "Algorithm 1, step",
        "loss_reweighting-24": "ours, in place of the paper's theorem: smoothness",
        "loss_reweighting-25": "ours: the bound for equal weights",
        "loss_reweighting-26": "ours: what is bounded",
        "loss_reweighting-27": "ours: the step of all samples",
    },
)
