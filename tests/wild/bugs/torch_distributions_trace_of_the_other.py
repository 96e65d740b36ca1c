"""The trace multiplies the covariance of the prior with the precision of the other law."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="torch-distributions",
    language="Lua",
    link="https://github.com/google-deepmind/torch-distributions/commit/e0f94ad26b0925f2f39dac74948d74c939361532",
    date="2015-02-10",
    operation="scale_mixture_nngp.svgp_elbo",
    kind="wrong_order",
)


def logdet(a):
    return 2 * np.log(np.diag(np.linalg.cholesky(a))).sum()


def mvn_kl(q, p):
    """KL(q, p) of laws given by tables of mu and sigma."""
    lambdas = {name: np.linalg.inv(law["sigma"]) for name, law in (("q", q), ("p", p))}
    ndim = len(q["mu"])

    def qf(A, x):
        return x @ (A @ x)

    return (
        np.vdot(lambdas["p"], q["sigma"])  # was: np.vdot(lambdas["q"], p["sigma"])
        + qf(lambdas["p"], p["mu"] - q["mu"])
        - ndim
        - logdet(lambdas["p"])
        - logdet(q["sigma"])
    ) / 2


def answer(K_uu, K_xu, k_xx, onehot, m, S, s, noise, eps, n):
    prior = {"mu": np.zeros(len(K_uu)), "sigma": s * (K_uu + eps * np.eye(len(K_uu)))}
    total = 0.0
    for mean, variances in zip(m, S, strict=True):
        total += mvn_kl({"mu": mean, "sigma": s * np.diag(variances)}, prior)
    return {"kl": total}
