"""Lines of the rule as most people write them, which say the same."""

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
