"""The harnesses of tutorials/other_languages: the right ones conform, the wrong ones are called by their mistake."""

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from refimpl.oracle import catalog
from refimpl.oracle.candidates import CandidateError
from refimpl.oracle.verdict import check

HARNESSES = Path(__file__).parents[2] / "tutorials/other_languages"
README = (HARNESSES / "README.md").read_text(encoding="utf-8")

# File -> what it needs, how to build it into a folder (if at all), how to run it, dtypes, the mistake of its twin.
LANGUAGES = {
    "lion_full.js": ("node", None, ["node"], ("float64", "float32"), "fresh_momentum"),
    "lion.py": (sys.executable, None, [sys.executable], ("float64", "float32"), "coupled_decay"),
    "lion.c": ("cc", ["cc", "-std=c11", "-O2", "-Wall", "-Wextra", "-Werror"], [], ("float64",), "sign_by_division"),
    "lion.rs": ("rustc", ["rustc", "-O", "-D", "warnings"], [], ("float64",), "sign_of_zero_is_one"),
}
SMALL = [case.slug for case in catalog.operation("lion.trajectory").cases if not case.dear]
EASY = [*SMALL, "law:*", "fuzz-*", "manners:*"]  # long lines are read and written by two of them
pytestmark = pytest.mark.xdist_group("languages")  # each program is built once in a process
languages = pytest.mark.parametrize("file", LANGUAGES)


@pytest.fixture(scope="module")
def command(tmp_path_factory):
    """Words that run a harness; built once."""
    built = {}

    def make(file):
        tool, build, run, _, _ = LANGUAGES[file]
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed")
        source = str(HARNESSES / file)
        if build is None:
            return [*run, source]
        if file not in built:
            program = str(tmp_path_factory.mktemp("built") / "lion")
            done = subprocess.run(
                [*build, "-o", program, source, *(["-lm"] if tool == "cc" else [])],
                capture_output=True, text=True,
            )  # fmt: skip
            assert done.returncode == 0, done.stderr
            built[file] = [program]
        return built[file]

    return make


@languages
def test_right_ones_conform(file, command, fake):
    dtypes = LANGUAGES[file][3]
    candidate = fake(command(file))
    only = () if file in ("lion_full.js", "lion.c") else EASY
    report = check(candidate, "lion.trajectory", dtypes=("float64", "float32"), fuzz=2, only=only)
    assert report.verdict == "conforms" + " in part" * (len(dtypes) < 2 or bool(only)), [
        r.message for r in report.records if r.message
    ]
    assert {r.dtype for r in report.records if r.status == "passed"} == set(dtypes)
    assert {r.dtype for r in report.records if r.status == "not_applicable"} == {"float64", "float32"} - set(dtypes)
    assert report.counts["passed"] + report.counts["not_applicable"] == report.planned
    assert (candidate.name, candidate.version, candidate.note) == (file, "1.0.0", "")
    assert candidate._probed


@languages
def test_wrong_twins_are_named(file, command, fake):
    mistake = LANGUAGES[file][4]
    report = check(fake([*command(file), "wrong"]), "lion.trajectory", laws=False, only=SMALL)
    assert report.verdict == "deviates"
    assert report.diagnosis.names == (mistake,)
    assert f"`{mistake}`" in README


def test_the_bare_one_conforms(fake):
    if shutil.which("node") is None:
        pytest.skip("node is not installed")
    candidate = fake(["node", str(HARNESSES / "lion.js")])
    report = check(candidate, "lion.trajectory", dtypes=("float64", "float32"), fuzz=2, only=EASY)
    assert report.counts["passed"] == report.planned
    assert "bare mode" in candidate.note


@languages
def test_full_ones_come_to_their_end_by_themselves(file, command):
    """`stop` and the end of the input both suffice."""
    for text in ('{"cmd": "stop"}\n', ""):
        done = subprocess.run(command(file), input=text, capture_output=True, text=True, timeout=120)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("file", ["lion_full.js", "lion.py"])
def test_errors_are_answered(file, command, fake):
    """With a traceback, and the program can be asked on."""
    operation = catalog.operation("lion.trajectory")
    inputs = dict(operation.cases[0].inputs)
    candidate = fake(command(file))
    with pytest.raises(CandidateError) as caught:
        candidate.run(operation, {"theta0": inputs["theta0"]})
    assert caught.value.kind == "error"
    assert "trajectory" in caught.value.traceback
    assert candidate.run(operation, inputs)["thetas"].shape == (4, 2)
    assert candidate._starts == 1


def test_every_harness_is_listed_and_tested():
    files = {path.name for path in HARNESSES.glob("lion*")}
    assert files == {*LANGUAGES, "lion.js"}
    assert all(f"`{name}`" in README for name in files)


def test_the_python_one_is_a_module_without_side_effects():
    spec = importlib.util.spec_from_file_location("lion_harness", HARNESSES / "lion.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.answer({"cmd": "start"})["protocol"] == 1
