"""Lines of the rule as most people write them, which say the same."""

FORMS = {
    "length_written_out": {
        "bo_rep-5": "norm = array_namespace(m).sqrt(array_namespace(m).sum(m * m))\n"
        "x = x - eta * m / norm if norm > 0 else x",
    },
    "averages_by_differences": {
        "bo_rep-2": "residual = grad_y - curved\nz = state.z + nu * residual",
        "bo_rep-4": "m = state.m + (1 - beta) * (h - state.m)",
    },
    "projection_of_a_burst_written_out": {
        "bo_rep-6": "y = y - alpha * _gradient(grad, y, t)\n"
        "apart = y - center\n"
        "distance = array_namespace(y).sqrt(array_namespace(y).sum(apart * apart))\n"
        "y = center + radius * apart / distance if distance > radius else y",
    },
    "projection_of_an_epoch_written_out": {
        "bo_rep-9": "y = y - step * _gradient(grad, y, t)\n"
        "apart = y - center\n"
        "distance = array_namespace(y).sqrt(array_namespace(y).sum(apart * apart))\n"
        "y = center + reach * apart / distance if distance > reach else y",
    },
    "halved_after_each_epoch": {
        "bo_rep-8": "step, reach = alpha, radius",
        "bo_rep-10": "y = total / steps\nalpha = alpha / 2\nradius = radius / math.sqrt(2)",
    },
    "mean_as_it_goes": {
        "epoch_sgd: total, t =": "total = total + y / steps\nt = t + 1",
        "bo_rep-10": "y = total",
    },
}
