"""Cases: their permanent ids, their inputs in each precision, and the committed index that guards both.

An id is the slug plus the start of a hash over the inputs, ``lion.trajectory/two-rates-1a2b3c4d``: a slug is never
renamed or reused, and a case whose inputs change by accident no longer matches the index in
`refimpl/specs/cases.json`. ``python -m refimpl.oracle.judging.cases`` adds new cases to it, and touches others only
where they are named; names that are given up stand in `refimpl/specs/retired.json`.
"""

import hashlib
import json
import sys
import weakref
from pathlib import Path
from typing import NamedTuple

import numpy as np

import refimpl.specs
from refimpl.core import disk
from refimpl.core.random import stream
from refimpl.oracle import catalog
from refimpl.oracle.candidates.wire import encode
from refimpl.specs.base import FLAGS, Case
from refimpl.specs.domains import outside


def digest(inputs):
    """SHA-256 of the inputs, by way of their wire format: of the numbers, whatever the type that brings them.

    Examples
    --------
    >>> digest({"lr": 0.1})[:8] == digest({"lr": 0.1})[:8] != digest({"lr": 0.2})[:8]
    True
    """
    numbers = {name: _as_numbers(value) for name, value in inputs.items()}
    text = json.dumps({name: encode(value) for name, value in numbers.items()}, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _as_numbers(value):
    return value.astype(np.float64) if isinstance(value, np.ndarray) and value.dtype.kind in "ib" else value


def digest_of(case):
    """SHA-256 of a case's inputs; of a large one, of how it is made of a small one and of that one's inputs."""
    if case not in _digests:
        made = case.small and "large" in case.flags  # files show the inputs of all others, and readers compare them
        _digests[case] = digest({"of": digest_of(case.small), "recipe": case.recipe} if made else case.inputs)
    return _digests[case]


_digests: weakref.WeakKeyDictionary[Case, str] = weakref.WeakKeyDictionary()


def case_id(operation, case):
    """Permanent id of a case: "<operation>/<slug>-<8 hex digits>"."""
    return f"{operation.name}/{case.slug}-{digest_of(case)[:8]}"


def rounded(inputs, dtype):
    """The inputs with every array of floating-point numbers in `dtype`; all else as it is."""
    return {
        name: value.astype(dtype) if isinstance(value, np.ndarray) and value.dtype.kind == "f" else value
        for name, value in inputs.items()
    }


def representable(case):
    """Whether the inputs are the same numbers in both precisions, and it is asked in both."""
    arrays = [x for x in case.inputs.values() if isinstance(x, np.ndarray) and x.dtype.kind == "f"]
    return "float64" in case.dtypes and all(np.array_equal(x.astype(np.float32), x, equal_nan=True) for x in arrays)


def fuzz_case(operation, number, seed=""):
    """Random case `number` of an operation; the same inputs on every machine, others for another `seed`, a word."""
    inputs = operation.drawn(stream(number, operation.name, "fuzz", *filter(None, [seed])))
    return Case(f"{'seeded' if seed else 'fuzz'}-{number}", ("basic",), "random inputs", inputs)


def validate(operation, case):
    """Check a case against the contract of its operation.

    Raises
    ------
    TypeError, ValueError
        If an input is missing, unknown, of the wrong kind or shape or outside its domain, or a flag has no meaning.
    """
    where = f"{operation.name}/{case.slug}"
    declared = {f.name: f for f in operation.inputs}
    if declared.keys() != case.inputs.keys():
        raise ValueError(f"{where} must have the inputs {sorted(declared)}, got {sorted(case.inputs)}")
    unknown = set(case.flags) - FLAGS.keys()
    if unknown or not case.flags:
        raise ValueError(f"{where} must have flags of {', '.join(FLAGS)}, got {case.flags}")
    for name, entry in declared.items():
        value = case.inputs[name]
        if entry.kind == "array" and not (isinstance(value, np.ndarray) and value.dtype.name == entry.domain.dtype):
            got = value.dtype.name if isinstance(value, np.ndarray) else type(value).__name__
            raise TypeError(f"{where}: {name} must be an array of {entry.domain.dtype}, got {got}")
    if wrong := outside(operation, case.inputs):
        raise ValueError(f"{where}: {wrong}")


def index(systems=None):
    """Id without its hash -> hash, of every case of some systems; default: of all."""
    return {
        f"{op.name}/{case.slug}": digest_of(case)
        for system in systems or catalog.systems().values()
        for op in system.operations
        for case in op.cases
    }


class Index(NamedTuple):
    """What `merged` returns."""

    cases: dict[str, str]  # the index to write
    retired: list[str]  # names that no case may have again
    left: list[str]  # names whose cases have changed or are gone, and which nobody named: they stay as they were


def merged(now, committed, retired, named=()):
    """The index with the cases that are new, and with what was asked for.

    Parameters
    ----------
    now, committed : mapping of str to str
        Name -> digest, of the cases that there are and of the index.
    retired : sequence of str
        Names of cases that were given up.
    named : sequence of str
        Cases that may change, because nobody has seen them yet, or go, because others have come in their place.

    Returns
    -------
    Index
        See there.

    Raises
    ------
    ValueError
        If a name is not that of a case that has changed or gone, or a new case has a retired name.

    Examples
    --------
    >>> merged({"a.b/new": "1", "a.b/old": "3"}, {"a.b/old": "2", "a.b/gone": "4"}, (), ["a.b/gone"])
    Index(cases={'a.b/new': '1', 'a.b/old': '2'}, retired=['a.b/gone'], left=['a.b/old'])
    """
    other = [name for name, value in committed.items() if now.get(name) != value]
    if unknown := sorted(set(named) - set(other)):
        raise ValueError(f"names must be of cases that have changed or gone, got {', '.join(unknown)}")
    if again := sorted(set(now) & set(retired)):
        raise ValueError(f"these names are retired, so their cases must get others: {', '.join(again)}")
    gone = [name for name in named if name not in now]
    left = [name for name in other if name not in named]
    found = {**now, **{name: committed[name] for name in left}}
    return Index(dict(sorted(found.items())), sorted({*retired, *gone}), sorted(left))


def main(named):
    """Bring the committed index up to date: new cases, and those that are named."""
    folder = Path(refimpl.specs.__path__[0])
    found = merged(index(), catalog.case_index(), catalog.retired_cases(), named)
    disk.write(folder / "cases.json", json.dumps(found.cases, indent=1) + "\n")
    disk.write(folder / "retired.json", json.dumps(found.retired, indent=1) + "\n")
    if found.left:
        print(
            f"changed or gone, and left as they were: {', '.join(found.left)}. A case that others may have seen gets a "
            "new slug; name those that nobody has seen, and those that are given up, as arguments."
        )
    return int(bool(found.left))


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except ValueError as error:
        sys.exit(str(error))
