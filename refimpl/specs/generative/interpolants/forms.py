"""Lines of the rule as most people write them, which say the same."""

FORMS = {
    "weights_times_densities": {
        "_mixture_fields: found =": "each = joint - xp.log(law.weights)\ntop = xp.max(each, axis=-1, keepdims=True)\n"
        "found = Fields(b, s, v, eta, xp.log(xp.sum(law.weights * xp.exp(each - top), axis=-1)) + top[:, 0])",
    },
}
