"""What the oracle knows of AdAdaGrad."""

from functools import partial

import numpy as np

from refimpl.core import check
from refimpl.core.arrays import array_namespace, device
from refimpl.core.linalg import magnitude
from refimpl.optimizers import adadagrad
from refimpl.specs import loops, refusals, sizes
from refimpl.specs.base import Drive, ErrorCase, Operation, Paper, System, array, choice, integer, number
from refimpl.specs.domains import COUNT, NONNEGATIVE, POSITIVE, Relation, below, whole
from refimpl.specs.optimizers.adadagrad import cases, exact, laws
from refimpl.specs.optimizers.adadagrad.cases import TESTS, chosen_test, exact_test
from refimpl.specs.optimizers.adadagrad.claims import CLAIMS
from refimpl.specs.optimizers.adadagrad.mistakes import ALTERNATIVES


def batch_size(grads, test, eta, vartheta, nu, split, largest):
    """Next batch size after a batch with these per-example gradients."""
    return adadagrad.grow(grads.shape[0], chosen_test(test, eta, vartheta, nu)(grads), largest=largest)


def exact_size(population, test, eta, largest):
    """Smallest batch, drawn with replacement, that meets the exact test."""
    check.finite(population=population)
    xp, ratio = array_namespace(population), exact_test(test)
    population = population / magnitude(population)  # variances are squares, and may not be in the range
    gradient = xp.mean(population, axis=0)
    variance = xp.var(population, axis=0)
    demand = ratio(gradient, variance, eta=eta)
    return adadagrad.grow(1, demand, largest=largest)


def adagrad(theta0, grads, alpha, v0, eps):
    """Positions after each step of AdaGrad, fed with given gradients."""
    theta, state, thetas = theta0, adadagrad.init(theta0, v0=v0), []
    for t in range(grads.shape[0]):
        theta, state = adadagrad.update(theta, state, grads[t, :], alpha=alpha, eps=eps)
        thetas.append(theta)
    return array_namespace(theta0).stack(thetas)


def adagrad_norm(theta0, grads, alpha, v0):
    """Positions after each step of AdaGrad-Norm, fed with given gradients."""
    return loops.trajectory(partial(adadagrad.norm_init, v0=v0), adadagrad.norm_update, theta0, grads, alpha=alpha)


def trajectory(a, y, theta0, stream, first, largest, steps, alpha, eta, v0, eps, rule, test):
    """Positions and next batch sizes after each step on least squares."""
    xp = array_namespace(theta0)
    if rule == "norm":
        state, update = adadagrad.norm_init(theta0, v0=v0), partial(adadagrad.norm_update, alpha=alpha)
    else:
        state, update = adadagrad.init(theta0, v0=v0), partial(adadagrad.update, alpha=alpha, eps=eps)
    decide = chosen_test(test, eta)
    run = adadagrad.minimize(
        partial(_gradients, a, y),
        theta0,
        adadagrad.AdAdaGradState(state, first),
        stream,
        update=update,
        test=decide,
        largest=largest,
        steps=steps,
        record=lambda theta, state, _: {"theta": theta, "size": state.size},
    )
    sizes = xp.asarray(run.history["size"][1:], dtype=theta0.dtype, device=device(theta0))
    return xp.stack(run.history["theta"][1:]), sizes


def _gradients(a, y, theta, rows):
    """Of (a_i theta - y_i)^2 / 2 for each of the rows."""
    xp = array_namespace(a)
    chosen = xp.take(a, rows, axis=0)
    return (chosen @ theta - xp.take(y, rows, axis=0))[:, None] * chosen


_ETA = number("eta", "noise that the norm test and the one in every coordinate allow", POSITIVE)
_THETA0 = array("theta0", "d", "start")
_GRADS = array("grads", "T d", "gradient of each step")
_ALPHA = number("alpha", "learning rate", POSITIVE)
_THETAS = array("thetas", "T d", "parameters after each step", steps=True)
_ONE_TEST = "it is one test"

BATCH_SIZE = Operation(
    name="adadagrad.batch_size",
    summary="the next batch size, from the gradients of this batch's examples",
    inputs=(
        array("grads", "b d", "gradient of each example"),
        choice("test", TESTS, "which test"),
        _ETA,
        number("vartheta", "noise that the inner-product tests allow along the batch gradient", POSITIVE),
        number("nu", "noise that the augmented test allows orthogonal to it", POSITIVE),
        integer(
            "split",
            "where the parameters are cut into two arrays, for code that keeps them so; changes nothing",
            whole(1, "d"),
        ),
        integer("largest", "b_max, the largest batch", whole("b")),
    ),
    outputs=(integer("size", "the next batch size", COUNT),),
    reference=batch_size,
    exact=exact.batch_size,
    exact_source="rational arithmetic; variances from the differences of all pairs, the orthogonal one by Pythagoras",
    cases=cases.BATCH_SIZE,
    sample=cases.sample_batch_size,
    laws=laws.BATCH_SIZE,
    errors=(
        refusals.numbers("eta", "largest"),
        ErrorCase("one-example", "one example has no variance", {"grads": np.ones((1, 3))}, ValueError, "grads"),
        ErrorCase("nan-gradient", "NaN is no gradient", {"grads": np.full((4, 3), np.nan)}, ValueError, "grads"),
    ),
    relations=(Relation("b >= 2", ("grads",), lambda i: len(i["grads"]) >= 2),),
    without={"long": _ONE_TEST},
)

EXACT_SIZE = Operation(
    name="adadagrad.exact_size",
    summary="the smallest batch, drawn with replacement from a known population, that meets the exact test",
    inputs=(
        array("population", "n d", "gradient of each example that there is"),
        choice("test", TESTS[:2], "which test"),
        _ETA,
        integer("largest", "b_max, the largest batch", COUNT),
    ),
    outputs=(integer("size", "smallest batch size", COUNT),),
    reference=exact_size,
    exact=exact.exact_size,
    exact_source="rational arithmetic; variances from the differences of all pairs",
    cases=cases.EXACT_SIZE,
    sample=cases.sample_exact_size,
    laws=laws.EXACT_SIZE,
    errors=(
        refusals.numbers("eta", "largest"),
        ErrorCase(
            "infinite", "infinity is no gradient", {"population": np.full((4, 3), np.inf)}, ValueError, "population"
        ),
    ),
    without={"long": _ONE_TEST},
)

ADAGRAD = Operation(
    name="adadagrad.adagrad",
    summary="the path of AdaGrad along given gradients",
    inputs=(
        _THETA0,
        _GRADS,
        _ALPHA,
        number("v0", "start of every accumulator, on the scale of squared gradients", NONNEGATIVE),
        number("eps", "added to the root", NONNEGATIVE),
    ),
    outputs=(_THETAS,),
    reference=adagrad,
    exact=exact.adagrad,
    exact_source="50-digit arithmetic, written apart from the source",
    cases=(*cases.ADAGRAD, sizes.one_step),
    sample=cases.sample_adagrad,
    laws=laws.ADAGRAD,
    errors=(
        refusals.numbers("alpha", "v0", "eps"),
        *refusals.arrays(grads="grad"),
        ErrorCase("no-eps-no-start", "0 / 0 at a zero gradient", {"v0": 0.0, "eps": 0.0}, ValueError, "eps"),
    ),
    relations=(Relation("eps > 0 where v0 = 0", ("v0", "eps"), lambda i: i["v0"] > 0 or i["eps"] > 0),),
    drive=Drive(
        "theta0",
        "grads",
        {"lr": "alpha", "initial_accumulator_value": "v0", "eps": "eps"},
        optax={"learning_rate": "alpha", "initial_accumulator_value": "v0", "eps": "eps"},
    ),
)

ADAGRAD_NORM = Operation(
    name="adadagrad.adagrad_norm",
    summary="the path of AdaGrad-Norm along given gradients",
    inputs=(_THETA0, _GRADS, _ALPHA, number("v0", "start of the root v, on the scale of gradient norms", POSITIVE)),
    outputs=(_THETAS,),
    reference=adagrad_norm,
    exact=exact.adagrad_norm,
    exact_source="50-digit arithmetic, written apart from the source",
    cases=(*cases.ADAGRAD_NORM, sizes.one_step),
    sample=cases.sample_adagrad_norm,
    laws=laws.ADAGRAD_NORM,
    errors=(refusals.numbers("alpha", "v0"), *refusals.arrays(grads="grad")),
    drive=Drive("theta0", "grads", {"lr": "alpha", "v0": "v0"}, by_name=True),
)

TRAJECTORY = Operation(
    name="adadagrad.trajectory",
    summary="parameters and batch sizes on least squares, (a_i theta - y_i)^2 / 2 for example i, from a given stream",
    inputs=(
        array("a", "n d", "features of each example"),
        array("y", "n", "target of each example"),
        _THETA0,
        array("stream", "N", "example numbers; step k takes the next b_k of them", below("n")),
        integer("first", "b_1, size of the first batch", whole(2)),
        integer("largest", "b_max, the largest batch", whole("first")),
        integer("steps", "number of steps T", COUNT),
        _ALPHA,
        _ETA,
        number("v0", "start: of the root v (rule norm), or of every accumulator (rule adagrad)", NONNEGATIVE),
        number("eps", "of the rule adagrad alone: added to the root", NONNEGATIVE),
        choice("rule", ("norm", "adagrad"), "AdaGrad-Norm or AdaGrad"),
        choice("test", TESTS[:2], "which test decides on the next size"),
    ),
    outputs=(_THETAS, array("sizes", "T", "b_{k+1}, chosen in each step", steps=True)),
    reference=trajectory,
    exact=exact.trajectory,
    exact_source="50-digit arithmetic, example by example; variances from the differences of all pairs",
    cases=cases.TRAJECTORY,
    sample=cases.sample_trajectory,
    laws=laws.TRAJECTORY,
    errors=(
        refusals.numbers("alpha", "eta", "v0", "largest"),
        ErrorCase("zero-v0", "AdaGrad-Norm starts above 0", {"v0": 0.0}, ValueError, "v0"),
        ErrorCase(
            "short-stream", "the stream ends before the last step", {"stream": np.zeros(3)}, ValueError, "stream"
        ),
        ErrorCase("one-example", "a first batch of one has no variance", {"first": 1}, ValueError, "grads"),
    ),
    relations=(
        Relation(
            "v0 > 0, or eps > 0 where rule = adagrad",
            ("v0", "eps"),
            lambda i: i["v0"] > 0 or (i["eps"] > 0 and i["rule"] == "adagrad"),
        ),
        Relation("N >= steps times largest", ("stream",), lambda i: len(i["stream"]) >= i["steps"] * i["largest"]),
    ),
)

SYSTEM = System(
    name="adadagrad",
    chapter="optimizers",
    summary="AdaGrad with batches that grow once noise dominates the gradient",
    paper=Paper(
        title="AdAdaGrad: Adaptive Batch Size Schemes for Adaptive Gradient Methods",
        authors="Lau, Liu, Kolar",
        arxiv="2402.11215",
        year=2024,
        key="lau2024adadagrad",
    ),
    operations=(BATCH_SIZE, EXACT_SIZE, ADAGRAD, ADAGRAD_NORM, TRAJECTORY),
    claims=CLAIMS,
    alternatives=ALTERNATIVES,
    equations={
        "adadagrad-1": "the setting, batch gradient",
        "adadagrad-2": "Section 3, sample variance",
        "adadagrad-3": "Section 3, norm test",
        "adadagrad-4": "coordinate-wise norm test; its size carried over from the norm test",
        "adadagrad-5": "ours: the inner product in units of the squared norm",
        "adadagrad-6": "inner-product test, after Bollapragada et al. (2018)",
        "adadagrad-7": "augmented inner-product test, after Bollapragada et al. (2018)",
        "adadagrad-8": "Section 3, next batch size",
        "adadagrad-9": "AdAdaGrad-Norm, accumulator",
        "adadagrad-10": "AdAdaGrad-Norm, step",
        "adadagrad-11": "AdAdaGrad, accumulator",
        "adadagrad-12": "AdAdaGrad, step",
    },
)
