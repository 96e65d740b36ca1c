"""Lines of the rule as most people write them, which say the same."""

FORMS = {
    "windows_as_in_libraries": {
        "deeparchitect-9": "same = padding == 'SAME'\n"
        "places = lambda n: (n + stride - 1) // stride if same else (n - size) // stride + 1\n"
        "height, width = places(dims[0]), places(dims[1])",
    },
    "windows_rounded_up": {
        "deeparchitect-9": "free = size - 1 if padding == 'VALID' else 0\n"
        "height = math.ceil((dims[0] - free) / stride)\n"
        "width = math.ceil((dims[1] - free) / stride)",
    },
    "ridge_by_normal_equations": {
        "deeparchitect-28": "A, b = X - centre, y - level\n"
        "gram = xp.matrix_transpose(A) @ A + penalty * xp.eye(X.shape[1], dtype=X.dtype, device=device(X))\n"
        "w = xp.linalg.solve(gram, (xp.matrix_transpose(A) @ b)[:, None])[:, 0]",
        "deeparchitect-29": "intercept = level - centre @ w\nreturn candidates @ w + intercept",
    },
    "half_of_the_rest": {
        "deeparchitect-11": "return low + (high - low) // 2",
    },
    "bounds_one_by_one": {
        "bisect: upper, more =": "more = high - low > 1\nupper = values >= m",
        "bisect: low, high = xp.where": "low = xp.where(more, xp.where(upper, m, low), low)\n"
        "high = xp.where(more, xp.where(upper, high, m), high)",
    },
    "grams_from_each_place": {
        "_grams: return": "ends = lambda i: range(i + 1, min(i + longest, len(names)) + 1)\n"
        "return Counter(tuple(names[i:j]) for i in range(len(names)) for j in ends(i))",
    },
    "tied_copies_without_the_first": {
        "deeparchitect-6": "tied, times = layers[lists[1][0] :], lists[0][0]\ncopy = (tied * times)[len(tied) :]",
    },
    "mean_and_bonus": {
        "deeparchitect-19": "mean = total / visits\n"
        "bonus = math.sqrt(2 * math.log(parent)) / visits**0.5\n"
        "return mean + c * bonus",
    },
}
