"""Lines of the rule as most people write them, which say the same."""

FORMS = {
    "normaliser_without_logarithms": {
        "meco-1": "top = xp.maximum(log_u, log_mean)\n"
        "u = (1 - gamma) * xp.exp(log_u - top) + gamma * xp.exp(log_mean - top)\n"
        "log_u = top + xp.log(u)",
    },
    "mean_of_ratios": {
        "track: log_mean =": "top = xp.max(log_ratio, axis=-1)\n"
        "top = xp.where(xp.isfinite(top), top, 0.0)\n"
        "log_mean = xp.asarray(top + xp.log(xp.mean(xp.exp(log_ratio - top[..., None]), axis=-1)))",
    },
    "ratios_over_the_normaliser": {
        "meco-2": "top = xp.max(log_ratio, axis=-1, keepdims=True)\n"
        "top = xp.where(xp.isfinite(top), top, 0.0)\n"
        "ratios, u = xp.exp(log_ratio - top), xp.exp(log_u[..., None] - top)\n"
        "return log_u, ratios / u / ratios.shape[-1]",
    },
    "weighted_sum_written_out": {
        "update: pulled =": "pulled = xp.sum(weights[..., None] * grads_noise, axis=-2)",
        "meco-3": "gradient = -(xp.mean(grads_data, axis=-2) - pulled)",
    },
    "mean_of_weighted_gradients": {
        "update: pulled =": "w = weights * weights.shape[-1]\npulled = xp.mean(w[..., None] * grads_noise, axis=-2)",
        "meco-3": "gradient = pulled - xp.sum(grads_data, axis=-2) / grads_data.shape[-2]",
    },
    "momentum_by_difference": {
        "meco-4": "velocity = velocity + beta * (gradient - velocity)",
        "meco-5": "params = params - lr * velocity\nreturn params, velocity",
    },
    "squares_of_shares": {
        "_effective: return": "shares = relative / xp.where(total > 0, total, 1.0)[..., None]\n"
        "squares = xp.sum(shares * shares, axis=-1)\n"
        "return xp.where(total > 0, 1 / squares, 0.0)",
    },
}
