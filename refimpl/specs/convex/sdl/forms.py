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
}
