"""BSVRB, blockwise variance reduction for many lower problems (Hu et al., 2023, arXiv:2305.18730, BSVRBv1 and v2).

Minimize the mean of f_i(x, y_i(x)) over m blocks, where y_i(x) minimizes g_i(x, .). A step touches I blocks, B samples
of each. Every block keeps estimates of its own, corrected by how the point has moved: of the gradient of g_i, and of
what the hyper-gradient needs of its Hessian, the Hessian itself (version 1) or the solution of a linear system (2).
"""

import math
from functools import partial
from typing import NamedTuple

from refimpl.core import check, random
from refimpl.core.arrays import Array, array_namespace, device
from refimpl.core.linalg import length
from refimpl.core.loop import iterate

MODES = "full", "sampled", "delayed"


class Point(NamedTuple):
    """Where the objective is asked: the upper variable, and what each block has beside it."""

    x: Array  # [e]
    y: Array  # [m, d], of sampled blocks [I, d]
    H: Array | None  # [m, d, d] version 1: estimates of the Hessians of g in y
    v: Array | None  # [m, d] version 2: estimates of Hessian^-1 times the gradient of f in y


class BSVRBState(NamedTuple):
    """What is kept from step to step."""

    now: Point
    before: Point  # of the step before
    s: Array  # [m, d] estimates of the gradients of g in y
    u: Array | None  # [m, d] version 2: estimates of Hessian v - gradient of f in y
    z: Array  # [e] estimate of the hyper-gradient
    idle: Array  # [m] steps since the block last moved; 1 if it moved in the last one


# Building blocks ------------------------------------------------------------------------------------------------------


def msvr(est, new, old, *, alpha, gamma):
    """Estimate of a moving vector: an average of noisy values, and a correction by how they have moved.

    Parameters
    ----------
    est : array, any shape, floating point
        The estimate of the last step.
    new, old : array like `est`
        Values of one sample at the present point and at that of the last step.
    alpha : float in (0, 1]
        Weight of the new value.
    gamma : float
        Weight of the correction, see `msvr_gamma`. At 0 it is a plain moving average, at 1 - alpha it is `storm`.

    Returns
    -------
    array
        Like `est`.

    Raises
    ------
    TypeError, ValueError
        If the arrays are not alike or not finite, or a number is out of range.

    Notes
    -----
    Equation (bsvrb-3) of the documentation; Jiang et al. (2022).

    Examples
    --------
    >>> import numpy as np
    >>> msvr(np.array([1.0]), np.array([3.0]), np.array([2.0]), alpha=0.5, gamma=2.0)  # 0.5 + 1.5 + 2
    array([4.])
    """
    check.finite(est=est, new=new, old=old)
    check.like(est, new=new, old=old)
    return _msvr(est, new, old, check.share(alpha=alpha), check.number(gamma=gamma))


def _msvr(est, new, old, alpha, gamma):
    return (1 - alpha) * est + alpha * new + gamma * (new - old)  # (bsvrb-3)


def msvr_gamma(m, I, alpha):
    """Weight of the correction in `msvr` where I of m blocks are sampled.

    Parameters
    ----------
    m, I : int
        Blocks, and how many of them a step samples, 1 <= I <= m.
    alpha : float in (0, 1]
        As in `msvr`; below 1 unless I = m.

    Returns
    -------
    float
        (m - I) / (I (1 - alpha)) + 1 - alpha.

    Raises
    ------
    TypeError, ValueError
        If a number is out of range, or alpha = 1 with I < m.

    Notes
    -----
    Equation (bsvrb-4) of the documentation.

    Examples
    --------
    >>> msvr_gamma(4, 1, 0.5), msvr_gamma(4, 4, 1.0)
    (6.5, 0.0)
    """
    m, I, alpha = check.integer(m=m, minimum=1), check.integer(I=I, minimum=1), check.share(alpha=alpha)
    if m < I:
        raise ValueError(f"I must be at most m = {m}, got {I}")
    if m > I and alpha == 1:
        raise ValueError(f"alpha must be < 1 where only I = {I} of m = {m} blocks are sampled, got 1.0")
    missed = (m - I) / (I * (1 - alpha)) if m > I else 0.0
    return missed + (1 - alpha)  # (bsvrb-4)


def storm(z, new, old, *, beta):
    """Estimate of a moving vector that is sampled in every step.

    Parameters
    ----------
    z, new, old : array
        As `est`, `new` and `old` of `msvr`.
    beta : float in (0, 1]
        Weight of what is new; 1 forgets z.

    Returns
    -------
    array
        Like `z`.

    Raises
    ------
    TypeError, ValueError
        As `msvr`.

    Notes
    -----
    Equation (bsvrb-5) of the documentation; Cutkosky and Orabona (2019).

    Examples
    --------
    >>> import numpy as np
    >>> storm(np.array([1.0]), np.array([3.0]), np.array([2.0]), beta=0.5)  # 0.5 (1 - 2) + 3
    array([2.5])
    """
    check.finite(z=z, new=new, old=old)
    check.like(z, new=new, old=old)
    return _storm(z, new, old, check.share(beta=beta))


def _storm(z, new, old, beta):
    return (1 - beta) * (z - old) + new  # (bsvrb-5)


def psd_floor(H, *, mu):
    """Nearest symmetric matrices whose eigenvalues are at least mu.

    Parameters
    ----------
    H : array, shape [m, d, d], floating point
        Finite; need not be symmetric.
    mu : float
        > 0.

    Returns
    -------
    array
        Like `H`.

    Raises
    ------
    TypeError, ValueError
        If `H` is no such array or `mu` is out of range.

    Notes
    -----
    Equation (bsvrb-8) of the documentation. By eigenvectors: d^3 operations for each matrix.

    Examples
    --------
    >>> import numpy as np
    >>> psd_floor(np.array([[[1.0, 2.0], [0.0, 1.0]]]), mu=0.5)  # eigenvalues 0 and 2 become 0.5 and 2
    array([[[1.25, 0.75],
            [0.75, 1.25]]])
    """
    check.finite(H=H)
    check.shapes(H=(H, "m d d"))
    return _psd_floor(H, check.positive(mu=mu))


def _psd_floor(H, mu):
    xp = array_namespace(H)
    values, Q = xp.linalg.eigh((H + xp.matrix_transpose(H)) / 2)
    return xp.matmul(Q * xp.clip(values, min=mu)[:, None, :], xp.matrix_transpose(Q))  # (bsvrb-8)


def _ball(v, radius):
    """Rows no longer than `radius`."""
    if radius == math.inf:
        return v
    return v * (radius / array_namespace(v).clip(length(v), min=radius))


# The rule -------------------------------------------------------------------------------------------------------------


def _places(blocks, m):
    """Whether each block is sampled [m], and where it stands in `blocks` [m]; by sorting: arrays are not written to."""
    xp = array_namespace(blocks)
    order = xp.argsort(blocks)
    ordered, every = xp.take(blocks, order), xp.arange(m, dtype=blocks.dtype, device=device(blocks))
    at = xp.clip(xp.searchsorted(ordered, every), max=blocks.shape[0] - 1)
    return xp.take(ordered, at) == every, xp.take(order, at)


def _put(places, stored, rows):
    """`stored` with `rows` in place of those of the sampled blocks."""
    xp, (sampled, row) = array_namespace(stored, rows), places
    sampled = xp.reshape(sampled, (-1, *(1,) * (len(stored.shape) - 1)))
    return xp.where(sampled, xp.take(rows, row, axis=0), stored)


def _of(point, blocks):
    """A point with what the sampled blocks have."""
    rows = (x if x is None else array_namespace(x).take(x, blocks, axis=0) for x in point[1:])
    return Point(point.x, *rows)


def _solve(H, right):
    return array_namespace(H).linalg.solve(H, right[..., None])[..., 0]


def _reach(places, idle, mode):
    """Factor of the steps of each block [m, 1], and the next `idle`."""
    xp = array_namespace(idle)
    sampled, ones = places[0], xp.ones_like(idle)
    factors = {"full": ones, "sampled": ones, "delayed": idle}[mode]
    reach = factors if mode == "full" else xp.where(sampled, factors, 0.0)  # (bsvrb-15)
    return reach[:, None], xp.where(sampled, ones, idle + 1)


def _inverted(state, problem, blocks, batch_g, batch_f, places, track, mu):
    """Version 1: the next Hessians; and what stands in for inverse times gradient, now and before."""
    now, before = _of(state.now, blocks), _of(state.before, blocks)
    grad_f = lambda at: problem.grad_y_f(blocks, batch_f, at.x, at.y)
    hess = lambda at: problem.hess_yy_g(blocks, batch_g, at.x, at.y)
    H = _put(places, state.now.H, _psd_floor(track(state.now.H, hess(now), hess(before)), mu))  # (bsvrb-7)
    w, w_before = _solve(now.H, grad_f(now)), _solve(before.H, grad_f(before))  # (bsvrb-2)
    return H, w, w_before


def _followed(state, problem, blocks, batch_g, batch_f, places, track, stride, radius):
    """Version 2: the next v and u; and the same as for version 1."""
    now, before = _of(state.now, blocks), _of(state.before, blocks)
    grad_f = lambda at: problem.grad_y_f(blocks, batch_f, at.x, at.y)
    rest = lambda at: problem.hvp_yy_g(blocks, batch_g, at.x, at.y, at.v) - grad_f(at)  # (bsvrb-9)
    u = _put(places, state.u, track(state.u, rest(now), rest(before)))  # (bsvrb-10)
    v = _ball(state.now.v - stride * u, radius)  # (bsvrb-12)
    w, w_before = now.v, before.v
    return v, u, w, w_before


def _rule(state, problem, blocks, batch_g, batch_f, eta, tau, tau_v, alpha, beta, gamma, mu, radius, mode):
    """All that a step does; what it reads was there before it."""
    xp, places = array_namespace(state.z), _places(blocks, state.s.shape[0])
    now, before = _of(state.now, blocks), _of(state.before, blocks)
    track = lambda stored, new, old: _msvr(xp.take(stored, blocks, axis=0), new, old, alpha, gamma)
    reach, idle = _reach(places, state.idle, mode)

    grad_g = lambda at: problem.grad_y_g(blocks, batch_g, at.x, at.y)
    s = _put(places, state.s, track(state.s, grad_g(now), grad_g(before)))  # (bsvrb-6)
    H = v = u = None
    if state.u is None:
        H, w, w_before = _inverted(state, problem, blocks, batch_g, batch_f, places, track, mu)
    else:
        v, u, w, w_before = _followed(state, problem, blocks, batch_g, batch_f, places, track, tau_v * reach, radius)
    y = state.now.y - tau * reach * s  # (bsvrb-11)

    grad_x = lambda at: problem.grad_x_f(blocks, batch_f, at.x, at.y)
    cross = lambda at, w: problem.cross_xy_g(blocks, batch_g, at.x, at.y, w)
    upward = lambda at, w: xp.mean(grad_x(at) - cross(at, w), axis=0)  # (bsvrb-1)
    z = _storm(state.z, upward(now, w), upward(before, w_before), beta)  # (bsvrb-13)
    x = state.now.x - eta * z  # (bsvrb-14)
    return BSVRBState(Point(x, y, H, v), state.now, s, u, z, idle)


# Doors ----------------------------------------------------------------------------------------------------------------


def start(x, y, s, z, *, H=None, v=None, u=None):
    """State before the first step, from given estimates; the point before is the point itself.

    Parameters
    ----------
    x, z : array, shape [e], floating point
        Upper variable, and an estimate of the hyper-gradient.
    y, s : array, shape [m, d]
        Lower variables, and estimates of the gradients of g in y.
    H : array, shape [m, d, d], for version 1
        Estimates of the Hessians, symmetric and positive definite.
    v, u : array, shape [m, d], for version 2
        Estimates of Hessian^-1 times the gradient of f in y, and of Hessian v - that gradient.

    Returns
    -------
    BSVRBState
        Of version 1 with `H`, of version 2 with `v` and `u`.

    Raises
    ------
    TypeError, ValueError
        If shapes, dtypes or devices do not fit, something is not finite, `H` is not positive definite, or there is not
        either `H` or both `v` and `u`.

    Examples
    --------
    >>> import numpy as np
    >>> start(np.zeros(2), np.zeros((3, 1)), np.zeros((3, 1)), np.zeros(2), H=np.ones((3, 1, 1))).idle
    array([1., 1., 1.])
    """
    check.finite(x=x, y=y, s=s, z=z)
    check.shapes(x=(x, "e"), y=(y, "m d"))
    check.like(x, z=z), check.like(y, s=s)
    if (H is None) == (v is None) or (v is None) != (u is None):
        raise ValueError("H, or v and u, must be given: the first for version 1, the others for version 2")
    xp = array_namespace(x, y)
    if v is not None:
        check.finite(v=v, u=u)
        check.like(y, v=v, u=u)
    else:
        check.shapes(y=(y, "m d"), H=(H, "m d d"))
        check.symmetric(H=H)
        lowest = float(xp.min(xp.linalg.eigvalsh(H)))
        if not lowest > 0:
            raise ValueError(f"H must be positive definite in each block, got an eigenvalue of {lowest:.3g}")
    point = Point(x, y, H, v)
    return BSVRBState(point, point, s, u, z, xp.ones_like(y[:, 0]))


def _everything(problem, like):
    """Indices of all blocks, and of all samples of g and of f for each."""
    xp, m = array_namespace(like), problem.blocks
    every = lambda n: xp.broadcast_to(xp.arange(n, device=device(like))[None, :], (m, n))
    return xp.arange(m, device=device(like)), every(problem.samples_g), every(problem.samples_f)


def init(problem, x, y, *, version):
    """State before the first step, with estimates that are exact: from all samples of all blocks, v = 0.

    Parameters
    ----------
    problem : object
        As for `step`.
    x : array, shape [e], floating point
        Start of the upper variable.
    y : array, shape [m, d]
        Start of the lower ones.
    version : {1, 2}
        1 keeps Hessians and solves with them; 2 needs only products with them.

    Returns
    -------
    BSVRBState
        For `step`.

    Raises
    ------
    TypeError, ValueError
        As `start`, or if `version` is neither 1 nor 2.

    Examples
    --------
    >>> import numpy as np
    >>> from refimpl.nested._bsvrb_models import Quadratics
    >>> one = np.ones((2, 1, 1, 1))
    >>> problem = Quadratics(2 * one, one, one[..., 0], 3 * one[..., 0], 0.0)
    >>> init(problem, np.zeros(1), np.zeros((2, 1)), version=1).z  # y - c = -3, H = 2, cross derivative -1
    array([-1.5])
    """
    problem = _answering(problem)
    check.choice((1, 2), version=version), check.finite(x=x, y=y)
    check.shapes(x=(x, "e"), y=(y, f"{problem.blocks} d"))
    xp, (blocks, batch_g, batch_f) = array_namespace(x, y), _everything(problem, x)
    s, f_y = problem.grad_y_g(blocks, batch_g, x, y), problem.grad_y_f(blocks, batch_f, x, y)
    z = problem.grad_x_f(blocks, batch_f, x, y)
    if version == 2:
        return start(x, y, s, xp.mean(z, axis=0), v=xp.zeros_like(y), u=-f_y)
    H = problem.hess_yy_g(blocks, batch_g, x, y)
    state = start(x, y, s, xp.zeros_like(x), H=H)
    return state._replace(z=xp.mean(z - problem.cross_xy_g(blocks, batch_g, x, y, _solve(H, f_y)), axis=0))


def _indices(limit, shape, **named):
    """Integers in [0, limit) of a shape in symbols, or as many as other arrays have."""
    ((name, value),) = named.items()
    sizes = check.shapes(**{name: (value, shape)})
    xp = array_namespace(value)
    if not xp.isdtype(value.dtype, "integral"):
        raise TypeError(f"{name} must be integers, got dtype {value.dtype}")
    low, high = int(xp.min(value)), int(xp.max(value))
    if low < 0 or high >= limit:
        raise ValueError(f"{name} must be in [0, {limit}), got values from {low} to {high}")
    return sizes


def _blocks(m, **named):
    """The same for blocks, which are all different; how many they are."""
    I = _indices(m, "I", **named)["I"]
    ((name, value),) = named.items()
    xp = array_namespace(value)
    ordered = xp.sort(value)
    if bool(xp.any(ordered[1:] == ordered[:-1])):
        raise ValueError(f"{name} must be distinct, got a block twice in one step")
    return I


def step(
    state, problem, blocks, batch_g, batch_f, *, eta, tau, alpha, beta, tau_v=None, gamma=None, mu=1e-3,
    radius=math.inf, mode="full",
):  # fmt: skip
    """One step of BSVRB, of the version that the state is of.

    Parameters
    ----------
    state : BSVRBState
        From `init`, `start` or the last step.
    problem : object
        Has ``blocks`` = m, ``samples_g`` and ``samples_f``, and for sampled blocks [I], samples of each [I, B], x [e]
        and y [I, d], means over the samples: ``grad_y_g(blocks, batch, x, y) -> [I, d]``, ``grad_y_f`` the same,
        ``grad_x_f(...) -> [I, e]``, ``cross_xy_g(blocks, batch, x, y, w) -> [I, e]``, the cross derivative of g times w
        [I, d]; for version 1 ``hess_yy_g(...) -> [I, d, d]``, for version 2 ``hvp_yy_g(..., v) -> [I, d]``.
    blocks : array, shape [I], integers
        The sampled blocks, all different.
    batch_g, batch_f : array, shape [I, B] and [I, C], integers
        Samples of g and of f for each of them; one may come twice.
    eta, tau : float
        Step sizes > 0 of x and y. The correction feeds y back: tau above about I / m over the largest eigenvalue of the
        Hessian diverges.
    alpha : float in (0, 1]
        Weight of what is new in the estimates of the blocks; below 1 if I < m.
    beta : float in (0, 1]
        Weight of what is new in z.
    tau_v : float, optional
        Step size of v; default: `tau`.
    gamma : float, optional
        Weight of the correction; default: `msvr_gamma`.
    mu : float, default: 1e-3
        Version 1: floor > 0 of the eigenvalues of H.
    radius : float, default: inf
        Version 2: bound > 0 on the length of each v.
    mode : {"full", "sampled", "delayed"}, default: "full"
        Whether all blocks move, the sampled ones only, or those by as many steps as they have missed.

    Returns
    -------
    BSVRBState
        For the next step.

    Raises
    ------
    TypeError, ValueError
        If an index is no integer, is not there, or a block comes twice; if a batch is empty or does not belong to the
        blocks; if a number is out of range, or alpha = 1 with I < m and no `gamma`.

    Notes
    -----
    Equations (bsvrb-1) to (bsvrb-15) of the documentation. Estimates of blocks that are not sampled stay, but with
    "full" their y and v go on along them.

    Examples
    --------
    >>> import numpy as np
    >>> from refimpl.nested._bsvrb_models import Quadratics
    >>> one = np.ones((2, 1, 1, 1))
    >>> problem = Quadratics(2 * one, one, one[..., 0], 3 * one[..., 0], 0.0)
    >>> state = init(problem, np.zeros(1), np.zeros((2, 1)), version=1)
    >>> one = np.array([[0]])
    >>> state = step(state, problem, np.array([1]), one, one, eta=1, tau=0.1, alpha=0.5, beta=0.5)
    >>> state.now.x, state.now.y[:, 0]
    (array([1.5]), array([0.1, 0.1]))
    """
    problem = _answering(problem)
    state, m = _state(state, problem), problem.blocks
    I = _blocks(m, blocks=blocks)
    _indices(problem.samples_g, f"{I} B", batch_g=batch_g), _indices(problem.samples_f, f"{I} B", batch_f=batch_f)
    check.choice(MODES, mode=mode)
    eta, tau, mu = check.positive(eta=eta, tau=tau, mu=mu)
    tau_v = tau if tau_v is None else check.positive(tau_v=tau_v)
    gamma = msvr_gamma(m, I, alpha) if gamma is None else check.number(gamma=gamma)
    radius = check.positive(radius=radius, infinite=True)
    alpha, beta = check.share(alpha=alpha), check.share(beta=beta)
    return _rule(state, problem, blocks, batch_g, batch_f, eta, tau, tau_v, alpha, beta, gamma, mu, radius, mode)


_ANSWERS = {
    "grad_y_g": "I d", "grad_y_f": "I d", "grad_x_f": "I e", "cross_xy_g": "I e", "hvp_yy_g": "I d",
    "hess_yy_g": "I d d", "hess_xy_g": "I e d",
}  # fmt: skip


class _Answering:
    """A problem from outside, whose answers are checked as they come in."""

    def __init__(self, problem):
        check.provides("blocks", "samples_g", "samples_f", "grad_y_g", "grad_y_f", "grad_x_f", problem=problem)
        self._problem = problem

    def __getattr__(self, name):
        if name == "_problem":  # of a copy that is not made yet
            raise AttributeError(name)
        found = getattr(self._problem, name)
        return partial(self._asked, name, found) if name in _ANSWERS else found

    def _asked(self, name, function, blocks, batch, x, y, *more):
        answer, called = function(blocks, batch, x, y, *more), f"problem.{name}"
        sizes = {"I": blocks.shape[0], "d": y.shape[1], "e": x.shape[0]}
        check.finite(**{called: answer}), check.alike_dtype(**{"x": x, called: answer})
        check.shapes(**{called: (answer, " ".join(str(sizes[axis]) for axis in _ANSWERS[name].split()))})
        return answer


def _answering(problem):
    return problem if isinstance(problem, _Answering) else _Answering(problem)


def _state(state, problem):
    """A state from outside, of the blocks of a problem."""
    state, m = check.fields(BSVRBState, state=state), problem.blocks
    check.shapes(**{"state.s": (state.s, f"{m} d"), "state.z": (state.z, "e"), "state.idle": (state.idle, str(m))})
    d = state.s.shape[1]
    if state.u is not None:
        check.like(state.s, **{"state.u": state.u})
    for name in ("now", "before"):
        point = getattr(state, name)
        check.like(state.z, **{f"state.{name}.x": point.x}), check.like(state.s, **{f"state.{name}.y": point.y})
        kept, shape = ("H", f"{m} {d} {d}") if state.u is None else ("v", f"{m} {d}")
        check.shapes(**{f"state.{name}.{kept}": (getattr(point, kept), shape)})
    return state


def decay(t):
    """Factors of step sizes and of weights in step t = 0, 1, ...: k^(-1/3) and k^(-2/3) with k = 1 + t / 100.

    Examples
    --------
    >>> decay(0), tuple(round(factor, 12) for factor in decay(700))
    ((1.0, 1.0), (0.5, 0.25))
    """
    k = 1 + check.nonnegative(t=t) / 100
    return k ** (-1 / 3), k ** (-2 / 3)  # (bsvrb-16)


def draw(problem, rng, *, I, B, like):
    """Indices for a step: I blocks without replacement, B samples of g and of f for each, with replacement.

    Examples
    --------
    >>> import numpy as np
    >>> from refimpl.nested._bsvrb_models import quadratics
    >>> problem = quadratics(random.stream(0, "doc"), like=np.zeros(1), m=4, n=10, d=2)
    >>> [x.shape for x in draw(problem, random.stream(1, "doc"), I=3, B=2, like=np.zeros(1))]
    [(3,), (3, 2), (3, 2)]
    """
    problem = _answering(problem)
    I, B = check.integer(I=I, minimum=1, below=problem.blocks + 1), check.integer(B=B, minimum=1)
    blocks = random.indices(rng, problem.blocks, (I,), like=like, replace=False)
    batch_g = random.indices(rng, problem.samples_g, (I, B), like=like)
    return blocks, batch_g, random.indices(rng, problem.samples_f, (I, B), like=like)


def run(
    state, problem, *, steps, I, B, rng, eta, tau, alpha, beta, decaying=False, record=None, progress=None, **more
):  # fmt: skip
    """Many steps on indices that are drawn.

    Parameters
    ----------
    state, problem, eta, tau, alpha, beta
        As for `step`.
    steps : int
        >= 0.
    I, B : int
        Blocks per step, samples per block.
    rng : numpy.random.Generator
        From `core.random.stream`: see `draw`.
    decaying : bool, default: False
        Whether `eta`, `tau` and `tau_v` fall like t^(-1/3) and `alpha` and `beta` like t^(-2/3), see `decay`.
    record : callable, optional
        ``record(state) -> dict``, collected at the start and after each step.
    progress : str, optional
        Title of a progress bar.
    **more
        `tau_v`, `gamma`, `mu`, `radius` and `mode` of `step`.

    Returns
    -------
    core.loop.Run
        Its `state` is a BSVRBState.

    Raises
    ------
    TypeError, ValueError
        As `step`.

    Examples
    --------
    >>> import numpy as np
    >>> from refimpl.nested._bsvrb_models import quadratics
    >>> problem = quadratics(random.stream(0, "doc"), like=np.zeros(1), m=4, n=10, d=2)
    >>> state = init(problem, np.full(2, 2.0), np.zeros((4, 2)), version=2)
    >>> rates = {"eta": 0.02, "tau": 0.1, "alpha": 0.1, "beta": 0.1, "decaying": True}
    >>> done = run(state, problem, steps=200, I=2, B=2, rng=random.stream(1, "doc"), **rates)
    >>> [round(float(np.linalg.norm(problem.hypergradient(x))), 2) for x in (state.now.x, done.state.now.x)]
    [4.12, 0.09]
    """
    state, decaying = _state(state, _answering(problem)), check.flag(decaying=decaying)
    I, B = check.integer(I=I, minimum=1), check.integer(B=B, minimum=1)
    if problem.blocks < I:
        raise ValueError(f"I must be at most m = {problem.blocks}, got {I}")
    eta, tau, alpha, beta = check.positive(eta=eta, tau=tau, alpha=alpha, beta=beta)
    tau_v = more.pop("tau_v", None)
    tau_v = tau if tau_v is None else check.positive(tau_v=tau_v)
    fixed = {"eta": eta, "tau": tau, "tau_v": tau_v, "alpha": alpha, "beta": beta}

    def one(state, k):
        lengths, weights = decay(k - 1) if decaying else (1.0, 1.0)
        rates = {name: value * (weights if name in ("alpha", "beta") else lengths) for name, value in fixed.items()}
        blocks, batch_g, batch_f = draw(problem, rng, I=I, B=B, like=state.z)
        return step(state, problem, blocks, batch_g, batch_f, **rates, **more)

    return iterate(one, state, steps=steps, record=record, progress=progress)
