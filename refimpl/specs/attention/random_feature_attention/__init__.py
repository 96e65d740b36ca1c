"""What the oracle knows of attention with random heads."""

import numpy as np

from refimpl.attention import random_feature_attention as source
from refimpl.core.arrays import array_namespace, device, to_numpy
from refimpl.specs import refusals
from refimpl.specs.attention.random_feature_attention import cases, exact, laws
from refimpl.specs.attention.random_feature_attention.claims import CLAIMS
from refimpl.specs.attention.random_feature_attention.mistakes import ALTERNATIVES
from refimpl.specs.base import Draws, ErrorCase, Operation, Paper, System, array, choice, integer, number, tags
from refimpl.specs.domains import COUNT, POSITIVE, SEMIDEFINITE, Relation, below


def preactivations(x0, keys, W):
    """What each head says of each key."""
    return source.preactivations(x0, keys, W)


def features(x0, keys, W):
    """Random feature attention."""
    return source.features(x0, keys, W)


def forward(x0, keys, G, v, bias):
    """With values."""
    return source.forward(x0, keys, source.biased(G) if bias == "identity" else G, v)


def mlp_features(x0, keys, w):
    """Neurons on all in a row."""
    return source.mlp_features(x0, keys, w)


def pooled_features(x0, keys, w):
    """Neurons on query and key, averaged."""
    return source.pooled_features(x0, keys, w)


def heads(noise, M, d, bias):
    """From draws."""
    return source.heads(noise, bias=bias)


def neurons(noise, N):
    """From draws."""
    return source.neurons(noise, N=N)


def ridge(Phi, y, lam):
    """One penalty."""
    return source.ridge(Phi, y, lam=lam)


def ridge_path(K, y, K_val, y_val, shares):
    """Many, in the dual."""
    found = source.ridge_path(K, y, K_val, y_val, shares=[float(share) for share in to_numpy(shares)])
    xp = array_namespace(K)
    return found.errors, xp.asarray(found.chosen, dtype=xp.int64, device=device(K)), found.dual


def kernel(x0, keys, y0, ykeys, bias):
    """Of infinitely many heads."""
    return source.kernel(x0, keys, y0, ykeys, bias=bias)


def constrained(phi, y, K1, K2, lr, T):
    """Values after each step."""
    run = source.fit_constrained(phi, y, K1=K1, K2=K2, steps=T, lr=lr)
    return array_namespace(phi).stack(run.history["v"][1:])


_NAME = "random_feature_attention"
_NO_STEPS = {"long": "it has no steps"}
_SETS = (array("x0", "n d", "queries, of any length"), array("keys", "n N d", "keys of each query"))
_W = array("W", "M d+1 d+1", "query-key matrices, row-major: x0 from the left, with a 1 as its last coordinate")
_BIAS = choice("bias", ("zero", "identity"), "mean of the matrices: 0, or the identity on the first d coordinates")
_PHI = array("phi", "n M", "features, over the root of M")
_NAN_QUERY = refusals.arrays(x0="x_0")[0]
_BAD_SETS = (_NAN_QUERY, *refusals.arrays(keys="keys"))
_SIZES = (integer("M", "how many", COUNT), integer("d", "coordinates of a vector", COUNT))
_DIGITS = "in 50 digits"

PREACTIVATIONS = Operation(
    name="random_feature_attention.preactivations",
    summary="what each head says of each key: a bilinear form of query and key, each with a 1 appended",
    inputs=(*_SETS, _W),
    outputs=(array("u", "n M N", "of query, head and key"),),
    reference=preactivations,
    exact=exact.preactivations,
    exact_source="rational numbers, with the outer product of query and key formed",
    cases=cases.PREACTIVATIONS,
    sample=None,
    laws=laws.PREACTIVATIONS,
    errors=(*_BAD_SETS, *refusals.arrays(W="W")),
    without=_NO_STEPS,
)

FEATURES = Operation(
    name="random_feature_attention.features",
    summary="for each head the mean of the keys, each with a 1 appended, weighted by their rectified preactivations",
    inputs=(*_SETS, _W),
    outputs=(array("phi", "n M d+1", "over the root of M"),),
    reference=features,
    exact=exact.features,
    exact_source=f"{_DIGITS}, with the outer product of query and key formed",
    cases=cases.FEATURES,
    sample=None,
    laws=laws.FEATURES,
    errors=(*_BAD_SETS, *refusals.arrays(W="W")),
    without=_NO_STEPS,
)

FORWARD = Operation(
    name="random_feature_attention.forward",
    summary="answers of the layer: inner products of the features and the values",
    inputs=(*_SETS, array("G", "M d+1 d+1", "query-key matrices without their bias"),
            array("v", "M d+1", "value vectors"), _BIAS),
    outputs=(array("f", "n", "answers"),),
    reference=forward,
    exact=exact.forward,
    exact_source=f"{_DIGITS}, key by key, the bias added to the preactivations",
    cases=cases.FORWARD,
    sample=None,
    laws=laws.FORWARD,
    errors=(*_BAD_SETS, *refusals.arrays(v="v"), refusals.arrays(G="W")[0]),
    without=_NO_STEPS,
)  # fmt: skip

MLP_FEATURES = Operation(
    name="random_feature_attention.mlp_features",
    summary="rectified random neurons on the query, the keys and a 1 in a row (RFMLP)",
    inputs=(*_SETS, array("w", "M p", "weights: of the query, of key 1 to N, of the 1")),
    outputs=(_PHI,),
    reference=mlp_features,
    exact=exact.mlp_features,
    exact_source=f"{_DIGITS}, with the weights cut in pieces",
    cases=cases.MLP_FEATURES,
    sample=cases.sample_mlp,
    laws=laws.MLP_FEATURES,
    errors=(*_BAD_SETS, *refusals.arrays(w="w")),
    relations=(
        Relation("p = d (N + 1) + 1", ("keys", "w"),
                 lambda i: i["w"].shape[1] == i["keys"].shape[2] * (i["keys"].shape[1] + 1) + 1),
    ),
    without=_NO_STEPS,
)  # fmt: skip

POOLED_FEATURES = Operation(
    name="random_feature_attention.pooled_features",
    summary="rectified random neurons on the query, one key and a 1, averaged over the keys",
    inputs=(*_SETS, array("w", "M p", "weights: of the query, of the key, of the 1")),
    outputs=(_PHI,),
    reference=pooled_features,
    exact=exact.pooled_features,
    exact_source=f"{_DIGITS}, as a mean of RFMLP features of one key",
    cases=cases.POOLED_FEATURES,
    sample=cases.sample_pooled,
    laws=laws.POOLED_FEATURES,
    errors=(*_BAD_SETS, *refusals.arrays(w="w")),
    relations=(
        Relation("p = 2 d + 1", ("keys", "w"), lambda i: i["w"].shape[1] == 2 * i["keys"].shape[2] + 1),
    ),
    without=_NO_STEPS,
)  # fmt: skip

HEADS = Operation(
    name="random_feature_attention.heads",
    summary="random query-key matrices, entries normal with standard deviation 1/2 about the bias",
    inputs=(array("noise", "M d+1 d+1", "standard normal draws"), *_SIZES, _BIAS),
    outputs=(array("W", "M d+1 d+1", "matrices"),),
    reference=heads,
    exact=exact.heads,
    exact_source="rational numbers, entry by entry",
    cases=cases.HEADS,
    sample=cases.sample_heads,
    laws=laws.HEADS,
    errors=(refusals.arrays(noise="noise")[0],),
    draws=Draws(noise="noise", law=exact.heads_law, cases=("ordinary", "biased", "one-head"), samples=200),
    without=_NO_STEPS,
)

NEURONS = Operation(
    name="random_feature_attention.neurons",
    summary="weights of random neurons that see N keys, normal with variance 1 / (N + 2)",
    inputs=(array("noise", "M p", "standard normal draws"), integer("N", "keys", COUNT)),
    outputs=(array("w", "M p", "weights"),),
    reference=neurons,
    exact=exact.neurons,
    exact_source=f"{_DIGITS}, entry by entry",
    cases=cases.NEURONS,
    sample=None,
    laws=laws.NEURONS,
    errors=(refusals.arrays(noise="noise")[0], refusals.numbers("N")),
    without=_NO_STEPS,
)

RIDGE = Operation(
    name="random_feature_attention.ridge",
    summary="the v of least |y - Phi v|^2 / n + lam |v|^2",
    inputs=(array("Phi", "n D", "features"), array("y", "n", "targets"), number("lam", "penalty", POSITIVE)),
    outputs=(array("v", "D", "weights"),),
    reference=ridge,
    exact=exact.ridge,
    exact_source="the normal equations in rational numbers",
    cases=cases.RIDGE,
    sample=None,
    laws=laws.RIDGE,
    errors=(refusals.numbers("lam"), refusals.arrays(Phi="Phi")[0], *refusals.arrays(y="y")),
    without=_NO_STEPS,
)

RIDGE_PATH = Operation(
    name="random_feature_attention.ridge_path",
    summary="ridge regression in the dual with many penalties, and the best of them on validation data",
    inputs=(
        array("K", "n n", "kernel of the training data", SEMIDEFINITE.that("not all zero")),
        array("y", "n", "targets"),
        array("K_val", "k n", "kernel of validation and training data"),
        array("y_val", "k", "targets of the validation data"),
        array("shares", "R", "penalties n lam over the largest eigenvalue of K", POSITIVE.that("rising")),
    ),
    outputs=(
        array("errors", "R", "mean squared errors on the validation data"),
        array("chosen", "", "index of the smallest; of equal ones the first", below("R")),
        array("dual", "n", "weights of the training data there"),
    ),
    reference=ridge_path,
    exact=exact.ridge_path,
    exact_source=f"{_DIGITS}, a linear system for each penalty",
    cases=cases.RIDGE_PATH,
    sample=cases.sample_path,
    laws=laws.RIDGE_PATH,
    errors=(
        *refusals.arrays(y="y", y_val="y_val"),
        ErrorCase("falling-shares", "they rise", {"shares": np.array([2.0, 1.0, 0.5])}, ValueError, "shares"),
        ErrorCase("negative-share", "they are > 0", {"shares": np.array([-1.0, 1.0])}, ValueError, "shares"),
        ErrorCase("not-symmetric", "K is symmetric", {"K": np.array([[2.0, 1.0], [0.0, 1.0]])}, ValueError, "K"),
        ErrorCase("no-kernel", "K has a positive eigenvalue", {"K": np.zeros((2, 2))}, ValueError, "K"),
    ),
    without=_NO_STEPS,
)

KERNEL = Operation(
    name="random_feature_attention.kernel",
    summary="inner products of the features of infinitely many heads",
    inputs=(*_SETS, array("y0", "m d", "further queries"), array("ykeys", "m L d", "their keys"), _BIAS),
    outputs=(array("K", "n m", "expectation of <phi(x), phi(y)>", ulps=64),),
    reference=kernel,
    exact=exact.kernel,
    exact_source="24 digits, pair by pair: a series in the correlation, or an integral where that is near 1",
    cases=cases.KERNEL,
    sample=cases.sample_kernel,
    laws=laws.KERNEL,
    errors=(*_BAD_SETS, refusals.arrays(y0="y_0")[0], *refusals.arrays(ykeys="y_keys")),
    without=_NO_STEPS,
)

CONSTRAINED = Operation(
    name="random_feature_attention.constrained",
    summary="projected gradient descent on the mean squared error from 0, under the paper's two bounds: the lengths of "
    "the value vectors add up to at most sqrt(M) K1, their squares to at most K2",
    inputs=(
        array("phi", "n M e", "features"), array("y", "n", "targets"), number("K1", "bound of the lengths", POSITIVE),
        number("K2", "bound of the squares", POSITIVE), number("lr", "step size", POSITIVE),
        integer("T", "steps", COUNT),
    ),
    outputs=(array("values", "T M e", "value vectors after each step", steps=True),),
    reference=constrained,
    exact=exact.constrained,
    exact_source=f"{_DIGITS}, example by example; what lengths lose by halving an interval",
    cases=cases.CONSTRAINED,
    sample=cases.sample_constrained,
    laws=laws.CONSTRAINED,
    errors=(refusals.numbers("K1", "K2", "lr"), refusals.arrays(phi="phi")[0], *refusals.arrays(y="y")),
)  # fmt: skip

SYSTEM = System(
    name="random_feature_attention",
    chapter="attention",
    summary="heads with random query-key matrices average the keys; only the values are learned",
    paper=Paper(
        title="What can a Single Attention Layer Learn? A Study Through the Random Features Lens",
        authors="Fu, Guo, Bai, Mei",
        arxiv="2307.11353",
        year=2023,
        key="fu2023single",
    ),
    operations=(
        FEATURES, FORWARD, PREACTIVATIONS, MLP_FEATURES, POOLED_FEATURES, KERNEL, RIDGE, RIDGE_PATH, CONSTRAINED, HEADS,
        NEURONS,
    ),
    claims=CLAIMS,
    alternatives=ALTERNATIVES,
    equations={
        **dict.fromkeys(tags(_NAME, 1, 2, 3, 4, 5, 6, 7), "Section 2, random feature attention (read from memory)"),
        **dict.fromkeys(tags(_NAME, 8), "Section 4, biased random feature attention (read from memory)"),
        **dict.fromkeys(tags(_NAME, 9, 10, 11), "Section 3, random-feature networks (read from memory)"),
        **dict.fromkeys(tags(_NAME, 12), "ours: the fair control"),
        **dict.fromkeys(tags(_NAME, 13, 14, 15, 16), "ours, from Cho and Saul (2009)"),
        **dict.fromkeys(tags(_NAME, 17, 18, 19, 20), "ours, from Price's theorem"),
        **dict.fromkeys(tags(_NAME, 21, 22, 23, 24, 25, 26), "ours: the Lagrangian of the second constraint"),
        **dict.fromkeys(tags(_NAME, 27), "Theorems, constraints (read from memory)"),
        **dict.fromkeys(tags(_NAME, 28, 29, 30, 31), "ours: the projection on both constraints"),
        **dict.fromkeys(tags(_NAME, 32, 33), "ours: projected gradient descent"),
    },
)  # fmt: skip
