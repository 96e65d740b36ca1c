"""Checks of the operations of random feature attention that need no answer."""

from refimpl.core.arrays import array_namespace, device
from refimpl.specs.base import Law
from refimpl.specs.laws import (
    apart,
    doubled_along,
    related,
    reversed_along,
    scaled,
    scales,
    turned_along,
)

_HEADS = "ordinary", "no-unit-vectors", "as-many-as-can-be-mixed-up"
_BOTH = "ordinary-zero", "ordinary-identity", "long-query-identity"
_NETWORKS = "ordinary", "no-unit-vectors"


def _set_of_heads(run, inputs):
    """Heads by themselves, each with the factor of one."""
    xp, M = array_namespace(inputs["W"]), inputs["W"].shape[0]
    alone = [run(**inputs | {"W": inputs["W"][m : m + 1, :, :]})["phi"] for m in range(M)]
    yield run(**inputs)["phi"] * M**0.5, xp.concat(alone, axis=1)


def _keys_apart(run, inputs):
    """A mean over the keys of what a single one gives."""
    xp, N = array_namespace(inputs["keys"]), inputs["keys"].shape[1]
    alone = [run(**inputs | {"keys": inputs["keys"][:, i : i + 1, :]})["phi"] for i in range(N)]
    yield run(**inputs)["phi"], xp.mean(xp.stack(alone), axis=0)


def _turned(run, inputs):
    """Of one key."""
    turned = {"x0": inputs["keys"][:, 0, :], "keys": inputs["x0"][:, None, :]}
    W = array_namespace(inputs["W"]).matrix_transpose(inputs["W"])
    one = run(**inputs | {"keys": inputs["keys"][:, :1, :]})
    yield run(**turned, W=W)["u"], one["u"]


PREACTIVATIONS = (
    scales({"W": 1}, {"u": 1}, *_HEADS),
    apart("N", *_HEADS, slug="keys-apart"),
    apart("M", *_HEADS, slug="heads-apart"),
    apart("n", *_HEADS, slug="inputs-apart"),
    Law("turned-heads", "a transposed head asks for the key what the head asks for the query", _turned,
        _HEADS),
)  # fmt: skip
FEATURES = (
    reversed_along("N", *_HEADS, slug="permuted"),
    doubled_along("N", *_HEADS),
    scales({"W": 1}, {"phi": 1}, *_HEADS),
    apart("n", *_HEADS, slug="inputs-apart"),
    Law("heads-apart", "a head has the features that it has alone, over the root of M", _set_of_heads, _HEADS),
    Law("keys-apart", "features are means over the keys", _keys_apart, _HEADS),
)  # fmt: skip


def _moved_into_the_heads(run, inputs):
    """A bias that is added to the heads beforehand."""
    G = inputs["G"]
    xp, e = array_namespace(G), G.shape[-1]
    place = xp.arange(e, device=device(G))
    lift_apart = xp.astype((place[:, None] == place[None, :]) & (place < e - 1), G.dtype)
    yield run(**inputs | {"bias": "identity"})["f"], run(**inputs | {"G": G + lift_apart, "bias": "zero"})["f"]


FORWARD = (
    reversed_along("N", *_BOTH, slug="permuted"),
    doubled_along("N", *_BOTH),
    reversed_along("M", *_BOTH, slug="heads-permuted"),
    scales({"v": 1}, {"f": 1}, *_BOTH),
    scales({"G": 1}, {"f": 1}, "ordinary-zero", slug="scales-with-the-heads"),
    apart("n", *_BOTH, slug="inputs-apart"),
    Law("bias-in-the-heads", "the bias is the same as the identity, but for the lift, added to each head",
        _moved_into_the_heads, _BOTH),
)  # fmt: skip


def _keys_with_their_weights(run, inputs):
    (_, N, d), w = inputs["keys"].shape, inputs["w"]
    xp = array_namespace(w)
    keys = xp.flip(xp.reshape(w[:, d:-1], (w.shape[0], N, d)), axis=1)
    w = xp.concat([w[:, :d], xp.reshape(keys, (w.shape[0], N * d)), w[:, -1:]], axis=1)
    yield run(**inputs | {"keys": xp.flip(inputs["keys"], axis=1), "w": w})["phi"], run(**inputs)["phi"]


def _neurons_apart(run, inputs):
    xp, M = array_namespace(inputs["w"]), inputs["w"].shape[0]
    alone = [run(**inputs | {"w": inputs["w"][m : m + 1, :]})["phi"] for m in range(M)]
    yield run(**inputs)["phi"] * M**0.5, xp.concat(alone, axis=1)


_OF_NETWORKS = (
    scales({"w": 1}, {"phi": 1}, *_NETWORKS),
    apart("n", *_NETWORKS, slug="inputs-apart"),
    Law("neurons-apart", "a neuron has the feature that it has alone, over the root of M", _neurons_apart, _NETWORKS),
)  # fmt: skip
MLP_FEATURES = (
    *_OF_NETWORKS,
    Law("keys-with-their-weights", "keys may change places if their weights do too", _keys_with_their_weights,
        _NETWORKS),
)  # fmt: skip
POOLED_FEATURES = (
    *_OF_NETWORKS,
    reversed_along("N", *_NETWORKS, slug="permuted"),
    doubled_along("N", *_NETWORKS),
    Law("keys-apart", "features are means over the keys", _keys_apart, _NETWORKS),
)  # fmt: skip


def _about_the_mean(run, inputs):
    there, back = (run(**inputs | {"noise": sign * inputs["noise"]})["W"] for sign in (1.0, -1.0))
    yield there + back, 2 * run(**inputs | {"noise": 0.0 * inputs["noise"]})["W"]


HEADS = (
    reversed_along("M", "ordinary", "biased", slug="heads-permuted"),
    scales({"noise": 1}, {"W": 1}, "ordinary"),
    Law("about-the-mean", "draws and negated draws are at equal distances from the bias", _about_the_mean,
        ("ordinary", "biased")),
)  # fmt: skip
NEURONS = (
    reversed_along("M", "two-keys", "seven-keys", slug="neurons-permuted"),
    scales({"noise": 1}, {"w": 1}, "two-keys", "seven-keys"),
    scaled("odd", "negated draws negate the weights", -1.0, {"noise": 1}, {"w": 1}, "two-keys"),
)  # fmt: skip


def _flat(run, inputs):
    Phi, y, lam = (inputs[name] for name in ("Phi", "y", "lam"))
    v, xp = run(**inputs)["v"], array_namespace(Phi)
    yield xp.matrix_transpose(Phi) @ (Phi @ v) + (y.shape[0] * lam) * v, xp.matrix_transpose(Phi) @ y


_REGRESSIONS = "more-data", "more-features"
RIDGE = (
    Law("flat", "the gradient 2/n Phi^T (Phi v - y) + 2 lam v vanishes", _flat, _REGRESSIONS),
    scales({"Phi": 1, "lam": 2}, {"v": -1}, *_REGRESSIONS, inside=2),
    scales({"y": 1}, {"v": 1}, *_REGRESSIONS, slug="scales-with-the-targets"),
    doubled_along("n", *_REGRESSIONS),
    reversed_along("D", *_REGRESSIONS, slug="features-permuted"),
)  # fmt: skip


def _solves(run, inputs):
    """K dual + mu dual = y, with mu from what the rest says: the gap to y is a multiple of the dual weights."""
    found, K = run(**inputs | {"shares": inputs["shares"][-1:]}), inputs["K"]
    gap, dual = inputs["y"] - K @ found["dual"], found["dual"]
    xp = array_namespace(K)
    yield gap * xp.max(xp.abs(dual)), dual * xp.max(xp.abs(gap))


_PATHS = "ordinary", "last-wins"
RIDGE_PATH = (
    Law("solves", "what is left of the targets is a positive multiple of the dual weights", _solves, _PATHS),
    scales({"K": 1, "K_val": 1}, {"dual": -1}, *_PATHS),
    scales({"y": 1, "y_val": 1}, {"errors": 2, "dual": 1}, *_PATHS, inside=2, slug="scales-with-the-targets"),
    doubled_along("k", *_PATHS),
    related("data-permuted", "data in another order have their dual weights in that order",
            lambda i: {"K": array_namespace(i["K"]).flip(i["K"], axis=(0, 1)),
                       "y": array_namespace(i["y"]).flip(i["y"], axis=0),
                       "K_val": array_namespace(i["K_val"]).flip(i["K_val"], axis=1)},
            lambda o: {"dual": array_namespace(o["dual"]).flip(o["dual"], axis=0)}, *_PATHS),
)  # fmt: skip


def _swapped(run, inputs):
    other = {"x0": inputs["y0"], "keys": inputs["ykeys"], "y0": inputs["x0"], "ykeys": inputs["keys"]}
    there = run(**inputs)["K"]
    yield run(**inputs | other)["K"], array_namespace(there).matrix_transpose(there)


def _alone(run, inputs):
    """Without a bias an input of one key has half of the squared lengths: (|x_0| |x|)^2 / 8 |x|^2, lifted."""
    x0, key = inputs["x0"], inputs["keys"][:, 0, :]
    xp = array_namespace(x0)
    K = run(x0=x0, keys=key[:, None, :], y0=x0, ykeys=key[:, None, :], bias="zero")["K"]
    of_query, of_key = 1 + xp.sum(x0 * x0, axis=1), 1 + xp.sum(key * key, axis=1)
    yield xp.linalg.diagonal(K), of_query * of_key * of_key / 8


_PAIRS = "ordinary-zero", "ordinary-identity", "no-unit-vectors-identity"
KERNEL = (
    reversed_along("N", *_PAIRS, slug="permuted"),
    doubled_along("L", *_PAIRS),
    Law("symmetric", "inputs exchanged transpose the kernel", _swapped, _PAIRS),
    turned_along("d", *_PAIRS),
    apart("n", *_PAIRS, slug="inputs-apart"),
    Law("alone", "without a bias the kernel of one key with itself is a product of squared lengths", _alone, _PAIRS),
)  # fmt: skip


def _within(run, inputs):
    v = run(**inputs)["values"]
    xp, M = array_namespace(v), v.shape[1]
    r = xp.sqrt(xp.sum(v * v, axis=2))
    lengths, squares = xp.sum(r, axis=1), xp.sum(r * r, axis=1)
    yield xp.clip(lengths / (M**0.5 * inputs["K1"]), 1.0, None), xp.ones_like(lengths)
    yield xp.clip(squares / inputs["K2"], 1.0, None), xp.ones_like(squares)


def _shorter(run, inputs):
    yield run(**inputs | {"T": 1})["values"], run(**inputs)["values"][:1, ...]


_BOUNDS = "squares", "lengths", "both"
CONSTRAINED = (
    Law("within", "both bounds hold", _within, _BOUNDS),
    Law("shorter", "a shorter run is the beginning of a longer one", _shorter, _BOUNDS),
    scales({"y": 1, "K1": 1, "K2": 2}, {"values": 1}, *_BOUNDS, inside=2),
    reversed_along("M", *_BOUNDS, slug="heads-permuted"),
    doubled_along("n", *_BOUNDS),
)  # fmt: skip
