"""Lines of the rule as most people write them, which say the same."""

FORMS = {
    "softmax_pulled_back": {"attention_svm-3": "return a * (p - xp.sum(a * p, axis=-1, keepdims=True))"},
    "last_above_its_threshold": {
        "attention_svm-15": "sums = xp.cumulative_sum(s, axis=-1) - R\n"
        "last = xp.sum(xp.astype(s - sums / count > 0, xp.int64), axis=-1, keepdims=True)\n"
        "theta = xp.take_along_axis(sums, last - 1, axis=-1) / xp.astype(last, s.dtype)"
    },
    "last_above_times_its_number": {
        "attention_svm-15": "sums = xp.cumulative_sum(s, axis=-1) - R\n"
        "last = xp.sum(xp.astype(s * count > sums, xp.int64), axis=-1, keepdims=True)\n"
        "theta = xp.take_along_axis(sums, last - 1, axis=-1) / xp.astype(last, s.dtype)"
    },
    "attention_from_the_left": {
        "_attend: keys =": "scores = xp.matmul(X @ W[..., None, :, :], Z[..., :, None])[..., 0]",
        "attention_svm-1": "powers = xp.exp(scores - xp.max(scores, axis=-1, keepdims=True))\n"
        "return powers / xp.sum(powers, axis=-1, keepdims=True)",
    },
    "loss_of_labels_one": {
        "attention_svm-2": "loss = xp.mean(xp.maximum(u, 0 * u) - u + xp.log1p(xp.exp(-xp.abs(u))), axis=-1)"
    },
    "differences_from_the_heaviest": {
        "attention_svm-3": "top = xp.argmax(a, axis=-1, keepdims=True)\n"
        "p = p - xp.take_along_axis(p, top, axis=-1)\n"
        "q = a * p\n"
        "return q - a * xp.sum(q, axis=-1, keepdims=True)"
    },
    "mean_of_outer_products": {
        "_gradient: slope, q =": "slope, q = -1 / (1 + xp.exp(u)), _pull(a, p)\nscores = slope[..., None] * q",
        "_gradient: rows =": "rows = xp.sum(scores[..., None] * X, axis=-2)",
        "attention_svm-4": "return xp.mean(rows[..., :, None] * Z[..., None, :], axis=-3)",
    },
    "length_of_the_gradient": {
        "attention_svm-5": "xp = array_namespace(grad)\n"
        "largest = xp.max(xp.abs(grad), axis=MATRIX, keepdims=True)\n"
        "scaled = grad / xp.where(largest > 0, largest, 1.0)\n"
        "norm = xp.sqrt(xp.sum(scaled**2, axis=MATRIX, keepdims=True))\n"
        "return W - eta * (scaled / xp.where(norm > 0, norm, 1.0) if normalised else grad)"
    },
    "keys_and_queries_projected": {
        "_kq_step: grad =": "keys, queries = X @ K[..., None, :, :], Z @ Q\n"
        "a = softmax(xp.sum(keys * queries[..., None, :], axis=-1))\n"
        "u = xp.sum(gamma * a, axis=-1)\n"
        "scores = -sigmoid(-u)[..., None] * _pull(a, gamma) / X.shape[-3]",
        "attention_svm-9": "tokens = xp.sum(scores[..., None] * X, axis=-2)\n"
        "g_K = xp.matrix_transpose(tokens) @ queries + 2 * lam * K\n"
        "pulled = xp.sum(scores[..., None] * keys, axis=-2)\n"
        "g_Q = xp.matrix_transpose(Z) @ pulled + 2 * lam * Q",
    },
    "constraints_one_by_one": {
        "attention_svm-6": "own = [x[a] - x for x, a in zip(X, alpha, strict=True)]\n"
        "A = xp.stack([xp.stack([row[:, None] * z[None, :] for row in rows]) for rows, z in zip(own, Z, strict=True)])"
    },
    "least_distance_by_its_residual": {"attention_svm-8": "w = -r[:-1] / r[-1]\nw = w * far"},
    "matrix_of_its_multipliers": {"attention_svm-8": "price = -far * u / r[-1]\nw = xp.matrix_transpose(A) @ price"},
    "equations_of_the_support": {
        "_least_distance: tight =": "tight = u > 0",
        "attention_svm-8": "w = xp.linalg.pinv(A[tight, :]) @ h[tight]",
    },
    "multipliers_not_scaled": {
        "attention_svm-11": "W = prox_nuclear(S - U / rho, 1 / rho)",
        "svm_nuclear: away, mu": "away, mu, _ = _least_distance(A, h - A @ (W + U / rho).reshape(-1))",
        "attention_svm-12": "S = W + U / rho + away.reshape(square)",
        "attention_svm-13": "U = U + rho * (W - S)",
    },
    "singular_values_shrink": {
        "attention_svm-11": "left, s, right = xp.linalg.svd(S - U)\n"
        "s = xp.where(s > 1 / rho, s - 1 / rho, 0.0)\n"
        "W = left @ (s[:, None] * right)",
    },
    "unit_ball_scaled": {
        "attention_svm-15": "s = s / R\n"
        "theta = xp.max((xp.cumulative_sum(s, axis=-1) - 1) / count, axis=-1, keepdims=True)",
        "project_nuclear: s =": "inside = xp.sum(s, axis=-1, keepdims=True) <= 1\n"
        "s = R * xp.where(inside, s, xp.maximum(s - theta, 0 * s))",
    },
}
