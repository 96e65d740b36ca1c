"""Lines of the rule as most people write them, which say the same."""

FORMS = {
    "linear_and_quadratic_term_apart": {
        "sso-2": "linear = xp.sum(surrogate.gradient * move)\n"
        "quadratic = 0.5 * xp.sum(move**2 / surrogate.eta)\n"
        "return surrogate.loss + linear + quadratic",
    },
    "distance_from_a_step_in_the_targets": {
        "sso-3": "wanted = surrogate.targets - surrogate.eta * surrogate.gradient\n"
        "return pullback((targets - wanted) / surrogate.eta)",
    },
    "logistic_loss_written_out": {
        "_logistic: return": "losses = xp.maximum(-margins, xp.zeros_like(margins))\n"
        "losses = losses + xp.log(1 + xp.exp(-xp.abs(margins)))\n"
        "return _per_row(losses)",
    },
    "softmax_written_out": {
        "_softmax_slope: return": "xp = array_namespace(targets)\n"
        "powers = xp.exp(targets - xp.max(targets, axis=1, keepdims=True))\n"
        "return powers / xp.sum(powers, axis=1, keepdims=True) - y",
    },
    "smoothness_of_the_mean": {
        "sso-5": "L = loss.smoothness / check.integer(n=n, minimum=1)\nreturn 1 / L",
        "curvature: largest =": "eigenvalues = xp.linalg.eigvalsh(x.T @ x)",
        "curvature: return": "return xp.max(eigenvalues)",
    },
    "search_with_the_squared_norm": {
        "target_search: s, cuts =": "norm = xp.linalg.vector_norm(slopes)\n"
        "after = lambda s: xp.mean(loss.values(targets - s * slopes, y))\n"
        "s, cuts = backtrack(after, value, norm**2, start, c=c, shrink=shrink)",
    },
    "roots_of_the_sums": {
        "adagrad: newest =": "newest = xp.linalg.vector_norm(slopes) ** 2",
        "sso-12": "root = xp.sqrt(squares)\nreturn eta / root, squares",
        "sso-13": "roots = xp.sqrt(squares)\nreturn eta / _rows(roots, batch), squares",
    },
    "projection_of_a_step_in_the_targets": {
        "sso-7": "wanted = surrogate.targets - surrogate.eta * surrogate.gradient\n"
        "return theta + pseudoinverse @ (wanted - surrogate.targets), None",
        "sso-8": "projector = basis @ basis.T\nreturn projector @ half",
    },
}
