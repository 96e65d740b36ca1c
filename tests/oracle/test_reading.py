"""Factors that are read off the deviation of an answer, and that nothing is read where there is nothing."""

import ast
from types import SimpleNamespace

import numpy as np
import pytest

from refimpl.core.random import stream
from refimpl.oracle import catalog, check
from refimpl.oracle.candidates.base import named_outputs
from refimpl.oracle.diagnosis.clock import Clock
from refimpl.oracle.diagnosis.factors import factors, quantities
from refimpl.oracle.diagnosis.levers import FORMS
from refimpl.oracle.diagnosis.search import Search
from tests.oracle.conftest import ENOUGH, as_if, told_by


def off(name, change):
    """A candidate whose outputs are those of the rule, changed: ``change(inputs, outputs) -> outputs``."""
    operation = catalog.operation(name)

    def candidate(**inputs):
        return change(inputs, named_outputs(operation, operation.reference(**inputs)))

    return candidate


def _rows(i):
    return len(i["y"])


READ = {
    "all outputs by a factor of a size": (
        "sso.surrogate",
        lambda i, o: {n: x * _rows(i) / max(_rows(i) - 1, 1) if _rows(i) > 1 else x for n, x in o.items()},
        "value and gradient are n/(n - 1) times the right ones",
    ),
    "one of several outputs": (
        "sso.surrogate",
        lambda i, o: o | {"value": o["value"] / _rows(i) ** 2},
        "value is 1/n^2 times the right ones",
    ),
    "a step": (
        "sophia.step",
        lambda i, o: o | {"new_m": i["m"] + i["beta1"] * (o["new_m"] - i["m"])},
        "the step from m to new_m is beta1 times the right one",
    ),
    "a complement": (
        "diffgrad.step",
        lambda i, o: o | {"new_v": (1 - i["beta2"]) * o["new_v"]},
        "new_v is (1 - beta2) times the right ones",
    ),
    "a number": ("isogclr.tau_star", lambda i, o: {"tau": 0.9 * o["tau"]}, "tau is 0.9 times the right ones"),
}


@pytest.mark.parametrize("name", READ)
def test_what_is_read(name):
    operation, change, words = READ[name]
    diagnosis = told_by(Search.of_readings, off(operation, change), operation)
    assert diagnosis.kind == "use"
    assert diagnosis.hint == f"answers so that {words}"


PULLED = {
    "another power": (
        "diffusion.dsm_loss",
        {"diffusion-6": "target = -z / h**0.75"},
        "target = -z / xp.sqrt(h) ** 1.5",
    ),
    "a shifted time": (
        "interpolants.sampler_step",
        {"interpolants-30": "first = _drift(fields, t_next - h / 3, x, signed)"},
        "first = _drift(fields, t_next - (t_next - t) / 3, x, signed)",
    ),
    "a factor of a size, inside": (
        "cbo.step",
        {"cbo-1": "return xp.where(xp.isfinite(energies), xp.exp(-alpha * gaps / energies.shape[0]), 0.0)"},
        "return xp.where(xp.isfinite(energies), xp.exp(1 / N * (-alpha * gaps)), 0.0)",
    ),
    "a rate in a recursion": (
        "diffgrad.trajectory",
        {"diffgrad-3": "v = beta2 * v + (1 - beta1 * beta2) * grad * grad"},
        "v = beta2 * v + (1 - beta2 + (1 - beta1) * beta2) * grad * grad",
    ),
    "a number in every step": (
        "adamw.trajectory",
        {"adamw-4": "v_hat = v / (1 - beta1 * beta2)"},
        "v_hat = v / (1 - beta1 * beta2)",
    ),
    "a factor that differs from step to step": (
        "adamw.trajectory",
        {"adamw-1 in _rule": "m = beta1 * m + (1 - beta1) * correction2 * grad"},
        "m = beta1 * m + (1 - beta1) * (1 - beta2 ** t) * grad",
    ),
}


@pytest.mark.parametrize("name", PULLED)
def test_what_is_read_with_a_lever(name):
    operation, lines, now = PULLED[name]
    diagnosis = told_by(lambda search: search.of_levers(Clock(ENOUGH)), as_if(operation, lines), operation)
    assert (diagnosis.kind, diagnosis.lines[0][0], diagnosis.lines[0][3]) == (
        "change",
        next(iter(lines)).split()[0],
        now,
    )


def test_nothing_is_read_off_chance():
    """A factor that differs from input to input and is made of nothing."""
    change = lambda i, o: {n: x * (1 + stream(int(1e6 * abs(np.sum(i["y"]))), "chance").random()) for n, x in o.items()}
    diagnosis = check(off("sso.surrogate", change), "sso.surrogate", explain=8).diagnosis
    assert diagnosis.kind in ("near", "conditions")


@pytest.mark.parametrize("name", ["sso.surrogate", "sophia.step", "bayesopt.ei", "diffusion.sampler_step"])
def test_nothing_is_read_off_the_inputs_of_others(name):
    """Factors beside the quantities of other inputs are made of nothing."""
    operation = catalog.operation(name)
    for seed in range(9):
        table = [quantities(operation, operation.drawn(stream(k, name, seed))) for k in range(12)]
        rng = stream(seed, name, "shuffled")
        quantity = next(n for n in table[0] if len({row[n] for row in table}) > 3)
        values = [row[quantity] for row in table]
        assert [factor.words for factor in factors(table, values)][:1] == [quantity]
        assert list(factors(table, list(rng.permuted(values)))) == []
        assert list(factors(table, list(rng.uniform(0.5, 2, 12)))) == []


def test_two_or_three_values_are_no_law():
    operation = catalog.operation("sso.surrogate")
    table = [quantities(operation, operation.drawn(stream(k, "few"))) for k in range(12)]
    assert list(factors(table, [1.0, 2.0] * 6)) == []
    assert [f.words for f in factors(table, [0.5] * 12)] == ["0.5"]
    assert list(factors(table, [1.0] * 12)) == []


def test_a_factor_that_is_infinite_leaves_the_rule():
    """n/(n - 1) at n = 1."""
    operation = catalog.operation("sso.surrogate")
    sights = [SimpleNamespace(inputs=operation.drawn(stream(k, "size"))) for k in range(40)]
    kept = [s for s in sights if len(s.inputs["y"]) > 1]
    values = [len(s.inputs["y"]) / (len(s.inputs["y"]) - 1) for s in kept]
    (factor,) = factors([quantities(operation, s.inputs) for s in kept], values)
    one = next(s for s in sights if len(s.inputs["y"]) == 1)
    assert np.isinf(factor.of(quantities(operation, one.inputs)))


def test_a_factor_that_is_read_stands_in_a_line_as_a_source_has_it():
    table = [{"b": 0.1 * k, "(1 - a b)": 1 - 0.07 * k, "n": k + 2.0, "(2 n - 1)": 2.0 * k + 3} for k in range(1, 8)]
    said = lambda value: next((f.words, f.code) for f in factors(table, [value(row) for row in table]))
    assert said(lambda row: -row["b"] / row["(1 - a b)"]) == ("-b/(1 - a b)", "-b / (1 - a * b)")
    assert said(lambda row: row["b"] * row["(2 n - 1)"] ** 0.5) == ("b (2 n - 1)^(1/2)", "b * (2 * n - 1) ** (1/2)")
    old = ast.parse("x + y", mode="eval").body
    line = lambda form, code: ast.unparse(FORMS[form].new(old, code))
    assert line("plus", "-b * n") == "x + y - b * n"
    assert line("plus", "b / (1 - a * b)") == "x + y + b / (1 - a * b)"
    assert line("times", "b * n") == "b * n * (x + y)"
    assert line("power", "(1 - a) * (1 - b)") == "(x + y) ** ((1 - a) * (1 - b))"
