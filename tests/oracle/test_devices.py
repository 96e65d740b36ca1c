"""What crosses to the host is known, and told; that results stay on their device is seen in `test_specs.py`."""

import json
from importlib import import_module
from pathlib import Path

import pytest

from refimpl.oracle import catalog
from tests.crossings import EACH_STEP, ONCE, asked

ROOT = Path(__file__).parents[2]
OPERATIONS = {op.name: op for system in catalog.systems().values() for op in system.operations}


@pytest.mark.parametrize("name", ONCE)
def test_crossings_do_not_grow_with_the_steps(name):
    """In a long case there are no more; and the list asks for no more than it must."""
    operation = OPERATIONS[name]
    found = [
        len(asked(operation, "strict", case, case.dtypes[-1]))
        for case in operation.cases
        if not case.dear or "long" in case.flags
    ]
    assert max(found) == ONCE[name][0]


@pytest.mark.parametrize("name", EACH_STEP)
def test_what_is_said_to_cross_in_each_step_does(name):
    cases = [case for case in OPERATIONS[name].cases if not case.dear]
    assert len({len(asked(OPERATIONS[name], "strict", case, case.dtypes[-1])) for case in cases}) > 1


@pytest.mark.parametrize("place", sorted({*EACH_STEP.values(), *(place for _, place in ONCE.values())}))
def test_docstrings_say_what_crosses(place):
    module, _, function = place.partition(":")
    assert "host" in getattr(import_module(f"refimpl.{module}"), function).__doc__


def test_the_lists_name_operations():
    assert {*ONCE, *EACH_STEP} <= OPERATIONS.keys()
    assert not ONCE.keys() & EACH_STEP.keys()


def test_the_committed_table_of_dpnp_tells_what_is_not_right():
    rows = json.loads((ROOT / "docs/_data/devices.json").read_text(encoding="utf-8"))["rows"]
    assert rows.keys() <= OPERATIONS.keys()
    for name, row in rows.items():
        asked = [row[dtype] for dtype in ("float64", "float32") if dtype in row]
        right = bool(asked) and all(passed == planned > 0 for passed, planned in asked)
        assert right != ("reason" in row), name
