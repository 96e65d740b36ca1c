"""Lines of the rule as most people write them, which say the same."""

FORMS = {
    "adam_as_in_libraries": {
        "opposing_signals-26": "v = v + (1 - beta2) * (grad**2 - v)",
        "opposing_signals-27": "root = array_namespace(theta).sqrt\n"
        "denominator = root(v) / correction2**0.5 + eps\ntheta = theta - lr * m_hat / denominator",
    },
    "average_in_two_lines": {
        "opposing_signals-23": "m = m * beta1\nm = m + grad - dampening * grad",
    },
    "mask_multiplied": {
        "opposing_signals-28": "size, sign = xp.abs(m_hat), xp.sign(m_hat)\nlarge = xp.where(size >= r, 1.0, 0.0)",
        "opposing_signals-29": "theta = theta - large * lr_sign * sign - (1 - large) * lr * m_hat",
    },
    "sorted_descending": {
        "opposing_signals-2": "up = xp.argsort(change, descending=True, stable=True)[:k]",
    },
    "turns_by_the_product": {
        "flips: turned =": "turned = step[1:] * step[:-1] < 0",
        "opposing_signals-6": "return xp.sum(xp.astype(turned, series.dtype)) / turned.shape[0]",
    },
    "population_written_out": {
        "opposing_signals-10": "s = xp.sum(b_o) / b_o.shape[0] ** 0.5",
        "opposing_signals-11": "fit = xp.sum((c * b - beta) ** 2)\nopposed = alpha * c**2 * s**2\n"
        "loss = (fit + opposed) / 2",
        "opposing_signals-13": "grad_b_o = alpha * c**2 * s / b_o.shape[0] ** 0.5 * xp.ones_like(b_o)",
    },
    "means_over_the_samples": {
        "opposing_signals-17": "xp = array_namespace(x, x_o, y)\n"
        "grad_b = xp.mean(error[:, None] * c * x, axis=0)\n"
        "grad_b_o = xp.mean(error[:, None] * c * x_o, axis=0)\n"
        "return losses, Model(grad_b, grad_b_o, xp.mean(error * hidden))",
    },
    "outputs_and_targets_of_both_groups": {
        "group_losses: used =": "feature = (alpha / p) ** 0.5\nout = c * xp.sum(b_o) / b_o.shape[0] ** 0.5 * feature",
        "opposing_signals-19": "fit = 0.5 * xp.sum(error**2)\n"
        "return fit + 0.5 * (feature - xp.stack([out, -out])) ** 2",
    },
}
