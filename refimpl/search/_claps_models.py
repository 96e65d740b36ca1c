"""Black boxes for prompt search: a table of rewards, and a small masked language model with words to be told apart."""

from typing import NamedTuple

from refimpl.core import check, random, tree
from refimpl.core.arrays import Array, array_namespace, device, from_numpy, to_numpy
from refimpl.core.autodiff import value_and_grad
from refimpl.core.special import logsumexp, softmax
from refimpl.models import adam
from refimpl.problems.docstrings import docstrings

WINDOW, MASK, PROMPT = 16, 10, 5  # words the model sees; where the word to be told is; places before the input
TASKS = (
    ("true", "false"),
    ("file", "list", "string", "class"),
    ("read", "write", "open", "close"),
    ("start", "end", "first", "last"),
    ("integer", "float", "bytes", "dict"),
)


def table(U, Q):
    """A black box that can be seen through: R(z) = sum of U[l, z_l] and of Q[z_l, z_{l+1}].

    Parameters
    ----------
    U : array [L, V], floating point
        What each token is worth at each position.
    Q : array [V, V], like `U`
        What a pair of neighbours is worth.

    Returns
    -------
    callable
        Token ids [n, l], l <= L -> rewards [n]; 0 for the empty prompt.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, or an entry is not finite.

    Examples
    --------
    >>> import numpy as np
    >>> reward = table(np.array([[1.0, 0.0], [0.0, 2.0]]), np.array([[0.0, -4.0], [0.0, 0.5]]))
    >>> reward(np.array([[0, 1], [1, 1]])), reward(np.array([[0]]))
    (array([-1. ,  2.5]), array([1.]))
    """
    check.finite(U=U, Q=Q), check.alike_dtype(U=U, Q=Q)
    V = check.shapes(U=(U, "L V"), Q=(Q, "V V"))["V"]
    xp = array_namespace(U, Q)
    single, double = xp.reshape(U, (-1,)), xp.reshape(Q, (-1,))

    def reward(prompts):
        n, l = prompts.shape
        if not l:
            return xp.zeros((n,), dtype=U.dtype, device=device(U))
        places = V * xp.arange(l, dtype=prompts.dtype, device=device(prompts)) + prompts
        worth = xp.reshape(xp.take(single, xp.reshape(places, (-1,))), (n, l))
        pairs = V * prompts[:, :-1] + prompts[:, 1:]
        bonds = xp.reshape(xp.take(double, xp.reshape(pairs, (-1,))), (n, l - 1))
        return xp.sum(worth, axis=1) + xp.sum(bonds, axis=1)

    return reward


# The language model --------------------------------------------------------------------------------------------------


class Block(NamedTuple):
    """A layer of the transformer."""

    query: Array  # [d, d]
    key: Array  # [d, d]
    value: Array  # [d, d]
    out: Array  # [d, d] writes into the residual stream
    up: Array  # [d, 2 d]
    down: Array  # [2 d, d] writes into it too


class Model(NamedTuple):
    """A masked language model."""

    words: Array  # [V + 2, d] embeddings; V: any other word, V + 1: the mask
    places: Array  # [16, d] embeddings of positions
    blocks: list[Block]
    head: Array  # [d, V]
    bias: Array  # [V] at first the log-frequencies


class Text(NamedTuple):
    """Words for training and held-out ones: docstrings in random order, joined by four unknown words."""

    words: list  # of str [V]
    train: Array  # [n] int64
    held: Array  # [m] int64


class Task(NamedTuple):
    """Which of a few words stood where the mask is."""

    classes: Array  # [C] int64: the words
    X: Array  # [S, 11] five words, the mask, five words
    y: Array  # [S] classes
    X_test: Array  # [t, 11]
    y_test: Array  # [t]


def _shuffled(seed, name, n):
    return random.stream(seed, "claps", name).permutation(n)


def text(seed=0, *, like):
    """Three quarters of the docstrings for training, the others held out.

    Parameters
    ----------
    seed : int, default: 0
        Of their order.
    like : array
        Whose library and device to take.

    Returns
    -------
    Text
        See there.

    Examples
    --------
    >>> import numpy as np
    >>> found = text(like=np.zeros(1))
    >>> len(found.words), bool(found.train.shape[0] > 2.5 * found.held.shape[0])
    (800, True)
    """
    check.array(like=like)
    stored = docstrings(like=like)
    lengths, whole = to_numpy(stored.lengths), to_numpy(stored.ids)
    ends = lengths.cumsum().tolist()
    order, parts = _shuffled(seed, "text", len(ends)).tolist(), []
    for chosen in (order[: len(ends) * 3 // 4], order[len(ends) * 3 // 4 :]):
        joined: list = []
        for i in chosen:
            joined += [*whole[ends[i] - lengths[i] : ends[i]].tolist(), *[len(stored.words)] * 4]
        parts.append(from_numpy(joined, like=like, dtype=array_namespace(like).int64))
    return Text(stored.words, *parts)


def init(rng, frequencies, *, d=32, layers=2):
    """A model at its first weights.

    Parameters
    ----------
    rng : numpy.random.Generator
        For the weights.
    frequencies : array [V], floating point
        How often each word is the one to be told, > 0: the first bias.
    d, layers : int, default: 32 and 2
        Width, even, and number of blocks.

    Returns
    -------
    Model
        Embeddings of standard deviation 0.5; matrices over the root of their inputs, those before a ReLU over the root
        of half of them, those that write into the residual stream over the root of twice the layers more.

    Examples
    --------
    >>> import numpy as np
    >>> model = init(random.stream(0, "doc"), np.ones(5), d=4)
    >>> model.words.shape, len(model.blocks), model.head.shape
    ((7, 4), 2, (4, 5))
    """
    check.rng(rng=rng), check.finite(frequencies=frequencies)
    V = check.shapes(frequencies=(frequencies, "V"))["V"]
    layers, d = check.integer(layers=layers, d=d, minimum=1)
    xp, back = array_namespace(frequencies), (2 * layers) ** -0.5
    draw = lambda scale, *shape: scale * random.normal(rng, shape, like=frequencies)
    words, places = draw(0.5, V + 2, d), draw(0.5, WINDOW, d)
    side, blocks = d**-0.5, []
    for _ in range(layers):
        query, key, value = (draw(side, d, d) for _ in range(3))
        out, up = draw(side * back, d, d), draw((2 / d) ** 0.5, d, 2 * d)
        blocks.append(Block(query, key, value, out, up, draw((2 * d) ** -0.5 * back, 2 * d, d)))
    share = frequencies / xp.sum(frequencies)
    return Model(words, places, blocks, draw(side, d, V), xp.log(xp.clip(share, min=1e-9)))


def _checked(model):
    """A model whose arrays fit each other."""
    model = check.fields(Model, model=model)
    axes = {"words": "words d", "places": f"{WINDOW} d", "head": "d V", "bias": "V"}
    parts = {f"model.{name}": (getattr(model, name), text) for name, text in axes.items()}
    for l, block in enumerate(model.blocks):
        sides = ("d d",) * 4 + ("d wide", "wide d")
        parts |= {
            f"model.blocks[{l}].{name}": (x, text) for name, x, text in zip(Block._fields, block, sides, strict=True)
        }
    check.shapes(**parts)
    return model


def _normal(x):
    """Rows over their root mean square."""
    xp = array_namespace(x)
    return x / xp.sqrt(xp.mean(x * x, axis=-1, keepdims=True) + 1e-6)


def _block(block, h, asked, blind):
    """One layer: what `asked` [b, q, d] of the positions become, from all of them, h [b, n, d]; two heads."""
    xp, (b, q, d) = array_namespace(h, block.query), asked.shape
    n, keys, queries = h.shape[1], _normal(h), _normal(asked)

    def heads(x, length):
        return xp.permute_dims(xp.reshape(x, (b, length, 2, d // 2)), (0, 2, 1, 3))

    Q, K, W = heads(queries @ block.query, q), heads(keys @ block.key, n), heads(keys @ block.value, n)
    scores = Q @ xp.matrix_transpose(K) / (d // 2) ** 0.5
    if blind is not None:
        scores = scores + blind
    seen = xp.permute_dims(softmax(scores, axis=-1) @ W, (0, 2, 1, 3))
    asked = asked + xp.reshape(seen, (b, q, d)) @ block.out
    return asked + xp.maximum(_normal(asked) @ block.up, 0.0) @ block.down


def _logits(model, tokens, at, first=0, hidden=None):
    """Logits [b, V] of the word at the positions `at` [b] of windows [b, n] whose first place is `first`."""
    xp, (b, n) = array_namespace(model.words, tokens), tokens.shape
    d = model.words.shape[1]
    h = xp.reshape(xp.take(model.words, xp.reshape(tokens, (-1,)), axis=0), (b, n, d))
    h = h + model.places[first : first + n, :]
    blind = None
    if hidden is not None:
        place = xp.arange(n, dtype=tokens.dtype, device=device(tokens))
        blind = -1e9 * xp.astype(place < hidden[:, None], model.words.dtype)[:, None, None, :]
    for block in model.blocks[:-1]:
        h = _block(block, h, h, blind)
    rows = n * xp.arange(b, dtype=tokens.dtype, device=device(tokens)) + at
    asked = xp.take(xp.reshape(h, (b * n, d)), rows, axis=0)[:, None, :]
    asked = _block(model.blocks[-1], h, asked, blind)[:, 0, :]
    return _normal(asked) @ model.head + model.bias


def _loss(model, tokens, at, hidden, truth):
    logits = _logits(model, tokens, at, hidden=hidden)
    xp = array_namespace(logits)
    picked = xp.take_along_axis(logits, truth[:, None], axis=1)[:, 0]
    return xp.mean(logsumexp(logits, axis=1) - picked)


def _windows(rng, ids, count, V):
    """Windows with a masked word that is known: tokens, position of the mask, hidden first places, the word."""
    xp, whole = array_namespace(ids), array_namespace(ids).int64
    at = from_numpy(rng.integers(6, 13, count), like=ids, dtype=whole)
    hidden = from_numpy(rng.integers(0, PROMPT + 1, count), like=ids, dtype=whole)
    known = xp.nonzero(ids[12:-9] < V)[0] + 12  # far enough from both ends
    word = xp.take(known, random.indices(rng, known.shape[0], (count,), like=ids))
    place = xp.arange(WINDOW, dtype=whole, device=device(ids))
    tokens = xp.reshape(xp.take(ids, xp.reshape((word - at)[:, None] + place, (-1,))), (count, WINDOW))
    return xp.where(place == at[:, None], V + 1, tokens), at, hidden, xp.take(ids, word)


def train(seed, data, *, like, steps=2000, batch=128, lr=0.006):
    """Train the model: Adam (0.9, 0.98), 100 steps of warm-up, constant to half time, then falling to 2 %.

    Parameters
    ----------
    seed : int
        Of weights and windows.
    data : Text
        From `text`.
    like : array
        Whose library, floating dtype and device to take.
    steps, batch : int, default: 2000 and 128
        0 steps: the model at its first weights.
    lr : float, default: 0.006
        Largest step size.

    Returns
    -------
    Model
        After the last step.

    Examples
    --------
    >>> import numpy as np
    >>> data, like = text(like=np.zeros(1)), np.zeros(1, dtype=np.float32)
    >>> loss = [held_out(0, train(0, data, like=like, steps=n, batch=32), data, count=500)[0] for n in (0, 40)]
    >>> loss[1] < loss[0]
    True
    """
    check.fields(Text, data=data), check.floating(like=like), check.integral(**{"data.train": data.train})
    steps, lr = check.integer(steps=steps), check.positive(lr=lr)
    batch, V = check.integer(batch=batch, minimum=1), len(data.words)
    rng, xp = random.stream(seed, "claps", "train"), array_namespace(like)
    names = xp.arange(V, dtype=data.train.dtype, device=device(like))
    counts = xp.stack([xp.sum(xp.astype(data.train == names[k], like.dtype)) for k in range(V)])
    model = init(rng, counts + 1.0)
    flat, model_of = tree.ravel(model)
    state = adam.init(flat)
    slope = value_and_grad(lambda theta, *window: _loss(model_of(theta), *window))
    for t in range(1, steps + 1):
        _, g = slope(flat, *_windows(rng, data.train, batch, V))
        g = g / xp.maximum(xp.sqrt(xp.sum(g * g)), xp.asarray(1.0, dtype=g.dtype, device=device(g)))  # clipped at 1
        rate = lr * min(t / 100, 1.0, 1 - 0.98 * (2 * t / steps - 1))
        flat, state = adam.update(flat, state, g, lr=rate, beta2=0.98)
    return model_of(flat)


def held_out(seed, model, data, *, count=4000):
    """Loss and accuracy on held-out windows.

    Parameters
    ----------
    seed : int
        Of the windows.
    model : Model
        From `train`.
    data : Text
        From `text`.
    count : int, default: 4000
        Windows.

    Returns
    -------
    loss, accuracy : float
        Mean cross-entropy in nats, and the share of words that are told right.

    Examples
    --------
    >>> import numpy as np
    >>> data, like = text(like=np.zeros(1)), np.zeros(1, dtype=np.float32)
    >>> [x < 7 for x in held_out(0, train(0, data, like=like, steps=0), data, count=100)]
    [True, True]
    """
    model = _checked(model)
    check.fields(Text, data=data)
    count = check.integer(count=count, minimum=1)
    tokens, at, hidden, truth = _windows(random.stream(seed, "claps", "held"), data.held, count, len(data.words))
    logits = _logits(model, tokens, at, hidden=hidden)
    xp = array_namespace(logits)
    loss = xp.mean(logsumexp(logits, axis=1) - xp.take_along_axis(logits, truth[:, None], axis=1)[:, 0])
    return float(loss), float(xp.mean(xp.astype(xp.argmax(logits, axis=1) == truth, logits.dtype)))


def task(seed, data, names, *, shots=16, tests=40):
    """Held-out places of a few words, some for the reward and others for a test.

    Parameters
    ----------
    seed : int
        Of the choice.
    data : Text
        From `text`.
    names : sequence of str
        The words, such as one of `TASKS`.
    shots, tests : int, default: 16 and 40
        Places of each word for the reward, and at most so many others.

    Returns
    -------
    Task
        See there.

    Examples
    --------
    >>> import numpy as np
    >>> found = task(0, text(like=np.zeros(1)), TASKS[0])
    >>> found.X.shape, int(found.y.sum()), bool(np.all(found.X[:, 5] == 801))
    ((32, 11), 16, True)
    """
    check.fields(Text, data=data), check.sequence(names=names)
    shots, tests = check.integer(shots=shots, tests=tests, minimum=1)
    rng, V, half = random.stream(seed, "claps", "task", *names), len(data.words), MASK - PROMPT
    xp, ids = array_namespace(data.held), data.held
    parts: list = [[], [], [], []]
    for c, name in enumerate(names):
        places = to_numpy(xp.nonzero(ids[half:-half] == data.words.index(name))[0] + half)
        chosen = rng.permutation(places).tolist()[: shots + tests]
        for k, some in enumerate((chosen[:shots], chosen[shots:])):
            parts[2 * k] += some
            parts[2 * k + 1] += [c] * len(some)
    made = [from_numpy(part, like=ids, dtype=xp.int64) for part in parts]
    around = xp.arange(-half, half + 1, dtype=xp.int64, device=device(ids))
    windows = lambda at: xp.reshape(xp.take(ids, xp.reshape(at[:, None] + around, (-1,))), (at.shape[0], 2 * half + 1))
    masked = lambda X: xp.where(around == 0, V + 1, X)
    classes = from_numpy([data.words.index(name) for name in names], like=ids, dtype=xp.int64)
    return Task(classes, masked(windows(made[0])), made[1], masked(windows(made[2])), made[3])


def answers(model, X, classes, prompts, *, most=4096):
    """Logits of the class words for each prompt and example.

    Parameters
    ----------
    model : Model
        From `train`.
    X : array [S, 11], int64
        Examples, as in `Task`.
    classes : array [C], int64
        The class words.
    prompts : array [n, l], int64
        Words before the input, l <= 5: at the places 5 - l, ..., 4.
    most : int, default: 4096
        Windows that are computed at a time.

    Returns
    -------
    array [n, S, C]
        Its softmax is what the model says of the classes.

    Examples
    --------
    >>> import numpy as np
    >>> data, like = text(like=np.zeros(1)), np.zeros(1, dtype=np.float32)
    >>> model, one = train(0, data, like=like, steps=0), task(0, data, TASKS[0])
    >>> answers(model, one.X, one.classes, np.array([[3], [4], [5]])).shape
    (3, 32, 2)
    """
    model = _checked(model)
    check.integral(X=X, classes=classes, prompts=prompts)
    n, l = prompts.shape
    S, width = check.shapes(X=(X, f"S {2 * (MASK - PROMPT) + 1}"), classes=(classes, "C"))["S"], X.shape[1]
    xp, found = array_namespace(model.head), []
    small = model._replace(head=xp.take(model.head, classes, axis=1), bias=xp.take(model.bias, classes))
    at_once = max(1, check.integer(most=most, minimum=1) // S)
    for start in range(0, n, at_once):
        some = prompts[start : start + at_once, :]
        k = some.shape[0]
        before = xp.broadcast_to(some[:, None, :], (k, S, l))
        tokens = xp.concat([before, xp.broadcast_to(X[None, :, :], (k, S, width))], axis=2)
        at = xp.full((k * S,), l + MASK - PROMPT, dtype=X.dtype, device=device(X))
        logits = _logits(small, xp.reshape(tokens, (k * S, l + width)), at, first=PROMPT - l)
        found.append(xp.reshape(logits, (k, S, classes.shape[0])))
    return xp.concat(found)
