"""The mask that leaves out the positives counts the batch of one process where the gathered views stand."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="Spijkervet/SimCLR",
    link="https://github.com/Spijkervet/SimCLR/commit/cd85c4366d2e6ac1b0a16798b76ac0a2c8a94e58",
    date="2021-09-21",
    operation="isogclr.nt_xent",
    kind="wrong_axis",
)


def mask_correlated_samples(batch_size, world_size):
    N = 2 * batch_size * world_size
    mask = np.ones((N, N), dtype=bool)
    np.fill_diagonal(mask, False)
    for i in range(batch_size * world_size):
        mask[i, batch_size * world_size + i] = False  # was: mask[i, batch_size + i] = False
        mask[batch_size * world_size + i, i] = False  # was: mask[batch_size + i, i] = False
    return mask


def nt_xent(z, temperature, batch_size, world_size):
    N = 2 * batch_size * world_size
    half = N // 2
    mask = mask_correlated_samples(batch_size, world_size)
    sim = z @ z.T / temperature
    places = np.arange(N * N).reshape(N, N)

    positive = np.concatenate([np.diag(places, half), np.diag(places, -half)]).reshape(N, 1)
    negative = places[mask].reshape(N, -1)
    chosen = np.concatenate([positive, negative], axis=1)
    logits = sim.ravel()[chosen]
    logits = logits - logits.max(axis=1, keepdims=True)
    log_probs = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    loss = -np.sum(log_probs[:, 0]) / N

    dlogits = np.exp(log_probs)
    dlogits[:, 0] -= 1.0
    dsim = np.zeros(N * N)
    np.add.at(dsim, chosen.ravel(), dlogits.ravel())
    dsim = dsim.reshape(N, N)
    return loss, (dsim + dsim.T) @ z / (temperature * N)


def answer(U1, U2, tau):
    U = np.concatenate([U1, U2])
    lengths = np.linalg.norm(U, axis=1, keepdims=True)
    z = U / lengths
    loss, dz = nt_xent(z, tau, batch_size=1, world_size=len(U1))
    dU = (dz - z * np.sum(dz * z, axis=1, keepdims=True)) / lengths
    return loss, dU[: len(U1)], dU[len(U1) :]
