"""scikit-learn on clusters of tokens: k-means++ with given draws, Lloyd's moves from its seeds, the nearest rows."""

import numpy as np
from sklearn.cluster import KMeans, kmeans_plusplus
from sklearn.metrics import pairwise_distances_argmin


class Given(np.random.RandomState):
    """Draws that are handed over: the first one picks a row, the others are parts of the sum of squared distances."""

    def __init__(self, u):
        super().__init__(0)
        self.u = list(u)

    def choice(self, n, p=None):
        return int(self.u.pop(0) * n)

    def uniform(self, size=None):
        return np.array([self.u.pop(0)])


def cluster(E, u, max_iter):
    """`kmeans_plusplus`, `KMeans(init=..., algorithm="lloyd", tol=0)`, `pairwise_distances_argmin`."""
    start, seeds = kmeans_plusplus(E, len(u), random_state=Given(u), n_local_trials=1)
    fitted = KMeans(len(u), init=start, n_init=1, algorithm="lloyd", tol=0, max_iter=max_iter).fit(E)
    centres = fitted.cluster_centers_
    return seeds, fitted.labels_, centres, pairwise_distances_argmin(centres, E)
