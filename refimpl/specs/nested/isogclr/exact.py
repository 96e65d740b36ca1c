"""Right answers of iSogCLR and its rivals, in 50 digits: anchor by anchor, and no derivative is written down."""

import numpy as np

from refimpl.specs.exact import exp, log, reals, sqrt

_SIZE = reals(2.0**-60)  # of a central difference


def _unit(U):
    return U / sqrt((U * U).sum(axis=1))[:, None]


def _differences(function, x):
    """Derivative of a number in every entry of an array."""
    found = np.empty(x.shape, dtype=object)
    for index in np.ndindex(x.shape):
        ahead, behind = x.copy(), x.copy()
        ahead[index], behind[index] = x[index] + _SIZE, x[index] - _SIZE
        found[index] = (function(ahead) - function(behind)) / (2 * _SIZE)
    return found


def _gradients(loss, U1, U2):
    """Of ``loss(Z1, Z2)`` in the rows before they are made of length 1."""
    one = _differences(lambda U: loss(_unit(U), _unit(U2)), U1)
    return one, _differences(lambda U: loss(_unit(U1), _unit(U)), U2)


def _linear(G, U):
    """Gradient in U of the sum over the rows a of G_a Z_a, by differences of each row by itself."""
    rows = [_differences(lambda u, g=g: (g * _unit(u[None, :])[0]).sum(), u) for g, u in zip(G, U, strict=True)]
    return np.stack(rows)


def _between(x, low, high):
    return min(max(x, low), high)


class _Samples:
    """What is kept, s itself in place of its logarithm."""

    def __init__(self, log_s, tau, u, seen):
        self.log_s, self.tau, self.u = (reals(x).copy() for x in (log_s, tau, u))
        self.seen = [x > 0.5 for x in seen]

    def renew(self, i, g, gamma):
        """The running normaliser of sample i after a batch whose mean is g; not yet stored."""
        if not self.seen[i]:
            return g
        s = exp(self.log_s[i])
        return s + gamma * (g - s)

    def move(self, i, s, q, beta, eta, tau_min, tau_max):
        self.log_s[i], self.seen[i] = log(s), True
        self.u[i] += beta * (q - self.u[i])
        self.tau[i] = _between(self.tau[i] - eta * self.u[i], tau_min, tau_max)


def _anchor(kept, i, E, gamma, rho):
    """s, weights and derivative in tau of one anchor, E its exponents times tau."""
    powers = exp(E / kept.tau[i])
    s = kept.renew(i, powers.sum() / len(E), gamma)
    w = powers / (len(E) * s)
    return s, w, log(s) + rho - (w * E).sum() / kept.tau[i]


def _update(Z1, Z2, idx, kept, rates, exponent):
    """One step: changes `kept`, returns the matrix that the similarities are weighed with."""
    gamma, beta, eta, rho, tau_min, tau_max, clip = rates
    B, Z = len(Z1), np.concatenate([Z1, Z2])
    S, M, told = Z @ Z.T, reals(np.zeros((2 * B, 2 * B))), []
    for a in range(2 * B):
        i, mate, others = idx[a % B], (a + B) % (2 * B), [b for b in range(2 * B) if b % B != a % B]
        E = S[a, others] - (S[a, mate] if exponent == "h" else 0)
        s, w, q = _anchor(kept, i, E, gamma, rho)
        M[a, others] = w / B
        M[a, mate] = -(w.sum() if exponent == "h" else 1) / reals(B)
        told.append((s, q))
    for a, i in enumerate(idx):
        (s, q), (s_other, q_other) = told[a], told[a + B]
        q = _between((q + q_other) / 2, -clip, clip)
        kept.move(i, (s + s_other) / 2, q, beta, eta, tau_min, tau_max)
    return M


def _numbers(*values):
    return [reals(value) for value in values]


def step(U1, U2, idx, log_s, tau, u, seen, gamma, beta, eta, rho, tau_min, tau_max, clip, exponent):
    """Weights first, then differences of the sum that they make with the similarities."""
    kept, (U1, U2), idx = _Samples(log_s, tau, u, seen), map(reals, (U1, U2)), idx.astype(int)
    rates = _numbers(gamma, beta, eta, rho, tau_min, tau_max, clip)
    Z1, Z2 = _unit(U1), _unit(U2)
    M, Z = _update(Z1, Z2, idx, kept, rates, exponent), np.concatenate([Z1, Z2])
    gradient = _linear((M + M.T) @ Z, np.concatenate([U1, U2]))  # the sum of M_ab Z_a Z_b is linear in each row
    return (M * (Z @ Z.T)).sum(), gradient[: len(Z1)], gradient[len(Z1) :], kept.log_s, kept.tau, kept.u


def steps(U1, U2, idx, tau0, gamma, beta, eta, rho, tau_min, tau_max, clip, exponent):
    """Step by step, from samples that nobody has seen."""
    kept = _Samples(0 * tau0, tau0, 0 * tau0, 0 * tau0)
    rates, taus, losses = _numbers(gamma, beta, eta, rho, tau_min, tau_max, clip), [], []
    for rows1, rows2, batch in zip(reals(U1), reals(U2), idx.astype(int), strict=True):
        Z1, Z2 = _unit(rows1), _unit(rows2)
        Z = np.concatenate([Z1, Z2])
        losses.append((_update(Z1, Z2, batch, kept, rates, exponent) * (Z @ Z.T)).sum())
        taus.append(kept.tau.copy())
    return np.stack(taus), np.array(losses)


def bimodal_step(
    U1, U2, idx, log_s1, tau1, u1, seen1, log_s2, tau2, u2, seen2, gamma, beta, eta, rho, tau_min, tau_max, clip
):
    """Side by side, on s itself."""
    gamma, beta, eta, rho, tau_min, tau_max, clip = _numbers(gamma, beta, eta, rho, tau_min, tau_max, clip)
    sides = _Samples(log_s1, tau1, u1, seen1), _Samples(log_s2, tau2, u2, seen2)
    U1, U2, idx = reals(U1), reals(U2), idx.astype(int)
    B, S, weights = len(U1), _unit(U1) @ _unit(U2).T, []
    for kept, rows in zip(sides, (S, S.T), strict=True):
        w_side = []
        for a, i in enumerate(idx):
            others = [b for b in range(B) if b != a]
            s, w, q = _anchor(kept, i, rows[a, others] - rows[a, a], gamma, rho)
            kept.move(i, s, _between(q, -clip, clip), beta, eta, tau_min, tau_max)
            w_side.append(w)
        weights.append(w_side)

    def loss(Z1, Z2):
        S, total = Z1 @ Z2.T, reals(0.0)
        for rows, w_side in zip((S, S.T), weights, strict=True):
            for a, w in enumerate(w_side):
                total += (w * (np.delete(rows[a], a) - rows[a, a])).sum()
        return total / B

    after = [x for kept in sides for x in (kept.log_s, kept.tau, kept.u)]
    return loss(_unit(U1), _unit(U2)), *_gradients(loss, U1, U2), *after


def _dual(h, tau, rho):
    """What the best distribution within the ball gains, for a given multiplier."""
    return tau * (log(exp(h / tau).sum() / len(h)) + rho)


def tau_star(h, rho, lo, hi):
    """The minimum of the dual, by halving on the sign of its differences."""
    h, rho, lo, hi = reals(h), reals(rho), reals(lo), reals(hi)
    rises = lambda tau: _dual(h, tau * (1 + _SIZE), rho) > _dual(h, tau * (1 - _SIZE), rho)
    if rises(lo) or not rises(hi):
        return np.array(lo if rises(lo) else hi, dtype=object)
    for _ in range(80):
        middle = (lo + hi) / 2
        lo, hi = (lo, middle) if rises(middle) else (middle, hi)
    return np.array(lo, dtype=object)


def rgcl(U1, U2, tau, rho):
    """The objective as it is defined, and its differences."""
    U1, U2, tau, rho = reals(U1), reals(U2), reals(tau), reals(rho)
    n = len(tau)

    def loss(Z1, Z2, tau):
        total = reals(0.0)
        for Z, other in ((Z1, Z2), (Z2, Z1)):
            for i in range(n):
                rest = np.concatenate([np.delete(Z, i, axis=0), np.delete(other, i, axis=0)])
                total += _dual(rest @ Z[i] - other[i] @ Z[i], tau[i], rho)
        return total / n

    Z1, Z2 = _unit(U1), _unit(U2)
    slopes = _differences(lambda tau: loss(Z1, Z2, tau), tau)
    return loss(Z1, Z2, tau), *_gradients(lambda Z1, Z2: loss(Z1, Z2, tau), U1, U2), slopes


def nt_xent(U1, U2, tau):
    """Minus the logarithm of the probability of the positive, and its differences."""
    U1, U2, tau = reals(U1), reals(U2), reals(tau)

    def loss(Z1, Z2):
        Z, B, total = np.concatenate([Z1, Z2]), len(Z1), reals(0.0)
        for a in range(2 * B):
            powers = exp(Z @ Z[a] / tau)
            total -= log(powers[(a + B) % (2 * B)] / np.delete(powers, a).sum())
        return total / (2 * B)

    return loss(_unit(U1), _unit(U2)), *_gradients(loss, U1, U2)


def clip(U1, U2, tau):
    """Minus the logarithms of the probabilities of the partners, and their differences."""
    U1, U2, tau = reals(U1), reals(U2), reals(tau)

    def loss(Z1, Z2, tau=tau):
        powers = exp(Z1 @ Z2.T / tau)
        partners = np.diagonal(powers)
        return -(log(partners / powers.sum(axis=1)).sum() + log(partners / powers.sum(axis=0)).sum()) / (2 * len(Z1))

    Z1, Z2 = _unit(U1), _unit(U2)
    slope = (loss(Z1, Z2, tau + _SIZE) - loss(Z1, Z2, tau - _SIZE)) / (2 * _SIZE)
    return loss(Z1, Z2), *_gradients(loss, U1, U2), slope
