"""What the oracle knows of learning rates from random-matrix theory."""

from dataclasses import replace
from functools import partial

import numpy as np

from refimpl.core.arrays import array_namespace, device
from refimpl.core.lanczos import lanczos, ritz
from refimpl.core.random import stream
from refimpl.optimizers import rmt_learning_rates as rmt
from refimpl.specs import exact
from refimpl.specs.base import (
    Case,
    ErrorCase,
    Law,
    Mistakes,
    Operation,
    Paper,
    System,
    Variant,
    array,
    choice,
    integer,
    number,
)
from refimpl.specs.optimizers.rmt_learning_rates.claims import CLAIMS

# Operations ---------------------------------------------------------------------------------------------------


def _supply(data):
    """0 stands for endless data."""
    return data if data else None


def batch_hessian(eigenvalues, batches, sigma2, parameters, data):
    """Ends of the spectrum of batch Hessians, each from an eigenvalue and a batch size."""
    noise = rmt.noise(batches, sigma2=sigma2, parameters=parameters, data=_supply(data))
    return rmt.batch_hessian(eigenvalues, noise), rmt.batch_hessian(eigenvalues, noise, end="bottom")


def gauss_newton(eigenvalues, ratios, sigma2):
    """Largest eigenvalues of batch Gauss-Newton matrices."""
    return rmt.batch_gauss_newton(eigenvalues, ratio=ratios, sigma2=sigma2)


def scale_lr(lr, batch, batches, rule, top, sigma2, parameters, data):
    """Step sizes taken to other batch sizes, and the largest that gradient descent bears there."""
    supply = {"sigma2": sigma2, "parameters": parameters, "data": _supply(data)}
    lrs = rmt.scale_lr(lr, batch, batches, rule=rule, top=top, **supply)
    return lrs, rmt.max_lr(rmt.batch_hessian(top + 0 * batches, rmt.noise(batches, **supply)))


def ritz_values(matrix, start, steps, tolerance):
    """Ritz values and weights of a matrix."""
    return ritz(lanczos(lambda v: matrix @ v, start, steps=steps, tolerance=tolerance))


def element_variance(matrix, batch_matrices, probes, batch, data):
    """Estimates of the squared Frobenius norm and of the variance of an element of the single-sample Hessian."""
    products = [lambda v, i=i: batch_matrices[i, ...] @ v for i in range(batch_matrices.shape[0])]
    product = lambda v: matrix @ v
    norm2 = rmt.trace(rmt.spectrum(product, probes, steps=2), array_namespace(probes).square)
    return norm2, rmt.element_variance(product, products, probes, batch=batch, data=_supply(data))


def trajectory(theta0, grads, hessians, probes, every, warmup, lanczos_steps, lr, momentum, floor, noise, rule):
    """Parameters and rates after each step of a learner, fed with given gradients and Hessians."""
    xp, given = array_namespace(theta0), iter([grads[t, :] for t in range(grads.shape[0])])

    def learn(state, _, epoch):
        product = lambda v: hessians[epoch, ...] @ v
        if rule == "rayleigh":
            return rmt.learn_rayleigh(state, product, probes[epoch, :])
        how = {"lanczos_steps": lanczos_steps, "floor": floor, "noise": noise}
        return rmt.learn_polyak(state, product, probes[epoch, :], **how)

    def record(theta, state):
        return {"theta": theta, "lr": _as(theta0, state.lr), "momentum": _as(theta0, state.momentum)}

    how = {"every": every, "warmup": warmup, "lr": lr, "momentum": momentum, "steps": grads.shape[0]}
    run = rmt.minimize(lambda _: next(given), theta0, learn=learn, record=record, **how)
    return tuple(xp.stack(run.history[name][1:]) for name in ("theta", "lr", "momentum"))


def _as(like, number):
    return array_namespace(like).asarray(number, dtype=like.dtype, device=device(like))


# Expected answers ---------------------------------------------------------------------------------------------


def _exact_noise(batches, sigma2, parameters, data):
    inverse = 1 / exact.fractions(batches) - (1 / exact.fractions(data) if data else 0)
    return parameters * exact.fractions(sigma2) * inverse


def _real(x):
    """Fractions to 50 digits."""
    return np.frompyfunc(lambda f: exact.reals(1.0) * f.numerator / f.denominator, 1, 1)(x)


def _exact_top(eigenvalue, noise):
    """From the case distinction, which is made in rational arithmetic."""
    if noise == 0 or (eigenvalue > 0 and eigenvalue**2 > noise):
        return _real(eigenvalue + noise / eigenvalue if noise else eigenvalue)
    return 2 * exact.sqrt(_real(noise))


def exact_batch_hessian(eigenvalues, batches, sigma2, parameters, data):
    """Case by case."""
    noise, eigenvalues = _exact_noise(batches, sigma2, parameters, data), exact.fractions(eigenvalues)
    top = np.array([_exact_top(*pair) for pair in zip(eigenvalues, noise, strict=True)])
    return top, -np.array([_exact_top(*pair) for pair in zip(-eigenvalues, noise, strict=True)])


def exact_gauss_newton(eigenvalues, ratios, sigma2):
    """Case by case."""
    bulk, found = exact.reals(sigma2), []
    for spike, ratio in zip(exact.reals(eigenvalues), exact.reals(ratios), strict=True):
        if spike > bulk * (1 + exact.sqrt(ratio)):
            found.append(spike * (1 + ratio * bulk / (spike - bulk)))
        else:
            found.append(bulk * (1 + exact.sqrt(ratio)) ** 2)
    return np.array(found)


def exact_scale_lr(lr, batch, batches, rule, top, sigma2, parameters, data):
    """Ratios of batch sizes, or of what `exact_batch_hessian` says."""
    tops, _ = exact_batch_hessian(np.full(len(batches), top), batches, sigma2, parameters, data)
    old, _ = exact_batch_hessian(np.array([top]), np.array([batch]), sigma2, parameters, data)
    grown = exact.reals(batches) / exact.reals(batch)
    factor = {"linear": lambda: grown, "sqrt": lambda: exact.sqrt(grown), "saturating": lambda: old[0] / tops}[rule]()
    return exact.reals(lr) * factor, 2 / tops


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


def _exact_recurrence(matrix, start, steps, tolerance):
    """Coefficients alpha_j and beta_j^2, from the moments v^T A^k v alone.

    The polynomial p_j = x^j + ... that makes |p_j(A) v| least is the j-th orthogonal one. The sum of its roots is
    alpha_1 + ... + alpha_j, and |p_j(A) v|^2 is |v|^2 beta_1^2 ... beta_j^2.
    """
    matrix, powers = exact.fractions(matrix), [exact.fractions(start)]
    steps = min(steps, len(start))
    for _ in range(steps):
        powers.append(matrix.dot(powers[-1]))
    moment = [powers[k // 2].dot(powers[k - k // 2]) for k in range(2 * steps + 1)]
    alphas: list = []
    squares, least, longest = [], [moment[0]], exact.fractions(0)
    for j in range(1, steps + 1):
        c = _solve([moment[i : i + j] for i in range(j)], [-m for m in moment[j : 2 * j]])
        least.append(moment[2 * j] + sum(a * b for a, b in zip(c, moment[j : 2 * j], strict=True)))
        alphas.append(-c[-1] - sum(alphas))
        squares.append(least[-1] / least[-2])
        longest = max(longest, alphas[-1] ** 2 + sum(squares[-2:]))  # the squared length of A q_j
        if squares[-1] <= exact.fractions(tolerance) ** 2 * longest:
            break
    return _real(np.array(alphas)), exact.sqrt(_real(np.array(squares)))


def exact_ritz_values(matrix, start, steps, tolerance):
    """Eigenvalues of T; weights as Christoffel numbers, 1 / sum of squared orthonormal polynomials."""
    alphas, betas = _exact_recurrence(matrix, start, steps, tolerance)
    tridiagonal = np.diag(alphas)
    for i, beta in enumerate(betas[:-1]):
        tridiagonal[i, i + 1] = tridiagonal[i + 1, i] = beta
    values = np.sort(exact.eigh(tridiagonal)[0])
    before, now = 0 * values, 0 * values + 1
    total = now
    for i, beta in enumerate(betas[:-1]):
        before, now = now, ((values - alphas[i]) * now - (betas[i - 1] * before if i else 0)) / beta
        total = total + now**2
    return values, 1 / total


def exact_element_variance(matrix, batch_matrices, probes, batch, data):
    """P times the mean of |H v|^2 / |v|^2, in rational arithmetic, without any Lanczos."""
    probes = exact.fractions(probes)

    def norm2(h):
        images = probes.dot(exact.fractions(h).T)
        return probes.shape[1] * ((images**2).sum(axis=1) / (probes**2).sum(axis=1)).sum() / len(probes)

    longer = sum(map(norm2, batch_matrices)) / len(batch_matrices) - norm2(matrix)
    return norm2(matrix), longer / _exact_noise(batch, 1.0, probes.shape[1] ** 2, data)


def exact_trajectory(theta0, grads, hessians, probes, every, warmup, lanczos_steps, lr, momentum, floor, noise, rule):
    """From the differences of the positions, with the moments' Ritz values."""
    before = theta = exact.reals(theta0)
    lr, momentum, thetas, lrs, momenta = exact.reals(lr), exact.reals(momentum), [], [], []
    for t, grad in enumerate(exact.reals(grads)):
        epoch = t // every
        if t % every == 0 and epoch >= warmup:
            hessian, probe = hessians[epoch], probes[epoch]
            if rule == "rayleigh":
                probe, hessian = exact.reals(probe), exact.reals(hessian)
                curvature = probe.dot(hessian.dot(probe))
                lr = (probe**2).sum() / curvature if curvature > 0 else lr
            else:
                values, _ = exact_ritz_values(hessian, probe, lanczos_steps, 2.0**-40)
                if (top := max(values)) > 0:
                    v = exact.reals(noise)
                    if v > 0:
                        top = top + v / top if top**2 > v else 2 * exact.sqrt(v)
                    bottom = min([x for x in values if x > 0 and exact.reals(floor) * top < x], default=top)
                    high, low = exact.sqrt(top), exact.sqrt(bottom)
                    lr, momentum = 4 / (high + low) ** 2, (1 - 2 * low / (high + low)) ** 2
        before, theta = theta, theta - lr * grad + momentum * (theta - before)
        thetas.append(theta)
        lrs.append(lr)
        momenta.append(momentum)
    return np.stack(thetas), np.array(lrs), np.array(momenta)


# Mutants: batch Hessian -----------------------------------------------------------------------------------------
# Each is a pair: 1/b in its place (b, N) -> number, and the top (eigenvalue, sigma^2, P, that number) -> top.

hessian_mistake = Mistakes()


def _inverse(batches, data):
    return (data - batches) / (batches * data) if data else 1 / batches


def _where(condition, a, b):
    return array_namespace(condition).where(condition, a, b)


def _root(x):
    return array_namespace(x).sqrt(x)


def _spread(eigenvalues, v):
    """The right answer for v > 0, else the eigenvalue."""
    seen = array_namespace(eigenvalues).maximum(eigenvalues, _root(v))
    return _where(v > 0, seen + v / _where(v > 0, seen, 1 + 0 * seen), eigenvalues)


@hessian_mistake(
    "wrong_constant",
    "divide by the effective batch size b / (1 - b/N); here by b itself, so that noise is left where the batch is the "
    "whole data (it shows only if b is not small against N)",
)
def raw_batch(eigenvalues, batches, sigma2, parameters, data):
    return _spread(eigenvalues, parameters * sigma2 / batches)


@hessian_mistake(
    "wrong_constant",
    "the effective batch size is b / (1 - b/N), larger than b; here it is b (1 - b/N)",
)
def shrunken_batch(eigenvalues, batches, sigma2, parameters, data):
    share = 1 - batches / data if data else 1 + 0 * batches
    return _spread(eigenvalues, parameters * sigma2 / (batches * _where(share > 0, share, 1 + 0 * share)))


@hessian_mistake(
    "wrong_scale",
    "sigma^2 is the variance of an element of the symmetric noise; here it is that of A in (A + A^T) / 2, whose "
    "elements have half of it",
)
def symmetrized_noise(eigenvalues, batches, sigma2, parameters, data):
    return _spread(eigenvalues, 0.5 * parameters * sigma2 * _inverse(batches, data))


@hessian_mistake("wrong_scale", "multiply by the number of parameters: v = P sigma^2 / b; here P is missing")
def no_parameters(eigenvalues, batches, sigma2, parameters, data):
    return _spread(eigenvalues, sigma2 * _inverse(batches, data))


@hessian_mistake("wrong_constant", "sigma^2 is a variance; here it is squared once more")
def sigma_squared_twice(eigenvalues, batches, sigma2, parameters, data):
    return _spread(eigenvalues, parameters * sigma2 * sigma2 * _inverse(batches, data))


@hessian_mistake(
    "wrong_constant",
    "the variance of the noise falls as 1/b; here its standard deviation does, and the edge shrinks as 1/b in place of "
    "1/sqrt(b)",
)
def deviation_falls_as_variance(eigenvalues, batches, sigma2, parameters, data):
    return _spread(eigenvalues, parameters * sigma2 * _inverse(batches, data) ** 2)


@hessian_mistake(
    "wrong_constant",
    "an outlier needs an eigenvalue above sqrt(v); here it is compared with v, sigma^2 in place of sigma",
)
def threshold_not_rooted(eigenvalues, batches, sigma2, parameters, data):
    v = parameters * sigma2 * _inverse(batches, data)
    return _where(eigenvalues > v, eigenvalues + v / eigenvalues, 2 * _root(v))


@hessian_mistake(
    "missing_step",
    "below sqrt(v) the largest eigenvalue is the edge 2 sqrt(v); here lambda + v / lambda is used there too, which has "
    "no bound near 0",
)
def always_outlier(eigenvalues, batches, sigma2, parameters, data):
    return eigenvalues + parameters * sigma2 * _inverse(batches, data) / eigenvalues


@hessian_mistake("wrong_constant", "the semicircle ends at 2 sqrt(v); here at sqrt(v)")
def half_the_edge(eigenvalues, batches, sigma2, parameters, data):
    v = parameters * sigma2 * _inverse(batches, data)
    return _where(eigenvalues > _root(v), _spread(eigenvalues, v), _where(v > 0, _root(v), eigenvalues))


@hessian_mistake("wrong_constant", "an outlier moves by v / lambda; here the edge 2 sqrt(v) is added to the eigenvalue")
def edge_added(eigenvalues, batches, sigma2, parameters, data):
    return eigenvalues + 2 * _root(parameters * sigma2 * _inverse(batches, data))


@hessian_mistake("missing_step", "below sqrt(v) the noise has an edge of its own; here the eigenvalue just stays")
def no_edge(eigenvalues, batches, sigma2, parameters, data):
    v = parameters * sigma2 * _inverse(batches, data)
    return _where(eigenvalues > _root(v), _spread(eigenvalues, v), eigenvalues)


ends_mistake = Mistakes()


@ends_mistake(
    "wrong_sign",
    "the bottom mirrors the top, -top(-lambda); here its outliers are right, but otherwise the top is returned",
)
def bottom_like_top(eigenvalues, batches, sigma2, parameters, data):
    top, v = _spread(eigenvalues, parameters * sigma2 * _inverse(batches, data)), parameters * sigma2
    v = v * _inverse(batches, data)
    return top, _where(eigenvalues < -_root(v), -_spread(-eigenvalues, v), top)


@ends_mistake("wrong_sign", "noise pushes both ends outwards; here it pulls the bottom towards 0")
def bottom_pulled_in(eigenvalues, batches, sigma2, parameters, data):
    v = parameters * sigma2 * _inverse(batches, data)
    below = eigenvalues < -_root(v)
    pulled = eigenvalues - v / _where(below, eigenvalues, 1 + 0 * eigenvalues)
    return _spread(eigenvalues, v), _where(below, pulled, -_spread(-eigenvalues, v))


def _both_ends(rule):
    return lambda eigenvalues, batches, sigma2, parameters, data: (
        rule(eigenvalues, batches, sigma2, parameters, data),
        -rule(-eigenvalues, batches, sigma2, parameters, data),
    )


# Mutants: Gauss-Newton ----------------------------------------------------------------------------------------

newton_mistake = Mistakes()


def _outlier(spike, ratio, bulk):
    return spike * (1 + ratio * bulk / (spike - bulk))


@newton_mistake("wrong_scale", "gamma is P / b; here its inverse is used")
def inverted_ratio(eigenvalues, ratios, sigma2):
    inverse = 1 / ratios
    edge = sigma2 * (1 + _root(inverse))
    return _where(eigenvalues > edge, _outlier(eigenvalues, inverse, sigma2), edge**2 / sigma2)


@newton_mistake(
    "missing_step",
    "below sigma^2 (1 + sqrt(gamma)) the largest eigenvalue is the edge; here the outlier's formula is used there too",
)
def always_outlier_(eigenvalues, ratios, sigma2):
    return _outlier(eigenvalues, ratios, sigma2)


@newton_mistake("missing_step", "the spectrum ends at sigma^2 (1 + sqrt(gamma))^2; here the square is missing")
def edge_not_squared(eigenvalues, ratios, sigma2):
    edge = sigma2 * (1 + _root(ratios))
    return _where(eigenvalues > edge, _outlier(eigenvalues, ratios, sigma2), edge)


@newton_mistake(
    "wrong_constant", "outliers emerge from sigma^2 (1 + sqrt(gamma)); here from the edge itself, its square"
)
def threshold_is_edge(eigenvalues, ratios, sigma2):
    edge = sigma2 * (1 + _root(ratios)) ** 2
    return _where(eigenvalues > edge, _outlier(eigenvalues, ratios, sigma2), edge)


@newton_mistake(
    "wrong_constant",
    "a Gauss-Newton matrix is a mean of squares and has no symmetric noise; here the rule of the Hessian is used, with "
    "v = gamma sigma^4",
)
def rule_of_hessian(eigenvalues, ratios, sigma2):
    return _spread(eigenvalues, ratios * sigma2 * sigma2)


@newton_mistake("missing_step", "divide by lambda - sigma^2; here by lambda, which adds gamma sigma^2 to any outlier")
def bulk_not_subtracted(eigenvalues, ratios, sigma2):
    edge = sigma2 * (1 + _root(ratios))
    return _where(eigenvalues > edge, eigenvalues + ratios * sigma2, edge**2 / sigma2)


# Mutants: step sizes ------------------------------------------------------------------------------------------
# Each is a pair (ratio of the step sizes, largest step sizes) from (b0, b, rule, lambda', lambda' at b0, unbranched).

rate_mistake = Mistakes()


def _right_factor(grown, rule, old, new):
    return {"linear": lambda: grown, "sqrt": lambda: grown**0.5, "saturating": lambda: old / new}[rule]()


@rate_mistake("wrong_constant", "step sizes grow with the batch: times b / b0; here times b0 / b")
def inverted_growth(grown, rule, old, new):
    return _right_factor(1 / grown, rule, old, new), 2 / new


@rate_mistake("wrong_constant", "Adam and its like take the square root of b / b0; here they are scaled like SGD")
def linear_for_adam(grown, rule, old, new):
    return _right_factor(grown, "linear" if rule == "sqrt" else rule, old, new), 2 / new


@rate_mistake("wrong_constant", "SGD scales with b / b0; here with its square root")
def root_for_sgd(grown, rule, old, new):
    return _right_factor(grown, "sqrt" if rule == "linear" else rule, old, new), 2 / new


@rate_mistake("missing_step", "large batches see no less than the eigenvalue of the data; here growth never saturates")
def never_saturates(grown, rule, old, new):
    return _right_factor(grown, "linear" if rule == "saturating" else rule, old, new), 2 / new


@rate_mistake(
    "wrong_constant", "a larger eigenvalue asks for a smaller step: lr times lambda'(b0) / lambda'(b); here inverted"
)
def inverted_eigenvalues(grown, rule, old, new):
    return _right_factor(grown, rule, new, old), 2 / new


@rate_mistake("wrong_constant", "gradient descent converges up to 2 / lambda'; here up to 1 / lambda'")
def half_the_limit(grown, rule, old, new):
    return _right_factor(grown, rule, old, new), 1 / new


supply_mistake = Mistakes()


@supply_mistake("wrong_constant", "divide by the effective batch size b / (1 - b/N); here by b itself")
def raw_batch_(top, batches, sigma2, parameters, data):
    return raw_batch(top + 0 * batches, batches, sigma2, parameters, data)


@supply_mistake(
    "missing_step", "use the eigenvalue that the batch sees; here that of the whole data serves all batches"
)
def eigenvalue_of_data(top, batches, sigma2, parameters, data):
    return top + 0 * batches


@supply_mistake(
    "missing_step",
    "below the threshold, b < P sigma^2 / lambda^2, the largest eigenvalue is the edge of the noise; here lambda + v / "
    "lambda goes on, which gives SGD a linear regime that the noise does not allow",
)
def always_outlier__(top, batches, sigma2, parameters, data):
    return always_outlier(top + 0 * batches, batches, sigma2, parameters, data)


def _as_rates(
    rule, tops=lambda top, *where: _spread(top + 0 * where[0], where[1] * where[2] * _inverse(where[0], where[3]))
):
    def run(lr, batch, batches, top, sigma2, parameters, data, **named):
        old = tops(top, batch + 0 * batches, sigma2, parameters, data)
        factor, largest = rule(batches / batch, named["rule"], old, tops(top, batches, sigma2, parameters, data))
        return lr * factor, largest

    return run


def _right_rates(grown, rule, old, new):
    return _right_factor(grown, rule, old, new), 2 / new


growth_mistake = Mistakes()


@growth_mistake(
    "wrong_constant",
    "the linear and the square-root rule take batch sizes as they are; here effective ones, b / (1 - b/N)",
)
def effective_growth(lr, batch, batches, rule, top, sigma2, parameters, data):
    shares = _inverse(batch, data) / _inverse(batches, data)
    tops = lambda b: _spread(top + 0 * batches, parameters * sigma2 * _inverse(b, data))
    new = tops(batches)
    return lr * _right_factor(shares, rule, tops(batch + 0 * batches), new), 2 / new


# Mutants: Lanczos ---------------------------------------------------------------------------------------------

lanczos_mistake = Mistakes()


def _lanczos(matrix, start, steps, tolerance, *, passes=2, normalize=True, close=True, memory=True, by_alphas=False):
    """alphas, betas, the last included."""
    xp = array_namespace(start)
    basis = [start / xp.linalg.vector_norm(start) if normalize else start]
    alphas: list = []
    betas: list = []
    longest = 0.0
    while True:
        u = matrix @ basis[-1]
        length = float(xp.linalg.vector_norm(u))
        if betas:
            u = u - betas[-1] * basis[-2]
        alphas.append(basis[-1] @ u)
        longest = max(memory * longest, abs(float(alphas[-1])) if by_alphas else length)
        u = u - alphas[-1] * basis[-1]
        q = xp.stack(basis)
        for _ in range(passes):
            u = u - (q @ u) @ q
        betas.append(xp.linalg.vector_norm(u))
        if len(alphas) >= min(steps, start.shape[0]) or (close and float(betas[-1]) <= tolerance * longest):
            return xp.stack(alphas), xp.stack(betas)
        basis.append(u / betas[-1])


def _eigenpairs(alphas, betas):
    """Of T; `betas` has one entry to spare."""
    xp, j = array_namespace(alphas), alphas.shape[0]
    above = xp.eye(j, k=1) * xp.expand_dims(betas, axis=1)
    return xp.linalg.eigh(xp.eye(j) * alphas + above + above.T)


def _quadrature(alphas, betas, row=0):
    """Ritz values and the components of T's eigenvectors in a row."""
    values, vectors = _eigenpairs(alphas, betas)
    return values, vectors[row, :]


def _values_and_weights(tridiagonal):
    values, first = _quadrature(*tridiagonal)
    return values, first**2


@lanczos_mistake(
    "missing_step",
    "orthogonalize each new vector against all before it; here only against the last two, and once the largest "
    "eigenvalue is found it comes again, as ghosts (moments and densities do not show it)",
    "https://github.com/JuliaLinearAlgebra/IterativeSolvers.jl/issues/144",
)
def no_reorthogonalization(matrix, start, steps, tolerance):
    return _values_and_weights(_lanczos(matrix, start, steps, tolerance, passes=0))


@lanczos_mistake(
    "wrong_axis",
    "the weights are the squared first components of T's eigenvectors; here the last ones, which also sum to 1",
)
def last_components(matrix, start, steps, tolerance):
    alphas, betas = _lanczos(matrix, start, steps, tolerance)
    values, last = _quadrature(alphas, betas, row=-1)
    return values, last**2


@lanczos_mistake(
    "wrong_axis",
    "the weights are the squared first components of all eigenvectors of T, the first row; here all components of one, "
    "the first column",
    "https://github.com/amirgholami/PyHessian/pull/23",
)
def first_column(matrix, start, steps, tolerance):
    alphas, betas = _lanczos(matrix, start, steps, tolerance)
    values, vectors = _eigenpairs(alphas, betas)
    return values, vectors[:, 0] ** 2


@lanczos_mistake("missing_step", "square the first components of T's eigenvectors; here the weights are their sizes")
def weights_not_squared(matrix, start, steps, tolerance):
    values, first = _quadrature(*_lanczos(matrix, start, steps, tolerance))
    return values, abs(first)


@lanczos_mistake(
    "wrong_order",
    "beside alpha_1 and alpha_2 stands beta_1; here the betas are shifted by one, and the last, which is no part of T, "
    "takes part",
)
def shifted_betas(matrix, start, steps, tolerance):
    alphas, betas = _lanczos(matrix, start, steps, tolerance)
    xp = array_namespace(betas)
    return _values_and_weights((alphas, xp.concat([betas[1:], betas[:1]])))


@lanczos_mistake("wrong_constant", "beta is a length; here its square stands in T")
def squared_betas(matrix, start, steps, tolerance):
    alphas, betas = _lanczos(matrix, start, steps, tolerance)
    return _values_and_weights((alphas, betas**2))


@lanczos_mistake("missing_step", "divide the start by its length; here it is taken as it is")
def start_not_normalized(matrix, start, steps, tolerance):
    return _values_and_weights(_lanczos(matrix, start, steps, tolerance, normalize=False))


@lanczos_mistake(
    "missing_step",
    "stop once beta is 0 up to rounding: the space is closed; here the method goes on, and divides by it",
    "https://github.com/cupy/cupy/pull/10099",
)
def no_breakdown(matrix, start, steps, tolerance):
    return _values_and_weights(_lanczos(matrix, start, steps, tolerance, close=False))


@lanczos_mistake(
    "wrong_constant", "stop by the tolerance that is given; here by that of rounding, 1e-12, whatever is given"
)
def tolerance_ignored(matrix, start, steps, tolerance):
    return _values_and_weights(_lanczos(matrix, start, steps, 1e-12))


@lanczos_mistake(
    "wrong_constant", "beta_j is compared with the longest product A q_i so far; here with the largest alpha_i"
)
def compared_with_alphas(matrix, start, steps, tolerance):
    return _values_and_weights(_lanczos(matrix, start, steps, tolerance, by_alphas=True))


@lanczos_mistake(
    "missing_step", "beta_j is compared with the longest of all products A q_i so far; here with the last one"
)
def compared_with_last_product(matrix, start, steps, tolerance):
    return _values_and_weights(_lanczos(matrix, start, steps, tolerance, memory=False))


# Mutants: variance of an element --------------------------------------------------------------------------------

variance_mistake = Mistakes()


def _norm2(matrix, probes):
    """|H v|^2 / |v|^2 for each probe."""
    xp = array_namespace(probes)
    images = probes @ matrix.T
    return xp.sum(images * images, axis=1) / xp.sum(probes * probes, axis=1)


def _frobenius(matrix, probes):
    return probes.shape[1] * array_namespace(probes).mean(_norm2(matrix, probes))


def _longer(matrix, batch_matrices, probes, norm2):
    n = batch_matrices.shape[0]
    return sum(norm2(batch_matrices[i, ...], probes) for i in range(n)) / n - norm2(matrix, probes)


@variance_mistake("wrong_scale", "there are P^2 elements; here the sum is divided by P")
def one_parameter_count(matrix, batch_matrices, probes, batch, data):
    longer = _longer(matrix, batch_matrices, probes, _frobenius)
    return _frobenius(matrix, probes), longer / (probes.shape[1] * _inverse(batch, data))


@variance_mistake("wrong_constant", "multiply by the effective batch size b / (1 - b/N); here by b itself")
def raw_batch__(matrix, batch_matrices, probes, batch, data):
    longer = _longer(matrix, batch_matrices, probes, _frobenius)
    return _frobenius(matrix, probes), longer * batch / probes.shape[1] ** 2


@variance_mistake("missing_step", "multiply by the batch size; here the variance is that of a batch Hessian")
def variance_of_batch(matrix, batch_matrices, probes, batch, data):
    longer = _longer(matrix, batch_matrices, probes, _frobenius)
    return _frobenius(matrix, probes), longer / probes.shape[1] ** 2


@variance_mistake("missing_step", "subtract the squared norm of the Hessian over the data; here it counts as noise")
def mean_not_subtracted(matrix, batch_matrices, probes, batch, data):
    scale = probes.shape[1] ** 2 * _inverse(batch, data)
    longer = _longer(0 * matrix, batch_matrices, probes, _frobenius)
    return _frobenius(matrix, probes), longer / scale


@variance_mistake("wrong_order", "average the squared norms; here the norms are averaged, and then squared")
def square_of_mean_norm(matrix, batch_matrices, probes, batch, data):
    n, root = batch_matrices.shape[0], lambda m: _root(_frobenius(m, probes))
    mean = sum(root(batch_matrices[i, ...]) for i in range(n)) / n
    longer = mean**2 - _frobenius(matrix, probes)
    return _frobenius(matrix, probes), longer / (probes.shape[1] ** 2 * _inverse(batch, data))


@variance_mistake(
    "wrong_constant",
    "second moments need |H v|^2, or two steps of Lanczos; here one, (v.H v)^2, which misses all that leads out of v",
)
def one_step(matrix, batch_matrices, probes, batch, data):
    def norm2(h, probes):
        xp = array_namespace(probes)
        share = xp.sum(probes * (probes @ h.T), axis=1) / xp.sum(probes * probes, axis=1)
        return probes.shape[1] * xp.mean(share * share)

    scale = probes.shape[1] ** 2 * _inverse(batch, data)
    return norm2(matrix, probes), _longer(matrix, batch_matrices, probes, norm2) / scale


@variance_mistake("wrong_scale", "the trace is P times the mean over probes; here the factor P is missing")
def mean_eigenvalue(matrix, batch_matrices, probes, batch, data):
    norm2 = lambda h, probes: array_namespace(probes).mean(_norm2(h, probes))
    scale = probes.shape[1] ** 2 * _inverse(batch, data)
    return norm2(matrix, probes), _longer(matrix, batch_matrices, probes, norm2) / scale


def by_lengths(matrix, batch_matrices, probes, batch, data):
    """v.H^2 v itself, |v|^2 in place of P."""

    def norm2(h, probes):
        images = probes @ h.T
        return array_namespace(probes).sum(images * images) / probes.shape[0]

    scale = probes.shape[1] ** 2 * _inverse(batch, data)
    return norm2(matrix, probes), _longer(matrix, batch_matrices, probes, norm2) / scale


# Mutants: learners ----------------------------------------------------------------------------------------------
# Each changes one of: the values that rates are made of, the rates of a rule, or the step.

learner_mistake = Mistakes()


def _measured(hessian, probe, lanczos_steps, noise):
    """All Ritz values, and the largest one lifted by the noise."""
    values = ritz(lanczos(lambda v: hessian @ v, probe, steps=lanczos_steps))[0]
    xp = array_namespace(values)
    return values, rmt.batch_hessian(xp.asarray(xp.max(values)), noise)


def _bottom(values, top, floor):
    xp = array_namespace(values)
    return xp.min(xp.where((values > 0) & (values > floor * top), values, top))


def _polyak(top, bottom):
    high, low = _root(top), _root(bottom)
    return (2 / (high + low)) ** 2, ((high - low) / (high + low)) ** 2


def _set_polyak(hessian, probe, lr, momentum, lanczos_steps, floor, noise, *, bottom=_bottom, rates=_polyak):
    values, top = _measured(hessian, probe, lanczos_steps, noise)
    if not array_namespace(values).max(values) > 0:
        return lr, momentum
    return rates(top, bottom(values, top, floor))


def _set_rayleigh(hessian, probe, lr, momentum, *_):
    xp = array_namespace(probe)
    curvature = xp.sum(probe * (hessian @ probe))
    return (xp.sum(probe * probe) / curvature if curvature > 0 else lr), momentum


def _heavy_ball(theta, move, grad, lr, momentum, refreshed):
    move = momentum * move - lr * grad
    return theta + move, move


def _learner(*, polyak=_set_polyak, rayleigh=_set_rayleigh, step=_heavy_ball, late=False, ignore_warmup=False):
    def run(theta0, grads, hessians, probes, every, warmup, lanczos_steps, lr, momentum, floor, noise, rule):
        theta, move = theta0, 0 * theta0
        out: tuple[list, list, list] = ([], [], [])
        for t in range(grads.shape[0]):
            epoch, within = divmod(t, every)
            refreshed = within == 0 and (epoch >= warmup or ignore_warmup)
            old = lr, momentum
            if refreshed:
                extra = (lanczos_steps, floor, noise)
                setter = rayleigh if rule == "rayleigh" else polyak
                lr, momentum = setter(hessians[epoch, ...], probes[epoch, :], lr, momentum, *extra)
            now = old if late else (lr, momentum)
            theta, move = step(theta, move, grads[t, :], *now, refreshed)
            for path, x in zip(out, (theta, *(_as(theta0, rate) for rate in now)), strict=True):
                path.append(x)
        return tuple(map(array_namespace(theta0).stack, out))

    return run


@learner_mistake(
    "missing_step", "the momentum is ((sqrt(l1) - sqrt(lP)) / (sqrt(l1) + sqrt(lP)))^2; here it is not squared"
)
def momentum_not_squared(*inputs):
    rates = lambda top, bottom: (_polyak(top, bottom)[0], _root(_polyak(top, bottom)[1]))
    return _learner(polyak=partial(_set_polyak, rates=rates))(*inputs)


@learner_mistake(
    "wrong_constant",
    "with momentum the step is (2 / (sqrt(l1) + sqrt(lP)))^2; here it is 2 / (l1 + lP), which is best without",
)
def step_without_momentum(*inputs):
    rates = lambda top, bottom: (2 / (top + bottom), _polyak(top, bottom)[1])
    return _learner(polyak=partial(_set_polyak, rates=rates))(*inputs)


@learner_mistake("missing_step", "take roots of the eigenvalues; here the rates are made of the eigenvalues themselves")
def no_roots(*inputs):
    rates = lambda top, bottom: _polyak(top * top, bottom * bottom)
    return _learner(polyak=partial(_set_polyak, rates=rates))(*inputs)


@learner_mistake(
    "missing_step",
    "take the smallest positive Ritz value; here the smallest one, and its root is NaN if it is negative",
)
def smallest_of_all(*inputs):
    bottom = lambda values, top, floor: array_namespace(values).min(values)
    return _learner(polyak=partial(_set_polyak, bottom=bottom))(*inputs)


@learner_mistake(
    "wrong_sign",
    "take the smallest positive Ritz value; here the absolute value of the smallest one",
)
def size_of_smallest(*inputs):
    bottom = lambda values, top, floor: abs(array_namespace(values).min(values))
    return _learner(polyak=partial(_set_polyak, bottom=bottom))(*inputs)


@learner_mistake("missing_step", "pass over Ritz values below floor times the largest; here they count")
def no_floor(*inputs):
    bottom = lambda values, top, floor: _bottom(values, top, 0.0)
    return _learner(polyak=partial(_set_polyak, bottom=bottom))(*inputs)


@learner_mistake(
    "wrong_order", "the floor is a share of the lifted largest value; here of the largest Ritz value itself"
)
def floor_of_unlifted(*inputs):
    bottom = lambda values, top, floor: _bottom(values, top, floor * array_namespace(values).max(values) / top)
    return _learner(polyak=partial(_set_polyak, bottom=bottom))(*inputs)


@learner_mistake(
    "missing_step", "the floor is a share of the largest value; here Ritz values are compared with it as is"
)
def absolute_floor(*inputs):
    bottom = lambda values, top, floor: _bottom(values, top, floor / top)
    return _learner(polyak=partial(_set_polyak, bottom=bottom))(*inputs)


@learner_mistake("missing_step", "lift the largest eigenvalue by the noise of the batches; here the noise is ignored")
def no_lift(*inputs):
    def polyak(hessian, probe, lr, momentum, lanczos_steps, floor, noise):
        return _set_polyak(hessian, probe, lr, momentum, lanczos_steps, floor, 0.0)

    return _learner(polyak=polyak)(*inputs)


@learner_mistake("wrong_order", "step with the rates just measured; here they are used from the next step on")
def rates_a_step_late(*inputs):
    return _learner(late=True)(*inputs)


@learner_mistake("extra_step", "keep the last move when the rates change; here momentum starts anew with each epoch")
def restarted(*inputs):
    step = lambda theta, move, grad, lr, momentum, refreshed: _heavy_ball(
        theta, 0 * move if refreshed else move, grad, lr, momentum, refreshed
    )
    return _learner(step=step)(*inputs)


@learner_mistake(
    "extra_step", "add alpha times the gradient to the move; here it is damped by 1 - rho, as in an average"
)
def damped(*inputs):
    step = lambda theta, move, grad, lr, momentum, refreshed: _heavy_ball(
        theta, move, (1 - momentum) * grad, lr, momentum, refreshed
    )
    return _learner(step=step)(*inputs)


@learner_mistake("missing_step", "add rho times the last move; here the step forgets it")
def no_momentum(*inputs):
    step = lambda theta, move, grad, lr, momentum, refreshed: (theta - lr * grad, move)
    return _learner(step=step)(*inputs)


@learner_mistake("wrong_constant", "alpha is g.g / g.Hg; here it is inverted, which is the curvature and no step size")
def inverted_quotient(*inputs):
    def rayleigh(*given):
        lr, momentum = _set_rayleigh(*given)
        return (lr if lr is given[2] else 1 / lr), momentum

    return _learner(rayleigh=rayleigh)(*inputs)


@learner_mistake(
    "missing_step",
    "keep the last step size where the curvature along g is not positive; here the step climbs",
    "https://github.com/diegogranziol/rmt_damping_dl/blob/fd946ed/eigenthings/lr_sgd.py",
)
def negative_curvature(*inputs):
    def rayleigh(hessian, probe, lr, momentum, *_):
        xp = array_namespace(probe)
        return xp.sum(probe * probe) / xp.sum(probe * (hessian @ probe)), momentum

    return _learner(rayleigh=rayleigh)(*inputs)


@learner_mistake("missing_step", "in the warm-up epochs keep the first rates; here they are measured from the start")
def no_warmup(*inputs):
    return _learner(ignore_warmup=True)(*inputs)


def gradient_buffer(*inputs):
    """The buffer of PyTorch's SGD: momentum holds gradients, and the newest step size multiplies all of them."""
    step = lambda theta, move, grad, lr, momentum, refreshed: (
        theta - lr * (momentum * move + grad),
        momentum * move + grad,
    )
    return _learner(step=step)(*inputs)


def clipped_floor(*inputs):
    """The floor lifts the smallest positive value instead of passing it over."""

    def bottom(values, top, floor):
        return array_namespace(values).maximum(_bottom(values, top, 0.0), floor * top)

    return _learner(polyak=partial(_set_polyak, bottom=bottom))(*inputs)


def _by_name(function, names):
    return lambda **inputs: function(*(inputs[name] for name in names))


# Cases --------------------------------------------------------------------------------------------------------

_STRENGTHS = [-4.0, -1.25, 0.0, 0.5, 1.5, 4.0]  # in units of sqrt(v), where v = 2


def _hessian_inputs(eigenvalues, batches, sigma2=1.0, parameters=100, data=0):
    eigenvalues = np.array(eigenvalues, dtype=float)
    return {
        "eigenvalues": eigenvalues,
        "batches": np.broadcast_to(np.array(batches, dtype=float), eigenvalues.shape).copy(),
        "sigma2": sigma2,
        "parameters": parameters,
        "data": data,
    }


HESSIAN_CASES = (
    Case(
        "both-branches",
        ("basic", "missing_step"),
        "an outlier moves out by v / lambda; a weaker eigenvalue drowns, and the edge of the noise is seen",
        _hessian_inputs([2.0, 1.0], 50),
        equations=("rmt_learning_rates-2", "rmt_learning_rates-3", "rmt_learning_rates-4"),
        answer={"top": np.array([3.0, 8**0.5]), "bottom": np.array([-(8**0.5)] * 2)},
        source="worked by hand",
    ),
    Case(
        "half-of-the-data",
        ("basic", "wrong_constant"),
        "without replacement the noise is that of a batch of the effective size",
        _hessian_inputs([2.0, -2.0], 50, data=100),
        equations=("rmt_learning_rates-1", "rmt_learning_rates-5"),
        answer={"top": np.array([2.5, 2.0]), "bottom": np.array([-2.0, -2.5])},
        source="worked by hand",
    ),
    Case(
        "all-strengths",
        ("basic", "edge_case"),
        "eigenvalues of either sign, weak, strong and 0: nothing is divided by 0, and the two ends mirror each other",
        _hessian_inputs([s * 2**0.5 for s in _STRENGTHS], 50),
        equations=("rmt_learning_rates-4", "rmt_learning_rates-5"),
    ),
    Case(
        "nearly-all-data",
        ("wrong_constant",),
        "a batch of 380 of 400 has nearly no noise left",
        _hessian_inputs([4.0, -0.1, 0.1, -4.0], 380, parameters=200, data=400),
        equations=("rmt_learning_rates-1",),
    ),
    Case(
        "whole-data",
        ("boundary", "edge_case"),
        "a batch that is the whole data sees its eigenvalues, of either sign",
        _hessian_inputs([4.0, 0.5, 0.0, -0.5, -4.0], 400, parameters=200, data=400),
        equations=("rmt_learning_rates-1",),
        answer={name: np.array([4.0, 0.5, 0.0, -0.5, -4.0]) for name in ("top", "bottom")},
        source="b = N",
    ),
    Case(
        "one-eigenvalue",
        ("boundary",),
        "one eigenvalue, one parameter, one sample",
        _hessian_inputs([0.75], 1, sigma2=0.25, parameters=1),
    ),
    Case(
        "growing-batches",
        ("basic", "wrong_constant"),
        "the noise falls as 1/b, the edge as 1/sqrt(b), and beyond b* = P sigma^2 / lambda^2 = 200 there is an outlier",
        _hessian_inputs([4.0] * 6, [1, 16, 128, 256, 1024, 2**20], sigma2=3.2, parameters=1000),
        equations=("rmt_learning_rates-2", "rmt_learning_rates-3"),
    ),
    Case(
        "tiny-scale",
        ("numerics",),
        "a landscape 2^20 times as flat: an epsilon would show here",
        _hessian_inputs([2.0**-19, 2.0**-20, -(2.0**-18)], 50, sigma2=2.0**-40),
    ),
    Case(
        "huge-scale",
        ("numerics",),
        "a landscape 2^20 times as steep",
        _hessian_inputs([2.0**21, 2.0**20, -(2.0**22)], 50, sigma2=2.0**40),
    ),
)


def _random_hessian(rng):
    data = int(rng.integers(100, 10_000)) if rng.uniform() < 0.5 else 0
    k, parameters, sigma2 = int(rng.integers(1, 6)), int(rng.integers(1, 5000)), float(10.0 ** rng.uniform(-4, 2))
    batches = np.floor(10.0 ** rng.uniform(0, 1.6, k))  # at most 39: far from `data`
    return _hessian_inputs(
        rng.uniform(-4, 4, k) * np.sqrt(parameters * sigma2 / batches), batches, sigma2, parameters, data
    )


def _newton_inputs(eigenvalues, ratios, sigma2=1.0):
    eigenvalues = np.array(eigenvalues, dtype=float)
    ratios = np.broadcast_to(np.array(ratios, dtype=float), eigenvalues.shape).copy()
    return {"eigenvalues": eigenvalues, "ratios": ratios, "sigma2": sigma2}


NEWTON_CASES = (
    Case(
        "both-branches",
        ("basic", "missing_step"),
        "above 1 + sqrt(2) there is an outlier, below it the edge of Marchenko and Pastur",
        _newton_inputs([4.0, 2.0], 2.0),
        equations=("rmt_learning_rates-6", "rmt_learning_rates-7"),
        answer={"top": np.array([20 / 3, (1 + 2**0.5) ** 2])},
        source="worked by hand",
    ),
    Case(
        "other-bulk",
        ("basic", "wrong_constant"),
        "a bulk that is not 1: it scales edge, threshold and outlier alike",
        _newton_inputs([9.0, 4.0, 0.75, 2.5], [4.0, 4.0, 4.0, 0.25], sigma2=0.75),
        equations=("rmt_learning_rates-6",),
    ),
    Case(
        "at-the-bulk",
        ("edge_case",),
        "an eigenvalue equal to the bulk is the edge: nothing is divided by 0",
        _newton_inputs([1.5, 1.0, 0.0], [0.5, 2.0, 8.0], sigma2=1.5),
    ),
    Case(
        "small-to-large-batches",
        ("basic", "wrong_constant"),
        "as the batch grows the outlier comes down to the eigenvalue of the data",
        _newton_inputs([10.0] * 5, [200.0, 50.0, 4.0, 0.25, 2.0**-20]),
        equations=("rmt_learning_rates-6",),
    ),
    Case("one", ("boundary",), "one eigenvalue", _newton_inputs([3.0], 1.0)),
    Case(
        "no-noise",
        ("boundary",),
        "gamma = 0, an endless batch: the eigenvalue itself, or the bulk",
        _newton_inputs([3.0, 0.5], 0.0),
        answer={"top": np.array([3.0, 1.0])},
        source="gamma = 0",
    ),
    Case(
        "huge-scale",
        ("numerics",),
        "all eigenvalues 2^60 times as large",
        _newton_inputs([2.0**62, 2.0**61], 2.0, sigma2=2.0**60),
    ),
)


def _random_newton(rng):
    k, bulk = int(rng.integers(1, 6)), float(10.0 ** rng.uniform(-3, 3))
    ratios = 10.0 ** rng.uniform(-2, 2, k)
    away = 1 + np.sqrt(ratios) * np.where(rng.uniform(size=k) < 0.6, rng.uniform(1.1, 6, k), rng.uniform(0, 0.9, k))
    return _newton_inputs(bulk * away, ratios, bulk)


def _rate_inputs(batches, rule, *, lr=0.1, batch=32, top=4.0, sigma2=2.0, parameters=512, data=0):
    return {
        "lr": lr,
        "batch": batch,
        "batches": np.array(batches, dtype=float),
        "rule": rule,
        "top": top,
        "sigma2": sigma2,
        "parameters": parameters,
        "data": data,
    }


_SIZES = [8.0, 32.0, 64.0, 128.0, 512.0, 2048.0]
RATE_CASES = (
    Case(
        "linear",
        ("basic", "wrong_constant"),
        "for SGD, in proportion to the batch size",
        _rate_inputs(_SIZES, "linear"),
        equations=("rmt_learning_rates-8", "rmt_learning_rates-10"),
    ),
    Case(
        "sqrt",
        ("basic", "wrong_constant"),
        "for Adam and its like, with the root of the batch size",
        _rate_inputs(_SIZES, "sqrt"),
        equations=("rmt_learning_rates-11",),
    ),
    Case(
        "saturating",
        ("basic", "missing_step"),
        "with the root as long as the noise hides the largest eigenvalue (b < 64), and no more than 8/5 from b = 64 on",
        _rate_inputs(_SIZES, "saturating"),
        equations=("rmt_learning_rates-12",),
    ),
    Case(
        "of-limited-data",
        ("basic", "wrong_constant", "boundary"),
        "drawn without replacement from 2048: the largest batch is the whole data",
        _rate_inputs(_SIZES, "saturating", data=2048),
        equations=("rmt_learning_rates-1", "rmt_learning_rates-12"),
    ),
    *(
        Case(
            f"{rule}-of-limited-data",
            ("wrong_constant",),
            "step sizes go by the batch sizes themselves, however large the share of the data is",
            _rate_inputs(_SIZES, rule, data=4096),
            equations=(tag,),
        )
        for rule, tag in (("linear", "rmt_learning_rates-10"), ("sqrt", "rmt_learning_rates-11"))
    ),
    Case(
        "downwards",
        ("basic", "wrong_order"),
        "from a large batch to smaller ones",
        _rate_inputs([1.0, 100.0, 1000.0], "saturating", batch=1000, lr=2.0),
    ),
    Case(
        "no-outlier",
        ("edge_case",),
        "a largest eigenvalue of 0: the noise is all there is, and the root of the batch size comes out",
        _rate_inputs([8.0, 128.0], "saturating", top=0.0),
    ),
    Case("same-batch", ("boundary",), "the same batch size, the same step size", _rate_inputs([32.0], "saturating")),
    Case(
        "less-noise",
        ("wrong_constant",),
        "variance and number of parameters come from the arguments: the noise hides an eigenvalue of 3 up to b = 7",
        _rate_inputs([4.0, 64.0, 256.0], "saturating", top=3.0, sigma2=0.5, parameters=128),
        equations=("rmt_learning_rates-1", "rmt_learning_rates-12"),
    ),
)


def _random_rates(rng):
    k = int(rng.integers(1, 6))
    return _rate_inputs(
        np.floor(10.0 ** rng.uniform(0, 3, k)),
        str(rng.choice(rmt.RULES)),
        lr=float(10.0 ** rng.uniform(-4, 0)),
        batch=int(rng.integers(1, 300)),
        top=float(rng.uniform(-1, 4)),
        sigma2=float(10.0 ** rng.uniform(-3, 0)),
        parameters=int(rng.integers(1, 2000)),
        data=int(rng.integers(3000, 20_000)) if rng.uniform() < 0.5 else 0,
    )


FIXTURE = np.array([[2.0, 1.0, 0.0, -1.0], [1.0, 3.0, 0.5, 0.0], [0.0, 0.5, -1.0, 2.0], [-1.0, 0.0, 2.0, 4.0]])


def _ritz_inputs(matrix, start, steps, tolerance=1e-3):
    return {
        "matrix": np.array(matrix, dtype=float),
        "start": np.array(start, dtype=float),
        "steps": steps,
        "tolerance": tolerance,
    }


def _whole_numbers(d, seed):
    """Symmetric matrix of small whole numbers."""
    half = stream(seed, "rmt-case", "matrix").integers(-2, 3, (d, d))
    return (half + half.T).astype(float)


RITZ_CASES = (
    Case(
        "fixture",
        ("basic", "wrong_order", "wrong_constant"),
        "three steps in four dimensions: two betas beside three alphas",
        _ritz_inputs(FIXTURE, [1.0, 1.0, 1.0, 1.0], 3),
        equations=tuple(f"rmt_learning_rates-{i}" for i in (13, 14, 15, 17, 19, 20)),
        answer={
            "values": np.array([-1.465744402522435, 2.779078102049166, 4.448184315756588]),
            "weights": np.array([0.06964141883, 0.47110838301, 0.45925019816]),
        },
        source="a separate program",
    ),
    Case(
        "all-dimensions",
        ("basic", "boundary"),
        "as many steps as dimensions: the eigenvalues themselves, and more steps add nothing",
        _ritz_inputs(FIXTURE, [1.0, -0.5, 2.0, 0.25], 7),
    ),
    Case(
        "large-outlier",
        ("known_bug", "missing_step", "numerics"),
        "one eigenvalue is 20 times the others: it is found after a few steps, and comes again as a ghost unless new "
        "vectors are kept orthogonal to it",
        _ritz_inputs(_whole_numbers(12, 2) + 20.0, [1.0, -1.0, 2.0, 1.0, 0.5, 3.0, -2.0, 1.0, 1.0, -1.0, 2.0, 0.5], 12),
        equations=("rmt_learning_rates-16",),
    ),
    Case(
        "one-step",
        ("boundary",),
        "one step: the Rayleigh quotient of the start, whatever its length",
        _ritz_inputs(FIXTURE, [3.0, 0.0, 4.0, 0.0], 1),
        answer={"values": np.array([2 * 0.36 - 0.64]), "weights": np.array([1.0])},
        source="worked by hand",
    ),
    Case(
        "identity",
        ("edge_case", "missing_step"),
        "every vector is an eigenvector: one value of weight 1, and no division by a beta of 0",
        _ritz_inputs(2.5 * np.eye(3), [2.0, 0.0, 0.0], 3),
        equations=("rmt_learning_rates-18",),
        answer={"values": np.array([2.5]), "weights": np.array([1.0])},
        source="worked by hand",
    ),
    Case(
        "start-in-a-subspace",
        ("edge_case", "missing_step"),
        "a start that two eigenvectors span: the space closes after two steps",
        _ritz_inputs(np.diag([3.0, 1.0, -2.0, 5.0]), [3.0, 0.0, 0.0, 4.0], 4),
        dtypes=("float64",),  # what a program that does not stop makes of rounding is its own in each precision
        equations=("rmt_learning_rates-18",),
        answer={"values": np.array([3.0, 5.0]), "weights": np.array([0.36, 0.64])},
        source="worked by hand",
    ),
    Case(
        "alphas-of-zero",
        ("edge_case",),
        "a diagonal of zeros: a closing test that divides by an alpha divides by 0",
        _ritz_inputs([[0.0, 1.0, 0.0], [1.0, 0.0, 2.0], [0.0, 2.0, 0.0]], [1.0, 0.0, 0.0], 3),
    ),
    Case(
        "coarse-tolerance",
        ("missing_step", "wrong_constant"),
        "already tridiagonal, with betas 2, 1/4 and 1/8: the second is at most a tenth of the longest product, "
        "sqrt(8), but not of the last one, nor of an alpha (the third would be)",
        _ritz_inputs(
            np.diag([2.0, 1.0, -1.0, 0.5]) + np.diag([2.0, 0.25, 0.125], 1) + np.diag([2.0, 0.25, 0.125], -1),
            [1.0, 0.0, 0.0, 0.0],
            4,
            tolerance=0.1,
        ),
        equations=("rmt_learning_rates-18",),
        answer={
            "values": np.array([3 - 17**0.5, 3 + 17**0.5]) / 2,
            "weights": np.array([17**0.5 - 1, 17**0.5 + 1]) / (2 * 17**0.5),
        },
        source="eigenvalues of [[2, 2], [2, 1]]",
    ),
    Case(
        "coarse-tolerance-later",
        ("wrong_constant",),
        "the second product is the longest, and the third beta is within a tenth of it, but not of the first product "
        "nor of the third; of the norm of the whole matrix the second is",
        _ritz_inputs(
            np.diag([0.5, 3.0, 2.0, 1.5, 0.25])
            + np.diag([0.5, 0.35, 0.25, 0.1], 1)
            + np.diag([0.5, 0.35, 0.25, 0.1], -1),
            [1.0, 0.0, 0.0, 0.0, 0.0],
            5,
            tolerance=0.1,
        ),
        equations=("rmt_learning_rates-18",),
    ),
    Case(
        "zero-matrix",
        ("edge_case",),
        "a flat landscape: one value, 0",
        _ritz_inputs(np.zeros((2, 2)), [1.0, 1.0], 2),
        answer={"values": np.array([0.0]), "weights": np.array([1.0])},
        source="worked by hand",
    ),
    Case(
        "flat-landscape",
        ("numerics",),
        "the same landscape 2^60 times as flat: closing is judged against the products, not against 1",
        _ritz_inputs(2.0**-60 * FIXTURE, [1.0, 1.0, 1.0, 1.0], 3),
        equations=("rmt_learning_rates-18",),
    ),
)


def _random_symmetric(rng, d):
    half = rng.standard_normal((d, d))
    return half + half.T


def _clear(matrix, start, steps):
    """Whether no beta comes near the closing tolerance, and no two Ritz values near each other."""
    run = lanczos(lambda v: matrix @ v, start, steps=steps)
    values, _ = ritz(run)
    size = np.abs(matrix).sum(axis=1).max()
    inside = len(run.alphas) == min(steps, len(start)) and bool(np.all(run.betas[:-1] > 0.03 * size))
    return inside and bool(np.all(np.diff(values) > 0.03 * size))


def _random_ritz(rng):
    while True:
        d, steps = int(rng.integers(1, 6)), int(rng.integers(1, 6))
        matrix, start = _random_symmetric(rng, d), rng.standard_normal(d)
        if _clear(matrix, start, steps):
            return _ritz_inputs(10.0 ** rng.uniform(-3, 3) * matrix, 10.0 ** rng.uniform(-3, 3) * start, steps)


def _variance_inputs(matrix, batch_matrices, probes, batch=16, data=0):
    return {
        "matrix": np.array(matrix, dtype=float),
        "batch_matrices": np.array(batch_matrices, dtype=float),
        "probes": np.array(probes, dtype=float),
        "batch": batch,
        "data": data,
    }


def _noisy_hessians(rng, d, n):
    matrix = _random_symmetric(rng, d)
    return matrix, np.stack([matrix + _random_symmetric(rng, d) for _ in range(n)])


_MEAN, _BATCHES = _noisy_hessians(stream(0, "rmt-case", "variance"), 3, 4)
_SIGNS = [[1.0, 1.0, 1.0], [1.0, -1.0, 1.0], [1.0, 1.0, -1.0]]
VARIANCE_CASES = (
    Case(
        "signs",
        ("basic", "missing_step", "wrong_constant"),
        "Rademacher probes",
        _variance_inputs(_MEAN, _BATCHES, _SIGNS),
        equations=("rmt_learning_rates-21", "rmt_learning_rates-23", "rmt_learning_rates-24"),
    ),
    Case(
        "gaussian",
        ("basic", "variant"),
        "Gaussian probes, whose lengths do not count",
        _variance_inputs(_MEAN, _BATCHES, stream(1, "rmt-case", "probes").standard_normal((4, 3))),
        equations=("rmt_learning_rates-21",),
    ),
    Case(
        "of-limited-data",
        ("basic", "wrong_constant"),
        "batches of 16 out of 40, drawn without replacement",
        _variance_inputs(_MEAN, _BATCHES, _SIGNS, data=40),
        equations=("rmt_learning_rates-1",),
    ),
    Case(
        "exact-probes",
        ("edge_case",),
        "probes along the axes give the norms themselves, and all elements differ by 1: sigma^2 = b",
        _variance_inputs(
            [[2.0, 1.0], [1.0, 3.0]], [[[3.0, 2.0], [2.0, 4.0]], [[1.0, 0.0], [0.0, 2.0]]], np.eye(2), batch=7
        ),
        answer={"norm2": np.array(15.0), "sigma2": np.array(7.0)},
        source="worked by hand",
    ),
    Case(
        "one-parameter",
        ("boundary",),
        "one parameter, one batch, one probe",
        _variance_inputs([[2.0]], [[[3.0]]], [[-0.5]], batch=1),
        answer={"norm2": np.array(4.0), "sigma2": np.array(5.0)},
        source="worked by hand",
    ),
    Case(
        "less-than-nothing",
        ("edge_case",),
        "a batch may be flatter than the data: the estimate is negative, and is not clipped",
        _variance_inputs(_MEAN, 0.5 * _MEAN[None], _SIGNS),
    ),
)


def _random_variance(rng):
    d, n = int(rng.integers(1, 5)), int(rng.integers(1, 4))
    matrix, batches = _noisy_hessians(rng, d, n)
    scale, data = 10.0 ** rng.uniform(-2, 2), int(rng.integers(200, 1000)) if rng.uniform() < 0.5 else 0
    probes = rng.standard_normal((int(rng.integers(1, 4)), d))
    return _variance_inputs(scale * matrix, scale * batches, probes, int(rng.integers(1, 100)), data)


_NAMES = (
    *("theta0", "grads", "hessians", "probes", "every", "warmup"),
    *("lanczos_steps", "lr", "momentum", "floor", "noise", "rule"),
)


def _learner_inputs(
    hessians,
    rule,
    *,
    grads=None,
    probes=None,
    every=2,
    warmup=0,
    lanczos_steps=2,
    lr=0.125,
    momentum=0.75,
    floor=0.0,
    noise=0.0,
):
    hessians = np.array(hessians, dtype=float)
    epochs, d = hessians.shape[:2]
    rng = stream(0, "rmt-case", "learner", d, epochs, every)
    grads = rng.standard_normal((epochs * every, d)) if grads is None else np.array(grads, dtype=float)
    return {
        "theta0": np.arange(d) - 0.5,
        "grads": grads,
        "hessians": hessians,
        "probes": np.ones((epochs, d)) if probes is None else np.array(probes, dtype=float),
        "every": every,
        "warmup": warmup,
        "lanczos_steps": lanczos_steps,
        "lr": lr,
        "momentum": momentum,
        "floor": floor,
        "noise": noise,
        "rule": rule,
    }


_BOWLS = [np.diag([9.0, 1.0]), np.diag([2.0, 4.0])]
_SADDLES = [[[3.0, 1.0, 0.0], [1.0, -1.0, 0.5], [0.0, 0.5, 1.0]], [[-2.0, 0.0, 1.0], [0.0, 1.5, 0.5], [1.0, 0.5, 4.0]]]
LEARNER_CASES = (
    Case(
        "polyak-nine-and-one",
        ("basic", "missing_step", "wrong_constant"),
        "eigenvalues 9 and 1: alpha = rho = 1/4; then 4 and 2, with the last move kept",
        _learner_inputs(_BOWLS, "polyak"),
        equations=tuple(f"rmt_learning_rates-{i}" for i in (25, 26, 27)),
    ),
    Case(
        "polyak-indefinite",
        ("edge_case", "missing_step"),
        "a saddle: the smallest positive Ritz value counts, neither the smallest nor its size",
        _learner_inputs(_SADDLES, "polyak", probes=[[1.0, 2.0, -1.0], [1.0, -1.0, 0.5]], lanczos_steps=3, floor=1e-3),
    ),
    Case(
        "polyak-floor",
        ("edge_case", "missing_step", "variant"),
        "a value below the floor is passed over: 8 and 2 count, 0.25 does not",
        _learner_inputs([np.diag([8.0, 2.0, 0.25])], "polyak", lanczos_steps=3, floor=0.0625, every=3),
    ),
    Case(
        "polyak-lifted",
        ("basic", "missing_step"),
        "rates for noisier batches than those measured: 4 becomes 5 with noise 4, and 2 becomes 4 with noise 4",
        _learner_inputs([np.diag([4.0, 1.0]), np.diag([2.0, 0.5])], "polyak", noise=4.0),
        equations=("rmt_learning_rates-3", "rmt_learning_rates-25"),
    ),
    Case(
        "polyak-floor-of-the-lifted",
        ("wrong_order", "wrong_constant"),
        "the floor is a share of the lifted largest value, 0.22 of 5 in place of 4: 2 counts, 1 and 1/8 do not",
        _learner_inputs([np.diag([4.0, 2.0, 1.0, 0.125])], "polyak", lanczos_steps=4, floor=0.22, noise=4.0),
        equations=("rmt_learning_rates-25",),
    ),
    Case(
        "polyak-no-positive",
        ("edge_case",),
        "no value is positive: the first rates stay",
        _learner_inputs([np.diag([-1.0, -3.0]), np.diag([5.0, 2.0])], "polyak"),
    ),
    Case(
        "polyak-warmup",
        ("basic", "boundary"),
        "the first epoch keeps the first rates",
        _learner_inputs(_BOWLS, "polyak", warmup=1, lanczos_steps=1),
    ),
    Case(
        "rayleigh",
        ("basic", "wrong_order"),
        "alpha is g.g / g.Hg, momentum stays 0.75",
        _learner_inputs(_BOWLS, "rayleigh", probes=[[1.0, 2.0], [-1.0, 0.5]]),
        equations=("rmt_learning_rates-28",),
    ),
    Case(
        "rayleigh-negative",
        ("edge_case", "missing_step"),
        "a gradient along negative curvature, or of 0: the last step size stays",
        _learner_inputs(
            [np.diag([2.0, -4.0]), np.diag([2.0, -4.0]), np.diag([1.0, 1.0])],
            "rayleigh",
            probes=[[1.0, 0.5], [0.5, 2.0], [0.0, 0.0]],
            every=1,
        ),
    ),
    Case(
        "rayleigh-warmup",
        ("basic", "known_bug"),
        "two epochs at the first rate, as in the authors' code",
        _learner_inputs([*_BOWLS, np.diag([1.0, 3.0])], "rayleigh", every=1, warmup=2, momentum=0.875),
    ),
    Case(
        "slow-start",
        ("boundary", "wrong_constant"),
        "an epoch at a first rate of 1/32, with the momentum 1/2: both come from the arguments",
        _learner_inputs(_BOWLS, "rayleigh", warmup=1, lr=0.03125, momentum=0.5),
    ),
    Case(
        "one-step",
        ("boundary",),
        "one parameter, one step: Newton's",
        _learner_inputs([[[4.0]]], "polyak", every=1, lanczos_steps=1),
    ),
)


def _random_learner(rng):
    while True:
        d, every, epochs = int(rng.integers(1, 4)), int(rng.integers(1, 4)), int(rng.integers(1, 3))
        steps, rule = int(rng.integers(1, d + 1)), str(rng.choice(["polyak", "rayleigh"]))
        hessians = [_random_symmetric(rng, d) for _ in range(epochs)]
        hessians = [h @ h / d if rng.uniform() < 0.7 else h for h in hessians]
        probes, floor = rng.standard_normal((epochs, d)), float(rng.choice([0.0, 1e-3]))
        if all(_safe(*pair, steps) for pair in zip(hessians, probes, strict=True)):
            return _learner_inputs(
                hessians,
                rule,
                grads=rng.standard_normal((epochs * every, d)),
                probes=probes,
                every=every,
                warmup=int(rng.integers(0, 2)),
                lanczos_steps=steps,
                lr=float(10.0 ** rng.uniform(-3, 0)),
                momentum=float(rng.uniform(0, 0.95)),
                floor=floor,
                noise=float(rng.choice([0.0, rng.uniform(0, 4)])),
            )


def _safe(hessian, probe, steps):
    """Whether rounding turns no sign: Ritz values and curvature away from 0 and each other."""
    values, _ = ritz(lanczos(lambda v: hessian @ v, probe, steps=steps))
    size, curvature = np.abs(values).max(), probe @ hessian @ probe / (probe @ probe)
    return _clear(hessian, probe, steps) and min(np.abs(values).min(), abs(curvature)) > 0.05 * size


# Laws ---------------------------------------------------------------------------------------------------------


def _mirrored(run, inputs):
    there, back = run(**inputs), run(**{**inputs, "eigenvalues": -inputs["eigenvalues"]})
    yield back["bottom"], -there["top"]


def _landscape_scales(run, inputs):
    scaled = {**inputs, "eigenvalues": 4.0 * inputs["eigenvalues"], "sigma2": 16.0 * inputs["sigma2"]}
    there, back = run(**inputs), run(**scaled)
    for end in ("top", "bottom"):
        yield back[end], 4.0 * there[end]


def _two_eigenvalues_for_one(run, inputs):
    """lambda and v / lambda are seen at one place, but only the larger is an outlier: the map is an envelope."""
    batches, v = inputs["batches"], inputs["sigma2"] * inputs["parameters"] / inputs["batches"]
    weak = {**inputs, "data": 0, "eigenvalues": 0.5 * v**0.5}
    yield run(**weak)["top"], 2.0 * v**0.5 + 0 * batches
    strong = {**inputs, "data": 0, "eigenvalues": 2.0 * v**0.5}
    yield run(**strong)["top"], 2.5 * v**0.5


def _bulk_scales(run, inputs):
    scaled = {**inputs, "eigenvalues": 4.0 * inputs["eigenvalues"], "sigma2": 4.0 * inputs["sigma2"]}
    yield run(**scaled)["top"], 4.0 * run(**inputs)["top"]


def _meets_the_edge(run, inputs):
    root = inputs["ratios"] ** 0.5
    edge = {**inputs, "eigenvalues": inputs["sigma2"] * (1 + root)}
    yield run(**edge)["top"], inputs["sigma2"] * (1 + root) ** 2


def _there_and_back(run, inputs):
    """From b0 to b and back to b0; one size at a time, since the step size is one number."""
    first = inputs["batches"][:1]
    lr = float(run(**{**inputs, "batches": first})["lrs"][0])
    home = first * 0 + inputs["batch"]
    yield run(**{**inputs, "lr": lr, "batch": int(first[0]), "batches": home})["lrs"], 0 * first + inputs["lr"]


def _rates_scale(run, inputs):
    there = run(**inputs)
    scaled = {**inputs, "lr": inputs["lr"] / 4, "top": 4.0 * inputs["top"], "sigma2": 16.0 * inputs["sigma2"]}
    back = run(**scaled)
    yield 4.0 * back["lrs"], there["lrs"]
    yield 4.0 * back["max_lrs"], there["max_lrs"]


def _first_moments(run, inputs):
    """One step is exact for degree 1, two are for degree 3."""
    out, v, a = run(**inputs), inputs["start"], inputs["matrix"]
    xp = array_namespace(v)
    yield xp.sum(out["weights"]), xp.sum(v * v) / xp.sum(v * v)
    yield xp.sum(out["weights"] * out["values"]), xp.sum(v * (a @ v)) / xp.sum(v * v)


def _second_moment(run, inputs):
    out, image = run(**inputs), inputs["matrix"] @ inputs["start"]
    xp = array_namespace(image)
    yield xp.sum(out["weights"] * out["values"] ** 2), xp.sum(image * image) / xp.sum(inputs["start"] ** 2)


def _turned_over(run, inputs):
    """-A has the values of A, negated; the length of the start does not matter."""
    there, back = run(**inputs), run(**{**inputs, "matrix": -inputs["matrix"], "start": 4.0 * inputs["start"]})
    xp = array_namespace(there["values"])
    yield xp.flip(-back["values"], axis=0), there["values"]
    yield xp.flip(back["weights"], axis=0), there["weights"]


def _matrices_scale(run, inputs):
    factor = {name: 4.0 * inputs[name] for name in ("matrix", "batch_matrices")}
    there, back = run(**inputs), run(**{**inputs, **factor})
    yield back["norm2"], 16.0 * there["norm2"]
    yield back["sigma2"], 16.0 * there["sigma2"]


def _batches_in_any_order(run, inputs):
    flipped = array_namespace(inputs["matrix"]).flip(inputs["batch_matrices"], axis=0)
    yield run(**{**inputs, "batch_matrices": flipped})["sigma2"], run(**inputs)["sigma2"]


def _translated(run, inputs):
    there, moved = run(**inputs), run(**{**inputs, "theta0": inputs["theta0"] + 2.0})
    yield moved["thetas"], there["thetas"] + 2.0


def _steeper(run, inputs):
    """Four times the function: rates a quarter, the same path."""
    scaled = {name: 4.0 * inputs[name] for name in ("grads", "hessians")}
    scaled |= {"noise": 16.0 * inputs["noise"], "lr": inputs["lr"] / 4}
    there, back = run(**inputs), run(**{**inputs, **scaled})
    yield back["thetas"], there["thetas"]
    yield 4.0 * back["lrs"], there["lrs"]
    yield back["momenta"], there["momenta"]


def _heavy_ball_alone(run, inputs):
    """Within an epoch, theta_{k+1} - theta_k = rho (theta_k - theta_{k-1}) - alpha g."""
    out, first = run(**inputs), inputs["theta0"]
    yield out["thetas"][0, :], first - out["lrs"][0] * inputs["grads"][0, :]
    if inputs["grads"].shape[0] > 1:
        before, now = out["thetas"][0, :], out["thetas"][1, :]
        move = out["momenta"][1] * (before - first)
        yield now, before + move - out["lrs"][1] * inputs["grads"][1, :]


# The system ---------------------------------------------------------------------------------------------------

_SIGMA2 = number("sigma2", "variance sigma^2 >= 0 of an element of the single-sample Hessian")
_PARAMETERS = integer("parameters", "number of parameters P")
_DATA = integer("data", "number of samples N, of which batches are drawn without replacement; 0: endless")
_SUPPLY_ERRORS = (
    ErrorCase("negative-variance", "a variance is not negative", {"sigma2": -1.0}, ValueError, "sigma2"),
    ErrorCase("no-parameters", "at least one parameter", {"parameters": 0}, ValueError, "parameters"),
    ErrorCase("batch-beyond-data", "a batch is not larger than the data", {"data": 1}, ValueError, "batch"),
)


def _renamed(mutants):
    return tuple(replace(mutant, slug=mutant.slug.rstrip("_")) for mutant in mutants)


BATCH_HESSIAN = Operation(
    name="rmt_learning_rates.batch_hessian",
    summary="largest and smallest eigenvalue of the Hessian of a batch, from an eigenvalue of the data's Hessian",
    inputs=(
        array("eigenvalues", "k", "eigenvalues of the Hessian over the data, of any sign"),
        array("batches", "k", "batch size b for each, a whole number stored as a float"),
        _SIGMA2,
        _PARAMETERS,
        _DATA,
    ),
    outputs=(
        array("top", "k", "largest eigenvalue, if the given one is the largest"),
        array("bottom", "k", "smallest eigenvalue, if the given one is the smallest"),
    ),
    reference=batch_hessian,
    exact=exact_batch_hessian,
    exact_source="the case distinction in rational arithmetic, roots in 50 digits",
    cases=HESSIAN_CASES,
    sample=_random_hessian,
    laws=(
        Law("mirrored", "the bottom is the negated top of the negated Hessian", _mirrored, ("all-strengths",)),
        Law("scale", "eigenvalues times 4, sigma^2 times 16: ends times 4", _landscape_scales, ("all-strengths",)),
        Law(
            "in-units-of-the-noise",
            "half of sqrt(v) is seen at 2 sqrt(v), twice sqrt(v) at 2.5 sqrt(v)",
            _two_eigenvalues_for_one,
            ("growing-batches", "half-of-the-data"),
        ),
    ),
    mutants=hessian_mistake.mutants(_both_ends) + ends_mistake.mutants(),
    errors=(
        *_SUPPLY_ERRORS,
        ErrorCase("nan", "NaN is no eigenvalue", {"eigenvalues": np.full(2, np.nan)}, ValueError, "eigenvalue"),
        ErrorCase("empty-batch", "a batch has a sample", {"batches": np.zeros(2)}, ValueError, "batch"),
    ),
)

GAUSS_NEWTON = Operation(
    name="rmt_learning_rates.gauss_newton",
    summary="largest eigenvalue of the Gauss-Newton matrix of a batch, in the spiked covariance model",
    inputs=(
        array("eigenvalues", "k", "largest eigenvalue over all data"),
        array("ratios", "k", "gamma = P / b >= 0 for each"),
        number("sigma2", "all other eigenvalues, > 0"),
    ),
    outputs=(array("top", "k", "largest eigenvalue of the batch"),),
    reference=gauss_newton,
    exact=exact_gauss_newton,
    exact_source="the case distinction in 50 digits",
    cases=NEWTON_CASES,
    sample=_random_newton,
    laws=(
        Law("scale", "all eigenvalues times 4: the top times 4", _bulk_scales, ("other-bulk", "both-branches")),
        Law(
            "meets-the-edge",
            "at sigma^2 (1 + sqrt(gamma)) the two branches meet",
            _meets_the_edge,
            ("other-bulk", "small-to-large-batches"),
        ),
    ),
    mutants=_renamed(newton_mistake.mutants()),
    errors=(
        ErrorCase("no-bulk", "the bulk is positive", {"sigma2": 0.0}, ValueError, "sigma2"),
        ErrorCase("negative-ratio", "P / b is not negative", {"ratios": np.full(2, -1.0)}, ValueError, "ratio"),
    ),
)

SCALE_LR = Operation(
    name="rmt_learning_rates.scale_lr",
    summary="a step size taken from one batch size to others, and the largest stable one there",
    inputs=(
        number("lr", "step size alpha > 0 that suits `batch`"),
        integer("batch", "batch size b0"),
        array("batches", "k", "batch sizes to go to, whole numbers stored as floats"),
        choice("rule", rmt.RULES, "in proportion to b, to its root, or to 1 / lambda'(b)"),
        number("top", "largest eigenvalue of the Hessian over the data"),
        _SIGMA2,
        _PARAMETERS,
        _DATA,
    ),
    outputs=(
        array("lrs", "k", "step sizes"),
        array("max_lrs", "k", "largest stable step sizes of gradient descent, 2 / lambda'(b)"),
    ),
    reference=scale_lr,
    exact=exact_scale_lr,
    exact_source="ratios in 50 digits, eigenvalues as in rmt_learning_rates.batch_hessian",
    cases=RATE_CASES,
    sample=_random_rates,
    laws=(
        Law("there-and-back", "to another size and back is nowhere", _there_and_back, ("linear", "sqrt", "saturating")),
        Law("scale", "the landscape times 4: step sizes a quarter", _rates_scale, ("linear", "of-limited-data")),
    ),
    mutants=_renamed(
        rate_mistake.mutants(_as_rates)
        + supply_mistake.mutants(lambda tops: _as_rates(_right_rates, tops))
        + growth_mistake.mutants()
    ),
    errors=(
        *_SUPPLY_ERRORS[:2],
        ErrorCase("negative-lr", "a step size is positive", {"lr": -0.1}, ValueError, "lr"),
        ErrorCase("empty-batch", "a batch has a sample", {"batches": np.zeros(6)}, ValueError, "batch"),
    ),
)

RITZ = Operation(
    name="rmt_learning_rates.ritz",
    summary="Lanczos quadrature: Ritz values and weights of a symmetric matrix",
    inputs=(
        array("matrix", "P P", "symmetric; only products with it are needed"),
        array("start", "P", "not 0"),
        integer("steps", "m >= 1; more than P are cut to P"),
        number("tolerance", "stop once beta_j is at most this share of the longest A q_i so far"),
    ),
    outputs=(
        array("values", "j", "eigenvalues of the tridiagonal T of the j <= m steps taken, smallest first"),
        array("weights", "j", "squared first components of its eigenvectors"),
    ),
    reference=ritz_values,
    exact=exact_ritz_values,
    exact_source="T from moments v^T A^k v in rational arithmetic, weights as Christoffel numbers in 50 digits",
    cases=RITZ_CASES,
    sample=_random_ritz,
    laws=(
        Law(
            "moments",
            "the weights sum to 1, and the mean of the values is the Rayleigh quotient",
            _first_moments,
            ("fixture", "large-outlier", "one-step"),
        ),
        Law("second-moment", "from two steps on, |A v|^2 / |v|^2", _second_moment, ("fixture", "all-dimensions")),
        Law("turned-over", "-A has the negated values; 4 v the same", _turned_over, ("fixture", "large-outlier")),
    ),
    mutants=lanczos_mistake.mutants(),
    errors=(
        ErrorCase("zero-start", "0 has no direction", {"start": np.zeros(4)}, ValueError, "start"),
        ErrorCase("no-step", "at least one step", {"steps": 0}, ValueError, "steps"),
        ErrorCase("nan", "NaN is no curvature", {"matrix": np.full((4, 4), np.nan)}, ValueError, "product"),
    ),
)

ELEMENT_VARIANCE = Operation(
    name="rmt_learning_rates.element_variance",
    summary="squared Frobenius norm of a Hessian, and the variance of its noise, from products with random probes",
    inputs=(
        array("matrix", "P P", "Hessian over the data"),
        array("batch_matrices", "n P P", "Hessians of n batches"),
        array("probes", "q P", "random directions"),
        integer("batch", "size b of the batches"),
        _DATA,
    ),
    outputs=(
        number("norm2", "estimate of the squared Frobenius norm of `matrix`, P times the mean of |H v|^2 / |v|^2"),
        number("sigma2", "estimate of the variance of an element of the single-sample Hessian"),
    ),
    reference=element_variance,
    exact=exact_element_variance,
    exact_source="|H v|^2 / |v|^2 in rational arithmetic, without Lanczos",
    cases=VARIANCE_CASES,
    sample=_random_variance,
    laws=(
        Law("scale", "matrices times 4: both estimates times 16", _matrices_scale, ("signs", "of-limited-data")),
        Law("order-of-batches", "the batches come in any order", _batches_in_any_order, ("signs", "gaussian")),
    ),
    mutants=_renamed(variance_mistake.mutants()),
    variants=(
        Variant(
            "by_lengths",
            "the trace is the mean of v.f(A)v itself, not of v.f(A)v / |v|^2 times P: the same for Rademacher probes, "
            "unbiased too for Gaussian ones",
            "https://doi.org/10.1080/03610919008812866 Hutchinson's estimator",
            by_lengths,
        ),
    ),
    errors=(
        ErrorCase("whole-data", "the whole data has no noise to measure", {"data": 16}, ValueError, "batch"),
        ErrorCase("nan", "NaN is no curvature", {"matrix": np.full((3, 3), np.nan)}, ValueError, "product"),
        ErrorCase("zero-probe", "0 has no direction", {"probes": np.zeros((3, 3))}, ValueError, "start"),
    ),
)

TRAJECTORY = Operation(
    name="rmt_learning_rates.trajectory",
    summary="parameters and rates of a learner that measures curvature in every epoch, fed with gradients and Hessians",
    inputs=(
        array("theta0", "d", "start"),
        array("grads", "T d", "gradient of each step"),
        array("hessians", "R d d", "Hessian at the start of each epoch"),
        array("probes", "R d", "start vector of Lanczos (polyak), or gradient on the statistics batch (rayleigh)"),
        integer("every", "steps in an epoch; R of them cover the T steps"),
        integer("warmup", "epochs in which nothing is measured"),
        integer("lanczos_steps", "m of polyak, at most d"),
        number("lr", "step size until something has been measured"),
        number("momentum", "as long, and always under rayleigh"),
        number("floor", "polyak passes over Ritz values up to this share of the (lifted) largest"),
        number("noise", "v >= 0 of the batches, by which polyak lifts the largest Ritz value"),
        choice("rule", ("polyak", "rayleigh"), "both rates from the spectrum's ends; or alpha = g.g / g.Hg"),
    ),
    outputs=(
        array("thetas", "T d", "parameters after each step", steps=True),
        array("lrs", "T", "step size of each step", steps=True),
        array("momenta", "T", "momentum of each step", steps=True),
    ),
    reference=trajectory,
    exact=exact_trajectory,
    exact_source="positions in 50 digits, Ritz values from moments in rational arithmetic",
    cases=LEARNER_CASES,
    sample=_random_learner,
    laws=(
        Law("translation", "start moved by 2: path moved by 2", _translated, ("polyak-nine-and-one", "rayleigh")),
        Law("steeper", "the function times 4: rates a quarter, same path", _steeper, ("polyak-lifted", "rayleigh")),
        Law(
            "heavy-ball",
            "each move is rho times the last one minus alpha times the gradient",
            _heavy_ball_alone,
            ("polyak-nine-and-one", "polyak-indefinite", "rayleigh-warmup"),
        ),
    ),
    mutants=learner_mistake.mutants(lambda rule: _by_name(rule, _NAMES)),
    variants=(
        Variant(
            "gradient_buffer",
            "the buffer holds gradients and the newest step size multiplies all of them; the same for constant rates",
            "https://docs.pytorch.org/docs/stable/generated/torch.optim.SGD.html",
            _by_name(gradient_buffer, _NAMES),
        ),
        Variant(
            "clipped_floor",
            "the floor lifts the smallest positive Ritz value in place of passing it over: two readings of a floor",
            "https://arxiv.org/abs/2006.09092 the learner",
            _by_name(clipped_floor, _NAMES),
        ),
    ),
    errors=(
        ErrorCase("negative-lr", "a step size is positive", {"lr": -0.1}, ValueError, "lr"),
        ErrorCase("momentum-one", "momentum 1 never stops", {"momentum": 1.0}, ValueError, "momentum"),
        ErrorCase("negative-noise", "a variance is not negative", {"noise": -1.0}, ValueError, "noise"),
        ErrorCase("nan-gradient", "NaN is no gradient", {"grads": np.full((4, 2), np.nan)}, ValueError, "grad"),
        ErrorCase("no-epoch", "an epoch has a step", {"every": 0}, ValueError, "every"),
    ),
)

SYSTEM = System(
    name="rmt_learning_rates",
    chapter="optimizers",
    summary="what a batch does to the curvature, and learning rates that follow: by batch size, or measured on the fly",
    paper=Paper(
        title="Learning Rates as a Function of Batch Size: A Random Matrix Theory Approach to Neural Network Training",
        authors="Granziol, Zohren, Roberts",
        arxiv="2006.09092",
        year=2022,
        key="granziol2022learning",
    ),
    operations=(BATCH_HESSIAN, GAUSS_NEWTON, SCALE_LR, RITZ, ELEMENT_VARIANCE, TRAJECTORY),
    claims=CLAIMS,
)
