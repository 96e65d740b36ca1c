"""For negative scores the gradient of the logistic loss is divided by exp of the score, not by one more."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="copt",
    link="https://github.com/openopt/copt/commit/e513781f1e50f1b102b70e8ab4da6aa6a825a84b",
    date="2020-06-04",
    operation="meco.nce",
    kind="numerics",
)


class LogLoss:
    """Of labels 0 and 1, with a weight for each sample."""

    def __init__(self, b, weights):
        self.b, self.weights = b, weights

    def expit_b(self, x, b):
        """expit(x) - b"""
        out = np.zeros_like(x)
        for i in range(x.size):
            if x[i] < 0:
                exp_x = np.exp(x[i])
                out[i] = ((1 - b[i]) * exp_x - b[i]) / (1 + exp_x)  # was: out[i] = ((1 - b[i]) * exp_x - b[i]) / exp_x
            else:
                exp_nx = np.exp(-x[i])
                out[i] = ((1 - b[i]) - b[i] * exp_nx) / (1 + exp_nx)
        return out

    def f_grad(self, z):
        return self.weights * self.expit_b(z, self.b)


def answer(c, log_ratio_data, grads_data, log_ratio_noise, grads_noise):
    n, m = log_ratio_data.size, log_ratio_noise.size
    z = np.concatenate([log_ratio_data, log_ratio_noise]) - c - np.log(m / n)
    labels = np.concatenate([np.ones(n), np.zeros(m)])
    # nu / m is 1 / n: all samples weigh the same
    f = LogLoss(labels, np.full(n + m, 1 / n))
    dz = f.f_grad(z)
    return {"grad": np.concatenate([grads_data, grads_noise]).T @ dz, "grad_c": -np.sum(dz)}
