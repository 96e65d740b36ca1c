"""`refimpl new CHAPTER SYSTEM`: the five rooms of a system, furnished with heavy ball for you to replace.

What it writes runs at once, so every step of the way can be checked; what is to be replaced is marked, and a test
fails for as long as a mark is left.
"""

from importlib.resources import files
from pathlib import Path

from refimpl.oracle import catalog

ROOMS = {
    "refimpl/{chapter}/{name}.py": "source.py.txt",
    "refimpl/specs/{chapter}/{name}/__init__.py": "spec.py.txt",
    "docs/{chapter}/{name}.rst": "page.rst.txt",
    "tests/{chapter}/test_{name}.py": "test.py.txt",
    "tutorials/{chapter}/{name}.py": "tutorial.py.txt",
}
PACKAGES = {
    "refimpl/{chapter}/__init__.py": '"""TODO: what the systems of this chapter have in common."""\n',
    "refimpl/specs/{chapter}/__init__.py": '"""Specs of the chapter {chapter}."""\n',
}
NEXT = """\
Next:
  1. replace heavy ball by your algorithm: the source, then its page (one equation label for each tag)
  2. {python} -m refimpl check {name} --mutants      until every mutant is killed and named
  3. {python} -m refimpl.oracle.judging.cases        adds the new cases to the committed index
  4. {python} -m refimpl claims {name} --tier full --save docs/_data/claims.json
  5. {python} -m pytest tests/{chapter} tests/oracle/test_judge.py tests/test_house.py -k {name}
  6. {python} tutorials/{chapter}/{name}.py          and look at its figures
  7. the page in the toctree of docs/{chapter}/index.rst, and changes/{name}.added.md
CONTRIBUTING.md walks through an example."""


def create(root, chapter, name):
    """Write the rooms of a new system.

    Parameters
    ----------
    root : path
        The repository.
    chapter, name : str
        Lower-case Python names; of a system on the road map the chapter is fixed.

    Returns
    -------
    list of pathlib.Path
        The files written.

    Raises
    ------
    ValueError
        If a name is no Python name, the chapter is not that of the road map, `root` is no checkout of the library, or
        a room exists. Nothing is written then.
    """
    root = Path(root)
    for label, value in (("CHAPTER", chapter), ("SYSTEM", name)):
        if not (value.isidentifier() and value == value.lower() and not value.startswith("_")):
            raise ValueError(f"{label} must be a lower-case Python name such as heavy_ball, got {value!r}")
    entry = next((e for e in catalog.roadmap() if e.name == name), None)
    if entry and entry.chapter != chapter:
        raise ValueError(f"CHAPTER must be {entry.chapter} for {name}, which is on the road map, got {chapter!r}")
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
    for path, text in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return list(texts)


def _furnished(template, words):
    text = files("refimpl.oracle").joinpath("templates", template).read_text(encoding="utf-8")
    for key, value in words.items():
        text = text.replace(f"@{key}@", value)
    return text


def add_arguments(parser):
    """Arguments of `refimpl new`."""
    parser.add_argument("chapter", metavar="CHAPTER", help="such as optimizers")
    parser.add_argument("system", metavar="SYSTEM", help="such as heavy_ball")
    parser.add_argument("--root", default=".", help="the checkout to write into (default: here)")


def main(options):
    """`refimpl new`."""
    for path in create(options.root, options.chapter, options.system):
        print(path)
    print(NEXT.format(chapter=options.chapter, name=options.system, python=".venv/bin/python"))
    return 0
