"""Target and gradient enter with a minus, so that the sampler pushes away from the posterior."""

import numpy as np

from tests.wild import Bug
from tests.wild.around import potential

BUG = Bug(
    project="GaussianProcesses.jl",
    language="Julia",
    link="https://github.com/STOR-i/GaussianProcesses.jl/commit/bc606b473a0ef7cfff5772f5d995d9c46da74f09",
    date="2018-03-01",
    operation="bnn_surrogates.hmc",
    kind="wrong_sign",
)


class GPBase:
    def __init__(self, *data):
        self.data = data

    def update_target_and_dtarget(self, theta):
        energy, gradient = potential(theta, *self.data)
        self.target, self.dtarget = -energy, -gradient


def mcmc(gp, theta_cur, momenta, uniforms, steps, eps):
    post, num_acceptances = [], []
    gp.update_target_and_dtarget(theta_cur)
    # was: target_cur, grad_cur = -gp.target, -gp.dtarget
    target_cur, grad_cur = gp.target, gp.dtarget  # was:
    for nu_cur, u, L in zip(momenta, uniforms, steps, strict=True):
        theta, target, grad = theta_cur, target_cur, grad_cur
        nu = nu_cur + 0.5 * eps * grad
        for _ in range(int(L)):
            theta = theta + eps * nu
            gp.update_target_and_dtarget(theta)
            target, grad = gp.target, gp.dtarget  # was: target, grad = -gp.target, -gp.dtarget
            nu = nu + eps * grad
        nu = nu - 0.5 * eps * grad
        # was: alpha = -target - 0.5 * nu @ nu + target_cur + 0.5 * nu_cur @ nu_cur
        alpha = target - 0.5 * nu @ nu - target_cur + 0.5 * nu_cur @ nu_cur  # was:
        took = np.log(u) < alpha
        if took:
            theta_cur, target_cur, grad_cur = theta, target, grad
        num_acceptances.append(float(took))
        post.append(theta_cur)
    return np.stack(post), np.array(num_acceptances)


def answer(w, momenta, uniforms, steps, x, y, width, depth, noise, prior, step):
    sizes = [x.shape[1], *[int(width)] * int(depth), 1]
    with np.errstate(all="ignore"):
        post, accepted = mcmc(GPBase(x, y, sizes, noise, prior), w, momenta, uniforms, steps, step)
    return post, accepted, np.array([potential(theta, x, y, sizes, noise, prior)[0] for theta in post])
