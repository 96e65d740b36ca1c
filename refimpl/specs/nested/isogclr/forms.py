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
}
