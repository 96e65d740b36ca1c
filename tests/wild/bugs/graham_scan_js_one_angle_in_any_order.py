"""Points that the anchor sees at one angle are not ordered by their distance, so that points on a side stay corners."""

import math

from tests.wild import Bug
from tests.wild.around import hulls

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
    scan = lambda points: ConvexHullGrahamScan([Point(i + 1, *point) for i, point in enumerate(points)])
    return hulls(P, lambda points: [point.number for point in scan(points).get_hull()])
