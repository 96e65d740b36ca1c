"""Lines of the rule as most people write them, which say the same."""

FORMS = {
    "softmax_written_out": {
        "head: p, total =": "top = xp.max(a, axis=1, keepdims=True)\npowers = xp.exp(a - top)\n"
        "sums = xp.sum(powers, axis=1, keepdims=True)\n"
        "p, total = powers / sums, (top + xp.log(sums))[:, 0]",
    },
    "sigmoid_written_out": {
        "head: Y, p =": "Y = xp.astype(y, W.dtype)[:, None]\np = 1 / (1 + xp.exp(-a))",
        "head: total = xp.logaddexp": "total = (xp.clip(a, min=0.0) + xp.log1p(xp.exp(-xp.abs(a))))[:, 0]",
    },
    "mean_of_outer_products": {
        "hessian_alignment-2": "each = head.r[:, :, None] * head.x[:, None, :]\nreturn xp.mean(each, axis=0)",
    },
    "diagonal_less_outer_product": {
        "hessian_alignment-3": "xp = array_namespace(p, u)\nreturn p * u - p * xp.sum(p * u, axis=-1, keepdims=True)",
    },
    "distances_one_by_one": {
        "hessian_alignment-12": "gap_h = xp.sum((v[e] - v_mean) ** 2)\ngap_g = xp.sum((g[e] - g_mean) ** 2)\n"
        "value = value + alpha * gap_h / n + beta * gap_g / n",
    },
    "between_the_old_and_the_new": {
        "hessian_alignment-31": "return (1 - epsilon) * theta + epsilon * walker",
    },
    "whitened_by_the_root": {
        "transfer: seen = solve": "values, vectors = xp.linalg.eigh(H_source)\n"
        "root = (vectors / xp.sqrt(values)) @ xp.matrix_transpose(vectors)\nseen = root @ gap @ root",
    },
    "moments_of_the_gradients": {
        "fishr: G = [one.r": "G = [xp.reshape(one.r[:, :, None] * one.x[:, None, :], (-1, *W.shape)) for one in at]",
        "fishr: G = [G_e - ": "G = [G_e - xp.sum(G_e, axis=0, keepdims=True) / G_e.shape[0] for G_e in G]",
        "hessian_alignment-26": "new = [xp.sum(G_e**2, axis=0) / G_e.shape[0] for G_e in G]",
    },
}
