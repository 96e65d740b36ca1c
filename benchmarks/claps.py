"""Clusters of 4000 embeddings, the influence of 2000 tokens, and a swarm of 128 particles on a table."""

import numpy as np

from benchmarks import _measure
from refimpl.core.random import stream
from refimpl.search import claps
from refimpl.search._claps_models import table

ROWS, WIDTH, CLUSTERS, MOVES = 4000, 32, 50, 10


def points(V=ROWS):
    """Embeddings and draws."""
    rng = stream(0, "benchmark", "claps")
    return rng.standard_normal((V, WIDTH)), rng.random(CLUSTERS)


def clusters(V=ROWS):
    """Seeds, ten moves, representatives."""
    E, u = points(V)
    return lambda: claps.cluster(E, u, max_iter=MOVES)


def sklearn_clusters():
    """scikit-learn's KMeans from the same seeds, with as many moves."""
    from sklearn.cluster import KMeans
    from threadpoolctl import threadpool_limits

    E, u = points()
    seeds = E[claps.cluster(E, u, max_iter=1).seeds]

    def run():
        with threadpool_limits(_measure.threads()):
            return KMeans(CLUSTERS, init=seeds, n_init=1, max_iter=MOVES, tol=0, algorithm="lloyd").fit(E)

    return run


def products():
    """The matrix products alone of as many moves, in the form that loses digits."""
    E, _ = points()
    centres = E[:CLUSTERS]
    return lambda: [E @ centres.T for _ in range(MOVES + 2)]


def answers(n=2000):
    """Logits of 64 examples of four classes."""
    rng = stream(1, "benchmark", "claps")
    return rng.standard_normal((64, 4)), rng.standard_normal((n, 64, 4)), rng.integers(0, 4, 64)


def divergences(n=2000):
    """Influence and pruning."""
    empty, logits, y = answers(n)
    return lambda: claps.prune(claps.influence(empty, logits, y, kind="kl"))


def scipy_divergences():
    """SciPy's relative entropy and NumPy's percentile."""
    from scipy.special import log_softmax, rel_entr

    empty, logits, _ = answers()

    def run():
        found = rel_entr(np.exp(log_softmax(logits, axis=-1)), np.exp(log_softmax(empty, axis=-1))).sum(axis=(1, 2))
        return found > np.percentile(found, 90)

    return run


def swarm(N=128, T=30):
    """The whole search on a table: nothing but the search itself."""
    rng = stream(2, "benchmark", "claps")
    reward = table(rng.standard_normal((5, 200)), rng.standard_normal((200, 200)))
    args = claps.draw_swarm(rng, 200, 5, N, epochs=T, like=np.zeros(1))
    return lambda: claps.swarm(reward, np.arange(200), *args)


def run():
    found = []
    for title, mine, theirs, hardware, grown, note in (
        (f"k-means of {ROWS} rows of {WIDTH} into {CLUSTERS} clusters, {MOVES} moves, float64", clusters(),
         {"scikit-learn": sklearn_clusters}, products(),
         [_measure.growth("V", [1000, 2000, 4000, 8000], lambda V: clusters(V), 1.0)],
         "Ours draws the seeds too, and subtracts before it squares; the limit is the product of matrices alone."),
        ("KL influence of 2000 tokens on 64 examples, float64", divergences(), {"SciPy": scipy_divergences}, None,
         [_measure.growth("n", [1000, 2000, 4000, 8000], lambda n: divergences(n), 1.0)], ""),
        ("swarm of 128 particles, 30 epochs, on a table, float64", swarm(), {}, None,
         [_measure.growth("T", [15, 30, 60, 120], lambda T: swarm(T=T), 1.0)],
         "Without a model: what the search itself costs."),
    ):  # fmt: skip
        others, missing = _measure.peers(theirs)
        rows = [*_measure.rows({"refimpl": mine, **others}, 9), *missing]
        if hardware:
            seconds = _measure.interleave({"products": hardware}, repeats=9)["products"]
            rows.append(_measure.Row("hardware limit", min(seconds), None, None, "the matrix products alone, by NumPy"))
        found.append(_measure.Workload(title, rows, grown, note))
    return found
