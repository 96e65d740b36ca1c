"""The pages that show what was saved: who is faster than us, then one page for each chapter."""

import json
import pkgutil
import re
from itertools import groupby
from operator import itemgetter
from pathlib import Path

import benchmarks
from benchmarks._measure import Growth, Row, Workload, milliseconds
from refimpl.oracle import catalog

HEADER = ("", "best [ms]", "median [ms]", "ratio", "temporaries [MB]")
# Names by which contenders that are not ours are known: packages, and NumPy or SciPy called by hand.
OTHERS = re.compile(
    r"\b(BoTorch|LibAUC|NumPy|PyTorch|SciPy|blackjax|cbx|cvxpy|diffusers|lion-pytorch|mcts|mctx|mergekit|pytorch_optimizer|"
    r"rebasin|scikit-learn|torch|torch_optimizer|torchcfm|torchjd|transformers)\b"
)

ENTRANCE = """\
Benchmarks
==========

.. This page is written by `python -m benchmarks`; edit benchmarks/_pages.py.

Each step of ours beside public packages and beside the hardware limit: the time to move the same number of bytes. The
contenders run in turn, in one process, on the same number of threads; *best* is the shortest of the repetitions, and
the ratio compares the best. *Temporaries* is the most memory that a step holds beyond its arguments and results.

The *bandwidth limit* of an optimizer's step is measured, not read off a data sheet: the time that NumPy takes to negate
as many bytes in place, half of them read and half of them written. A step reads more than it writes, so that a single
fused kernel can beat this limit by a little.

Who is faster than us
---------------------

{all} measurements have a contender that is not ours: a public package, or NumPy and SciPy called by hand. In
{faster} of them the fastest of these is faster than ours. *Ratio* is its time over ours; the fastest comes first.
"""
AGAIN = """\
Measure again with:

.. code-block:: shell

   make bench                                # everything, into build/benchmarks
   .venv/bin/python -m benchmarks cbo --save # one of them, and write it down here

"""
CHAPTER = """\
{title}
{line}

.. This page is written by `python -m benchmarks`; edit benchmarks/_pages.py.

What is measured, and how: :doc:`/benchmarks`.
"""
TOCTREE = """\
.. toctree::
   :hidden:
   :glob:

   benchmarks/*
"""


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


def plain(text):
    """`text` without meaning for reStructuredText, such as an error message."""
    return re.sub(r"([\\`*_|])", r"\\\1", text)


def chapter(name):
    """The chapter that a file of figures belongs to."""
    chapters = {system.chapter for system in catalog.systems().values()}
    if name in chapters:
        return name
    return catalog.chapter(name) if name in catalog.systems() else "core"


def workload(part):
    """A workload as it was before it was saved."""
    fits = [Growth(**{key: value for key, value in fit.items() if key != "exponent"}) for fit in part["growth"]]
    return Workload(part["title"], [Row(**row) for row in part["rows"]], fits, part["note"])


def other(measured: Workload):
    """The fastest contender that is not ours; None where there is none."""
    rows = measured.rows[1:]
    theirs = {row.best: row for row in rows if row.best and OTHERS.search(row.who) and "refimpl" not in row.who}
    return theirs[min(theirs)] if theirs else None


def list_table(title, rows):
    """A table in reStructuredText."""
    lines = [f".. list-table:: {title}".rstrip(), "   :header-rows: 1", ""]
    for row in rows:
        lines += [f"   {mark} - {cell}".rstrip() for mark, cell in zip(("*", *" " * len(row)), row, strict=False)]
    return "\n".join([*lines, ""])


def section(name, data):
    """What one file of figures says."""
    made = data["machine"]
    versions = ", ".join(f"{package} {version}" for package, version in made["versions"].items())
    yield f"{name}\n{'-' * len(name)}\n"
    yield (
        f"Measured on {made['date']} with {made['threads']} threads of {made['processor']} "
        f"({made['processors']} processors, {made['system']}), load average {made['load']:.1f}; {versions}.\n"
    )
    for measured in map(workload, data["workloads"]):
        yield list_table(measured.title, [tuple(map(plain, row)) for row in (HEADER, *cells(measured))])
        yield from (f"{plain(text)}\n" for text in remarks(measured))


def faster(data):
    """A row for each workload that has another contender, the fastest of these first."""
    rows = []
    for name, saved in data.items():
        for measured in map(workload, saved["workloads"]):
            ours, theirs = measured.rows[0], other(measured)
            if theirs is not None and ours.best:
                link = f":doc:`{plain(measured.title)} <benchmarks/{chapter(name)}>`"
                times = milliseconds(theirs.best), milliseconds(ours.best)
                rows.append((theirs.best / ours.best, link, plain(theirs.who), *times))
    return sorted(rows)


def entrance(data):
    """The page that leads to the others; each name keeps the anchor that it had when all was one page."""
    rows = faster(data)
    table = [("Measurement", "Fastest other", "its best [ms]", "our best [ms]", "ratio")]
    table += [(*row[1:], f"{row[0]:.2f}") for row in rows]
    yield ENTRANCE.format(faster=sum(row[0] < 1 for row in rows), all=len(rows))
    yield list_table("", table)
    yield "All measurements\n----------------\n"
    for name, files in by_chapter(data):
        yield f"* :doc:`benchmarks/{name}`: {', '.join(f'_`{file}`' for file, _ in files)}"
    modules = {module.name for module in pkgutil.iter_modules(benchmarks.__path__) if not module.name.startswith("_")}
    if away := sorted(modules - data.keys()):
        yield f"\nNot written down yet: {', '.join(away)}."
    yield "\n" + AGAIN + TOCTREE


def by_chapter(data):
    """Chapters with their files of figures."""
    sorted_files = sorted((chapter(name), name, saved) for name, saved in data.items())
    for name, files in groupby(sorted_files, key=itemgetter(0)):
        yield name, [(file, saved) for _, file, saved in files]


def pages(folder: Path):
    """All pages by their path below docs/, from all the data there is in a folder."""
    data = {path.stem: json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))}
    made = {"benchmarks.rst": "\n".join(entrance(data))}
    for name, files in by_chapter(data):
        title = f"Benchmarks: {name}"
        parts = [CHAPTER.format(title=title, line="=" * len(title))]
        parts += [part for file, saved in files for part in section(file, saved)]
        made[f"benchmarks/{name}.rst"] = "\n".join(parts)
    return made
