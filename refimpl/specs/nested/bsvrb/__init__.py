"""What the oracle knows of BSVRB."""

import numpy as np

from refimpl.core.arrays import array_namespace
from refimpl.nested import _bsvrb_baselines as baselines
from refimpl.nested import _bsvrb_models as models
from refimpl.nested import bsvrb
from refimpl.specs import refusals, sizes
from refimpl.specs.base import ErrorCase, Operation, Paper, System, array, choice, integer, number
from refimpl.specs.domains import COUNT, DEFINITE, POSITIVE, REAL, SIGNS, SYMMETRIC, Relation, below, real, whole
from refimpl.specs.nested.bsvrb import cases, exact, laws
from refimpl.specs.nested.bsvrb.claims import CLAIMS
from refimpl.specs.nested.bsvrb.mistakes import ALTERNATIVES


def msvr(est, new, old, alpha, gamma):
    """One correction of an estimate."""
    return bsvrb.msvr(est, new, old, alpha=alpha, gamma=gamma)


def msvr_gamma(m, I, alpha):
    """Weight of the correction."""
    return bsvrb.msvr_gamma(m, I, alpha)


def psd_floor(H, mu):
    """Matrices with eigenvalues of at least mu."""
    return bsvrb.psd_floor(H, mu=mu)


def _walk(state, problem, blocks, batches_g, batches_f, **rates):
    """The state after the last step, and x after each."""
    xs = []
    for t in range(blocks.shape[0]):
        state = bsvrb.step(state, problem, blocks[t, :], batches_g[t, ...], batches_f[t, ...], **rates)
        xs.append(state.now.x)
    return state, array_namespace(state.z).stack(xs)


def steps_v1(A, B, b, c, r, x0, y0, s0, H0, z0, blocks, batches_g, batches_f, **rates):
    """Version 1 on quadratics, from given estimates and indices."""
    state, problem = bsvrb.start(x0, y0, s0, z0, H=H0), models.Quadratics(A, B, b, c, r)
    state, xs = _walk(state, problem, blocks, batches_g, batches_f, **rates)
    return xs, state.now.y, state.s, state.z, state.now.H


def steps_v2(A, B, b, c, r, x0, y0, s0, v0, u0, z0, blocks, batches_g, batches_f, **rates):
    """Version 2 on quadratics, from given estimates and indices."""
    state, problem = bsvrb.start(x0, y0, s0, z0, v=v0, u=u0), models.Quadratics(A, B, b, c, r)
    state, xs = _walk(state, problem, blocks, batches_g, batches_f, **rates)
    return xs, state.now.y, state.s, state.z, state.now.v, state.u


def rsvrb_steps(A, B, b, c, r, x0, y0, s0, w0, V0, H0, z0, blocks, others, batches_g, batches_f, **rates):
    """The baseline on quadratics, from given estimates and indices."""
    state, problem = baselines.rsvrb_start(x0, y0, s0, w0, V0, H0, z0), models.Quadratics(A, B, b, c, r)
    batches, xs = (blocks, others, batches_g, batches_f), []
    for t in range(blocks.shape[0]):
        state = baselines.rsvrb_step(state, problem, *(batch[t, ...] for batch in batches), **rates)
        xs.append(state.x)
    return array_namespace(x0).stack(xs), state.y


def hpo_products(X, labels, p, w, v, sigma, batch, reg):
    """Gradient and second derivatives of weighted classifiers, times v."""
    xp = array_namespace(X)
    problem = models.Scales(X, labels, X, labels, sigma, reg)
    at = xp.arange(sigma.shape[0], device=X.device), batch, p, w
    cross = problem.cross_xy_g(*at, v)
    return problem.grad_y_g(*at), problem.hvp_yy_g(*at, v), xp.mean(cross, axis=0)


_MPMATH = "mpmath with 50 digits, {}"
_WEIGHT = real(0, 1, open="(")  # of what is new in an average
_BLOCKS = below("m").that("different")
_PROBLEM = (
    array("A", "m n d d", "Hessian of each sample of each block", SYMMETRIC),
    array("B", "m n d e", "how x pushes y: g = y^T A y / 2 - y^T (B x + b)"),
    array("b", "m n d", "the same without x"),
    array("c", "m n d", "where f wants y: f = |y - c|^2 / 2 + r sum x^2 / (1 + x^2)"),
    number("r", "weight of the last term of f", REAL),
)
_START = (
    array("x0", "e", "upper variable at the start"),
    array("y0", "m d", "lower variables at the start"),
    array("s0", "m d", "estimates of the gradients of g in y"),
)
_INDICES = (
    array("blocks", "T I", "the sampled blocks", _BLOCKS),
    array("batches_g", "T I k", "samples of g for each of them", below("n")),
    array("batches_f", "T I k", "samples of f", below("n")),
)
_ETA_TAU = (number("eta", "step size of x", POSITIVE), number("tau", "step size of y", POSITIVE))
_BETA = number("beta", "weight of what is new in z", _WEIGHT)
_ALPHA = number(
    "alpha", "weight of what is new in the estimates of the blocks; the correction has that of theory", _WEIGHT
)
EIGENVECTORS = 16  # units in the last place, that columns of a library may be off right angles
_MU = number("mu", "floor of the eigenvalues of Hessians", POSITIVE)
_SOME_BLOCKS = Relation(
    "alpha < 1 where I < m", ("alpha",), lambda i: i["alpha"] < 1 or i["blocks"].shape[1] == i["y0"].shape[0]
)
_SHORT_V = Relation(
    "no row of v0 is longer than radius",
    ("v0", "radius"),
    lambda i: bool(np.all(np.linalg.norm(i["v0"] / i["radius"], axis=1) <= 1)),
)
_MODE = choice("mode", bsvrb.MODES, "whether all blocks move, sampled ones, or these by the steps that they missed")
_Z0 = array("z0", "e", "estimate of the hyper-gradient")
_ANSWER = (
    array("x", "T e", "upper variable after each step", steps=True),
    array("y", "m d", "lower variables at the end"),
    array("s", "m d", "their estimates at the end"),
    array("z", "e", "estimate of the hyper-gradient at the end"),
)
_SHORT, _LONE = np.zeros((4, 2, 2)), np.zeros((4, 2))
_BAD_INDICES = (
    ErrorCase("empty-batch", "a mean over nothing", {"batches_g": np.zeros((4, 2, 0))}, ValueError, "batch_g"),
    ErrorCase("empty-batch-of-f", "a mean over nothing", {"batches_f": np.zeros((4, 2, 0))}, ValueError, "batch_f"),
    ErrorCase("no-such-block", "there are three", {"blocks": np.tile([0.0, 3.0], (4, 1))}, ValueError, "blocks"),
    ErrorCase("block-twice", "an estimate would be written to twice", {"blocks": _LONE}, ValueError, "blocks"),
    ErrorCase(
        "negative-block", "no counting from the end", {"blocks": np.tile([0.0, -1.0], (4, 1))}, ValueError, "blocks"
    ),
    ErrorCase("no-such-sample", "there are four", {"batches_g": _SHORT + 4}, ValueError, "batch_g"),
    ErrorCase("negative-sample", "no counting from the end", {"batches_f": _SHORT - 1}, ValueError, "batch_f"),
    ErrorCase("too-many-batches", "one for each block", {"batches_g": np.zeros((4, 3, 2))}, ValueError, "batch_g"),
)
_BAD_ARRAYS = (*refusals.arrays(x0="x", y0="y")[::2], *refusals.arrays(s0="s", z0="z"))
_BAD_STEPS = refusals.numbers("eta", "tau", "beta")
_BAD_WEIGHTS = (
    refusals.numbers("alpha"),
    ErrorCase("alpha-one", "estimates of unsampled blocks would have no weight", {"alpha": 1.0}, ValueError, "alpha"),
    ErrorCase("unknown-mode", "there are three", {"mode": "lazy"}, ValueError, "mode"),
)

MSVR = Operation(
    name="bsvrb.msvr",
    summary="an estimate moved towards a new value and corrected by the difference of a sample at two points",
    inputs=(
        array("est", "k", "the estimate"),
        array("new", "k", "value of a sample at the present point"),
        array("old", "k", "value of the same sample at the last point"),
        number("alpha", "weight of the new value", _WEIGHT),
        number("gamma", "weight of the correction", REAL),
    ),
    outputs=(array("new_est", "k", "the next estimate"),),
    reference=msvr,
    exact=exact.msvr,
    exact_source="fractions, terms collected by estimate, new and old value",
    cases=cases.MSVR,
    sample=cases.sample_msvr,
    laws=laws.MSVR,
    errors=(
        *refusals.arrays(est="est")[:1],
        *refusals.arrays(new="new", old="old"),
        refusals.numbers("alpha", "gamma"),
    ),
    without={"long": "it has no steps"},
)

GAMMA = Operation(
    name="bsvrb.msvr_gamma",
    summary="weight of the correction where I of m blocks are sampled",
    inputs=(
        integer("m", "blocks", COUNT),
        integer("I", "sampled blocks", whole(1, "m")),
        number("alpha", "weight of a new value", _WEIGHT),
    ),
    outputs=(array("gamma", "", "the weight"),),
    reference=msvr_gamma,
    exact=exact.msvr_gamma,
    exact_source="fractions: the root of the cross term of the mean square error",
    cases=cases.GAMMA,
    sample=cases.sample_gamma,
    laws=laws.GAMMA,
    relations=(Relation("alpha < 1 where I < m", ("m", "I", "alpha"), lambda i: i["alpha"] < 1 or i["I"] == i["m"]),),
    errors=(
        refusals.numbers("alpha", "I", "m"),
        ErrorCase("alpha-one", "it would be infinite", {"alpha": 1.0}, ValueError, "alpha"),
    ),
    without={"long": "it has no steps", "large": "it has no arrays"},
)

FLOOR = Operation(
    name="bsvrb.psd_floor",
    summary="nearest symmetric matrices with eigenvalues of at least mu",
    inputs=(array("H", "m d d", "matrices"), number("mu", "the floor", POSITIVE)),
    outputs=(array("H", "m d d", "matrices, symmetric", ulps=EIGENVECTORS),),
    reference=psd_floor,
    exact=exact.psd_floor,
    exact_source=_MPMATH.format("eigenvalues below the floor lifted one by one"),
    cases=cases.FLOOR,
    sample=cases.sample_floor,
    laws=laws.FLOOR,
    errors=(*refusals.arrays(H="H"), refusals.numbers("mu")),
    without={"long": "it has no steps"},
)

V1 = Operation(
    name="bsvrb.steps_v1",
    summary="steps of version 1 on quadratics: estimates of Hessians, inverted",
    inputs=(
        *_PROBLEM,
        *_START,
        array("H0", "m d d", "estimates of the Hessians", DEFINITE),
        _Z0,
        *_INDICES,
        *_ETA_TAU,
        _ALPHA,
        _BETA,
        _MU,
        _MODE,
    ),
    outputs=(*_ANSWER, array("H", "m d d", "estimates of the Hessians at the end")),
    reference=steps_v1,
    exact=exact.steps_v1,
    exact_source=_MPMATH.format("block by block and sample by sample, inverses of the Hessians, clocks of each block"),
    cases=(*cases.V1, sizes.one_step),
    sample=cases.sample_v1,
    laws=laws.V1,
    relations=(_SOME_BLOCKS,),
    errors=(
        *_BAD_ARRAYS,
        _BAD_STEPS,
        *_BAD_WEIGHTS,
        *_BAD_INDICES,
        refusals.numbers("mu"),
        ErrorCase("singular-hessian", "it is inverted", {"H0": np.zeros((3, 2, 2))}, ValueError, "H"),
        ErrorCase("saddle", "no minimum", {"H0": np.tile(np.diag([1.0, -1.0]), (3, 1, 1))}, ValueError, "H"),
    ),
    without={"long": "its loop is that of steps_v2, which has a long one"},
)

V2 = Operation(
    name="bsvrb.steps_v2",
    summary="steps of version 2 on quadratics: the solution of the linear system followed, no inverse",
    inputs=(
        *_PROBLEM,
        *_START,
        array("v0", "m d", "estimates of the solutions"),
        array("u0", "m d", "estimates of A v - (y - c)"),
        _Z0,
        *_INDICES,
        *_ETA_TAU,
        number("tau_v", "step size of v", POSITIVE),
        _ALPHA,
        _BETA,
        number("radius", "bound on the length of v", real(0, open="(", infinite=True)),
        _MODE,
    ),
    outputs=(*_ANSWER, array("v", "m d", "the solutions at the end"), array("u", "m d", "their estimates at the end")),
    reference=steps_v2,
    exact=exact.steps_v2,
    exact_source=_MPMATH.format("block by block and sample by sample, clocks of each block"),
    cases=(*cases.V2, sizes.one_step),
    sample=cases.sample_v2,
    laws=laws.V2,
    relations=(_SOME_BLOCKS, _SHORT_V),
    errors=(
        *_BAD_ARRAYS,
        *refusals.arrays(v0="v", u0="u"),
        _BAD_STEPS,
        *_BAD_WEIGHTS,
        *_BAD_INDICES,
        refusals.numbers("tau_v", "radius"),
    ),
)

RSVRB = Operation(
    name="bsvrb.rsvrb_steps",
    summary="steps of the baseline RSVRB on quadratics: estimates of unsampled blocks shrink",
    inputs=(
        *_PROBLEM,
        *_START,
        array("w0", "m d", "estimates of y - c"),
        array("V0", "m e d", "estimates of -B^T"),
        array("H0", "m d d", "estimates of the Hessians"),
        _Z0,
        _INDICES[0],
        array("others", "T I", "blocks of the hyper-gradient", _BLOCKS),
        *_INDICES[1:],
        *_ETA_TAU,
        _BETA,
        _MU,
    ),
    outputs=_ANSWER[:2],
    reference=rsvrb_steps,
    exact=exact.rsvrb_steps,
    exact_source=_MPMATH.format("block by block and sample by sample, inverses of the Hessians"),
    cases=(*cases.RSVRB, sizes.one_step),
    sample=cases.sample_rsvrb,
    laws=laws.RSVRB,
    errors=(
        *_BAD_ARRAYS,
        _BAD_STEPS,
        *_BAD_INDICES,
        refusals.numbers("mu"),
        ErrorCase("no-such-other", "there are three", {"others": np.tile([0.0, 3.0], (4, 1))}, ValueError, "others"),
        ErrorCase("other-twice", "all different", {"others": _LONE}, ValueError, "others"),
        ErrorCase("one-other", "as many as blocks", {"others": np.zeros((4, 1))}, ValueError, "others"),
    ),
    without={"long": "steps_v2 has a long one", "large": "its sums are those of steps_v1, which has a large one"},
)

HPO = Operation(
    name="bsvrb.hpo_products",
    summary="classifiers at several scales on weighted samples: gradient, Hessian times v, cross derivative times v",
    inputs=(
        array("X", "n d", "samples"),
        array("labels", "n", "their classes", SIGNS),
        array("p", "n", "upper variable: a sample counts sigmoid(p) times"),
        array("w", "I d", "a classifier for each scale"),
        array("v", "I d", "what second derivatives are multiplied with"),
        array("sigma", "I", "scales", POSITIVE),
        array("batch", "I k", "the samples of each; one may come twice", below("n")),
        number("reg", "weight of |w|^2 / 2", REAL),
    ),
    outputs=(
        array("gradient", "I d", "in w"),
        array("hvp", "I d", "Hessian in w, times v"),
        array("cross", "n", "cross derivative in p and w, times v, mean over the scales"),
    ),
    reference=hpo_products,
    exact=exact.hpo_products,
    exact_source=_MPMATH.format("sample by sample, with exponentials of margins"),
    cases=cases.HPO,
    sample=cases.sample_hpo,
    laws=laws.HPO,
    without={"long": "it has no steps"},
)

SYSTEM = System(
    name="bsvrb",
    chapter="nested",
    summary="many lower problems, a few sampled per step, each with estimates that are corrected by how the point "
    "has moved",
    paper=Paper(
        title="Blockwise Stochastic Variance-Reduced Methods with Parallel Speedup for Multi-Block Bilevel "
        "Optimization",
        authors="Hu, Qiu, Guo, Zhang, Yang",
        arxiv="2305.18730",
        year=2023,
        key="hu2023blockwise",
    ),
    operations=(MSVR, GAMMA, FLOOR, V1, V2, RSVRB, HPO),
    claims=CLAIMS,
    alternatives=ALTERNATIVES,
    equations={
        "bsvrb-1": "the hyper-gradient, by implicit differentiation",
        "bsvrb-2": "version 1, the inverse of the tracked Hessian",
        "bsvrb-3": "MSVR (Jiang et al., 2022)",
        "bsvrb-4": "the same, theory value",
        "bsvrb-5": "STORM (Cutkosky and Orabona, 2019)",
        "bsvrb-6": "both versions, lower gradients",
        "bsvrb-7": "version 1, Hessians",
        "bsvrb-8": "version 1, the projection; ours: by eigenvalues",
        "bsvrb-9": "version 2, gradient of the quadratic whose minimum is v",
        "bsvrb-10": "version 2, its estimates",
        "bsvrb-11": "both versions, lower step",
        "bsvrb-12": "version 2, step of v with projection on a ball",
        "bsvrb-13": "both versions, hyper-gradient",
        "bsvrb-14": "both versions, upper step",
        "bsvrb-15": "the authors' code: who moves",
        "bsvrb-16": "ours: the decay that STORM has",
        "bsvrb-17": "RSVRB (Guo et al., 2021) as in the authors' code",
        "bsvrb-18": "the same, hyper-gradient",
        "bsvrb-19": "the SGD-type baseline: moving averages",
        "bsvrb-20": "ours: hyper-gradient of the quadratics",
        "bsvrb-21": "hyper-parameter experiment, lower gradient",
        "bsvrb-22": "the same, curvature; with a minus sign in the authors' code",
        "bsvrb-23": "the same, cross derivative",
        "bsvrb-24": "the same; assigned instead of added in the authors' code",
    },
)
