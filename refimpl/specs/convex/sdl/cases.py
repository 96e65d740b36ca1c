"""Inputs of the operations on dictionaries under permanent names, and random ones."""

from functools import partial
from typing import Any

import numpy as np

from refimpl.convex import sdl
from refimpl.core.random import stream
from refimpl.specs.base import Case
from refimpl.specs.sizes import large

X, ONES, LABELS = np.array([[1.0, 0, 2], [0, 1, -1]]), np.ones((1, 3)), np.array([1, 0, 1])
THREE = np.array([1, 0, 2])
B0 = np.array([[0.5, 0.1, 1], [0.2, 0.3, -0.4]])
# With these, activations are between 1500 and 4000 in size: exponentials overflow in either precision.
SIDES, STEEP = np.array([[1000.0, -1000, 1000, -1000], [100, 100, -100, -100]]), np.array([[3.0, -2], [2, 1]])
NEGATIVE = {"covariates": np.abs(SIDES), "gamma": -np.abs(STEEP)}  # with these they are all below -1500
ROWS = 4001  # samples of a large case; sums over all of them are exact where data are multiples of 1/8


def samples(x, covariates, labels, k):
    """The samples of an operation."""
    return sdl.data(x, covariates, labels, classes=k + 1)


def _draw(rng, p, n, q, k, *, scale=1.0):
    """Samples of which every class has at least one, if there are enough."""
    labels = rng.permutation(np.arange(n) % (k + 1))
    return {"x": scale * rng.standard_normal((p, n)), "covariates": rng.standard_normal((q, n)), "labels": labels}


# Covariates of 3e150, and a class of probability e^-710: over e^710, which overflows, it would be 0.
FAINT = {"x": np.zeros((2, 2)), "covariates": np.full((1, 2), float(2**500)), "labels": np.zeros(2, dtype=int)}
FAINT_GAMMA = np.array([[-710 / 2**500]])

# Lifted projected gradient descent ------------------------------------------------------------------------------


def _lifted_inputs(rng, kind, p, n, q, k, rank, *, scale=1.0, spread=0.5, **settings):
    """A random case, from the first draws whose r-th singular value stays clear of the next at every step."""
    while True:
        inputs = _draw(rng, p, n, q, k, scale=scale)
        shape = (p, k) if kind == "filter" else (k, n)
        inputs |= {
            "A0": spread * rng.standard_normal(shape),
            "B0": scale * spread * rng.standard_normal((p, n)),
            "gamma0": spread * rng.standard_normal((q, k)),
            "rank": rank,
            "xi": 0.5,
            "nu": 0.1,
            "step_size": 0.15,
            "steps": 2,
        } | settings
        if _gap(inputs, kind) > 0.05:
            return inputs


def _gap(inputs, kind):
    """Smallest distance of the r-th singular value from the next, relative to the r-th, over the first steps."""
    rank, gap, state = inputs["rank"], np.inf, sdl.Lifted(inputs["A0"], inputs["B0"], inputs["gamma0"])
    data = samples(inputs["x"], inputs["covariates"], inputs["labels"], state.gamma.shape[1])
    step = partial(sdl.lpgd_step, samples=data, kind=kind, **{s: inputs[s] for s in ("xi", "nu", "step_size")})
    for _ in range(min(inputs["steps"], 4)):
        whole = step(state, rank=99)[0]
        s = np.linalg.svdvals(np.concatenate([whole.A, whole.B], axis=int(kind == "filter")))
        if rank < len(s) and s[0] > 0:
            gap = min(gap, (s[rank - 1] - s[rank]) / s[rank - 1])
        state = step(state, rank=rank)[0]
    return gap


def _times_as_much(*names):
    """Outputs that grow with the number of samples."""
    return lambda small, times: {name: times * small[name] for name in names}


def _made(kind, slug, *sizes, **settings):
    return _lifted_inputs(stream(0, "sdl-case", kind, slug), kind, *sizes, **settings)


def _ordinary(kind, made):
    """Worked, ordinary and small ones."""
    filters = kind == "filter"
    worked = {"x": X, "covariates": ONES, "labels": LABELS, "B0": B0, "gamma0": np.array([[0.1]]), "rank": 1}
    worked |= {"xi": 0.5, "nu": 0.1, "step_size": 0.2, "steps": 1}
    worked |= {"A0": np.array([[0.5], [-0.2]]) if filters else np.array([[0.5, -0.2, 0.3]])}
    A3 = [[0.5, 0.1], [-0.2, 0.3]] if filters else [[0.5, -0.2, 0.3], [0.1, 0.4, -0.3]]
    three = {**worked, "labels": THREE, "A0": np.array(A3), "gamma0": np.array([[0.1, -0.2]])}
    return (
        Case("worked-example", ("basic", "missing_step", "wrong_constant"),
             "one step of the worked example of the documentation", worked,
             equations=("sdl-8", "sdl-9", "sdl-10", "sdl-11", "sdl-12")),
        Case("worked-three-classes", ("basic", "known_bug"),
             "the same with three classes: a softmax, not a sigmoid per class", three, equations=("sdl-2", "sdl-8")),
        Case("gaussian", ("basic", "wrong_order", "wrong_constant"), "an ordinary run of four steps with two classes",
             made("gaussian", 4, 6, 2, 1, 2, steps=4), equations=("sdl-11", "sdl-12")),
        Case("three-classes", ("basic", "known_bug", "missing_step"),
             "three classes, two covariates, rank 1: A, B and gamma would each be cut if they were cut by themselves",
             made("three-classes", 4, 5, 2, 2, 1), equations=("sdl-2", "sdl-12")),
        Case("as-many-samples-as-features", ("edge_case", "wrong_order"),
             "n = p: the matrices could be stacked the other way", made("square", 3, 3, 1, 1, 1),
             equations=("sdl-12",)),
        Case("more-features-than-samples", ("boundary",), "n < p", made("wide", 5, 3, 1, 1, 2)),
        Case("full-rank", ("boundary",), "a rank that cuts nothing: plain gradient descent",
             made("full", 2, 4, 2, 1, 4)),
        Case("no-ridge", ("boundary", "variant"), "nu = 0", made("no-ridge", 3, 5, 1, 1, 2, nu=0.0),
             equations=("sdl-8",)),
        Case("strong-ridge", ("basic", "variant", "missing_step"),
             "nu = 1.5: on A and gamma with its factor 2, and not on B", made("ridge", 3, 5, 2, 1, 2, nu=1.5),
             equations=("sdl-8", "sdl-10")),
        Case("one-sample", ("boundary",), "n = 1, p = 2: the smallest problem", made("one", 2, 1, 1, 1, 1)),
        Case("one-class-only", ("edge_case",),
             "all labels are 0: nothing is special about a class without samples",
             {**made("one-class", 3, 4, 1, 2, 1), "labels": np.zeros(4, dtype=int)}),
    )  # fmt: skip


def _extreme(kind, made):
    """Nothing but zeros, certain and faint probabilities, large and small numbers."""
    filters = kind == "filter"
    saturated = made("saturated", 3, 4, 2, 2, 2, steps=2)
    saturated |= {"covariates": SIDES, "gamma0": STEEP, "step_size": 1e-4}
    negative = {"covariates": NEGATIVE["covariates"], "gamma0": NEGATIVE["gamma"], "steps": 1}
    zero = {"x": np.zeros((2, 3)), "A0": np.zeros((2, 1) if filters else (1, 3)), "B0": np.zeros((2, 3)), "nu": 0.5}
    zero |= {} if filters else {"labels": np.zeros(3, dtype=int)}
    faint: dict[str, Any] = {**FAINT, "A0": np.zeros((2, 1) if filters else (1, 2)), "B0": np.zeros((2, 2))}
    faint |= {"gamma0": FAINT_GAMMA, "rank": 1, "xi": 0.5, "nu": 0.0, "step_size": float(2**33), "steps": 1}
    return (
        Case("zero-data", ("edge_case", "numerics"),
             "X = 0 from the start at 0: gamma alone learns, and nothing is divided by a singular value",
             {**made("zero", 2, 3, 1, 1, 1), **zero}),
        Case("saturated", ("numerics", "known_bug"), "activations of thousands: no exp overflows", saturated,
             equations=("sdl-2",)),
        Case("saturated-one-step", ("numerics", "known_bug"),
             "the same, one step: where an exp overflows, the answer is not a number", {**saturated, "steps": 1},
             equations=("sdl-2",)),
        Case("all-negative", ("numerics",),
             "activations below -1500: class 0 is certain, its probability 1 and those of the others 0",
             {**saturated, **negative}, equations=("sdl-2",)),
        Case("faint-probability", ("numerics",), "a probability of e^-710 times covariates of 3e150 moves gamma", faint,
             dtypes=("float64",), equations=("sdl-2", "sdl-10")),
        Case("large-data", ("numerics",), "data of 1e3, with a step size to match",
             made("large", 3, 5, 1, 1, 2, scale=1e3, spread=1e-3, step_size=1e-7),
             dtypes=("float64",)),  # in one matrix with numbers of 1e3, small ones have no digits in float32
        Case("tiny-data", ("numerics",), "data of 1e-3", made("tiny", 3, 5, 1, 1, 2, scale=1e-3), dtypes=("float64",)),
    )  # fmt: skip


def lpgd(kind):
    """The same situations for both models."""
    made = partial(_made, kind)
    from_zero = made("from-zero", 3, 5, 2, 1, 3, nu=0.0, step_size=1 / 64, steps=1)
    from_zero |= {name: np.round(8 * from_zero[name]) / 8 for name in ("x", "covariates", "B0")}
    from_zero |= {name: 0 * from_zero[name] for name in ("A0", "gamma0")}
    many = {"size": ROWS, "balanced": True}
    return (
        *_ordinary(kind, made),
        *_extreme(kind, made),
        Case("heavy-reconstruction", ("wrong_constant",),
             "the weights of both terms come from the arguments: xi = 2, nu = 0.3",
             made("heavy", 3, 4, 2, 1, 2, xi=2.0, nu=0.3), equations=("sdl-8", "sdl-9")),
        Case("no-covariates", ("edge_case",), "covariates of 0: gamma sees its ridge alone",
             {**made("no-covariates", 3, 4, 2, 2, 2), "covariates": np.zeros((2, 4))}, equations=("sdl-10",)),
        Case("from-zero", ("boundary",), "A = 0 and gamma = 0: each class has probability 1/2", from_zero),
        *(
            (
                Case("three-hundred-steps", ("long",), "the 300th step follows the same rule as the first",
                     made("long", 2, 3, 1, 1, 1, steps=300, step_size=0.05), equations=("sdl-11", "sdl-12")),
                large("many-samples", "from-zero", "n", **many, answers=_times_as_much("As", "gammas")),
            )
            if kind == "filter"
            else (large("many-samples", "no-covariates", "n", **many | {"dtypes": ("float64",)}),)
        ),
    )  # fmt: skip


def random_lpgd(kind):
    """Sampler of a model's descent."""

    def sample(rng):
        p, n, q, k = (int(rng.integers(low, high)) for low, high in ((2, 5), (2, 6), (1, 3), (1, 4)))
        rank = int(rng.integers(1, min(p, n) + 1))
        settings = {"xi": rng.uniform(0.1, 2), "nu": rng.choice([0.0, 0.05, 0.5]), "step_size": rng.uniform(0.02, 0.2)}
        settings = {name: float(value) for name, value in settings.items()}
        return _lifted_inputs(rng, kind, p, n, q, k, rank, steps=int(rng.integers(1, 4)), **settings)

    return sample


# Factors: gradient, constants, block coordinate descent ---------------------------------------------------------


def _factor_inputs(rng, p, n, q, k, r, *, scale=1.0, spread=0.6, xi=0.5, nu=0.1, kind="filter"):
    return {
        **_draw(rng, p, n, q, k, scale=scale),
        "W": spread * rng.standard_normal((p, r)),
        "H": scale * spread * rng.standard_normal((r, n)),
        "beta": spread * rng.standard_normal((r, k)),
        "gamma": spread * rng.standard_normal((q, k)),
        "xi": xi,
        "nu": nu,
        "kind": kind,
    }


def _factors(slug, *sizes, **settings):
    return _factor_inputs(stream(0, "sdl-case", "factors", slug), *sizes, **settings)


START = {"W": np.array([[0.6], [-0.3]]), "H": np.array([[1, 0.2, 1.5]]), "beta": np.array([[0.5]])}
WORKED = {"x": X, "covariates": ONES, "labels": LABELS, **START, "gamma": np.array([[0.1]]), "xi": 0.5, "nu": 0.1}
WORKED_FILTER, WORKED_FEATURE = ({**WORKED, "kind": kind} for kind in sdl.KINDS)
AT_ZERO = WORKED_FILTER | {name: np.zeros_like(WORKED[name]) for name in sdl.BLOCKS}
DYADIC = _factors("dyadic", 2, 4, 1, 1, 1, nu=0.0) | {"beta": np.zeros((1, 1)), "gamma": np.zeros((1, 1))}
DYADIC |= {name: np.round(8 * DYADIC[name]) / 8 for name in ("x", "covariates", "W", "H")}
SATURATED = _factors("saturated", 3, 4, 2, 2, 2) | {"covariates": SIDES, "gamma": STEEP}


GRADIENT = (
    Case("worked-filter", ("basic", "missing_step", "wrong_constant"), "the worked example, filter model",
         WORKED_FILTER, equations=("sdl-5", "sdl-18", "sdl-20")),
    Case("worked-feature", ("basic", "missing_step", "wrong_constant"), "the worked example, feature model",
         WORKED_FEATURE, equations=("sdl-5", "sdl-19", "sdl-20")),
    Case("gaussian-filter", ("basic", "variant"), "three classes, r = k = 2: beta must be transposed where it is",
         _factors("gaussian", 3, 4, 2, 2, 2), equations=("sdl-2", "sdl-18", "sdl-21")),
    Case("gaussian-feature", ("basic", "variant"), "three classes, feature model",
         _factors("gaussian-h", 3, 4, 2, 2, 2, kind="feature"), equations=("sdl-2", "sdl-19", "sdl-21")),
    Case("more-atoms-than-features", ("boundary",), "r > p and r > n", _factors("wide", 2, 2, 1, 1, 3)),
    Case("one-of-everything", ("boundary",), "p = n = q = k = r = 1", _factors("one", 1, 1, 1, 1, 1, kind="feature")),
    Case("no-ridge", ("boundary",), "nu = 0", _factors("no-ridge", 3, 4, 1, 2, 2, nu=0.0)),
    Case("at-zero", ("edge_case",),
         "all factors 0: the gradients of W, H and beta vanish (a saddle), that of gamma does not", AT_ZERO),
    Case("saturated", ("numerics", "known_bug"),
         "activations of thousands: no exp overflows, and the loss grows linearly", SATURATED,
         equations=("sdl-1", "sdl-2")),
    Case("all-negative", ("numerics",), "activations below -1500: losses of thousands, or of 0", SATURATED | NEGATIVE,
         equations=("sdl-1", "sdl-2")),
    Case("heavy-reconstruction", ("wrong_constant",),
         "the weights of both terms come from the arguments: xi = 2, nu = 0.3",
         _factors("heavy", 3, 4, 2, 1, 2, xi=2.0, nu=0.3), equations=("sdl-5", "sdl-18")),
    Case("large-data", ("numerics",), "data of 1e3",
         {**_factors("large", 3, 4, 1, 1, 2, scale=1e3, kind="feature"), "beta": np.array([[1e-3], [-2e-3]])}),
    Case("dyadic", ("boundary",), "beta = 0 and gamma = 0, no ridge, and data of few digits", DYADIC),
    large("many-samples", "dyadic", "n", size=ROWS, balanced=True,
          answers=_times_as_much("value", "grad_W", "grad_beta", "grad_gamma")),
)  # fmt: skip

CONSTANTS = (
    Case("worked-filter", ("basic", "wrong_constant"), "two classes, filter model", WORKED_FILTER,
         equations=("sdl-14", "sdl-15", "sdl-22", "sdl-23", "sdl-24", "sdl-25")),
    Case("worked-feature", ("basic", "wrong_constant"), "two classes, feature model", WORKED_FEATURE,
         equations=("sdl-14", "sdl-15", "sdl-22", "sdl-23", "sdl-24", "sdl-25")),
    Case("three-classes-filter", ("basic", "wrong_constant"),
         "three classes: the curvature doubles; two covariates, two atoms", _factors("constants", 3, 5, 2, 2, 2),
         equations=("sdl-13", "sdl-15", "sdl-22", "sdl-24", "sdl-25")),
    Case("three-classes-feature", ("basic", "wrong_constant"), "three classes, feature model",
         _factors("constants-h", 3, 5, 2, 2, 2, kind="feature"),
         equations=("sdl-13", "sdl-15", "sdl-23", "sdl-24", "sdl-25")),
    Case("reconstruction-dominates", ("edge_case",), "a large xi: L = 2 xi, mu = 2 nu",
         _factors("constants-xi", 2, 3, 1, 1, 2, xi=100.0), equations=("sdl-15",)),
    Case("ridge-dominates", ("edge_case",), "nu above xi: mu = 2 xi",
         _factors("constants-nu", 2, 3, 1, 1, 2, xi=0.2, nu=3.0, kind="feature"), equations=("sdl-14",)),
    Case("no-ridge", ("boundary",), "nu = 0: mu = 0", _factors("constants-0", 2, 4, 2, 1, 2, nu=0.0),
         equations=("sdl-14",)),
    Case("one-of-everything", ("boundary",), "p = n = q = k = r = 1", _factors("constants-1", 1, 1, 1, 1, 1)),
    Case("at-zero", ("edge_case",), "all factors and covariates 0, and no ridge: what does not matter has constant 0",
         AT_ZERO | {"covariates": 0 * ONES, "nu": 0.0}, equations=("sdl-22", "sdl-23", "sdl-24", "sdl-25")),
    Case("dyadic", ("boundary",), "beta = 0, no ridge, and data of few digits", DYADIC),
    large("many-samples", "dyadic", "n", size=ROWS, balanced=True,
          answers=_times_as_much("L", "L_W", "L_beta", "L_gamma")),
)  # fmt: skip


def random_factors(rng):
    p, n, q, k, r = (int(rng.integers(1, high)) for high in (5, 5, 3, 4, 4))
    settings = {"xi": float(rng.uniform(0.05, 2)), "nu": float(rng.choice([0.0, 0.05, 0.5]))}
    return _factor_inputs(rng, p, n, q, k, r, kind=str(rng.choice(sdl.KINDS)), **settings)


def _rounds_inputs(factors, *, radius=1.0, inner=2, steps=2, constraint="none"):
    renamed = {name + "0" if name in sdl.BLOCKS else name: value for name, value in factors.items()}
    if constraint == "nonnegative":
        renamed |= {name: np.abs(renamed[name]) for name in ("W0", "H0")}
    return {**renamed, "radius": radius, "inner": inner, "steps": steps, "constraint": constraint}


def _rounds(slug, flags, why, factors, *, equations=("sdl-27", "sdl-28"), **settings):
    return Case(slug, flags, why, _rounds_inputs(factors, **settings), equations=equations)


SATURATED_BCD = _factors("saturated-bcd", 2, 4, 2, 2, 2) | {"covariates": SIDES, "gamma": STEEP}
BCD = (
    _rounds("worked-filter", ("basic", "missing_step", "wrong_constant", "known_bug"),
            "two rounds of the worked example, filter model: the radius binds", WORKED_FILTER, radius=0.2, inner=5),
    _rounds("worked-feature", ("basic", "missing_step", "wrong_constant", "known_bug"),
            "two rounds of the worked example, feature model", WORKED_FEATURE, radius=0.2, inner=5),
    _rounds("free-filter", ("basic", "wrong_order", "wrong_constant"),
            "a radius that does not bind: step lengths, order of blocks and residuals show",
            _factors("free", 3, 5, 2, 2, 2), radius=50.0,
            equations=("sdl-18", "sdl-22", "sdl-24", "sdl-25", "sdl-27")),
    _rounds("free-feature", ("basic", "wrong_order", "wrong_constant"), "the same for the feature model",
            _factors("free-h", 3, 5, 2, 2, 2, kind="feature"), radius=50.0,
            equations=("sdl-19", "sdl-23", "sdl-24", "sdl-25", "sdl-27")),
    _rounds("binding", ("basic", "known_bug", "wrong_constant"),
            "a small radius over four rounds: it shrinks, it is measured in the Frobenius norm, its centre stays",
            _factors("binding", 4, 4, 1, 1, 3), radius=0.3, steps=4, equations=("sdl-26", "sdl-28")),
    _rounds("nonnegative", ("basic", "known_bug", "wrong_order"),
            "W and H stay nonnegative, beta and gamma are free; clipping comes before the ball",
            _factors("nonnegative", 3, 4, 1, 2, 2, xi=0.1), constraint="nonnegative", radius=0.5),
    _rounds("nonnegative-feature", ("basic", "wrong_order"),
            "the same for the feature model, with a radius that hardly binds",
            _factors("nonnegative-h", 3, 4, 1, 1, 2, xi=0.1, kind="feature"), constraint="nonnegative", radius=4.0),
    _rounds("one-inner-step", ("boundary",), "one gradient step per block", _factors("one-inner", 2, 4, 1, 2, 1),
            inner=1, steps=3, radius=50.0),
    _rounds("no-ridge", ("boundary",), "nu = 0", _factors("no-ridge-bcd", 3, 4, 2, 1, 2, nu=0.0), radius=2.0),
    _rounds("strong-ridge", ("basic", "missing_step"), "nu = 1: in the gradients and in the constants",
            _factors("ridge-bcd", 3, 4, 1, 1, 2, nu=1.0, kind="feature"), radius=50.0),
    _rounds("one-of-everything", ("boundary",), "p = n = q = k = r = 1", _factors("one-bcd", 1, 1, 1, 1, 1)),
    _rounds("saturated", ("numerics",), "activations of thousands at the start: no exp overflows", SATURATED_BCD),
    _rounds("saturated-one-round", ("numerics", "known_bug"),
            "the same, one round: where an exp overflows, the answer is not a number", SATURATED_BCD, inner=1, steps=1),
    _rounds("all-negative", ("numerics",), "activations below -1500 at the start", SATURATED_BCD | NEGATIVE, inner=1),
    _rounds("large-data", ("numerics",), "data of 1e2 in the feature model",
            {**_factors("large-bcd", 3, 4, 1, 1, 2, scale=1e2, kind="feature"), "beta": np.array([[0.01], [-0.02]])},
            radius=100.0),
    _rounds("no-covariates", ("edge_case",),
            "covariates of 0 and no ridge: gamma's constant and gradient are 0, and it stays where it is",
            _factors("no-covariates", 2, 3, 1, 1, 1, nu=0.0) | {"covariates": 0 * ONES}, inner=1,
            equations=("sdl-25", "sdl-27")),
    _rounds("dyadic", ("boundary",), "beta = 0 and gamma = 0, no ridge, data of few digits, a radius that never binds",
            DYADIC, radius=1e6, inner=1, steps=1),
    large("many-samples", "dyadic", "n", size=501, balanced=True),
)  # fmt: skip


def random_rounds(rng):
    p, n, q, k, r = (int(rng.integers(low, high)) for low, high in ((2, 5), (2, 5), (1, 3), (1, 3), (1, 3)))
    settings = {"xi": float(rng.uniform(0.1, 2)), "nu": float(rng.choice([0.02, 0.1, 0.5]))}
    factors = _factor_inputs(rng, p, n, q, k, r, kind=str(rng.choice(sdl.KINDS)), **settings)
    return _rounds_inputs(
        factors,
        radius=float(rng.choice([0.3, 1.0, 30.0])),
        inner=int(rng.integers(1, 3)),
        steps=int(rng.integers(1, 3)),
        constraint=str(rng.choice(["none", "nonnegative"])),
    )


# Prediction -----------------------------------------------------------------------------------------------------


def _new_inputs(rng, p, m, q, k, r, *, scale=1.0, **settings):
    """Samples to predict, with a dictionary whose condition is at most 10."""
    while True:
        W = rng.standard_normal((p, r))
        s = np.linalg.svdvals(W)
        if s[0] < 10 * s[-1]:
            break
    return {
        "x": scale * rng.standard_normal((p, m)),
        "covariates": rng.standard_normal((q, m)),
        "W": W,
        "beta": rng.standard_normal((r, k)),
        "gamma": rng.standard_normal((q, k)),
    } | settings


def _new(slug, *sizes, **settings):
    return _new_inputs(stream(0, "sdl-case", "new", slug), *sizes, **settings)


DEAD = _new("dead", 3, 3, 1, 1, 3, kind="feature")
UNDECIDED = {**_new("undecided", 2, 3, 1, 2, 1, kind="filter"), "beta": np.zeros((1, 2)), "gamma": np.zeros((1, 2))}
CERTAIN = _new("saturated", 3, 4, 2, 2, 2, kind="filter") | {"covariates": SIDES, "gamma": STEEP}
PREDICT = (
    Case("filter", ("basic", "wrong_order"), "two classes from the filtered data W^T x",
         _new("filter", 3, 4, 2, 1, 2, kind="filter"), equations=("sdl-2", "sdl-3")),
    Case("feature", ("basic", "wrong_order"), "two classes from the codes of least squares",
         _new("feature", 3, 4, 2, 1, 2, kind="feature"), equations=("sdl-2", "sdl-29")),
    Case("three-classes-filter", ("basic", "known_bug"), "three classes that share the probability",
         _new("filter-3", 3, 5, 1, 2, 2, kind="filter"), equations=("sdl-2",)),
    Case("four-classes-feature", ("basic", "known_bug"), "four classes from codes",
         _new("feature-4", 4, 5, 1, 3, 2, kind="feature"), equations=("sdl-2", "sdl-29")),
    Case("more-atoms-than-features", ("boundary", "numerics"),
         "an overcomplete dictionary: many codes serve, the shortest counts, and the normal equations are singular",
         _new("overcomplete", 2, 3, 1, 2, 3, kind="feature"), equations=("sdl-29",)),
    Case("dead-atom", ("edge_case", "numerics"),
         "an atom of zeros has no part in any code, and makes the normal equations singular",
         DEAD | {"W": DEAD["W"] * np.array([1.0, 0.0, 1.0])},
         dtypes=("float64",),  # what rounding leaves of the atom may count for one in float32
         equations=("sdl-29",)),
    Case("one-of-everything", ("boundary",), "p = m = q = k = r = 1", _new("one", 1, 1, 1, 1, 1, kind="feature")),
    Case("undecided", ("edge_case",), "beta = gamma = 0: every class has the same probability", UNDECIDED,
         answer={"probabilities": np.full((3, 3), 1 / 3)}, source="symmetry"),
    Case("saturated", ("numerics", "known_bug"), "activations of thousands: probabilities 0 and 1, not NaN", CERTAIN,
         equations=("sdl-2",)),
    Case("all-negative", ("numerics",), "activations below -1500: class 0 is certain", CERTAIN | NEGATIVE,
         answer={"probabilities": np.array([[1.0], [0], [0]]) * np.ones(4)}, source="exp(-1500) is 0 in any precision",
         equations=("sdl-2",)),
    large("many-samples", "four-classes-feature", "m"),
)  # fmt: skip


def random_new(rng):
    m, q, k, r = (int(rng.integers(low, high)) for low, high in ((1, 5), (1, 3), (1, 4), (1, 3)))
    return _new_inputs(rng, int(rng.integers(r, 5)), m, q, k, r, kind=str(rng.choice(sdl.KINDS)))


def independent(inputs):
    """Whether the columns of W are far enough from dependent ones for `sdl.label_energies`."""
    W = inputs["W"]
    s = np.linalg.svdvals(W)
    return W.shape[0] >= W.shape[1] and bool(s[-1] > 8 * W.shape[1] * np.finfo(W.dtype).eps * s[0])


def _one(gamma, xi, beta=1.0):
    """One sample x = 0 of one feature and one atom."""
    arrays = {"x": 0.0, "covariates": 1.0, "W": 1.0, "beta": beta, "gamma": gamma}
    return {name: np.array([[value]]) for name, value in arrays.items()} | {"xi": xi}


ENERGIES = (
    Case("two-classes", ("basic", "missing_step", "known_bug"),
         "the code is chosen for each class by itself, with covariates in the activation",
         _new("energy", 3, 3, 2, 1, 2, xi=0.4), equations=("sdl-30", "sdl-31")),
    Case("three-classes", ("basic", "missing_step"), "three classes", _new("energy-3", 3, 3, 1, 2, 2, xi=0.7),
         equations=("sdl-30", "sdl-31")),
    Case("strong-labels", ("basic", "wrong_order"),
         "large coefficients and a small xi, so that an undamped Newton step overshoots",
         {**_new("energy-strong", 2, 3, 1, 1, 2, xi=0.05), "beta": np.array([[8.0], [-6.0]])},
         equations=("sdl-31",), dtypes=("float64",)),
    Case("reconstruction-dominates", ("edge_case",), "xi = 50: the code hardly leaves that of least squares",
         _new("energy-xi", 3, 2, 1, 2, 2, xi=50.0)),
    Case("no-coefficients", ("edge_case",), "beta = 0: the energies differ by the covariates alone",
         {**_new("energy-0", 3, 2, 1, 1, 2, xi=0.5), "beta": np.zeros((2, 1))}),
    Case("one-of-everything", ("boundary",), "p = m = q = k = r = 1", _new("energy-1", 1, 1, 1, 1, 1, xi=0.5)),
    Case("square-dictionary", ("boundary",), "r = p: every sample can be reconstructed exactly",
         _new("energy-square", 2, 2, 1, 1, 2, xi=0.3)),
    Case("undamped-steps-return", ("wrong_order", "missing_step"),
         "whole Newton steps jump from 0 to -50 and back for ever, and answer 20 for 4.67",
         _one(20.0, 0.01), equations=("sdl-31",)),
    Case("undamped-steps-return-upwards", ("wrong_order", "missing_step"),
         "the same from the other side, with hardly any reconstruction", _one(-19.0, 3e-4), equations=("sdl-31",)),
    Case("steep", ("numerics",), "beta = gamma = 30: the damped steps start out short",
         _one(30.0, 0.02, beta=30.0), equations=("sdl-31",), dtypes=("float64",)),
    Case("saturated", ("numerics", "known_bug"), "activations of 2000 at the start: no exp overflows",
         {**_new("energy-saturated", 2, 2, 1, 2, 1, xi=0.5), "covariates": np.array([[1.0, -1.0]]),
          "gamma": np.array([[2000.0, -1000.0]])},
         equations=("sdl-2",)),
    large("many-samples", "three-classes", "m", size=4001),
)  # fmt: skip


def random_energies(rng):
    m, q, k, r = (int(rng.integers(low, high)) for low, high in ((1, 3), (1, 3), (1, 3), (1, 3)))
    strength = 10 ** rng.uniform(0, 1.5, 2)
    inputs = _new_inputs(rng, int(rng.integers(r, 4)), m, q, k, r, xi=float(10 ** rng.uniform(-4, 0.5)))
    return inputs | {"beta": strength[0] * inputs["beta"], "gamma": strength[1] * inputs["gamma"]}
