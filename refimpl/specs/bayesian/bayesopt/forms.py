"""Lines of the rule as most people write them, which say the same."""

FORMS = {
    "gain_by_its_chance": {
        "bayesopt-10": "chance = ndtr(z)\nrisk = delta * chance + sigma * density(z) - gain",
    },
    "trace_and_quadratic_form": {
        "bayesopt-9": "trace = xp.linalg.trace\n"
        "half_trace = lambda derivative: 0.5 * (a @ derivative @ a - trace(inverse @ derivative))"
    },
}
