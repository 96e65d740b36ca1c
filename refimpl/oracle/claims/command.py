"""`refimpl claims`: what it takes, and what it prints."""

import argparse
import sys
from typing import Any

from rich.table import Table
from rich.text import Text

from refimpl.core import check
from refimpl.oracle import catalog, ending
from refimpl.oracle.claims.report import Unwritten, counts, read_ledger, save_ledger
from refimpl.oracle.claims.runs import of_tier, run_claims
from refimpl.oracle.output import documents, terminal, words

MOST = 1000  # processes, and seeds: more are a slip of the finger


def add_arguments(parser):
    """Arguments of ``refimpl claims``."""
    parser.add_argument("targets", nargs="*", metavar="TARGET", help="system or claim, such as lion or lion.C1")
    parser.add_argument("--tier", choices=("quick", "full"), default="quick", help="full: the slow ones too")
    parser.add_argument("--seed", type=_seed, default=0, help="seed of every experiment (default: 0)")
    text = "run each at so many seeds, from --seed on, and say at how many it holds (default: 1)"
    parser.add_argument("--seeds", metavar="N", type=count, default=1, help=text)
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--jobs", type=count, help="number of processes (default: the usable cores)")
    where.add_argument("--dask", metavar="ADDRESS", help="run on the workers of this Dask scheduler instead")
    parser.add_argument("--out", metavar="DIR", help="folder for claims.jsonl and the figures")
    parser.add_argument("--save", metavar="FILE", help="bring the committed ledger up to date, and its figures")
    parser.add_argument("--force", action="store_true", help="write over a claims.jsonl that refimpl has not written")
    parser.add_argument("--strict", action="store_true", help="exit 1 if a claim is not reproduced at each seed")
    parser.add_argument("--format", choices=("rich", "markdown"), default="rich")
    parser.add_argument("--quiet", action="store_true", help="print the counts alone")


def _seed(text):
    return check.integer(seed=int(text))


def count(text):
    """Argument of the command line that is an integer from 1 to `MOST`."""
    if not (text.isdecimal() and len(text) < 9 and 1 <= int(text) <= MOST):
        raise argparse.ArgumentTypeError(f"must be an integer from 1 to {MOST}, got {text[:40]!r}")
    return int(text)


def main(args):
    """Run ``refimpl claims``.

    Parameters
    ----------
    args : argparse.Namespace
        As of `add_arguments`.

    Returns
    -------
    int
        0: all ran; 1: a claim ended in an error at some seed, or under ``--strict`` was not reproduced at some seed;
        2: nothing ran.

    Raises
    ------
    UnknownNameError
        If a target is no system and no claim.
    Ended, Unwritten
        As of `run_claims`, once what had been found is printed.
    """
    asked = list({claim.id: claim for claim in catalog.claims(args.targets)}.values())
    settings = {
        "seed": args.seed,
        "seeds": args.seeds,
        "tier": args.tier,
        "jobs": args.jobs,
        "out": args.out,
        "dask": args.dask,
        "force": args.force,
    }
    stop: Any = None
    if args.save:
        read_ledger(args.save)  # so that what is no ledger is told before hours have gone into it
    try:
        records = run_claims(asked, **settings, progress=not args.quiet)
    except (ending.Ended, Unwritten) as error:
        records, stop = error.result or [], error
    if records and not args.quiet:
        print(_markdown(records)) if args.format == "markdown" else terminal.console().print(_table(records))
    planned = len(of_tier(asked, args.tier))
    found = counts(records, planned)
    print(f"{planned} planned = " + " + ".join(f"{n} {status}" for status, n in found.items()))
    if args.seeds > 1:
        print(_steadiness(records, range(args.seed, args.seed + args.seeds)))
    if isinstance(stop, ending.Ended):
        raise stop
    if not records:
        print(f"refimpl claims: nothing ran; claims left out (full tier): {len(asked)}", file=sys.stderr)
        return 2
    if args.save:
        save_ledger(args.save, records, {claim.id for claim in catalog.claims()})
    if stop:
        raise stop
    everywhere = {status for record in records for status in record["seeds"].values()}
    return int("error" in everywhere or (args.strict and "not reproduced" in everywhere))


def _steadiness(records, seeds):
    """At how many of the seeds the claims hold.

    Examples
    --------
    >>> records = [{"seeds": {"3": "proxy", "4": "proxy"}}, {"seeds": {"3": "proxy", "4": "error"}}]
    >>> _steadiness(records, range(3, 5))
    'at seeds 3 to 4: 1 hold at each, 1 at some, 0 at none'
    """
    held = [{s in words.HOLDS for s in record["seeds"].values() if s != "not run"} for record in records]
    each, some, none = held.count({True}), held.count({True, False}), held.count({False})
    return f"at seeds {seeds[0]} to {seeds[-1]}: {each} hold at each, {some} at some, {none} at none"


def _table(records):
    colors = {"reproduced": "green", "proxy": "cyan", "not reproduced": "yellow", "error": "red"}
    table = Table(box=None, pad_edge=False, expand=True)
    table.add_column("claim", no_wrap=True)
    table.add_column("statement", ratio=3)
    table.add_column("status")
    table.add_column("measured", ratio=4)
    table.add_column("s", justify="right", no_wrap=True)
    for record in records:
        measured = "\n".join(map(_figures, record["measurements"]))
        table.add_row(
            record["id"],
            Text(_shortened(record["statement"])),
            Text(_standing(record), style=colors[record["status"]]),
            Text(measured or record["traceback"].strip().rpartition("\n")[2]),
            f"{record['seconds']:.1f}",
        )
    return table


def _standing(record):
    """Status, and the seeds at which the claim holds."""
    said = record["status"], words.at_seeds(record["status"], record["seeds"]), words.of_control(record["showed"])
    return ", ".join(filter(None, said))


def _markdown(records):
    """The same as a table of markdown, for the summary of a CI run."""
    lines = ["| claim | statement | status | measured |", "|---|---|---|---|"]
    for record in records:
        measured = "; ".join(map(_figures, record["measurements"])) or record["traceback"].strip().rpartition("\n")[2]
        row = (record["id"], record["statement"], _standing(record), measured)
        lines.append(f"| {' | '.join(map(documents.cell, row))} |")
    return "\n".join([*lines, ""])


def _figures(measurement):
    """A measured value against its bound.

    Examples
    --------
    >>> _figures({"quantity": "loss", "value": 0.25, "bound": "<= 0.2", "holds": False})
    'loss: 0.25, not <= 0.2'
    """
    said = f"{measurement['quantity']}: {measurement['value']:.4g}"
    if measurement["bound"] == "reported":
        return said
    return f"{said}, {'' if measurement['holds'] else 'not '}{measurement['bound']}"


def _shortened(text, width=90):
    return text if len(text) <= width else text[: width - 1].rstrip() + "…"
