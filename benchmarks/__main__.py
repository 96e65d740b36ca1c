"""``python -m benchmarks [names]``: run workloads, print tables, write the figures into build/benchmarks.

With ``--save`` they go into docs/benchmarks, and docs/benchmarks.rst is written anew.
"""

import argparse
import importlib
import importlib.metadata
import json
import os
import pkgutil
import platform
import re
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

import benchmarks
from benchmarks._measure import Growth, Row, Workload, milliseconds
from refimpl.core.elementwise import threads

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
DATA = DOCS / "benchmarks"
PACKAGES = (
    "refimpl",
    "numpy",
    "scipy",
    "numba",
    "torch",
    "lion-pytorch",
    "pytorch_optimizer",
    "torch_optimizer",
    "cbx",
    "diffusers",
    "torchcfm",
    "scikit-learn",
    "botorch",
)
HEADER = ("", "best [ms]", "median [ms]", "ratio", "temporaries [MB]")

PAGE = """\
Benchmarks
==========

.. This page is written by `python -m benchmarks`; edit benchmarks/__main__.py.

Each step of ours beside public packages and beside the hardware limit: the time to move the same number of bytes. The
contenders run in turn, in one process, on the same number of threads; *best* is the shortest of the repetitions, and
the ratio compares the best. *Temporaries* is the most memory that a step holds beyond its arguments and results.

The *bandwidth limit* of an optimizer's step is measured, not read off a data sheet: the time that NumPy takes to negate
as many bytes in place, half of them read and half of them written. A step reads more than it writes, so that a single
fused kernel can beat this limit by a little.

Measure again with:

.. code-block:: shell

   make bench                                    # everything that is in benchmarks/, into build/benchmarks
   .venv/bin/python -m benchmarks cbo --save     # one of them, and write it down here
"""


def machine():
    """What the figures depend on."""
    try:
        model = next(
            x.split(":")[1].strip() for x in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in x
        )
    except (OSError, StopIteration):
        model = platform.processor() or platform.machine()
    versions = {"Python": platform.python_version()}
    for package in PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            versions[package] = "not installed"
    return {
        "processor": model,
        "processors": os.cpu_count(),
        "threads": threads(),
        "load": os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan"),
        "system": f"{platform.system()} {platform.machine()}",
        "date": datetime.now(UTC).date().isoformat(),
        "versions": versions,
    }


def cells(workload: Workload):
    """Each row of the table, as text."""
    ours = workload.rows[0].best
    for row in workload.rows:
        yield (
            row.who,
            milliseconds(row.best),
            milliseconds(row.median),
            "" if not (row.best and ours) else f"{row.best / ours:.2f}",
            "" if row.temporaries is None else f"{row.temporaries / 1e6:.1f}",
        )


def remarks(workload: Workload):
    """What stands below the table."""
    yield from (f"{row.who[:1].upper()}{row.who[1:]}: {row.note}." for row in workload.rows if row.note)
    if workload.note:
        yield workload.note
    yield from map(growth, workload.growth)


def growth(fit: Growth):
    """The measured growth beside the theoretical one, in a sentence."""
    return (
        f"Time grows as {fit.variable}^{fit.exponent:.2f} from {fit.variable} = {fit.sizes[0]:,} to {fit.sizes[-1]:,} "
        f"(theory: {fit.theory:g})."
    )


def show(console: Console, workload: Workload):
    """Print a workload."""
    table = Table(*HEADER, title=workload.title, title_justify="left")
    for column in table.columns[1:]:
        column.justify = "right"
    for row in cells(workload):
        table.add_row(*row)
    console.print(table)
    for text in remarks(workload):
        console.print(f"  {text}", highlight=False)
    console.print()


def plain(text):
    """`text` without meaning for reStructuredText, such as an error message."""
    return re.sub(r"([\\`*_|])", r"\\\1", text)


def page():
    """The page, from all the data there is."""
    parts = [PAGE]
    for path in sorted(DATA.glob("*.json")):
        data = json.loads(path.read_text())
        parts.append(f"{path.stem}\n{'-' * len(path.stem)}\n")
        made = data["machine"]
        versions = ", ".join(f"{name} {version}" for name, version in made["versions"].items())
        parts.append(
            f"Measured on {made['date']} with {made['threads']} threads of {made['processor']} "
            f"({made['processors']} processors, {made['system']}), load average {made['load']:.1f}; {versions}.\n"
        )
        for part in data["workloads"]:
            fits = [Growth(**{k: v for k, v in fit.items() if k != "exponent"}) for fit in part["growth"]]
            workload = Workload(part["title"], [Row(**row) for row in part["rows"]], fits, part["note"])
            parts.append(f".. list-table:: {workload.title}\n   :header-rows: 1\n")
            for row in (HEADER, *cells(workload)):
                marks = ("*", *" " * len(row))
                parts.append("\n".join(f"   {m} - {plain(x)}".rstrip() for m, x in zip(marks, row, strict=False)))
            parts.append("")
            parts += [f"{plain(text)}\n" for text in remarks(workload)]
    return "\n".join(parts)


def main():
    names = [module.name for module in pkgutil.iter_modules(benchmarks.__path__) if not module.name.startswith("_")]
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=f"any of: {', '.join(names)} (default: all)")
    parser.add_argument("--save", action="store_true", help="write the figures down in docs/")
    options = parser.parse_args()
    chosen = options.names or names
    if unknown := set(chosen) - set(names):
        parser.error(f"no such workload: {', '.join(sorted(unknown))} (choose from {', '.join(names)})")

    console = Console()
    folder = DATA if options.save else ROOT / "build" / "benchmarks"
    folder.mkdir(parents=True, exist_ok=True)
    for name in chosen:
        with console.status(f"measuring {name}"):
            workloads = importlib.import_module(f"benchmarks.{name}").run()
        for workload in workloads:
            show(console, workload)
        result = {"machine": machine(), "workloads": [asdict(workload) for workload in workloads]}
        (folder / f"{name}.json").write_text(json.dumps(result, indent=1) + "\n")
        if options.save:
            (DOCS / "benchmarks.rst").write_text(page())


if __name__ == "__main__":
    main()
