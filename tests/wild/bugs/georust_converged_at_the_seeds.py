"""Points are their own seeds, whose bound is 0, so that nothing is asked anew: it ends with the seeds for centres."""

import numpy as np

from refimpl.oracle.candidates import NotApplicable
from tests.wild import Bug

BUG = Bug(
    project="geo",
    link="https://github.com/georust/geo/pull/1473",
    date="2025-12-15",
    operation="claps.cluster",
    kind="missing_step",
    language="Rust",
)


def kmeans_plus_plus(points, draws):
    chosen = [int(draws[0] * len(points))]
    nearest = np.full(len(points), np.inf)
    for draw in draws[1:]:
        nearest = np.minimum(nearest, ((points - points[chosen[-1]]) ** 2).sum(axis=1))
        weights = np.cumsum(nearest)
        chosen.append(int(np.searchsorted(weights / weights[-1], draw, side="right")))
    return chosen


def update_centroids(points, assignments, centroids):
    new = centroids.copy()
    for c in np.unique(assignments):
        new[c] = points[assignments == c].mean(axis=0)
    return new


def all_distances(points, centroids):
    return np.sqrt(((points[:, None] - centroids) ** 2).sum(axis=-1))


def hamerly(points, centroids, max_iter):
    """Distances to the own centre from above: who is within half of its gap to the next one stays."""
    assignments = all_distances(points, centroids).argmin(axis=1)
    centroids = update_centroids(points, assignments, centroids)  # was:
    upper = all_distances(points, centroids)[np.arange(len(points)), assignments]
    for round in range(max_iter):
        gaps = all_distances(centroids, centroids)
        np.fill_diagonal(gaps, np.inf)
        changed = False
        for i in np.flatnonzero(upper >= gaps.min(axis=1)[assignments] / 2):
            nearest = int(all_distances(points[i : i + 1], centroids)[0].argmin())
            changed |= nearest != assignments[i]
            assignments[i] = nearest
        if not changed or round == max_iter - 1:
            break
        centroids = update_centroids(points, assignments, centroids)
        upper = all_distances(points, centroids)[np.arange(len(points)), assignments]
    return assignments, centroids


def answer(E, u, max_iter):
    if len(u) > 100 or E.size > 100_000:
        raise NotApplicable("points of a map, not so many")
    size = np.abs(E).max() or 1.0
    points = E / size
    seeds = kmeans_plus_plus(points, u)
    labels, centres = hamerly(points, points[seeds], max_iter)
    return np.array(seeds), labels, centres * size, all_distances(points, centres).argmin(axis=0)
