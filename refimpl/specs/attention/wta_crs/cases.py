"""Inputs of the operations of WTA-CRS under permanent names, and random ones."""

import numpy as np

from refimpl.core.random import stream
from refimpl.specs.base import Case
from refimpl.specs.sizes import large

TILES = 2**13  # copies of each pair in the large cases of laws
_PAPER = np.array([0.5, 0.2, 0.1, 0.1, 0.05, 0.05])
_SIX = np.array([30, 13, 8, 6, 4, 3]) / 64  # with k = 5 three winners
_SIXTEENTHS = np.array([8, 1, 1, 4, 1, 1]) / 16  # with k = 4 two winners, which leave quarters
_UNSORTED = np.array([3, 20, 1, 6, 24, 2, 4, 4]) / 64  # with k = 5 two winners
_TILED = np.array([24, 12, 8, 6, 5, 4, 3, 1, 1]) / 64  # with k = 3 one winner


def _rng(name):
    return stream(0, "wta_crs-case", name)


def _digits(rng, *shape):
    """Normal draws in two digits."""
    return rng.standard_normal(shape).round(2)


def _some_law(rng, m):
    sizes = rng.uniform(0.05, 1, m) ** 3
    return sizes / sizes.sum()


def _copies(of, inputs, answer, source, dtypes=("float64", "float32")):
    """A case of many copies of each pair of a small one, whose answer has a closed form."""

    def make(operation, before):
        return Case("copies", ("large",), f"each pair of {of} {TILES} times", inputs, dtypes=dtypes, source=source,
                    small=before[of], derived=lambda values: answer, recipe=f"{of}/m/{TILES}/copied")  # fmt: skip

    return make


# plan -----------------------------------------------------------------------------------------------------------------


def _tiled_plan():
    """Winners are all copies of the small winner, and scores are a straight line over one between its corners."""
    k, c = 3 * TILES, np.arange(3 * TILES)
    left = np.array([64, 40, 28])[c // TILES] - (c % TILES) * np.array([24, 12, 8])[c // TILES] / TILES
    winners = np.concatenate([9 * np.arange(TILES), np.full(2 * TILES, -1)])
    answer = {"winners": winners, "count": TILES, "mass": 24 / 64, "scores": left / 64 / (k - c)}
    return {name: np.array(value, dtype=float) for name, value in answer.items()}


PLAN = (
    Case("worked-example", ("basic", "wrong_constant"), "scores 1/3, .5 / 2, .3 / 1: one winner", {"p": _PAPER, "k": 3},
         equations=("wta_crs-5", "wta_crs-6"), source="worked by hand",
         answer={"winners": np.array([0, -1, -1]), "count": np.array(1), "mass": np.array(0.5),
                 "scores": np.array([1 / 3, 0.25, 0.3])}),
    Case("two-winners", ("basic", "missing_step", "wrong_order", "variant"), "winners are not the first pairs",
         {"p": _UNSORTED, "k": 5}, equations=("wta_crs-5", "wta_crs-6", "wta_crs-7")),
    Case("sixteenths", ("basic", "wrong_constant"), "two winners of different size", {"p": _SIXTEENTHS, "k": 4}),
    Case("no-winner", ("edge_case",), "nearly flat: no pair is worth it",
         {"p": np.array([5, 6, 7, 4, 5, 5]) / 32, "k": 3}),
    Case("all-equal", ("edge_case", "known_bug"), "equal p never win", {"p": np.full(30, 1 / 30), "k": 12}),
    Case("one-hot", ("edge_case",), "the winner leaves nothing: score 0", {"p": np.array([0.0, 1, 0, 0]), "k": 2}),
    Case("one", ("boundary",), "k = 1 leaves no place for a winner", {"p": _PAPER, "k": 1}),
    Case("all-but-one", ("boundary",), "k = m - 1", {"p": _SIX, "k": 5}),
    Case("two-pairs", ("boundary",), "the smallest sizes", {"p": np.array([0.25, 0.75]), "k": 1}),
    Case("tiny-tail", ("numerics",), "1 minus the winners would have lost what is left of 1e-12",
         {"p": np.array([0.5, 0.5 - 1e-12, 3e-13, 2.5e-13, 2.5e-13, 2e-13]), "k": 4}),
    Case("nine-pairs", ("basic",), "one winner of nine", {"p": _TILED, "k": 3}),
    _copies("nine-pairs", {"p": np.tile(_TILED / TILES, TILES), "k": 3 * TILES}, _tiled_plan(), "closed form"),
)  # fmt: skip


def sample_plan(rng):
    m = int(rng.integers(2, 9))
    return {"p": _some_law(rng, m), "k": int(rng.integers(1, m))}


# rows -----------------------------------------------------------------------------------------------------------------


def _rows(p, u, kind="wta"):
    return {"p": np.array(p), "u": np.array(u, dtype=float), "kind": kind}


def _tiled_rows():
    """Draws at odd multiples of 2^-17, found among whole numbers."""
    draws = 2 * TILES
    odd = 2 * _rng("tiled").integers(0, 2**16, draws) + 1
    left = np.tile(np.array([0, 12, 8, 6, 5, 4, 3, 1, 1]), TILES)
    found = np.searchsorted(np.cumsum(left) * 2**17, odd * left.sum(), side="right")
    p, u = np.tile(_TILED / TILES, TILES), np.concatenate([odd / 2**17, np.zeros(TILES)])
    answer = {
        "indices": np.concatenate([9 * np.arange(TILES), found]).astype(float),
        "weights": np.concatenate([np.ones(TILES), 40 * TILES / (draws * left[found])]),
        "used": np.array(float(3 * TILES)),
    }
    return _copies("nine-pairs", _rows(p, u), answer, "sums of whole numbers", ("float64",))


_ALL_ZERO = [0.0, 0, 1, 2, 5, 0, 8, 0]
ROWS = (
    Case("worked-example", ("basic", "missing_step", "wrong_constant", "wrong_order"),
         "one winner and two draws, of weights .5 / (2 p)", _rows(_PAPER, [0.1, 0.55, 0.95]),
         equations=("wta_crs-2", "wta_crs-7", "wta_crs-8"), source="worked by hand",
         answer={"indices": np.array([0, 1, 2]), "weights": np.array([1, 1.25, 2.5]), "used": np.array(3)}),
    Case("plain", ("basic", "wrong_constant"), "the same draws from all pairs", _rows(_PAPER, [0.1, 0.55, 0.97], "crs"),
         equations=("wta_crs-2", "wta_crs-3"), source="worked by hand",
         answer={"indices": np.array([0, 1, 5]), "weights": np.array([2 / 3, 5 / 3, 20 / 3]), "used": np.array(3)}),
    Case("largest", ("basic",), "of three equal pairs the first is kept",
         _rows(np.array([8, 16, 8, 24, 8]) / 64, [0.5, 0.25, 0.75], "topk"), equations=("wta_crs-11",),
         answer={"indices": np.array([0, 1, 3]), "weights": np.ones(3), "used": np.array(3)}, source="by hand"),
    Case("two-winners", ("basic", "missing_step", "wrong_order", "variant"),
         "winners in the middle, draws out of order, one pair twice", _rows(_UNSORTED, [0.93, 0.03, 0.4, 0.9, 0.6])),
    Case("sixteenths", ("basic", "missing_step"), "two winners and two draws of quarters",
         _rows(_SIXTEENTHS, [0.6, 0.1, 0.2, 0.3])),
    Case("plain-sixteenths", ("basic",), "four draws of sixteenths", _rows(_SIXTEENTHS, [0.53, 0.1, 0.97, 0.7], "crs")),
    Case("all-equal", ("edge_case", "known_bug"), "no winner: every draw still has weight m / k",
         _rows(np.full(30, 1 / 30), _rng("equal").uniform(size=12).round(3)), equations=("wta_crs-8",)),
    Case("zeros-in-front", ("edge_case", "known_bug"), "u = 0 finds the first pair of p > 0, and no other",
         _rows(np.array(_ALL_ZERO) / 16, [0.0, 0.0, 0.4]), equations=("wta_crs-2",)),
    Case("plain-zeros", ("edge_case", "known_bug"), "u = 0 and u near 1 stay inside what has p > 0",
         _rows(np.array(_ALL_ZERO) / 16, [0.0, 0.4, 1 - 2.0**-16], "crs"), equations=("wta_crs-2",)),
    Case("last", ("edge_case",), "u near 1 finds the last pair of p > 0, though a winner and a zero follow",
         _rows(np.array([2, 3, 2, 8, 0, 1]) / 16, [1 - 2.0**-16, 0.0, 0.5])),
    Case("one-hot", ("edge_case",), "the winner leaves nothing to draw from", _rows([0.0, 1, 0, 0], [0.5, 0.25])),
    Case("long-tail", ("edge_case", "known_bug"), "winners of probability 0.9995 leave draws of large weight",
         _rows(np.array([1, 2047, 1, 1, 2045, 1]) / 4096, [0.3, 0.6, 0.0, 0.0])),
    Case("tail-of-1e-12", ("numerics",), "what is left is added up, not 1 minus the winners",
         _rows([0.5, 3e-13, 0.5 - 1e-12, 2.5e-13, 2.5e-13, 2e-13], [0.2, 0.6, 0.0, 0.0])),
    Case("tail-of-1e-14", ("numerics",), "three of about 1e-14, in front",
         _rows([1e-14, 1.5e-14, 1e-14, 0.25, 0.5, 0.25 - 3.5e-14], [0.2, 0.6, 0.1, 0.0, 0.0])),
    Case("one", ("boundary",), "a single draw", _rows(_PAPER, [0.6])),
    Case("all-but-one", ("boundary",), "k = m - 1", _rows(_SIX, [0.3, 0.6, 0.1, 0.93, 0.2])),
    Case("all", ("boundary",), "k = m: every pair once, with weight 1", _rows([0.5, 0.3, 0.2], [0.9, 0.1, 0.2])),
    Case("more-than-all", ("boundary",), "k > m", _rows([0.75, 0.25], [0.9, 0.1, 0.2], "crs")),
    Case("nine-pairs", ("basic",), "one winner and two draws of nine", _rows(_TILED, [0.7, 0.1, 0.5])),
    _tiled_rows(),
)  # fmt: skip


def sample_rows(rng):
    m = int(rng.integers(1, 9))
    u = rng.uniform(size=int(rng.integers(1, m + 2)))
    return _rows(_some_law(rng, m), u, str(rng.choice(["wta", "wta", "crs", "topk"])))


# estimate and variance ------------------------------------------------------------------------------------------------

_X4, _Y4 = np.array([[2.0, 0, 1, 1], [0, 1, 1, -1]]), np.array([[1.0, 1], [1, 0], [0, 1], [2, 0]])
_X6 = np.array([[3.0, 0, 1, 12, -1, 0], [4, 2, 0, 5, 0, -3]])  # lengths 5, 2, 1, 13, 1, 3
_Y6 = np.array([[4.0, 3, 0], [0, 1, 0], [2, 0, 1], [6, -8, 0], [0, 0, 5], [1, 2, 2]])  # 5, 1, sqrt 5, 10, 5, 3
_S6 = np.array([25, 2, 2, 130, 5, 9]) / 173  # about the law of these pairs


def _estimate(X, Y, u, kind="wta"):
    return {"X": X, "Y": Y, "u": np.array(u, dtype=float), "kind": kind}


ESTIMATE = (
    Case("worked-example", ("basic", "wrong_constant"), "no winner; the third pair twice, 1 / (2 p) = 2.853",
         _estimate(_X4, _Y4, [0.5, 0.5]), equations=("wta_crs-1", "wta_crs-9")),
    Case("one-winner", ("basic", "missing_step", "wrong_constant"), "the fourth pair wins, two others are drawn",
         _estimate(_X6, _Y6, [0.9, 0.35, 0.4]), equations=("wta_crs-1", "wta_crs-8", "wta_crs-9")),
    Case("two-winners", ("basic", "missing_step"), "two pairs win", _estimate(_X6, _Y6, [0.3, 0.7, 0.1, 0.2])),
    Case("plain", ("basic",), "without winners", _estimate(_X6, _Y6, [0.05, 0.5, 0.97], "crs")),
    Case("largest", ("basic",), "biased", _estimate(_X6, _Y6, [0.05, 0.5], "topk")),
    Case("all", ("boundary",), "k = m is the product", _estimate(_X4, _Y4, [0.1, 0.2, 0.3, 0.4], "crs"),
         answer={"product": _X4 @ _Y4}, source="the product"),
    Case("nothing", ("edge_case",), "pairs of 0 come with the same chance, and no 0 / 0",
         _estimate(0 * _X4, _Y4, [0.1, 0.9]), answer={"product": np.zeros((2, 2))}, source="nothing"),
    Case("zero-pairs", ("edge_case",), "a column of X and a row of Y are 0, and no draw finds them",
         _estimate(_X6 * [0, 1, 1, 1, 1, 1], _Y6 * [[1], [1], [0], [1], [1], [1]], [0.0, 0.7, 0.4])),
    Case("one-pair", ("boundary",), "the smallest sizes", _estimate(np.array([[2.0]]), np.array([[-3.0]]), [0.5])),
    large("many-rows", "one-winner", "n", balanced=True),
)  # fmt: skip


def sample_estimate(rng):
    n, m, q, k = (int(rng.integers(1, 5)) for _ in range(4))
    X, Y = rng.standard_normal((n, m)) * rng.uniform(0.2, 2, m) ** 2, rng.standard_normal((m, q))
    return _estimate(X, Y, rng.uniform(size=k), str(rng.choice(["wta", "wta", "crs", "topk"])))


def _variance(X, Y, p, k, kind="wta"):
    return {"X": X, "Y": Y, "p": np.array(p), "k": k, "kind": kind}


def _copied(operation, before):
    """Each pair of a small case many times, of 1 / times its size and probability."""
    small, times = before["plain"], 2 * TILES
    inputs = small.inputs | {
        "X": np.tile(small.inputs["X"] / times, times),
        "Y": np.tile(small.inputs["Y"], (times, 1)),
        "p": np.tile(small.inputs["p"] / times, times),
    }
    return Case("copies", ("large",), f"each pair of plain {times} times, of 1 / {times} of its size and probability",
                inputs, dtypes=("float64",), source="the answer of plain: neither sum in it changes", small=small,
                derived=lambda values: values, recipe=f"plain/m/{times}/copied")  # fmt: skip


_UNIT = np.array([2, 1, 4, 1]) / 8
VARIANCE = (
    Case("plain", ("basic", "wrong_constant"), "two draws", _variance(_X4, _Y4, _UNIT, 2, "crs"),
         equations=("wta_crs-4",)),
    Case("one-winner", ("basic", "missing_step", "wrong_constant"), "one winner and two draws",
         _variance(_X6[:, :5], _Y6[:5], np.array([5, 2, 1, 20, 4]) / 32, 3), equations=("wta_crs-7", "wta_crs-10")),
    Case("two-winners", ("basic", "missing_step"), "two winners and two draws",
         _variance(_X6, _Y6, np.array([12, 1, 1, 14, 2, 2]) / 32, 4)),
    Case("no-winner", ("edge_case",), "as without winners", _variance(_X4, _Y4, _UNIT, 1)),
    Case("largest", ("basic",), "a bias, no variance", _variance(_X4, _Y4, _UNIT, 2, "topk"),
         equations=("wta_crs-12",)),
    Case("coins", ("basic", "missing_step"), "one chance is 1", _variance(_X6[:, :5], _Y6[:5],
         np.array([5, 2, 1, 20, 4]) / 32, 3, "bernoulli"), equations=("wta_crs-30", "wta_crs-32")),
    Case("blindly", ("basic", "wrong_constant"), "p does not count", _variance(_X6, _Y6, _S6, 4, "uniform"),
         equations=("wta_crs-34",)),
    Case("blindly-two", ("basic", "wrong_constant"), "two of five",
         _variance(_X6[:, :5], _Y6[:5], np.array([5, 2, 1, 20, 4]) / 32, 2, "uniform"), equations=("wta_crs-34",)),
    Case("one-hot", ("edge_case",), "all probability at the only pair that counts: exact",
         _variance(_X4 * [0, 0, 1, 0], _Y4, [0.0, 0, 1, 0], 2), answer={"error": np.array(0.0)}, source="exact"),
    Case("pair-of-zeros", ("edge_case",), "a pair of 0 and p = 0 adds nothing",
         _variance(_X4 * [1, 0, 1, 1], _Y4, np.array([3, 0, 3, 2]) / 8, 2)),
    Case("zero-pair-of-coins", ("edge_case",), "a coin that always fails",
         _variance(_X4 * [1, 0, 1, 1], _Y4, np.array([2, 0, 1, 1]) / 4, 2, "bernoulli")),
    Case("all", ("boundary",), "k = m has no error", _variance(_X4, _Y4, _UNIT, 4), answer={"error": np.array(0.0)},
         source="exact"),
    Case("one-of-two", ("boundary",), "the smallest sizes",
         _variance(np.array([[2.0, 1]]), np.array([[1.0], [-3]]), [0.5, 0.5], 1, "crs")),
    _copied,
)  # fmt: skip


def sample_variance(rng):
    n, q = (int(rng.integers(1, 4)) for _ in range(2))
    m, k = int(rng.integers(2, 6)), int(rng.integers(1, 4))
    kind = str(rng.choice(["wta", "wta", "crs", "topk", "bernoulli", "uniform"]))
    return _variance(rng.standard_normal((n, m)), rng.standard_normal((m, q)), _some_law(rng, m), k, kind)


# A linear layer -------------------------------------------------------------------------------------------------------


def _linear(H, W, b, G, norms, ratio, phi, u):
    arrays = {"H": H, "W": W, "b": b, "G": G, "norms": norms, "u": u}
    return {name: np.array(x, dtype=float) for name, x in arrays.items()} | {"ratio": ratio, "phi": phi}


_FOUR = _linear([[3, 0], [1, 1], [0, 1], [0.5, 0]], [[1, -1], [0.5, 2]], [0.1, 0], [[1, 0], [0, 2], [1, 1], [-1, 1]],
                [2, 1, 0, 1], 0.75, 0.1, [0.3, 0.8, 0.6, 0.0])  # fmt: skip


def _batch(name, B=8, d=3, e=2, ratio=0.5, phi=0.25, norms=None):
    rng = _rng(name)
    H = _digits(rng, B, d) * np.array([4, 1, 0.5, 1, 3, 0.25, 1, 0.5])[:B, None]
    W, b, G = _digits(rng, d, e), _digits(rng, e), _digits(rng, B, e)
    norms = rng.uniform(0.1, 2, B).round(2) if norms is None else norms
    return _linear(H, W, b, G, norms, ratio, phi, rng.uniform(size=B).round(3))


_EIGHT = _batch("eight", ratio=0.7)
_ONE_GONE = np.array([[1], [0], [1], [1], [1], [1], [1], [1]])
LINEAR = (
    Case("worked-example", ("basic", "missing_step", "wrong_constant"), "rows 0 and 1 win, row 3 is drawn", _FOUR,
         equations=("wta_crs-13", "wta_crs-14", "wta_crs-15", "wta_crs-16", "wta_crs-18")),
    Case("eight-rows", ("basic", "missing_step", "wrong_order", "known_bug"), "winners, and draws out of order", _EIGHT,
         equations=("wta_crs-13", "wta_crs-14", "wta_crs-17", "wta_crs-18", "wta_crs-19", "wta_crs-20")),
    Case("first-epoch", ("edge_case", "known_bug"), "nothing is cached: rows by their own length, draws still weighted",
         _batch("first", norms=np.zeros(8), ratio=0.75, phi=0.125), equations=("wta_crs-14",)),
    Case("some-unseen", ("edge_case", "missing_step"), "rows with cache 0 are found thanks to the floor",
         _batch("some", norms=np.array([0, 1.5, 0, 0.5, 0, 3, 1, 0]), phi=0.5, ratio=0.75),
         equations=("wta_crs-14", "wta_crs-15")),
    Case("flat", ("edge_case", "known_bug"), "rows of one length: no winner, every row of weight B / k",
         _linear(np.tile([[3, 4], [4, 3], [-5, 0]], (4, 1)), [[1, -1], [0.5, 2]], [0.5, 1],
                 _digits(_rng("flat"), 12, 2), np.zeros(12), 0.35, 0.25, _rng("flat-u").uniform(size=12).round(3))),
    Case("zero-row", ("edge_case",), "a row of H is 0", _EIGHT | {"H": _EIGHT["H"] * _ONE_GONE}),
    Case("zero-input", ("edge_case",), "H = 0: equal chances, no 0 / 0, Z = b",
         _EIGHT | {"H": 0 * _EIGHT["H"], "ratio": 0.3}),
    Case("no-floor", ("boundary",), "phi = 0", _batch("none", phi=0.0, ratio=0.4)),
    Case("floor-alone", ("boundary",), "phi = 1: all rows alike", _batch("alone", phi=1.0, ratio=0.4)),
    Case("all-rows", ("boundary",), "ratio 1: the exact gradient", _EIGHT | {"ratio": 1.0}),
    Case("one-row", ("boundary",), "below one row: one is kept", _EIGHT | {"ratio": 0.05}, equations=("wta_crs-16",)),
    Case("tiny-norms", ("numerics", "known_bug"), "lengths of 1e-8 are as good as others",
         _batch("tiny") | {"norms": _batch("tiny")["norms"] / 2**27}),
    Case("single", ("boundary",), "the smallest sizes", _linear([[2]], [[3]], [1], [[-1]], [1], 0.5, 0.1, [0.5])),
    Case("without-biases", ("basic",), "two rows drawn of eight", _batch("unbiased") | {"b": np.zeros(2)}),
    large("many-inputs", "without-biases", "d", balanced=True, size=50_000, dtypes=("float64",),
          answers=lambda small, times: {"Z": small["Z"] * times, "floats": small["floats"] * times}),
)  # fmt: skip


def sample_linear(rng):
    B, d, e = int(rng.integers(1, 8)), *(int(rng.integers(1, 4)) for _ in range(2))
    H, G = rng.standard_normal((B, d)) * rng.uniform(0.3, 2, (B, 1)) ** 2, rng.standard_normal((B, e))
    norms = rng.uniform(0.1, 1, B) * (rng.uniform(size=B) < 0.8)
    rates = float(rng.uniform(0.1, 0.9)), float(rng.uniform(0, 0.5))
    return _linear(H, rng.standard_normal((d, e)), rng.standard_normal(e), G, norms, *rates, rng.uniform(size=B))


# Training -------------------------------------------------------------------------------------------------------------


def _training(rng, T, N=5, B=3, d=2, h=3, c=2, lr=0.25, momentum=0.5, ratio=0.7, phi=0.25, digits=2):
    normal = lambda *shape: rng.standard_normal(shape).round(digits)
    return {
        "x": normal(N, d), "labels": rng.integers(0, c, N),
        "W1": normal(d, h), "b1": normal(h), "W2": normal(h, c), "b2": normal(c),
        "batches": np.stack([rng.permutation(N)[:B] for _ in range(T)]),
        "u": np.minimum(rng.uniform(size=(T, 2, B)).round(3), 0.999),  # below 1 when it is rounded, too
        "lr": lr, "momentum": momentum, "ratio": ratio, "phi": phi,
    }  # fmt: skip


TRAJECTORY = (
    Case("three-steps", ("basic", "missing_step", "wrong_order"), "the second and third step read what the first wrote",
         _training(_rng("three"), 3, ratio=0.9),
         equations=("wta_crs-13", "wta_crs-18", "wta_crs-21", "wta_crs-22", "wta_crs-23", "wta_crs-24")),
    Case("never-seen", ("edge_case", "missing_step"), "samples that are never visited keep cache 0",
         _training(_rng("never"), 4, N=9) | {"batches": np.array([[8, 2, 4], [4, 8, 3], [2, 3, 8], [3, 2, 4]])},
         equations=("wta_crs-21",)),
    Case("no-momentum", ("boundary",), "momentum 0", _training(_rng("still"), 3, momentum=0.0)),
    Case("exact", ("boundary",), "ratio 1: gradient descent", _training(_rng("exact"), 3, ratio=1.0)),
    Case("wider-batch", ("basic", "wrong_order"), "winners among seven of nine samples, three classes",
         _training(_rng("wider"), 4, N=9, B=7, h=4, c=3, ratio=0.6)),
    Case("three-hundred-steps", ("long",), "nothing wears off", _training(_rng("long"), 300, lr=0.01, phi=0.5),
         dtypes=("float64",)),
)  # fmt: skip


def sample_trajectory(rng):
    return _training(rng, 3, N=6, B=4, digits=6)


# Controls -------------------------------------------------------------------------------------------------------------


def _controls(p, u, k, kind="bernoulli"):
    return {"p": np.array(p), "u": np.array(u, dtype=float), "k": k, "kind": kind}


def _tiled_coins():
    u = (2 * _rng("tiled-coins").permutation(9 * TILES) + 1) / 2**18
    chances = np.tile(np.minimum(1, _TILED * 64 / 20), TILES)
    answer = {"weights": np.where(u < chances, 1 / chances, 0.0)}
    return _copies("nine-pairs", _controls(np.tile(_TILED / TILES, TILES), u, 3 * TILES), answer, "chances of the nine")


_COINS = [0.97, 0.5, 0.1, 0.45, 0.15, 0.9]
CONTROLS = (
    Case("worked-example", ("basic", "missing_step"), "chances 1, .8, .4, .4, .2, .2", _controls(_PAPER, _COINS, 3),
         equations=("wta_crs-30", "wta_crs-31"), source="worked by hand",
         answer={"weights": np.array([1, 1.25, 2.5, 0, 5, 0])}),
    Case("two-rounds", ("basic", "missing_step"), "with one pair fixed at 1 a second is above it",
         _controls(np.array([40, 14, 4, 3, 2, 1]) / 64, [0.9, 0.95, 0.3, 0.99, 0.05, 0.6], 3)),
    Case("no-winner", ("basic",), "all chances below 1", _controls(np.array([5, 6, 7, 4, 5, 5]) / 32, _COINS, 2)),
    Case("blindly", ("basic", "wrong_constant"), "three of six, of weight 2", _controls(_PAPER, _COINS, 3, "uniform"),
         equations=("wta_crs-33",), answer={"weights": np.array([0, 0, 2, 2, 2, 0])}, source="worked by hand"),
    Case("blindly-four", ("basic", "wrong_constant"), "four of six, of weight 1.5",
         _controls(_PAPER, _COINS, 4, "uniform"), equations=("wta_crs-33",)),
    Case("few", ("edge_case",), "fewer than k have p > 0", _controls([0.0, 0.75, 0.25, 0], [0.0, 0.9, 0.5, 0.25], 3)),
    Case("one-hot", ("edge_case",), "a single pair", _controls([0.0, 1, 0], [0.0, 0.9, 0.5], 1)),
    Case("all", ("boundary",), "k = m", _controls([0.25, 0.75], [0.5, 0.9], 2), answer={"weights": np.ones(2)},
         source="all"),
    Case("nine-pairs", ("basic",), "one chance of nine is 1",
         _controls(_TILED, [0.99, 0.5, 0.6, 0.2, 0.1, 0.25, 0.05, 0.4, 0.01], 3)),
    _tiled_coins(),
)  # fmt: skip


def sample_controls(rng):
    m = int(rng.integers(2, 8))
    return _controls(_some_law(rng, m), rng.uniform(size=m), int(rng.integers(1, m + 1)),
                     str(rng.choice(["bernoulli", "uniform"])))  # fmt: skip


# A product of attention, and a block ----------------------------------------------------------------------------------


def _heads(name, h=2, n=4, m=3, q=5, ratio=0.6, phi=0.25, rng=None, digits=2):
    rng = _rng(name) if rng is None else rng
    normal = lambda *shape: rng.standard_normal(shape).round(digits)
    return {
        "A": normal(h, n, m) * np.array([3.0, 1, 0.5, 1, 0.25, 2, 1, 4])[:n, None],
        "B": normal(h, m, q) * np.array([0.5, 4, 1, 0.25, 3, 1, 2, 1])[:q],
        "G": normal(h, n, q),
        "columns": rng.uniform(0.1, 2, (h, q)).round(digits), "rows": rng.uniform(0.1, 2, (h, n)).round(digits),
        "ratio": ratio, "phi": phi,
        "u_columns": rng.uniform(size=(h, q)).round(4), "u_rows": rng.uniform(size=(h, n)).round(4),
    }  # fmt: skip


_HEADS = _heads("heads", h=3, n=7, q=8, phi=0.125)
SAMPLED_PRODUCT = (
    Case("two-heads-of-five", ("basic",), "columns of B and rows of A", _heads("two", ratio=0.65),
         equations=("wta_crs-26", "wta_crs-27")),
    Case("three-heads", ("basic", "missing_step", "wrong_order"), "one number of winners for three heads", _HEADS,
         equations=("wta_crs-25", "wta_crs-26", "wta_crs-27")),
    Case("first-epoch-of-two", ("edge_case",), "nothing is cached",
         _heads("fresh", n=6, ratio=0.65) | {"columns": np.zeros((2, 5)), "rows": np.zeros((2, 6))}),
    Case("one-of-two-unseen", ("edge_case",), "one head has no cache",
         _heads("half", ratio=0.65) | {"columns": np.array([[0.0] * 5, [1, 2, 0.5, 1, 0]])}),
    Case("all", ("boundary",), "ratio 1: exact", _HEADS | {"ratio": 1.0}),
    Case("one-vector", ("boundary",), "one column and one row", _HEADS | {"ratio": 0.01}),
    Case("single", ("boundary",), "the smallest sizes", _heads("single", 1, 1, 1, 1)),
    large("many-terms", "two-heads-of-five", "m", balanced=True, size=20_000,
          answers=lambda small, times: {"O": small["O"] * times, "floats": small["floats"] * times}),
)  # fmt: skip


def sample_product(rng):
    h, n, m, q = (int(rng.integers(1, 5)) for _ in range(4))
    return _heads("", h, n, m, q, float(rng.uniform(0.2, 1)), float(rng.uniform(0.05, 0.5)), rng, 6)


def _memory(batch, sequence, width, hidden, heads, ratio=0.3, copies=1):
    sizes = {"batch": batch, "sequence": sequence, "width": width, "hidden": hidden, "heads": heads}
    return sizes | {"ratio": ratio, "copies": copies}


MEMORY = (
    Case("by-hand", ("basic", "missing_step", "wrong_constant"), "4 tokens: inputs 4 x 14 + 16, the rest 16 + 16 + .25",
         _memory(1, 4, 2, 2, 1, 0.5), equations=("wta_crs-28", "wta_crs-29"), source="worked by hand",
         answer={"everything": np.array(0.08825), "sampled": np.array(0.06825), "recomputed": np.array(0.008)}),
    Case("base", ("basic",), "64 sequences of 128 tokens, sizes of T5-base", _memory(64, 128, 768, 3072, 12)),
    Case("base-dropout", ("basic",), "with dropout", _memory(64, 128, 768, 3072, 12, 0.1, 2)),
    Case("all", ("boundary",), "ratio 1 still keeps the output of the softmax twice", _memory(2, 3, 4, 8, 2, 1.0)),
    Case("one", ("boundary",), "the smallest sizes", _memory(1, 1, 1, 1, 1)),
)  # fmt: skip


def sample_memory(rng):
    batch, sequence, width, hidden, heads = (int(n) for n in rng.integers(1, 65, 5))
    ratio, copies = float(rng.uniform(0.05, 1)), int(rng.integers(1, 3))
    return _memory(batch, sequence, width, hidden, heads, ratio, copies)
