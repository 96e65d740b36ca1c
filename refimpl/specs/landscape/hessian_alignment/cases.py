"""Inputs of the operations of Hessian alignment under permanent names, and random ones."""

import math
from typing import Any

import numpy as np

from refimpl.core.random import stream
from refimpl.specs.base import Case
from refimpl.specs.sizes import large


def _numbers(name, *shape):
    return stream(0, "hessian_alignment-case", name).standard_normal(shape).round(3)


def _labels(name, classes, *shape):
    return stream(0, "hessian_alignment-case", name, "labels").integers(0, classes, shape)


def _signs(name, *shape):
    return 2.0 * stream(0, "hessian_alignment-case", name, "signs").integers(0, 2, shape) - 1


def _many(of, times=512, samples=("z", "y"), shared=("dz",)):
    """Every sample so many times: means stay, and gradients in the samples are shared out."""

    def make(operation, before):
        small = before[of]
        axis = {f.name: f.axes.split().index("N") for f in (*operation.inputs, *operation.outputs) if "N" in f.axes}
        tiled = {name: np.concatenate([small.inputs[name]] * times, axis=axis[name]) for name in samples}

        def derived(values):
            found = {name: np.concatenate([values[name] / times] * times, axis=axis[name]) for name in shared}
            return values | found

        return Case(
            "many-samples", ("large",),
            f"each sample of {of} comes {times} times: no block of the mean is left out, none done twice",
            small.inputs | tiled, dtypes=("float64",), equations=small.equations, source=f"the answer of {of}",
            small=small, derived=derived, recipe=f"{of}/N/{times}/tiled",
        )  # fmt: skip

    return make


# One domain ----------------------------------------------------------------------------------------------------------


def _one(name, C=3, N=5, h=2, **settings) -> dict[str, Any]:
    inputs = {"W": _numbers(f"{name} W", C, h + 1), "z": _numbers(f"{name} z", N, h)}
    return inputs | {"y": _labels(name, max(C, 2), N)} | settings


_THREE = _one("three", y=np.array([0, 2, 1, 2, 0]))
_TWO = _one("two", C=1, N=4, y=np.array([0, 1, 1, 0]))
HEAD_STATS = (
    Case("three-classes", ("basic", "missing_step", "wrong_constant"), "softmax over three classes", _THREE,
         equations=("hessian_alignment-1", "hessian_alignment-4", "hessian_alignment-6")),
    Case("two-classes-one-row", ("basic",), "a single row and a sigmoid: H is the mean of p (1 - p) x x^T", _TWO,
         equations=("hessian_alignment-5",)),
    Case("two-rows", ("basic",), "two classes with a row for each", _one("rows", C=2, N=4)),
    Case("no-features-to-speak-of", ("edge_case",), "weights of 0: all classes alike",
         {**_THREE, "W": np.zeros((3, 3))},
         answer={"loss": np.array(math.log(3))}, source="worked by hand: p = 1/3"),
    Case("one-class", ("edge_case",), "all labels of one class: the loss has no minimum, but a Hessian",
         {**_THREE, "y": np.ones(5, int)}),
    Case("one-sample", ("boundary",), "one sample, one feature", _one("alone", C=2, N=1, h=1)),
    Case("sure", ("numerics",), "logits of hundreds: probabilities of 0 and 1, no overflow; one sample has no clue",
         {**_THREE, "z": np.append(_THREE["z"][:4], [[0.0, 0.0]], axis=0), "W": 300 * np.eye(3) * [[1], [1], [0]]},
         dtypes=("float64",)),
    large("many-samples", "three-classes", "N", balanced=True, size=4_999, dtypes=("float64",)),
)  # fmt: skip


def sample_head(rng):
    C, N, h = int(rng.integers(1, 4)), int(rng.integers(2, 5)), int(rng.integers(1, 3))
    y = rng.integers(0, max(C, 2), N)
    return {"W": rng.standard_normal((C, h + 1)), "z": rng.standard_normal((N, h)), "y": y}


_ORDER = _one("order", C=2, N=4)
HUTCHINSON = (
    Case("two-steps", ("basic", "wrong_order"),
         "two steps with two draws each: new draws in every step, weights row by row and then the biases",
         {**_ORDER, "signs": _signs("two", 2, 2, 6)}, equations=("hessian_alignment-10",)),
    Case("one-draw", ("boundary",), "one step, one draw, one row", {**_TWO, "signs": np.array([[[1.0, -1.0, 1.0]]])}),
    Case("three-steps", ("basic", "wrong_order"), "three steps with a draw each", {**_TWO, "signs": np.array(
        [[[1.0, -1.0, 1.0]], [[1.0, 1.0, 1.0]], [[-1.0, 1.0, 1.0]]])}),
    Case("all-draws", ("edge_case",), "all eight draws of three signs: the estimate is the diagonal",
         {**_TWO, "signs": np.array([[[a, b, c] for a in (-1.0, 1.0) for b in (-1.0, 1.0) for c in (-1.0, 1.0)]])}),
    Case("three-classes", ("basic",), "three classes, three draws", {**_THREE, "signs": _signs("three", 1, 3, 9)}),
    large("many-steps", "two-steps", "T", size=300, flags=("long",), dtypes=("float64",)),
    large("many-samples", "two-steps", "N", balanced=True, size=4_999, dtypes=("float64",)),
)  # fmt: skip


def sample_hutchinson(rng):
    inputs = sample_head(rng)
    shape = int(rng.integers(1, 4)), int(rng.integers(1, 4)), inputs["W"].size
    return inputs | {"signs": 2.0 * rng.integers(0, 2, shape) - 1}


# Many domains --------------------------------------------------------------------------------------------------------


def _domains(name, n=2, C=2, N=4, h=2, **settings) -> dict[str, Any]:
    inputs = {"W": _numbers(f"{name} W", C, h + 1), "z": _numbers(f"{name} z", n, N, h)}
    return inputs | {"y": _labels(name, max(C, 2), n, N)} | settings


_WEIGHTS = {"alpha": 0.8, "beta": 0.3}
_HGP = {**_WEIGHTS, "kind": "hgp", "mean_rule": "code"}
_EXACT = {**_HGP, "kind": "exact"}
_PAIR = _domains("pair", N=3)
_TRIPLE = _domains("triple", n=3, C=3, N=2, h=1)
_SIGMOID = _domains("sigmoid", n=2, C=1, N=3)
PENALTY = (
    Case("two-domains", ("basic", "missing_step", "wrong_constant", "variant"),
         "HGP on two domains: the penalty and its gradients, through the Hessian and through the gradient in it",
         {**_PAIR, **_HGP},
         equations=("hessian_alignment-9", "hessian_alignment-11", "hessian_alignment-14", "hessian_alignment-16")),
    Case("mean-of-products", ("basic", "variant"), "the paper's rule for the mean",
         {**_PAIR, **_HGP, "mean_rule": "paper"}, equations=("hessian_alignment-11",)),
    Case("three-domains", ("basic",), "three domains, three classes", {**_TRIPLE, **_HGP, "beta": 0.6}),
    Case("one-row", ("basic",), "a sigmoid", {**_SIGMOID, **_HGP}),
    Case("exact-diagonals", ("basic", "missing_step"), "exact diagonals in place of products",
         {**_PAIR, **_EXACT}, equations=("hessian_alignment-17",)),
    Case("exact-diagonals-of-three", ("basic",), "exact diagonals of three domains, three classes",
         {**_TRIPLE, **_EXACT, "alpha": 1.3}, equations=("hessian_alignment-17",)),
    Case("mean-of-three-products", ("basic", "variant"), "the paper's rule on three domains",
         {**_TRIPLE, **_HGP, "mean_rule": "paper"}, equations=("hessian_alignment-11",)),
    Case("gradients-alone", ("boundary", "missing_step"), "alpha = 0: gradients of the head alone",
         {**_PAIR, **_HGP, "alpha": 0.0}, equations=("hessian_alignment-13",)),
    Case("one-class-each", ("edge_case",), "each domain has labels of one class only: a penalty like any other",
         {**_PAIR, **_HGP, "y": np.repeat([[0], [1]], 3, axis=1)}),
    Case("no-gradient", ("edge_case", "numerics"),
         "gradients of 0 in the first domain: H g is 0 there, and no division by its length",
         {"W": np.zeros((1, 2)), "z": np.array([[[1.0], [1.0]], [[2.0], [1.0]]]),
          "y": np.array([[0, 1], [0, 1]]), **_HGP}),
    Case("one-sample-each", ("boundary",), "one sample, one feature in each domain",
         {**_domains("single", N=1, h=1), **_HGP}),
    _many("two-domains"),
)  # fmt: skip


def sample_domains(rng):
    n, C, N, h = int(rng.integers(2, 4)), int(rng.integers(1, 4)), int(rng.integers(2, 4)), int(rng.integers(1, 3))
    y = rng.integers(0, max(C, 2), (n, N))
    return {"W": rng.standard_normal((C, h + 1)), "z": rng.standard_normal((n, N, h)), "y": y}


def _some_weights(rng):
    return {"alpha": float(rng.uniform(0.1, 2)), "beta": float(rng.uniform(0.1, 2))}


def sample_penalty(rng):
    settings = {"kind": str(rng.choice(["hgp", "exact"])), "mean_rule": str(rng.choice(["code", "paper"]))}
    return sample_domains(rng) | _some_weights(rng) | settings


HUTCHINSON_PENALTY = (
    Case("shared-draws", ("basic", "missing_step", "wrong_order"), "two draws that both domains share",
         {**_PAIR, **_WEIGHTS, "signs": _signs("shared", 1, 2, 6)},
         equations=("hessian_alignment-10", "hessian_alignment-14", "hessian_alignment-15")),
    Case("draws-of-their-own", ("basic", "variant"), "draws for the mean first, then for each domain, as in the "
         "authors' code", {**_PAIR, **_WEIGHTS, "signs": _signs("own", 3, 2, 6)}),
    Case("one-row", ("basic",), "a sigmoid, draws of their own",
         {**_SIGMOID, **_WEIGHTS, "signs": _signs("row", 3, 3, 3)}),
    Case("three-domains", ("basic",), "three domains, three classes, one draw",
         {**_TRIPLE, "alpha": 1.3, "beta": 0.6, "signs": _signs("three domains", 1, 1, 6)}),
    _many("draws-of-their-own"),
)  # fmt: skip


def sample_hutchinson_penalty(rng):
    inputs = sample_domains(rng)
    sets = 1 if rng.random() < 0.5 else len(inputs["z"]) + 1
    signs = 2.0 * rng.integers(0, 2, (sets, int(rng.integers(1, 4)), inputs["W"].size)) - 1
    return inputs | _some_weights(rng) | {"signs": signs}


def _rival(inputs, kind, lam=0.7):
    return {**inputs, "lam": lam, "kind": kind}


_ODD = _domains("odd", n=3, C=2, N=5)
BASELINE = (
    Case("vrex", ("basic", "wrong_constant"), "V-REx on two domains", _rival(_PAIR, "vrex"),
         equations=("hessian_alignment-21",)),
    Case("vrex-three", ("basic",), "V-REx on three domains: a mean, not a sum", _rival(_TRIPLE, "vrex", 1.6)),
    Case("irm", ("basic", "missing_step"), "IRM: a square", _rival(_PAIR, "irm"),
         equations=("hessian_alignment-22", "hessian_alignment-24")),
    Case("irm-one-row", ("basic",), "IRM with a sigmoid", _rival(_SIGMOID, "irm", 1.6)),
    Case("halves", ("basic", "wrong_order"), "IRM of DomainBed, on three and two samples", _rival(_ODD, "irm_halves"),
         equations=("hessian_alignment-23",)),
    Case("coral", ("basic", "wrong_constant"), "CORAL on two domains", _rival(_PAIR, "coral"),
         equations=("hessian_alignment-25",)),
    Case("coral-three", ("basic",), "CORAL on three domains: a mean over three pairs", _rival(_TRIPLE, "coral", 1.6)),
    Case("halves-of-two", ("basic", "wrong_order"), "IRM of DomainBed on two domains of two and two samples",
         _rival(_domains("even", N=4), "irm_halves", 1.6), equations=("hessian_alignment-23",)),
    Case("coral-three-features", ("basic", "wrong_constant"), "CORAL on three domains of three features",
         _rival(_domains("wide", n=3, h=3, N=4), "coral"), equations=("hessian_alignment-25",)),
    _many("irm"),
)  # fmt: skip


def sample_baseline(rng):
    return _rival(
        sample_domains(rng), str(rng.choice(["vrex", "irm", "irm_halves", "coral"])), float(rng.uniform(0, 2))
    )


def _smoothed(name, T=1, reduction="norm", smoothing="no", n=2, C=2, N=3, h=2, **settings) -> dict[str, Any]:
    inputs = {"W": _numbers(f"{name} W", C, h + 1), "z": _numbers(f"{name} z", T, n, N, h)}
    inputs["y"] = _labels(name, max(C, 2), T, n, N)
    return inputs | {"lam": 0.7, "decay": 0.75, "reduction": reduction, "smoothing": smoothing} | settings


_FISHR = _smoothed("fishr")
_STEPS = _smoothed("memory", T=3, smoothing="yes")
_SETTLING = _smoothed("long", smoothing="yes", decay=0.95)


def _settled(of, times=300):
    """The same samples in every step: the average of t steps is (1 - decay^t) / (1 - decay) times the variance."""

    def make(operation, before):
        small = before[of]
        share = (1 - small.inputs["decay"] ** np.arange(1, times + 1)) / (1 - small.inputs["decay"])
        powers = {"value": 2, "dW": 1, "dz": 1}  # of a gradient one factor is the memory's, which is held

        def derived(values):
            return {
                name: values[name] * share.reshape(-1, *[1] * (values[name].ndim - 1)) ** power
                for name, power in powers.items()
            }

        return Case(
            "three-hundred-steps", ("long",),
            f"{times} times the step {of}: averages grow to 20 times the variance, and the gradient with them",
            small.inputs | {name: np.concatenate([small.inputs[name]] * times) for name in ("z", "y")},
            dtypes=("float64",), equations=("hessian_alignment-27",), source=f"the answer of {of}, and a geometric sum",
            small=small, derived=derived,
        )  # fmt: skip

    return make


FISHR = (
    Case("variances", ("basic", "missing_step", "wrong_constant"), "variances of two domains", _FISHR,
         equations=("hessian_alignment-26", "hessian_alignment-28")),
    Case("sum-over-domains", ("basic", "variant"), "the sum over domains; without smoothing each step is by itself",
         _smoothed("apart", T=2, reduction="cmnist")),
    Case("mean-over-entries", ("basic", "variant"), "the mean over entries", {**_FISHR, "reduction": "domainbed"}),
    Case("three-smoothed-steps", ("basic", "known_bug"),
         "running averages from 0, divided by 1 - decay at every step: not what Adam would do", _STEPS,
         equations=("hessian_alignment-27",)),
    Case("smoothed-sums", ("basic", "known_bug"), "two smoothed steps of three domains, summed",
         _smoothed("sums", T=2, reduction="cmnist", smoothing="yes", n=3, decay=0.6),
         equations=("hessian_alignment-27",)),
    Case("no-memory", ("boundary",), "decay = 0: smoothing does nothing", {**_STEPS, "decay": 0.0}),
    Case("one-row", ("basic",), "a sigmoid, three domains", _smoothed("one-row", n=3, C=1, N=3, lam=1.6)),
    Case("one-sample-each", ("edge_case",), "one sample has no variance", _smoothed("single", N=1),
         answer={"value": np.zeros(1)}, source="by definition"),
    Case("smoothed-step", ("basic",), "the first step of averages that run: the variance itself", _SETTLING),
    _settled("smoothed-step"),
    _many("variances"),
)  # fmt: skip


def sample_fishr(rng):
    T, n, C, N = int(rng.integers(1, 4)), int(rng.integers(2, 4)), int(rng.integers(1, 3)), int(rng.integers(2, 4))
    return {
        "W": rng.standard_normal((C, 3)),
        "z": rng.standard_normal((T, n, N, 2)),
        "y": rng.integers(0, 2, (T, n, N)),
        "lam": float(rng.uniform(0.1, 2)),
        "decay": float(rng.uniform(0.2, 0.9)),
        "reduction": str(rng.choice(["norm", "cmnist", "domainbed"])),
        "smoothing": str(rng.choice(["no", "yes"])),
    }


# A network -----------------------------------------------------------------------------------------------------------


def _network(name, kind, C=1, n=2, N=3, d=2, h=2, **settings) -> dict[str, Any]:
    inputs = {"U": _numbers(f"{name} U", d, h), "c": _numbers(f"{name} c", h), "W": _numbers(f"{name} W", C, h + 1)}
    inputs |= {"x": _numbers(f"{name} x", n, N, d), "y": _labels(name, max(C, 2), n, N)}
    return inputs | {**_WEIGHTS, "lam": 1.5, "kind": kind} | settings


NETWORK = (
    Case("hgp", ("basic", "known_bug"), "HGP on the head, felt by the featuriser", _network("net", "hgp")),
    Case("exact", ("basic",), "exact diagonals, three classes",
         _network("classes", "exact", C=3, alpha=1.3, beta=0.6, lam=0.8)),
    Case("iga", ("basic",), "gradients in all parameters", _network("net", "iga"),
         equations=("hessian_alignment-29",)),
    Case("exact-one-row", ("basic",), "exact diagonals, a sigmoid", _network("row", "exact", lam=0.5)),
    Case("iga-three", ("basic",), "gradients in all parameters, three domains, two rows",
         _network("three", "iga", C=2, n=3, lam=0.5), equations=("hessian_alignment-29",)),
    Case("dead", ("edge_case",), "a unit that no sample wakes: no gradient in its weights",
         _network("net", "hgp", c=np.array([0.3, -20.0]))),
    _many("hgp", samples=("x", "y"), shared=()),
)  # fmt: skip


def sample_network(rng):
    C = int(rng.integers(1, 3))
    inputs = {"U": rng.standard_normal((2, 2)), "c": rng.standard_normal(2), "W": rng.standard_normal((C, 3))}
    inputs |= {"x": rng.standard_normal((2, 3, 2)), "y": rng.integers(0, 2, (2, 3))}
    return inputs | _some_weights(rng) | {"lam": float(rng.uniform(0, 2)), "kind": str(rng.choice(["hgp", "exact"]))}


# The schedule, Fish, transfer ----------------------------------------------------------------------------------------


def _run(name, T=5, P=3, **settings) -> dict[str, Any]:
    inputs = {"theta0": _numbers(f"{name} theta", P), "grads": _numbers(f"{name} g", T, P)}
    inputs |= {"penalties": _numbers(f"{name} p", T, P), "lam": 20.0, "warm": 2, "lr": 0.1, "l2": 0.05}
    return inputs | {"beta1": 0.9, "beta2": 0.99, "eps": 1e-3} | settings


_FIVE = _run("five")
SCHEDULE = (
    Case("five-steps", ("basic", "missing_step", "wrong_order", "wrong_constant", "variant"),
         "two steps with weight 1, three with weight 20, divided by it; Adam's averages are kept", _FIVE,
         equations=("hessian_alignment-18", "hessian_alignment-19", "hessian_alignment-20")),
    Case("heavy-at-once", ("boundary",), "no first steps", {**_FIVE, "warm": 0, "beta1": 0.7}),
    Case("light-for-good", ("boundary",), "all steps are first ones", {**_FIVE, "warm": 5}),
    Case("light-weight", ("edge_case", "missing_step"), "a weight below 1: nothing is divided", {**_FIVE, "lam": 0.25}),
    Case("no-penalty", ("boundary",), "lam = 0 after the first steps", {**_FIVE, "lam": 0.0}),
    Case("one-step", ("boundary",), "one step of one parameter", _run("one", T=1, P=1)),
    Case("as-published", ("numerics",), "a weight of 91257 and the default rates",
         {**_FIVE, "lam": 91257.0, "lr": 4.9e-4, "l2": 1.1e-3, "beta2": 0.999, "eps": 1e-8}),
    Case("three-hundred-steps", ("long",), "190 light steps, then heavy ones",
         _run("long", T=300, P=2, warm=190, lr=0.01), dtypes=("float64",)),
    large("many-parameters", "five-steps", "P"),
)  # fmt: skip


def sample_schedule(rng):
    T, P = int(rng.integers(1, 6)), int(rng.integers(1, 4))
    return {
        "theta0": rng.standard_normal(P),
        "grads": rng.standard_normal((T, P)),
        "penalties": rng.standard_normal((T, P)),
        "lam": float(rng.choice([0.5, 3.0, 50.0])),
        "warm": int(rng.integers(0, T + 1)),
        "lr": float(rng.uniform(0.01, 0.2)),
        "l2": float(rng.uniform(0, 0.2)),
        "beta1": float(rng.uniform(0.3, 0.95)),
        "beta2": float(rng.uniform(0.3, 0.95)),
        "eps": 1e-3,
    }


def _walk(name, n=3, P=2, **settings) -> dict[str, Any]:
    A = _numbers(f"{name} A", n, P, P)
    inputs = {"theta": _numbers(f"{name} theta", P), "A": (A + A.transpose(0, 2, 1)) / 2 + np.eye(P)}
    return inputs | {"b": _numbers(f"{name} b", n, P), "lr": 0.2, "epsilon": 0.5} | settings


FISH = (
    Case("three-domains", ("basic", "missing_step", "wrong_constant"), "three quadratics in turn",
         _walk("three"), equations=("hessian_alignment-30", "hessian_alignment-31")),
    Case("small-part", ("basic",), "a fifth of the way", _walk("three", epsilon=0.2)),
    Case("whole-way", ("boundary",), "epsilon = 1: as far as the walk leads", _walk("three", epsilon=1.0)),
    Case("two-numbers", ("edge_case",), "theta^2 / 2 and (theta - 1)^2 / 2 from 4: 4, 2, 3/2, and halfway there",
         {"theta": np.array([4.0]), "A": np.ones((2, 1, 1)), "b": np.array([[0.0], [-1.0]]), "lr": 0.5, "epsilon": 0.5},
         answer={"next": np.array([2.75])}, source="worked by hand"),
)  # fmt: skip


def sample_fish(rng):
    n, P = int(rng.integers(2, 4)), int(rng.integers(1, 4))
    inputs = {"theta": rng.standard_normal(P), "A": rng.standard_normal((n, P, P)), "b": rng.standard_normal((n, P))}
    return inputs | {"lr": float(rng.uniform(0.05, 0.3)), "epsilon": float(rng.uniform(0.1, 1))}


def _hessians(rng, P):
    roots = rng.standard_normal((2, P, P))
    S, T = (np.sum(root[:, None, :] * root[None, :, :], axis=2) / P for root in roots)  # exactly symmetric
    return {"H_source": S + 0.5 * np.eye(P), "H_target": T}


def _rounded(name, P):
    return {key: H.round(3) for key, H in _hessians(stream(0, "hessian_alignment-case", name), P).items()}


TRANSFER = (
    Case("two-by-two", ("basic", "wrong_constant"), "a target with more curvature along one direction",
         {"H_source": np.array([[2.0, 0.5], [0.5, 1.0]]), "H_target": np.array([[4.0, 1.0], [1.0, 0.75]]),
          "delta": 0.25}, equations=("hessian_alignment-7", "hessian_alignment-8")),
    Case("four-by-four", ("basic",), "four parameters", {**_rounded("four", 4), "delta": 0.1}),
    Case("flatter-target", ("edge_case", "missing_step"),
         "a target with less curvature everywhere: nothing is lost, but the bound does not know it",
         {"H_source": np.diag([3.0, 2.0]), "H_target": np.diag([1.0, 1.0]), "delta": 0.5},
         answer={"exact": np.array(0.0), "bound": np.array(0.5)}, source="worked by hand"),
    Case("flatter-turned", ("edge_case", "missing_step"), "half the curvature everywhere, in turned axes",
         {"H_source": np.array([[2.0, 0.5], [0.5, 1.0]]), "H_target": np.array([[1.0, 0.25], [0.25, 0.5]]),
          "delta": 0.25}, answer={"exact": np.array(0.0)}, source="by definition", equations=("hessian_alignment-7",)),
    Case("alike", ("edge_case",), "twice the same Hessian", {"H_source": np.diag([3.0, 2.0]),
         "H_target": np.diag([3.0, 2.0]), "delta": 0.5}, answer={"exact": np.array(0.0), "bound": np.array(0.0)},
         source="by definition"),
    Case("one-parameter", ("boundary",), "one parameter: the bound is reached",
         {"H_source": np.array([[2.0]]), "H_target": np.array([[3.0]]), "delta": 0.5},
         answer={"exact": np.array(0.25), "bound": np.array(0.25)}, source="worked by hand"),
    Case("no-minimum", ("edge_case",), "a target that bends down: the measure needs no minimum there",
         {"H_source": np.eye(2), "H_target": np.diag([-1.0, 2.0]), "delta": 1.0},
         answer={"exact": np.array(1.0), "bound": np.array(2.0)}, source="worked by hand"),
)  # fmt: skip


def sample_transfer(rng):
    return {**_hessians(rng, int(rng.integers(2, 5))), "delta": float(rng.uniform(0.05, 1))}
