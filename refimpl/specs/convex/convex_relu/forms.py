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
}
