"""Tasks that share a linear representation, and their samples."""

from typing import NamedTuple

from refimpl.core import check
from refimpl.core.arrays import Array, array_namespace
from refimpl.core.linalg import unit
from refimpl.core.random import indices, normal

TARGETS = ("one", "generic")


class Tasks(NamedTuple):
    """The truth: task t predicts x^T B w_t."""

    B: Array  # [d, k] orthonormal columns
    W: Array  # [k, T] heads of the source tasks, of length 1
    w: Array  # [k] head of the target task, of length 1


def _checked(tasks):
    """Refuse what is no description of tasks."""
    check.fields(Tasks, tasks=tasks)
    check.shapes(B=(tasks.B, "d k"), W=(tasks.W, "k T"), w=(tasks.w, "k"))
    check.alike_dtype(**tasks._asdict())


def draw(rng, *, d, k, T, target="generic", like):
    """Heads uniform on the sphere; the target's is one of them ("one"), or has a direction of its own ("generic").

    Examples
    --------
    >>> import numpy as np
    >>> from refimpl.core.random import stream
    >>> tasks = draw(stream(0, "doc"), d=5, k=2, T=4, target="one", like=np.zeros(1))
    >>> tasks.W.shape, np.sum(tasks.W**2, axis=0).round(6), bool((tasks.W.T @ tasks.w).max() > 1 - 1e-12)
    ((2, 4), array([1., 1., 1., 1.]), True)
    """
    d, k, T = check.integer(d=d, k=k, T=T, minimum=1)
    check.choice(TARGETS, target=target)
    xp = array_namespace(like)
    B = xp.linalg.qr(normal(rng, (d, k), like=like))[0]
    W = unit(normal(rng, (k, T), like=like), axis=0)
    own, one = normal(rng, (k,), like=like), int(indices(rng, T, (1,), like=like)[0])
    return Tasks(B, W, unit(own) if target == "generic" else W[:, one])


def responses(X, theta, noise, n, *, sigma=1.0):
    """Outputs x^T theta_t + sigma z of the rows of X, n_t for each task, those of the first task first.

    Examples
    --------
    >>> import numpy as np
    >>> responses(np.eye(2), np.array([[2.0, 0.0], [0.0, 3.0]]), np.ones(2), np.array([1, 1]), sigma=0.5)
    array([2.5, 3.5])
    """
    check.finite(X=X, theta=theta, noise=noise)
    check.shapes(X=(X, "N d"), theta=(theta, "d T"), noise=(noise, "N"), n=(n, "T"))
    sigma = check.nonnegative(sigma=sigma)
    xp = array_namespace(X, theta, noise)
    return xp.sum(X * xp.repeat(xp.matrix_transpose(theta), n, axis=0), axis=1) + sigma * noise


def sampler(rng, tasks, *, sigma=1.0):
    """``sample(n) -> X, y``, fresh normal inputs and noise with each call, as `lasso_mtrl.known` asks for it.

    Examples
    --------
    >>> import numpy as np
    >>> from refimpl.core.random import stream
    >>> tasks = draw(stream(0, "doc"), d=5, k=2, T=3, like=np.zeros(1))
    >>> [x.shape for x in sampler(stream(1, "doc"), tasks)(np.array([2, 0, 4]))]
    [(6, 5), (6,)]
    """
    _checked(tasks)
    check.rng(rng=rng)
    sigma = check.nonnegative(sigma=sigma)
    theta, xp = tasks.B @ tasks.W, array_namespace(*tasks)

    def sample(n):
        rows = int(xp.sum(n))
        X, noise = normal(rng, (rows, theta.shape[0]), like=theta), normal(rng, (rows,), like=theta)
        return X, responses(X, theta, noise, n, sigma=sigma)

    return sample


def target_samples(rng, tasks, n, *, sigma=1.0):
    """X [n, d] and y [n] of the target task.

    Examples
    --------
    >>> import numpy as np
    >>> from refimpl.core.random import stream
    >>> tasks = draw(stream(0, "doc"), d=5, k=2, T=3, like=np.zeros(1))
    >>> [x.shape for x in target_samples(stream(1, "doc"), tasks, 7)]
    [(7, 5), (7,)]
    """
    _checked(tasks)
    n, sigma = check.integer(n=n, minimum=1), check.nonnegative(sigma=sigma)
    theta = tasks.B @ tasks.w
    X, noise = normal(rng, (n, theta.shape[0]), like=theta), normal(rng, (n,), like=theta)
    return X, X @ theta + sigma * noise


def excess_risk(theta, tasks):
    """Mean squared error of a predictor of the target beyond the noise, for inputs of covariance I.

    Examples
    --------
    >>> import numpy as np
    >>> float(excess_risk(np.array([1.0, 2.0]), Tasks(np.eye(2), np.eye(2), np.array([1.0, 0.0]))))
    4.0
    """
    _checked(tasks)
    check.finite(theta=theta), check.shapes(B=(tasks.B, "d k"), theta=(theta, "d"))
    check.alike_dtype(B=tasks.B, theta=theta)
    xp = array_namespace(theta)
    error = theta - tasks.B @ tasks.w
    return xp.sum(error * error)
