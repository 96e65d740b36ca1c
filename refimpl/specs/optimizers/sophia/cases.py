"""The inputs on which the operations of Sophia are checked."""

from dataclasses import replace

import numpy as np

from refimpl.core.random import stream
from refimpl.core.special import softmax
from refimpl.optimizers import _sophia_models as models
from refimpl.specs.base import Case
from refimpl.specs.domains import Relation
from refimpl.specs.sizes import large

# Cases of the step --------------------------------------------------------------------------------------------

DEFAULTS = {"beta1": 0.96, "beta2": 0.99, "gamma": 0.01, "eps": 1e-12, "weight_decay": 0.0}


def _inputs(theta0, grads, estimates, lr=0.1, k=10, **rates):
    arrays = {"theta0": theta0, "grads": grads, "estimates": estimates}
    return {name: np.array(x, dtype=float) for name, x in arrays.items()} | {"lr": lr} | DEFAULTS | rates | {"k": k}


INDEFINITE = np.array([[2, 1, 0, -1], [1, 3, 0.5, 0], [0, 0.5, -1, 2], [-1, 0, 2, 4]])
PROBES = {1: [0.5, -1, 2, 1], 4: [-1, 0.5, 1, -0.5], 7: [1.5, 1, -0.5, 0.5]}


def _indefinite_run(steps=7):
    """Sophia-H on theta^T H theta / 2 with the probes above; rows of no estimate hold what must not be used."""
    theta, m, h = np.array([1.0, -2.0, 0.5, 3.0]), np.zeros(4), np.zeros(4)
    start, grads, estimates = theta, [], []
    for t in range(1, steps + 1):
        grads.append(INDEFINITE @ theta)
        m = 0.96 * m + 0.04 * grads[-1]
        probe = np.array(PROBES.get(t, [1, -1, 1, 1 + t]))
        estimates.append(probe * (INDEFINITE @ probe))
        if t in PROBES:
            h = 0.99 * h + 0.01 * estimates[-1]
        theta = 0.99 * theta - 0.1 * np.clip(m / np.maximum(40 * h, 1e-12), -1, 1)
    return _inputs(start, np.round(grads, 6), estimates, gamma=40.0, weight_decay=0.1, k=3)


def _gaussian(seed, steps, d, scale=1.0, **rates):
    rng = stream(seed, "sophia-case")
    grads = scale * rng.standard_normal((steps, d))
    return _inputs(rng.standard_normal(d), grads, scale * rng.standard_normal((steps, d)) ** 2, **rates)


_HALVES = {"beta1": 0.5, "beta2": 0.5, "k": 1}
TRAJECTORY = (
    Case(
        "saddle",
        ("basic", "wrong_order", "missing_step", "known_bug", "variant"),
        "three refreshes, some curvatures negative, some coordinates clipped and some not: tells nearly all mistakes",
        _indefinite_run(),
        equations=("sophia-1", "sophia-2", "sophia-3", "sophia-4", "sophia-5"),
    ),
    Case(
        "by-hand",
        ("basic",),
        "one coordinate is not clipped in its first step; the second step has no estimate",
        _inputs(
            [1, -2, 0.5, 3],
            [[-3, -4.75, 4.5, 12], [-2.574, -4.3525, 4.413, 11.196]],
            [[0, 1.5, 0.5, 5], [7, 7, 7, 7]],
            gamma=10.0,
            weight_decay=0.1,
        ),
        equations=("sophia-1", "sophia-2", "sophia-3", "sophia-4"),
        answer={"thetas": np.array([[1.09, -1.88, 0.395, 2.874], [1.1791, -1.7612, 0.29105, 2.74526]])},
        source="worked by hand",
    ),
    Case(
        "estimate-in-every-step",
        ("boundary", "wrong_constant"),
        "k = 1: every step is a step of refresh, though t mod 1 is never 1",
        _gaussian(1, 4, 2, gamma=30.0, k=1),
        equations=("sophia-5",),
    ),
    Case(
        "one-step-one-coordinate",
        ("boundary",),
        "the first step is (1 - beta1) g / (gamma (1 - beta2) estimate): no bias correction anywhere",
        _inputs([2.0], [[3.0]], [[5.0]], lr=0.5, gamma=4.0),
        equations=("sophia-4",),
        answer={"thetas": np.array([[1.7]])},
        source="2 - 0.5 * 0.12 / 0.2, by hand",
    ),
    Case(
        "no-memory",
        ("boundary", "wrong_constant"),
        "with both rates 0 each step is that of the newest gradient over the newest estimate",
        _inputs(
            [1, 1],
            [[5, -5], [-0.1, 0.1], [0.2, -0.2], [0, 3]],
            [[10, 2], [1, 1], [0.5, -3], [4, 4]],
            gamma=1.0,
            beta1=0.0,
            beta2=0.0,
            k=2,
            weight_decay=0.05,
        ),
    ),
    Case(
        "strong-decay",
        ("wrong_order", "wrong_constant"),
        "decay stays outside the clip, is multiplied by lr, and sees the old parameters",
        _inputs(
            [10, -10, 3],
            [[1, 1, -1], [0.5, -2, -1], [1, -1, 2]],
            [[1, 4, 9], [2, 2, 2], [3, 3, 3]],
            lr=0.2,
            gamma=20.0,
            weight_decay=1.5,
            k=2,
        ),
        equations=("sophia-3",),
    ),
    Case(
        "negative-curvature",
        ("edge_case", "known_bug", "variant"),
        "where h is negative or 0 the step has the size lr and the sign of m",
        _inputs(
            [0.5, -0.5, 1],
            [[1, -1, 2], [0.5, -2, 1], [1, 1, -0.25]],
            [[-3, -5, 0], [1, 1, 1], [-4, 1, 0]],
            gamma=2.0,
            k=2,
        ),
        equations=("sophia-4",),
    ),
    Case(
        "below-the-floor",
        ("numerics", "variant", "wrong_constant"),
        "gamma h around eps: the floor is a maximum and no summand, and gradients may be too small for a sign step",
        _inputs(
            [1, -1, 0.5],
            [[1e-11, 1e-11, -1e-13], [-2e-11, 1e-11, 2e-13], [1e-11, 1e-11, 1e-13]],
            [[6e-11, 1e-12, 1e-14], [1, 1, 1], [1, 1, 1]],
            gamma=1.0,
        ),
        equations=("sophia-4",),
    ),
    Case(
        "floor-of-the-scaled-curvature",
        ("wrong_constant", "wrong_order"),
        "gamma = 1/4 and an eps of ordinary size: eps is the floor of gamma h, not of h, and no constant of the code",
        _inputs(
            [1, -1, 0.5], [[0.5, -0.5, 0.1], [-1, 1.5, 0.3]], [[2, 16, 0.5], [3, -4, 8]], gamma=0.25, eps=0.5, **_HALVES
        ),
        equations=("sophia-4",),
    ),
    Case(
        "zeros",
        ("edge_case", "numerics"),
        "without gradient and curvature nothing moves but the decay, and there is no NaN",
        _inputs([1, -2], np.zeros((3, 2)), np.zeros((3, 2)), weight_decay=0.1, k=2),
    ),
    Case(
        "gradient-stops",
        ("edge_case", "missing_step"),
        "once the gradient is 0 the momentum still moves the coordinates, ever less",
        _inputs([0.5, 0.5], [[1, -3], [0, 0], [0, 0], [0, 0]], [[5, 5]] * 4, gamma=3.0, beta1=0.5, k=4),
        equations=("sophia-1",),
    ),
    Case(
        "paper-rates",
        ("basic",),
        "22 steps with the paper's rates, three refreshes",
        _gaussian(2, 22, 3, lr=0.01, gamma=8.0, weight_decay=0.2),
        equations=("sophia-2", "sophia-5"),
    ),
    Case(
        "huge",
        ("numerics",),
        "gradients and curvatures near the largest float: the ratio is ordinary",
        _inputs(
            [1, -1], [[1e300, -1e300], [-1e299, 5e300]], [[1e302, 2e300], [1e300, 1e300]], gamma=0.5, beta1=0.5, k=1
        ),
        dtypes=("float64",),
    ),
    Case(
        "pause",
        ("edge_case", "missing_step"),
        "no gradient and no curvature for three steps, then ordinary ones again: the averages go on in between",
        _inputs(
            [1, -0.5],
            [[2, -1], [0, 0], [0, 0], [0, 0], [1, -2], [-1, 1]],
            [[4, 8], [1, 1], [0, 0], [1, 1], [2, 4], [1, 1]],
            lr=0.125,
            gamma=2.0,
            beta1=0.5,
            beta2=0.5,
            k=2,
        ),
        equations=("sophia-1", "sophia-2"),
    ),
    Case(
        "three-hundred-steps",
        ("long",),
        "nothing wears off, and estimates stay due in every seventh step",
        _gaussian(3, 300, 1, lr=0.125, gamma=0.5, beta1=0.875, beta2=0.75, weight_decay=0.125, k=7),
        equations=("sophia-5",),
    ),
    large("many-coordinates", "by-hand", "d"),
)


def sample(rng):
    steps, d, scale = int(rng.integers(1, 6)), int(rng.integers(1, 5)), 10.0 ** rng.uniform(-3, 3)
    return _inputs(
        rng.standard_normal(d),
        scale * rng.standard_normal((steps, d)),
        scale * (rng.standard_normal((steps, d)) + rng.choice([0.0, 1.0, 2.0])),
        lr=float(10.0 ** rng.uniform(-3, 0)),
        beta1=float(rng.uniform(0, 0.98)),
        beta2=float(rng.uniform(0, 0.99)),
        gamma=float(10.0 ** rng.uniform(-1, 1.5)),
        weight_decay=float(rng.choice([0.0, 0.1, 0.5])),
        k=int(rng.integers(1, 4)),
    )


def _step_inputs(theta, m, h, grad, estimate, refresh="yes", **rates):
    inputs = _inputs(theta, grad, estimate, **rates)
    return {
        "theta": inputs["theta0"],
        "m": np.array(m, dtype=float),
        "h": np.array(h, dtype=float),
        "grad": inputs["grads"],
        "estimate": inputs["estimates"],
        "refresh": refresh,
    } | {name: inputs[name] for name in ("lr", *DEFAULTS)}


_ORDINARY = ([1, -2, 3], [0.5, -0.25, 1], [2, 3, -1], [1, 2, -0.5], [4, 1, 5])
STEP = (
    Case(
        "with-estimate",
        ("basic", "wrong_order", "wrong_constant"),
        "the estimate is averaged in, then the step is taken with the new h",
        _step_inputs(*_ORDINARY, gamma=0.3, weight_decay=0.3, beta2=0.7),
        equations=("sophia-1", "sophia-2", "sophia-3", "sophia-4", "sophia-6"),
    ),
    Case(
        "without-estimate",
        ("basic", "missing_step"),
        "h stays as it is, whatever stands in place of the estimate",
        _step_inputs(*_ORDINARY, refresh="no", gamma=0.3, weight_decay=0.3),
        equations=("sophia-4", "sophia-6"),
    ),
    Case(
        "negative-curvature",
        ("edge_case", "known_bug", "variant"),
        "where h is negative or 0 the step has the size lr and the sign of m",
        _step_inputs([1, 1, 1], [2, -2, 0.5], [-1, -300, 0], [1, -1, 2], [-2, 5, -0.0], gamma=1.0),
        equations=("sophia-4",),
    ),
    Case(
        "below-the-floor",
        ("numerics", "variant"),
        "gamma h and m around eps",
        _step_inputs([1, -1, 0.5], [5e-13, 2e-13, -1e-15], [5e-13, 1e-10, 0], [0, 0, 0], [0, 0, 0], gamma=1.0),
        equations=("sophia-4", "sophia-6"),
    ),
    Case(
        "refresh-changes-the-count",
        ("wrong_order", "wrong_constant"),
        "the new h makes room for the first coordinate, eps as the floor of gamma h (not of h) for the second: "
        "two of three are unclipped",
        _step_inputs(
            [1, -2, 3], [0.5, 0.625, -2], [2, 0.5, 0], [1.5, 0.125, -1], [14, 1.5, 5], gamma=0.25, eps=0.5, **_HALVES
        ),
        equations=("sophia-2", "sophia-4", "sophia-6"),
    ),
    Case(
        "zeros",
        ("edge_case", "numerics"),
        "no gradient, no momentum, no curvature",
        _step_inputs([1, -2], [0, 0], [0, 0], [0, 0], [0, 0], weight_decay=0.1),
    ),
    Case(
        "one-coordinate",
        ("boundary",),
        "a single coordinate, with rates of 0",
        _step_inputs([-4], [7], [1], [0.5], [2], lr=2.0, gamma=1.0, beta1=0.0, beta2=0.0),
    ),
    large("many-coordinates", "refresh-changes-the-count", "d", balanced=True),
)


def _mix(a, rate, b):
    return rate * a + (1 - rate) * b


def sample_step(rng):
    """Random states in which no coordinate is within 1e-3 (relative) of being clipped or not."""
    while True:
        trial = sample(rng)
        d = trial["theta0"].shape[0]
        inputs = _step_inputs(
            trial["theta0"],
            rng.standard_normal(d),
            rng.standard_normal(d) + 1,
            trial["grads"][0],
            trial["estimates"][0],
            refresh=str(rng.choice(["yes", "no"])),
            **{name: trial[name] for name in ("lr", *DEFAULTS)},
        )
        m, h = _mix(inputs["m"], inputs["beta1"], inputs["grad"]), inputs["h"]
        h = _mix(h, inputs["beta2"], inputs["estimate"]) if inputs["refresh"] == "yes" else h
        floor = np.maximum(inputs["gamma"] * h, inputs["eps"])
        if np.all(abs(abs(m) - floor) > 1e-3 * (abs(m) + inputs["gamma"] * abs(h))):
            return inputs


# Cases of the estimators ----------------------------------------------------------------------------------------


def _batch(W, x, labels, extra, model):
    """Inputs of an estimator; `extra` is its probe or its draws."""
    arrays = {"W": W, "x": x, "labels": labels} | extra
    return {name: np.array(value, dtype=float) for name, value in arrays.items()} | {"model": model}


X, WEIGHTS, LABELS = [[1, 2], [0, 1], [-1, 1]], [[0.5, -0.5, 0], [1, 0, -1]], [1, 0, 2]
PROBE = {"probe": [[0.5, -1.5, 1], [2, 0.3, -0.7]]}
DRAWS = {"uniforms": [0.5, 0.95, 0.7]}  # the drawn labels are 0, 2, 1
APART, ALONE = [[-250, 0, 0], [720, 719, 718]], [[8, 0], [0, 1]]  # logits of -2000 and 720, one for each example
WIDE, MIXED = [[30, -20, 5], [-25, 10, 40]], [[1, 2], [0, 1], [-0.1, 0.1]]  # certain of two examples, not of the third


def _many_examples(answers=None):
    """In double precision: 70,000 terms added one by one in float32 lose more than rounding explains."""
    make = large("many-examples", "linear", "B", balanced=True, answers=answers)
    return lambda operation, before: replace(make(operation, before), dtypes=("float64",))


HUTCHINSON = (
    Case(
        "linear",
        ("basic", "missing_step", "wrong_constant"),
        "softmax regression, an ordinary probe",
        _batch(WEIGHTS, X, LABELS, PROBE, "linear"),
        equations=("sophia-7",),
    ),
    Case(
        "tanh",
        ("basic", "missing_step"),
        "behind a tanh the Hessian is more than its Gauss-Newton part, and some of its diagonal is negative",
        _batch([[0.9, -1.1, 0.4], [1.3, -0.6, -0.8]], X, [2, 1, 0], PROBE, "tanh"),
        equations=("sophia-7",),
    ),
    Case(
        "one-weight-row",
        ("boundary",),
        "one example, one feature, two classes",
        _batch([[0.3, -0.2]], [[2]], [1], {"probe": [[1, -2]]}, "tanh"),
    ),
    Case(
        "unit-probe",
        ("edge_case",),
        "a unit vector gives its own entry of the diagonal, and 0 elsewhere",
        _batch(WEIGHTS, X, LABELS, {"probe": [[0, 0, 0], [0, 1, 0]]}, "linear"),
    ),
    Case(
        "certain-model",
        ("numerics",),
        "two examples with probabilities of 1 up to rounding: their curvature vanishes, and nothing overflows",
        _batch(WIDE, MIXED, LABELS, PROBE, "linear"),
    ),
    Case(
        "far-apart-logits",
        ("numerics",),
        "logits of -2000 and 720: exp overflows above 709 (88 in single precision) unless the largest is subtracted",
        _batch(APART, ALONE, [1, 0], PROBE, "linear"),
    ),
    _many_examples(),
)

GNB = (
    Case(
        "linear",
        ("basic", "wrong_order", "known_bug"),
        "drawn and true labels differ in every example",
        _batch(WEIGHTS, X, LABELS, DRAWS, "linear"),
        equations=("sophia-8", "sophia-9"),
    ),
    Case(
        "tanh",
        ("basic",),
        "the chain rule goes on through the logits",
        _batch([[0.9, -1.1, 0.4], [1.3, -0.6, -0.8]], X, [2, 1, 0], {"uniforms": [0.3, 0.75, 0.25]}, "tanh"),
        equations=("sophia-9",),
    ),
    Case(
        "one-example",
        ("boundary",),
        "a batch of one, two classes",
        _batch([[0.3, -0.2]], [[2]], [1], {"uniforms": [0.1]}, "linear"),
    ),
    Case(
        "first-and-last-draw",
        ("edge_case", "boundary"),
        "a draw of 0 gives the first class, one just below 1 the last",
        _batch(WEIGHTS, X, [1, 1, 1], {"uniforms": [0, 1 - 2.0**-24, 0]}, "linear"),
        equations=("sophia-8",),
    ),
    Case(
        "between-the-distributions",
        ("wrong_constant",),
        "draws for which the model's own distribution and a flatter one give different labels",
        _batch(WEIGHTS, X, [2, 1, 1], {"uniforms": [0.9, 0.6, 0.4]}, "linear"),
        equations=("sophia-8",),
    ),
    Case(
        "large-gradient",
        ("variant", "wrong_constant"),
        "a gradient longer than 1, which the released training script shortens",
        _batch(
            [[0.1, 0.2], [-0.3, 0.1], [0.2, 0.0]],
            [[4, -5, 3], [3, -6, 2]],
            [0, 0],
            {"uniforms": [0.95, 0.97]},
            "linear",
        ),
        equations=("sophia-9",),
    ),
    Case(
        "certain-model",
        ("numerics",),
        "where the model is certain it draws what it expects, and such examples add nothing",
        _batch(WIDE, MIXED, LABELS, DRAWS, "linear"),
    ),
    Case(
        "far-apart-logits",
        ("edge_case", "numerics"),
        "a class whose probability is 0 is never drawn, not by a draw of 0 either; and logits of 720, whose exp "
        "overflows unless the largest is subtracted",
        _batch(APART, ALONE, [2, 0], {"uniforms": [0, 0.75]}, "linear"),
        equations=("sophia-8",),
    ),
    _many_examples(answers=lambda small, times: {"estimate": times * small["estimate"]}),
)


def _random_batch(rng):
    B, D, C = (int(rng.integers(*ends)) for ends in ((1, 4), (1, 3), (2, 4)))
    return {
        "W": rng.standard_normal((D, C)),
        "x": rng.standard_normal((B, D)),
        "labels": rng.integers(0, C, B),
        "model": str(rng.choice(models.MODELS)),
    }


def sample_hutchinson(rng):
    inputs = _random_batch(rng)
    return inputs | {"probe": rng.standard_normal(inputs["W"].shape)}


def sample_gnb(rng):
    """Draws that are not within 1e-3 of the border between two labels."""
    while True:
        inputs = _random_batch(rng)
        uniforms = rng.uniform(size=inputs["x"].shape[0])
        borders = np.cumsum(softmax(models.logits(inputs["W"], inputs["x"], model=inputs["model"]), axis=1), axis=1)
        if np.min(abs(borders - uniforms[:, None])) > 1e-3:
            return inputs | {"uniforms": uniforms}


# Cases of the clipped Newton step -------------------------------------------------------------------------------


def _turned(angle, values):
    c, s = np.cos(angle), np.sin(angle)
    q = np.array([[c, -s], [s, c]])
    found = q @ np.diag(values) @ q.T
    return np.round((found + found.T) / 2, 6)


DISTINCT = Relation(
    "no two eigenvalues of the Hessian are within 1 % of each other: their directions would be anybody's",
    ("hessian",),
    lambda inputs: bool(np.all(np.diff(values := np.linalg.eigvalsh(inputs["hessian"])) > 0.01 * values[1:])),
)


def _newton_inputs(theta, grad, hessian, lr=0.5, rho=0.1):
    arrays = {"theta": theta, "grad": grad, "hessian": hessian}
    return {name: np.array(x, dtype=float) for name, x in arrays.items()} | {"lr": lr, "rho": rho}


NEWTON = (
    Case(
        "slanted-valley",
        ("basic", "wrong_order"),
        "across the valley the step is clipped, along it it is not, and neither is a coordinate axis",
        _newton_inputs([1, -2], [3, 1], _turned(0.5, [1, 100])),
        equations=("sophia-10",),
    ),
    Case(
        "three-dimensions",
        ("basic",),
        "three directions, one of them clipped",
        _newton_inputs([0, 1, 2], [1, -2, 0.5], [[4, 1, 0.5], [1, 3, -1], [0.5, -1, 6]], lr=0.25, rho=0.4),
        equations=("sophia-10",),
    ),
    Case(
        "diagonal",
        ("edge_case",),
        "the coordinate axes are the eigenvectors",
        _newton_inputs([3, 3], [3, 0.3], np.diag([1.0, 100.0])),
        answer={"new_theta": np.array([2.95, 2.9985])},
        source="worked by hand",
    ),
    Case(
        "beyond-the-clip",
        ("boundary",),
        "a large rho leaves lr times the Newton step",
        _newton_inputs([1, -2], [3, 1], _turned(1.2, [2, 5]), rho=100.0),
    ),
    Case(
        "one-coordinate",
        ("boundary",),
        "a single coordinate, clipped",
        _newton_inputs([2], [-5], [[0.5]], lr=1.0, rho=0.25),
        answer={"new_theta": np.array([2.25])},
        source="worked by hand",
    ),
    Case(
        "narrow-valley",
        ("numerics",),
        "the clip is in units of the parameters: no eigenvalue is too small or too large for it",
        _newton_inputs([1, 1], [20, -30], _turned(0.8, [1e-3, 1e3])),
        dtypes=("float64",),
    ),
)


def sample_newton(rng):
    """Eigenvalues at least 10 % apart, in a random basis."""
    d = int(rng.integers(1, 4))
    q, _ = np.linalg.qr(rng.standard_normal((d, d)))
    hessian = (q * 10.0 ** (np.arange(d) * 0.4 + rng.uniform(-0.1, 0.1, d))) @ q.T
    return {
        "theta": rng.standard_normal(d),
        "grad": rng.standard_normal(d),
        "hessian": (hessian + hessian.T) / 2,
        "lr": float(rng.uniform(0.1, 1)),
        "rho": float(10.0 ** rng.uniform(-1.5, 0.5)),
    }
