"""What pointer networks are taught: convex hulls, Delaunay triangulations and tours of points, and how answers count.

All of it is computed on the host in float64, from coordinates that cross to it once; answers come back on the device of
the points. Points are counted from 1, 0 ends an answer, and -1 fills its row.
"""

import itertools
import math
from typing import NamedTuple

import numpy as np

from refimpl.core import check
from refimpl.core.arrays import Array, array_namespace, from_numpy, to_numpy


class Triangles(NamedTuple):
    """Delaunay triangulations, as targets."""

    C: Array  # [S, 3(2n - 5) + 1] int64: three rising indices for each triangle
    incenters: Array  # [S, 2n - 5, 2] by which they are sorted; 0 where there is no triangle


class Tours(NamedTuple):
    """Tours that begin with city 1."""

    C: Array  # [S, n + 1] int64
    length: Array  # [S] the way back included


class HullScore(NamedTuple):
    """How good outputs are as hulls."""

    accuracy: Array  # 0-d, share of outputs that are the hull
    area: Array  # 0-d, mean of area over true area, of the valid outputs; 0 if there is none
    invalid: Array  # 0-d, share of outputs that are no simple polygon


class TriangleScore(NamedTuple):
    """How good outputs are as triangulations."""

    accuracy: Array  # 0-d, share of outputs that are the triangulation
    coverage: Array  # 0-d, mean share of the true triangles that are there


def _host(P, least):
    """Points as NumPy's, of a size about 1: divided by a power of two, so that nothing is rounded."""
    check.finite(P=P)
    n = check.shapes(P=(P, "S n 2"))["n"]
    if n < least:
        raise ValueError(f"P must have at least {least} points in each row, got {n}")
    host = to_numpy(P).astype(np.float64)
    rows = np.sort(host[..., 0] + 1j * host[..., 1], axis=1)
    if np.any(rows[:, 1:] == rows[:, :-1]):
        raise ValueError("P must be different points in each row, got two that are equal")
    most = np.max(np.abs(host), axis=(1, 2), keepdims=True)
    exponent = np.frexp(most)[1]
    return np.ldexp(host, -exponent), exponent[:, 0, 0]


def _outputs(P, **named):
    """Outputs, by the name of their argument: tuples of indices from 0, up to the first that is no point."""
    ((name, outputs),) = named.items()
    check.integral(**named), check.shapes(**{name: (outputs, f"{P.shape[0]} m")})
    host = to_numpy(outputs)
    if np.any((host < -1) | (host > P.shape[1])):
        raise ValueError(f"{name} must be whole, in [-1, {P.shape[1]}], got others")
    return [tuple(itertools.takewhile(lambda j: j >= 0, row)) for row in (host - 1).tolist()]


def _back(rows, width, P):
    """Lists of indices from 0 as targets, on the device of P."""
    filled = [[*(j + 1 for j in row), 0, *[-1] * (width - len(row) - 1)] for row in rows]
    return from_numpy(np.array(filled), like=P, dtype=array_namespace(P).int64)


# Convex hulls --------------------------------------------------------------------------------------------------------


def _cross(a, b, c):
    """Twice the area of a triangle of points (x, y); positive if a, b, c turn to the left."""
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])  # (pointer_net-44)


def _hull(points):
    """Andrew's monotone chain: indices of the corners, counter-clockwise, the lowest index first."""
    order, halves = sorted(range(len(points)), key=points.__getitem__), []
    for way in (order, order[::-1]):
        chain: list[int] = []
        for j in way:
            while len(chain) > 1 and _cross(*(points[k] for k in (*chain[-2:], j))) <= 0:  # (pointer_net-45)
                chain.pop()
            chain.append(j)
        halves += chain[:-1]
    first = halves.index(min(halves))
    return halves[first:] + halves[:first]  # (pointer_net-46)


def hull_target(P):
    """Convex hulls, counter-clockwise from the lowest index.

    Parameters
    ----------
    P : array [S, n, 2]
        Points of S inputs, n >= 3; different ones, and not all on a line. They cross to the host, and the answer back.

    Returns
    -------
    array [S, n + 1] of int64
        Corners, then 0. Points on a side are no corners.

    Raises
    ------
    TypeError, ValueError
        If `P` is no such thing.

    Notes
    -----
    Equations (pointer_net-44) to (pointer_net-46) of the documentation.

    Examples
    --------
    >>> hull_target(np.array([[[0.2, 0.1], [0.9, 0.2], [0.5, 0.45], [0.8, 0.9], [0.1, 0.7]]]))
    array([[ 1,  2,  4,  5,  0, -1]])
    """
    points, _ = _host(P, 3)
    hulls = [_hull([*map(tuple, row)]) for row in points.tolist()]
    if min(map(len, hulls)) < 3:
        raise ValueError("P must not lie on a line, got such a row")
    return _back(hulls, P.shape[1] + 1, P)


def _area(polygon):
    """Area inside of a polygon [m, 2], negative if it runs clockwise."""
    x, y = polygon.T
    return float(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y)) / 2  # (pointer_net-47)


def _apart(a, b, c, d):
    """Whether the sides ab and cd have no point in common."""
    left, right = (np.sign(_cross(*p)) for p in ((a, b, c), (a, b, d)))
    above, below = (np.sign(_cross(*p)) for p in ((c, d, a), (c, d, b)))
    if left == right == above == below == 0:  # all on one line
        k = int(abs(a[0] - b[0]) < abs(a[1] - b[1]))
        return max(a[k], b[k]) < min(c[k], d[k]) or max(c[k], d[k]) < min(a[k], b[k])
    return left * right > 0 or above * below > 0


def _simple(polygon):
    """Whether no two sides touch but in the corner that they share."""
    m, sides = len(polygon), [*zip(polygon, np.roll(polygon, -1, axis=0), strict=True)]
    if any(_cross(polygon[i - 2], polygon[i - 1], polygon[i]) == 0 and _back_again(polygon, i) for i in range(m)):
        return False
    pairs = [(i, j) for i, j in itertools.combinations(range(m), 2) if 1 < j - i < m - 1]
    return all(_apart(*sides[i], *sides[j]) for i, j in pairs)


def _back_again(polygon, i):
    """Whether a side runs back on the one before it."""
    return float(np.dot(polygon[i - 1] - polygon[i - 2], polygon[i] - polygon[i - 1])) < 0


def hull_score(P, outputs, *, any_orientation=False):
    """How good outputs are as convex hulls.

    Parameters
    ----------
    P : array [S, n, 2]
        As for `hull_target`.
    outputs : array [S, m] of integers
        Points counted from 1; what follows the first 0 or -1 does not count. They cross to the host too.
    any_orientation : bool, default: False
        Whether the hull may run clockwise too.

    Returns
    -------
    HullScore
        Shares of exact hulls (wherever they begin) and of invalid outputs (fewer than three points, one twice, or
        sides that cross), and the mean share of the area.

    Raises
    ------
    TypeError, ValueError
        If an argument is no such thing.

    Notes
    -----
    Equations (pointer_net-47) to (pointer_net-50) of the documentation.

    Examples
    --------
    >>> square = np.array([[[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]] * 4)
    >>> hull_score(square, np.array([[2, 3, 4, 1], [4, 3, 2, 1], [1, 2, 3, 0], [1, 3, 2, 4]]))  # the last one crosses
    HullScore(accuracy=array(0.25), area=array(0.83333333), invalid=array(0.25))
    """
    any_orientation = check.flag(any_orientation=any_orientation)
    points, _ = _host(P, 3)
    right, areas = 0, []
    for x, row in zip(points, _outputs(P, outputs=outputs), strict=True):
        true = _hull([*map(tuple, x.tolist())])
        if len(row) < 3 or len({*row}) < len(row) or not _simple(x[[*row]]):  # (pointer_net-48)
            continue
        first = row.index(min(row))
        shifted = [*row[first:], *row[:first]]
        right += shifted == true or (any_orientation and [shifted[0], *shifted[:0:-1]] == true)  # (pointer_net-49)
        areas.append(abs(_area(x[[*row]])) / _area(x[true]))  # (pointer_net-50)
    found = right / len(points), sum(areas) / max(1, len(areas)), 1 - len(areas) / len(points)
    return HullScore(*(from_numpy(np.array(float(x)), like=P) for x in found))


# Delaunay triangulations ---------------------------------------------------------------------------------------------


def _delaunay(x):
    """Triangles [t, 3] of a row of points whose circles are empty, and their incenters, sorted by these."""
    triples = np.array([*itertools.combinations(range(len(x)), 3)])
    a, b, c = (x[triples[:, k]].T for k in range(3))
    turn = _cross(a, b, c)
    offsets = x[None, :, :] - x[triples[:, 0]][:, None, :]
    p, q = (b - a).T[:, None, :], (c - a).T[:, None, :]
    square = lambda z: np.sum(z * z, axis=-1)
    minors = [r[..., 0] * s[..., 1] - r[..., 1] * s[..., 0] for r, s in ((p, q), (q, offsets), (offsets, p))]
    inside = square(offsets) * minors[0] + square(p) * minors[1] + square(q) * minors[2]  # (pointer_net-51)
    others = np.all(triples[:, :, None] != np.arange(len(x)), axis=1)
    empty = np.all(~others | (np.sign(turn)[:, None] * inside > 0), axis=1) & (turn != 0)  # (pointer_net-52)
    a, b, c = (x[triples[empty, k]] for k in range(3))
    sides = [np.sqrt(square(y - z))[:, None] for y, z in ((b, c), (c, a), (a, b))]
    centers = (sides[0] * a + sides[1] * b + sides[2] * c) / sum(sides)  # (pointer_net-53)
    order = np.lexsort(centers.T[::-1])  # (pointer_net-54)
    return triples[empty][order], centers[order], np.sum(np.abs(turn[empty])) / 2


def delaunay_target(P):
    """Delaunay triangulations: three rising indices a triangle, triangles in the order of their incenters.

    Parameters
    ----------
    P : array [S, n, 2]
        Points of S inputs, n >= 3; different ones, not all on a line, no four on a circle without a point inside. They
        cross to the host, and the answer back.

    Returns
    -------
    Triangles
        Indices, then 0; and incenters, which are in the order of x, and of y where x is the same.

    Raises
    ------
    TypeError, ValueError
        If `P` is no such thing.

    Notes
    -----
    Equations (pointer_net-51) to (pointer_net-54) of the documentation; all triples are tried, which takes O(n^4).

    Examples
    --------
    >>> found = delaunay_target(np.array([[[0.2, 0.1], [0.9, 0.2], [0.5, 0.45], [0.8, 0.9], [0.1, 0.7]]]))
    >>> found.C
    array([[ 1,  3,  5,  3,  4,  5,  1,  2,  3,  2,  3,  4,  0, -1, -1, -1]])
    >>> found.incenters[0, :2].round(4)
    array([[0.2885, 0.4176],
           [0.457 , 0.6496]])
    """
    rows, centers = _triangulated(P)
    return Triangles(_back(rows, 3 * (2 * P.shape[1] - 5) + 1, P), from_numpy(centers, like=P))


def _triangulated(P):
    """Indices of each row, and the incenters [S, 2n - 5, 2]."""
    points, exponents = _host(P, 3)
    most, rows, centers = 2 * P.shape[1] - 5, [], np.zeros((P.shape[0], 2 * P.shape[1] - 5, 2))
    for s, x in enumerate(points):
        triangles, where, covered = _delaunay(x)
        hull = _hull([*map(tuple, x.tolist())])
        if len(hull) < 3 or len(triangles) > most or not math.isclose(covered, abs(_area(x[hull])), rel_tol=1e-9):
            raise ValueError("P must have one Delaunay triangulation, got points on a line or four on a circle")
        rows.append(triangles.ravel().tolist())
        centers[s, : len(triangles)] = np.ldexp(where, exponents[s])
    return rows, centers


def triangle_score(P, outputs):
    """How good outputs are as Delaunay triangulations.

    Parameters
    ----------
    P : array [S, n, 2]
        As for `delaunay_target`.
    outputs : array [S, m] of integers
        Points counted from 1, three for a triangle, in any order; what follows the first 0 or -1 does not count. They
        cross to the host too.

    Returns
    -------
    TriangleScore
        Share of exact triangulations (in any order, each triangle once or more, and no index over), and mean share of
        the true triangles that are there.

    Raises
    ------
    TypeError, ValueError
        If an argument is no such thing.

    Notes
    -----
    Equation (pointer_net-55) of the documentation.

    Examples
    --------
    >>> P = np.array([[[0.0, 0.0], [4.0, 0.0], [1.0, 3.0], [4.0, 4.0]]] * 2)
    >>> triangle_score(P, np.array([[3, 2, 4, 1, 3, 2], [1, 2, 3, 1, 2, 4]]))
    TriangleScore(accuracy=array(0.5), coverage=array(0.75))
    """
    (targets, _), right, covered = _triangulated(P), 0, []
    triples = lambda row: {frozenset(row[k : k + 3]) for k in range(0, len(row) - 2, 3)}
    for row, target in zip(_outputs(P, outputs=outputs), targets, strict=True):
        found, true = triples(row), triples(target)
        right += found == true and len(row) % 3 == 0
        covered.append(len(found & true) / len(true))  # (pointer_net-55)
    return TriangleScore(*(from_numpy(np.array(float(np.mean(x))), like=P) for x in (right / len(covered), covered)))


# Tours ---------------------------------------------------------------------------------------------------------------


def _distances(x):
    """[S, n, n] of points [S, n, 2]."""
    gaps = x[:, :, None, :] - x[:, None, :, :]
    return np.sqrt(np.sum(gaps * gaps, axis=-1))


def _lengths(D, tours):
    """Lengths of closed tours [S, n]."""
    after = np.roll(tours, -1, axis=1)
    return np.sum(D[np.arange(len(D))[:, None], tours, after], axis=1)  # (pointer_net-56)


def _held_karp(D):
    """The shortest tours [S, n] by dynamic programming over sets of cities, the last of which is told."""
    S, n, _ = D.shape
    sets, cost = 1 << (n - 1), np.full((S, 1 << (n - 1), n - 1), np.inf)
    before: dict[tuple[int, int], np.ndarray] = {}
    for k in range(n - 1):
        cost[:, 1 << k, k] = D[:, 0, k + 1]
    for some in range(1, sets):
        for k in range(n - 1):
            rest = some & ~(1 << k)
            if rest and rest != some:
                ways = cost[:, rest, :] + D[:, 1:, k + 1]  # (pointer_net-57)
                before[some, k] = last = np.argmin(ways, axis=1)
                cost[:, some, k] = ways[np.arange(S), last]
    last = np.argmin(cost[:, -1, :] + D[:, 1:, 0], axis=1)
    left, tours = np.full(S, sets - 1), np.zeros((S, n), dtype=int)
    for place in range(n - 1, 0, -1):
        tours[:, place] = last + 1
        pairs = [*zip(left.tolist(), last.tolist(), strict=True)]
        left = left & ~(1 << last)
        if place > 1:
            last = np.array([before[pair][s] for s, pair in enumerate(pairs)])
    return tours


def _one_way(tours):
    """The same tours in the direction in which the second city is lower than the last."""
    turned = np.concatenate([tours[:, :1], tours[:, :0:-1]], axis=1)
    return np.where(tours[:, 1:2] > tours[:, -1:], turned, tours)  # (pointer_net-58)


def _told(P, tours, D, exponents):
    lengths = np.ldexp(_lengths(D, tours), exponents)
    return Tours(_back(tours.tolist(), P.shape[1] + 1, P), from_numpy(lengths, like=P))


def tour_target(P):
    """Shortest tours, by the dynamic programming of Held and Karp.

    Parameters
    ----------
    P : array [S, n, 2]
        Points of S inputs, n from 3 to 20; different ones. They cross to the host, and the answer back.

    Returns
    -------
    Tours
        From city 1, in the direction in which the second city is lower than the last, then 0; and lengths.

    Raises
    ------
    TypeError, ValueError
        If `P` is no such thing.

    Notes
    -----
    Equations (pointer_net-56) to (pointer_net-58) of the documentation; time O(2^n n^2), memory O(2^n n).

    Examples
    --------
    >>> found = tour_target(np.array([[[0.2, 0.1], [0.9, 0.2], [0.5, 0.45], [0.8, 0.9], [0.1, 0.7]]]))
    >>> found.C, found.length.round(6)
    (array([[1, 3, 2, 4, 5, 0]]), array([2.97607]))
    """
    points, exponents = _host(P, 3)
    if P.shape[1] > 20:
        raise ValueError(f"P must have at most 20 points in each row, got {P.shape[1]}")
    D = _distances(points)
    return _told(P, _one_way(_held_karp(D)), D, exponents)


def tour_length(P, C):
    """Lengths [S] of tours C [S, n] or [S, n + 1], the way back included; of what follows the cities nothing counts.

    Examples
    --------
    >>> tour_length(np.array([[[0.0, 0.0], [3.0, 0.0], [3.0, 4.0]]]), np.array([[1, 2, 3, 0]]))
    array([12.])
    """
    points, exponents = _host(P, 3)
    tours = _outputs(P, C=C)
    if any(sorted(row) != [*range(P.shape[1])] for row in tours):
        raise ValueError("C must have each city once in each row, got something else")
    return from_numpy(np.ldexp(_lengths(_distances(points), np.array(tours)), exponents), like=P)


def _nearest(D):
    """From city 1 always to the nearest city that is left."""
    S, n, _ = D.shape
    tours, left, rows = np.zeros((S, n), dtype=int), np.ones((S, n), dtype=bool), np.arange(S)
    for place in range(1, n):
        left[rows, tours[:, place - 1]] = False
        tours[:, place] = np.argmin(np.where(left, D[rows, tours[:, place - 1]], np.inf), axis=1)  # (pointer_net-59)
    return tours


def _two_opt(D, tour):
    """Turn the stretch whose turning helps most, as long as that helps."""
    n = len(tour)
    spans = [(i, j) for i in range(n - 1) for j in range(i + 2, n) if (i, j) != (0, n - 1)]
    i, j = np.array(spans, dtype=int).reshape(-1, 2).T
    while len(i):
        a, b, c, d = tour[i], tour[i + 1], tour[j], tour[(j + 1) % n]
        gain = D[a, b] + D[c, d] - D[a, c] - D[b, d]  # (pointer_net-60)
        best = int(np.argmax(gain))
        if gain[best] <= 1e-12:
            break
        s, e = int(i[best]) + 1, int(j[best]) + 1
        tour = np.concatenate([tour[:s], tour[s:e][::-1], tour[e:]])
    return tour


def _christofides(D):
    """A spanning tree, a matching of its cities of odd degree, a walk over both that skips what it has seen."""
    n = len(D)
    near, dist, edges = np.zeros(n, dtype=int), D[0].copy(), []
    inside = np.arange(n) == 0
    for _ in range(n - 1):  # Prim
        k = int(np.argmin(np.where(inside, np.inf, dist)))
        edges.append((int(near[k]), k))
        inside[k] = True
        near, dist = np.where(D[k] < dist, k, near), np.minimum(D[k], dist)
    degree = np.bincount(np.ravel(edges), minlength=n)
    odd = np.flatnonzero(degree % 2).tolist()
    best: dict[int, tuple[float, list]] = {0: (0.0, [])}
    for some in range(1, 1 << len(odd)):  # the cheapest matching of each set of even size
        if some.bit_count() % 2 == 0:
            i = (some & -some).bit_length() - 1
            ways = ((j, best[some & ~(1 << i | 1 << j)]) for j in range(i + 1, len(odd)) if some >> j & 1)
            best[some] = min((D[odd[i], odd[j]] + c, [(odd[i], odd[j]), *m]) for j, (c, m) in ways)
    links: list[list[int]] = [[] for _ in range(n)]
    for a, b in edges + best[(1 << len(odd)) - 1][1]:
        links[a].append(b)
        links[b].append(a)
    walk, stack = [], [0]
    while stack:  # Hierholzer
        if links[a := stack[-1]]:
            stack.append(b := links[a].pop())
            links[b].remove(a)
        else:
            walk.append(stack.pop())
    return np.array([*dict.fromkeys(walk)])


def tour_heuristics(P, kind):
    """Tours by rules of thumb.

    Parameters
    ----------
    P : array [S, n, 2]
        As for `tour_target`; with "nearest" and "two_opt" n may be larger.
    kind : {"nearest", "two_opt", "christofides", "angular"}
        To the nearest city that is left; that, and then turning stretches of it, each time the one that helps most;
        a spanning tree and a matching, at most 1.5 times as long as the best tour; or around the mean.

    Returns
    -------
    Tours
        From city 1, in the direction in which the second city is lower than the last; lengths.

    Raises
    ------
    TypeError, ValueError
        If an argument is no such thing.

    Notes
    -----
    Equations (pointer_net-56) and (pointer_net-58) to (pointer_net-60) of the documentation.

    Examples
    --------
    >>> P = np.array([[[0.0, 0.0], [1.0, 0.0], [2.5, 0.0], [1.0, 0.9], [2.5, 0.7]]])
    >>> for kind in ("nearest", "two_opt", "christofides", "angular"):
    ...     found = tour_heuristics(P, kind)
    ...     print(found.C[0], found.length.round(3))
    [1 2 4 5 3 0] [6.613]
    [1 2 3 5 4 0] [6.059]
    [1 2 4 5 3 0] [6.613]
    [1 2 3 5 4 0] [6.059]
    """
    check.choice(("nearest", "two_opt", "christofides", "angular"), kind=kind)
    points, exponents = _host(P, 3)
    if kind == "christofides" and P.shape[1] > 20:
        raise ValueError(f"P must have at most 20 points in each row, got {P.shape[1]}")
    D = _distances(points)
    if kind == "christofides":
        tours = np.stack([_christofides(d) for d in D])
    elif kind == "angular":
        tours = _around(points)
    else:
        tours = _nearest(D)
    if kind == "two_opt":
        tours = np.stack([_two_opt(d, t) for d, t in zip(D, tours, strict=True)])
    return _told(P, _one_way(_from_first(tours)), D, exponents)


def _around(points):
    """All points [S, n] in the order of their angle around their mean, counter-clockwise."""
    x, y = np.moveaxis(points - np.mean(points, axis=1, keepdims=True), -1, 0)
    return np.argsort(np.arctan2(y, x), axis=1, kind="stable")


def _from_first(tours):
    """The same tours beginning with city 0."""
    first = np.argmin(tours, axis=1)[:, None]
    return np.take_along_axis(tours, (np.arange(tours.shape[1]) + first) % tours.shape[1], axis=1)
