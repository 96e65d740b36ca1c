"""What the oracle knows of WTA-CRS."""

import numpy as np

from refimpl.attention import _wta_crs_baselines as baselines
from refimpl.attention import _wta_crs_product as product
from refimpl.attention import wta_crs
from refimpl.core.arrays import array_namespace, device
from refimpl.models.mlp import Layer
from refimpl.specs import refusals, sizes
from refimpl.specs.attention.wta_crs import cases, exact, laws
from refimpl.specs.attention.wta_crs.claims import CLAIMS
from refimpl.specs.attention.wta_crs.layer import number_like, padded, sampled_linear
from refimpl.specs.attention.wta_crs.mistakes import ALTERNATIVES
from refimpl.specs.base import ErrorCase, Operation, Paper, System, array, choice, integer, number
from refimpl.specs.domains import COUNT, FRACTION, NONNEGATIVE, POSITIVE, SHARE, SIMPLEX, Relation, below, real, whole


def plan(p, k):
    """Winners, how many, what they hold, and the scores."""
    found = wta_crs.plan(p, k)
    return padded(found.winners, k, -1), number_like(found.winners.shape[0], p), found.mass, found.scores


def rows(p, u, kind):
    """Pairs that are kept, and their weights."""
    k = u.shape[0]
    found = wta_crs.KINDS[kind](p, k, u)
    return padded(found.indices, k, -1), padded(found.weights, k, 0.0), number_like(found.indices.shape[0], p)


def estimate(X, Y, u, kind):
    """Product of two matrices from some of its pairs."""
    return wta_crs.estimate(X, Y, u, kind=kind)


def variance(X, Y, p, k, kind):
    """Mean squared error, of controls too."""
    ours = kind in wta_crs.KINDS
    return (wta_crs if ours else baselines).variance(X, Y, p, k, kind=kind)


def trajectory(x, labels, W1, b1, W2, b2, batches, u, lr, momentum, ratio, phi):
    """Training of a network of two layers."""
    rates = {"lr": lr, "momentum": momentum, "ratio": ratio, "phi": phi}
    keep = lambda state: {"W1": state.params[0].W, "W2": state.params[1].W}
    state, run = wta_crs.fit([Layer(W1, b1), Layer(W2, b2)], x, labels, batches, u, record=keep, **rates)
    xp = array_namespace(x)
    return *(xp.stack(run.history[name][1:]) for name in ("W1", "W2")), *state.norms


def controls(p, u, k, kind):
    """Weight of each pair by itself: coins, or k of them blindly."""
    indices, weights = {"bernoulli": baselines.bernoulli, "uniform": baselines.uniform}[kind](p, k, u)
    xp = array_namespace(p)
    if not indices.shape[0]:
        return xp.zeros_like(p)
    order, every = xp.argsort(indices), xp.arange(p.shape[0], dtype=indices.dtype, device=device(p))
    ordered = xp.take(indices, order)
    at = xp.clip(xp.searchsorted(ordered, every), max=indices.shape[0] - 1)
    return xp.where(xp.take(ordered, at) == every, xp.take(weights, xp.take(order, at)), 0.0)


def sampled_product(A, B, G, columns, rows, ratio, phi, u_columns, u_rows):
    """Forward and backward pass of a product of attention."""
    O, saved = product.forward(A, B, columns, rows, u_columns, u_rows, ratio=ratio, phi=phi)
    floats = sum(kept.rows.shape[0] * kept.rows.shape[1] * kept.rows.shape[2] for kept in saved)
    return O, *product.backward(saved, G), number_like(floats, A)


def memory(batch, sequence, width, hidden, heads, ratio, copies):
    """Floats that a block keeps, in thousands."""
    found = product.memory(batch, sequence, width, hidden, heads, ratio=ratio, dropout=copies == 2)
    return tuple(n / 1000 for n in found)


_KIND = choice("kind", wta_crs.KINDS, "winners and draws, draws alone, or the largest alone")
_P = array("p", "m", "probabilities of the pairs", SIMPLEX)
_X, _Y = (
    array("X", "n m", "its columns are the left parts of the pairs"),
    array("Y", "m q", "its rows, the right parts"),
)
_PRODUCT = array("product", "n q", "estimate of X Y")
_RATIO = number("ratio", "share of the rows that is kept, k = max(1, floor(ratio B))", real(0, 1, open="("))
_PHI = number("phi", "share of the law of the rows that is uniform", SHARE)
_NO_STEPS = {"long": "it has no steps"}
_BAD_U = ErrorCase("draw-of-one", "draws are below 1", {"u": np.array([0.5, 1.0, 0.5])}, ValueError, "u")
_BAD_KIND = ErrorCase("unknown-kind", "it is named in the operation", {"kind": "best"}, ValueError, "kind")
_NO_LAW = (
    ErrorCase("sum-of-two", "the sum of a law is 1", {"p": np.array([0.5, 0.5, 0.5, 0.5, 0, 0])}, ValueError, "p"),
    ErrorCase("negative-p", "no probability is negative", {"p": np.array([1.5, -0.5, 0, 0, 0, 0])}, ValueError, "p"),
)
_MPMATH, _RATIONAL = "mpmath with 50 digits, {}", "fractions, {}"

PLAN = Operation(
    name="wta_crs.plan",
    summary="which pairs are kept for certain: the c of largest p, where c minimises what they leave over k - c",
    inputs=(_P, integer("k", "pairs that may be kept in all", COUNT)),
    outputs=(
        array("winners", "k", "in increasing order, then -1; of equal p the first win"),
        array("count", "", "c, how many they are; of equal scores the fewest"),
        array("mass", "", "their probability"),
        array("scores", "k", "of c = 0, 1, ..., k - 1"),
    ),
    reference=plan,
    exact=exact.plan,
    exact_source=_RATIONAL.format("every c is tried"),
    cases=cases.PLAN,
    sample=cases.sample_plan,
    laws=laws.PLAN,
    relations=(Relation("k is below m", ("p", "k"), lambda i: i["k"] < i["p"].shape[0]),),
    errors=(
        *refusals.arrays(p="p")[:1],
        *_NO_LAW,
        refusals.numbers("k"),
        ErrorCase("all-pairs", "nothing is left to be drawn", {"k": 6}, ValueError, "k"),
    ),
    without=_NO_STEPS,
)

ROWS = Operation(
    name="wta_crs.rows",
    summary="pairs that k draws choose, with their weights: draw t of the law q is the first pair whose cumulative sum "
    "of q, over the sum of all, exceeds u[t]",
    inputs=(_P, array("u", "k", "uniform draws; their number is the budget", FRACTION), _KIND),
    outputs=(
        array("indices", "k", "winners in increasing order, then draws in theirs, then -1"),
        array("weights", "k", "1 for winners; then 0"),
        array("used", "", "how many pairs there are"),
    ),
    reference=rows,
    exact=exact.rows,
    exact_source=_RATIONAL.format("sums added up pair by pair"),
    cases=cases.ROWS,
    sample=cases.sample_rows,
    laws=laws.ROWS,
    errors=(*refusals.arrays(p="p", u="u")[::2], *_NO_LAW, _BAD_U),
    without=_NO_STEPS,
)

ESTIMATE = Operation(
    name="wta_crs.estimate",
    summary="X Y from the pairs that k draws choose, p in proportion to the lengths of both parts of a pair",
    inputs=(_X, _Y, array("u", "k", "uniform draws; their number is the budget", FRACTION), _KIND),
    outputs=(_PRODUCT,),
    reference=estimate,
    exact=exact.estimate,
    exact_source=_MPMATH.format("pair by pair"),
    cases=cases.ESTIMATE,
    sample=cases.sample_estimate,
    laws=laws.ESTIMATE,
    errors=(*refusals.arrays(X="X", Y="Y")[::2], *refusals.arrays(u="u")[:1], _BAD_KIND),
    without=_NO_STEPS,
)


def _may_be_missed(inputs):
    """Whether p is above 0 wherever a pair counts."""
    pairs = np.any(inputs["X"] != 0, axis=0) & np.any(inputs["Y"] != 0, axis=1)
    return bool(np.all((inputs["p"] > 0) | ~pairs))


VARIANCE = Operation(
    name="wta_crs.variance",
    summary="mean of |estimate - X Y|^2 (Frobenius) over the draws, for a given law p; bernoulli: each pair is kept by "
    "a coin of its own with chance min(1, c p), c such that the chances have the sum k, and weighted by 1 / chance; "
    "uniform: k different pairs, all k alike, weighted by m / k",
    inputs=(
        _X,
        _Y,
        _P,
        integer("k", "pairs that are kept; of bernoulli their mean number", COUNT),
        choice("kind", (*wta_crs.KINDS, "bernoulli", "uniform"), "how pairs are chosen"),
    ),
    outputs=(array("error", "", "mean squared error"),),
    reference=variance,
    exact=exact.variance,
    exact_source=_RATIONAL.format("all ways to draw enumerated"),
    cases=cases.VARIANCE,
    sample=cases.sample_variance,
    laws=laws.VARIANCE,
    relations=(Relation("p > 0 where neither part of a pair is 0", ("X", "Y", "p"), _may_be_missed),),
    errors=(
        *refusals.arrays(X="X", Y="Y", p="p")[::2],
        refusals.numbers("k"),
        _BAD_KIND,
        ErrorCase("pair-left-out", "no draw ever finds it", {"p": np.array([0.5, 0.5, 0, 0])}, ValueError, "p"),
    ),
    without=_NO_STEPS,
)

LINEAR = Operation(
    name="wta_crs.sampled_linear",
    summary="Z = H W + b, and its gradients for G = dloss/dZ; that of W from max(1, floor(ratio B)) rows of H by "
    "winners and draws, p in proportion to |row of H| norms, or |row of H| where all norms are 0, then "
    "(1 - phi) p + phi / B",
    inputs=(
        array("H", "B d", "input"),
        array("W", "d e", "weights"),
        array("b", "e", "biases"),
        array("G", "B e", "gradient in the output"),
        array("norms", "B", "lengths of the rows of G when they were last seen; 0: never", NONNEGATIVE),
        _RATIO,
        _PHI,
        array("u", "B", "uniform draws, of which the first that are needed are used", FRACTION),
    ),
    outputs=(
        array("Z", "B e", "output"),
        array("dW", "d e", "estimated gradient of W"),
        array("db", "e", "gradient of b"),
        array("dH", "B d", "gradient of H"),
        array("new_norms", "B", "lengths of the rows of G"),
        array("indices", "B", "rows of H that are kept, winners first, then draws in their order, then -1"),
        array("floats", "", "numbers that are kept of H"),
    ),
    reference=sampled_linear,
    exact=exact.sampled_linear,
    exact_source=_MPMATH.format("row by row"),
    cases=cases.LINEAR,
    sample=cases.sample_linear,
    laws=laws.LINEAR,
    errors=(
        *refusals.arrays(H="H", W="W", G="G")[::2],
        *refusals.arrays(b="b", norms="norms")[1::2],
        *refusals.arrays(u="u"),
        refusals.numbers("ratio", "phi"),
        ErrorCase("negative-norm", "a length", {"norms": np.array([1.0, -1, 0, 1])}, ValueError, "norms"),
    ),
    without=_NO_STEPS,
)

TRAJECTORY = Operation(
    name="wta_crs.trajectory",
    summary="training of x -> max(x W1 + b1, 0) W2 + b2 on the mean cross-entropy of the softmax, both layers sampled, "
    "by v = momentum v + gradient, W = W - lr v from v = 0; caches start at 0, are read in the forward pass and "
    "written in the backward pass, at the places of the samples",
    inputs=(
        array("x", "N d", "samples"),
        array("labels", "N", "their classes", below("c")),
        array("W1", "d h", "weights of the first layer"),
        array("b1", "h", "its biases"),
        array("W2", "h c", "weights of the second layer"),
        array("b2", "c", "its biases"),
        array("batches", "T B", "which samples each step takes", below("N").that("different")),
        array("u", "T 2 B", "uniform draws of each layer", FRACTION),
        number("lr", "step size", POSITIVE),
        number("momentum", "what is kept of the velocity", FRACTION),
        _RATIO,
        _PHI,
    ),
    outputs=(
        array("W1s", "T d h", "weights of the first layer after each step", steps=True),
        array("W2s", "T h c", "weights of the second layer after each step", steps=True),
        array("norms1", "N", "cache of the first layer at the end"),
        array("norms2", "N", "cache of the second layer at the end"),
    ),
    reference=trajectory,
    exact=exact.trajectory,
    exact_source=_MPMATH.format("row by row, derivatives written out"),
    cases=(*cases.TRAJECTORY, sizes.one_step),
    sample=cases.sample_trajectory,
    laws=laws.TRAJECTORY,
    errors=(
        *refusals.arrays(x="x", W1="W", W2="W")[::2],
        refusals.numbers("lr", "momentum", "ratio", "phi"),
        ErrorCase("sample-twice", "its norm would be written twice", {"batches": np.zeros((3, 3))}, ValueError, "ids"),
        ErrorCase("no-such-sample", "there are five", {"batches": np.tile([0, 1, 5], (3, 1))}, ValueError, "batches"),
        ErrorCase("no-such-class", "there are two", {"labels": np.array([0, 1, 2, 0, 1])}, ValueError, "labels"),
    ),
    without={"large": "its sums are those of sampled_linear, which has a large one"},
)

CONTROLS = Operation(
    name="wta_crs.controls",
    summary="weight of each pair, 0 where it is not kept: bernoulli keeps pair i where u[i] < min(1, c p[i]), c such "
    "that the chances have the sum k (or 1 for every p > 0, if fewer than k are), weighted by 1 / chance; uniform "
    "keeps the k pairs of smallest u, weighted by m / k",
    inputs=(
        _P,
        array("u", "m", "uniform draws", FRACTION.that("different")),
        integer("k", "pairs that are kept, of bernoulli their mean number", COUNT),
        choice("kind", ("bernoulli", "uniform"), "how pairs are chosen"),
    ),
    outputs=(array("weights", "m", "of each pair"),),
    reference=controls,
    exact=exact.controls,
    exact_source=_RATIONAL.format("chances above 1 are fixed at 1 and the rest spread, again and again"),
    cases=cases.CONTROLS,
    sample=cases.sample_controls,
    laws=laws.CONTROLS,
    errors=(*refusals.arrays(p="p", u="u")[::2], *_NO_LAW, refusals.numbers("k")),
    without=_NO_STEPS,
)

SAMPLED_PRODUCT = Operation(
    name="wta_crs.sampled_product",
    summary="O = A B of each head, and estimates of dA = G B^T from columns of B, and of dB = A^T G from rows of A; of "
    "either a share is kept as of the rows of sampled_linear, with as many winners in each head: the number of least "
    "mean score",
    inputs=(
        array("A", "h n m", "such as the probabilities of attention"),
        array("B", "h m q", "such as the values"),
        array("G", "h n q", "gradient in the product"),
        array("columns", "h q", "lengths of the columns of G when last seen; of a head all 0: never", NONNEGATIVE),
        array("rows", "h n", "the same of its rows", NONNEGATIVE),
        number("ratio", "share of the columns of B, and of the rows of A, that is kept", real(0, 1, open="(")),
        number("phi", "share of the laws that is uniform", real(0, 1, open="(")),
        array("u_columns", "h q", "uniform draws", FRACTION),
        array("u_rows", "h n", "uniform draws", FRACTION),
    ),
    outputs=(
        array("O", "h n q", "product"),
        array("dA", "h n m", "estimated gradient of A"),
        array("dB", "h m q", "estimated gradient of B"),
        array("new_columns", "h q", "lengths of the columns of G"),
        array("new_rows", "h n", "lengths of its rows"),
        array("floats", "", "numbers that are kept of A and B"),
    ),
    reference=sampled_product,
    exact=exact.sampled_product,
    exact_source=_MPMATH.format("head by head, pair by pair"),
    cases=cases.SAMPLED_PRODUCT,
    sample=cases.sample_product,
    laws=laws.SAMPLED_PRODUCT,
    errors=(
        *refusals.arrays(A="A", B="B", G="G")[::2],
        *refusals.arrays(columns="columns", rows="rows")[1::2],
        refusals.numbers("ratio", "phi"),
    ),
    without=_NO_STEPS,
)

MEMORY = Operation(
    name="wta_crs.memory",
    summary="thousands of floats that a pre-norm transformer block with relu keeps for its backward pass: inputs of "
    "its linear layers (Q, K and V share one) and of the two products of attention, two inputs of norms, the output "
    "of the softmax, a bit for each relu",
    inputs=(
        *(integer(name, doc, COUNT) for name, doc in (
            ("batch", "sequences"), ("sequence", "tokens of each"), ("width", "d"),
            ("hidden", "width between the last two layers"), ("heads", "heads of attention"),
        )),
        number("ratio", "share of the inputs of layers and products that is kept", real(0, 1, open="(")),
        integer("copies", "1: the output of the softmax is the input of the product; 2: dropout makes them two",
                whole(1, 2)),
    ),
    outputs=(
        array("everything", "", "in the usual way"),
        array("sampled", "", "with sampled inputs; the output of the softmax stays"),
        array("recomputed", "", "of the block's input alone"),
    ),
    reference=memory,
    exact=exact.memory,
    exact_source=_RATIONAL.format("tensor by tensor"),
    cases=cases.MEMORY,
    sample=cases.sample_memory,
    laws=laws.MEMORY,
    errors=(refusals.numbers("batch", "sequence", "width", "hidden", "heads", "ratio"),),
    without={"long": "it has no steps", "large": "it has no arrays"},
)  # fmt: skip

SYSTEM = System(
    name="wta_crs",
    chapter="attention",
    summary="a product of matrices from its largest pairs and a few drawn ones, so that linear layers keep little for "
    "their backward pass",
    paper=Paper(
        title="Winner-Take-All Column Row Sampling for Memory Efficient Adaptation of Language Model",
        authors="Liu, Wang, Zhong, Xu, Zha, Tang, Jiang, Zhou, Chaudhary, Xu, Hu",
        arxiv="2305.15265",
        year=2023,
        key="liu2023winner",
    ),
    operations=(PLAN, ROWS, ESTIMATE, VARIANCE, LINEAR, TRAJECTORY, CONTROLS, SAMPLED_PRODUCT, MEMORY),
    claims=CLAIMS,
    alternatives=ALTERNATIVES,
    equations={
        "wta_crs-1": "Section 2.2, the variance-optimal law (Drineas et al., 2006)",
        "wta_crs-2": "ours: how a uniform number chooses",
        "wta_crs-3": "Section 2.2, CRS",
        "wta_crs-4": "Section 2.2, its variance",
        "wta_crs-5": "Theorem 2, the factor",
        "wta_crs-6": "Section 3.1, the size of C",
        "wta_crs-7": "Section 3.1, what is left",
        "wta_crs-8": "Theorem 1, the estimator",
        "wta_crs-9": "Theorem 1, the estimator",
        "wta_crs-10": "Theorem 2, its variance",
        "wta_crs-11": "Section 2.2, the biased selection of Adelman et al. (2021)",
        "wta_crs-12": "ours: its squared bias",
        "wta_crs-13": "Section 3.2, the forward pass is exact",
        "wta_crs-14": "Section 3.2, cached norms of the gradient",
        "wta_crs-15": "ours: the floor",
        "wta_crs-16": "authors' code, the budget",
        "wta_crs-17": "Section 3.2, what is kept",
        "wta_crs-18": "Section 3.2, gradient of the weights",
        "wta_crs-19": "Section 3.2, exact gradients",
        "wta_crs-20": "Section 3.2, the cache",
        "wta_crs-21": "Section 3.2, the cache, by sample",
        "wta_crs-22": "ours: gradient of the cross-entropy",
        "wta_crs-23": "ours: gradient of relu",
        "wta_crs-24": "ours: gradient descent with momentum",
        "wta_crs-25": "authors' code, one size of C for all heads",
        "wta_crs-26": "authors' code, the gradient of the first operand",
        "wta_crs-27": "authors' code, the gradient of the second operand",
        "wta_crs-28": "ours: accounting of what can be sampled",
        "wta_crs-29": "ours: accounting of what cannot",
        "wta_crs-30": "Adelman et al. (2021), Bernoulli sampling",
        "wta_crs-31": "Adelman et al. (2021), its weights",
        "wta_crs-32": "Adelman et al. (2021), its variance",
        "wta_crs-33": "ours: rows taken blindly",
        "wta_crs-34": "ours: their variance",
    },
)
