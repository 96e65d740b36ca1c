"""Edits that look beyond what a line sees: at the number of the step, at the first step, at the function around it."""

import ast
import textwrap

from refimpl.oracle import edits
from refimpl.oracle.diagnosis.expressions import NUMBERS, classes_of, names_of, wrapped
from refimpl.oracle.diagnosis.nodes import binary, call, helper, kept
from refimpl.oracle.diagnosis.vocabulary import Edit, expressions, statements

SIMPLE = (ast.Assign, ast.AugAssign, ast.Expr)


def edits_in_time(operation, units):
    """Edits of the units of an operation whose output has steps.

    A statement or a summand, factor or operand is left out in the first step, or in all others; so is a listed
    mistake made; a value is kept from the first step, or added to the old ones; a number fades.

    Parameters
    ----------
    operation : Operation
        From the catalog.
    units : sequence of units.Unit
        After `Workshop.look`.

    Yields
    ------
    Edit
        In the order of the source, listed mistakes first.
    """
    if not any(output.steps for output in operation.outputs):
        return
    for unit in units:
        rows = [row for row in statements(unit.node) if row[1] is not None]
        yield from _listed(operation, unit, rows)
        for statement, parent, field, index in rows:
            rank = unit.distance(statement)
            if isinstance(statement, SIMPLE):
                for test in _tests():
                    yield Edit(unit, statement, parent, field, index, ast.If(test, [statement], []), rank + 1)
            for node, above, name, where in expressions(statement):
                kinds = unit.values.get(id(node), set())
                for more, new in _of_expression(node, kinds):
                    yield Edit(unit, statement, above, name, where, new, rank + more)
                if isinstance(above, ast.Call | ast.keyword):  # where it is handed on, for all that use it
                    yield from (Edit(unit, statement, above, name, where, new, 2) for new in _faded(node, kinds))


def _tests():
    """Whether it is the first step, and whether it is a later one, by how often a place was come to."""
    return [ast.Compare(kept("_turn"), [operator()], [ast.Constant(1)]) for operator in (ast.Eq, ast.Gt)]


def _listed(operation, unit, rows):
    """Listed mistakes of one line that are made in the first step alone, or from the second one on."""
    by_line = {row[0].lineno: row for row in rows}
    for alternative in edits.shown_in(operation.name):
        if len(alternative.edits) != 1:
            continue
        ((key, text),) = alternative.edits.items()
        place = edits.place(operation.system, key)
        if place.module != unit.module or place.first not in by_line or place.text.endswith(":"):
            continue
        statement, parent, field, index = by_line[place.first]
        try:
            new = ast.parse(textwrap.dedent(text)).body
        except SyntaxError:  # the head of a compound statement
            continue
        if not any(isinstance(node, ast.Return) for node in [statement, *new]):
            for test in _tests():
                yield Edit(unit, statement, parent, field, index, ast.If(test, new, [statement]), 1)


def _of_expression(node, kinds):
    """What may stand in the place of an expression, each with its rank."""
    if isinstance(node, ast.BinOp):
        inner = [part for part in (node.left, node.right) if isinstance(part, ast.BinOp)]
        parts = [node.left, node.right, *(part for side in inner for part in (side.left, side.right))]
        yield from ((2, ast.IfExp(test, part, node)) for part in parts for test in _tests())
    if not kinds or isinstance(node, ast.Constant):
        return
    if all(kind[0] in (*NUMBERS, "array") for kind in kinds):
        for name in ("_first", "_summed"):
            yield 3, kept(name, node)
    yield from ((3, new) for new in _faded(node, kinds))


def _faded(node, kinds):
    """A number that grows smaller from step to step."""
    if isinstance(node, ast.Name) and kinds and all(kind[0] == "float" or kind[1:2] == ((),) for kind in kinds):
        yield from (binary(node, ast.Div, divisor) for divisor in (kept("_turn"), call("sqrt", kept("_turn"))))


def edits_from_around(units):
    """Names exchanged for the same ones of a function that calls, straight or by others, the one that reads them.

    Such as a gradient as it was before it was clipped.

    Parameters
    ----------
    units : sequence of units.Unit
        After `Workshop.look`.

    Yields
    ------
    Edit
        In the order of the source.
    """
    known = {
        unit: [(text, classes) for text, node, classes in names_of(unit) if isinstance(node, ast.Name)]
        for unit in units
        if isinstance(unit.node, ast.FunctionDef)
    }
    for unit in filter(lambda unit: unit.own, units):
        around = [(other, *row) for other, rows in known.items() if other is not unit for row in rows]
        for statement, *_ in statements(unit.node):
            for node, above, name, where in expressions(statement):
                wanted = classes_of(unit.values.get(id(node), set()))
                arrays = wanted and not wanted & {("type",), ("module",), ("number",)}
                if not arrays or not isinstance(node, ast.Name | ast.Attribute):
                    continue
                own = node.id if isinstance(node, ast.Name) else node.attr
                for other, text, classes in around:
                    if text == own and classes & wanted:
                        new = helper("_around", ast.Constant(other.node.name), ast.Constant(text))
                        yield Edit(unit, statement, above, name, where, new, 2)


def edits_at_entry(units):
    """Arguments of inner functions that are changed before they are used, which is at all their places at once.

    Parameters
    ----------
    units : sequence of units.Unit
        After `Workshop.look`.

    Yields
    ------
    Edit
        In the order of the source.
    """
    for unit in units:
        if not unit.own or not isinstance(unit.node, ast.FunctionDef):
            continue
        every = unit.node.args
        arguments = {a.arg for a in (*every.posonlyargs, *every.args, *every.kwonlyargs)}
        first = next((row for row in statements(unit.node) if row[1] is unit.node), None)
        if first is None:
            continue
        statement, parent, field, index = first
        read = {n.id: n for n in ast.walk(unit.node) if isinstance(n, ast.Name) and unit.values.get(id(n))}
        for name in sorted(arguments & read.keys()):
            for rank, new in wrapped(read[name], unit.values[id(read[name])]):
                changed = ast.Assign([ast.Name(name, ast.Store())], new)
                yield Edit(unit, statement, parent, field, slice(index, index + 1), [changed, statement], rank + 2)
