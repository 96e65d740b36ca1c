"""Test vectors: cases, answers and tolerances as JSON files that any language reads.

A file holds one operation. Its arrays are in the wire format (`refimpl.oracle.candidates.wire`), one on a line, so
that a file can be diffed; `refimpl/oracle/candidates/schemas/vectors.json` is its JSON Schema.
"""

import json
from collections import Counter
from decimal import ROUND_CEILING, Context
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import refimpl
from refimpl.core import disk
from refimpl.oracle import catalog
from refimpl.oracle.candidates import schema
from refimpl.oracle.candidates.wire import WireError, decode, encode
from refimpl.oracle.judging import cases, tolerance
from refimpl.oracle.judging.answers import expected
from refimpl.oracle.output.ours import refuse_foreign
from refimpl.oracle.output.reportfile import ReportError, parsed
from refimpl.specs.base import FLAGS

SCHEMA = "urn:refimpl:vectors:2"
MARGIN = 2.0  # tolerances are measured, and exp or sin may round otherwise on another machine


class VectorsError(ValueError):
    """A file of vectors that is damaged, not what the code writes, or cannot be written; the message tells where."""


class Vectors(NamedTuple):
    """What `read_vectors` returns."""

    header: dict[str, Any]  # all but the cases
    cases: list[dict[str, Any]]  # with arrays decoded
    errors: list[dict[str, Any]]  # what must be refused


# Writing ------------------------------------------------------------------------------------------------------


def vectors(operation):
    """All that a file says of an operation, as plain data.

    Parameters
    ----------
    operation : Operation
        From the catalog.

    Returns
    -------
    dict
        Of the schema ``vectors.json``.

    Examples
    --------
    >>> lion = vectors(catalog.operation("lion.step"))
    >>> lion["cases"][0]["slug"], lion["numberOfCases"] == len(lion["cases"])
    ('both-agree', True)
    """
    paper = catalog.system(operation.system).paper
    shown = [case for case in operation.cases if "large" not in case.flags]  # those would be megabytes
    used = {flag for case in shown for flag in case.flags}
    return {
        "schema": SCHEMA,
        "suiteVersion": refimpl.__version__,
        "operation": operation.name,
        "summary": operation.summary,
        "paper": {"title": paper.title, "authors": paper.authors, "year": paper.year, "arxiv": paper.arxiv},
        "inputs": [_field(entry) for entry in operation.inputs],
        "outputs": [_field(entry) | {"steps": entry.steps} for entry in operation.outputs],
        "notes": {flag: text for flag, text in FLAGS.items() if flag in used},
        "toleranceSource": f"{tolerance.source(tolerance.TRIALS)}; rounded up to two digits",
        "numberOfCases": len(shown),
        "numberOfErrorCases": len(operation.errors),
        "cases": [_case(operation, case) for case in shown],
        "errorCases": [_error_case(operation, case) for case in operation.errors],
    }


def _field(entry):
    told = {"name": entry.name, "kind": entry.kind, "doc": entry.doc}
    if entry.kind == "choice":
        return told | {"options": list(entry.options)}
    told |= {"axes": entry.axes.split(), "dtype": entry.domain.dtype} if entry.kind == "array" else {}
    return told | ({"domain": entry.domain.data} if entry.domain.words else {})


def _case(operation, case):
    return {
        "id": cases.case_id(operation, case),
        "slug": case.slug,
        "flags": list(case.flags),
        "why": case.why,
        "equations": list(case.equations),
        "source": case.source or operation.exact_source,
        "inputs": {name: encode(value) for name, value in case.inputs.items()},
        "expected": {dtype: _answers(operation, case, dtype) for dtype in case.dtypes},
    }


def _answers(operation, case, dtype):
    outputs, tolerances = expected(operation, case, dtype)
    return {
        "outputs": {name: encode(value) for name, value in outputs.items()},
        "tolerances": {name: encode(_short(value)) for name, value in tolerances.items()},
    }


def _short(values):
    """The least numbers of two decimal digits that are not below `values`."""
    up = Context(prec=2, rounding=ROUND_CEILING)
    return np.array([float(up.create_decimal_from_float(x)) for x in values.ravel().tolist()]).reshape(values.shape)


def _error_case(operation, case):
    return {
        "id": f"{operation.name}/refuses:{case.slug}",
        "why": case.why,
        "inputs": {name: encode(value) for name, value in case.inputs.items()},
        "raises": [kind.__name__ for kind in (case.raises if isinstance(case.raises, tuple) else (case.raises,))],
        "names": case.names,
    }


def text(value, indent=0):
    """JSON with an entry per line, but arrays and lists of plain values on one line.

    Examples
    --------
    >>> print(text({"x": encode(np.ones(2)), "flags": ["basic"]}))
    {
     "x": {"dtype": "float64", "shape": [2], "data": [1.0, 1.0]},
     "flags": ["basic"]
    }
    """
    parts = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    if not any(isinstance(part, dict | list) for part in parts) or (isinstance(value, dict) and "shape" in value):
        return json.dumps(value, allow_nan=False, ensure_ascii=False)
    pad, (start, end) = "\n" + " " * indent, "{}" if isinstance(value, dict) else "[]"
    names = [f"{json.dumps(name)}: " for name in value] if isinstance(value, dict) else [""] * len(parts)
    lines = ",".join(f"{pad} {name}{text(part, indent + 1)}" for name, part in zip(names, parts, strict=True))
    return f"{start}{lines}{pad}{end}"


def write_vectors(target, folder, *, force=False):
    """Write a file for each operation of a target.

    Parameters
    ----------
    target : str
        "<system>" or "<system>.<operation>".
    folder : path
        Where; made if it is not there.
    force : bool, default: False
        Whether to write over files of these names that hold something else than vectors.

    Returns
    -------
    list of pathlib.Path
        The files, "<operation>.json".

    Raises
    ------
    OSError
        As of `refimpl.core.disk.write` and `refimpl.core.disk.alone_in`.
    ValueError
        If a file of such a name is there and holds something else; nothing is written then.
    """
    folder = Path(folder)
    operations = catalog.operations(target)
    with disk.alone_in(folder):
        paths = [folder / f"{operation.name}.json" for operation in operations]
        refuse_foreign("vectors", *paths, force=force)
        for path, operation in zip(paths, operations, strict=True):
            disk.write(path, text(vectors(operation)) + "\n")
    return paths


# Reading ------------------------------------------------------------------------------------------------------


def read_vectors(path):
    """Read a file of vectors.

    Parameters
    ----------
    path : path
        The file.

    Returns
    -------
    Vectors
        With arrays as NumPy arrays, everything else as it is there.

    Raises
    ------
    VectorsError
        If it is no such file or of another version, holds an id twice or less than it counts, or the inputs of
        a case do not belong to its id.
    """
    data = load(path)
    try:
        found = [_decoded(case) for case in data["cases"]]
        errors = [case | {"inputs": _arrays(case["inputs"], case["id"])} for case in data["errorCases"]]
    except WireError as error:
        raise VectorsError(f"{path}: {error}") from error
    for case in found:
        if case["id"].rpartition("-")[2] != cases.digest(case["inputs"])[:8]:
            raise VectorsError(f"{path}: the inputs of {case['id']} are not those that the id was made from")
    return Vectors({name: data[name] for name in data if name not in ("cases", "errorCases")}, found, errors)


def load(path):
    """Plain data of a file that keeps the schema, and whose counts and ids are right."""
    try:
        data = parsed(Path(path).read_bytes(), path)
        wrong = schema.mismatch(data, schema.load("vectors.json"), "the file") or _miscounted(data)
    except ReportError as error:
        raise VectorsError(str(error)) from error
    except RecursionError:
        wrong = "nested too deeply"
    if wrong:
        raise VectorsError(f"{path}: {wrong}")
    return data


def _miscounted(data):
    for count, name in (("numberOfCases", "cases"), ("numberOfErrorCases", "errorCases")):
        if data[count] != len(data[name]):
            return f"{count} is {data[count]}, but there are {len(data[name])}"
    ids = Counter(case["id"] for case in data["cases"] + data["errorCases"])
    return "".join(f"{name} is there {times} times" for name, times in ids.most_common(1) if times > 1)


def _decoded(case):
    name, answers = case["id"], case["expected"].items()
    return case | {
        "inputs": _arrays(case["inputs"], name),
        "expected": {dtype: {part: _arrays(x, name) for part, x in answer.items()} for dtype, answer in answers},
    }


def _arrays(values, where):
    return {name: _array(value, f"{where}: {name}") for name, value in values.items()}


def _array(value, where):
    if isinstance(value, dict):
        return decode(value, where)
    return float(value) if value in ("NaN", "Infinity", "-Infinity") else value


# Comparing ----------------------------------------------------------------------------------------------------


def check_vectors(target, folder):
    """Compare a folder with what the code would write.

    Parameters
    ----------
    target : str
        As for `write_vectors`.
    folder : path
        Where the files are.

    Returns
    -------
    str
        The first difference, "" if there is none. Tolerances, being measured, may differ by a factor of `MARGIN`.
    """
    folder = Path(folder)
    operations = catalog.operations(target)
    system = operations[0].system
    known = {f"{op.name}.json" for op in catalog.system(system).operations}
    for path in sorted(folder.glob(f"{system}.*.json")):
        if path.name not in known:
            return f"{path}: no operation of {system} has that name"
    for operation in operations:
        path = folder / f"{operation.name}.json"
        if not path.is_file():
            return f"{path}: is not there"
        try:
            there = load(path)
        except VectorsError as error:
            return str(error)
        if where := _first_difference(there, json.loads(text(vectors(operation)))):
            return f"{path}: {where}"
    return ""


def _first_difference(there, here, place="", measured=False):
    """What differs first between a file's data and ours, with its place."""
    if type(there) is type(here) is dict:
        for name in [*here, *there]:
            if (name in there) != (name in here):
                return f"{place}.{name} is {'missing' if name in here else 'not what the code writes'}".lstrip(".")
        pairs = [(f"{place}.{name}", name) for name in here]
    elif type(there) is type(here) is list and len(there) == len(here):
        pairs = [(f"{place}[{_label(part, i)}]", i) for i, part in enumerate(here)]
    else:
        near = measured and type(there) is type(here) is float and max(there, here) <= MARGIN * min(there, here)
        if near or json.dumps(there) == json.dumps(here):  # the text tells 0.0 from -0.0 and 1 from 1.0
            return ""
        return f"{place} is {json.dumps(there)[:60]}; the code writes {json.dumps(here)[:60]}".lstrip(".")
    found = (_first_difference(there[k], here[k], name, measured or k == "tolerances") for name, k in pairs)
    return next(filter(None, found), "")


def _label(part, number):
    return part.get("id", number) if isinstance(part, dict) else number
