"""Inputs of the operations of stochastic interpolants under permanent names, and random ones."""

import math

import numpy as np

from refimpl.core.random import stream
from refimpl.specs.base import Case
from refimpl.specs.sizes import large


def _some(name, *shape):
    """Normal numbers in two digits."""
    return stream(0, "interpolants-case", name).standard_normal(shape).round(2)


def _rows(*rows):
    return np.array(rows, dtype=float)


# Schedules -----------------------------------------------------------------------------------------------------------

_TIMES = np.array([0.0, 0.125, 0.3125, 0.5, 0.6875, 0.875, 1.0])  # the same from both ends
_BEFORE = _TIMES[:-1]  # sine and cosine of a rounded pi are not 0 at t = 1
_INSIDE = np.array([0.0625, 0.3, 0.5, 0.875])


def _path(slug, why, path, gamma, a=1.0, *, t=_TIMES, flags=("basic",), equations=(), **more):
    inputs = {"t": t, "path": path, "gamma": gamma, "a": a}
    return Case(slug, flags, why, inputs, equations=tuple(f"interpolants-{n}" for n in equations), **more)


SCHEDULE = (
    _path("linear-brownian", "the usual one: a belongs under the root", "linear", "brownian", 2.0, equations=(2, 6)),
    _path("worked-by-hand", "at t = 1/5: gamma 2/5, gamma_dot 3/4", "linear", "brownian", t=np.array([0.2]),
          equations=(2, 6), answer={"alpha": [0.8], "beta": [0.2], "gamma_t": [0.4], "alpha_dot": [-1.0],
                                    "beta_dot": [1.0], "gamma_dot": [0.75], "product": [0.3]}, source="closed form"),
    _path("linear-quadratic", "a gamma with a slope at the ends", "linear", "quadratic", equations=(2,)),
    _path("linear-sigmoid", "a bump that is 0 at both ends", "linear", "sigmoid", equations=(8,)),
    _path("no-noise", "rectified flow: gamma is 0 everywhere", "linear", "zero", flags=("boundary",), equations=(2,)),
    _path("trig-brownian", "alpha^2 + beta^2 + gamma^2 = 1: a root before cosine and sine, and in their slopes", "trig",
          "brownian", 1.5, t=_BEFORE, flags=("basic", "missing_step"), equations=(3, 4)),
    _path("trig-quadratic", "the same with another gamma", "trig", "quadratic", t=_BEFORE, equations=(3, 4)),
    _path("enc-dec", "x_0 until 1/2, x_1 from there on, and noise in between", "enc_dec", "sine_squared",
          t=_BEFORE, equations=(5, 7)),
    _path("enc-dec-brownian", "the same with another gamma", "enc_dec", "brownian", t=_INSIDE, equations=(5,)),
    _path("one-sided-linear", "x_0 is the noise, and alpha 0", "one_sided_linear", "zero", equations=(9,)),
    _path("one-sided-trig", "the same on a quarter of a circle", "one_sided_trig", "zero", t=_BEFORE,
          equations=(10,)),
    _path("diffusion", "gamma_dot is infinite at t = 1, the product is not", "one_sided_sbdm", "zero",
          flags=("basic", "numerics"), equations=(11,)),
    _path("mirror", "x_1 and noise", "mirror", "brownian", 0.5, equations=(6,)),
    large("many-times", "trig-quadratic", "k"),
)  # fmt: skip

_FITTING = [
    *(("linear", g) for g in ("brownian", "quadratic", "sine_squared", "sigmoid", "zero")),
    *(("trig", g) for g in ("brownian", "quadratic", "sigmoid", "zero")),
    *(("enc_dec", g) for g in ("brownian", "quadratic", "sine_squared", "sigmoid")),
    *((f"one_sided_{p}", "zero") for p in ("linear", "trig", "sbdm")),
    ("mirror", "brownian"),
    ("mirror", "quadratic"),
]


def _drawn_path(rng):
    path, gamma = _FITTING[rng.integers(len(_FITTING))]
    return {"path": path, "gamma": gamma, "a": float(rng.uniform(0.3, 3.0))}


def _drawn_short(rng):
    path, gamma = (("linear", "brownian"), ("linear", "zero"), ("one_sided_linear", "zero"))[rng.integers(3)]
    return {"path": path, "gamma": gamma, "a": float(rng.uniform(0.3, 3.0))}


def sample_schedule(rng):
    return {"t": rng.uniform(0.05, 0.95, rng.integers(1, 5)), **_drawn_path(rng)}


# Objectives ----------------------------------------------------------------------------------------------------------


def _pairs(name, n=3, d=2):
    return {k: _some(f"{name} {k}", n, d) for k in ("x0", "x1", "z")}


_LINEAR = {**_pairs("linear"), "t": np.array([0.2, 0.55, 0.9]), "path": "linear", "gamma": "brownian", "a": 2.0}
INTERPOLATE = (
    Case("linear", ("basic", "missing_step"), "noise with its slope in b, and divided by gamma in s", _LINEAR,
         equations=tuple(f"interpolants-{n}" for n in (1, 12, 13, 14))),
    Case("worked-by-hand", ("basic",), "t = 1/5, gamma 2/5, gamma_dot 3/4",
         {"x0": _rows([1.0]), "x1": _rows([2.0]), "z": _rows([4.0]), "t": np.array([0.2]), "path": "linear",
          "gamma": "brownian", "a": 1.0}, equations=("interpolants-1", "interpolants-13", "interpolants-14"),
         answer={"x_t": _rows([2.8]), "v": _rows([1.0]), "b": _rows([4.0]), "s": _rows([-10.0]), "eta": _rows([4.0])},
         source="closed form"),
    Case("flow-matching", ("boundary",), "no noise: b is v, and there is no score", _LINEAR | {"gamma": "zero"},
         equations=("interpolants-1", "interpolants-12")),
    Case("one-sided", ("basic", "variant"), "z is the start, x_0 is not read",
         _LINEAR | {"path": "one_sided_linear", "gamma": "zero"}, equations=("interpolants-1", "interpolants-9")),
    Case("one-pair", ("boundary",), "one pair, one coordinate",
         {**_pairs("one", 1, 1), "t": np.array([0.7]), "path": "linear", "gamma": "brownian", "a": 0.5}),
    large("many-pairs", "linear", "n", size=60_000),
)  # fmt: skip


def sample_interpolate(rng):
    n, d = rng.integers(1, 4, 2)
    drawn = {k: rng.standard_normal((n, d)) for k in ("x0", "x1", "z")}
    return {**drawn, "t": rng.uniform(0.05, 0.95, n), **_drawn_short(rng)}


def _asked(which, **settings):
    field = {"A": _rows([0.5, -1.0], [0.25, 2.0]), "c": np.array([1.5, -0.5]), "e": np.array([-0.25, 1.0])}
    inputs = {k: _LINEAR[k] for k in ("x0", "x1", "z", "t", "a")} | field
    return inputs | {"which": which, "antithetic": "no", "epsilon": 0.5} | settings


LOSSES = (
    *(Case(which, ("basic",), f"the objective of {doc}", _asked(which, epsilon=0.75),
           equations=("interpolants-15", tag))
      for which, doc, tag in (("b", "the velocity", "interpolants-13"), ("v", "what has no z", "interpolants-12"),
                              ("s", "the score", "interpolants-14"), ("eta", "the denoiser", "interpolants-1"),
                              ("drift", "b + epsilon s", "interpolants-17"))),
    *(Case(f"antithetic-{which}", ("basic", "missing_step"), "z and -z, each with its own target and point",
           _asked(which, antithetic="yes", epsilon=0.25), equations=("interpolants-16",))
      for which in ("b", "s", "drift")),
    Case("both-above-zero", ("basic",), "two halves of one sign",
         _asked("b", antithetic="yes", A=_rows([4.0, -1.0], [0.25, 5.0])), equations=("interpolants-16",)),
    Case("near-the-end", ("numerics",), "where the targets of z and -z are large and cancel",
         _asked("b", antithetic="yes", t=np.array([0.001, 0.5, 0.999])), equations=("interpolants-16",)),
    Case("one-pair", ("boundary",), "one pair, one coordinate, by hand: x_t = 2.8, target 4, f = x_t: 3.92 - 11.2",
         {"x0": _rows([1.0]), "x1": _rows([2.0]), "z": _rows([4.0]), "t": np.array([0.2]), "a": 1.0, "A": _rows([1.0]),
          "c": np.zeros(1), "e": np.zeros(1), "which": "b", "antithetic": "no", "epsilon": 0.0},
         equations=("interpolants-15",), answer={"loss": np.array(-7.28)}, source="closed form"),
    large("many-pairs", "b", "n", balanced=True, size=9000, dtypes=("float64",)),
)  # fmt: skip


def sample_losses(rng):
    n, d = rng.integers(1, 4), rng.integers(1, 3)
    drawn = {k: rng.standard_normal((n, d)) for k in ("x0", "x1", "z")}
    field = {"A": rng.standard_normal((d, d)), "c": rng.standard_normal(d), "e": rng.standard_normal(d)}
    asked = {"which": str(rng.choice(["b", "v", "s", "eta", "drift"])), "antithetic": str(rng.choice(["no", "yes"]))}
    rates = {"epsilon": float(rng.uniform(0.1, 1)), "a": float(rng.uniform(0.3, 3))}
    return {**drawn, "t": rng.uniform(0.05, 0.95, n), **field, **asked, **rates}


_FIELD = {"v": _rows([1.0, -0.5], [0.25, 2.0]), "eta": _rows([0.5, 1.0], [-2.0, 0.75]), "t": 0.2,
          "gamma": "brownian", "a": 1.5, "epsilon": 0.5}  # fmt: skip
CONVERSIONS = (
    Case("ordinary", ("basic",), "the denoiser divided by -gamma; gamma gamma_dot before the score", _FIELD,
         equations=("interpolants-18", "interpolants-19", "interpolants-26")),
    Case("worked-by-hand", ("basic",), "gamma 2/5, gamma_dot 3/4: s = -5, b = 1 + 1.5, drifts b -+ 1.25",
         _FIELD | {"v": _rows([1.0]), "eta": _rows([2.0]), "a": 1.0, "epsilon": 0.25},
         equations=("interpolants-18", "interpolants-19"),
         answer={"s": _rows([-5.0]), "b": _rows([2.5]), "forward": _rows([1.25]), "backward": _rows([3.75])},
         source="closed form"),
    Case("in-the-middle", ("edge_case",), "gamma_dot is 0: b is v", _FIELD | {"t": 0.5}),
    Case("quadratic", ("basic",), "another gamma", _FIELD | {"gamma": "quadratic", "t": 0.7},
         equations=("interpolants-19",)),
    Case("mirror", ("known_bug",), "on the mirror path b = -gamma gamma_dot s, in the ODE as in the SDE",
         _FIELD | {"v": np.zeros((2, 2)), "t": 0.7}, equations=("interpolants-19",)),
    Case("no-diffusion", ("boundary",), "both drifts are b", _FIELD | {"epsilon": 0.0}),
    large("many-points", "ordinary", "n"),
)  # fmt: skip


def sample_conversions(rng):
    n, d = rng.integers(1, 4, 2)
    rates = {"a": float(rng.uniform(0.3, 3)), "epsilon": float(rng.uniform(0.1, 1))}
    fields = {"v": rng.standard_normal((n, d)), "eta": rng.standard_normal((n, d))}
    gamma = str(rng.choice(["brownian", "quadratic"]))
    return {**fields, "t": float(rng.uniform(0.05, 0.95)), "gamma": gamma, **rates}


# Mixtures ------------------------------------------------------------------------------------------------------------

_LINE = {  # one dimension, one component to two
    "p": np.ones(1), "m": _rows([-0.5]), "C": np.array([[[0.5]]]),
    "q": np.array([0.25, 0.75]), "mu": _rows([-1.0], [1.5]), "D": np.array([[[0.25]], [[0.5]]]),
}  # fmt: skip
_PLANE = {
    "p": np.array([0.25, 0.75]), "m": _rows([-1.0, 0.5], [0.75, -0.25]),
    "C": np.array([[[1.0, 0.25], [0.25, 0.5]], [[0.5, -0.25], [-0.25, 0.75]]]),
    "q": np.array([0.5, 0.5]), "mu": _rows([1.0, 1.0], [-0.5, -1.5]),
    "D": np.array([[[0.5, 0.0], [0.0, 1.0]], [[0.75, 0.5], [0.5, 1.0]]]),
}  # fmt: skip
_ALIKE = {"p": np.ones(1), "m": _rows([0.0]), "C": np.ones((1, 1, 1)), "q": np.ones(1), "mu": _rows([0.0]),
          "D": np.ones((1, 1, 1))}  # fmt: skip
_USUAL = {"path": "linear", "gamma": "brownian", "a": 1.0}
_FLOWING = {"path": "linear", "gamma": "zero", "a": 1.0}
_ONE_SIDED = {"path": "one_sided_linear", "gamma": "zero", "a": 1.0}


def _at(t, path, gamma, a=1.0, mixture=_LINE, x=None):
    x = _rows([-1.0], [0.25], [1.5]) if x is None else x
    return {"x": x, "t": t, **mixture, "path": path, "gamma": gamma, "a": a}


_SQUARES = _at(0.3, "linear", "brownian", 1.5, _PLANE, _rows([0.5, -0.5], [1.0, 1.5]))
FIELDS = (
    Case("line", ("basic",), "two components: gamma^2 in their variances, both weights in theirs",
         _at(0.3, "linear", "brownian", 2.0), equations=tuple(f"interpolants-{n}" for n in range(21, 26))),
    Case("plane", ("basic",), "four components with full covariances", _SQUARES,
         equations=tuple(f"interpolants-{n}" for n in range(21, 26))),
    Case("narrow-to-wide", ("basic",), "from N(0, 1) to N(0, 9), halfway: variance 2.5, which grows by 8",
         _at(0.5, "linear", "zero", 1.0, _ALIKE | {"D": np.full((1, 1, 1), 9.0)}), equations=("interpolants-24",),
         answer={"b": _rows([-1.6], [0.4], [2.4]), "v": _rows([-1.6], [0.4], [2.4]), "s": _rows([0.4], [-0.1], [-0.6]),
                 "eta": np.zeros((3, 1)), "div_b": np.full(3, 1.6), "div_s": np.full(3, -0.4)}, source="closed form"),
    Case("start", ("boundary",), "t = 0: gamma_dot is infinite, b is not", _at(0.0, "linear", "brownian", 2.0)),
    Case("end", ("boundary",), "t = 1", _at(1.0, "linear", "brownian")),
    Case("no-noise", ("boundary",), "rectified flow: b is v, eta is 0", _at(0.6, "linear", "zero")),
    Case("quadratic", ("basic",), "another gamma", _at(0.4, "linear", "quadratic")),
    Case("sigmoid", ("basic",), "another gamma", _at(0.3, "linear", "sigmoid"), equations=("interpolants-8",)),
    Case("trig", ("basic", "missing_step"), "the slope of the root before cosine and sine",
         _at(0.3, "trig", "brownian", 2.0), equations=("interpolants-3", "interpolants-4")),
    Case("encoding", ("basic",), "x_0 alone", _at(0.3, "enc_dec", "sine_squared"),
         equations=("interpolants-5", "interpolants-7")),
    Case("decoding", ("basic",), "x_1 alone", _at(0.8, "enc_dec", "sine_squared"), equations=("interpolants-5",)),
    Case("one-sided-linear", ("basic",), "the first mixture is not read", _at(0.4, "one_sided_linear", "zero"),
         equations=("interpolants-9",)),
    Case("one-sided-trig", ("basic",), "the same on a quarter of a circle", _at(0.4, "one_sided_trig", "zero"),
         equations=("interpolants-10",)),
    Case("diffusion", ("basic",), "b = (x + s) / t", _at(0.4, "one_sided_sbdm", "zero"),
         equations=("interpolants-11",)),
    Case("diffusion-end", ("numerics",), "at t = 1 gamma_dot is infinite, b is not",
         _at(1.0, "one_sided_sbdm", "zero")),
    Case("mirror", ("known_bug",), "v is 0, b = -gamma gamma_dot s", _at(0.7, "mirror", "brownian", 0.5)),
    large("many-points", "line", "n", size=4_999),
)  # fmt: skip


def _drawn_mixture(rng, most=2, d=None):
    d = int(rng.integers(1, 3)) if d is None else d

    def one():
        K = rng.integers(1, most + 1)
        roots = rng.uniform(-0.5, 0.5, (K, d, d))
        weights = rng.integers(1, 4, K) * 1.0
        weights = np.array([0.25, 0.75])[: len(weights)] if K == 2 else np.ones(1)
        return weights, rng.uniform(-1, 1, (K, d)), roots @ np.swapaxes(roots, 1, 2) + 0.5 * np.eye(d)

    return dict(zip(("p", "m", "C", "q", "mu", "D"), (*one(), *one()), strict=True))


def sample_fields(rng):
    mixture = _drawn_mixture(rng)
    x = rng.uniform(-1.5, 1.5, (rng.integers(1, 3), mixture["m"].shape[1]))
    return {"x": x, "t": float(rng.uniform(0.1, 0.9)), **mixture, **_drawn_path(rng)}


# Samplers ------------------------------------------------------------------------------------------------------------


def _step(kind, **settings):
    inputs = {
        "kind": kind, "x": _rows([1.0, -0.5], [0.25, 2.0]), "slopes": _some("slopes", 2, 2, 2),
        "rates": _some("rates", 2, 2), "offsets": _some("offsets", 2, 2), "t": 0.25, "t_next": 0.5, "epsilon": 0.75,
        "xi": _rows([0.5, -1.25], [1.5, 0.25]),
    }  # fmt: skip
    return inputs | settings


_STILL = {"slopes": np.array([[[0.0]], [[-1.0]]]), "rates": np.zeros((2, 1)), "offsets": np.zeros((2, 1)),
          "x": _rows([1.0]), "xi": _rows([1.0]), "epsilon": 0.5}  # fmt: skip
_BACK = {"t": 0.5, "t_next": 0.25}
STEP = (
    Case("em", ("basic", "wrong_constant"), "sqrt(2 epsilon h) before the noise", _step("em"),
         equations=("interpolants-26", "interpolants-28")),
    Case("heun", ("basic", "wrong_order"), "noise first, then both stages at t_next", _step("heun"),
         equations=("interpolants-29", "interpolants-30")),
    Case("rk4", ("basic",), "four stages", _step("rk4"), equations=("interpolants-31",)),
    Case("em-back", ("basic", "known_bug"), "backward the drift is b - epsilon s", _step("em", **_BACK),
         equations=("interpolants-27",)),
    Case("heun-back", ("basic",), "the same", _step("heun", **_BACK), equations=("interpolants-27",)),
    Case("rk4-back", ("basic",), "the same field, a negative step", _step("rk4", **_BACK)),
    Case("still", ("basic",), "b = 0, s = -x by hand: 1 - 0.125 + 0.5", _step("em", **_STILL),
         equations=("interpolants-28",), answer={"x_next": _rows([1.375])}, source="closed form"),
    Case("still-back", ("basic",), "b = 0, s = -x by hand: the noise comes first, 1.5 becomes 1.5 (1 - 1/8 + 1/128)",
         _step("heun", **_STILL, **_BACK), equations=("interpolants-30",),
         answer={"x_next": _rows([1.5 * (1 - 1 / 8 + 1 / 128)])}, source="closed form"),
    Case("no-diffusion", ("boundary",), "Euler's step for the ODE", _step("em", epsilon=0.0)),
    large("many-points", "heun", "n"),
)  # fmt: skip


def sample_step(rng):
    n, d = rng.integers(1, 4), rng.integers(1, 3)
    t, t_next = (float(t) for t in rng.permutation([rng.uniform(0.0, 0.45), rng.uniform(0.55, 1.0)]))
    drawn = {"x": rng.standard_normal((n, d)), "slopes": rng.standard_normal((2, d, d)),
             "rates": rng.standard_normal((2, d)), "offsets": rng.standard_normal((2, d))}  # fmt: skip
    kind = str(rng.choice(["rk4", "em", "heun"]))
    return {"kind": kind, **drawn, "t": t, "t_next": t_next, "epsilon": float(rng.uniform(0.1, 1)),
            "xi": rng.standard_normal((n, d))}  # fmt: skip


_TWO = _rows([-0.75], [1.25])
_UP = np.array([0.125, 0.25, 0.5, 0.875])
_EPSILON = np.array([0.5, 0.25, 1.0])
_NOISE = _some("noise", 3, 2, 1)


def _run(kind, times=_UP, mixture=_LINE, **settings):
    return {"start": _TWO, "times": times, "kind": kind, "epsilon": _EPSILON, "noise": _NOISE, **mixture} | (
        _USUAL | settings
    )


def _still(times, epsilon, noise, start):
    """From N(0, 1) to itself with a = 2: b = 0 and s = -x, so a step is x - epsilon |h| x + sqrt(2 epsilon |h|) xi."""
    x = start
    for h, eps, xi in zip(np.abs(np.diff(times)), epsilon, noise, strict=True):
        x = (1 - eps * h) * x + np.sqrt(2 * eps * h) * xi
    return x


_LONG = {"start": _rows([1.5]), "times": np.linspace(0.0, 1.0, 131), "epsilon": np.full(130, 0.5),
         "noise": _some("long b", 130, 1, 1)}  # fmt: skip
SAMPLE = (
    Case("em", ("basic",), "a diffusion of its own for each step", _run("em"),
         equations=("interpolants-26", "interpolants-28")),
    Case("heun", ("basic",), "stages at the time of arrival", _run("heun"), equations=("interpolants-30",)),
    Case("rk4", ("basic",), "stages in the middle of steps of unlike lengths", _run("rk4"),
         equations=("interpolants-31",)),
    Case("em-back", ("basic", "known_bug"), "falling times: backward", _run("em", _UP[::-1].copy()),
         equations=("interpolants-27",)),
    Case("heun-back", ("basic",), "falling times: backward", _run("heun", _UP[::-1].copy())),
    Case("rk4-back", ("basic",), "falling times: backward", _run("rk4", _UP[::-1].copy())),
    Case("rectified-flow", ("basic",), "no noise on the path, from one end to the other",
         _run("rk4", np.array([0.0, 0.25, 0.5, 1.0]), **_FLOWING)),
    Case("one-sided", ("basic",), "from noise", _run("em", np.array([0.0, 0.25, 0.5, 0.875]), **_ONE_SIDED),
         equations=("interpolants-9",)),
    Case("plane", ("basic",), "full covariances",
         _run("em", _UP[:3], _PLANE, start=_rows([0.5, -0.5]), epsilon=_EPSILON[:2], noise=_some("plane", 2, 1, 2),
              a=1.5)),
    Case("still-130", ("long",), "130 steps that keep N(0, 1) what it is",
         {**_LONG, "kind": "em", **_ALIKE, **_USUAL, "a": 2.0},
         answer={"x": _still(_LONG["times"], _LONG["epsilon"], _LONG["noise"], _LONG["start"])}, source="closed form"),
    large("many-points", "em", "n", size=2_999),
)  # fmt: skip


def sample_sample(rng):
    mixture, settings, N, n = _drawn_mixture(rng, d=1), _drawn_short(rng), 2, 1
    times = np.sort(rng.uniform([0.1, 0.4, 0.7], [0.3, 0.6, 0.9]))[:: rng.choice([1, -1])].copy()
    drawn = {"start": rng.uniform(-1, 1, (n, 1)), "times": times, "kind": str(rng.choice(["rk4", "em", "heun"]))}
    more = {"epsilon": rng.uniform(0.1, 1, N), "noise": rng.standard_normal((N, n, 1))}
    return {**drawn, **more, **mixture, **settings}


_DOWN = np.array([0.875, 0.5, 0.25, 0.125])
_PATHS = _some("paths", 3, 2, 2, 1)


def _likely(kind, times=_DOWN, mixture=_LINE, **settings):
    return {"x": _TWO, "times": times, "kind": kind, "epsilon": _EPSILON, "noise": _PATHS, **mixture} | (
        _USUAL | settings
    )


_MANY = {"x": _rows([0.5]), "times": np.linspace(1.0, 0.0, 131), "epsilon": np.full(130, 0.5),
         "noise": _some("long paths", 130, 1, 1, 1)}  # fmt: skip


def _still_likelihood(case):
    """The forward drift -x / 2 run backward: y <- (1 + h / 2) y + sqrt(h) xi, and the weight exp(1 / 2)."""
    y = case["x"][0, 0]
    for h, xi in zip(-np.diff(case["times"]), case["noise"][:, 0, 0, 0], strict=True):
        y = (1 + h / 2) * y + math.sqrt(h) * xi
    return np.array([0.5 - y**2 / 2 - math.log(2 * math.pi) / 2])


LIKELIHOOD = (
    Case("ode", ("basic",), "less the integral of div b", _likely("ode"), equations=("interpolants-32",)),
    Case("feynman-kac", ("basic",), "the forward drift backward, divergence of b + epsilon s, mean of densities",
         _likely("feynman_kac"), equations=("interpolants-33", "interpolants-34")),
    Case("ito", ("basic", "variant"), "the authors' code: paths of the backward SDE, mean of logarithms",
         _likely("ito"), equations=("interpolants-35", "interpolants-36")),
    Case("rectified-flow", ("basic",), "no noise on the path, from one end to the other",
         _likely("ode", np.array([1.0, 0.5, 0.25, 0.0]), **_FLOWING)),
    Case("plane", ("basic",), "full covariances: traces",
         _likely("feynman_kac", _DOWN[:2], _PLANE, x=_rows([0.5, -0.5]), epsilon=_EPSILON[:1],
                 noise=_some("plane paths", 1, 2, 1, 2), a=1.5)),
    Case("one-sided", ("basic",), "back to noise; the first mixture is where the paths end, and is asked there",
         _likely("ito", np.array([0.875, 0.5, 0.25, 0.0]), **_ONE_SIDED), equations=("interpolants-9",)),
    Case("no-diffusion", ("boundary",), "one path is enough: Euler's steps for the ODE",
         _likely("feynman_kac", epsilon=np.zeros(3))),
    Case("still-130", ("long",), "130 steps on N(0, 1)",
         {**_MANY, "kind": "feynman_kac", **_ALIKE, **_USUAL, "a": 2.0},
         answer={"log_density": _still_likelihood(_MANY)}, source="closed form", dtypes=("float64",)),
    large("many-points", "feynman-kac", "n", size=1_999),
)  # fmt: skip


def sample_likelihood(rng):
    mixture, settings = _drawn_mixture(rng, d=1), _drawn_short(rng)
    times = np.sort(rng.uniform([0.1, 0.4, 0.7], [0.3, 0.6, 0.9]))[::-1].copy()
    kind = str(rng.choice(["ode", "feynman_kac", "ito"]))
    drawn = {"x": rng.uniform(-1, 1, (1, 1)), "times": times, "kind": kind, "epsilon": rng.uniform(0.1, 0.6, 2)}
    return {**drawn, "noise": rng.standard_normal((2, 2, 1, 1)), **mixture, **settings}


# Schroedinger bridge -------------------------------------------------------------------------------------------------


def _bridge(alpha_squared, s0=1.0, s1=0.3, epsilon=0.4, a=0.5):
    return {"alpha_squared": np.array(alpha_squared), "s0": s0, "s1": s1, "epsilon": epsilon, "a": a}


_GRID = np.arange(1, 1000) / 1000
BRIDGE = (
    Case("narrowing", ("basic",), "the linear path", _bridge([0.5625, 0.25, 0.0625]),
         equations=tuple(f"interpolants-{n}" for n in range(37, 41))),
    Case("widening", ("basic",), "another path", _bridge([0.75, 0.5, 0.375, 0.125], 0.5, 1.0, 0.2, 1.5)),
    Case("whole-numbers", ("basic",), "s0 = 3, s1 = 1, epsilon = 4: covariance 1, variance 5 in the middle",
         _bridge([0.25], 3.0, 1.0, 4.0, 1.0), equations=("interpolants-39", "interpolants-40"),
         answer={"best": np.array([5.0]), "covariance": np.array(1.0)}, source="closed form"),
    Case("no-noise", ("boundary",), "epsilon = 0: transport, covariance s0 s1", _bridge([0.5, 0.25], epsilon=0.0),
         equations=("interpolants-39",)),
    Case("much-noise", ("numerics",), "epsilon far above s0 s1: the covariance is s0^2 s1^2 / (2 epsilon)",
         _bridge([0.5, 0.25], 1.0, 0.5, 500.0), equations=("interpolants-39",)),
    Case("fine-grid", ("large",), "1000 intervals", _bridge((1 - _GRID) ** 2), dtypes=("float64",)),
)  # fmt: skip


def sample_bridge(rng):
    y = np.sort(rng.uniform(0.1, 0.9, rng.integers(1, 5)))[::-1].copy()
    s0, s1, epsilon, a = (float(v) for v in rng.uniform([0.3, 0.3, 0.1, 0.2], [2.0, 2.0, 1.0, 2.0]))
    return _bridge(y, s0, s1, epsilon, a)
