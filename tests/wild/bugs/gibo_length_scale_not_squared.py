"""The derivative of the covariance is divided by the length scale in place of its square."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="gibo",
    link="https://github.com/sarmueller/gibo/pull/4",
    date="2022-10-27",
    operation="bayesopt.joint_with_gradients",
    kind="wrong_scale",
)


class DerivativeExactGPSEModel:
    def __init__(self, lengthscale, outputscale):
        self.lengthscale, self.outputscale, self.D = lengthscale, outputscale, len(lengthscale)

    def covar_module(self, x, X):
        scaled = (x[:, None, :] - X[None, :, :]) / self.lengthscale
        return self.outputscale * np.exp(-0.5 * np.sum(scaled**2, axis=-1))

    def _get_KxX_dx(self, x, X):
        """Derivative of K(x, X) in x: points, coordinates, points."""
        N, n = X.shape[0], x.shape[0]
        K_xX = self.covar_module(x, X)
        difference = x.reshape(n, 1, self.D) - X.reshape(1, N, self.D)
        # was: scaled = -np.eye(self.D) / self.lengthscale
        scaled = -np.eye(self.D) / self.lengthscale**2  # was:
        return scaled @ (difference * K_xX[:, :, None]).swapaxes(1, 2)

    def _get_Kxx_dxdx(self, x, X):
        r = (x[:, None, :] - X[None, :, :]) / self.lengthscale**2
        return (np.diag(self.lengthscale**-2.0) - r[..., :, None] * r[..., None, :]) * self.covar_module(x, X)[
            ..., None, None
        ]

    def joint(self, x, X):
        """Values of all points, then all derivatives, point by point."""
        n, N = len(x), len(X)
        by_x = self._get_KxX_dx(x, X).reshape(n * self.D, N)
        by_X = self._get_KxX_dx(X, x).reshape(N * self.D, n).T
        both = self._get_Kxx_dxdx(x, X).swapaxes(1, 2).reshape(n * self.D, N * self.D)
        return np.block([[self.covar_module(x, X), by_X], [by_x, both]])


def answer(X, y, gradients, new, x, alpha, alpha0, noise, gradient_noise, W):
    model = DerivativeExactGPSEModel(1 / np.sqrt(2 * alpha), alpha0)
    n, D = X.shape
    seen = model.joint(X, X) + np.diag(np.append(np.full(n, noise), np.full(n * D, gradient_noise)))
    cross = model.joint(new, X)[: len(new)]
    solved = np.linalg.solve(seen, cross.T)
    mean = solved.T @ np.concatenate([y, gradients.ravel()])
    return {"mean": mean, "covariance": model.covar_module(new, new) - cross @ solved}
