"""Sub-words: how well they compress the text that they were fitted to, and other text."""

import numpy as np

from refimpl.attention import _genai_engineering_text as text
from refimpl.attention import genai_engineering as ge
from refimpl.core.random import stream
from refimpl.specs.base import Claim, Outcome, at_most, reported

BLUE, ORANGE, GREEN, GREY = "#0072B2", "#D55E00", "#009E73", "#777777"  # Okabe and Ito
LIKE = np.zeros(1)
METHODS = "BPE", "WordPiece", "SWE"


def _fitted(words, freq, count):
    """Pieces and their counts by each method, at one size of the vocabulary; and the words as BPE cuts them."""
    size = len({s for word in words for s in word}) + 1 + count
    cuts = {"BPE": ge.merges(words, freq, count=count)[1],
            "WordPiece": ge.merges(words, freq, count=count, rule="wordpiece")[1]}  # fmt: skip
    found = {name: text.tallied(split, freq) for name, split in cuts.items()}
    swe = ge.fit(words, freq, size=size, like=LIKE)
    found["SWE"] = swe.pieces, np.asarray(ge.em_step(words, freq, *swe).counts)
    return found, cuts["BPE"]


def training(seed, counts=(100, 200)):
    """Nats per character of the text that the pieces were made for."""
    texts = text.topics()
    order = stream(seed, "genai_engineering", "C1").permutation(len(texts))
    words, freq = text.counted([texts[i] for i in order.tolist()], 1600)
    length = text.characters(words, freq)
    rows, paths, above = [], [], 0
    for count in counts:
        found, split = _fitted(words, freq, count)
        nats = {name: text.entropy(c[c > 0], length) for name, (_, c) in found.items()}
        pieces, c = found["BPE"]
        chance = dict(zip(pieces, c / c.sum(), strict=True))
        vocabulary = ge.Vocabulary(pieces, np.array([*chance.values()]))
        own = np.array([-sum(np.log(chance[s]) for s in cut) for cut in split])
        best = text.costs(words, vocabulary)
        above += int(np.sum(best > own + 1e-9))
        rows.append([nats[name] for name in METHODS])
        paths.append(float(freq @ best) / length)
    vocabulary = ge.candidates(words, freq, like=LIKE)
    values = []
    for _ in range(6):
        step = ge.em_step(words, freq, *vocabulary)
        values += [float(step.before), float(step.after)]
        stays = np.asarray(step.p) > 0
        vocabulary = ge.Vocabulary([s for s, kept in zip(vocabulary.pieces, stays, strict=True) if kept], step.p[stays])
    falls = float(np.max(-np.diff(values), initial=0.0)) / abs(values[-1])
    table = np.array(rows)

    def plot(figure):
        axes = figure.subplots()
        for m, (name, color) in enumerate(zip(METHODS, (ORANGE, GREY, BLUE), strict=True)):
            axes.plot(counts, table[:, m], "o-", color=color, label=name)
        axes.plot(counts, paths, "o:", color=ORANGE, label="BPE's pieces, best path")
        axes.set(xlabel="pieces beside the characters", ylabel="nats per character", xticks=counts)
        axes.legend(frameon=False, loc="center right")

    return Outcome(
        [
            at_most("words that a path costs more than BPE's cut", above, 0),
            at_most("fall of J in a round of EM, in parts of it", falls, 1e-12),
            *(at_most(f"SWE less BPE, {c} pieces", table[i, 2] - table[i, 0], -0.02) for i, c in enumerate(counts)),
            *(at_most(f"SWE less WordPiece, {c} pieces", table[i, 2] - table[i, 1], 0.0) for i, c in enumerate(counts)),
            *(at_most(f"path through BPE's pieces less BPE, {c}", paths[i] - table[i, 0], 0.0)
              for i, c in enumerate(counts)),
            *(reported(f"SWE, {c} pieces", table[i, 2]) for i, c in enumerate(counts)),
            *(reported(f"BPE, {c} pieces", table[i, 0]) for i, c in enumerate(counts)),
        ],
        plot,
        f"{len(words)} different words, {int(freq.sum())} in all: a tiny text, which makes the gap large.",
    )  # fmt: skip


def unseen(seed, counts=(100, 400), most=12_000):
    """The same on text that the pieces were not made for: other topics of the same library."""
    texts = text.topics()
    order = stream(seed, "genai_engineering", "C1b").permutation(len(texts)).tolist()
    half = len(texts) // 2
    (words, freq), (others, theirs) = (text.counted([texts[i] for i in part], most)
                                       for part in (order[:half], order[half:]))  # fmt: skip
    new = np.array([word not in set(words) for word in others])
    rows = np.empty((len(counts), 3, 3))
    for i, count in enumerate(counts):
        found, _ = _fitted(words, freq, count)
        for m, name in enumerate(METHODS):
            pieces, c = found[name]
            vocabulary = text.smoothed(pieces, c, 0.5, like=LIKE)
            at_home, away = text.costs(words, vocabulary), text.costs(others, vocabulary)
            types = [word for word, fresh in zip(others, new, strict=True) if fresh]
            rows[i, m] = (freq @ at_home / text.characters(words, freq), theirs @ away / text.characters(others,
                theirs),
                          np.sum(away[new]) / text.characters(types, np.ones(len(types))))  # fmt: skip

    def plot(figure):
        where = "training", "other text", "new words"
        for axes, i in zip(figure.subplots(1, len(counts), sharey=True), range(len(counts)), strict=True):
            for m, (name, color) in enumerate(zip(METHODS, (ORANGE, GREY, BLUE), strict=True)):
                axes.bar(np.arange(3) + 0.27 * (m - 1), rows[i, m], width=0.25, color=color, label=name)
            axes.set(xticks=range(3), title=f"{counts[i]} pieces")
            axes.set_xticklabels(where)
        figure.axes[0].set_ylabel("nats per character")
        figure.axes[0].set_ylim(0, 4.3)
        figure.axes[0].legend(frameon=False, loc="upper left")

    both = [(i, c) for i, c in enumerate(counts)]
    return Outcome(
        [
            *(at_most(f"other text: SWE less BPE, {c} pieces", rows[i, 2, 1] - rows[i, 0, 1], -0.02) for i, c in both),
            *(at_most(f"new words: SWE less BPE, {c} pieces", rows[i, 2, 2] - rows[i, 0, 2], 0.0) for i, c in both),
            *(reported(f"training: SWE less BPE, {c} pieces", rows[i, 2, 0] - rows[i, 0, 0]) for i, c in both),
            *(reported(f"other text: SWE, {c} pieces", rows[i, 2, 1]) for i, c in both),
            *(reported(f"new words: SWE, {c} pieces", rows[i, 2, 2]) for i, c in both),
            reported("share of the other text's different words that are new", new.mean()),
        ],
        plot,
        "Half of the help texts of Python's library to fit, 12,000 words of the other half to test; all three methods "
        "with the best path and half a count more for each piece.",
    )


_CONTROL = "BPE and WordPiece with as many pieces, and BPE's pieces with the best path"
CLAIMS = (
    Claim("genai_engineering.C1", "SWE gives the training text a higher likelihood than BPE and WordPiece", "abstract",
          training, kind="superiority", control=f"{_CONTROL}: all are behind, on this tiny text", showed="behind",
          proxy="1,600 words in place of a corpus"),
    Claim("genai_engineering.C1b", "SWE also gives other text, and words that it has not seen, a higher likelihood",
          "ours: what C1 leaves open", unseen, tier="full", kind="superiority",
          control=f"{_CONTROL}, on other text of the same library: behind on the text, but better on new words",
          showed="as good", proxy="12,000 words in place of a corpus"),
)  # fmt: skip
