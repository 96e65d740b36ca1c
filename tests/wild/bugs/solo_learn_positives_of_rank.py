"""Each process clears the diagonal of the first block of its mask of positives, not that of its own block."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="solo-learn",
    link="https://github.com/vturrisi/solo-learn/issues/206",
    date="2021-12-08",
    operation="isogclr.nt_xent",
    kind="wrong_axis",
)


def simclr_loss_func(z, indexes, gathered_z, gathered_indexes, temperature, rank):
    """Loss of one process, and what it sends back to its own rows and to all gathered ones."""
    logits = z @ gathered_z.T / temperature
    pos_mask = indexes[:, None] == gathered_indexes[None, :]
    neg_mask = indexes[:, None] != gathered_indexes[None, :]
    # was: np.fill_diagonal(pos_mask, False)
    np.fill_diagonal(pos_mask[:, z.shape[0] * rank :], False)  # was:

    top = np.max(np.where(pos_mask | neg_mask, logits, -np.inf), axis=1, keepdims=True)
    sim = np.exp(np.where(pos_mask | neg_mask, logits - top, -np.inf))
    pos = np.sum(sim * pos_mask, axis=1)
    neg = np.sum(sim * neg_mask, axis=1)
    loss = -np.mean(np.log(pos / (pos + neg)))

    dlogits = sim / (pos + neg)[:, None] - sim * pos_mask / pos[:, None]
    dlogits /= temperature * len(z)
    return loss, dlogits @ gathered_z, dlogits.T @ z


def answer(U1, U2, tau):
    # one sample, with its two views, on each process
    world = len(U1)
    raw = np.stack([U1, U2], axis=1).reshape(2 * world, -1)
    norms = np.linalg.norm(raw, axis=1, keepdims=True)
    gathered_z, gathered_indexes = raw / norms, np.repeat(np.arange(world), 2)
    losses, dz = [], np.zeros_like(raw)
    for rank in range(world):
        mine = slice(2 * rank, 2 * rank + 2)
        loss, own, others = simclr_loss_func(
            gathered_z[mine], gathered_indexes[mine], gathered_z, gathered_indexes, tau, rank
        )
        losses.append(loss)
        dz[mine] += own / world
        dz += others / world
    dz = (dz - gathered_z * np.sum(dz * gathered_z, axis=1, keepdims=True)) / norms
    return np.mean(losses), dz[0::2], dz[1::2]
