"""Lines of the rule as most people write them, which say the same."""

FORMS = {
    "denominator_as_in_the_official_code": {
        "adahessian-5": "denom = (xp.sqrt(v) / correction2**0.5) ** power + eps",
        "_rule: step =": "step_size = lr / correction1",
        "adahessian-6": "params = params - step_size * m / denom - lr * weight_decay * params",
    },
    "power_of_the_corrected_square": {
        "adahessian-5": "v_hat = v / correction2",
        "_rule: step =": "m_hat = m / correction1\nstep = m_hat / (v_hat ** (power / 2) + eps)",
    },
    "moments_moved_towards_the_newest": {
        "adahessian-3": "m = m + (1 - beta1) * (grad - m)",
        "adahessian-4": "v = v + (1 - beta2) * (diagonal**2 - v)",
    },
    "decay_first": {
        "adahessian-6": "params = params * (1 - lr * weight_decay)\nparams = params - lr * step",
    },
    "sums_over_blocks": {
        "adahessian-2": "means = xp.sum(parts, axis=1, keepdims=True) / block",
        "average: return xp": "return xp.reshape(xp.repeat(means[:, 0], block), shape)",
    },
    "blocks_one_by_one": {
        "average: parts =": "entries = xp.reshape(diagonal, (-1,))\ncount = entries.shape[0] // block",
        "adahessian-2": "means = [xp.sum(entries[i * block : (i + 1) * block]) / block for i in range(count)]",
        "average: return xp": "return xp.reshape(xp.stack([means[i // block] for i in range(count * block)]), shape)",
    },
    "draws_averaged": {
        "moments: mean, mean_square =": "mean = xp.sum(diagonals, axis=0) / diagonals.shape[0]\n"
        "mean_square = xp.sum(diagonals**2, axis=0) / diagonals.shape[0]",
    },
    "gradient_of_the_quadratic": {
        "descent: grad =": "xp = array_namespace(theta)\n"
        "grad = xp.sum(hessians[t, ...] * theta[None, :], axis=1) + slopes[t, :]",
    },
}
