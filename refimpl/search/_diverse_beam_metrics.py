"""How good and how various a list of sequences is: distinct n-grams, similarity to references, oracle."""

from collections import Counter
from itertools import pairwise

from refimpl.core import check
from refimpl.core.arrays import to_numpy


def sequences(tokens):
    """Rows as tuples, without the -1 at their ends; on the host.

    Examples
    --------
    >>> import numpy as np
    >>> sequences(np.array([[3, 1, -1], [-1, -1, -1]]))
    [(3, 1), ()]
    """
    check.integral(tokens=tokens), check.shapes(tokens=(tokens, "B T"))
    rows = to_numpy(tokens).tolist()
    if any(a < 0 <= b for row in rows for a, b in pairwise(row)) or min(map(min, rows)) < -1:
        raise ValueError("tokens must be >= 0, with -1 after the end of a row alone")
    return [tuple(token for token in row if token >= 0) for row in rows]


def _grams(row, n):
    return [row[i : i + n] for i in range(len(row) - n + 1)]


def distinct(tokens, n):
    """Distinct n-grams of a list, over the number of its words (Li et al., 2016).

    Parameters
    ----------
    tokens : array, shape [B, T], integers
        Sequences, -1 after their ends; they are taken to the host.
    n : int
        Words of an n-gram, >= 1.

    Returns
    -------
    float
        In [0, 1]: 1 if no word is ever repeated (n = 1).

    Raises
    ------
    TypeError, ValueError
        If an argument is no such thing, or no sequence has a word.

    Notes
    -----
    Equation (diverse_beam-18) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> [distinct(np.array([[1, 2, 3], [1, 2, 4]]), n) for n in (1, 2)]
    [0.6666666666666666, 0.5]
    """
    rows, n = sequences(tokens), check.integer(n=n, minimum=1)
    words = sum(map(len, rows))
    if not words:
        raise ValueError("tokens must hold a word")
    return len({gram for row in rows for gram in _grams(row, n)}) / words  # (diverse_beam-18)


def _f1(row, reference, n):
    """Clipped matches of n-grams, over the mean number of n-grams."""
    one, other = Counter(_grams(row, n)), Counter(_grams(reference, n))
    both = one.total() + other.total()
    return 2 * (one & other).total() / both if both else 0.0  # (diverse_beam-19)


def similarities(tokens, references):
    """Mean of the F1 of words and of bigrams of each sequence and each reference.

    Parameters
    ----------
    tokens, references : array, shapes [B, T] and [R, T'], integers
        Sequences, -1 after their ends; they are taken to the host.

    Returns
    -------
    list of list of float
        B lists of R numbers in [0, 1].

    Raises
    ------
    TypeError, ValueError
        If an argument is no such thing.

    Notes
    -----
    Equation (diverse_beam-19) of the documentation. Where neither has a bigram, it counts as 0.

    Examples
    --------
    >>> import numpy as np
    >>> similarities(np.array([[1, 2, 3]]), np.array([[1, 2, 3], [3, 1, 2]]))
    [[1.0, 0.75]]
    """
    rows, others = sequences(tokens), sequences(references)
    return [[(_f1(row, other, 1) + _f1(row, other, 2)) / 2 for other in others] for row in rows]


def oracle(tokens, references, k):
    """Mean over the references of the best similarity among the first k sequences: k = 1 is the top-1 metric.

    Parameters
    ----------
    tokens, references
        As for `similarities`.
    k : int
        In [1, B].

    Returns
    -------
    float
        In [0, 1].

    Raises
    ------
    TypeError, ValueError
        If an argument is no such thing.

    Notes
    -----
    Equation (diverse_beam-20) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> found, said = np.array([[1, 2, 3], [3, 1, 2]]), np.array([[1, 2, 3], [3, 1, 2]])
    >>> oracle(found, said, 1), oracle(found, said, 2)
    (0.875, 1.0)
    """
    table = similarities(tokens, references)
    k = check.integer(k=k, minimum=1, below=len(table) + 1)
    return sum(map(max, zip(*table[:k], strict=True))) / len(table[0])  # (diverse_beam-20)
