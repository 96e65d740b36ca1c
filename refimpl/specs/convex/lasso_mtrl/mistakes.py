"""What goes wrong in code for active multi-task learning, as lines of the source that read otherwise."""

from refimpl.specs.base import mistake, variant

_LP = 'hx.ones(2 * T), A_eq=A, b_eq=b / magnitude(b), method="highs-ds", options=_FINE'

_START = "columns = data.g / {}"
_OPEN = "the paper asks for the minimizer and leaves the way to it open"
_READ = "lam, tol, sweeps = check.positive(lam=lam), check.positive(tol=tol), check.integer(sweeps=sweeps, minimum=1)\n"


ALTERNATIVES = (
    # Relevance
    mistake(
        "no_negative_part",
        "missing_step",
        "nu may be negative: nu = p - q with p, q >= 0; here q is left out and only nu >= 0 are tried",
        {
            "lasso_mtrl-1": f"found = solver({_LP}, bounds=[(0, None)] * T + [(0, 0)] * T)",
        },
    ),
    mistake(
        "two_norm_for_one",
        "wrong_order",
        "nu^1 has the least 1-norm, by a linear program; here it is the pseudo-inverse's, of the least 2-norm",
        {"relevance_l1: return from_numpy": "return least_squares(W, w)"},
    ),
    mistake(
        "correlations_for_coefficients",
        "missing_step",
        "solve W nu = w; here nu is W^T w, how similar each head is to the target's",
        {"lasso_mtrl-2": "return w @ W"},
    ),
    mistake(
        "ridge_relevance",
        "extra_step",
        "the combination is exact; here a ridge is added, and W nu falls short of w",
        {
            "lasso_mtrl-2": "xp = array_namespace(W, w)\n"
            "gram = W @ xp.matrix_transpose(W)\n"
            "ridge = 1e-3 * xp.eye(W.shape[0], dtype=W.dtype, device=device(W))\n"
            "return xp.linalg.solve(gram + ridge, w) @ W"
        },
    ),
    mistake(
        "design_of_fixed_nu",
        "missing_step",
        "take the nu that is best for these n; here that of the least 2-norm is taken, whatever the n",
        {
            "lasso_mtrl-3": "x = xp.where(n > 0, (xp.linalg.pinv(W) @ w) / xp.sqrt(xp.clip(n, min=1e-9)), 0.0)\n"
            "return xp.sum(x * x)"
        },
    ),
    mistake(
        "n_for_root_of_n",
        "wrong_constant",
        "scale the heads with the root of n; here with n, which minimizes the sum of (nu / n)^2",
        {"design_value: scaled =": "scaled = xp.take(W, sampled, axis=1) * xp.take(n, sampled)"},
    ),
    mistake(
        "root_of_the_value",
        "wrong_output",
        "the value is the squared norm; here the norm is returned",
        {"lasso_mtrl-3": "return xp.sqrt(xp.sum(x * x))"},
    ),
    # Allocation
    mistake(
        "squares_for_l1",
        "wrong_constant",
        "with p = 1 draw in proportion to |nu|; here to its square, as the earlier method does",
        {"lasso_mtrl-4": "share = (size / most) ** 2"},
    ),
    mistake(
        "not_squared_for_l2",
        "wrong_constant",
        "with p = 2 draw in proportion to nu^2; here to |nu|",
        {"lasso_mtrl-4": "share = size / most"},
    ),
    mistake(
        "power_twice",
        "wrong_constant",
        "draw in proportion to |nu|^p; here the power is applied twice, as if nu were not a relevance but a weight",
        {"lasso_mtrl-4": "share = (size / most) ** (2 * p)"},
    ),
    mistake(
        "signed_weights",
        "missing_step",
        "take |nu|; here a negative coefficient draws fewer than the floor, or a negative number",
        {"lasso_mtrl-4": "share = (_host(nu) / most) ** p"},
    ),
    mistake(
        "clipped_weights",
        "wrong_order",
        "take |nu|; here negative coefficients count as 0",
        {"lasso_mtrl-4": "share = (xp.clip(_host(nu), min=0.0) / most) ** p"},
    ),
    mistake(
        "floor_dropped",
        "missing_step",
        "each task has the floor first; here tasks of no relevance have no samples",
        {"lasso_mtrl-5": "n = xp.floor(N * share / xp.sum(share))"},
    ),
    mistake(
        "floor_not_counted",
        "missing_step",
        "the floors are part of the budget; here they come on top of it",
        {"lasso_mtrl-5": "n = floor + xp.floor(N * share / xp.sum(share))"},
    ),
    mistake(
        "share_of_the_largest",
        "wrong_scale",
        "divide by the sum of all |nu|^p; here by the largest, and the budget is exceeded",
        {"lasso_mtrl-5": "n = floor + xp.floor((N - T * floor) * share)"},
    ),
    variant(
        "paper",
        "a task gets the larger of the floor and its share of the whole budget, rounded up: the sum exceeds the budget",
        "Algorithm 1 as printed, which leaves the rounding open",
        {"lasso_mtrl-5": "n = xp.maximum(xp.ceil(N * share / xp.sum(share)), floor + 0.0 * share)"},
    ),
    variant(
        "rounded_to_nearest",
        "the shares are rounded to the nearest whole number, and may exceed the budget",
        "Algorithm 1 leaves the rounding open",
        {"lasso_mtrl-5": "n = floor + xp.round((N - T * floor) * share / xp.sum(share))"},
    ),
    # Fit
    mistake(
        "normalised_loss",
        "extra_step",
        "every sample counts alike: add up the squares of all tasks; here each task's are divided by its n_t, and "
        "tasks with few samples spoil the representation",
        {
            "fit_representation: B = spectral_start": "B = spectral_start(data, k=k)\n"
            "size = array_namespace(data.n).clip(data.n, min=1.0)\n"
            "data = Statistics(data.G / size[:, None, None], data.g / size[:, None], data.n)"
        },
    ),
    mistake(
        "not_orthonormal",
        "missing_step",
        "make the columns of B orthonormal after each round; here they are left as they are, B B^T is no projector and "
        "the Lasso sees a skewed basis",
        {"lasso_mtrl-10": "return xp.matrix_transpose(xp.reshape(vec, (k, d)))"},
    ),
    mistake(
        "heads_of_the_old_basis",
        "wrong_order",
        "fit the heads again for the last B; here those of the round before are returned",
        {
            "fit_representation: B = spectral_start": "B = spectral_start(data, k=k)\nW = heads(B, data.G, data.g)",
            "fit_representation: B = improve": "W = heads(B, data.G, data.g)\nB = improve(B, data)",
            "fit_representation: return Representation": "return Representation(B, W)",
        },
    ),
    mistake(
        "kronecker_order",
        "wrong_axis",
        "the matrix is the sum of w w^T (x) G for B stacked by columns; here it is that of G (x) w w^T",
        {"improve: M =": "M = xp.reshape(xp.permute_dims(blocks, (2, 0, 3, 1)), (k * d, k * d))"},
    ),
    mistake(
        "rows_for_columns",
        "wrong_axis",
        "read B from its stacked columns; here the stack is read by rows",
        {"lasso_mtrl-10": "return xp.linalg.qr(xp.reshape(vec, (d, k)))[0]"},
    ),
    mistake(
        "whitened_heads",
        "missing_step",
        "a head solves with all of B^T G B; here with its diagonal alone, as if the columns were uncorrelated",
        {
            "lasso_mtrl-7": "size = xp.linalg.diagonal(inner)\n"
            "W = xp.where(size > 0, right / xp.where(size > 0, size, 1.0), 0.0)"
        },
    ),
    mistake(
        "a_round_less",
        "missing_step",
        "do as many rounds as asked for; here one less",
        {"fit_representation: for _ in": "for _ in range(rounds - 1):"},
    ),
    mistake(
        "target_projected",
        "wrong_order",
        "fit the target's head with B in the regression; here it is fitted on all inputs and then projected",
        {
            "lasso_mtrl-11": "return least_squares(B, least_squares(X, y))",
        },
    ),
    variant(
        "start_of_sums",
        "the spectral start takes the columns g_t as they are",
        _OPEN,
        {"lasso_mtrl-6": _START.format("1.0")},
    ),
    variant(
        "start_of_means",
        "the spectral start takes the columns g_t / n_t",
        _OPEN,
        {"lasso_mtrl-6": _START.format("xp.clip(data.n, min=1.0)[:, None]")},
    ),
    variant(
        "ridge_in_the_heads",
        "1e-10 is added to the diagonal of each task's equations, so that they can be solved with fewer samples than k",
        "a usual remedy; the paper assumes enough samples",
        {
            "lasso_mtrl-7": "W = least_squares(inner + 1e-10 * xp.eye(k, dtype=B.dtype, device=device(B)), right)",
        },
    ),
    variant(
        "ridge_in_the_basis",
        "1e-8 is added to the diagonal of the equations for B, so that they can always be solved",
        "a usual remedy; the paper assumes enough samples",
        {
            "improve: W = W /": "W = 1.0 * W",
            "improve: M =": "M = xp.reshape(xp.permute_dims(blocks, (0, 2, 1, 3)), (k * d, k * d))\n"
            "M = M + 1e-8 * xp.eye(k * d, dtype=B.dtype, device=device(B))",
        },
    ),
    # Lasso
    mistake(
        "alpha_for_lam",
        "wrong_scale",
        "lam is not divided by the number of rows; here it is the alpha of a package that divides the squares by k",
        {"relevance_lasso: lam, tol": _READ + "lam = lam * W.shape[0]"},
        origin="https://github.com/paiml/aprender/pull/2133",
    ),
    mistake(
        "whole_squares",
        "wrong_scale",
        "the squares have the factor 1/2; here it is left out, and the penalty weighs half as much",
        {"relevance_lasso: lam, tol": _READ + "lam = lam / 2"},
    ),
    mistake(
        "rows_for_tasks",
        "wrong_axis",
        "tasks are the columns of W; here its rows, which only a square W lets pass",
        {
            "relevance_lasso: matrix, right": "matrix, right = _host(W) / magnitude(W), _host(w) / magnitude(w)\n"
            "unit = _unit_of(W, w)\n"
            "matrix = matrix.T if matrix.shape[0] == matrix.shape[1] else matrix"
        },
    ),
    mistake(
        "hard_threshold",
        "wrong_order",
        "shrink by lam; here what is above lam is kept in full",
        {"lasso_mtrl-13": "new = xp.where(xp.abs(z) > lam, z, 0.0) / divisors[t]"},
    ),
    mistake(
        "shrunk_after_division",
        "wrong_order",
        "shrink, then divide by the squared length of the head; here the other way round",
        {"lasso_mtrl-13": "new = xp.sign(z) * xp.maximum(xp.abs(z) / divisors[t] - lam, 0.0)"},
    ),
    mistake(
        "unit_heads_assumed",
        "missing_step",
        "divide by the squared length of the head; here it is taken for 1",
        {"lasso_mtrl-13": "new = xp.sign(z) * xp.maximum(xp.abs(z) - lam, 0.0)"},
    ),
    mistake(
        "one_sweep",
        "missing_step",
        "sweep until nothing moves; here once",
        {"relevance_lasso: if _rests(before, nu": "if True:"},
    ),
    mistake(
        "nonnegative_lasso",
        "missing_step",
        "coefficients may be negative; here they are kept >= 0",
        {"lasso_mtrl-13": "new = xp.maximum(z - lam, 0.0) / divisors[t]"},
    ),
    mistake(
        "refitted_support",
        "extra_step",
        "return the Lasso's coefficients; here those that it kept are fitted again without the penalty",
        {
            "relevance_lasso: return from_numpy": "active = hx.nonzero(nu)[0]\n"
            "nu[active] = hx.linalg.pinv(matrix[:, active]) @ right\nreturn from_numpy(nu * unit, like=W)"
        },
    ),
    mistake(
        "absolute_penalty",
        "missing_step",
        "the penalty is a share of the largest |W^T w|; here the share itself",
        {"lasso_mtrl-15": "lam = share"},
    ),
    mistake(
        "penalty_of_the_norm",
        "wrong_constant",
        "the penalty is a share of the largest entry of |W^T w|; here of its 2-norm",
        {"lasso_mtrl-15": "lam = share * float(xp.linalg.vector_norm(w @ W))"},
    ),
    # Prices and epochs
    mistake(
        "relevance_without_prices",
        "missing_step",
        "weigh |nu| with the roots of the prices; here the relevance ignores them, and only the n know them",
        {"lasso_mtrl-16": "nu = relevance_l1(W, w)"},
    ),
    mistake(
        "price_for_its_root",
        "wrong_constant",
        "weigh |nu| with the roots of the prices; here with the prices",
        {"lasso_mtrl-16": "nu = relevance_l1(W / prices, w) / prices"},
    ),
    mistake(
        "n_by_the_price",
        "wrong_constant",
        "draw in proportion to |nu| over the root of the price; here over the price",
        {"lasso_mtrl-17": "n = budget * xp.abs(nu) / (prices * xp.sum(xp.abs(nu)))"},
    ),
    mistake(
        "n_without_prices",
        "missing_step",
        "draw in proportion to |nu| over the root of the price; here to |nu|",
        {"lasso_mtrl-17": "n = budget * xp.abs(nu) / xp.sum(prices * xp.abs(nu))"},
    ),
    mistake(
        "value_of_the_sum",
        "wrong_output",
        "the value is the square of the weighted norm over the budget; here the norm is not squared",
        {"lasso_mtrl-18": "return Priced(nu, n, total / budget)"},
    ),
    mistake(
        "eps_not_squared",
        "wrong_constant",
        "the first term has eps squared; here the first power",
        {"lasso_mtrl-19": "n = xp.ceil(xp.maximum(beta * nu * share, beta / eps))"},
    ),
    mistake(
        "terms_added",
        "wrong_order",
        "take the larger of the two terms; here their sum",
        {"lasso_mtrl-19": "n = xp.ceil(beta * share * share + beta / eps)"},
    ),
    mistake(
        "relevance_not_squared",
        "wrong_constant",
        "the first term has nu squared; here |nu|",
        {"lasso_mtrl-19": "n = xp.ceil(xp.maximum(beta * xp.abs(share) / eps, beta / eps))"},
    ),
)
