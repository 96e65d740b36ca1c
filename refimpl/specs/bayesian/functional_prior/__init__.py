"""What the oracle knows of functional priors."""

import numpy as np

from refimpl.bayesian import _functional_prior_models as models
from refimpl.bayesian import functional_prior
from refimpl.bayesian.functional_prior import Drawn, Draws
from refimpl.core.arrays import array_namespace
from refimpl.models import sampling
from refimpl.specs import refusals
from refimpl.specs.base import Chain, ErrorCase, Operation, Paper, System, array, choice, integer, number
from refimpl.specs.bayesian.functional_prior import cases, exact, laws
from refimpl.specs.bayesian.functional_prior.claims import CLAIMS
from refimpl.specs.bayesian.functional_prior.mistakes import ALTERNATIVES
from refimpl.specs.domains import (
    COUNT,
    NONNEGATIVE,
    POSITIVE,
    REAL,
    SHARE,
    WHOLE,
    Relation,
    real,
)


def _sizes(x):
    return tuple(int(x[i]) for i in range(x.shape[0]))


def prior_functions(family, psi, x, normals, uniforms, widths):
    """Functions of random networks."""
    return functional_prior.prior_functions(family, psi, x, Drawn(normals, uniforms), widths=_sizes(widths))


def critic_step(theta, S, f_nn, f_gp, eps, hidden, rate, weight, sides):
    """One step of the critic."""
    options = {"sizes": (f_nn.shape[-1], *_sizes(hidden), 1), "rate": rate, "weight": weight}
    theta, S, found = functional_prior.critic_step(theta, S, f_nn, f_gp, eps, one_sided=sides == "one", **options)
    return found.objective, found.penalty, found.gradient, theta, S


def outer_step(family, psi, v, theta, x, normals, uniforms, f_gp, widths, hidden, rate):
    """One step of the prior."""
    state, drawn = functional_prior.tuning_init(psi)._replace(v=v), Drawn(normals, uniforms)
    options = {"widths": _sizes(widths), "sizes": (f_gp.shape[-1], *_sizes(hidden), 1), "rate": rate}
    state, gap, gradient = functional_prior.outer_step(state, theta, x, drawn, f_gp, family=family, **options)
    return gap, gradient, state.psi, state.v


def matching(
    family, psi, x, critics, eps, normals_inner, uniforms_inner, target_inner, normals, uniforms, target, widths,
    hidden, rate, critic_rate, weight, sides, tolerance, accumulator,
):  # fmt: skip
    """Algorithm 1 on given draws."""
    state, psis, distances = functional_prior.tuning_init(psi), [], []
    for t in range(x.shape[0]):
        inner, outer = Drawn(normals_inner[t, ...], uniforms_inner[t, ...]), Drawn(normals[t, ...], uniforms[t, ...])
        draws = Draws(x[t, ...], critics[t, ...], eps[t, ...], inner, target_inner[t, ...], outer, target[t, ...])
        state, distance = functional_prior.matching_step(
            state, draws, family=family, widths=_sizes(widths), sizes=(x.shape[1], *_sizes(hidden), 1), rate=rate,
            critic_rate=critic_rate, weight=weight, one_sided=sides == "one", tolerance=tolerance,
            keep_accumulator=accumulator == "kept",
        )  # fmt: skip
        psis.append(state.psi)
        distances.append(distance)
    xp = array_namespace(psi)
    return xp.stack(psis), xp.stack([xp.asarray(distance) for distance in distances])


def run_sghmc(rule, start, precision, grads, xi, lr, friction, burn_in, n, temperature, clip):
    """Stochastic gradient HMC on given gradients of the likelihood."""
    w, state, rows = start, sampling.sghmc_init(start), []
    for t in range(grads.shape[0]):
        prior = precision * w
        g = functional_prior.posterior_gradient(grads[t, ...], prior, n=n, temperature=temperature, clip=clip)
        if rule == "plain":
            w, m = sampling.plain_sghmc(w, state.momentum, g, xi[t, ...], lr=lr, friction=friction)
            state = state._replace(momentum=m)
        else:
            options = {"lr": lr, "friction": friction, "burn_in": burn_in, "correct": rule == "scaled"}
            w, state = sampling.sghmc(w, state, g, xi[t, ...], **options)
        rows.append((w, *state[:4]))
    return tuple(array_namespace(start).stack(list(column)) for column in zip(*rows, strict=True))


def planar_flow(z, u, a, c):
    """Planar flows and their log determinants."""
    return functional_prior.planar_flow(z, u, a, c)


def gibbs_scale(w, raw_alpha, raw_beta, uniform):
    """A Gibbs step for the scale of a layer."""
    return functional_prior.gibbs_scale(w, raw_alpha, raw_beta, uniform)


def target_functions(kind, x, normals, scale_normals, length_mean, length_variance, log_mean, log_variance, jitter):
    """Functions of the target."""
    if kind == "gp":
        xp = array_namespace(x)
        lengths, variance = (xp.exp(mean + 0 * x[0, :]) for mean in (length_mean, log_mean))
        return models.gp_functions(x, normals, lengths, xp.reshape(variance[:1], ()), jitter=jitter)
    pairs = {"length": (length_mean, length_variance), "variance": (log_mean, log_variance)}
    return models.hierarchical_functions(x, normals, scale_normals, jitter=jitter, **pairs)


_MPMATH = "mpmath with 50 digits, {}, written apart from the source"
_FAMILY = choice(
    "family",
    functional_prior.FAMILIES,
    "gaussian: psi has for each layer the raw scale of its weights, then that of its biases, and the scale is softplus "
    "of it; hierarchical: raw shape and raw rate of the inverse gamma law of the squared scale of the weights, then "
    "those of the biases; flow: for each layer with D entries D log variances, then for each flow u (D), a (D) and c",
)
_WIDTHS = array("widths", "L+1", "of the network, from inputs to outputs", COUNT)
_HIDDEN = array("hidden", "K", "hidden widths of the critic", COUNT)
_PSI = array("psi", "R", "parameters of the prior, layer by layer")
_NORMALS = "standard normal draws for each network, layer by layer the matrix of 1 + d_in rows (biases first), by rows"
_UNIFORMS = "uniform draws for each network: of the precision of weights and biases of each layer, the quantile"
_THETA = "of the critic, layer by layer the matrix of 1 + d_in rows (biases first), row by row; softplus between layers"
_SIDES = choice("sides", ("two", "one"), "two: (norm - 1)^2; one: max(norm - 1, 0)^2")
_RATE = number("rate", "of RMSprop (0.99, 1e-8 outside of the root)", POSITIVE)
_WEIGHT = number("weight", "lambda, of the penalty", NONNEGATIVE)
_OPEN = real(0, 1, open="()")
_NO_STEPS, _ONE_STEP = {"long": "it has no steps"}, {"long": "it is one step"}


def _network_fits(x, normals, *more):
    """All that has sizes of the network: inputs, draws, parameters, and functions with its outputs."""

    def holds(i):
        widths = _sizes(i["widths"])
        L, P = len(widths) - 1, functional_prior.stacked_size(widths)
        R, K = len(i["psi"]), (len(i["psi"]) - P) // (2 * P + L)
        flows = K if i["family"] == "flow" and K > 0 else 1
        fits = all(i[name].shape[-2] == L if "uniforms" in name else i[name].shape[-3] == widths[-1] for name in more)
        fits &= functional_prior.prior_size(i["family"], widths, flows=flows) == R
        return fits and i[x].shape[-1] == widths[0] and i[normals].shape[-1] == P

    return Relation("sizes of the network those of widths", ("family", "psi", "widths", x, normals, *more), holds)


def _critic_fits(theta, f):
    """As many parameters of the critic as its widths ask for."""

    def holds(i):
        sizes = (i[f].shape[-1], *_sizes(i["hidden"]), 1)
        return i[theta].shape[-1] == functional_prior.stacked_size(sizes)

    return Relation(f"as many entries of {theta} as the points and hidden ask for", (theta, f, "hidden"), holds)


PRIOR = Operation(
    name="functional_prior.prior_functions",
    summary="functions of tanh networks h W / sqrt(d_in) + b with weights and biases drawn from a prior",
    inputs=(
        _FAMILY, _PSI, array("x", "M d", "measurement set"), array("normals", "S P", _NORMALS),
        array("uniforms", "S L 2", f"{_UNIFORMS}; read by hierarchical", _OPEN), _WIDTHS,
    ),
    outputs=(array("f", "O S M", "values of each output of each network"),),
    reference=prior_functions,
    exact=exact.prior_functions,
    exact_source=_MPMATH.format("with the gamma quantile by Newton's method"),
    cases=cases.PRIOR,
    sample=cases.sample_prior,
    laws=laws.PRIOR,
    errors=(
        *refusals.arrays(psi="psi", x="x"), *refusals.arrays(normals="normals"),
        ErrorCase("uniform-of-1", "it has no quantile", {"family": "hierarchical", "uniforms": np.ones((3, 2, 2)),
                  "psi": np.ones(8)}, ValueError, "uniforms"),
        ErrorCase("no-width", "a layer without units", {"widths": np.array([1, 0, 1])}, ValueError, "widths"),
    ),
    relations=(_network_fits("x", "normals", "uniforms"),),
    without=_NO_STEPS,
)  # fmt: skip

CRITIC = Operation(
    name="functional_prior.critic_step",
    summary="one step of the critic up its objective: mean over functions of the network less mean over those of the "
    "target, less weight times the mean penalty of the norm of its gradient at eps f_nn + (1 - eps) f_gp, all summed "
    "over outputs; Adagrad with 1e-10 outside of the root",
    inputs=(
        array("theta", "Q", f"parameters {_THETA}"), array("S", "Q", "sum of squared gradients so far", NONNEGATIVE),
        array("f_nn", "O S M", "functions of the network"), array("f_gp", "O S M", "functions of the target"),
        array("eps", "O S", "one for each pair of functions", SHARE), _HIDDEN, number("rate", "of Adagrad", POSITIVE),
        _WEIGHT, _SIDES,
    ),
    outputs=(
        array("objective", "", "before the step"), array("penalty", "", "without its weight"),
        array("gradient", "Q", "of the objective"), array("new_theta", "Q", "next parameters"),
        array("new_S", "Q", "next sum"),
    ),
    reference=critic_step,
    exact=exact.critic_step,
    exact_source=_MPMATH.format("by backpropagation, the penalty's gradient as a difference of two along the frozen "
                                "direction"),
    cases=cases.CRITIC,
    sample=cases.sample_critic,
    laws=laws.CRITIC,
    errors=(
        refusals.numbers("rate", "weight"), *refusals.arrays(theta="theta", f_nn="f_nn"),
        ErrorCase("eps-beyond-1", "beyond the functions", {"eps": np.full((1, 3), 1.5)}, ValueError, "eps"),
        ErrorCase("negative-sum", "a sum of squares", {"S": np.full(17, -1.0)}, ValueError, "S"),
    ),
    relations=(_critic_fits("theta", "f_nn"),),
    without=_ONE_STEP,
)  # fmt: skip

OUTER = Operation(
    name="functional_prior.outer_step",
    summary="one step of the prior down the gap of a critic that stays as it is (no penalty), through "
    "reparameterised functions, by RMSprop",
    inputs=(
        _FAMILY, _PSI, array("v", "R", "running mean of squared gradients", NONNEGATIVE),
        array("theta", "Q", f"parameters {_THETA}"),
        array("x", "M d", "measurement set"), array("normals", "S P", _NORMALS),
        array("uniforms", "S L 2", f"{_UNIFORMS}; read by hierarchical", _OPEN),
        array("f_gp", "O S M", "functions of the target"), _WIDTHS, _HIDDEN, _RATE,
    ),
    outputs=(
        array("gap", "", "mean of the critic over functions of the network less that over the target, before the step"),
        array("gradient", "R", "of the gap"), array("new_psi", "R", "next parameters"),
        array("new_v", "R", "next mean of squares"),
    ),
    reference=outer_step,
    exact=exact.outer_step,
    exact_source=_MPMATH.format("with difference quotients for gradients"),
    cases=cases.OUTER,
    sample=cases.sample_outer,
    laws=laws.OUTER,
    errors=(
        refusals.numbers("rate"), *refusals.arrays(psi="psi", theta="theta"),
        ErrorCase("negative-v", "a mean of squares", {"v": np.full(4, -1.0)}, ValueError, "v"),
    ),
    relations=(_network_fits("x", "normals", "uniforms", "f_gp"), _critic_fits("theta", "f_gp")),
    without=_ONE_STEP,
)  # fmt: skip

MATCHING = Operation(
    name="functional_prior.matching",
    summary="Algorithm 1: in each outer step a new critic, inner steps on draws of their own until the norm of the "
    "gradient is below the tolerance (the step at which that happens is still taken), then a step of the prior",
    inputs=(
        _FAMILY, _PSI, array("x", "T M d", "measurement sets"), array("critics", "T Q", "start of each critic"),
        array("eps", "T I O S", "of each inner step", SHARE),
        array("normals_inner", "T S P", f"{_NORMALS}; for the critic"),
        array("uniforms_inner", "T S L 2", f"{_UNIFORMS}; for the critic", _OPEN),
        array("target_inner", "T O S M", "functions of the target for the critic"),
        array("normals", "T S P", "the same for the step of the prior"),
        array("uniforms", "T S L 2", "the same for the step of the prior", _OPEN),
        array("target", "T O S M", "functions of the target for the step of the prior"), _WIDTHS, _HIDDEN, _RATE,
        number("critic_rate", "of Adagrad", POSITIVE), _WEIGHT, _SIDES,
        number("tolerance", "for the norm of the critic's whole gradient", NONNEGATIVE),
        choice("accumulator", ("fresh", "kept"), "Adagrad's sum: from 0 in each outer step, or kept over them"),
    ),
    outputs=(
        array("psis", "T R", "parameters after each outer step", steps=True),
        array("distances", "T", "gap on the draws of the outer step, before it", steps=True),
    ),
    reference=matching,
    exact=exact.matching,
    exact_source=_MPMATH.format("by backpropagation and difference quotients"),
    cases=cases.MATCHING,
    sample=cases.sample_matching,
    laws=laws.MATCHING,
    errors=(
        refusals.numbers("rate", "tolerance", "weight", critic_rate="rate"), *refusals.arrays(psi="psi"),
    ),
    relations=(
        _network_fits("x", "normals", "uniforms", "target", "uniforms_inner", "target_inner"),
        _critic_fits("critics", "target"),
    ),
    without={"long": "each outer step has inner ones: ten of both would take the exact answer a minute",
             "large": "its parts have large cases"},
)  # fmt: skip

SGHMC = Operation(
    name="functional_prior.sghmc",
    summary="stochastic gradient HMC with given gradients of the likelihood: n / temperature times the clipped mean "
    "gradient per datum; scales adapt in burn-in, from momentum 0, tau = g_hat = v_hat = 1; 1e-10 is added to v_hat in "
    "the line of tau, and to its root in the scale of gradient and noise",
    inputs=(
        choice("rule", ("scaled", "full", "plain"), "scaled: variance of the noise 2 lr^2 friction / sqrt(v_hat) - "
               "lr^4, at least 1e-16; full: without - lr^4; plain: no scales, lr is that of the gradient"),
        array("start", "P", "weights"), array("precision", "P", "of the prior, normal around 0", NONNEGATIVE),
        array("grads", "T P", "mean over each batch of the gradients of -log p(y_i | w)"),
        array("xi", "T P", "standard normal draws"), number("lr", "step size", POSITIVE),
        number("friction", "of the momentum", real(0, 1, open="(")),
        integer("burn_in", "steps in which scales adapt", WHOLE), integer("n", "number of data", COUNT),
        number("temperature", "of the posterior: below 1 it is sharper", POSITIVE),
        number("clip", "longest gradient per datum, that of the prior over n included: factor min(1, clip / (norm + "
               "1e-6))", POSITIVE),
    ),
    outputs=(
        array("w", "T P", "weights", steps=True), array("m", "T P", "momenta", steps=True),
        array("tau", "T P", "lengths of the averages", steps=True), array("g_hat", "T P", "mean gradients", steps=True),
        array("v_hat", "T P", "mean squares", steps=True),
    ),
    chain=Chain(
        "start", "xi", "precision", grads="grads", count="n", temperature="temperature", clip="clip",
        rates=("lr", "friction"), only=("rule", "plain"), outputs=("w", "m"),
    ),
    reference=run_sghmc,
    exact=exact.sghmc,
    exact_source=_MPMATH.format("averages as weighted sums"),
    cases=cases.SGHMC,
    sample=cases.sample_sghmc,
    laws=laws.SGHMC,
    errors=(
        refusals.numbers("lr", "friction", "burn_in", "n", "temperature", "clip"), *refusals.arrays(start="prior")[:1],
    ),
)  # fmt: skip

FLOW = Operation(
    name="functional_prior.planar_flow",
    summary="planar flows z + u_hat tanh(a.z + c), one after another, with u_hat.a = softplus(u.a) - 1 always, and the "
    "log determinant of all",
    inputs=(
        array("z", "S D", "points"), array("u", "K D", "of each flow"),
        array("a", "K D", "of each flow", REAL.that("nonzero rows")), array("c", "K", "offsets"),
    ),
    outputs=(array("moved", "S D", "points after the last flow"), array("log_det", "S", "sum over the flows")),
    reference=planar_flow,
    exact=exact.planar_flow,
    exact_source=_MPMATH.format("point by point"),
    cases=cases.FLOW,
    sample=cases.sample_flow,
    laws=laws.FLOW,
    errors=(
        *refusals.arrays(z="z", u="u")[::2], *refusals.arrays(a="a")[1:],
        ErrorCase("no-direction", "along nothing", {"a": np.zeros((2, 3))}, ValueError, "a"),
    ),
    without=_NO_STEPS,
)  # fmt: skip

GIBBS = Operation(
    name="functional_prior.gibbs_scale",
    summary="draw of the scale of a layer given its n weights: the precision has the gamma law with shape "
    "softplus(raw_alpha) + n/2 and rate softplus(raw_beta) + |w|^2 / 2",
    inputs=(
        array("w", "S n", "weights of the layer, of S networks"), array("raw_alpha", "S", "raw shape"),
        array("raw_beta", "S", "raw rate"), array("uniform", "S", "the quantile that is drawn", _OPEN),
    ),
    outputs=(array("shape", "S", "of the precision"), array("rate", "S", "of the precision"),
             array("sigma", "S", "precision to the power -1/2")),
    reference=gibbs_scale,
    exact=exact.gibbs_scale,
    exact_source=_MPMATH.format("with the gamma quantile by Newton's method"),
    cases=cases.GIBBS,
    sample=cases.sample_gibbs,
    laws=laws.GIBBS,
    errors=(
        *refusals.arrays(w="w", raw_alpha="raw_alpha")[::2],
        ErrorCase("uniform-of-0", "it has no quantile", {"uniform": np.zeros(2)}, ValueError, "uniform"),
    ),
    without=_NO_STEPS,
)  # fmt: skip

TARGET = Operation(
    name="functional_prior.target_functions",
    summary="functions of a Gaussian process with covariance variance exp(-|x - x'|^2 / (2 length^2)) plus jitter on "
    "the diagonal, by the lower Cholesky factor; length scales and variance are log-normal",
    inputs=(
        choice("kind", ("gp", "hierarchical"), "gp: the medians for all; hierarchical: new scales for each function"),
        array("x", "M d", "inputs"), array("normals", "S M", "standard normal draws"),
        array("scale_normals", "S d+1", "standard normal draws: for the length scales, then for the variance; read if "
              "hierarchical"),
        number("length_mean", "mean of the log of a length scale", REAL),
        number("length_variance", "variance of that log", NONNEGATIVE),
        number("log_mean", "mean of the log of the variance", REAL),
        number("log_variance", "variance of that log", NONNEGATIVE), number("jitter", "on the diagonal", NONNEGATIVE),
    ),
    outputs=(array("f", "S M", "values"),),
    reference=target_functions,
    exact=exact.target_functions,
    exact_source=_MPMATH.format("each value given those before it"),
    cases=cases.TARGET,
    sample=cases.sample_target,
    laws=laws.TARGET,
    errors=(
        refusals.numbers("jitter", length_variance="length", log_variance="variance"),
        ErrorCase("same-point-twice", "no positive definite covariance without jitter",
                  {"x": np.zeros((3, 1)), "jitter": 0.0}, ValueError, "covariance"),
        *refusals.arrays(x="x", normals="normals")[::2],
    ),
    relations=(
        Relation(
            "x without two equal rows where jitter = 0", ("x", "jitter"),
            lambda i: i["jitter"] > 0 or len(np.unique(i["x"], axis=0)) == len(i["x"]),
        ),
    ),
    without=_NO_STEPS,
)  # fmt: skip

SYSTEM = System(
    name="functional_prior",
    chapter="bayesian",
    summary="functional priors: weight priors matched to Gaussian processes by a Wasserstein critic, and SGHMC",
    paper=Paper(
        title="All You Need is a Good Functional Prior for Bayesian Deep Learning",
        authors="Tran, Rossi, Milios, Filippone",
        arxiv="2011.12829",
        year=2022,
        key="tran2022functional",
    ),
    operations=(PRIOR, CRITIC, OUTER, MATCHING, SGHMC, FLOW, GIBBS, TARGET),
    claims=CLAIMS,
    alternatives=ALTERNATIVES,
    equations={
        "functional_prior-1": "network, NTK scaling",
        "functional_prior-2": "GPi-G, positive scales as in the authors' code",
        "functional_prior-3": "GPi-G, reparameterised",
        "functional_prior-4": "GPi-H, positive parameters as in the authors' code",
        "functional_prior-5": "GPi-H; Figurnov et al. (2018, arXiv:1805.08498)",
        "functional_prior-6": "GPi-H, inverse gamma scales",
        "functional_prior-7": "GPi-NF, base law",
        "functional_prior-8": "Rezende and Mohamed (2015, arXiv:1505.05770), Appendix A.1",
        "functional_prior-9": "Rezende and Mohamed (2015, arXiv:1505.05770), Appendix A.1",
        "functional_prior-10": "Rezende and Mohamed (2015, arXiv:1505.05770), Equation 12",
        "functional_prior-11": "GPi-NF; Rezende and Mohamed (2015, arXiv:1505.05770), Equation 10",
        "functional_prior-12": "target, a Gaussian process",
        "functional_prior-13": "target, hierarchical",
        "functional_prior-14": "1-Wasserstein distance, its dual",
        "functional_prior-15": "critic, softplus as in the authors' code",
        "functional_prior-16": "critic, start as in the authors' code",
        "functional_prior-17": "ours: gradient of the critic, written out",
        "functional_prior-18": "gradient penalty; Gulrajani et al. (2017, arXiv:1704.00028)",
        "functional_prior-19": "gradient penalty; Gulrajani et al. (2017, arXiv:1704.00028)",
        "functional_prior-20": "objective of the critic",
        "functional_prior-21": "ours: gradient of the penalty along a frozen way",
        "functional_prior-22": "ours: gradient of the penalty, there",
        "functional_prior-23": "ours: gradient of the penalty, and back",
        "functional_prior-24": "Adagrad; Duchi et al. (2011)",
        "functional_prior-25": "Adagrad; Duchi et al. (2011)",
        "functional_prior-26": "early stop, as in the authors' code",
        "functional_prior-27": "Algorithm 1, objective of the prior",
        "functional_prior-28": "RMSprop, as in the authors' code",
        "functional_prior-29": "RMSprop, as in the authors' code",
        "functional_prior-30": "posterior, gradient per datum",
        "functional_prior-31": "clipping, as in the authors' code",
        "functional_prior-32": "posterior at a temperature",
        "functional_prior-33": "scale-adapted SGHMC; Springenberg et al. (2016)",
        "functional_prior-34": "scale-adapted SGHMC; Springenberg et al. (2016)",
        "functional_prior-35": "scale-adapted SGHMC; Springenberg et al. (2016)",
        "functional_prior-36": "scale-adapted SGHMC; Springenberg et al. (2016)",
        "functional_prior-37": "scale-adapted SGHMC; Springenberg et al. (2016)",
        "functional_prior-38": "SGHMC; Chen et al. (2014, arXiv:1402.4102), Equation 15",
        "functional_prior-39": "Gibbs step for scales",
        "functional_prior-40": "Gibbs step for scales",
        "functional_prior-41": "posterior, gradient of the prior",
        "functional_prior-42": "ours: energy distance, a judge that is no critic",
    },
)
