"""pip bayesian-optimization: `ExpectedImprovement.base_acq`, of normal laws that are handed over."""

from bayes_opt.acquisition import ExpectedImprovement


def ei(mu, sigma, best):
    """Without a margin."""
    rule = ExpectedImprovement(xi=0.0)
    rule.y_max = best
    return {"value": rule.base_acq(mu, sigma)}
