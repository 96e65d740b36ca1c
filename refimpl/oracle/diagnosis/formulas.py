"""Of what a value that a rule would need is made: of other values of its function, seen on several small inputs."""

import ast
from itertools import product
from typing import Any

import numpy as np

from refimpl.oracle.diagnosis.factors import quantities, variety
from refimpl.oracle.diagnosis.levers import clear
from refimpl.oracle.diagnosis.needed import flat, only, there, values
from refimpl.oracle.diagnosis.nodes import binary, call, kept, lent
from refimpl.oracle.diagnosis.standing import explains
from refimpl.oracle.diagnosis.sums import refitted, terms
from refimpl.oracle.diagnosis.vocabulary import expressions, statements
from refimpl.oracle.judging.tolerance import wide

FEWEST = 5  # inputs from which one is read
READ = 8  # places of each kind
PLAIN = 3  # how far-fetched a formula is that is not said before it explains all
SHORT = 60  # characters of what it may be made of
LOOSE = 1e-6  # relative error of what is solved for
ALIKE = 3  # expressions of the same values that are tried
SHOWN = 6  # formulas of one operator that are tried
ABOVE = 1e-3  # of a summand the others must be more
FORMS = 8  # of the same three or four values, which may differ where there is more than one entry
FEWER = 28  # values of which formulas of four are made
WIDEST = 120  # values of which formulas of three are made
_named = lambda name: lambda node: call(name, node)
UNARY: list[Any] = [
    (np.negative, lambda node: ast.UnaryOp(ast.USub(), node)),
    *((getattr(np, name), _named(name)) for name in ("sqrt", "square", "exp", "log", "abs")),
    (lambda x: 1 - x, lambda node: binary(ast.Constant(1), ast.Sub, node)),
    (lambda x: 1 / x, lambda node: binary(ast.Constant(1), ast.Div, node)),
]
REDUCED = ("max", "min", "sum", "mean", "prod")
EARLIER = ("_previous", "_delayed")  # the first time what it is then, and 0
BINARY: list[Any] = [(ast.Mult, np.multiply), (ast.Div, np.divide), (ast.Add, np.add), (ast.Sub, np.subtract)]
AROUND: list[Any] = [  # what a pair would have to be beside a third value, and how all three are written
    (lambda t, z: t / z, lambda pair, z: binary(z, ast.Mult, pair)),
    (lambda t, z: t * z, lambda pair, z: binary(pair, ast.Div, z)),
    (lambda t, z: z / t, lambda pair, z: binary(z, ast.Div, pair)),
    (lambda t, z: t - z, lambda pair, z: binary(z, ast.Add, pair)),
    (lambda t, z: t + z, lambda pair, z: binary(pair, ast.Sub, z)),
    (lambda t, z: z - t, lambda pair, z: binary(z, ast.Sub, pair)),
]
OUTER: list[Any] = [  # what a pair would have to be under a function
    (np.negative, UNARY[0][1]),
    (np.square, _named("sqrt")),
    (np.sqrt, _named("square")),
    (np.log, _named("exp")),
    (np.exp, _named("log")),
    (lambda t: 1 / t, UNARY[-1][1]),
]


def proposed(shop, asked, blame, clock):
    """Edits of the places to blame, then of those that depend on all, by what their values are made of.

    Yields
    ------
    vocabulary.Edit
        For each place the plainest first; a plain one is noted there, and said even if it does not explain all.
    """
    left: list[Any] = []
    every = [*blame.places[:READ], *blame.free[:READ]]
    sights = [*blame.sights, *(only(s, blame.outputs[0]) if blame.outputs else s for s in asked.drawn)] if every else []
    rights = [(sight, values(shop, wide(sight.inputs))) for sight in filter(clear, sights) if not clock.over]
    for place in sorted(every, key=lambda place: len(terms(place.node, place.edit.unit.node)) < 2):  # sums take least
        if clock.over:
            return
        found = seen(shop, rights, place) if place.apart else None
        if found is None:
            continue
        target, others, sizes = found
        rows = list(made(target, others))
        rows = rows or [(1, new) for new in refitted(place.node, place.edit.unit.node, target, others, sizes)]
        left += [] if rows else [(place, target, others)]
        for more, new in rows:
            edit = place.edit.like(new, more)
            if more < PLAIN:
                place.made = place.made or edit.made
            yield edit
    for place, target, others in left:  # which takes longer
        if clock.over:
            return
        yield from (place.edit.like(new, more) for more, new in made(target, others, far=True))


def seen(shop, rights, place):
    """What a place would have to be, and the values of its function that it may be made of; None if that is too little.

    `rights` are deviating sights, each with the values of all expressions of the rule.

    Returns
    -------
    tuple
        The arguments of `made`, then whole numbers that the inputs tell, by name.
    """
    rows, wanted, keep = [], [], []
    for sight, now in rights:
        right = there(place, now)
        needed = right and place.solved(shop, sight, right, [v * 1.125 + 0.125 for v in right])
        if needed and (known := _known(place, shop, sight, needed)).any():
            keep.append(known)
            wanted.append(flat(needed))
            told = {(n, ""): np.full(len(wanted[-1]), v) for n, v in quantities(shop.operation, sight.inputs).items()}
            rows.append(told | _row(place, now | _after(place, shop, sight, needed), needed))
    if len(rows) < FEWEST:
        return None
    nodes = dict(_texts(place.edit))
    common = [key for key in rows[0] if all(key in row for row in rows)]
    common = [key for key in common if key[0] in nodes or len({row[key][0] for row in rows}) > 1]
    node = lambda text: nodes.get(text, ast.Name(text, ast.Load()))
    made_of = lambda text, name: (kept if name in EARLIER else call)(name, node(text)) if name else node(text)
    sharp = np.concatenate(keep)
    joined = [(made_of(*key), np.concatenate([row[key] for row in rows])[sharp]) for key in common]
    names = [text for text, name in rows[0] if not name and text.isidentifier() and text not in nodes]
    sizes = {text: np.concatenate([row[text, ""] for row in rows])[sharp] for text in names}
    return np.concatenate(wanted)[sharp], joined, {text: x for text, x in sizes.items() if np.all(x == np.round(x))}


def _known(place, shop, sight, needed):
    """Which of the numbers that are needed the answers tell to `LOOSE`: moved by more they explain them no longer."""
    numbers, shapes = flat(needed), [np.shape(v) for v in needed]
    told = []
    for k in range(len(numbers)):
        moved = numbers.copy()
        moved[k] *= 1 + 3 * LOOSE
        parts = np.split(moved, np.cumsum([np.size(v) for v in needed])[:-1])
        out = place.pulled(shop, wide(sight.inputs), [x.reshape(shape) for x, shape in zip(parts, shapes, strict=True)])
        told.append(moved[k] != 0 and not explains(out, sight))
    return np.array(told)


def _texts(edit):
    """Expressions that a function reads up to a place, by how they are written, names and short ones first."""
    found: dict[str, Any] = {}
    for statement, *_ in statements(edit.unit.node):
        for node, *_ in expressions(statement):
            text = ast.unparse(node)
            known = node.lineno <= edit.statement.end_lineno
            if known and len(text) <= SHORT and not isinstance(node, ast.Constant):
                found.setdefault(text, node)
    return sorted(found.items(), key=lambda row: (not isinstance(row[1], ast.Name), len(row[0])))


def _after(place, shop, sight, needed):
    """Values of the function, by expression, where what is needed stands in the place: its steps follow from it.

    Not those of which the place is a part, as a formula has the rule's own.
    """
    after = values(shop, wide(sight.inputs), place, needed)
    holds = {id(node) for node in ast.walk(place.edit.unit.node) if _holds(node, place.node)}
    return {number: times for number, times in after.items() if number not in holds}


def _holds(node, part):
    return node is not part and any(below is part for below in ast.walk(node))


def _row(place, seen, needed):
    """Values of the expressions of a function beside those that are needed, by what they read and a function's name.

    Of arrays their largest entries and sums, of names what they were one time earlier.
    """
    found: dict[tuple[str, str], Any] = {}
    for text, node in _texts(place.edit):
        every = seen.get(id(node), [])
        times = every[place.time : place.time + 1] if place.time is not None and len(every) > 1 else every
        times = times * len(needed) if len(times) == 1 else times
        if _side_by_side(times, needed):
            found[text, ""] = _beside(times, needed)
            for name, old in _earlier(every, place.time) if isinstance(node, ast.Name) else ():
                if _side_by_side(old, needed) and not np.array_equal(now := _beside(old, needed), found[text, ""]):
                    found[text, name] = now
        elif _known_all(times, needed) and all(n.size == 1 for n in needed):
            for name in REDUCED:
                found[text, name] = np.array([getattr(np, name)(v) for v in times])
    return found


def _known_all(times, needed):
    return len(times) == len(needed) and not any(v is None for v in times)


def _side_by_side(times, needed):
    """Whether there is a value, or one number, beside each that is needed."""
    return _known_all(times, needed) and all(
        v.shape == n.shape or v.size == 1 for v, n in zip(times, needed, strict=True)
    )


def _beside(times, needed):
    """The numbers beside those that are needed."""
    parts = zip(times, needed, strict=True)
    return flat([np.broadcast_to(v if v.shape == n.shape else v.reshape(()), n.shape) for v, n in parts])


def _earlier(every, time):
    """What something was one time earlier, at one time or at all; the first time what it was then, or 0."""
    if time:
        yield from ((name, every[time - 1 : time]) for name in EARLIER)
    elif time is None and len(every) > 1 and every[0] is not None:
        yield from ((name, [start, *every[:-1]]) for name, start in zip(EARLIER, (every[0], 0 * every[0]), strict=True))


def made(target, found, far=False):
    """Expressions of one or two others that have some values, the plainest first, each with how far-fetched it is.

    Parameters
    ----------
    target : array [L]
        The values.
    found : list of (ast.expr, array [L])
        The others, with their values.
    far : bool, default: False
        Whether formulas of four are looked for, where there is none of fewer.

    Yields
    ------
    tuple
        The number, and the expression.
    """
    with np.errstate(all="ignore"):
        more = [(of(node), f(x)) for f, of in UNARY for node, x in found]
        known: dict[tuple, Any] = {}  # what has the same values here, as d = 1, may differ elsewhere
        for node, x in [*found, *more]:
            if np.isfinite(x).all():
                known.setdefault(tuple(f"{v:.9g}" for v in x), ([], x))[0].append(node)
        same = lambda x: np.abs(x - target) <= LOOSE * np.abs(target)
        exact = [node for nodes, x in known.values() if same(x).all() for node in nodes[:ALIKE]]
        yield from ((0, node) for node in exact)
        for node, x in () if exact else found:
            share = target / x if np.all(x) and np.isfinite(x).all() else target * 0
            if share[0] and abs(share[0] - 1) > LOOSE and np.all(np.abs(share - share[0]) <= LOOSE * abs(share[0])):
                yield 0, binary(ast.Constant(float(f"{share[0]:.9g}")), ast.Mult, node)
        different = variety(target)
        if exact:
            return
        basis = _usable(known.values(), lambda node: not _turned(node), ALIKE)
        full = [row for row in known.values() if np.all(row[1])]
        plain = lambda most, alike: _usable(full, lambda node: not _turned(node) and not _dull(node), alike)[:most]
        near = ((FEWEST - 1, _of_two(target, basis)), (FEWEST, _of_more(target, plain(WIDEST, ALIKE), 1)))
        four = ((FEWEST + 1, _of_more(target, plain(FEWER, 1), 2)),)
        for least, way in four if far else near:  # the more it is made of the more values must speak for it
            if shown := list(way) if different >= least else []:
                yield from shown
                return


def _usable(known, keep, alike):
    """Values with those of their expressions that are kept, at most so many."""
    found = [([node for node in nodes if keep(node)][:alike], x) for nodes, x in known]
    return [(nodes, x) for nodes, x in found if nodes]


def _of_two(target, basis):
    """Pairs: as of `made`."""
    every = np.array([x for _, x in basis])
    for op, f in BINARY:
        a, b = np.indices((len(basis), len(basis))).reshape(2, -1)
        a, b = (a[a < b], b[a < b]) if op in (ast.Add, ast.Mult) else (a, b)
        for k in range(len(target)):
            good = np.abs(f(every[a, k], every[b, k]) - target[k]) <= LOOSE * abs(target[k])
            a, b = a[good], b[good]
        for i, j in sorted(zip(a, b, strict=True), key=lambda p: sum(p))[:SHOWN]:
            for x, y in product(basis[i][0], basis[j][0]):
                yield 1 + 2 * sum(lent("_np") in ast.unparse(node) for node in (x, y)), binary(x, op, y)


def _of_more(target, basis, depth):
    """A pair beside one or two other values, or under a function: pairs are made once, and looked up by what is needed.

    Yields
    ------
    tuple
        As of `made`.
    """
    every = np.array([x for _, x in basis]).reshape(len(basis), len(target))
    needs = _around([((), target)], every)
    needs = _around(needs, every) if depth == 2 else [*_under(target), *needs]
    needs = [row for row in needs if np.isfinite(row[1]).all() and np.all(row[1])]
    if not needs:
        return
    found: dict[tuple, list] = {}
    for op, m, i, j in _pairs(every, np.array([need for _, need in needs])):
        steps = needs[m][0]
        found.setdefault(tuple(sorted((i, j, *(k for _, k in steps if k is not None)))), []).append((op, i, j, steps))
    plainest = sorted(found.items(), key=lambda row: (sum(row[0]), row[0]))[:SHOWN]
    for op, i, j, steps in (row for _, rows in plainest for row in rows[:FORMS]):
        beside = [basis[k][0] for _, k in steps if k is not None]
        for x, y, *others in product(basis[i][0], basis[j][0], *beside):
            node = binary(x, op, y)
            for new, k in reversed(steps):
                node = new(node) if k is None else new(node, others.pop())
            yield 1 + 2 * depth + 2 * ast.unparse(node).count(lent("_np")), node


def _around(needs, every):
    """What would have to stand beside each value, with how that is written; not where the value swallows the rest."""
    found = []
    for steps, target in needs:
        for k, x in enumerate(every):
            forms = AROUND if np.any(np.abs(target) > ABOVE * np.abs(x)) else AROUND[:3]
            found += [((*steps, (new, k)), need(target, x)) for need, new in forms]
    return found


def _under(target):
    """What would have to stand under a function."""
    return [(((new, None),), need(target)) for need, new in OUTER]


def _pairs(every, needs):
    """Which pairs have which of some values: operator, number of the value, numbers of both."""
    look = max(range(needs.shape[1]), key=lambda k: len(np.unique(every[:, k])))  # few values are alike there
    wide = LOOSE * np.abs(needs[:, look])
    for op, f in BINARY:
        first, second = np.indices((len(every), len(every))).reshape(2, -1)
        if op in (ast.Add, ast.Mult):  # x y and y x are one, and equal values have no order that all processors keep
            first, second = first[first <= second], second[first <= second]
        value = f(every[first, look], every[second, look])
        order = np.argsort(value)
        start, end = (np.searchsorted(value[order], needs[:, look] + d) for d in (-wide, wide))
        m = np.repeat(np.arange(len(needs)), end - start)
        at = order[np.arange(len(m)) - np.repeat(np.cumsum(end - start) - end, end - start)]
        for k in range(needs.shape[1]):
            made_of = f(every[first[at], k], every[second[at], k])
            good = np.abs(made_of - needs[m, k]) <= LOOSE * np.abs(needs[m, k])
            good &= np.abs(made_of) > LOOSE * np.abs(every[first[at], k]) if op in (ast.Add, ast.Sub) else True
            m, at = m[good], at[good]
        yield from ((op, *row) for row in zip(m.tolist(), first[at].tolist(), second[at].tolist(), strict=True))


def _dull(node):
    """What formulas of three have no need of: 1 - x, |x|, and a function of a sum that no source has."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub) and ast.unparse(node.left) == "1":
        return not isinstance(node.right, ast.Name) or "(" in node.right.id
    lends = isinstance(node, ast.Call) and lent("_np") in ast.unparse(node.func)
    named = lends and isinstance(node.args[0], ast.Name) and "(" in node.args[0].id
    return lends and (named or ast.unparse(node.func).endswith(".abs"))


def _turned(node):
    """-x and 1/x, which pairs have no need of."""
    inverse = isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div) and ast.unparse(node.left) == "1"
    return inverse or isinstance(node, ast.UnaryOp)
