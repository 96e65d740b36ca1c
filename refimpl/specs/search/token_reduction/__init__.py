"""What the oracle knows of searching token reductions."""

import numpy as np

from refimpl.core.arrays import array_namespace, device, from_numpy, is_array
from refimpl.search import token_reduction as tr
from refimpl.specs import refusals
from refimpl.specs.base import ErrorCase, Operation, Paper, Regress, System, array, choice, integer, number, tags
from refimpl.specs.domains import COUNT, NONNEGATIVE, POSITIVE, REAL, Relation, real, whole
from refimpl.specs.search.token_reduction import cases, exact, laws
from refimpl.specs.search.token_reduction.claims import CLAIMS
from refimpl.specs.search.token_reduction.mistakes import ALTERNATIVES

_HOST = np.zeros(1)


def _like(number):
    """Of an operation of numbers alone, whose rounding is measured on such as are arrays."""
    return number if is_array(number) else _HOST


def gsearch(N, first, tol, inner, needs, weights):
    """G-Search on needs: a layer that has too few tokens costs its weight times the square of the share that lacks."""
    xp = array_namespace(weights)

    def score(k):
        missing = xp.astype(xp.clip(needs - k, min=0), weights.dtype) / N
        return -float(xp.sum(weights * missing * missing))

    L, binary = needs.shape[0], inner == "halving"
    found = tr.gsearch(score, N, L, first=first, tolerance=tol, binary=binary, like=weights)
    return found.k, from_numpy(found.calls, like=weights, dtype=xp.int64), found.trace


def sigmoid_schedule(N, L, s, r_min, rho, first):
    """A schedule of the shape of a sigmoid."""
    return tuple(tr.sigmoid_schedule(N, L, s=s, r_min=r_min, rho=rho, first=first, like=_like(s)))


def baselines(N, L, rho, first, full):
    """FastV-like and geometric schedules."""
    pyramid = tr.geometric_schedule(N, L, rho=rho, first=first, like=_like(rho))
    return tr.fastv_schedule(N, L, rho=rho, full=full, like=_like(rho)), pyramid.r, pyramid.k


def fit(k, N, first):
    """The sigmoid that fits a schedule."""
    return tuple(from_numpy(x, like=k, dtype=array_namespace(k).float64) for x in tr.fit_sigmoid(k, N, first=first))


def acquisition(X, y, new, length, noise):
    """Posterior, expected improvement and choice."""
    found = tr.acquire(X, y, new, length=length, noise=noise)
    return *found[:3], from_numpy(found.chosen, like=X, dtype=array_namespace(X).int64)


def bayes_opt(x0, candidates, a, b, g):
    """Bayesian optimization of a hill with waves."""
    xp = array_namespace(x0)

    def hill(x):
        return float(g * xp.cos(9.0 * x[0]) - xp.sum(a * (x - b) * (x - b)))

    found = tr.bayes_opt(hill, x0, candidates)
    return found.x, found.y, from_numpy(found.best, like=x0, dtype=xp.int64)


def keep(attention, count):
    """Places of the tokens that received most attention."""
    return tr.keep(attention, count)


def decoder(vision, text, Wq, Wk, Wv, Wo, k):
    """A decoder that drops vision tokens; what it keeps as rows of 0 and 1."""
    found = tr.decoder(vision, text, tr.Weights(Wq, Wk, Wv, Wo), k)
    xp = array_namespace(vision)
    names = xp.arange(vision.shape[0], dtype=xp.int64, device=device(vision))
    kept, attention = [], []
    for ids, a in zip(found.kept, found.attention, strict=True):
        same = names[:, None] == ids[None, :]
        kept.append(xp.astype(xp.any(same, axis=1), xp.int64))
        attention.append(xp.sum(xp.where(same, a[None, :], 0.0), axis=1))
    return found.text, xp.stack(kept), xp.stack(attention)


def consistency(attention, kind):
    """Rank correlations of layers."""
    return tr.consistency(attention, kind=kind)


def flops(k, M, d, m, mlp):
    """Cost of a schedule."""
    return from_numpy(tr.flops(k, M, d=d, m=m, gated=mlp == "gated"), like=k, dtype=array_namespace(k).int64)


# What holds between inputs -------------------------------------------------------------------------------------------


def _keeps_apart(inputs):
    """Whether each score that is asked for is 1e-6 off the limit, or exact."""
    if inputs["tol"] == 0:
        return True
    needs, w, N = (inputs[name] for name in ("needs", "weights", "N"))
    *_, trace = exact.gsearch(**inputs)
    k = [N] * len(needs)
    for l, v, passed in trace.tolist():
        trial = np.array([*k[: l - 1], *[v] * (len(needs) - l + 1)])
        damage = float(np.sum(w.astype(float) * (np.clip(needs - trial, 0, None) / N) ** 2))
        if abs(damage - inputs["tol"]) < 1e-6 * max(inputs["tol"], damage):
            return False
        k = trial.tolist() if passed else k
    return True


def _clear(r, N, first, rho):
    """Whether rounding decides nothing: shares off whole numbers, and the last layer that gets 1 more is ahead."""
    t = N * np.asarray(r, dtype=float)
    off = np.abs(t - np.round(t))
    left = int(np.floor(rho * N * len(t) + 1e-9) - np.sum(np.floor(t + 1e-9)))
    order = np.sort((t - np.floor(t + 1e-9))[first:])[::-1]
    ahead = left <= 0 or left >= len(order) or order[left - 1] - order[left] > 1e-6
    return bool(np.all((off < 1e-10) | (off > 1e-6)) and ahead)


def _enough(*names):
    """Whether the budget is enough for the layers that keep all."""

    def holds(i):
        return all(
            i[name] <= i["L"] and i["rho"] * i["N"] * i["L"] + 1e-9 >= max(1, i[name] * i["N"]) for name in names
        )

    return Relation(
        f"rho leaves a token, and all to the first layers: rho L >= {' and '.join(names)}",
        ("N", "L", "rho", *names),
        holds,
    )


def _least(i):
    return i["first"] == i["L"] or i["r_min"] <= (i["rho"] * i["L"] - i["first"]) / (i["L"] - i["first"]) + 1e-13


def _apart_sigmoid(i):
    return _clear(tr.sigmoid_schedule(**i, like=_HOST).r, i["N"], i["first"], i["rho"])


def _apart_pyramid(i):
    return _clear(
        tr.geometric_schedule(i["N"], i["L"], rho=i["rho"], first=i["first"], like=_HOST).r,
        i["N"],
        i["first"],
        i["rho"],
    )


def _leads(gain, y):
    """Whether the best candidate is ahead of the others by more than rounding, at the scale of y."""
    order, most = np.sort(gain)[::-1], np.max(np.abs(y))
    spread = float(most * np.std(y / most)) if most else 0.0
    return bool(len(order) < 2 or order[0] - order[1] > 1e-3 * order[0] > 1e-7 * spread)


def _one_leads(i):
    found = tr.acquire(**{name: x.astype(float) if hasattr(x, "astype") else x for name, x in i.items()})
    others = np.any(i["new"] != i["new"][found.chosen], axis=1)
    gain = np.append(found.improvement[others], found.improvement[found.chosen])
    return _leads(gain, i["y"].astype(float))


def _steps_lead(i):
    x = {name: value.astype(float) if hasattr(value, "astype") else value for name, value in i.items()}
    visited, y, best = bayes_opt(**x)
    n = len(i["x0"])
    for t, candidates in enumerate(x["candidates"]):
        rows = np.unique(candidates, axis=0)
        found = tr.acquire(visited[: n + t], y[: n + t], rows)
        if not _leads(found.improvement, y[: n + t]):
            return False
    others = np.any(visited != visited[int(best)], axis=1)
    return bool(not np.any(others) or np.ptp(y) == 0 or np.max(y[others]) < np.max(y) - 1e-5 * np.max(np.abs(y)))


def _ranks_apart(i):
    vision, text = (i[name].astype(float) for name in ("vision", "text"))
    found = tr.decoder(vision, text,
                       tr.Weights(*(i[f"W{x}"].astype(float) for x in "qkvo")), i["k"])  # fmt: skip
    for a, n in zip(found.attention, i["k"][1:].tolist(), strict=False):
        order = np.sort(a)[::-1]
        if 0 < n < len(a) and not (order[n - 1] - order[n] > 1e-4 * order[0] or order[n - 1] == order[n]):
            return False
    return True


def _counts_somewhere(i):
    there = np.ptp(i["attention"], axis=-1) > 0
    return bool(np.all(there.astype(int) @ there.T.astype(int) > 0))


def _never_rises(i):
    return bool(i["k"][0] == len(i["vision"]) and np.all(np.diff(i["k"]) <= 0))


def _slopes(i):
    y = np.clip(i["k"][i["first"] :], 0.5, i["N"] - 0.5)
    return len(y) >= 2 and abs(np.polyfit(np.arange(len(y)), np.log(y / (i["N"] - y)), 1)[0]) > 1e-3


def _inside(sample, *relations):
    """Random inputs again and again, until they keep the relations."""

    def drawn(rng):
        inputs = sample(rng)
        return inputs if all(holds(inputs) for holds in relations) else drawn(rng)

    return drawn


_NAN = float("nan")
_SIZES = integer("N", "vision tokens", COUNT), integer("L", "layers", COUNT)
_RHO = number("rho", "budget: mean of the shares", real(0, 1, open="("))
_FIRST = integer("first", "so many layers keep all tokens", whole(0, "L"))
_ROUNDED = (
    "t = N r; k is t rounded down, what is within 1e-9 of a whole number being one; then the layers behind the first "
    "ones get 1 more, in falling order of t - k (equal ones: shallower first), until the sum is rho N L, rounded "
    "down in the same way"
)
_HALVING = (
    "halving: from 0, taken for too few, and the number of the layer before, while they are more than 1 apart, the "
    "middle, rounded "
    "down; if 1 is enough at the end, 0 is tried. one_by_one: one less until it is too few, or 0"
)
_ONE_STEP = {"long": "it is one step"}

GSEARCH = Operation(
    name="token_reduction.gsearch",
    summary="the least number of tokens at each layer, from shallow to deep, whose score is not below that of all "
    "tokens by more "
    "than tol. While a number is tried at a layer all deeper layers have it too. Score of a schedule k: minus the "
    "sum of weights times "
    f"max(0, needs - k)^2 / N^2. {_HALVING}",
    inputs=(
        integer("N", "vision tokens", COUNT),
        integer("first", "so many layers keep all tokens", whole(0, "L")),
        number("tol", "how much less is no loss", NONNEGATIVE),
        choice("inner", ("halving", "one_by_one"), "how a number is searched"),
        array("needs", "L", "tokens that each layer needs", whole(0, "N")),
        array("weights", "L", "what each layer counts", NONNEGATIVE),
    ),
    outputs=(
        array("k", "L", "tokens at each layer"),
        array("calls", "", "calls of the score"),
        array(
            "trace",
            "p c",
            "a row for each call but the first: layer from 1, number that is tried, 1 if it is enough or 0",
        ),
    ),
    reference=gsearch,
    exact=exact.gsearch,
    exact_source="bisection of the rule in fractions; the trace is the way to its answer",
    cases=cases.GSEARCH,
    sample=_inside(cases.sample_gsearch, _keeps_apart),
    laws=laws.GSEARCH,
    relations=(
        Relation(
            "no score is within rounding of the limit, unless tol is 0", ("tol", "needs", "weights", "N"), _keeps_apart
        ),
    ),
    errors=(
        refusals.numbers("N", "first", tol="tolerance"),
        ErrorCase(
            "nan-in-weights", "a score that is NaN tells nothing", {"weights": np.full(5, _NAN)}, ValueError, "score"
        ),
    ),
)

SIGMOID = Operation(
    name="token_reduction.sigmoid_schedule",
    summary="shares 1 up to the layer first, then r_min + (1 - r_min) / (1 + exp(s (l - c))) with the c for which "
    "their mean over all "
    f"layers is rho. {_ROUNDED}",
    inputs=(
        *_SIZES,
        number("s", "steepness", POSITIVE),
        number("r_min", "least share", NONNEGATIVE),
        _RHO,
        _FIRST,
    ),
    outputs=(array("r", "L", "shares"), array("k", "L", "tokens at each layer")),
    reference=sigmoid_schedule,
    exact=exact.sigmoid_schedule,
    exact_source="hyperbolic tangents in mpmath with 50 digits; the midpoint by bisection",
    cases=cases.SIGMOID,
    sample=_inside(cases.sample_sigmoid, _apart_sigmoid),
    laws=laws.SIGMOID,
    relations=(
        _enough("first"),
        Relation("r_min is at most the mean share behind the first layers", ("r_min", "rho", "L", "first"), _least),
        Relation("rounding decides nothing", ("N", "L", "s", "r_min", "rho", "first"), _apart_sigmoid),
    ),
    errors=(
        refusals.numbers("N", "L", "s", "r_min", "rho"),
        ErrorCase("first-negative", "a number of layers", {"first": -1}, ValueError, "first"),
        ErrorCase("too-many-full", "there is no budget for three full layers", {"first": 4}, ValueError, "rho"),
        ErrorCase("no-token", "a budget below one token", {"rho": 0.001, "first": 0}, ValueError, "rho"),
        ErrorCase("floor-over-budget", "the floor alone is over the budget", {"r_min": 0.2}, ValueError, "r_min"),
    ),
)

BASELINES = Operation(
    name="token_reduction.baselines",
    summary="other schedules with the same budget. fastv: all tokens in the first `full` layers, then one number, "
    "what remains of "
    "rho N L going one each to the shallowest of them. geometric: shares q^(l - first) behind the first layers, "
    "with the q for which "
    f"their mean over all layers is rho. {_ROUNDED}",
    inputs=(*_SIZES, _RHO, _FIRST, integer("full", "layers that keep all, of fastv", whole(0, "L"))),
    outputs=(
        array("fastv", "L", "tokens at each layer"),
        array("r", "L", "shares of geometric"),
        array("geometric", "L", "tokens at each layer"),
    ),
    reference=baselines,
    exact=exact.baselines,
    exact_source="tokens handed out one by one; the factor by bisection in mpmath with 50 digits",
    cases=cases.BASELINES,
    sample=_inside(cases.sample_baselines, _apart_pyramid),
    laws=laws.BASELINES,
    relations=(
        _enough("first", "full"),
        Relation("rounding decides nothing", ("N", "L", "rho", "first"), _apart_pyramid),
    ),
    errors=(
        refusals.numbers("N", "L", "rho"),
        ErrorCase("too-many-full", "no budget for five full layers", {"full": 5}, ValueError, "rho"),
    ),
)

FIT = Operation(
    name="token_reduction.fit_sigmoid",
    summary="the line through the logits of k / N over the layers behind the first, by least squares; shares of 0 "
    "and 1 count as half a "
    "token off. s is minus its slope, c where it is 0",
    inputs=(
        integer("N", "vision tokens", COUNT),
        array("k", "L", "tokens at each layer", whole(0, "N")),
        integer("first", "layers that do not count; two are left", whole(0)),
    ),
    outputs=(array("s", "", "steepness"), array("c", "", "midpoint")),
    reference=fit,
    exact=exact.fit,
    exact_source="slopes of all pairs of layers, in mpmath with 50 digits",
    cases=cases.FIT,
    sample=_inside(cases.sample_fit, _slopes),
    laws=laws.FIT,
    relations=(Relation("the line is not flat", ("k", "N", "first"), _slopes),),
    errors=(
        refusals.numbers("first"),
        ErrorCase("one-layer-left", "there is no line through one", {"first": 11}, ValueError, "first"),
        ErrorCase("more-than-all", "no more tokens than there are", {"k": np.full(12, 65)}, ValueError, "k"),
    ),
)

ACQUISITION = Operation(
    name="token_reduction.acquisition",
    summary="posterior of a Gaussian process with the Matern covariance of smoothness 5/2 and unit variance, on "
    "values less their mean "
    "and over their standard deviation (that of all n, 1 if they are equal), noise on the diagonal; mean and "
    "standard deviation of the "
    "function at candidates in the units of y, expected improvement over the largest y, and the first candidate of "
    "the largest",
    inputs=(
        array("X", "n d", "points seen"),
        array("y", "n", "values there"),
        array("new", "m d", "candidates"),
        number("length", "of the covariance", POSITIVE),
        number("noise", "variance of an observation, for values over their standard deviation", POSITIVE),
    ),
    outputs=(
        array("mean", "m", "of the function"),
        array("sd", "m", "of the function, without noise"),
        array("improvement", "m", "expected improvement"),
        array("chosen", "", "number of the candidate, from 0"),
    ),
    regress=Regress(
        "X", "y", "new", ("noise",), lengths="length", standard=True, outputs={"mean": "mean", "deviation": "sd"}
    ),
    reference=acquisition,
    exact=exact.acquisition,
    exact_source="the inverse of the matrix, in mpmath with 50 digits",
    cases=cases.ACQUISITION,
    sample=_inside(cases.sample_acquisition, _one_leads),
    laws=laws.ACQUISITION,
    relations=(Relation("one candidate is ahead", ("X", "y", "new", "length", "noise"), _one_leads),),
    errors=(refusals.numbers("length", "noise"), *refusals.arrays(y="y", new="new")),
    without=_ONE_STEP,
)

BAYES_OPT = Operation(
    name="token_reduction.bayes_opt",
    summary="maximize f(x) = g cos(9 x_1) - sum of a (x - b)^2: the points x0, then in each step the candidate that "
    "token_reduction.acquisition chooses with length 0.3 and noise 0.001 from all values so far",
    inputs=(
        array("x0", "n d", "points to begin with"),
        array("candidates", "T m d", "candidates of each step"),
        array("a", "d", "steepness of the hill", NONNEGATIVE),
        array("b", "d", "its top"),
        number("g", "height of the waves", REAL),
    ),
    outputs=(
        array("visited", "n+T d", "points"),
        array("values", "n+T", "f there"),
        array("best", "", "number of the first point of the largest value, from 0"),
    ),
    reference=bayes_opt,
    exact=exact.bayes_opt,
    exact_source="a factor that grows by a row a step, in mpmath with 50 digits",
    cases=cases.BAYES_OPT,
    sample=_inside(cases.sample_bayes_opt, _steps_lead),
    laws=laws.BAYES_OPT,
    relations=(Relation("in each step one candidate is ahead", ("x0", "candidates", "a", "b", "g"), _steps_lead),),
    errors=(
        refusals.arrays(x0="x0")[0],
        *refusals.arrays(candidates="candidates"),
        refusals.arrays(x0="candidates")[1],
    ),
)

KEEP = Operation(
    name="token_reduction.keep",
    summary="numbers of the tokens that received most attention, in rising order; of equal ones the first stay",
    inputs=(array("attention", "S N", "what each of N tokens received, for S inputs"), integer("count", "how many "
                                                                                                        "stay",
                                                                                                        whole(0, "N"))),
    outputs=(array("kept", "S p", "their numbers, from 0"),),
    reference=keep,
    exact=exact.keep,
    exact_source="pairs sorted by Python",
    cases=cases.KEEP,
    sample=cases.sample_keep,
    laws=laws.KEEP,
    errors=(refusals.numbers("count"), refusals.arrays(attention="attention")[0],
            ErrorCase("infinite", "attention is a number", {"attention": np.full((2,
                6), -np.inf)}, ValueError, "attention")),
    without=_ONE_STEP,
)  # fmt: skip

_WEIGHT = "of each layer; a state is a row, x W"
DECODER = Operation(
    name="token_reduction.decoder",
    summary="residual attention layers of one head, without norm or feed-forward part: X + softmax(X Wq (X Wk)^T / "
    "sqrt d) X Wv Wo. "
    "Vision tokens see the vision tokens that are left, text tokens those and the text up to themselves. Before a "
    "layer that keeps fewer "
    "tokens than are left, those stay to which the last text token gave most in the layer before; of equal ones the "
    "first",
    inputs=(
        array("vision", "N d", "vision tokens"),
        array("text", "M d", "text tokens"),
        *(
            array(f"W{x}", "L d d", f"{name}, {_WEIGHT}")
            for x, name in zip("qkvo", ("queries", "keys", "values", "outputs"), strict=True)
        ),
        array("k", "L", "vision tokens at each layer: N first, never rising", whole(0, "N")),
    ),
    outputs=(
        array("text_states", "M d", "text tokens after the last layer"),
        array("kept", "L N", "1 for the vision tokens that take part in a layer, 0 for the others"),
        array(
            "attention",
            "L N",
            "what each vision token receives from the last text token in each layer; 0 if it takes no part",
        ),
    ),
    reference=decoder,
    exact=exact.decoder,
    exact_source="token by token, in mpmath with 50 digits",
    cases=cases.DECODER,
    sample=_inside(cases.sample_decoder, _ranks_apart),
    laws=laws.DECODER,
    relations=(
        Relation("k begins with N and never rises", ("k", "vision"), _never_rises),
        Relation("ranks are no matter of rounding", ("vision", "text", "Wq", "Wk", "Wv", "Wo", "k"), _ranks_apart),
    ),
    errors=(
        ErrorCase("rising", "tokens do not come back", {"k": np.array([4, 1, 2])}, ValueError, "k"),
        ErrorCase("not-all-at-first", "layer 1 has all tokens", {"k": np.array([3, 2, 1])}, ValueError, "k"),
        ErrorCase("negative", "a number of tokens", {"k": np.array([4, 2, -1])}, ValueError, "k"),
        refusals.arrays(vision="vision")[0],
        *refusals.arrays(text="text"),
    ),
    without={"large": "attention is quadratic in the tokens"},
)

CONSISTENCY = Operation(
    name="token_reduction.consistency",
    summary="rank correlation of two layers over the tokens, mean over the inputs; one whose attention is constant "
    "at a layer does not "
    "count for that layer. spearman: correlation of the ranks, equal ones with the mean of theirs; kendall: tau-b",
    inputs=(
        array("attention", "L S N", "what each of N tokens receives at each layer, for S inputs"),
        choice("kind", ("spearman", "kendall"), "which correlation"),
    ),
    outputs=(array("R", "L L", "correlations"),),
    reference=consistency,
    exact=exact.consistency,
    exact_source="ranks and pairs counted in whole numbers",
    cases=cases.CONSISTENCY,
    sample=_inside(cases.sample_consistency, _counts_somewhere),
    laws=laws.CONSISTENCY,
    relations=(Relation("for each two layers an input counts", ("attention",), _counts_somewhere),),
    errors=(
        refusals.arrays(attention="attention")[0],
        ErrorCase(
            "all-constant", "nothing is left to compare", {"attention": np.ones((3, 2, 6))}, ValueError, "attention"
        ),
    ),
)

FLOPS = Operation(
    name="token_reduction.flops",
    summary="multiplications with an addition of a schedule, an integer: sum over the layers of 4 n d^2 + 2 n^2 d + "
    "3 n d m with "
    "n = k + M; 2 n d m if the feed-forward part is not gated",
    inputs=(
        array("k", "L", "vision tokens at each layer", whole(0)),
        integer("M", "text tokens", whole(0)),
        integer("d", "width of the states", COUNT),
        integer("m", "width of the feed-forward part", COUNT),
        choice("mlp", ("gated", "plain"), "the feed-forward part: three matrices, or two"),
    ),
    outputs=(array("F", "", "count"),),
    reference=flops,
    exact=exact.flops,
    exact_source="product by product",
    cases=cases.FLOPS,
    sample=cases.sample_flops,
    laws=laws.FLOPS,
    errors=(
        refusals.numbers("M", "d", "m"),
        ErrorCase("negative-k", "a number of tokens", {"k": np.array([-1])}, ValueError, "k"),
    ),
)

_ABSTRACT, _OURS = "abstract; reconstructed: ", "ours: "
SYSTEM = System(
    name="token_reduction",
    chapter="search",
    summary="how many vision tokens each layer of a multimodal model needs: greedy search, and a tuned sigmoid for "
    "a budget",
    paper=Paper(
        title="Accelerating Multimodal Large Language Models by Searching Optimal Vision Token Reduction",
        authors="Zhao, Wang, Juefei-Xu, Xia, Liu, Wang, Liang, Zhang, Metaxas, Yu",
        arxiv="2412.00556",
        year=2024,
        key="zhao2024accelerating",
    ),
    operations=(GSEARCH, KEEP, DECODER, CONSISTENCY, SIGMOID, FIT, ACQUISITION, BAYES_OPT, BASELINES, FLOPS),
    claims=CLAIMS,
    alternatives=ALTERNATIVES,
    equations=dict(
        zip(
            tags("token_reduction", *range(1, 33)),
            (
                f"{_ABSTRACT}the attention of the layer before ranks",
                "attention, with text tokens after the vision tokens",
                f"{_OURS}a decoder without norm or feed-forward part",
                f"{_ABSTRACT}what the last text token gives",
                "ranks, equal ones with the mean of theirs",
                "abstract, that rankings are similar; reconstructed: how it is measured",
                "Kendall (1945), tau-b",
                f"{_ABSTRACT}no degradation, with a tolerance",
                f"{_ABSTRACT}deeper layers have as many",
                f"{_ABSTRACT}the search within a layer",
                f"{_OURS}0 at the end, or one by one",
                "abstract, from shallow to deep layers",
                f"{_ABSTRACT}the budget fixes the midpoint",
                "abstract, a sigmoid; reconstructed: its form",
                f"{_OURS}rounding down",
                f"{_OURS}who comes first",
                f"{_OURS}what the budget leaves",
                f"{_OURS}variables of the search",
                f"{_ABSTRACT}from G-Search to a sigmoid",
                f"{_OURS}standard units",
                f"{_OURS}a Gaussian process",
                f"{_OURS}observations with noise",
                "conditioning a Gaussian process",
                "conditioning a Gaussian process",
                "expected improvement (Mockus, 1978)",
                f"{_OURS}the first of the best candidates",
                "abstract, Bayesian optimization",
                f"{_OURS}the best value seen",
                "Chen et al. (2024), at a given budget",
                f"{_OURS}a pyramid at a given budget",
                f"{_OURS}its shares",
                "Chen et al. (2024), its count with a gated feed-forward part",
            ),
            strict=True,
        )
    ),
)
