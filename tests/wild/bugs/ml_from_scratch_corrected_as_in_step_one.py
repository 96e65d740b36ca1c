"""The moments are divided by one less their rates, without the power of the step."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="ML-From-Scratch",
    link="https://github.com/eriklindernoren/ML-From-Scratch/issues/35",
    date="2018-03-08",
    operation="adamw.adam",
    kind="missing_step",
)


class l2_regularization:
    def __init__(self, alpha):
        self.alpha = alpha

    def __call__(self, w):
        return self.alpha * 0.5 * w.T.dot(w)

    def grad(self, w):
        return self.alpha * w


class Adam:
    def __init__(self, learning_rate=0.001, b1=0.9, b2=0.999, eps=1e-8):
        self.learning_rate = learning_rate
        self.eps = eps
        self.m = None
        self.v = None
        self.t = 0
        # Decay rates
        self.b1 = b1
        self.b2 = b2

    def update(self, w, grad_wrt_w):
        # If not initialized
        if self.m is None:
            self.m = np.zeros(np.shape(grad_wrt_w))
            self.v = np.zeros(np.shape(grad_wrt_w))
        self.t += 1

        self.m = self.b1 * self.m + (1 - self.b1) * grad_wrt_w
        self.v = self.b2 * self.v + (1 - self.b2) * np.power(grad_wrt_w, 2)

        m_hat = self.m / (1 - self.b1**self.t)  # was: m_hat = self.m / (1 - self.b1)
        v_hat = self.v / (1 - self.b2**self.t)  # was: v_hat = self.v / (1 - self.b2)

        self.w_updt = self.learning_rate * m_hat / (np.sqrt(v_hat) + self.eps)

        return w - self.w_updt


def answer(theta0, grads, lr, beta1, beta2, eps, weight_decay):
    optimizer, regularization = Adam(lr, beta1, beta2, eps), l2_regularization(weight_decay)
    w, path = theta0, []
    for grad_w in grads:
        w = optimizer.update(w, grad_w + regularization.grad(w))
        path.append(w)
    return np.array(path)
