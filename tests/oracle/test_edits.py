"""The source with lines exchanged: what is exchanged, what is refused, and that nothing stays behind."""

import textwrap

import numpy as np
import pytest

from refimpl.core import elementwise
from refimpl.optimizers import lion
from refimpl.oracle import catalog, edits

C = "c = beta1 * momentum + (1 - beta1) * grad"
RULE = lion._rule.__wrapped__


def step(grad=1.0):
    """Where Lion goes from 0 with a step size of 1/2, and what it remembers."""
    params, state = lion.update(np.zeros(1), lion.init(np.zeros(1)), np.full(1, grad), lr=0.5)
    return params[0], round(state.momentum[0], 12)


def test_a_line_reads_otherwise_and_then_as_before():
    before = RULE.__code__
    with edits.edited("lion", {"lion-1": "c = -grad"}):
        assert step() == (0.5, 0.01)
        with edits.edited("lion", {"init: return": "return LionState(array_namespace(params).ones_like(params))"}):
            assert step() == (0.5, 1.0)
        assert step() == (0.5, 0.01)
    assert RULE.__code__ is before
    assert step() == (-0.5, 0.01)


def test_it_is_taken_back_after_an_exception():
    before = RULE.__code__
    with pytest.raises(ZeroDivisionError), edits.edited("lion", {"lion-3": "momentum = 1 / 0"}):
        step()
    assert RULE.__code__ is before
    assert step() == (-0.5, 0.01)


def test_several_lines_stand_in_the_place_of_one():
    with edits.edited("lion", {"lion-1": f"momentum = momentum + grad\n{C}", "lion-3": "pass"}):
        assert step() == (-0.5, 1.0)


def test_of_a_compound_statement_the_head_alone_is_exchanged():
    with edits.edited("lion", {"ageing: for k in range": "for k in range(draws.shape[0] - 1):"}):
        operation = catalog.operation("lion.ageing")
        shorter = operation.reference(**operation.cases[0].inputs)
    longer = operation.reference(**operation.cases[0].inputs)
    assert shorter.tolist() == longer[:-1].tolist()


def test_large_arrays_see_it_too():
    """In blocks over threads, and compiled where Numba is installed."""
    theta, grad = np.zeros(elementwise.LARGE), np.ones(elementwise.LARGE)
    run = lambda: set(np.unique(lion.update(theta, lion.init(theta), grad, lr=0.5)[0]).tolist())
    assert run() == {-0.5}
    with edits.edited("lion", {"lion-2": "params = params + lr * xp.sign(c)"}):
        assert run() == {0.5}
    assert run() == {-0.5}


@pytest.mark.parametrize(
    ("key", "text", "message"),
    [
        ("lion-99", "pass", "no line of lion has the tag 'lion-99'; its tags: lion-1, lion-2"),
        ("lion-1 in update", "pass", "no line of lion has the tag 'lion-1 in update'"),
        ("update: nothing like it", "pass", "no line of update of lion reads 'nothing like it'"),
        ("update: lr = ", "lr = (", "update of refimpl.optimizers.lion does not compile with 'update: lr = ' edited"),
    ],
)
def test_what_cannot_be_exchanged_is_told_and_nothing_is_exchanged(key, text, message):
    before = [edits.living("refimpl.optimizers.lion", name).__code__ for name in ("update", "_rule")]
    with pytest.raises(edits.EditError) as caught, edits.edited("lion", {"lion-1": "c = grad", key: text}):
        raise AssertionError
    assert message in str(caught.value)
    assert [edits.living("refimpl.optimizers.lion", name).__code__ for name in ("update", "_rule")] == before


def test_a_tag_that_stands_twice_wants_a_function(monkeypatch):
    twice = [edits.place("lion", "lion-1"), edits.place("lion", "lion-1")._replace(function="other", first=7)]
    monkeypatch.setattr(edits, "places", lambda system: twice)
    with pytest.raises(edits.EditError, match=r"stands at 2 places .*other line 7.*name the function"):
        edits.place("lion", "lion-1")
    assert edits.place("lion", "lion-1 in other").first == 7


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=pytest.mark.xdist_group(f"spec-{n}")) for n in catalog.systems()]
)
def test_every_edit_of_every_system_compiles_and_changes_its_function(name):
    for alternative in edits.alternatives(name).values():
        before = {key: edits.place(name, key) for key in alternative.edits}
        codes = {p: edits.living(p.module, p.function).__code__ for p in before.values()}
        with edits.edited(name, alternative.edits):
            for found, code in codes.items():
                assert edits.living(found.module, found.function).__code__ is not code, alternative.slug
        for tag, old, new in edits.changed_lines(name, alternative):
            assert old != textwrap.dedent(new).strip(), f"{alternative.slug} changes nothing at {tag}"
