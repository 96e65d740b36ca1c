"""The derivative of the cross-entropy takes the softmax of what are probabilities, and a sum over the batch."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="fetchai/ledger",
    language="C++",
    link="https://github.com/fetchai/ledger/pull/1580",
    date="2019-08-29",
    operation="hessian_alignment.head_stats",
    kind="extra_step",
    skip={"sure": "a probability of 0 is divided by: the project leaves it open (its issue 1583)"},
)


class FullyConnected:
    def __init__(self, weights):
        self.weights = weights

    def forward(self, x):
        return self.weights @ x

    def backward(self, x, error_signal):
        return error_signal @ x.T


class Softmax:
    """Along the first axis; the second is the batch."""

    def forward(self, x):
        output = np.exp(x - x.max(axis=0))
        return output / output.sum(axis=0)

    def backward(self, x, error_signal):
        t = self.forward(x)
        return t * (error_signal - (t * error_signal).sum(axis=0))


class CrossEntropyLoss:
    def backward(self, a, b):
        batch_size = a.shape[1]
        ret = np.zeros_like(a)
        # was: a = Softmax().forward(a)
        for i in range(len(a)):
            for j in range(batch_size):
                if b[i, j] == 1:
                    ret[i, j] = -b[i, j] / a[i, j]
        return ret / batch_size  # was: return ret


def answer(W, z, y):
    binary = len(W) == 1
    # two classes with one row: the first has the score 0
    layer = FullyConnected(np.vstack([np.zeros_like(W), W]) if binary else W)
    x = np.vstack([z.T, np.ones(len(z))])
    scores = layer.forward(x)
    one_hot = (np.arange(len(scores))[:, None] == y[None, :]).astype(float)
    signal = CrossEntropyLoss().backward(Softmax().forward(scores), one_hot)
    grad = layer.backward(x, Softmax().backward(scores, signal))
    return {"g": grad[1:] if binary else grad}
