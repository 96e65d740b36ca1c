"""Inputs of Lion's operations under permanent names, and random ones."""

import numpy as np

from refimpl.core.random import stream
from refimpl.specs.base import Case
from refimpl.specs.domains import Relation
from refimpl.specs.optimizers.lion.exact import MIX, STRETCH
from refimpl.specs.sizes import large

# Trajectory and step ------------------------------------------------------------------------------------------


def _mix(a, rate, b):
    return rate * a + (1 - rate) * b


def _inputs(theta0, grads, lr=0.1, beta1=0.9, beta2=0.99, weight_decay=0.0):
    return {
        "theta0": np.array(theta0, dtype=float),
        "grads": np.array(grads, dtype=float),
        "lr": lr,
        "beta1": beta1,
        "beta2": beta2,
        "weight_decay": weight_decay,
    }


def sample(rng, **settings):
    """A Gaussian trajectory on which no direction is within 1e-3 (relative) of a tie."""
    while True:
        steps, d = int(rng.integers(1, 9)), int(rng.integers(1, 7))
        scale = 10.0 ** rng.uniform(-6, 6)
        rates = {
            "lr": 10.0 ** rng.uniform(-4, 0),
            "beta1": rng.uniform(0.5, 0.98),
            "beta2": rng.uniform(0.5, 0.999),
            "weight_decay": rng.choice([0.0, 0.01, 0.5]),
        } | settings
        inputs = _inputs(rng.standard_normal(d), scale * rng.standard_normal((steps, d)), **rates)
        inputs |= {name: float(inputs[name]) for name in ("lr", "beta1", "beta2", "weight_decay")}
        if _margin(inputs) > 1e-3:
            return inputs


def _margin(inputs):
    """How far, relative to its two terms, the direction stays from a tie."""
    momentum, margin = np.zeros_like(inputs["theta0"]), np.inf
    beta1, beta2 = inputs["beta1"], inputs["beta2"]
    for grad in inputs["grads"]:
        c, size = _mix(momentum, beta1, grad), _mix(abs(momentum), beta1, abs(grad))
        margin = min(margin, np.min(abs(c)[size > 0] / size[size > 0], initial=np.inf))
        momentum = _mix(momentum, beta2, grad)
    return margin


TWO_RATES = [[1, 1], [-0.085, -0.085], [-0.81, 0.25], [0, 0.07]]
DECAY = [[1, -1, 0, 2], [-20, 1, 1, -2], [-20, 1, -0.5, -30]]


def _long(seed, *, steps=40, d=4, **settings):
    """A long Gaussian trajectory, from the first seed that keeps clear of ties."""
    for attempt in range(1000):
        rng = stream(seed, "lion-case", attempt)
        inputs = _inputs(rng.standard_normal(d), rng.standard_normal((steps, d)), **settings)
        if _margin(inputs) > 1e-3:
            return inputs
    raise AssertionError("no seed keeps clear of ties")


TRAJECTORY = (
    Case(
        "two-rates",
        ("basic", "wrong_order", "wrong_constant", "known_bug"),
        "the two rates do different things: beta1 mixes the step, beta2 the momentum, and the step comes first",
        _inputs([0, 0], TWO_RATES, lr=1.0),
        equations=("lion-1", "lion-3"),
        answer={"thetas": np.array([[-1.0, -1], [-2, -2], [-1, -3], [-2, -4]])},
        source="worked by hand",
    ),
    Case(
        "decay-and-zero",
        ("basic", "edge_case", "missing_step"),
        "decoupled decay acts on every coordinate; where gradient and momentum are 0 only the decay moves it",
        _inputs([1, -2, 0.5, 3], DECAY, weight_decay=0.01),
        equations=("lion-2",),
    ),
    Case(
        "strong-decay",
        ("wrong_order", "wrong_constant", "known_bug"),
        "decay stays outside the sign, is multiplied by lr, and sees the old parameters",
        _inputs([10, -10, 3], [[1, 1, -1], [0.5, -2, -1], [1, -1, 2], [-3, 1, 1]], lr=0.2, weight_decay=1.5),
        equations=("lion-2",),
    ),
    Case(
        "gaussian-long",
        ("basic",),
        "an ordinary run of 40 steps with the paper's rates",
        _long(1, lr=0.01, weight_decay=0.1),
        equations=("lion-1", "lion-2", "lion-3"),
    ),
    Case(
        "language-model-rates",
        ("basic", "wrong_constant"),
        "the rates come from the arguments: here those that the paper gives for language models",
        _long(2, lr=0.003, beta1=0.95, beta2=0.98, weight_decay=1.0),
    ),
    Case(
        "one-step-one-coordinate",
        ("boundary",),
        "the first step is a full one: no bias correction, no warm-up",
        _inputs([2.0], [[-1e-3]], lr=0.5),
    ),
    Case(
        "beta1-zero",
        ("boundary", "wrong_constant"),
        "with beta1 = 0 the step follows the newest gradient alone",
        _inputs([1, 1], [[5, -5], [-0.1, 0.1], [0.2, -0.2], [0, 3]], beta1=0.0, weight_decay=0.05),
    ),
    Case(
        "beta2-zero",
        ("boundary", "wrong_constant"),
        "with beta2 = 0 the momentum is the last gradient",
        _inputs([1, 1], [[5, -5], [-0.1, 0.1], [0.2, -0.2], [-3, 3]], beta2=0.0),
    ),
    Case(
        "sparse-gradients",
        ("edge_case", "missing_step"),
        "the momentum forgets while the gradient is 0, too: one that is left alone there wins at the fourth step",
        _inputs([1, -1], [[1, -2], [0, 0], [0, 0], [-0.2, 0.4]], beta1=0.5, beta2=0.5),
        equations=("lion-3",),
    ),
    Case(
        "zero-gradients",
        ("edge_case", "numerics"),
        "with gradients of 0 nothing moves but the decay: sign(0) = 0, and no NaN",
        _inputs([1, -2], np.zeros((3, 2)), weight_decay=0.1),
        equations=("lion-2",),
    ),
    Case(
        "gradient-stops",
        ("edge_case", "missing_step"),
        "once the gradient is 0 the momentum alone keeps every coordinate moving",
        _inputs([0.5, 0.5], [[1, -1], [0, 0], [0, 0], [0, 0], [0, 0]]),
        equations=("lion-1",),
    ),
    Case(
        "alternating",
        ("edge_case", "wrong_order"),
        "gradients that flip their sign each step: the newest one wins against a small momentum",
        _inputs([0.0, 1.0], [[1, 3], [-1, -3], [1, 3], [-1, -3], [1, 3], [-1, -3]], beta1=0.6, beta2=0.9),
    ),
    Case(
        "huge-gradients",
        ("numerics",),
        "only the sign counts, whatever the scale: no square, no norm overflows",
        _inputs([1, -1], [[1e300, -1e300], [-1e299, 5e300], [2e300, 1e298]]),
        dtypes=("float64",),
    ),
    Case(
        "tiny-gradients",
        ("numerics",),
        "only the sign counts: an epsilon would show here",
        _inputs([1, -1], [[1e-30, -1e-30], [-1e-31, 5e-30], [2e-30, 1e-31]]),
    ),
    Case(
        "mixed-scales",
        ("numerics",),
        "each coordinate by itself: a norm over all of them would show here",
        _inputs([1, 1, 1], [[1e15, 1e-15, -1], [-1e14, 5e-15, 1], [1e15, -1e-15, 0.5]], weight_decay=0.01),
    ),
    Case(
        "overshooting-decay",
        ("boundary", "missing_step"),
        "lr weight_decay = 1.5: the decay changes the sign of the parameters; 1 - lr weight_decay is not kept above 0",
        _inputs([30, -20], [[1, 1], [-1, 2], [0.5, -3]], lr=0.5, weight_decay=3.0),
        equations=("lion-2",),
    ),
    Case(
        "three-hundred-steps",
        ("long",),
        "nothing wears off: the 300th step follows the same rule as the first",
        _long(3, steps=300, d=1, lr=0.125, beta1=0.875, beta2=0.96875, weight_decay=0.125),
    ),
    Case(
        "two-steps",
        ("basic", "wrong_order"),
        "two steps of five coordinates: the second gradient turns some signs and not others",
        _inputs([1, -1, 2, 0.5, -3], [[1, -1, 0.5, 0, 2], [-8.5, 12, 4, -1, -0.1]], weight_decay=0.125),
        equations=("lion-1", "lion-2", "lion-3"),
    ),
    Case(
        "large-momentum",
        ("edge_case",),
        "a momentum beyond 1 is kept as it is: cut to [-1, 1] it would lose to the second gradient",
        _inputs([0, 0], [[20, -20], [-12, 30]], lr=1.0, beta2=0.9),
        equations=("lion-3",),
        answer={"thetas": np.array([[-1.0, 1], [-2, 0]])},
        source="worked by hand: c = 1.8 - 1.2 and -1.8 + 3",
    ),
    large("many-coordinates", "two-steps", "d"),
)


def _step_case(slug, flags, why, inputs, momentum, **more):
    inputs = dict(inputs)
    inputs = {
        "theta": inputs.pop("theta0"),
        "momentum": np.array(momentum, float),
        "grad": inputs.pop("grads"),
        **inputs,
    }
    return Case(slug, flags, why, inputs, **more)


STEP = (
    _step_case(
        "both-agree",
        ("basic",),
        "gradient and momentum point the same way",
        _inputs([1, -2, 3], [1, -1, 2], weight_decay=0.3),
        [0.5, -0.25, 1],
    ),
    _step_case(
        "momentum-wins",
        ("basic", "missing_step", "wrong_order"),
        "the momentum outweighs an opposed gradient that is less than beta1 / (1 - beta1) times as large",
        _inputs([1, -2, 3], [-1, 1, -2], weight_decay=0.3),
        [0.5, -0.25, 1],
        equations=("lion-1",),
    ),
    _step_case(
        "between-the-forms",
        ("wrong_order",),
        "|g / m| between 8.17 and 9, where the fresh momentum turns the sign and the old one does not",
        _inputs([1, -2], [-8.5, 8.5], weight_decay=0.3),
        [1, -1],
        equations=("lion-1", "lion-3"),
    ),
    _step_case(
        "between-the-rates",
        ("wrong_constant",),
        "|g / m| between 9 and 99, where the newest gradient wins in a mix at beta1 and loses in one at beta2",
        _inputs([1, -2], [-30, 30], weight_decay=0.3),
        [1, -1],
        equations=("lion-1",),
    ),
    _step_case(
        "zeros",
        ("edge_case", "numerics"),
        "no gradient, no momentum, or neither",
        _inputs([1, 1, 1], [0, 2, 0], weight_decay=0.1),
        [3, 0, 0],
        equations=("lion-2",),
    ),
    _step_case(
        "scalar-parameters",
        ("boundary",),
        "one coordinate",
        _inputs([-4], [0.5], lr=2.0, beta1=0.3, beta2=0.6),
        [-0.1],
    ),
    _step_case(
        "beside-the-ratios",
        ("wrong_order", "wrong_constant"),
        "|g / m| on both sides of 9, where c turns, and of 8.17 and 99, where it does not: other rates turn elsewhere",
        _inputs([1, -1, 1, -1, 1, -1, 1], [-8, 8.1, -8.3, -8.95, 9.05, 95, -105], weight_decay=0.3),
        [1, -1, 1, 1, -1, -1, 1],
        equations=("lion-1",),
    ),
    _step_case(
        "rates-of-language-models",
        ("wrong_order", "wrong_constant"),
        "beta1 = 0.95 turns c at |g / m| = 19, the fresh momentum at 13.5, beta2 = 0.98 at 49",
        _inputs([1, -1, 1, -1, 1], [-13, 14, -18.5, 19.5, -52], beta1=0.95, beta2=0.98, weight_decay=0.3),
        [1, -1, 1, -1, 1],
        equations=("lion-1", "lion-3"),
    ),
    _step_case(
        "low-rates",
        ("wrong_order", "wrong_constant"),
        "beta1 = 0.6 turns c at |g / m| = 1.5, the fresh momentum at 0.92, beta2 = 0.8 at 4",
        _inputs([1, -1, 1, -1, 1], [-0.9, 1, -1.4, 1.6, -4.5], beta1=0.6, beta2=0.8, weight_decay=0.3),
        [1, -1, 1, -1, 1],
        equations=("lion-1", "lion-3"),
    ),
    _step_case(
        "tiny",
        ("numerics",),
        "gradient and momentum of 1e-30: an epsilon, a threshold or a smooth sign would show here",
        _inputs([1, -1, 2], [1e-30, -2e-30, -3e-30], weight_decay=0.3),
        [2e-30, 1e-30, 4e-30],
        equations=("lion-1",),
    ),
    _step_case(
        "gradient-zero",
        ("edge_case", "missing_step"),
        "a gradient of 0 throughout is a gradient: the momentum moves the parameters and fades, and the decay acts",
        _inputs([1, -2], [0, 0], weight_decay=0.3),
        [0.5, -0.25],
        equations=("lion-1", "lion-2", "lion-3"),
    ),
    _step_case(
        "all-zero",
        ("edge_case", "numerics"),
        "where gradient and momentum are 0 the decay alone moves parameters of either sign",
        _inputs([3, -2], [0, 0], weight_decay=0.3),
        [0, 0],
        equations=("lion-2",),
    ),
    _step_case(
        "large-parameters",
        ("wrong_order", "known_bug"),
        "the decay of large parameters does not get into c besides; at lr weight_decay = 1.5 it changes their sign",
        _inputs([100, -100], [-1, 1], lr=0.5, weight_decay=3.0),
        [-1, 1],
        equations=("lion-2",),
    ),
    large("many-coordinates", "beside-the-ratios", "d"),
)


def sample_step(rng):
    inputs = sample(rng)
    while inputs["grads"].shape[0] < 2:
        inputs = sample(rng)
    return {
        "theta": inputs["theta0"],
        "momentum": (1 - inputs["beta2"]) * inputs["grads"][0],
        "grad": inputs["grads"][1],
        **{name: inputs[name] for name in ("lr", "beta1", "beta2", "weight_decay")},
    }


# The program that was found -----------------------------------------------------------------------------------


def _clip(g, lr):
    return g * min(1.0, lr / (np.linalg.norm(g) or 1.0))


def _found_means(grads, lr):
    """For each gradient the m of the program, and the same with all signs +."""
    v = np.zeros(grads.shape[1])
    for g in grads.astype(float):
        g = np.arcsin(_clip(g, lr))
        m = _mix(v, MIX, g)
        yield m, _mix(abs(v), MIX, abs(g))
        v = _mix(m, STRETCH, g)


def _found_margin(grads, lr):
    """How far, relative to its terms, m stays from a tie, and a gradient's length from the clip."""
    from_clip = np.min(abs(np.linalg.norm(grads, axis=1) / lr - 1))
    return min(from_clip, *(np.min(abs(m) / size) for m, size in _found_means(grads, lr)))


CLEAR = Relation(
    "no m of the program is below 1e-15: it divides by the root of m m, which must not come out as 0",
    ("grads", "lr"),
    lambda inputs: all(np.min(abs(m)) >= 1e-15 for m, _ in _found_means(inputs["grads"], inputs["lr"])),
)


def _draw_found(rng, *, steps, d, lr):
    """Gradients of very different lengths, about as long as the clip, clear of ties."""
    while True:
        grads = np.round(rng.standard_normal((steps, d)) * lr * 10.0 ** rng.uniform(-1.5, 1.5, (steps, 1)), 8)
        if _found_margin(grads, lr) > 3e-3:
            return {"theta0": np.round(rng.standard_normal(d), 6), "grads": grads, "lr": float(lr)}


def sample_found(rng):
    return _draw_found(rng, steps=int(rng.integers(1, 8)), d=int(rng.integers(1, 5)), lr=rng.uniform(0.01, 0.9))


def _found_case(slug, flags, why, *, seed=0, **sizes):
    return Case(slug, flags, why, _draw_found(stream(seed, "lion-found", slug), **sizes), equations=())


def _two_steps(slug, flags, why, lr, first, second, **more):
    """From 0, a long gradient and a short one against it, whose sign hangs on what became of the first."""
    inputs = {"theta0": np.zeros(len(first)), "grads": np.array([first, second]), "lr": lr}
    return Case(slug, flags, why, inputs, **more)


FOUND = (
    _found_case("ten-steps", ("basic",), "ten steps of lengths on both sides of the clip", steps=10, d=3, lr=0.5),
    _found_case(
        "forty-steps", ("basic", "wrong_order", "missing_step"),
        "forty steps: clip, arcsine and both means decide some sign", steps=40, d=2, lr=0.9,
    ),
    _found_case("thirty-steps-of-one", ("boundary", "missing_step"), "one coordinate: the arcsine bends most where a "
                "gradient is clipped to 0.9", steps=30, d=1, lr=0.9),
    _found_case("small-learning-rate", ("wrong_order",), "with a small learning rate nearly every gradient is clipped",
                steps=20, d=3, lr=0.01),
    _found_case("first-step", ("boundary",), "the first step follows the sign of the gradient", steps=1, d=2, lr=0.3),
    Case(
        "between-the-forms",
        ("wrong_order", "missing_step"),
        "a small second gradient, against the first: without the arcsine, or with the new v in m, a sign turns",
        {"theta0": np.array([1.0, -2.0]), "grads": np.array([[5.0, 5.0], [-0.01775, -0.018203]]), "lr": 0.9},
    ),
    _two_steps("bends-outwards", ("wrong_constant",), "the arcsine, odd as it is, grows faster than its argument, but "
               "not as fast as the tangent: with that in its place the second step keeps the first one's sign",
               0.9, [2.0], [-0.0318]),
    _two_steps("bends-inwards", ("wrong_constant",), "with a function that bends inwards in the arcsine's place (sine, "
               "arsinh) the second gradient turns the sign, as it should, and without any function it does not",
               0.9, [2.0], [-0.0225]),
    _two_steps("largest-entry", ("wrong_constant",), "clip cuts the Euclidean length to 0.5; a gradient cut so that "
               "its largest entry is 0.5 stays longer, and holds the second coordinate's sign",
               0.5, [3.0, 4.0], [-0.0125, -0.0125]),
    _two_steps("sum-of-entries", ("wrong_constant", "missing_step"), "a gradient cut so that its entries add up to 0.5 "
               "is shorter and loses the second coordinate's sign; so it does if short gradients are stretched to 0.5",
               0.5, [3.0, 4.0], [-0.009, -0.009]),
    _two_steps("both-clipped", ("wrong_order",), "two gradients longer than 0.9: clipped to 0.9 * 0.0002 they would be "
               "too short for the arcsine to bend, and the first coordinate would turn",
               0.9, [2.0, 0.2], [-0.059, 2.0]),
    _two_steps("rounded-product", ("wrong_constant",), "v forgets at the rate 0.899 * 1.109 = 0.996991, which is not "
               "the 0.997 of the simplified rule", 0.9, [2.0], [-0.029943]),
    _two_steps("small-clip", ("numerics",), "no epsilon of 1e-6 beside the length of a gradient, here of 2e-4",
               1e-4, [2e-4], [-2.672e-6]),
    _two_steps("kept-in-float64", ("numerics",), "the second gradient turns the sign by 1 part in 1e8: v is kept in "
               "double precision", 0.9, [2.0], [-0.0299863802336], dtypes=("float64",)),
    _found_case("three-hundred-short-steps", ("long",), "nothing wears off: the 300th step follows the same rule as "
                "the first", steps=300, d=1, lr=0.9),
)  # fmt: skip

# Ageing evolution ---------------------------------------------------------------------------------------------


def _cycles(rng, *, population, size, cycles, levels):
    """Fitnesses on a few levels, so that equals meet; draws in the middle of their places."""
    return {
        "start_fitness": float(rng.integers(levels)),
        "child_fitness": rng.integers(levels, size=cycles).astype(float),
        "draws": (rng.integers(population, size=(cycles, size)) + 0.5) / population,
        "population": population,
    }


def _ageing_case(slug, flags, why, **sizes):
    return Case(slug, flags, why, _cycles(stream(0, "lion-ageing", slug), **sizes), equations=("lion-10", "lion-11"))


AGEING = (
    _ageing_case("few", ("basic", "wrong_order"), "a population of four, two draws", population=4, size=2, cycles=12,
                 levels=9),
    _ageing_case("equals", ("edge_case", "wrong_order"), "most fitnesses are equal: the first drawn wins",
                 population=5, size=3, cycles=15, levels=2),
    _ageing_case("many", ("basic", "missing_step"), "a population as in the tutorial's search, at work for longer "
                 "than it lives", population=10, size=4, cycles=40, levels=50),
    _ageing_case("three-hundred-cycles", ("long",), "a population of six that is replaced fifty times",
                 population=6, size=3, cycles=300, levels=500),
    _ageing_case("alone", ("boundary",), "a population of one: each child is the parent of the next", population=1,
                 size=1, cycles=5, levels=5),
    Case(
        "the-fittest-dies",
        ("basic", "wrong_order"),
        "the best child of all is forgotten three cycles later",
        {
            "start_fitness": 5.0,
            "child_fitness": np.array([1.0, 7.0, 8.0, 9.0, 6.0]),
            "draws": np.array([[1, 3, 5]] * 5) / 6,
            "population": 3,
        },
        equations=("lion-10", "lion-11"),
        answer={"parents": np.array([0.0, 1.0, 1.0, 1.0, 2.0])},
        source="worked by hand",
    ),
    Case(
        "the-start-is-good",
        ("basic", "wrong_constant"),
        "the copies of the start beat the first child and lose to the second: their loss is the argument",
        {
            "start_fitness": 2.0,
            "child_fitness": np.array([3.0, 1.0, 4.0, 5.0, 6.0]),
            "draws": np.array([[1, 3, 5, 7]] * 5) / 8,
            "population": 4,
        },
        equations=("lion-10", "lion-11"),
        answer={"parents": np.array([0.0, 0.0, 2.0, 2.0, 2.0])},
        source="worked by hand",
    ),
    Case(
        "edges-of-places",
        ("edge_case", "wrong_constant"),
        "draws just beside the edges of the places: floor(u n), neither round(u (n - 1)) nor the nearest edge",
        {
            "start_fitness": 0.5,
            "child_fitness": np.array([0.4, 0.3, 0.6, 0.2, 0.1, 0.7]),
            "draws": np.array([[0.26], [0.99], [0.74], [0.51], [0.24], [0.76]]),
            "population": 4,
        },
        equations=("lion-10", "lion-11"),
        answer={"parents": np.array([0.0, 1.0, 1.0, 2.0, 1.0, 5.0])},
        source="worked by hand",
    ),
    Case(
        "broken-programs",
        ("edge_case",),
        "a program that breaks has an infinite loss, and the start has one too: of equals the first drawn wins",
        {
            "start_fitness": np.inf,
            "child_fitness": np.array([np.inf, 2.0, np.inf, 1.0]),
            "draws": np.array([[3, 1], [3, 1], [1, 3], [3, 1]]) / 4,
            "population": 2,
        },
        equations=("lion-10",),
        answer={"parents": np.array([0.0, 1.0, 2.0, 2.0])},
        source="worked by hand",
    ),
)  # fmt: skip


def sample_ageing(rng):
    """Short runs of small populations."""
    return _cycles(
        rng, population=int(rng.integers(1, 8)), size=int(rng.integers(1, 4)), cycles=int(rng.integers(1, 20)), levels=6
    )
