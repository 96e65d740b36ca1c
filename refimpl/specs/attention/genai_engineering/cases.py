"""Inputs of the operations of five proposals for language models under permanent names, and random ones."""

import math

import numpy as np

from refimpl.core.random import stream
from refimpl.specs.base import Case, tags
from refimpl.specs.sizes import LARGE, large


def _rng(*names):
    return stream(0, "genai_engineering-case", *names)


def _tags(*numbers):
    return tags("genai_engineering", *numbers)


def table(strings):
    """Strings as rows of code points, -1 after their ends."""
    width = max(map(len, strings))
    return np.array([[ord(s) for s in string] + [-1] * (width - len(string)) for string in strings])


def _texts(rows):
    return [tuple(x for x in row if x >= 0) for row in np.asarray(rows).tolist()]


def _until(made, holds, tries=400):
    """The first inputs of ``made(0)``, ``made(1)``, ... that keep a relation."""
    return next(inputs for inputs in map(made, range(tries)) if holds(inputs))


# Relations: where rounding would decide ------------------------------------------------------------------------------


def _clear(text, lengths):
    """Whether every beginning of a text has one shortest way in each number of pieces, or all cost nothing."""
    n = len(text)
    costs, begins = [0.0] + [math.inf] * n, [-1] * (n + 1)
    for _ in range(n):
        new, starts = list(costs), list(begins)
        for j in range(1, n + 1):
            ways = [(costs[i] + lengths[text[i:j]], i) for i in range(j) if text[i:j] in lengths]
            ways = [way for way in ways if way[0] < math.inf]
            others = [(costs[j], begins[j])] if costs[j] < math.inf else []
            best = min([*others, *ways], default=None)
            if best is None:
                continue
            rivals = [c for c, i in ways + others if i != best[1] and c - best[0] < 1e-4 * (1 + best[0])]
            if rivals and (best[0] > 0 or max(rivals) > 0):
                return False
            if best[0] < costs[j]:
                new[j], starts[j] = best
        costs, begins = new, starts
    return True


def _lengths(inputs):
    return {piece: -math.log(x) for piece, x in zip(_texts(inputs["pieces"]), inputs["p"].tolist(), strict=True)}


def ways_apart(inputs):
    """Of `segment`."""
    return _clear(tuple(inputs["word"].tolist()), _lengths(inputs))


def words_apart(inputs):
    """Of `em_step`: every word can be cut."""
    lengths = _lengths(inputs)
    for word in _texts(inputs["words"]):
        text, reached = (*word, 95), {0}
        for j in range(1, len(text) + 1):
            if any(i in reached and text[i:j] in lengths for i in range(j)):
                reached.add(j)
        if len(text) not in reached or not _clear(text, lengths):
            return False
    return any(len(piece) == 1 for piece in lengths)


def elite_clear(inputs):
    """Of `ce_update`."""
    t, score = inputs["rho"] * len(inputs["X"]), np.sort(inputs["score"].astype(float))
    off, gaps = abs(t - round(t)), np.diff(score)
    return bool((off < 1e-9 or off > 1e-4) and np.all((gaps == 0) | (gaps > 1e-6 * np.max(np.abs(score)))))


def draws_apart(inputs):
    """Of `pr_attention`."""
    delta, c = np.arange(1, inputs["u"].shape[1]), inputs["c"]
    pi = {"harmonic": np.minimum(1, c / (1 + delta)), "geometric": np.power(float(c), delta),
          "constant": np.full(len(delta), c)}[inputs["law"]]  # fmt: skip
    return bool(np.all(np.abs(inputs["u"][:, 1:].astype(float) - pi) > 1e-5 * pi) and np.all(inputs["u"] < 1 - 1e-6))


def _once(X, bits, G, axis):
    """Values after a quantisation, and whether rounding decides none of them."""
    x = np.moveaxis(np.asarray(X, dtype=float), axis, -1)
    groups = x.reshape(*x.shape[:-1], -1, G)
    low, high = groups.min(axis=-1, keepdims=True), groups.max(axis=-1, keepdims=True)
    most = np.max(np.abs(groups), axis=-1, keepdims=True)
    flat = high == low
    step = np.where(flat, 1.0, (high - low) / (2**bits - 1))
    t = (groups - low) / step
    far = np.abs(t - np.floor(t) - 0.5) > 1e-6 * (2**bits - 1) + 1e-6 * most / step
    values = np.where(flat, groups, low + step * np.round(t))
    return np.moveaxis(values.reshape(x.shape), -1, axis), bool(np.all(far | flat))


def codes_apart(inputs):
    """Of `quantise`."""
    return _once(inputs["X"], inputs["bits"], inputs["G"], inputs["axis"])[1]


def stairs_apart(inputs):
    """Of `saq_trajectory`."""
    S, G, full = inputs["S"], inputs["G"], len(inputs["K"]) // inputs["S"] * inputs["S"]
    for name, axis in (("K", 0), ("V", 1)):
        x = inputs[name][:full]
        for b in inputs["bits"][1:].tolist() if full else ():
            parts = [_once(part, b, G, axis) for part in np.split(x, full // S)]
            if not all(good for _, good in parts):
                return False
            x = np.concatenate([part for part, _ in parts])
    return True


# Sub-words -----------------------------------------------------------------------------------------------------------


def _word(word, chances, k):
    pieces = list(chances)
    word = np.array([ord(s) for s in word])
    return {"word": word, "pieces": table(pieces), "p": np.array([float(chances[s]) for s in pieces]), "k": k}


_ABB = {"a": 0.2, "b": 0.1, "ab": 0.05, "abb": 0.02, "_": 0.3, "b_": 0.1}
_MANY = {"a": 0.21, "b": 0.13, "ab": 0.11, "ba": 0.17, "aba": 0.04, "bab_": 0.01, "_": 0.2, "b_": 0.07, "a_": 0.023}
_TRAP = {"a": 0.05, "b": 0.05, "c": 0.3, "d": 0.01, "ab": 0.2, "abc": 0.01, "cd": 0.25, "abcd": 0.0001}
_FREE = {"a": 1, "b": 1, "c": 1, "ab": 1, "bc": 1}


SEGMENT = (
    Case("abb", ("basic", "wrong_constant"), "the word abb_ of the page: two pieces", _word("abb_", _ABB, 4),
         equations=_tags(6, 7, 8, 9), source="by hand",
         answer={"cut": np.array([3, 4, -1, -1]), "cost": -np.log(0.02) - np.log(0.3)} ),
    Case("one-piece-is-too-few", ("boundary", "missing_step"), "abb_ is no piece: there is no way",
         _word("abb_", _ABB, 1), equations=_tags(7, 9)),
    Case("two-pieces", ("basic",), "the best way in at most two pieces", _word("abb_", _ABB, 2), equations=_tags(8, 9)),
    Case("repeated-letters", ("basic", "known_bug"), "ababab_, whose best way is not that of the longest piece",
         _word("ababab_", _MANY, 7), equations=_tags(6, 8, 9)),
    Case("repeated-letters-in-three", ("missing_step", "wrong_order"), "the same in at most three pieces",
         _word("ababab_", _MANY, 3), equations=_tags(8, 9)),
    Case("longest-first-is-worse", ("known_bug",), "abcd: the longest beginning, abc, leaves a dear d; whole it is "
        "dear",
         _word("abcd", _TRAP, 4), equations=_tags(6, 9)),
    Case("whole-or-not", ("wrong_constant",), "the same in one piece: dear, but a way",
         _word("abcd", _TRAP, 1), equations=_tags(6)),
    Case("nothing-costs", ("edge_case",), "all p are 1: fewer pieces first, then the last piece that begins first",
         _word("abc", _FREE, 3), equations=_tags(9),
         answer={"cut": np.array([0, 4, -1]), "cost": np.array(0.0)}, source="by hand"),
    Case("a-symbol-is-missing", ("edge_case",), "no piece has the symbol x", _word("axb_", _ABB, 4),
         equations=_tags(7)),
    Case("one-symbol", ("boundary",), "a word of one symbol", _word("a", _ABB, 1), equations=_tags(7, 8)),
    Case("more-rounds-than-symbols", ("boundary",), "k above n: the last rounds change nothing",
         _word("abb_", _ABB, 6), equations=_tags(9)),
    Case("tiny-chances", ("numerics",), "products of chances underflow float32: add logarithms",
         _word("abcabcabc", {"a": 2.0**-90, "b": 2.0**-70, "c": 2.0**-101, "bc": 2.0**-120, "ca": 2.0**-110}, 9),
         equations=_tags(6)),
)  # fmt: skip


def _letters(rng, n, alphabet="abc"):
    return "".join(alphabet[i] for i in rng.integers(0, len(alphabet), n))


def _vocabulary(rng, texts, most):
    """Some parts of words, all their letters, and chances."""
    parts = {t[i:j] for t in texts for i in range(len(t)) for j in range(i + 1, len(t) + 1)}
    longer = sorted(part for part in parts if len(part) > 1)
    chosen = [longer[i] for i in rng.permutation(len(longer))[:most].tolist()]
    pieces = sorted({part for part in parts if len(part) == 1}) + chosen
    return dict(zip(pieces, np.round(rng.uniform(0.01, 0.4, len(pieces)), 4).tolist(), strict=True))


def sample_segment(rng):
    def made(_):
        word = _letters(rng, int(rng.integers(1, 7))) + "_"
        known = _vocabulary(rng, [word], int(rng.integers(0, 6)))
        if len(known) > 2 and rng.random() < 0.2:
            known.pop(next(iter(known)))
        return _word(word, known, int(rng.integers(1, len(word) + 2)))

    return _until(made, ways_apart)


def _corpus(words, freq, M=3, rule="bpe"):
    return {"words": table(words), "freq": np.array(freq), "M": M, "rule": rule}


_LOW = ["low", "lower", "newest", "widest"]


def _random_words(name, count, n, alphabet, most, M, rule="bpe"):
    rng = _rng(name)
    words = sorted({_letters(rng, int(rng.integers(2, n + 1)), alphabet) for _ in range(count)})
    return _corpus(words, rng.integers(1, most, len(words)), M, rule)


MERGES = (
    Case("low-lower-newest-widest", ("basic",), "the example of Sennrich et al., with the symbol _ by itself",
         _corpus(_LOW, [5, 2, 6, 3], 10), equations=_tags(1, 2, 3, 5)),
    Case("by-wordpiece", ("basic", "wrong_constant"), "the same by "
        "WordPiece", _corpus(_LOW, [5, 2, 6, 3], 10, "wordpiece"),
         equations=_tags(1, 2, 4, 5)),
    Case("overlapping", ("edge_case", "known_bug"), "aaaa holds aa twice, aaa once: from left to right",
         _corpus(["aaaa", "aaa", "baaab"], [2, 1, 3], 4), equations=_tags(2, 3)),
    Case("runs-of-a-letter", ("edge_case", "variant"), "aa stands in aaaa at three places, which overlap: all count",
         _corpus(["aaaa", "cd"], [2, 5], 3), equations=_tags(2)),
    Case("ties", ("edge_case", "known_bug"), "all pairs occur equally often: the largest is taken",
         _corpus(["ab", "cd", "ef"], [1, 1, 1], 5), equations=_tags(5)),
    Case("ties-by-wordpiece", ("edge_case",), "equal quotients", _corpus(["ab", "cd", "ef"], [2, 4, 6], 4, "wordpiece"),
         equations=_tags(4, 5)),
    Case("ties-of-lengths", ("edge_case",), "a beginning comes before the string that it begins",
         _corpus(["aab", "aab", "bab", "ba", "aa"], [1, 2, 2, 1, 2], 8), equations=_tags(5)),
    Case("no-pair-left", ("boundary",), "everything is merged long before M",
         _corpus(["a", "ab"], [1, 2], 6), equations=_tags(2)),
    Case("frequency", ("missing_step",), "a rare word has the pair that stands in most words",
         _corpus(["xy", "xya", "xyb", "pq"], [1, 1, 1, 4], 2), equations=_tags(2)),
    Case("same-string-in-two-ways", ("edge_case",), "abc comes as ab + c and as a + bc: one symbol",
         _corpus(["abcx", "zabcx", "bcabc", "bc", "ab"], [3, 1, 2, 9, 8], 6), equations=_tags(2, 3)),
    Case("other-letters", ("edge_case",), "code points beyond the first byte, and _ inside a word",
         _corpus(["\u00e9t\u00e9", "\u0444\u0443_\u0444\u0443", "\U0001f600\U0001f600"], [2, 3, 4], 5),
         equations=_tags(5)),
    Case("counts-follow-the-merges", ("wrong_order",), "after a merge its parts are rarer: WordPiece must count anew",
         _random_words("counts", 9, 6, "abc", 9, 12, "wordpiece"), equations=_tags(4)),
    Case("some-words", ("basic",), "words of four letters", _random_words("some", 12, 7, "abcd", 9, 15),
         equations=_tags(2, 3)),
    Case("three-hundred-merges", ("long",), "300 merges", _random_words("long", 90, 10, "abcdefgh", 30, 300),
         equations=_tags(2, 3, 5)),
)  # fmt: skip


def sample_merges(rng):
    words = [_letters(rng, int(rng.integers(1, 6))) for _ in range(int(rng.integers(1, 6)))]
    rule = str(rng.choice(["bpe", "wordpiece"]))
    return _corpus(words, rng.integers(1, 6, len(words)), int(rng.integers(1, 7)), rule)


def _em(words, freq, chances):
    pieces = list(chances)
    p = np.array([float(chances[s]) for s in pieces])
    return {"words": table(words), "freq": np.array(freq), "pieces": table(pieces), "p": p}


def _em_random(name, count, n, most):
    def made(t):
        rng = _rng(name, t)
        words = sorted({_letters(rng, int(rng.integers(2, n + 1))) for _ in range(count)})
        return _em(words, rng.integers(1, 9, len(words)), _vocabulary(rng, [word + "_" for word in words], most))

    return _until(made, words_apart)


EM_STEP = (
    Case("two-words", ("basic", "wrong_constant"), "abb and b: a piece leaves",
         _em(["abb", "b"], [3, 2], _ABB), equations=_tags(1, 6, 10, 11)),
    Case("unused-character", ("edge_case", "missing_step"), "a occurs in no cut and stays; ab leaves",
         _em(["abb", "abb"], [1, 1], {"a": 0.2, "b": 0.1, "_": 0.3, "ab": 0.01, "abb": 0.3}), equations=_tags(10)),
    Case("one-word", ("boundary",), "one word of one symbol", _em(["a"], [7], {"a": 0.5, "_": 0.25, "a_": 0.06}),
         equations=_tags(1, 10)),
    Case("one-piece", ("boundary",), "every word is a piece: the characters have their hundredth alone",
         _em(["ab", "ba"], [5, 8], {"a": 0.01, "b": 0.01, "_": 0.02, "ab_": 0.3, "ba_": 0.4}), equations=_tags(10)),
    Case("without-the-end", ("known_bug",), "a piece with the end symbol inside is for the end alone",
         _em(["abab", "ab"], [4, 3], {"a": 0.11, "b": 0.13, "_": 0.07, "ab": 0.2, "ab_": 0.31}), equations=_tags(1)),
    Case("some-words", ("basic",), "seven words, twelve longer pieces", _em_random("some", 7, 6, 12),
         equations=_tags(6, 9, 10, 11)),
    Case("more-words", ("basic",), "sixteen words, twenty longer pieces", _em_random("more", 16, 5, 20),
         equations=_tags(6, 9, 10, 11)),
    Case("frequent", ("numerics",), "a word that comes a million times beside one that comes once",
         _em(["abb", "ba"], [1_000_000, 1], _ABB | {"ba": 0.04}), equations=_tags(10, 11)),
)  # fmt: skip


def sample_em_step(rng):
    def made(_):
        words = sorted({_letters(rng, int(rng.integers(1, 5))) for _ in range(int(rng.integers(1, 5)))})
        known = _vocabulary(rng, [word + "_" for word in words], int(rng.integers(0, 7)))
        return _em(words, rng.integers(1, 6, len(words)), known)

    return _until(made, words_apart)


# Hyper-parameters ----------------------------------------------------------------------------------------------------


def _laws(P, X, score, rho=0.4, alpha=0.7):
    return {"P": np.array(P), "X": np.array(X), "score": np.array(score, dtype=float), "rho": rho, "alpha": alpha}


_TWO = ([[0.25, 0.25, 0.25, 0.25], [0.5, 0.25, 0.25, 0.0]], [[0, 2], [3, 0], [1, 1], [3, 2], [2, 0], [3, 1]])

CE_UPDATE = (
    Case("one-law", ("basic", "wrong_constant"), "the example of the page: two of five count",
         _laws([[0.5, 0.3, 0.2]], [[0], [1], [2], [1], [0]], [1, 3, 3, 2, 0]), equations=_tags(14, 15, 16),
         answer={"P_new": np.array([[0.15, 0.44, 0.41]])}, source="by hand"),
    Case("two-laws", ("basic", "wrong_order"), "two hyper-parameters, one of them with three values",
         _laws(*_TWO, [0.5, 2.0, -1.0, 1.5, 0.25, -3.0], 0.5, 0.6), equations=_tags(14, 15, 16)),
    Case("ties", ("edge_case",), "equal scores at the border: who was drawn first",
         _laws(*_TWO, [1, 2, 1, 1, 1, 0], 0.5, 0.5), equations=_tags(14)),
    Case("rounded-up", ("boundary", "wrong_constant"), "1.2 of six are two", _laws(*_TWO, [3, 1, 4, 1.5, 9, 2], 0.2),
         equations=_tags(14)),
    Case("just-one", ("boundary",), "a sixteenth of six is one", _laws(*_TWO, [3, 1, 4, 1.5, 9, 2], 0.0625),
         equations=_tags(14)),
    Case("all-of-them", ("boundary",), "rho = 1: all count", _laws(*_TWO, [3, 1, 4, 1.5, 9, 2], 1.0),
         equations=_tags(14, 15)),
    Case("no-smoothing", ("boundary", "variant"), "alpha = 1: the frequencies alone",
         _laws(*_TWO, [3, 1, 4, 1.5, 9, 2], 0.5, 1.0), equations=_tags(16)),
    Case("whole-but-for-rounding", ("numerics",), "0.07 times 100 is a little above 7 in floating point: 7 count",
         _laws([[0.5, 0.5]], _rng("100").integers(0, 2, (100, 1)), _rng("100 scores").permutation(100), 0.07),
         equations=_tags(14)),
    large("many-hyper-parameters", "two-laws", "H"),
)  # fmt: skip


def sample_ce_update(rng):
    N, H, n = (int(x) for x in rng.integers((2, 1, 2), (9, 4, 5)))
    P = np.round(rng.uniform(0.1, 1.0, (H, n)), 3)
    made = lambda _: _laws(P / P.sum(axis=1, keepdims=True), rng.integers(0, n, (N, H)), rng.integers(-3, 4, N),
                           float(np.round(rng.uniform(0.1, 1.0), 3)), float(np.round(rng.uniform(0.1, 1.0),
                               3)))  # fmt: skip
    return _until(made, elite_clear)


def _batch(name, V=4, dim=3, B=2, K=2, lr=0.25, **more):
    rng = _rng(name)
    inputs = {"U": np.round(rng.uniform(-1, 1, (V, dim)), 3), "C": np.round(rng.uniform(-1, 1, (V, dim)), 3)}
    inputs |= {"word": rng.permutation(V)[:B] if B <= V else rng.integers(0, V, B),
               "ctx": rng.integers(0, V, (B, 1 + K)), "lr": lr}  # fmt: skip
    return inputs | {key: np.array(x) if isinstance(x, list) else x for key, x in more.items()}


def _many_words(operation, before):
    """A vocabulary of which a batch sees a few words."""
    small = before["repeated-words"]
    rows = np.minimum(np.arange(LARGE), 4)  # row 4 is of no word of the batch
    inputs = small.inputs | {name: small.inputs[name][rows] for name in ("U", "C")}
    return Case("many-words", ("large",), "70,001 words, of which the batch has four: the others stay", inputs,
                equations=small.equations, source="the answer of repeated-words", small=small,
                derived=lambda values: {name: x[rows] for name, x in values.items()},
                recipe=f"repeated-words/V/{LARGE}/the last again and again", alike=True)  # fmt: skip


SGNS_STEP = (
    Case("one-word", ("basic", "wrong_constant"), "the example of the page: a context, a negative sample twice",
         {"U": np.array([[1.0, 0.0], [0.0, 0.0]]), "C": np.array([[0.5, 0.5], [1.0, -1.0]]), "word": np.array([0]),
          "ctx": np.array([[0, 1, 1]]), "lr": 0.1}, equations=_tags(17, 18, 19)),
    Case("two-words", ("basic", "wrong_order"), "two words: both sides move by the old values of the other",
         _batch("two", ctx=[[2, 1, 3], [0, 3, 1]]), equations=_tags(17, 18, 19)),
    Case("repeated-words", ("edge_case", "known_bug"), "a word and its contexts come again and again: steps add up",
         _batch("repeated", V=5, B=5, word=[1, 1, 2, 1, 0], ctx=[[0, 3, 3], [0, 2, 3], [3, 3, 1], [2, 2, 2], [1, 0,
             0]]),
         equations=_tags(18, 19)),
    Case("context-zero", ("boundary",), "C = 0 as at the start: words stay", _batch("zero", C=np.zeros((4, 3))),
         equations=_tags(17, 18)),
    Case("no-negatives", ("boundary",), "K = 0", _batch("none", K=0), equations=_tags(17)),
    Case("far-apart", ("numerics",), "inner products of hundreds: no overflow in the sigmoid",
         _batch("far", U=[[40.0, 0, 0], [0, -30.0, 0], [0, 0, 20.0], [1, 1, 1]], C=[[25.0, 0, 0], [0, 30.0, 0],
                [0, 0, -40.0], [-20.0, 1, 0]], word=[0, 1], ctx=[[0, 3, 1], [1, 0, 2]]), equations=_tags(17)),
    Case("one-dimension", ("boundary",), "one coordinate, two words", _batch("dim", V=2, dim=1, B=1, K=1),
         equations=_tags(17, 18, 19)),
    Case("more-samples", ("basic",), "eight words, five negative samples", _batch("more", V=8, dim=4, B=6, K=5),
         equations=_tags(17, 18, 19)),
    _many_words,
)  # fmt: skip


def sample_sgns_step(rng):
    V, dim, B, K = (int(x) for x in rng.integers((2, 1, 1, 0), (6, 5, 6, 4)))
    return {"U": rng.uniform(-2, 2, (V, dim)), "C": rng.uniform(-2, 2, (V, dim)), "word": rng.integers(0, V, B),
            "ctx": rng.integers(0, V, (B, 1 + K)), "lr": float(np.round(rng.uniform(0.01, 1.0), 3))}  # fmt: skip


# Positions -----------------------------------------------------------------------------------------------------------


def _heads(name, n=5, d=4, slope=0.5, c_R=1.0, c_A=1.0, shift=0, bias="linear", **more):
    rng = _rng(name)
    inputs = {"q": np.round(rng.uniform(-2, 2, (n, d)), 3), "k": np.round(rng.uniform(-2, 2, (n, d)), 3)}
    inputs |= {"slope": slope, "c_R": c_R, "c_A": c_A, "shift": shift, "bias": bias}
    return inputs | {key: np.array(x) if isinstance(x, list) else x for key, x in more.items()}


SCORES = (
    Case("both-codes", ("basic", "wrong_constant", "variant"), "five places, two pairs of coordinates",
         _heads("both"), equations=_tags(20, 21, 25)),
    Case("harmonic-numbers", ("basic", "wrong_constant"), "the bias grows with 1 + 1/2 + 1/3 + ...",
         _heads("harmonic", bias="harmonic-number"), equations=_tags(24, 25)),
    Case("factors", ("wrong_constant", "missing_step"), "both factors off 1", _heads("factors", c_R=0.5, c_A=3.0),
         equations=_tags(25)),
    Case("rotary-alone", ("boundary",), "c_A = 0", _heads("rotary", c_A=0.0, d=6), equations=_tags(20, 21)),
    Case("bias-alone", ("boundary",), "c_R = 0", _heads("bias", c_R=0.0, slope=0.3125), equations=_tags(25)),
    Case("shifted", ("missing_step",), "positions from 37 on", _heads("both", shift=37), equations=_tags(20, 21)),
    Case("one-pair", ("boundary",), "d = 2: angles are positions", _heads("pair", d=2), equations=_tags(20, 21)),
    Case("one-place", ("boundary",), "n = 1: nothing is turned against anything", _heads("place", n=1),
         equations=_tags(25)),
    Case("two-places", ("boundary",), "n = 2", _heads("places", n=2, bias="harmonic-number"), equations=_tags(24)),
    Case("eight-coordinates", ("basic", "variant"), "four pairs, twelve places", _heads("eight", n=12, d=8, slope=0.25),
         equations=_tags(20, 21, 25)),
    Case("large-scores", ("numerics",), "scores of 10,000 and more",
         _heads("large", slope=100.0, c_R=1000.0), equations=_tags(25)),
)  # fmt: skip


def sample_scores(rng):
    n, d = int(rng.integers(1, 6)), 2 * int(rng.integers(1, 4))
    bias = str(rng.choice(["linear", "harmonic-number"]))
    slope, c_R, c_A = (float(np.round(x, 3)) for x in rng.uniform((0, -1, -1), (2, 2, 2)))
    return {"q": rng.uniform(-2, 2, (n, d)), "k": rng.uniform(-2, 2, (n, d)), "slope": slope, "c_R": c_R, "c_A": c_A,
            "shift": int(rng.integers(0, 9)), "bias": bias}  # fmt: skip


# Blocks --------------------------------------------------------------------------------------------------------------


def _blocks(name, T=3, B=2, d=3, e=2, slope=0.25, law="harmonic", c=1.0, correct=0, **more):
    rng = _rng(name)
    q, k, v = (np.round(rng.uniform(-2, 2, (T * B, width)), 3) for width in (d, d, e))
    inputs = {"q": q, "k": k, "v": v, "slope": slope, "u": np.round(rng.uniform(0, 0.999, (1, T)), 3)}
    inputs |= {"B": B, "law": law, "c": c, "correct": correct}
    return inputs | {key: np.array(x) if isinstance(x, list) else x for key, x in more.items()}


def _each(name, T):
    return np.round(_rng(name, "each").uniform(0, 0.999, (T, T)), 3)


PR_ATTENTION = (
    Case("three-blocks", ("basic", "missing_step"), "three blocks of two; distance 1 is left out",
         _blocks("three", u=[[0.5, 0.75, 0.125]]), equations=_tags(26, 27, 28, 30, 31, 32, 33)),
    Case("all-blocks", ("basic",), "u = 0: causal attention", _blocks("all", u=[[0.0, 0.0, 0.0]], T=3),
         equations=_tags(28, 30, 31, 32, 33)),
    Case("diagonal-alone", ("boundary", "missing_step"), "no distance but 0 takes part, whatever u[0] is",
         _blocks("diagonal", u=[[0.9375, 0.9375, 0.9375]], c=0.5), equations=_tags(26, 27)),
    Case("own-draws", ("basic", "variant"), "each block of queries draws by itself",
         _blocks("own", T=4, u=_each("own", 4), c=1.5), equations=_tags(27, 28)),
    Case("geometric", ("basic", "wrong_constant"), "pi = 0.5^delta",
         _blocks("geometric", T=4, law="geometric", c=0.5, u=[[0.1, 0.6, 0.2, 0.12]]), equations=_tags(26, 27)),
    Case("constant", ("basic",), "pi = 0.5 at all distances but 0",
         _blocks("constant", T=4, law="constant", c=0.5, u=[[0.7, 0.2, 0.6, 0.4]]), equations=_tags(26, 27)),
    Case("harmonic-above-one", ("boundary", "wrong_constant"), "c = 2.5: pi is 1 at distances 0 and 1",
         _blocks("above", T=5, c=2.5, u=[[0.3, 0.99, 0.8, 0.7, 0.45]]), equations=_tags(26)),
    Case("corrected", ("wrong_constant",), "with the correction, at distances of different pi",
         _blocks("corrected", T=4, correct=1, c=1.25, u=[[0.3, 0.5, 0.25, 0.2]]), equations=_tags(29)),
    Case("corrected-geometric", ("wrong_constant",), "with the correction, geometric, each with its own draws",
         _blocks("corrected g", T=3, correct=1, law="geometric", c=0.75, u=_each("corrected g", 3) / 2),
         equations=_tags(26, 29)),
    Case("one-block", ("boundary",), "T = 1", _blocks("one", T=1, B=4), equations=_tags(28, 33)),
    Case("blocks-of-one", ("boundary",), "B = 1", _blocks("single", T=5, B=1, u=[[0.0, 0.3, 0.4, 0.1, 0.9]]),
         equations=_tags(28)),
    Case("growing-scores", ("numerics", "missing_step"), "the largest score comes last, and is 1000 above the first",
         _blocks("growing", T=3, B=1, d=1, slope=0.0, u=[[0.0, 0.0, 0.0]], q=[[1.0], [1.0], [1.0]],
                 k=[[1000.0], [500.0], [0.25]]), equations=_tags(30, 31, 32)),
    Case("falling-scores", ("numerics", "missing_step"), "the largest score comes first, and is 2000 above the last",
         _blocks("falling", T=3, B=1, d=1, slope=0.0, u=[[0.0, 0.0, 0.0]], q=[[1.0], [1.0], [1.0]],
                 k=[[-1000.0], [0.25], [1000.0]]), equations=_tags(30, 31, 32)),
    Case("large-scores", ("numerics",), "scores of 10,000", _blocks("ten "
        "thousand", q=[[200.0, 0, 0]] * 6, k=[[100.0, 0, 0],
         [99.5, 1, 0], [-90.0, 0, 1], [98.0, 2, 2], [97.5, 0, 0], [99.0, 0, 0]], u=[[0.0, 0.0, 0.0]]),
         equations=_tags(30, 31)),
    Case("three-hundred-blocks", ("long",), "300 blocks, of which some twenty distances take part",
         _blocks("long", T=300, B=1, d=2, e=1, slope=0.015625, law="constant", c=0.0625,
                 u=np.round(_rng("long u").uniform(0, 0.999, (1, 300)), 3)), equations=_tags(27, 28, 31, 32)),
    large("many-values", "three-blocks", "e"),
)  # fmt: skip


def sample_pr_attention(rng):
    def made(_):
        T, B, d, e = (int(x) for x in rng.integers(1, (5, 4, 4, 3)))
        law = str(rng.choice(["harmonic", "geometric", "constant"]))
        c = float(np.round(rng.uniform(0.2, 2.0 if law == "harmonic" else 1.0), 3))
        rows = T if rng.random() < 0.4 else 1
        q, k, v = (rng.uniform(-2, 2, (T * B, width)) for width in (d, d, e))
        return {"q": q, "k": k, "v": v, "slope": float(np.round(rng.uniform(0, 1), 3)),
                "u": np.round(rng.uniform(0, 0.999, (rows, T)), 3), "B": B, "law": law, "c": c,
                "correct": int(rng.integers(0, 2))}  # fmt: skip

    return _until(made, draws_apart)


# The cache -----------------------------------------------------------------------------------------------------------


def _grid(X, bits, G, axis):
    return {"X": np.array(X, dtype=float), "bits": bits, "G": G, "axis": axis}


def _numbers(name, shape, low=-3, high=3):
    return np.round(_rng(name).uniform(low, high, shape), 3)


def _cleared(make):
    return _until(make, codes_apart)


_FOUR = [[0.0, 1.0, 2.0, 10.0]]
QUANTISE = (
    Case("two-bits", ("basic", "wrong_constant"), "0, 1, 2, 10 on four points", _grid(_FOUR, 2, 4, 1),
         equations=_tags(34, 35, 36, 37), source="by hand",
         answer={"codes": np.array([[0, 0, 1, 3]]), "zero": np.zeros((1, 4)), "step": np.full((1, 4), 10 / 3),
                 "values": np.array([[0, 0, 10 / 3, 10]])}),
    Case("three-bits", ("basic", "wrong_constant"), "the same on eight points", _grid(_FOUR, 3, 4, 1),
         equations=_tags(35, 36), source="by hand",
         answer={"codes": np.array([[0, 1, 1, 7]]), "values": np.array([[0, 10 / 7, 10 / 7, 10]])}),
    Case("keys", ("basic", "wrong_order"), "groups of three tokens, channel by channel; one channel is large",
         _cleared(lambda t: _grid(_numbers(f"keys {t}", (6, 4)) * np.array([1.0, 1.0, 16.0, 1.0]), 2, 3, 0)),
         equations=_tags(34, 35, 36, 37)),
    Case("values", ("basic", "wrong_order"), "groups of two channels, token by token",
         _cleared(lambda t: _grid(_numbers(f"values {t}", (4, 6)), 3, 2, 1)), equations=_tags(34, 35, 36, 37)),
    Case("square", ("wrong_order",), "as many tokens as channels: nothing but the axis tells",
         _cleared(lambda t: _grid(_numbers(f"square {t}", (4, 4)), 2, 2, 0)), equations=_tags(34, 35)),
    Case("equal-numbers", ("edge_case", "known_bug"), "a group of equal numbers: step 0, no 0 / 0",
         _grid([[2.5, 1.0], [2.5, 3.0], [2.5, -1.5]], 2, 3, 0), equations=_tags(35, 36)),
    Case("one-bit", ("boundary",), "two points: the ends", _cleared(lambda t: _grid(_numbers(f"bit {t}", (4, 3)), 1, 4,
         0)), equations=_tags(35)),
    Case("eight-bits", ("basic",), "256 points", _cleared(lambda t: _grid(_numbers(f"eight {t}", (4, 4)), 8, 4, 1)),
         equations=_tags(35, 36)),
    Case("sixteen-bits", ("boundary",), "65,536 points",
         _cleared(lambda t: _grid(_numbers(f"sixteen {t}", (3, 2)), 16, 3, 0)), dtypes=("float64",),
         equations=_tags(35, 36)),
    Case("groups-of-one", ("boundary",), "a number by itself is its own zero", _grid(_numbers("one", (2, 3)), 4, 1, 0),
         equations=_tags(34, 35)),
    Case("negative", ("edge_case",), "all numbers below 0", _cleared(lambda t: _grid(_numbers(f"negative {t}", (4, 2),
         -9, -2), 4, 2, 0)), equations=_tags(34)),
    Case("two-columns", ("basic",), "a group in each row", _cleared(lambda t: _grid(_numbers(f"columns "
        f"{t}", (5, 2)), 2, 2,
         1)), equations=_tags(34, 35, 36)),
    large("many-rows", "two-columns", "n"),
)  # fmt: skip


def sample_quantise(rng):
    def made(_):
        G, groups, lanes, axis = (int(x) for x in rng.integers((1, 1, 1, 0), (5, 4, 4, 2)))
        shape = (G * groups, lanes) if axis == 0 else (lanes, G * groups)
        return {"X": rng.uniform(-2, 2, shape), "bits": int(rng.integers(1, 7)), "G": G, "axis": axis}

    return _until(made, codes_apart)


def _decoding(name, n=7, d=2, H=2, S=2, G=2, bits=(16, 4, 3, 2), slope=0.125):
    def made(t):
        K, V, Q = (_numbers(f"{name} {part} {t}", shape, -2, 2)
                   for part, shape in zip("KVQ", ((n, d), (n, d), (n, H, d)), strict=True))  # fmt: skip
        return {"K": K, "V": V, "Q": Q, "S": S, "G": G, "bits": np.array(bits), "slope": slope}

    return _until(made, stairs_apart)


SAQ_TRAJECTORY = (
    Case("seven-tokens", ("basic", "missing_step", "wrong_order"), "three segments of two tokens, one token left",
         _decoding("seven"), equations=_tags(34, 35, 36, 37, 38, 39, 40)),
    Case("not-nested", ("basic", "known_bug"), "8, 3, 2 bits: what was rounded to 8 rounds to 3 otherwise than it "
        "would "
         "have at first", _decoding("nested", n=13, d=4, H=1, S=4, G=4, bits=(16, 8, 3, 2)), equations=_tags(38)),
    Case("nested", ("basic",), "8, 4, 2 bits", _decoding("stairs", n=17, d=4, S=4, G=2, bits=(16, 8, 4, 2)),
         equations=_tags(38, 39)),
    Case("two-stairs", ("boundary",), "q = 2: no segment is quantised again", _decoding("two", bits=(16, 3), n=6),
         equations=_tags(38, 39)),
    Case("three-stairs", ("boundary",), "q = 3", _decoding("three", n=9, bits=(16, 4, 2)), equations=_tags(38)),
    Case("few-tokens", ("boundary",), "n < S: nothing is quantised", _decoding("few", n=3, S=4), equations=_tags(40)),
    Case("segments-of-one", ("boundary",), "S = G = 1: groups of one number lose nothing",
         _decoding("one", n=5, S=1, G=1), equations=_tags(39)),
    Case("one-head", ("boundary",), "one query, no slope", _decoding("head", H=1, slope=0.0), equations=_tags(40)),
    Case("steep", ("wrong_constant",), "a slope that forgets the "
        "cache", _decoding("steep", slope=4.0), equations=_tags(40)),
    Case("groups-of-two-in-four", ("wrong_order",), "S = d = 4 and G = 2: keys and values are grouped otherwise",
         _decoding("axes", n=12, d=4, H=1, S=4, G=2, bits=(16, 3, 2)), equations=_tags(39)),
    Case("upward", ("edge_case",), "bits that rise with age bring nothing back",
         _decoding("upward", n=9, bits=(16, 2, 4, 6)), equations=_tags(38)),
    Case("three-hundred-tokens", ("long",), "300 tokens", _decoding("long", n=300, H=1, S=20, G=2, bits=(16, 6, 4, 2),
         slope=0.015625), equations=_tags(38, 39, 40), dtypes=("float64",)),
    Case("four-tokens", ("basic",), "two segments, nothing left", _decoding("four", n=4), equations=_tags(38, 39, 40)),
    large("many-heads", "four-tokens", "H"),
)  # fmt: skip


def sample_saq_trajectory(rng):
    def made(_):
        G, many, wide, H, n, stairs = (int(x) for x in rng.integers((1, 1, 1, 1, 1, 2), (4, 3, 3, 3, 14, 5)))
        d = G * wide
        K, V, Q = (rng.uniform(-2, 2, shape) for shape in ((n, d), (n, d), (n, H, d)))
        bits = np.array([16, *rng.integers(2, 6, stairs - 1).tolist()])
        return {"K": K, "V": V, "Q": Q, "S": G * many, "G": G, "bits": bits,
                "slope": float(np.round(rng.uniform(0, 1), 3))}  # fmt: skip

    return _until(made, stairs_apart)
