"""Sequence models for the experiments with diverse beam search: a table, and a mixture of Markov chains with errors."""

from typing import NamedTuple

from refimpl.core import check, random
from refimpl.core.arrays import Array, array_namespace, device, from_numpy
from refimpl.core.special import logsumexp

LEAST = 1e-12  # no transition is less probable: logarithms stay finite


def chain(first, table):
    """A model of order 1, as `diverse_beam.search` takes it.

    Parameters
    ----------
    first : array, shape [V], floating point
        Log-probabilities of the first token; -inf: it cannot be.
    table : array, shape [V, V], like `first`
        Row y: those of the token after y.

    Returns
    -------
    callable
        Prefixes [b, t] -> log-probabilities [b, V].

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit.

    Examples
    --------
    >>> import numpy as np
    >>> model = chain(np.log([0.5, 0.5]), np.log([[0.25, 0.75], [0.5, 0.5]]))
    >>> np.exp(model(np.array([[1, 0]])))
    array([[0.25, 0.75]])
    """
    check.floating(first=first, table=table), check.alike_dtype(first=first, table=table)
    check.shapes(first=(first, "V"), table=(table, "V V"))
    xp = array_namespace(first, table)

    def model(prefixes):
        b, t = prefixes.shape
        return xp.take(table, prefixes[:, -1], axis=0) if t else xp.broadcast_to(first[None, :], (b, table.shape[1]))

    return model


class Mixture(NamedTuple):
    """A context: Markov chains, of which each sequence follows one, and the errors of who has learnt them."""

    weights: Array  # [M] log-probabilities of the modes
    first: Array  # [M, V] log-probabilities of the first token
    table: Array  # [M, V, V] of the token after each
    errors: Array  # [M, V, V] standard normal, by the mode that is most probable and the last token


def mixture(rng, *, modes=4, V=24, rows=0.12, weights=1.5, like):
    """A random context: Dirichlet rows, Dirichlet weights.

    Parameters
    ----------
    rng : numpy.random.Generator
        For rows, weights and errors.
    modes, V : int, default: 4 and 24
        M >= 1, and the vocabulary.
    rows, weights : float, default: 0.12 and 1.5
        Concentrations > 0; small ones give rows with few tokens.
    like : array
        Whose library, floating dtype and device to take.

    Returns
    -------
    Mixture
        See there.

    Raises
    ------
    TypeError, ValueError
        If an argument is no such thing.

    Examples
    --------
    >>> import numpy as np
    >>> mixture(random.stream(0, "doc"), modes=2, V=3, like=np.zeros(1)).table.shape
    (2, 3, 3)
    """
    check.rng(rng=rng), check.floating(like=like)
    modes, V = check.integer(modes=modes, V=V, minimum=1, below=2**20)
    rows, weights = check.positive(rows=rows, weights=weights)
    xp = array_namespace(like)

    def logarithms(p):
        return xp.log(xp.clip(from_numpy(p, like=like), min=LEAST))

    shares = logarithms(rng.dirichlet([weights] * modes))
    first = logarithms(rng.dirichlet([rows] * V, modes))
    table = logarithms(rng.dirichlet([rows] * V, (modes, V)))
    return Mixture(shares, first, table, random.normal(rng, (modes, V, V), like=like))


def decoder(context, *, sigma):
    """What has learnt a context: the exact mixture given the prefix, with errors on its logits after the first token.

    Parameters
    ----------
    context : Mixture
        See there.
    sigma : float
        Size >= 0 of the errors.

    Returns
    -------
    callable
        Prefixes [b, t] -> log-probabilities [b, V].

    Raises
    ------
    TypeError, ValueError
        If an argument is no such thing.

    Examples
    --------
    >>> import numpy as np
    >>> model = decoder(mixture(random.stream(0, "doc"), V=5, like=np.zeros(1)), sigma=0.5)
    >>> np.exp(model(np.array([[1, 0], [4, 4]]))).sum(axis=1).round(6)
    array([1., 1.])
    """
    context, sigma = check.fields(Mixture, context=context), check.nonnegative(sigma=sigma)
    weights, first, table, errors = context
    check.shapes(weights=(weights, "M"), first=(first, "M V"), table=(table, "M V V"), errors=(errors, "M V V"))
    check.alike_dtype(weights=weights, first=first, table=table, errors=errors)
    xp, (modes, V) = array_namespace(weights), first.shape
    rows, wrong = xp.reshape(table, (-1, V)), xp.reshape(errors, (-1, V))
    offsets = xp.arange(modes, dtype=xp.int64, device=device(table))[:, None] * V

    def normal(logits):
        return logits - logsumexp(logits, axis=1, keepdims=True)

    def model(prefixes):
        (b, t), of_modes = prefixes.shape, weights[:, None]
        if not t:
            return xp.broadcast_to(normal(logsumexp(of_modes + first, axis=0)[None, :]), (b, V))
        of_modes = of_modes + xp.take(first, prefixes[:, 0], axis=1)
        for i in range(1, t):
            places = (offsets + prefixes[None, :, i - 1]) * V + prefixes[None, :, i]
            of_modes = of_modes + xp.reshape(xp.take(xp.reshape(table, (-1,)), xp.reshape(places, (-1,))), (modes, b))
        last = xp.reshape(offsets + prefixes[None, :, -1], (-1,))
        after = xp.reshape(xp.take(rows, last, axis=0), (modes, b, V))
        likely = xp.argmax(of_modes, axis=0)
        logits = logsumexp(of_modes[:, :, None] + after, axis=0)
        return normal(logits + sigma * xp.take(wrong, likely * V + prefixes[:, -1], axis=0))

    return model


def sample(rng, model, count, length, *, temperature=1.0, like):
    """Sequences drawn from a model token by token, by the largest of its logits with Gumbel noise.

    Parameters
    ----------
    rng : numpy.random.Generator
        For the noise.
    model : callable
        As for `diverse_beam.search`.
    count, length : int
        Sequences and their tokens, >= 1.
    temperature : float, default: 1
        > 0: the model's logits are divided by it.
    like : array
        Whose library, floating dtype and device to take.

    Returns
    -------
    array, shape [count, length], int64
        The tokens.

    Raises
    ------
    TypeError, ValueError
        If an argument is no such thing.

    Examples
    --------
    >>> import numpy as np
    >>> model = chain(np.log([0.5, 0.5]), np.log([[0.01, 0.99], [0.99, 0.01]]))
    >>> sample(random.stream(0, "doc"), model, 2, 5, temperature=0.5, like=np.zeros(1))
    array([[0, 1, 0, 1, 0],
           [1, 0, 1, 0, 1]])
    """
    check.rng(rng=rng), check.function(model=model), check.floating(like=like)
    count, length = check.integer(count=count, length=length, minimum=1, below=2**31)
    temperature = check.positive(temperature=temperature)
    xp = array_namespace(like)
    tokens = xp.zeros((count, 0), dtype=xp.int64, device=device(like))
    for _ in range(length):
        logp = model(tokens)
        check.floating(**{"what model returns": logp}), check.shapes(**{"what model returns": (logp, f"{count} V")})
        noise = from_numpy(rng.gumbel(size=tuple(logp.shape)), like=logp)
        chosen = xp.argmax(logp / temperature + noise, axis=1)
        tokens = xp.concat([tokens, xp.astype(chosen, xp.int64)[:, None]], axis=1)
    return tokens
