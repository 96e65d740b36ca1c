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
    "log_densities_added": {
        "bnn_surrogates-4": "log_likelihood = -0.5 * xp.sum(weights * (y - f) ** 2, axis=-1) / noise\n"
        "log_prior = -0.5 * xp.sum(w**2, axis=-1) / prior\n"
        "U = -(log_likelihood + log_prior)",
        "bnn_surrogates-5": "ascent = weights * (y - f) / noise",
        "bnn_surrogates-6": "grad = -(_back(layers, values, ascent[..., None]) - w / prior)",
    },
    "precisions_for_variances": {
        "bnn_surrogates-4": "beta, alpha = 1 / noise, 1 / prior\n"
        "U = 0.5 * beta * squares + 0.5 * alpha * xp.sum(w**2, axis=-1)",
        "bnn_surrogates-5": "slope = beta * weights * residual",
        "bnn_surrogates-6": "grad = _back(layers, values, slope[..., None])\ngrad = grad + alpha * w",
    },
    "velocity_verlet": {
        "bnn_surrogates-7": "old = grad",
        "bnn_surrogates-8": "w = w + step * r - 0.5 * step**2 * old",
        "bnn_surrogates-9": "r = r - 0.5 * step * (old + grad)",
    },
    "dual_averaging_as_in_stan": {
        "bnn_surrogates-13": "eta = 1 / (t + 10)\ndeficit = (1 - eta) * state.deficit + eta * (target - acceptance)",
        "bnn_surrogates-14": "mu = math.log(10 * state.start)\nlog_step = mu - deficit * math.sqrt(t) / 0.05",
        "bnn_surrogates-15": "x_eta = t**-0.75\n"
        "log_averaged = (1 - x_eta) * math.log(state.averaged) + x_eta * log_step",
    },
    "gradient_of_a_minibatch_in_parts": {
        "bnn_surrogates-16": "f, layers, values = _outputs(w, rows, sizes)\n"
        "slope = (f - each) / (noise * size)\n"
        "likelihood = _back(layers, values, slope[:, None])\n"
        "grad = n * likelihood + w / prior",
    },
    "scales_and_forces_by_name": {
        "bnn_surrogates-19": "g_hat = (1 - rate) * g_hat + rate * grad",
        "bnn_surrogates-21": "deviation = xp.sqrt(v_hat) + epsilon\ninverse = 1 / deviation",
        "sghmc: spread =": "step2 = lr**2\nspread = 2 * step2 * friction * inverse - (step2**2 if correct else 0.0)",
        "sghmc: kick =": "sigma = xp.sqrt(variance)\nkick = sigma * xi",
        "bnn_surrogates-23": "force = -step2 * grad / deviation\n"
        "momentum = (1 - friction) * momentum\n"
        "momentum = momentum + force + kick",
    },
    "squares_less_square_of_the_mean": {
        "bnn_surrogates-26": "S = values.shape[0]\n"
        "variance = xp.mean(values**2, axis=0) - mean**2\n"
        "return mean, variance * S / (S - 1) + noise",
        "bnn_surrogates-27": "losses = 0.5 * (xp.log(variance) + (y - mean) ** 2 / variance)\n"
        "losses = losses + 0.5 * math.log(2 * math.pi)\n"
        "return -xp.mean(losses)",
    },
    "posterior_of_the_weights": {
        "bnn_surrogates-30": "H = xp.matrix_transpose(J) @ J / noise\n"
        "H = H + xp.eye(w.shape[0], dtype=w.dtype, device=device(w)) / prior\n"
        "posterior = xp.linalg.inv(H)\n"
        "covariance = J_star @ posterior @ xp.matrix_transpose(J_star)",
    },
    "kernel_of_the_arc_cosine": {
        "_expectations: angle =": "cosine = xp.clip(k12 / scale, -1.0, 1.0)\nangle = xp.acos(cosine)",
        "bnn_surrogates-32": "J = xp.sqrt(1 - cosine**2) + (math.pi - angle) * cosine\n"
        "value = scale * J / (2 * math.pi)",
    },
    "kernel_of_the_arc_sine": {
        "bnn_surrogates-33": "quotient = 2 * k12 / xp.sqrt((1 + 2 * k11) * (1 + 2 * k22))\n"
        "value = 2 / math.pi * xp.asin(quotient)",
    },
    "evidence_in_three_terms": {
        "evidence: r2 =": "scaled = z / lengths\nr2 = xp.sum((scaled[:, None, :] - scaled[None, :, :]) ** 2, axis=-1)",
        "evidence: value =": "fit = xp.sum((y - mean) * cholesky_solve(factor, y - mean))\n"
        "log_det = 2 * xp.sum(xp.log(xp.linalg.diagonal(factor)))\n"
        "value = -0.5 * fit - 0.5 * log_det - 0.5 * z.shape[0] * math.log(2 * math.pi)",
    },
    "derivatives_by_traces": {
        "bnn_surrogates-36": "inner = a[:, None] * a[None, :] - xp.linalg.inv(K + noise * eye)\nW = -0.5 * inner",
        "bnn_surrogates-39": "dK = 5 / 3 * scale * (apart**2 * weights) * ((1 + s) * xp.exp(-s))[:, :, None]\n"
        "log_lengths = 0.5 * xp.sum(inner[:, :, None] * dK, axis=(0, 1))",
        "bnn_surrogates-40": "log_scale = 0.5 * xp.linalg.trace(inner @ K)",
        "bnn_surrogates-41": "by_noise = 0.5 * xp.linalg.trace(inner)\n"
        "return Evidence(value, features, log_lengths, log_scale, by_noise, xp.sum(a))",
    },
    "sides_cut_at_zero": {
        "hypervolume: return _volume": "sides = xp.clip(values - reference, min=0.0)\nreturn _volume(sides)",
    },
}
