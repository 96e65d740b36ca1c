"""Where the draw meets a sum exactly the place before is taken, and a draw of 0 finds a place that has no weight."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="Megatron-Energon",
    link="https://github.com/NVIDIA/Megatron-Energon/pull/260",
    date="2026-08-03",
    operation="srrw.srrw_steps",
    kind="wrong_order",
)


class WorkerRng:
    """Draws that are given beforehand."""

    def __init__(self, draws):
        self.draws = iter(draws)

    def choice_idx(self, probs):
        if len(probs) == 1:
            next(self.draws)
            return 0
        cdf = np.cumsum(probs)
        val = next(self.draws) * cdf[-1]
        return int(np.searchsorted(cdf, val, side="right"))  # was: return int(np.searchsorted(cdf, val, side="left"))


def pick(weights, draw):
    return WorkerRng([draw]).choice_idx(weights)


def answer(P, mu, alpha, x0, node0, u, gamma):
    node, x = int(node0), x0.astype(float)
    nodes, xs = [], []
    for draw, rate in zip(u, gamma, strict=True):
        log = np.full(len(mu), -np.inf)
        ways = P[node] > 0
        log[ways] = np.log(P[node][ways]) - alpha * (np.log(x[ways]) - np.log(mu[ways]))
        node = pick(np.exp(log - log.max()), draw)
        visit = np.zeros(len(mu))
        visit[node] = 1
        x = x + rate * (visit - x)
        nodes.append(node)
        xs.append(x)
    return np.array(nodes, dtype=float), np.stack(xs)
