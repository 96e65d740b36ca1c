"""What there is: the specs found under `refimpl.specs`, their papers, and baselines beside them."""

import ast
import difflib
import importlib
import json
import pkgutil
import tomllib
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

import refimpl.specs
from refimpl.specs.base import Claim, Paper, System


class Statement(NamedTuple):
    """What an abstract says."""

    says: str
    claims: tuple[str, ...]  # ids of those that check it
    why: str  # it, or a part of it, is not checked; "" if all of it is


class Entry(NamedTuple):
    """A paper: one of the list, or that of a baseline."""

    name: str
    chapter: str
    title: str
    arxiv: str
    headline: str = ""  # the claim that carries its main promise
    statements: tuple[Statement, ...] = ()  # of the abstract, in its order


class Head(NamedTuple):
    """What a spec says of its system, in short."""

    name: str
    chapter: str
    paper: Paper
    operations: tuple[str, ...]  # their names, in whatever order


class UnknownNameError(ValueError):
    """A system, operation, case or claim that is not there; the message lists what comes near."""


@cache
def papers():
    """The papers, in the order of the chapters.

    Examples
    --------
    >>> len(papers())
    44
    """
    text = files(refimpl.specs).joinpath("papers.toml").read_text(encoding="utf-8")
    return tuple(_entry(name, **row) for name, row in tomllib.loads(text).items())


def _entry(name, headline="", statements=(), **row):
    full = lambda ids: tuple(f"{name}.{key}" for key in ids)
    said = [Statement(s["says"], full(s.get("claims", ())), s.get("why", "")) for s in statements]
    return Entry(name, **row, headline=f"{name}.{headline}" if headline else "", statements=tuple(said))


@cache
def _modules():
    """Name -> module of every spec, in the order of their papers, then by name; nothing is imported yet."""
    found = {
        module.name: f"refimpl.specs.{folder.name}.{module.name}"
        for folder in Path(refimpl.specs.__path__[0]).iterdir()
        for module in pkgutil.iter_modules([str(folder)])
        if module.ispkg
    }
    rank = {entry.name: i for i, entry in enumerate(papers())}
    return dict(sorted(found.items(), key=lambda item: (rank.get(item[0], len(rank)), item[0])))


def systems():
    """Name -> `System` of every spec, in the order of their papers, then by name.

    Examples
    --------
    >>> systems()["lion"].chapter
    'optimizers'
    """
    return {name: system(name) for name in _modules()}


@cache
def heads():
    """Name -> `Head` of every spec, in the order of `systems`; a spec is read and not loaded, if it can be.

    Examples
    --------
    >>> heads()["adamw"].operations
    ('adamw.adam', 'adamw.amsgrad', 'adamw.step', 'adamw.trajectory')
    """
    operations: dict[str, dict[str, None]] = {}
    for case in case_index():
        operation = case.partition("/")[0]
        operations.setdefault(operation.partition(".")[0], {})[operation] = None
    return {name: _head(name, module, tuple(operations.get(name, ()))) for name, module in _modules().items()}


def _head(name, module, operations):
    path = Path(refimpl.specs.__path__[0], *module.split(".")[2:], "__init__.py")
    _, _, text = path.read_text(encoding="utf-8").partition("\nSYSTEM = System(")
    try:
        call: Any = ast.parse(f"System({text}", mode="eval").body
        said = {word.arg: word.value for word in call.keywords}
        paper = Paper(**{word.arg: ast.literal_eval(word.value) for word in said["paper"].keywords})
    except (SyntaxError, ValueError, KeyError, AttributeError, TypeError):  # it is written in another form
        operations = ()
    if not operations:  # or the system is new, and not in the index
        known = system(name)
        paper, operations = known.paper, tuple(op.name for op in known.operations)
    return Head(name, module.split(".")[2], paper, operations)


def case_index():
    """The committed index: "<operation>/<slug>" of every case -> digest of its inputs."""
    return _listed("cases.json", {})


def retired_cases():
    """Names that cases once had, and that none may have again."""
    return _listed("retired.json", [])


def _listed(name, default):
    path = files(refimpl.specs).joinpath(name)
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else default


@cache
def baselines():
    """Name -> `Entry` of the systems that are not among the papers: what these are compared with.

    Examples
    --------
    >>> baselines()["adamw"].title
    'Decoupled Weight Decay Regularization'
    """
    listed = {entry.name for entry in papers()}
    return {
        name: Entry(name, entry.chapter, entry.paper.title, entry.paper.arxiv)
        for name, entry in heads().items()
        if name not in listed
    }


def _pick(table, name, kind):
    if name not in table:
        near = difflib.get_close_matches(name, table, n=3)
        known = f"did you mean {', '.join(near)}?" if near else f"known: {', '.join(sorted(table))}"
        raise UnknownNameError(f"unknown {kind} {name!r}; {known}")
    return table[name]


def chapter(name):
    """Chapter of a system; its spec is not loaded.

    Examples
    --------
    >>> chapter("cbo")
    'search'
    """
    return _pick(_modules(), name, "system").split(".")[2]


def system(name) -> System:
    """The system of that name; the specs of the others are not loaded.

    Examples
    --------
    >>> system("loin")
    Traceback (most recent call last):
    refimpl.oracle.catalog.UnknownNameError: unknown system 'loin'; did you mean lion?
    """
    return importlib.import_module(_pick(_modules(), name, "system")).SYSTEM


def operation(name):
    """The operation of that name, "<system>.<operation>"; a bare system name means its first operation."""
    if "." not in name:
        return system(name).operations[0]
    return _pick({op.name: op for op in system(name.partition(".")[0]).operations}, name, "operation")


def operations(target):
    """The operations that a name stands for: all of a system, or the one.

    Examples
    --------
    >>> [op.name for op in operations("adamw")]
    ['adamw.trajectory', 'adamw.step', 'adamw.adam', 'adamw.amsgrad']
    """
    return (operation(target),) if "." in target else system(target).operations


def claims(targets=()):
    """The claims of the given systems (default: all), or those named themselves."""
    if not targets:
        return tuple(claim for entry in systems().values() for claim in entry.claims)
    chosen: list[Claim] = []
    for target in targets:
        name, _, rest = target.partition(".")
        table = {claim.id: claim for claim in system(name).claims}
        chosen += [_pick(table, target, "claim")] if rest else table.values()
    return tuple(chosen)
