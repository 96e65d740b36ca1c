"""The main job, `make oracle`: the library checks itself, judges others, and writes it all on one page."""

import datetime
import importlib.util
import platform
import shutil
import time
from pathlib import Path

import numpy as np
from rich.table import Table

from refimpl import __version__
from refimpl.core import disk
from refimpl.oracle import catalog, ending
from refimpl.oracle.candidates import Apart, Candidate, Function, Program
from refimpl.oracle.candidates.python import package_version
from refimpl.oracle.claims import pool
from refimpl.oracle.claims.cluster import Job
from refimpl.oracle.claims.command import count
from refimpl.oracle.claims.report import Unwritten
from refimpl.oracle.claims.runs import run_claims
from refimpl.oracle.diagnosis.listed import check_mutants
from refimpl.oracle.output import page, terminal
from refimpl.oracle.output.ours import refuse_foreign
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
    parser.add_argument("--force", action="store_true", help="write over files there that refimpl has not written")


def main(options):
    """`refimpl oracle` and `refimpl report`."""
    out = Path(options.out).absolute()  # whatever an implementation does to the process
    refuse_foreign("page", out / "index.html", force=options.force)
    refuse_foreign("report", out / "claims.jsonl", force=options.force)  # before minutes have gone into it
    with disk.alone_in(out):
        return _carry_out(options, out)


def _carry_out(options, out):
    console = terminal.console(quiet=options.name == "report")
    start = time.perf_counter()
    unwritten = None
    systems = _self_checks(console)
    try:
        records = run_claims(
            catalog.claims(),
            tier="quick",
            seeds=options.seeds,
            out=out,
            force=options.force,
            progress=not console.quiet,
        )
    except Unwritten as error:
        records, unwritten = error.result, error
    implementations = [_judge(entry, console) for entry in IMPLEMENTATIONS]
    status = _summary(systems, records, implementations, console)
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
    console.print(f"{path} written; {time.perf_counter() - start:.0f} s", highlight=False)
    if unwritten:
        raise unwritten
    return status


def _self_checks(console):
    """Plain data about every system, from as many processes as there are cores."""
    rows = dict.fromkeys(catalog.systems())
    jobs = [Job(name, f"{__name__}:{_self_check.__name__}", (name,)) for name in rows]
    with ending.held() as caught:
        for done in pool.finished(jobs, pool.usable_cores(), caught):
            rows[done.name], lines = done.result or _unchecked(done)
            for line in lines:
                console.print(line, highlight=False, markup=False)
    return list(rows.values())


def _about(name):
    system = catalog.system(name)
    return {"name": name, "title": system.paper.title, "arxiv": system.paper.arxiv, "chapter": system.chapter}


def _unchecked(done):
    """The same of a system whose check did not come to its end."""
    about = [{"name": op.name, "summary": op.summary, "cases": len(op.cases)} for op in catalog.operations(done.name)]
    operations = [entry | {"verdict": "error", "counts": {}} for entry in about]
    why = done.failure.strip().rpartition("\n")[2]
    return _about(done.name) | {"operations": operations, "mutants": []}, [f"{done.name}: was not checked, {why}"]


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
    return _about(name) | {"operations": operations, "mutants": rows}, lines


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
    version = result.candidate["version"] or package_version(entry.get("module", ""))
    who = f"{title} {version}".rstrip()
    console.print(f"{who}: {sentence(result)}; {counts_line(result)}", highlight=False)
    return row | {
        "version": version,
        "language": result.candidate["language"],
        "verdict": result.verdict,
        "counts": result.counts,
        "sentence": sentence(result),
        "cause": told(result)[1:],
    }


def _summary(systems, records, implementations, console):
    """Print what matters; the exit status. A deviating public implementation is a finding, not a failure."""
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
    if any(op["verdict"] == "error" and not op["counts"] for op in operations):
        return 2  # a system was not checked
    return int(conforming < len(operations) or good_mutants < len(mutants) or "error" in statuses)
