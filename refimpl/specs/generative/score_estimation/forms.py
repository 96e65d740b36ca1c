"""Lines of the rule as most people write them, which say the same."""

FORMS = {
    "variance_from_the_shrinkage": {
        "score_estimation-1": "alpha = xp.exp(-0.5 * t)",
        "score_estimation-2": "h = 1 - alpha**2",
    },
    "ball_by_a_condition": {
        "_project: xp, norm =": "xp = array_namespace(f)\nnorm = xp.sqrt(xp.sum(f * f, axis=-1, keepdims=True))",
        "score_estimation-5": "return xp.where(norm > D, D * f / xp.where(norm > 0, norm, 1.0), f)",
    },
    "score_over_one_fraction": {
        "score_estimation-6": "return (alpha * _project(f, D) - x) / h",
    },
    "weight_beside_the_square": {
        "score_estimation-7": "weight = (h / alpha) ** 2",
        "score_estimation-8": "each = weight[:, 0] * xp.sum(gap**2, axis=-1)",
    },
    "back_propagated_step_by_step": {
        "score_estimation-13": "loss = 0.5 * xp.mean(xp.sum(R**2, axis=1))",
        "_update: back =": "on = xp.astype(before > 0, before.dtype)\n"
        "d_out = R / n\nd_active = d_out @ xp.matrix_transpose(a) / math.sqrt(a.shape[0])\nback = on * d_active",
        "score_estimation-14": "dW = xp.matrix_transpose(back) @ Z\nW = W - eta * dW",
    },
    "arc_cosine_of_the_gram_matrix": {
        "score_estimation-16": "left = xp.sqrt(xp.sum(Z * Z, axis=1))\nright = xp.sqrt(xp.sum(Z2 * Z2, axis=1))\n"
        "lengths = left[:, None] * right[None, :]\ncosine = gram / xp.where(lengths > 0, lengths, 1.0)\n"
        "theta = xp.acos(xp.clip(cosine, min=-1.0, max=1.0))",
    },
    "root_mean_of_the_smaller": {
        "score_estimation-20": "n = values.shape[0]\n"
        "return xp.sqrt(xp.sum(xp.where(values < epsilon**2, values, epsilon**2)) / n)",
        "_allowed: bound =": "bound = 1 / (2 * math.e * sigma * eta * tau / B)",
    },
    "power_as_it_stands": {
        "score_estimation-18": "learned = 1 - (1 - rate) ** tau",
    },
}
