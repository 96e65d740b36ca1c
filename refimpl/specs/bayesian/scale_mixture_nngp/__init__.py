"""What the oracle knows of scale mixtures of neural network Gaussian processes."""

import numpy as np

from refimpl.bayesian import _scale_mixture_nngp_baselines as baselines
from refimpl.bayesian import _scale_mixture_nngp_models as models
from refimpl.bayesian import scale_mixture_nngp as source
from refimpl.core.arrays import array_namespace, device
from refimpl.core.autodiff import value_and_grad
from refimpl.models import wide
from refimpl.specs import refusals
from refimpl.specs.base import ErrorCase, Operation, Paper, System, array, choice, integer, number
from refimpl.specs.bayesian.scale_mixture_nngp import cases, exact, laws
from refimpl.specs.bayesian.scale_mixture_nngp.claims import CLAIMS
from refimpl.specs.bayesian.scale_mixture_nngp.mistakes import ALTERNATIVES
from refimpl.specs.domains import (
    COUNT,
    DEFINITE,
    NEAR,
    NONNEGATIVE,
    POSITIVE,
    REAL,
    SEMIDEFINITE,
    WHOLE,
    Relation,
    one_of,
    real,
)


def kernels(X, X2, depth, sigma_w, sigma_b, activation):
    """NNGP and tangent kernel."""
    found = wide.kernels(
        X, X2, depth=depth, weight_variance=sigma_w**2, bias_variance=sigma_b**2, activation=activation
    )
    return found.hidden, found.tangent


def network_outputs(X, W1, b1, W2, b2, v, s, sigma_w, sigma_b, activation):
    """Two hidden layers."""
    return models.outputs(X, ((W1, b1), (W2, b2)), v, s, sigma_w=sigma_w, sigma_b=sigma_b, activation=activation)


def scale_law(law, p, q, s, u):
    """Density and draws."""
    known = {
        "inverse_gamma": lambda: source.InverseGamma(p, q),
        "burr": lambda: source.BurrXII(p, q),
        "half_cauchy": lambda: source.HalfCauchy(p),
        "log_normal": lambda: source.LogNormal(p, q),
    }[law]()
    return source.log_density(known, s), source.draw(known, u)


def student_law(mean, Sigma, a, b, f):
    """The mixture, and its density."""
    law = source.student(mean, Sigma, source.InverseGamma(a, b))
    return _number(law.dof, f), law.scale, source.log_student(f, law)


def posterior_ig(K_tt, K_st, K_ss, y, points, a, b, eps):
    """In closed form."""
    told, law = source.condition(source.Blocks(K_tt, K_st, K_ss), y, eps=eps), source.InverseGamma(a, b)
    found = source.posterior(told, law)
    new = source.log_predictive(told, law, points)
    return _number(found.values.dof, y), found.values.mean, found.values.scale, new, found.log_evidence, told.Q


def posterior_is(K_tt, K_st, k_ss, y, points, s, log_ratios, eps):
    """By importance sampling."""
    told = source.condition(source.Blocks(K_tt, K_st, k_ss), y, eps=eps)
    return tuple(source.weigh(told, s, log_ratios, points))


def posterior_gp(K_tt, K_st, k_ss, y, points, eps, s, chosen):
    """With one scale."""
    told = source.condition(source.Blocks(K_tt, K_st, k_ss), y, eps=eps)
    found = baselines.gaussian(told, points, s=s if chosen == "fixed" else None)
    return _number(found.s, y), found.log_density, found.log_evidence


def trained_law(K_tt, K_st, K_ss, T_tt, T_st, y, s, eta, tau, time, form):
    """Given the scale."""
    K = source.Blocks(K_tt, K_st, K_ss)
    return tuple(source.trained(K, T_tt, T_st, y, s, eta=eta, tau=tau, time=time, form=form))


def train_networks(X, y, X_new, W, b, v, s, eta, steps, sigma_w, sigma_b, activation, layers_trained, form, loss):
    """One hidden layer."""
    net = {"sigma_w": sigma_w, "sigma_b": sigma_b, "activation": activation}
    run = models.train(
        X, y, ((W, b),), v, s, eta=eta, steps=steps, layers_trained=layers_trained, form=form, loss=loss, **net
    )
    layers, w = run.state
    ones = array_namespace(s).ones_like(s)
    return models.outputs(X_new, layers, w, ones if form == "direct" else s, **net)


def elbo(K_uu, K_xu, k_xx, onehot, m, S, a_q, b_q, a, b, noise, u, eps, n):
    """Bound, and its derivatives in m, S, a_q, b_q."""
    at, law = source.project(K_uu, K_xu, k_xx, eps=eps), source.InverseGamma(a, b)

    def bound(m, S, a_q, b_q):
        found = source.elbo(source.Variational(m, S, a_q, b_q), at, onehot, noise, u, law=law, n=n)
        return found.elbo, found.kl

    return _with_slopes(bound, m, S, _number(a_q, m), _number(b_q, m))


def svgp_elbo(K_uu, K_xu, k_xx, onehot, m, S, s, noise, eps, n):
    """Bound, and its derivatives in m, S, s."""
    at, xp = source.project(K_uu, K_xu, k_xx, eps=eps), array_namespace(m)
    one, u = _number(1.0, m), 0.5 * xp.ones(noise.shape[0], dtype=m.dtype, device=device(m))

    def bound(m, S, s):
        found = baselines.elbo(source.Variational(m, S, one, s), at, onehot, noise, u, n=n)
        return found.elbo, found.kl

    return _with_slopes(bound, m, S, _number(s, m))


def class_probabilities(K_uu, K_xu, k_xx, m, S, a_q, b_q, noise, u, eps):
    """Predicted probabilities."""
    at = source.project(K_uu, K_xu, k_xx, eps=eps)
    q = source.Variational(m, S, _number(a_q, m), _number(b_q, m))
    return source.class_probabilities(q, at, noise, u)


def _with_slopes(bound, *free):
    (value, kl), slopes = value_and_grad(bound, argnums=tuple(range(len(free))), has_aux=True)(*free)
    return value, kl, *slopes


def _number(x, like):
    return array_namespace(like).asarray(x, dtype=like.dtype, device=device(like))


_MPMATH = "mpmath with 50 digits, {}, written apart from the source"
_NO_STEPS = {"long": "it has no steps"}
_NO_LARGE = "its covariance has two axes of inputs; a right answer for a large one is not to be had at a small price"
_EPS = number("eps", "noise variance, in units of s", NONNEGATIVE)
_OPEN = real(0, 1, open="()")
_SIGMAS = (
    number("sigma_w", "standard deviation of the weights, times the root of the fan in", POSITIVE),
    number("sigma_b", "standard deviation of the biases", NONNEGATIVE),
    choice("activation", ("relu", "erf"), "of every hidden layer"),
)
_KNOWN = (
    array("K_tt", "n n", "kernel of the training inputs at s = 1", SEMIDEFINITE),
    array("K_st", "m n", "new, training"),
)
_ONE_BY_ONE = array("k_ss", "m", "kernel of each new input with itself", NONNEGATIVE)
_TARGETS = (array("y", "n", "targets"), array("points", "m", "new targets, one at each new input"))
_PREDICTIVE = array("log_predictive", "m", "log density of each new target by itself, noise included")
_EVIDENCE = array("log_evidence", "", "log density of the targets")
_PRIOR = (number("a", "shape of the inverse-gamma law of s", POSITIVE), number("b", "its scale", POSITIVE))
_SPARSE = (
    array("K_uu", "M M", "kernel of the inducing inputs", SEMIDEFINITE),
    array("K_xu", "B M", "kernel between inputs and inducing inputs"),
    array("k_xx", "B", "kernel of each input with itself", NONNEGATIVE),
)
_ONEHOT = array("onehot", "B C", "1 at the class of each input, else 0", one_of(0.0, 1.0).that("simplex"))
_Q = (
    array("m", "C M", "means of the inducing values"),
    array("S", "C M", "their variances per unit of s: the diagonal of the covariance, not its root", POSITIVE),
)
_SHAPES = (number("a_q", "shape of q(s)", POSITIVE), number("b_q", "scale of q(s)", POSITIVE))
_NOISE = array("noise", "R B C", "standard normal draws")
_U = array("u", "R", "uniform draws: s = b_q / (quantile of the gamma law of shape a_q at u)", _OPEN)
_N = integer("n", "data, of which these are B", COUNT)
_BOUND = (array("elbo", "", "lower bound of the log evidence"), array("kl", "", "divergence of q from the prior"))
_D_Q = (array("d_m", "C M", "derivative in m"), array("d_S", "C M", "derivative in S"))


def _kernel_of_all(new):
    """What is known of the new inputs, and that something is not."""

    def holds(i):
        K = i["K_tt"].astype(float) + i["eps"] * np.eye(len(i["K_tt"]))
        if np.linalg.eigvalsh(K)[0] <= 0:
            return False
        told = np.linalg.solve(K, i["K_st"].T)
        if new == "k_ss":
            left = lowest = i[new] - np.sum(i["K_st"].T * told, axis=0)
        else:
            left = i[new] - i["K_st"] @ told
            left, lowest = np.diagonal(left), np.linalg.eigvalsh(left)
        return bool(np.min(lowest) >= -NEAR * np.max(i[new]) and np.min(left) + i["eps"] > 0)

    words = f"K_tt, K_st and {new} those of one kernel; positive definite, all inputs together, where eps = 0"
    return Relation(words, ("K_tt", "K_st", new, "eps"), holds)


_FACTORED = Relation(
    "K_uu positive definite where eps = 0", ("K_uu", "eps"),
    lambda i: i["eps"] > 0 or np.linalg.eigvalsh(i["K_uu"].astype(float))[0] > 0,
)  # fmt: skip


def _learned(i):
    """Eigenvalues of what is descended along."""
    readout = 1.0 if i["form"] == "direct" else i["s"]
    return np.linalg.eigvalsh(readout * i["K_tt"].astype(float) + i["s"] * i["T_tt"].astype(float))


_NEGATIVE_S = ErrorCase("negative-s", "a scale is positive", {"s": -np.ones(4)}, ValueError, "s")
_BAD_U = ErrorCase("u-of-one", "a uniform draw is below 1", {"u": np.ones(3)}, ValueError, "u")
_SINGULAR = ErrorCase(
    "repeated-input", "two equal inputs without noise have no density", {"K_tt": np.ones((3, 3)), "eps": 0.0},
    ValueError, "K.tt",
)  # fmt: skip
_INDEFINITE = ErrorCase(
    "not-positive-definite", "a covariance with a negative eigenvalue is none",
    {"K_tt": np.array([[1.0, 2.0, 0.0], [2.0, 1.0, 0.0], [0.0, 0.0, 1.0]]), "eps": 0.5}, ValueError, "K.tt",
)  # fmt: skip

KERNELS = Operation(
    name="scale_mixture_nngp.kernels",
    summary="covariance of the last hidden layer of a wide network, and the tangent kernel of its hidden layers, for "
    "readout weights of variance 1; the readout has no bias",
    inputs=(
        array("X", "n d", "inputs"),
        array("X2", "m d", "further inputs"),
        integer("depth", "hidden layers", COUNT),
        *_SIGMAS,
    ),
    outputs=(  # of opposite inputs both are 0, and 1e-17 of the others is rounding
        array("K", "n m", "E[phi(u) phi(u')]", ulps=64),
        array("T", "n m", "tangent kernel without the readout's part", ulps=64),
    ),
    reference=kernels,
    exact=exact.kernels,
    exact_source=_MPMATH.format("by the chance that both units are on, and a sum over layers"),
    cases=cases.KERNELS,
    sample=cases.sample_kernels,
    laws=laws.KERNELS,
    errors=(
        refusals.arrays(X="x")[0],
        *refusals.arrays(X="y", X2="y")[1:4:2],
        refusals.numbers("depth"),
        ErrorCase("zero-sigma-w", "it must be > 0", {"sigma_w": 0.0}, ValueError, "weight_variance"),
    ),
    relations=(
        Relation(
            "no input of zeros where sigma_b = 0",
            ("X", "X2", "sigma_b"),
            lambda i: i["sigma_b"] > 0 or all(np.any(i[name] != 0, axis=1).all() for name in ("X", "X2")),
        ),
    ),
    without=_NO_STEPS,
)

NETWORK_OUTPUTS = Operation(
    name="scale_mixture_nngp.network_outputs",
    summary="outputs of R networks of two hidden layers, each with its own variance of the readout weights",
    inputs=(
        array("X", "n d", "inputs"),
        array("W1", "R d N", "standard normal weights"),
        array("b1", "R N", "standard normal biases"),
        array("W2", "R N H", "standard normal weights of the second layer"),
        array("b2", "R H", "standard normal biases of the second layer"),
        array("v", "R H C", "standard normal readout weights"),
        array("s", "R", "their variances", NONNEGATIVE),
        *_SIGMAS,
    ),
    outputs=(array("f", "R n C", "outputs"),),
    reference=network_outputs,
    exact=exact.network_outputs,
    exact_source=_MPMATH.format("network by network"),
    cases=cases.NETWORK_OUTPUTS,
    sample=cases.sample_outputs,
    laws=laws.NETWORK_OUTPUTS,
    errors=(
        refusals.numbers("sigma_w", "sigma_b"),
        *refusals.arrays(W1="omega", v="v")[::2],
        ErrorCase("negative-s", "a variance is not negative", {"s": np.array([1.0, -1.0])}, ValueError, "s"),
    ),
    without=_NO_STEPS,
)

SCALE_LAW = Operation(
    name="scale_mixture_nngp.scale_law",
    summary="log density of a law of the scale, and draws of it from uniform ones",
    inputs=(
        choice("law", ("inverse_gamma", "burr", "half_cauchy", "log_normal"), "family"),
        number("p", "a; c; gamma; mu", REAL),
        number("q", "b; d; not read; sigma", POSITIVE),
        array("s", "k", "scales", POSITIVE),
        array("u", "k", "uniform draws", _OPEN),
    ),
    outputs=(
        array("log_density", "k", "at s"),
        array("draws", "k", "quantiles at u; of the inverse-gamma law at 1 - u"),
    ),
    reference=scale_law,
    exact=exact.scale_law,
    exact_source=_MPMATH.format("densities as products, quantiles by Newton's method"),
    cases=cases.SCALE_LAW,
    sample=cases.sample_scale,
    laws=laws.SCALE_LAW,
    errors=(
        refusals.numbers(p="a", q="b"),
        ErrorCase("negative-p", "it must not be negative", {"p": -0.1}, ValueError, "a"),
        ErrorCase("zero-p", "it must be > 0", {"p": 0.0}, ValueError, "a"),
        _NEGATIVE_S,
        _BAD_U,
    ),
    relations=(
        Relation("p > 0 but where law = log_normal", ("law", "p"), lambda i: i["law"] == "log_normal" or i["p"] > 0),
    ),
    without=_NO_STEPS,
)

STUDENT_LAW = Operation(
    name="scale_mixture_nngp.student_law",
    summary="what is normal (mean, s Sigma) given s, without s: a multivariate t law, all values with one scale",
    inputs=(
        array("mean", "m", "mean"),
        array("Sigma", "m m", "covariance per unit of s", DEFINITE),
        *_PRIOR,
        array("f", "R m", "where the density is wanted"),
    ),
    outputs=(
        array("dof", "", "degrees of freedom"),
        array("scale", "m m", "scale matrix, which is not the covariance"),
        array("log_density", "R", "joint, of all values"),
    ),
    reference=student_law,
    exact=exact.student_law,
    exact_source=_MPMATH.format("by the integral over s"),
    cases=cases.STUDENT_LAW,
    sample=cases.sample_student,
    laws=laws.STUDENT_LAW,
    errors=(refusals.numbers("a", "b"), *refusals.arrays(f="f", mean="mean")[::2]),
    without=_NO_STEPS,
)

POSTERIOR_IG = Operation(
    name="scale_mixture_nngp.posterior_ig",
    summary="regression with an inverse-gamma law of the scale, in closed form; noise shares the scale",
    inputs=(*_KNOWN, array("K_ss", "m m", "kernel of the new inputs", SEMIDEFINITE), *_TARGETS, *_PRIOR, _EPS),
    outputs=(
        array("dof", "", "degrees of freedom of the function's values, given the targets"),
        array("mean", "m", "their mean"),
        array("scale", "m m", "their scale matrix, without noise"),
        _PREDICTIVE,
        _EVIDENCE,
        array("Q", "", "squared length of the targets in the metric of K_tt + eps I"),
    ),
    reference=posterior_ig,
    exact=exact.posterior_ig,
    exact_source=_MPMATH.format("by ratios of joint densities"),
    cases=cases.POSTERIOR_IG,
    sample=cases.sample_ig,
    laws=laws.POSTERIOR_IG,
    errors=(
        refusals.numbers("a", "b", "eps"), *refusals.arrays(y="y", points="points"), _SINGULAR, _INDEFINITE,
    ),
    relations=(_kernel_of_all("K_ss"),),
    without={**_NO_STEPS, "large": _NO_LARGE},
)  # fmt: skip

POSTERIOR_IS = Operation(
    name="scale_mixture_nngp.posterior_is",
    summary="regression with any law of the scale: draws of it, weighted by the density of the targets",
    inputs=(
        *_KNOWN,
        _ONE_BY_ONE,
        *_TARGETS,
        array("s", "R", "scales, drawn from any law", POSITIVE),
        array("log_ratios", "R", "log density of the prior over that of the law of the draws"),
        _EPS,
    ),
    outputs=(array("weights", "R", "of the draws, sum 1"), _PREDICTIVE, _EVIDENCE),
    reference=posterior_is,
    exact=exact.posterior_is,
    exact_source=_MPMATH.format("by joint densities at each scale"),
    cases=cases.POSTERIOR_IS,
    sample=cases.sample_is,
    laws=laws.POSTERIOR_IS,
    errors=(
        refusals.numbers("eps"), *refusals.arrays(log_ratios="log_ratios", points="points"), _NEGATIVE_S,
        _SINGULAR, _INDEFINITE,
    ),
    relations=(_kernel_of_all("k_ss"),),
    without=_NO_STEPS,
)  # fmt: skip

POSTERIOR_GP = Operation(
    name="scale_mixture_nngp.posterior_gp",
    summary="regression by a Gaussian process whose scale is given, or the one with the largest evidence",
    inputs=(
        *_KNOWN,
        _ONE_BY_ONE,
        *_TARGETS,
        _EPS,
        number("s", "scale", POSITIVE),
        choice("chosen", ("fixed", "evidence"), "whether s is taken, or the best one"),
    ),
    outputs=(array("scale", "", "that was taken"), _PREDICTIVE, _EVIDENCE),
    reference=posterior_gp,
    exact=exact.posterior_gp,
    exact_source=_MPMATH.format("by ratios of joint densities"),
    cases=cases.POSTERIOR_GP,
    sample=cases.sample_gp,
    laws=laws.POSTERIOR_GP,
    errors=(refusals.numbers("s", "eps"), *refusals.arrays(y="y", points="points"), _SINGULAR),
    relations=(
        _kernel_of_all("k_ss"),
        Relation(
            "y not all zeros where chosen = evidence", ("y", "chosen"), lambda i: i["chosen"] == "fixed" or i["y"].any()
        ),
    ),
    without=_NO_STEPS,
)

TRAINED_LAW = Operation(
    name="scale_mixture_nngp.trained_law",
    summary="mean and covariance of the outputs of wide networks after gradient descent on half of the summed squared "
    "errors, given the variance s of the readout weights at the start",
    inputs=(
        *_KNOWN,
        array("K_ss", "m m", "kernel of the new inputs", SEMIDEFINITE),
        array("T_tt", "n n", "tangent kernel of the hidden layers per unit of s; 0: the readout alone is trained",
              SEMIDEFINITE),
        array("T_st", "m n", "the same, new, training"),
        array("y", "n", "targets"),
        number("s", "variance of the readout weights", POSITIVE),
        number("eta", "step size", POSITIVE),
        number("tau", "steps, or time of the flow", NONNEGATIVE),
        choice("time", ("steps", "flow", "end"), "steps, infinitely small ones, or their common end"),
        choice("form", ("direct", "rescaled"), "whether the weights are trained, or these over sqrt(s)"),
    ),
    outputs=(array("mean", "m", "of the outputs at the new inputs"), array("covariance", "m m", "of the same")),
    reference=trained_law,
    exact=exact.trained_law,
    exact_source=_MPMATH.format("by the recursion of all outputs, or a matrix exponential"),
    cases=cases.TRAINED_LAW,
    sample=cases.sample_trained,
    laws=laws.TRAINED_LAW,
    errors=(
        refusals.numbers("s", "eta", "tau"), *refusals.arrays(y="y", T_st="T_st"),
        ErrorCase("diverging", "steps above 2 over the largest eigenvalue diverge", {"eta": 9.0}, ValueError, "eta"),
        ErrorCase("half-a-step", "steps are counted", {"tau": 2.5}, ValueError, "tau"),
    ),
    relations=(
        Relation("tau whole where time = steps", ("tau", "time"), lambda i: i["time"] != "steps" or i["tau"] % 1 == 0),
        Relation(
            "eta at most 2 over the largest eigenvalue of K_tt (s K_tt if rescaled) + s T_tt where time = steps",
            ("eta", "K_tt", "T_tt", "s", "form", "time"),
            lambda i: i["time"] != "steps" or i["eta"] * _learned(i)[-1] <= 2,
        ),
        Relation(
            "K_tt + s T_tt positive definite where time = end", ("K_tt", "T_tt", "s", "form", "time"),
            lambda i: i["time"] != "end" or _learned(i)[0] > NEAR * _learned(i)[-1],
        ),
    ),
    without={"large": _NO_LARGE},
)  # fmt: skip

TRAIN_NETWORKS = Operation(
    name="scale_mixture_nngp.train_networks",
    summary="outputs of R networks of one hidden layer after gradient descent on a loss summed over the data, each "
    "network by itself",
    inputs=(
        array("X", "n d", "inputs"),
        array("y", "n C", "targets; of the loss softmax 1 at the class, else 0"),
        array("X_new", "k d", "new inputs"),
        array("W", "R d N", "standard normal weights, which are trained before they are scaled"),
        array("b", "R N", "standard normal biases"),
        array("v", "R N C", "standard normal readout weights"),
        array("s", "R", "their variances", NONNEGATIVE),
        number("eta", "step size", POSITIVE),
        integer("steps", "number of steps", WHOLE),
        *_SIGMAS,
        choice("layers_trained", ("all", "readout"), "what is trained"),
        choice("form", ("direct", "rescaled"), "whether sqrt(s) v is trained, or v"),
        choice("loss", ("squared", "softmax"), "half of the squared errors, or minus the log softmax; summed"),
    ),
    outputs=(array("f", "R k C", "outputs at the new inputs"),),
    reference=train_networks,
    exact=exact.train_networks,
    exact_source=_MPMATH.format("with the derivatives written out"),
    cases=cases.TRAIN_NETWORKS,
    sample=cases.sample_train,
    laws=laws.TRAIN_NETWORKS,
    errors=(
        refusals.numbers("eta", "steps", "sigma_w", "sigma_b"), *refusals.arrays(y="y", W="omega")[::2],
    ),
    relations=(
        Relation(
            "y one 1 in each row, else 0, where loss = softmax", ("y", "loss"),
            lambda i: i["loss"] != "softmax" or not _ONEHOT.domain.wrong(i["y"].astype(float), {}),
        ),
    ),
)  # fmt: skip

ELBO = Operation(
    name="scale_mixture_nngp.elbo",
    summary="evidence lower bound of the sparse variational classifier with a random scale, and its derivatives",
    inputs=(*_SPARSE, _ONEHOT, *_Q, *_SHAPES, *_PRIOR, _NOISE, _U, _EPS, _N),
    outputs=(
        *_BOUND, *_D_Q, array("d_a_q", "", "derivative in a_q, through the draws too", ulps=2500),
        array("d_b_q", "", "derivative in b_q"),
    ),
    reference=elbo,
    exact=exact.elbo,
    exact_source=_MPMATH.format("with the derivatives written out"),
    cases=cases.ELBO,
    sample=cases.sample_elbo,
    laws=laws.ELBO,
    errors=(
        refusals.numbers("a", "b", "eps", "n", a_q="a", b_q="b"), *refusals.arrays(onehot="onehot", noise="noise"),
        _BAD_U,
        ErrorCase("negative-S", "a variance is positive", {"S": -np.ones((2, 3))}, ValueError, "S"),
    ),
    relations=(_FACTORED,),
    without={"long": "it has no steps"},
)  # fmt: skip

SVGP_ELBO = Operation(
    name="scale_mixture_nngp.svgp_elbo",
    summary="the same for a Gaussian process, whose scale is a trained number",
    inputs=(*_SPARSE, _ONEHOT, *_Q, number("s", "scale", POSITIVE), _NOISE, _EPS, _N),
    outputs=(*_BOUND, *_D_Q, array("d_s", "", "derivative in s")),
    reference=svgp_elbo,
    exact=exact.svgp_elbo,
    exact_source=_MPMATH.format("with the derivatives written out"),
    cases=cases.SVGP_ELBO,
    sample=cases.sample_svgp,
    laws=laws.SVGP_ELBO,
    errors=(refusals.numbers("eps", "n", s="b"), *refusals.arrays(onehot="onehot")),
    relations=(_FACTORED,),
    without={"long": "it has no steps"},
)

CLASS_PROBABILITIES = Operation(
    name="scale_mixture_nngp.class_probabilities",
    summary="predicted probabilities: the mean softmax over draws, each with one scale for all classes and inputs",
    inputs=(*_SPARSE, *_Q, *_SHAPES, _NOISE, _U, _EPS),
    outputs=(array("p", "B C", "rows sum to 1"),),
    reference=class_probabilities,
    exact=exact.class_probabilities,
    exact_source=_MPMATH.format("by ratios"),
    cases=cases.CLASS_PROBABILITIES,
    sample=cases.sample_classes,
    laws=laws.CLASS_PROBABILITIES,
    errors=(refusals.numbers("eps", a_q="a", b_q="b"), *refusals.arrays(noise="noise"), _BAD_U),
    relations=(_FACTORED,),
    without=_NO_STEPS,
)

_OURS = "after the theory of tangent kernels; the paper's theorem on full training"
SYSTEM = System(
    name="scale_mixture_nngp",
    chapter="bayesian",
    summary="wide networks with a random variance of the readout weights: t processes in place of Gaussian ones",
    paper=Paper(
        title="Scale Mixtures of Neural Network Gaussian Processes",
        authors="Lee, Yun, Yang, Lee",
        arxiv="2107.01408",
        year=2022,
        key="lee2022scale",
    ),
    operations=(
        KERNELS,
        NETWORK_OUTPUTS,
        SCALE_LAW,
        STUDENT_LAW,
        POSTERIOR_IG,
        POSTERIOR_IS,
        POSTERIOR_GP,
        TRAINED_LAW,
        TRAIN_NETWORKS,
        ELBO,
        SVGP_ELBO,
        CLASS_PROBABILITIES,
    ),
    claims=CLAIMS,
    alternatives=ALTERNATIVES,
    equations={
        **{f"scale_mixture_nngp-{i}": "NNGP recursion, standard" for i in (1, 7)},
        **{f"scale_mixture_nngp-{i}": "Cho and Saul (2009), arc-cosine kernel" for i in (2, 3)},
        **{f"scale_mixture_nngp-{i}": "Williams (1997), arc-sine kernel" for i in (4, 5)},
        **{f"scale_mixture_nngp-{i}": "tangent kernel, standard" for i in (6, 8)},
        "scale_mixture_nngp-9": "setting, hidden layers; in tangent-kernel form",
        "scale_mixture_nngp-10": "setting, readout with a random variance",
        "scale_mixture_nngp-11": "inverse-gamma law",
        "scale_mixture_nngp-12": "Burr XII law, of the authors' regression code",
        **{f"scale_mixture_nngp-{i}": "another law; ours" for i in (13, 14, 16, 17)},
        "scale_mixture_nngp-15": "Burr XII law, quantile",
        "scale_mixture_nngp-18": "inverse-gamma law, reparameterised",
        "scale_mixture_nngp-19": "main theorem, corollary for inverse-gamma laws",
        "scale_mixture_nngp-20": "multivariate t density",
        **{f"scale_mixture_nngp-{i}": "Section 4, regression" for i in range(21, 27)},
        **{f"scale_mixture_nngp-{i}": "Section 4, importance sampling" for i in range(27, 31)},
        **{f"scale_mixture_nngp-{i}": _OURS for i in range(31, 37)},
        "scale_mixture_nngp-37": "loss of the training theorems",
        "scale_mixture_nngp-38": "theorem on readout training",
        **{f"scale_mixture_nngp-{i}": "Section 4, classification" for i in range(39, 49)},
        **{f"scale_mixture_nngp-{i}": "Gaussian process, standard" for i in range(49, 53)},
    },
)  # fmt: skip
