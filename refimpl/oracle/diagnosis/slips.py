"""Slips of public code that no exchange of an operator or a name makes: an expression in the place of another one.

A function is applied to what it has made already, a row, an entry or a summand stands for all, a number is cast,
equals come in the other order, a factor stands at the other summand, a bracket stands elsewhere, one of several is
forgotten, a softmax runs over an axis of length one, a whole system is solved where half of it is meant or the other
half, all pairs are made where entries are meant, sums run from the other end or without their last summand, off the
diagonal stands nothing, a product is summed factor by factor, matrices are multiplied in the place of their entries,
another function of the source is called.
"""

import ast

from refimpl.oracle.diagnosis.expressions import NUMBERS
from refimpl.oracle.diagnosis.nodes import binary, call, lent

LONGEST = 8  # entries of a tuple of which one may be forgotten
TIED = ("argsort", "argmax", "argmin")  # where equals have an order


def slips(node, kinds):
    """What may stand in the place of an expression, each with its rank: 0 the plainest.

    Parameters
    ----------
    node : ast.expr
        The expression.
    kinds : set of tuple
        The kinds of value that it took.

    Yields
    ------
    tuple of (int, ast.expr)
        In the order of the list above.
    """
    arrays = bool(kinds) and all(kind[0] == "array" for kind in kinds)
    if isinstance(node, ast.Call):
        yield from _twice(node, kinds)
        yield from _tied(node)
        yield from _other_half(node)
        yield from _running(node)
        yield from _by_factors(node)
        if last_name(node.func) == "softmax":
            yield 2, call("ones_like", node)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub):
        yield from _at_the_other(node)
        yield from _closed_late(node)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        yield from _never_opened(node)
        if arrays and all(len(kind[1]) >= 2 and kind[1][-1] == kind[1][-2] for kind in kinds):
            yield 2, binary(node.left, ast.MatMult, node.right)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult) and arrays:
        yield from _last_product(node, kinds)
    if isinstance(node, ast.BinOp) and arrays and all(len(kind[1]) == 1 and kind[2] == "f" for kind in kinds):
        yield 2, ast.BinOp(_cut(node.left, ast.Constant(None)), node.op, node.right)  # [n, 1] beside [n] is [n, n]
    if arrays and all(kind[2] == "f" for kind in kinds) and not isinstance(node, ast.Constant):
        yield from _one_for_all(node, kinds)
        yield from _diagonal(node, kinds)
    if isinstance(node, ast.Tuple) and 1 < len(node.elts) <= LONGEST and isinstance(node.ctx, ast.Load):
        yield 1, ast.Tuple([ast.UnaryOp(ast.USub(), part) for part in node.elts], ast.Load())  # what is made greatest
    if any(kind[0] == "float" or kind[2:] == ("f",) for kind in kinds) and not isinstance(node, ast.Constant):
        yield 3, call("trunc", node)


def last_name(node):
    """The name, or the last one of several with dots; "" of what has none."""
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def calls_of(function):
    """Which functions of its own module a function calls, by how many arguments they are given and of which names."""
    found: dict[tuple[int, frozenset], set[str]] = {}
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.func.id.startswith(lent("")):
            found.setdefault(_given(node), set()).add(node.func.id)
    return found


def _given(node):
    return len(node.args), frozenset(keyword.arg for keyword in node.keywords)


def other_functions(node, calls):
    """Another one of these functions, such as a density for a distribution."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        for name in sorted(calls.get(_given(node), set()) - {node.func.id}):
            yield 2, ast.Call(ast.Name(name, ast.Load()), node.args, node.keywords)


def _twice(node, kinds):
    """f(f(x)), of what has as many axes as it takes."""
    if not kinds or not all(kind[0] in (*NUMBERS, "array") for kind in kinds):
        return
    for k, argument in enumerate(node.args[:2]):
        if not isinstance(argument, ast.Constant | ast.Starred):
            yield 2, ast.Call(node.func, [*node.args[:k], node, *node.args[k + 1 :]], node.keywords)


def _other_half(node):
    """The solve with a whole matrix, where one with its triangular factor is meant; with the factor's transpose."""
    name = last_name(node.func)
    if name == "solve_triangular" and len(node.args) == 2:
        rest = [keyword for keyword in node.keywords if keyword.arg != "trans"]
        turned = [*rest, ast.keyword("trans", ast.Constant(len(rest) == len(node.keywords)))]
        yield 1, ast.Call(node.func, [node.args[0], node], turned)
        yield 1, ast.Call(node.func, node.args, turned)
    if name == "cholesky_solve" and len(node.args) == 2:
        factor, b = node.args
        solve = ast.Attribute(call("linalg").func, "solve", ast.Load())
        product = binary(ast.Attribute(factor, "mT", ast.Load()), ast.MatMult, factor)
        yield from ((1, ast.Call(solve, [matrix, b], [])) for matrix in (product, factor))


def _running(node):
    """Running sums and products without the entry itself, or from the other end."""
    if last_name(node.func) not in ("cumulative_sum", "cumulative_prod", "cumsum", "cumprod") or not node.args:
        return
    x, op = node.args[0], ast.Sub if last_name(node.func).endswith("sum") else ast.Div
    yield 1, binary(node, op, x)
    if any(keyword.arg == "axis" for keyword in node.keywords):
        flip = lambda part: ast.Call(call("flip").func, [part], [k for k in node.keywords if k.arg == "axis"])
        yield 2, flip(ast.Call(node.func, [flip(x), *node.args[1:]], node.keywords))


def _by_factors(node):
    """sum(a b), sum(a) sum(b); the same of a mean."""
    inner = node.args[0] if len(node.args) == 1 else None
    if last_name(node.func) in ("sum", "mean") and isinstance(inner, ast.BinOp) and isinstance(inner.op, ast.Mult):
        each = [ast.Call(node.func, [part], node.keywords) for part in (inner.left, inner.right)]
        yield 2, binary(each[0], ast.Mult, each[1])


def _tied(node):
    """Equals in the other order: what comes of an array from its end."""
    if last_name(node.func) not in TIED or len(node.args) != 1:
        return
    x, along = node.args[0], next((k.value for k in node.keywords if k.arg == "axis"), None)
    if along is None and last_name(node.func) == "argsort":
        along = ast.Constant(-1)
    length: ast.expr = ast.Attribute(x, "size" if along is None else "shape", ast.Load())
    length = length if along is None else ast.Subscript(length, along, ast.Load())
    flipped = call("flip", x, *([along] if along else ()))
    yield 2, binary(binary(length, ast.Sub, ast.Constant(1)), ast.Sub, ast.Call(node.func, [flipped], node.keywords))


def _at_the_other(node):
    """f x + y, x + f y: a factor of one summand at the other one."""
    for here, there in ((node.left, node.right), (node.right, node.left)):
        if isinstance(here, ast.BinOp) and isinstance(here.op, ast.Mult):
            for factor, rest in ((here.left, here.right), (here.right, here.left)):
                moved = binary(factor, ast.Mult, there)
                a, b = (rest, moved) if here is node.left else (moved, rest)
                yield 2, ast.BinOp(a, node.op, b)


def _closed_late(node):
    """x / y + z, x / (y + z)."""
    first = node.left
    if isinstance(first, ast.BinOp) and isinstance(first.op, ast.Div):
        yield 1, binary(first.left, ast.Div, ast.BinOp(first.right, node.op, node.right))


def _never_opened(node):
    """f (x + y + z), f x + y + z: a factor of the first of several summands alone."""
    for factor, total in ((node.left, node.right), (node.right, node.left)):
        if _summed(total) and _summed(total.left):
            first, rest = total, []
            while _summed(first):
                rest.append((first.op, first.right))
                first = first.left
            new = binary(factor, ast.Mult, first)
            for operator, summand in reversed(rest):
                new = ast.BinOp(new, operator, summand)
            yield 1, new


def _summed(node):
    return isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub)


def one_less(node, kinds):
    """One of the few things that are gone through, or put together, forgotten."""
    for kind in kinds if len(kinds) == 1 else ():
        if kind[0] == "tuple" and 1 < kind[1] <= LONGEST:
            for k in range(kind[1]):
                before = ast.Subscript(node, ast.Slice(None, ast.Constant(k)), ast.Load())
                after = ast.Subscript(node, ast.Slice(ast.Constant(k + 1), None), ast.Load())
                yield 1, binary(before, ast.Add, after) if k else after


def _one_for_all(node, kinds):
    """The first or the last row, or entry of each row, in the place of all: an index or a sum that is not moved on."""
    for axis in range(min(2, min(len(kind[1]) for kind in kinds))):
        if any(kind[1][-1 - axis] > 1 for kind in kinds):
            for one in (ast.Slice(None, ast.Constant(1)), ast.Slice(ast.Constant(-1), None)):
                yield 3, _cut(node, one, axis)


def _diagonal(node, kinds):
    """A square matrix of which the diagonal alone is used, or all but it."""
    if all(len(kind[1]) >= 2 and kind[1][-1] == kind[1][-2] > 1 for kind in kinds):
        eye = call("eye", ast.Subscript(ast.Attribute(node, "shape", ast.Load()), ast.Constant(-1), ast.Load()))
        yield 3, binary(node, ast.Mult, eye)
        yield 3, binary(node, ast.Mult, binary(ast.Constant(1), ast.Sub, eye))


def _cut(node, one, axis=0):
    """Some entries along an axis, counted from the last one; None: a new one."""
    parts = [ast.Constant(...), one, *[ast.Slice()] * axis]
    return ast.Subscript(node, ast.Tuple(parts, ast.Load()), ast.Load())


def _last_product(node, kinds):
    """The last of the products that are summed, of matrices: each one overwrites what was there."""
    if all(len(kind[1]) >= 2 for kind in kinds):
        last = ast.Slice(ast.Constant(-1), None)
        yield 3, binary(_cut(node.left, last, 0), ast.MatMult, _cut(node.right, last, 1))
