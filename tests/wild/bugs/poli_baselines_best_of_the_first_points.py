"""The improvement is asked over the best of the first points, not over the best of all so far."""

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.stats import norm

from tests.wild import Bug

BUG = Bug(
    project="poli-baselines",
    link="https://github.com/MachineLearningLifeScience/poli-baselines/pull/12",
    date="2023-12",
    operation="token_reduction.bayes_opt",
    kind="wrong_order",
)


class GaussianProcess:
    def __init__(self, x, y, length=0.3, noise=1e-3):
        self.x, self.length = x, length
        self.center, self.scale = y.mean(), y.std() or 1.0
        self.factor = cho_factor(self.covariance(x, x) + noise * np.eye(len(x)), lower=True)
        self.weights = cho_solve(self.factor, (y - self.center) / self.scale)

    def covariance(self, a, b):
        r = np.sqrt(5 * ((a[:, None] - b) ** 2).sum(axis=-1)) / self.length
        return (1 + r + r**2 / 3) * np.exp(-r)

    def posterior(self, new):
        cross = self.covariance(new, self.x)
        variance = 1 - (cross * cho_solve(self.factor, cross.T).T).sum(axis=1)
        return self.center + self.scale * (cross @ self.weights), self.scale * np.sqrt(np.maximum(variance, 0))


class ExpectedImprovement:
    def __init__(self, model, best_f):
        self.model, self.best_f = model, best_f

    def __call__(self, x):
        mean, deviation = self.model.posterior(x)
        u = (mean - self.best_f) / deviation
        return deviation * (norm.pdf(u) + u * norm.cdf(u))


class BayesianOptimization:
    def __init__(self, black_box, x0):
        self.black_box = black_box
        self.x, self.y = x0, black_box(x0)
        self.y0 = self.y

    def step(self, candidates):
        model = GaussianProcess(self.x, self.y)
        best_f = self.y.max()  # was: best_f = self.y0.max()
        acq = ExpectedImprovement(model, best_f)
        x = candidates[[np.argmax(acq(candidates))]]
        self.x, self.y = np.concatenate([self.x, x]), np.concatenate([self.y, self.black_box(x)])


def answer(x0, candidates, a, b, g):
    solver = BayesianOptimization(lambda x: g * np.cos(9 * x[:, 0]) - (a * (x - b) ** 2).sum(axis=1), x0)
    for x in candidates:
        solver.step(x)
    return solver.x, solver.y, int(np.argmax(solver.y))
