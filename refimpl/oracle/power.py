"""How good the oracle is: mutants of the sources by an independent list of operators, killed and explained.

The operators are those of the mutation tools cosmic-ray and mutmut, written apart from the vocabulary of the search.
"""

import ast
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

import numpy as np

from refimpl.core.random import stream
from refimpl.oracle import catalog, edits
from refimpl.oracle.candidates import Function
from refimpl.oracle.diagnosis.evidence import Evidence
from refimpl.oracle.diagnosis.explain import SECONDS, explain
from refimpl.oracle.diagnosis.nearest import listed_answer
from refimpl.oracle.diagnosis.nodes import lent
from refimpl.oracle.diagnosis.standing import holds
from refimpl.oracle.diagnosis.vocabulary import Edit, expressions, statements
from refimpl.oracle.diagnosis.workshop import EndlessError, Workshop, bounded
from refimpl.oracle.judging.plans import Settings
from refimpl.oracle.judging.run import run
from refimpl.oracle.judging.tolerance import wide
from refimpl.oracle.output.words import cause
from refimpl.oracle.output.words import explained as beside

BINARY = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow)
COMPARE = (ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE)
FRESH = 200  # random inputs on which an explanation must answer as the mutant
TOLD = ("mistake", "variant", "choice", "use", "change", "several")


def mutations(unit):
    """Edits of a function by the operators of cosmic-ray and mutmut."""
    for statement, parent, field, index in statements(unit.node):
        if isinstance(statement, ast.Break | ast.Continue) and parent is not None:
            other = ast.Continue() if isinstance(statement, ast.Break) else ast.Break()
            yield Edit(unit, statement, parent, field, index, other, 0)
        if isinstance(statement, ast.For):
            yield Edit(unit, statement, statement, "iter", None, ast.List([], ast.Load()), 0)
        if isinstance(statement, ast.AugAssign):
            for op in BINARY:
                if not isinstance(statement.op, op):
                    yield Edit(
                        unit, statement, parent, field, index, ast.AugAssign(statement.target, op(), statement.value), 0
                    )
        for node, above, name, where in expressions(statement):
            for new in changed(node):
                yield Edit(unit, statement, above, name, where, new, 0)


def changed(node):
    """What the operators make of an expression."""
    if isinstance(node, ast.BinOp):
        for op in BINARY:
            if not isinstance(node.op, op):
                yield ast.BinOp(node.left, op(), node.right)
    elif isinstance(node, ast.Compare) and len(node.ops) == 1 and isinstance(node.ops[0], COMPARE):
        for other in COMPARE:
            if not isinstance(node.ops[0], other):
                yield ast.Compare(node.left, [other()], node.comparators)
    elif isinstance(node, ast.UnaryOp):
        yield node.operand
        if isinstance(node.op, ast.USub):
            yield ast.UnaryOp(ast.UAdd(), node.operand)
    elif isinstance(node, ast.BoolOp):
        yield ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values)
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield ast.Constant(not node.value)
    elif isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        yield from (ast.Constant(node.value + step) for step in (1, -1))
    elif isinstance(node, ast.Call):
        for k in range(len(node.args)):
            if len(node.args) > 1:
                yield ast.Call(node.func, node.args[:k] + node.args[k + 1 :], node.keywords)
        for k in range(len(node.keywords)):
            yield ast.Call(node.func, node.args, node.keywords[:k] + node.keywords[k + 1 :])


class Mutant:
    """An operation whose source has one line edited, as a candidate that knows nothing of that."""

    def __init__(self, operation, edit, limit):
        self.operation, self.edit, self.limit = operation, edit, limit
        self.code = edit.code()

    def __call__(self, **inputs):
        left = self.limit

        def tick():
            nonlocal left
            left -= 1
            if left < 0:
                raise EndlessError

        function = self.edit.unit.function
        space = function.__globals__
        before, counter = function.__code__, space.get(lent("_tick"))
        space[lent("_tick")] = tick
        try:
            function.__code__ = self.code
            with bounded():
                return self.operation.reference(**inputs)
        except EndlessError:
            raise RuntimeError("an endless loop") from None
        finally:
            function.__code__ = before
            if counter is None:
                space.pop(lent("_tick"))
            else:
                space[lent("_tick")] = counter


@dataclass
class Row:
    """What became of one mutant."""

    operation: str
    tag: str
    was: str
    now: str
    killed: bool
    alike: bool = False  # not killed, and it answers as the reference on fresh inputs too: it may change nothing
    raises: bool = False  # in every case that it fails, or takes what must be refused: that is the diagnosis
    kind: str = ""  # of the diagnosis
    told: bool = False
    wrong: bool = False  # whether what was told differs from the mutant on fresh inputs
    seconds: float = 0.0
    words: str = ""


def measure(operation, edit_or_pair, *, seconds=SECONDS, limit=10**6):
    """Judge one mutant, or a pair of listed mistakes, and have it explained.

    Returns
    -------
    Row
        See there.
    """
    function: Callable[..., Any]
    if isinstance(edit_or_pair, Edit):
        function = Mutant(operation, edit_or_pair, limit)
        tag, was, now = (edit_or_pair.tags or (edit_or_pair.unit.name,))[0], edit_or_pair.was, edit_or_pair.now
    else:
        a, b = edit_or_pair
        both = {**a.edits, **b.edits}

        def function(**inputs):
            with edits.edited(operation.system, both):
                return operation.reference(**inputs)

        tag, was, now = "", a.slug, b.slug
    candidate = Function(function, operation=operation.name, name="mutant")
    done = run(candidate, [operation], Settings())
    killed = any(record.status in ("failed", "error") for record in done.records)
    row = Row(operation.name, tag, was, now, killed)
    row.raises = killed and all(record.status != "failed" for record in done.records)
    if not killed:
        refusals = run(candidate, [operation], Settings(only=["refuses:*"], laws=False, errors=True)).records
        row.killed = row.raises = any(record.status == "failed" for record in refusals)
        row.alike = not row.killed and not any(sight.wrong for sight in _fresh(operation, candidate))
    if not killed or row.raises:
        return row
    told = explained(candidate, operation, done, seconds)
    row.kind, row.told, row.wrong, row.seconds = (told[key] for key in ("kind", "told", "wrong", "seconds"))
    row.words = told["words"][0] if told["words"] else ""
    return row


def explained(candidate, operation, done, seconds=SECONDS):
    """What is said of a candidate that deviates, and whether it is so, as plain data.

    Parameters
    ----------
    candidate : Candidate
        Is asked further questions.
    operation : Operation
        The one that was judged.
    done : Run
        What came of it.
    seconds : float
        Of the processor, for the diagnosis.

    Returns
    -------
    dict
        ``kind`` of the diagnosis, its ``words`` line by line, whether it is ``told`` (an explanation of all answers),
        whether that is ``wrong`` on fresh random inputs, and the ``seconds`` of the processor.
    """
    start = time.process_time()
    told = explain(done, candidate, seconds)
    took = time.process_time() - start
    first = told.diagnosis
    kind = first.kind if first else ""
    is_told = kind in TOLD
    words = [line for d in filter(None, (first, *told.findings)) for line in (cause(d), *beside(d))]
    wrong = is_told and _contradicted(operation, candidate, told)
    return {"kind": kind, "words": words, "told": is_told, "wrong": wrong, "seconds": took}


def _contradicted(operation, candidate, told):
    """Whether an explanation differs from the candidate on fresh random inputs."""
    if told.source is not None:
        answer = told.source.on(operation)
    else:
        answer = listed_answer(edits.alternatives(operation.system)[told.diagnosis.names[0]], operation)
    return any(sight.got is not None and not holds(answer, sight) for sight in _fresh(operation, candidate))


def _fresh(operation, candidate):
    """What a candidate answers to random inputs that nothing was drawn from before."""
    evidence = Evidence(operation, candidate, "float64", [])
    for number in range(FRESH):
        evidence.ask(operation.drawn(stream(number, operation.name, "power")))
    evidence.measure()
    return evidence.further


def lines_run(operation):
    """(file, line) of every line that the reference of an operation runs on any of its cases."""
    seen = set()
    files = {code.co_filename for code in edits.entered(operation.name)}

    def local(frame, event, argument):
        if event == "line":
            seen.add((frame.f_code.co_filename, frame.f_lineno))
        return local

    before = sys.gettrace()
    sys.settrace(lambda frame, event, argument: local if frame.f_code.co_filename in files else None)
    try:
        for case in (case for case in operation.cases if not case.small):  # a large one runs what its small one runs
            operation.reference(**case.inputs)
    finally:
        sys.settrace(before)
    return seen


def chosen(operation, count, seed=0):
    """Some of the mutants of the tagged lines that an operation runs, drawn at random; they may change nothing."""
    seen = lines_run(operation)

    def runs(edit):
        file, statement = sys.modules[edit.unit.function.__module__].__file__, edit.statement
        body = getattr(statement, "body", None)
        last = max(statement.lineno, body[0].lineno - 1) if body else statement.end_lineno
        return any((file, line) in seen for line in range(statement.lineno, last + 1))

    with np.errstate(all="ignore"), Workshop(operation) as shop:
        smallest = min(operation.cases, key=lambda case: sum(np.size(v) for v in case.inputs.values()))
        shop.calibrate(wide(smallest.inputs))
        every = [e for unit in shop.units if unit.own for e in mutations(unit) if e.tags and runs(e)]
        order = stream(seed, operation.name, "mutants").permutation(len(every))
        found = []
        for k in order:
            try:
                every[k].code()
            except SyntaxError:
                continue
            found.append(every[k])
            if len(found) == count:
                break
    return found, shop.limit * 50  # at least a thousand times as many rounds as the right source makes


def pairs(operation, count, seed=0):
    """Some pairs of listed mistakes of different lines."""
    known = [
        a for a in edits.shown_in(operation.name, "mistake") if a.edits and edits.short(operation) not in a.functions
    ]
    every = [(a, b) for a, b in combinations(known, 2) if not a.edits.keys() & b.edits.keys()]
    order = stream(seed, operation.name, "pairs").permutation(len(every))
    return [every[k] for k in order[:count]]


def measured(name, mutants, pairs_asked, seconds):
    """Rows of one operation, as plain data: its mutants, then its pairs of listed mistakes.

    Parameters
    ----------
    name : str
        Of the operation.
    mutants, pairs_asked : int
        How many of each, at most.
    seconds : float
        For each diagnosis.

    Returns
    -------
    tuple of list of dict
        See `Row`.
    """
    operation = catalog.operation(name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of means of nothing, and what else a mutant does
        edited, limit = chosen(operation, mutants)
        first = [asdict(measure(operation, edit, seconds=seconds, limit=limit)) for edit in edited]
        return first, [asdict(measure(operation, pair, seconds=seconds)) for pair in pairs(operation, pairs_asked)]


def summary(system, singles, doubles):
    """The figures of one system."""
    asked = [row for row in singles if row["killed"] and not row["raises"]]
    both = [row for row in doubles if row["killed"] and not row["raises"]]
    took = sorted(row["seconds"] for row in asked) or [0.0]
    return {
        "system": system,
        "mutants": len(singles),
        "alike": sum(row["alike"] for row in singles),
        "killed": sum(row["killed"] for row in singles),
        "raised": sum(row["raises"] for row in singles),
        "told": sum(row["told"] and not row["wrong"] for row in asked),
        "pairs": len(both),
        "pairs_told": sum(row["told"] and not row["wrong"] for row in both),
        "wrong": sum(row["wrong"] for row in asked + both),
        "median": round(float(np.median(took)), 1),
        "longest": round(took[-1], 1),
        "alive": [_line(row) for row in singles if not row["killed"] and not row["alike"]],
        "same": [_line(row) for row in singles if row["alike"]],
        "untold": [_line(row) for row in asked if not row["told"] or row["wrong"]],
        "misled": [f"{_line(row)}, told as: {row['words']}" for row in asked + both if row["wrong"]],
    }


def _line(row):
    what = f"({row['tag']}): {row['now']}" if row["tag"] else f"with {row['was']} and {row['now']}"
    return f"{row['operation']} {what}"
