"""Lines of the rule as most people write them, which say the same."""

FORMS = {
    "permutation_matrices": {
        "weight_matching-1": "n = xp.arange(W.shape[-2], dtype=perms[l - 1].dtype, device=device(W))\n"
        "P = xp.astype(perms[l - 1][:, None] == n[None, :], W.dtype)\nW = P @ W",
        "weight_matching-2": "n = xp.arange(b.shape[0], dtype=perms[l].dtype, device=device(b))\n"
        "P = xp.astype(perms[l][:, None] == n[None, :], b.dtype)\nW, b = W @ xp.matrix_transpose(P), P @ b",
    },
    "products_of_all_pairs": {
        "weight_matching-4": "left, right = _columns(a[l].W), _columns(W)\n"
        "C = xp.sum(left[:, :, None] * right[:, None, :], axis=0)",
        "weight_matching-6": "left, right = _rows(a[l + 1].W), _rows(V)\n"
        "return C + xp.sum(left[:, None, :] * right[None, :, :], axis=2)",
    },
    "from_one_end_on": {
        "weight_matching-8": "return tree.map(lambda x, y: x + share * (y - x), a, b)",
    },
    "chord_between_the_ends": {
        "weight_matching-9": "chord = ends[0] + t * (ends[1] - ends[0])\n"
        "above = line - chord\nreturn xp.max(above), line",
    },
    "gradient_of_the_free_network": {
        "weight_matching-13": "half = tree.map(lambda x: 0.5 * x, g)\n"
        "velocity = tree.map(lambda v, x: momentum * v + x, state.velocity, half)",
        "weight_matching-12": "moved = _permute(b, perms)\nmidpoint = tree.map(lambda x, y: (x + y) / 2, a, moved)",
    },
    "activations_pair_by_pair": {
        "weight_matching-10": "xp = array_namespace(one, other)\n"
        "C = xp.sum(one[:, :, None] * other[:, None, :], axis=0)",
    },
    "trace_of_the_product": {
        "weight_matching-17": "both = xp.matrix_transpose(one.U) @ other.U @ xp.matrix_transpose(other.V) @ one.V\n"
        "total = total + xp.linalg.trace(both)",
    },
    "sum_of_the_others": {
        "weight_matching-19": "others = [params for j, params in enumerate(models) if j != i]\n"
        "center = tree.map(lambda *x: sum(x) / (len(models) - 1), *others)",
    },
}
