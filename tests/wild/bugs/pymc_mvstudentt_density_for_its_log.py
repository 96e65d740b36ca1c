"""What should be the logarithm of the density is exponentiated before it is returned."""

import numpy as np
from scipy.linalg import det, inv
from scipy.special import gammaln

from tests.wild import Bug

BUG = Bug(
    project="PyMC",
    link="https://github.com/pymc-devs/pymc/pull/1224",
    date="2016-07-05",
    operation="scale_mixture_nngp.student_law",
    kind="wrong_output",
)


class MvStudentT:
    """Multivariate Student's t distribution with a scale matrix, not a covariance."""

    def __init__(self, nu, Sigma, mu):
        self.nu, self.mu, self.cov = nu, mu, Sigma
        self.k = Sigma.shape[0]

    def logp(self, value):
        d, nu = self.k, self.nu
        X = value - self.mu
        Q = np.einsum("...i,ij,...j->...", X, inv(self.cov), X)
        log_det = np.log(det(self.cov))
        log_pdf = gammaln((nu + d) / 2.0) - 0.5 * (d * np.log(np.pi * nu) + log_det) - gammaln(nu / 2.0)
        kernel = 0.5 * (nu + d) * np.log1p(Q / nu)
        return log_pdf - kernel  # was: return np.exp(log_pdf - kernel)


def answer(mean, Sigma, a, b, f):
    # a scale with the inverse gamma law makes of the normal law one with 2 a degrees of freedom
    law = MvStudentT(2 * a, Sigma * (b / a), mean)
    return {"dof": np.asarray(law.nu), "scale": law.cov, "log_density": law.logp(f)}
