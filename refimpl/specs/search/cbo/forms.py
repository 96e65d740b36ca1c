"""Lines of the rule as most people write them, which say the same."""

FORMS = {
    "weights_that_add_up_to_one": {
        "cbo-1": "weights = xp.exp(-alpha * gaps)\nreturn xp.where(xp.isfinite(energies), weights, 0.0)",
        "cbo-2": "shares = weights / xp.sum(weights)\nreturn xp.sum(shares[:, None] * positions, axis=0)",
    },
    "softmax_of_energies": {
        "cbo-1": "powers = -below\n"
        "powers = alpha * (powers - xp.max(powers))\n"
        "return xp.where(xp.isfinite(energies), xp.exp(powers), 0.0)",
    },
    "euler_maruyama_with_length_written_out": {
        "cbo-3": "moved = positions + drift * dt * (consensus - positions)",
        "cbo-4": "xp = array_namespace(difference)\n"
        "size = xp.sqrt(xp.sum((positions - consensus) ** 2, axis=-1, keepdims=True))",
        "cbo-6": "shock = math.sqrt(dt) * noise\nreturn moved + diffusion * size * shock",
    },
    "euler_maruyama_coordinate_by_coordinate": {
        "cbo-3": "moved = (1 - drift * dt) * positions + drift * dt * consensus",
        "cbo-5": "size = positions - consensus",
        "cbo-6": "shock = math.sqrt(dt) * noise\nreturn moved + diffusion * size * shock",
    },
    "normal_equations_of_the_penalty": {
        "cbo-8": "left, right = matrix + identity / tau, matrix @ minimizer + point / tau\n"
        "return xp.linalg.solve(left, right[:, None])[:, 0]",
    },
}
