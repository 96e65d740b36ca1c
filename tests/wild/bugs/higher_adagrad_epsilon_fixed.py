"""The small number of the caller is not used, in its place stands one that is written into the code."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="higher",
    link="https://github.com/facebookresearch/higher/pull/44",
    date="2020-03-31",
    operation="adadagrad.adagrad",
    kind="missing_step",
)


def _add(tensor, a1, a2=None):
    return tensor + (a1 if a2 is None else a1 * a2)


def _addcdiv(tensor, a1, a2, a3):
    return tensor + a1 * (a2 / a3)


class DifferentiableAdagrad:
    """Steps that leave the old parameters alone."""

    def __init__(self, param_groups, initial_accumulator_value):
        self.param_groups = param_groups
        self.state = [
            [{"step": 0, "sum": np.full_like(p, initial_accumulator_value)} for p in group["params"]]
            for group in param_groups
        ]

    def _update(self, grouped_grads):
        for group_idx, (group, grads) in enumerate(zip(self.param_groups, grouped_grads, strict=True)):
            for p_idx, (p, g) in enumerate(zip(group["params"], grads, strict=True)):
                if g is None:
                    continue
                state = self.state[group_idx][p_idx]
                state["step"] += 1
                if group["weight_decay"] != 0:
                    g = _add(g, group["weight_decay"], p)
                clr = group["lr"] / (1 + (state["step"] - 1) * group["lr_decay"])
                state["sum"] = sum_ = state["sum"] + g * g
                std = _add(np.sqrt(sum_), group["eps"])  # was: std = _add(np.sqrt(sum_), 1e-10)
                group["params"][p_idx] = _addcdiv(p, -clr, g, std)


def answer(theta0, grads, alpha, v0, eps):
    group = {"params": [theta0], "lr": alpha, "lr_decay": 0, "weight_decay": 0, "eps": eps}
    diffopt = DifferentiableAdagrad([group], v0)
    path = []
    for grad in grads:
        diffopt._update([[grad]])
        path.append(group["params"][0])
    return np.stack(path)
