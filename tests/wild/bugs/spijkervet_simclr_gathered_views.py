"""The views of all processes are gathered in pairs, while positives are looked for as if all first views came first."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="Spijkervet/SimCLR",
    link="https://github.com/Spijkervet/SimCLR/pull/46",
    date="2023-09-02",
    operation="isogclr.nt_xent",
    kind="wrong_order",
)


class NT_Xent:
    def __init__(self, batch_size, temperature, world_size):
        self.batch_size, self.temperature, self.world_size = batch_size, temperature, world_size
        self.mask = self.mask_correlated_samples(batch_size, world_size)

    def mask_correlated_samples(self, batch_size, world_size):
        N = 2 * batch_size * world_size
        mask = np.ones((N, N), dtype=bool)
        np.fill_diagonal(mask, False)
        for i in range(batch_size * world_size):
            mask[i, batch_size * world_size + i] = False
            mask[batch_size * world_size + i, i] = False
        return mask

    def forward(self, z_i, z_j):
        """z_i, z_j: for each process its views. The loss, and its derivative in the views as they are gathered."""
        N, half = 2 * self.batch_size * self.world_size, self.batch_size * self.world_size
        # was: z = np.concatenate([np.concatenate([a, b]) for a, b in zip(z_i, z_j)])
        z = np.concatenate([np.concatenate(z_i), np.concatenate(z_j)])  # was:
        sim = z @ z.T / self.temperature

        positive = np.concatenate([np.diag(sim, half), np.diag(sim, -half)])[:, None]
        negative = sim[self.mask].reshape(N, -1)
        logits = np.concatenate([positive, negative], axis=1)
        top = logits.max(axis=1, keepdims=True)
        log_sum = top + np.log(np.exp(logits - top).sum(axis=1, keepdims=True))
        loss = np.sum(log_sum - positive) / N

        dsim = np.where(self.mask, np.exp(np.minimum(sim - log_sum, 0.0)), 0.0)
        rows = np.arange(N)
        dsim[rows, (rows + half) % N] += np.exp(positive - log_sum)[:, 0] - 1.0
        return loss, (dsim + dsim.T) @ z / (self.temperature * N)


def answer(U1, U2, tau):
    lengths = [np.linalg.norm(U, axis=1, keepdims=True) for U in (U1, U2)]
    z_i, z_j = U1 / lengths[0], U2 / lengths[1]
    world = len(U1)
    criterion = NT_Xent(1, tau, world)
    loss, dz = criterion.forward([z_i[r : r + 1] for r in range(world)], [z_j[r : r + 1] for r in range(world)])
    # was: halves = dz[0::2], dz[1::2]
    halves = dz[:world], dz[world:]  # was:
    grads = [
        (d - z * np.sum(d * z, axis=1, keepdims=True)) / s for d, z, s in zip(halves, (z_i, z_j), lengths, strict=True)
    ]
    return loss, *grads
