"""Attention on random queries and keys: positions, blocks and the cache; where a slope is given, recency is planted."""

import numpy as np

from refimpl.attention import _genai_engineering_baselines as baselines
from refimpl.attention import genai_engineering as ge
from refimpl.core.random import stream
from refimpl.models.attention import attend, causal, scaled_scores, softmax
from refimpl.specs.base import Claim, Outcome, at_most, reported, within

BLUE, ORANGE, GREEN, GREY = "#0072B2", "#D55E00", "#009E73", "#777777"
LIKE = np.zeros(1)


def positions(seed, n=256, d=32, heads=8):
    """How far back a head looks, with each code of positions."""
    rng = stream(seed, "genai_engineering", "C3")
    q, k = rng.standard_normal((2, n, d))
    shifts = [np.max(np.abs((ge.scores(q, k, slope=0.5, shift=37) - ge.scores(q, k, slope=0.5))[causal(n, like=LIKE)]))]
    age = np.arange(n)[::-1]
    far = lambda **options: float(softmax(ge.scores(q, k, **options)[-1:, :])[0] @ age)
    rope = far(c_alibi=0.0)
    rows = {
        "harmonic": [far(slope=float(m)) for m in ge.slopes(heads, like=LIKE)],
        "geometric": [far(slope=float(m)) for m in ge.slopes(heads, kind="geometric", like=LIKE)],
        "harmonic number": [far(slope=float(m), bias="harmonic-number") for m in ge.slopes(heads, like=LIKE)],
    }

    def plot(figure):
        axes = figure.subplots()
        axes.axhline(rope, color=GREY, linestyle="--", label="RoPE alone")
        for (name, values), color in zip(rows.items(), (BLUE, ORANGE, GREEN), strict=True):
            axes.plot(range(1, heads + 1), values, "o-", color=color, label=f"with {name} bias")
        axes.set(xlabel="head", ylabel="mean distance of what is attended to", yscale="log")
        axes.legend(frameon=False, fontsize="small")

    return Outcome(
        [
            at_most("change of a score when all positions move by 37", max(shifts), 1e-10),
            at_most(
                "mean distance of the farthest harmonic head over that of RoPE", max(rows["harmonic"]) / rope, 0.25
            ),
            reported("mean distance of RoPE alone", rope),
            *(reported(f"farthest head, {name}", max(values)) for name, values in rows.items()),
        ],
        plot,
        "Random queries and keys: the bias alone makes the distance.",
    )


def _off(o, full):
    return float(np.linalg.norm(o - full) / np.linalg.norm(full))


def _block_errors(rng, slope, n, block, d, draws):
    """Visited share, and errors of the law, of a window and of even draws that visit no more blocks."""
    T, rows = n // block, []
    place = np.arange(n)
    for _ in range(draws):
        q, k, v = rng.standard_normal((3, n, d))
        full = attend(q, k, v, mask=causal(n, like=q), bias=-slope * (place[:, None] - place[None, :]).astype(float))
        u = rng.uniform(size=(1, T))
        o, visited = ge.pr_attention(q, k, v, u, block=block, slope=slope, c=2.0)
        others = []
        for deltas in (baselines.window(T, int(visited.sum())),
                       baselines.filled(rng.permutation(np.arange(1, T)), T, int(visited.sum()))):  # fmt: skip
            fixed = baselines.draws(deltas, T, like=q)
            others.append(
                _off(ge.pr_attention(q, k, v, fixed, block=block, slope=slope, law="constant", c=0.5)[0], full)
            )
        rows.append((int(visited.sum()) / (T * (T + 1) / 2), _off(o, full), *others))
    return np.array(rows)


def blocks(seed, n=512, block=16, d=16, draws=20):
    """Attention to some of the blocks, and to a window or to blocks drawn evenly at the same cost."""
    rng, T = stream(seed, "genai_engineering", "C4"), n // block
    q, k, v = rng.standard_normal((3, n, d))
    all_of_them, _ = ge.pr_attention(q, k, v, np.zeros((1, T)), block=block)
    exact = float(np.max(np.abs(all_of_them - attend(q, k, v, mask=causal(n, like=q)))))
    rows = {slope: _block_errors(rng, slope, n, block, d, draws if slope else 5) for slope in (0.05, 0.0)}
    share, law, window, even = rows[0.05].mean(axis=0)
    pi = np.asarray(ge.chances(T, c=2.0, like=LIKE))
    expected = float(pi @ (T - np.arange(T)) / (T * (T + 1) / 2))

    def plot(figure):
        axes = figure.subplots()
        for column, color, name in ((1, BLUE, "harmonic law"), (2, GREEN, "window"), (3, ORANGE, "drawn evenly")):
            axes.plot(rows[0.05][:, 0], rows[0.05][:, column], "o", color=color, label=name, alpha=0.7)
        axes.set(xlabel="share of the blocks that is visited", ylabel="relative error", yscale="log")
        axes.legend(frameon=False)

    return Outcome(
        [
            at_most("error with all blocks", exact, 1e-10),
            within("share of blocks visited", share, expected - 0.15, expected + 0.15),
            at_most("error over that of blocks drawn evenly", law / even, 0.4),
            reported("error", law),
            reported("error of blocks drawn evenly", even),
            reported("error of a window", window),
            *(reported(f"{name}, without a slope", x)
              for name, x in zip(("error", "of a window", "of blocks drawn evenly"), rows[0.0].mean(axis=0)[1:],
                                 strict=True)),
        ],
        plot,
        "A bias of slope 0.05 plants the recency; without it the law and the window fail alike.",
    )  # fmt: skip


def _orders(segments):
    stairs = baselines.staircase(segments)
    return {
        "staircase": stairs,
        "reversed": stairs[::-1],
        "2 and 3 by turns": [2 + i % 2 for i in range(segments)],
        "KIVI, 2 bits": [2] * segments,
        "3 bits": [3] * segments,
        "KIVI, 4 bits": [4] * segments,
    }


def bits(seed, n=1024, d=32, S=64, G=32, heads=32):
    """Error of attention from a quantised cache, by how the bits are spread."""
    rng = stream(seed, "genai_engineering", "C5")
    K = rng.standard_normal((n, d)) * np.exp(0.7 * rng.standard_normal(d))
    K, V, q = K / np.sqrt(np.mean(K * K)), rng.standard_normal((n, d)), rng.standard_normal((heads, d))
    orders, age = _orders(n // S), np.arange(n)[::-1]
    held = {name: tuple(baselines.by_segment(x, b, segment=S, group=G, axis=axis) for axis, x in enumerate((K, V)))
            for name, b in orders.items()}  # fmt: skip
    cost = {name: float(np.mean(b)) + 32 / G for name, b in orders.items()}
    look = lambda slope, K, V: softmax(scaled_scores(q, K) - slope * age) @ V
    errors = {slope: {name: _off(look(slope, *held[name]), look(slope, K, V)) for name in orders}
              for slope in (0.02, 0.002, 0.0)}  # fmt: skip
    first = errors[0.02]

    def plot(figure):
        axes = figure.subplots()
        colors = BLUE, ORANGE, GREY, "#56B4E9", "#CC79A7", GREEN
        for (name, color), marker in zip(zip(orders, colors, strict=True), "osDv^X", strict=True):
            axes.plot(range(3), [errors[slope][name] for slope in errors], marker + "-", color=color,
                      label=f"{name}: {cost[name]:.1f}")  # fmt: skip
        axes.set(xticks=range(3), xlabel="slope of the bias", ylabel="relative error", yscale="log", xlim=(-0.1, 3.1))
        axes.set_xticklabels([f"{slope:g}" for slope in errors])
        axes.legend(frameon=False, fontsize="small", title="bits a number", title_fontsize="small", loc="center right")

    return Outcome(
        [
            at_most("error over that of 2 bits", first["staircase"] / first["KIVI, 2 bits"], 0.5),
            at_most("bits over those of KIVI with 4", cost["staircase"] / cost["KIVI, 4 bits"], 0.8),
            at_most("error over that of 2 and 3 bits by turns", first["staircase"] / first["2 and 3 by turns"], 0.5),
            at_most("error over that of the reversed staircase", first["staircase"] / first["reversed"], 0.5),
            *(reported(f"error of {name} ({cost[name]:.1f} bits)", x) for name, x in first.items()),
            *(reported(f"error without a slope, {name}", errors[0.0][name])
              for name in ("staircase", "2 and 3 by turns", "reversed")),
        ],
        plot,
        "A bias of slope 0.02 plants the recency; without it bits by turns do better than the staircase.",
    )  # fmt: skip


CLAIMS = (
    Claim("genai_engineering.C3", "RoPE with a bias keeps scores a function of the distance, and makes them local",
          "proposal", positions, kind="behaviour"),
    Claim("genai_engineering.C4", "PrFlashAttention visits a third of the blocks, causally, at a small "
        "error", "proposal",
          blocks, kind="efficiency", control="a window and blocks drawn evenly, each with as many visits: even "
              "draws are "
          "behind, the window is better", showed="as good", tuned="the slope of the bias plants the recency",
          proxy="random queries and keys"),
    Claim("genai_engineering.C5", "SAQ degrades gradually: a reasonable quality at a reasonable cost", "abstract", bits,
          kind="efficiency", control="as many bits in reversed order, and 2 and 3 bits by turns: both are behind "
              "with the "
          "slope; without it bits by turns are better", showed="behind", tuned="the slope of the bias plants the "
              "recency",
          proxy="random queries and keys"),
)  # fmt: skip
