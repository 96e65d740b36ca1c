"""The mean of the prior is taken from the targets and never added to what is predicted."""

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from refimpl.oracle.candidates import NotApplicable
from tests.wild import Bug

BUG = Bug(
    project="GPJax",
    link="https://github.com/thomaspinder/GPJax/pull/36",
    date="2021-08-28",
    operation="bayesopt.posterior",
    kind="missing_step",
)


class ConjugatePosterior:
    def __init__(self, prior_mean, kernel, obs_noise):
        self.prior_mean, self.kernel, self.obs_noise = prior_mean, kernel, obs_noise

    def mean(self, training_inputs, training_outputs):
        Kff = self.kernel(training_inputs, training_inputs)
        L = cho_factor(Kff + np.eye(len(training_inputs)) * self.obs_noise, lower=True)
        weights = cho_solve(L, training_outputs - self.prior_mean(training_inputs))

        def meanf(test_inputs):
            prior_mean_at_test_inputs = self.prior_mean(test_inputs)
            Kfx = self.kernel(test_inputs, training_inputs)
            return prior_mean_at_test_inputs + np.dot(Kfx, weights)  # was: return np.dot(Kfx, weights)

        return meanf

    def variance(self, training_inputs):
        Kff = self.kernel(training_inputs, training_inputs)
        L = cho_factor(Kff + np.eye(len(training_inputs)) * self.obs_noise, lower=True)

        def varf(test_inputs):
            Kfx = self.kernel(test_inputs, training_inputs)
            return self.kernel(test_inputs, test_inputs) - np.dot(Kfx, cho_solve(L, Kfx.T))

        return varf


def answer(X, y, new, kernel, alpha, alpha0, noise, mean, beta, jitter):
    if kernel != "power_exponential" and kernel != "matern52":
        raise NotApplicable("two kernels are enough here")

    def gram(x, z):
        tau = np.sqrt(np.sum(alpha * (x[:, None, :] - z[None, :, :]) ** 2, axis=-1))
        if kernel == "power_exponential":
            return alpha0 * np.exp(-(tau**2))
        return alpha0 * (1.0 + np.sqrt(5.0) * tau + 5.0 / 3.0 * tau**2) * np.exp(-np.sqrt(5.0) * tau)

    posterior = ConjugatePosterior(lambda x: mean + np.dot(x, beta), gram, noise + jitter)
    return {"posterior_mean": posterior.mean(X, y)(new), "covariance": posterior.variance(X)(new)}
