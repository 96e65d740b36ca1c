"""Lines of the rule as most people write them, which say the same."""

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
    "gates_in_four_blocks": {
        "pointer_net-2": "blocks = [a[:, k * H : (k + 1) * H] for k in (0, 1, 2, 3)]\n"
        "i, f, o = sigmoid(blocks[0]), sigmoid(blocks[1]), sigmoid(blocks[2])\n"
        "g = xp.tanh(blocks[3])",
        "_lstm: i, f, o =": "pass",
    },
    "input_and_state_multiplied_apart": {
        "pointer_net-1": "W_x, W_h = W[: x.shape[1], :], W[x.shape[1] :, :]\na = x @ W_x + h @ W_h + b",
    },
    "a_product_for_each_gate": {
        "pointer_net-1": "W_i, W_f, W_o, W_g = (W[:, k * H : (k + 1) * H] for k in range(4))\n"
        "b_i, b_f, b_o, b_g = (b[k * H : (k + 1) * H] for k in range(4))",
        "pointer_net-2": "i = sigmoid(z @ W_i + b_i)\n"
        "f = sigmoid(z @ W_f + b_f)\n"
        "o = sigmoid(z @ W_o + b_o)\n"
        "g = xp.tanh(z @ W_g + b_g)",
        "_lstm: i, f, o =": "pass",
    },
    "keys_and_query_by_name": {
        "pointer_logits: u, _ =": "xp = array_namespace(E)\n"
        "keys, query = E @ W1, d @ W2\n"
        "t = xp.tanh(keys + query[:, None, :])\n"
        "u = xp.sum(v * t, axis=-1)",
    },
    "mask_by_a_large_number": {
        "pointer_net-14 in pointer_logits": "xp = array_namespace(u)\n"
        "shown = u + (1 - xp.astype(mask, u.dtype)) * -1e9\n"
        "powers = xp.exp(shown - xp.max(shown, axis=1, keepdims=True))\n"
        "return u, powers / xp.sum(powers, axis=1, keepdims=True)",
    },
    "padding_by_products": {
        "pointer_net-6": "keep = xp.astype(real, P.dtype)\n"
        "h = keep * ahead_h + (1 - keep) * h\n"
        "c = keep * ahead_c + (1 - keep) * c",
    },
    "slots_after_the_end": {
        "pointer_net-7": "there = xp.arange(n, device=device(P)) < n_real[:, None]\n"
        "slots = xp.concat([xp.ones_like(there[:, :1]), there], axis=1)",
    },
    "likelihood_by_one_hot": {
        "pointer_net-15": "hot = xp.arange(logp.shape[1], device=device(P)) == target\n"
        "logps.append(xp.sum(xp.where(hot, logp, 0.0), axis=1))",
    },
    "points_by_index": {
        "pointer_net-12": "rows = xp.arange(B, device=device(P))[:, None]\npoints = P[rows, before[..., 0], :]",
    },
    "cell_backwards_gate_by_gate": {
        "pointer_net-18": "dsquashed = dh * o\ndc = dc + dsquashed * (1 - squashed**2)",
        "pointer_net-19": "di, df, do, dg = dc * g, dc * c, dh * squashed, dc * i\n"
        "gates = [di * i * (1 - i), df * f * (1 - f), do * o * (1 - o)]",
        "pointer_net-20": "da = xp.concat([*gates, dg * (1 - g**2)], axis=1)",
    },
    "gradients_added_up_step_by_step": {
        "_sum: return": "dW = sum(xp.matrix_transpose(x) @ y for x, y in pairs)\n"
        "db = sum(xp.sum(y, axis=0) for _, y in pairs)\n"
        "return dW, db",
    },
    "slope_of_cross_entropy_in_steps": {
        "pointer_net-23": "du = xp.exp(logp)\ndu = du - hot\ndu = du * share[:, i][:, None]",
    },
    "adam_with_named_rates": {
        "pointer_net-41": "beta1, beta2 = 0.9, 0.999\nfirst = beta1 * state.first + (1 - beta1) * g",
        "pointer_net-42": "second = beta2 * state.second + (1 - beta2) * g**2",
        "update: root =": "first_hat, second_hat = first / (1 - beta1**t), second / (1 - beta2**t)\n"
        "root = xp.sqrt(second_hat) + 1e-8",
        "pointer_net-43": "return unravel(theta - lr * first_hat / root), TrainState(first, second, t)",
    },
    "what_is_left_by_alternatives": {
        "pointer_net-33": "over = ~xp.any(left, axis=1, keepdims=True)\nreturn (left & first) | (over & (place == 0))",
    },
    "beams_by_parents": {
        "pointer_net-36": "best = xp.argsort(-total, axis=1, stable=True)\nbest = best[:, :width]",
        "decode: score, flat =": "parent = best // K\n"
        "score = xp.take_along_axis(total, best, axis=1)\n"
        "flat = xp.reshape(parent + rows, (-1,))",
    },
    "point_that_was_chosen_by_index": {
        "pointer_net-37": "before = xp.clip(chosen - 1, min=0)\nx = P[xp.arange(B * width), before]",
    },
    "turn_by_differences": {
        "pointer_net-44": "u = b[0] - a[0], b[1] - a[1]\n"
        "w = c[0] - a[0], c[1] - a[1]\n"
        "return u[0] * w[1] - u[1] * w[0]",
    },
    "corners_counted_around": {
        "pointer_net-46": "m = len(halves)\nreturn [halves[(first + k) % m] for k in range(m)]",
    },
    "both_directions_by_name": {
        "pointer_net-49": "turned = [shifted[0], *reversed(shifted[1:])]\n"
        "right += shifted == true or (any_orientation and turned == true)",
    },
    "scores_by_name": {
        "hull_score: found =": "n, valid = len(points), len(areas)\n"
        "accuracy, invalid = right / n, (n - valid) / n\n"
        "area = sum(areas) / valid if valid > 0 else 0.0\n"
        "found = accuracy, area, invalid",
    },
    "shoelace_by_index": {
        "pointer_net-47": "m = len(polygon)\n"
        "twice = sum(x[k] * y[(k + 1) % m] - x[(k + 1) % m] * y[k] for k in range(m))\n"
        "return float(twice) / 2",
    },
    "sides_that_cross": {
        "_apart: return left": "crossing = left * right <= 0 and above * below <= 0\nreturn not crossing",
    },
    "circumcentre_and_radius": {
        "pointer_net-51": "D = 2 * np.where(turn == 0, 1, turn)[:, None]\n"
        "u_x = (q[..., 1] * square(p) - p[..., 1] * square(q)) / D\n"
        "u_y = (p[..., 0] * square(q) - q[..., 0] * square(p)) / D\n"
        "inside = (offsets[..., 0] - u_x) ** 2 + (offsets[..., 1] - u_y) ** 2 - (u_x**2 + u_y**2)",
        "pointer_net-52": "empty = np.all(~others | (inside > 0), axis=1) & (turn != 0)",
    },
    "incenters_side_by_side": {
        "_delaunay: sides =": "length = lambda z: np.linalg.norm(z, axis=1, keepdims=True)\n"
        "l_a, l_b, l_c = length(b - c), length(a - c), length(a - b)\n"
        "perimeter = l_a + l_b + l_c",
        "pointer_net-53": "centers = (l_a * a + l_b * b + l_c * c) / perimeter",
    },
    "triangles_as_sorted_triples": {
        "triangle_score: triples =": "sets = lambda row: (row[3 * k : 3 * k + 3] for k in range(len(row) // 3))\n"
        "triples = lambda row: {tuple(sorted(triangle)) for triangle in sets(row)}",
    },
    "missing_triangles_and_others": {
        "triangle_score: right +=": "missing, other = true - found, found - true\n"
        "right += not missing and not other and len(row) % 3 == 0",
        "pointer_net-55": "covered.append(1 - len(missing) / len(true))",
    },
    "distances_by_coordinates": {
        "_distances: gaps =": "dx = x[:, :, None, 0] - x[:, None, :, 0]\ndy = x[:, :, None, 1] - x[:, None, :, 1]",
        "_distances: return": "return np.sqrt(dx**2 + dy**2)",
    },
    "way_and_way_back": {
        "_lengths: after =": "rows = np.arange(len(D))\n"
        "way = np.sum(D[rows[:, None], tours[:, :-1], tours[:, 1:]], axis=1)",
        "pointer_net-56": "back = D[rows, tours[:, -1], tours[:, 0]]\nreturn way + back",
    },
    "held_karp_city_by_city": {
        "pointer_net-57": "ways = np.stack([cost[:, rest, m] + D[:, m + 1, k + 1] for m in range(n - 1)], axis=1)",
    },
    "two_opt_before_and_after": {
        "pointer_net-60": "before = D[a, b] + D[c, d]\nafter = D[a, c] + D[b, d]\ngain = before - after",
    },
    "softmax_over_what_is_allowed": {
        "pointer_net-34": "allowed = _allowed(rule, i, slots, used)\n"
        "logp = xp.where(allowed, log_softmax(logits, allowed), -math.inf)",
    },
    "blend_by_a_product": {
        "pointer_net-10": "blend = (a[:, None, :] @ E)[:, 0, :]\nz = xp.concat([d, blend], axis=1)",
    },
    "turn_by_slopes": {
        "pointer_net-44": "right = (b[1] - a[1]) * (c[0] - b[0]) - (b[0] - a[0]) * (c[1] - b[1])\nreturn -right",
    },
    "nearest_from_here": {
        "pointer_net-59": "here = tours[:, place - 1]\n"
        "ahead = np.where(left, D[rows, here], np.inf)\n"
        "tours[:, place] = np.argmin(ahead, axis=1)",
    },
    "turned_by_rolling": {
        "_one_way: turned =": "turned = np.roll(tours[:, ::-1], 1, axis=1)",
        "pointer_net-58": "second, last = tours[:, 1], tours[:, -1]\n"
        "return np.where((second > last)[:, None], turned, tours)",
    },
    "sorted_by_coordinates": {
        "_hull: order, halves =": "order = sorted(range(len(points)), key=lambda k: (points[k][0], points[k][1]))\n"
        "halves = []",
    },
}
