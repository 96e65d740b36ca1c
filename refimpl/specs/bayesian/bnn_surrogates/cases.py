"""Inputs of the operations of surrogates under permanent names, and random ones."""

import math
from functools import partial
from itertools import pairwise

import numpy as np

from refimpl.core.random import stream
from refimpl.specs.base import Case, tags
from refimpl.specs.sizes import large


def _some(name, *shape, digits=2):
    """Normal numbers in a few digits."""
    return stream(0, "bnn_surrogates-case", name).standard_normal(shape).round(digits)


_tags = partial(tags, "bnn_surrogates")


def _count(d, width, depth, out=1):
    sizes = (d, *[width] * depth, *([out] if out else []))
    return sum((a + 1) * b for a, b in pairwise(sizes))


def _setting(name, n=4, d=2, width=3, depth=1, noise=0.5, prior=2.0):
    """Weights, data and model."""
    w, x, y = (_some(f"{name} {k}", *s) for k, s in (("w", (_count(d, width, depth),)), ("x", (n, d)), ("y", (n,))))
    return {"w": w, "x": x, "y": y, "width": width, "depth": depth, "noise": noise, "prior": prior}


_LINEAR = {"w": np.array([1.0, -0.5]), "x": np.array([[1.0], [-1.0], [2.0]]), "y": np.array([1.0, 0.5, 2.0]),
           "width": 1, "depth": 0, "noise": 0.5, "prior": 2.0}  # fmt: skip


def _repeated(slug, of, times=1000, *, rows=("x", "y"), more=(), answers=None, source="", dtypes=("float64",)):
    """Each example many times under as many times the noise: the same posterior."""

    def make(operation, before):
        small = before[of]
        inputs = small.inputs | {name: np.tile(small.inputs[name], (times, *[1] * (small.inputs[name].ndim - 1)))
                                 for name in rows}  # fmt: skip
        inputs = inputs | {"noise": small.inputs["noise"] * times}
        why = f"each example {times} times under {times} times the noise variance: sums over all examples, in full"
        return Case(slug, ("large", *more), why, inputs, dtypes=dtypes, equations=small.equations,
                    source=source or f"the answer of {of}", small=small,
                    derived=answers or (lambda values: dict(values)), recipe=f"{of}/repeated/{times}")  # fmt: skip

    return make


def _drawn(rng, n_most=4):
    """A random model with data."""
    n, d = rng.integers(2, n_most + 1), rng.integers(1, 3)
    width, depth = int(rng.integers(1, 4)), int(rng.integers(0, 3))
    w = rng.standard_normal(_count(d, width, depth))
    variances = {"noise": float(rng.uniform(0.2, 2)), "prior": float(rng.uniform(0.3, 3))}
    data = {"x": rng.standard_normal((n, d)), "y": rng.standard_normal(n)}
    return {"w": w, **data, "width": width, "depth": depth, **variances}


# Energy --------------------------------------------------------------------------------------------------------------

ENERGY = (
    Case("one-hidden-layer", ("basic", "known_bug"), "variances divide, not their squares; every layer has its tanh",
         _setting("one"), equations=_tags(1, 2, 4, 5, 6)),
    Case("two-hidden-layers", ("basic", "missing_step"), "the gradient passes a layer of equal widths the right way",
         _setting("two", depth=2, noise=0.25, prior=0.5), equations=_tags(1, 2, 3, 4, 5, 6)),
    Case("worked-by-hand", ("basic",), "f = 3.5 against 3: U = .25 / 1 + 5.25 / 2",
         {"w": np.array([1.0, 2.0, 0.5]), "x": np.ones((1, 2)), "y": np.array([3.0]), "width": 1, "depth": 0,
          "noise": 0.5, "prior": 1.0}, equations=_tags(4, 5, 6),
         answer={"U": np.array(2.875), "grad": np.array([2.0, 3.0, 1.5])}, source="closed form"),
    Case("no-weights", ("boundary",), "at 0 the prior has no pull, and only the last bias has a gradient",
         _setting("zero") | {"w": np.zeros(13)}, equations=_tags(4, 6)),
    Case("unit-variances", ("edge_case",), "where variances and deviations are one", _setting("unit", noise=1.0,
         prior=1.0)),
    Case("small-noise", ("numerics",), "the noise that claims use, .01", _setting("small", noise=0.01, prior=1.0)),
    Case("another-width", ("basic",), "two units in the hidden layer, three inputs", _setting("narrow", d=3, width=2)),
    _repeated("thousands-of-examples", "one-hidden-layer", 5_000),
)  # fmt: skip


def sample_energy(rng):
    return _drawn(rng)


# HMC -----------------------------------------------------------------------------------------------------------------


def _path(name, T, *, step=0.1, uniforms=None, steps=None, **more):
    setting = more.pop("setting", None) or _setting(name, **more)
    uniforms = np.full(T, 0.25) if uniforms is None else np.array(uniforms)
    steps = np.full(T, 2.0) if steps is None else np.array(steps, dtype=float)
    momenta = _some(f"{name} r", T, len(setting["w"]))
    return {**setting, "momenta": momenta, "uniforms": uniforms, "steps": steps, "step": step}


HMC = (
    Case("three-transitions", ("basic", "missing_step"), "half steps, fresh momenta, and counts that differ",
         _path("three", 3, steps=[2, 1, 3]), equations=_tags(7, 8, 9, 10, 11)),
    Case("a-rejection", ("basic", "wrong_order"), "what is rejected is forgotten, its gradient and energy too",
         _path("back", 3, step=0.2, uniforms=[0.25, 0.99, 0.0], steps=[1, 3, 1], noise=0.2),
         equations=_tags(10, 11)),
    Case("worked-by-hand", ("basic",), "U = x^2 (w + b)^2 / 2 + ...: gradient (2, 1) at (1, 0), one step of 1/2",
         {"w": np.array([1.0, 0.0]), "x": np.array([[1.0]]), "y": np.zeros(1), "width": 1, "depth": 0, "noise": 1.0,
          "prior": 1.0, "momenta": np.zeros((1, 2)), "uniforms": np.array([0.5]), "steps": np.ones(1), "step": 0.5},
         equations=_tags(7, 8, 9),
         answer={"states": np.array([[0.75, -0.125]]), "accepted": np.ones(1), "energies": np.array([0.484375])},
         source="closed form"),
    Case("uphill", ("basic", "wrong_constant"), "the energy rises by .4: taken with probability .7",
         _path("uphill", 2, step=0.2, uniforms=[0.1, 0.98], steps=[5, 5], depth=2, noise=0.1), equations=_tags(10,)),
    Case("downhill", ("basic", "wrong_constant"),
         "what falls by more than the uniform allows to rise is taken all the same",
         _path("fall", 2, step=0.15, uniforms=[0.9, 0.9], steps=[3, 4], noise=0.1), equations=_tags(10,)),
    Case("certain", ("boundary",), "a uniform of 0 takes whatever has a density", _path("certain", 2, uniforms=[0.0,
         0.0])),
    Case("a-wild-step", ("numerics",), "an energy beyond all numbers is a rejection, not an error",
         _path("wild", 2, step=1e30, steps=[1, 1]), equations=_tags(10, 11), dtypes=("float64",)),
    Case("no-number", ("numerics",), "an energy that is infinity less infinity is a rejection too",
         _path("wild", 1, step=1e80, steps=[1]), equations=_tags(10, 11), dtypes=("float64",)),
    Case("three-hundred-of-one-step", ("long",), "300 transitions of one step on a posterior that is Gaussian",
         _path("long", 300, setting=_LINEAR, step=0.5, steps=np.ones(300),
               uniforms=0.01 + 0.9 * stream(0, "hmc-long").uniform(size=300).round(2))),
    Case("another-width", ("basic",), "two units in the hidden layer",
         _path("narrow-path", 2, step=0.05, d=3, width=2, noise=0.75, prior=1.5)),
    _repeated("many-examples", "three-transitions"),
)  # fmt: skip


def sample_hmc(rng):
    drawn, T = _drawn(rng), rng.integers(1, 4)
    momenta = rng.standard_normal((T, len(drawn["w"])))
    uniforms = rng.choice([0.001, 0.02, 0.999], size=T)
    return {**drawn, "momenta": momenta, "uniforms": uniforms, "steps": rng.integers(1, 4, T).astype(float),
            "step": float(rng.uniform(0.02, 0.2))}  # fmt: skip


def _rates(name, T):
    return {"acceptance": stream(0, "bnn_surrogates-case", name).uniform(size=T).round(3), "start": 0.02, "target": 0.8}


DUAL_AVERAGING = (
    Case("five", ("basic", "wrong_constant"), "the sum of deficits over t + 10, times 20 sqrt(t)", _rates("five", 5),
         equations=_tags(13, 14, 15)),
    Case("as-wished", ("edge_case",), "without a deficit the step is ten times the first",
         {"acceptance": np.full(3, 0.8), "start": 0.125, "target": 0.8}, equations=_tags(14, 15),
         answer={"step": np.full(3, 1.25), "averaged": np.full(3, 1.25)}, source="closed form"),
    Case("twenty", ("boundary",), "no step is too long where nothing is rejected: ten times a start of 2",
         {"acceptance": np.full(3, 0.8), "start": 2.0, "target": 0.8}, equations=_tags(14, 15),
         answer={"step": np.full(3, 20.0), "averaged": np.full(3, 20.0)}, source="closed form"),
    Case("first", ("boundary",), "after one iteration the average is the step itself", _rates("first", 1)),
    Case("all-or-nothing", ("boundary",), "rates of 0 and of 1", _rates("all", 6) | {"acceptance": np.array(
        [0.0, 1.0, 1.0, 0.0, 1.0, 1.0])}),
    Case("another-target", ("wrong_constant",), "the target is an argument", _rates("target", 6) | {"target": 0.65}),
    Case("three-hundred", ("long",), "300 iterations", _rates("long", 300)),
)  # fmt: skip


def sample_dual_averaging(rng):
    return {"acceptance": rng.uniform(size=rng.integers(1, 8)), "start": float(rng.uniform(0.01, 0.5)),
            "target": float(rng.uniform(0.5, 0.95))}  # fmt: skip


# SGHMC ---------------------------------------------------------------------------------------------------------------


def _run(name, T, *, burn_in, B=2, lr=0.1, friction=0.1, **more):
    setting = more.pop("setting", None) or _setting(name, **more)
    indices = stream(0, "bnn_surrogates-case", name, "rows").integers(len(setting["y"]), size=(T, B)).astype(float)
    xi = _some(f"{name} xi", T, len(setting["w"]))
    return {**setting, "indices": indices, "xi": xi, "lr": lr, "friction": friction, "burn_in": burn_in}


SGHMC = (
    Case("three-of-five", ("basic", "wrong_order"), "three steps of burn-in: rates and lengths from the old averages",
         _run("five", 5, burn_in=3, n=5), equations=_tags(16, 17, 18, 19, 20, 21, 22, 23)),
    Case("no-burn-in", ("boundary", "known_bug"), "scales stay 1; the likelihood, not the prior, is scaled by n / B",
         _run("none", 3, burn_in=0, n=6, prior=0.5), equations=_tags(16, 21, 22, 23)),
    Case("full-batch", ("edge_case",), "a minibatch of all examples", _run("full", 4, burn_in=2) | {
        "indices": np.tile(np.arange(4.0), (4, 1))}, equations=_tags(16,)),
    Case("worked-by-hand", ("basic",), "from w = (1, 0), the second of two examples: g = 2 (4, 2) + (1, 0)",
         {"w": np.array([1.0, 0.0]), "x": np.array([[1.0], [2.0]]), "y": np.array([1.0, 0.0]), "width": 1, "depth": 0,
          "noise": 1.0, "prior": 1.0, "indices": np.ones((1, 1)), "xi": np.zeros((1, 2)), "lr": 0.1, "friction": 0.5,
          "burn_in": 0}, equations=_tags(16, 23),
         answer={"states": np.array([[0.91, -0.04]])}, source="closed form"),
    Case("large-steps", ("numerics",), "where the noise left over would be negative: at least 1e-16",
         _run("large", 3, burn_in=0, lr=1.0, friction=0.25), equations=_tags(22,)),
    Case("three-hundred", ("long",), "300 steps, the second half with fixed scales",
         _run("long", 300, burn_in=150, lr=0.05, setting=_LINEAR)),
    Case("another-width", ("basic",), "two units in the hidden layer",
         _run("narrow-run", 3, burn_in=1, d=3, width=2, noise=0.75, prior=1.5)),
    _repeated("many-examples", "three-of-five"),
)  # fmt: skip


def sample_sghmc(rng):
    drawn, (T, B) = _drawn(rng), rng.integers(1, 4, 2)
    return {**drawn, "indices": rng.integers(len(drawn["y"]), size=(T, B)).astype(float),
            "xi": rng.standard_normal((T, len(drawn["w"]))), "lr": float(rng.uniform(0.02, 0.3)),
            "friction": float(rng.uniform(0.05, 0.9)), "burn_in": int(rng.integers(0, T + 1))}  # fmt: skip


# Ensembles and Laplace -----------------------------------------------------------------------------------------------


def _several(name, S=3, m=3, *, steps=4, lr=0.1, **more):
    setting = more.pop("setting", None) or _setting(name, n=5, **more)
    masks = np.ones((S, len(setting["y"])))
    for k in range(S):
        masks[k, k % masks.shape[1]] = 0.0
    points, targets = _some(f"{name} points", m, setting["x"].shape[1]), _some(f"{name} targets", m)
    rest = {"masks": masks, "points": points, "targets": targets, "steps": steps, "lr": lr}
    starts = _some(f"{name} starts", S, len(setting["w"]))
    return {k: v for k, v in setting.items() if k != "w"} | rest | {"starts": starts}


ENSEMBLE = (
    Case("three-members", ("basic", "known_bug"), "each with its own start and examples; the noise is added once",
         _several("three"), equations=_tags(24, 25, 26, 27)),
    Case("two-members", ("boundary", "wrong_constant"), "the divisor of the variance is S - 1",
         _several("two", S=2, depth=2), equations=_tags(25, 26)),
    Case("not-trained", ("boundary",), "no step: the starts", _several("none", steps=0), equations=_tags(26, 27)),
    Case("one-step", ("edge_case",), "Adam's first step has the length lr", _several("step", steps=1)),
    Case("worked-by-hand", ("basic",), "outputs 1 and 3 at a point: mean 2, variance 2 + .5, target 2",
         {"starts": np.array([[1.0, 0.0], [3.0, 0.0]]), "masks": np.ones((2, 1)), "x": np.ones((1, 1)),
          "y": np.ones(1), "points": np.ones((1, 1)), "targets": np.array([2.0]), "width": 1, "depth": 0,
          "noise": 0.5, "prior": 1.0, "lr": 0.1, "steps": 0}, equations=_tags(25, 26, 27),
         answer={"members": np.array([[1.0, 0.0], [3.0, 0.0]]), "mean": np.array([2.0]), "variance": np.array([2.5]),
                 "score": np.array(-0.5 * math.log(5 * math.pi))}, source="closed form"),
    Case("three-hundred", ("long",), "300 steps, almost there", _several("long", S=2, setting=_LINEAR, steps=300,
         lr=0.02)),
    Case("another-width", ("basic",), "two units in the hidden layer",
         _several("narrow-members", d=3, width=2, noise=0.75, prior=0.5)),
    large("many-points", "three-members", "m", balanced=True, size=10_000, dtypes=("float64",)),
)  # fmt: skip


def sample_ensemble(rng):
    drawn, S, m = _drawn(rng), rng.integers(2, 4), rng.integers(1, 4)
    w, n = drawn.pop("w"), len(drawn["y"])
    return {**drawn, "starts": rng.standard_normal((S, len(w))), "masks": rng.integers(0, 2, (S, n)).astype(float),
            "points": rng.standard_normal((m, drawn["x"].shape[1])), "targets": rng.standard_normal(m),
            "lr": float(rng.uniform(0.01, 0.2)), "steps": int(rng.integers(0, 4))}  # fmt: skip


def _trained(name, m=3, **more):
    setting = _setting(name, **more)
    setting.pop("y")
    return setting | {"points": _some(f"{name} points", m, setting["x"].shape[1])}


LAPLACE = (
    Case("one-hidden-layer", ("basic", "wrong_order"), "noise over prior on the diagonal, the prior in front",
         _trained("one-laplace"), equations=_tags(28, 29, 30)),
    Case("two-narrow-layers", ("basic",), "Jacobians through two layers",
         _trained("two-laplace", depth=2, width=2, noise=0.2), equations=_tags(28,)),
    Case("linear", ("basic",), "a linear network: the posterior of linear regression, by hand",
         {"w": np.array([0.5, 0.25]), "x": np.array([[1.0], [-1.0]]), "points": np.array([[2.0]]), "width": 1,
          "depth": 0, "noise": 1.0, "prior": 0.5}, equations=_tags(28, 29, 30),
         answer={"jacobian": np.array([[2.0, 1.0]]), "mean": np.array([1.25]), "covariance": np.array([[1.25]])},
         source="closed form"),
    Case("at-the-data", ("edge_case",), "points that were observed",
         _trained("data") | {"points": _trained("data")["x"][:2]}),
    Case("more-data-than-weights", ("edge_case",), "where J J^T is singular without the ridge",
         _trained("more", n=8, d=1, width=1)),
    _repeated("many-examples", "one-hidden-layer", 100, rows=("x",)),
)  # fmt: skip


def sample_laplace(rng):
    drawn = _drawn(rng)
    drawn.pop("y")
    return drawn | {"points": rng.standard_normal((rng.integers(1, 4), drawn["x"].shape[1]))}


# Processes -----------------------------------------------------------------------------------------------------------


def _wide(name, n=3, m=2, d=3, *, depth=2, weight_variance=2.0, bias_variance=0.5, activation="relu"):
    x, y = _some(f"{name} x", n, d), _some(f"{name} y", m, d)
    return {"x": x, "y": y, "depth": depth, "weight_variance": weight_variance, "bias_variance": bias_variance,
            "activation": activation}  # fmt: skip


IBNN = (
    Case("relu", ("basic", "missing_step"), "1 / d in the base, variances that go on, a readout", _wide("relu"),
         equations=_tags(31, 32, 34)),
    Case("erf", ("basic",), "the other closed form", _wide("erf", activation="erf"), equations=_tags(31, 33, 34)),
    Case("defaults", ("basic", "numerics"), "depth 3, variances 10 and 1.3: covariances in the hundreds",
         _wide("defaults", depth=3, weight_variance=10.0, bias_variance=1.3)),
    Case("erf-defaults", ("basic",), "the same with erf", _wide("erf-defaults", depth=3, weight_variance=10.0,
                                                                bias_variance=1.3, activation="erf")),
    Case("equal-points", ("edge_case", "numerics", "known_bug"), "the same point twice: an angle of 0, to all digits",
         _wide("equal", depth=3) | {"y": _some("equal x", 3, 3)}, equations=_tags(32,)),
    Case("near-copies", ("edge_case", "numerics"), "points that differ in the seventh digit, without bias",
         _wide("equal", bias_variance=0.0) | {"y": _some("equal x", 3, 3) + np.array([1.0, 0.0, -1.0]) / 2**20},
         equations=_tags(32,)),
    Case("opposite-points", ("edge_case",), "an angle of pi, without bias",
         _wide("opposite", bias_variance=0.0, depth=1) | {"y": -_some("opposite x", 3, 3)}, equations=_tags(32,)),
    Case("worked-by-hand", ("basic",), "at right angles, one layer: 2 / (2 pi), and 1 on the diagonal",
         {"x": np.array([[1.0, 0.0]]), "y": np.array([[0.0, 1.0]]), "depth": 1, "weight_variance": 2.0,
          "bias_variance": 0.0, "activation": "relu"}, equations=_tags(31, 32, 34),
         answer={"kernel": np.array([[1 / math.pi]]), "diagonal": np.ones(1)}, source="closed form"),
    Case("one-input", ("boundary",), "d = 1: every angle is 0 or pi but for the bias", _wide("one", d=1)),
    large("thousands-of-points", "defaults", "n", size=2_001),
)  # fmt: skip


def sample_ibnn(rng):
    n, m, d = rng.integers(1, 4, 3)
    return {"x": rng.standard_normal((n, d)), "y": rng.standard_normal((m, d)), "depth": int(rng.integers(1, 4)),
            "weight_variance": float(rng.uniform(0.5, 4)), "bias_variance": float(rng.uniform(0.1, 2)),
            "activation": str(rng.choice(["relu", "erf"]))}  # fmt: skip


def _features(name, n=4, d=2, width=2, depth=1, *, lengths=None, scale=1.5, noise=0.25, mean=0.5):
    w, x, y = (_some(f"{name} {k}", *s) for k, s in (
        ("w", (_count(d, width, depth, 0),)), ("x", (n, d)), ("y", (n,))))  # fmt: skip
    lengths = np.linspace(0.6, 1.4, width) if lengths is None else lengths
    return {"w": w, "x": x, "y": y, "width": width, "depth": depth, "lengths": lengths, "scale": scale, "noise": noise,
            "mean": mean}  # fmt: skip


_TIMES = 50


def _with_repeats(values):
    """From the evidence of the means to that of the examples, of which each stands there so many times."""
    n, noise, k = 4, 0.25 * _TIMES, _TIMES
    more = -0.5 * n * (k - 1) * math.log(2 * math.pi * noise) - 0.5 * n * math.log(k)
    slope = values["by_noise"] / k - n * (k - 1) / (2 * noise)
    return {**values, "evidence": values["evidence"] + more, "by_noise": slope}


DKL = (
    Case("one-layer", ("basic", "wrong_constant"), "each pair counts twice; features over squared length scales",
         _features("one-layer"), equations=_tags(35, 36, 37, 38, 39, 40, 41, 42)),
    Case("two-layers", ("basic",), "back through two layers, tanh after the last too", _features("two-layers", depth=2),
         equations=_tags(35, 42)),
    Case("unit-lengths", ("edge_case",), "where a division by length scales cannot be seen",
         _features("unit", lengths=np.ones(2), noise=0.5)),
    Case("one-example", ("boundary",), "a single example: N(y; c, s^2 + noise)", _features("single", n=1, d=1,
         width=1, mean=-1.5)),
    Case("equal-points", ("edge_case", "numerics"), "two equal points: no slope of the distance at 0",
         _features("equal-dkl") | {"x": np.array([[0.5, 1.0], [0.5, 1.0], [-1.0, 0.25], [1.5, -0.5]])}),
    Case("three-features", ("basic",), "more features than inputs", _features("three-features", n=5, d=1, width=3,
         scale=4.0)),
    _repeated("two-hundred-examples", "one-layer", _TIMES, answers=_with_repeats,
              source="the answer of one-layer: repeats are one observation each, with their noise over their number"),
)  # fmt: skip


def sample_dkl(rng):
    n, d, width, depth = (int(k) for k in rng.integers(1, (5, 3, 3, 3)))
    return {"w": rng.standard_normal(_count(d, width, depth, 0)), "x": rng.standard_normal((n, d)),
            "y": rng.standard_normal(n), "width": width, "depth": depth, "lengths": rng.uniform(0.5, 2, width),
            "scale": float(rng.uniform(0.5, 2)), "noise": float(rng.uniform(0.1, 1)),
            "mean": float(rng.standard_normal())}  # fmt: skip


def _points(*rows, reference):
    return {"values": np.array(rows, dtype=float), "reference": np.array(reference, dtype=float)}


HYPERVOLUME = (
    Case("staircase", ("basic", "known_bug"), "maximised: a step that is dominated adds nothing",
         _points([1, 4], [3, 2], [2, 2], [4, 0.5], [2.5, 3], reference=[0.25, 0]), equations=_tags(45, 46)),
    Case("worked-by-hand", ("basic",), "boxes of 1 x 3 and 2 x 2, of which 1 x 2 is common",
         _points([1, 3], [2, 2], [1, 1], reference=[0, 0]), equations=_tags(45, 46), answer={"volume": np.array(5.0)},
         source="closed form"),
    Case("below-the-reference", ("edge_case", "known_bug"), "points that are not above it do not count, even in part",
         _points([3, -1], [-2, -2], [2, 2], [0.5, 3], [-1, 4], reference=[0, 0]), equations=_tags(45,)),
    Case("none-above", ("boundary",), "nothing above the reference: 0", _points([1, -1], [-2, 3], reference=[0, 0]),
         answer={"volume": np.array(0.0)}, source="closed form"),
    Case("all-below", ("edge_case",), "two negative sides are no positive volume",
         _points([-2, -3], [-1, -4], reference=[0, 0]), answer={"volume": np.array(0.0)}, source="closed form"),
    Case("equal-points", ("edge_case",), "ties in one objective and in both",
         _points([1, 3], [1, 2], [2, 2], [2, 2], [3, 1], reference=[0, 0.5])),
    Case("one-point", ("boundary",), "one box", _points([2, 3], reference=[-1, 1])),
    Case("one-objective", ("boundary",), "the best value", _points([2], [5], [-1], reference=[1])),
    Case("three-objectives", ("basic",), "slices along the last objective",
         _points([1, 2, 4], [3, 1, 2], [2, 3, 1], [1, 1, 1], [0.5, 4, 3], reference=[0, 0, 0.25]),
         equations=_tags(47,)),
    Case("four-objectives", ("basic",), "slices of slices",
         _points([1, 2, 4, 2], [3, 1, 2, 1], [2, 3, 1, 3], [2, 2, 2, 2.5], reference=[0, 0.5, 0, 0]),
         equations=_tags(47,)),
    Case("negative-values", ("edge_case",), "objectives that are all negative",
         _points([-3, -1], [-2, -2], [-1, -4], reference=[-5, -5]),
         answer={"volume": np.array(12.0)}, source="closed form"),
    large("many-points", "staircase", "n", balanced=True, dtypes=("float64",)),
)  # fmt: skip


def sample_hypervolume(rng):
    n, K = rng.integers(1, 6), rng.integers(1, 4)
    return {"values": rng.standard_normal((n, K)), "reference": rng.uniform(-1.5, 0.5, K)}
