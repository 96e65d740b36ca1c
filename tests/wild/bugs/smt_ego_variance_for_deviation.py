"""The surrogate tells variances, and the expected improvement takes them for standard deviations."""

import numpy as np
from scipy.special import ndtr

from tests.wild import Bug

BUG = Bug(
    project="SMT",
    link="https://github.com/SMTorg/smt/issues/189",
    date="2020-03-18",
    operation="bayesopt.ei",
    kind="wrong_scale",
)


class KRG:
    """A surrogate that tells its mean and its variance at given points."""

    def __init__(self, mean, variance):
        self.mean, self.variance = mean, variance

    def predict_values(self):
        return self.mean

    def predict_variances(self):
        return self.variance


class EGO:
    def __init__(self, gpr):
        self.gpr = gpr

    def EI(self, f_min):
        pred = self.gpr.predict_values()
        sig = np.sqrt(self.gpr.predict_variances())  # was: sig = self.gpr.predict_variances()
        known = sig == 0
        gain = f_min - pred
        args0 = np.where(known, np.copysign(np.inf, gain), gain / np.where(known, 1.0, sig))
        args1 = gain * ndtr(args0)
        args2 = sig * norm_pdf(args0)
        return np.where(known, np.maximum(gain, 0.0), args1 + args2), args0


def norm_pdf(x):
    return np.exp(-0.5 * x * x) / np.sqrt(2 * np.pi)


def answer(mu, sigma, best):
    ei, z = EGO(KRG(-mu, sigma**2)).EI(-best)
    return {"value": ei, "by_mean": ndtr(z), "by_sigma": norm_pdf(z)}
