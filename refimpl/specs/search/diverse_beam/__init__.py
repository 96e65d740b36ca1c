"""What the oracle knows of diverse beam search."""

from itertools import pairwise

import numpy as np

from refimpl.core.arrays import array_namespace, from_numpy
from refimpl.search import _diverse_beam_metrics as metrics
from refimpl.search import diverse_beam as dbs
from refimpl.search._diverse_beam_models import chain
from refimpl.specs import refusals
from refimpl.specs.base import ErrorCase, Operation, Paper, System, array, choice, integer, number
from refimpl.specs.domains import COUNT, NONNEGATIVE, POSITIVE, REAL, Relation, below, real, whole
from refimpl.specs.search.diverse_beam import cases, exact, laws
from refimpl.specs.search.diverse_beam.claims import CLAIMS
from refimpl.specs.search.diverse_beam.mistakes import ALTERNATIVES


def group_step(logp, score, raw, penalty, strength):
    """The next token of each beam of a group."""
    tokens = array_namespace(score).zeros_like(score[:, None])
    beams = dbs.Beams(array_namespace(score).astype(tokens, array_namespace(score).int64), score, raw)
    beams, parents = dbs.step(beams, logp, penalty, strength=strength)
    return parents, beams.tokens[:, -1], beams.score, beams.raw


def penalty(own, earlier, vectors, kind, temperature, n):
    """Similarity of each candidate to the prefixes of earlier groups."""
    groups = [earlier[h, ...] for h in range(earlier.shape[0])]
    logp = array_namespace(vectors).broadcast_to(vectors[None, :, 0], (own.shape[0], vectors.shape[0]))
    return cases.diversity(kind, vectors, temperature, n)(own, groups, logp)


def search(first, table, vectors, length, width, groups, strength, kind, temperature, n, eos):
    """The whole search on a table."""
    similarity = cases.diversity(kind, vectors, temperature, n)
    beams = {"length": length, "width": width, "groups": groups, "eos": eos}
    found = dbs.search(chain(first, table), similarity, strength=strength, like=first, **beams)
    return found.tokens, found.score, found.raw, from_numpy(found.rows, like=found.tokens)


def sibling_rank(first, table, length, width, strength, eos):
    """Beam search with a penalty for the rank among the children of one beam."""
    beams = {"length": length, "width": width, "eos": eos}
    found = dbs.search(chain(first, table), dbs.siblings, strength=strength, like=first, **beams)
    return found.tokens, found.score, found.raw


def list_metrics(tokens, references, n, k):
    """Distinct n-grams, oracle and top-1 of a list."""
    values = metrics.distinct(tokens, n), metrics.oracle(tokens, references, k), metrics.oracle(tokens, references, 1)
    return tuple(from_numpy(value, like=tokens, dtype=array_namespace(tokens).float64) for value in values)


def _ends(*names):
    """Whether -1 stands at the ends of rows alone."""

    def hold(inputs):
        rows = (row for name in names for row in inputs[name].tolist())
        return not any(a < 0 <= b for row in rows for a, b in pairwise(row))

    return Relation("-1 comes after the end of a sequence alone", names, hold)


def _whole_rows(inputs):
    missing = inputs["earlier"] < 0
    return bool(np.all(np.all(missing, axis=-1) == np.any(missing, axis=-1)))


_LOG = real(open=")", infinite=True)  # -inf is one of them, +inf is not
_NAN, _INF = float("nan"), float("inf")
_TABLE = (
    array("first", "V", "log-probabilities of the first token; -inf: it cannot be", _LOG),
    array("table", "V V", "row y: log-probabilities of the token after y", _LOG),
)
_VECTORS = array(
    "vectors", "V d", "word vectors; only of the kinds embedding and soft_ngram", REAL.that("nonzero rows")
)
_KIND = (
    choice(
        "kind",
        cases.KINDS,
        "S of a candidate, summed over groups; hamming: beams with this token in this step; cumulative: exp(-k / "
        "temperature) for k tokens, over all beams of the group, that differ from the candidate with its prefix; "
        "ngram: "
        "places at which its n-gram occurs; embedding: cosines with the tokens of this step; soft_ngram: cosines of "
        "summed vectors with all n-grams",
    ),
    number("temperature", "of the kind cumulative", POSITIVE),
    integer("n", "words of an n-gram, of the kinds ngram and soft_ngram", COUNT),
)
_STRENGTH = number("strength", "lambda, what a unit of S costs", NONNEGATIVE)
_LENGTH = integer("length", "T, the most tokens of a sequence", COUNT)
_EOS = integer("eos", "token that ends a sequence; -1: there is none", below("V", -1))
_LISTED = (
    array("tokens", "B T", "sequences, -1 after their ends and in places that are not filled"),
    array("score", "B", "s, log-probability less penalties; -inf in a place that is not filled"),
    array("raw", "B", "Theta, log-probability; -inf as well"),
)
_SEARCHED = (
    "A beam that takes eos, or its last token, goes to the finished list of its group; in the next step the best are "
    "again chosen among the children of the beams that are left. Equal candidates: in the order of their beam, then of "
    "their token"
)
_BAD_TABLE = (
    ErrorCase("nan-in-table", "NaN is no log-probability", {"table": np.full((4, 4), _NAN)}, ValueError, "model"),
    ErrorCase("first-infinite", "+inf is no log-probability", {"first": np.full(4, _INF)}, ValueError, "model"),
    ErrorCase("other-table", "a row for each token", {"table": np.zeros((4, 3))}, ValueError, "table"),
)
_ONE_STEP = {"long": "it is one step"}
_LISTS = "sequences as tuples, candidates as sorted lists, in mpmath with 50 digits"

GROUP_STEP = Operation(
    name="diverse_beam.group_step",
    summary="the next token of each of the b beams of a group: the b largest of score + logp - strength S over all "
    "beams and tokens; equal ones in the order of their beam, then of their token; never one of -inf",
    inputs=(
        array("logp", "b V", "log-probabilities of the next token after each beam; -inf: it cannot be", _LOG),
        array("score", "b", "s of each beam; -inf: it is not live, and has no children", _LOG),
        array("raw", "b", "Theta, log-probability of each beam", _LOG),
        array("penalty", "b V", "S of each candidate"),
        _STRENGTH,
    ),
    outputs=(
        array("parents", "b", "number of the beam that each continues; -1 where there is none"),
        array("tokens", "b", "its token; -1 where there is none"),
        array("new_score", "b", "s, penalties included; -inf where there is none"),
        array("new_raw", "b", "Theta; -inf where there is none"),
    ),
    reference=group_step,
    exact=exact.group_step,
    exact_source="all candidates, sorted as rational numbers",
    cases=cases.GROUP_STEP,
    sample=cases.sample_group_step,
    laws=laws.GROUP_STEP,
    errors=(
        refusals.numbers("strength"),
        refusals.arrays(logp="logp")[0],
        refusals.arrays(penalty="penalty")[1],
        ErrorCase("infinite-penalty", "S is finite", {"penalty": np.full((2, 4), _INF)}, ValueError, "penalty"),
        ErrorCase("score-infinite", "+inf is no log-probability", {"score": np.full(2, _INF)}, ValueError, "score"),
    ),
    relations=(
        Relation(
            "raw is -inf where score is, and there alone",
            ("score", "raw"),
            lambda i: bool(np.all((i["score"] == -_INF) == (i["raw"] == -_INF))),
        ),
    ),
    without=_ONE_STEP,
)

PENALTY = Operation(
    name="diverse_beam.penalty",
    summary="S of each candidate: the similarity of a beam of the group and a next token to what the earlier groups "
    "hold, which have taken this step already",
    inputs=(
        array("own", "b T", "prefixes of the group whose turn it is", below("V")),
        array("earlier", "h c T+1", "prefixes of h groups; a row of -1 is none and does not count", below("V", -1)),
        _VECTORS,
        *_KIND,
    ),
    outputs=(array("S", "b V", "similarity of each candidate"),),
    reference=penalty,
    exact=exact.penalty,
    exact_source="loops over the definition, exponentials and roots in mpmath with 50 digits",
    cases=cases.PENALTY,
    sample=cases.sample_penalty,
    laws=laws.PENALTY,
    errors=(
        *(
            ErrorCase(f"{name}-{value:g}", f"{name} must be positive", {"kind": kind, name: value}, ValueError, name)
            for kind, name, value in (
                ("cumulative", "temperature", 0.0), ("cumulative", "temperature", _NAN), ("ngram", "n", 0),
                ("soft_ngram", "n", -1),
            )
        ),
        ErrorCase("no-token", "there are V tokens", {"own": np.array([[0, 4], [2, 1]])}, ValueError, "own"),
        ErrorCase("other-length", "they have taken this step", {"earlier": np.zeros((1, 2, 2), int)}, ValueError,
                  "earlier"),
        ErrorCase("nan-in-vectors", "NaN is no vector", {"kind": "embedding", "vectors": np.full((4, 2), _NAN)},
                  ValueError, "logp"),
    ),
    relations=(Relation("a row of earlier is -1 throughout or nowhere", ("earlier",), _whole_rows),),
)  # fmt: skip

SEARCH = Operation(
    name="diverse_beam.search",
    summary="diverse beam search on a table of log-probabilities: in each step the groups take their tokens one after "
    f"another, each with the penalty for what those before it hold. {_SEARCHED}",
    inputs=(
        *_TABLE,
        _VECTORS,
        _LENGTH,
        integer("width", "B, beams of all groups", COUNT),
        integer("groups", "G, divides B", COUNT),
        _STRENGTH,
        *_KIND,
        _EOS,
    ),
    outputs=(
        *_LISTED,
        array(
            "rows", "", "prefixes given to the model: B / G for each group and step in which one of its beams is live"
        ),
    ),
    reference=search,
    exact=exact.search,
    exact_source=_LISTS,
    cases=cases.SEARCH,
    sample=cases.sample_search,
    laws=laws.SEARCH,
    relations=(Relation("groups divides width", ("width", "groups"), lambda i: i["width"] % i["groups"] == 0),),
    errors=(
        *_BAD_TABLE,
        refusals.numbers("strength", "length", "width", "groups"),
        ErrorCase("odd-groups", "all groups are of one size", {"groups": 3}, ValueError, "groups"),
    ),
)

SIBLING_RANK = Operation(
    name="diverse_beam.sibling_rank",
    summary="beam search with another penalty: strength times the rank of a token, 1 for the best, among the children "
    f"of its beam, equal ones in the order of the tokens; it stays in the score. {_SEARCHED}",
    inputs=(*_TABLE, _LENGTH, integer("width", "B, beams", COUNT), _STRENGTH, _EOS),
    outputs=_LISTED,
    reference=sibling_rank,
    exact=exact.sibling_rank,
    exact_source=_LISTS,
    cases=cases.SIBLING_RANK,
    sample=cases.sample_sibling_rank,
    laws=laws.SIBLING_RANK,
    errors=(*_BAD_TABLE, refusals.numbers("strength", "length", "width")),
)

LIST_METRICS = Operation(
    name="diverse_beam.list_metrics",
    summary="distinct n-grams of a list over its words; oracle: mean over the references of the best similarity among "
    "the first k; top-1: the oracle of k = 1. The similarity is the mean of the F1 of words and of bigrams, with "
    "matches "
    "clipped; 0 of what neither has",
    inputs=(
        array("tokens", "B T", "the list; -1 after the end of a sequence", whole(-1)),
        array("references", "R U", "references, as well", whole(-1)),
        integer("n", "words of an n-gram", COUNT),
        integer("k", "how many count for the oracle", whole(1, "B")),
    ),
    outputs=(
        array("distinct_n", "", "distinct n-grams over words"),
        array("oracle_k", "", "oracle of the first k"),
        array("top_1", "", "metric of the first one"),
    ),
    reference=list_metrics,
    exact=exact.list_metrics,
    exact_source="counted as fractions",
    cases=cases.LIST_METRICS,
    sample=cases.sample_list_metrics,
    laws=laws.LIST_METRICS,
    relations=(
        _ends("tokens", "references"),
        Relation("the list has a word", ("tokens",), lambda i: bool(np.any(i["tokens"] >= 0))),
    ),
    errors=(
        refusals.numbers("n", "k"),
        ErrorCase("no-words", "a share of nothing", {"tokens": np.full((3, 3), -1)}, ValueError, "tokens"),
        ErrorCase("gap", "a sequence has no gaps", {"tokens": np.array([[1, -1, 2]] * 3)}, ValueError, "tokens"),
    ),
)

SYSTEM = System(
    name="diverse_beam",
    chapter="search",
    summary="beam search in groups, each penalised for resembling what the groups before it chose",
    paper=Paper(
        title="Diverse Beam Search: Decoding Diverse Solutions from Neural Sequence Models",
        authors="Vijayakumar, Cogswell, Selvaraju, Sun, Lee, Crandall, Batra",
        arxiv="1610.02424",
        year=2016,
        key="vijayakumar2016diverse",
    ),
    operations=(SEARCH, GROUP_STEP, PENALTY, SIBLING_RANK, LIST_METRICS),
    claims=CLAIMS,
    alternatives=ALTERNATIVES,
    equations={
        "diverse_beam-1": "Algorithm 1, the augmented score",
        "diverse_beam-2": "ours: what cannot be is never taken",
        "diverse_beam-3": "Equation 3, the best over beams and tokens; ties are ours",
        "diverse_beam-4": "ours: number of a candidate",
        "diverse_beam-5": "Algorithm 1: the score keeps its penalties",
        "diverse_beam-6": "Section 2, log-probability",
        "diverse_beam-7": "Section 2, the new prefixes",
        "diverse_beam-8": "Section 2, end of a sequence",
        "diverse_beam-9": "the authors' code: a list for each group",
        "diverse_beam-10": "Algorithm 1, groups that have taken this step",
        "diverse_beam-11": "Section 5.1, Hamming diversity",
        "diverse_beam-12": "Section 5.1, cumulative diversity; sign and sum over groups reconstructed",
        "diverse_beam-13": "Section 5.1, n-gram diversity; n = 2 reconstructed",
        "diverse_beam-14": "Section 5.1, neural-embedding diversity",
        "diverse_beam-15": "Section 5.1, neural-embedding diversity of n-grams",
        "diverse_beam-16": "Li and Jurafsky (2016), the sibling penalty",
        "diverse_beam-17": "Li et al. (2015), the anti-language model",
        "diverse_beam-18": "Section 5, distinct n-grams",
        "diverse_beam-19": "ours: in place of CIDEr and SPICE",
        "diverse_beam-20": "Section 5, oracle accuracy",
    },
)
