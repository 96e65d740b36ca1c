"""The loss is averaged over the batch, although the update divides by its size again."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="d2l-en",
    link="https://github.com/d2l-ai/d2l-en/pull/1000",
    date="2020-06-12",
    operation="score_estimation.train",
    kind="wrong_scale",
)


class Net:
    """Two layers of rectifiers; the second one has fixed signs."""

    def __init__(self, W, a):
        self.params, self.a = [W.copy()], a / np.sqrt(len(W))

    def __call__(self, X):
        self.X, self.H = X, np.maximum(X @ self.params[0].T, 0)
        return self.H @ self.a

    def backward(self, grad):
        return [((grad @ self.a.T) * (self.H > 0)).T @ self.X]


def squared_loss(y_hat, y):
    return (y_hat - y) ** 2 / 2


def sgd(params, grads, lr, batch_size):
    for param, grad in zip(params, grads, strict=True):
        param[:] = param - lr * grad / batch_size


def train(net, X, y, lr, num_epochs):
    history = []
    for _ in range(int(num_epochs)):
        y_hat = net(X)
        history.append(squared_loss(y_hat, y).sum(axis=1).mean())
        grads = net.backward(y_hat - y)  # was: grads = net.backward((y_hat - y) / len(X))
        sgd(net.params, grads, lr, batch_size=len(X))
    return history


def answer(W, a, Z, Y, Z_test, eta, steps):
    net = Net(np.concatenate([W, W]), np.concatenate([a, -a]))
    losses = train(net, Z, Y, eta, steps)
    return net(Z_test), np.array(losses)
