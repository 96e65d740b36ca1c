"""`refimpl list`: the systems and their papers."""

import json

from rich.table import Table

from refimpl.oracle import catalog
from refimpl.oracle.output import terminal


def add_arguments(parser):
    """Arguments of `refimpl list`."""
    parser.add_argument("--format", choices=("rich", "json", "markdown"), default="rich")


def main(options):
    """`refimpl list`."""
    titles, baselines = {entry.name: entry.title for entry in catalog.papers()}, catalog.baselines()
    rows = [
        {
            "system": head.name,
            "chapter": head.chapter,
            "paper": titles.get(head.name, head.paper.title),
            "arxiv": head.paper.arxiv,
            "operations": list(head.operations),
            "baseline": head.name in baselines,
        }
        for head in catalog.heads().values()
    ]
    if options.format == "json":
        print(json.dumps(rows, indent=1))
        return 0
    if options.format == "markdown":  # the table of the README
        print("| system | chapter | paper |\n|---|---|---|")
        for row in rows:
            address = catalog.heads()[row["system"]].paper.address
            paper = f"[{row['paper']}]({address})" if address else row["paper"]
            print(f"| `{row['system']}` | {row['chapter']} | {paper}{', a baseline' if row['baseline'] else ''} |")
        return 0
    table = Table("system", "chapter", "paper", "operations", box=None, pad_edge=False)
    for row in rows:
        operations = ", ".join(name.partition(".")[2] for name in row["operations"])
        operations += " (a baseline)" if row["baseline"] else ""
        table.add_row(row["system"], row["chapter"], row["paper"], operations)
    terminal.console().print(table)
    return 0
