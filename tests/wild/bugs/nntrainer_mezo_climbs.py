"""The weights are moved along the projected gradient and not against it, up the loss."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="NNTrainer",
    language="C++",
    link="https://github.com/nntrainer/nntrainer/pull/3813",
    date="2026-03-25",
    operation="one_byte.apply_update",
    kind="wrong_sign",
)


class NormalDist:
    """Gives the direction of a seed once more."""

    def __init__(self, z):
        self.z, self.next = z, 0

    def __call__(self, n):
        part = self.z[self.next : self.next + n]
        self.next += n
        return part


class MeZO:
    def __init__(self, lr):
        self.lr = lr

    def apply_gradient(self, weights, projected_grad, normal_dist):
        for data in weights:
            param_size = data.size
            # was: data += self.lr * normal_dist(param_size) * projected_grad
            data -= self.lr * normal_dist(param_size) * projected_grad  # was:


def received(code, slope, offset):
    k = int(code) & 127
    if k == 0:
        return 0.0
    size = np.exp((k - offset) / slope)
    return -size if int(code) & 128 else size


def answer(w, codes, z, eta, norm, slope, offset):
    weights = [w.copy()]
    optimizer = MeZO(eta / (np.sqrt(len(codes)) if norm == "sqrt" else len(codes)))
    for code, direction in zip(codes, z, strict=True):
        optimizer.apply_gradient(weights, received(code, slope, offset), NormalDist(direction))
    return weights[0]
