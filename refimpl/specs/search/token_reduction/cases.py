"""Inputs of the operations of token reduction under permanent names, and random ones."""

from functools import partial

import numpy as np

from refimpl.core.random import stream
from refimpl.specs.base import Case, tags
from refimpl.specs.sizes import LARGE, large


def _rng(name):
    return stream(0, "token_reduction-case", name)


def _tags(*numbers):
    return tags("token_reduction", *numbers)


# G-Search ------------------------------------------------------------------------------------------------------------


def _needs(K, N=8, first=1, tol=0.0, inner="halving", weights=None):
    w = np.ones(len(K)) if weights is None else np.array(weights)
    return {"N": N, "first": first, "tol": tol, "inner": inner, "needs": np.array(K), "weights": w}


_PATH = [
    (2, 4, 0),
    (2, 6, 0),
    (2, 7, 0),
    (3, 4, 0),
    (3, 6, 1),
    (3, 5, 1),
    (4, 2, 0),
    (4, 3, 0),
    (4, 4, 0),
    (5, 2, 1),
    (5, 1, 0),
]
_WALK = [(2, 7, 0), (3, 7, 1), (3, 6, 1), (3, 5, 1), (3, 4, 0), (4, 4, 0), (5, 4, 1), (5, 3, 1), (5, 2, 1), (5, 1, 0)]
_SOFT = {"N": 6, "first": 0, "weights": [1.0, 0.75, 1.25, 0.5, 1.0]}

GSEARCH = (
    Case("worked-example", ("basic", "wrong_order"), "the search of the page: four layers, eleven numbers",
         _needs([8, 8, 5, 5, 2]), equations=_tags(8, 9, 10, 12), source="by hand",
         answer={"k": np.array([8, 8, 5, 5, 2]), "calls": np.array(12), "trace": np.array(_PATH)}),
    Case("one-by-one", ("basic",), "the same, falling one by one to the first loss",
         _needs([8, 8, 5, 5, 2], inner="one_by_one"),
         equations=_tags(11), answer={"k": np.array([8, 8, 5, 5, 2]), "calls": np.array(11), "trace": np.array(_WALK)},
         source="by hand"),
    Case("needs-that-rise", ("basic", "missing_step"), "a deeper layer needs more: a token that is removed does not "
                                                       "come back",
         _needs([6, 2, 4], first=0), equations=_tags(9)),
    Case("needs-that-rise-one-by-one", ("missing_step",), "the same, one by one",
         _needs([6, 2, 4], first=0, inner="one_by_one"),
         equations=_tags(9, 11)),
    Case("nothing-needed", ("boundary",), "no token is needed: 0 is tried too",
         _needs([8, 0, 0, 0]), equations=_tags(10, 11)),
    Case("one-needed", ("boundary",), "one token is needed: 0 is tried, and is not enough", _needs([8, 8, 1, 1]),
         equations=_tags(11)),
    Case("one-token", ("boundary",), "one token in all", _needs([1, 0, 0], N=1), equations=_tags(11)),
    Case("all-needed", ("boundary",), "all are needed everywhere", _needs([8, 8, 8, 8]), equations=_tags(10)),
    Case("no-layer-left", ("boundary",), "all layers keep all: one call", _needs([5, 3, 2], first=3),
         answer={"k": np.array([8, 8, 8]), "calls": np.array(1), "trace": np.zeros((0, 3))}, source="by hand"),
    Case("first-needs-less", ("basic",), "the first layers keep all, whatever they need",
         _needs([2, 1, 7, 3, 3], first=2),
         equations=_tags(12)),
    Case("tolerance", ("basic", "missing_step", "wrong_constant"), "damages add up: what a layer has spent, no "
                                                                   "other has",
         _needs([6, 6, 6, 6, 6], tol=0.875, **_SOFT), equations=_tags(8, 9)),
    Case("tolerance-one-by-one", ("basic", "missing_step"), "the same, one by one",
         _needs([6, 6, 6, 6, 6], tol=0.875, inner="one_by_one", **_SOFT), equations=_tags(8, 11)),
    Case("unequal-layers", ("basic",), "13 tokens, a layer that counts for nothing, another for much",
         _needs([13, 9, 12, 6, 3, 4], N=13, tol=0.03, weights=[1.0, 4.0, 0.0, 0.25, 8.0, 1.0]),
         equations=_tags(8, 9, 10)),
    Case("all-spent", ("edge_case",), "the tolerance takes everything",
         _needs([8, 5, 4], tol=64.0), equations=_tags(8)),
    Case("three-hundred-layers", ("long",), "300 layers whose needs rise and fall",
         _needs(_rng("long").integers(0, 17, 300).tolist(), N=16), equations=_tags(12)),
    Case("many-tokens", ("large",), "70,001 tokens: seventeen halvings a layer",
         _needs([LARGE, 43210, 1, 5000], N=LARGE),
         equations=_tags(10)),
)  # fmt: skip


def sample_gsearch(rng):
    N, L = int(rng.integers(1, 14)), int(rng.integers(1, 7))
    tol = float(np.round(rng.uniform(0.0, 0.5), 4)) if rng.random() < 0.6 else 0.0
    return _needs(rng.integers(0, N + 1, L), N, int(rng.integers(0, L + 1)), tol, str(rng.choice(["halving",
        "one_by_one"])),
                  np.round(rng.uniform(0.1, 2.0, L), 3))  # fmt: skip


# Schedules -----------------------------------------------------------------------------------------------------------


def _sigmoid(N=64, L=12, s=1.0, r_min=0.0, rho=0.25, first=2):
    return {"N": N, "L": L, "s": s, "r_min": r_min, "rho": rho, "first": first}


_numbered = partial(Case, dtypes=("float64",))  # of numbers alone: k is counted in double precision


def _numbers(*k):
    return {"k": np.array(k)}


SIGMOID = (
    _numbered("a-quarter", ("basic", "wrong_constant"), "a quarter of 64 tokens in 12 layers",
         _sigmoid(), equations=_tags(13, 14, 15, 16, 17),
         answer=_numbers(64, 64, 33, 18, 8, 3, 1, 1, 0, 0, 0, 0), source="the sheet"),
    _numbered("with-a-floor", ("basic", "wrong_constant"), "a least share of 0.05, not steep",
         _sigmoid(s=0.5, r_min=0.05, rho=0.3),
         equations=_tags(13, 14, 17), answer=_numbers(64, 64, 26, 20, 14, 11, 8, 6, 5, 4, 4, 4), source="the sheet"),
    _numbered("a-cliff", ("basic", "numerics"), "steep: all, then the floor",
         _sigmoid(s=4.0, r_min=0.05), equations=_tags(13, 14),
         answer=_numbers(64, 64, 34, 5, 4, 3, 3, 3, 3, 3, 3, 3), source="the sheet"),
    _numbered("very-steep", ("numerics",), "steep: all or nothing",
         _sigmoid(s=28.0, r_min=0.03, rho=0.43),
         equations=_tags(14)),
    _numbered("hardly-steep", ("numerics",), "nearly flat: the midpoint is far away",
         _sigmoid(s=0.002, r_min=0.01, rho=0.33),
         equations=_tags(13)),
    _numbered("one-full-layer", ("basic",), "the first layer alone keeps all",
         _sigmoid(s=0.8, r_min=0.02, rho=0.21, first=1),
         equations=_tags(13, 16, 17)),
    _numbered("no-full-layer", ("boundary",), "no layer must keep all",
         _sigmoid(s=0.6, rho=0.37, first=0), equations=_tags(13, 17)),
    _numbered("everything", ("boundary",), "a budget of 1 keeps all",
         _sigmoid(rho=1.0, s=0.7), answer=_numbers(*[64] * 12), source="by hand"),
    _numbered("at-its-bound", ("boundary", "edge_case"), "the least share takes the whole budget: a flat rest",
         _sigmoid(N=60, r_min=0.1), answer=_numbers(60, 60, *[6] * 10), source="by hand", equations=_tags(15)),
    _numbered("all-layers-full", ("boundary",), "no layer is left",
         _sigmoid(L=3, first=3, rho=1.0), answer=_numbers(64, 64, 64),
         source="by hand"),
    _numbered("one-token", ("boundary",), "one vision token",
         _sigmoid(N=1, L=5, s=0.7, rho=0.5, first=1), equations=_tags(15, 17)),
    _numbered("few-tokens", ("wrong_order",), "five tokens: what rounding leaves decides",
         _sigmoid(N=5, L=9, s=0.45, r_min=0.06, rho=0.44),
         equations=_tags(15, 16, 17)),
    _numbered("llava", ("basic",), "576 tokens in 32 layers",
         _sigmoid(N=576, L=32, s=0.3, r_min=0.01, rho=0.2), equations=_tags(16, 17)),
    _numbered("three-hundred-layers", ("long",), "300 layers",
         _sigmoid(N=1000, L=300, s=0.05, r_min=0.015, rho=0.3), equations=_tags(13, 16)),
    _numbered("many-tokens", ("large",), "70,001 tokens",
         _sigmoid(N=LARGE, L=7, s=0.9, r_min=0.1, rho=0.5, first=1), equations=_tags(15, 17)),
)  # fmt: skip


def sample_sigmoid(rng):
    L = int(rng.integers(3, 13))
    first = int(rng.integers(0, 3))
    rho = float(np.round(rng.uniform(first / L + 0.1, 0.95), 3))
    share = (rho * L - first) / (L - first)
    s, r_min = float(np.round(rng.uniform(0.3, 4.0), 3)), float(np.round(rng.uniform(0.0, 0.8) * share, 3))
    return _sigmoid(int(rng.integers(8, 100)), L, s, r_min, rho, first)


def _budget(N=64, L=12, rho=0.25, first=2, full=2):
    return {"N": N, "L": L, "rho": rho, "first": first, "full": full}


BASELINES = (
    _numbered("a-quarter", ("basic", "wrong_constant", "wrong_order"), "a quarter of 64 tokens in 12 layers", _budget(),
         equations=_tags(29, 30, 31), source="the sheet",
         answer={"fastv": np.array([64, 64, 7, 7, 7, 7, 6, 6, 6, 6, 6, 6]),
                 "geometric": np.array([64, 64, 32, 16, 8, 4, 2, 1, 1, 0, 0, 0])}),
    _numbered("other-layers", ("basic",), "one full layer for one, three for the other",
         _budget(rho=0.37, first=1, full=3),
         equations=_tags(29, 30, 31)),
    _numbered("from-layer-two", ("basic",), "the same number from layer 2 on",
         _budget(N=50, L=7, rho=0.41, first=1, full=1),
         equations=_tags(29, 30, 31)),
    _numbered("no-full-layer", ("boundary",), "no layer must keep all",
         _budget(N=31, L=6, rho=0.43, first=0, full=0), equations=_tags(29, 30, 31)),
    _numbered("everything", ("boundary",), "a budget of 1 keeps all", _budget(rho=1.0, L=4, full=3),
         answer={"fastv": np.full(4, 64), "geometric": np.full(4, 64)}, source="by hand"),
    _numbered("nothing-left", ("boundary",), "the full layers take the whole budget", _budget(N=16, L=4, rho=0.5),
         answer={"fastv": np.array([16, 16, 0, 0]), "geometric": np.array([16, 16, 0, 0])}, source="by hand"),
    _numbered("one-token", ("boundary",), "one vision token",
         _budget(N=1, L=5, rho=0.67, first=1, full=1), equations=_tags(29, 30, 31)),
    _numbered("llava", ("basic",), "576 tokens in 32 layers",
         _budget(N=576, L=32, rho=0.2, full=3), equations=_tags(29, 30, 31)),
    _numbered("three-hundred-layers", ("long",), "300 layers",
         _budget(N=1000, L=300, rho=0.1, full=17), equations=_tags(30, 31)),
    _numbered("many-tokens", ("large",), "70,001 tokens",
         _budget(N=LARGE, L=9, rho=0.5, first=1, full=3), equations=_tags(29, 30, 31)),
)  # fmt: skip


def sample_baselines(rng):
    L = int(rng.integers(3, 13))
    first, full = (int(x) for x in rng.integers(0, 3, 2))
    rho = float(np.round(rng.uniform(max(first, full) / L + 0.1, 0.95), 3))
    return _budget(int(rng.integers(4, 100)), L, rho, first, full)


def _line(k, N, first=2):
    return {"k": np.array(k), "N": N, "first": first}


FIT = (
    Case("a-sigmoid", ("basic", "wrong_constant"), "the schedule of a sigmoid",
         _line([64, 64, 26, 20, 14, 11, 8, 6, 5, 4, 4, 4], 64),
         equations=_tags(19)),
    Case("two-layers", ("boundary",), "a line through two layers", _line([20, 15, 5], 20, 1), equations=_tags(19),
         answer={"s": np.log(9.0), "c": 2.5}, source="closed form"),
    Case("none-and-all", ("edge_case", "numerics"), "shares of 0 and 1 have no logit: half a token stands for them",
         _line([10, 10, 10, 10, 4, 0, 0], 10), equations=_tags(19)),
    Case("rising", ("edge_case",), "a schedule that rises has a negative steepness",
         _line([9, 9, 3, 5, 6], 9), equations=_tags(19)),
    Case("three-hundred-layers", ("long",), "300 layers", _line(np.sort(_rng("fit").integers(1,
         900, 300))[::-1].copy(), 1000),
         equations=_tags(19)),
    Case("many-tokens", ("large",), "70,001 tokens",
         _line([LARGE, LARGE, 60000, 20000, 1000, 10], LARGE), equations=_tags(19)),
)  # fmt: skip


def sample_fit(rng):
    N, L = int(rng.integers(5, 100)), int(rng.integers(4, 12))
    return _line(np.sort(rng.integers(0, N + 1, L))[::-1].copy(), N, int(rng.integers(0, 3)))


# Bayesian optimization -----------------------------------------------------------------------------------------------


def _points(name, n=5, m=4, d=2, length=0.3, noise=0.001, **more):
    rng = _rng(name)
    inputs = {"X": np.round(rng.uniform(size=(n, d)), 3), "y": np.round(rng.standard_normal(n), 3)}
    inputs |= {"new": np.round(rng.uniform(size=(m, d)), 3), "length": length, "noise": noise}
    return inputs | {key: np.array(x) if isinstance(x, list) else x for key, x in more.items()}


_BEST, _PLACE = 3, 54_321


def _many_candidates(operation, before):
    small = before["ordinary"]
    picks = _rng("many").integers(0, _BEST, LARGE)
    picks[_PLACE] = _BEST
    names = "mean", "sd", "improvement"

    def derived(values):
        assert int(values["chosen"]) == _BEST
        return {**{n: np.take(values[n], picks, axis=0) for n in names}, "chosen": np.array(_PLACE)}

    return Case("many-candidates", ("large",), "70,001 candidates, the best of them once", equations=small.equations,
                inputs=small.inputs | {"new": np.take(small.inputs["new"], picks, axis=0)}, source="the answer of "
                                                                                                   "ordinary",
                small=small, derived=derived, dtypes=("float64",), recipe=f"ordinary/m/{LARGE}/picked, the best at "
                                                                          f"{_PLACE}")  # fmt: skip


ACQUISITION = (
    Case("ordinary", ("basic", "wrong_constant", "missing_step"), "five points, four candidates",
         _points("two", new=[[0.125, 0.875], [0.5, 0.5], [0.25, 0.125], [0.875, 0.25]],
                 X=[[0.25, 0.5], [0.75, 0.75], [0.5, 0.125], [0.125, 0.25], [0.625, 0.375]],
                 y=[0.5, -1.25, 0.25, -0.75, 1.5]),
         equations=_tags(20, 21, 22, 23, 24, 25, 26)),
    Case("one-dimension", ("basic",), "two points on a line", _points("line", 2, 5, 1, X=[[0.0], [1.0]], y=[1.0, 3.0],
         new=[[0.0], [0.3], [0.5], [0.8], [1.25]]), equations=_tags(20, 23, 24, 25)),
    Case("far-from-standard", ("wrong_constant", "missing_step"), "values near 1000 that spread by 50",
         _points("far", y=[1012.0, 960.0, 1040.0, 995.0, 1075.0]), equations=_tags(20, 23, 24)),
    Case("one-point", ("boundary",), "one value has no spread: 1 stands for it", _points("one",
         1, 3, y=[4.0]), equations=_tags(20)),
    Case("all-equal", ("edge_case",), "equal values have no spread", _points("equal",
         3, 4, y=[0.75] * 3), equations=_tags(20)),
    Case("where-it-was-seen", ("edge_case", "missing_step"), "at a point that was seen the noise is left",
         _points("seen", noise=0.0625, X=[[0.25, 0.5], [0.75, 0.75]], y=[1.0, 0.25],
                 new=[[0.25, 0.5], [0.75, 0.75], [0.5, 0.75]]),
         equations=_tags(22, 24)),
    Case("noisy", ("wrong_constant",), "a noise of 1/2", _points("noisy", 6, 5, noise=0.5), equations=_tags(22, 24)),
    Case("short", ("numerics",), "a short length: candidates know nothing of the points", _points("short",
         4, 3, length=0.125),
         equations=_tags(21)),
    Case("long-length", ("wrong_constant",), "a length of 1", _points("smooth-0", 4, 4, length=1.0, noise=0.25),
         equations=_tags(21)),
    Case("three-dimensions", ("basic",), "three coordinates", _points("three", 6, 5, 3), equations=_tags(21, 23, 24)),
    _many_candidates,
)  # fmt: skip


def sample_acquisition(rng):
    n, m, d = int(rng.integers(2, 7)), int(rng.integers(2, 6)), int(rng.integers(1, 4))
    inputs = {"X": np.round(rng.uniform(size=(n, d)), 3), "y": np.round(rng.standard_normal(n), 3)}
    inputs |= {"new": np.round(rng.uniform(size=(m, d)), 3), "length": float(np.round(rng.uniform(0.2, 1.0), 3))}
    return inputs | {"noise": float(np.round(rng.uniform(0.001, 0.1), 4))}


def _search(name, n0=3, T=4, m=5, d=2, g=0.25, a=(1.0, 2.0, 1.5), b=(0.625, 0.375, 0.5)):
    rng = _rng(name)
    spread = lambda *shape: np.round(rng.uniform(size=shape), 2)
    return {"x0": spread(n0, d), "candidates": spread(T, m, d), "a": np.array(a[:d]), "b": np.array(b[:d]), "g": g}


BAYES_OPT = (
    Case("two-dimensions", ("basic", "missing_step"), "three points, then four steps", _search("two"),
         equations=_tags(26, 27, 28)),
    Case("one-dimension", ("basic",), "a line, eight steps", _search("line-66", 2, 8, 6, 1, 0.5),
         equations=_tags(26, 27)),
    Case("without-waves", ("basic",), "one hill", _search("hill", 3, 6, 5, 2, 0.0), equations=_tags(27, 28)),
    Case("one-point", ("boundary",), "one point to begin with", _search("single", 1, 3, 4), equations=_tags(20, 27)),
    Case("one-candidate", ("boundary",), "nothing to choose from", _search("forced", 2, 3, 1), equations=_tags(27)),
    Case("flat", ("edge_case",), "equal values: the first is the best", _search("flat",
         2, 1, 4, 2, 0.0, (0.0, 0.0)), equations=_tags(20, 28)),
    Case("many-steps", ("basic", "wrong_order"), "twelve steps in three dimensions", _search("twelve",
         4, 12, 5, 3), equations=_tags(27)),
    Case("thirty-steps", ("long",), "30 steps", _search("thirty-2", 6, 30, 3, 3, 1.0), ("float64",),
         equations=_tags(26, 27)),
    large("many-candidates", "two-dimensions", "m"),
)  # fmt: skip


def sample_bayes_opt(rng):
    n0, T, m, d = (int(rng.integers(1, high)) for high in (4, 5, 5, 3))
    spread = lambda *shape: np.round(rng.uniform(size=shape), 2)
    return {"x0": spread(n0, d), "candidates": spread(T, m, d), "a": np.round(rng.uniform(0.5,
        3.0, d), 2), "b": spread(d),
            "g": float(np.round(rng.uniform(0.0, 0.5), 2))}  # fmt: skip


# Tokens --------------------------------------------------------------------------------------------------------------


def _rows(name, S=2, N=6, count=3, attention=None):
    given = np.round(_rng(name).uniform(size=(S, N)), 3) if attention is None else np.array(attention)
    return {"attention": given, "count": count}


def _many_tokens(operation, before):
    rng, S = _rng("many tokens"), 2
    order = np.array([rng.permutation(LARGE) for _ in range(S)])
    places = np.sort(np.argsort(order, axis=1)[:, ::-1][:, :4], axis=1)
    return Case("many-tokens", ("large",), "70,001 tokens of different attention, four of them stay",
                {"attention": order / 65536.0, "count": 4}, answer={"kept": places},
                    source="by construction")  # fmt: skip


KEEP = (
    Case("two-rows", ("basic", "wrong_order"), "two inputs, each with its own ranks", _rows("rows"),
         equations=_tags(1)),
    Case("ties", ("edge_case", "variant"), "of equal tokens the first stay",
         _rows("",
             count=3, attention=[[0.5, 0.25, 0.5, 0.25, 0.25, 0.5], [0.125, 0.25, 0.25, 0.25, 0.25, 0.125]]),
         equations=_tags(1),
         answer={"kept": np.array([[0, 2, 5], [1, 2, 3]])}, source="by hand"),
    Case("all-equal", ("edge_case", "variant"), "all are equal", _rows("",
         count=2, attention=[[0.25] * 4]), equations=_tags(1),
         answer={"kept": np.array([[0, 1]])}, source="by hand"),
    Case("some", ("basic",), "three inputs, four of nine tokens", _rows("some", 3, 9, 4), equations=_tags(1)),
    Case("none", ("boundary",), "none stays", _rows("none", 2, 5, 0)),
    Case("all-but-one", ("boundary",), "the least goes", _rows("all", 3, 5, 4), equations=_tags(1)),
    Case("negative", ("edge_case",), "scores before a softmax may be negative", _rows("",
         1, 5, 2, [[-3.5, -0.5, -1.25, -0.75, -9.0]])),
    _many_tokens,
)  # fmt: skip


def sample_keep(rng):
    S, N = int(rng.integers(1, 4)), int(rng.integers(1, 9))
    a = rng.integers(0, 5, (S, N)) / 4.0 if rng.random() < 0.4 else np.round(rng.uniform(size=(S, N)), 3)
    return {"attention": a, "count": int(rng.integers(0, N + 1))}


_I, _SWAP = np.eye(2), np.array([[0.0, 1.0], [1.0, 0.0]])
_EXAMPLE = {
    "vision": np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [-1.0, 0.0]]), "text": np.array([[0.0, 1.0], [1.0, -1.0]]),
    "Wq": np.array([_I, _SWAP, _I]), "Wk": np.array([_I] * 3), "Wv": np.array([_I,
    _I, _SWAP]), "Wo": np.array([_I / 2] * 3),
    "k": np.array([4, 2, 1]),
}  # fmt: skip


def _network(rng, N=6, M=2, d=4, k=(6, 4, 2, 1), scale=1.0):
    draw = lambda *shape: np.round(rng.standard_normal(shape), 2)
    weights = {name: np.round(scale * draw(len(k), d, d) / np.sqrt(d), 3) for name in ("Wq", "Wk", "Wv", "Wo")}
    return {"vision": draw(N, d), "text": draw(M, d), **weights, "k": np.array(k)}


def _decoder(name, **sizes):
    return _network(_rng(name), **sizes)


DECODER = (
    Case("worked-example", ("basic", "missing_step", "wrong_order"), "four vision tokens, two of text, three layers",
         _EXAMPLE,
         equations=_tags(1, 2, 3, 4)),
    Case("down-to-nothing", ("boundary", "edge_case"), "the last layer sees text alone", _EXAMPLE | {"k": np.array([4,
         2, 0])},
         equations=_tags(2, 3)),
    Case("three-removals", ("basic", "missing_step", "wrong_order"), "six, four, two, one: places are no longer names",
         _decoder("three"), equations=_tags(1, 3, 4)),
    Case("some-layers-keep", ("basic",), "layers that keep what they have between others that do not",
         _decoder("some", N=8, M=3, k=(8, 8, 5, 5, 3, 3, 2)), equations=_tags(1, 3)),
    Case("all-kept", ("basic", "boundary"), "nothing is removed: plain attention", _decoder("kept", k=(6, 6, 6)),
         equations=_tags(2, 3, 4)),
    Case("one-layer", ("boundary",), "one layer", _decoder("layer", k=(6,)), equations=_tags(2, 3, 4)),
    Case("one-text-token", ("boundary",), "the question is one token", _decoder("text",
         M=1, k=(6, 3, 1)), equations=_tags(2, 4)),
    Case("four-text-tokens", ("basic", "wrong_order"), "the last of four text tokens ranks", _decoder("four",
         M=4, k=(6, 3, 2)),
         equations=_tags(2, 4)),
    Case("sharp", ("numerics",), "scores of dozens", _decoder("sharp-3", k=(6, 4, 2), scale=2.25), ("float64",),
         equations=_tags(2)),
    Case("three-hundred-layers", ("long",), "300 layers, from three tokens to one",
         _decoder("long", N=3, M=1, d=2, k=(3,) * 100 + (2,) * 100 + (1,) * 100, scale=0.125), equations=_tags(3)),
)  # fmt: skip


def sample_decoder(rng):
    N, L = int(rng.integers(2, 7)), int(rng.integers(1, 5))
    k = np.sort(np.append(rng.integers(0, N + 1, L - 1), N))[::-1]
    return _network(rng, N, int(rng.integers(1, 4)), int(rng.integers(1, 4)), tuple(k.tolist()), 0.75)


def _received(name, L=3, S=2, N=6, kind="spearman", **more):
    inputs = {"attention": np.round(_rng(name).uniform(size=(L, S, N)), 3), "kind": kind}
    return inputs | {key: np.array(x) for key, x in more.items()}


_TIED = [[[1.0, 2.0, 2.0, 3.0, 5.0], [4.0, 4.0, 1.0, 1.0, 4.0]], [[2.0, 2.0, 1.0, 4.0, 4.0], [1.0, 3.0, 0.0, 2.0, 2.0]],
         [[5.0, 3.0, 3.0, 3.0, 1.0], [0.0, 1.0, 1.0, 1.0, 2.0]]]  # fmt: skip
_CONSTANT = [[[1.0, 2.0, 3.0, 4.0], [0.5, 0.5, 0.5, 0.5], [2.0, 1.0, 4.0, 3.0]],
             [[2.0, 1.0, 3.0, 4.0], [1.0, 2.0, 4.0, 3.0], [0.25, 0.25, 0.25, 0.25]]]  # fmt: skip

CONSISTENCY = (
    Case("three-layers", ("basic", "wrong_order"), "three layers, two inputs, six tokens", _received("three"),
         equations=_tags(5, 6)),
    Case("ties", ("basic", "edge_case", "wrong_constant"), "equal tokens share the mean of their ranks",
         _received("t", attention=_TIED),
         equations=_tags(5, 6)),
    Case("constant", ("edge_case",), "an input that is constant at a layer does not count there", _received("c",
         attention=_CONSTANT),
         equations=_tags(6)),
    Case("opposed", ("boundary",), "two layers of opposite order",
         _received("o", attention=[[[0.1, 0.2, 0.4]], [[9.0, 3.0, 1.0]]]), answer={"R": np.array([[1.0,
             -1.0], [-1.0, 1.0]])},
         source="by hand"),
    Case("one-layer", ("boundary",), "one layer agrees with itself", _received("one",
         1, 2, 4), answer={"R": np.ones((1, 1))},
         source="by hand"),
    Case("two-tokens", ("boundary",), "two tokens agree or do not", _received("two", 3, 4, 2), equations=_tags(6)),
    Case("pairs", ("basic",), "Kendall's tau", _received("pairs", 3, 3, 7, "kendall"), equations=_tags(6, 7)),
    Case("pairs-with-ties", ("basic", "edge_case", "wrong_constant"), "Kendall's tau, tau-b where there are ties",
         _received("t", kind="kendall", attention=_TIED), equations=_tags(6, 7)),
    Case("pairs-constant", ("edge_case",), "Kendall's tau without the inputs that are constant",
         _received("c", kind="kendall", attention=_CONSTANT), equations=_tags(6, 7)),
    Case("outlier", ("missing_step",), "one token has nearly all attention: ranks do not mind",
         _received("outlier",
             attention=[[[900.0, 0.5, 0.25, 0.125, 0.0]], [[0.875, 700.0, 0.5, 0.125, 0.25]]]), equations=_tags(5)),
    Case("three-hundred-inputs", ("long",), "300 inputs", _received("long", 2, 300, 4), equations=_tags(6)),
    large("many-tokens", "ties", "N", balanced=True),
)  # fmt: skip


def sample_consistency(rng):
    L, S, N = (int(rng.integers(2, high)) for high in (4, 4, 8))
    a = rng.integers(0, 9, (L, S, N)) if rng.random() < 0.5 else np.round(rng.uniform(size=(L, S, N)), 3)
    return {"attention": a.astype(float), "kind": str(rng.choice(["spearman", "kendall"]))}


def _layers(k, M=64, d=4096, m=11008, mlp="gated"):
    return {"k": np.array(k), "M": M, "d": d, "m": m, "mlp": mlp}


FLOPS = (
    Case("one-layer", ("basic", "wrong_constant"), "a layer of LLaVA-1.5-7B with 640 tokens",
         _layers([576]), equations=_tags(32),
         answer={"F": np.array(132_875_550_720)}, source="closed form"),
    Case("a-schedule", ("basic",), "a schedule of twelve layers",
         _layers([576, 576, 342, 252, 243, 189, 63, 63, 63, 54, 45, 36]),
         equations=_tags(32)),
    Case("two-matrices", ("basic", "variant"), "a feed-forward part that is not gated",
         _layers([32, 32, 20, 7, 0], 1, 32, 64, "plain"),
         equations=_tags(32)),
    Case("many-tokens-small-widths", ("wrong_constant",), "where attention costs most",
         _layers([500, 300], 7, 3, 5), equations=_tags(32)),
    Case("no-text", ("boundary",), "vision tokens alone", _layers([3, 2], 0, 2, 3), equations=_tags(32)),
    Case("no-vision", ("boundary",), "text alone", _layers([0, 0], 5, 2, 3), equations=_tags(32)),
    Case("many-layers", ("large", "long"), "70,001 layers: the sum is exact", _layers(_rng("layers").integers(0,
         50, LARGE), 4, 8, 16),
         equations=_tags(32)),
)  # fmt: skip


def sample_flops(rng):
    k = rng.integers(0, 100, int(rng.integers(1, 9)))
    M, d, m = (int(x) for x in rng.integers(1, 100, 3))
    return _layers(k, M, d, m, str(rng.choice(["gated", "plain"])))
