"""What goes wrong with Self Positioning and other merges, as lines of the source that read otherwise."""

from refimpl.core.arrays import array_namespace
from refimpl.specs.base import mistake, variant
from refimpl.training import self_positioning as source

_MERGEKIT = "https://github.com/arcee-ai/mergekit/blob/main/mergekit/merge_methods"
_FUSION = "https://github.com/tanganke/fusion_bench/blob/main/fusion_bench/method"


def _added_up(V, grads, mu, eta_a, eta_lam):
    """The search with gradients that nobody sets to 0."""
    state, path, xp = source.init(V), [], array_namespace(V)
    to_a, to_lam = 0 * state.a, 0 * state.lam
    for t in range(grads.shape[0]):
        grad_a, grad_lam = source._gradient(V, state.a, grads[t, :], state.lam)
        to_a, to_lam = to_a + grad_a, to_lam + grad_lam + mu
        a = xp.clip(state.a - eta_a * to_a, source.FLOOR, None)
        state = source.Position(a, xp.asarray(state.lam - eta_lam * to_lam))
        path.append(state)
    return xp.stack([state.a for state in path]), xp.stack([state.lam for state in path])


def _tags(edits):
    return {f"self_positioning-{number}": line for number, line in edits.items()}


_OTHER_WAY = "to_m, to_a = slope * a / (m + a) ** 2, slope * -m / (m + a) ** 2"
_RETURNED = "_info_nce: return xp.asarray(loss)"
_COUNTED = "merged = xp.sum(xp.where(agree, tau, 0.0), axis=0)"

ALTERNATIVES = (
    # Arcs
    variant(
        "weights_exchanged", "each weight goes with the other vector: the larger one is less near",
        "a summary of the paper prints sin(a_j / (a_i + a_j) alpha) with V_i; for two tasks only names change",
        _tags({"2": "return m / (m + a)", "14": _OTHER_WAY}),
    ),
    mistake(
        "share_exchanged_forward", "wrong_order",
        "the larger weight is nearer; here the smaller one is, and the gradient is that of the other way round",
        _tags({"2": "return m / (m + a)"}),
        unseen=dict.fromkeys(("slerp", "chain"), "it has no gradient: there it is `weights_exchanged`"),
    ),
    mistake(
        "cosine_without_lengths", "missing_step",
        "divide the inner product by both lengths before the arc cosine; here it is taken as it is, and clipped",
        _tags({"3": "alpha = xp.acos(xp.clip(xp.sum(U * W), -1.0, 1.0))"}),
    ),
    mistake(
        "shorter_way", "extra_step",
        "task vectors are no rotations, and -W is another one; here W is negated where the angle is obtuse",
        {"_slerp: A, B =": "sign = 1 - 2 * array_namespace(U, W).astype(array_namespace(U, W).sum(U * W) < 0, "
            "U.dtype)\n"
         "W = sign * W\nA, B = _parts(*_arc(U, W), t)",
         "_back: alpha, sine, flat =": "W = (1 - 2 * xp.astype(xp.sum(U * W) < 0, U.dtype)) * W\n"
         "alpha, sine, flat = _arc(U, W)"},
    ),
    mistake(
        "no_straight_line", "numerics", "where the sine is 0 the arc is a straight line; here 0 is divided by 0",
        _tags({"4": "flat = sine < -1.0"}),
        origin="https://github.com/dfki-ric/pytransform3d/issues/45",
    ),
    mistake(
        "zero_at_right_angles", "missing_step",
        "a vector of 0 has no angle, and the arc is a straight line; here it is at right angles to all others",
        _tags({"4": "flat = sine < least"}),
    ),
    variant(
        "line_from_a_cosine_of_0_9995", "the line is taken for the arc where the size of the cosine is above 0.9995",
        f"{_MERGEKIT}/slerp.py, DOT_THRESHOLD",
        _tags({"4": "flat = (abs(xp.cos(alpha)) > 0.9995) | (length(U)[0] == 0) | (length(W)[0] == 0)"}),
        choice=True,
    ),
    mistake(
        "not_divided_by_the_sine", "missing_step", "both shares are divided by the sine of the angle; here they are "
        "not",
        _tags({"5": "A = xp.where(flat, 1 - t, xp.sin((1 - t) * alpha))", "6": "B = xp.where(flat, t, xp.sin(t * "
            "alpha))"}),
    ),
    mistake(
        "one_minus_outside_the_angle", "wrong_order",
        "the first share is the sine of (1 - t) times the angle; here of 1 - t times the angle",
        _tags({"5": "A = xp.where(flat, 1 - t, xp.sin(1 - t * alpha) / sine)"}),
        origin="https://github.com/gingerBill/gb/issues/38",
    ),
    mistake(
        "straight_lines", "missing_step", "merge along an arc; here along a line, a weighted average",
        _tags({"5": "A = (1 - t) + 0.0 * alpha", "6": "B = t + 0.0 * alpha"}),
    ),
    mistake(
        "first_one_where_straight", "wrong_order",
        "where the arc is a straight line, go along it; here the first vector is returned",
        _tags({"5": "A = xp.where(flat, 1.0, xp.sin((1 - t) * alpha) / sine)",
               "6": "B = xp.where(flat, 0.0, xp.sin(t * alpha) / sine)"}),
    ),
    mistake(
        "normalised_line", "missing_step",
        "directions go along an arc at an even pace; here along a line, which is made of the right length afterwards",
        _tags({"7": "line = (1 - t) * unit(U) + t * unit(W)\n"
               "return unit(line) * ((1 - t) * length(U)[0] + t * length(W)[0])"}),
    ),
    mistake(
        "directions_only", "extra_step",
        "vectors of any length are interpolated as they are; here they are made of length 1 before",
        _tags({"7": "return A * unit(U) + B * unit(W)"}),
        origin="https://github.com/Polytoria/polytoria-game/issues/1169",
    ),
    variant(
        "lengths_interpolated", "the direction goes along the arc, the length along a line between both lengths",
        "https://github.com/godotengine/godot/pull/55877",
        _tags({"7": "return (A * unit(U) + B * unit(W)) * ((1 - t) * length(U) + t * length(W))"}),
        choice=True,
    ),
    # Chains
    mistake(
        "sum_of_weights_so_far", "wrong_scale",
        "what was merged so far counts by the mean of its weights; here by their sum",
        _tags({"8": "m = array_namespace(a).sum(a[:j])",
               "20": "grads = [grad + to_m for grad in grads[:j]] + [grads[j] + to_a] + grads[j + 1 :]"}),
    ),
    mistake(
        "weight_of_the_last", "wrong_order",
        "what was merged so far counts by the mean of its weights; here by the weight of its last one",
        _tags({"8": "m = a[j - 1] + 0.0 * a[0]"}),
    ),
    mistake(
        "always_from_the_first", "wrong_order", "each arc starts where the last one ended; here at the first task "
        "vector",
        _tags({"9": "U = _slerp(V[0, :], call.W, call.t)"}),
    ),
    mistake(
        "from_the_last_on", "wrong_order",
        "the first two are merged, then each next one comes in; here the last two are, and it goes on to the first",
        {**_tags({"10": "xp = array_namespace(V)\nV_p = lam * _calls(xp.flip(V, axis=0), xp.flip(a))[1]"}),
         "_gradient: calls, merged =": "V, a = xp.flip(V, axis=0), xp.flip(a)\ncalls, merged = _calls(V, a)",
         "_gradient: return xp.stack": "return xp.stack(grads[::-1]), grad_lam"},
    ),
    mistake(
        "mean_halved_each_time", "wrong_order",
        "what was merged so far counts by the mean of its weights; here by the mean of the last one and of what it "
        "counted before, so that early weights fade",
        _tags({"8": "m = a[0]\nfor i in range(1, j):\n    m = (m + a[i]) / 2"}),
        unseen=dict.fromkeys(("position_steps", "position_run"), "its cases have three task vectors at most"),
    ),
    mistake(
        "no_length", "missing_step", "the merged vector is multiplied with the length; here it is not",
        _tags({"10": "V_p = 1.0 * _calls(V, a)[1] + 0.0 * lam"}),
    ),
    # The gradient
    mistake(
        "gradient_in_length_times_length", "extra_step",
        "the gradient in the length is the inner product with the merged vector; here it is multiplied with the length",
        _tags({"11": "grad_lam = lam * xp.sum(g * merged)"}),
    ),
    mistake(
        "gradient_in_weights_without_length", "missing_step",
        "the gradient in the weights has the length as a factor; here it has not, which the first step does not show",
        _tags({"12": "passed, grads = 1.0 * g, [0 * a[0]] * V.shape[0]"}),
    ),
    mistake(
        "chord_for_arc", "missing_step", "along the arc; here the slope is that of the straight line everywhere",
        _tags({"13": "along = g_W - g_U"}),
    ),
    mistake(
        "no_angle_over_sine", "missing_step", "the slope along the arc has the angle over its sine as a factor; here "
        "not",
        _tags({"13": "along = xp.cos(t * alpha) * g_W - xp.cos((1 - t) * alpha) * g_U"}),
    ),
    mistake(
        "slope_exchanged", "wrong_order", "the second vector has the cosine of t times the angle; here that of (1 - t)",
        _tags({"13": "along = alpha / sine * (xp.cos((1 - t) * alpha) * g_W - xp.cos(t * alpha) * g_U)"}),
    ),
    mistake(
        "slope_against_the_weights", "wrong_sign",
        "a larger weight draws nearer; here the gradient is as if it pushed away", _tags({"14": _OTHER_WAY}),
    ),
    mistake(
        "square_of_the_sum_forgotten", "wrong_constant",
        "the derivative of a share is divided by the square of the sum of weights; here by the sum",
        _tags({"14": "to_m, to_a = slope * -a / (m + a), slope * m / (m + a)"}),
    ),
    mistake(
        "inner_angle_forgotten", "missing_step",
        "weights of earlier task vectors turn what was merged so far, and so change the angle; here that is left out",
        _tags({"19": "to_U = xp.where(flat, (1 - t) * g, A * g) + 0.0 * wider * turn"}),
    ),
    mistake(
        "first_share_alone_widens", "missing_step",
        "both shares depend on the angle; here only the first one is differentiated",
        _tags({"17": "wider = 1.0 * wider"}),
    ),
    mistake(
        "turned_as_if_of_length_one", "missing_step",
        "a step turns a long vector by less; here the angle's gradient is not divided by the length",
        _tags({"18": "turn = (xp.cos(alpha) * unit(U) - unit(W)) / sine"}),
    ),
    mistake(
        "turned_along_itself", "missing_step",
        "the gradient of the angle is at right angles to the vector; here that part is not taken away",
        _tags({"18": "turn = -unit(W) / (sine * xp.where(flat, 1.0, length(U)[0]))"}),
    ),
    mistake(
        "mean_not_divided", "missing_step",
        "each of j earlier weights moves their mean by 1/j; here the mean's gradient goes to each of them in full",
        _tags({"20": "grads = [grad + to_m for grad in grads[:j]] + [grads[j] + to_a] + grads[j + 1 :]"}),
    ),
    # The search
    mistake(
        "ascent", "wrong_sign", "weights and length go against their gradients; here along them",
        _tags({"21": "a = xp.clip(state.a + eta_a * grad_a, FLOOR, None)",
               "22": "lam = xp.asarray(lam + eta_lam * (grad_lam + mu))"}),
    ),
    mistake(
        "penalty_on_the_weights", "extra_step", "the penalty is on the length alone; here it is on the weights too",
        _tags({"21": "a = xp.clip(state.a - eta_a * (grad_a + mu), FLOOR, None)"}),
    ),
    mistake(
        "floor_of_zero", "wrong_constant", "weights stay at 0.001 or above; here at 0.1",
        _tags({"21": "a = xp.clip(state.a - eta_a * grad_a, 0.1, None)"}),
    ),
    mistake(
        "stuck_at_the_floor", "wrong_order",
        "a weight at the floor may rise again; here it stays there",
        _tags({"21": "a = xp.where(state.a > FLOOR, xp.clip(state.a - eta_a * grad_a, FLOOR, None), FLOOR)"}),
    ),
    mistake(
        "weights_made_of_mean_1", "extra_step",
        "weights are left as the step makes them; here they are divided by their mean, which changes later steps",
        _tags({"21": "a = xp.clip(state.a - eta_a * grad_a, FLOOR, None)\na = a / xp.mean(a)"}),
    ),
    mistake(
        "gradients_added_up", "missing_step",
        "each step has the gradient of its own minibatch; here those of earlier steps are still in it",
        functions={"position_steps": _added_up},
    ),
    mistake(
        "no_penalty", "missing_step", "the length has a penalty of mu; here it has none",
        _tags({"22": "lam = xp.asarray(lam - eta_lam * grad_lam)"}),
    ),
    mistake(
        "penalty_on_the_square", "wrong_order", "the penalty is mu times the length; here times half of its square",
        _tags({"22": "lam = xp.asarray(lam - eta_lam * (grad_lam + mu * lam))"}),
    ),
    mistake(
        "length_clipped", "extra_step", "the length may fall below 0; here it is clipped",
        _tags({"22": "lam = xp.asarray(xp.clip(lam - eta_lam * (grad_lam + mu), 0.0, None))"}),
    ),
    mistake(
        "one_step_size", "wrong_constant", "weights and length have a step size each; here the length has that of "
        "weights",
        _tags({"22": "lam = xp.asarray(lam - eta_a * (grad_lam + mu))"}),
    ),
    mistake(
        "fresh_length", "wrong_order",
        "both gradients are taken at the old position; here that of the weights at the new length",
        {"update: grad_a, grad_lam =": "grad_a, grad_lam = _gradient(V, state.a, g, lam)\n"
         "grad_a = _gradient(V, state.a, g, lam - eta_lam * (grad_lam + mu))[0]"},
    ),
    mistake(
        "fresh_weights", "wrong_order",
        "both gradients are taken at the old position; here that of the length at the new weights",
        _tags({"22": "lam = xp.asarray(lam - eta_lam * (_gradient(V, a, g, lam)[1] + mu))"}),
    ),
    mistake(
        "gradient_at_the_start_model", "wrong_order",
        "the loss is that of the merged model; here its gradient is always taken at the start model",
        _tags({"23": "theta = theta_0 + 0.0 * chain(V, state.a, lam=state.lam)"}),
    ),
    mistake(
        "models_for_task_vectors", "wrong_output",
        "task vectors are merged and added to the start model; here the models are merged themselves",
        {**_tags({"23": "theta = chain(theta_0 + V, state.a, lam=state.lam)"}),
         "position: return update": "return update(state, theta_0 + V, gradient, mu=mu, eta_a=eta_a, eta_lam=eta_lam)"},
    ),
    # The contrastive loss
    mistake(
        "not_normalised", "missing_step", "embeddings are compared by cosines; here by inner products",
        {**_tags({"24": "q, d = 1.0 * Q, 1.0 * D"}), _RETURNED: "return xp.asarray(loss), grad_q, grad_d"},
    ),
    mistake(
        "one_length_for_the_batch", "wrong_axis",
        "each embedding is made of length 1; here the whole batch is, as a single vector",
        {**_tags({"24": "q, d = (E / xp.sum(E * E) ** 0.5 for E in (Q, D))",
                  "29": "return g - array_namespace(g, u).sum(g * u) * u"}),
         _RETURNED: "across = lambda E: xp.sum(E * E) ** 0.5\n"
         "return xp.asarray(loss), _turned(grad_q, q) / across(Q), _turned(grad_d, d) / across(D)"},
        origin="https://github.com/tensorflow/similarity/issues/237",
    ),
    mistake(
        "columns_normalised", "wrong_axis",
        "each embedding is made of length 1; here each coordinate is, over the batch",
        {**_tags({"24": "q, d = unit(Q, axis=0), unit(D, axis=0)",
                  "29": "return g - array_namespace(g, u).sum(g * u, axis=0, keepdims=True) * u"}),
         _RETURNED: "across = lambda E: xp.sum(E * E, axis=0, keepdims=True) ** 0.5\n"
         "return xp.asarray(loss), _turned(grad_q, q) / across(Q), _turned(grad_d, d) / across(D)"},
    ),
    mistake(
        "times_temperature", "wrong_constant",
        "cosines are divided by the temperature; here multiplied with it, as with a scale, which is its inverse",
        _tags({"25": "S = q @ xp.matrix_transpose(d) * tau", "27": "G = tau * (softmax(S, axis=1) - own) / n"}),
        origin="https://github.com/huggingface/sentence-transformers/issues/3054",
    ),
    mistake(
        "own_pair_not_cooled", "missing_step",
        "all cosines are divided by the temperature; here that of a query's own document is not",
        _tags({"25": "S = q @ xp.matrix_transpose(d) * (own + (1 - own) / tau)",
               "27": "G = (softmax(S, axis=1) - own) / n * (own + (1 - own) / tau)"}),
        origin="https://github.com/RElbers/info-nce-pytorch/pull/17",
    ),
    variant(
        "through_a_sigmoid", "cosines pass through a sigmoid before they are divided by the temperature",
        "https://github.com/huggingface/sentence-transformers/issues/3518",
        _tags({"25": "logistic = 1 / (1 + xp.exp(-(q @ xp.matrix_transpose(d))))\nS = logistic / tau",
               "27": "G = (softmax(S, axis=1) - own) / (n * tau) * logistic * (1 - logistic)"}),
        choice=True,
    ),
    mistake(
        "own_pair_not_in_the_sum", "missing_step",
        "a query's own document is among those it is told from; here it is left out, and the loss can be negative",
        _tags({"26": "loss = xp.mean(logsumexp(S - 1e5 * own, axis=1) - xp.linalg.diagonal(S))",
               "27": "G = (softmax(S - 1e5 * own, axis=1) - own) / (n * tau)"}),
        origin="https://github.com/Shen-Lab/GraphCL/issues/27",
    ),
    mistake(
        "softmax_twice", "extra_step",
        "the cosines over the temperature are logits; here they pass through a softmax before the loss, which takes "
        "another one",
        _tags({"25": "p = softmax(q @ xp.matrix_transpose(d) / tau, axis=1)\nS = 1.0 * p",
               "27": "G = (softmax(S, axis=1) - own) / (n * tau)\n"
               "G = p * (G - xp.sum(p * G, axis=1, keepdims=True))"}),
        origin="https://github.com/gitabcworld/MatchingNetworks/issues/5",
    ),
    mistake(
        "queries_among_documents", "extra_step",
        "a query's document is told among the documents; here among the other queries too",
        _tags({"26": "wide = xp.concat([S, q @ xp.matrix_transpose(q) / tau - 1e5 * own], axis=1)\n"
               "loss = xp.mean(logsumexp(wide, axis=1) - xp.linalg.diagonal(S))",
               "27": "p = softmax(wide, axis=1) / (n * tau)\nG, H = p[:, :n] - own / (n * tau), p[:, n:]",
               "28": "grad_q = G @ d + (H + xp.matrix_transpose(H)) @ q\ngrad_d = xp.matrix_transpose(G) @ q"}),
    ),
    mistake(
        "logarithm_of_the_mean", "wrong_order",
        "the mean of the logarithms of the probabilities; here the logarithm of their mean",
        _tags({"26": "p = xp.linalg.diagonal(softmax(S, axis=1))\nloss = -xp.log(xp.mean(p))",
               "27": "G = (softmax(S, axis=1) - own) * (p / xp.sum(p))[:, None] / tau"}),
    ),
    variant(
        "both_ways", "queries are told among documents and documents among queries, and both losses averaged",
        "https://arxiv.org/abs/2103.00020, Figure 3 (CLIP)",
        _tags({"26": "loss = xp.mean((logsumexp(S, axis=1) + logsumexp(S, axis=0)) / 2 - xp.linalg.diagonal(S))",
               "27": "G = ((softmax(S, axis=1) + softmax(S, axis=0)) / 2 - own) / (n * tau)"}),
        choice=True,
    ),
    mistake(
        "documents_among_queries", "wrong_axis",
        "each query's document is told among all documents; here each document's query among all queries",
        _tags({"26": "loss = xp.mean(logsumexp(S, axis=0) - xp.linalg.diagonal(S))",
               "27": "G = (softmax(S, axis=0) - own) / (n * tau)"}),
    ),
    mistake(
        "summed_over_the_batch", "wrong_scale", "the loss is a mean over the queries; here a sum",
        _tags({"26": "loss = xp.sum(logsumexp(S, axis=1) - xp.linalg.diagonal(S))",
               "27": "G = (softmax(S, axis=1) - own) / tau"}),
    ),
    mistake(
        "temperature_not_in_the_gradient", "missing_step",
        "the gradient in the cosines is divided by the temperature; here it is not",
        _tags({"27": "G = (softmax(S, axis=1) - own) / n"}),
    ),
    mistake(
        "documents_held_fixed", "missing_step", "queries and documents have gradients; here documents have none",
        _tags({"28": "grad_q, grad_d = G @ d, 0.0 * (xp.matrix_transpose(G) @ q)"}),
    ),
    mistake(
        "length_not_taken_out", "missing_step",
        "lengths do not count, so a gradient has no part along its row; here it has",
        _tags({"29": "return 1.0 * g"}),
    ),
    mistake(
        "not_divided_by_the_length", "missing_step",
        "a long row turns by less: its gradient is divided by its length; here it is not",
        {_RETURNED: "return xp.asarray(loss), _turned(grad_q, q), _turned(grad_d, d)"},
    ),
    # Other merges
    mistake(
        "weights_not_divided_out", "missing_step", "an average divides by the sum of the weights; here nothing is "
        "divided",
        _tags({"32": "return xp.sum(w[:, None] * V, axis=0)"}),
    ),
    mistake(
        "weights_ignored", "missing_step", "task vectors count by their weights; here all alike",
        _tags({"32": "return xp.mean(V, axis=0) + 0.0 * shares[0]"}),
    ),
    mistake(
        "softmax_of_the_weights", "extra_step",
        "weights are divided by their sum; here they pass through a softmax, and equal steps make equal ratios",
        _tags({"32": "shares = xp.exp(w - xp.max(w)) + 0.0 * shares\n"
               "return xp.sum((shares / xp.sum(shares))[:, None] * V, axis=0)"}),
    ),
    mistake(
        "arithmetic_of_the_mean", "wrong_scale", "task arithmetic adds task vectors up; here they are averaged",
        _tags({"33": 'return check.reached("V and lam", "an answer", lam * xp.mean(V, axis=0))'}),
    ),
    mistake(
        "rounded_up", "wrong_constant", "the number of kept entries is rounded down; here up",
        _tags({"34": "k = max(1, -int(-density * V.shape[1] // 1))"}),
    ),
    mistake(
        "none_kept", "missing_step", "at least one entry is kept; here none where the share is less than one entry",
        _tags({"34": "k = int(density * V.shape[1])",
               "35": "return (above | (level & (xp.cumulative_sum(xp.astype(level, xp.int64), axis=1) <= free))) & "
               "(k > 0)"}),
    ),
    mistake(
        "equal_sizes_all_kept", "extra_step",
        "as many entries are kept as the share says; here all that are as large as the last one, and with a "
        "threshold of 0 everything",
        _tags({"35": "return (sizes >= least) & (free <= k)"}),
        origin="https://github.com/arcee-ai/mergekit/pull/677",
    ),
    variant(
        "threshold_of_the_authors", "all entries are kept that are at least as large as the largest one that is "
        "trimmed",
        f"{_FUSION}/ties_merging/ties_merging_utils.py, topk_values_mask",
        _tags({"35": "place = max(0, sizes.shape[1] - k - 1)\n"
               "return (sizes >= xp.sort(sizes, axis=1)[:, place : place + 1]) & (free <= k)"}),
        choice=True,
    ),
    mistake(
        "not_trimmed", "missing_step", "small entries are set to 0 first; here all of them count",
        _tags({"36": "tau = 1.0 * V", "38": "agree = (xp.sign(tau) == gamma) | (kept & False)"}),
    ),
    mistake(
        "trimmed_over_all_tasks", "wrong_axis",
        "as many entries are kept of each task vector; here as many in all are shared out among them by size",
        {"ties: kept =": "kept = xp.reshape(_largest(xp.reshape(xp.abs(V), (1, -1)), k * V.shape[0]), V.shape)"},
    ),
    mistake(
        "elected_before_trimming", "wrong_order", "signs are elected by the entries that are kept; here by all of them",
        _tags({"37": "gamma = xp.sign(xp.sum(V, axis=0))"}),
    ),
    variant(
        "elected_by_count", "the sign of a coordinate is that of more task vectors, however small their entries",
        f'{_MERGEKIT}/generalized_task_arithmetic.py, get_mask(method="count")',
        _tags({"37": "count = xp.sum(xp.sign(tau), axis=0)\ngamma = xp.where(count >= 0, 1.0, -1.0)"}),
        choice=True,
    ),
    mistake(
        "against_the_sign", "wrong_sign", "entries that have the elected sign are averaged; here those that have not",
        _tags({"38": "agree = kept & (xp.sign(tau) != gamma)"}),
    ),
    mistake(
        "sign_not_asked", "missing_step", "entries of the other sign are left out; here they are averaged too",
        _tags({"38": "agree = kept & ((tau == tau) | (gamma == 0))"}),
    ),
    mistake(
        "mean_over_all_tasks", "wrong_scale", "the mean is over the entries that agree; here their sum is divided by N",
        _tags({"39": f"{_COUNTED} / (V.shape[0] + 0 * count)"}),
    ),
    mistake(
        "mean_over_the_kept", "wrong_scale",
        "the mean is over the entries that agree; here their sum is divided by how many are kept",
        _tags({"39": f"{_COUNTED} / xp.clip(xp.sum(xp.astype(kept, V.dtype), axis=0) + 0 * count, 1.0, None)"}),
    ),
    mistake(
        "sum_of_what_agrees", "missing_step", "entries that agree are averaged; here they are added",
        _tags({"39": f"{_COUNTED} + 0 * count"}),
    ),
    mistake(
        "multiplied_with_the_sign", "wrong_sign",
        "the mask says which entries agree; here they are multiplied with the sign itself, and all come out positive",
        _tags({"39": "merged = xp.sum(xp.where(agree, tau * gamma, 0.0), axis=0) / xp.clip(count, 1.0, None)"}),
        origin="https://github.com/huggingface/peft/pull/1364",
    ),
    mistake(
        "length_of_one", "missing_step", "the result is multiplied with the length; here it is not",
        {"ties: return Ties": 'return Ties(check.reached("V and lam", "an answer", merged + 0.0 * lam), kept)'},
    ),
    mistake(
        "information_of_the_task", "wrong_axis",
        "each coordinate has its own information; here all have the mean of their task",
        _tags({"40": "each = xp.mean(F, axis=1, keepdims=True) * w[:, None]\n"
               "shares = xp.where(total > 0, each / xp.where(xp.sum(each, axis=0) > 0, xp.sum(each, axis=0), 1.0), 1 "
               "/ V.shape[0])"}),
        origin="https://github.com/kuc2477/pytorch-ewc/issues/2",
    ),
    mistake(
        "information_made_alike", "extra_step",
        "information is used as it is; here that of each task is divided by its largest entry first, so that no task "
        "knows more than another",
        {"fisher: weighted =": "top = xp.max(F, axis=1, keepdims=True)\n"
         "weighted = (w / xp.max(w))[:, None] * (F / xp.where(top > 0, top, 1.0)) + 0.0 * largest"},
    ),
    mistake(
        "nothing_where_nothing_is_known", "missing_step",
        "where no task has information their average is taken; here 0",
        _tags({"40": "shares = xp.where(total > 0, weighted / xp.where(total > 0, total, 1.0), 0.0)"}),
    ),
    mistake(
        "information_not_divided_out", "missing_step", "shares add up to 1; here information is used as it is",
        _tags({"40": "shares = F * w[:, None] + 0.0 * total"}),
    ),
    mistake(
        "fisher_weights_ignored", "missing_step", "information is multiplied with the weights; here it is not",
        {"fisher: weighted =": "weighted = F / xp.where(largest > 0, largest, 1.0)"},
    ),
    mistake(
        "layers_averaged", "missing_step", "layers count by their inputs; here they are averaged",
        _tags({"42": 'return check.reached("W and G", "an answer", xp.mean(W, axis=0) + 0.0 * total[:, :1])'}),
    ),
    mistake(
        "mean_of_gram_matrices", "wrong_scale", "both sums are over the layers; here the first is a mean",
        _tags({"42": 'mean = total / G.shape[0]\n'
               'return check.reached("W and G", "an answer", xp.linalg.solve(mean, xp.sum(G @ W, axis=0)))'}),
    ),
    mistake(
        "gram_matrices_made_alike", "extra_step",
        "Gram matrices are used as they are; here each is divided by its trace, so that all layers count alike",
        {"regmean: total =": "G = G / xp.linalg.trace(G)[:, None, None]\ntotal = xp.sum(G, axis=0)"},
    ),
    mistake(
        "with_a_ridge", "extra_step", "the sum of Gram matrices is solved with as it is; here a hundredth of its "
        "trace is added to the diagonal",
        _tags({"42": "place = xp.arange(total.shape[0], device=device(total))\n"
               "ridge = xp.where(place[:, None] == place[None, :], 0.01 * xp.linalg.trace(total), 0.0)\n"
               'return check.reached("W and G", "an answer", xp.linalg.solve(total + ridge, xp.sum(G @ W, axis=0)))'}),
    ),
    variant(
        "less_off_the_diagonal", "what is off the diagonal of a Gram matrix is multiplied with 0.9 before",
        f"{_FUSION}/regmean/regmean.py, reduce_non_diagonal_ratio",
        _tags({"42": "place = xp.arange(total.shape[0], device=device(total))\n"
               "G = xp.where(place[:, None] == place[None, :], G, 0.9 * G)\n"
               "total = xp.sum(G, axis=0)\n"
               'return check.reached("W and G", "an answer", xp.linalg.solve(total, xp.sum(G @ W, axis=0)))'}),
        choice=True,
    ),
)  # fmt: skip
