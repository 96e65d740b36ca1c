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
    "gradient_of_each_sample": {
        "bo_rep-14": "B = x.shape[0]\n"
        "grads = x[:, :, None] * residual[:, None, :]\n"
        "along = xp.sum(grads * z, axis=(1, 2))\n"
        "each = weight * (1 - weight) * along / B",
    },
    "slope_of_the_weights_by_name": {
        "bo_rep-14": "dweight = weight - weight**2\n"
        "dlogits = x @ z\n"
        "each = dweight * xp.sum(residual * dlogits, axis=1)\n"
        "each = each / x.shape[0]",
    },
    "places_of_the_batch_by_one_hot": {
        "cross_product: return": "hits = xp.astype(indices == every[:, None], x.dtype)\nreturn hits @ each",
    },
    "series_in_a_list": {
        "neumann: total = p = v": "p = v\nevery = [p]",
        "neumann: total = total + p": "every.append(p)",
        "neumann: return step * total": "return step * sum(every)",
    },
    "series_of_scaled_terms": {
        "neumann: total = p = v": "p = step * v\ntotal = p",
        "neumann: return step * total": "return total",
    },
    "jacobian_of_the_minimizer": {
        "bo_rep-1": "xp = array_namespace(hessian)\n"
        "jacobian = -xp.linalg.solve(hessian, xp.matrix_transpose(cross))\n"
        "hyper = grad_x + xp.matrix_transpose(jacobian) @ grad_y\n"
        "return hyper, z",
    },
    "inverse_of_the_hessian": {
        "implicit: z =": "inverse = array_namespace(hessian).linalg.inv(hessian)\nz = inverse @ grad_y",
    },
    "squared_radius_halved": {
        "bo_rep-8": "half = 0.5**s\nstep = alpha * half\nreach = math.sqrt(radius**2 * half)",
    },
    "mean_of_the_walk": {
        "epoch_sgd: center, total, steps =": "center, walk = y, []\nsteps = first * 2**s",
        "epoch_sgd: total, t =": "walk.append(y)\nt = t + 1",
        "bo_rep-10": "y = sum(walk) / len(walk)",
    },
    "samples_counted_one_by_one": {
        "minimize: used =": "used = sum(first * 2**s for s in range(epochs))",
        "minimize: seen =": "before = k // period - 1\nseen = used + before * burst",
    },
    "derivatives_by_name": {
        "Cosh.upper: return": "grad_x, grad_y = xp.sinh(x) + noise_x, (y - self.t) + noise_y\n"
        "cross = -xp.matrix_transpose(self.W) @ self.A\n"
        "return Upper(grad_x, grad_y, hvp, lambda z: cross @ z)",
    },
    "softmax_written_out": {
        "_residuals: chance =": "logits = x @ w\n"
        "powers = xp.exp(logits - xp.max(logits, axis=1, keepdims=True))\n"
        "chance = powers / xp.sum(powers, axis=1, keepdims=True)",
    },
    "mean_under_the_softmax": {
        "lower_hvp: bent =": "mean = xp.sum(chance * along, axis=1)\nbent = chance * along - chance * mean[:, None]",
    },
    "mean_of_weighted_gradients": {
        "bo_rep-12": "weighted = sigmoid(lam)[:, None] * residual\n"
        "return xp.matrix_transpose(x) @ weighted / x.shape[0] + reg * w",
    },
    "mean_of_weighted_products": {
        "bo_rep-13": "weighted = sigmoid(lam)[:, None] * bent\n"
        "return xp.matrix_transpose(x) @ weighted / x.shape[0] + reg * z",
    },
}
