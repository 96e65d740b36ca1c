"""The kernel is told the length of the first axis of a parameter as the number of its entries."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="DeepSpeed",
    language="C++",
    link="https://github.com/deepspeedai/DeepSpeed/commit/0cd64bd4c965fd6fa5a670ce82f2a900506f9df1",
    date="2023-04-07",
    operation="adadagrad.adagrad",
    kind="wrong_axis",
)

TILE = 1024


class Adagrad_Optimizer:
    def __init__(self, alpha, eps, weight_decay):
        self._alpha, self._eps, self._weight_decay = alpha, eps, weight_decay
        self._step = 0

    def IncrementStep(self, step):
        self._step = step

    def Step_8(self, _params, grads, _exp_avg_sq, _param_size):
        for t in range(0, _param_size, TILE):
            k = slice(t, min(t + TILE, _param_size))
            grad = grads[k].copy()
            if self._weight_decay > 0:
                grad += _params[k] * self._weight_decay
            variance = _exp_avg_sq[k] + grad * grad
            _params[k] += -self._alpha * (grad / (np.sqrt(variance) + self._eps))
            _exp_avg_sq[k] = variance


s_optimizers = {}


def create_adagrad_optimizer(optimizer_id, alpha, eps, weight_decay):
    s_optimizers[optimizer_id] = Adagrad_Optimizer(alpha, eps, weight_decay)


def ds_adagrad_step(optimizer_id, step, params, grads, exp_avg_sq):
    opt = s_optimizers[optimizer_id]
    opt.IncrementStep(step)
    size = params.size  # was: size = params.shape[0]
    opt.Step_8(params.reshape(-1), grads.reshape(-1), exp_avg_sq.reshape(-1), size)


def answer(theta0, grads, alpha, v0, eps):
    create_adagrad_optimizer(0, alpha, eps, 0.0)
    params = theta0.reshape(1, -1).copy()  # the matrix of a layer with one output
    exp_avg_sq = np.full_like(params, v0)
    path = []
    with np.errstate(divide="ignore", invalid="ignore"):
        for step, g in enumerate(grads, start=1):
            ds_adagrad_step(0, step, params, g.reshape(1, -1), exp_avg_sq)
            path.append(params.reshape(-1).copy())
    return np.stack(path)
