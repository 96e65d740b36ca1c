"""Which value of the rule is to blame, and of what it would have to be made."""

import ast

import numpy as np
import pytest

from refimpl.core.random import stream
from refimpl.oracle import catalog, check
from refimpl.oracle.diagnosis.clock import Clock
from refimpl.oracle.diagnosis.evidence import ask_more
from refimpl.oracle.diagnosis.formulas import made
from refimpl.oracle.diagnosis.matched import matching, near
from refimpl.oracle.diagnosis.needed import _words, blamed, said
from refimpl.oracle.diagnosis.search import Search
from refimpl.oracle.diagnosis.small import asked
from tests.oracle.conftest import ENOUGH, as_if, evidence_of
from tests.wild import corpus
from tests.wild.asking import tasks


def test_what_a_value_would_have_to_be_is_found_and_explains_all():
    """A product of two values that no list of slips has."""
    lines = {"functional_prior-8": "kept = softplus(along) * xp.exp(along)"}
    diagnosis = check(
        as_if("functional_prior.planar_flow", lines), "functional_prior.planar_flow", explain=ENOUGH
    ).diagnosis
    assert diagnosis.kind == "change"
    assert diagnosis.lines[0][0] == "functional_prior-8"
    assert "exp(along)" in diagnosis.lines[0][3]


def to_blame(candidate, name):
    """What is said of the value to blame, of a candidate or an invented mistake: nothing else is looked for."""
    operation = catalog.operation(name)
    evidence = evidence_of(candidate, operation)
    ask_more(evidence, Clock(ENOUGH), samples=15, changes=1)
    search = Search(evidence, Clock(ENOUGH))
    search.of_matches(Clock(ENOUGH))
    return said(search.blame)


def invented(name):
    """A candidate with an invented mistake, and its operation."""
    task = next(task for task in tasks(["invented"]) if task.name == name)
    return task.entry.candidate(task.text), task.entry.bug.operation


def test_a_value_that_is_made_of_nothing_is_told_with_its_place():
    lines = {"functional_prior-8": "kept = softplus(along) + xp.sin(3 * along) ** 2 * xp.tanh(along - 2)"}
    (told,) = to_blame(as_if("functional_prior.planar_flow", lines), "functional_prior.planar_flow")
    assert told.startswith("one value explains small inputs")
    assert "`softplus(along)` (functional_prior-8), which depends on a and u alone" in told


def test_labels_that_move_with_no_number_are_said_to_be_to_blame():
    (told,) = to_blame(*invented("labels_from_one"))
    assert told.startswith("one value explains small inputs")
    assert "xp.astype(y, W.dtype)[:, None]` (head), which depends on none of W and z, is 1 on one of them" in told


def test_a_step_whose_square_is_0_ends_no_search():
    """Rows one step late: at the places that are asked there Broyden's steps become as small as 1e-200."""
    candidate, operation = invented("step_before_the_observation")
    diagnosis = check(candidate, operation, explain=4).diagnosis
    assert "the search for the cause ended with" not in diagnosis.hint


def test_equations_to_which_all_that_explains_is_bound_are_said():
    """The slope is computed with a value from below its line: what stands there follows from no values above it."""
    (told,) = to_blame(*invented("slope_at_the_moved_point"))
    assert told.startswith("another value in")
    assert "(functional_prior-10) or (functional_prior-11)" in told


def test_an_expression_may_be_come_to_more_often_on_another_input():
    candidate, operation = invented("goes_to_the_last_time")
    diagnosis = check(candidate, operation, explain=ENOUGH).diagnosis
    assert (diagnosis.kind, diagnosis.lines[0][0]) == ("change", "diffusion-18")


def test_nobody_is_blamed_where_every_value_moves_with_every_argument():
    """Of one answer any value on its way can be solved for: that shows nothing."""
    operation = catalog.operation("sso.surrogate")

    def candidate(**inputs):
        value, gradient = operation.reference(**inputs)
        return np.sin(3 * value) + value, gradient * (1 + np.cos(gradient))

    assert to_blame(candidate, operation.name) == ()


MADE = [
    *("a", "_shop_np.exp(b)", "1 - a", "a * b", "a / _shop_np.sqrt(b)", "a - b", "0.3 * b", "_shop_np.max(c)"),
    *("a * (b + _shop_np.max(c))", "_shop_np.sqrt(a + b)", "a + _shop_np.square(b) / _shop_np.max(c)"),
]


@pytest.mark.parametrize("text", MADE)
def test_made(text):
    rng = stream(0, "made")
    a, b, c = (np.array([round(x, 3) for x in rng.uniform(0.2, 3, 8)]) for _ in range(3))
    value = eval(text.replace("_shop_np.max(c)", "c"), {"_shop_np": np, "a": a, "b": b, "c": c})
    found = [(ast.parse(name, mode="eval").body, x) for name, x in {"a": a, "b": b, "_shop_np.max(c)": c}.items()]
    _, first = next(made(value, found))
    assert ast.unparse(ast.fix_missing_locations(first)) == text


@pytest.mark.parametrize(
    ("name", "now"),
    [
        ("tribuo_adam_times_the_root", "m_hat * (correction2 * (xp.sqrt(v_hat) + eps))"),  # in each step
        ("boltzmann_jl_last_gradient_for_increment", "momentum * -(lr * delayed(grad))"),  # of one step earlier
        ("scico_ball_inside", "center + radius * away / distance"),  # where the value depends on all arguments
    ],
)
def test_what_public_code_computes_is_written_in_values_of_the_rule(name, now):
    (entry,) = corpus([name])
    diagnosis = check(entry.candidate(entry.wrong), entry.bug.operation, explain=ENOUGH).diagnosis
    assert diagnosis.kind == "change"
    assert now in diagnosis.lines[0][3]


def test_nothing_is_made_of_chance():
    for seed in range(10):
        rng = stream(seed, "chance")
        found = [(ast.Name(f"x{k}", ast.Load()), rng.uniform(0.2, 3, 6)) for k in range(30)]
        assert [*made(target := rng.uniform(0.2, 3, 6), found), *made(target, found, far=True)] == []
        assert list(made(np.repeat(rng.uniform(0.2, 3, 2), 3), found)) == []  # two values are no law


def test_edits_are_met_by_their_values():
    """What a value would have to be is the value of few of the edits of its place; none of them is run."""
    operation = catalog.operation("functional_prior.planar_flow")
    evidence = evidence_of(as_if(operation.name, {"functional_prior-8": "kept = softplus(-along)"}), operation)
    small, search, seen = asked(evidence, Clock(ENOUGH)), Search(evidence, Clock(ENOUGH)), []
    with np.errstate(all="ignore"), search.opened() as shop:
        blamed(shop, small, Clock(ENOUGH), lambda *met: seen.append(met) or True)
        before, tried = shop.run(small.first.inputs), search.evidence.tried
        found = matching(shop, *seen[0], search.tries.single, Clock(ENOUGH))
        assert all(np.array_equal(x, shop.run(small.first.inputs)[n]) for n, x in before.items())
    assert "kept = softplus(-along)" in [edit.now for edit in found]
    assert len(found) < len(search.tries.single) / 100
    assert evidence.tried == tried == 0


def met(evidence):
    """Edits, as they read, whose values are what the places need that explain a small input."""
    small, search, seen = asked(evidence, Clock(ENOUGH)), Search(evidence, Clock(ENOUGH)), []
    with np.errstate(all="ignore"), search.opened() as shop:
        blamed(shop, small, Clock(ENOUGH), lambda *left: seen.append(left) or True)
        found = matching(shop, *seen[0], search.tries.single, Clock(ENOUGH))
    return [edit.now for edit in found]


def test_what_is_gone_through_is_met_by_the_value_around_it():
    """One of four blocks is left out of a sum of squares: a tuple that is no number to be solved for."""
    operation = catalog.operation("sdl.gradient")

    def candidate(nu, H, **inputs):
        value, *gradients = operation.reference(nu=nu, H=H, **inputs)
        return value - nu * np.sum(H * H), *gradients

    evidence = evidence_of(candidate, operation)
    assert any("for block in state[:1] + state[2:]" in text for text in met(evidence))


def test_what_stood_there_a_step_earlier_is_met_by_its_value():
    operation = catalog.operation("adamw.trajectory")

    def candidate(grads, **inputs):
        return operation.reference(grads=np.concatenate([grads[:1], grads[:-1]]), **inputs)

    evidence = evidence_of(candidate, operation)
    ask_more(evidence, Clock(ENOUGH), samples=15, changes=1)
    now = met(evidence)
    assert any("previous(grad)" in text for text in now)
    assert not any("summed(grad)" in text for text in now)  # each keeps its own value, though all are asked in one run


@pytest.mark.parametrize(
    ("found", "good"),
    [(2.0, True), (2.0 + 1e-9, True), (2.1, False), (np.nan, False), ("2", False), (np.array([2.0, 3.0]), False)],
)
def test_near(found, good):
    assert near(found, 2.0, 1.0) is good


def test_one_row_may_stand_for_several():
    assert near(np.array([[1.0]]), np.array([[1.0, 1.0]]), np.array([[1.0, 2.0]]))
    assert not near(np.array([[1.0]]), np.array([[1.0, 2.0]]), np.array([[1.0, 2.0]]))


def test_inputs_have_two_entries_where_one_tells_too_little():
    operation = catalog.operation("attention_svm.loss_grad")
    evidence = evidence_of(lambda **i: (*(out := operation.reference(**i))[:2], 2 * out[2]), operation)
    assert asked(evidence, Clock(ENOUGH)).first.right["grad"].shape == (1, 1)
    assert asked(evidence, Clock(ENOUGH), again=True).first.right["grad"].shape == (2, 2)


@pytest.mark.parametrize(
    ("x", "beside", "written"),
    [
        ([0.51, 2e-12], [2.178, 1.0], "0.51, 0"),
        ([1.23456], [1.234561], "1.23456"),
        ([-0.29720001, 0.5], [-0.29720002, 0.5], "-0.29720001, 0.5"),
        ([1e-13, 2e-13], [3e-13, 2e-13], "1e-13, 2e-13"),
    ],
)
def test_numbers_have_the_digits_that_tell_them_apart(x, beside, written):
    assert _words(np.array(x), np.array(beside)) == written
