"""The similarities in the denominator are multiplied with the lengths of the embeddings, not divided by them."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="sunjesse/pytorch-simclr",
    link="https://github.com/sunjesse/pytorch-simclr/issues/1",
    date="2020-02-23",
    operation="isogclr.nt_xent",
    kind="wrong_scale",
)


class NT_Xent:
    def __init__(self, tau):
        self.tau = tau

    def forward(self, x):
        """Rows 2k and 2k + 1 are a pair. Loss, and its gradient in the rows."""
        n = len(x)
        lengths = np.sqrt(np.sum(x * x, axis=1))
        norm = np.outer(lengths, lengths)
        b = x @ x.T
        power = -1  # was: power = 1
        den = b * norm**power / self.tau
        num = b / norm / self.tau
        np.fill_diagonal(den, -np.inf)

        partner = np.arange(n) ^ 1
        top = den.max(axis=1, keepdims=True)
        weights = np.exp(den - top)
        total = weights.sum(axis=1, keepdims=True)
        loss = np.mean(np.log(total[:, 0]) + top[:, 0] - num[np.arange(n), partner])

        d_den = weights / total / (n * self.tau)
        d_num = np.zeros((n, n))
        d_num[np.arange(n), partner] = -1 / (n * self.tau)
        grad = np.zeros_like(x)
        for d, p in ((d_den, power), (d_num, -1)):
            d_b = d * norm**p
            grad += (d_b + d_b.T) @ x
            d_norm = d * b * p * norm ** (p - 1)
            grad += ((d_norm + d_norm.T) @ lengths / lengths)[:, None] * x
        return loss, grad


def answer(U1, U2, tau):
    pairs = np.stack([U1, U2], axis=1).reshape(2 * len(U1), -1)
    loss, grad = NT_Xent(tau).forward(pairs)
    return loss, grad[0::2], grad[1::2]
