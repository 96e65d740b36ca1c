"""Each recursion for the inverse Hessian times a vector starts from the first estimate and not from the last one."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="pytorch_influence_functions",
    link="https://github.com/nimarb/pytorch_influence_functions/issues/4",
    date="2020-01-29",
    operation="bo_rep.trajectory",
    kind="wrong_order",
)


def project(y, centre, radius):
    length = np.linalg.norm(y - centre)
    return y if length <= radius else centre + radius / length * (y - centre)


def descend(y, target, A, noises, lr, radius):
    centre, seen = y, []
    for noise in noises:
        y = project(y - lr * (A @ (y - target) + noise), centre, radius)
        seen.append(y)
    return y, np.array(seen)


class STest:
    """Takes the estimate further by one Hessian-vector product for each batch."""

    def __init__(self, h_estimate, scale):
        self.h_init_estimate = h_estimate
        self.h_estimate = h_estimate
        self.scale = scale

    def recurse(self, v, hvp):
        h = self.h_estimate  # was: h = self.h_init_estimate
        hv = hvp(h)
        self.h_estimate = h + (v - hv) / self.scale


def answer(
    A, W, t, x0, y0, z0, noise_x, noise_y, noise_hvp, noise_lower, eta, beta, nu, alpha, period, burst, radius,
    epochs, first, alpha0, radius0,
):  # fmt: skip
    x, y, m, used = x0, y0, np.zeros_like(x0), 0
    for s in range(int(epochs)):
        steps = first * 2**s
        _, seen = descend(y, W @ x, A, noise_lower[used : used + steps], alpha0 / 2**s, radius0 / 2 ** (s / 2))
        y, used = seen.mean(axis=0), used + steps
    solver, xs, ys = STest(z0, scale=1 / nu), [x0], []
    for k in range(len(noise_x)):
        if k > 0 and k % period == 0:
            y, _ = descend(y, W @ x, A, noise_lower[used : used + burst], alpha, radius)
            used += burst
        z = solver.h_estimate
        solver.recurse(y - t + noise_y[k], lambda h, k=k: A @ h + noise_hvp[k] * np.linalg.norm(h))
        m = beta * m + (1 - beta) * (np.sinh(x) + noise_x[k] + W.T @ (A @ z))
        largest = np.abs(m).max()
        direction = m / largest if largest > 0 else m
        x = x - eta * (direction / np.linalg.norm(direction) if largest > 0 else direction)
        xs.append(x)
        ys.append(y)
    return np.array(xs), np.array(ys).reshape(len(ys), len(y0))
