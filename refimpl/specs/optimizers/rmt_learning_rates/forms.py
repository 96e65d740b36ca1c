"""Lines of the rule as most people write them, which say the same."""

FORMS = {
    "part_that_is_missing_in_the_batch": {
        "rmt_learning_rates-1": "inverse = (1 - batch / data) / batch",
    },
    "spike_and_bulk_by_a_condition": {
        "rmt_learning_rates-4": "edge = xp.sqrt(noise)\nspike = (eigenvalue > edge) | (noise == 0)",
        "batch_hessian: seen = xp.where": "safe = xp.where(eigenvalue > edge, eigenvalue, xp.ones_like(eigenvalue))",
        "rmt_learning_rates-3": "return xp.where(spike, eigenvalue + noise / safe, 2 * edge)",
    },
    "lower_end_written_out": {
        "rmt_learning_rates-5": "edge = -xp.sqrt(noise)\n"
        "spike = (eigenvalue < edge) | (noise == 0)\n"
        "safe = xp.where(eigenvalue < edge, eigenvalue, xp.ones_like(eigenvalue))\n"
        "return xp.where(spike, eigenvalue + noise / safe, 2 * edge)",
    },
    "spiked_covariance_by_a_condition": {
        "rmt_learning_rates-7": "spike = eigenvalue > sigma2 * (1 + xp.sqrt(ratio))",
        "batch_gauss_newton: pull =": "beyond = xp.where(spike, eigenvalue - sigma2, 1.0)",
        "rmt_learning_rates-6": "bulk = sigma2 * (1 + xp.sqrt(ratio)) ** 2\n"
        "return xp.where(spike, eigenvalue * (1 + ratio * sigma2 / beyond), bulk)",
    },
    "tridiagonal_of_three_diagonals": {
        "ritz: above =": "above = xp.eye(j, k=1, **like) * run.betas[:, None]",
        "ritz: tridiagonal =": "below = xp.eye(j, k=-1, **like) * run.betas[None, :]\n"
        "tridiagonal = xp.eye(j, **like) * run.alphas[:, None] + above + below",
    },
    "rates_of_the_condition_number": {
        "polyak_rates: high, low =": "kappa = top / bottom",
        "rmt_learning_rates-25": "lr = 4 / (top**0.5 + bottom**0.5) ** 2",
        "rmt_learning_rates-26": "momentum = ((kappa**0.5 - 1) / (kappa**0.5 + 1)) ** 2",
    },
    "curvature_along_a_unit_vector": {
        "rmt_learning_rates-28": "norm = xp.linalg.vector_norm(grad)\n"
        "unit, along = grad / norm, image / norm\n"
        "lr = 1 / xp.sum(unit * along)",
    },
    "lengths_of_the_images": {
        "rmt_learning_rates-23": "norms = xp.linalg.vector_norm(probes, axis=1)\n"
        "units = images / norms[:, None]\n"
        "return size * xp.sum(units**2) / n",
        "rmt_learning_rates-24": "size = probes.shape[1]\nreturn longer / size / size / inverse",
    },
}
