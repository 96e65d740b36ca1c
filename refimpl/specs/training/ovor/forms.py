"""Lines of the rule as most people write them, which say the same."""

FORMS = {
    "attention_written_out": {
        "ovor-2": "scores = q @ xp.matrix_transpose(K) / math.sqrt(q.shape[-1])\n"
        "powers = xp.exp(scores - xp.max(scores, axis=-1, keepdims=True))\n"
        "A = powers / xp.sum(powers, axis=-1, keepdims=True)",
        "ovor-5": "dA = dO @ xp.matrix_transpose(V)\ndS = A * (dA - xp.sum(A * dA, axis=-1, keepdims=True))",
        "ovor-6": "scale = 1 / math.sqrt(q.shape[-1])\ndP_k = scale * xp.matrix_transpose(dS[:, :, :, :m]) @ q",
    },
    "energies_and_hinges_written_out": {
        "ovor-9": "xp = array_namespace(u)\n"
        "return xp.where(u <= 1, 0.5 * u**2, u - 0.5), xp.where(u <= 1, u, xp.ones_like(u))",
        "ovor-10": "above = -logsumexp(o_id, axis=1) - tau_id\n"
        "h_id, slope_id = _huber(xp.where(above > 0, above, xp.zeros_like(above)))",
        "ovor-11": "below = tau_out + logsumexp(o_out, axis=1)\n"
        "h_out, slope_out = _huber(xp.where(below > 0, below, xp.zeros_like(below)))",
    },
    "cross_entropy_written_out": {
        "ovor-16": "one_hot = xp.astype(true, o.dtype)\n"
        "log_p = o - logsumexp(o, axis=1, keepdims=True)\n"
        "value = -xp.mean(xp.sum(one_hot * log_p, axis=1))",
        "ovor-17": "return value, (xp.exp(log_p) - one_hot) / n",
    },
    "distances_with_their_roots": {
        "ovor-23": "distances = xp.sqrt(xp.sum(gaps * gaps, axis=2))\nreturn xp.sort(distances, axis=1)[:, K - 1]",
        "ovor-25": "centres = xp.repeat(z_b, eps.shape[0], axis=0)\n"
        "candidates = centres + sigma * xp.tile(eps, (z_b.shape[0], 1))",
    },
    "covariance_of_rows_less_their_means": {
        "ovor-27": "R = Z - xp.take(means, y, axis=0)",
        "ovor-28": "covariance = xp.matrix_transpose(R) @ R / n\nL = cholesky(covariance + ridge * eye)",
        "ovor-29": "sizes = xp.sqrt(xp.sum(eps * eps, axis=1))\n"
        "longest = xp.argsort(-sizes, stable=True)[: n_out // c]",
    },
    "cosines_as_products": {
        "ovor-31": "cosines = u @ xp.matrix_transpose(directions)\naway = 1 - cosines",
        "ovor-33": "kept = xp.take_along_axis(away, chosen, axis=1)\nloss = xp.sum(kept) / sizes['n']",
        "select_prompts: across =": "along = xp.sum(pull * directions, axis=1, keepdims=True)\n"
        "across = pull - along * directions",
    },
    "columns_of_the_task": {
        "ovor-37": "column = xp.arange(C, device=device(o))\n"
        "everywhere = xp.argmax(xp.where(column < c * seen, o, -math.inf), axis=1)",
        "ovor-38": "first = c * (y // c)\n"
        "columns = first[:, None] + xp.arange(c, dtype=y.dtype, device=device(y))\n"
        "inside = first + xp.argmax(xp.take_along_axis(o, columns, axis=1), axis=1)",
    },
    "task_by_task": {
        "ovor-39": "accuracy = xp.sum(a[T - 1, :]) / T",
        "ovor-40": "lost = [xp.max(a[: T - 1, j]) - a[T - 1, j] for j in range(T - 1)]\n"
        "forgetting = xp.sum(xp.stack(lost)) / (T - 1)",
    },
}
