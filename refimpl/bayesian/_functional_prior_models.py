"""Around the rule of `functional_prior`: targets, measurement sets, the whole matching, posteriors, and how they are
judged."""

import math
from itertools import pairwise
from typing import NamedTuple

from refimpl.bayesian import functional_prior
from refimpl.core import check, random
from refimpl.core.arrays import Array, array_namespace, from_numpy
from refimpl.core.autodiff import grad
from refimpl.core.linalg import cholesky
from refimpl.core.loop import iterate
from refimpl.core.special import softplus
from refimpl.models import gp, sampling

UNIT = math.log(math.expm1(1.0))  # the raw value whose softplus is 1


class Matched(NamedTuple):
    """What `match` found."""

    psi: Array  # [R]
    distances: tuple  # estimate at each outer step, before it


class Prediction(NamedTuple):
    """Of a new observation at each of m inputs, for each output."""

    mean: Array  # [O, m]
    variance: Array  # [O, m]


def start(family, widths, *, like, rng=None, raw=None, flows=4):
    """Where the tuning of a prior begins, or a prior that stays as it is.

    Parameters
    ----------
    family, widths, flows
        As for `functional_prior.prior_size`.
    like : array
        Whose library, dtype and device to take.
    rng : numpy.random.Generator, optional
        For "flow", which starts uniform on +-D^(-1/2) in its flows.
    raw : float, optional
        Of every entry of the others. Default: 1 for "gaussian", 3 for "hierarchical", as the authors have it; with
        `UNIT` they are the fixed priors, N(0, 1) or inverse gamma with shape and rate 1.

    Returns
    -------
    array [R]
        Parameters.

    Raises
    ------
    TypeError, ValueError
        If an argument is unknown or out of range, or the generator is missing.

    Examples
    --------
    >>> import numpy as np
    >>> start("gaussian", (1, 1), like=np.zeros(1)), start("hierarchical", (1, 1), like=np.zeros(1))
    (array([1., 1.]), array([3., 3., 3., 3.]))
    """
    size = functional_prior.prior_size(family, widths, flows=flows)
    check.floating(like=like)
    zero = from_numpy([0.0] * size, like=like)
    if family != "flow":
        return zero + (check.number(raw=raw) if raw is not None else {"gaussian": 1.0, "hierarchical": 3.0}[family])
    check.rng(rng=rng)
    xp, parts = array_namespace(like), []
    for n, m in pairwise(widths):
        D = (1 + n) * m
        bound = D**-0.5
        flow = random.uniform(rng, (flows * (2 * D + 1),), like=like, low=-bound, high=bound)
        parts += [from_numpy([0.0] * D, like=like), flow]
    return xp.concat(parts)


# Targets -------------------------------------------------------------------------------------------------------------


def gp_functions(x, normals, lengths, variances, *, jitter=1e-6):
    """Draws of Gaussian processes with squared-exponential covariance, each with its own scales.

    Parameters
    ----------
    x : array [M, d]
        Inputs.
    normals : array [S, M]
        Standard normal draws.
    lengths : array [S, d] or [d]
        Length scales > 0, of each function or of all.
    variances : array [S] or []
        Variances > 0.
    jitter : float, default: 1e-6
        >= 0, added to the diagonal of the covariance.

    Returns
    -------
    array [S, M]
        Functions.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, a scale is not > 0, or a covariance is not positive definite with this jitter.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.array([[0.0], [1.0]])
    >>> gp_functions(x, np.array([[1.0, 0.0]]), np.array([1.0]), np.array(4.0), jitter=0.0).round(4)
    array([[2.    , 1.2131]])
    """
    check.finite(x=x, normals=normals, lengths=lengths, variances=variances)
    check.alike_dtype(x=x, normals=normals, lengths=lengths, variances=variances)
    axes = {"lengths": "S d" if len(lengths.shape) == 2 else "d", "variances": "S" if variances.shape else ""}
    check.shapes(x=(x, "M d"), normals=(normals, "S M"), lengths=(lengths, axes["lengths"]),
                 variances=(variances, axes["variances"]))  # fmt: skip
    xp, S, found = array_namespace(x), normals.shape[0], []
    for name, value in (("lengths", lengths), ("variances", variances)):
        if not bool(xp.all(value > 0)):
            raise ValueError(f"{name} must be > 0, got a smallest value of {float(xp.min(value)):g}")
    shared = len(lengths.shape) == 1 and not variances.shape
    for s in range(1 if shared else S):
        length = lengths if len(lengths.shape) == 1 else lengths[s, :]
        variance = variances[s] if variances.shape else variances
        r2 = gp.squared_distances(x, x, 1 / (length * length))
        L = cholesky(variance * gp.squared_exponential(r2), jitter=jitter, name="covariance at x")
        found.append(normals[:, :] @ L.T if shared else (L @ normals[s, :])[None, :])  # (functional_prior-12)
    return found[0] if shared else xp.concat(found)


def hierarchical_functions(x, normals, scale_normals, *, length=None, variance=(0.1, 1.0), jitter=1e-6):
    """Draws of a Gaussian process whose scales are log-normal, new ones for each function.

    Parameters
    ----------
    x, normals, jitter
        As for `gp_functions`.
    scale_normals : array [S, d + 1]
        Standard normal draws: for the length scales, then for the variance.
    length : pair of float, optional
        Mean and *variance* of the log of each length scale. Default: log sqrt(2 d) and 1.
    variance : pair of float, default: (0.1, 1.0)
        The same of the log of the variance.

    Returns
    -------
    array [S, M]
        Functions.

    Raises
    ------
    TypeError, ValueError
        As for `gp_functions`; and if a pair is none, or a variance is negative.

    Examples
    --------
    >>> import numpy as np
    >>> x, one = np.array([[0.0]]), np.ones((1, 1))
    >>> hierarchical_functions(x, one, np.array([[0.0, 2.0]]), variance=(0.0, 0.25), jitter=0.0).round(4)  # exp(1/2)
    array([[1.6487]])
    """
    check.finite(x=x, scale_normals=scale_normals)
    d = check.shapes(x=(x, "M d"))["d"]
    check.shapes(scale_normals=(scale_normals, f"S {d + 1}"))
    length = (math.log(math.sqrt(2 * d)), 1.0) if length is None else length
    pairs = []
    for name, pair in (("length", length), ("variance", variance)):
        if not isinstance(pair, tuple | list) or len(pair) != 2:
            raise ValueError(f"{name} must be a pair of mean and variance, got {pair!r}")
        pairs.append((check.number(**{name: pair[0]}), check.nonnegative(**{name: pair[1]})))
    drawn = lambda pair, normals: array_namespace(normals).exp(pair[0] + math.sqrt(pair[1]) * normals)
    lengths = drawn(pairs[0], scale_normals[:, :-1])  # (functional_prior-13)
    variances = drawn(pairs[1], scale_normals[:, -1])
    return gp_functions(x, normals, lengths, variances, jitter=jitter)


def measurement_set(X, rng, *, size=100, ratio=0.7):
    """Where functions are compared in regression: some of the training inputs, and uniform points in their range.

    Parameters
    ----------
    X : array [N, d]
        Training inputs.
    rng : numpy.random.Generator
        From `core.random.stream`.
    size : int, default: 100
        M >= 1.
    ratio : float, default: 0.7
        In [0, 1]: of M, how much are training inputs, without replacement; as many as there are at most.

    Returns
    -------
    array [M, d]
        In random order.

    Raises
    ------
    TypeError, ValueError
        If `X` is no finite array [N, d] or a number is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.array([[0.0], [1.0], [4.0]])
    >>> x = measurement_set(X, random.stream(0, "doc"), size=5)
    >>> x.shape, np.isin(X, x).all()
    ((5, 1), np.True_)
    """
    check.finite(X=X), check.rng(rng=rng)
    N, d = check.shapes(X=(X, "N d")).values()
    size, ratio = check.integer(size=size, minimum=1), check.nonnegative(ratio=ratio)
    if ratio > 1:
        raise ValueError(f"ratio must be in [0, 1], got {float(ratio)!r}")
    xp, known = array_namespace(X), min(math.floor(ratio * size + 1e-9), N)  # not one short by rounding
    picks = random.indices(rng, N, (known,), like=X, replace=False)
    low, high = xp.min(X, axis=0), xp.max(X, axis=0)
    anywhere = low + (high - low) * random.uniform(rng, (size - known, d), like=X)
    order = random.indices(rng, size, (size,), like=X, replace=False)
    return xp.take(xp.concat([xp.take(X, picks, axis=0), anywhere]), order, axis=0)


# Matching ------------------------------------------------------------------------------------------------------------


def draw(family, rng, count, *, widths, like):
    """Draws for so many functions of a prior.

    Parameters
    ----------
    family, widths
        As for `functional_prior.prior_layers`.
    rng : numpy.random.Generator
        From `core.random.stream`.
    count : int
        S >= 1.
    like : array
        Whose library, dtype and device to take.

    Returns
    -------
    functional_prior.Drawn
        See there.

    Raises
    ------
    TypeError, ValueError
        If an argument is unknown or out of range.

    Examples
    --------
    >>> import numpy as np
    >>> drawn = draw("hierarchical", random.stream(0, "doc"), 3, widths=(1, 5, 1), like=np.zeros(1))
    >>> drawn.normals.shape, drawn.uniforms.shape
    ((3, 16), (3, 2, 2))
    """
    check.choice(functional_prior.FAMILIES, family=family)
    S, L = check.integer(count=count, minimum=1), len(functional_prior._widths(widths)) - 1
    normals = random.normal(rng, (S, functional_prior.stacked_size(widths)), like=like)
    if family != "hierarchical":
        return functional_prior.Drawn(normals)
    return functional_prior.Drawn(normals, random.uniform(rng, (S, L, 2), like=like, low=1e-6, high=1 - 1e-6))


def match(
    family, psi, target, measure, rng, *, widths, hidden=(200, 200), functions=128, steps=200, inner=200, progress=None,
    **options,
):  # fmt: skip
    """Algorithm 1: tune a prior until its functions look like those of a target.

    Parameters
    ----------
    family, psi, widths
        As for `functional_prior.prior_layers`; `psi` is the start.
    target : callable
        ``target(x, rng, S) -> array [O, S, M]``, functions of the target.
    measure : callable
        ``measure(rng) -> array [M, d]``, a measurement set.
    rng : numpy.random.Generator
        From `core.random.stream`.
    hidden : sequence of int, default: (200, 200)
        Widths of the critic.
    functions, steps, inner : int
        S functions a batch, outer steps, inner steps at most; defaults 128, 200 and 200, the authors' for regression.
    progress : str, optional
        Title of a progress bar.
    **options
        As for `functional_prior.matching_step`.

    Returns
    -------
    Matched
        See there.

    Raises
    ------
    TypeError, ValueError
        As for `functional_prior.matching_step`.

    Examples
    --------
    >>> import numpy as np
    >>> x, rng = np.array([[0.0], [1.0]]), random.stream(0, "doc")
    >>> target = lambda x, rng, S: 0.1 * random.normal(rng, (1, S, 2), like=x)
    >>> options = {"widths": (1, 3, 1), "hidden": (4,), "functions": 8, "steps": 40, "inner": 5}
    >>> found = match("gaussian", np.ones(4), target, lambda rng: x, rng, **options)
    >>> len(found.distances), found.psi.shape
    (40, (4,))
    """
    check.function(target=target, measure=measure), check.rng(rng=rng), check.sequence(hidden=hidden)
    check.choice(functional_prior.FAMILIES, family=family), functional_prior._widths(widths)
    S, inner = check.integer(functions=functions, minimum=1), check.integer(inner=inner, minimum=1)

    def step(state, _):
        tuning, found = state
        x = measure(rng)
        check.floating(x=x)
        sizes = (x.shape[0], *hidden, 1)
        theta = functional_prior.critic_init(
            random.normal(rng, (functional_prior.stacked_size(sizes),), like=x), sizes=sizes
        )
        f = [target(x, rng, S) for _ in range(2)]
        check.finite(target=f[0]), check.alike(target=f[0], again=f[1])
        check.shapes(target=(f[0], f"O {S} {x.shape[0]}"))
        eps = random.uniform(rng, (inner, f[0].shape[0], S), like=x)
        drawn = [draw(family, rng, S, widths=widths, like=x) for _ in range(2)]
        draws = functional_prior.Draws(x, theta, eps, drawn[0], f[0], drawn[1], f[1])
        tuning, distance = functional_prior.matching_step(
            tuning, draws, family=family, widths=widths, sizes=sizes, **options
        )
        return tuning, (*found, float(distance))

    tuning, found = iterate(step, (functional_prior.tuning_init(psi), ()), steps=steps, progress=progress).state
    return Matched(tuning.psi, found)


# Posteriors ----------------------------------------------------------------------------------------------------------


def prior_deviations(sigma, *, widths):
    """Prior deviation of each stacked parameter.

    Parameters
    ----------
    sigma : array [..., L, 2]
        Of weights and biases of each layer, > 0.
    widths : sequence of int
        Of the network.

    Returns
    -------
    array [..., P]
        In the order of the parameters.

    Raises
    ------
    TypeError, ValueError
        If `sigma` is no such array.

    Examples
    --------
    >>> import numpy as np
    >>> prior_deviations(np.array([[2.0, 3.0]]), widths=(2, 1))
    array([3., 2., 2.])
    """
    check.finite(sigma=sigma)
    functional_prior.stacked_size(widths)
    xp, L = array_namespace(sigma), len(tuple(widths)) - 1
    if len(sigma.shape) < 2 or tuple(sigma.shape[-2:]) != (L, 2) or not bool(xp.all(sigma > 0)):
        raise ValueError(f"sigma must have shape (..., {L}, 2) and entries > 0, got shape {tuple(sigma.shape)}")
    one, parts = xp.ones_like(sigma[..., 0, 0])[..., None], []
    for l, (n, m) in enumerate(pairwise(widths)):
        for i, count in ((1, m), (0, n * m)):
            parts.append(xp.broadcast_to(sigma[..., l, i, None] * one, (*sigma.shape[:-2], count)))
    return xp.concat(parts, axis=-1)


def _nll(likelihood, noise):
    """-log p(y | f) without constants, for f [O, C, B] and y [B, O]; or labels 0 and 1."""
    if likelihood == "normal":
        return lambda f, y: 0.5 * (f - y.T[:, None, :]) ** 2 / noise
    return lambda f, y: softplus(f) - y.T[:, None, :] * f


def sample_posterior(
    family, psi, X, y, rng, *, widths, likelihood="normal", noise=0.1, chains=4, steps=10000, burn_in=2000, keep=200,
    batch=32, lr=0.01, friction=0.01, temperature=1.0, clip=100.0, resample=20, correct=True, progress=None,
):  # fmt: skip
    """Sample weights given data by scale-adapted SGHMC, many chains side by side.

    Parameters
    ----------
    family, psi, widths
        As for `functional_prior.prior_layers`. "hierarchical" draws its scales anew by Gibbs steps; "flow" is sampled
        in the space of its normal draws, in which the prior is standard and nothing has to be inverted.
    X : array [N, d]
        Inputs.
    y : array [N, O]
        Targets; labels 0 or 1 under "logistic".
    rng : numpy.random.Generator
        From `core.random.stream`.
    likelihood : {"normal", "logistic"}, default: "normal"
        Of the observations.
    noise : float, default: 0.1
        Their variance > 0; not read by "logistic".
    chains, steps, burn_in, keep, batch, resample : int
        C chains; steps in all, at first with adaption; every how many steps afterwards weights are kept; data in a
        gradient (all, if there are fewer); every how many steps scales are drawn.
    lr, friction, correct
        As for `models.sampling.sghmc`: False where `batch` takes all the data, True where the noise of minibatches
        widens the samples.
    temperature, clip
        As for `functional_prior.posterior_gradient`.
    progress : str, optional
        Title of a progress bar.

    Returns
    -------
    array [K, C, P]
        Stacked weights of K networks from each chain, for `functional_prior.unstack`.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, something is not finite or unknown, or nothing would be kept.

    Examples
    --------
    >>> import numpy as np
    >>> X, y = np.array([[0.0], [1.0]]), np.array([[0.0], [1.0]])
    >>> options = {"widths": (1, 3, 1), "steps": 40, "burn_in": 20, "keep": 10}
    >>> sample_posterior("gaussian", np.ones(4), X, y, random.stream(0, "doc"), **options).shape
    (2, 4, 10)
    """
    check.choice(("normal", "logistic"), likelihood=likelihood), check.rng(rng=rng), check.flag(correct=correct)
    check.finite(psi=psi, X=X, y=y), check.shapes(X=(X, "N d"), y=(y, "N O")), check.alike_dtype(psi=psi, X=X, y=y)
    check.shapes(X=(X, f"N {functional_prior._widths(widths)[0]}"), y=(y, f"N {widths[-1]}"))
    noise, chains, batch = check.positive(noise=noise), check.integer(chains=chains, minimum=1), check.integer(
        batch=batch, minimum=1)  # fmt: skip
    steps, burn_in = check.integer(steps=steps), check.integer(burn_in=burn_in)
    keep, resample = check.integer(keep=keep, minimum=1), check.integer(resample=resample, minimum=1)
    if steps < burn_in + keep:
        raise ValueError(f"steps must be burn_in + keep at least, so that something is kept, got {steps}")
    xp, N, nll, kept = array_namespace(X), X.shape[0], _nll(likelihood, noise), []
    if likelihood == "logistic" and not bool(xp.all((y == 0) | (y == 1))):
        raise ValueError(f"y must be 0 or 1 under logistic, got {float(xp.min(y)):g} to {float(xp.max(y)):g}")
    batch = min(batch, N)
    drawn = draw(family, rng, chains, widths=widths, like=X)
    if family == "flow":
        w, deviations = drawn.normals, xp.ones_like(drawn.normals)
        layers_of = lambda w: functional_prior.prior_layers("flow", psi, functional_prior.Drawn(w), widths=widths)
    else:
        layers_of = lambda w: functional_prior.unstack(w, widths=widths)
        w = _stack(functional_prior.prior_layers(family, psi, drawn, widths=widths))
        deviations = 0 * w + (
            prior_deviations(functional_prior.scales(psi), widths=widths) if family == "gaussian" else 1.0
        )

    def loss(w, x, y):
        f = functional_prior.network(layers_of(w), x)
        return _sum(nll(f, y)) / x.shape[0]  # chains are apart

    def step(state, t):
        w, chain, deviations = state
        if family == "hierarchical" and (t - 1) % resample == 0:
            deviations = _resampled(w, psi, rng, widths)
        rows = random.indices(rng, N, (batch,), like=X, replace=False)
        likelihood = grad(loss)(w, xp.take(X, rows, axis=0), xp.take(y, rows, axis=0))
        prior = w / (deviations * deviations)  # (functional_prior-41)
        g = functional_prior.posterior_gradient(likelihood, prior, n=N, temperature=temperature, clip=clip)
        xi = random.normal(rng, w.shape, like=w)
        w, chain = sampling.sghmc(w, chain, g, xi, lr=lr, friction=friction, burn_in=burn_in, correct=correct)
        if t > burn_in and (t - burn_in) % keep == 0:
            kept.append(w if family != "flow" else _stack(layers_of(w)))
        return w, chain, deviations

    iterate(step, (w, sampling.sghmc_init(w), deviations), steps=steps, progress=progress)
    return xp.stack(kept)


def _sum(x):
    return array_namespace(x).sum(x)


def _stack(layers):
    """Layers of many networks as rows."""
    xp, parts = array_namespace(layers[0].W), []
    for W, b in layers:
        parts.append(xp.reshape(xp.concat([b[:, None, :], W], axis=1), (W.shape[0], -1)))
    return xp.concat(parts, axis=1)


def _resampled(w, psi, rng, widths):
    """Deviations from a Gibbs step for each layer's weights and biases."""
    xp, layers, one = array_namespace(w), [], array_namespace(w).ones_like(w[:, 0])
    for l, (W, b) in enumerate(functional_prior.unstack(w, widths=widths)):
        drawn = []
        for i, part in enumerate((xp.reshape(W, (w.shape[0], -1)), b)):
            raw = psi[4 * l + 2 * i : 4 * l + 2 * i + 2]
            uniform = random.uniform(rng, one.shape, like=w, low=1e-6, high=1 - 1e-6)
            drawn.append(functional_prior.gibbs_scale(part, raw[0] * one, raw[1] * one, uniform)[2])
        layers.append(xp.stack(drawn, axis=-1))
    return prior_deviations(xp.stack(layers, axis=1), widths=widths)


def predict(weights, x, *, widths, noise=0.1):
    """Mean and variance of a new observation, over samples of the posterior.

    Parameters
    ----------
    weights : array [K, C, P] or [K, P]
        From `sample_posterior`.
    x : array [m, d]
        Inputs.
    widths : sequence of int
        Of the network.
    noise : float, default: 0.1
        Variance >= 0 of observations.

    Returns
    -------
    Prediction
        See there.

    Raises
    ------
    TypeError, ValueError
        If shapes do not fit or something is not finite.

    Examples
    --------
    >>> import numpy as np
    >>> predict(np.array([[0.0, 1.0], [2.0, 1.0]]), np.array([[3.0]]), widths=(1, 1), noise=0.5)
    Prediction(mean=array([[4.]]), variance=array([[1.5]]))
    """
    check.finite(weights=weights), check.array(x=x)
    if len(weights.shape) not in (2, 3):
        raise ValueError(f"weights must have shape [K, C, P] or [K, P], got {tuple(weights.shape)}")
    noise, xp = check.nonnegative(noise=noise), array_namespace(weights)
    f = functional_prior.network(
        functional_prior.unstack(xp.reshape(weights, (-1, weights.shape[-1])), widths=widths), x
    )
    return Prediction(xp.mean(f, axis=1), xp.var(f, axis=1) + noise)
