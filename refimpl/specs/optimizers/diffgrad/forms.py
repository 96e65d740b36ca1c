"""Lines of the rule as most people write them, which say the same."""

FORMS = {
    "step_as_in_the_paper": {
        "diffgrad-6": "bias_correction1 = correction1",
        "diffgrad-7": "bias_correction2 = correction2",
        "update: params, m, v, previous =": "xp = array_namespace(params)\n"
        "g = grad + weight_decay * params\n"
        "m = beta1 * state.m + (1 - beta1) * g\n"
        "v = beta2 * state.v + (1 - beta2) * g**2\n"
        "m_hat = m / bias_correction1\n"
        "v_hat = v / bias_correction2\n"
        "xi = 1 / (1 + xp.exp(-xp.abs(state.previous - g)))\n"
        "previous = g\n"
        "params = params - lr * xi * m_hat / (xp.sqrt(v_hat) + eps)",
    },
    "denominator_as_in_torch": {
        "diffgrad-6": "step_size = lr / correction1",
        "diffgrad-7": "root = correction2**0.5",
        "update: params, m, v, previous =": "xp = array_namespace(params)\n"
        "previous = grad + weight_decay * params\n"
        "m = state.m + (1 - beta1) * (previous - state.m)\n"
        "v = beta2 * state.v + (1 - beta2) * previous * previous\n"
        "diff = xp.abs(state.previous - previous)\n"
        "dfc = 1 / (1 + xp.exp(-diff))\n"
        "denom = xp.sqrt(v) / root + eps\n"
        "params = params - step_size * (m * dfc) / denom",
    },
    "friction_of_the_official_code": {
        "diffgrad-4": "diff = xp.abs(previous - grad)\ndfc = 1 / (1 + xp.exp(-diff))",
        "diffgrad-8": "denom = xp.sqrt(v) + eps\nparams = params - size * (m * dfc) / denom",
    },
    "sigmoid_by_tanh": {
        "diffgrad-5": "return 0.5 * (1 + xp.tanh(xp.abs(change) / 2))",
    },
    "moments_moved_towards_the_newest": {
        "diffgrad-2": "m = m + (1 - beta1) * (grad - m)",
        "diffgrad-3": "v = v + (1 - beta2) * (grad**2 - v)",
    },
    "product_rule_term_by_term": {
        "_f2_slope: return": "inner, outer = xp.cos(8 * x) * 8, xp.sin(8 * x)\n"
        "right = 3 * x**2 + outer + x * inner\n"
        "return xp.where(x <= -0.9, xp.full_like(x, -40.0), right)",
    },
    "signs_by_the_side_of_zero": {
        "_f3_slope: return": "xp = array_namespace(x)\n"
        "size = xp.abs(x)\n"
        "side = xp.where(x > 0, xp.ones_like(x), -xp.ones_like(x))\n"
        "inner = (size < 0.4) | (x == 0.4)\n"
        "barrier = (size < 0.5) | (x == 0.5)\n"
        "return xp.where(inner, 0.875 * side, xp.where(barrier, -side, 2 * x))",
    },
    "rates_and_gradient_term_by_term": {
        "online: slope =": "slope = lambda x, t: 2 * x - 2 * targets[t - 1, :]",
        "diffgrad-9": "lr_t = lr * t**-0.5",
        "diffgrad-10": "beta1_t = beta1 if t == 1 else beta1 * decay ** (t - 1)",
    },
}
