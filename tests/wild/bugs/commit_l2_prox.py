"""The proximal map of the norm of a group is that of a ball: groups are cut to a length, not shortened by it."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="COMMIT",
    language="C++",
    link="https://github.com/daducci/COMMIT/pull/73",
    date="2019-10-24",
    operation="convex_relu.admm",
    kind="missing_step",
)


def projection_onto_l2_ball(x, lam, compartment_start, compartment_size):
    xn = 0.0
    for i in range(compartment_start, compartment_start + compartment_size):
        xn += x[i] * x[i]
    xn = np.sqrt(xn)
    if xn > lam:
        k = 1.0 - lam / xn  # was: k = lam / xn
        for i in range(compartment_start, compartment_start + compartment_size):
            x[i] = x[i] * k
    else:
        for i in range(compartment_start, compartment_start + compartment_size):
            x[i] = 0  # was: x[i] = x[i]
    return x


def answer(X, y, D, beta, rho, gamma, steps):
    (n, d), P = X.shape, D.shape[1]
    masks = D.T.astype(float)
    # columns: all v, then all w, pattern by pattern
    half = np.concatenate([m[:, None] * X for m in masks], axis=1)
    fit = np.concatenate([half, -half], axis=1)
    cones = np.zeros((2 * P * n, 2 * P * d))
    for b in range(2 * P):
        cones[b * n : (b + 1) * n, b * d : (b + 1) * d] = (2 * masks[b % P] - 1)[:, None] * X
    system = fit.T @ fit / rho + np.eye(2 * P * d) + cones.T @ cones

    v, s = np.zeros(2 * P * d), np.zeros(2 * P * n)
    dual_v, dual_s = np.zeros_like(v), np.zeros_like(s)
    us, vs = [], []
    for _ in range(steps):
        u = np.linalg.solve(system, fit.T @ y / rho + v - dual_v + cones.T @ (s - dual_s))
        v = u + dual_v
        for b in range(2 * P):
            v = projection_onto_l2_ball(v, beta / rho, b * d, d)
        s = np.maximum(cones @ u + dual_s, 0)
        dual_v = dual_v + gamma / rho * (u - v)
        dual_s = dual_s + gamma / rho * (cones @ u - s)
        us.append(u.reshape(2, P, d).transpose(0, 2, 1))
        vs.append(v.reshape(2, P, d).transpose(0, 2, 1))
    return np.stack(us), np.stack(vs)
