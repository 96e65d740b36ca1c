"""Problems on which weights of samples are tried, and rivals of these weights."""

import math
from typing import NamedTuple

import numpy as np

from refimpl.core import check
from refimpl.core.arrays import Array, array_namespace, from_numpy
from refimpl.training import loss_reweighting as lr

FAR = 1e60  # from here on a run has diverged, all beside it included
RIVALS = ("upper half", "groups", "frozen")


class Regression(NamedTuple):
    """Least squares in several runs at once."""

    A: Array  # [R, n, d] inputs to train on
    y: Array  # [R, n] answers
    star: Array  # [R, d] solution
    gram: Array  # [R, d, d] second moments of the test inputs
    rare: Array  # [R, n] 1 where a row is of the small group, else 0


def regression(rng, *, runs, like, n=2000, d=20, redundant=0.9, noise=0.0, wrong=0.0):
    """Gaussian rows of which most may hardly show the second half of their coordinates, so that they are redundant.

    Parameters
    ----------
    rng : numpy.random.Generator
        Where all is drawn from.
    runs : int
        R, independent problems.
    like : array
        Whose library, dtype and device to take.
    n, d : int
        Rows to train on (and as many to test on), and coordinates.
    redundant : float, default: 0.9
        Share of rows whose last d/2 coordinates are multiplied by 0.1; 0: all rows are alike.
    noise : float, default: 0
        Standard deviation of the errors of the answers to train on.
    wrong : float, default: 0
        Share of rows with an error of standard deviation 10.

    Returns
    -------
    Regression
        The test set has no errors.

    Raises
    ------
    TypeError, ValueError
        If an argument is of another kind, or out of its range.

    Examples
    --------
    >>> from refimpl.core.random import stream
    >>> problem = regression(stream(0, "docs"), runs=2, like=np.zeros(1), n=50)
    >>> problem.A.shape, problem.rare.mean(axis=1)
    ((2, 50, 20), array([0.1, 0.1]))
    """
    check.rng(rng=rng), check.floating(like=like)
    runs, n, d = check.integer(runs=runs, n=n, d=d, minimum=1)
    noise = check.nonnegative(noise=noise)
    redundant, wrong = check.fraction(redundant=redundant, wrong=wrong)

    def rows():
        x = rng.standard_normal((runs, n, d))
        x[:, : round(redundant * n), d // 2 :] *= 0.1
        return x

    star, A, test = rng.standard_normal((runs, d)), rows(), rows()
    y = np.einsum("rnd,rd->rn", A, star) + noise * rng.standard_normal((runs, n))
    y = y + np.where(rng.random((runs, n)) < wrong, 10.0, 0.0) * rng.standard_normal((runs, n))
    rare = np.broadcast_to(np.arange(n) >= round(redundant * n), (runs, n)).astype(float)
    gram = np.einsum("rni,rnj->rij", test, test) / n
    return Regression(*(from_numpy(np.ascontiguousarray(x), like=like) for x in (A, y, star, gram, rare)))


def relative_loss(problem, theta):
    """Loss [R] of parameters [R, d] on the test set, over that of parameters 0.

    Examples
    --------
    >>> from refimpl.core.random import stream
    >>> problem = regression(stream(0, "docs"), runs=2, like=np.zeros(1), n=50)
    >>> relative_loss(problem, 0.5 * problem.star)
    array([0.25, 0.25])
    """
    check.fields(Regression, problem=problem), check.finite(theta=theta)
    check.shapes(star=(problem.star, "R d"), theta=(theta, "R d"))
    return _error(problem, theta - problem.star) / _error(problem, problem.star)


def _error(problem, off):
    xp = array_namespace(off)
    return xp.sum(off * (problem.gram @ off[..., None])[..., 0], axis=-1)


def rival(name, losses, rare, first):
    """Weights [R, b] of what is compared with the rule.

    Parameters
    ----------
    name : {"upper half", "groups", "frozen"}
        The b/2 largest losses alike; 9 for each sample of the small group, 1 for others; LinUpper of the losses that
        the samples had at the start.
    losses, rare, first : array [R, b]
        Of the samples of a batch: losses, whether they are of the small group, losses at the start.

    Returns
    -------
    array [R, b]
        Of sum 1.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, something is not finite, or `name` is unknown.

    Examples
    --------
    >>> losses = np.array([[1.0, 2.0, 3.0, 5.0]])
    >>> for name in RIVALS:
    ...     print(name, rival(name, losses, np.array([[0.0, 1.0, 0.0, 0.0]]), -losses)[0].round(3))
    upper half [0.  0.  0.5 0.5]
    groups [0.083 0.75  0.083 0.083]
    frozen [0.297 0.297 0.297 0.109]
    """
    check.alike(losses=losses, rare=rare, first=first), check.choice(RIVALS, name=name)
    check.shapes(losses=(losses, "R b"))
    xp = array_namespace(losses)
    if name == "frozen":
        return lr.weights(first).w
    if name == "groups":
        powers = 1 + 8 * rare
    else:
        median = xp.sort(losses, axis=-1)[:, losses.shape[1] // 2 :][:, :1]
        powers = xp.astype(losses >= median, losses.dtype)
    return powers / xp.sum(powers, axis=-1, keepdims=True)


def descend(problem, rng, *, eta, steps, batch=32, weigh="uniform", r=1.0, every=1):
    """Stochastic gradient descent from 0, with weights of the rule or of a rival; runs side by side.

    Parameters
    ----------
    problem : Regression
        See there.
    rng : numpy.random.Generator
        Draws the batches: the same seed, the same batches.
    eta : float
        Step size > 0.
    steps, batch : int
        How many, >= 1.
    weigh : str, default: "uniform"
        A strategy or a rival.
    r : float, default: 1
        Temperature.
    every : int, default: 1
        So many steps from one record of the test loss to the next.

    Returns
    -------
    array [steps // every + 1, R]
        Relative test losses at the start and later; infinity for all runs after one has diverged.

    Raises
    ------
    TypeError, ValueError
        If an argument is of another kind, or out of its range.

    Examples
    --------
    >>> from refimpl.core.random import stream
    >>> problem = regression(stream(0, "docs"), runs=2, like=np.zeros(1), n=50)
    >>> descend(problem, stream(1, "docs"), eta=0.1, steps=20, every=10).round(2)
    array([[1.  , 1.  ],
           [0.23, 0.25],
           [0.11, 0.1 ]])
    """
    check.fields(Regression, problem=problem), check.rng(rng=rng)
    check.shapes(A=(problem.A, "R n d"), y=(problem.y, "R n"), star=(problem.star, "R d"), rare=(problem.rare, "R n"))
    check.choice((*lr.STRATEGIES, *RIVALS), weigh=weigh)
    steps, batch, every = check.integer(steps=steps, batch=batch, every=every, minimum=1)
    xp, (R, n, _) = array_namespace(problem.A), problem.A.shape
    theta, eta = xp.zeros_like(problem.star), check.positive(eta=eta)
    found = [relative_loss(problem, theta)]
    for k in range(1, steps + 1):
        rows = from_numpy(rng.integers(0, n, (R, batch)), like=theta, dtype=xp.int64)
        A = xp.take_along_axis(problem.A, rows[:, :, None], axis=1)
        y = xp.take_along_axis(problem.y, rows, axis=1)
        if weigh in lr.STRATEGIES:
            theta, _ = lr.regression_step(theta, A, y, lr=eta, strategy=weigh, r=r)
        else:
            residual = (A @ theta[..., None])[..., 0] - y
            w = rival(weigh, 0.5 * residual**2, xp.take_along_axis(problem.rare, rows, axis=1), 0.5 * y**2)
            theta = theta - eta * (xp.matrix_transpose(A) @ (w * residual)[..., None])[..., 0]
        if float(xp.max(xp.abs(theta))) > FAR:
            break
        if k % every == 0:
            found.append(relative_loss(problem, theta))
    lost = [xp.full_like(found[0], math.inf)] * (steps // every + 1 - len(found))
    return xp.stack([*found, *lost])
