"""The new log density is subtracted from itself, so that every proposal is taken."""

import numpy as np

from tests.wild import Bug
from tests.wild.around import potential

BUG = Bug(
    project="walnuts",
    language="C++",
    link="https://github.com/bob-carpenter/walnuts/issues/27",
    date="2025-05-23",
    operation="bnn_surrogates.hmc",
    kind="wrong_order",
)


class SpanW:
    def __init__(self, theta, rho, logp_grad):
        self.theta, self.rho = theta, rho
        self.logp_theta, self.grad = logp_grad(theta)
        self.logp = self.logp_theta - 0.5 * rho @ rho


def macro_step(span, step, count, logp_grad):
    theta, rho, grad = span.theta, span.rho, span.grad
    half_step = 0.5 * step
    for _ in range(count):
        rho = rho + half_step * grad
        theta = theta + step * rho
        _, grad = logp_grad(theta)
        rho = rho + half_step * grad
    return SpanW(theta, rho, logp_grad)


def combine(rand_uniform, span_old, span_new):
    log_denominator = span_old.logp  # was: log_denominator = span_new.logp
    update_logprob = span_new.logp - log_denominator
    update = np.log(rand_uniform) < update_logprob
    return span_new if update else span_old


def answer(w, momenta, uniforms, steps, x, y, width, depth, noise, prior, step):
    sizes = [x.shape[1], *[int(width)] * int(depth), 1]

    def logp_grad(theta):
        energy, gradient = potential(theta, x, y, sizes, noise, prior)
        return -energy, -gradient

    theta, draws = w, []
    with np.errstate(all="ignore"):
        for rho, uniform, count in zip(momenta, uniforms, steps, strict=True):
            old = SpanW(theta, rho, logp_grad)
            new = macro_step(old, step, int(count), logp_grad)
            chosen = combine(uniform, old, new)
            theta = chosen.theta
            draws.append((theta, float(chosen is new), -chosen.logp_theta))
    states, accepted, energies = zip(*draws, strict=True)
    return {"states": np.stack(states), "accepted": np.array(accepted), "energies": np.array(energies)}
