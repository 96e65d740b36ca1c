"""Right answers on scale mixtures, in 50 digits: as ratios of joint densities, sums over layers, matrix recursions."""

import numpy as np

from refimpl.specs.exact import (
    asin,
    cos,
    det,
    digamma,
    erf,
    erfinv,
    exp,
    expm,
    gamma,
    gamma_quantile,
    log,
    loggamma,
    pi,
    reals,
    sin,
    solve,
    sqrt,
    trigamma,
)  # fmt: skip

_ZERO = reals(0.0)


def _scalar(x):
    return np.array(x, dtype=object)


def _inverse(matrix):
    return solve(matrix, reals(np.eye(len(matrix))))


# Kernels and networks -----------------------------------------------------------------------------------------------


def kernels(X, X2, depth, sigma_w, sigma_b, activation):
    """Pair by pair; the tangent kernel as a sum over the layers, each times the slopes of those above it."""
    X, X2, w2, b2 = reals(X), reals(X2), reals(sigma_w) ** 2, reals(sigma_b) ** 2
    hidden, tangent = (np.empty((len(X), len(X2)), dtype=object) for _ in range(2))
    for i, x in enumerate(X):
        for j, z in enumerate(X2):
            p, q, r = (b2 + w2 * sum(u * v) / len(x) for u, v in ((x, x), (z, z), (x, z)))
            layers, slopes = [], []
            for _ in range(depth):
                layers.append(r)
                (value, slope), (pp, _), (qq, _) = (_pair(a, activation) for a in ((p, q, r), (p, p, p), (q, q, q)))
                slopes.append(slope)
                p, q, r = b2 + w2 * pp, b2 + w2 * qq, b2 + w2 * value
            hidden[i, j] = value
            tangent[i, j] = sum(K * w2 ** (depth - 1 - k) * np.prod(slopes[k:]) for k, K in enumerate(layers))
    return hidden, tangent


def _pair(variances, activation):
    """E[phi(u) phi(v)] by the chance that both are > 0, or that two noisy signs agree; and its derivative."""
    p, q, r = variances
    if activation == "relu":
        rho = r / sqrt(p * q)
        both = reals(0.25) + asin(max(min(rho, reals(1.0)), reals(-1.0))) / (2 * pi)
        return r * both + sqrt(abs(p * q - r * r)) / (2 * pi), both
    noisy = (p + reals(0.5)) * (q + reals(0.5))
    return 2 / pi * asin(r / sqrt(noisy)), 2 / pi / sqrt(noisy - r * r)


def _units(z, W, b, sigma_w, sigma_b, activation):
    """Sums and values of a layer of one network."""
    h = reals(sigma_w) / sqrt(reals(len(W))) * (z @ W) + reals(sigma_b) * b
    if activation == "relu":
        return h, np.where(h > 0, h, 0 * h)
    return h, erf(h)


def network_outputs(X, W1, b1, W2, b2, v, s, sigma_w, sigma_b, activation):
    """Network by network."""
    X, W1, b1, W2, b2, v, s = map(reals, (X, W1, b1, W2, b2, v, s))
    found = []
    for r in range(len(s)):
        z = _units(X, W1[r], b1[r], sigma_w, sigma_b, activation)[1]
        z = _units(z, W2[r], b2[r], sigma_w, sigma_b, activation)[1]
        found.append(z @ (sqrt(s[r] / v.shape[1]) * v[r]))
    return np.array(found, dtype=object)


def train_networks(
    X, y, X_new, W, b, v, s, eta, steps, sigma_w, sigma_b, activation, layers_trained, form, loss
):  # fmt: skip
    """Network by network, with the derivatives written out."""
    X, y, X_new, W, b, v, s, eta = map(reals, (X, y, X_new, W, b, v, s, eta))
    found, (d, N) = [], W.shape[1:]
    for r in range(len(s)):
        omega, beta = W[r], b[r]
        before = sqrt(s[r]) if form == "rescaled" else reals(1.0)  # what multiplies the trained readout
        w = v[r] * (sqrt(s[r]) / before)
        for _ in range(steps):
            h, z = _units(X, omega, beta, sigma_w, sigma_b, activation)
            f = before * (z @ w) / sqrt(reals(N))
            if loss == "squared":
                error = f - y
            else:
                top = exp(f - np.max(f, axis=1)[:, None])
                error = top / np.sum(top, axis=1)[:, None] - y
            slope = np.where(h > 0, 1.0, 0.0) if activation == "relu" else 2 / sqrt(pi * reals(1.0)) * exp(-h * h)
            back = before / sqrt(reals(N)) * (error @ w.T) * slope
            w = w - eta * before / sqrt(reals(N)) * (z.T @ error)
            if layers_trained == "all":
                omega = omega - eta * reals(sigma_w) / sqrt(reals(d)) * (X.T @ back)
                beta = beta - eta * reals(sigma_b) * np.sum(back, axis=0)
        found.append(before * (_units(X_new, omega, beta, sigma_w, sigma_b, activation)[1] @ w) / sqrt(reals(N)))
    return np.array(found, dtype=object)


# The scale ----------------------------------------------------------------------------------------------------------


def scale_law(law, p, q, s, u):
    """Densities as products; quantiles by inverting the distribution function."""
    p, q, s, u = reals(p), reals(q), reals(s), reals(u)
    if law == "inverse_gamma":
        density = q**p / gamma(p) * np.array([x ** (-p - 1) for x in s]) * exp(-q / s)
        return log(density), q / gamma_quantile(p, u)
    if law == "burr":
        powers = np.array([x**p for x in s])
        return log(p * q * powers / s / np.array([(1 + x) ** (q + 1) for x in powers])), np.array(
            [((1 - x) ** (-1 / q) - 1) ** (1 / p) for x in u], dtype=object
        )
    if law == "half_cauchy":
        return log(2 * p / pi / (p * p + s * s)), p * sin(pi * u / 2) / cos(pi * u / 2)
    density = exp(-(((log(s) - p) / q) ** 2) / 2) / (s * q * sqrt(2 * pi * reals(1.0)))
    return log(density), exp(p + q * sqrt(reals(2.0)) * erfinv(2 * u - 1))


def _mixture(q, determinant, n, a, b):
    """Density of n values: the normal density integrated over s, from the integral of the gamma function."""
    top = b**a * gamma(a + reals(n / 2)) / gamma(a)
    return top / sqrt((2 * pi) ** n * determinant) * (b + q / 2) ** (-(a + reals(n / 2)))


def student_law(mean, Sigma, a, b, f):
    """From the covariance, as far as there is one: of a t law with 2 a degrees the scale times a / (a - 1)."""
    mean, Sigma, a, b, f = map(reals, (mean, Sigma, a, b, f))
    inverse, determinant = _inverse(Sigma), det(Sigma)
    each = [log(_mixture((x - mean) @ inverse @ (x - mean), determinant, len(mean), a, b)) for x in f]
    return _scalar(2 * a), Sigma * b / a, np.array(each, dtype=object)


# Regression ---------------------------------------------------------------------------------------------------------


def _joint(K_tt, K_st, k_ss, j, eps):
    """Kernel of the targets and one more."""
    n = len(K_tt)
    K = np.full((n + 1, n + 1), _ZERO)
    K[:n, :n], K[n, :n], K[:n, n], K[n, n] = K_tt, K_st[j], K_st[j], k_ss[j]
    return K + eps * np.eye(n + 1)


def _lengths(K_tt, K_st, k_ss, y, points, eps):
    """Squared length and determinant: of the targets, and of the targets with each new one."""
    K = K_tt + eps * np.eye(len(y))
    more = []
    for j, point in enumerate(points):
        J, z = _joint(K_tt, K_st, k_ss, j, eps), np.append(y, point)
        more.append((z @ _inverse(J) @ z, det(J)))
    return (y @ _inverse(K) @ y, det(K)), more


def posterior_ig(K_tt, K_st, K_ss, y, points, a, b, eps):
    """A new target's density is that of all over that of the known ones."""
    K_tt, K_st, K_ss, y, points, a, b, eps = map(reals, (K_tt, K_st, K_ss, y, points, a, b, eps))
    n = len(y)
    (Q, determinant), more = _lengths(K_tt, K_st, np.diagonal(K_ss), y, points, eps)
    inverse = _inverse(K_tt + eps * np.eye(n))
    evidence = _mixture(Q, determinant, n, a, b)
    new = [log(_mixture(q, d, n + 1, a, b) / evidence) for q, d in more]
    scale = (K_ss - K_st @ inverse @ K_st.T) * ((2 * b + Q) / (2 * a + n))
    return (
        _scalar(2 * a + n), K_st @ inverse @ y, scale, np.array(new, dtype=object), _scalar(log(evidence)), _scalar(Q),
    )  # fmt: skip


def _normal(q, determinant, n, s):
    return exp(-q / (2 * s)) / sqrt((2 * pi * s) ** n * determinant)


def posterior_is(K_tt, K_st, k_ss, y, points, s, log_ratios, eps):
    """Joint densities at each scale, added up."""
    K_tt, K_st, k_ss, y, points, s, log_ratios, eps = map(reals, (K_tt, K_st, k_ss, y, points, s, log_ratios, eps))
    (Q, determinant), more = _lengths(K_tt, K_st, k_ss, y, points, eps)
    n, ratios = len(y), exp(log_ratios)
    known = ratios * np.array([_normal(Q, determinant, n, x) for x in s])
    new = [log(sum(r * _normal(q, d, n + 1, x) for r, x in zip(ratios, s, strict=True)) / sum(known)) for q, d in more]
    return known / sum(known), np.array(new, dtype=object), _scalar(log(sum(known) / len(s)))


def posterior_gp(K_tt, K_st, k_ss, y, points, eps, s, chosen):
    """The same with one scale."""
    K_tt, K_st, k_ss, y, points, eps, s = map(reals, (K_tt, K_st, k_ss, y, points, eps, s))
    (Q, determinant), more = _lengths(K_tt, K_st, k_ss, y, points, eps)
    n, s = len(y), s if chosen == "fixed" else Q / len(y)
    known = _normal(Q, determinant, n, s)
    new = [log(_normal(q, d, n + 1, s) / known) for q, d in more]
    return _scalar(s), np.array(new, dtype=object), _scalar(log(known))


# Trained networks ---------------------------------------------------------------------------------------------------


def trained_law(K_tt, K_st, K_ss, T_tt, T_st, y, s, eta, tau, time, form):
    """Outputs at all inputs together move by an affine map; no eigenvalues."""
    K_tt, K_st, K_ss, T_tt, T_st, y, s, eta = map(reals, (K_tt, K_st, K_ss, T_tt, T_st, y, s, eta))
    n, m = len(y), len(K_st)
    own = s if form == "rescaled" else s / s
    Theta = np.concatenate([own * K_tt + s * T_tt, own * K_st + s * T_st])  # [n + m, n]
    if time == "end":
        G = Theta[n:] @ _inverse(Theta[:n])
    else:
        drift = eta * Theta  # by the outputs on the data alone
        if time == "flow":
            kept = expm(-reals(tau) * np.concatenate([drift, reals(np.zeros((n + m, m)))], axis=1))
        else:
            kept = reals(np.eye(n + m, n))
            for _ in range(int(tau)):
                kept = kept - drift @ kept[:n]
        G = -kept[n:, :n]  # outputs that start at y on the data stay there
    joint = s * np.concatenate([np.concatenate([K_tt, K_st.T], axis=1), np.concatenate([K_st, K_ss], axis=1)])
    map_ = np.concatenate([-G, reals(np.eye(m))], axis=1)
    return G @ y, map_ @ joint @ map_.T


# Classification -----------------------------------------------------------------------------------------------------


def _bound(K_uu, K_xu, k_xx, onehot, m, S, noise, s, eps, n):
    """Expected log likelihood, the part of the divergence without the means, and all derivatives, term by term."""
    (B, C), M = onehot.shape, m.shape[1]
    inverse = _inverse(K_uu + eps * np.eye(M))
    A = K_xu @ inverse
    rest = np.array([k_xx[i] - A[i] @ K_xu[i] for i in range(B)], dtype=object)
    fit, d_m, d_S, d_s = _ZERO, 0 * m, 0 * S, np.full(len(s), _ZERO)
    weight = reals(float(n)) / B / len(s)
    for r, scale in enumerate(s):
        for i in range(B):
            v = np.array([sum(A[i] ** 2 * S[c]) + rest[i] for c in range(C)], dtype=object)
            f = np.array([A[i] @ m[c] for c in range(C)], dtype=object) + sqrt(scale * v) * noise[r, i]
            p = exp(f) / sum(exp(f))
            fit = fit + weight * log(sum(p * onehot[i]))
            for c in range(C):
                pull = weight * (onehot[i, c] - p[c])
                d_m[c] = d_m[c] + pull * A[i]
                d_S[c] = d_S[c] + pull * noise[r, i, c] * sqrt(scale / v[c]) / 2 * A[i] ** 2
                d_s[r] = d_s[r] + pull * noise[r, i, c] * sqrt(v[c] / scale) / 2
    length = sum(m[c] @ inverse @ m[c] for c in range(C))
    plain = C * log(det(K_uu + eps * np.eye(M))) - C * M
    plain = (plain + sum(sum(np.diagonal(inverse) * S[c] - log(S[c])) for c in range(C))) / 2
    d_S = d_S - (np.array([np.diagonal(inverse) for _ in range(C)]) - 1 / S) / 2
    return fit, plain, length, m @ inverse, d_m, d_S, d_s


def elbo(K_uu, K_xu, k_xx, onehot, m, S, a_q, b_q, a, b, noise, u, eps, n):
    """With the derivatives written out."""
    K_uu, K_xu, k_xx, onehot, m, S, p, q, a, b, noise, u, eps = map(
        reals, (K_uu, K_xu, k_xx, onehot, m, S, a_q, b_q, a, b, noise, u, eps)
    )
    g, h = gamma_quantile(p, u), reals(1e-25)
    slope = (gamma_quantile(p + h, u) - g) / h
    fit, plain, length, pulled, d_m, d_S, d_s = _bound(K_uu, K_xu, k_xx, onehot, m, S, noise, q / g, eps, n)
    scale = a * log(q / b) - loggamma(p) + loggamma(a) + (p - a) * digamma(p) + (b - q) * p / q
    kl = plain + p / q * length / 2 + scale
    d_a = -sum(d_s * q / g**2 * slope) - (length / (2 * q) + (p - a) * trigamma(p) + (b - q) / q)
    d_b = sum(d_s / g) - (-p / q**2 * length / 2 + a / q - b * p / q**2)
    return _scalar(fit - kl), _scalar(kl), d_m - p / q * pulled, d_S, _scalar(d_a), _scalar(d_b)


def svgp_elbo(K_uu, K_xu, k_xx, onehot, m, S, s, noise, eps, n):
    """The same with one scale."""
    K_uu, K_xu, k_xx, onehot, m, S, s, noise, eps = map(reals, (K_uu, K_xu, k_xx, onehot, m, S, s, noise, eps))
    scales = np.full(len(noise), s)
    fit, plain, length, pulled, d_m, d_S, d_s = _bound(K_uu, K_xu, k_xx, onehot, m, S, noise, scales, eps, n)
    kl = plain + length / (2 * s)
    return _scalar(fit - kl), _scalar(kl), d_m - pulled / s, d_S, _scalar(sum(d_s) + length / (2 * s**2))


def class_probabilities(K_uu, K_xu, k_xx, m, S, a_q, b_q, noise, u, eps):
    """Input by input; with two classes or more, by ratios."""
    K_uu, K_xu, k_xx, m, S, p, q, noise, u, eps = map(reals, (K_uu, K_xu, k_xx, m, S, a_q, b_q, noise, u, eps))
    inverse, C = _inverse(K_uu + eps * np.eye(len(K_uu))), len(m)
    found = np.full((len(K_xu), C), _ZERO)
    for r, s in enumerate(q / gamma_quantile(p, u)):
        for i, k in enumerate(K_xu):
            A = k @ inverse
            v = np.array([sum(A**2 * S[c]) + k_xx[i] - A @ k for c in range(C)], dtype=object)
            f = m @ A + sqrt(s * v) * noise[r, i]
            found[i] = found[i] + np.array([1 / sum(exp(f - f[c])) for c in range(C)], dtype=object) / len(u)
    return found
