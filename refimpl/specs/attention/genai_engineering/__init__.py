"""What the oracle knows of five proposals for language models."""

import numpy as np

from refimpl.attention import genai_engineering as ge
from refimpl.core.arrays import array_namespace, from_numpy, to_numpy
from refimpl.specs import refusals
from refimpl.specs.attention.genai_engineering import cases, exact, laws
from refimpl.specs.attention.genai_engineering.claims import CLAIMS
from refimpl.specs.attention.genai_engineering.mistakes import ALTERNATIVES
from refimpl.specs.base import ErrorCase, Operation, Paper, System, array, choice, integer, number, tags
from refimpl.specs.domains import (
    COUNT,
    NONNEGATIVE,
    POSITIVE,
    REAL,
    SIMPLEX,
    WHOLE,
    Relation,
    below,
    one_of,
    real,
    whole,
)


def _strings(table):
    """Rows of code points, -1 after their ends, as strings."""
    rows = to_numpy(table).tolist()
    return ["".join(chr(x) for x in row if x >= 0) for row in rows]


def _rows(strings, width, like):
    """Strings as rows of code points."""
    rows = [[ord(s) for s in string] + [-1] * (width - len(string)) for string in strings]
    return array_namespace(like).reshape(from_numpy(np.array(rows, dtype=np.int64), like=like), (len(rows), width))


def segment(word, pieces, p, k):
    """The best way to cut a word; which pieces it takes, by their numbers."""
    (text,), known = _strings(word[None, :]), _strings(pieces)
    found = ge.segment(text, known, p, k=k)
    numbers = [known.index(piece) for piece in found.pieces or ()]
    numbers += [-1] * (len(text) - len(numbers))
    return from_numpy(numbers, like=word), found.cost, found.table


def merges(words, freq, M, rule):
    """Pairs in the order in which they are merged, and where the pieces end."""
    texts, width = _strings(words), words.shape[1] + 1
    made, split = ge.merges(texts, freq, count=M, rule=rule)
    made += [("", "")] * (M - len(made))
    left, right = (_rows([pair[side] for pair in made], width, words) for side in (0, 1))
    ends = np.zeros((len(texts), width), dtype=np.int64)
    for row, pieces in zip(ends, split, strict=True):
        row[np.cumsum([len(piece) for piece in pieces]) - 1] = 1
    return left, right, from_numpy(ends, like=words)


def em_step(words, freq, pieces, p):
    """A round of hard EM."""
    found = ge.em_step(_strings(words), freq, _strings(pieces), p)
    return found.p, found.counts, found.before, found.after


def ce_update(P, X, score, rho, alpha):
    """The laws after a population."""
    return ge.ce_update(P, X, score, elite=rho, smoothing=alpha)


def sgns_step(U, C, word, ctx, lr):
    """A step of word2vec."""
    return ge.sgns_step(U, C, word, ctx, lr=lr)


def scores(q, k, slope, c_R, c_A, shift, bias):
    """Scores with both codes of positions."""
    return ge.scores(q, k, slope=slope, c_rope=c_R, c_alibi=c_A, shift=shift, bias=bias)


def pr_attention(q, k, v, slope, u, B, law, c, correct):
    """Attention to some of the blocks."""
    return ge.pr_attention(q, k, v, u, block=B, slope=slope, law=law, c=c, correct=bool(correct))


def quantise(X, bits, G, axis):
    """Codes, with zero and step of each entry's group, and the values."""
    found = ge.quantise(X, bits=bits, group=G, axis=axis)
    xp = array_namespace(X)
    zero, step = (xp.repeat(part, G, axis=axis) for part in (found.zero, found.step))
    return found.codes, zero, step, ge.dequantise(found)


def saq_trajectory(K, V, Q, S, G, bits, slope):
    """Decoding token by token."""
    xp, stairs, outs = array_namespace(K), tuple(int(bits[i]) for i in range(bits.shape[0])), []
    cache = ge.empty(K.shape[1], like=K)
    for t in range(K.shape[0]):
        cache, out = ge.saq_step(cache, K[t, :], V[t, :], Q[t, ...], segment=S, group=G, bits=stairs, slope=slope)
        outs.append(out)
    keys, values = ge.held(cache)
    left = [stairs[min(i + 1, len(stairs) - 1)] for i in range(len(cache.keys))]
    ages = np.repeat([*left[::-1], stairs[0]], [*[S] * len(left), cache.key_rest.shape[0]])
    return xp.stack(outs), keys, values, from_numpy(ages, like=bits)


# What holds between inputs -------------------------------------------------------------------------------------------


def _strings_hold(*names, different=(), empty=False):
    """Whether rows of code points are strings: -1 stands at their ends alone."""

    def holds(inputs):
        for name in names:
            there = inputs[name] >= 0
            if np.any(there[:, 1:] & ~there[:, :-1]) or not np.all(there[:, 0]):
                return False
        return all(len({tuple(row) for row in inputs[name].tolist()}) == len(inputs[name]) for name in different)

    said = "-1 comes after the end of a string alone, and no string is empty"
    return Relation(said + (f"; {' and '.join(different)} are different" if different else ""), names, holds)


def _divides(divisor, *lengths):
    words = f"{divisor} divides {' and '.join(name for name, _ in lengths)}"
    names = tuple(dict.fromkeys((divisor, *(source for _, (source, _) in lengths))))
    axis = lambda i, source, a: i[source].shape[a] if isinstance(a, int) else i[source]
    return Relation(words, names, lambda i: all(axis(i, *where) % i[divisor] == 0 for _, where in lengths))


def _group_divides(inputs):
    return inputs["X"].shape[inputs["axis"]] % inputs["G"] == 0


_STRING = whole(-1, 1114111)
_NAN = float("nan")
_WORDS = (
    array("words", "W L", "a word in each row, as code points without the end symbol; -1 after its end", _STRING),
    array("freq", "W", "how often each occurs", COUNT),
)
_PIECES = (
    array("pieces", "m Q", "a piece in each row, as code points; -1 after its end", _STRING),
    array("p", "m", "their probabilities", real(0, 1, open="(")),
)
_END = "Each word has the symbol _ (code point 95) at its end, a symbol of its own"
_ONE = {"long": "it is one step"}
_SMALL = _ONE | {"large": "each entry takes part in every other's answer"}
_TEXT = {"long": "words are short: longer ones are more of the same", "large": "a vocabulary is a table of few rows"}

SEGMENT = Operation(
    name="genai_engineering.segment",
    summary="the most probable way to cut a word into at most k pieces. D[r, j] is the least sum of -log p over the "
    "first j symbols cut into at most r pieces; of equal ways that with fewer pieces, then that whose last piece "
    "begins first",
    inputs=(
        array("word", "n", "code points, the end symbol among them if there is one", whole(0, 1114111)),
        *_PIECES,
        integer("k", "the most pieces", COUNT),
    ),
    outputs=(
        array("cut", "n", "rows of the pieces that are taken, in their order; -1 after the last, and where no way is"),
        array("cost", "", "minus the sum of log p; infinity: there is no way"),
        array("D", "k+1 n+1", "least costs; infinity: there is no way"),
    ),
    reference=segment,
    exact=exact.segment,
    exact_source="all ways to cut, in mpmath with 50 digits",
    cases=cases.SEGMENT,
    sample=cases.sample_segment,
    laws=laws.SEGMENT,
    relations=(
        _strings_hold("pieces", different=("pieces",)),
        Relation("no two ways are within rounding of the least cost", ("word", "pieces", "p"), cases.ways_apart),
    ),
    errors=(
        refusals.numbers("k"),
        ErrorCase("no-probability", "log 0 is no "
            "cost", {"p": np.array([0.2, 0.1, 0, 0.02, 0.3, 0.1])}, ValueError, "p"),
        ErrorCase("above-one", "no probability", {"p": np.array([0.2, 0.1, 1.5, 0.02, 0.3, 0.1])}, ValueError, "p"),
        ErrorCase("one-short", "a probability for each piece", {"p": np.full(5, 0.2)}, ValueError, "p"),
        ErrorCase("twice", "which of the two counts?", {"pieces": np.array([[97], [97], [98], [99], [95], [100]])},
                  ValueError, "pieces"),
    ),
    without={"large": "a word has few symbols", "long": "all ways to cut a long word are too many to enumerate"},
)  # fmt: skip

MERGES = Operation(
    name="genai_engineering.merges",
    summary="byte-pair encoding (bpe: the pair of largest weighted count) or WordPiece (the pair of largest c(ab) / "
    "(c(a) c(b)), all weighted counts in the words as they are cut then). Merges replace a pair from left to right, "
    f"wherever it stands. Of equal pairs the largest, compared as two strings by code points. {_END}",
    inputs=(
        *_WORDS,
        integer("M", "the most merges", WHOLE),
        choice("rule", ("bpe", "wordpiece"), "which pair is merged"),
    ),
    outputs=(
        array("left", "M L+1", "left string of each pair as code points, -1 after its end and where no pair is left"),
        array("right", "M L+1", "right string"),
        array("ends", "W L+1", "1 where a piece of the word (with its end symbol) ends, else 0"),
    ),
    reference=merges,
    exact=exact.merges,
    exact_source="symbols as intervals of one long string, scores as fractions",
    cases=cases.MERGES,
    sample=cases.sample_merges,
    laws=laws.MERGES,
    relations=(_strings_hold("words"),),
    errors=(
        refusals.numbers(M="count"),
        ErrorCase("no-frequency", "a word that never occurs", {"freq": np.array([3, 0, 1])}, ValueError, "freq"),
    ),
    without={"large": "words are strings: nothing goes blockwise"},
)

EM_STEP = Operation(
    name="genai_engineering.em_step",
    summary="a round of hard EM: every word is cut in the way of least -log p (ties as in segment), pieces are "
        "counted, "
    "and each piece of one symbol counts 0.01 more. p_new is in proportion to that. J is the sum over the "
    f"pieces of these counts times log p, under p and p_new. {_END}",
    inputs=(*_WORDS, *_PIECES),
    outputs=(
        array("p_new", "m", "new probabilities; 0: the piece leaves"),
        array("counts", "m", "how often each piece occurs"),
        array("before", "", "J under p"),
        array("after", "", "J under p_new"),
    ),
    reference=em_step,
    exact=exact.em_step,
    exact_source="all ways to cut each word, in mpmath with 50 digits",
    cases=cases.EM_STEP,
    sample=cases.sample_em_step,
    laws=laws.EM_STEP,
    relations=(
        _strings_hold("words", "pieces", different=("pieces",)),
        Relation(
            "every word can be cut, by one way that is ahead of the others by more than rounding",
            ("words", "pieces", "p"), cases.words_apart),
    ),
    errors=(
        ErrorCase("not-covered", "a word that cannot be cut", {"words": np.array([[97, 98, -1], [99, -1, -1]])},
                  ValueError, "pieces"),
        ErrorCase("no-frequency", "a word that never occurs", {"freq": np.array([3, 0])}, ValueError, "freq"),
    ),
    without=_TEXT,
)  # fmt: skip

CE_UPDATE = Operation(
    name="genai_engineering.ce_update",
    summary="the cross-entropy method: P becomes alpha times the frequencies of values among the best ceil(rho N) "
    "settings, plus (1 - alpha) P. Of equal scores those drawn first are better. A rho N within 1e-5 above a whole "
    "number is that number",
    inputs=(
        array("P", "H n", "law of each hyper-parameter over its values; 0 where it has fewer", SIMPLEX),
        array("X", "N H", "settings that were tried, by the numbers of their values", below("n")),
        array("score", "N", "the larger the better"),
        number("rho", "share that is the elite", real(0, 1, open="(")),
        number("alpha", "how far the laws move", real(0, 1, open="(")),
    ),
    outputs=(array("P_new", "H n", "laws afterwards"),),
    reference=ce_update,
    exact=exact.ce_update,
    exact_source="settings ranked by a count of those before them, in rational numbers",
    cases=cases.CE_UPDATE,
    sample=cases.sample_ce_update,
    laws=laws.CE_UPDATE,
    relations=(
        Relation("rho N is off a whole number, or that number", ("rho", "X"), cases.elite_clear),
    ),
    errors=(
        refusals.numbers(rho="elite", alpha="smoothing"),
        refusals.arrays(score="scores")[0],
        ErrorCase("no-law", "the sum is 1", {"P": np.array([[0.5, 0.3, 0.3]])}, ValueError, "P"),
        ErrorCase("no-value", "there are n values", {"X": np.array([[0], [1], [3], [1], [0]])}, ValueError, "X"),
    ),
    without=_ONE,
)  # fmt: skip

SGNS_STEP = Operation(
    name="genai_engineering.sgns_step",
    summary="a step of word2vec on -log sigma(u c+) - sum log sigma(-u c-): g = sigma(u c) - [column 0], c less lr "
    "g u, "
    "u less lr sum g c, from the old values; what occurs more than once in the batch has the sum of its steps",
    inputs=(
        array("U", "V dim", "vectors of words"),
        array("C", "V dim", "vectors of contexts"),
        array("word", "B", "words of the batch", below("V")),
        array("ctx", "B k", "column 0: a context; the others: negative samples", below("V")),
        number("lr", "rate", POSITIVE),
    ),
    outputs=(array("U_new", "V dim", "vectors of words"), array("C_new", "V dim", "vectors of contexts")),
    reference=sgns_step,
    exact=exact.sgns_step,
    exact_source="one word and context after another, (1 + tanh) / 2 in mpmath with 50 digits",
    cases=cases.SGNS_STEP,
    sample=cases.sample_sgns_step,
    laws=laws.SGNS_STEP,
    errors=(
        refusals.numbers("lr"),
        refusals.arrays(U="U")[0],
        ErrorCase("no-word", "there are V words", {"word": np.array([4])}, ValueError, "word"),
        ErrorCase("no-context", "there are V words", {"ctx": np.array([[0, 1, -1]])}, ValueError, "context"),
    ),
    without=_ONE,
)

SCORES = Operation(
    name="genai_engineering.scores",
    summary="c_R (R_i q_i)(R_j k_j) / sqrt(d) - c_A slope distance, and -infinity where j > i. R_i turns "
    "coordinates 2a "
    "and 2a + 1 by (i + shift) 10000^(-2a / d). The distance is i - j, or 1 + 1/2 + ... + 1/(i - j) with "
    "harmonic-number; it is not divided by sqrt(d)",
    inputs=(
        array("q", "n d", "queries"),
        array("k", "n d", "keys"),
        number("slope", "of the head", NONNEGATIVE),
        number("c_R", "factor of the rotary part", REAL),
        number("c_A", "factor of the bias", REAL),
        integer("shift", "position of the first row", WHOLE),
        choice("bias", ("linear", "harmonic-number"), "how it grows with the distance"),
    ),
    outputs=(array("s", "n n", "scores"),),
    reference=scores,
    exact=exact.scores,
    exact_source="complex numbers turned by differences of positions, in mpmath with 50 digits",
    cases=cases.SCORES,
    sample=cases.sample_scores,
    laws=laws.SCORES,
    relations=(Relation("d is even", ("q",), lambda i: i["q"].shape[1] % 2 == 0),),
    errors=(
        refusals.numbers("slope"),
        refusals.arrays(q="q")[0],
        ErrorCase(
            "odd", "coordinates come in pairs", {"q": np.ones((4, 3)), "k": np.ones((4, 3))}, ValueError, "d even"
        ),
    ),
    without=_ONE | {"large": "the answer grows with n^2, and with d it is a sum"},
)

PR_ATTENTION = Operation(
    name="genai_engineering.pr_attention",
    summary="causal attention of block i of queries to the blocks i - delta with u[delta] < pi(delta), delta from 0 to "
    "i; within the diagonal block the usual mask. Scores are q k / sqrt(d) - slope (i - j). pi(0) = 1; else harmonic: "
    "min(1, c / (1 + delta)), geometric: c^delta, constant: c. With correct = 1 they have -log pi(delta) added",
    inputs=(
        array("q", "n d", "queries"),
        array("k", "n d", "keys"),
        array("v", "n e", "values"),
        number("slope", "of the bias", NONNEGATIVE),
        array("u", "R T", "draws of the T = n / B distances: one row for all blocks, or a row for each block of "
              "queries", real(0, 1, open=")")),
        integer("B", "size of a block", COUNT),
        choice("law", ("harmonic", "geometric", "constant"), "pi, by distance"),
        number("c", "of the law; at most 1 unless it is harmonic", POSITIVE),
        integer("correct", "1: with the correction", one_of(0, 1)),
    ),
    outputs=(array("o", "n e", "attention"), array("visited", "T", "blocks that each block of queries visits")),
    reference=pr_attention,
    exact=exact.pr_attention,
    exact_source="dense attention with a mask, entry by entry, in mpmath with 50 digits",
    cases=cases.PR_ATTENTION,
    sample=cases.sample_pr_attention,
    laws=laws.PR_ATTENTION,
    relations=(
        _divides("B", ("n", ("q", 0))),
        Relation("T is n / B, R is 1 or T", ("u", "q", "B"),
                 lambda i: i["u"].shape[1] * i["B"] == len(i["q"]) and len(i["u"]) in (1, i["u"].shape[1])),
        Relation("c is at most 1 unless the law is harmonic", ("c", "law"),
                 lambda i: i["law"] == "harmonic" or i["c"] <= 1),
        Relation("no draw is within rounding of its pi", ("u", "law", "c"), cases.draws_apart),
    ),
    errors=(
        refusals.numbers("slope", "c", B="block"),
        refusals.arrays(q="q")[0],
        ErrorCase("no-blocks", "blocks of one size", {"B": 4}, ValueError, "block"),
        ErrorCase("one-draw-short", "a draw for each distance", {"u": np.zeros((1, 2))}, ValueError, "u"),
        ErrorCase("no-draw", "draws are below 1", {"u": np.ones((1, 3))}, ValueError, "u"),
        ErrorCase("no-chance", "no probability", {"law": "constant", "c": 1.5}, ValueError, "c"),
    ),
)  # fmt: skip

QUANTISE = Operation(
    name="genai_engineering.quantise",
    summary="a grid of 2^bits points between the least and the largest number of each group of G neighbours along an "
    "axis: zero = min, step = (max - min) / (2^bits - 1), code = round((x - zero) / step), ties to even, value = step "
    "code + zero. In a group of equal numbers step and codes are 0",
    inputs=(
        array("X", "n d", "numbers"),
        integer("bits", "of a code", whole(1, 16)),
        integer("G", "members of a group, divides the length of the axis", COUNT),
        integer("axis", "0: groups of rows, column by column; 1: groups of columns", one_of(0, 1)),
    ),
    outputs=(
        array("codes", "n d", "whole numbers from 0 to 2^bits - 1"),
        array("zero", "n d", "zero of the group of each entry"),
        array("step", "n d", "step of the group of each entry"),
        array("values", "n d", "what the codes stand for"),
    ),
    reference=quantise,
    exact=exact.quantise,
    exact_source="rational numbers, entry by entry, with Python's own rounding",
    cases=cases.QUANTISE,
    sample=cases.sample_quantise,
    laws=laws.QUANTISE,
    relations=(
        Relation("G divides the length of the axis", ("X", "G", "axis"), _group_divides),
        Relation("no entry is within rounding of a tie, unless the tie is exact", ("X", "bits", "G", "axis"),
                 cases.codes_apart),
    ),
    errors=(
        refusals.arrays(X="x")[0],
        refusals.numbers("bits", G="group"),
        ErrorCase("no-groups", "groups of one size", {"G": 3}, ValueError, "group"),
    ),
    without=_ONE,
)  # fmt: skip

SAQ_TRAJECTORY = Operation(
    name="genai_engineering.saq_trajectory",
    summary="decoding with a cache that is quantised by age. Each token is appended to a residual in full precision. "
    "When that holds S tokens, segments 1, ..., q - 2 (1 the newest) are read and quantised again one stair down, with "
    "bits[i + 1] for segment i (bits counted from 0); older ones stay; the residual is quantised with bits[1] and "
    "becomes segment 1. Keys: groups of G tokens of a channel; values: groups of G channels of a token; each as in "
    "quantise. Then the new queries attend to all tokens: q k / sqrt(d) - slope age",
    inputs=(
        array("K", "n d", "key of each token"),
        array("V", "n d", "value of each token"),
        array("Q", "n H d", "queries of each step, one for each head"),
        integer("S", "tokens of a segment", COUNT),
        integer("G", "members of a group, divides S and d", COUNT),
        array("bits", "q", "of the residual (only told: it stays as it is), the newest segment, the one before, ..., "
              "and all older ones", whole(1, 16)),
        number("slope", "of the bias", NONNEGATIVE),
    ),
    outputs=(
        array("out", "n H d", "attention of each step", steps=True),
        array("K_hat", "n d", "keys that the cache holds in the end"),
        array("V_hat", "n d", "values that the cache holds in the end"),
        array("b", "n", "bits of each token in the end"),
    ),
    reference=saq_trajectory,
    exact=exact.saq_trajectory,
    exact_source="each token by its age: rounded as often as its segment was, in rational numbers; attention in mpmath",
    cases=cases.SAQ_TRAJECTORY,
    sample=cases.sample_saq_trajectory,
    laws=laws.SAQ_TRAJECTORY,
    relations=(
        _divides("G", ("S", ("S", None)), ("d", ("K", 1))),
        Relation("there are 2 stairs or more", ("bits",), lambda i: len(i["bits"]) >= 2),
        Relation("no entry is within rounding of a tie, unless the tie is exact", ("K", "V", "S", "G", "bits"),
                 cases.stairs_apart),
    ),
    errors=(
        refusals.numbers("slope", S="segment", G="group"),
        refusals.arrays(K="key")[0],
        ErrorCase("no-groups", "groups of one size", {"G": 3}, ValueError, "group"),
        ErrorCase("no-stairs", "a stair for the segments", {"bits": np.array([16])}, ValueError, "bits"),
        ErrorCase("no-bits", "a code has a bit", {"bits": np.array([16, 4, 0])}, ValueError, "bits"),
    ),
)  # fmt: skip

_SHEET, _OURS, _STANDARD = "the paper, ", "reconstructed: ", "standard: "
SYSTEM = System(
    name="genai_engineering",
    chapter="attention",
    summary="sub-words by shortest paths, hyper-parameters by cross-entropy, RoPE with ALiBi, random blocks, a "
        "staircase "
    "of bits",
    paper=Paper(
        title="The Nature of Mathematical Modeling and Probabilistic Optimization Engineering in Generative AI",
        authors="Li",
        arxiv="2410.18441",
        year=2024,
        key="li2024nature",
    ),
    operations=(
        SEGMENT, MERGES, EM_STEP, CE_UPDATE, SGNS_STEP, SCORES, PR_ATTENTION, QUANTISE, SAQ_TRAJECTORY,
    ),
    claims=CLAIMS,
    alternatives=ALTERNATIVES,
    equations=dict(
        zip(
            tags("genai_engineering", *range(1, 41)),
            (
                f"{_SHEET}SWE: the end-of-word symbol",
                f"{_STANDARD}Sennrich et al. (2016), counts of pairs",
                f"{_STANDARD}Sennrich et al. (2016)",
                f"{_STANDARD}Schuster and Nakajima (2012), as it is used today",
                "the tie rule of subword-nmt",
                f"{_SHEET}SWE: lengths of a shortest path",
                f"{_SHEET}SWE: Bellman-Ford",
                f"{_SHEET}SWE: Bellman-Ford",
                f"{_SHEET}SWE: k steps, constraints (10) to (13)",
                f"{_OURS}hard EM with a pseudo-count",
                f"{_OURS}what hard EM does not let fall",
                f"{_OURS}the start",
                f"{_OURS}the pruning",
                f"{_STANDARD}the cross-entropy method (the paper's Fig. 3, by name)",
                f"{_STANDARD}the cross-entropy method (the paper's Fig. 3, by name)",
                f"{_STANDARD}the cross-entropy method (the paper's Fig. 3, by name)",
                f"{_STANDARD}Mikolov et al. (2013)",
                f"{_STANDARD}Mikolov et al. (2013)",
                f"{_STANDARD}Mikolov et al. (2013)",
                f"{_STANDARD}Su et al. (2021)",
                f"{_STANDARD}Su et al. (2021)",
                f"{_OURS}harmonic slopes",
                f"{_STANDARD}Press et al. (2022)",
                f"{_OURS}the other reading of a harmonic series",
                f"{_OURS}the factored sum",
                f"{_OURS}the law over distances of blocks",
                f"{_OURS}one draw for all rows",
                f"{_SHEET}PrFlashAttention: the causal triangle",
                "ours: a correction, off by default",
                f"{_STANDARD}Milakov and Gimelshein (2018)",
                f"{_STANDARD}Milakov and Gimelshein (2018)",
                f"{_STANDARD}Dao et al. (2022)",
                f"{_STANDARD}Dao et al. (2022)",
                f"{_STANDARD}Liu et al. (2024), KIVI",
                f"{_STANDARD}Liu et al. (2024), KIVI",
                f"{_STANDARD}Liu et al. (2024), KIVI",
                f"{_STANDARD}Liu et al. (2024), KIVI",
                f"{_SHEET}SAQ: step 2 of the listing",
                f"{_SHEET}SAQ: step 2 of the listing",
                f"{_SHEET}SAQ: step 3 of the listing",
            ),
            strict=True,
        )
    ),
)  # fmt: skip
