"""Lines of the rule as most people write them, which say the same."""

FORMS = {
    "cross_entropies_of_labels_0_and_1": {
        "gbnn-2": "t = (Y + 1) / 2\nloss = xp.sum(t * softplus(-2 * F) + (1 - t) * softplus(2 * F), axis=1)",
        "gbnn-3": "loss = logsumexp(F, axis=1) - xp.sum(Y * F, axis=1)",
    },
    "labels_minus_probabilities": {
        "gbnn-8": "t = (Y + 1) / 2\nreturn 2 * (t * sigmoid(-2 * F) - (1 - t) * sigmoid(2 * F))",
        "gbnn-9": "xp = array_namespace(F)\n"
        "powers = xp.exp(F - xp.max(F, axis=1, keepdims=True))\n"
        "p = powers / xp.sum(powers, axis=1, keepdims=True)",
        "gbnn-10": "return Y - p",
    },
    "start_from_the_mean_label": {
        "gbnn-5": "mean = float(xp.mean(Y))\nreturn xp.full_like(Y[0, :], 0.5 * math.log((1 + mean) / (1 - mean)))",
    },
    "uniform_between_bounds": {
        "initial_block: W, b =": "low, high = -first, first\nW, b = (low + (high - low) * u for u in draws[:2])",
        "initial_block: V, c =": "low, high = -second, second\nV, c = (low + (high - low) * u for u in draws[2:])",
    },
    "fit_by_means": {
        "gbnn-16": "loss = 0.5 * xp.mean(xp.sum(E * E, axis=1)) + 0.5 * alpha * weights / n",
        "gbnn-19": "D = E @ xp.matrix_transpose(block.V)\nD = D * Z * (1 - Z)",
    },
    "step_of_newton": {
        "_step_size: h, size =": "size = 1.0",
        "gbnn-23": "slope = -xp.sum(_residuals(Y, F, task) * h)",
        "gbnn-25": "steep = xp.where(none, xp.ones_like(curvature), curvature)\n"
        "return xp.where(none, 0.0 * slope, -slope / steep)",
    },
    "curvatures_by_probabilities": {
        "gbnn-27": "xp = array_namespace(Y, F)\nr = xp.abs(_residuals(Y, F, task))\nreturn r * (2 - r) * h * h",
        "gbnn-28": "return p * (1 - p) * h**2",
        "gbnn-29": "return p * h**2 - p * h * mean",
    },
    "units_put_side_by_side": {
        "gbnn-40": "W = xp.concat([blocks.W[t, :, :] for t in range(T)], axis=1)",
        "gbnn-41": "b = xp.concat([blocks.b[t, :] for t in range(T)])",
        "gbnn-42": "V = xp.repeat(by, J)[:, None] * xp.reshape(blocks.V, (T * J, -1))",
    },
}
