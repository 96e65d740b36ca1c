"""The Hessians of the batches count alike in their mean, also that of the last batch, which may be smaller."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="pyDVL",
    link="https://github.com/aai-institute/pyDVL/pull/477",
    date="2023-12-20",
    operation="hessian_alignment.head_stats",
    kind="wrong_scale",
)


class Head:
    """Softmax over two classes and more; a sigmoid, where there is one row of weights."""

    def __init__(self, W):
        self.W = W

    def probabilities(self, x):
        logits = x @ self.W.T
        if len(self.W) == 1:
            logits = np.concatenate([np.zeros_like(logits), logits], axis=1)
        shifted = logits - logits.max(axis=1, keepdims=True)
        return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))

    def loss_and_grad(self, x, y):
        log_p = self.probabilities(x)
        errors = np.exp(log_p) - np.eye(log_p.shape[1])[y]
        return -log_p[np.arange(len(y)), y].mean(), (errors.T @ x / len(x))[-len(self.W) :]

    def batch_hessian(self, x):
        p = np.exp(self.probabilities(x))
        bend = p[:, :, None] * (np.eye(p.shape[1]) - p[:, None, :])
        bend = bend[:, -len(self.W) :, -len(self.W) :]
        return np.einsum("ncd,nq,nr->cqdr", bend, x, x).reshape(self.W.size, self.W.size) / len(x)


def hessian(model, data_loader):
    total = np.zeros((model.W.size, model.W.size))
    n_samples = 0
    for x in data_loader:
        n_samples += len(x)
        total += len(x) * model.batch_hessian(x)  # was: total += model.batch_hessian(x)
    return total / n_samples  # was: return total / len(data_loader)


def answer(W, z, y, batch_size=4):
    x = np.concatenate([z, np.ones((len(z), 1))], axis=1)
    model = Head(W)
    loss, g = model.loss_and_grad(x, y)
    H = hessian(model, [x[i : i + batch_size] for i in range(0, len(x), batch_size)])
    return loss, g, (H @ g.ravel()).reshape(W.shape), np.diag(H).reshape(W.shape), H.reshape(W.shape * 2)
