"""Numbers and choices that a candidate may have as constants: some case must notice each that is frozen.

The reference is judged with one input frozen at each of the values that it has in the cases. Where no case notices,
code that ignores the argument conforms, as long as it has that value by chance or by default.
"""

import pytest

from refimpl.oracle import catalog
from refimpl.oracle.candidates import Function
from refimpl.oracle.diagnosis.listed import hasty
from refimpl.oracle.judging import plans
from refimpl.oracle.judging.records import FAILURES

OPERATIONS = [op for system in catalog.systems().values() for op in system.operations]
INPUTS = [(op, entry.name) for op in OPERATIONS for entry in op.inputs if entry.kind != "array"]
ROWS = [  # in the process of the system's other tests, which know the right answers
    pytest.param(op, name, id=f"{op.name}-{name}", marks=pytest.mark.xdist_group(f"spec-{op.system}"))
    for op, name in INPUTS
]
EXCEPTIONS = {  # "<operation> <input>" -> why no case can notice
    "adadagrad.batch_size split": "by its contract it changes nothing: it is for code with two arrays of parameters",
    "one_byte.spsa_quadratic eps": "on a quadratic the difference of two losses is exact for every eps",
    "attention_svm.svm_nuclear tol": "an answer that is nearer than asked for is right too",
    "genai_engineering.scores shift": "only differences of positions count: a law says so",
    "random_feature_attention.heads M": "it is the size of the draws, for code that makes its own",
    "random_feature_attention.heads d": "it is the size of the draws, for code that makes its own",
    "one_byte.rounds eps": "on a quadratic the difference of two losses is exact for every eps",
}


def unnoticed(operation, name):
    """The values of an input at which it can be frozen, and every case passes."""
    planned = plans.plans([operation], ["float64"], laws=False)

    def notice(value):
        frozen = Function(lambda **inputs: operation.reference(**inputs | {name: value}), operation=operation.name)
        others = (plan for plan in planned if plan.case.inputs[name] != value)
        return any(hasty(frozen, [plan]).records[0].status in FAILURES for plan in others)

    return [value for value in dict.fromkeys(plan.case.inputs[name] for plan in planned) if not notice(value)]


@pytest.mark.parametrize(("operation", "name"), ROWS)
def test_some_case_notices_a_frozen_input(operation, name):
    left = unnoticed(operation, name)
    assert bool(left) == (f"{operation.name} {name}" in EXCEPTIONS), left


def test_every_exception_has_an_input_and_a_reason():
    assert EXCEPTIONS.keys() <= {f"{operation.name} {name}" for operation, name in INPUTS}
    assert all(reason.strip() for reason in EXCEPTIONS.values())
