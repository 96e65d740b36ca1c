"""Diverse beam search as a search: C3, C4, C6."""

import numpy as np

from refimpl.core.random import stream
from refimpl.search import _diverse_beam_models as models
from refimpl.search import diverse_beam as dbs
from refimpl.specs.base import Claim, Outcome, at_least, reported, within
from refimpl.specs.search.diverse_beam.claims.toy import (
    BLUE,
    GREY,
    LIKE,
    ORANGE,
    SAME,
    T,
    beam,
    contexts,
    error,
    judged,
)

WIDTHS = (1, 2, 3, 5, 10)


def top_1(seed):
    """The first of the list, beside beams of all widths."""
    metric: dict[str, list] = {}
    raw: dict[str, list] = {}
    for context in contexts(seed, "C3", 200, sigma=2.0):
        found = {str(width): beam(context, width) for width in WIDTHS} | {"diverse": beam(context, 10, 5, 0.2)}
        for name, one in found.items():
            metric.setdefault(name, []).append(judged(context, one.tokens)[2])
            raw.setdefault(name, []).append(float(one.raw[0]))
    scores, logs = ({name: np.array(x) for name, x in table.items()} for table in (metric, raw))
    gain = {name: scores["diverse"] - scores[name] for name in ("1", "2", "10")}
    apart = logs["diverse"] - logs["10"]
    above, below = np.mean(apart > 1e-9), np.mean(apart < -1e-9)

    def plot(figure):
        left, right = figure.subplots(1, 2)
        for axes, table, title in ((left, scores, "Similarity of the first"), (right, logs, "Its log-probability")):
            means, errors = ([f(table[str(w)]) for w in WIDTHS] for f in (np.mean, error))
            axes.errorbar(WIDTHS, means, yerr=errors, fmt="o-", color=GREY, label="beam search", capsize=3)
            axes.axhline(table["diverse"].mean(), color=BLUE, label="diverse, 10 in 5 groups")
            axes.set(title=title, xlabel="width of the beam", xscale="log")
            axes.set_xticks(WIDTHS, [str(w) for w in WIDTHS])
            axes.minorticks_off()
        left.legend(frameon=False, fontsize=8)

    return Outcome(
        [
            at_least("top-1, diverse - beam search of 10, in standard errors", gain["10"].mean() / error(gain["10"]),
            2.0),
            at_least("top-1, diverse - greedy decoding, in standard errors", gain["1"].mean() / error(gain["1"]), 2.0),
            at_least("share of contexts with a higher log-probability than beam search, less that with a lower one",
                     above - below, 0.0),
            *(reported(f"top-1, diverse - {name}", x.mean())
              for name, x in zip(("greedy", "beam search of 2", "beam search of 10"), gain.values(), strict=True)),
            reported("share of contexts with a higher log-probability", above),
            reported("share of contexts with a lower one", below),
        ],
        plot,
        f"{SAME} Width 10, 5 groups, strength 0.2, 200 contexts, errors of size 2.",
    )  # fmt: skip


def cost(seed):
    """Rows of the model, and calls one after another."""
    (context,) = contexts(seed, "C4", 1, sigma=0.5)
    groups = (1, 2, 3, 6)
    found = {g: beam(context, 6, g) for g in groups}
    rows, calls = (
        [run.rows / found[1].rows for run in found.values()],
        [run.calls / (T * g) for g, run in found.items()],
    )

    def plot(figure):
        axes = figure.subplots()
        axes.plot(groups, [found[g].rows for g in groups], "o-", color=BLUE, label="rows of the model")
        axes.plot(groups, [found[g].calls for g in groups], "s-", color=ORANGE, label="calls, one after another")
        axes.set(xlabel="groups, at six beams", ylim=(0, None))
        axes.legend(frameon=False)

    return Outcome(
        [
            within("rows of the model / those of beam search, G = 1, 2, 3, 6: least", min(rows), 1, 1),
            within("the same: largest", max(rows), 1, 1),
            within("calls / (T G), G = 1, 2, 3, 6: largest distance from 1", max(abs(c - 1) for c in calls), 0, 0),
            reported("calls one after another / those of beam search, G = 6", found[6].calls / found[1].calls),
        ],
        plot,
        "What is added is the number of calls that wait for each other: G times as many, with B / G rows each. The "
        "benchmarks have the seconds.",
    )  # fmt: skip


def identities(seed):
    """What must hold in every run."""
    same_one, same_zero, at_least_own, prefix, better = [], [], [], [], []
    for context in contexts(seed, "C6", 40, sigma=0.5):
        plain, own = (beam(context, w) for w in (6, 2))
        one = beam(context, 6, 1, strength=3.0)
        same_one.append(np.array_equal(one.tokens, plain.tokens))
        settings = {"length": T, "like": LIKE}
        zero = dbs.search(context.model, width=6, groups=3, strength=0.0, **settings)
        same_zero.append(np.array_equal(zero.tokens, np.tile(zero.tokens[:2], (3, 1))))
        diverse = beam(context, 6, 3)
        at_least_own.append(float(diverse.raw[0] - own.raw[0]) >= 0)
        better.append(float(diverse.raw[0] - plain.raw[0]) >= 0)
        three, two = (dbs.search(context.model, width=2 * g, groups=g, **settings) for g in (3, 2))
        prefix.append(np.array_equal(three.tokens[:4], two.tokens))
    rng, sums = stream(seed, "diverse_beam", "C6"), []
    for _ in range(40):
        first, table = (np.log(rng.dirichlet(np.ones(5), size)) for size in ((), (5,)))
        found = dbs.search(models.chain(first, table), length=4, width=4, groups=4, strength=0.7, like=first)
        paid = [sum(int((found.tokens[:b, t] == found.tokens[b, t]).sum()) for t in range(4)) for b in range(4)]
        sums.append(np.abs(found.score - (found.raw - 0.7 * np.array(paid))).max())
    shares = {
        "G = 1 is beam search, whatever the strength": same_one,
        "strength 0 gives G copies of beam search of width B / G": same_zero,
        "the best is at least as probable as that of beam search of width B / G": at_least_own,
        "more groups change nothing in those before": prefix,
    }

    def plot(figure):
        axes = figure.subplots()
        names = ["... of width B / G (always)", "... of width B (not always)"]
        axes.barh(names, [np.mean(at_least_own), np.mean(better)], color=[BLUE, GREY])
        axes.invert_yaxis()
        axes.set(xlim=(0, 1.05), title="Share of contexts: best at least as probable\nas that of beam search ...")

    return Outcome(
        [
            *(within(name, np.mean(found), 1, 1) for name, found in shares.items()),
            within("score = log-probability - strength x penalties, largest difference", max(sums), 0, 1e-12),
            reported("share of contexts: at least as probable as the best of beam search of width B", np.mean(better)),
        ],
        plot,
        f"{SAME} 40 contexts.",
    )


CLAIMS = (
    Claim(
        "diverse_beam.C3",
        "it finds better top-1 solutions, so it is a better search: by 2 standard errors better than beam search and "
        "than "
        "greedy decoding, and more probable at least as often as less",
        "abstract; Section 6",
        top_1,
        tier="full",
        kind="superiority",
        control="greedy decoding and beam search of width B / G, a tenth and a fifth of the rows: as good as diverse "
        "beam "
        "search or better, so the gain is that of a narrower beam; and the log-probability of the best is lower more "
        "often "
        "than higher",
        showed="as good",
        tuned="the size of the errors and the strength were chosen where the gain over beam search was large",
    ),
    Claim(
        "diverse_beam.C4",
        "minimal overhead: as many rows of the model as beam search",
        "abstract; Section 4",
        cost,
        kind="identity",
    ),
    Claim(
        "diverse_beam.C6",
        "one group is beam search, strength 0 gives copies, and the best is never less probable than that of beam "
        "search of "
        "one group's width",
        "Section 4, by construction",
        identities,
        kind="identity",
    ),
)
