"""Lines of the rule as most people write them, which say the same."""

FORMS = {
    "power_of_the_quotient": {
        "srrw-4": "ratio = x / mu\n"
        "least = xp.min(xp.where(row > 0, ratio, xp.inf), axis=-1, keepdims=True)\n"
        "return row * xp.clip(ratio / least, min=1.0) ** -alpha",
    },
    "softmax_of_logarithms": {
        "srrw-3": "power = xp.log(xp.where(row > 0, row, 1.0)) - alpha * (xp.log(x) - xp.log(mu))",
        "srrw-4": "logits = xp.where(row > 0, power, -xp.inf)\n"
        "powers = xp.exp(logits - xp.max(logits, axis=-1, keepdims=True))\n"
        "return powers / xp.sum(powers, axis=-1, keepdims=True)",
    },
    "average_that_fades": {
        "srrw-6": "x = (1 - gamma) * state.x + gamma * visit",
    },
    "counted_as_searchsorted_does": {
        "srrw-5": "passed = (S <= u[..., None] * S[..., -1:]) & (S < S[..., -1:])\n"
        "return xp.asarray(xp.sum(xp.astype(passed, xp.int64), axis=-1))",
    },
    "proposed_and_accepted": {
        "srrw-1": "proposed = adjacency / degrees[:, None]\n"
        "accepted = xp.clip(degrees[:, None] / degrees[None, :], max=1.0)\n"
        "away = proposed * accepted",
        "metropolis: stay =": "stay = xp.clip(xp.sum(proposed * (1 - accepted), axis=1), min=0.0)",
    },
    "modes_with_their_rates": {
        "srrw-10": "rate = alpha * (1 + lam) + 1 - last / 2\nreturn _combined((1 + lam) / (1 - lam) / (2 * rate), u)",
    },
    "gain_squared": {
        "srrw-11": "gain = 1 / (1 + alpha * (1 + lam))\nreturn _combined((1 + lam) / (1 - lam) * gain**2, G)",
    },
    "within_the_radius_by_a_condition": {
        "sa_step: theta = theta * (radius": "xp = array_namespace(theta)\n"
        "size = xp.sqrt(xp.sum(theta * theta, axis=-1, keepdims=True))\n"
        "theta = xp.where(size > radius, theta * radius / xp.where(size > 0, size, 1.0), theta)",
    },
    "powers_of_law_and_visits": {
        "srrw-3": "wanted, seen = alpha * xp.log(mu), alpha * xp.log(x)\npower = wanted - seen",
    },
    "drawn_by_probabilities": {
        "draw: S =": "p = weights / xp.sum(weights, axis=-1, keepdims=True)\n"
        "S = xp.cumulative_sum(p, axis=-1, dtype=xp.float64)",
        "draw: beyond =": "beyond = (S > u[..., None]) | (S >= S[..., -1:])",
    },
    "searched_in_the_distribution": {
        "srrw-5": "distribution = S / S[-1]\n"
        "below = xp.clip(u, max=1 - 2**-53)\n"
        'return xp.asarray(xp.searchsorted(distribution, below, side="right"))',
    },
    "all_fade_and_the_visited_gains": {
        "srrw-6": "x = (1 - gamma) * state.x\nx = xp.where(visit > 0, x + gamma, x)",
    },
    "smaller_of_two_chances": {
        "srrw-1": "chance = 1 / degrees\naway = adjacency * xp.minimum(chance[:, None], chance[None, :])",
    },
    "inverse_degrees_as_a_matrix": {
        "srrw-2": "inverse = _eye(adjacency.shape[0], adjacency) / degrees\n"
        "edges = xp.sum(adjacency) / 2\n"
        "return Chain(inverse @ adjacency, degrees / (2 * edges))",
    },
    "flow_over_both_roots": {
        "spectrum: S =": "flow = chain.mu[:, None] * chain.P\nS = flow / (root[:, None] * root[None, :])",
    },
    "diagonal_matrices_on_both_sides": {
        "spectrum: S =": "D, inverse = xp.diag(root), xp.diag(1 / root)\nS = D @ chain.P @ inverse",
    },
    "sum_of_outer_products": {
        "_combined: return": "xp = array_namespace(modes)\n"
        "products = modes[:, None, :] * modes[None, :, :]\n"
        "return xp.sum(factors * products, axis=-1)",
    },
    "variance_and_twice_the_autocovariances": {
        "srrw-10": "later = lam / (1 - lam)\nreturn _combined((1 + 2 * later) / (2 * alpha * (1 + lam) + 2 - last), u)",
    },
    "sensitivity_of_the_law": {
        "srrw-14": "law = chain.mu[:, None] * xp.ones_like(chain.mu)[None, :]\n"
        "J_pi = alpha * (2 * law - transposed(chain.P) - eye)",
    },
    "fundamental_matrix": {
        "srrw-16": "mu, L = chain.mu, xp.concat([transposed(H), eye], axis=0)\n"
        "Z = xp.linalg.inv(eye - chain.P + mu[None, :])\n"
        "flow = mu[:, None] * Z\n"
        "return drift, L @ (flow + transposed(flow) - mu[:, None] * eye - mu[:, None] * mu) @ transposed(L)",
    },
    "lyapunov_by_kronecker_products": {
        "srrw-17": "xp, n, eye = array_namespace(J), drift.shape[0], _eye(drift.shape[0], J)\n"
        "A = drift + last / 2 * eye\n"
        "V = xp.linalg.solve(xp.kron(A, eye) + xp.kron(eye, A), -xp.reshape(noise, (-1, 1)))\n"
        "return xp.reshape(V, (n, n))[:d, :d]",
    },
    "covariance_term_by_term": {
        "predict: D =": "D = xp.where(for_theta > 0, beta[k], gamma[k])",
        "predict: M =": "M = xp.clip(D, max=cap)[:, None] * drift",
        "srrw-18": "MZ = M @ Z\n"
        "Z = Z + MZ + xp.matrix_transpose(MZ) + MZ @ xp.matrix_transpose(M)\n"
        "Z = Z + D[:, None] * D[None, :] * noise",
    },
}
