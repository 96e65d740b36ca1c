"""pip python-tsp: the shortest tour by dynamic programming."""

import numpy as np
from python_tsp.exact import solve_tsp_dynamic_programming


def tour_target(P):
    """Its tour and length; the direction is the adapter's."""
    S, n, _ = P.shape
    C, length = np.zeros((S, n + 1), dtype=int), np.zeros(S)
    for s, points in enumerate(P):
        tour, length[s] = solve_tsp_dynamic_programming(np.linalg.norm(points[:, None] - points[None], axis=2))
        C[s, :n] = np.array(tour if tour[1] < tour[-1] else [tour[0], *tour[:0:-1]]) + 1
    return C, length
