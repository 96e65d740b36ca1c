"""What the oracle knows of MECO."""

import numpy as np

from refimpl.core.arrays import array_namespace, device
from refimpl.nested import _meco_baselines as baselines
from refimpl.nested import meco
from refimpl.specs import refusals, sizes
from refimpl.specs.base import Chain, ErrorCase, Operation, Paper, System, array, number
from refimpl.specs.domains import NONNEGATIVE, POSITIVE, REAL, real
from refimpl.specs.nested.meco import cases, exact, laws
from refimpl.specs.nested.meco.claims import CLAIMS
from refimpl.specs.nested.meco.mistakes import ALTERNATIVES


def _scalar(value, like):
    return array_namespace(like).asarray(value, dtype=like.dtype, device=device(like))


def _rates(lr, gamma, beta):
    """A rate that the oracle's rounding has moved above 1 is 1."""
    gamma, beta = (1.0 if 1 < rate < 1 + 1e-6 else rate for rate in (gamma, beta))
    return {"lr": lr, "gamma": gamma, "beta": beta}


def trajectory(theta0, features_data, features_noise, base, log_noise, lr, gamma, beta):
    """Parameters and log u of each step on the exponential family f = base + features @ theta."""
    theta, state, thetas, log_us = theta0, meco.init(), [], []
    xp, rates = array_namespace(theta0), _rates(lr, gamma, beta)
    for t in range(base.shape[0]):
        log_ratio = base[t, :] + features_noise[t, ...] @ theta - log_noise[t, :]
        theta, state, _ = meco.update(theta, state, features_data[t, ...], log_ratio, features_noise[t, ...], **rates)
        thetas.append(theta)
        log_us.append(state.log_u)
    return xp.stack(thetas), xp.stack(log_us)


def step(theta, log_u, velocity, grads_data, log_ratio, grads_noise, lr, gamma, beta):
    """One step from given averages."""
    state = meco.MECOState(_scalar(log_u, theta), velocity)
    theta, state, _ = meco.update(theta, state, grads_data, log_ratio, grads_noise, **_rates(lr, gamma, beta))
    return theta, state.log_u, state.velocity


def nce(c, log_ratio_data, grads_data, log_ratio_noise, grads_noise):
    """Loss and gradients of noise-contrastive estimation."""
    c = _scalar(c, log_ratio_data)
    return tuple(baselines.nce(c, log_ratio_data, grads_data, log_ratio_noise, grads_noise))


def langevin(start, noise, mean, precision, step):
    """Points after each step on f(y) = -sum precision (y - mean)^2 / 2."""
    y, points = start, []
    for k in range(noise.shape[0]):
        y = baselines.langevin(y, -precision * (y - mean), noise[k, ...], step=step)
        points.append(y)
    return array_namespace(start).stack(points)


def gaussian_nce(params, target):
    """Expected loss of noise-contrastive estimation for a Gaussian's mean."""
    return baselines.gaussian_nce(params, target)


_NAN = float("nan")
_WEIGHT = real(0, 1, open="(")  # of what is new in an average
_RATES = (
    number("lr", "step size eta", POSITIVE),
    number("gamma", "weight of the new batch in u", _WEIGHT),
    number("beta", "weight of the new gradient in v", _WEIGHT),
)
_BAD_RATES = refusals.numbers("lr", "gamma", "beta")
_MPMATH = "mpmath with 50 digits on {}, written apart from the source"

TRAJECTORY = Operation(
    name="meco.trajectory",
    summary="MECO on an exponential family f = base + features @ theta, with given draws; the first step, which has no "
    "averages yet, takes its batch in full",
    inputs=(
        array("theta0", "d", "parameters at the start"),
        array("features_data", "T n d", "features of each step's data, the gradients of f"),
        array("features_noise", "T m d", "features of each step's noise"),
        array("base", "T m", "part of f without parameters, at the noise"),
        array("log_noise", "T m", "log q at the noise"),
        *_RATES,
    ),
    outputs=(
        array("thetas", "T d", "parameters after each step", steps=True),
        array("log_us", "T", "log u of each step, which estimates log Z at the parameters before it", steps=True),
    ),
    reference=trajectory,
    exact=exact.trajectory,
    exact_source=_MPMATH.format("the weights themselves"),
    cases=cases.TRAJECTORY,
    sample=cases.sample_trajectory,
    laws=laws.TRAJECTORY,
    errors=(
        _BAD_RATES,
        *refusals.arrays(features_data="grads_data"),
        ErrorCase("nan-noise", "NaN is no density", {"log_noise": np.full((2, 3), _NAN)}, ValueError, "log_ratio"),
        ErrorCase(
            "outside-the-noise", "q = 0 at a draw", {"log_noise": np.full((2, 3), -np.inf)}, ValueError, "log_ratio"
        ),
    ),
)

STEP = Operation(
    name="meco.step",
    summary="one step of MECO from given averages u and v",
    inputs=(
        array("theta", "d", "parameters"),
        number("log_u", "logarithm of u before the step", REAL),
        array("velocity", "d", "v before the step"),
        array("grads_data", "n d", "gradients of f at the data"),
        array("log_ratio", "m", "f - log q at the noise"),
        array("grads_noise", "m d", "gradients of f at the noise"),
        *_RATES,
    ),
    outputs=(
        array("new_theta", "d", "parameters after the step"),
        array("new_log_u", "", "logarithm of u after the step"),
        array("new_velocity", "d", "v after the step"),
    ),
    reference=step,
    exact=exact.step,
    exact_source=_MPMATH.format("the weights themselves"),
    cases=cases.STEP,
    sample=cases.sample_step,
    laws=laws.STEP,
    errors=(
        _BAD_RATES,
        *refusals.arrays(grads_noise="grads_noise"),
        ErrorCase(
            "infinite-ratio",
            "a weight is finite",
            {"log_ratio": np.array([0.0, np.inf, 0.0, 0.0])},
            ValueError,
            "log_ratio",
        ),
        ErrorCase(
            "one-ratio-per-draw", "as many ratios as gradients", {"log_ratio": np.zeros(3)}, ValueError, "grads_noise"
        ),
    ),
    without={"long": "it is one step"},
)

NCE = Operation(
    name="meco.nce",
    summary="noise-contrastive estimation: mean over the data plus nu times the mean over the noise, nu = m / n, of "
    "the logistic loss of h = log_ratio - c - log nu",
    inputs=(
        number("c", "stands for log Z", REAL),
        array("log_ratio_data", "n", "f - log q at the data"),
        array("grads_data", "n d", "gradients of f at the data"),
        array("log_ratio_noise", "m", "f - log q at the noise"),
        array("grads_noise", "m d", "gradients of f at the noise"),
    ),
    outputs=(
        array("loss", "", "loss, in nats"),
        array("grad", "d", "its gradient with respect to theta"),
        array("grad_c", "", "its derivative with respect to c"),
    ),
    reference=nce,
    exact=exact.nce,
    exact_source=_MPMATH.format("posterior probabilities"),
    cases=cases.NCE,
    sample=cases.sample_nce,
    laws=laws.NCE,
    errors=(
        ErrorCase("nan-ratio", "NaN is no density", {"log_ratio_data": np.full(3, _NAN)}, ValueError, "log_ratio_data"),
        ErrorCase(
            "no-mass",
            "data without mass have an infinite loss",
            {"log_ratio_data": np.array([0.0, -np.inf, 0.0])},
            ValueError,
            "log_ratio_data",
        ),
        ErrorCase(
            "wrong-shape", "as many ratios as gradients", {"log_ratio_noise": np.zeros(5)}, ValueError, "grads_noise"
        ),
    ),
    without={"long": "it has no steps"},
)

LANGEVIN = Operation(
    name="meco.langevin",
    summary="Langevin chains on the log density -sum precision (y - mean)^2 / 2, drift step / 2 times its slope and "
    "noise sqrt(step) times given draws",
    inputs=(
        array("start", "N p", "points at the start, one per row"),
        array("noise", "K N p", "standard normal draws of each step"),
        array("mean", "p", "of the density"),
        array("precision", "p", "1 / variance of each coordinate", NONNEGATIVE),
        number("step", "s", POSITIVE),
    ),
    outputs=(array("points", "K N p", "points after each step", steps=True),),
    chain=Chain("start", "noise", "precision", mean="mean", rates=("step",), outputs=("points",)),
    reference=langevin,
    exact=exact.langevin,
    exact_source="mpmath with 50 digits, as an autoregression, written apart from the source",
    cases=(*cases.LANGEVIN, sizes.one_step),
    sample=cases.sample_langevin,
    laws=laws.LANGEVIN,
    errors=(refusals.numbers("step"), *refusals.arrays(noise="noise")),
)

LANDSCAPE = Operation(
    name="meco.gaussian_nce",
    summary="expected NCE loss, halved, for log p = theta x - x^2 / 2 - log(2 pi) / 2 - c, data N(R, 1) and as much "
    "noise N(0, 1), with gradient and Hessian in (theta, c)",
    inputs=(array("params", "2", "(theta, c)"), number("target", "R, the mean of the data", REAL)),
    outputs=(
        array("loss", "", "loss, in nats; 13 digits, as any good quadrature gives", ulps=2500),
        array("grad", "2", "its gradient", ulps=2500),
        array("hessian", "2 2", "its second derivatives", ulps=2500),
    ),
    reference=gaussian_nce,
    exact=exact.gaussian_nce,
    exact_source="trapezoid rule on other points in mpmath with 50 digits, on densities",
    cases=cases.LANDSCAPE,
    sample=cases.sample_landscape,
    laws=laws.LANDSCAPE,
    errors=(
        ErrorCase("nan-params", "NaN is no point", {"params": np.array([_NAN, 0.0])}, ValueError, "params"),
        ErrorCase("theta-alone", "c belongs to the point", {"params": np.array([1.0])}, ValueError, "params"),
        ErrorCase("infinite-target", "data are somewhere", {"target": np.inf}, ValueError, "target"),
    ),
    without={"long": "it has no steps", "large": "it has two parameters"},
)

SYSTEM = System(
    name="meco",
    chapter="nested",
    summary="maximum likelihood of unnormalized models: a running average of Z under noise turns log Z into plain SGD",
    paper=Paper(
        title="Learning Unnormalized Statistical Models via Compositional Optimization",
        authors="Jiang, Qin, Wu, Chen, Yang, Zhang",
        arxiv="2306.07485",
        year=2023,
        key="jiang2023learning",
    ),
    operations=(TRAJECTORY, STEP, NCE, LANGEVIN, LANDSCAPE),
    claims=CLAIMS,
    alternatives=ALTERNATIVES,
    equations={
        "meco-1": "Algorithm 1, estimate of Z; ours: on logarithms",
        "meco-2": "Algorithm 1, gradient estimate, weights; ours: on logarithms",
        "meco-3": "Algorithm 1, gradient estimate",
        "meco-4": "Algorithm 1, moving average of the gradient",
        "meco-5": "Algorithm 1, update of the parameters",
        "meco-6": "Gutmann and Hyvarinen (2012)",
        "meco-7": "Gutmann and Hyvarinen (2012)",
        "meco-8": "Liu et al. (2021, arXiv:2110.11271)",
        "meco-9": "ours: the second moment of the weights for Gaussians",
        "meco-10": "unadjusted Langevin dynamics, not in Algorithm 1",
        "meco-11": "ours: the model of the experiments on digits",
    },
)
