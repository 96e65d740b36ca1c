"""What BSVRB is compared with: RSVRB, whose estimates of unsampled blocks shrink, and averages without correction."""

from typing import NamedTuple

from refimpl.core import check
from refimpl.core.arrays import Array, array_namespace
from refimpl.core.loop import iterate
from refimpl.nested import bsvrb


class Estimates(NamedTuple):
    """Of RSVRB, of all blocks."""

    s: Array  # [m, d] gradients of g in y
    w: Array  # [m, d] gradients of f in y
    V: Array  # [m, e, d] cross derivatives of g
    H: Array  # [m, d, d] Hessians of g in y, without floor


class RSVRBState(NamedTuple):
    """What RSVRB keeps from step to step."""

    x: Array  # [e]
    y: Array  # [m, d]
    x_before: Array  # [e] of the step before
    y_before: Array  # [m, d]
    kept: Estimates
    z: Array  # [e] estimate of the hyper-gradient


def rsvrb_start(x, y, s, w, V, H, z):
    """State before the first step of RSVRB, from given estimates.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, or something is not finite.

    Examples
    --------
    >>> import numpy as np
    >>> row, x = np.zeros((3, 1)), np.zeros(2)
    >>> rsvrb_start(x, row, row, row, np.zeros((3, 2, 1)), np.ones((3, 1, 1)), x).kept.H.shape
    (3, 1, 1)
    """
    check.finite(x=x, y=y, s=s, w=w, V=V, H=H, z=z)
    check.shapes(x=(x, "e"), z=(z, "e"), y=(y, "m d"), s=(s, "m d"), w=(w, "m d"), V=(V, "m e d"), H=(H, "m d d"))
    return RSVRBState(x, y, x, y, Estimates(s, w, V, H), z)


def rsvrb_init(problem, x, y):
    """State before the first step of RSVRB, with exact estimates, as `bsvrb.init`.

    Examples
    --------
    >>> import numpy as np
    >>> from refimpl.nested._bsvrb_models import Quadratics
    >>> one = np.ones((2, 1, 1, 1))
    >>> problem = Quadratics(2 * one, one, one[..., 0], 3 * one[..., 0], 0.0)
    >>> rsvrb_init(problem, np.zeros(1), np.zeros((2, 1))).z
    array([-1.5])
    """
    problem = bsvrb._answering(problem)
    z = bsvrb.init(problem, x, y, version=1).z
    blocks, batch_g, batch_f = bsvrb._everything(problem, x)
    fresh = _evaluate(problem, blocks, batch_g, batch_f, x, y)
    return rsvrb_start(x, y, fresh.s, fresh.w, fresh.V, fresh.H, z)


def _evaluate(problem, blocks, batch_g, batch_f, x, y):
    """On a batch, all that RSVRB estimates."""
    return Estimates(
        problem.grad_y_g(blocks, batch_g, x, y),
        problem.grad_y_f(blocks, batch_f, x, y),
        problem.hess_xy_g(blocks, batch_g, x, y),
        problem.hess_yy_g(blocks, batch_g, x, y),
    )


def rsvrb_step(state, problem, blocks, others, batch_g, batch_f, *, eta, tau, beta, mu=1e-3):
    """One step of RSVRB.

    Parameters
    ----------
    state : RSVRBState
        From `rsvrb_init`, `rsvrb_start` or the last step.
    problem, blocks, batch_g, batch_f, eta, tau, mu
        As for `bsvrb.step`; the problem has ``hess_xy_g(blocks, batch, x, y) -> [I, e, d]``, too.
    others : array, shape [I], integers
        The blocks of which the hyper-gradient is made, drawn apart from `blocks`.
    beta : float in (0, 1]
        Weight of what is new in all estimates.

    Returns
    -------
    RSVRBState
        For the next step.

    Raises
    ------
    TypeError, ValueError
        As `bsvrb.step`.

    Notes
    -----
    Equations (bsvrb-17) and (bsvrb-18) of the documentation; Guo et al. (2021, arXiv:2105.02266) and the authors' code.

    Examples
    --------
    >>> import numpy as np
    >>> from refimpl.nested._bsvrb_models import Quadratics
    >>> one, i = np.ones((2, 1, 1, 1)), np.array([[0]])
    >>> problem = Quadratics(2 * one, one, one[..., 0], 3 * one[..., 0], 0.0)
    >>> state = rsvrb_init(problem, np.zeros(1), np.zeros((2, 1)))
    >>> rsvrb_step(state, problem, i[0], i[0], i, i, eta=1.0, tau=0.1, beta=0.5).y[:, 0]
    array([0.15, 0.05])
    """
    problem = bsvrb._answering(problem)
    state, m = check.fields(RSVRBState, state=state), problem.blocks
    axes = {"x": "e", "x_before": "e", "z": "e", "y": f"{m} d", "y_before": f"{m} d"}
    kept = {"s": f"{m} d", "w": f"{m} d", "V": f"{m} e d", "H": f"{m} d d"}
    parts = {f"state.{n}": (getattr(state, n), a) for n, a in axes.items()}
    check.shapes(**parts, **{f"state.kept.{n}": (getattr(state.kept, n), a) for n, a in kept.items()})
    I = bsvrb._blocks(m, blocks=blocks)
    bsvrb._blocks(m, others=others), check.shapes(others=(others, str(I)))
    bsvrb._indices(problem.samples_g, f"{I} B", batch_g=batch_g)
    bsvrb._indices(problem.samples_f, f"{I} B", batch_f=batch_f)
    (eta, tau, mu), beta = check.positive(eta=eta, tau=tau, mu=mu), check.share(beta=beta)
    return _rsvrb(state, problem, blocks, others, batch_g, batch_f, eta, tau, beta, mu)


def _rsvrb(state, problem, blocks, others, batch_g, batch_f, eta, tau, beta, mu):
    """All that a step does."""
    m, I = problem.blocks, blocks.shape[0]
    xp, places = array_namespace(state.z), bsvrb._places(blocks, m)
    rows = lambda y: xp.take(y, blocks, axis=0)
    new = _evaluate(problem, blocks, batch_g, batch_f, state.x, rows(state.y))
    old = _evaluate(problem, blocks, batch_g, batch_f, state.x_before, rows(state.y_before))
    push = lambda e, new, old: (1 - beta) * (rows(e) - m / I * old) + m / I * new  # (bsvrb-17)
    shrink = lambda e: (1 - beta) * e
    kept = Estimates(
        *(bsvrb._put(places, shrink(e), push(e, n, o)) for e, n, o in zip(state.kept, new, old, strict=True))
    )

    def upward(kept, x, y):
        """Mean over the other blocks, from estimates."""
        _, w, V, H = (xp.take(e, others, axis=0) for e in kept)
        w = bsvrb._solve(bsvrb._psd_floor(H, mu), w)
        f_x = problem.grad_x_f(others, batch_f, x, xp.take(y, others, axis=0))
        return xp.mean(f_x - xp.reshape(xp.matmul(V, w[..., None]), f_x.shape), axis=0)

    G, G_before = upward(kept, state.x, state.y), upward(state.kept, state.x_before, state.y_before)
    z = (1 - beta) * (state.z - G_before) + G  # (bsvrb-18)
    return RSVRBState(state.x - eta * z, state.y - tau * kept.s, state.x, state.y, kept, z)


def sgd_step(state, problem, blocks, batch_g, batch_f, *, eta, tau, alpha, beta, mu=1e-3):
    """Version 1 of BSVRB without any correction: moving averages of gradients, Hessians and hyper-gradients.

    Parameters
    ----------
    state, problem, blocks, batch_g, batch_f, eta, tau, alpha, beta, mu
        As for `bsvrb.step`, the state of version 1.

    Returns
    -------
    BSVRBState
        For the next step.

    Raises
    ------
    TypeError, ValueError
        As `bsvrb.step`.

    Notes
    -----
    Equation (bsvrb-19) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> from refimpl.nested._bsvrb_models import Quadratics
    >>> one, i = np.ones((2, 1, 1, 1)), np.array([[0]])
    >>> problem = Quadratics(2 * one, one, one[..., 0], 3 * one[..., 0], 0.0)
    >>> state = bsvrb.init(problem, np.zeros(1), np.zeros((2, 1)), version=1)
    >>> sgd_step(state, problem, i[0], i, i, eta=1.0, tau=0.1, alpha=0.5, beta=0.5).z
    array([-1.5])
    """
    rates = {"eta": eta, "tau": tau, "alpha": alpha, "mu": mu}
    fresh = bsvrb.step(state, problem, blocks, batch_g, batch_f, gamma=0.0, beta=1.0, **rates)
    return _averaged(state, fresh, check.positive(eta=eta), check.share(beta=beta))


def _averaged(state, fresh, eta, beta):
    """The step of x along a moving average, where `fresh` went along the last hyper-gradient alone (beta = 1)."""
    z = (1 - beta) * state.z + beta * fresh.z  # (bsvrb-19)
    return fresh._replace(z=z, now=fresh.now._replace(x=state.now.x - eta * z))


def run(step, state, problem, *, steps, I, B, rng, rates, decaying=False, second=False, record=None):
    """Many steps of a baseline, on indices drawn as by `bsvrb.run`.

    Parameters
    ----------
    step : callable
        `sgd_step` or `rsvrb_step`.
    state, problem, steps, I, B, rng, record
        As for `bsvrb.run`.
    rates : dict
        Keyword arguments of the step.
    decaying : bool or callable, default: False
        As for `bsvrb.run`, or a function like `bsvrb.decay`.
    second : bool, default: False
        Whether the step takes a second batch of blocks.

    Returns
    -------
    core.loop.Run
        Its `state` is that of the method.

    Examples
    --------
    >>> import numpy as np
    >>> from refimpl.core.random import stream
    >>> from refimpl.nested._bsvrb_models import quadratics
    >>> problem = quadratics(stream(0, "doc"), like=np.zeros(1), m=4, n=10, d=2)
    >>> state = rsvrb_init(problem, np.full(2, 2.0), np.zeros((4, 2)))
    >>> rates = {"eta": 0.005, "tau": 0.1, "beta": 0.03, "mu": 0.5}
    >>> done = run(rsvrb_step, state, problem, steps=150, I=2, B=2, rng=stream(1, "doc"), rates=rates, second=True)
    >>> bool(np.linalg.norm(problem.hypergradient(done.state.x)) < 2)
    True
    """

    check.instance((bsvrb.BSVRBState, RSVRBState), state=state), check.fields(type(state), state=state)
    check.function(step=step), check.instance(dict, rates=rates)
    check.flag(second=second, decaying=callable(decaying) or decaying)

    def one(state, k):
        rule = decaying if callable(decaying) else bsvrb.decay
        lengths, weights = rule(k - 1) if decaying else (1.0, 1.0)
        scale = {"alpha": weights, "beta": weights, "mu": 1.0}
        now = {name: value * scale.get(name, lengths) for name, value in rates.items()}
        blocks, *batches = bsvrb.draw(problem, rng, I=I, B=B, like=state.z)
        more = bsvrb.draw(problem, rng, I=I, B=B, like=state.z)[:1] if second else ()
        return step(state, problem, blocks, *more, *batches, **now)

    return iterate(one, state, steps=steps, record=record)
