"""The labels are subtracted from the logits themselves and not from their probabilities."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="tinynn",
    link="https://github.com/borgwang/tinynn/commit/74269e88df32d1783a3a789f32fa06c818780514",
    date="2019-11-11",
    operation="sso.softmax_step",
    kind="missing_step",
)


def softmax(x, t=1.0):
    x_ = x / t
    exps = np.exp(x_ - np.max(x_, axis=-1, keepdims=True))
    return exps / np.sum(exps, axis=-1, keepdims=True)


class SoftmaxCrossEntropy:
    def grad(self, logits, labels):
        m = logits.shape[0]
        return (softmax(logits) - labels) / m  # was: return (logits - labels) / m


class Dense:
    def __init__(self, w):
        self.w = w

    def forward(self, inputs):
        self.inputs = inputs
        return inputs @ self.w

    def backward(self, grad):
        return self.inputs.T @ grad


class SGD:
    def __init__(self, lr):
        self.lr = lr

    def step(self, layer, grad):
        layer.w = layer.w - self.lr * grad


def answer(x, y, theta, batch, eta, alpha, steps, norm):
    net, loss, optimizer = Dense(theta), SoftmaxCrossEntropy(), SGD(alpha)
    start = x @ theta
    slopes = np.zeros_like(start)
    np.add.at(slopes, batch, loss.grad(start[batch], y[batch]))
    times = np.bincount(batch, minlength=len(x)) if norm == "batch" else np.ones(len(x))
    path = []
    for _ in range(int(steps)):
        logits = net.forward(x)
        optimizer.step(net, net.backward(slopes + times[:, None] * (logits - start) / eta))
        path.append(net.w)
    return np.stack(path)
