"""pip GPyOpt: `AcquisitionEI`, of normal laws that are handed over."""

from types import SimpleNamespace

import numpy as np
from GPyOpt.acquisitions import AcquisitionEI


def _ei(mu, sigma, best, **settings):
    """It minimises; the coordinates of a point are mean and deviation themselves."""
    ones, none = np.ones_like(mu), np.zeros_like(mu)
    law = SimpleNamespace(
        analytical_gradient_prediction=True,
        get_fmin=lambda: -best,
        predict_withGradients=lambda _: (
            -mu[:, None], sigma[:, None].copy(), np.stack([-ones, none], axis=1), np.stack([none, ones], axis=1),
        ),
    )  # fmt: skip
    rule = AcquisitionEI(law, None, **settings)
    value, slopes = rule._compute_acq_withGradients(None)
    return value[:, 0], slopes[:, 0], slopes[:, 1]


def ei(mu, sigma, best):
    """Without a margin."""
    return _ei(mu, sigma, best, jitter=0.0)


def by_default(mu, sigma, best):
    """With its margin."""
    return _ei(mu, sigma, best)
