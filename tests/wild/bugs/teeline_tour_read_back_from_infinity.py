"""The best tour is read back from the table by its length, for which the largest number stands, so that no last city
fits and the places behind the start stay city 0.
"""

import numpy as np

from refimpl.oracle.candidates import NotApplicable
from tests.wild import Bug

BUG = Bug(
    project="teeline",
    link="https://github.com/timgluz/teeline/pull/37",
    date="2026-05-14",
    operation="pointer_net.tour_target",
    kind="wrong_order",
    language="Rust",
)

UNKNOWN_DISTANCE = np.finfo(float).max


def fill_table(dists):
    """Cheapest ways from the last city through each set of others, by where they end."""
    n_others = len(dists) - 1
    opt = np.full((n_others, 1 << n_others), UNKNOWN_DISTANCE)
    for i in range(n_others):
        opt[i, 1 << i] = dists[n_others, i]
    for selected in range(1, 1 << n_others):
        members = [i for i in range(n_others) if selected >> i & 1]
        for i in members if len(members) > 1 else []:
            rest = selected & ~(1 << i)
            opt[i, selected] = min(opt[j, rest] + dists[j, i] for j in members if j != i)
    return opt


def approx(a, b):
    return abs(a - b) <= 1e-12 * max(a, b)


def read_optimal_route(opt, dists, distance):
    n_others = len(dists) - 1
    route, at, selected = [n_others] + [0] * n_others, n_others, (1 << n_others) - 1
    for place in range(n_others):
        for i in range(n_others):
            if selected >> i & 1 and approx(opt[i, selected] + dists[i, at], distance):
                route[place + 1], distance = i, opt[i, selected]
                at, selected = i, selected & ~(1 << i)
                break
    return route


def solve(cities):
    largest = np.abs(cities).max()
    gaps = (cities[:, None] - cities) / largest
    dists = np.sqrt((gaps**2).sum(-1))
    n_others = len(cities) - 1
    opt = fill_table(dists)
    best = min(opt[i, -1] + dists[i, n_others] for i in range(n_others))
    optimal_distance = best  # was: optimal_distance = UNKNOWN_DISTANCE
    route = read_optimal_route(opt, dists, optimal_distance)
    return route, largest * sum(dists[a, b] for a, b in zip(route, route[1:] + route[:1], strict=True))


def answer(P):
    if P.shape[1] > 9 or len(P) > 50:
        raise NotApplicable("in Python it takes too long")
    C, lengths = [], []
    for cities in P:
        route, length = solve(cities)
        route = route[route.index(0) :] + route[: route.index(0)]
        if route[1] > route[-1]:
            route[1:] = route[:0:-1]
        C.append([city + 1 for city in route] + [0])
        lengths.append(length)
    return np.array(C), np.array(lengths)
