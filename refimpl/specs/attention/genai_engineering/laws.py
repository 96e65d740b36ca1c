"""Checks of the operations of five proposals for language models that need no answer."""

from refimpl.core.arrays import array_namespace, from_numpy, to_numpy
from refimpl.specs.base import Law
from refimpl.specs.laws import apart, causal, odd, related, reversed_along, scaled, scales


def _same(outputs):
    return {}


# Sub-words -----------------------------------------------------------------------------------------------------------


def _concatenated(run, inputs):
    """The pieces that are taken make the word, and their costs its cost."""
    out = run(**inputs)
    rows = [int(row) for row in to_numpy(out["cut"]).tolist() if row >= 0]
    pieces, xp = to_numpy(inputs["pieces"]).tolist(), array_namespace(inputs["p"])
    whole = [x for row in rows for x in pieces[row] if x >= 0]
    yield from_numpy(whole, like=inputs["word"]), inputs["word"]
    yield out["cost"], -xp.sum(xp.log(xp.take(inputs["p"], from_numpy(rows, like=inputs["word"]))))


def _falls(run, inputs):
    """No round makes anything dearer, and the last row has the cost."""
    D, xp = run(**inputs)["D"], array_namespace(inputs["p"])
    yield xp.minimum(D[1:, :], D[:-1, :]), D[1:, :]
    yield D[-1, -1], run(**inputs)["cost"]


def _fewer(run, inputs):
    """A smaller k has the first rows of the table."""
    for k in range(1, inputs["k"]):
        yield run(**inputs | {"k": k})["D"], run(**inputs)["D"][: k + 1, :]


def _numbers(letters, by):
    return array_namespace(letters).where(letters >= 0, letters + by, -1)


_WORDS = ("abb", "repeated-letters", "repeated-letters-in-three", "longest-first-is-worse")
SEGMENT = (
    Law("concatenated", "the pieces make the word, their costs its cost", _concatenated, _WORDS),
    Law("falls", "no round makes anything dearer", _falls, (*_WORDS, "one-piece-is-too-few")),
    Law("fewer-rounds", "a smaller k has the first rows of the table", _fewer, _WORDS),
    related("renamed", "other symbols change nothing",
            lambda i: {"word": i["word"] + 1000, "pieces": _numbers(i["pieces"], 1000)}, _same, *_WORDS),
)  # fmt: skip


def _fewer_merges(run, inputs):
    """Fewer merges are the first ones."""
    whole = run(**inputs)
    for M in range(1, inputs["M"]):
        some = run(**inputs | {"M": M})
        for name in ("left", "right"):
            yield some[name], whole[name][:M, :]


_TEXTS = ("low-lower-newest-widest", "by-wordpiece", "overlapping", "ties", "some-words")
MERGES = (
    Law("fewer-merges", "fewer merges are the first ones", _fewer_merges, _TEXTS),
    reversed_along("W", *_TEXTS, slug="words-reordered"),
    related("more-of-each", "three times the text has the same merges", lambda i: {"freq": 3 * i["freq"]}, _same,
            *_TEXTS),
)  # fmt: skip


def _sums(run, inputs):
    out, xp = run(**inputs), array_namespace(inputs["p"])
    yield xp.sum(out["p_new"]), xp.sum(0.0 * inputs["p"]) + 1.0
    yield xp.maximum(out["after"], out["before"]), out["after"]


_EMS = ("two-words", "unused-character", "without-the-end", "some-words", "more-words")
EM_STEP = (
    Law("sums", "the probabilities add up to 1, and J does not fall", _sums, (*_EMS, "one-piece")),
    reversed_along("W", *_EMS, slug="words-reordered"),
    reversed_along("m", *_EMS, slug="pieces-reordered"),
)

# Hyper-parameters ----------------------------------------------------------------------------------------------------


def _rows_of_one(run, inputs):
    P, xp = run(**inputs)["P_new"], array_namespace(inputs["P"])
    yield xp.sum(P, axis=1), xp.sum(0.0 * P, axis=1) + 1.0


_CES = ("one-law", "two-laws", "rounded-up", "all-of-them")
CE_UPDATE = (
    Law("sums", "each law adds up to 1", _rows_of_one, _CES),
    reversed_along("N", "two-laws", "rounded-up", "all-of-them", slug="settings-reordered"),
    apart("H", "two-laws", "rounded-up"),
    scales({"score": 1}, {}, *_CES),
)


def _word_alone(run, inputs):
    """Words that no row has stay as they are."""
    xp, V = array_namespace(inputs["U"]), inputs["U"].shape[0]
    there = xp.any(xp.arange(V)[:, None] == inputs["word"][None, :], axis=1)
    U = run(**inputs)["U_new"]
    yield xp.where(there[:, None], 0.0, U), xp.where(there[:, None], 0.0, inputs["U"])


def _in_proportion(run, inputs):
    """Twice the rate, twice the step."""
    once, twice = run(**inputs), run(**inputs | {"lr": 2 * inputs["lr"]})
    for new, old in (("U_new", "U"), ("C_new", "C")):
        yield twice[new] - inputs[old], 2 * (once[new] - inputs[old])


_BATCHES = ("two-words", "repeated-words", "more-samples")
SGNS_STEP = (
    Law("others-stay", "words that do not occur stay", _word_alone, _BATCHES),
    Law("in-proportion", "twice the rate is twice the step", _in_proportion, _BATCHES),
    reversed_along("B", *_BATCHES, slug="batch-reordered"),
    reversed_along("dim", *_BATCHES, slug="coordinates-reordered"),
    odd(*_BATCHES, inputs=("U", "C"), outputs=("U_new", "C_new")),
)

# Attention -----------------------------------------------------------------------------------------------------------


def _finite(run, inputs):
    """Finite scores are on and below the diagonal."""
    s, xp = run(**inputs)["s"], array_namespace(inputs["q"])
    yield xp.where(xp.isfinite(s), 1.0, 0.0), xp.tril(xp.ones_like(s))


_SCORED = ("both-codes", "harmonic-numbers", "factors", "eight-coordinates")
SCORES = (
    related("shifted", "positions that all move by 8 change nothing", lambda i: {"shift": i["shift"] + 8}, _same,
            *_SCORED),
    Law("causal", "scores above the diagonal are -infinity, others finite", _finite, _SCORED),
    scales({"q": 1, "slope": 1}, {"s": 1}, "both-codes", "eight-coordinates"),
    scaled("factors", "both factors doubled double the scores", 2.0, {"c_R": 1, "c_A": 1}, {"s": 1}, *_SCORED),
)  # fmt: skip


def _ones(run, inputs):
    v = 0.0 * inputs["v"] + 1.0
    yield run(**inputs | {"v": v})["o"], v


def _later(run, inputs):
    """The last block of values is seen by the last block of queries alone."""
    n = inputs["q"].shape[0] - inputs["B"]
    xp, v = array_namespace(inputs["v"]), inputs["v"]
    other = xp.concat([v[:n, :], v[n:, :] + 4.0])
    yield run(**inputs | {"v": other})["o"][:n, :], run(**inputs)["o"][:n, :]


_PRS = ("three-blocks", "own-draws", "geometric", "constant", "corrected")
PR_ATTENTION = (
    Law("rows-of-one", "values of 1 give 1", _ones, _PRS),
    Law("later-values", "no block of queries sees a later value", _later, _PRS),
    related("diagonal", "the draw of distance 0 does not count",
            lambda i: {"u": array_namespace(i["u"]).concat([0.5 * i["u"][:, :1], i["u"][:, 1:]], axis=1)}, _same,
            *_PRS),
    apart("e", "three-blocks", "own-draws", slug="values-apart"),
    scales({"v": 1}, {"o": 1}, *_PRS),
    scales({"q": 1, "k": -1}, {}, *_PRS, slug="scales-of-scores"),
)  # fmt: skip


def _half_a_step(run, inputs):
    out, xp = run(**inputs), array_namespace(inputs["X"])
    off, most = xp.abs(out["values"] - inputs["X"]), out["step"] / 2
    yield xp.maximum(off, most), most


def _again(run, inputs):
    """What is on the grid stays."""
    out = run(**inputs)
    for name, value in run(**inputs | {"X": out["values"]}).items():
        yield value, out[name]


_GRIDS = ("keys", "values", "two-bits", "negative")
QUANTISE = (
    Law("half-a-step", "no number moves by more than half a step", _half_a_step, _GRIDS),
    Law("again", "what is on the grid stays", _again, _GRIDS),
    scaled("twice", "twice the numbers, twice the values", 2.0, {"X": 1},
                      {"zero": 1, "step": 1, "values": 1}, *_GRIDS),
    scales({"X": 1}, {"zero": 1, "step": 1, "values": 1}, *_GRIDS),
)  # fmt: skip


def _head_means(run, inputs):
    """Equal values give that value, whatever the queries."""
    V = 0.0 * inputs["V"] + 0.75
    out = run(**inputs | {"V": V})["out"]
    yield out, 0.0 * out + 0.75


_CACHES = ("seven-tokens", "nested", "two-stairs", "three-stairs")
SAQ_TRAJECTORY = (
    causal("n", *_CACHES),
    apart("H", "seven-tokens", "nested", slug="heads-apart"),
    Law("equal-values", "equal values give that value", _head_means, _CACHES),
    scales({"V": 1}, {"out": 1, "V_hat": 1}, *_CACHES),
    related("first-bits", "bits[0] is only told", lambda i: {"bits": _first(i["bits"])},
            lambda o: {"b": array_namespace(o["b"]).where(o["b"] == 16, 5, o["b"])}, *_CACHES),
)  # fmt: skip


def _first(bits):
    xp = array_namespace(bits)
    return xp.concat([xp.zeros_like(bits[:1]) + 5, bits[1:]])
