"""Diffusion models: noise, scores, samplers, guidance (Chen et al., 2024, arXiv:2404.07771, a survey).

Data are drowned in noise by an Ornstein-Uhlenbeck process; given the score, the gradient of the log-density, at each
time, the process can be run backwards. All first-order samplers are one line, ``p x + q s + r xi``, with three numbers
each.
"""

import math
from functools import partial
from itertools import pairwise
from typing import NamedTuple

from refimpl.core import check, random
from refimpl.core.arrays import Array, array_namespace, device, is_array, is_floating, to_numpy
from refimpl.core.elementwise import elementwise
from refimpl.core.loop import iterate

KINDS = ("em", "exp", "ddpm_large", "ddpm_small", "ddim")  # one score a step; `sample` has "heun" besides


class Matching(NamedTuple):
    """What denoising score matching compares."""

    loss: Array  # 0-d, mean over the points
    target: Array  # [n, D] the score of the noise alone


# Forward -------------------------------------------------------------------------------------------------------------


def _scales(t):
    """Factor of the data and variance of the noise at time t."""
    return math.exp(-t / 2), _variance(t)  # (diffusion-1)


def _variance(t):
    return -math.expm1(-t)  # (diffusion-2)


def _scales_of_each(t):
    """The same for an array of times, as columns."""
    xp = array_namespace(t)
    alpha = xp.exp(-t / 2)  # (diffusion-1)
    h = -xp.expm1(-t)  # (diffusion-2)
    return alpha[:, None], h[:, None]


def forward(x0, t, z):
    """Data at time t of the process ``dX = -X/2 dt + dW``.

    Parameters
    ----------
    x0, z : array [n, D]
        Data, and standard normal draws.
    t : array [n]
        A time >= 0 for each.

    Returns
    -------
    array [n, D]
        Points of the noised law.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, an entry is not finite, or a time is negative.

    Examples
    --------
    >>> import numpy as np
    >>> forward(np.array([[2.0], [2.0]]), np.array([0.0, np.log(4.0)]), np.ones((2, 1))).round(6)
    array([[2.      ],
           [1.866025]])
    """
    check.finite(t=t), check.alike(x0=x0, z=z)
    _times_of_points(t, x0)
    alpha, h = _scales_of_each(t)
    return alpha * x0 + array_namespace(h).sqrt(h) * z  # (diffusion-3)


def dsm_loss(predicted, t, z, *, weight="h"):
    """Denoising score matching: how far predicted scores are from that of the noise which made the points.

    Parameters
    ----------
    predicted : array [n, D]
        Scores at `forward` (x0, t, z); may be traced by `core.autodiff`.
    t : array [n]
        A time > 0 for each.
    z : array [n, D]
        The draws.
    weight : str, default: "h"
        "h", which is the loss of networks that predict the noise; or "one".

    Returns
    -------
    Matching
        See there. The loss sums over coordinates.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, an entry is not finite, a time is not > 0, or `weight` is unknown.

    Notes
    -----
    Equations (diffusion-6) and (diffusion-7) of the documentation; the survey's section on score matching.

    Examples
    --------
    >>> import numpy as np
    >>> dsm_loss(np.zeros((1, 2)), np.array([np.log(2.0)]), np.ones((1, 2))).loss.round(6)
    np.float64(2.0)
    """
    check.choice(("one", "h"), weight=weight)
    check.finite(z=z, t=t, predicted=predicted)
    check.like(z, predicted=predicted)
    _times_of_points(t, z, "predicted")
    xp = array_namespace(predicted, z)
    if not bool(xp.all(t > 0)):
        raise ValueError(f"t must be > 0, got a smallest time of {float(xp.min(t)):g}: no noise has no score")
    _, h = _scales_of_each(t)
    target = -z / xp.sqrt(h)  # (diffusion-6)
    w = h if weight == "h" else xp.ones_like(h)
    loss = xp.mean(xp.sum(w * (predicted - target) ** 2, axis=1))  # (diffusion-7)
    return Matching(loss, target)


def drop_labels(y, draws, *, p_drop=0.1, null):
    """Labels for classifier-free training: each is replaced by the null label with a probability, by itself.

    Parameters
    ----------
    y, draws : array [n]
        Labels, as floating-point numbers or integers; and uniform draws from [0, 1).
    p_drop : float in [0, 1], default: 0.1
        Share of the labels that is dropped.
    null : float or int
        The label that stands for none, a number that the dtype of `y` has.

    Returns
    -------
    array [n]
        Like `y`.

    Raises
    ------
    TypeError, ValueError
        If shapes do not fit, an entry is not finite, or a number is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> drop_labels(np.array([3, 4, 5]), np.array([0.05, 0.5, 0.1]), p_drop=0.1, null=-1)
    array([-1,  4,  5])
    """
    check.uniforms(draws=draws)
    check.shapes(y=(y, "n"), draws=(draws, "n"))
    p_drop = check.nonnegative(p_drop=p_drop)
    if p_drop > 1:
        raise ValueError(f"p_drop must be a number in [0, 1], got {float(p_drop)!r}")
    xp = array_namespace(y, draws)
    if is_floating(y):
        check.finite(y=y), check.number(null=null)
    else:
        check.integral(y=y)
        labels = xp.iinfo(y.dtype)
        check.integer(null=null, minimum=labels.min, below=labels.max + 1)
    nothing = xp.asarray(null, dtype=y.dtype, device=device(y))
    return xp.where(draws < p_drop, nothing, y)  # (diffusion-19)


# Scores, noises, clean points ----------------------------------------------------------------------------------------


def score_of_noise(predicted, t):
    """The score of a network that predicts the noise.

    Parameters
    ----------
    predicted : array
        Predicted noise at time `t`.
    t : float
        > 0.

    Returns
    -------
    array
        Like `predicted`.

    Raises
    ------
    TypeError, ValueError
        If `predicted` is no finite array or `t` no such number.

    Examples
    --------
    >>> import numpy as np
    >>> score_of_noise(np.ones((1, 1)), np.log(4 / 3))
    array([[-2.]])
    """
    check.finite(predicted=predicted)
    h = _variance(check.positive(t=t))
    return -predicted / math.sqrt(h)  # (diffusion-5)


def denoised(x, score, t):
    """Posterior mean of the data (Tweedie's formula).

    Parameters
    ----------
    x, score : array [n, D]
        Points at time `t`, and the score there.
    t : float
        >= 0.

    Returns
    -------
    array [n, D]
        Like `x`.

    Raises
    ------
    TypeError, ValueError
        If the arrays are not alike or not finite, or `t` is negative.

    Examples
    --------
    >>> import numpy as np
    >>> denoised(np.array([[1.0]]), np.array([[-1.0]]), np.log(4.0))  # of normal data: alpha x
    array([[0.5]])
    """
    check.alike(x=x, score=score)
    alpha, h = _scales(t := check.nonnegative(t=t))
    if alpha == 0:
        raise ValueError(f"t must be so early that something is kept of the data, got {float(t)!r}")
    return (x + h * score) / alpha  # (diffusion-4)


# Samplers ------------------------------------------------------------------------------------------------------------


@elementwise
def _move(x, s, xi, p, q, r):
    """A step of any first-order sampler."""
    return p * x + q * s + r * xi  # (diffusion-8)


@elementwise
def _move_still(x, s, p, q):
    """The same without noise."""
    return p * x + q * s


def _em(t, u, eta):
    """Euler-Maruyama: the drift and the noise of the start, for all of the step."""
    delta = t - u
    return 1 + delta / 2, delta, math.sqrt(delta)  # (diffusion-9)


def _exp(t, u, eta):
    """Exponential integrator: exact, if the score did not change."""
    delta = t - u
    return math.exp(delta / 2), 2 * math.expm1(delta / 2), math.sqrt(math.expm1(delta))  # (diffusion-10)


def _ddpm(t, u, large):
    """Ancestral: the mean of x' given x and the clean point, and the variance given both (small); beta for it (large)
    is the variance given x alone if the data are standard normal."""
    h, k = _variance(t), _variance(u)
    beta = -math.expm1(-(t - u))
    v = beta if large and u > 0 else beta * k / h  # (diffusion-11)
    back = math.exp((t - u) / 2)
    return back, back * beta, math.sqrt(v)  # (diffusion-12)


def _ddpm_large(t, u, eta):
    return _ddpm(t, u, True)


def _ddpm_small(t, u, eta):
    return _ddpm(t, u, False)


def _ddim(t, u, eta):
    """The clean point noised anew, with the old noise, and with fresh noise for a share of it."""
    h, k = _variance(t), _variance(u)
    fresh = eta * math.sqrt(-math.expm1(-(t - u)) / h)
    sigma = math.sqrt(k) * fresh  # (diffusion-13)
    if fresh > 1 and k > 0:
        raise ValueError(f"eta must leave room for the old noise, got {float(eta)!r} from t={t!r} to {u!r}")
    kept = math.sqrt(k * max(1 - fresh, 0.0) * (1 + fresh))
    back = math.exp((t - u) / 2)
    return back, back * h - kept * math.sqrt(h), sigma  # (diffusion-14)


_FAR = 700.0  # then exp(t - u) is past all floats
_RULES = {"em": _em, "exp": _exp, "ddpm_large": _ddpm_large, "ddpm_small": _ddpm_small, "ddim": _ddim}


def coefficients(kind, t, u, *, eta=0.0):
    """The three numbers of a step ``x' = p x + q s + r xi`` from time t to an earlier time u.

    Parameters
    ----------
    kind : str
        One of `KINDS`: "em" (Euler-Maruyama), "exp" (exponential integrator), "ddpm_large", "ddpm_small" (ancestral, by
        the variance), "ddim".
    t, u : float
        Times, ``u + 700 > t > u >= 0``.
    eta : float, default: 0.0
        >= 0, of "ddim": 0 is deterministic, 1 is "ddpm_small". Without effect on other kinds.

    Returns
    -------
    tuple of three float
        p, q, r.

    Raises
    ------
    TypeError, ValueError
        If `kind` is unknown, a number is out of range, the times do not fall, or `eta` is so large that the fresh noise
        would be more than all noise.

    Examples
    --------
    >>> [round(c, 4) for c in coefficients("ddim", 1.0, 0.5)]
    [1.284, 0.3129, 0.0]
    >>> [round(c, 4) for c in coefficients("ddim", 1.0, 0.5, eta=1.0)]
    [1.284, 0.5052, 0.4949]
    >>> [round(c, 4) for c in coefficients("ddpm_small", 1.0, 0.5)]
    [1.284, 0.5052, 0.4949]
    """
    check.choice(KINDS, kind=kind)
    t, u, eta = check.nonnegative(t=t, u=u, eta=eta)
    if not u < t < u + _FAR:
        raise ValueError(f"t must be later than u, by less than {_FAR:g}, got {float(t)!r} and {float(u)!r}")
    return _RULES[kind](t, u, eta)


def step(kind, x, score, t, u, xi=None, *, eta=0.0):
    """One step of a sampler.

    Parameters
    ----------
    kind, t, u, eta
        As for `coefficients`.
    x, score : array [n, D]
        Points at time t, and the score there, at time t too.
    xi : array [n, D], optional
        Standard normal draws. May be left out where the step has no noise.

    Returns
    -------
    array [n, D]
        Points at time u.

    Raises
    ------
    TypeError, ValueError
        As for `coefficients`; and if the arrays are not alike or not finite, or draws are missing.

    Examples
    --------
    >>> import numpy as np
    >>> step("ddim", np.array([[1.0]]), np.array([[-1.0]]), 1.0, 0.5).round(4)
    array([[0.9711]])
    """
    check.alike(x=x, score=score, **({} if xi is None else {"xi": xi}))
    return _moved(kind, x, score, t, u, xi, eta)


def _moved(kind, x, score, t, u, xi, eta):
    p, q, r = coefficients(kind, t, u, eta=eta)
    if r == 0:
        return _move_still(x, score, p, q)
    if xi is None:
        raise ValueError(f"xi must be given, for {kind} adds noise from t={float(t)!r} to {float(u)!r}")
    return _move(x, score, xi, p, q, r)


def _heun(score, x, t, u):
    """The probability-flow equation, backwards; two scores a step."""
    delta = t - u
    k1 = x / 2 + score(x, t) / 2  # (diffusion-15)
    ahead = x + delta * k1
    k2 = ahead / 2 + score(ahead, u) / 2
    return x + delta / 2 * (k1 + k2)  # (diffusion-16)


def sample(score, x, times, noise=None, *, kind="ddpm_small", eta=0.0, denoise=False, record=None, progress=None):
    """Run the process backwards along any falling times.

    Parameters
    ----------
    score : callable
        ``score(x, t) -> array [n, D]``, with t a float.
    x : array [n, D]
        Start, standard normal draws (at a late time the noised data are nearly that).
    times : sequence of float, or array [N+1]
        Falling; from `grid`, or any others. The last is > 0 for "heun" and with `denoise`, which ask for a score there.
    noise : array [N, n, D] or numpy.random.Generator, optional
        Draws for each step, the last one included; not read by "heun", or "ddim" with ``eta=0``.
    kind : str, default: "ddpm_small"
        One of `KINDS`, or "heun": the probability-flow equation by Heun's method, two scores a step.
    eta : float, default: 0.0
        As for `coefficients`.
    denoise : bool, default: False
        Whether to return the posterior mean at the last time, in place of the points.
    record : callable, optional
        ``record(x) -> dict of str to value``, at the start and after each step.
    progress : str, optional
        Title of a progress bar.

    Returns
    -------
    core.loop.Run
        Its state is the array of points; see there for the rest.

    Raises
    ------
    TypeError, ValueError
        If times do not fall or are negative, shapes or dtypes do not fit, draws are missing, or a score is not like the
        points or not finite.

    Notes
    -----
    Equations (diffusion-8) to (diffusion-16) of the documentation; the survey's sections on samplers.

    Examples
    --------
    Data that are all at 2: the score points there, and so does every sampler.

    >>> import numpy as np
    >>> score = lambda x, t: (2 * np.exp(-t / 2) - x) / (1 - np.exp(-t))
    >>> x = np.array([[-1.0], [1.0]])
    >>> sample(score, x, grid(N=100), kind="ddim").state.round(2)
    array([[1.97],
           [2.03]])
    """
    check.function(score=score), check.finite(x=x)
    check.shapes(x=(x, "n D"))
    check.choice((*KINDS, "heun"), kind=kind), check.flag(denoise=denoise)
    times, eta, score = falling(times), check.nonnegative(eta=eta), partial(_asked, score)
    if times[-1] == 0 and (denoise or kind == "heun"):
        raise ValueError("times must end later than 0, where the data may have no score, got 0")
    N = len(times) - 1
    if is_array(noise):
        check.finite(noise=noise), check.alike_dtype(x=x, noise=noise)
        check.shapes(noise=(noise, f"{N} n D"), x=(x, "n D"))

    def onward(x, k):
        t, u = times[k - 1], times[k]
        if kind == "heun":
            return _heun(score, x, t, u)
        return _moved(kind, x, score(x, t), t, u, _draw(noise, k - 1, x), eta)

    run = iterate(onward, x, steps=N, record=record, progress=progress)
    if denoise:
        return run._replace(state=denoised(run.state, score(run.state, times[-1]), times[-1]))
    return run


def _asked(score, x, t):
    found = score(x, t)
    check.like(x, score=found), check.finite(score=found)
    return found


def _draw(noise, k, x):
    """Of the k-th step, from 0: given, or drawn now."""
    if noise is None or is_array(noise):
        return None if noise is None else noise[k, ...]
    return random.normal(noise, x.shape, like=x)


# Times ---------------------------------------------------------------------------------------------------------------


def grid(T=8.0, t0=1e-3, N=300, *, spacing="geometric"):
    """Falling times of N steps.

    Parameters
    ----------
    T, t0 : float
        First and last time, ``T > t0 > 0``.
    N : int
        Steps, >= 1.
    spacing : str, default: "geometric"
        "geometric" (equal ratios), or "uniform".

    Returns
    -------
    tuple of float
        N + 1 times.

    Raises
    ------
    TypeError, ValueError
        If a number is out of range or `spacing` is unknown.

    Examples
    --------
    >>> grid(8.0, 0.5, 4)
    (8.0, 4.0, 2.0, 1.0, 0.5)
    """
    check.choice(("geometric", "uniform"), spacing=spacing)
    T, t0 = check.positive(T=T, t0=t0)
    N = check.integer(N=N, minimum=1)
    if t0 >= T:
        raise ValueError(f"T must be later than t0, got {T!r} and {t0!r}")
    at = (lambda k: T * (t0 / T) ** (k / N)) if spacing == "geometric" else (lambda k: T + k / N * (t0 - T))
    return (T, *(at(k) for k in range(1, N)), t0)


def falling(times):
    """Times as Python floats, on the host, if they are finite, >= 0 and fall.

    Examples
    --------
    >>> falling([2, 1, 1])
    Traceback (most recent call last):
    ValueError: times must fall, got 1.0 after 1.0
    """
    check.sequence(times=times)
    if hasattr(times, "shape"):
        check.shapes(times=(times, "N"))
        times = to_numpy(times).tolist()
    times = tuple(check.nonnegative(times=t) for t in times)
    if len(times) < 2:
        raise ValueError(f"times must be two at least, for one step, got {len(times)}")
    for t, u in pairwise(times):
        if not t > u:
            raise ValueError(f"times must fall, got {u!r} after {t!r}")
    return times


def times_of_betas(betas):
    """The time of each row of a table of betas, as libraries have it: row i has kept ``prod_{j<=i} (1 - beta_j)``.

    Parameters
    ----------
    betas : array [M]
        In (0, 1).

    Returns
    -------
    tuple of float
        M rising times, on the host; the row before the first has time 0.

    Raises
    ------
    TypeError, ValueError
        If `betas` are no such array: with a beta <= 0 what is kept of the data would not fall.

    Examples
    --------
    >>> import numpy as np
    >>> [round(float(np.exp(-t)), 6) for t in times_of_betas(np.array([0.1, 0.2]))]
    [0.9, 0.72]
    """
    check.finite(betas=betas)
    check.shapes(betas=(betas, "M"))
    xp = array_namespace(betas)
    if not bool(xp.all((betas > 0) & (betas < 1))):
        low, high = float(xp.min(betas)), float(xp.max(betas))
        raise ValueError(f"betas must be in (0, 1), got values from {low:g} to {high:g}")
    t = xp.cumulative_sum(-xp.log1p(-betas))  # (diffusion-17)
    return tuple(to_numpy(t).tolist())


def table_steps(kind, x, predicted, betas, rows, noise=None, *, eta=0.0):
    """Steps along some rows of a table of betas, with given predictions of the noise: the interface of libraries.

    Parameters
    ----------
    kind, eta
        As for `coefficients`.
    x : array [n, D]
        Points at the time of the first of `rows`.
    predicted : array [N, n, D]
        Noise that a network predicts in each step.
    betas : array [M]
        Table of the training, in (0, 1).
    rows : sequence of int
        N falling rows of the table, from each of which a step departs; the last one ends at the data.
    noise : array [N, n, D], optional
        Draws. The last step adds none.

    Returns
    -------
    array [N, n, D]
        Points after each step.

    Raises
    ------
    TypeError, ValueError
        If `betas` are no schedule, rows do not fall or are not there, or shapes do not fit.

    Examples
    --------
    >>> import numpy as np
    >>> betas, predicted = np.full(4, 0.5), np.zeros((2, 1, 1))
    >>> table_steps("ddim", np.ones((1, 1)), predicted, betas, (3, 1))[:, 0, 0]
    array([2., 4.])
    """
    check.finite(x=x, predicted=predicted), check.sequence(rows=rows)
    table, rows = times_of_betas(betas), tuple(check.integer(rows=i) for i in rows)
    check.shapes(x=(x, "n D"), predicted=(predicted, f"{len(rows)} n D")), check.alike_dtype(x=x, predicted=predicted)
    if noise is not None:
        check.alike(predicted=predicted, noise=noise)
    if not rows or rows[0] >= len(table) or any(i <= j for i, j in pairwise(rows)):
        raise ValueError(f"rows must fall and be below {len(table)}, got {', '.join(map(str, rows))}")
    found = []
    for k, i in enumerate(rows):
        t, u = table[i], table[rows[k + 1]] if k + 1 < len(rows) else 0.0  # (diffusion-18)
        xi = None if noise is None else noise[k, ...]
        x = _moved(kind, x, score_of_noise(predicted[k, ...], t), t, u, xi, eta)
        found.append(x)
    return array_namespace(x).stack(found)


# Guidance ------------------------------------------------------------------------------------------------------------


def guide(conditional, unconditional, *, eta):
    """Classifier-free guidance.

    Parameters
    ----------
    conditional, unconditional : array [n, D]
        Scores (or predicted noises) with the label, and with the null label.
    eta : float
        Strength; 0 is plain conditional sampling, -1 unconditional. The scale w of most libraries is ``1 + eta``.

    Returns
    -------
    array [n, D]
        Like `conditional`.

    Raises
    ------
    TypeError, ValueError
        If the arrays are not alike or not finite, or `eta` is no finite number >= -1.

    Notes
    -----
    Equation (diffusion-20) of the documentation; the survey's section on guidance.

    Examples
    --------
    >>> import numpy as np
    >>> guide(np.array([[2.0]]), np.array([[1.0]]), eta=1.0)
    array([[3.]])
    """
    check.alike(conditional=conditional, unconditional=unconditional)
    eta = _strength(eta)
    return (1 + eta) * conditional - eta * unconditional  # (diffusion-20)


def classify(score, gradient, *, eta):
    """Classifier guidance.

    Parameters
    ----------
    score : array [n, D]
        Without a label.
    gradient : array [n, D]
        Of the classifier's log-probability of the label, in the *noisy* points.
    eta : float
        As for `guide`. The scale of Dhariwal and Nichol (2021) is ``1 + eta``.

    Returns
    -------
    array [n, D]
        Like `score`; for exact scores and classifiers the same as `guide`.

    Raises
    ------
    TypeError, ValueError
        As for `guide`.

    Notes
    -----
    Equation (diffusion-21) of the documentation; the survey's section on guidance.

    Examples
    --------
    >>> import numpy as np
    >>> classify(np.array([[1.0]]), np.array([[1.0]]), eta=1.0)
    array([[3.]])
    """
    check.alike(score=score, gradient=gradient)
    eta = _strength(eta)
    return score + (1 + eta) * gradient  # (diffusion-21)


def _strength(eta):
    eta = check.number(eta=eta)
    if eta < -1:
        raise ValueError(f"eta must be >= -1, where the label has no weight left, got {float(eta)!r}")
    return eta


def _times_of_points(t, points, name="x0"):
    """As many times >= 0 as points, in the dtype of these."""
    check.shapes(**{name: (points, "n D"), "t": (t, "n")})
    check.alike_dtype(**{name: points, "t": t})
    xp = array_namespace(t)
    if not bool(xp.all(t >= 0)):
        raise ValueError(f"t must be >= 0, got a smallest time of {float(xp.min(t)):g}")
