"""Lines of the rule as most people write them, which say the same."""

FORMS = {
    "weights_times_densities": {
        "_mixture_fields: found =": "each = joint - xp.log(law.weights)\ntop = xp.max(each, axis=-1, keepdims=True)\n"
        "found = Fields(b, s, v, eta, xp.log(xp.sum(law.weights * xp.exp(each - top), axis=-1)) + top[:, 0])",
    },
    "product_rule_of_the_trigonometric_path": {
        "interpolants-3": "r = xp.sqrt(1 - g**2)\nalpha, beta = r * cos, r * sin",
        "_trig: return": "alpha_dot = -product / r * cos - 0.5 * math.pi * r * sin\n"
        "beta_dot = -product / r * sin + 0.5 * math.pi * r * cos\n"
        "return alpha, beta, alpha_dot, beta_dot",
    },
    "one_angle": {
        "_quarter: return": "angle = 0.5 * math.pi * t\nreturn xp.cos(angle), xp.sin(angle)",
    },
    "halves_by_masks": {
        "interpolants-5": "cos, sin = xp.cos(math.pi * t), xp.sin(math.pi * t)\n"
        "square, slope = cos**2, -2 * math.pi * cos * sin",
        "_enc_dec: alpha, alpha_dot =": "first, last = xp.astype(t < 0.5, t.dtype), xp.astype(t > 0.5, t.dtype)\n"
        "alpha, alpha_dot = first * square, first * slope",
        "_enc_dec: beta, beta_dot =": "beta, beta_dot = last * square, last * slope",
    },
    "slope_of_a_root": {
        "interpolants-6": "variance, variance_dot = a * t * (1 - t), a * (1 - 2 * t)\n"
        "g, product = xp.sqrt(variance), variance_dot / 2",
        "_brownian: return": "return g, _ratio(variance_dot, 2 * g), product",
    },
    "square_of_the_sine_by_the_chain_rule": {
        "interpolants-7": "sin, cos = xp.sin(math.pi * t), xp.cos(math.pi * t)\n"
        "g, g_dot = sin**2, 2 * math.pi * sin * cos",
    },
    "mean_and_noise": {
        "interpolants-1": "mu = alpha * x0 + beta * x1\nx = mu + gamma * z",
        "interpolants-13": "noise_dot = gamma_dot * z\nb = v + noise_dot",
    },
    "error_less_a_constant": {
        "interpolants-15": "error = xp.sum((guess - target) ** 2, axis=-1)\n"
        "constant = xp.sum(target**2, axis=-1)\n"
        "return 0.5 * xp.mean(error - constant)",
    },
    "square_and_product": {
        "interpolants-15": "square = 0.5 * xp.sum(guess**2, axis=-1)\n"
        "product = xp.sum(target * guess, axis=-1)\n"
        "return xp.mean(square - product)",
        "interpolants-16": "other = interpolate(x0, x1, -z, c)\n"
        "minus = _regression(which, predict, other, t, epsilon)\n"
        "found = 0.5 * found + 0.5 * minus",
    },
    "velocity_by_the_denoiser": {
        "interpolants-19": "eta = -_column(c.gamma, v) * s\nreturn v + _column(c.gamma_dot, v) * eta",
    },
    "probabilities_of_the_pairs": {
        "interpolants-22": "powers = xp.exp(joint - xp.max(joint, axis=1, keepdims=True))\n"
        "w = (powers / xp.sum(powers, axis=1, keepdims=True))[:, :, None]",
    },
    "ends_given_the_point": {
        "interpolants-24": "K, L = rho0.weights.shape[0], rho1.weights.shape[0]\n"
        "first = xp.repeat(rho0.means, L, axis=0) + c.alpha * _times(xp.repeat(rho0.covariances, L, axis=0), solved)\n"
        "last = xp.tile(rho1.means, (K, 1)) + c.beta * _times(xp.tile(rho1.covariances, (K, 1, 1)), solved)\n"
        "moved = c.alpha_dot * first + c.beta_dot * last",
    },
    "pairs_by_repetition": {
        "_between: weights =": "K, L = p.shape[0], q.shape[0]\nweights = xp.repeat(p, L) * xp.tile(q, (K,))",
        "interpolants-21": "C0, C1 = xp.repeat(C, L, axis=0), xp.tile(D, (K, 1, 1))\n"
        "spreads = c.alpha**2 * C0 + c.beta**2 * C1 + c.gamma**2 * one",
        "_between: spread_dot =": "spread_dot = c.alpha * c.alpha_dot * C0 + c.beta * c.beta_dot * C1",
    },
    "divergences_less_products_with_the_score": {
        "interpolants-25": "squares = xp.sum(solved**2, axis=-1)\n"
        "div_s = xp.sum(w * (squares - inverse), axis=1) - xp.sum(found.s**2, axis=-1)",
        "_with_divergences: div_v =": "trace = xp.sum(w * (stretch - xp.sum(moved * solved, axis=-1)), axis=1)\n"
        "div_v = trace - xp.sum(found.v * found.s, axis=-1)",
    },
    "point_ahead": {
        "interpolants-29": "sigma = (2 * epsilon) ** 0.5\nx = x + sigma * abs(h) ** 0.5 * xi",
        "_heun: second =": "ahead = x + h * first\nsecond = _drift(fields, t_next, ahead, signed)",
        "_heun: return": "drift = 0.5 * (first + second)\nreturn x + h * drift",
    },
    "stages_times_the_step": {
        "_rk4: k1 =": "k1 = [h * k for k in slope(t, *state)]",
        "_rk4: k2 =": "middle = t + h / 2\nk2 = [h * k for k in slope(middle, *moved(0.5, k1))]",
        "_rk4: k3 =": "k3 = [h * k for k in slope(middle, *moved(0.5, k2))]",
        "_rk4: k4 =": "k4 = [h * k for k in slope(t_next, *moved(1.0, k3))]",
        "_rk4: return": "return [y + p / 6 + q / 3 + r / 3 + s / 6 for y, p, q, r, s in zip(state, k1, k2, k3, k4)]",
    },
    "minus_the_divergence_along_the_flow": {
        "_ode_likelihood: return f.b, f.div_b": "return f.b, -f.div_b",
        "interpolants-32": "paths = (log_rho0(x) - grown)[None, :]",
    },
    "drift_and_its_divergence": {
        "interpolants-33": "drift, divergence = f.b + epsilon * f.s, f.div_b + epsilon * f.div_s\n"
        "log_weight = log_weight - h * divergence",
        "_feynman_kac: y =": "dW = h**0.5 * noise[k, ...]\ny = y - h * drift + (2 * epsilon) ** 0.5 * dW",
    },
    "mean_of_densities": {
        "interpolants-34": "top = xp.max(paths, axis=0)\n"
        "mean = xp.mean(xp.exp(paths - top), axis=0)\n"
        "return Likelihood(top + xp.log(mean), paths)",
    },
    "laplacian_and_square_of_the_score": {
        "interpolants-35": "square = xp.sum(f.s**2, axis=-1)\nrate = f.div_b + epsilon * (f.div_s + square)",
    },
    "drift_over_the_variance": {
        "bridge_energy: drift =": "of_b, of_s = slope / (2 * middle), -1 / middle\nrate = of_b + epsilon * of_s",
        "interpolants-38": "return 0.5 * xp.sum(rate**2 * middle) / steps",
    },
    "bridge_of_the_reference_variance": {
        "interpolants-39": "sigma2 = 2 * epsilon\nreturn (math.sqrt(4 * most**2 + sigma2**2) - sigma2) / 2",
        "interpolants-40": "ends = (1 - t) ** 2 * s0**2 + 2 * t * (1 - t) * c + t**2 * s1**2\n"
        "between = 2 * epsilon * t * (1 - t)\n"
        "return ends + between",
    },
}
