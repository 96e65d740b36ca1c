"""Lines of the source that read otherwise: mistakes, and what other sources do on purpose."""

from refimpl.core.arrays import array_namespace
from refimpl.specs.base import mistake, variant
from refimpl.training import loss_reweighting as lr

OFFICIAL = "https://github.com/sowmaster/Sample-Level-Loss-Reweighting-ICLR-2025"
TRAINER = f"{OFFICIAL}/blob/edd6f15/src/trainer.py"
DATAFLEX = "https://github.com/OpenDCAI/DataFlex/blob/main/src/dataflex/train/weighter"
_SUM = "xp.sum(powers, axis=-1, keepdims=True)"


def _tags(edits):
    return {f"loss_reweighting-{number}": line for number, line in edits.items()}


def _loss(divisor):
    return _tags({"3": f"return SequenceLosses(total / {divisor}, counts)"})


def _stale(A, y, theta0, eta, strategy, delta, r, warm):
    """Each step with the weights of the batch before it."""
    xp, b = array_namespace(A), A.shape[1]
    theta, thetas, used = theta0, [], [xp.ones_like(y[0, :]) / b]
    for t in range(A.shape[0]):
        off = A[t, ...] @ theta - y[t, :]
        theta = theta - eta * ((used[-1] * off) @ A[t, ...])
        thetas.append(theta)
        hot = lr.temperature(t, r=r, warm=warm)
        used.append(lr.weights(0.5 * off**2, strategy=strategy, delta=delta, r=hot).w)
    return xp.stack(thetas), xp.stack(used[:-1])


ALTERNATIVES = (
    # Losses of sequences
    mistake(
        "padding_in_the_mean", "wrong_scale",
        "divide by the number of tokens that count; here by that of all places, so that padding dilutes the loss",
        _loss("token.shape[1]"),
        origin="https://github.com/tracel-ai/burn/issues/5568",
    ),
    mistake(
        "sum_of_tokens", "wrong_scale", "the loss of a sequence is a mean over its tokens; here it is a sum",
        _loss("1.0"),
    ),
    mistake(
        "padding_counts", "missing_step",
        "labels that do not count are left out; here they are taken for token 0",
        {"sequence_losses: targets = ": "targets = xp.maximum(xp.astype(labels[:, 1:], xp.int64), 0)"},
        origin="https://github.com/DaoyuanLi2816/Molecule-Generator/pull/20",
    ),
    mistake(
        "not_shifted", "wrong_order",
        "logits at place t are about token t + 1; here about token t",
        {"sequence_losses: log_p = ": "log_p = log_softmax(logits[:, 1:, :])"},
        origin="https://github.com/huggingface/transformers/pull/404",
    ),
    mistake(
        "shifted_twice", "wrong_order",
        "logits at place t are about token t + 1; here about token t + 2, as shifted labels are shifted again",
        {"sequence_losses: targets = ": "targets = xp.astype(labels[:, 2:], xp.int64)",
         "sequence_losses: log_p = ": "log_p = log_softmax(logits[:, :-2, :])"},
        origin="https://github.com/huggingface/transformers/pull/37830",
    ),
    mistake(
        "probabilities_not_normalised", "missing_step",
        "the loss of a token is -log softmax; here minus its logit",
        {"sequence_losses: log_p = ": "log_p = logits[:, :-1, :]"},
    ),
    # The range
    mistake(
        "ends_not_subtracted", "missing_step",
        "subtract delta (max + min) before dividing; here it is forgotten, h >= 0 for losses >= 0, and the cap "
        "makes all weights equal",
        _tags({"5": "h = delta * (losses / reach)"}),
    ),
    mistake(
        "range_from_zero_to_delta", "wrong_scale",
        "the smallest loss is mapped to -delta; here to 0",
        _tags({"5": "h = delta * (below / reach)"}),
    ),
    mistake(
        "mean_for_the_middle", "wrong_constant",
        "0 is the middle between smallest and largest loss; here it is the mean of the losses",
        _tags({"5": "h = delta * (2 * (losses / 2 - xp.mean(losses / 2, axis=-1, keepdims=True)) / reach)"}),
    ),
    mistake(
        "range_of_deviations", "wrong_constant",
        "divide by the range of the losses; here by their standard deviation",
        _tags({"4": "reach = xp.maximum(xp.std(losses, axis=-1, keepdims=True) / 2 + 0.0 * high, FLOOR / 2)"}),
    ),
    mistake(
        "no_floor", "numerics",
        "a range below 1e-6 counts as 1e-6; here equal losses are 0 / 0",
        _tags({"4": "reach = xp.maximum(high / 2 - low / 2, 0.0)"}),
        origin="https://github.com/facebookresearch/pytorch_GAN_zoo/issues/89",
    ),
    mistake(
        "floor_added", "numerics",
        "a range below 1e-6 counts as 1e-6; here 1e-6 is added to every range",
        _tags({"4": "reach = high / 2 - low / 2 + FLOOR / 2"}),
    ),
    # Strategies
    mistake(
        "max_in_place_of_min", "wrong_sign",
        "cap the upper half: min(h + delta, delta); here the maximum is taken, and small losses are all alike",
        _tags({"6": "return xp.maximum(h + delta, delta)"}),
    ),
    mistake(
        "no_cap", "missing_step", "LinUpper is flat on the upper half; here it goes on rising",
        _tags({"6": "return h + delta"}),
    ),
    mistake(
        "capped_at_one", "wrong_constant", "the cap is delta; here it is 1",
        _tags({"6": "return xp.minimum(h + delta, 1.0)"}),
    ),
    mistake(
        "clipped_at_zero", "extra_step",
        "outside of a given range s may be negative; here it is clipped at 0",
        _tags({"6": "return xp.clip(h + delta, 0.0, delta)"}),
        unseen=dict.fromkeys(("weights", "sharded_weights", "gradient", "regression_steps", "bound"),
                             "in the range of the batch nothing is negative"),
    ),
    mistake(
        "not_squared", "missing_step", "Quadratic is 1 - h^2 / delta^2; here h is not squared: a falling line",
        _tags({"7": "return 1 - h / delta"}),
    ),
    mistake(
        "size_for_square", "wrong_constant", "Quadratic is 1 - h^2 / delta^2; here the size of h stands for its square",
        _tags({"7": "return 1 - xp.abs(h) / delta"}),
    ),
    mistake(
        "delta_forgotten", "missing_step", "Quadratic divides h by delta; here it does not",
        _tags({"7": "return 1 - h**2"}),
    ),
    mistake(
        "delta_not_squared", "wrong_constant", "Quadratic divides by delta squared; here by delta",
        _tags({"7": "return 1 - h**2 / delta"}),
    ),
    mistake(
        "quadratic_upside_down", "wrong_sign", "Quadratic favours the middle; here both ends",
        _tags({"7": "return (h / delta) ** 2"}),
    ),
    mistake(
        "extremes_without_size", "missing_step", "Extremes is the size of h; here h itself",
        _tags({"8": "return 1.0 * h"}),
    ),
    mistake(
        "extremes_upside_down", "wrong_sign", "Extremes favours both ends; here the middle",
        _tags({"8": "return delta - xp.abs(h)"}),
    ),
    mistake(
        "uniform_is_not_uniform", "wrong_output",
        "uniform weights are 1/b, s = 0; here h is handed on, which the softmax turns into weights like exp(h / r)",
        _tags({"10": "return 1.0 * h"}),
        origin=f"{DATAFLEX}/loss_weighter.py",
    ),
    # The softmax
    mistake(
        "largest_not_subtracted", "numerics",
        "subtract the largest s before the exponential; here a small temperature overflows to NaN",
        _tags({"11": "gaps = 1.0 * s", "12": "powers = xp.exp(s / r)"}),
    ),
    mistake(
        "temperature_multiplies", "wrong_scale", "divide s by r; here it is multiplied by r",
        _tags({"12": "powers = xp.exp(gaps * r)"}),
        origin="https://github.com/bowang-lab/BLEEP/issues/5",
    ),
    mistake(
        "temperature_ignored", "missing_step", "divide s by r; here r is always 1",
        _tags({"12": "powers = xp.exp(gaps)"}),
        origin=f"{DATAFLEX}/loss_weighter.py (r is set to 1, and no option reaches it)",
    ),
    mistake(
        "falling_weights", "wrong_sign", "weights rise with s; here they fall, and what is learnt already counts most",
        _tags({"11": "gaps = xp.min(s, axis=-1, keepdims=True) - s"}),
    ),
    mistake(
        "no_exponential", "missing_step", "weights are a softmax of s; here shares of s itself",
        _tags({"12": "powers = s - 0.0 * gaps"}),
    ),
    mistake(
        "mean_one", "wrong_scale", "weights sum to 1; here their mean is 1, and the gradient is b times too long",
        _tags({"13": f"return powers / {_SUM} * s.shape[-1]"}),
    ),
    mistake(
        "mean_on_top", "wrong_scale",
        "weights sum to 1, and the weighted loss is a sum; here a mean is taken on top, and the gradient is b times "
        "too short",
        _tags({"13": f"return powers / {_SUM} / s.shape[-1]"}),
        origin="https://github.com/sangmichaelxie/doremi/issues/9",
    ),
    mistake(
        "largest_weight_one", "wrong_scale", "weights sum to 1; here the largest is 1",
        _tags({"13": "return 1.0 * powers"}),
    ),
    # Baselines and groups
    mistake(
        "dro_of_normalised_losses", "extra_step", "plain exponential weights take the losses as they are; here h",
        _tags({"14": "return _softmax(normalise(losses), check.positive(r=r, infinite=True))"}),
    ),
    mistake(
        "weights_of_groups_added", "wrong_order", "weights of sample and group are multiplied; here they are added",
        _tags({"15": "product = w + xp.take(alpha, xp.astype(groups, xp.int64))"}),
    ),
    mistake(
        "groups_forgotten", "missing_step", "weights of the groups count too; here those of the samples alone",
        _tags({"15": "product = 1.0 * w"}),
    ),
    mistake(
        "products_not_normalised", "missing_step", "products are divided by their sum; here they are not",
        {"combine: return product": "return product"},
    ),
    # Steps
    mistake(
        "warm_for_one_step_more", "wrong_constant",
        "the first `warm` steps have equal weights, counted from 0; here one step more",
        _tags({"16": "return math.inf if step <= warm else r"}),
    ),
    mistake(
        "warm_for_one_step_less", "wrong_constant",
        "the first `warm` steps have equal weights, counted from 0; here counted from 1, it is one step less",
        _tags({"16": "return math.inf if step + 1 < warm else r"}),
    ),
    mistake(
        "never_warm", "missing_step", "the first `warm` steps have equal weights; here no step has",
        _tags({"16": "return r"}),
    ),
    mistake(
        "gradient_through_weights", "extra_step",
        "weights are constants (`detach`, `stop_gradient`); here the gradient flows through them too, and adds the sum "
        "of each loss times the gradient of its weight",
        _tags({"17": "w = weights(losses, **settings).w"}),
        origin="https://github.com/huggingface/sentence-transformers/pull/3880",
    ),
    mistake(
        "only_through_weights", "wrong_output",
        "weights are constants and losses are not; here it is the other way round",
        _tags({"17": "w = weights(losses, **settings).w", "18":
               "return array_namespace(losses).sum(w * stop_gradient(losses))"}),
    ),
    mistake(
        "stale_weights", "wrong_order", "weights are those of the batch itself; here those of the batch before it",
        functions={"regression_steps": _stale},
    ),
    mistake(
        "loss_without_half", "wrong_constant",
        "the gradient of a loss (a^T theta - y)^2 / 2 is the residual times a; here the loss lacks its half and the "
        "gradient has a factor of 2",
        _tags({"22": "g = 2 * (xp.matrix_transpose(A) @ (w * residual)[..., None])[..., 0]"}),
    ),
    mistake(
        "weights_squared", "extra_step",
        "the gradient is weighted once; here loss and gradient are weighted both",
        _tags({"22": "g = (xp.matrix_transpose(A) @ (w * w * residual)[..., None])[..., 0]"}),
    ),
    mistake(
        "plain_gradient", "missing_step", "the gradient is a weighted mean; here weights are computed and not used",
        _tags({"22": "g = (xp.matrix_transpose(A) @ residual[..., None])[..., 0] / A.shape[-2]"}),
    ),
    mistake(
        "ascent", "wrong_sign", "the step goes against the gradient; here along it",
        _tags({"23": "return theta + lr * g, w"}),
    ),
    # Devices
    mistake(
        "range_of_each_device", "wrong_axis",
        "smallest, largest and sum are those of the whole batch; here of each device, whose weights sum to 1",
        _tags({"19": "w = weights(losses, **settings).w / D"}),
        origin="https://github.com/PrimeIntellect-ai/prime-rl/pull/2562",
    ),
    mistake(
        "devices_not_counted", "missing_step",
        "multiply the local sum by the number of devices, whose mean is taken; here the gradient is too short by it",
        _tags({"20": "return Sharded(w, xp.sum(w * losses, axis=1))"}),
    ),
    mistake(
        "factor_on_one_device", "wrong_axis",
        "multiply the local sum by the number of devices on each of them; here on the first alone",
        _tags({"20": "local = xp.sum(w * losses, axis=1)\n"
                     "return Sharded(w, xp.concat([D * local[:1], local[1:]]))"}),
    ),
    mistake(
        "samples_for_devices", "wrong_constant",
        "multiply by the number of devices; here by that of the samples on each of them",
        _tags({"20": "return Sharded(w, losses.shape[1] * xp.sum(w * losses, axis=1))"}),
    ),
    # The bound
    mistake(
        "mean_for_largest", "wrong_constant", "L is the largest squared length of a row; here their mean",
        _tags({"24": "L = xp.mean(xp.sum(A * A, axis=1))"}),
    ),
    mistake(
        "length_not_squared", "wrong_constant", "L is the largest squared length of a row; here the largest length",
        _tags({"24": "L = xp.sqrt(xp.max(xp.sum(A * A, axis=1)))"}),
    ),
    mistake(
        "base_without_share", "missing_step", "the base has 1 - eta L in its divisor; here it has not",
        _tags({"25": "base = xp.sum(off * off) / (2 * lr * steps)"}),
    ),
    mistake(
        "distance_not_squared", "missing_step", "the base has the squared distance; here the distance",
        _tags({"25": "base = xp.sqrt(xp.sum(off * off)) / (2 * lr * (1 - share) * steps)"}),
    ),
    mistake(
        "base_doubled", "wrong_constant", "the base has a factor of 1/2; here it has not",
        _tags({"25": "base = xp.sum(off * off) / (lr * (1 - share) * steps)"}),
    ),
    mistake(
        "mean_for_weighted", "missing_step", "what is bounded is the weighted loss; here it is the mean",
        _tags({"26": "weighted.append(xp.mean(f))"}),
    ),
    mistake(
        "bound_of_equal_weights", "missing_step",
        "the steps are weighted; here those of equal weights, and only the weighted loss knows the weights",
        _tags({"27": "off = off - lr * (xp.matrix_transpose(A) @ (z / A.shape[0])[:, None])[:, 0]"}),
    ),
    # What other sources do on purpose
    variant(
        "length_factor",
        "each sample is weighted by its share of active tokens too, times b: equal where sequences are packed",
        f"{TRAINER} (training_step)",
        _loss("xp.mean(xp.astype(counts, logits.dtype))"),
    ),
    variant(
        "range_of_the_trainer",
        "the range is 0.75 to 1.8, the defaults of the authors' function, which their training step always overrides",
        f"{TRAINER} (h_func)",
        {"_ends: return xp.min(": "return xp.full_like(losses[..., :1], 0.75), "
         "xp.full_like(losses[..., :1], 1.8)"},
        choice=True,
        unseen={"fixed_range": "the range is given"},
    ),
)  # fmt: skip


FORMS = {
    "range_to_minus_one_and_one": {
        "loss_reweighting-4": "reach = xp.maximum(high - low, FLOOR)",
        "loss_reweighting-5": "h = 2 * delta * losses / reach - delta * (high + low) / reach",
    },
    "from_the_middle": {
        "loss_reweighting-4": "middle, reach = (high + low) / 2, xp.maximum((high - low) / 2, FLOOR / 2)",
        "loss_reweighting-5": "h = delta * (losses - middle) / reach",
    },
    "softmax_of_quotients": {
        "loss_reweighting-12": "s = s / r\npowers = xp.exp(s - xp.max(s, axis=-1, keepdims=True))",
    },
    "upper_half_by_a_condition": {
        "loss_reweighting-6": "return xp.where(h > 0, delta, h + delta)",
    },
    "cross_entropy_written_out": {
        "sequence_losses: log_p =": "shown = logits[:, :-1, :]\n"
        "shown = shown - xp.max(shown, axis=-1, keepdims=True)\n"
        "log_p = shown - xp.log(xp.sum(xp.exp(shown), axis=-1, keepdims=True))",
        "sequence_losses: total =": "total = xp.sum(xp.astype(active, logits.dtype) * token, axis=1)",
    },
    "quadratic_over_delta": {
        "loss_reweighting-7": "return (delta - h) * (delta + h) / delta**2",
    },
}
