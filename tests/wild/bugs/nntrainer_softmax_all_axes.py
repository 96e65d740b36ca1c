"""The softmax normalises over the whole tensor, all inputs of the batch together, not over its last axis."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="nntrainer",
    language="C++",
    link="https://github.com/nntrainer/nntrainer/pull/430",
    date="2020-08-11",
    operation="attention_svm.loss_grad",
    kind="wrong_axis",
)


class ActivationLayer:
    @staticmethod
    def softmax(x):
        # was: divisor = x.max()
        divisor = x.max(axis=-1, keepdims=True)  # was:
        result = np.exp(x - divisor)
        # was: return result / result.sum()
        return result / result.sum(axis=-1, keepdims=True)  # was:

    @staticmethod
    def softmax_prime(x, derivative):
        out = np.zeros_like(x)
        batch, width = x.shape
        for k in range(batch):
            for j in range(width):
                total = 0.0
                for i in range(width):
                    total += x[k, i] * x[k, j] * (derivative[k, j] - derivative[k, i])
                out[k, j] = total
        return out


def log_one_plus_exp(x):
    return np.where(x > 0, x + np.log1p(np.exp(-np.abs(x))), np.log1p(np.exp(np.minimum(x, 0))))


def answer(X, Z, gamma, W):
    n, d = Z.shape
    score = np.array([X[i] @ (W @ Z[i]) for i in range(n)])
    weight = ActivationLayer.softmax(score)
    output = (weight * gamma).sum(axis=1)
    incoming = -np.exp(-log_one_plus_exp(output)) / n
    back = ActivationLayer.softmax_prime(weight, incoming[:, None] * gamma)
    grad = np.zeros((d, d))
    for i in range(n):
        grad += np.outer(back[i] @ X[i], Z[i])
    return log_one_plus_exp(-output).mean(), weight, grad
