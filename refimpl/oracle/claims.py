"""Runs the claims of the papers on a pool of processes or on a Dask cluster.

The report shows when a run was cut short. It is JSON Lines: a header with the planned claims, one record per claim as
it finishes, a footer with the counts. A report without its footer is a truncated one, and `read_report` says so.
"""

import argparse
import base64
import contextlib
import io
import json
import multiprocessing
import os
import signal
import sys
import time
import traceback
import warnings
from collections import Counter
from multiprocessing import connection, resource_tracker
from pathlib import Path
from typing import Any, NamedTuple

from refimpl.core import check
from refimpl.oracle import catalog, cluster, reportfile
from refimpl.oracle.reportfile import ReportError
from refimpl.oracle.wire import encode
from refimpl.specs.base import Claim, Outcome

STATUSES = ("reproduced", "proxy", "not reproduced", "error", "not run")
CATALOG = "refimpl.oracle.catalog:claims"
OUTPUT_TAIL = 4000  # characters kept of what an experiment prints


class Interrupted(KeyboardInterrupt):
    """A run that was cut short; `records` holds what had finished."""

    def __init__(self, records):
        super().__init__(f"interrupted after {len(records)} claims")
        self.records = records


class Report(NamedTuple):
    """What `read_report` returns."""

    header: dict[str, Any]
    records: list[dict[str, Any]]  # in the order in which they finished
    footer: dict[str, Any]


# One claim ----------------------------------------------------------------------------------------------------


def run_claim(claim, seed=0):
    """Run one experiment here and now.

    Parameters
    ----------
    claim : Claim
        What to run.
    seed : int, default: 0
        >= 0. Given to the experiment; the same seed gives the same record, but for its `seconds`.

    Returns
    -------
    dict
        `id`, `statement`, `source`, `tier`, `proxy`, `tuned`, `seed`, `status`, `measurements` (a list of
        `quantity`, `value`, `bound`, `holds`), `note`, `figure` (PNG in base64, or ""), `output` (the end of what
        it printed), `traceback` (of an error, or ""), `seconds`.

    Examples
    --------
    >>> from refimpl.specs.base import Claim, Outcome, at_most
    >>> claim = Claim("doc.C1", "halving halves", "Theorem 1", lambda seed: Outcome([at_most("half", 0.5, 0.5)]))
    >>> record = run_claim(claim)
    >>> record["status"], record["measurements"]
    ('reproduced', [{'quantity': 'half', 'value': 0.5, 'bound': '<= 0.5', 'holds': True}])
    """
    seed = check.integer(seed=seed)
    record = _blank(claim, seed)
    printed = io.StringIO()
    start = time.perf_counter()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed), warnings.catch_warnings():
        try:
            record |= _findings(claim, claim.experiment(seed))
        except Exception:
            record |= {"status": "error", "traceback": traceback.format_exc()}
    return record | {"output": printed.getvalue()[-OUTPUT_TAIL:], "seconds": time.perf_counter() - start}


def _blank(claim, seed):
    given = {name: getattr(claim, name) for name in ("id", "statement", "source", "tier", "proxy", "tuned")}
    empty = {"measurements": [], "note": "", "figure": "", "output": "", "traceback": "", "seconds": 0.0}
    return given | {"seed": seed, "status": "error"} | empty


def _findings(claim, outcome):
    """What an outcome adds to the record."""
    if not isinstance(outcome, Outcome):
        raise TypeError(f"the experiment of {claim.id} must return an Outcome, got {type(outcome).__name__}")
    if all(m.bound == "reported" for m in outcome.measurements):
        raise ValueError(f"the experiment of {claim.id} must bound at least one measurement: nothing was tested")
    holds = all(m.holds for m in outcome.measurements)
    return {
        "status": "not reproduced" if not holds else "proxy" if claim.proxy else "reproduced",
        "measurements": [
            {"quantity": str(m.quantity), "value": float(m.value), "bound": m.bound, "holds": m.holds}
            for m in outcome.measurements
        ],
        "note": str(outcome.note),
        "figure": base64.b64encode(_png(outcome.plot)).decode() if outcome.plot else "",
    }


def _png(plot):
    """The figure as PNG: the same bytes for the same data, whatever was drawn before and whoever draws it."""
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context():
        matplotlib.rcdefaults()  # neither the user's style nor that of the claim before
        figure = Figure(figsize=(7, 4), dpi=100, layout="constrained")
        plot(figure)
        stream = io.BytesIO()
        figure.savefig(stream, format="png", metadata={"Software": None})
    return stream.getvalue()


# The pool -----------------------------------------------------------------------------------------------------


class _Worker:
    """A process that runs one claim after the other, and what it is doing now."""

    def __init__(self, find):
        context = multiprocessing.get_context("spawn")  # so that NumPy loads anew, under the limits set here
        self.connection, theirs = context.Pipe()
        self.process = context.Process(target=_serve, args=(theirs, find))
        with _limits():
            self.process.start()
        theirs.close()  # ours is then the only other end, and closes when the process dies
        self.claim: Claim | None = None
        self.started = 0.0

    def give(self, claim, seed):
        self.claim, self.started = claim, time.perf_counter()
        with contextlib.suppress(OSError):  # already dead: `take` tells
            self.connection.send((claim.id, seed))

    def take(self, seed):
        """The record of the claim that it was given, be it that of its death."""
        try:
            found = self.connection.recv()
        except (EOFError, OSError):
            self.process.join()
            found = {
                "traceback": f"the worker process died: {cluster.death(self.process.exitcode)}",
                "seconds": time.perf_counter() - self.started,
            }
        record, self.claim = _blank(self.claim, seed) | found, None
        return record

    def end(self):
        self.process.kill()  # it holds nothing that needs saving
        self.process.join()
        self.connection.close()


@contextlib.contextmanager
def _limits():
    """What a process started here inherits: one BLAS thread, and no Ctrl-C.

    The terminal sends Ctrl-C to the workers too; the parent alone acts on it.
    """
    resource_tracker.ensure_running()  # it unblocks signals as it starts, so it must have started before
    before = {name: os.environ.get(name) for name in cluster.ONE_THREAD}
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    os.environ.update(cluster.ONE_THREAD)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def _serve(pipe, find):
    """Body of a worker: (id, seed) comes in, a record goes out, until the other end closes."""
    with contextlib.suppress(EOFError, OSError):
        while True:
            pipe.send(run_by_id(find, *pipe.recv()))


def run_by_id(find, name, seed):
    """Run the claim of that id; what a worker does.

    Parameters
    ----------
    find : str
        As for `run_claims`.
    name : str
        Id of the claim.
    seed : int
        >= 0.

    Returns
    -------
    dict
        As of `run_claim`; the "traceback" alone if the claim is not found: a spec does not even load.

    Examples
    --------
    >>> run_by_id("refimpl.oracle.catalog:claims", "lion.C0", 0)["traceback"].splitlines()[-1]
    "refimpl.oracle.catalog.UnknownNameError: unknown claim 'lion.C0'; did you mean ...?"
    """
    try:
        (claim,) = cluster.call(find, [name])
        return run_claim(claim, seed)
    except Exception:
        return {"traceback": traceback.format_exc()}


@contextlib.contextmanager
def _signals():
    """Ctrl-C and SIGTERM as entries of a list, so that they never strike in the middle of a line of the report."""
    caught: list[int] = []
    try:
        before = {s: signal.signal(s, lambda s, frame: caught.append(s)) for s in (signal.SIGINT, signal.SIGTERM)}
    except ValueError:  # not the main thread, to which signals go
        before = {}
    try:
        yield caught
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _finished(claims, seed, jobs, find, caught, show):
    """Records as they finish; ends early once a signal is caught. A worker that dies costs its claim alone."""
    waiting = _long_ones_first(claims)
    workers: list[_Worker] = []
    try:
        while not caught:
            idle = [worker for worker in workers if worker.claim is None]
            while waiting and (idle or len(workers) < jobs):
                if not idle:
                    idle = [_Worker(find)]
                    workers += idle
                idle.pop().give(waiting.pop(0), seed)
            busy = [worker for worker in workers if worker.claim]
            if not busy:
                return
            show({worker.claim.id for worker in workers if worker.claim})
            ready = connection.wait([worker.connection for worker in busy], timeout=0.1)
            for worker in busy:
                if worker.connection in ready:
                    yield worker.take(seed)
                    if not worker.process.is_alive():
                        worker.end()
                        workers.remove(worker)
    finally:
        for worker in workers:
            worker.end()


def _finished_on(client, claims, seed, find, caught, show):
    """The same on a Dask cluster."""
    table = {claim.id: claim for claim in _long_ones_first(claims)}
    jobs = [cluster.Job(name, f"{__name__}:{run_by_id.__name__}", (find, name, seed)) for name in table]
    for done in cluster.finished(client, jobs, caught, show):
        found = done.result or {"traceback": done.failure, "seconds": done.seconds}
        yield _blank(table[done.name], seed) | found


def _long_ones_first(claims):
    return sorted(claims, key=lambda claim: claim.tier == "quick")


def _of_tier(claims, tier):
    return [claim for claim in claims if tier != "quick" or claim.tier == "quick"]


def usable_cores():
    """Number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run_claims(claims, *, seed=0, tier="quick", jobs=None, out=None, progress=True, find=CATALOG, dask=None):
    """Run claims on a pool of processes, or on a Dask cluster.

    Parameters
    ----------
    claims : sequence of Claim
        Each once. Workers look them up by id with `find`, because an experiment may be a lambda.
    seed : int, default: 0
        >= 0. Seed of every experiment; the same seed gives the same records, whatever `jobs` is.
    tier : {"quick", "full", "all"}
        The claims of the quick tier, or all of them.
    jobs : int, optional
        >= 1. Number of processes, each with one BLAS thread; default: the usable cores.
    out : path, optional
        Folder that gets the report ``claims.jsonl`` and ``<id>.png`` for each figure.
    progress : bool, default: True
        Show on standard error what runs: live on a terminal, else a line per finished claim.
    find : str
        ``"module:function"``; ``function([id])`` gives the claim in a worker.
    dask : str, optional
        Address of a Dask scheduler, whose workers run the claims instead; they must have this version of refimpl.
        The records are the same.

    Returns
    -------
    list of dict
        Records as of `run_claim`, in the order of `claims`.

    Raises
    ------
    Interrupted
        On Ctrl-C or SIGTERM, once the workers are killed and the report has its footer.
    ClusterError
        If the Dask cluster cannot be used.
    TypeError, ValueError
        If a claim occurs twice, or `seed`, `tier` or `jobs` is not as above.
    """
    seed = check.integer(seed=seed)
    check.choice(("quick", "full", "all"), tier=tier)
    jobs = check.integer(jobs=usable_cores() if jobs is None else jobs, minimum=1)
    claims = _of_tier(claims, tier)
    planned = [claim.id for claim in claims]
    if len(set(planned)) < len(planned):
        raise ValueError(f"claims must occur once, got {', '.join(planned)}")
    records: dict[str, dict[str, Any]] = {}
    start = time.perf_counter()
    with contextlib.ExitStack() as stack:
        client = stack.enter_context(cluster.connected(dask)) if dask else None
        caught = stack.enter_context(_signals())
        note, show = stack.enter_context(_progress(planned) if progress else _silence())
        write = stack.enter_context(_report_file(out))
        write(reportfile.header(planned, tier=tier, seed=seed))
        running = (
            _finished_on(client, claims, seed, find, caught, show)
            if client
            else _finished(claims, seed, jobs, find, caught, show)
        )
        stack.enter_context(contextlib.closing(running))
        for record in running:
            records[record["id"]] = record
            write({"kind": "claim"} | record)
            note(record)
        write(_footer(planned, records.values(), bool(caught), time.perf_counter() - start))
    found = [records[name] for name in planned if name in records]
    if caught:
        raise Interrupted(found)
    return found


# The report ---------------------------------------------------------------------------------------------------


def counts(records, planned):
    """Number of records of each status; "not run" is what is missing of `planned`.

    Examples
    --------
    >>> counts([{"status": "proxy"}, {"status": "error"}], planned=3)
    {'reproduced': 0, 'proxy': 1, 'not reproduced': 0, 'error': 1, 'not run': 1}
    """
    found = Counter(record["status"] for record in records)
    found["not run"] = planned - found.total()
    return {status: found[status] for status in STATUSES}


def _footer(planned, records, interrupted, seconds):
    return {
        "kind": "footer",
        "counts": counts(records, len(planned)),
        "interrupted": interrupted,
        "seconds": seconds,
    }


@contextlib.contextmanager
def _report_file(folder):
    """Function that writes an entry of the report, and its figure if it has one."""
    if folder is None:
        yield lambda entry: None
        return
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "claims.jsonl").open("w", encoding="utf-8") as file:

        def write(entry):
            file.write(json.dumps(_encoded(entry), allow_nan=False) + "\n")
            file.flush()
            if entry.get("figure"):
                (folder / f"{entry['id']}.png").write_bytes(base64.b64decode(entry["figure"]))

        yield write


def _encoded(entry):
    """`entry` with its values as they go on the wire: JSON has no NaN."""
    if "measurements" not in entry:
        return entry
    return entry | {"measurements": [m | {"value": encode(m["value"])} for m in entry["measurements"]]}


def read_report(path):
    """Read ``claims.jsonl`` back.

    Parameters
    ----------
    path : path
        The file.

    Returns
    -------
    Report
        Header, records and footer; that of an interrupted run too, whose footer says so.

    Raises
    ------
    ReportError
        If it is truncated, holds a claim twice or one that was not planned, or its counts do not add up.
    """
    header, records, footer = reportfile.read(path, "claim", lambda record: record["id"])
    try:
        found = counts(records, len(header["planned"]))
        if footer["counts"] != found:
            raise ReportError(f"{path}: the footer counts {footer['counts']}, the records are {found}")
        if found["not run"] and not footer["interrupted"]:
            raise ReportError(f"{path}: {found['not run']} planned claims are missing")
        for record in records:
            del record["kind"]
            for measurement in record["measurements"]:
                measurement["value"] = float(measurement["value"])  # "NaN" and "Infinity" too
    except KeyError as error:
        raise ReportError(f"{path}: not what `refimpl claims` writes ({error!r})") from error
    return Report(header, records, footer)


def save_ledger(path, records, known):
    """Bring the committed ledger of claims up to date: sorted, without times or figures, so that it can be diffed.

    Parameters
    ----------
    path : path
        JSON file; its entries for other claims stay, if they are still `known`.
    records : sequence of dict
        As of `run_claim`.
    known : collection of str
        Ids of all the claims that there are.
    """
    path = Path(path)
    old = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    names = ("statement", "source", "status", "note", "proxy", "tuned", "seed")
    new = {r["id"]: {name: r[name] for name in names} | {"measurements": _rounded(r)} for r in records}
    ledger = {name: entry for name, entry in (old | new).items() if name in known}
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(ledger, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")


def _rounded(record):
    return [m | {"value": encode(float(f"{m['value']:.6g}"))} for m in record["measurements"]]


# What is shown ------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _silence():
    yield lambda record: None, lambda running: None


@contextlib.contextmanager
def _progress(planned):
    """Functions that note a finished record and show what runs: live on a terminal, else a line per record."""
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from refimpl.oracle import render

    console = render.console(stderr=True)
    if not console.is_terminal:
        done: list[str] = []

        def line(record):
            done.append(record["id"])
            place = f"[{len(done)}/{len(planned)}]"
            print(place, record["id"], record["status"], f"{record['seconds']:.1f} s", file=sys.stderr, flush=True)

        yield line, lambda running: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bars:
        whole = bars.add_task(f"0 of {len(planned)} claims", total=len(planned))
        rows: dict[str, Any] = {}

        def show(running):
            for name in running - rows.keys():
                rows[name] = bars.add_task(f"  {name}", total=None)

        def note(record):
            bars.remove_task(rows.pop(record["id"]))
            bars.advance(whole)
            done = int(bars.tasks[0].completed)
            bars.update(whole, description=f"{done} of {len(planned)} claims")

        yield note, show


def _table(records):
    from rich.table import Table
    from rich.text import Text

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
            Text(record["status"], style=colors[record["status"]]),
            Text(measured or record["traceback"].strip().rpartition("\n")[2]),
            f"{record['seconds']:.1f}",
        )
    return table


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


# The command --------------------------------------------------------------------------------------------------


def add_arguments(parser):
    """Arguments of ``refimpl claims``."""
    parser.add_argument("targets", nargs="*", metavar="TARGET", help="system or claim, such as lion or lion.C1")
    parser.add_argument("--tier", choices=("quick", "full"), default="quick", help="full: the slow ones too")
    parser.add_argument("--seed", type=_seed, default=0, help="seed of every experiment (default: 0)")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--jobs", type=_jobs, help="number of processes (default: the usable cores)")
    where.add_argument("--dask", metavar="ADDRESS", help="run on the workers of this Dask scheduler instead")
    parser.add_argument("--out", metavar="DIR", help="folder for claims.jsonl and the figures")
    parser.add_argument("--save", metavar="FILE", help="bring the committed ledger up to date")
    parser.add_argument("--strict", action="store_true", help="exit 1 if a claim is not reproduced")
    parser.add_argument("--quiet", action="store_true", help="print the counts alone")


def _seed(text):
    return check.integer(seed=int(text))


def _jobs(text):
    if not (text.isdecimal() and int(text) >= 1):
        raise argparse.ArgumentTypeError(f"must be an integer >= 1, got {text!r}")
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
        0: all ran; 1: a claim ended in an error, or under ``--strict`` was not reproduced; 2: nothing ran;
        130: interrupted.

    Raises
    ------
    UnknownNameError
        If a target is no system and no claim.
    """
    from refimpl.oracle import render

    asked = list({claim.id: claim for claim in catalog.claims(args.targets)}.values())
    settings = {"seed": args.seed, "tier": args.tier, "jobs": args.jobs, "out": args.out, "dask": args.dask}
    interrupted = False
    try:
        records = run_claims(asked, **settings, progress=not args.quiet)
    except Interrupted as stop:
        records, interrupted = stop.records, True
    if records and not args.quiet:
        render.console().print(_table(records))
    planned = len(_of_tier(asked, args.tier))
    found = counts(records, planned)
    print(f"{planned} planned = " + " + ".join(f"{n} {status}" for status, n in found.items()))
    if interrupted:
        return 130
    if not records:
        print(f"refimpl claims: nothing ran; claims left out (full tier): {len(asked)}", file=sys.stderr)
        return 2
    if args.save:
        save_ledger(args.save, records, {claim.id for claim in catalog.claims()})
    return int(found["error"] > 0 or (args.strict and found["not reproduced"] > 0))
