"""The weights of the two components are added to their densities in place of multiplying them."""

import numpy as np

from refimpl.oracle.candidates import NotApplicable
from tests.wild import Bug
from tests.wild.around import components

BUG = Bug(
    project="JavierAntoran/Bayesian-Neural-Networks",
    link="https://github.com/JavierAntoran/Bayesian-Neural-Networks/issues/15",
    date="2020-05-01",
    operation="interpolants.mixture_fields",
    kind="wrong_order",
)


class spike_slab_2GMM:
    def __init__(self, N1, N2, pi1, pi2):
        self.N1, self.N2, self.pi1, self.pi2 = N1, N2, pi1, pi2

    def loglike(self, x):
        N1_ll = self.N1.logpdf(x)
        N2_ll = self.N2.logpdf(x)
        max_loglike = np.maximum(N1_ll, N2_ll)
        # was: normalised_like = self.pi1 + np.exp(N1_ll - max_loglike) + self.pi2 + np.exp(N2_ll - max_loglike)
        normalised_like = self.pi1 * np.exp(N1_ll - max_loglike) + self.pi2 * np.exp(N2_ll - max_loglike)  # was:
        return np.log(normalised_like) + max_loglike


def answer(x, t, p, m, C, q, mu, D, path, gamma, a):
    parts = list(components(t, p, m, C, q, mu, D, path, gamma, a))
    if len(parts) != 2:
        raise NotApplicable("a spike and a slab: two components")
    (pi1, N1), (pi2, N2) = parts
    return {"log_density": np.atleast_1d(spike_slab_2GMM(N1, N2, pi1, pi2).loglike(x))}
