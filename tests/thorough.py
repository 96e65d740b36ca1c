"""How much is tried: `make test` samples what `make alarms`, which sets REFIMPL_SEEDS, tries in full."""

import os

import numpy as np

THOROUGH = "REFIMPL_SEEDS" in os.environ
SEEDS = int(os.environ.get("REFIMPL_SEEDS", "3"))  # random cases of an operation


def some(names):
    """Every fourth in `make test`, for what hardly depends on the system."""
    return list(names)[:: 1 if THOROUGH else 4]


def sample(few, rest):
    """The `few` of `make test`, and in `make alarms` the rest too."""
    return [*few, *(rest if THOROUGH else ())]


def small(operation):
    """The slugs of its cases that take no time."""
    return [case.slug for case in operation.cases if not case.dear]


def smallest(operation):
    """The slugs of two of its cases: those with the fewest numbers, in each precision."""
    cases = sorted((c for c in operation.cases if not c.dear), key=lambda c: sum(map(np.size, c.inputs.values())))
    return {c.slug for dtype in ("float64", "float32") for c in [c for c in cases if dtype in c.dtypes][:2]}
