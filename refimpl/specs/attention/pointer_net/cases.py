"""Inputs of the operations of pointer networks under permanent names, and random ones."""

import numpy as np

from refimpl.core.random import stream
from refimpl.specs.base import Case, tags
from refimpl.specs.sizes import large

NAMES = "We", "be", "Wd", "bd", "go", "e0", "W1", "W2", "v"


def _rng(name):
    return stream(0, "pointer_net-case", name)


def _tags(*numbers):
    return tags("pointer_net", *numbers)


def _draw(rng, *shape, size=1.0):
    return np.round(rng.uniform(-size, size, shape), 3)


def _weights(rng, H, size=1.5, fed=0):
    """Weights of order one: smaller ones hide mistakes."""
    shapes = (2 + H, 4 * H), (4 * H,), (2 + H + fed, 4 * H), (4 * H,), (2,), (H,), (H, H), (H, H), (H,)
    return {name: _draw(rng, *shape, size=size) for name, shape in zip(NAMES, shapes, strict=True)}


_WE = [[.1, .2, .3, .4, -.1, -.2, .5, -.5], [.2, -.1, .1, 0, .3, .1, -.3, .4],
       [.1, 0, .2, -.2, .1, .3, .2, .1], [-.1, .2, 0, .1, -.2, .1, .1, .3]]  # fmt: skip
_B = np.array([0, 0, 1.0, 1, 0, 0, 0, 0])
WORKED = {
    "We": np.array(_WE), "be": _B, "Wd": np.array(_WE) / 2, "bd": _B, "go": np.array([0.5, -0.5]),
    "e0": np.array([0.1, -0.1]), "W1": np.array([[1, 0.5], [-0.5, 1]]), "W2": np.array([[0.3, -0.2], [0.1, 0.4]]),
    "v": np.array([2.0, -1.0]),
}  # fmt: skip
_CORNERS = np.array([[[0.0, 0], [1, 0], [0, 1]]])


# LSTM ----------------------------------------------------------------------------------------------------------------


def _cell(rng, B=2, d=2, H=2, size=1.0):
    return {"x": _draw(rng, B, d, size=2), "h": _draw(rng, B, H), "c": _draw(rng, B, H, size=2),
            "W": _draw(rng, d + H, 4 * H, size=size), "b": _draw(rng, 4 * H)}  # fmt: skip


def sample_lstm(rng):
    return _cell(rng, *(int(n) for n in rng.integers(1, 4, 3)))


def _changed(inputs, **more):
    return inputs | more


_SATURATED = np.array([800.0, -800, 800, -800, 800, -800, 800, -800])
LSTM = (
    Case("two-units", ("basic", "wrong_order", "wrong_constant"), "two rows, two units: every gate, in its block",
         _cell(_rng("cell")), equations=_tags(1, 2, 3, 4)),
    Case("second-state", ("basic",), "the second step of the encoder of the page",
         {"x": np.array([[1.0, 0]]), "h": np.zeros((1, 2)), "c": np.zeros((1, 2)), "W": np.array(_WE), "b": _B},
         equations=_tags(1, 2, 3, 4)),
    Case("one-unit", ("boundary",), "one unit, one number to read", _cell(_rng("one"), 1, 1, 1)),
    Case("more-units", ("basic",), "three units and one number to read", _cell(_rng("three"), 2, 1, 3)),
    Case("fewer-units", ("basic",), "one unit and four numbers to read", _cell(_rng("four"), 3, 4, 1)),
    Case("large-cell", ("edge_case", "missing_step"), "a cell of 5 goes out through a hyperbolic tangent",
         _changed(_cell(_rng("cell")), c=np.array([[5.0, -5], [3, 4]])), equations=_tags(4)),
    Case("saturated", ("numerics",), "gates at their ends: no exponential overflows",
         _changed(_cell(_rng("cell")), b=_SATURATED, W=np.zeros((4, 8))), equations=_tags(2)),
    large("many-rows", "two-units", "B", size=20_001),
)  # fmt: skip


# Pointing ------------------------------------------------------------------------------------------------------------


def _pointing(rng, B=2, s=4, H=3, size=1.5):
    mask = rng.uniform(size=(B, s)) < 0.7
    mask[:, 0] = True
    return {"E": _draw(rng, B, s, H), "d": _draw(rng, B, H), "W1": _draw(rng, H, H, size=size),
            "W2": _draw(rng, H, H, size=size), "v": _draw(rng, H, size=2), "mask": mask}  # fmt: skip


def sample_pointer(rng):
    return _pointing(rng, *(int(n) for n in rng.integers(1, 5, 3)))


def _with_mask(inputs, mask):
    return inputs | {"mask": np.array(mask, dtype=bool)}


_MANY_SLOTS = _pointing(_rng("slots"), 3, 41, 3)
POINTER = (
    Case("four-slots", ("basic", "wrong_constant", "missing_step"), "two rows of four slots, one of them masked",
         _with_mask(_pointing(_rng("pointing")), [[1, 1, 1, 0], [1, 1, 1, 1]]), equations=_tags(8, 9, 14)),
    Case("first-of-the-page", ("basic",), "the first choice of the page",
         {"E": np.array([[[0.1, -0.1], [0, 0], [0.113, -0.112], [0.016, -0.008]]]), "d": np.array([[0.056, -0.06]]),
          "W1": WORKED["W1"], "W2": WORKED["W2"], "v": WORKED["v"], "mask": np.ones((1, 4), dtype=bool)},
         equations=_tags(8, 9)),
    Case("masked-best", ("known_bug", "missing_step"), "the best slot is masked: its weight is 0, not exp(0)",
         {"E": np.array([[[0.0, 0], [3, 3], [1, -1]]]), "d": np.array([[0.5, 0.25]]), "W1": np.eye(2), "W2": np.eye(2),
          "v": np.array([2.0, 1]), "mask": np.array([[True, False, True]])}, equations=_tags(14)),
    Case("negative-scores", ("known_bug",), "all scores are far below 0: a masked slot with score 0 would take all",
         {"E": np.array([[[1.0], [2], [3]]]), "d": np.array([[1.0]]), "W1": np.eye(1), "W2": np.eye(1),
          "v": np.array([-9.0]), "mask": np.array([[True, True, False]])}, equations=_tags(14)),
    Case("one-slot", ("boundary",), "one slot has probability 1", _pointing(_rng("one-slot"), 2, 1, 2)),
    Case("one-unit", ("boundary",), "one unit", _pointing(_rng("one-unit"), 2, 3, 1)),
    Case("as-many-rows-as-slots", ("wrong_constant",), "three rows, three slots, three units: each along its own axis",
         _with_mask(_pointing(_rng("cube"), 3, 3, 3), np.ones((3, 3)))),
    Case("scores-of-800", ("numerics",), "scores of about 800 and -800: no exponential overflows",
         _pointing(_rng("huge"), 2, 4, 2) | {"v": np.array([700.0, -150.0])}, ("float64",), equations=_tags(14)),
    Case("scores-of-10000", ("numerics",), "scores of about 10,000: all the weight is on one slot",
         _pointing(_rng("larger"), 2, 4, 2) | {"v": np.array([9000.0, -2500.0])}, ("float64",), equations=_tags(14)),
    Case("many-slots", ("basic",), "41 slots", _MANY_SLOTS),
    large("many-rows", "many-slots", "B", size=2001),
)  # fmt: skip


# Targets given -------------------------------------------------------------------------------------------------------


def _given(rng, P, n_real, C, H=2, size=1.5):
    return _weights(rng, H, size) | {"P": P, "n_real": np.array(n_real), "C": np.array(C)}


def _points(rng, *shape):
    return np.round(rng.uniform(size=(*shape, 2)), 3)


def _padded(rng, B, n, m):
    """Targets of different lengths, some without end."""
    n_real = rng.integers(1, n + 1, B)
    C = np.full((B, m), -1)
    for row, real in zip(C, n_real, strict=True):
        k = int(rng.integers(0, m + 1))
        row[:k] = rng.integers(1, real + 1, k)
        if k > 0 and rng.random() < 0.7:
            row[k - 1] = 0
    C[0, 0] = max(C[0, 0], 0)
    return n_real, C


def sample_targets(rng):
    B, n, m, H = (int(k) for k in rng.integers(1, 4, 4))
    P = _points(rng, B, n)
    n_real, C = _padded(rng, B, n, m)
    return _given(rng, P, n_real, C, H)


_RAGGED = _given(
    _rng("ragged"), _points(_rng("ragged-points"), 3, 4), [4, 2, 3], [[3, 1, 4, 0], [2, 0, -1, -1], [3, 2, 1, -1]]
)
_WORKED = WORKED | {"P": _CORNERS, "n_real": np.array([3]), "C": np.array([[1, 2, 3, 0]])}


def _targets(dtypes=("float64", "float32")):
    """Cases that log-probabilities and gradients share; float32 loses the small gradient of W2 in the first."""
    return (
        Case("worked-example", ("basic",), "the example of the page: three points, then the end", _WORKED, dtypes,
             equations=_tags(5, 12, 13, 15, 17)),
        Case("order-one", ("basic", "wrong_order", "known_bug"), "weights of order one: what the decoder reads shows",
             _given(_rng("order-one"), _points(_rng("order-one-points"), 2, 4), [4, 4], [[2, 4, 1, 0], [4, 3, 0, -1]]),
             equations=_tags(12, 13)),
        Case("mixed-lengths", ("basic", "known_bug", "missing_step"), "inputs of four, two and three points in one "
                                                                      "batch, "
             "targets of four, two and three", _RAGGED, equations=_tags(6, 7, 16)),
        Case("one-point", ("boundary",), "one point, one "
                                         "target", _given(_rng("one-unit"), _points(_rng("one-point"), 1, 1), [1],
                                                                         [[1, 0]], 1)),
        Case("the-end-alone", ("boundary",), "an answer that is only the "
                                             "end", _given(_rng("end"), _points(_rng("end-points"),
             1, 2), [2], [[0]])),
        Case("the-same-point-again", ("edge_case",), "a target may point to the same place twice",
             _given(_rng("twice"), _points(_rng("twice-points"), 1, 3), [3], [[2, 2, 1]], 3)),
        Case("a-row-without-target", ("edge_case",), "a row of -1 takes no part: the mean is over targets, not over "
                                                     "rows",
             _given(_rng("none"), _points(_rng("none-points"), 3, 2), [2, 1, 2],
                    [[1, 2, 0], [-1, -1, -1], [2, -1, -1]]),
             equations=_tags(16, 17)),
    )  # fmt: skip


TEACHER = (
    *_targets(),
    Case("scores-of-800", ("numerics",), "scores of about 800: the logarithm of a share that is no float",
         _given(_rng("huge"), _points(_rng("huge-points"), 1, 3), [3], [[3, 1, 0]]) | {"v": np.array([700.0, -600.0])},
         ("float64",), equations=_tags(14)),
    Case("many-targets", ("long",), "300 targets among two points",
         _given(_rng("long"), _points(_rng("long-points"), 1, 2), [2], [_rng("long-targets").integers(1, 3, 300)], 1)),
    Case("many-points", ("long",), "300 points to read, two targets",
         _given(_rng("far"), _points(_rng("far-points"), 1, 300), [290], [[288, 17]], 1), equations=_tags(6)),
    large("many-rows", "mixed-lengths", "B", size=2001, balanced=True),
)  # fmt: skip

GRADIENTS = (
    *_targets(("float64",)),
    Case("many-targets", ("long",), "300 targets among two points",
         _given(_rng("long"), _points(_rng("long-points"), 1, 2), [2], [_rng("long-targets").integers(1, 3, 300)], 1),
         ("float64",)),
    large("many-rows", "mixed-lengths", "B", size=2001, balanced=True),
)  # fmt: skip


def _dictionary(rng, base, attention=True, K=5, fed=False):
    H = len(base["v"])
    made = {"Wo": _draw(rng, H * (1 + attention), K, size=1.5), "bo": _draw(rng, K)}
    return base | made | ({"Wd": _draw(rng, 2 + 2 * H, 4 * H, size=1.5)} if fed else {})


def sample_seq2seq(rng):
    inputs = sample_targets(rng)
    attention = bool(rng.random() < 0.7)
    K = int(np.max(inputs["C"])) + int(rng.integers(2, 4))
    return _dictionary(rng, inputs, attention, K, attention and rng.random() < 0.5)


_SHORT = _given(_rng("short"), _points(_rng("short-points"), 2, 3), [3, 2], [[3, 1, 0], [2, 0, -1]])
SEQ2SEQ = (
    Case("with-attention", ("basic", "wrong_order"), "attention over slots, a dictionary of five",
         _dictionary(_rng("attention"), _SHORT), equations=_tags(10, 11, 25, 26)),
    Case("fed", ("basic", "variant"), "the blended context of the step before is read too",
         _dictionary(_rng("fed"), _SHORT, fed=True), equations=_tags(13, 28)),
    Case("plain", ("basic",), "the state of the decoder alone", _dictionary(_rng("plain"), _SHORT, False),
         equations=_tags(11, 24)),
    Case("mixed-lengths", ("basic", "known_bug"), "inputs and targets of different lengths",
         _dictionary(_rng("mixed"), _RAGGED, fed=True)),
    Case("the-end-alone", ("boundary",), "an answer that is only the end",
         _dictionary(_rng("end"), _SHORT | {"C": np.array([[0], [0]])}, K=2)),
    Case("one-point", ("boundary",), "one point, one unit",
         _dictionary(_rng("one"), _given(_rng("one"), _points(_rng("one-point"), 1, 1), [1], [[1, 0]], 1), False, 2)),
    Case("many-targets", ("long",), "300 targets among two points, the context fed",
         _dictionary(_rng("long"), _given(_rng("long"), _points(_rng("long-points"), 1, 2), [2],
                                          [_rng("long-targets").integers(1, 3, 300)], 1), True, 3, True)),
    large("many-rows", "mixed-lengths", "B", size=2001, balanced=True),
)  # fmt: skip


# Decoding ------------------------------------------------------------------------------------------------------------


def _written(rng, P, n_real, rule="free", steps=None, width=1, H=2, size=2.5):
    made = _weights(rng, H, size) | {"P": P, "n_real": np.array(n_real)}
    return made | {"rule": rule, "steps": P.shape[1] + 2 if steps is None else steps, "width": width}


def sample_decode(rng):
    B, n, H, width = (int(k) for k in rng.integers(1, 5, 4))
    return _written(rng, _points(rng, B, n), rng.integers(1, n + 1, B), str(rng.choice(["free", "tour"])),
                    int(rng.integers(1, n + 3)), width, H)  # fmt: skip


_FIVE = _points(_rng("five-points"), 3, 5)
_GREEDY = WORKED | {"P": _CORNERS, "n_real": np.array([3]), "steps": 5, "width": 1}
DECODE = (
    Case("worked-example", ("basic",), "the example of the page points to city 2 until it is stopped",
         _GREEDY | {"rule": "free"}, equations=_tags(34, 37)),
    Case("worked-tour", ("basic", "missing_step"), "the same as a tour: 1, 2, 3, the end",
         _GREEDY | {"rule": "tour"}, equations=_tags(32, 33)),
    Case("greedy", ("basic", "wrong_order"), "three inputs, greedily: what is read next decides",
         _written(_rng("greedy"), _FIVE, [5, 3, 4]), equations=_tags(34, 36, 37)),
    Case("it-ends", ("basic", "missing_step"), "rows end at different steps, and nothing follows",
         _written(_rng("ends-2"), _FIVE, [5, 5, 5], H=3), equations=_tags(35)),
    Case("tours", ("basic", "missing_step"), "three tours, of five, three and four cities",
         _written(_rng("tours"), _FIVE, [5, 3, 4], "tour"), equations=_tags(32, 33)),
    Case("three-beams", ("basic", "wrong_order"), "three beams: sums of log-probabilities compete",
         _written(_rng("beams"), _FIVE, [5, 3, 4], width=3), equations=_tags(35, 36)),
    Case("three-beams-of-tours", ("basic",), "three beams of tours",
         _written(_rng("beam-tours"), _FIVE, [5, 3, 4], "tour", width=3), equations=_tags(33, 36)),
    Case("one-city", ("boundary",), "a tour of one city", _written(_rng("one"), _FIVE[:1, :1], [1], "tour", H=1)),
    Case("one-step", ("boundary",), "one choice", _written(_rng("one-step"), _FIVE, [5, 3, 4], steps=1)),
    Case("more-beams-than-answers", ("boundary",), "eight beams of tours through two cities",
         _written(_rng("few"), _FIVE[:, :2], [2, 2, 1], "tour", width=8)),
    Case("three-hundred-cities", ("long",), "300 cities to read, the first 30 steps of a tour",
         _written(_rng("long-tour-18"), _points(_rng("cities"), 1, 300), [300], "tour", H=3, steps=30)),
)  # fmt: skip


# Training ------------------------------------------------------------------------------------------------------------


def _training(rng, T=2, B=2, n=3, m=4, H=2, rates=None, clip=2.0, optimizer="adam", size=1.5):
    C = np.stack([_padded(rng, B, n, m)[1] for _ in range(T)])
    C = np.where(n < C, n, C)
    rates = np.round(rng.uniform(0.01, 0.3, T), 3) if rates is None else np.array(rates)
    made = _weights(rng, H, size) | {"P": _points(rng, T, B, n), "C": C}
    return made | {"rates": rates, "clip": clip, "optimizer": optimizer}


def sample_train(rng):
    T, B, n, m, H = (int(k) for k in rng.integers(1, 4, 5))
    return _training(rng, T, B, n, m, H, clip=float(np.round(rng.uniform(0.05, 2.0), 2)),
                     optimizer=str(rng.choice(["sgd", "adam"])))  # fmt: skip


TRAIN = (
    Case("adam", ("basic", "wrong_order"), "two steps of Adam on clipped gradients",
         _training(_rng("adam"), clip=0.5), equations=_tags(39, 41, 42, 43)),
    Case("sgd", ("basic",), "two steps of gradient descent", _training(_rng("sgd"), optimizer="sgd", clip=0.5),
         equations=_tags(39, 40)),
    Case("not-clipped", ("edge_case", "wrong_constant"), "gradients shorter than the limit are not made longer",
         _training(_rng("short"), clip=1e3, optimizer="sgd"), equations=_tags(39)),
    Case("clipped-hard", ("edge_case", "known_bug"), "all gradients together have the norm 0.01",
         _training(_rng("hard"), clip=0.01, optimizer="sgd", rates=[5.0, 2.0]), equations=_tags(39)),
    Case("different-lengths", ("basic",), "gradients of very different lengths: five steps of Adam",
         _training(_rng("five"), T=5, clip=0.05), equations=_tags(39, 41, 42)),
    Case("one-step", ("boundary",), "one step, one input, one unit", _training(_rng("one"), T=1, B=1, n=1, m=1, H=1)),
    Case("many-steps", ("long",), "300 steps of Adam",
         _training(_rng("many"), T=300, B=1, n=1, m=1, H=1, rates=[0.003] * 300), equations=_tags(42)),
)  # fmt: skip


# Targets and scores --------------------------------------------------------------------------------------------------

FIVE = np.array([[[0.2, 0.1], [0.9, 0.2], [0.5, 0.45], [0.8, 0.9], [0.1, 0.7]]])


def sample_points(rng):
    return {"P": _points(rng, int(rng.integers(1, 4)), int(rng.integers(3, 8)))}


def sample_heuristics(rng):
    return sample_points(rng) | {"kind": str(rng.choice(["nearest", "two_opt"]))}


def _cloud(name, S=3, n=7):
    return {"P": _points(_rng(name), S, n)}


def _circle_of_five():
    """Five corners of a pentagon among 2,000 points of a small square inside."""
    rng, at = _rng("pentagon"), [1_700, 12, 900, 1_999, 432]
    P = np.round(rng.uniform(-0.25, 0.25, (1, 2_000, 2)), 6)
    P[0, at] = [[1, 0], [0.3, 0.95], [-0.8, 0.6], [-0.8, -0.6], [0.3, -0.95]]
    return {"P": P}, np.array([[13, 901, 2000, 433, 1701, 0, *[-1] * 1_995]])


_MANY, _MANY_ANSWER = _circle_of_five()
HULL = (
    Case("worked-example", ("basic",), "the five points of the page: one is inside", {"P": FIVE},
         equations=_tags(44, 45, 46), answer={"C": np.array([[1, 2, 4, 5, 0, -1]])}, source="the sheet"),
    Case("clouds", ("basic", "wrong_order"), "three clouds of seven points", _cloud("clouds"), equations=_tags(45, 46)),
    Case("on-a-side", ("edge_case", "known_bug"), "points on sides are no corners",
         {"P": np.array([[[0, 0], [0, 2], [1, 1], [2, 2], [1, 0], [2, 0], [0, 1], [0.5, 0]]]) / 2},
         equations=_tags(45)),
    Case("clockwise", ("basic", "wrong_constant"), "given clockwise, told counter-clockwise",
         {"P": np.array([[[0, 0], [0, 1], [1, 2], [3, 1], [2, 0]]]) / 4}, equations=_tags(46)),
    Case("triangle", ("boundary",), "three points", {"P": np.array([[[0.5, 0.25], [1, 1], [0.25, 0.75]]])}),
    Case("negative", ("edge_case",), "points around the origin", {"P": _cloud("around")["P"] * 8 - 4}),
    Case("many-points", ("large",), "2,000 points, five of which are corners", _MANY, answer={"C": _MANY_ANSWER},
         source="closed form"),
)  # fmt: skip

DELAUNAY = (
    Case("worked-example", ("basic", "wrong_order"), "the five points of the page: four triangles", {"P": FIVE},
         equations=_tags(51, 52, 53, 54)),
    Case("clouds", ("basic", "wrong_order"), "three clouds of six "
                                             "points", _cloud("delaunay-2", n=6), equations=_tags(54)),
    Case("triangle", ("boundary",), "one triangle", {"P": np.array([[[0.5, 0.25], [1, 1], [0.25, 0.75]]])}),
    Case("on-a-side", ("edge_case",), "a point on a side has its own triangles",
         {"P": np.array([[[0, 0], [2, 0], [4, 0], [1, 3]]]) / 4}, equations=_tags(52)),
    Case("thin", ("edge_case",), "flat triangles: incenter, centroid and centre of the circle are far apart",
         {"P": np.array([[[0, 0], [8, 1], [16, 0], [7, 3], [2, 9]]]) / 16}, equations=_tags(53)),
    Case("negative", ("edge_case",), "points around the origin", {"P": _cloud("delaunay-around", n=6)["P"] * 8 - 4}),
)  # fmt: skip

TOUR = (
    Case("worked-example", ("basic",), "the five points of the page", {"P": FIVE}, equations=_tags(56, 57, 58)),
    Case("clouds", ("basic", "wrong_order", "missing_step"), "three tours of seven cities", _cloud("tour-clouds"),
         equations=_tags(56, 57, 58)),
    Case("eight", ("basic",), "eight cities", _cloud("tour-eight", 1, 8)),
    Case("triangle", ("boundary",), "three cities: one tour", {"P": np.array([[[0, 0], [3, 0], [3, 4]]]) / 2},
         answer={"C": np.array([[1, 2, 3, 0]]), "length": np.array([6.0])}, source="by hand"),
    Case("on-a-line", ("edge_case",), "three cities on a line, there and "
                                      "back", {"P": np.array([[[1.0, 1], [3, 3], [2, 2]]])}),
    Case("negative", ("edge_case",), "cities around the origin", {"P": _cloud("tour-around", n=6)["P"] * 8 - 4}),
)  # fmt: skip

HEURISTICS = tuple(
    Case(f"{kind.replace('_', '-')}-{slug}", flags, why, {"P": P, "kind": kind}, equations=_tags(number))
    for kind, number in (("nearest", 59), ("two_opt", 60))
    for slug, flags, why, P in (
        ("clouds", ("basic", "wrong_order"), "three clouds of eight cities", _cloud("rules", n=8)["P"]),
        ("twelve", ("basic",), "twelve cities", _cloud("rules-twelve", 1, 12)["P"]),
        ("triangle", ("boundary",), "three cities", _cloud("rules-three", 1, 3)["P"]),
        ("four", ("boundary",), "four cities", _cloud("rules-four", 2, 4)["P"]),
    )
)  # fmt: skip


def _scored(P, outputs, **more):
    return {"P": np.array(P, dtype=float), "outputs": np.array(outputs)} | more


_SQUARE = [[0, 0], [1, 0], [1, 1], [0, 1]]
_SEVEN = _points(_rng("scored"), 1, 7)[0]


def sample_hull_score(rng):
    S, n, m = (int(rng.integers(a, b)) for a, b in ((1, 4), (4, 7), (3, 7)))
    P, rows = _points(rng, S, n), []
    for x in P:
        from_middle = np.argsort(np.arctan2(*(x - x.mean(axis=0)).T[::-1])) + 1
        row = from_middle if rng.random() < 0.5 else rng.permutation(n) + 1
        row = row if rng.random() < 0.7 else row[::-1]
        rows.append(np.append(row, [0, *[-1] * m])[:m])
    return {"P": P, "outputs": np.array(rows), "orientation": str(rng.choice(["strict", "any"]))}


HULL_SCORE = (
    Case("squares", ("basic",), "a square: shifted, clockwise, a half of it, one that crosses itself",
         _scored([_SQUARE] * 4, [[2, 3, 4, 1], [4, 3, 2, 1], [1, 2, 3, 0], [1, 3, 2, 4]], orientation="strict"),
         equations=_tags(47, 48, 49, 50)),
    Case("either-way", ("basic", "variant"), "the same, clockwise counts too",
         _scored([_SQUARE] * 4, [[2, 3, 4, 1], [4, 3, 2, 1], [1, 2, 3, 0], [1, 3, 2, 4]], orientation="any"),
         equations=_tags(49)),
    Case("too-few", ("edge_case",), "two points, one point, none",
         _scored([_SQUARE] * 3, [[1, 2, 0], [3, 0, -1], [0, -1, -1]], orientation="strict"), equations=_tags(48)),
    Case("nothing-valid-at-all", ("boundary",), "an empty answer: no area to take a mean of",
         _scored([_SQUARE], [[-1]], orientation="strict"), equations=_tags(50)),
    Case("one-twice", ("edge_case",), "a point twice, also beside itself",
         _scored([_SQUARE] * 3, [[1, 2, 3, 1], [1, 1, 2, 3], [1, 2, 3, 4]], orientation="strict"), equations=_tags(48)),
    Case("inner-points", ("basic",), "polygons through inner points are valid and smaller",
         _scored([_SEVEN] * 3, [[1, 2, 3, 4, 5, 6, 7], [7, 3, 5, 0, -1, -1, -1], [2, 4, 6, 1, 0, -1, -1]],
                 orientation="strict"), equations=_tags(47, 48, 50)),
    Case("touching", ("edge_case",), "a corner on another side: sides meet where they must not",
         _scored([[[0, 0], [4, 0], [4, 4], [2, 0], [0, 4]]], [[1, 2, 3, 4, 5]], orientation="strict"),
         equations=_tags(48)),
    Case("and-back-again", ("edge_case",), "a side that runs back on the one before",
         _scored([[[0, 0], [4, 0], [2, 0], [2, 3]]], [[1, 2, 3, 4]], orientation="strict"), equations=_tags(48)),
    Case("not-from-the-left", ("basic",), "the lowest index is not the lowest x",
         _scored([[[2, 0], [2, 2], [0, 1], [1, 1.25]]] * 2, [[1, 2, 3], [3, 1, 2]], orientation="strict"),
         equations=_tags(49)),
    Case("on-a-side", ("edge_case",), "a point on a side is no corner: with it the area is right and the hull is not",
         _scored([[*_SQUARE, [0.5, 0]]] * 3, [[1, 2, 3, 4, 0], [2, 3, 4, 1, 0], [1, 5, 2, 3, 4]],
                 orientation="strict"), equations=_tags(49)),
    Case("after-the-end", ("edge_case",), "what follows the end does not count",
         _scored([_SQUARE] * 2, [[1, 2, 3, 0, 4], [1, 2, 3, 4, 0]], orientation="strict")),
    large("six-hundred-outputs", "squares", "S", size=600, balanced=True),
)  # fmt: skip


def sample_triangle_score(rng):
    S, n, m = int(rng.integers(1, 3)), int(rng.integers(3, 6)), int(rng.integers(3, 14))
    outputs = rng.integers(1, n + 1, (S, m))
    outputs[rng.random((S, m)) < 0.05] = 0
    return {"P": _points(rng, S, n), "outputs": outputs}


_FOUR = [[0, 0], [4, 0], [1, 3], [4, 4]]
TRIANGLE_SCORE = (
    Case("four-points", ("basic",), "both triangles, in another order; one right and one wrong",
         _scored([_FOUR] * 2, [[3, 2, 4, 1, 3, 2], [1, 2, 3, 1, 2, 4]]), equations=_tags(55)),
    Case("one-missing", ("basic",), "one triangle of two", _scored([_FOUR], [[1, 2, 3, 0, 2, 3, 4]])),
    Case("index-over", ("edge_case",), "all triangles and an index too "
                                       "many", _scored([_FOUR], [[1, 2, 3, 2, 3, 4, 1]])),
    Case("one-too-many", ("edge_case",), "all triangles and a wrong "
                                         "one", _scored([_FOUR], [[1, 2, 3, 2, 3, 4, 1, 2, 4]])),
    Case("twice", ("edge_case",), "a triangle told twice", _scored([_FOUR], [[1, 2, 3, 2, 3, 4, 3, 2, 1]])),
    Case("no-triangle", ("edge_case",), "an index twice, and two that follow the end: no triangles",
         _scored([_FOUR] * 2, [[1, 1, 2, 2, 3, 4], [0, 1, 2, 3, -1, -1]])),
    Case("worked-example", ("basic",), "three of the four triangles of the page",
         _scored(FIVE, [[1, 3, 5, 3, 4, 5, 1, 2, 3]]), equations=_tags(55)),
    Case("different-numbers", ("basic",), "a mean over inputs, not over triangles",
         _scored([[[0, 0], [6, 1], [2, 5], [7, 7], [9, 3]], [[0, 0], [8, 0], [4, 1], [3, 6], [4, 2]]],
                 [[1, 2, 3, 0, 0, 0], [1, 3, 5, 1, 4, 5]])),
    large("six-hundred-outputs", "four-points", "S", size=600, balanced=True),
)  # fmt: skip
