"""Both moments are multiplied by what is left of their bias, where they have to be divided by it."""

import math

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="ConvNetJS",
    language="JavaScript",
    link="https://github.com/karpathy/convnetjs/pull/107",
    date="2019-01-26",
    operation="adamw.adam",
    kind="wrong_scale",
)


class Trainer:
    def __init__(self, options):
        self.method = options.get("method", "sgd")
        self.learning_rate = options.get("learning_rate", 0.01)
        self.l2_decay = options.get("l2_decay", 0.0)
        self.beta1 = options.get("beta1", 0.9)
        self.beta2 = options.get("beta2", 0.999)
        self.eps = options.get("eps", 1e-8)
        self.k = 0
        self.gsum, self.xsum = [], []

    def train(self, params_and_grads):
        self.k += 1
        if not self.gsum:
            for p, _ in params_and_grads:
                self.gsum.append(np.zeros(p.size))
                self.xsum.append(np.zeros(p.size))
        for i, (p, g) in enumerate(params_and_grads):
            gij = self.l2_decay * p + g
            gsumi, xsumi = self.gsum[i], self.xsum[i]
            if self.method == "adam":
                gsumi[:] = gsumi * self.beta1 + (1 - self.beta1) * gij
                xsumi[:] = xsumi * self.beta2 + (1 - self.beta2) * gij * gij
                # was: bias_corr1 = gsumi * (1 - math.pow(self.beta1, self.k))
                bias_corr1 = gsumi / (1 - math.pow(self.beta1, self.k))  # was:
                # was: bias_corr2 = xsumi * (1 - math.pow(self.beta2, self.k))
                bias_corr2 = xsumi / (1 - math.pow(self.beta2, self.k))  # was:
                dx = -self.learning_rate * bias_corr1 / (np.sqrt(bias_corr2) + self.eps)
                p += dx
            else:
                p += -self.learning_rate * gij


def answer(theta0, grads, lr, beta1, beta2, eps, weight_decay):
    options = {"method": "adam", "learning_rate": lr, "beta1": beta1, "beta2": beta2, "eps": eps}
    trainer = Trainer({**options, "l2_decay": weight_decay})
    p, path = theta0.copy(), []
    for g in grads:
        trainer.train([(p, g)])
        path.append(p.copy())
    return np.array(path)
