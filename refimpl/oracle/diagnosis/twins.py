"""The same slip in like places: expressions that differ in names and numbers alone, edited in the same way.

Whoever reads a formula wrongly writes both of its lines wrongly: the corrections of two moments, the gradients of two
layers, the axis of a maximum and of a sum.
"""

import ast
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from refimpl.oracle.diagnosis.vocabulary import expressions, head, statements

MOST = 6  # like places that are edited at once
LEAST = 4  # nodes of an expression that has a twin
MORE = 1  # by so much an edit of several places is less plain than that of one


@dataclass(eq=False)
class Twins:
    """Several edits of one function at once."""

    edits: tuple[Any, ...]  # vocabulary.Edit

    @property
    def unit(self):
        """Of all of them."""
        return self.edits[0].unit

    @property
    def there(self):
        """What stands in the first place now."""
        return self.edits[0].there

    @property
    def rank(self):
        """How plain they are, together."""
        return max(edit.rank for edit in self.edits) + MORE

    def make(self):
        """Put the new nodes into the tree."""
        for edit in self.edits:
            edit.make()

    def unmake(self):
        """Take them out again."""
        for edit in reversed(self.edits):
            edit.unmake()

    def code(self):
        """Code object of the function with all of them made."""
        *others, last = self.edits
        for edit in others:
            edit.make()
        try:
            return last.code()
        finally:
            for edit in reversed(others):
                edit.unmake()

    @property
    def lines(self):
        """Each statement once: its tag or function, how it is, how it reads with the edits."""
        found = {id(edit.statement): edit for edit in self.edits}
        before = [head(edit.statement) for edit in found.values()]
        self.make()
        try:
            after = [head(edit.statement) for edit in found.values()]
        finally:
            self.unmake()
        where = [edit.where for edit in found.values()]
        return tuple(zip(where, before, after, strict=True))


def twins(every):
    """Edits that can be made in all of some like expressions.

    Parameters
    ----------
    every : list of vocabulary.Edit
        Those of one place each.

    Yields
    ------
    Twins
        Of two places, and of all, at most `MOST`.
    """
    at: dict[int, list] = {}
    for edit in every:
        if not isinstance(edit.index, slice) and isinstance(edit.there, ast.expr):
            at.setdefault(id(edit.there), []).append(edit)
    done = set()
    for unit in {id(edit.unit): edit.unit for edit in every}.values():
        for group in (some for alike in _alike(unit.node) for some in (alike, *combinations(alike, 2))):
            for nodes in zip(*map(list, map(ast.walk, group)), strict=True):
                rows = [at.get(id(node), ()) for node in nodes]
                if isinstance(nodes[0], ast.Name | ast.Attribute):  # another name means another one in each place
                    rows = [[e for e in row if not isinstance(e.new, ast.Name | ast.Attribute)] for row in rows]
                if len({len(row) for row in rows}) > 1:
                    continue  # their values are of different kinds
                for edits in zip(*rows, strict=True):
                    key = tuple(map(id, edits))
                    if key not in done and len({edit.rank for edit in edits}) == 1:
                        done.add(key)
                        yield Twins(edits)


def _alike(function):
    """Expressions of a function, none inside another, that differ in names and numbers alone."""
    groups: dict[str, list] = {}
    for statement, *_ in statements(function):
        for node, *_ in expressions(statement):
            if isinstance(node, ast.BinOp | ast.Call | ast.UnaryOp | ast.Compare | ast.Subscript):
                groups.setdefault(_shape(node), []).append(node)
    for group in groups.values():
        inside = {id(below) for node in group for below in ast.walk(node) if below is not node}
        apart = [node for node in group if id(node) not in inside]
        if 2 <= len(apart) <= MOST and sum(1 for _ in ast.walk(apart[0])) >= LEAST:
            yield apart


def _shape(node):
    """How an expression is built; functions and keywords keep their names."""
    if isinstance(node, ast.Name | ast.Constant):
        return "name" if isinstance(node, ast.Name) else "number"
    if isinstance(node, ast.Attribute):
        return f"{_shape(node.value)}.{node.attr}"
    rows = []
    for field, value in ast.iter_fields(node):
        if field == "ctx":
            continue
        parts = value if isinstance(value, list) else [value]
        named = [
            ast.unparse(part) if field == "func" else _shape(part) if isinstance(part, ast.AST) else repr(part)
            for part in parts
        ]
        rows.append(f"{field}:{','.join(named)}")
    return f"{type(node).__name__}({';'.join(rows)})"
