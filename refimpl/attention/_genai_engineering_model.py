"""A small character model with multi-query attention, its gradient written out, for the claims on attention."""

import math
import re
from typing import NamedTuple

import numpy as np

from refimpl.attention import genai_engineering as ge
from refimpl.attention._genai_engineering_text import topics
from refimpl.core import check
from refimpl.core.arrays import Array, array_namespace, device, from_numpy
from refimpl.models import adam
from refimpl.models.attention import causal, log_softmax, rotate, scaled_scores, softmax, softmax_gradient

ALPHABET = "abcdefghijklmnopqrstuvwxyz .,()"
WIDTH, HEADS, DIM, HIDDEN = 48, 4, 16, 96
WINDOW, BATCH, STEPS = 64, 16, 800


class Code(NamedTuple):
    """How a model knows positions."""

    rotary: bool
    slopes: Array | None  # [H]; None: there is no bias
    bias: str = "linear"


def codes(*, like):
    """The codes of positions that are compared, by name.

    Examples
    --------
    >>> [name for name, code in codes(like=np.zeros(1)).items() if code.rotary and code.slopes is not None]
    ['RoPE + geometric', 'RoPE + harmonic', 'RoPE + harmonic number', 'RoPE + geometric, same range']
    """
    harmonic, geometric = (ge.slopes(HEADS, kind=kind, like=like) for kind in ("harmonic", "geometric"))
    same = from_numpy([HEADS ** (-h / (HEADS - 1)) for h in range(HEADS)], like=like)
    return {
        "none": Code(False, None),
        "RoPE": Code(True, None),
        "ALiBi, geometric": Code(False, geometric),
        "ALiBi, harmonic": Code(False, harmonic),
        "RoPE + geometric": Code(True, geometric),
        "RoPE + harmonic": Code(True, harmonic),
        "RoPE + harmonic number": Code(True, harmonic, "harmonic-number"),
        "RoPE + geometric, same range": Code(True, same),
    }


def text():
    """The help texts of Python as numbers of symbols: for training, and the last tenth for tests.

    Examples
    --------
    >>> train, test = text()
    >>> 8.5 < len(train) / len(test) < 9.5, int(max(train.max(), test.max())) < len(ALPHABET)
    (True, True)
    """
    found = re.sub("[^a-z .,()]+", " ", " ".join(topics()))
    found = re.sub(" +", " ", found)
    numbers = np.array([ALPHABET.index(s) for s in found])
    return np.split(numbers, [len(numbers) * 9 // 10])


def init(rng, *, like):
    """Weights from normal draws of variance 1 / fan-in; those that end a branch are half as large.

    Examples
    --------
    >>> {name: x.shape for name, x in init(np.random.default_rng(0), like=np.zeros(1)).items() if name in ("E", "Wq")}
    {'E': (31, 48), 'Wq': (48, 64)}
    """
    check.rng(rng=rng), check.floating(like=like)
    shapes = {"E": (len(ALPHABET), WIDTH), "Wq": (WIDTH, HEADS * DIM), "Wk": (WIDTH, DIM), "Wv": (WIDTH, DIM),
              "Wo": (HEADS * DIM, WIDTH), "W1": (WIDTH, HIDDEN), "W2": (HIDDEN, WIDTH),
              "U": (WIDTH, len(ALPHABET))}  # fmt: skip
    scale = {"E": 0.5} | {name: 0.5 / math.sqrt(shapes[name][0]) for name in ("Wo", "W2", "U")}
    params = {name: from_numpy(rng.standard_normal(shape) * scale.get(name, 1 / math.sqrt(shape[0])), like=like)
              for name, shape in shapes.items()}  # fmt: skip
    return params | {"b1": from_numpy(np.zeros(HIDDEN), like=like), "b": from_numpy(np.zeros(len(ALPHABET)), like=like)}


def penalty(code, n, *, like):
    """What is taken from the scores, [H, n, n] or 0."""
    check.fields(Code, code=code), check.floating(like=like)
    n = check.integer(n=n, minimum=1, below=2**31)
    if code.slopes is None:
        return 0.0
    check.shapes(**{"code.slopes": (code.slopes, f"{HEADS}")})
    xp = array_namespace(like)
    flat = xp.zeros((n, 2), dtype=like.dtype, device=device(like))
    one = ge.scores(flat, flat, slope=1.0, bias=code.bias, rotary=False)
    return code.slopes[:, None, None] * xp.where(causal(n, like=like), one, 0.0)


def _known(params, code, **symbols):
    """Check weights, symbols [b, n] and a code; the namespace."""
    check.instance(dict, params=params), check.fields(Code, code=code)
    expected = {"E", "Wq", "Wk", "Wv", "Wo", "W1", "W2", "U", "b1", "b"}
    if set(params) != expected:
        raise ValueError(f"params must have the names {', '.join(sorted(expected))}, got {', '.join(map(str, params))}")
    check.floating(**params), check.alike_dtype(**params), check.shapes(E=(params["E"], f"{len(ALPHABET)} {WIDTH}"))
    check.indices(len(ALPHABET), **symbols), check.shapes(**{name: (x, "b n") for name, x in symbols.items()})
    return array_namespace(params["E"])


def _heads(x):
    """[b, n, H d] as [b, H, n, d]."""
    xp = array_namespace(x)
    return xp.permute_dims(xp.reshape(x, (*x.shape[:2], HEADS, DIM)), (0, 2, 1, 3))


def _flat(x):
    """And back."""
    xp = array_namespace(x)
    return xp.reshape(xp.permute_dims(x, (0, 2, 1, 3)), (x.shape[0], x.shape[2], HEADS * DIM))


class Pass(NamedTuple):
    """What a pass through the model leaves behind."""

    X: Array  # [b, n, D] embedded symbols
    q: Array  # [b, H, n, d] queries, turned
    k: Array  # [b, 1, n, d] keys, turned
    v: Array  # [b, 1, n, d] values
    a: Array  # [b, H, n, n] weights
    o: Array  # [b, n, H d] what attention gives
    h: Array  # [b, n, D]
    r: Array  # [b, n, hidden] after the relu
    u: Array  # [b, n, D]
    logits: Array  # [b, n, V]


def forward(params, tokens, code, *, seen=None, cache=None):
    """Predictions of the next symbol.

    Parameters
    ----------
    params : dict of array
        From `init`.
    tokens : array [b, n] of int
        Windows.
    code : Code
        How positions are known.
    seen : array [n, n] of bool, optional
        Who may look at whom; default: at all that came before.
    cache : callable, optional
        ``cache(k, v) -> k, v``, of shape [b, n, d]: what is left of them in a cache.

    Returns
    -------
    Pass

    Examples
    --------
    >>> params, tokens = init(np.random.default_rng(0), like=np.zeros(1)), np.array([[0, 1, 2], [0, 1, 9]])
    >>> logits = forward(params, tokens, Code(True, None)).logits
    >>> logits.shape, bool(np.all(logits[0, :2] == logits[1, :2]))  # nobody looks ahead
    ((2, 3, 31), True)
    """
    xp, (b, n) = _known(params, code, tokens=tokens), tokens.shape
    check.function(**({} if cache is None else {"cache": cache}))
    if seen is not None:
        check.shapes(seen=(seen, f"{n} {n}"))
    X = xp.reshape(xp.take(params["E"], xp.reshape(tokens, (-1,)), axis=0), (b, n, WIDTH))
    q, k, v = _heads(X @ params["Wq"]), X @ params["Wk"], X @ params["Wv"]
    if code.rotary:
        place = xp.arange(n, dtype=xp.int64, device=device(X))
        q, k = rotate(q, place), rotate(k, place)
    if cache is not None:
        k, v = cache(k, v)
    k, v = k[:, None, :, :], v[:, None, :, :]
    scores = scaled_scores(q, k) + penalty(code, n, like=X)
    a = softmax(scores, causal(n, like=X) if seen is None else seen)
    o = _flat(a @ v)
    h = X + o @ params["Wo"]
    r = xp.clip(h @ params["W1"] + params["b1"], min=0.0)
    u = h + r @ params["W2"]
    return Pass(X, q, k, v, a, o, h, r, u, u @ params["U"] + params["b"])


def loss(params, windows, code, **more):
    """Mean nats per character of windows [b, n + 1]."""
    xp = _known(params, code, windows=windows)
    logp = log_softmax(forward(params, windows[:, :-1], code, **more).logits)
    return -xp.mean(xp.take_along_axis(logp, windows[:, 1:, None], axis=-1))


def gradient(params, windows, code):
    """Of `loss`, by name, written out.

    Examples
    --------
    >>> params, code = init(np.random.default_rng(0), like=np.zeros(1)), Code(True, np.array([1, 0.5, 0.25, 0.125]))
    >>> windows, towards = np.random.default_rng(1).integers(0, 31, (2, 6)), np.random.default_rng(2)
    >>> found = gradient(params, windows, code)
    >>> for name in ("Wq", "Wk", "E"):
    ...     step = 1e-5 * towards.standard_normal(params[name].shape)
    ...     ends = [float(loss(params | {name: params[name] + sign * step}, windows, code)) for sign in (1, -1)]
    ...     print(name, bool(abs((ends[0] - ends[1]) / 2 - np.sum(found[name] * step)) < 1e-13))
    Wq True
    Wk True
    E True
    """
    _known(params, code, windows=windows)
    tokens, targets = windows[:, :-1], windows[:, 1:]
    p, xp = forward(params, tokens, code), array_namespace(params["E"])
    symbols = xp.arange(len(ALPHABET), device=device(tokens))
    place = xp.arange(tokens.shape[1], dtype=xp.int64, device=device(tokens))
    one_hot = lambda x: xp.astype(x[..., None] == symbols, p.X.dtype)
    T, flat = xp.matrix_transpose, lambda x: xp.reshape(x, (-1, x.shape[-1]))
    logits = (softmax(p.logits) - one_hot(targets)) / (tokens.shape[0] * tokens.shape[1])
    u = logits @ T(params["U"])
    r = xp.where(p.r > 0, u @ T(params["W2"]), 0.0)
    h = u + r @ T(params["W1"])
    o = _heads(h @ T(params["Wo"]))
    s = softmax_gradient(p.a, o @ T(p.v)) / math.sqrt(DIM)
    v = xp.sum(T(p.a) @ o, axis=1)
    q, k = s @ p.k, xp.sum(T(s) @ p.q, axis=1)
    if code.rotary:
        q, k = rotate(q, -place), rotate(k, -place)
    q = _flat(q)
    X = h + q @ T(params["Wq"]) + k @ T(params["Wk"]) + v @ T(params["Wv"])
    pairs = {"Wq": (p.X, q), "Wk": (p.X, k), "Wv": (p.X, v), "Wo": (p.o, h), "W1": (p.h, r), "W2": (p.r, u),
             "U": (p.u, logits), "E": (one_hot(tokens), X)}  # fmt: skip
    found = {name: T(flat(x)) @ flat(g) for name, (x, g) in pairs.items()}
    return found | {"b1": xp.sum(flat(r), axis=0), "b": xp.sum(flat(logits), axis=0)}


def train(rng, numbers, code, *, like, steps=STEPS):
    """Adam on random windows, with a warm-up and a cosine.

    Examples
    --------
    >>> numbers = np.tile(np.arange(5), 99)
    >>> code = codes(like=np.zeros(1))["RoPE + harmonic"]
    >>> params = train(np.random.default_rng(0), numbers, code, like=np.zeros(1), steps=60)
    >>> float(loss(params, numbers[None, :30], code)) < 0.5  # a b c d e a b c d e
    True
    """
    steps = check.integer(steps=steps)
    check.instance(np.ndarray, numbers=numbers), check.indices(len(ALPHABET), numbers=numbers)
    if numbers.ndim != 1 or len(numbers) <= WINDOW + 1:
        raise ValueError(f"numbers must be a vector longer than {WINDOW + 1}, got shape {numbers.shape}")
    params = init(rng, like=like)
    state = adam.init(params)
    for t in range(1, steps + 1):
        starts = rng.integers(0, len(numbers) - WINDOW, BATCH)
        windows = from_numpy(numbers[starts[:, None] + np.arange(WINDOW + 1)], like=like)
        grad = gradient(params, windows, code)
        rate = 3e-3 * min(1.0, t / 50) * 0.5 * (1 + math.cos(math.pi * t / steps))
        params, state = adam.update(params, state, grad, lr=rate, beta2=0.99)
    return params
