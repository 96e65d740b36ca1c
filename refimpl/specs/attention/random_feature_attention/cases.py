"""Inputs of the operations of random feature attention under permanent names, and random ones."""

from dataclasses import replace

import numpy as np

from refimpl.core.random import stream
from refimpl.specs.base import Case
from refimpl.specs.sizes import large

QUERY, KEYS = np.array([[0.6, 0.8]]), np.array([[[1.0, 0.0], [0.0, -1.0]]])
HEAD = np.array([[[1.0, 0.0, 0.5], [0.0, -1.0, 0.0], [0.5, 0.0, 0.0]]])
BY_HAND = "worked out by hand"
DOUBLE = ("float64",)


def _normal(slug, *shape, scale=1.0):
    return scale * stream(0, "random_feature_attention-case", slug).standard_normal(shape).round(4)


def _units(slug, *shape):
    x = _normal(slug, *shape)
    return (x / np.sqrt(np.sum(x * x, axis=-1, keepdims=True))).round(5)


def _sets(slug, n, N, d, *, query=1.0, key=1.0):
    return {"x0": query * _units(slug + "-x0", n, d), "keys": key * _units(slug + "-keys", n, N, d)}


def _layer(slug, n, N, d, M, *, head=0.5, **scales):
    return {**_sets(slug, n, N, d, **scales), "W": _normal(slug + "-W", M, d + 1, d + 1, scale=head)}


HAND = {"x0": QUERY, "keys": KEYS, "W": HEAD}
_TWICE = _layer("twice", 2, 2, 2, 3)
_HEADS = (
    Case("ordinary", ("basic",), "three sets of four keys in two dimensions, unit vectors, three heads",
         _layer("ordinary", 3, 4, 2, 3), equations=("random_feature_attention-1", "random_feature_attention-2")),
    Case("no-unit-vectors", ("basic", "missing_step"),
         "queries of length 3 and keys of length 1/4: they are taken as they are",
         _layer("long-and-short", 2, 3, 3, 2, query=3.0, key=0.25)),
    Case("one-key", ("boundary",), "a single key: nothing to average", _layer("one-key", 2, 1, 3, 2)),
    Case("one-head", ("boundary",), "a single head", _layer("one-head", 2, 3, 2, 1)),
    Case("one-coordinate", ("boundary",), "numbers for vectors: matrices of 2 by 2",
         _layer("line", 2, 3, 1, 2, query=0.7, key=1.5)),
    Case("as-many-as-can-be-mixed-up", ("wrong_order",),
         "as many sets as keys, heads and coordinates of a lifted vector: axes that are exchanged still fit",
         _layer("cube", 3, 3, 2, 3)),
    Case("zeros", ("edge_case",), "a query and keys of 0: what is left is the lift",
         {**_layer("zeros", 2, 2, 2, 3), "x0": np.zeros((2, 2)), "keys": np.zeros((2, 2, 2))}),
    Case("large-scores", ("numerics",), "scores of 1e4: nothing here is exponentiated",
         _layer("large-scores", 2, 3, 2, 3, head=5e3)),
    Case("far-and-near", ("numerics",), "queries of 1e15 with keys of 1e-15: the lift keeps the scores large",
         _layer("far-and-near", 2, 3, 2, 2, query=1e15, key=1e-15)),
    Case("range", ("numerics",), "queries of 1e30 with keys of 1e-30", dtypes=DOUBLE,
         inputs=_layer("range", 2, 3, 2, 2, query=1e30, key=1e-30)),
)  # fmt: skip

PREACTIVATIONS = (
    Case("worked-example", ("basic", "missing_step", "wrong_order"),
         "two keys, one head: what is asked of the lift shows", HAND, equations=("random_feature_attention-2",),
         answer={"u": np.array([[[1.4, 1.1]]])}, source=BY_HAND),
    *_HEADS,
    large("many-keys", "ordinary", "N"),
    large("many-inputs", "ordinary", "n", size=30_001),
    large("many-heads", "ordinary", "M", size=5003),
)  # fmt: skip

FEATURES = (
    Case("worked-example", ("basic", "missing_step", "wrong_order"),
         "two keys, one head, both scores above 0: the mean of keys weighted by their scores", HAND,
         equations=("random_feature_attention-4", "random_feature_attention-5"),
         answer={"phi": np.array([[[0.7, -0.55, 1.25]]])}, source=BY_HAND),
    *_HEADS,
    Case("every-key-twice", ("basic", "wrong_constant"), "every key twice: the mean stays",
         {**_TWICE, "keys": np.concatenate([_TWICE["keys"], _TWICE["keys"]], axis=1)}),
    Case("rectified-away", ("edge_case",), "all scores below 0: all features 0",
         {**HAND, "W": -HEAD}, answer={"phi": np.zeros((1, 1, 3))}, source=BY_HAND),
    large("many-keys", "ordinary", "N", balanced=True, dtypes=DOUBLE),
    large("many-inputs", "ordinary", "n", size=30_001),
)  # fmt: skip


def _valued(inputs, slug, bias="zero", value=1.0):
    M, e = inputs["W"].shape[:2]
    more = {"v": _normal(slug + "-v", M, e, scale=value), "bias": bias}
    return {**{name: inputs[name] for name in ("x0", "keys")}, "G": inputs["W"], **more}


def _both(slug, flags, why, *shape, **options):
    scale = options.pop("value", 1.0)
    for bias in ("zero", "identity"):
        inputs = _valued(_layer(slug, *shape, **options), slug, bias, scale)
        yield Case(f"{slug}-{bias}", flags, f"{why}; bias {bias}", inputs)


FORWARD = (
    Case("worked-example", ("basic", "missing_step", "wrong_order"), "features (0.7, -0.55, 1.25), values (1, 2, 4)",
         {"x0": QUERY, "keys": KEYS, "G": HEAD, "v": np.array([[1.0, 2.0, 4.0]]), "bias": "zero"},
         equations=("random_feature_attention-6",), answer={"f": np.array([4.6])}, source=BY_HAND),
    Case("worked-example-biased", ("basic", "wrong_constant"),
         "the products of query and keys, 0.6 and -0.8, are added to the scores",
         {"x0": QUERY, "keys": KEYS, "G": HEAD, "v": np.array([[1.0, 2.0, 4.0]]), "bias": "identity"},
         equations=("random_feature_attention-8",), answer={"f": np.array([5.0 + 0.3])}, source=BY_HAND),
    *_both("ordinary", ("basic",), "three sets of four keys, three heads", 3, 4, 2, 3),
    *_both("long-query", ("basic", "missing_step"), "queries of length 3, keys of length 1/2", 2, 3, 3, 2, query=3.0,
           key=0.5),
    *_both("one-key", ("boundary",), "one key", 2, 1, 2, 2),
    *_both("one-head", ("boundary",), "one head, one coordinate", 2, 3, 1, 1),
    *_both("large-scores", ("numerics",), "scores of 1e4, values of 1e-4", 2, 3, 2, 3, head=5e3, value=1e-4),
    large("many-keys", "ordinary-identity", "N", balanced=True, dtypes=DOUBLE),
    large("many-inputs", "ordinary-identity", "n", size=30_001),
)  # fmt: skip


def _network(slug, n, N, d, M, pooled=False, weight=0.6, **scales):
    p = 2 * d + 1 if pooled else d * (N + 1) + 1
    return {**_sets(slug, n, N, d, **scales), "w": _normal(slug + "-w", M, p, scale=weight)}


def _networks(pooled):
    more = {"pooled": pooled}
    yield Case(
        "ordinary",
        ("basic",),
        "three sets of three keys in two dimensions, four neurons",
        _network("mlp", 3, 3, 2, 4, **more),
    )
    yield Case(
        "no-unit-vectors",
        ("basic", "missing_step"),
        "queries of length 3, keys of length 1/4",
        _network("mlp-long", 2, 2, 3, 3, query=3.0, key=0.25, **more),
    )
    yield Case("one-key", ("boundary",), "one key", _network("mlp-one-key", 2, 1, 2, 3, **more))
    yield Case("one-neuron", ("boundary",), "one neuron, one coordinate", _network("mlp-one", 3, 3, 1, 1, **more))
    yield Case(
        "zeros",
        ("edge_case",),
        "a query and keys of 0: what is left is the weight of the lift",
        {**_network("mlp-zeros", 1, 2, 2, 4, **more), "x0": np.zeros((1, 2)), "keys": np.zeros((1, 2, 2))},
    )
    yield Case(
        "far-and-near",
        ("numerics",),
        "queries of 1e30 with keys of 1e-30",
        _network("mlp-range", 2, 2, 2, 3, query=1e30, key=1e-30, **more),
    )
    yield Case("large-scores", ("numerics",), "scores of 1e4", _network("mlp-scores", 2, 3, 2, 3, weight=1e4, **more))
    yield large("many-inputs", "ordinary", "n", size=30_001)


MLP_FEATURES = (
    Case("worked-example", ("basic", "wrong_order"), "query 2, keys 3 and 4, lift 1, weights 1, 10, 100 and -400",
         {"x0": np.array([[2.0]]), "keys": np.array([[[3.0], [4.0]]]), "w": np.array([[1.0, 10.0, 100.0, -400.0]])},
         equations=("random_feature_attention-10", "random_feature_attention-11"),
         answer={"phi": np.array([[32.0]])}, source=BY_HAND),
    *_networks(False),
)  # fmt: skip
POOLED_FEATURES = (
    Case("worked-example", ("basic", "wrong_order"), "query 2, keys 3 and -4: the second key is rectified away",
         {"x0": np.array([[2.0]]), "keys": np.array([[[3.0], [-4.0]]]), "w": np.array([[1.0, 10.0, 0.5]])},
         equations=("random_feature_attention-12",), answer={"phi": np.array([[16.25]])}, source=BY_HAND),
    *_networks(True),
    large("many-keys", "ordinary", "N", balanced=True, dtypes=DOUBLE),
)  # fmt: skip


def _drawn(slug, M, d, bias):
    return {"noise": _normal(slug, M, d + 1, d + 1), "M": M, "d": d, "bias": bias}


def _weighed(slug, M, d, N):
    return {"noise": _normal(slug, M, d * (N + 1) + 1), "N": N}


HEADS = (
    Case("worked-example", ("basic",), "draws of 1: a half, and 1 on the diagonal but for the lift",
         {"noise": np.ones((1, 2, 2)), "M": 1, "d": 1, "bias": "identity"},
         equations=("random_feature_attention-7", "random_feature_attention-8"),
         answer={"W": np.array([[[1.5, 0.5], [0.5, 0.5]]])}, source=BY_HAND),
    Case("ordinary", ("basic",), "two heads in two dimensions", _drawn("heads", 2, 2, "zero")),
    Case("biased", ("basic",), "two heads about the identity", _drawn("biased", 2, 2, "identity")),
    Case("one-head", ("boundary",), "one head in three dimensions", _drawn("one", 1, 3, "identity")),
    Case("many-heads", ("large",), "5,000 heads in one dimension, of draws 1 and -2 in turn",
         {"noise": np.tile(np.array([1.0, -2.0])[:, None, None], (2_500, 2, 2)), "M": 5_000, "d": 1, "bias": "zero"},
         answer={"W": np.tile(np.array([0.5, -1.0])[:, None, None], (2_500, 2, 2))}, source=BY_HAND),
)  # fmt: skip
NEURONS = (
    Case("two-keys", ("basic",), "two keys: draws are halved", _weighed("two-keys", 3, 2, 2),
         equations=("random_feature_attention-9",)),
    Case("one-key", ("boundary",), "one key, as for pooled features", _weighed("of-one-key", 3, 2, 1)),
    Case("seven-keys", ("basic", "wrong_constant"), "seven keys: a third", _weighed("seven", 2, 1, 7)),
    Case("many-neurons", ("large",), "5,000 neurons for two keys in one dimension, of draws 1 and -2 in turn",
         {"noise": np.tile(np.array([1.0, -2.0])[:, None], (2_500, 4)), "N": 2},
         answer={"w": np.tile(np.array([0.5, -1.0])[:, None], (2_500, 4))}, source=BY_HAND),
)  # fmt: skip


def _regression(slug, n, D, lam, *, feature=1.0, label=1.0):
    return {"Phi": _normal(slug, n, D, scale=feature), "y": _normal(slug + "-y", n, scale=label), "lam": lam}


RIDGE = (
    Case("worked-example", ("basic", "missing_step", "wrong_constant"), "one weight, two data: 6 / (4 + 2)",
         {"Phi": np.array([[2.0], [0.0]]), "y": np.array([3.0, 5.0]), "lam": 1.0},
         equations=("random_feature_attention-21", "random_feature_attention-22"), answer={"v": np.array([1.0])},
         source=BY_HAND),
    Case("more-data", ("basic",), "seven data, three features", _regression("tall", 7, 3, 0.25)),
    Case("more-features", ("basic",), "three data, seven features", _regression("wide", 3, 7, 0.25)),
    Case("one-datum", ("boundary",), "one datum: n = 1", _regression("one", 1, 2, 0.5)),
    Case("no-features-of-use", ("edge_case",), "features of 0: weights of 0",
         {"Phi": np.zeros((3, 2)), "y": np.ones(3), "lam": 0.5}, answer={"v": np.zeros(2)}, source=BY_HAND),
    Case("equal-columns", ("edge_case",), "two equal columns: their weights are equal",
         {"Phi": np.tile(_normal("equal", 4, 1), (1, 2)), "y": _normal("equal-y", 4), "lam": 0.125}),
    Case("small-penalty", ("numerics",), "a penalty of 1e-9 on columns that differ by a thousandth",
         {"Phi": np.array([[1.0, 1.0], [1.0, 1.0009765625], [1.0, 0.9990234375]]), "y": np.array([1.0, 2.0, 4.0]),
          "lam": 1e-9}, dtypes=DOUBLE),
    Case("huge-penalty", ("numerics",), "a penalty of 1e12: small weights", _regression("huge", 4, 3, 1e12)),
    Case("tiny-features", ("numerics",), "features of 1e-12, a penalty of 1e-24",
         _regression("tiny", 5, 3, 1e-24, feature=1e-12)),
    large("many-data", "more-data", "n", balanced=True, dtypes=DOUBLE),
)  # fmt: skip

_GRAM = np.array([[4.0, 1.0, 0.5, 0.0], [1.0, 3.0, -0.5, 0.25], [0.5, -0.5, 2.0, 0.125], [0.0, 0.25, 0.125, 1.0]])


def _path(slug, k, shares, K=_GRAM, **changed):
    n = len(K)
    inputs = {"K": K, "y": _normal(slug + "-y", n), "K_val": _normal(slug + "-K", k, n), "y_val": _normal(slug, k)}
    return {**inputs, "shares": np.array(shares), **changed}


RIDGE_PATH = (
    Case("worked-example", ("basic", "wrong_constant"), "two data that do not meet; eigenvalues 2 and 1",
         {"K": np.diag([2.0, 1.0]), "y": np.array([3.0, 0.0]), "K_val": np.array([[2.0, 0.0]]),
          "y_val": np.array([2.0]), "shares": np.array([0.125, 0.5, 2.0])},
         equations=("random_feature_attention-23", "random_feature_attention-24"),
         answer={"errors": np.array([4 / 9, 0.0, 1.0]), "chosen": np.array(1), "dual": np.array([1.0, 0.0])},
         source=BY_HAND),
    Case("ordinary", ("basic",), "four data, three for validation, four penalties",
         _path("path", 3, [0.01, 0.1, 1, 10])),
    Case("one-penalty", ("boundary",), "one penalty, one datum of validation", _path("single", 1, [0.5])),
    Case("one-datum", ("boundary",), "one datum", _path("lonely", 2, [0.1, 1.0], K=np.array([[2.0]]))),
    Case("singular", ("edge_case",), "two equal data: an eigenvalue of 0",
         _path("singular", 2, [0.01, 0.25], K=np.array([[2.0, 2.0, 0.5], [2.0, 2.0, 0.5], [0.5, 0.5, 1.0]]))),
    Case("small-kernel", ("numerics",), "a kernel of 1e-12", _path("small", 3, [0.01, 0.1, 1.0], K=_GRAM * 1e-12)),
    Case("last-wins", ("wrong_order",), "targets of 0 for validation: the largest penalty does best",
         _path("last", 2, [0.1, 1.0, 10.0], y_val=np.zeros(2))),
    large("much-validation", "ordinary", "k", balanced=True, dtypes=DOUBLE),
)  # fmt: skip


def _beside(first, second):
    return {**first, "y0": second["x0"], "ykeys": second["keys"]}


def _two(slug, n, N, m, L, d, **scales):
    return _beside(_sets(slug, n, N, d, **scales), _sets(slug + "-other", m, L, d, **scales))


_ITSELF = _sets("kernel-itself", 1, 2, 2)
_PAIRS = (  # each for both biases
    Case("ordinary", ("basic",), "two inputs of two keys, one of three, unit vectors", _two("kernel", 2, 2, 1, 3, 2)),
    Case("no-unit-vectors", ("basic", "missing_step"), "queries of length 3, keys of length 1/2",
         _two("kernel-long", 1, 2, 2, 1, 3, query=3.0, key=0.5)),
    Case("itself", ("boundary", "numerics"), "an input with itself: correlations of 1", _beside(_ITSELF, _ITSELF)),
    Case("one-coordinate", ("boundary",), "one key each, of one coordinate",
         _two("kernel-line", 1, 1, 2, 1, 1, key=0.8)),
    Case("zeros", ("edge_case",), "a query and a key of 0",
         {**_two("kernel-zeros", 1, 1, 1, 2, 2), "x0": np.zeros((1, 2)), "keys": np.zeros((1, 1, 2))}),
    Case("near-copies", ("numerics",), "inputs that differ by 1e-6",
         {"x0": np.array([[0.6, 0.8]]), "keys": np.array([[[1.0, 0.0]]]),
          "y0": np.array([[0.600001, 0.8]]), "ykeys": np.array([[[1.0, 0.000001]]])}, dtypes=DOUBLE),
    Case("opposite", ("numerics",), "keys in opposite directions: little of them is left",
         {"x0": np.array([[3.0, 4.0]]), "keys": np.array([[[8.0, 0.0], [0.0, 3.0]]]),
          "y0": np.array([[3.0, 4.0]]), "ykeys": np.array([[[-8.0, 1.0]]])}, dtypes=DOUBLE),
    Case("far-and-near", ("numerics",), "queries of 1e15 with keys of 1e-15",
         _two("kernel-range", 1, 2, 1, 1, 2, query=1e15, key=1e-15)),
)  # fmt: skip

KERNEL = (
    Case("worked-example", ("basic", "wrong_constant"), "queries apart, equal keys: 2 kappa(0) = 1 / pi",
         {"x0": np.array([[1.0]]), "keys": np.array([[[1.0]]]), "y0": np.array([[-1.0]]), "ykeys": np.array([[[1.0]]]),
          "bias": "zero"}, equations=("random_feature_attention-14", "random_feature_attention-16"),
         answer={"K": np.array([[0.318309886183790671538]])}, source="1 / pi"),
    *(replace(case, slug=f"{case.slug}-{bias}", why=f"{case.why}; bias {bias}", inputs={**case.inputs, "bias": bias})
      for bias in ("zero", "identity") for case in _PAIRS),
    large("many-keys", "ordinary-zero", "N", balanced=True, size=20_000, dtypes=DOUBLE),
)  # fmt: skip


def _training(slug, n, M, e, T, K1, K2, lr):
    return {"phi": _normal(slug, n, M, e), "y": _normal(slug + "-y", n), "K1": K1, "K2": K2, "lr": lr, "T": T}


CONSTRAINED = (
    Case("worked-example", ("basic", "wrong_constant"), "the step (0.3, 0.4), halved: squares add up to 1/16",
         {"phi": np.array([[[0.3, 0.4]]]), "y": np.array([1.0]), "K1": 9.0, "K2": 0.0625, "lr": 0.5, "T": 1},
         equations=("random_feature_attention-27", "random_feature_attention-32", "random_feature_attention-33"),
         answer={"values": np.array([[[0.15, 0.2]]])}, source=BY_HAND),
    Case("free", ("basic",), "no bound is reached: gradient descent", _training("free", 4, 2, 2, 3, 50.0, 1e3, 0.125)),
    Case("squares", ("basic",), "the bound of the squares holds", _training("squares", 5, 3, 2, 4, 50.0, 0.05, 0.25)),
    Case("lengths", ("basic",), "the bound of the lengths holds; some heads are left out",
         _training("lengths", 5, 4, 2, 4, 0.1, 9.0, 0.25)),
    Case("both", ("basic", "wrong_order"), "both bounds hold", _training("both", 5, 4, 2, 4, 0.25, 0.09, 0.25)),
    Case("both-of-many", ("basic", "wrong_order"), "both bounds hold, for seven heads",
         _training("both-7", 9, 7, 2, 3, 0.2, 0.07, 0.5)),
    Case("one-head", ("boundary",), "one head of one coordinate: the nearer bound holds",
         _training("single", 3, 1, 1, 2, 0.3, 4.0, 0.25)),
    Case("no-labels", ("edge_case",), "labels of 0: values stay 0",
         {**_training("still", 3, 2, 2, 2, 1.0, 1.0, 0.5), "y": np.zeros(3)},
         answer={"values": np.zeros((2, 2, 2))}, source="the gradient is 0"),
    Case("long", ("long",), "300 steps; the bound of the squares holds",
         _training("long", 3, 2, 2, 300, 50.0, 0.05, 0.0625)),
    large("many-data", "both", "n", balanced=True, dtypes=DOUBLE),
)  # fmt: skip


# Random inputs ------------------------------------------------------------------------------------------------------


def _sizes(rng, count, most=4):
    return (int(k) for k in rng.integers(1, most + 1, count))


def _of(rng, n, N, d):
    scales = np.exp(rng.uniform(-1, 1, 2))
    return {"x0": scales[0] * rng.standard_normal((n, d)), "keys": scales[1] * rng.standard_normal((n, N, d))}


def sample_mlp(rng):
    n, N, d, M = _sizes(rng, 4)
    return {**_of(rng, n, N, d), "w": rng.standard_normal((M, d * (N + 1) + 1))}


def sample_pooled(rng):
    n, N, d, M = _sizes(rng, 4)
    return {**_of(rng, n, N, d), "w": rng.standard_normal((M, 2 * d + 1))}


def sample_heads(rng):
    M, d = _sizes(rng, 2)
    bias = str(rng.choice(["zero", "identity"]))
    return {"noise": rng.standard_normal((M, d + 1, d + 1)), "M": M, "d": d, "bias": bias}


def sample_path(rng):
    n, k, R = _sizes(rng, 3)
    roots = rng.standard_normal((n, n + 2))
    return {
        "K": roots @ roots.T,
        "y": rng.standard_normal(n),
        "K_val": rng.standard_normal((k, n)),
        "y_val": rng.standard_normal(k),
        "shares": np.cumsum(rng.uniform(0.05, 1.0, R)),
    }


def sample_kernel(rng):
    n, N, m, L, d = _sizes(rng, 5, most=2)
    other = _of(rng, m, L, d)
    bias = str(rng.choice(["zero", "identity"]))
    return {**_of(rng, n, N, d), "y0": other["x0"], "ykeys": other["keys"], "bias": bias}


def sample_constrained(rng):
    n, M, e = _sizes(rng, 3)
    phi = rng.standard_normal((n, M, e))
    return {
        "phi": phi,
        "y": rng.standard_normal(n),
        "K1": float(np.exp(rng.uniform(-2, 1))),
        "K2": float(np.exp(rng.uniform(-4, 1))),
        "lr": float(n / (2 * np.sum(phi**2))),
        "T": int(rng.integers(1, 4)),
    }
