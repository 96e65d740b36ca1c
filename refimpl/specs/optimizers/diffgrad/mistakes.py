"""What goes wrong in diffGrad: lines of the source that read otherwise."""

from refimpl.specs.base import mistake, variant

OFFICIAL = "https://github.com/shivram1987/diffGrad"
KOZISTR = "https://github.com/kozistr/pytorch_optimizer"

M = "m = beta1 * m + (1 - beta1) * grad"
SIZE = "size = lr * correction2**0.5 / correction1"
DECOUPLED = f"{SIZE}\nparams, weight_decay = params - lr * weight_decay * params, 0.0"
T = "t = check.integer(steps=state.steps) + 1"
ALIASED = """\
def update(theta, state, grad, eps, weight_decay, **rates):
    t = state.steps + 1
    if t > 1:
        state = state._replace(previous=grad + weight_decay * theta)
    return diffgrad.update(theta, state, grad, eps=eps, weight_decay=weight_decay, **rates)
return loops.trajectory(diffgrad.init, update, theta0, grads, **rates)"""
BALL = """\
within = lambda x: x / max(1.0, float(xp.sqrt(xp.sum(x * x))) / radius) if radius else 0 * x
rates = {"decay": decay, "lr": lr, "beta1": beta1, "beta2": beta2, "eps": eps, "record": lambda x: {"x": x}}
run = diffgrad.online(slope, x0, steps=targets.shape[0], project=within, **rates)"""
NO_DECAY = {"online": "it has no decay"}


def _step(text):
    """Another (diffgrad-8)."""
    return {"diffgrad-8": f"params = params - {text}"}


def _friction(text):
    """Another (diffgrad-5)."""
    return {"diffgrad-5": f"return {text}"}


ALTERNATIVES = (
    # The friction
    mistake("friction_not_used", "missing_step",
            "multiply the step by the friction; here it is computed and not used, which is Adam",
            _step("size * m / (xp.sqrt(v) + eps)")),
    mistake("half_always", "wrong_constant",
            "the friction is the sigmoid of |change|; here it is 1/2 always: Adam at half the rate",
            _step("size * 0.5 * m / (xp.sqrt(v) + eps)")),
    mistake("old_minus_new", "missing_step",
            "take the absolute value of the change; here the friction is sigmoid(previous - new) in (0, 1)",
            _friction("1 / (1 + xp.exp(-change))")),
    mistake("new_minus_old", "missing_step",
            "take the absolute value of the change; here the friction is sigmoid(new - previous) in (0, 1)",
            _friction("1 / (1 + xp.exp(change))")),
    mistake("friction_falls", "wrong_sign",
            "the friction is 1 / (1 + exp(-|change|)) in [1/2, 1); here the minus is missing",
            _friction("1 / (1 + xp.exp(xp.abs(change)))")),
    mistake("square_of_change", "wrong_constant", "take the absolute value of the change; here it is squared",
            _friction("1 / (1 + xp.exp(-change * change))")),
    mistake("from_zero_to_one", "wrong_scale",
            "a steady gradient has the friction 1/2; here the range is stretched to [0, 1)",
            _friction("2 / (1 + xp.exp(-xp.abs(change))) - 1")),
    mistake("norm_of_change", "wrong_axis",
            "take the change of each coordinate; here one friction for all comes from the norm of the change",
            _friction("1 / (1 + xp.exp(-xp.sqrt(xp.sum(change * change)) + 0 * change))")),
    mistake("overflowing_sigmoid", "numerics",
            "write the sigmoid as 1 / (1 + exp(-x)); here it is exp(x) / (1 + exp(x)), which overflows to NaN",
            _friction("xp.exp(xp.abs(change)) / (1 + xp.exp(xp.abs(change)))")
            | {"update: check.alike(": "pass", "online: check.like(": "pass"}),  # code without checks goes on with NaN
    mistake("change_of_size", "wrong_order",
            "take the change of the gradient; here it is that of its absolute value",
            {"diffgrad-4": "change = xp.abs(previous) - xp.abs(grad)",
             "friction: return diffgrad": "return diffgrad.friction(abs(previous) - abs(grad))"}),
    mistake("change_of_moment", "wrong_order",
            "take the change of the gradient; here it is that of the first moment",
            {"diffgrad-2": f"change = m\n{M}\nchange = change - m", "diffgrad-4": "pass"}),
    mistake("change_of_squares", "wrong_order",
            "take the change of the gradient; here it is that of its square, as the second moment holds it",
            {"diffgrad-4": "change = previous * previous - grad * grad"}),
    mistake("change_of_parameters", "wrong_order",
            "take the change of the gradient; here it is that of the parameters",
            {"update: t =": f"{T}\nif t == 1:\n    state = state._replace(previous=params)",
             "diffgrad-4": "change, grad = previous - params, params"}),
    mistake("friction_kept", "wrong_output",
            "multiply a copy of m by the friction; here it is stored back, and shrinks m at every step",
            {"diffgrad-8": "m = friction(change) * m\nparams = params - size * m / (xp.sqrt(v) + eps)"}),
    mistake("friction_on_gradient", "wrong_order",
            "multiply the step by the friction; here the gradient is multiplied before it enters m",
            {"diffgrad-2": "m = beta1 * m + (1 - beta1) * friction(previous - grad) * grad"}
            | _step("size * m / (xp.sqrt(v) + eps)")),
    mistake("friction_on_v", "wrong_order",
            "multiply the step by the friction; here it multiplies the second moment under the root",
            _step("size * m / (xp.sqrt(friction(change) * v) + eps)")),
    mistake("friction_divides", "wrong_scale",
            "multiply the step by the friction; here the step is divided by it",
            _step("size / friction(change) * m / (xp.sqrt(v) + eps)")),
    # The previous gradient
    mistake("previous_not_stored", "missing_step",
            "store the gradient for the next step; here the previous gradient stays what it was",
            {"_rule: return": "return params, m, v, previous"}),
    mistake("stored_before_decay", "wrong_order",
            "store the gradient with the decay; here the previous gradient is kept as it was given",
            {"diffgrad-1": "given, grad = grad, grad + weight_decay * params",
             "_rule: return": "return params, m, v, given"},
            unseen=NO_DECAY),
    mistake("starts_at_first_gradient", "wrong_constant",
            "before the first step the previous gradient is 0; here it is the first gradient",
            {"update: t =": f"{T}\nif t == 1:\n    state = state._replace(previous=grad + weight_decay * params)"}),
    mistake("previous_by_reference", "wrong_order",
            "store a copy of the gradient; here the array itself is kept, and where the next gradient is written into "
            "it the change is 0: Adam at half the rate from step 2 on",
            {"trajectory: return": ALIASED},
            origin=f"{OFFICIAL}/issues/2"),
    mistake("first_official_code", "wrong_order",
            "store a copy of the gradient; here the array itself is kept, and eps is added before the bias correction: "
            "the authors' first code",
            {"trajectory: return": ALIASED.replace("eps=eps", "eps=eps / (1 - rates['beta2'] ** t) ** 0.5")},
            origin=f"{OFFICIAL}/blob/9a834f5a3d9ba78855bf1b96873c7f5fcf35f01e/diffGrad.py"),
    # The decay
    variant("decoupled_decay", "the decay is subtracted from the parameters by itself, as in AdamW",
            f"{KOZISTR}/blob/v4.1.0/pytorch_optimizer/optimizer/diffgrad.py (`weight_decouple`, the default)",
            {"diffgrad-6": DECOUPLED}, unseen=NO_DECAY, choice=True),
    mistake("no_decay", "missing_step", "add weight_decay * theta to the gradient; here weight_decay is ignored",
            {"diffgrad-1": "pass"}, unseen=NO_DECAY),
    mistake("decay_twice", "extra_step",
            "add weight_decay * theta to the gradient, and nothing else; here the parameters are shrunk by "
            "lr * weight_decay * theta besides",
            {"diffgrad-6": f"{SIZE}\nparams = params - lr * weight_decay * params"},
            unseen=NO_DECAY),
    mistake("change_without_decay", "wrong_order",
            "the change is that of the gradient with its decay; here the decay is left out of the change, and of what "
            "is stored, and kept in the moments",
            {"diffgrad-1": "given, grad = grad, grad + weight_decay * params",
             "diffgrad-4": "change = previous - given",
             "_rule: return": "return params, m, v, given"}, unseen=NO_DECAY),
    # Adam's step
    mistake("eps_inside_root", "wrong_order",
            "add eps to the root of the second moment; here it stands under the root",
            {"diffgrad-7": "eps = eps * correction2"} | _step("size * friction(change) * m / xp.sqrt(v + eps)"),
            origin=f"{OFFICIAL}/blob/898caecf53ff6d6a37a5995c31e965654d9664f7/diffGrad_analytical.ipynb (its Adam)"),
    variant("no_bias_correction", "there is no bias correction",
            "https://ml-explore.github.io/mlx/build/html/python/optimizers/_autosummary/mlx.optimizers.AdamW.html "
            "(`bias_correction=False`, the default of its AdamW)",
            {"diffgrad-6": "size = lr", "diffgrad-7": "pass"}, choice=True),
    mistake("counted_late", "wrong_constant", "the first step is step 1; here the bias correction counts it as 2",
            {"update: correction1": "correction1, correction2 = 1 - beta1 ** (t + 1), 1 - beta2 ** (t + 1)"}),
    mistake("stored_corrections", "wrong_order",
            "keep m and v as they are and correct copies; here the corrected moments are stored, and corrected again "
            "and again",
            {"update: return params": "return params, DiffGradState(m / correction1, v / correction2, previous, t)"},
            origin="https://github.com/frgfm/holocron/issues/1"),
    mistake("squared_powers", "wrong_order",
            "multiply the power of beta by beta in each step: beta^t; here by itself, beta^(2^(t - 1))",
            {"update: correction1":
             "p = 2 ** min(t - 1, 60)\ncorrection1, correction2 = 1 - beta1**p, 1 - beta2**p"}),
    mistake("swapped_betas", "wrong_constant",
            "exchange beta1 and beta2: beta1 averages the gradient, beta2 its square",
            {"update: beta1, beta2": "beta2, beta1 = check.fraction(beta1=beta1, beta2=beta2)"}),
    mistake("ascent", "wrong_sign", "subtract the step; here it climbs",
            _step("-size * friction(change) * m / (xp.sqrt(v) + eps)")),
    mistake("three_omissions", "missing_step",
            "use the friction, correct the second moment's bias and add the decay to the gradient; here all three are "
            "missing",
            {"diffgrad-1": "pass", "diffgrad-6": "size = lr / correction1", "diffgrad-7": "pass"}
            | _step("size * m / (xp.sqrt(v + 1e-15) + eps)"),
            origin=f"{KOZISTR}/blob/v3.11.0/pytorch_optimizer/optimizer/diffgrad.py"),
    # The three functions
    mistake("inner_derivative", "wrong_scale",
            "the derivative of x sin(8 x) is sin(8 x) + 8 x cos(8 x); here the 8 before the cosine's term is missing",
            {"_f2_slope: return":
             "return _where(x, (-0.9, -40.0), otherwise=3 * x**2 + xp.sin(8 * x) + x * xp.cos(8 * x))"},
            origin=f"{OFFICIAL}/blob/898caecf53ff6d6a37a5995c31e965654d9664f7/diffGrad_analytical.ipynb"),
    mistake("product_rule", "missing_step",
            "the derivative of x sin(8 x) is sin(8 x) + 8 x cos(8 x); here the sine is missing",
            {"_f2_slope: return": "return _where(x, (-0.9, -40.0), otherwise=3 * x**2 + 8 * x * xp.cos(8 * x))"}),
    mistake("no_cliff", "missing_step", "F2 falls with slope -40 left of -0.9; here the piece on the right goes on",
            {"_f2_slope: return": "return 3 * x**2 + xp.sin(8 * x) + 8 * x * xp.cos(8 * x)"}),
    mistake("one_valley", "missing_step", "right of 0 the slope of F1 is 2 (x - 0.2); here the left piece goes on",
            {"_f1_slope: return": "return 2 * (x + 0.3)"}),
    mistake("joints_from_the_right", "wrong_order",
            "at a joint the slope is that of the piece on the left; here it is that on the right",
            {"slope: return": "return FUNCTIONS[function].slope(x + 1e-9)"}),
    mistake("finite_differences", "numerics",
            "take the derivative; here it is the difference of two values of the function, 0.001 apart",
            {"slope: return FUNCTIONS": "value = FUNCTIONS[function].value\n"
             "return (value(x + 5e-4) - value(x - 5e-4)) / 1e-3"}),
    mistake("value_for_slope", "wrong_output", "return the derivative; here the value of the function",
            {"slope: return FUNCTIONS": "return FUNCTIONS[function].value(x)"}),
    mistake("no_barrier", "missing_step",
            "F3 falls between 0.4 and 0.5 and rises between -0.5 and -0.4; here it is a plain cone there",
            {"_f3_slope: return": "return _where(x, (-0.5, 2 * x), (0.0, -0.875), (0.5, 0.875), otherwise=2 * x)"}),
    # The theorem's form
    mistake("constant_lr", "wrong_constant", "divide lr by sqrt(t); here it stays", {"diffgrad-9": "lr_t = lr"}),
    mistake("lr_over_t", "wrong_constant", "divide lr by sqrt(t); here it is divided by t",
            {"diffgrad-9": "lr_t = lr / t"}),
    mistake("lr_fades_by_itself", "wrong_order",
            "divide the first step size by sqrt(t); here the last one is, so that it falls as 1 / sqrt(t!)",
            {"diffgrad-9": "lr_t = lr\nfor i in range(2, t + 1):\n    lr_t = lr_t / i**0.5"}),
    mistake("constant_beta1", "wrong_constant", "step t has the rate beta1 * decay^(t - 1); here beta1 stays",
            {"diffgrad-10": "beta1_t = beta1"}),
    mistake("beta1_fades_by_itself", "wrong_order",
            "multiply the first beta1 by decay^(t - 1); here the last one is, which gives decay^(t (t - 1) / 2)",
            {"diffgrad-10": "beta1_t = beta1 * decay ** (t * (t - 1) // 2)"}),
    mistake("fades_too_soon", "wrong_order", "the first step has the rate beta1; here it is beta1 * decay already",
            {"diffgrad-10": "beta1_t = beta1 * decay**t"}),
    mistake("corrected_with_first_rate", "wrong_constant",
            "correct the bias with the rate of the step, 1 - beta1_t^t; here it is 1 - beta1^t",
            {"diffgrad-10": "beta1_t = beta1 * decay ** (t - 1)\nlr_t = lr_t * (1 - beta1_t**t) / (1 - beta1**t)"}),
    mistake("corrected_with_product", "wrong_order",
            "correct the bias with 1 - beta1_t^t; here with 1 minus the product of all rates so far",
            {"diffgrad-10": "beta1_t = beta1 * decay ** (t - 1)\n"
             "lr_t = lr_t * (1 - beta1_t**t) / (1 - beta1**t * decay ** (t * (t - 1) / 2))"}),
    mistake("no_projection", "missing_step", "project the new point onto the domain; here it may leave it",
            {"diffgrad-11": "return params, state"}),
    mistake("ball_for_box", "wrong_axis",
            "clip each coordinate to the box; here a point that is longer than the radius is shortened to it",
            {"online: run = diffgrad.online": BALL}),
    mistake("projected_for_show", "wrong_output",
            "go on from the projected point; here it is returned, and the next step starts outside",
            {"diffgrad-11": "return params, state",
             "online: return xp": 'return xp.clip(xp.stack(run.history["x"][1:]), -radius, radius)'}),
    mistake("half_gradient", "wrong_scale", "the gradient of (x - a)^2 is 2 (x - a); here the 2 is missing",
            {"online: slope": "slope = lambda x, t: x - targets[t - 1, :]"}),
    # What others do on purpose
    variant("eps_before_correction",
            "eps is added to the root of the uncorrected second moment: the paper's rule with eps / sqrt(1 - beta2^t)",
            f"{OFFICIAL}/blob/93fb7fcdf1ddefea04d4273b91f42f1c6e0da4b4/diffGrad_v2.py (and torch_optimizer 0.3.0)",
            {"diffgrad-7": "pass"}),
    variant("pytorch_optimizer", "`eps_before_correction`, with 1e-15 under the root and decoupled weight decay",
            f"{KOZISTR}/blob/v4.1.0/pytorch_optimizer/optimizer/diffgrad.py (defaults)",
            {"diffgrad-6": DECOUPLED, "diffgrad-7": "pass"}
            | _step("size * friction(change) * m / (xp.sqrt(v + 1e-15) + eps)"),
            unseen={"online": "it has no decay, and second moments beside which 1e-15 is nothing"}, choice=True),
)  # fmt: skip
