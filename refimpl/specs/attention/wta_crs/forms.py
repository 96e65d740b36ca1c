"""Lines of the rule as most people write them, which say the same."""

FORMS = {
    "norms_and_outer_products_written_out": {
        "wta_crs-1": "xp = array_namespace(X, Y)\n"
        "left = xp.sqrt(xp.sum(X * X, axis=0))\n"
        "right = xp.sqrt(xp.sum(Y * Y, axis=1))\n"
        "return _normalised(left * right)",
        "wta_crs-9": "left, right = xp.take(X, indices, axis=1), xp.take(Y, indices, axis=0)\n"
        "pairs = xp.matrix_transpose(left)[:, :, None] * right[:, None, :]\n"
        "return xp.sum(weights[:, None, None] * pairs, axis=0)",
    },
    "one_less_what_won": {
        "_scores: left =": "before = xp.concat([0.0 * falling[:1], xp.cumulative_sum(falling)[:-1]])\n"
        "left = xp.where(falling > 0, xp.sum(falling) - before, 0.0)",
        "wta_crs-5": "c = xp.arange(k, dtype=falling.dtype, device=device(falling))\nreturn left[:k] / (k - c)",
    },
    "law_of_the_draws": {
        "_wta: drawn =": "q = rest / mass\ndrawn = _draw(q, u[:draws])",
        "wta_crs-8": "weights = 1 / (draws * xp.take(q, drawn))",
    },
    "weights_over_the_budget": {
        "wta_crs-3": "weights = 1 / array_namespace(p).take(p, drawn)\nreturn Rows(drawn, weights / k)",
    },
    "squares_of_entries": {
        "_squares: return": "xp = array_namespace(X, Y)\nreturn xp.sum(X * X, axis=0) * xp.sum(Y * Y, axis=1)",
        "_spread: second =": "q = p / xp.sum(p)\n"
        "second = xp.sum(xp.where(counts, squares / xp.where(counts, q, xp.ones_like(q)), 0.0))",
    },
    "rows_by_norms_written_out": {
        "_chances: xp, sizes =": "xp = array_namespace(H, norms)\nsizes = xp.sqrt(xp.sum(H * H, axis=1))",
        "wta_crs-15": "uniform = xp.ones_like(p) / p.shape[0]\nreturn (1 - phi) * p + phi * uniform",
    },
    "norms_of_the_gradient_written_out": {
        "wta_crs-20": "xp = array_namespace(G)\nreturn Gradients(dW, db, dH, xp.sqrt(xp.sum(G * G, axis=1)))",
    },
    "slope_of_cross_entropy_written_out": {
        "wta_crs-22": "powers = xp.exp(logits - xp.max(logits, axis=1, keepdims=True))\n"
        "p = powers / xp.sum(powers, axis=1, keepdims=True)\n"
        "return (p - right) / logits.shape[0]",
        "wta_crs-23": "G = grad.H * xp.astype(outputs[l - 1] > 0, grad.H.dtype)",
    },
}
