"""Which edits of a source are tried: what may be wrong with an expression, a statement, or their order.

Only edits that fit the kinds of value seen at an expression are made. `rank` says how plain an edit is; those of tagged
lines are plainer than those of lines that carry no equation.
"""

import ast
import re
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

from refimpl.oracle.diagnosis.expressions import ARITHMETIC, classes_of, expression_edits, names_of
from refimpl.oracle.diagnosis.nodes import call, lent
from refimpl.oracle.diagnosis.slips import calls_of, one_less, other_functions, slips


@dataclass(eq=False)
class Edit:
    """One node of a function exchanged for another one."""

    unit: Any  # units.Unit
    statement: Any  # the statement that holds it, or the lambda
    parent: Any
    field: str
    index: int | slice | None
    new: Any
    rank: int
    old: Any = None  # what stood there, and the same of an earlier time: a kept edit is tried beside itself

    @property
    def there(self):
        """What stands in its place now."""
        place = getattr(self.parent, self.field)
        return place if self.index is None else place[self.index]

    def like(self, new, more=0):
        """An edit of the same place."""
        return replace(self, new=new, rank=self.rank + more, old=None)

    def make(self):
        """Put the new node into the tree."""
        self._locate()
        self.old = self.there, self.old
        if self.index is None:
            setattr(self.parent, self.field, self.new)
        else:
            getattr(self.parent, self.field)[self.index] = self.new

    def _locate(self):
        """Give new nodes their lines; edits are many, and most are never made."""
        for node in self.new if isinstance(self.new, list) else [self.new]:
            if "lineno" not in vars(node):
                ast.fix_missing_locations(ast.copy_location(node, self.statement))

    def unmake(self):
        """Take it out again."""
        old, self.old = self.old
        if self.index is None:
            setattr(self.parent, self.field, old)
        elif isinstance(self.index, slice):
            start = self.index.start
            getattr(self.parent, self.field)[start : start + len(self.new)] = old
        else:
            getattr(self.parent, self.field)[self.index] = old

    def code(self):
        """Code object of the function with the new node in its tree."""
        self.make()
        try:
            return self.unit.compiled()
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            raise SyntaxError(str(error)) from error
        finally:
            self.unmake()

    @property
    def tags(self):
        """Of the statement."""
        return () if self.added else self.unit.tags.get(self.statement.lineno, ())

    @property
    def where(self):
        """The first tag of the statement; the name of its function if it has none."""
        return self.tags[0] if self.tags else self.unit.name

    @property
    def was(self):
        """The statement as it is; of a function at whose start one is added its head."""
        return head(self.unit.node if self.added else self.moved or self.statement)

    @property
    def lines(self):
        """The tag or function of the statement, how it is, how it reads with the edit; one row."""
        return ((self.where, self.was, self.now),)

    @property
    def added(self):
        """Whether a statement is put before the first one of a function."""
        two = isinstance(self.new, list) and len(self.new) == 2 and not self.moved
        return two and self.statement is self.new[1] is not self.new[0]

    @property
    def moved(self):
        """The statement that is done earlier or later; None if the edit is of another kind."""
        if not isinstance(self.index, slice) or len(self.new) != self.index.stop - self.index.start:
            return None
        return self.new[-1] if self.new[-1] is self.statement else self.new[0]

    @property
    def made(self):
        """What is new of an expression."""
        self._locate()
        return plain(ast.unparse(self.new))

    @property
    def now(self):
        """The same as edited."""
        self._locate()
        if self.moved:
            late = self.new[-1] is self.moved
            return f"{head(self.moved)}  # {'after' if late else 'before'} {head(self.new[-2 if late else 1])}"
        if self.added:
            return f"{head(self.new[0])}  # at its start"
        if isinstance(self.index, slice):
            return "; ".join(map(head, self.new))
        if isinstance(self.new, ast.If) and "_shop_turn(" in ast.unparse(self.new.test):
            when = "in the first step alone" if "==" in ast.unparse(self.new.test) else "from the second step on"
            return f"{'; '.join(map(head, self.new.body))}  # {when}"
        if isinstance(self.new, ast.stmt):
            return head(self.new)
        self.make()
        try:
            return head(self.statement)
        finally:
            self.unmake()


def head(node):
    """A statement as text, of a compound one its head."""
    if isinstance(node, ast.If | ast.While):
        text = f"{type(node).__name__.lower()} {ast.unparse(node.test)}:"
    elif isinstance(node, ast.For):
        text = f"for {ast.unparse(node.target)} in {ast.unparse(node.iter)}:"
    elif isinstance(node, ast.With):
        text = f"with {', '.join(map(ast.unparse, node.items))}:"
    elif isinstance(node, ast.FunctionDef):
        text = f"def {node.name}({ast.unparse(node.args)}):"
    else:
        text = ast.unparse(node)
    return plain(text)


def plain(text):
    """A source without what an open workshop lends to it."""
    text = re.sub(r"_shop_(previous|delayed|first|summed)\(\d+, ", r"\1(", text)
    text = re.sub(r"_shop_turn\(\d+\)", "step", text)
    text = re.sub(r"_shop_around\('(\w+)', '(\w+)'\)", r"(\2 of \1)", text)
    return text.replace("_shop_np.", "xp.").replace("_shop_tick()", "").strip()


def edits_of(unit, among=None):
    """Every edit of a unit that fits the values seen in it.

    Parameters
    ----------
    unit : units.Unit
        After `Workshop.look`.
    among : set of int, optional
        Ids of the statements that are edited; all by default.

    Yields
    ------
    Edit
        In the order of the source.
    """
    unit.names, calls = names_of(unit), calls_of(unit.node)
    for statement, parent, field, index in statements(unit.node):
        if among is not None and id(statement) not in among:
            continue
        extra = unit.distance(statement)
        for rank, new in statement_edits(statement, parent, field, index, unit):
            target = slice(index, index + len(new[1])) if new[0] == "body" else index
            if new[0] == "body":
                yield Edit(unit, statement, parent, field, target, new[2], rank + extra)
            else:
                yield Edit(unit, statement, parent, field, index, new[1], rank + extra)
        for node, above, name, where in expressions(statement):
            kinds = unit.values.get(id(node), set())
            if isinstance(node, ast.expr) and not kinds and not isinstance(node, ast.Constant | ast.Attribute):
                continue  # it was never run
            less = one_less(node, kinds) if name == "iter" else ()
            other = other_functions(node, calls)
            for rank, new in (*expression_edits(node, kinds, unit), *slips(node, kinds), *less, *other):
                yield Edit(unit, statement, above, name, where, new, rank + extra)


def statements(function):
    """Statements of a function with their places; a lambda is its own."""
    if isinstance(function, ast.Lambda):
        yield function, None, "", None
        return
    for node in ast.walk(function):
        for field in ("body", "orelse", "finalbody"):
            rows = getattr(node, field, None)
            if isinstance(rows, list):
                for index, statement in enumerate(rows):
                    if not isinstance(statement, ast.FunctionDef) and not _silent(statement):
                        yield statement, node, field, index


def _silent(statement):
    """Docstrings, counters and checks."""
    if isinstance(statement, ast.If) and isinstance(statement.body[0], ast.Raise):
        return True
    if isinstance(statement, ast.Pass) or checks(statement):
        return True
    return isinstance(statement, ast.Expr) and (
        isinstance(statement.value, ast.Constant) or ast.unparse(statement.value).startswith(f"{lent('_tick')}(")
    )


def checks(statement):
    """Whether a statement is a check of arguments whose result nobody reads."""
    return isinstance(statement, ast.Expr) and ast.unparse(statement.value).startswith(("check.", "(check.", "_check"))


def expressions(statement):
    """Expressions read in a statement itself, not in the statements inside it, with their places."""
    todo: list[tuple[ast.AST, Any]] = [(statement, None)]
    while todo:
        node, _ = todo.pop()
        for field, value in ast.iter_fields(node):
            rows = value if isinstance(value, list) else [value]
            for index, child in enumerate(rows):
                if not isinstance(child, ast.AST) or isinstance(child, ast.stmt):
                    continue
                if isinstance(child, ast.expr_context | ast.operator | ast.cmpop | ast.boolop | ast.unaryop):
                    continue
                if field in ("annotation", "returns", "decorator_list") or isinstance(child, ast.JoinedStr):
                    continue
                if isinstance(child, ast.expr) and field != "func" and _read(child):
                    yield child, node, field, index if isinstance(value, list) else None
                todo.append((child, None))


def names_in(node, context=ast.expr_context):
    """Names that stand in a part of a source, in a context: all of them, those that are read, or given a value."""
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, context)}


def _read(node):
    return isinstance(getattr(node, "ctx", ast.Load()), ast.Load) and not isinstance(node, ast.Slice | ast.Starred)


def statement_edits(statement, parent, field, index, unit):
    """(rank, (field, new)) of one statement exchanged, or (rank, ("body", old, new)) of several."""
    simple = (ast.Assign, ast.AugAssign, ast.Expr, ast.Return, ast.AnnAssign)
    if parent is None:
        return
    rows = getattr(parent, field)
    if isinstance(statement, ast.Assign | ast.AugAssign | ast.Expr | ast.If | ast.For):
        yield 0, ("one", ast.Pass())
    if isinstance(statement, simple):
        for later in range(index + 1, min(len(rows), index + 6)):
            if isinstance(rows[later], ast.Return | ast.FunctionDef):
                break
            if _silent(rows[later]):  # past which nothing moves
                continue
            block = rows[index : later + 1]
            yield (0 if later == index + 1 else 1), ("body", block, [*block[1:], block[0]])
            if later > index + 1:
                yield 1, ("body", block, [block[-1], *block[:-1]])
    if isinstance(statement, ast.Assign | ast.AugAssign):
        yield 2, ("body", [statement], [statement, statement])
    if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
        yield from _gated(statement, unit)
    if isinstance(statement, ast.AugAssign):
        for other in ARITHMETIC:
            if not isinstance(statement.op, other):
                yield 0, ("one", ast.AugAssign(statement.target, other(), statement.value))
        target = ast.copy_location(type(statement.target)(**dict(ast.iter_fields(statement.target))), statement.target)
        yield 0, ("one", ast.Assign([target], statement.value))
    if isinstance(statement, ast.If):
        for test in (ast.Constant(True), ast.Constant(False), ast.UnaryOp(ast.Not(), statement.test)):
            yield 0, ("one", ast.If(test, statement.body, statement.orelse))
    if isinstance(statement, ast.For):
        items = ast.Call(ast.Name("list", ast.Load()), [statement.iter], [])
        cuts = [ast.Slice(ast.Constant(1), None), ast.Slice(None, ast.Constant(-1)), ast.Slice(None, ast.Constant(1)),
                ast.Slice(None, None, ast.Constant(-1))]  # fmt: skip
        for new in [ast.List([], ast.Load()), *(ast.Subscript(items, cut, ast.Load()) for cut in cuts)]:
            yield 1, ("one", ast.For(statement.target, new, statement.body, statement.orelse))
    if isinstance(statement, ast.While):
        yield 1, ("one", ast.While(ast.Constant(False), statement.body, statement.orelse))
        yield 1, ("one", ast.If(statement.test, statement.body, statement.orelse))
    if isinstance(statement, ast.Break):
        yield 0, ("one", ast.Continue())
    if isinstance(statement, ast.Continue):
        yield 0, ("one", ast.Break())
        yield 0, ("one", ast.Pass())


def _gated(statement, unit):
    """A value that is renewed only where another one is not 0, or has one sign."""
    target, value = statement.targets[0], statement.value
    kinds = unit.values.get(id(value), set())
    wanted = {kind for kind in classes_of(kinds) if kind[0] == "array" and kind[1] > 0}
    if not wanted or not any(text == target.id for text, _, _ in unit.names):
        return
    old = ast.Name(target.id, ast.Load())
    for text, node, classes in unit.names:
        if classes & wanted and text != target.id:
            for operator in (ast.NotEq, ast.Gt, ast.Lt):
                test = ast.Compare(deepcopy(node), [operator()], [ast.Constant(0)])
                yield 3, ("one", ast.Assign([target], call("where", test, value, old)))
