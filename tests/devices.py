"""Asks every operation on dpnp and writes what came of it: ``build/dpnp/bin/python -m tests.devices``.

The page "What runs where" is made from that file. Asked are the two smallest cases of each operation in each precision,
as `make test-dpnp` does; whatever is not right stands there with its reason.
"""

import json
import sys
from collections import Counter
from importlib.metadata import version
from pathlib import Path

import numpy as np

from refimpl.core import disk
from refimpl.core.arrays import crossings
from refimpl.core.backends import BACKENDS
from refimpl.oracle import catalog, check
from refimpl.oracle.candidates import Function
from tests.thorough import smallest

FILE = Path(__file__).parents[1] / "docs/_data/devices.json"


def row(operation):
    """How many cases were right and asked in each precision, the most arrays that crossed, and what was wrong."""
    only, found = smallest(operation), {}
    for dtype in ("float64", "float32"):
        if not any(case.slug in only and dtype in case.dtypes for case in operation.cases):
            continue  # a solver that stops at a gap, say
        candidate = Function(operation.reference, operation=operation.name, arrays="dpnp")
        report = check(candidate, operation.name, dtypes=(dtype,), only=only, laws=False)
        found[dtype] = [report.counts["passed"], report.planned]
        if wrong := [record.message for record in report.records if record.status != "passed"]:
            found["reason"] = wrong[0]
    counts = [0]
    for case in operation.cases:
        if case.slug in only:
            values = case.inputs.items()
            arguments = {k: BACKENDS["dpnp"].asarray(x) if isinstance(x, np.ndarray) else x for k, x in values}
            with crossings() as crossed:
                operation.reference(**arguments)
            counts.append(len(crossed))
    return found | {"crossed": max(counts)}


def write(head, rows):
    """The file, a line for each operation."""
    lines = [f'"{name}": {json.dumps(found)}' for name, found in rows.items()]
    disk.write(FILE, json.dumps(head, indent=1)[:-2] + ',\n "rows": {\n  ' + ",\n  ".join(lines) + "\n }\n}\n")


def main():
    """Write the file, and print the sums."""
    if reason := BACKENDS["dpnp"].missing():
        sys.exit(reason)
    device = BACKENDS["dpnp"].xp.zeros(1).sycl_device
    rows = {op.name: row(op) for system in catalog.systems().values() for op in system.operations}
    head = {
        "library": f"dpnp {version('dpnp')}",
        "device": f"{device.name} ({device.backend.name}, {device.device_type.name})",
    }
    write(head, rows)
    for dtype in ("float64", "float32"):
        asked = [found[dtype] for found in rows.values() if dtype in found]
        print(dtype, Counter("right" if right == planned else "not right" for right, planned in asked))


if __name__ == "__main__":
    main()
