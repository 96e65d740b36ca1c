"""Right answers in 50 digits: definitions differentiated numerically, eigenvectors in place of an SVD."""

from types import SimpleNamespace

import numpy as np

from refimpl.specs import exact


def _ints(labels):
    return [int(y) for y in labels]


def _log_loss(a, labels):
    """-log of the probability of each sample's class, from the definition; `a` is [k, n]."""
    return -sum(
        exact.log(weights[y] / sum(weights))
        for y, weights in zip(labels, ([exact.reals(1.0), *exact.exp(column)] for column in a.T), strict=True)
    )


def _activations(A, gamma, x, z, kind):
    return (A.T @ x if kind == "filter" else A) + gamma.T @ z


def _lifted(A, B, gamma, problem):
    a = _activations(A, gamma, problem.x, problem.z, problem.kind)
    fit = ((problem.x - B) ** 2).sum() * problem.xi
    return _log_loss(a, problem.labels) + fit + problem.nu * ((A**2).sum() + (gamma**2).sum())


def _differences(function, parts, chosen):
    """Central differences of `function(*parts)` in the parts `chosen`, with a step that 50 digits can bear."""
    step, found = exact.reals(2.0**-56), []
    for i in chosen:
        slope = np.empty(parts[i].shape, dtype=object)
        for place in np.ndindex(slope.shape):
            shift = np.zeros(slope.shape, dtype=object)
            shift[place] = step
            ends = [function(*parts[:i], parts[i] + s * shift, *parts[i + 1 :]) for s in (1, -1)]
            slope[place] = (ends[0] - ends[1]) / (2 * step)
        found.append(slope)
    return found


def _leading(stacked, rank):
    """Nearest matrix of that rank: projection onto the leading eigenvectors of Z Z^T."""
    vectors = exact.eigh(stacked @ stacked.T)[1][:, -rank:]
    return vectors @ (vectors.T @ stacked)


def _targets(labels, k):
    return np.array([[exact.reals(float(y == c)) for y in labels] for c in range(1, k + 1)])


def _residuals(a, targets):
    """What the probabilities of the classes 1, ..., k exceed the labels by."""
    weights = exact.exp(a)
    return weights / (1 + weights.sum(axis=0)) - targets


def lpgd(x, covariates, labels, A0, B0, gamma0, rank, xi, nu, step_size, steps, kind):
    """Step by step, with the sum over the samples written out."""
    x, z, A, B, gamma, xi, nu, tau = map(exact.reals, (x, covariates, A0, B0, gamma0, xi, nu, step_size))
    axis, k, states = int(kind == "filter"), gamma.shape[1], []
    for _ in range(steps):
        R = _residuals(_activations(A, gamma, x, z, kind), _targets(labels, k))
        pull = sum(np.outer(x[:, s], R[:, s]) for s in range(x.shape[1])) if kind == "filter" else R
        B = B - (B - x) * (2 * xi * tau)
        A = A * (1 - 2 * nu * tau) - pull * tau
        gamma = gamma * (1 - 2 * nu * tau) - sum(np.outer(z[:, s], R[:, s]) for s in range(x.shape[1])) * tau
        A, B = np.split(_leading(np.concatenate([A, B], axis=axis), rank), [k], axis=axis)
        states.append((A, B, gamma))
    return tuple(map(np.stack, zip(*states, strict=True)))


def _objective(parts, problem):
    W, H, beta, gamma = parts
    A = W @ beta if problem.kind == "filter" else beta.T @ H
    ridge = (W**2).sum() + (H**2).sum() - (A**2).sum() + (beta**2).sum()
    return _lifted(A, W @ H, gamma, problem) + problem.nu * ridge


def gradient(x, covariates, labels, W, H, beta, gamma, xi, nu, kind):
    """Central differences of the definition."""
    x, z, W, H, beta, gamma, xi, nu = map(exact.reals, (x, covariates, W, H, beta, gamma, xi, nu))
    problem = SimpleNamespace(x=x, z=z, labels=_ints(labels), xi=xi, nu=nu, kind=kind)
    parts = [W, H, beta, gamma]
    slopes = _differences(lambda *parts: _objective(parts, problem), parts, range(4))
    return _objective(parts, problem), *slopes


def _largest(matrix):
    """Squared spectral norm."""
    gram = matrix @ matrix.T if matrix.shape[0] <= matrix.shape[1] else matrix.T @ matrix
    return exact.eigh(gram)[0][-1]


def _block_constant(parts, problem, block):
    """Curvature of the reconstruction, of the labels and of the ridge."""
    W, H, beta, _ = parts
    alpha = exact.reals(0.25 if beta.shape[1] == 1 else 0.5)
    if block == 3:
        by_labels = problem.z_square
    elif problem.kind == "filter":
        by_labels = (lambda: problem.x_square * _largest(beta), lambda: 0, lambda: _largest(W.T @ problem.x))[block]()
    else:
        by_labels = (lambda: 0, lambda: _largest(beta), lambda: _largest(H))[block]()
    by_data = 2 * problem.xi * _largest((H, W)[block]) if block < 2 else 0
    return by_data + alpha * by_labels + 2 * problem.nu


def constants(x, covariates, labels, W, H, beta, gamma, xi, nu, kind):
    """Eigenvalues of Gram matrices."""
    x, z, *parts = map(exact.reals, (x, covariates, W, H, beta, gamma))
    xi, nu = exact.reals(xi), exact.reals(nu)
    problem = SimpleNamespace(x=x, xi=xi, nu=nu, kind=kind, x_square=_largest(x), z_square=_largest(z))
    alpha = exact.reals(0.25 if beta.shape[1] == 1 else 0.5)
    square = _largest(np.concatenate([x, z])) if kind == "filter" else 1 + problem.z_square
    curved = 2 * nu + alpha * square
    return min(xi, nu) * 2, max(2 * xi, curved), *(_block_constant(parts, problem, i) for i in range(4))


def _slopes(parts, problem, block):
    """Gradient of one block, from the residuals of samples and labels."""
    W, H, beta, gamma = parts
    a = _activations(W @ beta if problem.kind == "filter" else beta.T @ H, gamma, problem.x, problem.z, problem.kind)
    R = _residuals(a, problem.targets)
    E = (W @ H - problem.x) * (2 * problem.xi)
    features = problem.x.T @ W if problem.kind == "filter" else H.T
    if block == 0:
        slope = E @ H.T + ((problem.x @ R.T) @ beta.T if problem.kind == "filter" else 0)
    elif block == 1:
        slope = W.T @ E + (beta @ R if problem.kind == "feature" else 0)
    else:
        slope = (R @ (features if block == 2 else problem.z.T)).T
    return slope + parts[block] * (2 * problem.nu)


def bcd(x, covariates, labels, W0, H0, beta0, gamma0, xi, nu, radius, inner, steps, kind, constraint):
    """Round by round, block by block."""
    x, z, *parts = map(exact.reals, (x, covariates, W0, H0, beta0, gamma0))
    xi, nu, radius = map(exact.reals, (xi, nu, radius))
    problem = SimpleNamespace(x=x, z=z, targets=_targets(labels, gamma0.shape[1]), xi=xi, nu=nu, kind=kind)
    problem.x_square, problem.z_square = _largest(x), _largest(z)
    rounds = []
    for k in range(1, steps + 1):
        reach = radius / (exact.sqrt(exact.reals(k)) * exact.log(exact.reals(k + 1)))
        for block in range(4):
            start = parts[block]
            length = _block_constant(parts, problem, block)
            for _ in range(inner if length else 0):
                moved = parts[block] - _slopes(parts, problem, block) / length
                if constraint == "nonnegative" and block < 2:
                    moved = np.where(moved < 0, exact.reals(0.0), moved)
                distance = exact.sqrt(((moved - start) ** 2).sum())
                parts[block] = moved if distance <= reach else start + (moved - start) * (reach / distance)
        rounds.append(list(parts))
    return tuple(map(np.stack, zip(*rounds, strict=True)))


def _codes(W, x):
    """Least squares by the normal equations, on the eigenvectors of W^T W that W does not send to 0."""
    values, vectors = exact.eigh(W.T @ W)
    seen = vectors[:, values > max(values) * exact.reals(1e-30)]
    return seen @ exact.solve(seen.T @ W.T @ W @ seen, seen.T @ W.T @ x)


def predict(x, covariates, W, beta, gamma, kind):
    """Softmax as it is written."""
    x, z, W, beta, gamma = map(exact.reals, (x, covariates, W, beta, gamma))
    a = _activations(W @ beta if kind == "filter" else beta.T @ _codes(W, x), gamma, x, z, kind)
    weights = np.concatenate([exact.exp(a[:1] * 0), exact.exp(a)])
    return weights / weights.sum(axis=0)


def energies(x, covariates, W, beta, gamma, xi):
    """Newton's method with step halving, sample by sample and class by class, to 25 digits and more."""
    x, z, W, beta, gamma, xi = map(exact.reals, (x, covariates, W, beta, gamma, xi))
    return np.array(
        [
            [_energy(x[:, s], gamma.T @ z[:, s], W, beta, xi, y) for s in range(x.shape[1])]
            for y in range(beta.shape[1] + 1)
        ]
    )


def _energy(x, offset, W, beta, xi, y):
    def loss(h):
        return ((x - W @ h) ** 2).sum() * xi + _log_loss((beta.T @ h + offset)[:, None], [y])

    h = _codes(W, x[:, None])[:, 0]
    value = loss(h)
    for _ in range(60):
        weights = exact.exp(beta.T @ h + offset)
        g = weights / (1 + weights.sum())
        residual = g - np.array([int(y == c + 1) for c in range(g.size)])
        slope = W.T @ (W @ h - x) * (2 * xi) + beta @ residual
        curve = W.T @ W * (2 * xi) + beta @ (np.diag(g) - g[:, None] * g) @ beta.T
        newton = exact.solve(curve, slope[:, None])[:, 0]
        if slope @ newton <= 1e-30 * (1 + value):  # twice the distance from the least value
            break
        while (trial := loss(h - newton)) > value:
            newton = newton / 2
        h, value = h - newton, trial
    return value
