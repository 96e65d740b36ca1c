"""Right answers of BSVRB: block by block and sample by sample, in fractions or 50 digits."""

import numpy as np

from refimpl.specs.exact import eigh, exp, fractions, reals, solve, sqrt


def msvr(est, new, old, alpha, gamma):
    """Collected: what the estimate, the new and the old value count."""
    est, new, old, alpha, gamma = map(fractions, (est, new, old, alpha, gamma))
    return est - alpha * est + (alpha + gamma) * new - gamma * old


def msvr_gamma(m, I, alpha):
    """The gamma at which q (1 - alpha) (gamma - 1 + alpha) - (1 - q) vanishes, q = I / m; linear: two points tell."""
    q, alpha = fractions(float(I)) / int(m), fractions(alpha)
    cross = lambda gamma: q * (1 - alpha) * (gamma - 1 + alpha) - (1 - q)
    if alpha == 1:
        return np.array(fractions(0.0))
    return np.array(cross(0) / (cross(0) - cross(1)))


def _lifted(H, mu):
    H = (H + H.T) / 2
    values, Q = eigh(H)
    for value, q in zip(values, Q.T, strict=True):
        if value < mu:
            H = H + (mu - value) * np.outer(q, q)
    return H


def psd_floor(H, mu):
    """What lacks of the floor, added along each eigenvector."""
    return np.stack([_lifted(block, reals(mu)) for block in reals(H)])


class _Quadratics:
    """Of a block and a list of samples: means, at a point."""

    def __init__(self, A, B, b, c, r):
        self.A, self.B, self.b, self.c, self.r = map(reals, (A, B, b, c, r))

    def at(self, i, j, k, x, y):
        """Gradient of g, Hessian, B, gradient of f in y and in x."""
        mean = lambda field, picks: sum(field[i][q] for q in picks) / len(picks)
        A, B, b, c = mean(self.A, j), mean(self.B, j), mean(self.b, j), mean(self.c, k)
        return A @ y - B @ x - b, A, B, y - c, np.array([2 * self.r * q / (1 + q * q) ** 2 for q in x])


def _moved(mode, last, t):
    """How many times its step a sampled block goes: `last` is when it moved before."""
    return t - last if mode == "delayed" else 1


def _steps(problem, x, y, s, z, inside, track, blocks, batches_g, batches_f, eta, tau, alpha, beta, mode, after):
    """Both versions: `inside` has what stands in for the inverse of each block, now and in the step before."""
    x, y, s, z, eta, tau, alpha, beta = map(reals, (x, y, s, z, eta, tau, alpha, beta))
    m, x_old, y_old, xs, last = len(y), x, y, [], [-1] * len(y)
    old_inside = list(inside)
    for t, (chosen, of_g, of_f) in enumerate(
        zip(blocks.astype(int), batches_g.astype(int), batches_f.astype(int), strict=True)
    ):
        gamma = (
            reals(0.0)
            if len(chosen) == m and alpha == 1
            else (reals(float(m)) / len(chosen) - 1) / (1 - alpha) + 1 - alpha
        )
        pull = lambda e, new, old: e - alpha * e + (alpha + gamma) * new - gamma * old
        fresh, total = list(inside), -0 * x
        s = s.copy()
        for i, j, k in zip(chosen, of_g, of_f, strict=True):
            new, old = problem.at(i, j, k, x, y[i]), problem.at(i, j, k, x_old, y_old[i])
            s[i] = pull(s[i], new[0], old[0])
            G, fresh[i] = track(i, inside[i], old_inside[i], new, old, pull)
            total = total + (G[0] - (1 - beta) * G[1]) / len(chosen)
        moves = {i: _moved(mode, last[i], t) for i in (range(m) if mode == "full" else chosen)}
        y_old, y = y, np.stack([y[i] - tau * moves.get(i, 0) * s[i] for i in range(m)])
        for i in chosen:
            last[i] = t
        old_inside, inside = inside, after(fresh, moves)
        z = (1 - beta) * z + total
        x_old, x = x, x - eta * z
        xs.append(x)
    return np.stack(xs), y, s, z, inside


def steps_v1(A, B, b, c, r, x0, y0, s0, H0, z0, blocks, batches_g, batches_f, eta, tau, alpha, beta, mu, mode):
    """Inverses of the Hessians, in 50 digits."""

    def track(i, H, H_old, new, old, pull):
        upward = lambda H, at: at[4] + at[2].T @ solve(H, at[3].reshape(-1, 1)).ravel()
        return (upward(H, new), upward(H_old, old)), _lifted(pull(H, new[1], old[1]), reals(mu))

    problem, inside = _Quadratics(A, B, b, c, r), list(reals(H0))
    rates = (eta, tau, alpha, beta, mode, lambda fresh, moves: fresh)
    xs, y, s, z, inside = _steps(problem, x0, y0, s0, z0, inside, track, blocks, batches_g, batches_f, *rates)
    return xs, y, s, z, np.stack(inside)


def steps_v2(
    A, B, b, c, r, x0, y0, s0, v0, u0, z0, blocks, batches_g, batches_f, eta, tau, tau_v, alpha, beta, radius, mode
):
    """Each block's v with its u, in 50 digits."""

    def track(i, vu, vu_old, new, old, pull):
        upward = lambda vu, at: at[4] + at[2].T @ vu[0]
        rest = lambda vu, at: at[1] @ vu[0] - at[3]
        return (upward(vu, new), upward(vu_old, old)), (vu[0], pull(vu[1], rest(vu, new), rest(vu_old, old)))

    def after(fresh, moves):
        found = []
        for i, (v, u) in enumerate(fresh):
            v = v - reals(tau_v) * moves.get(i, 0) * u
            length = sqrt(sum(q * q for q in v))
            found.append((v if length <= radius else v * (reals(radius) / length), u))
        return found

    problem, inside = _Quadratics(A, B, b, c, r), list(zip(reals(v0), reals(u0), strict=True))
    rates = (eta, tau, alpha, beta, mode, after)
    xs, y, s, z, inside = _steps(problem, x0, y0, s0, z0, inside, track, blocks, batches_g, batches_f, *rates)
    return xs, y, s, z, *(np.stack(part) for part in zip(*inside, strict=True))


def rsvrb_steps(A, B, b, c, r, x0, y0, s0, w0, V0, H0, z0, blocks, others, batches_g, batches_f, eta, tau, beta, mu):
    """All blocks shrink; what the sampled ones see is added."""
    problem = _Quadratics(A, B, b, c, r)
    x, y, z, eta, tau, beta, mu = map(reals, (x0, y0, z0, eta, tau, beta, mu))
    kept, x_old, y_old, m, xs = [reals(e) for e in (s0, w0, V0, H0)], x, y, len(y0), []
    for t, chosen in enumerate(blocks.astype(int)):
        fresh, times = [e * (1 - beta) for e in kept], reals(float(m)) / len(chosen)
        for i, j, k in zip(chosen, batches_g[t].astype(int), batches_f[t].astype(int), strict=True):
            (gs, gA, gB, gw, _), (hs, hA, hB, hw, _) = (
                problem.at(i, j, k, *point) for point in ((x, y[i]), (x_old, y_old[i]))
            )
            for e, new, old in zip(fresh, (gs, gw, -gB.T, gA), (hs, hw, -hB.T, hA), strict=True):
                e[i] = e[i] + times * (new - (1 - beta) * old)

        def upward(e, x, t=t):
            slope = np.array([2 * problem.r * q / (1 + q * q) ** 2 for q in x])
            each = [
                e[2][i] @ solve(_lifted(e[3][i], mu), e[1][i].reshape(-1, 1)).ravel() for i in others[t].astype(int)
            ]
            return slope - sum(each) / len(each)

        z = upward(fresh, x) + (1 - beta) * (z - upward(kept, x_old))
        x_old, y_old, x, y, kept = x, y, x - eta * z, y - tau * fresh[0], fresh
        xs.append(x)
    return np.stack(xs), y


def hpo_products(X, labels, p, w, v, sigma, batch, reg):
    """From e^-h of each sample: slope -e^-h / (1 + e^-h), curvature e^-h / (1 + e^-h)^2."""
    X, labels, p, w, v, sigma, reg = map(reals, (X, labels, p, w, v, sigma, reg))
    gradient, hvp, cross, size = reg * w, reg * v, 0 * p, batch.shape[1]
    for i, picks in enumerate(batch.astype(int)):
        for j in picks:
            t, chance = labels[j] / sigma[i], 1 / (1 + exp(-p[j]))
            far = exp(-t * (X[j] @ w[i]))
            gradient[i] = gradient[i] - chance * t * far / (1 + far) * X[j] / size
            hvp[i] = hvp[i] + chance * t * t * far / (1 + far) ** 2 * (X[j] @ v[i]) * X[j] / size
            cross[j] = cross[j] - chance * (1 - chance) * t * far / (1 + far) * (X[j] @ v[i]) / size / len(sigma)
    return gradient, hvp, cross
