"""A sum of the rule with other coefficients: a bracket or a half that is misplaced changes several of them at once.

What the sum would have to be is known on small inputs, and so is each of its terms: coefficients are fitted to that.
"""

import ast
import math
from copy import deepcopy
from fractions import Fraction
from functools import cache

import numpy as np

from refimpl.oracle.diagnosis.factors import variety
from refimpl.oracle.diagnosis.nodes import binary
from refimpl.oracle.diagnosis.slips import last_name
from refimpl.oracle.diagnosis.vocabulary import names_in, statements

MOST = 6  # terms
DEEP = 4  # names of which one is made of the next
MORE = 2  # inputs beyond the coefficients, which the fit is not free to meet
LOOSE = 1e-6  # relative error of what is met
WHOLE = 24  # largest denominator of a coefficient that is written as a fraction


def terms(node, function, inside=()):
    """What an expression adds up: pairs of a sign and an expression; names of sums that are given once are followed.

    `inside` are names that are being followed, as two may be made of each other in a loop.

    Examples
    --------
    >>> rule = ast.parse("def f(a, b, c):\\n    d = b - c\\n    return -0.5 * (a + d)").body[0]
    >>> [(sign, ast.unparse(term)) for sign, term in terms(rule.body[-1].value, rule)]
    [(-1, '0.5 * a'), (-1, '0.5 * b'), (1, '0.5 * c')]
    """
    found = _terms(node, function, inside)
    return found if len(found) <= MOST else [(1, node)]


def _terms(node, function, inside):
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return [(-sign, term) for sign, term in terms(node.operand, function, inside)]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub | ast.Mult | ast.Div):
        left = terms(node.left, function, inside)
        right = [(1, node.right)] if isinstance(node.op, ast.Div) else terms(node.right, function, inside)
        if isinstance(node.op, ast.Add | ast.Sub):
            turned = -1 if isinstance(node.op, ast.Sub) else 1
            return [*left, *((turned * sign, term) for sign, term in right)]
        if len(left) > 1 or len(right) > 1 or left[0][0] * right[0][0] < 0:
            return [(a * b, binary(x, type(node.op), y)) for a, x in left for b, y in right]
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float) and node.value < 0:
        return [(-1, ast.Constant(-node.value))]
    if isinstance(node, ast.Name) and node.id not in inside and len(inside) < DEEP:
        given = _given_once(function).get(node.id)
        found = terms(given.value, function, (*inside, node.id)) if given else []
        if len(found) > 1 and not any(node.id in names_in(term) for _, term in found):
            return found
    return [(1, node)]


@cache
def _given_once(function):
    """The assignments of a function, by the names that get their only value there."""
    found: dict[str, list] = {}
    for statement, *_ in statements(function):
        for name in names_in(statement, ast.Store):
            found.setdefault(name, []).append(statement)
    single = {name: rows[0] for name, rows in found.items() if len(rows) == 1}
    return {n: s for n, s in single.items() if isinstance(s, ast.Assign) and isinstance(s.targets[0], ast.Name)}


def refitted(node, function, target, known, sizes):
    """The sum with the coefficients at which it has some values.

    Parameters
    ----------
    node : ast.expr
        The sum, of a function.
    function : ast.FunctionDef or ast.Lambda
        Whose names that are given once are followed.
    target : array [L]
        What it would have to be.
    known : list of (ast.expr, array [L])
        Values of the expressions of the function.
    sizes : dict of str to array [L]
        Whole numbers that the inputs tell, by their names.

    Yields
    ------
    ast.expr
        With its terms alone, or else with a constant beside them, or with a multiple of a size.
    """
    signed = terms(node, function)
    texts = {ast.unparse(made): x for made, x in known}
    read = (part for part in ast.walk(function) if isinstance(getattr(part, "ctx", None), ast.Load))
    here = {ast.unparse(part): part for part in read if last_name(part) in sizes}
    texts = {text: sizes[last_name(part)] for text, part in here.items()} | texts
    with np.errstate(all="ignore"):
        columns = [sign * _value(term, texts, len(target)) for sign, term in signed]
    if not 2 <= len(columns) <= MOST or not all(np.isfinite(x).all() for x in columns):
        return
    for beside in (None, ast.Constant(1.0), *here.values()):
        value = () if beside is None else (_value(beside, texts, len(target)),)
        c = _fitted(np.array([*columns, *value]).T, target)
        if c is not None:
            yield _written([*signed, *([(1, beside)] if beside else ())], c)
            if beside is None:
                return


def _value(node, texts, size):
    """Values of an expression, or of its parts; NaN where one is not known."""
    known = texts.get(ast.unparse(node))
    if known is not None:
        return known
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        return np.full(size, float(node.value))
    if isinstance(node, ast.BinOp) and type(node.op) in (ast.Mult, ast.Div):
        a, b = _value(node.left, texts, size), _value(node.right, texts, size)
        return a * b if isinstance(node.op, ast.Mult) else a / b
    return np.full(size, np.nan)


def _fitted(columns, target):
    """Plain coefficients of columns that meet a target; None if there are none.

    What is 0 on all inputs keeps the coefficient 1.
    """
    c, shown = np.ones(columns.shape[1]), columns.any(axis=0)
    if variety(target) < np.sum(shown) + MORE or not np.isfinite(target).all():
        return None
    scale = np.abs(columns[:, shown]).max(axis=0)
    found, _, rank, _ = np.linalg.lstsq(columns[:, shown] / scale, target, rcond=1e-8)
    c[shown] = [_plain(v) for v in found / scale]
    bound = LOOSE * (np.abs(columns) @ np.abs(c))
    return c if rank == np.sum(shown) and np.all(np.abs(columns @ c - target) <= bound) else None


def _plain(c):
    """A number as whoever wrote it would have: a fraction, or one of log(2 pi) or log(2); else NaN."""
    for unit in (1.0, math.log(2 * math.pi), math.log(2)):
        whole = Fraction(c / unit).limit_denominator(WHOLE)
        if abs(c / unit - float(whole)) <= 10 * LOOSE:
            return float(whole) * unit
    return math.nan


def _written(signed, c):
    """The sum with its coefficients, numbers of a term in one."""
    made = None
    for (sign, term), factor in zip(signed, c, strict=True):
        if factor == 0:
            continue
        number, rest = _parted(deepcopy(term))
        size = ast.Constant(float(abs(factor) * number))
        if isinstance(rest, ast.Constant) and rest.value == 1:
            new = size
        elif size.value == 1:
            new = rest
        else:
            new = binary(size, ast.Mult, rest)
        if made is None:
            made = ast.UnaryOp(ast.USub(), new) if sign * factor < 0 else new
        else:
            made = binary(made, ast.Sub if sign * factor < 0 else ast.Add, new)
    return made or ast.Constant(0.0)


def _parted(node):
    """The number that stands before an expression, and the rest."""
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        return node.value, ast.Constant(1.0)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult | ast.Div):
        number, left = _parted(node.left)
        if isinstance(node.op, ast.Mult) and isinstance(left, ast.Constant):
            more, right = _parted(node.right)
            return number * more, right
        if isinstance(node.op, ast.Div) and isinstance(_parted(node.right)[1], ast.Constant):
            return number / _parted(node.right)[0], left
        return number, binary(left, type(node.op), node.right)
    return 1.0, node
