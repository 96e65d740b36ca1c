"""What MECO is compared with: noise-contrastive estimation, and maximum likelihood by Langevin chains."""

import math
from typing import NamedTuple

from refimpl.core import check, random
from refimpl.core.arrays import Array, array_namespace, device
from refimpl.core.loop import iterate
from refimpl.core.special import sigmoid, softplus
from refimpl.nested import meco


class NCE(NamedTuple):
    """Loss of noise-contrastive estimation and its gradient."""

    loss: Array  # 0-d or [R], nats
    grad: Array  # [d] or [R, d] with respect to theta
    grad_c: Array  # 0-d or [R] with respect to c


def nce(c, log_ratio_data, grads_data, log_ratio_noise, grads_noise):
    """Noise-contrastive estimation (Gutmann and Hyvarinen, 2012): tell data from noise by logistic regression.

    Parameters
    ----------
    c : array, 0-d or [R]
        Stands for log Z, a parameter of its own.
    log_ratio_data : array, shape [B_x] or [R, B_x]
        ``f(x_i) - log q(x_i)`` at the data, finite.
    grads_data : array, shape [B_x, d] or [R, B_x, d]
        Gradients of f at the data.
    log_ratio_noise, grads_noise : array, shapes [B_z] and [B_z, d], or with R in front
        The same at the noise, B_z = nu B_x draws.

    Returns
    -------
    NCE
        Mean over the data plus nu times the mean over the noise.

    Raises
    ------
    TypeError, ValueError
        If shapes do not fit or an entry is not finite.

    Notes
    -----
    Equations (meco-6) and (meco-7) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> out = nce(np.array(0.0), np.zeros(1), np.ones((1, 2)), np.zeros(1), np.ones((1, 2)))
    >>> out.loss.round(6), out.grad, out.grad_c
    (np.float64(1.386294), array([0., 0.]), array(0.))
    """
    check.floating(log_ratio_data=log_ratio_data)
    runs = "R " if len(log_ratio_data.shape) == 2 else ""
    arrays = {"log_ratio_data": log_ratio_data, "grads_data": grads_data}
    arrays |= {"log_ratio_noise": log_ratio_noise, "grads_noise": grads_noise}
    axes = {"log_ratio_data": "n", "grads_data": "n d", "log_ratio_noise": "m", "grads_noise": "m d"}
    check.shapes(**{name: (x, runs + axes[name]) for name, x in arrays.items()}, c=(c, runs.strip()))
    check.finite(c=c, **arrays)
    xp = array_namespace(c, *arrays.values())
    nu = log_ratio_noise.shape[-1] / log_ratio_data.shape[-1]
    shift = c[..., None] + math.log(nu)
    at_data, at_noise = log_ratio_data - shift, log_ratio_noise - shift  # (meco-6)
    loss = xp.mean(softplus(-at_data), axis=-1) + nu * xp.mean(softplus(at_noise), axis=-1)  # (meco-7)
    missed = sigmoid(-at_data) / log_ratio_data.shape[-1]
    fooled = nu * sigmoid(at_noise) / log_ratio_noise.shape[-1]
    pulled = xp.matmul(fooled[..., None, :], grads_noise) - xp.matmul(missed[..., None, :], grads_data)
    grad_c = xp.sum(missed, axis=-1) - xp.sum(fooled, axis=-1)
    return NCE(*(xp.asarray(x) for x in (loss, xp.squeeze(pulled, axis=-2), grad_c)))


def gaussian_nce(params, target, *, nodes=601, reach=15.0):
    """Expected NCE loss, halved, for the mean of a Gaussian: data N(R, 1), as many draws of noise N(0, 1).

    The model is log p = theta x - x^2 / 2 - log(2 pi) / 2 - c, right at theta = R and c = R^2 / 2.

    Parameters
    ----------
    params : array, shape [2], floating point
        (theta, c).
    target : float
        R.
    nodes, reach : int, float
        Trapezoid rule on so many points from -reach to ``|R|`` + reach (or mirrored). It is exact to rounding while
        points lie no farther apart than 1 / 2 and than 1 / (2 ``|theta|``); ask for more of them beyond.

    Returns
    -------
    loss : array, 0-d
        Nats.
    grad : array [2]
        With respect to (theta, c).
    hessian : array [2, 2]
        The same, once more.

    Raises
    ------
    TypeError, ValueError
        If `params` is no finite array [2] or `target` is no number.

    Notes
    -----
    Equation (meco-8) of the documentation; the formulas of Liu et al. (2021, arXiv:2110.11271).

    Examples
    --------
    >>> import numpy as np
    >>> loss, grad, hessian = gaussian_nce(np.array([2.0, 2.0]), 2.0)
    >>> loss.round(6), bool(abs(grad).max() < 1e-15), np.linalg.eigvalsh(hessian).round(6)
    (np.float64(0.356316), True, array([0.028443, 0.262879]))
    """
    check.finite(params=params)
    check.shapes(params=(params, "2"))
    target, reach = check.number(target=target), check.positive(reach=reach)
    nodes = check.integer(nodes=nodes, minimum=2)
    xp = array_namespace(params)
    low, high = min(0.0, target) - reach, max(0.0, target) + reach
    gap = (high - low) / (nodes - 1)
    x = low + gap * xp.arange(nodes, dtype=params.dtype, device=device(params))
    noise = xp.exp(-0.5 * x * x) * (gap / math.sqrt(2 * math.pi))
    data = xp.exp(-0.5 * (x - target) ** 2) * (gap / math.sqrt(2 * math.pi))
    features = xp.stack([x, -xp.ones_like(x)], axis=1)
    logit = features @ params
    real, fake = sigmoid(-logit), sigmoid(logit)
    loss = 0.5 * xp.sum(data * softplus(-logit) + noise * softplus(logit))
    grad = 0.5 * ((noise * fake - data * real) @ features)
    curvature = 0.5 * (data + noise) * real * fake
    return xp.asarray(loss), grad, xp.matrix_transpose(features) @ (curvature[:, None] * features)  # (meco-8)


def langevin(y, slope, noise, *, step):
    """One step of unadjusted Langevin dynamics, y + step / 2 slope + sqrt(step) noise.

    Parameters
    ----------
    y : array, any shape, floating point
        Points.
    slope, noise : array like `y`
        Gradient of f at `y`, and standard normal draws.
    step : float
        s > 0. On a standard normal the stationary variance is 1 / (1 - s / 4).

    Returns
    -------
    array
        Like `y`.

    Raises
    ------
    TypeError, ValueError
        If the arrays are not alike or not finite, or `step` is no number > 0.

    Notes
    -----
    Equation (meco-10) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> langevin(np.array([1.0]), np.array([-2.0]), np.array([0.5]), step=0.25)
    array([1.])
    """
    check.like(y, slope=slope, noise=noise)
    check.finite(y=y, slope=slope, noise=noise)
    step = check.positive(step=step)
    return y + 0.5 * step * slope + step**0.5 * noise  # (meco-10)


def chain(model, params, y, *, steps, step, rng):
    """`y` after `steps` steps of `langevin` on a model.

    Examples
    --------
    >>> import numpy as np
    >>> from refimpl.nested._meco_models import gaussian_mean
    >>> rates = {"steps": 100, "step": 0.2, "rng": random.stream(0, "doc")}
    >>> y = chain(gaussian_mean(), np.array([3.0]), np.zeros((500, 1)), **rates)
    >>> bool(abs(y.mean() - 3) < 0.2)
    True
    """
    check.finite(params=params, y=y), check.provides("slope", model=model)
    for _ in range(check.integer(steps=steps)):
        y = langevin(y, model.slope(params, y), random.normal(rng, tuple(y.shape), like=y), step=step)
    return y


def train_nce(params, c, model, data, noise, *, steps, rng, lr, batch=64, noise_batch=None, beta=0.5, record=None):
    """Fit a model by noise-contrastive estimation; arguments as `meco.train`, and the start of c (0-d or [R]).

    The parameters move by `meco.descend`, c by plain steps of the same size. None for `c` takes the logarithm of the
    first batch's mean weight.

    Parameters
    ----------
    params, model, data, noise, steps, rng, lr, batch, noise_batch, beta, record
        As for `meco.train`.
    c : array, 0-d or [R], or None

    Returns
    -------
    params, c : array
        After the last step.
    run : core.loop.Run
        Its `state` is (params, c, velocity).

    Examples
    --------
    >>> import numpy as np
    >>> from refimpl.nested._meco_models import Gaussian, gaussian_mean
    >>> data, noise = Gaussian(np.array([1.0]), np.array([1.0])), Gaussian(np.array([0.0]), np.array([2.0]))
    >>> rates = {"steps": 500, "rng": random.stream(0, "doc"), "lr": lambda k: 10 / (k + 40)}
    >>> theta, c, _ = train_nce(np.zeros(1), np.array(0.0), gaussian_mean(), data, noise, **rates)
    >>> bool(abs(theta[0] - 1) < 0.15), bool(abs(c - 0.5) < 0.15)
    (True, True)
    """
    check.finite(params=params), check.provides("log_density", "grads", model=model)
    check.provides("sample", data=data), check.provides("sample", "log_density", noise=noise)
    batch = check.integer(batch=batch, minimum=1)
    noise_batch = check.integer(noise_batch=batch if noise_batch is None else noise_batch, minimum=1)
    runs = tuple(params.shape[:-1])

    def step(carry, k):
        params, c, velocity = carry
        x, z = data.sample(rng, (*runs, batch)), noise.sample(rng, (*runs, noise_batch))
        ratio_x, ratio_z = (model.log_density(params, y) - noise.log_density(y) for y in (x, z))
        if c is None:
            c = meco.track(None, ratio_z)[0]
        out = nce(c, ratio_x, model.grads(params, x), ratio_z, model.grads(params, z))
        eta = lr(k) if callable(lr) else lr
        params, velocity = meco.descend(params, velocity, out.grad, lr=eta, beta=beta)
        return params, array_namespace(params).asarray(c - eta * out.grad_c), velocity

    run = iterate(step, (params, c, None), steps=steps, record=record and (lambda carry: record(*carry)))
    return *run.state[:2], run


def train_likelihood(params, model, data, expected, *, steps, rng, lr, batch=64, beta=0.5, record=None):
    """Fit a model by maximum likelihood, given the mean of the gradients of f under the model.

    Parameters
    ----------
    params, model, data, steps, rng, lr, batch, beta
        As `meco.train`.
    expected : callable
        ``expected(params) -> array like params``: the gradient of log Z, exact or from `short_run`, `persistent`.
    record : callable, optional
        ``record(params) -> dict``.

    Returns
    -------
    params : array
        After the last step.
    run : core.loop.Run
        Its `state` is (params, velocity).

    Examples
    --------
    >>> import numpy as np
    >>> from refimpl.nested._meco_models import Gaussian, gaussian_mean
    >>> rates = {"steps": 500, "rng": random.stream(0, "doc"), "lr": lambda k: 1 / (k + 10)}
    >>> data = Gaussian(np.array([1.0]), np.array([1.0]))
    >>> theta, _ = train_likelihood(np.zeros(1), gaussian_mean(), data, lambda theta: theta, **rates)
    >>> bool(abs(theta[0] - 1) < 0.05)
    True
    """
    check.function(expected=expected)
    check.finite(params=params), check.provides("grads", model=model), check.provides("sample", data=data)
    runs = tuple(params.shape[:-1])

    def step(carry, k):
        params, velocity = carry
        x = data.sample(rng, (*runs, batch))
        xp = array_namespace(params, x)
        gradient = expected(params) - xp.mean(model.grads(params, x), axis=-2)
        return meco.descend(params, velocity, gradient, lr=lr(k) if callable(lr) else lr, beta=beta)

    run = iterate(step, (params, None), steps=steps, record=record and (lambda carry: record(carry[0])))
    return run.state[0], run


def short_run(model, noise, *, chains, steps, step, rng):
    """Gradient of log Z from short Langevin chains [..., chains, p], started afresh from the noise each time.

    Examples
    --------
    >>> import numpy as np
    >>> from refimpl.nested._meco_models import Gaussian, gaussian_mean
    >>> q = Gaussian(np.array([0.0]), np.array([1.0]))
    >>> rates = {"chains": 4000, "steps": 5, "step": 0.1, "rng": random.stream(0, "doc")}
    >>> gradient = short_run(gaussian_mean(), q, **rates)(np.array([2.0]))
    >>> bool(abs(gradient[0] - 2 * (1 - 0.95**5)) < 0.1)  # far from 2: five steps do not get there
    True
    """

    check.rng(rng=rng)

    check.provides("slope", "grads", model=model), check.provides("sample", noise=noise)
    step, (chains, steps) = check.positive(step=step), check.integer(chains=chains, steps=steps)

    def expected(params):
        y = noise.sample(rng, (*params.shape[:-1], chains))
        y = chain(model, params, y, steps=steps, step=step, rng=rng)
        return array_namespace(y).mean(model.grads(params, y), axis=-2)

    return expected


def persistent(model, y, *, steps, step, rng):
    """The same with chains that go on where they were left (persistent contrastive divergence), from `y`.

    Examples
    --------
    >>> import numpy as np
    >>> from refimpl.nested._meco_models import gaussian_mean
    >>> expected = persistent(gaussian_mean(), np.zeros((4000, 1)), steps=50, step=0.1, rng=random.stream(0, "doc"))
    >>> bool(abs([expected(np.array([2.0])) for _ in range(3)][-1][0] - 2) < 0.1)
    True
    """

    check.rng(rng=rng), check.finite(y=y)

    check.provides("slope", "grads", model=model)
    step, steps = check.positive(step=step), check.integer(steps=steps)

    def expected(params):
        nonlocal y
        y = chain(model, params, y, steps=steps, step=step, rng=rng)
        return array_namespace(y).mean(model.grads(params, y), axis=-2)

    return expected


def area_under_curve(inside, outside):
    """Probability that a score [n] from inside beats one [m] from outside, ties counting half.

    Examples
    --------
    >>> import numpy as np
    >>> float(area_under_curve(np.array([1.0, 2.0, 3.0]), np.array([0.0, 2.0]))).__round__(6)
    0.75
    """
    check.finite(inside=inside, outside=outside)
    xp = array_namespace(inside, outside)
    gaps = inside[:, None] - outside[None, :]
    return 0.5 * (1 + xp.mean(xp.sign(gaps)))
