"""Unnormalized models and laws for MECO and what it is compared with.

A model is three functions of parameters and points; a law draws points. Points are [..., B, p], and parameters [d] or,
for R runs side by side, [R, d].
"""

import math
from collections.abc import Callable
from functools import cache
from itertools import product
from typing import NamedTuple

import numpy as np

from refimpl.core import check, random
from refimpl.core.arrays import Array, array_namespace, from_numpy, to_numpy
from refimpl.core.special import logsumexp, sigmoid, softmax, softplus

# Laws ---------------------------------------------------------------------------------------------------------


class Gaussian(NamedTuple):
    """Normal law with independent coordinates.

    Examples
    --------
    >>> import numpy as np
    >>> q = Gaussian(np.array([0.0, 1.0]), np.array([1.0, 2.0]))
    >>> q.sample(random.stream(0, "doc"), (5,)).shape, q.log_density(np.array([[0.0, 1.0]])).round(6)
    ((5, 2), array([-2.531024]))
    """

    mean: Array  # [p]
    scale: Array  # [p] standard deviations > 0

    def _checked(self):
        check.finite(mean=self.mean, scale=self.scale)
        check.shapes(mean=(self.mean, "p"), scale=(self.scale, "p"))
        if not bool(array_namespace(self.scale).all(self.scale > 0)):
            raise ValueError("scale must be > 0 everywhere, got an entry that is not")

    def sample(self, rng, shape):
        """Draws [*shape, p]."""
        check.sequence(shape=shape), self._checked()
        return self.mean + self.scale * random.normal(rng, (*shape, self.mean.shape[0]), like=self.mean)

    def log_density(self, z):
        """log q [...] at z [..., p], normalized."""
        check.finite(z=z), self._checked()
        xp, p = array_namespace(z), self.mean.shape[0]
        standard = (z - self.mean) / self.scale
        constant = xp.sum(xp.log(self.scale)) + p / 2 * math.log(2 * math.pi)
        return -0.5 * xp.vecdot(standard, standard) - constant


class Rows(NamedTuple):
    """Uniform law on the rows of a data set.

    Examples
    --------
    >>> import numpy as np
    >>> Rows(np.array([[1.0, 2.0]])).sample(random.stream(0, "doc"), (3,))
    array([[1., 2.],
           [1., 2.],
           [1., 2.]])
    """

    rows: Array  # [n, p]

    def sample(self, rng, shape):
        """Draws [*shape, p], with replacement."""
        check.sequence(shape=shape)
        chosen = random.indices(rng, self.rows.shape[0], (math.prod(shape),), like=self.rows)
        xp = array_namespace(self.rows)
        return xp.reshape(xp.take(self.rows, chosen, axis=0), (*shape, self.rows.shape[1]))


class Blobs(NamedTuple):
    """Equal mixture of round Gaussians.

    Examples
    --------
    >>> import numpy as np
    >>> law = Blobs(np.array([[0.0, 3.0], [0.0, -3.0]]), 0.5)
    >>> law.sample(random.stream(0, "doc"), (4,)).shape, law.log_density(np.array([[0.0, 3.0]])).round(6)
    ((4, 2), array([-1.14473]))
    """

    centers: Array  # [k, p]
    scale: float  # standard deviation > 0

    def sample(self, rng, shape):
        """Draws [*shape, p]."""
        check.sequence(shape=shape)
        chosen = Rows(self.centers).sample(rng, shape)
        return chosen + float(self.scale) * random.normal(rng, tuple(chosen.shape), like=chosen)

    def log_density(self, z):
        """Normalized, [...] at z [..., p]."""
        check.finite(z=z)
        xp, (k, p) = array_namespace(z), self.centers.shape
        away = (z[..., None, :] - self.centers) / float(self.scale)
        constant = math.log(k) + p * math.log(self.scale) + p / 2 * math.log(2 * math.pi)
        return logsumexp(-0.5 * xp.vecdot(away, away), axis=-1) - constant


def four_blobs(*, like):
    """The 2-d law of the experiments: standard deviation 0.35, centers at 1.5 on the axes.

    Examples
    --------
    >>> import numpy as np
    >>> four_blobs(like=np.zeros(1)).centers
    array([[ 1.5,  0. ],
           [ 0. ,  1.5],
           [-1.5,  0. ],
           [ 0. , -1.5]])
    """
    return Blobs(from_numpy([[1.5, 0.0], [0.0, 1.5], [-1.5, 0.0], [0.0, -1.5]], like=like), 0.35)


def moment_fit(data, *, inflate=1.0):
    """Normal law with the mean of `data` [n, p] and `inflate` times its standard deviations: the usual noise.

    Examples
    --------
    >>> import numpy as np
    >>> moment_fit(np.array([[1.0], [3.0]]))
    Gaussian(mean=array([2.]), scale=array([1.]))
    """
    check.finite(data=data)
    check.shapes(data=(data, "n p"))
    inflate = check.positive(inflate=inflate)
    xp = array_namespace(data)
    return Gaussian(xp.mean(data, axis=0), inflate * xp.std(data, axis=0))


def weight_variance(theta, noise):
    """E_q[(p / q)^2] of p = N(theta, 1) under a one-dimensional `noise`; infinite where 2 s^2 <= 1.

    Examples
    --------
    >>> import numpy as np
    >>> weight_variance(2.0, Gaussian(np.array([0.0]), np.array([1.0]))) == np.exp(4.0)
    np.True_
    """
    check.provides("mean", "scale", noise=noise)
    theta, mean = check.number(theta=theta, mean=float(noise.mean[0]))
    variance = check.positive(scale=float(noise.scale[0])) ** 2
    excess = 2 * variance - 1
    return variance / math.sqrt(excess) * math.exp((theta - mean) ** 2 / excess) if excess > 0 else math.inf  # (meco-9)


class Whitening(NamedTuple):
    """Leading principal components of a data set, each scaled to unit variance.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 0.1], [0.0, -0.1]])
    >>> code = Whitening.of(x, 1)
    >>> abs(code.encode(x)).round(3).ravel(), code.decode(code.encode(x)).round(3)[0]
    (array([1.414, 1.414, 0.   , 0.   ]), array([1., 0.]))
    """

    mean: Array  # [m]
    components: Array  # [p, m] orthonormal rows
    scales: Array  # [p] standard deviations along them

    @classmethod
    def of(cls, x, p):
        """The `p` components of most variance of the rows x [n, m]."""
        xp = array_namespace(x)
        mean = xp.mean(x, axis=0)
        _, singular, rows = xp.linalg.svd(x - mean, full_matrices=False)
        return cls(mean, rows[:p, :], singular[:p] / x.shape[0] ** 0.5)

    def encode(self, x):
        """Coordinates [n, p] of x [n, m]."""
        check.finite(x=x)
        return (x - self.mean) @ array_namespace(x).matrix_transpose(self.components) / self.scales

    def decode(self, y):
        """The x [n, m] with coordinates y [n, p]."""
        check.finite(y=y)
        return self.mean + (y * self.scales) @ self.components


# Models -------------------------------------------------------------------------------------------------------


class Model(NamedTuple):
    """An unnormalized density exp f(x; theta)."""

    log_density: Callable  # (params, x [..., B, p]) -> f [..., B]
    grads: Callable  # (params, x) -> [..., B, d] gradients of f with respect to the parameters
    slope: Callable  # (params, x) -> [..., B, p] gradient of f with respect to x


def gaussian_mean():
    """f(x; theta) = theta x - x^2 / 2 - log(2 pi) / 2 in one dimension: N(theta, 1), and log Z = theta^2 / 2.

    Examples
    --------
    >>> import numpy as np
    >>> gaussian_mean().log_density(np.array([2.0]), np.array([[2.0]])).round(6)
    array([1.081061])
    """

    def log_density(params, x):
        return params * x[..., 0] - x[..., 0] ** 2 / 2 - math.log(2 * math.pi) / 2

    return Model(log_density, lambda params, x: x, lambda params, x: params[..., None] - x)


def radial_basis(centers, *, width, spread):
    """f(x; theta) = sum_k theta_k exp(-``|x - c_k|^2`` / (2 width^2)) - ``|x|^2`` / (2 spread^2), linear in theta.

    Parameters
    ----------
    centers : array [d, p], floating point
        c_k.
    width : float
        Of the bumps, > 0.
    spread : float
        Of the Gaussian that they stand on, > 0.

    Returns
    -------
    Model
        With d parameters.

    Examples
    --------
    >>> import numpy as np
    >>> model = radial_basis(np.array([[0.0, 0.0], [1.0, 0.0]]), width=1.0, spread=2.0)
    >>> model.log_density(np.array([1.0, 2.0]), np.zeros((1, 2))).round(6)
    array([2.213061])
    """
    check.finite(centers=centers)
    check.shapes(centers=(centers, "d p"))
    width, spread = check.positive(width=width, spread=spread)
    plain = array_namespace(centers)
    transposed, lengths = plain.matrix_transpose(centers), plain.vecdot(centers, centers)

    def bumps(x):
        xp = array_namespace(x)
        return xp.exp((xp.vecdot(x, x)[..., None] + lengths - 2 * (x @ transposed)) * (-0.5 / width**2))

    def log_density(params, x):
        xp = array_namespace(params, x)
        return xp.squeeze(bumps(x) @ params[..., None], axis=-1) - xp.vecdot(x, x) / (2 * spread**2)

    def slope(params, x):
        xp = array_namespace(params, x)
        weighted = bumps(x) * params[..., None, :]
        return (weighted @ centers - xp.sum(weighted, axis=-1)[..., None] * x) / width**2 - x / spread**2

    return Model(log_density, lambda params, x: bumps(x), slope)


def grid_log_partition(model, params, grid):
    """log Z by the rectangle rule on a `grid` [n^2, 2] of equal cells, for smooth models that vanish at its rim.

    Examples
    --------
    >>> import numpy as np
    >>> model = radial_basis(np.zeros((1, 2)), width=1.0, spread=1.0)
    >>> grid = square_grid(8.0, 61, like=np.zeros(1))
    >>> (np.exp(grid_log_partition(model, np.zeros(1), grid)) / np.pi).round(9)
    np.float64(2.0)
    """
    check.finite(params=params, grid=grid), check.provides("log_density", model=model)
    cell = float(grid[1, 1] - grid[0, 1]) ** 2
    return logsumexp(model.log_density(params, grid), axis=-1) + math.log(cell)


def square_grid(half, side, *, like):
    """`side`^2 equally spaced points [side^2, 2] of the square of half-width `half` around 0, the last axis fastest.

    Examples
    --------
    >>> import numpy as np
    >>> square_grid(1.0, 2, like=np.zeros(1)).tolist()
    [[-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 1.0]]
    """
    check.number(half=half), check.integer(side=side)
    line = np.linspace(-half, half, side)
    return from_numpy(np.stack(np.meshgrid(line, line, indexing="ij"), axis=-1).reshape(-1, 2), like=like)


# An energy model whose partition function is known: Gaussians times softplus units ---------------------------


@cache
def _states(units):
    return np.array(list(product((0.0, 1.0), repeat=units)))


class SoftplusModel(NamedTuple):
    """f(y) = b y + sum_j softplus(w_j y + c_j) - sum_i lambda_i y_i^2 / 2 with lambda_i = floor + exp(kappa_i).

    Summed over hidden bits it is a mixture of 2^units Gaussians, so log Z, its gradient and exact draws are known
    for a few units. `floor` keeps the tails lighter than those of noise with variance 1 / floor. Its methods
    `log_density`, `grads` and `slope` are those of a `Model`; the parameters (b, W, c, kappa) lie flat in one array.

    Examples
    --------
    >>> import numpy as np
    >>> model = SoftplusModel(2, 3, 0.5)
    >>> params = model.init(random.stream(0, "doc"), like=np.zeros(1))
    >>> params.shape, [part.shape for part in model.unpack(params)]
    ((13,), [(2,), (3, 2), (3,), (2,)])
    >>> model.log_density(params, np.zeros((1, 2))).round(6)  # 3 softplus(-1)
    array([0.939785])
    """

    p: int  # dimension of the points
    units: int  # softplus units
    floor: float  # >= 0, least precision

    def init(self, rng, *, like):
        """b = 0, W normal with standard deviation 0.2, c = -1, kappa = -2."""
        check.rng(rng=rng)
        W = 0.2 * rng.standard_normal(self.units * self.p)
        parts = np.zeros(self.p), W, np.full(self.units, -1.0), np.full(self.p, -2.0)
        return from_numpy(np.concatenate(parts), like=like)

    def unpack(self, params):
        """b [p], W [units, p], c [units], kappa [p]."""
        check.finite(params=params)
        xp, (p, units, _) = array_namespace(params), self
        check.shapes(params=(params, str(2 * p + units * p + units)))
        W = xp.reshape(params[p : p + units * p], (units, p))
        return params[:p], W, params[p + units * p : -p], params[-p:]

    def _precision(self, kappa):
        return float(self.floor) + array_namespace(kappa).exp(kappa)

    def log_density(self, params, y):
        """f [B] at y [B, p]."""
        check.finite(params=params, y=y)
        xp, (b, W, c, kappa) = array_namespace(params, y), self.unpack(params)
        bent = xp.sum(softplus(y @ W.T + c), axis=-1)
        return y @ b + bent - 0.5 * ((y * y) @ self._precision(kappa))

    def grads(self, params, y):
        """Gradients [B, d] of f with respect to the parameters."""
        xp, (_, W, c, kappa) = array_namespace(params, y), self.unpack(params)
        gate = sigmoid(y @ W.T + c)
        outer = xp.reshape(gate[:, :, None] * y[:, None, :], (y.shape[0], -1))
        return xp.concat([y, outer, gate, -0.5 * xp.exp(kappa) * y * y], axis=1)

    def slope(self, params, y):
        """Gradient [B, p] of f with respect to y."""
        b, W, c, kappa = self.unpack(params)
        return b + sigmoid(y @ W.T + c) @ W - self._precision(kappa) * y

    def _mixture(self, params):
        """Hidden bits [2^units, units], their log weights [2^units], means [2^units, p] and the precision [p]."""
        xp, (b, W, c, kappa) = array_namespace(params), self.unpack(params)
        bits, precision = from_numpy(_states(self.units), like=params), self._precision(kappa)
        pull = b + bits @ W
        constant = self.p / 2 * math.log(2 * math.pi) - 0.5 * xp.sum(xp.log(precision))
        return bits, bits @ c + 0.5 * xp.sum(pull * pull / precision, axis=1) + constant, pull / precision, precision

    def log_partition(self, params):
        """log Z, a sum over the hidden bits."""
        return logsumexp(self._mixture(params)[1])  # (meco-11)

    def log_partition_grad(self, params):
        """Gradient [d] of log Z: the mean of `grads` under the model."""
        xp, kappa = array_namespace(params), self.unpack(params)[3]
        bits, log_weights, means, precision = self._mixture(params)
        weights = softmax(log_weights)
        outer = xp.reshape(xp.matrix_transpose(weights[:, None] * bits) @ means, (-1,))
        squares = weights @ (means * means) + 1 / precision
        return xp.concat([weights @ means, outer, weights @ bits, -0.5 * xp.exp(kappa) * squares])

    def sample(self, params, rng, size):
        """Exact draws [size, p]: a Gaussian of the mixture, then a point of it."""
        xp, (_, log_weights, means, precision) = array_namespace(params), self._mixture(params)
        weights = to_numpy(softmax(log_weights)).astype(float)
        chosen = rng.choice(len(weights), size, p=weights / weights.sum())
        noise = random.normal(rng, (size, self.p), like=params)
        return xp.take(means, from_numpy(chosen, like=params), axis=0) + noise / xp.sqrt(precision)
