"""What a turn of a stretch gains is read from the table of distances at places in the tour, not at the cities there."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="reorder.js",
    link="https://github.com/jdfekete/reorder.js/pull/40",
    date="2022-08-31",
    operation="pointer_net.tour_heuristics",
    kind="wrong_order",
    language="JavaScript",
)

EPSILON = 1e-12


def nn(distanceMatrix):
    order = [0]
    while len(order) < len(distanceMatrix):
        nearest = -1
        for i in range(len(distanceMatrix)):
            last = order[-1]
            if i not in order and (nearest == -1 or distanceMatrix[last][i] < distanceMatrix[last][nearest]):
                nearest = i
        order.append(nearest)
    return order


def two_opt(distanceMatrix, order):
    n = len(order)
    for _ in range(10 * n * n):
        best, most = None, EPSILON
        for i in range(n - 1):
            for j in range(i + 2, n - (i == 0)):
                # was: current = distanceMatrix[i][i + 1] + distanceMatrix[j][(j + 1) % n]
                after = order[(j + 1) % n]  # was:
                current = distanceMatrix[order[i]][order[i + 1]] + distanceMatrix[order[j]][after]  # was:
                # was: candidate = distanceMatrix[i][j] + distanceMatrix[i + 1][(j + 1) % n]
                candidate = distanceMatrix[order[i]][order[j]] + distanceMatrix[order[i + 1]][after]  # was:
                if current - candidate > most:
                    best, most = (i, j), current - candidate
        if best is None:
            break
        i, j = best
        order = order[: i + 1] + order[i + 1 : j + 1][::-1] + order[j + 1 :]
    return order


def answer(P, kind):
    C, lengths = [], []
    for points in P:
        largest = np.abs(points).max()
        gaps = (points[:, None] - points) / largest
        distanceMatrix = np.sqrt((gaps**2).sum(-1)).tolist()
        order = nn(distanceMatrix)
        if kind == "two_opt":
            order = two_opt(distanceMatrix, order)
        if order[1] > order[-1]:
            order[1:] = order[:0:-1]
        C.append([city + 1 for city in order] + [0])
        lengths.append(largest * sum(distanceMatrix[a][b] for a, b in zip(order, order[1:] + order[:1], strict=True)))
    return np.array(C), np.array(lengths)
