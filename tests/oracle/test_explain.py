"""Causes that no list knows: what is said of candidates whose mistake we know, and what is never said."""

import ast
import contextlib
import os
import re
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest

from refimpl.core.arrays import array_namespace
from refimpl.core.random import stream
from refimpl.oracle import catalog, check, edits
from refimpl.oracle.candidates import Function
from refimpl.oracle.candidates.base import named_outputs
from refimpl.oracle.candidates.limit import memory_limited
from refimpl.oracle.cli import main
from refimpl.oracle.diagnosis import explain as explaining
from refimpl.oracle.diagnosis import workshop
from refimpl.oracle.diagnosis.branches import Branch
from refimpl.oracle.diagnosis.clock import Clock
from refimpl.oracle.diagnosis.conditions import conditions
from refimpl.oracle.diagnosis.evidence import Evidence, Measured, Sight, ask_more, called
from refimpl.oracle.diagnosis.explain import LEAST, _in_branch, _standing, _survivors, evidences, usual_seconds
from refimpl.oracle.diagnosis.found import Found
from refimpl.oracle.diagnosis.nearest import listed_answer
from refimpl.oracle.diagnosis.nodes import lent
from refimpl.oracle.diagnosis.places import _factor, where
from refimpl.oracle.diagnosis.properties import cut
from refimpl.oracle.diagnosis.search import Search
from refimpl.oracle.diagnosis.smallest import smallest
from refimpl.oracle.diagnosis.standing import explains, holds
from refimpl.oracle.diagnosis.telling import laws, roundings
from refimpl.oracle.diagnosis.trials import trials, tried
from refimpl.oracle.diagnosis.units import functions, units
from refimpl.oracle.diagnosis.vocabulary import Edit, edits_of
from refimpl.oracle.diagnosis.workshop import Workshop
from refimpl.oracle.judging import tolerance
from refimpl.oracle.judging.noise import bare as plain
from refimpl.oracle.judging.plans import Settings
from refimpl.oracle.judging.records import Diagnosis, Record
from refimpl.oracle.judging.run import run
from refimpl.oracle.judging.tolerance import wide
from refimpl.oracle.output.results import read_report, write_report
from refimpl.oracle.output.words import cause, told
from refimpl.oracle.power import mutations
from refimpl.specs.base import array
from tests.oracle.conftest import ENOUGH, evidence_of, told_by
from tests.thorough import THOROUGH, sample, some

TRAJECTORY = catalog.operation("lion.trajectory")
QUICK = ["--only", "two-rates", "--only", "gaussian-long"]


def lion(step=np.sign, direction=None, decay=lambda lr, wd: lr * wd, memory=None, look=lambda g: g):
    """Lion written apart from the library, with places for mistakes."""

    def trajectory(theta0, grads, lr, beta1, beta2, weight_decay):
        theta, m, out = theta0.copy(), np.zeros_like(theta0), []
        for g in map(look, grads):
            c = direction(m, g, beta1, beta2) if direction else beta1 * m + (1 - beta1) * g
            theta = theta * (1 - decay(lr, weight_decay)) - lr * step(c)
            m = memory(m, g, beta2) if memory else m + (1 - beta2) * (g - m)
            out.append(theta)
        return np.array(out)

    return trajectory


def report_of(function, **more):
    return check(function, "lion.trajectory", explain=ENOUGH, **more)


# What is told ------------------------------------------------------------------------------------------------------


UNLISTED = {
    "falsy": (
        lion(decay=lambda lr, wd: lr * (wd or 0.01)),
        "weight_decay = 0 for 'not given', and 0.01 in its place",
    ),
    "late": (
        lambda **inputs: lion()(**inputs)[[0, *range(len(inputs["grads"]) - 1)]],
        "thetas a row late",
    ),
    "square": (
        lion(memory=lambda m, g, b: b * m + (1 - b) * g * g),
        "momentum = beta2 * momentum + (1 - beta2) * (grad * grad)",
    ),
    "clipped": (
        lion(look=lambda g: g / max(1.0, np.sqrt(np.sum(g * g)))),
        "each row of grads to length 1",
    ),
}


@pytest.mark.parametrize("name", sample(["falsy", "late"], ["square", "clipped"]))  # docs/oracle/diagnosis has an edit
def test_a_mistake_that_no_list_has_is_told(name):
    mine, words = UNLISTED[name]
    report = report_of(mine)
    assert report.verdict == "deviates"
    assert report.diagnosis.kind in ("change", "use")
    text = "\n".join(told(report))
    assert words in text, text
    assert report.diagnosis.further > 0


def adam_without_penalty_in_m(theta0, grads, lr, beta1, beta2, eps, weight_decay):
    p, m, v, out = theta0, 0.0, 0.0, []
    for t, bare in enumerate(grads, 1):
        g = bare + weight_decay * p
        m, v = beta1 * m + (1 - beta1) * bare, beta2 * v + (1 - beta2) * g * g
        p = p - lr * (m / (1 - beta1**t)) / (np.sqrt(v / (1 - beta2**t)) + eps)
        out.append(p)
    return np.array(out)


def lion_without_decay_at_first(theta0, grads, lr, beta1, beta2, weight_decay):
    p, m, out = theta0, np.zeros_like(theta0), []
    for t, g in enumerate(grads):
        p = p * (1 - lr * weight_decay * (t > 0)) - lr * np.sign(beta1 * m + (1 - beta1) * g)
        m = beta2 * m + (1 - beta2) * g
        out.append(p)
    return np.array(out)


def sophia_from_the_first_estimate(theta0, grads, estimates, lr, beta1, beta2, gamma, eps, weight_decay, k):
    p, m, h, out = theta0, 0.0, None, []
    for t, g in enumerate(grads):
        m = beta1 * m + (1 - beta1) * g
        if t % k == 0:
            h = estimates[t] if h is None else beta2 * h + (1 - beta2) * estimates[t]
        p = p - lr * weight_decay * p
        p = p - lr * np.clip(m / np.maximum(gamma * h, eps), -1, 1)
        out.append(p)
    return np.array(out)


BEYOND = {
    "lion.trajectory": (lion_without_decay_at_first, "# in the first step alone"),
    "adamw.adam": (adam_without_penalty_in_m, "(1 - beta1) * (grad of adam)"),
    "diffgrad.friction": (lambda previous, grad: 1 / (1 + np.exp(-np.minimum(abs(grad - previous), 9))), "imum("),
    "sophia.trajectory": (sophia_from_the_first_estimate, "return estimate if step == 1 else"),
}


@pytest.mark.parametrize("name", sample(["lion.trajectory", "adamw.adam"], ["diffgrad.friction", "sophia.trajectory"]))
def test_a_mistake_of_some_steps_or_with_values_from_elsewhere_is_told(name):
    mine, words = BEYOND[name]
    found = told_by(lambda search: search.of_edits(Clock(ENOUGH)), mine, name)
    assert found.kind == "change", found
    assert words in found.lines[0][3], found


def test_two_listed_mistakes_at_once_are_told():
    wrong = lion(direction=lambda m, g, b1, b2: b2 * m + (1 - b2) * g, decay=lambda lr, wd: wd)
    found = report_of(wrong).diagnosis
    assert found.kind == "several", found
    assert len(found.lines) == 2 or len(found.names) == 2, found


def test_a_listed_mistake_with_an_exception_keeps_its_name():
    def wrong(weight_decay, **inputs):
        if weight_decay > 1:
            raise ValueError("too strong")
        return lion(memory=lambda m, g, b: (1 - b) * m + b * g)(weight_decay=weight_decay, **inputs)

    report = report_of(wrong)
    assert report.diagnosis.kind in ("mistake", "change"), report.diagnosis
    assert "momentum" in "".join(report.diagnosis.lines[0])


def test_what_no_edit_says_gets_a_condition():
    """Wrong where beta1 is 0 and there is decay: told only because it holds on every input that was tried."""

    def wrong(beta1, weight_decay, **inputs):
        return lion()(beta1=beta1, weight_decay=weight_decay * (beta1 != 0), **inputs)

    candidate = Function(wrong, operation=TRAJECTORY.name)
    (evidence,) = evidences(run(candidate, [TRAJECTORY], Settings()), candidate)
    words = [condition.words for condition in conditions(evidence, Clock(ENOUGH))]
    assert any("wrong only where beta1 = 0 and weight_decay is not 0 (on all" in text for text in words), words


def test_a_condition_that_one_input_contradicts_is_not_told():
    """Right once all gradients are 0 would be true of the failing cases, but one other input is wrong."""
    candidate = Function(lion(step=np.tanh), operation=TRAJECTORY.name)
    (evidence,) = evidences(run(candidate, [TRAJECTORY], Settings()), candidate)
    for condition in conditions(evidence, Clock(ENOUGH), most=50):
        held = [s for s in evidence.every if condition.having.holds(s.inputs)]
        assert len(held) == condition.right >= 3
        assert not any(s.wrong for s in held)


def test_the_place_of_the_deviations_is_told():
    def late(grads, **inputs):
        out = lion()(grads=grads, **inputs)
        out[2:] *= 1.001
        return out

    candidate = Function(late, operation=TRAJECTORY.name)
    (evidence,) = evidences(run(candidate, [TRAJECTORY], Settings()), candidate)
    assert "thetas is right up to step 2 on every input" in where(evidence)


@pytest.mark.parametrize(
    ("factor", "words"), [(1 + 1e-9, []), (1.5, ["y is 1.5 times what it should be on every failing input"])]
)
def test_a_factor_of_one_is_not_told(factor, words):
    right = np.array([1.0, -2.0, 3.0])
    sight = SimpleNamespace(got={"y": factor * right}, right={"y": right}, deviating=lambda _: right != 0)
    assert list(_factor(array("y", "n", "an output"), [sight, sight])) == words


def test_a_law_alone_that_fails_is_explained_too():
    report = report_of(lambda **i: lion()(**i) * (1 + 1e-3 * (np.max(np.abs(i["grads"])) > 1e6)), only=["law:*"])
    assert report.smallest is not None or report.verdict.startswith("conforms")


@pytest.mark.parametrize(
    ("message", "hint"),
    [
        ("breaks the law: x is odd", "it breaks the law: x is odd, on the inputs of two"),
        ("kl has shape (3,); expected () = []", "kl has shape (3,); expected () = [], on the inputs of two"),
    ],
)
def test_what_breaks_a_law_is_said_in_a_sentence(message, hint):
    record = Record("lion.step", "lion.step/law:odd:two", "float64", "failed", message=message)
    assert [one.hint for one in laws([record])] == [hint]


def test_nothing_is_said_of_a_right_one():
    report = report_of(lion())
    assert (report.verdict, report.diagnosis, report.findings, report.smallest) == ("conforms", None, (), None)


def test_seconds_come_from_the_caller_or_the_environment(monkeypatch):
    monkeypatch.setenv("REFIMPL_EXPLAIN", "3")
    assert usual_seconds() == 3
    for text in ("-1", "soon", "inf", "nan"):
        monkeypatch.setenv("REFIMPL_EXPLAIN", text)
        with pytest.raises(ValueError, match="REFIMPL_EXPLAIN"):
            usual_seconds()


def test_a_workshop_that_is_interrupted_while_it_opens_is_closed(monkeypatch):
    """Otherwise the rules of a notebook's process would check no argument any more."""
    operation = catalog.operation("lion.step")
    every = units(operation)
    codes, count = [unit.function.__code__ for unit in every], workshop._counting
    opened: list[object] = []

    def interrupted(unit):
        opened.append(unit)
        if len(opened) == 2:
            raise KeyboardInterrupt
        return count(unit)

    monkeypatch.setattr(workshop, "_counting", interrupted)
    with pytest.raises(KeyboardInterrupt), Workshop(operation):
        pass
    assert [unit.function.__code__ for unit in every] == codes
    assert not any(name.startswith("_shop") for unit in every for name in unit.function.__globals__)
    with pytest.raises(ValueError, match="lr"):
        operation.reference(**operation.cases[0].inputs | {"lr": -1.0})


# The smallest input --------------------------------------------------------------------------------------------------


def test_the_smallest_input_is_small_and_shows_the_difference():
    report = report_of(lion(decay=lambda lr, wd: wd))
    small = report.smallest
    assert np.shape(small.inputs["grads"]) == (1, 1)
    inputs = {n: np.array(v) if isinstance(v, list) else v for n, v in small.inputs.items()}
    assert TRAJECTORY.reference(**inputs).tolist() == small.expected
    assert lion(decay=lambda lr, wd: wd)(**inputs).tolist() == small.got != small.expected
    pasted = eval(f"dict({small.python})", {"np": np, "dict": dict})
    assert {n: np.shape(v) for n, v in pasted.items()} == {n: np.shape(v) for n, v in small.inputs.items()}


def test_the_smallest_input_shows_more_than_rounding_beside_an_answer_of_zero():
    """What is left of a difference of large numbers, where nothing should be left, is seen by nobody."""
    operation = catalog.operation("isogclr.nt_xent")

    def cancels(U1, U2, tau):
        loss, *gradients = operation.reference(U1=U1, U2=U2, tau=tau)
        return loss, *((1 + 0.1 * (tau > 0.3)) * g + 1e-14 / tau for g in gradients)

    candidate = Function(cancels, operation=operation.name)
    (evidence,) = evidences(run(candidate, [operation], Settings()), candidate)
    small = smallest(evidence, Clock(ENOUGH))
    assert np.max(np.abs(np.subtract(small.got, small.expected))) > 1e-6


def test_what_shows_in_large_arrays_alone_has_no_input_to_read():
    right = catalog.operation("lion.step").reference

    def last_block_left_out(**inputs):
        theta, momentum = right(**inputs)
        return np.where(np.arange(theta.size) < 60_000, theta, 0.0), momentum

    report = check(last_block_left_out, "lion.step", only=["both-agree", "many-coordinates"], explain=2)
    assert report.verdict.startswith("deviates")
    assert report.smallest is None
    assert len("\n".join(told(report))) < 5000


def test_the_first_difference_is_upstream():
    """The momentum is wrong from step 1 on, the parameters from step 2: the momentum is shown."""
    step = catalog.operation("adamw.step")
    names = [entry.name for entry in step.outputs]

    def wrong(**inputs):
        out = dict(zip(names, step.reference(**inputs), strict=True))
        return tuple(x * (1.5 if n == names[-1] else 1.0) for n, x in out.items())

    candidate = Function(wrong, operation=step.name)
    (evidence,) = evidences(run(candidate, [step], Settings()), candidate)
    assert smallest(evidence, Clock(ENOUGH)).output == names[-1]


def test_a_constant_is_read_off_the_answers_and_a_report_keeps_what_was_said(tmp_path):
    def step(theta, momentum, grad, lr, beta1, beta2, weight_decay):
        c = beta1 * momentum + (1 - beta1) * grad
        return theta - lr * (np.sign(c) + 0.7 * weight_decay * theta), momentum + (1 - beta2) * (grad - momentum)

    report = check(step, "lion.step", explain=ENOUGH)
    assert "0.7 * (weight_decay * params)" in cause(report.diagnosis)
    write_report(tmp_path / "report.jsonl", report)
    again = read_report(tmp_path / "report.jsonl")
    assert again.diagnosis == report.diagnosis
    assert again.smallest == report.smallest
    assert told(again) == told(report)


def test_a_picture_shows_where_the_answers_part(tmp_path, capsys):
    (tmp_path / "mine.py").write_text(
        "import numpy as np\n"
        "def trajectory(theta0, grads, lr, **rates):\n"
        "    return theta0 - lr * np.cumsum(np.sign(grads), axis=0)\n"
    )
    picture = tmp_path / "parts.png"
    words = ["--python", f"{tmp_path / 'mine.py'}:trajectory", "--plot", str(picture), "--explain", "0", *QUICK]
    assert main(["check", "lion.trajectory", *words]) == 1
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert main(["check", "lion.trajectory", "--plot", str(tmp_path / "none.png"), *QUICK]) == 0
    assert "drew nothing" in capsys.readouterr().err
    assert main(["check", "lion.trajectory", "--explain", "-1"]) == 2
    assert "--explain must be >= 0" in capsys.readouterr().err


# The workshop --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", some(catalog.systems()))
def test_an_open_workshop_changes_no_answer_and_leaves_nothing_behind(name):
    every = catalog.system(name).operations
    for operation in every if THOROUGH else every[:1]:
        small = [c for c in operation.cases if not c.dear][:3]
        before = [(unit.function, unit.function.__code__) for unit in units(operation)]
        with np.errstate(all="ignore"):
            rights = [named_outputs(operation, operation.reference(**case.inputs)) for case in small]
            with Workshop(operation) as shop:
                assert shop.units
                shop.look(wide(small[0].inputs))
                outs = [shop.run(wide(case.inputs)) for case in small]
        for case, out, right in zip(small, outs, rights, strict=True):
            assert all(np.array_equal(out[n], right[n], equal_nan=True) for n in right), (operation.name, case.slug)
        assert all(function.__code__ is code for function, code in before)


def test_the_source_is_given_back_after_an_exception():
    (rule,) = [unit for unit in units(TRAJECTORY) if unit.name == "_rule"]
    before = rule.function.__code__

    def interrupted():
        with Workshop(TRAJECTORY) as shop:
            edit = next(e for unit in shop.units if unit.name == "_rule" for e in edits_of(unit))
            with shop.edited(edit):
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert rule.function.__code__ is before


def test_an_edited_loop_ends():
    operation = catalog.operation("genai_engineering.merges")
    inputs = wide(operation.cases[0].inputs)
    for known in (True, False):  # how many rounds the right one makes; else it is asked when many have been made
        with np.errstate(all="ignore"), Workshop(operation) as shop:
            if known:
                shop.calibrate(inputs)
            back = next(e for unit in shop.units for e in mutations(unit) if e.now == "i -= width")
            with shop.edited(back):
                assert shop.run(inputs) is None
                assert shop.cut
            assert shop.run(inputs) is not None


def test_inputs_on_which_the_right_loop_is_longer_have_a_limit_of_their_own():
    operation = catalog.operation("one_byte.spsa_quadratic")
    short, *_, long = sorted((wide(c.inputs) for c in operation.cases), key=lambda inputs: len(inputs["z"]))
    with np.errstate(all="ignore"), Workshop(operation) as shop:
        shop.calibrate(short)
        edit = next(e for unit in shop.units for e in mutations(unit) if "2 + eps" in e.now)
        with shop.edited(edit):
            assert all(np.isfinite(shop.run(long)["g"]))


def test_an_edit_whose_loops_run_on_waits_for_the_others(monkeypatch):
    operation = catalog.operation("lasso_mtrl.relevance_lasso")
    double = evidence_of(lambda **inputs: [2 * x for x in operation.reference(**inputs)], operation)
    search = Search(double, Clock(60.0))
    inputs, ended = search.inputs[id(search.moving[0])], []

    def noted(edit, shop, *more):
        with shop.edited(edit):
            ended.append((edit.rank, shop.run(inputs) is not None))

    monkeypatch.setattr(search, "_try_one", noted)
    monkeypatch.setattr(workshop, "HASTY", 1)
    with np.errstate(all="ignore"), search.opened() as shop:
        unit = next(unit for unit in shop.units if unit.name == "_sweep")
        loop = next(node for node in ast.walk(unit.node) if isinstance(node, ast.For))
        longer = [ast.parse(f"for _ in range({n}): {lent('_tick')}()").body for n in (18, 0)]
        every = [Edit(unit, loop, loop, "body", slice(0, 0), new, rank) for rank, new in enumerate(longer)]
        search._try(every, shop, Clock(60.0))
    assert ended == [(0, False), (1, True), (0, True)]


def test_every_edit_can_be_said_and_is_taken_back():
    """Each has words, and the tree after it is the tree before it."""
    with np.errstate(all="ignore"), Workshop(TRAJECTORY) as shop:
        shop.look(wide(TRAJECTORY.cases[0].inputs))
        for unit in shop.units:
            before = ast.dump(unit.outer)
            for edit in edits_of(unit):
                assert edit.was
                assert edit.now
                try:
                    edit.code()
                except SyntaxError:
                    continue
            assert ast.dump(unit.outer) == before


@pytest.mark.parametrize("name", sample(["lion.step", "cbo.consensus"], ["sdl.bcd", "sso.outer_step"]))
def test_trials_fit_an_operation(name):
    """Each has words that name what they are about; none but leaves the inputs of the case alone."""
    operation = catalog.operation(name)
    inputs = wide(operation.cases[0].inputs)
    before = {key: np.copy(value) for key, value in inputs.items()}
    every = trials(operation)
    assert len(every) > 100
    for trial in every:
        assert "{" not in trial.words
        tried(partial(called, operation, operation.reference), trial)(inputs)
    assert all(np.array_equal(before[key], inputs[key]) for key in before)


@pytest.mark.parametrize("name", ["lion.step", "sso.surrogate"])
def test_no_trial_makes_a_matrix_of_a_vector(name):
    """Of 100,000 coordinates it would have 10^10 entries."""
    operation = catalog.operation(name)
    inputs = wide(operation.cases[0].inputs)
    inputs = {k: np.resize(v, (*v.shape[:-1], 1000)) if np.ndim(v) else v for k, v in inputs.items()}
    for trial in (trial for trial in trials(operation) if trial.before):
        with contextlib.suppress(ValueError, IndexError), np.errstate(all="ignore"):  # not every change fits
            changed = trial.before(inputs)
            assert all(np.size(changed[k]) <= np.size(v) for k, v in inputs.items()), trial.words


def test_what_underflows_is_not_taken_for_single_precision():
    """Both take gradients of 1e-90 for 0; the plainer words come first, and are no blame for a dtype."""
    operation = catalog.operation("adadagrad.batch_size")
    words = [trial.words for trial in trials(operation)]
    underflow = "takes entries of grads below 1e-50 for 0, as where products of them underflow"
    assert words.index(underflow) < words.index("takes grads in float32")
    (tiny,) = [case for case in operation.cases if case.slug == "tiny-gradients-along"]
    (trial,) = [trial for trial in trials(operation) if trial.words == underflow]
    inputs = wide(tiny.inputs)
    zeros = inputs | {"grads": np.zeros_like(inputs["grads"])}
    answers = [
        tried(partial(called, operation, operation.reference), trial)(inputs),
        called(operation, operation.reference, zeros),
    ]
    assert answers[0]["size"] == answers[1]["size"]


def ridged(B, X, y):
    a = X @ B
    return B @ np.linalg.solve(a.T @ a + 1e-6 * np.eye(a.shape[1]), a.T @ y)


def in_single(B, X, y):
    a = (X @ B).astype(np.float32)
    return B @ np.linalg.lstsq(a, y.astype(np.float32), rcond=None)[0].astype(float)


@pytest.mark.parametrize(("code", "words"), [(ridged, "a ridge, an eps"), (in_single, "in float32")])
def test_a_small_number_too_much_is_told_from_rounding(code, words):
    asked = Function(code, operation="lasso_mtrl.fit_target", name=code.__name__)
    done = run(asked, [catalog.operation("lasso_mtrl.fit_target")], Settings(laws=False))
    (evidence,) = evidences(done, asked)
    assert words in where(evidence)[0]


def cut_off(P_row, x, mu, alpha):
    with np.errstate(divide="ignore"):
        log = np.log(P_row) - alpha * np.log(x / mu)
    weights = 1e6 * np.exp(log - log.max())
    return weights / np.sum(np.trunc(weights))


@pytest.mark.parametrize(
    ("wrong", "words"), [((1, 2), "log_predictive and log_evidence are"), ([2], "log_evidence is")]
)
def test_the_outputs_that_are_wrong_are_named(wrong, words):
    operation = catalog.operation("scale_mixture_nngp.posterior_gp")
    mine = lambda **i: tuple(x + (k in wrong) for k, x in enumerate(operation.reference(**i)))
    said = where(evidence_of(mine, operation))
    assert f"among the outputs only {words} ever wrong" in said


def test_digits_that_are_cut_off_are_no_rounding():
    operation = catalog.operation("srrw.kernel_row")
    evidence = evidence_of(cut_off, operation)
    ask_more(evidence, Clock(ENOUGH))
    said = where(evidence)[0]
    assert "they all go the same way" in said
    assert "float32" not in said


def test_living_functions_are_found_by_their_code():
    assert functions()[id(lion.__code__)] is lion


# Power ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sample(["cbo.proximal"], ["lion.step"]))
def test_mutants_by_an_independent_list_are_told_and_never_wrongly(name):
    from refimpl.oracle.power import chosen, measure, summary

    operation = catalog.operation(name)
    edits, limit = chosen(operation, 2)
    rows = [measure(operation, edit, seconds=ENOUGH, limit=limit) for edit in edits]
    assert all(row.killed for row in rows)
    assert all(row.raises or (row.told and not row.wrong) for row in rows), [row.words for row in rows]
    assert summary(name, [vars(row) for row in rows], [])["misled"] == []


@pytest.mark.parametrize("name", ["svd", "svdvals", "pinv", "matrix_norm"])
def test_while_sources_are_edited_no_decomposition_hangs(name):
    """NumPy up to 2.4.6 does not come back from these."""
    endless = np.eye(3)
    endless[0, 0] = np.inf
    linalg, before = array_namespace(endless).linalg, np.linalg.svd
    with Workshop(TRAJECTORY), pytest.raises(np.linalg.LinAlgError, match="not finite"):
        getattr(linalg, name)(endless, **{"matrix_norm": {"ord": 2}}.get(name, {}))
    assert np.linalg.svd is before
    assert linalg.svdvals(np.eye(2)).tolist() == [1, 1]


@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="Linux alone can limit it")
def test_code_that_asks_for_all_memory_gets_an_exception():
    with memory_limited(2**28), pytest.raises(MemoryError):
        np.empty(2**30, dtype=np.int8)
    with Workshop(TRAJECTORY), pytest.raises(MemoryError):
        np.empty(2**31, dtype=np.int8)
    np.empty(2**31, dtype=np.int8)  # of which nothing is touched


def test_a_wrong_explanation_is_refuted_by_further_inputs():
    """On one case alone a hundred edits explain an answer: none of those that other inputs contradict is told."""
    only = ["two-rates"]
    report = report_of(lion(memory=lambda m, g, b: b * m + (1 - b) * np.minimum(g, 3.0)), only=only)
    if report.diagnosis is not None and report.diagnosis.kind in ("change", "use", "mistake"):
        assert "minimum" in cause(report.diagnosis) or "3" in cause(report.diagnosis)


def test_evidence_asks_each_question_once():
    calls = []

    def mine(**inputs):
        calls.append(1)
        return TRAJECTORY.reference(**inputs)

    evidence = Evidence(TRAJECTORY, Function(mine, operation=TRAJECTORY.name), "float64", [])
    for _ in range(3):
        assert not evidence.ask(TRAJECTORY.cases[0].inputs).wrong
    assert len(calls) == len(evidence.further) == 1
    assert evidence.ask(TRAJECTORY.cases[0].inputs | {"lr": -1.0}) is None  # the rule refuses it
    assert Search(evidence, Clock(1.0)).moving == []


def test_further_inputs_are_measured_when_that_is_needed(monkeypatch):
    operation = catalog.operation("isogclr.bimodal_step")
    mine = lambda **inputs: [x * (1 + 1e-9) for x in operation.reference(**inputs)]
    evidence = Evidence(operation, Function(operation.reference, operation=operation.name), "float64", [])
    off = Evidence(operation, Function(mine, operation=operation.name), "float64", [])
    along = operation.inputs[0].axes.split()[-1]
    for number in range(6):
        inputs = cut(operation, operation.drawn(stream(number, operation.name, "zeros")), along, 1)
        sight = evidence.ask(inputs)
        assert not sight.wrong
        assert not sight.tolerance  # the same digits: no run has been needed
        evidence.measure()
        assert sight.tolerance.keys() == sight.right.keys()
        gradient = sight.tolerance["grad2"]
        assert not sight.right["grad2"].any()  # of one coordinate nothing is left
        assert np.all(gradient == gradient.max())  # by which few noisy runs may have left one entry exact
        assert off.ask(inputs).wrong
    monkeypatch.setattr(tolerance, "noisy_run", lambda *given: 1 / 0)
    assert not Evidence(operation, off.candidate, "float64", []).ask(inputs).wrong  # a rule that cannot be shaken


def test_a_tolerance_of_few_runs_is_doubted_before_an_explanation_is():
    right, got = {"y": np.array([1.0, 2.0])}, {"y": np.array([2.0, 2.0 + 1e-11])}
    lucky, sure = ({"y": np.array([1e-12, x])} for x in (1e-15, 1e-10))
    answers = lambda *y: lambda inputs: {"y": np.array(y)}
    assert holds(answers(2.0, 2.0), Sight({}, got, right, Measured(lambda: lucky, lambda: sure)))
    assert not holds(answers(2.0, 2.0), Sight({}, got, right, Measured(lambda: lucky, lambda: lucky)))
    assert not holds(answers(2.1, 2.0), Sight({}, got, right, Measured(lambda: lucky, lambda: 1 / 0)))  # is far off


def test_roundings_of_its_own_hide_no_cause():
    operation = catalog.operation("bayesopt.eic")

    def mine(mu, sigma, y, constraints, lost=1e-7):
        feasible = np.all(constraints >= 0, axis=0).any()
        out = operation.reference(mu, sigma, y, 0 * constraints if feasible else constraints)
        return out * np.where(out < 1e-4, 1 + lost / 3, 1.0)  # far out in a tail it cancels

    evidence = evidence_of(mine, operation)
    ask_more(evidence, Clock(ENOUGH), samples=45)
    search = Search(evidence, Clock(ENOUGH))
    assert evidence.rough
    assert 0 < sum(sight.forgiven for sight in evidence.every) < len(search.moving)
    exact = partial(called, operation, partial(mine, lost=0.0))
    assert search.agrees(exact)
    assert not search.agrees(partial(called, operation, operation.reference))
    first = operation.cases[0].inputs
    later = evidence.ask(first | {"mu": first["mu"] - 3.0, "constraints": np.ones_like(first["constraints"])})
    assert later is not None
    assert later.forgiven  # what is asked later as well
    on = {"exact": lambda operation: exact, "all": lambda operation: partial(called, operation, mine)}
    for name, leaves in (("exact", True), ("all", False)):
        search.found = [Found(0, on[name], words=name)]
        (found,) = _survivors(search, Clock(ENOUGH))
        assert found.words == name
        assert found.leaves is leaves
        assert bool(list(roundings(evidence, found))) is leaves


def test_a_candidate_that_is_off_by_next_to_nothing_everywhere_is_not_forgiven():
    operation = catalog.operation("bayesopt.eic")
    mine = lambda **inputs: operation.reference(**inputs) * (1 + 1e-9)
    search = Search(evidence_of(mine, operation), Clock(ENOUGH))
    assert search.moving
    assert not search.evidence.rough
    assert not any(sight.forgiven for sight in search.moving)


def test_an_explanation_stands_at_as_many_inputs_as_there_is_time_for():
    operation = catalog.operation("lion.step")
    evidence = Evidence(operation, Function(operation.reference, operation=operation.name), "float64", [])
    ask_more(evidence, Clock(60.0))
    twice = lambda **inputs: [2 * x for x in operation.reference(**inputs)]
    answers = {"right": partial(called, operation, operation.reference), "wrong": partial(called, operation, twice)}
    over, endless = Clock(0.0), Clock(60.0)
    assert len(evidence.further) > LEAST
    for clock, number in ((over, LEAST), (endless, len(evidence.further))):
        found, verified = _standing(answers, evidence.further, clock)
        assert (list(found), verified) == (["right"], number)
    assert _standing({"wrong": answers["wrong"]}, evidence.further, endless) == ({}, 1)


def test_nothing_explains_a_candidate_that_raises_wherever_it_is_wrong():
    """What was found of one operation is tried on the others, of which one may be such."""
    operation = catalog.operation("lion.step")

    def mine(**inputs):
        if np.size(inputs["theta"]) > 3:
            raise ValueError("too large")
        return operation.reference(**inputs)

    search = Search(evidence_of(mine, operation), Clock(1.0))
    assert search.order
    assert not search.moving
    assert not search.agrees(lambda inputs: named_outputs(operation, operation.reference(**inputs)))
    assert not search.agrees(lambda inputs: None)


def test_what_a_workshop_lends_takes_no_name_of_a_source():
    from refimpl.nested import _bsvrb_models as models

    before = dict(vars(models))
    with Workshop(catalog.operation("bsvrb.rsvrb_steps")):
        assert all(vars(models)[name] is value for name, value in before.items())
    assert vars(models) == before


# In one branch, and by relative agreement --------------------------------------------------------------------------


def in_one_kind(wrong, kind):
    """The rule, but for one kind of sampler."""
    operation = catalog.operation("diffusion.sampler_step")

    def candidate(**inputs):
        return wrong(**inputs) if inputs["kind"] == kind else operation.reference(**inputs)

    return operation, candidate


def test_a_listed_mistake_of_one_branch_keeps_its_name():
    slip = edits.alternatives("diffusion")["half_score"]
    operation, candidate = in_one_kind(edits.runner(catalog.operation("diffusion.sampler_step"), slip), "exp")
    report = check(candidate, operation.name, explain=ENOUGH)
    assert (report.diagnosis.kind, report.diagnosis.names) == ("mistake", ("half_score",))
    assert report.diagnosis.within == "kind = 'exp'"
    assert cause(report.diagnosis).startswith("where kind = 'exp': half_score (")


def test_an_unlisted_edit_of_one_branch_is_told_with_it():
    operation = catalog.operation("diffusion.sampler_step")

    def wrong(x, score, **inputs):
        return operation.reference(x=x, score=np.abs(score), **inputs)

    operation, candidate = in_one_kind(wrong, "em")
    diagnosis = check(candidate, operation.name, explain=ENOUGH).diagnosis
    assert diagnosis.kind in ("change", "use")
    assert diagnosis.within == "kind = 'em'"


@pytest.mark.parametrize("least", [np.inf, 0.5])
def test_what_deviates_rarely_beyond_a_branch_is_no_slip_of_that_branch(least, monkeypatch):
    """Beyond it: where a first entry is larger than that, which few inputs have."""
    operation, slip = catalog.operation("diffusion.sampler_step"), edits.alternatives("diffusion")["half_score"]
    wrong = edits.runner(operation, slip)
    rarely = lambda x, **inputs: (wrong if x.flat[0] > least else operation.reference)(x=x, **inputs)
    candidate = lambda **inputs: wrong(**inputs) if inputs["kind"] == "exp" else rarely(**inputs)
    part, found = Branch({"kind": frozenset({"exp"})}), Found(0, partial(listed_answer, slip), listed=(slip.slug,))
    monkeypatch.setattr(explaining, "_one", lambda *_: (["looked for anew"], None))
    (told,), _ = _in_branch(
        (Diagnosis("mistake", (), ""), found), part, evidence_of(candidate, operation), Clock(ENOUGH)
    )
    assert told == "looked for anew" if least < np.inf else told.within == "kind = 'exp'"


def test_another_answer_is_judged_by_its_own_digits():
    """Far from the right answer, whose tolerance says nothing of it."""
    right, got = np.array([1e-207, 1.0]), np.array([4e-147, 1.0])
    sight = Sight({}, {"y": got}, {"y": right}, {"y": np.array([1e-217, 1e-15])})
    assert explains({"y": got * [1 + 1e-12, 1]}, sight)
    assert not explains({"y": got * [1 + 1e-6, 1]}, sight)
    assert not explains({"y": got * [1, 1 + 1e-12]}, sight)  # where it is right, as before


def test_an_explanation_may_be_off_by_what_cancels_in_it():
    """Of 1 - p nothing is left where p is nearly 1: no input close by shows that, other roundings inside do."""
    x = np.linspace(30, 36, 40)

    def answer(inputs):
        p = 1 / (1 + array_namespace(inputs["x"]).exp(-inputs["x"]))
        return {"y": plain(3 * (3 - p * 3))}

    got = 9 * (1 - 1 / (1 + np.exp(-x)))
    stands = lambda answer, got: holds(answer, Sight({"x": x}, {"y": got}, {"y": np.exp(-x / 4)}, {"y": 1e-30 * x}))
    assert stands(answer, got)
    assert not stands(lambda inputs: answer(inputs) if type(inputs["x"]) is np.ndarray else None, got)
    assert not stands(answer, 1.5 * got)
    assert not stands(answer, np.where(x > 35, np.exp(-x / 4), got))  # right where the explanation is not


def test_a_step_that_is_lost_to_rounding_tells_nothing_of_a_candidate_that_was_wrong_before():
    """Two forms of one chaotic map part after some fifty steps, and differ by as much as from the right one."""

    def orbit(x, step):
        rows = [x]
        for _ in range(80):
            rows.append(step(rows[-1]))
        return np.array(rows[1:])

    start = np.array([0.3, 0.77])
    expanded, factored = (orbit(start, step) for step in (lambda x: 4 * x - 4 * x * x, lambda x: 4 * x * (1 - x)))
    right = orbit(start, lambda x: 3.2 * x * (1 - x))
    answer = lambda inputs: {"y": orbit(inputs["x"], lambda x: 4 * x * (1 - x))}

    def stands(got, right, steps=frozenset("y")):
        tolerance = np.full(right.shape, 1e-15)
        return holds(answer, Sight({"x": start}, {"y": got}, {"y": right}, {"y": tolerance}, steps=steps))

    assert np.max(np.abs(expanded - factored)) > 0.5
    assert stands(expanded, right)
    assert not stands(expanded, right, steps=frozenset())
    assert not stands(np.concatenate([expanded[:1] + 1e-3, expanded[1:]]), right)  # off before all is lost
    assert not stands(np.concatenate([factored[:60], right[60:]]), right)  # right where the explanation is lost
    late = np.concatenate([factored[:60], right[60:]])
    assert not stands(np.concatenate([factored[:60], expanded[60:]]), late)  # nothing was wrong before


def test_a_search_that_was_cut_says_how_far_it_came():
    wrong = lion(step=lambda c: np.sign(c) * (1 + np.cos(3 * c) / 7) - c**2 / 5)  # no change of one line explains it
    for seconds in (0.5, 0.01):  # the shorter ends before it has planned what to try
        report = check(wrong, "lion.trajectory", explain=seconds)
        said = [text for d in (report.diagnosis, *report.findings) for text in (d.hint, *d.others)]
        cut = rf"\d+ of (more than )?\d+ changes of the rule were tried .*; --explain {6 * seconds:g} goes on"
        assert any(re.fullmatch(cut, text) for text in said), said
