"""Lines of the rule as most people write them, which say the same."""

FORMS = {
    "angle_by_its_cosine": {
        "self_positioning-3": "lengths = length(U)[0] * length(W)[0]\n"
        "cosine = xp.sum(U * W) / xp.where(lengths > 0, lengths, 1.0)\n"
        "alpha = angle(U, W)\n"
        "alpha = xp.where(xp.sin(alpha) > 1e-3, xp.acos(xp.clip(cosine, -1.0, 1.0)), alpha)",
    },
    "slopes_by_the_quotient_rule": {
        "self_positioning-14": "to_m, to_a = -slope * t / (m + a), slope * (1 - t) / (m + a)",
        "self_positioning-16": "s, c = xp.sin((1 - t) * alpha), xp.cos((1 - t) * alpha)\n"
        "wider = g_U * ((1 - t) * c * sine - s * xp.cos(alpha)) / sine**2",
        "self_positioning-17": "s, c = xp.sin(t * alpha), xp.cos(t * alpha)\n"
        "wider = wider + g_W * (t * c * sine - s * xp.cos(alpha)) / sine**2",
    },
    "gradient_of_the_arc_cosine": {
        "self_positioning-18": "u, w = (xp.where(flat, 1.0, length(x)[0]) for x in (U, W))\n"
        "turn = -(W / (u * w) - xp.cos(alpha) * U / u**2) / sine",
    },
    "mean_of_the_weights_written_out": {
        "self_positioning-8": "m = array_namespace(a).sum(a[:j]) / j",
    },
    "penalty_in_a_step_of_its_own": {
        "self_positioning-21": "moved = state.a - eta_a * grad_a\na = xp.where(moved > FLOOR, moved, FLOOR)",
        "self_positioning-22": "lam = lam - eta_lam * grad_lam\nlam = xp.asarray(lam - eta_lam * mu)",
    },
    "cross_entropy_written_out": {
        "self_positioning-24": "q, d = Q / length(Q, axis=1), D / length(D, axis=1)",
        "self_positioning-26": "log_p = S - logsumexp(S, axis=1, keepdims=True)\nloss = -xp.sum(own * log_p) / n",
        "self_positioning-27": "G = (xp.exp(log_p) - own) / n / tau",
    },
    "fisher_over_the_sum_of_information": {
        "self_positioning-41": "mean = xp.sum(V, axis=0) / V.shape[0]\n"
        "return xp.where(total > 0, xp.sum(weighted * V, axis=0) / xp.where(total > 0, total, 1.0), mean)",
    },
    "signs_compared_by_products": {
        "self_positioning-38": "agree = kept & (((tau > 0) & (gamma > 0)) | ((tau < 0) & (gamma < 0)))",
        "self_positioning-39": "some = xp.where(count > 0, count, xp.ones_like(count))\n"
        "merged = xp.sum(tau * xp.astype(agree, tau.dtype), axis=0) / some",
    },
}
