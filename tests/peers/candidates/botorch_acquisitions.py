"""pip botorch: analytic acquisitions, of normal laws that are handed over."""

import numpy as np
import torch
from botorch.acquisition.analytic import LogConstrainedExpectedImprovement, LogExpectedImprovement
from botorch.models.deterministic import DeterministicModel
from botorch.posteriors import GPyTorchPosterior
from gpytorch.distributions import MultitaskMultivariateNormal, MultivariateNormal

from refimpl.oracle.candidates import NotApplicable


class _Given(DeterministicModel):
    """Independent normal laws at points that are called 0, 1, ..."""

    def __init__(self, mu, sigma):
        super().__init__()
        self.mu, self.sigma, self._num_outputs = mu, sigma, len(mu)

    def forward(self, X):
        raise NotImplementedError

    def posterior(self, X, **_):
        at = X[..., 0, 0].long()
        laws = [
            MultivariateNormal(m[at][:, None], (s[at] ** 2)[:, None, None])
            for m, s in zip(self.mu, self.sigma, strict=True)
        ]
        joint = MultitaskMultivariateNormal.from_independent_mvns
        return GPyTorchPosterior(laws[0] if len(laws) == 1 else joint(laws))


def _points(values):
    return torch.arange(len(values), dtype=values.dtype)[:, None, None]


def ei(mu, sigma, best):
    """Its logarithm, and the derivatives by autograd."""
    if np.min(sigma) < 1e-5:
        raise NotApplicable("a variance is not let below a threshold")
    mu, sigma = (torch.from_numpy(np.array(x)).requires_grad_() for x in (mu, sigma))
    acquisition = LogExpectedImprovement(_Given(mu[None], sigma[None]), best_f=torch.tensor(best, dtype=mu.dtype))
    value = acquisition(_points(mu.detach())).exp()
    value.sum().backward()
    return value.detach().numpy(), mu.grad.numpy(), sigma.grad.numpy()


def eic(mu, sigma, y, constraints):
    """Its logarithm, with lower bounds of 0."""
    feasible = np.all(constraints >= 0, axis=0)
    if not feasible.any():
        raise NotApplicable("there must be an incumbent")
    if np.min(sigma) < 1e-5:
        raise NotApplicable("a variance is not let below a threshold")
    best = torch.tensor(y[feasible].max(), dtype=torch.from_numpy(np.array(mu)).dtype)
    mu, sigma = (torch.from_numpy(np.array(x)) for x in (mu, sigma))
    bounds = dict.fromkeys(range(1, len(mu)), (0.0, None))
    acquisition = LogConstrainedExpectedImprovement(_Given(mu, sigma), best, 0, bounds)
    return acquisition(_points(mu[0])).exp().numpy()
