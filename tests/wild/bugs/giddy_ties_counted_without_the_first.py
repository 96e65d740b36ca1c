"""The count of a run of equal pairs begins at 0, without the first of them, so that ties count for concordant pairs."""

import numpy as np

from refimpl.oracle.candidates import NotApplicable
from tests.wild import Bug

BUG = Bug(
    project="giddy",
    link="https://github.com/pysal/giddy/issues/117",
    date="2019-08-29",
    operation="token_reduction.consistency",
    kind="wrong_constant",
)


class Tau:
    """Kendall's tau-b, pair by pair in the order of x; what y counts are its values among those before."""

    def __init__(self, x, y):
        self.tau = self._calc(x, y)

    def _calc(self, x, y):
        perm = sorted(range(len(x)), key=lambda a: (x[a], y[a]))
        seen = np.array(y)[perm]
        ExtraX = ExtraY = Concordant = Discordant = 0
        DCount = 0
        ECount = 1  # was: ECount = 0
        for i in range(1, len(perm)):
            before, now = perm[i - 1], perm[i]
            if x[before] != x[now]:
                DCount = 0
                ECount = 1
            elif y[before] == y[now]:
                ECount += 1
            else:
                DCount += ECount
                ECount = 1
            NumBefore = int(np.sum(seen[:i] < seen[i]))
            NumEqual = 1 + int(np.sum(seen[:i] == seen[i]))
            ACount = NumBefore - DCount
            BCount = NumEqual - ECount
            CCount = i - (ACount + BCount + DCount + ECount - 1)
            ExtraY += DCount
            ExtraX += BCount
            Concordant += ACount
            Discordant += CCount
        both = Concordant + Discordant
        return (Concordant - Discordant) / np.sqrt((both + ExtraX) * (both + ExtraY))


def answer(attention, kind):
    layers, inputs, tokens = attention.shape
    if kind == "spearman" or tokens > 1000:
        raise NotApplicable("tau alone, and not of very many")
    R = np.empty((layers, layers))
    for i, j in np.ndindex(layers, layers):
        pairs = [(attention[i, s].tolist(), attention[j, s].tolist()) for s in range(inputs)]
        R[i, j] = np.mean([Tau(a, b).tau for a, b in pairs if len(set(a)) > 1 and len(set(b)) > 1])
    return R
