"""Of what a value that a rule would need is made: of other values of its function, seen on several small inputs."""

import ast
from itertools import product
from typing import Any

import numpy as np

from refimpl.oracle.diagnosis.expressions import binary, call, lent
from refimpl.oracle.diagnosis.factors import quantities
from refimpl.oracle.diagnosis.needed import flat, only, there, values
from refimpl.oracle.diagnosis.vocabulary import expressions, statements
from refimpl.oracle.judging.tolerance import wide

FEWEST = 5  # inputs from which one is read
SHORT = 60  # characters of what it may be made of
LOOSE = 1e-6  # relative error of what is solved for
ALIKE = 3  # expressions of the same values that are tried
SHOWN = 6  # formulas of one operator that are tried
_named = lambda name: lambda node: call(name, node)
UNARY: list[Any] = [
    (np.negative, lambda node: ast.UnaryOp(ast.USub(), node)),
    *((getattr(np, name), _named(name)) for name in ("sqrt", "square", "exp", "log", "abs")),
    (lambda x: 1 - x, lambda node: binary(ast.Constant(1), ast.Sub, node)),
    (lambda x: 1 / x, lambda node: binary(ast.Constant(1), ast.Div, node)),
]
REDUCED = ("max", "min", "sum", "mean", "prod")
BINARY: list[Any] = [(ast.Mult, np.multiply), (ast.Div, np.divide), (ast.Add, np.add), (ast.Sub, np.subtract)]


def formulas(shop, asked, blame, place):
    """What a place would have to be, in values of its function; the shortest first.

    Yields
    ------
    tuple
        How far-fetched it is, 0 the least, and an expression whose values on the inputs are those.
    """
    sights = [*blame.sights, *(only(s, blame.outputs[0]) if blame.outputs else s for s in asked.drawn)]
    rows, wanted = [], []
    for sight in sights:
        seen = values(shop, wide(sight.inputs))
        right = there(place, seen)
        needed = right and place.solved(shop, sight, right, [v * 1.125 + 0.125 for v in right])
        if needed:
            wanted.append(flat(needed))
            told = {(n, ""): np.full(len(wanted[-1]), v) for n, v in quantities(shop.operation, sight.inputs).items()}
            rows.append(told | _row(place, seen, needed))
    if len(rows) < FEWEST:
        return
    nodes = dict(_texts(place.edit))
    common = [key for key in rows[0] if all(key in row for row in rows)]
    common = [key for key in common if key[0] in nodes or len({row[key][0] for row in rows}) > 1]
    node = lambda text: nodes.get(text, ast.Name(text, ast.Load()))
    made_of = lambda text, name: call(name, node(text)) if name else node(text)
    yield from made(np.concatenate(wanted), [(made_of(*key), np.concatenate([r[key] for r in rows])) for key in common])


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


def _row(place, seen, needed):
    """Values of the expressions of a function, and of their largest entries and sums, beside those that are needed.

    By what they read and the name of the function.
    """
    found: dict[tuple[str, str], Any] = {}
    for text, node in _texts(place.edit):
        times = seen.get(id(node), [])
        times = times[place.time : place.time + 1] if place.time is not None and len(times) > 1 else times
        times = times * len(needed) if len(times) == 1 else times
        if len(times) != len(needed) or any(v is None for v in times):
            continue
        if all(v.shape == n.shape or v.size == 1 for v, n in zip(times, needed, strict=True)):
            parts = [
                np.broadcast_to(v if v.shape == n.shape else v.reshape(()), n.shape)
                for v, n in zip(times, needed, strict=True)
            ]
            found[text, ""] = flat(parts)
        elif all(n.size == 1 for n in needed):
            for name in REDUCED:
                found[text, name] = np.array([getattr(np, name)(v) for v in times])
    return found


def made(target, found):
    """Expressions of one or two others that have some values, the plainest first, each with how far-fetched it is.

    Parameters
    ----------
    target : array [L]
        The values.
    found : list of (ast.expr, array [L])
        The others, with their values.

    Yields
    ------
    tuple
        The number, and the expression.
    """
    with np.errstate(all="ignore"):
        more = [(of(node), f(x)) for f, of in UNARY for node, x in found]
        known: dict[bytes, Any] = {}  # what has the same values here, as d = 1, may differ elsewhere
        for node, x in [*found, *more]:
            if np.isfinite(x).all():
                known.setdefault(np.round(x, 12).tobytes(), ([], x))[0].append(node)
        near = lambda x: np.abs(x - target) <= LOOSE * np.abs(target)
        exact = [node for nodes, x in known.values() if near(x).all() for node in nodes[:ALIKE]]
        yield from ((0, node) for node in exact)
        for node, x in () if exact else found:
            share = target / x if np.all(x) and np.isfinite(x).all() else target * 0
            if share[0] and abs(share[0] - 1) > LOOSE and np.all(np.abs(share - share[0]) <= LOOSE * abs(share[0])):
                yield 0, binary(ast.Constant(float(f"{share[0]:.9g}")), ast.Mult, node)
        if exact or len({f"{v:.6g}" for v in target}) < FEWEST - 1:
            return
        basis = [([n for n in nodes if not _turned(n)][:ALIKE], x) for nodes, x in known.values()]
        basis = [(nodes, x) for nodes, x in basis if nodes]
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


def _turned(node):
    """-x and 1/x, which pairs have no need of."""
    inverse = isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div) and ast.unparse(node.left) == "1"
    return inverse or isinstance(node, ast.UnaryOp)
