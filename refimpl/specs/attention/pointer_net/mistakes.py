"""What goes wrong in pointer networks: lines of the source that read otherwise."""

from refimpl.specs.base import mistake, variant

GITHUB = "https://github.com"
_BLENDS = dict.fromkeys(("gradients", "train"), "a pointer network blends nothing")
_AREA_ALONE = dict.fromkeys(("delaunay_target", "triangle_score"), "they take the area of the hull alone")
_ALL_THERE = {"train": "all points are there"}
_START, _DECODE = "_forward: E, slots, h, c, cells =", "decode: E, there, h, c, _ ="
_ENCODED, _READ = "E, slots, h, c, cells = _encode(w, P, n_real)", "E, there, h, c, _ = _encode(w, P, n_real)"
_CUT = "_backward: dgo ="
_DGO = "dgo = xp.sum(dz[:, :2], axis=0)"
_PARAMS = "_params: return array_namespace"
_GRADS = "_backward: grads ="
_CLIP = "clip / xp.clip(length(g), min=clip)"


def _at(**lines):
    """Lines by the numbers of their tags, `_14="..."`."""
    return {f"pointer_net-{number[1:]}": line for number, line in lines.items()}


def _softmax(text, choosing=None):
    """Another softmax, wherever there is one over slots; `text` with u and mask."""
    return {
        "pointer_net-14 in pointer_logits": f"xp = array_namespace(u)\np = {text}\nreturn u, p",
        "pointer_net-14 in _forward": "u, mask = logits, xp.ones_like(logits) > 0 if mask is None else mask\n"
        f"logp = xp.log({text})",
        "pointer_net-34": f"u, mask = logits, _allowed(rule, i, slots, used)\nlogp = xp.log({choosing or text})",
    }


def _with(matrices, grads):
    """Other matrices than those that were given, and their gradients told in their place."""
    return {
        _PARAMS: f"w = w._replace({matrices})\nreturn array_namespace(*arrays.values()), w, H, fed",
        _GRADS: f"grads = Weights(dWe, dbe, dWd, dbd, dgo, de0, dW1, dW2, dv)\ngrads = grads._replace({grads})",
    }


_POWERS = "(xp.exp(u) * xp.astype(mask, u.dtype))"
_LATE = (
    "used = xp.take(used, flat, axis=0) | (xp.take(late, flat, axis=0) if i else xp.zeros_like(used))\n"
    "late = place == chosen[:, None]"
)
_TWO_BIASES = (
    "more = tree.map(lambda x: 0.0 * x + 1.0, grads)\n"
    "more = tree.ravel(more._replace(be=2.0 * more.be, bd=2.0 * more.bd))[0]"
)

ALTERNATIVES = (
    # LSTM
    mistake("gates_in_another_order", "wrong_order", "the blocks are i, f, o, g; here they are read as i, f, g, o, the "
            "order of PyTorch and Keras",
            _at(_2="gates, g = sigmoid(xp.concat([a[:, : 2 * H], a[:, 3 * H :]], axis=1)), xp.tanh(a[:, 2 * H : 3 * "
                   "H])")),
    mistake("input_and_forget_exchanged", "wrong_order", "the first block is the input gate; here it is the forget "
                                                         "gate",
            {"_lstm: i, f, o =": "f, i, o = gates[:, :H], gates[:, H : 2 * H], gates[:, 2 * H :]"}),
    mistake("cell_without_tanh", "missing_step", "the cell goes out through a hyperbolic tangent; here as it is",
            {"_lstm: squashed =": "squashed = new"} | {"pointer_net-18": "dc = dc + dh * o"}),
    mistake("forget_bias_added", "extra_step", "the biases are as given; here those of the forget gates are 1 more",
            _at(_1="a = z @ W + b + xp.astype(xp.arange(4 * H, device=device(x)) // H == 1, x.dtype)")),
    mistake("new_content_by_a_gate", "wrong_constant", "new content is a hyperbolic tangent; here a sigmoid",
            {"_lstm: gates, g =": "gates, g = sigmoid(a[:, : 3 * H]), sigmoid(a[:, 3 * H :])",
             "_lstm_back: da =": "da = xp.concat([*gates, dc * i * g * (1 - g)], axis=1)"}),
    # From the encoder to the decoder
    mistake("starts_after_the_padding", "missing_step", "the decoder starts after the last real point; here after the "
            "padding", _at(_6="h, c = ahead_h, ahead_c",
                           _31="dh, dc = dz[:, 2:], before")
            | {"_backward: dz, da, before =": "dz, da, before = _lstm_back(cell, w.We, dh, dc)"},
            origin=f"{GITHUB}/bentrevett/pytorch-seq2seq/issues/90", unseen=_ALL_THERE),
    mistake("starts_from_zero", "missing_step", "the decoder starts from the last states of the encoder; here from 0",
            {_START: f"{_ENCODED}\nh, c = xp.zeros_like(h), "
                     "xp.zeros_like(c)", _CUT: f"{_DGO}\ndh = dc = xp.zeros_like(dh)",
             _DECODE: f"{_READ}\nh, c = xp.zeros_like(h), xp.zeros_like(c)"},
            origin=f"{GITHUB}/jingxil/Pointer-Networks/issues/4"),
    mistake("cell_not_handed_over", "missing_step", "the decoder takes over hidden state and cell; here the cell is 0",
            {_START: f"{_ENCODED}\nc = xp.zeros_like(c)", _CUT: f"{_DGO}\ndc = xp.zeros_like(dc)",
             _DECODE: f"{_READ}\nc = xp.zeros_like(c)"}),
    # What the decoder reads
    mistake("state_for_point", "wrong_constant", "the decoder reads the point that was chosen; here the state of the "
            "encoder at that place (of which it reads as much as a point has), and no gradient goes there",
            {"_forward: X = _read": "X = _read(w, E[:, 1:, :2] if H > 1 else P, C)",
             "pointer_net-37": "x = xp.take_along_axis(E[:, 1:, :2] if H > 1 else P, at, axis=1)[:, 0, :]"},
            origin=f"{GITHUB}/devsisters/pointer-network-tensorflow/issues/4"),
    mistake("index_for_point", "wrong_constant", "the decoder reads the point that was chosen; here its index",
            _at(_12="points = xp.broadcast_to(xp.astype(before + 1, P.dtype), (*before.shape[:2], 2))",
                _37="x = xp.broadcast_to(xp.astype(xp.clip(chosen, min=1), P.dtype)[:, None], (B * width, 2))")),
    mistake("one_place_off", "wrong_constant", "targets count points from 1; here the point that is read is counted "
                                               "from 0",
            {"_read: before =": "before = xp.clip(C[:, :-1], min=0, max=P.shape[1] - 1)[..., None]",
             "decode: "
             "at =": "at = xp.broadcast_to(xp.clip(chosen, min=0, max=n - 1)[:, None, None], (B * width, 1, 2))"}),
    mistake("sees_the_answer", "wrong_order", "the decoder reads the target before; here the one that it is asked for",
            {"_read: return": "now = xp.clip(C - 1, min=0)[..., None]\n"
             "seen = xp.take_along_axis(P, xp.broadcast_to(now, (*now.shape[:2], 2)), axis=1)\n"
             "return xp.permute_dims(seen, (1, 0, 2))", _CUT: "dgo = xp.zeros_like(w.go)"}),
    mistake("starts_at_the_origin", "missing_step", "the decoder reads the start vector first; here 0",
            {"_read: return": "start = xp.zeros((B, 1, 2), dtype=P.dtype, device=device(P))\n"
             "return xp.permute_dims(xp.concat([start, points], axis=1), (1, 0, 2))", _CUT: "dgo = xp.zeros_like(w.go)",
             "decode: x, context =": "x, context = xp.zeros((B * width, 2), dtype=P.dtype, device=device(P)), "
             "xp.zeros_like(h)"}),
    # Pointing
    mistake("tanh_omitted", "missing_step", "scores are v . tanh(e W1 + d W2); without the hyperbolic tangent d W2 "
                                            "is the "
            "same for all slots and the pointer ignores the decoder",
            _at(_8="t = A + (d @ W2)[:, None, :]",
                _22="return xp.sum(du[..., None] * t, axis=(0, 1)), du[..., None] * v + 0.0 * t")),
    mistake("matrices_exchanged", "wrong_constant", "W1 is of the encoder, W2 of the decoder; here they are exchanged",
            _with("W1=w.W2, W2=w.W1", "W1=grads.W2, W2=grads.W1")
            | {"pointer_logits: u, _ =": "u, _ = _scores(E @ W2, d, W1, v)"}),
    mistake("matrices_transposed", "wrong_axis", "rows are multiplied from the right, e W1 and d W2; here by the "
                                                 "transposes",
            _with("W1=xp.matrix_transpose(w.W1), W2=xp.matrix_transpose(w.W2)".replace("xp.", "array_namespace(w.v)."),
                  "W1=xp.matrix_transpose(grads.W1), W2=xp.matrix_transpose(grads.W2)")
            | {"pointer_logits: u, _ =": "u, _ = _scores(E @ W1.T, d, W2.T, v)"}),
    mistake("softmax_over_the_batch", "wrong_axis", "the slots of an input compete; here the inputs of the batch do",
            _softmax(f"{_POWERS} / (xp.sum({_POWERS}, axis=0, keepdims=True) + 1e-290)",
                     f"{_POWERS} / (xp.sum({_POWERS}, axis=0, keepdims=True) + 1e-290)")),
    mistake("softmax_over_one", "wrong_axis", "the slots compete; here the softmax runs along an axis of length 1, "
                                              "and all "
            "weights are 1", _softmax("xp.where(mask, xp.ones_like(u), 0.0)"),
            origin=f"{GITHUB}/localminimum/R-net/issues/8"),
    mistake("padding_competes", "missing_step", "points that are not there have no slot; here they compete",
            _at(_7="slots = xp.arange(n + 1, device=device(P)) <= n + 0 * n_real[:, None]")
            | {"pointer_net-14 in pointer_logits": "return u, array_namespace(u).exp(log_softmax(u))",
               "decode: slots =": "slots = place <= n + 0 * xp.repeat(n_real, width)[:, None]"}, unseen=_ALL_THERE),
    mistake("mask_as_a_factor", "wrong_constant", "a masked slot has the logit -inf; here its logit is multiplied by "
                                                  "0 and "
            "takes part with exp(0)",
            {"pointer_net-14 in pointer_logits": "return u, array_namespace(u).exp(log_softmax(u * array_namespace(u)"
             ".astype(mask, u.dtype)))",
             "pointer_net-14 in _forward": "logp = log_softmax(logits if mask is None else logits * xp.astype(mask, "
             "logits.dtype))",
             "_logits: a =": "a = softmax(u * xp.astype(slots, u.dtype))",
             "pointer_net-34": "logp = log_softmax(logits * xp.astype(_allowed(rule, i, slots, used), logits.dtype))"},
            origin=f"{GITHUB}/georg-wolflein/good-features/pull/1", unseen=_ALL_THERE),
    mistake("scores_not_weighted", "missing_step", "v weighs the hyperbolic tangents; here they are added up",
            _at(_9="return array_namespace(A).sum(t, axis=-1) + 0.0 * (t @ v), t",
                _22="return 0.0 * v, du[..., None] * (1 - t * t)")),
    # Loss
    mistake("end_not_counted", "missing_step", "the end is a target like the others; here the loss leaves it out",
            _at(_16="counts = C > 0")),
    mistake("padding_counted", "missing_step", "steps without a target do not count; here they count as the end",
            _at(_16="counts = C >= -1")),
    mistake("mean_of_means", "wrong_axis", "the loss is a mean over all targets of the batch; here each input has "
                                           "its mean "
            "first, and short answers weigh more",
            _at(_17="rows = xp.sum(xp.astype(counts, P.dtype), axis=1, keepdims=True)\n"
                    "share = xp.astype(counts, P.dtype) / xp.clip(rows, min=1.0) / xp.sum(xp.astype(rows > 0, "
                    "P.dtype))\n"
                    "return Forced(logp, -xp.sum(logp * share)), (E, A, cells, steps, share)")),
    mistake("sum_not_mean", "wrong_scale", "the loss is a mean; here a sum",
            {"_forward: total =": "total = xp.ones_like(logp[0, 0])"}),
    # Gradients
    mistake("cell_chain_cut", "missing_step", "the cell carries its gradient back through the forget gate; here it "
                                              "ends "
            "there", _at(_21="return da @ xp.matrix_transpose(W), da, 0.0 * dc")),
    mistake("pointing_not_sent_back", "missing_step", "states of the encoder have gradients from all steps that "
                                                      "point at "
            "them; here from the next state alone", _at(_30="dh = dh + 0.0 * dE[:, j + 1, :]")),
    mistake("encoder_detached", "missing_step", "the decoder sends the gradient of its first states to the encoder; "
                                                "here "
            "none", {_CUT: f"{_DGO}\ndh = dc = xp.zeros_like(dh)"}),
    mistake("query_not_sent_back", "missing_step", "the state of the decoder has a gradient from its scores; here "
                                                   "from the "
            "next step alone", _at(_27="dh = dh + 0.0 * dq")),
    mistake("softmax_gradient_not_centred", "missing_step", "the gradient of a softmax is a (g - a . g); here a g",
            _at(_26="du = a * xp.sum(E * dcontext[:, None, :], axis=-1)"), unseen=_BLENDS),
    mistake("context_not_sent_back", "missing_step", "states of the encoder have a gradient from the blended "
                                                     "context; here "
            "from the scores alone", _at(_25="dE = dE + 0.0 * a[..., None]"), unseen=_BLENDS),
    mistake("fed_context_detached", "missing_step", "the context that is fed sends a gradient back to the step "
                                                    "before; here "
            "none", _at(_28="dh, dcontext = dz[:, -H:], xp.zeros_like(dh)"), unseen=_BLENDS),
    # Decoding
    mistake("city_follows_itself", "wrong_order", "a city is used as soon as it is chosen; here the mask is a step "
                                                  "late",
            {"decode: used = xp.take": _LATE}),
    mistake("any_first_city", "missing_step", "a tour begins with city 1; here anywhere",
            {"_allowed: first =": "first = place > 0"}),
    mistake("ends_early", "missing_step", "a tour ends after all cities; here it may end before",
            _at(_33="return (left & first) | (place == 0) & ((i > 0) | ~xp.any(left, axis=1, keepdims=True))")),
    mistake("goes_on_after_the_end", "missing_step", "nothing follows the end; here the decoder goes on",
            _at(_35="logp = logp + 0.0") | {"decode: over =": "over = xp.take(ended & ~ended, flat)"}),
    mistake("steps_compete_alone", "missing_step", "beams compete by the sum of their log-probabilities; here by the "
                                                   "last "
            "one", {"decode: "
                    "total =": "total = xp.reshape(xp.where(xp.reshape(score, (-1, 1)) > -math.inf, logp, -math.inf), "
                                       "(B, width * K))"}),
    mistake("states_of_another_beam", "wrong_order", "states go with the beam that was continued; here they stay in "
                                                     "their "
            "place", {"decode: chosen, h, c =": "chosen = xp.reshape(best % K, (-1,))"}),
    mistake("not_renormalized", "missing_step", "probabilities are of what may be chosen; here of all slots",
            _at(_34="logp = xp.where(_allowed(rule, i, slots, used), log_softmax(logits, slots), -math.inf)")),
    mistake("counted_from_zero", "wrong_output", "points are told counted from 1; here from 0",
            {"decode: "
             "over =": "over, written = xp.take(ended, flat), [xp.where(one > 0, one - 1, one) if k == i - 1 else one "
             "for k, one in enumerate(written)]",
             "decode: first = ": "first = xp.arange(B, device=device(P)) * width\n"
             "written[-1] = xp.where(written[-1] > 0, written[-1] - 1, written[-1])"}),
    # Training
    mistake("clipped_by_array", "wrong_axis", "all gradients together are shortened; here each array by itself",
            _at(_39="g = tree.ravel(tree.map(lambda x: x * (clip / xp.clip(length(xp.reshape(x, (-1,))), "
                    "min=clip))[0], "
                    "grads))[0]"), origin=f"{GITHUB}/carpedm20/MemN2N-tensorflow/issues/19"),
    mistake("clipped_by_entry", "wrong_axis", "the norm of the gradient is bounded; here each entry",
            _at(_39="g = xp.clip(g, min=-clip, max=clip)")),
    mistake("step_clipped", "wrong_order", "the gradient is shortened before Adam sees it; here Adam's step is",
            _at(_39="g = g + 0.0",
                _43="step = (first / (1 - 0.9**t)) / root\n"
                    "return unravel(theta - lr * step * (clip / xp.clip(length(step), min=clip))), TrainState(first, "
                    "second, t)"),
            origin=f"{GITHUB}/sanchit-gandhi/seq2seq-speech/pull/7"),
    mistake("made_longer", "missing_step", "only a longer gradient is changed; here a shorter one is made as long",
            _at(_39="g = g * (clip / length(g))")),
    mistake("not_clipped", "missing_step", "a long gradient is shortened; here not", _at(_39="g = g + 0.0")),
    mistake("moments_not_corrected", "missing_step", "the means of Adam are divided by the weight that they have; "
                                                     "here not",
            {"update: root =": "root = xp.sqrt(second) + 1e-8"}
            | _at(_43="return unravel(theta - lr * first / root), TrainState(first, second, t)")),
    # Targets
    mistake("clockwise", "wrong_sign", "hulls run counter-clockwise; here clockwise",
            _at(_46="return halves[first::-1] + halves[:first:-1]"), unseen=_AREA_ALONE),
    mistake("from_the_lowest_x", "wrong_constant", "hulls begin with the lowest index; here with the lowest x",
            {"_hull: first =": "first = 0"},
            unseen=_AREA_ALONE),
    mistake("sides_count", "wrong_constant", "points on a side are no corners; here they are",
            {"pointer_net-45": "while len(chain) > 1 and _cross(*(points[k] for k in (*chain[-2:], j))) < 0:"},
            origin=f"{GITHUB}/kartikkukreja/blog-codes/issues/3",
            unseen=_AREA_ALONE),
    mistake("by_centroid", "wrong_constant", "triangles come in the order of their incenters; here of their centroids",
            _at(_54="order = np.lexsort(((a + b + c) / "
                    "3).T[::-1])"), unseen={"triangle_score": "order does not count"}),
    mistake("by_index", "missing_step", "triangles come in the order of their incenters; here of their indices",
            _at(_54="order = np.arange(len(centers))"), unseen={"triangle_score": "order does not count"}),
    mistake("centroid", "wrong_constant", "an incenter weighs corners by the opposite sides; here all count the same",
            _at(_53="centers = (a + b + c) / 3 + 0.0 * sides[0]"), unseen={"triangle_score": "order does not count"}),
    mistake("no_way_back", "missing_step", "a tour is closed; here its length lacks the way back",
            _at(_56="return np.sum(D[np.arange(len(D))[:, None], tours[:, :-1], after[:, :-1]], axis=1)"),
            origin=f"{GITHUB}/machine-reasoning-ufrgs/TSP-GNN/issues/1"),
    mistake("shortest_path", "missing_step", "the shortest tour is closed; here the shortest path is sought",
            {"_held_karp: last = np.argmin(cost": "last = np.argmin(cost[:, -1, :], axis=1)"}),
    mistake("either_direction", "missing_step", "of both directions the one counts in which the second city is lower "
                                                "than "
            "the last; here as it comes", _at(_58="return tours")),
    mistake("one_turn", "missing_step", "stretches are turned as long as that helps; here once",
            {"_two_opt: tour =": "return np.concatenate([tour[:s], tour[s:e][::-1], tour[e:]])"}),
    mistake("nearest_to_the_first", "wrong_order", "the nearest city to the last one follows; here to the first",
            _at(_59="tours[:, place] = np.argmin(np.where(left, D[rows, tours[:, 0]], np.inf), axis=1)")),
    # Scores
    mistake("area_with_its_sign", "missing_step", "the area counts; here a clockwise one is negative",
            _at(_50="areas.append(_area(x[[*row]]) / _area(x[true]))")),
    mistake("must_begin_alike", "missing_step", "a hull may begin anywhere; here only with its lowest index",
            _at(_49="right += [*row] == true or (any_orientation and [row[0], *row[:0:-1]] == true)")),
    mistake("invalid_have_no_area", "wrong_axis", "the mean is over valid outputs; here invalid ones count as 0",
            {"hull_score: "
             "found =": "found = right / len(points), sum(areas) / len(points), 1 - len(areas) / len(points)"}),
    mistake("crossing_allowed", "missing_step", "sides that cross are invalid; here they pass",
            _at(_48="if len(row) < 3 or len({*row}) < len(row):\n    continue")),
    mistake("order_of_corners_counts", "extra_step", "a triangle is a set; here its corners must come in order",
            {"triangle_score: "
             "triples =": "triples = lambda row: {(*row[k : k + 3],) for k in range(0, len(row) - 2, 3)}"}),
    mistake("share_of_the_told", "wrong_constant", "coverage is a share of the true triangles; here of those that "
                                                   "are told",
            _at(_55="covered.append(len(found & true) / max(1, len(found)))")),
    # What other sources do on purpose
    variant("scores_bounded", "scores are 10 tanh(u), as where networks are trained by rewards",
            "rl4co, https://github.com/ai4co/rl4co (SimpleAttention, use_tanh=True, its default); Bello et al. (2016)",
            _at(_9="return 10 * array_namespace(A).tanh(t @ v), t",
                _22="du = du * 10 * (1 - xp.tanh(t @ v) ** 2)\n"
                    "return xp.sum(du[..., None] * t, axis=(0, 1)), du[..., None] * v * (1 - t * t)"), choice=True),
    variant("used_slots_masked", "points that were a target before cannot be one again, in training too",
            "rl4co, https://github.com/ai4co/rl4co (PointerNetwork, mask_glimpses and mask_logits)",
            {"pointer_net-14 in _forward": "place = xp.arange(logits.shape[1], device=device(P))\n"
             "gone = xp.any((place[None, :, None] == C[:, None, :i]) & (place[None, :, None] > 0), axis=2)\n"
             "some = ~gone if mask is None else mask & ~gone\n"
             "logp = log_softmax(logits, some)"}, choice=True),
    variant("norm_with_a_millionth", "the norm of the gradient counts 1e-6 more before it is compared with the limit",
            "https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.clip_grad_norm_.html (its source)",
            _at(_39="g = g * xp.clip(clip / (length(g) + 1e-6), max=1.0)"), choice=True),
    variant("two_biases", "each LSTM has two vectors of biases and both are trained, so that their sum moves twice "
                          "as fast",
            "https://docs.pytorch.org/docs/stable/generated/torch.nn.LSTM.html (b_ih and b_hh)",
            _at(_39="g = g * (clip / xp.clip(length(xp.concat([g, grads.be, grads.bd])), min=clip))",
                _40=f"{_TWO_BIASES}\nreturn unravel(theta - lr * more * g), TrainState(state.first, state.second, t)")
            | _at(_43=f"{_TWO_BIASES}\nreturn unravel(theta - lr * more * (first / (1 - 0.9**t)) / root), "
                      "TrainState(first, "
                      "second, t)"), choice=True),
)  # fmt: skip


FORMS = {
    "softmax_written_out": {
        "pointer_net-14 in _forward": "shown = logits if mask is None else xp.where(mask, logits, -math.inf)\n"
        "shown = shown - xp.max(shown, axis=-1, keepdims=True)\n"
        "logp = shown - xp.log(xp.sum(xp.exp(shown), axis=-1, keepdims=True))",
    },
    "probabilities_of_the_pointer": {
        "pointer_net-14 in pointer_logits": "xp = array_namespace(u)\n"
        "shown = xp.where(mask, u, -math.inf)\n"
        "powers = xp.exp(shown - xp.max(shown, axis=1, keepdims=True))\n"
        "return u, powers / xp.sum(powers, axis=1, keepdims=True)",
    },
    "gradient_of_softmax_written_out": {
        "pointer_net-26": "back = xp.sum(E * dcontext[:, None, :], axis=-1)\n"
        "du = a * (back - xp.sum(a * back, axis=-1, keepdims=True))",
    },
    "adam_and_clipping_as_in_libraries": {
        "pointer_net-39": "norm = xp.sqrt(xp.sum(g * g))\ng = g * clip / norm if norm > clip else g",
        "update: root =": "root = xp.sqrt(second) / math.sqrt(1 - 0.999**t) + 1e-8",
        "pointer_net-43": "rate = lr / (1 - 0.9**t)\n"
        "return unravel(theta - rate * first / root), TrainState(first, second, t)",
    },
    "gates_one_by_one": {
        "pointer_net-2": "i = 1 / (1 + xp.exp(-a[:, :H]))\n"
        "f = 1 / (1 + xp.exp(-a[:, H : 2 * H]))\n"
        "o = 1 / (1 + xp.exp(-a[:, 2 * H : 3 * H]))\n"
        "g = xp.tanh(a[:, 3 * H :])",
        "_lstm: i, f, o =": "i, f, o = i, f, o",
    },
    "circle_around_each_point": {
        "pointer_net-51": "r, s, t = (corner.T[:, None, :] - x for corner in (a, b, c))\n"
        "inside = square(r) * (s[..., 0] * t[..., 1] - s[..., 1] * t[..., 0])\n"
        "inside = inside - square(s) * (r[..., 0] * t[..., 1] - r[..., 1] * t[..., 0])\n"
        "inside = inside + square(t) * (r[..., 0] * s[..., 1] - r[..., 1] * s[..., 0])",
        "pointer_net-52": "empty = np.all(~others | (np.sign(turn)[:, None] * inside < 0), axis=1) & (turn != 0)",
    },
}
