"""What convex training is measured with: gradient descent on the network, a bound from duality, small data sets."""

from refimpl.convex.convex_relu import LOSSES, Network, check_network, group_norms
from refimpl.core import check
from refimpl.core.arrays import array_namespace, device, from_numpy, to_numpy
from refimpl.core.linalg import nnls
from refimpl.core.loop import iterate
from refimpl.core.random import indices, normal, uniform
from refimpl.core.special import xlogy


def random_network(rng, d, m, *, like, runs=()):
    """First layer with variance 1 / d, second with 1 / m; several networks at once, if `runs` is a shape.

    Examples
    --------
    >>> import numpy as np
    >>> from refimpl.core.random import stream
    >>> [x.shape for x in random_network(stream(0, "doc"), 3, 20, like=np.zeros(1), runs=(8,))]
    [(8, 3, 20), (8, 20)]
    """
    check.instance((tuple, list), runs=runs)
    d, m = check.integer(d=d, m=m, minimum=1)
    return Network(normal(rng, (*runs, d, m), like=like) / d**0.5, normal(rng, (*runs, m), like=like) / m**0.5)


def gradient_step(X, y, network, *, lr, beta, loss="squared"):
    """One step of gradient descent on the non-convex objective; the derivative of (x)_+ at 0 is 0.

    Parameters
    ----------
    X, y : array, shapes [n, d], [n]
        Data and targets.
    network : Network
        Layers [..., d, m] and [..., m].
    lr, beta : float
        Step size and weight decay > 0.
    loss : {"squared", "cross_entropy"}, default: "squared"
        As in `convex_relu.objective`.

    Returns
    -------
    Network
        After the step.

    Examples
    --------
    >>> import numpy as np
    >>> net = Network(np.array([[2.0]]), np.array([1.0]))
    >>> gradient_step(np.array([[1.0]]), np.array([1.0]), net, lr=0.1, beta=1.0)
    Network(first=array([[1.7]]), second=array([0.7]))
    """
    check.finite(X=X, y=y)
    check.shapes(X=(X, "n d"), y=(y, "n"))
    check_network(X, network)
    (lr, beta), _ = check.number(lr=lr, beta=beta), check.choice(LOSSES, loss=loss)
    xp = array_namespace(X, y, *network)
    first, second = network
    before = X @ first  # [..., n, m]
    slope = LOSSES[loss][1](xp.sum(xp.maximum(before, 0.0) * second[..., None, :], axis=-1), y)[..., None]
    pull = xp.where(before > 0, slope * second[..., None, :], 0.0)
    to_first = xp.matrix_transpose(X) @ pull + beta * first
    to_second = xp.sum(slope * xp.maximum(before, 0.0), axis=-2) + beta * second
    return Network(first - lr * to_first, second - lr * to_second)


def gradient_descent(X, y, network, *, lr, beta, loss="squared", steps=20_000, record=None):
    """Train networks by gradient descent; arguments as `gradient_step`, returns the last ones and the run.

    Examples
    --------
    >>> import numpy as np
    >>> net = Network(np.array([[2.0]]), np.array([1.0]))
    >>> trained, _ = gradient_descent(np.array([[1.0]]), np.array([1.0]), net, lr=0.1, beta=0.5, steps=500)
    >>> float(trained.first[0, 0] * trained.second[0])  # minimizes (x - 1)^2 / 2 + |x| / 2
    0.5...
    """
    check.finite(X=X, y=y)
    check_network(X, network)
    lr, beta = check.positive(lr=lr, beta=beta)
    run = iterate(
        lambda net, k: gradient_step(X, y, net, lr=lr, beta=beta, loss=loss), network, steps=steps, record=record
    )
    return run.state, run


def _with_ones(points):
    xp = array_namespace(points)
    return xp.concat([points, xp.ones_like(points[:, :1])], axis=1)


def toy(rng, n, *, like, d=3, noise=0.3):
    """Normal points with a column of ones, and three random ReLUs of them plus noise: X [n, d], y [n].

    Examples
    --------
    >>> import numpy as np
    >>> from refimpl.core.random import stream
    >>> [x.shape for x in toy(stream(0, "doc"), 12, like=np.zeros(1))]
    [(12, 3), (12,)]
    """
    n, d, noise = check.integer(n=n, minimum=1), check.integer(d=d, minimum=2), check.nonnegative(noise=noise)
    xp = array_namespace(like)
    X = _with_ones(normal(rng, (n, d - 1), like=like))
    teacher = Network(normal(rng, (d, 3), like=like), normal(rng, (3,), like=like))
    outputs = xp.maximum(X @ teacher.first, 0.0) @ teacher.second
    return X, outputs + noise * normal(rng, (n,), like=like)


def rings(rng, n, *, like, noise=0.12):
    """Points about two circles, of radius 0.5 (class 1) and 1.3 (class -1), in turn: X [n, 3] with ones, y [n].

    Examples
    --------
    >>> import numpy as np
    >>> from refimpl.core.random import stream
    >>> X, y = rings(stream(0, "doc"), 4, like=np.zeros(1), noise=0.0)
    >>> np.linalg.norm(X[:, :2], axis=1).round(3).tolist(), y.tolist()
    ([0.5, 1.3, 0.5, 1.3], [1.0, -1.0, 1.0, -1.0])
    """
    noise, n = check.nonnegative(noise=noise), check.integer(n=n, minimum=1)
    xp = array_namespace(like)
    angle = uniform(rng, (n,), like=like, high=6.283185307179586)
    y = 1 - 2 * (xp.arange(n, dtype=like.dtype, device=device(like)) % 2)
    radius = 0.9 - 0.4 * y + noise * normal(rng, (n,), like=like)
    return _with_ones(xp.stack([radius * xp.cos(angle), radius * xp.sin(angle)], axis=1)), y


def xor(rng, n, *, like, half_width=0.2):
    """Points uniform in four boxes about (+-1, +-0.8), class: sign of the product; X [n, 3] with ones, y [n].

    Examples
    --------
    >>> import numpy as np
    >>> from refimpl.core.random import stream
    >>> X, y = xor(stream(0, "doc"), 8, like=np.zeros(1))
    >>> bool((np.sign(X[:, 0] * X[:, 1]) == y).all())
    True
    """
    n, half_width = check.integer(n=n, minimum=1), check.nonnegative(half_width=half_width)
    xp = array_namespace(like)
    corner = xp.astype(indices(rng, 4, (n,), like=like), like.dtype)
    centres = xp.stack([xp.sign(corner - 1.5), 0.8 - 1.6 * (corner % 2)], axis=1)
    points = centres + uniform(rng, (n, 2), like=like, low=-half_width, high=half_width)
    return _with_ones(points), xp.sign(points[:, 0] * points[:, 1])


def project_on_cones(X, D, vectors):
    """The nearest v to each vector in the cone (2 D_i - I) X v >= 0 of its pattern, [d, P].

    What the projection leaves is a combination, with weights >= 0, of the cone's walls: a non-negative least-squares
    problem, solved on the host.

    Parameters
    ----------
    X, D : array, shapes [n, d], [n, P]
        Data and activation patterns.
    vectors : array, shape [d, P], like `X`
        One per pattern.

    Returns
    -------
    array, shape [d, P]

    Examples
    --------
    >>> import numpy as np
    >>> X, D = np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([[1.0], [1.0]])
    >>> project_on_cones(X, D, np.array([[3.0], [-4.0]]))  # into the quadrant
    array([[3.],
           [0.]])
    """
    check.finite(D=D)
    check.finite(X=X, vectors=vectors)
    check.shapes(X=(X, "n d"), D=(D, "n P"), vectors=(vectors, "d P"))
    points, patterns, host = (to_numpy(x).astype(float) for x in (X, D, vectors))
    nearest = []
    for pattern, vector in zip(patterns.T, host.T, strict=True):
        walls = ((2 * pattern - 1)[:, None] * points).T
        nearest.append(vector + walls @ nnls(-walls, vector))
    return array_namespace(X).matrix_transpose(from_numpy(nearest, like=X))


def pull_in_cones(X, D, direction):
    """Projections of X^T D_i direction on the cones: [d, P].

    The norm of each is the largest direction^T D_i X v over |v| <= 1 in the cone; at the optimum of the program none
    is above beta, for the slope of the loss and for its negative.

    Examples
    --------
    >>> import numpy as np
    >>> pull_in_cones(np.eye(2), np.ones((2, 1)), np.array([3.0, -4.0]))
    array([[3.],
           [0.]])
    """
    check.finite(X=X, D=D, direction=direction)
    xp = array_namespace(X, D, direction)
    return project_on_cones(X, D, xp.matrix_transpose(X) @ (D * direction[:, None]))


def lower_bound(X, D, y, outputs, *, beta, loss="squared"):
    """A value below which the program cannot fall, from its dual at the slope of the loss, made feasible.

    Parameters
    ----------
    X, D, y : array, shapes [n, d], [n, P], [n]
        Data, activation patterns, targets.
    outputs : array, shape [n]
        Where to take the slope; the bound is tight at those of a solution.
    beta : float
        Weight decay > 0.
    loss : {"squared", "cross_entropy"}, default: "squared"
        As in `convex_relu.objective`.

    Returns
    -------
    float

    Examples
    --------
    >>> import numpy as np
    >>> X = D = np.array([[1.0]])
    >>> round(lower_bound(X, D, np.array([1.0]), np.array([0.75]), beta=0.25), 12)  # of (v - 1)^2 / 2 + v / 4
    0.21875
    """
    check.finite(X=X, D=D, y=y, outputs=outputs), check.choice(LOSSES, loss=loss)
    check.shapes(X=(X, "n d"), D=(D, "n P"), y=(y, "n"), outputs=(outputs, "n"))
    beta, xp = check.positive(beta=beta), array_namespace(X, D, y, outputs)
    theta = LOSSES[loss][1](outputs, y)
    pulls = xp.stack([pull_in_cones(X, D, side * theta) for side in (1.0, -1.0)])
    largest = float(xp.max(group_norms(pulls)))
    theta = min(1.0, beta / largest) * theta if largest > 0 else theta
    if loss == "squared":
        return float(-xp.sum(theta * y) - 0.5 * xp.sum(theta * theta))
    p = 0.5 * theta + y
    return float(-xp.sum(xlogy(p, p) + xlogy(1 - p, 1 - p)))
