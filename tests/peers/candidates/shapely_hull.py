"""pip shapely: convex hulls."""

import numpy as np
from shapely import MultiPoint


def hull_target(P):
    """Its corners; where they begin and which way they run is the adapter's."""
    S, n, _ = P.shape
    C = np.full((S, n + 1), -1)
    for s, points in enumerate(P):
        ring = np.array(MultiPoint(points).convex_hull.exterior.normalize().coords)[:-1][::-1]
        corners = [int(np.flatnonzero((points == corner).all(axis=1))[0]) + 1 for corner in ring]
        first = corners.index(min(corners))
        C[s, : len(corners) + 1] = [*corners[first:], *corners[:first], 0]
    return C
