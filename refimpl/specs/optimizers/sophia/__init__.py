"""What the oracle knows of Sophia."""

import numpy as np

from refimpl.core.arrays import array_namespace
from refimpl.optimizers import _sophia_models as models
from refimpl.optimizers import sophia
from refimpl.specs import refusals, sizes
from refimpl.specs.base import Drive, ErrorCase, Operation, Paper, System, array, choice, integer, number
from refimpl.specs.domains import COUNT, DEFINITE, FRACTION, NONNEGATIVE, POSITIVE, below
from refimpl.specs.optimizers.sophia import cases, exact, laws
from refimpl.specs.optimizers.sophia.claims import CLAIMS
from refimpl.specs.optimizers.sophia.mistakes import ALTERNATIVES


def trajectory(theta0, grads, estimates, k, **rates):
    """Positions after each step of Sophia, fed with given gradients and estimates."""
    theta, state, thetas = theta0, sophia.init(theta0), []
    for t in range(1, grads.shape[0] + 1):
        estimate = estimates[t - 1, :] if sophia.due(t, k=k) else None
        theta, state = sophia.update(theta, state, grads[t - 1, :], estimate, **rates)
        thetas.append(theta)
    return array_namespace(theta0).stack(thetas)


def step(theta, m, h, grad, estimate, refresh, **rates):
    """One step of Sophia from a given state."""
    theta, state = sophia.update(theta, sophia.SophiaState(m, h), grad, estimate if refresh == "yes" else None, **rates)
    return theta, state.m, state.h, sophia.win_rate(state, gamma=rates["gamma"], eps=rates["eps"])


def hutchinson(W, x, labels, probe, model):
    """Hutchinson's estimate for softmax regression."""
    return models.hutchinson_estimate(W, x, labels, probe, model=model)


def gnb(W, x, labels, uniforms, model):
    """The Gauss-Newton-Bartlett estimate for softmax regression; the true labels play no part."""
    sampled = sophia.sample_labels(models.logits(W, x, model=model), uniforms)
    gradient = models.gradient(W, x, sampled, model=model)
    return sophia.gauss_newton_bartlett(gradient, batch=x.shape[0])


def newton(theta, grad, hessian, lr, rho):
    """One clipped Newton step."""
    return sophia.clipped_newton(theta, grad, hessian, lr=lr, rho=rho)


_RATES = (
    number("lr", "step size eta", POSITIVE),
    number("beta1", "rate at which m forgets", FRACTION),
    number("beta2", "rate at which h forgets", FRACTION),
    number("gamma", "scale of the curvature", POSITIVE),
    number("eps", "floor of gamma h", POSITIVE),
    number("weight_decay", "decoupled decay lambda", NONNEGATIVE),
)
_REFUSED = refusals.numbers("lr", "beta1", "beta2", "gamma", "eps", "weight_decay")

TRAJECTORY = Operation(
    name="sophia.trajectory",
    summary="the parameters after each of T steps, fed with given gradients and estimates of the Hessian's diagonal",
    inputs=(
        array("theta0", "d", "start"),
        array("grads", "T d", "gradient of each step"),
        array("estimates", "T d", "estimate of each step; only those of steps 1, k + 1, 2 k + 1, ... are to be used"),
        *_RATES,
        integer("k", "steps from one estimate to the next", COUNT),
    ),
    outputs=(array("thetas", "T d", "parameters after each step", steps=True),),
    reference=trajectory,
    exact=exact.trajectory,
    exact_source="mpmath with 50 digits, decay first, averages as moves toward the newest value",
    cases=(*cases.TRAJECTORY, sizes.one_step),
    sample=cases.sample,
    laws=laws.TRAJECTORY,
    errors=(
        _REFUSED,
        refusals.numbers("k"),
        *refusals.arrays(grads="grad", estimates="estimate"),
    ),
    drive=Drive(
        "theta0",
        "grads",
        {
            "lr": "lr",
            "betas": ("beta1", "beta2"),
            "gamma|rho|p": "gamma",
            "eps": "eps",
            "weight_decay": "weight_decay",
            "update_period|update_interval|k": "k",
        },
        optax={
            "learning_rate": "lr",
            "b1": "beta1",
            "b2": "beta2",
            "gamma": "gamma",
            "eps": "eps",
            "weight_decay": "weight_decay",
            "update_interval": "k",
        },
        hessian="estimates",
        period="k",
    ),
)

STEP = Operation(
    name="sophia.step",
    summary="one step from a given state, with or without a new estimate, and the share of unclipped coordinates",
    inputs=(
        array("theta", "d", "parameters"),
        array("m", "d", "average of the gradients before the step"),
        array("h", "d", "average of the estimates before the step"),
        array("grad", "d", "gradient at theta"),
        array("estimate", "d", "estimate of the Hessian's diagonal at theta"),
        choice("refresh", ("yes", "no"), "whether the estimate is to be used"),
        *_RATES,
    ),
    outputs=(
        array("new_theta", "d", "parameters after the step"),
        array("new_m", "d", "average of the gradients after the step"),
        array("new_h", "d", "average of the estimates after the step"),
        array("win_rate", "", "share of coordinates with |new_m| < max(gamma new_h, eps): those that are not clipped"),
    ),
    reference=step,
    exact=exact.step,
    exact_source="mpmath with 50 digits, written apart from the source",
    cases=cases.STEP,
    sample=cases.sample_step,
    laws=laws.STEP,
    errors=(_REFUSED, *refusals.arrays(grad="grad", estimate="estimate")),
    without={"long": "it is one step"},
)

_BATCH = (
    array("W", "D C", "weights"),
    array("x", "B D", "features, one example per row"),
    array("labels", "B", "true classes", below("C")),
)
_MODEL = choice("model", models.MODELS, "logits x W, or tanh(x W); the loss is their mean cross-entropy")
_UNKNOWN = ErrorCase("unknown-model", "there are two models", {"model": "relu"}, ValueError, "model")
_BEYOND = ErrorCase(
    "label-beyond", "classes count from 0 to C - 1", {"labels": np.array([0, 3, 1])}, ValueError, "labels"
)
_ONE_ESTIMATE = {"long": "it is one estimate"}

HUTCHINSON = Operation(
    name="sophia.hutchinson",
    summary="Hutchinson's estimate of the Hessian's diagonal for softmax regression, from a given probe",
    inputs=(*_BATCH, array("probe", "D C", "the draw u, standard normal in the algorithm"), _MODEL),
    outputs=(array("estimate", "D C", "u times H u, entry by entry"),),
    reference=hutchinson,
    exact=exact.hutchinson,
    exact_source="second differences of the loss in 50 digits: no derivative is written down",
    cases=cases.HUTCHINSON,
    sample=cases.sample_hutchinson,
    laws=laws.HUTCHINSON,
    errors=(
        _UNKNOWN,
        _BEYOND,
        ErrorCase("nan-weights", "NaN is no weight", {"W": np.full((2, 3), np.nan)}, ValueError, "W"),
        ErrorCase("wrong-probe", "a probe of another shape", {"probe": np.ones((3, 2))}, ValueError, "v"),
    ),
    without=_ONE_ESTIMATE,
)

GNB = Operation(
    name="sophia.gnb",
    summary="the Gauss-Newton-Bartlett estimate for softmax regression, from given draws",
    inputs=(
        *_BATCH,
        array(
            "uniforms",
            "B",
            "a draw u for each example: its label is the first class c at which the "
            "probabilities of 0, ..., c add up to more than u (a probability that underflows is 0)",
            FRACTION,
        ),
        _MODEL,
    ),
    outputs=(array("estimate", "D C", "B times the squared gradient of the mean loss with the drawn labels"),),
    reference=gnb,
    exact=exact.gnb,
    exact_source="first differences of the loss in 50 digits: no derivative is written down",
    cases=cases.GNB,
    sample=cases.sample_gnb,
    laws=laws.GNB,
    errors=(
        _UNKNOWN,
        ErrorCase("draw-of-one", "draws are below 1", {"uniforms": np.array([0.5, 1.0, 0.7])}, ValueError, "uniforms"),
        *refusals.arrays(uniforms="uniforms"),
    ),
    without=_ONE_ESTIMATE,
)

NEWTON = Operation(
    name="sophia.newton",
    summary="one step of the theory's algorithm: Newton's, clipped in the eigenbasis of the Hessian",
    inputs=(
        array("theta", "d", "parameters"),
        array("grad", "d", "gradient at theta"),
        array("hessian", "d d", "Hessian at theta", DEFINITE),
        number("lr", "step size eta", POSITIVE),
        number("rho", "bound on each coordinate in the eigenbasis", POSITIVE),
    ),
    relations=(cases.DISTINCT,),
    outputs=(array("new_theta", "d", "parameters after the step"),),
    reference=newton,
    exact=exact.newton,
    exact_source="mpmath's eigenvectors in 50 digits, one by one",
    cases=cases.NEWTON,
    sample=cases.sample_newton,
    laws=laws.NEWTON,
    errors=(
        refusals.numbers("lr", "rho"),
        *refusals.arrays(grad="grad"),
        ErrorCase("indefinite", "an eigenvalue < 0", {"hessian": np.diag([1.0, -1.0])}, ValueError, "hessian"),
        ErrorCase("asymmetric", "no Hessian", {"hessian": np.array([[1.0, 0.5], [0.0, 1.0]])}, ValueError, "hessian"),
    ),
    without={"long": "it is one step", "large": "the Hessian grows with the square of d"},
)

SYSTEM = System(
    name="sophia",
    chapter="optimizers",
    summary="momentum over a rarely refreshed estimate of the Hessian's diagonal, each coordinate clipped",
    paper=Paper(
        title="Sophia: A Scalable Stochastic Second-order Optimizer for Language Model Pre-training",
        authors="Liu, Li, Hall, Liang, Ma",
        arxiv="2305.14342",
        year=2024,
        key="liu2024sophia",
    ),
    operations=(TRAJECTORY, STEP, HUTCHINSON, GNB, NEWTON),
    claims=CLAIMS,
    alternatives=ALTERNATIVES,
    equations={
        "sophia-1": "Algorithm 3, average of the gradients",
        "sophia-2": "Algorithm 3, average of the estimates",
        "sophia-3": "Algorithm 3, weight decay",
        "sophia-4": "Algorithm 3, update of the parameters",
        "sophia-5": "Algorithm 3, t mod k = 1",
        "sophia-6": "the recipe by which gamma is tuned",
        "sophia-7": "Algorithm 1",
        "sophia-8": "Algorithm 2, sampled labels; the inversion is ours",
        "sophia-9": "Algorithm 2",
        "sophia-10": "Section 4, the algorithm of the theorem",
    },
)
