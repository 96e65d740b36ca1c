"""pip subword-nmt: learning the merges of byte-pair encoding."""

import io

import numpy as np
from subword_nmt.learn_bpe import learn_bpe

from refimpl.oracle.candidates import NotApplicable


def merges(words, freq, M, rule):
    """With a least frequency of 1; the mark of the end of a word is put behind the end symbol _."""
    if rule != "bpe":
        raise NotApplicable("it has byte-pair encoding")
    texts = ["".join(chr(c) for c in word if c >= 0) for word in words]
    if any(t.split() != [t] or "_" in t for t in texts):
        raise NotApplicable("words are told apart by spaces")
    told = io.StringIO()
    listed = [f"{t}_ {int(count)}" for t, count in zip(texts, freq, strict=True)]
    learn_bpe(listed, told, int(M), min_frequency=1, is_dict=True)
    pairs = [line.replace("</w>", "").split(" ") for line in told.getvalue().splitlines()[1:]]
    left, right = (np.full((M, words.shape[1] + 1), -1) for _ in range(2))
    for i, pair in enumerate(pairs):
        for row, text in zip((left[i], right[i]), pair, strict=True):
            row[: len(text)] = [ord(c) for c in text]
    return {"left": left, "right": right}
