"""What the oracle knows of diffusion models."""

import math

import numpy as np

from refimpl.core.arrays import array_namespace, device
from refimpl.generative import _diffusion_models as models
from refimpl.generative import diffusion
from refimpl.models import mixture as mixtures
from refimpl.specs import refusals
from refimpl.specs.base import ErrorCase, Operation, Paper, Schedule, System, array, choice, integer, number
from refimpl.specs.domains import (
    DEFINITE,
    NONNEGATIVE,
    POSITIVE,
    REAL,
    SHARE,
    Relation,
    below,
    real,
    whole,
)
from refimpl.specs.generative.diffusion import cases, exact, laws
from refimpl.specs.generative.diffusion.claims import CLAIMS
from refimpl.specs.generative.diffusion.mistakes import ALTERNATIVES


def sampler_step(kind, x, score, t, u, xi, eta):
    """One step of a sampler."""
    return diffusion.step(kind, x, score, t, u, xi, eta=eta)


def sample_mixture(kind, x, times, noise, weights, means, covariances, eta):
    """The samples of a mixture whose score is known."""
    mixture = mixtures.checked(mixtures.Mixture(weights, means, covariances), x)
    score = lambda x, t: models.mixture_score(x, t, mixture)
    return diffusion.sample(score, x, times, noise, kind=kind, eta=eta).state


def table_steps(kind, x, predicted, betas, rows, noise, eta):
    """The points after each step along rows of a table of betas."""
    rows = [int(rows[k]) for k in range(rows.shape[0])]
    return diffusion.table_steps(kind, x, predicted, betas, rows, noise, eta=eta)


def guided_score(mode, conditional, unconditional, gradient, eta):
    """Two scores, or a score and a classifier's gradient, combined."""
    if mode == "classifier":
        return diffusion.classify(unconditional, gradient, eta=eta)
    return diffusion.guide(conditional, unconditional, eta=eta)


def guided_mixture(x, t, weights, means, covariances, label, eta):
    """Guidance to a component of a mixture, both ways."""
    mixture = mixtures.checked(mixtures.Mixture(weights, means, covariances), x)
    return tuple(models.guided_score(x, t, mixture, label, eta=eta, mode=mode) for mode in ("free", "classifier"))


def dsm_loss(x0, t, z, predicted, weight):
    """Noised points, loss and target of denoising score matching."""
    found = diffusion.dsm_loss(predicted, t, z, weight=weight)
    return diffusion.forward(x0, t, z), found.loss, found.target


def drop_labels(y, draws, p_drop, null):
    """Labels with some of them dropped."""
    return diffusion.drop_labels(y, draws, p_drop=p_drop, null=null)


def subspace_score(x, t, A, weights, means, covariances):
    """The score of data on a plane."""
    return models.subspace_score(x, t, A, mixtures.Mixture(weights, means, covariances))


def gaussian_law(kind, mean, variance, times, eta, error):
    """Mean, variance and divergence of the samples of a Gaussian."""
    return tuple(models.gaussian_law(kind, mean, variance, times, eta=eta, error=error))


def encoder_score(x, X0, Xt, new0, newt, t, d, widths, ridges):
    """The estimated score, and what was chosen."""
    xp = array_namespace(x)
    listed = lambda values: [float(values[i]) for i in range(values.shape[0])]
    grid = {"widths": listed(widths), "ridges": listed(ridges)}
    score, fitted = models.encoder_score(x, t, X0, Xt, new0, newt, d=d, **grid)
    chosen = (xp.asarray(value, dtype=x.dtype, device=device(x)) for value in (fitted.width, fitted.ridge))
    return score, *chosen


def reward_directed(X, labelled, y, pseudo, noise, start, xi, times, target, penalty, nu):
    """Designs with a high reward."""
    settings = {"target": target, "penalty": penalty, "nu": nu}
    return tuple(models.reward_directed(X, labelled, y, pseudo, noise, start, xi, times, **settings))


_KIND = choice(
    "kind",
    diffusion.KINDS,
    "em: Euler-Maruyama; exp: exponential integrator; ddpm_large, ddpm_small: ancestral, with variance beta or beta (1 "
    "- abar') / (1 - abar), without noise where abar' = 1 (u = 0); ddim",
)
_ETA = number("eta", "of ddim: 0 deterministic, 1 as ddpm_small; else not read", NONNEGATIVE)
_FALLING = NONNEGATIVE.that("falling")
_TIMES = array(
    "times",
    "N+1",
    "at time t the data are multiplied with exp(-t/2), the noise has variance 1 - exp(-t)",
    _FALLING,
)
_WEIGHTS = real(0, 1, open="(").that("simplex")
_MIXTURE = (
    array("weights", "K", "of the components", _WEIGHTS),
    array("means", "K D", "of the components, at time 0"),
    array("covariances", "K D D", "of the components, at time 0", DEFINITE),
)
_LATENT = (
    array("weights", "K", "of the components of the latent law", _WEIGHTS),
    array("means", "K d", "of its components"),
    array("covariances", "K d d", "of its components", DEFINITE),
)
_STRENGTH = number("eta", "strength: 0 is plain conditional, -1 unconditional", real(-1))
_BAD_ETA = refusals.numbers("eta")


def _room(kind, eta, times):
    """Whether no step of ddim has more fresh noise than noise."""
    t = np.asarray(times, float)
    fresh, all_ = -np.expm1(np.diff(t)), -np.expm1(-t[:-1])
    return kind != "ddim" or bool(np.all((eta * np.sqrt(fresh / all_) <= 1) | (t[1:] == 0)))


def _times_of_rows(betas, rows):
    return np.append(np.cumsum(-np.log1p(-np.asarray(betas, float)))[rows], 0.0)


def _reachable(times):
    return bool(np.all(np.diff(np.asarray(times, float)) > -700))


_FRESH = "in ddim eta^2 (1 - exp(u - t)) <= 1 - exp(-t) for each step from t to u > 0: there is no more noise than all"
_STEPS = (
    Relation("each step is shorter than 700", ("times",), lambda i: _reachable(i["times"])),
    Relation(_FRESH, ("kind", "eta", "times"), lambda i: _room(i["kind"], i["eta"], i["times"])),
)
_ONE_STEP_OF = (
    Relation("u < t < u + 700", ("t", "u"), lambda i: i["u"] < i["t"] < i["u"] + 700),
    Relation(_FRESH, ("kind", "eta", "t", "u"), lambda i: _room(i["kind"], i["eta"], (i["t"], i["u"]))),
)
_STEPS_OF_ROWS = (
    Relation("each step is shorter than 700", ("betas", "rows"),
             lambda i: _reachable(_times_of_rows(i["betas"], i["rows"]))),
    Relation(_FRESH, ("kind", "eta", "betas", "rows"),
             lambda i: _room(i["kind"], i["eta"], _times_of_rows(i["betas"], i["rows"]))),
)  # fmt: skip
_BAD_MIXTURE = (
    ErrorCase(
        "weights-beyond-one", "weights must sum to 1", {"weights": np.array([0.75, 0.75])}, ValueError, "weights"
    ),
    ErrorCase(
        "no-weight", "a component without weight is none", {"weights": np.array([1.0, 0.0])}, ValueError, "weights"
    ),
)
_MPMATH = "mpmath with 50 digits, {}, written apart from the source"
_NO_STEPS, _ONE_STEP = {"long": "it has no steps"}, {"long": "it is one step"}

STEP = Operation(
    name="diffusion.sampler_step",
    summary="one step of a sampler backwards from time t to u; the score is that at time t; abar(t) = exp(-t)",
    inputs=(
        _KIND,
        array("x", "n D", "points at time t"),
        array("score", "n D", "gradient of the log-density at these points and at time t"),
        number("t", "time of departure", POSITIVE),
        number("u", "time of arrival", NONNEGATIVE),
        array("xi", "n D", "standard normal draws"),
        _ETA,
    ),
    outputs=(array("new_x", "n D", "points at time u"),),
    reference=sampler_step,
    exact=exact.sampler_step,
    exact_source=_MPMATH.format("by Bayes' rule"),
    cases=cases.STEP,
    sample=cases.sample_step,
    laws=laws.STEP,
    errors=(
        _BAD_ETA,
        refusals.numbers("t", "u"),
        *refusals.arrays(x="x")[:1],
        *refusals.arrays(score="score", xi="xi"),
        ErrorCase("times-rise", "u is earlier than t", {"u": 9.0}, ValueError, "t"),
        ErrorCase("eta-too-large", "more fresh noise than noise", {"kind": "ddim", "eta": 3.0}, ValueError, "eta"),
        ErrorCase("eta-huge", "the square of this is no number", {"kind": "ddim", "eta": 1e300}, ValueError, "eta"),
    ),
    relations=_ONE_STEP_OF,
    without=_ONE_STEP,
)

SAMPLE = Operation(
    name="diffusion.sample_mixture",
    summary="samples of a Gaussian mixture along given times, by its exact score at the time from which each step "
    "departs; heun: the probability-flow equation, which asks for the score at the arrival too",
    inputs=(
        choice("kind", (*diffusion.KINDS, "heun"), "as in sampler_step; heun: Heun's method, two scores a step"),
        array("x", "n D", "start, at the first time"),
        _TIMES,
        array("noise", "N n D", "draws for each step, the last one included; not read by heun"),
        *_MIXTURE,
        _ETA,
    ),
    outputs=(array("samples", "n D", "points at the last time"),),
    reference=sample_mixture,
    exact=exact.sample_mixture,
    exact_source=_MPMATH.format("scores in the axes of each covariance, steps by Bayes' rule"),
    cases=cases.SAMPLE,
    sample=cases.sample_sample,
    laws=laws.SAMPLE,
    errors=(
        _BAD_ETA,
        *_BAD_MIXTURE,
        *refusals.arrays(x="x", noise="noise")[::2],
        ErrorCase("times-rise", "they fall", {"times": np.array([1.0, 2.0, 0.5])}, ValueError, "times"),
        ErrorCase("negative-time", "there is no time before 0", {"times": np.array([1.0, 0.5, -0.5])}, ValueError,
                  "times"),
        ErrorCase("heun-to-0", "at 0 there may be no score", {"kind": "heun", "times": np.array([2.0, 1.0, 0.0])},
                  ValueError, "times"),
        ErrorCase("not-definite", "no covariance", {"covariances": np.zeros((2, 2, 2))}, ValueError, "covariances"),
    ),
    relations=(
        *_STEPS,
        Relation("the last time is > 0 for heun", ("kind", "times"),
                 lambda i: i["kind"] != "heun" or i["times"][-1] > 0),
    ),
)  # fmt: skip

TABLE = Operation(
    name="diffusion.table_steps",
    summary="steps of a sampler along some rows of a table of betas, with given predictions of the noise: what the "
    "scheduler of a library does; row i has kept abar_i = prod_{j<=i} (1 - beta_j), and the last step goes to abar = "
    "1, without noise",
    inputs=(
        choice("kind", ("ddpm_large", "ddpm_small", "ddim"), "as in sampler_step"),
        array("x", "n D", "points at the first of the rows"),
        array("predicted", "N n D", "noise that a network predicts in each step"),
        array("betas", "M", "table of the training", real(0, 1, open="()")),
        array("rows", "N", "from where each step departs; they may be any", below("M").that("falling")),
        array("noise", "N n D", "draws; the last is not used"),
        _ETA,
    ),
    outputs=(array("xs", "N n D", "points after each step", steps=True),),
    reference=table_steps,
    exact=exact.table_steps,
    exact_source=_MPMATH.format("by Bayes' rule"),
    cases=cases.TABLE,
    sample=cases.sample_table,
    laws=laws.TABLE,
    errors=(
        _BAD_ETA,
        ErrorCase("betas-no-schedule", "with a negative beta what is kept would rise",
                  {"betas": np.array([0.1, -0.2, 0.3, 0.1, 0.1, 0.1])}, ValueError, "betas"),
        ErrorCase("beta-of-one", "nothing would be kept", {"betas": np.array([0.1, 1.0, 0.3, 0.1, 0.1, 0.1])},
                  ValueError, "betas"),
        ErrorCase("rows-rise", "steps go back", {"rows": np.array([1, 3, 5])}, ValueError, "rows"),
        ErrorCase("no-such-row", "the table has six", {"rows": np.array([6, 3, 0])}, ValueError, "rows"),
        *refusals.arrays(x="x", predicted="predicted")[::2],
    ),
    relations=_STEPS_OF_ROWS,
    schedule=Schedule(kind="kind", start="x", model="predicted", betas="betas", rows="rows", noise="noise", eta="eta"),
)  # fmt: skip

GUIDED = Operation(
    name="diffusion.guided_score",
    summary="guidance: (1 + eta) times the conditional score less eta times the unconditional one (free), or the "
    "unconditional score and (1 + eta) times the gradient of a classifier's log-probability (classifier)",
    inputs=(
        choice("mode", ("free", "classifier"), "free of a classifier, or with one"),
        array("conditional", "n D", "score with the label; read if free"),
        array("unconditional", "n D", "score without"),
        array("gradient", "n D", "of the log-probability of the label, in the noisy points; read if classifier"),
        _STRENGTH,
    ),
    outputs=(array("score", "n D", "guided score"),),
    reference=guided_score,
    exact=exact.guided_score,
    exact_source="fractions, as a line through two scores",
    cases=cases.GUIDED,
    sample=cases.sample_guided,
    laws=laws.GUIDED,
    errors=(
        refusals.numbers("eta"),
        ErrorCase(
            "classifier-pushes-away",
            "with a classifier too eta is at least -1",
            {"mode": "classifier", "eta": -2.0},
            ValueError,
            "eta",
        ),
        *refusals.arrays(conditional="conditional", unconditional="unconditional"),
    ),
    without=_NO_STEPS,
)

GUIDED_MIXTURE = Operation(
    name="diffusion.guided_mixture",
    summary="guidance to a component of a Gaussian mixture at time t, with exact scores, and with the exact classifier "
    "of noisy points",
    inputs=(
        array("x", "n D", "points at time t"),
        number("t", "time", NONNEGATIVE),
        *_MIXTURE,
        integer("label", "number of the component", below("K")),
        _STRENGTH,
    ),
    outputs=(
        array("free", "n D", "the scores of the component and of the mixture, extrapolated"),
        array("classifier", "n D", "the score of the mixture, and the gradient of the classifier; the same"),
    ),
    reference=guided_mixture,
    exact=exact.guided_mixture,
    exact_source=_MPMATH.format("scores in the axes of each covariance"),
    cases=cases.GUIDED_MIXTURE,
    sample=cases.sample_guided_mixture,
    laws=laws.GUIDED_MIXTURE,
    errors=(
        refusals.numbers("t", "label", "eta"),
        *_BAD_MIXTURE,
    ),
    without=_NO_STEPS,
)

DSM = Operation(
    name="diffusion.dsm_loss",
    summary="denoising score matching: noised points exp(-t/2) x0 + sqrt(1 - exp(-t)) z, the score of their noise, and "
    "the mean over the points of the squared distance (summed over coordinates) of predicted scores from it",
    inputs=(
        array("x0", "n D", "data"),
        array("t", "n", "a time for each", POSITIVE),
        array("z", "n D", "standard normal draws"),
        array("predicted", "n D", "predicted scores"),
        choice("weight", ("one", "h"), "weight of each point: 1, or the variance 1 - exp(-t) of its noise"),
    ),
    outputs=(
        array("x_t", "n D", "noised points"),
        array("loss", "", "mean"),
        array("target", "n D", "score of the noise"),
    ),
    reference=dsm_loss,
    exact=exact.dsm_loss,
    exact_source=_MPMATH.format("point by point"),
    cases=cases.DSM,
    sample=cases.sample_dsm,
    laws=laws.DSM,
    errors=(
        *refusals.arrays(x0="x0")[:1],
        *refusals.arrays(z="z")[:1],
        *refusals.arrays(predicted="predicted"),
        ErrorCase("time-0", "no noise has no score", {"t": np.zeros(3)}, ValueError, "t"),
        ErrorCase("negative-time", "there is no time before 0", {"t": np.full(3, -0.5)}, ValueError, "t"),
    ),
    without=_NO_STEPS,
)

_LABEL = whole(-math.inf)
DROP = Operation(
    name="diffusion.drop_labels",
    summary="training for classifier-free guidance: each label by itself is replaced by the null label where its draw "
    "is below p_drop",
    inputs=(
        array("y", "n", "labels", _LABEL),
        array("draws", "n", "uniform draws", real(0, 1, open=")")),
        number("p_drop", "probability of dropping", SHARE),
        integer("null", "the label that stands for none", _LABEL),
    ),
    outputs=(array("labels", "n", "with the null label in some places"),),
    reference=drop_labels,
    exact=exact.drop_labels,
    exact_source="label by label",
    cases=cases.DROP,
    sample=cases.sample_drop,
    laws=laws.DROP,
    errors=(refusals.numbers("p_drop"), *refusals.arrays(draws="draws")),
    without=_NO_STEPS,
)

SUBSPACE = Operation(
    name="diffusion.subspace_score",
    summary="score at time t of data A z on a plane through 0, with z from a Gaussian mixture",
    inputs=(
        array("x", "n D", "points at time t"),
        number("t", "time", POSITIVE),
        array("A", "D d", "axes of the plane", REAL.that("orthonormal")),
        *_LATENT,
    ),
    outputs=(array("score", "n D", "score"),),
    reference=subspace_score,
    exact=exact.subspace_score,
    exact_source=_MPMATH.format("as a degenerate mixture in all dimensions"),
    cases=cases.SUBSPACE,
    sample=cases.sample_subspace,
    laws=laws.SUBSPACE,
    errors=(
        refusals.numbers("t"),
        *_BAD_MIXTURE,
        ErrorCase("not-orthonormal", "a stretched plane", {"A": np.ones((4, 2))}, ValueError, "A"),
        *refusals.arrays(x="x")[:1],
    ),
    without=_NO_STEPS,
)

LAW = Operation(
    name="diffusion.gaussian_law",
    summary="mean and variance of what a sampler makes of a standard normal start, for one-dimensional Gaussian data "
    "and their score with a constant error, and the Kullback-Leibler divergence of the data at the last time from it",
    inputs=(
        _KIND,
        number("mean", "of the data", REAL),
        number("variance", "of the data", POSITIVE),
        array("times", "N+1", "the last too may be 0", _FALLING),
        _ETA,
        number("error", "added to the score", REAL),
    ),
    outputs=(
        array("m", "", "mean of the samples"),
        array("v", "", "their variance"),
        array("kl", "", "divergence KL(data at the last time || samples), in nats"),
    ),
    reference=gaussian_law,
    exact=exact.gaussian_law,
    exact_source=_MPMATH.format("from where a step takes 0, 1 and noise alone"),
    cases=cases.LAW,
    sample=cases.sample_law,
    laws=laws.LAW,
    errors=(
        refusals.numbers("eta", "mean", "variance", "error"),
        ErrorCase("times-rise", "they fall", {"times": np.array([1.0, 2.0, 0.5])}, ValueError, "times"),
    ),
    relations=_STEPS,
    without={"large": "it has no axis but that of the steps"},
)


def _apart(X0, d):
    """Whether the plane of the first d directions is one plane, to a few digits."""
    values = np.append(np.linalg.svd(np.asarray(X0, float), compute_uv=False), 0.0)
    return bool(values[d - 1] > 1.01 * values[d]) or d == X0.shape[1]


ENCODER = Operation(
    name="diffusion.encoder_score",
    summary="score at one time, estimated from clean and noised data: onto the d principal axes of the clean data "
    "(through 0), kernel ridge regression of the clean code on the noised one, and s = (exp(-t/2) V f(V'x) - x) / h",
    inputs=(
        array("x", "k D", "where the score is wanted"),
        array("X0", "n D", "clean training data"),
        array("Xt", "n D", "each with noise"),
        array("new0", "m D", "clean validation data"),
        array("newt", "m D", "each with noise"),
        number("t", "time", POSITIVE),
        integer("d", "dimension of the code", whole(1, "D")),
        array(
            "widths",
            "B",
            "squared lengths of the kernel, in median squared distances of different noised codes",
            POSITIVE,
        ),
        array("ridges", "R", "added to the diagonal of the kernel matrix", POSITIVE),
    ),
    outputs=(
        array("score", "k D", "with the pair that has the least squared error on the validation codes"),
        array("width", "", "the width chosen"),
        array("ridge", "", "the ridge chosen"),
    ),
    reference=encoder_score,
    exact=exact.encoder_score,
    exact_source=_MPMATH.format("in the axes of the second moments"),
    cases=cases.ENCODER,
    sample=cases.sample_encoder,
    laws=laws.ENCODER,
    errors=(
        refusals.numbers("t", "d"),
        ErrorCase("negative-ridge", "a penalty", {"ridges": np.array([-0.1])}, ValueError, "ridges"),
        ErrorCase("zero-width", "a length", {"widths": np.array([0.0])}, ValueError, "widths"),
        *refusals.arrays(x="x", X0="X0")[::2],
    ),
    relations=(
        Relation("n >= 2, d <= n", ("Xt", "X0", "d"), lambda i: i["d"] <= len(i["X0"]) >= 2),
        Relation("the d-th singular value of X0 is above the next", ("X0", "d"), lambda i: _apart(i["X0"], i["d"])),
        Relation(
            "at most half of the rows of Xt are alike",
            ("Xt",),
            lambda i: 2 * len(np.unique(i["Xt"], axis=0)) > len(i["Xt"]),
        ),
    ),
    without=_NO_STEPS,
)

REWARD = Operation(
    name="diffusion.reward_directed",
    summary="reward-directed generation for a linear reward and a linear score: ridge regression of the labels, noisy "
    "pseudo-labels, at each time ridge regression (penalty 0.01) of the data on (x_t, label), and the exponential "
    "integrator at the label that is asked for",
    inputs=(
        array("X", "n D", "unlabelled designs"),
        array("labelled", "m D", "labelled designs"),
        array("y", "m", "their rewards"),
        array("pseudo", "n", "standard normal draws for the pseudo-labels"),
        array("noise", "N n D", "standard normal draws, from which the score of each step is learned"),
        array("start", "k D", "start of the sampler"),
        array("xi", "N k D", "its noise"),
        array("times", "N+1", "the last too may be 0", _FALLING),
        number("target", "the reward that is asked for", REAL),
        number("penalty", "of the reward's regression, of the sum of squares", POSITIVE),
        number("nu", "standard deviation of the noise on pseudo-labels", NONNEGATIVE),
    ),
    outputs=(
        array("theta", "D", "estimated reward"),
        array("labels", "n", "pseudo-labels"),
        array("samples", "k D", "designs"),
    ),
    reference=reward_directed,
    exact=exact.reward_directed,
    exact_source=_MPMATH.format("regressions by their dual"),
    cases=cases.REWARD,
    sample=cases.sample_reward,
    laws=laws.REWARD,
    errors=(
        refusals.numbers("target", "penalty", "nu"),
        ErrorCase("times-rise", "they fall", {"times": np.array([1.0, 2.0, 0.5])}, ValueError, "times"),
        *refusals.arrays(X="X", y="y")[::2],
    ),
    relations=_STEPS[:1],
)

SYSTEM = System(
    name="diffusion",
    chapter="generative",
    summary="diffusion models: scores, samplers, guidance, and where their errors come from",
    paper=Paper(
        title="An Overview of Diffusion Models: Applications, Guided Generation, Statistical Rates and Optimization",
        authors="Chen, Mei, Fan, Wang",
        arxiv="2404.07771",
        year=2024,
        key="chen2024overview",
    ),
    operations=(STEP, SAMPLE, TABLE, GUIDED, GUIDED_MIXTURE, DSM, DROP, SUBSPACE, LAW, ENCODER, REWARD),
    claims=CLAIMS,
    alternatives=ALTERNATIVES,
    equations={
        "diffusion-1": "forward process, solved",
        "diffusion-2": "forward process, solved",
        "diffusion-3": "forward process, solved",
        "diffusion-4": "Tweedie's formula",
        "diffusion-5": "prediction of the noise, Ho et al. (2020, arXiv:2006.11239)",
        "diffusion-6": "denoising score matching",
        "diffusion-7": "denoising score matching",
        "diffusion-8": "backward process; ours: all samplers in one line",
        "diffusion-9": "backward process, Euler-Maruyama",
        "diffusion-10": "backward process, score frozen",
        "diffusion-11": "Ho et al. (2020, arXiv:2006.11239), Section 3.2, both variances",
        "diffusion-12": "Ho et al. (2020, arXiv:2006.11239), Algorithm 2; any steps",
        "diffusion-13": "Song et al. (2021, arXiv:2010.02502), Equation 16",
        "diffusion-14": "Song et al. (2021, arXiv:2010.02502), Equation 12",
        "diffusion-15": "probability flow, Song et al. (2021, arXiv:2011.13456); Heun's method",
        "diffusion-16": "probability flow, Song et al. (2021, arXiv:2011.13456); Heun's method",
        "diffusion-17": "ours: libraries' tables as times",
        "diffusion-18": "ours: any rows of a table",
        "diffusion-19": "classifier-free training, masks",
        "diffusion-20": "classifier-free guidance",
        "diffusion-21": "classifier guidance",
        "diffusion-22": "forward process of a mixture; ours",
        "diffusion-23": "Bayes' rule, of a mixture; ours",
        "diffusion-24": "score on a subspace, on-support part",
        "diffusion-25": "score on a subspace, both parts",
        "diffusion-26": "ours: the samplers' mean",
        "diffusion-27": "ours: the samplers' variance",
        "diffusion-28": "divergence of two Gaussians",
        "diffusion-29": "linear encoder; ours: singular vectors",
        "diffusion-30": "ours: Gaussian kernel",
        "diffusion-31": "ours: kernel ridge regression",
        "diffusion-32": "linear encoder and decoder, with the skip connection",
        "diffusion-33": "reward estimate",
        "diffusion-34": "pseudo-labels",
        "diffusion-35": "conditional score, of Gaussian data; ours: regression",
        "diffusion-36": "conditional score",
    },
)
