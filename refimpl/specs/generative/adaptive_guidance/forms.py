"""Lines of the rule as most people write them, which say the same."""

FORMS = {
    "lengths_as_they_are": {
        "cosine: lengths = xp.linalg": "length = xp.linalg.vector_norm\n"
        "lengths = length(eps_c, axis=-1) * length(eps_u, axis=-1)",
        "cosine: products =": "products = xp.sum(eps_c * eps_u, axis=-1)",
    },
    "product_of_unit_vectors": {
        "cosine: products =": "length_a = xp.sqrt(xp.sum(a**2, axis=-1, keepdims=True))\n"
        "length_b = xp.sqrt(xp.sum(b**2, axis=-1, keepdims=True))\n"
        "a, b = a / xp.where(length_a > 0, length_a, 1.0), b / xp.where(length_b > 0, length_b, 1.0)",
        "adaptive_guidance-7": "return xp.sum(a * b, axis=-1)",
    },
    "weights_of_both": {
        "adaptive_guidance-6": "return (1 - s) * eps_u + s * eps_c",
    },
    "beyond_the_prompt": {
        "adaptive_guidance-6": "difference = eps_c - eps_u\nreturn eps_c + (s - 1) * difference",
    },
    "clean_sample_and_direction": {
        "adaptive_guidance-3 in ddim": "clean = (x - (1 - ab) ** 0.5 * eps) / ab**0.5\n"
        "direction = (1 - ab_next) ** 0.5 * eps\n"
        "return ab_next**0.5 * clean + direction",
    },
    "clean_sample_and_direction_of_the_state": {
        "adaptive_guidance-3 in update": "clean = (state.x - (1 - ab) ** 0.5 * eps) / ab**0.5\n"
        "direction = (1 - ab_next) ** 0.5 * eps\n"
        "x = ab_next**0.5 * clean + direction",
    },
    "rates_by_levels_of_noise": {
        "adaptive_guidance-5": "sigma, sigma_next = ((1 - ab) / ab) ** 0.5, ((1 - ab_next) / ab_next) ** 0.5\n"
        "B = ab_next**0.5 * (sigma_next - sigma)",
    },
    "guided_in_place_of_done": {
        "adaptive_guidance-8": "guided = ~state.done\neps = xp.where(guided[:, None], _guided(eps_c, eps_u, s), eps_c)",
        "adaptive_guidance-9": "nfe = state.nfe + 1 + xp.astype(guided, xp.int64)",
        "adaptive_guidance-10": "guided = guided & (cosine(eps_c, eps_u) <= gamma_bar)\ndone = ~guided",
    },
    "strength_of_each_sample": {
        "adaptive_guidance-8": "weight = xp.where(state.done, 1.0, s)[:, None]\n"
        "eps = weight * eps_c + (1 - weight) * eps_u",
        "adaptive_guidance-9": "cost = xp.where(state.done, 1, 2)\nnfe = state.nfe + cost",
    },
    "differences_from_the_centres": {
        "_parts: squares = xp": "gap = x[:, None, :] - centres[None, :, :]",
        "_parts: squares = squares": "squares = xp.sum(gap**2, axis=2)",
        "_parts: joint = -(": "joint = -0.5 * squares / S - 0.5 * x.shape[1] * xp.log(S)",
        "adaptive_guidance-1": "score = -xp.sum(r[:, :, None] * gap / S[None, :, None], axis=1)",
    },
    "slices_for_regressors": {
        "adaptive_guidance-11": "C, U = E_c[: k + 1, ...], E_u[:k, ...]",
        "fit_linear: F =": "rows = xp.concat([C, U], axis=0)\n"
        "F = xp.matrix_transpose(xp.reshape(rows, (rows.shape[0], -1)))",
    },
    "pseudoinverse": {
        "adaptive_guidance-12": "beta = xp.linalg.pinv(F, rtol=float(xp.finfo(F.dtype).eps)) @ y",
        "adaptive_guidance-13": "rest = y - fitted\nresidual = xp.sqrt(xp.sum(rest**2)) / length",
    },
    "both_kinds_by_index": {
        "adaptive_guidance-14": "k = len(said_u)\n"
        "of_c = sum(beta[i] * said_c[i] for i in range(k + 1))\n"
        "of_u = sum(beta[k + 1 + i] * said_u[i] for i in range(k))\n"
        "return of_c + of_u",
    },
    "first_half_and_rest": {
        "alternating: return": 'first = tuple("cfg" if k % 2 == 0 else other for k in range(half))\n'
        'return first + ("cond",) * (T - half)',
    },
    "mixed_step_by_choice": {
        "adaptive_guidance-15": "powers = xp.exp(logits - xp.max(logits, axis=-1, keepdims=True))\n"
        "w, x, tape = powers / xp.sum(powers, axis=-1, keepdims=True), x0, []",
        "adaptive_guidance-16": "guided = eps_u + s * (eps_c - eps_u)\n"
        "eps = w[k, 0] * eps_u + w[k, 1] * eps_c + w[k, 2] * guided\n"
        "x = A * x + B * eps",
        "adaptive_guidance-17": "error = xp.mean(xp.sum(gap**2, axis=1)) / scale\n"
        "evaluations = xp.mean(w[:, 0] + w[:, 1] + 2 * w[:, 2])\n"
        "loss = error + cost * evaluations",
    },
    "softmax_backwards": {
        "adaptive_guidance-22": "mean = xp.sum(w * slope, axis=-1, keepdims=True)\nreturn loss, w * slope - w * mean",
    },
}
