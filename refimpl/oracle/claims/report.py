"""What a run of claims leaves behind: the report of a run, and the committed ledger.

The report shows when a run was cut short. It is JSON Lines: a header with the planned claims, one record per claim as
it finishes (at several seeds one record per run), a footer with the counts. While it grows it is called
``claims.jsonl.part``, and stays so if the run is killed or the disk is full; a report without its footer is a truncated
one, and `read_report` says so.
"""

import base64
import contextlib
import json
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple, TypedDict

from refimpl.core import disk
from refimpl.oracle.candidates.wire import encode
from refimpl.oracle.claims import figures
from refimpl.oracle.output import reportfile
from refimpl.oracle.output.ours import refuse_foreign
from refimpl.oracle.output.reportfile import ReportError, typed
from refimpl.oracle.texts import short

STATUSES = ("reproduced", "proxy", "not reproduced", "error", "not run")


class Unwritten(OSError):
    """A report that could not be written, in words; `result` holds the records, where somebody has put them there."""

    result: Any = None


class Report(NamedTuple):
    """What `read_report` returns."""

    header: dict[str, Any]
    records: list[dict[str, Any]]  # in the order in which they finished
    footer: dict[str, Any]


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


def entry(name, record):
    """Line of a report: a record, under the name by which it was planned; JSON has no NaN."""
    measurements = [m | {"value": encode(m["value"])} for m in record["measurements"]]
    return {"kind": "claim", "name": name, "record": record | {"measurements": measurements}}


def footer_of(planned, records, interrupted, seconds):
    """Last line of a report."""
    return {
        "kind": "footer",
        "counts": counts(records, len(planned)),
        "interrupted": interrupted,
        "seconds": seconds,
    }


@contextlib.contextmanager
def report_file(folder, force=False):
    """Function that writes an entry of the report, and its figure if it has one; no other run writes there meanwhile.

    A file of its name that is none of ours is refused, unless by `force`. What cannot be written stops nothing:
    `Unwritten` tells it at the end.
    """
    if folder is None:
        yield lambda entry: None
        return
    folder = Path(folder)
    path, part = folder / "claims.jsonl", folder / "claims.jsonl.part"
    refuse_foreign("report", path, part, force=force)
    lost: list[OSError] = []
    written = planned = 0
    with disk.alone_in(folder), part.open("wb", buffering=0) as file:

        def line(entry):
            left, start = json.dumps(entry, allow_nan=False).encode() + b"\n", file.tell()
            try:
                while left:  # a disk that is nearly full takes a part of it
                    left = left[file.write(left) :]
            except OSError:
                file.truncate(start)
                file.seek(start)
                raise

        def write(entry):
            nonlocal written, planned
            try:
                if not (lost and entry["kind"] == "footer"):  # without it nobody takes the report for a whole one
                    line(entry)
                written += entry["kind"] == "claim"
                planned = len(entry.get("planned", ())) or planned
            except OSError as error:
                lost.append(error)
            if figure := entry.get("record", {}).get("figure"):
                try:
                    disk.write(folder / f"{entry['name']}.png", base64.b64decode(figure))
                except OSError as error:
                    lost.append(error)

        yield write
        if not lost:
            try:
                part.replace(path)
                return
            except OSError as error:
                lost.append(error)
        kept = f"; {written} of {planned} records are in {part}, and {path.name} is as it was before"
        if not part.exists():
            kept = f"; {part} was removed while it was written"
        raise Unwritten(lost[0].errno, f"{lost[0].strerror}{kept}", str(path))


def read_report(path):
    """Read ``claims.jsonl`` back.

    Parameters
    ----------
    path : path
        The file.

    Returns
    -------
    Report
        Header, records (one per run, at whatever seed) and footer; that of an interrupted run too, whose footer says
        so.

    Raises
    ------
    ReportError
        If it is truncated, holds a claim twice or one that was not planned, or its counts do not add up.
    """
    header, lines, footer = reportfile.read(path, "claim", lambda line: line["name"])
    last = f"{path}: line {len(lines) + 2}"
    records: list[Any] = []
    for number, line in enumerate(lines, start=2):
        found = typed(_Line, line, f"{path}: line {number}")
        records.append(found["record"] | {"measurements": list(found["record"]["measurements"])})
        if wrong := _contradiction(found["name"], records[-1]):
            raise ReportError(f"{path}: line {number}: {wrong}")
    end = typed(_Footer, footer, last)
    tally = counts(records, len(header["planned"]))
    if end["counts"] != tally:
        raise ReportError(f"{last}: the footer counts {end['counts']}, the records are {tally}")
    if tally["not run"] and not end["interrupted"]:
        raise ReportError(f"{last}: {tally['not run']} planned claims are missing")
    return Report(header, records, footer)


class _Measurement(TypedDict):
    quantity: str
    value: float
    bound: str
    holds: bool


class _Record(TypedDict):
    id: str
    statement: str
    source: str
    tier: str
    kind: str
    control: str
    showed: str
    proxy: str
    tuned: str
    seed: int
    seeds: dict[str, str]
    status: str
    measurements: tuple[_Measurement, ...]
    note: str
    figure: str
    output: str
    traceback: str
    seconds: float


class _Line(TypedDict):
    name: str
    record: _Record


class _Footer(TypedDict):
    kind: str
    counts: dict[str, int]
    interrupted: bool
    seconds: float


def _contradiction(name, record):
    """How a record contradicts itself; "" if it does not."""
    if name not in (record["id"], f"{record['id']}@{record['seed']}"):
        return f"{short(name)} is not the name of {short(record['id'])} at seed {record['seed']}"
    holds = all(measurement["holds"] for measurement in record["measurements"])
    good = "proxy" if record["proxy"] else "reproduced"
    status = good if holds and record["measurements"] else "not reproduced" if record["measurements"] else "error"
    if record["status"] != status or record["seeds"] != {str(record["seed"]): status}:
        return f"the status is {short(record['status'])}; from the measurements follows {status!r}"
    return ""


def save_ledger(path, records, known):
    """Bring the committed ledger of claims up to date: sorted and without times, so that it can be diffed.

    Parameters
    ----------
    path : path
        JSON file; its entries for other claims stay, if they are still `known`. The figures go into the folder
        ``figures`` beside it.
    records : sequence of dict
        As of `run_claims`.
    known : collection of str
        Ids of all the claims that there are.
    """
    path = Path(path)
    new = {record["id"]: _known_of(record) for record in records}
    with disk.alone_in(path.parent, wait=True):
        ledger = {name: entry for name, entry in (read_ledger(path) | new).items() if name in known}
        disk.write(path, json.dumps(ledger, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n")
        figures.save(path.parent / "figures", records, known)


def read_ledger(path):
    """The entries of the committed ledger by claim; none where there is no file yet.

    Raises
    ------
    ReportError
        If the file is no ledger.
    """
    path = Path(path)
    found = reportfile.parsed(path.read_bytes(), path) if path.is_file() else {}
    if not isinstance(found, dict) or not all(isinstance(entry, dict) for entry in found.values()):
        raise ReportError(f"{path}: a ledger is an object with an object for each claim")
    return found


def _known_of(record):
    """What the ledger keeps of a record."""
    names = ("statement", "source", "kind", "control", "status", "note", "proxy", "tuned", "seed", "seeds")
    return {name: record[name] for name in names} | {
        "measurements": [m | {"value": encode(float(f"{m['value']:.6g}"))} for m in record["measurements"]],
        "figure": bool(record["figure"]),
    }
