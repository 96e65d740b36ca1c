"""In the expected improvement the deviation goes with the probability, where its density belongs."""

import numpy as np
from scipy.stats import norm

from tests.wild import Bug

BUG = Bug(
    project="rBayesianOptimization",
    link="https://github.com/yanyachen/rBayesianOptimization/issues/10",
    date="2016-08",
    operation="token_reduction.acquisition",
    kind="wrong_constant",
    language="R",
)


def kernel(x, z, length):
    u = np.sqrt(5 * np.sum((x[:, None, :] - z[None, :, :]) ** 2, axis=-1)) / length
    return (1 + u + u**2 / 3) * np.exp(-u)


class GP:
    def __init__(self, x, y, length, noise):
        self.x, self.length = x, length
        self.center, self.scale = y.mean(), y.std() if np.ptp(y) else 1.0
        self.inverse = np.linalg.inv(kernel(x, x, length) + noise * np.eye(len(x)))
        self.weights = self.inverse @ ((y - self.center) / self.scale)

    def predict(self, new):
        cross = kernel(new, self.x, self.length)
        mse = 1 - np.sum((cross @ self.inverse) * cross, axis=1)
        return self.center + self.scale * (cross @ self.weights), self.scale * np.sqrt(mse)


def utility(gp_mean, gp_sd, y_max):
    z = (gp_mean - y_max) / gp_sd
    risk = gp_sd * norm.pdf(z)  # was: risk = gp_sd * norm.cdf(z)
    return (gp_mean - y_max) * norm.cdf(z) + risk


def answer(X, y, new, length, noise):
    mean, sd = GP(X, y, length, noise).predict(new)
    value = utility(mean, sd, y.max())
    return {"mean": mean, "sd": sd, "improvement": value, "chosen": np.array(int(np.argmax(value)))}
