"""What a run of claims leaves behind: the report of a run, and the committed ledger.

The report shows when a run was cut short. It is JSON Lines: a header with the planned claims, one record per claim as
it finishes (at several seeds one record per run), a footer with the counts. A report without its footer is a truncated
one, and `read_report` says so.
"""

import base64
import contextlib
import json
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

from refimpl.oracle.candidates.wire import encode
from refimpl.oracle.claims import figures
from refimpl.oracle.output import reportfile
from refimpl.oracle.output.reportfile import ReportError

STATUSES = ("reproduced", "proxy", "not reproduced", "error", "not run")


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
def report_file(folder):
    """Function that writes an entry of the report, and its figure if it has one."""
    if folder is None:
        yield lambda entry: None
        return
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "claims.jsonl").open("w", encoding="utf-8") as file:

        def write(entry):
            file.write(json.dumps(entry, allow_nan=False) + "\n")
            file.flush()
            if figure := entry.get("record", {}).get("figure"):
                (folder / f"{entry['name']}.png").write_bytes(base64.b64decode(figure))

        yield write


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
    try:
        records = [line["record"] for line in lines]
        found = counts(records, len(header["planned"]))
        if footer["counts"] != found:
            raise ReportError(f"{path}: the footer counts {footer['counts']}, the records are {found}")
        if found["not run"] and not footer["interrupted"]:
            raise ReportError(f"{path}: {found['not run']} planned claims are missing")
        for record in records:
            for measurement in record["measurements"]:
                measurement["value"] = float(measurement["value"])  # "NaN" and "Infinity" too
    except KeyError as error:
        raise ReportError(f"{path}: not what `refimpl claims` writes ({error!r})") from error
    return Report(header, records, footer)


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
    old = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    new = {record["id"]: _known_of(record) for record in records}
    ledger = {name: entry for name, entry in (old | new).items() if name in known}
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(ledger, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")
    figures.save(path.parent / "figures", records, known)


def _known_of(record):
    """What the ledger keeps of a record."""
    names = ("statement", "source", "kind", "control", "status", "note", "proxy", "tuned", "seed", "seeds")
    return {name: record[name] for name in names} | {
        "measurements": [m | {"value": encode(float(f"{m['value']:.6g}"))} for m in record["measurements"]],
        "figure": bool(record["figure"]),
    }
