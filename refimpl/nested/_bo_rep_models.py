"""Bilevel problems for BO-REP: one whose curvature explodes, data hyper-cleaning, and two more applications.

A problem is what `bo_rep.minimize` asks for: ``lower(x, y, t)``, a gradient, and ``upper(x, y, k)``, a `bo_rep.Upper`.
"""

from typing import NamedTuple

from refimpl.core import check, random
from refimpl.core.arrays import Array, array_namespace, device
from refimpl.core.autodiff import grad
from refimpl.models.losses import softmax_cross_entropy
from refimpl.nested.bo_rep import Upper
from refimpl.problems import hyper_cleaning


class Cosh(NamedTuple):
    """g = (y - W x)^T A (y - W x) / 2 and f = sum cosh(x) + ``|y - t|^2 / 2``: curvature grows as the slope.

    Examples
    --------
    >>> import numpy as np
    >>> problem = Cosh(np.eye(1), np.ones((1, 1)), np.zeros(1))
    >>> problem.gradient(np.array([1.0])).round(6)  # sinh 1 + 1
    array([2.175201])
    """

    A: Array  # [p, p] Hessian of g in y
    W: Array  # [p, d]
    t: Array  # [p]

    def solution(self, x):
        """The lower minimizer [p]."""
        check.finite(x=x)
        return self.W @ x

    def gradient(self, x):
        """The exact hyper-gradient [d]."""
        check.finite(x=x)
        xp = array_namespace(x)
        return xp.sinh(x) + (self.solution(x) - self.t) @ self.W

    def lower(self, x, y, noise=0.0):
        """Gradient of G in y, `noise` added."""
        check.finite(x=x, y=y), check.values(noise=noise)
        return self.A @ (y - self.W @ x) + noise

    def upper(self, x, y, noise_x=0.0, noise_y=0.0, noise_hvp=0.0):
        """Gradients and products, noise added: that of the Hessian's product times the length of z."""
        check.finite(x=x, y=y), check.values(noise_x=noise_x, noise_y=noise_y, noise_hvp=noise_hvp)
        xp = array_namespace(x)
        hvp = lambda z: self.A @ z + noise_hvp * xp.linalg.vector_norm(z)
        return Upper(xp.sinh(x) + noise_x, y - self.t + noise_y, hvp, lambda z: -((self.A @ z) @ self.W))


def cosh_problem(rng, *, like, d=4, p=6):
    """A random `Cosh`: A = 1 + Q Q^T with Q normal of variance 1 / p, W normal of variance 1 / 4, t standard normal.

    Examples
    --------
    >>> import numpy as np
    >>> cosh_problem(random.stream(0, "doc"), like=np.zeros(1)).W.shape
    (6, 4)
    """
    q = random.normal(rng, (p, p), like=like) / p**0.5
    xp = array_namespace(q)
    A = q @ xp.matrix_transpose(q) + xp.eye(p, dtype=q.dtype, device=device(q))
    return Cosh(A, 0.5 * random.normal(rng, (p, d), like=like), random.normal(rng, (p,), like=like))


def noisy(problem, rng, *, sigma=0.3, sigma_hvp=0.06):
    """Lower and upper of a `Cosh` with fresh normal noise in each call; the cross product has none.

    Examples
    --------
    >>> import numpy as np
    >>> problem = cosh_problem(random.stream(0, "doc"), like=np.zeros(1))
    >>> lower, upper = noisy(problem, random.stream(0, "doc", "noise"))
    >>> lower(np.zeros(4), np.zeros(6), 0).shape
    (6,)
    """
    check.rng(rng=rng), check.provides("W", "lower", "upper", problem=problem)
    sigma, sigma_hvp = check.nonnegative(sigma=sigma, sigma_hvp=sigma_hvp)
    sizes = check.shapes(**{"problem.W": (problem.W, "p d")})
    p, d = sizes["p"], sizes["d"]

    def lower(x, y, t):
        return problem.lower(x, y, sigma * random.normal(rng, (p,), like=y))

    def upper(x, y, k):
        scales = (d, sigma), (p, sigma), (p, sigma_hvp)
        return problem.upper(x, y, *(scale * random.normal(rng, (size,), like=x) for size, scale in scales))

    return lower, upper


def cleaning(data, *, reg, lower_batches, upper_batches, hvp_batches, cross_batches):
    """Hyper-cleaning (`problems.hyper_cleaning`): x = lam [n], y = w [p, C], the batches given.

    Parameters
    ----------
    data : hyper_cleaning.CleaningData
        Training and validation samples.
    reg : float
        Of the lower objective.
    lower_batches, upper_batches, hvp_batches, cross_batches : callable
        Number of the lower sample, or of the step, -> indices [B]: of training samples for the lower gradient, of
        validation samples for that of f, of training samples for either product.

    Returns
    -------
    lower, upper : callable
        For `bo_rep.minimize`.

    Examples
    --------
    >>> import numpy as np
    >>> data = hyper_cleaning.cleaning_data(random.stream(0, "doc"), like=np.zeros(1), train=8, validation=4)
    >>> first = lambda k: np.array([k, k + 1])
    >>> batches = dict.fromkeys(("lower_batches", "upper_batches", "hvp_batches", "cross_batches"), first)
    >>> lower, upper = cleaning(data, reg=0.1, **batches)
    >>> w, lam = np.zeros((65, 10)), np.zeros(8)
    >>> lower(lam, w, 0).shape, upper(lam, w, 0).cross(w).shape
    ((65, 10), (8,))
    """

    check.function(
        lower_batches=lower_batches, upper_batches=upper_batches, hvp_batches=hvp_batches, cross_batches=cross_batches
    )

    reg = check.nonnegative(reg=reg)
    check.instance(hyper_cleaning.CleaningData, data=data)

    def picked(lam, batch):
        xp = array_namespace(lam)
        return xp.take(lam, batch), xp.take(data.train, batch, axis=0), xp.take(data.labels, batch)

    def lower(lam, w, t):
        return hyper_cleaning.lower_gradient(w, *picked(lam, lower_batches(t)), reg=reg)

    def upper(lam, w, k):
        xp, clean = array_namespace(lam), upper_batches(k)
        right = xp.take(data.validation, clean, axis=0), xp.take(data.validation_labels, clean)
        train, crossed = picked(lam, hvp_batches(k)), cross_batches(k)
        return Upper(
            xp.zeros_like(lam),
            hyper_cleaning.upper_gradient(w, *right),
            lambda z: hyper_cleaning.lower_hvp(w, z, *train, reg=reg),
            lambda z: hyper_cleaning.cross_product(w, z, lam, data.train, data.labels, crossed),
        )

    return lower, upper


def by_autodiff(f, g):
    """Lower and upper of any two losses ``f(x, y)`` and ``g(x, y)`` written in array-API code.

    Examples
    --------
    >>> import numpy as np
    >>> lower, upper = by_autodiff(lambda x, y: (x * y)[0], lambda x, y: (y * y * x)[0] / 2)
    >>> x, y = np.array([3.0]), np.array([2.0])
    >>> got = upper(x, y, 0)
    >>> lower(x, y, 0), got.grad_x, got.hvp(np.ones(1)), got.cross(np.ones(1))
    (array([6.]), array([2.]), array([3.]), array([2.]))
    """
    check.function(f=f, g=g)
    of_x, of_y = grad(f, 0), grad(f, 1)
    gradient = grad(g, 1)

    def upper(x, y, k):
        def slope(x, y, z):
            xp = array_namespace(x, y)
            return xp.sum(gradient(x, y) * z)

        return Upper(of_x(x, y), of_y(x, y), lambda z: grad(slope, 1)(x, y, z), lambda z: grad(slope, 0)(x, y, z))

    return lambda x, y, t: gradient(x, y), upper


def penalties(train, validation):
    """Hyper-parameter optimization: softmax regression on `train` with a penalty exp(x_c) for each of C classes.

    Parameters
    ----------
    train, validation : (array [n, p], array [n])
        Samples and labels.

    Returns
    -------
    f, g : callable
        Loss of ``f(x, y)`` on the validation samples and of ``g(x, y)`` on the training samples, the latter with
        ``sum_c exp(x_c) |y_c|^2 / 2``; x [C], y [p, C].

    Examples
    --------
    >>> import numpy as np
    >>> some = np.ones((2, 3)), np.array([0, 1])
    >>> f, g = penalties(some, some)
    >>> round(float(f(np.zeros(2), np.ones((3, 2)))), 6), round(float(g(np.zeros(2), np.ones((3, 2)))), 6)
    (0.693147, 3.693147)
    """

    check.sequence(train=train, validation=validation)

    def g(x, y):
        xp = array_namespace(x, y)
        return softmax_cross_entropy(train[0] @ y, train[1]) + 0.5 * xp.sum(xp.exp(x) * xp.sum(y * y, axis=0))

    return lambda x, y: softmax_cross_entropy(validation[0] @ y, validation[1]), g


def representation(train, validation, *, reg):
    """Hyper-representation: an encoder x [p, r], tanh(X x), learned on `validation`; a head y [r, C] fitted on `train`.

    Parameters
    ----------
    train, validation
        As for `penalties`.
    reg : float
        Weight of ``|y|^2 / 2`` in g, > 0.

    Returns
    -------
    f, g : callable
        Losses ``f(x, y)`` and ``g(x, y)``.

    Examples
    --------
    >>> import numpy as np
    >>> some = np.ones((2, 3)), np.array([0, 1])
    >>> f, g = representation(some, some, reg=1.0)
    >>> round(float(f(np.ones((3, 1)), np.zeros((1, 2)))), 6)
    0.693147
    """
    check.sequence(train=train, validation=validation)
    reg = check.positive(reg=reg)

    def f(x, y, samples=validation):
        xp = array_namespace(x, y)
        return softmax_cross_entropy(xp.tanh(samples[0] @ x) @ y, samples[1])

    def g(x, y):
        xp = array_namespace(x, y)
        return f(x, y, train) + 0.5 * reg * xp.sum(y * y)

    return f, g
