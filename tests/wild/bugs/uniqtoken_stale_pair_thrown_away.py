"""A pair whose entry in the heap has an old count is thrown away, though it still occurs in other words."""

import heapq
from collections import Counter
from itertools import pairwise

import numpy as np

from refimpl.oracle.candidates import NotApplicable
from tests.wild import Bug

BUG = Bug(
    project="UniqToken",
    link="https://github.com/umran666/UniqToken/issues/8",
    date="2026-09",
    operation="genai_engineering.merges",
    kind="missing_step",
)


def downwards(text):
    """Sorts before what `text` sorts after."""
    return (*(-ord(letter) for letter in text), 1)


class BPETrainer:
    def __init__(self, words, freqs):
        self.words, self.freqs = words, freqs
        self.pair_counts = Counter()
        for syms, freq in zip(words, freqs, strict=True):
            for pair in pairwise(syms):
                self.pair_counts[pair] += freq
        self.heap = [self.entry(pair) for pair in self.pair_counts]
        heapq.heapify(self.heap)

    def entry(self, pair):
        return -self.pair_counts[pair], downwards(pair[0]), downwards(pair[1]), pair

    def pop(self):
        while self.heap:
            neg_f, _, _, pair = heapq.heappop(self.heap)
            cur_f = self.pair_counts[pair]
            if cur_f == -neg_f and cur_f > 0:
                return pair
            if cur_f > 0:  # was:
                heapq.heappush(self.heap, self.entry(pair))  # was:
        return None

    def merge(self, pair):
        for w, (syms, freq) in enumerate(zip(self.words, self.freqs, strict=True)):
            if pair not in list(pairwise(syms)):
                continue
            for old in pairwise(syms):
                self.pair_counts[old] -= freq
            new_syms, i = [], 0
            while i < len(syms):
                taken = 2 if tuple(syms[i : i + 2]) == pair else 1
                new_syms.append("".join(syms[i : i + taken]))
                i += taken
            self.words[w] = new_syms
            for new in pairwise(new_syms):
                self.pair_counts[new] += freq
            for new in set(pairwise(new_syms)):
                heapq.heappush(self.heap, self.entry(new))


def answer(words, freq, M, rule):
    if rule != "bpe":
        raise NotApplicable("pairs by their count")
    spelled = [[chr(int(code)) for code in word if code >= 0] + ["_"] for word in words]
    trainer = BPETrainer(spelled, [int(f) for f in freq])
    left, right = (np.full((int(M), words.shape[1] + 1), -1) for _ in range(2))
    for m in range(int(M)):
        if (pair := trainer.pop()) is None:
            break
        for row, text in zip((left[m], right[m]), pair, strict=True):
            row[: len(text)] = [ord(letter) for letter in text]
        trainer.merge(pair)
    ends = np.zeros((len(words), words.shape[1] + 1), int)
    for row, syms in zip(ends, trainer.words, strict=True):
        row[np.cumsum([len(piece) for piece in syms]) - 1] = 1
    return left, right, ends
