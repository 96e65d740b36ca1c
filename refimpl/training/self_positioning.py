"""Self Positioning: models of single tasks merged along an arc whose weights are learned (Li et al., 2024, 2410.15035).

Each task trains a copy of one start model. What the copies moved by, their task vectors, are interpolated spherically;
how much each counts and how long the result is are a handful of numbers, learned on the contrastive loss of a small
probe set. (Other merges, to compare with, are in `_self_positioning_baselines`.)
"""

from typing import Any, NamedTuple

from refimpl.core import check
from refimpl.core.arrays import Array, array_namespace, device, is_array
from refimpl.core.linalg import angle, length, unit
from refimpl.core.loop import iterate
from refimpl.core.special import logsumexp, softmax

FLAT = 1e-9  # sine below which an arc is a straight line; in float32 four roundings
FLOOR = 1e-3  # no weight falls below it
LEVELS = 16  # of the continued fraction: enough for all digits of double precision up to an angle of pi


class Position(NamedTuple):
    """Where the merged model is."""

    a: Array  # [N] weights of the task vectors, >= FLOOR
    lam: Array  # [] length, of any sign


class _Call(NamedTuple):
    """One of the N - 1 calls of SLERP."""

    U: Array  # [P] what was merged so far
    W: Array  # [P] the next task vector
    m: Any  # mean weight so far
    a: Any  # weight of the next one
    t: Any  # its share


def task_vectors(theta_0, thetas):
    """What training on each task has moved the start model by.

    Parameters
    ----------
    theta_0 : array [P]
        All parameters of the start model as one vector, floating point.
    thetas : array [N, P]
        Those of the models that were trained from there, one for each task.

    Returns
    -------
    array [N, P]
        V.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, an entry or a difference is not finite, or there is no model.

    Examples
    --------
    >>> import numpy as np
    >>> task_vectors(np.ones(2), np.array([[1.0, 3.0], [0.0, 1.0]]))
    array([[ 0.,  2.],
           [-1.,  0.]])
    """
    check.finite(theta_0=theta_0, thetas=thetas), check.alike_dtype(theta_0=theta_0, thetas=thetas)
    check.shapes(theta_0=(theta_0, "P"), thetas=(thetas, "N P"))
    return check.reached("theta_0 and thetas", "a difference", thetas - theta_0)  # (self_positioning-1)


# The arc ------------------------------------------------------------------------------------------------------------


def _share(m, a):
    return a / (m + a)  # (self_positioning-2)


def _arc(U, W):
    """Angle, its sine (1 where it is of no use), and whether the arc is a straight line."""
    xp = array_namespace(U, W)
    alpha = angle(U, W)  # (self_positioning-3)
    sine = xp.sin(alpha)
    least = max(FLAT, 4 * float(xp.finfo(U.dtype).eps))
    flat = (sine < least) | (length(U)[0] == 0) | (length(W)[0] == 0)  # (self_positioning-4)
    return alpha, xp.where(flat, 1.0, sine), flat


def _parts(alpha, sine, flat, t):
    """How much of each vector."""
    xp = array_namespace(alpha)
    A = xp.where(flat, 1 - t, xp.sin((1 - t) * alpha) / sine)  # (self_positioning-5)
    B = xp.where(flat, t, xp.sin(t * alpha) / sine)  # (self_positioning-6)
    return A, B


def _slerp(U, W, t):
    alpha, sine, flat = _arc(U, W)
    A, B = _parts(alpha, sine, flat, t)
    return A * U + B * W  # (self_positioning-7)


def slerp(U, W, *, a_i=1.0, a_j=1.0):
    """Spherical interpolation of two task vectors of any length.

    Parameters
    ----------
    U, W : array [P]
        Two task vectors, floating point. Where one is 0 or they point the same way or opposite ways, the arc is a
        straight line.
    a_i, a_j : float, default: 1.0
        > 0, how much each counts: the larger `a_j`, the nearer to `W`.

    Returns
    -------
    array [P]
        Of length 1 if both are; longer than the average by 1 over the cosine of half the angle if both count alike.

    Raises
    ------
    TypeError, ValueError
        If the vectors are not alike, an entry or an answer is not finite, or a weight is not > 0.

    Examples
    --------
    >>> import numpy as np
    >>> slerp(np.array([3.0, 0.0, 0.0]), np.array([1.0, 1.0, 0.0]), a_i=1.0, a_j=2.0)
    array([1.80518299, 0.70710678, 0.        ])
    """
    check.alike(U=U, W=W), check.shapes(U=(U, "P"))
    t = _share(*check.positive(a_i=a_i, a_j=a_j))
    return check.reached("U and W", "a merged vector", _slerp(U, W, t))


def _calls(V, a):
    """What the calls of SLERP are made with, in order, and what the last one gives."""
    U, calls = V[0, :], []
    for j in range(1, V.shape[0]):
        m = array_namespace(a).mean(a[:j])  # (self_positioning-8)
        call = _Call(U, V[j, :], m, a[j], _share(m, a[j]))
        calls.append(call)
        U = _slerp(call.U, call.W, call.t)  # (self_positioning-9)
    return calls, U


def chain(V, a, *, lam=1.0):
    """Several task vectors merged, one after the other along arcs.

    Parameters
    ----------
    V : array [N, P]
        Task vectors, floating point. Their order counts if there are more than two.
    a : array [N]
        Weights > 0. Only their ratios count.
    lam : float or array [], default: 1.0
        Length, of any sign.

    Returns
    -------
    array [P]
        V_p, to be added to the start model.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, an entry or an answer is not finite, or a weight is not > 0.

    Examples
    --------
    >>> import numpy as np
    >>> V = np.array([[3.0, 0.0, 0.0], [1.0, 1.0, 0.0], [0.0, 1.0, 2.0]])
    >>> chain(V, np.array([1.0, 2.0, 0.5]))
    array([1.59183898, 0.97274495, 0.69841395])
    """
    lam = _vectors(V, a, lam)
    V_p = lam * _calls(V, a)[1]  # (self_positioning-10)
    return check.reached("V, a and lam", "a merged vector", V_p)


# Its gradient -------------------------------------------------------------------------------------------------------


def _rest(x):
    """1 - x cot(x) by Lambert's continued fraction: to all digits for small angles too."""
    rest = 0 * x
    for odd in range(2 * LEVELS + 1, 1, -2):
        rest = x * x / (odd - rest)  # (self_positioning-15)
    return rest


def _back(call, g):
    """The way back through one call: gradients for U, for the mean weight so far and for the weight of W."""
    U, W, m, a, t = call
    xp = array_namespace(U, W, g)
    alpha, sine, flat = _arc(U, W)
    A, B = _parts(alpha, sine, flat, t)
    g_U, g_W = xp.sum(g * U), xp.sum(g * W)
    along = alpha / sine * (xp.cos(t * alpha) * g_W - xp.cos((1 - t) * alpha) * g_U)  # (self_positioning-13)
    slope = xp.where(flat, g_W - g_U, along)
    to_m, to_a = slope * -a / (m + a) ** 2, slope * m / (m + a) ** 2  # (self_positioning-14)
    some = xp.where(flat, 1.0, alpha)
    wider = g_U * A * (_rest(alpha) - _rest((1 - t) * alpha)) / some  # (self_positioning-16)
    wider = wider + g_W * B * (_rest(alpha) - _rest(t * alpha)) / some  # (self_positioning-17)
    turn = (xp.cos(alpha) * unit(U) - unit(W)) / (sine * xp.where(flat, 1.0, length(U)[0]))  # (self_positioning-18)
    to_U = xp.where(flat, (1 - t) * g, A * g + wider * turn)  # (self_positioning-19)
    return to_U, to_m, to_a


def _gradient(V, a, g, lam):
    """Back through the chain."""
    xp = array_namespace(V, a, g)
    calls, merged = _calls(V, a)
    grad_lam = xp.sum(g * merged)  # (self_positioning-11)
    passed, grads = lam * g, [0 * a[0]] * V.shape[0]  # (self_positioning-12)
    for j in range(V.shape[0] - 1, 0, -1):
        passed, to_m, to_a = _back(calls[j - 1], passed)
        grads = [grad + to_m / j for grad in grads[:j]] + [grads[j] + to_a] + grads[j + 1 :]  # (self_positioning-20)
    return xp.stack(grads), grad_lam


def chain_gradient(V, a, g, *, lam=1.0):
    """Gradient of a loss in weights and length, from its gradient at the merged model.

    Parameters
    ----------
    V, a, lam
        As for `chain`.
    g : array [P]
        Gradient of the loss in all parameters, at the start model + chain(V, a, lam=lam).

    Returns
    -------
    grad_a : array [N]
        Orthogonal to `a`, as only the ratios of weights count.
    grad_lam : array []
        Without the penalty of `update`.

    Raises
    ------
    TypeError, ValueError
        As `chain`.

    Examples
    --------
    >>> import numpy as np
    >>> V = np.array([[3.0, 0.0, 0.0], [1.0, 1.0, 0.0], [0.0, 1.0, 2.0]])
    >>> chain_gradient(V, np.array([1.0, 2.0, 0.5]), np.array([1.0, -1.0, 0.5]))[0]
    array([ 0.69988137, -0.27756019, -0.28952199])
    """
    lam = _vectors(V, a, lam, g=g)
    grad_a, grad_lam = _gradient(V, a, g, lam)
    given, what = "V, a, g and lam", "a gradient"
    return check.reached(given, what, grad_a), check.reached(given, what, grad_lam)


# The search ---------------------------------------------------------------------------------------------------------


def init(V):
    """Where the search starts: all weights 1, length 1.

    Parameters
    ----------
    V : array [N, P]
        Task vectors, floating point.

    Returns
    -------
    Position
        That of plain SLERP.

    Raises
    ------
    TypeError, ValueError
        If `V` is no such array, or an entry is not finite.

    Examples
    --------
    >>> import numpy as np
    >>> init(np.eye(2))
    Position(a=array([1., 1.]), lam=array(1.))
    """
    check.finite(V=V), check.shapes(V=(V, "N P"))
    xp, place = array_namespace(V), device(V)
    return Position(xp.ones(V.shape[0], dtype=V.dtype, device=place), xp.ones((), dtype=V.dtype, device=place))


def update(state, V, g, *, mu=0.01, eta_a=2.0, eta_lam=0.5):
    """One step of gradient descent on the loss plus `mu` times the length.

    Parameters
    ----------
    state : Position
        From `init` or the last step.
    V : array [N, P]
        Task vectors, floating point.
    g : array [P]
        Gradient of the loss of a probe minibatch in all parameters, at the start model + chain(V, a, lam=lam).
    mu : float, default: 0.01
        Penalty >= 0 on the length.
    eta_a, eta_lam : float, default: 2.0, 0.5
        Step sizes >= 0.

    Returns
    -------
    Position
        Both moved by gradients at the old position. The length is not clipped.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, an entry or an answer is not finite, or a number is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> V, g = np.eye(2), np.array([0.1, -0.1])
    >>> print(*update(init(V), V, g))
    [0.88892793 1.11107207] 0.995
    """
    check.instance(Position, state=state)
    mu, eta_a, eta_lam = check.nonnegative(mu=mu, eta_a=eta_a, eta_lam=eta_lam)
    lam, xp = _vectors(V, state.a, state.lam, g=g), array_namespace(V)
    grad_a, grad_lam = _gradient(V, state.a, g, lam)
    a = xp.clip(state.a - eta_a * grad_a, FLOOR, None)  # (self_positioning-21)
    lam = xp.asarray(lam - eta_lam * (grad_lam + mu))  # (self_positioning-22)
    return Position(check.reached("V, g, eta_a", "a weight", a), check.reached("V, g, eta_lam", "a length", lam))


def position(theta_0, V, loss, *, steps=100, mu=0.01, eta_a=2.0, eta_lam=0.5, progress=None):
    """Self Positioning: the search for weights and length on a probe set.

    Parameters
    ----------
    theta_0 : array [P]
        Start model, floating point.
    V : array [N, P]
        Task vectors, from `task_vectors`.
    loss : callable
        ``loss(theta, k) -> (value, gradient [P])`` of the k-th minibatch of the probe set, k = 1, 2, ...
    steps : int, default: 100
        >= 0.
    mu, eta_a, eta_lam
        As for `update`.
    progress : str, optional
        Title of a progress bar on standard error.

    Returns
    -------
    Run
        `state`: the position, a `Position`. `history`: "a", "lam", with the start. The merged model is
        theta_0 + chain(V, a, lam=lam).

    Raises
    ------
    TypeError, ValueError
        As `update`, or if `loss` returns something else.

    Examples
    --------
    >>> import numpy as np
    >>> target = np.array([1.0, 2.0])
    >>> squares = lambda theta, k: (np.sum((theta - target) ** 2) / 2, theta - target)
    >>> run = position(np.zeros(2), np.eye(2), squares, mu=0.0, steps=300)
    >>> chain(np.eye(2), run.state.a, lam=run.state.lam).round(6)
    array([1., 2.])
    """
    check.function(loss=loss), check.finite(theta_0=theta_0, V=V), check.alike_dtype(theta_0=theta_0, V=V)
    check.shapes(theta_0=(theta_0, "P"), V=(V, "N P"))

    def step(state, k):
        theta = theta_0 + chain(V, state.a, lam=state.lam)  # (self_positioning-23)
        value, gradient = check.results(2, loss=loss(theta, k))
        check.alike(theta=theta, **{"gradient of loss": gradient}), check.values(**{"value of loss": value})
        return update(state, V, gradient, mu=mu, eta_a=eta_a, eta_lam=eta_lam)

    return iterate(step, init(V), steps=steps, record=Position._asdict, progress=progress)


# The contrastive loss -----------------------------------------------------------------------------------------------


def info_nce(Q, D, *, tau):
    """InfoNCE: how well each query tells its document among all of the batch, and its gradients.

    Parameters
    ----------
    Q, D : array [n, d]
        Embeddings of queries and their documents, floating point, of any length but 0.
    tau : float
        Temperature > 0 that cosines are divided by.

    Returns
    -------
    loss : array []
        In nats, a mean over the queries.
    grad_Q, grad_D : array [n, d]
        Each row orthogonal to that of `Q` or `D`.

    Raises
    ------
    TypeError, ValueError
        If the arrays are not alike, an entry or an answer is not finite, a row is 0, or `tau` is not > 0.

    Examples
    --------
    >>> import numpy as np
    >>> loss, grad_Q, _ = info_nce(np.eye(2), np.array([[1.0, 0.0], [3.0, 4.0]]), tau=1.0)
    >>> print(loss.round(6), grad_Q[0].round(6))
    0.442058 [0.       0.160525]
    """
    tau = check.positive(tau=tau)
    check.alike(Q=Q, D=D), check.shapes(Q=(Q, "n d")), _no_row_of_zeros(Q=Q, D=D)
    loss, grad_Q, grad_D = _info_nce(Q, D, tau)
    return loss, check.reached("Q and tau", "a gradient", grad_Q), check.reached("D and tau", "a gradient", grad_D)


def _info_nce(Q, D, tau):
    """Row-wise: queries are told among documents, not the other way round."""
    xp, n = array_namespace(Q, D), Q.shape[0]
    q, d = unit(Q, axis=1), unit(D, axis=1)  # (self_positioning-24)
    row = xp.arange(n, device=device(Q))
    own = xp.astype(row[:, None] == row[None, :], Q.dtype)
    S = q @ xp.matrix_transpose(d) / tau  # (self_positioning-25)
    loss = xp.mean(logsumexp(S, axis=1) - xp.linalg.diagonal(S))  # (self_positioning-26)
    G = (softmax(S, axis=1) - own) / (n * tau)  # (self_positioning-27)
    grad_q, grad_d = G @ d, xp.matrix_transpose(G) @ q  # (self_positioning-28)
    return xp.asarray(loss), _turned(grad_q, q) / length(Q), _turned(grad_d, d) / length(D)


def _turned(g, u):
    """What of a gradient turns a unit vector."""
    return g - array_namespace(g, u).sum(g * u, axis=1, keepdims=True) * u  # (self_positioning-29)


def encoder_loss(theta, X, Y, *, tau):
    """InfoNCE of a linear encoder, and its gradient.

    Parameters
    ----------
    theta : array [p, d]
        The encoder: a text with features x is embedded as theta x.
    X, Y : array [n, d]
        Features of queries and of their documents.
    tau : float
        Temperature > 0.

    Returns
    -------
    loss : array []
        As for `info_nce`.
    gradient : array [p, d]
        In theta.

    Raises
    ------
    TypeError, ValueError
        As `info_nce`; no text may be embedded as 0.

    Examples
    --------
    >>> import numpy as np
    >>> X, Y = np.eye(2), np.array([[1.0, 0.0], [3.0, 4.0]])
    >>> loss, gradient = encoder_loss(np.eye(2), X, Y, tau=1.0)
    >>> print(loss.round(6), gradient[0].round(6))
    0.442058 [0.121696 0.224266]
    """
    tau = check.positive(tau=tau)
    check.finite(theta=theta, X=X, Y=Y), check.alike_dtype(theta=theta, X=X, Y=Y)
    check.shapes(theta=(theta, "p d"), X=(X, "n d"), Y=(Y, "n d"))
    xp = array_namespace(theta, X, Y)
    Q, D = X @ xp.matrix_transpose(theta), Y @ xp.matrix_transpose(theta)  # (self_positioning-30)
    check.finite(**{"embeddings of X": Q, "embeddings of Y": D})
    _no_row_of_zeros(**{"embeddings of X": Q, "embeddings of Y": D})
    loss, grad_Q, grad_D = _info_nce(Q, D, tau)
    return loss, xp.matrix_transpose(grad_Q) @ X + xp.matrix_transpose(grad_D) @ Y  # (self_positioning-31)


# Checks -------------------------------------------------------------------------------------------------------------


def _vectors(V, a, lam, **given):
    """Task vectors, weights and length that go together; the length as it can be computed with."""
    check.finite(V=V, a=a), check.alike_dtype(V=V, a=a), check.shapes(V=(V, "N P"), a=(a, "N"))
    xp = array_namespace(V, a)
    if not bool(xp.all(a > 0)):
        raise ValueError(f"a must be > 0 in every entry, got {float(xp.min(a))!r}")
    if given:  # a gradient
        check.finite(**given), check.alike_dtype(V=V, **given)
        check.shapes(V=(V, "N P"), **{name: (value, "P") for name, value in given.items()})
    if is_array(lam):
        check.finite(lam=lam), check.alike_dtype(V=V, lam=lam), check.shapes(lam=(lam, ""))
        return lam
    return check.number(lam=lam)


def _no_row_of_zeros(**named):
    for name, x in named.items():
        xp = array_namespace(x)
        if bool(xp.any(xp.all(x == 0, axis=1))):
            raise ValueError(f"{name} must have no row of zeros, which has no direction")
