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
    "value_by_the_completed_square": {
        "sso-2": "wanted = surrogate.targets - surrogate.eta * surrogate.gradient\n"
        "distance = xp.sum((targets - wanted) ** 2 / (2 * surrogate.eta))\n"
        "return surrogate.loss + distance - xp.sum(surrogate.eta * surrogate.gradient**2) / 2",
    },
    "labels_of_zero_and_one": {
        "_logistic: margins =": "labels = (y + 1) / 2",
        "_logistic: xp =": "xp = array_namespace(targets)",
        "_logistic: return": "softplus = xp.logaddexp(targets, xp.zeros_like(targets))\n"
        "return _per_row(softplus - labels * targets)",
    },
    "search_in_a_loop": {
        "target_search: s, cuts =": "after = lambda s: xp.mean(loss.values(targets - s * slopes, y))\n"
        "allowed = lambda s: value - c * s * xp.sum(slopes**2)\n"
        "s, cuts = start, 0\n"
        "while cuts < 100 and after(s) > allowed(s):\n"
        "    s, cuts = s * shrink, cuts + 1",
    },
    "start_from_the_last_step": {
        "step: start =": "last = scale if accepted is None else accepted\nstart = 1.8 * last if expand else scale",
    },
    "sum_from_zero": {
        "adagrad: squares = newest if": "old = 0.0 * newest if squares is None else squares\nsquares = old + newest",
    },
    "projection_of_the_move": {
        "projected_step: half =": "move = -check.positive(eta=eta) * slopes",
        "sso-8": "move = basis @ (basis.T @ move)\nreturn targets + move",
    },
}
