"""The best value to improve on is taken among all points, those too that break a constraint."""

import numpy as np
from scipy.stats import norm

from tests.wild import Bug

BUG = Bug(
    project="BayesianOptimization",
    link="https://github.com/bayesian-optimization/BayesianOptimization/commit/e0784338762da83e7051dcccc5221099fa03a471",
    date="2023-05-10",
    operation="bayesopt.eic",
    kind="missing_step",
)


class ConstraintModel:
    def __init__(self, lb, ub):
        self.lb, self.ub = lb, ub

    def allowed(self, constraint_values):
        return np.all((constraint_values >= self.lb) & (constraint_values <= self.ub), axis=-1)

    def predict(self, y_mean, y_std):
        known = y_std == 0
        scale = np.where(known, 1.0, y_std)
        p_lower = np.where(known, y_mean < self.lb, norm.cdf(self.lb, loc=y_mean, scale=scale))
        return np.prod(1.0 - p_lower, axis=0)


class TargetSpace:
    def __init__(self, target, constraint_values, constraint):
        self.target, self.constraint_values, self._constraint = target, constraint_values, constraint

    def _target_max(self):
        allowed = self._constraint.allowed(self.constraint_values)
        if allowed.any():
            return self.target[allowed].max()  # was: return self.target.max()
        return None


def _ei(mean, std, y_max, xi=0.0):
    a = mean - y_max - xi
    z = a / np.where(std == 0, 1.0, std)
    return np.where(std == 0, np.maximum(a, 0), a * norm.cdf(z) + std * norm.pdf(z))


def answer(mu, sigma, y, constraints):
    space = TargetSpace(y, constraints.T, ConstraintModel(0.0, np.inf))
    p_constraint = space._constraint.predict(mu[1:], sigma[1:])
    y_max = space._target_max()
    if y_max is None:
        return p_constraint
    return _ei(mu[0], sigma[0], y_max) * p_constraint
