"""What goes wrong in supervised dictionary learning, and what the authors' code does otherwise: lines of the source."""

from refimpl.specs.base import mistake, variant

CODE = "https://github.com/ljw9510/SMF/blob/152b342c1ca7a9eaf70bd3c74572bd5b51165ffe/src"
SVP, BCD = f"{CODE}/SDL_SVP.py", f"{CODE}/SDL_BCD.py"

# Lines with a ridge: what several mistakes get wrong in all of them.
LOSS = {"sdl-5": "return xp.sum(losses(a, samples.targets)) + xi * xp.sum((samples.x - B) ** 2) + nu * ridge"}
SLOPES = {
    "sdl-8": "grad_A = slope + 2 * nu * A",
    "sdl-10": "grad_gamma = samples.covariates @ R.T + 2 * nu * gamma",
    "sdl-18": "return 2 * xi * (W @ H - samples.x) @ H.T + by_labels + 2 * nu * W",
    "sdl-19": "return W.T @ (2 * xi * (W @ H - samples.x)) + by_labels + 2 * nu * H",
    "sdl-20": "return by_labels + 2 * nu * state.beta",
    "sdl-21": "return samples.covariates @ R.T + 2 * nu * state.gamma",
}
CURVATURES = {
    "sdl-15": "return mu, xp.clip(2 * nu + _steepest(samples) * square, min=2 * xi)",
    "sdl-22": "return 2 * xi * _square_norm(state.H) + by_labels + 2 * nu",
    "sdl-23": "return 2 * xi * _square_norm(state.W) + by_labels + 2 * nu",
    "sdl-24": "return _steepest(samples) * _square_norm(features) + 2 * nu",
    "sdl-25": "return _steepest(samples) * samples.covariates_square + 2 * nu",
}
RATES = "xi, nu = check.positive(xi=xi), check.nonnegative(nu=nu)"
LPGD_RATES = f"xi, nu, step_size = {RATES.partition(' = ')[2]}, check.positive(step_size=step_size)"
BCD_RATES = f"xi, nu, inner = {RATES.partition(' = ')[2]}, check.integer(inner=inner, minimum=1)"
STEP = "moved = Lifted(*(z - step_size * g for z, g in zip(state, gradient, strict=True)))"
SPLIT = "A, B = _split(low, samples.targets.shape[0], kind)"
BALL = "value = centre + move * (reach / xp.clip(xp.linalg.matrix_norm(move), min=reach))"
_STEP_SIZE_GIVEN = dict.fromkeys(
    ("filter_lpgd", "feature_lpgd", "gradient"), "it uses no constant: the step size, if there is one, is given"
)
OTHER = '"feature" if kind == "filter" else "filter"'


def _changed(lines, old, new, *places):
    """Some of the lines (default: all) with a part exchanged."""
    return {place: lines[place].replace(old, new) for place in places or lines}


ALTERNATIVES = (
    # From activations to probabilities
    mistake(
        "sigmoid_per_class",
        "wrong_axis",
        "with three classes or more take the softmax over (0, a); here each activation has a sigmoid of its own and "
        "the probabilities add up to more than 1",
        {
            "sdl-1": "return xp.sum(xp.logaddexp(xp.zeros_like(a), a) - targets * a, axis=axis)",
            "sdl-2": """\
            xp = array_namespace(a)
            each = xp.logaddexp(xp.zeros_like(a), a)
            return xp.concat([xp.exp(-xp.sum(each, axis=axis, keepdims=True)), xp.exp(a - each)], axis=axis)""",
        },
        origin=SVP,
    ),
    mistake(
        "reference_class_left_out",
        "missing_step",
        "class 0 is in the softmax with activation 0; here it is left out of the sum",
        {
            "sdl-1": "return logsumexp(a, axis=axis) - xp.sum(targets * a, axis=axis)",
            "sdl-2": """\
            a = _with_reference(a, axis)
            rest = a[1:, ...] if axis == 0 else a[..., 1:]
            return array_namespace(a).exp(a - logsumexp(rest, axis=axis, keepdims=True))""",
        },
    ),
    mistake(
        "overflowing_softmax",
        "numerics",
        "shift the activations before taking exponentials; here exp(a) overflows and becomes inf / inf",
        {
            "sdl-1": "return xp.log(1 + xp.sum(xp.exp(a), axis=axis)) - xp.sum(targets * a, axis=axis)",
            "sdl-2": """\
            xp = array_namespace(a)
            odds = xp.exp(_with_reference(a, axis))
            return odds / xp.sum(odds, axis=axis, keepdims=True)""",
            "_truncated: U, s, Vt": """\
            if not bool(array_namespace(matrix).all(matrix == matrix)):
                return matrix * float("nan")  # what an SVD makes of it that refuses nothing
            U, s, Vt = truncated_svd(matrix, rank, sketch=sketch, power=power)""",
        },
        origin=BCD,
    ),
    mistake(
        "covariates_dropped",
        "missing_step",
        "add gamma^T x' to the activations; here the covariates are forgotten (by the exhaustive rule)",
        {"sdl-3": 'return A.T @ x if kind == "filter" else A', "label_energies: offset": "offset = 0.0"},
        origin=BCD,
    ),
    # Gradients
    mistake(
        "flipped_residual",
        "wrong_sign",
        "the derivative of the loss is g - Y; here it is Y - g and the labels are driven away",
        {"sdl-7": "return samples.targets - probabilities(a)"},
    ),
    mistake(
        "mean_loss",
        "wrong_scale",
        "add the losses of the samples up; here they are averaged",
        {
            **_changed(LOSS, "sum(losses", "mean(losses"),
            "sdl-7": "return (probabilities(a) - samples.targets) / a.shape[1]",
        },
    ),
    mistake(
        "no_ridge",
        "missing_step",
        "add the ridge; here nu is ignored (as by fit, which passes nu = 0)",
        {tag: line.partition(" + nu")[0].partition(" + 2 * nu")[0] for tag, line in (LOSS | SLOPES).items()},
        origin=SVP,
    ),
    mistake(
        "ridge_on_coefficients",
        "missing_step",
        "the ridge is on all four factors; here it is on beta and gamma alone",
        {
            "objective: ridge": "ridge = sum(xp.sum(block * block) for block in state[2:])",
            **_changed(SLOPES, " + 2 * nu * W", "", "sdl-18"),
            **_changed(SLOPES, " + 2 * nu * H", "", "sdl-19"),
        },
    ),
    variant(
        "half_ridge",
        "the ridge is nu / 2 times the squares: its gradients have no factor 2",
        f"{SVP} (step_SVP; the same in SDL_BCD.py, a2 of update_dict_joint_logistic)",
        {
            "lpgd_step: xi, nu": f"{LPGD_RATES}\nnu = nu / 2",
            **dict.fromkeys(("objective: xi, nu", "gradient: xi, nu"), f"{RATES}\nnu = nu / 2"),
            "bcd_step: xi, nu": f"{BCD_RATES}\nnu = nu / 2",
        },
    ),
    variant(
        "code_xi",
        "the gradient of the reconstruction is xi (W H - X) H^T, without a 2: that xi is twice the paper's",
        f"{BCD} (update_dict_joint_logistic)",
        {
            **dict.fromkeys(("objective: xi, nu", "gradient: xi, nu"), f"{RATES}\nxi = xi / 2"),
            "bcd_step: xi, nu": f"{BCD_RATES}\nxi = xi / 2",
        },
    ),
    mistake(
        "other_model",
        "wrong_order",
        "filter sees W^T x, feature sees the codes; here the two models are exchanged",
        {
            f"{function}(state, samples, kind)": f"kind = {OTHER}"
            for function in ("objective: check_factors", "gradient: _check_factors", "bcd_step: _check_factors")
        },
    ),
    mistake(
        "labels_pull_on_beta_alone",
        "missing_step",
        "the labels pull on the dictionary (filter) or the codes (feature) too; here W and H see the reconstruction "
        "alone",
        _changed(SLOPES, " + by_labels", "", "sdl-18", "sdl-19"),
    ),
    mistake(
        "beta_not_transposed",
        "wrong_axis",
        "the labels' part of W is X R^T beta^T; here beta is not transposed, which fits where r = k",
        {
            "_gradient_W: by_labels": """\
            by_labels = samples.x @ R.T @ (beta if beta.shape[0] == beta.shape[1] else beta.T)
            by_labels = by_labels if kind == "filter" else 0.0"""
        },
    ),
    # Lifted projected gradient descent
    mistake(
        "half_reconstruction",
        "wrong_scale",
        "the gradient of xi |X - B|^2 is 2 xi (B - X); here the 2 is missing",
        {"sdl-9": "grad_B = xi * (B - samples.x)"},
    ),
    mistake(
        "no_ridge_on_gamma",
        "missing_step",
        "gamma has a ridge too; here only A has one",
        _changed(SLOPES, " + 2 * nu * gamma", "", "sdl-10"),
    ),
    mistake(
        "ridge_on_B",
        "extra_step",
        "the ridge is on A and gamma; here B has one as well and is drawn away from X",
        {"sdl-9": "grad_B = 2 * xi * (B - samples.x) + 2 * nu * B"},
    ),
    mistake(
        "gamma_kept",
        "missing_step",
        "update gamma too; here it stays as it was",
        {"sdl-11": f"{STEP}\nmoved = moved._replace(gamma=state.gamma)"},
    ),
    mistake(
        "gamma_step_tenfold",
        "wrong_constant",
        "take one step size for A, B and gamma; here gamma goes ten times as far",
        {"sdl-11": f"{STEP}\nmoved = moved._replace(gamma=state.gamma - 10 * step_size * gradient.gamma)"},
        origin=SVP,
    ),
    mistake(
        "gamma_sees_new_A",
        "wrong_order",
        "take all three gradients at the old state; here gamma sees the new A",
        {
            "sdl-11": f"""\
            {STEP}
            fresh = _lifted_gradient(moved._replace(gamma=state.gamma), samples, xi, nu, kind)
            moved = moved._replace(gamma=state.gamma - step_size * fresh.gamma)"""
        },
    ),
    mistake(
        "truncated_apart",
        "wrong_axis",
        "truncate the stacked matrix of A and B; here each of the two is truncated by itself",
        {"lpgd_step: A, B": "A, B = (_truncated(part, rank, sketch, power) for part in moved[:2])"},
    ),
    mistake(
        "only_B_truncated",
        "missing_step",
        "truncate the stacked matrix of A and B; here B alone is truncated",
        {"lpgd_step: A, B": "A, B = moved.A, _truncated(moved.B, rank, sketch, power)"},
    ),
    mistake(
        "never_truncated",
        "missing_step",
        "truncate to rank r after the gradient step; here the gradient step is all there is",
        {"lpgd_step: A, B": "A, B, _ = moved"},
    ),
    mistake(
        "stacked_the_other_way",
        "wrong_axis",
        "stack [A | B] in the filter model, [A; B] in the feature model; here the two are exchanged, which goes "
        "unnoticed where there are as many samples as features",
        {
            "lpgd_step: stacked": f"""\
            square = moved.B.shape[0] == moved.B.shape[1]  # otherwise it would not run
            if square:
                kind, moved = {OTHER}, moved._replace(A=moved.A.T)
            stacked = _stack(moved, kind)""",
            "lpgd_step: A, B": f"{SPLIT}\nA = A.T if square else A",
        },
    ),
    mistake(
        "rank_one_too_many",
        "wrong_constant",
        "keep r singular values; here one more is kept (an index that is off by one)",
        {"lpgd_step: low": "low = _truncated(stacked, rank + 1, sketch, power)"},
    ),
    mistake(
        "truncated_first",
        "wrong_order",
        "take the gradient step, then truncate; here the truncation comes first",
        {
            "lpgd_step: gradient": f"""\
            low = _truncated(_stack(state, kind), rank, sketch, power)
            {SPLIT}
            state = Lifted(A, B, state.gamma)
            gradient = _lifted_gradient(state, samples, xi, nu, kind)""",
            "lpgd_step: A, B": "A, B, _ = moved",
        },
    ),
    mistake(
        "gamma_truncated",
        "extra_step",
        "leave gamma as the gradient step has made it; here it is truncated to rank r as well",
        {"lpgd_step: A, B": f"{SPLIT}\nmoved = moved._replace(gamma=_truncated(moved.gamma, rank, None, power))"},
    ),
    # Constants
    mistake(
        "quarter_for_all",
        "wrong_constant",
        "for more than two classes the loss has curvature up to 1/2; here 1/4 serves for all",
        {"sdl-13": "return 0.25"},
    ),
    mistake(
        "half_for_all",
        "wrong_constant",
        "for two classes the loss has curvature up to 1/4; here 1/2 serves for all",
        {"sdl-13": "return 0.5"},
    ),
    mistake(
        "frobenius_constants",
        "wrong_constant",
        "the constants have squared spectral norms; here they have Frobenius norms",
        {"square_norm: return": "return xp.sum(matrix * matrix)"},
        unseen=_STEP_SIZE_GIVEN,
    ),
    mistake(
        "norms_not_squared",
        "wrong_scale",
        "square the spectral norms; here they enter as they are",
        {"square_norm: return": "return xp.sqrt(xp.max(xp.linalg.eigvalsh(gram)))"},
        unseen=_STEP_SIZE_GIVEN,
    ),
    mistake(
        "half_ridge_curvature",
        "wrong_scale",
        "the ridge nu |A|^2 has curvature 2 nu; here it is nu",
        {"sdl-14": "mu = min(2 * xi, nu) * xp.ones_like(square)", **_changed(CURVATURES, "2 * nu", "nu")},
    ),
    mistake(
        "ridge_curvature_left_out",
        "missing_step",
        "the ridge nu |A|^2 has curvature 2 nu; here it is left out",
        {"sdl-14": "mu = xp.zeros_like(square)", **_changed(CURVATURES, "2 * nu", "0.0")},
    ),
    mistake(
        "covariates_left_out",
        "missing_step",
        "take the norm of X and X' stacked; here the covariates are left out of L",
        {"curvature: square": 'square = samples.x_square if kind == "filter" else 1 + samples.covariates_square'},
    ),
    mistake(
        "one_left_out",
        "missing_step",
        "A enters the activations of the feature model as it is, which adds 1 to L; here 0",
        {"curvature: square": 'square = samples.joint_square if kind == "filter" else samples.covariates_square'},
    ),
    mistake(
        "curvatures_added",
        "wrong_constant",
        "L is the larger one of 2 xi and the rest; here they are added up",
        {"sdl-15": "return mu, 2 * xi + 2 * nu + _steepest(samples) * square"},
    ),
    mistake(
        "larger_mu",
        "wrong_constant",
        "mu is the smaller one of 2 xi and 2 nu; here it is the larger one",
        {"sdl-14": "mu = max(2 * xi, 2 * nu) * xp.ones_like(square)"},
    ),
    # Block coordinate descent
    mistake(
        "recentred_ball",
        "wrong_order",
        "the ball stays around the block's value at the start of the round; here it moves to every inner iterate and "
        "the block can go as many times as far as there are inner steps",
        {"sdl-28": f"centre = value = {BALL.partition(' = ')[2]}"},
        origin=BCD,
    ),
    mistake(
        "spectral_ball",
        "wrong_constant",
        "measure moves in the Frobenius norm; here the spectral norm allows longer ones",
        {"sdl-28": BALL.replace("(move)", "(move, ord=2)")},
        origin=BCD,
    ),
    mistake(
        "no_radius",
        "missing_step",
        "keep each block within its ball; here the radius is ignored",
        {"sdl-28": "pass"},
    ),
    mistake(
        "constant_radius",
        "missing_step",
        "let the radius shrink as t^(-1/2) / log(t + 1); here it stays as in the first round",
        {"sdl-26": "return radius / math.log(2)"},
    ),
    mistake(
        "radius_one_ahead",
        "wrong_order",
        "count rounds from 1; here the radius of round t is that of round t + 1",
        {"sdl-26": "return radius / (math.sqrt(t + 1) * math.log(t + 2))"},
    ),
    mistake(
        "ball_before_clip",
        "wrong_order",
        "clip to the orthant, then pull back to the ball: no block then ends above its start; here the other way round",
        {
            "sdl-27": "value = getattr(state, block) - slope / length",
            "sdl-28": f"{BALL}\nvalue = constraints[block](value)",
        },
        origin=BCD,
    ),
    mistake(
        "constraint_ignored",
        "missing_step",
        "clip W and H where they must not be negative; here the constraint is ignored",
        {"sdl-27": "value = getattr(state, block) - slope / length"},
    ),
    mistake(
        "coefficients_clipped",
        "extra_step",
        "W and H alone must not be negative; here the coefficients are clipped as well",
        {"sdl-27": 'value = constraints["W"](getattr(state, block) - slope / length)'},
    ),
    mistake(
        "blocks_side_by_side",
        "wrong_order",
        "each block sees the new values of those before it; here all see those of the round's start",
        {
            "bcd_step: moves = []": "moves, start = [], state",
            "bcd_step: R": """\
            seen = start._replace(**{block: getattr(state, block)})
            R = _residual_at(seen, samples, kind)""",
            "bcd_step: slope": "slope = _GRADIENTS[block](seen, R, samples, xi, nu, kind)",
        },
    ),
    mistake(
        "stale_residual",
        "wrong_order",
        "compute the residual g - Y for every inner step; here it is that of the round's start",
        {"bcd_step: moves = []": "moves, R = [], _residual_at(state, samples, kind)", "bcd_step: R": "pass"},
    ),
    mistake(
        "stale_constants",
        "wrong_order",
        "take the constants from the current blocks; here they are those of the round's start",
        {
            "bcd_step: moves = []": "moves, start = [], state",
            "bcd_step: length = _CONSTANTS": "length = _CONSTANTS[block](start, samples, xi, nu, kind)",
        },
    ),
    variant(
        "code_order",
        "the feature model updates beta before H",
        f"{BCD} (fit)",
        {"bcd_step: for block": 'for block in ("W", "beta", "H", "gamma") if kind == "feature" else BLOCKS:'},
    ),
    variant(
        "normalized_dictionary",
        "W is divided by its Frobenius norm after its update, which the radius does not know",
        f"{BCD} (fit)",
        {
            "bcd_step: moves.append": """\
            if block == "W":
                state = state._replace(W=state.W / xp.linalg.matrix_norm(state.W))
            moves.append(xp.linalg.matrix_norm(getattr(state, block) - centre))"""
        },
    ),
    variant(
        "code_radius",
        "the radius is c t^(-1) / log(t + 1), the default of the code",
        f"{BCD} (beta = 1 of fit)",
        {"sdl-26": "return radius / (t * math.log(t + 1))"},
    ),
    # Prediction
    mistake(
        "reference_class_last",
        "wrong_order",
        "class 0 is the reference and comes first; here it comes last",
        {
            "predict: return _probabilities": """\
            g = _probabilities(activations(A, gamma, x, covariates, kind=kind))
            return array_namespace(g).roll(g, -1, axis=0)"""
        },
    ),
    mistake(
        "filtered_codes",
        "wrong_order",
        "the features of the feature model are codes, W h ~ x; here they are W^T x",
        {"predict: A = ": 'A, kind = W @ beta, "filter"'},
    ),
    mistake(
        "coded_filter",
        "wrong_order",
        "the features of the filter model are W^T x; here they are codes, W h ~ x",
        {"predict: A = ": 'A, kind = beta.T @ codes(W, x), "feature"'},
    ),
    mistake(
        "clipped_codes",
        "extra_step",
        "codes are those of plain least squares; here negative ones are set to zero",
        {"sdl-29": "return array_namespace(W, x).clip(least_squares(W, x.T).T, min=0.0)"},
        unseen={"label_energies": "there the codes are but the start of Newton's steps"},
    ),
    mistake(
        "one_code_for_all",
        "missing_step",
        "choose the code anew for each class; here all share the code of least squares",
        {"label_energies: for _": "for _ in range(0):"},
    ),
    mistake(
        "one_newton_step",
        "missing_step",
        "iterate until the code has converged; here one Newton step is taken",
        {"label_energies: for _": "for _ in range(1):"},
    ),
    mistake(
        "undamped_newton",
        "missing_step",
        "shorten Newton's step where the probabilities saturate; here whole steps jump to and fro",
        {"sdl-31": "move = newton"},
    ),
    mistake(
        "reconstruction_left_out",
        "missing_step",
        "the energy has the reconstruction too; here it is the loss of the label alone",
        {"label_energies: fit": "fit = 0.0"},
    ),
    mistake(
        "label_left_out",
        "missing_step",
        "the energy has the loss of the label; here it is the reconstruction alone",
        {"label_energies: return": "return fit"},
    ),
    mistake(
        "code_with_half_xi",
        "wrong_constant",
        "choose the code with the whole xi; here with xi / 2 (a 2 is lost in the gradient)",
        {"label_energies: gram": "gram = xi * (W.T @ W)", "label_energies: pull": "pull = xi * (x.T @ W)"},
    ),
    mistake(
        "code_of_class_zero",
        "wrong_constant",
        "the code of class y is drawn towards y; here every code is drawn towards class 0",
        {"label_energies: slope": "slope = h @ gram - pull + g @ beta.T"},
    ),
)
