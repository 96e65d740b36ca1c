"""Right answers of the operations on learning rates, apart from the source."""

import numpy as np

from refimpl.specs.exact import eigh, fractions, reals, sqrt


def _noise(batches, sigma2, parameters, data):
    inverse = 1 / fractions(batches) - (1 / fractions(data) if data else 0)
    return parameters * fractions(sigma2) * inverse


def _real(x):
    """Fractions to 50 digits."""
    return np.frompyfunc(lambda f: reals(1.0) * f.numerator / f.denominator, 1, 1)(x)


def _top(eigenvalue, noise):
    """From the case distinction, which is made in rational arithmetic."""
    if noise == 0 or (eigenvalue > 0 and eigenvalue**2 > noise):
        return _real(eigenvalue + noise / eigenvalue if noise else eigenvalue)
    return 2 * sqrt(_real(noise))


def batch_hessian(eigenvalues, batches, sigma2, parameters, data):
    """Case by case."""
    noise, eigenvalues = _noise(batches, sigma2, parameters, data), fractions(eigenvalues)
    top = np.array([_top(*pair) for pair in zip(eigenvalues, noise, strict=True)])
    return top, -np.array([_top(*pair) for pair in zip(-eigenvalues, noise, strict=True)])


def gauss_newton(eigenvalues, ratios, sigma2):
    """Case by case."""
    bulk, found = reals(sigma2), []
    for spike, ratio in zip(reals(eigenvalues), reals(ratios), strict=True):
        if spike > bulk * (1 + sqrt(ratio)):
            found.append(spike * (1 + ratio * bulk / (spike - bulk)))
        else:
            found.append(bulk * (1 + sqrt(ratio)) ** 2)
    return np.array(found)


def scale_lr(lr, batch, batches, rule, top, sigma2, parameters, data):
    """Ratios of batch sizes, or of what `batch_hessian` says."""
    tops, _ = batch_hessian(np.full(len(batches), top), batches, sigma2, parameters, data)
    old, _ = batch_hessian(np.array([top]), np.array([batch]), sigma2, parameters, data)
    grown = reals(batches) / reals(batch)
    factor = {"linear": lambda: grown, "sqrt": lambda: sqrt(grown), "saturating": lambda: old[0] / tops}[rule]()
    return reals(lr) * factor, 2 / tops


def _solve(matrix, right):
    """Gaussian elimination, in rational arithmetic; the matrix is positive definite."""
    rows = [[*row, b] for row, b in zip(matrix, right, strict=True)]
    for i, pivot in enumerate(rows):
        for row in rows[i + 1 :]:
            factor = row[i] / pivot[i]
            row[i:] = [a - factor * b for a, b in zip(row[i:], pivot[i:], strict=True)]
    x = [rows[0][0] * 0] * len(rows)
    for i in reversed(range(len(rows))):
        x[i] = (rows[i][-1] - sum(a * b for a, b in zip(rows[i][i + 1 : -1], x[i + 1 :], strict=True))) / rows[i][i]
    return x


def _recurrence(matrix, start, steps, tolerance):
    """Coefficients alpha_j and beta_j^2, from the moments v^T A^k v alone.

    The polynomial p_j = x^j + ... that makes |p_j(A) v| least is the j-th orthogonal one. The sum of its roots is
    alpha_1 + ... + alpha_j, and |p_j(A) v|^2 is |v|^2 beta_1^2 ... beta_j^2.
    """
    matrix, powers = fractions(matrix), [fractions(start)]
    steps = min(steps, len(start))
    for _ in range(steps):
        powers.append(matrix.dot(powers[-1]))
    moment = [powers[k // 2].dot(powers[k - k // 2]) for k in range(2 * steps + 1)]
    alphas: list = []
    squares, least, longest = [], [moment[0]], fractions(0)
    for j in range(1, steps + 1):
        c = _solve([moment[i : i + j] for i in range(j)], [-m for m in moment[j : 2 * j]])
        least.append(moment[2 * j] + sum(a * b for a, b in zip(c, moment[j : 2 * j], strict=True)))
        alphas.append(-c[-1] - sum(alphas))
        squares.append(least[-1] / least[-2])
        longest = max(longest, alphas[-1] ** 2 + sum(squares[-2:]))  # the squared length of A q_j
        if squares[-1] <= fractions(tolerance) ** 2 * longest:
            break
    return _real(np.array(alphas)), sqrt(_real(np.array(squares)))


def ritz_values(matrix, start, steps, tolerance):
    """Eigenvalues of T; weights as Christoffel numbers, 1 / sum of squared orthonormal polynomials."""
    alphas, betas = _recurrence(matrix, start, steps, tolerance)
    tridiagonal = np.diag(alphas)
    for i, beta in enumerate(betas[:-1]):
        tridiagonal[i, i + 1] = tridiagonal[i + 1, i] = beta
    values = np.sort(eigh(tridiagonal)[0])
    before, now = 0 * values, 0 * values + 1
    total = now
    for i, beta in enumerate(betas[:-1]):
        before, now = now, ((values - alphas[i]) * now - (betas[i - 1] * before if i else 0)) / beta
        total = total + now**2
    return values, 1 / total


def element_variance(matrix, batch_matrices, probes, batch, data):
    """P times the mean of |H v|^2 / |v|^2, in rational arithmetic, without any Lanczos."""
    probes = fractions(probes)

    def norm2(h):
        images = probes.dot(fractions(h).T)
        return probes.shape[1] * ((images**2).sum(axis=1) / (probes**2).sum(axis=1)).sum() / len(probes)

    longer = sum(map(norm2, batch_matrices)) / len(batch_matrices) - norm2(matrix)
    return norm2(matrix), longer / _noise(batch, 1.0, probes.shape[1] ** 2, data)


def trajectory(theta0, grads, hessians, probes, every, warmup, lanczos_steps, lr, momentum, floor, noise, rule):
    """From the differences of the positions, with the moments' Ritz values."""
    before = theta = reals(theta0)
    lr, momentum, thetas, lrs, momenta = reals(lr), reals(momentum), [], [], []
    for t, grad in enumerate(reals(grads)):
        epoch = t // every
        if t % every == 0 and epoch >= warmup:
            hessian, probe = hessians[epoch], probes[epoch]
            if rule == "rayleigh":
                probe, hessian = reals(probe), reals(hessian)
                curvature = probe.dot(hessian.dot(probe))
                lr = (probe**2).sum() / curvature if curvature > 0 else lr
            else:
                values, _ = ritz_values(hessian, probe, lanczos_steps, 2.0**-40)
                if (top := max(values)) > 0:
                    v = reals(noise)
                    if v > 0:
                        top = top + v / top if top**2 > v else 2 * sqrt(v)
                    least = max(reals(floor), 2.0**-40) * top  # of 50 digits some are rounding, too
                    bottom = min((x for x in values if x > least), default=top)
                    high, low = sqrt(top), sqrt(bottom)
                    lr, momentum = 4 / (high + low) ** 2, (1 - 2 * low / (high + low)) ** 2
        before, theta = theta, theta - lr * grad + momentum * (theta - before)
        thetas.append(theta)
        lrs.append(lr)
        momenta.append(momentum)
    return np.stack(thetas), np.array(lrs), np.array(momenta)
