"""The gradient that the loss hands out is a constant to whoever differentiates it: the Hessian is zero."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="TensorFlow",
    language="C++",
    link="https://github.com/tensorflow/tensorflow/pull/7948",
    date="2017-02-28",
    operation="hessian_alignment.head_stats",
    kind="missing_step",
)


class SoftmaxCrossEntropyWithLogits:
    """An op with two outputs, the loss of each row and its gradient, which is kept for the backward pass."""

    def __init__(self, features, labels):
        shifted = features - features.max(axis=-1, keepdims=True)
        log_sum = np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
        self.softmax = np.exp(shifted - log_sum)
        self.loss = np.sum(labels * (log_sum - shifted), axis=-1)
        self.softmax_grad = self.softmax - labels

    def grad(self, grad_loss, grad_grad):
        grad = grad_loss[:, None] * self.softmax_grad
        summed = np.sum(grad_grad * self.softmax, axis=1, keepdims=True)
        return grad + (grad_grad - summed) * self.softmax  # was: return grad


def answer(W, z, y):
    N, C = len(z), len(W)
    inputs = np.concatenate([z, np.ones((N, 1))], axis=1)
    logits = inputs @ W.T
    if C == 1:
        logits = np.concatenate([np.zeros((N, 1)), logits], axis=1)
    op = SoftmaxCrossEntropyWithLogits(logits, np.eye(logits.shape[1])[y])
    ones, nothing = np.full(N, 1 / N), np.zeros_like(logits)

    def to_weights(dlogits):
        return (dlogits.T @ inputs)[-C:]

    def hessian_vector_product(v):
        pushed = nothing.copy()
        pushed[:, -C:] = inputs @ v.T / N
        return to_weights(op.grad(0 * ones, pushed))

    g = to_weights(op.grad(ones, nothing))
    H = np.stack([hessian_vector_product(e.reshape(W.shape)) for e in np.eye(W.size)], axis=-1).reshape(2 * W.shape)
    D = np.diag(H.reshape(W.size, W.size)).reshape(W.shape)
    return np.mean(op.loss), g, hessian_vector_product(g), D, H
