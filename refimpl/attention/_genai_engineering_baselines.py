"""What the proposals are compared with at equal cost: windows and random blocks, other orders of bits."""

import numpy as np

from refimpl.attention import genai_engineering as ge
from refimpl.core import check
from refimpl.core.arrays import array_namespace, from_numpy, to_numpy


def visits(deltas, T):
    """Blocks that are visited where these distances take part.

    Examples
    --------
    >>> visits([0, 2], 4)
    6
    """
    T = check.integer(T=T, minimum=1, below=2**31)
    return sum(T - delta for delta in _distances(deltas, T))


def _distances(deltas, T):
    check.sequence(deltas=deltas)
    deltas = [check.integer(deltas=delta) for delta in deltas]
    if any(delta >= T for delta in deltas):
        raise ValueError(f"deltas must be below the number of blocks, {T}, got {max(deltas)}")
    return deltas


def window(T, most):
    """The nearest distances, as many as keep the visits at or below a number.

    Examples
    --------
    >>> window(4, 8)
    [0, 1]
    """
    T = check.integer(T=T, minimum=1, below=2**31)
    return filled([*range(1, T)], T, most, stop=True) if T > 1 else [0]


def filled(order, T, most, *, stop=False):
    """Distance 0, and others in a given order as long as the visits stay at or below a number.

    Parameters
    ----------
    order : sequence of int
        Distances.
    T, most : int
        Number of blocks, and of visits.
    stop : bool, default: False
        Whether the first that is too much is the end; else it is left out, and a farther one may do.

    Examples
    --------
    >>> filled([1, 3, 2], 4, 6), filled([1, 3, 2], 4, 6, stop=True)
    ([0, 3], [0])
    """
    T, most = check.integer(T=T, minimum=1, below=2**31), check.integer(most=most)
    check.sequence(order=order), check.flag(stop=stop)
    chosen = [0]
    for delta in _distances([int(check.integer(order=delta)) for delta in order], T):
        if visits([*chosen, delta], T) <= most:
            chosen.append(delta)
        elif stop:
            break
    return sorted(chosen)


def draws(deltas, T, *, like):
    """Draws with which `pr_attention` with law="constant" and c=0.5 takes these distances, [1, T].

    Examples
    --------
    >>> draws([0, 2], 4, like=np.zeros(1))
    array([[0.  , 0.75, 0.  , 0.75]])
    """
    T = check.integer(T=T, minimum=1, below=2**31)
    deltas = _distances(deltas, T)
    check.floating(like=like)
    return from_numpy([[0.0 if delta in deltas else 0.75 for delta in range(T)]], like=like)


def seen(takes, block):
    """Who may look at whom, [n, n], where blocks [T, T] (by row and distance) take part.

    Examples
    --------
    >>> seen(np.array([[True, False], [True, False]]), 2).astype(int)
    array([[1, 0, 0, 0],
           [1, 1, 0, 0],
           [0, 0, 1, 0],
           [0, 0, 1, 1]])
    """
    check.instance(np.ndarray, takes=takes), check.shapes(takes=(takes, "T T"))
    if takes.dtype != bool:
        raise TypeError(f"takes must be an array of bool, got {takes.dtype}")
    n = len(takes) * check.integer(block=block, minimum=1, below=2**31)
    i, j = np.arange(n)[:, None], np.arange(n)[None, :]
    row, gap = i // block, i // block - j // block
    return (j <= i) & takes[row, np.clip(gap, 0, None)]


def by_segment(x, bits, *, segment, group, axis):
    """Each segment quantised once with its own bits.

    Parameters
    ----------
    x : array, shape [n, d]
        Keys (axis 0) or values (axis 1), the oldest first; or many such one after another.
    bits : list of int
        Of each segment of a sequence, the oldest first.
    segment, group, axis
        As for `saq_step` and `quantise`.

    Returns
    -------
    array, shape [n, d]

    Examples
    --------
    >>> x = np.array([[0.0], [1.0], [0.4], [0.0], [1.0], [0.4]])
    >>> by_segment(x, [1, 8], segment=3, group=3, axis=0)[:, 0].round(6)
    array([0. , 1. , 0. , 0. , 1. , 0.4])
    """
    check.finite(x=x), check.shapes(x=(x, "n d"))
    segment, bits = check.integer(segment=segment, minimum=1), _checked_bits(bits)
    xp, n = array_namespace(x), x.shape[0]
    if n % (segment * len(bits)):
        raise ValueError(f"bits must have an entry for each segment, got {len(bits)} for {n} rows")
    of_row = np.tile(np.repeat(bits, segment), n // (segment * len(bits)))
    found = x
    for b in sorted(set(bits)):
        values = ge.dequantise(ge.quantise(x, bits=int(b), group=group, axis=axis))
        found = xp.where(from_numpy((of_row == b)[:, None], like=x), values, found)
    return found


def staircase(segments, bits=(16, 8, 4, 2)):
    """Bits of each segment of a full cache, the oldest first.

    Examples
    --------
    >>> staircase(5)
    [2, 2, 2, 4, 8]
    """
    segments, bits = check.integer(segments=segments), _checked_bits(bits)
    return [bits[min(i, len(bits) - 1)] for i in range(segments, 0, -1)]


def _checked_bits(bits):
    check.sequence(bits=bits)
    return [check.integer(bits=b, minimum=1) for b in bits]


def random_search(rng, score, sizes, count):
    """The best of so many settings that are drawn evenly."""
    check.rng(rng=rng), check.function(score=score), check.sequence(sizes=sizes)
    sizes, count = (
        [check.integer(sizes=n, minimum=1) for n in sizes],
        check.integer(count=count, minimum=1, below=2**31),
    )
    settings = rng.integers(0, np.array(sizes), (count, len(sizes)))
    return max(score(setting) for setting in settings.tolist())


def neighbours(U, topics, count=5):
    """Share of the nearest words, by cosine, that are of the same topic.

    Examples
    --------
    >>> neighbours(np.array([[1.0, 0], [2.0, 0.1], [0, 1.0], [0.1, 3.0]]), np.array([0, 0, 1, 1]), 1)
    1.0
    """
    check.finite(U=U), check.integral(topics=topics), check.shapes(U=(U, "V d"), topics=(topics, "V"))
    count, U, topics = check.integer(count=count, minimum=1), to_numpy(U), to_numpy(topics)
    unit = U / np.maximum(np.sqrt(np.sum(U * U, axis=1, keepdims=True)), 1e-12)
    cosine = unit @ unit.T
    np.fill_diagonal(cosine, -2.0)
    nearest = np.argsort(-cosine, axis=1, kind="stable")[:, :count]
    return float(np.mean(topics[nearest] == topics[:, None]))
