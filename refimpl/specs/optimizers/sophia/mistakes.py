"""What goes wrong in Sophia: lines of the source that read otherwise."""

from refimpl.specs.base import mistake, variant

CODE = "https://github.com/Liuhong99/Sophia"
OPTAX = "https://github.com/google-deepmind/optax"
KOZISTR = "https://github.com/kozistr/pytorch_optimizer/blob"

M = "m = beta1 * m + (1 - beta1) * grad"
BOUND = "_rule: bound = "
RATIO = "_rule: step = "
H = "update: h = _average"
ESTIMATE, STEP = "trajectory: estimate = ", "trajectory: theta, state = sophia.update"
SAMPLED, GRADIENT = "gnb: sampled = ", "gnb: gradient = "
PRODUCT = "hessian_product(W, x, labels, probe, model=model)"
EIGH, NEWTON = "clipped_newton: values, vectors = ", "clipped_newton: step = "


def _step_with(rates):
    return f"theta, state = sophia.update(theta, state, grads[t - 1, :], estimate, **rates | {rates})"


CODE_FORM = {RATIO: "step = xp.sign(m) * xp.minimum(abs(m) / (gamma * h + eps), 1.0)"}
AFTER_K = {ESTIMATE: "estimate = estimates[t - 2, :] if t > 1 and (t - 1) % k == 0 else None"}
AFTER_1 = {ESTIMATE: "estimate = estimates[t - 2, :] if t > 1 and (t - 2) % k == 0 else None"}
CORRECTED = '{name: rates[name] * (1 - rates["beta1"] ** t) for name in ("gamma", "eps")}'

ALTERNATIVES = (
    # The step
    mistake(
        "clipped_before_division",
        "wrong_order",
        "clip the ratio m / max(gamma h, eps); here m is clipped before it is divided, and where gamma h is small the "
        "step is not bounded",
        {RATIO: "step = xp.maximum(xp.minimum(m, 1.0), -1.0) / bound"},
    ),
    mistake(
        "clipped_gradient",
        "wrong_order",
        "clip the ratio; here the gradient is clipped to [-1, 1] instead, before it enters m",
        {
            "sophia-1": f"grad = xp.maximum(xp.minimum(grad, 1.0), -1.0)\n{M}",
            RATIO: "step = m / bound",
        },
    ),
    mistake(
        "rate_inside_clip",
        "wrong_order",
        "clip the ratio to [-1, 1], then multiply by lr; here lr times the ratio is clipped to [-1, 1], which lets "
        "steps be 1 / lr times as long",
        {RATIO: "step = xp.maximum(xp.minimum(lr * m / bound, 1.0), -1.0)", "sophia-4": "params = params - step"},
    ),
    mistake(
        "no_clip",
        "missing_step",
        "clip each coordinate of the ratio to [-1, 1]; here it is not clipped",
        {RATIO: "step = m / bound"},
    ),
    mistake(
        "clipped_norm",
        "wrong_axis",
        "clip each coordinate by itself; here the whole step is shortened to length 1",
        {
            "update: params, m = _rule": """\
            xp = array_namespace(params)
            m = beta1 * state.m + (1 - beta1) * grad
            ratio = m / xp.maximum(gamma * h, eps)
            ratio = ratio / xp.maximum(xp.sqrt(xp.sum(ratio * ratio)), 1.0)
            params = params - lr * weight_decay * params - lr * ratio"""
        },
    ),
    mistake(
        "absolute_hessian",
        "wrong_constant",
        "divide by max(gamma h, eps), which for negative h is eps; here by max(gamma |h|, eps)",
        {BOUND: "bound = xp.maximum(gamma * abs(h), eps)"},
    ),
    mistake(
        "no_floor",
        "missing_step",
        "divide by max(gamma h, eps); here by gamma h + eps, which has no floor: where h is negative the step climbs",
        {
            BOUND: "bound = gamma * h + eps",
            RATIO: "step = xp.maximum(xp.minimum(m / bound, 1.0), -1.0)",
        },
    ),
    mistake(
        "root_of_hessian",
        "extra_step",
        "divide by h itself, a curvature; here by its square root, as in Adam",
        {BOUND: "bound = xp.maximum(gamma * xp.sqrt(xp.maximum(h, 0.0)), eps)"},
    ),
    mistake(
        "no_gamma",
        "missing_step",
        "multiply h by gamma before the comparison with eps; here gamma is left out",
        {BOUND: "bound = xp.maximum(h, eps)"},
    ),
    mistake(
        "stale_momentum",
        "wrong_order",
        "step along the new m; here the step uses the one before the gradient came in",
        {"sophia-1": "pass", "sophia-4": f"params = params - lr * step\n{M}"},
    ),
    mistake(
        "no_momentum",
        "missing_step",
        "divide m by the curvature; here it is the gradient itself, and m is not used",
        {RATIO: "step = xp.maximum(xp.minimum(grad, bound), -bound) / bound"},
    ),
    variant(
        "coupled_decay",
        "the decay is added to the gradient (`weight_decouple=False`), and the clip takes it away",
        f"{KOZISTR}/main/pytorch_optimizer/optimizer/sophia.py",
        {"sophia-1": f"grad = grad + weight_decay * params\n{M}", "sophia-3": "pass"},
        choice=True,
    ),
    mistake(
        "no_decay",
        "missing_step",
        "subtract lr * weight_decay * theta; here weight_decay is ignored",
        {"sophia-3": "pass"},
    ),
    variant(
        "decay_without_lr",
        "the decay is not multiplied by the step size (`fixed_decay`)",
        f"{KOZISTR}/main/pytorch_optimizer/optimizer/sophia.py",
        {"sophia-3": "params = params - weight_decay * params"},
        choice=True,
    ),
    mistake(
        "decay_after_step",
        "wrong_order",
        "decay the old parameters; here those that the step has already moved",
        {
            "sophia-3": "pass",
            "sophia-4": "params = params - lr * step\nparams = params - lr * weight_decay * params",
        },
    ),
    mistake(
        "decay_inside_clip",
        "wrong_order",
        "let the parameters decay beside the clipped ratio; here weight_decay * theta joins the ratio before the "
        "clip, which cuts it off",
        {
            RATIO: "step = xp.maximum(xp.minimum(m / bound + weight_decay * params, 1.0), -1.0)",
            "sophia-3": "pass",
        },
    ),
    mistake(
        "decay_twice",
        "extra_step",
        "let the parameters decay once, beside the clipped ratio; here weight_decay * theta is added to the gradient "
        "besides",
        {"sophia-1": f"grad = grad + weight_decay * params\n{M}"},
    ),
    mistake(
        "ascent",
        "wrong_sign",
        "subtract the clipped ratio; here it is added and the steps climb",
        {"sophia-4": "params = params + lr * step"},
    ),
    mistake(
        "swapped_betas",
        "wrong_constant",
        "exchange beta1 and beta2: beta1 is the rate of the gradients, beta2 that of the estimates",
        {"update: beta1, beta2 = ": "beta2, beta1 = check.fraction(beta1=beta1, beta2=beta2)"},
    ),
    mistake(
        "loss_rate",
        "wrong_output",
        "the win rate is the share of coordinates that are not clipped; here of those that are",
        {"sophia-6": "return xp.mean(xp.astype(abs(state.m) >= xp.maximum(gamma * state.h, eps), state.m.dtype))"},
    ),
    mistake(
        "rate_of_old_state",
        "wrong_order",
        "count the coordinates that this step did not clip; here the win rate is that of the state before it",
        {
            "step: return": """\
            old = sophia.SophiaState(m, h)
            return theta, state.m, state.h, sophia.win_rate(old, gamma=rates["gamma"], eps=rates["eps"])"""
        },
    ),
    variant(
        "code_form",
        "the ratio is sign(m) min(|m| / (gamma h + eps), 1): eps is a summand, and a negative h gives an unbounded "
        "step uphill (the code is for estimates >= 0)",
        f"{CODE}/blob/main/sophia.py",
        CODE_FORM,
    ),
    variant(
        "version_1",
        "the step is clip(m / max(h, eps), rho): that of the paper if lr times rho takes the place of lr, rho that of "
        "gamma, rho eps that of eps and weight_decay / rho that of weight_decay (here rho is the input gamma)",
        f"{KOZISTR}/main/pytorch_optimizer/optimizer/sophia.py",
        {
            BOUND: "bound = xp.maximum(h, eps)",
            RATIO: "step = xp.maximum(xp.minimum(m / bound, gamma), -gamma)",
        },
    ),
    # The average of the estimates
    mistake(
        "decaying_hessian",
        "extra_step",
        "leave h as it is in steps without an estimate; here it is multiplied by beta2 in those, too, and shrinks "
        "between two estimates",
        {"update: h = state.h": "h = state.h if estimate is not None else beta2 * state.h"},
    ),
    mistake(
        "estimate_kept",
        "extra_step",
        "leave h as it is in steps without an estimate; here the last estimate is averaged in again in each of those, "
        "as in AdaHessian",
        {ESTIMATE: "estimate = estimates[(t - 1) // k * k, :]"},
    ),
    mistake(
        "squared_gradient",
        "wrong_order",
        "average estimates of the Hessian's diagonal; here the square of the gradient at hand takes their place, which "
        "is no estimate of it (see true_labels)",
        {H: "h = _average(h, grad * grad, beta2)", "update: check.alike(": "pass"},
        origin=f"{OPTAX}/issues/968",
    ),
    mistake(
        "squared_estimate",
        "extra_step",
        "the estimate is a curvature already; here it is squared like a gradient before it is averaged",
        {"sophia-2": "return beta2 * h + (1 - beta2) * estimate * estimate", "update: check.alike(": "pass"},
    ),
    mistake(
        "hessian_replaced",
        "missing_step",
        "average the estimates at rate beta2; here the newest one replaces h",
        {"sophia-2": "return 1.0 * estimate"},
    ),
    mistake(
        "exchanged_weights",
        "wrong_constant",
        "h is beta2 h + (1 - beta2) estimate; here the weights are exchanged",
        {"sophia-2": "return beta2 * estimate + (1 - beta2) * h"},
    ),
    mistake(
        "hessian_bias_correction",
        "extra_step",
        "leave h as it is; here it is divided by 1 - beta2^t, as in Adam",
        {STEP: _step_with('{"gamma": rates["gamma"] / (1 - rates["beta2"] ** t)}')},
    ),
    mistake(
        "both_corrected",
        "extra_step",
        "leave m and h as they are; here they are divided by 1 - beta1^t and 1 - beta2^t, as in Adam",
        {
            STEP: _step_with(
                '{"gamma": rates["gamma"] * (1 - rates["beta1"] ** t) / (1 - rates["beta2"] ** t), '
                '"eps": rates["eps"] * (1 - rates["beta1"] ** t)}'
            )
        },
    ),
    # When an estimate is due
    mistake(
        "refreshed_at_k",
        "wrong_order",
        "the first estimate is due in step 1; here in step k, after k - 1 steps along the sign",
        {"sophia-5": "return t % k == 0"},
    ),
    mistake(
        "never_for_k_one",
        "wrong_constant",
        "t mod k = 1 stands for steps 1, k + 1, ...; taken literally it never holds for k = 1",
        {"sophia-5": "return t % k == 1"},
    ),
    mistake(
        "refreshed_always",
        "extra_step",
        "take a new estimate in every k-th step; here in every step",
        {"sophia-5": "return True"},
    ),
    mistake(
        "refreshed_once",
        "missing_step",
        "take a new estimate in every k-th step; here in the first one only",
        {"sophia-5": "return t == 1"},
    ),
    mistake(
        "made_early_used_late",
        "wrong_order",
        "use an estimate in the step in which it is made; here that of step 1 is lost, and those of steps k + 1, "
        "2 k + 1, ... wait until steps 2 k, 3 k, ...",
        {
            ESTIMATE: """\
            made = (t - 1) // k * k + 1
            estimate = estimates[made - 1, :] if t % k == 0 and made > 1 else None"""
        },
        origin=f"{KOZISTR}/v3.11.0/pytorch_optimizer/optimizer/sophia.py",
    ),
    variant(
        "refresh_after_k",
        "the estimate of steps k, 2 k, ... is averaged in after the step, so the first k steps are sign steps",
        f"{CODE}/blob/main/train_sophiag.py",
        AFTER_K,
    ),
    variant(
        "refresh_after_1",
        "the estimate of steps 1, k + 1, ... is averaged in after the step, so the first step is a sign step",
        f"{OPTAX}/blob/main/optax/contrib/_sophia.py",
        AFTER_1,
    ),
    variant(
        "released_code",
        "code_form and refresh_after_k together",
        f"{CODE}/blob/main/train_sophiag.py",
        CODE_FORM | AFTER_K,
        unseen={"step": "it has no step before"},
    ),
    variant(
        "optax",
        "m is divided by 1 - beta1^t, and refresh_after_1",
        f"{OPTAX}/blob/main/optax/contrib/_sophia.py",
        {**AFTER_1, STEP: _step_with(CORRECTED)},  # m / c is clipped where m is at a bound c times as large
    ),
    # Hutchinson's estimate
    mistake(
        "product_alone",
        "missing_step",
        "multiply the product H u by u, entry by entry; here H u is returned",
        {"sophia-7": f"return {PRODUCT}"},
    ),
    mistake(
        "signs_of_probe",
        "wrong_constant",
        "use the drawn probe as it is; here its signs, a Rademacher probe: other draws than were asked for",
        {"sophia-7": f"probe = array_namespace(probe).sign(probe)\nreturn probe * {PRODUCT}"},
    ),
    mistake(
        "absolute_estimate",
        "extra_step",
        "the estimate may be negative, as the Hessian may; here its absolute value is taken",
        {"sophia-7": f"return abs(probe * {PRODUCT})"},
    ),
    mistake(
        "trace_for_diagonal",
        "wrong_axis",
        "multiply u and H u entry by entry; here the products are added up, which estimates the trace, and all "
        "entries share it",
        {"sophia-7": f"return 0 * probe + array_namespace(probe).sum(probe * {PRODUCT})"},
    ),
    mistake(
        "finite_difference",
        "numerics",
        "differentiate the gradient; here it is taken at two points 0.001 u apart, on one side",
        {
            "sophia-7": """\
            moved = gradient(W + 1e-3 * probe, x, labels, model=model)
            return probe * (moved - gradient(W, x, labels, model=model)) / 1e-3"""
        },
    ),
    mistake(
        "gauss_newton_product",
        "missing_step",
        "differentiate the gradient again, through the logits as well; here u * (J^T S J u), which leaves out their "
        "curvature and is right for linear logits alone",
        {"hessian_product: change = change - residuals": "pass"},
    ),
    mistake(
        "outer_product",
        "wrong_order",
        "multiply u by the Hessian; here by the outer product of the gradient with itself, u * g (g . u)",
        {"sophia-7": "g = gradient(W, x, labels, model=model)\nreturn probe * g * array_namespace(g).sum(g * probe)"},
    ),
    mistake(
        "squared_gradient_",
        "wrong_order",
        "multiply u by the Hessian; here the gradient is squared",
        {"sophia-7": "return gradient(W, x, labels, model=model) ** 2"},
        origin=f"{OPTAX}/issues/968",
    ),
    mistake(
        "sum_of_losses",
        "wrong_scale",
        "the loss is the mean over the batch; here it is the sum, B times as large",
        {"sophia-7": f"return x.shape[0] * probe * {PRODUCT}"},
    ),
    # The Gauss-Newton-Bartlett estimate
    mistake(
        "true_labels",
        "wrong_order",
        "draw the labels from the model; here the true ones (or the gradient at hand) are used, whose mean gradient is "
        "not 0: a bias that grows with the batch",
        {SAMPLED: "sampled = labels"},
        origin="https://github.com/HomebrewML/HeavyBall/pull/51",
    ),
    mistake(
        "no_batch_size",
        "wrong_scale",
        "multiply the square by the batch size B (or gamma, as the released code does); here B is missing",
        {"sophia-9": "return gradient * gradient"},
    ),
    mistake(
        "gradient_of_sum",
        "wrong_scale",
        "square the gradient of the mean loss; here of the sum, B times as large",
        {"sophia-9": "return batch * (batch * gradient) * (batch * gradient)"},
    ),
    mistake(
        "accumulated_gradient",
        "missing_step",
        "set the gradient to zero before the backward pass with the drawn labels; here it comes on top of the true "
        "ones",
        {GRADIENT: "gradient = sum(models.gradient(W, x, y, model=model) for y in (labels, sampled))"},
    ),
    mistake(
        "most_probable_labels",
        "missing_step",
        "draw the labels; here the most probable one is taken",
        {SAMPLED: "sampled = array_namespace(W).argmax(models.logits(W, x, model=model), axis=1)"},
    ),
    mistake(
        "uniform_labels",
        "wrong_constant",
        "draw the labels from softmax(logits); here all are equally probable",
        {SAMPLED: "sampled = sophia.sample_labels(0 * models.logits(W, x, model=model), uniforms)"},
    ),
    mistake(
        "tempered_labels",
        "wrong_constant",
        "draw the labels from softmax(logits); here the logits are halved, a temperature 2",
        {SAMPLED: "sampled = sophia.sample_labels(models.logits(W, x, model=model) / 2, uniforms)"},
    ),
    mistake(
        "places_for_classes",
        "wrong_axis",
        "return the class; here classes are sorted by their probability before it is drawn, and the place in that "
        "order is taken for the class",
        {
            "sample_labels: below =": """\
            ordered = xp.sort(softmax(logits, axis=1), axis=1, descending=True)
            below = xp.cumulative_sum(ordered, axis=1)[:, :-1]"""
        },
    ),
    mistake(
        "absolute_gradient",
        "missing_step",
        "square the gradient; here its absolute value is taken",
        {"sophia-9": "return batch * abs(gradient)"},
    ),
    mistake(
        "squares_of_examples",
        "wrong_order",
        "square the gradient of the batch, B g^2; here the squares of each example's gradient are averaged, which is "
        "unbiased too, but takes B backward passes",
        {
            GRADIENT: """\
            B = x.shape[0]
            each = (models.gradient(W, x[i : i + 1, :], sampled[i : i + 1], model=model) for i in range(B))
            return sum(g * g for g in each) / B"""
        },
    ),
    variant(
        "shortened_gradient",
        "the gradient with the drawn labels is shortened to length 1 before it is squared",
        f"{CODE}/blob/main/train_sophiag.py",
        {
            GRADIENT: """\
            gradient, xp = models.gradient(W, x, sampled, model=model), array_namespace(W)
            gradient = gradient / xp.maximum(xp.sqrt(xp.sum(gradient * gradient)), 1.0)"""
        },
    ),
    # The clipped Newton step
    mistake(
        "clipped_coordinates",
        "wrong_axis",
        "clip in the eigenbasis; here the coordinates of the Newton step itself are clipped",
        {"sophia-10": "return params - lr * xp.minimum(xp.maximum(vectors @ step, -rho), rho)"},
    ),
    mistake(
        "rows_for_columns",
        "wrong_axis",
        "the eigenvectors are the columns of eigh's matrix; here its rows are taken",
        {EIGH: "values, vectors = xp.linalg.eigh(hessian)\nvectors = vectors.T"},
    ),
    mistake(
        "clipped_before_inverse",
        "wrong_order",
        "divide by the eigenvalues, then clip; here the gradient is clipped first",
        {
            NEWTON: "step = xp.minimum(xp.maximum(vectors.T @ grad, -rho), rho) / values",
            "sophia-10": "return params - lr * (vectors @ step)",
        },
    ),
    mistake(
        "clipped_after_lr",
        "wrong_order",
        "clip, then multiply by lr; here lr is inside the clip",
        {"sophia-10": "return params - vectors @ xp.minimum(xp.maximum(lr * step, -rho), rho)"},
    ),
    mistake(
        "plain_newton",
        "missing_step",
        "clip the step in the eigenbasis; here it is the plain Newton step",
        {"sophia-10": "return params - lr * (vectors @ step)"},
    ),
    mistake(
        "clipped_length",
        "wrong_axis",
        "clip each coordinate by itself; here the step is shortened to length rho (trust region)",
        {"sophia-10": "return params - lr * rho * (vectors @ step) / xp.maximum(xp.sqrt(xp.sum(step * step)), rho)"},
    ),
    mistake(
        "diagonal_alone",
        "wrong_order",
        "use the whole Hessian; here its diagonal, as in the practical algorithm",
        {
            NEWTON: "step = grad / xp.linalg.diagonal(hessian)",
            "sophia-10": "return params - lr * xp.minimum(xp.maximum(step, -rho), rho)",
        },
    ),
)
