"""`refimpl check --mutants`: every known mistake as a candidate."""

import json

from rich.table import Table

from refimpl.oracle.commands.spread import each
from refimpl.oracle.diagnosis.listed import check_mutants
from refimpl.oracle.output import terminal


def main(request):
    """`refimpl check --mutants`."""
    rows = [row for rows in each(request, check_mutants, request.checks.dtypes) for row in rows]
    if request.told.format == "json":
        print(json.dumps(rows))
    else:
        table = Table("operation", "mutant", "verdict", "killed by", box=None, pad_edge=False)
        for row in rows:
            word = "equivalent" if row["equivalent"] and row["good"] else "named" if row["good"] else "SURVIVES"
            word = "killed, not named" if not row["good"] and row["killed"] else word
            style = "" if row["good"] else "red"
            table.add_row(row["operation"], row["slug"], word, ", ".join(row["killed_by"]), style=style)
        terminal.console().print(table)
    good = sum(row["good"] for row in rows)
    equivalent = sum(bool(row["equivalent"]) for row in rows)
    terminal.console(stderr=True).print(
        f"{len(rows)} mutants = {good - equivalent} killed and named + {equivalent} equivalent"
        + (f" + {len(rows) - good} not as they should be" if good < len(rows) else ""),
        highlight=False,
    )
    return int(good < len(rows) or not rows)
