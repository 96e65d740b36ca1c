"""pip modAL-python: the formula of its acquisition."""

from modAL.acquisition import EI


def ei(mu, sigma, best):
    """With its default tradeoff of 0."""
    return {"value": EI(mu, sigma, best, 0)}
