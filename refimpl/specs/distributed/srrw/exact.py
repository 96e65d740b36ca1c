"""Right answers of the self-repellent walk: powers instead of logarithms, counts instead of averages, and linear
systems instead of eigenvectors, in 50 digits."""

import numpy as np

from refimpl.specs.exact import fractions, reals, solve

_KEEP = 1e-40  # what 50 digits leave of a zero


def _kernel(row, x, mu, alpha):
    """Probabilities of the nodes that can be reached; powers of x / mu themselves, which 50 digits hold."""
    p = np.array([p * (v / m) ** -alpha if p else p for p, v, m in zip(row, x, mu, strict=True)], dtype=object)
    return p / p.sum()


def kernel_row(P_row, x, mu, alpha):
    """The definition as it is printed."""
    row, x, mu, alpha = map(reals, (P_row, x, mu, alpha))
    return _kernel(row, x, mu, alpha)


def srrw_steps(P, mu, alpha, x0, node0, u, gamma):
    """Frequencies from counters: each visit adds gamma_n / prod_{k <= n} (1 - gamma_k), and x is count / total."""
    alpha, gamma, counts = reals(alpha), reals(gamma), reals(x0)
    mu, node, nodes, xs, left = reals(mu), int(node0), [], [], reals(1.0)
    for draw, rate in zip(reals(u), gamma, strict=True):
        row = _kernel(reals(P[node]), counts, mu, alpha)
        below, node = row[0], 0
        while draw >= below:
            node += 1
            below = below + row[node]
        left = left * (1 - rate)
        counts = counts + np.array([rate / left if j == node else 0 for j in range(len(counts))], dtype=object)
        nodes.append(node)
        xs.append(counts * left)
    return np.array(nodes), np.stack(xs)


def sa_srrw(P, mu, alpha, x0, node0, u, gamma, theta0, H, beta):
    """theta as a weighted mean of the start and of all H so far, along the nodes of `srrw_steps`."""
    nodes, xs = srrw_steps(P, mu, alpha, x0, node0, u, gamma)
    theta, thetas = reals(theta0), []
    for node, rate in zip(nodes, reals(beta), strict=True):
        theta = (1 - rate) * theta + rate * reals(H[node])
        thetas.append(theta)
    return np.stack(thetas), nodes, xs


def base_chain(adjacency, kind):
    """Edge by edge, in fractions."""
    N = len(adjacency)
    degree = [sum(int(a) for a in row) for row in adjacency]
    one = fractions(1.0)
    P = np.full((N, N), one - one, dtype=object)
    for i, j in np.argwhere(adjacency):
        P[i, j] = one / (max(degree[i], degree[j]) if kind == "metropolis" else degree[i])
    for i in range(N):
        P[i, i] = one - sum(P[i, j] for j in np.flatnonzero(adjacency[i]))
    mu = [one / N if kind == "metropolis" else one * d / sum(degree) for d in degree]
    return P, np.array(mu, dtype=object)


def _eye(n):
    return reals(np.eye(n))


def _law(P, mu):
    P, mu = reals(P), reals(mu)
    return P, mu / mu.sum()


def _long_run(P, mu):
    """Limit of Cov(visits) / n: D (2 Z - 1) - mu mu^T made symmetric, Z = (1 - P + 1 mu^T)^-1."""
    N = len(mu)
    Z = solve(_eye(N) - P + mu[None, :] + 0 * mu[:, None], _eye(N))
    one_way = mu[:, None] * (2 * Z - _eye(N)) - np.outer(mu, mu)
    return (one_way + one_way.T) / 2


def _slowed(P, alpha, matrix):
    """(1 + alpha (1 + P^T))^-1 applied from the left."""
    N = len(P)
    return solve(_eye(N) + alpha * (_eye(N) + P.T), matrix)


def _rates(P, alpha, last):
    """What pulls frequencies back, twice: 2 + 2 alpha (1 + P^T), less 1 for steps like 1 / n."""
    eye = _eye(len(P))
    return (2 - last) * eye + 2 * alpha * (eye + P.T)


def _without_dust(V):
    return np.where(abs(V) < _KEEP, 0, V)


def covariance_x(P, mu, alpha, a):
    """Visits of the base chain, pulled back at rates that commute with them: one system is enough."""
    P, mu = _law(P, mu)
    return _without_dust(solve(_rates(P, reals(alpha), int(a == 1)), _long_run(P, mu)))


def _sylvester(A, B, Q):
    """X of A X + X B^T + Q = 0, entry by entry as one linear system."""
    system = np.kron(A, _eye(len(B))) + np.kron(_eye(len(A)), B)
    return solve(system, -Q.reshape(-1, 1)).reshape(Q.shape)


def _pull(P, mu, alpha):
    """J_pi: a node is avoided for visits of its own and of its neighbours."""
    return alpha * (2 * np.outer(mu, np.ones(len(mu))) - P.T - _eye(len(mu)))


def covariance_theta(P, mu, alpha, H, J, a, b):
    """The Lyapunov equation of each case, with linear systems in place of modes; a = b block by block."""
    (P, mu), H, J, alpha = _law(P, mu), reals(H), reals(J), reals(alpha)
    (N, d), last, sigma = H.shape, int(b == 1), _long_run(P, mu)
    steeper = J + reals(last / 2) * _eye(d)
    if a == b:
        V, push = solve(_rates(P, alpha, last), sigma), H.T @ _pull(P, mu, alpha)
        back = _pull(P, mu, alpha) - (1 - reals(last / 2)) * _eye(N)
        mixed = _sylvester(steeper, back, push @ V + H.T @ sigma)
        noise = push @ mixed.T + mixed @ push.T + H.T @ sigma @ H
    else:
        slowed = lambda matrix: solve(_rates(P, alpha, 0), 2 * matrix)
        noise = H.T @ (slowed(slowed(sigma).T) if a < b else sigma) @ H
    return _without_dust(_sylvester(steeper, steeper, noise))


def predict(P, mu, alpha, H, J, gamma, beta):
    """Covariances of x, of theta with x, and of theta, each by a recursion of its own."""
    (P, mu), H, J, alpha = _law(P, mu), reals(H), reals(J), reals(alpha)
    (N, d), sigma, pull = H.shape, _long_run(P, mu), _pull(P, mu, alpha)
    cap = 1 / max(1 + 2 * alpha, reals(np.linalg.svd(J.astype(float))[1][0]))
    X, mixed, T, thetas, xs = 0 * sigma, 0 * H.T, 0 * J, [], []
    for g, b in zip(reals(gamma), reals(beta), strict=True):
        cut_g, cut_b = min(g, cap), min(b, cap)
        for_x, for_theta, push = _eye(N) + cut_g * (pull - _eye(N)), _eye(d) + cut_b * J, cut_b * (H.T @ pull)
        moved = for_theta @ mixed @ push.T
        T = for_theta @ T @ for_theta.T + moved + moved.T + push @ X @ push.T + b * b * (H.T @ sigma @ H)
        mixed = (for_theta @ mixed + push @ X) @ for_x.T + b * g * (H.T @ sigma)
        X = for_x @ X @ for_x.T + g * g * sigma
        thetas.append(T)
        xs.append(X)
    return _without_dust(np.stack(thetas)), _without_dust(np.stack(xs))
