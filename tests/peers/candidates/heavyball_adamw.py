"""heavyball's AdamW without compilation, in float32: its moments have no more digits."""

import heavyball
from torch_adam import run

heavyball.utils.compile_mode = None


def adamw(theta0, grads, lr, beta1, beta2, eps, weight_decay):
    """`heavyball.AdamW` as it comes."""
    settings = {"lr": lr, "betas": (beta1, beta2), "eps": eps, "weight_decay": weight_decay}
    return run(heavyball.AdamW, theta0, grads, **settings)
