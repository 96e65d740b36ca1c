"""Lines of the rule as most people write them, which say the same."""

FORMS = {
    "totals_then_penalties": {
        "diverse_beam-1": "totals = beams.score[:, None] + logp\ncandidates = totals - strength * penalty",
        "diverse_beam-5": "totals, paid = xp.reshape(totals, (-1,)), xp.reshape(penalty, (-1,))\n"
        "score = xp.take(totals, best) - strength * xp.take(paid, best)",
    },
    "sorted_by_negatives": {
        "diverse_beam-3": "best = xp.argsort(-candidates, stable=True)\nbest = best[:width]",
        "diverse_beam-4": "parents = best // V\nchosen = best - parents * V",
        "diverse_beam-6": "totals = beams.raw[:, None] + logp\nraw = xp.take(xp.reshape(totals, (-1,)), best)",
    },
    "finished_sorted_by_negatives": {
        "diverse_beam-9": "best = xp.argsort(-score, stable=True)\nbest = best[:width]",
    },
    "one_hot_tokens_added": {
        "diverse_beam-11": "penalty = xp.zeros_like(logp)\n"
        "return penalty + sum(xp.sum(_one_hot(rows[:, -1], logp), axis=0)[None, :] for rows in earlier)",
    },
    "ranks_from_the_negatives": {
        "siblings: order =": "order = xp.argsort(-logp, axis=1, stable=True)",
        "diverse_beam-16": "ranks = xp.argsort(order, axis=1, stable=True)\nreturn xp.astype(ranks, logp.dtype) + 1",
    },
    "cosines_written_out": {
        "embedding: xp, directions =": "xp = _checked(own, earlier, logp)\n"
        "vectors = _vectors(vectors, logp)\n"
        "norms = xp.sqrt(xp.sum(vectors * vectors, axis=1, keepdims=True))\n"
        "directions = vectors / xp.where(norms > 0, norms, 1.0)",
        "embedding: cosines =": "similarity = directions @ xp.matrix_transpose(directions)\n"
        "cosines = lambda counts: xp.sum(similarity * counts[None, :], axis=1)",
    },
    "differences_summed": {
        "cumulative: before =": "apart = xp.astype(rows[:, :-1] != own[:, None, :], logp.dtype)\n"
        "apart = apart * xp.astype(there, logp.dtype)[:, None]\n"
        "before = xp.sum(xp.sum(apart, axis=2), axis=1)",
        "cumulative: differ =": "differ = before[:, None] + now",
    },
}
