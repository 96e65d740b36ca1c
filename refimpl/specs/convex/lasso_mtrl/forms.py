"""Lines of the rule as most people write them, which say the same."""

FORMS = {
    "threshold_case_by_case": {
        "lasso_mtrl-13": "low = xp.where(z < -lam, z + lam, 0.0 * z)\n"
        "new = xp.where(z > lam, z - lam, low) / divisors[t]"
    },
    "without_the_coordinate": {"lasso_mtrl-12": "z = column @ (residual + column * old)"},
    "step_by_its_own_gradient": {"lasso_mtrl-12": "z = sizes[t] * (old + column @ residual / divisors[t])"},
    "program_as_it_stands": {
        "relevance_l1: b =": "scale = magnitude(right) / magnitude(matrix)\nb = right / magnitude(right)",
        "relevance_l1: A =": "A = hx.concat([matrix, -matrix], axis=1) / magnitude(matrix)",
        "lasso_mtrl-1": 'found = solver(hx.ones(2 * T), A_eq=A, b_eq=b, method="highs-ds", options=_FINE)',
        "relevance_l1: nu = basis": "p, q = found.x[:T], found.x[T:]\nnu = scale * (p - q)",
    },
    "bounds_of_the_coefficients": {
        "relevance_l1: A =": "A = hx.concat([rows, 0 * rows], axis=1)\n"
        "one = hx.eye(T)\n"
        "over = hx.concat([hx.concat([one, -one], axis=1), hx.concat([-one, -one], axis=1)])\n"
        "cost = hx.concat([hx.zeros(T), hx.ones(T)])",
        "lasso_mtrl-1": "found = solver(cost, A_ub=over, b_ub=hx.zeros(2 * T), A_eq=A, b_eq=b / magnitude(b), "
        'bounds=(None, None), method="highs-ds", options=_FINE)',
        "relevance_l1: size =": "size = hx.abs(found.x[:T])",
    },
    "least_norm_by_multipliers": {
        "lasso_mtrl-2": "xp = array_namespace(W, w)\n"
        "gram = W @ xp.matrix_transpose(W)\n"
        "multipliers = xp.linalg.solve(gram, w[:, None])[:, 0]\n"
        "return xp.matrix_transpose(W) @ multipliers"
    },
    "least_norm_by_orthonormal_rows": {
        "lasso_mtrl-2": "xp = array_namespace(W, w)\n"
        "Q, R = xp.linalg.qr(xp.matrix_transpose(W))\n"
        "return Q @ xp.linalg.solve(xp.matrix_transpose(R), w[:, None])[:, 0]"
    },
    "value_of_the_coefficients": {
        "lasso_mtrl-3": "n = xp.take(n, sampled)\nnu = xp.sqrt(n) * x\nreturn xp.sum(nu**2 / n)"
    },
    "value_by_the_information": {
        "lasso_mtrl-3": "information = (W * n) @ xp.matrix_transpose(W)\nreturn w @ (xp.linalg.pinv(information) @ w)"
    },
    "proportions_of_the_rest": {
        "lasso_mtrl-4": "share = size / most if p == 1 else (size / most) ** 2\nshare = share / xp.sum(share)",
        "lasso_mtrl-5": "rest = N - T * floor\nn = floor + xp.floor(rest * share)",
    },
    "leading_eigenvectors": {
        "spectral_start: return": "moments = xp.matrix_transpose(columns) @ columns\n"
        "values, vectors = xp.linalg.eigh(moments)\n"
        "return xp.flip(vectors[:, -k:], axis=1)"
    },
    "heads_task_by_task": {
        "heads: inner, right =": "rtol = 64 * k * float(xp.finfo(B.dtype).eps)\nBt = xp.matrix_transpose(B)",
        "lasso_mtrl-7": "W = xp.stack([xp.linalg.pinv(Bt @ G[t, ...] @ B, rtol=rtol) @ (Bt @ g[t, :]) "
        "for t in range(G.shape[0])])",
    },
    "sum_of_kronecker_products": {
        "improve: M =": "w = xp.matrix_transpose(W)\n"
        "outer = w[:, :, None] * w[:, None, :]\n"
        "parts = outer[:, :, None, :, None] * data.G[:, None, :, None, :]\n"
        "M = xp.reshape(xp.sum(parts, axis=0), (k * d, k * d))"
    },
    "basis_stacked_by_rows": {
        "improve: M =": "M = xp.reshape(xp.permute_dims(blocks, (2, 0, 3, 1)), (d * k, d * k))",
        "lasso_mtrl-9": "right = xp.matrix_transpose(data.g) @ xp.matrix_transpose(W)\n"
        "vec = solve_positive(M, xp.reshape(right, (-1,)))",
        "lasso_mtrl-10": "B = xp.reshape(vec, (d, k))\nreturn xp.linalg.qr(B)[0]",
    },
    "basis_by_its_square_root": {
        "lasso_mtrl-10": "B = xp.matrix_transpose(xp.reshape(vec, (k, d)))\n"
        "left, values, right = xp.linalg.svd(B, full_matrices=False)\n"
        "return left @ right"
    },
    "target_by_normal_equations": {
        "lasso_mtrl-11": "xp, Z = array_namespace(B, X, y), X @ B\n"
        "gram, right = xp.matrix_transpose(Z) @ Z, xp.matrix_transpose(Z) @ y\n"
        "return xp.linalg.solve(gram, right[:, None])[:, 0]"
    },
    "residual_anew": {
        "lasso_mtrl-12": "now = xp.concat([xp.stack([*entries, old]), nu[t + 1 :]])\n"
        "residual = w - W @ now\n"
        "z = column @ residual + sizes[t] * old"
    },
    "mean_of_squares": {
        "lasso_mtrl-12": "rows, alpha = W.shape[0], lam / W.shape[0]\nz = (column @ residual + sizes[t] * old) / rows",
        "lasso_mtrl-13": "size = divisors[t] / rows\nnew = xp.sign(z) * xp.maximum(xp.abs(z) - alpha, 0.0) / size",
    },
    "two_sides_of_the_threshold": {
        "lasso_mtrl-13": "above, below = xp.maximum(z - lam, 0.0), xp.maximum(-z - lam, 0.0)\n"
        "new = (above - below) / divisors[t]"
    },
    "largest_alpha": {
        "lasso_mtrl-15": "rows = W.shape[0]\n"
        "alpha = share * float(xp.max(xp.abs(xp.matrix_transpose(W) @ w))) / rows\n"
        "lam = alpha * rows"
    },
    "prices_one_by_one": {
        "lasso_mtrl-16": "m = relevance_l1(W / root, w)\nnu = m / root",
        "lasso_mtrl-17": "raw = xp.abs(nu) / root\nn = budget * raw / xp.sum(prices * raw)",
        "lasso_mtrl-18": "value = xp.sum(nu**2 / xp.where(n > 0, n, 1.0))\nreturn Priced(nu, n, value)",
    },
    "two_terms": {
        "lasso_mtrl-19": "first, second = beta * nu**2 / eps**2, beta / eps\n"
        "n = xp.ceil(xp.where(first > second, first, second))"
    },
}
