"""Lines of the rule as most people write them, which say the same."""

FORMS = {
    "softmax_pulled_back": {"attention_svm-3": "return a * (p - xp.sum(a * p, axis=-1, keepdims=True))"},
    "last_above_its_threshold": {
        "attention_svm-15": "sums = xp.cumulative_sum(s, axis=-1) - R\n"
        "last = xp.sum(xp.astype(s - sums / count > 0, xp.int64), axis=-1, keepdims=True)\n"
        "theta = xp.take_along_axis(sums, last - 1, axis=-1) / xp.astype(last, s.dtype)"
    },
    "last_above_times_its_number": {
        "attention_svm-15": "sums = xp.cumulative_sum(s, axis=-1) - R\n"
        "last = xp.sum(xp.astype(s * count > sums, xp.int64), axis=-1, keepdims=True)\n"
        "theta = xp.take_along_axis(sums, last - 1, axis=-1) / xp.astype(last, s.dtype)"
    },
}
