"""Convex training of two-layer ReLU networks (Bai, Gautam and Sojoudi, 2022, arXiv:2201.01965).

Where the set of points that each neuron sees is fixed, a two-layer ReLU network is linear in its weights. With one pair
of linear models per such activation pattern, training with weight decay is a convex program, a group lasso in cones;
its solution is turned back into a network of the same loss. Here: patterns, the program, recovery, its solution by
ADMM (exact or by random blocks) and the unconstrained sampled program; adversarial training is in
`_convex_relu_adversarial`, gradient descent and data in `_convex_relu_tools`.

Weights of the program are arrays [2, d, P]: half (v adds to the output, w subtracts), feature, pattern.
"""

import math
from typing import NamedTuple

from refimpl.core import check
from refimpl.core.arrays import Array, array_namespace, device, from_numpy, to_numpy
from refimpl.core.linalg import length, solve_triangular, unit
from refimpl.core.loop import iterate
from refimpl.core.special import sigmoid

# Activation patterns ------------------------------------------------------------------------------------------------


def activation_patterns(X, draws, *, most=None):
    """The distinct activation patterns of some first-layer weights, in the order in which they appear.

    Parameters
    ----------
    X : array, shape [n, d], floating point
        Data, one point per row; the last column is 1 where a bias is wanted.
    draws : array, shape [H, d], like `X`
        Weight vectors a_h, standard normal for the sampled program.
    most : int, optional
        Keep the first so many patterns, >= 1.

    Returns
    -------
    array, shape [n, P]
        D: entry (k, i) is 1 where neuron i sees point k, x_k^T a >= 0, else 0. Which are distinct is found on the host.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, or an entry is not finite.

    Notes
    -----
    Equation (convex_relu-3). Doubles are found on the host.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.array([[1.0, 2.0], [-1.0, 0.5], [0.5, -1.0]])
    >>> activation_patterns(X, np.array([[3.0, 0.0], [0.0, 1.0], [1.0, 0.0], [-1.0, -1.0]]))
    array([[1., 1., 0.],
           [0., 1., 1.],
           [1., 0., 1.]])
    """
    check.finite(X=X, draws=draws)
    check.shapes(X=(X, "n d"), draws=(draws, "H d"))
    xp = array_namespace(X, draws)
    D = xp.astype(X @ xp.matrix_transpose(draws) >= 0, X.dtype)  # (convex_relu-3)
    first = _first_of_each(D)
    if most is not None:
        first = first[: check.integer(most=most, minimum=1)]
    return xp.take(D, xp.asarray(first, device=device(D)), axis=1)


def _first_of_each(D):
    """Indices of the columns of `D` that no earlier column equals."""
    first: dict[bytes, int] = {}
    for i, column in enumerate(to_numpy(D != 0).T):
        first.setdefault(column.tobytes(), i)
    return list(first.values())


def all_patterns(X):
    """Every activation pattern that a hyperplane through the origin cuts in the data.

    Each cell of the arrangement of hyperplanes x_k^T a = 0 has a wall, on the hyperplane of some x_k, and that wall is
    a cell of the arrangement within the hyperplane: one dimension less, and so on down to a line. Points on a common
    line or at the origin are no exception. About n^(d-1) steps on the host.

    Parameters
    ----------
    X : array, shape [n, d], floating point
        Data.

    Returns
    -------
    array, shape [n, P]
        D as in `activation_patterns`; P = `pattern_count(n, d)` for points in general position.

    Raises
    ------
    TypeError, ValueError
        If `X` is no finite floating-point array [n, d].

    Examples
    --------
    >>> import numpy as np
    >>> all_patterns(np.array([[1.0, 1.0], [0.0, 1.0], [2.0, 2.0]])).T  # the third point is twice the first
    array([[1., 1., 1.],
           [1., 0., 1.],
           [0., 1., 0.],
           [0., 0., 0.]])
    """
    check.finite(X=X)
    check.shapes(X=(X, "n d"))
    host = to_numpy(X).astype(float)
    return from_numpy(1.0 * (_cells(host) > 0).T, like=X)


def _cells(rows):
    """Signs [C, n] of the rows in each open cell of their hyperplanes; rows that are 0 count as positive."""
    xp = array_namespace(rows)
    live = (rows != 0).any(axis=1)
    if not live.any():
        return xp.ones((1, rows.shape[0]))
    rows = unit(rows, axis=1)
    found: dict[bytes, Array] = {}
    for k in xp.nonzero(live)[0]:
        mirror = rows[k, :] + xp.where(xp.arange(rows.shape[1]) == 0, xp.where(rows[k, 0] < 0, -1.0, 1.0), 0.0)
        mirrored = rows - xp.linalg.outer(rows @ mirror, mirror) * (2 / (mirror @ mirror))  # row k on the first axis
        within = mirrored[:, 1:]
        parallel = xp.linalg.vector_norm(within, axis=1) <= 1e-9  # of a unit vector
        cells = _cells(xp.where(parallel[:, None], 0.0, within))
        along = xp.where(rows @ rows[k, :] < 0, -1.0, 1.0)
        for side in (1.0, -1.0):
            for cell in xp.where(parallel & live, side * along, cells):
                found.setdefault(cell.tobytes(), cell)
    return xp.stack(list(found.values()))


def pattern_count(n, rank):
    """Number of activation patterns of n points in general position in `rank` dimensions.

    Examples
    --------
    >>> pattern_count(12, 3)
    134
    """
    n, rank = check.integer(n=n, rank=rank, minimum=1)
    return 2 * sum(math.comb(n - 1, k) for k in range(rank))


def patterns_needed(n, *, psi, xi):
    """So many random patterns that, with probability >= 1 - psi, one more helps with probability at most xi.

    Examples
    --------
    >>> patterns_needed(100, psi=0.05, xi=0.1)
    2080
    """
    n = check.integer(n=n, minimum=1)
    psi, xi = check.positive(psi=psi, xi=xi)
    return math.ceil(min((n + 1) / (psi * xi) - 1, 2 / xi * (n + 1 - math.log(psi))))  # (convex_relu-8)


# The convex program -------------------------------------------------------------------------------------------------


def predict(X, D, weights):
    """Outputs of the convex model: F applied to the weights.

    Parameters
    ----------
    X : array, shape [n, d], floating point
        Data.
    D : array, shape [n, P], like `X`
        Activation patterns of 0 and 1.
    weights : array, shape [2, d, P], like `X`
        v and w.

    Returns
    -------
    array, shape [n]
        Sum over patterns of D_i X (v_i - w_i).

    Examples
    --------
    >>> import numpy as np
    >>> predict(np.array([[1.0], [2.0]]), np.array([[1.0], [0.0]]), np.array([[[3.0]], [[0.5]]]))
    array([2.5, 0. ])
    """
    check.finite(X=X, D=D, weights=weights)
    check.shapes(X=(X, "n d"), D=(D, "n P"), weights=(weights, "2 d P"))
    xp = array_namespace(X, D, weights)
    return xp.sum(D * (X @ (weights[0, :, :] - weights[1, :, :])), axis=1)  # (convex_relu-5)


def slacks(X, D, weights):
    """Signed outputs that must be >= 0 for a neuron to have its pattern: G applied to the weights.

    Examples
    --------
    >>> import numpy as np
    >>> slacks(np.array([[1.0], [2.0]]), np.array([[1.0], [0.0]]), np.array([[[3.0]], [[-1.0]]]))[:, :, 0]
    array([[ 3., -6.],
           [-1.,  2.]])
    """
    check.finite(X=X, D=D, weights=weights)
    check.shapes(X=(X, "n d"), D=(D, "n P")), check.broadcast(**{"X @ weights": X[0, :, None], "weights": weights})
    return (2 * D - 1) * (X @ weights)  # (convex_relu-4)


def _predict_transposed(X, D, r):
    """F^T r, [2, d, P]."""
    xp = array_namespace(X, D, r)
    pull = xp.matrix_transpose(X) @ (D * r[:, None])
    return xp.stack([pull, -pull])


def _slacks_transposed(X, D, s):
    """G^T s, [2, d, P]."""
    return array_namespace(X, D, s).matrix_transpose(X) @ ((2 * D - 1) * s)


def _squared(outputs, y):
    return 0.5 * array_namespace(outputs).sum((outputs - y) ** 2)


def _squared_slope(outputs, y):
    return outputs - y


def _cross_entropy(outputs, y):
    xp = array_namespace(outputs)
    return xp.sum(xp.logaddexp(2 * outputs, xp.zeros_like(outputs)) - 2 * y * outputs)


def _cross_entropy_slope(outputs, y):
    return 2 * sigmoid(2 * outputs) - 2 * y


LOSSES = {"squared": (_squared, _squared_slope), "cross_entropy": (_cross_entropy, _cross_entropy_slope)}


def _check_patterns(X, D):
    check.finite(X=X)
    check.floating(D=D)
    check.shapes(X=(X, "n d"), D=(D, "n P"))
    xp = array_namespace(X, D)
    if not bool(xp.all((D == 0) | (D == 1))):
        raise ValueError("D must hold activation patterns of 0 and 1, got other entries")
    return xp


def _check_data(X, D, y, loss="squared"):
    check.choice(LOSSES, loss=loss)
    xp = _check_patterns(X, D)
    check.finite(y=y)
    check.shapes(X=(X, "n d"), y=(y, "n"))
    if loss == "cross_entropy" and not bool(xp.all((y == 0) | (y == 1))):
        raise ValueError("y must hold the classes 0 and 1 for the cross-entropy, got other entries")
    return xp


def _check_weights(X, D, weights):
    check.finite(weights=weights)
    check.shapes(X=(X, "n d"), D=(D, "n P"), weights=(weights, "2 d P"))


def group_norms(weights):
    """Euclidean norm of each block of d numbers, [2, 1, P].

    Examples
    --------
    >>> import numpy as np
    >>> group_norms(np.array([[[3.0], [4.0]], [[0.0], [1.0]]])).tolist()
    [[[5.0]], [[1.0]]]
    """
    check.finite(weights=weights), check.shapes(weights=(weights, "H d P"))
    return length(weights, axis=1)


def objective(X, D, y, weights, *, beta, loss="squared"):
    """Value of the convex program, whether or not the cone constraints hold (see `slacks`).

    Parameters
    ----------
    X, D : array, shapes [n, d], [n, P]
        Data and activation patterns.
    y : array, shape [n], like `X`
        Targets; 0 or 1 for the cross-entropy.
    weights : array, shape [2, d, P], like `X`
        v and w.
    beta : float
        Weight decay > 0.
    loss : {"squared", "cross_entropy"}, default: "squared"
        Half the sum of squares, or the sum of log(1 + exp(2 yhat)) - 2 y yhat.

    Returns
    -------
    array, 0-d
        Loss plus beta times the sum of the norms of all blocks.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, an entry is not finite, `D` is not 0 and 1, `y` is outside of the classes or
        `beta` is not positive.

    Notes
    -----
    Equation (convex_relu-6).

    Examples
    --------
    >>> import numpy as np
    >>> X, D, y = np.array([[1.0], [2.0]]), np.array([[1.0], [1.0]]), np.array([1.0, 2.0])
    >>> float(objective(X, D, y, np.array([[[1.0]], [[0.0]]]), beta=0.25))
    0.25
    """
    xp = _check_data(X, D, y, loss)
    _check_weights(X, D, weights)
    beta = check.positive(beta=beta)
    value, _ = LOSSES[loss]
    return value(predict(X, D, weights), y) + beta * xp.sum(group_norms(weights))  # (convex_relu-6)


# The network --------------------------------------------------------------------------------------------------------


class Network(NamedTuple):
    """Two-layer ReLU network x -> sum_j (x^T u_j)_+ alpha_j."""

    first: Array  # [d, m] u_j, a column per neuron
    second: Array  # [m] alpha_j


def recover(weights, *, threshold=0.0):
    """The network of a solution: one neuron for each block that is not zero.

    Parameters
    ----------
    weights : array, shape [2, d, P], floating point
        v and w.
    threshold : float, default: 0
        Blocks of norm <= `threshold` are dropped; 1e-6 suits the solutions of interior-point solvers, in which
        nothing is exactly zero.

    Returns
    -------
    Network
        The neurons of v in the order of the patterns, then those of w. Where the weights satisfy their cone
        constraints, its `network_objective` is the `objective` of the program.

    Raises
    ------
    TypeError, ValueError
        If `weights` is no finite floating-point array [2, d, P], or `threshold` is negative.

    Notes
    -----
    Equation (convex_relu-7).

    Examples
    --------
    >>> import numpy as np
    >>> recover(np.array([[[3.0, 0.0], [4.0, 0.0]], [[0.0, 1.0], [0.0, 0.0]]]))
    Network(first=array([[1.34164079, 1.        ],
           [1.78885438, 0.        ]]), second=array([ 2.23606798, -1.        ]))
    """
    check.finite(weights=weights)
    check.shapes(weights=(weights, "2 d P"))
    threshold = check.nonnegative(threshold=threshold)
    xp = array_namespace(weights)
    blocks = xp.concat([weights[0, :, :], weights[1, :, :]], axis=1)
    norms = group_norms(weights)[:, 0, :]
    second = xp.reshape(xp.sqrt(norms) * xp.asarray([[1.0], [-1.0]], dtype=norms.dtype, device=device(norms)), (-1,))
    (kept,) = xp.nonzero(xp.reshape(norms, (-1,)) > threshold)
    second = xp.take(second, kept)
    return Network(xp.take(blocks, kept, axis=1) / abs(second), second)  # (convex_relu-7)


def check_network(X, network):
    """Refuse what is no network [..., d, m], [..., m] of these inputs [n, d].

    Examples
    --------
    >>> import numpy as np
    >>> check_network(np.ones((3, 2)), Network(np.ones((2, 4)), np.ones(3)))
    Traceback (most recent call last):
    ValueError: network must have layers [..., 2, m] and [..., m], got (2, 4) and (3,)
    """
    first, second = check.fields(Network, network=network)
    check.shapes(X=(X, "n d")), check.floating(first=first, second=second)
    fits = len(first.shape) >= 2 and first.shape[-2] == X.shape[1]  # also without a neuron
    if not fits or tuple(second.shape) != (*first.shape[:-2], first.shape[-1]):
        got = f"{tuple(first.shape)} and {tuple(second.shape)}"
        raise ValueError(f"network must have layers [..., {X.shape[1]}, m] and [..., m], got {got}")
    check.alike_dtype(X=X, first=first, second=second)


def network_outputs(X, network):
    """Outputs [n] of a network.

    Examples
    --------
    >>> import numpy as np
    >>> network_outputs(np.array([[1.0], [-1.0]]), Network(np.array([[2.0]]), np.array([3.0])))
    array([6., 0.])
    """
    check.finite(X=X)
    check_network(X, network)
    xp = array_namespace(X, *network)
    return xp.maximum(X @ network.first, 0.0) @ network.second  # (convex_relu-1)


def network_objective(X, y, network, *, beta, loss="squared"):
    """Value of the non-convex problem: loss of the network plus beta / 2 times the sum of its squared weights.

    Examples
    --------
    >>> import numpy as np
    >>> net = Network(np.array([[1.0]]), np.array([1.0]))
    >>> float(network_objective(np.array([[1.0], [2.0]]), np.array([1.0, 2.0]), net, beta=0.25))
    0.25
    """
    check.finite(X=X, y=y)
    check.choice(LOSSES, loss=loss)
    check.shapes(X=(X, "n d"), y=(y, "n"))
    check_network(X, network)
    beta = check.positive(beta=beta)
    xp = array_namespace(X, y, *network)
    value, _ = LOSSES[loss]
    decay = xp.sum(network.first**2) + xp.sum(network.second**2)
    return value(network_outputs(X, network), y) + (beta / 2) * decay  # (convex_relu-2)


# ADMM ---------------------------------------------------------------------------------------------------------------


class ADMMState(NamedTuple):
    """What ADMM carries from step to step; scaled duals."""

    u: Array  # [2, d, P] weights that fit the data
    v: Array  # [2, d, P] weights that are sparse: the answer
    lam: Array  # [2, d, P] lambda, dual of u = v
    s: Array  # [2, n, P] slacks, >= 0
    nu: Array  # [2, n, P] dual of G u = s


class ADMMSetup(NamedTuple):
    """What the steps of ADMM share: the data, and one factorization."""

    X: Array  # [n, d]
    D: Array  # [n, P]
    root: Array  # [d, d] R with R^T R = (I + X^T X)^-1, lower triangular
    ridge: Array  # [n, n] W with W^T W = (rho I + F M^-1 F^T)^-1, lower triangular
    rho: float  # penalty


class Residuals(NamedTuple):
    """How far a state is from a fixed point; each a 0-d array."""

    weights: Array  # |u - v|
    slacks: Array  # |G u - s|
    weights_moved: Array  # rho |v - v_before|
    slacks_moved: Array  # rho |G^T (s - s_before)|


def init(X, D):
    """All zeros.

    Examples
    --------
    >>> import numpy as np
    >>> [x.shape for x in init(np.ones((5, 2)), np.ones((5, 3)))]
    [(2, 2, 3), (2, 2, 3), (2, 2, 3), (2, 5, 3), (2, 5, 3)]
    """
    check.floating(X=X, D=D)
    sizes = check.shapes(X=(X, "n d"), D=(D, "n P"))
    xp = array_namespace(X, D)
    weights, slack = (
        xp.zeros((2, size, sizes["P"]), dtype=X.dtype, device=device(X)) for size in (sizes["d"], sizes["n"])
    )
    return ADMMState(weights, weights, weights, slack, slack)


def _inverse_root(A):
    """R, lower triangular, with R^T R = A^-1, of a symmetric positive definite matrix."""
    xp = array_namespace(A)
    factor = xp.linalg.cholesky(A)
    return solve_triangular(factor, xp.eye(A.shape[0], dtype=A.dtype, device=device(A)), lower=True)


def prepare(X, D, *, rho=0.1):
    """Factor the linear system of ADMM once, for any number of steps, targets and weight decays.

    Parameters
    ----------
    X : array, shape [n, d], floating point
        Data.
    D : array, shape [n, P], like `X`
        Distinct activation patterns.
    rho : float, default: 0.1
        Penalty > 0 on u = v and G u = s.

    Returns
    -------
    ADMMSetup
        O(n d^2 + d^3 + n^2 P + n^3) time, O(n P + n^2 + d^2) memory: F, of size n x 2 d P, is never formed.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, an entry is not finite, `D` is not 0 and 1 or has two equal columns, or `rho`
        is not positive.

    Notes
    -----
    Equations (convex_relu-9) and (convex_relu-10). The inverses of two Cholesky factors are kept, so that a step
    consists of matrix products alone.

    Examples
    --------
    >>> import numpy as np
    >>> setup = prepare(np.array([[1.0], [2.0]]), np.array([[1.0], [0.0]]), rho=1.0)
    >>> float(setup.root[0, 0]) == 1 / 6**0.5, setup.ridge.shape
    (True, (2, 2))
    """
    rho = check.positive(rho=rho)
    xp = _check_patterns(X, D)
    if doubles := D.shape[1] - len(_first_of_each(D)):
        raise ValueError(f"D must have distinct columns, got {doubles} doubles")
    identity = [xp.eye(size, dtype=X.dtype, device=device(X)) for size in X.shape]
    root = _inverse_root(identity[1] + xp.matrix_transpose(X) @ X)  # (convex_relu-9)
    A = X @ xp.matrix_transpose(root)
    overlap = (A @ xp.matrix_transpose(A)) * (D @ xp.matrix_transpose(D))
    ridge = _inverse_root(rho * identity[0] + 2 * overlap)  # (convex_relu-10)
    return ADMMSetup(X, D, root, ridge, rho)


def solve_smooth(setup, right):
    """Solve (I + F^T F / rho + G^T G) u = right by the Woodbury identity.

    Parameters
    ----------
    setup : ADMMSetup
        From `prepare`.
    right : array, shape [2, d, P]
        Right-hand side.

    Returns
    -------
    array, shape [2, d, P]
        u, in O(n d P + d^2 P + n^2) operations.

    Notes
    -----
    Equation (convex_relu-11).

    Examples
    --------
    >>> import numpy as np
    >>> setup = prepare(np.array([[1.0]]), np.array([[1.0]]), rho=1.0)  # I + F^T F + G^T G = [[3, -1], [-1, 3]]
    >>> solve_smooth(setup, np.array([[[3.0]], [[-1.0]]])).round(12).tolist()
    [[[1.0]], [[0.0]]]
    """
    X, D, root, ridge, _ = check.fields(ADMMSetup, setup=setup)
    check.shapes(X=(X, "n d"), D=(D, "n P"))
    check.finite(right=right)
    check.floating(root=root)
    if tuple(root.shape[-2:]) != (X.shape[1], X.shape[1]):
        raise ValueError(f"root must have shape [d, d] with d={X.shape[1]}, got {tuple(root.shape)}")
    check.shapes(X=(X, "n d"), D=(D, "n P"), ridge=(ridge, "n n"), right=(right, "2 d P"))
    check.alike_dtype(X=X, D=D, root=root, ridge=ridge, right=right)
    xp = array_namespace(X, right)
    transposed = xp.matrix_transpose(root)
    t = transposed @ (root @ right)
    z = xp.matrix_transpose(ridge) @ (ridge @ predict(X, D, t))
    return t - transposed @ (root @ _predict_transposed(X, D, z))  # (convex_relu-11)


def shrink(weights, threshold):
    """Group soft threshold: each block of d numbers shortened by `threshold`, or set to zero.

    Examples
    --------
    >>> import numpy as np
    >>> shrink(np.array([[[3.0], [4.0]], [[0.6], [0.8]]]), 2.5).tolist()
    [[[1.5], [2.0]], [[0.0], [0.0]]]
    """
    check.finite(weights=weights)
    threshold = check.nonnegative(threshold=threshold)
    xp = array_namespace(weights)
    norms = group_norms(weights)
    return xp.where(norms > threshold, weights * (1 - threshold / xp.where(norms > 0, norms, 1.0)), 0.0)


def admm_step(setup, y, state, *, beta, gamma=None):
    """One step of ADMM on the convex program with squared loss.

    Parameters
    ----------
    setup : ADMMSetup
        From `prepare`.
    y : array, shape [n], like the data
        Targets.
    state : ADMMState
        From `init` or the last step.
    beta : float
        Weight decay > 0.
    gamma : float, optional
        Dual step > 0; `setup.rho` by default. The theory asks for a small enough one.

    Returns
    -------
    ADMMState
        After the step.

    Raises
    ------
    TypeError, ValueError
        If shapes do not fit, `y` is not finite, or a number is not positive.

    Notes
    -----
    Equations (convex_relu-11) to (convex_relu-15): this function finds u, `settle` the rest.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.array([[1.0, 2.0], [-1.0, 0.5], [0.5, -1.0]])
    >>> D = np.array([[1.0, 1.0, 0.0], [0.0, 1.0, 0.0], [1.0, 0.0, 1.0]])
    >>> state = admm_step(prepare(X, D, rho=0.5), np.array([1.0, -1.0, 0.5]), init(X, D), beta=0.1)
    >>> state.u[0]
    array([[ 0.13559803,  0.31139175,  0.07478553],
           [ 0.01071168, -0.01874896, -0.06798684]])
    >>> state.v[0]
    array([[ 0.        ,  0.11175329,  0.        ],
           [ 0.        , -0.00672869,  0.        ]])
    """
    setup = check.fields(ADMMSetup, setup=setup)
    X, D, rho = setup.X, setup.D, setup.rho
    check.shapes(X=(X, "n d"), D=(D, "n P"))
    beta, gamma = check.positive(beta=beta, gamma=rho if gamma is None else gamma)
    check.finite(y=y)
    _check_state(X, D, y, state)
    right = _predict_transposed(X, D, y) / rho + state.v - state.lam + _slacks_transposed(X, D, state.s - state.nu)
    return _settle(X, D, state._replace(u=solve_smooth(setup, right)), beta, rho, gamma)


def settle(X, D, state, *, beta, rho=0.1, gamma=None):
    """The rest of an ADMM step, from a new u on: v, s and the duals. Any method may have found that u.

    Examples
    --------
    >>> import numpy as np
    >>> X, D = np.array([[1.0]]), np.array([[1.0]])
    >>> state = init(X, D)._replace(u=np.array([[[2.0]], [[-1.0]]]))
    >>> settle(X, D, state, beta=0.5, rho=0.5).v.tolist()
    [[[1.0]], [[0.0]]]
    """
    check.finite(X=X, D=D)
    beta, rho = check.positive(beta=beta, rho=rho)
    gamma = check.positive(gamma=rho if gamma is None else gamma)
    _check_state(X, D, X[:, 0], state)
    return _settle(X, D, state, beta, rho, gamma)


def _settle(X, D, state, beta, rho, gamma):
    xp = array_namespace(X, D, state.u)
    u, _, lam, _, nu = state
    Gu = slacks(X, D, u)
    v = shrink(u + lam, beta / rho)  # (convex_relu-12)
    s = xp.maximum(Gu + nu, 0.0)  # (convex_relu-13)
    lam = lam + (gamma / rho) * (u - v)  # (convex_relu-14)
    nu = nu + (gamma / rho) * (Gu - s)  # (convex_relu-15)
    return ADMMState(u, v, lam, s, nu)


def _check_state(X, D, y, state, name="state"):
    state = check.fields(ADMMState, **{name: state})
    weights = {name: (getattr(state, name), "2 d P") for name in ("u", "v", "lam")}
    check.shapes(X=(X, "n d"), D=(D, "n P"), y=(y, "n"), **weights, s=(state.s, "2 n P"), nu=(state.nu, "2 n P"))
    check.alike_dtype(X=X, **state._asdict())


def residuals(X, D, before, after, *, rho):
    """Primal and dual residuals of a step; all four are 0 at a solution.

    Parameters
    ----------
    X, D : array, shapes [n, d], [n, P]
        Data and activation patterns.
    before, after : ADMMState
        States around the step.
    rho : float
        Penalty > 0 of the step.

    Returns
    -------
    Residuals
        Four 0-d arrays.

    Examples
    --------
    >>> import numpy as np
    >>> X, D = np.array([[1.0]]), np.array([[1.0]])
    >>> state = admm_step(prepare(X, D), np.array([1.0]), init(X, D), beta=0.25)
    >>> bool(residuals(X, D, init(X, D), state, rho=0.1).weights > 0)
    True
    """
    check.finite(X=X, D=D)
    for name, state in (("before", before), ("after", after)):
        _check_state(X, D, X[:, 0], state, name)
    rho, norm = check.positive(rho=rho), array_namespace(X).linalg.vector_norm
    return Residuals(
        norm(after.u - after.v),
        norm(slacks(X, D, after.u) - after.s),
        rho * norm(after.v - before.v),
        rho * norm(_slacks_transposed(X, D, after.s - before.s)),
    )


def _drive(X, D, advance, *, rho, steps, tolerance, record, progress):
    """States of ADMM until all residuals are <= `tolerance` (if > 0), or `steps` are done."""
    tolerance = check.nonnegative(tolerance=tolerance)

    def move(carry, k):
        state = advance(carry[0], k)
        largest = max(map(float, residuals(X, D, carry[0], state, rho=rho))) if tolerance else math.inf
        return state, largest

    run = iterate(
        move,
        (init(X, D), math.inf),
        steps=steps,
        record=record and (lambda carry: record(carry[0])),
        stop=lambda carry: carry[1] <= tolerance,
        progress=progress,
    )
    return run.state[0].v, run._replace(state=run.state[0])


def admm(X, y, D, *, beta, rho=0.1, gamma=None, steps=1000, tolerance=0.0, record=None, progress=None):
    """Train by ADMM: the global optimum of the convex program with squared loss.

    Parameters
    ----------
    X, y, D : array, shapes [n, d], [n], [n, P]
        Data, targets, distinct activation patterns.
    beta : float
        Weight decay > 0.
    rho, gamma : float
        Penalty and dual step, as in `prepare` and `admm_step`.
    steps : int, default: 1000
        The most steps.
    tolerance : float, default: 0
        Stop when no residual is larger; 0 never stops.
    record : callable, optional
        ``record(state) -> dict``, added to the history at the start and after each step.
    progress : str, optional
        Title of a progress bar.

    Returns
    -------
    weights : array, shape [2, d, P]
        v: exactly sparse, for `recover`. It satisfies the cone constraints up to the residuals.
    run : core.loop.Run
        Its `state` is the last `ADMMState`.

    Raises
    ------
    TypeError, ValueError
        As `prepare` and `admm_step`.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.array([[1.0, 2.0], [-1.0, 0.5], [0.5, -1.0]])
    >>> D, y = all_patterns(X), np.array([1.0, -1.0, 0.5])
    >>> weights, run = admm(X, y, D, beta=0.1, steps=5000, tolerance=1e-9)
    >>> program, network = objective(X, D, y, weights, beta=0.1), recover(weights)
    >>> run.stopped, bool(abs(program - network_objective(X, y, network, beta=0.1)) < 1e-8)
    (True, True)
    """
    setup = prepare(X, D, rho=rho)
    return _drive(
        X,
        D,
        lambda state, k: admm_step(setup, y, state, beta=beta, gamma=gamma),
        rho=setup.rho,
        steps=steps,
        tolerance=tolerance,
        record=record,
        progress=progress,
    )


# ADMM by random blocks ----------------------------------------------------------------------------------------------


def block_step(X, D, y, state, outputs, i, *, rho=0.1, loss="squared", armijo=1e-3, factor=2.5, floor=1e-8):
    """One descent step of ADMM's smooth part on the 2 d weights of pattern i.

    Parameters
    ----------
    X, D, y : array, shapes [n, d], [n, P], [n]
        Data, activation patterns, targets.
    state : ADMMState
        Of which u is changed, in pattern i alone.
    outputs : array, shape [n]
        `predict(X, D, state.u)`, carried along.
    i : int
        Pattern, from 0.
    rho : float, default: 0.1
        Penalty > 0.
    loss : {"squared", "cross_entropy"}, default: "squared"
        As in `objective`.
    armijo, factor, floor : float
        The step is 1, divided by `factor` until the function falls by `armijo` times the step times the squared
        gradient, but not below `floor`.

    Returns
    -------
    state : ADMMState
        After the step.
    outputs : array, shape [n]
        Of the new u.
    decrease : float
        By how much the function fell.

    Notes
    -----
    Equations (convex_relu-16) and (convex_relu-17); O(n d) operations. Arguments are not checked: see `block_descent`.

    Examples
    --------
    >>> import numpy as np
    >>> X, D = np.array([[1.0]]), np.array([[1.0]])
    >>> state, outputs, decrease = block_step(X, D, np.array([1.0]), init(X, D), np.zeros(1), 0, rho=0.1)
    >>> state.u.tolist(), outputs.tolist()
    ([[[0.4]], [[-0.4]]], [0.8])
    """
    check.finite(X=X, D=D, y=y, outputs=outputs)
    _check_state(X, D, y, state)
    check.shapes(y=(y, "n"), outputs=(outputs, "n"))
    armijo, factor, floor = check.positive(armijo=armijo, factor=factor, floor=floor)
    i, rho = check.integer(i=i, below=D.shape[1]), check.positive(rho=rho)
    check.choice(LOSSES, loss=loss)
    xp = array_namespace(X, D, y, state.u, outputs)
    value, slope = LOSSES[loss]
    seen, side = D[:, i], 2 * D[:, i] - 1
    u, v, lam, s, nu = (part[:, :, i] for part in state)
    gap, strain = u - v + lam, side * (u @ xp.matrix_transpose(X)) - s + nu  # [2, d], [2, n]
    pull = (seen * slope(outputs, y)) @ X
    g = xp.stack([pull, -pull]) + rho * (gap + (side * strain) @ X)  # (convex_relu-16)
    turned = side * (g @ xp.matrix_transpose(X))
    moved = seen * (X @ (g[0, :] - g[1, :]))

    def total(t):
        penalty = xp.sum((gap - t * g) ** 2) + xp.sum((strain - t * turned) ** 2)
        return float(value(outputs - t * moved, y) + (rho / 2) * penalty)

    t, start, squares = 1.0, total(0.0), float(xp.sum(g * g))
    while total(t) > start - armijo * t * squares and t > floor:  # (convex_relu-17)
        t = max(t / factor, floor)
    chosen = xp.arange(D.shape[1], device=device(D)) == i
    u = xp.where(chosen, state.u - t * g[:, :, None], state.u)
    return state._replace(u=u), outputs - t * moved, start - total(t)


def block_descent(X, D, y, state, blocks, *, rho=0.1, loss="squared", **search):
    """Replace u by that after one `block_step` for each entry of `blocks`; arguments as there.

    Parameters
    ----------
    X, D, y : array, shapes [n, d], [n, P], [n]
        Data, activation patterns, targets.
    state : ADMMState
        Where to start.
    blocks : sequence of int
        Patterns, from 0 to P - 1.
    rho : float, default: 0.1
        Penalty > 0.
    loss : {"squared", "cross_entropy"}, default: "squared"
        As in `objective`.
    **search
        `armijo`, `factor`, `floor` of `block_step`.

    Returns
    -------
    state : ADMMState
        With the new u.
    decrease : float
        By how much the function fell per block, on average.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, an entry is not finite, `D` or the classes `y` are not 0 and 1, a block does
        not exist, or `rho` is not positive.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.array([[1.0, 2.0], [-1.0, 0.5], [0.5, -1.0]])
    >>> D = np.array([[1.0, 1.0, 0.0], [0.0, 1.0, 0.0], [1.0, 0.0, 1.0]])
    >>> y = np.array([1.0, -1.0, 0.5])
    >>> block_descent(X, D, y, init(X, D), [0, 1, 2, 1], rho=0.5)[0].u[0]
    array([[ 0.08     ,  0.2193408,  0.1224   ],
           [ 0.096    , -0.1212288, -0.2448   ]])
    """
    _check_data(X, D, y, loss)
    _check_state(X, D, y, state)
    rho = check.positive(rho=rho)
    check.sequence(blocks=blocks)
    blocks = [check.integer(blocks=block) for block in blocks]
    if max(blocks) >= D.shape[1]:
        raise ValueError(f"blocks must be patterns in [0, {D.shape[1]}), at least one, got {blocks}")
    outputs, fallen = predict(X, D, state.u), 0.0
    for i in blocks:
        state, outputs, decrease = block_step(X, D, y, state, outputs, i, rho=rho, loss=loss, **search)
        fallen += decrease
    return state, fallen / len(blocks)


def admm_rbcd(
    X,
    y,
    D,
    rng,
    *,
    beta,
    rho=0.1,
    gamma=None,
    loss="squared",
    steps=400,
    blocks=None,
    windows=1,
    enough=0.0,
    tolerance=0.0,
    record=None,
    progress=None,
    **search,
):
    """Train by ADMM whose first step is random block descent: no linear system, any smooth loss.

    Parameters
    ----------
    X, y, D : array, shapes [n, d], [n], [n, P]
        Data, targets (0 or 1 for the cross-entropy), activation patterns.
    rng : numpy.random.Generator
        From `core.random.stream`; patterns are drawn uniformly.
    beta, rho, gamma : float
        As in `admm`.
    loss : {"squared", "cross_entropy"}, default: "squared"
        As in `objective`.
    steps : int, default: 400
        The most steps of ADMM.
    blocks : int, optional
        Blocks of a window, 3 P by default.
    windows : int, default: 1
        The most windows in a step of ADMM.
    enough : float, default: 0
        No further window where the mean decrease per block was <= `enough`.
    tolerance, record, progress
        As in `admm`.
    **search
        `armijo`, `factor`, `floor` of `block_step`.

    Returns
    -------
    weights : array, shape [2, d, P]
        v.
    run : core.loop.Run
        Its `state` is the last `ADMMState`.

    Raises
    ------
    TypeError, ValueError
        As `block_descent`.

    Examples
    --------
    >>> import numpy as np
    >>> from refimpl.core.random import stream
    >>> X = np.array([[1.0, 2.0], [-1.0, 0.5], [0.5, -1.0]])
    >>> D, y = all_patterns(X), np.array([1.0, -1.0, 0.5])
    >>> weights, _ = admm_rbcd(X, y, D, stream(0, "doc"), beta=0.1, steps=100)
    >>> best, _ = admm(X, y, D, beta=0.1, steps=1000)
    >>> values = [float(objective(X, D, y, x, beta=0.1)) for x in (weights, best)]
    >>> values[0] / values[1] < 1.01
    True
    """
    _check_data(X, D, y, loss)
    check.rng(rng=rng)
    beta, rho, gamma = check.positive(beta=beta, rho=rho, gamma=rho if gamma is None else gamma)
    blocks = check.integer(blocks=3 * D.shape[1] if blocks is None else blocks, minimum=1)
    windows, enough = check.integer(windows=windows, minimum=1), check.nonnegative(enough=enough)

    def advance(state, k):
        for _ in range(windows):
            chosen = rng.integers(0, D.shape[1], blocks).tolist()
            state, fallen = block_descent(X, D, y, state, chosen, rho=rho, loss=loss, **search)
            if fallen <= enough:
                break
        return _settle(X, D, state, beta, rho, gamma)

    return _drive(X, D, advance, rho=rho, steps=steps, tolerance=tolerance, record=record, progress=progress)


# The sampled convex program -----------------------------------------------------------------------------------------


class SCPState(NamedTuple):
    """What accelerated gradient descent on the second layer carries from step to step."""

    alpha: Array  # [N] second layer
    point: Array  # [N] where the next gradient is taken
    momentum: float  # t >= 1


def random_features(X, draws):
    """First-layer outputs Z = (X U)_+ of neurons in random directions, and those directions.

    Parameters
    ----------
    X : array, shape [n, d], floating point
        Data.
    draws : array, shape [N, d], like `X`
        Standard normal; only their directions count.

    Returns
    -------
    Z : array, shape [n, N]
        Outputs.
    U : array, shape [d, N]
        Unit columns.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, an entry is not finite, or a draw is zero.

    Notes
    -----
    Equation (convex_relu-18).

    Examples
    --------
    >>> import numpy as np
    >>> random_features(np.array([[5.0, 10.0]]), np.array([[3.0, 4.0], [0.0, -2.0]]))[0]
    array([[11.,  0.]])
    """
    check.finite(X=X, draws=draws)
    check.shapes(X=(X, "n d"), draws=(draws, "N d"))
    xp = array_namespace(X, draws)
    if not bool(xp.all(xp.any(draws != 0, axis=1))):
        raise ValueError("draws must have a direction, got a row of zeros")
    U = xp.matrix_transpose(unit(draws, axis=1))
    return xp.maximum(X @ U, 0.0), U  # (convex_relu-18)


def lipschitz(Z):
    """Largest eigenvalue of Z^T Z; 1 if Z is zero.

    Examples
    --------
    >>> import numpy as np
    >>> lipschitz(np.array([[3.0, 0.0], [0.0, 1.0]]))
    9.0
    """
    check.finite(Z=Z), check.shapes(Z=(Z, "n m"))
    xp = array_namespace(Z)
    return float(xp.max(xp.linalg.svdvals(Z))) ** 2 or 1.0


def scp_step(Z, y, state, *, beta, L):
    """One step of accelerated proximal gradient (FISTA) with restart on the second layer.

    Parameters
    ----------
    Z : array, shape [n, N], floating point
        First-layer outputs.
    y : array, shape [n], like `Z`
        Targets.
    state : SCPState
        From the last step; all zeros with momentum 1 at the start.
    beta : float
        Weight decay > 0.
    L : float
        Lipschitz constant > 0 of the gradient: see `lipschitz`.

    Returns
    -------
    SCPState
        After the step.

    Notes
    -----
    Equations (convex_relu-19) to (convex_relu-21).

    Examples
    --------
    >>> import numpy as np
    >>> zero = np.zeros(2)
    >>> scp_step(np.eye(2), np.array([1.0, -0.1]), SCPState(zero, zero, 1.0), beta=0.25, L=1.0).alpha
    array([ 0.75, -0.  ])
    """
    state = check.fields(SCPState, state=state)
    check.finite(Z=Z, y=y)
    beta, L = check.positive(beta=beta, L=L)
    check.shapes(Z=(Z, "n N"), y=(y, "n"), alpha=(state.alpha, "N"), point=(state.point, "N"))
    xp = array_namespace(Z, y, state.alpha)
    forward = state.point - (Z @ state.point - y) @ Z / L
    alpha = xp.sign(forward) * xp.maximum(abs(forward) - beta / L, 0.0)  # (convex_relu-19)
    moved = alpha - state.alpha
    t = 1.0 if float(xp.sum((state.point - alpha) * moved)) > 0 else state.momentum  # (convex_relu-20)
    momentum = (1 + math.sqrt(1 + 4 * t * t)) / 2
    return SCPState(alpha, alpha + ((t - 1) / momentum) * moved, momentum)  # (convex_relu-21)


def scp(X, y, draws, *, beta, steps=6000, tolerance=0.0, record=None, progress=None):
    """Train the sampled convex program: random first layer, second layer with an l1 penalty (a Lasso).

    Parameters
    ----------
    X, y : array, shapes [n, d], [n]
        Data and targets, floating point.
    draws : array, shape [N, d], like `X`
        Standard normal: directions of the neurons.
    beta : float
        Weight decay > 0.
    steps : int, default: 6000
        The most steps of FISTA. For N = 400 neurons in 3 dimensions they are too few: some correlations are then 5 %
        above beta.
    tolerance : float, default: 0
        Stop when the gradient step from the extrapolated point is at most `tolerance` times beta; 0 never stops.
    record : callable, optional
        ``record(state) -> dict``, added to the history at the start and after each step.
    progress : str, optional
        Title of a progress bar.

    Returns
    -------
    network : Network
        Neurons (u_i, alpha_i); those with alpha_i = 0 are kept.
    run : core.loop.Run
        Its `state` is the last `SCPState`.

    Raises
    ------
    TypeError, ValueError
        As `random_features`, or if `y` is not finite or `beta` not positive.

    Examples
    --------
    >>> import numpy as np
    >>> network, _ = scp(np.array([[1.0], [2.0]]), np.array([1.0, 2.0]), np.array([[3.0], [-1.0]]), beta=0.5)
    >>> network.second
    array([0.9, 0. ])
    """
    check.finite(y=y)
    check.shapes(X=(X, "n d"), y=(y, "n"))
    beta, tolerance = check.positive(beta=beta), check.nonnegative(tolerance=tolerance)
    Z, U = random_features(X, draws)
    xp, L = array_namespace(Z), lipschitz(Z)
    zero = xp.zeros_like(Z[0, :])

    def move(carry, k):
        state = scp_step(Z, y, carry[0], beta=beta, L=L)
        return state, float(xp.max(abs(state.alpha - carry[0].point))) if tolerance else math.inf

    run = iterate(
        move,
        (SCPState(zero, zero, 1.0), math.inf),
        steps=steps,
        record=record and (lambda carry: record(carry[0])),
        stop=lambda carry: L * carry[1] <= tolerance * beta,
        progress=progress,
    )
    return Network(U, run.state[0].alpha), run._replace(state=run.state[0])
