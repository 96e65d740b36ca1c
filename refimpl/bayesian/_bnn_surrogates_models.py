"""What the surrogates are tried on: objectives on the unit cube, to be maximised. NumPy on the host."""

import math
from itertools import pairwise

import numpy as np

from refimpl.core import check
from refimpl.core.arrays import to_numpy


def _unit(x, d=None):
    """Check points [..., d] and return them on the host."""
    check.finite(x=x)
    x = to_numpy(x)
    if x.ndim < 1 or x.shape[-1] != (d or x.shape[-1]):
        raise ValueError(f"x must have {d} coordinates along its last axis, got shape {x.shape}")
    return x


def branin(x):
    """Minus the function of Branin, on [0, 1]^2 in place of [-5, 10] x [0, 15]; its maximum is -0.397887.

    Parameters
    ----------
    x : array [..., 2]
        Points.

    Returns
    -------
    array [...]
        Values.

    Examples
    --------
    >>> branin(np.array([0.54277284, 0.15166667])).round(6)
    np.float64(-0.397887)
    """
    x = _unit(x, 2)
    a, b = 15 * x[..., 0] - 5, 15 * x[..., 1]
    bowl = b - 5.1 / (4 * math.pi**2) * a**2 + 5 / math.pi * a - 6
    return -(bowl**2 + 10 * (1 - 1 / (8 * math.pi)) * np.cos(a) + 10)


_A = np.array(
    [[10, 3, 17, 3.5, 1.7, 8], [0.05, 10, 17, 0.1, 8, 14], [3, 3.5, 1.7, 10, 17, 8], [17, 8, 0.05, 10, 0.1, 14]]
)
_P = 1e-4 * np.array(
    [
        [1312, 1696, 5569, 124, 8283, 5886],
        [2329, 4135, 8307, 3736, 1004, 9991],
        [2348, 1451, 3522, 2883, 3047, 6650],
        [4047, 8828, 8732, 5743, 1091, 381],
    ]
)


def hartmann(x):
    """Minus the function of Hartmann on [0, 1]^6, arrays as for `branin`; its maximum is 3.32237.

    Examples
    --------
    >>> hartmann(np.array([0.20169, 0.150011, 0.476874, 0.275332, 0.311652, 0.6573])).round(5)
    np.float64(3.32237)
    """
    x = _unit(x, 6)
    return np.exp(-np.sum(_A * (x[..., None, :] - _P) ** 2, axis=-1)) @ np.array([1.0, 1.2, 3.0, 3.2])


def ackley(x):
    """Minus the function of Ackley, on [0, 1]^d in place of [-32.768, 32.768]^d; its maximum is 0, in the middle.

    Examples
    --------
    >>> ackley(np.array([[0.5, 0.5], [1.0, 0.5]])).round(4) + 0.0
    array([  0.    , -20.7796])
    """
    u = 32.768 * (2 * _unit(x) - 1)
    roots, waves = np.sqrt(np.mean(u**2, axis=-1)), np.mean(np.cos(2 * math.pi * u), axis=-1)
    return 20 * np.exp(-0.2 * roots) + np.exp(waves) - 20 - math.e


def branin_currin(x):
    """Minus the functions of Branin and Currin on [0, 1]^2: two objectives, along a last axis.

    Examples
    --------
    >>> branin_currin(np.array([0.5, 0.5])).round(4)
    array([-24.13  ,  -7.4051])
    """
    x = _unit(x, 2)
    a, b = x[..., 0], x[..., 1]
    damped = 1 - np.exp(-1 / (2 * np.maximum(b, 1e-12)))
    currin = damped * (2300 * a**3 + 1900 * a**2 + 2092 * a + 60) / (100 * a**3 + 500 * a**2 + 4 * a + 20)
    return np.stack([branin(x), -currin], axis=-1)


def dtlz1(x, *, objectives=2):
    """Minus the functions of DTLZ1 (Deb et al., 2002) on [0, 1]^d: along a last axis, as many as `objectives`, 2 to d.

    Examples
    --------
    >>> dtlz1(np.array([0.25, 0.5, 0.5])) + 0.0
    array([-0.125, -0.375])
    """
    x = _unit(x)
    K = check.integer(objectives=objectives, minimum=2, below=x.shape[-1] + 1)
    rest = x[..., K - 1 :] - 0.5
    g = 100 * (rest.shape[-1] + np.sum(rest**2 - np.cos(20 * math.pi * rest), axis=-1))
    return -0.5 * (1 + g)[..., None] * _corner(x[..., : K - 1], 1 - x[..., : K - 1])


def dtlz5(x, *, objectives=2):
    """Minus the functions of DTLZ5, as for `dtlz1`; their front is a curve.

    Examples
    --------
    >>> dtlz5(np.array([0.5, 0.5, 0.5])).round(4)
    array([-0.7071, -0.7071])
    """
    x = _unit(x)
    K = check.integer(objectives=objectives, minimum=2, below=x.shape[-1] + 1)
    g = np.sum((x[..., K - 1 :] - 0.5) ** 2, axis=-1)
    theta = x[..., : K - 1].copy()
    theta[..., 1:] = (1 + 2 * g[..., None] * theta[..., 1:]) / (2 * (1 + g[..., None]))
    theta = theta * math.pi / 2
    return -(1 + g)[..., None] * _corner(np.cos(theta), np.sin(theta))


def _corner(a, b):
    """Products of all a but the last k, times b of the one after them, for k = 0, 1, ...."""
    K = a.shape[-1] + 1
    products = [np.prod(a[..., : K - 1 - k], axis=-1) for k in range(K)]
    return np.stack([p if k == 0 else p * b[..., K - 1 - k] for k, p in enumerate(products)], axis=-1)


def network_draw(rng, d, *, hidden=(64, 64)):
    """A network with tanh and all its weights and biases drawn from N(0, 1): an objective on [0, 1]^d.

    Parameters
    ----------
    rng : numpy.random.Generator
        From `core.random.stream`.
    d : int
        >= 1.
    hidden : sequence of int, default: (64, 64)
        Widths; the paper has 256 and 256.

    Returns
    -------
    callable
        ``objective(x)``, points [..., d] -> values [...].

    Raises
    ------
    TypeError, ValueError
        If `rng` is no generator or a size no integer >= 1.

    Examples
    --------
    >>> from refimpl.core.random import stream
    >>> network_draw(stream(0, "doc"), 3, hidden=(4,))(np.zeros((5, 3))).shape
    (5,)
    """
    check.rng(rng=rng), check.sequence(hidden=hidden)
    sizes = [check.integer(d=d, minimum=1), *(check.integer(hidden=h, minimum=1) for h in hidden), 1]
    layers = [(rng.standard_normal((a, b)), rng.standard_normal(b)) for a, b in pairwise(sizes)]

    def objective(x):
        x = _unit(x, d)
        for W, b in layers[:-1]:
            x = np.tanh(x @ W + b)
        return (x @ layers[-1][0] + layers[-1][1])[..., 0]

    return objective


def polynomial_draw(rng, d, *, group=4):
    """A sum of products of `group` factors x_i - c_i each, with centres c_i uniform on [0, 1]; as for `network_draw`.

    Examples
    --------
    >>> from refimpl.core.random import stream
    >>> polynomial_draw(stream(0, "doc"), 8)(np.zeros((5, 8))).shape
    (5,)
    """
    check.rng(rng=rng)
    d, group = check.integer(d=d, minimum=1), check.integer(group=group, minimum=1)
    centres = rng.uniform(size=d)
    starts = range(0, d, group)
    return lambda x: sum(np.prod(_unit(x, d)[..., i : i + group] - centres[i : i + group], axis=-1) for i in starts)


def process_draw(rng, d, *, length, features=500):
    """A draw of a Gaussian process with squared-exponential covariance of one length scale, by cosines; as before.

    Examples
    --------
    >>> from refimpl.core.random import stream
    >>> process_draw(stream(0, "doc"), 3, length=0.5)(np.zeros((5, 3))).shape
    (5,)
    """
    check.rng(rng=rng)
    length, d = check.positive(length=length), check.integer(d=d, minimum=1)
    features = check.integer(features=features, minimum=1, below=10**7)
    frequencies, phases = rng.standard_normal((d, features)) / length, rng.uniform(0, 2 * math.pi, features)
    weights = rng.standard_normal(features) * math.sqrt(2 / features)
    return lambda x: np.cos(_unit(x, d) @ frequencies + phases) @ weights


def warped(x, *, power=4.0, waves=2.5):
    """Product over the coordinates of x_i sin(2 pi waves x_i^power), on [0, 1]^d: ever quicker along each axis.

    Not stationary: a wave is 1 / (waves power x^(power - 1)) long. Points as for `ackley`; the maximum with the
    defaults is 0.974156^d, at 0.974308 in each coordinate.

    Examples
    --------
    >>> warped(np.array([[0.0], [0.5], [0.974308]])).round(6)
    array([0.      , 0.415735, 0.974156])
    """
    power, waves = check.positive(power=power, waves=waves)
    x = _unit(x)
    return np.prod(x * np.sin(2 * math.pi * waves * np.maximum(x, 0.0) ** power), axis=-1)


def on_grid(x, levels):
    """The nearest points whose coordinates are among 0, 1 / (levels - 1), ..., 1.

    Parameters
    ----------
    x : array [..., d]
        Points.
    levels : int
        >= 2, of each coordinate.

    Returns
    -------
    array [..., d]
        Points of the grid.

    Raises
    ------
    TypeError, ValueError
        If `x` is no such array or not finite, or `levels` no such integer.

    Examples
    --------
    >>> on_grid(np.array([0.1, 0.3, 0.8]), 3)
    array([0. , 0.5, 1. ])
    """
    last = check.integer(levels=levels, minimum=2, below=2**20) - 1
    return np.round(last * np.clip(_unit(x), 0.0, 1.0)) / last


def rounded(objective, levels):
    """An objective with discrete inputs: that of the nearest points of a grid, whatever points it is asked for.

    Parameters
    ----------
    objective : callable
        ``objective(x)``, points [..., d] -> values.
    levels : int
        As for `on_grid`.

    Returns
    -------
    callable
        The same, constant around each point of the grid.

    Raises
    ------
    TypeError, ValueError
        If `objective` is no function or `levels` no such integer.

    Examples
    --------
    >>> rounded(branin, 16)(np.array([0.53, 0.12])) == branin(np.array([8.0, 2.0]) / 15)
    np.True_
    """
    check.function(objective=objective), check.integer(levels=levels, minimum=2, below=2**20)
    return lambda x: objective(on_grid(x, levels))
