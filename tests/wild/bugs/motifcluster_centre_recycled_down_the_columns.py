"""R takes a centre from a matrix by running down its columns, so that the seeding measures from no centre."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="motifcluster",
    link="https://github.com/WGUNDERWOOD/motifcluster/pull/1",
    date="2022-11-17",
    operation="claps.cluster",
    kind="wrong_axis",
    language="R",
)


def recycled(values, num_samples):
    """A vector as a matrix of so many rows, filled column by column, again and again."""
    return np.resize(values, num_samples * len(values)).reshape(len(values), num_samples).T


def row_sums(data, center):
    # was: return ((data - recycled(center, len(data))) ** 2).sum(axis=1)
    return ((data - recycled(np.repeat(center, len(data)), len(data))[:, : len(center)]) ** 2).sum(axis=1)  # was:


def sample_int(prob, draw):
    total = np.cumsum(prob)
    return int(np.searchsorted(total / total[-1], draw, side="right"))


def kmeanspp(data, draws):
    center_ids = [int(draws[0] * len(data))]
    for draw in draws[1:]:
        dists = np.stack([row_sums(data, data[center]) for center in center_ids])
        probs = dists.min(axis=0)
        probs[center_ids] = 0
        center_ids.append(sample_int(probs, draw))
    return center_ids


def kmeans(data, centers, iter_max):
    gaps = lambda: ((data[:, None] - centers) ** 2).sum(axis=-1)
    cluster = gaps().argmin(axis=1)
    for _ in range(iter_max):
        centers = np.stack([data[cluster == k].mean(axis=0) if k in cluster else c for k, c in enumerate(centers)])
        before, cluster = cluster, gaps().argmin(axis=1)
        if (before == cluster).all():
            break
    return cluster, centers, gaps().argmin(axis=0)


def answer(E, u, max_iter):
    size = np.abs(E).max() or 1.0
    data = E / size
    seeds = kmeanspp(data, u)
    labels, centres, representatives = kmeans(data, data[seeds], max_iter)
    return np.array(seeds), labels, centres * size, representatives
