"""Right answers of BO-REP in 50 digits: matrices and weighted sums in place of running updates."""

import numpy as np

from refimpl.specs.exact import exp, reals, solve, sqrt


def _length(v):
    return sqrt((v * v).sum())


def _moved(x, z, m, grad_x, grad_y, hessian_z, cross_z, eta, beta, nu):
    """A step: z as a mix of old and new, m from its own length."""
    m = m - (1 - beta) * (m - grad_x + cross_z)
    length = _length(m)
    x = x if length == 0 else x - m * (eta / length)
    return x, z + nu * grad_y - nu * hessian_z, m


def step(x, m, z, grad_x, grad_y, hessian, cross, eta, beta, nu):
    """One step."""
    x, m, z, grad_x, grad_y, hessian, cross = map(reals, (x, m, z, grad_x, grad_y, hessian, cross))
    moved = _moved(x, z, m, grad_x, grad_y, hessian @ z, cross @ z, *map(reals, (eta, beta, nu)))
    return moved[0], moved[2], moved[1]


def _walk(y, slopes, alpha, radius):
    """Every iterate, in coordinates about the centre of the ball; `slopes(y)` yields a gradient for each."""
    center, away, found = y, 0 * y, []
    for slope in slopes:
        away = away - alpha * slope(center + away)
        length = _length(away)
        if length > radius:
            away = away * (radius / length)
        found.append(center + away)
    return found


def _epochs(y, slopes, epochs, first, alpha, radius):
    """The refinement: an epoch is a walk, and its mean the start of the next."""
    for s in range(epochs):
        size = first * 2**s
        begin = size - first
        walk = _walk(y, slopes[begin : begin + size], alpha / 2**s, radius * sqrt(reals(2.0)) ** -s)
        y = sum(walk[1:], walk[0]) / size
    return y


def _quadratic(A, target, noise):
    """Gradients of the quadratic lower problem, one for each row of noise."""
    return [lambda y, row=row: A @ y - A @ target + row for row in noise]


def lower_update(y, A, target, noise, alpha, radius):
    """A burst."""
    y, A, target, noise = map(reals, (y, A, target, noise))
    return _walk(y, _quadratic(A, target, noise), reals(alpha), reals(radius))[-1]


def epoch_sgd(y, A, target, noise, epochs, first, alpha, radius):
    """The refinement."""
    y, A, target, noise = map(reals, (y, A, target, noise))
    return _epochs(y, _quadratic(A, target, noise), epochs, first, reals(alpha), reals(radius))


def trajectory(
    A, W, t, x0, y0, z0, noise_x, noise_y, noise_hvp, noise_lower, eta, beta, nu, alpha, period, burst, radius,
    epochs, first, alpha0, radius0,
):  # fmt: skip
    """All of it: periods counted by whole blocks of steps."""
    A, W, t, x, y, z = map(reals, (A, W, t, x0, y0, z0))
    noise_x, noise_y, noise_hvp, noise_lower = map(reals, (noise_x, noise_y, noise_hvp, noise_lower))
    eta, beta, nu, alpha, radius, alpha0, radius0 = map(reals, (eta, beta, nu, alpha, radius, alpha0, radius0))
    used = (2**epochs - 1) * first
    y = _epochs(y, _quadratic(A, W @ x, noise_lower[:used]), epochs, first, alpha0, radius0)
    m, xs, ys, waiting = 0 * x, [x], [], period
    for k in range(len(noise_x)):
        if waiting == 0:
            y = _walk(y, _quadratic(A, W @ x, noise_lower[used : used + burst]), alpha, radius)[-1]
            used, waiting = used + burst, period
        waiting -= 1
        away, Az = (exp(x) - exp(-x)) / 2, A @ z
        hessian_z = Az + noise_hvp[k] * _length(z)
        x, z, m = _moved(x, z, m, away + noise_x[k], y - t + noise_y[k], hessian_z, -(W.T @ Az), eta, beta, nu)
        xs.append(x)
        ys.append(y)
    return np.stack(xs), np.stack(ys)


def _whole(values):
    return np.array(values, dtype=int)


def _chances(w, row):
    """Softmax of one sample."""
    e = exp(row @ w)
    return e / e.sum()


def _share(lam):
    return 1 / (1 + exp(-lam))


def _slope(w, row, label):
    """Gradient of one sample's loss."""
    left = _chances(w, row)
    left[label] -= 1
    return np.outer(row, left)


def _crossed(X, labels, w, z, lam, indices):
    """Sample by sample, added up."""
    out = 0 * lam
    for j in indices:
        share = _share(lam[j])
        out[j] += share * (1 - share) * (_slope(w, X[j], labels[j]) * z).sum() / len(indices)
    return out


def cleaning_hypergradient(X, labels, w, z, lam, indices):
    """Minus the cross derivative times z."""
    X, w, z, lam = map(reals, (X, w, z, lam))
    return -_crossed(X, _whole(labels), w, z, lam, _whole(indices))


def cleaning(
    X, labels, V, V_labels, lam0, w0, z0, lower_batches, upper_batches, hvp_batches, cross_batches, eta, beta, nu,
    alpha, reg, period, burst, radius,
):  # fmt: skip
    """The whole method on hyper-cleaning; the Hessian as covariances under each sample's softmax."""
    X, V, lam, w, z = map(reals, (X, V, lam0, w0, z0))
    eta, beta, nu, alpha, reg, radius = map(reals, (eta, beta, nu, alpha, reg, radius))
    labels, V_labels = _whole(labels), _whole(V_labels)
    lower_batches, upper_batches = _whole(lower_batches), _whole(upper_batches)

    def curved(j, z):
        chance, along = _chances(w, X[j]), X[j] @ z
        return _share(lam[j]) * np.outer(X[j], chance * along - chance * (chance @ along))

    m, lams, ws = 0 * lam, [lam], []
    for k, clean in enumerate(upper_batches):
        if k and k % period == 0:
            at = lam
            rows = lower_batches[(k // period - 1) * burst :][:burst]
            mean = lambda w, row: sum(_share(at[j]) * _slope(w, X[j], labels[j]) for j in row) / len(row) + reg * w
            w = _walk(w, [lambda w, row=row: mean(w, row) for row in rows], alpha, radius)[-1]
        grad_y = sum(_slope(w, V[j], V_labels[j]) for j in clean) / len(clean)
        batch = _whole(hvp_batches[k])
        hessian_z = sum(curved(j, z) for j in batch) / len(batch) + reg * z
        cross_z = _crossed(X, labels, w, z, lam, _whole(cross_batches[k]))
        lam, z, m = _moved(lam, z, m, 0 * lam, grad_y, hessian_z, cross_z, eta, beta, nu)
        lams.append(lam)
        ws.append(w)
    return np.stack(lams), np.stack(ws)


def neumann(v, hessians, nu):
    """The matrix of the series, from its last factor inwards."""
    v, hessians, nu = map(reals, (v, hessians, nu))
    one = reals(np.eye(len(v)))
    total = one
    for hessian in hessians[::-1]:
        total = one + total @ (one - nu * hessian)
    return nu * (total @ v)


def hypergradient(grad_x, grad_y, hessian, cross):
    """By an inverse."""
    grad_x, grad_y, hessian, cross = map(reals, (grad_x, grad_y, hessian, cross))
    z = solve(hessian, grad_y[:, None])[:, 0]
    return grad_x - cross @ z, z
