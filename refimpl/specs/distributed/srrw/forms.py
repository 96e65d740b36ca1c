"""Lines of the rule as most people write them, which say the same."""

FORMS = {
    "power_of_the_quotient": {
        "srrw-4": "ratio = x / mu\n"
        "least = xp.min(xp.where(row > 0, ratio, xp.inf), axis=-1, keepdims=True)\n"
        "return row * xp.clip(ratio / least, min=1.0) ** -alpha",
    },
    "softmax_of_logarithms": {
        "srrw-3": "power = xp.log(xp.where(row > 0, row, 1.0)) - alpha * (xp.log(x) - xp.log(mu))",
        "srrw-4": "logits = xp.where(row > 0, power, -xp.inf)\n"
        "powers = xp.exp(logits - xp.max(logits, axis=-1, keepdims=True))\n"
        "return powers / xp.sum(powers, axis=-1, keepdims=True)",
    },
    "average_that_fades": {
        "srrw-6": "x = (1 - gamma) * state.x + gamma * visit",
    },
    "counted_as_searchsorted_does": {
        "srrw-5": "passed = (S <= u[..., None] * S[..., -1:]) & (S < S[..., -1:])\n"
        "return xp.asarray(xp.sum(xp.astype(passed, xp.int64), axis=-1))",
    },
    "proposed_and_accepted": {
        "srrw-1": "proposed = adjacency / degrees[:, None]\n"
        "accepted = xp.clip(degrees[:, None] / degrees[None, :], max=1.0)\n"
        "away = proposed * accepted",
        "metropolis: stay =": "stay = xp.clip(xp.sum(proposed * (1 - accepted), axis=1), min=0.0)",
    },
    "modes_with_their_rates": {
        "srrw-10": "rate = alpha * (1 + lam) + 1 - last / 2\nreturn _combined((1 + lam) / (1 - lam) / (2 * rate), u)",
    },
    "gain_squared": {
        "srrw-11": "gain = 1 / (1 + alpha * (1 + lam))\nreturn _combined((1 + lam) / (1 - lam) * gain**2, G)",
    },
    "within_the_radius_by_a_condition": {
        "sa_step: theta = theta * (radius": "xp = array_namespace(theta)\n"
        "size = xp.sqrt(xp.sum(theta * theta, axis=-1, keepdims=True))\n"
        "theta = xp.where(size > radius, theta * radius / xp.where(size > 0, size, 1.0), theta)",
    },
}
