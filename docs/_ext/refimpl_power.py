"""The tables of the page on the power of the oracle, from the figures that `refimpl power --save` wrote.

.. refimpl-power::               a row for each system
.. refimpl-power:: alive         those that nothing killed, though random inputs tell them from the source
.. refimpl-power:: same          those that random inputs do not tell from it
.. refimpl-power:: untold        those whose cause was not found
"""

import zlib
from pathlib import Path

from docutils import nodes
from refimpl_docs import Tables, bullets, code, paragraph, table

COLUMNS = {
    "mutants": "Mutants",
    "alike": "Alike",
    "killed": "Killed",
    "raised": "Raise",
    "told": "Told",
    "pairs": "Pairs",
    "pairs_told": "Told",
    "wrong": "Wrong",
    "median": "Seconds, median",
    "longest": "longest",
}
WIDTHS = (16, 11, 8, 8, 8, 7, 8, 7, 8, 12, 11)
TITLES = {"alive": "Alive", "same": "Alike", "untold": "Not told"}


class Power(Tables):
    """One of the tables."""

    required_arguments = 0
    optional_arguments = 1

    def run(self):
        """The rows; a sentence where there are none."""
        rows = self.committed("_data/power.json") or []
        if self.arguments:
            lines = [line for row in rows for line in row[self.arguments[0]]]
            title = nodes.rubric("", TITLES[self.arguments[0]])
            return [title, bullets([[code(line)] for line in lines]) if lines else paragraph("None.")]
        body = [[code(row["system"]), *(str(row[key]) for key in COLUMNS)] for row in rows]
        sums = [str(sum(row[key] for row in rows)) for key in list(COLUMNS)[:-2]]
        body.append(["all", *sums, "", str(max((row["longest"] for row in rows), default=0))])
        return [table(WIDTHS, ("System", *COLUMNS.values()), body)]


def setup(app):
    """Register the directive."""
    app.add_directive("refimpl-power", Power)
    version = zlib.crc32(Path(__file__).read_bytes())  # another version of this file: all pages are read anew
    return {"parallel_read_safe": True, "parallel_write_safe": True, "env_version": version}
