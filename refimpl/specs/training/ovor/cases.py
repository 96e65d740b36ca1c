"""Inputs of the operations of one prompt and virtual outliers under permanent names, and random ones."""

import numpy as np

from refimpl.core.random import stream
from refimpl.specs.base import Case
from refimpl.specs.sizes import large

BY_HAND = "worked out by hand"
DOUBLE = ("float64",)


def _normal(slug, *shape, scale=1.0):
    return scale * stream(0, "ovor-case", slug).standard_normal(shape).round(4)


def _whole(slug, below, *shape):
    return stream(0, "ovor-case", slug).integers(0, below, shape)


# One prompt


def _layer(slug, B, H, n, N, d, m, *, score=1.0, prompt=1.0):
    shapes = {"q": (B, H, n, d), "k": (B, H, N, d), "v": (B, H, N, d), "P_k": (m, H * d), "P_v": (m, H * d)}
    found = {name: _normal(f"{slug}-{name}", *shape) for name, shape in shapes.items()}
    sizes = {"q": score * found["q"], "P_k": prompt * found["P_k"]}
    return {**found, **sizes, "dO": _normal(slug + "-dO", B, H, n, d)}


_LINE = {"q": np.zeros((1, 1, 1, 1)), "k": np.ones((1, 1, 1, 1)), "v": np.ones((1, 1, 1, 1))}
PREFIX_ATTENTION = (
    Case("worked-example", ("basic", "missing_step"), "a query of 0 sees two prompt keys and a token alike",
         {**_LINE, "P_k": np.array([[2.0], [-1.0]]), "P_v": np.array([[3.0], [5.0]]), "dO": np.ones((1, 1, 1, 1))},
         equations=("ovor-1", "ovor-3"), source=BY_HAND,
         answer={"O": np.full((1, 1, 1, 1), 3.0), "dP_k": np.zeros((2, 1)), "dP_v": np.full((2, 1), 1 / 3)}),
    Case("ordinary", ("basic", "wrong_order"), "two inputs, two heads, three queries, four tokens, a prompt of three",
         _layer("ordinary", 2, 2, 3, 4, 2, 3), equations=("ovor-1", "ovor-2", "ovor-4", "ovor-5", "ovor-6")),
    Case("as-many-as-can-be-mixed-up", ("wrong_order",), "two of everything: axes that are exchanged still fit",
         _layer("cube", 2, 2, 2, 2, 2, 2)),
    Case("one-head", ("boundary",), "one head, whose scores are over the root of 5",
         _layer("one-head", 2, 1, 2, 3, 5, 2)),
    Case("one-of-a-prompt", ("boundary",), "a prompt of a single key and value", _layer("one", 1, 3, 2, 2, 1, 1)),
    Case("large-scores", ("numerics",), "scores of some hundreds: their exponentials are no floats; a gradient of 0",
         {**_layer("large-scores", 1, 2, 2, 3, 4, 2, score=300.0), "dO": np.zeros((1, 2, 2, 4))}),
    Case("nobody-reads-the-prompt", ("edge_case",), "scores of the prompt far below those of the tokens",
         {**_layer("unread", 1, 1, 2, 2, 2, 2), "q": np.full((1, 1, 2, 2), 8.0), "P_k": np.full((2, 2), -3.0)}),
    Case("prompt-of-zeros", ("edge_case",), "keys and values of 0: the prompt takes weight and says nothing",
         {**_layer("zeros", 1, 2, 2, 2, 2, 2), "P_k": np.zeros((2, 4)), "P_v": np.zeros((2, 4))}),
    large("many-inputs", "ordinary", "B", size=4001, balanced=True, dtypes=DOUBLE,
          answers=lambda small, times: {name: times * small[name] for name in ("dP_k", "dP_v")}),
)  # fmt: skip


def sample_prefix(rng):
    """A prompt that fits the heads."""
    B, H, n, N, d, m = (int(size) for size in rng.integers(1, 4, 6))
    shapes = {"q": (B, H, n, d), "k": (B, H, N, d), "v": (B, H, N, d), "P_k": (m, H * d), "P_v": (m, H * d)}
    return {name: rng.standard_normal(shape) for name, shape in {**shapes, "dO": (B, H, n, d)}.items()}


# The regularised loss


def _losses(slug, n, m, c, *, scale=2.0, lam=0.5, tau_id=-2.0, tau_out=0.0):
    logits = {"o_id": _normal(slug + "-id", n, c, scale=scale), "o_out": _normal(slug + "-out", m, c, scale=scale)}
    return {**logits, "y": _whole(slug, c, n), "lam": lam, "tau_id": tau_id, "tau_out": tau_out}


def _often(slug, small, copies):
    """Each row many times: means stay, and gradients are shared among the copies."""
    rows = {"o_id": ("d_id",), "y": (), "o_out": ("d_out",)}
    tiled = {name: np.tile(small.inputs[name], (copies, 1) if name != "y" else copies) for name in rows}
    return Case(slug, ("large",), f"{copies} times the rows of {small.slug}: means stay, gradients are shared",
                small.inputs | tiled, equations=small.equations, source=f"the answer of {small.slug}", small=small,
                derived=lambda found: {**found, **{name: np.tile(np.asarray(found[name]) / copies, (copies, 1))
                                                   for names in rows.values() for name in names}},
                dtypes=DOUBLE, recipe=f"{small.slug}/tiled/{copies}")  # fmt: skip


_FIXTURE = {"o_id": np.array([[2.0, 1.0], [0.0, 0.0]]), "y": np.array([0, 1]),
            "o_out": np.array([[4.0, 0.0], [-5.0, -5.0]]), "lam": 0.5, "tau_id": -2.0, "tau_out": 0.0}  # fmt: skip
_ORDINARY = Case("ordinary", ("basic",), "five features and four outliers, three classes", _losses("ordinary", 5, 4, 3),
                 equations=("ovor-14", "ovor-15", "ovor-16", "ovor-17"))  # fmt: skip
VOR_LOSS = (
    Case("two-of-each", ("basic", "missing_step", "wrong_constant"),
         "an outlier that pays along the line of Huber's function, and one that pays nothing", _FIXTURE,
         equations=("ovor-8", "ovor-9", "ovor-10", "ovor-11", "ovor-12", "ovor-13")),
    _ORDINARY,
    Case("worked-example", ("boundary", "edge_case"),
         "one class: energies are negative logits, and pay 0, 1/2 at the bend, 7/2",
         {"o_id": np.array([[2.0], [1.0], [-2.0]]), "y": np.zeros(3), "o_out": np.array([[-1.0], [0.0], [1.0]]),
          "lam": 1.0, "tau_id": -2.0, "tau_out": 0.0}, source=BY_HAND,
         answer={"cross_entropy": 0.0, "id_term": 4 / 3, "out_term": 1 / 6, "loss": 1.5,
                 "d_id": np.array([[0.0], [-1.0], [-1.0]]) / 3, "d_out": np.array([[0.0], [0.0], [1.0]]) / 3}),
    Case("more-outliers", ("wrong_constant",),
         "two features and seven outliers: each kind has a mean of its own", _losses("more-outliers", 2, 7, 2)),
    Case("all-content", ("edge_case",), "energies on the right side of both thresholds: cross-entropy is left",
         _losses("content", 3, 2, 2, scale=1.0, tau_id=30.0, tau_out=-30.0)),
    Case("no-regulariser", ("boundary",), "lam = 0", _losses("none", 4, 3, 3, lam=0.0)),
    Case("official-thresholds", ("basic",), "lam = 0.1, thresholds of -15 and -3, logits of size 10",
         _losses("official", 4, 5, 4, scale=10.0, lam=0.1, tau_id=-15.0, tau_out=-3.0)),
    Case("small-payments", ("wrong_constant",), "all pay less than 1/2: the parabola of Huber's function",
         {**_losses("small", 3, 3, 2, scale=0.125), "tau_id": -1.0, "tau_out": -0.375}),
    Case("logits-of-1000", ("numerics",), "logits of about a thousand: their exponentials are no floats",
         _losses("huge", 4, 4, 3, scale=1000.0)),
    _often("many-rows", _ORDINARY, 14_000),
)  # fmt: skip


# Training


def _run(slug, T, D, C, n, B, O, *, first, last, warm, lr=0.05, lam=0.5, tau_id=-2.0, tau_out=0.0, spread=1.0):
    return {
        "W0": _normal(slug + "-W", D, C, scale=0.5), "b0": _normal(slug + "-b", C, scale=0.5),
        "first": first, "last": last, "Z": _normal(slug + "-Z", n, D),
        "y": first + _whole(slug + "-y", last - first, n),
        "batches": _whole(slug, n, T, B), "outliers": _normal(slug + "-out", T, O, D, scale=spread),
        "rates": np.full(T, lr), "warm": warm, "lam": lam, "tau_id": tau_id, "tau_out": tau_out,
    }  # fmt: skip


TRAJECTORY = (
    Case("three-steps", ("basic", "missing_step", "wrong_order"),
         "a step without and two with outliers, on the last two of four columns",
         {**_run("three-steps", 3, 2, 4, 3, 2, 2, first=2, last=4, warm=1), "y": np.array([2, 3, 3])},
         equations=("ovor-7", "ovor-18", "ovor-19", "ovor-20")),
    Case("both-phases", ("basic",), "six steps of each phase on the middle columns, falling step sizes",
         {**_run("both-phases", 12, 3, 6, 8, 4, 5, first=2, last=4, warm=6), "rates": np.arange(12, 0, -1) / 64}),
    Case("outliers-at-once", ("boundary",), "no first phase",
         _run("at-once", 4, 2, 4, 4, 2, 3, first=0, last=2, warm=0)),
    Case("no-outliers", ("boundary",), "no second phase",
         _run("first-only", 4, 2, 4, 4, 2, 3, first=1, last=4, warm=4)),
    Case("all-columns", ("boundary",), "one task with all classes",
         _run("all", 4, 2, 3, 5, 3, 2, first=0, last=3, warm=2)),
    Case("one-class", ("edge_case",), "one class: cross-entropy teaches nothing, energies do",
         _run("one-class", 4, 2, 3, 3, 2, 2, first=1, last=2, warm=0, tau_id=-8.0, tau_out=-8.0)),
    Case("one-of-each", ("boundary",), "batches of one, one coordinate",
         _run("single", 3, 1, 2, 2, 1, 1, first=0, last=2, warm=1)),
    Case("a-rate-of-zero", ("edge_case",), "a step of size 0 leaves the head and feeds the averages",
         {**_run("zero-rate", 3, 2, 3, 3, 2, 2, first=0, last=2, warm=1), "rates": np.array([0.125, 0.0, 0.125])}),
    Case("strong-outliers", ("basic",), "outliers far away, lam = 4",
         _run("strong", 6, 2, 4, 5, 3, 4, first=0, last=2, warm=2, lam=4.0, spread=3.0)),
    Case("long", ("long",), "300 steps, 100 of them with outliers",
         _run("long", 300, 2, 4, 6, 2, 1, first=0, last=2, warm=200, lr=0.015625)),
    large("many-in-a-batch", "both-phases", "B", size=30_001, balanced=True, dtypes=DOUBLE),
)  # fmt: skip


def sample_run(rng):
    """Classes of the task."""
    T, D, C, n, B, O = (int(size) for size in rng.integers(1, 4, 6))
    first = int(rng.integers(0, C))
    last = int(rng.integers(first + 1, C + 1))
    return {
        "W0": rng.standard_normal((D, C)), "b0": rng.standard_normal(C), "first": first, "last": last,
        "Z": rng.standard_normal((n, D)), "y": rng.integers(first, last, n), "batches": rng.integers(0, n, (T, B)),
        "outliers": rng.standard_normal((T, O, D)), "rates": rng.uniform(0.01, 0.2, T),
        "warm": int(rng.integers(0, T + 1)) if last > first + 1 else 0, "lam": float(rng.uniform(0.2, 2.0)),
        "tau_id": float(rng.uniform(-6, -3)), "tau_out": float(rng.uniform(-1, 2)),
    }  # fmt: skip


SCHEDULE = (
    Case(
        "worked-example",
        ("boundary",),
        "one epoch: the step size itself",
        {"lr": 0.001, "n": 1},
        answer={"rates": np.array([0.001])},
        source=BY_HAND,
    ),
    Case(
        "fifty",
        ("basic", "wrong_constant"),
        "as in the paper: 40 and 10 epochs",
        {"lr": 0.001, "n": 50},
        equations=("ovor-21",),
    ),
    Case("two", ("boundary",), "two epochs: the first rate and the last", {"lr": 2.0, "n": 2}),
    Case("rate-of-zero", ("edge_case",), "lr = 0", {"lr": 0.0, "n": 3}, answer={"rates": np.zeros(3)}, source=BY_HAND),
    Case("long", ("long",), "300 epochs", {"lr": 0.5, "n": 300}),
)

# Virtual outliers

_CLOUD = np.array([[1, 0], [2, 0.2], [0, 1], [3, -1], [1, 1.0]])
_UNEVEN = np.array([[1, 0], [2, 0.2], [-0.1, 1.3], [3, -1.1], [1.15, 0.8]])  # no two are equally lonely that matter
_STEPS = np.array([[1, 0], [0, -1], [-1, 1.0]])


def _border(Z, eps, K, select, n_out, *, sigma=0.5, centre="boundary", rank="raw"):
    options = {"sigma": sigma, "centre": centre, "rank": rank}
    return {"Z": Z, "eps": eps, "K": K, "select": select, "n_out": n_out, **options}


def _drawn(slug, n, D, per, K, select, n_out, **options):
    return _border(_normal(slug, n, D), _normal(slug + "-eps", per, D), K, select, n_out, **options)


def _climbed(n):
    """Features at 0, 1, 3, 6, ...: each is lonelier than the one before."""
    steps = np.arange(n)
    return _border((steps * (steps + 1) // 2).astype(float)[:, None], np.array([[1.0], [-0.5]]), 2, 2, 3)


def _top(n):
    last, before = n * (n - 1) / 2, (n - 1) * (n - 2) / 2
    outliers = np.array([[last + 0.5], [last - 0.25], [before + 0.5]])
    return {"boundary": np.array([n - 1, n - 2]), "outliers": outliers}


_STAIRS = Case(
    "staircase", ("basic",), "features at 0, 1, 3, 6, 10 and 15", _climbed(6), answer=_top(6), source=BY_HAND
)
NPOS = (
    Case("five-features", ("basic", "missing_step", "known_bug"), "distances between directions",
         _border(_CLOUD, _STEPS, 2, 2, 3, rank="normalised"),
         equations=("ovor-22", "ovor-23", "ovor-24", "ovor-25", "ovor-26")),
    Case("worked-example", ("basic", "wrong_order"), "squared distances 1, 1.04, 1, 2.44, 1 between points",
         _border(_CLOUD, np.array([[1, 0], [0, -2], [-1, 1.0]]), 2, 2, 3), source=BY_HAND,
         answer={"boundary": np.array([3, 1]), "outliers": np.array([[3, -2], [3.5, -1], [2.5, 0.2]])}),
    Case("about-the-origin", ("variant", "known_bug"),
         "candidates start at 0: each draw as often as the border has features",
         _border(_CLOUD, _STEPS, 2, 2, 5, centre="origin")),
    Case("about-the-origin-directions", ("variant",), "the same, by directions",
         _border(_CLOUD, np.array([[1, 0.5], [-1, -2], [-1, 1.0]]), 2, 2, 4, centre="origin", rank="normalised")),
    Case("two-twice", ("edge_case",), "features that occur twice are their own nearest neighbours",
         _border(np.concatenate([_UNEVEN, _UNEVEN[:2]]), _STEPS, 2, 3, 4)),
    Case("five-for-nine", ("boundary",), "a border of nine among five features: all of them",
         _border(np.array([[1.4, -1], [-1.6, -0.8], [-0.4, 1.3], [-0.2, -1.7], [-0.7, 0.4]]), _STEPS, 3, 9, 6)),
    Case("last-but-one", ("boundary",), "K = n - 1; at K = n the two loneliest features are equally so",
         _border(_UNEVEN, _STEPS, 4, 2, 4)),
    Case("single-feature", ("boundary",), "one feature, one draw, one coordinate",
         _border(np.array([[2.0]]), np.array([[-3.0]]), 1, 1, 1), source=BY_HAND,
         answer={"boundary": np.array([0]), "outliers": np.array([[0.5]])}),
    Case("high-dimension", ("basic",), "eight features in six dimensions, by directions",
         _drawn("high", 8, 6, 3, 3, 3, 5, rank="normalised", sigma=0.25)),
    Case("all-that-there-are", ("boundary",), "all candidates are kept, in the order of their distances",
         _drawn("all-kept", 6, 3, 2, 3, 2, 4, sigma=0.75)),
    Case("far-from-the-origin", ("numerics",), "features about (1024, -1024)",
         _border(np.array([1024.0, -1024.0]) + _CLOUD, _STEPS, 2, 2, 3)),
    Case("zeros-among-others", ("edge_case",), "0 has no direction: it is at distance 1 of all others",
         _border(np.concatenate([_UNEVEN, np.zeros((1, 2))]), np.array([[1, 0.5], [-1, -2], [-1, 1.0]]), 2, 1, 3,
                 rank="normalised")),
    _STAIRS,
    Case("many-features", ("large",), "3000 features at 0, 1, 3, 6, ...: each is lonelier than the one before",
         _climbed(3000), small=_STAIRS, derived=lambda found: _top(3000), source="closed form",
         recipe="staircase/3000"),
)  # fmt: skip


def sample_npos(rng):
    """Distances that are apart."""
    while True:
        n, D, per = int(rng.integers(3, 7)), int(rng.integers(2, 5)), int(rng.integers(1, 4))
        Z, eps, sigma = rng.standard_normal((n, D)), rng.standard_normal((per, D)), float(rng.uniform(0.2, 1.0))
        K, select = int(rng.integers(2, n + 1)), int(rng.integers(1, n + 2))
        n_out = int(rng.integers(1, min(select, n) * per + 1))
        centre, rank = str(rng.choice(("boundary", "origin"))), str(rng.choice(("normalised", "raw")))
        seen = (lambda x: x) if rank == "raw" else (lambda x: x / np.linalg.norm(x, axis=1, keepdims=True))
        candidates = sigma * eps if centre == "origin" else (Z[:, None] + sigma * eps).reshape(-1, D)
        far = [np.sort(np.linalg.norm(seen(points)[:, None] - seen(Z), axis=2), axis=1)[:, K - 1]
               for points in (Z, candidates)]  # fmt: skip
        if all(np.min(np.diff(np.sort(x)), initial=1.0) > 1e-3 for x in far):
            options = {"sigma": sigma, "centre": centre, "rank": rank}
            return {"Z": Z, "eps": eps, "K": K, "select": select, "n_out": n_out, **options}


def _classes(slug, sizes, D, S, n_out, *, ridge=0.001, scale=1.0):
    y = np.repeat(np.arange(len(sizes)), sizes)
    y = y[stream(0, "ovor-case", slug + "-order").permutation(len(y))]
    return {"Z": _normal(slug, len(y), D, scale=scale) + 3 * y[:, None], "y": y, "eps": _normal(slug + "-eps", S, D),
            "n_out": n_out, "ridge": ridge}  # fmt: skip


VOS = (
    Case("worked-example", ("basic", "missing_step"), "means 2 and 11, variance 1, ridge 3: steps twice the draws",
         {"Z": np.array([[1.0], [3.0], [10.0], [12.0]]), "y": np.array([0, 0, 1, 1]), "eps": np.array([[0.5], [-2.0]]),
          "n_out": 2, "ridge": 3.0}, equations=("ovor-27", "ovor-28", "ovor-29", "ovor-30"), source=BY_HAND,
         answer={"outliers": np.array([[-2.0], [7.0]])}),
    Case("two-classes", ("basic", "wrong_order"), "seven features in two dimensions", _classes("two", (4, 3), 2, 5, 6)),
    Case("three-classes", ("basic", "wrong_constant"), "of unequal sizes; eight outliers make two of each class",
         _classes("three", (2, 3, 5), 3, 6, 8, ridge=0.0625)),
    Case("one-class", ("boundary",), "one class", _classes("one", (5,), 2, 3, 2)),
    Case("one-of-each-class", ("edge_case",), "nothing but the ridge", _classes("single", (1, 1), 2, 3, 4, ridge=0.25)),
    Case("all-draws", ("boundary",), "as many outliers as draws", _classes("all-draws", (3, 3), 2, 3, 6, ridge=0.5)),
    Case("strong-ridge", ("wrong_constant",), "a ridge far above the covariance",
         _classes("ridge", (3, 4), 3, 4, 4, ridge=64.0)),
    Case("tiny-spread", ("numerics",), "classes of spread 1/64, a ridge of 1/65536",
         _classes("tiny", (4, 4), 2, 3, 4, ridge=1 / 65536, scale=1 / 64)),
    large("many-features", "two-classes", "n", balanced=True, dtypes=DOUBLE),
)  # fmt: skip


def sample_vos(rng):
    """Draws of lengths that are apart."""
    while True:
        D, S, sizes = int(rng.integers(1, 4)), int(rng.integers(1, 5)), rng.integers(1, 4, int(rng.integers(1, 4)))
        y = rng.permutation(np.repeat(np.arange(len(sizes)), sizes))
        eps, n_out = rng.standard_normal((S, D)), len(sizes) * int(rng.integers(1, S + 1))
        if np.min(np.diff(np.sort(np.linalg.norm(eps, axis=1))), initial=1.0) > 1e-3:
            ridge = float(rng.uniform(0.05, 1.0))
            return {"Z": rng.standard_normal((len(y), D)), "y": y, "eps": eps, "n_out": n_out, "ridge": ridge}


# Pools

_AXES = np.array([[2.0, 0.0], [0.0, 1.0], [-1.0, 0.0]])
SELECT_PROMPTS = (
    Case("worked-example", ("basic", "missing_step"), "cosines of 0.6, 0.8 and -0.6; two are taken",
         {"query": np.array([[3.0, 4.0]]), "keys": _AXES, "k": 2}, source=BY_HAND,
         equations=("ovor-31", "ovor-32", "ovor-33", "ovor-34"),
         answer={"chosen": np.array([[1, 0]]), "loss": 0.6,
         "d_keys": np.array([[0.0, -0.4], [-0.6, 0.0], [0.0, 0.0]])}),
    Case("ordinary", ("basic", "wrong_order"), "four queries, five keys of unequal lengths, three for each",
         {"query": _normal("queries", 4, 3), "keys": _normal("keys", 5, 3) * np.array([[1], [4], [0.25], [2], [1]]),
          "k": 3}),
    Case("one-each", ("boundary",), "the nearest key alone",
         {"query": _normal("q1", 5, 4), "keys": _normal("k1", 4, 4), "k": 1}),
    Case("all-keys", ("boundary",), "every key", {"query": _normal("q2", 3, 2), "keys": _normal("k2", 3, 2), "k": 3}),
    Case("one-key", ("boundary",), "a pool of one",
         {"query": _normal("q3", 2, 3), "keys": _normal("k3", 1, 3), "k": 1}),
    Case("as-many-as-can-be-mixed-up", ("wrong_order", "known_bug"), "as many queries as keys and chosen ones",
         {"query": _normal("q4", 3, 3), "keys": _normal("k4", 3, 3), "k": 2}),
    Case("long-and-short", ("numerics",), "queries of size 1e10, keys of size 1e-10: directions count",
         {"query": _normal("q5", 3, 3, scale=1e10), "keys": _normal("k5", 4, 3, scale=1e-10), "k": 2}),
    large("many-queries", "ordinary", "n", size=30_001, balanced=True, dtypes=DOUBLE),
)  # fmt: skip


def sample_select(rng):
    """Cosines that are apart."""
    while True:
        n, M, d = int(rng.integers(1, 5)), int(rng.integers(1, 5)), int(rng.integers(2, 5))
        query, keys = rng.standard_normal((n, d)), rng.standard_normal((M, d))
        ends = (x / np.linalg.norm(x, axis=1, keepdims=True) for x in (query, keys))
        if (
            np.min(
                np.diff(np.sort(np.matmul(*(x if i == 0 else x.T for i, x in enumerate(ends))), axis=1)), initial=1.0
            )
            > 1e-3
        ):
            return {"query": query, "keys": keys, "k": int(rng.integers(1, M + 1))}


def _pool(slug, n, M, d, e, **scales):
    shapes = {"query": (n, d), "attention": (M, d), "keys": (M, d), "prompts": (M, e)}
    return {name: _normal(f"{slug}-{name}", *shape, scale=scales.get(name, 1.0)) for name, shape in shapes.items()}


CODA_PROMPT = (
    Case("worked-example", ("basic", "missing_step"), "a mask that leaves (3, 0), and one that leaves (3, 4)",
         {"query": np.array([[3.0, 4.0]]), "attention": np.array([[1.0, 0.0], [1.0, 1.0]]),
          "keys": np.array([[2.0, 0.0], [0.0, 5.0]]), "prompts": np.array([[10.0, 0.0], [1.0, 2.0]])},
         equations=("ovor-35", "ovor-36"), answer={"prompt": np.array([[10.8, 1.6]])}, source=BY_HAND),
    Case("ordinary", ("basic",), "three queries, four components", _pool("coda", 3, 4, 3, 2)),
    Case("as-many-as-can-be-mixed-up", ("wrong_order",), "three of everything", _pool("coda-cube", 3, 3, 3, 3)),
    Case("one-component", ("boundary",), "a pool of one", _pool("coda-one", 2, 1, 2, 3)),
    Case("masked-out", ("edge_case",), "a mask of 0 leaves nothing of the query: its component counts 0",
         {**_pool("coda-mask", 2, 3, 2, 2), "attention": np.array([[0.0, 0.0], [1.0, 0.5], [-1.0, 2.0]])}),
    Case("long-and-short", ("numerics",), "queries of 1e10, keys of 1e-10",
         _pool("coda-range", 2, 3, 3, 2, query=1e10, keys=1e-10)),
    large("many-queries", "ordinary", "n", size=30_001),
)  # fmt: skip

# What is measured


def _graded(slug, n, c, tasks, seen):
    return {"o": _normal(slug, n, c * tasks), "c": c, "seen": seen, "y": _whole(slug + "-y", c * seen, n)}


ACCURACIES = (
    Case("worked-example", ("basic", "missing_step", "wrong_order"),
         "the first is right in its task alone, the second nowhere; what is to come is no answer",
         {"o": np.array([[1.0, 2.0, 5.0, 3.0, 9.0, 9.0], [4.0, 0.0, 3.0, 3.5, 9.0, 9.0]]), "c": 2, "seen": 2,
          "y": np.array([1, 2])}, equations=("ovor-37", "ovor-38"), answer={"cil": 0.0, "til": 0.5}, source=BY_HAND),
    Case("ordinary", ("basic",), "twelve examples, three tasks of three classes, all seen",
         _graded("graded", 12, 3, 3, 3)),
    Case("half-seen", ("basic",), "two of four tasks seen", _graded("half", 9, 2, 4, 2)),
    Case("first-task", ("boundary",), "one task seen: both shares are one", _graded("first", 6, 3, 2, 1)),
    Case("tasks-of-one-class", ("boundary",), "with the task given nothing is left to guess",
         _graded("ones", 6, 1, 4, 4)),
    Case("ties", ("edge_case",), "equal logits: the first class", source=BY_HAND, answer={"cil": 0.5, "til": 1.0},
         inputs={"o": np.ones((2, 4)), "c": 2, "seen": 2, "y": np.array([0, 2])}),
    large("many-examples", "ordinary", "n", balanced=True),
)  # fmt: skip


def sample_accuracies(rng):
    """Classes of tasks seen."""
    n, c, tasks = (int(size) for size in rng.integers(1, 5, 3))
    seen = int(rng.integers(1, tasks + 1))
    return {"o": rng.standard_normal((n, c * tasks)), "y": rng.integers(0, c * seen, n), "c": c, "seen": seen}


_RUN = np.array([[0.875, 0.0, 0.0], [0.75, 0.8125, 0.0], [0.5, 0.875, 0.6875]])
METRICS = (
    Case("worked-example", ("basic", "missing_step", "known_bug"), "the second task became better, the first worse",
         {"a": np.array([[0.75, 0.0, 0.0], [0.5, 0.75, 0.0], [0.25, 1.0, 0.25]])}, equations=("ovor-39", "ovor-40"),
         answer={"accuracy": 0.5, "forgetting": 0.125}, source=BY_HAND),
    Case("best-in-between", ("wrong_order",), "the best of the first task is not the first",
         {"a": np.array([[0.5, 0.0, 0.0, 0.0], [0.75, 0.5, 0.0, 0.0],
         [0.625, 0.25, 0.5, 0.0], [0.25, 0.375, 0.25, 0.75]])}),
    Case("three-tasks", ("basic", "known_bug"), "three tasks", {"a": _RUN}),
    Case("two-tasks", ("boundary", "known_bug"), "two tasks: one can be forgotten",
         {"a": np.array([[0.875, 0.0], [0.375, 0.5]])}),
    Case("one-task", ("boundary",), "nothing can be forgotten", {"a": np.array([[0.625]])},
         answer={"accuracy": 0.625, "forgetting": 0.0}, source=BY_HAND),
    Case("guessed-before", ("edge_case",), "a task that was known better before it came than after",
         {"a": np.array([[0.5, 0.75, 0.25], [0.5, 0.625, 0.0], [0.375, 0.5, 0.875]])}),
    Case("a-later-gain", ("edge_case",), "all earlier tasks gain: forgetting is negative",
         {"a": np.array([[0.5, 0.0, 0.0], [0.5, 0.5, 0.0], [0.75, 0.625, 0.5]])}),
    Case("many-tasks", ("large",), "256 tasks, each of which loses 1/256 with every task that follows",
         {"a": np.tril(1 - (np.arange(256)[:, None] - np.arange(256)) / 256)},
         answer={"accuracy": 1 - 255 / 512, "forgetting": 0.5}, source="closed form"),
)  # fmt: skip
