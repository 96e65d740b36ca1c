"""Lines of the rule as most people write them, which say the same."""

FORMS = {
    "sign_times_ratio_as_in_the_official_code": {
        "_rule: step =": "ratio = xp.minimum(xp.abs(m) / bound, xp.ones_like(m))\nstep = xp.sign(m) * ratio",
        "sophia-3": "params = params * (1 - lr * weight_decay)",
    },
    "quotient_then_clip": {
        "_rule: bound =": "denominator = xp.maximum(gamma * h, eps)",
        "_rule: step =": "one = xp.ones_like(m)\nstep = xp.minimum(xp.maximum(m / denominator, -one), one)",
    },
    "averages_moved_towards_the_newest": {
        "sophia-1": "m = m + (1 - beta1) * (grad - m)",
        "sophia-2": "return h + (1 - beta2) * (estimate - h)",
    },
    "share_of_the_clipped": {
        "sophia-6": "bound = xp.maximum(gamma * state.h, eps)\n"
        "clipped = xp.abs(state.m) / bound >= 1\n"
        "return 1 - xp.mean(xp.astype(clipped, state.m.dtype))",
    },
    "softmax_written_out": {
        "_residuals: p =": "powers = xp.exp(f - xp.max(f, axis=1, keepdims=True))\n"
        "p = powers / xp.sum(powers, axis=1, keepdims=True)",
    },
    "labels_drawn_and_gradients_of_the_examples": {
        "sample_labels: below =": "powers = xp.exp(logits - xp.max(logits, axis=1, keepdims=True))\n"
        "p = powers / xp.sum(powers, axis=1, keepdims=True)\n"
        "below = xp.cumulative_sum(p, axis=1)[:, :-1]",
        "gradient: return": "xp = array_namespace(x)\n"
        "back = residuals * _slope(f, model)\n"
        "examples = x[:, :, None] * back[:, None, :]\n"
        "return xp.mean(examples, axis=0)",
        "sophia-9": "total = check.integer(batch=batch, minimum=1) * gradient\nreturn total**2 / batch",
    },
    "hessian_of_softmax_written_out": {
        "hessian_product: change = (p": "xp = array_namespace(p)\n"
        "mean = xp.sum(p * toward, axis=1, keepdims=True)\n"
        "change = slope * p * (toward - mean)",
    },
    "each_direction_clipped": {
        "clipped_newton: step =": "components = xp.sum(vectors * grad[:, None], axis=0)\nstep = components / values",
        "sophia-10": "clipped = xp.sign(step) * xp.minimum(xp.abs(step), rho)\n"
        "return params - lr * xp.sum(vectors * clipped[None, :], axis=1)",
    },
}
