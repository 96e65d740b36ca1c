"""Lines of the rule as most people write them, which say the same."""

FORMS = {
    "variance_written_out": {
        "adadagrad-2": "xp = array_namespace(x)\n"
        "apart = x - xp.mean(x, axis=0)\n"
        "return xp.sum(apart**2, axis=0) / (x.shape[0] - 1)",
    },
    "distances_from_the_mean": {
        "norm_test: return": "xp = array_namespace(grads)\n"
        "b = grads.shape[0]\n"
        "rows = xp.reshape(_scaled(grads), (b, -1))\n"
        "gradient = xp.mean(rows, axis=0)\n"
        "distances = xp.linalg.vector_norm(rows - gradient, axis=1)\n"
        "noise = xp.sum(distances**2) / (b - 1)\n"
        "return _quotient(noise, xp.linalg.vector_norm(gradient) ** 2) / eta**2",
    },
    "products_with_the_gradient": {
        "inner_product_test: return": "xp = array_namespace(grads)\n"
        "b = grads.shape[0]\n"
        "rows = xp.reshape(_scaled(grads), (b, -1))\n"
        "gradient = xp.mean(rows, axis=0)\n"
        "square = xp.sum(gradient**2)\n"
        "noise = xp.sum((rows @ gradient - square) ** 2) / (b - 1)\n"
        "return noise / xp.where(square > 0, square, 1.0) ** 2 / vartheta**2",
    },
    "rest_beside_the_gradient": {
        "augmented_test: noise =": "rest = rows - c[:, None] * gradient\n"
        "noise = xp.sum(xp.sum(rest**2, axis=1)) / (rows.shape[0] - 1)",
        "augmented_test: across =": "across = _quotient(noise, xp.linalg.vector_norm(gradient) ** 2) / nu**2",
    },
    "variance_of_the_population": {
        "exact_size: variance =": "apart = population - gradient\n"
        "variance = xp.sum(apart**2, axis=0) / population.shape[0]",
    },
    "norm_and_root": {
        "adadagrad-9": "norm = xp.linalg.vector_norm(grad)\nsquares = xp.asarray(before + norm**2)",
        "adadagrad-10": "rate = alpha / array_namespace(squares).sqrt(squares)\nreturn params - rate * grad",
    },
    "rate_of_each_coordinate": {
        "adadagrad-11": "squares = squares + grad**2",
        "_rule: root =": "root = array_namespace(params).sqrt(squares) + eps",
        "adadagrad-12": "rate = alpha / root\nparams = params - rate * grad",
    },
    "derivative_of_half_a_square": {
        "_gradients: return": "errors = chosen @ theta - xp.take(y, rows, axis=0)\n"
        "return 2 * errors[:, None] * chosen / 2",
    },
}
