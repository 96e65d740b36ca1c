"""The main job, `make oracle`: the library checks itself, judges others, and writes it all on one page."""

import datetime
import importlib.util
import platform
import shutil
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from rich.table import Table

from refimpl import __version__
from refimpl.oracle import catalog
from refimpl.oracle.candidates import Apart, Candidate, Function, Program
from refimpl.oracle.candidates.python import package_version
from refimpl.oracle.claims.command import count
from refimpl.oracle.claims.pool import usable_cores
from refimpl.oracle.claims.runs import run_claims
from refimpl.oracle.diagnosis.listed import check_mutants
from refimpl.oracle.output import page, terminal
from refimpl.oracle.output.words import counts_line, sentence, told
from refimpl.oracle.verdict import check

REPOSITORY = Path(__file__).resolve().parents[2]

# Implementations that we did not write, or that are written in another language: what to ask, and what it takes.
IMPLEMENTATIONS = (
    {
        "title": "cbx (Python)",
        "target": "cbo",
        "python": "tests/peers/candidates/cbx_cbo.py",
        "module": "cbx",
    },
    {
        "title": "Lion in JavaScript",
        "target": "lion.trajectory",
        "exec": ["node", "tutorials/other_languages/lion.js"],
    },
)


def add_arguments(parser):
    """Arguments of `refimpl oracle` and `refimpl report`."""
    parser.add_argument("--out", metavar="DIR", default="build/report", help="folder (default: build/report)")
    parser.add_argument(
        "--seeds", metavar="N", type=count, default=1, help="run each claim at so many seeds (default: 1)"
    )


def main(options):
    """`refimpl oracle` and `refimpl report`."""
    out = Path(options.out)
    console = terminal.console(quiet=options.name == "report")
    start = time.perf_counter()
    out.mkdir(parents=True, exist_ok=True)
    systems = _self_checks(console)
    records = run_claims(catalog.claims(), tier="quick", seeds=options.seeds, out=out, progress=not console.quiet)
    implementations = [_judge(entry, console) for entry in IMPLEMENTATIONS]
    path = out / "index.html"
    page.write_html(
        path,
        claims_records=records,
        checks={"systems": systems, "implementations": implementations},
        header={
            "refimpl": __version__,
            "date": datetime.date.today().isoformat(),
            "python": platform.python_version(),
            "numpy": np.__version__,
            "machine": f"{platform.system()} {platform.machine()}",
            "command": "make oracle",
        },
    )
    good = _summary(systems, records, implementations, console)
    console.print(f"{path} written; {time.perf_counter() - start:.0f} s", highlight=False)
    return 0 if good else 1


def _self_checks(console):
    """Plain data about every system, from as many processes as there are cores."""
    names = list(catalog.systems())
    rows = []
    with ProcessPoolExecutor(min(usable_cores(), len(names)), get_context("spawn")) as pool:
        for row, lines in pool.map(_self_check, names):
            rows.append(row)
            for line in lines:
                console.print(line, highlight=False)
    return rows


def _self_check(name):
    """Plain data about one system: references in both precisions, mutants; and lines that tell it."""
    system = catalog.system(name)
    operations, lines = [], []
    for op in system.operations:
        result = check(Function(op.reference, operation=op.name), op.name, dtypes=("float64", "float32"))
        about = {"name": op.name, "summary": op.summary, "cases": len(op.cases)}
        operations.append(about | {"verdict": result.verdict, "counts": result.counts})
        lines.append(f"{op.name}: reference {result.verdict}, {counts_line(result)}")
    rows = check_mutants(name)
    bad = [f"{row['operation']}:{row['slug']}" for row in rows if not row["good"]]
    lines.append(
        f"{name}: {len(rows)} mutants, {len(rows) - len(bad)} as they should be{' ' if bad else ''}{bad or ''}"
    )
    about = {"name": name, "title": system.paper.title, "arxiv": system.paper.arxiv, "chapter": system.chapter}
    return about | {"operations": operations, "mutants": rows}, lines


def _judge(entry, console):
    """Plain data about one implementation; one that cannot run here is skipped with the reason."""
    title = entry["title"]
    words = f"--python {entry['python']}" if "python" in entry else f'--exec "{" ".join(entry["exec"])}"'
    row = {
        "name": title,
        "version": "",
        "language": "",
        "operation": entry["target"],
        "counts": {},
        "command": f"refimpl check {entry['target']} {words}",
    }
    missing = ""
    if "module" in entry and importlib.util.find_spec(entry["module"]) is None:
        missing = f"the package {entry['module']} is not installed (make oracle installs it)"
    elif "exec" in entry and shutil.which(entry["exec"][0]) is None:
        missing = f"{entry['exec'][0]} is not installed"
    elif not (REPOSITORY / (entry.get("python") or entry["exec"][1])).is_file():
        missing = "it comes with the repository, not with the package"
    if missing:
        console.print(f"{title}: skipped, {missing}", highlight=False)
        return row | {"verdict": "skipped", "sentence": f"skipped: {missing}"}
    candidate: Candidate
    if "exec" in entry:
        candidate = Program([entry["exec"][0], str(REPOSITORY / entry["exec"][1])], name=title)
    else:
        candidate = Apart("python", str(REPOSITORY / entry["python"]), operation=entry["target"])
    try:
        result = check(candidate, entry["target"])
    finally:
        candidate.close()
    version = candidate.version or package_version(entry.get("module", ""))
    who = f"{title} {version}".rstrip()
    console.print(f"{who}: {sentence(result)}; {counts_line(result)}", highlight=False)
    return row | {
        "version": version,
        "language": candidate.language,
        "verdict": result.verdict,
        "counts": result.counts,
        "sentence": sentence(result),
        "cause": told(result)[1:],
    }


def _summary(systems, records, implementations, console):
    """Print what matters; whether all is well. A deviating public implementation is a finding, not a failure."""
    table = Table("what", "result", box=None, pad_edge=False)
    operations = [op for system in systems for op in system["operations"]]
    mutants = [row for system in systems for row in system["mutants"]]
    conforming = sum(op["verdict"] == "conforms" for op in operations)
    good_mutants = sum(row["good"] for row in mutants)
    statuses = [record["status"] for record in records]
    table.add_row("references", f"{conforming} of {len(operations)} operations conform, in float64 and float32")
    table.add_row("mutants", f"{good_mutants} of {len(mutants)} killed and named, or equivalent as declared")
    table.add_row("claims, quick tier", ", ".join(f"{statuses.count(s)} {s}" for s in sorted(set(statuses))) or "none")
    for row in implementations:
        table.add_row(f"{row['name']} {row['version']}", row["sentence"])
    console.print(table)
    return conforming == len(operations) and good_mutants == len(mutants) and "error" not in statuses
