"""Lines of the rule as most people write them, which say the same."""

FORMS = {
    "lengths_as_they_are": {
        "cosine: lengths = xp.linalg": "length = xp.linalg.vector_norm\n"
        "lengths = length(eps_c, axis=-1) * length(eps_u, axis=-1)",
        "cosine: products =": "products = xp.sum(eps_c * eps_u, axis=-1)",
    },
}
