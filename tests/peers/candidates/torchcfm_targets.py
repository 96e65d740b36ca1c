"""Conditional flow matchers of `torchcfm`: points and targets for given pairs, noise and times.

Its networks learn sigma^2 / 2 times the score, with the weight `compute_lambda`; what stands here is the score.
"""

import torch
from torchcfm.conditional_flow_matching import ConditionalFlowMatcher, SchrodingerBridgeConditionalFlowMatcher

from refimpl.oracle.candidates import NotApplicable


def _asked(path, gamma, wanted):
    if (path, gamma) != ("linear", wanted):
        raise NotApplicable(f"it is linear with gamma {wanted}")


def _drawn(matcher, x0, x1, z, t):
    """Point, velocity there, and velocity at the mean, where the noise has no part in it."""
    x0, x1, z, t = map(torch.tensor, (x0, x1, z, t))
    column = t[:, None]
    x = matcher.sample_xt(x0, x1, t, z)
    mean = matcher.compute_mu_t(x0, x1, column)
    flows = (matcher.compute_conditional_flow(x0, x1, column, point) for point in (x, mean))
    return x, z, t, *flows


def plain(x0, x1, z, t, path, gamma, a):
    """`ConditionalFlowMatcher(sigma=0)`; it has no score."""
    _asked(path, gamma, "zero")
    x, z, t, b, v = _drawn(ConditionalFlowMatcher(sigma=0.0), x0, x1, z, t)
    return x.numpy(), v.numpy(), b.numpy(), (-z / torch.zeros_like(z)).numpy(), z.numpy()


def bridge(x0, x1, z, t, path, gamma, a):
    """`SchrodingerBridgeConditionalFlowMatcher(sigma=sqrt(a))`, pairs as they are given."""
    _asked(path, gamma, "brownian")
    matcher = SchrodingerBridgeConditionalFlowMatcher(sigma=a**0.5)
    x, z, t, b, v = _drawn(matcher, x0, x1, z, t)
    s = -z / matcher.compute_lambda(t)[:, None] * (2 / a)
    return x.numpy(), v.numpy(), b.numpy(), s.numpy(), z.numpy()
