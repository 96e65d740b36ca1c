"""Lines of the rule as most people write them, which say the same."""

FORMS = {
    "softmax_written_out": {
        "claps-1": "xp = array_namespace(logits)\n"
        "shown = logits - xp.max(logits, axis=-1, keepdims=True)\n"
        "return shown - xp.log(xp.sum(xp.exp(shown), axis=-1, keepdims=True))",
    },
    "one_hot_labels_in_cross_entropy": {
        "claps-2": "losses = -xp.sum(xp.astype(truth, p.dtype) * logp, axis=-1)\nreturn -xp.mean(losses, axis=-1)",
    },
    "one_hot_labels_in_the_gap": {
        "claps-3": "one_hot = xp.astype(truth, p.dtype)\n"
        "gap = xp.sum(one_hot * p, axis=-1) - xp.max((1 - one_hot) * p, axis=-1)",
        "claps-4": "correct = xp.astype(gap > 0, gap.dtype)\n"
        "return xp.mean(180.0 * gap * (1 - correct) + 200.0 * gap * correct, axis=-1)",
    },
    "entropy_as_it_stands": {
        "claps-5": "entropy = -xp.sum(p * logp, axis=-1)\nreturn -xp.sum(entropy, axis=-1)",
    },
    "divergence_in_two_terms": {
        "claps-12": "p = xp.exp(logp)\n"
        "entropy, cross = -xp.sum(p * logp, axis=-1), -xp.sum(p * logp_empty, axis=-1)\n"
        "return xp.sum(cross - entropy, axis=-1)",
    },
    "weighted_mean_of_neighbours": {
        "claps-13": "part = place - low\nthreshold = (1 - part) * ranked[low] + part * ranked[low + 1]",
    },
    "all_differences_at_once": {
        "_squared_distances: return": "apart = E[:, None, :] - centres[None, :, :]\n"
        "return xp.sum(apart * apart, axis=-1)",
    },
    "sorted_by_negatives": {
        "_breed: order =": "order = xp.argsort(-scores, stable=True)",
        "claps-18": "others = xp.where(others < parents, others, others + 1)",
        "claps-20": "children = xp.where(draws.coin >= 0.5, second, first)",
    },
    "swarm_pulled_by_both": {
        "claps-24": "own = 3.0 * (1 - 2 * xp.astype(x == best, draws.move1.dtype))\n"
        "social = 3.0 * (1 - 2 * xp.astype(x == g, draws.move1.dtype))",
        "claps-25": "velocity = omega * state.velocity + (1 - omega) * own + (1 - omega) * social",
        "claps-26": "chance = 1 / (1 + xp.exp(-velocity))",
    },
    "rates_from_the_largest_to_the_least": {
        "claps-22": "omega = 0.8 - (0.8 - 0.2) * i / T",
        "claps-23": "c1 = 0.8 + (0.2 - 0.8) * i / T\nc2 = 0.2 + (0.8 - 0.2) * i / T",
    },
}
