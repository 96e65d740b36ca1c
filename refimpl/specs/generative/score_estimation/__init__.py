"""What the oracle knows of score estimation."""

import numpy as np

from refimpl.core.arrays import array_namespace
from refimpl.core.linalg import angle
from refimpl.generative import score_estimation as source
from refimpl.specs import refusals
from refimpl.specs.base import ErrorCase, Operation, Paper, System, array, choice, integer, number
from refimpl.specs.domains import COUNT, NONNEGATIVE, POSITIVE, WHOLE, Relation, real
from refimpl.specs.generative.score_estimation import cases, exact, laws
from refimpl.specs.generative.score_estimation.claims import CLAIMS
from refimpl.specs.generative.score_estimation.mistakes import ALTERNATIVES


def training_pairs(X0, t, zeta, T0, constant):
    """Inputs and labels."""
    pairs = source.training_pairs(X0, t, zeta, T0=T0, bias=constant == "yes")
    return pairs.Z, pairs.Y


def score_readout(f, t, x, D):
    """The score that a denoiser stands for."""
    return source.score(f, t, x, D=D)


def weighted_errors(f, t, x, X0, D):
    """Weighted denoising score matching."""
    return tuple(source.weighted_errors(f, t, x, X0, D=D))


def gd_step(W, a, Z, Y, eta):
    """One step."""
    network, step = source.update(source.Network(W, a), Z, Y, eta=eta)
    return network.W, step.residuals, step.loss


def train(W, a, Z, Y, Z_test, eta, steps):
    """From the mirrored start."""
    found = source.train(source.symmetric(W, a), Z, Y, eta=eta, steps=steps)
    return source.forward(found.network, Z_test), array_namespace(Z).stack(found.losses)


def empirical_kernel(W, a, Z, Z2):
    """Of a network."""
    return source.empirical_kernel(source.Network(W, a), Z, Z2)


def tangent_kernel(Z, Z2):
    """Of infinitely many units."""
    return source.tangent_kernel(Z, Z2)


def spectral_filter(values, eta, tau):
    """What so many steps make of an eigenvalue."""
    return source.spectral_filter(values, eta=eta, tau=tau)


def kernel_gd_predict(Z, Y, Z_test, eta, tau):
    """Infinitely many units after so many steps."""
    return source.kernel_gd(Z, Y, Z_test, eta=eta, tau=tau)


def stopping_time(values, eta, sigma, B):
    """The last step that the rule allows."""
    return source.stopping_time(values, eta=eta, sigma=sigma, B=B)


_MPMATH = "mpmath with 50 digits, {}, written apart from the source"
_NO_STEPS = {"long": "it has no steps"}
_TIMES = array("t", "k", "times, however small, of the diffusion with g = 1", POSITIVE)
_READ = (
    array("f", "k d", "outputs of the denoiser, not projected"),
    _TIMES,
    array("x", "k d", "noisy samples"),
)
_RADIUS = number("D", "radius of the ball in which the clean samples are", POSITIVE)
_UNITS = (array("W", "m p", "first layer"), array("a", "m d", "second layer: signs, in the paper"))
_DATA = (array("Z", "n p", "inputs"), array("Y", "n d", "labels"))
_ETA = number("eta", "step size of gradient descent on the mean over n of half of the squared distance", POSITIVE)
_VALUES = array("values", "n", "eigenvalues of K / n; those below 0 are rounding and count as 0")
_ZERO_TIME = ErrorCase("time-zero", "without noise there is no score", {"t": np.zeros(3)}, ValueError, "t")
_BAD_D = refusals.numbers("D")

TRAINING_PAIRS = Operation(
    name="score_estimation.training_pairs",
    summary="what the network is trained on: noisy sample, time since T0 and, if wanted, a constant 1 as input, the "
    "clean sample as label",
    inputs=(
        array("X0", "n d", "clean samples"),
        array("t", "n", "times, however small, of the diffusion with g = 1", POSITIVE),
        array("zeta", "n d", "standard normal draws"),
        number("T0", "first time that is asked for", NONNEGATIVE),
        choice("constant", ("yes", "no"), "whether the last input is a constant 1"),
    ),
    outputs=(array("Z", "n p", "inputs; p = d + 2, or d + 1 without the constant"), array("Y", "n d", "labels")),
    reference=training_pairs,
    exact=exact.training_pairs,
    exact_source=_MPMATH.format("sample by sample"),
    cases=cases.TRAINING_PAIRS,
    sample=cases.sample_pairs,
    laws=laws.TRAINING_PAIRS,
    errors=(
        *refusals.arrays(X0="X0", zeta="zeta")[::3],
        refusals.numbers("T0"),
        _ZERO_TIME,
        ErrorCase("too-early", "the network is asked from T0 on", {"t": np.full(3, 0.1)}, ValueError, "t"),
    ),
    relations=(Relation("t >= T0", ("t", "T0"), lambda i: bool((i["t"] >= i["T0"]).all())),),
    without=_NO_STEPS,
)

SCORE_READOUT = Operation(
    name="score_estimation.score_readout",
    summary="score that a denoiser stands for: alpha / h times its output, projected to the ball, less x / h",
    inputs=(*_READ, _RADIUS),
    outputs=(array("score", "k d", "estimate of the gradient of the log-density of X_t at x"),),
    reference=score_readout,
    exact=exact.score_readout,
    exact_source=_MPMATH.format("by Tweedie's formula"),
    cases=cases.SCORE_READOUT,
    sample=cases.sample_readout,
    laws=laws.SCORE_READOUT,
    errors=(_BAD_D, *refusals.arrays(f="f", x="x"), _ZERO_TIME),
    without=_NO_STEPS,
)

WEIGHTED_ERRORS = Operation(
    name="score_estimation.weighted_errors",
    summary="squared distance of the score estimate to the score of X_t given X_0, with the weight (h / alpha)^2, for "
    "each sample and in the mean",
    inputs=(
        _READ[0],
        array("t", "k", "times of the diffusion with g = 1", real(0, source.LAST, open="(")),
        _READ[2],
        array("X0", "k d", "clean samples"),
        _RADIUS,
    ),
    outputs=(array("each", "k", "weighted squared distances"), array("loss", "", "their mean")),
    reference=weighted_errors,
    exact=exact.weighted_errors,
    exact_source=_MPMATH.format("as distances to the clean samples, from which noise and time have cancelled"),
    cases=cases.WEIGHTED_ERRORS,
    sample=cases.sample_errors,
    laws=laws.WEIGHTED_ERRORS,
    errors=(
        _BAD_D,
        *refusals.arrays(f="f", X0="X0"),
        _ZERO_TIME,
        ErrorCase("time-without-end", "the weight exp(t) is no number", {"t": np.full(3, 2000.0)}, ValueError, "t"),
    ),
    without=_NO_STEPS,
)

GD_STEP = Operation(
    name="score_estimation.gd_step",
    summary="one step of gradient descent on the first layer of a two-layer ReLU network with fixed signs; a ReLU at 0 "
    "has the derivative 0",
    inputs=(*_UNITS, *_DATA, _ETA),
    outputs=(
        array("new_W", "m p", "first layer after the step"),
        array("residuals", "n d", "outputs less labels, before the step"),
        array("loss", "", "before the step: half of the squared residuals, mean over n"),
    ),
    reference=gd_step,
    exact=exact.gd_step,
    exact_source=_MPMATH.format("as linear regression on the derivative"),
    cases=cases.GD_STEP,
    sample=cases.sample_step,
    laws=laws.GD_STEP,
    errors=(
        refusals.numbers("eta"),
        *refusals.arrays(W="W", Y="Y")[::3],
        ErrorCase("other-signs", "a row of signs for each unit", {"a": np.ones((3, 2))}, ValueError, "a"),
    ),
    without={"long": "it is one step"},
)

TRAIN = Operation(
    name="score_estimation.train",
    summary="gradient descent from the mirrored start: the given units and, after them, the same with opposite signs, "
    "which move on their own",
    inputs=(
        array("W", "r p", "first layer of half of the units"),
        array("a", "r d", "second layer of half of the units: signs, in the paper"),
        *_DATA,
        array("Z_test", "k p", "new inputs"),
        _ETA,
        integer("steps", "number of steps", COUNT),
    ),
    outputs=(
        array("f", "k d", "outputs for the new inputs after the last step"),
        array("losses", "T", "loss before each step, T = steps", steps=True),
    ),
    reference=train,
    exact=exact.train,
    exact_source=_MPMATH.format("as linear regression on the derivative in each step"),
    cases=cases.TRAIN,
    sample=cases.sample_train,
    laws=laws.TRAIN,
    errors=(
        refusals.numbers("eta"),
        *refusals.arrays(Y="Y", Z_test="Z"),
        ErrorCase("negative-steps", "time does not run backwards", {"steps": -1}, ValueError, "steps"),
    ),
)

EMPIRICAL_KERNEL = Operation(
    name="score_estimation.empirical_kernel",
    summary="inner products of the derivatives of a network's outputs in its first layer, for each two inputs and each "
    "two outputs",
    inputs=(*_UNITS, array("Z", "n p", "inputs"), array("Z2", "k p", "further inputs")),
    outputs=(array("Theta", "n d k d", "tangent kernel of this network"),),
    reference=empirical_kernel,
    exact=exact.empirical_kernel,
    exact_source=_MPMATH.format("with the derivative as a matrix"),
    cases=cases.EMPIRICAL_KERNEL,
    sample=cases.sample_empirical,
    laws=laws.EMPIRICAL_KERNEL,
    errors=refusals.arrays(Z="Z", Z2="Z2"),
    without=_NO_STEPS,
)

TANGENT_KERNEL = Operation(
    name="score_estimation.tangent_kernel",
    summary="tangent kernel of infinitely many units of which the first layer is trained",
    inputs=(array("Z", "n p", "inputs"), array("Z2", "k p", "further inputs")),
    outputs=(array("K", "n k", "z z' (pi - theta) / (2 pi); 0 where an input is 0"),),
    reference=tangent_kernel,
    exact=exact.tangent_kernel,
    exact_source=_MPMATH.format("by the chance that a random unit sees both, with the arc sine"),
    cases=cases.TANGENT_KERNEL,
    sample=cases.sample_kernel,
    laws=laws.TANGENT_KERNEL,
    errors=refusals.arrays(Z="Z", Z2="Z2"),
    without=_NO_STEPS,
)

SPECTRAL_FILTER = Operation(
    name="score_estimation.spectral_filter",
    summary="what tau steps of gradient descent make of each eigenvalue v: (1 - (1 - eta v)^tau) / v",
    inputs=(_VALUES, _ETA, integer("tau", "steps", WHOLE)),
    outputs=(array("filtered", "n", "eta tau for an eigenvalue of 0"),),
    reference=spectral_filter,
    exact=exact.spectral_filter,
    exact_source=_MPMATH.format("as a geometric series, by doubling"),
    cases=cases.SPECTRAL_FILTER,
    sample=cases.sample_filter,
    laws=laws.SPECTRAL_FILTER,
    errors=(
        refusals.numbers("eta", "tau"),
        ErrorCase("nan-in-values", "NaN is no number", {"values": np.array([np.nan])}, ValueError, "values"),
        ErrorCase("diverging", "above 2 over the largest eigenvalue it diverges", {"eta": 4.5}, ValueError, "eta"),
    ),
    relations=(
        Relation(
            "eta times the largest value is at most 2",
            ("eta", "values"),
            lambda i: i["eta"] * float(i["values"].max()) <= 2,
        ),
    ),
)


def _largest(Z):
    """Eigenvalue of the tangent kernel over n."""
    theta = angle(Z[:, None, :], Z[None, :, :])
    return float(np.linalg.eigvalsh(Z @ Z.T * (np.pi - theta) / (2 * np.pi * len(Z)))[-1])


KERNEL_GD = Operation(
    name="score_estimation.kernel_gd_predict",
    summary="predictions of gradient descent with the tangent kernel after tau steps from 0",
    inputs=(*_DATA, array("Z_test", "k p", "new inputs"), _ETA, integer("tau", "steps", WHOLE)),
    outputs=(array("f", "k d", "predictions, not projected"),),
    reference=kernel_gd_predict,
    exact=exact.kernel_gd_predict,
    exact_source=_MPMATH.format("the sum of all steps by doubling, without eigenvalues"),
    cases=cases.KERNEL_GD,
    sample=cases.sample_kernel_gd,
    laws=laws.KERNEL_GD,
    errors=(
        refusals.numbers("eta", "tau"),
        *refusals.arrays(Z_test="Z"),
        ErrorCase("labels-missing", "a label for each sample", {"Y": np.ones((5, 2))}, ValueError, "Y"),
    ),
    relations=(
        Relation(
            "eta times the largest eigenvalue of K / n is at most 2",
            ("eta", "Z"),
            lambda i: i["eta"] * _largest(i["Z"].astype(float)) <= 2,
        ),
    ),
)


def _ends(values, eta, sigma, B):
    """Whether the rule stops in time."""
    u = eta * 2.0**62
    return bool(np.sqrt(np.clip(values.astype(float), 0, 1 / u).mean()) > B / (2 * np.exp(1) * sigma * u))


STOPPING_TIME = Operation(
    name="score_estimation.stopping_time",
    summary="the last number of steps at which the complexity of the kernel at radius (eta tau)^(-1/2) is at most "
    "B / (2 e sigma eta tau)",
    inputs=(
        _VALUES,
        number("eta", "step size", POSITIVE),
        number("sigma", "standard deviation of the label noise, per coordinate", POSITIVE),
        number("B", "bound on the norm of the regression function", POSITIVE),
    ),
    outputs=(integer("tau", "steps; 0 if one is too many", WHOLE),),
    reference=stopping_time,
    exact=exact.stopping_time,
    exact_source=_MPMATH.format("from the quadratic equation between two eigenvalues"),
    cases=cases.STOPPING_TIME,
    sample=cases.sample_stopping,
    laws=laws.STOPPING_TIME,
    errors=(
        refusals.numbers("eta", "sigma", "B"),
        ErrorCase(
            "no-kernel", "without an eigenvalue > 0 it never ends", {"values": np.zeros(3)}, ValueError, "values"
        ),
        ErrorCase("nan-in-values", "NaN is no number", {"values": np.array([np.nan])}, ValueError, "values"),
    ),
    relations=(
        Relation("a value is > 0", ("values",), lambda i: bool((i["values"] > 0).any())),
        Relation("fewer than 2**62 steps are allowed", ("values", "eta", "sigma", "B"), lambda i: _ends(**i)),
    ),
)


SYSTEM = System(
    name="score_estimation",
    chapter="generative",
    summary="a denoiser as score, trained by gradient descent in the kernel regime and stopped early",
    paper=Paper(
        title="Neural Network-Based Score Estimation in Diffusion Models: Optimization and Generalization",
        authors="Han, Razaviyayn, Xu",
        arxiv="2401.15604",
        year=2024,
        key="han2024neural",
    ),
    operations=(
        SCORE_READOUT,
        WEIGHTED_ERRORS,
        TRAINING_PAIRS,
        GD_STEP,
        TRAIN,
        EMPIRICAL_KERNEL,
        TANGENT_KERNEL,
        SPECTRAL_FILTER,
        KERNEL_GD,
        STOPPING_TIME,
    ),
    claims=CLAIMS,
    alternatives=ALTERNATIVES,
    equations={
        "score_estimation-1": "forward process, with g = 1",
        "score_estimation-2": "forward process, with g = 1",
        "score_estimation-3": "forward process",
        "score_estimation-4": "denoising score matching",
        "score_estimation-5": "Section 3, projection of the parametric form",
        "score_estimation-6": "Section 3, parametric form",
        "score_estimation-7": "the weight that the form asks for; ours, worked out",
        "score_estimation-8": "denoising score matching, with that weight",
        "score_estimation-9": "input (x, t - T0); the constant is ours",
        "score_estimation-10": "two-layer network",
        "score_estimation-11": "ours: a start at which the outputs are 0",
        "score_estimation-12": "noisy labels",
        "score_estimation-13": "least squares; ours: 1 / (2n)",
        "score_estimation-14": "gradient descent",
        "score_estimation-15": "tangent kernel of a network",
        "score_estimation-16": "limit of the kernel",
        "score_estimation-17": "limit of the kernel",
        "score_estimation-18": "kernel regressions, summed up; ours",
        "score_estimation-19": "kernel regressions, summed up; ours",
        "score_estimation-20": "Raskutti, Wainwright and Yu (2014), local empirical complexity",
        "score_estimation-21": "Raskutti, Wainwright and Yu (2014), stopping rule; ours: B",
    },
)
