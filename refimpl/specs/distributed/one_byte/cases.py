"""Inputs of the operations of one_byte under permanent names, and random ones.

No slope lies within 1e-2 of a threshold between two codes, where honest logarithms may fall on different sides.
"""

import math

import numpy as np

from refimpl.core.random import stream
from refimpl.specs.base import Case
from refimpl.specs.sizes import large

NEAR = 0.02  # least distance of slope ln|g| from a half-integer in random inputs


def _arrays(**values):
    return {name: np.array(value, dtype=float) for name, value in values.items()}


# The codec ------------------------------------------------------------------------------------------------------------


def _slopes(codes, off, slope=8.0, offset=96):
    """Slopes that lie `off` codes beside the middle of their codes; six digits, the same on every machine."""
    codes = np.asarray(codes, dtype=float)
    sizes = np.exp((codes % 128 + off - offset) / slope)
    return np.array([float(f"{g:.6g}") for g in np.where(codes >= 128, -1, 1) * sizes])


def _encoding(g, slope=8.0, offset=96):
    return _arrays(g=g) | {"slope": slope, "offset": offset}


def _given(*codes):
    return {"answer": {"code": np.array(codes, dtype=float)}, "source": "closed form"}


SENT = np.array([c for c in range(256) if c % 128])
_BESIDE = stream(0, "one_byte-case", "codes").uniform(-0.45, 0.45, SENT.size)
CODE = ("one_byte-3", "one_byte-4")

ENCODE = (
    Case("factors-of-e", ("basic", "wrong_constant"), "a factor of e is 8 codes, and 1 has the code 96",
         _encoding([1, -1, 2.71828, -2.71828, 0.135335, -1.64872]), equations=CODE,
         **_given(96, 224, 104, 232, 80, 228)),
    Case("small-slopes", ("basic", "known_bug"),
         "slopes from 1e-5 to 1e-3 have codes of their own: the scale is logarithmic, not linear",
         _encoding([1e-3, -1e-3, 1e-4, -2e-4, 1e-5]), equations=CODE),
    Case("each-code", ("basic", "wrong_constant"), "all codes but 0 and 128, from slopes beside their middle",
         _encoding(_slopes(SENT, _BESIDE)), equations=CODE),
    Case("beside-thresholds", ("boundary", "wrong_constant"), "codes are rounded to the nearest, up and down",
         _encoding(_slopes([40, 95, 96, 97, 200, 254], [0.48, -0.48, 0.48, -0.48, 0.48, -0.48])), equations=CODE),
    Case("zero", ("edge_case", "missing_step"), "the code of 0 and -0 is 0, not that of the smallest slope",
         _encoding([0.0, -0.0, 1.0]), equations=("one_byte-4",), **_given(0, 0, 96)),
    Case("outside-the-range", ("edge_case", "numerics"),
         "what is too small keeps its sign and gets the smallest code, what is too large the largest",
         _encoding([1e-9, -1e-9, 1e6, -1e6, 1e-30, -1e30]), equations=CODE, **_given(1, 129, 127, 255, 1, 255)),
    Case("first-and-last-code", ("boundary",), "the first and the last code, reached from inside",
         _encoding(_slopes([1, 127, 129, 255, 2, 126], [0.4, -0.4, 0.4, -0.4, -0.4, 0.4])), equations=CODE),
    Case("no-number", ("edge_case", "numerics"), "a loss that is not finite makes a byte of 0, and no machine moves",
         _encoding([np.nan, np.inf, -np.inf, -1.0]), equations=("one_byte-4",), **_given(0, 0, 0, 224)),
    Case("another-scale", ("boundary", "wrong_constant"), "slope and offset come from the arguments",
         _encoding([1, -1, 1.28403, -0.135335, 40, 0], 16.0, 64), **_given(64, 192, 68, 160, 123, 0)),
    Case("coarse-scale", ("boundary",), "half a code to a factor of e",
         _encoding([1e6, -1e-6, 5, -3e8], 0.5, 20)),
    Case("one-slope", ("boundary",), "one sample", _encoding([-0.02])),
    large("many-more-slopes", "each-code", "N"),
)  # fmt: skip


def sample_encode(rng):
    """Slopes at random places between two thresholds, inside the range and out, and a zero."""
    slope, offset = float(rng.choice([4.0, 8.0, 16.0, 2.5])), int(rng.integers(0, 128))
    codes = rng.integers(-20, 150, rng.integers(1, 8)) - 0.0
    g = np.exp((codes + rng.uniform(-0.48, 0.48, codes.size) - offset) / slope)
    return _encoding(g * rng.choice([-1.0, 1.0, 0.0], codes.size, p=[0.45, 0.45, 0.1]), slope, offset)


def _decoding(code, slope=8.0, offset=96):
    return _arrays(code=code) | {"slope": slope, "offset": offset}


DECODE = (
    Case("powers-of-e", ("basic", "wrong_constant"), "8 codes are a factor of e, and 96 is 1",
         _decoding([96, 224, 104, 232, 80, 228]), equations=("one_byte-5",),
         answer={"g": np.array([1, -1, math.e, -math.e, math.exp(-2), -math.exp(0.5)])}, source="closed form"),
    Case("every-byte", ("basic", "edge_case"), "all 256, of which 0 and 128 stand for 0",
         _decoding(np.arange(256)), equations=("one_byte-5",)),
    Case("nothing", ("edge_case",), "0, and 128 which is never sent, move nothing",
         _decoding([0, 128, 97]), answer={"g": np.array([0, 0, math.exp(0.125)])}, source="closed form"),
    Case("other-scale", ("boundary", "wrong_constant"), "slope and offset come from the arguments",
         _decoding([64, 192, 1, 255, 10], 16.0, 64)),
    Case("coarse-scale", ("boundary",), "half a code to a factor of e", _decoding([20, 150, 30], 0.5, 20)),
    Case("one-byte", ("boundary",), "one sample", _decoding([200])),
    large("many-bytes", "every-byte", "N"),
)  # fmt: skip


def sample_decode(rng):
    """Any bytes on some scale."""
    slope, offset = float(rng.choice([4.0, 8.0, 16.0, 2.5])), int(rng.integers(0, 128))
    return _decoding(rng.integers(0, 256, rng.integers(1, 8)), slope, offset)


# Slopes ---------------------------------------------------------------------------------------------------------------


def _losses(plus, minus, eps=1e-3):
    return _arrays(loss_plus=plus, loss_minus=minus) | {"eps": eps}


PROJECTED = (
    Case("by-hand", ("basic", "wrong_constant"), "the difference is over 2 eps, not eps",
         _losses([1.5, 1, 2], [1, 1.5, 2], 0.25), equations=("one_byte-2",),
         answer={"g": np.array([1.0, -1.0, 0.0])}, source="worked by hand"),
    Case("usual-eps", ("basic",), "an ordinary eps",
         _losses([2.302, 0.75, -1.5], [2.299, 0.875, 4.0], 1 / 1024), equations=("one_byte-2",)),
    Case("large-eps", ("boundary",), "eps above 1", _losses([10, -3], [2, 5], 4.0)),
    Case("one-pair", ("boundary",), "one sample", _losses([-1], [1], 0.5)),
    Case("huge-losses", ("numerics",), "losses far apart", _losses([1e30, 1.0], [-1e30, 1e20], 0.5)),
    large("many-pairs", "usual-eps", "N"),
)  # fmt: skip


def sample_projected(rng):
    """Pairs of losses some way apart."""
    n, eps = int(rng.integers(1, 6)), float(2.0 ** rng.integers(-6, 2))
    return _losses(rng.uniform(1, 2, n), rng.uniform(3, 4, n) * rng.choice([-1, 1], n), eps)


def _quadratic(A, b, w, z, eps):
    return _arrays(A=A, b=b, w=w, z=z) | {"eps": eps}


LOPSIDED = [[2, 1, -0.5], [0, 1, 0.25], [0.5, -1, 3]]
SPSA = (
    Case("by-hand", ("basic", "wrong_constant"),
         "the slope along z of w.w / 2 - b.w is z.(w - b)",
         _quadratic(np.eye(2), [1, 0], [3, 1], [[1, 0], [1, -1], [0, 2]], 0.5), equations=("one_byte-2", "one_byte-8"),
         answer={"g": np.array([2.0, 1.0, 2.0])}, source="closed form"),
    Case("lopsided", ("basic", "missing_step"), "A is not symmetric, and counts through its symmetric part",
         _quadratic(LOPSIDED, [1, -1, 0.5], [1, -2, 0.5], [[1, -1, 2], [0.5, 0.25, -1], [-2, 1, 1], [0, 0, 1]], 0.25),
         equations=("one_byte-2", "one_byte-8")),
    Case("far-probe", ("edge_case",), "however far the probe, the difference is exact on a quadratic",
         _quadratic(LOPSIDED, [1, -1, 0.5], [1, -2, 0.5], [[1, -1, 2], [4, 8, -1]], 8.0)),
    Case("second-sample", ("missing_step", "wrong_order"),
         "all slopes are taken at the same w: the first probe has been undone when the second begins",
         _quadratic([[4, 0], [0, 4]], [0, 0], [1, 1], [[1, 0], [1, 0], [1, 0]], 0.5), equations=("one_byte-8",),
         answer={"g": np.array([4.0, 4.0, 4.0])}, source="closed form"),
    Case("usual-eps", ("numerics",), "with eps = 1e-3 the difference of the losses keeps some digits",
         _quadratic(LOPSIDED, [1, -1, 0.5], [1, -2, 0.5], [[1, -1, 2], [0.5, 0.25, -1]], 1e-3), dtypes=("float64",)),
    Case("one-direction", ("boundary",), "one coordinate, one direction", _quadratic([[2]], [1], [3], [[-1]], 0.5)),
    large("many-directions", "lopsided", "N", size=1001),
)  # fmt: skip


def sample_spsa(rng):
    """A small quadratic, far from its minimum along every direction."""
    d, n = int(rng.integers(1, 4)), int(rng.integers(1, 4))
    A = rng.integers(-8, 9, (d, d)) / 4
    w, b, z = (rng.integers(-16, 17, shape) / 8 for shape in (d, d, (n, d)))
    return _quadratic(A, b, w, z, float(2.0 ** rng.integers(-2, 3)))


# Steps ----------------------------------------------------------------------------------------------------------------


def _step(w, codes, z, eta=0.5, norm="sqrt", slope=8.0, offset=96):
    return _arrays(w=w, codes=codes, z=z) | {"eta": eta, "norm": norm, "slope": slope, "offset": offset}


MOVE = ("one_byte-5", "one_byte-6", "one_byte-7")
FOUR = [[1, -1, 0.5], [0.25, 2, -1], [-1, 0.5, 1.5], [2, 1, -0.5]]
_rng = stream(1, "one_byte-case")
UPDATE = (
    Case("by-hand", ("basic",),
         "slopes 1 and -1, two directions, divided by N = 2",
         _step([1, -2], [96, 224], [[1, 0], [0.5, 2]], norm="mean"), equations=MOVE,
         answer={"new_w": np.array([0.875, -1.5])}, source="worked by hand"),
    Case("root-of-four", ("basic", "variant"), "the step is divided by the root of N",
         _step([1, -2, 0.5], [96, 224, 96, 96], FOUR), equations=MOVE,
         answer={"new_w": np.array([1, -2, 0.5]) - np.array([1.75, -1.5, 2.5]) / 4}, source="worked by hand"),
    Case("mixed", ("basic", "wrong_constant"), "ordinary bytes", _step([1, -2, 0.5], [90, 215, 103, 230], FOUR),
         equations=MOVE),
    Case("silent-samples", ("edge_case", "missing_step"), "a byte of 0 moves nothing, but counts in N",
         _step([1, -2, 0.5], [0, 96, 0, 104], FOUR), equations=("one_byte-6",)),
    Case("small-slopes", ("numerics", "known_bug"), "small slopes move small steps",
         _step([0, 0, 0], [41, 169, 30, 150], FOUR, eta=8.0)),
    Case("other-scale", ("boundary",), "slope and offset come from the arguments",
         _step([1, -2, 0.5], [60, 200, 70, 180], FOUR, slope=16.0, offset=64, norm="mean")),
    Case("one-sample", ("boundary",), "one sample: both divisors are 1", _step([3], [100], [[-2]])),
    Case("three-hundred-samples", ("long",), "N is past 255, and the last sample counts like the first",
         _step([1.0, -1.0], 40 + _rng.integers(0, 2, 300) * 128 + _rng.integers(0, 60, 300),
               _rng.integers(-16, 17, (300, 2)) / 8)),
    large("many-coordinates", "mixed", "d"),
)  # fmt: skip


def sample_update(rng):
    """A few bytes of middling size."""
    d, n = int(rng.integers(1, 5)), int(rng.integers(1, 6))
    codes = rng.integers(60, 120, n) + 128 * rng.integers(0, 2, n)
    return _step(
        rng.standard_normal(d), codes, rng.standard_normal((n, d)), float(rng.uniform(0.1, 1)),
        str(rng.choice(["sqrt", "mean"])), float(rng.choice([8.0, 16.0])), int(rng.integers(90, 100)),
    )  # fmt: skip


def _log(w0, machines, codes, z, eta=0.5, norm="sqrt", slope=8.0, offset=96):
    values = _arrays(w0=w0, machines=machines, codes=codes, z=z)
    return values | {"eta": eta, "norm": norm, "slope": slope, "offset": offset}


def _random_log(rng, steps, n, d, *, machines=4, **rates):
    """Messages of some of the machines, one or two samples of each, in any order."""
    who = np.full((steps, n), -1)
    for row in who:
        count = int(rng.integers(1, n + 1))
        row[rng.permutation(n)[:count]] = rng.integers(0, machines, count)
    codes = rng.integers(60, 112, (steps, n)) + 128 * rng.integers(0, 2, (steps, n))
    return _log(rng.integers(-8, 9, d) / 4, who, codes, rng.integers(-16, 17, (steps, n, d)) / 8, **rates)


_HAND = _log([1, -2], [[1, 0, -1], [2, 0, 1]], [[96, 224, 127], [96, 96, 0]],
             [[[1, 0], [0, 1], [9, 9]], [[1, 1], [2, 0], [5, 5]]], norm="mean", eta=0.75)  # fmt: skip
REPLAY = (
    Case("by-hand", ("basic", "missing_step"), "two machines send, then three; an empty place does not count",
         _HAND, equations=MOVE,
         answer={"w": np.array([[0.625, -1.625], [-0.125, -1.875]])}, source="worked by hand"),
    Case("shuffled", ("basic", "wrong_order"), "messages come in another order in each iteration",
         _log([1, -2, 0.5], [[2, 0, 1], [1, 2, 0], [0, 1, 2]], [[90, 215, 103], [97, 225, 80], [230, 99, 101]],
              [FOUR[:3], FOUR[1:], FOUR[:3]]), equations=MOVE),
    Case("two-samples-each", ("basic",), "a machine may send more than one byte, and another fewer",
         _log([1, -2, 0.5], [[1, 0, 1, 0], [0, 1, 0, -1]], [[90, 215, 103, 100], [97, 225, 80, 99]], [FOUR, FOUR])),
    Case("one-leaves", ("boundary", "missing_step"), "when machines leave, N falls with them",
         _log([0, 0], [[0, 1, 2, 3], [0, -1, 2, 3], [-1, -1, 2, -1]], np.full((3, 4), 98),
              np.ones((3, 4, 2)) * [1, -2], norm="sqrt")),
    Case("one-message", ("boundary",), "one machine, one sample, one coordinate", _log([3], [[0]], [[100]], [[[-2]]])),
    Case("other-scale", ("boundary",), "slope and offset come from the arguments",
         _random_log(stream(2, "one_byte-case"), 2, 3, 2, slope=16.0, offset=64, norm="mean")),
    Case("three-hundred-iterations", ("long",), "a whole log: the last iteration is done like the first",
         _random_log(stream(3, "one_byte-case"), 300, 2, 2, eta=0.25)),
    large("many-coordinates", "shuffled", "d"),
)  # fmt: skip


def sample_replay(rng):
    """A short log."""
    steps, n, d = (int(rng.integers(1, high)) for high in (4, 5, 4))
    return _random_log(rng, steps, n, d, norm=str(rng.choice(["sqrt", "mean"])), eta=float(rng.uniform(0.1, 1)))


# The whole method -----------------------------------------------------------------------------------------------------


def _rounds(rng, A, w0, steps, joins, leaves, samples=2, *, eps=0.25, eta=0.125, norm="sqrt"):
    """Directions and samples, drawn for one iteration after the other until no slope is near a threshold or zero."""
    w, d, M = np.array(w0, dtype=float), len(w0), len(joins)
    A, joins, leaves = (np.array(x, dtype=float) for x in (A, joins, leaves))
    b, z = np.zeros((2, steps, M, samples, d))
    for t in range(steps):
        there = (joins <= t) & (t < leaves)
        while True:
            b[t], z[t] = rng.integers(-16, 17, (2, M, samples, d)) / 8
            g = np.sum(z[t] * ((A + A.T) @ w / 2 - b[t]), axis=-1)
            exponent = 8 * np.log(np.maximum(np.abs(g), 1e-9))
            if np.all(np.abs(g) > 0.1) and np.all(np.abs(exponent - np.floor(exponent) - 0.5) > NEAR):
                break
        N = samples * there.sum()
        g_hat = np.sign(g) * np.exp(np.round(exponent) / 8)
        w = w - eta / (N**0.5 if norm == "sqrt" else N) * np.sum((g_hat[..., None] * z[t])[there], axis=(0, 1))
    return _arrays(A=A, b=b, w0=w0, z=z, joins=joins, leaves=leaves) | {"eps": eps, "eta": eta, "norm": norm}


_STAY = 1000
WHOLE = tuple(f"one_byte-{i}" for i in range(2, 8))
ROUNDS = (
    Case("two-machines", ("basic", "wrong_order"), "each machine probes its own loss along its own directions",
         _rounds(stream(4, "one_byte-case"), LOPSIDED, [1, -2, 0.5], 3, [0, 0], [_STAY] * 2), equations=WHOLE),
    Case("one-joins", ("basic", "missing_step"),
         "a machine that joins late replays what was sent before, and so probes at the same parameters",
         _rounds(stream(5, "one_byte-case"), LOPSIDED, [1, -2, 0.5], 4, [0, 0, 2], [_STAY] * 3, 1), equations=WHOLE),
    Case("one-leaves", ("basic", "boundary"), "from when a machine has left, N counts the others alone",
         _rounds(stream(6, "one_byte-case"), LOPSIDED, [1, -2, 0.5], 3, [0, 0, 0], [_STAY, 1, _STAY], 1, norm="mean"),
         equations=WHOLE),
    Case("alone", ("boundary",), "one machine, one coordinate",
         _rounds(stream(7, "one_byte-case"), [[2]], [3], 2, [0], [_STAY], 1), equations=WHOLE),
    Case("far-probe", ("edge_case",), "a large eps, a large step",
         _rounds(stream(8, "one_byte-case"), LOPSIDED, [1, -2, 0.5], 2, [0, 1], [_STAY] * 2, eps=2.0, eta=0.5)),
)  # fmt: skip


def sample_rounds(rng):
    """One or two machines on a small quadratic, the second of which may join late."""
    d, steps, M = (int(rng.integers(1, high)) for high in (4, 4, 3))
    half = rng.integers(-4, 5, (d, d)) / 4
    joins = [0, int(rng.integers(0, steps + 1))][:M]
    return _rounds(
        rng, half @ half.T + np.eye(d), rng.integers(-16, 17, d) / 8, steps, joins, [_STAY] * M,
        int(rng.integers(1, 3)), norm=str(rng.choice(["sqrt", "mean"])),
    )  # fmt: skip
