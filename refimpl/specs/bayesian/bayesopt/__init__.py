"""What the oracle knows of Bayesian optimisation."""

import numpy as np

from refimpl.bayesian import _bayesopt_models as models
from refimpl.bayesian import bayesopt
from refimpl.models import acquisition
from refimpl.specs import refusals
from refimpl.specs.base import ErrorCase, Operation, Paper, Regress, System, array, choice, integer, number
from refimpl.specs.bayesian.bayesopt import cases, exact, laws
from refimpl.specs.bayesian.bayesopt.claims import CLAIMS
from refimpl.specs.bayesian.bayesopt.mistakes import ALTERNATIVES
from refimpl.specs.domains import (
    DEFINITE,
    NONNEGATIVE,
    POSITIVE,
    REAL,
    SEMIDEFINITE,
    Relation,
    below,
    whole,
)


def posterior(X, y, new, kernel, alpha, alpha0, noise, mean, beta, jitter):
    """Posterior at new points, evidence and its gradient."""
    prior = bayesopt.Prior(kernel, alpha, alpha0, noise, mean, beta, jitter)
    fitted = bayesopt.fit(prior, X, y)
    return (*bayesopt.posterior(fitted, new), *bayesopt.evidence(fitted))


def ei(mu, sigma, best):
    """Expected improvement and its partial derivatives."""
    return tuple(acquisition.expected_improvement(mu, sigma, best))


def ei_gradient(X, y, new, kernel, alpha, alpha0, noise, mean, beta, best):
    """Expected improvement at points and its gradient."""
    fitted = bayesopt.fit(bayesopt.Prior(kernel, alpha, alpha0, noise, mean, beta), X, y)
    return bayesopt.improvement_at(fitted, new, best)


def kg(mean, covariance, at, seen, noise):
    """Knowledge gradient and what else the best mean may grow by."""
    value = bayesopt.knowledge_gradient(mean, covariance, at, noise=noise)
    general = bayesopt.generalized_improvement(mean, covariance, at, seen, noise=noise)
    kgcp = bayesopt.generalized_improvement(mean, covariance, at, seen, noise=noise, kgcp=True)
    return value, general, kgcp


def kg_gradient(X, y, x, grid, Z, kernel, alpha, alpha0, noise, mean):
    """Stochastic gradients of the knowledge gradient."""
    fitted = bayesopt.fit(bayesopt.Prior(kernel, alpha, alpha0, noise, mean), X, y)
    return bayesopt.kg_gradient(fitted, x, grid, Z)


def sources(mean, covariance, weights, at, costs, noise):
    """Knowledge gradient of a weighted sum, over the cost."""
    return models.gain_per_cost(mean, covariance, at, costs, weights, noise=noise)


def fidelities(blocks):
    """Covariance of all sources."""
    return models.fidelity_covariance(blocks)


def qei(mean, covariance, Z, best):
    """Parallel expected improvement and its derivatives."""
    return tuple(bayesopt.parallel_improvement(mean, covariance, Z, best))


def eic(mu, sigma, y, constraints):
    """Constrained expected improvement over the best feasible value."""
    best = bayesopt.best_feasible(y, constraints)
    return bayesopt.constrained_improvement(mu, sigma, best)


def es_pes(mean, covariance, at, nodes, node_weights, draws, noise_draws, noise, bins):
    """Entropy search and predictive entropy search."""
    return bayesopt.entropy_search(
        mean, covariance, at, nodes, node_weights, draws, noise_draws, noise=noise, bins=bins
    )


def joint_with_gradients(X, y, gradients, new, x, alpha, alpha0, noise, gradient_noise, W):
    """Posterior given values and gradients, and the knowledge gradient of one more pair."""
    prior = bayesopt.Prior("power_exponential", alpha, alpha0, noise)
    fitted = models.fit_with_gradients(prior, X, y, gradients, gradient_noise=gradient_noise)
    law = models.posterior_with_gradients(fitted, new)
    directions = models.derivative_directions(fitted, x, new, gradient_noise=gradient_noise)
    return law.mean, law.covariance, models.simulated_gain(law.mean, directions, W)


_MPMATH = "mpmath with 50 digits, {}, written apart from the source"
_NO_STEPS = {"long": "it has no steps"}
_KERNEL = choice(
    "kernel", bayesopt.KERNELS, "covariance over alpha0 of the distance r: exp(-r^2), or Matern with nu = 1/2, 3/2, 5/2"
)
_ALPHA = array("alpha", "d", "r^2 = sum_i alpha_i (x_i - x'_i)^2, so alpha = 1 / (2 length^2) for exp(-r^2)", POSITIVE)
_ALPHA0 = number("alpha0", "variance of the function", POSITIVE)
_NOISE = number("noise", "variance of an observation", NONNEGATIVE)
_BEST = number("best", "the best value so far", REAL)
_DATA = array("X", "n d", "points evaluated"), array("y", "n", "values observed")
_HYPER = (_KERNEL, _ALPHA, _ALPHA0, _NOISE, number("mean", "constant of the prior mean", REAL))
_BETA = array("beta", "d", "slopes of the prior mean in the coordinates; zeros: it is constant")
_BAD_HYPER = (
    refusals.numbers("alpha0", "noise"),
    ErrorCase("negative-alpha", "a distance cannot shrink", {"alpha": np.array([1.0, -1.0])}, ValueError, "alpha"),
    ErrorCase("zero-alpha", "an infinite length", {"alpha": np.array([1.0, 0.0])}, ValueError, "alpha"),
)
_TWICE = ErrorCase(
    "point-twice", "a point twice without noise has no density",
    {"X": np.array([[0.0, 0.0], [0.0, 0.0], [1.0, 0.5]]), "noise": 0.0}, ValueError, "covariance_of_X",
)  # fmt: skip
_LAW = (
    array("mean", "M", "posterior means on a finite set"),
    array("covariance", "M M", "posterior covariances, without noise", SEMIDEFINITE),
)
_AT = array("at", "k", "numbers of the points of which the value is asked", below("M"))


def _apart(x, X):
    """Whether no row of one array is a row of the other."""
    return not (np.atleast_2d(x)[:, None, :] == X[None, :, :]).all(axis=-1).any()


def _smooth(i, x):
    """Whether the law given the data is smooth around points."""
    return _apart(x, i["X"]) or (i["noise"] > 0 and i["kernel"] != "matern12")


def _distinct(*noises):
    """What a covariance of the observations needs in order to have a factor."""
    return Relation(
        f"X without two equal rows where {' or '.join(noises)} = 0",
        ("X", *noises),
        lambda i: all(i[name] > 0 for name in noises) or len(np.unique(i["X"], axis=0)) == len(i["X"]),
    )


_BAD_AT = ErrorCase("no-such-point", "there are fewer", {"at": np.array([7])}, ValueError, "at")

POSTERIOR = Operation(
    name="bayesopt.posterior",
    summary="Gaussian process regression: posterior at new points, log evidence, and its gradient in log alpha, log "
    "alpha0, log noise and the mean",
    inputs=(*_DATA, array("new", "m d", "points asked for"), *_HYPER, _BETA,
            number("jitter", "added to the diagonal beside the noise", NONNEGATIVE)),
    outputs=(
        array("posterior_mean", "m", "of the function"),
        array("covariance", "m m", "of the function, without noise"),
        array("log_evidence", "", "log density of the observations"),
        array("by_alpha", "d", "its derivatives in log alpha"),
        array("by_alpha0", "", "its derivative in log alpha0"),
        array("by_noise", "", "its derivative in log noise"),
        array("by_mean", "", "its derivative in the mean"),
    ),
    regress=Regress(
        "X",
        "y",
        "new",
        ("noise", "jitter"),
        kernel="kernel",
        weights="alpha",
        variance="alpha0",
        mean="mean",
        slopes="beta",
        outputs={
            "mean": "posterior_mean",
            "covariance": "covariance",
            "evidence": "log_evidence",
            "by_weights": "by_alpha",
            "by_variance": "by_alpha0",
            "by_noise": "by_noise",
            "by_mean": "by_mean",
        },
    ),
    reference=posterior,
    exact=exact.posterior,
    exact_source=_MPMATH.format("observation by observation, derivatives by differences"),
    cases=cases.POSTERIOR,
    sample=cases.sample_posterior,
    laws=laws.POSTERIOR,
    errors=(*_BAD_HYPER, refusals.numbers("jitter"), *refusals.arrays(X="X", y="y")[::2], _TWICE),
    relations=(
        Relation(
            "X without two equal rows where noise = jitter = 0",
            ("X", "noise", "jitter"),
            lambda i: i["noise"] + i["jitter"] > 0 or len(np.unique(i["X"], axis=0)) == len(i["X"]),
        ),
    ),
    without=_NO_STEPS,
)  # fmt: skip

EI = Operation(
    name="bayesopt.ei",
    summary="expected improvement E (f - best)^+ of a normal f, and its derivatives in mean and deviation",
    inputs=(
        array("mu", "m", "posterior means"),
        array("sigma", "m", "posterior standard deviations", NONNEGATIVE),
        number("best", "the best value so far; it is maximised", REAL),
    ),
    outputs=(
        array("value", "m", "expected improvement"),
        array("by_mean", "m", "its derivative in mu"),
        array("by_sigma", "m", "its derivative in sigma", ulps=8),
    ),
    reference=ei,
    exact=exact.ei,
    exact_source=_MPMATH.format("without splitting off the positive part"),
    cases=cases.EI,
    sample=cases.sample_ei,
    laws=laws.EI,
    errors=(
        *refusals.arrays(mu="mu")[:1],
        *refusals.arrays(sigma="sigma"),
        ErrorCase("negative-sigma", "a deviation", {"sigma": np.full(4, -1.0)}, ValueError, "sigma"),
        refusals.numbers("best"),
    ),
    relations=(
        Relation(
            "mu other than best where sigma = 0, for there are no derivatives",
            ("mu", "sigma", "best"),
            lambda i: not np.any((i["sigma"] == 0) & (i["mu"] == i["best"])),
        ),
    ),
    without=_NO_STEPS,
)

EI_GRADIENT = Operation(
    name="bayesopt.ei_gradient",
    summary="expected improvement at points under a Gaussian process given data, and its gradient in the points",
    inputs=(*_DATA, array("new", "m d", "points asked for"), *_HYPER, _BETA, _BEST),
    outputs=(array("value", "m", "expected improvement"), array("gradient", "m d", "its gradient in each point")),
    reference=ei_gradient,
    exact=exact.ei_gradient,
    exact_source=_MPMATH.format("by differences"),
    cases=cases.EI_GRADIENT,
    sample=cases.sample_ei_gradient,
    laws=laws.EI_GRADIENT,
    errors=(*_BAD_HYPER, refusals.numbers("best")),
    relations=(
        _distinct("noise"),
        Relation(
            "no row of new that is one of X where noise = 0 or kernel = matern12",
            ("new", "X", "noise", "kernel"),
            lambda i: _smooth(i, i["new"]),
        ),
    ),
    without=_NO_STEPS,
)

KG = Operation(
    name="bayesopt.kg",
    summary="by how much the best posterior mean is expected to grow with one observation at each of k points: among "
    "all points (kg), among those seen and the new one (gei), and the same less the maximum over these (kgcp)",
    inputs=(*_LAW, _AT, array("seen", "n", "numbers of the points evaluated before", below("M")), _NOISE),
    outputs=(
        array("kg", "k", "knowledge gradient; like the others judged to its own digits, however small"),
        array("gei", "k", "generalised expected improvement"),
        array("kgcp", "k", "knowledge gradient for continuous parameters"),
    ),
    reference=kg,
    exact=exact.kg,
    exact_source=_MPMATH.format("piece by piece between all crossings"),
    cases=cases.KG,
    sample=cases.sample_kg,
    laws=laws.KG,
    errors=(
        refusals.numbers("noise"),
        _BAD_AT,
        ErrorCase("no-such-seen", "there are fewer", {"seen": np.array([7])}, ValueError, "seen"),
        *refusals.arrays(mean="mean", covariance="covariance")[::2],
    ),
    without=_NO_STEPS,
)

KG_GRADIENT = Operation(
    name="bayesopt.kg_gradient",
    summary="for each draw Z of the observation at x, in standard deviations: the gradient in x of the best posterior "
    "mean on a grid after it",
    inputs=(
        *_DATA,
        array("x", "d", "where the next evaluation would be"),
        array("grid", "m d", "where the best mean is sought"),
        array("Z", "J", "standard normal draws"),
        *_HYPER,
    ),
    outputs=(array("gradients", "J d", "one for each draw"),),
    reference=kg_gradient,
    exact=exact.kg_gradient,
    exact_source=_MPMATH.format("by differences"),
    cases=cases.KG_GRADIENT,
    sample=cases.sample_kg_gradient,
    laws=laws.KG_GRADIENT,
    errors=(
        *_BAD_HYPER,
        *refusals.arrays(Z="Z")[:1],
        ErrorCase("nan-in-x", "NaN is no place", {"x": np.array([0.5, float("nan")])}, ValueError, "x"),
    ),
    relations=(
        _distinct("noise"),
        Relation(
            "x no row of X where noise = 0 or kernel = matern12, nor of the grid where kernel = matern12",
            ("x", "X", "grid", "noise", "kernel"),
            lambda i: _smooth(i, i["x"]) and (i["kernel"] != "matern12" or _apart(i["x"], i["grid"])),
        ),
    ),
    without=_NO_STEPS,
)

SOURCES = Operation(
    name="bayesopt.sources",
    summary="knowledge gradient of an objective that is a weighted sum over the points (one of several sources, or a "
    "sum over a random environment), over the cost of each evaluation",
    inputs=(
        *_LAW,
        array("weights", "m M", "each objective value as a sum over the points"),
        _AT,
        array("costs", "k", "of each evaluation", POSITIVE),
        _NOISE,
    ),
    outputs=(array("value", "k", "gain per cost"),),
    reference=sources,
    exact=exact.sources,
    exact_source=_MPMATH.format("piece by piece between all crossings"),
    cases=cases.SOURCES,
    sample=cases.sample_sources,
    laws=laws.SOURCES,
    errors=(
        refusals.numbers("noise"),
        _BAD_AT,
        ErrorCase("free", "nothing is free", {"costs": np.array([1.0, 0.0, 1.0])}, ValueError, "costs"),
        *refusals.arrays(weights="weights")[:1],
    ),
    without=_NO_STEPS,
)

FIDELITIES = Operation(
    name="bayesopt.fidelities",
    summary="covariance of an objective and its further sources, each the one before plus an independent process",
    inputs=(array("blocks", "S m m", "covariance of source 0, then of each difference", SEMIDEFINITE),),
    outputs=(array("covariance", "P P", "P = S m: source 0 at all points, source 1 at all points, ..."),),
    reference=fidelities,
    exact=exact.fidelities,
    exact_source="fractions, entry by entry",
    cases=cases.FIDELITIES,
    sample=cases.sample_fidelities,
    laws=laws.FIDELITIES,
    errors=refusals.arrays(blocks="blocks"),
    without={**_NO_STEPS, "large": "it copies sums of a few blocks, and has an entry for each pair of points"},
)

QEI = Operation(
    name="bayesopt.qei",
    summary="expected improvement of the best of q points together, as the mean over draws mean + L Z with the lower "
    "Cholesky factor L, and the derivatives of this mean",
    inputs=(
        array("mean", "q", "posterior means"),
        array("covariance", "q q", "posterior covariances", DEFINITE),
        array("Z", "J q", "standard normal draws"),
        _BEST,
    ),
    outputs=(
        array("value", "", "mean over the draws"),
        array("by_mean", "q", "its derivatives in the means"),
        array("by_covariance", "q q", "in the covariances, symmetric: half of that of a pair that moves together"),
    ),
    reference=qei,
    exact=exact.qei,
    exact_source=_MPMATH.format("by differences"),
    cases=cases.QEI,
    sample=cases.sample_qei,
    laws=laws.QEI,
    errors=(
        *refusals.arrays(mean="mean", Z="Z")[::2],
        ErrorCase("not-definite", "no factor", {"covariance": np.ones((3, 3))}, ValueError, "covariance"),
        refusals.numbers("best"),
    ),
    without=_NO_STEPS,
)

EIC = Operation(
    name="bayesopt.eic",
    summary="expected feasible improvement: over the best value seen where all constraints were >= 0, times the "
    "probability that all are, 0 included; the probability alone if no point seen was feasible",
    inputs=(
        array("mu", "K+1 m", "posterior means of the objective, then of each constraint"),
        array("sigma", "K+1 m", "posterior standard deviations", NONNEGATIVE),
        array("y", "n", "objective seen"),
        array("constraints", "K n", "constraints seen"),
    ),
    outputs=(array("value", "m", "expected feasible improvement"),),
    reference=eic,
    exact=exact.eic,
    exact_source=_MPMATH.format("point by point"),
    cases=cases.EIC,
    sample=cases.sample_eic,
    laws=laws.EIC,
    errors=(
        *refusals.arrays(mu="mu")[:1],
        *refusals.arrays(y="y"),
        ErrorCase("negative-sigma", "a deviation", {"sigma": np.full((3, 3), -1.0)}, ValueError, "sigma"),
    ),
    without=_NO_STEPS,
)

ES_PES = Operation(
    name="bayesopt.es_pes",
    summary="entropy search and predictive entropy search on a finite set from given draws f = mean + L Z: ES moves "
    "each draw to the observation of each node; PES takes histograms of z = (y - mean) / s in the groups with the same "
    "best point, with bins of equal width on [-6, 6]",
    inputs=(
        _LAW[0],
        array("covariance", "M M", "posterior covariances, without noise", DEFINITE),
        integer("at", "number of the point that would be evaluated", below("M")),
        array("nodes", "H", "of the observation, in standard deviations"),
        array("node_weights", "H", "of the quadrature", REAL.that("simplex")),
        array("draws", "J M", "standard normal draws Z of the function"),
        array("noise_draws", "J", "standard normal draws of the noise"),
        _NOISE,
        integer("bins", "of the histogram", whole(1, 10**6, open=")")),
    ),
    outputs=(array("es", "", "entropy search, in nats"), array("pes", "", "predictive entropy search, in nats")),
    reference=es_pes,
    exact=exact.es_pes,
    exact_source=_MPMATH.format("draw by draw"),
    cases=cases.ES_PES,
    sample=cases.sample_es_pes,
    laws=laws.ES_PES,
    errors=(
        refusals.numbers("noise", "at", "bins"),
        *refusals.arrays(draws="draws")[:1],
    ),
    without=_NO_STEPS,
)

JOINT = Operation(
    name="bayesopt.joint_with_gradients",
    summary="Gaussian process (covariance alpha0 exp(-r^2), mean 0) given values and gradients; and by how much the "
    "best mean on the new points grows with value and gradient at x, for given draws: mean + S C^-T W, with the shared "
    "covariance S and the lower Cholesky factor C of the predictive covariance of (value, derivatives)",
    inputs=(
        *_DATA,
        array("gradients", "n d", "gradients observed"),
        array("new", "m d", "points asked for"),
        array("x", "d", "where the next pair would be observed"),
        _ALPHA,
        _ALPHA0,
        _NOISE,
        number("gradient_noise", "variance of each observed derivative", NONNEGATIVE),
        array("W", "J d+1", "standard normal draws"),
    ),
    outputs=(
        array("mean", "m", "posterior mean"),
        array("covariance", "m m", "posterior covariance"),
        array("gain", "", "mean growth of the best mean"),
    ),
    reference=joint_with_gradients,
    exact=exact.joint_with_gradients,
    exact_source=_MPMATH.format("covariances by differences, observation by observation"),
    cases=cases.JOINT,
    sample=cases.sample_joint,
    laws=laws.JOINT,
    errors=(
        refusals.numbers("alpha0", "noise", "gradient_noise"),
        *refusals.arrays(gradients="gradients"),
        ErrorCase("point-twice", _TWICE.why, {"X": np.zeros((2, 2)), "noise": 0.0}, ValueError, _TWICE.names),
    ),
    relations=(_distinct("noise", "gradient_noise"),),
    without={**_NO_STEPS, "large": "its matrix has n (d + 1) rows, and nothing in it repeats"},
)

SYSTEM = System(
    name="bayesopt",
    chapter="bayesian",
    summary="Bayesian optimisation: Gaussian processes, and what one more evaluation is worth",
    paper=Paper(
        title="A Tutorial on Bayesian Optimization",
        authors="Frazier",
        arxiv="1807.02811",
        year=2018,
        key="frazier2018tutorial",
    ),
    operations=(POSTERIOR, EI, EI_GRADIENT, KG, KG_GRADIENT, SOURCES, FIDELITIES, QEI, EIC, ES_PES, JOINT),
    claims=CLAIMS,
    alternatives=ALTERNATIVES,
    equations={
        "bayesopt-1": "Section 3.1",
        "bayesopt-2": "Section 3.1, power exponential kernel",
        "bayesopt-3": "Section 3.1, Matern kernel; closed forms ours",
        "bayesopt-4": "Equation 4",
        "bayesopt-5": "Section 3 (noise) and its remark on jitter",
        "bayesopt-6": "Equation 3, mean",
        "bayesopt-7": "Equation 3, variance",
        "bayesopt-8": "ours: gradient of the log likelihood of Section 3.2",
        "bayesopt-9": "ours: gradient of the log likelihood of Section 3.2",
        "bayesopt-10": "Equation 8, corrected",
        "bayesopt-11": "ours: derivative of Equation 8",
        "bayesopt-12": "ours: derivative of Equation 8",
        "bayesopt-13": "ours: gradient of Equation 8",
        "bayesopt-14": "ours: direction of the update, with noise",
        "bayesopt-15": "Frazier, Powell and Dayanik (2009), breakpoints",
        "bayesopt-16": "Equation 10, on a finite set; ours: the sum without cancellation",
        "bayesopt-17": "Algorithm 4",
        "bayesopt-18": "Algorithm 4, written out",
        "bayesopt-19": "Algorithm 4",
        "bayesopt-20": "Equation 16",
        "bayesopt-21": "Equation 13, the maximum after",
        "bayesopt-22": "Equation 13",
        "bayesopt-23": "Section 4.3, entropy, with its minus sign",
        "bayesopt-24": "ours: a draw moved to an observation",
        "bayesopt-25": "Equation 11",
        "bayesopt-26": "Equation 12",
        "bayesopt-27": "Equation 14, the draws",
        "bayesopt-28": "Equation 14",
        "bayesopt-29": "Equation 15, the incumbent",
        "bayesopt-30": "Equation 15, the probability",
        "bayesopt-31": "Equation 15",
        "bayesopt-32": "Section 5, multi-fidelity: independent differences",
        "bayesopt-33": "Section 5, multi-fidelity: gain over cost",
        "bayesopt-34": "Section 5, derivative observations; ours, written out",
        "bayesopt-35": "Section 5, derivative observations; ours, written out",
        "bayesopt-36": "Section 5, derivative observations: knowledge gradient",
        "bayesopt-37": "Section 5, derivative observations: knowledge gradient",
    },
)
