"""Problems on which SSO is tried: classification with badly scaled features, and a learner that imitates an expert."""

from typing import NamedTuple

import numpy as np

from refimpl.core import check
from refimpl.core.arrays import Array
from refimpl.core.special import sigmoid


def classification(rng, *, n=300, d=30, flips=0.0):
    """Linearly separable classes on Gaussian features whose scales fall from 1 to 1/30.

    Parameters
    ----------
    rng : numpy.random.Generator
        From `core.random.stream`.
    n, d : int, default: 300, 30
        Numbers of examples and of features.
    flips : float in [0, 1), default: 0
        Share of the labels, at random, that is turned round; then no hyperplane separates them.

    Returns
    -------
    x : numpy.ndarray [n, d]
        Features.
    y : numpy.ndarray [n]
        Labels -1 and 1.

    Examples
    --------
    >>> from refimpl.core.random import stream
    >>> x, y = classification(stream(0, "doc"), n=500)
    >>> x.std(axis=0)[[0, -1]].round(2), set(y.tolist()) == {-1.0, 1.0}
    (array([1.  , 0.03]), True)
    """
    check.rng(rng=rng)
    n, d = check.integer(n=n, d=d, minimum=1)
    flips = check.fraction(flips=flips)
    x = rng.standard_normal((n, d)) * 30.0 ** -np.linspace(0, 1, d)
    w = rng.standard_normal(d) / np.sqrt(np.linspace(1, 1 / 30, d))
    y = np.where(x @ w >= 0, 1.0, -1.0)
    return x, np.where(rng.uniform(size=n) < flips, -y, y)


def newton(x, y, *, steps=50):
    """Minimum of the mean logistic loss of a linear model, where there is one, by damped Newton steps.

    Examples
    --------
    >>> x, y = np.array([[1.0], [1.0], [1.0]]), np.array([1.0, 1.0, -1.0])
    >>> theta, loss = newton(x, y)
    >>> bool(abs(theta[0] - np.log(2)) < 1e-12)
    True
    """
    check.finite(x=x, y=y)
    loss = lambda w: np.logaddexp(0, -y * (x @ w)).mean()
    theta = np.zeros(x.shape[1])
    for _ in range(steps):
        p = sigmoid(-y * (x @ theta))
        gradient = -x.T @ (y * p) / len(y)
        hessian = (x.T * (p * (1 - p) / len(y))) @ x
        move, size = np.linalg.lstsq(hessian, gradient, rcond=None)[0], 1.0
        while loss(theta - size * move) > loss(theta) and size > 1e-10:
            size /= 2
        theta = theta - size * move
    return theta, loss(theta)


class Imitation(NamedTuple):
    """Linear dynamics and a linear expert, seen by the learner through badly scaled features."""

    A: Array  # [k, k] the state moves to A x + B u + 0.3 noise
    B: Array  # [k, a]
    K: Array  # [a, k] the expert's action in state x is K x
    scales: Array  # [k] the features are scales * x


def imitation(rng, *, states=8, actions=2):
    """Random instance: A is 0.9 times orthogonal, the entries of B and K are 0.3 and 0.2 times normal draws.

    Examples
    --------
    >>> from refimpl.core.random import stream
    >>> task = imitation(stream(0, "doc"))
    >>> bool(np.allclose(task.A @ task.A.T, 0.81 * np.eye(8)))
    True
    """
    check.rng(rng=rng)
    states, actions = check.integer(states=states, actions=actions, minimum=1)
    q, r = np.linalg.qr(rng.standard_normal((states, states)))
    return Imitation(
        A=0.9 * q * np.sign(np.diag(r)),
        B=0.3 * rng.standard_normal((states, actions)),
        K=0.2 * rng.standard_normal((actions, states)),
        scales=10.0 ** -np.linspace(0, 1.2, states),
    )


def rollout(task, theta, rng, *, length=40):
    """States that the *learner* visits under its own policy, with what the expert would have done there.

    Parameters
    ----------
    task : Imitation
        The instance.
    theta : array, shape [k, a]
        The learner's action in state x is theta^T (scales * x), clipped to [-3, 3] for the dynamics.
    rng : numpy.random.Generator
        For the first state and the noise.
    length : int, default: 40
        Number of states.

    Returns
    -------
    features : array [length, k]
        What the policy sees.
    experts : array [length, a]
        The expert's actions there: this is the dear query.

    Examples
    --------
    >>> from refimpl.core.random import stream
    >>> task = imitation(stream(0, "doc"))
    >>> features, experts = rollout(task, np.zeros((8, 2)), stream(1, "doc"))
    >>> bool(np.allclose((features / task.scales) @ task.K.T, experts))
    True
    """
    task = check.fields(Imitation, task=task)
    check.floating(**{f"task.{name}": value for name, value in task._asdict().items()})
    check.rng(rng=rng), check.finite(theta=theta)
    x, features, experts = rng.standard_normal(task.A.shape[0]), [], []
    for _ in range(check.integer(length=length, minimum=1)):
        features.append(task.scales * x)
        experts.append(task.K @ x)
        u = np.clip(features[-1] @ theta, -3.0, 3.0)
        x = task.A @ x + task.B @ u + 0.3 * rng.standard_normal(len(x))
    return np.stack(features), np.stack(experts)
