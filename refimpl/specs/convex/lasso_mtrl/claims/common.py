"""What the experiments share: tasks in 20 dimensions, and every strategy on the same instance."""

import numpy as np

from refimpl.convex import _lasso_mtrl_models as models
from refimpl.convex import lasso_mtrl
from refimpl.core.random import stream

ORANGE, BLUE, GREEN, PINK, GREY = "#D55E00", "#0072B2", "#009E73", "#CC79A7", "0.45"
LIKE = np.zeros(1)
D, K, T = 20, 6, 60
KINDS = {"one": "one source head", "generic": "generic target"}


class Instance:
    """One truth with its target samples, and fresh source samples for whoever asks."""

    def __init__(self, target, *names, samples=20_000):
        self.rng = stream(*names, target)
        self.tasks = models.draw(self.rng, d=D, k=K, T=T, target=target, like=LIKE)
        self.X, self.y = models.target_samples(self.rng, self.tasks, samples)
        self.sample = models.sampler(self.rng, self.tasks)

    def relevance(self, name):
        """Known relevance of a strategy, and its power."""
        W, w = self.tasks.W, self.tasks.w
        if name == "uniform":
            return np.ones(T), 1
        return (lasso_mtrl.relevance_l1(W, w), 1) if name == "L1" else (lasso_mtrl.relevance_l2(W, w), 2)

    def representation(self, nu, p, *, N, floor):
        """Fitted to fresh samples, as many of each task as the relevance says."""
        n = lasso_mtrl.allocate(nu, N=N, floor=floor, p=p)
        return lasso_mtrl.fit_representation(lasso_mtrl.drawn(self.sample, n), k=K).B

    def risk(self, B, samples=None):
        """Excess risk of the target's fit in a representation, with all target samples or the first few."""
        theta = B @ lasso_mtrl.fit_target(B, self.X[:samples], self.y[:samples])
        return float(models.excess_risk(theta, self.tasks))

    def alone(self, samples=None):
        """Excess risk of least squares on the target's samples alone."""
        return self.risk(np.eye(D), samples)
