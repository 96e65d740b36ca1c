"""Report files: JSON Lines between a header, which says what was planned, and a footer, which counts what came.

A file that was cut short, or in which something is there twice or was not planned, is refused.
"""

import contextlib
import json
import platform
from collections import Counter
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints

import numpy as np

import refimpl
from refimpl.oracle.candidates.wire import MAX_DIMENSIONS
from refimpl.oracle.texts import printable, short


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


def parsed(text, where):
    """The JSON value in some bytes.

    Raises
    ------
    ReportError
        That begins with `where`, if they are not one: also for NaN without quotes, a key that is there twice, and what
        is nested too deeply.

    Examples
    --------
    >>> parsed(b"[" * 10000, "claims.json")
    Traceback (most recent call last):
    refimpl.oracle.output.reportfile.ReportError: claims.json is no JSON (nested too deeply)
    """
    try:
        return json.loads(text, object_pairs_hook=_members, parse_constant=_no_constant)
    except RecursionError as error:
        raise ReportError(f"{where} is no JSON (nested too deeply)") from error
    except ValueError as error:  # bytes that are no UTF-8, integers of thousands of digits, and our own
        raise ReportError(f"{where} is no JSON ({error})") from error


def _members(pairs):
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("a key is there twice")
    return members


def _no_constant(name):
    raise ValueError(f"{name} must be a string")


def typed(kind, value, where):
    """A value from JSON as what an annotation says.

    Parameters
    ----------
    kind : type
        A dataclass, a `TypedDict`, ``str``, ``bool``, ``int``, ``float`` (of which NaN and the infinities are strings),
        ``tuple[x, ...]``, ``dict[str, x]``, ``x | None``; `Any` for numbers and texts in lists.
    value : object
        From JSON.
    where : str
        What to call the value.

    Returns
    -------
    object
        Of that kind.

    Raises
    ------
    ReportError
        That begins with `where`, if the value is something else.

    Examples
    --------
    >>> typed(dict[str, tuple[float, ...]], {"digits": [1, "NaN"]}, "here")
    {'digits': (1.0, nan)}
    >>> typed(tuple[int, ...], [1, True], "here")
    Traceback (most recent call last):
    refimpl.oracle.output.reportfile.ReportError: here[1] must be an integer, got True
    """
    if kind is Any:
        return _plain(value, where)
    if kind in _WORDS:
        if kind is float and (value in ("NaN", "Infinity", "-Infinity") or type(value) is int):
            with contextlib.suppress(OverflowError):
                return float(value)
        if type(value) is kind:
            return value
        raise ReportError(f"{where} must be {_WORDS[kind]}, got {short(value)}")
    parts = get_args(kind)
    if NoneType in parts:
        (kind,) = set(parts) - {NoneType}
        return None if value is None else typed(kind, value, where)
    if get_origin(kind) is tuple:
        if not isinstance(value, list):
            raise ReportError(f"{where} must be a list, got {short(value)}")
        return tuple(typed(parts[0], part, f"{where}[{i}]") for i, part in enumerate(value))
    if not isinstance(value, dict):
        raise ReportError(f"{where} must be an object, got {short(value)}")
    if get_origin(kind) in (dict, Mapping):
        return {name: typed(parts[1], part, f"{where}: {printable(name, 80)}") for name, part in value.items()}
    kinds = _hints(kind)
    needed = [f.name for f in fields(kind) if f.default is MISSING] if is_dataclass(kind) else kinds
    for said, names in (("lacks", [n for n in needed if n not in value]), ("has unknown", value.keys() - kinds)):
        if names:
            raise ReportError(f"{where} {said} {', '.join(short(name) for name in sorted(names))}")
    return kind(**{name: typed(kinds[name], part, f"{where}: {name}") for name, part in value.items()})


_hints = cache(get_type_hints)
_WORDS = {str: "a text", bool: "true or false", int: "an integer", float: "a number"}


def _plain(value, where):
    """Numbers and texts in lists, one in the other as deeply as arrays are at most."""
    left = [(value, 0)]
    while left:
        part, depth = left.pop()
        if depth > MAX_DIMENSIONS or isinstance(part, dict):
            raise ReportError(f"{where} must be numbers or texts in lists, at most {MAX_DIMENSIONS} deep")
        left += [(x, depth + 1) for x in part] if isinstance(part, list) else []
    return value


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
        The first line, whose "planned" is a list of texts.
    entries : list of dict
        The lines between, from line 2 of the file on, without their kind.
    footer : dict
        The last line.

    Raises
    ------
    ReportError
        If it is truncated, or a line is there twice or was not planned. Whether one is missing the counts tell.
    """
    texts = Path(path).read_bytes().removesuffix(b"\n").split(b"\n")
    lines = []
    for number, text in enumerate(texts if any(texts) else [], start=1):
        try:
            lines.append(parsed(text, f"{path}: line {number}"))
        except ReportError as error:
            raise ReportError(f"{error}; the report is truncated or damaged") from error
    kinds = [line.get("kind") if isinstance(line, dict) else None for line in lines]
    if kinds[:1] != ["header"]:
        raise ReportError(f"{path}: the first line must be the header; the report is empty or damaged")
    top, entries, bottom = lines[0], lines[1:-1], lines[-1]
    if "planned" not in top:
        raise ReportError(f"{path}: line 1: the header lacks what was planned")
    planned = Counter(typed(tuple[str, ...], top["planned"], f"{path}: line 1: planned"))
    if kinds[-1] != "footer":
        got = f"{len(lines) - 1} of {planned.total()} {kind}s"
        raise ReportError(f"{path}: no footer; the report is truncated after {got}")
    for number, found in enumerate(kinds[1:-1], start=2):
        if found != kind:
            between = f"between header and footer there must be {kind}s alone"
            raise ReportError(f"{path}: line {number}: {between}, got {short(found)}")
    seen: set[str] = set()
    for number, entry in enumerate(entries, start=2):
        try:
            key = name(entry)
            known = planned[key]
        except (KeyError, TypeError) as error:
            raise ReportError(f"{path}: line {number} lacks what makes it one of the {kind}s ({error!r})") from error
        if key in seen or known != 1:
            times = 1 + (key in seen)
            raise ReportError(f"{path}: line {number}: {key} is there {times} times and was planned {known} times")
        seen.add(key)
    return top, [{k: v for k, v in entry.items() if k != "kind"} for entry in entries], bottom
