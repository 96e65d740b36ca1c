"""Report files: JSON Lines between a header, which says what was planned, and a footer, which counts what came.

A file that was cut short, or in which something is there twice or was not planned, is refused.
"""

import json
import platform
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

import refimpl


class ReportError(ValueError):
    """A report that is truncated or contradicts itself; the message tells where."""


def header(planned, **settings):
    """First line of a report: what was planned, on what, and when.

    Examples
    --------
    >>> header(["lion.C1"], seed=0)["planned"]
    ['lion.C1']
    """
    return {
        "kind": "header",
        "refimpl": refimpl.__version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "platform": platform.platform(),
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        **settings,
        "planned": planned,
    }


def read(path, kind, name):
    """Read a report file.

    Parameters
    ----------
    path : path
        The file.
    kind : str
        Of the lines between header and footer.
    name : callable
        What the header calls such a line, given the line.

    Returns
    -------
    header : dict
        The first line.
    entries : list of dict
        The lines between.
    footer : dict
        The last line.

    Raises
    ------
    ReportError
        If it is truncated, or a line is there twice or was not planned. Whether one is missing the counts tell.
    """
    lines = []
    for number, text in enumerate(Path(path).read_text(encoding="utf-8").splitlines(), start=1):
        try:
            lines.append(json.loads(text))
        except json.JSONDecodeError as error:
            raise ReportError(f"{path}: line {number} is no JSON; the report is truncated or damaged") from error
    kinds = [line.get("kind") if isinstance(line, dict) else None for line in lines]
    if kinds[:1] != ["header"]:
        raise ReportError(f"{path}: the first line must be the header; the report is empty or damaged")
    top, entries, bottom = lines[0], lines[1:-1], lines[-1]
    try:
        planned = Counter(top["planned"])
        if kinds[-1] != "footer":
            got = f"{len(lines) - 1} of {planned.total()} {kind}s"
            raise ReportError(f"{path}: no footer; the report is truncated after {got}")
        if set(kinds[1:-1]) - {kind}:
            raise ReportError(f"{path}: between header and footer there must be {kind}s alone, got {kinds[1:-1]}")
        found = Counter(map(name, entries))
    except (KeyError, TypeError) as error:
        raise ReportError(f"{path}: a line lacks what makes it one of {kind}s ({error!r})") from error
    for key, times in found.items():
        if times > 1 or planned[key] != 1:
            raise ReportError(f"{path}: {key} is there {times} times and was planned {planned[key]} times")
    return top, entries, bottom
