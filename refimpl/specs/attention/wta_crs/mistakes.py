"""Lines of the source that read otherwise: mistakes, variants, documented choices."""

from refimpl.core.linalg import length
from refimpl.specs.attention.wta_crs.layer import sampled_linear
from refimpl.specs.base import mistake, variant

CODE = "https://github.com/zirui-ray-liu/WTACRS/blob/main/seq2seq/approxlinear/functional.py"
SCHEME = "https://github.com/zirui-ray-liu/WTACRS/blob/main/seq2seq/approxlinear/scheme.py"
EDGE = "https://github.com/overextended/ox_lib/pull/760"
END = "https://github.com/probmods/webppl/pull/229"
_STEEP = dict.fromkeys(("estimate", "sampled_linear", "trajectory", "sampled_product"), "nothing is so steep there")
_OTHERS = ("rows", "estimate", "variance", "sampled_linear", "trajectory", "controls", "sampled_product")
_RAW = "raw = length(H)[:, 0] * (norms if bool(xp.any(norms > 0)) else xp.ones_like(norms))\n"
_JOIN = "return Rows(xp.concat([winners, drawn]), xp.concat([{}, weights]))"
_LEFT = "return Rows(drawn, {})"
_TAKE = "xp.take(H, indices, axis=0)"


def _from_this_step(H, W, b, G, norms, ratio, phi, u):
    """As the operation, with the gradient of this very step in place of the cache."""
    return sampled_linear(H, W, b, G, length(G)[:, 0], ratio, phi, u)


def _law_as(text):
    """Rows by another law."""
    return {"wta_crs-14": f"p = {text}"}


ALTERNATIVES = (
    # Weights
    mistake(
        "corrected_twice",
        "wrong_scale",
        "a draw of q has weight 1 / (k_s q); here what the winners leave is multiplied to it once more",
        {"wta_crs-8": "weights = mass * mass / (draws * xp.take(p, drawn))"},
    ),
    mistake(
        "whole_budget",
        "wrong_constant",
        "divide by the number of draws; here by the whole budget k",
        {"wta_crs-8": "weights = mass / (k * xp.take(p, drawn))"},
    ),
    mistake(
        "no_mass",
        "missing_step",
        "a draw is weighted by what the winners leave; here it is not",
        {"wta_crs-8": "weights = 1 / (draws * xp.take(p, drawn))"},
    ),
    mistake(
        "no_weight",
        "missing_step",
        "divide a draw by its probability; here all draws weigh the same",
        {"wta_crs-8": "weights = mass * xp.ones_like(p[:draws]) * (p.shape[0] / draws)"},
    ),
    mistake(
        "winners_weighted",
        "extra_step",
        "winners weigh 1; here 1 / p",
        {"_wta: return Rows(xp.concat": _JOIN.format("sure / xp.take(p, winners)")},
    ),
    mistake(
        "unweighted_without_winners",
        "missing_step",
        "draws are weighted also where there is no winner; here they weigh 1 then, and the mean shrinks",
        {"wta_crs-8": "weights = mass / (draws * xp.take(p, drawn)) if draws < k else xp.ones_like(p[:draws])"},
        origin=CODE,
    ),
    mistake(
        "no_budget_in_plain",
        "missing_step",
        "k draws weigh 1 / (k p); here 1 / p",
        {"wta_crs-3": _LEFT.format("1 / array_namespace(p).take(p, drawn)")},
    ),
    mistake(
        "plain_unweighted",
        "missing_step",
        "divide a draw by its probability; here all draws weigh m / k",
        {"wta_crs-3": _LEFT.format("array_namespace(p).ones_like(p[:k]) * (p.shape[0] / k)")},
    ),
    mistake(
        "both_sides",
        "wrong_scale",
        "the weight of a pair counts once; here both its parts are multiplied by it",
        {
            "wta_crs-9": "right = xp.take(Y, indices, axis=0)\n"
            "return (xp.take(X, indices, axis=1) * weights) @ (weights[:, None] * right)"
        },
    ),
    mistake(
        "weights_left_out",
        "missing_step",
        "pairs are weighted; here they are added up as they are",
        {"wta_crs-9": "return xp.take(X, indices, axis=1) @ xp.take(Y, indices, axis=0)"},
    ),
    # Draws
    mistake(
        "drawn_from_all",
        "missing_step",
        "winners cannot be drawn again; here draws come from all pairs",
        {"_wta: drawn =": "drawn = _draw(p, u[:draws])"},
    ),
    mistake(
        "left_side",
        "wrong_order",
        "u = 0 finds the first pair of p > 0; here a pair of p = 0 before it",
        {"wta_crs-2": 'return xp.searchsorted(cumulative / cumulative[-1], u, side="left")'},
        origin=EDGE,
        unseen=dict.fromkeys(("sampled_linear", "trajectory", "sampled_product"), "no draw is 0 before p = 0 there"),
    ),
    mistake(
        "not_normalised",
        "missing_step",
        "q has the sum 1; here u is compared with sums of p, and all beyond finds the last pair",
        {"wta_crs-2": 'return xp.clip(xp.searchsorted(cumulative, u, side="right"), max=q.shape[0] - 1)'},
    ),
    mistake(
        "last_draws",
        "wrong_order",
        "the first draws are used; here those at the places of the winners are skipped",
        {"_wta: drawn =": "drawn = _draw(rest, u[winners.shape[0] : k])"},
    ),
    mistake(
        "tail_dropped",
        "missing_step",
        "what winners leave is sampled as long as it is above 0; here it is dropped below one thousandth",
        {"_wta: if not": "if not float(mass) > 1e-3:"},
        origin=CODE,
        unseen=_STEEP,
    ),
    # Winners
    mistake(
        "argmax",
        "wrong_sign",
        "the number of winners has the smallest score; here the largest",
        {"wta_crs-6": "count = int(xp.argmax(scores)) if count is None else count"},
        unseen={"sampled_product": "its number of winners is that of all heads"},
    ),
    mistake(
        "unsorted",
        "missing_step",
        "the pairs of largest p win; here the first ones do",
        {"_plan: xp, order": "xp = array_namespace(p)\norder = xp.arange(p.shape[0], device=device(p))"},
    ),
    mistake(
        "per_pair_left",
        "wrong_constant",
        "what c winners leave goes over k - c; here over k",
        {"wta_crs-5": "return left[:k] / k"},
    ),
    mistake(
        "one_too_few",
        "wrong_constant",
        "c = 0 is the first score; here it is taken for c = 1",
        {"wta_crs-6": "count = min(int(xp.argmin(scores)) + 1, k - 1) if count is None else count"},
        unseen={"sampled_product": "its number of winners is that of all heads"},
    ),
    mistake(
        "last_of_equal",
        "wrong_order",
        "of equal p the first is kept; here the last",
        {"_falling: return": "return array_namespace(p).flip(array_namespace(p).argsort(p, stable=True))"},
        unseen=dict.fromkeys((*_OTHERS[1:], "plan"), "no two equal p are on both sides of the cut"),
    ),
    mistake(
        "mass_of_rest",
        "wrong_output",
        "p_C is what the winners hold; here what they leave",
        {"wta_crs-7": "return Plan(winners, xp.sum(xp.where(won, 0.0, p)), xp.where(won, 0.0, p), scores)"},
        unseen=dict.fromkeys(_OTHERS, "p_C is no part of it"),
    ),
    variant(
        "half_winners",
        "half of the budget are winners, whatever p",
        CODE,
        {"wta_crs-6": "count = k // 2 if count is None else count"},
        unseen={"sampled_product": "its number of winners is that of all heads"},
        choice=True,
    ),
    mistake(
        "smallest",
        "wrong_sign",
        "the largest p are kept; here the smallest",
        {"wta_crs-11": "indices = array_namespace(p).sort(array_namespace(p).argsort(p, stable=True)[:k])"},
    ),
    mistake(
        "by_size",
        "wrong_order",
        "kept pairs come in increasing order; here the largest first",
        {"wta_crs-11": "indices = _falling(p)[:k]"},
        unseen={"estimate": "a sum does not know its order"},
    ),
    # Laws
    mistake(
        "squared_lengths",
        "wrong_constant",
        "p is in proportion to the product of lengths; here to its square",
        {"wta_crs-1": "return _normalised((across * along) ** 2)"},
    ),
    mistake(
        "left_lengths",
        "missing_step",
        "both parts of a pair count; here the left one alone",
        {"wta_crs-1": "return _normalised(across)"},
    ),
    mistake(
        "right_lengths",
        "missing_step",
        "both parts of a pair count; here the right one alone",
        {"wta_crs-1": "return _normalised(along)"},
    ),
    mistake(
        "squared_sizes",
        "wrong_constant",
        "rows by their length; here by its square",
        _law_as("_normalised((sizes * known) ** 2)"),
    ),
    mistake(
        "input_alone",
        "missing_step",
        "rows by input and cached gradient; here by the input alone",
        _law_as("_normalised(sizes)"),
    ),
    mistake(
        "cache_alone",
        "missing_step",
        "rows by input and cached gradient; here by the cache alone",
        _law_as("_normalised(known)"),
    ),
    mistake(
        "blind_first_epoch",
        "missing_step",
        "where nothing is cached rows are found by their own length; here all with the same chance",
        _law_as("_normalised(sizes * _relative(norms))"),
    ),
    mistake(
        "offsets",
        "numerics",
        "lengths of any scale make the same law; here 1e-8 is added, and p sums to more than 1",
        {
            "wta_crs-14": f"{_RAW}p = (raw + 1e-8) / (xp.sum(raw) + 1e-8)",
            "_asked: m, k =": "m, k = p.shape[0], check.integer(k=k, minimum=1)",
        },
        origin=CODE,
        unseen=dict.fromkeys(("rows", "estimate", "controls"), "p is no length there"),
    ),
    mistake(
        "floor_exchanged",
        "wrong_constant",
        "phi is the share that is uniform; here the share that is not",
        {"wta_crs-15": "return phi * p + (1 - phi) / p.shape[0]"},
    ),
    mistake(
        "floor_not_shared",
        "wrong_scale",
        "the floor is phi / B for each row; here phi",
        {"wta_crs-15": "return _normalised((1 - phi) * p + phi)"},
    ),
    mistake(
        "floor_after_winners",
        "wrong_order",
        "the floor comes before the winners; here it holds for draws alone",
        {
            "_forward: indices, weights": """indices, weights = select(p, k, u)
if k < p.shape[0]:
    winners = _plan(_chances(H, norms, 0.0), k).winners
    rest = xp.where(xp.any(xp.arange(p.shape[0], device=device(p))[:, None] == winners, axis=1), 0.0, p)
    draws = k - winners.shape[0]
    indices = xp.concat([winners, _draw(rest, u[:draws])])
    drawn = xp.sum(rest) / (draws * xp.take(p, indices[winners.shape[0] :]))
    weights = xp.concat([xp.ones_like(p[: winners.shape[0]]), drawn])"""
        },
    ),
    variant(
        "tiny_floor", "no floor but 1e-8", CODE, {"wta_crs-15": "return (p + 1e-8) / xp.sum(p + 1e-8)"}, choice=True
    ),
    variant(
        "at_least_ten",
        "at least ten rows are kept",
        CODE,
        {"wta_crs-16": "return min(rows, max(10, math.floor(float(ratio) * rows)))"},
        choice=True,
    ),
    mistake(
        "rounded_budget",
        "wrong_constant",
        "k is the floor of ratio B; here the nearest integer",
        {"wta_crs-16": "return max(1, math.floor(float(ratio) * rows + 0.5))"},
    ),
    mistake(
        "budget_rounded_up",
        "wrong_constant",
        "k is the floor of ratio B; here it is rounded up",
        {"wta_crs-16": "return max(1, math.ceil(float(ratio) * rows))"},
    ),
    # The layer
    mistake("no_bias", "missing_step", "Z = H W + b; here b is left out", {"wta_crs-13": "Z = H @ W"}),
    mistake(
        "first_epoch_unweighted",
        "missing_step",
        "draws are weighted also while nothing is cached; here they are multiplied by what winners leave alone",
        {
            "wta_crs-17": """if not bool(xp.any(norms > 0)) and k < p.shape[0]:
    found = _plan(p, k)
    draws = k - found.winners.shape[0]
    tail = xp.sum(found.rest) * xp.ones_like(weights[k - draws :])
    weights = xp.concat([weights[: k - draws], tail])
return Z, Saved(indices, xp.take(H, indices, axis=0) * weights[:, None])"""
        },
        origin=CODE,
    ),
    mistake(
        "rows_unweighted",
        "missing_step",
        "rows are kept with their weights; here without",
        {"wta_crs-17": f"return Z, Saved(indices, {_TAKE})"},
    ),
    mistake(
        "other_rows",
        "wrong_order",
        "rows of G follow those that were kept of H; here they are sorted",
        {"wta_crs-18": "dW = xp.matrix_transpose(saved.rows) @ xp.take(G, xp.sort(saved.indices), axis=0)"},
    ),
    mistake(
        "bias_sampled",
        "wrong_output",
        "the gradient of b is the sum of all rows; here of those that were kept",
        {"wta_crs-19": "db, dH = xp.sum(xp.take(G, saved.indices, axis=0), axis=0), G @ xp.matrix_transpose(W)"},
    ),
    mistake(
        "input_gradient_sampled",
        "wrong_output",
        "the gradient of H is exact; here it is 0 at rows that were dropped",
        {
            "wta_crs-19": """every = xp.arange(G.shape[0], device=device(G))
kept = xp.any(every[:, None] == saved.indices, axis=1)
db, dH = xp.sum(G, axis=0), xp.where(kept[:, None], G @ xp.matrix_transpose(W), 0.0)"""
        },
    ),
    mistake(
        "mean_square",
        "wrong_constant",
        "the cache holds lengths; here mean squares",
        {"wta_crs-20": "return Gradients(dW, db, dH, xp.mean(G * G, axis=1))"},
    ),
    variant(
        "short_cache",
        "the cache has eight bits (bfloat16)",
        SCHEME,
        {
            "wta_crs-20": """norms = length(G)[:, 0]
much = norms * (2.0**-7 / float(xp.finfo(G.dtype).eps) + 1)
return Gradients(dW, db, dH, much - (much - norms))"""
        },
        choice=True,
    ),
    mistake(
        "gradient_of_this_step",
        "wrong_order",
        "the cache is from the last visit; here it is this step's gradient, which comes after the forward pass",
        functions={"sampled_linear": _from_this_step},
    ),
    # Training
    mistake(
        "by_position",
        "wrong_order",
        "the cache is written at the numbers of the samples; here at their places in the batch",
        {"wta_crs-21": "return xp.concat([norms, cache[norms.shape[0] :]])"},
    ),
    mistake(
        "cache_averaged",
        "extra_step",
        "the cache forgets what it held; here it keeps half of it",
        {
            "wta_crs-21": "new = xp.take(norms, xp.take(order, at))\n"
            "return xp.where(xp.take(sorted_ids, at) == every, (cache + new) / 2, cache)"
        },
    ),
    mistake(
        "summed_loss",
        "wrong_scale",
        "the loss is the mean over the batch; here its gradient is that of the sum",
        {"wta_crs-22": "return softmax(logits) - right"},
    ),
    mistake(
        "uphill",
        "wrong_sign",
        "the gradient is softmax minus truth; here the other way",
        {"wta_crs-22": "return (right - softmax(logits)) / logits.shape[0]"},
    ),
    mistake(
        "no_mask",
        "missing_step",
        "relu passes a gradient only where it let the value through; here everywhere",
        {"wta_crs-23": "G = grad.H"},
    ),
    mistake(
        "average_momentum",
        "wrong_constant",
        "the gradient counts once in the velocity; here 1 - momentum times",
        {
            "wta_crs-24": "keep = 1 - momentum\n"
            "sums = (momentum * v + keep * g for v, g in zip(velocity[l], grad[:2], strict=True))"
        },
    ),
    mistake(
        "no_momentum",
        "missing_step",
        "the velocity keeps a part of itself; here nothing",
        {"wta_crs-24": "sums = (g for v, g in zip(velocity[l], grad[:2], strict=True))"},
    ),
    # Products
    mistake(
        "first_head_decides",
        "missing_step",
        "the number of winners has the least mean score; here that of the first head",
        {"wta_crs-25": "count = int(xp.argmin(scores[0]))"},
    ),
    mistake(
        "worst_head_decides",
        "wrong_constant",
        "the number of winners has the least mean score; here the least maximum",
        {"wta_crs-25": "count = int(xp.argmin(xp.max(xp.stack(scores), axis=0)))"},
    ),
    mistake(
        "columns_sorted",
        "wrong_order",
        "columns of G follow those that were kept of B; here they are sorted",
        {"wta_crs-26": "dA = xp.take_along_axis(G, xp.sort(columns, axis=2), axis=2) @ of_B.rows"},
    ),
    mistake(
        "rows_sorted",
        "wrong_order",
        "rows of G follow those that were kept of A; here they are sorted",
        {"wta_crs-27": "dB = xp.matrix_transpose(of_A.rows) @ xp.take_along_axis(G, xp.sort(rows, axis=1), axis=1)"},
    ),
    mistake(
        "three_inputs",
        "wrong_constant",
        "Q, K and V share one input; here three are counted",
        {"wta_crs-28": "inputs = tokens * (8 * width + hidden) + weights"},
    ),
    mistake(
        "weights_not_kept",
        "missing_step",
        "the probabilities are an operand of a product; here they are left out",
        {"wta_crs-28": "inputs = tokens * (6 * width + hidden)"},
    ),
    mistake(
        "mask_in_floats",
        "wrong_constant",
        "relu needs a bit for each value; here a float",
        {"wta_crs-29": "others = 2 * tokens * width + weights + tokens * hidden"},
    ),
    mistake(
        "softmax_not_kept",
        "missing_step",
        "the softmax needs its output; here it is left out",
        {"wta_crs-29": "others = 2 * tokens * width + tokens * hidden / 32"},
    ),
    mistake(
        "counted_twice",
        "extra_step",
        "without dropout softmax and product share a tensor; here it counts twice",
        {"memory: shared =": "shared = 0"},
    ),
    # Errors in closed form
    mistake(
        "second_moment",
        "missing_step",
        "take the square of the mean off; here the second moment is returned",
        {"wta_crs-4": "return second"},
    ),
    mistake(
        "mass_once",
        "missing_step",
        "what winners leave multiplies the second moment; here it does not",
        {"_spread: second": "second = xp.sum(xp.where(counts, squares / xp.where(counts, p, xp.ones_like(p)), 0.0))"},
    ),
    mistake(
        "whole_budget_in_error",
        "wrong_constant",
        "divide by the number of draws; here by the whole budget",
        {"wta_crs-10": "return _spread(squares, rest, dropped) / k"},
    ),
    mistake(
        "whole_product",
        "wrong_order",
        "the mean of the draws is what winners leave of the product; here the product",
        {"wta_crs-10": "return _spread(squares, rest, X @ Y) / (k - winners.shape[0])"},
    ),
    mistake(
        "no_cross_terms",
        "missing_step",
        "the bias is the norm of the sum of what is dropped; here the sum of norms",
        {"wta_crs-12": "return xp.sum(xp.where(rest > 0, squares, 0.0))"},
    ),
    # Controls
    mistake(
        "not_spread",
        "missing_step",
        "what is cut at 1 goes to the other pairs; here the chances sum to less than k",
        {"wta_crs-30": "return xp.clip(k * p, max=1.0)"},
    ),
    mistake(
        "not_cut",
        "missing_step",
        "no chance is above 1; here the weights of large pairs are below 1",
        {"wta_crs-31": "return Rows(indices, 1 / (k * xp.take(p, indices)))"},
    ),
    mistake(
        "coins_unweighted",
        "missing_step",
        "divide by the chance; here kept pairs weigh 1",
        {"wta_crs-31": "return Rows(indices, xp.ones_like(xp.take(pi, indices)))"},
    ),
    mistake(
        "moment_of_coins",
        "missing_step",
        "1 / chance - 1 is the variance of a coin; here its second moment",
        {"wta_crs-32": "return xp.sum(squares / xp.where(pi > 0, pi, xp.ones_like(pi)))"},
    ),
    mistake(
        "blind_sum",
        "missing_step",
        "weight m / k; here 1",
        {"wta_crs-33": "return Rows(indices, array_namespace(p).ones_like(p[:k]))"},
    ),
    mistake(
        "with_replacement",
        "missing_step",
        "different pairs are less noisy by (m - k) / (m - 1); here they may come twice",
        {"wta_crs-34": "return scatter * (m / k)"},
    ),
)
