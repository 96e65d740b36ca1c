"""Points that the anchor sees at one angle are not ordered by their distance, so that points on a side stay corners."""

import math

import numpy as np

from refimpl.oracle.candidates import NotApplicable
from tests.wild import Bug

BUG = Bug(
    project="graham_scan_js",
    link="https://github.com/brian3kb/graham_scan_js/issues/7",
    date="2015-12",
    operation="pointer_net.hull_target",
    kind="wrong_order",
    language="JavaScript",
)


class Point:
    def __init__(self, number, x, y):
        self.number, self.x, self.y = number, x, y


def turn(a, b, c):
    return (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x)


class ConvexHullGrahamScan:
    def __init__(self, points):
        self.anchor = min(points, key=lambda p: (p.y, p.x))
        self.points = [p for p in points if p is not self.anchor]

    def polar(self, point):
        dx, dy = point.x - self.anchor.x, point.y - self.anchor.y
        return math.atan2(dy, dx), math.hypot(dx, dy)

    def get_hull(self):
        # was: points = sorted(self.points, key=lambda point: self.polar(point)[0])
        points = sorted(self.points, key=self.polar)  # was:
        last = self.polar(points[-1])[0]
        points = [p for p in points if self.polar(p)[0] != last] + [
            p for p in reversed(points) if self.polar(p)[0] == last
        ]
        hull = [self.anchor]
        for point in [*points, self.anchor]:
            while len(hull) > 1 and turn(hull[-2], hull[-1], point) <= 0:
                hull.pop()
            hull.append(point)
        return hull[:-1]


def answer(P):
    if P.shape[1] > 2000:
        raise NotApplicable("in Python it takes too long")
    C = np.full((len(P), P.shape[1] + 1), -1)
    for row, points in zip(C, P / np.abs(P).max(axis=(1, 2), keepdims=True), strict=True):
        scan = ConvexHullGrahamScan([Point(i + 1, *point) for i, point in enumerate(points.tolist())])
        hull = [point.number for point in scan.get_hull()]
        lowest = hull.index(min(hull))
        row[: len(hull) + 1] = [*hull[lowest:], *hull[:lowest], 0]
    return C
