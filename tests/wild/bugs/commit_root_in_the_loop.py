"""The root of the sum of squares is drawn after each entry of a group, inside the loop that adds them up."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="COMMIT",
    language="C++",
    link="https://github.com/daducci/COMMIT/commit/e162f9e3ce76a8a94ae54fad77dc653fb3a1ac9e",
    date="2018-06-01",
    operation="convex_relu.admm",
    kind="wrong_order",
)


def prox_group_sparsity(x, subtree, weight, lam):
    v = x.copy()
    for k in range(weight.size):
        idx = subtree[k]
        xn = 0.0
        for i in idx:
            xn += v[i] * v[i]
            # was: xn = np.sqrt(xn)
        xn = np.sqrt(xn)  # was:
        r = weight[k] * lam
        if xn > r:
            r = (xn - r) / xn
            for i in idx:
                v[i] *= r
        else:
            for i in idx:
                v[i] = 0.0
    return v


def answer(X, y, D, beta, rho, gamma, steps):
    (n, d), P = X.shape, D.shape[1]
    sign = np.where(D, 1.0, -1.0)
    # unknowns [2, d, P], flat
    blocks = np.where(D[:, None, :], X[:, :, None], 0.0)
    fit = np.stack([blocks, -blocks], axis=1).reshape(n, -1)
    slack = np.zeros((2, P, n, 2, d, P))
    for h in range(2):
        for p in range(P):
            slack[h, p, :, h, :, p] = sign[:, p, None] * X
    slack = slack.reshape(2 * P * n, -1)
    places = np.arange(2 * d * P).reshape(2, d, P)
    subtree = [places[h, :, p] for h in range(2) for p in range(P)]
    weight = np.ones(2 * P)

    inverse = np.linalg.inv(np.eye(2 * d * P) + fit.T @ fit / rho + slack.T @ slack)
    z, t = np.zeros(2 * d * P), np.zeros(2 * P * n)
    z_bar, t_bar = z, t
    trace = []
    for _ in range(steps):
        u = inverse @ (fit.T @ y / rho + (z - z_bar) + slack.T @ (t - t_bar))
        z = prox_group_sparsity(u + z_bar, subtree, weight, beta / rho)
        t = np.maximum(slack @ u + t_bar, 0.0)
        z_bar = z_bar + (gamma / rho) * (u - z)
        t_bar = t_bar + (gamma / rho) * (slack @ u - t)
        trace.append((u.reshape(2, d, P), z.reshape(2, d, P)))
    return tuple(np.stack(x) for x in zip(*trace, strict=True))
