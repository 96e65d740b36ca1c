"""The source of a system with some of its lines exchanged: how a mistake or a variant is run.

A mistake says which line of the source reads otherwise, ``{"lion-1": "c = momentum"}``. `edited` compiles the function
that holds the line anew and puts its code object into the living function, so that every caller sees it, and takes it
back at the end. The files are never touched.
"""

import ast
import contextlib
import importlib
import importlib.util
import inspect
import re
import sys
import textwrap
import types
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import refimpl
from refimpl.oracle import catalog
from refimpl.specs.base import Alternative, Operation

TAG = re.compile(r"#((?: \([a-z_0-9]+-\w+\))+)\s*$")  # "# (lion-2)"; of a line that two systems share, both tags
SHARED = ("core", "models", "problems")  # what a system may import: its tags may stand there too
FOLDER = Path(refimpl.__path__[0])


class EditError(ValueError):
    """A place that is not there or not unique, or a text that does not compile; the message says which."""


class Place(NamedTuple):
    """A statement of the source; of a compound one (if, for, while, with, def) its head."""

    module: str
    function: str  # the outermost function that holds it, "update" or "Basis.solve"
    tags: tuple[str, ...]
    text: str  # as it stands in the file, without tags and indentation
    first: int  # lines of the file, counted from 1
    last: int
    indent: int


@cache
def places(system):
    """Every statement inside a function of the files in which a system's rule stands.

    Parameters
    ----------
    system : str
        Its name.

    Returns
    -------
    tuple of Place
        The system's own file and its private companions, its spec (whose loops drive the source), then what it shares
        with others, as far as that carries tags of the system.

    Examples
    --------
    >>> [place.text for place in places("lion") if "lion-1" in place.tags]
    ['c = beta1 * momentum + (1 - beta1) * grad']
    """
    entry = catalog.system(system)
    folder = FOLDER / entry.chapter
    own = [folder / f"{system}.py", *sorted(folder.glob(f"_{system}_*.py"))]
    own.append(FOLDER / "specs" / entry.chapter / system / "__init__.py")
    shared = (path for name in SHARED for path in sorted((FOLDER / name).glob("*.py")) if f"({system}-" in _read(path))
    return tuple(place for path in (*own, *shared) for place in _places_of(path))


@cache
def _read(path):
    return path.read_text(encoding="utf-8")


@cache
def _tree_of(path):
    return ast.parse(_read(path))


@cache
def _places_of(path):
    lines = _read(path).splitlines()
    module = ".".join(("refimpl", *path.relative_to(FOLDER).with_suffix("").parts)).removesuffix(".__init__")
    return tuple(
        _place(module, name, node, lines)
        for name, function in _functions(_tree_of(path))
        for node in ast.walk(function)
        if isinstance(node, ast.stmt) and node is not function and not _is_docstring(node)
    )


def _functions(tree):
    """Name and node of the functions of a module and of the methods of its classes, outermost ones only."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            yield node.name, node
        elif isinstance(node, ast.ClassDef):
            yield from (
                (f"{node.name}.{inner.name}", inner) for inner in node.body if isinstance(inner, ast.FunctionDef)
            )


def _is_docstring(node):
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def tags_of(row):
    """The tags at the end of a line of a source.

    Examples
    --------
    >>> tags_of("w = w + m  # (lion-1) (adamw-2)"), tags_of("m = 0")
    (['lion-1', 'adamw-2'], [])
    """
    found = TAG.search(row)
    return re.findall(r"[a-z_0-9]+-\w+", found[1]) if found else []


def _place(module, function, node, lines):
    body = getattr(node, "body", None)
    last = (body[0].lineno - 1 if body[0].lineno > node.lineno else node.lineno) if body else node.end_lineno
    rows = lines[node.lineno - 1 : last]
    tags = tuple(tag for row in rows for tag in tags_of(row))
    text = textwrap.dedent("\n".join(TAG.sub("", row).rstrip() for row in rows))
    return Place(module, function, tags, text, node.lineno, last, node.col_offset)


def place(system, key):
    """The one statement that a key of an edit means.

    Parameters
    ----------
    system : str
        Its name.
    key : str
        A tag, "lion-1"; a tag in a function, "cbo-2 in consensus", where it stands more than once; or a function and
        how a line of it begins that has no tag, "update: lr =".

    Returns
    -------
    Place
        See there.

    Raises
    ------
    EditError
        If there is no such statement, or more than one.

    Examples
    --------
    >>> place("lion", "lion-1").function
    '_rule'
    >>> place("lion", "lion-99")
    Traceback (most recent call last):
    refimpl.oracle.edits.EditError: no line of lion has the tag 'lion-99'; its tags: lion-1, lion-2, lion-3...
    """
    every = places(system)
    function, colon, line = key.partition(": ")
    if colon:
        inside = [p for p in every if p.function == function]
        found = [p for p in inside if _plain(p.text) == _plain(line)]
        found = found or [p for p in inside if _plain(p.text).startswith(_plain(line))]
        if not found:
            raise EditError(f"no line of {function} of {system} reads {line!r}")
    else:
        tag, _, function = key.partition(" in ")
        found = [p for p in every if tag in p.tags and function in ("", p.function)]
        if not found:
            known = sorted({t for p in every for t in p.tags if t.startswith(f"{system}-")}, key=_natural)
            raise EditError(f"no line of {system} has the tag {key!r}; its tags: {', '.join(known)}")
    if len(found) > 1:
        where = ", ".join(f"{p.module.rpartition('.')[2]}.{p.function} line {p.first}" for p in found)
        raise EditError(f"{key!r} of {system} stands at {len(found)} places ({where}): name the function")
    return found[0]


def _plain(text):
    """A line without its comment, and white space made alike."""
    return " ".join(re.sub(r"\s+#.*$", "", text, flags=re.MULTILINE).split())


def _natural(tag):
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", tag)]


# Exchanging code ----------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def edited(system, edits: Mapping[str, str]) -> Iterator[None]:
    """Run the body with lines of a system's source exchanged; not for two threads at once.

    Parameters
    ----------
    system : str
        Its name.
    edits : mapping of str to str
        Key as for `place` -> what stands there instead: one statement or more, without tag and indentation; of a
        compound statement its head alone; "pass" for nothing.

    Yields
    ------
    None
        While the lines are exchanged.

    Raises
    ------
    EditError
        If a key means no statement, or a text does not compile. Nothing is exchanged then.

    Examples
    --------
    >>> import numpy as np
    >>> from refimpl.optimizers import lion
    >>> step = lambda: lion.update(np.zeros(1), lion.init(np.zeros(1)), np.ones(1), lr=0.5)[0].tolist()
    >>> with edited("lion", {"lion-2": "params = params + lr * (xp.sign(c) + weight_decay * params)"}):
    ...     print(step())
    [0.5]
    >>> step()
    [-0.5]
    """
    swaps = _swaps(system, tuple(sorted(edits.items())))
    before = [(function, function.__code__) for function, _ in swaps]
    try:
        for function, code in swaps:
            function.__code__ = code
        _forget(swaps)
        yield
    finally:
        for function, code in before:
            function.__code__ = code
        _forget(swaps)


def _forget(swaps):
    """Clear what functions remember of their answers, as far as an exchanged function may have made them."""
    for module in {function.__module__ for function, _ in swaps}:
        for remembers in _caches(module):
            remembers.cache_clear()


@cache
def _caches(module):
    values = vars(sys.modules[module]).values()
    return tuple(value for value in values if hasattr(value, "cache_clear") and hasattr(value, "__wrapped__"))


@cache
def _swaps(system, edits):
    """The functions to change, each with its new code."""
    by_function: dict[tuple[str, str], list[tuple[Place, str, str]]] = {}
    for key, text in edits:
        found = place(system, key)
        by_function.setdefault((found.module, found.function), []).append((found, text, key))
    return tuple(
        (living(module, function), _compiled(module, function, changes))
        for (module, function), changes in by_function.items()
    )


def living(module, name):
    """The function object that runs, underneath whatever decorators are around it."""
    found: Any = importlib.import_module(module)
    for part in name.split("."):
        found = inspect.getattr_static(found, part)
    while not (isinstance(found, types.FunctionType) and found.__code__.co_name == name.rpartition(".")[2]):
        found = getattr(found, "__func__", None) or getattr(found, "fget", None) or getattr(found, "__wrapped__", None)
        if found is None:
            raise EditError(f"{module}.{name} is no plain function: its lines cannot be exchanged")
    return found


def _compiled(module, name, changes):
    path = Path(importlib.util.find_spec(module).origin)  # type: ignore[union-attr, arg-type]
    node = dict(_functions(_tree_of(path)))[name]
    lines = _read(path).splitlines()
    for found, text, _ in sorted(changes, key=lambda change: change[0].first, reverse=True):
        new = textwrap.indent(textwrap.dedent(text), " " * found.indent).splitlines()
        lines[found.first - 1 : found.last] = new
    grown = sum(text.count("\n") + 1 - (p.last - p.first + 1) for p, text, _ in changes)
    source = textwrap.dedent("\n".join(lines[node.lineno - 1 : node.end_lineno + grown]))
    try:
        tree = compile(source, f"<{module} edited>", "exec", dont_inherit=True)
    except SyntaxError as error:
        keys = ", ".join(repr(key) for _, _, key in changes)
        raise EditError(f"{name} of {module} does not compile with {keys} edited: {error.msg}") from error
    codes = (c for c in tree.co_consts if isinstance(c, types.CodeType) and c.co_name == node.name)
    code, old = next(codes), living(module, name).__code__
    if (code.co_freevars, inspect.getargs(code)) != (old.co_freevars, inspect.getargs(old)):
        raise EditError(f"{name} of {module} must keep its arguments and what it takes from around it")
    return code.replace(co_qualname=old.co_qualname)


# Alternatives of an operation ---------------------------------------------------------------------------------------


@cache
def entered(operation_name):
    """The code objects that the reference of an operation runs on any of its cases."""
    operation: Operation = catalog.operation(operation_name)
    seen: set[types.CodeType] = set()

    def note(frame, event, argument):
        if event == "call":
            seen.add(frame.f_code)

    for case in (case for case in operation.cases if not case.small):  # a large one runs what its small one runs
        before = sys.getprofile()
        sys.setprofile(note)
        try:
            operation.reference(**case.inputs)
        finally:
            sys.setprofile(before)
    return frozenset(seen)


def short(operation):
    """Name of an operation after the dot."""
    return operation.name.partition(".")[2]


def concerns(operation, alternative: Alternative):
    """Whether a mistake or variant can change anything in an operation: it has a function for it, or lines that run."""
    return short(operation) in alternative.functions or runs(operation, alternative.edits)


def runs(operation, edits):
    """Whether an operation runs a function in which one of some lines stands."""
    swaps = _swaps(operation.system, tuple(sorted(edits.items())))
    return any(function.__code__ in entered(operation.name) for function, _ in swaps)


def runner(operation, alternative: Alternative):
    """A mistake or variant as a function with the signature of an operation.

    Examples
    --------
    >>> import numpy as np
    >>> lion = catalog.system("lion")
    >>> ascent = next(a for a in lion.alternatives if a.slug == "ascent")
    >>> run = runner(lion.operations[0], ascent)
    >>> run(**lion.operations[0].cases[0].inputs)[0].tolist()
    [1.0, 1.0]
    """
    if short(operation) in alternative.functions:
        return alternative.functions[short(operation)]

    def run(**inputs):
        with edited(operation.system, alternative.edits):
            return operation.reference(**inputs)

    run.__name__ = alternative.slug
    return run


def changed_lines(system, alternative: Alternative):
    """What a mistake or variant changes, for a reader: (tag or function, line as it is, line as it would be).

    Examples
    --------
    >>> changed_lines("lion", next(a for a in catalog.system("lion").alternatives if a.slug == "no_sign"))
    [('lion-2', 'params = params - lr * (xp.sign(c) + ...', 'params = params - lr * (c + weight_decay * params)')]
    """
    found = sorted(
        ((place(system, key), text) for key, text in alternative.edits.items()), key=lambda row: row[0].first
    )
    rows = ((p.tags[0] if p.tags else p.function, p.text, textwrap.dedent(text)) for p, text in found)
    return list(dict.fromkeys(rows))  # a line that stands at two places is shown once


@cache
def alternatives(system):
    """Every mistake, variant and choice of a system by slug."""
    entry = catalog.system(system)
    table = {a.slug: a for a in entry.alternatives}
    if len(table) < len(entry.alternatives):
        raise ValueError(f"two alternatives of {system} have one slug")
    return table


@cache
def shown_in(operation_name, *kinds):
    """The alternatives of some kinds (default: all) that an operation can show, in the order of the spec.

    Examples
    --------
    >>> [a.slug for a in shown_in("lion.ageing", "mistake")][:2]
    ['drops_the_worst', 'replaces_the_parent']
    """
    operation = catalog.operation(operation_name)
    return tuple(
        a
        for a in alternatives(operation.system).values()
        if (not kinds or a.kind in kinds) and short(operation) not in a.unseen and concerns(operation, a)
    )
