"""The pages of the verdicts: an entrance, a table of all packages, and a page for each package.

What all packages say of one system is on its leaf "check yours"; here a maintainer finds one package, whole, under an
address that stays: releases, verdicts, mistakes with script and patch, the commands, a badge.
"""

import re
import textwrap
from collections import Counter
from itertools import groupby
from pathlib import Path

from refimpl.oracle import catalog
from refimpl.oracle.output.page import beyond
from refimpl.oracle.texts import slug
from tests.peers.elsewhere import runner
from tests.peers.patches import shown
from tests.peers.verdicts import closed, letters, said_by

KINDS = {
    "bug": "a mistake; a script beside the tests shows it without this library",
    "choice": "another rule, parametrisation or default on purpose, nearly always documented",
    "ambiguity": "the paper, its versions and its authors' code do not agree or do not say",
    "rounding": "the paper's rule, with fewer digits than the precision has",
}
WRITTEN = ".. Written by `make peers`; do not edit."
PACKAGES = """\
{written}

All packages
============

The table of the :doc:`verdicts <index>`: packages, each with its page, and in each chapter a sign for each verdict.

.. refimpl-conformance::

Packages of which a part is asked, or nothing
---------------------------------------------

What Python {python} says where they do not import beside what the lock installs; a test tries each anew.

"""
ABOUT = """Its functions were asked for answers, which were compared with those of the papers' rules:
    :doc:`how </oracle>`, :doc:`what the words mean <index>`, :doc:`all packages <packages>`."""
BADGE = """\
A command above whose verdict is "conforms", with ``--strict --badge refimpl-badge.json``, writes the data of a badge,
in your CI at every change; put the file where it can be read, and show it:

.. code-block:: markdown
   :class: wrapped

   [![refimpl](https://img.shields.io/endpoint?url=https://my.page/refimpl-badge.json)](https://my.docs/conformance/{page}.html)

:doc:`/oracle/ci` has the whole step, and what to do where it is red.
"""


def system_of(row):
    """The system that a row or an entry is about."""
    return row["target"].partition(".")[0]


def placed(rows):
    """Rows with the page of their package and the anchor there; a release is named only where it tells two apart."""
    found, taken = [], set()
    for row in rows:
        spoken = row.get("language", "Python").lower().replace("+", "p")
        page = slug(row["package"] if spoken == "python" else f"{row['package']} {spoken}")
        anchor = slug(f"on {page} {row['what']} {row['target']}")
        anchor = f"{anchor}-{slug(row['version'])}" if anchor in taken else anchor
        taken.add(anchor)
        found.append(row | {"page": page, "anchor": anchor})
    return found


def pages(rows, date):
    """The pages of the site, from the verdicts: name -> text."""
    rows = placed(rows)
    of_package = {}
    for row in rows:
        of_package.setdefault(row["page"], []).append(row)
    found = {"index": _entrance(rows, date), "packages": _packages()}
    return found | {page: _of_package(group) for page, group in of_package.items()}


def marked_up(text):
    """A sentence for the page: `code` in the fixed font, all else as it stands."""
    parts = " ".join(text.split()).split("`")
    escape = str.maketrans({"*": r"\*", "|": r"\|"})
    return "".join(f"``{part}``" if i % 2 else part.translate(escape) for i, part in enumerate(parts))


def wrapped(text):
    """Lines of a text."""
    return textwrap.wrap(" ".join(text.split()), 118, break_on_hyphens=False)


def indented(lines, by=3):
    """Lines inside of a directive."""
    return [f"{' ' * by}{line}".rstrip() for line in lines]


def _titled(title, mark):
    return [title, mark * len(title), ""]


def _plain(text):
    """Text without any markup: what looks like it is escaped."""
    return re.sub(r"([`*|<>_\\])", r"\\\1", text)


# The entrance ----------------------------------------------------------------------------------------------------


def _packages():
    """The page of all packages, with those of which a part is asked, or nothing."""
    data = closed()
    told = []
    for entry in data["package"]:
        told += [f"``{entry['name']}`` {entry['release']}"]
        said = f"*{entry['error']}*" if "error" in entry else "it does"
        told += [f"   ``import {entry['imports']}``: {said}. Asked: {marked_up(entry['instead'])}."]
    return PACKAGES.format(written=WRITTEN, python=data["python"]) + "\n".join([*told, ""])


def _entrance(rows, date):
    verdicts = Counter(row["verdict"].split()[0] for row in rows)
    systems = list(dict.fromkeys(map(system_of, rows)))  # what is outside Python stands apart in the table
    bugs = sorted((row for row in rows if row["kind"] == "bug"), key=lambda row: systems.index(system_of(row)))
    spoken = {row["package"]: row["language"] for row in rows}
    languages = [f"{times} in {name}" for name, times in Counter(spoken.values()).most_common()]
    asked = verdicts["conforms"] + verdicts["deviates"]
    about = f"""{len(rows)} verdicts on {len(spoken)} packages ({", ".join(languages)}), of {date}, each on the release
        named: {verdicts["conforms"]} conform, to the paper's rule or a named variant of it, {verdicts["deviates"]}
        deviate, and {len(rows) - asked} could not be asked. Every deviation was re-checked by hand against the formula.
        A verdict says nothing about the next release. Settings are those of the cases; all others are left as they
        come, but for what the title says. What a package cannot be asked is not applicable, and never passed.
        ``python -m tests.peers --out docs/conformance`` writes these pages anew."""
    lines = [WRITTEN, "", *_titled("Conformance of public implementations", "="), *wrapped(about), ""]
    lines += ["Each package has a page; :doc:`all packages <packages>` has a sign for each verdict.", ""]
    for kind, meaning in KINDS.items():
        lines += [f"{kind} ({sum(row['kind'] == kind for row in rows)})", f"   {meaning}"]
    tried = sum("edits" in letter for letter in letters().values())
    lines += ["", *_titled("Mistakes", "-")]
    lines += wrapped(f"""Each has a script that shows it without this library. The page of its package says what mends
        it; {tried} of {len(letters())} patches were tried on a copy of the release, and mend what the script shows.""")
    lines += [""]
    lines += [f"* :ref:`{_plain(row['title'])} <{row['anchor']}>`: {marked_up(_mistake(row))}" for row in bugs]
    ordered = sorted(systems, key=lambda name: (catalog.chapter(name), name))
    lines += ["", *_titled("By what they do", "-")]
    for chapter, names in groupby(ordered, key=catalog.chapter):
        links = ", ".join(f":ref:`{name} <check-{name}-packages>`" for name in names)
        lines += [f"* {chapter}: {links}"]
    return "\n".join([*lines, "", ".. toctree::", "   :hidden:", "", "   All packages <packages>", ""])


def _mistake(row):
    """What is wrong, as its script says, and whether it is mended; how it was asked is told on its page."""
    mended = re.search(r"Mended [^.]*(\.\d[^.]*)*\.", row["note"])
    return " ".join([said_by(row["script"]).partition(": ")[2], *([mended[0]] if mended else [])])


# A package -------------------------------------------------------------------------------------------------------


def _of_package(rows):
    """Everything about one package: what needs a story has a section, mistakes first; what conforms is a table."""
    package, language = rows[0]["package"], rows[0]["language"]
    name = package if language == "Python" else f"{package} ({language})"
    stories = sorted((row for row in rows if row["kind"]), key=lambda row: [*KINDS].index(row["kind"]))
    rest = [row for row in rows if not row["kind"]]
    told = _counted(rows)
    lines = [":orphan:", "", WRITTEN, "", ".. meta::"]
    lines += [f"   :description: Does {name} compute what the papers say? {told}", ""]
    lines += _titled(_plain(f"{name}: does it compute what the papers say?"), "=")
    lines += [*wrapped(f"{told} {ABOUT}"), ""]
    said = set()
    for row in stories:
        lines += [f".. _{row['anchor']}:", "", *_titled(_plain(_heading(row, rows)), "-"), *_story(row, said)]
        said.add(row["script"])
    if rest:
        lines += [*_titled("Conforms" if all("conforms" in row["verdict"] for row in rest) else "The rest", "-")]
        lines += [".. list-table::", "   :header-rows: 1", "   :widths: 32 26 42", ""]
        lines += ["   * - What was asked", "     - Of which rule", "     - Found"]
        for row in rest:
            lines += [f"   * - .. _{row['anchor']}:", "", f"       {_plain(_heading(row, rows))}"]
            found = f"**{row['verdict']}**{_beyond(row)}. {marked_up(row['note'])}"
            lines += [f"     - {_rule(row)}", f"     - {found}"]
        lines += [""]
    lines += _asked(rows)
    return "\n".join(lines)


def _counted(rows):
    """A sentence: releases, and how many verdicts of which kind."""
    releases = ", ".join(dict.fromkeys(row["version"] for row in rows if row["version"]))
    found = Counter("conform" if row["verdict"].startswith("conforms") else row["kind"] for row in rows)
    words = {"conform": ("conforms", "conform"), "bug": ("bug", "bugs"), "choice": ("choice", "choices")}
    words |= {"ambiguity": ("ambiguity", "ambiguities"), "rounding": ("rounding", "rounding")}
    words |= {"": ("could not be asked", "could not be asked")}
    parts = [f"{found[kind]} {one if found[kind] == 1 else many}" for kind, (one, many) in words.items() if found[kind]]
    if len(rows) == 1 and found["conform"]:
        return f"Release {releases}, 1 verdict: it conforms."
    return f"Release {releases}, {len(rows)} verdict{'s' * (len(rows) > 1)}: {', '.join(parts)}."


def _heading(row, rows):
    """What a verdict is about, with the release where there are several."""
    several = len({other["version"] for other in rows}) > 1
    return f"{row['version']}, {row['what']}" if several else row["what"]


def _rule(row):
    system = system_of(row)
    return f":doc:`{row['target']} </{catalog.chapter(system)}/{system}>`"


def _beyond(row):
    """What the sentence of the verdict tells beyond it and the note."""
    rest = beyond(row["verdict"], row["sentence"])
    return f": {marked_up(rest)}" if rest not in ("", row["note"]) else ""


def _story(row, said):
    """A deviation or variant: what it is, what a person found, what mends it (once), what the oracle says."""
    lines = [f"{_rule(row)}: **{row['verdict']}** ({row['kind']}){_beyond(row)}.", "", marked_up(row["note"]), ""]
    if row["script"] and row["script"] in said:
        lines += ["Script and patch are those above.", ""]
    elif row["script"]:
        lines += _letter(row["script"])
    if row.get("cause"):
        told = ["", ".. code-block:: text", "   :class: wrapped", "", *indented(row["cause"])]
        lines += [".. dropdown:: What the oracle says of the cause", *indented(told), ""]
    return lines


def _letter(script):
    """What could be sent to the maintainers about a mistake."""
    letter = letters()[Path(script).stem]
    lines = [".. dropdown:: What could be sent to its maintainers", "   :open:", ""]
    told = [marked_up(said_by(script)), ""]
    told += [f"*What shows it*: ``{runner(script)} {script}``, without this library.", ""]
    told += [f"*Where*: {marked_up(letter['where'])}.", "", f"*Why*: {marked_up(letter['why'])}", ""]
    told += ["*What would mend it*:", "", ".. code-block:: diff", "", *indented(patch_of(letter)), ""]
    if "left" in letter:
        told += [f"*What it leaves*: {marked_up(letter['left'])}", ""]
    if "untried" in letter:
        told += [f"*Not tried*: {marked_up(letter['untried'])}."]
    else:
        told += [f"*Tried* on a copy of the release: ``python -m tests.peers --patched {Path(script).stem}``."]
    return [*lines, *indented(told), ""]


def patch_of(letter):
    """Its lines as a difference, file by file."""
    if "edits" not in letter:
        return letter["patch"].strip("\n").splitlines()
    lines, before = [], ""
    for edit in letter["edits"]:
        place = edit.get("file") or edit["function"]
        lines += [""] if lines else []
        lines += [f"@@ {place.removeprefix('node/node_modules/')} @@"] if place != before else []
        lines, before = lines + shown(edit), place
    return lines


def _asked(rows):
    """The commands, and a badge for what conforms."""
    asked = [row for row in rows if "line" in row]
    if not asked:
        return []
    lines = [*_titled("How it was asked", "-")]
    told = []
    for row in asked:
        told += [f"{_plain(_heading(row, rows))}, *{row['target']}*: {row['line']}.", ""]
        told += [".. code-block:: shell", "   :class: wrapped", "", f"   {row['command']}", ""]
    if len(asked) > 1:
        told = [f".. dropdown:: The {len(asked)} commands", "", *indented(told), ""]
    lines += told
    if any(row["verdict"] == "conforms" for row in rows):
        lines += [*_titled("A badge", "-"), *BADGE.format(page=rows[0]["page"]).splitlines(), ""]
    return lines
