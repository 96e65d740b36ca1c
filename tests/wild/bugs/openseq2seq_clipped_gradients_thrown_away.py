"""After clipping the gradients as they were before are handed on, so that nothing is clipped."""

import numpy as np

from tests.wild import Bug
from tests.wild.around import pointer_gradients

BUG = Bug(
    project="OpenSeq2Seq",
    link="https://github.com/NVIDIA/OpenSeq2Seq/pull/192",
    date="2018-07-24",
    operation="pointer_net.train",
    kind="missing_step",
)


def clip_by_global_norm(gradients, clip_norm):
    norm = np.sqrt(sum(np.sum(grad**2) for grad in gradients))
    return [grad * min(1.0, clip_norm / norm) if norm > 0 else grad for grad in gradients]


def _clip_gradients_by_norm(grads_and_vars, clip_gradients):
    gradients, variables = zip(*grads_and_vars, strict=True)
    dtypes = [var.dtype for var in variables]
    clipped_gradients = clip_by_global_norm([grad.astype(float) for grad in gradients], clip_gradients)
    pairs = zip(clipped_gradients, dtypes, strict=True)  # was: pairs = zip(gradients, dtypes, strict=True)
    clipped_gradients = [grad.astype(dtype) for grad, dtype in pairs]
    return list(zip(clipped_gradients, variables, strict=True))


class Optimizer:
    def __init__(self, name):
        self.name, self.t, self.slots = name, 0, {}

    def apply_gradients(self, grads_and_vars, rate):
        self.t += 1
        for i, (grad, var) in enumerate(grads_and_vars):
            if self.name == "adam":
                m, v = self.slots.get(i, (0.0, 0.0))
                m, v = self.slots[i] = 0.9 * m + 0.1 * grad, 0.999 * v + 0.001 * grad * grad
                grad = m / (1 - 0.9**self.t) / (np.sqrt(v / (1 - 0.999**self.t)) + 1e-8)
            var -= rate * grad


def answer(We, be, Wd, bd, go, e0, W1, W2, v, P, C, rates, clip, optimizer):
    arrays = {"We": We, "be": be, "Wd": Wd, "bd": bd, "go": go, "e0": e0, "W1": W1, "W2": W2, "v": v}
    weights = {name: array.copy() for name, array in arrays.items()}
    solver, thetas, losses = Optimizer(optimizer), [], []
    for points, targets, rate in zip(P, C, rates, strict=True):
        loss, grads = pointer_gradients(weights, points, targets)
        pairs = _clip_gradients_by_norm([(grads[name], weights[name]) for name in weights], clip)
        solver.apply_gradients(pairs, rate)
        thetas.append(np.concatenate([weights[name].ravel() for name in weights]))
        losses.append(loss)
    return np.stack(thetas), np.array(losses)
