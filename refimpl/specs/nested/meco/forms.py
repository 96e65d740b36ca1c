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
    "logsumexp_of_old_and_new": {
        "meco-1": "both = xp.stack([math.log(1 - gamma) + log_u, math.log(gamma) + log_mean])\n"
        "log_u = logsumexp(both, axis=0)",
    },
    "weights_from_their_logarithms": {
        "meco-2": "log_weights = log_ratio - log_u[..., None] - math.log(log_ratio.shape[-1])\n"
        "return log_u, xp.exp(log_weights)",
    },
    "two_log_sigmoids": {
        "meco-7": "right_data = -xp.logaddexp(xp.zeros_like(at_data), -at_data)\n"
        "right_noise = -xp.logaddexp(xp.zeros_like(at_noise), at_noise)\n"
        "loss = -xp.mean(right_data, axis=-1) - nu * xp.mean(right_noise, axis=-1)",
    },
    "cross_entropy_with_logits": {
        "meco-7": "h = xp.concat([at_data, at_noise], axis=-1)\n"
        "y = xp.concat([xp.ones_like(at_data), xp.zeros_like(at_noise)], axis=-1)\n"
        "losses = xp.clip(h, min=0.0) - y * h + xp.log1p(xp.exp(-xp.abs(h)))\n"
        "loss = xp.sum(losses, axis=-1) / at_data.shape[-1]",
    },
    "signs_as_labels": {
        "meco-7": "h = xp.concat([at_data, at_noise], axis=-1)\n"
        "y = xp.concat([xp.ones_like(at_data), -xp.ones_like(at_noise)], axis=-1)\n"
        "loss = xp.sum(softplus(-y * h), axis=-1) / at_data.shape[-1]",
        "nce: missed =": "errors = -y * sigmoid(-y * h) / at_data.shape[-1]",
        "nce: fooled =": "grads = xp.concat([grads_data, grads_noise], axis=-2)",
        "nce: pulled =": "pulled = xp.matmul(errors[..., None, :], grads)",
        "nce: grad_c =": "grad_c = -xp.sum(errors, axis=-1)",
    },
    "sums_over_the_count_of_data": {
        "meco-7": "own, others = xp.sum(softplus(-at_data), axis=-1), xp.sum(softplus(at_noise), axis=-1)\n"
        "loss = (own + others) / at_data.shape[-1]",
        "nce: fooled =": "fooled = sigmoid(at_noise) / at_data.shape[-1]",
    },
    "means_of_gradients_by_their_errors": {
        "nce: missed =": "missed = sigmoid(-at_data)",
        "nce: fooled =": "fooled = sigmoid(at_noise)",
        "nce: pulled =": "of_data = xp.mean(missed[..., None] * grads_data, axis=-2)\n"
        "of_noise = xp.mean(fooled[..., None] * grads_noise, axis=-2)\n"
        "pulled = (nu * of_noise - of_data)[..., None, :]",
        "nce: grad_c =": "grad_c = xp.mean(missed, axis=-1) - nu * xp.mean(fooled, axis=-1)",
    },
    "logarithms_of_the_counts": {
        "nce: shift =": "log_nu = math.log(log_ratio_noise.shape[-1]) - math.log(log_ratio_data.shape[-1])",
        "meco-6": "h_data, h_noise = log_ratio_data - c[..., None], log_ratio_noise - c[..., None]\n"
        "at_data, at_noise = h_data - log_nu, h_noise - log_nu",
    },
    "sigmoids_as_they_stand": {
        "nce: missed =": "missed = 1 / (1 + xp.exp(at_data)) / at_data.shape[-1]",
        "nce: fooled =": "fooled = nu / (1 + xp.exp(-at_noise)) / at_noise.shape[-1]",
    },
    "half_a_step_and_the_root_of_two": {
        "meco-10": "eta = step / 2\nreturn y + eta * slope + (2 * eta) ** 0.5 * noise",
    },
    "step_as_a_square": {
        "meco-10": "eps = step**0.5\ndrift, kick = eps**2 / 2 * slope, eps * noise\nreturn y + drift + kick",
    },
    "descent_of_an_energy": {
        "meco-10": "force = -slope\nmean, deviation = y - step * force / 2, step**0.5\nreturn mean + deviation * noise",
    },
    "densities_times_the_gap": {
        "gaussian_nce: noise =": "q = xp.exp(-(x**2) / 2) / math.sqrt(2 * math.pi)\nnoise = q * gap",
        "gaussian_nce: data =": "p = xp.exp(-((x - target) ** 2) / 2) / math.sqrt(2 * math.pi)\ndata = p * gap",
    },
    "densities_from_their_logarithms": {
        "gaussian_nce: noise =": "log_q = -0.5 * x**2 - 0.5 * math.log(2 * math.pi)\nnoise = gap * xp.exp(log_q)",
        "gaussian_nce: data =": "log_p = log_q + target * x - 0.5 * target**2\ndata = gap * xp.exp(log_p)",
    },
    "coordinate_by_coordinate": {
        "gaussian_nce: logit =": "theta, c = params[0], params[1]\nlogit = theta * x - c",
        "gaussian_nce: grad =": "error = noise * fake - data * real\n"
        "grad = 0.5 * xp.stack([xp.sum(error * x), -xp.sum(error)])",
        "meco-8": "a, b, d = xp.sum(curvature * x**2), -xp.sum(curvature * x), xp.sum(curvature)\n"
        "hessian = xp.reshape(xp.stack([a, b, b, d]), (2, 2))\n"
        "return xp.asarray(loss), grad, hessian",
    },
    "two_expectations": {
        "gaussian_nce: loss =": "of_data = xp.sum(data * softplus(-logit))\n"
        "of_noise = xp.sum(noise * softplus(logit))\n"
        "loss = (of_data + of_noise) / 2",
        "gaussian_nce: grad =": "of_data = -xp.sum((data * real)[:, None] * features, axis=0)\n"
        "of_noise = xp.sum((noise * fake)[:, None] * features, axis=0)\n"
        "grad = (of_data + of_noise) / 2",
    },
    "posterior_and_its_complement": {
        "gaussian_nce: real, fake =": "fake = 1 / (1 + xp.exp(-logit))\nreal = 1 - fake",
        "gaussian_nce: curvature =": "mixture = (data + noise) / 2\ncurvature = mixture * fake * (1 - fake)",
    },
}
