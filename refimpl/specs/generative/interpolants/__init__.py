"""What the oracle knows of stochastic interpolants."""

import numpy as np

from refimpl.core import check
from refimpl.core.arrays import array_namespace, device
from refimpl.generative import interpolants
from refimpl.models import mixture
from refimpl.models.mixture import Mixture
from refimpl.specs import refusals
from refimpl.specs.base import ErrorCase, Operation, Paper, System, array, choice, number
from refimpl.specs.domains import DEFINITE, NONNEGATIVE, POSITIVE, SHARE, Relation, real
from refimpl.specs.generative.interpolants import cases, exact, laws
from refimpl.specs.generative.interpolants.claims import CLAIMS
from refimpl.specs.generative.interpolants.mistakes import ALTERNATIVES


def _number(t, like):
    return array_namespace(like).asarray(t, dtype=like.dtype, device=device(like))


def schedule(t, path, gamma, a):
    """Coefficients of a path."""
    return interpolants.schedule(t, path=path, gamma=gamma, a=a)


def interpolate(x0, x1, z, t, path, gamma, a):
    """Points on a path, and targets."""
    return interpolants.interpolate(x0, x1, z, interpolants.schedule(t, path=path, gamma=gamma, a=a))


def losses(x0, x1, z, t, A, c, e, which, antithetic, epsilon, a):
    """The objective of an affine field."""
    predict = lambda t, x: x @ A.T + t[:, None] * c + e
    return interpolants.loss(which, predict, x0, x1, z, t, a=a, antithetic=antithetic == "yes", epsilon=epsilon)


def conversions(v, eta, t, gamma, a, epsilon):
    """Fields from the velocity without z and the denoiser."""
    epsilon = check.nonnegative(epsilon=epsilon)
    coefficients = interpolants.schedule(_number(t, v), path="mirror", gamma=gamma, a=a)  # alpha, beta are not read
    s = interpolants.score(eta, coefficients)
    b = interpolants.velocity(v, s, coefficients)
    fields = lambda t, x: interpolants.Fields(b, s)
    drift = interpolants._drift
    return s, b, drift(fields, t, v, epsilon), drift(fields, t, v, -epsilon)


def mixture_fields(x, t, p, m, C, q, mu, D, path, gamma, a):
    """All fields between two mixtures."""
    pair, settings = (Mixture(p, m, C), Mixture(q, mu, D)), {"path": path, "gamma": gamma, "a": a}
    f = interpolants.mixture_fields(x, t, *pair, **settings, divergence=True)
    return f.log_density, f.b, f.v, f.s, f.eta, f.div_b, f.div_s


def sampler_step(kind, x, slopes, rates, offsets, t, t_next, epsilon, xi):
    """One step on affine fields."""

    def fields(t, x):
        b, s = (x @ slopes[i, ...].T + t * rates[i, :] + offsets[i, :] for i in (0, 1))
        return interpolants.Fields(b, s)

    return interpolants.step(fields, x, t, t_next, kind=kind, epsilon=epsilon, xi=xi)


def sample_mixture(start, times, kind, epsilon, noise, p, m, C, q, mu, D, path, gamma, a):
    """A run between two mixtures."""
    flow = interpolants.mixture_flow(Mixture(p, m, C), Mixture(q, mu, D), path=path, gamma=gamma, a=a)
    return interpolants.sample(flow, start, times, kind=kind, epsilon=epsilon, noise=noise).state


def likelihood(x, times, kind, epsilon, noise, p, m, C, q, mu, D, path, gamma, a):
    """Log-density of what a sampler makes of the first mixture."""
    start, settings = Mixture(p, m, C), {"path": path, "gamma": gamma, "a": a}
    flow = interpolants.mixture_flow(start, Mixture(q, mu, D), **settings, divergence=True)
    log_rho0 = lambda x: mixture.log_density(x, start)
    return interpolants.log_likelihood(flow, log_rho0, x, times, kind=kind, epsilon=epsilon, noise=noise).log_density


def bridge(alpha_squared, s0, s1, epsilon, a):
    """Energy of a path between Gaussians, and the best one."""
    xp = array_namespace(alpha_squared)
    energy = interpolants.bridge_energy(alpha_squared, s0=s0, s1=s1, epsilon=epsilon, a=a)
    t = xp.cumulative_sum(xp.ones_like(alpha_squared)) / (alpha_squared.shape[0] + 1)
    covariance = interpolants.entropic_covariance(s0, s1, epsilon)
    return energy, interpolants.bridge_variance(t, s0, s1, epsilon), 0 * energy + covariance


_NAN = float("nan")
_MPMATH = "mpmath with 50 digits, {}, written apart from the source"
_NO_STEPS, _ONE_STEP = {"long": "it has no steps"}, {"long": "it is one step"}
_PATH = choice(
    "path",
    interpolants.PATHS,
    "linear: 1 - t and t; trig: cosine and sine of pi t / 2, times sqrt(1 - gamma^2); enc_dec: cos^2(pi t), of x_0 "
    "until 1/2, of x_1 from there on; one_sided_...: x_0 is the noise z, alpha is 0, and gamma is 1 - t, cos(pi t / 2) "
    "or sqrt(1 - t^2) beside a beta of t, sin(pi t / 2) or t; mirror: alpha is 0, beta 1",
)
_GAMMA = choice(
    "gamma",
    interpolants.GAMMAS,
    "size of z. brownian: sqrt(a t (1 - t)); quadratic: t (1 - t); sine_squared: sin^2(pi t); sigmoid: sg(10 t - 4) - "
    "sg(10 t - 6) - sg(-4) + sg(-6) with sg the logistic function; zero, also for one-sided paths, with noise of their "
    "own",
)
_SOME_PATHS = choice("path", ("linear", "one_sided_linear"), "as for interpolants.schedule")
_SOME_GAMMAS = choice("gamma", ("brownian", "zero"), "as for interpolants.schedule; zero on the one-sided path")
_A = number("a", "of brownian", POSITIVE)
_BAD_A = refusals.numbers("a")
_INSIDE = real(0, 1, open="()")
_WEIGHTS = real(0, 1, open="(").that("simplex")
_DRAWS = (
    array("x0", "n d", "samples of the first density; not read on a one-sided path"),
    array("x1", "n d", "samples of the second"),
    array("z", "n d", "standard normal"),
    array("t", "n", "times", _INSIDE),
)
_MIXTURE = (
    array("p", "K", "weights of the first mixture", _WEIGHTS),
    array("m", "K d", "its means"),
    array("C", "K d d", "its covariances", DEFINITE),
    array("q", "L", "weights of the second mixture", _WEIGHTS),
    array("mu", "L d", "its means"),
    array("D", "L d d", "its covariances", DEFINITE),
)


def _fits(path, gamma, a):
    """Whether a path can have this noise."""
    if path in interpolants.ONE_SIDED:
        return gamma == "zero"
    return {
        "enc_dec": gamma != "zero",
        "trig": gamma != "sine_squared" and (gamma != "brownian" or a < 4),
    }.get(path, True)


_FITTING = Relation(
    "gamma is zero on one-sided paths, not zero for enc_dec, neither sine_squared nor brownian with a >= 4 for trig",
    ("path", "gamma", "a"),
    lambda i: _fits(i["path"], i["gamma"], i["a"]),
)
_SHORT = Relation("gamma is zero on the one-sided path", ("path", "gamma"), lambda i: _fits(i["path"], i["gamma"], 1.0))
_BAD_TIME = (
    ErrorCase("late", "times end at 1", {"t": 1.25}, ValueError, "t must"),
    ErrorCase("early", "times begin at 0", {"t": -0.25}, ValueError, "t must"),
)
_BAD_MIXTURE = (
    ErrorCase("weights-too-large", "weights sum to 1", {"p": np.array([1.5])}, ValueError, "weights"),
    ErrorCase("no-mixture", "a mixture has a component", {"p": np.zeros(0), "m": np.zeros((0, 1)),
              "C": np.zeros((0, 1, 1))}, ValueError, "weights"),
    ErrorCase("not-definite", "a covariance is positive", {"D": -np.ones((2, 1, 1))}, ValueError, "covariances"),
)  # fmt: skip
_BAD_TIMES = (
    ErrorCase("times-outside", "times are in [0, 1]", {"times": np.array([0.9, 0.5, 0.2, -0.1])}, ValueError, "times"),
    ErrorCase("times-that-turn", "times rise or fall", {"times": np.array([0.9, 0.5, 0.6, 0.1])}, ValueError, "times"),
    ErrorCase("negative-epsilon", "no negative diffusion", {"epsilon": np.array([0.1, -0.1, 0.1])}, ValueError,
              "epsilon"),
)  # fmt: skip

SCHEDULE = Operation(
    name="interpolants.schedule",
    summary="coefficients of x_t = alpha x_0 + beta x_1 + gamma z and their derivatives; gamma_dot is infinite where "
    "gamma starts or ends like a root",
    inputs=(array("t", "k", "times", SHARE), _PATH, _GAMMA, _A),
    relations=(_FITTING,),
    outputs=(
        array("alpha", "k", "of x_0"),
        array("beta", "k", "of x_1"),
        array("gamma_t", "k", "of z"),
        array("alpha_dot", "k", "derivative of alpha"),
        array("beta_dot", "k", "derivative of beta"),
        array("gamma_dot", "k", "derivative of gamma"),
        array("product", "k", "gamma times its derivative"),
    ),
    reference=schedule,
    exact=exact.schedule,
    exact_source=_MPMATH.format("differences of the values"),
    cases=cases.SCHEDULE,
    sample=cases.sample_schedule,
    laws=laws.SCHEDULE,
    errors=(
        _BAD_A,
        ErrorCase("late", "times end at 1", {"t": np.array([0.5, 1.25])}, ValueError, "t must"),
        ErrorCase("nan-time", "NaN is no time", {"t": np.array([_NAN])}, ValueError, "t must"),
        ErrorCase("two-noises", "a one-sided path has its own", {"path": "one_sided_trig"}, ValueError, "gamma"),
        ErrorCase("no-noise-inside", "at 1/2 there is nothing else", {"path": "enc_dec", "gamma": "zero"}, ValueError,
                  "gamma"),
        ErrorCase("noise-takes-all", "1 - gamma^2 must stay above 0", {"path": "trig", "gamma": "sine_squared"},
                  ValueError, "gamma"),
    ),
    without=_NO_STEPS,
)  # fmt: skip

INTERPOLATE = Operation(
    name="interpolants.interpolate",
    summary="points x_t of an interpolant, and the targets whose means given x_t are the fields",
    inputs=(*_DRAWS, _SOME_PATHS, _SOME_GAMMAS, _A),
    relations=(_SHORT,),
    outputs=(
        array("x_t", "n d", "points"),
        array("v", "n d", "derivative of alpha x_0 + beta x_1"),
        array("b", "n d", "derivative of x_t"),
        array("s", "n d", "-z / gamma; infinite where gamma is 0"),
        array("eta", "n d", "z"),
    ),
    reference=interpolate,
    exact=exact.interpolate,
    exact_source=_MPMATH.format("the score as the pull to the mean"),
    cases=cases.INTERPOLATE,
    sample=cases.sample_interpolate,
    laws=laws.INTERPOLATE,
    errors=(
        *refusals.arrays(x1="x1", z="z"),
        ErrorCase("late", "times end at 1", {"t": np.array([0.5, 1.5])}, ValueError, "t must"),
    ),
    without=_NO_STEPS,
)

LOSSES = Operation(
    name="interpolants.losses",
    summary="mean over the batch of |f|^2 / 2 - target . f at the points of the linear path with gamma = "
    "sqrt(a t (1 - t)), for the field f(t, x) = A x + t c + e",
    inputs=(
        *_DRAWS,
        array("A", "d d", "of the field"),
        array("c", "d", "of the field"),
        array("e", "d", "of the field"),
        choice("which", interpolants.LOSSES, "the field that is meant: velocity, velocity without z, score, denoiser "
               "(the mean of z), or drift b + epsilon s"),
        choice("antithetic", ("no", "yes"), "yes: the mean of the objectives of z and -z"),
        number("epsilon", "of drift", NONNEGATIVE),
        _A,
    ),
    outputs=(array("loss", "", "objective"),),
    reference=losses,
    exact=exact.losses,
    exact_source=_MPMATH.format("the square completed"),
    cases=cases.LOSSES,
    sample=cases.sample_losses,
    laws=laws.LOSSES,
    errors=(
        refusals.numbers("a", "epsilon"),
        ErrorCase("at-the-end", "gamma is 0 there", {"t": np.array([0.25, 0.5, 1.0]), "which": "s"}, ValueError,
                  "target"),
    ),
    without=_NO_STEPS,
)  # fmt: skip

CONVERSIONS = Operation(
    name="interpolants.conversions",
    summary="score, velocity and drifts from the velocity without z and the denoiser",
    inputs=(
        array("v", "n d", "velocity without z"),
        array("eta", "n d", "denoiser, the mean of z given x_t"),
        number("t", "time", _INSIDE),
        choice("gamma", ("brownian", "quadratic"), "size of z, as for interpolants.schedule; on any path that has it"),
        _A,
        number("epsilon", "diffusion", NONNEGATIVE),
    ),
    outputs=(
        array("s", "n d", "score"),
        array("b", "n d", "velocity"),
        array("forward", "n d", "drift of the SDE forward in time"),
        array("backward", "n d", "drift of the SDE backward in time, as a derivative in t"),
    ),
    reference=conversions,
    exact=exact.conversions,
    exact_source=_MPMATH.format("all from the denoiser"),
    cases=cases.CONVERSIONS,
    sample=cases.sample_conversions,
    laws=laws.CONVERSIONS,
    errors=(
        *_BAD_TIME,
        refusals.numbers("a", "epsilon"),
        ErrorCase("at-the-end", "gamma is 0 there", {"t": 1.0}, ValueError, "gamma"),
    ),
    without=_NO_STEPS,
)

FIELDS = Operation(
    name="interpolants.mixture_fields",
    summary="log-density and all fields between two Gaussian mixtures, drawn independently",
    inputs=(array("x", "n d", "points"), number("t", "time", SHARE), *_MIXTURE, _PATH, _GAMMA, _A),
    relations=(_FITTING,),
    outputs=(
        array("log_density", "n", "of x_t"),
        array("b", "n d", "velocity"),
        array("v", "n d", "velocity without z", ulps=8),  # may be made from b and s, also where it is 0
        array("s", "n d", "score"),
        array("eta", "n d", "denoiser"),
        array("div_b", "n", "divergence of b"),
        array("div_s", "n", "divergence of s"),
    ),
    reference=mixture_fields,
    exact=exact.mixture_fields,
    exact_source=_MPMATH.format("means of x_0, x_1 and z given x_t"),
    cases=cases.FIELDS,
    sample=cases.sample_fields,
    laws=laws.FIELDS,
    errors=(refusals.numbers("t", "a"), *_BAD_MIXTURE, *refusals.arrays(x="x")[:1]),
    without=_NO_STEPS,
)

STEP = Operation(
    name="interpolants.sampler_step",
    summary="one step from t to t_next, backward if that is less, on affine fields: b and s are A x + t r + o each",
    inputs=(
        choice(
            "kind",
            interpolants.SAMPLERS,
            "rk4: the ODE dx = b dt; em: Euler-Maruyama for dx = (b +- epsilon s) dt + sqrt(2 epsilon) dW; heun: noise "
            "first, then Heun's step with both stages at t_next",
        ),
        array("x", "n d", "points"),
        array("slopes", "2 d d", "A of b and of s"),
        array("rates", "2 d", "r of b and of s"),
        array("offsets", "2 d", "o of b and of s"),
        number("t", "time", SHARE),
        number("t_next", "time", SHARE),
        number("epsilon", "diffusion; not read by rk4", NONNEGATIVE),
        array("xi", "n d", "standard normal; not read by rk4"),
    ),
    outputs=(array("x_next", "n d", "points"),),
    reference=sampler_step,
    exact=exact.sampler_step,
    exact_source=_MPMATH.format("Taylor polynomials of the affine field"),
    cases=cases.STEP,
    sample=cases.sample_step,
    laws=laws.STEP,
    errors=(
        refusals.numbers("t", "t_next", "epsilon"),
        ErrorCase("no-step", "the two times differ", {"t_next": 0.25}, ValueError, "t_next"),
        *refusals.arrays(xi="xi"),
    ),
    relations=(Relation("t is not t_next", ("t", "t_next"), lambda i: i["t"] != i["t_next"]),),
    without=_ONE_STEP,
)

SAMPLE = Operation(
    name="interpolants.sample_mixture",
    summary="points moved along all times by interpolants.sampler_step, on the fields of interpolants.mixture_fields",
    inputs=(
        array("start", "n d", "points at the first time"),
        array("times", "N+1", "rising, or falling for a run backward", SHARE),
        choice("kind", interpolants.SAMPLERS, "as for interpolants.sampler_step"),
        array("epsilon", "N", "diffusion of each step; not read by rk4", NONNEGATIVE),
        array("noise", "N n d", "standard normal; not read by rk4"),
        *_MIXTURE,
        _SOME_PATHS,
        _SOME_GAMMAS,
        _A,
    ),
    outputs=(array("x", "n d", "points at the last time"),),
    reference=sample_mixture,
    exact=exact.sample_mixture,
    exact_source=_MPMATH.format("point by point, with the fields of its own"),
    cases=cases.SAMPLE,
    sample=cases.sample_sample,
    laws=laws.SAMPLE,
    errors=(*_BAD_TIMES, *_BAD_MIXTURE, *refusals.arrays(start="x", noise="noise")[:1]),
    relations=(
        _SHORT,
        Relation(
            "times rise or fall",
            ("times",),
            lambda i: bool(np.all(np.diff(i["times"]) > 0) or np.all(np.diff(i["times"]) < 0)),
        ),
    ),
)

LIKELIHOOD = Operation(
    name="interpolants.likelihood",
    summary="log-density, at points, of what a sampler makes of the first mixture, from which it starts "
    "at the last of the times, on a one-sided path too",
    inputs=(
        array("x", "n d", "points at the first time"),
        array("times", "N+1", "back from the points to the start", SHARE.that("falling")),
        choice(
            "kind",
            interpolants.LIKELIHOODS,
            "ode: Runge-Kutta for x and the integral of div b. feynman_kac: paths y <- y - h (b + epsilon s) + "
            "sqrt(2 epsilon h) xi, log of the mean of exp(-sum h div (b + epsilon s)) rho_0(y), all at the time that "
            "the step starts from. ito: paths by heun backward, mean of log rho_0(y) - sum h (div (b + epsilon s) + "
            "epsilon |s|^2), at the time of arrival",
        ),
        array("epsilon", "N", "diffusion of each step; not read by ode", NONNEGATIVE),
        array("noise", "N M n d", "standard normal, for M paths from each point; not read by ode"),
        *_MIXTURE,
        _SOME_PATHS,
        _SOME_GAMMAS,
        _A,
    ),
    outputs=(array("log_density", "n", "estimate, in nats"),),
    reference=likelihood,
    exact=exact.likelihood,
    exact_source=_MPMATH.format("products of densities path by path"),
    cases=cases.LIKELIHOOD,
    sample=cases.sample_likelihood,
    laws=laws.LIKELIHOOD,
    errors=(
        *_BAD_TIMES,
        ErrorCase("rising-times", "a likelihood goes back", {"times": np.array([0.1, 0.4, 0.6, 0.9])}, ValueError,
                  "times"),
    ),
    relations=(_SHORT,),
)  # fmt: skip

BRIDGE = Operation(
    name="interpolants.bridge",
    summary="between N(0, s0^2) and N(0, s1^2): kinetic energy of the forward SDE of a path with beta = t and "
    "gamma^2 = a t (1 - t), and what the Schroedinger bridge has, reference noise sqrt(2 epsilon) dW",
    inputs=(
        array("alpha_squared", "T", "alpha^2 at k / (T + 1), k = 1 ... T", NONNEGATIVE),
        number("s0", "standard deviation at the start", POSITIVE),
        number("s1", "standard deviation at the end", POSITIVE),
        number("epsilon", "half the variance of the reference noise in a unit of time", NONNEGATIVE),
        _A,
    ),
    outputs=(
        array("energy", "", "sum over the T + 1 intervals of (slope / 2 - epsilon)^2 / (2 V) / (T + 1), where V is the "
              "mean of the variances of x_t at its ends, and slope their difference times T + 1"),
        array("best", "T", "variance of x_t under the bridge"),
        array("covariance", "", "of x_0 and x_1 under the bridge"),
    ),
    reference=bridge,
    exact=exact.bridge,
    exact_source=_MPMATH.format("a Brownian bridge between ends with the entropic covariance"),
    cases=cases.BRIDGE,
    sample=cases.sample_bridge,
    laws=laws.BRIDGE,
    errors=(
        refusals.numbers("s0", "s1", "epsilon", "a"),
        ErrorCase("negative-square", "a square is not", {"alpha_squared": np.array([-0.5])}, ValueError, "alpha"),
    ),
    without=_NO_STEPS,
)  # fmt: skip

SYSTEM = System(
    name="interpolants",
    chapter="generative",
    summary="random paths between any two densities, and the flows and diffusions that they define",
    paper=Paper(
        title="Stochastic Interpolants: A Unifying Framework for Flows and Diffusions",
        authors="Albergo, Boffi, Vanden-Eijnden",
        arxiv="2303.08797",
        year=2023,
        key="albergo2023stochastic",
    ),
    operations=(SCHEDULE, INTERPOLATE, LOSSES, CONVERSIONS, FIELDS, STEP, SAMPLE, LIKELIHOOD, BRIDGE),
    claims=CLAIMS,
    alternatives=ALTERNATIVES,
    equations={
        "interpolants-1": "Definition 1, with I linear in both",
        "interpolants-2": "Section 4; the authors' code, make_It",
        "interpolants-3": "Section 4, trigonometric",
        "interpolants-4": "ours: derivative of the root",
        "interpolants-5": "Section 4, encoding and decoding",
        "interpolants-6": "Section 4; the authors' code, make_gamma",
        "interpolants-7": "Section 4",
        "interpolants-8": "the authors' code, make_gamma",
        "interpolants-9": "Section 4, one-sided",
        "interpolants-10": "Section 4, one-sided",
        "interpolants-11": "Section 5.1, score-based diffusion",
        "interpolants-12": "Theorem 8: target of v",
        "interpolants-13": "Theorem 7: target of b",
        "interpolants-14": "Theorem 8: target of s",
        "interpolants-15": "Theorems 7 and 8",
        "interpolants-16": "the section on numerics; the authors' code has the sum",
        "interpolants-17": "the section on the Schroedinger bridge",
        "interpolants-18": "Theorem 8",
        "interpolants-19": "Section 2; the authors' code, BFromVS",
        "interpolants-20": "Section 4, one-sided",
        "interpolants-21": "Appendix A; the authors' code, gmm.py",
        "interpolants-22": "Appendix A",
        "interpolants-23": "Appendix A",
        "interpolants-24": "Appendix A",
        "interpolants-25": "ours",
        "interpolants-26": "Section 2, forward and backward SDE",
        "interpolants-27": "Section 2",
        "interpolants-28": "the authors' code, step_forward and step_reverse",
        "interpolants-29": "the authors' code, step_forward_heun",
        "interpolants-30": "the authors' code, step_forward_heun",
        "interpolants-31": "Section 2, probability flow",
        "interpolants-32": "the section on likelihoods, ODE",
        "interpolants-33": "the section on likelihoods, SDE; ours: the discretization",
        "interpolants-34": "the section on likelihoods",
        "interpolants-35": "the authors' code, rollout_likelihood",
        "interpolants-36": "the authors' code, rollout_likelihood; ours: what it estimates",
        "interpolants-37": "ours: Theorem 41 for Gaussians",
        "interpolants-38": "Theorem 41; ours: the discretization",
        "interpolants-39": "ours: entropic transport between Gaussians",
        "interpolants-40": "ours: the optimum of Theorem 41 for Gaussians",
    },
)
