"""Pointer networks (Vinyals, Fortunato and Jaitly, 2015, arXiv:1506.03134).

An LSTM reads the elements of a sequence, another one writes, and what it writes are positions: its attention over what
was read is itself the distribution of the next output. So the number of classes is the length of the input, and one set
of weights serves every length. Beside it stand the two models that it is compared with, which choose from a fixed
dictionary. All gradients are written out.
"""

import math
from typing import NamedTuple

from refimpl.core import check, tree
from refimpl.core.arrays import Array, array_namespace, device
from refimpl.core.linalg import length
from refimpl.core.loop import iterate
from refimpl.core.random import uniform
from refimpl.core.special import sigmoid
from refimpl.models.attention import log_softmax, softmax, softmax_gradient


class Weights(NamedTuple):
    """What a pointer network learns; rows of states are multiplied from the right."""

    We: Array  # [2 + H, 4H] encoder: from [x, h] to the gates i, f, o and the new content g
    be: Array  # [4H] its biases
    Wd: Array  # [2 + H, 4H] decoder; [2 + 2H, 4H] where the blended context is fed to it
    bd: Array  # [4H] its biases
    go: Array  # [2] what the decoder reads first
    e0: Array  # [H] stands before the states of the encoder: choosing it ends the sequence
    W1: Array  # [H, H] of the states of the encoder
    W2: Array  # [H, H] of the state of the decoder
    v: Array  # [H] from their sum to a score


class Seq2Seq(NamedTuple):
    """The same with an output layer over a dictionary 0, 1, ..., K - 1: what pointing does without."""

    pointer: Weights
    Wo: Array  # [2H, K] of the state and the blended context (with attention), or [H, K] of the state alone
    bo: Array  # [K]


class Forced(NamedTuple):
    """What a model says of given targets."""

    logp: Array  # [B, m] log-probability of each target, given those before it; 0 where there is none
    loss: Array  # 0-d, minus their mean over all targets of the batch


class Decoded(NamedTuple):
    """What a model writes."""

    indices: Array  # [B, S] int64: points counted from 1, then 0, the end; -1 after it
    logp: Array  # [B, S] log-probability of each choice; 0 after the end


class TrainState(NamedTuple):
    """What Adam keeps of the gradients, end to end."""

    first: Array  # [q] their mean
    second: Array  # [q] the mean of their squares
    steps: int  # taken so far


class _Cell(NamedTuple):
    """What the gradient of a step of an LSTM needs."""

    z: Array
    i: Array
    f: Array
    o: Array
    g: Array
    c: Array
    squashed: Array


# Checks --------------------------------------------------------------------------------------------------------------


def _params(params):
    """Check weights: their namespace, those of the pointer, H, and whether the blended context is fed."""
    check.instance((Weights, Seq2Seq), params=params)
    w = params.pointer if isinstance(params, Seq2Seq) else params
    check.instance(Weights, params=w)
    arrays = w._asdict() | ({"Wo": params.Wo, "bo": params.bo} if isinstance(params, Seq2Seq) else {})
    check.finite(**arrays), check.alike_dtype(**arrays)
    H = check.shapes(v=(w.v, "H"))["H"]
    fed = isinstance(params, Seq2Seq) and w.Wd.ndim == 2 and w.Wd.shape[0] == 2 + 2 * H
    shapes = {"We": f"{2 + H} {4 * H}", "be": f"{4 * H}", "Wd": f"{2 + H + fed * H} {4 * H}", "bd": f"{4 * H}"}
    shapes |= {"go": "2", "e0": f"{H}", "W1": f"{H} {H}", "W2": f"{H} {H}"}
    if isinstance(params, Seq2Seq):
        wide = params.Wo.ndim == 2 and params.Wo.shape[0] == 2 * H
        shapes |= {"Wo": f"{H + wide * H} K", "bo": "K"}
        if fed and not wide:
            raise ValueError("Wo must have 2 H rows where the context is fed to the decoder: there is attention")
    check.shapes(**{name: (arrays[name], axes) for name, axes in shapes.items()})
    return array_namespace(*arrays.values()), w, H, fed


def _points(w, P, n_real):
    """Check points and their numbers; all are real by default."""
    check.finite(P=P), check.alike_dtype(v=w.v, P=P)
    sizes = check.shapes(P=(P, "B n 2"))
    xp = array_namespace(P)
    if n_real is None:
        return xp.full((sizes["B"],), sizes["n"], dtype=xp.int64, device=device(P))
    check.integral(n_real=n_real), check.shapes(n_real=(n_real, f"{sizes['B']}"))
    if not 1 <= int(xp.min(n_real)) <= int(xp.max(n_real)) <= sizes["n"]:
        raise ValueError(f"n_real must be whole, in [1, {sizes['n']}], got others")
    return n_real


def _targets(params, P, C, n_real):
    """Check targets: points that are there, then at most one 0, then -1."""
    check.integral(C=C), check.shapes(C=(C, f"{P.shape[0]} m"))
    xp = array_namespace(C)
    most = n_real if isinstance(params, Weights) else xp.clip(n_real, max=params.bo.shape[0] - 1)
    if bool(xp.any((C < -1) | (most[:, None] < C))):
        raise ValueError("C must be points that are there, counted from 1, 0 or -1, got others")
    if bool(xp.any((C[:, 1:] >= 0) & (C[:, :-1] <= 0))):
        raise ValueError("C must have nothing but -1 after a 0 or a -1, got something")
    if not bool(xp.any(C >= 0)):
        raise ValueError("C must have a target, got none")


# The rule ------------------------------------------------------------------------------------------------------------


def _lstm(x, h, c, W, b):
    """A step of an LSTM: its states, and what their gradient needs."""
    xp, H = array_namespace(x), h.shape[-1]
    z = xp.concat([x, h], axis=-1)
    a = z @ W + b  # (pointer_net-1)
    gates, g = sigmoid(a[:, : 3 * H]), xp.tanh(a[:, 3 * H :])  # (pointer_net-2)
    i, f, o = gates[:, :H], gates[:, H : 2 * H], gates[:, 2 * H :]
    new = f * c + i * g  # (pointer_net-3)
    squashed = xp.tanh(new)
    return o * squashed, new, _Cell(z, i, f, o, g, c, squashed)  # (pointer_net-4)


def _encode(w, P, n_real):
    """States of the encoder behind that of the end token, which slots there are, and the last real states."""
    xp, (B, n, _), H = array_namespace(P), P.shape, w.v.shape[0]
    h = c = xp.zeros((B, H), dtype=P.dtype, device=device(P))
    states, cells = [xp.broadcast_to(w.e0, (B, H))], []  # (pointer_net-5)
    for j in range(n):
        ahead_h, ahead_c, cell = _lstm(P[:, j, :], h, c, w.We, w.be)
        real = (n_real > j)[:, None]
        h, c = xp.where(real, ahead_h, h), xp.where(real, ahead_c, c)  # (pointer_net-6)
        states.append(h)
        cells.append((real, cell))
    slots = xp.arange(n + 1, device=device(P)) <= n_real[:, None]  # (pointer_net-7)
    return xp.stack(states, axis=1), slots, h, c, cells


def _scores(A, d, W2, v):
    """Scores of the slots, where A = e W1, and the hyperbolic tangents in them."""
    t = array_namespace(A).tanh(A + (d @ W2)[:, None, :])  # (pointer_net-8)
    return t @ v, t  # (pointer_net-9)


def _logits(params, w, E, slots, A, d):
    """Logits of the next output, which of them count, and what their gradient needs."""
    if isinstance(params, Weights):
        u, t = _scores(A, d, w.W2, w.v)
        return u, slots, (None, t, None)
    xp, z, a, t = array_namespace(d), d, None, None
    if params.Wo.shape[0] > d.shape[1]:
        u, t = _scores(A, d, w.W2, w.v)
        a = softmax(u, slots)
        z = xp.concat([d, xp.sum(a[..., None] * E, axis=1)], axis=1)  # (pointer_net-10)
    return z @ params.Wo + params.bo, None, (z, t, a)  # (pointer_net-11)


def _read(w, P, C):
    """What the decoder reads [m, B, 2]: the start vector, then the points of the targets before."""
    xp, (B, _, _) = array_namespace(P), P.shape
    before = xp.clip(C[:, :-1] - 1, min=0)[..., None]
    points = xp.take_along_axis(P, xp.broadcast_to(before, (*before.shape[:2], 2)), axis=1)  # (pointer_net-12)
    return xp.permute_dims(xp.concat([xp.broadcast_to(w.go, (B, 1, 2)), points], axis=1), (1, 0, 2))


def _forward(params, P, C, n_real):
    """Log-probabilities of given targets, their loss, and what the gradient needs."""
    xp, w, H, fed = _params(params)
    E, slots, h, c, cells = _encode(w, P, n_real)
    A, context, logps, steps = E @ w.W1, xp.zeros_like(h), [], []
    X = _read(w, P, C)
    for i in range(C.shape[1]):
        x = X[i, ...]
        h, c, cell = _lstm(xp.concat([x, context], axis=1) if fed else x, h, c, w.Wd, w.bd)  # (pointer_net-13)
        logits, mask, kept = _logits(params, w, E, slots, A, h)
        context = kept[0][:, H:] if fed else context
        logp = log_softmax(logits, mask)  # (pointer_net-14)
        target = xp.clip(C[:, i], min=0)[:, None]
        logps.append(xp.take_along_axis(logp, target, axis=1)[:, 0])  # (pointer_net-15)
        steps.append((cell, h, logp, target, kept))
    counts = C >= 0  # (pointer_net-16)
    logp = xp.where(counts, xp.stack(logps, axis=1), 0.0)
    total = xp.sum(xp.astype(counts, P.dtype))
    return Forced(logp, -xp.sum(logp) / total), (
        E,
        A,
        cells,
        steps,
        xp.astype(counts, P.dtype) / total,
    )  # (pointer_net-17)


def teacher_forced(params, P, C, n_real=None):
    """Log-probabilities and loss of targets, each given the true ones before it.

    Parameters
    ----------
    params : Weights or Seq2Seq
        Of H units. `Weights` are a pointer network; with an output layer `Wo` of 2H rows it is a sequence-to-sequence
        model with attention, with H rows one without. The context is fed to the decoder where `Wd` has 2 + 2H rows.
    P : array [B, n, 2]
        The points of each input, like the weights.
    C : array [B, m] of integers
        Targets: points counted from 1, then 0, the end; -1 where there is no target any more. A row may be without
        end, or without any target.
    n_real : array [B] of integers, optional
        How many points each input has, from 1 to n; what stands behind them does not count. Default: n.

    Returns
    -------
    Forced
        Log-probabilities [B, m] and the loss, their mean over all targets of the batch, times -1.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, something is not finite, or a target is not there.

    Notes
    -----
    Equations (pointer_net-1) to (pointer_net-17) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> H = 1
    >>> still = Weights(*(np.zeros(s) for s in [(3, 4), 4, (3, 4), 4, 2, 1, (1, 1), (1, 1), 1]))
    >>> points = np.array([[[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]])
    >>> found = teacher_forced(still, points, np.array([[1, 2, 3, 0]]))
    >>> np.exp(found.logp), round(float(found.loss), 4)  # nothing is known: 3 points and the end
    (array([[0.25, 0.25, 0.25, 0.25]]), 1.3863)
    """
    _, w, _, _ = _params(params)
    n_real = _points(w, P, n_real)
    _targets(params, P, C, n_real)
    return _forward(params, P, C, n_real)[0]


def lstm_step(x, h, c, W, b):
    """One step of an LSTM without peepholes.

    Parameters
    ----------
    x : array [B, d]
        What is read.
    h, c : array [B, H]
        Hidden state and cell.
    W : array [d + H, 4H]
        In blocks of H columns: input, forget and output gate, new content.
    b : array [4H]
        Biases.

    Returns
    -------
    h, c : array [B, H]
        After the step.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, or something is not finite.

    Notes
    -----
    Equations (pointer_net-1) to (pointer_net-4) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> one, W, b = np.ones((1, 1)), np.zeros((2, 4)), np.array([0, 40.0, 0, 9])
    >>> h, c = lstm_step(one, 0 * one, one, W, b)
    >>> c.round(4), h.round(4)  # nothing is forgotten, half of the new content comes in, half of it goes out
    (array([[1.5]]), array([[0.4526]]))
    """
    check.finite(x=x, h=h, c=c, W=W, b=b), check.alike_dtype(x=x, h=h, c=c, W=W, b=b)
    sizes = check.shapes(x=(x, "B d"), h=(h, "B H"), c=(c, "B H"))
    d, H = sizes["d"], sizes["H"]
    check.shapes(W=(W, f"{d + H} {4 * H}"), b=(b, f"{4 * H}"))
    return _lstm(x, h, c, W, b)[:2]


def pointer_logits(E, d, W1, W2, v, mask):
    """Scores of the slots for a state of the decoder, and their softmax.

    Parameters
    ----------
    E : array [B, s, H]
        States of the encoder; here they may be any.
    d : array [B, H]
        State of the decoder.
    W1, W2 : array [H, H]
        Of the two.
    v : array [H]
        From their sum to a score.
    mask : array [B, s] of bool
        Which slots there are: one at least in each row.

    Returns
    -------
    u : array [B, s]
        Scores, of all slots.
    p : array [B, s]
        Probabilities; 0 where there is no slot.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, something is not finite, or a row has no slot.

    Notes
    -----
    Equations (pointer_net-8), (pointer_net-9) and (pointer_net-14) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> E, eye = np.array([[[0.0], [1.0], [9.0]]]), np.eye(1)
    >>> u, p = pointer_logits(E, np.zeros((1, 1)), eye, eye, np.ones(1), np.array([[True, True, False]]))
    >>> u.round(3), p.round(3)
    (array([[0.   , 0.762, 1.   ]]), array([[0.318, 0.682, 0.   ]]))
    """
    check.finite(E=E, d=d, W1=W1, W2=W2, v=v), check.alike_dtype(E=E, d=d, W1=W1, W2=W2, v=v)
    check.shapes(E=(E, "B s H"), d=(d, "B H"), W1=(W1, "H H"), W2=(W2, "H H"), v=(v, "H"), mask=(mask, "B s"))
    u, _ = _scores(E @ W1, d, W2, v)
    return u, array_namespace(u).exp(log_softmax(u, mask))  # (pointer_net-14)


# Its gradient --------------------------------------------------------------------------------------------------------


def _lstm_back(cell, W, dh, dc):
    """From gradients in the states after a step to those in what goes in, in the gates, and in the cell before."""
    xp, (_, i, f, o, g, c, squashed) = array_namespace(dh), cell
    dc = dc + dh * o * (1 - squashed * squashed)  # (pointer_net-18)
    gates = [dc * g * i * (1 - i), dc * c * f * (1 - f), dh * squashed * o * (1 - o)]  # (pointer_net-19)
    da = xp.concat([*gates, dc * i * (1 - g * g)], axis=1)  # (pointer_net-20)
    return da @ xp.matrix_transpose(W), da, dc * f  # (pointer_net-21)


def _scores_back(du, t, v):
    """From the gradient in the scores to those in v, and in what stands inside of the hyperbolic tangents."""
    xp = array_namespace(du)
    return xp.sum(du[..., None] * t, axis=(0, 1)), du[..., None] * v * (1 - t * t)  # (pointer_net-22)


def _sum(pairs):
    """Sum of the products x^T y of pairs [B, p] and [B, q], and of the rows of all y."""
    xs, ys = zip(*pairs, strict=True)
    xp = array_namespace(*ys)
    x, y = xp.concat(xs), xp.concat(ys)
    return xp.matrix_transpose(x) @ y, xp.sum(y, axis=0)


def _backward(params, P, C, tape):
    """Gradients of the loss, going back through the decoder and then through the encoder."""
    xp, w, H, fed = _params(params)
    E, A, cells, steps, share = tape
    dh = dc = dcontext = xp.zeros_like(steps[0][1])
    dE, dA, dv = xp.zeros_like(E), xp.zeros_like(A), xp.zeros_like(w.v)
    cell_pairs, score_pairs, out_pairs = [], [], []
    for i, (cell, d, logp, target, (z, t, a)) in reversed([*enumerate(steps)]):
        hot = xp.astype(xp.arange(logp.shape[1], device=device(P)) == target, P.dtype)
        du = (xp.exp(logp) - hot) * share[:, i : i + 1]  # (pointer_net-23)
        if z is not None:
            out_pairs.append((z, du))
            dz = du @ xp.matrix_transpose(params.Wo)  # (pointer_net-24)
            dh = dh + dz[:, :H]
        if a is not None:
            dcontext = dcontext + dz[:, H:]
            dE = dE + a[..., None] * dcontext[:, None, :]  # (pointer_net-25)
            du = softmax_gradient(a, xp.sum(E * dcontext[:, None, :], axis=-1))  # (pointer_net-26)
        if t is not None:
            one, ds = _scores_back(du, t, w.v)
            dv, dA, dq = dv + one, dA + ds, xp.sum(ds, axis=1)
            score_pairs.append((d, dq))
            dh = dh + dq @ xp.matrix_transpose(w.W2)  # (pointer_net-27)
        dz, da, dc = _lstm_back(cell, w.Wd, dh, dc)
        cell_pairs.append((cell.z, da))
        dh, dcontext = dz[:, -H:], dz[:, 2 : 2 + H] if fed else xp.zeros_like(dh)  # (pointer_net-28)
    dWd, dbd = _sum(cell_pairs)
    dW2 = _sum(score_pairs)[0] if score_pairs else xp.zeros_like(w.W2)
    dgo = xp.sum(dz[:, :2], axis=0)
    rows = xp.reshape(E, (-1, H)), xp.reshape(dA, (-1, H))
    dE = dE + dA @ xp.matrix_transpose(w.W1)  # (pointer_net-29)
    cell_pairs = []
    for j, (real, cell) in reversed([*enumerate(cells)]):
        dh = dh + dE[:, j + 1, :]  # (pointer_net-30)
        dz, da, before = _lstm_back(cell, w.We, xp.where(real, dh, 0.0), xp.where(real, dc, 0.0))
        dh, dc = dz[:, 2:] + xp.where(real, 0.0, dh), before + xp.where(real, 0.0, dc)  # (pointer_net-31)
        cell_pairs.append((cell.z, da))
    dWe, dbe = _sum(cell_pairs)
    de0, dW1 = xp.sum(dE[:, 0, :], axis=0), xp.matrix_transpose(rows[0]) @ rows[1]
    grads = Weights(dWe, dbe, dWd, dbd, dgo, de0, dW1, dW2, dv)
    return Seq2Seq(grads, *_sum(out_pairs)) if out_pairs else grads


def value_and_gradients(params, P, C, n_real=None):
    """Loss of given targets and its gradients; parameters and errors as `teacher_forced`.

    Returns
    -------
    forced : Forced
        As of `teacher_forced`.
    grads : Weights or Seq2Seq
        Gradient of the loss in each array of `params`.

    Notes
    -----
    Equations (pointer_net-18) to (pointer_net-31) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> from refimpl.core.random import stream
    >>> w = init(stream(0, "doc"), 3, like=np.zeros(1))
    >>> P, C = np.array([[[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]]), np.array([[1, 2, 3, 0]])
    >>> found, grads = value_and_gradients(w, P, C)
    >>> moved = lambda by: w._replace(v=w.v + np.array([by, 0.0, 0.0]))
    >>> slope = (teacher_forced(moved(1e-5), P, C).loss - teacher_forced(moved(-1e-5), P, C).loss) / 2e-5
    >>> bool(abs(grads.v[0] - slope) < 1e-9)
    True
    """
    _, w, _, _ = _params(params)
    n_real = _points(w, P, n_real)
    _targets(params, P, C, n_real)
    forced, tape = _forward(params, P, C, n_real)
    return forced, _backward(params, P, C, tape)


# Decoding ------------------------------------------------------------------------------------------------------------


def _allowed(rule, i, slots, used):
    """Which slots may be chosen next: any that is there, or for a tour city 1, the others once each, the end."""
    if rule == "free":
        return slots
    xp = array_namespace(slots)
    place = xp.arange(slots.shape[1], device=device(slots))
    left = slots & ~used & (place > 0)  # (pointer_net-32)
    first = place == 1 if i == 0 else place > 0
    return xp.where(xp.any(left, axis=1, keepdims=True), left & first, place == 0)  # (pointer_net-33)


def decode(params, P, n_real=None, *, rule="free", steps=None, width=1):
    """Write the answer to each input: greedily, or by beam search.

    Parameters
    ----------
    params, P, n_real
        As for `teacher_forced`.
    rule : {"free", "tour"}, default: "free"
        Whether any slot may be chosen, or only those that make a tour: city 1 first, each city once, then the end.
        Probabilities are of those that may be chosen.
    steps : int, default: n + 2
        S, the most indices that are written, the end among them.
    width : int, default: 1
        Beams that are kept: 1 chooses the most probable slot in each step. Equal ones: the earlier beam, then the
        lower index.

    Returns
    -------
    Decoded
        Of the most probable beam. Its log-probabilities add up to that of the sequence.

    Raises
    ------
    TypeError, ValueError
        As `teacher_forced`, or if the dictionary of a model is too small for a tour.

    Notes
    -----
    Equations (pointer_net-32) to (pointer_net-37) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> still = Weights(*(np.zeros(s) for s in [(3, 4), 4, (3, 4), 4, 2, 1, (1, 1), (1, 1), 1]))
    >>> points = np.array([[[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]])
    >>> decode(still, points, rule="tour").indices  # all are equal: the lowest index
    array([[ 1,  2,  3,  0, -1]])
    >>> decode(still, points).indices
    array([[ 0, -1, -1, -1, -1]])
    """
    xp, w, H, fed = _params(params)
    n_real = _points(w, P, n_real)
    check.choice(("free", "tour"), rule=rule)
    B, n, _ = P.shape
    steps, width = check.integer(steps=n + 2 if steps is None else steps, width=width, minimum=1, below=2**31)
    K = n + 1 if isinstance(params, Weights) else params.bo.shape[0]
    if rule == "tour" and n >= K:
        raise ValueError(f"P must have at most {K - 1} points for a tour, as many as the dictionary, got {n}")
    E, there, h, c, _ = _encode(w, P, n_real)
    E, there, P, h, c = (xp.repeat(x, width, axis=0) for x in (E, there, P, h, c))
    A, place, rows = E @ w.W1, xp.arange(K, device=device(P)), xp.arange(B, device=device(P))[:, None] * width
    slots = place <= xp.repeat(n_real, width)[:, None]
    used, ended = xp.zeros((B * width, K), dtype=xp.bool, device=device(P)), xp.zeros_like(slots[:, 0])
    score = xp.where(
        xp.arange(width, device=device(P)) == 0, xp.zeros((B, width), dtype=P.dtype, device=device(P)), -math.inf
    )
    x, context = xp.broadcast_to(w.go, (B * width, 2)), xp.zeros_like(h)
    written: list[Array] = []
    logps: list[Array] = []
    for i in range(steps):
        h, c, _ = _lstm(xp.concat([x, context], axis=1) if fed else x, h, c, w.Wd, w.bd)
        logits, _, kept = _logits(params, w, E, there, A, h)
        logp = log_softmax(logits, _allowed(rule, i, slots, used))  # (pointer_net-34)
        logp = xp.where(ended[:, None], xp.where(place == 0, xp.zeros_like(logp), -math.inf), logp)  # (pointer_net-35)
        total = xp.reshape(xp.reshape(score, (-1, 1)) + logp, (B, width * K))
        best = xp.argsort(total, axis=1, descending=True, stable=True)[:, :width]  # (pointer_net-36)
        score, flat = xp.take_along_axis(total, best, axis=1), xp.reshape(rows + best // K, (-1,))
        chosen, h, c = xp.reshape(best % K, (-1,)), xp.take(h, flat, axis=0), xp.take(c, flat, axis=0)
        context = xp.take(kept[0][:, H:], flat, axis=0) if fed else context
        used = xp.take(used, flat, axis=0) | (place == chosen[:, None])
        over = xp.take(ended, flat)
        step = xp.take_along_axis(xp.take(logp, flat, axis=0), chosen[:, None], axis=1)
        written = [xp.take(one, flat, axis=0) for one in written] + [xp.where(over, -1, chosen)]
        logps = [xp.take(one, flat, axis=0) for one in logps] + [step[:, 0]]
        ended = over | (chosen == 0)
        at = xp.broadcast_to(xp.clip(chosen - 1, min=0)[:, None, None], (B * width, 1, 2))
        x = xp.take_along_axis(P, at, axis=1)[:, 0, :]  # (pointer_net-37)
    first = xp.arange(B, device=device(P)) * width
    return Decoded(*(xp.take(xp.stack(found, axis=1), first, axis=0) for found in (written, logps)))


# Training ------------------------------------------------------------------------------------------------------------


def init(rng, H, *, scale=None, forget=1.0, dictionary=0, attention=True, feed=False, like):
    """Random weights before training.

    Parameters
    ----------
    rng : numpy.random.Generator
        From `core.random.stream`.
    H : int
        Units of the encoder and of the decoder, >= 1.
    scale : float, optional
        All but the biases are uniform between -scale and scale, > 0. Default: 1.7 / sqrt(H); the paper has 0.08.
    forget : float, default: 1.0
        Bias of the forget gates; the other biases are 0.
    dictionary : int, default: 0
        The longest input n_max of a sequence-to-sequence model, whose outputs are 0, ..., n_max; 0: a pointer network.
    attention, feed : bool, default: True and False
        Of a sequence-to-sequence model: whether it has attention, and whether the context is fed to the decoder.
    like : array
        Whose library, floating dtype and device to take.

    Returns
    -------
    Weights or Seq2Seq
        A pointer network has 8H(H + 3) + 2H^2 + 2H + 2 of them, for inputs of any length.

    Raises
    ------
    TypeError, ValueError
        If an argument is no such thing.

    Examples
    --------
    >>> import numpy as np
    >>> from refimpl.core.random import stream
    >>> sum(x.size for x in init(stream(0, "doc"), 48, like=np.zeros(1)))
    24290
    """
    H, dictionary = check.integer(H=H, minimum=1), check.integer(dictionary=dictionary)
    scale = check.positive(scale=1.7 / math.sqrt(H) if scale is None else scale)
    forget, (attention, feed) = check.number(forget=forget), check.flag(attention=attention, feed=feed)
    check.floating(like=like)
    if feed and not (dictionary and attention):
        raise ValueError("feed must be False where there is no context to be fed")
    xp = array_namespace(like)
    draw = lambda *shape: uniform(rng, shape, like=like, low=-scale, high=scale)
    bias = xp.astype(xp.arange(4 * H, device=device(like)) // H == 1, like.dtype) * forget  # (pointer_net-38)
    w = Weights(
        draw(2 + H, 4 * H), bias, draw(2 + H + feed * H, 4 * H), bias, draw(2), draw(H), draw(H, H), draw(H, H), draw(H)
    )
    if not dictionary:
        return w
    Wo = draw(H + attention * H, dictionary + 1)
    return Seq2Seq(w, Wo, xp.zeros_like(Wo[0, :]))


def init_training(params):
    """State of training before the first step.

    Examples
    --------
    >>> import numpy as np
    >>> from refimpl.core.random import stream
    >>> init_training(init(stream(0, "doc"), 1, like=np.zeros(1))).first.shape
    (38,)
    """
    _params(params)
    flat, _ = tree.ravel(params)
    zeros = array_namespace(flat).zeros_like(flat)
    return TrainState(zeros, zeros, 0)


def update(params, state, grads, *, lr, clip=2.0, optimizer="adam"):
    """One step of training: the whole gradient is shortened, then used.

    Parameters
    ----------
    params : Weights or Seq2Seq
        What is trained.
    state : TrainState
        From `init_training` or the last step.
    grads : Weights or Seq2Seq
        Like `params`.
    lr : float
        Step size > 0. The paper: 1 with "sgd"; small models here: see `schedule`.
    clip : float, default: 2.0
        The norm > 0 of all gradients together that is not exceeded.
    optimizer : {"adam", "sgd"}, default: "adam"
        Of Adam, beta 0.9 and 0.999, epsilon 1e-8; "sgd" is the paper's.

    Returns
    -------
    params : Weights or Seq2Seq
        After the step.
    state : TrainState
        For the next one; that of "sgd" counts the steps alone.

    Raises
    ------
    TypeError, ValueError
        If `grads` or `state` is not like `params`, something is not finite, or a number is out of range.

    Notes
    -----
    Equations (pointer_net-39) to (pointer_net-43) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> w = Weights(*(np.zeros(s) for s in [(3, 4), 4, (3, 4), 4, 2, 1, (1, 1), (1, 1), 1]))
    >>> grads = w._replace(v=np.array([3.0]), go=np.array([0.0, 4.0]))
    >>> new, state = update(w, init_training(w), grads, lr=1.0, clip=2.0, optimizer="sgd")
    >>> new.v, new.go  # of norm 2
    (array([-1.2]), array([ 0. , -1.6]))
    """
    xp, *_ = _params(params)
    _params(grads), check.instance(TrainState, state=state)
    lr, clip = check.positive(lr=lr, clip=clip)
    check.choice(("adam", "sgd"), optimizer=optimizer)
    (theta, unravel), (g, _) = tree.ravel(params), tree.ravel(grads)
    check.alike(params=theta, grads=g, first=state.first, second=state.second)
    check.no_negative(second=state.second)
    t = check.integer(steps=state.steps) + 1
    g = g * (clip / xp.clip(length(g), min=clip))  # (pointer_net-39)
    if optimizer == "sgd":
        return unravel(theta - lr * g), TrainState(state.first, state.second, t)  # (pointer_net-40)
    first = 0.9 * state.first + 0.1 * g  # (pointer_net-41)
    second = 0.999 * state.second + 0.001 * g * g  # (pointer_net-42)
    root = xp.sqrt(second / (1 - 0.999**t)) + 1e-8
    return unravel(theta - lr * (first / (1 - 0.9**t)) / root), TrainState(first, second, t)  # (pointer_net-43)


def schedule(k, steps, *, lr=0.01):
    """Step size of step k = 1, 2, ...: `lr`, a quarter of it after 60 % of the steps, 6 % of it after 85 %.

    Examples
    --------
    >>> [schedule(k, 100) for k in (1, 60, 61, 85, 86)]
    [0.01, 0.01, 0.0025, 0.0025, 0.0006]
    """
    k, steps = check.integer(k=k, steps=steps, minimum=1)
    return check.positive(lr=lr) * (1.0 if 5 * k <= 3 * steps else 0.25 if 20 * k <= 17 * steps else 0.06)


def fit(params, batch, *, steps, lr=schedule, clip=2.0, optimizer="adam", record=None, progress=None):
    """Train on batches.

    Parameters
    ----------
    params : Weights or Seq2Seq
        The start.
    batch : callable
        ``batch(k) -> (P, C)`` or ``(P, C, n_real)`` of step k = 1, 2, ...
    steps : int
        >= 0.
    lr : float or callable, default: `schedule`
        Step size, or ``lr(k, steps)``.
    clip, optimizer
        As for `update`.
    record : callable, optional
        ``record(params) -> dict``, collected at the start and after each step.
    progress : str, optional
        Title of a progress bar.

    Returns
    -------
    core.loop.Run
        Its `state` is the triple of parameters, TrainState, and the losses of all steps.

    Raises
    ------
    TypeError, ValueError
        As `teacher_forced` and `update`.

    Examples
    --------
    >>> import numpy as np
    >>> from refimpl.core.random import stream
    >>> w = init(stream(0, "doc"), 4, like=np.zeros(1))
    >>> P, C = np.array([[[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]]), np.array([[1, 2, 3, 0]])
    >>> w, _, losses = fit(w, lambda k: (P, C), steps=60, lr=0.05).state
    >>> bool(losses[-1] < 0.1 < losses[0]), decode(w, P).indices
    (True, array([[ 1,  2,  3,  0, -1]]))
    """
    check.function(batch=batch)

    def step(carry, k):
        params, state, losses = carry
        given = batch(k)
        check.instance((tuple, list), **{"what batch returns": given})
        forced, grads = value_and_gradients(params, *given)
        rate = lr(k, steps) if callable(lr) else lr
        params, state = update(params, state, grads, lr=rate, clip=clip, optimizer=optimizer)
        return params, state, [*losses, forced.loss]

    start: tuple = (params, init_training(params), [])
    told = record and (lambda carry: record(carry[0]))
    return iterate(step, start, steps=steps, record=told, progress=progress)
