"""Lines of the rule as most people write them, which say the same."""

FORMS = {
    "with_the_deviation": {
        "_log_normal: return": "sd = xp.sqrt(variance)\n"
        "return -0.5 * (apart / sd) ** 2 - xp.log(sd) - 0.5 * math.log(2 * math.pi)"
    },
    "halved_at_the_end": {
        "_log_normal: return": "squared = apart * apart / variance\n"
        "return -(squared + math.log(2 * math.pi)) / 2 - xp.log(xp.sqrt(variance))"
    },
}
