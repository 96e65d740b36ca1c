"""F-MTL: flat regions for each task (Phan et al., 2022, arXiv:2211.13723, Algorithm 1).

Sharpness-aware minimization for each task of a shared network. What the perturbation adds to a task's gradient is its
flat part; loss parts and flat parts of all tasks are aggregated apart, by any rule for gradients that conflict.
"""

from importlib import import_module
from typing import Any, NamedTuple

from refimpl.core import check, tree
from refimpl.core.arrays import Array, array_namespace, describe, device, from_numpy, is_array, to_numpy
from refimpl.core.linalg import min_norm_weights, scaled, unit

METHODS = ("mgda", "pcgrad", "cagrad", "imtl_g", "mean", "sum")
VARIANTS = ("flat", "direct", "second", "each", "erm")
TINY = 1e-12  # beside a norm that may be 0, as in the authors' code
RIDGE = 1e-8  # makes the equations of IMTL-G solvable where gradients depend on each other, as there; of unit vectors


class TaskGradients(NamedTuple):
    """Gradients of m tasks, at the point itself and at the perturbed one."""

    loss: Array  # [m, d] in the shared parameters, all of them end to end
    sam: Array  # [m, d] the same at the perturbed point
    head_loss: tuple[Any, ...]  # m trees, each like the head of its task
    head_sam: tuple[Any, ...]


class Aggregate(NamedTuple):
    """One direction for m gradients."""

    direction: Array  # [d]
    weights: Array  # [m] of the gradients in it; not unique where these are linearly dependent


# Sharpness, task by task ---------------------------------------------------------------------------------------------


def perturb(grad, *, rho, theta=None):
    """The worst step of a given length, as far as a gradient can tell.

    Parameters
    ----------
    grad : array, or tree of arrays
        Gradient of one task in one group of parameters, floating point. The whole group has one norm.
    rho : float
        Length >= 0 of the step.
    theta : tree like `grad`, optional
        The parameters, for the adaptive perturbation, whose length is measured in units of each parameter.

    Returns
    -------
    tree like `grad`
        The perturbation; 0 if the gradient is 0.

    Raises
    ------
    TypeError, ValueError
        If an entry is not finite, shapes or dtypes do not fit, or `rho` is out of range.

    Notes
    -----
    Equations (flat_mtl-2) and (flat_mtl-3) of the documentation; Algorithm 1 of the paper. The gradient is divided by
    a power of two first, so that its squares neither overflow nor vanish.

    Examples
    --------
    >>> import numpy as np
    >>> perturb((np.array([3.0]), np.array([[4.0, 0.0]])), rho=0.5)
    (array([0.3]), array([[0.4, 0. ]]))
    >>> perturb(np.array([3.0, 4.0]), rho=0.5, theta=np.array([0.0, 2.0]))
    array([0., 1.])
    """
    rho = check.nonnegative(rho=rho)
    tree.finite(grad=grad)
    grad, size = _scaled(grad)
    if theta is not None:
        tree.alike(grad, theta=theta)
        tree.finite(theta=theta)
        return _adaptive(theta, grad, rho, TINY / size)
    norm, tiny = _norm(grad), TINY / size
    return tree.map(lambda g: rho * (g / (norm + tiny)), grad)  # (flat_mtl-2)


def _adaptive(theta, grad, rho, tiny):
    """The same in coordinates theta, pulled back."""
    inner, size = _scaled(tree.map(lambda p, g: p * g, theta, grad))
    norm, tiny = _norm(inner), tiny / size
    return tree.map(lambda p, g: rho * (p * (g / (norm + tiny))), theta, inner)  # (flat_mtl-3)


def _scaled(group):
    """A group over a power of two, and that power."""
    flat, unravel = tree.ravel(group)
    flat, size = scaled(flat)
    return unravel(flat), size


def _norm(group):
    """Euclidean norm over all arrays of a group."""
    flat, _ = tree.ravel(group)
    return array_namespace(flat).linalg.vector_norm(flat)


def task_gradients(gradient, shared, heads, batch=None, *, rho_sh, rho_ns, adaptive=False):
    """Each task's gradients at the point and at its own perturbed point: two calls of `gradient` for each task.

    Parameters
    ----------
    gradient : callable
        ``gradient(i, shared, head, batch) -> (g_sh, g_ns)``: those of the loss of task i, trees like `shared` and
        like its head.
    shared : array, or tree of arrays
        Parameters that all tasks share, floating point.
    heads : sequence of such
        Parameters of each of the m >= 1 tasks alone.
    batch : any, optional
        Handed on: one minibatch, the same in both calls.
    rho_sh, rho_ns : float
        Lengths >= 0 of the perturbations of the shared parameters and of the head, each with a norm of its own.
    adaptive : bool, default: False
        Whether to measure lengths in units of the parameters.

    Returns
    -------
    TaskGradients
        See there. The gradient at the perturbed point is not taken through the perturbation.

    Raises
    ------
    TypeError, ValueError
        If there is no task, a gradient is not finite or not like its parameters, or a number is out of range.

    Notes
    -----
    Equations (flat_mtl-1) and (flat_mtl-4) of the documentation; Algorithm 1 of the paper.

    Examples
    --------
    >>> import numpy as np
    >>> def gradient(i, shared, head, batch):  # of (shared + head)^2 / 2 and of its double
    ...     return (1 + i) * (shared + head), (1 + i) * (shared + head)
    >>> found = task_gradients(gradient, np.ones(1), [np.zeros(1)] * 2, rho_sh=0.5, rho_ns=0.25)
    >>> found.loss, found.sam
    (array([[1.],
           [2.]]), array([[1.75],
           [3.5 ]]))
    """
    check.function(gradient=gradient), check.flag(adaptive=adaptive)
    heads, (rho_sh, rho_ns) = _tasks(heads), check.nonnegative(rho_sh=rho_sh, rho_ns=rho_ns)
    tree.finite(shared=shared)
    rows: list[tuple[Any, ...]] = []
    for i, head in enumerate(heads):
        g_sh, g_ns = _called(gradient, i, shared, head, batch)  # (flat_mtl-1)
        eps_sh = perturb(g_sh, rho=rho_sh, theta=shared if adaptive else None)
        eps_ns = perturb(g_ns, rho=rho_ns, theta=head if adaptive else None)
        sam_sh, sam_ns = _called(gradient, i, _sum(shared, eps_sh), _sum(head, eps_ns), batch)  # (flat_mtl-4)
        rows.append((_flat(g_sh), _flat(sam_sh), g_ns, sam_ns))
    loss, sam, head_loss, head_sam = zip(*rows, strict=True)
    xp = array_namespace(*loss)
    return TaskGradients(xp.stack(loss), xp.stack(sam), head_loss, head_sam)


def _called(gradient, i, shared, head, batch):
    g_sh, g_ns = check.results(2, gradient=gradient(i, shared, head, batch))
    tree.alike(shared, **{"g_sh of gradient": g_sh})
    tree.alike(head, **{"g_ns of gradient": g_ns})
    tree.finite(**{"g_sh of gradient": g_sh, "g_ns of gradient": g_ns})
    return g_sh, g_ns


def _sum(params, step):
    return tree.map(lambda p, s: p + s, params, step)


def _flat(group):
    return tree.ravel(group)[0]


# One direction for conflicting gradients -----------------------------------------------------------------------------


def aggregate(method, G, *, orders=None, c=0.4, rescale=1):
    """One direction from the gradients of m tasks, which may be of any length.

    Parameters
    ----------
    method : str
        "mgda", "pcgrad", "cagrad" or "imtl_g", or the plain "mean" or "sum".
    G : array, shape [m, d], floating point
        A gradient in each row.
    orders : array, shape [m, m - 1], integers, optional
        For "pcgrad", row i: the other tasks in the order in which gradient i meets them. Default: 0, 1, ...
    c : float, default: 0.4
        For "cagrad": how far the direction may be from the mean, >= 0, in lengths of the mean.
    rescale : int, default: 1
        For "cagrad": 1 divides the direction by 1 + c^2, 0 by nothing, 2 by 1 + c.

    Returns
    -------
    Aggregate
        See there. The weights of "mgda" and "cagrad" are found on the host, from an m by m matrix.

    Raises
    ------
    TypeError, ValueError
        If `G` is no such matrix or not finite, an order is none, or an argument is out of range.

    Notes
    -----
    Equations (flat_mtl-9) to (flat_mtl-16) of the documentation. Gradients that are 0: "mgda" gives 0 if there is one;
    "imtl_g" too, but for the small number on its diagonal if there are several; "pcgrad" passes them over; "cagrad"
    gives the mean, rescaled, as always where its weighted sum is 0.

    Examples
    --------
    >>> import numpy as np
    >>> G = np.array([[1.0, 0.0], [-1.0, 2.0]])
    >>> for method in METHODS:
    ...     print(f"{method:6}", aggregate(method, G).direction.round(4))
    mgda   [0.5 0.5]
    pcgrad [0.8 2.4]
    cagrad [0.3448 0.8621]
    imtl_g [0.382 0.618]
    mean   [0. 1.]
    sum    [0. 2.]
    """
    check.choice(METHODS, method=method)
    check.finite(G=G)
    m = check.shapes(G=(G, "m d"))["m"]
    orders, c = _orders(orders, m), check.nonnegative(c=c)
    check.choice((0, 1, 2), rescale=rescale)
    xp, (G, size) = array_namespace(G), scaled(G)
    M, per = G @ xp.matrix_transpose(G), xp.ones_like(G[:, 0])  # (flat_mtl-9)
    if method == "mgda":
        w = min_norm_weights(M)  # (flat_mtl-11)
    elif method == "pcgrad":
        G, per = unit(G, axis=1), xp.linalg.vector_norm(G, axis=1)  # however short one is beside another
        w = _pcgrad(G @ xp.matrix_transpose(G), per, orders)
    elif method == "cagrad":
        w = _cagrad(G, M, c, rescale)
    elif method == "imtl_g":
        w = _imtl_g(G) if m > 1 else per
    else:
        w = xp.full(m, 1 / m if method == "mean" else 1.0, dtype=G.dtype, device=device(G))
    return Aggregate(size * (w @ G), w / xp.where(per > 0, per, 1.0))  # (flat_mtl-10)


def _pcgrad(M, norm, orders):
    """Each gradient without what conflicts with the others, in weights of unit vectors; summed."""
    xp, rows = array_namespace(M), []
    E = xp.eye(M.shape[0], dtype=M.dtype, device=device(M))
    for i, order in enumerate(orders):
        w = norm[i] * E[i, :]
        for j in order:
            w = _projected(w, j, M, E)
        rows.append(w)
    return xp.sum(xp.stack(rows), axis=0)  # (flat_mtl-13)


def _projected(w, j, M, E):
    """The gradient of weights w, without its part against gradient j."""
    dot = (w @ M)[j]
    return w - dot / M[j, j] * E[j, :] if float(dot) < 0 else w  # (flat_mtl-12)


def _cagrad(G, M, c, rescale):
    """Weights of the direction, within c times the mean's length of it, whose worst descent is best."""
    xp, m = array_namespace(G), G.shape[0]
    mean = xp.full(m, 1 / m, dtype=G.dtype, device=device(G))
    w = _worst_weights(M, mean, c)
    reach, length = (float(xp.linalg.vector_norm(v @ G)) for v in (mean, w))
    reach = c * reach
    nothing = 8 * m * float(xp.finfo(G.dtype).eps) * float(xp.max(xp.linalg.diagonal(M))) ** 0.5
    factor = reach / length if min(reach, length) > nothing else 0.0
    scale = (1.0, 1 + c * c, 1 + c)[rescale]
    return (mean + factor * w) / scale  # (flat_mtl-15)


def _worst_weights(M, mean, c):
    """Those that minimize ``g_w . g_0 + c |g_0| |g_w|``, on the host, in double precision.

    For a given r = ``|g_w| / (c |g_0|)`` they are those of the point nearest to 0 of the simplex of all g_i + r g_0.
    The square of ``|g_w|`` is piecewise linear in that of r, so that its root is found in few steps.
    """
    host, center, brentq = to_numpy(M).astype(float), to_numpy(mean), import_module("scipy.optimize").brentq
    largest, c2 = host.diagonal().max(), min(float(c), 1e100) ** 2 * (center @ host @ center)  # there they stay
    if c2 <= 1e-30 * largest:
        return mean
    host, c2, itself = host / largest, c2 / largest, array_namespace(host).eye(len(host))

    def weights(r2):
        rows = itself + r2**0.5 * center
        return min_norm_weights(rows @ host @ rows.T)  # (flat_mtl-14)

    def excess(r2):
        w = weights(r2)
        return float(w @ host @ w) - c2 * r2

    low, high = 1e-13 / c2, 2 / c2
    r2 = brentq(excess, low, high, xtol=1e-20 * high, rtol=1e-15) if excess(low) > 0 else 0.0
    return from_numpy(weights(r2), like=M)


def _imtl_g(G):
    """Weights, some maybe negative, of the direction that is equally long along all gradients.

    From the vectors themselves: where they are nearly parallel, differences of their products are less exact.
    """
    xp, m = array_namespace(G), G.shape[0]
    like = {"dtype": G.dtype, "device": device(G)}
    U = unit(G, axis=1)  # u_j = 0 where g_j = 0
    D, V = G[:1, :] - G[1:, :], U[:1, :] - U[1:, :]
    precision = 16 * m * float(xp.finfo(G.dtype).eps)
    apart = xp.linalg.vector_norm(V, axis=1) > precision  # else u_j = u_1, and V has a row of 0
    norm = xp.linalg.vector_norm(D, axis=1)
    D, V = unit(D, axis=1), unit(V, axis=1)  # which changes no weight but by their lengths
    gV = xp.where(apart, V @ G[0, :], 0.0)
    DV = xp.where(apart[None, :], D @ xp.matrix_transpose(V), xp.eye(m - 1, **like))  # leaves such a one the weight 0
    if float(xp.min(xp.linalg.svdvals(DV))) <= precision:
        DV = DV + RIDGE * xp.eye(m - 1, **like)
    alpha = (gV @ xp.linalg.inv(DV)) / xp.where(norm > 0, norm, 1.0)  # (flat_mtl-16)
    return xp.concat([1 - xp.sum(alpha, keepdims=True), alpha])


# The step ------------------------------------------------------------------------------------------------------------


def combine(variant, method, loss, sam, *, orders=None, c=0.4, rescale=1):
    """One direction for the shared parameters, from loss parts and flat parts.

    Parameters
    ----------
    variant : str
        "flat", the paper's rule: both parts are aggregated, and the results added. "direct": the gradients at the
        perturbed points are aggregated. "second": the two results are aggregated in place of added. "each": the two
        parts of each task are aggregated, then the tasks. "erm": the loss parts alone, without sharpness.
    method
        As for `aggregate`.
    loss, sam : array, shape [m, d], floating point
        Gradients at the point and at the perturbed points.
    orders : array, shape [2, m, m - 1], integers, optional
        For "pcgrad", as for `aggregate`: of the loss parts (in "direct" and "each": of all), and of the flat parts.
    c, rescale
        As for `aggregate`.

    Returns
    -------
    array, shape [d]
        The direction, to be subtracted.

    Raises
    ------
    TypeError, ValueError
        As for `aggregate`, or if the two are not alike.

    Notes
    -----
    Equations (flat_mtl-5) and (flat_mtl-6) of the documentation; Algorithm 1 of the paper.

    Examples
    --------
    >>> import numpy as np
    >>> loss, sam = np.array([[1.0, 0.0], [-1.0, 2.0]]), np.array([[1.0, 1.0], [-1.0, 3.0]])
    >>> combine("flat", "mgda", loss, sam), combine("direct", "mgda", loss, sam)
    (array([0.5, 1.5]), array([1., 1.]))
    """
    check.choice(VARIANTS, variant=variant)
    check.finite(loss=loss, sam=sam)
    check.like(loss, sam=sam)
    xp = array_namespace(loss, sam)
    first, second = (None, None) if orders is None else (orders[0, ...], orders[1, ...])

    def agg(G, order=None):
        return aggregate(method, G, orders=order, c=c, rescale=rescale).direction

    flat = sam - loss  # (flat_mtl-5)
    if variant == "erm":
        return agg(loss, first)
    if variant == "direct":
        return agg(sam, first)
    if variant == "second":
        return agg(xp.stack([agg(loss, first), agg(flat, second)]))
    if variant == "each":
        pairs = xp.stack([loss, flat], axis=1)
        return agg(xp.stack([agg(pairs[i, ...]) for i in range(loss.shape[0])]), first)
    return agg(loss, first) + agg(flat, second)  # (flat_mtl-6)


def directions(gradient, shared, heads, batch=None, *, method, variant="flat", rho_sh=0.05, rho_ns=0.05, **settings):
    """What an optimizer shall take for the gradients of the shared parameters and of the heads.

    Parameters
    ----------
    gradient, shared, heads, batch
        As for `task_gradients`.
    rho_sh, rho_ns : float, default: 0.05
        As for `task_gradients`.
    method, variant
        As for `combine`; "erm" calls `gradient` once for each task in place of twice.
    **settings
        ``adaptive`` of `task_gradients`; ``orders``, ``c`` and ``rescale`` of `combine`.

    Returns
    -------
    shared : tree like `shared`
        Direction to be subtracted.
    heads : list of trees
        For each task its gradient at the perturbed point; with "erm" the plain one. No aggregate weighs them.

    Raises
    ------
    TypeError, ValueError
        As for `task_gradients` and `combine`.

    Examples
    --------
    >>> import numpy as np
    >>> def gradient(i, shared, head, batch):  # of (shared + head)^2 / 2 and of its double
    ...     return (1 + i) * (shared + head), (1 + i) * (shared + head)
    >>> directions(gradient, np.ones(1), [np.zeros(1)] * 2, method="mean", rho_sh=0.5, rho_ns=0.25)
    (array([2.625]), [array([1.75]), array([3.5])])
    """
    check.function(gradient=gradient)
    tree.finite(shared=shared)
    adaptive = check.flag(adaptive=settings.pop("adaptive", False))
    if variant == "erm":
        rows = [_called(gradient, i, shared, head, batch) for i, head in enumerate(_tasks(heads))]
        plain = array_namespace(*tree.leaves(shared)).stack([_flat(g_sh) for g_sh, _ in rows])
        found = TaskGradients(plain, plain, *[tuple(g_ns for _, g_ns in rows)] * 2)
    else:
        found = task_gradients(gradient, shared, heads, batch, rho_sh=rho_sh, rho_ns=rho_ns, adaptive=adaptive)
    g_sh = combine(variant, method, found.loss, found.sam, **settings)
    return tree.ravel(shared)[1](g_sh), list(found.head_sam)


def step(gradient, shared, heads, batch=None, *, eta, **settings):
    """One step of gradient descent along the directions of `directions`.

    Parameters
    ----------
    gradient, shared, heads, batch
        As for `task_gradients`.
    eta : float
        Step size > 0.
    **settings
        Of `directions`.

    Returns
    -------
    shared : tree like `shared`
        Next shared parameters.
    heads : list of trees
        Next heads.

    Raises
    ------
    TypeError, ValueError
        As for `directions`, or if `eta` is not > 0.

    Notes
    -----
    Equations (flat_mtl-7) and (flat_mtl-8) of the documentation; Algorithm 1 of the paper, which the authors' code
    carries out with Adam.

    Examples
    --------
    >>> import numpy as np
    >>> def gradient(i, shared, head, batch):
    ...     return shared + head, shared + head
    >>> step(gradient, np.ones(1), [np.zeros(1)], eta=0.5, method="mean", rho_sh=0.25, rho_ns=0.25)
    (array([0.25]), [array([-0.75])])
    """
    check.function(gradient=gradient)
    eta = check.positive(eta=eta)
    g_sh, g_ns = directions(gradient, shared, heads, batch, **settings)
    shared = tree.map(lambda p, g: p - eta * g, shared, g_sh)  # (flat_mtl-7)
    heads = tree.map(lambda p, g: p - eta * g, list(heads), g_ns)  # (flat_mtl-8)
    return shared, heads


# Checks --------------------------------------------------------------------------------------------------------------


def _tasks(heads):
    """At least one head."""
    check.sequence(heads=heads)
    if is_array(heads):
        raise TypeError(f"heads must be a list with at least one entry, got {describe(heads)}")
    return heads


def _orders(orders, m):
    """Lists of the others of each task, as they are met."""
    rest = [[j for j in range(m) if j != i] for i in range(m)]
    if orders is None:
        return rest
    if not is_array(orders) or not array_namespace(orders).isdtype(orders.dtype, "integral"):
        raise TypeError(f"orders must be an array of integers, got {type(orders).__name__}")
    found = to_numpy(orders).tolist()
    if [sorted(row) for row in found] != rest:
        raise ValueError(f"orders must have in row i each task but i once, for {m} tasks, got {found}")
    return found
