"""Lines of the rule as most people write them, which say the same."""

FORMS = {
    "with_the_deviation": {
        "_log_normal: return": "sd = xp.sqrt(variance)\n"
        "return -0.5 * (apart / sd) ** 2 - xp.log(sd) - 0.5 * math.log(2 * math.pi)"
    },
    "halved_at_the_end": {
        "_log_normal: return": "squared = apart * apart / variance\n"
        "return -(squared + math.log(2 * math.pi)) / 2 - xp.log(xp.sqrt(variance))"
    },
    "arc_cosine_of_the_correlation": {
        "_expectations: angle =": "cosine = xp.clip(k12 / scale, -1.0, 1.0)\nangle = xp.acos(cosine)",
        "scale_mixture_nngp-2": "sine = xp.sqrt(1 - cosine**2)\n"
        "value = scale * (sine + (math.pi - angle) * cosine) / (2 * math.pi)",
    },
    "arc_sine": {
        "_expectations: root =": "first, second = 1 + 2 * k11, 1 + 2 * k22\n"
        "root = xp.sqrt(first * second - (2 * k12) ** 2)",
        "scale_mixture_nngp-4": "value = (2 / math.pi) * xp.asin(2 * k12 / (xp.sqrt(first) * xp.sqrt(second)))",
        "_variances: return (2": "return (2 / math.pi) * xp.asin(2 * k11 / (1 + 2 * k11))",
    },
    "scaled_weights_first": {
        "scale_mixture_nngp-9": "W = sigma_w * omega / math.sqrt(z.shape[-1])\n"
        "b = sigma_b * beta\n"
        "h = z @ W + b[:, None, :]",
        "scale_mixture_nngp-10": "W = v / math.sqrt(v.shape[-2])\nreturn z @ W",
    },
    "densities_as_in_statistics": {
        "scale_mixture_nngp-11": "x = 1 / s\n"
        "gamma = law.a * math.log(law.b) - math.lgamma(law.a) + (law.a - 1) * xp.log(x) - law.b * x\n"
        "return gamma - 2 * log",
        "scale_mixture_nngp-13": "root = xp.hypot(s, law.gamma * xp.ones_like(s))\n"
        "return math.log(2 * law.gamma / math.pi) - 2 * xp.log(root)",
        "scale_mixture_nngp-14": "squared = (log - law.mu) ** 2 / (2 * law.sigma**2)\n"
        "return -squared - xp.log(s * law.sigma * math.sqrt(2 * math.pi))",
    },
    "quantiles_as_they_stand": {
        "scale_mixture_nngp-15": "s = ((1 - u) ** (-1 / law.d) - 1) ** (1 / law.c)",
        "scale_mixture_nngp-16": "s = law.gamma * xp.tan(math.pi * u / 2)",
        "scale_mixture_nngp-17": "z = ndtri(u)\ns = xp.exp(law.mu) * xp.exp(law.sigma * z)",
    },
    "precision_from_a_gamma_law": {
        "scale_mixture_nngp-18": "precision = gamma_quantile(shape, u) / b\nreturn 1 / precision",
    },
    "distance_by_solving": {
        "log_student: half =": "solved = cholesky_solve(factor, xp.matrix_transpose(apart))\n"
        "q = xp.sum(apart * xp.matrix_transpose(solved), axis=1)\n"
        "log_det = 2 * xp.sum(xp.log(xp.linalg.diagonal(factor)))",
        "log_student: return _log_t(xp, xp.sum": "return _log_t(xp, q, log_det, m, law.dof)",
    },
    "less_the_normaliser": {
        "scale_mixture_nngp-20": "half = (dof + m) / 2\n"
        "normaliser = _lgamma(dof / 2) - _lgamma(half) + 0.5 * m * math.log(math.pi) + 0.5 * m * math.log(dof)\n"
        "return -half * xp.log(1 + q / dof) - 0.5 * log_det - normaliser",
    },
    "conditioned_by_solving": {
        "scale_mixture_nngp-22": "weights = cholesky_solve(factor, y)\nQ = xp.asarray(y @ weights)",
        "scale_mixture_nngp-23": "solved = cholesky_solve(factor, xp.matrix_transpose(K.st))\n"
        "mean = K.st @ weights\n"
        "Sigma = K.ss - (xp.sum(K.st * solved.T, axis=1) if len(K.ss.shape) == 1 else K.st @ solved)",
    },
    "evidence_of_the_two_scales": {
        "scale_mixture_nngp-25": "before = law.a * _log(law.b) - _lgamma(law.a)\n"
        "behind = after.a * xp.log(after.b) - _lgamma(after.a)\n"
        "log_evidence = before - behind - 0.5 * n * math.log(2 * math.pi) - 0.5 * told.log_det",
    },
    "evidence_as_a_t_density": {
        "scale_mixture_nngp-25": "ratio = law.b / law.a\n"
        "log_evidence = _log_t(xp, Q / ratio, told.log_det + n * _log(ratio), n, 2 * law.a)",
    },
    "weights_in_steps": {
        "scale_mixture_nngp-27": "log_likelihood = -0.5 * (told.n * xp.log(s) + told.Q / s)\n"
        "log_w = log_likelihood + log_ratios",
        "scale_mixture_nngp-28": "powers = xp.exp(log_w - xp.max(log_w))\nweights = powers / xp.sum(powers)",
        "scale_mixture_nngp-29": "both = log_w[:, None] + each\n"
        "top = xp.max(both, axis=0)\n"
        "log_density = top + xp.log(xp.sum(xp.exp(both - top), axis=0)) - logsumexp(log_w)",
        "scale_mixture_nngp-30": "log_mean = xp.max(log_w) + xp.log(xp.mean(powers))\n"
        "log_evidence = outside + log_mean",
    },
    "what_is_left_along_each": {
        "scale_mixture_nngp-33": "left = (1 - rate) ** int(tau)\nreturn (1 - left) / values",
        "scale_mixture_nngp-34": "left = xp.exp(-eta * tau * values)\nreturn (1 - left) / values",
    },
    "covariance_of_what_is_left": {
        "scale_mixture_nngp-36": "apart = K_st - G @ K_tt\n"
        "covariance = K_ss - G @ xp.matrix_transpose(K_st) - apart @ xp.matrix_transpose(G)\n"
        "return Trained(G @ y, covariance)",
    },
    "readout_gradient_by_hand": {
        "train: return layers, w - eta": "z = _features(x, layers, sigma_w, sigma_b, activation)\n"
        "f = _read(z, _spread(scale) * w)\n"
        'error = f - y if loss == "squared" else xp.exp(f - logsumexp(f, axis=2)[..., None]) - y\n'
        "slope = _spread(scale) * (xp.matrix_transpose(z) @ error) / math.sqrt(z.shape[-1])\n"
        "return layers, w - eta * slope",
    },
    "backpropagation_by_hand": {
        "train: slopes, slope =": "((omega, beta),) = layers\n"
        "fan_in, N = omega.shape[-2:]\n"
        "h = x @ omega * (sigma_w / math.sqrt(fan_in)) + sigma_b * beta[:, None, :]\n"
        'z = xp.maximum(h, 0 * h) if activation == "relu" else erf(h)\n'
        "readout = _spread(scale) * w / math.sqrt(N)\n"
        "f = z @ readout\n"
        'error = f - y if loss == "squared" else xp.exp(f - logsumexp(f, axis=2)[..., None]) - y\n'
        "slope = _spread(scale) * (xp.matrix_transpose(z) @ error) / math.sqrt(N)\n"
        'by_h = xp.where(h > 0, 1.0, 0.0) if activation == "relu" else 2 / math.sqrt(math.pi) * xp.exp(-h * h)\n'
        "d_h = (error @ xp.matrix_transpose(readout)) * by_h\n"
        "d_omega = x.T @ d_h * (sigma_w / math.sqrt(fan_in))\n"
        "slopes = ((d_omega, sigma_b * xp.sum(d_h, axis=1)),)",
    },
    "log_softmax_of_each": {
        "train: return array_namespace(f).sum(": "log_p = f - logsumexp(f, axis=2)[..., None]\n"
        "return -array_namespace(f).sum(y * log_p)",
    },
    "mean_over_the_batch": {
        "expected_log_likelihood: each =": "log_p = f - logsumexp(f, axis=2)[..., None]\n"
        "each = xp.sum(onehot * log_p, axis=2)",
        "scale_mixture_nngp-43": "expected = xp.mean(each, axis=0)\nreturn n * xp.mean(expected)",
    },
    "projected_by_half": {
        "scale_mixture_nngp-39": "half = solve_triangular(factor, xp.matrix_transpose(K_xu), lower=True)\n"
        "A = xp.matrix_transpose(solve_triangular(factor, half, lower=True, trans=True))",
        "scale_mixture_nngp-40": "known = xp.sum(half * half, axis=0)\nrest = xp.clip(k_xx - known, 0.0, None)",
    },
    "deviation_of_the_logits": {
        "scale_mixture_nngp-41": "told = xp.sum(at.A[:, None, :] ** 2 * q.S[None, :, :], axis=2)\n"
        "variance = told + at.rest[:, None]",
        "scale_mixture_nngp-42": "sd = xp.sqrt(s)[:, None, None] * xp.sqrt(variance)\nreturn mean + sd * noise",
    },
    "divergence_by_the_inverse": {
        "kl_given_scale: inverse =": "half = solve_triangular(factor, eye, lower=True)\n"
        "inverse = xp.matrix_transpose(half) @ half",
        "kl_given_scale: half =": "square = xp.sum((q.m @ inverse) * q.m)",
        "kl_given_scale: trace =": "trace = xp.sum(q.S * xp.linalg.diagonal(inverse))",
        "scale_mixture_nngp-44": "log_ratio = C * _log_det(factor) - xp.sum(xp.log(q.S))\n"
        "return 0.5 * (trace + precision * square - C * M + log_ratio)",
    },
    "divergence_of_expected_densities": {
        "scale_mixture_nngp-45": "log_s, precision = xp.log(q.b) - digamma(q.a), q.a / q.b\n"
        "own = q.a * xp.log(q.b) - gammaln(q.a) - (q.a + 1) * log_s - q.b * precision\n"
        "prior = a * math.log(b) - math.lgamma(a) - (a + 1) * log_s - b * precision\n"
        "return own - prior",
    },
    "softmax_written_out": {
        "scale_mixture_nngp-48": "xp = array_namespace(f)\n"
        "powers = xp.exp(f - xp.max(f, axis=2, keepdims=True))\n"
        "p = powers / xp.sum(powers, axis=2, keepdims=True)\n"
        "return xp.mean(p, axis=0)",
    },
}
