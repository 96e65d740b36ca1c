"""Forms of the rule: they answer as it does, and a slip in one of them, or beside it, is found."""

import numpy as np
import pytest

from refimpl.core.random import stream
from refimpl.oracle import catalog, edits
from refimpl.oracle.diagnosis.clock import Clock
from refimpl.oracle.diagnosis.forms import forms_of, listed, of_forms, written
from refimpl.oracle.diagnosis.search import Search
from refimpl.oracle.diagnosis.workshop import Workshop
from refimpl.oracle.judging.noise import bare
from refimpl.oracle.judging.tolerance import wide
from tests.oracle.conftest import ENOUGH, as_if, evidence_of

DRAWN = 5


@pytest.mark.parametrize("system", [name for name in catalog.systems() if listed(name)])
def test_forms_say_the_same(system):
    new = dict(listed(system))
    for operation in catalog.system(system).operations:
        if forms := forms_of(operation):
            assert_same(operation, forms)
        if first := forms.keys() & new:  # what one operation can write so is not looked up for each
            with Workshop(operation) as shop:
                assert all(written(shop, new.pop(slug)) for slug in first)
    assert not new


def assert_same(operation, forms):
    drawn = [wide(operation.drawn(stream(number, operation.name, "forms"))) for number in range(DRAWN)]
    right = [bare(operation.reference(**inputs)) for inputs in drawn]
    for slug, lines in forms.items():
        with edits.edited(operation.system, lines):
            other = [bare(operation.reference(**inputs)) for inputs in drawn]
        for one, another in zip(right, other, strict=True):
            for a, b in zip(one, another, strict=True) if isinstance(one, tuple) else [(one, another)]:
                size = np.abs(np.where(np.isfinite(a), a, 0)).max(initial=0)
                np.testing.assert_allclose(b, a, rtol=1e-7, atol=1e-9 * (1 + size), err_msg=slug)


def searched(name, lines):
    operation = catalog.operation(name)
    search = Search(evidence_of(as_if(name, lines), operation), Clock(ENOUGH))
    search.of_first_edits(Clock(ENOUGH))
    assert not search.found
    of_forms(search, Clock(ENOUGH))
    return search


def test_a_slip_in_a_form_is_found_and_beside_it_the_other_lines_of_the_form_are_told():
    lines = {
        "functional_prior-9": "u_hat = u + (kept - 1 - along) * a / xp.sqrt(xp.sum(a * a))",
        "functional_prior-10": "log_det = xp.log(xp.abs(1 + (1 - h * h) * xp.sum(a * u_hat)))",
    }
    found = searched("functional_prior.planar_flow", lines).found[0]
    tag, was, now = found.lines[0]
    assert (tag, now) == ("functional_prior-9", lines[tag])
    assert was == "u_hat = u + (kept - 1 - along) * b / xp.sum(b * b) / largest"
    assert found.form == f"with (functional_prior-10) written as `{lines['functional_prior-10']}`, which is the same"
    answer = found.on(catalog.operation("functional_prior.planar_flow"))
    case = catalog.operation("functional_prior.planar_flow").cases[0].inputs
    np.testing.assert_allclose(answer(case)["moved"], bare(as_if("functional_prior.planar_flow", lines)(**case))[0])


def test_an_edit_that_writes_into_an_input_leaves_it_to_the_others_as_it_is():
    operation = catalog.operation("bo_rep.cleaning")
    wrong = lambda **inputs: [2 * x for x in operation.reference(**inputs)]
    search = Search(evidence_of(wrong, operation), Clock(ENOUGH))
    with search.opened() as shop:
        (change,) = written(shop, {"cross_product: return": "lam[indices[0]] = 7.0\nreturn lam"})
        with shop.edited(change):
            search.share(shop.run)
    for sight in search.order:
        np.testing.assert_array_equal(search.inputs[id(sight)]["lam0"], sight.inputs["lam0"])
