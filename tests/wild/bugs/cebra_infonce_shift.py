"""The largest distance of each row, subtracted for stability, is broadcast along the rows of the negatives."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="CEBRA",
    link="https://github.com/AdaptiveMotorControlLab/CEBRA/pull/86",
    date="2023-10-03",
    operation="isogclr.rgcl",
    kind="wrong_axis",
)


def infonce(pos_dist, neg_dist, n_negatives):
    """Log of the mean over the negatives of exp(negative - positive), for each anchor; and the weights."""
    c = neg_dist.max(axis=1, keepdims=True)  # was: c = neg_dist.max(axis=1)
    pos_dist = pos_dist - c.squeeze(1)  # was: pos_dist = pos_dist - c
    neg_dist = neg_dist - c
    # infinite are the places of the anchor and of its positive
    total = np.exp(neg_dist).sum(axis=1)
    align, uniform = -pos_dist, np.log(total) - np.log(n_negatives)
    return align + uniform, np.exp(neg_dist) / total[:, None]


def answer(U1, U2, tau, rho):
    U = np.concatenate([U1, U2])
    n = len(U1)
    norms = np.sqrt((U**2).sum(axis=1, keepdims=True))
    z, temperatures = U / norms, np.concatenate([tau, tau])
    anchors = np.arange(2 * n)
    partner = (anchors + n) % (2 * n)

    S = z @ z.T
    pos = S[anchors, partner] / temperatures
    neg = S / temperatures[:, None]
    neg[anchors, anchors] = neg[anchors, partner] = -np.inf
    log_mean, weights = infonce(pos, neg, 2 * n - 2)
    loss = np.sum(temperatures * (log_mean + rho)) / n

    dS = weights.copy()
    dS[anchors, partner] -= 1.0
    dz = (dS + dS.T) @ z / n
    dU = (dz - z * (dz * z).sum(axis=1, keepdims=True)) / norms
    gaps = np.sum(weights * S, axis=1) - S[anchors, partner]
    dtau = (log_mean + rho - gaps / temperatures) / n
    return loss, dU[:n], dU[n:], dtau[:n] + dtau[n:]
