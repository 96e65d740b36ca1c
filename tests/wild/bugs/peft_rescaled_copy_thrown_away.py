"""What is left of the tensor is divided by its density into a copy, which is thrown away."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="PEFT",
    link="https://github.com/huggingface/peft/pull/3152",
    date="2026-04-13",
    operation="deeparchitect.dropout",
    kind="missing_step",
)


def random_pruning(tensor, density, rescale, uniform):
    mask = (uniform < density).astype(tensor.dtype)
    pruned_tensor = tensor * mask
    if rescale:
        pruned_tensor = np.divide(pruned_tensor, density)  # was: np.divide(pruned_tensor, density)
    return pruned_tensor


def prune(tensor, density, method, rescale, uniform):
    if density >= 1 or method == "none":
        return tensor
    return random_pruning(tensor, density, rescale, uniform)


def answer(x, u, keep, mode):
    return prune(x, keep, "random" if mode == "training" else "none", True, u)
