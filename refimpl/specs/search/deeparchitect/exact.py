"""Right answers of DeepArchitect: recursions over the written tree, and tables by path."""

import itertools
import json
import math
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from refimpl.search.deeparchitect import KINDS
from refimpl.specs.exact import fractions, log, reals, solve, sqrt


class Walked(NamedTuple):
    layers: list  # of rows of numbers
    dims: list
    taken: list  # index at each choice
    offered: list  # number of values there


class _NoFit(Exception):
    pass


class _Walk:
    """A walk through a written space: choices beyond the history are the first value."""

    def __init__(self, history):
        self.history = history
        self.taken: list[int] = []
        self.offered: list[int] = []

    def take(self, k):
        """Index of one of k."""
        if k == 1:
            return 0
        i = self.history[len(self.taken)] if len(self.taken) < len(self.history) else 0
        if i >= k:
            raise _NoFit
        self.taken.append(i)
        self.offered.append(k)
        return i

    def pick(self, values, halves):
        """One of the values, at once or by halves."""
        while halves and len(values) > 1:
            values = values[len(values) // 2 :] if self.take(2) else values[: len(values) // 2]
        return values[self.take(len(values))]

    def build(self, tree, dims, halves):
        """Rows of what a part of the space becomes, and the dims behind it."""
        kind, *rest = tree
        if kind == "Concat":
            rows = []
            for part in rest:
                more, dims = self.build(part, dims, halves)
                rows += more
            return rows, dims
        if kind == "Or":
            return self.build(self.pick(rest, halves), dims, halves)
        if kind == "Optional":
            return self.build(self.pick([["Empty"], rest[0]], halves), dims, halves)
        if kind == "MaybeSwap":
            return self.build(self.pick([["Concat", *rest], ["Concat", *rest[::-1]]], halves), dims, halves)
        if kind == "ChoiceBisection":
            return self.build(rest[0], dims, True)
        if kind == "Repeat":
            return self.build(["Concat", *[rest[0]] * self.pick(rest[1], halves)], dims, halves)
        if kind == "RepeatTied":
            return self.tied(rest[0], rest[1], dims, halves)
        if kind == "Residual":
            rows, out = self.build(rest[0], dims, halves)
            if len(out) != len(dims):
                out, dims = [math.prod(out)], [math.prod(dims)]
            return [[KINDS.index(kind), len(rows)], *rows], list(map(max, dims, out))
        return self.module(kind, rest, dims, halves)

    def tied(self, tree, counts, dims, halves):
        """A part several times: the choices of the first time are the history of each further one."""
        k, before = self.pick(counts, halves), len(self.taken)
        rows, dims = self.build(tree, dims, halves)
        made = self.taken[before:]
        for _ in range(k - 1):
            more, dims = _Walk(made).build(tree, dims, halves)
            rows = rows + more
        return rows, dims

    def module(self, kind, options, dims, halves):
        """A row, with a value of each option."""
        values = [self.pick(values, halves) for values in options]
        values = [("VALID", "SAME").index(v) if isinstance(v, str) else v for v in values]
        if kind == "Affine":
            dims = values[:1]
        elif kind.endswith("2D"):
            dims = _image(values, dims)
        return [[KINDS.index(kind), *values]], dims


def _image(values, dims):
    """Dims behind a window of these values."""
    *filters, size, stride, same = values
    if len(dims) != 3:
        raise _NoFit
    sides = [len(range(0, side if same else side - size + 1, stride)) for side in dims[:2]]
    if min(sides) < 1:
        raise _NoFit
    return [*sides, *(filters or dims[2:])]


def walked(space, dims, history):
    """A network by recursion. None if a module cannot take its input, or the history asks for what is not offered."""
    way = _Walk(history)
    try:
        rows, dims = way.build(json.loads(space) if isinstance(space, str) else space, dims, False)
    except _NoFit:
        return None
    return Walked(rows, dims, way.taken, way.offered)


def walk(space, in_dims, history):
    """By recursion."""
    found = walked(space, in_dims.tolist(), history.tolist())
    width = max(map(len, found.layers))
    return np.array([row + [-1] * (width - len(row)) for row in found.layers]), np.array(found.dims), found.offered


def _leaves(space, dims):
    """Networks depth first: each is walked anew, with the last index that can grow grown by one."""
    history: list[int] | None = []
    while history is not None:
        found = walked(space, dims, history)
        yield found
        grow = [j for j, (i, k) in enumerate(zip(found.taken, found.offered, strict=True)) if i + 1 < k]
        history = [*found.taken[: grow[-1]], found.taken[grow[-1]] + 1] if grow else None


def _size(tree):
    kind, *rest = tree
    sizes = [_size(x) if isinstance(x[0], str) and kind[:4] not in ("Conv", "MaxP", "AvgP") else len(x) for x in rest]
    if kind == "Or" or kind == "Optional":
        return sum(sizes) + (kind == "Optional")
    if kind == "MaybeSwap":
        return 2 * math.prod(sizes)
    return sum(sizes[0] ** k for k in rest[1]) if kind == "Repeat" else math.prod(sizes)


def count(space, in_dims, most):
    """Leaf by leaf, up to a thousand."""
    models = _size(json.loads(space))
    found = list(itertools.islice(_leaves(space, in_dims.tolist()), most if models > 1000 else 1001))
    models = models if models > 1000 else len(found)
    return models, np.array([Fraction(1, math.prod(leaf.offered)) for leaf in found[:most]], dtype=object)


def bisect(n, values):
    """All intervals."""
    rows = []
    for value in values.tolist():
        row: list[int] = []
        inside = range(n)
        while len(inside) > 1:
            cut = (inside.start + inside.stop) // 2
            row.append(int(value >= cut))
            inside = range(cut, inside.stop) if value >= cut else range(inside.start, cut)
        rows.append(row + [-1] * ((n - 1).bit_length() - len(row)))
    return np.array(rows, dtype=int).reshape(len(rows), -1)


def _bounds(visits, sums, parent, c):
    """Upper confidence bounds; None for infinity."""
    most = log(reals(float(parent))) * 2
    return [s / n + c * sqrt(most / n) if n else None for n, s in zip(visits, sums, strict=True)]


def _first(bounds, r):
    """The child, and by how much it is ahead of those that are not tied."""
    new = [i for i, u in enumerate(bounds) if u is None]
    if new:
        return new[math.floor(Fraction(float(r)) * len(new))], math.inf
    best = max(bounds)
    tied = [i for i, u in enumerate(bounds) if best - u < 1e-30]
    gap = min((float(best - u) for i, u in enumerate(bounds) if i != tied[0]), default=math.inf)
    return tied[math.floor(Fraction(float(r)) * len(tied))], gap


def uct_select(visits, sums, parent, c, r):
    """In mpmath."""
    bounds = _bounds(visits.tolist(), reals(sums), parent, reals(c))
    return np.array([math.inf if u is None else u for u in bounds], dtype=object), _first(bounds, r)[0]


def mcts(branching, scores, c, ties, rolls, tree, gaps=None):
    """Visits and sums by path. `gaps` takes by how much the best child was ahead."""
    known: dict[tuple[int, ...], list] = {(): [0, reals(0.0)]}
    sizes = branching.tolist()
    leaves, table, c = [], reals(scores), reals(c)

    def ahead(path):
        """How many ways go on from a path, and the value of each choice that is made."""
        made = 0
        values: list[int] = []
        for size in sizes:
            inside = range(size)
            while len(inside) > 1:
                if made == len(path):
                    return (2 if tree == "bisected" else size), values
                if tree == "bisected":
                    half = len(inside) // 2
                    inside = inside[half:] if path[made] else inside[:half]
                else:
                    inside = inside[path[made] : path[made] + 1]
                made += 1
            values.append(inside[0])
        return 0, values

    expanded = set()
    for tie, rolled in zip(ties, rolls, strict=True):
        path: tuple[int, ...] = ()
        while path in expanded:
            children = [known[(*path, i)] for i in range(ahead(path)[0])]
            bounds = _bounds([n for n, _ in children], [s for _, s in children], known[path][0], c)
            i, gap = _first(bounds, tie[len(path)])
            path = (*path, i)
            if gaps is not None:
                gaps.append(gap)
        if k := ahead(path)[0]:
            expanded.add(path)
            known |= {(*path, i): [0, reals(0.0)] for i in range(k)}
        whole = path
        while k := ahead(whole)[0]:
            whole = (*whole, math.floor(Fraction(float(rolled[len(whole)])) * k))
        leaf = 0
        for size, value in zip(sizes, ahead(whole)[1], strict=True):
            leaf = leaf * size + value
        leaves.append(leaf)
        for length in range(len(path) + 1):
            known[path[:length]] = [known[path[:length]][0] + 1, known[path[:length]][1] + table[leaf]]
    children = [known[(i,)] for i in range(ahead(())[0])]
    return np.array(leaves), np.array([n for n, _ in children]), np.array([s for _, s in children], dtype=object)


def features(evaluated, asked, longest, least, kind):
    """N-grams one by one, in lists."""

    def parts(network):
        rows = [[x for x in row.tolist() if x >= 0] for row in network if row[0] >= 0]
        names = [int(row[0]) for row in rows if row[0] > 0]
        grams = [tuple(names[i:j]) for i in range(len(names)) for j in range(i + 1, len(names) + 1) if j - i <= longest]
        values = [(int(row[0]), i, x) for row in rows for i, x in enumerate(row[1:])] if kind == "types+values" else []
        return len(names), grams, values

    known = [parts(network) for network in evaluated]
    found = [[x for row in known for x in row[i]] for i in (1, 2)]
    grams, values = ({x for x in each if each.count(x) >= least} for each in found)
    columns = sorted(grams, key=lambda g: (len(g), g)), sorted(values)
    return np.array(
        [
            [size, *(own.count(g) for g in columns[0]), *(int(v in held) for v in columns[1])]
            for size, own, held in map(parts, asked)
        ]
    )


def smbo_step(X, y, candidates, penalty, explore, r_explore, r_pick):
    """Normal equations."""
    X, y, candidates, penalty = reals(X), reals(y), reals(candidates), reals(penalty)
    centre, level = X.sum(axis=0) / len(X), y.sum() / len(y)
    Xc, ridge = X - centre, penalty * np.eye(X.shape[1], dtype=int)
    w = solve(Xc.T @ Xc + ridge, (Xc.T @ (y - level))[:, None])[:, 0]
    found = level + (candidates - centre) @ w
    best = next(i for i, s in enumerate(found) if max(found) - s < 1e-30)
    return found, math.floor(Fraction(float(r_pick)) * len(found)) if r_explore < explore else best


def residual(x, x_dims, b, b_dims):
    """Entry by entry."""
    shapes = [dims.tolist() for dims in (x_dims, b_dims)]
    if len(shapes[0]) != len(shapes[1]):
        shapes = [[len(x)], [len(b)]]
    total = np.full([max(pair) for pair in zip(*shapes, strict=True)], Fraction(0))
    for values, dims in zip((x, b), shapes, strict=True):
        for index, value in zip(itertools.product(*map(range, dims)), fractions(values), strict=True):
            total[index] += value
    return total.reshape(-1), np.array(total.shape)


def dropout(x, u, keep, mode):
    """As fractions."""
    kept, x = fractions(u) < Fraction(float(keep)), fractions(x)
    return x / Fraction(float(keep)) * kept if mode == "training" else x
