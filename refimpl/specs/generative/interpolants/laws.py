"""Checks of the operations of stochastic interpolants that need no answer."""

import math

from refimpl.core.arrays import array_namespace
from refimpl.specs.base import Law
from refimpl.specs.laws import REACH, apart, odd, related, reversed_along, scales, turned_along


def _circle(run, inputs):
    """Trig: the squares add up to 1."""
    c = run(**inputs | {"path": "trig", "gamma": "quadratic"})
    total = c["alpha"] ** 2 + c["beta"] ** 2 + c["gamma_t"] ** 2
    yield total, 0 * total + 1
    rate = c["alpha"] * c["alpha_dot"] + c["beta"] * c["beta_dot"] + c["product"]
    yield rate, 0 * rate


def _there_and_back(run, inputs):
    """Times that are the same from both ends: alpha and beta exchanged."""
    c, xp = run(**inputs), array_namespace(inputs["t"])
    yield c["alpha"], xp.flip(c["beta"])
    yield c["alpha_dot"], -xp.flip(c["beta_dot"])
    yield c["gamma_t"], xp.flip(c["gamma_t"])
    yield c["product"], -xp.flip(c["product"])


SCHEDULE = (
    apart("k", "linear-brownian", "enc-dec", "diffusion"),
    Law("circle", "on the path trig alpha^2 + beta^2 + gamma^2 = 1", _circle, ("trig-quadratic",)),
    Law("there-and-back", "counted from the other end alpha is beta", _there_and_back,
        ("linear-brownian", "trig-brownian", "enc-dec")),
)  # fmt: skip


def _target_of_b(run, inputs):
    """b at z and -z has the mean v; both points have the mean of the path without noise."""
    plus, minus = run(**inputs), run(**inputs | {"z": -inputs["z"]})
    yield plus["b"] + minus["b"], 2 * plus["v"]
    yield plus["s"] + minus["s"], 0 * plus["s"]
    yield plus["b"] + plus["s"] * 0.0, plus["v"] + (plus["b"] - minus["b"]) / 2


_SCALED = dict.fromkeys(("x0", "x1", "z"), 1), dict.fromkeys(("x_t", "v", "b", "s", "eta"), 1)
INTERPOLATE = (
    apart("n", "linear", "one-sided"),
    odd("linear", "one-sided", inputs=("x0", "x1", "z")),
    scales(*_SCALED, "linear", "one-sided"),
    turned_along("d", "linear", "one-sided"),
    Law("mirrored-noise", "z and -z cancel in the targets", _target_of_b, ("linear", "one-pair")),
)


def _quadratic(run, inputs):
    """Along a ray the objective is a parabola through 0: L(2 f) - 2 L(f) = 2 E |f|^2 / 2, whichever field is meant."""
    ray = lambda k: {name: k * inputs[name] for name in ("A", "c", "e")}
    curved = []
    for which in ("b", "v", "s"):
        one, two = (run(**inputs | ray(k) | {"which": which})["loss"] for k in (1.0, 2.0))
        curved.append(two - 2 * one)
    yield curved[0], curved[1]
    yield curved[0], curved[2]
    yield run(**inputs | ray(0.0))["loss"], 0 * curved[0]


def _antithetic(run, inputs):
    """The mean of the objectives of z and -z."""
    single = inputs | {"antithetic": "no"}
    plus, minus = run(**single)["loss"], run(**single | {"z": -inputs["z"]})["loss"]
    yield 2 * run(**inputs | {"antithetic": "yes"})["loss"], plus + minus


LOSSES = (
    reversed_along("n", "b", "antithetic-s"),
    scales(dict.fromkeys(("x0", "x1", "z", "c", "e"), 1), {"loss": 2}, "b", "antithetic-s"),
    Law("parabola", "the target does not bend the objective, and the field 0 costs nothing", _quadratic, ("b",)),
    Law("antithetic", "the mean of the objectives of z and -z", _antithetic, ("b", "s", "drift")),
)


def _mean_of_drifts(run, inputs):
    """b lies in the middle of both drifts."""
    out = run(**inputs)
    yield out["forward"] + out["backward"], 2 * out["b"]
    yield out["forward"] - out["backward"], 2 * inputs["epsilon"] * out["s"]


CONVERSIONS = (
    apart("n", "ordinary", "quadratic"),
    odd("ordinary", "mirror", inputs=("v", "eta")),
    scales({"v": 1, "eta": 1}, dict.fromkeys(("s", "b", "forward", "backward"), 1), "ordinary", "quadratic"),
    Law("middle", "b is the mean of both drifts, and epsilon s half their distance", _mean_of_drifts,
        ("ordinary", "quadratic", "mirror")),
)  # fmt: skip


_MIXTURES = ("p", "m", "C", "q", "mu", "D")


def _swapped(inputs):
    return {a: inputs[b] for a, b in zip(_MIXTURES, _MIXTURES[3:] + _MIXTURES[:3], strict=True)}


def _reversed_time(inputs):
    return {"t": 1 - inputs["t"], **_swapped(inputs)}


def _coordinates_reversed(values):
    """Of everything that has coordinates, matrices on both sides."""
    found = {}
    for name in ("x", "m", "mu", "C", "D", "b", "v", "s", "eta"):
        if name in values:
            matrix = len(values[name].shape) == 3
            found[name] = array_namespace(values[name]).flip(values[name], axis=(-2, -1) if matrix else -1)
    return found


def _backward(out):
    return {name: -out[name] for name in ("b", "v", "div_b")}


def _identity(run, inputs):
    """s = -eta / gamma, b = v - gamma gamma_dot s: v and s at half the way have the same b with any gamma."""
    out = run(**inputs | {"t": 0.5})
    yield out["b"], out["v"]


_SPACE = {"m": 1, "C": 2, "mu": 1, "D": 2, "a": 2}  # powers of a length


def _scales(inputs, outputs, *cases):
    """As `scales`; a density in d dimensions has the power -d, its logarithm a term."""
    powers = _SPACE | inputs

    def pairs(run, values):
        before, d = run(**values), values["m"].shape[1]
        reach = REACH["float32" if "float32" in str(values["m"].dtype) else "float64"] // 2
        for k in (reach, -reach):
            after = run(**values | {name: values[name] * 2.0 ** (k * power) for name, power in powers.items()})
            for name in before:
                shift = k * d * math.log(2.0) if name == "log_density" else 0.0
                yield after[name] * 2.0 ** (-k * outputs.get(name, 0)) + shift, before[name]

    return Law(
        "scales", "space may be of any scale: fields have the same digits at both ends of the range", pairs, cases
    )


FIELDS = (
    apart("n", "line", "trig"),
    _scales({"x": 1}, {"b": 1, "v": 1, "s": -1, "div_s": -2}, "line", "plane"),
    reversed_along("K", "plane", slug="components-of-the-first"),
    reversed_along("L", "plane", slug="components-of-the-second"),
    related("coordinates-reversed", "no coordinate is special", _coordinates_reversed, _coordinates_reversed, "plane"),
    related("reversed-time", "both mixtures exchanged, and 1 - t for t: velocities change their signs", _reversed_time,
            _backward, "line", "plane"),
    Law("in-the-middle", "gamma_dot is 0 there: b is v", _identity, ("line", "plane")),
)  # fmt: skip


def _no_noise(run, inputs):
    """With epsilon = 0 the score and the noise are not seen."""
    xp = array_namespace(inputs["x"])
    still = inputs | {"epsilon": 0.0}
    other = {
        name: xp.stack([inputs[name][0, ...], 0 * inputs[name][1, ...]]) for name in ("slopes", "rates", "offsets")
    }
    yield run(**still)["x_next"], run(**still | other | {"xi": 0 * inputs["xi"]})["x_next"]


def _ends_exchanged(run, inputs):
    """Time counted from the other end, b with the other sign: a step backward is a step forward."""
    xp = array_namespace(inputs["x"])
    b, s = ({name: inputs[name][i, ...] for name in ("slopes", "rates", "offsets")} for i in (0, 1))
    flipped = [
        {"slopes": sign * f["slopes"], "rates": -sign * f["rates"], "offsets": sign * (f["offsets"] + f["rates"])}
        for sign, f in ((-1, b), (1, s))
    ]
    other = {name: xp.stack([f[name] for f in flipped]) for name in b}
    times = {"t": 1 - inputs["t"], "t_next": 1 - inputs["t_next"]}
    yield run(**inputs | other | times)["x_next"], run(**inputs)["x_next"]


STEP = (
    apart("n", "em", "heun", "rk4"),
    scales(dict.fromkeys(("x", "rates", "offsets", "xi"), 1), {"x_next": 1}, "em", "heun", "rk4"),
    Law("no-diffusion", "without diffusion neither score nor noise are seen", _no_noise, ("em", "heun", "rk4")),
    Law("other-end", "time counted from the other end turns a step around", _ends_exchanged,
        ("em", "heun", "rk4", "em-back")),
)  # fmt: skip


def _run_backward(inputs):
    return {"times": 1 - inputs["times"], **_swapped(inputs)}


SAMPLE = (
    apart("n", "em", "rk4"),
    scales({**_SPACE, "start": 1, "epsilon": 2}, {"x": 1}, "em", "heun-back", "rk4"),
    reversed_along("L", "em", "heun-back", slug="components-of-the-second"),
    related("other-end", "both mixtures exchanged, and 1 - t for t: the same points", _run_backward, lambda out: {},
            "em", "heun", "rk4"),
)  # fmt: skip
LIKELIHOOD = (
    apart("n", "ode", "ito"),
    _scales({"x": 1, "epsilon": 2}, {}, "ode", "feynman-kac", "ito"),
    reversed_along("M", "feynman-kac", "ito", slug="paths-reordered"),
    reversed_along("L", "feynman-kac", "ode", slug="components-of-the-second"),
)


def _other_direction(inputs):
    return {"s0": inputs["s1"], "s1": inputs["s0"]}


def _reverse(run, inputs):
    """The bridge has no direction."""
    xp = array_namespace(inputs["alpha_squared"])
    one, other = run(**inputs), run(**inputs | _other_direction(inputs))
    yield other["best"], xp.flip(one["best"])
    yield other["covariance"], one["covariance"]


BRIDGE = (
    scales({"s0": 1, "s1": 1, "epsilon": 2, "a": 2}, dict.fromkeys(("energy", "best", "covariance"), 2), "narrowing",
           "widening"),
    Law("no-direction", "s0 and s1 exchanged reverse the bridge", _reverse, ("narrowing", "widening")),
)  # fmt: skip
