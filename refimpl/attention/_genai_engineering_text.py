"""Texts, and how well pieces of words compress them, for the claims on sub-words."""

import pydoc_data.topics
import re
from collections import Counter

import numpy as np

from refimpl.attention import genai_engineering as ge
from refimpl.core import check
from refimpl.core.arrays import from_numpy

LETTERS = "abcdefghijklmnopqrstuvwxyz"


def topics():
    """The help texts of Python's own library in lower case, in the order of their names.

    They change a little from one release of Python to the next.

    Returns
    -------
    list of str

    Examples
    --------
    >>> len(topics()) > 50, " if " in topics()[0]
    (True, True)
    """
    texts = pydoc_data.topics.topics
    return [texts[name].lower() for name in sorted(texts)]


def counted(texts, most):
    """The first words of some texts, and how often each occurs.

    Parameters
    ----------
    texts : list of str
        In their order.
    most : int
        Words that are taken; a word is of the letters a to z.

    Returns
    -------
    words : list of str
        The different ones, sorted.
    freq : numpy.ndarray of int64

    Examples
    --------
    >>> counted(["a b, a", "c"], 3)
    (['a', 'b'], array([2, 1]))
    """
    check.sequence(texts=texts), check.instance(str, **{f"texts[{i}]": text for i, text in enumerate(texts)})
    most = check.integer(most=most, below=2**31)
    found = Counter(re.findall("[a-z]+", " ".join(texts))[:most])
    words = sorted(found)
    return words, np.array([found[word] for word in words])


def characters(words, freq):
    """Symbols of a text, with an end of each word."""
    freq = ge._checked_text(words, freq)
    return sum(f * (len(word) + 1) for word, f in zip(words, freq, strict=True))


def smoothed(pieces, counts, more, *, like):
    """Pieces that occur, all letters and the end symbol, each with so much more than it was counted.

    Examples
    --------
    >>> found = smoothed(["ab"], [3], 0.5, like=np.zeros(1))
    >>> len(found.pieces), round(float(found.p[0]), 4)
    (28, 0.2059)
    """
    check.sequence(pieces=pieces), check.floating(like=like)
    check.instance(str, **{f"pieces[{i}]": piece for i, piece in enumerate(pieces)})
    more, counts = check.positive(more=more), _counts(counts)
    if len(counts) != len(pieces):
        raise ValueError(f"counts must be as many as pieces, {len(pieces)}, got {len(counts)}")
    tally = dict.fromkeys([*pieces, *LETTERS, ge.END], 0.0)
    for piece, c in zip(pieces, counts, strict=True):
        tally[piece] += c
    data = np.array([*tally.values()]) + more
    return ge.Vocabulary([*tally], from_numpy(data / data.sum(), like=like))


def costs(words, vocabulary):
    """Cost of the best way to cut each word, in nats: [W].

    Examples
    --------
    >>> pieces = ge.Vocabulary(["a", "b", "_", "ab_"], np.array([0.25, 0.25, 0.25, 0.125]))
    >>> costs(["a", "ab"], pieces) / np.log(2)
    array([4., 3.])
    """
    check.sequence(words=words), check.instance(str, **{f"words[{i}]": word for i, word in enumerate(words)})
    check.instance(ge.Vocabulary, vocabulary=vocabulary)
    return np.array([float(ge.segment(word + ge.END, *vocabulary).cost) for word in words])


def tallied(split, freq):
    """Pieces of words that were cut already, and how often each occurs."""
    check.sequence(split=split), check.instance((list, tuple), **{f"split[{i}]": row for i, row in enumerate(split)})
    freq = ge._checked_text(["".join(row) for row in split], freq)
    found: Counter = Counter()
    for pieces, f in zip(split, freq, strict=True):
        for piece in pieces:
            found[piece] += f
    return list(found), np.array([*found.values()], dtype=float)


def entropy(counts, length):
    """Nats per character of a text whose pieces are counted, under their own frequencies."""
    counts, length = _counts(counts), check.positive(length=length)
    p = counts / counts.sum()
    return float(-np.sum(counts * np.log(p)) / length)


def _counts(counts):
    """Numbers > 0 as a vector of NumPy."""
    check.sequence(counts=counts)
    return np.array([float(check.positive(counts=c)) for c in counts])
