"""Right answers on functional priors, in 50 digits: gradients as difference quotients, or by backpropagation twice."""

from itertools import pairwise

import numpy as np

from refimpl.specs.exact import exp, gamma_quantile, log, reals, sqrt, tanh

_H = reals(1e-25)  # of difference quotients: it and what is left of the digits are far below double precision


def _softplus(x):
    return log(1 + exp(x))


def _sigmoid(x):
    return 1 / (1 + exp(-x))


def _sizes(widths):
    return [round(float(w)) for w in widths]


def _matrices(flat, widths):
    """(1 + n, m) for each layer: the biases are the first row."""
    start = 0
    for n, m in pairwise(widths):
        yield np.reshape(flat[start : start + (1 + n) * m], (1 + n, m))
        start += (1 + n) * m


# Priors --------------------------------------------------------------------------------------------------------------


def _function(weights, x, widths):
    """One network: a layer is a product with a column of ones in front, and inputs that are divided."""
    h, matrices = x, list(_matrices(weights, widths))
    for l, matrix in enumerate(matrices):
        ones = np.full((len(h), 1), reals(1.0))
        a = np.concatenate([ones, h / sqrt(reals(h.shape[1]))], axis=1) @ matrix
        h = tanh(a) if l < len(matrices) - 1 else a
    return h


def _flow(z, u, a, c):
    """One flow of one point; the determinant from that of the matrix."""
    along, length = a @ u, a @ a
    moved = u + (_softplus(along) - 1 - along) / length * a
    h = tanh(a @ z + c)
    return z + moved * h, log(abs(1 + (1 - h**2) * (a @ moved)))


def _weights(family, psi, normals, uniforms, widths):
    """Stacked weights of each network."""
    found, L = [], len(widths) - 1
    for s in range(len(normals)):
        parts, place = [], 0
        if family == "hierarchical":
            raw = _softplus(psi.reshape(L, 2, 2))
            sigma = 1 / sqrt(gamma_quantile(raw[:, :, 0], uniforms[s]) / raw[:, :, 1])
        elif family == "gaussian":
            sigma = _softplus(psi.reshape(L, 2))
        for l, matrix in enumerate(_matrices(normals[s], widths)):
            if family != "flow":
                scale = np.full(matrix.shape, sigma[l, 0])
                scale[0] = sigma[l, 1]
                parts.append((matrix * scale).ravel())
                continue
            D = matrix.size
            K = (len(psi) - normals.shape[1]) // (2 * normals.shape[1] + L)
            z = exp(psi[place : place + D] / 2) * matrix.ravel()
            place += D
            for _ in range(K):
                z, _ = _flow(z, psi[place : place + D], psi[place + D : place + 2 * D], psi[place + 2 * D])
                place += 2 * D + 1
            parts.append(z)
        found.append(np.concatenate(parts))
    return found


def _functions(family, psi, x, normals, uniforms, widths):
    each = [_function(w, x, widths) for w in _weights(family, psi, normals, uniforms, widths)]
    return np.moveaxis(np.stack(each), 2, 0)


def prior_functions(family, psi, x, normals, uniforms, widths):
    """Network by network."""
    return _functions(family, reals(psi), reals(x), reals(normals), reals(uniforms), _sizes(widths))


def planar_flow(z, u, a, c):
    """Point by point."""
    z, u, a, c, found = reals(z), reals(u), reals(a), reals(c), []
    for point in z:
        total = reals(0.0)
        for k in range(len(u)):
            point, more = _flow(point, u[k], a[k], c[k])
            total = total + more
        found.append((point, total))
    return np.stack([point for point, _ in found]), np.array([total for _, total in found])


def target_functions(kind, x, normals, scale_normals, length_mean, length_variance, log_mean, log_variance, jitter):
    """Factors by hand; under "gp" all functions have the scales of the medians."""
    x, normals, found = reals(x), reals(normals), []
    spread = reals(scale_normals) * (0 if kind == "gp" else 1)
    means = [reals(v) for v in (length_mean, log_mean)]
    deviations = [sqrt(reals(v)) for v in (length_variance, log_variance)]
    for n, scale in zip(normals, spread, strict=True):
        lengths = exp(means[0] + deviations[0] * scale[:-1])
        variance = exp(means[1] + deviations[1] * scale[-1])
        gaps = ((x[:, None, :] - x[None, :, :]) / lengths) ** 2
        K = variance * exp(-gaps.sum(axis=2) / 2) + reals(jitter) * np.eye(len(x))
        # Each value given those before it, by solving for its regression on them.
        f: list = []
        innovations: list = []
        rows = np.zeros_like(K)
        for i in range(len(x)):
            for j in range(i):
                rows[i, j] = (K[i, j] - sum((rows[i, k] * rows[j, k] for k in range(j)), reals(0.0))) / innovations[j]
            innovations.append(sqrt(K[i, i] - sum((rows[i, k] ** 2 for k in range(i)), reals(0.0))))
            f.append(sum((rows[i, k] * n[k] for k in range(i)), innovations[i] * n[i]))
        found.append(f)
    return np.array(found)


# The critic ----------------------------------------------------------------------------------------------------------


def _backpropagate(matrices, f):
    """Values of a critic at rows of f, and the gradients in f and in the parameters, of each row's value."""
    states, h = [], f
    for matrix in matrices[:-1]:
        a = h @ matrix[1:] + matrix[0]
        states.append((h, a))
        h = _softplus(a)
    last = matrices[-1]
    gradients = [np.concatenate([np.full((len(f), 1), reals(1.0)), h], axis=1)]
    delta = np.repeat(last[1:].T, len(f), axis=0)
    for (before, a), matrix in zip(reversed(states), reversed(matrices[:-1]), strict=True):
        delta = delta * _sigmoid(a)
        ones = np.concatenate([np.full((len(f), 1), reals(1.0)), before], axis=1)
        gradients.append((ones[:, :, None] * delta[:, None, :]).reshape(len(f), -1))
        delta = delta @ matrix[1:].T
    return (h @ last[1:] + last[0])[:, 0], delta, np.concatenate(gradients[::-1], axis=1)


def _critique(theta, f_nn, f_gp, eps, sizes, weight, one_sided):
    """Objective, gap, penalty, gradient: of the penalty along the frozen direction, as a difference of gradients."""
    matrices = list(_matrices(theta, sizes))
    gap = penalty = reals(0.0)
    gradient = 0 * theta
    for nn, gp, e in zip(f_nn, f_gp, eps, strict=True):
        S = len(nn)
        above, _, ahead = _backpropagate(matrices, nn)
        below, _, behind = _backpropagate(matrices, gp)
        gap = gap + (above.sum() - below.sum()) / S
        gradient = gradient + (ahead.sum(axis=0) - behind.sum(axis=0)) / S
        middle = e[:, None] * nn + (1 - e[:, None]) * gp
        _, slope, here = _backpropagate(matrices, middle)
        norm = sqrt((slope**2).sum(axis=1))
        excess = np.array([max(value - 1, 0) if one_sided else value - 1 for value in norm])
        penalty = penalty + (excess**2).sum() / S
        way = slope * (2 * excess / np.array([n if n else 1 for n in norm]))[:, None]
        there = _backpropagate(matrices, middle + _H * way)[2]
        gradient = gradient - weight * (there - here).sum(axis=0) / _H / S
    return gap - weight * penalty, gap, penalty, gradient


def _climb(theta, S, f_nn, f_gp, eps, sizes, rate, weight, one_sided):
    found = _critique(theta, f_nn, f_gp, eps, sizes, weight, one_sided)
    S = S + found[3] ** 2
    return theta + rate * found[3] / (sqrt(S) + reals(1e-10)), S, found


def critic_step(theta, S, f_nn, f_gp, eps, hidden, rate, weight, sides):
    """By backpropagation alone."""
    sizes = [f_nn.shape[-1], *_sizes(hidden), 1]
    start, total, f_nn, f_gp, eps = (reals(v) for v in (theta, S, f_nn, f_gp, eps))
    how = (sizes, reals(rate), reals(weight), sides == "one")
    theta, S, (objective, _, penalty, gradient) = _climb(start, total, f_nn, f_gp, eps, *how)
    return objective, penalty, gradient, theta, S


def _descend(family, psi, v, theta, x, normals, uniforms, f_gp, widths, sizes, rate):
    """With the gap's gradient as a difference quotient."""
    matrices = list(_matrices(theta, sizes))
    of_target = sum((_backpropagate(matrices, f)[0].sum() / len(f) for f in f_gp), reals(0.0))

    def gap(psi):
        f_nn = _functions(family, psi, x, normals, uniforms, widths)
        return sum((_backpropagate(matrices, f)[0].sum() / len(f) for f in f_nn), reals(0.0)) - of_target

    here = gap(psi)
    gradient = np.array([(gap(psi + unit) - here) / _H for unit in np.eye(len(psi)) * _H])
    v = (99 * v + gradient**2) / 100
    return here, gradient, psi - rate * gradient / (sqrt(v) + reals(1e-8)), v


def outer_step(family, psi, v, theta, x, normals, uniforms, f_gp, widths, hidden, rate):
    """With a difference quotient."""
    sizes = [f_gp.shape[-1], *_sizes(hidden), 1]
    psi, v, theta, x, normals, uniforms, f_gp = (reals(w) for w in (psi, v, theta, x, normals, uniforms, f_gp))
    return _descend(family, psi, v, theta, x, normals, uniforms, f_gp, _sizes(widths), sizes, reals(rate))


def matching(
    family, psi, x, critics, eps, normals_inner, uniforms_inner, target_inner, normals, uniforms, target, widths,
    hidden, rate, critic_rate, weight, sides, tolerance, accumulator,
):  # fmt: skip
    """Step by step."""
    sizes, widths, psi = [target.shape[-1], *_sizes(hidden), 1], _sizes(widths), reals(psi)
    v, S, psis, distances = 0 * psi, 0 * reals(critics[0]), [], []
    for t in range(len(x)):
        theta, at = reals(critics[t]), reals(x[t])
        S = S if accumulator == "kept" else 0 * theta
        f_nn = _functions(family, psi, at, reals(normals_inner[t]), reals(uniforms_inner[t]), widths)
        for e in reals(eps[t]):
            arrays = (theta, S, f_nn, reals(target_inner[t]), e)
            theta, S, found = _climb(*arrays, sizes, reals(critic_rate), reals(weight), sides == "one")
            if sqrt((found[3] ** 2).sum()) < reals(tolerance):
                break
        drawn = (reals(normals[t]), reals(uniforms[t]), reals(target[t]))
        gap, _, psi, v = _descend(family, psi, v, theta, at, *drawn, widths, sizes, reals(rate))
        psis.append(psi)
        distances.append(gap)
    return np.stack(psis), np.array(distances)


# Posteriors ----------------------------------------------------------------------------------------------------------


def sghmc(rule, start, precision, grads, xi, lr, friction, burn_in, n, temperature, clip):
    """Coordinates in lists; averages as weighted sums with their weights."""
    w, precision, grads, xi = reals(start), reals(precision), reals(grads), reals(xi)
    eta, gamma = reals(lr), reals(friction)
    m, tau, g_hat, v_hat, rows = 0 * w, 0 * w + 1, 0 * w + 1, 0 * w + 1, []
    for t in range(len(grads)):
        per = grads[t] + precision * w / n
        length = sqrt((per**2).sum()) + reals(1e-6)
        if length > reals(clip):
            per = per * reals(clip) / length
        g = per * n / reals(temperature)
        if rule == "plain":
            m = (1 - gamma) * m - eta * g + sqrt(2 * eta * gamma) * xi[t]
        else:
            if t < burn_in:
                old = tau
                tau = 1 + old * (1 - g_hat**2 / (v_hat + reals(1e-10)))
                g_hat = (old * g_hat + g) / (old + 1)
                v_hat = (old * v_hat + g**2) / (old + 1)
            root = sqrt(v_hat) + reals(1e-10)
            spread = 2 * eta**2 * gamma / root - (eta**4 if rule == "scaled" else 0)
            spread = np.array([max(value, reals(1e-16)) for value in spread])
            m = (1 - gamma) * m - eta**2 * g / root + sqrt(spread) * xi[t]
        w = w + m
        rows.append((w, m, tau, g_hat, v_hat))
    return tuple(np.stack(column) for column in zip(*rows, strict=True))


def gibbs_scale(w, raw_alpha, raw_beta, uniform):
    """The precision's density times that of each weight."""
    shape, rate = _softplus(reals(raw_alpha)), _softplus(reals(raw_beta))
    for column in reals(w).T:
        shape, rate = shape + reals(0.5), rate + column**2 / 2
    return shape, rate, sqrt(rate / gamma_quantile(shape, reals(uniform)))
