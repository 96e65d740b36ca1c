"""
Five proposals for language models: what is exact, and what a plain rival does as well
======================================================================================

Words cut by a shortest path, attention to a random subset of blocks, and a cache that loses bits with age, in three
pictures.

The derivation: :doc:`/attention/genai_engineering`. Run it with
``.venv/bin/python tutorials/attention/genai_engineering.py``.
"""

import matplotlib.pyplot as plt
import numpy as np

from refimpl.attention import _genai_engineering_baselines as baselines
from refimpl.attention import _genai_engineering_text as text
from refimpl.attention import genai_engineering as ge
from refimpl.core.figures import finish
from refimpl.core.random import stream
from refimpl.models.attention import attend, causal, scaled_scores, softmax

BLUE, ORANGE, GREEN, GRAY = "#0072B2", "#D55E00", "#009E73", "0.45"  # told apart with any color vision
LIKE = np.zeros(1)

# sphinx_gallery_thumbnail_number = 3

# %%
# Words: a shortest path, and what likelihood rewards
# ---------------------------------------------------
# The same small text, cut by byte pairs, by WordPiece and by SWE with as many pieces. SWE needs the fewest nats per
# character of the text that it was made for. The three words tell why: its pieces are large parts of words. The claims
# on the page say what that costs on words that it has not seen.

words, freq = text.counted(text.topics(), 1600)
length, sizes = text.characters(words, freq), (25, 50, 100, 200)
characters = len({s for word in words for s in word}) + 1
nats: dict[str, list[float]] = {"BPE": [], "WordPiece": [], "SWE": []}
for size in sizes:
    for name, rule in (("BPE", "bpe"), ("WordPiece", "wordpiece")):
        _, split = ge.merges(words, freq, count=size, rule=rule)
        nats[name].append(text.entropy(text.tallied(split, freq)[1], length))
    vocabulary = ge.fit(words, freq, size=characters + size, like=LIKE)
    counts = ge.em_step(words, freq, *vocabulary).counts
    nats["SWE"].append(text.entropy(counts[counts > 0], length))

_, split = ge.merges(words, freq, count=sizes[-1])
pieces_of = dict(zip(words, split, strict=True))
shown = [word for _, word in sorted(zip(-freq, words, strict=True)) if len(pieces_of[word]) > 3][:3]
cuts = []
for word in shown:
    best = ge.segment(word + ge.END, *vocabulary).pieces or []
    cuts.append(f"BPE:  {' | '.join(pieces_of[word])}\nSWE:  {' | '.join(best)}")

figure, (left, right) = plt.subplots(1, 2, figsize=(9.6, 4.2), layout="constrained", width_ratios=(3, 2))
for (name, values), color in zip(nats.items(), (ORANGE, GRAY, BLUE), strict=True):
    left.plot(sizes, values, "o-", color=color, label=name)
left.set(xlabel="pieces beside the characters", ylabel="nats per character", xticks=sizes)
left.legend(frameon=False)
right.axis("off")
right.text(0, 0.95, "\n\n".join(cuts), family="monospace", va="top", fontsize=11, transform=right.transAxes)
right.set_title(f"three words, {sizes[-1]} pieces")
figure.suptitle("SWE makes a text likeliest by keeping its words whole", fontsize=14)

# %%
# Blocks: a random subset keeps the triangle
# ------------------------------------------
# One draw of distances serves all rows. Pushed together, what is visited is a staircase, a lower triangle again. On
# the right the error on random queries and keys with a bias of slope 0.05, which makes attention local: the harmonic
# law does better than blocks drawn evenly, and a window of no more blocks does better still.

n, B, d, slope = 512, 16, 16, 0.05
T = n // B
rng = stream(0, "tutorial", "blocks")
u = rng.uniform(size=T)
pi = np.asarray(ge.chances(T, c=2.0, like=LIKE))
takes = np.tile(u < pi, (T, 1))
i, j = np.indices((T, T))
there = (j <= i) & takes[i, np.clip(i - j, 0, None)]
pushed = np.arange(T) < there.sum(axis=1, keepdims=True)

place = np.arange(n)
bias = -slope * (place[:, None] - place[None, :])
errors: dict[str, list[tuple[float, float]]] = {"harmonic law": [], "window": [], "drawn evenly": []}
for c in (0.5, 1.0, 2.0, 4.0):
    for _ in range(4):
        q, k, v = rng.standard_normal((3, n, d))
        full = attend(q, k, v, mask=causal(n, like=q), bias=bias)
        draws = rng.uniform(size=(1, T))
        o, visited = ge.pr_attention(q, k, v, draws, block=B, slope=slope, c=c)
        most, found = int(visited.sum()), {"harmonic law": o}
        for name, deltas in (
            ("window", baselines.window(T, most)),
            ("drawn evenly", baselines.filled(rng.permutation(np.arange(1, T)), T, most)),
        ):
            fixed = baselines.draws(deltas, T, like=q)
            found[name], _ = ge.pr_attention(q, k, v, fixed, block=B, slope=slope, law="constant", c=0.5)
        for name, o in found.items():
            off = float(np.linalg.norm(o - full) / np.linalg.norm(full))
            errors[name].append((most / (T * (T + 1) / 2), off))

figure, panels = plt.subplots(1, 3, figsize=(10.4, 3.8), layout="constrained")
for axes, picture, title in zip(panels, (there, pushed), ("blocks that are visited", "pushed together"), strict=False):
    axes.imshow(picture, cmap="Blues", vmax=1.4)
    axes.set(title=title, xlabel="block of keys", ylabel="block of queries")
for (name, pairs), color, marker in zip(errors.items(), (BLUE, GREEN, ORANGE), "osD", strict=True):
    panels[2].plot(*np.array(pairs).T, marker, color=color, label=name, alpha=0.8)
panels[2].set(xlabel="share of the blocks", ylabel="relative error", yscale="log", title="slope 0.05")
panels[2].legend(frameon=False)
figure.suptitle("Near blocks are what counts: the window has them all", fontsize=14)

# %%
# The cache: bits where the attention is
# --------------------------------------
# 1,024 tokens, 16 segments. The staircase spends its bits on the newest. Where a bias makes attention local (right),
# its error is far below that of as many bits by turns; without a bias (left) the old tokens count as much as the new
# ones, and it is above. So it is with the blocks: what makes attention cheaper pays off where attention is local.

n, d, S, G = 1024, 32, 64, 32
rng = stream(0, "tutorial", "cache")
K = rng.standard_normal((n, d)) * np.exp(0.7 * rng.standard_normal(d))
K, V, q = K / np.sqrt(np.mean(K * K)), rng.standard_normal((n, d)), rng.standard_normal((64, d))
orders = {"staircase, 3.5 bits": baselines.staircase(n // S), "2 and 3 by turns, 3.5 bits": [2, 3] * (n // S // 2),
          "2 bits, 3.0": [2] * (n // S), "4 bits, 5.0": [4] * (n // S)}  # fmt: skip
age, slopes = np.arange(n)[::-1], (0.0, 0.002, 0.02)


def look(slope, keys, values):
    """Attention of the last queries."""
    return softmax(scaled_scores(q, keys) - slope * age) @ values


figure, (above, below) = plt.subplots(2, 1, figsize=(8.4, 6.4), layout="constrained", height_ratios=(1, 2))
for (name, bits), color in zip(list(orders.items())[:2], (BLUE, ORANGE), strict=True):
    above.step(np.arange(n // S + 1) * S, [*bits[::-1], bits[0]], where="post", color=color, label=name)
above.set(xlabel="age in tokens", ylabel="bits", yticks=(2, 4, 8))
above.legend(frameon=False)
for o, (name, bits) in enumerate(orders.items()):
    kept = [baselines.by_segment(x, bits, segment=S, group=G, axis=axis) for axis, x in enumerate((K, V))]
    offs = [np.linalg.norm(look(m, *kept) - look(m, K, V)) / np.linalg.norm(look(m, K, V)) for m in slopes]
    below.bar(np.arange(3) + 0.2 * (o - 1.5), offs, 0.19, color=(BLUE, ORANGE, GRAY, GREEN)[o], label=name)
below.set(xticks=range(3), ylabel="relative error of the attention", xlabel="slope of the bias")
below.set_xticklabels([f"{m:g}" for m in slopes])
below.set_ylim(0, 0.85)
below.legend(frameon=False, ncols=2, loc="upper right")
figure.suptitle("Few bits for old tokens pay off where attention fades with age, and there alone", fontsize=14)

finish("genai_engineering")
