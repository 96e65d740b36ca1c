"""The derivative of the softmax is p (1 - p) entry by entry, as if no score had a part in the other weights."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="libnd4j",
    language="C++",
    link="https://github.com/deeplearning4j/libnd4j/issues/440",
    date="2017-11-18",
    operation="attention_svm.loss_grad",
    kind="missing_step",
)


class SoftMax:
    def exec(self, x):
        shifted = x - x.max(axis=-1, keepdims=True)
        result = np.exp(shifted)
        return result / result.sum(axis=-1, keepdims=True)

    def exec_bp(self, x, epsilon):
        result = self.exec(x)
        differences = epsilon[..., :, None] - epsilon[..., None, :]
        # was: return result * (1 - result) * epsilon
        return result * np.sum(result[..., None, :] * differences, axis=-1)  # was:


def answer(X, Z, gamma, W):
    softmax = SoftMax()
    queries = Z @ W.T
    scores = np.einsum("ntd,nd->nt", X, queries)
    attention = softmax.exec(scores)
    outputs = np.sum(attention * gamma, axis=1)
    loss = np.mean(np.logaddexp(0.0, -outputs))
    d_outputs = -np.exp(-np.logaddexp(0.0, outputs)) / len(outputs)
    d_scores = softmax.exec_bp(scores, d_outputs[:, None] * gamma)
    return loss, attention, np.einsum("ntd,nt,ne->de", X, d_scores, Z)
