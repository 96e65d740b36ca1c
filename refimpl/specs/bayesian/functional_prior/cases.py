"""Inputs of the operations on functional priors under permanent names, and random ones."""

import math
from functools import partial

import numpy as np

from refimpl.bayesian.functional_prior import FAMILIES, prior_size, stacked_size
from refimpl.core.random import stream
from refimpl.specs.base import Case, tags
from refimpl.specs.sizes import large

_DOUBLE = ("float64",)
_BOTH = ("float64", "float32")


_tags = partial(tags, "functional_prior")


def _rng(name):
    return stream(0, "functional-prior-case", name)


def _row(*values):
    return np.array(values, dtype=float)


# Priors --------------------------------------------------------------------------------------------------------------


def _psi(rng, family, widths, flows=2):
    """Ordinary parameters: scales around 1, flows that bend."""
    size = prior_size(family, widths, flows=flows)
    return (rng.uniform(0.4, 1.6, size) * (rng.choice([-1.0, 1.0], size) if family == "flow" else 1.0)).round(2)


def _drawn(rng, S, widths):
    normals = rng.standard_normal((S, stacked_size(widths))).round(2)
    return {"normals": normals, "uniforms": rng.uniform(0.1, 0.9, (S, len(widths) - 1, 2)).round(2)}


def _prior(family, rng, *, widths=(1, 2, 1), S=3, M=3, flows=2):
    x = rng.standard_normal((M, widths[0])).round(2)
    return {"family": family, "psi": _psi(rng, family, widths, flows), "x": x, **_drawn(rng, S, widths),
            "widths": _row(*widths)}  # fmt: skip


_OF = {"gaussian": (2, 3), "hierarchical": (3, 4, 5, 6), "flow": (7, 8, 9, 11)}


def _asked(slug, family, why, *flags, dtypes=_BOTH, change=None, **sizes):
    inputs = _prior(family, _rng(slug), **sizes) | (change or {})
    return Case(slug, flags, why, inputs, dtypes=dtypes, equations=_tags(1, *_OF[family]))


_ONE = {"x": _row(1.0)[:, None], "normals": _row(1.0, 2.0)[None], "uniforms": np.full((1, 1, 2), 0.5),
        "widths": _row(1, 1)}  # fmt: skip
PRIOR = (
    *(_asked(family, family, "two layers, all scales apart", "basic", "missing_step") for family in FAMILIES),
    *(_asked(f"wide-{family}", family, "two inputs, three and two units, two outputs: sizes that are exchanged show",
             "basic", "wrong_constant", widths=(2, 3, 2, 2), S=2, M=2) for family in FAMILIES),
    Case("raw-1", ("basic", "wrong_constant"), "bias 1 with deviation softplus(0), weight 2 with softplus(1)",
         {"family": "gaussian", "psi": _row(1.0, 0.0), **_ONE}, dtypes=_DOUBLE, equations=_tags(1, 2, 3),
         answer={"f": np.full((1, 1, 1), 2 * math.log(1 + math.e) + math.log(2.0))}, source="closed form"),
    Case("median-precision", ("basic", "wrong_constant"),
         "shape 1, rate 1: the median of the precision is log 2, and the scale log(2)^(-1/2)",
         {"family": "hierarchical", "psi": np.full(4, 0.541324854612918), **_ONE}, dtypes=_DOUBLE,
         equations=_tags(1, 3, 4, 5, 6), answer={"f": np.full((1, 1, 1), 3 / math.sqrt(math.log(2.0)))},
         source="closed form"),
    _asked("raw-far-below-0", "gaussian", "softplus of -30 is exp(-30), not 0", "numerics",
           change={"psi": _row(-30.0, 1.0, 2.0, -20.0)}),
    _asked("heavy-tails", "hierarchical", "shapes below 1/2, where scales vary by factors of thousands", "numerics",
           dtypes=_DOUBLE, change={"psi": _row(-1.0, 0.5, -0.75, 0.5, -1.0, 0.5, -0.5, 1.0)}),
    _asked("one-point", "gaussian", "one network at one point", "boundary", S=1, M=1),
    large("thousands-of-functions", "hierarchical", "S", size=5_001),
)  # fmt: skip


def sample_prior(rng):
    widths = tuple(int(w) for w in rng.integers(1, 4, int(rng.integers(2, 4))))
    return _prior(str(rng.choice(FAMILIES)), rng, widths=widths, S=int(rng.integers(1, 4)), M=int(rng.integers(1, 4)))


# The critic ----------------------------------------------------------------------------------------------------------


def _critic(rng, *, O=1, S=3, M=3, hidden=(2, 2), rate=0.05, weight=10.0, sides="two", scale=1.0):
    """With a sum that is not 0: a step of Adagrad from 0 has the sign of the gradient, also of one that is rounding."""
    size = stacked_size((M, *hidden, 1))
    f_nn, f_gp = (rng.standard_normal((2, O, S, M)) * _row(1.0, 2.0)[:, None, None, None]).round(2)
    return {"theta": (scale * rng.standard_normal(size)).round(2), "S": rng.uniform(0.25, 2.0, size).round(2),
            "f_nn": f_nn, "f_gp": f_gp, "eps": rng.uniform(0.1, 0.9, (O, S)).round(2), "hidden": _row(*hidden),
            "rate": rate, "weight": weight, "sides": sides}  # fmt: skip


def _step(slug, why, *flags, dtypes=_BOTH, change=None, **settings):
    inputs = _critic(_rng(slug), **settings) | (change or {})
    return Case(slug, flags, why, inputs, dtypes=dtypes, equations=_tags(14, 15, 17, 18, 19, 20, 21, 22, 23, 24, 25))


CRITIC = (
    _step("two-sided", "steep critic: slopes above 1", "basic", "missing_step"),
    _step("flat", "slopes below 1, which cost as well", "basic", scale=0.25, rate=0.125, weight=2.0),
    _step("one-sided", "some slopes are below 1, and go free", "basic", "variant", sides="one", scale=0.75, S=5),
    _step("all-below-1", "slopes below 1 go free: no penalty at all", "edge_case", "variant", sides="one", scale=0.25),
    _step("two-outputs", "the critic is shared, and outputs are summed", "basic", O=2),
    _step("no-penalty", "weight 0", "boundary", weight=0.0),
    _step("one-hidden-layer", "one hidden layer of three units", "basic", hidden=(3,)),
    _step(
        "at-the-ends",
        "eps of 0 and 1: at the functions themselves",
        "boundary",
        "wrong_order",
        change={"eps": _row(0.0, 1.0, 0.0)[None]},
    ),
    _step("one-function", "one function at one point", "boundary", S=1, M=1, hidden=(1,)),
    large("thousands-of-functions", "two-sided", "S", size=5_001, balanced=True, dtypes=_DOUBLE),
)


def sample_critic(rng):
    O, S, M = (int(v) for v in rng.integers(1, 4, 3))
    hidden = tuple(int(w) for w in rng.integers(1, 4, int(rng.integers(1, 3))))
    options = {"weight": float(rng.choice([1.0, 10.0])), "sides": str(rng.choice(["two", "one"]))}
    return _critic(rng, O=O, S=S, M=M, hidden=hidden, **options)


# The prior's step ----------------------------------------------------------------------------------------------------


def _outer(family, rng, *, widths=(1, 2, 1), S=3, M=3, hidden=(2, 2), rate=0.05):
    made = _prior(family, rng, widths=widths, S=S, M=M)
    more = {"v": rng.uniform(0.25, 1.0, made["psi"].size).round(2), "rate": rate, "hidden": _row(*hidden),
            "theta": rng.standard_normal(stacked_size((M, *hidden, 1))).round(2),
            "f_gp": rng.standard_normal((widths[-1], S, M)).round(2)}  # fmt: skip
    order = ("family", "psi", "v", "theta", "x", "normals", "uniforms", "f_gp", "widths", "hidden", "rate")
    made |= more
    return {name: made[name] for name in order}


def _descent(slug, family, why, *flags, dtypes=_BOTH, **settings):
    return Case(slug, flags, why, _outer(family, _rng(slug), **settings), dtypes=dtypes,
                equations=_tags(1, *_OF[family], 14, 15, 27, 28, 29))  # fmt: skip


OUTER = (
    *(_descent(family, family, "every parameter of the prior has a gradient", "basic") for family in FAMILIES[:2]),
    _descent("flow", "flow", "every parameter of the prior has a gradient", "basic", widths=(1, 1, 1), rate=0.02),
    _descent("two-outputs", "gaussian", "gaps of the outputs are summed", "basic", widths=(2, 2, 2)),
    _descent("one-function", "gaussian", "one network at one point", "boundary", S=1, M=1, widths=(1, 1), hidden=(1,)),
    large("thousands-of-functions", "gaussian", "S", size=5_001, balanced=True, dtypes=_DOUBLE),
)


def sample_outer(rng):
    family = str(rng.choice(FAMILIES))
    widths = (1, 1) if family == "flow" else tuple(int(w) for w in rng.integers(1, 3, int(rng.integers(2, 4))))
    S, M = (int(v) for v in rng.integers(1, 4, 2))
    return _outer(family, rng, widths=widths, S=S, M=M, hidden=(2,))


# Algorithm 1 ---------------------------------------------------------------------------------------------------------


def _matching(family, rng, *, T=1, inner=2, widths=(1, 2, 1), S=2, M=2, hidden=(2,), rate=0.05, critic_rate=0.08,
              weight=10.0, tolerance=0.01, sides="two", accumulator="fresh", flows=2):  # fmt: skip
    first = _prior(family, rng, widths=widths, S=S, M=M, flows=flows)
    drawn = [[_drawn(rng, S, widths) for _ in range(T)] for _ in range(2)]
    stacked = lambda which, name: np.stack([draws[name] for draws in drawn[which]])
    targets = (2 * rng.standard_normal((2, T, widths[-1], S, M))).round(2)
    critics = rng.standard_normal((T, stacked_size((M, *hidden, 1)))).round(2)
    higher = 1.0 if family == "hierarchical" else 0.0  # so that raw values stay > 0, where softplus may be forgotten
    x = rng.standard_normal((T, M, widths[0])).round(2)
    eps = rng.uniform(0.1, 0.9, (T, inner, widths[-1], S)).round(2)
    return {"family": family, "psi": first["psi"] + higher, "x": x, "critics": critics, "eps": eps,
            "normals_inner": stacked(0, "normals"), "uniforms_inner": stacked(0, "uniforms"),
            "target_inner": targets[0], "normals": stacked(1, "normals"), "uniforms": stacked(1, "uniforms"),
            "target": targets[1], "widths": _row(*widths), "hidden": _row(*hidden), "rate": rate,
            "critic_rate": critic_rate, "weight": weight,
            "sides": sides, "tolerance": tolerance, "accumulator": accumulator}  # fmt: skip


def _tuned(slug, family, why, *flags, dtypes=_BOTH, **settings):
    return Case(slug, flags, why, _matching(family, _rng(slug), **settings), dtypes=dtypes,
                equations=_tags(14, 18, 20, 24, 25, 26, 27, 28, 29))  # fmt: skip


MATCHING = (
    _tuned("two-critics", "gaussian", "each outer step has a new critic, and draws of its own for it", "basic",
           "wrong_order", T=2, weight=4.0),
    _tuned("sum-kept", "gaussian", "Adagrad's sum is kept over outer steps, the critic is not", "variant", "known_bug",
           accumulator="kept", T=2, inner=1),
    _tuned("one-is-enough", "gaussian", "the first gradient is short enough, and its step is still taken", "edge_case",
           "missing_step", tolerance=1e3),
    _tuned("free-below-1", "gaussian", "slopes below 1 go free, those above cost", "basic", sides="one", rate=0.02,
           critic_rate=0.25, weight=2.0, S=3),
    _tuned("random-scales", "hierarchical", "inverse gamma scales", "basic", dtypes=_DOUBLE),
    _tuned("bent", "flow", "planar flows, one for each layer of two", "basic", dtypes=_DOUBLE, widths=(1, 1, 1),
           flows=1),
    _tuned("one-step", "gaussian", "one of each", "boundary", inner=1, S=3),
)  # fmt: skip


def sample_matching(rng):
    options = {"sides": str(rng.choice(["two", "one"])), "accumulator": str(rng.choice(["fresh", "kept"]))}
    return _matching("gaussian", rng, T=2, S=int(rng.integers(2, 4)), **options)


# Posteriors ----------------------------------------------------------------------------------------------------------


def _chain(rng, *, T=5, P=3, rule="scaled", lr=0.1, friction=0.05, burn_in=3, n=20, temperature=1.0, clip=100.0):
    return {"rule": rule, "start": rng.standard_normal(P).round(2), "precision": rng.uniform(0.5, 4.0, P).round(2),
            "grads": (0.5 * rng.standard_normal((T, P))).round(2), "xi": rng.standard_normal((T, P)).round(2),
            "lr": lr, "friction": friction, "burn_in": burn_in, "n": n, "temperature": temperature,
            "clip": clip}  # fmt: skip


def _sampled(slug, why, *flags, dtypes=_BOTH, **settings):
    numbers = (38,) if settings.get("rule") == "plain" else (33, 34, 35, 36, 37)
    change = settings.pop("change", lambda inputs: {})
    inputs = _chain(_rng(slug), **settings)
    return Case(slug, flags, why, inputs | change(inputs), dtypes=dtypes, equations=_tags(30, 31, 32, *numbers))


SGHMC = (
    _sampled("scaled", "three steps that adapt, then two that do not", "basic", "wrong_order"),
    _sampled("full", "the noise that balances friction, nothing taken off", "basic", "variant", rule="full"),
    _sampled("plain", "no scales", "basic", rule="plain", lr=0.01),
    _sampled("no-burn-in", "no step adapts: all scales stay 1", "boundary", burn_in=0),
    _sampled("burn-in-alone", "every step adapts, and has noise", "boundary", burn_in=5),
    _sampled("clipped", "gradients per datum are longer than 1/2", "basic", "missing_step", clip=0.5),
    _sampled("cold", "temperature 1/4", "basic", "missing_step", temperature=0.25),
    _sampled("one-datum", "one coordinate, one datum", "boundary", P=1, n=1),
    _sampled("no-noise-left", "lr^4 is more than friction asks for: 1e-16 is left", "edge_case", "numerics", lr=0.5,
             friction=0.05, T=2, n=1, burn_in=0),
    _sampled("large-gradients", "gradients of thousands, which the scales take out", "numerics", n=4000,
             friction=0.5),
    _sampled("squares-overflow", "gradients of 1e200 have the direction that they have: their squares are beyond all "
             "numbers", "numerics", rule="plain", lr=0.01, change=lambda i: {"grads": 1e200 * i["grads"]},
             dtypes=_DOUBLE),
    _sampled("long", "300 steps, 200 of which adapt", "long", T=300, P=2, burn_in=200, lr=0.05, friction=0.2,
             dtypes=_DOUBLE),
    large("many-weights", "scaled", "P", size=10_001),
)  # fmt: skip


def sample_sghmc(rng):
    T, P = int(rng.integers(1, 6)), int(rng.integers(1, 4))
    return _chain(rng, T=T, P=P, rule=str(rng.choice(["scaled", "full", "plain"])), lr=0.05, friction=0.25,
                  burn_in=int(rng.integers(0, 4)), clip=float(rng.choice([0.5, 100.0])))  # fmt: skip


def _flows(rng, *, S=3, D=3, K=2, scale=1.0):
    u, a = (scale * rng.standard_normal((2, K, D))).round(2)
    return {"z": rng.standard_normal((S, D)).round(2), "u": u, "a": a, "c": rng.standard_normal(K).round(2)}


def _bent(slug, why, *flags, dtypes=_BOTH, change=None, **settings):
    return Case(slug, flags, why, _flows(_rng(slug), **settings) | (change or {}), dtypes=dtypes,
                equations=_tags(8, 9, 10, 11))  # fmt: skip


FLOW = (
    _bent("two-flows", "one after the other", "basic", "wrong_order"),
    _bent("three-flows", "two dimensions", "basic", D=2, K=3),
    _bent("against", "u against a, where the flow as it stands could not be undone", "edge_case", "missing_step",
          change={"u": _row(1.0, -2.0, 0.5)[None], "a": _row(-1.0, 1.5, 0.5)[None], "c": _row(0.25)}),
    _bent("along", "u along a by more than 1: corrected all the same", "edge_case", "variant", "known_bug",
          change={"u": _row(1.0, 2.0, 0.5)[None], "a": _row(1.0, 1.5, -0.5)[None], "c": _row(0.25)}),
    _bent("steep", "large u and a", "numerics", scale=3.0),
    _bent("far-against", "a.u of -40: the determinant is softplus(-40), about exp(-40)", "numerics",
          change={"z": np.zeros((1, 3)), "u": _row(-20.0, -10.0, 0.0)[None], "a": _row(1.5, 1.0, 0.5)[None],
                  "c": _row(0.0)}),
    _bent("one-dimension", "one point, one flow", "boundary", S=1, D=1, K=1),
    Case("by-hand", ("basic",), "tanh is 0 and a.u is 0: u has to move by log 2 - 1 along a, the determinant is log 2",
         {"z": np.zeros((1, 2)), "u": _row(1.0, 0.0)[None], "a": _row(0.0, 1.0)[None], "c": _row(0.0)}, dtypes=_DOUBLE,
         equations=_tags(8, 10), answer={"moved": np.zeros((1, 2)), "log_det": _row(math.log(math.log(2.0)))},
         source="closed form"),
    large("many-points", "two-flows", "S"),
)  # fmt: skip


def sample_flow(rng):
    S, D, K = (int(v) for v in rng.integers(1, 4, 3))
    made = _flows(rng, S=S, D=D, K=K)
    return made | {"a": made["a"] + np.where(np.abs(made["a"]) < 0.1, 0.25, 0.0)}


def _layer(rng, *, S=2, n=4):
    return {"w": rng.standard_normal((S, n)).round(2), "raw_alpha": rng.uniform(0.0, 3.0, S).round(2),
            "raw_beta": rng.uniform(0.0, 3.0, S).round(2), "uniform": rng.uniform(0.1, 0.9, S).round(2)}  # fmt: skip


def _scale(slug, why, *flags, dtypes=_BOTH, change=None, **sizes):
    inputs = _layer(_rng(slug), **sizes) | (change or {})
    return Case(slug, flags, why, inputs, dtypes=dtypes, equations=_tags(5, 6, 39, 40))


GIBBS = (
    _scale("weights", "four weights", "basic", "wrong_constant"),
    _scale("one-bias", "a layer with one bias, where a shape that is added to the raw value shows most", "boundary",
           "known_bug", n=1, change={"raw_alpha": _row(-1.0, 0.5)}),
    _scale("odd-number", "five weights: half of them is no whole number", "basic", n=5),
    _scale("zero-weights", "all weights 0: the rate stays", "edge_case", change={"w": np.zeros((2, 4))}),
    _scale("small-rate", "softplus(-20), and small weights", "numerics",
           change={"raw_beta": _row(-20.0, -20.0), "w": np.full((2, 3), 1e-3)}),
    _scale("big-layer", "300 weights", "basic", n=300),
    large("many-networks", "weights", "S", size=20_001),
)  # fmt: skip


def sample_gibbs(rng):
    return _layer(rng, S=int(rng.integers(1, 4)), n=int(rng.integers(1, 7)))


# Targets -------------------------------------------------------------------------------------------------------------


def _target(rng, *, kind="hierarchical", S=2, M=3, d=1, length=(0.0, 1.0), log=(0.1, 1.0), jitter=1e-6):
    x = (2 * np.arange(M)[:, None] * np.ones(d) + rng.uniform(-0.5, 0.5, (M, d))).round(2)
    return {"kind": kind, "x": x, "normals": rng.standard_normal((S, M)).round(2),
            "scale_normals": (0.5 * rng.standard_normal((S, d + 1))).round(2), "length_mean": length[0],
            "length_variance": length[1], "log_mean": log[0], "log_variance": log[1], "jitter": jitter}  # fmt: skip


def _process(slug, why, *flags, dtypes=_BOTH, **settings):
    return Case(slug, flags, why, _target(_rng(slug), **settings), dtypes=dtypes, equations=_tags(12, 13))


TARGET = (
    _process("hierarchical", "scales of each function by itself", "basic", S=3),
    _process("gp", "the same scales for all", "basic", kind="gp", length=(0.25, 1.0)),
    _process(
        "variances-not-1",
        "variances 0.3 and 2 of the logs, which are no deviations",
        "basic",
        "wrong_constant",
        length=(0.5, 0.3),
        log=(2.0, 2.0),
    ),
    _process("two-inputs", "a length scale for each", "basic", d=2, length=(0.6931471805599453, 0.5)),
    _process("jitter", "a jitter that counts", "basic", "missing_step", jitter=0.25),
    _process("one-point", "one function at one point", "boundary", S=1, M=1, jitter=0.0),
    large("a-thousand-functions", "hierarchical", "S", size=1_001),
)


def sample_target(rng):
    options = {"kind": str(rng.choice(["gp", "hierarchical"])), "S": int(rng.integers(1, 4))}
    lengths = (float(rng.uniform(-0.5, 0.5)), float(rng.uniform(0.25, 1.0)))
    return _target(rng, M=int(rng.integers(1, 4)), d=int(rng.integers(1, 3)), length=lengths, jitter=1e-3, **options)
