"""Lines of the rule as most people write them, which say the same."""

FORMS = {
    "denominator_as_in_torch": {
        "adamw-3 in _rule": "step_size = lr / correction1",
        "adamw-4": "denom = xp.sqrt(v) / correction2**0.5 + eps",
        "adamw-5 in _rule": "params = params * (1 - lr * weight_decay)\nparams = params - step_size * m / denom",
    },
    "corrected_rate_as_in_the_paper_of_adam": {
        "adamw-3 in _rule": "alpha = lr * correction2**0.5 / correction1",
        "adamw-4": "eps_hat = eps * correction2**0.5",
        "adamw-5 in _rule": "params = params - alpha * m / (xp.sqrt(v) + eps_hat) - lr * weight_decay * params",
    },
    "moments_moved_towards_the_newest": {
        "adamw-1 in _rule": "m = m + (1 - beta1) * (grad - m)",
        "adamw-2 in _rule": "v = v + (1 - beta2) * (grad**2 - v)",
    },
    "decay_first": {
        "adamw-5 in _rule": "params = params - lr * weight_decay * params\n"
        "update = m_hat / (xp.sqrt(v_hat) + eps)\n"
        "params = params - lr * update",
    },
    "largest_with_denominator_as_in_torch": {
        "adamw-3 in _amsgrad_rule": "step_size = lr / correction1",
        "adamw-8": "denom = xp.sqrt(largest) / correction2**0.5 + eps",
        "adamw-5 in _amsgrad_rule": "params = params * (1 - lr * weight_decay)\n"
        "params = params - step_size * m / denom",
    },
    "largest_by_a_condition": {
        "adamw-2 in _amsgrad_rule": "v = v + (1 - beta2) * (grad**2 - v)",
        "adamw-7": "largest = xp.where(v > largest, v, largest)",
        "adamw-5 in _amsgrad_rule": "params = params - lr * weight_decay * params\n"
        "params = params - lr * m_hat / (xp.sqrt(v_hat) + eps)",
    },
}
