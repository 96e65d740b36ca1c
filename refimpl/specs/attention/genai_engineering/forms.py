"""Lines of the rule as most people write them, which say the same."""

FORMS = {
    "zero_point": {
        "genai_engineering-36": "scale = xp.where(step > 0, step, 1.0)\n"
        "codes = xp.round(grouped / scale - zero / scale)"
    },
    "levels_of_the_range": {
        "genai_engineering-36": "levels = (2**bits - 1) / xp.where(step > 0, step * (2**bits - 1), 1.0)\n"
        "codes = xp.round((grouped - zero) * levels)"
    },
    "codes_kept_in_range": {
        "genai_engineering-35": "levels = 2**bits - 1\n"
        "low, high = zero, xp.max(grouped, axis=axis + 1, keepdims=True)\n"
        "step = (high - low) / levels",
        "genai_engineering-36": "scale = xp.where(high > low, step, 1.0)\n"
        "codes = xp.clip(xp.round((grouped - low) / scale), min=0, max=levels)",
    },
    "largest_log_probability": {
        "genai_engineering-6": "each = xp.log(p)",
        "_lengths: return": "return -xp.where(places >= 0, found, -math.inf)",
        "genai_engineering-8": "ways = xp.where(there, -costs[:, :, None] - lengths, -math.inf)",
        "_shortest: best, begin =": "best, begin = -xp.max(ways, axis=1), xp.argmax(ways, axis=1)",
    },
    "first_of_the_sorted": {
        "genai_engineering-5": "order = sorted(score, reverse=True)\nbest = max(order, key=lambda pair: score[pair])"
    },
    "neighbours_compared": {
        "_merged: width =": "two = i < len(word) - 1 and word[i] == pair[0] and word[i + 1] == pair[1]\n"
        "width = 2 if two else 1"
    },
    "pseudo_counts_in_the_total": {
        "_em: data =": "data = xp.where(single > 0, counts + PSEUDO, counts)",
        "genai_engineering-10": "total = xp.sum(counts) + PSEUDO * xp.sum(single)\nnew = data / total",
        "genai_engineering-11": "log = lambda p: xp.log(xp.where(data > 0, p, 1.0))\n"
        "value = lambda p: xp.sum(data * log(p))",
    },
    "shares_of_the_elite": {
        "ce_update: best =": "order = xp.argsort(-scores, stable=True)\nbest = order[:count]",
        "genai_engineering-15": "chosen = xp.take(X, best, axis=0)\n"
        'each = [xp.mean(xp.astype(chosen == v, P.dtype), axis=0) for v in range(shape["n"])]\n'
        "frequencies = xp.stack(each, axis=1)",
        "genai_engineering-16": "return P + smoothing * (frequencies - P)",
    },
    "elite_rounded_up": {
        "genai_engineering-14": 'wanted = elite * shape["N"]\n'
        "count = math.floor(wanted)\n"
        "count = count + 1 if wanted - count > 1e-5 else count"
    },
    "labels_less_predictions": {
        "genai_engineering-17": "f = 1 / (1 + xp.exp(-xp.sum(u * c, axis=-1)))\ng = (lr * (true - f))[..., None]",
        "genai_engineering-18": 'U = U + _summed(xp.sum(g * c, axis=1), word, shape["V"])',
        "genai_engineering-19": 'return U, C + _summed(steps, xp.reshape(context, (-1,)), shape["V"])',
    },
    "positive_and_negative_pairs": {
        "genai_engineering-17": "dots = xp.sum(u * c, axis=-1)\n"
        "positive, negative = -1 / (1 + xp.exp(dots)), 1 / (1 + xp.exp(-dots))\n"
        "g = xp.where(true > 0, positive, negative)[..., None]"
    },
    "steps_word_by_word": {
        "_summed: return": "hits = [xp.astype(rows == v, steps.dtype) for v in range(V)]\n"
        "return xp.stack([xp.sum(hit[:, None] * steps, axis=0) for hit in hits])"
    },
    "frequencies_inverted": {
        "genai_engineering-20": "even = xp.arange(0, 2 * half, 2, dtype=x.dtype, device=device(x))\n"
        "speeds = 1 / base ** (even / x.shape[-1])"
    },
    "pairs_turned_as_one": {
        "genai_engineering-21": "one = xp.stack([first, second], axis=-1)\n"
        "other = xp.stack([-second, first], axis=-1)\n"
        "both = one * cos[..., None] + other * sin[..., None]\n"
        "turned = (both[..., 0], both[..., 1])"
    },
    "mask_and_bias_by_places": {
        "genai_engineering-25": "dots = q @ xp.matrix_transpose(k)\n"
        "biases = -slope * distance\n"
        "found = c_rope * dots / math.sqrt(q.shape[-1]) + c_alibi * biases",
        "scores: return xp.where(": "later = place[None, :] > place[:, None]\nreturn xp.where(later, -math.inf, found)",
    },
    "places_of_queries_and_keys": {
        "pr_attention: s = scaled_scores(": "rows, columns = i * block + inside, (i - delta) * block + inside\n"
        "gap = rows[:, None] - columns[None, :]\n"
        "s = q[mine, :] @ xp.matrix_transpose(k[keys, :]) / math.sqrt(q.shape[1]) - slope * gap + extra[delta]",
        "pr_attention: s = xp.where(": "s = xp.where(gap < 0, -math.inf, s)",
    },
    "output_normalised_in_each_block": {
        "genai_engineering-31": "before = carry.total * shrink\n"
        "total = before + xp.sum(powers, axis=-1, keepdims=True)",
        "genai_engineering-32": "return Carry(top, total, (before * carry.sums + powers @ v) / total)",
        "genai_engineering-33": "blocks.append(carry.sums)",
    },
    "largest_of_both": {
        "genai_engineering-30": "own = xp.max(s, axis=-1, keepdims=True)\ntop = xp.maximum(own, carry.top)",
        "genai_engineering-31": "powers = xp.exp(s - own)\n"
        "again = xp.exp(own - top)\n"
        "total = carry.total * shrink + again * xp.sum(powers, axis=-1, keepdims=True)",
        "genai_engineering-32": "return Carry(top, total, shrink * carry.sums + again * (powers @ v))",
    },
    "logarithms_of_sums_carried": {
        "genai_engineering-30": "most = xp.max(s, axis=-1, keepdims=True)\n"
        "here = most + xp.log(xp.sum(xp.exp(s - most), axis=-1, keepdims=True))\n"
        "top = xp.logaddexp(carry.top, here)",
        "genai_engineering-31": "total = xp.ones_like(top)",
    },
    "places_of_the_cache": {
        "_read: age =": "t = K.shape[0]\nage = t - 1 - xp.arange(t, dtype=query.dtype, device=device(query))",
        "genai_engineering-40": "s = query @ xp.matrix_transpose(K) / math.sqrt(query.shape[-1]) - slope * age\n"
        "powers = xp.exp(s - xp.max(s, axis=-1, keepdims=True))\n"
        "weights = powers / xp.sum(powers, axis=-1, keepdims=True)\n"
        "return weights @ _contents(values, value_rest)",
    },
    "ages_token_by_token": {
        "saq_trajectory: ages =": "many = len(cache.keys)\n"
        "ages = np.array([stairs[min(many - t // S, len(stairs) - 1)] for t in range(K.shape[0])])"
    },
}
