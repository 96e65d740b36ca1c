"""Just one byte per gradient: SPSA with shared randomness (Zelikman et al., 2023, arXiv:2306.10015).

A machine probes its private loss along a random direction and sends one byte, the logarithm of the slope that it finds.
Directions are a function of public numbers, so every machine rebuilds everybody's step from the bytes alone.
"""

import hashlib
from collections.abc import Mapping
from typing import NamedTuple

from refimpl.core import check, random
from refimpl.core.arrays import Array, array_namespace, device, to_numpy


class Machine(NamedTuple):
    """What a machine holds."""

    id: int  # m, its place in the public order: given once, in the order of joining
    w: Array  # [d] parameters, the same bits on all machines
    t: int  # iterations applied


def start(id, w):
    """A machine at the public start.

    Parameters
    ----------
    id : int
        m >= 0, its own.
    w : array [d], floating point
        The parameters w_0, equal on all machines.

    Returns
    -------
    Machine
        At iteration 0.

    Raises
    ------
    TypeError, ValueError
        If `id` is no integer >= 0, or `w` no finite floating-point array with one axis.

    Examples
    --------
    >>> import numpy as np
    >>> start(3, np.zeros(2))
    Machine(id=3, w=array([0., 0.]), t=0)
    """
    id = check.integer(id=id)
    check.finite(w=w), check.shapes(w=(w, "d"))
    return Machine(id, w, 0)


def _checked(**named):
    """A machine from outside."""
    ((name, _),) = named.items()
    machine = check.fields(Machine, **named)
    check.integer(**{f"{name}.id": machine.id, f"{name}.t": machine.t})
    check.finite(**{f"{name}.w": machine.w}), check.shapes(**{f"{name}.w": (machine.w, "d")})
    return machine


def directions(seed, *, like):
    """The directions of a run: a function of iteration, machine and sample, the same on every machine.

    Parameters
    ----------
    seed : int
        >= 0. Of the run, public.
    like : array [d]
        The parameters, whose shape, library, dtype and device to take.

    Returns
    -------
    callable
        ``draw(t, m, k) -> z [d]``, standard normal. Two of different numbers never share a draw.

    Notes
    -----
    Equation (one_byte-1) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> draw = directions(7, like=np.zeros(3))
    >>> draw(5, 1, 0).round(3), (draw(5, 1, 0) == draw(5, 1, 0)).all()
    (array([-1.565, -1.588,  1.328]), np.True_)
    """
    seed = check.integer(seed=seed, below=2**64)
    check.floating(like=like)
    shape = tuple(like.shape)
    return lambda t, m, k: random.normal(random.counted((seed, m), (k, t)), shape, like=like)  # (one_byte-1)


def projected_gradient(loss_plus, loss_minus, *, eps=1e-3):
    """Slopes from the losses at w + eps z and w - eps z.

    Parameters
    ----------
    loss_plus, loss_minus : array, any shape, floating point
        The two losses of each sample; NaN stays NaN, and inf is taken.
    eps : float, default: 1e-3
        Size > 0 of the perturbation.

    Returns
    -------
    array
        g, like the losses; not finite where a loss is not.

    Raises
    ------
    TypeError, ValueError
        If the losses are not alike, or `eps` is not > 0.

    Notes
    -----
    Equation (one_byte-2) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> projected_gradient(np.array([1.5]), np.array([1.0]), eps=0.25)
    array([1.])
    """
    check.floating(loss_plus=loss_plus, loss_minus=loss_minus)
    eps = check.positive(eps=eps)
    check.like(loss_plus, loss_minus=loss_minus)
    return array_namespace(loss_plus).asarray((loss_plus - loss_minus) / (2 * eps))  # (one_byte-2)


def spsa(loss, w, z, *, eps=1e-3):
    """Directional derivative of a loss from two evaluations; `w` is left as it is.

    Parameters
    ----------
    loss : callable
        ``loss(w) -> array of shape ()``; NaN stays NaN.
    w : array, floating point
        Parameters.
    z : array like `w`
        Direction.
    eps : float, default: 1e-3
        As for `projected_gradient`.

    Returns
    -------
    array, shape ()
        g = z . gradient, up to eps^2; not finite where a loss is not.

    Raises
    ------
    TypeError, ValueError
        If `z` is not like `w`, or `eps` is not > 0.

    Examples
    --------
    >>> import numpy as np
    >>> spsa(lambda w: (w * w).sum() / 2, np.array([3.0, 1.0]), np.array([1.0, -1.0]), eps=0.5)
    array(2.)
    """
    check.function(loss=loss)
    check.finite(w=w, z=z)
    check.like(w, z=z)
    eps = check.positive(eps=eps)
    return _spsa(loss, w, z, eps)


def _spsa(loss, w, z, eps, called="loss"):
    return projected_gradient(_value(loss, w + eps * z, w, called), _value(loss, w - eps * z, w, called), eps=eps)


def _value(loss, at, like, called="loss"):
    """What a loss from outside returns: one number, finite or not."""
    value, called = array_namespace(like).asarray(loss(at), device=device(like)), f"what {called} returns"
    check.floating(**{called: value}), check.shapes(**{called: (value, "")})
    return value


def _direction(z, like, whence):
    """A direction from outside."""
    check.like(like, **{f"{whence} z": z}), check.finite(**{f"{whence} z": z})
    return z


def shift(blocks, draw, scale):
    """Add a multiple of a direction to parameters that are held in blocks, one block at a time.

    Parameters
    ----------
    blocks : list of array
        The parameters; the entries of the list are replaced.
    draw : callable
        ``draw(i) -> array like blocks[i]``, the same at every call: the direction is made again, never kept.
    scale : float
        The multiple.

    Raises
    ------
    TypeError, ValueError
        If a block of the direction is not like that of the parameters, or `scale` is not finite.

    Examples
    --------
    >>> import numpy as np
    >>> blocks = [np.zeros(2), np.zeros(1)]
    >>> shift(blocks, lambda i: np.ones_like(blocks[i]), 0.5)
    >>> blocks
    [array([0.5, 0.5]), array([0.5])]
    """
    check.sequence(blocks=blocks), check.function(draw=draw)
    scale = check.number(scale=scale)
    for i in range(len(blocks)):
        z = _direction(draw(i), blocks[i], "draw's")
        z = scale * z  # in its place, so that two blocks are held beside the parameters, not three
        blocks[i] = blocks[i] + z  # (one_byte-8)


def spsa_in_place(loss, blocks, draw, *, eps=1e-3):
    """`spsa` in the memory of inference: the parameters go to w + eps z, to w - eps z and back.

    What they come back to differs from w by rounding: `replay` from a copy undoes that.

    Parameters
    ----------
    loss : callable
        ``loss(blocks) -> array of shape ()``; NaN stays NaN.
    blocks, draw
        As for `shift`.
    eps : float, default: 1e-3
        As for `projected_gradient`.

    Returns
    -------
    array, shape ()
        g.

    Raises
    ------
    TypeError, ValueError
        As `shift` and `projected_gradient`.

    Examples
    --------
    >>> import numpy as np
    >>> blocks, half = [np.array([3.0]), np.array([1.0])], lambda blocks: (blocks[0] ** 2 + blocks[1] ** 2).sum() / 2
    >>> spsa_in_place(half, blocks, lambda i: np.array([(1.0, -1.0)[i]]), eps=0.5), blocks
    (array(2.), [array([3.]), array([1.])])
    """
    check.sequence(blocks=blocks), check.function(loss=loss, draw=draw)
    eps = check.positive(eps=eps)
    shift(blocks, draw, eps)
    loss_plus = _value(loss, blocks, blocks[0])
    shift(blocks, draw, -2 * eps)
    loss_minus = _value(loss, blocks, blocks[0])
    shift(blocks, draw, eps)
    return projected_gradient(loss_plus, loss_minus, eps=eps)


def encode(g, *, slope=8.0, offset=96):
    """Slopes as bytes, on a logarithmic scale.

    Parameters
    ----------
    g : array, any shape, floating point
        Slopes; NaN and infinity are taken for 0.
    slope : float, default: 8
        Codes > 0 to a factor of e: the relative error is at most e^(1 / (2 slope)) - 1.
    offset : int, default: 96
        Code >= 0 of a slope of 1: the range is e^((1 - offset) / slope) to e^((127 - offset) / slope).

    Returns
    -------
    array
        Shape of `g`, uint8: bit 7 is the sign, bits 0 to 6 are k = 1, ..., 127. What is below the range gets the
        smallest k, what is above the largest. 0 stands for g = 0; 128 is never given.

    Raises
    ------
    TypeError, ValueError
        If `g` is no floating-point array, `slope` is not > 0 or `offset` no integer >= 0.

    Notes
    -----
    Equations (one_byte-3) and (one_byte-4) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> encode(np.array([1.0, -1.0, np.e, 0.0, np.nan, 1e9, -1e-9]))
    array([ 96, 224, 104,   0,   0, 127, 129], dtype=uint8)
    """
    check.floating(g=g)
    slope, offset = check.positive(slope=slope), check.integer(offset=offset)
    xp = array_namespace(g)
    sent = xp.isfinite(g) & (g != 0)
    size = xp.abs(xp.where(sent, g, xp.ones_like(g)))
    k = xp.clip(xp.astype(xp.round(slope * xp.log(size)), xp.int64) + offset, 1, 127)  # (one_byte-3)
    code = xp.where(sent, xp.where(g < 0, k + 128, k), xp.zeros_like(k))  # (one_byte-4)
    return xp.astype(code, xp.uint8)


def decode(codes, *, like, slope=8.0, offset=96):
    """Slopes from bytes.

    Parameters
    ----------
    codes : array, any shape, integers
        0 to 255.
    like : array
        Whose floating dtype to take.
    slope, offset
        As for `encode`.

    Returns
    -------
    array
        g-hat, shape of `codes`, in the dtype of `like`; 0 for the codes 0 and 128.

    Raises
    ------
    TypeError, ValueError
        If `codes` are no integers in 0 to 255, or as `encode`.

    Notes
    -----
    Equation (one_byte-5) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> decode(np.array([96, 224, 104, 0, 128]), like=np.zeros(1)).round(4)
    array([ 1.    , -1.    ,  2.7183,  0.    ,  0.    ])
    """
    check.floating(like=like)
    slope, offset = check.positive(slope=slope), check.integer(offset=offset)
    _check_codes(codes)
    xp = array_namespace(codes, like)
    codes = xp.astype(codes, xp.int64)
    k = codes % 128
    size = xp.exp(xp.astype(k - offset, like.dtype) / slope)  # (one_byte-5)
    return xp.where(k > 0, xp.where(codes >= 128, -size, size), xp.zeros_like(size))


def _check_codes(codes):
    """Integers in 0 to 255, at least one."""
    xp = array_namespace(codes)
    if not xp.isdtype(codes.dtype, "integral"):
        raise TypeError(f"codes must be integers in 0 to 255, got dtype {codes.dtype}")
    if codes.size == 0:
        raise ValueError("codes must be at least one, got none")
    low, high = int(xp.min(codes)), int(xp.max(codes))
    if low < 0 or high > 255:
        raise ValueError(f"codes must be integers in 0 to 255, got {low} to {high}")


def apply_update(w, codes, directions, *, eta, norm="sqrt", slope=8.0, offset=96):
    """Step of one iteration: the slopes of all samples along their directions, added up in the order given.

    Parameters
    ----------
    w : array [d], floating point
        Parameters.
    codes : array [N], integers
        Bytes of all samples, in the public order: machines by id, samples as they were taken.
    directions : iterable of N arrays like `w`
        Their directions. One at a time is held.
    eta : float
        Step size > 0.
    norm : {"sqrt", "mean"}, default: "sqrt"
        What divides it: the root of N, or N.
    slope, offset
        As for `encode`.

    Returns
    -------
    array [d]
        Parameters after the step. Another order of the same samples gives other last bits.

    Raises
    ------
    TypeError, ValueError
        If arrays do not fit, there are not as many directions as codes, or as `decode`.

    Notes
    -----
    Equations (one_byte-6) and (one_byte-7) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> codes, z = np.array([96, 224]), [np.array([1.0, 0.0]), np.array([0.0, 2.0])]
    >>> apply_update(np.zeros(2), codes, z, eta=0.5, norm="mean")
    array([-0.25,  0.5 ])
    """
    check.finite(w=w), check.sequence(directions=directions)
    check.shapes(w=(w, "d"), codes=(codes, "N"))
    eta = check.positive(eta=eta)
    check.choice(("sqrt", "mean"), norm=norm)
    N = codes.shape[0]
    g = decode(codes, like=w, slope=slope, offset=offset)
    rate = eta / (N**0.5 if norm == "sqrt" else N)  # (one_byte-6)
    for i, z in enumerate(_as_many(directions, N)):
        z = _direction(z, w, "directions'")
        w = w - rate * g[i] * z  # (one_byte-7)
    return w


def _as_many(directions, N):
    """The directions one by one, of which there must be N."""
    taken = 0
    for z in directions:
        taken += 1
        if taken > N:
            raise ValueError(f"directions must be as many as codes, {N}, got more")
        yield z
    if taken < N:
        raise ValueError(f"directions must be as many as codes, {N}, got {taken}")


def probe(machine, losses, draw, *, eps=1e-3, slope=8.0, offset=96):
    """What a machine sends in an iteration: a byte for each of its samples, all taken at the same w.

    Parameters
    ----------
    machine : Machine
        The one that probes.
    losses : sequence of callable
        Its private losses of this iteration, one for each sample: ``loss(w) -> array of shape ()``. One that is not
        finite makes a byte of 0, which moves nothing.
    draw : callable
        ``draw(t, m, k) -> z``, from `directions`.
    eps, slope, offset
        As for `projected_gradient` and `encode`.

    Returns
    -------
    bytes
        As many as there are losses: on the host, from where they are sent, and all that leaves the device.

    Raises
    ------
    TypeError, ValueError
        If there is no loss, or as `spsa` and `encode`.

    Examples
    --------
    >>> import numpy as np
    >>> machine = start(0, np.array([1.0, 2.0]))
    >>> probe(machine, [lambda w: w.sum(), lambda w: -w.sum()], lambda t, m, k: np.array([1.0, 0.0])).hex()
    '60e0'
    """
    machine = _checked(machine=machine)
    check.function(draw=draw), check.sequence(losses=losses)
    check.function(**{f"losses[{k}]": loss for k, loss in enumerate(losses)})
    xp = array_namespace(machine.w)
    eps = check.positive(eps=eps)
    z = lambda k: _direction(draw(machine.t, machine.id, k), machine.w, "draw's")
    g = xp.stack([_spsa(loss, machine.w, z(k), eps, f"losses[{k}]") for k, loss in enumerate(losses)])
    return to_numpy(encode(g, slope=slope, offset=offset)).tobytes()


def update(machine, messages, draw, *, eta, norm="sqrt", slope=8.0, offset=96):
    """One iteration of a machine, from the bytes of all.

    Parameters
    ----------
    machine : Machine
        Any that is at this iteration; it need not have sent anything itself.
    messages : mapping of int to bytes
        Machine -> what it sent. What one machine has and another has not must not be in it. Any order: that of the ids
        is taken.
    draw : callable
        As for `probe`.
    eta, norm, slope, offset
        As for `apply_update`, the same on all machines.

    Returns
    -------
    Machine
        At the next iteration.

    Raises
    ------
    TypeError, ValueError
        If `messages` is empty, holds a machine without bytes, something else than bytes, or 128, which no machine
        sends; or as `apply_update`.

    Examples
    --------
    >>> import numpy as np
    >>> draw = directions(7, like=np.zeros(2))
    >>> a = update(start(0, np.zeros(2)), {0: b"\\x60", 1: b"\\xe0"}, draw, eta=0.1)
    >>> b = update(start(1, np.zeros(2)), {1: b"\\xe0", 0: b"\\x60"}, draw, eta=0.1)
    >>> digest(a.w) == digest(b.w)
    True
    """
    machine = _checked(machine=machine)
    check.function(draw=draw), check_messages(messages)
    order = [(m, k) for m in sorted(messages) for k in range(len(messages[m]))]
    xp = array_namespace(machine.w)
    codes = xp.asarray([messages[m][k] for m, k in order], dtype=xp.uint8, device=device(machine.w))
    z = (_direction(draw(machine.t, m, k), machine.w, "draw's") for m, k in order)
    w = apply_update(machine.w, codes, z, eta=eta, norm=norm, slope=slope, offset=offset)
    return machine._replace(w=w, t=machine.t + 1)


def check_messages(messages):
    """Refuse what no machine can have sent.

    Parameters
    ----------
    messages : mapping of int to bytes
        As for `update`.

    Raises
    ------
    TypeError, ValueError
        As `update`.

    Examples
    --------
    >>> check_messages({2: bytes([96, 128])})
    Traceback (most recent call last):
    ValueError: messages must hold bytes that `encode` gives, got 128 from machine 2, which is never sent
    """
    if not isinstance(messages, Mapping) or not messages:
        raise ValueError(f"messages must be those of at least one machine, got {messages!r}")
    for m, payload in messages.items():
        check.integer(messages=m)
        if not isinstance(payload, bytes) or not payload:
            raise TypeError(f"messages must be bytes, at least one of each machine, got {payload!r} from machine {m}")
        if 128 in payload:
            raise ValueError(
                f"messages must hold bytes that `encode` gives, got 128 from machine {m}, which is never sent"
            )


def replay(machine, log, draw, **rates):
    """Bring a machine up to date from the public log: a newcomer, one that has lagged, or a copy without drift.

    Parameters
    ----------
    machine : Machine
        At any iteration: `start` for a newcomer, who gets an id that nobody had, or a backup.
    log : sequence of mappings
        The messages of the iterations 0, 1, ...
    draw : callable
        As for `probe`.
    **rates
        Those of `update`.

    Returns
    -------
    Machine
        At iteration ``len(log)``, with the bits of all others.

    Raises
    ------
    TypeError, ValueError
        If the machine is ahead of the log, or as `update`.

    Examples
    --------
    >>> import numpy as np
    >>> log, draw = [{0: b"\\x60"}, {0: b"\\xe1", 1: b"\\x41"}], directions(7, like=np.zeros(2))
    >>> replay(start(5, np.zeros(2)), log, draw, eta=0.1)
    Machine(id=5, w=array([ 0.32288183, -0.15891961]), t=2)
    """
    machine = _checked(machine=machine)
    check.function(draw=draw), check.instance((list, tuple), log=log)
    if machine.t > len(log):
        raise ValueError(f"log must reach the iteration of the machine, {machine.t}, got {len(log)} iterations")
    for messages in log[machine.t :]:
        machine = update(machine, messages, draw, **rates)
    return machine


def copy(id, peer):
    """Join by taking over the state of a peer, between two iterations.

    Parameters
    ----------
    id : int
        The newcomer's own, which nobody had.
    peer : Machine
        Any that is up to date.

    Returns
    -------
    Machine
        With the parameters of the peer, all 8 d bytes of them in float64.

    Raises
    ------
    TypeError, ValueError
        If `id` is no integer >= 0, or that of the peer.

    Examples
    --------
    >>> import numpy as np
    >>> copy(2, start(0, np.ones(2)))
    Machine(id=2, w=array([1., 1.]), t=0)
    """
    peer, id = _checked(peer=peer), check.integer(id=id)
    if id == peer.id:
        raise ValueError(f"id must be one that nobody had, got {id}, that of the peer")
    return peer._replace(id=id)


def digest(w):
    """Fingerprint of parameters: SHA-256 of their bytes, every bit of every entry.

    Parameters
    ----------
    w : array
        Parameters.

    Returns
    -------
    str
        64 hexadecimal digits; equal for equal bits in one dtype.

    Examples
    --------
    >>> import numpy as np
    >>> digest(np.zeros(2))[:8], digest(np.array([0.0, 5e-324]))[:8]
    ('374708ff', '9d34149f')
    """
    check.finite(w=w)
    return hashlib.sha256(to_numpy(w).tobytes()).hexdigest()


def check_together(machines):
    """Refuse machines that cannot run together.

    Parameters
    ----------
    machines : iterable of Machine
        At least one.

    Raises
    ------
    ValueError
        If two have one id, or a machine differs from the first in the shape or dtype of w, in its iteration, or in a
        bit of w; it is named.

    Examples
    --------
    >>> import numpy as np
    >>> check_together([start(0, np.zeros(3)), start(1, np.zeros(3))])
    >>> check_together([start(0, np.zeros(3)), start(1, np.zeros(4))])
    Traceback (most recent call last):
    ValueError: w of machine 1 must have shape (3,), dtype float64, as that of machine 0, got shape (4,), dtype float64
    """
    check.sequence(machines=machines)
    first, *others = (_checked(**{f"machines[{i}]": machine}) for i, machine in enumerate(machines))
    seen = {first.id}
    for machine in others:
        if machine.id in seen:
            raise ValueError(f"id must be one that no other machine has, got {machine.id} twice")
        seen.add(machine.id)
        kinds = [f"shape {tuple(x.w.shape)}, dtype {x.w.dtype}" for x in (first, machine)]
        if kinds[0] != kinds[1]:
            raise ValueError(
                f"w of machine {machine.id} must have {kinds[0]}, as that of machine {first.id}, got {kinds[1]}"
            )
        if machine.t != first.t:
            raise ValueError(
                f"t of machine {machine.id} must be {first.t}, as that of machine {first.id}, got {machine.t}"
            )
        if digest(machine.w) != digest(first.w):
            raise ValueError(f"w of machine {machine.id} must have the bits of machine {first.id}, got others")
