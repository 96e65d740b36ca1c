"""The tables of the pages on the power of the oracle, from the figures that `refimpl power --save` wrote.

.. refimpl-power::               the sums, by chapters, each of which leads to its page
.. refimpl-power:: optimizers    a row for each system of a chapter; then the mutants that nothing killed though random
                                 inputs tell them from the source, those that these do not tell from it, and those
                                 whose cause was not found
"""

import zlib
from pathlib import Path

from docutils import nodes
from refimpl_docs import Tables, bullets, code, listed, paragraph, table

from refimpl.oracle import catalog

COLUMNS = {
    "mutants": "Mutants",
    "alike": "Alike",
    "killed": "Killed",
    "raised": "Raise",
    "told": "Told",
    "pairs": "Pairs",
    "pairs_told": "Told",
    "wrong": "Wrong",
}
TIMES = {"median": "Seconds, median", "longest": "Seconds, longest"}
WIDTHS = (20, 9, 7, 7, 7, 7, 7, 7, 8, 10, 10)
TITLES = {"alive": "Alive", "same": "Alike", "untold": "Not told", "misled": "Told wrongly"}


class Power(Tables):
    """The counts, or what stands behind those of a chapter."""

    required_arguments = 0
    optional_arguments = 1

    def run(self):
        """Tables, and lists of single mutants."""
        rows = self.committed("_data/power.json") or []
        self.env.note_reread()
        return self.of_chapter(rows, self.arguments[0]) if self.arguments else self.counts(rows)

    def counts(self, rows):
        """A row for each chapter, and one for all; the systems that were not measured."""
        measured = {row["system"] for row in rows}
        chapters, away = {}, []
        for name, system in catalog.systems().items():
            chapters.setdefault(system.chapter, [])
            away += [] if name in measured else [self.page(system, code(name))]
        for row in rows:
            chapters[catalog.chapter(row["system"])].append(row)
        body = [[self.to(chapter), *_sums(some)] for chapter, some in chapters.items() if some]
        body.append(["all", *_sums(rows)])
        more = [paragraph("Not measured yet: ", *listed(away), ".")] if away else []
        return [table(WIDTHS[:-1], ("Chapter", *COLUMNS.values(), TIMES["longest"]), body, ["counts"]), *more]

    def of_chapter(self, rows, chapter):
        """A row for each system; then lists of mutants."""
        rows = [row for row in rows if catalog.chapter(row["system"]) == chapter]
        if not rows:
            return [paragraph("Not measured yet.")]
        name = lambda row: self.page(catalog.system(row["system"]), code(row["system"]))
        keys = COLUMNS | TIMES
        body = [[name(row), *(str(row[key]) for key in keys)] for row in rows]
        parts = [table(WIDTHS, ("System", *keys.values()), body, ["counts"])]
        for kind, title in TITLES.items():
            lines = [[code(line)] for row in rows for line in row[kind]]
            parts += [nodes.rubric("", title), bullets(lines) if lines else paragraph("None.")]
        return parts

    def to(self, chapter):
        """Link to the page of a chapter."""
        return self.reference("std", "doc", f"/oracle/power/{chapter}", nodes.inline("", chapter), refexplicit=True)


def _sums(rows):
    """The counts of all systems together; of the seconds the longest."""
    return [*(str(sum(row[key] for row in rows)) for key in COLUMNS), str(max(row["longest"] for row in rows))]


def setup(app):
    """Register the directive."""
    app.add_directive("refimpl-power", Power)
    version = zlib.crc32(Path(__file__).read_bytes())  # another version of this file: all pages are read anew
    return {"parallel_read_safe": True, "parallel_write_safe": True, "env_version": version}
