"""pip gpcam: the formula of its acquisition."""

from gpcam.surrogate_model import _expected_improvement


def ei(mu, sigma, best):
    """The gain over the incumbent is its first argument."""
    return {"value": _expected_improvement(mu - best, sigma)}
