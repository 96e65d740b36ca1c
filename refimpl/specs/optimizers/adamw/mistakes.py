"""What goes wrong in AdamW, Adam and AMSGrad: lines of the source that read otherwise."""

from functools import partial

from refimpl.core.arrays import array_namespace
from refimpl.optimizers import adamw
from refimpl.specs.base import mistake, variant


def _both(edits):
    """The same in AMSGrad's rule, which repeats these lines of AdamW's."""
    return {f"{tag} in {rule}": text for tag, text in edits.items() for rule in ("_rule", "_amsgrad_rule")}


def _step(text):
    """Another (adamw-5), in both rules."""
    return _both({"adamw-5": f"params = params - lr * ({text} + weight_decay * params)"})


M = "m = beta1 * m + (1 - beta1) * grad"
V = "v = beta2 * v + (1 - beta2) * grad * grad"
ADAM = "m_hat / (xp.sqrt(v_hat) + eps)"
WITHOUT_DECAY = f"params = params - lr * {ADAM}"
NO_DECAY = {"adam": "what AdamW decays by is 0 in Adam"}
COUNT = """\
t, *corrections = _corrections(state.steps, beta1, beta2)
xp, d = array_namespace(params), params.shape[0]
ages = xp.astype(xp.arange(d) + (d * (t - 1) + 1), params.dtype)
corrections = [1 - (beta * xp.ones_like(params)) ** ages for beta in (beta1, beta2)]"""
BARE_SQUARES = """\
t, *corrections = _corrections(state.steps, beta1, beta2)
v = beta2 * state.v + (1 - beta2) * grad * grad
params, m, v = _rule(params, state.m, v, penalized, lr, beta1, 1.0, eps, 0.0, *corrections)
return params, AdamWState(m, v, t)"""


def _overwritten_rate(theta0, grads, lr, beta1, beta2, eps, weight_decay, coupled=False):
    theta, m, v, thetas = theta0, 0 * theta0, 0 * theta0, []
    for t in range(1, grads.shape[0] + 1):
        lr = lr * (1 - beta2**t) ** 0.5 / (1 - beta1**t)
        grad = grads[t - 1, ...] + coupled * weight_decay * theta
        decay = (not coupled) * weight_decay
        theta, m, v = adamw._rule(theta, m, v, grad, lr, beta1, beta2, eps, decay, 1.0, 1.0)
        thetas.append(theta)
    return array_namespace(theta0).stack(thetas)


ALTERNATIVES = (
    # Where the decay goes wrong
    variant("coupled_decay",
            "the decay is added to the gradient and so to both moments: Adam with an L2 penalty, which hardly shrinks "
            "parameters with large gradients",
            "https://pytorch.org/docs/stable/generated/torch.optim.Adam.html (`weight_decay`; a bug in "
            "https://github.com/nntrainer/nntrainer/pull/3565)",
            _both({"adamw-1": f"grad = grad + weight_decay * params\n{M}", "adamw-5": WITHOUT_DECAY}),
            unseen=NO_DECAY, choice=True),
    mistake("no_decay", "missing_step", "subtract lr * weight_decay * theta; here weight_decay is ignored",
            _both({"adamw-5": WITHOUT_DECAY}), unseen=NO_DECAY),
    mistake("decay_after_step", "wrong_order",
            "decay the old parameters; here the decay sees those that Adam's step has already moved",
            _both({"adamw-5": f"{WITHOUT_DECAY}\nparams = params - lr * weight_decay * params"}),
            origin="https://github.com/bitsandbytes-foundation/bitsandbytes/issues/2010", unseen=NO_DECAY),
    mistake("preconditioned_decay", "wrong_order",
            "add weight_decay * theta after the division; here it joins the first moment before it, and is divided by "
            "the root of the second",
            _both({"adamw-5": "params = params - lr * (m_hat + weight_decay * params) / (xp.sqrt(v_hat) + eps)"}),
            unseen=NO_DECAY),
    mistake("decay_twice", "extra_step",
            "let the parameters decay once, beside the step; here the gradient is given weight_decay * theta besides, "
            "as where code for Adam's penalty was left in",
            _both({"adamw-1": f"grad = grad + weight_decay * params\n{M}"}), unseen=NO_DECAY),
    mistake("decay_in_first_moment", "wrong_order",
            "keep the decay out of the moments; here it is added to the gradient of the first one, while the second "
            "sees the bare gradient",
            _both({"adamw-1": "m = beta1 * m + (1 - beta1) * (grad + weight_decay * params)",
                   "adamw-5": WITHOUT_DECAY}), unseen=NO_DECAY),
    mistake("decay_at_corrected_rate", "wrong_scale",
            "multiply the decay by lr; here by lr * sqrt(1 - beta2^t) / (1 - beta1^t), the rate into which the bias "
            "correction was drawn",
            _both({"adamw-5": f"{WITHOUT_DECAY} - lr * correction2**0.5 / correction1 * weight_decay * params"}),
            unseen=NO_DECAY),
    mistake("growth", "wrong_sign", "subtract the decay; here it is added, and the parameters grow",
            _both({"adamw-5": f"params = params - lr * ({ADAM} - weight_decay * params)"}), unseen=NO_DECAY),
    # Where Adam's step goes wrong
    variant("no_bias_correction",
            "there is no bias correction, and with the usual rates the first step is three times as long",
            "https://ml-explore.github.io/mlx/build/html/python/optimizers/_autosummary/mlx.optimizers.AdamW.html "
            "(`bias_correction=False`, the default; a bug in https://github.com/allenai/OLMo-core/pull/317)",
            {"adamw-3 in _rule": "m_hat = m", "adamw-4": "v_hat = v"}, choice=True),
    mistake("first_uncorrected", "missing_step",
            "divide the first moment by 1 - beta1^t; here only the second is corrected",
            _both({"adamw-3": "m_hat = m"})),
    mistake("second_uncorrected", "missing_step",
            "divide the second moment by 1 - beta2^t; here only the first is corrected",
            {"adamw-4": "v_hat = v", "adamw-8": "v_hat = largest"}),
    mistake("correction_without_power", "wrong_constant",
            "raise the rates to the power of the step number: 1 - beta^t; here the corrections are 1 - beta at every "
            "step", {"_corrections: return": "return t, 1 - beta1, 1 - beta2"},
            origin="https://github.com/eriklindernoren/ML-From-Scratch/issues/35"),
    mistake("correction_rooted_twice", "wrong_constant",
            "divide the second moment by 1 - beta2^t before the root; here by the root of that",
            {"adamw-4": "v_hat = v / correction2**0.5", "adamw-8": "v_hat = largest / correction2**0.5"}),
    mistake("exchanged_corrections", "wrong_constant",
            "correct m with beta1 and v with beta2; here the two corrections are exchanged",
            {"_corrections: return": "return t, 1 - beta2**t, 1 - beta1**t"}),
    mistake("stored_corrections", "wrong_order",
            "keep m and v as they are and correct copies; here the corrected moments are stored, and corrected again "
            "and again",
            _both({"adamw-3": "m = m_hat = m / correction1"})
            | {"adamw-4": "v = v_hat = v / correction2", "adamw-8": "largest = v_hat = largest / correction2"},
            origin="https://github.com/frgfm/holocron/issues/1"),
    mistake("rate_overwritten", "wrong_order",
            "take each step's corrected rate from the given lr; here lr itself is overwritten with "
            "lr * sqrt(1 - beta2^t) / (1 - beta1^t), and the corrections of all steps pile up in it",
            functions={"trajectory": _overwritten_rate, "adam": partial(_overwritten_rate, coupled=True)}),
    mistake("squared_powers", "wrong_order",
            "multiply the power of beta by beta in each step: beta^t; here by itself, beta^(2^(t - 1)), and the "
            "corrections are over after a few steps",
            {"_corrections: return": "p = 2 ** min(t - 1, 60)\nreturn t, 1 - beta1**p, 1 - beta2**p"}),
    mistake("rates_overwritten", "wrong_order",
            "average at the rates beta1 and beta2; here at their powers beta^t, which were meant for the correction",
            _both({"adamw-1": "m = (1 - correction1) * m + correction1 * grad",
                   "adamw-2": "v = (1 - correction2) * v + correction2 * grad * grad"})),
    mistake("counted_from_zero", "wrong_order",
            "count a step before its bias correction; here t = 0 in the first, which divides by zero",
            {"_corrections: return": "return t, 1 - beta1 ** (t - 1), 1 - beta2 ** (t - 1)",
             "update: check.alike": "pass", "amsgrad: check.alike": "pass", "adam: check.alike": "pass"}),  # NaN stays
    mistake("counted_from_two", "wrong_order", "count a step once; here t is one too large, 2 in the first step",
            {"_corrections: return": "return t, 1 - beta1 ** (t + 1), 1 - beta2 ** (t + 1)"}),
    mistake("counted_by_parameter", "wrong_order",
            "count a step once for all parameters; here each parameter that is updated counts, so that all but the "
            "first are corrected as if they were older",
            {"update: t, *corrections": COUNT, "amsgrad: t, *corrections": COUNT},
            origin="https://github.com/flashlight/flashlight/issues/143"),
    mistake("swapped_betas", "wrong_constant",
            "exchange beta1 and beta2: beta1 belongs to the gradient, beta2 to its square",
            {"_rates: beta1, beta2": "beta2, beta1 = check.fraction(beta1=beta1, beta2=beta2)",
             "_corrections: t =": "t, beta1, beta2 = check.integer(steps=steps) + 1, beta2, beta1"}),
    mistake("exchanged_weights", "wrong_constant",
            "the moments are beta * old + (1 - beta) * new; here the weights are exchanged",
            _both({"adamw-1": "m = (1 - beta1) * m + beta1 * grad",
                   "adamw-2": "v = (1 - beta2) * v + beta2 * grad * grad"})),
    mistake("undamped_sums", "wrong_scale", "weight what is new with 1 - beta; here the moments are sums, not averages",
            _both({"adamw-1": "m = beta1 * m + grad", "adamw-2": "v = beta2 * v + grad * grad"})),
    mistake("squares_of_the_mean", "missing_step",
            "square the gradient of this step; here the second moment averages the square of the first",
            _both({"adamw-2": "v = beta2 * v + (1 - beta2) * m * m"})),
    mistake("squares_about_the_mean", "extra_step",
            "average g * g; here (g - m)^2, the gradient's deviation from its average, as in AdaBelief",
            _both({"adamw-2": "v = beta2 * v + (1 - beta2) * (grad - m) * (grad - m)"})),
    mistake("no_root", "missing_step", "divide by the square root of the second moment; here by the second moment",
            _step("m_hat / (v_hat + eps)")),
    mistake("no_eps", "missing_step", "add eps to the root; here it is left out, and a gradient of 0 gives NaN",
            _step("m_hat / xp.sqrt(v_hat)") | {"update: check.alike": "pass"}),
    mistake("eps_piles_up", "wrong_order",
            "add eps where it is used; here it is added to the second moment in place, so that it is stored and piles "
            "up", _both({"adamw-2": f"{V} + eps"}) | _step("m_hat / xp.sqrt(v_hat)"),
            origin="https://github.com/juntang-zhuang/Adabelief-Optimizer/issues/61"),
    mistake("stale_moments", "wrong_order",
            "update the moments before the step; here the step uses those of the step before",
            _both({"adamw-1": f"m_hat = m / correction1\n{M}", "adamw-3": "pass"})
            | {"adamw-2 in _rule": f"v_hat = v / correction2\n{V}", "adamw-4": "pass"}
            | {"adamw-2 in _amsgrad_rule": f"v_hat = largest / correction2\n{V}", "adamw-8": "pass"}),
    mistake("no_momentum", "missing_step",
            "step along the first moment; here along the gradient of this step (RMSProp)",
            _both({"adamw-3": "m_hat = grad"})),
    mistake("nesterov", "extra_step", "step along the first moment; here it looks one step ahead, as in NAdam",
            _both({"adamw-3": "m_hat = (beta1 * m + (1 - beta1) * grad) / correction1"})),
    mistake("one_second_moment", "wrong_axis",
            "keep a second moment for each parameter; here all share one, the mean of their squares",
            _both({"adamw-2": "v = beta2 * v + (1 - beta2) * xp.mean(grad * grad)"})),
    mistake("sizes_for_squares", "wrong_order",
            "average g * g and take the root; here |g| is averaged and no root is taken",
            _both({"adamw-2": "v = beta2 * v + (1 - beta2) * abs(grad)"}) | _step("m_hat / (v_hat + eps)")),
    mistake("lazy", "missing_step",
            "let the moments fade and the parameters move in every step; here both are left alone where the gradient "
            "is 0, as lazy optimizers do for sparse gradients",
            _both({"adamw-1": f"moved = grad != 0\nm = xp.where(moved, {M[4:]}, m)",
                   "adamw-2": f"v = xp.where(moved, {V[4:]}, v)",
                   "adamw-5": f"params = xp.where(moved, params - lr * ({ADAM} + weight_decay * params), params)"}),
            origin="https://github.com/tensorflow/tensorflow/issues/23668"),
    mistake("ascent", "wrong_sign", "subtract lr times the step; here it is added", _step(f"-{ADAM}")),
    # Where the penalty of Adam goes wrong
    variant("decoupled_decay", "the decay is subtracted from the parameters by itself: this is AdamW",
            "https://pytorch.org/docs/stable/generated/torch.optim.Adam.html (`decoupled_weight_decay=True`; a bug in "
            "https://github.com/keras-team/keras/issues/19051)",
            {"adamw-6": "penalized = grad",
             "adam: return update": "rates = {'lr': lr, 'beta1': beta1, 'beta2': beta2, 'eps': eps}\n"
             "return update(params, state, penalized, **rates, weight_decay=weight_decay)"},
            choice=True),
    mistake("no_penalty", "missing_step", "add weight_decay * theta to the gradient; here weight_decay is ignored",
            {"adamw-6": "penalized = grad"}, origin="https://github.com/PaddlePaddle/Paddle/issues/5836"),
    mistake("bare_squares", "wrong_order",
            "square the gradient with the penalty in it; here the second moment sees the bare one",
            {"adam: return update": BARE_SQUARES}),
    mistake("doubled_penalty", "wrong_scale", "the slope of the penalty is weight_decay * theta; here twice that",
            {"adamw-6": "penalized = array_namespace(params).asarray(grad + 2 * weight_decay * params)"}),
    # Where the maximum of AMSGrad goes wrong
    mistake("no_maximum", "missing_step",
            "divide by the largest second moment so far; here by the newest: this is AdamW",
            {"adamw-8": "v_hat = v / correction2"}),
    mistake("late_maximum", "wrong_order", "take the maximum after the second moment's update; here it lags by a step",
            {"adamw-2 in _amsgrad_rule": f"largest = xp.maximum(largest, v)\n{V}", "adamw-7": "pass"}),
    mistake("maximum_fed_back", "wrong_order",
            "keep the maximum beside v; here it overwrites v, and the next average starts from it",
            {"adamw-7": "largest = v = xp.maximum(largest, v)"}),
    mistake("moments_not_stored", "missing_step",
            "hand the new moments and their maximum on to the next step; here they are computed in copies, and every "
            "step starts from the state at rest, while the count goes on",
            {"amsgrad: return params": "return params, AMSGradState(state.m, state.v, state.largest, t)"},
            origin="https://github.com/raskr/rust-autograd/issues/16"),
    mistake("minimum", "wrong_sign", "take the larger of the two; here the smaller, from the first step on",
            {"amsgrad_init: return": "return AMSGradState(m, v, m + 1e30, steps)",
             "adamw-7": "largest = xp.minimum(largest, v)"}),
    # What others do on purpose
    variant("eps_before_correction",
            "eps stands beside the root of the uncorrected second moment, and so shrinks the first steps more",
            "https://github.com/tensorflow/tensorflow/issues/9047 (Kingma and Ba's remark before Section 2.1, whose "
            "epsilon is another number; PyTorch before 1.3); with AMSGrad "
            "https://github.com/keras-team/keras/blob/master/keras/src/optimizers/adam.py",
            _step("m_hat / (xp.sqrt(v_hat) + eps / correction2**0.5)")),
    variant("eps_inside_root", "eps is added under the root, to the corrected second moment",
            "https://optax.readthedocs.io/en/latest/api/optimizers.html#optax.adamw (eps_root, with eps = 0; the "
            "maximum of its AMSGrad is that of maximum_of_corrected)", _step("m_hat / xp.sqrt(v_hat + eps)")),
    variant("decay_without_lr", "the decay is not multiplied by lr, only by the multiplier of the schedule, here 1",
            "https://arxiv.org/abs/1711.05101 Algorithm 2, line 12",
            _both({"adamw-5": f"{WITHOUT_DECAY} - weight_decay * params"}), unseen=NO_DECAY),
    variant("amsgrad", "AMSGrad: divide by the largest second moment so far (see adamw.amsgrad)",
            "https://openreview.net/forum?id=ryQu7f-RZ Algorithm 2; torch.optim.AdamW(amsgrad=True)",
            {"trajectory: return": "return amsgrad(theta0, grads, **rates)"}),
    variant("maximum_of_corrected", "the maximum is taken over the corrected second moments",
            "https://github.com/google-deepmind/optax/issues/1389 (optax.amsgrad)",
            {"adamw-7": "largest = xp.maximum(largest, v / correction2)", "adamw-8": "v_hat = largest"}),
    variant("uncorrected_maximum", "no bias correction at all",
            "https://openreview.net/forum?id=ryQu7f-RZ Algorithm 2 as printed",
            {"adamw-3 in _amsgrad_rule": "m_hat = m", "adamw-8": "v_hat = largest"}),
)  # fmt: skip
