"""The pytest plugin, in a project of its own, outside this repository, against the wheel."""

import inspect
import os
import re
import shlex
import subprocess
import sys
import sysconfig
import xml.etree.ElementTree as ElementTree
from collections import defaultdict

import numpy as np
import pytest

import refimpl.oracle
from refimpl.oracle import catalog, parametrize_with_cases
from refimpl.oracle.judging.plans import plans
from refimpl.oracle.judging.records import DTYPES
from refimpl.oracle.verdict import check

pytestmark = pytest.mark.xdist_group("wheel")  # which is built once in a process


BARE = ("-p", "no:cacheprovider", "-p", "no:hypothesispytest")  # which takes 0.2 s to load


def lion(theta0, grads, lr, beta1, beta2, weight_decay):
    theta, m, out = theta0, 0 * theta0, []
    for g in grads:
        theta = theta - lr * (np.sign(beta1 * m + (1 - beta1) * g) + weight_decay * theta)
        m = beta2 * m + (1 - beta2) * g
        out.append(theta)
    return np.array(out)


def swapped(theta0, grads, lr, beta1, beta2, weight_decay):
    return lion(theta0, grads, lr, beta2, beta1, weight_decay)


def ids(decorator):
    return [parameter.id for parameter in decorator.args[1]]


# What is planned ------------------------------------------------------------------------------------------------------


def test_tests_are_called_like_the_cases():
    planned = plans(catalog.operations("lion.trajectory"), ["float64"])
    assert ids(parametrize_with_cases("lion.trajectory")) == [plan.id for plan in planned]
    both = ids(parametrize_with_cases("lion.trajectory", dtypes=("float64", "float32"), laws=False))
    assert "lion.trajectory/two-rates-39786c4f@float32" in both
    assert len(both) == len(set(both)) == sum(len(case.dtypes) for case in catalog.operation("lion.trajectory").cases)


def test_the_plan_can_be_narrowed_and_widened():
    assert ids(parametrize_with_cases("lion", only=["two-rates", "both-agree"])) == [
        "lion.trajectory/two-rates-39786c4f",
        "lion.step/both-agree-5fbbfbe1",
    ]
    assert [name for name in ids(parametrize_with_cases("lion.step", errors=True)) if "refuses:" in name]
    assert sum("fuzz-" in name for name in ids(parametrize_with_cases("lion.step", fuzz=3))) == 3


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"target": "loin"}, "did you mean lion"),
        ({"dtypes": "float64"}, "must be a sequence"),
        ({"dtypes": ["float16"]}, "float16"),
        ({"skip": {"law:*": ""}}, "skip must give a reason"),
        ({"expected_failures": {"two-rates": ""}}, "expected_failures must give a reason"),
        ({"variant": "nesterov"}, "variant must be one of none"),
    ],
)
def test_what_it_refuses(settings, message):
    with pytest.raises(ValueError, match=message):
        parametrize_with_cases(**{"target": "lion.trajectory"} | settings)


def test_the_documented_names_are_there():
    assert refimpl.oracle.check is check
    assert refimpl.oracle.__all__ == ["check", "parametrize_with_cases"]
    with pytest.raises(AttributeError, match="no attribute 'chekc'"):
        refimpl.oracle.chekc  # noqa: B018


def test_a_run_of_pytest_that_does_not_use_it_loads_no_spec():
    """Only what it costs every user of pytest: the version and this one module."""
    code = "import sys, refimpl.oracle.pytest_plugin; print(*[m for m in sys.modules if m.startswith('refimpl')])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.split() == ["refimpl", "refimpl.oracle", "refimpl.oracle.pytest_plugin"]


# In a project ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def project(tmp_path_factory, installed):
    """A function that writes test files, which judge `lion` and `swapped`, and runs pytest on them.

    In the environment into which the wheel was installed; pytest and the dependencies are those of this one.
    """
    python, _ = installed
    folder = tmp_path_factory.mktemp("project")
    sources = ["import numpy as np", inspect.getsource(lion), inspect.getsource(swapped)]
    (folder / "mine.py").write_text("\n\n".join(sources))
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "PYTHON"))}
    environment["PYTHONPATH"] = sysconfig.get_path("purelib")  # .pth files in there, ours say, are not read

    def run(*words, **files):
        """Exit status, what is printed, and by file and test the marks that its line of the JUnit file has."""
        for name, text in files.items():
            start = "import mine\nfrom refimpl.oracle import parametrize_with_cases\n"
            (folder / f"test_{name}.py").write_text(start + text)
        words += tuple(f"test_{name}.py" for name in files)
        command = [python, "-m", "pytest", *BARE, "--junit-xml=junit.xml", *words]
        done = subprocess.run(command, capture_output=True, text=True, cwd=folder, env=environment)
        status = defaultdict(dict)
        for case in ElementTree.parse(folder / "junit.xml").iter("testcase"):
            marks = [part.tag for part in case if part.tag != "system-out"]
            status[case.get("classname").removeprefix("test_")][case.get("name")] = marks
        return done.returncode, done.stdout, status

    return run


PLACE = """
import refimpl
def test_place():
    assert refimpl.__file__.startswith({!r})
"""

RIGHT = """
@parametrize_with_cases("lion.trajectory", dtypes=["float64", "float32"], laws=False)
def test_lion(case):
    case.check(mine.lion)
"""


EXPECTED = """
@parametrize_with_cases(
    "lion.trajectory",
    only=["two-rates", "alternating", "zero-gradients"],
    expected_failures={"two-rates": "bug 7", "lion.trajectory/alternating-de4e0395@float64": "bug 8"},
)
def test_lion(case):
    case.check(mine.swapped)
"""


@pytest.fixture(scope="module")
def good(project, installed):
    """What comes of right implementations, and of wrong ones that are known as such."""
    return project("-rx", place=PLACE.format(str(installed[1])), right=RIGHT, expected=EXPECTED)


def test_a_right_implementation_passes_every_case_in_a_project_that_has_the_wheel(good):
    code, out, status = good
    assert code == 0, out
    assert f"refimpl-{refimpl.__version__}" in out  # in the list of plugins
    operations = catalog.operations("lion.trajectory")
    names = [f"test_lion[{plan.id}@{plan.dtype}]" for plan in plans(operations, DTYPES, laws=False)]
    assert not any(status["right"].values())
    assert list(status["right"]) == names
    assert len(status["place"]) == 1


WRONG = """
@parametrize_with_cases("lion.trajectory", only=["two-rates", "alternating", "zero-gradients", "law:odd:*"])
def test_lion(case):
    case.check(mine.swapped)
"""


@pytest.fixture(scope="module")
def wrong(project):
    """What comes of a wrong implementation."""
    return project(wrong=WRONG)


def test_a_wrong_one_fails_with_the_message_of_the_command_line(wrong):
    code, out, status = wrong
    assert code == 1
    failed = [name for name, tags in status["wrong"].items() if tags]
    report = check(swapped, "lion.trajectory", only=["two-rates", "alternating", "zero-gradients", "law:odd:*"])
    assert failed == [f"test_lion[{r.case}]" for r in report.records if r.status == "failed"]
    for part in (
        "(float64): thetas[0] differs first at step 2",
        "agreeing digits",
        "digits per step: 17 ",
        "what it tests: the two rates do different things",
        "diagnosis: deviates from the paper's rule: swapped_betas (exchange beta1 and beta2",
        "test_wrong.py::test_lion deviates from the paper's rule: swapped_betas (exchange",
    ):
        assert part in out
    assert "Traceback" not in out
    assert "pytest_plugin.py" not in out.partition("short test summary")[0]


def test_the_rerun_line_reruns_the_case_alone(project, wrong):
    _, out, status = wrong
    lines = re.findall("^rerun: (.*)$", out.partition("short test summary")[0], re.MULTILINE)  # where CI=1 repeats them
    assert len(lines) == sum(map(bool, status["wrong"].values()))
    words = shlex.split(lines[0])
    assert words[0] == "pytest"
    code, out, again = project(words[1])
    assert (code, len(again["wrong"])) == (1, 1)
    assert again["wrong"].keys() < status["wrong"].keys()


OTHERS = """
import types
from refimpl.oracle import catalog, edits
from refimpl.oracle.candidates import Function, NotApplicable

@parametrize_with_cases("lion", only=["two-rates", "both-agree"], skip={"two-rates": "not today"})
def test_skips(case):
    case.check(mine.lion)

@parametrize_with_cases("lion", only=["two-rates", "both-agree"])
def test_module(case):
    case.check(types.SimpleNamespace(trajectory=mine.lion, step=catalog.operation("lion.step").reference))

class Fussy(Function):
    def run(self, operation, inputs):
        raise NotApplicable("only on Sundays")

@parametrize_with_cases("lion.step", only=["both-agree"])
def test_not_applicable(case):
    case.check(Fussy(mine.lion, operation="lion.step"))

@parametrize_with_cases("lion.step", only=["both-agree"])
def test_error(case):
    case.check(lambda **inputs: 1 / 0)

STEP = catalog.operation("cbo.step")
VARIANT = edits.shown_in("cbo.step", "variant")[0]

@parametrize_with_cases("cbo.step", only=["three-particles", "law:*"], variant=VARIANT.slug)
def test_variant(case):
    case.check(edits.runner(STEP, VARIANT))

@parametrize_with_cases("cbo.step", only=["three-particles"])
def test_no_variant(case):
    case.check(edits.runner(STEP, VARIANT))
"""


FORGETFUL = """
import types, pytest

@parametrize_with_cases("lion.trajectory", only=["two-rates"])
def test_forgets(case):
    assert mine.lion

@parametrize_with_cases("lion.trajectory", only=["two-rates"], expected_failures={"two-rates": "bug 7"})
def test_forgets_though_it_should_fail(case):
    assert mine.lion

@parametrize_with_cases("lion.trajectory", only=["two-rates"], expected_failures={"two-rates": "bug 7"})
def test_breaks_before_the_check(case):
    mine.lino(case)

@parametrize_with_cases("lion.trajectory", only=["two-rats"])
def test_forgets_an_entry_that_names_nothing(case):
    assert mine.lion

@parametrize_with_cases("lion.trajectory", only=["two-rates"])
def test_skips_itself(case):
    pytest.skip("not today")

@parametrize_with_cases("lion", only=["two-rates", "both-agree"])
def test_offers_nothing(case):
    case.check(types.SimpleNamespace(name="nobody"))

@parametrize_with_cases("lion.step", only=["both-agree"])
def test_part(case):
    case.check(lambda beta2, momentum, grad, **more: {"new_momentum": beta2 * momentum + (1 - beta2) * grad})

@pytest.mark.parametrize("case", [1, 2])
def test_of_somebody_else(case):
    assert case
"""


def test_a_test_that_judges_nobody_is_not_green(project):
    code, out, status = project("-rs", forgetful=FORGETFUL)
    found = {}
    for name, marks in status["forgetful"].items():
        found.setdefault(name.partition("[")[0], []).extend(marks or ["passed"])
    assert found == {
        "test_forgets": ["failure"],
        "test_forgets_though_it_should_fail": ["failure"],
        "test_breaks_before_the_check": ["failure"],
        "test_forgets_an_entry_that_names_nothing": ["failure"],
        "test_skips_itself": ["skipped"],
        "test_offers_nothing": ["failure", "failure"],
        "test_part": ["passed"],
        "test_of_somebody_else": ["passed", "passed"],
    }
    assert "checks nothing: call case.check(candidate) in it" in out
    assert "offers no operation of lion" in out
    assert "test_part was not judged on new_theta: not among its answers" in out
    assert code == 1


@pytest.fixture(scope="module")
def bad(project):
    """What comes of failures that were expected otherwise, and of all sorts of candidates."""
    return project(
        "-rs",
        unexpected=EXPECTED.replace("mine.swapped", "mine.lion"),
        typo=EXPECTED.replace('"two-rates": "bug 7"', '"two-rates": "bug 7", "two-rats": "bug 9"'),
        others=OTHERS,
    )


def test_expected_failures_are_strict(good, bad):
    _, out, status = good
    assert sorted(status["expected"].values()) == [[], ["skipped"], ["skipped"]]
    assert "2 xfailed" in out
    assert "bug 7" in out
    assert "test_expected.py::test_lion deviates" not in out
    code, out, status = bad
    assert code == 1
    assert out.count("[XPASS(strict)] bug") >= 2
    assert sorted(status["unexpected"].values()) == [[], ["failure"], ["failure"]]
    assert sorted(status["typo"].values()) == [[], ["failure"], ["skipped"], ["skipped"]], "an entry names nothing"
    assert "expected failure 'two-rats' names no check" in out


def test_skips_modules_errors_and_variants(bad):
    code, out, status = bad
    kinds = {}
    for name, tags in status["others"].items():
        kinds.setdefault(name.partition("[")[0], []).append(tags)
    assert code == 1
    assert kinds["test_skips"] == [["skipped"], ["skipped"]]
    assert "not today" in out
    assert "offers no lion.step" in out
    assert kinds["test_module"] == [[], []]
    assert kinds["test_not_applicable"] == [["skipped"]]
    assert "only on Sundays" in out
    assert kinds["test_error"] == [["failure"]]
    assert "ZeroDivisionError: division by zero" in out
    assert kinds["test_variant"]
    assert not any(kinds["test_variant"])
    assert kinds["test_no_variant"] == [["failure"]]
    assert "conforms to variant" not in out
