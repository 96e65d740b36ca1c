"""Lines of the rule as most people write them, which say the same."""

FORMS = {
    "sorted_by_negatives": {
        "token_reduction-1": "best = xp.argsort(-attention, axis=-1, stable=True)\nbest = best[..., :count]",
    },
    "attention_line_by_line": {
        "_decoder: scores =": "Q, K, V = X @ Wq, X @ Wk, X @ Wv\nscores = Q @ xp.matrix_transpose(K) / math.sqrt(d)",
        "token_reduction-2": "scores = xp.where((j < n) | (j <= i), scores, -math.inf)\n"
        "powers = xp.exp(scores - xp.max(scores, axis=-1, keepdims=True))\n"
        "A = powers / xp.sum(powers, axis=-1, keepdims=True)",
        "token_reduction-3": "mixed = A @ V\nX = X + mixed @ Wo",
    },
    "mean_ranks_as_in_statistics": {
        "token_reduction-5": "first, last = xp.astype(below, a.dtype) + 1, xp.astype(upto, a.dtype)\n"
        "return (first + last) / 2",
    },
    "signs_by_comparison": {
        "token_reduction-7": "one, other = attention[..., :, None], attention[..., None, :]\n"
        "z = xp.astype(one > other, attention.dtype) - xp.astype(one < other, attention.dtype)",
    },
    "cosines_of_unit_vectors": {
        "token_reduction-6": "size = xp.where(length > 0, length, 1.0)\n"
        "z = z / size[..., None]\n"
        "rho = xp.matmul(z, xp.matrix_transpose(z))",
        "_consistency: return": "total = xp.sum(xp.where(both, rho, 0.0), axis=0)\n"
        "inputs = xp.sum(xp.astype(both, rho.dtype), axis=0)\n"
        "return total / inputs",
    },
    "layers_by_index": {
        "token_reduction-9": "trial = [k[i] if i < l else min(k[i], v) for i in range(L)]",
        "token_reduction-10": "v = low + (high - low) // 2",
        "token_reduction-12": "k = [k[i] if i < l else min(k[i], high) for i in range(L)]",
    },
    "sigmoid_as_it_stands": {
        "_midpoint: parts =": "u = [min(s * (l - c), 700.0) for l in range(first + 1, L + 1)]\n"
        "parts = [1 / (1 + math.exp(x)) for x in u]",
        "token_reduction-14": "r = r_min + (1 - r_min) / (1 + xp.exp(s * (l - c)))",
    },
    "standardised_and_matern_written_out": {
        "token_reduction-20": "centre = y[0] if level else xp.sum(y) / y.shape[0]\n"
        "spread = 1.0 if level else xp.sqrt(xp.mean((y - centre) ** 2))",
        "token_reduction-21": "R = math.sqrt(5) * xp.sqrt(xp.sum((X[:, None, :] - X[None, :, :]) ** 2, axis=-1))\n"
        "K = (1 + R + R**2 / 3) * xp.exp(-R)",
        "_acquire: cross =": "R = math.sqrt(5) * xp.sqrt(xp.sum((new[:, None, :] - X[None, :, :]) ** 2, axis=-1))\n"
        "cross = (1 + R + R**2 / 3) * xp.exp(-R)",
    },
    "posterior_by_solving": {
        "token_reduction-23": "A = K + noise * xp.eye(K.shape[0], dtype=K.dtype, device=device(K))\n"
        "weights = xp.linalg.solve(A, ((y - centre) / spread)[:, None])[:, 0]\n"
        "mean = centre + spread * (cross @ weights)",
        "token_reduction-24": "explained = xp.linalg.solve(A, xp.matrix_transpose(cross))\n"
        "variance = 1 - xp.sum(cross * xp.matrix_transpose(explained), axis=1)\n"
        "sd = spread * xp.sqrt(xp.clip(variance, min=0.0))",
    },
    "line_with_intercept": {
        "fit_sigmoid: y, l =": "share = n / N\n"
        "y = xp.log(share / (1 - share))\n"
        "l = xp.arange(first + 1, L + 1, dtype=xp.float64, device=device(k))",
        "token_reduction-19": "intercept = float(xp.mean(y)) - slope * l0\n"
        "return -slope, -intercept / slope if slope else math.nan",
    },
    "cost_part_by_part": {
        "token_reduction-32": "projections = sum(4 * a * d**2 for a in n)\n"
        "attention = sum(2 * a**2 * d for a in n)\n"
        "return projections + attention + sum(matrices * a * d * m for a in n)",
    },
    "rest_layer_by_layer": {
        "token_reduction-29": "k = [N] * full + [each + 1] * more + [each] * (L - full - more)",
    },
}
