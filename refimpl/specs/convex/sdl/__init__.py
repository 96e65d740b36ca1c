"""What the oracle knows of supervised dictionary learning."""

from functools import partial

import numpy as np

from refimpl.convex import sdl
from refimpl.core.arrays import array_namespace
from refimpl.specs import refusals
from refimpl.specs.base import ErrorCase, Fit, Operation, Paper, System, array, choice, integer, number
from refimpl.specs.convex.sdl import cases, exact, laws
from refimpl.specs.convex.sdl.cases import samples
from refimpl.specs.convex.sdl.claims import CLAIMS
from refimpl.specs.convex.sdl.mistakes import ALTERNATIVES
from refimpl.specs.domains import COUNT, NONNEGATIVE, POSITIVE, Relation, below


def lpgd(x, covariates, labels, A0, B0, gamma0, steps, **settings):
    """A, B and gamma after each step of lifted projected gradient descent."""
    data, state, states = samples(x, covariates, labels, gamma0.shape[1]), sdl.Lifted(A0, B0, gamma0), []
    for _ in range(steps):
        state, _info = sdl.lpgd_step(state, data, **settings)
        states.append(state)
    return tuple(map(array_namespace(x).stack, zip(*states, strict=True)))


def bcd(x, covariates, labels, W0, H0, beta0, gamma0, steps, constraint, **settings):
    """Factors after each round of block coordinate descent."""
    data, state, states = samples(x, covariates, labels, gamma0.shape[1]), sdl.Factors(W0, H0, beta0, gamma0), []
    constraints = {"W": sdl.nonnegative, "H": sdl.nonnegative} if constraint == "nonnegative" else None
    for k in range(1, steps + 1):
        state, _info = sdl.bcd_step(state, data, k, constraints=constraints, **settings)
        states.append(state)
    return tuple(map(array_namespace(x).stack, zip(*states, strict=True)))


def gradient(x, covariates, labels, W, H, beta, gamma, **settings):
    """Loss in the factors and its gradient."""
    data, state = samples(x, covariates, labels, gamma.shape[1]), sdl.Factors(W, H, beta, gamma)
    return sdl.objective(state, data, **settings), *sdl.gradient(state, data, **settings)


def constants(x, covariates, labels, W, H, beta, gamma, **settings):
    """Curvature bounds of the lifted loss and Lipschitz constants of the blocks."""
    data, state = samples(x, covariates, labels, gamma.shape[1]), sdl.Factors(W, H, beta, gamma)
    return *sdl.curvature(data, **settings), *sdl.block_constants(state, data, **settings)


def predict(x, covariates, W, beta, gamma, kind):
    """Class probabilities of new samples."""
    return sdl.predict(sdl.Factors(W, None, beta, gamma), x, covariates, kind=kind)


def energies(x, covariates, W, beta, gamma, xi):
    """Least loss of each class for new samples."""
    return sdl.label_energies(sdl.Factors(W, None, beta, gamma), x, covariates, xi=xi)


SUMS = 64  # units in the last place that a sum over thousands of samples may lose, taken one by one
_DATA = (
    array("x", "p n", "data X, one sample per column"),
    array("covariates", "q n", "covariates X', which enter the regression alone"),
    array("labels", "n", "classes 0, ..., k", below("k+1")),
)
_WEIGHTS = (number("xi", "weight of the reconstruction", POSITIVE), number("nu", "ridge", NONNEGATIVE))
_KIND = choice("kind", sdl.KINDS, "whether the regression sees W^T x (filter) or the codes h (feature)")
_BLOCKS = (
    array("W", "p r", "dictionary"),
    array("H", "r n", "codes"),
    array("beta", "r k", "coefficients of the features"),
    array("gamma", "q k", "coefficients of the covariates"),
)
_REFUSED = (
    refusals.numbers("xi", "nu"),
    ErrorCase("label-too-large", "class 5 of 2", {"labels": np.array([1.0, 0, 5])}, ValueError, "labels"),
    ErrorCase("label-negative", "there is no class -1", {"labels": np.array([1.0, 0, -1])}, ValueError, "labels"),
    ErrorCase("too-few-labels", "a label is missing", {"labels": np.array([1.0, 0])}, ValueError, "labels"),
    ErrorCase("nan-data", "NaN is no datum", {"x": np.full((2, 3), np.nan)}, ValueError, "x"),
    *refusals.arrays(covariates="covariates"),
)
_UNKNOWN_MODEL = ErrorCase("unknown-model", "there are two models", {"kind": "both"}, ValueError, "kind")
_NO_STEPS = {"long": "it takes no steps"}
_SETTINGS = {"xi": "xi", "nu": "nu", "max_iter|n_iter|steps": "steps"}
_SAMPLES = ("x", "covariates", "labels")


def _lpgd_operation(kind):
    shape, doc = ("p k", "start of A = W beta") if kind == "filter" else ("k n", "start of A = beta^T H")
    return Operation(
        name=f"sdl.{kind}_lpgd",
        summary=f"the state of lifted projected gradient descent after each of T steps, {kind} model",
        inputs=(
            *_DATA,
            array("A0", shape, doc),
            array("B0", "p n", "start of B = W H"),
            array("gamma0", "q k", "start of the coefficients of the covariates"),
            integer("rank", "r, the rank that is kept", COUNT),
            *_WEIGHTS,
            number("step_size", "tau", POSITIVE),
            integer("steps", "T", COUNT),
        ),
        outputs=(
            array("As", f"T {shape}", "A after each step", steps=True, ulps=SUMS),
            array("Bs", "T p n", "B after each step", steps=True, ulps=SUMS),
            array("gammas", "T q k", "gamma after each step", steps=True, ulps=SUMS),
        ),
        reference=partial(lpgd, kind=kind),
        exact=partial(exact.lpgd, kind=kind),
        exact_source="residuals of the samples and eigenvectors of Z Z^T, in 50-digit arithmetic",
        cases=cases.lpgd(kind),
        sample=cases.random_lpgd(kind),
        laws=laws.lpgd(kind),
        errors=(
            *_REFUSED,
            refusals.numbers("step_size", "rank"),
            *refusals.arrays(A0="A", B0="B"),
        ),
        fit=Fit(
            fit=(*_SAMPLES, "A0", "B0", "gamma0"),
            settings=_SETTINGS | {"n_components|rank": "rank", "step_size": "step_size"},
            outputs={"As": ("A_",), "Bs": ("B_",), "gammas": ("gamma_",)},
            rounds="steps",
        ),
        without={}
        if kind == "filter"
        else {"long": "its steps are those of the filter model, which takes three hundred"},
    )


GRADIENT = Operation(
    name="sdl.gradient",
    summary="the loss in the factors and its four gradients",
    inputs=(*_DATA, *_BLOCKS, *_WEIGHTS, _KIND),
    outputs=(
        number("value", "loss", NONNEGATIVE),
        array("grad_W", "p r", "gradient in W", ulps=SUMS),
        array("grad_H", "r n", "gradient in H", ulps=SUMS),
        array("grad_beta", "r k", "gradient in beta", ulps=SUMS),
        array("grad_gamma", "q k", "gradient in gamma", ulps=SUMS),
    ),
    reference=gradient,
    exact=exact.gradient,
    exact_source="central differences of the definition of the loss, in 50-digit arithmetic",
    cases=cases.GRADIENT,
    sample=cases.random_factors,
    laws=laws.GRADIENT,
    errors=(*_REFUSED, _UNKNOWN_MODEL, *refusals.arrays(H="H", beta="beta")),
    without=_NO_STEPS,
)

BLOCK_DESCENT = Operation(
    name="sdl.bcd",
    summary="the factors after each of T rounds of block coordinate descent with diminishing radius",
    inputs=(
        *_DATA,
        *(array(f"{block.name}0", block.axes, f"start of the {block.doc}") for block in _BLOCKS),
        *_WEIGHTS,
        number("radius", "c: in round t a block moves by c t^(-1/2) / log(t + 1) at most", POSITIVE),
        integer("inner", "projected gradient steps per block, of length 1 / L_j, as sdl.constants has it", COUNT),
        integer("steps", "T", COUNT),
        _KIND,
        choice("constraint", ("none", "nonnegative"), "whether W and H must not be negative"),
    ),
    outputs=tuple(
        array(f"{block.name}s", f"T {block.axes}", f"{block.doc} after each round", steps=True, ulps=SUMS)
        for block in _BLOCKS
    ),
    reference=bcd,
    exact=exact.bcd,
    exact_source="the rounds written anew in 50-digit arithmetic, constants from eigenvalues of Gram matrices",
    cases=cases.BCD,
    sample=cases.random_rounds,
    laws=laws.BCD,
    errors=(
        *_REFUSED,
        _UNKNOWN_MODEL,
        refusals.numbers("radius", "inner"),
        *refusals.arrays(H0="H", beta0="beta"),
    ),
    relations=(
        Relation(
            "W0 >= 0 and H0 >= 0 where constraint = nonnegative",
            ("W0", "H0", "constraint"),
            lambda i: i["constraint"] == "none" or bool((i["W0"] >= 0).all() and (i["H0"] >= 0).all()),
        ),
    ),
    fit=Fit(
        fit=(*_SAMPLES, *(f"{block.name}0" for block in _BLOCKS)),
        settings=_SETTINGS | {"radius": "radius", "inner": "inner", "kind": "kind", "constraint": "constraint"},
        outputs={f"{block.name}s": (f"{block.name}_",) for block in _BLOCKS},
        rounds="steps",
    ),
    without={"long": "hundreds of rounds of four blocks take seconds; a round knows its number by the radius alone"},
)

CONSTANTS = Operation(
    name="sdl.constants",
    summary="bounds on the curvature of the lifted loss, and Lipschitz constants of the blocks",
    inputs=(*_DATA, *_BLOCKS, *_WEIGHTS, _KIND),
    outputs=(
        number("mu", "smallest curvature of the lifted loss, a lower bound", NONNEGATIVE),
        number("L", "largest curvature, an upper bound", NONNEGATIVE),
        number("L_W", "Lipschitz constant of the gradient in W", NONNEGATIVE),
        number("L_H", "of that in H", NONNEGATIVE),
        number("L_beta", "of that in beta", NONNEGATIVE),
        number("L_gamma", "of that in gamma", NONNEGATIVE),
    ),
    reference=constants,
    exact=exact.constants,
    exact_source="eigenvalues of Gram matrices in 50-digit arithmetic",
    cases=cases.CONSTANTS,
    sample=cases.random_factors,
    laws=laws.CONSTANTS,
    errors=(*_REFUSED, _UNKNOWN_MODEL),
    without=_NO_STEPS,
)

_NEW = (
    array("x", "p m", "new samples in columns"),
    array("covariates", "q m", "their covariates"),
    *(block for block in _BLOCKS if block.name != "H"),
)
_NEW_REFUSED = (
    ErrorCase("nan-data", "NaN is no datum", {"x": np.full((3, 4), np.nan)}, ValueError, "x"),
    *refusals.arrays(covariates="covariates", gamma="gamma"),
)

PREDICT = Operation(
    name="sdl.predict",
    summary="probabilities of all classes for new samples; in the feature model the shortest codes of least squares",
    inputs=(*_NEW, _KIND),
    outputs=(array("probabilities", "k+1 m", "of the classes 0, ..., k", ulps=8),),  # g_0 may be 1 less the others
    reference=predict,
    exact=exact.predict,
    exact_source="exponentials, eigenvectors and normal equations in 50-digit arithmetic",
    cases=cases.PREDICT,
    sample=cases.random_new,
    laws=laws.PREDICT,
    errors=(*_NEW_REFUSED, _UNKNOWN_MODEL),
    without=_NO_STEPS,
)

ENERGIES = Operation(
    name="sdl.label_energies",
    summary="for each class the least loss of a new sample over its codes, feature model (exhaustive prediction)",
    inputs=(*_NEW, _WEIGHTS[0]),
    outputs=(
        array("energies", "k+1 m", "min over h of xi |x - W h|^2 + loss(y, beta^T h + gamma^T x') for each class"),
    ),
    reference=energies,
    exact=exact.energies,
    exact_source="Newton's method with step halving in 50-digit arithmetic",
    cases=cases.ENERGIES,
    sample=cases.random_energies,
    laws=laws.ENERGIES,
    errors=(
        *_NEW_REFUSED,
        refusals.numbers("xi"),
        ErrorCase("dependent-atoms", "two equal atoms have no one code", {"W": np.ones((3, 2))}, ValueError, "W"),
    ),
    relations=(Relation("the columns of W are independent", ("W",), cases.independent),),
    without={"long": "its answer is a minimum, however many steps lead there"},
)

SYSTEM = System(
    name="sdl",
    chapter="convex",
    summary="one dictionary that reconstructs data and predicts labels; convex in the products of its factors",
    paper=Paper(
        title="Supervised Dictionary Learning with Auxiliary Covariates",
        authors="Lee, Lyu, Yao",
        arxiv="2206.06774",
        year=2022,
        key="lee2022supervised",
    ),
    operations=(
        *map(_lpgd_operation, sdl.KINDS),
        GRADIENT,
        BLOCK_DESCENT,
        CONSTANTS,
        PREDICT,
        ENERGIES,
    ),
    claims=CLAIMS,
    alternatives=ALTERNATIVES,
    equations={
        "sdl-1": "Section 1, loss of a sample",
        "sdl-2": "Section 1, probabilities of the classes, with the exponential as score",
        "sdl-3": "Section 1, SDL-W (filter) and SDL-H (feature)",
        "sdl-4": "Section 2, lifting",
        "sdl-5": "Section 1; the ridge is ours",
        "sdl-6": "Section 2, lifted objective",
        "sdl-7": "ours, from (1) and (2)",
        **dict.fromkeys(("sdl-8", "sdl-9", "sdl-10"), "Section 2, gradient of the lifted objective"),
        "sdl-11": "Algorithm LPGD, gradient step",
        "sdl-12": "Algorithm LPGD, projection onto rank r",
        "sdl-13": "ours: the paper bounds the curvature on a bounded set",
        **dict.fromkeys(("sdl-14", "sdl-15"), "ours: valid without bounds on the parameters"),
        "sdl-16": "theorem on LPGD",
        "sdl-17": "Algorithm LPGD, last step",
        **{f"sdl-{i}": "ours, by the chain rule" for i in range(18, 22)},
        **{f"sdl-{i}": "ours: the paper leaves the solver of a block open" for i in (22, 23, 24, 25, 27)},
        "sdl-26": "Algorithm BCD-DR, radius",
        "sdl-28": "Algorithm BCD-DR, trust region",
        "sdl-29": "authors' code, naive rule",
        **dict.fromkeys(("sdl-30", "sdl-31"), "ours: how to minimize over the code"),
        **dict.fromkeys(("sdl-32", "sdl-33"), "section on statistical estimation"),
    },
)
