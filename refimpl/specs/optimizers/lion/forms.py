"""Lines of the rule as most people write them, which say the same."""

FORMS = {
    "decay_first": {
        "lion-2": "params = params * (1 - lr * weight_decay)\nparams = params - lr * xp.sign(c)",
    },
    "averages_moved_towards_the_newest": {
        "lion-1": "c = momentum + (1 - beta1) * (grad - momentum)",
        "lion-3": "momentum = momentum + (1 - beta2) * (grad - momentum)",
    },
    "sign_by_conditions": {
        "lion-2": "one = xp.ones_like(c)\n"
        "direction = xp.where(c > 0, one, xp.where(c < 0, -one, 0 * one))\n"
        "params = params - lr * (direction + weight_decay * params)",
    },
    "update_kept_aside": {
        "lion-1": "update = momentum * beta1\nupdate = update + grad * (1 - beta1)",
        "lion-2": "update = xp.sign(update) + weight_decay * params\nparams = params - lr * update",
        "lion-3": "momentum = momentum * beta2\nmomentum = momentum + grad * (1 - beta2)",
    },
    "place_of_the_lowest": {
        "lion-10": "drawn = [members[int(u * len(members))] for u in draws]\n"
        "heights = [member.fitness for member in drawn]\n"
        "return drawn[heights.index(min(heights))]",
    },
}
