"""What goes wrong in convex ReLU training: lines of the source that read otherwise."""

from refimpl.convex import convex_relu
from refimpl.core.arrays import from_numpy
from refimpl.core.random import stream
from refimpl.specs.base import mistake, variant

ADMMNN = "https://github.com/zachary-shah/admmNN/blob"
OPTIMIZERS = f"{ADMMNN}/f906db45382a755c0c760e734fd438edf2d0dbe2/optimizers.py"
UPDATE = f"{ADMMNN}/35e75f9c3768336b23ecbf5524006de3eaa7df47/utils/primal_update_utils.py"

RIGHT = "admm_step: right ="
V_PLUS_W = "weights[0, :, :] + weights[1, :, :]"
TO_COLUMNS = "xp.matrix_transpose({})[..., None]"  # [2, d, P] to one column for each block
ONE_MATRIX_EACH = f"xp.matrix_transpose((transposed @ (root @ {TO_COLUMNS}))[..., 0])"


def _drawn(X):
    """Patterns of a hundred Gaussian neurons, in the order that is asked for."""
    D = convex_relu.activation_patterns(X, from_numpy(stream(0, "drawn").standard_normal((100, X.shape[1])), like=X))
    columns = sorted(([float(D[k, i]) for k in range(D.shape[0])] for i in range(D.shape[1])), reverse=True)
    return from_numpy(columns, like=X).T


ALTERNATIVES = (
    # Patterns
    mistake(
        "strict_sign",
        "wrong_sign",
        "a neuron sees a point where x^T a >= 0; here points with x^T a = 0 are left out",
        {
            "convex_relu-3": "D = xp.astype(X @ xp.matrix_transpose(draws) > 0, X.dtype)",
            "all_patterns: return from_numpy": """\
            return from_numpy((_cells(host) > 0).T * host.any(axis=1)[:, None] * 1.0, like=X)""",
        },
    ),
    mistake(
        "signs_for_patterns",
        "wrong_output",
        "patterns are 0 and 1; here they are -1 and 1",
        {
            "activation_patterns: return": "return 2 * xp.take(D, xp.asarray(first, device=device(D)), axis=1) - 1",
            "all_patterns: return from_numpy": "return from_numpy(1.0 * _cells(host).T, like=X)",
        },
    ),
    mistake(
        "doubles_kept",
        "missing_step",
        "keep each pattern once; here doubles stay, which only slow the solver down",
        {"activation_patterns: first = _first_of_each": "first = list(range(D.shape[1]))"},
    ),
    mistake(
        "sorted_patterns",
        "wrong_order",
        "keep the patterns in the order of the draws; here they are sorted (numpy.unique does that), and the first P "
        "of a sorted list are no random sample",
        {
            "activation_patterns: first = _first_of_each": """\
            host = to_numpy(D)
            first = sorted(_first_of_each(D), key=lambda i: host[:, i].tolist())"""
        },
    ),
    mistake(
        "complement",
        "wrong_sign",
        "1 where x^T a >= 0; here 1 where it is negative",
        {"convex_relu-3": "D = xp.astype(X @ xp.matrix_transpose(draws) < 0, X.dtype)"},
    ),
    mistake(
        "centred",
        "missing_step",
        "compare X a with zero; here each row is compared with its own mean over the draws",
        {
            "convex_relu-3": """\
            D = X @ xp.matrix_transpose(draws)
            D = xp.astype(D >= xp.mean(D, axis=1, keepdims=True), X.dtype)"""
        },
    ),
    mistake(
        "one_side",
        "missing_step",
        "a wall of a cell has a cell on either side; here the one behind it is left out",
        {"_cells: for side in (1.0, -1.0)": "for side in (1.0,):"},
    ),
    mistake(
        "general_position",
        "missing_step",
        "points on one line get their sides together; here the points are taken to be in general position",
        {"_cells: parallel =": "parallel = xp.linalg.vector_norm(within, axis=1) < 0"},
    ),
    mistake(
        "drawn_at_random",
        "missing_step",
        "find the patterns cell by cell; here a hundred random neurons are asked, which miss the thin cells",
        functions={"all_patterns": _drawn},
    ),
    mistake(
        "shifts_not_signed",
        "missing_step",
        "copies are at corners of the boxes: take the sign of the shifts; here they are used as they are",
        {"convex_relu-25": "copies = X + epsilon * mask * shifts"},
    ),
    mistake(
        "one_corner_for_all",
        "wrong_axis",
        "every point of a copy has a corner of its own; here all are moved like the first",
        {"convex_relu-25": "copies = X + epsilon * mask * xp.sign(shifts[:, :, :1, :])"},
    ),
    mistake(
        "data_left_out",
        "missing_step",
        "a neuron sees the data too; here it sees the copies alone",
        {"robust_patterns: copies = xp.concat": "pass"},
    ),
    # ADMM
    mistake(
        "gated",
        "missing_step",
        "keep the cone constraints G u = s >= 0; here they are dropped, which trains a gated ReLU network: the value "
        "falls below that of every ReLU network",
        {
            "convex_relu-9": "root = _inverse_root(identity[1])",
            RIGHT: "right = _predict_transposed(X, D, y) / rho + state.v - state.lam",
        },
    ),
    mistake(
        "threshold_per_coordinate",
        "wrong_axis",
        "shrink each block of d numbers by its norm; here every number is shrunk on its own (a Lasso)",
        {"shrink: return": "return xp.sign(weights) * xp.maximum(abs(weights) - threshold, 0.0)"},
    ),
    mistake(
        "threshold_beta",
        "wrong_constant",
        "the threshold is beta times the length of the step: beta / rho, beta / L or tau beta; here it is beta",
        {
            "convex_relu-12": "v = shrink(u + lam, beta)",
            "convex_relu-19": "alpha = xp.sign(forward) * xp.maximum(abs(forward) - beta, 0.0)",
            "convex_relu-30": "weights = shrink(down, beta)",
        },
    ),
    mistake(
        "dual_sign",
        "wrong_sign",
        "add the residuals to the duals; here they are subtracted",
        {
            "convex_relu-14": "lam = lam - (gamma / rho) * (u - v)",
            "convex_relu-15": "nu = nu - (gamma / rho) * (Gu - s)",
        },
    ),
    mistake(
        "second_half_adds",
        "wrong_sign",
        "the second half of the weights subtracts: F = [D X, -D X]; here it adds",
        {
            "convex_relu-5": f"return xp.sum(D * (X @ ({V_PLUS_W})), axis=1)",
            "_predict_transposed: return": "return xp.stack([pull, pull])",
            "convex_relu-16": "g = xp.stack([pull, pull]) + rho * (gap + (side * strain) @ X)",
            "block_step: moved =": "moved = seen * (X @ (g[0, :] + g[1, :]))",
            "certified_losses: q =": f"q = D @ xp.matrix_transpose({V_PLUS_W})",
            "_apply: q =": f"q = D @ xp.matrix_transpose({V_PLUS_W})",
            "_apply_transposed: return": "return xp.stack([pull, pull]) - held + attacked",
        },
    ),
    mistake(
        "pattern_for_side",
        "wrong_constant",
        "the constraints are (2 D - I) X v >= 0; here they are D X v >= 0, which holds only the rows that a neuron "
        "sees",
        {
            "convex_relu-4": "return D * (X @ weights)",
            "_slacks_transposed: return": "return array_namespace(X, D, s).matrix_transpose(X) @ (D * s)",
            "convex_relu-9": """\
            turned = xp.matrix_transpose(X)
            root = [_inverse_root(identity[1] + turned @ (D[:, i : i + 1] * X)) for i in range(D.shape[1])]
            root = xp.stack(root)""",
            "prepare: A =": "A = xp.matrix_transpose(D)[:, :, None] * (X @ xp.matrix_transpose(root))",
            "prepare: overlap =": "overlap = xp.sum(A @ xp.matrix_transpose(A), axis=0)",
            "solve_smooth: t =": f"t = {ONE_MATRIX_EACH.format('right')}",
            "convex_relu-11": f"return t - {ONE_MATRIX_EACH.format('_predict_transposed(X, D, z)')}",
            "block_step: seen, side =": "seen = side = D[:, i]",
            "_apply_transposed: held =": "held = xp.matrix_transpose(X) @ (D * duals.mu)",
        },
    ),
    mistake(
        "slacks_not_clipped",
        "missing_step",
        "cut the slacks at 0; here they are free",
        {"convex_relu-13": "s = Gu + nu"},
    ),
    mistake(
        "stale_weights",
        "wrong_order",
        "update lambda with the new v; here with that of the step before",
        {"convex_relu-14": "lam = lam + (gamma / rho) * (u - state.v)"},
    ),
    mistake(
        "loss_without_half",
        "wrong_scale",
        "the squared loss is |F u - y|^2 / 2; here the 1/2 is missing",
        {
            "convex_relu-10": "ridge = _inverse_root(rho / 2 * identity[0] + 2 * overlap)",
            RIGHT: """\
            right = 2 * _predict_transposed(X, D, y) / rho + state.v - state.lam
            right = right + _slacks_transposed(X, D, state.s - state.nu)""",
            "_squared: return": "return array_namespace(outputs).sum((outputs - y) ** 2)",
            "_squared_slope: return": "return 2 * (outputs - y)",
            "certified_losses: return 0.5": "return (abs(outputs - y) + reach) ** 2",
        },
        origin=f"{OPTIMIZERS} (its cvxpy mode)",
    ),
    mistake(
        "mean_for_sum",
        "wrong_scale",
        "sum the squared errors; here their mean is taken",
        {
            "convex_relu-10": "ridge = _inverse_root(rho * X.shape[0] * identity[0] + 2 * overlap)",
            RIGHT: """\
            right = _predict_transposed(X, D, y) / (rho * X.shape[0]) + state.v - state.lam
            right = right + _slacks_transposed(X, D, state.s - state.nu)""",
            "_squared: return": "return 0.5 * array_namespace(outputs).mean((outputs - y) ** 2)",
            "_squared_slope: return": "return (outputs - y) / outputs.shape[0]",
        },
    ),
    mistake(
        "transposed_blocks",
        "wrong_axis",
        "bring [half, feature, pattern] to the order [half, pattern, feature] of F's columns before the solve; here it "
        "is flattened as it lies (the same for one feature or one pattern)",
        {
            "admm_step: return": """\
            xp, shape = array_namespace(right), right.shape
            read = xp.matrix_transpose(xp.reshape(right, (2, shape[2], shape[1])))
            u = xp.reshape(xp.matrix_transpose(solve_smooth(setup, read)), shape)
            return _settle(X, D, state._replace(u=u), beta, rho, gamma)"""
        },
        origin=f"{ADMMNN}/c5b3ab17efb75aef76176e5143fab978d8dd4e93/utils/admm_utils.py (mode cholesky)",
    ),
    mistake(
        "norm_over_patterns",
        "wrong_axis",
        "a block's norm runs over the features; here it runs over the patterns",
        {"shrink: norms =": "norms = xp.sqrt(xp.sum(weights * weights, axis=2, keepdims=True))"},
        origin=f"{OPTIMIZERS} (v_optimality)",
    ),
    mistake(
        "dual_step_gamma",
        "wrong_scale",
        "scaled duals move by gamma / rho; here by gamma, as unscaled ones do (the same where rho = 1)",
        {"convex_relu-14": "lam = lam + gamma * (u - v)", "convex_relu-15": "nu = nu + gamma * (Gu - s)"},
    ),
    mistake(
        "gamma_ignored",
        "missing_step",
        "heed gamma; here the dual step is always rho",
        {"convex_relu-14": "lam = lam + (u - v)", "convex_relu-15": "nu = nu + (Gu - s)"},
        unseen={"rbcd": "its dual step is rho"},
    ),
    # ADMM by random blocks
    mistake(
        "old_penalty_added",
        "wrong_sign",
        "in the line search subtract the old penalty of both halves; here that of w is added: harmless while it is "
        "small, then every step is rejected down to the floor",
        {
            "block_step: t, start, squares =": """\
            start = total(0.0) - rho * float(xp.sum(gap[1, :] ** 2))
            t, squares = 1.0, float(xp.sum(g * g))"""
        },
        origin=f"{UPDATE} (ddist1)",
    ),
    mistake(
        "no_line_search",
        "missing_step",
        "shorten the step until the function falls; here it is 1",
        {"convex_relu-17": "while False:"},
    ),
    mistake(
        "outputs_not_updated",
        "missing_step",
        "update F u after every block; here once per outer step",
        {"block_step: return state": "return state._replace(u=u), outputs, start - total(t)"},
    ),
    mistake(
        "w_pulled_like_v",
        "wrong_sign",
        "the gradient of w has the sign of F's second half; here that of the first",
        {"convex_relu-16": "g = xp.stack([pull, pull]) + rho * (gap + (side * strain) @ X)"},
    ),
    mistake(
        "slacks_left_out",
        "missing_step",
        "the gradient has a part from |G u - s + nu|^2; here it is missing",
        {"convex_relu-16": "g = xp.stack([pull, -pull]) + rho * gap"},
    ),
    mistake(
        "second_half_frozen",
        "missing_step",
        "a block has both halves, v and w; here w never moves",
        {
            "convex_relu-16": """\
            g = xp.stack([pull, -pull]) + rho * (gap + (side * strain) @ X)
            g = xp.stack([g[0, :], 0 * g[1, :]])"""
        },
    ),
    mistake(
        "settled_too_early",
        "wrong_order",
        "v, s and the duals follow once per list of blocks; here after every block",
        {
            "rbcd: state, _ =": """\
            for i in chosen:
                state, _ = convex_relu.block_descent(X, D, y, state, [i], rho=rho, loss=loss)
                state = convex_relu.settle(X, D, state, beta=beta, rho=rho)""",
            "rbcd: state = convex_relu.settle": "pass",
        },
    ),
    mistake(
        "overflowing_cross_entropy",
        "numerics",
        "log(1 + exp(2 yhat)) is 2 yhat for a large yhat; here the exponential overflows, and a step that would serve "
        "is refused",
        {"_cross_entropy: return": "return xp.sum(xp.log(1 + xp.exp(2 * outputs)) - 2 * y * outputs)"},
    ),
    mistake(
        "plain_logit",
        "wrong_constant",
        "the cross-entropy's logit is 2 F u; here the gradient is that of the logit F u",
        {"_cross_entropy_slope: return": "return sigmoid(outputs) - y"},
    ),
    mistake(
        "single_logit",
        "wrong_constant",
        "the cross-entropy's logit is 2 yhat; here it is yhat",
        {
            "_cross_entropy: return": "return xp.sum(xp.logaddexp(outputs, xp.zeros_like(outputs)) - y * outputs)",
            "_cross_entropy_slope: return": "return sigmoid(outputs) - y",
        },
    ),
    variant(
        "length_search",
        "Armijo's rule with the length of the step in place of the squared gradient; the first step is divided by 1.5 "
        "after each failure, multiplied by 1.05 after each block and carried on",
        UPDATE,
        {  # a list in place of the floor carries the first step on
            "rbcd: xp, state, states =": """\
            xp, state, states, first = array_namespace(X), convex_relu.init(X, D), [], [1.0]""",
            "rbcd: state, _ =": """\
            state, _ = convex_relu.block_descent(X, D, y, state, chosen, rho=rho, loss=loss, floor=first)""",
            "block_step: t, start, squares =": "t, start, squares = floor[0], total(0.0), float(xp.sum(g * g)) ** 0.5",
            "convex_relu-17": "while total(t) > start - armijo * t * squares and t > 1e-8:",
            "block_step: t = max": "t, floor[0] = max(t / factor, 1e-8), max(1e-10, floor[0] / 1.5)",
            "block_step: chosen =": "chosen, floor[0] = xp.arange(D.shape[1], device=device(D)) == i, 1.05 * floor[0]",
        },
    ),
    # Networks
    mistake(
        "layers_not_balanced",
        "missing_step",
        "share each norm between the layers; here u = v and alpha = +-1: more weight decay",
        {"convex_relu-7": "return Network(xp.take(blocks, kept, axis=1), xp.sign(second))"},
    ),
    mistake(
        "unit_first_layer",
        "wrong_scale",
        "share each norm between the layers; here u is a unit vector and alpha has all of it",
        {"convex_relu-7": "return Network(xp.take(blocks, kept, axis=1) / second**2, second * abs(second))"},
    ),
    mistake(
        "sign_lost",
        "wrong_sign",
        "the neurons of w have negative second-layer weights; here their sign is lost",
        {"convex_relu-7": "return Network(xp.take(blocks, kept, axis=1) / abs(second), abs(second))"},
    ),
    mistake(
        "first_layer_not_divided",
        "wrong_scale",
        "u = v / sqrt|v|; here the first layer is left as it is, so outputs are too large",
        {"convex_relu-7": "return Network(xp.take(blocks, kept, axis=1), second)"},
    ),
    mistake(
        "halves_interleaved",
        "wrong_order",
        "first all neurons of v, then all of w; here pattern by pattern",
        {
            "recover: (kept,) =": """\
            (kept,) = xp.nonzero(xp.reshape(norms, (-1,)) > threshold)
            kept = xp.take(kept, xp.argsort(kept % weights.shape[2], stable=True))"""
        },
        unseen={"values": "a sum over neurons does not see their order"},
    ),
    mistake(
        "zeros_kept",
        "missing_step",
        "drop blocks that are zero; here they stay, as neurons of weight zero",
        {
            "recover: (kept,) =": "kept = xp.arange(2 * weights.shape[2], device=device(weights))",
            "convex_relu-7": """\
            second = xp.take(second, xp.arange(second.shape[0], device=device(second)))
            return Network(blocks / xp.where(second == 0, 1.0, abs(second)), second)""",
        },
        unseen={"values": "neurons of weight zero add nothing"},
    ),
    mistake(
        "decay_not_halved",
        "wrong_scale",
        "the network pays beta / 2 times its squared weights; here beta times",
        {"convex_relu-2": "return value(network_outputs(X, network), y) + beta * decay"},
    ),
    mistake(
        "ridge_penalty",
        "wrong_constant",
        "the penalty is the sum of the norms; here of half their squares, which is that of the network",
        {
            "convex_relu-6": "return value(predict(X, D, weights), y) + beta / 2 * xp.sum(weights * weights)",
            "convex_relu-24": "return data + beta / 2 * xp.sum(weights * weights)",
        },
    ),
    # Sampled convex program
    mistake(
        "not_normalized",
        "missing_step",
        "scale the draws to length 1; here they are used as they are",
        {"random_features: U =": "U = xp.matrix_transpose(draws)"},
    ),
    mistake(
        "linear_features",
        "missing_step",
        "neurons answer with (X u)_+; here with X u",
        {"convex_relu-18": "return X @ U, U", "convex_relu-1": "return (X @ network.first) @ network.second"},
    ),
    mistake(
        "norm_for_square",
        "wrong_scale",
        "the step is 1 / |Z|^2; here it is 1 / |Z|",
        {"lipschitz: return": "return float(xp.max(xp.linalg.svdvals(Z))) or 1.0"},
    ),
    mistake(
        "no_momentum",
        "missing_step",
        "extrapolate (FISTA); here it is plain proximal gradient, or the momentum is reset in every step, which is "
        "what a turned sign in the test of the restart does",
        {"convex_relu-21": "return SCPState(alpha, alpha, momentum)"},
    ),
    mistake(
        "no_restart",
        "missing_step",
        "reset the momentum when it points uphill; here it never is",
        {"convex_relu-20": "t = state.momentum"},
    ),
    mistake(
        "restart_by_value",
        "wrong_constant",
        "reset the momentum where the step points against the gradient mapping; here where the objective rises, which "
        "comes later or never",
        {
            "convex_relu-20": """\
            cost = lambda a: float(0.5 * xp.sum((Z @ a - y) ** 2) + beta * xp.sum(abs(a)))
            t = 1.0 if cost(alpha) > cost(state.alpha) else state.momentum"""
        },
    ),
    mistake(
        "restart_by_smooth_gradient",
        "wrong_constant",
        "reset the momentum by the gradient mapping, which knows the penalty; here by the gradient of the squared "
        "error alone",
        {"convex_relu-20": "t = 1.0 if float(xp.sum((Z @ state.point - y) @ Z * moved)) > 0 else state.momentum"},
    ),
    mistake(
        "gradient_at_alpha",
        "wrong_order",
        "take the gradient at the extrapolated point; here at alpha",
        {"scp_step: forward =": "forward = state.point - (Z @ state.alpha - y) @ Z / L"},
    ),
    mistake(
        "nonnegative_layer",
        "missing_step",
        "second-layer weights have both signs; here they are >= 0",
        {"convex_relu-19": "alpha = xp.maximum(forward - beta / L, 0.0)"},
    ),
    # Adversarial training
    mistake(
        "euclidean_reach",
        "wrong_constant",
        "against a box the dual norm is l1; here it is l2 (the same for one attacked feature)",
        {
            "convex_relu-23": "reach = epsilon * xp.sqrt(xp.sum((q * mask) ** 2, axis=1))",
            "robust_slacks: spread =": "spread = group_norms(mask[:, None] * weights)",
        },
    ),
    mistake(
        "constraints_not_tightened",
        "missing_step",
        "subtract epsilon |M v|_1 in the constraints too; here only in the loss, and patterns flip within the box",
        {"convex_relu-22": "return slacks(X, D, weights)", "convex_relu-31": "mu, psi = _project(mu, psi, 0.0, None)"},
    ),
    mistake(
        "loss_not_robust",
        "missing_step",
        "the loss is that of the worst point of the box; here epsilon is in the constraints alone",
        {
            "convex_relu-23": "reach = 0.0",
            "pdhg_step: theta, phi =": "theta, phi = _PROX[loss](theta + sigma * offset, phi, 0.0, sigma)",
        },
    ),
    mistake(
        "reach_helps",
        "wrong_sign",
        "the attack raises the loss; here epsilon lowers it",
        {"convex_relu-23": "reach = -epsilon * xp.sum(abs(q * mask), axis=1)"},
    ),
    mistake(
        "norms_summed",
        "wrong_order",
        "take the norm of the summed model q_k; here the norms of its parts are summed, which is no exact worst case",
        {"convex_relu-23": "reach = epsilon * D @ xp.sum(abs(weights * mask[:, None]), axis=(0, 1))"},
    ),
    mistake(
        "always_mean",
        "wrong_scale",
        "the squared losses are summed; here their mean is taken",
        {
            "robust_objective: data =": "data = xp.mean(losses)",
            "_prox_squared: xp =": "xp, step = array_namespace(a, b), step * a.shape[0]",
        },
    ),
    mistake(
        "always_sum",
        "wrong_scale",
        "hinge and logistic losses are averaged; here summed",
        {
            "robust_objective: data =": "data = xp.sum(losses)",
            "_prox_hinge: return": "return _project(a, b, epsilon, 1.0)",
            "_prox_logistic: xp, n =": "xp, n = array_namespace(a), 1",
        },
    ),
    mistake(
        "bias_attacked",
        "missing_step",
        "leave the masked features (the bias column) alone; here they are attacked too",
        {
            "convex_relu-23": "reach = epsilon * xp.sum(abs(q), axis=1)",
            "robust_slacks: spread =": "spread = xp.sum(abs(weights), axis=1, keepdims=True)",
            "pdhg_step: epsilon, xp =": "xp, mask = array_namespace(X), 0 * mask + 1",
            "convex_relu-25": "copies = X + epsilon * xp.sign(shifts)",
        },
    ),
    mistake(
        "cut_only",
        "missing_step",
        "project on the cone; here phi is only cut to epsilon theta, which is farther away",
        {"_project: theta = xp.maximum": "theta = xp.maximum(a, 0.0)"},
    ),
    mistake(
        "all_active",
        "missing_step",
        "let only the |b_j| beyond epsilon theta count; here all of them do",
        {"convex_relu-26": "return (shift + epsilon * largest[..., -1]) / (slope + epsilon**2 * k[-1])"},
    ),
    mistake(
        "largest_active",
        "missing_step",
        "every |b_j| beyond epsilon theta counts; here only the largest does",
        {"convex_relu-26": "return (shift + epsilon * largest[..., 1]) / (slope + epsilon**2)"},
    ),
    mistake(
        "not_absolute",
        "missing_step",
        "sort the |b_j|; here negative b_j are taken for small ones",
        {
            "_level: largest =": """\
            largest = xp.sort(xp.maximum(b, 0.0), axis=-1, descending=True)
            largest = xp.cumulative_sum(largest, axis=-1, include_initial=True)"""
        },
    ),
    mistake(
        "opening_inverted",
        "wrong_constant",
        "|phi_j| <= epsilon theta; here the slope of the cone is 1 / epsilon",
        {"_project: xp =": "xp, epsilon = array_namespace(a), 1 / epsilon"},
    ),
    mistake(
        "no_cap",
        "missing_step",
        "theta has an upper bound; here it has none",
        {"_project: theta = theta if": "pass"},
    ),
    mistake(
        "round_cone",
        "wrong_constant",
        "each |phi_j| is bounded; here the Euclidean norm of phi is",
        {
            "_project: theta = xp.maximum": """\
            norm = xp.sqrt(xp.sum(b * b, axis=-1))
            theta = xp.where(norm > epsilon * a, (a + epsilon * norm) / (1 + epsilon**2), a)
            theta = xp.maximum(theta, 0.0)""",
            "convex_relu-27": """\
            short = epsilon * theta / xp.where(norm > 0, norm, 1.0)
            return theta, b * xp.where(short < 1, short, 1.0)[..., None]""",
        },
    ),
    mistake(
        "not_extrapolated",
        "missing_step",
        "the dual step sees twice the new weights minus the old ones; here it sees the new ones",
        {"pdhg_step: ahead =": "ahead = _signed(_apply(X, D, mask, weights), y, loss)"},
    ),
    mistake(
        "dual_step_at_old",
        "wrong_order",
        "the primal step comes first; here the dual step sees the old weights",
        {"pdhg_step: ahead =": "ahead = _signed(_apply(X, D, mask, state.weights), y, loss)"},
    ),
    mistake(
        "balance_turned",
        "wrong_constant",
        "balance lengthens the primal step; here it lengthens the dual one",
        {"pdhg_step: tau, sigma =": "tau, sigma = size / balance, size * balance"},
    ),
    mistake(
        "one_multiplier_for_all",
        "wrong_axis",
        "every constraint, of one point and one pattern, has a psi of its own; here the points of a pattern share one",
        {
            "convex_relu-31": """\
            mu, psi = _project(mu, psi, epsilon, None)
            psi = 0 * psi + xp.mean(psi, axis=1, keepdims=True)"""
        },
    ),
)
