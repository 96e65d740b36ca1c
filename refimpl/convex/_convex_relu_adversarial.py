"""Adversarial convex training (Bai et al., 2022, Sec. 4): the worst case within a box, as a convex program.

Every point may move by at most epsilon in each feature that the mask allows (not in the bias column). The cone
constraints are tightened so that no pattern can flip within a box; then the worst case of the output is linear and
known. The paper hands the program to a cone solver; here a primal-dual method solves it.
"""

from typing import NamedTuple

from refimpl.convex.convex_relu import activation_patterns, group_norms, predict, shrink, slacks
from refimpl.core import check
from refimpl.core.arrays import Array, array_namespace, device
from refimpl.core.loop import iterate
from refimpl.core.special import sigmoid

LOSSES = ("hinge", "squared", "logistic")


def robust_patterns(X, draws, shifts, *, epsilon, mask, most=None):
    """Distinct activation patterns of the data and of copies that are shifted to random corners of the boxes.

    Parameters
    ----------
    X : array, shape [n, d], floating point
        Data.
    draws : array, shape [H, d], like `X`
        Weight vectors a_h, standard normal.
    shifts : array, shape [H, S, n, d], like `X`
        Standard normal; only the signs count. Weight vector a_h sees the data and S shifted copies.
    epsilon : float
        Half-width >= 0 of the boxes.
    mask : array, shape [d], like `X`
        1 for features that can be attacked, else 0.
    most : int, optional
        Keep the first so many patterns.

    Returns
    -------
    array, shape [n, P]
        As `activation_patterns`: for each weight vector the pattern of the data, then those of the copies.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, an entry is not finite, `mask` is not 0 and 1 or `epsilon` is negative.

    Notes
    -----
    Equation (convex_relu-25).

    Examples
    --------
    >>> import numpy as np
    >>> X, a = np.array([[1.0], [-1.0]]), np.array([[1.0]])
    >>> robust_patterns(X, a, np.full((1, 1, 2, 1), 1.0), epsilon=1.5, mask=np.ones(1))
    array([[1., 1.],
           [0., 1.]])
    """
    check.finite(X=X, draws=draws, shifts=shifts)
    sizes = check.shapes(X=(X, "n d"), draws=(draws, "H d"), shifts=(shifts, "H S n d"))
    epsilon, xp = _check_attack(X, epsilon, mask)
    copies = X + epsilon * mask * xp.sign(shifts)  # (convex_relu-25)
    copies = xp.concat([xp.broadcast_to(X, (sizes["H"], 1, *X.shape)), copies], axis=1)
    seen = xp.sum(copies * draws[:, None, None, :], axis=3)  # [H, S + 1, n]
    columns = xp.matrix_transpose(xp.reshape(seen, (-1, sizes["n"])))
    identity = xp.eye(columns.shape[1], dtype=X.dtype, device=device(X))
    return activation_patterns(columns, identity, most=most)


def _check_attack(X, epsilon, mask):
    check.finite(X=X, mask=mask)
    check.shapes(X=(X, "n d"), mask=(mask, "d"))
    xp = array_namespace(X, mask)
    if not bool(xp.all((mask == 0) | (mask == 1))):
        raise ValueError("mask must hold 0 and 1, got other entries")
    return check.nonnegative(epsilon=epsilon), xp


def _check_program(X, D, y, epsilon, mask, loss):
    check.choice(LOSSES, loss=loss)
    check.finite(X=X, y=y)
    check.floating(D=D)
    check.shapes(X=(X, "n d"), D=(D, "n P"), y=(y, "n"))
    epsilon, xp = _check_attack(X, epsilon, mask)
    if not bool(xp.all((D == 0) | (D == 1))):
        raise ValueError("D must hold activation patterns of 0 and 1, got other entries")
    if loss != "squared" and not bool(xp.all(abs(y) == 1)):
        raise ValueError(f"y must hold the classes -1 and 1 for the {loss} loss, got other entries")
    return epsilon, xp


# What an attack can do ----------------------------------------------------------------------------------------------


def robust_slacks(X, D, weights, *, epsilon, mask):
    """Constraints of the program, >= 0 where no point of any box can leave its pattern.

    Parameters
    ----------
    X, D, weights : array, shapes [n, d], [n, P], [2, d, P]
        Data, activation patterns, v and w.
    epsilon : float
        Half-width >= 0 of the boxes.
    mask : array, shape [d], like `X`
        1 for features that can be attacked, else 0.

    Returns
    -------
    array, shape [2, n, P]
        Equation (convex_relu-22).

    Examples
    --------
    >>> import numpy as np
    >>> X, D, weights = np.array([[2.0, 1.0]]), np.array([[1.0]]), np.array([[[3.0], [1.0]], [[-1.0], [0.0]]])
    >>> robust_slacks(X, D, weights, epsilon=0.5, mask=np.array([1.0, 0.0])).tolist()
    [[[5.5]], [[-2.5]]]
    """
    check.finite(D=D, weights=weights)
    epsilon, _ = _check_attack(X, epsilon, mask)
    xp = array_namespace(X, D, weights)
    spread = xp.sum(abs(mask[:, None] * weights), axis=1, keepdims=True)
    return slacks(X, D, weights) - epsilon * spread  # (convex_relu-22)


def certified_losses(X, D, y, weights, *, epsilon, mask, loss="hinge"):
    """The largest loss that an attack can reach at each point, for weights whose `robust_slacks` are >= 0.

    Parameters
    ----------
    X, D, y, weights : array, shapes [n, d], [n, P], [n], [2, d, P]
        Data, activation patterns, targets (-1 or 1 but for the squared loss), v and w.
    epsilon : float
        Half-width >= 0 of the boxes.
    mask : array, shape [d], like `X`
        1 for features that can be attacked, else 0.
    loss : {"hinge", "squared", "logistic"}, default: "hinge"
        (1 - m)_+ or log(1 + exp(-m)) of the worst margin m, or half the square of the worst error.

    Returns
    -------
    array, shape [n]

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, an entry is not finite, `D` or `mask` is not 0 and 1, `y` is outside of the
        classes, or `epsilon` is negative.

    Notes
    -----
    Equation (convex_relu-23).

    Examples
    --------
    >>> import numpy as np
    >>> X, D, weights = np.array([[2.0, 1.0]]), np.array([[1.0]]), np.array([[[3.0], [1.0]], [[0.0], [0.0]]])
    >>> attack = {"epsilon": 0.5, "mask": np.array([1.0, 0.0])}
    >>> certified_losses(X, D, np.array([4.0]), weights, loss="squared", **attack)  # (7 - 4 + 1.5)^2 / 2
    array([10.125])
    """
    epsilon, xp = _check_program(X, D, y, epsilon, mask, loss)
    check.finite(weights=weights)
    check.shapes(X=(X, "n d"), D=(D, "n P"), weights=(weights, "2 d P"))
    outputs = predict(X, D, weights)
    q = D @ xp.matrix_transpose(weights[0, :, :] - weights[1, :, :])  # [n, d]: the linear model at each point
    reach = epsilon * xp.sum(abs(q * mask), axis=1)  # (convex_relu-23)
    if loss == "squared":
        return 0.5 * (abs(outputs - y) + reach) ** 2
    excess = reach - y * outputs  # minus the worst margin
    return xp.maximum(1 + excess, 0.0) if loss == "hinge" else xp.logaddexp(excess, xp.zeros_like(excess))


def robust_objective(X, D, y, weights, *, beta, epsilon, mask, loss="hinge"):
    """Value of the adversarial program: mean of the certified losses (sum for the squared one) plus the penalty.

    Arguments as `certified_losses`, with the weight decay `beta` > 0; equation (convex_relu-24).

    Examples
    --------
    >>> import numpy as np
    >>> X, D, weights = np.array([[2.0, 1.0]]), np.array([[1.0]]), np.array([[[3.0], [4.0]], [[0.0], [0.0]]])
    >>> attack = {"epsilon": 0.5, "mask": np.array([1.0, 0.0])}
    >>> float(robust_objective(X, D, np.array([-1.0]), weights, beta=0.5, **attack))
    15.0
    """
    losses = certified_losses(X, D, y, weights, epsilon=epsilon, mask=mask, loss=loss)
    xp, beta = array_namespace(losses), check.positive(beta=beta)
    data = xp.sum(losses) if loss == "squared" else xp.mean(losses)
    return data + beta * xp.sum(group_norms(weights))  # (convex_relu-24)


# Projections --------------------------------------------------------------------------------------------------------


def _level(slope, shift, b, epsilon):
    """The root r of slope r - shift = epsilon sum_j (|b_j| - epsilon r)_+, along the last axis of b.

    Every choice of active j gives an equation whose root is at most r; the k largest |b_j|, for the right k, give r.
    """
    xp = array_namespace(b)
    largest = xp.cumulative_sum(xp.sort(abs(b), axis=-1, descending=True), axis=-1, include_initial=True)
    k = xp.arange(b.shape[-1] + 1, dtype=b.dtype, device=device(b))
    return xp.max((shift[..., None] + epsilon * largest) / (slope + epsilon**2 * k), axis=-1)  # (convex_relu-26)


def project_cone(a, b, *, epsilon, cap=None):
    """Project pairs (a, b) on the cone of pairs (theta, phi) with |phi_j| <= epsilon theta, theta >= 0.

    Parameters
    ----------
    a : array, shape [...], floating point
        First parts.
    b : array, shape [..., d], like `a`
        Second parts.
    epsilon : float
        Opening >= 0 of the cone.
    cap : float, optional
        Upper bound > 0 on theta.

    Returns
    -------
    theta, phi : array, like `a` and `b`
        The nearest points.

    Raises
    ------
    TypeError, ValueError
        If an array is not finite, shapes do not fit, `epsilon` is negative or `cap` not positive.

    Notes
    -----
    Equations (convex_relu-26) and (convex_relu-27).

    Examples
    --------
    >>> import numpy as np
    >>> project_cone(np.array([1.0]), np.array([[4.0, 0.0]]), epsilon=1.0)
    (array([2.5]), array([[2.5, 0. ]]))
    """
    epsilon = check.nonnegative(epsilon=epsilon)
    check.finite(a=a, b=b)
    if tuple(b.shape[:-1]) != tuple(a.shape) or not a.shape:
        raise ValueError(f"b must have one axis more than a, got shapes {tuple(b.shape)} and {tuple(a.shape)}")
    return _project(a, b, epsilon, None if cap is None else check.positive(cap=cap))


def _project(a, b, epsilon, cap):
    xp = array_namespace(a)
    theta = xp.maximum(_level(1.0, a, b, epsilon), 0.0)
    theta = theta if cap is None else xp.minimum(theta, cap)
    return theta, _clip(b, epsilon * theta)  # (convex_relu-27)


def _clip(b, bound):
    """b [..., d] cut to +-bound [...]."""
    xp = array_namespace(b)
    bound = bound[..., None]
    return xp.minimum(xp.maximum(b, -bound), bound)


def _prox_hinge(a, b, epsilon, step):
    return _project(a, b, epsilon, 1 / a.shape[0])


def _prox_squared(a, b, epsilon, step):
    """Of p^2 / 2 with p = max(|sigma|, |phi|_inf / epsilon): a is cut to +-p as well, or it is not."""
    xp = array_namespace(a, b)
    p = xp.maximum(
        _level(step, xp.zeros_like(a), b, epsilon), _level(step + 1.0, abs(a), b, epsilon)
    )  # (convex_relu-28)
    return xp.minimum(xp.maximum(a, -p), p), _clip(b, epsilon * p)


def _prox_logistic(a, b, epsilon, step):
    """Of the conjugate of log(1 + exp(z)) / n, by Newton's method in z = logit(n theta), monotone from 0."""
    xp, n = array_namespace(a), a.shape[0]
    largest = xp.cumulative_sum(xp.sort(abs(b), axis=-1, descending=True), axis=-1, include_initial=True)
    k = xp.arange(b.shape[-1] + 1, dtype=b.dtype, device=device(b))
    right, weight = a[..., None] + epsilon * largest, (1 + epsilon**2 * k) / n
    z = xp.zeros_like(right)
    for _ in range(12):
        p = sigmoid(z)
        z = z - (step * z + weight * p - right) / (step + weight * p * (1 - p))  # (convex_relu-29)
    theta = xp.max(sigmoid(z), axis=-1) / n
    return theta, _clip(b, epsilon * theta)


_PROX = {"hinge": _prox_hinge, "squared": _prox_squared, "logistic": _prox_logistic}


# Primal-dual hybrid gradient ----------------------------------------------------------------------------------------


class Duals(NamedTuple):
    """One cone pair per point, one per constraint."""

    theta: Array  # [n] of the outputs
    phi: Array  # [n, d] of the linear model at each point
    mu: Array  # [2, n, P] of the slacks
    psi: Array  # [2, n, P, d] of the weights in each slack


class PDHGState(NamedTuple):
    """What the method carries from step to step."""

    weights: Array  # [2, d, P] v and w
    duals: Duals


def _apply(X, D, mask, weights):
    """K: outputs, attacked linear models, minus the slacks, attacked weights (one copy for all points)."""
    xp = array_namespace(X)
    q = D @ xp.matrix_transpose(weights[0, :, :] - weights[1, :, :])
    attacked = xp.matrix_transpose(weights * mask[:, None])
    return Duals(xp.sum(X * q, axis=1), q * mask, -slacks(X, D, weights), attacked[:, None, :, :])


def _apply_transposed(X, D, mask, duals):
    """K^T, [2, d, P]."""
    xp = array_namespace(X)
    pull = xp.matrix_transpose(duals.theta[:, None] * X + duals.phi * mask) @ D
    held = xp.matrix_transpose(X) @ ((2 * D - 1) * duals.mu)
    attacked = xp.matrix_transpose(xp.sum(duals.psi, axis=1) * mask)
    return xp.stack([pull, -pull]) - held + attacked


def operator_norm(X, D, mask, *, steps=300):
    """Norm of the linear map of the program, by power iteration.

    Examples
    --------
    >>> import numpy as np
    >>> norm = operator_norm(np.array([[2.0]]), np.array([[1.0]]), np.array([1.0]))  # K = [2 -2; 1 -1; -2 I; I]
    >>> bool(abs(norm - 15**0.5) < 1e-9)
    True
    """
    check.finite(D=D)
    check.shapes(X=(X, "n d"), D=(D, "n P")), _check_attack(X, 0.0, mask)
    xp, steps = array_namespace(X, D), check.integer(steps=steps, minimum=1)
    entries = 2 * X.shape[1] * D.shape[1]
    start = xp.cos(xp.arange(entries, dtype=X.dtype, device=device(X)))  # in no special direction
    weights, norm = xp.reshape(start, (2, X.shape[1], D.shape[1])), 1.0
    for _ in range(steps):
        weights = weights / norm
        seen = _apply(X, D, mask, weights)
        copies = xp.broadcast_to(seen.psi, (2, *D.shape, X.shape[1]))
        weights = _apply_transposed(X, D, mask, seen._replace(psi=copies))
        norm = float(xp.linalg.vector_norm(weights)) or 1.0
    return norm**0.5


def pdhg_init(X, D):
    """All zeros.

    Examples
    --------
    >>> import numpy as np
    >>> [x.shape for x in pdhg_init(np.ones((5, 2)), np.ones((5, 3))).duals]
    [(5,), (5, 2), (2, 5, 3), (2, 5, 3, 2)]
    """
    check.floating(X=X, D=D)
    sizes = check.shapes(X=(X, "n d"), D=(D, "n P"))
    n, d, P = sizes["n"], sizes["d"], sizes["P"]
    xp = array_namespace(X, D)
    weights, *duals = (
        xp.zeros(shape, dtype=X.dtype, device=device(X)) for shape in ((2, d, P), (n,), (n, d), (2, n, P), (2, n, P, d))
    )
    return PDHGState(weights, Duals(*duals))


def _check_state(X, D, state):
    weights, duals = check.fields(PDHGState, state=state)
    axes = {"theta": "n", "phi": "n d", "mu": "2 n P", "psi": "2 n P d"}
    named = {name: (part, axes[name]) for name, part in duals._asdict().items()}
    check.shapes(X=(X, "n d"), D=(D, "n P"), weights=(weights, "2 d P"), **named)
    check.alike_dtype(X=X, weights=weights, **duals._asdict())


def pdhg_step(X, D, y, state, *, beta, epsilon, mask, size, loss="hinge", balance=1.0):
    """One step of the primal-dual hybrid gradient method on the adversarial program.

    Parameters
    ----------
    X, D, y : array, shapes [n, d], [n, P], [n]
        Data, activation patterns, targets.
    state : PDHGState
        From `pdhg_init` or the last step.
    beta, epsilon : float
        Weight decay > 0, half-width >= 0 of the boxes.
    mask : array, shape [d], like `X`
        1 for features that can be attacked, else 0.
    size : float
        Step size > 0, below 1 / `operator_norm`.
    loss : {"hinge", "squared", "logistic"}, default: "hinge"
        As in `certified_losses`.
    balance : float, default: 1
        > 0: the primal step is `size` times it, the dual step `size` divided by it.

    Returns
    -------
    PDHGState
        After the step.

    Raises
    ------
    TypeError, ValueError
        As `certified_losses`, or if the state does not fit or a number is not positive.

    Notes
    -----
    Equations (convex_relu-30) and (convex_relu-31).

    Examples
    --------
    >>> import numpy as np
    >>> X, D = np.array([[1.0]]), np.array([[1.0]])
    >>> attack = {"epsilon": 0.5, "mask": np.ones(1)}
    >>> state = pdhg_step(X, D, np.array([1.0]), pdhg_init(X, D), beta=0.1, size=0.4, **attack)
    >>> state.duals.theta
    array([0.4])
    """
    epsilon, xp = _check_program(X, D, y, epsilon, mask, loss)
    beta, size, balance = check.positive(beta=beta, size=size, balance=balance)
    _check_state(X, D, state)
    tau, sigma = size * balance, size / balance
    down = state.weights - tau * _apply_transposed(X, D, mask, _signed(state.duals, y, loss))
    weights = shrink(down, tau * beta)  # (convex_relu-30)
    ahead = _signed(_apply(X, D, mask, 2 * weights - state.weights), y, loss)
    theta, phi, mu, psi = (old + sigma * new for old, new in zip(state.duals, ahead, strict=True))
    offset = -y if loss == "squared" else xp.ones_like(y) if loss == "hinge" else xp.zeros_like(y)
    theta, phi = _PROX[loss](theta + sigma * offset, phi, epsilon, sigma)
    mu, psi = _project(mu, psi, epsilon, None)  # (convex_relu-31)
    return PDHGState(weights, Duals(theta, phi, mu, psi))


def _signed(duals, y, loss):
    """Outputs count as margins, y times the output, with a minus, but for the squared loss."""
    return duals if loss == "squared" else duals._replace(theta=-y * duals.theta)


def adversarial(X, y, D, *, beta, epsilon, mask, loss="hinge", steps=12000, balance=1.0, record=None, progress=None):
    """Train against attacks of at most epsilon in each feature of the mask; epsilon = 0 is standard training.

    Parameters
    ----------
    X, y, D : array, shapes [n, d], [n], [n, P]
        Data, targets (-1 or 1 but for the squared loss), activation patterns: see `robust_patterns`.
    beta : float
        Weight decay > 0.
    epsilon : float
        Half-width >= 0 of the boxes.
    mask : array, shape [d], like `X`
        1 for features that can be attacked, else 0 (the bias column).
    loss : {"hinge", "squared", "logistic"}, default: "hinge"
        As in `certified_losses`.
    steps : int, default: 12000
        Steps; the value is then within 1e-5 to 1e-3 of the optimum (3000 leave some per cent), but for the logistic
        loss with a small decay, whose weights are large: see `balance`.
    balance : float, default: 1
        Ratio > 0 of primal step to what both steps are by default; 10 is faster where the weights are large.
    record : callable, optional
        ``record(state) -> dict``, added to the history at the start and after each step.
    progress : str, optional
        Title of a progress bar.

    Returns
    -------
    weights : array, shape [2, d, P]
        v and w, for `convex_relu.recover`. Where a hyperplane passes within epsilon of a point, its block is 0.
    run : core.loop.Run
        Its `state` is the last `PDHGState`.

    Raises
    ------
    TypeError, ValueError
        As `certified_losses`, or if `beta` is not positive.

    Examples
    --------
    >>> import numpy as np
    >>> X, D, y = np.array([[1.0], [-1.0]]), np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([1.0, -1.0])
    >>> weights, _ = adversarial(X, y, D, beta=0.1, epsilon=0.5, mask=np.ones(1), steps=500)
    >>> (weights[0] - weights[1]).round(3)  # a margin of 1 in the worst case needs a slope of 2
    array([[2., 2.]])
    """
    epsilon, _ = _check_program(X, D, y, epsilon, mask, loss)
    beta, balance = check.positive(beta=beta, balance=balance)
    rates = {"beta": beta, "epsilon": epsilon, "size": 0.99 / operator_norm(X, D, mask), "balance": balance}
    run = iterate(
        lambda state, k: pdhg_step(X, D, y, state, mask=mask, loss=loss, **rates),
        pdhg_init(X, D),
        steps=steps,
        record=record,
        progress=progress,
    )
    return run.state.weights, run
