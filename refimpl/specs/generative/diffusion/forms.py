"""Lines of the rule as most people write them, which say the same."""

FORMS = {
    "clean_point_first": {
        "diffusion-14": "alpha, alpha_next = math.exp(-t / 2), math.exp(-u / 2)\n"
        "return alpha_next / alpha, alpha_next * h / alpha - kept * math.sqrt(h), sigma"
    },
    "noise_of_both_times": {
        "diffusion-13": "sigma = eta * math.sqrt(k / h) * math.sqrt(1 - math.exp(-t) / math.exp(-u))"
    },
}
