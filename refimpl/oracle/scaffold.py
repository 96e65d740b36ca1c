"""`refimpl new CHAPTER SYSTEM`: the rooms of a system, furnished with heavy ball for you to replace.

What it writes runs at once, so every step of the way can be checked; what is to be replaced is marked, and
`refimpl new --check SYSTEM` tells which marks are left and runs every gate that a new system must pass.
"""

import re
import shlex
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

from refimpl.core import disk
from refimpl.oracle import catalog

ROOMS = {
    "refimpl/{chapter}/{name}.py": "source.py.txt",
    **{
        f"refimpl/specs/{{chapter}}/{{name}}/{room}.py": f"spec_{room.strip('_')}.py.txt"
        for room in ("__init__", "exact", "cases", "laws", "mistakes", "claims")
    },
    "docs/{chapter}/{name}.rst": "page.rst.txt",
    "tests/{chapter}/test_{name}.py": "test.py.txt",
    "tutorials/{chapter}/{name}.py": "tutorial.py.txt",
    "changes/{name}.added.md": "change.md.txt",
}
PACKAGES = {
    "refimpl/{chapter}/__init__.py": '"""TODO: what the systems of this chapter have in common."""\n',
    "refimpl/specs/{chapter}/__init__.py": '"""Specs of the chapter {chapter}."""\n',
}
MARK = "TODO"
FROZEN = "every frozen input is noticed"
NOTHING_COLLECTED = 5  # exit status of pytest; good where a system has arrays alone as inputs
NEXT = """\
It runs at once. Replace heavy ball by your algorithm, room by room; CONTRIBUTING.md walks through an example.
{python} -m refimpl new --check {name}      tells what is left, and runs every gate"""


def create(root, chapter, name):
    """Write the rooms of a new system.

    Parameters
    ----------
    root : path
        The repository.
    chapter, name : str
        Lower-case Python names; of a paper that is listed the chapter is fixed.

    Returns
    -------
    list of pathlib.Path
        The files written.

    Raises
    ------
    ValueError
        If a name is no Python name, the chapter is not that of the list, `root` is no checkout of the library, or
        a room exists. Nothing is written then.
    """
    root = Path(root)
    for label, value in (("CHAPTER", chapter), ("SYSTEM", name)):
        if not (value.isidentifier() and value == value.lower() and not value.startswith("_")):
            raise ValueError(f"{label} must be a lower-case Python name such as heavy_ball, got {value!r}")
    entry = next((e for e in catalog.papers() if e.name == name), None)
    if entry and entry.chapter != chapter:
        raise ValueError(f"CHAPTER must be {entry.chapter} for {name}, as specs/papers.toml says, got {chapter!r}")
    if not (root / "refimpl" / "specs" / "base.py").is_file():
        raise ValueError(f"the folder must be a checkout of refimpl, got {root.resolve()}")
    title = name.replace("_", " ").capitalize()
    words = {
        "name": name,
        "Name": "".join(part.capitalize() for part in name.split("_")),
        "chapter": chapter,
        "underlined": f"{title}\n{'=' * len(title)}",
        "line": "=" * len("".join(part.capitalize() for part in name.split("_"))),
        "title": entry.title if entry else "TODO",
        "arxiv": entry.arxiv if entry else "TODO",
    }
    rooms = {root / path.format(chapter=chapter, name=name): template for path, template in ROOMS.items()}
    taken = [str(path) for path in rooms if path.exists()]
    if taken:
        raise ValueError(f"these rooms must not exist yet: {', '.join(taken)}")
    texts = {path: _furnished(template, words) for path, template in rooms.items()}
    for path, text in PACKAGES.items():
        package = root / path.format(chapter=chapter)
        if not package.exists():
            texts[package] = text.format(chapter=chapter)
    try:
        for path, text in texts.items():
            disk.write(path, text)
    except BaseException:  # a full disk, Ctrl-C: all of it or nothing
        for path in texts:
            path.unlink(missing_ok=True)
        raise
    return list(texts)


def _furnished(template, words):
    text = files("refimpl.oracle").joinpath("templates", template).read_text(encoding="utf-8")
    for key, value in words.items():
        text = text.replace(f"@{key}@", value)
    imports = re.compile(
        r"(?:^from refimpl\S* import .*\n)+", re.MULTILINE
    )  # their order depends on the chapter's name
    return imports.sub(lambda found: "".join(sorted(found[0].splitlines(keepends=True), key=_module)), text, count=1)


def _module(line):
    return line.split()[1]


# What is left ------------------------------------------------------------------------------------------------------


def gates(root, chapter, name):
    """What a new system must pass: title -> words of the command of a Python module."""
    pytest = ("pytest", "-q", "--maxfail=8", "--no-header", "-p", "no:cacheprovider")
    sources = [path.format(chapter=chapter, name=name) for path in ROOMS if path.endswith(".py")]
    sources = [path for path in sources if Path(root, path).is_file()]  # claims may fill a folder
    return {
        "style": ("ruff", "check", *sources),
        "format": ("ruff", "format", "--check", *sources),
        "rooms, tags, equations, public functions, README": (
            *(*pytest, "tests/test_house.py", "-k", f"{name} or readme or every_source"),
        ),
        "own tests": (*pytest, f"tests/{chapter}/test_{name}.py"),
        "doctests": (*pytest, f"refimpl/{chapter}/{name}.py", f"docs/{chapter}/{name}.rst"),
        "tutorial": (f"tutorials.{chapter}.{name}",),
        "docstrings": (*pytest, "tests/docs/test_docstrings.py", "-k", name),
        "spec: cases, reference, mistakes, variants": (*pytest, "tests/oracle/test_specs.py", "-k", name),
        FROZEN: (*pytest, "tests/oracle/test_frozen_inputs.py", "-k", name),
        "claims and their ledger": (*pytest, "tests/oracle/test_ledger.py"),
    }


def marks(root, chapter, name):
    """Lines that are marked as left to do, and rooms that are not there."""
    left = []
    for room in ROOMS:
        path = Path(root, room.format(chapter=chapter, name=name))
        if path.with_suffix("").is_dir():  # claims may fill a folder
            continue
        if not path.is_file():
            left.append(f"{path.relative_to(root)} is not there")
            continue
        lines = path.read_text(encoding="utf-8").splitlines()
        left += [f"{path.relative_to(root)}:{i}: {line.strip()}" for i, line in enumerate(lines, 1) if MARK in line]
    spec = Path(root, f"refimpl/specs/{chapter}/{name}/__init__.py")
    key = re.search(r'\bkey="(\w+)"', spec.read_text(encoding="utf-8") if spec.is_file() else "")
    papers = Path(root, "docs/references.bib")
    if key and not (papers.is_file() and f"{{{key[1]}," in papers.read_text(encoding="utf-8")):
        left.append(f"docs/references.bib has no entry {key[1]}")
    index = Path(root, f"docs/{chapter}/index.rst")
    if not index.is_file() or f"   {name}\n" not in index.read_text(encoding="utf-8"):
        left.append(f"docs/{chapter}/index.rst has no {name} in its toctree")
    return left


def weight(root, chapter, name):
    """Lines of the source, and of its spec without claims and cases."""
    folder, specs = Path(root, "refimpl", chapter), Path(root, "refimpl", "specs", chapter, name)
    count = lambda paths: sum(len(path.read_text(encoding="utf-8").splitlines()) for path in paths)
    spec = [path for path in specs.glob("*.py") if path.stem not in ("claims", "cases")]
    return count([folder / f"{name}.py", *folder.glob(f"_{name}_*.py")]), count(spec)


def check(root, name):
    """Run every gate that a new system must pass, and print what is left.

    Parameters
    ----------
    root : path
        The repository.
    name : str
        Of the system.

    Returns
    -------
    int
        0 if nothing is left, else 1.
    """
    root = Path(root)
    chapter = catalog.chapter(name)
    left = marks(root, chapter, name)
    for line in left:
        print(f"left to do: {line}")
    failed = 0
    for title, words in gates(root, chapter, name).items():
        print(f"{title} ... ", end="", flush=True)
        run = subprocess.run([sys.executable, "-m", *words], cwd=root, capture_output=True, text=True, check=False)
        good = run.returncode == 0 or (title == FROZEN and run.returncode == NOTHING_COLLECTED)
        print("good" if good else "NOT YET")
        if not good:
            failed += 1
            told = [
                line
                for line in run.stdout.splitlines()
                if re.match(r"E  |FAILED|ERROR|.*: error|.*would reformat", line)
            ]
            last = (run.stdout + run.stderr).splitlines()[-8:]
            print("\n".join(f"    {line}" for line in told[:8] or last))
            print(f"    rerun: {shlex.join(['.venv/bin/python', '-m', *words])}")
    source, spec = weight(root, chapter, name)
    print(
        f"weight: {spec} lines of spec beside cases and claims, {source} of source (at most about twice is asked for)"
    )
    print(f"{len(left)} marks left, {failed} gates of {len(gates(root, chapter, name))} not passed")
    return int(bool(left or failed))


def add_arguments(parser):
    """Arguments of `refimpl new`."""
    parser.add_argument("chapter", nargs="?", metavar="CHAPTER", help="such as optimizers")
    parser.add_argument("system", nargs="?", metavar="SYSTEM", help="such as heavy_ball")
    parser.add_argument("--check", metavar="SYSTEM", help="run every gate that a new system must pass")
    parser.add_argument("--root", default=".", help="the checkout to write into (default: here)")


def main(options):
    """`refimpl new`."""
    if options.check:
        return check(options.root, options.check)
    if options.system is None:
        raise ValueError("CHAPTER and SYSTEM must be given, or --check SYSTEM")
    for path in create(options.root, options.chapter, options.system):
        print(path)
    print(NEXT.format(chapter=options.chapter, name=options.system, python=".venv/bin/python"))
    return 0
