"""What may be wrong with an expression: operators, factors, names, functions, axes, constants, something around it."""

import ast
from copy import deepcopy
from itertools import permutations
from typing import Any

from refimpl.oracle.diagnosis.nodes import binary, call, kept, lent

ARITHMETIC = (ast.Add, ast.Sub, ast.Mult, ast.Div)
ADDITIVE = (ast.Add, ast.Sub)
RARE = (ast.Pow, ast.FloorDiv, ast.Mod)
BITS = (ast.LShift, ast.RShift, ast.BitOr, ast.BitAnd, ast.BitXor)
ORDER = (ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq)
ALIKE = tuple(
    frozenset(words.split())
    for words in (
        "sum mean max min prod std var any all", "maximum minimum", "argmax argmin", "floor ceil round trunc",
        "sqrt abs square exp log sign tanh", "log log1p", "exp expm1", "zeros_like ones_like", "zeros ones",
        "cos sin", "tril triu", "concat stack", "isnan isfinite isinf", "reversed list sorted", "min max",
        "logical_and logical_or", "matmul multiply", "argsort sort",
    )
)  # fmt: skip
NUMBERS = ("float", "int")
POINTWISE = ("exp", "log", "sqrt", "square", "abs", "tanh", "cos", "sin")
REDUCTIONS = ("mean", "sum")
ALONG = ("softmax", "logsumexp", "log_softmax", "length")  # along the last axis where none is named
AXES = (0, 1, -1, -2, (0, 1), (-2, -1), None)  # the last two are not all where runs are stacked


def _is(kinds, *names):
    return bool(kinds) and all(kind[0] in names for kind in kinds)


def _numeric(kinds):
    return bool(kinds) and all(k[0] in NUMBERS or (k[0] == "array" and k[2] != "b") for k in kinds)


def _truths(kinds):
    return all(kind[0] == "bool" or kind[2:] == ("b",) for kind in kinds)


def _array(kinds):
    return bool(kinds) and all(kind[0] == "array" for kind in kinds)


def classes_of(kinds):
    """What kinds of value may stand for another."""
    return {
        ("number",) if k[0] in NUMBERS or k[1:2] == ((),) else (k[0], len(k[1])) if k[0] == "array" else k
        for k in kinds
    }


def expression_edits(node, kinds, unit):
    """What may stand in the place of an expression, each with its rank: 0 the plainest."""
    number = isinstance(node, ast.Constant) and isinstance(node.value, int | float) and not isinstance(node.value, bool)
    if isinstance(node, ast.BinOp):
        yield from _of_binary(node, kinds)
    elif isinstance(node, ast.UnaryOp):
        yield 0, node.operand
        if isinstance(node.op, ast.USub):
            yield 1, ast.UnaryOp(ast.UAdd(), node.operand)
    elif isinstance(node, ast.Compare) and len(node.ops) == 1:
        for operator in ORDER:
            if not isinstance(node.ops[0], operator) and isinstance(node.ops[0], ORDER):
                yield 0, ast.Compare(node.left, [operator()], node.comparators)
        other = {ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In}.get(type(node.ops[0]))
        if other:
            yield 0, ast.Compare(node.left, [other()], node.comparators)
        yield from ((1, ast.Constant(value)) for value in (True, False))
        if _array(kinds):
            yield 1, ast.UnaryOp(ast.Invert(), node)
    elif isinstance(node, ast.BoolOp):
        yield 0, ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values)
        for k in range(len(node.values)):
            rest = [v for j, v in enumerate(node.values) if j != k]
            yield 0, rest[0] if len(rest) == 1 else ast.BoolOp(node.op, rest)
    elif isinstance(node, ast.IfExp):
        yield from ((0, part) for part in (node.body, node.orelse))
        yield 0, ast.IfExp(node.test, node.orelse, node.body)
    elif number:
        yield from _of_number(node.value)
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield 0, ast.Constant(not node.value)
    elif isinstance(node, ast.Constant) and node.value is None:
        yield from ((2, ast.Constant(value)) for value in (0, 1, -1))
    elif isinstance(node, ast.Name | ast.Attribute):
        yield from _of_name(node, kinds, unit)
    elif isinstance(node, ast.Call):
        yield from _of_call(node, kinds)
    elif isinstance(node, ast.Subscript):
        yield from _of_subscript(node)
    elif isinstance(node, ast.Tuple) and 1 < len(node.elts) < 5:
        for order in permutations(range(len(node.elts))):
            if order != tuple(range(len(node.elts))):
                yield 2, ast.Tuple([node.elts[k] for k in order], ast.Load())
    elif isinstance(node, ast.ListComp | ast.GeneratorExp | ast.SetComp) and node.generators[0].ifs:
        first = ast.comprehension(node.generators[0].target, node.generators[0].iter, [], 0)
        yield 1, type(node)(node.elt, [first, *node.generators[1:]])
    if _is(kinds, "bool"):
        yield 1, ast.UnaryOp(ast.Not(), node)
    if not number:
        yield from wrapped(node, kinds)
    if not isinstance(node, ast.Constant) and kinds and (_numeric(kinds) or _is(kinds, "tuple")):
        yield 3, kept("_previous", node)


def _of_number(value):
    for other in dict.fromkeys(
        (value + 1, value - 1, 0, 1, 2, -value, value / 2, 2 * value, value**2, value / 10, 10 * value)
    ):
        whole = isinstance(value, int) and isinstance(other, float)
        if other != value:
            yield (1 if whole else 0), ast.Constant(int(other) if whole and other == int(other) else other)


def _of_binary(node, kinds):
    a, op, b = node.left, type(node.op), node.right
    yield from ((0, part) for part in (a, b))
    for other in ARITHMETIC:
        if other is not op:
            yield 0, binary(a, other, b)
    if op in (ast.Sub, ast.Div, ast.Pow, ast.MatMult, ast.FloorDiv, ast.Mod):
        yield 0, binary(b, op, a)
    whole = _is(kinds, "int", "bool") or all(k[0] == "array" and k[2] in "bi" for k in kinds)
    for rare in (*RARE, *(BITS if whole else ())):
        if rare is not op and (rare is not ast.Pow or not _is(kinds, "int")):
            yield 2, binary(a, rare, b)
    if op is ast.MatMult:
        yield 1, binary(ast.Attribute(a, "mT", ast.Load()), op, b)
        yield 1, binary(a, op, ast.Attribute(b, "mT", ast.Load()))
    if op in (ast.Mult, ast.Div):
        yield from _of_product(a, op, b)
    if op in ADDITIVE:
        yield from _of_sum(a, op, b, kinds)
    if op is ast.Pow and isinstance(a, ast.Call) and len(a.args) == 1 and _called(a) in REDUCTIONS:
        yield 1, ast.Call(a.func, [binary(a.args[0], ast.Pow, b)], a.keywords)
    if op is ast.Pow and isinstance(a, ast.BinOp) and isinstance(a.op, ast.Mult | ast.Div | ast.Add | ast.Sub):
        yield 1, binary(a.left, type(a.op), binary(a.right, ast.Pow, b))
        yield 1, binary(binary(a.left, ast.Pow, b), type(a.op), a.right)
    for side, rest in ((a, b), (b, a)):
        if op in (ast.Mult, ast.Div) and isinstance(side, ast.Call) and side.args and not (op is ast.Div and side is b):
            first = binary(side.args[0], op, rest)  # f(a) * b, f(a * b)
            yield 1, ast.Call(side.func, [first, *side.args[1:]], side.keywords)
            if len(side.args) == 2:
                yield 1, ast.Call(side.func, [side.args[0], binary(side.args[1], op, rest)], side.keywords)
        if op is ast.Mult and isinstance(side, ast.BinOp) and isinstance(side.op, ast.Pow):
            yield 1, binary(binary(side.left, ast.Mult, rest), ast.Pow, side.right)


def _of_product(a, op, b):
    """A factor that should stand outside of a sum, or inside; or twice."""
    if isinstance(b, ast.BinOp) and isinstance(b.op, ADDITIVE):
        yield 1, binary(binary(a, op, b.left), type(b.op), b.right)
        yield 1, binary(b.left, type(b.op), binary(a, op, b.right))
    if isinstance(a, ast.BinOp) and isinstance(a.op, ADDITIVE):
        yield 1, binary(a.left, type(a.op), binary(a.right, op, b))
        yield 1, binary(binary(a.left, op, b), type(a.op), a.right)
    if isinstance(a, ast.BinOp) and isinstance(a.op, ast.Mult | ast.Div):
        yield 1, binary(a.left, type(a.op), binary(a.right, op, b))
    if isinstance(b, ast.BinOp) and isinstance(b.op, ast.Mult | ast.Div):
        yield 1, binary(binary(a, op, b.left), type(b.op), b.right)
    yield 3, binary(binary(a, op, b), op, b)


def _of_sum(a, op, b, kinds):
    """A summand that should stand under a factor, a root or a power, or outside; or twice."""
    if _numeric(kinds) and not _is(kinds, "int"):
        yield from ((2, call(name, a, b)) for name in ("maximum", "minimum"))  # a floor in place of a summand
    for side, rest, left in ((b, a, False), (a, b, True)):
        if isinstance(side, ast.BinOp) and isinstance(side.op, ast.Mult | ast.Div):
            inner = binary(side.left, op, rest) if left else binary(rest, op, side.left)
            yield 1, binary(inner, type(side.op), side.right)
            if isinstance(side.op, ast.Mult):
                inner = binary(side.right, op, rest) if left else binary(rest, op, side.right)
                yield 1, binary(side.left, ast.Mult, inner)
        if isinstance(side, ast.Call) and len(side.args) == 1 and not side.keywords:  # root(a) + e, root(a + e)
            inner = binary(side.args[0], op, rest) if left else binary(rest, op, side.args[0])
            yield 1, ast.Call(side.func, [inner], [])
        if isinstance(side, ast.BinOp) and isinstance(side.op, ast.Pow):
            inner = binary(side.left, op, rest) if left else binary(rest, op, side.left)
            yield 1, binary(inner, ast.Pow, side.right)
    if isinstance(b, ast.BinOp) and isinstance(b.op, ADDITIVE):
        yield 1, binary(binary(a, op, b.left), type(b.op), b.right)
    yield 3, binary(binary(a, op, b), op, b)


def names_of(unit):
    """What is read in a unit by name: text -> a node, the kinds of its values, their classes."""
    found: dict[str, tuple[Any, set]] = {}
    for node in ast.walk(unit.node):
        if isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Load):
            there = found.setdefault(ast.unparse(node), (node, set()))
            there[1].update(unit.values.get(id(node), set()))
    return [(text, node, classes_of(kinds)) for text, (node, kinds) in found.items() if kinds]


def _of_name(node, kinds, unit):
    wanted, own = classes_of(kinds) - {("type",), ("module",)}, ast.unparse(node)
    for text, other, classes in unit.names:
        if text != own and classes & wanted:
            yield 1, deepcopy(other)  # it may hold the node itself


def _of_call(node, kinds):
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    own = isinstance(node.func, ast.Name)
    yield from _other_calls(node, kinds, name, own)
    yield from _of_function(node, name, own)
    yield from _through(node)
    yield from _other_arguments(node, name)
    yield from _without_argument(node, kinds)
    if name in ("where", "clip") and len(node.args) == 3:
        a, b, c = node.args
        nothing = ast.Constant(None if name == "clip" else 0.0)
        yield from ((0, ast.Call(node.func, [a, *rest], [])) for rest in ((c, b), (b, nothing), (nothing, c)))


def _other_calls(node, kinds, name, own):
    """Its argument alone, or another function of it."""
    for argument in node.args:
        if not isinstance(argument, ast.Starred):
            yield 1, argument
    if isinstance(node.func, ast.Attribute) and ast.unparse(node.func.value) not in ("xp", "np", "linalg", "xp.linalg"):
        yield 2, node.func.value
    for group in ALIKE:
        if name in group and not own:
            for other in sorted(group - {name} - (set() if _truths(kinds) else {"any", "all"})):
                function = ast.Attribute(node.func.value, other, ast.Load())
                yield 1 + (other == "prod"), ast.Call(function, node.args, node.keywords)
        elif name in group and own and name in ("min", "max", "reversed", "sorted"):
            for other in sorted(group & {"min", "max", "list", "sorted"} - {name}):
                yield 1, ast.Call(ast.Name(other, ast.Load()), node.args, node.keywords)


def _of_function(node, name, own):
    """What is done wrong with this function."""
    if name in ("vecdot", "vector_norm") and node.args:  # a mean for a sum, another norm
        entries = ast.Subscript(ast.Attribute(node.args[0], "shape", ast.Load()), ast.Constant(-1), ast.Load())
        yield 1, binary(node, ast.Div, entries)
        if name == "vector_norm":
            yield 1, binary(node, ast.Div, call("sqrt", entries))
            words = [keyword for keyword in node.keywords if keyword.arg != "ord"]
            for norm in (1, float("inf")):
                yield 1, ast.Call(node.func, node.args, [*words, ast.keyword("ord", ast.Constant(norm))])
    if name == "sign":  # with a dead zone
        for small in (1e-8, 1e-12, 1e-6, 1e-10):
            far = ast.Compare(call("abs", *node.args), [ast.Gt()], [ast.Constant(small)])
            yield 2, call("where", far, node, ast.Constant(0.0))
    if name == "ceil" and len(node.args) == 1 and not own:  # the same but for whole numbers
        floor = ast.Call(ast.Attribute(node.func.value, "floor", ast.Load()), node.args, [])
        yield 1, binary(floor, ast.Add, ast.Constant(1))


def _through(node):
    """The function of a mean for the mean of a function, and the other way round."""
    if len(node.args) != 1:
        return
    inner, names = node.args[0], {_called(node)}
    if isinstance(inner, ast.BinOp) and isinstance(inner.op, ast.Pow) and names <= set(REDUCTIONS):
        yield 1, binary(ast.Call(node.func, [inner.left], node.keywords), ast.Pow, inner.right)
    if isinstance(inner, ast.Call) and len(inner.args) == 1:
        names.add(_called(inner))
        if names & set(POINTWISE) and names & set(REDUCTIONS):
            yield 1, ast.Call(inner.func, [ast.Call(node.func, inner.args, node.keywords)], inner.keywords)


def _other_arguments(node, name):
    """Arguments exchanged, keywords left out or exchanged, along another axis."""
    axes = [ast.keyword("axis", ast.Constant(axis)) for axis in AXES]  # type: ignore[arg-type]
    for k in range(len(node.args) - 1):
        order = [*node.args[:k], node.args[k + 1], node.args[k], *node.args[k + 2 :]]
        yield 1, ast.Call(node.func, order, node.keywords)
    for k in range(len(node.keywords)):
        yield 0, ast.Call(node.func, node.args, node.keywords[:k] + node.keywords[k + 1 :])
        if node.keywords[k].arg == "axis":
            for axis in axes:
                yield 0, ast.Call(node.func, node.args, [*node.keywords[:k], axis, *node.keywords[k + 1 :]])
    if name in ALONG and len(node.args) == 1 and not node.keywords:
        for axis in axes:
            yield 1, ast.Call(node.func, node.args, [axis])
    if 1 < len(node.keywords) < 8:
        for j in range(len(node.keywords)):
            for k in range(j):
                rows = list(node.keywords)
                rows[j], rows[k] = ast.keyword(rows[j].arg, rows[k].value), ast.keyword(rows[k].arg, rows[j].value)
                yield 1, ast.Call(node.func, node.args, rows)


def _without_argument(node, kinds):
    """An argument left out, or what is done with it done after the call."""
    for k in range(len(node.args)):
        if len(node.args) > 1:
            yield 2, ast.Call(node.func, node.args[:k] + node.args[k + 1 :], node.keywords)
        yield 3, ast.Call(node.func, [*node.args[:k], ast.Constant(None), *node.args[k + 1 :]], node.keywords)
        inner = node.args[k]  # f(a op b) with the operation after f
        if isinstance(inner, ast.BinOp) and _numeric(kinds):
            for first, rest, left in ((inner.left, inner.right, True), (inner.right, inner.left, False)):
                new = ast.Call(node.func, [*node.args[:k], first, *node.args[k + 1 :]], node.keywords)
                yield 1, binary(new, type(inner.op), rest) if left else binary(rest, type(inner.op), new)


def _called(node):
    """Name of the function of a library that is called."""
    return node.func.attr if isinstance(node.func, ast.Attribute) else ""


def _of_subscript(node):
    yield 2, node.value
    parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    for k, part in enumerate(parts):
        others: list[ast.expr] = []
        if isinstance(part, ast.Slice):
            shifts = (ast.Constant(1), None), (None, ast.Constant(-1)), (None, None)
            others = [ast.Slice(lower, upper, part.step) for lower, upper in shifts]
            others += [ast.Slice(part.lower, upper) for upper in (None,)]
        elif isinstance(part, ast.Name | ast.BinOp):
            others = [binary(part, op, ast.Constant(1)) for op in (ast.Add, ast.Sub)]
            others += [ast.Constant(0), ast.Constant(-1)]
        for other in others:
            rows = [*parts[:k], other, *parts[k + 1 :]]
            new = ast.Tuple(rows, ast.Load()) if isinstance(node.slice, ast.Tuple) else other
            yield 1, ast.Subscript(node.value, new, ast.Load())


def wrapped(node, kinds):
    """Something around a numeric expression, each with its rank."""
    constant = ast.Constant
    if not _numeric(kinds):
        return
    yield 1, ast.UnaryOp(ast.USub(), node)
    if _is(kinds, "int"):
        less = binary(node, ast.Sub, constant(1))
        yield from ((1, new) for new in (binary(node, ast.Add, constant(1)), less))
        greatest = ast.Name("max", ast.Load())
        yield from ((2, ast.Call(greatest, [inner, constant(1)], [])) for inner in (node, less))
        return
    yield from ((1 + int(value), constant(value)) for value in (0.0, 1.0))
    yield 2, call("abs", node)
    yield 2, binary(node, ast.Mult, node)
    yield 2, binary(constant(2), ast.Mult, node)
    yield 2, binary(node, ast.Div, constant(2))
    yield 2, binary(constant(1), ast.Sub, node)
    yield 2, binary(constant(1), ast.Div, node)
    yield 2, call("sqrt", node)
    yield from ((3, binary(node, op, constant(1))) for op in (ast.Add, ast.Sub))
    yield 3, call("maximum", node, constant(0.0))
    yield 3, call("minimum", node, constant(1.0))
    yield 3, call("maximum", node, constant(1.0))
    yield 3, call("sign", node)
    yield 3, call("exp", node)
    yield 3, call("log", node)
    yield 3, call("round", node)
    yield 3, call("clip", node, constant(-1.0), constant(1.0))
    yield 3, call("clip", node, constant(0.0), constant(1.0))
    for small in (1e-8, 1e-6, 1e-12, 1e-5, 1e-10, 1e-7, 1e-16, 1e-3):
        yield 3, binary(node, ast.Add, constant(small))
        yield 4, call("maximum", node, constant(small))
    if not _array(kinds) or all(kind[1] == () for kind in kinds):
        yield 3, call("float64", call("float32", node))
        return
    single = ast.Attribute(ast.Name(lent("_np"), ast.Load()), "float32", ast.Load())
    yield 3, ast.Call(ast.Attribute(node, "astype", ast.Load()), [single], [])
    for name in ("mean", "sum", "max", "min"):
        yield 3, call(name, node)
    norm = call("sqrt", call("sum", binary(node, ast.Mult, node)))
    yield 3, binary(node, ast.Div, norm)
    yield 3, binary(node, ast.Div, call("maximum", norm, constant(1.0)))
    yield 3, call("where", ast.Compare(node, [ast.Eq()], [constant(0)]), constant(1.0), node)
    yield 3, binary(node, ast.Sub, call("mean", node))
    yield 3, ast.Subscript(node, ast.Slice(None, None, constant(-1)), ast.Load())
    if all(len(kind[1]) >= 2 for kind in kinds):
        yield 3, ast.Attribute(node, "mT", ast.Load())
        if all(kind[1][-1] == kind[1][-2] for kind in kinds):  # a ridge
            size = ast.Subscript(ast.Attribute(node, "shape", ast.Load()), constant(-1), ast.Load())
            for small in (1e-6, 1e-8, 1e-10, 1e-12, 1e-5, 1e-4, 1e-3, 1.0):
                yield 4, binary(node, ast.Add, binary(constant(small), ast.Mult, call("eye", size)))
        for name in ("mean", "sum", "max"):
            for axis in (0, -1):
                keywords = [ast.keyword("axis", constant(axis)), ast.keyword("keepdims", constant(True))]
                yield 3, ast.Call(call(name).func, [node], keywords)
