"""Domains: what they say, and that nothing outside them is ever asked of a candidate."""

import contextlib
import math
import re
import warnings

import numpy as np
import pytest

from refimpl.core.random import stream
from refimpl.oracle import catalog, check, edits, verdict
from refimpl.oracle.candidates import Function
from refimpl.oracle.candidates.schema import load, mismatch
from refimpl.oracle.judging import cases
from refimpl.oracle.judging.answers import by_name
from refimpl.specs import domains
from refimpl.specs.base import array, number
from refimpl.specs.domains import (
    COUNT,
    DEFINITE,
    FORMS,
    MASK,
    NONNEGATIVE,
    PERMUTATION,
    POSITIVE,
    REAL,
    SHARE,
    SIGNS,
    SIMPLEX,
    SYMMETRIC,
    Domain,
    below,
    one_of,
    outside,
    real,
    whole,
)
from tests.thorough import SEEDS, some

SYSTEMS = catalog.systems()
HARD = {  # operation -> why few random draws, or none, keep its relations
    "bnn_surrogates.dkl_evidence": "weights and length scales must be as many as the widths ask for",
    "functional_prior.prior_functions": "parameters and draws must be as many as family and widths ask for",
    "functional_prior.critic_step": "parameters of the critic must be as many as the widths ask for",
    "functional_prior.outer_step": "both",
    "functional_prior.matching": "both",
    "hessian_alignment.hutchinson": "a draw has as many signs as there are weights",
    "hessian_alignment.hutchinson_penalty": "the same",
    "flat_mtl.combine": "an order has each of the other tasks once",
    "flat_mtl.quadratic_step": "the same, and n = d + k",
    "deeparchitect.mcts": "scores have an entry for each leaf",
    "deeparchitect.residual": "entries are as many as the dimensions ask for",
    "deeparchitect.features": "modules have as many values as their kind asks for",
    "genai_engineering.em_step": "pieces at random cover no word",
    "pointer_net.teacher_forced": "two matrices have four blocks of columns, one for each gate",
    "pointer_net.gradients": "the same",
    "pointer_net.seq2seq": "the same",
    "pointer_net.decode": "the same",
    "pointer_net.train": "the same",
}
RARE = {  # operation -> what the rule says of some inputs that no domain leaves out, as a pattern
    "sso.adagrad": "must be finite",  # steps that are too long for it
    "scale_mixture_nngp.scale_law": "law must give scales in the range of float64",
    "deeparchitect.count": "x must be real numbers|at least its window",  # a space says more than a domain; 2^63 models
}
RNG = np.random.default_rng(0)
SQUARE = np.array([[2.0, 1.0], [1.0, 3.0]])

WORDS = {
    "": REAL, "> 0": POSITIVE, "in [0, 1]": SHARE, "-1 or 1": SIGNS, "whole, in [0, C)": below("C"),
    "whole, >= 1": COUNT,
    "whole, in [0, n-1]": whole(0, "n-1"), "true or false": MASK, "in (0, radius)": real(0, "radius", open="()"),
    "<= 3, infinity too": real(high=3, infinite=True), "in [0, 1], of sum 1 along the last axis": SIMPLEX,
    "> 0, rising along the last axis": POSITIVE.that("rising"), "0 or 1": one_of(0, 1), "NaN too": real(nan=True),
}  # fmt: skip

WRONG = [
    (POSITIVE, 0.0, "must be > 0, got"),
    (POSITIVE, np.array([1.0, math.nan]), "got np.float64(nan)"),
    (REAL, math.inf, "must be finite"),
    (below("C"), np.array([0, 3]), "got np.int64(3)"),
    (below("C"), np.array([0.0, 1.0]), "must be an array of int64, got float64"),
    (below("C"), np.array([-1]), "whole, in [0, C)"),
    (MASK, np.array([0, 1]), "must be an array of bool, got int64"),
    (SIGNS, np.array([1.0, 0.5]), "-1 or 1"),
    (PERMUTATION, np.array([[0, 1], [1, 1]]), "a permutation"),
    (SYMMETRIC, np.array([[1.0, 2.0], [2.1, 1.0]]), "symmetric"),
    (DEFINITE, np.array([[1.0, 2.0], [2.0, 1.0]]), "positive definite"),
    (SIMPLEX, np.array([0.5, 0.4]), "of sum 1"),
    (REAL.that("unit"), np.array([0.5, 0.4]), "of length 1"),
    (REAL.that("nonzero rows"), np.zeros((1, 2)), "without a row of zeros"),
]
RIGHT = [
    (real(0, infinite=True), math.inf),
    (real(nan=True), math.nan),
    (below("C"), np.array([0, 2])),
    (DEFINITE, np.stack([SQUARE, 1e-300 * SQUARE])),
    (DEFINITE, np.zeros((2, 0, 0))),
    (REAL.that("semidefinite"), np.zeros((2, 2))),
    (SIMPLEX, np.full(3, 1 / 3, np.float32)),
]


@pytest.mark.parametrize("words", WORDS)
def test_words(words):
    assert WORDS[words].words == words
    assert mismatch(WORDS[words].data, load("vectors.json#/$defs/domain")) is None


@pytest.mark.parametrize(("domain", "value", "message"), WRONG)
def test_what_is_outside(domain, value, message):
    assert message in domain.wrong(value, {"C": 3})


@pytest.mark.parametrize(("domain", "value"), RIGHT)
def test_what_is_inside(domain, value):
    assert domain.wrong(value, {"C": 3}) == ""


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("low", [-math.inf, 0.0])
def test_random_values_have_their_form_and_keep_it_when_they_are_moved(form, low):
    domain = Domain(low, forms=(form,), whole=form == "permutation")
    if form == "orthonormal" and low == 0:
        pytest.skip("columns at right angles have no common sign")
    if form == "zero diagonal":
        value = SQUARE - np.diag(np.diag(SQUARE))
    else:
        value = domain.drawn(np.random.default_rng(1), (3, 3), {})
    assert domain.wrong(value, {}) == ""
    moved = domain.moved(value, np.random.default_rng(2))
    assert domain.wrong(moved, {}) == ""
    assert form in ("permutation", "zero diagonal") or not np.array_equal(moved, value)


@pytest.mark.parametrize("domain", [*WORDS.values(), DEFINITE, PERMUTATION])
def test_random_numbers_are_inside(domain):
    known = {"C": 4, "n": 3, "radius": 0.5}
    for shape in ((3, 3), (40, 3)):
        if shape[0] == shape[1] or "definite" not in domain.forms:
            value = domain.drawn(RNG, shape, known)
            assert (value.shape, domain.wrong(value, known)) == (shape, "")


def test_whole_numbers_and_masks_come_as_such():
    operation = catalog.operation("lion.step")
    fields = array("labels", "n", "", below("C")), array("mask", "n", "", MASK), number("lr", "", NONNEGATIVE)
    stub = type("Stub", (), {"inputs": fields})
    given = {"labels": np.array([0.0, 2.0]), "mask": np.array([1.0, 0.0]), "lr": 0.5}
    found = domains.as_declared(stub, given)
    assert [found[name].dtype.name for name in ("labels", "mask")] == ["int64", "bool"]
    assert domains.as_declared(stub, given | {"labels": np.array([0.5])})["labels"].dtype == float
    assert cases.digest(found) == cases.digest(given)  # the numbers are what has a name
    assert cases.rounded(found, "float32")["labels"].dtype == np.int64
    assert outside(operation, dict(operation.cases[0].inputs)) == ""


def test_what_a_relation_cannot_judge_is_outside():
    operation = catalog.operation("adahessian.trajectory")
    inputs = dict(operation.cases[0].inputs)
    empty = {name: inputs[name][:0] for name in ("grads", "diagonals") if name in inputs}
    assert operation.relations[0].words in outside(operation, inputs | empty | {"beta2": 0.5})


def test_axes_that_do_not_fit_are_outside():
    operation = catalog.operation("lion.step")
    inputs = dict(operation.cases[0].inputs)
    assert "theta must have the axes [d]" in outside(operation, inputs | {"theta": np.zeros((1, 1))})
    assert "must have the axes [d], got the shape" in outside(operation, inputs | {"grad": np.zeros(77)})
    assert "must be a Python float" in outside(operation, inputs | {"lr": 1})


# Of all systems ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SYSTEMS)
def test_random_inputs_and_those_moved_are_inside(name):
    for operation in SYSTEMS[name].operations:
        for k in range(SEEDS):
            inputs = operation.drawn(stream(k, operation.name, "fuzz"))
            assert outside(operation, inputs) == "", operation.name
            moved = domains.moved(operation, inputs, stream(k, operation.name, "moved"))
            assert outside(operation, moved) == "", operation.name


@pytest.mark.parametrize("name", SYSTEMS)
def test_the_rule_takes_what_the_domains_allow(name):
    """Random inputs made of the domains alone: a domain is no wider than the rule, but for what is said in `RARE`.

    Half of them or more keep the relations too, but where `HARD` says why not.
    """
    for operation in SYSTEMS[name].operations:
        found = []
        for k in range(2 * SEEDS):
            with contextlib.suppress(ValueError):  # none of many is inside
                found.append(domains.drawn(operation, stream(k, operation.name, "drawn")))
        assert len(found) > SEEDS or operation.name in HARD, operation.name
        for inputs in found:
            with np.errstate(all="ignore"), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                try:
                    operation.reference(**inputs)
                except (ValueError, TypeError) as refusal:
                    if not re.search(RARE.get(operation.name, "(?!)"), str(refusal)):
                        raise


@pytest.mark.parametrize("name", SYSTEMS)
def test_laws_ask_inside(name):
    for operation in SYSTEMS[name].operations:

        def run(operation=operation, **inputs):
            assert outside(operation, inputs) == "", operation.name
            return by_name(operation, **inputs)

        known = {case.slug: case for case in operation.cases}
        for law in operation.laws:
            case = next((known[slug] for slug in law.cases if not known[slug].dear), known[law.cases[0]])
            with np.errstate(all="ignore"):
                for dtype in case.dtypes:
                    list(law.pairs(run, cases.rounded(case.inputs, dtype)))


class Guarded(Function):
    """A function that notes what it is asked outside the contract."""

    def __init__(self, function, operation):
        super().__init__(function, operation=operation.name)
        self.asked, self.strange = 0, []

    def run(self, operation, inputs):
        self.asked += 1
        if wrong := outside(operation, inputs):
            self.strange.append(wrong)
        return super().run(operation, inputs)


@pytest.mark.parametrize("name", some(SYSTEMS))
def test_the_search_for_a_cause_asks_inside(name, monkeypatch):
    """Moved, mirrored, shrunk, with a property, with a free input: of a candidate whose cause is not known."""
    monkeypatch.setattr(verdict, "advice", lambda *args: ())  # which asks what must be refused
    operation = SYSTEMS[name].operations[0]
    slip = next(a for a in edits.shown_in(operation.name, "mistake") if edits.short(operation) not in a.unseen)
    wrong = edits.runner(operation, slip)

    def candidate(**inputs):
        answer = wrong(**inputs)
        return tuple(1.25 * x for x in answer) if isinstance(answer, tuple) else 1.25 * answer

    guarded = Guarded(candidate, operation)
    report = check(guarded, operation.name, explain=1.0)
    assert report.verdict in ("deviates", "error")
    assert guarded.strange == []
    assert guarded.asked > len(report.records)
