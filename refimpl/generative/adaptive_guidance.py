"""Adaptive Guidance (Castillo, Kohler et al., 2023, arXiv:2312.12487): guide while it matters, then stop.

Classifier-free guidance asks a network twice at each step, with and without the prompt. Once the two answers point the
same way the second one changes nothing. Three ways to save it: stop when their cosine is near 1, for each sample by
itself; predict the second answer from earlier ones (LinearAG); or search for the steps that need it.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

from refimpl.core import check, linalg
from refimpl.core.arrays import Array, array_namespace, describe, device, from_numpy
from refimpl.core.loop import iterate
from refimpl.core.special import softmax

CHOICES = ("uncond", "cond", "cfg")  # of a step, in the order of the columns of a policy's logits; a column a strength
COSTS = (1.0, 1.0, 2.0)  # network evaluations of each
ADAM_BETA1, ADAM_BETA2, ADAM_EPS = 0.9, 0.99, 1e-8


class Denoiser(NamedTuple):
    """A noise prediction with the prompts of a batch, and its derivative."""

    eps: Callable  # (x [m, D], ab, rows [m]) -> [m, D]; `rows` says whose prompts these are
    pull: Callable  # (x, ab, rows, v [m, D]) -> [m, D], the transposed Jacobian times v


class AGState(NamedTuple):
    """Where Adaptive Guidance is, for each of n samples."""

    x: Array  # [n, D] iterates
    done: Array  # [n] bool, whether guidance has stopped
    nfe: Array  # [n] int64, network evaluations so far


class Recorded(NamedTuple):
    """A path of classifier-free guidance with all that the network said."""

    x: Array  # [n, D] final samples
    E_c: Array  # [T, n, D] conditional predictions
    E_u: Array  # [T, n, D] unconditional ones


class LinearFit(NamedTuple):
    """Unconditional predictions of a step as a combination of others."""

    beta: Array  # [2k + 1] coefficients: k + 1 of conditional predictions, then k of unconditional ones
    fitted: Array  # [n, D]
    residual: Array  # 0-d, what is left of the length of the target


class Followed(NamedTuple):
    """What a policy gives."""

    x: Array  # [n, D] final samples
    nfe: int  # network evaluations of each sample


# Levels and the solver -----------------------------------------------------------------------------------------------


def schedule(T, *, like, beta_first=0.00085, beta_last=0.012, count=1000):
    """Signal levels from noisy to clean: `T` of the scaled-linear schedule of latent diffusion, then 1.

    Parameters
    ----------
    T : int
        Steps, in [1, count).
    like : array
        Whose library, dtype and device to take; floating point.
    beta_first, beta_last : float
        Variances of the noise that the first and last of the `count` steps of training add, in (0, 1); the second is
        not below the first. Their square roots rise evenly.
    count : int, default: 1000
        Steps of training.

    Returns
    -------
    array [T + 1]
        Levels: those at the indices count - 1, ..., 0, evenly spaced and rounded, with 1 in place of the last.

    Raises
    ------
    TypeError, ValueError
        If `T` or `count` is out of range, or the betas are no schedule.

    Examples
    --------
    >>> import numpy as np
    >>> schedule(4, like=np.zeros(1)).round(4)
    array([0.0047, 0.0566, 0.2763, 0.6738, 1.    ])
    """
    T, count = check.integer(T=T, minimum=1), check.integer(count=count, minimum=2)
    beta_first, beta_last = check.positive(beta_first=beta_first, beta_last=beta_last)
    check.fraction(beta_first=beta_first, beta_last=beta_last)
    if beta_last < beta_first:
        raise ValueError(f"beta_last must be at least beta_first, got {beta_last!r} and {beta_first!r}")
    if count <= T:
        raise ValueError(f"T must be less than count, got {T} and {count}")
    check.floating(like=like)
    low, high = beta_first**0.5, beta_last**0.5
    level, levels = 1.0, []
    for i in range(count):
        level *= 1 - (low + (high - low) * i / (count - 1)) ** 2
        levels.append(level)
    return from_numpy([levels[round((count - 1) * (T - k) / T)] for k in range(T)] + [1.0], like=like)


def _rates(ab, ab_next):
    """What the solver multiplies the iterate and the noise with."""
    A = (ab_next / ab) ** 0.5  # (adaptive_guidance-4)
    B = (1 - ab_next) ** 0.5 - (ab_next * (1 - ab) / ab) ** 0.5  # (adaptive_guidance-5)
    return A, B


def ddim(x, eps, *, ab, ab_next):
    """One step of the solver DDIM without noise, from one signal level to the next.

    Parameters
    ----------
    x, eps : array [n, D]
        Iterates, and the predictions of their noise.
    ab, ab_next : float
        Levels in (0, 1], the second not below the first.

    Returns
    -------
    array [n, D]
        Next iterates.

    Raises
    ------
    TypeError, ValueError
        If the arrays do not fit or are not finite, or a level is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> ddim(np.array([[1.0, 2.0]]), np.array([[1.0, -1.0]]), ab=0.25, ab_next=1.0).round(4)
    array([[0.2679, 5.7321]])
    """
    _predictions(x=x, eps=eps)
    A, B = _rates(*_pair(ab, ab_next))
    return A * x + B * eps  # (adaptive_guidance-3)


# Guidance ------------------------------------------------------------------------------------------------------------


def guide(eps_c, eps_u, *, s):
    """Classifier-free guidance: the unconditional prediction, and `s` times what the prompt adds.

    Parameters
    ----------
    eps_c, eps_u : array [n, D]
        Noise predictions with and without the prompt; or with a negative prompt in place of none.
    s : float
        Weight: 0 is unconditional, 1 conditional, 7.5 usual.

    Returns
    -------
    array [n, D]
        The prediction that the solver gets.

    Raises
    ------
    TypeError, ValueError
        If the arrays do not fit or are not finite, or `s` is no finite number.

    Examples
    --------
    >>> import numpy as np
    >>> guide(np.array([[2.0, 1.0]]), np.array([[1.0, 1.0]]), s=3.0)
    array([[4., 1.]])
    """
    _predictions(eps_c=eps_c, eps_u=eps_u)
    return _guided(eps_c, eps_u, check.number(s=s))


def _guided(eps_c, eps_u, s):
    return eps_u + s * (eps_c - eps_u)  # (adaptive_guidance-6)


def cosine(eps_c, eps_u):
    """Cosine between the predictions of each sample; parameters and errors as for `guide`.

    Returns
    -------
    array [n]
        Where a prediction is 0 there is no direction, and the cosine is 0.

    Examples
    --------
    >>> import numpy as np
    >>> cosine(np.array([[3.0, 4.0], [0.0, 0.0]]), np.array([[4.0, 3.0], [1.0, 0.0]]))
    array([0.96, 0.  ])
    """
    _predictions(eps_c=eps_c, eps_u=eps_u)
    xp, (a, b) = array_namespace(eps_c, eps_u), map(_rescaled, (eps_c, eps_u))
    lengths = xp.linalg.vector_norm(a, axis=-1) * xp.linalg.vector_norm(b, axis=-1)
    lengths = xp.where(lengths > 0, lengths, math.inf)
    products = xp.sum(a * b, axis=-1)
    return products / lengths  # (adaptive_guidance-7)


def _rescaled(eps):
    """Each row over its largest magnitude: squares of the very large and the very small are no floats."""
    xp = array_namespace(eps)
    largest = xp.max(xp.abs(eps), axis=-1, keepdims=True)
    return eps / xp.where(largest > 0, largest, 1.0)


# Adaptive Guidance ---------------------------------------------------------------------------------------------------


def init(x0):
    """State before the first step: all samples guided, nothing spent.

    Parameters
    ----------
    x0 : array [n, D]
        Start noise.

    Returns
    -------
    AGState
        See there.

    Raises
    ------
    TypeError, ValueError
        If `x0` is no finite matrix.

    Examples
    --------
    >>> import numpy as np
    >>> init(np.zeros((2, 1)))
    AGState(x=array([[0.],
           [0.]]), done=array([False, False]), nfe=array([0, 0]))
    """
    n, xp = _predictions(x0=x0), array_namespace(x0)
    nothing = xp.zeros(n, dtype=xp.int64, device=device(x0))
    return AGState(x0, nothing > 0, nothing)


def update(state, eps_c, eps_u, *, s, gamma_bar, ab, ab_next):
    """One step of Adaptive Guidance, for given predictions.

    Parameters
    ----------
    state : AGState
        From `init` or the last step.
    eps_c, eps_u : array [n, D]
        As for `guide`. What `eps_u` says of samples that are done is not used; it must be finite all the same.
    s : float
        Weight of guidance.
    gamma_bar : float
        Threshold of the cosine. Above 1 guidance never stops (not so at 1: rounding), below -1 after one step.
    ab, ab_next : float
        As for `ddim`.

    Returns
    -------
    AGState
        After the step. A sample whose cosine is above the threshold was still guided in this step, for both
        predictions are paid; from the next step on it is not, for good.
    eps : array [n, D]
        What the solver got.

    Raises
    ------
    TypeError, ValueError
        If arrays do not fit or are not finite, or a number is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> state = AGState(np.ones((2, 2)), np.array([False, True]), np.array([0, 3]))
    >>> eps_c, eps_u = np.array([[1.0, 1.0], [1.0, 1.0]]), np.array([[1.0, 0.9], [0.0, 1.0]])
    >>> state, eps = update(state, eps_c, eps_u, s=3.0, gamma_bar=0.99, ab=0.25, ab_next=1.0)
    >>> state.x.round(3), state.done, state.nfe
    (array([[ 0.268, -0.078],
           [ 0.268,  0.268]]), array([ True,  True]), array([2, 4]))
    """
    check.instance(AGState, state=state)
    _predictions(x=state.x, eps_c=eps_c, eps_u=eps_u)
    check.shapes(x=(state.x, "n D"), done=(state.done, "n"), nfe=(state.nfe, "n"))
    check.integral(nfe=state.nfe)
    s, gamma_bar = check.number(s=s, gamma_bar=gamma_bar)
    if not array_namespace(state.done).isdtype(state.done.dtype, "bool"):
        raise TypeError(f"done must be an array of booleans, got {describe(state.done)}")
    (A, B), xp = _rates(*_pair(ab, ab_next)), array_namespace(eps_c, eps_u, *state)
    eps = xp.where(state.done[:, None], eps_c, _guided(eps_c, eps_u, s))  # (adaptive_guidance-8)
    nfe = state.nfe + 2 - xp.astype(state.done, xp.int64)  # (adaptive_guidance-9)
    done = state.done | (cosine(eps_c, eps_u) > gamma_bar)  # (adaptive_guidance-10)
    x = A * state.x + B * eps  # (adaptive_guidance-3)
    return AGState(x, done, nfe), eps


def sample(x0, ab, cond, uncond, *, s, gamma_bar):
    """Samples by Adaptive Guidance: `uncond` is only asked for those that are still guided.

    Parameters
    ----------
    x0 : array [n, D]
        Start noise.
    ab : array [T + 1]
        Levels that rise, in (0, 1], such as `schedule` makes; of the dtype of `x0`.
    cond, uncond : callable
        ``(x [m, D], ab, rows [m]) -> eps [m, D]``: noise predictions of some of the samples, those in these rows.
    s, gamma_bar : float
        As for `update`.

    Returns
    -------
    AGState
        After the last step.

    Raises
    ------
    TypeError, ValueError
        If an array does not fit or is not finite, levels fall or leave (0, 1], or a number is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> cond, uncond = (lambda x, ab, rows, c=c: x - c for c in (1.0, 0.0))
    >>> sample(np.zeros((1, 2)), np.array([0.25, 0.5, 1.0]), cond, uncond, s=2.0, gamma_bar=0.9).nfe
    array([4])
    """
    check.function(cond=cond, uncond=uncond)
    T, xp = _levels(x0, ab), array_namespace(x0, ab)
    everyone = xp.arange(x0.shape[0], device=device(x0))

    def step(state, k):
        level = ab[k - 1]
        eps_c = _asked(state.x, level, everyone, cond=cond)
        eps_u = _where_guided(uncond, state, level, eps_c)
        return update(state, eps_c, eps_u, s=s, gamma_bar=gamma_bar, ab=level, ab_next=ab[k])[0]

    return iterate(step, init(x0), steps=T).state


def calibrate(cosines, nfe):
    """Threshold at which Adaptive Guidance takes so many evaluations of a sample on average, from cosines on record.

    Parameters
    ----------
    cosines : array [T, n]
        Those of each step of classifier-free guidance, floating point: `cosine` of what `record` has kept. Until a
        sample stops, its path is the guided one.
    nfe : float
        In (T + 1, 2T): a step has to be guided to have a cosine.

    Returns
    -------
    float
        `gamma_bar` with which these samples take `nfe` or a little more, but for ties.

    Raises
    ------
    TypeError, ValueError
        If the cosines are no finite matrix, or `nfe` is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> calibrate(np.array([[0.1, 0.5], [0.7, 0.3], [0.8, 0.9], [1.0, 1.0]]), 6.5)
    0.6
    """
    check.finite(cosines=cosines)
    sizes, nfe, xp = check.shapes(cosines=(cosines, "T n")), check.number(nfe=nfe), array_namespace(cosines)
    T, n = sizes["T"], sizes["n"]
    if not T + 1 < nfe < 2 * T:
        raise ValueError(f"nfe must be in ({T + 1}, {2 * T}), got {nfe!r}")
    reached = [cosines[0, ...]]
    for k in range(1, T - 1):
        reached.append(xp.maximum(reached[-1], cosines[k, ...]))
    rising = xp.sort(xp.reshape(xp.stack(reached), (-1,)))  # each at or below the threshold is one more guided step
    count = math.ceil((nfe - T - 1) * n)
    return float(rising[count - 1] + rising[min(count, rising.shape[0] - 1)]) / 2


def _asked(x, level, rows, **network):
    """What a network predicts, if that is like the iterates and finite."""
    ((name, predict),) = network.items()
    found = predict(x, level, rows)
    check.alike(x=x, **{f"eps of {name}": found})
    return found


def _where_guided(uncond, state, level, eps_c):
    """Unconditional predictions of the samples that are guided; those of the others are not asked for, nor read."""
    xp = array_namespace(*state)
    rows = xp.nonzero(~state.done)[0]
    if rows.shape[0] == 0:
        return eps_c
    guided = xp.take(state.x, rows, axis=0)
    found = _asked(guided, level, rows, uncond=uncond)
    place = xp.searchsorted(rows, xp.arange(eps_c.shape[0], device=device(eps_c))) % rows.shape[0]
    return xp.where(state.done[:, None], eps_c, xp.take(found, place, axis=0))


# LinearAG, and fixed policies ----------------------------------------------------------------------------------------


def record(x0, ab, cond, uncond, *, s):
    """Classifier-free guidance with both predictions at each step kept: what `fit_linear` learns from.

    Parameters
    ----------
    x0, ab, cond, uncond, s
        As for `sample`.

    Returns
    -------
    Recorded
        2T evaluations for each sample.

    Raises
    ------
    TypeError, ValueError
        As for `sample`.

    Examples
    --------
    >>> import numpy as np
    >>> cond, uncond = (lambda x, ab, rows, c=c: x - c for c in (1.0, 0.0))
    >>> record(np.zeros((1, 2)), np.array([0.25, 1.0]), cond, uncond, s=2.0).E_c
    array([[[-1., -1.]]])
    """
    check.function(cond=cond, uncond=uncond)
    T, s, xp = _levels(x0, ab), check.number(s=s), array_namespace(x0, ab)
    everyone, x, said_c, said_u = xp.arange(x0.shape[0], device=device(x0)), x0, [], []
    for k in range(T):
        said_c.append(_asked(x, ab[k], everyone, cond=cond))
        said_u.append(_asked(x, ab[k], everyone, uncond=uncond))
        x = ddim(x, guide(said_c[k], said_u[k], s=s), ab=ab[k], ab_next=ab[k + 1])
    return Recorded(x, xp.stack(said_c), xp.stack(said_u))


def fit_linear(E_c, E_u, k):
    """Least squares for the unconditional prediction of step k, one coefficient for each earlier prediction.

    Parameters
    ----------
    E_c, E_u : array [T, n, D]
        Recorded predictions. Samples and coordinates are pooled: n D equations.
    k : int
        Step in [0, T). Its own conditional prediction is known and used.

    Returns
    -------
    LinearFit
        By singular values, as late regressors are nearly collinear; those below the rounding error count as 0. The
        fit is then unique and the coefficients are those of least length; compare fits, not coefficients.

    Raises
    ------
    TypeError, ValueError
        If the arrays do not fit or are not finite, or there is no step k.

    Examples
    --------
    >>> import numpy as np
    >>> E_c = np.array([[[1.0, 0.0]], [[0.0, 1.0]]])
    >>> fit_linear(E_c, 2 * E_c, 1).beta.round(6)
    array([0., 2., 0.])
    """
    check.finite(E_c=E_c, E_u=E_u)
    T, k = check.shapes(E_c=(E_c, "T n D"), E_u=(E_u, "T n D"))["T"], check.integer(k=k)
    check.like(E_c, E_u=E_u)
    if k >= T:
        raise ValueError(f"k must be a step in [0, {T}), got {k}")
    xp = array_namespace(E_c, E_u)
    known = [E_c[i, ...] for i in range(k + 1)] + [E_u[i, ...] for i in range(k)]  # (adaptive_guidance-11)
    F = xp.stack([xp.reshape(e, (-1,)) for e in known], axis=1)
    y = xp.reshape(E_u[k, ...], (-1,))
    beta = linalg.least_squares(F, y, rtol=float(xp.finfo(F.dtype).eps))  # (adaptive_guidance-12)
    fitted, length = F @ beta, linalg.length(y)[0]
    length = xp.where(length > 0, length, math.inf)
    residual = linalg.length(y - fitted)[0] / length  # (adaptive_guidance-13)
    return LinearFit(beta, xp.reshape(fitted, E_u.shape[1:]), residual)


def estimate(said_c, said_u, beta):
    """An unconditional prediction from those before it and the conditional ones up to now.

    Parameters
    ----------
    said_c : sequence of k + 1 arrays [n, D]
        Conditional predictions, from the noisiest step on.
    said_u : sequence of k arrays [n, D]
        Unconditional ones, or their estimates; k >= 1.
    beta : array [2k + 1]
        Coefficients from `fit_linear`.

    Returns
    -------
    array [n, D]
        The estimate.

    Raises
    ------
    TypeError, ValueError
        If there are not as many arrays as coefficients, or they do not fit.

    Examples
    --------
    >>> import numpy as np
    >>> e = np.ones((1, 2))
    >>> estimate([e, 2 * e], [3 * e], np.array([1.0, 10.0, 100.0]))
    array([[321., 321.]])
    """
    check.sequence(said_c=said_c, said_u=said_u)
    if len(said_c) != len(said_u) + 1:
        raise ValueError(f"said_c must have one prediction more than said_u, got {len(said_c)} and {len(said_u)}")
    both = (("said_c", said_c), ("said_u", said_u))
    _predictions(**{f"{name}[{i}]": e for name, said in both for i, e in enumerate(said)})
    check.finite(beta=beta)
    check.shapes(beta=(beta, str(2 * len(said_u) + 1)))
    check.alike_dtype(said_c=said_c[0], beta=beta)
    return sum(beta[i] * e for i, e in enumerate((*said_c, *said_u)))  # (adaptive_guidance-14)


def front_loaded(T, m):
    """The policy that guides in the first m of T steps; m = T is classifier-free guidance, m = 0 none.

    Examples
    --------
    >>> front_loaded(3, 1)
    ('cfg', 'cond', 'cond')
    """
    T, m = check.integer(T=T, m=m)
    return ("cfg",) * min(m, T) + ("cond",) * (T - m)


def alternating(T, other):
    """The policy that guides every other step of the first half, with `other` between, and then not.

    With "lin" it is LinearAG, with "cond" naive alternation, which costs the same.

    Examples
    --------
    >>> alternating(6, "lin")
    ('cfg', 'lin', 'cfg', 'cond', 'cond', 'cond')
    """
    check.choice(("lin", "cond"), other=other)
    half = check.integer(T=T) // 2
    return tuple((other if k % 2 else "cfg") if k < half else "cond" for k in range(T))


def follow(x0, ab, cond, uncond, policy, *, s, betas=()):
    """Samples by a policy that is fixed beforehand.

    Parameters
    ----------
    x0, ab, cond, uncond
        As for `sample`.
    s : float, or sequence of T float
        Weight of guidance, of all steps or of each.
    policy : sequence of T str
        Of each step: "uncond", "cond" (one evaluation each), "cfg" (two), or "lin": guidance with an estimate of the
        unconditional prediction (one). All steps before a "lin" are "cfg" or "lin"; the first cannot be "lin".
    betas : mapping or sequence
        Step -> coefficients, for the steps that are "lin".

    Returns
    -------
    Followed
        See there.

    Raises
    ------
    TypeError, ValueError
        As for `sample`; also if a word is unknown or their number is wrong, or a "lin" has nothing to build on or no
        coefficients.

    Examples
    --------
    >>> import numpy as np
    >>> cond, uncond = (lambda x, ab, rows, c=c: x - c for c in (1.0, 0.0))
    >>> follow(np.zeros((1, 1)), np.array([0.25, 0.5, 1.0]), cond, uncond, ("cfg", "cond"), s=2.0).nfe
    3
    """
    check.function(cond=cond, uncond=uncond), check.sequence(policy=policy)
    T, xp = _levels(x0, ab), array_namespace(x0, ab)
    coefficients, rates = _planned(policy, T, betas), _strengths(s)
    if len(rates) not in (1, T):
        raise ValueError(f"s must be one number, or one for each of {T} steps, got {len(rates)}")
    said_c: list[Array] = []
    said_u: list[Array] = []
    everyone, x, nfe = xp.arange(x0.shape[0], device=device(x0)), x0, 0
    for k, word in enumerate(policy):
        eps_c = eps_u = None
        if word != "uncond":
            eps_c, nfe = _asked(x, ab[k], everyone, cond=cond), nfe + 1
        if word in ("uncond", "cfg"):
            eps_u, nfe = _asked(x, ab[k], everyone, uncond=uncond), nfe + 1
        if word == "lin":
            eps_u = estimate([*said_c, eps_c], said_u, coefficients[k])  # the history gets it as if it were true
        if word in ("cfg", "lin"):
            said_c.append(eps_c)
            said_u.append(eps_u)
        eps = {"uncond": eps_u, "cond": eps_c}.get(word)
        x = ddim(x, guide(eps_c, eps_u, s=rates[k % len(rates)]) if eps is None else eps, ab=ab[k], ab_next=ab[k + 1])
    return Followed(x, nfe)


# The search for a policy ---------------------------------------------------------------------------------------------


def relaxed_loss(logits, x0, ab, cond, uncond, target, scale, *, s, cost):
    """Error and cost of a policy whose steps mix all three choices, and the gradient, written out.

    Parameters
    ----------
    logits : array [T, 2 + S]
        Of the weights of `CHOICES` at each step, with a column for each of S strengths of guidance.
    x0, ab
        As for `sample`.
    s : float, or sequence of S float
        Those strengths; S = 1 for one number.
    cond, uncond : Denoiser
        Predictions and the products with their transposed Jacobians.
    target : array [n, D]
        Samples of classifier-free guidance from `x0`.
    scale : float
        > 0: mean squared distance between those and the samples without guidance, the unit of the error.
    cost : float
        >= 0: price of a network evaluation at each step.

    Returns
    -------
    loss : array, 0-d
        Mean squared distance from `target` in units of `scale`, and `cost` times the mean evaluations of a step.
    gradient : array [T, 2 + S]
        In the logits.

    Raises
    ------
    TypeError, ValueError
        If arrays do not fit or are not finite, or a number is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> cond, uncond = (Denoiser(lambda x, ab, rows, c=c: x - c, lambda x, ab, rows, v: v) for c in (1.0, 0.0))
    >>> x0, ab = np.zeros((1, 1)), np.array([0.25, 1.0])
    >>> target = follow(x0, ab, cond.eps, uncond.eps, ("cfg",), s=2.0).x
    >>> loss, gradient = relaxed_loss(np.zeros((1, 3)), x0, ab, cond, uncond, target, 1.0, s=2.0, cost=0.0)
    >>> loss.round(6), gradient.round(6)
    (np.float64(3.0), array([[ 2., -0., -2.]]))
    """
    check.instance(Denoiser, cond=cond, uncond=uncond)
    check.function(cond=cond.eps, uncond=uncond.eps), check.function(cond=cond.pull, uncond=uncond.pull)
    T = _levels(x0, ab)
    check.finite(logits=logits)
    strengths = _strengths(s)
    check.shapes(logits=(logits, f"{T} {2 + len(strengths)}"))
    check.alike_dtype(x0=x0, logits=logits)
    check.finite(target=target)
    check.like(x0, target=target)
    cost, scale = check.nonnegative(cost=cost), check.positive(scale=scale)
    xp, n = array_namespace(logits, x0, ab), x0.shape[0]
    s = strengths[0] if len(strengths) == 1 else from_numpy(strengths, like=x0)
    rows, prices = xp.arange(n, device=device(x0)), from_numpy((*COSTS[:2], *COSTS[2:] * len(strengths)), like=x0)
    w, x, tape = softmax(logits), x0, []  # (adaptive_guidance-15)
    for k in range(T):
        A, B = _rates(*_pair(ab[k], ab[k + 1]))
        eps_u, eps_c = uncond.eps(x, ab[k], rows), cond.eps(x, ab[k], rows)
        _predictions(x=x, **{"eps of uncond": eps_u, "eps of cond": eps_c})
        said = (eps_u, eps_c, *(_guided(eps_c, eps_u, r) for r in strengths))
        tape.append((x, A, B, said))
        x = A * x + B * sum(w[k, j] * e for j, e in enumerate(said))  # (adaptive_guidance-16)
    gap = x - target
    loss = xp.sum(gap**2) / (n * scale) + cost * xp.sum(w @ prices) / T  # (adaptive_guidance-17)

    adjoint, slopes = 2 * gap / (n * scale), []  # (adaptive_guidance-18)
    for k in reversed(range(T)):
        x, A, B, said = tape[k]
        slopes.append(xp.stack([B * xp.sum(adjoint * e) for e in said]) + cost * prices / T)  # (adaptive_guidance-19)
        w_u, w_c = w[k, 0] + xp.sum((1 - s) * w[k, 2:]), w[k, 1] + xp.sum(s * w[k, 2:])  # (adaptive_guidance-20)
        back_u, back_c = uncond.pull(x, ab[k], rows, adjoint), cond.pull(x, ab[k], rows, adjoint)
        _predictions(x=x, **{"pull of uncond": back_u, "pull of cond": back_c})
        adjoint = A * adjoint + B * (w_u * back_u + w_c * back_c)  # (adaptive_guidance-21)
    slope = xp.stack(slopes[::-1])
    return loss, w * (slope - xp.sum(w * slope, axis=-1, keepdims=True))  # (adaptive_guidance-22)


def search(x0, ab, cond, uncond, *, s, strengths=None, cost=0.01, lr=0.1, steps=200):
    """Gradient search for a policy: Adam on the logits, from equal weights.

    Parameters
    ----------
    x0, ab, cond, uncond, cost
        As for `relaxed_loss`.
    s : float
        Weight of the guidance that is to be matched.
    strengths : sequence of S float, optional
        Between which guided steps may choose; default: `s` alone.
    lr : float, default: 0.1
        Step size of Adam (beta1 0.9, beta2 0.99).
    steps : int, default: 200
        Iterations on the one batch.

    Returns
    -------
    refimpl.core.loop.Run
        Its state is the logits [T, 2 + S], first and second moment; `history["loss"]` has the loss before each step.

    Raises
    ------
    TypeError, ValueError
        As for `relaxed_loss`; also if guidance changes nothing, so that there is no unit of error.

    Examples
    --------
    >>> import numpy as np
    >>> cond, uncond = (Denoiser(lambda x, ab, rows, c=c: x - c, lambda x, ab, rows, v: v) for c in (1.0, 0.0))
    >>> run = search(np.zeros((1, 1)), np.array([0.25, 0.5, 1.0]), cond, uncond, s=2.0)
    >>> decided(run.state[0])
    ('cfg', 'cfg')
    """
    check.instance(Denoiser, cond=cond, uncond=uncond)
    T, lr, xp = _levels(x0, ab), check.positive(lr=lr), array_namespace(x0, ab)
    strengths = (check.number(s=s),) if strengths is None else _strengths(strengths, "strengths")
    target, plain = (follow(x0, ab, cond.eps, uncond.eps, front_loaded(T, m), s=s).x for m in (T, 0))
    scale = float(xp.sum((target - plain) ** 2)) / x0.shape[0]
    if not scale > rounding(target):
        raise ValueError("cond and uncond must differ, got the same samples with and without guidance")

    losses: list[float] = []

    def step(state, t):
        a, m, v = state
        loss, gradient = relaxed_loss(a, x0, ab, cond, uncond, target, scale, s=strengths, cost=cost)
        m = ADAM_BETA1 * m + (1 - ADAM_BETA1) * gradient
        v = ADAM_BETA2 * v + (1 - ADAM_BETA2) * gradient**2
        a = a - lr * m / (1 - ADAM_BETA1**t) / (xp.sqrt(v / (1 - ADAM_BETA2**t)) + ADAM_EPS)
        losses.append(float(loss))
        return a, m, v

    nothing = xp.zeros((T, 2 + len(strengths)), dtype=x0.dtype, device=device(x0))
    run = iterate(step, (nothing, nothing, nothing), steps=steps)
    return run._replace(history={"loss": losses})


def rounding(target):
    """Mean squared distance of samples that differ by rounding alone, generously.

    Examples
    --------
    >>> import numpy as np
    >>> f"{rounding(np.array([[3.0, 4.0]])):.1e}"
    '1.2e-27'
    """
    n, xp = _predictions(target=target), array_namespace(target)
    return 1e3 * float(xp.finfo(target.dtype).eps) ** 2 * float(xp.sum(target**2)) / n


def decided(logits):
    """The likeliest choice of each step, "cond" in place of "uncond".

    Where the class is certain both say the same and cost the same, and the logits do not tell them apart: only
    "cfg or not" is read off, whatever the strength; `chosen` says which.

    Examples
    --------
    >>> import numpy as np
    >>> decided(np.array([[0.0, 1.0, 2.0], [2.0, 1.0, 0.0]]))
    ('cfg', 'cond')
    """
    check.finite(logits=logits)
    T, columns = check.shapes(logits=(logits, "T columns")).values()
    if columns < len(CHOICES):
        raise ValueError(f"logits must have a column for each of {', '.join(CHOICES)}, got {columns}")
    best = array_namespace(logits).argmax(logits, axis=1)
    return tuple("cfg" if int(best[k]) >= CHOICES.index("cfg") else "cond" for k in range(T))


def chosen(logits, strengths):
    """The strength of the likeliest choice of each step, for `follow`: 1 where it is not guided.

    Examples
    --------
    >>> import numpy as np
    >>> chosen(np.array([[0.0, 1.0, 2.0, 3.0], [2.0, 1.0, 0.0, 0.0]]), (1.5, 6.0))
    (6.0, 1.0)
    """
    check.finite(logits=logits)
    strengths = _strengths(strengths, "strengths")
    T = check.shapes(logits=(logits, f"T {2 + len(strengths)}"))["T"]
    best = array_namespace(logits).argmax(logits, axis=1)
    return tuple((1.0, 1.0, *strengths)[int(best[k])] for k in range(T))


# Checks --------------------------------------------------------------------------------------------------------------


def _predictions(**named):
    """Finite matrices, all alike; how many rows they have."""
    (first, reference), *_ = named.items()
    check.finite(**named)
    check.like(reference, **named)
    return check.shapes(**{first: (reference, "n D")})["n"]


def _strengths(s, name="s"):
    """One number or several, as Python numbers."""
    if len(getattr(s, "shape", ())) == 0 and not isinstance(s, list | tuple):
        return (check.number(**{name: s}),)
    check.sequence(**{name: s})
    return tuple(check.number(**{name: r}) for r in s)


def _pair(ab, ab_next):
    """Two signal levels."""
    ab, ab_next = check.share(ab=ab, ab_next=ab_next)
    if float(ab_next) < float(ab):
        raise ValueError(f"ab_next must not be below ab, got {float(ab_next)!r} after {float(ab)!r}")
    return ab, ab_next


def _planned(policy, T, betas):
    """Coefficients of the steps of a policy that are estimated."""
    if len(policy) != T:
        raise ValueError(f"policy must have a word for each of {T} steps, got {len(policy)}")
    found = {}
    for k, word in enumerate(policy):
        check.choice((*CHOICES, "lin"), policy=word)
        if word == "lin":
            if k == 0 or not {"cfg", "lin"}.issuperset(policy[:k]):
                raise ValueError(f"policy must have guided all steps before a 'lin', got one at step {k}")
            try:
                found[k] = betas[k]
            except (LookupError, TypeError):
                raise ValueError(f"betas must have coefficients for step {k}, got {describe(betas)}") from None
    return found


def _levels(x0, ab):
    """How many steps the levels of a sampler make."""
    _predictions(x0=x0)
    check.finite(ab=ab)
    count, xp = check.shapes(ab=(ab, "levels"))["levels"], array_namespace(x0, ab)
    check.alike_dtype(x0=x0, ab=ab)
    if count < 2:
        raise ValueError(f"ab must have at least 2 levels, got {count}")
    low, high = float(ab[0]), float(xp.max(ab))
    if low <= 0 or high > 1 or not bool(xp.all(ab[1:] >= ab[:-1])):
        raise ValueError(f"ab must rise from noisy to clean in (0, 1], got levels from {low!r} to {float(ab[-1])!r}")
    return count - 1
