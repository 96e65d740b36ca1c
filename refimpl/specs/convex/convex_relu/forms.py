"""Lines of the rule as most people write them, which say the same."""

FORMS = {
    "the_linear_system_built": {
        "solve_smooth: t =": "xs = [D[:, i : i + 1] * X for i in range(D.shape[1])]\n"
        "F = xp.concat([*xs, *(-x for x in xs)], axis=1)\n"
        "G = xp.concat([(2 * D[:, i : i + 1] - 1) * X for i in range(D.shape[1])] * 2, axis=1)\n"
        "block = xp.arange(F.shape[1], device=device(F)) // X.shape[1]\n"
        "GG = xp.where(block[:, None] == block[None, :], xp.matrix_transpose(G) @ G, 0.0)\n"
        "A = xp.eye(F.shape[1], dtype=F.dtype, device=device(F)) + xp.matrix_transpose(F) @ F / setup.rho + GG",
        "solve_smooth: z =": "flat = xp.reshape(xp.matrix_transpose(right), (-1, 1))\n"
        "u = xp.reshape(xp.linalg.solve(A, flat), (2, D.shape[1], X.shape[1]))",
        "convex_relu-11": "return xp.matrix_transpose(u)",
    },
    "group_soft_threshold": {
        "shrink: norms =": "norms = xp.sqrt(xp.sum(weights**2, axis=1, keepdims=True))",
        "shrink: return": "factor = xp.clip(1 - threshold / xp.where(norms > 0, norms, 1.0), min=0.0)\n"
        "return factor * weights",
    },
    "each_half_by_itself": {
        "convex_relu-16": "g_v = pull + rho * (u[0, :] - v[0, :] + lam[0, :]) + rho * (side * strain[0, :]) @ X\n"
        "g_w = -pull + rho * (u[1, :] - v[1, :] + lam[1, :]) + rho * (side * strain[1, :]) @ X\n"
        "g = xp.stack([g_v, g_w])",
        "block_step: moved =": "moved = seen * (X @ g_v) - seen * (X @ g_w)",
    },
    "cross_entropy_written_out": {
        "_cross_entropy: return": "z = 2 * outputs\n"
        "return xp.sum(xp.clip(z, min=0.0) + xp.log1p(xp.exp(-abs(z))) - y * z)",
    },
    "sigmoid_written_out": {
        "_cross_entropy_slope: return": "p = 1 / (1 + array_namespace(outputs).exp(-2 * outputs))\nreturn 2 * (p - y)",
    },
    "norms_as_they_are": {
        "group_norms: return": "xp = array_namespace(weights)\n"
        "return xp.sqrt(xp.sum(weights * weights, axis=1, keepdims=True))",
    },
    "divided_by_the_root_of_the_norm": {
        "convex_relu-7": "u = xp.take(blocks, kept, axis=1)\n"
        "return Network(u / xp.sqrt(xp.sqrt(xp.sum(u * u, axis=0))), second)",
    },
    "soft_threshold_by_conditions": {
        "scp_step: forward =": "Zt = xp.matrix_transpose(Z)\nslope = Zt @ (Z @ state.point) - Zt @ y\n"
        "forward = state.point - slope / L",
        "convex_relu-19": "cut = beta / L\nalpha = xp.where(forward > cut, forward - cut, 0.0)\n"
        "alpha = xp.where(forward < -cut, forward + cut, alpha)",
    },
    "signs_made_patterns": {
        "convex_relu-3": "products = X @ xp.matrix_transpose(draws)\n"
        "D = xp.where(products >= 0, xp.ones_like(products), -1.0)\n"
        "D = (1 + D) / 2",
    },
    "unique_columns_by_first_index": {
        "activation_patterns: first = _first_of_each": "_, first = xp.unique(D, axis=1, return_index=True)\n"
        "first = sorted(first.tolist())",
    },
    "reflection_as_a_matrix": {
        "_cells: mirrored =": "H = xp.eye(rows.shape[1]) - 2 * xp.linalg.outer(mirror, mirror) / xp.sum(mirror**2)\n"
        "mirrored = rows @ H",
    },
    "seen_and_unseen_points": {
        "convex_relu-4": "Z = X @ weights\nseen, unseen = D * Z, (1 - D) * Z\nreturn seen - unseen",
    },
    "normal_equations_times_rho": {
        "admm_step: right =": "held = state.v - state.lam + _slacks_transposed(X, D, state.s - state.nu)\n"
        "right = _predict_transposed(X, D, y) + rho * held\n"
        "right = right / rho",
    },
    "inverses_in_place_of_factors": {
        "convex_relu-9": "XX = xp.matrix_transpose(X) @ X\nroot = xp.linalg.inv(identity[1] + XX)",
        "prepare: A =": "A = X @ root @ xp.matrix_transpose(X)",
        "prepare: overlap =": "overlap = A * (D @ xp.matrix_transpose(D))",
        "convex_relu-10": "small = identity[0] + 2 * overlap / rho\nridge = xp.linalg.inv(small) / rho",
        "solve_smooth: t =": "t = root @ right",
        "solve_smooth: z =": "z = ridge @ predict(X, D, t)",
        "convex_relu-11": "correction = root @ _predict_transposed(X, D, z)\nreturn t - correction",
    },
    "one_dual_step": {
        "convex_relu-14": "step = gamma / rho\nlam = lam + step * (u - v)",
        "convex_relu-15": "nu = nu + step * (Gu - s)",
    },
    "cross_entropy_of_signs": {
        "_cross_entropy: return": "margins = 2 * (2 * y - 1) * outputs\n"
        "return xp.sum(xp.logaddexp(-margins, xp.zeros_like(margins)))",
    },
    "penalty_of_the_new_weights": {
        "block_step: penalty =": "new = state.u[:, :, i] - t * g\n"
        "weights_off = new - v + lam\n"
        "slacks_off = side * (new @ xp.matrix_transpose(X)) - s + nu\n"
        "penalty = xp.sum(weights_off**2) + xp.sum(slacks_off**2)",
    },
    "momentum_of_two_iterates": {
        "convex_relu-20": "mapping = L * (state.point - alpha)\n"
        "uphill = float(xp.sum(mapping * moved)) > 0\n"
        "t = 1.0 if uphill else state.momentum",
        "scp_step: momentum =": "momentum = 0.5 + math.sqrt(0.25 + t**2)",
        "convex_relu-21": "share = (t - 1) / momentum\n"
        "point = (1 + share) * alpha - share * state.alpha\n"
        "return SCPState(alpha, point, momentum)",
    },
    "largest_eigenvalue": {
        "lipschitz: return": "eigenvalues = xp.linalg.eigvalsh(xp.matrix_transpose(Z) @ Z)\n"
        "return float(xp.max(eigenvalues)) or 1.0",
    },
    "worst_margin_and_both_ends": {
        "certified_losses: return 0.5": "low, high = outputs - reach - y, outputs + reach - y\n"
        "worst = xp.maximum(abs(low), abs(high))\n"
        "return worst**2 / 2",
        "certified_losses: excess =": "margin = y * outputs - reach",
        "certified_losses: return xp.maximum": "hinge = xp.maximum(1 - margin, 0.0)\n"
        "logistic = xp.logaddexp(-margin, xp.zeros_like(margin))\n"
        'return hinge if loss == "hinge" else logistic',
    },
    "count_of_active_parts": {
        "_level: largest =": "sizes = xp.sort(abs(b), axis=-1, descending=True)\n"
        "largest = xp.cumulative_sum(sizes, axis=-1, include_initial=True)",
        "convex_relu-26": "roots = (shift[..., None] + epsilon * largest) / (slope + epsilon**2 * k)\n"
        "active = xp.sum(xp.astype(sizes > epsilon * roots[..., :-1], xp.int64), axis=-1, keepdims=True)\n"
        "return xp.take_along_axis(roots, active, axis=-1)[..., 0]",
    },
    "extrapolated_weights": {
        "pdhg_step: ahead =": "bar = weights + (weights - state.weights)\n"
        "ahead = _signed(_apply(X, D, mask, bar), y, loss)",
    },
    "hidden_layer_first": {
        "convex_relu-1": "before = X @ network.first\n"
        "hidden = xp.where(before > 0, before, 0.0)\n"
        "return xp.sum(hidden * network.second, axis=-1)",
    },
    "pull_of_outputs_and_of_models": {
        "_apply_transposed: pull =": "of_outputs = xp.matrix_transpose(X) @ (duals.theta[:, None] * D)\n"
        "of_models = xp.matrix_transpose(duals.phi * mask) @ D\n"
        "pull = of_outputs + of_models",
    },
}
