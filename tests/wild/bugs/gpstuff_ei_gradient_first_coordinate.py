"""The derivatives of mean and variance are taken in as many coordinates as there are points, which is one."""

import numpy as np
from scipy.stats import norm

from refimpl.oracle.candidates import NotApplicable
from tests.wild import Bug

BUG = Bug(
    project="GPstuff",
    language="MATLAB",
    link="https://github.com/gpstuff-dev/gpstuff/commit/f5b23c05eb0001756288034838ae0118723651a8",
    date="2017-06-20",
    operation="bayesopt.ei_gradient",
    kind="wrong_axis",
)


def gpcf_ginput(gp, x_new, x):
    """Derivatives of the covariances of one new point, coordinate by coordinate."""
    difference = x_new[0] - x
    return (-2.0 * gp["alpha"] * difference * gp_cov(gp, x_new, x).T).T


def gp_cov(gp, a, b):
    return gp["alpha0"] * np.exp(-np.sum(gp["alpha"] * (a[:, None] - b[None]) ** 2, axis=-1))


def expectedimprovement_eg(x_new, gp, x, a, invC, fmin):
    Knx = gp_cov(gp, x_new, x)
    invCKnxt = invC @ Knx.T
    Ef = (Knx @ a)[0] + gp["mean"] + x_new[0] @ gp["beta"]
    Varf = gp["alpha0"] - (Knx @ invCKnxt)[0, 0]
    posvar = np.sqrt(Varf)
    CDFpart, PDFpart = norm.cdf((Ef - fmin) / posvar), norm.pdf((Ef - fmin) / posvar)
    EI = (Ef - fmin) * CDFpart + posvar * PDFpart
    # gradients
    Kderiv = np.zeros(x_new.shape[1])
    Knxderiv = gpcf_ginput(gp, x_new, x)
    dEIdEf, dEIdVarf = CDFpart, PDFpart / (2 * np.sqrt(Varf))
    dEfdx = Knxderiv @ a + gp["beta"]  # was: dEfdx = Knxderiv[: x_new.shape[0]] @ a + gp["beta"]
    # was: dVarfdx = Kderiv - 2 * (Knxderiv[: x_new.shape[0]] @ invCKnxt)[:, 0]
    dVarfdx = Kderiv - 2 * (Knxderiv @ invCKnxt)[:, 0]  # was:
    return EI, dEIdEf * dEfdx + dEIdVarf * dVarfdx


def answer(X, y, new, kernel, alpha, alpha0, noise, mean, beta, best):
    if kernel != "power_exponential":
        raise NotApplicable("one covariance is enough here")
    gp = {"alpha": alpha, "alpha0": alpha0, "mean": mean, "beta": beta}
    invC = np.linalg.inv(gp_cov(gp, X, X) + noise * np.eye(len(y)))
    a = invC @ (y - mean - X @ beta)
    rows = [expectedimprovement_eg(x_new[None], gp, X, a, invC, best) for x_new in new]
    value, gradient = zip(*rows, strict=True)
    return np.array(value), np.stack(gradient)
