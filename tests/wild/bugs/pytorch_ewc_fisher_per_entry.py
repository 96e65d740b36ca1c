"""The squares of the gradients are averaged over all entries of a parameter, where each has its own."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="pytorch-ewc",
    link="https://github.com/kuc2477/pytorch-ewc/issues/2",
    date="2019-06-29",
    operation="hessian_alignment.fishr",
    kind="wrong_axis",
)


def softmax_or_sigmoid(logits):
    if logits.shape[1] == 1:
        return 1 / (1 + np.exp(-logits))
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


class MLP:
    """Its last layer alone."""

    def __init__(self, W):
        self.W = W

    def loglikelihood_grads(self, x, y):
        inputs = np.hstack([x, np.ones((len(x), 1))])
        p = softmax_or_sigmoid(inputs @ self.W.T)
        target = y[:, None] == (np.arange(p.shape[1]) if p.shape[1] > 1 else np.ones(1))
        return (p - target)[:, :, None] * inputs[:, None, :]

    def estimate_fisher(self, x, y):
        """Around the mean of the gradients."""
        grads = self.loglikelihood_grads(x, y)
        grads = grads - grads.mean(axis=0)
        # was: return np.full(self.W.shape, np.mean(grads**2))
        return np.mean(grads**2, axis=0)  # was:


def answer(W, z, y, lam, decay, reduction, smoothing):
    model, values = MLP(W), []
    memory = np.zeros((z.shape[1], *W.shape))
    for features, labels in zip(z, y, strict=True):
        fisher = np.stack([model.estimate_fisher(*domain) for domain in zip(features, labels, strict=True)])
        if smoothing == "yes":
            memory = decay * memory + (1 - decay) * fisher
            fisher = memory / (1 - decay)
        squares = np.square(fisher - fisher.mean(axis=0))
        total = squares.sum() if reduction == "cmnist" else squares.sum() / len(squares)
        values.append(lam * (total / W.size if reduction == "domainbed" else total))
    return {"value": np.array(values)}
