"""Small language models trained with weights of samples: on Markov chains, and on letters of real text."""

from functools import cache
from typing import NamedTuple

import numpy as np

from refimpl.core import check
from refimpl.core.arrays import Array, from_numpy
from refimpl.models import adam, mlp
from refimpl.models.attention import log_softmax
from refimpl.problems.docstrings import docstrings
from refimpl.training import loss_reweighting as lr

LETTERS = " abcdefghijklmnopqrstuvwxyz*"  # the last stands for a word that is none of the 800


class Chains(NamedTuple):
    """Markov chains, one for each domain, and how often each domain comes."""

    starts: Array  # [K, V, V] cumulative rows of the matrices of transitions
    shares: Array  # [K] of the domains in training


def chains(rng, *, shares, V=12, first=0.003, others=0.1):
    """Random chains, the first of which may be nearly deterministic.

    Parameters
    ----------
    rng : numpy.random.Generator
        Where the rows are drawn from.
    shares : sequence of float
        How often each domain comes in training; of sum 1.
    V : int, default: 12
        Tokens.
    first, others : float
        Concentration of the Dirichlet rows of the first chain, and of the others; the smaller, the surer.

    Returns
    -------
    Chains
        NumPy arrays.

    Raises
    ------
    TypeError, ValueError
        If an argument is of another kind, or out of its range.

    Examples
    --------
    >>> from refimpl.core.random import stream
    >>> chains(stream(0, "docs"), shares=(0.8, 0.2), V=3).starts.shape
    (2, 3, 3)
    """
    check.rng(rng=rng), check.sequence(shares=shares)
    shares = np.array([check.share(shares=share) for share in shares])
    if abs(shares.sum() - 1) > 1e-9:
        raise ValueError(f"shares must sum to 1, got {shares.sum():g}")
    V, (first, others) = check.integer(V=V, minimum=2), check.positive(first=first, others=others)
    rows = [rng.dirichlet(np.full(V, first if k == 0 else others), V) for k in range(len(shares))]
    return Chains(np.cumsum(np.stack(rows), axis=2), shares)


def draw_chains(rng, problem, domains, n=32):
    """Sequences [b, n] of the chains with the numbers `domains` [b].

    Examples
    --------
    >>> from refimpl.core.random import stream
    >>> rng = stream(0, "docs")
    >>> draw_chains(rng, chains(rng, shares=(0.8, 0.2), V=3), np.array([0, 1]), n=4).shape
    (2, 4)
    """
    check.rng(rng=rng), check.fields(Chains, problem=problem)
    check.shapes(starts=(problem.starts, "K V V"), shares=(problem.shares, "K"))
    check.indices(len(problem.shares), domains=domains), check.shapes(domains=(domains, "b"))
    n, V = check.integer(n=n, minimum=1), problem.starts.shape[1]
    found = [rng.integers(0, V, len(domains))]
    for u in rng.random((n - 1, len(domains))):
        rows = problem.starts[domains, found[-1]]
        found.append(np.minimum((u[:, None] >= rows).sum(axis=1), V - 1))
    return np.stack(found, axis=1)


@cache
def letters():
    """The docstrings of the standard library, letter by letter: codes of `LETTERS`, to train on and to test on.

    Returns
    -------
    train, test : numpy.ndarray
        int64; the last fifth of the docstrings is for tests.

    Examples
    --------
    >>> train, test = letters()
    >>> "".join(LETTERS[c] for c in train[:30]), len(train), len(test)
    ('record of * in * * changes eac', 977230, 208398)
    """
    text = docstrings(like=np.zeros(1))
    words = [np.array([LETTERS.index(c) for c in f"{word} "]) for word in (*text.words, "*")]
    ends = np.cumsum(text.lengths)
    cut = ends[len(ends) * 4 // 5]
    return tuple(np.concatenate([words[i] for i in part]) for part in (text.ids[:cut], text.ids[cut:]))


def draw_letters(rng, text, b, n=48):
    """Windows [b, n] of a text.

    Examples
    --------
    >>> from refimpl.core.random import stream
    >>> draw_letters(stream(0, "docs"), np.arange(9), 2, n=3)
    array([[1, 2, 3],
           [6, 7, 8]])
    """
    check.rng(rng=rng), check.integral(text=text), check.shapes(text=(text, "N"))
    b, n = check.integer(b=b, minimum=1), check.integer(n=n, minimum=1, below=len(text) + 1)
    return text[rng.integers(0, len(text) - n + 1, (b, 1)) + np.arange(n)]


def _inputs(ids, V, context, like):
    """One-hot codes [b, n - context, context V] of what came before, and the tokens that came."""
    windows = np.stack([ids[:, j : ids.shape[1] - context + j] for j in range(context)], axis=2)
    codes = np.eye(V)[windows].reshape(*windows.shape[:2], context * V)
    return from_numpy(codes, like=like), ids[:, context:]


def losses(params, ids, *, context):
    """Mean loss [b] of sequences [b, n] under a network that sees the last `context` tokens, in nats per token.

    Examples
    --------
    >>> from refimpl.core.random import stream
    >>> params = [mlp.Layer(0.0 * W, b) for W, b in mlp.init(stream(0), (6, 2, 3), like=np.zeros(1))]
    >>> losses(params, np.array([[0, 1, 2, 0]]), context=2).round(4)
    array([1.0986])
    """
    log_p, tokens = _log_p(params, ids, context)[:2]
    return -np.mean(np.take_along_axis(log_p, tokens[:, :, None], axis=2)[:, :, 0], axis=1)


def _log_p(params, ids, context):
    check.instance(list, params=params)
    params = [check.fields(mlp.Layer, params=layer) for layer in params]
    if len(params) != 2:
        raise ValueError(f"params must be two layers, got {len(params)}")
    check.integral(ids=ids), check.shapes(ids=(ids, "b n"))
    context = check.integer(context=context, minimum=1, below=ids.shape[1])
    V = check.shapes(params=(params[1].W, "m V"))["V"]
    check.shapes(params=(params[0].W, f"{context * V} m")), check.indices(V, ids=ids)
    codes, tokens = _inputs(ids, params[-1].b.shape[0], context, params[0].W)
    hidden = np.tanh(codes @ params[0].W + params[0].b)
    return log_softmax(hidden @ params[1].W + params[1].b), tokens, hidden, codes


def gradient(params, ids, *, context, **settings):
    """Gradient of the weighted loss, with weights from the losses of the batch: written out, once forward and back.

    Parameters
    ----------
    params : list of mlp.Layer
        Two layers; NumPy arrays.
    ids : array [b, n]
        Tokens.
    context : int
        Tokens that the network sees.
    **settings
        Of `loss_reweighting.weights`.

    Returns
    -------
    list of mlp.Layer
        Like `params`.

    Examples
    --------
    >>> from refimpl.core.random import stream
    >>> params = mlp.init(stream(0), (6, 2, 3), like=np.zeros(1))
    >>> [layer.W.shape for layer in gradient(params, np.array([[0, 1, 2, 0]]), context=2)]
    [(6, 2), (2, 3)]
    """
    log_p, tokens, hidden, codes = _log_p(params, ids, context)
    chosen = np.take_along_axis(log_p, tokens[:, :, None], axis=2)[:, :, 0]
    w = lr.weights(-np.mean(chosen, axis=1), **settings).w
    back = (np.exp(log_p) - np.eye(log_p.shape[2])[tokens]) * (w / tokens.shape[1])[:, None, None]
    inner = (back @ params[1].W.T) * (1 - hidden**2)
    pairs = ((codes, inner), (hidden, back))
    return [mlp.Layer(np.tensordot(x, g, axes=((0, 1), (0, 1))), g.sum(axis=(0, 1))) for x, g in pairs]


def train(rng, draw, V, *, rate, steps=300, warm=40, context=3, width=48, r=0.4, strategy="linupper"):
    """Adam on batches of sequences, weighted after a warm-up.

    Parameters
    ----------
    rng : numpy.random.Generator
        Draws weights and batches: the same seed, the same start and batches.
    draw : callable
        ``draw(rng) -> array [b, n]`` of tokens.
    V : int
        Tokens.
    rate : float
        Of Adam.
    steps, warm, context, width : int
        Steps, those with equal weights, tokens seen, hidden units.
    r, strategy
        Of `loss_reweighting.weights`.

    Returns
    -------
    list of mlp.Layer
        For `losses`.

    Examples
    --------
    >>> from refimpl.core.random import stream
    >>> text = np.arange(60) % 3
    >>> params = train(stream(0), lambda rng: draw_letters(rng, text, 4, n=6), 3, rate=0.1, steps=30, warm=5)
    >>> bool(losses(params, text[None, :], context=3)[0] < 0.1)
    True
    """
    check.rng(rng=rng), check.function(draw=draw)
    steps, V, context, width = check.integer(steps=steps, V=V, context=context, width=width, minimum=1)
    rate = check.positive(rate=rate)
    params = mlp.init(rng, (context * V, width, V), like=np.zeros(1))
    state = adam.init(params)
    for k in range(steps):
        hot = lr.temperature(k, r=r, warm=warm)
        grads = gradient(params, draw(rng), context=context, r=hot, strategy=strategy)
        params, state = adam.update(params, state, grads, lr=rate)
    return params
