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
    "normaliser_less_logit_of_the_label": {
        "claps-2": "own = xp.sum(xp.where(truth, logits, 0.0), axis=-1)\n"
        "losses = logsumexp(logits, axis=-1) - own\n"
        "return -xp.mean(losses, axis=-1)",
    },
    "label_against_the_two_largest": {
        "claps-3": "own, ranked = xp.sum(xp.where(truth, p, 0.0), axis=-1), xp.sort(p, axis=-1)\n"
        "rival = xp.where(own >= ranked[..., -1], ranked[..., -2], ranked[..., -1])\n"
        "gap = own - rival",
        "claps-4": "factor = xp.where(gap > 0, 200.0, 180.0)\nreturn xp.mean(factor * gap, axis=-1)",
    },
    "squares_of_lengths": {
        "_seeds: squares =": "lengths = xp.linalg.vector_norm(E - xp.take(E, seeds[-1], axis=0), axis=1)\n"
        "squares = lengths**2",
    },
    "nearest_of_every_seed": {
        "claps-6": "chosen = xp.take(E, xp.concat(seeds), axis=0)\n"
        "nearest = xp.min(_squared_distances(E, chosen), axis=1)",
    },
    "draw_on_the_scale_of_the_sum": {
        "claps-7": 'drawn = u[k : k + 1] * sums[-1]\nfound = xp.searchsorted(sums, drawn, side="right")',
    },
    "distribution_of_the_next_seed": {
        "_seeds: sums =": "p = nearest / xp.sum(nearest)\nsums = xp.cumulative_sum(p)",
        "claps-7": "passed = sums <= u[k] * sums[-1]\nfound = xp.sum(passed)[None]",
    },
    "mean_of_each_cluster_by_itself": {
        "claps-8": "rows = [E[labels == k, :] for k in range(u.shape[0])]\n"
        "means = xp.stack([xp.sum(own, axis=0) / max(own.shape[0], 1) for own in rows])",
    },
    "squares_from_each_centre": {
        "claps-10": "apart = centres[:, None, :] - E[None, :, :]\n"
        "squares = xp.sum(apart**2, axis=2)\n"
        "nearest = xp.argmin(squares, axis=1)",
    },
    "looked_up_by_two_indices": {
        "table: worth =": "position = xp.arange(l)[None, :]\nworth = U[position, prompts]",
        "table: bonds =": "left, right = prompts[:, :-1], prompts[:, 1:]\nbonds = Q[left, right]",
    },
    "product_cut_to_its_whole_part": {
        "_floor: return": "whole = xp.astype(u * n, xp.int64)\nreturn xp.where(whole < n, whole, n - 1)",
    },
    "bred_by_masks": {
        "claps-19": "flips = xp.astype(draws.flip < p_mut, xp.int64)\nmutants = flips * others + (1 - flips) * parents",
        "claps-20": "coins = xp.astype(draws.coin < 0.5, xp.int64)\nchildren = coins * first + (1 - coins) * second",
    },
    "moved_by_masks": {
        "claps-27": "gate = xp.astype(draws.gate1 < c1, x.dtype)[:, None]\n"
        "turn = gate * xp.astype(draws.move1 < chance, x.dtype)\n"
        "x = x + turn * (best - x)",
        "claps-28": "gate = xp.astype(draws.gate2 < c2, x.dtype)[:, None]\n"
        "turn = gate * xp.astype(draws.move2 < chance, x.dtype)\n"
        "x = x + turn * (g - x)",
    },
    "sigmoid_by_tanh": {
        "claps-26": "half = velocity / 2\nchance = (1 + xp.tanh(half)) / 2",
    },
    "best_of_the_own_bests": {
        "claps-30": "own = xp.maximum(scores, state.scores)\n"
        "better = own > state.scores\n"
        "best = xp.where(better[:, None], x, state.best)",
        "claps-31": "leader = xp.argmax(own)\n"
        "g = xp.where(own[leader] > state.score, best[leader, :], state.g)\n"
        "score = xp.maximum(own[leader], state.score)",
    },
}
