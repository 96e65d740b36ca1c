"""Which domains to train on, by the alignment of their gradients (Fan, Grangier and Ablin, 2024, arXiv:2410.02498).

A model is to serve a task of which few examples exist. Training data come from many generic domains, and their mixture
is moved while the model learns: now and then the weight of a domain is multiplied by the exponential of the inner
product of its gradient with that of the task. Beside it: mixtures of basis distributions, importance sampling, DoGE.
"""

from typing import Any, NamedTuple

from refimpl.core import check
from refimpl.core.arrays import Array, array_namespace, device, is_floating
from refimpl.core.loop import iterate
from refimpl.core.special import logsumexp


class DGAState(NamedTuple):
    """The weights of the domains."""

    log_alpha: Array  # [k] logarithms of the weights, the iterate of mirror descent: a weight that underflows recovers
    average: Array  # [k] moving average of the weights, from which batches are drawn
    steps: int  # taken so far


class Training(NamedTuple):
    """A model in training, and the weights of its domains."""

    theta: Array  # parameters
    memory: Any  # of the optimizer
    state: DGAState  # weights


def init(alpha):
    """Weights at the start.

    Parameters
    ----------
    alpha : array [k]
        Weights of the domains, >= 0, of sum 1; uniform in the paper. A domain of weight 0 stays out.

    Returns
    -------
    DGAState
        Before the first step; the average starts there too.

    Raises
    ------
    TypeError, ValueError
        If `alpha` are no such weights.

    Examples
    --------
    >>> import numpy as np
    >>> init(np.array([0.5, 0.5])).log_alpha.round(4)
    array([-0.6931, -0.6931])
    """
    _simplex("k", alpha=alpha)
    return DGAState(_log(alpha), alpha, 0)


def weights(state):
    """Weights of the domains, [k], of a state: what the mirror descent has come to, not yet averaged.

    Examples
    --------
    >>> import numpy as np
    >>> weights(init(np.array([0.25, 0.75])))
    array([0.25, 0.75])
    """
    _checked(state)
    return array_namespace(state.log_alpha).exp(state.log_alpha)


# The rule -----------------------------------------------------------------------------------------------------------


def alignments(G, g):
    """Inner products of the gradients of the domains with that of the task.

    Parameters
    ----------
    G : array [k, d]
        A gradient for each domain, on a batch of its own.
    g : array [d]
        Gradient on a batch of the specialised examples, the same for all domains, independent of the others.

    Returns
    -------
    array [k]
        Scores. To first order, a training step along domain i lowers the loss of the task by the step size times a_i.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, an entry is not finite, or a product is outside the range of the dtype.

    Examples
    --------
    >>> import numpy as np
    >>> alignments(np.array([[1.0, 2.0], [0.0, -1.0]]), np.array([3.0, 1.0]))
    array([ 5., -1.])
    """
    check.finite(G=G, g=g), check.shapes(G=(G, "k d"), g=(g, "d")), check.alike_dtype(G=G, g=g)
    a = G @ g  # (dga-3)
    return check.reached("G and g", "scores", a)


def mirror_step(alpha, a, *, eta, floor=0.0):
    """A step of entropic mirror descent: each weight times the exponential of its score, and normalised.

    Parameters
    ----------
    alpha : array [k]
        Weights, >= 0, of sum 1.
    a : array [k]
        Scores. A constant added to all of them changes nothing.
    eta : float
        Step size >= 0.
    floor : float, default: 0.0
        Least weight, in [0, 1/k].

    Returns
    -------
    array [k]
        Weights of sum 1; the maximizer of eta <a, alpha'> - KL(alpha' | alpha), if `floor` is 0.

    Raises
    ------
    TypeError, ValueError
        If `alpha` are no such weights, shapes or dtypes do not fit, a score is not finite, a number is out of range, or
        `eta` times the gap of two scores is outside the range of the dtype.

    Examples
    --------
    >>> import numpy as np
    >>> mirror_step(np.array([0.5, 0.3, 0.2]), np.array([1.0, -1.0, 0.5]), eta=0.7)
    array([0.69938217, 0.10347931, 0.19713851])
    """
    _simplex("k", alpha=alpha), check.like(alpha, a=a)
    log_alpha = _floored(_tilted(_log(alpha), a, check.nonnegative(eta=eta)), floor)
    return array_namespace(alpha).exp(log_alpha)


def _tilted(log_alpha, a, eta):
    """Logarithms of the weights after a step."""
    check.finite(a=a)
    xp = array_namespace(log_alpha, a)
    gaps = check.reached("eta and scores", "products", eta * (a - xp.max(a)))
    powers = log_alpha + gaps  # (dga-4)
    below = powers - xp.max(powers)
    return below - logsumexp(below)  # (dga-5)


def _floored(log_alpha, floor):
    """Weights of at least `floor`; without one the logarithms are left as they are, so that nothing underflows."""
    xp, k, floor = array_namespace(log_alpha), log_alpha.shape[0], check.nonnegative(floor=floor)
    if floor * k > 1 + 1e-5:
        raise ValueError(f"floor must be at most 1/k = {1 / k:g}, got {floor:g}")
    if not floor:
        return log_alpha
    alpha = max(1 - k * floor, 0.0) * xp.exp(log_alpha) + floor  # (dga-6)
    return xp.log(alpha)


def update(state, a, *, eta, period=10, beta=0.1, floor=0.0):
    """What a training step does to the weights: every so often a mirror step, and then the average moves.

    Parameters
    ----------
    state : DGAState
        From `init` or the last step.
    a : array [k] or None
        Scores at the parameters after the training step; they are not looked at where none are `due`.
    eta : float
        Step size >= 0 of the mirror step; the learning rate is part of it.
    period : int, default: 10
        Training steps from one update to the next, >= 1.
    beta : float, default: 0.1
        Weight of what is new in the average, in (0, 1]; 1 is no averaging.
    floor : float, default: 0.0
        As for `mirror_step`.

    Returns
    -------
    DGAState
        For the next step.

    Raises
    ------
    TypeError, ValueError
        As `mirror_step`.

    Examples
    --------
    >>> import numpy as np
    >>> state = update(init(np.array([0.5, 0.3, 0.2])), np.array([1.0, -1.0, 0.5]), eta=0.7)
    >>> weights(state), state.average
    (array([0.69938217, 0.10347931, 0.19713851]), array([0.51993822, 0.28034793, 0.19971385]))
    """
    state, eta, beta = _checked(state), check.nonnegative(eta=eta), check.share(beta=beta)
    xp, log_alpha, average = array_namespace(state.average), state.log_alpha, state.average
    if _due(state.steps, period):
        check.like(average, a=a)
        log_alpha = _floored(_tilted(log_alpha, a, eta), floor)
        average = (1 - beta) * average + beta * xp.exp(log_alpha)  # (dga-7)
    return DGAState(log_alpha, average, state.steps + 1)


def due(state, *, period=10):
    """Whether the next `update` needs scores; arguments as there.

    Examples
    --------
    >>> import numpy as np
    >>> state = init(np.array([1.0]))
    >>> [due(state._replace(steps=t), period=3) for t in range(5)]
    [True, False, False, True, False]
    """
    return _due(_checked(state).steps, period)


def _due(t, period):
    return t % check.integer(period=period, minimum=1) == 0  # (dga-2)


def step(run, batch, domains, special, *, gradient, descend, eta, period=10, beta=0.1, floor=0.0):
    """One iteration: a training step, and then, if they are due, new weights at the new parameters.

    Parameters
    ----------
    run : Training
        Before the step.
    batch : any
        Training data drawn from the mixture ``run.state.average``.
    domains : sequence
        A batch of each domain, or of each basis distribution; not looked at where no scores are due.
    special : any
        A batch of the specialised examples; likewise.
    gradient : callable
        ``gradient(theta, batch)``, of the mean loss, like `theta`.
    descend : callable
        ``descend(theta, memory, gradient) -> (theta, memory)``, one step of any optimizer.
    eta, period, beta, floor
        As for `update`.

    Returns
    -------
    run : Training
        After the step.
    a : array [k]
        Scores; zeros where none were due.

    Raises
    ------
    TypeError, ValueError
        If a function returns something else, there are not k batches in `domains`, or as `update`.

    Examples
    --------
    A least-squares problem whose batches are targets:

    >>> import numpy as np
    >>> rates = {"gradient": lambda x, y: x - y, "descend": lambda x, memory, g: (x - 0.5 * g, memory)}
    >>> run = Training(np.zeros(1), None, init(np.array([0.5, 0.5])))
    >>> run, a = step(run, np.ones(1), [np.ones(1), -np.ones(1)], 2 * np.ones(1), eta=1.0, beta=1.0, **rates)
    >>> run.theta, a, run.state.average.round(4)
    (array([0.5]), array([ 0.75, -2.25]), array([0.9526, 0.0474]))
    """
    check.instance(Training, run=run), check.function(gradient=gradient, descend=descend)
    state, asked = _checked(run.state), _asked(gradient)
    theta, memory = check.results(2, descend=descend(run.theta, run.memory, asked(run.theta, batch)))  # (dga-1)
    check.alike(theta=run.theta, **{"what descend returns": theta})
    a = array_namespace(state.average).zeros_like(state.average)
    if _due(state.steps, period):
        check.sequence(domains=domains)
        if len(domains) != a.shape[0]:
            raise ValueError(f"domains must be {a.shape[0]} batches, one for each weight, got {len(domains)}")
        G = array_namespace(theta).stack([_flat(asked(theta, x)) for x in domains])
        a = alignments(G, _flat(asked(theta, special)))
    state = update(state, a, eta=eta, period=period, beta=beta, floor=floor)
    return Training(theta, memory, state), a


def _asked(gradient):
    def asked(theta, batch):
        found = gradient(theta, batch)
        check.alike(theta=theta, **{"what gradient returns": found})
        return found

    return asked


def _flat(x):
    return array_namespace(x).reshape(x, (-1,))


# Mixtures -----------------------------------------------------------------------------------------------------------


def mixture(P, w):
    """Weights of the domains in a mixture of basis distributions.

    Parameters
    ----------
    P : array [N, k]
        Basis distributions over the domains, one per row.
    w : array [N]
        Their weights.

    Returns
    -------
    array [k]
        Of sum 1.

    Raises
    ------
    TypeError, ValueError
        If a row of `P`, or `w`, is not >= 0 with sum 1, or shapes or dtypes do not fit.

    Examples
    --------
    >>> import numpy as np
    >>> mixture(np.array([[1.0, 0.0, 0.0], [0.2, 0.4, 0.4]]), np.array([0.75, 0.25]))
    array([0.8, 0.1, 0.1])
    """
    _simplex("N k", P=P), _simplex("N", w=w)
    check.shapes(P=(P, "N k"), w=(w, "N")), check.alike_dtype(P=P, w=w)
    return w @ P  # (dga-8)


def histogram(assignment, *, k, like):
    """Importance sampling: the shares of the domains to which the specialised examples are nearest.

    Parameters
    ----------
    assignment : array [n]
        For each specialised example its domain: integers in [0, k).
    k : int
        Number of domains, >= 1.
    like : array
        Whose dtype the answer has.

    Returns
    -------
    array [k]
        Of sum 1.

    Raises
    ------
    TypeError, ValueError
        If `assignment` are no such integers, or there are none.

    Examples
    --------
    >>> import numpy as np
    >>> histogram(np.array([0, 2, 2, 2]), k=3, like=np.zeros(1))
    array([0.25, 0.  , 0.75])
    """
    k = check.integer(k=k, minimum=1)
    check.indices(k, assignment=assignment), check.floating(like=like)
    n, xp = check.shapes(assignment=(assignment, "n"))["n"], array_namespace(assignment, like)
    places = xp.arange(k, dtype=assignment.dtype, device=device(assignment))
    hits = xp.astype(assignment[:, None] == places[None, :], like.dtype)
    return xp.sum(hits, axis=0) / n  # (dga-9)


def draw(alpha, u):
    """Domains drawn from a mixture.

    Parameters
    ----------
    alpha : array [k]
        Weights, >= 0, of sum 1.
    u : array [n]
        Uniform draws in [0, 1).

    Returns
    -------
    array [n]
        int64: for each draw the first domain whose weights, added up to there, exceed it. Never one of weight 0.

    Raises
    ------
    TypeError, ValueError
        If they are no such weights and draws, or of other dtypes.

    Examples
    --------
    >>> import numpy as np
    >>> draw(np.array([0.5, 0.0, 0.5]), np.array([0.0, 0.49, 0.5, 0.99]))
    array([0, 0, 2, 2])
    """
    _simplex("k", alpha=alpha), check.uniforms(u=u), check.shapes(u=(u, "n")), check.alike_dtype(alpha=alpha, u=u)
    xp = array_namespace(alpha, u)
    sums = xp.cumulative_sum(alpha)
    return xp.astype(xp.searchsorted(sums, u * sums[-1], side="right"), xp.int64)  # (dga-10)


# DoGE ---------------------------------------------------------------------------------------------------------------


def doge_step(alpha, G, g, *, lr, mu, eps=0.0):
    """A step of DoGE, on a proxy model: the weights move first, and the gradient is mixed with the new ones.

    Parameters
    ----------
    alpha : array [k]
        Weights, >= 0, of sum 1.
    G, g
        As for `alignments`.
    lr : float
        Learning rate of this step, >= 0.
    mu : float
        Strength > 0 of the divergence that holds the weights: the mirror step is lr / mu long.
    eps : float, default: 0.0
        Share of the uniform mixture that is added, in [0, 1].

    Returns
    -------
    alpha : array [k]
        New weights.
    gradient : array [d]
        For the training step of the proxy.

    Raises
    ------
    TypeError, ValueError
        As `mirror_step`, or if a number is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> G = np.array([[1.0, 0.0], [0.0, 1.0]])
    >>> doge_step(np.array([0.5, 0.5]), G, np.array([1.0, 0.0]), lr=0.1, mu=0.1, eps=0.5)
    (array([0.61552929, 0.38447071]), array([0.61552929, 0.38447071]))
    """
    _simplex("k", alpha=alpha), check.finite(G=G), check.shapes(alpha=(alpha, "k"), G=(G, "k d"))
    check.alike_dtype(alpha=alpha, G=G)
    (lr, eps), mu = check.nonnegative(lr=lr, eps=eps), check.positive(mu=mu)
    if eps > 1:
        raise ValueError(f"eps must be in [0, 1], got {eps:g}")
    rate = lr / mu  # (dga-11)
    tilted = array_namespace(alpha).exp(_tilted(_log(alpha), alignments(G, g), check.number(mu=rate)))
    alpha = (1 - eps) * tilted + eps / alpha.shape[0]  # (dga-12)
    return alpha, alpha @ G  # (dga-13)


def doge(theta, gradients, *, descend, memory=None, alpha, steps, lr, mu, eps=0.0):
    """DoGE's proxy run; the final model is trained anew with the average of its weights, by `train_fixed`.

    Parameters
    ----------
    theta : array
        First parameters of the proxy.
    gradients : callable
        ``gradients(theta) -> (G, g)`` on fresh batches, of `theta` flattened: [k, d] and [d].
    descend, memory
        As for `step`; what the optimizer remembers at first.
    alpha, lr, mu, eps
        As for `doge_step`; the first weights.
    steps : int
        >= 1.

    Returns
    -------
    average : array [k]
        Mean of the weights over the steps.
    run : core.loop.Run
        Its state has the proxy's parameters, what its optimizer remembers and the last weights; its history the weights
        under "alpha", those of the start too.

    Raises
    ------
    TypeError, ValueError
        As `doge_step`, or if a function returns something else.

    Examples
    --------
    >>> import numpy as np
    >>> gradients = lambda x: (np.stack([x - 1, x + 1]), x - 2)
    >>> descend = lambda x, memory, g: (x - 0.5 * g, memory)
    >>> average, run = doge(np.zeros(1), gradients, descend=descend, alpha=np.ones(2) / 2, steps=20, lr=0.5, mu=1.0)
    >>> average.round(3), run.state[0].round(3)
    (array([0.992, 0.008]), array([1.]))
    """
    check.function(gradients=gradients, descend=descend), check.finite(theta=theta), _simplex("k", alpha=alpha)
    steps, xp = check.integer(steps=steps, minimum=1), array_namespace(theta)

    def advance(state, _):
        theta, memory, alpha = state
        G, g = check.results(2, gradients=gradients(theta))
        check.finite(**{"what gradients returns as G": G, "what gradients returns as g": g})
        alpha, mixed = doge_step(alpha, G, g, lr=lr, mu=mu, eps=eps)
        moved, memory = check.results(2, descend=descend(theta, memory, xp.reshape(mixed, theta.shape)))
        check.alike(theta=theta, **{"what descend returns": moved})
        return moved, memory, alpha

    run = iterate(advance, (theta, memory, alpha), steps=steps, record=lambda state: {"alpha": state[2]})
    average = xp.mean(xp.stack(run.history["alpha"][1:]), axis=0)  # (dga-14)
    return average, run


# Training -----------------------------------------------------------------------------------------------------------


def train(theta, batches, *, gradient, descend, memory=None, alpha, steps, P=None, record=None, **rates):
    """Dynamic gradient alignment from the first parameters to the last.

    Parameters
    ----------
    theta : array
        First parameters.
    batches : callable
        ``batches(mixture, due) -> (batch, domains, special)``: data drawn from the mixture [k] of domains, and, where
        scores are due, a batch of each domain, or of each row of `P`, and one of the task.
    gradient, descend, memory
        As for `step`; what the optimizer remembers at first.
    alpha : array
        First weights: of the domains, or of the rows of `P`.
    steps : int
        >= 0.
    P : array [N, k], optional
        Basis distributions, whose weights are moved in place of those of the domains.
    record : callable, optional
        ``record(theta) -> dict`` of what the history shall have beside the weights.
    **rates
        `eta`, `period`, `beta` and `floor` of `update`.

    Returns
    -------
    core.loop.Run
        State: `Training`; the history has "alpha" and "average", of the start too.

    Raises
    ------
    TypeError, ValueError
        As `step` and `mixture`.

    Examples
    --------
    >>> import numpy as np
    >>> rates = {"gradient": lambda x, y: x - y, "descend": lambda x, memory, g: (x - 0.5 * g, memory)}
    >>> mean = lambda alpha, due: (alpha[0:1] - alpha[1:2], [np.ones(1), -np.ones(1)], 2 * np.ones(1))
    >>> run = train(np.zeros(1), mean, alpha=np.array([0.5, 0.5]), steps=100, eta=1.0, **rates)
    >>> run.state.theta.round(2), run.state.state.average.round(2)
    (array([0.65]), array([0.82, 0.18]))
    """
    check.function(batches=batches)
    start = Training(theta, memory, init(alpha))

    def advance(run, _):
        average = run.state.average if P is None else mixture(P, run.state.average)
        drawn = batches(average, _due(run.state.steps, rates.get("period", 10)))
        return step(run, *check.results(3, batches=drawn), gradient=gradient, descend=descend, **rates)[0]

    def noted(run):
        more = {} if record is None else record(run.theta)
        xp = array_namespace(run.state.log_alpha)
        return {"alpha": xp.exp(run.state.log_alpha), "average": run.state.average, **more}

    return iterate(advance, start, steps=steps, record=noted)


def train_fixed(theta, batches, *, gradient, descend, memory=None, alpha, steps, record=None):
    """Training on a mixture that stays: uniform, importance sampling, or what DoGE has found.

    Parameters
    ----------
    theta, gradient, descend, memory, steps, record
        As for `train`.
    batches : callable
        ``batches(mixture) -> batch``.
    alpha : array [k]
        The mixture.

    Returns
    -------
    core.loop.Run
        State: parameters, and what the optimizer remembers.

    Raises
    ------
    TypeError, ValueError
        If `alpha` are no weights, or a function returns something else.

    Examples
    --------
    >>> import numpy as np
    >>> rates = {"gradient": lambda x, y: x - y, "descend": lambda x, memory, g: (x - 0.5 * g, memory)}
    >>> run = train_fixed(np.zeros(1), lambda alpha: alpha[0:1] - alpha[1:2], alpha=np.ones(2) / 2, steps=9, **rates)
    >>> run.state[0]
    array([0.])
    """
    check.function(batches=batches, gradient=gradient, descend=descend)
    check.finite(theta=theta), _simplex("k", alpha=alpha)

    def advance(state, _):
        theta, memory = state
        found = check.results(2, descend=descend(theta, memory, _asked(gradient)(theta, batches(alpha))))
        check.alike(theta=theta, **{"what descend returns": found[0]})
        return found

    noted = None if record is None else lambda state: record(state[0])
    return iterate(advance, (theta, memory), steps=steps, record=noted)


# Checks -------------------------------------------------------------------------------------------------------------


def _simplex(axes, **named):
    """Weights >= 0 that add up to 1 along the last axis, as far as float32 rounds them."""
    check.finite(**named), check.no_negative(**named)
    for name, value in named.items():
        check.shapes(**{name: (value, axes)})
        xp = array_namespace(value)
        off = float(xp.max(xp.abs(xp.sum(value, axis=-1) - 1)))
        if off > max(1e-6 * value.shape[-1], 2000 * float(xp.finfo(value.dtype).eps)):
            raise ValueError(f"{name} must have sum 1 along the last axis, got sums that differ from it by {off:.3g}")


def _checked(state):
    state = check.fields(DGAState, infinite=("log_alpha",), state=state)
    if not is_floating(state.log_alpha) or not bool(array_namespace(state.log_alpha).all(state.log_alpha <= 1e-3)):
        raise ValueError("state.log_alpha must be logarithms of weights, floating point and <= 0, got others")
    _simplex("k", **{"state.average": state.average}), check.like(state.average, **{"state.log_alpha": state.log_alpha})
    return state


def _log(alpha):
    """Logarithms of weights, minus infinity for 0."""
    xp = array_namespace(alpha)
    some = alpha > 0
    return xp.where(some, xp.log(xp.where(some, alpha, xp.ones_like(alpha))), xp.full_like(alpha, -float("inf")))
