"""A small network with a linear head for the experiments on Hessian alignment, and the schedule of its training."""

from typing import NamedTuple

from refimpl.core import check, random, tree
from refimpl.core.arrays import Array, array_namespace
from refimpl.core.loop import iterate
from refimpl.landscape import _hessian_alignment_baselines as baselines
from refimpl.landscape import hessian_alignment
from refimpl.models import losses


class Network(NamedTuple):
    """x -> W [relu(x U + c); 1]."""

    U: Array  # [d, h] weights of the featuriser
    c: Array  # [h] its biases
    W: Array  # [C, h+1] head


def init(rng, d, h, C=1, *, like):
    """A network with normal weights, of variance 2 / d in the featuriser and 1 / h in the head, and biases of 0.

    Examples
    --------
    >>> import numpy as np
    >>> net = init(random.stream(0, "doc"), 7, 32, like=np.zeros(1))
    >>> net.U.shape, net.W.shape
    ((7, 32), (1, 33))
    """
    check.integer(d=d, h=h)
    U = (2 / d) ** 0.5 * random.normal(rng, (d, h), like=like)
    W = random.normal(rng, (C, h), like=like) / h**0.5
    xp = array_namespace(like)
    return Network(U, xp.zeros_like(U[0, :]), xp.concat([W, xp.zeros_like(W[:, :1])], axis=1))


def _network(**named):
    """Check a network: its fields are finite and fit each other."""
    ((name, net),) = named.items()
    check.fields(Network, **named)
    h = check.shapes(**{f"{name}.U": (net.U, "d h"), f"{name}.c": (net.c, "h")})["h"]
    check.shapes(**{f"{name}.W": (net.W, f"C {h + 1}")})
    check.alike_dtype(**{f"{name}.{field}": getattr(net, field) for field in Network._fields})


def features(net, x):
    """What the head sees, [N, h].

    Examples
    --------
    >>> import numpy as np
    >>> features(Network(np.eye(2), np.array([0.5, 0.0]), np.zeros((1, 3))), np.array([[1.0, -1.0]]))
    array([[1.5, 0. ]])
    """
    _network(net=net)
    check.finite(x=x)
    xp = array_namespace(net.U, x)
    return xp.maximum(x @ net.U + net.c, 0.0)


def logits(net, x):
    """Outputs of the head, [N, C].

    Examples
    --------
    >>> import numpy as np
    >>> logits(Network(np.eye(2), np.zeros(2), np.array([[2.0, 0.0, 1.0]])), np.array([[3.0, -1.0]]))
    array([[7.]])
    """
    _network(net=net)
    check.finite(x=x)
    xp = array_namespace(net.W)
    return features(net, x) @ xp.matrix_transpose(net.W[:, :-1]) + net.W[:, -1]


def accuracy(net, x, y):
    """Share of samples whose label is found.

    Examples
    --------
    >>> import numpy as np
    >>> accuracy(Network(np.eye(1), np.zeros(1), np.array([[1.0, -1.0]])), np.array([[2.0], [0.5]]), np.array([1, 1]))
    0.5
    """
    _network(net=net)
    check.finite(x=x), check.integral(y=y)
    xp, a = array_namespace(net.W), logits(net, x)
    if a.shape[1] > 1:
        return float(losses.accuracy(a, y))
    return float(xp.mean(xp.astype(xp.astype(a[:, 0] > 0, y.dtype) == y, a.dtype)))


def backward(net, x, z, dW, dz):
    """Gradient of something in all parameters, from those in the head and in the features z = `features(net, x)`.

    Examples
    --------
    >>> import numpy as np
    >>> net = Network(np.eye(2), np.zeros(2), np.zeros((1, 3)))
    >>> x = np.array([[1.0, -1.0]])
    >>> backward(net, x, features(net, x), net.W, np.ones((1, 2))).c
    array([1., 0.])
    """
    _network(net=net)
    check.finite(x=x, z=z, dW=dW, dz=dz)
    xp = array_namespace(net.U, x)
    du = xp.where(z > 0, dz, 0.0)
    return Network(xp.matrix_transpose(x) @ du, xp.sum(du, axis=0), dW)


def gradients(net, domains, penalty=None):
    """Mean loss and a penalty of the head, and their gradients in all parameters.

    Parameters
    ----------
    net : Network
        Parameters.
    domains : sequence of (x, y)
        Inputs [N, d] and labels [N] of at least two domains.
    penalty : callable, optional
        ``penalty(W, [(z, y), ...]) -> hessian_alignment.Penalty`` in the head and the features of each domain.

    Returns
    -------
    loss, penalty : array, 0-d
        Values; the penalty is 0 if there is none.
    d_loss, d_penalty : Network
        Gradients.

    Raises
    ------
    TypeError, ValueError
        As for `hessian_alignment.heads`.

    Examples
    --------
    >>> import numpy as np
    >>> net = Network(np.eye(1), np.zeros(1), np.zeros((1, 2)))
    >>> domains = [(np.array([[1.0]]), np.array([0])), (np.array([[2.0]]), np.array([1]))]
    >>> loss, value, d_loss, _ = gradients(net, domains, lambda W, seen: hessian_alignment.hgp(W, seen, alpha=0.0))
    >>> loss.round(6), d_loss.W
    (np.float64(0.693147), array([[-0.25,  0.  ]]))
    """
    _network(net=net), hessian_alignment._pairs(domains)
    check.function(**{"penalty": penalty} if penalty else {})
    z = [features(net, x) for x, _ in domains]
    seen = [(z_e, y) for z_e, (_, y) in zip(z, domains, strict=True)]
    at, n = hessian_alignment.heads(net.W, seen), len(domains)
    by_loss = [hessian_alignment.pull(net.W, one, one.r / (n * one.r.shape[0]), 0.0) for one in at]
    xp, loss = array_namespace(net.W), sum(one.loss for one in at) / n
    if penalty:
        found = check.fields(hessian_alignment.Penalty, **{"what penalty returns": penalty(net.W, seen)})
        check.like(net.W, **{"dW of penalty": found.dW}), tree.alike(z, **{"dz of penalty": found.dz})
    else:
        found = hessian_alignment.Penalty(0.0 * loss, xp.zeros_like(net.W), [xp.zeros_like(z_e) for z_e in z])
    d_loss = [backward(net, x, z_e, *part) for (x, _), z_e, part in zip(domains, z, by_loss, strict=True)]
    d_penalty = [
        backward(net, x, z_e, found.dW / n, dz_e) for (x, _), z_e, dz_e in zip(domains, z, found.dz, strict=True)
    ]
    total = lambda parts: tree.map(lambda *leaves: sum(leaves), *parts)
    return loss, found.value, total(d_loss), total(d_penalty)


def product(net, x, y, along):
    """Hessian of the loss in all parameters times a direction, another Network.

    Parameters
    ----------
    net, along : Network
        Parameters and direction.
    x : array, shape [N, d]
        Inputs.
    y : array, shape [N]
        Labels.

    Returns
    -------
    Network
        H times `along`, where no unit is at its kink.

    Raises
    ------
    TypeError, ValueError
        As for `hessian_alignment.head`.

    Examples
    --------
    >>> import numpy as np
    >>> net = Network(np.eye(1), np.zeros(1), np.array([[1.0, -1.0]]))
    >>> product(net, np.array([[1.0]]), np.array([1]), Network(np.ones((1, 1)), np.zeros(1), np.zeros((1, 2))))
    Network(U=array([[0.25]]), c=array([0.25]), W=array([[-0.25,  0.25]]))
    """
    _network(net=net), _network(along=along)
    tree.alike(net, along=along)
    check.finite(x=x)
    xp, z = array_namespace(net.U, x), features(net, x)
    at = hessian_alignment.head(net.W, z, y)
    N, r = z.shape[0], at.r
    z_along = xp.where(z > 0, x @ along.U + along.c, 0.0)
    seen = xp.concat([z_along, xp.zeros_like(z_along[:, :1])], axis=1)
    a_along = seen @ xp.matrix_transpose(net.W) + at.x @ xp.matrix_transpose(along.W)
    r_along = hessian_alignment._soften(at.p, a_along)
    dW = (xp.matrix_transpose(r_along) @ at.x + xp.matrix_transpose(r) @ seen) / N
    return backward(net, x, z, dW, (r_along @ net.W + r @ along.W)[:, :-1] / N)


def iga(net, domains, *, lam=1000.0):
    """IGA's penalty on the network, and its gradient.

    Examples
    --------
    >>> import numpy as np
    >>> net = Network(np.eye(1), np.zeros(1), np.zeros((1, 2)))
    >>> domains = [(np.array([[1.0]]), np.array([0])), (np.array([[1.0]]), np.array([1]))]
    >>> iga(net, domains, lam=1.0)[0]  # gradients of 1/2 and -1/2 in W
    np.float64(1.0)
    """
    _network(net=net), hessian_alignment._pairs(domains)
    _, unravel = tree.ravel(net)
    g = []
    for x, y in domains:
        z = features(net, x)
        at = hessian_alignment.head(net.W, z, y)
        parts = hessian_alignment.pull(net.W, at, at.r / at.r.shape[0], 0.0)
        g.append(tree.ravel(backward(net, x, z, *parts))[0])

    def along(e, v):
        x, y = domains[e]
        return tree.ravel(product(net, x, y, unravel(v)))[0]

    value, slopes = baselines.iga(g, along, lam=lam)
    return value, unravel(slopes)


# The schedule --------------------------------------------------------------------------------------------------------


class ScheduleState(NamedTuple):
    """What Adam keeps. The switch of the penalty's weight leaves it alone."""

    m: Array  # like the parameters: exponential average of the gradients
    v: Array  # like the parameters: exponential average of their squares
    steps: int  # taken so far


def schedule_init(theta):
    """State before the first step.

    Parameters
    ----------
    theta : array, any shape, floating point
        Parameters.

    Returns
    -------
    ScheduleState
        At rest.

    Raises
    ------
    TypeError
        If `theta` is no floating-point array.

    Examples
    --------
    >>> import numpy as np
    >>> schedule_init(np.ones(2))
    ScheduleState(m=array([0., 0.]), v=array([0., 0.]), steps=0)
    """
    check.floating(theta=theta)
    xp = array_namespace(theta)
    return ScheduleState(xp.zeros_like(theta), xp.zeros_like(theta), 0)


def schedule_step(
    theta, state, grad, penalty, *, lam=91257.0, warm=190, lr=4.9e-4, l2=1.1e-3, beta1=0.9, beta2=0.999, eps=1e-8
):
    """A step of the training of Colored MNIST: a penalty that is light at first, then heavy, and Adam.

    Parameters
    ----------
    theta : array, any shape, floating point
        All parameters, of featuriser and head.
    state : ScheduleState
        From `schedule_init` or the last step.
    grad : array, like `theta`
        Gradient of the mean loss.
    penalty : array, like `theta`
        Gradient of the penalty.
    lam : float, default: 91257.0
        Weight >= 0 of the penalty after the first `warm` steps, in which it is 1.
    warm : int, default: 190
        Number of these first steps, >= 0; in the authors' scripts 190 of 501.
    lr : float, default: 4.9e-4
        Step size > 0.
    l2 : float, default: 1.1e-3
        Weight >= 0 of the sum of all squared parameters, without a factor 1/2.
    beta1, beta2 : float in [0, 1), default: 0.9 and 0.999
        Rates of Adam's averages.
    eps : float, default: 1e-8
        > 0. Beside the root.

    Returns
    -------
    theta : array, like `theta`
        Next parameters.
    state : ScheduleState
        For the next step.

    Raises
    ------
    TypeError, ValueError
        If arrays do not fit, a gradient is not finite, or a number is out of range.

    Notes
    -----
    Equations (hessian_alignment-18) to (hessian_alignment-20) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> theta, state = np.array([1.0, -1.0]), schedule_init(np.zeros(2))
    >>> theta, state = schedule_step(theta, state, np.array([2.0, 1.0]), np.zeros(2), warm=0, lr=0.1, l2=0.0)
    >>> theta.round(3), (state.m * 91257).round(3)  # the whole objective is divided by lambda
    (array([ 0.9, -1.1]), array([0.2, 0.1]))
    """
    check.instance(ScheduleState, state=state)
    check.alike(theta=theta, grad=grad, penalty=penalty, m=state.m, v=state.v)
    check.no_negative(v=state.v)
    lam, l2 = check.nonnegative(lam=lam, l2=l2)
    lr, eps = check.positive(lr=lr, eps=eps)
    beta1, beta2 = check.fraction(beta1=beta1, beta2=beta2)
    warm, t = check.integer(warm=warm), check.integer(steps=state.steps) + 1
    xp = array_namespace(theta, grad)
    weight = 1.0 if t <= warm else lam  # (hessian_alignment-18)
    whole = (grad + 2 * l2 * theta + weight * penalty) / max(1.0, weight)  # (hessian_alignment-19)
    m = beta1 * state.m + (1 - beta1) * whole
    v = beta2 * state.v + (1 - beta2) * whole * whole
    theta = theta - lr * (m / (1 - beta1**t)) / (xp.sqrt(v / (1 - beta2**t)) + eps)  # (hessian_alignment-20)
    return theta, ScheduleState(m, v, t)


def train(net, domains, *, steps, penalty=None, record=None, **rates):
    """Full-batch training by the schedule.

    Parameters
    ----------
    net : Network
        The start.
    domains : sequence of (x, y)
        As for `gradients`.
    steps : int
        >= 0.
    penalty : callable, optional
        ``penalty(W, [(z, y), ...], k) -> hessian_alignment.Penalty`` in step k = 1, 2, ...; without one the mean loss
        alone is minimized (ERM).
    record : callable, optional
        ``record(net) -> dict``, collected in the history at the start and after each step.
    **rates
        Of `schedule_step`.

    Returns
    -------
    Network
        After the last step.
    core.loop.Run
        Its `state` is the pair of all parameters in a row and the ScheduleState.

    Raises
    ------
    TypeError, ValueError
        As for `gradients` and `schedule_step`.

    Examples
    --------
    >>> import numpy as np
    >>> rng = random.stream(0, "doc")
    >>> x, y = random.normal(rng, (40, 2), like=np.zeros(1)), np.arange(40) % 2
    >>> domains = [(x + 2 * y[:, None], y), (x + 3 * y[:, None], y)]
    >>> net, _ = train(init(rng, 2, 8, like=x), domains, steps=60, lr=0.05)
    >>> accuracy(net, *domains[0]) > 0.8
    True
    """
    _network(net=net)
    theta, unravel = tree.ravel(net)
    rates = rates if penalty else rates | {"lam": 0.0}

    def step(carry, k):
        theta, state = carry
        asked = penalty and (lambda W, seen: penalty(W, seen, k))
        *_, d_loss, d_penalty = gradients(unravel(theta), domains, asked)
        return schedule_step(theta, state, tree.ravel(d_loss)[0], tree.ravel(d_penalty)[0], **rates)

    note = record and (lambda carry: record(unravel(carry[0])))
    run = iterate(step, (theta, schedule_init(theta)), steps=steps, record=note)
    return unravel(run.state[0]), run
