"""The gallery of bugs from the wild, from what `python -m tests.wild` wrote.

.. refimpl-wild:: counts         how many of which project, language and kind
.. refimpl-wild:: gallery        each bug: the lines that changed, what the oracle says, what the answers look like
.. refimpl-wild:: rates          how many were told: real ones, invented ones, mutants of other people's code
"""

import statistics
import zlib
from collections import Counter
from html import escape
from itertools import groupby
from pathlib import Path

from docutils import nodes
from refimpl_docs import Tables, code, paragraph, strong, table, web
from refimpl_pages import folded

from refimpl.oracle import catalog
from refimpl.specs.base import BUG_TYPES

SETS = {
    "Real, held back": lambda row: row["set"] == "real" and row["closed"] and not row["cited"],
    "Real, for learning": lambda row: row["set"] == "real" and not row["closed"] and not row["cited"],
    "Real, listed among the mistakes": lambda row: row["set"] == "real" and row["cited"],
    "Invented, held back": lambda row: row["set"] == "invented" and row["closed"],
    "Invented, for learning": lambda row: row["set"] == "invented" and not row["closed"],
    "Mutants of foreign code": lambda row: row["set"] == "mutants",
}


class Wild(Tables):
    """One of the parts."""

    required_arguments = 1

    def run(self):
        """Nodes of the part."""
        rows = self.committed("_data/wild.json") or []
        return list(getattr(self, self.arguments[0])(rows))

    def rates(self, rows):
        """A row for each set; only what gives a wrong answer can be explained."""
        body = []
        for title, belongs in SETS.items():
            some = [row for row in rows if belongs(row) and row["failed"]]
            if not some:
                continue
            wrong, took = sum(row["wrong"] for row in some), sorted(row["seconds"] for row in some)
            told = sum(row["told"] for row in some) - wrong
            led = sum(row["led"] and not row["told"] for row in some)
            share = f"{100 * told / len(some):.0f} %, {100 * (told + led) / len(some):.0f} %"
            times = (f"{statistics.median(took):.1f}", f"{took[-1]:.1f}")
            body.append([title, str(len(some)), str(told), str(led), share, str(wrong), *times])
        heads = ("Set", "Asked", "Told", "Led to", "Told; or led to", "Wrong", "Seconds, median", "longest")
        yield table((23, 10, 8, 10, 18, 9, 12, 10), heads, body, ["counts"])

    def counts(self, rows):
        """Tables of projects, languages and kinds."""
        rows = [row for row in rows if row["set"] == "real"]
        kinds = Counter(row["bug_type"] for row in rows)
        languages = Counter(row["language"] for row in rows)
        projects = Counter(row["project"] for row in rows)
        yield paragraph(
            f"{len(rows)} bugs of {len(projects)} projects: ",
            ", ".join(f"{n} in {name}" for name, n in languages.most_common()),
            ".",
        )
        yield table((30, 60, 10), ("Kind", "What it is", "Bugs"),
                    [[code(kind), BUG_TYPES[kind], str(n)] for kind, n in kinds.most_common()])  # fmt: skip
        line = ", ".join(f"{name}{f' ({n})' if n > 1 else ''}" for name, n in sorted(projects.items(), key=_lower))
        yield folded("Projects", paragraph(line))

    def gallery(self, rows):
        """Bugs by system, behind their number; each behind its sentence."""
        rows = [row for row in rows if row["set"] == "real"]
        order = {name: number for number, name in enumerate(catalog.systems())}
        rows.sort(key=lambda row: (order[row["operation"].partition(".")[0]], row["name"]))
        for system, group in groupby(rows, key=lambda row: row["operation"].partition(".")[0]):
            yield nodes.rubric("", "", self.page(catalog.system(system), system))
            bugs = list(map(self.bug, group))
            yield folded(f"{len(bugs)} bug{'s' * (len(bugs) > 1)}", *bugs)

    def bug(self, row):
        """One bug."""
        where = strong(row["project"]), f" ({row['language']}), {row['date']}: ", *web(row["link"])
        text = "\n".join(row["lines"])
        said = "\n".join(row["words"]) or "It raises wherever it is asked."
        parts = [
            paragraph(*where, "; asked by ", code(row["operation"])),
            nodes.literal_block(text, text, language="diff", classes=["changed"]),
            paragraph("What the oracle says:", classes=["dim"]),
            nodes.literal_block(said, said, language="text", classes=["wrapped"]),
            *_drawn(row["picture"]),
        ]
        return folded(row["is"], *parts)


def _lower(item):
    return item[0].lower()


def _drawn(picture):
    """Right and wrong numbers of one case, as a drawing: lines along the steps, else pairs of dots."""
    if not picture:
        return []
    right, wrong = picture["right"], picture["wrong"]
    low, high = min(*right, *wrong), max(*right, *wrong)
    x = lambda i: 4 + 192 * i / (len(right) - 1)
    y = lambda value: 66 - 62 * (value - low) / ((high - low) or 1.0)
    if picture["steps"]:
        curve = lambda row: " ".join(f"{x(i):.1f},{y(value):.1f}" for i, value in enumerate(row))
        marks = f'<polyline class="right" points="{curve(right)}"/><polyline class="wrong" points="{curve(wrong)}"/>'
    else:
        dots = lambda row, name: "".join(
            f'<circle class="{name}" cx="{x(i):.1f}" cy="{y(value):.1f}" r="2.5"/>' for i, value in enumerate(row)
        )
        marks = dots(right, "right") + dots(wrong, "wrong")
    along = "its steps" if picture["steps"] else "its entries"
    words = f"{picture['output']} of the case {picture['case']} along {along}: right in blue, wrong in orange"
    drawing = f'<svg class="wild" viewBox="0 0 200 70" role="img" aria-label="{escape(words)}">{marks}</svg>'
    return [nodes.raw("", drawing, format="html"), paragraph(words, ".", classes=["dim"])]


def setup(app):
    """Register the directive."""
    app.add_directive("refimpl-wild", Wild)
    version = zlib.crc32(Path(__file__).read_bytes())  # another version of this file: all pages are read anew
    return {"parallel_read_safe": True, "parallel_write_safe": True, "env_version": version}
