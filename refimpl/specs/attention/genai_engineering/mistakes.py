"""What goes wrong in five proposals for language models: lines of the source that read otherwise."""

import math

import numpy as np

from refimpl.attention import genai_engineering as ge
from refimpl.core.arrays import array_namespace, from_numpy, to_numpy
from refimpl.models.attention import scaled_scores, softmax
from refimpl.specs.base import mistake, variant

GITHUB = "https://github.com"
_ROPE_LAYOUT = f"{GITHUB}/huggingface/transformers/pull/47403"
_MINBPE = f"{GITHUB}/karpathy/minbpe/pull/72"
_PAIRS = "merges: for pair in pairwise(word):"
_CORRECTED = "pr_attention: s = scaled_scores("


def _at(**lines):
    """Lines by the numbers of their tags, `_14="..."`, in other places by how they begin."""
    return {f"genai_engineering-{number[1:]}": line for number, line in lines.items()}


def _strings(pieces):
    return [tuple(x for x in row if x >= 0) for row in to_numpy(pieces).tolist()]


def _told(word, p, cut, D):
    """Rows of the pieces that are taken, or None, as an answer."""
    rows = [] if cut is None else cut
    cost = math.inf if cut is None else sum(-math.log(x) for x in to_numpy(p)[rows].tolist())
    rows = rows + [-1] * (word.shape[0] - len(rows))
    return from_numpy(rows, like=word), array_namespace(p).asarray(cost, dtype=p.dtype), from_numpy(D, like=p)


def _greedy(word, pieces, p, k):
    """The longest piece that fits, from left to right; the table is right."""
    text, rows, i = tuple(to_numpy(word).tolist()), _strings(pieces), 0
    cut: list = []
    D, _ = _rounds(text, rows, to_numpy(p).tolist(), k, "right")
    while i < len(text):
        fits = [s for s, row in enumerate(rows) if text[i : i + len(row)] == row]
        if not fits or len(cut) == k:
            return _told(word, p, None, D)
        cut.append(max(fits, key=lambda s: len(rows[s])))
        i += len(rows[cut[-1]])
    return _told(word, p, cut, D)


def _rounds(text, rows, chances, k, kind):
    """The table, and the ways to the last symbol of the last round."""
    n, costs = len(text), [0.0] + [math.inf] * len(text)
    ways: list = [[]] + [None] * len(text)
    D = [costs]
    for _ in range(k):
        new, ahead = list(costs), list(ways)
        if kind == "exactly":
            new = [math.inf] * (n + 1)
        for j in range(1, n + 1):
            for s, row in enumerate(rows):
                i = j - len(row)
                old, way = (new, ahead) if kind == "in place" else (costs, ways)
                if i >= 0 and text[i:j] == row and old[i] - math.log(chances[s]) < new[j]:
                    new[j], ahead[j] = old[i] - math.log(chances[s]), [*way[i], s]
        costs, ways = new, ahead
        D.append(costs)
    return np.array(D), ways[n]


def _by_rounds(kind):
    def segment(word, pieces, p, k):
        D, cut = _rounds(tuple(to_numpy(word).tolist()), _strings(pieces), to_numpy(p).tolist(), k, kind)
        return _told(word, p, cut, D)

    return segment


def _from_originals(K, V, Q, S, G, bits, slope):
    """Each segment quantised once, from what it was, with the bits of its age."""
    xp, stairs, outs = array_namespace(K), to_numpy(bits).tolist(), []

    def kept(X, t, axis):
        parts = [
            ge.dequantise(ge.quantise(X[g * S : (g + 1) * S, :], bits=_stair(t // S - g), group=G, axis=axis))
            for g in range(t // S)
        ]
        return xp.concat([*parts, X[t // S * S : t, :]])

    def _stair(age):
        return stairs[min(age, len(stairs) - 1)]

    for t in range(1, K.shape[0] + 1):
        age = from_numpy(np.arange(t)[::-1].astype(float), like=K)
        outs.append(softmax(scaled_scores(Q[t - 1, ...], kept(K, t, 0)) - slope * age) @ kept(V, t, 1))
    n = K.shape[0]
    left = from_numpy([_stair(n // S - t // S) for t in range(n)], like=bits)
    return xp.stack(outs), kept(K, n, 0), kept(V, n, 1), left


_GAUGE = {"em_step": "the cuts are the same, and J is of the counts"}

ALTERNATIVES = (
    # Sub-words
    mistake("no_end_symbol", "missing_step", "put the end symbol behind every word; here stems and endings are one",
            _at(_1="return list(words)")),
    mistake("frequency_ignored", "missing_step", "count a pair as often as its word occurs; here once for each word",
            _at(_2="pairs[pair] += 1")),
    mistake("first_of_equal_pairs", "wrong_order", "of equal pairs take the largest; here the first that was counted",
            _at(_5="best = max(score, key=score.get)")),
    mistake("first_place_alone", "missing_step", "merge a pair wherever it stands in a word; here only where it is "
        "first",
            {"_merged: width =": "width = 2 if word[i : i + 2] == pair and len(out) == i else 1"}),
    mistake("sum_of_counts", "wrong_constant", "divide by the product of both counts; here by their sum",
            _at(_4="score = {(a, b): c / (single[a] + single[b]) for (a, b), c in pairs.items()}")),
    mistake("root_of_counts", "wrong_scale", "divide by the product of both counts; here by its root",
            _at(_4="score = {(a, b): c / (single[a] * single[b]) ** 0.5 for (a, b), c in pairs.items()}")),
    mistake("first_count_alone", "missing_step", "divide by both counts; here by that of the left part alone",
            _at(_4="score = {(a, b): c / single[a] for (a, b), c in pairs.items()}")),
    mistake("chances_for_costs", "wrong_scale", "add -log p; here p itself is added, and rare pieces are cheap",
            _at(_6="each = p")),
    mistake("bits_for_nats", "wrong_scale", "take the natural logarithm; here it is that of base 2",
            _at(_6="each = -xp.log(p) / math.log(2.0)"), unseen=_GAUGE),
    mistake("fewest_pieces", "wrong_constant", "a piece costs -log p; here each costs the same",
            _at(_6="each = xp.ones_like(p)")),
    mistake("updated_in_place", "wrong_order", "round r stands on the costs of round r - 1; here costs change "
        "within the "
            "round, and the limit of k pieces is none", functions={"segment": _by_rounds("in place")}),
    mistake("exactly_k", "missing_step", "keep what fewer pieces do better; here row r has exactly r pieces",
            functions={"segment": _by_rounds("exactly")}),
    mistake("longest_first", "wrong_order", "look for the shortest path; here the longest piece that fits is taken, "
        "from "
            "left to right", functions={"segment": _greedy}),
    mistake("no_pseudo_count", "missing_step", "each character counts 0.01 more; here one that is not used leaves",
            _at(_10="new = counts / xp.sum(counts)")),
    mistake("floor_without_norm", "wrong_constant", "the pseudo-count is one of all characters and of the sum; here "
        "those "
            "that are not used get 0.01 of the total, and the sum is above 1",
            _at(_10="new = xp.where(counts > 0, counts, PSEUDO * single) / xp.sum(counts)")),
    mistake("counts_alone_in_J", "missing_step", "J has the pseudo-counts as data too; here it may fall",
            _at(_11="value = lambda p: xp.sum(xlogy(counts, p))")),
    variant("lowest_numbers", "of equal pairs that is taken whose symbols have the lowest numbers: characters by "
        "their code "
            "points, then what was merged, in its order",
            f"{GITHUB}/huggingface/tokenizers/blob/0082bc01626f54b9c7a2c9bbb8f9d07cc481e335/tokenizers/src/models/bpe/"
            "trainer.rs",
            _at(_5="rank = {s: (0, ord(s)) for word in _ended(words) for s in word}\n"
                   "rank |= {a + b: (1, t) for t, (a, b) in reversed([*enumerate(made)])}\n"
                   "best = min(score, key=lambda pair: (-score[pair], rank[pair[0]], rank[pair[1]]))")),
    variant("overlaps_counted_once", "occurrences of a pair that overlap are counted as often as they can be merged",
            _MINBPE, {_PAIRS: "for pair in [p for t, p in enumerate(pairwise(word)) if not (p[0] == p[1] and "
            "len([s for s in range(t) if word[t - 1 - s : t + 1] == (p[0],) * (s + 2)]) % 2)]:"}),
    # Hyper-parameters
    mistake("rounded_down", "wrong_constant", "the elite are rho N rounded up; here down, though one at least",
            _at(_14='count = max(1, math.floor(elite * shape["N"] + 1e-5))')),
    mistake("rounded_as_it_is", "numerics", "0.07 times 100 is 7.000000000000001 in floating point and means 7; here 8",
            _at(_14='count = math.ceil(elite * shape["N"])')),
    mistake("worst_for_best", "wrong_sign", "the best have the largest scores; here the smallest",
            {"ce_update: best =": "best = xp.argsort(scores, stable=True)[:count]"}),
    mistake("last_of_equals", "wrong_order", "of equal scores those drawn first count; here those drawn last",
            {"ce_update: best =": "best = xp.flip(xp.argsort(scores, stable=True))[:count]"}),
    mistake("over_all", "wrong_scale", "divide by the number of the elite; here by the population",
            _at(_15='frequencies = xp.sum(xp.astype(one_hot, P.dtype), axis=0) / shape["N"]')),
    mistake("not_smoothed", "missing_step", "keep 1 - alpha of the old law; here it is forgotten, and a value that is "
            "lost never comes back", _at(_16="return frequencies")),
    mistake("smoothing_exchanged", "wrong_constant", "alpha is the weight of what is new; here of what is old",
            _at(_16="return (1 - smoothing) * frequencies + smoothing * P")),
    mistake("labels_reversed", "wrong_sign", "column 0 is the true context; here the others are taken for true",
            _at(_17="g = (sigmoid(xp.sum(u * c, axis=-1)) - (1 - true))[..., None]")),
    mistake("no_labels", "missing_step", "g is sigma - 1 for the true context; here it is pushed away too",
            _at(_17="g = sigmoid(xp.sum(u * c, axis=-1))[..., None]")),
    mistake("no_sigmoid", "missing_step", "take the sigmoid of the inner product; here it is the product itself",
            _at(_17="g = (xp.sum(u * c, axis=-1) - true)[..., None]")),
    mistake("repeats_overwritten", "missing_step", "what occurs more than once has the sum of its steps; here the "
        "last one "
            "alone (`U[rows] -= steps` with repeated rows)",
            {"_summed: return": "place = xp.arange(rows.shape[0])\n"
             "later = xp.any((rows[:, None] == rows[None, :]) & (place[None, :] > place[:, None]), axis=1)\n"
             "steps = xp.where(later[:, None], 0.0, steps)\n"
             "return xp.astype(xp.arange(V)[:, None] == rows[None, :], steps.dtype) @ steps"},
            origin=f"{GITHUB}/piskvorky/gensim/issues/242"),
    mistake("repeats_averaged", "wrong_scale", "what occurs more than once has the sum of its steps; here their mean",
            {"_summed: return": "one_hot = xp.astype(xp.arange(V)[:, None] == rows[None, :], steps.dtype)\n"
             "return one_hot @ steps / xp.clip(xp.sum(one_hot, axis=1, keepdims=True), min=1)"}),
    mistake("fresh_words", "wrong_order", "contexts move by the old words; here by those that have moved already",
            {"sgns_step: steps =": "u = xp.take(U, word, axis=0)[:, None, :]\n"
             'steps = xp.reshape(g * u, (-1, shape["dim"]))'}),
    mistake("uphill", "wrong_sign", "go down the loss; here words go up",
            _at(_18='U = U + lr * _summed(xp.sum(g * c, axis=1), word, shape["V"])')),
    mistake("words_stay", "missing_step", "both sides move; here the words stay", _at(_18="U = U")),
    mistake("true_context_alone", "missing_step", "negative samples move too; here the true context alone",
            {"sgns_step: steps =": 'steps = xp.reshape(g * u * true[:, None], (-1, shape["dim"]))'}),
    # Positions
    mistake("half_the_exponent", "wrong_constant", "pair a turns by base^(-2a / d); here by base^(-a / d)",
            _at(_20="speeds = base ** (-xp.arange(half, dtype=x.dtype, device=device(x)) / (2 * half))")),
    mistake("speeds_from_one", "wrong_constant", "pairs count from 0; here from 1, and none turns by its position",
            _at(_20="speeds = base ** (-xp.arange(1, half + 1, dtype=x.dtype, device=device(x)) / half)")),
    mistake("turned_back", "wrong_sign", "both turn by their position; here by minus it",
            _at(_21="turned = (first * cos + second * sin, second * cos - first * sin)")),
    mistake("angles_of_the_other_layout", "wrong_order", "neighbours 2a, 2a + 1 share an angle; here coordinate j "
        "turns by "
            "that of j modulo d/2, as the layout in halves has it",
            _at(_21="many = xp.concat([angles, angles], axis=-1)\n"
                    "one, two = many[:, 0::2], many[:, 1::2]\n"
                    "turned = (first * xp.cos(one) - second * xp.sin(one), "
                    "first * xp.sin(two) + second * xp.cos(two))"), origin=_ROPE_LAYOUT),
    mistake("queries_alone", "missing_step", "queries and keys are rotated; here the queries alone",
            {"scores: q, k = rotate(": "q = rotate(q, place + shift)"}),
    mistake("keys_from_zero", "wrong_constant", "queries and keys have one count of positions; here keys begin at 0",
            {"scores: q, k = rotate(": "q, k = rotate(q, place + shift), rotate(k, place)"}),
    mistake("reward_for_distance", "wrong_sign", "far keys lose; here they gain",
            _at(_25="found = c_rope * scaled_scores(q, k) + (c_alibi * slope) * distance"),
            origin=f"{GITHUB}/meta-pytorch/attention-gym/pull/86"),
    mistake("bias_scaled_too", "wrong_scale", "the bias is not divided by sqrt(d); here it is",
            _at(_25="found = c_rope * scaled_scores(q, k) - (c_alibi * slope) * distance / q.shape[-1] ** 0.5")),
    mistake("one_factor_for_both", "wrong_constant", "c_A is the factor of the bias; here c_R is that of both",
            _at(_25="found = c_rope * (scaled_scores(q, k) - slope * distance)")),
    mistake("slope_left_out", "missing_step", "each head has its slope; here it is 1",
            _at(_25="found = c_rope * scaled_scores(q, k) - c_alibi * distance")),
    mistake("sees_ahead", "missing_step", "nobody looks ahead; here everyone does",
            {"scores: return xp.where(": "return found"}),
    mistake("harmonic_from_one", "wrong_constant", "a distance of 0 costs 0; here 1, the sums are one ahead",
            _at(_24="sums = xp.cumulative_sum(terms)")),
    variant("halves", "pair a is of the coordinates a and a + d/2, as GPT-NeoX and Llama in transformers have it",
            f"{GITHUB}/EleutherAI/gpt-neox/issues/834",
            {"rotate: first, second = x[..., 0::2]": "first, second = x[..., :half], x[..., half:]",
             "rotate: return xp.reshape(": "return xp.concat(turned, axis=-1)"}),
    # Blocks
    mistake("law_from_two", "wrong_constant", "pi is c / (1 + delta); here c / (2 + delta)",
            _at(_26="found = xp.clip(c / (2 + delta), max=1.0)")),
    mistake("square_law", "wrong_constant", "pi falls like 1 / delta; here like its square",
            _at(_26="found = xp.clip(c / (1 + delta) ** 2, max=1.0)")),
    mistake("diagonal_by_chance", "missing_step", "the diagonal block takes part always; here it is drawn like the "
            "others, and a query may see nothing", {"chances: return xp.where(": "return found"}),
    mistake("one_draw_for_all", "missing_step", "each block of queries has its own row of draws; here all have the "
        "first",
            _at(_28="deltas = [delta for delta in range(i + 1) if takes[0][delta]]")),
    mistake("draws_of_the_keys", "wrong_axis", "the row of draws is that of the block of queries; here of the keys",
            _at(_28="deltas = [delta for delta in range(i + 1) if takes[(i - delta) % len(takes)][delta]]")),
    mistake("above_the_diagonal", "wrong_sign", "blocks lie before the queries; here behind them, where there are any",
            {"pr_attention: keys = slice(": "j = min(i + delta, T - 1)\nkeys = slice(j * block, (j + 1) * block)"}),
    mistake("diagonal_not_masked", "missing_step", "inside the diagonal block nobody looks ahead; here everyone does",
            {"pr_attention: s = xp.where(": "s = s"}),
    mistake("correction_reversed", "wrong_sign", "rare blocks count more: -log pi; here less",
            _at(_29="extra = xp.log(pi) if correct else xp.zeros_like(pi)")),
    mistake("never_corrected", "missing_step", "with the correction -log pi is added; here never",
            _at(_29="extra = xp.zeros_like(pi)")),
    mistake("distance_inside_the_block", "missing_step", "the bias is that of the whole distance; here of the places "
            "inside the blocks", {_CORRECTED: "s = scaled_scores(q[mine, :], k[keys, :]) - slope * apart + "
                "extra[delta]"}),
    mistake("not_scaled", "missing_step", "divide inner products by sqrt(d)",
            {_CORRECTED: "s = (q[mine, :] @ xp.matrix_transpose(k[keys, :]) - slope * (apart + delta * block) "
             "+ extra[delta])"}),
    mistake("values_not_rescaled", "missing_step", "when a larger score comes, what was summed shrinks; here the "
        "values "
            "do not", _at(_32="return Carry(top, total, carry.sums + powers @ v)")),
    mistake("total_not_rescaled", "missing_step", "when a larger score comes, what was summed shrinks; here the sum of "
            "weights does not", _at(_31="total = carry.total + xp.sum(powers, axis=-1, keepdims=True)")),
    mistake("largest_of_this_block", "numerics", "take the largest score of all blocks so far; here of this one alone, "
            "and where a block before was far above, exp overflows",
            _at(_30="top = xp.max(s, axis=-1, keepdims=True)")),
    mistake("no_largest", "numerics", "subtract the largest score; here scores of hundreds overflow",
            _at(_30="top = xp.zeros_like(carry.top)")),
    mistake("sum_not_mean", "missing_step", "divide by the sum of the weights", _at(_33="blocks.append(carry.sums)")),
    # The cache
    mistake("zero_for_least", "wrong_constant", "the grid begins at the least number of the group; here at 0",
            _at(_34="zero = xp.zeros_like(xp.min(grouped, axis=axis + 1, keepdims=True))")),
    mistake("one_point_too_many", "wrong_constant", "2^bits points have 2^bits - 1 steps between; here 2^bits",
            _at(_35="step = (xp.max(grouped, axis=axis + 1, keepdims=True) - zero) / 2**bits")),
    mistake("truncated", "wrong_constant", "round to the nearest point; here down",
            _at(_36="codes = xp.floor((grouped - zero) / xp.where(step > 0, step, 1.0))")),
    mistake("equal_numbers_lost", "numerics", "a group of equal numbers comes back as it was; here as 0",
            _at(_37="found = step * _grouped(x.codes, group, axis) + xp.where(step > 0, zero, 0.0)"),
            origin=f"{GITHUB}/openvinotoolkit/openvino/pull/34105"),
    mistake("zero_not_added", "missing_step", "add the zero of the group again",
            _at(_37="found = step * _grouped(x.codes, group, axis)")),
    mistake("never_aged", "missing_step", "a segment goes a stair down each time; here it keeps its bits",
            _at(_38="x = _quantise(_dequantise(x), bits[1], group, axis)")),
    mistake("from_originals", "wrong_order", "a segment is quantised again from what the cache holds; here from "
        "numbers "
            "that were kept, which nested bits hide", functions={"saq_trajectory": _from_originals}),
    mistake("one_stair_too_far", "wrong_constant", "segment i goes to bits[i + 1]; here to the last at once",
            _at(_38="x = _quantise(_dequantise(x), bits[-1], group, axis)")),
    mistake("reversed_stairs", "wrong_order", "old tokens have few bits; here new ones",
            _at(_38="x = _quantise(_dequantise(x), bits[len(bits) - 1 - i], group, axis)",
                _39="return (_quantise(rest, bits[-1], group, axis), *older)")),
    mistake("aged_at_once", "wrong_order", "the residual is quantised with bits[1]; here with the next at once",
            _at(_39="return (_quantise(rest, bits[min(2, len(bits) - 1)], group, axis), *older)")),
    mistake("stairs_end_early", "missing_step", "segments up to q - 2 go down; here up to q - 3",
            {"_aged: if i <=": "if i <= len(bits) - 3:"}),
    mistake("keys_by_token", "wrong_axis", "keys are grouped channel by channel; here token by token, so that one "
        "large "
            "channel costs all others their digits",
            {"saq_step: keys, values = _aged(": "keys = _aged(keys, key_rest, bits, group, 1)\n"
             "values = _aged(values, value_rest, bits, group, 1)"}),
    mistake("values_by_channel", "wrong_axis", "values are grouped token by token; here channel by channel",
            {"saq_step: keys, values = _aged(": "keys = _aged(keys, key_rest, bits, group, 0)\n"
             "values = _aged(values, value_rest, bits, group, 0)"}),
    mistake("newest_first", "wrong_order", "the oldest segment comes first; here the newest",
            {"_contents: return": "return array_namespace(rest).concat([*map(_dequantise, segments), rest])"}),
    mistake("age_reversed", "wrong_sign", "the bias is that of the age; here of the place, and new tokens lose",
            {"_read: age =": "age = xp.arange(K.shape[0], dtype=query.dtype, device=device(query))"}),
    mistake("no_slope", "missing_step", "old tokens lose by the slope; here not",
            _at(_40="return softmax(scaled_scores(query, K)) @ _contents(values, value_rest)")),
    mistake("query_not_scaled", "missing_step", "divide inner products by sqrt(d)",
            _at(_40="return softmax(query @ xp.matrix_transpose(K) - slope * age) @ _contents(values, value_rest)")),
    variant("quantised_after", "the residual is quantised after the attention of the step that fills it, as KIVI's "
        "code "
            "does; only every S-th output is "
                "another", f"{GITHUB}/jy-yuan/KIVI/blob/04eeae0657316ae2adafa97101408e433b588d52/models/llama_kivi.py",
            {"saq_step: return Cache(": "before = _read(cache.keys, cache.values, "
             "xp.concat([cache.key_rest, key[None, :]]), xp.concat([cache.value_rest, value[None, :]]), query, slope)\n"
             "return Cache(keys, values, key_rest, value_rest), before"}),
)  # fmt: skip
