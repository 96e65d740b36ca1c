"""Checks of arguments, set aside while a rule is open for edits: what is put to it lies inside the contract."""

import ast
import contextlib

from refimpl.oracle.diagnosis.vocabulary import checks

_checked: dict[int, tuple[ast.AST, list]] = {}  # id of a tree -> the tree, where its checks stand


def _checks(outer):
    """The checks whose result nobody reads in a tree, each with the list of statements in which it stands."""
    if id(outer) not in _checked:
        rows = [getattr(node, field, None) for node in ast.walk(outer) for field in ("body", "orelse")]
        found = [(row, part) for row in rows if isinstance(row, list) for part in row if checks(part)]
        _checked[id(outer)] = (outer, found)
    return _checked[id(outer)][1]


@contextlib.contextmanager
def unchecked(every):
    """In the body the trees of some units have no checks whose result nobody reads: they take up to half of a run.

    Places are found by what stands there: meanwhile loops may have got a statement that counts their rounds, which
    shifts the others.
    """
    taken = []
    for outer in {id(unit.outer): unit.outer for unit in every}.values():
        for rows, statement in _checks(outer):
            nothing = ast.copy_location(ast.Pass(), statement)
            if _exchanged(rows, statement, nothing):
                taken.append((rows, statement, nothing))
    try:
        yield
    finally:
        for rows, statement, nothing in taken:
            _exchanged(rows, nothing, statement)


def _exchanged(rows, old, new):
    """Whether a statement stood in a list, where another one stands in its place now."""
    place = next((index for index, statement in enumerate(rows) if statement is old), None)
    if place is not None:
        rows[place] = new
    return place is not None
