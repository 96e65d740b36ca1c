"""Lines of the rule as most people write them, which say the same."""

FORMS = {
    "threshold_case_by_case": {
        "lasso_mtrl-13": "low = xp.where(z < -lam, z + lam, 0.0 * z)\n"
        "new = xp.where(z > lam, z - lam, low) / divisors[t]"
    },
    "without_the_coordinate": {"lasso_mtrl-12": "z = column @ (residual + column * old)"},
    "step_by_its_own_gradient": {"lasso_mtrl-12": "z = sizes[t] * (old + column @ residual / divisors[t])"},
}
