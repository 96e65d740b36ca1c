"""Equal values have the highest of their ranks, not the mean of them."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="incanter",
    link="https://github.com/incanter/incanter/pull/262",
    date="2014-07-23",
    operation="token_reduction.consistency",
    kind="wrong_constant",
    language="Clojure",
    skip=dict.fromkeys(("pairs", "pairs-with-ties", "pairs-constant"), "it has no Kendall's tau"),
)


def rank_index(coll):
    """Value -> its rank."""
    ordered, ranks = sorted(coll), {}
    for position, value in enumerate(ordered, start=1):
        ranks.setdefault(value, []).append(position)
    # was: return {value: places[-1] for value, places in ranks.items()}
    return {value: sum(places) / len(places) for value, places in ranks.items()}  # was:


def spearmans_rho(a, b):
    ranks_a, ranks_b = rank_index(a), rank_index(b)
    return np.corrcoef([ranks_a[x] for x in a], [ranks_b[x] for x in b])[0, 1]


def answer(attention, kind):
    if kind == "kendall":
        raise NotImplementedError
    layers, inputs, _ = attention.shape
    R = np.empty((layers, layers))
    for i, j in np.ndindex(layers, layers):
        pairs = [(attention[i, s].tolist(), attention[j, s].tolist()) for s in range(inputs)]
        R[i, j] = np.mean([spearmans_rho(a, b) for a, b in pairs if len(set(a)) > 1 and len(set(b)) > 1])
    return {"R": R}
