"""Five proposals for parts of a language model (Li, 2024, arXiv:2410.18441).

Sub-word pieces that maximise the likelihood of the training words, by shortest paths (SWE); hyper-parameters by the
cross-entropy method (CEHPO); rotary positions with a linear bias of harmonic slopes; attention to a random subset of
blocks (PrFlashAttention); and a cache of keys and values that is quantised in a staircase of age (SAQ). The paper
proposes and reports no experiment. What it leaves open is this project's reading, and is called *reconstructed*: the
estimation of the vocabulary, how the two codes of positions are put together, the law over distances of blocks.
"""

import math
from collections import Counter
from itertools import pairwise
from typing import NamedTuple

from refimpl.core import check
from refimpl.core.arrays import Array, array_namespace, device, from_numpy, to_numpy
from refimpl.core.special import sigmoid, xlogy
from refimpl.models.attention import causal, rotate, scaled_scores, softmax

END = "_"  # end of a word, a symbol of its own
PSEUDO = 0.01  # count that each character has beside those in the text

# Sub-words -----------------------------------------------------------------------------------------------------------


class Segmentation(NamedTuple):
    """A word cut into pieces."""

    pieces: list | None  # of str, in their order; None: there is no way with so few pieces
    cost: Array  # 0-d, minus the sum of log p; inf: there is none
    table: Array  # [k + 1, n + 1] D_r(j): least cost of the first j symbols in at most r pieces


class Vocabulary(NamedTuple):
    """Pieces and how probable they are."""

    pieces: list  # of str, m of them
    p: Array  # [m] probabilities


class EMStep(NamedTuple):
    """What a round of hard EM finds."""

    p: Array  # [m] new probabilities; 0: the piece leaves
    counts: Array  # [m] how often each piece occurs, on which p rests
    before: Array  # 0-d, J of these segmentations under the old probabilities
    after: Array  # 0-d, under the new ones


def _ended(words):
    return [word + END for word in words]  # (genai_engineering-1)


def _checked_text(words, freq):
    """Words, and their frequencies as Python integers, read on the host."""
    check.sequence(words=words), check.integral(freq=freq)
    check.shapes(freq=(freq, f"{len(words)}"))
    for word in words:
        check.instance(str, words=word)
    if "" in words:
        raise ValueError("words must have a character each, got an empty one")
    freq = to_numpy(freq).tolist()
    if min(freq) < 1:
        raise ValueError(f"freq must be >= 1, got {min(freq)}")
    return freq


def _checked_pieces(pieces, p):
    check.sequence(pieces=pieces), check.finite(p=p), check.shapes(p=(p, f"{len(pieces)}"))
    for piece in pieces:
        check.instance(str, pieces=piece)
    if "" in pieces or len(set(pieces)) < len(pieces):
        raise ValueError("pieces must be different and have a character each, got one twice or an empty one")
    xp = array_namespace(p)
    if not bool(xp.all((p > 0) & (p <= 1))):
        raise ValueError(f"p must be in (0, 1], got values from {float(xp.min(p))} to {float(xp.max(p))}")


def merges(words, freq, *, count, rule="bpe"):
    """Byte-pair encoding, or WordPiece: the same loop with another score.

    Parameters
    ----------
    words : list of str
        The different words, without the end symbol; at least one character each.
    freq : array, shape [W], integers
        How often each occurs, >= 1. Read on the host: words are no arrays.
    count : int
        M >= 0, the most merges; there are fewer where no pair is left.
    rule : {"bpe", "wordpiece"}, default: "bpe"
        Whether the most frequent pair is merged, or that with the largest c(ab) / (c(a) c(b)).

    Returns
    -------
    pairs : list of (str, str)
        What was merged, in its order.
    split : list of tuple of str
        The words in the end, with the end symbol.

    Raises
    ------
    TypeError, ValueError
        If `words`, `freq` or an option are no such things.

    Notes
    -----
    Equations (genai_engineering-1) to (genai_engineering-5) of the documentation. Of equal scores the largest pair
    is taken, compared as a tuple of strings.

    Examples
    --------
    >>> import numpy as np
    >>> merges(["abab", "ab"], np.array([1, 2]), count=2)
    ([('a', 'b'), ('ab', '_')], [('ab', 'ab_'), ('ab_',)])
    """
    freq, count = _checked_text(words, freq), check.integer(count=count)
    check.choice(("bpe", "wordpiece"), rule=rule)
    made: list[tuple[str, str]] = []
    split = [tuple(word) for word in _ended(words)]
    while len(made) < count:
        pairs: Counter = Counter()
        single: Counter = Counter()
        for word, f in zip(split, freq, strict=True):
            for pair in pairwise(word):
                pairs[pair] += f  # (genai_engineering-2)
            for symbol in word:
                single[symbol] += f
        if not pairs:
            break
        if rule == "bpe":
            score = dict(pairs)  # (genai_engineering-3)
        else:
            score = {(a, b): c / (single[a] * single[b]) for (a, b), c in pairs.items()}  # (genai_engineering-4)
        best = max(score, key=lambda pair: (score[pair], pair))  # (genai_engineering-5)
        split = [_merged(word, best) for word in split]
        made.append(best)
    return made, split


def _merged(word, pair):
    """A word with this pair made one wherever it stands, from left to right."""
    out, i = [], 0
    while i < len(word):
        width = 2 if word[i : i + 2] == pair else 1
        out.append("".join(word[i : i + width]))
        i += width
    return tuple(out)


def _places(words, pieces):
    """Which piece each part of each word is, [W, n + 1, n + 1] in lists: -1 where it is none."""
    number, ends = {piece: s for s, piece in enumerate(pieces)}, range(max(map(len, words)) + 1)
    return [[[number.get(word[i:j], -1) if j <= len(word) else -1 for j in ends] for i in ends] for word in words]


def _lengths(places, p):
    """Lengths of the edges [W, n + 1, n + 1] between the gaps of each word."""
    xp = array_namespace(p)
    places = from_numpy(places, like=p)
    each = -xp.log(p)  # (genai_engineering-6)
    found = xp.reshape(xp.take(each, xp.reshape(xp.clip(places, min=0), (-1,))), places.shape)
    return xp.where(places >= 0, found, math.inf)


def _shortest(lengths, k):
    """Bellman-Ford in k rounds: costs D [k + 1, W, n + 1], and where the last piece begins if the way is new, or -1."""
    xp = array_namespace(lengths)
    at_start = xp.arange(lengths.shape[-1], device=device(lengths)) == 0
    costs = xp.where(at_start, xp.zeros_like(lengths[:, 0, :]), math.inf)  # (genai_engineering-7)
    every, begins = [costs], [xp.full(costs.shape, -1, dtype=xp.int64, device=device(lengths))]
    for _ in range(k):
        there = (costs[:, :, None] < math.inf) & (lengths < math.inf)
        ways = xp.where(there, costs[:, :, None] + lengths, math.inf)  # (genai_engineering-8)
        best, begin = xp.min(ways, axis=1), xp.argmin(ways, axis=1)
        begins.append(xp.where(best < costs, xp.astype(begin, xp.int64), -1))
        costs = xp.where(best < costs, best, costs)  # (genai_engineering-9)
        every.append(costs)
    return xp.stack(every), xp.stack(begins)


def _cuts(begins, j):
    """Ends (i, j) of the pieces of one word [k + 1, n + 1], from its last round back."""
    cuts = []
    for row in begins[::-1]:
        if row[j] >= 0:
            cuts.append((int(row[j]), j))
            j = int(row[j])
    return cuts[::-1]


def segment(word, pieces, p, *, k=None):
    """The most probable way to cut a word into at most k pieces: a shortest path of k steps.

    Parameters
    ----------
    word : str
        With its end symbol, if it has one; may be empty.
    pieces : list of str
        The vocabulary: m different pieces of at least one character.
    p : array, shape [m], floating point
        Their probabilities, in (0, 1].
    k : int, optional
        The most pieces, >= 1; default: as many as the word has symbols.

    Returns
    -------
    Segmentation
        Of equal ways that with fewer pieces, then that whose last piece begins first.

    Raises
    ------
    TypeError, ValueError
        If an argument is no such thing.

    Notes
    -----
    Equations (genai_engineering-6) to (genai_engineering-9) of the documentation. Exact for given p. The table is
    read on the host once, to follow the path.

    Examples
    --------
    >>> import numpy as np
    >>> pieces, p = ["a", "b", "ab", "abb", "_", "b_"], np.array([0.2, 0.1, 0.05, 0.02, 0.3, 0.1])
    >>> found = segment("abb_", pieces, p)
    >>> found.pieces, round(float(found.cost), 10)
    (['abb', '_'], 5.1159958098)
    >>> print(segment("abb_", pieces, p, k=1).pieces)
    None
    """
    check.instance(str, word=word), _checked_pieces(pieces, p)
    k = max(1, len(word)) if k is None else check.integer(k=k, minimum=1, below=2**31)
    every, begins = _shortest(_lengths(_places([word], pieces), p), k)
    table = every[:, 0, :]
    cost = table[k, len(word)]
    possible = float(cost) < math.inf
    found = [word[i:j] for i, j in _cuts(to_numpy(begins)[:, 0, :], len(word))] if possible else None
    return Segmentation(found, array_namespace(table).asarray(cost), table)


def em_step(words, freq, pieces, p):
    """A round of hard EM [reconstructed]: cut all words in the best way, then count.

    Parameters
    ----------
    words, freq
        As for `merges`.
    pieces, p
        As for `segment`; every word can be cut.

    Returns
    -------
    EMStep
        Neither value falls from one round to the next.

    Raises
    ------
    TypeError, ValueError
        If an argument is no such thing, a word cannot be cut, or no piece is a single character.

    Notes
    -----
    Equations (genai_engineering-10) and (genai_engineering-11) of the documentation. Each character counts `PSEUDO`
    more than it occurs, so that it never leaves and the probabilities add up to 1. Paths are followed on the host.

    Examples
    --------
    >>> import numpy as np
    >>> step = em_step(["ab"], np.array([3]), ["a", "b", "_", "ab"], np.array([0.3, 0.3, 0.2, 0.2]))
    >>> step.p.round(4), bool(step.after >= step.before)
    (array([0.0017, 0.0017, 0.4992, 0.4975]), True)
    """
    freq = _checked_text(words, freq)
    _checked_pieces(pieces, p)
    words = _ended(words)
    return _em(words, freq, pieces, p, _places(words, pieces))[0]


def _em(words, freq, pieces, p, places):
    """The step, and the cuts of each word."""
    _, begins = _shortest(_lengths(places, p), max(map(len, words)))
    begins, tally, cut = to_numpy(begins), [0.0] * len(pieces), []
    for w, (word, f) in enumerate(zip(words, freq, strict=True)):
        cut.append(_cuts(begins[:, w, :], len(word)))
        if not cut[-1]:
            raise ValueError(f"pieces must cover every word, got {word!r} that they do not")
        for i, j in cut[-1]:
            tally[places[w][i][j]] += f
    xp, counts = array_namespace(p), from_numpy(tally, like=p)
    single = from_numpy([float(len(piece) == 1) for piece in pieces], like=p)
    if not float(xp.sum(single)):
        raise ValueError("pieces must have one of a single character, got none")
    data = counts + PSEUDO * single
    new = data / xp.sum(data)  # (genai_engineering-10)
    value = lambda p: xp.sum(xlogy(data, p))  # (genai_engineering-11)
    return EMStep(new, counts, value(p), value(new)), cut


def candidates(words, freq, *, longest=12, like):
    """Every part of a word that occurs at least twice, and every character [reconstructed].

    Parameters
    ----------
    words, freq
        As for `merges`.
    longest : int, default: 12
        The most symbols of a piece, >= 1.
    like : array
        Whose library, floating dtype and device to take.

    Returns
    -------
    Vocabulary
        In the order of the strings, as probable as they are frequent.

    Raises
    ------
    TypeError, ValueError
        As `merges`, or if `longest` or `like` is no such thing.

    Notes
    -----
    Equation (genai_engineering-12) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> found = candidates(["ab", "b"], np.array([2, 1]), like=np.zeros(1))
    >>> found.pieces, found.p.round(3)
    (['_', 'a', 'ab', 'ab_', 'b', 'b_'], array([0.2  , 0.133, 0.133, 0.133, 0.2  , 0.2  ]))
    """
    freq, longest = _checked_text(words, freq), check.integer(longest=longest, minimum=1)
    check.floating(like=like)
    counts: Counter = Counter()
    for word, f in zip(_ended(words), freq, strict=True):
        for i in range(len(word)):
            for j in range(i + 1, min(len(word), i + longest) + 1):
                counts[word[i:j]] += f
    pieces = sorted(s for s, c in counts.items() if c >= 2 or len(s) == 1)
    c = from_numpy([float(counts[s]) for s in pieces], like=like)
    return Vocabulary(pieces, c / array_namespace(c).sum(c))  # (genai_engineering-12)


def _removal(pieces, p, counts):
    """What the likelihood loses with each piece; infinite for characters and what nothing else covers."""
    xp, single = array_namespace(p), [len(piece) == 1 for piece in pieces]
    places = _places(pieces, pieces)
    for s, piece in enumerate(pieces):
        places[s][0][len(piece)] = -1
    every, _ = _shortest(_lengths(places, p), max(map(len, pieces)))
    ends = from_numpy([len(piece) for piece in pieces], like=p)
    again = xp.take_along_axis(every[-1, ...], ends[:, None], axis=1)[:, 0]
    kept = from_numpy(single, like=p) | (again == math.inf)
    loss = counts * (xp.log(p) + xp.where(kept, 0.0, again))  # (genai_engineering-13)
    return xp.where(kept, math.inf, loss)


def fit(words, freq, *, size, longest=12, like):
    """A vocabulary of at most so many pieces [reconstructed]: EM on all candidates, and the least useful leave.

    Parameters
    ----------
    words, freq, longest, like
        As for `candidates`.
    size : int
        V, the most pieces, characters among them.

    Returns
    -------
    Vocabulary
        In the order of the strings. A local optimum: only the cuts are best for it.

    Raises
    ------
    TypeError, ValueError
        As `candidates`, or if there are more than `size` characters.

    Notes
    -----
    Equations (genai_engineering-6) to (genai_engineering-13) of the documentation. While there are too many, two
    rounds of EM, then the max(V, 0.75 m) pieces stay that would be missed most; in the end EM until no cut changes.

    Examples
    --------
    >>> import numpy as np
    >>> found = fit(["low", "lower", "slow"], np.array([5, 2, 3]), size=9, like=np.zeros(1))
    >>> [(piece, round(float(p), 2)) for piece, p in zip(*found) if len(piece) > 1]
    [('low_', 0.61), ('lower_', 0.15)]
    """
    size = check.integer(size=size, minimum=1)
    pieces, p = candidates(words, freq, longest=longest, like=like)
    freq, words = _checked_text(words, freq), _ended(words)
    characters = sum(len(piece) == 1 for piece in pieces)
    if characters > size:
        raise ValueError(f"size must be at least the number of characters, {characters}, got {size}")
    while len(pieces) > size:
        for _ in range(2):
            step, _ = _em(words, freq, pieces, p, _places(words, pieces))
            pieces, p, counts = _those(_positive(step.p), pieces, step.p, step.counts)
        loss = to_numpy(_removal(pieces, p, counts)).tolist()
        order = sorted(range(len(pieces)), key=lambda s: (-loss[s], pieces[s]))
        stays = sorted(order[: max(size, math.floor(0.75 * len(pieces)))])
        pieces, p = _those(stays, pieces, p)
        p = p / array_namespace(p).sum(p)
    cut = None
    while True:
        step, found = _em(words, freq, pieces, p, _places(words, pieces))
        pieces, p = _those(_positive(step.p), pieces, step.p)
        if found == cut:
            return Vocabulary(pieces, p)
        cut = found


def _those(stays, pieces, *arrays):
    """The pieces of these numbers, with what is known of them."""
    index = from_numpy(stays, like=arrays[0])
    return [pieces[s] for s in stays], *(array_namespace(x).take(x, index) for x in arrays)


def _positive(p):
    """Numbers of the pieces that do not leave."""
    return [s for s, x in enumerate(to_numpy(p).tolist()) if x > 0]


# Hyper-parameters ----------------------------------------------------------------------------------------------------


class Search(NamedTuple):
    """What the cross-entropy method has found."""

    P: Array  # [H, n] laws of the hyper-parameters
    best: list  # of int [H], the best setting ever seen
    score: float  # of it
    means: list  # of float, mean score of each population


def ce_update(P, X, scores, *, elite=0.2, smoothing=0.7):
    """Move the law of each hyper-parameter towards the values of the best settings.

    Parameters
    ----------
    P : array, shape [H, n], floating point
        Row h: the law of hyper-parameter h over its values, of sum 1; 0 where it has fewer than n.
    X : array, shape [N, H], integers
        Settings that were tried, by the numbers of their values.
    scores : array, shape [N], like `P`
        How good they were, the larger the better.
    elite : float, default: 0.2
        rho in (0, 1]: the ceil(rho N) best count, of equal ones those that were drawn first; what is within 1e-5 above
        a whole number is that number.
    smoothing : float, default: 0.7
        alpha in (0, 1], how far the law moves.

    Returns
    -------
    array, shape [H, n]
        alpha times the frequencies among the best, and 1 - alpha times P.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, something is not finite, no law, no value, or out of range.

    Notes
    -----
    Equations (genai_engineering-14) to (genai_engineering-16) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.array([[0], [1], [2], [1], [0]])
    >>> ce_update(np.array([[0.5, 0.3, 0.2]]), X, np.array([1.0, 3.0, 3.0, 2.0, 0.0]), elite=0.4)
    array([[0.15, 0.44, 0.41]])
    """
    check.finite(P=P, scores=scores), check.alike_dtype(P=P, scores=scores), check.integral(X=X)
    shape = check.shapes(P=(P, "H n"), X=(X, "N H"), scores=(scores, "N"))
    check.no_negative(P=P), check.indices(shape["n"], X=X)
    elite, smoothing = check.share(elite=elite, smoothing=smoothing)
    xp = array_namespace(P, X, scores)
    if not bool(xp.all(xp.abs(xp.sum(P, axis=1) - 1) < 1e-5)):
        raise ValueError(f"P must have rows of sum 1, got sums from {float(xp.min(xp.sum(P, axis=1)))}")
    count = math.ceil(elite * shape["N"] - 1e-5)  # (genai_engineering-14)
    best = xp.argsort(scores, descending=True, stable=True)[:count]
    one_hot = xp.take(X, best, axis=0)[:, :, None] == xp.arange(shape["n"], device=device(P))
    frequencies = xp.sum(xp.astype(one_hot, P.dtype), axis=0) / count  # (genai_engineering-15)
    return smoothing * frequencies + (1 - smoothing) * P  # (genai_engineering-16)


def draw(P, u):
    """Settings from uniform draws.

    Parameters
    ----------
    P : array, shape [H, n], floating point
        As for `ce_update`.
    u : array, shape [N, H], like `P`
        Draws in [0, 1).

    Returns
    -------
    array, shape [N, H], int64
        The values whose shares of [0, 1) the draws hit.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, or a draw is outside [0, 1).

    Examples
    --------
    >>> import numpy as np
    >>> draw(np.array([[0.5, 0.25, 0.25]]), np.array([[0.0], [0.49], [0.5], [0.99]]))[:, 0]
    array([0, 0, 1, 2])
    """
    check.finite(P=P), check.uniforms(u=u), check.alike_dtype(P=P, u=u), check.shapes(P=(P, "H n"), u=(u, "N H"))
    xp = array_namespace(P, u)
    ends = xp.cumulative_sum(P, axis=1)
    return xp.sum(xp.astype(ends[None, :, :] <= u[:, :, None] * ends[:, -1:], xp.int64), axis=-1)


def cross_entropy(
    rng, score, sizes, *, population=20, elite=0.2, smoothing=0.7, rounds=20, patience=5, sure=1e-2, like
):
    """Search a grid by the cross-entropy method [the paper's Fig. 3 by name; steps reconstructed].

    Parameters
    ----------
    rng : numpy.random.Generator
        Where settings are drawn from.
    score : callable
        ``score(setting) -> float``, of a list of numbers of values; the larger the better.
    sizes : list of int
        Number of values of each hyper-parameter.
    population : int, default: 20
        N settings a round.
    elite, smoothing
        As for `ce_update`.
    rounds : int, default: 20
        The most rounds.
    patience : int, default: 5
        Ends when the worst of the best has had the same score in so many rounds.
    sure : float, default: 0.01
        Ends when no law has more entropy than this.
    like : array
        Whose library, floating dtype and device to take.

    Returns
    -------
    Search
        See there.

    Raises
    ------
    TypeError, ValueError
        If an argument is no such thing, or a score is not finite.

    Examples
    --------
    >>> import numpy as np
    >>> found = cross_entropy(np.random.default_rng(0), lambda x: -abs(x[0] - 3) - x[1], [6, 6], like=np.zeros(1))
    >>> found.best, found.score
    ([3, 0], 0.0)
    """
    check.rng(rng=rng), check.function(score=score), check.sequence(sizes=sizes), check.floating(like=like)
    sizes = [check.integer(sizes=n, minimum=1, below=2**31) for n in sizes]
    population, rounds, patience = check.integer(population=population, rounds=rounds, patience=patience, minimum=1)
    elite, smoothing = check.share(elite=elite, smoothing=smoothing)
    sure = check.nonnegative(sure=sure)
    laws = [[(v < n) / n for v in range(max(sizes))] for n in sizes]
    P, best, most, means, levels = from_numpy(laws, like=like), [], -math.inf, [], []
    for _ in range(rounds):
        X = draw(P, from_numpy(rng.uniform(size=(population, len(sizes))), like=P))
        settings = to_numpy(X).tolist()
        found = [check.number(**{"what score returns": score(setting)}) for setting in settings]
        if max(found) > most:
            most, best = max(found), settings[found.index(max(found))]
        P = ce_update(P, X, from_numpy(found, like=P), elite=elite, smoothing=smoothing)
        means.append(sum(found) / population)
        levels.append(sorted(found, reverse=True)[math.ceil(elite * population - 1e-5) - 1])
        steady = len(levels) >= patience and len(set(levels[-patience:])) == 1
        xp = array_namespace(P)
        if steady or float(xp.max(-xp.sum(xlogy(P, P), axis=1))) < sure:
            break
    return Search(P, best, most, means)


def sgns_step(U, C, word, context, *, lr):
    """A step of word2vec: skip-gram with negative samples, a batch at a time [standard].

    Parameters
    ----------
    U, C : array, shape [V, dim], floating point
        Vectors of the words, and of the contexts.
    word : array, shape [B], integers
        Words of the batch.
    context : array, shape [B, 1 + K], integers
        Column 0: a context of the word; the others: negative samples.
    lr : float
        eta > 0.

    Returns
    -------
    U, C : array, shape [V, dim]
        Both from the old values. What occurs more than once has the sum of its steps.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, something is not finite, a number is no word, or `lr` is not > 0.

    Notes
    -----
    Equations (genai_engineering-17) to (genai_engineering-19) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> U, C = np.array([[1.0, 0.0]]), np.array([[0.5, 0.5], [1.0, -1.0]])
    >>> U, C = sgns_step(np.concatenate([U, U]), C, np.array([0]), np.array([[0, 1, 1]]), lr=0.1)
    >>> print(U.round(8))
    [[0.87266532 0.16508875]
     [1.         0.        ]]
    >>> print(C.round(8))
    [[ 0.53775407  0.5       ]
     [ 0.85378828 -1.        ]]
    """
    check.alike(U=U, C=C), check.integral(word=word, context=context)
    shape = check.shapes(U=(U, "V dim"), C=(C, "V dim"), word=(word, "B"), context=(context, "B k"))
    check.indices(shape["V"], word=word, context=context)
    lr = check.positive(lr=lr)
    xp = array_namespace(U, C, word, context)
    u = xp.take(U, word, axis=0)[:, None, :]
    c = xp.reshape(xp.take(C, xp.reshape(context, (-1,)), axis=0), (*context.shape, shape["dim"]))
    true = xp.astype(xp.arange(shape["k"], device=device(U)) == 0, U.dtype)
    g = (sigmoid(xp.sum(u * c, axis=-1)) - true)[..., None]  # (genai_engineering-17)
    U = U - lr * _summed(xp.sum(g * c, axis=1), word, shape["V"])  # (genai_engineering-18)
    steps = xp.reshape(g * u, (-1, shape["dim"]))
    return U, C - lr * _summed(steps, xp.reshape(context, (-1,)), shape["V"])  # (genai_engineering-19)


def _summed(steps, rows, V):
    """[V, dim]: the sum of all steps of each row."""
    xp = array_namespace(steps)
    return xp.astype(xp.arange(V, device=device(steps))[:, None] == rows[None, :], steps.dtype) @ steps


# Positions -----------------------------------------------------------------------------------------------------------


def slopes(heads, *, kind="harmonic", like):
    """How fast the bias of each head falls with the distance.

    Parameters
    ----------
    heads : int
        H >= 1.
    kind : {"harmonic", "geometric"}, default: "harmonic"
        1 / h [reconstructed], or 2^(-8 h / H) as ALiBi has it.
    like : array
        Whose library, floating dtype and device to take.

    Returns
    -------
    array, shape [H]
        m_h, falling.

    Raises
    ------
    TypeError, ValueError
        If an argument is no such thing.

    Notes
    -----
    Equations (genai_engineering-22) and (genai_engineering-23) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> slopes(4, like=np.zeros(1)), slopes(4, kind="geometric", like=np.zeros(1))
    (array([1.        , 0.5       , 0.33333333, 0.25      ]), array([0.25      , 0.0625    , 0.015625  , 0.00390625]))
    """
    heads = check.integer(heads=heads, minimum=1, below=2**31)
    check.choice(("harmonic", "geometric"), kind=kind), check.floating(like=like)
    xp = array_namespace(like)
    h = xp.arange(1, heads + 1, dtype=like.dtype, device=device(like))
    if kind == "harmonic":
        return 1 / h  # (genai_engineering-22)
    return 2 ** (-8 * h / heads)  # (genai_engineering-23)


def scores(q, k, *, slope=1.0, c_rope=1.0, c_alibi=1.0, shift=0, bias="linear", rotary=True):
    """Scores of a head with both codes of positions [combination reconstructed].

    Parameters
    ----------
    q, k : array, shape [n, d], floating point
        Queries and keys, finite; d even if they are rotated.
    slope : float, default: 1
        m_h >= 0 of this head; see `slopes`.
    c_rope, c_alibi : float, default: 1
        The factors c_R and c_A; c_A = 0 is rotary alone.
    shift : int, default: 0
        Position of the first row, >= 0.
    bias : {"linear", "harmonic-number"}, default: "linear"
        Whether the bias grows with the distance, or with 1 + 1/2 + ... + 1/distance.
    rotary : bool, default: True
        False: queries and keys as they are, ALiBi alone.

    Returns
    -------
    array, shape [n, n]
        -inf above the diagonal. They depend on differences of positions alone.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, or an option is out of range.

    Notes
    -----
    Equations (genai_engineering-20), (genai_engineering-21), (genai_engineering-24) and (genai_engineering-25) of the
    documentation.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.array([[1.0, 0.0], [1.0, 0.0]])
    >>> scores(x, x, slope=0.5).round(4)
    array([[ 0.7071,    -inf],
           [-0.1179,  0.7071]])
    """
    check.alike(q=q, k=k), check.shapes(q=(q, "n d"), k=(k, "n d"))
    slope = check.nonnegative(slope=slope)
    c_rope, c_alibi = check.number(c_rope=c_rope, c_alibi=c_alibi)
    shift, rotary = check.integer(shift=shift, below=2**53), check.flag(rotary=rotary)
    check.choice(("linear", "harmonic-number"), bias=bias)
    xp, n = array_namespace(q, k), q.shape[0]
    place = xp.arange(n, dtype=xp.int64, device=device(q))
    if rotary:
        q, k = rotate(q, place + shift), rotate(k, place + shift)
    gap = xp.clip(place[:, None] - place[None, :], min=0)
    if bias == "linear":
        distance = xp.astype(gap, q.dtype)
    else:
        terms = 1 / xp.astype(place + 1, q.dtype)
        sums = xp.cumulative_sum(terms, include_initial=True)  # (genai_engineering-24)
        distance = xp.reshape(xp.take(sums, xp.reshape(gap, (-1,))), gap.shape)
    found = c_rope * scaled_scores(q, k) - (c_alibi * slope) * distance  # (genai_engineering-25)
    return xp.where(causal(n, like=q), found, -math.inf)


# Attention to some of the blocks -------------------------------------------------------------------------------------


def chances(T, *, law="harmonic", c=1.0, like):
    """How probable it is that blocks of each distance take part [law reconstructed].

    Parameters
    ----------
    T : int
        Number of blocks, >= 1.
    law : {"harmonic", "geometric", "constant"}, default: "harmonic"
        min(1, c / (1 + distance)), c^distance or c; always 1 at distance 0.
    c : float, default: 1
        > 0; at most 1 unless the law is harmonic.
    like : array
        Whose library, floating dtype and device to take.

    Returns
    -------
    array, shape [T]
        pi of each distance, in (0, 1] but for underflow.

    Raises
    ------
    TypeError, ValueError
        If an argument is no such thing.

    Notes
    -----
    Equation (genai_engineering-26) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> chances(4, c=2.0, like=np.zeros(1)), chances(3, law="constant", c=0.25, like=np.zeros(1))
    (array([1.        , 1.        , 0.66666667, 0.5       ]), array([1.  , 0.25, 0.25]))
    """
    T, c = check.integer(T=T, minimum=1, below=2**31), check.positive(c=c)
    check.choice(("harmonic", "geometric", "constant"), law=law), check.floating(like=like)
    if law != "harmonic" and c > 1:
        raise ValueError(f"c must be in (0, 1] with the {law} law, got {c}")
    xp = array_namespace(like)
    delta = xp.arange(T, dtype=like.dtype, device=device(like))
    if law == "harmonic":
        found = xp.clip(c / (1 + delta), max=1.0)  # (genai_engineering-26)
    else:
        found = c**delta if law == "geometric" else xp.full_like(delta, c)
    return xp.where(delta == 0, 1.0, found)


class Carry(NamedTuple):
    """What a softmax that reads its keys block by block carries along, of each query."""

    top: Array  # [B, 1] m, the largest score so far
    total: Array  # [B, 1] l, sum of exp(score - m)
    sums: Array  # [B, e] a, sum of exp(score - m) times value


def absorb(carry, s, v):
    """Read one more block of keys: an online softmax.

    Parameters
    ----------
    carry : Carry
        Of the blocks so far; before the first m = -inf, l = 0, a = 0.
    s : array, shape [B, b], floating point
        Scores of the block; -inf is a key that is not seen. The first block shows each query a key.
    v : array, shape [b, e], like `s`
        Its values.

    Returns
    -------
    Carry
        a / l is the attention to all blocks so far.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit.

    Notes
    -----
    Equations (genai_engineering-30) to (genai_engineering-32) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> start = Carry(np.full((1, 1), -np.inf), np.zeros((1, 1)), np.zeros((1, 1)))
    >>> one = absorb(start, np.array([[0.0, 0.0]]), np.array([[1.0], [3.0]]))
    >>> two = absorb(one, np.array([[np.log(2.0)]]), np.array([[6.0]]))
    >>> (one.sums / one.total).round(6), (two.sums / two.total).round(6)
    (array([[2.]]), array([[4.]]))
    """
    carry = check.fields(Carry, infinite=("top",), carry=carry)
    check.floating(s=s, **carry._asdict()), check.finite(v=v), check.alike_dtype(s=s, v=v, **carry._asdict())
    for name, x in (("s", s), ("carry.top", carry.top)):
        if not bool(array_namespace(x).all(x < math.inf)):
            raise ValueError(f"{name} must be numbers or -inf, got NaN or inf")
    check.shapes(
        s=(s, "B b"), v=(v, "b e"), top=(carry.top, "B 1"), total=(carry.total, "B 1"), sums=(carry.sums, "B e")
    )
    return _absorb(carry, s, v)


def _absorb(carry, s, v):
    xp = array_namespace(s)
    top = xp.maximum(carry.top, xp.max(s, axis=-1, keepdims=True))  # (genai_engineering-30)
    shrink = xp.where(carry.top > -math.inf, xp.exp(carry.top - top), 0.0)
    powers = xp.where(s > -math.inf, xp.exp(s - top), 0.0)
    total = carry.total * shrink + xp.sum(powers, axis=-1, keepdims=True)  # (genai_engineering-31)
    return Carry(top, total, carry.sums * shrink + powers @ v)  # (genai_engineering-32)


def pr_attention(q, k, v, u, *, block, slope=0.0, law="harmonic", c=1.0, correct=False):
    """Causal attention of each block of queries to some of the blocks before it, drawn by their distance.

    Parameters
    ----------
    q, k : array, shape [n, d], floating point
        Queries and keys, finite.
    v : array, shape [n, e], like `q`
        Values.
    u : array, shape [1, T] or [T, T], like `q`
        Uniform draws in [0, 1) of the T = n / B distances: one row for all blocks of queries, which keeps the
        triangle, or one for each.
    block : int
        B >= 1, divides n.
    slope : float, default: 0
        Of a linear bias, >= 0.
    law, c
        As for `chances`.
    correct : bool, default: False
        Whether -log pi is added to the scores (ours): then numerator and denominator are unbiased, each by itself.

    Returns
    -------
    o : array, shape [n, e]
        The attention.
    visited : array, shape [T], int64
        Blocks that each block of queries has visited.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, something is not finite, or a number is out of range.

    Notes
    -----
    Equations (genai_engineering-26) to (genai_engineering-33) of the documentation. Memory O(n (d + e) + B^2). The
    draws are read on the host once, because they decide what is computed at all.

    Examples
    --------
    >>> import numpy as np
    >>> q, v = np.zeros((4, 1)), np.arange(4.0)[:, None]
    >>> o, visited = pr_attention(q, q, v, np.array([[0.0, 0.9, 0.1, 0.2]]), block=1)
    >>> o[:, 0], visited  # distances 0, 2 and 3 take part
    (array([0.        , 1.        , 1.        , 1.33333333]), array([1, 1, 2, 3]))
    """
    check.alike(q=q, k=k), check.finite(v=v), check.uniforms(u=u), check.alike_dtype(q=q, v=v, u=u)
    n = check.shapes(q=(q, "n d"), k=(k, "n d"), v=(v, "n e"))["n"]
    block, slope = check.integer(block=block, minimum=1, below=2**31), check.nonnegative(slope=slope)
    correct, T = check.flag(correct=correct), n // block
    if n % block:
        raise ValueError(f"block must divide the number of queries, {n}, got {block}")
    if tuple(u.shape) not in ((1, T), (T, T)):
        raise ValueError(f"u must have shape (1, {T}) or ({T}, {T}), got {tuple(u.shape)}")
    pi, xp = chances(T, law=law, c=c, like=q), array_namespace(q, k, v, u)
    takes = to_numpy(u < pi).tolist()  # (genai_engineering-27)
    extra = -xp.log(pi) if correct else xp.zeros_like(pi)  # (genai_engineering-29)
    inside = xp.arange(block, dtype=q.dtype, device=device(q))
    apart, blocks, visited = inside[:, None] - inside[None, :], [], []
    for i in range(T):
        mine = slice(i * block, (i + 1) * block)
        carry = Carry(xp.full_like(q[mine, :1], -math.inf), xp.zeros_like(q[mine, :1]), xp.zeros_like(v[mine, :]))
        deltas = [delta for delta in range(i + 1) if takes[i % len(takes)][delta]]  # (genai_engineering-28)
        for delta in deltas:
            keys = slice((i - delta) * block, (i - delta + 1) * block)
            s = scaled_scores(q[mine, :], k[keys, :]) - slope * (apart + delta * block) + extra[delta]
            s = xp.where(apart >= 0, s, -math.inf) if delta == 0 else s
            carry = _absorb(carry, s, v[keys, :])
        blocks.append(carry.sums / carry.total)  # (genai_engineering-33)
        visited.append(len(deltas))
    return xp.concat(blocks), xp.asarray(visited, dtype=xp.int64, device=device(q))


# A cache that forgets digits -----------------------------------------------------------------------------------------


class Quantised(NamedTuple):
    """Numbers in few bits: those of a group share a zero and a step."""

    codes: Array  # [n, d] whole numbers from 0 to 2^bits - 1
    zero: Array  # [n / G, d] or [n, d / G] the least of each group
    step: Array  # as well, between neighbouring codes
    axis: int  # along which G neighbours are a group


def quantise(x, *, bits, group, axis=0):
    """Round to a grid of 2^bits points between the least and the largest number of each group.

    Parameters
    ----------
    x : array, shape [n, d], floating point
        Finite.
    bits : int
        From 1 to 16.
    group : int
        G >= 1, divides the length of the axis.
    axis : {0, 1}, default: 0
        0: G rows of a column are a group, as keys have it; 1: G columns of a row, as values have it.

    Returns
    -------
    Quantised
        In a group of equal numbers steps and codes are 0.

    Raises
    ------
    TypeError, ValueError
        If `x` is no such array, or a number is out of range.

    Notes
    -----
    Equations (genai_engineering-34) to (genai_engineering-36) of the documentation; KIVI's, but for equal numbers.

    Examples
    --------
    >>> import numpy as np
    >>> found = quantise(np.array([[0.0, 1.0, 2.0, 10.0]]), bits=2, group=4, axis=1)
    >>> found.codes, dequantise(found).round(4)
    (array([[0., 0., 1., 3.]]), array([[ 0.    ,  0.    ,  3.3333, 10.    ]]))
    """
    check.finite(x=x), check.shapes(x=(x, "n d"))
    bits, group = check.integer(bits=bits, minimum=1, below=17), check.integer(group=group, minimum=1)
    check.choice((0, 1), axis=axis)
    if x.shape[axis] % group:
        raise ValueError(f"group must divide the length of the axis, {x.shape[axis]}, got {group}")
    return _quantise(x, bits, group, axis)


def _quantise(x, bits, group, axis):
    xp, grouped = array_namespace(x), _grouped(x, group, axis)
    zero = xp.min(grouped, axis=axis + 1, keepdims=True)  # (genai_engineering-34)
    step = (xp.max(grouped, axis=axis + 1, keepdims=True) - zero) / (2**bits - 1)  # (genai_engineering-35)
    codes = xp.round((grouped - zero) / xp.where(step > 0, step, 1.0))  # (genai_engineering-36)
    few = tuple(length // group if a == axis else length for a, length in enumerate(x.shape))
    return Quantised(xp.reshape(codes, x.shape), xp.reshape(zero, few), xp.reshape(step, few), axis)


def _grouped(x, group, axis):
    """With an axis of their own for the members of a group, behind that of the groups."""
    shape = list(x.shape)
    shape[axis : axis + 1] = [shape[axis] // group, group]
    return array_namespace(x).reshape(x, tuple(shape))


def dequantise(x):
    """The numbers that codes stand for.

    Parameters
    ----------
    x : Quantised
        From `quantise`.

    Returns
    -------
    array, shape [n, d]
        step * code + zero, at most half a step off what was quantised.

    Raises
    ------
    TypeError, ValueError
        If `x` is no such thing.

    Notes
    -----
    Equation (genai_engineering-37) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> dequantise(Quantised(np.array([[0.0], [3.0]]), np.array([[1.0]]), np.array([[0.5]]), 0))[:, 0]
    array([1. , 2.5])
    """
    x = check.fields(Quantised, x=x)
    check.choice((0, 1), axis=x.axis), check.alike(zero=x.zero, step=x.step), check.finite(codes=x.codes)
    check.alike_dtype(codes=x.codes, zero=x.zero)
    check.shapes(codes=(x.codes, "n d"), zero=(x.zero, "g e"))
    fewer, others = x.codes.shape[x.axis] % x.zero.shape[x.axis], x.codes.shape[1 - x.axis] - x.zero.shape[1 - x.axis]
    if fewer or others:
        raise ValueError(f"zero must be of groups of codes, got shapes {x.zero.shape} and {x.codes.shape}")
    return _dequantise(x)


def _dequantise(x):
    xp, axis = array_namespace(x.codes), x.axis
    group = x.codes.shape[axis] // x.zero.shape[axis]
    zero, step = (xp.expand_dims(part, axis=axis + 1) for part in (x.zero, x.step))
    found = step * _grouped(x.codes, group, axis) + zero  # (genai_engineering-37)
    return xp.reshape(found, x.codes.shape)


class Cache(NamedTuple):
    """Keys and values of the tokens so far."""

    keys: tuple[Quantised, ...]  # [S, d] each, the newest segment first, channel by channel
    values: tuple[Quantised, ...]  # [S, d], as well, token by token
    key_rest: Array  # [r, d] the tokens since, r < S, as they are
    value_rest: Array  # [r, d]


def _checked_cache(cache):
    cache = check.fields(Cache, cache=cache)
    check.floating(key_rest=cache.key_rest, value_rest=cache.value_rest)
    return cache


def empty(d, *, like):
    """A cache before the first token.

    Parameters
    ----------
    d : int
        Length of keys and values, >= 1.
    like : array
        Whose library, floating dtype and device to take.

    Returns
    -------
    Cache
        Without segments.

    Raises
    ------
    TypeError, ValueError
        If an argument is no such thing.

    Examples
    --------
    >>> import numpy as np
    >>> empty(2, like=np.zeros(1)).key_rest.shape
    (0, 2)
    """
    d = check.integer(d=d, minimum=1, below=2**31)
    check.floating(like=like)
    rest = array_namespace(like).zeros((0, d), dtype=like.dtype, device=device(like))
    return Cache((), (), rest, rest)


def _aged(segments, rest, bits, group, axis):
    """Every segment a stair down, the residual in front."""
    older = []
    for i, x in enumerate(segments, start=1):
        if i <= len(bits) - 2:
            x = _quantise(_dequantise(x), bits[i + 1], group, axis)  # (genai_engineering-38)
        older.append(x)
    return (_quantise(rest, bits[1], group, axis), *older)  # (genai_engineering-39)


def _contents(segments, rest):
    """All tokens, the oldest first."""
    return array_namespace(rest).concat([*map(_dequantise, segments[::-1]), rest])


def saq_step(cache, key, value, query, *, segment, group, bits=(16, 8, 4, 2), slope=0.0):
    """A step of decoding with a cache quantised by age: the older a segment, the fewer bits.

    Parameters
    ----------
    cache : Cache
        Of the tokens before.
    key, value : array, shape [d], floating point
        Of the new token, for all heads.
    query : array, shape [H, d], like `key`
        Of the new token.
    segment : int
        S >= 1, tokens of a segment.
    group : int
        G >= 1, divides S and d.
    bits : tuple of int, default: (16, 8, 4, 2)
        B_1, ..., B_q, q >= 2, from 1 to 16 each: of the residual (which stays as it is), the newest segment, the one
        before ..., and all older ones.
    slope : float, default: 0
        Of a linear bias, >= 0.

    Returns
    -------
    cache : Cache
        With the new token. When the residual is full it is quantised before the attention.
    output : array, shape [H, d]
        Attention of the new queries to all tokens.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, something is not finite, or a number is out of range.

    Notes
    -----
    Equations (genai_engineering-34) to (genai_engineering-40) of the documentation. The projections t W are the
    caller's.

    Examples
    --------
    >>> import numpy as np
    >>> cache, one = empty(2, like=np.zeros(1)), np.array([1.0, 0.0])
    >>> for t in range(4):
    ...     cache, out = saq_step(cache, t * one, one, one[None, :], segment=2, group=2, bits=(16, 4, 2))
    >>> len(cache.keys), cache.key_rest.shape, out
    (2, (0, 2), array([[1., 0.]]))
    """
    check.alike(key=key, value=value), check.finite(query=query)
    cache = _checked_cache(cache)
    check.alike_dtype(key=key, query=query, key_rest=cache.key_rest, value_rest=cache.value_rest)
    d = check.shapes(key=(key, "d"), value=(value, "d"), query=(query, "H d"))["d"]
    segment, group = check.integer(segment=segment, group=group, minimum=1, below=2**31)
    bits, slope = _stairs(bits), check.nonnegative(slope=slope)
    for name, rest in (("key_rest", cache.key_rest), ("value_rest", cache.value_rest)):
        if len(rest.shape) != 2 or rest.shape[1] != d or rest.shape[0] >= segment:
            raise ValueError(f"{name} must have shape [r, {d}] with r < {segment}, got {tuple(rest.shape)}")
    for x in (*cache.keys, *cache.values):
        if tuple(x.codes.shape) != (segment, d):
            raise ValueError(f"cache must have segments of shape ({segment}, {d}), got {tuple(x.codes.shape)}")
    if segment % group or d % group:
        raise ValueError(f"group must divide segment and d, {segment} and {d}, got {group}")
    xp = array_namespace(key, value, query)
    keys, values = cache.keys, cache.values
    key_rest = xp.concat([cache.key_rest, key[None, :]])
    value_rest = xp.concat([cache.value_rest, value[None, :]])
    if key_rest.shape[0] == segment:
        keys, values = _aged(keys, key_rest, bits, group, 0), _aged(values, value_rest, bits, group, 1)
        key_rest, value_rest = key_rest[:0, :], value_rest[:0, :]
    return Cache(keys, values, key_rest, value_rest), _read(keys, values, key_rest, value_rest, query, slope)


def _read(keys, values, key_rest, value_rest, query, slope):
    """Attention to the whole cache."""
    xp, K = array_namespace(query), _contents(keys, key_rest)
    age = xp.flip(xp.arange(K.shape[0], dtype=query.dtype, device=device(query)))
    return softmax(scaled_scores(query, K) - slope * age) @ _contents(values, value_rest)  # (genai_engineering-40)


def _stairs(bits):
    check.sequence(bits=bits)
    if len(bits) < 2:
        raise ValueError(f"bits must have an entry for the residual and one for a segment, got {bits}")
    return tuple(check.integer(bits=b, minimum=1, below=17) for b in bits)


def held(cache):
    """Keys and values that the cache stands for.

    Parameters
    ----------
    cache : Cache
        From `saq_step`.

    Returns
    -------
    keys, values : array, shape [t, d]
        The oldest token first.

    Raises
    ------
    TypeError, ValueError
        If `cache` is none.

    Examples
    --------
    >>> import numpy as np
    >>> held(empty(2, like=np.zeros(1)))[0].shape
    (0, 2)
    """
    cache = _checked_cache(cache)
    return _contents(cache.keys, cache.key_rest), _contents(cache.values, cache.value_rest)
