"""The living functions that an operation runs, each with its syntax tree."""

import ast
import gc
import sys
import textwrap
import types
import warnings
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from refimpl.oracle import catalog, edits
from refimpl.oracle.edits import FOLDER

CLOSED = ("check", "arrays", "elementwise", "autodiff", "tree", "loop", "backends", "random", "_loops")  # of core


@dataclass(eq=False)
class Unit:
    """A living function that can be edited."""

    function: types.FunctionType
    node: Any  # ast.FunctionDef or Lambda; edits replace nodes below it
    outer: ast.stmt  # the statement of the module, or of a class, that holds it
    own: bool  # whether it is the system's own source, and not shared or the spec's loop
    spec: bool
    tags: dict[int, tuple[str, ...]]  # first line of a statement -> tags
    module: str = ""
    system: str = ""  # of the operation
    number: int = 0  # among the functions of its name in its line: lambdas
    names: list = field(default_factory=list)  # of `expressions.names_of`
    values: dict[int, set] = field(default_factory=dict)  # id of an expression -> kinds of value that it took

    @property
    def name(self):
        """As in the source."""
        return self.function.__qualname__

    def distance(self, statement):
        """How far a statement is from the rule: 0 in a line that is an equation of the system, wherever it stands."""
        tags = self.tags.get(statement.lineno, ())
        if self._of_the_system(tags):
            return 0
        return (0 if self.own or self._has_equations else 4) + (0 if tags else 2)

    def _of_the_system(self, tags):
        return any(tag.startswith(f"{self.system}-") for tag in tags)

    @cached_property
    def _has_equations(self):
        """Whether some line is an equation of the system: then the others of a shared function are its own as well."""
        lines = range(self.node.lineno, self.node.end_lineno + 1)
        return any(line in lines and self._of_the_system(tags) for line, tags in self.tags.items())

    def compiled(self):
        """Code object of the tree as it is now."""
        tree = ast.Module([self.outer], [])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an edit may be nonsense
            code = compile(tree, f"<{self.module} edited>", "exec", dont_inherit=True)
        old = self.function.__code__
        alike = [c for c in _codes(code) if (c.co_name, c.co_firstlineno) == (old.co_name, old.co_firstlineno)]
        for found in alike[self.number : self.number + 1]:
            if found.co_freevars != old.co_freevars:
                raise SyntaxError("takes other names from around it")
            return found.replace(co_qualname=old.co_qualname)
        raise SyntaxError("is gone")


def _codes(code):
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield constant
            yield from _codes(constant)


@cache
def _module_tree(path):
    text = Path(path).read_text(encoding="utf-8")
    tags: dict[int, tuple[str, ...]] = {}
    tree = ast.parse(text)
    lines = text.splitlines()
    for node in ast.walk(tree):
        if isinstance(node, ast.stmt):
            body = getattr(node, "body", None)
            last = body[0].lineno - 1 if isinstance(body, list) and body[0].lineno > node.lineno else node.end_lineno
            rows = lines[node.lineno - 1 : max(last or 0, node.lineno)]
            if found := tuple(tag for row in rows for tag in edits.tags_of(row)):
                tags[node.lineno] = found
    return tree, tags


def _first_line(node):
    return min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", ()))])


def _find(tree, code):
    """Node of a code object, the statement that holds it, and its number among its likes in the same line."""
    for outer in tree.body:
        inside = outer.body if isinstance(outer, ast.ClassDef) else [outer]
        for statement in inside:
            alike = [
                node
                for node in ast.walk(statement)
                if getattr(node, "name", "<lambda>") == code.co_name
                and isinstance(node, ast.FunctionDef | ast.Lambda)
                and _first_line(node) == code.co_firstlineno
            ]
            alike.sort(key=lambda node: (node.lineno, node.col_offset))
            for number, node in enumerate(alike):
                if len(alike) == 1 or _starts(code) in _span(node):
                    return node, statement, number
    return None


def _starts(code):
    """Column of the first expression of a code object."""
    return next(column for line, _, column, _ in code.co_positions() if column and line == code.co_firstlineno)


def _span(node):
    last = node.end_col_offset if node.end_lineno == node.lineno else 10**6
    return range(node.col_offset, last)


def functions():
    """Living functions of imported modules by the id of their code: a copy of a source has code that is equal."""
    found = (f for f in gc.get_objects() if type(f) is types.FunctionType)
    return {id(f.__code__): f for f in found if f.__globals__ is vars(sys.modules.get(f.__module__, types))}


def units(operation):
    """The functions that the reference of an operation runs, as far as they may be edited: own ones first."""
    return [replace(unit, values={}) for unit in _units(operation.name)]


@cache  # to look through all living functions takes a while
def _units(name):
    operation = catalog.operation(name)
    entry = catalog.system(operation.system)
    living = functions()
    found: list[Unit] = []
    for code in sorted(edits.entered(operation.name), key=lambda c: (c.co_filename, c.co_firstlineno)):
        path = Path(code.co_filename)
        if FOLDER not in path.parents or id(code) not in living or code.co_name.startswith(("_check", "check")):
            continue
        room = path.relative_to(FOLDER).parts
        if room[0] == "oracle" or (room[0] == "core" and path.stem in CLOSED):
            continue
        if room[0] == "specs" and (path.stem != "__init__" or room[1] != entry.chapter):
            continue
        tree, tags = _module_tree(path)
        place = _find(tree, code)
        if place is None:
            continue
        node, outer, number = place
        own = room[0] == entry.chapter
        module = living[id(code)].__module__
        unit = Unit(living[id(code)], node, outer, own, room[0] == "specs", tags, module, operation.system, number)
        found.append(unit)
    nested = {id(n) for unit in found for n in ast.walk(unit.node) if n is not unit.node}
    found = [unit for unit in found if id(unit.node) not in nested]  # made anew by the function around it
    return sorted(found, key=lambda unit: (not unit.own, unit.spec))


def based(system, every, base):
    """Units whose trees have the edits of a listed mistake in them."""
    changes: dict[str, list] = {}
    for key, text in base.items():
        found = edits.place(system, key)
        changes.setdefault(found.module, []).append((found, text))
    touched = {(p.module, p.function) for rows in changes.values() for p, _ in rows}
    trees = {}
    for module, rows in changes.items():
        path = Path(str(sys.modules[module].__file__))
        lines = path.read_text(encoding="utf-8").splitlines()
        for found, text in sorted(rows, key=lambda row: row[0].first, reverse=True):
            height = found.last - found.first + 1
            new = textwrap.indent(textwrap.dedent(text), " " * found.indent)
            joined = _same_height(new, height)
            if joined is None:
                return
            lines[found.first - 1 : found.last] = joined
        trees[module] = ast.parse("\n".join(lines))
    for unit in every:
        outer = unit.name.partition(".<locals>")[0]
        if (unit.module, outer) not in touched:
            yield unit
            continue
        place = _find(trees[unit.module], unit.function.__code__)
        if place is not None:
            node, outer, number = place
            yield replace(unit, node=node, outer=outer, number=number)


def _same_height(text, height):
    """Lines of a text fitted to so many lines, so that everything below keeps its number; None where it cannot be."""
    lines = text.splitlines()
    if len(lines) <= height:
        return lines + [""] * (height - len(lines))
    indent = len(lines[0]) - len(lines[0].lstrip())
    try:
        statements = ast.parse(textwrap.dedent(text)).body
    except SyntaxError:  # the head of a compound statement
        return None
    simple = (ast.Assign, ast.AugAssign, ast.Expr, ast.Pass, ast.Raise, ast.AnnAssign)
    if not all(isinstance(s, simple) for s in statements):
        return None
    return [" " * indent + "; ".join(ast.unparse(s) for s in statements)] + [""] * (height - 1)
