"""A small multimodal transformer that learns to read one of four digits, and a toy whose attention is planted.

The image is 32 vision tokens, the question one text token: which quadrant? Nothing is built in about which layer looks
where. The planted toy is the opposite: it has what the paper finds, and serves to test what measures it.
"""

import math
from functools import partial
from typing import NamedTuple

import numpy as np

from refimpl.core import check, random, tree
from refimpl.core.arrays import Array, array_namespace, device, from_numpy
from refimpl.core.autodiff import value_and_grad
from refimpl.core.special import logsumexp, softmax
from refimpl.models import adam
from refimpl.search import token_reduction as tr

LAYERS, TOKENS, WIDTH, HEADS, HIDDEN = 8, 32, 32, 2, 64
STEPS, BATCH = 500, 32
PARTS = "Wq", "Wk", "Wv", "Wo", "W1", "W2"


class Questions(NamedTuple):
    """Canvases of four digits, each asked for one of them."""

    patches: Array  # [n, 32, 8] vision tokens: 2 x 4 pixels each, in the order of rows
    asked: Array  # [n] int64: quadrant, 0 to 3
    answers: Array  # [n] int64: the digit there


class Answers(NamedTuple):
    """What a network says."""

    logits: Array  # [n, 10]
    attention: list  # of array [n, k_l]: what the vision tokens of each layer receive from the question
    kept: list  # of array [n, k_l], int64: which tokens these are


def canvases(rng, images, labels, count):
    """Canvases of four images.

    Parameters
    ----------
    rng : numpy.random.Generator
        From `core.random.stream`.
    images : array [m, 64]
        Of 8 x 8 pixels.
    labels : array [m], integers
        Their digits.
    count : int
        Canvases.

    Returns
    -------
    patches : array [count, 32, 8]
        Vision tokens.
    answers : array [count, 4], integers
        Digit of each quadrant.

    Examples
    --------
    >>> from refimpl.problems import digits
    >>> images, labels = digits.digits(like=np.zeros(1))
    >>> patches, answers = canvases(random.stream(0, "doc"), images, labels, 5)
    >>> patches.shape, answers.shape
    ((5, 32, 8), (5, 4))
    """
    check.rng(rng=rng), check.finite(images=images), check.integral(labels=labels)
    check.shapes(images=(images, "m 64"), labels=(labels, "m"))
    count = check.integer(count=count, minimum=1)
    xp = array_namespace(images)
    rows = random.indices(rng, images.shape[0], (count * 4,), like=images)
    quadrants = xp.reshape(xp.take(images, rows, axis=0), (count, 2, 2, 8, 8))
    whole = xp.reshape(xp.permute_dims(quadrants, (0, 1, 3, 2, 4)), (count, 16, 16))
    cut = xp.permute_dims(xp.reshape(whole, (count, 8, 2, 4, 4)), (0, 1, 3, 2, 4))
    return xp.reshape(cut, (count, 32, 8)), xp.reshape(xp.take(labels, rows), (count, 4))


def quadrant():
    """The quadrant of each token, a list.

    Examples
    --------
    >>> quadrant()[:4], quadrant()[-1]
    ([0, 0, 1, 1], 3)
    """
    return [2 * (token // 16) + (token % 4) // 2 for token in range(TOKENS)]


def init(rng, *, like):
    """First weights of the network.

    Parameters
    ----------
    rng : numpy.random.Generator
        From `core.random.stream`.
    like : array
        Whose library, floating dtype and device to take.

    Returns
    -------
    dict of str to array
        Patches to states, positions, a state for each question, six matrices for each layer, states to digits.

    Examples
    --------
    >>> sum(x.size for x in init(random.stream(0, "doc"), like=np.zeros(1)).values())
    67264
    """
    check.rng(rng=rng), check.floating(like=like)
    draw = partial(random.normal, rng, like=like)
    square, into = WIDTH**-0.5, (2 * LAYERS) ** -0.5
    scales = (square, square, square, square * into, (2 / WIDTH) ** 0.5, HIDDEN**-0.5 * into)
    sizes = ((WIDTH, WIDTH),) * 4 + ((WIDTH, HIDDEN), (HIDDEN, WIDTH))
    layers = zip(PARTS, sizes, scales, strict=True)
    return {
        "patch": 8**-0.5 * draw((8, WIDTH)),
        "place": 0.3 * draw((TOKENS, WIDTH)),
        "question": draw((4, WIDTH)),
        **{name: scale * draw((LAYERS, *size)) for name, size, scale in layers},
        "out": square * draw((WIDTH, 10)),
    }


def _norm(x):
    xp = array_namespace(x)
    return x / xp.sqrt(xp.mean(x * x, axis=-1, keepdims=True) + 1e-6)


def _heads(x):
    """[n, t, d] -> [n, heads, t, d / heads]."""
    xp = array_namespace(x)
    return xp.permute_dims(xp.reshape(x, (*x.shape[:2], HEADS, WIDTH // HEADS)), (0, 2, 1, 3))


def _layer(params, l, X, hidden):
    """A layer; and its attention [n, heads, t, t]. `hidden` has -inf where a row must not look."""
    xp = array_namespace(X)
    Wq, Wk, Wv, Wo, W1, W2 = (params[name][l, ...] for name in PARTS)
    H = _norm(X)
    q, k, v = _heads(H @ Wq), _heads(H @ Wk), _heads(H @ Wv)
    A = softmax(q @ xp.matrix_transpose(k) / (WIDTH // HEADS) ** 0.5 + hidden)
    mixed = xp.reshape(xp.permute_dims(A @ v, (0, 2, 1, 3)), X.shape)
    X = X + mixed @ Wo
    return X + xp.maximum(_norm(X) @ W1, 0.0) @ W2, A


def _hidden(vision, text, like):
    """Vision tokens see each other; a text token sees them, and itself."""
    xp = array_namespace(like)
    places = xp.arange(vision + text, device=device(like))
    seen = (places[None, :] < vision) | (places[None, :] == places[:, None])
    return xp.where(seen, xp.zeros((), dtype=like.dtype, device=device(like)), -math.inf)


def _loss(params, patches, answers):
    """Mean cross-entropy of the four questions of each canvas, which do not see each other."""
    xp, n = array_namespace(params["out"]), patches.shape[0]
    asked = xp.broadcast_to(params["question"][None, ...], (n, 4, WIDTH))
    X = xp.concat([patches @ params["patch"] + params["place"], asked], axis=1)
    hidden = _hidden(TOKENS, 4, patches)
    for l in range(LAYERS):
        X, _ = _layer(params, l, X, hidden)
    logits = _norm(X[:, TOKENS:, :]) @ params["out"]
    right = xp.astype(answers[..., None] == xp.arange(10, device=device(answers)), patches.dtype)
    return xp.mean(logsumexp(logits, axis=-1) - xp.sum(right * logits, axis=-1))


def train(rng, images, labels, *, steps=STEPS):
    """Train a network on canvases that are drawn anew in each step.

    Parameters
    ----------
    rng : numpy.random.Generator
        From `core.random.stream`.
    images, labels
        As for `canvases`.
    steps : int, default: 500
        Of Adam, beta 0.9 and 0.98, gradients of norm 1 at most; step size 0.003 after a fifth of warm-up, from half
        time on falling to a fiftieth of it.

    Returns
    -------
    params : dict of str to array
        See `init`.
    losses : list of float
        Of each step.

    Examples
    --------
    >>> from refimpl.problems import digits
    >>> images, labels = digits.digits(like=np.zeros(1))
    >>> params, losses = train(random.stream(0, "doc"), images, labels, steps=2)
    >>> len(losses)
    2
    """
    check.floating(images=images)
    steps, params = check.integer(steps=steps, minimum=1), init(rng, like=images)
    state, losses = adam.init(params), []
    for t in range(1, steps + 1):
        loss, grads = value_and_grad(_loss)(params, *canvases(rng, images, labels, BATCH))
        norm = math.sqrt(sum(float(array_namespace(g).sum(g * g)) for g in grads.values()))
        shorter = 1 / max(1.0, norm)
        clipped = tree.map(lambda g, c=shorter: c * g, grads)
        lr = 0.003 * min(1.0, t * 5 / steps, max(0.02, 1 - 0.98 * (2 * t / steps - 1)))
        params, state = adam.update(params, state, clipped, lr=lr, beta2=0.98)
        losses.append(float(loss))
    return params, losses


def answer(params, questions, k):
    """What a network says with fewer and fewer vision tokens, ranked by the attention of the layer before.

    Parameters
    ----------
    params : dict of str to array
        From `train`.
    questions : Questions
        n of them.
    k : array [8], integers
        Schedule: tokens at each layer, 32 first.

    Returns
    -------
    Answers
        Attention is the mean of the heads.

    Examples
    --------
    >>> from refimpl.problems import digits
    >>> images, labels = digits.digits(like=np.zeros(1))
    >>> params = init(random.stream(0, "doc"), like=images)
    >>> found = answer(params, ask(random.stream(1, "doc"), images, labels, 3), np.array([32, 32, 9, 9, 4, 4, 0, 0]))
    >>> found.logits.shape, [a.shape[1] for a in found.attention]
    ((3, 10), [32, 32, 9, 9, 4, 4, 0, 0])
    """
    check.instance(dict, params=params), check.fields(Questions, questions=questions)
    check.indices(4, **{"questions.asked": questions.asked}), check.indices(TOKENS + 1, k=k)
    named = {"questions.patches": (questions.patches, f"n {TOKENS} 8"), "questions.asked": (questions.asked, "n")}
    check.shapes(k=(k, str(LAYERS)), **named)
    patches, asked, _ = questions
    xp, n = array_namespace(patches), patches.shape[0]
    text = xp.take(params["question"], asked, axis=0)[:, None, :]
    X = xp.concat([patches @ params["patch"] + params["place"], text], axis=1)
    alive = xp.broadcast_to(xp.arange(TOKENS, dtype=xp.int64, device=device(patches)), (n, TOKENS))
    attention: list[Array] = []
    kept: list[Array] = []
    for l in range(LAYERS):
        count, before = int(k[l]), alive.shape[1]
        if count < before:
            best = tr.keep(attention[-1], count)
            last = xp.full((n, 1), before, dtype=xp.int64, device=device(patches))
            rows = xp.concat([best, last], axis=1)
            X = xp.take_along_axis(X, xp.broadcast_to(rows[:, :, None], (n, count + 1, WIDTH)), axis=1)
            alive = xp.take_along_axis(alive, best, axis=1)
        X, A = _layer(params, l, X, _hidden(count, 1, patches))
        attention.append(xp.mean(A[:, :, -1, :-1], axis=1))
        kept.append(alive)
    return Answers(_norm(X[:, -1, :]) @ params["out"], attention, kept)


def ask(rng, images, labels, count):
    """Questions about random canvases.

    Parameters
    ----------
    rng, images, labels
        As for `canvases`.
    count : int
        Questions, each about a canvas of its own.

    Returns
    -------
    Questions
        See there.

    Examples
    --------
    >>> from refimpl.problems import digits
    >>> images, labels = digits.digits(like=np.zeros(1))
    >>> ask(random.stream(0, "doc"), images, labels, 3).asked.shape
    (3,)
    """
    patches, every = canvases(rng, images, labels, count)
    xp, asked = array_namespace(patches), random.indices(rng, 4, (count,), like=images)
    return Questions(patches, asked, xp.take_along_axis(every, asked[:, None], axis=1)[:, 0])


def quality(logits, answers):
    """Share of right answers, and mean log-probability of the right ones, numbers.

    Parameters
    ----------
    logits : array [n, C]
        What was said.
    answers : array [n], integers
        What is right.

    Returns
    -------
    accuracy, likelihood : float
        See there.

    Examples
    --------
    >>> quality(np.array([[2.0, 0.0], [0.0, 0.0]]), np.array([0, 1]))
    (0.5, -0.410037...)
    """
    check.finite(logits=logits), check.indices(logits.shape[-1], answers=answers)
    xp = array_namespace(logits)
    right = xp.take_along_axis(logits, answers[:, None], axis=1)[:, 0]
    accuracy = xp.mean(xp.astype(xp.argmax(logits, axis=1) == answers, logits.dtype))
    return float(accuracy), float(xp.mean(right - logsumexp(logits, axis=1)))


class Planted(NamedTuple):
    """Tokens whose attention is made, not learnt: six of 64 match the question in every layer but the first."""

    queries: Array  # [n, 12, 16] of the question, turned by each layer
    keys: Array  # [n, 64, 16]
    values: Array  # [n, 64, 8] six of them carry the class
    labels: Array  # [n] int64
    sharpness: Array  # [12] beta


def planted(rng, *, like, count=1000, turns=None):
    """The planted toy.

    Parameters
    ----------
    rng : numpy.random.Generator
        From `core.random.stream`.
    like : array
        Whose library, floating dtype and device to take.
    count : int, default: 1000
        Questions.
    turns : array [12, 16, 16], optional
        Of another draw: how the layers turn the question.

    Returns
    -------
    Planted, array [12, 16, 16]
        The questions, and how the layers turn them.

    Examples
    --------
    >>> toy, turns = planted(random.stream(0, "doc"), like=np.zeros(1), count=4)
    >>> toy.keys.shape, turns.shape
    ((4, 64, 16), (12, 16, 16))
    """
    check.rng(rng=rng), check.floating(like=like)
    n, L = check.integer(count=count, minimum=1), 12
    if turns is None:
        sigma = np.linspace(1.5, 0.2, L)[:, None, None]
        G = rng.standard_normal((L, 16, 16)) / 4
        turns = np.where(np.arange(L)[:, None, None] == 0, G, np.eye(16) + sigma * G)
    labels = rng.integers(0, 8, n)
    q = rng.standard_normal((n, 16))
    q = q / np.linalg.norm(q, axis=1, keepdims=True)
    keys = rng.standard_normal((n, 64, 16)) / 4
    values = rng.standard_normal((n, 64, 8)) * 0.5
    places = rng.permuted(np.tile(np.arange(64), (n, 1)), axis=1)[:, :6]
    rows = np.arange(n)[:, None]
    keys[rows, places] = q[:, None, :] + 0.5 * rng.standard_normal((n, 6, 16)) / 4
    values[rows, places] += np.eye(8)[labels][:, None, :]
    turned = np.einsum("lij,nj->nli", turns, q)
    whole = array_namespace(like).int64
    queries, keys, values = (from_numpy(x, like=like) for x in (turned, keys, values))
    beta = from_numpy(np.linspace(4.0, 10.0, L), like=like)
    return Planted(queries, keys, values, from_numpy(labels, like=like, dtype=whole), beta), turns


def planted_answer(toy, k):
    """What the planted toy says: the values that it has attended to, summed over the layers.

    Parameters
    ----------
    toy : Planted
        n questions.
    k : array [12], integers
        Schedule, 64 first.

    Returns
    -------
    Answers
        As `answer`.

    Examples
    --------
    >>> toy, _ = planted(random.stream(0, "doc"), like=np.zeros(1), count=4)
    >>> planted_answer(toy, np.array([64] * 6 + [8] * 6)).logits.shape
    (4, 8)
    """
    check.fields(Planted, toy=toy)
    shapes = {"queries": "n L 16", "keys": "n N 16", "values": "n N 8", "labels": "n", "sharpness": "L"}
    check.shapes(**{f"toy.{name}": (getattr(toy, name), text) for name, text in shapes.items()})
    xp, (n, L), N = array_namespace(toy.keys), toy.queries.shape[:2], toy.keys.shape[1]
    check.indices(N + 1, k=k), check.shapes(k=(k, str(L)))
    keys, values = toy.keys, toy.values
    alive = xp.broadcast_to(xp.arange(N, dtype=xp.int64, device=device(keys)), (n, N))
    state = xp.zeros_like(values[:, 0, :])
    attention: list[Array] = []
    kept: list[Array] = []
    for l in range(L):
        if int(k[l]) < alive.shape[1]:
            best = tr.keep(attention[-1], int(k[l]))
            alive = xp.take_along_axis(alive, best, axis=1)
            keys, values = (
                xp.take_along_axis(x, xp.broadcast_to(best[:, :, None], (*best.shape, x.shape[2])), axis=1)
                for x in (keys, values)
            )
        logits = toy.sharpness[l] * (keys @ toy.queries[:, l, :, None])[:, :, 0]
        own = xp.zeros((n, 1), dtype=logits.dtype, device=device(logits))  # the question itself, which adds nothing
        a = softmax(xp.concat([logits, own], axis=1))[:, :-1]
        state = state + xp.sum(a[:, :, None] * values, axis=1)
        attention.append(a)
        kept.append(alive)
    return Answers(state, attention, kept)
