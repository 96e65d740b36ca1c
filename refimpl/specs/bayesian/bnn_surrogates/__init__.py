"""What the oracle knows of Bayesian neural networks as surrogates."""

import numpy as np

from refimpl.bayesian import bnn_surrogates
from refimpl.core.arrays import array_namespace
from refimpl.models import sampling
from refimpl.specs import refusals
from refimpl.specs.base import ErrorCase, Operation, Paper, System, array, choice, integer, number
from refimpl.specs.bayesian.bnn_surrogates import cases, exact, laws
from refimpl.specs.bayesian.bnn_surrogates.claims import CLAIMS
from refimpl.specs.bayesian.bnn_surrogates.mistakes import ALTERNATIVES
from refimpl.specs.domains import (
    COUNT,
    FRACTION,
    MASK,
    NONNEGATIVE,
    POSITIVE,
    REAL,
    SHARE,
    WHOLE,
    Relation,
    below,
    real,
)


def _sizes(x, width, depth, *out):
    return (x.shape[1], *[width] * depth, *out)


def _model(x, width, depth, noise, prior):
    return {"sizes": _sizes(x, width, depth, 1), "noise": noise, "prior": prior}


def energy(w, x, y, width, depth, noise, prior):
    """Minus log posterior and its gradient."""
    return bnn_surrogates.energy(w, x, y, **_model(x, width, depth, noise, prior))


def hmc(w, momenta, uniforms, steps, x, y, width, depth, noise, prior, step):
    """Transitions with given draws."""
    counts = [int(steps[t]) for t in range(steps.shape[0])]
    model = _model(x, width, depth, noise, prior)
    with np.errstate(over="ignore", invalid="ignore"):  # a path may leave the range of numbers, and is rejected
        return bnn_surrogates.hmc(w, momenta, uniforms, x, y, step=step, steps=counts, **model)[:3]


def dual_averaging(acceptance, start, target):
    """Steps after each rate."""
    state, rows, xp = sampling.averaging_init(start), [], array_namespace(acceptance)
    for t in range(acceptance.shape[0]):
        state = sampling.dual_averaging(state, float(acceptance[t]), target=target)
        rows.append((0 * acceptance[t] + state.step, 0 * acceptance[t] + state.averaged))
    step, averaged = zip(*rows, strict=True)
    return xp.stack(step), xp.stack(averaged)


def sghmc(w, indices, xi, x, y, width, depth, noise, prior, lr, friction, burn_in):
    """Steps with given minibatches and noise."""
    model, rates = _model(x, width, depth, noise, prior), {"lr": lr, "friction": friction, "burn_in": burn_in}
    states, last = bnn_surrogates.sghmc(w, indices, xi, x, y, **model, **rates)
    return states, last.tau, last.g_hat, last.v_hat, last.momentum


def ensemble(starts, masks, x, y, points, targets, width, depth, noise, prior, lr, steps):
    """Members, and what they predict."""
    model, xp = _model(x, width, depth, noise, prior), array_namespace(x)
    members = bnn_surrogates.ensemble(starts, xp.astype(masks, x.dtype), x, y, steps=steps, lr=lr, **model)
    rows = [bnn_surrogates.network(members[s, :], points, sizes=model["sizes"]) for s in range(members.shape[0])]
    mean, variance = bnn_surrogates.predictive(xp.stack(rows), noise=noise)
    return members, mean, variance, bnn_surrogates.log_likelihood(targets, mean, variance)


def laplace(w, x, points, width, depth, noise, prior):
    """Law of the linearised network."""
    return bnn_surrogates.laplace(w, x, points, **_model(x, width, depth, noise, prior))


def ibnn_kernel(x, y, depth, weight_variance, bias_variance, activation):
    """Covariances of the wide limit, and the variances of x."""
    settings = {"depth": depth, "weight_variance": weight_variance, "bias_variance": bias_variance}
    xp, kernel = array_namespace(x), lambda x, y: bnn_surrogates.ibnn_kernel(x, y, activation=activation, **settings)
    n = x.shape[0]
    blocks = [kernel(x[i : min(i + 50, n), :], None) for i in range(0, n, 50)]  # each point with itself
    return kernel(x, y), xp.concat([xp.linalg.diagonal(block) for block in blocks])


def dkl_evidence(w, x, y, width, depth, lengths, scale, noise, mean):
    """Log evidence and its gradient."""
    settings = {"lengths": lengths, "scale": scale, "noise": noise, "mean": mean}
    return bnn_surrogates.dkl_evidence(w, x, y, sizes=_sizes(x, width, depth), **settings)


def hypervolume(values, reference):
    """Volume that points dominate."""
    return bnn_surrogates.hypervolume(values, reference)


_MPMATH = "mpmath with 50 digits, {}, written apart from the source"
_NO_STEPS = {"long": "it has no steps"}
_W = array(
    "w",
    "P",
    "flat weights: of each layer W [in, out] row by row, then b [out]; tanh between layers; widths d, then `width` as "
    "often as `depth` says, then 1",
)
_DATA = (array("x", "n d", "points"), array("y", "n", "targets"))
_WIDTHS = (integer("width", "of the hidden layers", COUNT), integer("depth", "number of hidden layers", WHOLE))
_MODEL = (
    *_WIDTHS,
    number("noise", "variance of the targets", POSITIVE),
    number("prior", "variance of each weight and bias", POSITIVE),
)
_BAD_MODEL = (
    refusals.numbers("noise", "prior"),
    *refusals.arrays(x="x")[:1],
    ErrorCase("no-width", "a layer has a unit", {"width": 0, "depth": 1}, ValueError, "sizes"),
)


def _as_many(w, out=1):
    """As many weights as the widths ask for; without a layer after the hidden ones where `out` is 0."""

    def holds(i):
        sizes = _sizes(i["x"], i["width"], i["depth"], *[out] * out)
        return i[w].shape[-1] == bnn_surrogates.parameters(sizes)

    return Relation(f"as many weights in {w} as the widths ask for", (w, "x", "width", "depth"), holds)


_BAD_W = (ErrorCase("a-weight-too-many", "weights fit the widths", {"w": np.zeros(50)}, ValueError, "w must"),)

ENERGY = Operation(
    name="bnn_surrogates.energy",
    summary="U = sum of (f_w(x) - y)^2 over twice the noise, plus |w|^2 over twice the prior, and its gradient",
    inputs=(_W, *_DATA, *_MODEL),
    outputs=(array("U", "", "minus log posterior, without constants"), array("grad", "P", "by the weights")),
    reference=energy,
    exact=exact.energy,
    exact_source=_MPMATH.format("derivatives carried forward"),
    cases=cases.ENERGY,
    sample=cases.sample_energy,
    laws=laws.ENERGY,
    errors=(*_BAD_MODEL, *_BAD_W, *refusals.arrays(y="y")),
    relations=(_as_many("w"),),
    without=_NO_STEPS,
)

HMC = Operation(
    name="bnn_surrogates.hmc",
    summary="transitions of Hamiltonian Monte Carlo on the U of bnn_surrogates.energy, with given draws",
    inputs=(
        _W,
        array("momenta", "T P", "standard normal, of each transition"),
        array("uniforms", "T", "a proposal is taken if it is below the probability of acceptance", FRACTION),
        array("steps", "T", "leapfrog steps of each transition", COUNT),
        *_DATA,
        *_MODEL,
        number("step", "of leapfrog", POSITIVE),
    ),
    outputs=(
        array("states", "T P", "weights after each transition", steps=True),
        array("accepted", "T", "1 or 0", steps=True),
        array("energies", "T", "U of the states", steps=True),
    ),
    reference=hmc,
    exact=exact.hmc,
    exact_source=_MPMATH.format("positions by Verlet's form"),
    cases=cases.HMC,
    sample=cases.sample_hmc,
    laws=laws.HMC,
    errors=(
        *_BAD_MODEL,
        refusals.numbers("step"),
        ErrorCase("uniform-of-one", "a uniform is below 1", {"uniforms": np.ones(3)}, ValueError, "uniform"),
        *refusals.arrays(momenta="momenta")[:1],
    ),
    relations=(_as_many("w"),),
)

DUAL_AVERAGING = Operation(
    name="bnn_surrogates.dual_averaging",
    summary="leapfrog steps of the burn-in: the one for the next iteration, and the average to use afterwards",
    inputs=(
        array("acceptance", "T", "probabilities of acceptance", SHARE),
        number("start", "step of the first iteration", POSITIVE),
        number("target", "of the acceptance", real(0, 1, open="()")),
    ),
    outputs=(
        array("step", "T", "after each rate", steps=True),
        array("averaged", "T", "after each rate", steps=True),
    ),
    reference=dual_averaging,
    exact=exact.dual_averaging,
    exact_source=_MPMATH.format("deficits as plain sums"),
    cases=cases.DUAL_AVERAGING,
    sample=cases.sample_dual_averaging,
    laws=laws.DUAL_AVERAGING,
    errors=(
        refusals.numbers("target", start="step"),
        ErrorCase("rate-above-one", "a probability", {"acceptance": np.array([0.5, 1.5])}, ValueError, "acceptance"),
    ),
    without={"large": "it has no axis but its steps, and each is a number"},
)

SGHMC = Operation(
    name="bnn_surrogates.sghmc",
    summary="steps of scale-adapted stochastic gradient HMC on the same U, from minibatches, with given draws",
    inputs=(
        _W,
        array("indices", "T B", "numbers of the examples of each minibatch", below("n")),
        array("xi", "T P", "standard normal"),
        *_DATA,
        *_MODEL,
        number("lr", "eta", POSITIVE),
        number("friction", "gamma", real(0, 1, open="(")),
        integer("burn_in", "steps in which the scales are adapted", WHOLE),
    ),
    outputs=(
        array("states", "T P", "weights after each step", steps=True),
        array("tau", "P", "length of the averages, after the last step; like the others, 1 at first"),
        array("g_hat", "P", "mean gradient"),
        array("v_hat", "P", "mean square of the gradient"),
        array("momentum", "P", "0 at first"),
    ),
    reference=sghmc,
    exact=exact.sghmc,
    exact_source=_MPMATH.format("weights from the two before them, averages as weighted means"),
    cases=cases.SGHMC,
    sample=cases.sample_sghmc,
    laws=laws.SGHMC,
    errors=(
        *_BAD_MODEL,
        refusals.numbers("lr", "friction", "burn_in"),
        ErrorCase("no-such-example", "there are five", {"indices": np.full((5, 2), 9)}, ValueError, "indices"),
    ),
    relations=(_as_many("w"),),
)

ENSEMBLE = Operation(
    name="bnn_surrogates.ensemble",
    summary="members that minimise U by Adam (0.9, 0.999, 1e-8), each on its own examples and from its own start; what "
    "they predict, and its mean log likelihood",
    inputs=(
        array("starts", "S P", "initial weights"),
        array("masks", "S n", "which examples a member sees", MASK),
        *_DATA,
        array("points", "m d", "where to predict"),
        array("targets", "m", "what was observed there"),
        *_MODEL,
        number("lr", "of Adam", POSITIVE),
        integer("steps", "of Adam", WHOLE),
    ),
    outputs=(
        array("members", "S P", "weights"),
        array("mean", "m", "of an observation"),
        array("variance", "m", "of an observation: of the members, with divisor S - 1, plus the noise"),
        array("score", "", "mean log density of the targets, normal with these moments"),
    ),
    reference=ensemble,
    exact=exact.ensemble,
    exact_source=_MPMATH.format("moments as weighted means, the variance from pairs"),
    cases=cases.ENSEMBLE,
    sample=cases.sample_ensemble,
    laws=laws.ENSEMBLE,
    errors=(
        *_BAD_MODEL,
        refusals.numbers("lr", "steps"),
        ErrorCase("one-member", "a variance needs two", {"starts": np.zeros((1, 13)), "masks": np.ones((1, 5))},
                  ValueError, "values"),
        ErrorCase("half-an-example", "an example is in or out", {"masks": np.full((3, 5), 0.5)}, ValueError, "masks"),
    ),
    relations=(
        _as_many("starts"), Relation("two members at least", ("starts",), lambda i: i["starts"].shape[0] > 1),
    ),
)  # fmt: skip

LAPLACE = Operation(
    name="bnn_surrogates.laplace",
    summary="law of the network linearised about its weights: J S J^T with S = (sum of J^T J / noise + I / prior)^-1",
    inputs=(_W, _DATA[0], array("points", "m d", "where to predict"), *_MODEL),
    outputs=(
        array("jacobian", "m P", "of the outputs at the points, by the weights"),
        array("mean", "m", "outputs"),
        array("covariance", "m m", "without noise of the observations"),
    ),
    reference=laplace,
    exact=exact.laplace,
    exact_source=_MPMATH.format("in the space of the weights"),
    cases=cases.LAPLACE,
    sample=cases.sample_laplace,
    laws=laws.LAPLACE,
    errors=(*_BAD_MODEL, *_BAD_W, *refusals.arrays(points="points")),
    relations=(_as_many("w"),),
    without=_NO_STEPS,
)

IBNN = Operation(
    name="bnn_surrogates.ibnn_kernel",
    summary="covariance of the outputs of an infinitely wide network, its readout layer included",
    inputs=(
        array("x", "n d", "points"),
        array("y", "m d", "points"),
        integer("depth", "hidden layers", COUNT),
        number("weight_variance", "of a weight, times its fan in", POSITIVE),
        number("bias_variance", "of a bias", NONNEGATIVE),
        choice("activation", ("relu", "erf"), "of the hidden layers"),
    ),
    outputs=(  # of opposite points the first is 0, and 1e-17 of the others is rounding
        array("kernel", "n m", "covariances", ulps=64),
        array("diagonal", "n", "variances of x"),
    ),
    reference=ibnn_kernel,
    exact=exact.ibnn_kernel,
    exact_source=_MPMATH.format("pair by pair, by the determinant in place of the angle"),
    cases=cases.IBNN,
    sample=cases.sample_ibnn,
    laws=laws.IBNN,
    errors=(
        refusals.numbers("depth", "weight_variance", "bias_variance"),
        *refusals.arrays(y="y"),
    ),
    relations=(
        Relation(
            "no point of zeros where bias_variance = 0",
            ("x", "y", "bias_variance"),
            lambda i: i["bias_variance"] > 0 or all(np.any(i[name] != 0, axis=1).all() for name in "xy"),
        ),
    ),
    without=_NO_STEPS,
)

DKL = Operation(
    name="bnn_surrogates.dkl_evidence",
    summary="log evidence of a Gaussian process with Matern-5/2 covariance and constant mean on the features of a "
    "network, and its gradient",
    inputs=(
        array("w", "P", "flat weights, as for bnn_surrogates.energy; tanh after every layer, and no layer after them"),
        *_DATA,
        integer("width", "of the hidden layers, the number of features q", COUNT),
        integer("depth", "number of layers", COUNT),
        array("lengths", "q", "length scales", POSITIVE),
        number("scale", "variance s^2 of the process", POSITIVE),
        number("noise", "variance of the noise", POSITIVE),
        number("mean", "constant", REAL),
    ),
    outputs=(
        array("evidence", "", "log density of the targets"),
        array("by_weights", "P", "derivative"),
        array("by_log_lengths", "q", "derivative by the logarithms of the length scales"),
        array("by_log_scale", "", "derivative by log s^2"),
        array("by_noise", "", "derivative by the noise itself"),
        array("by_mean", "", "derivative"),
    ),
    reference=dkl_evidence,
    exact=exact.dkl_evidence,
    exact_source=_MPMATH.format("the density of each target given those before it, slopes by differences"),
    cases=cases.DKL,
    sample=cases.sample_dkl,
    laws=laws.DKL,
    errors=(
        refusals.numbers("scale", "noise"),
        *refusals.arrays(x="x")[:1],
        *refusals.arrays(y="y"),
        ErrorCase("no-length", "length scales are above 0", {"lengths": np.array([0.5, 0.0])}, ValueError, "lengths"),
    ),
    relations=(
        _as_many("w", 0),
        Relation("as many lengths as the width", ("lengths", "width"), lambda i: len(i["lengths"]) == i["width"]),
    ),
    without=_NO_STEPS,
)

HYPERVOLUME = Operation(
    name="bnn_surrogates.hypervolume",
    summary="volume between a reference and what points dominate, for objectives that are maximised",
    inputs=(
        array("values", "n K", "objectives of n points"),
        array("reference", "K", "what is not above it in every objective does not count"),
    ),
    outputs=(array("volume", "", ">= 0"),),
    reference=hypervolume,
    exact=exact.hypervolume,
    exact_source="inclusion and exclusion of boxes, in fractions, written apart from the source",
    cases=cases.HYPERVOLUME,
    sample=cases.sample_hypervolume,
    laws=laws.HYPERVOLUME,
    errors=(*refusals.arrays(values="values")[:1], *refusals.arrays(reference="reference")),
    without=_NO_STEPS,
)

SYSTEM = System(
    name="bnn_surrogates",
    chapter="bayesian",
    summary="Bayesian neural networks as surrogates: HMC, SGHMC, ensembles, Laplace, infinite width, deep kernels",
    paper=Paper(
        title="A Study of Bayesian Neural Network Surrogates for Bayesian Optimization",
        authors="Yucen Lily Li, Tim G. J. Rudner, Andrew Gordon Wilson",
        arxiv="2305.20028",
        year=2024,
        key="li2024bnn",
    ),
    operations=(ENERGY, HMC, DUAL_AVERAGING, SGHMC, ENSEMBLE, LAPLACE, IBNN, DKL, HYPERVOLUME),
    claims=CLAIMS,
    alternatives=ALTERNATIVES,
    equations={
        **{f"bnn_surrogates-{i}": "Section 3, the network; the authors' code" for i in (1, 2, 3)},
        **{f"bnn_surrogates-{i}": "Section 3, prior and likelihood; the authors' code" for i in (4, 5, 6)},
        **{f"bnn_surrogates-{i}": "the authors' code, hmc_utils.py, leapfrog" for i in (7, 8, 9)},
        **{f"bnn_surrogates-{i}": "the authors' code, hmc_utils.py, adapt and accept" for i in (10, 11, 12)},
        **{f"bnn_surrogates-{i}": "Hoffman and Gelman, 2014, Equation 6; hmc_utils.py" for i in (13, 14, 15)},
        **{f"bnn_surrogates-{i}": "Springenberg et al., 2016, Section 4; the authors' code" for i in range(16, 24)},
        **{f"bnn_surrogates-{i}": "Section 3, deep ensembles; ensemble.py" for i in (24, 25, 26)},
        "bnn_surrogates-27": "the section on hyper-parameters",
        **{f"bnn_surrogates-{i}": "Section 3, linearised Laplace; ours: in function space" for i in (28, 29, 30)},
        **{f"bnn_surrogates-{i}": "Section 3, infinite-width BNNs; ibnn.py" for i in (31, 32, 33, 34)},
        "bnn_surrogates-35": "Section 3, deep kernel learning; dkl.py",
        **{f"bnn_surrogates-{i}": "ours: the gradient of the evidence" for i in range(36, 43)},
        "bnn_surrogates-43": "the authors' code, main.py: q expected improvement",
        "bnn_surrogates-44": "ours: the case of one point",
        **{f"bnn_surrogates-{i}": "the section on several objectives; ours: the sort" for i in (45, 46, 47)},
        "bnn_surrogates-48": "the authors' code: q expected hypervolume improvement",
    },
)
