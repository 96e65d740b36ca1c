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
    "weights_by_log_sum_exp": {
        "cbo-1": "logits = xp.where(xp.isfinite(energies), -alpha * gaps, -math.inf)\n"
        "top = xp.max(logits)\n"
        "log_total = top + xp.log(xp.sum(xp.exp(logits - top)))\n"
        "return xp.exp(logits - log_total)",
    },
    "sums_over_the_particles": {
        "cbo-2": "weighted = xp.sum(weights[:, None] * positions, axis=0)\n"
        "total = xp.sum(weights)\n"
        "return weighted / total",
    },
    "particles_relative_to_consensus": {
        "cbo-3": "moved = consensus + (1 - drift * dt) * difference",
        "cbo-6": "sigma = diffusion * math.sqrt(dt)\nreturn moved + sigma * size * noise",
    },
    "pull_and_shake": {
        "cbo-3": "pull = dt * drift * difference",
        "cbo-6": "shake = math.sqrt(dt) * diffusion * size * noise\nreturn positions - pull + shake",
    },
    "cloud_of_a_variance": {
        "cbo-7": "variance = width**2\ncloud = point + math.sqrt(variance) * noise",
    },
    "implicit_gradient_step": {
        "cbo-8": "gradient = matrix @ (point - minimizer)\n"
        "move = xp.linalg.solve(identity + tau * matrix, gradient[:, None])[:, 0]\n"
        "return point - tau * move",
    },
    "resolvent_of_the_matrix": {
        "cbo-8": "resolvent = xp.linalg.inv(identity + tau * matrix)\n"
        "return resolvent @ (point + tau * matrix @ minimizer)",
    },
    "shrunk_along_eigenvectors": {
        "cbo-8": "values, Q = xp.linalg.eigh(matrix)\n"
        "along = xp.matrix_transpose(Q) @ right\n"
        "return minimizer + Q @ (along / (1 + tau * values))",
    },
    "consensus_then_move": {
        "trajectory: moved, info =": "point = cbo.consensus_point(swarm.positions, energies, alpha=alpha)\n"
        "moved = cbo.move(swarm, point, noise[k, ...], **rates)",
        "trajectory: points.append(info.consensus)": "points.append(point)",
    },
    "objectives_written_out": {
        "energy: return": "xp, d = array_namespace(x), x.shape[1]\n"
        "squares, waves = xp.sum(x**2, axis=1), xp.sum(xp.cos(2 * math.pi * x), axis=1)\n"
        "ackley = 20 + math.e - 20 * xp.exp(-0.2 * xp.sqrt(squares / d)) - xp.exp(waves / d)\n"
        'return {"quadratic": squares, "rastrigin": squares + 2.5 * (d - waves), "ackley": ackley}[objective]',
    },
}
