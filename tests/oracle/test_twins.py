"""Slips in several places at once, formulas that overflow, and numbers that come to be 0 where the rule wants more."""

import ast
import math

import numpy as np
import pytest

from refimpl.core import special
from refimpl.oracle import catalog
from refimpl.oracle.diagnosis.clock import Clock
from refimpl.oracle.diagnosis.frail import FRAIL, _forms
from refimpl.oracle.diagnosis.nodes import lent
from refimpl.oracle.diagnosis.twins import twins
from refimpl.oracle.diagnosis.vocabulary import edits_of
from refimpl.oracle.diagnosis.workshop import Workshop
from tests.oracle.conftest import ENOUGH, told_by, trials


def adam_with_slips(theta0, grads, lr, beta1, beta2, eps, weight_decay):
    """Adam that multiplies by what is left of the bias, twice."""
    theta, m, v, rows = theta0, 0 * theta0, 0 * theta0, []
    for t, g in enumerate(grads, 1):
        g = g + weight_decay * theta
        m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g**2
        theta = theta - lr * (m * (1 - beta1**t)) / (np.sqrt(v * (1 - beta2**t)) + eps)
        rows.append(theta)
    return np.array(rows).reshape(grads.shape)


def in_like_places(search):
    """Edits that are made in all places that are alike."""
    with np.errstate(all="ignore"), search.opened() as shop:
        search._try(search.tries.alike, shop, Clock(ENOUGH))


def test_the_same_slip_in_both_lines_is_told():
    diagnosis = told_by(in_like_places, adam_with_slips, "adamw.adam")
    assert diagnosis.kind == "several"
    told = {(tag, now) for tag, *_, now in diagnosis.lines}
    assert told == {("adamw-3", "m_hat = m * correction1"), ("adamw-4", "v_hat = v * correction2")}


def test_like_places_are_edited_alike_and_none_inside_another():
    operation = catalog.operation("adamw.adam")
    with np.errstate(all="ignore"), Workshop(operation) as shop:
        shop.look(operation.cases[0].inputs)
        before = [ast.unparse(unit.node) for unit in shop.units]
        found = list(twins([edit for unit in shop.units for edit in edits_of(unit)]))
        assert ("adamw-3", "m_hat = m / correction1", "m_hat = correction1 / m") in [s.lines[0] for s in found]
        for several in found:
            inside = [set(map(id, ast.walk(edit.there))) for edit in several.edits]
            assert all(id(b.there) not in a for a, b in zip(inside, several.edits[1:], strict=False))
            assert len({type(edit.there) for edit in several.edits}) == 1
            several.code()
        assert [ast.unparse(unit.node) for unit in shop.units] == before  # all is taken out again


PLAIN = {
    "softplus": special.softplus,
    "logaddexp": np.logaddexp,
    "logsumexp": lambda x: special.logsumexp(x),
    "softmax": special.softmax,
    "sigmoid": special.sigmoid,
    "expm1": np.expm1,
    "log1p": np.log1p,
    "vector_norm": lambda x: math.hypot(*x),
}


@pytest.mark.parametrize(("name", "number"), [(name, k) for name, forms in FRAIL.items() for k in range(len(forms))])
def test_a_frail_form_is_the_function_but_where_it_breaks(name, number):
    names = ("a", "b")[: 1 + (name == "logaddexp")]
    node = FRAIL[name][number](*(ast.Name(n, ast.Load()) for n in names))
    code = compile(ast.fix_missing_locations(ast.Expression(node)), name, "eval")
    form = lambda *x: eval(code, {lent("_np"): np, **dict(zip(names, x, strict=True))})
    usual = [np.array([0.3, 1.2, 0.7]), np.array([0.9, -0.4, 2.0])][: len(names)]
    np.testing.assert_allclose(form(*usual), PLAIN[name](*usual), rtol=1e-13)
    broken = 0
    with np.errstate(all="ignore"):
        for far in (1e-20, 1e3, -1e3, 1e200):
            hard = [np.array([far, far / 2, 0.0]), np.array([0.0, far, far])][: len(names)]
            broken += not np.allclose(form(*hard), PLAIN[name](*hard), rtol=1e-6, atol=0)
    assert broken


def test_a_frail_form_runs_along_the_axis_that_is_named():
    x = np.array([[0.3, 1.2], [0.7, -2.0], [0.1, 0.4]])
    for name, function in (("logsumexp", special.logsumexp), ("softmax", special.softmax)):
        node = ast.parse(f"{name}(x, axis=0)", mode="eval").body
        (form,) = _forms(node)
        code = compile(ast.fix_missing_locations(ast.Expression(form)), name, "eval")
        np.testing.assert_allclose(eval(code, {lent("_np"): np, "x": x}), function(x, axis=0), rtol=1e-13)
    assert not _forms(ast.parse("vector_norm(x, ord=1)", mode="eval").body)  # no formula is known for it


def test_an_exchange_is_told_where_one_of_the_two_is_0_and_the_rule_wants_more():
    operation = catalog.operation("adamw.trajectory")

    def candidate(theta0, grads, lr, beta1, beta2, eps, weight_decay):
        given = {"theta0": theta0, "grads": grads, "lr": lr, "beta1": beta1, "beta2": beta2}
        return operation.reference(**given, eps=weight_decay or 1e-300, weight_decay=eps)

    diagnosis = told_by(trials, candidate, operation.name)
    assert (diagnosis.kind, diagnosis.hint) == ("use", "exchanges eps and weight_decay")
