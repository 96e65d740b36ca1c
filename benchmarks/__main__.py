"""``python -m benchmarks [names]``: run workloads, print tables, write the figures into build/benchmarks.

With ``--save`` they go into docs/benchmarks, and the pages there and docs/benchmarks.rst are written anew.
"""

import argparse
import importlib
import importlib.metadata
import json
import os
import pkgutil
import platform
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

import benchmarks
from benchmarks._measure import Workload
from benchmarks._pages import HEADER, cells, pages, remarks
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
            for path, text in pages(DATA).items():
                (DOCS / path).write_text(text)


if __name__ == "__main__":
    main()
