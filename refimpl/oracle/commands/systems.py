"""`refimpl list`: the systems, and the papers still to come."""

import json

from rich.table import Table

from refimpl.oracle import catalog
from refimpl.oracle.output import terminal


def add_arguments(parser):
    """Arguments of `refimpl list`."""
    parser.add_argument("--format", choices=("rich", "json", "markdown"), default="rich")


def main(options):
    """`refimpl list`."""
    heads = catalog.heads()
    rows = [
        {
            "system": entry.name,
            "chapter": entry.chapter,
            "paper": entry.title,
            "arxiv": entry.arxiv,
            "operations": list(heads[entry.name].operations) if entry.name in heads else [],
            "to_come": heads[entry.name].to_come if entry.name in heads else "everything",
            "baseline": entry.name in catalog.baselines(),
        }
        for entry in (*catalog.roadmap(), *catalog.baselines().values())
    ]
    if options.format == "json":
        print(json.dumps(rows, indent=1))
        return 0
    if options.format == "markdown":  # the table of the README
        print("| system | chapter | paper | status |\n|---|---|---|---|")
        for row in rows:
            address = f"https://arxiv.org/abs/{row['arxiv']}" if row["arxiv"] else heads[row["system"]].paper.address
            paper = f"[{row['paper']}]({address})" if address else row["paper"]
            status = "to come" if not row["operations"] else "done, as a baseline" if row["baseline"] else "done"
            status += f", without {row['to_come']}" if row["operations"] and row["to_come"] else ""
            print(f"| `{row['system']}` | {row['chapter']} | {paper} | {status} |")
        return 0
    table = Table("system", "chapter", "paper", "operations", box=None, pad_edge=False)
    for row in rows:
        there = bool(row["operations"])
        operations = ", ".join(name.partition(".")[2] for name in row["operations"]) or "to come"
        operations += " (a baseline)" if row["baseline"] else ""
        table.add_row(row["system"], row["chapter"], row["paper"], operations, style="" if there else "dim")
    terminal.console().print(table)
    return 0
