"""Lines of the rule as most people write them, which say the same."""

FORMS = {
    "log_of_a_sum_written_out": {
        "sdl-1": "top = xp.max(xp.clip(a, min=0.0), axis=axis, keepdims=True)\n"
        "total = xp.exp(-top) + xp.sum(xp.exp(a - top), axis=axis, keepdims=True)\n"
        "return xp.squeeze(top + xp.log(total), axis=axis) - xp.sum(targets * a, axis=axis)",
    },
    "softmax_written_out": {
        "sdl-2": "xp, shown = array_namespace(a), _with_reference(a, axis)\n"
        "powers = xp.exp(shown - xp.max(shown, axis=axis, keepdims=True))\n"
        "return powers / xp.sum(powers, axis=axis, keepdims=True)",
    },
    "gradients_multiplied_out": {
        "sdl-18": "fit = 2 * xi * (W @ (H @ H.T) - samples.x @ H.T)\n"
        "ridge = 2 * nu * W\nreturn fit + by_labels + ridge",
        "sdl-19": "fit = 2 * xi * (W.T @ W @ H - W.T @ samples.x)\nridge = 2 * nu * H\nreturn fit + by_labels + ridge",
    },
    "steps_one_by_one": {
        "sdl-11": "A = state.A - step_size * gradient.A\n"
        "B = state.B - step_size * gradient.B\n"
        "gamma = state.gamma - step_size * gradient.gamma\n"
        "moved = Lifted(A, B, gamma)",
    },
    "first_singular_values": {
        "sdl-12": "xp = array_namespace(s)\nreturn U @ (xp.eye(s.shape[0], dtype=s.dtype) * s) @ Vt",
        "truncated_svd: kept =": "kept = rank",
    },
    "ball_by_a_condition": {
        "sdl-28": "size = xp.linalg.matrix_norm(move)\n"
        "share = xp.where(size > reach, reach / xp.where(size > 0, size, 1.0), 1.0)\n"
        "value = centre + share * move",
    },
    "norm_by_singular_values": {
        "square_norm: return": "return xp.max(xp.linalg.svdvals(matrix)) ** 2",
    },
    "slope_of_the_code_written_out": {
        "label_energies: slope =": "slope = 2 * xi * (h @ W.T - x.T) @ W + (g - every) @ beta.T",
        "label_energies: curve =": "curve = identity * g[..., None, :] - g[..., :, None] * g[..., None, :]",
    },
    "features_before_coefficients": {
        "_residual_at: return": 'features = W.T @ samples.x if kind == "filter" else H\n'
        "a = beta.T @ features + gamma.T @ samples.covariates\n"
        "return probabilities(a) - samples.targets",
    },
    "features_in_the_loss": {
        "objective: a =": 'features = state.W.T @ samples.x if kind == "filter" else state.H\n'
        "a = state.beta.T @ features + gamma.T @ samples.covariates",
    },
    "penalty_block_by_block": {
        "objective: ridge =": "W, H, beta, _ = state\n"
        "ridge = xp.sum(W**2) + xp.sum(H**2) + xp.sum(beta**2) + xp.sum(gamma**2)",
    },
    "features_of_new_samples": {
        "predict: A =": 'features = W.T @ x if kind == "filter" else codes(W, x)',
        "predict: return _probabilities": "a = beta.T @ features + gamma.T @ covariates\nreturn _probabilities(a)",
    },
    "codes_by_the_pseudoinverse": {
        "sdl-29": "inverse = array_namespace(W).linalg.pinv(W)\nreturn inverse @ x",
    },
    "probabilities_without_the_reference": {
        "sdl-7": "xp = array_namespace(a)\n"
        "top = xp.clip(xp.max(a, axis=0), min=0.0)\n"
        "powers = xp.exp(a - top)\n"
        "return powers / (xp.exp(-top) + xp.sum(powers, axis=0)) - samples.targets",
    },
    "slope_of_the_features": {
        "_gradient_W: by_labels =": "dfeatures = beta @ R\n"
        'by_labels = samples.x @ dfeatures.T if kind == "filter" else 0.0',
    },
    "slope_of_the_coefficients": {
        "_gradient_beta: by_labels =": 'features = state.W.T @ samples.x if kind == "filter" else state.H\n'
        "by_labels = features @ R.T",
    },
    "reconstruction_by_what_is_left": {
        "sdl-9": "left = samples.x - B\ngrad_B = -2 * xi * left",
    },
    "one_hot_by_rows_of_the_identity": {
        "data: targets =": "every = xp.eye(classes, dtype=x.dtype)[labels, :]\ntargets = every[:, 1:].T",
    },
    "projection_on_leading_vectors": {
        "sdl-12": "coordinates = U.T @ matrix\nreturn U @ coordinates",
    },
    "step_and_projection_one_by_one": {
        "sdl-27": "step = 1 / length\nvalue = getattr(state, block) - step * slope\nvalue = project(value)",
    },
    "norm_of_order_two": {
        "square_norm: gram =": "norm = xp.linalg.norm(matrix, ord=2)",
        "square_norm: return": "return norm**2",
    },
    "curvature_part_by_part": {
        "sdl-14": "of_fit, of_ridge = 2 * xi, 2 * nu\nmu = min(of_fit, of_ridge) * xp.ones_like(square)",
        "sdl-15": "of_labels = _steepest(samples) * square + of_ridge\n"
        "return mu, xp.maximum(of_labels, of_fit * xp.ones_like(square))",
    },
    "norm_of_samples_and_covariates": {
        "curvature: square =": "both = xp.concat([samples.x, samples.covariates])\n"
        "of_covariates = xp.linalg.svdvals(samples.covariates)[0]\n"
        'square = xp.linalg.svdvals(both)[0] ** 2 if kind == "filter" else 1 + of_covariates**2',
    },
}
