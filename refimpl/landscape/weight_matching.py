"""Weight matching: permute the hidden units of one network so that it can be averaged with another.

Ito, Yamada and Kumagai (2025, arXiv:2402.04051), on the algorithms of Ainsworth, Hayase and Srinivasa (2023,
arXiv:2209.04836). A network is a list of `Layer`, as of `models.mlp` or `models.conv`: W [..., in, out], the transpose
of the papers' matrix, and b [out]. Hidden layer l = 0, ..., L - 2 has one permutation p of its units, an array of
integers: the new unit i is the old unit p[i].
"""

from typing import NamedTuple

from refimpl.core import check, tree
from refimpl.core.arrays import Array, array_namespace, device, to_numpy
from refimpl.core.autodiff import grad, hvp, value_and_grad
from refimpl.core.linalg import linear_assignment, scaled
from refimpl.core.loop import iterate
from refimpl.models.mlp import Layer

TOLERANCE = 1e-12  # what is an improvement, as in the official code: absolute


class Match(NamedTuple):
    """What coordinate ascent found."""

    perms: list  # of Array [n_l], integers: one for each hidden layer
    objective: list  # of Array, 0-d: inner product of the two networks after each visit
    sweeps: int  # made, with the last one, in which no layer gained


class STEState(NamedTuple):
    """What the straight-through search keeps from one minibatch to the next."""

    free: list  # of Layer: the parameters that are trained; they stand for the first network in the matching
    velocity: list  # of Layer, like them
    perms: list  # of Array: the last matching, from which the next one starts
    best: list  # of Array: the matching of the least loss so far
    loss: Array | float  # 0-d: that loss; infinity before the first step


# Permutations --------------------------------------------------------------------------------------------------------


def identity(params):
    """The permutations that change nothing.

    Parameters
    ----------
    params : list of Layer
        A network.

    Returns
    -------
    list of array [n_l], int64
        0, ..., n_l - 1 for each hidden layer, on its device.

    Examples
    --------
    >>> import numpy as np
    >>> identity([Layer(np.ones((2, 3)), np.ones(3)), Layer(np.ones((3, 1)), np.ones(1))])
    [array([0, 1, 2])]
    """
    _network(params=params)
    xp = array_namespace(params[0].b)
    return [xp.arange(b.shape[0], dtype=xp.int64, device=device(b)) for _, b in params[:-1]]


def permute(params, perms):
    """The same function with its hidden units in another order.

    Parameters
    ----------
    params : list of Layer
        A network of L layers.
    perms : list of array [n_l], integers
        One permutation for each of the L - 1 hidden layers.

    Returns
    -------
    list of Layer
        What comes into a unit moves with it, and what goes out of it too.

    Raises
    ------
    TypeError, ValueError
        If a shape does not fit, an entry is not finite, or a permutation is none; the message names the layer.

    Notes
    -----
    Equations (weight_matching-1) and (weight_matching-2) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> one, two = Layer(np.array([[1.0, 2.0]]), np.array([3.0, 4.0])), Layer(np.array([[5.0], [6.0]]), np.zeros(1))
    >>> permute([one, two], [np.array([1, 0])])[0]
    Layer(W=array([[2., 1.]]), b=array([4., 3.]))
    """
    _network(params=params)
    _permutations(params, perms)
    return _permute(params, perms)


def _permute(params, perms):
    """`permute` without its checks."""
    xp, moved = array_namespace(params[0].b), []
    for l, (W, b) in enumerate(params):
        if l > 0:
            W = xp.take(W, perms[l - 1], axis=-2)  # (weight_matching-1)
        if l < len(perms):
            W, b = xp.take(W, perms[l], axis=-1), xp.take(b, perms[l])  # (weight_matching-2)
        moved.append(Layer(W, b))
    return moved


def inner(a, b):
    """Inner product of two networks: the sum of the products of all their entries.

    Parameters
    ----------
    a, b : list of Layer
        Of one architecture.

    Returns
    -------
    array, shape ()
        Equation (weight_matching-3): the larger, the smaller the distance, for lengths do not change.

    Examples
    --------
    >>> import numpy as np
    >>> layer = Layer(np.array([[1.0, 2.0]]), np.array([3.0, 0.0]))
    >>> inner([layer], [layer])
    np.float64(14.0)
    """
    tree.finite(a=a, b=b), tree.alike(a, b=b)
    products = tree.map(lambda x, y: array_namespace(x, y).sum(x * y), a, b)
    return sum(tree.leaves(products))  # (weight_matching-3)


def interpolate(a, b, share):
    """The network (1 - share) a + share b, on the straight line between two.

    Examples
    --------
    >>> import numpy as np
    >>> interpolate([Layer(np.zeros((1, 1)), np.zeros(1))], [Layer(np.ones((1, 1)), np.ones(1))], 0.25)
    [Layer(W=array([[0.25]]), b=array([0.25]))]
    """
    share = check.number(share=share)
    tree.finite(a=a, b=b), tree.alike(a, b=b)
    return tree.map(lambda x, y: (1 - share) * x + share * y, a, b)  # (weight_matching-8)


# Weight matching -----------------------------------------------------------------------------------------------------


def _columns(W):
    """A column for each unit that the layer leads to, one for each output."""
    return array_namespace(W).reshape(W, (-1, W.shape[-1]))


def _rows(W):
    """A row for each unit that the layer comes from."""
    xp = array_namespace(W)
    return xp.reshape(xp.moveaxis(W, -2, 0), (W.shape[-2], -1))


def _cost(a, b, perms, l):
    """What it is worth to make unit j of b the unit i of a, in hidden layer l, with the other layers as they are."""
    xp = array_namespace(a[l].W, b[l].W)
    W = xp.take(b[l].W, perms[l - 1], axis=-2) if l > 0 else b[l].W
    V = xp.take(b[l + 1].W, perms[l + 1], axis=-1) if l + 1 < len(perms) else b[l + 1].W
    C = xp.matrix_transpose(_columns(a[l].W)) @ _columns(W)  # (weight_matching-4)
    C = C + a[l].b[:, None] * b[l].b[None, :]  # (weight_matching-5)
    return C + _rows(a[l + 1].W) @ xp.matrix_transpose(_rows(V))  # (weight_matching-6)


def _best(C):
    """The permutation p with the largest sum of C[i, p[i]]; found on the host."""
    return linear_assignment(C, maximize=True)  # (weight_matching-7)


def _gain(C, p):
    """The sum of C[i, p[i]]."""
    xp = array_namespace(C)
    return xp.sum(xp.take_along_axis(C, p[:, None], axis=1))


def visit(a, b, perms, l):
    """The best permutation of one hidden layer while the others stay.

    Parameters
    ----------
    a, b : list of Layer
        Networks of one architecture; the second one is permuted.
    perms : list of array [n_l], integers
        Where the search stands.
    l : int
        Which hidden layer, 0, ..., L - 2.

    Returns
    -------
    C : array [n_l, n_l]
        C[i, j] is what the inner product gains if the new unit i is the old unit j.
    p : array [n_l], int64
        The best permutation, found on the host (`core.linalg.linear_assignment`), which takes `C` there.

    Raises
    ------
    TypeError, ValueError
        As for `match`, or if there is no such layer.

    Notes
    -----
    Equations (weight_matching-4) to (weight_matching-7) of the documentation; Git Re-Basin, Algorithm 1.

    Examples
    --------
    >>> import numpy as np
    >>> one, two = Layer(np.array([[1.0, 2.0]]), np.zeros(2)), Layer(np.array([[5.0], [6.0]]), np.zeros(1))
    >>> C, p = visit([one, two], permute([one, two], [np.array([1, 0])]), identity([one, two]), 0)
    >>> C, p
    (array([[32., 26.],
           [40., 32.]]), array([1, 0]))
    """
    _networks(a=a, b=b)
    _permutations(b, perms)
    if check.integer(l=l) >= len(perms):
        raise ValueError(f"l must be a hidden layer, 0, ..., {len(perms) - 1}, got {l}")
    C = _cost(a, b, perms, l)
    return C, _best(C)


def match(a, b, orders, *, perms=None):
    """Weight matching: coordinate ascent over the layers, until no layer gains.

    Parameters
    ----------
    a, b : list of Layer
        Networks of one architecture, floating point; the second one is permuted.
    orders : array [sweeps, L - 1], integers
        In which order each sweep visits the hidden layers; see `orders`.
    perms : list of array [n_l], integers, optional
        Where to start; default: the identity.

    Returns
    -------
    Match
        See there. `permute` applies its permutations to `b`. Each visit takes one matrix to the host, as `visit` does.

    Raises
    ------
    TypeError, ValueError
        If the networks differ in depth, width, dtype or library, an entry is not finite, a permutation is none, or an
        order is none; the message names the layer.

    Notes
    -----
    Equation (weight_matching-7) of the documentation; Git Re-Basin, Algorithm 1. No visit lowers the inner product, so
    the search ends, but in which of many local maxima depends on the orders. A sweep is the last one if no layer gains
    more than 1e-12.

    Examples
    --------
    >>> import numpy as np
    >>> one, two = Layer(np.array([[1.0, 2.0]]), np.zeros(2)), Layer(np.array([[5.0], [6.0]]), np.zeros(1))
    >>> found = match([one, two], permute([one, two], [np.array([1, 0])]), [[0]] * 3)
    >>> found.perms, found.objective, found.sweeps
    ([array([1, 0])], [np.float64(66.0), np.float64(66.0)], 2)
    """
    _networks(a=a, b=b)
    perms = identity(b) if perms is None else list(perms)
    _permutations(b, perms)
    return _match(a, b, _orders(orders, len(perms)), perms)


def _match(a, b, orders, perms):
    """`match` without its checks."""
    perms, objective, sweeps = list(perms), [], 0
    for order in orders:
        improved = False
        for l in order:
            C = _cost(a, b, perms, l)
            p = _best(C)
            improved = improved or float(_gain(C, p) - _gain(C, perms[l])) > TOLERANCE
            perms[l] = p
            objective.append(inner(a, _permute(b, perms)))
        sweeps += 1
        if not improved:
            break
    return Match(perms, objective, sweeps)


def orders(rng, sweeps, layers):
    """Random visiting orders [sweeps, layers] of the hidden layers, a list of lists.

    Examples
    --------
    >>> from refimpl.core.random import stream
    >>> orders(stream(0, "doc"), 2, 3)
    [[2, 1, 0], [1, 2, 0]]
    """
    check.rng(rng=rng)
    sweeps, layers = check.integer(sweeps=sweeps), check.integer(layers=layers, minimum=1)
    return [rng.permutation(layers).tolist() for _ in range(sweeps)]


def match_activations(Z_a, Z_b):
    """Match the units by what they say on the same data, each layer by itself.

    Parameters
    ----------
    Z_a, Z_b : list of array [N, n_l]
        Values of the hidden units of both networks, such as of `models.mlp.hidden`; for a convolution a row for each
        place of each sample.

    Returns
    -------
    list of array [n_l], int64
        The permutations of the second network, found on the host (`core.linalg.linear_assignment`).

    Raises
    ------
    TypeError, ValueError
        If the lists or arrays are not alike, or an entry is not finite.

    Notes
    -----
    Equation (weight_matching-10) of the documentation; Git Re-Basin, Section 3.1. Nothing is centred.

    Examples
    --------
    >>> import numpy as np
    >>> Z = np.array([[1.0, 0.0], [0.5, 2.0]])
    >>> match_activations([Z], [Z[:, ::-1]])
    [array([1, 0])]
    """
    check.instance((list, tuple), Z_a=Z_a, Z_b=Z_b)
    if len(Z_a) != len(Z_b) or not Z_a:
        raise ValueError(f"Z_a and Z_b must have an array for each hidden layer, got {len(Z_a)} and {len(Z_b)}")
    perms = []
    for l, (one, other) in enumerate(zip(Z_a, Z_b, strict=True)):
        check.finite(**{f"Z_a[{l}]": one, f"Z_b[{l}]": other})
        check.shapes(**{f"Z_a[{l}]": (one, "N n")})
        check.like(one, **{f"Z_b[{l}]": other})
        C = array_namespace(one, other).matrix_transpose(one) @ other  # (weight_matching-10)
        perms.append(_best(C))
    return perms


# The straight-through search -----------------------------------------------------------------------------------------


def ste_init(a, b, *, start="b"):
    """State before the first minibatch.

    Parameters
    ----------
    a, b : list of Layer
        Networks of one architecture.
    start : {"a", "b"}, default: "b"
        Where the free parameters start. At `a`, as the official code has it, the first step is weight matching, and
        with its small steps so are all that follow.

    Returns
    -------
    STEState
        No velocity, the identity, no loss yet.

    Raises
    ------
    TypeError, ValueError
        As for `match`, or if `start` is unknown.

    Examples
    --------
    >>> import numpy as np
    >>> layers = [Layer(np.ones((1, 2)), np.ones(2)), Layer(np.ones((2, 1)), np.ones(1))]
    >>> ste_init(layers, layers).perms, ste_init(layers, layers).loss
    ([array([0, 1])], inf)
    """
    _networks(a=a, b=b)
    check.choice(("a", "b"), start=start)
    free = a if start == "a" else b
    return STEState(free, tree.map(lambda x: array_namespace(x).zeros_like(x), free), identity(b), identity(b), _WORST)


_WORST = float("inf")


def ste_step(a, b, state, loss, orders, *, lr, momentum=0.9):
    """One minibatch of the search for a matching whose midpoint has a small loss.

    Parameters
    ----------
    a, b : list of Layer
        Networks of one architecture; the second one is permuted.
    state : STEState
        From `ste_init` or the last step.
    loss : callable
        ``loss(params)`` -> array of shape (), the loss of the minibatch, differentiable by `core.autodiff`.
    orders : array [sweeps, L - 1], integers
        Of the matching in this step.
    lr : float
        Step size > 0.
    momentum : float in [0, 1), default: 0.9
        What is kept of the velocity.

    Returns
    -------
    STEState
        For the next step; `perms` is the matching of this one, which crosses to the host as in `match`.
    loss : array, shape ()
        At the midpoint of `a` and the permuted `b`, before the free parameters move.

    Raises
    ------
    TypeError, ValueError
        As for `match`, or if a number is out of range.

    Notes
    -----
    Equations (weight_matching-11) to (weight_matching-15) of the documentation; Git Re-Basin, Algorithm 2.

    Examples
    --------
    >>> import numpy as np
    >>> one, two = Layer(np.array([[1.0, 2.0]]), np.zeros(2)), Layer(np.array([[5.0], [6.0]]), np.zeros(1))
    >>> a, b, loss = [one, two], permute([one, two], [np.array([1, 0])]), lambda p: (p[1].W[0, 0] - 6.5) ** 2
    >>> state, value = ste_step(a, b, ste_init(a, b), loss, [[0]], lr=0.5)
    >>> value, state.perms, state.free[1].W.tolist()  # the midpoint has 5.5 there: -2 in the gradient
    (np.float64(1.0), [array([0, 1])], [[6.5], [5.0]])
    """
    check.instance(STEState, state=state), check.function(loss=loss)
    _networks(a=a, b=b, free=state.free, velocity=state.velocity)
    _permutations(b, state.perms), _permutations(b, state.best, "best")
    if not (isinstance(state.loss, float) and state.loss == _WORST):
        check.number(**{"loss of state": state.loss})
    lr, momentum = check.positive(lr=lr), check.fraction(momentum=momentum)
    return _ste_step(a, b, state, loss, _orders(orders, len(state.perms)), lr, momentum)


def _ste_step(a, b, state, loss, orders, lr, momentum):
    """`ste_step` without its checks."""
    perms = _match(state.free, b, orders, state.perms).perms  # (weight_matching-11)
    midpoint = interpolate(a, _permute(b, perms), 0.5)  # (weight_matching-12)
    value, g = value_and_grad(_checked(loss))(midpoint)
    velocity = tree.map(lambda v, x: momentum * v + 0.5 * x, state.velocity, g)  # (weight_matching-13)
    free = tree.map(lambda x, v: x - lr * v, state.free, velocity)  # (weight_matching-14)
    best, least = (
        (perms, value) if float(value) < float(state.loss) else (state.best, state.loss)
    )  # (weight_matching-15)
    return STEState(free, velocity, perms, best, least), value


def ste(a, b, losses, orders, *, lr, momentum=0.9, start="b"):
    """The search over many minibatches.

    Parameters
    ----------
    a, b, lr, momentum
        As for `ste_step`.
    losses : sequence of callable
        One loss for each minibatch.
    orders : sequence of array [sweeps, L - 1], integers
        One for each minibatch.
    start : {"a", "b"}, default: "b"
        As for `ste_init`.

    Returns
    -------
    core.loop.Run
        Its `state` is the last STEState, whose `best` is the answer; its history has the "loss" at each midpoint, and
        the "best" permutations after each step. What crosses to the host in each step is what `match` takes there.

    Raises
    ------
    TypeError, ValueError
        As for `ste_step`, or if there are not as many orders as losses.

    Examples
    --------
    >>> import numpy as np
    >>> one, two = Layer(np.array([[1.0, 2.0]]), np.zeros(2)), Layer(np.array([[5.0], [6.0]]), np.zeros(1))
    >>> a, b, loss = [one, two], permute([one, two], [np.array([1, 0])]), lambda p: (p[1].W[0, 0] - 5) ** 2
    >>> run = ste(a, b, [loss] * 2, [[[0]]] * 2, lr=10.0)
    >>> run.history["loss"], run.state.best
    ([np.float64(0.25), np.float64(0.0)], [array([1, 0])])
    """
    check.sequence(losses=losses, orders=orders)
    check.function(**{f"losses[{k}]": loss for k, loss in enumerate(losses)})
    history: dict[str, list] = {"loss": [], "best": []}
    first = ste_init(a, b, start=start)
    lr, momentum = check.positive(lr=lr), check.fraction(momentum=momentum)
    _as_many(len(orders), len(losses), "losses")
    drawn = [_orders(rows, len(first.perms)) for rows in orders]

    def step(state, k):
        state, value = _ste_step(a, b, state, losses[k - 1], drawn[k - 1], lr, momentum)
        history["loss"].append(value)
        history["best"].append(state.best)
        return state

    return iterate(step, first, steps=len(losses))._replace(history=history)


# What a matching is worth --------------------------------------------------------------------------------------------


def barrier(loss, a, b, shares):
    """By how much the loss on the line between two networks lies above the chord.

    Parameters
    ----------
    loss : callable
        ``loss(params)`` -> array of shape ().
    a, b : list of Layer
        Networks of one architecture, the second one permuted already.
    shares : sequence of float
        Places on the line, in [0, 1]: 0 is `a`, 1 is `b`.

    Returns
    -------
    height : array, shape ()
        The barrier: the largest excess.
    line : array [len(shares)]
        The losses.

    Raises
    ------
    TypeError, ValueError
        If the networks do not fit, or a share is not in [0, 1].

    Notes
    -----
    Equations (weight_matching-8) and (weight_matching-9) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> layer = lambda w: [Layer(np.array([[w]]), np.zeros(1))]
    >>> barrier(lambda p: 4.0 + p[0].W[0, 0] - p[0].W[0, 0] ** 2, layer(0.0), layer(2.0), [0.0, 0.5, 1.0])
    (np.float64(1.0), array([4., 4., 2.]))
    """
    check.function(loss=loss)
    _networks(a=a, b=b), check.sequence(shares=shares)
    for share in shares:
        check.number(shares=share)
        if not 0 <= float(share) <= 1:
            raise ValueError(f"shares must be in [0, 1], got {float(share)!r}")
    xp, shares = array_namespace(a[0].b), [float(share) for share in shares]
    told, like = _checked(loss), {"dtype": a[0].b.dtype, "device": device(a[0].b)}
    line = xp.stack([xp.asarray(told(interpolate(a, b, share)), **like) for share in shares])
    t, ends = xp.asarray(shares, **like), (told(a), told(b))
    return xp.max(line - (1 - t) * ends[0] - t * ends[1]), line  # (weight_matching-9)


def taylor(loss, a, b):
    """Estimate of the barrier at the midpoint from slope and curvature at the two ends.

    Parameters
    ----------
    loss, a, b
        As for `barrier`; the loss is differentiated twice.

    Returns
    -------
    array, shape ()
        Equation (weight_matching-18) of the documentation. Exact for a quadratic loss.

    Raises
    ------
    TypeError, ValueError
        If the networks do not fit.

    Examples
    --------
    >>> import numpy as np
    >>> layer = lambda w: [Layer(np.array([[w]]), np.zeros(1))]
    >>> taylor(lambda p: 4.0 + p[0].W[0, 0] - p[0].W[0, 0] ** 2, layer(0.0), layer(2.0))
    np.float64(1.0)
    """
    check.function(loss=loss)
    _networks(a=a, b=b)
    total, loss = 0.0, _checked(loss)
    for end, other in ((a, b), (b, a)):
        mu = tree.map(lambda x, y: x - y, other, end)
        total = total + inner(grad(loss)(end), mu) / 4 + inner(mu, hvp(loss, end, mu)) / 16  # (weight_matching-18)
    return total


class Singular(NamedTuple):
    """A layer as a sum of s_i v_i u_i^T: from the direction v_i of its inputs to the direction u_i of its outputs."""

    U: Array  # [out, k] output directions in columns
    s: Array  # [k] singular values, largest first
    V: Array  # [in, k] input directions in columns; of a convolution [places * in, k]


def singular(W, *, gamma=0.0):
    """Singular vectors of a layer, those whose singular value is at least gamma times the largest.

    Parameters
    ----------
    W : array [..., in, out]
        Floating point; a convolution is read as a matrix with a row for each place of the kernel and input channel.
    gamma : float in [0, 1], default: 0.0
        Threshold.

    Returns
    -------
    Singular
        See there.

    Raises
    ------
    TypeError, ValueError
        If `W` is no such array, or `gamma` is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> singular(np.diag([1.0, 4.0, 3.0]), gamma=0.5).s
    array([4., 3.])
    """
    check.finite(W=W)
    if len(W.shape) < 2 or 0 in W.shape:
        raise ValueError(f"W must have shape [..., in, out], got {tuple(W.shape)}")
    gamma = check.nonnegative(gamma=gamma)
    if gamma > 1:
        raise ValueError(f"gamma must be in [0, 1], got {gamma!r}")
    xp = array_namespace(W)
    V, s, Ut = xp.linalg.svd(_columns(W), full_matrices=False)
    kept = max(int(xp.count_nonzero(s >= gamma * s[0])), 1)  # (weight_matching-16)
    return Singular(xp.matrix_transpose(Ut)[:, :kept], s[:kept], V[:, :kept])


def alignment(a, b, perms, *, gamma=0.0, normaliser="sqrt"):
    """R: how far the permuted network's singular vectors point where those of the first one point.

    Parameters
    ----------
    a, b : list of Layer
        Networks of one architecture; biases do not count.
    perms : list of array [n_l], integers
        Permutations of the second one.
    gamma : float in [0, 1], default: 0.0
        Only singular vectors count whose value is at least gamma times the largest of its layer.
    normaliser : {"sqrt", "min", "a"}, default: "sqrt"
        What counts as the number of vectors where the networks keep different ones: the geometric mean, the smaller
        number, or that of `a`. The paper does not say; at ``gamma=0`` all are the same.

    Returns
    -------
    array, shape ()
        In [-1, 1], whichever the normaliser; 1 for a network and itself.

    Raises
    ------
    TypeError, ValueError
        As for `visit`; if a number or choice is out of range; or if singular vectors that count belong to a singular
        value of 0, where any would do.

    Notes
    -----
    Equations (weight_matching-16) and (weight_matching-17) of the documentation; Section 4 of the paper.

    Examples
    --------
    >>> import numpy as np
    >>> one, two = Layer(np.array([[1.0, 2.0]]), np.zeros(2)), Layer(np.array([[5.0], [6.0]]), np.zeros(1))
    >>> a, b = [one, two], permute([one, two], [np.array([1, 0])])
    >>> alignment(a, b, [np.array([0, 1])]).round(3), alignment(a, b, [np.array([1, 0])]).round(3)
    (np.float64(0.892), np.float64(1.0))
    """
    _networks(a=a, b=b)
    _permutations(b, perms)
    check.choice(("sqrt", "min", "a"), normaliser=normaliser)
    total = count = 0.0
    moved = _permute(b, perms)
    for l in range(len(a)):
        one, other = singular(a[l].W, gamma=gamma), singular(moved[l].W, gamma=gamma)
        _determined(l, a=(one, a[l].W), b=(other, b[l].W))
        xp = array_namespace(one.U, other.U)
        along_u = xp.matrix_transpose(one.U) @ other.U
        along_v = xp.matrix_transpose(one.V) @ other.V
        n_a, n_b = one.s.shape[0], other.s.shape[0]
        total = total + xp.sum(along_u * along_v)  # (weight_matching-17)
        count = count + {"sqrt": (n_a * n_b) ** 0.5, "min": min(n_a, n_b), "a": n_a}[normaliser]
    return total / count


# Many networks -------------------------------------------------------------------------------------------------------


def mean(models):
    """The average of several networks of one architecture.

    Examples
    --------
    >>> import numpy as np
    >>> mean([[Layer(np.full((1, 1), w), np.zeros(1))] for w in (1.0, 2.0, 6.0)])
    [Layer(W=array([[3.]]), b=array([0.]))]
    """
    check.sequence(models=models)
    tree.finite(models=models)
    tree.alike(models[0], **{f"models[{i}]": params for i, params in enumerate(models)})
    return tree.map(lambda *x: sum(x) / len(x), *models)


def merge_many(models, rounds, orders):
    """MergeMany: each network in turn is matched with the mean of the others, until none comes closer.

    Parameters
    ----------
    models : list of list of Layer
        Two networks or more, of one architecture.
    rounds : array [rounds, m], integers
        In which order each round takes the networks.
    orders : array [rounds, m, sweeps, L - 1], integers
        Of the matching at each turn, in the order of the turns.

    Returns
    -------
    list of Layer
        The mean.
    list of list of Layer
        The permuted networks. At each turn `match` takes its matrices to the host.

    Raises
    ------
    TypeError, ValueError
        As for `match`, or if there are fewer than two networks, or not as many orders as rounds and networks.

    Notes
    -----
    Equations (weight_matching-19) and (weight_matching-20) of the documentation; Git Re-Basin, Algorithm 3. Each
    matching starts from the identity. A round is the last one if no network's distance fell by more than 1e-12.

    Examples
    --------
    >>> import numpy as np
    >>> one, two = Layer(np.array([[1.0, 2.0]]), np.zeros(2)), Layer(np.array([[5.0], [6.0]]), np.zeros(1))
    >>> three = [[one, two], permute([one, two], [np.array([1, 0])]), [one, two]]
    >>> merge_many(three, [[1, 0, 2]], [[[[0]]] * 3])[0]
    [Layer(W=array([[1., 2.]]), b=array([0., 0.])), Layer(W=array([[5.], [6.]]), b=array([0.]))]
    """
    check.sequence(models=models, orders=orders)
    if len(models) < 2:
        raise ValueError(f"models must be two networks or more, got {len(models)}")
    _networks(**{f"models[{i}]": params for i, params in enumerate(models)})
    models, rounds = list(models), _orders(rounds, len(models), "rounds")
    _as_many(len(orders), len(rounds), "rounds")
    for drawn in orders:
        _as_many(len(drawn), len(models), "networks in each round")
    for turns, drawn in zip(rounds, orders, strict=True):
        closer = False
        for i, order in zip(turns, drawn, strict=True):
            center = mean([params for j, params in enumerate(models) if j != i])  # (weight_matching-19)
            found = _match(center, models[i], _orders(order, len(center) - 1), identity(center)).perms
            moved = _permute(models[i], found)  # (weight_matching-20)
            closer = closer or float(_distance(models[i], center) - _distance(moved, center)) > TOLERANCE
            models[i] = moved
        if not closer:
            break
    return mean(models), models


def _distance(a, b):
    """Euclidean distance of two networks."""
    away, size = scaled(tree.ravel(tree.map(lambda x, y: x - y, a, b))[0])
    return size * array_namespace(away).linalg.vector_norm(away)


# Checks --------------------------------------------------------------------------------------------------------------


def _network(**named):
    """A list of layers whose sizes fit each other."""
    ((name, params),) = named.items()
    if not isinstance(params, list | tuple) or not params:
        raise ValueError(f"{name} must be a list of one layer or more, got {params!r:.60}")
    fits = {}
    check.provides("W", "b", **{f"{name}[{l}]": layer for l, layer in enumerate(params)})
    for l, layer in enumerate(params):
        W, b = layer.W, layer.b
        check.finite(**{f"{name}[{l}].W": W, f"{name}[{l}].b": b})
        places = " ".join(f"k{l}{i}" for i in range(len(W.shape) - 2))
        fits[f"{name}[{l}].W"] = W, f"{places} n{l} n{l + 1}".strip()
        fits[f"{name}[{l}].b"] = b, f"n{l + 1}"
    check.shapes(**fits)


def _networks(**named):
    """Networks of the architecture, library and dtype of the first one."""
    (first, reference), *others = named.items()
    _network(**{first: reference})
    for name, params in others:
        _network(**{name: params})
        if len(params) != len(reference):
            raise ValueError(f"{name} must have {len(reference)} layers, as {first} has, got {len(params)}")
        for l, (layer, expected) in enumerate(zip(params, reference, strict=True)):
            check.like(expected.W, **{f"{name}[{l}].W": layer.W})
            check.like(expected.b, **{f"{name}[{l}].b": layer.b})


def _permutations(params, perms, of="perms"):
    """One permutation for each hidden layer."""
    check.instance((list, tuple), **{of: perms})
    if len(perms) != len(params) - 1:
        raise ValueError(
            f"{of} must have one permutation for each of {len(params) - 1} hidden layers, got {len(perms)}"
        )
    for l, (p, (_, b)) in enumerate(zip(perms, params[:-1], strict=True)):
        name, n = f"{of}[{l}]", b.shape[0]
        check.shapes(**{name: (p, str(n))})
        xp = array_namespace(p, b)
        if not xp.isdtype(p.dtype, "integral"):
            raise TypeError(f"{name} must be integers, got dtype {p.dtype}")
        if bool(xp.any(xp.sort(p) != xp.arange(n, dtype=p.dtype, device=device(p)))):
            raise ValueError(f"{name} must be a permutation of 0, ..., {n - 1}, got {to_numpy(p).tolist()!s:.60}")


def _orders(orders, n, name="orders"):
    """Rows that are permutations of 0, ..., n - 1, as lists."""
    check.sequence(**{name: orders})
    rows = to_numpy(orders).tolist() if hasattr(orders, "shape") else orders
    check.sequence(**{f"{name}[{i}]": row for i, row in enumerate(rows)})
    rows = [[check.integer(**{f"{name}[{i}]": l}) for l in row] for i, row in enumerate(rows)]
    for row in rows:
        if sorted(row) != list(range(n)):
            raise ValueError(f"{name} must be permutations of 0, ..., {n - 1}, got {row}")
    return rows


def _checked(loss):
    """The same loss, if it returns a finite number."""

    def told(params):
        found = loss(params)
        check.number(loss=found)
        return found

    return told


def _as_many(found, wanted, of):
    """As many orders as what they are for."""
    if found != wanted:
        raise ValueError(f"orders must be as many as the {of}, {wanted}, got {found}")


def _determined(l, **named):
    """Refuse singular vectors of a singular value that is 0 but for rounding."""
    for name, (found, W) in named.items():
        eps = float(array_namespace(W).finfo(W.dtype).eps)
        if not float(found.s[-1]) > eps * max(found.U.shape[0], found.V.shape[0]) * float(found.s[0]):
            raise ValueError(f"{name}[{l}].W must have full rank, or gamma must leave out its singular values of 0")
