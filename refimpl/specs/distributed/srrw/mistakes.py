"""What goes wrong in self-repellent walks: lines of the source that read otherwise."""

from refimpl.specs.base import mistake, variant

_LOG_RATIO = "(xp.log(x) - xp.log(mu))"
_UNCHECKED = {"step: alpha, gamma = ": "pass"}  # code without checks goes on
_LOOP = "state = srrw.step(state, u[n, ...], base, alpha=alpha, gamma={})"
_RATES = 'rates = {{"alpha": alpha, "gamma": {}, "beta": {}}}'


def _both(gamma, beta="beta[n, ...]"):
    """The loops of both walks, with another step size."""
    return {
        "srrw_steps: state = srrw.step(": _LOOP.format(gamma),
        "sa_srrw: rates = ": _RATES.format(gamma, beta),
    }


_FACTORS = "return _combined({}, G)"
_OF_X = "return _combined({}, u)"
_OF_BOTH = "return drift, _combined({}, both)"
_SLOW = "drift, noise = J, noise_theta(chain, H, alpha={})"
_LYAPUNOV = "return solve_lyapunov({} + {} * _eye(drift.shape[0], J), noise)[:d, :d]"

ALTERNATIVES = (
    # The kernel
    mistake(
        "self_attracting",
        "wrong_sign",
        "weigh with (x / mu) to the power -alpha; here nodes that have been visited attract",
        {"srrw-3": f"power = alpha * {_LOG_RATIO}"},
    ),
    mistake(
        "no_repulsion",
        "missing_step",
        "weigh the base chain with (x / mu)^-alpha; here it is left as it is",
        {"srrw-3": "power = 0 * x"},
    ),
    mistake(
        "no_mu",
        "missing_step",
        "compare x with mu; here x alone counts, and the walk tends to the wrong law unless mu is uniform",
        {"srrw-3": "power = -alpha * xp.log(x)"},
    ),
    mistake(
        "times_mu",
        "wrong_sign",
        "divide x by mu; here it is multiplied",
        {"srrw-3": "power = -alpha * (xp.log(x) + xp.log(mu))"},
    ),
    mistake(
        "no_base_chain",
        "missing_step",
        "multiply with P_ij; here all neighbours have the same base probability",
        {"srrw-4": "return xp.where(row > 0, xp.exp(xp.clip(power - largest, max=0.0)), 0.0)"},
    ),
    mistake(
        "alpha_halved",
        "wrong_constant",
        "the power is -alpha; here it is -alpha / 2, as if a square root were taken",
        {"srrw-3": f"power = -alpha / 2 * {_LOG_RATIO}"},
    ),
    mistake(
        "difference",
        "wrong_order",
        "the weight is a power of x / mu; here it is the exponential of -alpha (x - mu)",
        {"srrw-3": "power = -alpha * (x - mu)"},
    ),
    mistake(
        "not_normalized",
        "missing_step",
        "divide the weights by their sum; here they are returned as they are",
        {"kernel_row: return weights": "return weights"},
    ),
    mistake(
        "no_shift",
        "numerics",
        "take the largest power off before the exponential; here all weights underflow or overflow",
        {
            "srrw-4": "return row * xp.exp(power)",
            "draw: check.finite(": "pass",
            "draw: if not bool(xp.all(weights": "if False:",
        },
        unseen={
            "sa_srrw": "powers stay below 1e308 there",
        },
    ),
    mistake(
        "self_loop_unweighted",
        "missing_step",
        "staying is weighted like any other move; here P_ii keeps its base value",
        {
            "step: weights = ": """\
            row = xp.reshape(rows, tuple(state.x.shape))
            here = xp.arange(state.x.shape[-1], device=device(state.x)) == state.node[..., None]
            weights = xp.where(here, row, row * (state.x / chain.mu) ** -alpha)"""
        },
    ),
    mistake(
        "column",
        "wrong_axis",
        "take the row of P at the node; here its column is taken",
        {"step: rows = ": "rows = xp.take(xp.matrix_transpose(chain.P), xp.reshape(state.node, (-1,)), axis=0)"},
    ),
    # The draw
    mistake(
        "total_forgotten",
        "wrong_scale",
        "compare u times the total with the cumulative sum; here u itself, though the weights do not sum to 1",
        {"draw: beyond = ": "beyond = (u[..., None] < S) | (S[..., -1:] <= S)"},
    ),
    mistake(
        "reaches",
        "wrong_order",
        "the cumulative sum must exceed u times the total; here it may equal it, so that a draw of 0 takes a node out "
        "of reach",
        {"draw: beyond = ": "beyond = u[..., None] * S[..., -1:] <= S"},
        unseen={"sa_srrw": "no draw is 0 there"},
    ),
    mistake(
        "next_node",
        "wrong_order",
        "the first node whose cumulative sum exceeds the draw; here the one before it",
        {"srrw-5": "return xp.asarray(xp.clip(xp.argmax(xp.astype(beyond, weights.dtype), axis=-1) - 1, min=0))"},
    ),
    # The record and the learner
    mistake(
        "old_node_counted",
        "wrong_order",
        "count the new node; here x moves towards the one that the token has left",
        {
            "step: visit = ": "visit = xp.astype(xp.arange(state.x.shape[-1], device=device(state.x))"
            " == state.node[..., None], state.x.dtype)"
        },
    ),
    mistake(
        "nothing_fades",
        "missing_step",
        "x is an average, x + gamma (visit - x); here visits are added and nothing fades",
        {"srrw-6": "x = state.x + gamma * visit"},
    ),
    mistake(
        "fades_in_full",
        "wrong_constant",
        "x keeps the share 1 - gamma; here gamma and 1 - gamma are exchanged",
        {"srrw-6": "x = gamma * state.x + (1 - gamma) * visit"},
    ),
    mistake(
        "plain_counts",
        "wrong_constant",
        "x has steps gamma_n; here it is the plain frequency, 1 / (n + 1), whatever gamma is",
        _both("1.0 / (n + 2)"),
    ),
    mistake(
        "gamma_zero",
        "wrong_order",
        "iteration n = 0 uses gamma_1; here it uses gamma_0 = 1, which puts x on a vertex, and each later one is late",
        {**_both("gamma[n - 1, ...] if n else 1.0"), **_UNCHECKED},
    ),
    mistake(
        "gamma_beta_exchanged",
        "wrong_constant",
        "gamma is the step of x, beta that of theta; here they are exchanged, and the repulsion gains nothing",
        {"sa_srrw: rates = ": _RATES.format("beta[n, ...]", "gamma[n, ...]")},
    ),
    mistake(
        "one_step_size",
        "wrong_constant",
        "x and theta have steps of their own; here gamma serves both",
        {"sa_srrw: rates = ": _RATES.format("gamma[n, ...]", "gamma[n, ...]")},
    ),
    mistake(
        "old_holder_updates",
        "wrong_order",
        "the new holder updates theta, H(theta_n, X_{n+1}); here the old one does before the token moves",
        {
            "sa_step: state = ": "node, state = state.node, step(state, u, chain, alpha=alpha, gamma=gamma)",
            "sa_step: update = ": "update = local(theta, node)",
        },
    ),
    mistake(
        "ascent",
        "wrong_sign",
        "add beta H, which is minus a gradient already; here it is subtracted",
        {"srrw-7": "theta = theta - beta * update"},
    ),
    mistake(
        "importance_weighted",
        "extra_step",
        "H is added as it is; here it is divided by N mu_i, as if nodes were to count alike",
        {
            "sa_step: update = ": "xp, N = array_namespace(theta), chain.mu.shape[0]\n"
            "update = local(theta, state.node) / (N * xp.take(chain.mu, xp.reshape(state.node, (-1,)), axis=0))"
        },
    ),
    # Base chains
    mistake(
        "own_degree_alone",
        "missing_step",
        "go to j with probability min(1 / d_i, 1 / d_j); here 1 / d_i, whose law is not uniform",
        {"srrw-1": "away = adjacency / degrees[:, None]"},
    ),
    mistake(
        "larger_probability",
        "wrong_sign",
        "take the smaller of 1 / d_i and 1 / d_j; here the larger, so that rows exceed 1",
        {"srrw-1": "away = adjacency / xp.minimum(degrees[:, None], degrees[None, :])"},
    ),
    mistake(
        "never_stays",
        "missing_step",
        "stay with the probability that is left; here rows do not sum to 1",
        {"metropolis: stay = ": "stay = 0 * degrees"},
    ),
    mistake(
        "renormalized",
        "wrong_order",
        "stay with the probability that is left; here the row is divided by its sum, and the law is not uniform",
        {"metropolis: stay = ": "away, stay = away / xp.sum(away, axis=1, keepdims=True), 0 * degrees"},
    ),
    mistake(
        "lazy_half",
        "extra_step",
        "only what is left stays; here half of all moves stay as well",
        {
            "srrw-1": "away = adjacency / xp.maximum(degrees[:, None], degrees[None, :]) / 2",
            "srrw-2": "return Chain((adjacency / degrees[:, None] + _eye(adjacency.shape[0], adjacency)) / 2,"
            " degrees / xp.sum(degrees))",
        },
    ),
    mistake(
        "uniform_law",
        "wrong_constant",
        "the law of the simple walk is proportional to the degrees; here uniform",
        {"srrw-2": "return Chain(adjacency / degrees[:, None], xp.ones_like(degrees) / adjacency.shape[0])"},
    ),
    mistake(
        "columns_sum_to_one",
        "wrong_axis",
        "divide each row by its degree; here each column",
        {"srrw-2": "return Chain(adjacency / degrees[None, :], degrees / xp.sum(degrees))"},
    ),
    mistake(
        "law_not_normalized",
        "missing_step",
        "divide the degrees by their sum; here the law is the degrees themselves",
        {"srrw-2": "return Chain(adjacency / degrees[:, None], degrees)"},
    ),
    variant(
        "maximum_degree",
        "every edge has the probability 1 / (largest degree): uniform law too, slower",
        "Boyd, Diaconis and Xiao, Fastest mixing Markov chain on a graph, SIAM Review 46 (2004): maximum-degree chain",
        {"srrw-1": "away = adjacency / xp.max(degrees)"},
    ),
    variant(
        "metropolis_weights",
        "1 / (1 + max(d_i, d_j)) on every edge: the weights of distributed averaging, lazier",
        "Xiao, Boyd and Lall, A scheme for robust distributed sensor fusion based on average consensus, IPSN 2005",
        {"srrw-1": "away = adjacency / (1 + xp.maximum(degrees[:, None], degrees[None, :]))"},
    ),
    # Covariances
    mistake(
        "power_one",
        "wrong_constant",
        "the factor of a mode in U_theta is 1 / (alpha (1 + lambda) + 1)^2; here the power is 1",
        {"srrw-11": _FACTORS.format("(1 + lam) / (1 - lam) / (alpha * (1 + lam) + 1)")},
    ),
    mistake(
        "signs_exchanged",
        "wrong_sign",
        "positive eigenvalues mean slow mixing, (1 + lambda) / (1 - lambda); here the quotient is upside down",
        {
            "srrw-10": _OF_X.format("(1 - lam) / (1 + lam) / (2 * alpha * (1 + lam) + 2 - last)"),
            "srrw-11": _FACTORS.format("(1 - lam) / (1 + lam) / (alpha * (1 + lam) + 1) ** 2"),
            "srrw-16": _OF_BOTH.format("(1 - lam) / (1 + lam)"),
        },
    ),
    mistake(
        "independent_nodes",
        "missing_step",
        "visits are correlated, (1 + lambda) / (1 - lambda); here the noise is that of independent nodes",
        {
            "srrw-10": _OF_X.format("1 / (2 * alpha * (1 + lam) + 2 - last)"),
            "srrw-11": _FACTORS.format("1 / (alpha * (1 + lam) + 1) ** 2"),
            "srrw-16": _OF_BOTH.format("1 + 0 * lam"),
        },
    ),
    mistake(
        "one_over_n_term_dropped",
        "missing_step",
        "steps like 1 / n have a term of their own; here it is left out",
        {"_last: return": "return 0.0"},
    ),
    mistake(
        "one_over_n_term_of_x",
        "wrong_constant",
        "the term of theta belongs to b = 1; here to a = 1",
        {"_limit: last, _ = ": "last = _last(a, a=a)"},
    ),
    mistake(
        "one_over_n_term_doubled",
        "wrong_constant",
        "half of the identity is added to J if b = 1; here the whole",
        {"srrw-17": _LYAPUNOV.format("drift", "last")},
    ),
    mistake(
        "variance_doubled",
        "wrong_constant",
        "two sides of the Lyapunov equation pull back: 2 alpha (1 + lambda) + 2; here one",
        {"srrw-10": _OF_X.format("(1 + lam) / (1 - lam) / (alpha * (1 + lam) + 1 - last / 2)")},
    ),
    mistake(
        "alpha_without_mode",
        "missing_step",
        "each mode is pulled back at its own rate alpha (1 + lambda) + 1; here at alpha + 1",
        {
            "srrw-10": _OF_X.format("(1 + lam) / (1 - lam) / (2 * alpha + 2 - last)"),
            "srrw-11": _FACTORS.format("(1 + lam) / (1 - lam) / (alpha + 1) ** 2"),
        },
    ),
    mistake(
        "modes_unscaled",
        "missing_step",
        "u_i is the root of mu times an orthonormal eigenvector; here that eigenvector itself",
        {"srrw-9": "eigenvalues, modes = eigenvalues[:-1], w[:, :-1]"},
    ),
    mistake(
        "right_eigenvectors",
        "wrong_axis",
        "u_i are left eigenvectors of P, sqrt(mu) w_i; here right ones, w_i / sqrt(mu)",
        {"srrw-9": "eigenvalues, modes = eigenvalues[:-1], w[:, :-1] / root[:, None]"},
    ),
    mistake(
        "no_gain",
        "missing_step",
        "with a < b theta sees visits that the repulsion has evened out; here alpha is left out",
        {"_limit: drift, noise = J": _SLOW.format("0.0")},
    ),
    mistake(
        "gain_for_all",
        "wrong_order",
        "with a > b theta is too fast for the repulsion to help; here it has the noise of a slow one",
        {"_limit: drift, noise = J": _SLOW.format("alpha")},
    ),
    mistake(
        "cases_exchanged",
        "wrong_order",
        "a < b means that theta is slower; here the cases are exchanged",
        {"_limit: drift, noise = J": _SLOW.format("alpha if a > b else 0.0")},
    ),
    mistake(
        "equal_pace_as_slow",
        "missing_step",
        "with a = b theta and x have one equation together; here theta is taken for the slower one",
        {
            "_limit: if a != b": "if True:",
            "_limit: drift, noise = J": _SLOW.format("alpha if a <= b else 0.0"),
        },
    ),
    mistake(
        "transposed",
        "wrong_axis",
        "J acts from the left, J V + V J^T; here its transpose does",
        {
            "srrw-15": "drift = xp.concat([upper, lower], axis=0)\n"
            "drift = xp.concat([xp.concat([transposed(J), upper[:, d:]], axis=1), lower], axis=0)",
            "_limit: drift, noise = J": "drift, noise = array_namespace(J).matrix_transpose(J), "
            "noise_theta(chain, H, alpha=alpha if a < b else 0.0)",
        },
    ),
    mistake(
        "no_coupling",
        "missing_step",
        "the frequencies move theta, H^T J_pi; here this block is 0",
        {"joint: upper = ": "upper = xp.concat([J, 0 * transposed(H)], axis=1)"},
    ),
    mistake(
        "attracting_drift",
        "wrong_sign",
        "more visits than mu push the walk away, J_pi = ... - alpha P^T - alpha I; here they pull it",
        {"srrw-14": "J_pi = -2 * alpha * chain.mu[:, None] + alpha * transposed(chain.P) + alpha * eye"},
    ),
    mistake(
        "P_for_its_transpose",
        "wrong_axis",
        "the drift of the frequencies has the transpose of P; here P itself",
        {"srrw-14": "J_pi = 2 * alpha * chain.mu[:, None] - alpha * chain.P - alpha * eye"},
    ),
    mistake(
        "own_visits_alone",
        "missing_step",
        "a node is avoided for its own visits and for those of its neighbours; here J_pi has no P",
        {"srrw-14": "J_pi = alpha * chain.mu[:, None] - alpha * eye"},
    ),
    # The prediction
    mistake(
        "never_cut",
        "missing_step",
        "cut the steps in the drift where the linear map would overshoot; here they are not",
        {"predict: M = ": "M = eye + D[:, None] * drift"},
    ),
    mistake(
        "noise_cut",
        "extra_step",
        "only the drift has cut steps; here the noise too",
        {"predict: M = ": "D = xp.clip(D, max=cap)\nM = eye + D[:, None] * drift"},
    ),
    mistake(
        "steps_of_the_other",
        "wrong_constant",
        "beta is the step of theta, gamma that of x; here they are exchanged",
        {"predict: D = ": "D = gamma[k] * for_theta + beta[k] * (1 - for_theta)"},
    ),
    mistake(
        "one_factor",
        "wrong_scale",
        "noise enters with the square of the step; here with the step itself",
        {"srrw-18": "Z = M @ Z @ xp.matrix_transpose(M) + xp.sqrt(D)[:, None] * noise * xp.sqrt(D)[None, :]"},
    ),
    mistake(
        "one_sided",
        "missing_step",
        "a covariance is moved from both sides, M Z M^T; here from one",
        {"srrw-18": "Z = M @ Z + D[:, None] * noise * D[None, :]"},
    ),
)
