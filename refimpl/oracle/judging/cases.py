"""Cases: their permanent ids, their inputs in each precision, and the committed index that guards both.

An id is the slug plus the start of a hash over the inputs, ``lion.trajectory/two-rates-1a2b3c4d``: a slug is never
renamed or reused, and a case whose inputs change by accident no longer matches the index in
`refimpl/specs/cases.json`. ``python -m refimpl.oracle.judging.cases`` writes that index.
"""

import hashlib
import json
import sys
import weakref
from pathlib import Path

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
        _digests[case] = digest({"of": digest_of(case.small), "recipe": case.recipe} if case.small else case.inputs)
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


def fuzz_case(operation, number):
    """Random case `number` of an operation; the same inputs on every machine."""
    inputs = operation.drawn(stream(number, operation.name, "fuzz"))
    return Case(f"fuzz-{number}", ("basic",), "random inputs", inputs)


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


def index():
    """Id without its hash -> hash, of every case there is."""
    return {
        f"{op.name}/{case.slug}": digest_of(case)
        for system in catalog.systems().values()
        for op in system.operations
        for case in op.cases
    }


if __name__ == "__main__":
    new = index()
    changed = {name for name, value in catalog.case_index().items() if new.get(name) != value}
    if changed and "--force" not in sys.argv:
        sys.exit(f"changed or gone: {', '.join(sorted(changed))}. Give a changed case a new slug, or use --force.")
    disk.write(Path(refimpl.specs.__path__[0], "cases.json"), json.dumps(new, indent=1, sort_keys=True) + "\n")
