"""The model of supervised dictionary learning: samples, loss, prediction, and draws from it."""

from typing import NamedTuple

from refimpl.core import check
from refimpl.core.arrays import Array, array_namespace, device
from refimpl.core.linalg import least_squares
from refimpl.core.special import logsumexp, softmax

KINDS = ("filter", "feature")


class Data(NamedTuple):
    """Samples in columns, with the spectral norms that step sizes need."""

    x: Array  # [p, n] X, what the dictionary reconstructs
    covariates: Array  # [q, n] X', what enters the regression alone; a row of ones is the intercept
    targets: Array  # [k, n] Y, one-hot over the classes 1, ..., k; a column of zeros is class 0
    x_square: Array  # 0-d, squared spectral norm of X
    covariates_square: Array  # 0-d, that of X'
    joint_square: Array  # 0-d, that of [X; X']


class Lifted(NamedTuple):
    """The products of the factors: what LPGD carries from step to step."""

    A: Array  # filter: [p, k] W beta; feature: [k, n] beta^T H
    B: Array  # [p, n] W H
    gamma: Array  # [q, k] coefficients of the covariates


class Factors(NamedTuple):
    """What BCD carries from step to step."""

    W: Array  # [p, r] dictionary, one atom per column
    H: Array  # [r, n] codes
    beta: Array  # [r, k] coefficients of the features: W^T x (filter) or the codes themselves (feature)
    gamma: Array  # [q, k] coefficients of the covariates


# Samples and loss -----------------------------------------------------------------------------------------------


def square_norm(matrix):
    """Squared spectral norm, from the smaller Gram matrix."""
    check.floating(matrix=matrix)
    xp = array_namespace(matrix)
    rows, columns = matrix.shape
    gram = matrix @ matrix.T if rows <= columns else matrix.T @ matrix
    return xp.max(xp.linalg.eigvalsh(gram))


def data(x, covariates, labels, *, classes=2):
    """Samples, checked and made ready.

    Parameters
    ----------
    x : array [p, n], floating point
        X, one sample per column. A constant row is allowed; in the filter model it acts as a second intercept.
        So is n < p.
    covariates : array [q, n], like `x`
        X': a row of ones for an intercept, zeros for nothing.
    labels : array [n], integers
        In [0, classes). Class 0 is the reference that has no coefficients of its own; a class may be empty.
    classes : int, default: 2
        k + 1 >= 2.

    Returns
    -------
    Data
        With Y [k, n] and the spectral norms.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, an entry is not finite, or a label is not one of the classes.

    Examples
    --------
    >>> import numpy as np
    >>> samples = data(np.eye(2), np.ones((1, 2)), np.array([2, 0]), classes=3)
    >>> samples.targets
    array([[0., 0.],
           [1., 0.]])
    """
    check.finite(x=x, covariates=covariates)
    classes = check.integer(classes=classes, minimum=2)
    sizes = check.shapes(x=(x, "p n"), covariates=(covariates, "q n"), labels=(labels, "n"))
    xp = array_namespace(x, covariates)
    check.like(xp.broadcast_to(x[:1, :], (sizes["q"], sizes["n"])), covariates=covariates)
    names = array_namespace(labels)
    if not names.isdtype(labels.dtype, "integral"):
        raise TypeError(f"labels must be integers, got dtype {labels.dtype}")
    low, high = int(names.min(labels)), int(names.max(labels))
    if low < 0 or high >= classes:
        raise ValueError(f"labels must be in [0, {classes}), got values from {low} to {high}")
    targets = xp.stack([xp.astype(labels == c, x.dtype) for c in range(1, classes)])
    norms = map(square_norm, (x, covariates, xp.concat([x, covariates])))
    return Data(x, covariates, targets, *norms)


def _with_reference(activations, axis=0):
    """Activations of all classes along `axis`: that of class 0 is 0."""
    xp = array_namespace(activations)
    first = activations[:1, ...] if axis == 0 else activations[..., :1]
    return xp.concat([xp.zeros_like(first), activations], axis=axis)


def losses(activations, targets):
    """Negative log-likelihood of each sample.

    Parameters
    ----------
    activations, targets : array [k, n], floating point
        a and Y.

    Returns
    -------
    array [n]
        log(1 + sum_c exp(a_c)) - sum_c Y_c a_c, in nats.

    Raises
    ------
    TypeError, ValueError
        If they are not alike.

    Examples
    --------
    >>> import numpy as np
    >>> losses(np.array([[0.0, 1e4]]), np.array([[1.0, 0.0]]))
    array([6.93147181e-01, 1.00000000e+04])
    """
    check.floating(activations=activations, targets=targets)
    check.like(activations, targets=targets)
    return _losses(activations, targets)


def _losses(a, targets, axis=0):
    xp = array_namespace(a, targets)
    return logsumexp(_with_reference(a, axis), axis=axis) - xp.sum(targets * a, axis=axis)  # (sdl-1)


def probabilities(activations):
    """Probabilities of the classes 1, ..., k under activations [k, n]; what is missing to 1 is class 0.

    Examples
    --------
    >>> import numpy as np
    >>> probabilities(np.array([[0.0, -1e4], [0.0, 0.0]]))
    array([[0.33333333, 0.        ],
           [0.33333333, 0.5       ]])
    """
    check.floating(activations=activations)
    return _probabilities(activations)[1:, ...]


def _probabilities(a, axis=0):
    """Of all classes, class 0 first."""
    return softmax(_with_reference(a, axis), axis=axis)  # (sdl-2)


def activations(A, gamma, x, covariates, *, kind="filter"):
    """Activations [k, n]: linear in A and gamma.

    Parameters
    ----------
    A : array, floating point
        [p, k] for the filter model, [k, n] for the feature model.
    gamma : array [q, k], like `A`
        Coefficients of the covariates.
    x : array [p, n], like `A`
        Used by the filter model only.
    covariates : array [q, n], like `A`
        X'.
    kind : {"filter", "feature"}, default: "filter"
        Whether the regression sees W^T x or the codes h.

    Returns
    -------
    array [k, n]
        A^T X + gamma^T X' or A + gamma^T X'.

    Examples
    --------
    >>> import numpy as np
    >>> activations(np.array([[2.0], [0.0]]), np.array([[0.5]]), np.eye(2), np.ones((1, 2)))
    array([[2.5, 0.5]])
    """
    check.floating(A=A, gamma=gamma, x=x, covariates=covariates)
    check.choice(KINDS, kind=kind)
    return (A.T @ x if kind == "filter" else A) + gamma.T @ covariates  # (sdl-3)


def coefficients(W, H, beta, kind):
    """A, in which the activations are linear.

    Parameters
    ----------
    W, H : any
        An array, where `kind` asks for it.
    beta : array [r, q]
    kind : {"filter", "feature"}
    """
    check.choice(KINDS, kind=kind), check.floating(beta=beta, **({"W": W} if kind == "filter" else {"H": H}))
    return W @ beta if kind == "filter" else beta.T @ H  # (sdl-4)


def lift(state, *, kind="filter"):
    """Products of the factors.

    Parameters
    ----------
    state : Factors
        W, H, beta, gamma.
    kind : {"filter", "feature"}, default: "filter"
        Which model.

    Returns
    -------
    Lifted
        [A | B] = W [beta | H] (filter) or [A; B] = [beta^T; W] H (feature), of rank r at most.

    Raises
    ------
    ValueError
        If `kind` is unknown.

    Examples
    --------
    >>> import numpy as np
    >>> W, H, beta = np.array([[1.0], [2.0]]), np.array([[3.0, 4.0]]), np.array([[0.5]])
    >>> lift(Factors(W, H, beta, np.zeros((1, 1)))).A.ravel()
    array([0.5, 1. ])
    """
    check.choice(KINDS, kind=kind)
    W, H, beta, gamma = check.fields(Factors, state=state)
    check.shapes(W=(W, "p r"), H=(H, "r n"), beta=(beta, "r k"), gamma=(gamma, "q k"))
    check.alike_dtype(W=W, H=H, beta=beta, gamma=gamma)
    return Lifted(coefficients(W, H, beta, kind), W @ H, gamma)


def check_data(samples):
    """`Data` whose fields fit each other.

    Examples
    --------
    >>> import numpy as np
    >>> check_data(data(np.eye(2), np.ones((1, 2)), np.array([1, 0]))._replace(targets=np.ones((1, 3))))
    Traceback (most recent call last):
    ValueError: targets must have shape [k, n] with n=2, got (1, 3)
    """
    x, covariates, targets, *squares = check.fields(Data, samples=samples)
    check.shapes(x=(x, "p n"), covariates=(covariates, "q n"), targets=(targets, "k n"))
    check.alike_dtype(x=x, covariates=covariates, targets=targets)
    check.nonnegative(**dict(zip(Data._fields[3:], squares, strict=True)))


def check_lifted(state, samples, kind):
    """A `Lifted` that fits the samples."""
    check_data(samples)
    check.choice(KINDS, kind=kind)
    A, B, gamma = check.fields(Lifted, state=state)
    x, covariates, targets = samples[:3]
    check.like(x, B=B)
    k = targets.shape[0]
    wanted = {
        "A": (A, (x.shape[0], k) if kind == "filter" else (k, x.shape[1])),
        "gamma": (gamma, (covariates.shape[0], k)),
    }
    _check_like(x, wanted)


def check_factors(state, samples, kind):
    """`Factors` that fit the samples."""
    check_data(samples)
    check.choice(KINDS, kind=kind)
    W, H, beta, gamma = check.fields(Factors, state=state)
    x, covariates, targets = samples[:3]
    r = check.shapes(x=(x, "p n"), W=(W, "p r"))["r"]
    k = targets.shape[0]
    _check_like(
        x,
        {
            "W": (W, W.shape),
            "H": (H, (r, x.shape[1])),
            "beta": (beta, (r, k)),
            "gamma": (gamma, (covariates.shape[0], k)),
        },
    )


def _check_like(x, wanted):
    """Arrays of given shapes, of the dtype, library and device of `x`."""
    for name, (value, shape) in wanted.items():
        same = type(value) is type(x) and value.dtype == x.dtype and device(value) == device(x)
        if same and tuple(value.shape) == tuple(shape):
            continue  # the usual case, for less
        check.like(array_namespace(x).broadcast_to(x[:1, :1], shape), **{name: value})


def objective(state, samples, *, xi, nu=0.0, kind="filter"):
    """The loss in the factors.

    Parameters
    ----------
    state : Factors
        W, H, beta, gamma.
    samples : Data
        From `data`.
    xi : float
        > 0. Weight of the reconstruction; 1 / (2 sigma^2) under Gaussian noise.
    nu : float, default: 0
        >= 0. Ridge on all four factors.
    kind : {"filter", "feature"}, default: "filter"
        Which model.

    Returns
    -------
    array, 0-d
        ``sum of losses + xi |X - W H|^2 + nu (|W|^2 + |H|^2 + |beta|^2 + |gamma|^2)``.

    Raises
    ------
    TypeError, ValueError
        If the state does not fit the samples, is not finite, or a number is out of range.

    Notes
    -----
    Equation (sdl-5) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> samples = data(np.array([[1.0, 0, 2], [0, 1, -1]]), np.ones((1, 3)), np.array([1, 0, 1]))
    >>> state = Factors(np.zeros((2, 1)), np.zeros((1, 3)), np.zeros((1, 1)), np.zeros((1, 1)))
    >>> objective(state, samples, xi=1.0)  # 3 log 2 + |X|^2
    np.float64(9.0794415...)
    """
    check_factors(state, samples, kind)
    xi, nu = check.positive(xi=xi), check.nonnegative(nu=nu)
    A, B, gamma = lift(state, kind=kind)
    xp = array_namespace(A, B, gamma)
    a = activations(A, gamma, samples.x, samples.covariates, kind=kind)
    ridge = sum(xp.sum(block * block) for block in state)
    return xp.sum(losses(a, samples.targets)) + xi * xp.sum((samples.x - B) ** 2) + nu * ridge  # (sdl-5)


def lifted_objective(state, samples, *, xi, nu=0.0, kind="filter"):
    """The loss in the products: convex. Arguments as `objective`, with a `Lifted` state; its ridge is on A and gamma.

    Equation (sdl-6) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> samples = data(np.array([[1.0, 0, 2], [0, 1, -1]]), np.ones((1, 3)), np.array([1, 0, 1]))
    >>> state = Lifted(np.array([[0.5], [-0.2]]), np.array([[0.5, 0.1, 1], [0.2, 0.3, -0.4]]), np.array([[0.1]]))
    >>> lifted_objective(state, samples, xi=0.5, nu=0.1)
    np.float64(2.42789306439...)
    """
    check_lifted(state, samples, kind)
    xi, nu = check.positive(xi=xi), check.nonnegative(nu=nu)
    A, B, gamma = state
    xp = array_namespace(A, B, gamma)
    a = activations(A, gamma, samples.x, samples.covariates, kind=kind)
    ridge = xp.sum(A * A) + xp.sum(gamma * gamma)
    return xp.sum(losses(a, samples.targets)) + xi * xp.sum((samples.x - B) ** 2) + nu * ridge  # (sdl-6)


# Prediction, and data from the model ------------------------------------------------------------------------------


def codes(W, x):
    """Codes of new samples by least squares, the shortest ones where several serve.

    Parameters
    ----------
    W : array [p, r], floating point
        Dictionary.
    x : array [p, m], like `W`
        Samples in columns.

    Returns
    -------
    array [r, m]
        ``argmin |x - W h|`` for each column.

    Raises
    ------
    TypeError, ValueError
        If they are not finite or do not fit.

    Notes
    -----
    Equation (sdl-29) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> codes(np.array([[1.0], [1.0]]), np.array([[1.0, 2.0], [3.0, 2.0]]))
    array([[2., 2.]])
    """
    check.finite(W=W, x=x)
    check.shapes(W=(W, "p r"), x=(x, "p m"))
    return least_squares(W, x.T).T  # (sdl-29)


def predict(state, x, covariates, *, kind="filter"):
    """Probabilities of all classes for new samples; the codes of the feature model are those of `codes`.

    Parameters
    ----------
    state : Factors
        Fitted; its H is not used.
    x : array [p, m], floating point
        Samples in columns.
    covariates : array [q, m], like `x`
        Their covariates.
    kind : {"filter", "feature"}, default: "filter"
        The model that was fitted.

    Returns
    -------
    array [k + 1, m]
        Probabilities of the classes 0, ..., k: the columns add up to 1. The decision is the largest.

    Raises
    ------
    TypeError, ValueError
        If something is not finite or does not fit, or `kind` is unknown.

    Examples
    --------
    >>> import numpy as np
    >>> state = Factors(np.eye(2), np.zeros((2, 1)), np.array([[1.0], [0.0]]), np.array([[0.0]]))
    >>> predict(state, np.array([[0.0, 1e3], [5.0, 0.0]]), np.ones((1, 2)))
    array([[0.5, 0. ],
           [0.5, 1. ]])
    """
    check.instance(Factors, state=state)
    W, _, beta, gamma = _check_new(state, x, covariates)
    check.choice(KINDS, kind=kind)
    A = coefficients(W, codes(W, x) if kind == "feature" else None, beta, kind)
    return _probabilities(activations(A, gamma, x, covariates, kind=kind))


def label_energies(state, x, covariates, *, xi):
    """Loss of each class for new samples of the feature model, each with the code that suits it best.

    Parameters
    ----------
    state : Factors
        Fitted; its H is not used.
    x : array [p, m], floating point
        Samples in columns.
    covariates : array [q, m], like `x`
        Their covariates.
    xi : float
        > 0. Weight of the reconstruction.

    Returns
    -------
    array [k + 1, m]
        ``min over h of xi |x - W h|^2 + loss(y, beta^T h + gamma^T x')`` for y = 0, ..., k. The decision of the
        "exhaustive" rule is the class of the smallest.

    Raises
    ------
    TypeError, ValueError
        If something is not finite or does not fit, `xi` is no number > 0, or the columns of W are dependent.

    Notes
    -----
    Equations (sdl-30) and (sdl-31) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> state = Factors(np.eye(2), np.zeros((2, 1)), np.array([[4.0], [0.0]]), np.array([[0.0]]))
    >>> label_energies(state, np.array([[0.0, 1.0], [5.0, 0.0]]), np.ones((1, 2)), xi=1.0)
    array([[0.34199141, 1.69314718],
           [0.34199141, 0.01701054]])
    """
    check.instance(Factors, state=state)
    W, _, beta, gamma = _check_new(state, x, covariates)
    xi, xp = check.positive(xi=xi), array_namespace(W, x)
    r, k = beta.shape
    s = xp.linalg.svdvals(W)
    eps = float(xp.finfo(W.dtype).eps)
    if W.shape[0] < r or not float(s[-1]) > 8 * r * eps * float(s[0]):
        raise ValueError("W must have independent columns, got dependent ones")
    every = xp.eye(k + 1, dtype=x.dtype, device=device(x))[:, None, 1:]  # [k + 1, 1, k] Y of each class
    identity = xp.eye(k, dtype=x.dtype, device=device(x))
    offset = (gamma.T @ covariates).T[None, ...]  # [1, m, k]
    gram = 2 * xi * (W.T @ W)
    pull = 2 * xi * (x.T @ W)
    h = codes(W, x).T[None, ...] + 0 * every[:, :, :1]  # [k + 1, m, r] from the codes that no label has seen
    last = float("inf")
    for _ in range(100):  # a dozen is the rule
        g = _probabilities(h @ beta + offset, axis=2)[..., 1:]
        slope = h @ gram - pull + (g - every) @ beta.T
        curve = g[..., None] * identity - g[..., None] * g[..., None, :]
        newton = xp.linalg.solve(gram + beta @ curve @ beta.T, slope[..., None])[..., 0]  # (sdl-30)
        reach = _with_reference(newton @ beta, axis=2)
        spread = xp.max(reach, axis=2, keepdims=True) - xp.min(reach, axis=2, keepdims=True)
        far = spread > 0
        move = newton * xp.where(far, xp.log1p(spread) / xp.where(far, spread, 1.0), 1.0)  # (sdl-31)
        h, size = h - move, float(xp.max(abs(move)))
        if size <= 4 * eps * float(xp.max(abs(h))) or (size > last / 2 and float(xp.max(spread)) < 1e-2):
            break  # near the end moves shrink quadratically; if they do not, what is left is rounding
        last = size
    fit = xi * xp.sum((x.T - h @ W.T) ** 2, axis=2)
    return fit + _losses(h @ beta + offset, every, axis=2)


def _check_new(state, x, covariates):
    """The state, if it fits new samples."""
    W, _, beta, gamma = state
    check.finite(W=W, beta=beta, gamma=gamma, x=x, covariates=covariates)
    check.shapes(x=(x, "p m"), covariates=(covariates, "q m"), W=(W, "p r"), beta=(beta, "r k"), gamma=(gamma, "q k"))
    others = {"covariates": covariates, "W": W, "beta": beta, "gamma": gamma}
    _check_like(x, {name: (value, value.shape) for name, value in others.items()})
    return state


def generate(state, covariates, noise, uniforms, *, sigma, kind="filter"):
    """Data of the model whose negative log-likelihood is `objective` with xi = 1 / (2 sigma^2) and nu = 0.

    Parameters
    ----------
    state : Factors
        The truth.
    covariates : array [q, n], floating point
        X'.
    noise : array [p, n], like `covariates`
        Standard normal draws.
    uniforms : array [n], like `covariates`
        Uniform draws in [0, 1), which decide the labels.
    sigma : float
        >= 0. Standard deviation of the noise on X.
    kind : {"filter", "feature"}, default: "filter"
        Whether labels depend on W^T x, with its noise, or on the codes.

    Returns
    -------
    x : array [p, n]
        W H + sigma noise.
    labels : array [n]
        int64, in [0, k].

    Raises
    ------
    TypeError, ValueError
        If something is not finite or does not fit, or `sigma` is no number >= 0.

    Notes
    -----
    Equations (sdl-32) and (sdl-33) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> truth = Factors(np.array([[1.0]]), np.array([[2.0, -2.0]]), np.array([[3.0]]), np.array([[0.0]]))
    >>> generate(truth, np.ones((1, 2)), np.zeros((1, 2)), np.array([0.5, 0.5]), sigma=0.1)
    (array([[ 2., -2.]]), array([1, 0]))
    """
    check.fields(Factors, state=state)
    check.finite(noise=noise)
    _check_new(state, noise, covariates)
    check.finite(H=state.H), check.uniforms(uniforms=uniforms)
    sizes = check.shapes(noise=(noise, "p n"), uniforms=(uniforms, "n"), W=(state.W, "p r"), H=(state.H, "r n"))
    _check_like(noise, {"H": (state.H, (sizes["r"], sizes["n"])), "uniforms": (uniforms[None, :], (1, sizes["n"]))})
    sigma = check.nonnegative(sigma=sigma)
    A, B, gamma = lift(state, kind=kind)
    x = B + sigma * noise  # (sdl-32)
    g = _probabilities(activations(A, gamma, x, covariates, kind=kind))
    xp = array_namespace(x)
    below = xp.cumulative_sum(g, axis=0)[:-1, :] <= uniforms[None, :]
    return x, xp.sum(xp.astype(below, xp.int64), axis=0)  # (sdl-33)
