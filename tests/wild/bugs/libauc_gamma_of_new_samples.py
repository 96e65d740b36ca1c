"""The weight one for samples without a running normaliser is stored as the weight of the loss, and stays."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="LibAUC",
    link="https://github.com/Optimization-AI/LibAUC/commit/c6530e10c4afa0853cc94b008079b65d44e3fa30",
    date="2024-02-24",
    operation="isogclr.steps",
    kind="wrong_output",
)


class GCLoss:
    def __init__(self, tau, gamma, rho, eta, beta, tau_min, tau_max, clip):
        self.gamma, self.rho, self.eta, self.beta = gamma, rho, eta, beta
        self.bounds, self.clip = (tau_min, tau_max), clip
        self.tau = tau.copy()
        self.log_u = np.full(len(tau), -np.inf)
        self.grad_tau = np.zeros(len(tau))

    def forward(self, hidden1, hidden2, index, gaps):
        z = np.concatenate([h / np.linalg.norm(h, axis=1, keepdims=True) for h in (hidden1, hidden2)])
        B = len(index)
        sim = z @ z.T
        positives = np.concatenate([np.diag(sim, B), np.diag(sim, -B)])
        logits = sim - positives[:, None] if gaps else sim
        rows = np.arange(2 * B)
        others = np.ones((2 * B, 2 * B), dtype=bool)
        others[rows, rows] = others[rows, (rows + B) % (2 * B)] = False

        loss = 0.0
        for i in range(B):
            sample, tau = index[i], self.tau[index[i]]
            pair = [logits[v][others[v]] / tau for v in (i, i + B)]
            log_g = [np.logaddexp.reduce(x) - np.log(x.size) for x in pair]
            if self.log_u[sample] == -np.inf:
                gamma = 1.0  # was: self.gamma = 1.0
            else:  # was:
                gamma = self.gamma  # was:
            with np.errstate(divide="ignore"):
                old = np.log(1 - gamma) + self.log_u[sample]  # was: old = np.log(1 - self.gamma) + self.log_u[sample]
            # was: u = [np.logaddexp(old, np.log(self.gamma) + g) for g in log_g]
            u = [np.logaddexp(old, np.log(gamma) + g) for g in log_g]  # was:
            self.log_u[sample] = np.logaddexp(*u) - np.log(2)

            slope = 0.0
            for x, log_u, v in zip(pair, u, (i, i + B), strict=True):
                p = np.exp(x - log_u) / x.size
                loss += p @ logits[v][others[v]] - (0.0 if gaps else positives[v])
                slope += (log_u + self.rho - p @ x) / 2
            slope = np.clip(slope, -self.clip, self.clip)
            self.grad_tau[sample] = (1 - self.beta) * self.grad_tau[sample] + self.beta * slope
            self.tau[sample] = np.clip(tau - self.eta * self.grad_tau[sample], *self.bounds)
        return loss / B


def answer(U1, U2, idx, tau0, gamma, beta, eta, rho, tau_min, tau_max, clip, exponent):
    criterion = GCLoss(tau0, gamma, rho, eta, beta, tau_min, tau_max, clip)
    taus, losses = [], []
    for batch1, batch2, index in zip(U1, U2, idx, strict=True):
        losses.append(criterion.forward(batch1, batch2, index, exponent == "h"))
        taus.append(criterion.tau.copy())
    return np.stack(taus), np.array(losses)
