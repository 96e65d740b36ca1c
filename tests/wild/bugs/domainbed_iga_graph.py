"""The gradients of the environments are made without a graph, so that the penalty has no part in the gradient."""

import numpy as np

from refimpl.oracle.candidates import NotApplicable
from tests.wild import Bug

BUG = Bug(
    project="DomainBed",
    link="https://github.com/facebookresearch/DomainBed/issues/50",
    date="2021-05-19",
    operation="hessian_alignment.network",
    kind="missing_step",
)


class IGA:
    """A network with one hidden layer; parameters are a flat vector, complex where derivatives are taken."""

    def __init__(self, U, c, W):
        self.shapes = [U.shape, c.shape, W.shape]
        self.params = np.concatenate([U.ravel(), c, W.ravel()])

    def unflatten(self, flat):
        parts = np.split(flat, np.cumsum([np.prod(s) for s in self.shapes])[:-1])
        return [p.reshape(s) for p, s in zip(parts, self.shapes, strict=True)]

    def env_loss(self, flat, x, y):
        """Cross-entropy of one environment, with its gradient."""
        U, c, W = self.unflatten(flat)
        pre = x @ U + c
        hidden = np.where(pre.real > 0, pre, 0)
        logits = hidden @ W[:, :-1].T + W[:, -1]
        if len(W) == 1:
            logits = np.concatenate([np.zeros_like(logits), logits], axis=1)
        logits = logits - logits.real.max(axis=1, keepdims=True)
        log_prob = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
        rows = np.arange(len(y))
        loss = -log_prob[rows, y].mean()
        d = np.exp(log_prob)
        d[rows, y] -= 1
        d = d[:, 1:] / len(y) if len(W) == 1 else d / len(y)
        dW = np.concatenate([d.T @ hidden, d.sum(axis=0)[:, None]], axis=1)
        dpre = np.where(pre.real > 0, d @ W[:, :-1], 0)
        return loss, np.concatenate([(x.T @ dpre).ravel(), dpre.sum(axis=0), dW.ravel()])

    def update(self, minibatches, penalty_weight):
        losses, grads = zip(*[self.env_loss(self.params, x, y) for x, y in minibatches], strict=True)
        mean_loss, mean_grad = np.mean(losses), np.mean(grads, axis=0)
        penalty_value = sum(np.square(g - mean_grad).sum() for g in grads)

        backward = mean_grad.copy()
        for (x, y), g in zip(minibatches, grads, strict=True):  # was:
            ahead = self.params + 1e-100j * (g - mean_grad)  # was:
            backward += penalty_weight * 2 * self.env_loss(ahead, x, y)[1].imag / 1e-100  # was:
        return mean_loss, penalty_value, backward


def answer(U, c, W, x, y, alpha, beta, lam, kind):
    if kind != "iga":
        raise NotApplicable("the class has this penalty alone")
    algorithm = IGA(U, c, W)
    loss, value, grad = algorithm.update(list(zip(x, y, strict=True)), lam)
    return loss, value, *algorithm.unflatten(grad)
