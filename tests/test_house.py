"""Rules of the house that a listing of the files can check: rooms, equation tags, pages, imports."""

import ast
import contextlib
import io
import os
import re
import shlex
import tempfile
from functools import cache
from pathlib import Path
from unittest.mock import patch

import pytest

from refimpl.oracle import catalog, cli, edits, scaffold

ROOT = Path(__file__).parents[1]
SYSTEMS = catalog.systems().values()
systems = pytest.mark.parametrize("system", SYSTEMS, ids=lambda s: s.name)
in_groups = pytest.mark.parametrize(  # beside the tests of the spec, which ask the same of its references
    "system", [pytest.param(s, marks=pytest.mark.xdist_group(f"spec-{s.name}"), id=s.name) for s in SYSTEMS]
)


def read(path):
    return path.read_text(encoding="utf-8")


def imported(text):
    """The statements of a source that import, at its top or in a function: alone they are parsed in no time."""
    for found in re.findall(r"^ *((?:from \S+ )?import (?:\([^)]*\)|.*))", text, re.MULTILINE):
        yield ast.parse(found).body[0]


@systems
def test_a_system_has_all_its_rooms(system):
    for path in scaffold.ROOMS:
        path = path.format(chapter=system.chapter, name=system.name)
        folder = ROOT / path.removesuffix(".py")  # claims may fill a folder
        assert (ROOT / path).is_file() or folder.is_dir() or path.startswith("changes/"), path


def test_every_source_has_a_spec():
    """The other way round: a system file without a spec is forgotten work."""
    chapters = {entry.chapter for entry in catalog.papers()}
    sources = {
        path.stem
        for chapter in chapters
        for path in (ROOT / "refimpl" / chapter).glob("*.py")
        if not path.stem.startswith("_")
    }
    assert sources == {system.name for system in SYSTEMS}


def source_files(system):
    """The system's file and its private companions."""
    folder = ROOT / "refimpl" / system.chapter
    return [folder / f"{system.name}.py", *folder.glob(f"_{system.name}*.py")]


@systems
def test_equations_and_lines_point_at_each_other(system):
    """A tag without an equation, or an equation of the algorithm without a line, fails."""
    shared = (path for room in edits.SHARED for path in (ROOT / "refimpl" / room).glob("*.py"))
    code = "\n".join(path.read_text() for path in (*source_files(system), *shared))
    page = (ROOT / f"docs/{system.chapter}/{system.name}.rst").read_text()
    tags = set(re.findall(rf"[#)] \(({system.name}-\w+)\)", code))
    labels = set(re.findall(rf":label: ({system.name}-\w+)", page))
    assert tags
    assert tags == labels


@systems
def test_equations_are_numbered_as_the_page_shows_them(system):
    """So that the number on the page is that of the tag; and each says where the paper has it."""
    page = (ROOT / f"docs/{system.chapter}/{system.name}.rst").read_text()
    labels = re.findall(r":label: (\S+)", page)
    assert labels == [f"{system.name}-{i}" for i in range(1, len(labels) + 1)]
    assert set(system.equations) == set(labels)
    assert all(place.strip() for place in system.equations.values())


def _object(source, name):
    """The lines of a function, class or method of a source."""
    nodes = ast.parse(source).body
    for part in name.split("."):
        found = next(node for node in nodes if getattr(node, "name", "") == part)
        nodes = found.body
    return ast.get_source_segment(source, found)


@systems
def test_the_lines_that_a_page_shows_are_there(system):
    page = ROOT / f"docs/{system.chapter}/{system.name}.rst"
    shown = re.findall(r"literalinclude:: (\S+)\n((?:   +:.*\n)*)", read(page))
    assert shown
    for path, options in shown:
        source = read(page.parent / path)
        if (name := re.search(r":pyobject: (\S+)", options)) is not None:
            source = _object(source, name[1])
        for pattern in re.findall(r":(?:start|end)-(?:at|before|after): (.*)", options):
            assert pattern in source, f"{path} has no {pattern!r}"


@in_groups
def test_every_public_function_is_reached(system):
    """By an operation, or by name in the tests of the system."""
    run = {code for operation in system.operations for code in edits.entered(operation.name)}
    tests = (ROOT / "tests" / system.chapter).glob(f"test_{system.name}*.py")
    named = {
        getattr(node, "attr", getattr(node, "id", getattr(node, "name", "")))
        for path in tests
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute | ast.Name | ast.alias)
    }
    left = []
    for path in source_files(system):
        module = f"refimpl.{system.chapter}.{path.stem}"
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                reached = edits.living(module, node.name).__code__ in run
                if not reached and node.name not in named:
                    left.append(f"{path.stem}.{node.name}")
    assert left == []


@systems
def test_nothing_is_marked_as_left_to_do(system):
    left = scaffold.marks(ROOT, system.chapter, system.name)
    assert [line for line in left if not line.startswith("changes/")] == []  # a release collects these


@systems
def test_a_system_imports_only_core_models_problems(system):
    for path in source_files(system):
        for node in imported(read(path)):
            names = [node.module] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for name in filter(None, names):
                if name.startswith("refimpl."):
                    allowed = ("core", "models", "problems")
                    own = name.startswith(f"refimpl.{system.chapter}") and system.name in ast.dump(node)
                    assert name.split(".")[1] in allowed or own, f"{path.name} imports {name}"
                assert name != "numpy" or path.stem.startswith("_"), f"{path.name} imports numpy"


def test_nothing_imports_the_oracle_but_the_oracle():
    for path in (ROOT / "refimpl").rglob("*.py"):
        if "oracle" not in path.parts and path.name != "__main__.py":
            assert not re.search(r"^\s*(from|import) refimpl\.oracle", path.read_text(), re.MULTILINE), path


# Rooms of the oracle, top to bottom: each imports only from those below it. What stands in none of them is on top.
ROOMS = ("claims", "output", "diagnosis", "judging", "candidates", "edits", "catalog", "ending", "texts")


@cache
def imports():
    """Module -> the modules of the package that it imports, at its top, in a function or by a string with their name.

    What only a type checker sees is left out.
    """
    paths = {path: path.relative_to(ROOT).with_suffix("") for path in (ROOT / "refimpl").rglob("*.py")}
    names = {path: ".".join(name.parts).removesuffix(".__init__") for path, name in paths.items()}
    known = set(names.values())
    found = {}
    for path, name in names.items():
        text = re.sub(r"^if TYPE_CHECKING:\n(?: .*\n|\n)+", "", read(path), flags=re.MULTILINE)
        nodes = list(imported(text))
        asked = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
        asked |= set(re.findall(r"[\"']([\w.]+)[\"']", text))
        for node in nodes:
            if isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{name} imports relatively"
                inside = {f"{node.module}.{alias.name}" for alias in node.names}
                asked |= inside & known or {node.module}
        found[name] = asked & known - {name}
    return found


def room(module):
    """Place in `ROOMS`, and name; or None if the module is not in the oracle."""
    parts = module.split(".")
    if parts[:2] != ["refimpl", "oracle"]:
        return None
    name = parts[2] if len(parts) > 2 else ""
    return (ROOMS.index(name), name) if name in ROOMS else (-1, "top")


def test_imports_between_the_rooms_of_the_oracle_go_down():
    wrong = [
        f"{module} imports {other}"
        for module, others in imports().items()
        for other in others
        if room(module) and room(other) and room(module) > room(other)
    ]
    assert not wrong


def circles(graph):
    """Sets of modules that import each other, if only by way of others."""
    reach = {}
    for module in graph:
        seen, left = set(), [module]
        while left:
            new = graph[left.pop()] - seen
            seen |= new
            left += new
        reach[module] = seen
    return {frozenset(other for other in reach[m] if m in reach[other]) for m in graph if m in reach[m]}


def test_no_circle_of_imports():
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": {"a"}}) == {frozenset("bc")}
    assert not circles(imports())


def test_nothing_that_is_slow_to_load_is_loaded_at_once():
    """`refimpl check` imports the whole spec of a system: SciPy's parts and Matplotlib wait until they are used."""
    slow = r"^(from (scipy|matplotlib)\b|import (scipy|matplotlib)\.)"
    for path in (path for path in (ROOT / "refimpl").rglob("*.py") if "oracle" not in path.parts):
        assert not re.search(slow, path.read_text(), re.MULTILINE), f"{path}: `import scipy` loads its parts in time"


def test_no_file_of_the_oracle_is_long():
    for path in (ROOT / "refimpl/oracle").rglob("*"):
        if path.suffix in (".py", ".css", ".js", ".txt", ".json"):
            assert len(path.read_text().splitlines()) <= 400, path


def long_functions(text, most=60):
    """Names and lengths of those above `most` lines without docstring. Short stretches of a source are not parsed."""
    stretches = re.split(r"^(?=def |class |async |@)", text, flags=re.MULTILINE)
    large = (s for s in stretches if s.count("\n") >= most and s.startswith(("def", "class", "async")))
    for node in (node for stretch in large for node in ast.walk(ast.parse(stretch))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            told = ast.get_docstring(node, clean=False)
            lines = node.end_lineno - node.lineno + 1 - (told.count("\n") + 1 if told else 0)
            if lines > most:
                yield node.name, lines


def test_no_function_is_long():
    """A table of cases or refusals stands at the top of its file, and may be long."""
    just = "TABLE = [\n" + "    1,\n" * 99 + ']\n\n\n@cache\ndef f():\n    """A.\n\n    B."""\n' + "    pass\n" * 59
    assert not [*long_functions(just)]
    assert [*long_functions(f"{just}    pass\n\nf()\n")] == [("f", 61)]
    for folder in ("refimpl", "tests", "benchmarks", "tutorials", "docs/_ext"):
        for path in (ROOT / folder).rglob("*.py"):
            found = [*long_functions(read(path))]
            assert not found, f"{path}: longer than 60 lines without the docstring: {found}; split it, or make a table"


def test_every_file_is_written_by_one_function():
    """Whole or not at all; a report that grows has its own way, under another name until it is whole."""
    writing = (
        r"write_text\(|write_bytes\(|open\(.*[\"'][rbt]*[wax+][rbt+]*[\"']|savefig\((?!picture|stream)|json\.dump\("
    )
    there = {"refimpl/core/disk.py", "refimpl/oracle/claims/report.py"}
    there |= {"refimpl/oracle/candidates/host.py", "refimpl/oracle/candidates/process.py"}  # pipes
    for path in (ROOT / "refimpl").rglob("*.py"):
        found = [line for line in path.read_text().splitlines() if re.search(writing, line) and ">>>" not in line]
        assert not found or str(path.relative_to(ROOT)) in there, f"{path}: {found}"


WORDS = {"refimpl.specs.base", "refimpl.specs.domains"}  # in which specs are written


def test_the_oracle_knows_no_system_by_name():
    """Only the list of implementations that the main job judges names systems."""
    for path in (ROOT / "refimpl/oracle").rglob("*.py"):
        if path.name != "mainjob.py":
            asked = {getattr(node, "module", "") or "" for node in imported(read(path))}
            assert {name for name in asked if name.startswith("refimpl.specs.")} <= WORDS, path


def example_of_the_readme(readme, folder):
    """What the README's example prints, and what the README says that it prints."""
    code = re.search(r"```python\n(.*?)```", readme, re.DOTALL).group(1)
    command, shown = re.search(
        r"\$ \.venv/bin/refimpl (check [^\n]*my_lion[^\n]*)\n(.*?)```", readme, re.DOTALL
    ).groups()
    (folder / "my_lion.py").write_text(code)
    with contextlib.chdir(folder), patch.dict(os.environ, COLUMNS="100", REFIMPL_EXPLAIN="60"):  # alike on any machine
        printed = told_by(*shlex.split(command), status=1)
    return "".join(f"{line.rstrip()}\n" for line in printed.splitlines()), shown


def told_by(*words, status=0):
    """What `refimpl` prints for these words."""
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        assert cli.main(words) == status
    return printed.getvalue()


def table_of_the_readme():
    """The table of systems as `refimpl list --format markdown` prints it."""
    return told_by("list", "--format", "markdown")


def test_the_readme_says_what_the_commands_print(tmp_path):
    """`python tests/test_house.py` brings the README up to date."""
    readme = (ROOT / "README.md").read_text()
    printed, shown = example_of_the_readme(readme, tmp_path)
    told = "README.md is not up to date: .venv/bin/python tests/test_house.py"
    assert printed == shown, told
    assert table_of_the_readme() in readme, told


if __name__ == "__main__":
    text = (ROOT / "README.md").read_text()
    with tempfile.TemporaryDirectory() as folder:
        printed, shown = example_of_the_readme(text, Path(folder))
    text = re.sub(r"\| system \|.*?\n(?=\n)", table_of_the_readme(), text, count=1, flags=re.DOTALL)
    (ROOT / "README.md").write_text(text.replace(shown, printed))
