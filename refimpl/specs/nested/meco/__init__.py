"""What the oracle knows of MECO."""

from typing import Any

import numpy as np

from refimpl.core.arrays import array_namespace, device
from refimpl.core.random import stream
from refimpl.core.special import sigmoid, softplus
from refimpl.nested import _meco_baselines as baselines
from refimpl.nested import meco
from refimpl.specs import exact
from refimpl.specs.base import (
    Case,
    ErrorCase,
    Law,
    Mistakes,
    Operation,
    Paper,
    System,
    Variant,
    array,
    number,
)
from refimpl.specs.nested.meco.claims import CLAIMS

# Operations ---------------------------------------------------------------------------------------------------


def _scalar(value, like):
    return array_namespace(like).asarray(value, dtype=like.dtype, device=device(like))


def _share(rate):
    """A rate that the oracle's rounding has moved above 1 is 1."""
    return 1.0 if 1 < rate < 1 + 1e-6 else rate


def trajectory(theta0, features_data, features_noise, base, log_noise, lr, gamma, beta):
    """Parameters and log u of each step on the exponential family f = base + features @ theta."""
    theta, state, thetas, log_us = theta0, meco.init(), [], []
    for t in range(base.shape[0]):
        log_ratio = base[t, :] + features_noise[t, ...] @ theta - log_noise[t, :]
        rates = {"lr": lr, "gamma": _share(gamma), "beta": _share(beta)}
        theta, state, _ = meco.update(theta, state, features_data[t, ...], log_ratio, features_noise[t, ...], **rates)
        thetas.append(theta)
        log_us.append(state.log_u)
    xp = array_namespace(theta0)
    return xp.stack(thetas), xp.stack(log_us)


def step(theta, log_u, velocity, grads_data, log_ratio, grads_noise, lr, gamma, beta):
    """One step from given averages."""
    state = meco.MECOState(_scalar(log_u, theta), velocity)
    rates = {"lr": lr, "gamma": _share(gamma), "beta": _share(beta)}
    theta, state, _ = meco.update(theta, state, grads_data, log_ratio, grads_noise, **rates)
    return theta, state.log_u, state.velocity


def nce(c, log_ratio_data, grads_data, log_ratio_noise, grads_noise):
    """Loss and gradients of noise-contrastive estimation."""
    c = _scalar(c, log_ratio_data)
    return tuple(baselines.nce(c, log_ratio_data, grads_data, log_ratio_noise, grads_noise))


def langevin(start, noise, mean, precision, step):
    """Points after each step on f(y) = -sum precision (y - mean)^2 / 2."""
    y, points = start, []
    for k in range(noise.shape[0]):
        y = baselines.langevin(y, -precision * (y - mean), noise[k, ...], step=step)
        points.append(y)
    return array_namespace(start).stack(points)


def gaussian_nce(params, target):
    """Expected loss of noise-contrastive estimation for a Gaussian's mean."""
    return baselines.gaussian_nce(params, target)


# Expected answers: the averages themselves, not their logarithms, in arithmetic that does not overflow ---------


def _exact_step(theta, u, v, grads_data, g, grads_noise, lr, gamma, beta):
    batch = g.sum() / len(g)
    u = batch if u is None else u + gamma * (batch - u)
    d = (g[:, None] * grads_noise).sum(axis=0) / (len(g) * u) - grads_data.sum(axis=0) / len(grads_data)
    v = d if v is None else v + beta * (d - v)
    return theta - lr * v, u, v


def exact_trajectory(theta0, features_data, features_noise, base, log_noise, lr, gamma, beta):
    """Algorithm 1 as it is printed, on the weights p / q."""
    theta, u, v, thetas, log_us = exact.reals(theta0), None, None, [], []
    lr, gamma, beta = map(exact.reals, (lr, gamma, beta))
    for x, z, f, q in zip(*map(exact.reals, (features_data, features_noise, base, log_noise)), strict=True):
        theta, u, v = _exact_step(theta, u, v, x, exact.exp(f + z @ theta - q), z, lr, gamma, beta)
        thetas.append(theta)
        log_us.append(exact.log(u))
    return np.stack(thetas), np.array(log_us)


def exact_step(theta, log_u, velocity, grads_data, log_ratio, grads_noise, lr, gamma, beta):
    """The same, one step."""
    theta, velocity, x, ratio, z = map(exact.reals, (theta, velocity, grads_data, log_ratio, grads_noise))
    u, lr, gamma, beta = exact.exp(exact.reals(log_u)), *map(exact.reals, (lr, gamma, beta))
    theta, u, v = _exact_step(theta, u, velocity, x, exact.exp(ratio), z, lr, gamma, beta)
    return theta, exact.log(u), v


def exact_nce(c, log_ratio_data, grads_data, log_ratio_noise, grads_noise):
    """Posterior probabilities p / (p + nu q), and the gradient of their logarithms."""
    n, m = len(log_ratio_data), len(log_ratio_noise)
    z = exact.exp(exact.reals(c))
    p_x, p_z = (exact.exp(exact.reals(r)) / z for r in (log_ratio_data, log_ratio_noise))  # in units of q
    from_noise, from_data = m / (n * p_x + m), n * p_z / (n * p_z + m)
    loss = (exact.log(1 + m / (n * p_x)).sum() + exact.log(1 + n * p_z / m).sum()) / n
    grad = (from_data @ exact.reals(grads_noise) - from_noise @ exact.reals(grads_data)) / n
    return loss, grad, (from_noise.sum() - from_data.sum()) / n


def exact_langevin(start, noise, mean, precision, step):
    """An autoregression about the mean."""
    mean, precision, step = map(exact.reals, (mean, precision, step))
    away, points = exact.reals(start) - mean, []
    for draws in exact.reals(noise):
        away = away * (1 - step * precision / 2) + exact.sqrt(step) * draws
        points.append(mean + away)
    return np.stack(points)


def exact_gaussian_nce(params, target):
    """Trapezoid rule on other points, as many as the poles of the posterior ask for, on densities and posteriors."""
    target, (theta, c) = exact.reals(target), exact.reals(params)
    per_unit = max(4, round(2 * abs(float(theta))) + 1)
    gap = exact.reals(1) / per_unit
    x = np.arange(-9 * per_unit, per_unit * (round(abs(float(target))) + 10)) * gap * (-1 if target < 0 else 1)
    lean = x * theta - c
    root = exact.sqrt(2 * exact.pi)
    q, p_star, odds = (exact.exp(power) for power in (-x * x / 2, -((x - target) ** 2) / 2, lean))
    q, p_star = q / root, p_star / root
    from_data, from_noise = odds / (1 + odds), 1 / (1 + odds)
    loss = ((p_star + q) * exact.log(1 + odds) - p_star * lean).sum() * gap / 2
    slope, bend = (q * from_data - p_star * from_noise) * gap / 2, (p_star + q) * from_data * from_noise * gap / 2
    grad = np.array([(slope * x).sum(), -slope.sum()])
    grad = np.where(abs(grad) < 1e-40, 0, grad)  # what 50 digits leave of a zero
    mixed = -(bend * x).sum()
    return loss, grad, np.array([[(bend * x * x).sum(), mixed], [mixed, bend.sum()]])


# Mutants of the step ------------------------------------------------------------------------------------------
# Each is a whole step (theta, log u or None, v or None, data gradients, log ratios, noise gradients, lr, gamma, beta)
# -> (theta, log u, v) and serves `step` and `trajectory`.

mistake, trajectory_mistake = Mistakes(), Mistakes()


def _log_mean(ratio):
    xp = array_namespace(ratio)
    return xp.log(xp.mean(xp.exp(ratio - xp.max(ratio)))) + xp.max(ratio)


def _blend(old, new, rate):
    return new if old is None else (1 - rate) * old + rate * new


def _blend_logs(log_u, log_mean, gamma):
    xp = array_namespace(log_mean)
    if log_u is None or gamma == 1:
        return log_mean
    top = xp.maximum(log_u, log_mean)
    return top + xp.log((1 - gamma) * xp.exp(log_u - top) + gamma * xp.exp(log_mean - top))


def _gradient(ratio, log_u, x, z):
    xp = array_namespace(x)
    return xp.exp(ratio - log_u) @ z / ratio.shape[0] - xp.mean(x, axis=0)


def _move(theta, u, v, d, lr, beta):
    v = _blend(v, d, beta)
    return theta - lr * v, u, v


def _right(theta, u, v, x, ratio, z, lr, gamma, beta):
    u = _blend_logs(u, _log_mean(ratio), gamma)
    return _move(theta, u, v, _gradient(ratio, u, x, z), lr, beta)


@mistake("missing_step", "average u over the steps at rate gamma; here the mean of this batch alone serves (gamma = 1)")
def no_running_average(theta, u, v, x, ratio, z, lr, gamma, beta):
    return _right(theta, None, v, x, ratio, z, lr, gamma, beta)


@mistake(
    "extra_step",
    "divide the weights by u; here they are normalized to add up to 1, and the running average is kept but never used",
)
def self_normalized(theta, u, v, x, ratio, z, lr, gamma, beta):
    d = _gradient(ratio, _log_mean(ratio), x, z)
    return _move(theta, _blend_logs(u, _log_mean(ratio), gamma), v, d, lr, beta)


@mistake("wrong_order", "update u before the gradient uses it; here the weights are divided by the old u")
def stale_u(theta, u, v, x, ratio, z, lr, gamma, beta):
    new = _blend_logs(u, _log_mean(ratio), gamma)
    return _move(theta, new, v, _gradient(ratio, new if u is None else u, x, z), lr, beta)


@mistake(
    "missing_step",
    "the gradient of g = exp(f) / q is g grad f; here the factor g is missing and grad f is averaged under q",
)
def no_weight_in_gradient(theta, u, v, x, ratio, z, lr, gamma, beta):
    u = _blend_logs(u, _log_mean(ratio), gamma)
    return _move(theta, u, v, _gradient(0.0 * ratio, u, x, z), lr, beta)


@mistake("missing_step", "divide by u: the gradient of log Z is the gradient of Z over Z; here that of Z is taken")
def not_divided_by_u(theta, u, v, x, ratio, z, lr, gamma, beta):
    return _move(theta, _blend_logs(u, _log_mean(ratio), gamma), v, _gradient(ratio, 0.0, x, z), lr, beta)


@mistake("wrong_sign", "the data pull the other way: subtract the mean gradient at the data; here it is added")
def data_term_added(theta, u, v, x, ratio, z, lr, gamma, beta):
    return _right(theta, u, v, -x, ratio, z, lr, gamma, beta)


@mistake("wrong_sign", "subtract lr * v; here the step climbs")
def ascent(theta, u, v, x, ratio, z, lr, gamma, beta):
    return _right(theta, u, v, x, ratio, z, -lr, gamma, beta)


@mistake(
    "wrong_order", "take the mean of the weights, then the logarithm; here the logarithms are averaged over the batch"
)
def mean_of_logs(theta, u, v, x, ratio, z, lr, gamma, beta):
    u = _blend_logs(u, array_namespace(ratio).mean(ratio), gamma)
    return _move(theta, u, v, _gradient(ratio, u, x, z), lr, beta)


@mistake("wrong_order", "average u over the steps, not log u: (1 - gamma) log u + gamma log(batch mean) is too small")
def running_mean_of_logs(theta, u, v, x, ratio, z, lr, gamma, beta):
    u = _blend(u, _log_mean(ratio), gamma)
    return _move(theta, u, v, _gradient(ratio, u, x, z), lr, beta)


@mistake(
    "wrong_constant", "gamma is the weight of the new batch in u, 1 - gamma that of the old u; here they are exchanged"
)
def exchanged_gamma(theta, u, v, x, ratio, z, lr, gamma, beta):
    new = _log_mean(ratio)
    new = new if u is None else _blend_logs(new, _scalar(u, x), gamma)
    return _move(theta, new, v, _gradient(ratio, new, x, z), lr, beta)


@mistake(
    "wrong_constant", "beta is the weight of the new gradient in v, 1 - beta that of the old v; here they are exchanged"
)
def exchanged_beta(theta, u, v, x, ratio, z, lr, gamma, beta):
    return _right(theta, u, v, x, ratio, z, lr, gamma, 1 - beta)


@mistake("missing_step", "average the gradient at rate beta; here the newest one is used alone (beta = 1)")
def no_momentum(theta, u, v, x, ratio, z, lr, gamma, beta):
    return _right(theta, u, None, x, ratio, z, lr, gamma, beta)


@mistake("wrong_order", "update v before the step uses it; here the parameters move along the old v")
def old_velocity(theta, u, v, x, ratio, z, lr, gamma, beta):
    _, u, new = _right(theta, u, v, x, ratio, z, lr, gamma, beta)
    return theta - lr * (new if v is None else v), u, new


@mistake("wrong_scale", "weigh the new gradient with beta; here it enters v in full (heavy ball without damping)")
def undamped_velocity(theta, u, v, x, ratio, z, lr, gamma, beta):
    theta, u, new = _right(theta, u, None, x, ratio, z, lr, gamma, beta)
    old = 0.0 * new if v is None else (1 - beta) * v
    return theta - lr * old, u, old + new


@mistake("wrong_scale", "u is a mean over the batch; here the weights are summed, in u and in the gradient")
def sums_for_means(theta, u, v, x, ratio, z, lr, gamma, beta):
    shift = float(np.log(ratio.shape[0]))
    return _right(theta, u, v, x, ratio + shift, z, lr, gamma, beta)


@mistake("wrong_scale", "divide the weighted sum of gradients by the size of the batch; here only u is a mean")
def gradient_summed(theta, u, v, x, ratio, z, lr, gamma, beta):
    u = _blend_logs(u, _log_mean(ratio), gamma)
    return _move(theta, u, v, _gradient(ratio, u - float(np.log(ratio.shape[0])), x, z), lr, beta)


@mistake("numerics", "work with log u and exp(log_ratio - log u); here exp(f) / q itself is formed and overflows")
def plain_exponentials(theta, u, v, x, ratio, z, lr, gamma, beta):
    xp = array_namespace(x)
    g = xp.exp(ratio)
    new = _blend(None if u is None else xp.exp(_scalar(u, x)), xp.mean(g), gamma)
    return _move(theta, xp.log(new), v, (g / new) @ z / ratio.shape[0] - xp.mean(x, axis=0), lr, beta)


def _as_step(rule):
    def run(theta, log_u, velocity, grads_data, log_ratio, grads_noise, lr, gamma, beta):
        u = _scalar(log_u, theta)
        theta, u, velocity = rule(theta, u, velocity, grads_data, log_ratio, grads_noise, lr, gamma, beta)
        return theta, u, velocity

    return run


def _trajectory(
    rule, theta0, features_data, features_noise, base, log_noise, lr, gamma, beta,
    *, ratio=lambda f, q: f - q, first=(None, None), after=lambda u, ratio, gamma: u,
):  # fmt: skip
    """A trajectory with one part exchanged: the step, the log ratio, the averages before the first step, or log u."""
    xp, theta, thetas, log_us = array_namespace(theta0), theta0, [], []
    u, v = (None if start is None else start + 0.0 * x for start, x in zip(first, (base[0, 0], theta0), strict=True))
    for t in range(base.shape[0]):
        x, z, f, q = (inputs[t, ...] for inputs in (features_data, features_noise, base, log_noise))
        theta, u, v = rule(theta, u, v, x, ratio(f + z @ theta, q), z, lr, gamma, beta)
        u = after(u, f + z @ theta - q, gamma)
        thetas.append(theta)
        log_us.append(u)
    return xp.stack(thetas), xp.stack(log_us)


def _as_trajectory(rule):
    return _as_given(lambda *inputs: _trajectory(rule, *inputs))


def _as_given(rule):
    return lambda theta0, features_data, features_noise, base, log_noise, lr, gamma, beta: rule(
        theta0, features_data, features_noise, base, log_noise, lr, gamma, beta
    )


@trajectory_mistake("missing_step", "divide by the density of the noise: weights exp(f) / q; here they are exp(f)")
def no_noise_density(*inputs):
    return _trajectory(_right, *inputs, ratio=lambda f, q: f)


@trajectory_mistake("wrong_sign", "divide by the density of the noise, f - log q; here it multiplies, f + log q")
def times_noise_density(*inputs):
    return _trajectory(_right, *inputs, ratio=lambda f, q: f + q)


@trajectory_mistake("wrong_constant", "start u at the mean of the first batch; here it starts at 1 (log u = 0)")
def u_starts_at_one(*inputs):
    return _trajectory(_right, *inputs, first=(0.0, None))


@trajectory_mistake(
    "wrong_constant",
    "start u at the mean of the first batch; here it starts at 0, and the first weights are 1 / gamma times too large",
)
def u_starts_at_zero(*inputs):
    def rule(theta, u, v, x, ratio, z, lr, gamma, beta):
        log_mean = _log_mean(ratio)
        u = log_mean + float(np.log(gamma)) if u is None else _blend_logs(u, log_mean, gamma)
        return _move(theta, u, v, _gradient(ratio, u, x, z), lr, beta)

    return _trajectory(rule, *inputs)


@trajectory_mistake(
    "wrong_constant", "start v at the first gradient; here it starts at 0, and the first step is too short"
)
def v_starts_at_zero(*inputs):
    return _trajectory(_right, *inputs, first=(None, 0.0))


@trajectory_mistake(
    "wrong_order",
    "update u at the parameters at which the gradient is taken; here u is updated after the parameters have moved",
)
def u_after_parameters(*inputs):
    def rule(theta, u, v, x, ratio, z, lr, gamma, beta):
        u = _log_mean(ratio) if u is None else u
        return _move(theta, u, v, _gradient(ratio, u, x, z), lr, beta)

    return _trajectory(rule, *inputs, after=lambda u, ratio, gamma: _blend_logs(u, _log_mean(ratio), gamma))


# Mutants of the baselines -------------------------------------------------------------------------------------

nce_mistake, langevin_mistake, landscape_mistake = Mistakes(), Mistakes(), Mistakes()


def _nce_of(h_data, h_noise, grads_data, grads_noise, *, nu=None, for_data=lambda h: sigmoid(-h), for_noise=sigmoid):
    """Loss and gradients for given logits, one part exchanged."""
    xp = array_namespace(h_data)
    nu = h_noise.shape[0] / h_data.shape[0] if nu is None else nu
    missed, fooled = for_data(h_data) / h_data.shape[0], nu * for_noise(h_noise) / h_noise.shape[0]
    loss = xp.mean(softplus(-h_data)) + nu * xp.mean(softplus(h_noise))
    return loss, fooled @ grads_noise - missed @ grads_data, xp.sum(missed) - xp.sum(fooled)


def _nce_shift(ratio_data, ratio_noise):
    return float(np.log(ratio_noise.shape[0] / ratio_data.shape[0]))


@nce_mistake("wrong_sign", "weigh the data by the probability of having missed them, sigma(-h); here it is sigma(h)")
def sigma_of_h_at_data(c, ratio_data, grads_data, ratio_noise, grads_noise):
    c = c + _nce_shift(ratio_data, ratio_noise)
    return _nce_of(ratio_data - c, ratio_noise - c, grads_data, grads_noise, for_data=sigmoid)


@nce_mistake("wrong_sign", "weigh the noise by the probability of being taken for data, sigma(h); here it is sigma(-h)")
def sigma_of_minus_h_at_noise(c, ratio_data, grads_data, ratio_noise, grads_noise):
    c = c + _nce_shift(ratio_data, ratio_noise)
    return _nce_of(ratio_data - c, ratio_noise - c, grads_data, grads_noise, for_noise=lambda h: sigmoid(-h))


@nce_mistake("wrong_sign", "h = f - c - log(nu q): c is log Z and is subtracted; here it is added")
def c_added(c, ratio_data, grads_data, ratio_noise, grads_noise):
    c = -c + _nce_shift(ratio_data, ratio_noise)
    loss, grad, grad_c = _nce_of(ratio_data - c, ratio_noise - c, grads_data, grads_noise)
    return loss, grad, -grad_c


@nce_mistake("wrong_sign", "h falls with c; here the gradient with respect to c has the sign of one that rises")
def grad_of_c_flipped(c, ratio_data, grads_data, ratio_noise, grads_noise):
    c = c + _nce_shift(ratio_data, ratio_noise)
    loss, grad, grad_c = _nce_of(ratio_data - c, ratio_noise - c, grads_data, grads_noise)
    return loss, grad, -grad_c


@nce_mistake(
    "missing_step", "subtract log nu in h, nu draws of noise for each of the data; here h ignores how many there are"
)
def no_log_nu(c, ratio_data, grads_data, ratio_noise, grads_noise):
    return _nce_of(ratio_data - c, ratio_noise - c, grads_data, grads_noise)


@nce_mistake("missing_step", "weigh the mean over the noise with nu; here both means count the same")
def noise_mean_without_nu(c, ratio_data, grads_data, ratio_noise, grads_noise):
    c = c + _nce_shift(ratio_data, ratio_noise)
    return _nce_of(ratio_data - c, ratio_noise - c, grads_data, grads_noise, nu=1.0)


@nce_mistake("wrong_scale", "nu is noise per data, B_z / B_x; here it is data per noise")
def nu_inverted(c, ratio_data, grads_data, ratio_noise, grads_noise):
    shift = _nce_shift(ratio_data, ratio_noise)
    nu = float(np.exp(-shift))
    return _nce_of(ratio_data - c + shift, ratio_noise - c + shift, grads_data, grads_noise, nu=nu)


@nce_mistake("numerics", "take softplus(-h) for -log sigma(h); here sigma(h) is rounded to 0 or 1 before the logarithm")
def log_of_sigmoid(c, ratio_data, grads_data, ratio_noise, grads_noise):
    c, xp = c + _nce_shift(ratio_data, ratio_noise), array_namespace(ratio_data)
    h_data, h_noise = ratio_data - c, ratio_noise - c
    _, grad, grad_c = _nce_of(h_data, h_noise, grads_data, grads_noise)
    nu = ratio_noise.shape[0] / ratio_data.shape[0]
    loss = -xp.mean(xp.log(1 / (1 + xp.exp(-h_data)))) - nu * xp.mean(xp.log(1 - 1 / (1 + xp.exp(-h_noise))))
    return loss, grad, grad_c


def _as_nce(rule):
    return lambda c, log_ratio_data, grads_data, log_ratio_noise, grads_noise: rule(
        c, log_ratio_data, grads_data, log_ratio_noise, grads_noise
    )


def halved(c, log_ratio_data, grads_data, log_ratio_noise, grads_noise):
    """Half of everything."""
    return tuple(0.5 * x for x in nce(c, log_ratio_data, grads_data, log_ratio_noise, grads_noise))


def _chain(start, noise, mean, precision, *, drift, shake, draws=lambda noise, k: noise[k, ...], again=False):
    y, points = start, []
    for k in range(noise.shape[0]):
        y = start if again else y
        y = y - drift * precision * (y - mean) + shake * draws(noise, k)
        points.append(y)
    return array_namespace(start).stack(points)


@langevin_mistake("wrong_scale", "the noise grows with sqrt(step); here it is multiplied by step")
def noise_with_step(start, noise, mean, precision, step):
    return _chain(start, noise, mean, precision, drift=step / 2, shake=step)


@langevin_mistake(
    "wrong_constant", "drift step / 2 goes with noise sqrt(step); here the drift is step: half the variance"
)
def drift_without_half(start, noise, mean, precision, step):
    return _chain(start, noise, mean, precision, drift=step, shake=step**0.5)


@langevin_mistake(
    "wrong_constant", "noise sqrt(step) goes with drift step / 2; here it is sqrt(2 step): twice the variance"
)
def noise_with_two(start, noise, mean, precision, step):
    return _chain(start, noise, mean, precision, drift=step / 2, shake=(2 * step) ** 0.5)


@langevin_mistake("missing_step", "scale the noise with sqrt(step); here the draws are added as they are")
def noise_unscaled(start, noise, mean, precision, step):
    return _chain(start, noise, mean, precision, drift=step / 2, shake=1.0)


@langevin_mistake("missing_step", "add the noise; here the chain just climbs to the mode")
def no_noise(start, noise, mean, precision, step):
    return _chain(start, noise, mean, precision, drift=step / 2, shake=0.0)


@langevin_mistake("wrong_sign", "move up f, the log density; here the chain moves down it, as on an energy")
def downhill(start, noise, mean, precision, step):
    return _chain(start, noise, mean, precision, drift=-step / 2, shake=step**0.5)


@langevin_mistake("wrong_axis", "draw anew in each step; here the draws of the first step serve all of them")
def one_draw_per_chain(start, noise, mean, precision, step):
    return _chain(start, noise, mean, precision, drift=step / 2, shake=step**0.5, draws=lambda noise, k: noise[0, ...])


@langevin_mistake("wrong_axis", "draw one number per coordinate; here one per point serves all its coordinates")
def one_draw_per_point(start, noise, mean, precision, step):
    return _chain(
        start, noise, mean, precision, drift=step / 2, shake=step**0.5, draws=lambda noise, k: noise[k, :, :1]
    )


@langevin_mistake("wrong_order", "go on from the last point; here each step is taken from the start")
def always_from_start(start, noise, mean, precision, step):
    return _chain(start, noise, mean, precision, drift=step / 2, shake=step**0.5, again=True)


def full_drift(start, noise, mean, precision, step):
    """Drift step, noise sqrt(2 step)."""
    return _chain(start, noise, mean, precision, drift=step, shake=(2 * step) ** 0.5)


def _landscape(params, target, *, scale=0.5, data_mean=None, curvature=None, c_sign=1.0):
    """The landscape with one part exchanged; `curvature(p_star, q, posterior)` is the weight of T T^T."""
    xp, gap = array_namespace(params), 1 / 16
    points = np.arange(min(0.0, target) - 11, max(0.0, target) + 11, gap)
    x = xp.asarray(points, dtype=params.dtype, device=device(params))
    noise = xp.exp(-x * x / 2) * (gap / (2 * np.pi) ** 0.5)
    data = xp.exp(-((x - (target if data_mean is None else data_mean)) ** 2) / 2) * (gap / (2 * np.pi) ** 0.5)
    features = xp.stack([x, -c_sign * xp.ones_like(x)], axis=1)
    logit = features @ params
    posterior = sigmoid(logit)
    rest = sigmoid(-logit)
    loss = scale * xp.sum(data * softplus(-logit) + noise * softplus(logit))
    grad = scale * ((noise * posterior - data * rest) @ features)
    bend = (data + noise) * posterior * rest if curvature is None else curvature(data, noise, posterior, rest)
    return loss, grad, scale * (features.T @ (bend[:, None] * features))


@landscape_mistake("wrong_scale", "halve the sum of the two expectations; here it is taken in full")
def not_halved(params, target):
    return _landscape(params, target, scale=1.0)


@landscape_mistake("wrong_sign", "c is log Z and is subtracted in the logit; here it is added")
def c_added_in_logit(params, target):
    return _landscape(params, target, c_sign=-1.0)


@landscape_mistake(
    "wrong_constant",
    "the Hessian integrates (p* + q) p q / (p + q)^2; here it is p* q / (p* + q), right at the optimum alone",
)
def hessian_of_the_optimum(params, target):
    return _landscape(params, target, curvature=lambda p, q, s, r: p * q / (p + q))


@landscape_mistake("missing_step", "both data and noise bend the loss; here the data alone do, p* p q / (p + q)^2")
def hessian_of_the_data(params, target):
    return _landscape(params, target, curvature=lambda p, q, s, r: p * s * r)


@landscape_mistake("wrong_output", "take the second derivative; here it is the mean square of the gradients (Fisher's)")
def mean_square_of_gradients(params, target):
    return _landscape(params, target, curvature=lambda p, q, s, r: p * r * r + q * s * s)


@landscape_mistake(
    "wrong_constant", "the data are N(R, 1); here they are drawn from the model at theta, so the loss never pulls"
)
def data_from_the_model(params, target):
    return _landscape(params, target, data_mean=params[0])


# Cases --------------------------------------------------------------------------------------------------------


def _inputs(theta0, x, z, base=None, log_noise=None, lr=0.1, gamma=0.2, beta=0.6):
    z = np.array(z, dtype=float)
    base = -0.5 * (z**2).sum(axis=-1) - 0.9189 if base is None else base
    log_noise = -0.125 * (z**2).sum(axis=-1) - 1.612 if log_noise is None else log_noise
    return {
        "theta0": np.array(theta0, dtype=float),
        "features_data": np.array(x, dtype=float),
        "features_noise": z,
        "base": np.array(base, dtype=float),
        "log_noise": np.array(log_noise, dtype=float),
        "lr": lr,
        "gamma": gamma,
        "beta": beta,
    }


def _gaussian(name, steps, n, m, d, **settings):
    """A Gaussian's mean in d dimensions, data around 1, noise twice as wide as the model."""
    rng = stream(0, "meco-case", name)
    x, z = 1 + rng.standard_normal((steps, n, d)), 2 * rng.standard_normal((steps, m, d))
    return _inputs(np.zeros(d), x.round(3), z.round(3), **settings)


_SMALL = _gaussian("four-steps", 4, 3, 4, 1, lr=0.3, gamma=0.25, beta=0.7)
_SHORT = {**_SMALL, "theta0": np.array([1.5]), "lr": 0.05}  # where float32 has few digits of the weights
TRAJECTORY_CASES = (
    Case(
        "worked-example",
        ("basic", "missing_step", "wrong_order"),
        "two steps of a Gaussian's mean, weights by hand: u is averaged, then used",
        _inputs(
            [0.5],
            [[[1.0], [3.0]]] * 2,
            [[[0.0], [1.0], [-1.0]]] * 2,
            base=[[0.0, -0.5, -0.5]] * 2,
            log_noise=-np.ones((2, 3)),
            gamma=0.5,
            beta=0.75,
        ),
        equations=("meco-1", "meco-2", "meco-3"),
    ),
    Case(
        "gaussian-four-steps",
        ("basic", "missing_step", "wrong_order", "wrong_constant"),
        "3 data, 4 draws of noise, 4 steps: every average is used",
        _SMALL,
        equations=("meco-1", "meco-2", "meco-3", "meco-4", "meco-5"),
    ),
    Case(
        "three-parameters",
        ("basic", "wrong_constant"),
        "small gamma and large steps: u lags behind Z, and the weights do not add up to 1",
        _gaussian("three", 4, 4, 5, 3, lr=0.4, gamma=0.1, beta=0.35),
        equations=("meco-1", "meco-3", "meco-4"),
    ),
    Case(
        "one-step",
        ("boundary", "wrong_constant"),
        "the first step takes what it sees in full: u_1 is the mean of the batch and v_1 the gradient",
        _gaussian("one", 1, 2, 3, 2, gamma=0.05, beta=0.1),
        equations=("meco-1", "meco-4"),
    ),
    Case(
        "no-memory",
        ("boundary", "numerics"),
        "gamma = beta = 1 is allowed: no logarithm of 0, no NaN",
        _gaussian("no-memory", 3, 2, 3, 2, gamma=1.0, beta=1.0),
        equations=("meco-1",),
    ),
    Case(
        "one-draw",
        ("boundary", "edge_case"),
        "batches of one: the batch alone would give weight 1 whatever the noise; u tells the draws apart",
        _gaussian("one-draw", 4, 1, 1, 1, lr=0.2, gamma=0.3, beta=0.8),
        equations=("meco-2",),
    ),
    Case(
        "unnormalized-noise",
        ("edge_case", "missing_step"),
        "a constant in log q moves log u and nothing else",
        {**_SMALL, "log_noise": _SMALL["log_noise"] + 3.0},
        equations=("meco-1", "meco-2"),
    ),
    Case(
        "equal-features",
        ("edge_case",),
        "all draws of noise alike: the weights matter through their sum alone",
        _inputs([0.5, -0.5], [[[1.0, 0.0], [0.0, 2.0]]] * 4, np.full((4, 3, 2), 0.5), lr=0.3),
    ),
    Case(
        "huge-partition-function",
        ("numerics",),
        "Z around exp(800): only logarithms and ratios can be stored",
        {**_SHORT, "base": _SMALL["base"] + np.array([800.0, 801.0, 800.5, 799.0])[:, None]},
        equations=("meco-1", "meco-2"),
    ),
    Case(
        "tiny-partition-function",
        ("numerics",),
        "Z around exp(-800)",
        {**_SHORT, "base": _SMALL["base"] - np.array([800.0, 801.0, 800.5, 799.0])[:, None]},
        dtypes=("float64",),  # float32 knows an energy of 800 to four digits behind the point
        equations=("meco-1", "meco-2"),
    ),
    Case(
        "sudden-drop",
        ("numerics", "edge_case"),
        "Z falls by exp(-30) in one step: u keeps the memory of the first batch, and the weights vanish",
        {**_SMALL, "base": _SMALL["base"] - np.array([0.0, 30.0, 30.0, 30.0])[:, None]},
        equations=("meco-1",),
    ),
)


def _step_inputs(theta, log_u, velocity, x, ratio, z, lr=0.1, gamma=0.2, beta=0.6) -> dict[str, Any]:
    arrays = {"theta": theta, "velocity": velocity, "grads_data": x, "log_ratio": ratio, "grads_noise": z}
    arrays = {name: np.array(values, dtype=float) for name, values in arrays.items()}
    return arrays | {"log_u": log_u, "lr": lr, "gamma": gamma, "beta": beta}


_STEP = _step_inputs(
    [1.0, -2.0],
    0.7,
    [0.5, -0.25],
    [[1.0, 2.0], [-0.5, 1.5], [2.0, 0.25]],
    [0.1, 1.2, -0.4, 2.0],
    [[1.0, 0.5], [-2.0, 0.75], [0.25, -1.0], [1.5, 2.5]],
)
STEP_CASES = (
    Case(
        "ordinary",
        ("basic", "missing_step", "wrong_order", "wrong_constant"),
        "u below the mean of the batch: four different weights",
        _STEP,
        equations=("meco-1", "meco-2", "meco-3", "meco-4", "meco-5"),
    ),
    Case(
        "u-too-large",
        ("basic", "wrong_order"),
        "u far above the mean of the batch: the weights add up to less than 1",
        {**_STEP, "log_u": 4.0, "gamma": 0.1, "beta": 0.9},
        equations=("meco-1", "meco-2"),
    ),
    Case(
        "no-memory",
        ("boundary",),
        "gamma = beta = 1: the old averages are forgotten, whatever they are",
        {**_STEP, "gamma": 1.0, "beta": 1.0, "log_u": -50.0},
        equations=("meco-1", "meco-4"),
    ),
    Case(
        "one-of-each",
        ("boundary",),
        "one coordinate, one datum, one draw",
        _step_inputs([-4.0], 0.3, [2.0], [[0.5]], [1.1], [[-0.75]], lr=2.0, gamma=0.35, beta=0.15),
    ),
    Case(
        "large-logarithms",
        ("numerics",),
        "exp(log_ratio) overflows, exp(log_ratio - log u) does not",
        {
            **_STEP,
            "log_u": 800.0,
            "log_ratio": _STEP["log_ratio"] + 800.0,
            "velocity": np.array([5.0, -2.5]),
            "beta": 0.05,
        },
        equations=("meco-1", "meco-2"),
    ),
    Case(
        "u-negligible",
        ("numerics",),
        "u is exp(-900) of the batch: gamma of the batch alone is left, and no weight exceeds 1 / gamma",
        {**_STEP, "log_u": -900.0},
        equations=("meco-1", "meco-2"),
    ),
)

_NCE: dict[str, Any] = {
    "c": 0.4,
    "log_ratio_data": np.array([0.5, -1.0, 2.0]),
    "grads_data": np.array([[1.0, 2.0], [-0.5, 1.5], [2.0, 0.25]]),
    "log_ratio_noise": np.array([-0.75, 1.25, 0.5, -2.0, 0.25, -0.5]),
    "grads_noise": np.array([[1.0, 0.5], [-2.0, 0.75], [0.25, -1.0], [1.5, 2.5], [-1.0, -0.5], [0.5, 3.0]]),
}
_BALANCED = {**_NCE, "log_ratio_noise": _NCE["log_ratio_noise"][:3], "grads_noise": _NCE["grads_noise"][:3]}
NCE_CASES = (
    Case(
        "twice-the-noise",
        ("basic", "missing_step", "wrong_constant"),
        "two draws of noise for each of the data: nu = 2 shifts the logit and weighs the noise",
        _NCE,
        equations=("meco-7", "meco-8"),
    ),
    Case("balanced", ("basic",), "as many draws of noise as data, nu = 1", _BALANCED, equations=("meco-8",)),
    Case(
        "less-noise",
        ("basic", "wrong_constant"),
        "nu = 1/3",
        {**_NCE, "log_ratio_noise": np.array([0.5]), "grads_noise": np.array([[1.5, -1.0]])},
        equations=("meco-7",),
    ),
    Case(
        "one-of-each",
        ("boundary",),
        "one datum, one draw, one parameter",
        {
            "c": -0.3,
            "log_ratio_data": np.array([1.5]),
            "grads_data": np.array([[2.0]]),
            "log_ratio_noise": np.array([-0.5]),
            "grads_noise": np.array([[-1.0]]),
        },
    ),
    Case(
        "undecided",
        ("edge_case",),
        "all log ratios equal c: every draw has the prior's odds, and the loss is (1 + nu) log(1 + nu) - nu log nu",
        {
            **_NCE,
            "c": 0.5,
            "log_ratio_data": np.full(2, 0.5),
            "grads_data": _NCE["grads_data"][:2],
            "log_ratio_noise": np.full(6, 0.5),
        },
    ),
    Case(
        "certain-and-wrong",
        ("numerics",),
        "logits of +-300 on the wrong side: the loss is as large, not infinite",
        {**_NCE, "log_ratio_data": np.array([-300.0, 1.0, -200.0]), "log_ratio_noise": 50.0 * np.arange(6)},
        equations=("meco-8",),
    ),
    Case(
        "certain-and-right",
        ("numerics",),
        "logits of +-40 on the right side: loss and gradient are tiny, not 0",
        {
            **_BALANCED,
            "log_ratio_data": np.array([40.0, 45.0, 50.0]),
            "log_ratio_noise": np.array([-40.0, -45.0, -41.0]),
        },
        equations=("meco-8",),
    ),
)

_CHAIN = {
    "start": np.array([[0.5, -1.0], [2.0, 0.0]]),
    "noise": np.array([[[1.0, -0.5], [0.25, 2.0]], [[-1.5, 0.75], [0.5, -1.0]], [[0.1, 1.2], [-0.7, 0.3]]]),
    "mean": np.array([1.0, -0.5]),
    "precision": np.array([1.0, 3.0]),
    "step": 0.2,
}
LANGEVIN_CASES = (
    Case(
        "ordinary",
        ("basic", "wrong_constant"),
        "two points, two coordinates, three steps",
        _CHAIN,
        equations=("meco-9",),
    ),
    Case(
        "one-step",
        ("boundary",),
        "one step of one point on a line",
        {
            "start": np.array([[1.0]]),
            "noise": np.array([[[0.5]]]),
            "mean": np.zeros(1),
            "precision": np.array([2.0]),
            "step": 0.25,
        },
        answer={"points": np.array([[[1.0]]])},
        source="worked by hand: 1 - 0.125 * 2 + 0.5 * 0.5",
        equations=("meco-9",),
    ),
    Case(
        "at-the-mean",
        ("edge_case",),
        "no slope where the chain starts: the first move is noise alone",
        {**_CHAIN, "start": np.array([[1.0, -0.5], [1.0, -0.5]]), "step": 0.05},
    ),
    Case(
        "long-steps",
        ("edge_case", "wrong_constant"),
        "step * precision above 2: each step overshoots",
        {**_CHAIN, "step": 1.5},
    ),
    Case(
        "flat-and-steep",
        ("numerics",),
        "precisions of 1e-6 and 1e3 with a step that suits the steep one",
        {**_CHAIN, "precision": np.array([1e-6, 1e3]), "step": 1e-3},
    ),
)

LANDSCAPE_CASES = tuple(
    Case(slug, flags, why, {"params": np.array(params), "target": target}, equations=("meco-11",))
    for slug, flags, why, params, target in (
        ("start", ("basic",), "where optimizers start: the model equals the noise", [0.0, 0.0], 2.0),
        ("between", ("basic", "wrong_constant"), "between the noise and the data", [1.25, 0.5], 2.0),
        ("optimum", ("boundary",), "at the optimum the gradient is 0", [2.0, 2.0], 2.0),
        ("beyond", ("basic", "wrong_constant"), "past the data, with c of the wrong sign", [3.0, -1.0], 2.0),
        ("no-gap", ("edge_case",), "data like the noise: as well conditioned as it gets", [0.5, 0.25], 0.0),
        ("far-optimum", ("numerics",), "R = 5: a Hessian of 0.02 and a gradient that must cancel", [5.0, 12.5], 5.0),
        ("mirrored", ("edge_case",), "data to the left of the noise", [-1.5, 0.5], -3.0),
    )
)


def _random_trajectory(rng):
    steps, n, m, d = (int(rng.integers(1, k)) for k in (4, 4, 5, 4))
    x, z = rng.standard_normal((steps, n, d)), 1.5 * rng.standard_normal((steps, m, d))
    rates = {"lr": rng.uniform(0.01, 0.4), "gamma": rng.uniform(0.05, 0.95), "beta": rng.uniform(0.1, 0.9)}
    return _inputs(0.5 * rng.standard_normal(d), x, z, **{name: float(rate) for name, rate in rates.items()})


def _random_step(rng):
    n, m, d = (int(rng.integers(1, k)) for k in (5, 7, 5))
    rates = {"lr": rng.uniform(0.01, 2.0), "gamma": rng.uniform(0.05, 0.95), "beta": rng.uniform(0.1, 0.9)}
    level = rng.uniform(-60, 60)
    return _step_inputs(
        rng.standard_normal(d),
        float(level + rng.uniform(-2, 2)),
        rng.standard_normal(d),
        rng.standard_normal((n, d)),
        level + 2 * rng.standard_normal(m),
        rng.standard_normal((m, d)),
        **{name: float(rate) for name, rate in rates.items()},
    )


def _random_nce(rng):
    n, m, d = (int(rng.integers(1, k)) for k in (6, 8, 4))
    return {
        "c": float(rng.uniform(-3, 3)),
        "log_ratio_data": 3 * rng.standard_normal(n),
        "grads_data": rng.standard_normal((n, d)),
        "log_ratio_noise": 3 * rng.standard_normal(m),
        "grads_noise": rng.standard_normal((m, d)),
    }


def _random_langevin(rng):
    steps, n, p = (int(rng.integers(1, k)) for k in (4, 4, 4))
    return {
        "start": rng.standard_normal((n, p)),
        "noise": rng.standard_normal((steps, n, p)),
        "mean": rng.standard_normal(p),
        "precision": np.exp(rng.standard_normal(p)),
        "step": float(10.0 ** rng.uniform(-3, -0.3)),
    }


def _random_landscape(rng):
    target = float(rng.uniform(-2, 2))
    return {"params": np.array([target, target**2 / 2]) + 0.5 * rng.standard_normal(2), "target": target}


# Laws ---------------------------------------------------------------------------------------------------------


def _twice(x, axis):
    return array_namespace(x).concat([x, x], axis=axis)


def _any_constant_of_the_noise(run, inputs):
    plain, moved = run(**inputs), run(**{**inputs, "log_noise": inputs["log_noise"] + 2.0})
    yield moved["thetas"], plain["thetas"]
    yield moved["log_us"], plain["log_us"] - 2.0


def _batches_doubled(run, inputs):
    names = ("features_data", "features_noise", "base", "log_noise")
    plain, doubled = run(**inputs), run(**{**inputs, **{name: _twice(inputs[name], 1) for name in names}})
    for name in ("thetas", "log_us"):
        yield doubled[name], plain[name]


def _features_rescaled(run, inputs):
    other = {name: 2.0 * inputs[name] for name in ("features_data", "features_noise")}
    other |= {"theta0": 0.5 * inputs["theta0"], "lr": inputs["lr"] / 4}
    plain, rescaled = run(**inputs), run(**{**inputs, **other})
    yield 2.0 * rescaled["thetas"], plain["thetas"]
    yield rescaled["log_us"], plain["log_us"]


def _weights_cancel(run, inputs):
    """With all noise alike, gamma = beta = 1 gives theta - lr (z - mean x), whatever the weights."""
    xp, z = array_namespace(inputs["theta0"]), 0.0 * inputs["features_noise"] + 0.5
    got = run(**{**inputs, "features_noise": z, "gamma": 1.0, "beta": 1.0})["thetas"]
    moves = 0.5 - xp.mean(inputs["features_data"], axis=1)
    total, expected = inputs["theta0"], []
    for t in range(moves.shape[0]):
        total = total - inputs["lr"] * moves[t, :]
        expected.append(total)
    yield got, xp.stack(expected)


def _last_batch_counts_last(run, inputs):
    """What the data of the last step are changes the last parameters alone."""
    xp, x = array_namespace(inputs["theta0"]), inputs["features_data"]
    other = xp.concat([x[:-1, ...], x[-1:, ...] + 1.0], axis=0)
    plain, moved = run(**inputs), run(**{**inputs, "features_data": other})
    yield moved["log_us"], plain["log_us"]
    yield moved["thetas"][:-1, :], plain["thetas"][:-1, :]


def _step_in_any_unit(run, inputs):
    other = {"log_ratio": inputs["log_ratio"] + 2.0, "log_u": inputs["log_u"] + 2.0}
    plain, moved = run(**inputs), run(**{**inputs, **other})
    yield moved["new_log_u"], plain["new_log_u"] + 2.0
    for name in ("new_theta", "new_velocity"):
        yield moved[name], plain[name]


def _step_goes_along_velocity(run, inputs):
    out = run(**inputs)
    yield out["new_theta"], inputs["theta"] - inputs["lr"] * out["new_velocity"]


def _step_with_equal_weights(run, inputs):
    xp, level = array_namespace(inputs["theta"]), 0.0 * inputs["log_ratio"] + inputs["log_u"]
    out = run(**{**inputs, "log_ratio": level})
    d = xp.mean(inputs["grads_noise"], axis=0) - xp.mean(inputs["grads_data"], axis=0)
    yield out["new_log_u"], level[0]
    yield out["new_velocity"], (1 - inputs["beta"]) * inputs["velocity"] + inputs["beta"] * d


def _step_averages(run, inputs):
    """u moves the share gamma of the way to the mean of the batch, in units of exp(the largest log ratio)."""
    xp, ratio = array_namespace(inputs["theta"]), inputs["log_ratio"]
    top = xp.max(ratio)
    old = xp.exp(_scalar(inputs["log_u"], ratio) - top)
    new = xp.exp(run(**inputs)["new_log_u"] - top)
    yield new - old, inputs["gamma"] * (xp.mean(xp.exp(ratio - top)) - old)


def _nce_moves_with_c(run, inputs):
    other = {name: inputs[name] + 2.0 for name in ("c", "log_ratio_data", "log_ratio_noise")}
    plain, moved = run(**inputs), run(**{**inputs, **other})
    for name in ("loss", "grad", "grad_c"):
        yield moved[name], plain[name]


def _nce_doubled(run, inputs):
    other = {name: _twice(x, 0) for name, x in inputs.items() if name != "c"}
    plain, doubled = run(**inputs), run(**{**inputs, **other})
    for name in ("loss", "grad", "grad_c"):
        yield doubled[name], plain[name]


def _nce_exchanged(run, inputs):
    """Data and noise exchanged, with all log ratios negated: the same game, from the other side."""
    other = {
        "c": -inputs["c"],
        "log_ratio_data": -inputs["log_ratio_noise"],
        "grads_data": inputs["grads_noise"],
        "log_ratio_noise": -inputs["log_ratio_data"],
        "grads_noise": inputs["grads_data"],
    }
    plain, exchanged = run(**inputs), run(**other)
    yield exchanged["loss"], plain["loss"]
    for name in ("grad", "grad_c"):
        yield exchanged[name], -plain[name]


def _nce_undecided(run, inputs):
    n, m = inputs["log_ratio_data"].shape[0], inputs["log_ratio_noise"].shape[0]
    level = {name: 0.0 * inputs[name] + inputs["c"] for name in ("log_ratio_data", "log_ratio_noise")}
    nu, out = m / n, run(**{**inputs, **level})
    yield out["loss"], 0.0 * out["loss"] + float((1 + nu) * np.log(1 + nu) - nu * np.log(nu))
    yield out["grad_c"], 0.0 * out["grad_c"]


def _langevin_reflected(run, inputs):
    centre = inputs["mean"]
    other = {"start": 2.0 * centre - inputs["start"], "noise": -inputs["noise"]}
    yield run(**{**inputs, **other})["points"], 2.0 * centre - run(**inputs)["points"]


def _langevin_without_noise(run, inputs):
    got = run(**{**inputs, "noise": 0.0 * inputs["noise"]})["points"]
    factor, away = 1 - 0.5 * inputs["step"] * inputs["precision"], inputs["start"] - inputs["mean"]
    xp = array_namespace(got)
    yield got, xp.stack([inputs["mean"] + away * factor ** (k + 1) for k in range(got.shape[0])])


def _langevin_rescaled(run, inputs):
    """Lengths times 2: precision / 4 and step * 4 give the same chain."""
    other = {name: 2.0 * inputs[name] for name in ("start", "mean")}
    other |= {"precision": inputs["precision"] / 4, "step": inputs["step"] * 4}
    yield run(**{**inputs, **other})["points"], 2.0 * run(**inputs)["points"]


def _langevin_is_noise_on_a_plain(run, inputs):
    got = run(**{**inputs, "precision": 0.0 * inputs["precision"]})["points"]
    xp = array_namespace(got)
    yield got, inputs["start"] + inputs["step"] ** 0.5 * xp.cumulative_sum(inputs["noise"], axis=0)


def _landscape_mirrored(run, inputs):
    params, xp = inputs["params"], array_namespace(inputs["params"])
    plain = run(**inputs)
    flipped = run(params=xp.stack([-params[0], params[1]]), target=-inputs["target"])
    yield flipped["loss"], plain["loss"]
    yield flipped["grad"], xp.stack([-plain["grad"][0], plain["grad"][1]])
    yield flipped["hessian"][0, 1], -plain["hessian"][0, 1]
    yield xp.linalg.diagonal(flipped["hessian"]), xp.linalg.diagonal(plain["hessian"])


def _landscape_flat_at_the_truth(run, inputs):
    xp, target = array_namespace(inputs["params"]), inputs["target"]
    truth = 0.0 * inputs["params"] + xp.asarray([target, 0.5 * target * target], dtype=inputs["params"].dtype)
    grad = run(params=truth, target=target)["grad"]
    yield grad, 0.0 * grad


# The system ---------------------------------------------------------------------------------------------------

_NAN = float("nan")
_RATES = (
    number("lr", "step size eta > 0"),
    number("gamma", "weight of the new batch in u, in (0, 1]"),
    number("beta", "weight of the new gradient in v, in (0, 1]"),
)
_RATE_ERRORS = (
    ErrorCase("negative-lr", "a negative step size climbs", {"lr": -0.1}, ValueError, "lr"),
    ErrorCase("gamma-zero", "u would never see the noise", {"gamma": 0.0}, ValueError, "gamma"),
    ErrorCase("gamma-above-one", "u could become negative", {"gamma": 1.5}, ValueError, "gamma"),
    ErrorCase("beta-above-one", "v would overshoot", {"beta": 1.1}, ValueError, "beta"),
)

TRAJECTORY = Operation(
    name="meco.trajectory",
    summary="MECO on an exponential family f = base + features @ theta, with given draws; the first step, which has no "
    "averages yet, takes its batch in full",
    inputs=(
        array("theta0", "d", "parameters at the start"),
        array("features_data", "T n d", "features of each step's data, the gradients of f"),
        array("features_noise", "T m d", "features of each step's noise"),
        array("base", "T m", "part of f without parameters, at the noise"),
        array("log_noise", "T m", "log q at the noise"),
        *_RATES,
    ),
    outputs=(
        array("thetas", "T d", "parameters after each step", steps=True),
        array("log_us", "T", "log u of each step, which estimates log Z at the parameters before it", steps=True),
    ),
    reference=trajectory,
    exact=exact_trajectory,
    exact_source="mpmath with 50 digits on the weights themselves, written apart from the source",
    cases=TRAJECTORY_CASES,
    sample=_random_trajectory,
    laws=(
        Law(
            "constant-of-the-noise",
            "a constant in log q moves log u and leaves the parameters",
            _any_constant_of_the_noise,
            ("gaussian-four-steps", "three-parameters"),
        ),
        Law("doubled", "every draw twice changes nothing", _batches_doubled, ("gaussian-four-steps", "one-draw")),
        Law(
            "rescaled",
            "features times 2, theta / 2 and lr / 4 give the same model",
            _features_rescaled,
            ("gaussian-four-steps", "three-parameters"),
        ),
        Law(
            "weights-cancel",
            "noise that is all alike, gamma = beta = 1: plain steps by lr (mean x - z)",
            _weights_cancel,
            ("three-parameters",),
        ),
        Law(
            "causal",
            "the data of the last step move the last parameters alone, and no u",
            _last_batch_counts_last,
            ("three-parameters",),
        ),
    ),
    mutants=mistake.mutants(_as_trajectory) + trajectory_mistake.mutants(_as_given),
    errors=(
        *_RATE_ERRORS,
        ErrorCase("nan-noise", "NaN is no density", {"log_noise": np.full((2, 3), _NAN)}, ValueError, "log_ratio"),
        ErrorCase(
            "outside-the-noise", "q = 0 at a draw", {"log_noise": np.full((2, 3), -np.inf)}, ValueError, "log_ratio"
        ),
        ErrorCase(
            "nan-data", "NaN is no feature", {"features_data": np.full((2, 2, 1), _NAN)}, ValueError, "grads_data"
        ),
        ErrorCase(
            "wrong-shape", "features of another size", {"features_data": np.ones((2, 2, 3))}, ValueError, "grads"
        ),
    ),
)

STEP = Operation(
    name="meco.step",
    summary="one step of MECO from given averages u and v",
    inputs=(
        array("theta", "d", "parameters"),
        number("log_u", "logarithm of u before the step"),
        array("velocity", "d", "v before the step"),
        array("grads_data", "n d", "gradients of f at the data"),
        array("log_ratio", "m", "f - log q at the noise"),
        array("grads_noise", "m d", "gradients of f at the noise"),
        *_RATES,
    ),
    outputs=(
        array("new_theta", "d", "parameters after the step"),
        array("new_log_u", "", "logarithm of u after the step"),
        array("new_velocity", "d", "v after the step"),
    ),
    reference=step,
    exact=exact_step,
    exact_source="mpmath with 50 digits on the weights themselves, written apart from the source",
    cases=STEP_CASES,
    sample=_random_step,
    laws=(
        Law(
            "any-unit",
            "log_ratio and log_u shifted together shift log u alone",
            _step_in_any_unit,
            ("ordinary", "u-too-large"),
        ),
        Law(
            "along-velocity",
            "the parameters move by -lr times the new v",
            _step_goes_along_velocity,
            ("ordinary", "one-of-each"),
        ),
        Law(
            "equal-weights",
            "log ratios equal to log u leave u, and d is the difference of two means",
            _step_with_equal_weights,
            ("ordinary", "one-of-each"),
        ),
        Law("averages", "u moves the share gamma of the way to the mean", _step_averages, ("ordinary", "u-too-large")),
    ),
    mutants=mistake.mutants(_as_step),
    errors=(
        *_RATE_ERRORS,
        ErrorCase(
            "infinite-ratio",
            "a weight is finite",
            {"log_ratio": np.array([0.0, np.inf, 0.0, 0.0])},
            ValueError,
            "log_ratio",
        ),
        ErrorCase(
            "nan-gradient", "NaN is no gradient", {"grads_noise": np.full((4, 2), _NAN)}, ValueError, "grads_noise"
        ),
        ErrorCase(
            "one-ratio-per-draw", "as many ratios as gradients", {"log_ratio": np.zeros(3)}, ValueError, "grads_noise"
        ),
    ),
)

NCE = Operation(
    name="meco.nce",
    summary="noise-contrastive estimation: mean over the data plus nu times the mean over the noise, nu = m / n, of "
    "the logistic loss of h = log_ratio - c - log nu",
    inputs=(
        number("c", "stands for log Z"),
        array("log_ratio_data", "n", "f - log q at the data"),
        array("grads_data", "n d", "gradients of f at the data"),
        array("log_ratio_noise", "m", "f - log q at the noise"),
        array("grads_noise", "m d", "gradients of f at the noise"),
    ),
    outputs=(
        array("loss", "", "loss, in nats"),
        array("grad", "d", "its gradient with respect to theta"),
        array("grad_c", "", "its derivative with respect to c"),
    ),
    reference=nce,
    exact=exact_nce,
    exact_source="mpmath with 50 digits on posterior probabilities, written apart from the source",
    cases=NCE_CASES,
    sample=_random_nce,
    laws=(
        Law(
            "moves-with-c",
            "c and all log ratios shifted together change nothing",
            _nce_moves_with_c,
            ("twice-the-noise", "balanced"),
        ),
        Law("doubled", "every draw twice changes nothing", _nce_doubled, ("twice-the-noise", "less-noise")),
        Law(
            "exchanged",
            "nu = 1: data and noise exchanged, log ratios negated, flip the gradients",
            _nce_exchanged,
            ("balanced", "one-of-each"),
        ),
        Law(
            "undecided",
            "log ratios equal to c give the loss (1 + nu) log(1 + nu) - nu log nu and no pull on c",
            _nce_undecided,
            ("twice-the-noise", "less-noise"),
        ),
    ),
    mutants=nce_mistake.mutants(_as_nce),
    variants=(
        Variant(
            "halved",
            "half of the loss and of its gradients, for as many draws of noise as data",
            "Gutmann and Hyvarinen (AISTATS 2010), whose objective is an average over data and noise together",
            halved,
        ),
    ),
    errors=(
        ErrorCase("nan-ratio", "NaN is no density", {"log_ratio_data": np.full(3, _NAN)}, ValueError, "log_ratio_data"),
        ErrorCase(
            "no-mass",
            "data without mass have an infinite loss",
            {"log_ratio_data": np.array([0.0, -np.inf, 0.0])},
            ValueError,
            "log_ratio_data",
        ),
        ErrorCase(
            "wrong-shape", "as many ratios as gradients", {"log_ratio_noise": np.zeros(5)}, ValueError, "grads_noise"
        ),
    ),
)

LANGEVIN = Operation(
    name="meco.langevin",
    summary="Langevin chains on the log density -sum precision (y - mean)^2 / 2, drift step / 2 times its slope and "
    "noise sqrt(step) times given draws",
    inputs=(
        array("start", "N p", "points at the start, one per row"),
        array("noise", "K N p", "standard normal draws of each step"),
        array("mean", "p", "of the density"),
        array("precision", "p", "1 / variance of each coordinate"),
        number("step", "s > 0"),
    ),
    outputs=(array("points", "K N p", "points after each step", steps=True),),
    reference=langevin,
    exact=exact_langevin,
    exact_source="mpmath with 50 digits, as an autoregression, written apart from the source",
    cases=LANGEVIN_CASES,
    sample=_random_langevin,
    laws=(
        Law(
            "reflected",
            "start and draws reflected about the mean reflect the chain",
            _langevin_reflected,
            ("ordinary", "long-steps"),
        ),
        Law(
            "decay",
            "without noise, (1 - step precision / 2)^k of the distance is left",
            _langevin_without_noise,
            ("ordinary", "long-steps"),
        ),
        Law(
            "rescaled",
            "lengths times 2, precision / 4 and step * 4 give the same chain",
            _langevin_rescaled,
            ("ordinary", "at-the-mean"),
        ),
        Law(
            "plain",
            "without precision the chain adds up sqrt(step) times its draws",
            _langevin_is_noise_on_a_plain,
            ("ordinary", "long-steps"),
        ),
    ),
    mutants=langevin_mistake.mutants(),
    variants=(
        Variant(
            "full_drift",
            "drift step and noise sqrt(2 step): the same chain at twice the step size",
            "the unadjusted Langevin algorithm as in Roberts and Tweedie (1996) and Dalalyan (2017)",
            full_drift,
        ),
    ),
    errors=(
        ErrorCase("no-step", "a step takes time", {"step": 0.0}, ValueError, "step"),
        ErrorCase("nan-draw", "NaN is no draw", {"noise": np.full((3, 2, 2), _NAN)}, ValueError, "noise"),
        ErrorCase("one-draw-per-point", "one draw per coordinate", {"noise": np.ones((3, 2, 1))}, ValueError, "noise"),
    ),
)

LANDSCAPE = Operation(
    name="meco.gaussian_nce",
    summary="expected NCE loss, halved, for log p = theta x - x^2 / 2 - log(2 pi) / 2 - c, data N(R, 1) and as much "
    "noise N(0, 1), with gradient and Hessian in (theta, c)",
    inputs=(array("params", "2", "(theta, c)"), number("target", "R, the mean of the data")),
    outputs=(
        array("loss", "", "loss, in nats; twelve digits, as any good quadrature gives", ulps=2500),
        array("grad", "2", "its gradient", ulps=2500),
        array("hessian", "2 2", "its second derivatives", ulps=2500),
    ),
    reference=gaussian_nce,
    exact=exact_gaussian_nce,
    exact_source="trapezoid rule on other points in mpmath with 50 digits, on densities",
    cases=LANDSCAPE_CASES,
    sample=_random_landscape,
    laws=(
        Law(
            "mirrored", "R and theta negated mirror the landscape", _landscape_mirrored, ("start", "between", "beyond")
        ),
        Law(
            "truth",
            "theta = R, c = R^2 / 2 is stationary",
            _landscape_flat_at_the_truth,
            ("start", "between", "mirrored"),
        ),
    ),
    mutants=landscape_mistake.mutants(),
    errors=(
        ErrorCase("nan-params", "NaN is no point", {"params": np.array([_NAN, 0.0])}, ValueError, "params"),
        ErrorCase("theta-alone", "c belongs to the point", {"params": np.array([1.0])}, ValueError, "params"),
        ErrorCase("infinite-target", "data are somewhere", {"target": np.inf}, ValueError, "target"),
    ),
)

SYSTEM = System(
    name="meco",
    chapter="nested",
    summary="maximum likelihood of unnormalized models: a running average of Z under noise turns log Z into plain SGD",
    paper=Paper(
        title="Learning Unnormalized Statistical Models via Compositional Optimization",
        authors="Jiang, Qin, Wu, Chen, Yang, Zhang",
        arxiv="2306.07485",
        year=2023,
        key="jiang2023learning",
    ),
    operations=(TRAJECTORY, STEP, NCE, LANGEVIN, LANDSCAPE),
    claims=CLAIMS,
)
