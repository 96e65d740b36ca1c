"""What climbs an evidence or a bound of it: hyper-parameters, and the variational posterior."""

from refimpl.bayesian import scale_mixture_nngp as mixture
from refimpl.bayesian.scale_mixture_nngp import Blocks, InverseGamma, Variational
from refimpl.core import check, random
from refimpl.core.arrays import array_namespace, device
from refimpl.core.autodiff import grad
from refimpl.core.loop import iterate
from refimpl.models import wide


def start(C, M, *, law, like):
    """Where training starts: means 0, variances 1, and the prior of the scale.

    Examples
    --------
    >>> import numpy as np
    >>> start(1, 2, law=InverseGamma(2.0, 3.0), like=np.zeros(1))
    Variational(m=array([[0., 0.]]), S=array([[1., 1.]]), a=array(2.), b=array(3.))
    """
    check.floating(like=like)
    law = mixture._inverse_gamma_law(law, like=like)
    C, M = check.integer(C=C, M=M, minimum=1)
    xp = array_namespace(like)
    options = {"dtype": like.dtype, "device": device(like)}
    a, b = (xp.asarray(float(x), **options) for x in law)
    return Variational(xp.zeros((C, M), **options), xp.ones((C, M), **options), a, b)


def fit(q, at, onehot, *, bound, optimizer, steps, rng, batch=100, draws=100, record=None, progress=None):
    """Climb a bound on batches, with fresh draws in each step; means as they are, all else in logarithms.

    Parameters
    ----------
    q : Variational
        The start, such as `start` makes; `a` and `b` are 0-d arrays.
    at : Projection
        Of all n inputs.
    onehot : array [n, C]
        1 at the class of each input, else 0.
    bound : callable
        ``bound(q, at, onehot, noise, u) -> Bound``, such as `elbo` with its keywords.
    optimizer : tuple of two callables
        ``init(params) -> state`` and ``update(params, state, grad) -> (params, state)``, such as Adam: ``adamw.init``,
        and ``adamw.update`` with ``weight_decay=0``.
    steps : int
        >= 0.
    rng : numpy.random.Generator
        For batches, noise and uniform draws.
    batch, draws : int, default: 100
        Inputs (all of them, if these are fewer) and draws of each step.
    record : callable, optional
        ``record(q) -> dict of str to value``, at the start and after each step.
    progress : str, optional
        Title of a progress bar.

    Returns
    -------
    core.loop.Run
        Its state is the trained Variational; see there for the rest.

    Raises
    ------
    TypeError, ValueError
        As for `elbo`; and if something is of another type or out of range.

    Examples
    --------
    >>> import numpy as np
    >>> from functools import partial
    >>> at = mixture.project(np.eye(2), np.eye(2), np.ones(2), eps=0.25)
    >>> law, rng = InverseGamma(2.0, 2.0), random.stream(0, "doc")
    >>> climb = (lambda x: None, lambda x, state, slope: (x - 0.1 * slope, None))
    >>> run = fit(start(2, 2, law=law, like=np.zeros(1)), at, np.eye(2), bound=partial(mixture.elbo, law=law, n=2),
    ...           optimizer=climb, steps=50, rng=rng)
    >>> run.state.m.round(1)
    array([[ 0.3, -0.3],
           [-0.3,  0.3]])
    """
    q, at = mixture._variational(q, at)
    check.floating(a=q.a, b=q.b), check.positive(a=q.a, b=q.b)
    check.finite(onehot=onehot), check.function(bound=bound), check.rng(rng=rng)
    if not isinstance(optimizer, tuple) or len(optimizer) != 2:
        raise TypeError("optimizer must be a pair of functions, init and update, got something else")
    init, update = optimizer
    check.function(optimizer=init), check.function(optimizer=update)
    n = check.shapes(A=(at.A, "n M"), onehot=(onehot, "n C"))["n"]
    batch, draws = check.integer(batch=batch, draws=draws, minimum=1)
    xp = array_namespace(q.m)

    def onward(carry, k):
        free, states = carry
        few = random.indices(rng, n, (min(batch, n),), like=q.m, replace=False)
        here = at._replace(A=xp.take(at.A, few, axis=0), rest=xp.take(at.rest, few, axis=0))
        labels = xp.take(onehot, few, axis=0)
        noise = random.normal(rng, (draws, *labels.shape), like=q.m)
        u = xp.clip(random.uniform(rng, (draws,), like=q.m), 1e-6, 1 - 1e-6)
        loss = lambda free: -bound(_natural(free), here, labels, noise, u).elbo / n
        slopes = grad(loss)(free)
        moved = [update(x, m, g) for x, m, g in zip(free, states, slopes, strict=True)]
        return tuple(x for x, _ in moved), tuple(state for _, state in moved)

    free = (q.m, *(xp.asarray(xp.log(x)) for x in q[1:]))
    states = tuple(init(x) for x in free)
    wrapped = record and (lambda carry: record(_natural(carry[0])))
    run = iterate(onward, (free, states), steps=steps, record=wrapped, progress=progress)
    return run._replace(state=_natural(run.state[0]))


def _natural(free):
    m, *logs = free
    xp = array_namespace(m)
    return Variational(m, *(xp.asarray(xp.exp(x)) for x in logs))


def log_evidence(x, y, settings, *, depth, activation):
    """Log evidence of a network's hyper-parameters; differentiable.

    Parameters
    ----------
    x : array [n, d]
        Inputs, floating point.
    y : array [n]
        Targets.
    settings : array [5]
        sigma_w, sigma_b, eps, a, b; all > 0.
    depth, activation
        As for `models.wide.kernels`.

    Returns
    -------
    array, 0-d
        Log density of the targets.

    Raises
    ------
    TypeError, ValueError
        As for `models.wide.kernels` and `condition`.

    Examples
    --------
    >>> import numpy as np
    >>> x, y, settings = np.array([[1.0], [2.0]]), np.array([1.0, -1.0]), np.array([1.0, 0.5, 0.5, 2.0, 2.0])
    >>> float(log_evidence(x, y, settings, depth=1, activation="relu"))
    -4.00961684094...
    """
    check.finite(settings=settings), check.shapes(settings=(settings, "5"))
    sigma_w, sigma_b, eps, a, b = (settings[i, ...] for i in range(5))
    k = wide.kernels(
        x, None, depth=depth, weight_variance=sigma_w**2, bias_variance=sigma_b**2, activation=activation
    ).hidden
    K = Blocks(k, k[:1, :], k[:1, :1])
    return mixture.posterior(mixture.condition(K, y, eps=eps), InverseGamma(a, b)).log_evidence
