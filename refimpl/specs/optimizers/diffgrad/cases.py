"""Inputs of diffGrad's operations under permanent names, and random ones."""

import numpy as np

from refimpl.core.random import stream
from refimpl.optimizers._diffgrad_functions import FUNCTIONS
from refimpl.specs.base import Case
from refimpl.specs.domains import Relation
from refimpl.specs.sizes import large

FRICTION_OF = ("diffgrad-4", "diffgrad-5")
EPS = ("diffgrad-7", "diffgrad-8")
WORE_OFF = "nothing wears off: the 300th step follows the same rule as the first"


def _after_decay(inputs, theta, grad):
    return inputs[grad] + inputs["weight_decay"] * inputs[theta]


DIVIDES_BY_MORE_THAN_0 = {
    "trajectory": Relation(
        "eps > 0, or no entry of the first gradient (with its decay) is 0, and beta2 > 0",
        ("theta0", "grads", "weight_decay", "eps", "beta2"),
        lambda i: i["eps"] > 0 or (i["beta2"] > 0 and bool(np.all(_after_decay(i, "theta0", "grads")[0] != 0))),
    ),
    "step": Relation(
        "eps > 0, or v (if beta2 > 0) or the gradient with its decay is not 0 in each entry",
        ("theta", "v", "grad", "weight_decay", "eps", "beta2"),
        lambda i: i["eps"] > 0 or bool(np.all((_after_decay(i, "theta", "grad") != 0) | (i["beta2"] * i["v"] > 0))),
    ),
    "online": Relation(
        "eps > 0, or x0 is nowhere the first target, and beta2 > 0",
        ("x0", "targets", "eps", "beta2"),
        lambda i: i["eps"] > 0 or (i["beta2"] > 0 and bool(np.all(i["x0"] != i["targets"][0]))),
    ),
}

# Trajectory and step ------------------------------------------------------------------------------------------


def _inputs(theta0, grads, lr=0.1, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.0):
    arrays = {"theta0": np.array(theta0, dtype=float), "grads": np.array(grads, dtype=float)}
    return arrays | {"lr": lr, "beta1": beta1, "beta2": beta2, "eps": eps, "weight_decay": weight_decay}


def sample(rng):
    """A Gaussian trajectory of any scale."""
    steps, d = int(rng.integers(1, 3)), int(rng.integers(1, 4))
    scale = 10.0 ** rng.uniform(-5, 4)
    rates = {
        "lr": 10.0 ** rng.uniform(-4, 0),
        "beta1": rng.uniform(0.3, 0.98),
        "beta2": rng.uniform(0.5, 0.9995),
        "eps": 10.0 ** rng.uniform(-9, -2),
        "weight_decay": rng.choice([0.0, 0.01, 1.5]),
    }
    rates = {name: float(value) for name, value in rates.items()}
    return _inputs(rng.standard_normal(d), scale * rng.standard_normal((steps, d)), **rates)


def _gaussian(seed, steps, d):
    rng = stream(seed, "diffgrad-case")
    return {"theta0": rng.standard_normal(d), "grads": rng.standard_normal((steps, d))}


# Gradients of theta^T H theta / 2 along the way, H = [[2, 1, 0, -1], [1, 3, .5, 0], [0, .5, -1, 2], [-1, 0, 2, 4]].
INDEFINITE = [
    [-3.0, -4.75, 4.5, 12.0],
    [-2.61034270, -4.40676648, 4.44847372, 11.30694242],
    [-2.36694674, -4.19811434, 4.39585245, 10.87900994],
]
QUICK = {"lr": 0.125, "beta1": 0.875, "beta2": 0.96875, "eps": 1 / 2**20}  # which single precision knows exactly

TRAJECTORY = (
    Case("indefinite-quadratic", ("basic",),
         "an ordinary run: three steps down a quadratic, with the default rates",
         _inputs([1, -2, 0.5, 3], INDEFINITE),
         equations=("diffgrad-2", "diffgrad-3", *FRICTION_OF, "diffgrad-6", "diffgrad-8")),
    Case("both-signs", ("basic", "missing_step", "known_bug"),
         "the friction is the sigmoid of the size of the change, whether a gradient rises or falls",
         _inputs([0, 0, 0], [[0.5, -0.5, 1.5], [1.5, -1.5, -1.0]]),
         dtypes=("float64",),  # float32 knows 1 - 0.999 to three digits
         equations=FRICTION_OF),
    Case("steady-then-turn", ("basic", "known_bug", "wrong_order"),
         "where the gradient stays the friction is 1/2, where it turns it rises again; the previous one must be a copy",
         _inputs([1, 1], [[1, -2], [1, -2], [-1.5, 0.5], [-1.5, 0.5]]), equations=FRICTION_OF),
    Case("strong-decay", ("wrong_order", "missing_step", "known_bug"),
         "the decay is part of the gradient, of its averages and of its change",
         _inputs([2, -1, 0.5], [[1, 1, -1], [0.5, -2, -1], [1, -1, 2]], lr=0.3, weight_decay=1.5),
         equations=("diffgrad-1",)),
    Case("gaussian", ("basic",), "ordinary gradients with the default rates", _inputs(**_gaussian(1, 4, 3), lr=0.01)),
    Case("quick-rates", ("basic", "wrong_constant"), "the rates come from the arguments",
         _inputs(**_gaussian(2, 3, 2), lr=0.05, beta1=0.5, beta2=0.8, eps=1e-3)),
    Case("one-step-one-coordinate", ("boundary", "wrong_constant"),
         "the gradient before the first is 0, so the first friction is sigmoid(|g|)",
         _inputs([2.0], [[-0.75]], lr=0.5), equations=FRICTION_OF),
    Case("beta1-zero", ("boundary", "wrong_constant"), "with beta1 = 0 the step follows the newest gradient alone",
         _inputs([1, 1], [[2, -1], [-0.5, 0.5]], beta1=0.0)),
    Case("beta2-zero", ("boundary", "wrong_constant"),
         "with beta2 = 0 the second moment is the square of the newest gradient",
         _inputs([1, 1], [[2, -1], [-0.5, 0.5]], beta2=0.0)),
    Case("eps-zero", ("boundary",),
         "with eps = 0 the first step is lr times the friction, along the sign of the gradient",
         _inputs([1, 1], [[2, -1], [-0.5, 0.5]], eps=0.0)),
    Case("large-eps", ("wrong_constant", "variant"), "eps is added to the root of the corrected second moment",
         _inputs([1, -1], [[1, 2], [-0.5, 1]], eps=0.5), equations=EPS),
    Case("small-gradients", ("wrong_constant", "variant", "numerics"),
         "eps stands outside the root: under it, it would be 1e-4 and hide gradients of 1e-4",
         _inputs([1, -1], [[1e-4, -2e-4], [3e-4, 1e-4]]), equations=EPS),
    Case("tiny-gradients", ("variant", "numerics"),
         "gradients of 1e-7 show where eps is added: nine tenths of a step here, a quarter of it in the authors' code",
         _inputs([1, -1], [[1e-7, -2e-7], [3e-7, 1e-7]]), equations=EPS),
    Case("zero-gradients", ("edge_case", "numerics"),
         "without a gradient nothing moves and nothing is NaN; the first one to come meets a previous one of 0",
         _inputs([1, -2], [[0, 0], [0, 1.0], [0, 0]])),
    Case("through-zero", ("edge_case", "missing_step"),
         "a gradient of 0 is a gradient: the way to it and the way back from it are changes, and it is stored",
         _inputs([1, -1], [[3, -1], [0, 0.5], [3, 0], [0, -1.5]]), equations=FRICTION_OF),
    Case("pause", ("edge_case", "missing_step"),
         "through gradients of 0 the averages fade and the steps count on; then the run moves again, with friction",
         _inputs([1, -1], [[1, -2], [0, 0], [0, 0], [0, 0], [-0.5, 1], [0.5, 1]], **QUICK)),
    Case("large-changes", ("edge_case", "numerics", "known_bug"),
         "changes of 1000 and more have the friction 1; exp(1000) overflows",
         _inputs([1, -1], [[1000, -2000], [-3000, 2000]]), equations=FRICTION_OF),
    Case("huge-gradients", ("numerics",), "gradients of 1e15, whose squares still fit into single precision",
         _inputs([1, -1], [[1e15, -1e15], [-5e14, 2e15]])),
    Case("mixed-scales", ("wrong_order", "numerics"),
         "each coordinate has a friction of its own: a norm over all of them would show here",
         _inputs([1, 1, 1], [[1e4, 0.5, 1e-4], [-2e4, 0.75, 3e-4]]), equations=FRICTION_OF),
    Case("three-hundred-steps", ("long",), WORE_OFF, _inputs(**_gaussian(3, 300, 1), **QUICK, weight_decay=0.125)),
    large("many-coordinates", "strong-decay", "d"),
)  # fmt: skip


def _step_inputs(theta, m, v, previous, grad, t=3, **rates):
    arrays = {"theta": theta, "m": m, "v": v, "previous": previous, "grad": grad}
    rest = _inputs([], [], **rates)
    rest = {name: rest[name] for name in ("lr", "beta1", "beta2", "eps", "weight_decay")}
    return {name: np.array(x, dtype=float) for name, x in arrays.items()} | {"t": t} | rest


STEP = (
    Case("ordinary", ("basic", "missing_step"), "gradients that rise and fall, of both signs",
         _step_inputs([1, -2, 3], [0.2, -0.1, 0.3], [0.01, 0.02, 0.03], [0.5, -1, 1.5], [1.5, -0.25, -0.5]),
         equations=(*FRICTION_OF, "diffgrad-6", "diffgrad-8")),
    Case("steady", ("edge_case",), "a gradient that has not changed: half of Adam's step",
         _step_inputs([1, -2], [0.2, -0.1], [0.01, 0.02], [0.5, -1], [0.5, -1]), equations=FRICTION_OF),
    Case("decay", ("wrong_order", "missing_step", "known_bug"),
         "the decay enters the averages, the change and what is stored",
         _step_inputs([1, -2], [0.2, -0.1], [0.1, 0.2], [0.5, -1], [0.75, -1.5], weight_decay=1.25),
         equations=("diffgrad-1",)),
    Case("first", ("boundary", "wrong_constant"),
         "the first step from zero moments: the corrected averages are the gradient and its square",
         _step_inputs([1, -2], [0, 0], [0, 0], [0, 0], [0.75, -2], t=1, beta2=0.99),
         equations=("diffgrad-2", "diffgrad-3")),
    Case("late", ("boundary",), "step 20,000, where the bias correction has faded",
         _step_inputs([1, -2], [0.2, -0.1], [0.01, 0.02], [0.5, -1], [1, 1], t=20_000)),
    Case("one-coordinate", ("boundary", "wrong_constant"), "other rates, and an eps that shows",
         _step_inputs([-4], [-0.1], [0.5], [0.25], [-0.5], t=2, lr=2.0, beta1=0.3, beta2=0.6, eps=0.1)),
    Case("small-beta2", ("boundary", "wrong_constant"), "a beta2 below 1/2, which is not the remainder of 1 by it",
         _step_inputs([1, -2], [0.2, -0.1], [0.1, 0.2], [0.5, -1], [0.75, -1.5], beta2=0.375),
         equations=("diffgrad-3",)),
    Case("at-rest", ("edge_case", "numerics"), "no gradient now or ever: no step, no NaN",
         _step_inputs([1, 1], [0, 0.1], [0, 0.01], [0, 1], [0, 0], t=5)),
    Case("large-change", ("numerics", "known_bug"), "a change of 2000 has the friction 1; exp(2000) overflows",
         _step_inputs([1, 1], [10, -10], [100, 100], [1000, 0], [-1000, 3000], beta2=0.99), equations=FRICTION_OF),
    Case("tiny", ("variant", "numerics"), "gradients of 1e-7 show where eps is added",
         _step_inputs([1, 1], [1e-8, -2e-8], [1e-17, 3e-17], [1e-7, -1e-7], [2e-7, -3e-7], t=2, beta2=0.99),
         equations=EPS),
    large("many-coordinates", "decay", "d"),
)  # fmt: skip


def sample_step(rng):
    """One step of any number, from any state."""
    d = int(rng.integers(1, 4))
    scale = 10.0 ** rng.uniform(-4, 3)
    m, previous, grad = scale * rng.standard_normal((3, d))
    rates = {
        "lr": float(10.0 ** rng.uniform(-4, 0)),
        "beta1": float(rng.uniform(0.3, 0.98)),
        "beta2": float(rng.uniform(0.3, 0.9995)),
        "eps": float(10.0 ** rng.uniform(-9, -2)),
        "weight_decay": float(rng.choice([0.0, 0.01, 1.5])),
    }
    v = scale**2 * rng.uniform(0.1, 1, d)
    return _step_inputs(rng.standard_normal(d), m, v, previous, grad, t=int(rng.integers(1, 1000)), **rates)


# Friction -----------------------------------------------------------------------------------------------------


def _friction_case(slug, flags, why, previous, grad):
    inputs = {"previous": np.array(previous, float), "grad": np.array(grad, float)}
    return Case(slug, flags, why, inputs, equations=FRICTION_OF)


FRICTION = (
    _friction_case("ordinary", ("basic", "missing_step", "wrong_constant"), "gradients that rise, fall and turn",
                   [0.5, 1.5, -1.0, 2.0], [1.5, 0.25, 0.5, -1.0]),
    _friction_case("steady", ("edge_case",), "no change: exactly 1/2", [0.0, 3.0, -7.0], [0.0, 3.0, -7.0]),
    _friction_case("one-coordinate", ("boundary",), "the first step, from a previous gradient of 0", [0.0], [-0.25]),
    _friction_case("large", ("numerics", "edge_case"), "changes of 1000 and more: 1, without overflow",
                   [1000.0, -5e4, 0.0], [-1000.0, 5e4, 2e6]),
    _friction_case("fine", ("numerics",),
                   "changes far below the gradients: the friction starts to rise at 1/2 with slope 1/4",
                   [1.0, -1.0, 1e-3], [1.0009765625, -0.9990234375, 1.125e-3]),
    _friction_case("to-zero-and-hardly", ("edge_case", "numerics"),
                   "a new gradient of 0 is a change like any other; and none is too small to count, neither 1e-9 nor "
                   "1e-13", [1.5, -0.5, 0.0, 2e-9, 0.0], [0.0, 0.0, 1e-9, 5e-9, -1e-13]),
    large("many-coordinates", "ordinary", "d"),
)  # fmt: skip


def sample_gradients(rng):
    """Two gradients of any size."""
    d = int(rng.integers(1, 8))
    return dict(zip(("previous", "grad"), 10.0 ** rng.uniform(-3, 2) * rng.standard_normal((2, d)), strict=True))


# The three functions ------------------------------------------------------------------------------------------


def _slope_case(slug, flags, why, function, x, **more):
    return Case(slug, flags, why, {"function": function, "x": np.array(x, float)}, **more)


SLOPE = (
    _slope_case("f1-sides", ("basic", "missing_step"), "a parabola on either side of 0", "F1",
                [-1.0, -0.5, -0.125, 0.125, 0.5, 2.0]),
    _slope_case("f1-joint", ("edge_case",), "at 0 the piece on the left holds: slope 0.6", "F1", [0.0]),
    _slope_case("f2-right", ("basic", "known_bug", "missing_step"), "product rule and inner derivative", "F2",
                [-0.8125, -0.625, -0.25, 0.125, 0.5, 0.75]),
    _slope_case("f2-left", ("edge_case", "missing_step"), "left of -0.9 a straight cliff", "F2", [-1.0, -0.95, -0.85]),
    _slope_case("f2-joint", ("edge_case",), "at -0.9 the cliff holds", "F2", [-0.9], dtypes=("float64",)),
    _slope_case("f3-pieces", ("basic", "missing_step"), "two parabolas, two barriers, a cone", "F3",
                [-0.75, -0.45, -0.25, 0.25, 0.45, 0.75]),
    _slope_case("f3-joints", ("edge_case",), "at a joint the piece on the left holds", "F3", [-0.5, 0.0, 0.5]),
    _slope_case("f3-inner-joints", ("edge_case",), "the same at -0.4 and 0.4", "F3", [-0.4, 0.4], dtypes=("float64",)),
    large("many-points", "f2-right", "n"),
)  # fmt: skip


def sample_points(rng):
    """Points away from the joints, and from the minima of F1, where its constants cancel."""
    while True:
        x = rng.uniform(-1.2, 1.2, int(rng.integers(1, 9)))
        if np.min(np.abs(x[:, None] - np.array([-0.9, -0.5, -0.4, -0.3, 0.0, 0.2, 0.4, 0.5]))) > 0.02:
            return {"function": str(rng.choice(list(FUNCTIONS))), "x": x}


# The theorem's form -------------------------------------------------------------------------------------------


def _online_inputs(x0, targets, lr=0.5, beta1=0.9, decay=0.9, beta2=0.999, eps=1e-8, radius=1.0):
    arrays = {"x0": np.array(x0, dtype=float), "targets": np.array(targets, dtype=float)}
    return arrays | {"lr": lr, "beta1": beta1, "decay": decay, "beta2": beta2, "eps": eps, "radius": radius}


FOUR = [[0.25, 0.5], [-0.5, 0.75], [0.5, -0.5], [0.75, -0.25]]

ONLINE = (
    Case("ordinary", ("basic", "wrong_constant"),
         "step sizes fall as 1 / sqrt(t), beta1 fades from its first value on, bias is corrected with the faded rate",
         _online_inputs([0.5, -0.25], FOUR),
         dtypes=("float64",),  # float32 knows 1 - 0.999 to three digits
         equations=("diffgrad-9", "diffgrad-10")),
    Case("at-the-border", ("basic", "edge_case", "missing_step"),
         "targets outside the box press against its border, and the way back starts from the border",
         _online_inputs([0.75, -0.5], [[3, -3], [3, -2], [-0.5, 0.5]], lr=1.0), equations=("diffgrad-11",)),
    Case("narrow-box", ("basic", "wrong_constant"),
         "a box of radius 1/2 that stops the run, and an eps that shows: neither is a constant of the code",
         _online_inputs([0.25, -0.25], [[3, -3], [-9, 0.25], [-2, 0.5]], lr=1.0, beta1=0.25, beta2=0.75, eps=0.25,
                        radius=0.5),
         equations=("diffgrad-11",)),
    Case("no-momentum", ("boundary",), "beta1 = 0, and a small beta2",
         _online_inputs([0.0], [[1.0], [-1.0], [-1.0]], beta1=0.0, beta2=0.1, radius=2.0)),
    Case("sudden-fade", ("boundary", "wrong_constant"), "with decay = 0 only the first step has momentum: 0^0 = 1",
         _online_inputs([0.5], [[0.25], [-0.5], [0.75]], decay=0.0),
         dtypes=("float64",),  # float32 knows 1 - 0.999 to three digits
         equations=("diffgrad-10",)),
    Case("quick-sudden-fade", ("boundary", "wrong_constant"),
         "momentum in the first step alone, with a beta2 of 3/4, which single precision knows exactly",
         _online_inputs([0.5], [[0.25], [-0.5], [0.75]], decay=0.0, beta2=0.75), equations=("diffgrad-10",)),
    Case("quick-rates", ("basic", "wrong_constant"),
         "step sizes and beta1 that fade, with a beta2 of 3/4, which single precision knows exactly",
         _online_inputs([0.5, -0.25], FOUR, beta2=0.75), equations=("diffgrad-9", "diffgrad-10")),
    Case("one-step", ("boundary",), "one step, one coordinate", _online_inputs([0.25], [[0.75]], lr=0.1)),
    Case("at-rest", ("edge_case", "numerics"), "a start that is each function's minimum stays",
         _online_inputs([0.0, 0.0], [[0.0, 0.0], [0.0, 0.5], [0.0, 0.5]]),
         dtypes=("float64",)),  # float32 knows 1 - 0.999 to three digits
    Case("far-targets", ("edge_case", "numerics", "known_bug"),
         "a target of a thousand: a change for which exp overflows, and a friction of 1",
         _online_inputs([0.25, -0.25], [[0.5, -0.5], [1000, -800]], lr=0.125, beta2=0.75),
         equations=FRICTION_OF),
    Case("three-hundred-steps", ("long",), WORE_OFF,
         _online_inputs([0.5], stream(4, "diffgrad-case").uniform(-1, 1, (300, 1)), beta1=0.875, decay=0.96875,
                        beta2=0.96875)),
    large("many-coordinates", "quick-rates", "d"),
)  # fmt: skip


def sample_online(rng):
    """A short run with some targets outside the box."""
    steps, d = int(rng.integers(1, 3)), int(rng.integers(1, 3))
    return _online_inputs(
        rng.uniform(-1, 1, d),
        rng.uniform(-2, 2, (steps, d)),
        lr=float(10.0 ** rng.uniform(-2, 0)),
        beta1=float(rng.uniform(0, 0.95)),
        decay=float(rng.uniform(0.3, 0.999)),
        beta2=float(rng.uniform(0.3, 0.999)),
        radius=float(rng.uniform(1, 2)),
    )
