"""Inputs of the operations of iSogCLR under permanent names, and random ones."""

import math
from typing import Any

import numpy as np

from refimpl.core.random import stream
from refimpl.specs.base import Case
from refimpl.specs.sizes import LARGE, large


def _rows(name, *shape):
    """Rows of many lengths and directions, in three digits."""
    return stream(0, "isogclr-case", name).standard_normal(shape).round(3)


_RATES = {"gamma": 0.3, "beta": 0.6, "eta": 0.05, "rho": 0.4, "tau_min": 0.05, "tau_max": 1.5}


def _wide(of, times=2**10):
    """Every coordinate so many times: the same directions and answer, but that gradients are shared out."""

    def make(operation, before):
        small = before[of]
        tiled = {name: np.tile(small.inputs[name], (1, times)) for name in ("U1", "U2")}

        def derived(values):
            return values | {name: np.tile(values[name] / times, (1, times)) for name in ("grad1", "grad2")}

        return Case(
            "many-coordinates", ("large",),
            f"each coordinate of {of} comes {times} times: no block of the sum over k is left out, none done twice",
            small.inputs | tiled, dtypes=("float64",), equations=small.equations, source=f"the answer of {of}",
            small=small, derived=derived, recipe=f"{of}/k/{times}/tiled",
        )  # fmt: skip

    return make


def _crowded(of):
    """The samples of a small case among many others, which must stay what they are."""

    def make(operation, before):
        small, rng = before[of], stream(0, operation.name, "many-samples")
        kept = [f.name for f in operation.inputs if f.axes == "n"]
        places = np.sort(rng.permutation(LARGE)[: len(small.inputs[kept[0]])])
        picks = rng.integers(0, len(places), LARGE)
        picks[places] = np.arange(len(places))
        inputs = small.inputs | {name: small.inputs[name][picks] for name in kept}
        inputs["idx"] = places[small.inputs["idx"].astype(int)].astype(float)

        def derived(values):
            found = dict(values)
            for name in kept:
                if f"new_{name}" in values:
                    found[f"new_{name}"] = inputs[name].astype(values[f"new_{name}"].dtype)
                    found[f"new_{name}"][places] = values[f"new_{name}"]
            return found

        return Case(
            "many-samples", ("large",),
            f"the samples of {of} stand among {LARGE}: those of the batch change, the others stay",
            inputs, dtypes=small.dtypes, equations=small.equations, source=f"the answer of {of}",
            small=small, derived=derived, recipe=f"{of}/n/{LARGE}/crowded",
        )  # fmt: skip

    return make


# One step ------------------------------------------------------------------------------------------------------------


def _step(name, B=3, k=4, n=6, **settings):
    inputs = {
        "U1": _rows(f"{name} 1", B, k),
        "U2": _rows(f"{name} 2", B, k),
        "idx": np.array([4.0, 0.0, 3.0, 5.0][:B]),
        "log_s": np.array([0.7, -0.4, 0.0, 1.5, 0.9, 0.3][:n]),
        "tau": np.array([0.5, 0.3, 0.4, 0.7, 0.35, 0.6][:n]),
        "u": np.array([0.2, -0.3, 0.0, -0.15, 0.4, 0.1][:n]),
        "seen": np.array([1.0, 1.0, 0.0, 1.0, 1.0, 0.0][:n]),
        **_RATES,
        "clip": 3.0,
        "exponent": "S",
    }
    return inputs | settings


_KNOWN = _step("known")
_MIXED = _step("mixed", seen=np.array([1.0, 0.0, 0.0, 0.0, 1.0, 1.0]))
_CROSSED = {**_KNOWN, "U1": np.eye(4)[:3], "U2": np.eye(4)[[3, 0, 1]]}
STEP = (
    Case("known-samples", ("basic", "missing_step", "wrong_constant"),
         "three samples that have been seen: the new batch is averaged into s, and the weights do not add up to 1",
         _KNOWN, equations=("isogclr-4", "isogclr-5", "isogclr-6", "isogclr-7", "isogclr-8")),
    Case("new-and-known", ("basic", "known_bug"),
         "one sample of the batch is new: it takes the batch in full, while the two others average",
         _MIXED, equations=("isogclr-5", "isogclr-9")),
    Case("gap-in-the-exponent", ("basic", "variant"),
         "the paper's form: the gap in the exponent, and the positive is pulled by the sum of the weights",
         {**_KNOWN, "exponent": "h"}, equations=("isogclr-7",)),
    Case("gap-new-and-known", ("basic", "variant"), "the paper's form with one new sample",
         {**_MIXED, "exponent": "h"}, equations=("isogclr-5", "isogclr-7")),
    Case("all-new", ("boundary", "wrong_constant"),
         "nobody has been seen: s is that of the batch, and the weights add up to 1",
         {**_KNOWN, "seen": np.zeros(6), "u": np.zeros(6)}, equations=("isogclr-4", "isogclr-6")),
    Case("never-read", ("edge_case",),
         "what stands in s before the first visit is not to be read, be it 40",
         {**_MIXED, "log_s": np.array([0.7, 40.0, 40.0, 40.0, 0.9, 0.3])}, equations=("isogclr-5",)),
    Case("two-pairs-in-the-plane", ("boundary",), "the smallest batch: two samples, two coordinates",
         _step("two", B=2, k=2, n=5), equations=("isogclr-4",)),
    Case("four-samples", ("basic", "wrong_constant"), "a batch of four",
         _step("four", B=4, k=3, tau=np.array([0.5, 0.3, 0.4, 1.2, 0.35, 0.6])), equations=("isogclr-4", "isogclr-7")),
    Case("no-memory", ("boundary",), "gamma = beta = 1: the old s and u are forgotten",
         {**_KNOWN, "gamma": 1.0, "beta": 1.0}, equations=("isogclr-5", "isogclr-12")),
    Case("fixed-temperatures", ("boundary",), "eta = 0 is SogCLR: u goes on, tau stays", {**_KNOWN, "eta": 0.0},
         equations=("isogclr-13",)),
    Case("clipped-above", ("edge_case", "missing_step"),
         "rho = 5: the derivative in tau is above 3 and is clipped, after the mean over the views",
         {**_KNOWN, "rho": 5.0, "eta": 0.01}, equations=("isogclr-11",)),
    Case("views-apart", ("edge_case", "wrong_order"),
         "one view of a sample is beyond the bound, their mean is not: the mean is clipped, not each view",
         {**_KNOWN, "rho": 0.0, "clip": 0.25}, equations=("isogclr-11",)),
    Case("clipped-below", ("edge_case", "missing_step"),
         "s far below the batch and little memory of the old: the derivative is below -3",
         {**_KNOWN, "log_s": np.full(6, -6.0), "gamma": 0.05, "tau": np.full(6, 0.1), "rho": 0.1},
         equations=("isogclr-11",)),
    Case("unclipped", ("boundary", "variant"), "clip = infinity is allowed", {**_KNOWN, "rho": 5.0, "clip": math.inf},
         equations=("isogclr-11",)),
    Case("at-the-bounds", ("edge_case", "missing_step"),
         "long steps: temperatures end at the bounds, some below and some above",
         {**_KNOWN, "eta": 3.0, "tau_max": 0.9, "u": np.array([2.0, 0.0, 0.0, -3.0, 1.0, 0.0])},
         equations=("isogclr-13",)),
    Case("crossed-views", ("edge_case",),
         "the second view of each sample is the first of another: negatives more alike than the positive",
         _CROSSED, equations=("isogclr-7",)),
    Case("cold", ("numerics",), "temperatures of 0.005: exp(S / tau) reaches e^200",
         {**_KNOWN, "tau": np.full(6, 0.005), "tau_min": 0.004, "log_s": np.array([150.0] * 6), "eta": 0.001},
         dtypes=("float64",), equations=("isogclr-4", "isogclr-6")),
    Case("cold-and-opposite", ("numerics",),
         "tau = 1/1000 and negatives on the other side: S / tau is -1000 for them, 1000 for the anchor itself, which "
         "is no negative and must not be the largest",
         {**_step("opposite", B=2, k=2, n=5), "U1": np.array([[1.0, 0.0], [-1.0, 0.125]]),
          "U2": np.array([[1.0, 0.0625], [-1.0, -0.25]]), "tau": np.full(5, 0.001), "tau_min": 0.0005, "eta": 1e-5,
          "seen": np.zeros(5)},
         dtypes=("float64",), equations=("isogclr-4",)),
    Case("long-and-short-rows", ("numerics",), "rows of lengths 1000 and 1/1000: only their directions count",
         {**_KNOWN, "U1": _KNOWN["U1"] * np.array([[1e3], [1.0], [1e-3]])}, equations=("isogclr-14",)),
    _wide("known-samples"),
    _crowded("new-and-known"),
)  # fmt: skip


def _some_rates(rng, **more):
    rates = {"gamma": rng.uniform(0.1, 0.9), "beta": rng.uniform(0.1, 0.9), "eta": rng.uniform(0.0, 0.1)}
    rates |= {"rho": rng.uniform(0.0, 1.0), "tau_min": 0.05, "tau_max": 1.5, **more}
    return {name: float(rate) for name, rate in rates.items()}


def sample_step(rng):
    B, k, n = int(rng.integers(2, 4)), int(rng.integers(2, 4)), int(rng.integers(4, 7))
    seen = rng.integers(0, 2, n).astype(float)
    return {
        "U1": rng.standard_normal((B, k)),
        "U2": rng.standard_normal((B, k)),
        "idx": rng.permutation(n)[:B].astype(float),
        "log_s": rng.uniform(-1, 2, n),
        "tau": rng.uniform(0.2, 1.0, n),
        "u": rng.uniform(-0.5, 0.5, n),
        "seen": seen,
        **_some_rates(rng, clip=rng.choice([0.3, 3.0])),
        "exponent": str(rng.choice(["S", "h"])),
    }


# Steps ---------------------------------------------------------------------------------------------------------------


def _steps(name, T, B, k, n, **settings):
    rng = stream(0, "isogclr-case", name)
    inputs = {
        "U1": rng.standard_normal((T, B, k)).round(3),
        "U2": rng.standard_normal((T, B, k)).round(3),
        "idx": np.stack([rng.permutation(n)[:B] for _ in range(T)]).astype(float),
        "tau0": rng.uniform(0.3, 0.8, n).round(3),
        **_RATES,
        "clip": 3.0,
        "exponent": "S",
    }
    return inputs | settings


_SIX = _steps("six", 6, 3, 3, 5)
STEPS = (
    Case("six-batches", ("basic", "missing_step", "wrong_order", "wrong_constant", "known_bug"),
         "six batches of three out of five samples: new and known ones mix, and each is seen several times", _SIX,
         equations=("isogclr-5", "isogclr-9", "isogclr-12", "isogclr-13")),
    Case("six-batches-gap", ("basic", "variant"), "the same with the gap in the exponent",
         {**_SIX, "exponent": "h"}, dtypes=("float64",),
         equations=("isogclr-7",)),
    Case("two-steps-one-again", ("basic", "wrong_order"),
         "two steps that share one sample: what was stored for it is used",
         _steps("again", 2, 3, 4, 6, idx=np.array([[0.0, 2.0, 5.0], [3.0, 0.0, 1.0]]))),
    Case("one-step", ("boundary",), "one step of two samples out of three", _steps("one", 1, 2, 2, 3)),
    Case("clipped", ("edge_case", "missing_step"), "a tight bound on the derivative in tau",
         {**_SIX, "clip": 0.2}, dtypes=("float64",),
         equations=("isogclr-11",)),
    Case("to-the-bounds", ("edge_case",), "long steps: temperatures reach both bounds",
         {**_SIX, "eta": 0.6, "rho": 0.1, "tau_min": 0.4, "tau_max": 0.8}, equations=("isogclr-13",)),
    Case("no-memory", ("boundary",), "gamma = beta = 1 all the way",
         {**_SIX, "gamma": 1.0, "beta": 1.0, "tau_max": 0.6}, dtypes=("float64",)),
    Case("three-hundred-steps", ("long",), "nothing wears off: the 300th batch is averaged as the second was",
         _steps("long", 300, 2, 2, 4, eta=0.01, gamma=0.25, beta=0.5), dtypes=("float64",)),
)  # fmt: skip


def sample_steps(rng):
    T, B, k = int(rng.integers(1, 5)), int(rng.integers(2, 4)), int(rng.integers(2, 4))
    n = B + int(rng.integers(0, 3))
    return {
        "U1": rng.standard_normal((T, B, k)),
        "U2": rng.standard_normal((T, B, k)),
        "idx": np.stack([rng.permutation(n)[:B] for _ in range(T)]).astype(float),
        "tau0": rng.uniform(0.3, 1.0, n),
        **_some_rates(rng, clip=rng.choice([0.3, 3.0])),
        "exponent": str(rng.choice(["S", "h"])),
    }


# Pairs ---------------------------------------------------------------------------------------------------------------


def _pairs(name, B=4, k=3, n=6, **settings) -> dict[str, Any]:
    inputs = {
        "U1": _rows(f"{name} 1", B, k),
        "U2": _rows(f"{name} 2", B, k),
        "idx": np.array([4.0, 0.0, 3.0, 5.0][:B]),
        "log_s1": np.array([0.7, -0.4, 0.0, 1.5, 0.9, 0.3]),
        "tau1": np.array([0.5, 0.3, 0.4, 0.7, 0.35, 0.6]),
        "u1": np.array([0.2, -0.3, 0.0, -0.15, 0.4, 0.1]),
        "seen1": np.array([1.0, 1.0, 0.0, 1.0, 1.0, 1.0]),
        "log_s2": np.array([-0.3, 0.2, 1.0, 0.8, -0.1, 1.1]),
        "tau2": np.array([0.4, 0.6, 0.3, 0.45, 0.55, 0.3]),
        "u2": np.array([-0.2, 0.3, 0.1, 0.25, -0.1, 0.0]),
        "seen2": np.array([1.0, 1.0, 0.0, 1.0, 1.0, 1.0]),
        **_RATES,
        "rho": 1.0,
        "clip": 5.0,
    }
    return inputs | settings


_PAIRS = _pairs("pairs")
_HALF_NEW = {"seen1": np.array([1.0, 0.0, 0.0, 0.0, 1.0, 0.0]), "seen2": np.array([0.0, 0.0, 0.0, 1.0, 1.0, 0.0])}
_COLD = {f"{name}{side}": np.full(6, x) for name, x in (("tau", 0.005), ("log_s", 90.0)) for side in (1, 2)}
BIMODAL = (
    Case("known-pairs", ("basic", "missing_step", "wrong_constant"),
         "four pairs that have been seen, two sides with values of their own", _PAIRS,
         equations=("isogclr-5", "isogclr-16", "isogclr-17")),
    Case("new-and-known", ("basic", "known_bug"), "new on one side, on both, on neither",
         {**_PAIRS, **_HALF_NEW}, equations=("isogclr-5",)),
    Case("all-new", ("boundary",), "nobody has been seen", {**_PAIRS, "seen1": np.zeros(6), "seen2": np.zeros(6)}),
    Case("two-pairs", ("boundary", "wrong_constant"), "one negative for each anchor", _pairs("two", B=2, k=2),
         equations=("isogclr-4", "isogclr-17")),
    Case("no-memory", ("boundary",), "gamma = beta = 1", {**_PAIRS, "gamma": 1.0, "beta": 1.0}),
    Case("clipped", ("edge_case", "missing_step"), "rho = 8 and a bound of 2 on the derivative in tau",
         {**_PAIRS, "rho": 8.0, "eta": 0.01, "clip": 2.0}, equations=("isogclr-11",)),
    Case("at-the-bounds", ("edge_case",), "long steps: temperatures end at the bounds",
         {**_PAIRS, "eta": 2.0, "tau_max": 0.6},
         equations=("isogclr-13",)),
    Case("cold", ("numerics",), "temperatures of 0.005, as such models have: h / tau reaches hundreds",
         {**_PAIRS, **_COLD, "tau_min": 0.004, "tau_max": 0.05, "eta": 0.001}, dtypes=("float64",),
         equations=("isogclr-4", "isogclr-6")),
    _wide("known-pairs"),
    _crowded("new-and-known"),
)  # fmt: skip


def sample_bimodal(rng):
    B, k, n = int(rng.integers(2, 5)), int(rng.integers(2, 4)), int(rng.integers(4, 7))
    inputs = {"U1": rng.standard_normal((B, k)), "U2": rng.standard_normal((B, k))}
    inputs["idx"] = rng.permutation(n)[:B].astype(float)
    for side in (1, 2):
        inputs |= {f"log_s{side}": rng.uniform(-1, 2, n), f"tau{side}": rng.uniform(0.2, 1.0, n)}
        inputs |= {f"u{side}": rng.uniform(-0.5, 0.5, n), f"seen{side}": rng.integers(0, 2, n).astype(float)}
    return inputs | _some_rates(rng, clip=rng.choice([0.4, 5.0]))


# The best temperature ------------------------------------------------------------------------------------------------


def _gaps(h, rho=0.3, lo=0.01, hi=3.0):
    return {"h": np.array(h, dtype=float), "rho": rho, "lo": lo, "hi": hi}


_TEN = _gaps(_rows("gaps", 10) * 0.5)
TAU_STAR = (
    Case("ten-gaps", ("basic", "wrong_constant"), "ten gaps of both signs", _TEN, equations=("isogclr-2",)),
    Case("one-in-four", ("basic",), "one near negative among four",
         _gaps([0.0, 0.0, 0.0, 1.0], rho=0.05), equations=("isogclr-2",)),
    Case("half-near", ("edge_case", "wrong_constant"),
         "half of the negatives are near: with this rho their odds are 3 to 1 to six digits, so that 1 / tau = log 3",
         _gaps([0.5, 0.5, -0.5, -0.5], rho=0.130812), equations=("isogclr-2",)),
    Case("wide-ball", ("basic", "wrong_constant"), "rho = 1: leaning far", {**_TEN, "rho": 1.0}, dtypes=("float64",)),
    Case("ball-too-wide", ("edge_case",), "rho above log m: even the sharpest does not lean so far; the lower bound",
         {**_TEN, "rho": 3.0, "lo": 0.02}, dtypes=("float64",)),
    Case("ball-too-narrow", ("edge_case",), "even the upper bound leans more than rho = 1e-4: the upper bound",
         {**_TEN, "rho": 1e-4, "hi": 1.0}, dtypes=("float64",)),
    Case("equal-gaps", ("edge_case",), "all negatives alike: nothing to lean on, the lower bound",
         _gaps(np.full(5, 0.25)), dtypes=("float64",)),
    Case("two-gaps", ("boundary",), "two negatives", _gaps([0.0, 0.5], rho=0.2), dtypes=("float64",)),
    Case("large-offset", ("numerics",), "a constant of 8 in all gaps changes nothing", {**_TEN, "h": _TEN["h"] + 8.0},
         dtypes=("float64",)),
    Case("near-copies", ("numerics",),
         "gaps of 1 that differ by thousandths: h / tau is above 709, where exp overflows; only differences count",
         _gaps([1.0, 1023 / 1024, 1021 / 1024, 1.0], lo=1e-4), dtypes=("float64",), equations=("isogclr-2",)),
    large("many-gaps", "ten-gaps", "m", balanced=True, size=4_999, dtypes=("float64",)),
)  # fmt: skip


def sample_tau_star(rng):
    return _gaps(0.6 * rng.standard_normal(int(rng.integers(4, 12))), rho=float(rng.uniform(0.05, 0.8)))


# Full objective, and the rivals --------------------------------------------------------------------------------------


def _full(name, n=4, k=3, **settings) -> dict[str, Any]:
    inputs = {"U1": _rows(f"{name} 1", n, k), "U2": _rows(f"{name} 2", n, k)}
    return inputs | {"tau": np.array([0.4, 0.7, 0.3, 0.55, 0.6][:n]), "rho": 0.4} | settings


_FULL = _full("full", n=3)
RGCL = (
    Case("three-samples", ("basic", "wrong_constant", "missing_step"), "three samples with temperatures of their own",
         _FULL, equations=("isogclr-1", "isogclr-3")),
    Case("two-samples", ("boundary",), "two samples, two coordinates", _full("two", n=2, k=2)),
    Case("no-radius", ("boundary",), "rho = 0", {**_FULL, "rho": 0.0}, equations=("isogclr-1",)),
    Case("warm", ("edge_case",), "temperatures of 20: nearly the mean gap", {**_FULL, "tau": np.full(3, 20.0)}),
    Case("cold", ("numerics",), "temperatures of 0.01: nearly the largest gap", {**_FULL, "tau": np.full(3, 0.01)},
         dtypes=("float64",)),
    _wide("three-samples"),
)  # fmt: skip


def sample_rgcl(rng):
    n, k = int(rng.integers(2, 5)), int(rng.integers(2, 4))
    return {
        "U1": rng.standard_normal((n, k)),
        "U2": rng.standard_normal((n, k)),
        "tau": rng.uniform(0.2, 1.0, n),
        "rho": float(rng.uniform(0, 1)),
    }


def _rival(name, tau, B=3, k=2):
    return {"U1": _rows(f"{name} 1", B, k), "U2": _rows(f"{name} 2", B, k), "tau": tau}


_IN_CORNERS = {"U1": np.eye(2), "U2": np.eye(2), "tau": 1.0}
NT_XENT = (
    Case("three-samples", ("basic", "missing_step", "wrong_constant"), "three samples in the plane",
         _rival("nt", 0.5), equations=("isogclr-18", "isogclr-19")),
    Case("two-axes", ("basic",), "two samples on two axes: the positive has probability e / (e + 2)", _IN_CORNERS,
         answer={"loss": np.array(math.log1p(2 / math.e))}, source="worked by hand", equations=("isogclr-18",)),
    Case("one-sample", ("boundary",), "one sample: nothing but its positive, so no loss and no gradient",
         _rival("alone", 0.3, B=1, k=3)),
    Case("cold", ("numerics",), "a temperature of 0.01", _rival("nt", 0.01), dtypes=("float64",)),
    Case("warm", ("edge_case",), "a temperature of 10: nearly uniform", _rival("nt", 10.0)),
    _wide("three-samples"),
)  # fmt: skip


CLIP = (
    Case("four-pairs", ("basic", "missing_step", "wrong_constant"), "four pairs in the plane",
         _rival("clip", 0.4, B=4), equations=("isogclr-20", "isogclr-21", "isogclr-22")),
    Case("two-axes", ("basic",), "two pairs on two axes: each finds its partner with probability e / (e + 1)",
         _IN_CORNERS, answer={"loss": np.array(math.log1p(1 / math.e))}, source="worked by hand",
         equations=("isogclr-20",)),
    Case("one-pair", ("boundary",), "one pair: no loss and no gradient", _rival("one-pair", 0.3, B=1, k=3)),
    Case("cold", ("numerics",), "a temperature of 0.01, as CLIP ends with", _rival("clip", 0.01, B=4),
         dtypes=("float64",)),
    Case("warm", ("edge_case",), "a temperature of 10", _rival("clip", 10.0, B=4)),
    _wide("four-pairs"),
)  # fmt: skip


def sample_rival(rng):
    B, k = int(rng.integers(2, 5)), int(rng.integers(2, 4))
    return {
        "U1": rng.standard_normal((B, k)),
        "U2": rng.standard_normal((B, k)),
        "tau": float(rng.uniform(0.1, 1.5)),
    }
