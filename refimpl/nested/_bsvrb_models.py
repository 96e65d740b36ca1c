"""Bilevel problems of many blocks: quadratics whose hyper-gradient is known, and classifiers at many scales."""

from typing import NamedTuple

import numpy as np

from refimpl.core import check
from refimpl.core.arrays import Array, array_namespace, device, from_numpy
from refimpl.core.special import sigmoid, softplus
from refimpl.problems.breast_cancer import breast_cancer


def _times(matrix, vector):
    """Products of the last two axes with the last one, over any axes before."""
    return array_namespace(matrix, vector).matmul(matrix, vector[..., None])[..., 0]


class Quadratics(NamedTuple):
    """g_i = mean_j y^T A_ij y / 2 - y^T (B_ij x + b_ij) and f_i = mean_j ``|y - c_ij|^2 / 2`` + r sum x^2 / (1 + x^2).

    Examples
    --------
    >>> one = np.ones((2, 1, 1, 1))
    >>> Quadratics(2 * one, one, one[..., 0], 3 * one[..., 0], 0.0).hypergradient(np.zeros(1))  # (y - c) / A, y = 1 / 2
    array([-1.25])
    """

    A: Array  # [m, n, d, d] Hessians
    B: Array  # [m, n, d, e]
    b: Array  # [m, n, d]
    c: Array  # [m, n, d]
    r: float  # weight of what is not convex

    @property
    def blocks(self):
        """m."""
        named = {"A": "m n d d", "B": "m n d e", "b": "m n d", "c": "m n d"}
        return check.shapes(**{name: (getattr(self, name), axes) for name, axes in named.items()})["m"]

    @property
    def samples_g(self):
        """n."""
        return self.c.shape[1]

    @property
    def samples_f(self):
        """n too."""
        return self.c.shape[1]

    def _mean(self, field, blocks, batch):
        """Of an array [m, n, ...], the mean over the samples of each sampled block [I, ...]."""
        xp, n = array_namespace(field), self.samples_g
        rows = xp.take(
            xp.reshape(field, (-1, *field.shape[2:])), xp.reshape(blocks[:, None] * n + batch, (-1,)), axis=0
        )
        return xp.sum(xp.reshape(rows, (*batch.shape, *field.shape[2:])), axis=1) / batch.shape[1]

    def grad_y_g(self, blocks, batch, x, y):
        """A y - B x - b, each [I, d]."""
        A, B, b = (self._mean(field, blocks, batch) for field in (self.A, self.B, self.b))
        return _times(A, y) - _times(B, x) - b

    def hess_yy_g(self, blocks, batch, x, y):
        """A, [I, d, d]."""
        return self._mean(self.A, blocks, batch)

    def hvp_yy_g(self, blocks, batch, x, y, v):
        """A v, [I, d]."""
        return _times(self._mean(self.A, blocks, batch), v)

    def hess_xy_g(self, blocks, batch, x, y):
        """-B^T, [I, e, d]."""
        return -array_namespace(x).matrix_transpose(self._mean(self.B, blocks, batch))

    def cross_xy_g(self, blocks, batch, x, y, w):
        """-B^T w, [I, e]."""
        return _times(self.hess_xy_g(blocks, batch, x, y), w)

    def grad_y_f(self, blocks, batch, x, y):
        """y - c, [I, d]."""
        return y - self._mean(self.c, blocks, batch)

    def grad_x_f(self, blocks, batch, x, y):
        """Derivative of the last term of f, the same in each block, [I, e]."""
        slope = 2 * float(self.r) * x / (1 + x * x) ** 2
        return slope + array_namespace(x).zeros_like(y[:, :1])

    def solution(self, x):
        """y_i(x), [m, d]."""
        check.finite(x=x)
        xp = array_namespace(x)
        A, B, b = (xp.mean(field, axis=1) for field in (self.A, self.B, self.b))
        return xp.linalg.solve(A, (_times(B, x) + b)[..., None])[..., 0]

    def hypergradient(self, x):
        """The exact one, [e].

        Raises
        ------
        TypeError, ValueError
            If `x` does not fit, or a block's mean A is not positive definite.
        """
        check.finite(x=x)
        check.shapes(B=(self.B, "m n d e"), x=(x, "e"))
        xp = array_namespace(x)
        A, B, c = (xp.mean(field, axis=1) for field in (self.A, self.B, self.c))
        lowest = float(xp.min(xp.linalg.eigvalsh((A + xp.matrix_transpose(A)) / 2)))
        if not lowest > 0:
            raise ValueError(f"A must have a positive definite mean in each block, got an eigenvalue of {lowest:.3g}")
        w = xp.linalg.solve(A, (self.solution(x) - c)[..., None])[..., 0]
        each = _times(xp.matrix_transpose(B), w)
        return 2 * float(self.r) * x / (1 + x * x) ** 2 + xp.mean(each, axis=0)  # (bsvrb-20)

    def objective(self, x):
        """F(x), a number."""
        xp, y = array_namespace(x), self.solution(x)
        away = xp.sum((y[:, None, :] - self.c) ** 2, axis=-1) / 2
        return float(xp.mean(away)) + float(self.r) * float(xp.sum(x * x / (1 + x * x)))


def quadratics(rng, *, like, m=10, n=40, d=5, scale=1.0, noise=0.6, r=0.2):
    """Random `Quadratics`, e = d: mean A = 1 + Q Q^T, with centred noise on A and B; `scale` times mean B and c.

    Examples
    --------
    >>> from refimpl.core.random import stream
    >>> quadratics(stream(0, "doc"), like=np.zeros(1), m=3, n=4, d=2).B.shape
    (3, 4, 2, 2)
    """
    check.rng(rng=rng)
    check.integer(m=m, n=n, d=d)
    normal = lambda *shape: rng.standard_normal(shape)
    centred = lambda field: field - field.mean(axis=1, keepdims=True)
    Q, E = normal(m, d, d) / d**0.5, normal(m, n, d, d) / d**0.5
    A = (np.eye(d) + Q @ np.swapaxes(Q, 1, 2))[:, None] + noise / 2 * centred(E + np.swapaxes(E, 2, 3))
    B = scale * normal(m, 1, d, d) + noise * centred(normal(m, n, d, d))
    c = 2 * scale * normal(m, 1, d) + noise * centred(normal(m, n, d))
    A, B, b, c = (from_numpy(field, like=like) for field in (A, B, normal(m, n, d), c))
    return Quadratics(A, B, b, c, r)


class Scales(NamedTuple):
    """A linear classifier for each scale sigma_i, on training samples weighted by sigmoid(p_j); x is p.

    g_i = mean_j sigmoid(p_j) log(1 + exp(-h_ij)) + reg ``|w|^2 / 2`` with the margins h_ij = t_j w^T x_j / sigma_i, and
    f_i the same mean over validation samples without weights. The labels t are -1 or 1.

    Examples
    --------
    >>> one = np.ones((1, 1))
    >>> problem = Scales(2 * one, one[0], one, one[0], one[0], 0.0)
    >>> at = np.array([0]), np.array([[0]]), np.zeros(1), np.zeros((1, 1))
    >>> problem.grad_y_g(*at), problem.cross_xy_g(*at, one)
    (array([[-0.5]]), array([[-0.25]]))
    """

    X: Array  # [n, d] training samples
    labels: Array  # [n]
    X_val: Array  # [k, d]
    labels_val: Array  # [k]
    sigma: Array  # [m] scales > 0
    reg: float

    @property
    def blocks(self):
        """m."""
        return self.sigma.shape[0]

    @property
    def samples_g(self):
        """n."""
        return self.X.shape[0]

    @property
    def samples_f(self):
        """k."""
        return self.X_val.shape[0]

    def _batch(self, X, labels, blocks, batch, w):
        """Samples [I, B, d], label over scale and its share of the chance of an error [I, B], and that chance."""
        xp = array_namespace(X, w)
        take = lambda x: xp.reshape(xp.take(x, xp.reshape(batch, (-1,)), axis=0), (*batch.shape, *x.shape[1:]))
        rows, sign = take(X), take(labels) / xp.take(self.sigma, blocks)[:, None]
        wrong = sigmoid(-sign * _times(rows, w))  # e^-h / (1 + e^-h)
        return rows, sign, wrong

    def _weights(self, p, batch):
        xp = array_namespace(p)
        return sigmoid(xp.reshape(xp.take(p, xp.reshape(batch, (-1,))), batch.shape)) / batch.shape[1]

    def grad_y_g(self, blocks, batch, x, y):
        """[I, d]."""
        check.finite(x=x, y=y), check.integral(blocks=blocks, batch=batch)
        rows, sign, wrong = self._batch(self.X, self.labels, blocks, batch, y)
        weight = self._weights(x, batch)
        return _summed(rows, -weight * wrong * sign) + float(self.reg) * y  # (bsvrb-21)

    def _curvature(self, blocks, batch, x, y):
        rows, sign, wrong = self._batch(self.X, self.labels, blocks, batch, y)
        return rows, self._weights(x, batch) * sign * sign * wrong * (1 - wrong)  # (bsvrb-22)

    def hvp_yy_g(self, blocks, batch, x, y, v):
        """[I, d]."""
        rows, bent = self._curvature(blocks, batch, x, y)
        return _summed(rows, bent * _times(rows, v)) + float(self.reg) * v

    def hess_yy_g(self, blocks, batch, x, y):
        """[I, d, d]."""
        rows, bent = self._curvature(blocks, batch, x, y)
        xp = array_namespace(rows)
        eye = xp.eye(rows.shape[-1], dtype=rows.dtype, device=device(rows))
        return xp.matmul(xp.matrix_transpose(rows), bent[..., None] * rows) + float(self.reg) * eye

    def _slopes(self, blocks, batch, x, y):
        """Derivative of g in p_j and y of each sample of the batch [I, B, d]."""
        rows, sign, wrong = self._batch(self.X, self.labels, blocks, batch, y)
        xp = array_namespace(x)
        chance = sigmoid(xp.reshape(xp.take(x, xp.reshape(batch, (-1,))), batch.shape))
        return rows, -chance * (1 - chance) * wrong * sign / batch.shape[1]  # (bsvrb-23)

    def cross_xy_g(self, blocks, batch, x, y, w):
        """[I, n]; a sample that comes twice counts twice."""
        check.finite(x=x, y=y, w=w), check.integral(blocks=blocks, batch=batch)
        rows, slope = self._slopes(blocks, batch, x, y)
        return _summed(_marks(batch, x), slope * _times(rows, w))  # (bsvrb-24)

    def hess_xy_g(self, blocks, batch, x, y):
        """[I, n, d]."""
        rows, slope = self._slopes(blocks, batch, x, y)
        xp = array_namespace(rows)
        return xp.matmul(xp.matrix_transpose(_marks(batch, x)), slope[..., None] * rows)

    def grad_y_f(self, blocks, batch, x, y):
        """[I, d]."""
        rows, sign, wrong = self._batch(self.X_val, self.labels_val, blocks, batch, y)
        return _summed(rows, -wrong * sign / batch.shape[1])

    def grad_x_f(self, blocks, batch, x, y):
        """Zeros [I, n]: the weights count only through the classifiers."""
        return array_namespace(x).zeros_like(y[:, :1]) + 0 * x

    def validation_losses(self, w):
        """Mean loss of each classifier on the validation samples [m]."""
        xp = array_namespace(w)
        margins = self.labels_val * (w @ xp.matrix_transpose(self.X_val)) / self.sigma[:, None]
        return xp.mean(softplus(-margins), axis=1)


def _summed(rows, weights):
    """Weighted sum over the samples of each block: [I, B, d], [I, B] -> [I, d]."""
    xp = array_namespace(rows, weights)
    return xp.matmul(weights[:, None, :], rows)[:, 0, :]


def _marks(batch, like):
    """1 where a place of the batch holds a sample, [I, B, n]."""
    xp = array_namespace(like)
    every = xp.arange(like.shape[0], dtype=batch.dtype, device=device(batch))
    return xp.astype(batch[..., None] == every, like.dtype)


class Noisy(NamedTuple):
    """The nuclei with some training labels flipped."""

    problem: Scales
    flipped: np.ndarray  # [n] bool
    X_test: np.ndarray  # [q, d]
    labels_test: np.ndarray  # [q]


def noisy_nuclei(rng, *, train=200, validation=120, flipped=0.3, m=20, reg=0.01):
    """`Scales` on the shipped data of breast tissue, 1 as first feature; sigma geometric from 1 to 10.

    Examples
    --------
    >>> from refimpl.core.random import stream
    >>> found = noisy_nuclei(stream(0, "doc"))
    >>> found.problem.X.shape, int(found.flipped.sum()), found.X_test.shape
    ((200, 31), 60, (249, 31))
    """
    check.rng(rng=rng)
    train, validation, m = check.integer(train=train, validation=validation, m=m, minimum=1)
    flipped = check.fraction(flipped=flipped)
    X, labels = breast_cancer(like=np.zeros(1))
    if train + validation >= len(X):
        raise ValueError(f"train and validation must leave some of {len(X)} for the test, got {train + validation}")
    X, order = np.concatenate([np.ones((len(X), 1)), X], axis=1), rng.permutation(len(X))
    X, labels, last = X[order], labels[order], train + validation
    wrong = np.isin(np.arange(train), rng.permutation(train)[: round(flipped * train)])
    given = np.where(wrong, -labels[:train], labels[:train])
    sigma = np.geomspace(1.0, 10.0, m)
    problem = Scales(X[:train], given, X[train:last], labels[train:last], sigma, reg)
    return Noisy(problem, wrong, X[last:], labels[last:])
