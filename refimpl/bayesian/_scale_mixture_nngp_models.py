"""Finite networks, R side by side, each with a scale of its readout weights of its own."""

import math

from refimpl.core import check
from refimpl.core.arrays import array_namespace
from refimpl.core.autodiff import grad
from refimpl.core.loop import iterate
from refimpl.core.special import erf, logsumexp


def features(x, layers, *, sigma_w, sigma_b, activation):
    """Last hidden layer of R networks in tangent-kernel form: weights and biases are standard normal at the start.

    Parameters
    ----------
    x : array [n, d]
        Inputs, floating point.
    layers : sequence of (array [R, fan_in, N], array [R, N])
        Weights and biases of each hidden layer, the first at the input.
    sigma_w, sigma_b : float
        What they are multiplied with: > 0, over the root of the fan in; and >= 0.
    activation : {"relu", "erf"}
        Of every hidden layer.

    Returns
    -------
    array [R, n, N]
        phi(h).

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, an entry is not finite, or a number is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> layers = [(np.array([[[2.0, -2.0]]]), np.zeros((1, 2)))]
    >>> features(np.array([[1.0], [-3.0]]), layers, sigma_w=1.0, sigma_b=0.0, activation="relu").tolist()
    [[[2.0, 0.0], [0.0, 6.0]]]
    """
    sigma_w, sigma_b = _checked(x, layers, sigma_w, sigma_b, activation)
    return _features(x, layers, sigma_w, sigma_b, activation)


def _features(x, layers, sigma_w, sigma_b, activation):
    z = x
    for omega, beta in layers:
        h = z @ omega * (sigma_w / math.sqrt(z.shape[-1])) + sigma_b * beta[:, None, :]  # (scale_mixture_nngp-9)
        z = array_namespace(h).clip(h, 0.0, None) if activation == "relu" else erf(h)
    return z


def outputs(x, layers, v, s, *, sigma_w, sigma_b, activation):
    """Outputs of R networks, each with its own scale.

    Parameters
    ----------
    x, layers, sigma_w, sigma_b, activation
        As for `features`.
    v : array [R, N, C]
        Standard normal readout weights.
    s : array [R]
        Scales >= 0: the variance of the readout weights of each network.

    Returns
    -------
    array [R, n, C]
        Outputs f; given s they are normal at any width, with the kernel of this network.

    Raises
    ------
    TypeError, ValueError
        As for `features`, or if a scale is negative.

    Examples
    --------
    >>> import numpy as np
    >>> layers = [(np.array([[[2.0, -2.0]]]), np.zeros((1, 2)))]
    >>> options = {"sigma_w": 1.0, "sigma_b": 0.0, "activation": "relu"}
    >>> outputs(np.array([[1.0]]), layers, np.ones((1, 2, 1)), np.array([2.0]), **options).round(4)
    array([[[2.]]])
    """
    sigma_w, sigma_b = _checked(x, layers, sigma_w, sigma_b, activation)
    _readout(layers, v, s, x)
    return _read(_features(x, layers, sigma_w, sigma_b, activation), _spread(s) * v)


def _spread(s):
    return array_namespace(s).sqrt(s)[:, None, None]


def _read(z, v):
    return z @ v / math.sqrt(v.shape[-2])  # (scale_mixture_nngp-10)


def train(
    x, y, layers, v, s, *, eta, steps, sigma_w, sigma_b, activation, layers_trained="all", form="direct",
    loss="squared", record=None, progress=None,
):  # fmt: skip
    """Gradient descent of each network by itself, on a loss summed over the data.

    Parameters
    ----------
    x, layers, v, s, sigma_w, sigma_b, activation
        As for `outputs`: the start; ``sqrt(s) v`` are the readout weights.
    y : array [n, C]
        Targets; of the loss "softmax" 1 at the class, else 0.
    eta : float
        Step size > 0.
    steps : int
        >= 0.
    layers_trained : {"all", "readout"}, default: "all"
        What is trained.
    form : {"direct", "rescaled"}, default: "direct"
        Whether ``sqrt(s) v`` are the readout weights that are trained, or v.
    loss : {"squared", "softmax"}, default: "squared"
        Half of the squared errors, or minus the log softmax at the true class; summed.
    record : callable, optional
        ``record((layers, readout)) -> dict of str to value``, at the start and after each step.
    progress : str, optional
        Title of a progress bar.

    Returns
    -------
    core.loop.Run
        Its state is (layers, readout weights [R, N, C]); with scales of 1 they go into `outputs`.

    Raises
    ------
    TypeError, ValueError
        As for `outputs`, or if something is of another type or out of range.

    Examples
    --------
    >>> import numpy as np
    >>> layers = [(np.array([[[2.0, -2.0]]]), np.zeros((1, 2)))]
    >>> options = {"sigma_w": 1.0, "sigma_b": 0.0, "activation": "relu"}
    >>> x, y, one = np.array([[1.0]]), np.array([[3.0]]), np.ones(1)
    >>> run = train(x, y, layers, np.ones((1, 2, 1)), one, eta=0.1, steps=50, **options)
    >>> outputs(x, *run.state, one, **options).round(4)
    array([[[3.]]])
    """
    sigma_w, sigma_b = _checked(x, layers, sigma_w, sigma_b, activation)
    C = _readout(layers, v, s, x)
    check.finite(y=y), check.shapes(x=(x, "n d"), y=(y, f"n {C}")), check.alike_dtype(x=x, y=y)
    eta = check.positive(eta=eta)
    check.choice(("all", "readout"), layers_trained=layers_trained)
    check.choice(("direct", "rescaled"), form=form), check.choice(("squared", "softmax"), loss=loss)
    xp = array_namespace(x, v, s)
    scale = xp.ones_like(s) if form == "direct" else s

    def summed(layers, w):
        f = _read(_features(x, layers, sigma_w, sigma_b, activation), _spread(scale) * w)
        if loss == "squared":
            return 0.5 * array_namespace(f).sum((f - y) ** 2)  # (scale_mixture_nngp-37)
        return array_namespace(f).sum(logsumexp(f, axis=2) - array_namespace(f).sum(y * f, axis=2))

    def step(state, k):
        layers, w = state
        if layers_trained == "readout":
            return layers, w - eta * grad(lambda w: summed(layers, w))(w)
        slopes, slope = grad(summed, argnums=(0, 1))(layers, w)
        moved = tuple(
            (omega - eta * d_omega, beta - eta * d_beta)
            for (omega, beta), (d_omega, d_beta) in zip(layers, slopes, strict=True)
        )
        return moved, w - eta * slope

    begin = (tuple(tuple(layer) for layer in layers), (_spread(s) if form == "direct" else 1.0) * v)
    return iterate(step, begin, steps=steps, record=record, progress=progress)


def readout_limit(x, x_new, y, layers, v, s, *, sigma_w, sigma_b, activation):
    """Outputs after training the readout of each network to the end, in closed form.

    Parameters
    ----------
    x, layers, v, s, sigma_w, sigma_b, activation
        As for `outputs`.
    x_new : array [m, d]
        New inputs.
    y : array [n, C]
        Targets.

    Returns
    -------
    array [R, m, C]
        At the new inputs. The width must be at least n.

    Raises
    ------
    TypeError, ValueError
        As for `outputs`, or if the network is narrower than the data are many, or in one network the last hidden layer
        is linearly dependent, as with equal inputs.

    Examples
    --------
    >>> import numpy as np
    >>> layers = [(np.array([[[2.0, -2.0]]]), np.zeros((1, 2)))]
    >>> options = {"sigma_w": 1.0, "sigma_b": 0.0, "activation": "relu"}
    >>> x, y = np.array([[1.0]]), np.array([[3.0]])
    >>> readout_limit(x, 2 * x, y, layers, np.ones((1, 2, 1)), np.ones(1), **options)
    array([[[6.]]])
    """
    sigma_w, sigma_b = _checked(x, layers, sigma_w, sigma_b, activation)
    C = _readout(layers, v, s, x)
    check.finite(y=y, x_new=x_new)
    n = check.shapes(x=(x, "n d"), y=(y, f"n {C}"), x_new=(x_new, "m d"))["n"]
    check.alike_dtype(x=x, y=y, x_new=x_new)
    if (N := v.shape[1]) < n:
        raise ValueError(f"layers must be at least as wide as there are data, {n}, got {N}")
    z, z_new = (_features(at, layers, sigma_w, sigma_b, activation) for at in (x, x_new))
    w, xp = _spread(s) * v, array_namespace(z)
    across = xp.matrix_transpose(z)
    gram = z @ across
    values = xp.linalg.eigvalsh(gram)
    if not bool(xp.all(values[:, 0] > n * float(xp.finfo(x.dtype).eps) * values[:, -1])):
        raise ValueError("x must have a linearly independent last hidden layer in each network, got a dependent one")
    return _read(z_new, w) + z_new @ across @ xp.linalg.solve(gram, y - _read(z, w))  # (scale_mixture_nngp-38)


def _checked(x, layers, sigma_w, sigma_b, activation):
    check.finite(x=x), check.sequence(layers=layers), check.choice(("relu", "erf"), activation=activation)
    fan_in = check.shapes(x=(x, "n d"))["d"]
    nets = None
    for layer in layers:
        if not isinstance(layer, list | tuple) or len(layer) != 2:
            raise TypeError("layers must be pairs of weights and biases, got something else")
        omega, beta = layer
        check.finite(omega=omega, beta=beta), check.alike_dtype(x=x, omega=omega, beta=beta)
        sizes = check.shapes(omega=(omega, f"{nets or 'R'} {fan_in} N"), beta=(beta, f"{nets or 'R'} N"))
        nets, fan_in = omega.shape[0], sizes["N"]
    return check.positive(sigma_w=sigma_w), check.nonnegative(sigma_b=sigma_b)


def _readout(layers, v, s, x):
    """How many outputs."""
    *_, (_, beta) = layers
    check.finite(v=v, s=s), check.alike_dtype(x=x, v=v, s=s)
    C = check.shapes(v=(v, f"{beta.shape[0]} {beta.shape[1]} C"), s=(s, f"{beta.shape[0]}"))["C"]
    if not bool(array_namespace(s).all(s >= 0)):
        raise ValueError(f"s must be >= 0, got a smallest one of {float(array_namespace(s).min(s)):g}")
    return C
