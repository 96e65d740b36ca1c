"""What a run is turned into: counts, formats, report files, repro lines; and the options that narrow or shorten it."""

import inspect
import json
import re
import shlex
import subprocess
import sys
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest

from refimpl.oracle import catalog, edits
from refimpl.oracle.candidates import CandidateError, Function
from refimpl.oracle.cli import main
from refimpl.oracle.judging.records import DTYPES, STATUSES
from refimpl.oracle.output import data, documents, results, words
from refimpl.oracle.verdict import check

LION = len(catalog.operation("lion.trajectory").cases)


def right(theta0, grads, lr, beta1, beta2, weight_decay):
    theta, m, out = theta0, 0 * theta0, []
    for g in grads:
        theta = theta - lr * (np.sign(beta1 * m + (1 - beta1) * g) + weight_decay * theta)
        m = beta2 * m + (1 - beta2) * g
        out.append(theta)
    return np.array(out)


def wrong(theta0, grads, lr, beta1, beta2, weight_decay):
    return right(theta0, grads, lr, beta2, beta1, weight_decay)


def raises(theta0, grads, **rates):
    if len(theta0) == 1:
        raise RuntimeError("\x1b[31m|`* boom")
    return right(theta0, grads, **rates)


def spoilt(theta0, grads, **rates):
    return right(theta0, grads, **rates) * np.where(grads == 0, np.nan, 1.0)


def a_variant():
    """A candidate that is a variant of CBO's step."""
    operation = catalog.operation("cbo.step")
    variant = edits.shown_in(operation.name, "variant")[0]
    return Function(edits.runner(operation, variant), operation=operation.name)


@pytest.fixture
def mine(tmp_path):
    path = tmp_path / "my folder" / "mine.py"  # a blank that every shell must be told of
    path.parent.mkdir()
    path.write_text("\n".join(["import numpy as np", inspect.getsource(right), inspect.getsource(wrong)]))
    return path


def adds_up(report):
    return sum(report.counts.values()) == report.planned == len(report.records)


# Choosing -------------------------------------------------------------------------------------------------------------


def test_skipped_checks_are_planned_and_tell_the_reason():
    report = check(right, "lion.trajectory", skip={"law:*": "no time", "two-rates": "later"})
    assert adds_up(report)
    reasons = {r.case.partition("/")[2].partition("-")[0]: r.reason for r in report.records if r.status == "skipped"}
    assert reasons["two"] == "later"
    assert set(reasons.values()) == {"later", "no time"}
    assert report.planned == check(right, "lion.trajectory").planned
    assert (report.verdict, report.exit_code()) == ("conforms in part", 0)


@pytest.mark.parametrize("skip", [{"law:*": ""}, {"law:*": "  "}, {"law:*": None}])
def test_a_skip_needs_a_reason(skip):
    with pytest.raises(ValueError, match=r"skip must give a reason for 'law:\*'"):
        check(right, "lion.trajectory", skip=skip)


def test_a_skip_must_be_a_table():
    with pytest.raises(TypeError, match="skip must be a table of reasons"):
        check(right, "lion.trajectory", skip=["law:*"])


def test_only_narrows_the_plan():
    report = check(right, "lion.trajectory", only=["two-rates", "law:odd:*"], dtypes=DTYPES)
    assert report.planned == 6
    one = check(right, "lion.trajectory", only=["two-rates@float32"], dtypes=DTYPES)
    assert [r.dtype for r in one.records] == ["float32"]


def test_patterns_that_match_nothing_are_problems_and_narrowing_makes_none():
    """A typing error must not pass for a success; a list of skips for the whole system serves a part of it as well."""
    typo = check(
        right, "lion.trajectory", only=["two-rates", "two-rats"], skip={"tow-*": "x"}, expected_failures={"odd": "x"}
    )
    assert typo.exit_code() == 1
    assert {p.partition(" ")[0] + p.split("'")[1] for p in typo.problems} == {
        "--onlytwo-rats",
        "--skiptow-*",
        "expectedodd",
    }
    listed = {"skip": {"law:*": "slow", "both-agree": "no"}, "expected_failures": {"gaussian-long@float32": "bug 1"}}
    report = check(right, "lion.trajectory", only=["two-rates"], laws=False, **listed)
    assert (report.problems, report.exit_code()) == ((), 0)


def test_an_expected_failure_of_one_precision():
    def single(theta0, grads, **rates):
        return right(theta0, grads, **rates) if theta0.dtype == np.float64 else 0 * grads

    only = {"only": ["two-rates"], "dtypes": DTYPES}
    report = check(single, "lion.trajectory", expected_failures={"two-rates@float32": "bug 2"}, **only)
    assert (report.counts["passed"], report.counts["xfail"], report.exit_code()) == (1, 1, 0)
    stale = check(single, "lion.trajectory", expected_failures={"two-rates": "bug 2"}, **only)
    assert (stale.counts["xpass"], stale.counts["xfail"], stale.exit_code()) == (1, 1, 1)


@pytest.mark.parametrize("limit", [1, 3])
def test_a_run_that_stops_early_adds_up(limit):
    calls = []

    def counted(**inputs):
        calls.append(1)
        return wrong(**inputs)

    report = check(counted, "lion.trajectory", laws=False, max_fail=limit)
    assert adds_up(report)
    assert report.counts["failed"] == limit
    stopped = [r for r in report.records if r.status == "skipped"]
    assert len(calls) == report.planned - len(stopped) < report.planned
    assert {r.reason for r in stopped} == {f"stopped after {limit} failure{'s' if limit > 1 else ''}"}
    assert report.verdict == "deviates"


def test_a_run_that_stops_early_counts_no_expected_failure():
    failing = [r.case for r in check(wrong, "lion.trajectory", laws=False).records if r.status == "failed"]
    report = check(
        wrong, "lion.trajectory", laws=False, max_fail=1, expected_failures=dict.fromkeys(failing[:-1], "bug 3")
    )
    assert report.counts["xfail"] == len(failing) - 1
    assert report.counts["failed"] == 1


def test_max_fail_must_be_positive():
    with pytest.raises(ValueError, match="max_fail must be >= 1, got 0"):
        check(right, "lion.trajectory", max_fail=0)


def test_a_variant_is_no_excuse_for_accepting_bad_input():
    variant = a_variant()

    def lenient(**inputs):
        try:
            return variant.run(catalog.operation("cbo.step"), inputs)
        except CandidateError:
            return inputs["positions"]

    report = check(lenient, "cbo.step", errors=True, only=["three-particles", "refuses:negative-*"])
    assert {r.case.partition("/")[2].partition(":")[0]: r.status for r in report.records} == {
        "three-particles-e0aafd47": "variant",
        "refuses": "failed",
    }
    assert report.exit_code() == 1


# Repro lines ----------------------------------------------------------------------------------------------------------


def paste(line):
    """Run a repro line as a shell would; return the records, in JSON."""
    words = shlex.split(line)
    assert words[0] == "refimpl"
    done = subprocess.run([sys.executable, "-m", *words, "--format", "json"], capture_output=True, text=True)
    assert done.returncode in (0, 1, 2), done.stderr
    return json.loads(done.stdout)["records"]


def asked_here(capsys, *words):
    """The records of a command that is run in this process, in JSON."""
    assert main([*words, "--format", "json"]) in (0, 1, 2)
    return json.loads(capsys.readouterr().out)["records"]


BARE = """
import json, sys
for line in sys.stdin:
    ask = json.loads(line)
    shape = ask["inputs"]["grads"]["shape"] if "inputs" in ask else [0, 0]
    print(json.dumps({"seq": ask.get("seq"), "outputs": {"thetas": [[0.0] * shape[1]] * shape[0]}}), flush=True)
"""


@pytest.mark.parametrize(
    ("how", "chosen"),
    [("python", ["two-rates", "law:odd:two-rates", "refuses:misshapen-grads"]), ("exec", ["two-rates", "fuzz-1"])],
)
def test_repro_lines_rerun_each_kind_of_check_alone(mine, how, chosen, capsys):
    (mine.parent / "bare.py").write_text(BARE)
    program = shlex.join([sys.executable, str(mine.parent / "bare.py")])
    words = ["--python", f"{mine}:wrong"] if how == "python" else ["--exec", program]
    words += [word for name in chosen for word in ("--only", name)]
    records = asked_here(capsys, "check", "lion.trajectory", *words, "--fuzz", "2", "--errors")
    assert len(records) == len(chosen)
    for record in records:
        program, *words = shlex.split(record["repro"])
        assert program == "refimpl"
        (again,) = asked_here(capsys, *words)
        assert {k: v for k, v in again.items() if k != "seconds"} == {k: v for k, v in record.items() if k != "seconds"}


def test_the_printed_repro_line_is_one_line_however_long(mine, capsys):
    main(["check", "lion.trajectory", "--python", f"{mine}:wrong", "--fail-fast"])
    (line,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("rerun: ")]
    assert len(line) > 80
    assert [r["status"] for r in paste(line.removeprefix("rerun: "))] == ["failed"]


def test_a_function_that_can_be_imported_is_named_and_another_one_is_not(capsys):
    importable = check(catalog.operation("lion").reference, "lion.trajectory", only=["two-rates"]).records[0].repro
    assert importable.startswith(
        "refimpl check lion.trajectory --python refimpl.specs.optimizers.lion:trajectory --only"
    )
    assert [r["status"] for r in asked_here(capsys, *shlex.split(importable)[1:])] == ["passed"]
    local = check(lambda **inputs: right(**inputs), "lion.trajectory", only=["fuzz-1"], fuzz=2).records[0].repro
    call = "refimpl.oracle.check(candidate, 'lion.trajectory', only=['fuzz-1'], dtypes=['float64'], fuzz=2)"
    assert local == call
    assert eval(call, {"refimpl": __import__("refimpl.oracle"), "candidate": right}).planned == 1


# Formats --------------------------------------------------------------------------------------------------------------


def every_status():
    """A report with a record of each status."""
    report = check(wrong, "lion.trajectory", skip={"beta1-zero": "later"}, expected_failures={"alternating": "bug 4"})
    records = list(report.records)
    for i, status in enumerate(("error", "variant", "xpass", "not_applicable")):
        records[-1 - i] = replace(records[-1 - i], status=status, message=f"a|b `{status}` \x1b[31m", reason="because")
    counts = {status: sum(r.status == status for r in records) for status in STATUSES}
    assert all(counts.values())
    return replace(report, records=tuple(records), counts=counts, problems=("stale",))


def test_every_format_shows_what_is_worst_first():
    report = every_status()
    order = [r.case for r in words.worst_first(report.records)]
    ranks = [words.WORST_FIRST.index(r.status) for r in words.worst_first(report.records)]
    assert ranks == sorted(ranks)
    assert [r["case"] for r in json.loads(data.json_report(report))["records"]] == order
    assert [c.get("name") for c in ElementTree.fromstring(documents.junit_report(report)).iter("testcase")] == [
        *order,
        "problem",
    ]
    listed = re.findall(r"^\| (lion\S+) \|", documents.markdown_report(report, rows=99), re.MULTILINE)
    assert [case.replace("\\", "") for case in listed] == order[: -report.counts["passed"]]


def test_junit():
    report = every_status()
    suite = ElementTree.fromstring(documents.junit_report(report))
    assert int(suite.get("tests")) == report.planned + len(report.problems)
    assert int(suite.get("failures")) == report.counts["failed"] + report.counts["xpass"] + len(report.problems)
    assert int(suite.get("errors")) == report.counts["error"]
    passed_over = ("skipped", "not_applicable", "xfail")
    assert int(suite.get("skipped")) == sum(report.counts[status] for status in passed_over)
    strict = ElementTree.fromstring(documents.junit_report(report, strict=True))
    assert int(strict.get("failures")) == int(suite.get("failures")) + report.counts["variant"]
    first = next(suite.iter("failure"))
    assert "agreeing digits" in first.text
    assert "rerun: " in first.text
    assert words.counts_line(report) in suite.find("system-out").text


def test_markdown_is_a_table_that_nothing_breaks():
    text = documents.markdown_report(every_status(), details=0)
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {5}
    long = check(wrong, "lion.trajectory")
    short = documents.markdown_report(long, rows=3)
    assert f"... and {long.planned - long.counts['passed'] - 3} more." in short
    assert "swapped\\_betas" in short
    assert "rerun: " in short
    quoted = documents.markdown_report(check(raises, "lion.trajectory", only=["one-step-one-coordinate"]))
    fence = re.search("^(`+)text$", quoted, re.MULTILINE).group(1)
    assert quoted.count(fence) == 2


def test_percentages_are_of_the_planned_checks():
    report = check(right, "lion.trajectory", laws=False, skip={"g*": "later"})
    passed = LION - 2
    line = f"{LION} planned = {passed} passed + 2 skipped ({100 * passed // LION}% passed)"
    assert line == words.counts_line(report)
    every = report.checks
    assert data.badge(report)["message"] == f"conforms in part, {LION - 2} of {LION}, {LION} of {every} checks chosen"


@pytest.mark.parametrize(
    ("report", "color"),
    [
        (lambda: check(right, "lion.trajectory"), "brightgreen"),
        (lambda: check(right, "lion.trajectory", skip={"g*": "later"}), "yellowgreen"),
        (lambda: check(a_variant(), "cbo.step", only=["three-particles"]), "yellowgreen"),
        (lambda: check(right, "lion.trajectory", only=["odd", "two-rates"]), "red"),
        (lambda: check(wrong, "lion.trajectory"), "red"),
        (lambda: check(raises, "lion.trajectory"), "red"),
        (lambda: check(right, "lion.trajectory", skip={"*": "later"}), "lightgrey"),
    ],
    ids=["conforms", "skips", "variant", "problem", "deviates", "error", "nothing ran"],
)
def test_badge(report, color):
    badge = data.badge(report())
    assert list(badge) == ["schemaVersion", "label", "message", "color"]
    assert badge["schemaVersion"] == 1
    assert badge["color"] == color


def test_a_failure_tells_what_its_case_is_for():
    lines = words.describe(check(wrong, "lion.trajectory", only=["two-rates"]).records[0])
    assert any(line.startswith("what it tests: the two rates do different things") for line in lines)


# Report files ---------------------------------------------------------------------------------------------------------

REPORTS = {
    "right": lambda: check(right, "lion.trajectory", dtypes=DTYPES),
    "wrong": lambda: check(
        wrong, "lion.trajectory", errors=True, skip={"law:*": "later"}, expected_failures={"alternating": "4"}
    ),
    "raises": lambda: check(raises, "lion.trajectory"),
    "not a number": lambda: check(spoilt, "lion.trajectory"),
    "variant": lambda: check(a_variant(), "cbo.step", only=["three-particles", "law:*"]),
    "problems": lambda: check(right, "lion.trajectory", only=["odd"]),
}


@pytest.mark.parametrize("name", REPORTS)
def test_report_comes_back(tmp_path, name):
    report = REPORTS[name]()
    results.write_report(tmp_path / "deep" / "report.jsonl", report)
    back = results.read_report(tmp_path / "deep" / "report.jsonl")
    told = replace(report, records=tuple(words.worst_first(report.records)))
    assert data.json_report(back) == data.json_report(told)  # as text, because NaN is not equal to itself
    if name != "not a number":
        assert back == told
    assert back.exit_code() == report.exit_code()


@pytest.fixture(scope="module")
def lines(tmp_path_factory):
    path = tmp_path_factory.mktemp("report") / "report.jsonl"
    results.write_report(path, check(wrong, "lion.trajectory", laws=False))
    return path.read_text(encoding="utf-8").splitlines()


def changed(lines, number, **entries):
    line = json.dumps(json.loads(lines[number]) | entries)
    return [*lines[:number], line, *lines[number:][1:]]


DAMAGES = {
    "empty": (lambda lines: [], "empty or damaged"),
    "no header": (lambda lines: lines[1:], "must be the header"),
    "no footer": (lambda lines: lines[:-1], f"truncated after {LION} of {LION} checks"),
    "cut between lines": (lambda lines: lines[:5], f"truncated after 4 of {LION} checks"),
    "header alone": (lambda lines: lines[:1], f"truncated after 0 of {LION}"),
    "cut in a line": (lambda lines: [*lines[:5], lines[5][:40]], "line 6 is no JSON"),
    "a check twice": (lambda lines: [*lines[:4], lines[3], *lines[4:]], "is there 2 times and was planned 1 times"),
    "a check less": (lambda lines: [*lines[:3], *lines[4:]], f"{LION} checks were planned"),
    "planned twice": (lambda lines: changed(lines, 0, planned=[*json.loads(lines[0])["planned"]] * 2), "was planned 2"),
    "not planned": (
        lambda lines: changed(lines, 0, planned=json.loads(lines[0])["planned"][1:]),
        "was planned 0 times",
    ),
    "another status": (lambda lines: changed(lines, 1, status="passed"), "the footer counts"),
    "unknown status": (lambda lines: changed(lines, 1, status="fine"), "the footer counts"),
    "unknown field": (lambda lines: changed(lines, 1, mood="good"), "mood"),
    "another kind": (lambda lines: changed(lines, 2, kind="claim"), "there must be checks alone"),
    "two reports in one": (lambda lines: lines * 2, "there must be checks alone"),
    "a list": (lambda lines: ["[]", *lines], "must be the header"),
    "no target": (lambda lines: [json.dumps({"kind": "header", "planned": []}), lines[-1]], "report"),
    "no plan": (lambda lines: [json.dumps({"kind": "header"}), *lines[1:]], "planned"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_reports_are_refused(lines, tmp_path, damage, capsys):
    change, message = DAMAGES[damage]
    good, bad = tmp_path / "good.jsonl", tmp_path / "bad.jsonl"
    good.write_text("\n".join(lines) + "\n")
    bad.write_text("\n".join(change(lines)))
    with pytest.raises(results.ReportError, match=message):
        results.read_report(bad)
    assert main(["diff", str(good), str(bad)]) == 2
    assert "bad.jsonl" in capsys.readouterr().err


def test_a_report_cut_at_any_byte_is_refused(lines, tmp_path):
    text = "\n".join(lines)
    for size in range(0, len(text), 97):
        (tmp_path / "cut.jsonl").write_text(text[:size])
        with pytest.raises(results.ReportError):
            results.read_report(tmp_path / "cut.jsonl")


# The command line -----------------------------------------------------------------------------------------------------


def test_command_writes_report_and_badge_in_every_format(mine, tmp_path, capsys):
    files = ["--report", str(tmp_path / "r.jsonl"), "--badge", str(tmp_path / "badge.json")]
    words = ["check", "lion.trajectory", "--python", f"{mine}:wrong", "--in-process", *files]
    words += ["--skip", "law:*=no time", "--max-fail", "2"]
    for form, start in (("rich", "lion."), ("json", "{"), ("junit", "<?xml"), ("markdown", "### lion.")):
        assert main([*words, "--format", form]) == 1
        assert capsys.readouterr().out.lstrip().startswith(start)
    report = results.read_report(tmp_path / "r.jsonl")
    assert adds_up(report)
    assert report.counts["failed"] == 2
    assert json.loads((tmp_path / "badge.json").read_text())["label"] == "refimpl lion.trajectory"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--skip", "law:*"], "--skip takes PATTERN=REASON"),
        (["--skip", "law:*="], "skip must give a reason for 'law:*'"),
        (["--max-fail", "0"], "max_fail must be >= 1"),
        (["--set", "lr=1"], "--set goes with"),
        (["--mutants", "--format", "junit"], "--mutants goes with --dtype, --dask and --format rich or json"),
    ],
)
def test_command_refuses(words, message, capsys):
    assert main(["check", "lion", *words]) == 2
    assert message in capsys.readouterr().err
