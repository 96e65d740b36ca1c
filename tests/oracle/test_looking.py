"""What kinds of value the expressions of a rule take: of whatever it handles, to the last line that is run."""

import ast

import numpy as np
import pytest

from refimpl.core.arrays import array_namespace
from refimpl.core.autodiff import Namespace
from refimpl.oracle import catalog
from refimpl.oracle.diagnosis.looking import kind_of
from refimpl.oracle.diagnosis.workshop import Workshop
from refimpl.oracle.judging.tolerance import wide
from tests.thorough import sample


class Everything:
    """Answers for all attributes."""

    def __getattr__(self, name):
        raise AssertionError(f"asked for {name}")


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (True, ("bool",)),
        (np.int64, ("type",)),
        (np.dtype("int64"), ("Int64DType",)),
        (np.float64(2), ("float",)),
        (np.int64(2), ("array", (), "i")),
        (np.zeros((2, 3)), ("array", (2, 3), "f")),
        (Everything(), ("Everything",)),
        (Namespace(array_namespace(np.zeros(1))), ("Namespace",)),
    ],
    ids=lambda x: type(x).__name__ if not isinstance(x, tuple) else "",
)
def test_kinds(value, kind):
    assert kind_of(value) == kind


# Lines below a dtype, a namespace that is traced, an object that answers for others; checks inside a loop.
HARD = ("genai_engineering.em_step", "scale_mixture_nngp.elbo", "bsvrb.steps_v2", "pointer_net.hull_target")
HARD += ("weight_matching.visit", "bo_rep.neumann", "rmt_learning_rates.ritz")
EVERY = [operation.name for system in catalog.systems() for operation in catalog.system(system).operations]


@pytest.mark.parametrize("name", sample(HARD, sorted({*EVERY} - {*HARD})))
def test_whatever_is_run_is_looked_at(name):
    operation = catalog.operation(name)
    case = min(operation.cases, key=lambda case: sum(map(np.size, case.inputs.values())))
    heard = set()

    def note(number, value):
        heard.add(number)
        return value

    with Workshop(operation):
        pass  # what is taken out for the time of a workshop is put back where it stood
    with np.errstate(all="ignore"), Workshop(operation) as shop:
        shop.look(wide(case.inputs))
        right = shop.run(wide(case.inputs))
        with shop.heard(note):
            answer = shop.run(wide(case.inputs))
        looked = {number for unit in shop.units for number in unit.values}
        missed = [ast.unparse(n) for unit in shop.units for n in ast.walk(unit.node) if id(n) in heard - looked]
    assert heard
    assert missed == []
    assert right is not None
    assert answer is not None
