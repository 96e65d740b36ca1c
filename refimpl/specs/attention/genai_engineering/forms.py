"""Lines of the rule as most people write them, which say the same."""

FORMS = {
    "zero_point": {
        "genai_engineering-36": "scale = xp.where(step > 0, step, 1.0)\n"
        "codes = xp.round(grouped / scale - zero / scale)"
    },
    "levels_of_the_range": {
        "genai_engineering-36": "levels = (2**bits - 1) / xp.where(step > 0, step * (2**bits - 1), 1.0)\n"
        "codes = xp.round((grouped - zero) * levels)"
    },
}
