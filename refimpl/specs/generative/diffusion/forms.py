"""Lines of the rule as most people write them, which say the same."""

FORMS = {
    "clean_point_first": {
        "diffusion-14": "alpha, alpha_next = math.exp(-t / 2), math.exp(-u / 2)\n"
        "return alpha_next / alpha, alpha_next * h / alpha - kept * math.sqrt(h), sigma"
    },
    "noise_of_both_times": {
        "diffusion-13": "sigma = eta * math.sqrt(k / h) * math.sqrt(1 - math.exp(-t) / math.exp(-u))"
    },
    "old_noise_by_subtraction": {
        "diffusion-13": "abar, abar_next = math.exp(-t), math.exp(-u)\n"
        "variance = (1 - abar_next) / (1 - abar) * (1 - abar / abar_next)\n"
        "sigma = eta * math.sqrt(variance)",
        "_ddim: kept =": "kept = math.sqrt(max(1 - abar_next - sigma**2, 0.0))",
        "diffusion-14": "root, root_next = math.sqrt(abar), math.sqrt(abar_next)\n"
        "return root_next / root, root_next * (1 - abar) / root - kept * math.sqrt(1 - abar), sigma",
    },
    "posterior_mean_of_clean_point_and_point": {
        "_ddpm: beta =": "abar, abar_next = math.exp(-t), math.exp(-u)\na = abar / abar_next\nbeta = 1 - a",
        "diffusion-11": "v = beta if large and u > 0 else (1 - abar_next) / (1 - abar) * beta",
        "_ddpm: back =": "of_clean = math.sqrt(abar_next) * beta / (1 - abar)\n"
        "of_x = math.sqrt(a) * (1 - abar_next) / (1 - abar)",
        "diffusion-12": "root = math.sqrt(abar)\n"
        "return of_x + of_clean / root, of_clean * (1 - abar) / root, math.sqrt(v)",
    },
    "mean_less_the_noise": {
        "_ddpm: back =": "a = 1 - beta\nof_noise = beta / math.sqrt(1 - math.exp(-t))",
        "diffusion-12": "sigma = math.sqrt(1 - math.exp(-t))\n"
        "return 1 / math.sqrt(a), of_noise * sigma / math.sqrt(a), math.sqrt(v)",
    },
    "powers_of_one_factor": {
        "diffusion-10": "grow = math.exp(delta / 2)\nreturn grow, 2 * (grow - 1), math.sqrt(grow**2 - 1)",
    },
    "flow_in_forward_time": {
        "_heun: delta =": "dt = u - t",
        "diffusion-15": "k1 = -0.5 * x - 0.5 * score(x, t)",
        "_heun: ahead =": "ahead = x + dt * k1",
        "_heun: k2 =": "k2 = -0.5 * ahead - 0.5 * score(ahead, u)",
        "diffusion-16": "slope = 0.5 * (k1 + k2)\nreturn x + dt * slope",
    },
    "variance_from_what_is_kept": {
        "diffusion-1 in _scales_of_each": "abar = xp.exp(-t)\nalpha = xp.sqrt(abar)",
        "diffusion-2 in _scales_of_each": "h = 1 - abar",
        "diffusion-3": "sigma = array_namespace(h).sqrt(1 - alpha**2)\nreturn alpha * x0 + sigma * z",
    },
    "labels_by_arithmetic": {
        "diffusion-19": "mask = xp.astype(draws < p_drop, y.dtype)\nreturn mask * nothing + (1 - mask) * y",
    },
    "powers_of_a_table": {
        "diffusion-17": "alphas = 1 - betas\nabar = xp.cumulative_prod(alphas)\nt = -xp.log(abar)",
        "diffusion-18": "j = rows[k + 1] if k + 1 < len(rows) else -1\nt, u = table[i], table[j] if j >= 0 else 0.0",
    },
    "table_by_clean_point": {
        "table_steps: xi =": "abar, abar_next, eps = math.exp(-t), math.exp(-u), predicted[k, ...]\n"
        "clean = (x - math.sqrt(1 - abar) * eps) / math.sqrt(abar)\n"
        "sigma = coefficients('ddpm_small', t, u)[2] * (eta if kind == 'ddim' else 1.0)",
        "table_steps: x = _moved(": "r = coefficients(kind, t, u, eta=eta)[2]\n"
        "towards = math.sqrt(max(1 - abar_next - sigma**2, 0.0)) * eps\n"
        "x = math.sqrt(abar_next) * clean + towards + r * noise[k, ...]",
    },
    "guidance_by_scale": {
        "diffusion-20": "w = 1 + eta\nreturn unconditional + w * (conditional - unconditional)",
        "diffusion-21": "w = 1 + eta\nreturn score + w * gradient",
    },
    "beyond_the_conditional": {
        "diffusion-20": "return conditional + eta * (conditional - unconditional)",
    },
    "probabilities_less_the_label": {
        "diffusion-23": "xp = array_namespace(x)\n"
        "powers = xp.exp(joint - xp.max(joint, axis=1, keepdims=True))\n"
        "r = powers / xp.sum(powers, axis=1, keepdims=True)\n"
        "return xp.sum(r[:, :, None] * solved, axis=1) - solved[:, label, :]",
    },
    "spreads_with_noise": {
        "diffusion-22": "D = mixture.means.shape[1]\n"
        "spreads = alpha**2 * mixture.covariances + h * array_namespace(mixture.means).eye(D)\n"
        "return mixture._replace(means=alpha * mixture.means, covariances=spreads)",
    },
    "precisions_and_determinants": {
        "mixture_score: return": "xp, law = array_namespace(x), noised(mixture, t)\n"
        "gap, precision = x[:, None, :] - law.means, xp.linalg.inv(law.covariances)\n"
        "solved = (precision @ gap[..., None])[..., 0]\n"
        "joint = xp.log(law.weights) - xp.log(xp.linalg.det(law.covariances)) / 2 - xp.sum(gap * solved, axis=2) / 2\n"
        "return -mixtures.pull(joint, solved)",
    },
    "projection_matrix": {
        "diffusion-24": "latent = mixture_score(z, t, mixtures.checked(mixture, z))\non = latent @ A.T",
        "diffusion-25": "P = A @ A.T\noff = x - x @ P\nreturn on - off / h",
    },
    "gain_of_a_step": {
        "diffusion-26": "gain = p + q * slope\nm = gain * m + q * level",
        "diffusion-27": "v = gain**2 * v + r**2",
        "_gaussian_score: slope =": "m, v = alpha * mean, alpha**2 * variance + h",
        "_gaussian_score: return": "return -1 / v, m / v + error",
    },
    "divergence_as_in_textbooks": {
        "gaussian_law: rho =": "m0, v0 = alpha * mean, alpha**2 * variance + h",
        "diffusion-28": "kl = xp.log(v / v0) / 2 + (v0 + (m0 - m) ** 2) / (2 * v) - 0.5",
    },
    "eigenvectors_of_the_second_moments": {
        "principal_axes: _, _, Vt =": "_, vectors = array_namespace(X).linalg.eigh(X.T @ X)",
        "diffusion-29": "return vectors[:, ::-1][:, :d]",
    },
    "estimate_and_skip": {
        "diffusion-32": "clean = predict(x @ V) @ V.T\nreturn alpha / h * clean - x / h, fitted",
    },
    "normal_equations": {
        "ridge: left, values, right =": "one = xp.eye(F.shape[1], dtype=F.dtype, device=device(F))",
        "ridge: shrunk =": "gram, moments = F.T @ F + penalty * one, F.T @ targets",
        "diffusion-33": "return xp.linalg.solve(gram, moments)",
    },
    "noise_then_score": {
        "conditional_samples: noisy =": "sigma = math.sqrt(h)\nnoisy = alpha * X + sigma * noise[k, ...]",
        "conditional_samples: clean =": "asked = xp.concat([x, target * xp.ones_like(x[:, :1])], axis=1)\n"
        "clean = asked @ W",
        "diffusion-36": "eps = (x - alpha * clean) / sigma\nscore = -eps / sigma",
    },
}
