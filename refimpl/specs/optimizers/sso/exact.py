"""Right answers of SSO, apart from the source: the definitions, differentiated numerically in 50 digits."""

import numpy as np

from refimpl.specs.exact import eigh, exp, log, reals, sqrt, tanh


def _targets(theta, x, model="linear"):
    z = x.dot(theta)
    return tanh(z) if model == "tanh" else z


def _loss(z, y, loss):
    """Mean loss of some targets, from the definition."""
    if loss == "squared":
        return ((z - y) ** 2).sum() / (2 * len(z))
    if loss == "softmax":
        return -(y * log(exp(z) / exp(z).sum(axis=1)[:, None])).sum() / len(z)
    return log(1 + exp(-y * z)).sum() / len(z)


def _slope(function, point):
    """Gradient by central differences, with a step that 50 digits can bear."""
    step, found = reals(2.0**-56), np.empty(point.shape, dtype=object)
    for i in np.ndindex(point.shape):
        shift = np.zeros(point.shape, dtype=object)
        shift[i] = step
        found[i] = (function(point + shift) - function(point - shift)) / (2 * step)
    return found


def _slopes(z, y, loss):
    """Gradient of the mean loss in the targets, row by row."""
    rows = [_slope(lambda v, i=i: _loss(v, y[i : i + 1], loss), z[i : i + 1]) for i in range(len(z))]
    return np.concatenate(rows) / len(z)


def _surrogate(x, y, theta, batch, eta, loss, model, norm):
    """The surrogate as a function of the parameters; `eta` is a number or an array like the targets of the batch."""
    chosen = x[batch]
    centre = _targets(theta, chosen, model)
    slopes = _slopes(centre, y[batch], loss)
    held = x if norm == "full" else chosen
    middle = _targets(theta, held, model)

    def at(w):
        linear = (slopes * (_targets(w, chosen, model) - centre)).sum()
        return linear + ((_targets(w, held, model) - middle) ** 2 / (2 * eta)).sum()

    return at, centre, slopes


def _inner(theta, x, y, batch, eta, alpha, steps, loss, model="linear", norm="batch"):
    """Gradient descent on the numerically differentiated surrogate."""
    around, *_ = _surrogate(x, y, theta, batch, eta, loss, model, norm)
    path = []
    for _ in range(steps):
        theta = theta - alpha * _slope(around, theta)
        path.append(theta)
    return path


def _rows(batches):
    return [[int(i) for i in batch] for batch in batches]


def surrogate(x, y, theta_t, theta, eta, loss, model):
    """The quadratic in the targets, differentiated numerically in the parameters."""
    x, y, theta_t, theta, eta = map(reals, (x, y, theta_t, theta, eta))
    around, centre, _ = _surrogate(x, y, theta_t, range(len(y)), eta, loss, model, "full")
    return _loss(centre, y, loss) + around(theta), _slope(around, theta)


def outer_step(x, y, theta, batch, eta, alpha, steps, loss, model, norm):
    """One inner loop."""
    x, y, theta, eta, alpha = map(reals, (x, y, theta, eta, alpha))
    (rows,) = _rows([batch])
    return np.stack(_inner(theta, x, y, rows, eta, alpha, steps, loss, model, norm))


def softmax_step(x, y, theta, batch, eta, alpha, steps, norm):
    """The same on logits."""
    return outer_step(x, y, theta, batch, eta, alpha, steps, "softmax", "linear", norm)


def _largest_eigenvalue(gram):
    """By the power method, each round of which squares the matrix."""
    power = gram
    for _ in range(12):
        power = power.dot(power)
        power = power / abs(power).max()
    vector = power[:, np.argmax((power * power).sum(axis=0))]
    return vector.dot(gram).dot(vector) / vector.dot(vector)


def majorize(x, y, theta0, inner_steps, steps, loss):
    """With the largest eigenvalue from the power method."""
    x, y, theta = map(reals, (x, y, theta0))
    n = len(y)
    eta = reals(4.0 * n if loss == "logistic" else n)
    alpha = eta / _largest_eigenvalue(x.T.dot(x))
    thetas, losses = [], []
    for _ in range(steps):
        theta = _inner(theta, x, y, range(n), eta, alpha, inner_steps, loss)[-1]
        thetas.append(theta)
        losses.append(_loss(x.dot(theta), y, loss))
    return np.stack(thetas), np.array(losses)


def trajectory(x, y, theta0, batches, eta, ratio, inner_steps, loss, norm, schedule):
    """Under a schedule."""
    x, y, theta, eta, ratio = map(reals, (x, y, theta0, eta, ratio))
    total, thetas = reals(len(batches)), []
    for t, batch in enumerate(_rows(batches), start=1):
        factor = {
            "constant": 1,
            "root": 1 / sqrt(reals(t)),
            "exponential": exp(-log(total) * t / total),
        }[schedule]
        size = eta * factor
        theta = _inner(theta, x, y, batch, size, size * ratio, inner_steps, loss, norm=norm)[-1]
        thetas.append(theta)
    return np.stack(thetas)


def search(x, y, theta0, batches, start, ratio, inner_steps, loss, expand):
    """With the search done in 50 digits."""
    x, y, theta, start, ratio = map(reals, (x, y, theta0, start, ratio))
    cut, grow, half = reals([0.9, 1.8, 0.5])
    etas, thetas, last = [], [], start
    for batch in _rows(batches):
        z = x[batch].dot(theta)
        slopes = _slopes(z, y[batch], loss)
        eta = last * grow if expand == "yes" else start
        before, square = _loss(z, y[batch], loss), sum(slopes * slopes)
        for _ in range(100):
            if _loss(z - eta * slopes, y[batch], loss) <= before - half * eta * square:
                break
            eta = eta * cut
        last = eta = min(max(eta, reals(1e-4)), reals(1e4))
        theta = _inner(theta, x, y, batch, eta, eta * ratio, inner_steps, loss)[-1]
        etas.append(eta)
        thetas.append(theta)
    return np.array(etas), np.stack(thetas)


def adagrad(x, y, theta0, batches, eta, alpha, inner_steps, loss, kind):
    """With sums of squares kept target by target."""
    x, y, theta, eta, alpha = map(reals, (x, y, theta0, eta, alpha))
    low, high = reals([1e-5, 1e5])
    squares, thetas = [reals(0.0)] * len(y), []
    for batch in _rows(batches):
        slopes = _slopes(x[batch].dot(theta), y[batch], loss)
        for i, slope in zip(batch, slopes, strict=True):
            squares[i] = squares[i] + slope * slope
        if kind == "diagonal":
            squares = [min(max(s, low), high) for s in squares]
            sizes = np.array([eta / sqrt(squares[i]) for i in batch])
        else:
            sizes = eta / sqrt(sum(squares))
        theta = _inner(theta, x, y, batch, sizes, alpha, inner_steps, loss)[-1]
        thetas.append(theta)
    return np.stack(thetas)


def projection(x, y, theta0, batches, eta, loss):
    """Parameters by the eigenvectors of the Gram matrix, targets by Gram and Schmidt."""
    x, y, theta, eta = map(reals, (x, y, theta0, eta))
    values, vectors = eigh(x.T.dot(x))
    kept = values > values[-1] * 1e-25
    inverse = (vectors[:, kept] / values[kept]).dot(vectors[:, kept].T).dot(x.T)
    basis: list = []
    for column in x.T:
        rest = column - sum((q.dot(column) * q for q in basis), 0 * column)
        if rest.dot(rest) > 1e-25 * column.dot(column):
            basis.append(rest / sqrt(rest.dot(rest)))
    z, thetas, targets = x.dot(theta), [], []
    for batch in _rows(batches):
        found = []
        for at in (x.dot(theta), z):
            slopes = 0 * at
            for i, slope in zip(batch, _slopes(at[batch], y[batch], loss), strict=True):
                slopes[i] = slopes[i] + slope
            found.append(slopes)
        theta, half = theta - eta * inverse.dot(found[0]), z - eta * found[1]
        z = sum(q.dot(half) * q for q in basis)
        thetas.append(theta)
        targets.append(z)
    return np.stack(thetas), np.stack(targets)
