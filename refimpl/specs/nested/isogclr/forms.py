"""Lines of the rule as most people write them, which say the same."""

FORMS = {
    "mean_of_powers": {
        "isogclr-4": "powers = xp.exp(x - top) * xp.astype(negative, x.dtype)\n"
        "g = xp.sum(powers, axis=-1) / count\n"
        "return xp.log(g) + top[..., 0]",
    },
    "running_mean_without_logarithms": {
        "isogclr-5": "top = xp.maximum(log_s, log_g)\n"
        "s = (1 - gamma) * xp.exp(log_s - top) + gamma * xp.exp(log_g - top)\n"
        "blend = xp.log(s) + top",
    },
    "powers_over_the_normaliser": {
        "isogclr-6": "top = xp.max(x, axis=-1, keepdims=True)\n"
        "powers = xp.exp(x - top) * xp.astype(negative, x.dtype)\n"
        "s = xp.exp(log_s[..., None] - top)\n"
        "w = powers / (s * count)",
        "isogclr-10": "q = xp.log(s[..., 0]) + top[..., 0] + rho - xp.sum(w * x, axis=-1)",
    },
    "two_views_one_by_one": {
        "isogclr-9": "one, other = log_s[..., :B], log_s[..., B:]\n"
        "top = xp.maximum(one, other)\n"
        "log_s = top + xp.log((xp.exp(one - top) + xp.exp(other - top)) / 2)",
        "isogclr-11": "q1, q2 = q[..., :B], q[..., B:]\nq = 0.5 * q1 + 0.5 * q2\nq = xp.clip(q, -clip, clip)",
    },
    "temperature_in_steps": {
        "isogclr-12": "u = u + beta * (q - u)",
        "isogclr-13": "tau = tau - eta * u\n"
        "tau = xp.maximum(tau, tau_min * xp.ones_like(tau))\n"
        "tau = xp.minimum(tau, tau_max * xp.ones_like(tau))\n"
        "return tau, u",
    },
    "coefficients_by_masks": {
        "isogclr-7": "same = xp.astype(positive, w.dtype)\nC = w / B - total * same / B",
    },
    "own_views_by_difference_of_places": {
        "_views: itself, own =": "apart = row[:, None] - row[None, :]\n"
        "itself = apart == 0\n"
        "own = itself | (apart == B) | (apart == -B)",
    },
    "diagonal_of_a_side": {
        "isogclr-17": "same = xp.eye(B, dtype=w.dtype, device=device(w))\n"
        "C = w / B - same * xp.sum(w, axis=-1, keepdims=True) / B",
    },
    "gradient_of_the_length_written_out": {
        "isogclr-14": "dU = dZ / length\nreturn dU - Z * xp.sum(dU * Z, axis=-1, keepdims=True)",
    },
    "entropy_written_out": {
        "isogclr-2": "log_p = x - log_mean - math.log(h.shape[-1])\n"
        "return xp.sum(p * log_p, axis=-1) + math.log(h.shape[-1])",
    },
    "objective_of_both_views": {
        "isogclr-1": "loss = xp.mean(tau * (log_g[:n] + log_g[n:])) + 2 * rho * xp.mean(tau)",
        "isogclr-3": "C = p / n - xp.astype(positive, p.dtype) / n",
    },
    "powers_of_all_and_an_eye_mask": {
        "nt_xent: x =": "x = S / tau",
        "nt_xent: powers =": "powers = xp.exp(x - top)\npowers = powers * (1 - itself)",
        "isogclr-18": "agree = xp.sum(positive * x, axis=-1)\nloss = xp.mean(log_total - agree, axis=-1)",
    },
    "cross_entropy_of_masked_logits": {
        "nt_xent: x =": "x = S / tau\nx = xp.where(itself == 1, -1e9, x)",
        "nt_xent: powers =": "powers = xp.exp(x - top)",
        "isogclr-18": "log_p = x - log_total[..., None]\n"
        "losses = -xp.sum(positive * log_p, axis=-1)\n"
        "loss = xp.mean(losses, axis=-1)",
        "isogclr-19": "slope = (xp.exp(log_p) - positive) / (2 * B)\nC = slope / tau",
    },
    "similarities_in_four_blocks": {
        "nt_xent: S =": "aa, bb = Z1 @ xp.matrix_transpose(Z1), Z2 @ xp.matrix_transpose(Z2)\n"
        "ab, ba = Z1 @ xp.matrix_transpose(Z2), Z2 @ xp.matrix_transpose(Z1)\n"
        "S = xp.concat([xp.concat([aa, ab], axis=-1), xp.concat([ba, bb], axis=-1)], axis=-2)",
        "nt_xent: x =": "x = S / tau - 1e9 * itself",
        "nt_xent: powers =": "powers = xp.exp(x - top)",
    },
    "one_view_after_the_other": {
        "isogclr-18": "first = xp.astype(xp.arange(2 * B) < B, Z.dtype)\n"
        "one, other = first / B, (1 - first) / B\n"
        "share = (one + other) / 2\n"
        "loss = xp.sum(share * (log_total - xp.sum(positive * S, axis=-1) / tau), axis=-1)",
        "isogclr-19": "C = share[:, None] * (powers / total - positive) / tau",
    },
    "log_of_a_ratio": {
        "nt_xent: powers =": "powers = xp.exp(x - top)\n"
        "negative = 1 - itself - positive\n"
        "powers = positive * powers + negative * powers",
        "isogclr-18": "ratio = xp.sum(positive * powers, axis=-1) / total[..., 0]\n"
        "loss = -xp.mean(xp.log(ratio), axis=-1)",
    },
    "weights_of_loss_and_gradient": {
        "isogclr-18": "each = 1 / (2 * B)\n"
        "pull = positive / tau\n"
        "loss = each * xp.sum(log_total - xp.sum(pull * S, axis=-1), axis=-1)",
        "isogclr-19": "push = powers / total / tau\nC = each * (push - pull)",
    },
    "two_cross_entropies": {
        "isogclr-20": "log_p, log_q = x - rows, x - columns\n"
        "one, other = -xp.sum(positive * log_p) / B, -xp.sum(positive * log_q) / B\n"
        "loss = (one + other) / 2",
        "isogclr-21": "one, other = (xp.exp(log_p) - positive) / B, (xp.exp(log_q) - positive) / B\n"
        "slope = (one + other) / 2\n"
        "C = slope / tau",
    },
    "softmax_of_rows_and_columns": {
        "clip: rows, columns =": "powers = xp.exp(x - xp.max(x))\n"
        "p = powers / xp.sum(powers, axis=1, keepdims=True)\n"
        "q = powers / xp.sum(powers, axis=0, keepdims=True)",
        "isogclr-20": "one, other = -xp.log(xp.sum(positive * p, axis=1)), -xp.log(xp.sum(positive * q, axis=0))\n"
        "loss = xp.mean(one + other) / 2",
        "isogclr-21": "C = ((p + q) / 2 - positive) / (B * tau)",
    },
    "scale_of_the_logits": {
        "clip: x, positive =": "scale = 1 / tau\nx, positive = scale * S, _eye(B, S)",
        "isogclr-21": "slope = ((xp.exp(x - rows) + xp.exp(x - columns)) / 2 - positive) / B\nC = scale * slope",
        "isogclr-22": "in_scale = xp.sum(slope * S)\nreturn CLIP(loss, C, -in_scale * scale**2)",
    },
    "divergence_of_probabilities": {
        "kl: log_mean =": "powers = xp.exp(x - xp.max(x, axis=-1, keepdims=True))",
        "kl: p =": "p = powers / xp.sum(powers, axis=-1, keepdims=True)",
        "isogclr-2": "m = h.shape[-1]\nreturn xp.sum(p * xp.log(xp.where(p > 0, p * m, 1.0)), axis=-1)",
    },
    "means_over_the_negatives": {
        "isogclr-6": "v = xp.where(negative, xp.exp(x - log_s[..., None]), 0.0)\nw = v / count",
        "isogclr-10": "mean = xp.sum(v * x, axis=-1) / count\nq = log_s + rho - mean",
    },
    "gap_from_the_diagonal_of_a_mask": {
        "isogclr-16": "same = xp.astype(positive, S.dtype)\nagree = xp.sum(same * S, axis=1)\nh = S - agree[:, None]",
    },
    "sides_one_by_one": {
        "update_bimodal: C =": "D1, D2 = C1, xp.matrix_transpose(C2)\nC = D1 + D2",
        "update_bimodal: return": "one, other = xp.sum(D1 * S), xp.sum(D2 * S)\n"
        "return Contrast(one + other, C), state1, state2",
    },
    "as_anchor_and_as_negative": {
        "isogclr-8": "xp = array_namespace(C, Z)\n"
        "as_anchor, as_negative = C @ Z, xp.matrix_transpose(C) @ Z\n"
        "return as_anchor + as_negative",
    },
    "quotient_rule_of_the_length": {
        "isogclr-14": "U = Z * length\nreturn dZ / length - U * xp.sum(U * dZ, axis=-1, keepdims=True) / length**3",
    },
    "slopes_of_both_views": {
        "rgcl: return Robust(": "one, other = slope[:n], slope[n:]\nreturn Robust(loss, C, one / n + other / n)",
    },
    "own_power_put_in_and_taken_out": {
        "nt_xent: total =": "own, less = xp.exp(1 / tau - top), xp.exp(1 / tau - top)\n"
        "total = xp.sum(powers, axis=-1, keepdims=True) + (own - less)",
    },
    "scale_of_the_similarities": {
        "nt_xent: x =": "scale = 1 / tau\nx = scale * xp.where(itself == 1, -2.0, S)",
        "isogclr-18": "agree = scale * xp.sum(positive * S, axis=-1)\nloss = xp.mean(log_total - agree, axis=-1)",
        "isogclr-19": "C = scale * (powers / total - positive) / (2 * B)",
    },
    "weights_of_the_two_sides": {
        "isogclr-20": "a, b = 0.5, 0.5\nloss = (a * xp.sum(rows) + b * xp.sum(columns) - (a + b) * agree) / B",
        "isogclr-21": "slope = a * xp.exp(x - rows) + b * xp.exp(x - columns) - (a + b) * positive\n"
        "C = slope / (B * tau)",
    },
}
