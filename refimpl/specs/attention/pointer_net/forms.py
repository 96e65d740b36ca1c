"""Lines of the rule as most people write them, which say the same."""

FORMS = {
    "softmax_written_out": {
        "pointer_net-14 in _forward": "shown = logits if mask is None else xp.where(mask, logits, -math.inf)\n"
        "shown = shown - xp.max(shown, axis=-1, keepdims=True)\n"
        "logp = shown - xp.log(xp.sum(xp.exp(shown), axis=-1, keepdims=True))",
    },
    "probabilities_of_the_pointer": {
        "pointer_net-14 in pointer_logits": "xp = array_namespace(u)\n"
        "shown = xp.where(mask, u, -math.inf)\n"
        "powers = xp.exp(shown - xp.max(shown, axis=1, keepdims=True))\n"
        "return u, powers / xp.sum(powers, axis=1, keepdims=True)",
    },
    "gradient_of_softmax_written_out": {
        "pointer_net-26": "back = xp.sum(E * dcontext[:, None, :], axis=-1)\n"
        "du = a * (back - xp.sum(a * back, axis=-1, keepdims=True))",
    },
    "adam_and_clipping_as_in_libraries": {
        "pointer_net-39": "norm = xp.sqrt(xp.sum(g * g))\ng = g * clip / norm if norm > clip else g",
        "update: root =": "root = xp.sqrt(second) / math.sqrt(1 - 0.999**t) + 1e-8",
        "pointer_net-43": "rate = lr / (1 - 0.9**t)\n"
        "return unravel(theta - rate * first / root), TrainState(first, second, t)",
    },
    "gates_one_by_one": {
        "pointer_net-2": "i = 1 / (1 + xp.exp(-a[:, :H]))\n"
        "f = 1 / (1 + xp.exp(-a[:, H : 2 * H]))\n"
        "o = 1 / (1 + xp.exp(-a[:, 2 * H : 3 * H]))\n"
        "g = xp.tanh(a[:, 3 * H :])",
        "_lstm: i, f, o =": "i, f, o = i, f, o",
    },
    "circle_around_each_point": {
        "pointer_net-51": "r, s, t = (corner.T[:, None, :] - x for corner in (a, b, c))\n"
        "inside = square(r) * (s[..., 0] * t[..., 1] - s[..., 1] * t[..., 0])\n"
        "inside = inside - square(s) * (r[..., 0] * t[..., 1] - r[..., 1] * t[..., 0])\n"
        "inside = inside + square(t) * (r[..., 0] * s[..., 1] - r[..., 1] * s[..., 0])",
        "pointer_net-52": "empty = np.all(~others | (np.sign(turn)[:, None] * inside < 0), axis=1) & (turn != 0)",
    },
}
