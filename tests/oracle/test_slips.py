"""Slips that no exchange of an operator or a name makes, and two of them that are told one output after the other."""

import ast

import numpy as np
import pytest
from scipy.special import softmax

from refimpl.oracle import catalog, check
from refimpl.oracle.candidates.base import named_outputs
from refimpl.oracle.diagnosis.clock import Clock
from refimpl.oracle.diagnosis.evidence import ask_more
from refimpl.oracle.diagnosis.halves import Half
from refimpl.oracle.diagnosis.search import Search
from refimpl.oracle.diagnosis.sights import astray, explained, fallen, hurdles
from refimpl.oracle.diagnosis.slips import calls_of, one_less, other_functions, slips
from refimpl.oracle.diagnosis.small import asked
from refimpl.oracle.diagnosis.tries import FIRST, Tries
from refimpl.oracle.diagnosis.units import units
from refimpl.oracle.diagnosis.vocabulary import checks
from refimpl.oracle.diagnosis.workshop import Workshop
from refimpl.oracle.judging.tolerance import wide
from tests.oracle.conftest import ENOUGH, as_if, evidence_of, told_by, trials

VECTOR, MATRIX, SQUARE = ({("array", shape, "f")} for shape in ((3,), (2, 3), (2, 2)))


def made(text, kinds):
    """What slips make of an expression, as text."""
    return [ast.unparse(new).replace("_shop_np", "np") for _, new in slips(ast.parse(text, mode="eval").body, kinds)]


@pytest.mark.parametrize(
    ("text", "kinds", "slip"),
    [
        ("np.cov(x)", MATRIX, "np.cov(np.cov(x))"),
        ("solve(L, k)", VECTOR, "solve(L, solve(L, k))"),
        ("beta * m + g", VECTOR, "m + beta * g"),
        ("g - m * beta", VECTOR, "m * g - beta"),
        ("np.argsort(x)", {("array", (3,), "i")}, "x.shape[-1] - 1 - np.argsort(np.flip(x, -1))"),
        ("x", VECTOR, "x[..., :1]"),
        ("x", MATRIX, "x[..., :1, :]"),
        ("x", MATRIX, "x[..., -1:, :]"),
        ("x @ y", MATRIX, "x[..., -1:] @ y[..., -1:, :]"),
        ("s", {("float",)}, "np.trunc(s)"),
        ("softmax(x)", VECTOR, "np.ones_like(softmax(x))"),
        (
            "solve_triangular(L, k, lower=True)",
            VECTOR,
            "solve_triangular(L, solve_triangular(L, k, lower=True), lower=True, trans=True)",
        ),
        ("solve_triangular(L, k, lower=True, trans=True)", VECTOR, "solve_triangular(L, k, lower=True, trans=False)"),
        ("cholesky_solve(L, k)", VECTOR, "np.linalg.solve(L.mT @ L, k)"),
        ("cholesky_solve(L, k)", VECTOR, "np.linalg.solve(L, k)"),
        ("x - y", VECTOR, "x[..., None] - y"),
        ("np.cumulative_sum(x)", VECTOR, "np.cumulative_sum(x) - x"),
        ("np.cumprod(x, axis=0)", MATRIX, "np.flip(np.cumprod(np.flip(x, axis=0), axis=0), axis=0)"),
        ("np.mean(x * y, axis=0)", VECTOR, "np.mean(x, axis=0) * np.mean(y, axis=0)"),
        ("x", SQUARE, "x * np.eye(x.shape[-1])"),
        ("x", SQUARE, "x * (1 - np.eye(x.shape[-1]))"),
        ("x * y", SQUARE, "x @ y"),
        ("(value, grad)", {("tuple", 2)}, "(-value, -grad)"),
    ],
)
def test_what_slips_make_of_an_expression(text, kinds, slip):
    assert slip in made(text, kinds)


def test_a_function_is_exchanged_for_one_that_takes_as_much():
    function = ast.parse("def f(z, s):\n    return s * density(z) + z * ndtr(z) + solve(z, s) + np.exp(z)").body[0]
    calls = [node for node in ast.walk(function) if isinstance(node, ast.Call)]
    made = [ast.unparse(new) for call in calls for _, new in other_functions(call, calls_of(function))]
    assert sorted(made) == ["density(z)", "ndtr(z)"]


def test_labels_and_sizes_are_neither_cast_nor_spread():
    assert made("k", {("int",)}) == []
    assert made("labels", {("array", (3,), "i")}) == []


def test_equals_come_in_the_other_order_and_nothing_else_moves():
    space = {"np": np, "x": np.array([[2.0, 1.0, 2.0, 1.0], [0.0, 3.0, 3.0, 3.0]])}
    (text,) = [t for t in made("np.argsort(x, axis=1, stable=True)", {("array", (2, 4), "i")}) if "flip" in t]
    assert eval(text, space).tolist() == [[3, 1, 2, 0], [0, 3, 2, 1]]
    (text,) = [t for t in made("np.argmax(x)", {("int",)}) if "flip" in t]
    assert eval(text, space) == 7


def over_the_queries(X, Z, gamma, W):
    """Attention whose softmax runs over an axis of length one."""
    attention = np.ones(X.shape[:2])
    outputs = np.sum(attention * gamma, axis=1)
    return np.mean(np.logaddexp(0, -outputs)), attention, 0 * W


def test_two_slips_are_told_one_output_after_the_other():
    """The weights explain loss and attention, the gradient is a line of its own."""
    diagnosis = check(over_the_queries, "attention_svm.loss_grad", explain=ENOUGH).diagnosis
    assert diagnosis.kind == "several"
    assert {line[0] for line in diagnosis.lines} == {"attention_svm-1", "attention_svm-3"}
    first = next(line for line in diagnosis.lines if line[0] == "attention_svm-1")
    assert first[2] == "return softmax(xp.vecdot(X, keys[..., None, :]))", "the line as it is, not as edited"


def halves_said(factor):
    """What is said of one output alone, and its search: a loss that is wrong, a gradient that follows no rule."""
    operation = catalog.operation("attention_svm.loss_grad")

    def candidate(X, Z, gamma, W):
        out = operation.reference(X=X, Z=Z, gamma=gamma, W=W)
        return factor(X) * out[0], out[1], out[2] * np.cos(1e4 * np.sum(X) + np.sum(W))

    evidence, clock = evidence_of(candidate, operation), Clock(ENOUGH)
    ask_more(evidence, clock, samples=15, changes=1)
    search = Search(evidence, clock)
    search.of_first_edits(clock)
    assert search.halves, "an edit that explains the loss on the first input"
    return search.halves.said(search, clock), search


def test_one_output_that_is_explained_is_no_cause():
    """A sum in place of a mean is said to explain the loss; and still is once other edits were tried beside that."""
    told, search = halves_said(lambda X: X.shape[0])
    assert told[0].startswith("loss alone: as if (attention_svm-2) reads `loss = xp.sum(")
    assert not search.found
    trees = [ast.dump(unit.outer) for unit in search.tries.units]
    search.tries.single = [half.edit for half in search.halves]
    search.halves.of_seconds(search, Clock(ENOUGH))  # beside itself too
    assert [ast.dump(unit.outer) for unit in search.tries.units] == trees
    assert search.halves.said(search, Clock(ENOUGH)) == told


def test_an_output_that_an_edit_explains_on_some_inputs_alone_is_not_said_to_be():
    """A sum in place of a mean; where it is large there is one more."""
    assert halves_said(lambda X: X.shape[0] + (np.sum(np.abs(X)) > 30))[0] == ()


def test_a_second_slip_is_found_by_its_values_beside_the_first_one():
    """The gradient enters the first moment unscaled, which moves the step too; in that the correction is a root."""
    operation = catalog.operation("adamw.step")

    def candidate(theta, m, v, grad, steps, lr, beta1, beta2, eps, weight_decay):
        m, v = beta1 * m + grad, beta2 * v + (1 - beta2) * grad**2
        m_hat, v_hat = m / np.sqrt(1 - beta1 ** (steps + 1)), v / (1 - beta2 ** (steps + 1))
        return theta - lr * (m_hat / (np.sqrt(v_hat) + eps) + weight_decay * theta), m, v

    evidence, clock = evidence_of(candidate, operation), Clock(ENOUGH)
    search = Search(evidence, clock, small=asked(evidence, clock))
    with search.opened():
        first = next(edit for edit in search.tries.single if edit.now == "m = beta1 * m + grad")
    search.halves.append(Half({"new_m"}, first))
    search.of_halves(clock)
    assert search.found[0].lines[0] == first.lines[0]
    assert "sqrt(" in search.found[0].lines[1][2]


def test_what_spoils_another_output_explains_none():
    operation = catalog.operation("sso.surrogate")
    wrong = lambda **i: (2 * (out := operation.reference(**i))[0], out[1])
    evidence = evidence_of(wrong, operation)
    sight = evidence.wrong[0]
    right = sight.right
    assert explained(right | {"value": 2 * right["value"]}, sight) == {"value"}
    assert explained(right | {"value": 2 * right["value"], "gradient": 3 + right["gradient"]}, sight) == set()
    assert explained(None, sight) == set()


def test_factors_are_read_for_each_output_apart():
    """A step that is not taken, and a value that is twice the right one."""
    operation = catalog.operation("sophia.step")

    def candidate(**i):
        _, m, *rest = operation.reference(**i)
        return i["theta"], 2 * m, *rest

    hint = check(candidate, operation.name, explain=ENOUGH).diagnosis.hint
    assert "the step from theta to new_theta is 0 times the right one" in hint
    assert "new_m is 2 times the right ones" in hint


def test_the_cheapest_input_comes_first_on_every_machine():
    operation = catalog.operation("sso.surrogate")
    evidence = evidence_of(lambda **i: (2 * (out := operation.reference(**i))[0], out[1]), operation)
    prices = [evidence.price(sight) for sight in evidence.wrong]
    assert prices == [evidence.price(sight) for sight in evidence.wrong]
    search = Search(evidence, None)
    assert search.order[0].wrong
    assert search.order[0].size <= 300


def test_edits_are_made_once_and_fit_a_second_workshop():
    operation = catalog.operation("lion.step")
    case = operation.cases[0].inputs
    with Workshop(operation) as shop:
        shop.look(case)
        tries = Tries.of(shop)
    assert all(edit.rank <= FIRST for edit in tries.first)
    first = next(edit for edit in tries.first if edit.now.startswith("params = params + lr * "))
    with Workshop(operation, known=tries.units) as shop:
        right = shop.run(case)
        with shop.edited(first):
            edited = shop.run(case)
        with shop.kept(first):
            assert all(np.array_equal(shop.run(case)[n], x) for n, x in edited.items())
            assert "params = params + lr * " in ast.unparse(first.unit.node)
        assert all(np.array_equal(shop.run(case)[n], x) for n, x in right.items())
    assert not all(np.array_equal(edited[n], x) for n, x in right.items())


def test_a_tagged_line_is_near_wherever_it_stands():
    """The search for a step stands in `core`, and is an equation of the system."""
    (unit,) = [u for u in units(catalog.operation("sso.search")) if u.name == "backtrack"]
    tagged = [node for node in ast.walk(unit.node) if isinstance(node, ast.stmt) and node.lineno in unit.tags]
    assert {unit.distance(node) for node in tagged} == {0}
    assert unit.distance(unit.node.body[-1]) == 2  # as beside an equation in the system's own source


def test_a_softmax_of_a_softmax_is_told():
    name = "scale_mixture_nngp.class_probabilities"
    rule = catalog.operation(name).reference
    diagnosis = told_by(trials, lambda **i: softmax(np.asarray(rule(**i)), axis=-1), name)
    assert (diagnosis.kind, diagnosis.hint) == ("use", "returns the softmax of p (last axis)")


def test_an_open_rule_runs_without_its_checks_and_has_them_again():
    """They take up to three quarters of a run, and what is put to it lies inside the contract."""
    operation = catalog.operation("sso.softmax_step")
    case = min((c for c in operation.cases if not c.dear), key=lambda c: sum(np.size(v) for v in c.inputs.values()))
    count = lambda shop: sum(checks(node) for unit in shop.units for node in ast.walk(unit.node))
    with Workshop(operation) as shop:
        assert count(shop) == 0
        told = shop.run(wide(case.inputs))
    assert count(shop) > 0
    right = named_outputs(operation, operation.reference(**case.inputs))
    for name, value in right.items():
        np.testing.assert_array_equal(told[name], value)


FORMULAS = [
    ("x / y + z", "x / (y + z)"),
    ("x / y - z", "x / (y - z)"),
    ("f * (x + y - z)", "f * x + y - z"),
    ("(x + y + z) * f", "f * x + y + z"),
]


@pytest.mark.parametrize(("right", "wrong"), FORMULAS)
def test_a_bracket_stands_elsewhere(right, wrong):
    node = ast.parse(right, mode="eval").body
    assert wrong in {ast.unparse(new) for _, new in slips(node, {("float",)})}


def test_one_of_several_is_forgotten():
    node = ast.parse("state", mode="eval").body
    found = [eval(ast.unparse(new), {"state": (1, 2, 3)}) for _, new in one_less(node, {("tuple", 3)})]
    assert found == [(2, 3), (1, 3), (1, 2)]
    assert not list(one_less(node, {("tuple", 3), ("tuple", 2)}))


def test_an_answer_that_explains_falls_at_no_hurdle():
    operation = catalog.operation("lion.step")
    evidence = evidence_of(lambda **i: (2 * (out := operation.reference(**i))[0], out[1]), operation)
    for sight in (s for s in evidence.wrong if s.got is not None):
        rows = hurdles(sight)
        assert not fallen(rows, sight.got)
        assert fallen(rows, sight.right) == {name for name, *_ in rows} <= astray(sight)
        assert fallen(rows, {n: x[None] for n, x in sight.got.items()}) == {name for name, *_ in rows}


def test_two_edits_of_two_outputs_are_put_together():
    lines = {
        "lion-2": "params = params + lr * (xp.sign(c) + weight_decay * params)",
        "lion-3": "momentum = beta2 * momentum - (1 - beta2) * grad",
    }
    operation = catalog.operation("lion.step")
    search = Search(evidence_of(as_if(operation.name, lines), operation), Clock(ENOUGH))
    search.of_first_edits(Clock(ENOUGH))
    assert not search.found
    assert {name for half in search.halves for name in half.names} == {"new_theta", "new_momentum"}
    with search.opened() as shop:
        search.halves.of_couples(search, shop, Clock(ENOUGH))
    assert {line[2] for line in search.found[0].lines} >= {lines["lion-2"]}
