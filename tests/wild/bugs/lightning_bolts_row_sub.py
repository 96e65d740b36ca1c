"""The similarity of each view with itself is taken off the denominator as if the temperature were one."""

import math

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="lightning-bolts",
    link="https://github.com/Lightning-Universe/lightning-bolts/commit/294c1a7dd7175d067431154d9abac74196ef90aa",
    date="2021-04-06",
    operation="isogclr.nt_xent",
    kind="wrong_constant",
    skip={
        "cold": "what is subtracted is all but the whole sum: no digit is left",
        "one-sample": "the difference leaves a rounding error where the loss is 0",
    },
)


class SimCLR:
    def __init__(self, temperature):
        self.temperature = temperature

    def project(self, hidden):
        return hidden / np.linalg.norm(hidden, axis=1, keepdims=True)

    def nt_xent_loss(self, out_1, out_2):
        """Loss, and its gradient in the stacked (normalized) outputs."""
        out = np.concatenate([out_1, out_2], axis=0)
        batch_size, n = len(out_1), len(out)
        cov = out @ out.T
        sim = np.exp(cov / self.temperature)
        neg = sim.sum(axis=-1)

        # remove the similarity of x1 with x1 from each row
        row_sub = np.full(neg.shape, math.e ** (1 / self.temperature))  # was: row_sub = np.full(neg.shape, math.e)
        neg = neg - row_sub

        pos = np.exp(np.sum(out_1 * out_2, axis=-1) / self.temperature)
        pos = np.concatenate([pos, pos], axis=0)
        loss = -np.log(pos / neg).mean()

        weights = sim / neg[:, None]
        for i in range(n):
            weights[i, (i + batch_size) % n] -= 1.0
        return loss, (weights + weights.T) @ out / (self.temperature * n)

    def backward(self, hidden, out, grad):
        grad = grad - out * np.sum(out * grad, axis=1, keepdims=True)
        return grad / np.linalg.norm(hidden, axis=1, keepdims=True)


def answer(U1, U2, tau):
    model = SimCLR(tau)
    out_1, out_2 = model.project(U1), model.project(U2)
    loss, grad = model.nt_xent_loss(out_1, out_2)
    return loss, model.backward(U1, out_1, grad[: len(U1)]), model.backward(U2, out_2, grad[len(U1) :])
