"""Lines of the rule as most people write them, which say the same."""

FORMS = {
    "determinant_as_it_stands": {
        "functional_prior-9": "u_hat = u + (kept - 1 - along) * a / xp.sum(a * a)",
        "functional_prior-10": "log_det = xp.log(xp.abs(1 + (1 - h * h) * xp.sum(a * u_hat)))",
    },
}
