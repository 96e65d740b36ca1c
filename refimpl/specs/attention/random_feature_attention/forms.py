"""Lines of the rule as most people write them, which say the same."""

FORMS = {
    "mean_over_keys_written_out": {
        "random_feature_attention-4": "weights = u * array_namespace(u).astype(u > 0, u.dtype)",
        "random_feature_attention-5": "xp = array_namespace(weights, x)\n"
        "sums = xp.sum(weights[:, :, :, None] * x[:, None, :, :], axis=2)\n"
        "return sums / N / math.sqrt(M)",
    },
    "keys_meet_the_heads_first": {
        "_bilinear: q =": "q = W[None, :, :, :] @ xp.matrix_transpose(x)[:, None, :, :]",
        "random_feature_attention-2": "return xp.sum(x_0[:, None, :, None] * q, axis=2)",
    },
    "identity_with_a_last_row_of_zeros": {
        "random_feature_attention-8": "eye = xp.eye(e, dtype=G.dtype, device=device(G))\n"
        "W_0 = xp.concat([eye[:-1, :], xp.zeros_like(eye[-1:, :])], axis=0)",
    },
    "one_vector_put_together": {
        "random_feature_attention-10": "flat = xp.reshape(keys, (keys.shape[0], N * d))\n"
        "vec = xp.concat([x_0, flat, xp.ones_like(x_0[:, :1])], axis=1)",
        "random_feature_attention-11": "phi = xp.maximum(vec @ xp.matrix_transpose(w), xp.zeros_like(vec[:, :1]))\n"
        "phi = phi / math.sqrt(w.shape[0])",
    },
    "covariance_over_deviations": {
        "random_feature_attention-14": "met = (x_0 @ xp.matrix_transpose(y_0))[:, None, :, None]\n"
        "covariance = 0.25 * met * xp.tensordot(x, y, axes=((2,), (2,)))\n"
        "c = xp.clip(covariance / (s[:, :, None, None] * t), -1.0, 1.0)",
        "random_feature_attention-16": "scores = kappa * s[:, :, None, None] * t\n"
        "return xp.mean(xp.tensordot(x, y, axes=((2,), (2,))) * scores, axis=(1, 3))",
    },
    "mean_over_deviation": {
        "random_feature_attention-17": "mean = xp.sum(x_0[:, None, :-1] * x[:, :, :-1], axis=2)\n"
        "return mean / (0.5 * length(x_0) * length(x)[..., 0])",
    },
    "filter_factors": {
        "random_feature_attention-22": "gain = values / (values**2 + mu)",
    },
    "slope_of_a_mean_cut_at_the_bounds": {
        "random_feature_attention-30": "left = xp.where(r > tau, r - tau, xp.zeros_like(r))",
        "random_feature_attention-31": "size = xp.sqrt(xp.sum(left * left))\n"
        "shrunk = xp.where(size > radius, left * radius / xp.where(size > radius, size, radius), left)",
        "random_feature_attention-32": "grad = 2 * xp.mean(off[:, None, None] * phi, axis=0)",
    },
}
