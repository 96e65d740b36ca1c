"""What goes wrong with prompts and virtual outliers: lines of the source that read otherwise."""

from refimpl.specs.base import mistake, variant


def _tags(edits):
    return {f"ovor-{number}": line for number, line in edits.items()}


OFFICIAL = "https://github.com/jpmorganchase/ovor"
_SCORES = "scaled_scores(q, K)"
_KEPT = "kept = _loneliest(candidates, Z, {}, rank, {})"
_BORDER = "boundary = _loneliest(Z, Z, {}, rank, select)"
_CANDIDATES = "candidates = xp.reshape({}, (-1, Z.shape[1]))"
_KTH = "return {}"
_NEAR = "xp.sort(xp.vecdot(gaps, gaps), axis=1)"
_D_ID = "d_id = ce_gradient - {}"
_D_OUT = "d_out = {}"
_PAY = "{0} = _huber(xp.clip({1}, 0.0, None))"
_ADAM = "return adam.update(head, state, grads, lr=lr{})"
_STEPS = "steps = xp.take(eps, longest, axis=0) @ {}"
_PAIRS = "asked = xp.astype(xp.any(chosen[:, :, None] == numbers, axis=1), query.dtype)"

ALTERNATIVES = (
    # One prompt
    mistake(
        "keys_for_values", "wrong_order", "the prompt's keys go before the keys; here its two halves are exchanged",
        _tags({"1": "K, V = (xp.concat([P, x], axis=2) for P, x in zip(prompt[::-1], (k, v), strict=True))"}),
    ),
    mistake(
        "prompt_behind_the_tokens", "wrong_axis",
        "the prompt stands before the tokens; here behind them, while its gradient is still read off in front",
        _tags({"1": "K, V = (xp.concat([x, P], axis=2) for P, x in zip(prompt, (k, v), strict=True))"}),
    ),
    mistake(
        "scores_not_scaled", "missing_step", "scores are divided by the root of a head's width; here they are not",
        _tags({"2": f"A = weights_of(math.sqrt(q.shape[-1]) * {_SCORES})"}),
    ),
    mistake(
        "scaled_by_all_heads", "wrong_constant",
        "scores are divided by the root of a head's width; here by that of all heads together",
        _tags({"2": f"A = weights_of({_SCORES} / math.sqrt(q.shape[1]))"}),
    ),
    mistake(
        "two_softmaxes", "wrong_order", "one softmax over prompt and tokens; here each has its own, and they are added",
        _tags({"2": "m = P_k.shape[0]\nA = xp.concat([weights_of(scaled_scores(q, x)) for x in (K[:, :, :m, :], "
                    "K[:, :, m:, :])], axis=-1)"}),
    ),
    mistake(
        "heads_interleaved", "wrong_axis",
        "a prompt vector is cut into heads, one after the other; here its coordinates go round the heads",
        {"_over_heads: P =": "P = xp.permute_dims(xp.reshape(P, (P.shape[0], d, H)), (2, 0, 1))"},
    ),
    mistake(
        "prompt_gradient_averaged", "wrong_scale", "the prompt's gradient is a sum over the inputs; here a mean",
        {"_over_tokens: return": "return xp.reshape(xp.permute_dims(xp.mean(G, axis=0), (1, 0, 2)), (m, H * d))"},
    ),
    mistake(
        "gradient_of_tokens", "wrong_output",
        "the prompt has the first weights; here the gradient of the last is taken",
        _tags({"4": "dP_v = xp.matrix_transpose(A[..., A.shape[-1] - m :]) @ dO"}),
    ),
    mistake(
        "weights_not_normalised_in_gradient", "missing_step",
        "the softmax shares out a sum of 1; here its gradient leaves out what the other keys lose",
        _tags({"5": "dS = A * (dO @ xp.matrix_transpose(V))"}),
    ),
    mistake(
        "gradient_not_scaled", "wrong_scale", "the gradient of the keys has the scale of the scores; here not",
        _tags({"6": "dP_k = xp.matrix_transpose(dS[..., :m]) @ q"}),
    ),
    mistake(
        "prompt_keys_fixed", "missing_step", "keys of the prompt are learned too; here their gradient is 0",
        _tags({"6": "dP_k = 0.0 * (xp.matrix_transpose(dS[..., :m]) @ q)"}),
    ),
    # The regularised loss
    mistake(
        "energy_without_minus", "wrong_sign", "energy is minus the log-sum-exp; here the log-sum-exp",
        _tags({"8": "return logsumexp(o, axis=-1)"}),
    ),
    mistake(
        "largest_logit", "missing_step", "energy is a log-sum-exp; here the largest logit alone",
        _tags({"8": "return -array_namespace(o).max(o, axis=-1)"}),
    ),
    mistake(
        "log_mean_exp", "wrong_constant", "the exponentials are added; here averaged, which moves energies by log c",
        _tags({"8": "return math.log(o.shape[-1]) - logsumexp(o, axis=-1)"}),
    ),
    mistake(
        "overflowing_energy", "numerics", "take the largest logit out of the sum; here exp overflows from 710 on",
        _tags({"8": "return -array_namespace(o).log(array_namespace(o).sum(array_namespace(o).exp(o), axis=-1))"}),
        unseen={"trajectory": "the logits of the cases are small, where it is the same"},
    ),
    mistake(
        "never_clipped", "missing_step", "Huber's function is a line from 1 on; here the parabola goes on",
        _tags({"9": "return u * (u / 2), u"}),
    ),
    variant(
        "squared_hinge", "a square without a half in place of Huber's function, as energy-based detectors have it",
        f"{OFFICIAL}, learners/ood.py, huber=False; https://github.com/weitliu/energy_ood/issues/16",
        _tags({"9": "return u * u, 2 * u"}), choice=True,
    ),
    mistake(
        "line_without_offset", "wrong_constant",
        "the line is u - 1/2 and meets the parabola; here it is u, with a jump at 1",
        _tags({"9": "return array_namespace(u).where(u <= 1, u * u / 2, u), slope"}),
        unseen={"trajectory": "its gradient is the same"},
    ),
    mistake(
        "energies_pulled_to_the_threshold", "missing_step",
        "features pay above their threshold alone; here also below it",
        _tags({"10": "h_id, slope_id = _huber(abs(energy(o_id) - tau_id))"}),
    ),
    mistake(
        "wrong_side_of_features", "wrong_sign", "features pay where their energy is too high; here where it is low",
        _tags({"10": _PAY.format("h_id, slope_id", "tau_id - energy(o_id)")}),
    ),
    mistake(
        "wrong_side_of_outliers", "wrong_sign", "outliers pay where their energy is too low; here where it is high",
        _tags({"11": _PAY.format("h_out, slope_out", "energy(o_out) - tau_out")}),
    ),
    mistake(
        "thresholds_exchanged", "wrong_constant", "features have tau_id, outliers tau_out; here the other one",
        _tags({"10": _PAY.format("h_id, slope_id", "energy(o_id) - tau_out"),
               "11": _PAY.format("h_out, slope_out", "tau_id - energy(o_out)")}),
    ),
    mistake(
        "one_mean_for_both", "wrong_scale", "each term is a mean over its own rows; here over all rows together",
        _tags({"12": "id_term, out_term = xp.sum(h_id) / (n + m), xp.sum(h_out) / (n + m)",
               "14": _D_ID.format("lam * slope_id[:, None] * softmax(o_id) / (n + m)"),
               "15": _D_OUT.format("lam * slope_out[:, None] * softmax(o_out) / (n + m)")}),
    ),
    mistake(
        "terms_summed", "wrong_scale", "terms are means over their rows; here sums",
        _tags({"12": "id_term, out_term = xp.sum(h_id), xp.sum(h_out)",
               "14": _D_ID.format("lam * slope_id[:, None] * softmax(o_id)"),
               "15": _D_OUT.format("lam * slope_out[:, None] * softmax(o_out)")}),
    ),
    mistake(
        "features_not_weighted", "wrong_scale", "lam weighs both terms; here that of the outliers alone",
        _tags({"13": "loss = ce + id_term + lam * out_term",
               "14": _D_ID.format("slope_id[:, None] * softmax(o_id) / n")}),
    ),
    mistake(
        "outliers_alone", "missing_step", "features pay too; here outliers alone do",
        _tags({"13": "loss = ce + lam * out_term", "14": _D_ID.format("0.0 * slope_id[:, None]")}),
    ),
    mistake(
        "features_alone", "missing_step", "outliers pay too; here features alone do",
        _tags({"13": "loss = ce + lam * id_term", "15": _D_OUT.format("0.0 * o_out")}),
    ),
    mistake(
        "gradient_of_features_up", "wrong_sign",
        "the energy falls as logits rise: its gradient is minus the softmax; here plus, on features",
        _tags({"14": "d_id = ce_gradient + lam * slope_id[:, None] * softmax(o_id) / n"}),
    ),
    mistake(
        "gradient_of_outliers_down", "wrong_sign",
        "outliers pay for a low energy: their logits must fall; here they rise",
        _tags({"15": _D_OUT.format("-lam * slope_out[:, None] * softmax(o_out) / m")}),
    ),
    mistake(
        "slope_always_one", "missing_step", "below 1 the slope of Huber's function is u; here it is 1",
        _tags({"14": _D_ID.format("lam * xp.sign(slope_id)[:, None] * softmax(o_id) / n"),
               "15": _D_OUT.format("lam * xp.sign(slope_out)[:, None] * softmax(o_out) / m")}),
    ),
    mistake(
        "cross_entropy_summed", "wrong_scale", "cross-entropy is a mean over the features; here a sum",
        _tags({"16": "value = xp.sum(logsumexp(o, axis=1) - xp.sum(xp.where(true, o, 0.0), axis=1))",
               "17": "return value, softmax(o) - xp.astype(true, o.dtype)"}),
    ),
    # Training of the head
    mistake(
        "old_columns_compete", "missing_step",
        "cross-entropy is over the current columns; here over all, so that those of other tasks are pushed down",
        _tags({"7": "o_id, labels = (o, y) if outliers is None else (o[:, first:last], y - first)\n"
                    "if outliers is None:\n    first, last = 0, o.shape[1]"}),
    ),
    mistake(
        "energies_of_all_columns", "wrong_axis",
        "the loss with outliers is over the current columns; here over all, and moves the heads of other tasks",
        {"update: o_out =": "o_out = logits(head, outliers)",
         "update: found =": "found = vor_loss(o, y, o_out, lam=lam, tau_id=tau_id, tau_out=tau_out)\n"
                            "first, last = 0, o.shape[1]"},
    ),
    mistake(
        "bias_forgotten", "missing_step", "the bias is trained too; here it stays",
        _tags({"18": "dW, db = xp.matrix_transpose(z) @ d, 0.0 * xp.sum(d, axis=0)"}),
    ),
    mistake(
        "old_columns_decay", "extra_step",
        "columns of other tasks stay; here weight decay shrinks them, though their gradient is 0",
        _tags({"20": _ADAM.format(", decay=0.05")}),
        origin="https://github.com/LAMDA-CL/PyCIL/issues/7",
    ),
    mistake(
        "plain_descent", "wrong_order", "the step is Adam's; here the gradient's",
        _tags({"20": "return Head(*(x - lr * g for x, g in zip(head, grads, strict=True))), state"}),
    ),
    variant(
        "new_adam_for_outliers", "Adam starts anew where the second phase begins",
        "ours, for the stand-in on digits: simpler, and a choice to be told",
        {"trajectory: rows =": "rows = batches[t, :]\nif t == warm:\n    state = adam.init(head)"},
    ),
    mistake(
        "outliers_a_step_late", "wrong_order", "outliers come in after `warm` steps; here a step later",
        {"trajectory: z, labels, made =": "z, labels = xp.take(Z, rows, axis=0), xp.take(y, rows, axis=0)\n"
         "made = outliers[t, ...] if t > warm else None"},
    ),
    mistake(
        "quarter_over_n", "wrong_constant", "the last epoch is n - 1; here the quarter of the cosine is cut in n",
        _tags({"21": "return [lr * math.cos(99 * math.pi * e / (200 * n)) for e in range(n)]"}),
    ),
    mistake(
        "down_to_zero", "wrong_constant", "99/100 of a quarter, so that the last step is not 0; here all of it",
        _tags({"21": "return [lr * math.cos(math.pi * e / (2 * max(n - 1, 1))) for e in range(n)]"}),
    ),
    variant(
        "half_cosine", "half of a cosine, from lr to 0, as annealing schedules have it",
        "https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.CosineAnnealingLR.html",
        _tags({"21": "return [lr * (1 + math.cos(math.pi * e / n)) / 2 for e in range(n)]"}), choice=True,
    ),
    # Virtual outliers
    mistake(
        "about_the_origin", "missing_step",
        "candidates start at features of the border; here at the origin: the border is computed and not used",
        {"npos: z_b =": "z_b = xp.zeros_like(border)"},
        origin=f"{OFFICIAL}/issues/5",
    ),
    mistake(
        "inside_the_cloud", "wrong_sign", "keep the loneliest candidates; here those with the nearest neighbours",
        _tags({"26": f"{_KEPT.format('K', 'candidates.shape[0]')}\nkept = xp.flip(kept)[:n_out]"}),
    ),
    mistake(
        "border_inside", "wrong_sign", "the border has the loneliest features; here those with the nearest neighbours",
        _tags({"24": "boundary = xp.flip(_loneliest(Z, Z, K, rank, Z.shape[0]))[:select]"}),
    ),
    mistake(
        "itself_not_counted", "wrong_constant",
        "a feature is its own first neighbour; here it is not counted, and the neighbour is one further",
        _tags({"24": _BORDER.format("min(K + 1, Z.shape[0])")}),
    ),
    mistake(
        "candidates_count_themselves", "wrong_constant",
        "candidates are no features: all K neighbours are others; here one of the K is taken for itself",
        _tags({"26": _KEPT.format("max(K - 1, 1)", "n_out")}),
    ),
    mistake(
        "mean_distance", "wrong_order", "the distance to the K-th neighbour; here the mean over all K",
        _tags({"23": _KTH.format(f"xp.mean({_NEAR}[:, :K], axis=1)")}),
    ),
    mistake(
        "nearest_neighbour", "wrong_constant", "the K-th neighbour; here the nearest other one",
        _tags({"23": _KTH.format(f"{_NEAR}[:, min(1, members.shape[0] - 1)]")}),
    ),
    mistake(
        "city_blocks", "wrong_constant", "distances are Euclid's; here sums of sizes",
        _tags({"23": _KTH.format("xp.sort(xp.sum(abs(gaps), axis=2), axis=1)[:, K - 1]")}),
    ),
    mistake(
        "candidates_ranked_raw", "missing_step",
        "candidates are normalised too, to be ranked; here only the features are",
        _tags({"22": "points, members = (points if points is not members and points.shape[0] != members.shape[0] else "
                     "unit(points, axis=-1)), unit(members, axis=-1)"}),
        origin=f"{OFFICIAL}/blob/main/learners/ood.py",
    ),
    mistake(
        "never_normalised", "missing_step", "distances are between directions; here between points",
        _tags({"22": "points, members = points / magnitude(members), members / magnitude(members)"}),
    ),
    mistake(
        "unit_outliers", "extra_step", "directions are for the ranking alone; here outliers are made unit vectors",
        {"npos: return Outliers": "return Outliers(xp.astype(boundary, xp.int64), "
         "xp.take(unit(candidates, axis=-1), kept, axis=0))"},
    ),
    mistake(
        "steps_from_directions", "wrong_order", "steps start at the features; here at their directions",
        {"npos: border =": "border = xp.take(unit(Z, axis=-1), boundary, axis=0)"},
    ),
    mistake(
        "sigma_as_variance", "wrong_constant", "sigma is a length; here a variance",
        _tags({"25": _CANDIDATES.format("z_b[:, None, :] + math.sqrt(sigma) * eps[None, :, :]")}),
    ),
    mistake(
        "sigma_forgotten", "missing_step", "steps have the size sigma; here that of the draws",
        _tags({"25": _CANDIDATES.format("z_b[:, None, :] + eps[None, :, :]")}),
    ),
    mistake(
        "not_ranked", "missing_step", "keep the loneliest candidates; here the first",
        _tags({"26": "kept = xp.arange(n_out, device=device(Z))"}),
    ),
    mistake(
        "order_of_candidates", "wrong_output",
        "the loneliest come first; here they are in the order of the candidates",
        _tags({"26": f"kept = xp.sort({_KEPT.format('K', 'n_out').removeprefix('kept = ')})"}),
    ),
    mistake(
        "one_centre", "missing_step", "features are centred by the mean of their class; here by that of all",
        _tags({"27": "R = Z - xp.mean(Z, axis=0)"}),
    ),
    mistake(
        "not_centred", "missing_step", "features are centred before they are squared; here they are not",
        _tags({"27": "R = 1.0 * Z"}),
    ),
    mistake(
        "divided_by_n_minus_1", "wrong_constant", "the covariance is divided by n; here by n - 1",
        _tags({"28": "L = cholesky(xp.matrix_transpose(R) @ R / max(n - 1, 1) + ridge * eye)"}),
    ),
    mistake(
        "no_ridge", "missing_step", "the ridge is added to the covariance; here hardly anything",
        _tags({"28": "L = cholesky(xp.matrix_transpose(R) @ R / n + 1e-9 * eye)"}),
    ),
    mistake(
        "covariance_for_root", "missing_step", "draws are multiplied by a root of the covariance; here by itself",
        _tags({"28": "L = xp.matrix_transpose(R) @ R / n + ridge * eye"}),
    ),
    mistake(
        "shortest_draws", "wrong_sign", "the longest draws are kept; here the shortest",
        _tags({"29": "longest = xp.argsort(xp.vecdot(eps, eps), stable=True)[: n_out // c]"}),
    ),
    mistake(
        "longest_steps", "wrong_order", "the longest draws are kept; here the longest steps, after the root",
        _tags({"29": "far = eps @ xp.matrix_transpose(L)\n"
                     "longest = xp.argsort(-xp.vecdot(far, far), stable=True)[: n_out // c]"}),
    ),
    mistake(
        "root_transposed", "wrong_axis", "the root is lower triangular, and stands left of a draw; here transposed",
        {"vos: steps =": _STEPS.format("L")},
    ),
    mistake(
        "outliers_draw_by_draw", "wrong_order", "outliers come class by class; here draw by draw",
        _tags({"30": "return xp.reshape(means[None, :, :] + steps[:, None, :], (-1, Z.shape[1]))"}),
    ),
    # Pools
    mistake(
        "inner_products", "missing_step", "keys are compared by the cosine; here by the inner product",
        _tags({"31": "away = 1 - query @ xp.matrix_transpose(keys)"}),
    ),
    mistake(
        "farthest_keys", "wrong_sign", "the nearest keys are chosen; here the farthest",
        _tags({"32": "chosen = xp.argsort(-away, axis=1, stable=True)[:, :k]"}),
    ),
    variant(
        "one_choice_for_the_batch", "all queries of a batch get the prompts that most of them choose",
        "https://github.com/google-research/l2p/issues/28, batchwise_prompt",
        _tags({"32": "own = xp.argsort(away, axis=1, stable=True)[:, :k]\n"
                     "every = xp.arange(sizes['M'], dtype=own.dtype, device=device(own))\n"
                     "votes = xp.sum(xp.astype(xp.any(own[:, :, None] == every, axis=1), xp.int64), axis=0)\n"
                     "chosen = xp.broadcast_to(xp.argsort(-votes, stable=True)[:k], own.shape)"}), choice=True,
    ),
    mistake(
        "keys_of_others", "wrong_axis",
        "a query meets the keys that it chose itself; here those of every query in the batch",
        _tags({"33": "loss = xp.mean(xp.sum(xp.take(xp.mean(away, axis=0), chosen, axis=0), axis=1))"})
        | {"select_prompts: asked =": f"{_PAIRS}\nasked = xp.broadcast_to(xp.mean(asked, axis=0), asked.shape)"},
        origin=f"{OFFICIAL}/blob/main/models/zoo.py",
    ),
    mistake(
        "mean_over_the_chosen", "wrong_scale", "the loss adds up what a query chose; here it is averaged",
        _tags({"33": "loss = xp.mean(xp.take_along_axis(away, chosen, axis=1))",
               "34": "d_keys = -across / k / xp.linalg.vector_norm(keys, axis=1, keepdims=True)"}),
    ),
    mistake(
        "keys_pushed_away", "wrong_sign", "chosen keys are drawn to their queries; here pushed away",
        _tags({"33": "loss = -xp.mean(xp.sum(xp.take_along_axis(away, chosen, axis=1), axis=1))",
               "34": "d_keys = across / xp.linalg.vector_norm(keys, axis=1, keepdims=True)"}),
    ),
    mistake(
        "length_of_keys_forgotten", "missing_step",
        "a long key turns slowly: the gradient is divided by its length; here not",
        _tags({"34": "d_keys = -across"}),
    ),
    mistake(
        "along_the_key", "missing_step", "a cosine does not change along the key; here its gradient has that part",
        _tags({"34": "d_keys = -pull / xp.linalg.vector_norm(keys, axis=1, keepdims=True)"}),
    ),
    mistake(
        "query_not_masked", "missing_step", "the query is masked for each component; here it is taken whole",
        _tags({"35": "alpha = unit(query, axis=-1) @ xp.matrix_transpose(unit(keys, axis=-1))"}),
    ),
    mistake(
        "keys_masked", "wrong_order", "the query is masked; here the key",
        _tags({"35": "alpha = unit(query, axis=-1) @ xp.matrix_transpose(unit(attention * keys, axis=-1))"}),
    ),
    mistake(
        "weights_by_softmax", "extra_step", "weights are cosines; here a softmax of them",
        _tags({"36": "return softmax(alpha) @ prompts"}),
    ),
    mistake(
        "components_averaged", "wrong_scale", "components are added; here averaged",
        _tags({"36": "return alpha @ prompts / prompts.shape[0]"}),
    ),
    # What is measured
    mistake(
        "tasks_to_come_answer", "missing_step", "classes of tasks seen are answers; here those to come too",
        _tags({"37": "everywhere = xp.argmax(o, axis=1)"}),
    ),
    mistake(
        "zero_outside_the_task", "numerics", "other tasks' logits count as -inf; here as 0, which can be the largest",
        _tags({"38": "inside = xp.argmax(xp.where(own, o, 0.0), axis=1)"}),
    ),
    mistake(
        "task_always_known", "wrong_output", "the task is not known at the test; here it is",
        _tags({"37": "everywhere = xp.argmax(xp.where(own, o, -math.inf), axis=1)"}),
    ),
    mistake(
        "mean_over_all_rows", "wrong_axis", "accuracies after the last task are averaged; here all that were measured",
        _tags({"39": "accuracy = xp.mean(a)"}),
    ),
    variant(
        "average_incremental", "the mean over the tasks of the accuracy on all seen so far, beside the final one",
        "https://arxiv.org/abs/1611.07725, Section 4.1",
        _tags({"39": "counts = xp.arange(1, T + 1, dtype=a.dtype, device=device(a))\n"
                     "accuracy = xp.mean(xp.sum(xp.tril(a), axis=1) / counts)"}), choice=True,
    ),
    mistake(
        "last_earlier_task_left_out", "wrong_constant",
        "all T - 1 earlier tasks are counted; here T - 2, still divided by T - 1, and two tasks forget nothing",
        _tags({"40": "gone = [xp.max(a[j : T - 2, j]) - a[-1, j] for j in range(T - 2)]\n"
                     "forgetting = xp.sum(xp.stack(gone)) / (T - 1) if gone else 0.0 * accuracy"}),
        origin="https://github.com/Continvvm/continuum/issues/281",
    ),
    mistake(
        "last_task_counted", "wrong_constant", "the last task cannot be forgotten; here it is counted with 0",
        _tags({"40": "forgetting = xp.sum(xp.max(a[:-1, :-1], axis=0) - a[-1, :-1]) / T"}),
        origin="https://github.com/RaptorMai/online-continual-learning/pull/23",
    ),
    mistake(
        "best_with_the_last", "wrong_order",
        "the best before the last task; here the last is among them, and what was gained counts 0",
        _tags({"40": "forgetting = xp.mean(xp.max(a[:, :-1], axis=0) - a[-1, :-1])"}),
    ),
    variant(
        "against_the_first_time", "against the accuracy right after a task was learned, not the best",
        "https://avalanche-api.continualai.org/en/v0.6.0/generated/avalanche.evaluation.metrics.Forgetting.html",
        _tags({"40": "forgetting = xp.mean(xp.linalg.diagonal(a)[:-1] - a[-1, :-1])"}), choice=True,
    ),
    mistake(
        "forgetting_negative", "wrong_sign", "forgetting is what was lost; here what was gained",
        _tags({"40": "forgetting = xp.mean(a[-1, :-1] - xp.max(a[:-1, :-1], axis=0))"}),
    ),
)  # fmt: skip
