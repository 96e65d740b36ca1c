"""The moments are not corrected for their start at 0, and the small number stands under the root."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="stanford_cs231n_2019 (Yorko)",
    link="https://github.com/Yorko/stanford_cs231n_2019/pull/1",
    date="2019-06-12",
    operation="adamw.adam",
    kind="missing_step",
)


def adam(x, dx, config=None):
    """Uses the Adam update rule."""
    if config is None:
        config = {}
    config.setdefault("learning_rate", 1e-3)
    config.setdefault("beta1", 0.9)
    config.setdefault("beta2", 0.999)
    config.setdefault("epsilon", 1e-8)
    config.setdefault("m", np.zeros_like(x))
    config.setdefault("v", np.zeros_like(x))
    config.setdefault("t", 0)

    config["t"] += 1
    config["m"] = config["beta1"] * config["m"] + (1 - config["beta1"]) * dx
    config["v"] = config["beta2"] * config["v"] + (1 - config["beta2"]) * (dx**2)
    # was: next_x = x - config["learning_rate"] * config["m"] / (np.sqrt(config["v"] + config["epsilon"]))
    mt = config["m"] / (1 - config["beta1"] ** config["t"])  # was:
    vt = config["v"] / (1 - config["beta2"] ** config["t"])  # was:
    next_x = x - config["learning_rate"] * mt / (np.sqrt(vt) + config["epsilon"])  # was:
    return next_x, config


class Solver:
    def __init__(self, params, reg, optim_config):
        self.params, self.reg = params, reg
        self.optim_configs = {p: dict(optim_config) for p in params}

    def _step(self, grads):
        for p, w in self.params.items():
            dw = grads[p] + self.reg * w
            self.params[p], self.optim_configs[p] = adam(w, dw, self.optim_configs[p])


def answer(theta0, grads, lr, beta1, beta2, eps, weight_decay):
    optim_config = {"learning_rate": lr, "beta1": beta1, "beta2": beta2, "epsilon": eps}
    solver = Solver({"W1": theta0}, weight_decay, optim_config)
    history = []
    for grad in grads:
        solver._step({"W1": grad})
        history.append(solver.params["W1"])
    return np.array(history)
