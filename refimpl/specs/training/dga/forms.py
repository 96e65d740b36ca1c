"""Lines of the rule as most people write them, which say the same."""

FORMS = {
    "weights_times_exponentials": {
        "mirror_step: log_alpha =": "xp = array_namespace(alpha)\n"
        "powers = alpha * xp.exp(eta * (a - xp.max(a)))\n"
        "log_alpha = _floored(xp.log(powers / xp.sum(powers)), floor)",
    },
    "log_softmax_written_out": {
        "_tilted: below =": "top = xp.max(powers)\nbelow = powers - top",
        "dga-5": "return below - xp.log(xp.sum(xp.exp(below)))",
    },
    "inner_products_written_out": {
        "dga-3": "a = array_namespace(G, g).sum(G * g[None, :], axis=1)",
    },
    "average_by_its_distance": {
        "dga-7": "new = xp.exp(log_alpha)\naverage = average + beta * (new - average)",
    },
    "doge_as_printed": {
        "dga-12": "uniform = array_namespace(alpha).ones_like(alpha) / alpha.shape[0]\n"
        "alpha = (1 - eps) * tilted + eps * uniform",
        "doge_step: tilted =": "xp = array_namespace(alpha)\n"
        "raw = _log(alpha) + lr * alignments(G, g) / mu\n"
        "powers = xp.exp(raw - xp.max(raw))\n"
        "tilted = powers / xp.sum(powers)",
        "dga-14": 'kept = xp.stack(run.history["alpha"])\naverage = xp.sum(kept[1:, :], axis=0) / steps',
    },
    "sums_passed_are_counted": {
        "dga-10": "passed = sums[None, :] <= (u * sums[-1])[:, None]\n"
        "return xp.sum(xp.astype(passed, xp.int64), axis=1)",
    },
    "uniform_weights_mixed_in": {
        "dga-6": "uniform = xp.ones_like(log_alpha) / k\n"
        "alpha = (1 - k * floor) * xp.exp(log_alpha) + k * floor * uniform",
    },
    "slope_of_bigrams_written_out": {
        "gradient: expected =": "powers = xp.exp(theta - xp.max(theta, axis=-1, keepdims=True))\n"
        "shares = powers / xp.sum(powers, axis=-1, keepdims=True)\n"
        "expected = xp.sum(counts, axis=-1, keepdims=True) * shares",
    },
}
