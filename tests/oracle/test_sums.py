"""Sums whose coefficients are fitted to what they would have to be."""

import ast

import numpy as np
import pytest

from refimpl.oracle import catalog
from refimpl.oracle.diagnosis.clock import Clock
from refimpl.oracle.diagnosis.search import Search
from refimpl.oracle.diagnosis.sums import refitted, terms
from tests.oracle.conftest import ENOUGH, evidence_of

SOURCE = """
def f(a, b, c, n):
    d = b - c / 3
    e = a
    e = e + 1
    return -(0.5 * a + d) + n * e
"""
RULE = ast.parse(SOURCE).body[0]
LOG = np.log(2 * np.pi)
KNOWN = dict(zip("abce", np.random.Generator(np.random.Philox(0)).uniform(1, 2, (4, 9)), strict=True))


def fitted(text, target, sizes=None):
    """What becomes of a sum, as text."""
    node = ast.parse(text, mode="eval").body
    known = [(ast.Name(name, ast.Load()), x[: len(target)]) for name, x in KNOWN.items()]
    return [ast.unparse(new) for new in refitted(node, RULE, target, known, sizes or {})]


def test_the_terms_of_a_sum_are_found_behind_names_and_brackets():
    found = [(sign, ast.unparse(term)) for sign, term in terms(RULE.body[-1].value, RULE)]
    assert found == [(-1, "0.5 * a"), (-1, "b"), (1, "c / 3"), (1, "n * e")], "e is given twice and stays"


@pytest.mark.parametrize(
    "lines",
    [
        ["m = m + a"],
        ["m = v + a", "v = m - a"],
        [*(f"x{k + 1} = x{k} + x{k}" for k in range(60)), "m = x60 * a"],
        ["x = a + b + c", "y = x * x * x", "m = y * y"],
    ],
    ids=["itself", "each-other", "twice-and-twice-again", "powers"],
)
def test_names_that_lead_nowhere_are_not_followed(lines):
    rule = ast.parse("\n    ".join(["def f(a, b, c, x0):", *lines, "return m"])).body[0]
    node = rule.body[-1].value
    assert terms(node, rule) == [(1, node)]


@pytest.mark.parametrize(
    ("text", "target", "found"),
    [
        ("a + b", lambda a, b, c: a - 2 * b, "a - 2.0 * b"),
        ("0.5 * (a + b)", lambda a, b, c: 0.5 * a + b, "0.5 * a + b"),
        ("a - b", lambda a, b, c: a / 3 - b + 1.5 * LOG, "0.3333333333333333 * a - b + 2.756815599614018"),
        ("a - b", lambda a, b, c: b, "b"),
        ("a + d", lambda a, b, c: a + b - c, "a + b - c"),
    ],
)
def test_coefficients_are_found(text, target, found):
    assert fitted(text, target(KNOWN["a"], KNOWN["b"], KNOWN["c"])) == [found]


def test_what_is_no_sum_of_its_terms_is_not_fitted():
    assert fitted("a + b", KNOWN["a"] * KNOWN["b"]) == []
    assert fitted("a * b", KNOWN["a"] * KNOWN["b"] * 2) == [], "one term"
    assert fitted("a + b", (KNOWN["a"] + 2 * KNOWN["b"])[:3]) == [], "two coefficients meet three numbers by luck"
    assert fitted("a + b", 0.4902364 * KNOWN["a"] - KNOWN["b"]) == [], "nobody writes such a number"
    assert fitted("a + b", KNOWN["a"] * np.inf) == []


def test_a_term_that_is_0_on_all_inputs_stays(monkeypatch):
    monkeypatch.setitem(KNOWN, "c", np.zeros(9))
    assert fitted("a + b + c", KNOWN["a"] - 2 * KNOWN["b"]) == ["a - 2.0 * b + c"]


def test_a_constant_may_be_a_size_where_that_is_one():
    told = fitted("a + b", KNOWN["a"] + KNOWN["b"] + 2, {"n": np.ones(9)})
    assert told == ["a + b + 2.0", "a + b + 2.0 * n"]


def test_misplaced_brackets_in_two_outputs_are_told():
    """A half that stands before the first term alone, in the density of new values and in the evidence."""
    operation = catalog.operation("scale_mixture_nngp.posterior_gp")

    def log_normal(difference, covariance):
        fit = difference @ np.linalg.solve(covariance, difference)
        return -0.5 * np.linalg.slogdet(covariance)[1] + fit + len(difference) * np.log(2 * np.pi)

    def candidate(K_tt, K_st, k_ss, y, points, eps, s, chosen):
        noisy = K_tt + eps * np.eye(len(y))
        if chosen == "evidence":
            s = y @ np.linalg.solve(noisy, y) / len(y)
        gain = np.linalg.solve(noisy, K_st.T)
        apart, variance = points - gain.T @ y, s * (k_ss + eps - np.sum(K_st.T * gain, axis=0))
        each = [log_normal(d[None], v[None, None]) for d, v in zip(apart, variance, strict=True)]
        return s, np.array(each), log_normal(y, s * noisy)

    clock = Clock(ENOUGH)
    search = Search(evidence_of(candidate, operation), clock)
    search.of_matches(clock.part(0.5))
    search.of_places(clock)
    assert search.found
    assert {line[0] for line in search.found[0].lines} == {"scale_mixture_nngp-51", "_log_normal"}
