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
    "difference_of_inverses": {
        "rmt_learning_rates-1": "drawn, whole = 1 / batch, 1 / data\ninverse = drawn - whole",
    },
    "deviation_of_an_element": {
        "rmt_learning_rates-2": "deviation = sigma2**0.5 * inverse**0.5\nreturn parameters * deviation**2",
    },
    "outlier_beyond_half_the_edge": {
        "rmt_learning_rates-4": "edge = 2 * xp.sqrt(noise)\nspike = eigenvalue > edge / 2",
        "batch_hessian: seen = xp.where": "safe = xp.where(spike, eigenvalue, 1.0)",
        "rmt_learning_rates-3": "growth = 1 + noise / safe**2\n"
        "return xp.where(spike | (noise == 0), eigenvalue * growth, edge)",
    },
    "in_units_of_the_bulk": {
        "rmt_learning_rates-7": "ell = eigenvalue / sigma2\nspike = ell > 1 + xp.sqrt(ratio)",
        "batch_gauss_newton: pull =": "outlier = ell + ratio * ell / xp.where(spike, ell - 1, 1.0)",
        "rmt_learning_rates-6": "edge = 1 + ratio + 2 * xp.sqrt(ratio)\nreturn sigma2 * xp.where(spike, outlier, edge)",
    },
    "share_of_the_limit": {
        "rmt_learning_rates-12": "limit, new_limit = 2 / old, 2 / new\nshare = lr / limit\nreturn share * new_limit",
    },
    "three_term_recurrence": {
        "rmt_learning_rates-14": "pass",
        "rmt_learning_rates-15": "alphas.append(xp.sum(basis[-1] * u))",
        "lanczos: u = u - alphas": "u = u - alphas[-1] * basis[-1]\n"
        "u = u - betas[-1] * basis[-2] if len(basis) > 1 else u",
    },
    "every_vector_by_itself": {
        "rmt_learning_rates-16": "overlaps = [xp.sum(v * u) for v in basis]\n"
        "u = u - sum(c * v for c, v in zip(overlaps, basis, strict=True))",
    },
    "basis_in_columns": {
        "rmt_learning_rates-16": "Q = xp.matrix_transpose(q)\noverlaps = u @ Q\nu = u - Q @ overlaps",
    },
    "tridiagonal_by_diag": {
        "ritz: above =": "beside = run.betas[:-1]",
        "ritz: tridiagonal =": "tridiagonal = xp.diag(run.alphas) + xp.diag(beside, k=1) + xp.diag(beside, k=-1)",
    },
    "momentum_from_the_step_size": {
        "rmt_learning_rates-26": "slow, fast = 1 - xp.sqrt(lr * bottom), xp.sqrt(lr * top) - 1\n"
        "momentum = xp.maximum(slow, fast) ** 2",
    },
    "rates_of_the_geometric_mean": {
        "polyak_rates: high, low =": "middle = xp.sqrt(top * bottom)",
        "rmt_learning_rates-25": "lr = 4 / (top + bottom + 2 * middle)",
        "rmt_learning_rates-26": "momentum = (top + bottom - 2 * middle) / (top + bottom + 2 * middle)",
    },
    "those_above_the_floor": {
        "polyak_rates: bottom =": "kept = values[values > floor * top]\n"
        "bottom = xp.min(kept) if kept.shape[0] else top",
    },
    "each_batch_against_the_data": {
        "element_variance: longer =": "whole = squared_norm(product, probes)\n"
        "excess = [squared_norm(p, probes) - whole for p in batch_products]\n"
        "longer = sum(excess) / len(excess)",
    },
}
