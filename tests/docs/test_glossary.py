"""The glossary says of each term where it is derived, or that no page derives it; every term is needed somewhere."""

import re
import tomllib
from pathlib import Path

from refimpl.oracle import catalog

DOCS = Path(__file__).parents[2] / "docs"
TERMS = tomllib.loads((DOCS / "_data/terms.toml").read_text(encoding="utf-8"))
GLOSSARY = (DOCS / "glossary.rst").read_text(encoding="utf-8").partition(":sorted:\n")[2].partition("\nSymbols\n")[0]
FOUND = re.findall(r"^   (\S.*)$", GLOSSARY, re.MULTILINE)
PAGES = {name: (DOCS / system.chapter / f"{name}.rst").read_text(encoding="utf-8")
         for name, system in catalog.systems().items()}  # fmt: skip


def test_every_term_has_its_place():
    assert len(FOUND) > 100
    assert sorted([*TERMS["derived"], *TERMS["taken"]]) == sorted(FOUND)


def test_the_places_are_equations_of_pages():
    labels = {f"{name}: {label}" for name, text in PAGES.items() for label in re.findall(r":label: (\S+)", text)}
    assert {f"{label.rpartition('-')[0]}: {label}" for label in TERMS["derived"].values()} <= labels


def test_every_term_is_needed_by_a_page():
    words = " ".join(" ".join(text.lower().split()) for text in PAGES.values())
    assert [term for term in FOUND if not re.search(rf":term:`([^`]*<)?{re.escape(term.lower())}>?`", words)] == []
