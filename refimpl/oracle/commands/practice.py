"""`refimpl practice`: a file with the signature of an operation and the equations, its body empty."""

import re
import textwrap
from importlib.resources import files
from pathlib import Path

from refimpl.core import disk
from refimpl.oracle import catalog, edits, pages
from refimpl.oracle.edits import short

LANGUAGES = {"python": "py", "torch": "py", "js": "js", "c": "c"}
C_TYPES = {"array": "Array", "float": "double", "int": "long", "choice": "const char *"}
# What JavaScript does not let a variable be called; an input of such a name gets an underscore.
JS_RESERVED = frozenset(
    """
    arguments await break case catch class const continue debugger default delete do else enum eval export extends
    false finally for function if implements import in instanceof interface let new null package private protected
    public return static super switch this throw true try typeof var void while with yield
    """.split()  # noqa: SIM905 - as a list of quoted words it is longer
)
C_READERS = {"array": "read_array", "float": "read_number", "int": "(long)read_number", "choice": "read_word"}


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
    operation = catalog.operation(name)
    stem = operation.name.replace(".", "_")
    path = options.out or Path(f"{stem}.{LANGUAGES[options.language]}")
    text, command = template(operation, options.language, path)
    disk.write(path, text, new=True)
    print(f"{path}: fill in the body, then\n{command}")
    return 0


def template(operation, language, path):
    """The text of the file, and the command that grades it.

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
    tuple of str
        Text and command.

    Examples
    --------
    >>> print(template(catalog.operation("lion.step"), "python", Path("mine.py"))[1])
    refimpl check lion.step --python mine.py:step
    """
    ending = LANGUAGES[language]
    paper = catalog.system(operation.system).paper
    fields = [f.name for f in operation.inputs]
    outputs = [f.name for f in operation.outputs]
    words = {
        "operation": operation.name,
        "function": short(operation),
        "paper": f"{paper.title}, {paper.year}",
        "stem": path.stem,
        "command": _command(operation, language, path),
        "arguments": ", ".join(fields),
        "outputs": ", ".join(outputs),
        "module": "torch" if language == "torch" else "numpy",
        "alias": "" if language == "torch" else " as np",
    }
    comments = _comments(operation)
    if ending == "c":
        words |= _c_parts(operation)
        words["comments"] = "\n".join(["/*", *(f" * {line}".rstrip() for line in comments), " */"])
    else:
        mark = "# " if ending == "py" else "// "
        words["comments"] = "\n".join(f"{mark}{line}".rstrip() for line in comments)
        if ending == "js":
            words["arguments"] = ", ".join(f"{name}: {name}_" if name in JS_RESERVED else name for name in fields)
        if ending == "py":
            words["comments"] = "\n" + words["comments"]
    text = files("refimpl.oracle").joinpath("templates", f"practice.{ending}.txt").read_text(encoding="utf-8")
    return re.sub(r"@(\w+)@", lambda match: words[match[1]], text), words["command"]


def _command(operation, language, path):
    head = f"refimpl check {operation.name}"
    return {
        "python": f"{head} --python {path}:{short(operation)}",
        "torch": f"{head} --python {path}:{short(operation)} --arrays torch",
        "js": f'{head} --exec "node {path}"',
        "c": f"{head} --exec ./{path.stem}",
    }[language]


def _comments(operation):
    """What is asked, the inputs and outputs, and the equations of the lines that the operation runs."""
    system = catalog.system(operation.system)
    lines = textwrap.wrap(f"{operation.summary[0].upper()}{operation.summary[1:]}.", 110)
    for title, fields in (("Inputs:", operation.inputs), ("Outputs:", operation.outputs)):
        lines += ["", title, *(f"  {f.name}{_shape(f)}: {f.told}" for f in fields)]
    shown = {tag: latex for tag, latex in pages.equations(system.name).items() if tag in tags(operation)}
    if shown:
        lines += ["", "Equations:"]
        lines += [f"  ({tag}) {latex}   [{system.equations.get(tag, 'the page')}]" for tag, latex in shown.items()]
    return lines


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


def _c_parts(operation):
    """What is filled into the file in C, where an output of the name of an input has another one."""
    inputs, outputs = operation.inputs, operation.outputs
    taken = {f.name for f in inputs}
    called = {f.name: f"new_{f.name}" if f.name in taken else f.name for f in outputs}
    reading = [f'    {C_TYPES[f.kind]} {f.name} = {C_READERS[f.kind]}(inputs, "{f.name}");' for f in inputs]
    reading += [f"    Array {name} = {{0}};" for name in called.values()]
    writing = []
    for i, field in enumerate(outputs):
        writing += ['    printf(", ");'] * (i > 0) + [f'    write_array("{field.name}", {called[field.name]});']
    arguments = [f"{C_TYPES[f.kind]} {f.name}" for f in inputs] + [f"Array *{name}" for name in called.values()]
    return {
        "arguments": ", ".join(arguments).replace("* ", "*"),
        "call": ", ".join([*(f.name for f in inputs), *(f"&{name}" for name in called.values())]),
        "reading": "\n".join(reading).replace("* ", "*"),
        "writing": "\n".join(writing),
        "outputs": ", ".join(f"*{name}" for name in called.values()),
    }
