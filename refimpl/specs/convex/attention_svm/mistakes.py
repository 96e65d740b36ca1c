"""What goes wrong in code for attention and its SVMs, as lines of the source that read otherwise."""

from refimpl.specs.base import mistake, variant

_NORM = "{0} / (xp.linalg.matrix_norm({0}, keepdims=True) + {1})"
_DIRECTIONS = "return Factors(K - eta * {}, Q - eta * {})"
_SEPARABLE = {"svm_nuclear": "all its selections are separable: others are refused"}


def _normed(guard):
    """Norms that are taken of the gradient as it is, with a guard against 0."""
    step = "xp = array_namespace(grad)\nreturn W - eta * ({} if normalised else grad)"
    both = (_NORM.format(name, guard) for name in ("g_K", "g_Q"))
    return {
        "attention_svm-5": step.format(_NORM.format("grad", guard)),
        "attention_svm-10": _DIRECTIONS.format(*both),
    }


ALTERNATIVES = (
    # The layer
    mistake(
        "cancelled_jacobian",
        "numerics",
        "take the differences of scores before they are weighed, a_k sum_t a_t (gamma_k - gamma_t); here a (gamma - "
        "a^T gamma) loses the token that has nearly all the attention, and descent turns away from the SVM",
        {"attention_svm-3": "return a * (p - xp.sum(a * p, axis=-1, keepdims=True))"},
    ),
    mistake(
        "diagonal_jacobian",
        "missing_step",
        "the Jacobian of softmax is diag(a) - a a^T; here the second part is missing",
        {"attention_svm-3": "return a * p"},
    ),
    mistake(
        "softmax_over_inputs",
        "wrong_axis",
        "the weights of the tokens of one input add up to 1; here those of one token over the inputs",
        {"attention_svm-1": "return softmax(xp.vecdot(X, keys[..., None, :]), axis=-2)"},
    ),
    mistake(
        "transposed",
        "wrong_axis",
        "the score is x^T W z; here token and query are exchanged, z^T W x",
        {
            "_attend: keys =": "keys = Z @ W",
            "attention_svm-4": "return xp.matrix_transpose(Z) @ rows / X.shape[-3]",
        },
    ),
    mistake(
        "transposed_gradient",
        "wrong_axis",
        "the gradient is a sum of tokens times queries; here it is transposed",
        {"attention_svm-4": "return xp.matrix_transpose(Z) @ rows / X.shape[-3]"},
    ),
    mistake(
        "sum_over_inputs",
        "wrong_scale",
        "the loss is a mean over the inputs; here its gradient is that of the sum",
        {"attention_svm-4": "return xp.matrix_transpose(rows) @ Z"},
    ),
    mistake(
        "scaled_scores",
        "extra_step",
        "scores are not divided by the root of d; here they are",
        {"attention_svm-1": "return softmax(xp.vecdot(X, keys[..., None, :]) / X.shape[-1] ** 0.5)"},
    ),
    mistake(
        "rising_loss",
        "wrong_sign",
        "the loss falls with the output: log(1 + exp(-u)); here it rises",
        {
            "attention_svm-2": "loss = xp.mean(xp.logaddexp(u, xp.zeros_like(u)), axis=-1)",
            "_gradient: slope": "slope, q = sigmoid(u), _pull(a, p)",
        },
    ),
    mistake(
        "slope_of_the_other_tail",
        "wrong_sign",
        "the slope of the loss is -1 / (1 + exp(u)); here -1 / (1 + exp(-u)), largest where nothing is left to gain",
        {"_gradient: slope": "slope, q = -sigmoid(u), _pull(a, p)"},
    ),
    mistake(
        "linear_loss",
        "missing_step",
        "the gradient has the slope of the loss as a factor; here it is that of the output",
        {"_gradient: slope": "slope, q = -xp.ones_like(u), _pull(a, p)"},
    ),
    # Gradient descent
    mistake(
        "underflowing_norm",
        "numerics",
        "scale the gradient before its norm is taken; here its squares underflow, and with a guard of 1e-300 against 0 "
        "the step is as long as the gradient allows: W jumps, or stays where it is",
        _normed("1e-300"),
    ),
    mistake(
        "ascent",
        "wrong_sign",
        "descend; here W moves uphill",
        {"attention_svm-5": "return W + eta * (unit(grad, axis=MATRIX) if normalised else grad)"},
    ),
    mistake(
        "always_normalised",
        "extra_step",
        "a plain step is eta times the gradient; here it is normalised too",
        {"attention_svm-5": "return W - eta * unit(grad, axis=MATRIX)"},
    ),
    mistake(
        "signs_of_entries",
        "wrong_output",
        "a normalised step is the gradient over its norm; here the sign of each entry",
        {
            "attention_svm-5": "sign = array_namespace(grad).sign\n"
            "return W - eta * (sign(grad) if normalised else grad)",
            "attention_svm-10": _DIRECTIONS.format("xp.sign(g_K)", "xp.sign(g_Q)"),
        },
    ),
    mistake(
        "one_norm_for_both",
        "wrong_axis",
        "K and Q have a norm each; here the norm is that of both together",
        {
            "attention_svm-10": "both = unit(xp.concat([g_K, g_Q], axis=-2), axis=MATRIX)\n"
            "return Factors(K - eta * both[..., : K.shape[-2], :], Q - eta * both[..., K.shape[-2] :, :])"
        },
    ),
    mistake(
        "fresh_keys",
        "wrong_order",
        "both gradients are those at the old pair; here that of Q sees the new K",
        {
            "attention_svm-10": "K_new = K - eta * unit(g_K, axis=MATRIX)\n"
            "grad = _grad(K_new @ xp.matrix_transpose(Q), X, Z, gamma)\n"
            "g_Q = xp.matrix_transpose(grad) @ K_new + 2 * lam * Q\n"
            "return Factors(K_new, Q - eta * unit(g_Q, axis=MATRIX))"
        },
    ),
    mistake(
        "half_the_penalty",
        "wrong_scale",
        "the gradient of lam |K|^2 is 2 lam K; here lam K",
        {"attention_svm-9": "g_K, g_Q = grad @ Q + lam * K, xp.matrix_transpose(grad) @ K + lam * Q"},
    ),
    mistake(
        "no_penalty",
        "missing_step",
        "add the gradient of lam (|K|^2 + |Q|^2); here it is left out",
        {"attention_svm-9": "g_K, g_Q = grad @ Q + 0 * lam, xp.matrix_transpose(grad) @ K"},
    ),
    mistake(
        "gradient_not_transposed",
        "wrong_axis",
        "the gradient in Q is the transposed one times K; here it is not transposed",
        {"attention_svm-9": "g_K, g_Q = grad @ Q + 2 * lam * K, grad @ K + 2 * lam * Q"},
    ),
    mistake(
        "plain_factors",
        "missing_step",
        "the steps of K and Q have the length eta; here they are eta times the gradients",
        {"attention_svm-10": _DIRECTIONS.format("g_K", "g_Q")},
    ),
    variant(
        "official_eps",
        "2.2e-16 is added to each norm: growth stalls once gradients are as small",
        "the authors' notebooks, umich-sota/TF-as-SVM",
        _normed("2.2e-16"),
    ),
    # Support vector machines
    mistake(
        "wrong_side",
        "wrong_sign",
        "the selected token has the larger score; here it has the smaller one",
        {"attention_svm-6": "A = (X - best)[..., None] * Z[:, None, None, :]"},
        unseen={"svm_nuclear": "minus the matrix has the same norm and margins"},
    ),
    mistake(
        "mean_margin",
        "wrong_axis",
        "the margin over each other token is 1; here that over their mean",
        {
            "attention_svm-6": "rival = (xp.sum(X, axis=1, keepdims=True) - best) / (X.shape[1] - 1)\n"
            "A = (best - rival + 0 * X)[..., None] * Z[:, None, None, :]"
        },
    ),
    mistake(
        "first_token",
        "wrong_output",
        "the SVM is that of the selected tokens; here the first token of each input is taken for it",
        {
            "_constraints: xp =": "xp, alpha = array_namespace(X, Z, alpha), 0 * alpha",
        },
    ),
    mistake(
        "query_and_token_exchanged",
        "wrong_axis",
        "a constraint is a difference of tokens times a query; here they are exchanged, and W is transposed",
        {"attention_svm-6": "A = (best - X)[..., None, :] * Z[:, None, :, None]"},
        unseen={"svm_nuclear": "the transposed matrix has the same norm and margins"},
    ),
    mistake(
        "residual_not_scaled",
        "missing_step",
        "the solution is the residual over its last entry; here it is not divided by it",
        {"attention_svm-8": "w = r[:-1]"},
    ),
    mistake(
        "unit_matrix",
        "wrong_output",
        "return the least matrix with a margin of 1; here its direction, of norm 1",
        {
            "svm_frobenius: value =": "value = float(array_namespace(w).linalg.vector_norm(w))\nw = w / value",
        },
    ),
    mistake(
        "margin_of_two",
        "wrong_constant",
        "the margin is 1; here it is 2, the distance of two classes",
        {"_constraints: return": "return A.reshape(chosen.size, -1), 2.0 - 2.0 * chosen.reshape(-1), size"},
    ),
    mistake(
        "never_infeasible",
        "missing_step",
        "where no matrix separates the tokens say so; here noise over noise comes back",
        {"_least_distance: if ": "if False:"},
        unseen=_SEPARABLE,
    ),
    mistake(
        "frobenius_for_nuclear",
        "wrong_output",
        "for K and Q the nuclear norm is least; here it is that of the matrix of least Frobenius norm",
        {"svm_nuclear: for ": "for _ in range(1):", "attention_svm-12": "S = S", "svm_nuclear: gap =": "gap = 0.0"},
    ),
    mistake(
        "largest_singular_value",
        "wrong_output",
        "the nuclear norm is the sum of the singular values; here the largest one is returned",
        {"svm_nuclear: gap =": "gap, value = 1 - bound / value, float(xp.linalg.matrix_norm(S, ord=2))"},
    ),
    mistake(
        "frobenius_norm_returned",
        "wrong_output",
        "return the nuclear norm; here the Frobenius norm of the same matrix",
        {"svm_nuclear: gap =": "gap, value = 1 - bound / value, float(xp.linalg.matrix_norm(S))"},
    ),
    # The ball
    mistake(
        "all_values_shrink",
        "missing_step",
        "values that would fall below 0 leave the count; here the shift is (sum - R) / d whatever comes of it",
        {
            "attention_svm-15": "theta = (xp.sum(s, axis=-1, keepdims=True) - R) / s.shape[-1]",
        },
    ),
    mistake(
        "scaled_into_the_ball",
        "wrong_output",
        "all singular values shrink by the same amount; here by the same factor",
        {
            "project_nuclear: s =": "s = s * xp.clip(R / xp.sum(s, axis=-1, keepdims=True), max=1.0)\n"
            "s = xp.where(xp.isnan(s), 0.0, s)"
        },
    ),
    mistake(
        "onto_the_sphere",
        "missing_step",
        "inside the ball nothing moves; here the singular values grow until they add up to R",
        {"project_nuclear: s =": "s = xp.clip(s - theta, min=0.0)"},
    ),
    mistake(
        "negative_values_left",
        "missing_step",
        "singular values stop at 0; here they go below",
        {"project_nuclear: s =": "s = s - xp.clip(theta, min=0.0)"},
    ),
    mistake(
        "frobenius_ball",
        "wrong_output",
        "the singular values add up to at most R; here the root of the sum of their squares is at most R",
        {"attention_svm-15": "theta = s * (1 - R / xp.clip(xp.linalg.vector_norm(s, axis=-1, keepdims=True), min=R))"},
    ),
)
