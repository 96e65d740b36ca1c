"""Supervised dictionary learning with covariates (Lee, Lyu and Yao, 2022, arXiv:2206.06774).

One dictionary W both reconstructs the data, X = W H, and gives the features of a logistic regression on labels.
In the products of the factors the loss is convex: there gradient steps and a truncated SVD (LPGD) find the global
minimum. In the factors themselves block coordinate descent in a shrinking ball (BCD) does, with constraints on them.
"""

import math
from typing import NamedTuple

from refimpl.convex._sdl_model import (
    KINDS,
    Data,
    Factors,
    Lifted,
    activations,
    codes,
    data,
    generate,
    label_energies,
    lift,
    lifted_objective,
    losses,
    objective,
    predict,
    probabilities,
)
from refimpl.convex._sdl_model import check_data as _check_data
from refimpl.convex._sdl_model import check_factors as _check_factors
from refimpl.convex._sdl_model import check_lifted as _check_lifted
from refimpl.convex._sdl_model import coefficients as _coefficients
from refimpl.convex._sdl_model import square_norm as _square_norm
from refimpl.core import check, random
from refimpl.core.arrays import Array, array_namespace
from refimpl.core.loop import iterate

__all__ = [
    "BLOCKS",
    "KINDS",
    "BCDInfo",
    "Data",
    "Factors",
    "LPGDInfo",
    "Lifted",
    "activations",
    "bcd",
    "bcd_step",
    "block_constants",
    "codes",
    "contraction",
    "curvature",
    "data",
    "factorize",
    "generate",
    "gradient",
    "init",
    "label_energies",
    "lift",
    "lifted_gradient",
    "lifted_objective",
    "losses",
    "lpgd",
    "lpgd_step",
    "nonnegative",
    "objective",
    "predict",
    "probabilities",
    "shrinking_radius",
    "step_sizes",
    "truncated_svd",
    "zeros",
]
BLOCKS = ("W", "H", "beta", "gamma")


class LPGDInfo(NamedTuple):
    """What is worth looking at in a step of LPGD."""

    cut: Array  # 0-d, Frobenius norm of what the truncation has thrown away


class BCDInfo(NamedTuple):
    """What is worth looking at in a step of BCD."""

    moves: Array  # [4] Frobenius norms of the moves of W, H, beta, gamma, none above `radius`
    radius: float  # r_t


# Lifted projected gradient descent --------------------------------------------------------------------------------


def _residual(A, gamma, samples, kind):
    """R [k, n], the derivative of the losses in the activations."""
    a = activations(A, gamma, samples.x, samples.covariates, kind=kind)
    return probabilities(a) - samples.targets  # (sdl-7)


def _lifted_gradient(state, samples, xi, nu, kind):
    A, B, gamma = state
    R = _residual(A, gamma, samples, kind)
    slope = samples.x @ R.T if kind == "filter" else R
    grad_A = slope + 2 * nu * A  # (sdl-8)
    grad_B = 2 * xi * (B - samples.x)  # (sdl-9)
    grad_gamma = samples.covariates @ R.T + 2 * nu * gamma  # (sdl-10)
    return Lifted(grad_A, grad_B, grad_gamma)


def lifted_gradient(state, samples, *, xi, nu=0.0, kind="filter"):
    """Gradient of `lifted_objective`, as a `Lifted`; arguments and errors as there.

    Equations (sdl-7) to (sdl-10) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> samples = data(np.array([[1.0, 0, 2], [0, 1, -1]]), np.ones((1, 3)), np.array([1, 0, 1]))
    >>> state = Lifted(np.array([[0.5], [-0.2]]), np.array([[0.5, 0.1, 1], [0.2, 0.3, -0.4]]), np.array([[0.1]]))
    >>> lifted_gradient(state, samples, xi=0.5, nu=0.1).A.ravel()
    array([-0.68267373,  0.64918583])
    """
    _check_lifted(state, samples, kind)
    xi, nu = check.positive(xi=xi), check.nonnegative(nu=nu)
    return _lifted_gradient(state, samples, xi, nu, kind)


def truncated_svd(matrix, rank, *, sketch=None, power=2):
    """Leading singular vectors and values.

    Parameters
    ----------
    matrix : array [m, n], floating point
        Finite.
    rank : int
        r >= 1; more than min(m, n) means all.
    sketch : array [n, s], like `matrix`, optional
        Standard normal draws, s >= r (r + 10, say): a randomized SVD in O(m n s) in place of the exact one.
    power : int, default: 2
        >= 0. Rounds of power iteration that sharpen the randomized one; more where the spectrum falls slowly.

    Returns
    -------
    U : array [m, r]
        Left singular vectors.
    s : array [r]
        Singular values, largest first.
    Vt : array [r, n]
        Right singular vectors, transposed.

    Raises
    ------
    TypeError, ValueError
        If `matrix` is not finite, a number is out of range, or `sketch` does not fit or has fewer than r columns.

    Examples
    --------
    >>> import numpy as np
    >>> truncated_svd(np.diag([1.0, 3.0, 2.0]), 2)[1]
    array([3., 2.])
    """
    check.finite(matrix=matrix)
    rank, power = check.integer(rank=rank, minimum=1), check.integer(power=power)
    xp = array_namespace(matrix)
    small = matrix
    if sketch is not None:
        check.finite(sketch=sketch)
        if check.shapes(matrix=(matrix, "m n"), sketch=(sketch, "n s"))["s"] < rank:
            raise ValueError(f"sketch must have at least rank = {rank} columns, got shape {tuple(sketch.shape)}")
        Q = xp.linalg.qr(matrix @ sketch)[0]
        for _ in range(power):
            Q = xp.linalg.qr(matrix @ xp.linalg.qr(matrix.T @ Q)[0])[0]
        small = Q.T @ matrix
    U, s, Vt = xp.linalg.svd(small, full_matrices=False)
    kept = min(rank, s.shape[0])
    return (U if sketch is None else Q @ U)[:, :kept], s[:kept], Vt[:kept, :]


def _truncated(matrix, rank, sketch, power):
    """The nearest matrix of rank r."""
    U, s, Vt = truncated_svd(matrix, rank, sketch=sketch, power=power)
    return (U * s) @ Vt  # (sdl-12)


def _stack(state, kind):
    """[A | B] of the filter model, [A; B] of the feature model."""
    return array_namespace(*state).concat([state.A, state.B], axis=1 if kind == "filter" else 0)


def _split(stacked, k, kind):
    """A and B again."""
    if kind == "filter":
        return stacked[:, :k], stacked[:, k:]
    return stacked[:k, :], stacked[k:, :]


def lpgd_step(state, samples, *, rank, xi, step_size, nu=0.0, kind="filter", project=None, sketch=None, power=2):
    """One step of lifted projected gradient descent.

    Parameters
    ----------
    state : Lifted
        From `zeros`, `lift` or the last step.
    samples : Data
        From `data`.
    rank : int
        r >= 1, the number of atoms.
    xi : float
        > 0. Weight of the reconstruction.
    step_size : float
        tau > 0, one for all three. Up to 1 / L of `curvature` the loss never rises from a state of rank r; within
        `step_sizes` the distance to the minimum shrinks by `contraction`.
    nu : float, default: 0
        >= 0. Ridge on A and gamma.
    kind : {"filter", "feature"}, default: "filter"
        Which model.
    project : callable, optional
        ``project(state) -> Lifted``, onto a convex set, between gradient step and truncation.
    sketch, power : optional
        For a randomized SVD; see `truncated_svd`.

    Returns
    -------
    state : Lifted
        After the step.
    info : LPGDInfo
        How much the truncation has cut off.

    Raises
    ------
    TypeError, ValueError
        If the state does not fit the samples, is not finite, or a number is out of range.

    Notes
    -----
    Equations (sdl-7) to (sdl-12) of the documentation. gamma is not part of the truncated matrix.

    Examples
    --------
    >>> import numpy as np
    >>> samples = data(np.array([[1.0, 0, 2], [0, 1, -1]]), np.ones((1, 3)), np.array([1, 0, 1]))
    >>> state = Lifted(np.array([[0.5], [-0.2]]), np.array([[0.5, 0.1, 1], [0.2, 0.3, -0.4]]), np.array([[0.1]]))
    >>> state, info = lpgd_step(state, samples, rank=1, xi=0.5, nu=0.1, step_size=0.2)
    >>> state.A.ravel()
    array([ 0.66656813, -0.24964664])
    """
    _check_lifted(state, samples, kind)
    xi, nu, step_size = check.positive(xi=xi), check.nonnegative(nu=nu), check.positive(step_size=step_size)
    gradient = _lifted_gradient(state, samples, xi, nu, kind)
    moved = Lifted(*(z - step_size * g for z, g in zip(state, gradient, strict=True)))  # (sdl-11)
    if project is not None:
        check.function(project=project)
        moved = check.fields(Lifted, project=project(moved))
        _check_lifted(moved, samples, kind)
    stacked = _stack(moved, kind)
    low = _truncated(stacked, rank, sketch, power)
    A, B = _split(low, samples.targets.shape[0], kind)
    return Lifted(A, B, moved.gamma), LPGDInfo(array_namespace(low).linalg.matrix_norm(stacked - low))


def zeros(samples, *, kind="filter"):
    """The start A = 0, B = 0, gamma = 0 of LPGD.

    From B = X in place of 0 the truncation throws away small moves of A out of the leading subspace of X, and a
    direction that predicts the labels but carries little variance may be found late or never.

    Examples
    --------
    >>> import numpy as np
    >>> zeros(data(np.eye(2), np.ones((1, 2)), np.array([1, 0])), kind="feature").A
    array([[0., 0.]])
    """
    _check_data(samples)
    check.choice(KINDS, kind=kind)
    x, covariates, targets = samples[:3]
    xp = array_namespace(x)
    A = xp.zeros_like(x @ targets.T if kind == "filter" else targets)
    return Lifted(A, xp.zeros_like(x), xp.zeros_like(covariates @ targets.T))


def curvature(samples, *, xi, nu=0.0, kind="filter"):
    """Bounds on the curvature of `lifted_objective`, valid everywhere.

    Parameters
    ----------
    samples : Data
        From `data`.
    xi, nu, kind
        As for `objective`.

    Returns
    -------
    mu, L : array, 0-d
        All eigenvalues of the Hessian lie in [mu, L].

    Raises
    ------
    ValueError
        If a number is out of range.

    Notes
    -----
    Equations (sdl-13) to (sdl-15) of the documentation. The largest curvature of a loss is 1/4 for two classes and
    1/2 for more.

    Examples
    --------
    >>> import numpy as np
    >>> samples = data(np.eye(2), np.ones((1, 2)), np.array([1, 0]))
    >>> [round(float(c), 12) for c in curvature(samples, xi=0.1, nu=0.05)]  # 0.1 + 3 / 4
    [0.1, 0.85]
    """
    _check_data(samples)
    xi, nu = check.positive(xi=xi), check.nonnegative(nu=nu)
    check.choice(KINDS, kind=kind)
    xp = array_namespace(samples.x)
    square = samples.joint_square if kind == "filter" else 1 + samples.covariates_square
    mu = min(2 * xi, 2 * nu) * xp.ones_like(square)  # (sdl-14)
    return mu, xp.clip(2 * nu + _steepest(samples) * square, min=2 * xi)  # (sdl-15)


def _steepest(samples):
    """Largest curvature of a loss in its activations."""
    return 0.25 if samples.targets.shape[0] == 1 else 0.5  # (sdl-13)


def step_sizes(mu, L):
    """The open interval (1 / (2 mu), 3 / (2 L)) of step sizes that contract, or None if L >= 3 mu.

    Examples
    --------
    >>> step_sizes(1.0, 2.0), step_sizes(1.0, 3.0)
    ((0.5, 0.75), None)
    """
    mu, L = check.nonnegative(mu=mu), check.positive(L=L)
    return (1 / (2 * mu), 3 / (2 * L)) if mu > L / 3 else None


def contraction(step_size, mu, L):
    """Factor rho by which LPGD brings the products nearer to a minimum of rank r; below 1 within `step_sizes`.

    Examples
    --------
    >>> contraction(0.6, 1.0, 2.0)
    0.8
    """
    step_size, mu, L = check.nonnegative(step_size=step_size, mu=mu, L=L)
    return 2 * max(abs(1 - step_size * mu), abs(1 - step_size * L))  # (sdl-16)


def factorize(state, rank, *, kind="filter", sketch=None, power=2):
    """Factors of given products, by a truncated SVD; unique up to an invertible r x r matrix between them.

    Parameters
    ----------
    state : Lifted
        Products, of rank r or to be cut to it.
    rank : int
        r >= 1; more than the stacked matrix has rows or columns means all.
    kind : {"filter", "feature"}, default: "filter"
        Which model.
    sketch, power : optional
        For a randomized SVD; see `truncated_svd`.

    Returns
    -------
    Factors
        With W = U S^(1/2) (filter), or H = S^(1/2) V^T (feature).

    Raises
    ------
    TypeError, ValueError
        As `truncated_svd`, or if `kind` is unknown.

    Notes
    -----
    Equation (sdl-17) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> state = Lifted(np.array([[1.0], [2.0]]), np.array([[2.0, -1.0], [4.0, -2.0]]), np.zeros((1, 1)))
    >>> back = lift(factorize(state, 1))
    >>> bool(np.allclose(back.A, state.A) and np.allclose(back.B, state.B))
    True
    """
    check.choice(KINDS, kind=kind)
    A, B, gamma = check.fields(Lifted, state=state)
    check.shapes(A=(A, "p k" if kind == "filter" else "k n"), B=(B, "p n"), gamma=(gamma, "q k"))
    check.alike_dtype(A=A, B=B, gamma=gamma)
    U, s, Vt = truncated_svd(_stack(state, kind), rank, sketch=sketch, power=power)
    root = array_namespace(s).sqrt(s)
    left, right = U * root, root[:, None] * Vt  # (sdl-17)
    k = state.gamma.shape[1]
    if kind == "filter":
        return Factors(left, right[:, k:], right[:, :k], state.gamma)
    return Factors(left[k:, :], right, left[:k, :].T, state.gamma)


def lpgd(
    samples, state, *, rank, xi, steps, nu=0.0, step_size=None, kind="filter", record=None, progress=None, **options
):
    """Fit by lifted projected gradient descent.

    Parameters
    ----------
    samples : Data
        From `data`.
    state : Lifted
        The start; `zeros` is a good one.
    rank, xi, nu, kind
        As for `lpgd_step`.
    steps : int
        >= 0. B has converged after several times L / (2 xi) of them.
    step_size : float, optional
        tau > 0; default: the middle of `step_sizes`, or 1 / L where there are none.
    record : callable, optional
        ``record(state) -> dict``, added to the history at the start and after each step.
    progress : str, optional
        Title of a progress bar.
    **options
        `project`, `sketch`, `power` of `lpgd_step`.

    Returns
    -------
    core.loop.Run
        Its `state` is a `Lifted`, its `history` holds `objective`. `factorize` gives the factors.

    Raises
    ------
    TypeError, ValueError
        As `lpgd_step`.

    Examples
    --------
    >>> import numpy as np
    >>> samples = data(np.array([[1.0, 0, 2], [0, 1, -1]]), np.ones((1, 3)), np.array([1, 0, 1]))
    >>> run = lpgd(samples, zeros(samples), rank=1, xi=1.0, nu=1.0, steps=50)
    >>> float(run.history["objective"][0]), float(run.history["objective"][-1])
    (9.0794415..., 2.6064616...)
    """
    _check_lifted(state, samples, kind)
    if step_size is None:
        mu, L = curvature(samples, xi=xi, nu=nu, kind=kind)
        interval = step_sizes(float(mu), float(L))
        step_size = sum(interval) / 2 if interval else 1 / float(L)
    settings = {"xi": xi, "nu": nu, "kind": kind}

    def look(state):
        found = {"objective": lifted_objective(state, samples, **settings)}
        return found | record(state) if record else found

    return iterate(
        lambda state, _: lpgd_step(state, samples, rank=rank, step_size=step_size, **settings, **options)[0],
        state,
        steps=steps,
        record=look,
        progress=progress,
    )


# Block coordinate descent -----------------------------------------------------------------------------------------


def _residual_at(state, samples, kind):
    W, H, beta, gamma = state
    return _residual(_coefficients(W, H, beta, kind), gamma, samples, kind)


def _gradient_W(state, R, samples, xi, nu, kind):
    W, H, beta, _ = state
    by_labels = samples.x @ R.T @ beta.T if kind == "filter" else 0.0
    return 2 * xi * (W @ H - samples.x) @ H.T + by_labels + 2 * nu * W  # (sdl-18)


def _gradient_H(state, R, samples, xi, nu, kind):
    W, H, beta, _ = state
    by_labels = beta @ R if kind == "feature" else 0.0
    return W.T @ (2 * xi * (W @ H - samples.x)) + by_labels + 2 * nu * H  # (sdl-19)


def _gradient_beta(state, R, samples, xi, nu, kind):
    by_labels = state.W.T @ (samples.x @ R.T) if kind == "filter" else state.H @ R.T
    return by_labels + 2 * nu * state.beta  # (sdl-20)


def _gradient_gamma(state, R, samples, xi, nu, kind):
    return samples.covariates @ R.T + 2 * nu * state.gamma  # (sdl-21)


_GRADIENTS = dict(zip(BLOCKS, (_gradient_W, _gradient_H, _gradient_beta, _gradient_gamma), strict=True))


def gradient(state, samples, *, xi, nu=0.0, kind="filter"):
    """Gradient of `objective`, as `Factors`; arguments and errors as there.

    Equations (sdl-18) to (sdl-21) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> samples = data(np.array([[1.0, 0, 2], [0, 1, -1]]), np.ones((1, 3)), np.array([1, 0, 1]))
    >>> state = Factors(np.array([[0.6], [-0.3]]), np.array([[1, 0.2, 1.5]]), np.array([[0.5]]), np.array([[0.1]]))
    >>> gradient(state, samples, xi=0.5, nu=0.1).beta
    array([[-0.73618747]])
    """
    _check_factors(state, samples, kind)
    xi, nu = check.positive(xi=xi), check.nonnegative(nu=nu)
    R = _residual_at(state, samples, kind)
    return Factors(*(slope(state, R, samples, xi, nu, kind) for slope in _GRADIENTS.values()))


def _constant_W(state, samples, xi, nu, kind):
    by_labels = _steepest(samples) * samples.x_square * _square_norm(state.beta) if kind == "filter" else 0.0
    return 2 * xi * _square_norm(state.H) + by_labels + 2 * nu  # (sdl-22)


def _constant_H(state, samples, xi, nu, kind):
    by_labels = _steepest(samples) * _square_norm(state.beta) if kind == "feature" else 0.0
    return 2 * xi * _square_norm(state.W) + by_labels + 2 * nu  # (sdl-23)


def _constant_beta(state, samples, xi, nu, kind):
    features = state.W.T @ samples.x if kind == "filter" else state.H
    return _steepest(samples) * _square_norm(features) + 2 * nu  # (sdl-24)


def _constant_gamma(state, samples, xi, nu, kind):
    return _steepest(samples) * samples.covariates_square + 2 * nu  # (sdl-25)


_CONSTANTS = dict(zip(BLOCKS, (_constant_W, _constant_H, _constant_beta, _constant_gamma), strict=True))


def block_constants(state, samples, *, xi, nu=0.0, kind="filter"):
    """Lipschitz constants (L_W, L_H, L_beta, L_gamma) of the blocks of `gradient`, each 0-d; arguments as there.

    Equations (sdl-22) to (sdl-25) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> samples = data(np.array([[1.0, 0, 2], [0, 1, -1]]), np.ones((1, 3)), np.array([1, 0, 1]))
    >>> state = Factors(np.array([[0.6], [-0.3]]), np.array([[1, 0.2, 1.5]]), np.array([[0.5]]), np.array([[0.1]]))
    >>> [round(float(c), 6) for c in block_constants(state, samples, xi=0.5, nu=0.1)]
    [3.865, 0.65, 0.875, 0.95]
    """
    _check_factors(state, samples, kind)
    xi, nu = check.positive(xi=xi), check.nonnegative(nu=nu)
    return tuple(constant(state, samples, xi, nu, kind) for constant in _CONSTANTS.values())


def shrinking_radius(t, *, radius=1.0):
    """r_t = radius t^(-1/2) / log(t + 1) for t = 1, 2, ...: not summable, its squares are.

    Examples
    --------
    >>> round(shrinking_radius(4, radius=2.0), 6)
    0.621335
    """
    t, radius = check.integer(t=t, minimum=1), check.positive(radius=radius)
    return radius / (math.sqrt(t) * math.log(t + 1))  # (sdl-26)


def nonnegative(block):
    """The nearest block without negative entries: a constraint for `bcd_step`.

    Parameters
    ----------
    block : array, any shape, floating point
        NaN stays NaN, and inf is taken.

    Returns
    -------
    array
        Like `block`.

    Examples
    --------
    >>> import numpy as np
    >>> nonnegative(np.array([1.0, -2.0]))
    array([1., 0.])
    """
    check.floating(block=block)
    return array_namespace(block).clip(block, min=0.0)


def bcd_step(state, samples, t, *, xi, nu=0.0, kind="filter", radius=1.0, inner=5, constraints=None):
    """One round over the blocks W, H, beta, gamma, each kept within a ball of shrinking radius around its start.

    Parameters
    ----------
    state : Factors
        From `init` or the last step.
    samples : Data
        From `data`.
    t : int
        >= 1. Number of the round, for the radius.
    xi : float
        > 0. Weight of the reconstruction.
    nu : float, default: 0
        >= 0. Ridge on all four blocks.
    kind : {"filter", "feature"}, default: "filter"
        Which model.
    radius : float, default: 1
        c > 0 of `shrinking_radius`: how far, in Frobenius norm, a block may move in this round.
    inner : int, default: 5
        >= 1. Projected gradient steps of length 1 / L_j per block.
    constraints : dict of str to callable, optional
        Name of a block -> projection onto a closed convex set, such as `nonnegative`. The block must be in it; it then
        stays there, and no block ends above the loss at which it started.

    Returns
    -------
    state : Factors
        After the round.
    info : BCDInfo
        How far the blocks have moved.

    Raises
    ------
    TypeError, ValueError
        If the state does not fit the samples, is not finite, or an argument is out of range.

    Notes
    -----
    Equations (sdl-18) to (sdl-28) of the documentation. Later blocks see the new values of earlier ones. The projection
    comes before the ball: a point between two points of a convex set lies in it, and its loss is below the larger one.

    Examples
    --------
    >>> import numpy as np
    >>> samples = data(np.array([[1.0, 0, 2], [0, 1, -1]]), np.ones((1, 3)), np.array([1, 0, 1]))
    >>> state = Factors(np.array([[0.6], [-0.3]]), np.array([[1, 0.2, 1.5]]), np.array([[0.5]]), np.array([[0.1]]))
    >>> state, info = bcd_step(state, samples, 1, xi=0.5, nu=0.1, radius=0.2)
    >>> state.W.ravel()
    array([ 0.87908527, -0.37325415])
    """
    _check_factors(state, samples, kind)
    xi, nu, inner = check.positive(xi=xi), check.nonnegative(nu=nu), check.integer(inner=inner, minimum=1)
    constraints, reach = _checked(constraints), shrinking_radius(t, radius=radius)
    xp = array_namespace(*state)
    moves = []
    for block in BLOCKS:
        centre = getattr(state, block)
        # A constant of 0 means that the loss does not depend on the block: its gradient is 0 too.
        length = _CONSTANTS[block](state, samples, xi, nu, kind)
        length = xp.clip(length, min=float(xp.finfo(centre.dtype).smallest_normal))
        for _ in range(inner):
            R = _residual_at(state, samples, kind)
            slope = _GRADIENTS[block](state, R, samples, xi, nu, kind)
            value = constraints[block](getattr(state, block) - slope / length)  # (sdl-27)
            check.alike(state=centre, constraints=value)
            move = value - centre
            value = centre + move * (reach / xp.clip(xp.linalg.matrix_norm(move), min=reach))  # (sdl-28)
            state = state._replace(**{block: value})
        moves.append(xp.linalg.matrix_norm(getattr(state, block) - centre))
    return state, BCDInfo(xp.stack(moves), reach)


def _checked(constraints):
    """A projection for each block; the identity where none is given."""
    if constraints is not None:
        check.instance(dict, constraints=constraints)
        check.function(**{f"constraints[{block!r}]": project for block, project in constraints.items()})
    if unknown := set(constraints or {}) - set(BLOCKS):
        raise ValueError(f"constraints must be on blocks {', '.join(BLOCKS)}, got {', '.join(sorted(unknown))}")
    return {block: (constraints or {}).get(block, lambda value: value) for block in BLOCKS}


def init(rng, samples, *, rank, scale=0.3, constraints=None):
    """Random start of BCD: normal entries in all blocks. W = H = beta = 0 would be a saddle.

    Parameters
    ----------
    rng : numpy.random.Generator
        From `core.random.stream`.
    samples : Data
        From `data`.
    rank : int
        r >= 1, the number of atoms.
    scale : float, default: 0.3
        Standard deviation > 0. The radius sums up slowly: from far away it may bind for hundreds of steps.
    constraints : dict, optional
        As for `bcd_step`. A block with one starts from the absolute values of its draws, projected.

    Returns
    -------
    Factors
        In the library, dtype and device of the samples.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> samples = data(np.array([[1.0, 0, 2], [0, 1, -1]]), np.ones((1, 3)), np.array([1, 0, 1]))
    >>> start = init(random.stream(0, "doc"), samples, rank=2, constraints={"W": nonnegative})
    >>> start.W.shape, bool((start.W >= 0).all()), bool((start.H >= 0).all())
    ((2, 2), True, False)
    """
    _check_data(samples)
    rank, scale = check.integer(rank=rank, minimum=1), check.positive(scale=scale)
    _checked(constraints)
    x, covariates, targets = samples[:3]
    k = targets.shape[0]
    shapes = (x.shape[0], rank), (rank, x.shape[1]), (rank, k), (covariates.shape[0], k)
    start = Factors(*(scale * random.normal(rng, shape, like=x) for shape in shapes))
    return start._replace(
        **{block: project(abs(getattr(start, block))) for block, project in (constraints or {}).items()}
    )


def bcd(samples, state, *, xi, steps, nu=0.0, kind="filter", constraints=None, record=None, progress=None, **options):
    """Fit by block coordinate descent with diminishing radius.

    Parameters
    ----------
    samples : Data
        From `data`.
    state : Factors
        The start, for instance from `init`.
    xi, nu, kind, constraints
        As for `bcd_step`.
    steps : int
        >= 0. Rounds over the blocks.
    record : callable, optional
        ``record(state) -> dict``, added to the history at the start and after each round.
    progress : str, optional
        Title of a progress bar.
    **options
        `radius`, `inner` of `bcd_step`.

    Returns
    -------
    core.loop.Run
        Its `state` are `Factors`, its `history` holds `objective`.

    Raises
    ------
    TypeError, ValueError
        As `bcd_step`, or if the start breaks a constraint.

    Examples
    --------
    >>> import numpy as np
    >>> samples = data(np.array([[1.0, 0, 2], [0, 1, -1]]), np.ones((1, 3)), np.array([1, 0, 1]))
    >>> start = init(random.stream(0, "doc"), samples, rank=1)
    >>> run = bcd(samples, start, xi=0.5, nu=0.1, steps=30)
    >>> values = run.history["objective"]
    >>> len(values), all(b <= a for a, b in zip(values, values[1:]))
    (31, True)
    """
    _check_factors(state, samples, kind)
    settings = {"xi": xi, "nu": nu, "kind": kind}
    for block, project in _checked(constraints).items():
        value = getattr(state, block)
        if not bool(array_namespace(value).all(project(value) == value)):
            raise ValueError(f"{block} must satisfy its constraint at the start, got a block that its projection moves")

    def look(state):
        found = {"objective": objective(state, samples, **settings)}
        return found | record(state) if record else found

    return iterate(
        lambda state, t: bcd_step(state, samples, t, constraints=constraints, **settings, **options)[0],
        state,
        steps=steps,
        record=look,
        progress=progress,
    )
