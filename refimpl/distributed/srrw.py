"""SRRW, the self-repellent random walk, as the sampler of token algorithms (Hu et al., 2024, arXiv:2401.09665).

A token walks over a network and takes a gradient step at each node that it visits. Where it has been too often it is
the less likely to go, with strength alpha: in the limit the noise of the iterates falls like 1 / alpha^2. The walk
itself is that of Doshi et al. (2023, arXiv:2305.05097).
"""

from typing import NamedTuple

from refimpl.core import check, random
from refimpl.core.arrays import Array, array_namespace, device, is_array
from refimpl.core.linalg import length, solve_lyapunov, spectral_abscissa
from refimpl.core.loop import iterate

SLACK = 1e-5  # how far rows may be from 1 and flows from their reverse: float32 rounds them


class Chain(NamedTuple):
    """A reversible base chain and its stationary law."""

    P: Array  # [N, N] transition probabilities, rows sum to 1
    mu: Array  # [N] stationary law, > 0, sums to 1


class SRRWState(NamedTuple):
    """Where a token is, and what it has seen; of R tokens side by side with R in front."""

    node: Array  # 0-d or [R] integer: who holds the token
    x: Array  # [N] or [R, N] weighted frequency of the visits, > 0, sums to 1


class Prediction(NamedTuple):
    """Covariances that the linearized recursions have after each step."""

    theta: Array  # [n, d, d] of theta_k
    x: Array  # [n, N, N] of x_k


# Base chains ----------------------------------------------------------------------------------------------------


def chain(P, mu):
    """Check a base chain, and scale its law to sum 1.

    Parameters
    ----------
    P : array, shape [N, N], floating point
        Probability of going from i to j: >= 0, rows sum to 1, reversible, mu_i P_ij = mu_j P_ji.
    mu : array, shape [N], floating point
        Its law, > 0, up to a factor.

    Returns
    -------
    Chain
        Of `P` and ``mu / sum(mu)``.

    Raises
    ------
    TypeError, ValueError
        If an array is not as above, up to 1e-5 for what has been rounded.

    Examples
    --------
    >>> import numpy as np
    >>> chain(np.array([[0.5, 0.5], [0.25, 0.75]]), np.array([1.0, 2.0])).mu.round(3)
    array([0.333, 0.667])
    """
    check.finite(P=P, mu=mu)
    check.shapes(P=(P, "N N"), mu=(mu, "N"))
    xp = array_namespace(P, mu)
    _positive(mu=mu)
    if not bool(xp.all(P >= 0)):
        raise ValueError(f"P must be >= 0 everywhere, got {float(xp.min(P))!r} as its smallest entry")
    if (gap := float(xp.max(xp.abs(xp.sum(P, axis=1) - 1)))) > SLACK:
        raise ValueError(f"P must have rows that sum to 1, got one that is off by {gap!r}")
    mu = mu / xp.sum(mu)
    flow = mu[:, None] * P
    if (gap := float(xp.max(xp.abs(flow - xp.matrix_transpose(flow))))) > SLACK * float(xp.max(flow)):
        raise ValueError(f"P must be reversible for mu, mu_i P_ij = mu_j P_ji, got two flows that differ by {gap!r}")
    return Chain(P, mu)


def _checked(chain):
    """A chain from outside; that it is reversible is for `chain` to see."""
    check.instance(Chain, chain=chain)
    check.finite(P=chain.P, mu=chain.mu)
    N = check.shapes(P=(chain.P, "N N"), mu=(chain.mu, "N"))["N"]
    _positive(mu=chain.mu)
    return N


def _positive(**named):
    ((name, value),) = named.items()
    xp = array_namespace(value)
    if not bool(xp.all(value > 0)):
        raise ValueError(f"{name} must be > 0 everywhere, got {float(xp.min(value))!r} as its smallest entry")


def _degrees(adjacency):
    """Number of neighbours of each node [N] of a checked graph."""
    check.finite(adjacency=adjacency)
    check.shapes(adjacency=(adjacency, "N N"))
    xp = array_namespace(adjacency)
    zeros_and_ones = xp.all((adjacency == 0) | (adjacency == 1))
    if not bool(zeros_and_ones & xp.all(adjacency == xp.matrix_transpose(adjacency))):
        raise ValueError("adjacency must be symmetric, of zeros and ones")
    degrees = xp.sum(adjacency, axis=1)
    if not bool(xp.all(xp.linalg.diagonal(adjacency) == 0) & xp.all(degrees > 0)):
        raise ValueError("adjacency must join every node to another one, and none to itself")
    return degrees


def metropolis(adjacency):
    """Metropolis-Hastings walk of a graph: go to each neighbour with probability min(1 / d_i, 1 / d_j), else stay.

    Parameters
    ----------
    adjacency : array, shape [N, N], floating point
        Symmetric, of zeros and ones, zeros on the diagonal, no row without a one; d_i is the sum of row i.

    Returns
    -------
    Chain
        Its law is uniform.

    Raises
    ------
    TypeError, ValueError
        If `adjacency` is no such matrix.

    Notes
    -----
    Equation (srrw-1) of the documentation; the base chain of the paper's experiments.

    Examples
    --------
    >>> import numpy as np
    >>> metropolis(np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 1.0], [0.0, 1.0, 0.0]])).P
    array([[0.5, 0.5, 0. ],
           [0.5, 0. , 0.5],
           [0. , 0.5, 0.5]])
    """
    degrees = _degrees(adjacency)
    xp = array_namespace(adjacency)
    away = adjacency / xp.maximum(degrees[:, None], degrees[None, :])  # (srrw-1)
    stay = xp.clip(1 - xp.sum(away, axis=1), min=0.0)
    N = adjacency.shape[0]
    return Chain(away + stay[:, None] * _eye(N, away), xp.ones_like(degrees) / N)


def simple_walk(adjacency):
    """Simple random walk of a graph: to each neighbour with the same probability; arguments as for `metropolis`.

    Returns
    -------
    Chain
        Its law is proportional to the degrees; weigh the local update with 1 / (N mu_i) for a uniform objective.

    Examples
    --------
    >>> import numpy as np
    >>> simple_walk(np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 1.0], [0.0, 1.0, 0.0]])).mu
    array([0.25, 0.5 , 0.25])
    """
    degrees = _degrees(adjacency)
    xp = array_namespace(adjacency)
    return Chain(adjacency / degrees[:, None], degrees / xp.sum(degrees))  # (srrw-2)


def _eye(n, like):
    return array_namespace(like).eye(n, dtype=like.dtype, device=device(like))


# The walk -------------------------------------------------------------------------------------------------------


def init(chain, node, x=None):
    """A token at a node, or several.

    Parameters
    ----------
    chain : Chain
        From `chain`, `metropolis` or `simple_walk`.
    node : int, or array [R] of int
        Where the token, or each of R tokens, is.
    x : array, shape [N] or [R, N], like `chain.mu`, optional
        Frequencies to start with, in the interior of the simplex: > 0, sum 1. Default: uniform.

    Returns
    -------
    SRRWState
        With an `x` for each token.

    Raises
    ------
    TypeError, ValueError
        If a node is not there, or `x` is no such array. (A frequency of 0 would repel with infinite strength.)

    Examples
    --------
    >>> import numpy as np
    >>> init(Chain(np.full((2, 2), 0.5), np.full(2, 0.5)), 1)
    SRRWState(node=array(1), x=array([0.5, 0.5]))
    >>> init(Chain(np.full((2, 2), 0.5), np.full(2, 0.5)), 1, np.array([0.0, 1.0]))
    Traceback (most recent call last):
    ValueError: x must be in the interior of the simplex, all entries > 0, got 0.0 as its smallest entry
    """
    N, xp = _checked(chain), array_namespace(chain.mu)
    if not is_array(node):
        node = xp.asarray(check.integer(node=node), device=device(chain.mu))
    _nodes(node, N)
    tokens = tuple(node.shape)
    if x is None:
        return SRRWState(node, xp.full((*tokens, N), 1 / N, dtype=chain.mu.dtype, device=device(chain.mu)))
    check.finite(x=x)
    if tuple(x.shape) not in {(N,), (*tokens, N)}:
        raise ValueError(f"x must have shape {(N,)} or {(*tokens, N)}, got {tuple(x.shape)}")
    _interior(x)
    if (gap := float(xp.max(xp.abs(xp.sum(x, axis=-1) - 1)))) > SLACK:
        raise ValueError(f"x must sum to 1, got a sum that is off by {gap!r}")
    return SRRWState(node, xp.broadcast_to(x, (*tokens, N)))


def _nodes(node, N):
    """Integers [] or [R] in [0, N)."""
    xp = array_namespace(node)
    if not xp.isdtype(node.dtype, "integral") or len(node.shape) > 1:
        raise TypeError(f"node must be an integer or an integer array [R], got {node.dtype} and {tuple(node.shape)}")
    if not bool(xp.all((node >= 0) & (node < N))):
        raise ValueError(f"node must be in 0, ..., {N - 1}, got {int(xp.min(node))} to {int(xp.max(node))}")


def _interior(x):
    xp = array_namespace(x)
    if not bool(xp.all(x > 0)):
        smallest = float(xp.min(x))
        raise ValueError(
            f"x must be in the interior of the simplex, all entries > 0, got {smallest!r} as its smallest entry"
        )


def _weights(row, x, mu, alpha):
    """Proportional to K[x]; the largest power is taken off, so that no alpha overflows."""
    xp = array_namespace(row, x, mu)
    power = -alpha * xp.log(x / mu)  # (srrw-3)
    largest = xp.max(xp.where(row > 0, power, -xp.inf), axis=-1, keepdims=True)
    return row * xp.exp(xp.clip(power - largest, max=0.0))  # (srrw-4)


def kernel_row(row, x, mu, *, alpha):
    """Where the token goes from a node: the row K[x] of the self-repellent kernel.

    Parameters
    ----------
    row : array, shape [N] or [..., N], floating point
        Row of the base chain: >= 0, somewhere > 0. A factor cancels, and so does one in `x` or `mu`.
    x : array, like `row`
        Frequencies of the visits so far, > 0.
    mu : array, shape [N]
        Target law, > 0.
    alpha : float
        Strength >= 0; 0 is the base chain.

    Returns
    -------
    array, like `row`
        Probabilities; exactly 0 where the base chain does not go.

    Raises
    ------
    TypeError, ValueError
        If an array or `alpha` is not as above.

    Notes
    -----
    Equations (srrw-3) and (srrw-4) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> kernel_row(np.array([0.0, 0.5, 0.5]), np.array([0.5, 0.1, 0.4]), np.full(3, 1 / 3), alpha=1.0)
    array([0. , 0.8, 0.2])
    """
    check.finite(row=row, x=x, mu=mu)
    check.like(row, x=x)
    check.shapes(mu=(mu, str(row.shape[-1])))
    alpha = check.nonnegative(alpha=alpha)
    _interior(x)
    xp = array_namespace(row, x, mu)
    _positive(mu=mu)
    if not bool(xp.all(row >= 0) & xp.all(xp.max(row, axis=-1) > 0)):
        raise ValueError("row must be >= 0, and > 0 somewhere")
    row, x, mu = (v / xp.max(v, axis=-1, keepdims=True) for v in (row, x, mu))
    weights = _weights(row, x, mu, alpha)
    return weights / xp.sum(weights, axis=-1, keepdims=True)


def draw(weights, u):
    """Inverse of the cumulative sum: the first node at which it exceeds u times the total.

    Parameters
    ----------
    weights : array, shape [N] or [R, N], floating point
        >= 0, up to a factor, not all 0. They are added up in double precision.
    u : array, shape [] or [R], like `weights`
        Uniform draws in [0, 1].

    Returns
    -------
    array, shape [] or [R]
        Integers. 0 passes over leading weights of 0; 1, to which float32 may round a draw, gives the last node with a
        weight.

    Raises
    ------
    TypeError, ValueError
        If shapes do not fit, a draw is outside [0, 1], or a token has a negative weight or none > 0.

    Notes
    -----
    Equation (srrw-5) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> draw(np.array([[0.0, 1.0, 2.0, 0.0]] * 4), np.array([0.0, 0.3, 0.4, 1.0]))
    array([1, 1, 2, 2])
    """
    check.finite(weights=weights), check.floating(u=u)
    xp = array_namespace(weights, u)
    if tuple(u.shape) != tuple(weights.shape[:-1]):
        raise ValueError(f"u must have shape {tuple(weights.shape[:-1])}, one draw a token, got {tuple(u.shape)}")
    if not bool(xp.all((u >= 0) & (u <= 1))):  # written so that NaN is refused
        raise ValueError("u must be in [0, 1]")
    S = xp.cumulative_sum(weights, axis=-1, dtype=xp.float64)
    if not bool(xp.all(weights >= 0) & xp.all(S[..., -1] > 0)):
        raise ValueError("weights must be >= 0, and > 0 somewhere for each token")
    u = xp.astype(u, xp.float64)
    beyond = (u[..., None] * S[..., -1:] < S) | (S[..., -1:] <= S)
    return xp.asarray(xp.argmax(xp.astype(beyond, weights.dtype), axis=-1))  # (srrw-5)


def step(state, u, chain, *, alpha, gamma):
    """One step of the walk, of one token or of many.

    Parameters
    ----------
    state : SRRWState
        From `init` or the last step.
    u : array, shape [] or [R], like `chain.mu`
        A uniform draw for each token.
    chain : Chain
        The base chain.
    alpha : float
        Strength >= 0 of the repulsion.
    gamma : float
        Step size of x, in [0, 1): gamma_{n+1} = (n + 2)^(-a) in step n = 0, 1, ...; never 1, which would put x on a
        vertex of the simplex.

    Returns
    -------
    SRRWState
        The new node, and x after it was counted.

    Raises
    ------
    TypeError, ValueError
        If shapes do not fit, a draw is outside [0, 1], or a number is out of range.

    Notes
    -----
    Equations (srrw-3), (srrw-5) and (srrw-6) of the documentation; the first two lines of the paper's recursion.

    Examples
    --------
    >>> import numpy as np
    >>> two = Chain(np.full((2, 2), 0.5), np.full(2, 0.5))
    >>> step(init(two, 1), np.array(0.25), two, alpha=2.0, gamma=0.5)
    SRRWState(node=array(0), x=array([0.75, 0.25]))
    """
    check.fields(SRRWState, state=state)
    N, xp = _checked(chain), array_namespace(chain.P, state.x)
    alpha, gamma = check.nonnegative(alpha=alpha), check.fraction(gamma=gamma)
    check.array(node=state.node), _nodes(state.node, N)
    check.finite(x=state.x), _interior(state.x)
    if tuple(state.x.shape) != (*state.node.shape, N):
        raise ValueError(f"state.x must have shape {(*state.node.shape, N)}, got {tuple(state.x.shape)}")
    rows = xp.take(chain.P, xp.reshape(state.node, (-1,)), axis=0)
    weights = _weights(xp.reshape(rows, tuple(state.x.shape)), state.x, chain.mu, alpha)
    node = draw(weights, u)
    visit = xp.astype(xp.arange(state.x.shape[-1], device=device(state.x)) == node[..., None], state.x.dtype)
    x = state.x + gamma * (visit - state.x)  # (srrw-6)
    return SRRWState(node, x)


def sa_step(theta, state, u, chain, local, *, alpha, gamma, beta, radius=None):
    """One step of stochastic approximation along the walk: the token moves, then its new holder updates theta.

    Parameters
    ----------
    theta : array, shape [d] or [R, d], floating point
        What the token carries.
    state, u, chain, alpha, gamma
        As for `step`.
    local : callable
        ``local(theta, node) -> array like theta``: H(theta, i), such as minus the gradient of f_i at theta.
    beta : float
        Step size of theta, > 0.
    radius : float, optional
        Project theta onto the ball of this radius; the theory takes bounded iterates for granted.

    Returns
    -------
    theta : array
        Like `theta`.
    state : SRRWState
        After `step`.

    Raises
    ------
    TypeError, ValueError
        As `step`, or if what `local` returns is not like `theta` or not finite.

    Notes
    -----
    Equation (srrw-7) of the documentation; all three lines of the paper's recursion.

    Examples
    --------
    >>> import numpy as np
    >>> two, C = Chain(np.full((2, 2), 0.5), np.full(2, 0.5)), np.array([[1.0], [3.0]])
    >>> rates = {"alpha": 2.0, "gamma": 0.5, "beta": 0.5}
    >>> sa_step(np.zeros(1), init(two, 0), np.array(0.75), two, lambda theta, i: C[i] - theta, **rates)
    (array([1.5]), SRRWState(node=array(1), x=array([0.25, 0.75])))
    """
    check.fields(SRRWState, state=state), _checked(chain), check.function(local=local)
    check.finite(theta=theta)
    beta = check.positive(beta=beta)
    state = step(state, u, chain, alpha=alpha, gamma=gamma)
    update = local(theta, state.node)
    check.like(theta, **{"local's update": update}), check.finite(**{"local's update": update})
    theta = theta + beta * update  # (srrw-7)
    if radius is not None:
        radius = check.positive(radius=radius)
        theta = theta * (radius / array_namespace(theta).clip(length(theta), min=radius))
    return theta, state


def step_size(n, exponent):
    """(n + 1)^(-exponent): gamma_n with the exponent a, beta_n with b; the first step is n = 1.

    Examples
    --------
    >>> step_size(1, 1.0), step_size(15, 0.75)
    (0.5, 0.125)
    """
    exponent = check.number(exponent=exponent)
    if not 0.5 < exponent <= 1:
        raise ValueError(f"exponent must be a number in (0.5, 1], got {exponent!r}")
    return (check.integer(n=n, minimum=1) + 1.0) ** -exponent  # (srrw-8)


def run(theta, state, chain, local, *, steps, rng, alpha, a=0.8, b=0.9, scale=1.0, radius=None, record=None):
    """Walk and learn for many steps.

    Parameters
    ----------
    theta, state, chain, local, alpha, radius
        As for `sa_step`.
    steps : int
        >= 0.
    rng : numpy.random.Generator
        From `core.random.stream`: a uniform draw for each token in each step.
    a, b : float, default: 0.8 and 0.9
        Exponents in (0.5, 1] of the step sizes of x and theta. With a < b the visits are counted faster than theta
        learns; only then the repulsion pays in full.
    scale : float, default: 1.0
        Factor > 0 of the step size of theta.
    record : callable, optional
        ``record(theta, state) -> dict``, collected at the start and after each step.

    Returns
    -------
    theta : array
        After the last step.
    run : core.loop.Run
        Its `state` is (theta, SRRWState).

    Examples
    --------
    >>> import numpy as np
    >>> walk, C = metropolis(np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 1.0], [0.0, 1.0, 0.0]])), np.array([1.0, 2.0, 6.0])
    >>> theta, _ = run(np.zeros(1), init(walk, 0), walk, lambda theta, i: C[i] - theta, steps=1000,
    ...                rng=random.stream(0, "doc"), alpha=5.0)
    >>> bool(abs(theta[0] - 3.0) < 0.05)
    True
    """
    check.fields(SRRWState, state=state), _checked(chain), check.function(local=local)
    check.finite(theta=theta)
    check.array(node=state.node)
    scale, tokens = check.positive(scale=scale), tuple(state.node.shape)

    def one(carry, n):
        u = random.uniform(rng, tokens, like=chain.mu)
        rates = {"alpha": alpha, "gamma": step_size(n, a), "beta": scale * step_size(n, b), "radius": radius}
        theta, state = carry
        return sa_step(theta, state, u, chain, local, **rates)

    done = iterate(one, (theta, state), steps=steps, record=record and (lambda carry: record(*carry)))
    return done.state[0], done


# What the theory says of the noise --------------------------------------------------------------------------------


def spectrum(chain):
    """Eigenvalues of the base chain other than 1, and its modes.

    Parameters
    ----------
    chain : Chain
        As for `step`.

    Returns
    -------
    eigenvalues : array [N - 1]
        lambda_i, smallest first, in [-1, 1).
    modes : array [N, N - 1]
        u_i in columns: P^T u_i = lambda_i u_i, and the sum of u_i u_i^T is diag(mu) - mu mu^T.

    Raises
    ------
    ValueError
        If 1 is a double eigenvalue: the chain falls into parts.

    Notes
    -----
    Equation (srrw-9) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> spectrum(Chain(np.array([[0.75, 0.25], [0.25, 0.75]]), np.full(2, 0.5)))[0]
    array([0.5])
    """
    _checked(chain)
    xp = array_namespace(chain.P)
    root = xp.sqrt(chain.mu)
    S = root[:, None] * chain.P / root[None, :]
    eigenvalues, w = xp.linalg.eigh((S + xp.matrix_transpose(S)) / 2)
    eigenvalues, modes = eigenvalues[:-1], root[:, None] * w[:, :-1]  # (srrw-9)
    if eigenvalues.shape[0] and float(eigenvalues[-1]) > 1 - SLACK:
        raise ValueError("P must be irreducible: each node must be reached from each other one, got a second "
                         f"eigenvalue of {float(eigenvalues[-1])!r}")  # fmt: skip
    return eigenvalues, modes


def _combined(factors, modes):
    """sum_i factor_i u_i u_i^T."""
    return (modes * factors) @ array_namespace(modes).matrix_transpose(modes)


def _last(exponent, **named):
    """1 for steps like 1 / n, else 0: such steps are so short that the limit feels them."""
    exponent = check.positive(**named)
    if not 0.5 < exponent <= 1:
        raise ValueError(f"{next(iter(named))} must be a number in (0.5, 1], got {exponent!r}")
    return 1.0 if exponent == 1 else 0.0


def covariance_x(chain, *, alpha, a):
    """Limit of the covariance of (x_n - mu) / sqrt(gamma_n).

    Parameters
    ----------
    chain, alpha
        As for `step`.
    a : float in (0.5, 1]
        Exponent of gamma_n = (n + 1)^(-a).

    Returns
    -------
    array, shape [N, N]
        V_x.

    Raises
    ------
    TypeError, ValueError
        If a number is out of range, or the chain is not irreducible.

    Notes
    -----
    Equation (srrw-10) of the documentation; the paper's central limit theorem.

    Examples
    --------
    >>> import numpy as np
    >>> covariance_x(Chain(np.full((2, 2), 0.5), np.full(2, 0.5)), alpha=2.0, a=0.8)
    array([[ 0.04166667, -0.04166667],
           [-0.04166667,  0.04166667]])
    """
    _checked(chain)
    alpha, last = check.nonnegative(alpha=alpha), _last(a, a=a)
    lam, u = spectrum(chain)
    return _combined((1 + lam) / (1 - lam) / (2 * alpha * (1 + lam) + 2 - last), u)  # (srrw-10)


def noise_theta(chain, H, *, alpha):
    """Noise that drives theta if it moves on a slower time scale than x: U_theta.

    Parameters
    ----------
    chain, alpha
        As for `step`; ``alpha=0`` is what a plain token gives, and any token if theta is the faster one.
    H : array, shape [N, d], floating point
        H(theta*, i) in rows.

    Returns
    -------
    array, shape [d, d]
        Falls like 1 / alpha^2.

    Raises
    ------
    TypeError, ValueError
        If shapes do not fit, a number is out of range, or the chain is not irreducible.

    Notes
    -----
    Equation (srrw-11) of the documentation; the paper's central limit theorem.

    Examples
    --------
    >>> import numpy as np
    >>> noise_theta(Chain(np.full((2, 2), 0.5), np.full(2, 0.5)), np.array([[1.0], [-1.0]]), alpha=1.0)
    array([[0.25]])
    """
    _checked(chain)
    check.finite(H=H)
    check.shapes(mu=(chain.mu, "N"), H=(H, "N d"))
    alpha = check.nonnegative(alpha=alpha)
    lam, u = spectrum(chain)
    G = array_namespace(H).matrix_transpose(H) @ u
    return _combined((1 + lam) / (1 - lam) / (alpha * (1 + lam) + 1) ** 2, G)  # (srrw-11)


def noise_iid(mu, H):
    """The same for a token that jumps to a node drawn from mu in every step: the variance of H(theta*, i).

    Examples
    --------
    >>> import numpy as np
    >>> noise_iid(np.full(2, 0.5), np.array([[1.0], [-1.0]]))
    array([[1.]])
    """
    check.finite(mu=mu)
    check.finite(H=H)
    check.shapes(mu=(mu, "N"), H=(H, "N d"))
    away = H - mu @ H
    return array_namespace(H).matrix_transpose(away) @ (mu[:, None] * away)  # (srrw-12)


def threshold(chain):
    """Strength from which on a walking token is at least as good as one that jumps, whatever H, with a slow theta.

    Examples
    --------
    >>> import numpy as np
    >>> float(threshold(Chain(np.array([[0.8, 0.2], [0.2, 0.8]]), np.full(2, 0.5)))).__round__(6)
    0.625
    """
    _checked(chain)
    lam, _ = spectrum(chain)
    xp = array_namespace(lam)
    lam = xp.clip(lam, min=0.0)  # a mode that alternates is better than independent draws as it is
    return xp.max((xp.sqrt((1 + lam) / (1 - lam)) - 1) / (1 + lam))  # (srrw-13)


def joint(chain, H, J, *, alpha):
    """Drift and noise of (theta, x) near the end: how both recursions look under a magnifying glass.

    Parameters
    ----------
    chain, alpha
        As for `step`.
    H : array, shape [N, d]
        H(theta*, i) in rows.
    J : array, shape [d, d]
        Jacobian of the mean update at theta*; every eigenvalue has a negative real part.

    Returns
    -------
    drift, noise : array, shape [d + N, d + N]
        J_alpha and Sigma, theta first.

    Raises
    ------
    TypeError, ValueError
        If shapes do not fit, `alpha` is out of range, `J` is not stable, or the chain is not irreducible.

    Notes
    -----
    Equations (srrw-14) to (srrw-16) of the documentation. The eigenvalues of `J` are computed on the host.

    Examples
    --------
    >>> import numpy as np
    >>> two, H = Chain(np.full((2, 2), 0.5), np.full(2, 0.5)), np.array([[1.0], [-1.0]])
    >>> drift, noise = joint(two, H, np.array([[-1.0]]), alpha=1.0)
    >>> drift
    array([[-1. , -1. ,  1. ],
           [ 0. , -1.5,  0.5],
           [ 0. ,  0.5, -1.5]])
    """
    _checked(chain)
    check.finite(H=H, J=J)
    check.shapes(mu=(chain.mu, "N"), H=(H, "N d"), J=(J, "d d"))
    alpha = check.nonnegative(alpha=alpha)
    _stable(J, 0.0)
    xp, (N, d) = array_namespace(chain.P, H, J), H.shape
    eye, transposed = _eye(N, H), xp.matrix_transpose
    J_pi = 2 * alpha * chain.mu[:, None] - alpha * transposed(chain.P) - alpha * eye  # (srrw-14)
    upper = xp.concat([J, transposed(H) @ J_pi], axis=1)
    lower = xp.concat([xp.zeros((N, d), dtype=H.dtype, device=device(H)), J_pi - eye], axis=1)
    drift = xp.concat([upper, lower], axis=0)  # (srrw-15)
    lam, u = spectrum(chain)
    both = xp.concat([transposed(H) @ u, u], axis=0)
    return drift, _combined((1 + lam) / (1 - lam), both)  # (srrw-16)


def _stable(J, last):
    """Refuse a mean update that does not pull theta back (fast enough for steps like 1 / n)."""
    if (worst := spectral_abscissa(J)) >= -last / 2:
        raise ValueError(f"J must have eigenvalues with real parts < {-last / 2:g}, got one with {worst!r}")


def covariance_theta(chain, H, J, *, alpha, a, b):
    """Limit of the covariance of (theta_n - theta*) / sqrt(beta_n).

    Parameters
    ----------
    chain, H, J, alpha
        As for `joint`.
    a, b : float in (0.5, 1]
        Exponents of gamma_n and beta_n. a < b: theta is slower than x, and the noise falls like 1 / alpha^2; a > b: it
        is faster, and alpha is of no use; a = b: in between.

    Returns
    -------
    array, shape [d, d]
        V_theta.

    Raises
    ------
    TypeError, ValueError
        As `joint`; with b = 1 the eigenvalues of `J` must have real parts < -1/2.

    Notes
    -----
    Equation (srrw-17) of the documentation; cases (i), (iii) and (ii) of the paper's central limit theorem. Solved on
    the host.

    Examples
    --------
    >>> import numpy as np
    >>> two, H, J = Chain(np.full((2, 2), 0.5), np.full(2, 0.5)), np.array([[1.0], [-1.0]]), np.array([[-1.0]])
    >>> [covariance_theta(two, H, J, alpha=1.0, a=a, b=0.8).round(4).tolist() for a in (0.6, 0.8, 1.0)]
    [[[0.125]], [[0.25]], [[0.5]]]
    """
    _checked(chain)
    check.finite(H=H), check.shapes(H=(H, "N d"))
    scale = float(array_namespace(H).max(abs(H))) or 1.0  # the drift joins H with what has no scale
    return scale * (scale * _limit(chain, H / scale, J, alpha, a, b))


def _limit(chain, H, J, alpha, a, b):
    """The same, for entries of H of about 1."""
    last, _ = _last(b, b=b), _last(a, a=a)
    drift, noise = joint(chain, H, J, alpha=alpha)
    _stable(J, last)
    d = J.shape[0]
    if a != b:
        drift, noise = J, noise_theta(chain, H, alpha=alpha if a < b else 0.0)
    return solve_lyapunov(drift + last / 2 * _eye(drift.shape[0], J), noise)[:d, :d]  # (srrw-17)


def predict(chain, H, J, gamma, beta, *, alpha):
    """Covariance of theta and x after each step, by the linearized recursions: the limit is slow, this is not.

    Parameters
    ----------
    chain, H, J, alpha
        As for `joint`.
    gamma, beta : array, shape [n], like `H`
        Step sizes of x and theta, from the first step on, in (0, 1].

    Returns
    -------
    Prediction
        Of tokens that start with covariance 0. It is about the mean over tokens: theta_n also has a bias.

    Raises
    ------
    TypeError, ValueError
        As `joint`, or if the step sizes do not fit.

    Notes
    -----
    Equation (srrw-18) of the documentation; not in the paper. In the drift, steps are cut so that the linear map does
    not overshoot where the true walk does not either. It holds once gamma is well below every mu_i, and alpha gamma has
    been below 1 for a while.

    Examples
    --------
    >>> import numpy as np
    >>> two, H, J = Chain(np.full((2, 2), 0.5), np.full(2, 0.5)), np.array([[1.0], [-1.0]]), np.array([[-1.0]])
    >>> n = np.arange(2.0, 2002.0)
    >>> theta, x = predict(two, H, J, n**-0.6, n**-0.9, alpha=1.0)
    >>> (theta[-1] / n[-1] ** -0.9).round(4), (x[-1] / n[-1] ** -0.6).round(4).tolist()
    (array([[0.176]]), [[0.0636, -0.0636], [-0.0636, 0.0636]])
    """
    _checked(chain)
    check.finite(H=H, gamma=gamma, beta=beta)
    check.shapes(H=(H, "N d"), gamma=(gamma, "n"), beta=(beta, "n"))
    xp, (N, d) = array_namespace(H, gamma, beta), H.shape
    for name, rates in (("gamma", gamma), ("beta", beta)):
        if not bool(xp.all((rates > 0) & (rates <= 1))):
            raise ValueError(f"{name} must be in (0, 1] everywhere")
    drift, noise = joint(chain, H, J, alpha=alpha)
    cap = 1 / max(1 + 2 * float(alpha), float(xp.linalg.matrix_norm(J, ord=2)))
    eye, Z, steps = _eye(d + N, H), xp.zeros_like(noise), []
    for_theta = xp.concat([xp.ones_like(H[0, :]), xp.zeros_like(chain.mu)])
    for k in range(gamma.shape[0]):
        D = beta[k] * for_theta + gamma[k] * (1 - for_theta)
        M = eye + xp.clip(D, max=cap)[:, None] * drift
        Z = M @ Z @ xp.matrix_transpose(M) + D[:, None] * noise * D[None, :]  # (srrw-18)
        steps.append(Z)
    Z = xp.stack(steps)
    return Prediction(Z[:, :d, :d], Z[:, d:, d:])
