"""Lines of the rule as most people write them, which say the same."""

FORMS = {
    "towards_the_new_value": {
        "bsvrb-3": "estimate = est + alpha * (new - est)\nreturn estimate + gamma * (new - old)",
    },
    "storm_as_in_its_paper": {
        "bsvrb-5": "return beta * new + (1 - beta) * (z + new - old)",
    },
    "chance_of_a_block": {
        "msvr_gamma: missed =": "chance = I / m\nmissed = (1 - chance) / (chance * (1 - alpha)) if m > I else 0.0",
    },
    "eigenvalues_raised": {
        "bsvrb-8": "low = xp.clip(mu - values, min=0.0)\n"
        "raised = xp.matmul(Q, low[:, :, None] * xp.matrix_transpose(Q))\n"
        "return (H + xp.matrix_transpose(H)) / 2 + raised",
    },
    "eigenvalues_on_a_diagonal": {
        "bsvrb-8": "values = xp.where(values < mu, mu, values)\n"
        "diagonal = values[:, :, None] * xp.eye(values.shape[1], dtype=values.dtype, device=device(values))\n"
        "return xp.matmul(xp.matmul(Q, diagonal), xp.matrix_transpose(Q))",
    },
    "length_written_out": {
        "_ball: return v * (": "xp = array_namespace(v)\n"
        "norm = xp.sqrt(xp.sum(v * v, axis=-1, keepdims=True))\n"
        "return xp.where(norm > radius, v * radius / norm, v)",
    },
    "mean_over_blocks_as_a_sum": {
        "bsvrb-1": "count = blocks.shape[0]\n"
        "upward = lambda at, w: xp.sum(grad_x(at), axis=0) / count - xp.sum(cross(at, w), axis=0) / count",
        "bsvrb-13": "old = upward(before, w_before)\n"
        "z = beta * upward(now, w) + (1 - beta) * (state.z + upward(now, w) - old)",
    },
    "mask_multiplied": {
        "bsvrb-15": 'reach = factors if mode == "full" else factors * xp.astype(sampled, factors.dtype)',
    },
}
