"""Which kinds of value the expressions of a function take."""

import ast
import copy
import types
from dataclasses import replace

from refimpl.oracle.diagnosis.nodes import helper


def noting(unit):
    """Code of a unit that hands every value to `_note`, with the id of its expression; None if it does not compile."""
    tree = copy.deepcopy(unit.outer)
    names = {id(new): id(old) for old, new in zip(ast.walk(unit.outer), ast.walk(tree), strict=True)}
    target = next(new for new in ast.walk(tree) if names[id(new)] == id(unit.node))
    _Noting(names).visit_body(target)
    ast.fix_missing_locations(tree)
    try:
        return replace(unit, node=target, outer=tree).compiled()
    except SyntaxError:
        return None


def kind_of(value):
    """Kind of a value: a word, and of an array its shape."""
    if isinstance(value, bool):
        return ("bool",)
    if isinstance(value, int):
        return ("int",)
    if isinstance(value, float):
        return ("float",)
    if isinstance(value, str):
        return ("str",)
    if isinstance(value, types.ModuleType):
        return ("module",)
    kind = type(value)  # a class of arrays has a shape too, and what answers for all attributes is being listened to
    if hasattr(kind, "shape") and hasattr(kind, "dtype"):
        return ("array", tuple(value.shape), getattr(value.dtype, "kind", "f"))
    if isinstance(value, tuple):
        return ("tuple", len(value))
    return (type(value).__name__,)


def at_first(note, often):
    """A note that is told the first values of each expression alone: a loop over a long input has millions."""
    left: dict[int, int] = {}

    def told(number, value):
        rest = left.get(number, often)
        if not rest:
            return value
        left[number] = rest - 1
        return note(number, value)

    return told


class _Noting(ast.NodeTransformer):
    """Wraps every expression that is read."""

    def __init__(self, names):
        self._names = names

    def visit_body(self, function):
        body = function.body
        if isinstance(body, list):
            function.body = [self.visit(statement) for statement in body]
        else:
            function.body = self.visit(body)

    def visit_FunctionDef(self, node):
        self.visit_body(node)
        return node

    visit_Lambda = visit_FunctionDef

    def visit_Call(self, node):
        node.args = [self.visit(arg) for arg in node.args]
        for keyword in node.keywords:
            keyword.value = self.visit(keyword.value)
        if isinstance(node.func, ast.Attribute):
            node.func.value = self.visit(node.func.value)
        return self._wrapped(node)

    def visit_JoinedStr(self, node):
        return node

    def visit_AnnAssign(self, node):
        if node.value is not None:
            node.value = self.visit(node.value)
        return node

    def generic_visit(self, node):
        super().generic_visit(node)
        plain = isinstance(node, ast.expr) and isinstance(getattr(node, "ctx", ast.Load()), ast.Load)
        return self._wrapped(node) if plain and not isinstance(node, ast.Starred | ast.Slice) else node

    def _wrapped(self, node):
        number = self._names.get(id(node))
        if number is None:
            return node
        call = helper("_note", ast.Constant(number), node)
        return ast.copy_location(call, node)
