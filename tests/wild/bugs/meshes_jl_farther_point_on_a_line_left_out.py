"""A point in line with the last side is left out of the hull even where it lies beyond the end of that side."""

from functools import cmp_to_key

import numpy as np

from tests.wild import Bug
from tests.wild.around import hulls

BUG = Bug(
    project="Meshes.jl",
    link="https://github.com/JuliaGeometry/Meshes.jl/pull/1214",
    date="2025-06",
    operation="pointer_net.hull_target",
    kind="missing_step",
    language="Julia",
)


def signarea(a, b, c):
    return ((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])) / 2


def distance(a, b):
    return np.hypot(a[0] - b[0], a[1] - b[1])


def grahamscan(points):
    """Numbers of the corners, from the lowest point on."""
    first = min(range(len(points)), key=lambda i: (points[i][1], points[i][0]))
    O = points[first]

    def compare(i, j):
        area = signarea(O, points[i], points[j])
        return -area if area else distance(O, points[i]) - distance(O, points[j])

    order = sorted((i for i in range(len(points)) if i != first), key=cmp_to_key(lambda i, j: np.sign(compare(i, j))))
    r = [first, order[0]]
    for B in order[1:]:
        area = signarea(points[r[-2]], points[r[-1]], points[B])
        while area < 0 and len(r) > 2:
            r.pop()
            area = signarea(points[r[-2]], points[r[-1]], points[B])
        if area > 0:
            r.append(B)
        elif distance(points[r[-2]], points[r[-1]]) < distance(points[r[-2]], points[B]):  # was:
            r[-1] = B  # was:
    return r


def answer(P):
    return hulls(P, lambda points: [i + 1 for i in grahamscan(points)])
