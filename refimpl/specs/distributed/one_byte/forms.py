"""Lines of the rule as most people write them, which say the same."""

FORMS = {
    "level_before_it_is_an_integer": {
        "one_byte-3": "level = xp.round(xp.log(size) * slope) + offset\n"
        "level = xp.minimum(xp.maximum(level, 1.0), 127.0)\n"
        "k = xp.astype(level, xp.int64)",
        "one_byte-4": "negative = xp.astype(g < 0, xp.int64)\ncode = (k + 128 * negative) * xp.astype(sent, xp.int64)",
    },
    "bits_of_the_sign": {
        "one_byte-4": "bit = xp.astype(g < 0, xp.int64) << 7\ncode = xp.where(sent, bit | k, 0 * k)",
    },
    "sign_times_size": {
        "decode: k =": "k, bit = codes & 127, codes >> 7",
        "one_byte-5": "power = (xp.astype(k, like.dtype) - offset) / slope\nsize = xp.exp(power)",
        "decode: return xp.where": "sign = xp.astype(1 - 2 * bit, like.dtype)\n"
        "return xp.where(k == 0, xp.zeros_like(size), sign * size)",
    },
    "there_and_back": {
        "_spsa: return": "w = w + eps * z\nloss_plus = _value(loss, w, w, called)\n"
        "w = w - 2 * eps * z\nloss_minus = _value(loss, w, w, called)\n"
        "w = w + eps * z\nreturn projected_gradient(loss_plus, loss_minus, eps=eps)",
    },
    "half_of_the_difference": {
        "one_byte-2": "difference = loss_plus - loss_minus\n"
        "return array_namespace(loss_plus).asarray(0.5 * difference / eps)",
    },
    "divided_step_by_step": {
        "one_byte-6": 'divisor = N ** (0.5 if norm == "sqrt" else 1.0)\nrate = eta',
        "one_byte-7": "slope_of_sample = g[i] / divisor\nw = w - rate * (slope_of_sample * z)",
    },
}
