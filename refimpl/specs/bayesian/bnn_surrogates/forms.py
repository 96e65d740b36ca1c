"""Lines of the rule as most people write them, which say the same."""

FORMS = {
    "densities_with_their_deviations": {
        "bnn_surrogates-4": "U = 0.5 * xp.sum(weights * (residual / noise**0.5) ** 2, axis=-1)\n"
        "U = U + 0.5 * xp.sum((w / prior**0.5) ** 2, axis=-1)",
        "bnn_surrogates-5": "slope = weights * (residual / noise**0.5) / noise**0.5",
    },
    "metropolis_by_total_energies": {
        "hmc: error =": "before = float(chain.energy) + 0.5 * float(xp.sum(momentum * momentum))\n"
        "after = float(found[0]) + 0.5 * float(xp.sum(r * r))\n"
        "error = after - before",
        "bnn_surrogates-10": "acceptance = 0.0 if math.isnan(error) else min(1.0, math.exp(min(-error, 700.0)))",
    },
    "averages_of_adam_written_out": {
        "_adam: m, v =": "m = beta1 * m + (1 - beta1) * g\nv = beta2 * v + (1 - beta2) * g**2",
        "_adam: w =": "mean, square = m / (1 - beta1**t), v / (1 - beta2**t)\n"
        "rate = lr(t) if callable(lr) else lr\n"
        "w = w - rate * mean / (xp.sqrt(square) + eps)",
    },
    "moving_averages_and_noise_by_deviation": {
        "bnn_surrogates-18": "tau = 1 + tau * (1 - g_hat**2 / (v_hat + epsilon))",
        "bnn_surrogates-20": "v_hat = (1 - rate) * v_hat + rate * grad**2",
        "bnn_surrogates-23": "momentum = (1 - friction) * momentum - lr**2 * grad * inverse + xp.sqrt(variance) * xi",
    },
    "variance_and_density_written_out": {
        "bnn_surrogates-26": "apart = values - mean\n"
        "variance = xp.sum(apart**2, axis=0) / (values.shape[0] - 1)\n"
        "return mean, variance + noise",
        "bnn_surrogates-27": "sd = xp.sqrt(variance)\n"
        "logs = -0.5 * ((y - mean) / sd) ** 2 - xp.log(sd) - 0.5 * math.log(2 * math.pi)\n"
        "return xp.mean(logs)",
    },
    "formula_of_gaussian_processes": {
        "bnn_surrogates-30": "cross = prior * (J_star @ xp.matrix_transpose(J))\n"
        "K = prior * gram + noise * xp.eye(J.shape[0], dtype=w.dtype, device=device(w))\n"
        "covariance = prior * (J_star @ xp.matrix_transpose(J_star))\n"
        "covariance = covariance - cross @ xp.linalg.solve(K, xp.matrix_transpose(cross))",
    },
    "matern_and_slopes_by_pairs": {
        "evidence: K =": "s = xp.sqrt(5 * r2)\nK = scale * (1 + s + s**2 / 3) * xp.exp(-s)",
        "bnn_surrogates-38": "slopes = 2 * M[:, :, None] * apart / lengths**2\n"
        "features = xp.sum(slopes, axis=0) - xp.sum(slopes, axis=1)",
        "bnn_surrogates-39": "log_lengths = 2 * xp.sum(M[:, :, None] * (apart / lengths) ** 2, axis=(0, 1))",
    },
    "largest_so_far_one_by_one": {
        "bnn_surrogates-46": "highest = xp.stack([xp.max(sides[..., : i + 1, 0], axis=-1) for i in range(n)], axis=-1)",
    },
}
