"""Have the wrong version of a file of the corpus explained."""

import warnings
from pathlib import Path

from refimpl.oracle import catalog, power
from refimpl.oracle.judging.plans import Settings
from refimpl.oracle.judging.run import run

DATA = Path(__file__).parents[2] / "docs" / "_data" / "wild.json"


def said(entry, seconds):
    """What the oracle makes of the wrong version, as plain data."""
    operation, candidate = catalog.operation(entry.bug.operation), entry.candidate("wrong")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        done = run(candidate, [operation], Settings((entry.bug.dtype,), skip=entry.bug.skip))
        found = power.explained(candidate, operation, done, seconds)
    return {"name": entry.name, "closed": entry.closed, "led": False} | found
