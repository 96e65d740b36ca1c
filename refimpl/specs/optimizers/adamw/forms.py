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
    "step_inside_the_denominator_as_in_torch": {
        "adamw-3 in _rule": "step_size = -lr / correction1",
        "adamw-4": "denom = xp.sqrt(v) / (correction2**0.5 * step_size) + eps / step_size",
        "adamw-5 in _rule": "params = params * (1 - lr * weight_decay)\nparams = params + m / denom",
    },
    "between_the_newest_and_the_old": {
        "adamw-1 in _rule": "m = grad + beta1 * (m - grad)",
        "adamw-2 in _rule": "square = grad**2\nv = square + beta2 * (v - square)",
    },
    "chain_as_in_optax": {
        "adamw-5 in _rule": "denom = xp.sqrt(v_hat) + eps\n"
        "change = m_hat / denom\n"
        "change = change + weight_decay * params\n"
        "params = params - lr * change",
    },
    "change_to_be_added": {
        "adamw-5 in _rule": "change = -lr * m_hat / (xp.sqrt(v_hat) + eps)\n"
        "change = change - lr * weight_decay * params\n"
        "params = params + change",
    },
    "gradient_divided_before_the_decay": {
        "adamw-3 in _rule": "inverse = 1 / (xp.sqrt(v / correction2) + eps)",
        "adamw-4": "scaled = inverse * m / correction1",
        "adamw-5 in _rule": "decay = weight_decay * params\nparams = params - lr * scaled - lr * decay",
    },
    "adam_in_one_function": {
        "adam: return update": "t = state.steps + 1\n"
        "m = beta1 * state.m + (1 - beta1) * penalized\n"
        "v = beta2 * state.v + (1 - beta2) * penalized**2\n"
        "root = array_namespace(params).sqrt(v / (1 - beta2**t))\n"
        "params = params - lr * (m / (1 - beta1**t)) / (root + eps)\n"
        "return params, AdamWState(m, v, t)",
    },
    "adam_by_its_corrected_rate": {
        "adam: return update": "t = state.steps + 1\n"
        "m, v = state.m + (1 - beta1) * (penalized - state.m), state.v + (1 - beta2) * (penalized**2 - state.v)\n"
        "alpha, eps_hat = lr * (1 - beta2**t) ** 0.5 / (1 - beta1**t), eps * (1 - beta2**t) ** 0.5\n"
        "params = params - alpha * m / (array_namespace(params).sqrt(v) + eps_hat)\n"
        "return params, AdamWState(m, v, t)",
    },
    "largest_with_step_inside_the_denominator": {
        "adamw-3 in _amsgrad_rule": "step_size = -lr / correction1",
        "adamw-8": "denom = xp.sqrt(largest) / (correction2**0.5 * step_size) + eps / step_size",
        "adamw-5 in _amsgrad_rule": "params = params * (1 - lr * weight_decay)\nparams = params + m / denom",
    },
    "largest_with_corrected_rate": {
        "adamw-3 in _amsgrad_rule": "alpha = lr * correction2**0.5 / correction1",
        "adamw-8": "denom = xp.sqrt(largest) + eps * correction2**0.5",
        "adamw-5 in _amsgrad_rule": "params = params - alpha * m / denom - lr * weight_decay * params",
    },
    "amsgrad_in_one_function": {
        "amsgrad: params, m, v, largest =": "m = beta1 * state.m + (1 - beta1) * grad\n"
        "v = beta2 * state.v + (1 - beta2) * grad**2\n"
        "largest = array_namespace(v).maximum(state.largest, v)\n"
        "denom = array_namespace(v).sqrt(largest / (1 - beta2**t)) + eps\n"
        "params = params * (1 - lr * weight_decay)\n"
        "params = params - lr / (1 - beta1**t) * m / denom",
    },
}
