"""Diverse beam search: groups of beams, each penalised for what those before it chose (Vijayakumar et al., 2016,
arXiv:1610.02424).

Beam search keeps the best partial sequences of an autoregressive model and returns lists that differ in a word or two.
Here the beam is split into groups that take each step one after another: the first runs plain beam search, and a later
one subtracts from its scores a similarity to what the earlier groups hold. One group is beam search.
"""

import math
from typing import NamedTuple

from refimpl.core import check
from refimpl.core.arrays import Array, array_namespace, device
from refimpl.core.linalg import unit


class Beams(NamedTuple):
    """Sequences side by side, the best first."""

    tokens: Array  # [b, t] int64, whole sequences or their beginnings; -1 in places that are not filled
    score: Array  # [b] s, by which they are compared, penalties included; -inf: there is none, or it has ended
    raw: Array  # [b] Theta, log-probability


class Found(NamedTuple):
    """What a search returns."""

    tokens: Array  # [B, T] int64, group by group, in each the best first; -1 after the end of a sequence
    score: Array  # [B] s; -inf in a place that is not filled
    raw: Array  # [B] Theta
    rows: int  # prefixes that the model was asked about
    calls: int  # calls of the model, one after another


def init(width, *, like):
    """Beams before the first step: all are empty, so only one of them counts.

    Parameters
    ----------
    width : int
        B' >= 1.
    like : array
        Whose library, floating dtype and device to take.

    Returns
    -------
    Beams
        Tokens of shape [B', 0].

    Raises
    ------
    TypeError, ValueError
        If an argument is no such thing.

    Examples
    --------
    >>> import numpy as np
    >>> init(2, like=np.zeros(1)).score
    array([  0., -inf])
    """
    width = check.integer(width=width, minimum=1, below=2**31)
    check.floating(like=like)
    xp, where = array_namespace(like), device(like)
    tokens = xp.zeros((width, 0), dtype=xp.int64, device=where)
    first = xp.arange(width, device=where) == 0
    score = xp.where(first, xp.zeros(width, dtype=like.dtype, device=where), -math.inf)
    return Beams(tokens, score, score)


def _possible(**named):
    """Check log-probabilities and scores: numbers, or -inf for what cannot be."""
    check.floating(**named)
    for name, value in named.items():
        if not bool(array_namespace(value).all(value < math.inf)):
            raise ValueError(f"{name} must be numbers or -inf, got NaN or inf")


def step(beams, logp, penalty, *, strength=0.5):
    """The next token of each beam of a group.

    Parameters
    ----------
    beams : Beams
        B' beams of length t - 1.
    logp : array, shape [B', V], floating point
        theta, log-probabilities of the next token after each beam; -inf: it cannot be.
    penalty : array, shape [B', V], like `logp`
        S, similarity of each candidate to what earlier groups hold.
    strength : float, default: 0.5
        lambda >= 0; the paper recommends 0.2 to 0.8.

    Returns
    -------
    beams : Beams
        Of length t: the B' best candidates over all beams that are live. Equal ones in the order of their beam, then
        of their token. Where there are fewer, places stay empty.
    parents : array, shape [B'], int64
        Which beam each continues; -1 in an empty place.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, a score or log-probability is NaN or +inf, `penalty` is not finite or
        `strength` is no number >= 0.

    Notes
    -----
    Equations (diverse_beam-1) to (diverse_beam-7) of the documentation; Algorithm 1 of the paper.

    Examples
    --------
    >>> import numpy as np
    >>> beams, parents = step(init(2, like=np.zeros(1)), np.log([[0.5, 0.3, 0.2]] * 2), np.zeros((2, 3)))
    >>> beams.tokens.tolist(), beams.score.round(4), parents
    ([[0], [1]], array([-0.6931, -1.204 ]), array([0, 0]))
    >>> taken = np.array([[1.0, 1.0, 0.0]] * 2)  # by another group
    >>> beams, parents = step(init(2, like=np.zeros(1)), np.log([[0.5, 0.3, 0.2]] * 2), taken, strength=1.0)
    >>> beams.tokens.tolist(), beams.score.round(4), beams.raw.round(4)
    ([[2], [0]], array([-1.6094, -1.6931]), array([-1.6094, -0.6931]))
    """
    check.instance(Beams, beams=beams)
    _possible(logp=logp, score=beams.score, raw=beams.raw)
    check.finite(penalty=penalty), check.integral(tokens=beams.tokens)
    check.alike_dtype(logp=logp, penalty=penalty, score=beams.score, raw=beams.raw)
    check.shapes(logp=(logp, "b V"), penalty=(penalty, "b V"), score=(beams.score, "b"), raw=(beams.raw, "b"))
    if len(beams.tokens.shape) != 2 or beams.tokens.shape[0] != logp.shape[0]:
        raise ValueError(f"tokens must have shape [{logp.shape[0]}, t], got {tuple(beams.tokens.shape)}")
    return _step(beams, logp, penalty, check.nonnegative(strength=strength))


def _step(beams, logp, penalty, strength):
    """Algorithm 1, one group."""
    xp, (width, V) = array_namespace(logp), logp.shape
    candidates = beams.score[:, None] + logp - strength * penalty  # (diverse_beam-1)
    live = (beams.score[:, None] > -math.inf) & (logp > -math.inf)
    candidates = xp.reshape(xp.where(live, candidates, -math.inf), (-1,))  # (diverse_beam-2)
    best = xp.argsort(candidates, descending=True, stable=True)[:width]  # (diverse_beam-3)
    parents, chosen = best // V, best % V  # (diverse_beam-4)
    score = xp.take(candidates, best)  # (diverse_beam-5)
    raw = xp.take(beams.raw, parents) + xp.take(xp.reshape(logp, (-1,)), best)  # (diverse_beam-6)
    tokens = xp.concat([xp.take(beams.tokens, parents, axis=0), chosen[:, None]], axis=1)  # (diverse_beam-7)
    filled = score > -math.inf
    grown = Beams(xp.where(filled[:, None], tokens, -1), score, xp.where(filled, raw, -math.inf))
    return grown, xp.where(filled, parents, -1)


def _finish(finished, beams, eos, length):
    """Move the beams that have ended to the finished list, of which the best stay."""
    xp, (width, t) = array_namespace(beams.score), beams.tokens.shape
    ended = (beams.tokens[:, -1] == eos) | (t == length)  # (diverse_beam-8)
    rest = xp.full((width, length - t), -1, dtype=beams.tokens.dtype, device=device(beams.tokens))
    score = xp.concat([finished.score, xp.where(ended, beams.score, -math.inf)])
    tokens = xp.concat([finished.tokens, xp.concat([beams.tokens, rest], axis=1)])
    best = xp.argsort(score, descending=True, stable=True)[:width]  # (diverse_beam-9)
    score, raw = xp.take(score, best), xp.take(xp.concat([finished.raw, beams.raw]), best)
    filled = score > -math.inf
    tokens = xp.where(filled[:, None], xp.take(tokens, best, axis=0), -1)
    finished = Beams(tokens, score, xp.where(filled, raw, -math.inf))
    return finished, beams._replace(score=xp.where(ended, -math.inf, beams.score))


def search(model, diversity=None, *, length, width, groups=1, strength=0.5, eos=-1, like):
    """Diverse beam search; with one group, beam search.

    Parameters
    ----------
    model : callable
        Prefixes [B', t], int64 -> log-probabilities of the next token [B', V], like `like`; -inf: it cannot be. First
        asked with t = 0. Prefixes that have ended or are none hold tokens too; their answers do not count.
    diversity : callable, optional
        ``diversity(own, earlier, logp) -> S``, [B', V] and finite: similarity of each candidate to the prefixes
        [B', t] in the list `earlier`, one array for each group before this one that is not at its end. `own` are the
        prefixes [B', t - 1]. Default: `hamming`; see there for the others.
    length : int
        T >= 1, the most tokens of a sequence.
    width : int
        B >= 1, beams of all groups together.
    groups : int, default: 1
        G >= 1, divides B.
    strength : float, default: 0.5
        lambda >= 0.
    eos : int, default: -1
        Token that ends a sequence; -1: there is none.
    like : array
        Whose library, floating dtype and device to take.

    Returns
    -------
    Found
        Group by group, in each the best B' = B / G by score. Sorted by `raw`, whatever the group, the first is what
        the model takes for the best.

    Raises
    ------
    TypeError, ValueError
        If an argument is no such thing, `groups` does not divide `width`, or the model or `diversity` returns what
        it must not.

    Notes
    -----
    Equations (diverse_beam-8) to (diverse_beam-10) of the documentation, around those of `step`. Nothing is random.

    Examples
    --------
    >>> import numpy as np
    >>> first, table = np.log([0.5, 0.3, 0.2]), np.log([[0.5, 0.4, 0.1], [0.36, 0.31, 0.33], [0.3, 0.25, 0.45]])
    >>> model = lambda prefixes: table[prefixes[:, -1]] if prefixes.shape[1] else np.tile(first, (len(prefixes), 1))
    >>> search(model, length=2, width=4, groups=1, like=first).tokens.tolist()  # they begin alike
    [[0, 0], [0, 1], [1, 0], [1, 2]]
    >>> search(model, length=2, width=4, groups=2, strength=1.0, like=first).tokens.tolist()
    [[0, 0], [0, 1], [2, 2], [0, 0]]
    """
    length, groups = check.integer(length=length, groups=groups, minimum=1, below=2**31)
    width, eos = check.integer(width=width, minimum=1, below=2**31), check.integer(eos=eos, minimum=-1)
    strength = check.nonnegative(strength=strength)
    diversity = hamming if diversity is None else diversity
    check.function(model=model, diversity=diversity), check.floating(like=like)
    if width % groups:
        raise ValueError(f"width must be a multiple of groups, got {width} and {groups}")
    xp, width = array_namespace(like), width // groups
    start = init(width, like=like)
    none = xp.full((width, length), -1, dtype=xp.int64, device=device(like))
    nothing = xp.full_like(start.score, -math.inf)
    beams, finished, calls = [start] * groups, [Beams(none, nothing, nothing)] * groups, 0
    for t, g in ((t, g) for t in range(1, length + 1) for g in range(groups)):
        if bool(xp.any(beams[g].score > -math.inf)):
            own, calls = xp.clip(beams[g].tokens, min=0), calls + 1
            logp = _asked(model(own), width, like)
            earlier = [h.tokens for h in beams[:g] if h.tokens.shape[1] == t]  # (diverse_beam-10)
            penalty = diversity(own, earlier, logp)
            check.like(logp, **{"what diversity returns": penalty})
            check.finite(**{"what diversity returns": penalty})
            grown, _ = _step(beams[g], logp, penalty, strength)
            finished[g], beams[g] = _finish(finished[g], grown, eos, length)
    tokens, score, raw = (xp.concat(parts) for parts in zip(*finished, strict=True))
    return Found(tokens, score, raw, calls * width, calls)


def _asked(logp, width, like):
    """What a model from outside returns."""
    named = {"what model returns": logp}
    _possible(**named), check.alike_dtype(like=like, **named)
    if len(logp.shape) != 2 or logp.shape[0] != width:
        raise ValueError(f"what model returns must have shape [{width}, V], got {tuple(logp.shape)}")
    return logp


def by_probability(found):
    """The same list, whatever the group, the most probable first; equal ones stay in their order.

    Examples
    --------
    >>> import numpy as np
    >>> by_probability(Found(np.array([[0], [1]]), np.zeros(2), np.array([-2.0, -1.0]), 2, 1)).tokens.tolist()
    [[1], [0]]
    """
    found = check.fields(Found, infinite=("score", "raw"), found=found)
    check.floating(raw=found.raw, score=found.score), check.integral(tokens=found.tokens)
    check.shapes(tokens=(found.tokens, "B T"), score=(found.score, "B"), raw=(found.raw, "B"))
    _possible(raw=found.raw, score=found.score)
    xp = array_namespace(found.raw)
    order = xp.argsort(found.raw, descending=True, stable=True)
    return found._replace(
        tokens=xp.take(found.tokens, order, axis=0), score=xp.take(found.score, order), raw=xp.take(found.raw, order)
    )


# Similarities --------------------------------------------------------------------------------------------------------


def _checked(own, earlier, logp):
    """Check what a similarity takes, and give its namespace."""
    check.instance((list, tuple), earlier=earlier), check.integral(own=own)
    _possible(logp=logp), check.shapes(logp=(logp, "b V"))
    if len(own.shape) != 2 or own.shape[0] != logp.shape[0]:
        raise ValueError(f"own must have shape [{logp.shape[0]}, t - 1], got {tuple(own.shape)}")
    for rows in earlier:
        check.integral(earlier=rows)
        if len(rows.shape) != 2 or rows.shape[1] != own.shape[1] + 1:
            raise ValueError(f"earlier must have shapes [B', {own.shape[1] + 1}], got {tuple(rows.shape)}")
    for name, tokens in (("own", own), *(("earlier", rows) for rows in earlier)):
        xp = array_namespace(tokens)
        if 0 not in tokens.shape and not -1 <= int(xp.min(tokens)) <= int(xp.max(tokens)) < logp.shape[1]:
            raise ValueError(f"{name} must be tokens in [-1, {logp.shape[1]}), got others")
    return array_namespace(logp)


def _one_hot(tokens, like):
    """[..., V] with a 1 at each token; all 0 for -1."""
    xp = array_namespace(like)
    return xp.astype(tokens[..., None] == xp.arange(like.shape[1], device=device(like)), like.dtype)


def _counts(rows, logp):
    """[V]: how many beams of a group took each token in this step."""
    xp = array_namespace(logp)
    same = rows[:, -1:] == xp.arange(logp.shape[1], device=device(logp))
    return xp.astype(xp.count_nonzero(same, axis=0), logp.dtype)


def hamming(own, earlier, logp):
    """How many beams of earlier groups took the token in this step, whatever came before.

    Parameters
    ----------
    own : array, shape [B', t - 1], integers
        Prefixes of the group whose turn it is.
    earlier : list of array [B', t], integers
        Prefixes of the groups before it, which have taken this step; a row of -1 is none and does not count.
    logp : array, shape [B', V], floating point
        Log-probabilities of the candidates. Here only for shape, dtype and device.

    Returns
    -------
    array, shape [B', V]
        S; the paper's dissimilarity is -S.

    Raises
    ------
    TypeError, ValueError
        If shapes do not fit or a token is none.

    Notes
    -----
    Equation (diverse_beam-11) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> hamming(np.array([[0]]), [np.array([[0, 2], [1, 2]])], np.zeros((1, 4)))
    array([[0., 0., 2., 0.]])
    """
    xp = _checked(own, earlier, logp)
    return sum((_counts(rows, logp) for rows in earlier), xp.zeros_like(logp))  # (diverse_beam-11)


def cumulative(own, earlier, logp, *, temperature=6.0):
    """Near 1 for each earlier group whose beams the candidate has followed so far; it fades with the differences.

    Parameters
    ----------
    own, earlier, logp
        As for `hamming`.
    temperature : float, default: 6
        Gamma > 0: how many differences make it e times as small.

    Returns
    -------
    array, shape [B', V]
        S. A group of which no row counts adds nothing.

    Raises
    ------
    TypeError, ValueError
        As `hamming`, or if `temperature` is no number > 0.

    Notes
    -----
    Equation (diverse_beam-12) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> cumulative(np.array([[0, 1]]), [np.array([[0, 1, 3], [0, 2, 3]])], np.zeros((1, 4)), temperature=2.0).round(5)
    array([[0.22313, 0.22313, 0.22313, 0.60653]])
    """
    xp, temperature = _checked(own, earlier, logp), check.positive(temperature=temperature)

    def of(rows):
        there = rows[:, -1] >= 0
        before = xp.count_nonzero((rows[:, :-1] != own[:, None, :]) & there[:, None], axis=(1, 2))
        now = xp.astype(xp.count_nonzero(there), logp.dtype) - _counts(rows, logp)
        differ = xp.astype(before, logp.dtype)[:, None] + now
        return xp.exp(-differ / temperature) * xp.astype(xp.any(there), logp.dtype)

    return sum((of(rows) for rows in earlier), xp.zeros_like(logp))  # (diverse_beam-12)


def _windows(rows, n):
    """[b, places, n]: the n-grams of each row."""
    places = rows.shape[1] - n + 1
    return array_namespace(rows).stack([rows[:, i : i + places] for i in range(n)], axis=-1)


def ngram(own, earlier, logp, *, n=2):
    """How often the n-gram that the candidate completes occurs in the prefixes of earlier groups, at any place.

    Parameters
    ----------
    own, earlier, logp
        As for `hamming`.
    n : int, default: 2
        Words of an n-gram, >= 1.

    Returns
    -------
    array, shape [B', V]
        S; 0 as long as the prefixes are shorter than n.

    Raises
    ------
    TypeError, ValueError
        As `hamming`, or if `n` is no integer >= 1.

    Notes
    -----
    Equation (diverse_beam-13) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> ngram(np.array([[2, 1]]), [np.array([[0, 1, 3], [0, 1, 2]])], np.zeros((1, 4)))
    array([[0., 0., 1., 1.]])
    """
    xp, n = _checked(own, earlier, logp), check.integer(n=n, minimum=1)
    if own.shape[1] + 1 < n:
        return xp.zeros_like(logp)

    def of(rows):
        words = _windows(rows, n)
        same = xp.all(words[..., :-1] == own[:, None, None, own.shape[1] + 1 - n :], axis=-1)
        ends = xp.reshape(_one_hot(words[..., -1], logp), (-1, logp.shape[1]))
        return xp.reshape(xp.astype(same, logp.dtype), (own.shape[0], -1)) @ ends

    return sum((of(rows) for rows in earlier), xp.zeros_like(logp))  # (diverse_beam-13)


def embedding(own, earlier, logp, *, vectors):
    """As `hamming`, with the cosine of word vectors in place of "the same token": synonyms are penalised too.

    Parameters
    ----------
    own, earlier, logp
        As for `hamming`.
    vectors : array, shape [V, d], like `logp`
        A vector for each token; of any length, one of 0 is like none.

    Returns
    -------
    array, shape [B', V]
        S; it may be negative, a reward.

    Raises
    ------
    TypeError, ValueError
        As `hamming`, or if `vectors` are not finite or of another shape.

    Notes
    -----
    Equation (diverse_beam-14) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> words = np.array([[1.0, 0.0], [3.0, 4.0], [0.0, -2.0]])
    >>> embedding(np.array([[0]]), [np.array([[0, 1]])], np.zeros((1, 3)), vectors=words)
    array([[ 0.6,  1. , -0.8]])
    """
    xp, directions = _checked(own, earlier, logp), unit(_vectors(vectors, logp), axis=1)
    cosines = lambda counts: directions @ (xp.matrix_transpose(directions) @ counts)
    return sum((cosines(_counts(rows, logp)) for rows in earlier), xp.zeros_like(logp))  # (diverse_beam-14)


def _vectors(vectors, logp):
    """Check word vectors."""
    check.finite(vectors=vectors), check.alike_dtype(logp=logp, vectors=vectors)
    check.shapes(logp=(logp, "b V"), vectors=(vectors, "V d"))
    return vectors


def soft_ngram(own, earlier, logp, *, vectors, n=2):
    """As `ngram`, with the cosine of the summed word vectors in place of "the same n-gram".

    Parameters
    ----------
    own, earlier, logp, vectors, n
        As for `embedding` and `ngram`.

    Returns
    -------
    array, shape [B', V]
        S; 0 as long as the prefixes are shorter than n.

    Raises
    ------
    TypeError, ValueError
        As `embedding` and `ngram`.

    Notes
    -----
    Equation (diverse_beam-15) of the documentation. O(B' V d) memory.

    Examples
    --------
    >>> import numpy as np
    >>> words = np.array([[1.0, 0.0], [0.0, 1.0], [3.0, 4.0]])
    >>> soft_ngram(np.array([[0]]), [np.array([[1, 0]])], np.zeros((1, 3)), vectors=words).round(4)
    array([[0.7071, 1.    , 1.    ]])
    """
    xp, n = _checked(own, earlier, logp), check.integer(n=n, minimum=1)
    vectors = _vectors(vectors, logp)
    if own.shape[1] + 1 < n:
        return xp.zeros_like(logp)
    ends = own[:, own.shape[1] + 1 - n :]
    mine = unit(xp.sum(_words(ends, vectors), axis=1)[:, None, :] + vectors, axis=2)

    def of(rows):
        theirs = unit(xp.sum(_words(_windows(rows, n), vectors), axis=2), axis=2)
        there = xp.astype(rows[:, -1] >= 0, logp.dtype)
        return mine @ xp.sum(theirs * there[:, None, None], axis=(0, 1))

    return sum((of(rows) for rows in earlier), xp.zeros_like(logp))  # (diverse_beam-15)


def _words(tokens, vectors):
    """[..., d]: the vectors of tokens of any shape."""
    xp = array_namespace(vectors)
    flat = xp.take(vectors, xp.reshape(xp.clip(tokens, min=0), (-1,)), axis=0)
    return xp.reshape(flat, (*tokens.shape, vectors.shape[1]))


# Earlier ways to diversity, each for one group -----------------------------------------------------------------------


def siblings(own, earlier, logp):
    """Rank of each candidate among those of the same beam, 1 for the best (Li and Jurafsky, 2016): mixes the parents.

    Parameters
    ----------
    own, earlier, logp
        As for `hamming`; only `logp` counts.

    Returns
    -------
    array, shape [B', V]
        S: 1, ..., V in each row. Equal ones in the order of their token.

    Raises
    ------
    TypeError, ValueError
        As `hamming`.

    Notes
    -----
    Equation (diverse_beam-16) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> siblings(np.array([[0]]), [], np.log([[0.2, 0.5, 0.3]]))
    array([[3., 1., 2.]])
    """
    xp = _checked(own, earlier, logp)
    order = xp.argsort(logp, axis=1, descending=True, stable=True)
    return xp.astype(xp.argsort(order, axis=1, stable=True) + 1, logp.dtype)  # (diverse_beam-16)


def against(language_model, *, steps):
    """What everyone says is penalised: log-probabilities of a model without context (Li et al., 2015), at first.

    Parameters
    ----------
    language_model : callable
        U, as the model of `search`, and finite.
    steps : int
        kappa >= 0: in so many steps.

    Returns
    -------
    callable
        A `diversity` for `search`.

    Raises
    ------
    TypeError, ValueError
        If an argument is no such thing; later, if what `language_model` returns does not fit or is not finite.

    Notes
    -----
    Equation (diverse_beam-17) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> unlike = against(lambda prefixes: np.log([[0.5, 0.25, 0.25]] * len(prefixes)), steps=1)
    >>> [unlike(np.zeros((1, t), dtype=int), [], np.zeros((1, 3))).round(2).tolist() for t in (0, 1)]
    [[[-0.69, -1.39, -1.39]], [[0.0, 0.0, 0.0]]]
    """
    check.function(language_model=language_model)
    steps = check.integer(steps=steps)

    def diversity(own, earlier, logp):
        xp = _checked(own, earlier, logp)
        if own.shape[1] >= steps:
            return xp.zeros_like(logp)
        said = language_model(own)  # (diverse_beam-17)
        check.like(logp, **{"what language_model returns": said})
        check.finite(**{"what language_model returns": said})
        return said

    return diversity
