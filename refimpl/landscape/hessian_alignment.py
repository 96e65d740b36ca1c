"""Hessian alignment for domain generalization (Hemati, Zhang, Estiri and Chen, 2023, arXiv:2308.11778).

A classifier is trained on several domains and judged on an unseen one. HGP and Hutchinson penalize that the gradients
and Hessians of its linear head differ from domain to domain. For a linear head all of it has a closed form.
"""

from typing import NamedTuple

from refimpl.core import check
from refimpl.core.arrays import Array, array_namespace, device, is_array
from refimpl.core.linalg import solve_triangular
from refimpl.core.special import logsumexp, sigmoid, softmax


class Head(NamedTuple):
    """A linear head at the features of one domain: softmax over C rows of weights, or sigmoid with a single row."""

    x: Array  # [N, h+1] features, and a 1 for the bias
    a: Array  # [N, C] logits
    p: Array  # [N, C] predicted probabilities
    r: Array  # [N, C] errors: predictions less one-hot labels
    loss: Array  # 0-d mean cross-entropy, in nats


class Penalty(NamedTuple):
    """A penalty and its gradients."""

    value: Array  # 0-d
    dW: Array  # [C, h+1] gradient in the head
    dz: list[Array]  # gradient in the features of each domain, [N, h]


class Transfer(NamedTuple):
    """How much worse on the target a head can be that is good on the source."""

    exact: Array  # 0-d transfer measure of two quadratics
    bound: Array  # 0-d the paper's bound on it


# The head ------------------------------------------------------------------------------------------------------------


def head(W, z, y):
    """Logits, probabilities, errors and loss of a linear head.

    Parameters
    ----------
    W : array, shape [C, h+1], floating point
        Weights, and the bias of each class in the last column. One row: two classes, told by a sigmoid.
    z : array, shape [N, h], floating point
        Features.
    y : array, shape [N], integers
        Labels in [0, C), or in {0, 1} if W has one row. All may be of one class.

    Returns
    -------
    Head
        See there.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, an entry is not finite, or a label is out of range.

    Notes
    -----
    Equation (hessian_alignment-1) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> found = head(np.zeros((2, 3)), np.array([[1.0, 2.0]]), np.array([1]))
    >>> found.p, found.r, found.loss.round(6)
    (array([[0.5, 0.5]]), array([[ 0.5, -0.5]]), np.float64(0.693147))
    """
    check.finite(W=W, z=z)
    sizes = check.shapes(z=(z, "N h"), y=(y, "N"))
    C = check.shapes(W=(W, f"C {sizes['h'] + 1}"))["C"]
    if W.dtype != z.dtype:
        raise TypeError(f"z must have the dtype of W, {W.dtype}, got {z.dtype}")
    xp = array_namespace(W, z, y)
    if not xp.isdtype(y.dtype, "integral"):
        raise TypeError(f"y must be integers, got dtype {y.dtype}")
    low, high, classes = int(xp.min(y)), int(xp.max(y)), max(C, 2)
    if low < 0 or high >= classes:
        raise ValueError(f"y must be in [0, {classes}), got labels from {low} to {high}")
    x = xp.concat([z, xp.ones_like(z[:, :1])], axis=1)
    a = x @ xp.matrix_transpose(W)
    if C == 1:
        Y, p = xp.astype(y, W.dtype)[:, None], sigmoid(a)
        total = xp.logaddexp(a, xp.zeros_like(a))[:, 0]
    else:
        Y = xp.astype(y[:, None] == xp.arange(C, dtype=y.dtype, device=device(y))[None, :], W.dtype)
        p, total = softmax(a), logsumexp(a, axis=1)
    loss = xp.mean(total - xp.sum(Y * a, axis=1))  # (hessian_alignment-1)
    return Head(x, a, p, p - Y, loss)


def _checked(head):
    """The head, if its fields are finite and fit each other."""
    check.fields(Head, head=head)
    axes = {"x": "N h+1", "a": "N C", "p": "N C", "r": "N C"}
    check.shapes(**{f"head.{name}": (getattr(head, name), axis) for name, axis in axes.items()})
    arrays = {f"head.{name}": getattr(head, name) for name in axes}
    check.floating(**arrays), check.alike_dtype(**arrays), check.number(**{"head.loss": head.loss})
    return head


def gradient(head):
    """Gradient of the loss in the head.

    Parameters
    ----------
    head : Head
        Of a domain.

    Returns
    -------
    array, shape [C, h+1]
        Mean of error times feature.

    Notes
    -----
    Equation (hessian_alignment-2) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> gradient(head(np.zeros((2, 3)), np.array([[1.0, 2.0]]), np.array([1])))
    array([[ 0.5,  1. ,  0.5],
           [-0.5, -1. , -0.5]])
    """
    return _gradient(_checked(head))


def _gradient(head):
    xp = array_namespace(head.r)
    return xp.matrix_transpose(head.r) @ head.x / head.x.shape[0]  # (hessian_alignment-2)


def _soften(p, u):
    """The Jacobian of softmax times u, along the last axis; with one class that of the sigmoid."""
    return p * (u - array_namespace(p, u).sum(p * u, axis=-1, keepdims=True))  # (hessian_alignment-3)


def product(head, V):
    """Hessian of the loss in the head times V; the Hessian is not formed.

    Parameters
    ----------
    head : Head
        Of a domain.
    V : array, shape [..., C, h+1]
        One matrix like the weights, or many.

    Returns
    -------
    array, like `V`
        H V.

    Raises
    ------
    TypeError, ValueError
        If `V` does not fit.

    Notes
    -----
    Equation (hessian_alignment-4) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> found = head(np.zeros((2, 3)), np.array([[1.0, 2.0]]), np.array([1]))
    >>> product(found, np.eye(2, 3))
    array([[-0.25, -0.5 , -0.25],
           [ 0.25,  0.5 ,  0.25]])
    """
    _checked(head)
    check.finite(V=V), check.alike_dtype(**{"head.x": head.x, "V": V})
    inner = (head.p.shape[1], head.x.shape[1])
    if tuple(V.shape[-2:]) != inner:
        raise ValueError(f"V must have shape [..., {inner[0]}, {inner[1]}], got {tuple(V.shape)}")
    return _product(head, V)


def _rows(V):
    """One matrix or many as rows of h + 1."""
    return array_namespace(V).reshape(V, (-1, V.shape[-1]))


def _along(head, V):
    """How the logits change along V, [N, K, C] for K matrices, or K = 1."""
    xp, (N, C) = array_namespace(head.x, V), head.a.shape
    return xp.reshape(head.x @ xp.matrix_transpose(_rows(V)), (N, -1, C))


def _flat(u):
    """[N, K, C] as [N, K C]."""
    return array_namespace(u).reshape(u, (u.shape[0], -1))


def _product(head, V):
    xp = array_namespace(head.x, V)
    u = _soften(head.p[:, None, :], _along(head, V))
    return xp.reshape(xp.matrix_transpose(_flat(u)) @ head.x / head.x.shape[0], V.shape)  # (hessian_alignment-4)


def diagonal(head):
    """Diagonal of the Hessian of the loss in the head.

    Parameters
    ----------
    head : Head
        Of a domain.

    Returns
    -------
    array, shape [C, h+1]
        All >= 0.

    Notes
    -----
    Equation (hessian_alignment-5) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> diagonal(head(np.zeros((2, 3)), np.array([[1.0, 2.0]]), np.array([1])))
    array([[0.25, 1.  , 0.25],
           [0.25, 1.  , 0.25]])
    """
    return _diagonal(_checked(head))


def _diagonal(head):
    xp = array_namespace(head.x)
    s = head.p * (1 - head.p)
    return xp.matrix_transpose(s) @ head.x**2 / head.x.shape[0]  # (hessian_alignment-5)


def hessian(head):
    """The Hessian itself, to look at: it has as many entries as the head has weights, squared.

    Parameters
    ----------
    head : Head
        Of a domain.

    Returns
    -------
    array, shape [C, h+1, C, h+1]
        Symmetric and positive semidefinite as a matrix.

    Notes
    -----
    Equation (hessian_alignment-6) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> H = hessian(head(np.zeros((2, 3)), np.array([[1.0, 2.0]]), np.array([1])))
    >>> H[0, :, 1, :]
    array([[-0.25, -0.5 , -0.25],
           [-0.5 , -1.  , -0.5 ],
           [-0.25, -0.5 , -0.25]])
    """
    return _hessian(_checked(head))


def _hessian(head):
    xp, (N, C), q = array_namespace(head.x), head.p.shape, head.x.shape[1]
    eye = xp.eye(C, dtype=head.p.dtype, device=device(head.p))
    J = head.p[:, :, None] * (eye - head.p[:, None, :])
    moments = xp.reshape(head.x[:, :, None] * head.x[:, None, :], (N, q * q))
    H = xp.matrix_transpose(xp.reshape(J, (N, C * C))) @ moments / N  # (hessian_alignment-6)
    return xp.permute_dims(xp.reshape(H, (C, C, q, q)), (0, 2, 1, 3))


def transfer(H_source, H_target, *, delta):
    """The transfer measure between two quadratic losses with one minimizer, and the paper's bound on it.

    Parameters
    ----------
    H_source, H_target : array, shape [P, P], floating point
        Hessians, symmetric; that of the source is positive definite.
    delta : float
        By how much, > 0, the source loss may exceed its minimum.

    Returns
    -------
    Transfer
        See there.

    Raises
    ------
    TypeError, ValueError
        If they are no such matrices, or `delta` is not > 0.

    Notes
    -----
    Equations (hessian_alignment-7) and (hessian_alignment-8) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> found = transfer(np.diag([2.0, 1.0]), np.diag([4.0, 1.0]), delta=0.5)
    >>> found.exact.round(6), found.bound.round(6)
    (np.float64(0.5), np.float64(1.0))
    """
    check.finite(H_source=H_source, H_target=H_target)
    check.shapes(H_source=(H_source, "P P")), check.like(H_source, H_target=H_target)
    delta = check.positive(delta=delta)
    xp = array_namespace(H_source, H_target)
    for name, H in (("H_source", H_source), ("H_target", H_target)):
        odd = float(xp.max(xp.abs(H - xp.matrix_transpose(H))))
        if odd > 1e-5 * float(xp.max(xp.abs(H))):
            raise ValueError(f"{name} must be symmetric, got entries that differ by {odd:.3g} from their mirror images")
    mu = xp.min(xp.linalg.eigvalsh(H_source))
    if float(mu) <= 0:
        raise ValueError(f"H_source must be positive definite, got a least eigenvalue of {float(mu):.3g}")
    gap, L = H_target - H_source, xp.linalg.cholesky(H_source)
    seen = solve_triangular(L, xp.matrix_transpose(solve_triangular(L, gap, lower=True)), lower=True)
    seen = (seen + xp.matrix_transpose(seen)) / 2
    exact = delta * xp.max(xp.concat([xp.linalg.eigvalsh(seen), xp.zeros_like(gap[0, :1])]))  # (hessian_alignment-7)
    bound = delta / mu * xp.max(xp.abs(xp.linalg.eigvalsh(gap)))  # (hessian_alignment-8)
    return Transfer(exact, bound)


# Hutchinson's estimate -----------------------------------------------------------------------------------------------


def matrices(signs, C):
    """Draws in the order of a network's parameters, all weights row by row and then the biases, as matrices like W.

    Parameters
    ----------
    signs : array, shape [..., C (h+1)]
        Draws.
    C : int
        Number of rows.

    Returns
    -------
    array, shape [..., C, h+1]
        The same.

    Raises
    ------
    ValueError
        If the last axis is not a multiple of `C` that is above `C`.

    Examples
    --------
    >>> import numpy as np
    >>> matrices(np.array([1.0, 2.0, 3.0, 4.0, 10.0, 20.0]), 2)
    array([[ 1.,  2., 10.],
           [ 3.,  4., 20.]])
    """
    check.finite(signs=signs)
    C = check.integer(C=C, minimum=1)
    h, rest = divmod(signs.shape[-1], C)
    if rest or h < 2:
        raise ValueError(f"signs must have a last axis of C (h + 1) for C = {C}, got {signs.shape[-1]}")
    xp, front = array_namespace(signs), signs.shape[:-1]
    weights = xp.reshape(signs[..., : C * (h - 1)], (*front, C, h - 1))
    return xp.concat([weights, signs[..., C * (h - 1) :][..., None]], axis=-1)


def hutchinson(head, signs):
    """Estimate of the diagonal of the Hessian from products with random signs.

    Parameters
    ----------
    head : Head
        Of a domain.
    signs : array, shape [K, C (h+1)]
        K draws of -1 and +1, each with probability 1/2, in the order of `matrices`.

    Returns
    -------
    array, shape [C, h+1]
        Right on average; entry i has the variance of the sum of the other squares of its row of H, over K.

    Raises
    ------
    TypeError, ValueError
        If `signs` do not fit, or have other entries than -1 and 1.

    Notes
    -----
    Equation (hessian_alignment-10) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> found = head(np.zeros((1, 2)), np.array([[1.0], [3.0]]), np.array([1, 0]))
    >>> hutchinson(found, np.array([[1.0, 1.0]])), hutchinson(found, np.array([[1.0, 1.0], [1.0, -1.0]]))
    (array([[1.75, 0.75]]), array([[1.25, 0.25]]))
    """
    _checked(head)
    return _hutchinson(head, _probes(signs, "K", head))


def _hutchinson(head, R):
    xp = array_namespace(head.x, R)
    return xp.mean(R * _product(head, R), axis=0)  # (hessian_alignment-10)


def _probes(signs, axes, head):
    """Signs as matrices like the head's weights."""
    xp = array_namespace(signs)
    check.floating(signs=signs)
    C, q = head.p.shape[1], head.x.shape[1]
    check.shapes(signs=(signs, f"{axes} {C * q}"))
    if signs.dtype != head.x.dtype:
        raise TypeError(f"signs must have the dtype of W, {head.x.dtype}, got {signs.dtype}")
    if not bool(xp.all(xp.abs(signs) == 1)):
        raise ValueError("signs must be -1 or 1 each, got other entries")
    return matrices(signs, C)


# Gradients of what is built on the head ------------------------------------------------------------------------------
# Each takes the coefficients of a sum and returns its gradients in the logits and, the logits held, in the features.


def _pull_gradient(head, sigma):
    """Of the sum of sigma times the gradient."""
    N, xp = head.x.shape[0], array_namespace(head.x, sigma)
    da = _soften(head.p, head.x @ xp.matrix_transpose(sigma)) / N  # (hessian_alignment-13)
    return da, head.r @ sigma / N


def _pull_product(head, rho, V):
    """Of the sum of rho times H V, with V held; rho and V may be many matrices."""
    N, p, xp = head.x.shape[0], head.p[:, None, :], array_namespace(head.x, rho, V)
    A, B = _along(head, V), _along(head, rho)
    pA, pB = (xp.sum(p * u, axis=-1, keepdims=True) for u in (A, B))
    da = xp.sum(_soften(p, A * B - pB * A - pA * B), axis=1) / N  # (hessian_alignment-14)
    dx = (_flat(_soften(p, B)) @ _rows(V) + _flat(_soften(p, A)) @ _rows(rho)) / N  # (hessian_alignment-15)
    return da, dx


def _pull_diagonal(head, tau):
    """Of the sum of tau times the diagonal."""
    N, p, x, xp = head.x.shape[0], head.p, head.x, array_namespace(head.x, tau)
    da = _soften(p, (1 - 2 * p) * (x**2 @ xp.matrix_transpose(tau))) / N
    return da, 2 * x * ((p * (1 - p)) @ tau) / N  # (hessian_alignment-17)


def pull(W, head, da, dx):
    """From gradients in the logits and, the logits held, in the features, to those in W and in the features.

    Parameters
    ----------
    W : array, shape [C, h+1]
        The head's weights.
    head : Head
        Of a domain.
    da : array, shape [N, C]
        Gradient in the logits.
    dx : array, shape [N, h+1]
        Gradient in the features with their 1, the logits held.

    Returns
    -------
    dW : array, like `W`
        Gradient in the weights.
    dz : array, shape [N, h]
        Gradient in the features.

    Examples
    --------
    >>> import numpy as np
    >>> W = np.array([[1.0, 0.0]])
    >>> found = head(W, np.array([[2.0]]), np.array([1]))
    >>> pull(W, found, np.array([[3.0]]), np.zeros((1, 2)))
    (array([[6., 3.]]), array([[3.]]))
    """
    (N, C), q = _checked(head).a.shape, head.x.shape[1]
    named = {"W": (W, f"{C} {q}"), "da": (da, f"{N} {C}")} | ({"dx": (dx, f"{N} {q}")} if is_array(dx) else {})
    check.shapes(**named), check.values(dx=dx)
    arrays = {name: value for name, (value, _) in named.items()}
    check.finite(**arrays), check.alike_dtype(**{"head.x": head.x}, **arrays)
    return _pull(W, head, da, dx)


def _pull(W, head, da, dx):
    xp = array_namespace(W, da)
    return xp.matrix_transpose(da) @ head.x, (dx + da @ W)[:, :-1]


# The penalties -------------------------------------------------------------------------------------------------------


def heads(W, domains):
    """The head at each domain.

    Parameters
    ----------
    W : array, shape [C, h+1], floating point
        As for `head`.
    domains : sequence of (z, y)
        Features [N, h] and labels [N] of at least two domains; N may differ.

    Returns
    -------
    list of Head
        One for each.

    Raises
    ------
    TypeError, ValueError
        As for `head`; or if there is but one domain, which has nothing to be aligned with.

    Examples
    --------
    >>> import numpy as np
    >>> z, y = np.ones((3, 1)), np.array([0, 1, 1])
    >>> [found.loss.round(3).item() for found in heads(np.zeros((1, 2)), [(z, y), (2 * z, y)])]
    [0.693, 0.693]
    """
    return [head(W, z, y) for z, y in _pairs(domains)]


def _pairs(domains):
    """At least two pairs of arrays."""
    if not isinstance(domains, list | tuple) or len(domains) < 2:
        given = f"{len(domains)}" if isinstance(domains, list | tuple) else type(domains).__name__
        raise ValueError(f"domains must be a sequence of at least 2 pairs (z, y), got {given}")
    for e, pair in enumerate(domains):
        check.instance((list, tuple), **{f"domains[{e}]": pair})
        if len(pair) != 2:
            raise ValueError(f"domains[{e}] must be a pair (z, y), got {len(pair)} entries")
    return domains


def _mean(parts):
    return sum(parts[1:], parts[0]) / len(parts)


def hgp(W, domains, *, alpha=1e-4, beta=5e-3, mean_rule="code"):
    """The penalty of HGP: Hessian times gradient, and gradient, shall be alike in all domains.

    With ``alpha=0`` the gradients of the head alone are aligned.

    Parameters
    ----------
    W, domains
        As for `heads`.
    alpha : float, default: 1e-4
        Weight >= 0 of the products.
    beta : float, default: 5e-3
        Weight >= 0 of the gradients.
    mean_rule : {"code", "paper"}, default: "code"
        Products are compared with mean Hessian times mean gradient, as in the authors' code, or with the mean of the
        products, as the paper writes.

    Returns
    -------
    Penalty
        What they are compared with is held constant in its gradients.

    Raises
    ------
    TypeError, ValueError
        As for `heads`, or if a number is out of range.

    Notes
    -----
    Equations (hessian_alignment-9) and (hessian_alignment-11) to (hessian_alignment-16) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> domains = [(np.array([[1.0]]), np.array([0])), (np.array([[2.0]]), np.array([1]))]
    >>> found = hgp(np.zeros((1, 2)), domains, alpha=0.0, beta=1.0)  # gradients (.5, .5) and (-1, -.5)
    >>> found.value, found.dz[0]
    (np.float64(0.8125), array([[0.375]]))
    """
    check.choice(("code", "paper"), mean_rule=mean_rule)
    at = heads(W, domains)
    g = [_gradient(one) for one in at]
    v = [_product(one, g_e) for one, g_e in zip(at, g, strict=True)]  # (hessian_alignment-9)
    g_mean = _mean(g)
    v_mean = _mean([_product(one, g_mean) for one in at]) if mean_rule == "code" else _mean(v)  # (hessian_alignment-11)

    def pulled(e, rho):
        through = _product(at[e], rho)  # (hessian_alignment-16)
        return through, *_pull_product(at[e], rho, g[e])

    return _aligned(W, at, g, v, v_mean, pulled, alpha, beta)


def hutchinson_penalty(W, domains, signs, *, alpha=1e-3, beta=5e-3):
    """The penalty of Hutchinson: estimates of the Hessian's diagonal, and gradients, shall be alike in all domains.

    Parameters
    ----------
    W, domains
        As for `heads`; n domains.
    signs : array, shape [1, K, C (h+1)] or [n+1, K, C (h+1)]
        As for `hutchinson`: draws that all domains share, or draws for the mean and then for each domain.
    alpha : float, default: 1e-3
        Weight >= 0 of the diagonals.
    beta : float, default: 5e-3
        Weight >= 0 of the gradients.

    Returns
    -------
    Penalty
        As for `hgp`.

    Raises
    ------
    TypeError, ValueError
        As for `hgp` and `hutchinson`.

    Notes
    -----
    Equations (hessian_alignment-10) to (hessian_alignment-15) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> domains = [(np.array([[1.0]]), np.array([0])), (np.array([[2.0]]), np.array([1]))]
    >>> found = hutchinson_penalty(np.zeros((1, 2)), domains, np.array([[[1.0, -1.0]]]), alpha=1.0, beta=0.0)
    >>> found.value  # estimates (0, 0) and (.5, -.25)
    np.float64(0.078125)
    """
    at = heads(W, domains)
    check.floating(signs=signs)
    if signs.shape[0] not in (1, len(at) + 1):
        raise ValueError(f"signs must have 1 or {len(at) + 1} sets of draws, got shape {tuple(signs.shape)}")
    R, shared = _probes(signs, "m K", at[0]), signs.shape[0] == 1
    draws = [R[0 if shared else e + 1, ...] for e in range(len(at))]
    v = [_hutchinson(one, R_e) for one, R_e in zip(at, draws, strict=True)]
    v_mean = _mean([_hutchinson(one, R[0, ...]) for one in at])

    def pulled(e, rho):
        return 0.0, *_pull_product(at[e], rho * draws[e] / signs.shape[1], draws[e])

    return _aligned(W, at, [_gradient(one) for one in at], v, v_mean, pulled, alpha, beta)


def exact_penalty(W, domains, *, alpha=1e-3, beta=5e-3):
    """What Hutchinson's penalty estimates: exact diagonals of the Hessians, and gradients, shall be alike.

    Parameters
    ----------
    W, domains, alpha, beta
        As for `hutchinson_penalty`.

    Returns
    -------
    Penalty
        As for `hgp`.

    Raises
    ------
    TypeError, ValueError
        As for `hgp`.

    Notes
    -----
    Equations (hessian_alignment-5), (hessian_alignment-12) and (hessian_alignment-17) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> domains = [(np.array([[1.0]]), np.array([0])), (np.array([[2.0]]), np.array([1]))]
    >>> exact_penalty(np.zeros((1, 2)), domains, alpha=1.0, beta=0.0).value  # diagonals (.25, .25) and (1, .25)
    np.float64(0.140625)
    """
    at = heads(W, domains)
    v = [_diagonal(one) for one in at]

    def pulled(e, rho):
        return 0.0, *_pull_diagonal(at[e], rho)

    return _aligned(W, at, [_gradient(one) for one in at], v, _mean(v), pulled, alpha, beta)


def _aligned(W, at, g, v, v_mean, pulled, alpha, beta):
    """Mean over domains of the squared distances of v and g from their means, with gradients."""
    alpha, beta = check.nonnegative(alpha=alpha, beta=beta)
    xp, n, g_mean = array_namespace(W, *v), len(at), _mean(g)
    value, dW = 0.0, 0.0
    dz: list[Array] = []
    for e, one in enumerate(at):
        off, lean = v[e] - v_mean, g[e] - g_mean
        value = value + (alpha * xp.sum(off * off) + beta * xp.sum(lean * lean)) / n  # (hessian_alignment-12)
        through, da, dx = pulled(e, 2 * alpha / n * off)
        da_g, dx_g = _pull_gradient(one, 2 * beta / n * lean + through)
        dW_e, dz_e = _pull(W, one, da + da_g, dx + dx_g)
        dW, dz = dW + dW_e, [*dz, dz_e]
    return Penalty(value, dW, dz)
