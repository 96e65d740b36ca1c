"""What the oracle knows of supervised dictionary learning."""

import numpy as np

from refimpl.convex import sdl
from refimpl.core.arrays import array_namespace
from refimpl.specs.base import (
    ErrorCase,
    Law,
    Operation,
    Paper,
    System,
    array,
    choice,
    integer,
    number,
)
from refimpl.specs.convex.sdl import cases, exact
from refimpl.specs.convex.sdl.claims import CLAIMS
from refimpl.specs.convex.sdl.mistakes import ALTERNATIVES

# Operations ---------------------------------------------------------------------------------------------------


def _samples(x, covariates, labels, k):
    xp = array_namespace(labels)
    return sdl.data(x, covariates, xp.astype(labels, xp.int64), classes=k + 1)


def _lpgd(kind):
    def run(x, covariates, labels, A0, B0, gamma0, rank, xi, nu, step_size, steps):
        samples, state = _samples(x, covariates, labels, gamma0.shape[1]), sdl.Lifted(A0, B0, gamma0)
        states = []
        for _ in range(steps):
            state, _info = sdl.lpgd_step(state, samples, rank=rank, xi=xi, nu=nu, step_size=step_size, kind=kind)
            states.append(state)
        return tuple(map(array_namespace(x).stack, zip(*states, strict=True)))

    return run


def gradient(x, covariates, labels, W, H, beta, gamma, xi, nu, kind):
    """Loss in the factors and its gradient."""
    samples, state = _samples(x, covariates, labels, gamma.shape[1]), sdl.Factors(W, H, beta, gamma)
    settings = {"xi": xi, "nu": nu, "kind": kind}
    return sdl.objective(state, samples, **settings), *sdl.gradient(state, samples, **settings)


def bcd(x, covariates, labels, W0, H0, beta0, gamma0, xi, nu, radius, inner, steps, kind, constraint):
    """Factors after each round."""
    samples, state = _samples(x, covariates, labels, gamma0.shape[1]), sdl.Factors(W0, H0, beta0, gamma0)
    constraints = {"W": sdl.nonnegative, "H": sdl.nonnegative} if constraint == "nonnegative" else None
    states = []
    for k in range(1, steps + 1):
        state, _ = sdl.bcd_step(
            state, samples, k, xi=xi, nu=nu, radius=radius, inner=inner, kind=kind, constraints=constraints
        )
        states.append(state)
    return tuple(map(array_namespace(x).stack, zip(*states, strict=True)))


def constants(x, covariates, labels, W, H, beta, gamma, xi, nu, kind):
    """Curvature bounds of the lifted loss and Lipschitz constants of the blocks."""
    samples, state = _samples(x, covariates, labels, gamma.shape[1]), sdl.Factors(W, H, beta, gamma)
    settings = {"xi": xi, "nu": nu, "kind": kind}
    return *sdl.curvature(samples, **settings), *sdl.block_constants(state, samples, **settings)


def predict(x, covariates, W, beta, gamma, kind):
    """Class probabilities of new samples."""
    return sdl.predict(sdl.Factors(W, None, beta, gamma), x, covariates, kind=kind)


def energies(x, covariates, W, beta, gamma, xi):
    """Least loss of each class for new samples."""
    return sdl.label_energies(sdl.Factors(W, None, beta, gamma), x, covariates, xi=xi)


# Laws ---------------------------------------------------------------------------------------------------------


def _reflected(matrix):
    """Q matrix, with the reflection Q = I - 2 v v^T / |v|^2 at v = (1, ..., p)."""
    v = np.arange(1.0, matrix.shape[0] + 1)
    mirror = np.eye(v.size) - 2 * v[:, None] * v / (v @ v)
    xp = array_namespace(matrix)
    return xp.asarray(mirror, dtype=matrix.dtype) @ matrix


def _each(matrices, function):
    xp = array_namespace(matrices)
    return xp.stack([function(matrices[i, ...]) for i in range(matrices.shape[0])])


def _turned_lpgd(kind):
    def pairs(run, inputs):
        names = ("x", "B0", "A0") if kind == "filter" else ("x", "B0")
        there, turned = run(**inputs), run(**{**inputs, **{name: _reflected(inputs[name]) for name in names}})
        yield turned["As"], _each(there["As"], _reflected) if kind == "filter" else there["As"]
        yield turned["Bs"], _each(there["Bs"], _reflected)
        yield turned["gammas"], there["gammas"]

    return pairs


def _backwards(inputs, names):
    """Samples in the opposite order."""
    xp = array_namespace(inputs["x"])
    return {**inputs, **{name: xp.flip(inputs[name], axis=-1) for name in names}}


def _reordered_lpgd(kind):
    def pairs(run, inputs):
        names = ("x", "covariates", "labels", "B0", *(() if kind == "filter" else ("A0",)))
        xp = array_namespace(inputs["x"])
        there, back = run(**inputs), run(**_backwards(inputs, names))
        yield back["As"], there["As"] if kind == "filter" else xp.flip(there["As"], axis=-1)
        yield back["Bs"], xp.flip(there["Bs"], axis=-1)
        yield back["gammas"], there["gammas"]

    return pairs


def _low_rank(kind):
    def pairs(run, inputs):
        xp = array_namespace(inputs["x"])
        found = run(**inputs)
        for i in range(found["As"].shape[0]):
            stacked = xp.concat([found["As"][i, ...], found["Bs"][i, ...]], axis=int(kind == "filter"))
            rest = xp.linalg.svdvals(stacked)[inputs["rank"] :]
            yield rest, 0 * rest

    return pairs


def _never_rises(kind):
    def pairs(run, inputs):
        xp, k = array_namespace(inputs["x"]), inputs["gamma0"].shape[1]
        settings = {"xi": inputs["xi"], "nu": inputs["nu"], "kind": kind}
        samples = _samples(inputs["x"], inputs["covariates"], inputs["labels"], k)
        step_size = 1 / float(sdl.curvature(samples, **settings)[1])
        start = {name: 0 * inputs[name] for name in ("A0", "B0", "gamma0")}
        found = run(**{**inputs, **start, "step_size": step_size, "steps": 4})
        found = {name: xp.asarray(value, dtype=inputs["x"].dtype) for name, value in found.items()}
        states = [sdl.Lifted(*start.values())]
        states += [sdl.Lifted(*(found[name][i, ...] for name in ("As", "Bs", "gammas"))) for i in range(4)]
        values = xp.stack([sdl.lifted_objective(state, samples, **settings) for state in states])
        rise = values[1:] - xp.min(xp.stack([values[1:], values[:-1]]), axis=0)
        yield rise, 0 * rise

    return pairs


def _slope_of_the_value(run, inputs):
    """Central difference of the loss along a fixed direction; its own error is part of the measured tolerance."""
    xp, h = array_namespace(inputs["x"]), 2.0**-8
    there = run(**inputs)
    for name in sdl.BLOCKS:
        rows, columns = inputs[name].shape
        direction = xp.asarray(np.cos(np.arange(1.0, rows * columns + 1)).reshape(rows, columns))
        direction = xp.astype(direction, inputs["x"].dtype)
        up, down = (run(**{**inputs, name: inputs[name] + s * h * direction})["value"] for s in (1.0, -1.0))
        yield (up - down) / (2 * h), xp.sum(there[f"grad_{name}"] * direction)


def _only_products_count(run, inputs):
    """W 4, H / 4, and beta to match: without ridge the loss stays and the gradients scale."""
    inputs = {**inputs, "nu": 0.0}
    by = 0.25 if inputs["kind"] == "filter" else 4.0
    scaled = {"W": 4.0 * inputs["W"], "H": inputs["H"] / 4, "beta": by * inputs["beta"]}
    there, back = run(**inputs), run(**{**inputs, **scaled})
    yield back["value"], there["value"]
    yield 4.0 * back["grad_W"], there["grad_W"]
    yield back["grad_H"] / 4, there["grad_H"]
    yield by * back["grad_beta"], there["grad_beta"]


def _turned_gradient(run, inputs):
    there = run(**inputs)
    turned = run(**{**inputs, "x": _reflected(inputs["x"]), "W": _reflected(inputs["W"])})
    yield turned["value"], there["value"]
    yield turned["grad_W"], _reflected(there["grad_W"])
    yield turned["grad_H"], there["grad_H"]


def _turned_bcd(run, inputs):
    inputs = {**inputs, "constraint": "none"}
    there, turned = run(**inputs), run(**{**inputs, "x": _reflected(inputs["x"]), "W0": _reflected(inputs["W0"])})
    yield turned["Ws"], _each(there["Ws"], _reflected)
    for name in ("Hs", "betas", "gammas"):
        yield turned[name], there[name]


def _atoms_in_any_order(run, inputs):
    xp = array_namespace(inputs["x"])
    axes = {"W": -1, "H": -2, "beta": -2}
    flipped = {f"{name}0": xp.flip(inputs[f"{name}0"], axis=axis) for name, axis in axes.items()}
    there, back = run(**inputs), run(**{**inputs, **flipped})
    for name, axis in axes.items():
        yield back[f"{name}s"], xp.flip(there[f"{name}s"], axis=axis)


def _within_the_radius(run, inputs):
    xp, found = array_namespace(inputs["x"]), run(**inputs)
    for name in sdl.BLOCKS:
        before = inputs[f"{name}0"]
        for i in range(inputs["steps"]):
            after = xp.asarray(found[f"{name}s"], dtype=inputs["x"].dtype)[i, ...]
            reach = inputs["radius"] / ((i + 1) ** 0.5 * float(np.log(i + 2)))
            beyond = xp.clip(xp.sqrt(xp.sum((after - before) ** 2)) - reach, min=0.0)
            yield beyond, 0 * beyond
            before = after


def _loss_never_rises(run, inputs):
    xp, found = array_namespace(inputs["x"]), run(**inputs)
    found = {name: xp.asarray(value, dtype=inputs["x"].dtype) for name, value in found.items()}
    samples = _samples(inputs["x"], inputs["covariates"], inputs["labels"], inputs["gamma0"].shape[1])
    states = [sdl.Factors(*(inputs[f"{name}0"] for name in sdl.BLOCKS))]
    states += [sdl.Factors(*(found[f"{name}s"][i, ...] for name in sdl.BLOCKS)) for i in range(inputs["steps"])]
    settings = {name: inputs[name] for name in ("xi", "nu", "kind")}
    values = xp.stack([sdl.objective(state, samples, **settings) for state in states])
    rise = values[1:] - xp.min(xp.stack([values[1:], values[:-1]]), axis=0)
    yield rise, 0 * rise


_CONSTANTS = ("mu", "L", "L_W", "L_H", "L_beta", "L_gamma")


def _turned_constants(run, inputs):
    there = run(**inputs)
    turned = run(**{**inputs, "x": _reflected(inputs["x"]), "W": _reflected(inputs["W"])})
    for name in _CONSTANTS:
        yield turned[name], there[name]


def _constants_scale(run, inputs):
    """Filter model: data times 2, xi and nu times 4, make all constants 4 times as large."""
    inputs = {**inputs, "kind": "filter"}
    larger = {
        "x": 2 * inputs["x"],
        "covariates": 2 * inputs["covariates"],
        "xi": 4 * inputs["xi"],
        "nu": 4 * inputs["nu"],
    }
    there, back = run(**inputs), run(**{**inputs, **larger})
    for name in _CONSTANTS:
        yield back[name], 4 * there[name]


def _sums_to_one(run, inputs):
    xp, found = array_namespace(inputs["x"]), run(**inputs)["probabilities"]
    yield xp.sum(found, axis=0), xp.ones_like(found[0, :])


def _rescaled_dictionary(run, inputs):
    """W times 2 is made up for by beta / 2 (filter: features double) or 2 beta (feature: codes halve)."""
    by = 0.5 if inputs.get("kind") == "filter" else 2.0
    name = "probabilities" if "kind" in inputs else "energies"
    yield run(**{**inputs, "W": 2 * inputs["W"], "beta": by * inputs["beta"]})[name], run(**inputs)[name]


def _turned_new(run, inputs):
    name = "probabilities" if "kind" in inputs else "energies"
    turned = {**inputs, "x": _reflected(inputs["x"]), "W": _reflected(inputs["W"])}
    yield run(**turned)[name], run(**inputs)[name]


def _label_is_worth_its_log_odds(run, inputs):
    """At beta = 0 the energies differ from that of class 0 by the activations, gamma^T x'."""
    found = run(**{**inputs, "beta": 0 * inputs["beta"]})["energies"]
    yield found[:1, :] - found[1:, :], inputs["gamma"].T @ inputs["covariates"]


# The system ---------------------------------------------------------------------------------------------------

_DATA = (
    array("x", "p n", "data X, one sample per column"),
    array("covariates", "q n", "covariates X', which enter the regression alone"),
    array("labels", "n", "classes 0, ..., k, stored as floats: cast them"),
)
_WEIGHTS = (
    number("xi", "weight > 0 of the reconstruction"),
    number("nu", "ridge >= 0"),
)
_KIND = choice("kind", sdl.KINDS, "whether the regression sees W^T x (filter) or the codes h (feature)")
_BLOCKS = (
    array("W", "p r", "dictionary"),
    array("H", "r n", "codes"),
    array("beta", "r k", "coefficients of the features"),
    array("gamma", "q k", "coefficients of the covariates"),
)
_SAMPLE_ERRORS = (
    ErrorCase("label-too-large", "class 5 of 2", {"labels": np.array([1.0, 0, 5])}, ValueError, "labels"),
    ErrorCase("label-negative", "there is no class -1", {"labels": np.array([1.0, 0, -1])}, ValueError, "labels"),
    ErrorCase("nan-data", "NaN is no datum", {"x": np.full((2, 3), np.nan)}, ValueError, "x"),
    ErrorCase("too-few-labels", "a label is missing", {"labels": np.array([1.0, 0])}, ValueError, "labels"),
    ErrorCase(
        "covariates-of-others",
        "four samples have covariates",
        {"covariates": np.ones((1, 4))},
        ValueError,
        "covariates",
    ),
    ErrorCase("no-reconstruction", "xi = 0 leaves the dictionary free", {"xi": 0.0}, ValueError, "xi"),
    ErrorCase("negative-ridge", "a negative ridge has no minimum", {"nu": -0.1}, ValueError, "nu"),
)


def _lpgd_operation(kind, shape, doc):
    return Operation(
        name=f"sdl.{kind}_lpgd",
        summary=f"the state of lifted projected gradient descent after each of T steps, {kind} model",
        inputs=(
            *_DATA,
            array("A0", shape, doc),
            array("B0", "p n", "start of B = W H"),
            array("gamma0", "q k", "start of the coefficients of the covariates"),
            integer("rank", "r >= 1, the rank that is kept"),
            *_WEIGHTS,
            number("step_size", "tau > 0"),
            integer("steps", "T >= 1"),
        ),
        outputs=(
            array("As", f"T {shape}", "A after each step", steps=True),
            array("Bs", "T p n", "B after each step", steps=True),
            array("gammas", "T q k", "gamma after each step", steps=True),
        ),
        reference=_lpgd(kind),
        exact=exact.lpgd(kind),
        exact_source="central differences of the loss as defined and eigenvectors of Z Z^T, in 50-digit arithmetic",
        cases=cases.lpgd_cases(kind),
        sample=cases.random_lpgd(kind),
        laws=(
            Law(
                "rotation",
                "X, B (and A of the filter model) reflected give reflected states",
                _turned_lpgd(kind),
                ("gaussian", "three-classes"),
            ),
            Law(
                "sample-order",
                "samples in the opposite order give the same states in that order",
                _reordered_lpgd(kind),
                ("gaussian", "three-classes"),
            ),
            Law(
                "low-rank",
                "the stacked matrix of A and B has rank r at most",
                _low_rank(kind),
                ("gaussian", "more-features-than-samples"),
            ),
            Law(
                "descent",
                "from zero with step size 1 / L the loss never rises",
                _never_rises(kind),
                ("gaussian", "three-classes"),
            ),
        ),
        errors=(
            *_SAMPLE_ERRORS,
            ErrorCase("rank-zero", "a dictionary has an atom at least", {"rank": 0}, ValueError, "rank"),
            ErrorCase("negative-step", "a negative step climbs", {"step_size": -0.2}, ValueError, "step_size"),
            ErrorCase("misshapen-B", "B is as large as X", {"B0": np.ones((2, 2))}, ValueError, "B"),
        ),
    )


FILTER_LPGD = _lpgd_operation("filter", "p k", "start of A = W beta")
FEATURE_LPGD = _lpgd_operation("feature", "k n", "start of A = beta^T H")

GRADIENT = Operation(
    name="sdl.gradient",
    summary="the loss in the factors and its four gradients",
    inputs=(*_DATA, *_BLOCKS, *_WEIGHTS, _KIND),
    outputs=(
        number("value", "loss"),
        array("grad_W", "p r", "gradient in W"),
        array("grad_H", "r n", "gradient in H"),
        array("grad_beta", "r k", "gradient in beta"),
        array("grad_gamma", "q k", "gradient in gamma"),
    ),
    reference=gradient,
    exact=exact.gradient,
    exact_source="central differences of the definition of the loss, in 50-digit arithmetic",
    cases=cases.GRADIENT_CASES,
    sample=cases.random_factors,
    laws=(
        Law(
            "derivative",
            "central differences of the loss are what the gradients say",
            _slope_of_the_value,
            ("worked-filter", "gaussian-feature"),
        ),
        Law(
            "products",
            "without ridge only the products of the factors count",
            _only_products_count,
            ("gaussian-filter", "gaussian-feature"),
        ),
        Law(
            "rotation",
            "X and W reflected: same loss, reflected gradient in W",
            _turned_gradient,
            ("gaussian-filter", "gaussian-feature"),
        ),
    ),
    errors=(
        *_SAMPLE_ERRORS,
        ErrorCase("unknown-model", "there are two models", {"kind": "both"}, ValueError, "kind"),
        ErrorCase("misshapen-H", "H has a code for each sample", {"H": np.ones((1, 2))}, ValueError, "H"),
    ),
)

BLOCK_DESCENT = Operation(
    name="sdl.bcd",
    summary="the factors after each of T rounds of block coordinate descent with diminishing radius",
    inputs=(
        *_DATA,
        *(array(f"{block.name}0", block.axes, f"start of the {block.doc}") for block in _BLOCKS),
        *_WEIGHTS,
        number("radius", "c > 0: in round k a block moves by c k^(-1/2) / log(k + 1) at most"),
        integer("inner", "projected gradient steps per block, >= 1"),
        integer("steps", "T >= 1"),
        _KIND,
        choice("constraint", ("none", "nonnegative"), "whether W and H must not be negative"),
    ),
    outputs=tuple(
        array(f"{block.name}s", f"T {block.axes}", f"{block.doc} after each round", steps=True) for block in _BLOCKS
    ),
    reference=bcd,
    exact=exact.bcd,
    exact_source="the rounds written anew in 50-digit arithmetic, constants from eigenvalues of Gram matrices",
    cases=cases.BCD_CASES,
    sample=cases.random_rounds,
    laws=(
        Law(
            "radius",
            "no block moves farther than the radius of its round",
            _within_the_radius,
            ("worked-filter", "binding"),
        ),
        Law("descent", "the loss never rises", _loss_never_rises, ("nonnegative", "free-feature")),
        Law(
            "rotation",
            "X and W reflected: reflected dictionaries, everything else the same",
            _turned_bcd,
            ("free-filter", "free-feature"),
        ),
        Law(
            "atom-order",
            "atoms in the opposite order stay in that order",
            _atoms_in_any_order,
            ("nonnegative-feature",),
        ),
    ),
    errors=(
        *_SAMPLE_ERRORS,
        ErrorCase("no-radius", "a radius of 0 allows no move", {"radius": 0.0}, ValueError, "radius"),
        ErrorCase("no-inner-step", "without inner steps nothing happens", {"inner": 0}, ValueError, "inner"),
        ErrorCase("nan-start", "NaN is no dictionary", {"W0": np.full((2, 1), np.nan)}, ValueError, "W"),
    ),
)

CONSTANTS = Operation(
    name="sdl.constants",
    summary="bounds on the curvature of the lifted loss, and Lipschitz constants of the blocks",
    inputs=(*_DATA, *_BLOCKS, *_WEIGHTS, _KIND),
    outputs=(
        number("mu", "smallest curvature of the lifted loss, a lower bound"),
        number("L", "largest curvature, an upper bound"),
        number("L_W", "Lipschitz constant of the gradient in W"),
        number("L_H", "of that in H"),
        number("L_beta", "of that in beta"),
        number("L_gamma", "of that in gamma"),
    ),
    reference=constants,
    exact=exact.constants,
    exact_source="eigenvalues of Gram matrices in 50-digit arithmetic",
    cases=cases.CONSTANT_CASES,
    sample=cases.random_factors,
    laws=(
        Law(
            "rotation",
            "X and W reflected: the same constants",
            _turned_constants,
            ("worked-feature", "three-classes-filter"),
        ),
        Law(
            "scaling",
            "filter model: data times 2, xi and nu times 4 give constants times 4",
            _constants_scale,
            ("worked-filter", "three-classes-filter"),
        ),
    ),
    errors=_SAMPLE_ERRORS,
)

_NEW = (
    array("x", "p m", "new samples in columns"),
    array("covariates", "q m", "their covariates"),
    *(block for block in _BLOCKS if block.name != "H"),
)

PREDICT = Operation(
    name="sdl.predict",
    summary="probabilities of all classes for new samples; in the feature model the shortest codes of least squares",
    inputs=(*_NEW, _KIND),
    outputs=(array("probabilities", "k+1 m", "of the classes 0, ..., k"),),
    reference=predict,
    exact=exact.predict,
    exact_source="exponentials, eigenvectors and normal equations in 50-digit arithmetic",
    cases=cases.PREDICT_CASES,
    sample=cases.random_new,
    laws=(
        Law("total", "the probabilities of a sample add up to 1", _sums_to_one, ("three-classes-filter", "saturated")),
        Law("scale", "a dictionary twice as large is made up for by beta", _rescaled_dictionary, ("filter", "feature")),
        Law("rotation", "X and W reflected: the same probabilities", _turned_new, ("filter", "four-classes-feature")),
    ),
    errors=(
        ErrorCase("nan-data", "NaN is no datum", {"x": np.full((3, 4), np.nan)}, ValueError, "x"),
        ErrorCase("unknown-model", "there are two models", {"kind": "both"}, ValueError, "kind"),
        ErrorCase("features-missing", "as many features as the dictionary", {"x": np.ones((2, 4))}, ValueError, "W"),
    ),
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
    cases=cases.ENERGY_CASES,
    sample=cases.random_energies,
    laws=(
        Law(
            "scale",
            "a dictionary and coefficients twice as large give the same energies",
            _rescaled_dictionary,
            ("two-classes", "strong-labels"),
        ),
        Law("rotation", "X and W reflected: the same energies", _turned_new, ("two-classes", "three-classes")),
        Law(
            "log-odds",
            "without features the energies differ by the covariates' activations",
            _label_is_worth_its_log_odds,
            ("two-classes", "three-classes"),
        ),
    ),
    errors=(
        ErrorCase("no-reconstruction", "xi = 0 leaves the code free", {"xi": 0.0}, ValueError, "xi"),
        ErrorCase("dependent-atoms", "two equal atoms have no one code", {"W": np.ones((3, 2))}, ValueError, "W"),
        ErrorCase(
            "nan-covariates", "NaN is no covariate", {"covariates": np.full((2, 3), np.nan)}, ValueError, "covariates"
        ),
    ),
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
    operations=(FILTER_LPGD, FEATURE_LPGD, GRADIENT, BLOCK_DESCENT, CONSTANTS, PREDICT, ENERGIES),
    claims=CLAIMS,
    alternatives=ALTERNATIVES,
)
