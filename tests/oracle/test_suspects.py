"""What is suspected, and what is read although the first try fails."""

import ast

import numpy as np
import pytest

from refimpl.oracle import catalog
from refimpl.oracle.diagnosis import search
from refimpl.oracle.diagnosis.clock import Clock
from refimpl.oracle.diagnosis.evidence import Sight
from refimpl.oracle.diagnosis.expressions import expression_edits
from refimpl.oracle.diagnosis.levers import FORMS, solved
from refimpl.oracle.diagnosis.search import Search
from refimpl.oracle.diagnosis.standing import holds
from refimpl.oracle.diagnosis.suspects import wrong_alone
from refimpl.oracle.diagnosis.tries import RARE, Tries
from refimpl.oracle.diagnosis.units import units
from refimpl.oracle.diagnosis.workshop import Workshop
from refimpl.oracle.judging.tolerance import wide
from tests.oracle.conftest import evidence_of


def test_what_the_wrong_branch_alone_comes_to_is_edited_early():
    operation = catalog.operation("cbo.trajectory")
    inputs = [wide(case.inputs) for case in operation.cases if not case.dear]
    of = lambda *names: [i for i in inputs if i["objective"] in names][:3]
    with Workshop(operation) as shop:
        shop.look(of("ackley")[0])
        alone = wrong_alone(shop, of("ackley"), of("sphere", "rastrigin"))
        tries = Tries.of(shop)
        assert not wrong_alone(shop, of("ackley"), [])
        assert not wrong_alone(shop, of("ackley"), of("ackley"))
    found = {ast.unparse(node) for unit in shop.units for node in ast.walk(unit.node) if id(node) in alone}
    assert "xp.cos(2 * math.pi * x)" in found
    assert not any("consensus" in text for text in found)
    plain, _ = tries.ordered(frozenset(), frozenset(), alone)
    assert {id(edit.there) for edit in tries.single if edit.rank < 3 * RARE} & alone <= {id(e.there) for e in plain}


def test_what_has_a_part_in_the_wrong_output_alone_is_edited_early():
    operation = catalog.operation("bayesopt.posterior")

    def half_of_the_covariance(**inputs):
        mean, covariance, *others = operation.reference(**inputs)
        return mean, covariance / 2, *others

    searching = Search(evidence_of(half_of_the_covariance, operation), Clock(60.0))
    with np.errstate(all="ignore"), searching.opened() as shop:
        plain, _ = searching._ordered(searching.tries, shop)
    texts = {id(node): ast.unparse(node) for unit in shop.units for node in ast.walk(unit.node)}
    far, near, _ = searching.suspects
    assert {"prior - known", "xp.matrix_transpose(half) @ half"} <= {texts[number] for number in near}
    assert "cross @ cholesky_solve(factor, residual)" in {texts[number] for number in far}
    assert {id(edit.there) for edit in searching.tries.single if edit.rank < 2 * RARE} & near <= {
        id(edit.there) for edit in plain
    }

    whole = Search(evidence_of(lambda **i: [2 * x for x in operation.reference(**i)], operation), Clock(60.0))
    with np.errstate(all="ignore"), whole.opened() as shop:
        whole._ordered(whole.tries, shop)
    assert not whole.suspects.near  # where everything deviates it says nothing


def sight(got, right):
    """Of one output."""
    right = np.array(right)
    return Sight({"x": np.array([0.3])}, {"y": np.array(got)}, {"y": right}, {"y": np.full(right.shape, 1e-12)})


@pytest.mark.parametrize("stands", [True, False])
def test_a_deviation_that_is_explained_in_part_waits_for_others(monkeypatch, stands):
    operation = catalog.operation("lion.step")
    found = Search(evidence_of(lambda **i: [2 * x for x in operation.reference(**i)], operation), None)
    doubtful = found.order[1]
    monkeypatch.setattr(search, "allows", lambda out, seen: seen is not doubtful)
    for room in ("holds_close_by", "holds_inside"):
        monkeypatch.setattr(search, room, lambda answer, seen: stands)
    monkeypatch.setattr(search, "fallen", lambda hurdles, out: set())
    assert doubtful.wrong
    assert (found.share(lambda inputs: {n: 2 * x for n, x in wide(found.order[0].right).items()}) == 1) is stands


class Rooted:
    """A lever on what a root is drawn of: it cannot be pulled upwards."""

    form = FORMS["times"]

    def pulled(self, shop, inputs, c):
        with np.errstate(invalid="ignore"):
            return {"y": np.sqrt(np.array([1 - 0.999 * c]))}


def test_a_lever_that_cannot_go_up_is_pulled_down():
    assert solved(None, Rooted(), sight(np.sqrt([1 - 0.999 * 0.4]), np.sqrt([1 - 0.999])), 1.125) == pytest.approx(0.4)


def test_an_axis_of_runs_is_left_apart():
    operation = catalog.operation("attention_svm.loss_grad")
    unit = next(unit for unit in units(operation) if unit.name == "_attend")
    node = ast.parse("softmax(x)", mode="eval").body
    made = [ast.unparse(new) for _, new in expression_edits(node, {("array", (2, 3, 4), "f")}, unit)]
    assert "softmax(x, axis=(-2, -1))" in made


@pytest.mark.parametrize("last", [8.0, 9.0])
def test_where_a_candidate_is_right_an_explanation_has_to_be_so_too(last):
    """Also an explanation whose last digits hang on those of the input; the first entry is explained by both."""

    def answer(inputs):
        return {"y": np.array([0.4, last + 100 * (inputs["x"][0] - 0.3)])}

    assert holds(answer, sight([0.4, 8.0], [0.2, 8.0])) is (last == 8.0)
