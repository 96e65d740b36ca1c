"""Inputs of AdAdaGrad's operations under permanent names, and random ones."""

import math
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from refimpl.core.random import stream
from refimpl.optimizers import adadagrad
from refimpl.specs.base import Case
from refimpl.specs.sizes import large

TESTS = ("norm", "coordinate", "inner_product", "augmented")


def chosen_test(test, eta, vartheta=0.9, nu=5.84):
    """A test by its name, with its parameters bound."""
    return {
        "norm": partial(adadagrad.norm_test, eta=eta),
        "coordinate": partial(adadagrad.coordinate_test, eta=eta),
        "inner_product": partial(adadagrad.inner_product_test, vartheta=vartheta),
        "augmented": partial(adadagrad.augmented_test, vartheta=vartheta, nu=nu),
    }[test]


def exact_test(test):
    """The same for a known gradient and variance."""
    return {"norm": adadagrad.norm_ratio, "coordinate": adadagrad.coordinate_ratio}[test]


# Batch sizes ----------------------------------------------------------------------------------------------------

ROWS = np.array([[1.0, 1, 2], [3, 5, 5], [6, 7, 9], [9, 10, 11]])


def _by_hand(size):
    return {} if size is None else {"answer": {"size": np.array(float(size))}, "source": "worked by hand"}


def _sized(slug, flags, why, grads=ROWS, test="norm", size=None, **more):
    grads = np.array(grads, dtype=float)
    inputs = {"grads": grads, "test": test, "eta": 0.1, "vartheta": 0.1, "nu": 0.3}
    inputs |= {"split": grads.shape[1], "largest": 1000}
    inputs |= {name: more.pop(name) for name in tuple(more) if name in inputs}
    answer: dict[str, Any] = _by_hand(size)
    return Case(slug, flags, why, inputs, **answer, **more)


def _scattered(slug, b, d, mean=1.0, scale=1.0):
    """Gaussian rows around a mean."""
    return scale * (mean + stream(0, "adadagrad-case", slug).standard_normal((b, d)))


BATCH_SIZE = (
    _sized("norm", ("basic", "wrong_constant", "missing_step"),
           "variances 12.25, 14.25, 16.25 and a squared norm of 101.1875 ask for 42.248",
           size=43, equations=("adadagrad-3", "adadagrad-8")),
    _sized("coordinate", ("basic", "wrong_constant", "missing_step"),
           "the coordinates ask for 54.29, 43.10 and 35.67; the first decides",
           test="coordinate", size=55, equations=("adadagrad-4",)),
    _sized("inner-product", ("basic", "wrong_constant"), "noise along the batch gradient asks for 41.448",
           test="inner_product", size=42, equations=("adadagrad-5", "adadagrad-6")),
    _sized("along-decides", ("basic",), "of the augmented test's demands 41.448 and 0.0889 the first decides",
           test="augmented", size=42, equations=("adadagrad-7",)),
    _sized("across-decides", ("basic", "missing_step"),
           "of the augmented test's demands 0.512 and 8.894 the second decides",
           test="augmented", vartheta=0.9, nu=0.03, size=9, equations=("adadagrad-7",)),
    _sized("test-met", ("edge_case", "missing_step"), "a demand of 1.69 keeps the batch of 4: it never shrinks",
           eta=0.5, size=4, equations=("adadagrad-8",)),
    _sized("many-examples", ("basic", "wrong_constant"),
           "seven noisy examples, where one more or less changes the answer",
           _scattered("many", 7, 4, 0.5), eta=0.05, largest=100_000),
    _sized("many-coordinates", ("basic", "wrong_constant"), "the coordinates' demands differ widely",
           np.stack([_scattered("coordinates", 6, 1, m)[:, 0] for m in (0.6, 1.0, 2.0, 4.0)], axis=1) + np.eye(6, 4),
           "coordinate", largest=100_000),
    _sized("two-layers-along", ("basic", "wrong_order", "known_bug"),
           "the products of two parameter arrays are correlated: the variance of their sum is no sum of variances",
           _scattered("layers", 6, 8, 0.7), "inner_product", split=3),
    _sized("two-layers-across", ("basic", "wrong_order", "known_bug"),
           "the projection is on the whole gradient, not on each array's own part",
           _scattered("across", 6, 8, 0.7), "augmented", vartheta=0.9, nu=0.1, split=5, largest=100_000),
    _sized("short-mean", ("basic",), "the mean is far shorter than the longest of the gradients",
           [[1.0, 0.25], [-0.5, 0.5], [0.25, -0.25]], "inner_product", largest=100_000),
    _sized("both-demand", ("basic", "wrong_constant"),
           "the augmented test's two demands are of one size: the larger one counts, not their sum",
           _scattered("both", 5, 6, 0.8), "augmented", vartheta=0.2, nu=0.4, split=2),
    _sized("capped", ("boundary", "missing_step"), "no more than the largest batch",
           test="coordinate", largest=50, size=50, equations=("adadagrad-8",)),
    _sized("full-already", ("boundary",), "a batch that is the largest already stays", largest=4, size=4),
    _sized("two-examples-one-parameter", ("boundary",), "the smallest batch that has a variance, divided by one",
           [[1.0], [4.03125]]),
    *(_sized(f"no-noise-{test.replace('_', '-')}", ("edge_case", "numerics"), "equal rows: nothing to average away",
             [[0.5, -2.0], [0.5, -2.0], [0.5, -2.0]], test, size=3) for test in TESTS),
    *(_sized(f"all-zero-{test.replace('_', '-')}", ("edge_case", "known_bug"),
             "0 / 0 is 0: a batch of zero gradients keeps its size", np.zeros((3, 2)), test, size=3) for test in TESTS),
    *(_sized(f"no-signal-{test.replace('_', '-')}", ("edge_case", "known_bug"),
             "the batch gradient vanishes although the examples disagree: nothing but the largest batch will do",
             [[1.0, 0.0], [-1.0, 0.0]], test, size=1000) for test in ("norm", "coordinate", "augmented")),
    _sized("border-pixel", ("edge_case",), "a coordinate whose gradients are all 0 asks for nothing",
           [[1.0, 0.0], [2.0, 0.0], [4.0, 0.0]], "coordinate"),
    _sized("dead-coordinate", ("edge_case", "missing_step"),
           "a coordinate whose gradients cancel asks for the largest batch",
           [[1.0, 1.0], [2.0, -1.0], [4.0, 0.0]], "coordinate", size=1000),
    _sized("small-gradients", ("numerics",), "gradients of 1e-6: an epsilon in the denominator would show",
           1e-6 * ROWS),
    _sized("small-gradients-coordinate", ("numerics",),
           "gradients of 1e-6: an epsilon in the denominator of a coordinate would show",
           1e-6 * ROWS, "coordinate", size=55),
    *(_sized(f"tiny-gradients-{test}", ("numerics",), "gradients of 1e-15, whose squares leave no room for an epsilon",
             1e-15 * ROWS, test, size=size,
             dtypes=("float64",))  # squares of variances, which one of the mistakes takes, are no float32
      for test, size in (("norm", 43), ("coordinate", 55))),
    _sized("small-gradients-along", ("numerics",), "gradients of 1e-12, whose norm to the fourth is no float32",
           1e-12 * ROWS, "augmented", split=1),
    _sized("tiny-gradients-along", ("numerics",), "gradients of 1e-90, whose norm to the fourth is no float64",
           1e-90 * ROWS, "inner_product", dtypes=("float64",)),
    _sized("large-gradients", ("numerics",), "gradients of 1e8 and a batch limit beyond int32",
           1e8 * ROWS, "coordinate", eta=0.01, largest=10**12),
    _sized("huge-demand", ("numerics",), "a demand of 4e9, all of whose digits count: eta^2 in float32 would lose some",
           eta=1e-5, largest=10**13, dtypes=("float64",)),
    large("large-norm", "many-examples", "d", balanced=True),
    large("large-coordinate", "many-coordinates", "d", balanced=True),
    large("large-augmented", "both-demand", "d", balanced=True),
)  # fmt: skip


def _clear(ratio, largest):
    """Whether a demand is so far from the whole numbers and the limit that rounding cannot reach them."""
    if ratio >= largest:
        return ratio > 1.01 * largest
    return ratio < 0.99 * largest and abs(ratio - round(ratio)) > 1e-3 * max(ratio, 1.0)


def _well_posed(rows):
    """Whether no coordinate of the mean is rounding noise; one that is 0 for all examples is 0 exactly."""
    live = rows[:, np.any(rows != 0, axis=0)]
    return bool(np.min(np.abs(live.mean(axis=0)), initial=math.inf) > 0.03 * np.max(np.abs(live), initial=0))


def sample_batch_size(rng):
    """Gradients of any scale whose demand is clear."""
    while True:
        b, d = int(rng.integers(2, 9)), int(rng.integers(1, 6))
        grads = 10.0 ** rng.uniform(-3, 3) * (rng.uniform(0.5, 3, d) + rng.standard_normal((b, d)))
        inputs = {"grads": grads, "test": str(rng.choice(TESTS))}
        inputs |= {name: float(rng.uniform(low, 1)) for name, low in (("eta", 0.1), ("vartheta", 0.1), ("nu", 0.1))}
        inputs |= {"split": int(rng.integers(1, d + 1)), "largest": int(rng.integers(b, 200))}
        ratio = chosen_test(*(inputs[name] for name in ("test", "eta", "vartheta", "nu")))(grads)
        if _well_posed(grads) and _clear(float(ratio), inputs["largest"]):
            return inputs


def _exact(slug, flags, why, population=ROWS, test="norm", size=None, eta=0.1, largest=1000, **more):
    inputs = {"population": np.array(population, dtype=float), "test": test, "eta": eta, "largest": largest}
    answer: dict[str, Any] = _by_hand(size)
    return Case(slug, flags, why, inputs, **answer, **more)


EXACT_SIZE = (
    _exact("norm", ("basic", "wrong_constant"), "trace 32.0625 over 0.01 * 101.1875 is 31.69",
           size=32, equations=("adadagrad-3",)),
    _exact("coordinate", ("basic", "wrong_constant"), "40.72 in the first coordinate", test="coordinate", size=41),
    _exact("small", ("basic",), "a size below the population's", eta=0.4, size=2),
    _exact("larger-than-the-population", ("basic", "missing_step"),
           "draws with replacement: more of them than the population has",
           _scattered("population", 5, 3, 0.6), eta=0.3),
    _exact("coordinates-differ", ("basic", "wrong_constant"), "the coordinates' demands differ",
           _scattered("exact-coordinates", 6, 4, 2.0), test="coordinate", eta=0.15),
    _exact("one-example", ("boundary",), "a population of one has no noise", [[2.0, 0.5]], size=1),
    _exact("capped", ("boundary", "missing_step"), "no more than the largest batch", largest=20, size=20),
    _exact("all-zero", ("edge_case",), "no gradient and no noise: one example is enough", np.zeros((3, 2)), size=1),
    _exact("stationary", ("edge_case",), "at a stationary point with noise no batch is enough",
           [[1, 2], [-1, -2]], size=1000),
    _exact("dead-coordinate", ("edge_case",), "a coordinate that is 0 for all examples asks for nothing",
           [[1, 0], [2, 0], [4, 0]], test="coordinate"),
    _exact("small-gradients", ("numerics",), "gradients of 1e-12", 1e-12 * ROWS),
    _exact("small-gradients-coordinate", ("numerics",),
           "gradients of 1e-6: an epsilon in the denominator of a coordinate would show",
           1e-6 * ROWS, test="coordinate", size=41),
    large("large-population", "larger-than-the-population", "n", size=3000, balanced=True),
    large("large-population-coordinate", "coordinates-differ", "n", size=3000, balanced=True),
)  # fmt: skip


def sample_exact_size(rng):
    """Populations of any scale whose demand is clear."""
    while True:
        n, d = int(rng.integers(1, 8)), int(rng.integers(1, 5))
        population = 10.0 ** rng.uniform(-3, 3) * (rng.uniform(0.5, 3, d) + rng.standard_normal((n, d)))
        inputs = {"population": population, "test": str(rng.choice(TESTS[:2])), "eta": float(rng.uniform(0.1, 1.5))}
        inputs["largest"] = int(rng.integers(1, 200))
        demand = exact_test(inputs["test"])(population.mean(axis=0), population.var(axis=0), eta=inputs["eta"])
        if _well_posed(population) and _clear(float(demand), inputs["largest"]):
            return inputs


# Steps ----------------------------------------------------------------------------------------------------------


def _steps(theta0, grads, **settings):
    return {"theta0": np.array(theta0, dtype=float), "grads": np.array(grads, dtype=float), **settings}


def _normal(slug, *shape):
    return stream(0, "adadagrad-case", slug).standard_normal(shape)


FEW = [[3, -1, 0.5], [-1, 2, 0], [0.25, 4, -1], [2, 1, 1]]

ADAGRAD = (
    Case("theory", ("basic", "wrong_order", "wrong_constant"), "v0 > 0 and no eps; the gradient counts in its own step",
         _steps([1, -2, 3], FEW, alpha=0.5, v0=0.25, eps=0.0), equations=("adadagrad-11", "adadagrad-12")),
    Case("code", ("basic", "edge_case"),
         "v0 = 0 and an eps of 1e-10: the first step is alpha times the sign, a zero gradient does not move",
         _steps([1, -2, 3], [[3, -1, 0], [-1, 2, 0], [0.25, 4, -1]], alpha=0.5, v0=0.0, eps=1e-10)),
    Case("large-eps", ("variant", "wrong_constant", "missing_step"), "eps is added to the root, not under it, and once",
         _steps([1, -2, 3], FEW, alpha=0.5, v0=0.0625, eps=0.5)),
    Case("eps-above-the-root", ("wrong_constant", "edge_case"),
         "an eps larger than the root is added to it as well; the larger of the two would be another step",
         _steps([1, -2, 3], FEW, alpha=0.5, v0=0.0625, eps=8.0)),
    Case("gaussian", ("basic",), "an ordinary run of 12 steps",
         _steps(_normal("theta", 4), _normal("grads", 12, 4), alpha=0.1, v0=0.01, eps=1e-3)),
    Case("one-step-one-coordinate", ("boundary",), "sqrt(0.75 + 1.5^2) = sqrt(3)",
         _steps([2.0], [[1.5]], alpha=3.0, v0=0.75, eps=0.0)),
    Case("zero-gradients", ("edge_case",), "nothing moves, and nothing is NaN",
         _steps([1, -1], np.zeros((3, 2)), alpha=0.1, v0=0.0, eps=1e-3)),
    Case("mixed-scales", ("numerics",), "each coordinate is scaled by itself: all move alike",
         _steps([1, 1, 1], np.array(FEW) * [1e6, 1, 1e-6], alpha=0.1, v0=0.0, eps=1e-10)),
    Case("pause", ("edge_case",), "gradients that stop and come back: the accumulator forgets nothing",
         _steps([1, -2], [[2, -1], [0, 0], [0, 0], [0, 0], [-1, 3]], alpha=0.5, v0=0.25, eps=1e-3)),
    Case("three-hundred-steps", ("long",), "the 300th step divides by the root of all squares so far",
         _steps([1.0], _normal("long", 300, 1), alpha=0.1, v0=0.01, eps=1e-3)),
    large("large", "theory", "d"),
)  # fmt: skip


def sample_adagrad(rng):
    """Gradients of any scale, under the settings of theory, code and libraries."""
    steps, d, scale = int(rng.integers(1, 5)), int(rng.integers(1, 6)), 10.0 ** rng.uniform(-3, 3)
    v0, eps = ((0.0, 1e-10), (0.01, 0.0), (0.1, 1e-7), (1.0, 0.5))[int(rng.integers(4))]
    return {
        "theta0": rng.standard_normal(d),
        "grads": scale * rng.standard_normal((steps, d)),
        "alpha": float(10.0 ** rng.uniform(-3, 0.5)),
        "v0": v0,
        "eps": eps,
    }


DOWN = [[-3, -4.75, 4.5, 12], [-2.187132, -4.214043, 3.888116, 9.856172]]


def _large_norm(operation, before):
    """Each of three coordinates 153^2 times: with alpha and v0 times 153 the path is that of the small case."""
    case = large("large", "few", "d", size=3 * 153**2, balanced=True)(operation, before)
    scale = {name: 153 * case.inputs[name] for name in ("alpha", "v0")}
    return replace(case, inputs=case.inputs | scale, recipe=f"{case.recipe}/alpha and v0 times 153")


ADAGRAD_NORM = (
    Case("indefinite", ("basic", "wrong_order", "wrong_constant"),
         "two steps on a quadratic that is neither convex nor concave: the squares add up to 195.8225 and 330.6258",
         _steps([1, -2, 0.5, 3], DOWN, alpha=0.5, v0=0.1), equations=("adadagrad-9", "adadagrad-10")),
    Case("few", ("basic", "wrong_constant", "missing_step"), "the start value is a root and is squared",
         _steps([1, -2, 3], FEW, alpha=0.5, v0=2.0), equations=("adadagrad-9",)),
    Case("gaussian", ("basic",), "an ordinary run of 12 steps",
         _steps(_normal("theta", 4), _normal("grads", 12, 4), alpha=1.0, v0=0.1)),
    Case("one-step-one-coordinate", ("boundary",), "sqrt(0.5^2 + 1.2^2) = 1.3",
         _steps([2.0], [[1.2]], alpha=1.3, v0=0.5)),
    Case("tiny-start", ("edge_case", "variant"), "with a small v0 the first step has length alpha",
         _steps([1, -2], [[1e-3, -2e-3], [3e-3, 0]], alpha=0.25, v0=1e-6)),
    Case("zero-gradients", ("edge_case",), "nothing moves, and nothing is NaN",
         _steps([1, -1], np.zeros((3, 2)), alpha=0.1, v0=0.1)),
    Case("large-gradients", ("numerics",), "the scale of the gradients cancels",
         _steps([1, 1, 1], 1e12 * np.array(FEW), alpha=0.1, v0=0.1)),
    Case("three-hundred-steps", ("long",), "the 300th step divides by the root of all squares so far",
         _steps([1.0, -1.0], _normal("long", 300, 2), alpha=0.1, v0=0.1)),
    _large_norm,
)  # fmt: skip


def sample_adagrad_norm(rng):
    """As for AdaGrad, without eps."""
    inputs = sample_adagrad(rng)
    del inputs["eps"]
    return inputs | {"v0": float(10.0 ** rng.uniform(-3, 1))}


# The whole ------------------------------------------------------------------------------------------------------


def _run_inputs(rng, n, d, steps, *, unit=1.0, dead=0, **settings):
    """`unit` of targets and parameters; `dead` features at the end that are 0 for all examples."""
    inputs = {
        "a": rng.standard_normal((n, d)) * (np.arange(d) < d - dead),
        "y": unit * rng.standard_normal(n),
        "theta0": unit * rng.standard_normal(d),
        "first": 2,
        "largest": 8,
        "steps": steps,
        "alpha": 0.5,
        "eta": 0.5,
        "v0": 0.1,
        "eps": 0.0,
        "rule": "norm",
        "test": "norm",
    } | settings
    inputs["stream"] = rng.integers(0, n, steps * inputs["largest"])
    return inputs


def _clear_sizes(inputs, *, at_largest=True):
    """The batch sizes of a trajectory; None if rounding could decide a test (`at_largest`: also of a full batch)."""
    a, y, theta, largest = (inputs[name] for name in ("a", "y", "theta0", "largest"))
    norm, size, position, sizes = inputs["rule"] == "norm", inputs["first"], 0, []
    squares = inputs["v0"] ** 2 if norm else inputs["v0"] + 0 * theta
    test = chosen_test(inputs["test"], inputs["eta"])
    for _ in range(inputs["steps"]):
        rows = inputs["stream"][position : position + size]
        position += size
        grads = (a[rows] @ theta - y[rows])[:, None] * a[rows]
        ratio = float(test(grads))
        decided = np.any(np.ptp(grads, axis=0)) and (at_largest or size < largest)
        if decided and not (_well_posed(grads) and _clear(ratio, largest)):
            return None
        mean = grads.mean(axis=0)
        squares = squares + (mean @ mean if norm else mean * mean)
        theta = theta - inputs["alpha"] * mean / (np.sqrt(squares) + (0.0 if norm else inputs["eps"]))
        size = adadagrad.grow(size, ratio, largest=largest)
        sizes.append(size)
    return sizes


def _run(slug, flags, why, n=5, d=2, steps=4, *, growing=True, at_largest=True, **settings):
    """The first draw on which every test is decided clearly and the sizes grow in more than one step."""
    more = {name: settings.pop(name) for name in ("equations",) if name in settings}
    for attempt in range(10_000):
        inputs = _run_inputs(stream(attempt, "adadagrad-case", slug), n, d, steps, **settings)
        if sizes := _clear_sizes(inputs, at_largest=at_largest):
            grown = len({inputs["first"], *sizes})
            if not growing or (grown >= min(steps, 3) and max(sizes[:-1], default=0) < inputs["largest"]):
                return Case(slug, flags, why, inputs, **more)
    raise AssertionError(f"no draw for {slug}")


def _large_run(operation, before):
    """One step on a batch in which each of five examples comes 14,001 times: the step of a batch of the five."""
    case = large("large-batch", "full-batch", "N", balanced=True)(operation, before)
    size = len(case.inputs["stream"])
    return replace(
        case,
        inputs=case.inputs | {"first": size, "largest": size},
        dtypes=("float64",),  # so many rows added one by one in float32 lose more than rounding explains
        derived=lambda values: {**values, "sizes": np.full(1, float(size))},
        recipe=f"{case.recipe}/one batch",
    )


_TAGS = ("adadagrad-1", "adadagrad-2", "adadagrad-8")

TRAJECTORY = (
    _run("norm-norm", ("basic", "wrong_order", "missing_step"),
         "AdAdaGrad-Norm with the norm test: steps and batch sizes", largest=20, equations=_TAGS),
    _run("adagrad-norm", ("basic", "wrong_order"), "AdAdaGrad with the norm test, as in the experiments",
         largest=20, rule="adagrad", v0=0.0, eps=1e-10, equations=_TAGS),
    _run("adagrad-coordinate", ("basic", "wrong_constant"),
         "AdAdaGrad with the test in every coordinate, as in the theory",
         largest=60, rule="adagrad", test="coordinate", eta=0.6, equations=_TAGS),
    _run("norm-coordinate", ("basic", "wrong_constant"),
         "the two choices are independent: AdaGrad-Norm with the test in every coordinate",
         largest=60, test="coordinate", eta=0.7),
    _run("norm-without-eps", ("wrong_constant", "edge_case"),
         "eps is of the other rule: AdaGrad-Norm divides by the root alone, whatever eps is given",
         largest=20, eps=0.5),
    _run("reaches-the-largest", ("edge_case", "missing_step"), "once a batch is the largest there are no larger ones",
         steps=3, largest=6, eta=0.2, growing=False),
    _run("border-feature", ("edge_case",),
         "a feature that is 0 for all examples has no say in the size, and does not move",
         d=3, dead=1, largest=60, rule="adagrad", test="coordinate", eta=0.6, v0=0.0, eps=1e-10),
    _run("small-units", ("numerics",),
         "gradients of 1e-5: an epsilon in the denominator of the test would keep the batch small",
         largest=20, unit=1e-5, alpha=5e-6, v0=1e-6),
    _run("tiny-units", ("numerics",), "gradients of 1e-9 are gradients too",
         largest=20, unit=1e-9, alpha=5e-10, v0=1e-10),
    _run("three-to-begin-with", ("wrong_constant",), "the first batch is as large as the argument says",
         first=3, largest=20, equations=_TAGS),
    _run("one-step", ("boundary",), "one step, one parameter", steps=1, d=1, growing=False),
    _run("adagrad-with-eps", ("wrong_constant", "variant"), "eps is added to the root of each accumulator",
         largest=20, rule="adagrad", eps=0.5, equations=("adadagrad-12",)),
    _run("full-batch", ("boundary",), "a first batch that is the largest already is tested no more",
         steps=1, first=5, largest=5, growing=False, at_largest=False),
    _run("three-hundred-steps", ("long",), "the batch grows for a while and stays; the accumulator does not",
         steps=300, largest=6, eta=0.6, growing=False, at_largest=False),
    _large_run,
)  # fmt: skip


def sample_trajectory(rng):
    """Short runs whose tests are all decided clearly."""
    while True:
        rule = str(rng.choice(["norm", "adagrad"]))
        inputs = _run_inputs(
            rng,
            int(rng.integers(3, 7)),
            int(rng.integers(1, 4)),
            int(rng.integers(1, 4)),
            largest=int(rng.integers(3, 12)),
            first=int(rng.integers(2, 4)),
            eta=float(rng.uniform(0.3, 0.9)),
            alpha=float(rng.uniform(0.1, 1)),
            v0=float(rng.uniform(0.01, 1)),
            eps=0.0 if rule == "norm" else 1e-10,
            rule=rule,
            test=str(rng.choice(["norm", "coordinate"])),
        )
        if _clear_sizes(inputs):
            return inputs
