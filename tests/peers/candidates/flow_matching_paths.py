"""Schedulers and paths of `flow-matching`: one-sided, x_0 being the noise."""

import torch
from flow_matching.path import AffineProbPath
from flow_matching.path.scheduler import CondOTScheduler, CosineScheduler, LinearVPScheduler

from refimpl.oracle.candidates import NotApplicable

SCHEDULERS = {
    "one_sided_linear": CondOTScheduler,
    "one_sided_trig": CosineScheduler,
    "one_sided_sbdm": LinearVPScheduler,
}


def _scheduler(path):
    if path not in SCHEDULERS:
        raise NotApplicable("its paths are one-sided")
    return SCHEDULERS[path]()


def schedule(t, path, gamma, a):
    """The product of the noise and its slope is not among its outputs; at t = 1 of LinearVP it is -t."""
    found = _scheduler(path)(torch.tensor(t))
    slope, noise = found.d_sigma_t, found.sigma_t
    product = torch.where(torch.isinf(slope), -found.alpha_t * found.d_alpha_t, noise * slope)
    zero = torch.zeros_like(noise)
    rows = (zero, found.alpha_t, noise, zero, found.d_alpha_t, slope, product)
    return tuple(row.numpy() for row in rows)


def interpolate(x0, x1, z, t, path, gamma, a):
    """`AffineProbPath(...).sample`; the denoiser's target is its x_0, and the score that over -sigma."""
    scheduler = _scheduler(path)
    x1, z, t = map(torch.tensor, (x1, z, t))
    found = AffineProbPath(scheduler).sample(x_0=z, x_1=x1, t=t)
    at = scheduler(t[:, None])
    rows = (found.x_t, at.d_alpha_t * x1, found.dx_t, -found.x_0 / at.sigma_t, found.x_0)
    return tuple(row.numpy() for row in rows)
