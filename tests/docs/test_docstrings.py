"""Docstrings of the public names: numpydoc's checks, as chosen in pyproject.toml, where each exclusion has its reason.

A docstring has one of two forms. The long one has all its sections: every parameter, what comes back, an example. The
short one, of a helper or a class whose fields have comments, is a sentence or two that say it all; if it is a function
for users of the algorithms, an example shows it. `make docs` runs this (numpydoc is installed for the site).
"""

import importlib
import inspect
import pkgutil
import re
import tomllib
from pathlib import Path

import pytest

import refimpl

validation = pytest.importorskip("numpydoc.validate", reason="needs numpydoc: `make docs` installs it")

ROOT = Path(__file__).parents[2]
CONFIG = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["numpydoc_validation"]
CHECKS = set(validation.ERROR_MSGS) - set(CONFIG["checks"])
EXCLUDED = re.compile("|".join(CONFIG["exclude"]))
INSIDE = ("refimpl.oracle", "refimpl.specs", "refimpl.core.autodiff", "refimpl.core.backends")


def modules():
    """Public modules; of the specs the vocabulary, as on the page of the API."""
    for found in pkgutil.walk_packages(refimpl.__path__, "refimpl."):
        private = any(part.startswith("_") for part in found.name.split("."))
        if not private and (not found.name.startswith("refimpl.specs.") or found.name == "refimpl.specs.base"):
            yield found.name


def names(module):
    """Public names that a module defines, with the methods that its classes define."""
    yield module
    for name, thing in vars(importlib.import_module(module)).items():
        if getattr(thing, "__module__", None) == module and callable(thing):
            yield f"{module}.{name}"
            if inspect.isclass(thing):
                methods = {k: v for k, v in vars(thing).items() if inspect.isfunction(v)}
                yield from (f"{module}.{name}.{k}" for k, v in methods.items() if v.__qualname__ == f"{name}.{k}")


def passes_on(thing):
    """Whether a function takes ``**options`` of others: they may be listed one by one."""
    kinds = [p.kind for p in inspect.signature(thing).parameters.values()] if inspect.isfunction(thing) else []
    return inspect.Parameter.VAR_KEYWORD in kinds


class Docstring(validation.Validator):
    """Without its place in a file, which is not told here, and dear to find."""

    source_file_name = source_file_def_line = None

    def __init__(self, obj_name):
        super().__init__(validation.get_doc_object(self._load_obj(obj_name)))


def complaints(module, name):
    """What is wrong with a docstring: pairs of code and sentence."""
    if name == module:  # numpydoc stumbles over packages without code
        if not re.match(r"\S.*[.:]\n?", inspect.getdoc(importlib.import_module(module)) or ""):
            yield "SS03", "A module begins with a sentence"
        return
    thing = Docstring._load_obj(name)
    found = validation.validate(name, Docstring)
    sections = set(re.findall(r"^\s*(\w+)\n\s*---+$", found["docstring"], re.MULTILINE))
    for code, text in found["errors"]:
        asked = code in CHECKS
        if code == "PR01":
            rest = passes_on(thing) and re.fullmatch(r"Parameters {'\*\*\w+'} not documented", text)
            asked = "Parameters" in sections and not rest
        elif code == "PR02":
            asked = not passes_on(thing) and "{'cls'}" not in text  # numpydoc takes an argument `cls` for the class
        elif code in ("RT01", "YD01"):
            asked = "Parameters" in sections
        elif code == "EX01":
            asked = inspect.isfunction(thing) and not name.startswith(INSIDE)
        if asked:
            yield code, text


@pytest.mark.parametrize("module", [*modules()])
def test_docstrings(module):
    found = [
        f"{name}: {code} {text}"
        for name in names(module)
        if not EXCLUDED.search(name.removeprefix("refimpl."))
        for code, text in complaints(module, name)
    ]
    assert "\n".join(found) == ""


def test_the_reference_has_all_packages():
    listed = re.findall(r"^   refimpl\.(\w+)$", (ROOT / "docs/api.rst").read_text(encoding="utf-8"), re.MULTILINE)
    chapters = {path.parent.name for path in (ROOT / "docs").glob("*/index.rst")}
    packages = {found.name for found in pkgutil.iter_modules(refimpl.__path__) if found.ispkg}
    assert set(listed) == packages & (chapters | {"core", "models", "problems", "specs", "oracle"})


def test_the_configuration_names_checks_that_exist():
    assert set(CONFIG["checks"]) - set(validation.ERROR_MSGS) == {"all"}
