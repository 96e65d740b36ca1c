"""Lines of the rule as most people write them, which say the same."""

FORMS = {
    "gain_by_its_chance": {
        "bayesopt-10": "chance = ndtr(z)\nrisk = delta * chance + sigma * density(z) - gain",
    },
    "gain_in_deviations": {
        "expected_improvement: value =": "scaled = z * ndtr(z) + density(z)\n"
        "value = xp.where(spread, sigma * scaled, gain)",
    },
    "trace_and_quadratic_form": {
        "bayesopt-9": "trace = xp.linalg.trace\n"
        "half_trace = lambda derivative: 0.5 * (a @ derivative @ a - trace(inverse @ derivative))"
    },
    "fit_and_determinant": {
        "log_evidence: half =": "fit = residual @ cholesky_solve(factor, residual)\nlog_det = 2 * xp.sum(xp.log(own))",
        "log_evidence: return -0.5": "return -(fit + log_det + n * math.log(2 * math.pi)) / 2",
    },
    "divided_by_lengths": {
        "bayesopt-1": "lengths = 1 / xp.sqrt(weights)\n"
        "apart = (x[:, None, :] - y[None, :, :]) / lengths\n"
        "return xp.sum(apart**2, axis=-1)",
    },
    "matern_in_the_distance": {
        "bayesopt-3": "r = xp.where(apart, xp.sqrt(some), xp.zeros_like(r2))",
        "matern: s =": "s = math.sqrt(2 * nu) * r",
        "matern: polynomial =": "linear = 1 + math.sqrt(2 * nu) * r\n"
        "polynomial = {0.5: 1.0, 1.5: linear, 2.5: linear + 5 / 3 * r**2}[nu]",
    },
    "slope_through_the_distance": {
        "_slope: return (-1.5": 'by_r = -(3 if kernel == "matern32" else 5 / 3 * (1 + s)) * r * xp.exp(-s)\n'
        "return by_r / (2 * r)",
    },
    "posterior_by_the_inverse": {
        "bayesopt-6": "inverse = cholesky_solve(factor, xp.eye(factor.shape[0], dtype=factor.dtype))\n"
        "mean = cross @ inverse @ residual",
        "posterior: known =": "known = xp.sum((cross @ inverse) * cross, axis=1) if alone "
        "else cross @ inverse @ xp.matrix_transpose(cross)",
    },
    "posterior_by_solving": {
        "bayesopt-6": "solved = cholesky_solve(factor, xp.matrix_transpose(cross))\n"
        "mean = xp.matrix_transpose(solved) @ residual",
        "posterior: known =": "known = xp.sum(cross * xp.matrix_transpose(solved), axis=1) if alone "
        "else cross @ solved",
    },
    "gradient_by_the_product_rule": {
        "improvement_at: by_sigma =": "by_variance = -2 * xp.sum(J * solved[:, :, None], axis=1)\n"
        "by_sigma = by_variance / (2 * safe[:, None])",
        "bayesopt-13": "delta = (_mean(prior, new) + cross @ fitted.weights - best)[:, None]\n"
        "cdf, pdf = found.by_mean[:, None], found.by_sigma[:, None]\n"
        "by_z = (by_mean - delta / safe[:, None] * by_sigma) / safe[:, None]\n"
        "exploit = by_mean * cdf + delta * pdf * by_z\n"
        "explore = by_sigma * pdf - delta * pdf * by_z\n"
        "return found.value, exploit + explore",
    },
    "crossings_below_zero": {
        "bayesopt-16": "z = -c\nreturn xp.sum(step * (z * ndtr(z) + acquisition.density(z)), axis=1)",
    },
    "best_seen_by_its_number": {
        "bayesopt-22": "after = expected_gain(a, b) + xp.max(a, axis=1)\n"
        "best_seen = xp.max(xp.take(mean, seen))\n"
        "return after - best_seen",
    },
    "quotient_rule": {
        "bayesopt-17": "moved = shared / s\nbest = xp.argmax(mean + Z[:, None] * moved[None, :], axis=1)",
        "bayesopt-18": "by_s = by_variance / (2 * s)\nby_x = (by_shared * s - shared[:, None] * by_s) / s**2",
    },
    "covariance_with_the_sum": {
        "bayesopt-20": "shared = weights @ xp.take(covariance, at, axis=1)\n"
        "variance = xp.take(xp.linalg.diagonal(covariance), at) + noise\n"
        "sd = xp.sqrt(xp.where(variance > 0, variance, xp.ones_like(variance)))\n"
        "a, b = weights @ mean, xp.matrix_transpose(shared / sd)",
    },
    "running_sums_of_blocks": {
        "bayesopt-32": "totals = xp.cumulative_sum(blocks, axis=0)\nshared = [totals[s, :, :] for s in sources]",
    },
    "improvement_of_each_point": {
        "parallel_improvement: gain =": "each = f - best\neach = xp.maximum(each, xp.zeros_like(each))",
        "bayesopt-28": "return xp.mean(xp.max(each, axis=1))",
    },
    "chance_above_zero": {
        "constrained_improvement: z =": "sd = xp.where(spread, sigma, xp.ones_like(sigma))\nz = (0 - mu) / sd",
        "constrained_improvement: met =": "met = xp.where(spread, 1 - ndtr(z), xp.astype(mu >= 0, mu.dtype))",
    },
    "entropy_of_the_density": {
        "bayesopt-23": "density = p / width\nreturn -xp.sum(width * xlogy(density, density), axis=-1)",
    },
    "entropy_search_in_units_of_y": {
        "entropy_search: z =": "y = f[:, at] + math.sqrt(noise) * noise_draws\nz = (y - mean[at]) / s",
        "bayesopt-24": "value = mean[at] + s * nodes[h]\ntold = f + (value - y)[:, None] * covariance[at, :] / s**2",
        "bayesopt-26": "before = 0.5 * xp.log(2 * math.pi * math.e * s**2)\n"
        "after = xp.sum(p * (given + xp.log(s)))\n"
        "pes = before - after",
    },
    "second_derivatives_written_out": {
        "bayesopt-34": "right = [2 * prior.alpha[j] * (x[:, None, j] - z[None, :, j]) * k for j in range(d)]",
        "bayesopt-35": "left = -2 * prior.alpha[i] * (x[:, None, i] - z[None, :, i]) * k\n"
        "twice = lambda j: (x[:, None, i] - z[None, :, i]) * (x[:, None, j] - z[None, :, j])\n"
        "both = [(same[j] - 4 * prior.alpha[i] * prior.alpha[j] * twice(j)) * k for j in range(d)]\n"
        "rows.append([left, *both])",
    },
}
