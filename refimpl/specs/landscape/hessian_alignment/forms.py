"""Lines of the rule as most people write them, which say the same."""

FORMS = {
    "softmax_written_out": {
        "head: p, total =": "top = xp.max(a, axis=1, keepdims=True)\npowers = xp.exp(a - top)\n"
        "sums = xp.sum(powers, axis=1, keepdims=True)\n"
        "p, total = powers / sums, (top + xp.log(sums))[:, 0]",
    },
    "sigmoid_written_out": {
        "head: Y, p =": "Y = xp.astype(y, W.dtype)[:, None]\np = 1 / (1 + xp.exp(-a))",
        "head: total = xp.logaddexp": "total = (xp.clip(a, min=0.0) + xp.log1p(xp.exp(-xp.abs(a))))[:, 0]",
    },
    "mean_of_outer_products": {
        "hessian_alignment-2": "each = head.r[:, :, None] * head.x[:, None, :]\nreturn xp.mean(each, axis=0)",
    },
    "diagonal_less_outer_product": {
        "hessian_alignment-3": "xp = array_namespace(p, u)\nreturn p * u - p * xp.sum(p * u, axis=-1, keepdims=True)",
    },
    "distances_one_by_one": {
        "hessian_alignment-12": "gap_h = xp.sum((v[e] - v_mean) ** 2)\ngap_g = xp.sum((g[e] - g_mean) ** 2)\n"
        "value = value + alpha * gap_h / n + beta * gap_g / n",
    },
    "between_the_old_and_the_new": {
        "hessian_alignment-31": "return (1 - epsilon) * theta + epsilon * walker",
    },
    "whitened_by_the_root": {
        "transfer: seen = solve": "values, vectors = xp.linalg.eigh(H_source)\n"
        "root = (vectors / xp.sqrt(values)) @ xp.matrix_transpose(vectors)\nseen = root @ gap @ root",
    },
    "moments_of_the_gradients": {
        "fishr: G = [one.r": "G = [xp.reshape(one.r[:, :, None] * one.x[:, None, :], (-1, *W.shape)) for one in at]",
        "fishr: G = [G_e - ": "G = [G_e - xp.sum(G_e, axis=0, keepdims=True) / G_e.shape[0] for G_e in G]",
        "hessian_alignment-26": "new = [xp.sum(G_e**2, axis=0) / G_e.shape[0] for G_e in G]",
    },
    "log_probabilities_of_the_labels": {
        "hessian_alignment-1": "log_p = a - total[:, None]\n"
        "terms = Y * log_p - (1 - Y) * total[:, None] if C == 1 else Y * log_p\n"
        "loss = -xp.mean(xp.sum(terms, axis=1))",
    },
    "products_with_the_whole_hessian": {
        "hessian_alignment-4": "P = head.p.shape[1] * head.x.shape[1]\n"
        "H = xp.reshape(_hessian(head), (P, P))\n"
        "return xp.reshape(xp.reshape(V, (-1, P)) @ H, V.shape)",
    },
    "diagonal_sample_by_sample": {
        "_diagonal: s =": "s = head.p - head.p**2",
        "hessian_alignment-5": "each = s[:, :, None] * head.x[:, None, :] ** 2\nreturn xp.mean(each, axis=0)",
    },
    "kronecker_products_of_samples": {
        "_hessian: J =": "J = head.p[:, :, None] * eye - head.p[:, :, None] * head.p[:, None, :]",
        "hessian_alignment-6": "xx = head.x[:, :, None] * head.x[:, None, :]\n"
        "each = J[:, :, None, :, None] * xx[:, None, :, None, :]",
        "_hessian: return xp.permute": "return xp.mean(each, axis=0)",
    },
    "draw_by_draw": {
        "hessian_alignment-10": "each = [R[k, ...] * _product(head, R[k, ...]) for k in range(R.shape[0])]\n"
        "return sum(each) / len(each)",
    },
    "draws_scaled_once": {
        "hutchinson_penalty: R, shared =": 'R, shared = _probes(signs, "m K", at[0]), signs.shape[0] == 1\n'
        "R = R / signs.shape[1] ** 0.5",
        "hutchinson_penalty: v =": "estimate = lambda one, R_e: sum(R_e * _product(one, R_e))\n"
        "v = [estimate(one, R_e) for one, R_e in zip(at, draws, strict=True)]",
        "hutchinson_penalty: v_mean =": "v_mean = _mean([estimate(one, R[0, ...]) for one in at])",
        "hutchinson_penalty: return 0.0": "return 0.0, *_pull_product(at[e], rho * draws[e], draws[e])",
    },
    "hessians_times_gradients": {
        "hessian_alignment-9": "xp, H = array_namespace(W), [_hessian(one) for one in at]\n"
        "v = [xp.tensordot(H_e, g_e, axes=2) for H_e, g_e in zip(H, g, strict=True)]",
        "hessian_alignment-11": 'v_mean = xp.tensordot(_mean(H), g_mean, axes=2) if mean_rule == "code" else _mean(v)',
    },
    "weights_over_domains_once": {
        "_aligned: alpha, beta =": "alpha, beta = check.nonnegative(alpha=alpha, beta=beta)\n"
        "a, b = alpha / len(at), beta / len(at)",
        "hessian_alignment-12": "value = value + a * xp.sum(off**2) + b * xp.sum(lean**2)",
        "_aligned: through, da, dx =": "through, da, dx = pulled(e, 2 * a * off)",
        "_aligned: da_g, dx_g =": "da_g, dx_g = _pull_gradient(one, 2 * b * lean + through)",
    },
    "scales_with_one_weight": {
        "irm: at, lam =": "at, lam = heads(W, domains), check.nonnegative(lam=lam)\nshare = lam / len(at)",
        "hessian_alignment-22": "value = value + share * slope**2",
        "irm: parts.append((one, 2 *": "parts.append((one, 2 * share * slope * da, 0.0))",
        "hessian_alignment-23": "value = value + share * first * second",
        "irm: parts.append((one, lam": "parts.append((one, share * (first * da_second + second * da_first), 0.0))",
    },
    "covariances_with_named_divisors": {
        "coral: C =": "count = [z_e.shape[0] - 1 for z_e in z]\n"
        "C = [xp.matrix_transpose(z_e) @ z_e / k for z_e, k in zip(z, count, strict=True)]",
        "coral: value, dz, scale =": "value, dz, scale = 0.0, [0.0] * n, 2 * lam / (n * (n - 1))\n"
        "by_mean, by_cov = scale / h, scale / h**2",
        "hessian_alignment-25": "value = value + by_mean * xp.sum((mu[i] - mu[j]) ** 2)\n"
        "value = value + by_cov * xp.sum((C[i] - C[j]) ** 2)",
        "coral: dmu, dC =": "dmu, dC = 2 * by_mean * (mu[e] - mu[f]), 2 * by_cov * (C[e] - C[f])",
        "coral: dz[e] =": "dz[e] = dz[e] + dmu[None, :] / N + 2 / count[e] * z[e] @ dC",
    },
    "variances_with_one_divisor": {
        "hessian_alignment-26": "count = lambda G_e: G_e.shape[0]\n"
        "new = [xp.sum(G_e**2, axis=0) / count(G_e) for G_e in G]",
        "hessian_alignment-28": "share = lam / n\nvalue = share * sum(xp.sum(o**2) for o in off)",
        "fishr: dG =": "dG = 4 * share * o * G_e / count(G_e)",
    },
    "memory_moved_towards_the_newest": {
        "hessian_alignment-27": "rate = 1 - decay\n"
        "kept = [m + rate * (v_e - m) for m, v_e in zip(memory, new, strict=True)]",
        "fishr: v = [m": "v = [m / rate for m in kept]",
    },
    "mean_loss_by_its_share": {
        "gradients: by_loss =": "share = 1 / n\n"
        "by_loss = [hessian_alignment.pull(net.W, one, share * one.r / one.r.shape[0], 0.0) for one in at]",
        "gradients: xp, loss =": "xp, loss = array_namespace(net.W), share * sum(one.loss for one in at)",
    },
    "objective_as_in_the_scripts": {
        "hessian_alignment-19": "whole = grad + 2 * l2 * theta\n"
        "whole = whole + weight * penalty\n"
        "whole = whole / weight if weight > 1.0 else whole",
    },
    "adam_as_in_torch": {
        "schedule_step: m =": "m = state.m + (1 - beta1) * (whole - state.m)",
        "schedule_step: v =": "v = state.v * beta2 + (1 - beta2) * whole**2",
        "hessian_alignment-20": "step_size = lr / (1 - beta1**t)\n"
        "denom = xp.sqrt(v) / (1 - beta2**t) ** 0.5 + eps\n"
        "theta = theta - step_size * m / denom",
    },
    "inverse_of_the_factor_and_spectral_norm": {
        "transfer: seen = solve": "inverse = xp.linalg.inv(L)\nseen = inverse @ gap @ xp.matrix_transpose(inverse)",
        "hessian_alignment-7": "largest = xp.max(xp.linalg.eigvalsh(seen))\n"
        "exact = delta * xp.maximum(largest, xp.zeros_like(largest))",
        "hessian_alignment-8": "distance = xp.linalg.matrix_norm(gap, ord=2)\nbound = distance * delta / mu",
    },
}
