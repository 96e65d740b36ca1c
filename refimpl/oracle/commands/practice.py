"""`refimpl practice`: a file with the signature of an operation and the equations, its body empty.

In Python it is the function alone. In any other language it is a whole program for `--exec`: the template of the
language holds the conversation of `docs/oracle/protocol.rst`, and here stands what is filled into it.
"""

import os
import re
import shlex
import textwrap
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from refimpl.core import disk
from refimpl.oracle import catalog, edits, pages
from refimpl.oracle.edits import short

# Kind of an input -> what reads it, in each template.
READERS = {"array": "read_array", "float": "read_number", "int": "read_whole", "choice": "read_word"}
# What one of them does not let a variable be called; an input of such a name gets an underscore in all of them.
RESERVED = frozenset(
    """
    Self abstract arguments as async auto await baremodule become begin box break case catch chan char class const
    continue crate debugger default defer delete do double dyn else elseif end enum eval export extends extern
    fallthrough false final finally float fn for func function global go goto if impl implements import in inline
    inputs instanceof int interface isa let local long loop macro map match mod module move mut new next null outputs
    override package priv private protected pub public quote range ref register repeat restrict return select self
    short signed sizeof static struct super switch this throw trait true try type typedef typeof union unsafe unsigned
    unsized use using var virtual void volatile where while with yield
    """.split()  # noqa: SIM905 - as a list of quoted words it is longer
)
UNTYPED: Mapping[str, str] = MappingProxyType(dict.fromkeys(READERS, "{}"))


class Language(NamedTuple):
    """What one language says otherwise than another."""

    ending: str  # of its files, and of its template
    comment: str  # how a line of comment begins
    run: tuple[str, ...] = ()  # the program; none of a function that is loaded
    build: tuple[str, ...] = ()  # what makes a program of the file
    types: Mapping[str, str] = UNTYPED  # kind of an input -> how the signature has it
    options: tuple[str, ...] = ()  # more of `refimpl check`


LANGUAGES = {
    "python": Language("py", "#"),
    "torch": Language("py", "#", options=("--arrays", "torch")),
    "js": Language("js", "//", ("node", "{path}")),
    "r": Language("R", "#", ("Rscript", "{path}")),
    "julia": Language("jl", "#", ("julia", "{path}")),
    "c": Language(
        "c", "//", ("{built}",), ("cc", "-O2", "-o", "{built}", "{path}", "-lm"),
        {"array": "Array {}", "float": "double {}", "int": "long {}", "choice": "const char *{}"},
    ),
    "go": Language(
        "go", "//", ("{built}",), ("go", "build", "-o", "{built}", "{path}"),
        {"array": "{} Array", "float": "{} float64", "int": "{} int", "choice": "{} string"},
    ),
    "rust": Language(
        "rs", "//", ("{built}",), ("rustc", "-O", "--edition", "2021", "-o", "{built}", "{path}"),
        {"array": "{}: Array", "float": "{}: f64", "int": "{}: i64", "choice": "{}: String"},
    ),
}  # fmt: skip


def add_arguments(parser):
    """Arguments of `refimpl practice`."""
    parser.add_argument("system", help="<system>")
    parser.add_argument("--operation", metavar="OP", help="which of its operations (default: the first)")
    parser.add_argument("--language", choices=LANGUAGES, default="python", help="default: %(default)s")
    parser.add_argument("--out", metavar="FILE", type=Path, help="default: <system>_<operation>.<ending>, here")


def main(options):
    """`refimpl practice`; refuses to write over a file."""
    name = options.system
    if options.operation:
        name = f"{name.partition('.')[0]}.{options.operation.rpartition('.')[2]}"
    operation, language = catalog.operation(name), LANGUAGES[options.language]
    path = options.out or Path(f"{operation.name.replace('.', '_')}.{language.ending}")
    if not str(path).isprintable():
        raise ValueError(f"--out must be a name in printable characters, got {str(path)!r}")
    text = template(operation, options.language, path)
    disk.write(path, text, new=True)
    print(f"{path}: fill in the body, then", *commands(operation, language, path), sep="\n")
    return 0


def template(operation, language, path):
    """The text of the file.

    Parameters
    ----------
    operation : Operation
        What is to be written.
    language : str
        A key of `LANGUAGES`.
    path : pathlib.Path
        Where it will be.

    Returns
    -------
    str
        The text.

    Examples
    --------
    >>> print(template(catalog.operation("lion.step"), "r", Path("mine.R")).splitlines()[-1])
    }
    """
    chosen = LANGUAGES[language]
    inputs, outputs = operation.inputs, operation.outputs
    names = [f"{f.name}_" if chosen.run and f.name in RESERVED else f.name for f in inputs]
    module = "torch" if language == "torch" else "numpy as np"
    words = {
        "head": "\n".join(f"{chosen.comment} {line}".rstrip() for line in _head(operation, chosen, path)),
        "operation": operation.name,
        "function": short(operation),
        "stem": re.sub(r"[^\w.-]", "_", path.stem),
        "module": module,
        "parameters": ", ".join(chosen.types[f.kind].format(name) for f, name in zip(inputs, names, strict=True)),
        "arguments": ", ".join(f'{READERS[f.kind]}(inputs, "{f.name}")' for f in inputs),
        "outputs": ", ".join(f.name for f in outputs),
        "names": ", ".join(f'"{f.name}"' for f in outputs),
        "axes": ", ".join(str(len(f.axes.split())) for f in outputs),
        "count": str(len(outputs)),
    }
    text = files("refimpl.oracle").joinpath("templates", f"practice.{chosen.ending}.txt").read_text(encoding="utf-8")
    return re.sub(r"@(\w+)@", lambda match: words[match[1]], text)


def commands(operation, language, path):
    """The commands that build the file, if it is to be built, and have it judged.

    Examples
    --------
    >>> print(*commands(catalog.operation("lion.step"), LANGUAGES["c"], Path("mine.c")), sep="\\n")
    cc -O2 -o ./mine mine.c -lm
    refimpl check lion.step --exec ./mine
    """
    words = {"path": path, "built": os.path.join(os.curdir, path.with_suffix(""))}
    filled = lambda command: shlex.join(word.format_map(words) for word in command)
    asked = ("--exec", filled(language.run)) if language.run else ("--python", f"{path}:{short(operation)}")
    build = [filled(language.build)] if language.build else []
    return [*build, shlex.join(["refimpl", "check", operation.name, *asked, *language.options])]


def _head(operation, language, path):
    """What to do, what is asked, the inputs and outputs, and the equations of the lines that the operation runs."""
    system = catalog.system(operation.system)
    yield f"Practice: {operation.name} ({system.paper.title}, {system.paper.year})."
    yield f"Fill in the body of `{'compute' if language.run else short(operation)}`, then have it judged:"
    yield from (f"    {command}" for command in commands(operation, language, path))
    yield ""
    yield from textwrap.wrap(f"{operation.summary[0].upper()}{operation.summary[1:]}.", 110)
    for title, fields in (("Inputs:", operation.inputs), ("Outputs:", operation.outputs)):
        yield from ("", title, *(f"  {f.name}{_shape(f)}: {f.told}" for f in fields))
    shown = {tag: latex for tag, latex in pages.equations(system.name).items() if tag in tags(operation)}
    if shown:
        yield from ("", "Equations:")
    for tag, latex in shown.items():
        yield f"  ({tag}) {latex}   [{system.equations.get(tag, 'the page')}]"


def tags(operation):
    """The tags in the functions that the reference of an operation runs.

    Examples
    --------
    >>> sorted(tags(catalog.operation("lion.step")))
    ['lion-1', 'lion-2', 'lion-3']
    """
    functions: dict[tuple[str, str], set[str]] = {(p.module, p.function): set() for p in edits.places(operation.system)}
    for found in edits.places(operation.system):
        functions[found.module, found.function].update(found.tags)
    run = edits.entered(operation.name)
    return {tag for key, inside in functions.items() if inside and edits.living(*key).__code__ in run for tag in inside}


def _shape(field):
    if field.kind == "array":
        kind = {"int64": " of integers", "bool": " of booleans"}.get(field.domain.dtype, "")
        return f" [{', '.join(field.axes.split())}]{kind}"
    options = "" if field.open else " | ".join(field.options)
    return f" ({field.kind}: {options})" if options else f" ({'text' if field.open else field.kind})"
