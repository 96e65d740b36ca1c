"""Right answers of interpolants in 50 digits: derivatives by differences, fields as conditional means of x_0, x_1
and z, densities in place of logarithms."""

import numpy as np

from refimpl.specs.exact import cos, exp, log, pi, reals, sign, sin, sqrt, tanh

_H = reals(2.0**-80)  # of a difference in t
_STEP = reals(2.0**-60)  # of one in x
_HALF, _ONE, _INFINITE = reals(0.5), reals(1.0), reals(np.inf)
_ROOTS = {"brownian", "one_sided_sbdm"}  # gamma has no derivative at the ends


def _gammas(kind, a):
    def sigmoid(t):
        bump = lambda u: (tanh(5 * u - 2) - tanh(5 * u - 3)) / 2
        return bump(t) - bump(0 * t)

    return {
        "brownian": lambda t: sqrt(reals(a) * (t - t * t)),
        "quadratic": lambda t: t - t * t,
        "sine_squared": lambda t: (1 - cos(2 * pi * t)) / 2,
        "sigmoid": sigmoid,
        "zero": lambda t: 0 * t,
        "one_sided_linear": lambda t: 1 - t,
        "one_sided_trig": lambda t: cos(pi * t / 2),
        "one_sided_sbdm": lambda t: sqrt(1 - t * t),
    }[kind]


def _weights(path, gamma):
    """alpha and beta as functions of t."""
    bell = lambda t: (1 + cos(2 * pi * t)) / 2
    left = lambda t: sqrt(1 - gamma(t) ** 2)
    zero = lambda t: 0 * t
    return {
        "linear": (lambda t: 1 - t, lambda t: t),
        "trig": (lambda t: left(t) * cos(pi * t / 2), lambda t: left(t) * sin(pi * t / 2)),
        "enc_dec": (lambda t: np.where(t < _HALF, bell(t), 0 * t), lambda t: np.where(t > _HALF, bell(t), 0 * t)),
        "mirror": (zero, lambda t: 1 + 0 * t),
        "one_sided_trig": (zero, lambda t: sin(pi * t / 2)),
    }.get(path, (zero, lambda t: t))


def _slope(f, t):
    return (f(t + _H) - f(t - _H)) / (2 * _H)


def schedule(t, path, gamma, a):
    """From the values alone; gamma gamma_dot is half the slope of gamma^2."""
    t, kind = reals(t), path if path.startswith("one_sided") else gamma
    g = _gammas(kind, a)
    alpha, beta = _weights(path, g)
    if kind in _ROOTS:
        square = (lambda t: reals(a) * (t - t * t)) if kind == "brownian" else (lambda t: 1 - t * t)
        product, value = _slope(square, t) / 2, g(t)
        g_dot = np.array([p / v if v else sign(p) * _INFINITE for p, v in zip(product, value, strict=True)])
    else:
        value, g_dot = g(t), _slope(g, t)
        product = value * g_dot
    if path == "trig" and kind in _ROOTS:  # its alpha and beta know gamma^2 alone, which goes on beyond the ends
        left = lambda t: sqrt(1 - reals(a) * (t - t * t))
        alpha, beta = lambda t: left(t) * cos(pi * t / 2), lambda t: left(t) * sin(pi * t / 2)
    return alpha(t), beta(t), value, _slope(alpha, t), _slope(beta, t), g_dot, product


def _coefficients(t, path, gamma, a):
    return [float_[0] for float_ in schedule(np.array([t], dtype=object), path, gamma, a)]


def interpolate(x0, x1, z, t, path, gamma, a):
    """The score as the pull to the mean of x_t given x_0 and x_1."""
    x0, x1, z = map(reals, (x0, x1, z))
    alpha, beta, g, alpha_dot, beta_dot, g_dot, _ = (k[:, None] for k in schedule(t, path, gamma, a))
    mean, v = alpha * x0 + beta * x1, alpha_dot * x0 + beta_dot * x1
    x = mean + g * z
    with np.errstate(all="ignore"):
        s = np.array([[(m - y) / v**2 if v else -sign(n) * _INFINITE for y, m, n in zip(*row, strict=True)]
                      for (v,), *row in zip(g, x, mean, z, strict=True)])  # fmt: skip
    return x, v, v + g_dot * z, s, z


def losses(x0, x1, z, t, A, c, e, which, antithetic, epsilon, a):
    """The square completed: half the mean squared error, less half the mean square of the targets."""
    A, c, e = map(reals, (A, c, e))
    signs = (1, -1) if antithetic == "yes" else (1,)
    total = 0
    for one in signs:
        x, v, b, s, eta = interpolate(x0, x1, one * z, t, "linear", "brownian", a)
        target = {"v": v, "b": b, "s": s, "eta": eta, "drift": b + reals(epsilon) * s}[which]
        guess = x @ A.T + reals(t)[:, None] * c + e
        total = total + (((guess - target) ** 2).sum() - (target**2).sum()) / (2 * len(x) * len(signs))
    return total


def conversions(v, eta, t, gamma, a, epsilon):
    """All from the denoiser: b = v + gamma_dot eta, drifts v + (gamma_dot -+ epsilon / gamma) eta."""
    v, eta, epsilon = reals(v), reals(eta), reals(epsilon)
    *_, g, _, _, g_dot, _ = _coefficients(t, "mirror", gamma, a)
    forward, backward = v + (g_dot - epsilon / g) * eta, v + (g_dot + epsilon / g) * eta
    return -eta / g, v + g_dot * eta, forward, backward


# Gaussian mixtures, in one and two dimensions ------------------------------------------------------------------------


def _inverse(C):
    if len(C) == 1:
        return 1 / C, C[0, 0]
    det = C[0, 0] * C[1, 1] - C[0, 1] * C[1, 0]
    return np.array([[C[1, 1], -C[0, 1]], [-C[1, 0], C[0, 0]]], dtype=object) / det, det


class _Pair:
    """A component of each: their joint law with x_t is Gaussian."""

    def __init__(self, c, weight, m, C, mu, D):
        alpha, beta, self.gamma = c[:3]
        eye = reals(np.eye(len(m)))
        self.start, self.end = (m, alpha * C), (mu, beta * D)
        self.mean = alpha * m + beta * mu
        self.inverse, det = _inverse(alpha**2 * C + beta**2 * D + self.gamma**2 * eye)
        self.height = weight / sqrt((2 * pi) ** len(m) * det)

    def at(self, x):
        """Density times weight; means of x_0 and x_1 given x; and the pull, of which gamma times is the mean of z."""
        u = self.inverse @ (x - self.mean)
        density = self.height * exp(-(u * (x - self.mean)).sum() / 2)
        return density, self.start[0] + self.start[1] @ u, self.end[0] + self.end[1] @ u, u


class _Law:
    """Fields of a pair of mixtures at time t."""

    def __init__(self, t, mixture, path, gamma, a):
        p, m, C, q, mu, D = map(reals, mixture)
        self.c = _coefficients(t, path, gamma, a)
        self.pairs = [_Pair(self.c, p[i] * q[j], m[i], C[i], mu[j], D[j]) for i in range(len(p)) for j in range(len(q))]

    def at(self, x):
        """Density, b, v, s, eta at one point."""
        _, _, gamma, alpha_dot, beta_dot, _, product = self.c
        found = [pair.at(x) for pair in self.pairs]
        density = sum(f[0] for f in found)
        x0, x1, u = (sum(f[0] * f[i] for f in found) / density for i in (1, 2, 3))
        v = alpha_dot * x0 + beta_dot * x1
        return density, v + product * u, v, -u, gamma * u

    def divergences(self, x):
        """Of b and s, by differences."""
        b, s = 0, 0
        for i, e in enumerate(reals(np.eye(len(x)))):
            up, down = self.at(x + _STEP * e), self.at(x - _STEP * e)
            b = b + (up[1][i] - down[1][i]) / (2 * _STEP)
            s = s + (up[3][i] - down[3][i]) / (2 * _STEP)
        return b, s


def mixture_fields(x, t, p, m, C, q, mu, D, path, gamma, a):
    """Means of x_0, x_1 and z given x_t, pair by pair."""
    law, x = _Law(t, (p, m, C, q, mu, D), path, gamma, a), reals(x)
    rows = [(*law.at(row), *law.divergences(row)) for row in x]
    density, b, v, s, eta, div_b, div_s = (np.array(column, dtype=object) for column in zip(*rows, strict=True))
    return log(density), b, v, s, eta, div_b, div_s


# Samplers ------------------------------------------------------------------------------------------------------------


def sampler_step(kind, x, slopes, rates, offsets, t, t_next, epsilon, xi):
    """rk4 on an affine field: a Taylor polynomial in the matrix of (x, t, 1); Heun's step: x + h F + h^2 A F / 2."""
    x, slopes, rates, offsets, xi = map(reals, (x, slopes, rates, offsets, xi))
    t, epsilon, h = reals(t), reals(epsilon), reals(t_next) - reals(t)
    noise = sqrt(2 * epsilon * abs(h)) * xi
    if kind == "rk4":
        d = x.shape[1]
        M = reals(np.zeros((d + 2, d + 2)))
        M[:d, :d], M[:d, d], M[:d, d + 1], M[d, d + 1] = slopes[0], rates[0], offsets[0], _ONE
        y = np.concatenate([x, reals(np.ones((len(x), 2)))], axis=1)
        y[:, d] = t
        term = y
        for k in range(1, 5):
            term = term @ M.T * h / k
            y = y + term
        return y[:, :d]
    along = epsilon if h > 0 else -epsilon
    A, r, o = (f[0] + along * f[1] for f in (slopes, rates, offsets))
    if kind == "em":
        return x + noise + h * (x @ A.T + t * r + o)
    y = x + noise
    F = y @ A.T + reals(t_next) * r + o
    return y + h * F + h * h / 2 * (F @ A.T)


_TABLEAU = ((0, ()), (_HALF, (_HALF,)), (_HALF, (0, _HALF)), (1, (0, 0, 1)))


def _runge_kutta(slope, t, t_next, y):
    """From the tableau."""
    slopes: list = []
    h = t_next - t
    for share, row in _TABLEAU:
        point = y + h * sum((weight * k for weight, k in zip(row, slopes, strict=False)), 0 * y)
        slopes.append(slope(t + share * h, point))
    return y + h * sum(weight * k for weight, k in zip((1, 2, 2, 1), slopes, strict=True)) / 6


class _Flow:
    """Laws at all times that a run asks for."""

    def __init__(self, mixture, path, gamma, a):
        self.settings, self.known = (mixture, path, gamma, a), {}

    def __call__(self, t):
        key = str(t)
        if key not in self.known:
            self.known[key] = _Law(t, *self.settings)
        return self.known[key]

    def heun(self, y, t, t_next, epsilon, xi):
        h = t_next - t
        along = epsilon if h > 0 else -epsilon
        drift = lambda y: (lambda f: f[1] + along * f[3])(self(t_next).at(y))
        y = y + sqrt(2 * epsilon * abs(h)) * xi
        F = drift(y)
        return y + (F + drift(y + h * F)) * h / 2


def sample_mixture(start, times, kind, epsilon, noise, p, m, C, q, mu, D, path, gamma, a):
    """Point by point."""
    flow = _Flow((p, m, C, q, mu, D), path, gamma, a)
    start, times, epsilon, noise = map(reals, (start, times, epsilon, noise))
    ends = []
    for i, x in enumerate(start):
        for k in range(len(times) - 1):
            t, t_next = times[k], times[k + 1]
            if kind == "rk4":
                x = _runge_kutta(lambda t, y: flow(t).at(y)[1], t, t_next, x)
            elif kind == "heun":
                x = flow.heun(x, t, t_next, epsilon[k], noise[k, i])
            else:
                f, h = flow(t).at(x), t_next - t
                x = x + h * f[1] + abs(h) * epsilon[k] * f[3] + sqrt(2 * epsilon[k] * abs(h)) * noise[k, i]
        ends.append(x)
    return np.array(ends, dtype=object)


def likelihood(x, times, kind, epsilon, noise, p, m, C, q, mu, D, path, gamma, a):
    """Path by path; products of densities in place of sums of logarithms."""
    flow = _Flow((p, m, C, q, mu, D), path, gamma, a)
    x, times, epsilon, noise = map(reals, (x, times, epsilon, noise))
    p, m, C = map(reals, (p, m, C))
    eye = [_inverse(c) for c in C]

    def density0(y):
        parts = ((y - m[i]) @ eye[i][0] @ (y - m[i]) for i in range(len(p)))
        return sum(
            p[i] * exp(-part / 2) / sqrt((2 * pi) ** len(y) * eye[i][1]) for i, part in enumerate(parts)
        )  # fmt: skip

    def by_ode(y):
        def slope(t, state):
            law = flow(t)
            return np.append(law.at(state[:-1])[1], law.divergences(state[:-1])[0])

        state = np.append(y, reals(0.0))
        for k in range(len(times) - 1):
            state = _runge_kutta(slope, times[k], times[k + 1], state)
        return log(density0(state[:-1]) * exp(state[-1]))

    def by_paths(y, xi):
        factor = _ONE
        for k in range(len(times) - 1):
            h, eps = times[k] - times[k + 1], epsilon[k]
            if kind == "feynman_kac":
                f, (div_b, div_s) = flow(times[k]).at(y), flow(times[k]).divergences(y)
                factor = factor * exp(-h * (div_b + eps * div_s))
                y = y - h * f[1] - h * eps * f[3] + sqrt(2 * eps * h) * xi[k]
            else:
                y = flow.heun(y, times[k], times[k + 1], eps, xi[k])
                f, (div_b, div_s) = flow(times[k + 1]).at(y), flow(times[k + 1]).divergences(y)
                factor = factor * exp(-h * (div_b + eps * div_s + eps * (f[3] ** 2).sum()))
        return factor * density0(y)

    found = []
    for i, y in enumerate(x):
        if kind == "ode":
            found.append(by_ode(y))
            continue
        factors = [by_paths(y, noise[:, j, i]) for j in range(noise.shape[1])]
        mean = log(sum(factors) / len(factors)) if kind == "feynman_kac" else sum(map(log, factors)) / len(factors)
        found.append(mean)
    return np.array(found, dtype=object)


# Schroedinger bridge -------------------------------------------------------------------------------------------------


def bridge(alpha_squared, s0, s1, epsilon, a):
    """The covariance as a root of c^2 + 2 epsilon c = s0^2 s1^2, and a Brownian bridge between such ends."""
    y, s0, s1, epsilon, a = map(reals, (alpha_squared, s0, s1, epsilon, a))
    steps = len(y) + 1
    t = np.array([_ONE * k / steps for k in range(steps + 1)], dtype=object)
    V = np.concatenate([[_ONE], y, [0 * _ONE]]) * s0**2 + (t * s1) ** 2 + a * (t - t * t)
    V = np.array(V, dtype=object)
    rise = V[1:] - V[:-1] - 2 * epsilon / steps
    energy = (rise**2 / (V[1:] + V[:-1])).sum() * steps / 4
    c = -epsilon + sqrt(epsilon**2 + (s0 * s1) ** 2)
    inner = t[1:-1]
    ends = ((1 - inner) * s0) ** 2 + (inner * s1) ** 2 + 2 * inner * (1 - inner) * c
    return energy, ends + 2 * epsilon * inner * (1 - inner), c
