"""A verdict is about what was asked: operations that are not offered, checks that are not chosen, outputs left out."""

import json
import sys
from xml.etree import ElementTree

import numpy as np
import pytest

from refimpl.oracle import catalog
from refimpl.oracle.candidates import CandidateError, Function, NotApplicable
from refimpl.oracle.candidates.base import named_outputs
from refimpl.oracle.cli import main
from refimpl.oracle.judging import parts
from refimpl.oracle.output import data, documents, results, scope, terminal
from refimpl.oracle.output.words import sentence
from refimpl.oracle.verdict import check, merged

LION, EI = catalog.operation("lion.trajectory"), catalog.operation("bayesopt.ei")
MINE = """
import numpy as np
def trajectory(theta0, grads, lr, beta1, beta2, weight_decay):
    theta, m, thetas = theta0, np.zeros_like(theta0), []
    for g in grads:
        c = beta1 * m + (1 - beta1) * g
        theta = theta - lr * (np.sign(c) + weight_decay * theta)
        m = beta2 * m + (1 - beta2) * g
        thetas.append(theta)
    return np.stack(thetas)
def identity(theta0, grads, **rates):
    return np.stack([theta0 for g in grads])
"""


@pytest.fixture
def asked(tmp_path, capsys):
    """Runs `refimpl check` on functions of a file: exit status, headline, badge, report as JSON."""
    (tmp_path / "mine.py").write_text(MINE)

    def run(target, name, *words):
        badge = tmp_path / "badge.json"
        command = ["check", target, "--python", f"{tmp_path / 'mine.py'}:{name}", "--in-process", "--badge", str(badge)]
        status = main([*command, *words, "--format", "json"])
        report = json.loads(capsys.readouterr().out)
        return status, report["sentence"], json.loads(badge.read_text()), report

    return run


# Operations -----------------------------------------------------------------------------------------------------------


def test_operations_that_are_not_offered_are_not_applicable_and_said(asked):
    mine, every = len(check(LION.reference, LION.name).records), len(check_all("lion"))
    for words, expected in (((), 0), (("--strict",), 1), (("--complete",), 1), (("--strict", "--no-complete"), 0)):
        status, headline, badge, report = asked("lion", "trajectory", *words)
        assert status == expected
    left = f"{mine} of {every} checks ({every - mine} not applicable)"
    assert headline == f"conforms in 1 of 4 operations, {left}"
    assert badge["message"] == f"conforms in part, {mine} of {every}, 1 of 4 operations"
    assert badge["color"] == "yellowgreen"
    assert (report["planned"], report["counts"]["not_applicable"]) == (every, every - mine)
    assert "does not offer lion.step" in next(r["reason"] for r in report["records"] if r["operation"] == "lion.step")
    assert report["asked"] == ["1 of 4 operations"]


def check_all(target):
    """Ids of all checks of a target."""
    from refimpl.oracle.judging.plans import plans

    return [plan.id for plan in plans(catalog.operations(target), ["float64"])]


def test_an_operation_that_is_named_is_the_target(asked):
    status, headline, badge, _ = asked("lion.trajectory", "trajectory", "--strict")
    assert (status, headline, badge["label"], badge["color"]) == (
        0,
        "conforms",
        "refimpl lion.trajectory",
        "brightgreen",
    )


def test_a_wrong_one_says_what_it_was_asked(asked):
    status, headline, badge, _ = asked("lion", "identity", "--no-laws")
    assert status == 1
    chosen = sum(len(operation.cases) for operation in catalog.operations("lion"))
    assert headline.endswith(f"; asked: 1 of 4 operations, {chosen} of {SYSTEM} checks chosen")
    assert badge["message"].startswith("deviates, ")
    assert badge["message"].endswith(f"1 of 4 operations, {chosen} of {SYSTEM} checks chosen")


def test_it_is_said_in_every_format_and_kept_in_reports(tmp_path):
    report = check(LION.reference, "lion")
    results.write_report(tmp_path / "report", report)
    again = results.read_report(tmp_path / "report")
    assert (again.verdict, sentence(again)) == (report.verdict, sentence(report))
    assert "in 1 of 4 operations" in documents.markdown_report(report)
    assert "in 1 of 4 operations" in ElementTree.fromstring(documents.junit_report(report)).find("system-out").text
    shown = terminal.rich_report(report).renderables[1]
    assert (str(shown.style), "in 1 of 4 operations" in shown.plain) == ("bold yellow", True)


def test_what_nobody_offers_is_refused_and_a_stub_says_why():
    with pytest.raises(ValueError, match="offers no operation"):
        check(Function(sys, name="mine"), "lion")

    def stub(**inputs):
        raise NotImplementedError("to be written")

    assert sentence(check(stub, "lion")) == "nothing ran: to be written"


# Checks ---------------------------------------------------------------------------------------------------------------

EVERY, CASES, SYSTEM = len(check_all(LION.name)), len(LION.cases), len(check_all("lion"))
SUBSETS = [
    (["--only", "law:odd*"], f"2 of {EVERY}"),
    (["--only", "two-rates"], f"1 of {EVERY}"),
    (["--no-laws"], f"{CASES} of {EVERY}"),
    (["--only", "manners:*"], f"1 of {EVERY}"),
    (["--only", "*", "--no-laws"], f"{CASES} of {EVERY}"),
    (["--only", "fuzz-1", "--fuzz", "2"], f"1 of {EVERY + 2}"),
]


@pytest.mark.parametrize(("words", "chosen"), SUBSETS, ids=lambda x: " ".join(x) if isinstance(x, list) else "")
def test_a_choice_of_checks_is_said_and_is_no_success_under_strict(asked, words, chosen):
    status, headline, badge, report = asked("lion.trajectory", "trajectory", *words)
    assert (status, headline) == (0, f"conforms in {chosen} checks chosen")
    assert badge["message"].endswith(f", {chosen} checks chosen")
    assert badge["color"] == "yellowgreen"
    assert asked("lion.trajectory", "trajectory", *words, "--strict")[0] == 1
    assert asked("lion.trajectory", "trajectory", *words, "--complete")[0] == 1
    assert report["verdict"] == "conforms in part"


def test_a_ci_system_that_reads_junit_alone_sees_it_too(tmp_path, capsys):
    (tmp_path / "mine.py").write_text(MINE)
    words = ["check", "lion", "--python", f"{tmp_path / 'mine.py'}:trajectory", "--in-process", "--format", "junit"]
    for more, failures in ((["--strict"], 1), ([], 0), (["--strict", "--no-complete"], 0), (["--complete"], 1)):
        main([*words, *more])
        assert int(ElementTree.fromstring(capsys.readouterr().out).get("failures")) == failures


def test_the_law_of_draws_is_no_plain_success():
    from refimpl.oracle.judging import statistics

    step = catalog.operation("cbo.step")
    report = statistics.check_draws(statistics.with_own_draws(step, step.reference), step.name, samples=10)
    assert sentence(report) == "conforms by the law of its draws"
    assert data.badge(report)["message"] == "conforms by the law of its draws, 12 of 12"


def test_the_identity_gets_no_badge_by_choosing(asked):
    status, headline, badge, _ = asked("lion", "identity", "--only", "law:odd*", "--complete", "--strict")
    assert status == 1
    assert "conforms in 1 of 2 operations" in headline
    assert f"4 of {SYSTEM} checks chosen" in headline
    assert badge["color"] == "yellowgreen"


def test_a_pattern_of_everything_chooses_nothing(asked):
    status, headline, badge, _ = asked("lion.trajectory", "trajectory", "--only", "*", "--strict")
    assert (status, headline, badge["color"]) == (0, "conforms", "brightgreen")


def test_single_precision_alone_is_said(asked):
    status, headline, badge, _ = asked("lion.trajectory", "trajectory", "--dtype", "float32", "--strict")
    assert (status, headline) == (0, "conforms in float32")
    assert badge["message"].startswith("conforms in float32, ")
    assert asked("lion.trajectory", "trajectory", "--dtype", "float32,float64")[1] == "conforms"


def test_a_report_of_several_operations_adds_up():
    chosen = [check(op.reference, op.name, only=["law:odd*"]) for op in catalog.operations("lion")[:2]]
    whole = merged("lion", chosen)
    assert (whole.planned, whole.checks) == (4, sum(report.checks for report in chosen))
    assert scope.asked(whole) == [f"4 of {whole.checks} checks chosen"]
    assert whole.exit_code(strict=True) == 1


def test_an_old_report_lacks_what_is_new(tmp_path):
    path = tmp_path / "report"
    results.write_report(path, check(LION.reference, LION.name))
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    del lines[-1]["checks"]
    for line in lines[1:-1]:
        del line["without"]
    path.write_text("\n".join(map(json.dumps, lines)))
    assert results.read_report(path).verdict == "conforms"


# Outputs --------------------------------------------------------------------------------------------------------------


def ei(change=lambda outputs: outputs):
    """Expected improvement as a dict of outputs, changed."""
    names = [entry.name for entry in EI.outputs]
    return lambda **inputs: change(dict(zip(names, EI.reference(**inputs), strict=True)))


def only(*names):
    return lambda outputs: {name: outputs[name] for name in names}


def test_a_part_of_the_outputs_is_judged_and_the_rest_is_said():
    report = check(ei(only("value")), EI.name)
    assert sentence(report) == "conforms in part; value alone, without by_mean and by_sigma"
    assert (report.exit_code(), report.exit_code(strict=True), report.exit_code(complete=True)) == (0, 1, 1)
    assert (data.badge(report)["color"], report.complete) == ("yellowgreen", False)
    assert data.badge(report)["message"].endswith("value alone, without by_mean and by_sigma")
    assert {r.without for r in report.records if r.case.partition("/")[2][:3] not in ("law", "man")} == {
        ("by_mean", "by_sigma")
    }


@pytest.mark.parametrize("names", [("by_mean", "by_sigma"), ("by_sigma",)])
def test_laws_hold_for_what_is_answered_and_for_nothing_else(names):
    report = check(ei(only(*names)), EI.name)
    assert report.counts["failed"] == report.counts["error"] == 0
    last = lambda x: x + 0.1 * np.arange(x.size)
    wrong = check(ei(lambda outputs: {name: last(outputs[name]) for name in names}), EI.name, explain=0)
    assert any(r.status == "failed" and "law:" in r.case for r in wrong.records)


def test_a_law_about_what_is_left_out_does_not_apply():
    step = catalog.operation("lion.step")

    def pairs(run, inputs):
        yield run(**inputs)["new_momentum"], run(**inputs)["new_momentum"]

    law = next(iter(step.laws))
    about = type(law)("momentum", "the momentum is what it is", pairs, law.cases)
    mine = lambda **inputs: {"new_theta": step.reference(**inputs)[0]}
    ask = lambda **inputs: named_outputs(step, mine(**inputs))
    assert parts.law_pairs(about, step, ask, step.cases[0].inputs) == ([None], ("new_momentum",))
    both = lambda **inputs: named_outputs(step, step.reference(**inputs))
    assert parts.law_pairs(about, step, both, step.cases[0].inputs)[1] == ()


def test_a_law_that_goes_on_from_what_is_left_out_does_not_apply():
    step = catalog.operation("lion.step")

    def pairs(run, inputs):
        once = run(**inputs)
        again = run(**inputs | {"momentum": once["new_theta"][:1]})  # what the rule refuses
        yield again["new_momentum"], once["new_momentum"]

    law = type(step.laws[0])("chain", "it goes on", pairs, step.laws[0].cases)
    mine = lambda **inputs: {"new_theta": inputs["theta"] * 2}
    ask = lambda **inputs: named_outputs(step, mine(**inputs))
    with pytest.raises(NotApplicable, match="it needs new_momentum, which the answer leaves out"):
        parts.law_pairs(law, step, ask, step.cases[0].inputs)


def test_a_mistake_is_named_on_a_part_of_the_outputs():
    step = catalog.operation("lion.step")
    wrong = lambda **inputs: {"new_theta": step.reference(**inputs | {"weight_decay": 0.0})[0]}
    report = check(wrong, step.name)
    assert report.diagnosis.names == ("no_decay",)
    assert sentence(report).endswith("; asked: new_theta alone, without new_momentum")
    scaled = check(ei(lambda outputs: {"value": 1.5 * outputs["value"]}), EI.name)
    assert scaled.verdict == "deviates"
    assert "always right" not in sentence(scaled)


def test_an_output_in_some_cases_alone_is_counted():
    def now_and_then(outputs):
        return outputs if outputs["value"].size > 2 else only("value", "by_mean")(outputs)

    report = check(ei(now_and_then), EI.name)
    assert "without by_sigma in " in sentence(report)
    assert report.exit_code(strict=True) == 1


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (
            lambda outputs: outputs["value"],
            "returned 1 output; expected 3: value, .*; answer {'value': ...} to be judged",
        ),
        (lambda outputs: tuple(outputs.values())[:2], "returned 2 outputs; expected 3"),
        (lambda outputs: {}, "returned no output value, by_mean, by_sigma; got nothing"),
        (lambda outputs: {"ei": outputs["value"]}, "returned no output .*; got ei"),
        (lambda outputs: outputs | {"more": 1}, "returned more, which was not asked for"),
        (lambda outputs: outputs | {"value": None}, "returned None for value"),
        (lambda outputs: None, "returned None; expected value"),
    ],
)
def test_what_is_no_part_is_an_error_with_a_hint(answer, said):
    with pytest.raises(CandidateError, match=said):
        Function(ei(answer), operation=EI.name).run(EI, EI.cases[0].inputs)


def test_it_must_be_the_same_part_when_it_is_asked_again():
    asked = []

    def forgetful(outputs):
        asked.append(1)
        return only("value")(outputs) if len(asked) > 3 else outputs

    report = check(ei(forgetful), EI.name, only=["manners:*"])
    assert (report.counts["failed"], "once, and not again" in report.records[0].message) == (1, True)


def test_a_program_may_leave_out_outputs_too(fake, tmp_path):
    program = tmp_path / "ei.py"
    program.write_text(
        "import json, sys\n"
        "from math import erfc, exp, pi, sqrt\n"
        "for line in sys.stdin:\n"
        "    case = json.loads(line)\n"
        "    x, values = case.get('inputs', {}), []\n"
        "    for m, s in zip(x['mu']['data'], x['sigma']['data']) if x else ():\n"
        "        u = (m - x['best']) / s if s else 0\n"
        "        values.append(max(m - x['best'], 0) if not s else\n"
        "                      (m - x['best']) * erfc(-u / sqrt(2)) / 2 + s * exp(-u * u / 2) / sqrt(2 * pi))\n"
        "    print(json.dumps({'seq': case['seq'], 'outputs': {'value': values}}), flush=True)\n"
    )
    report = check(fake([sys.executable, str(program)]), EI.name, only=["above-and-below", "one-point"])
    assert report.counts["passed"] == report.planned
    assert sentence(report).endswith("; value alone, without by_mean and by_sigma")
    empty = fake([sys.executable, "-c", program.read_text().replace("{'value': values}", "{}")])
    assert "returned no output" in check(empty, EI.name, only=["one-point"]).records[0].message


def test_a_process_apart_may_leave_out_outputs(tmp_path, capsys):
    (tmp_path / "mine.py").write_text(
        "import numpy as np\n"
        "def step(theta, momentum, grad, lr, beta1, beta2, weight_decay):\n"
        "    return {'new_momentum': beta2 * momentum + (1 - beta2) * grad}\n"
    )
    assert main(["check", "lion.step", "--python", f"{tmp_path / 'mine.py'}:step"]) == 0
    assert "verdict: conforms in part; new_momentum alone, without new_theta" in capsys.readouterr().out


def test_what_is_left_out_agrees_with_everything():
    x = np.array([1.0, np.nan]).view(parts.Unanswered)
    assert (x == 5.0).all()
    assert not (np.array([2.0, 3.0]) != x).any()
    assert (np.abs(np.array([2.0, 3.0]) - x) == 0).all()
