"""The same proposals in a small character model that is trained: nothing is planted."""

from functools import lru_cache

import numpy as np

from refimpl.attention import _genai_engineering_baselines as baselines
from refimpl.attention import _genai_engineering_model as model
from refimpl.attention import genai_engineering as ge
from refimpl.core.random import stream
from refimpl.models.attention import softmax
from refimpl.specs.base import Claim, Outcome, at_least, at_most, reported

BLUE, ORANGE, GREEN, GREY = "#0072B2", "#D55E00", "#009E73", "#777777"
LIKE = np.zeros(1, dtype=np.float32)
CODES = model.codes(like=LIKE)
FEW = "none", "RoPE", "ALiBi, geometric", "RoPE + harmonic"
BLOCK, S = 4, 8


@lru_cache(maxsize=64)
def _trained(seed, name):
    """A model with one code of positions."""
    numbers, _ = model.text()
    return model.train(stream(seed, "genai_engineering", "model"), numbers, CODES[name], like=LIKE)


@lru_cache(maxsize=8)
def _windows(seed, n, count):
    _, numbers = model.text()
    starts = stream(seed, "genai_engineering", "test", str(n)).integers(0, len(numbers) - n, count)
    return numbers[starts[:, None] + np.arange(n + 1)]


def _nats(seed, name, n, count, **more):
    params, parts = _trained(seed, name), np.array_split(_windows(seed, n, count), max(1, count * n // 8192))
    return float(np.average([float(model.loss(params, part, CODES[name], **more)) for part in parts],
                            weights=[len(part) for part in parts]))  # fmt: skip


def codes(seed):
    """Nats per character with each code of positions, at the length of the training and at eight times that."""
    nats = {name: (_nats(seed, name, 64, 400), _nats(seed, name, 512, 24)) for name in CODES}
    short, long = ({name: x[i] for name, x in nats.items()} for i in (0, 1))
    ours = "RoPE + harmonic"
    rivals = "RoPE", "ALiBi, harmonic", "RoPE + geometric"

    def plot(figure):
        axes = figure.subplots()
        at = np.arange(len(CODES))
        for i, (color, label) in enumerate(((BLUE, "64 characters, as trained"), (ORANGE, "512 characters"))):
            axes.plot([x[i] for x in nats.values()], at, "os"[i], color=color, label=label, markersize=8)
        axes.grid(axis="y", alpha=0.4)
        axes.set(yticks=at, xlabel="nats per character, test", xlim=(1.6, 2.7))
        axes.set_yticklabels(list(nats))
        axes.legend(frameon=False, fontsize="small")

    return Outcome(
        [
            *(at_least(f"64: {name} less {ours}", short[name] - short[ours], 0.02) for name in rivals),
            *(at_least(f"512: {name} less {ours}", long[name] - long[ours], 0.03) for name in rivals),
            *(reported(f"{n}: {ours}", x[ours]) for n, x in ((64, short), (512, long))),
            *(reported(f"{n}: geometric slopes of the same range less {ours}",
                       x["RoPE + geometric, same range"] - x[ours]) for n, x in ((64, short), (512, long))),
            *(reported(f"{n}: without positions", x["none"]) for n, x in ((64, short), (512, long))),
        ],
        plot,
        "A model of one layer, 800 steps. Geometric slopes between the same ends do as well: it is the range of the "
        "slopes, not their harmonic form.",
    )  # fmt: skip


def blocks(seed, draws=8):
    """What a trained model loses when it sees some of the blocks."""
    T, rng, rows, shares = 64 // BLOCK, stream(seed, "genai_engineering", "C4b"), {}, []
    pi = np.asarray(ge.chances(T, c=2.0, like=np.zeros(1)))
    chosen = []
    for _ in range(draws):
        delta = np.flatnonzero(rng.uniform(size=T) < pi).tolist()
        most = baselines.visits(delta, T)
        even = baselines.filled(rng.permutation(np.arange(1, T)), T, most)
        chosen.append((delta, baselines.window(T, most), even))
        shares.append([baselines.visits(x, T) / (T * (T + 1) / 2) for x in chosen[-1]])
    mask = lambda deltas: baselines.seen(np.tile(np.isin(np.arange(T), deltas), (T, 1)), BLOCK)
    for name in FEW:
        full = _nats(seed, name, 64, 400)
        rows[name] = [np.mean([_nats(seed, name, 64, 400, seen=mask(x[i])) for x in chosen]) - full for i in range(3)]
    share = np.mean(shares, axis=0)
    known = FEW[1:]

    def plot(figure):
        axes = figure.subplots()
        for i, (label, color) in enumerate((("harmonic law", BLUE), ("window", GREEN), ("drawn evenly", ORANGE))):
            axes.bar(
                np.arange(len(FEW)) + 0.27 * (i - 1), [rows[name][i] for name in FEW], 0.25, color=color, label=label
            )
        axes.axhline(0, color=GREY, linewidth=1)
        axes.set(xticks=range(len(FEW)), ylabel="nats per character more than with all blocks")
        axes.set_xticklabels(FEW, fontsize="small")
        axes.legend(frameon=False)

    return Outcome(
        [
            at_most(
                "most that the law costs a model with positions, in nats", max(rows[name][0] for name in known), 0.02
            ),
            at_most("share of blocks visited", share[0], 0.6),
            at_least("least that even draws cost", min(rows[name][2] for name in known), 0.1),
            *(reported(f"law: {name}", rows[name][0]) for name in FEW),
            *(reported(f"window: {name}", rows[name][1]) for name in FEW),
            reported("share of blocks of the window", share[1]),
        ],
        plot,
        "A window of no more blocks costs as little: that the blocks are random buys nothing that can be measured.",
    )


def bits(seed, n=64, count=400):
    """What a trained model loses from a quantised cache, at the last of 64 characters."""
    orders = {"staircase": baselines.staircase(n // S), "reversed": baselines.staircase(n // S)[::-1],
              "3 bits": [3] * (n // S), "2 bits": [2] * (n // S), "4 bits": [4] * (n // S)}  # fmt: skip
    windows, errors, losses = _windows(seed, n, count), {}, {}
    for name in FEW:
        params, code = _trained(seed, name), CODES[name]
        full = model.forward(params, windows[:, :-1], code)
        lost = lambda p: float(-np.mean(np.log(softmax(p.logits[:, -1, :]))[np.arange(count), windows[:, -1]]))
        for order, stairs in orders.items():

            def cache(k, v, stairs=stairs):
                flat = (np.reshape(x, (-1, model.DIM)) for x in (k, v))
                kept = (baselines.by_segment(x, stairs, segment=S, group=S, axis=axis) for axis, x in enumerate(flat))
                return tuple(np.reshape(x, k.shape) for x in kept)

            found = model.forward(params, windows[:, :-1], code, cache=cache)
            off = found.o[:, -1, :] - full.o[:, -1, :]
            errors[name, order] = float(np.linalg.norm(off) / np.linalg.norm(full.o[:, -1, :]))
            losses[name, order] = lost(found) - lost(full)
    known = FEW[1:]

    def plot(figure):
        axes = figure.subplots()
        for i, (order, color) in enumerate(zip(orders, (BLUE, ORANGE, GREY, "#56B4E9", GREEN), strict=True)):
            axes.bar(np.arange(len(FEW)) + 0.17 * (i - 2), [errors[name, order] for name in FEW], 0.16, color=color,
                     label=f"{order}: {np.mean(orders[order]):.1f}")  # fmt: skip
        axes.set(xticks=range(len(FEW)), ylabel="relative error of the attention")
        axes.set_xticklabels(FEW, fontsize="small")
        axes.set_ylim(0, 0.62)
        axes.legend(frameon=False, fontsize="small", title="bits, without scales", title_fontsize="small", ncols=3)

    ratio = {
        other: [errors[name, "staircase"] / errors[name, other] for name in FEW] for other in ("reversed", "3 bits")
    }
    return Outcome(
        [
            at_most("largest error over that of the reversed staircase, with "
                "positions", max(ratio["reversed"][1:]), 0.75),
            *(reported(f"error of the staircase: {name}", errors[name, "staircase"]) for name in FEW),
            *(reported(f"error over that of 3 bits throughout: {name}", x)
              for name, x in zip(FEW, ratio["3 bits"], strict=True)),
            *(reported(f"nats more, staircase: {name}", losses[name, "staircase"]) for name in known),
        ],
        plot,
        "Against 3 bits throughout, as many on average, the staircase wins clearly where attention is local by its "
            "code.",
    )  # fmt: skip


_PROXY = "a character model of one layer on half a megabyte"
CLAIMS = (
    Claim("genai_engineering.C3b", "RoPE with harmonic slopes makes a better model than RoPE, ALiBi, or RoPE with "
          "geometric slopes", "ours: what C3 leaves open", codes, tier="full", kind="superiority",
          control="RoPE with geometric slopes between the same ends: as good", showed="as good", proxy=_PROXY),
    Claim("genai_engineering.C4b", "a trained model loses next to nothing with half of the blocks",
          "ours: what C4 leaves open", blocks, tier="full", kind="efficiency",
          control="a window of no more blocks: as good, or better", showed="as good", proxy=_PROXY),
    Claim("genai_engineering.C5b", "in a trained model the staircase is better than as many bits in reversed order",
          "ours: what C5 leaves open", bits, tier="full", kind="superiority",
          control="3 bits throughout, as many on average: behind with RoPE and harmonic slopes, as good or better with "
          "other codes", showed="as good", proxy=_PROXY),
)  # fmt: skip
