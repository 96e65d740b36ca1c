"""`refimpl new` in a copy of the repository: what it writes runs at once, and a checklist says what is left.

And what CONTRIBUTING.md quotes from files and commands is what they say.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from refimpl.oracle import scaffold
from refimpl.oracle.cli import main
from refimpl.oracle.scaffold import create

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.xdist_group("scaffold")  # one copy of the repository


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """A copy with a new system in it."""
    root = tmp_path_factory.mktemp("copy")
    shutil.copytree(ROOT / "refimpl", root / "refimpl", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", root)
    (root / "tests").mkdir()
    for name in ("conftest.py", "chromium.py", "thorough.py", "crossings.py"):
        shutil.copy(ROOT / "tests" / name, root / "tests")
    create(root, "optimizers", "heavy_ball")
    return root


@cache
def python(checkout, *words):
    """Exit status and all that is printed."""
    environment = os.environ | {
        "PYTHONPATH": str(checkout),
        "PYTEST_ADDOPTS": "-p no:cacheprovider -p no:hypothesispytest",
    }
    run = subprocess.run(
        [sys.executable, *words], cwd=checkout, env=environment, capture_output=True, text=True, check=False
    )
    return run.returncode, run.stdout + run.stderr


def test_the_new_system_can_be_checked_at_once(checkout):
    told = "--fuzz", "20", "--dtype", "float64,float32"
    both = f"print([main(['check', 'heavy_ball', *words]) for words in ({told}, ['--mutants'])])"
    code, text = python(checkout, "-c", f"from refimpl.oracle.cli import main; {both}")
    assert code == 0, text
    assert "verdict: conforms" in text
    assert "[0, 0]\n" in text


def test_its_tests_run_and_the_marks_are_listed(checkout):
    code, text = python(checkout, "-m", "pytest", "-q", "tests/optimizers/test_heavy_ball.py")
    assert code == 0, text
    left = scaffold.marks(checkout, "optimizers", "heavy_ball")
    assert any(line.startswith("refimpl/specs/optimizers/heavy_ball/claims.py:") for line in left)
    assert "docs/optimizers/index.rst has no heavy_ball in its toctree" in left
    assert "docs/references.bib has no entry TODO" in left
    (checkout / "changes/heavy_ball.added.md").unlink()
    assert "changes/heavy_ball.added.md is not there" in scaffold.marks(checkout, "optimizers", "heavy_ball")


def test_the_gates_are_run_one_by_one_and_told(checkout, monkeypatch, capsys):
    names = {"style": "good", "format": "good", "doctests": "good", "own tests": "NOT YET", "tutorial": "NOT YET"}
    every = scaffold.gates(checkout, "optimizers", "heavy_ball")
    assert names.keys() < every.keys()
    gates = {name: every[name] for name in names}
    gates["doctests"] = [word for word in gates["doctests"] if not word.endswith(".rst")]  # bibtex is not copied
    (checkout / "tests/optimizers/test_heavy_ball.py").write_text("def test_wrong():\n    assert 1 == 2\n")
    gates["empty"] = (*every["docstrings"][:-3], "tests/conftest.py")  # which has no tests
    gates["tutorial"] = ("tutorials.optimizers.no_ball",)
    monkeypatch.setattr(scaffold, "gates", lambda root, chapter, name: gates)
    monkeypatch.setattr(scaffold.catalog, "chapter", lambda name: "optimizers")
    monkeypatch.setenv("PYTHONPATH", str(checkout))
    assert scaffold.check(checkout, "heavy_ball") == 1
    printed = capsys.readouterr().out
    for name, word in names.items():
        assert f"{name} ... {word}" in printed
    assert "E       assert 1 == 2" in printed
    assert "No module named tutorials.optimizers.no_ball" in printed
    assert "empty ... NOT YET" in printed
    assert "3 gates of 6 not passed" in printed


def test_every_gate_names_files_that_are_there():
    for words in scaffold.gates(ROOT, "optimizers", "lion").values():
        for word in words:
            if "/" in word:
                assert (ROOT / word).exists(), word


def test_its_tutorial_leaves_a_picture(checkout):
    code, text = python(checkout, "tutorials/optimizers/heavy_ball.py", "--save", "pictures")
    assert code == 0, text
    assert (checkout / "pictures/heavy_ball-1.png").stat().st_size > 1000


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("optimizers", "Heavy-Ball"), "SYSTEM must be a lower-case Python name"),
        (("search", "sophia"), "CHAPTER must be optimizers"),
        (("optimizers", "lion"), "must not exist yet"),
        (("optimizers", "heavy_ball"), "must not exist yet"),
    ],
)
def test_what_it_refuses(checkout, words, message):
    before = sorted(checkout.rglob("*.py"))
    with pytest.raises(ValueError, match=message):
        create(checkout, *words)
    assert sorted(checkout.rglob("*.py")) == before


def test_it_wants_a_checkout(tmp_path):
    with pytest.raises(ValueError, match="checkout of refimpl"):
        create(tmp_path, "optimizers", "heavy_ball")
    assert not list(tmp_path.iterdir())


# The walk-through ---------------------------------------------------------------------------------------------------

FENCES = re.findall(r"^```(\w+)\n(.*?)^```$", (ROOT / "CONTRIBUTING.md").read_text(), re.MULTILINE | re.DOTALL)
EXCERPTS = [text.partition("\n") for kind, text in FENCES if kind in ("python", "rst")]
SESSIONS = [text.removeprefix("$ ").partition("\n") for kind, text in FENCES if kind == "console"]


def assert_quoted(quotation, text):
    """Its parts between lines of dots occur in the text, whole lines in this order."""
    position = 0
    for part in re.split(r"^\.\.\.\n", quotation, flags=re.MULTILINE):
        place = f"\n{text}".find(f"\n{part}", position)
        assert place >= 0, f"not there, or not in this order:\n{part}"
        position = place + len(part)


def test_the_walk_through_has_all_its_parts():
    assert all(kind in ("python", "rst", "console") for kind, _ in FENCES)
    quoted = {first.split()[-1] for first, _, _ in EXCERPTS}
    rooms = ("optimizers/adamw.py", "exact.py", "cases.py", "laws.py", "mistakes.py", "adamw.rst", "test_adamw.py")
    assert all(any(name.endswith(room) for name in quoted) for room in rooms)
    assert {shlex.split(command)[1] for command, _, _ in SESSIONS} >= {"new", "check", "claims"}


@pytest.mark.parametrize(("first", "_", "quotation"), EXCERPTS, ids=range(len(EXCERPTS)))
def test_excerpts_are_in_the_files(first, _, quotation):
    assert_quoted(quotation, (ROOT / first.split()[-1]).read_text())


@pytest.mark.parametrize(("command", "_", "quotation"), SESSIONS, ids=range(len(SESSIONS)))
def test_commands_print_what_is_quoted(checkout, tmp_path, monkeypatch, capsys, command, _, quotation):
    program, *words = shlex.split(command)
    if words[:2] == ["-m", "pytest"]:  # of the scaffold; that of AdamW is long done
        assert program == ".venv/bin/python"
        words = [word.replace("adamw", "heavy_ball") for word in words]
        printed = python(checkout, *words)[1]
        printed = printed.replace("heavy_ball", "adamw").replace("HeavyBall", "Adamw")
    else:
        assert program == ".venv/bin/refimpl"
        (tmp_path / "refimpl/specs").mkdir(parents=True)
        (tmp_path / "refimpl/specs/base.py").touch()  # as much of a checkout as `refimpl new` asks for
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("COLUMNS", "100")
        assert main(words) == 0
        printed = "".join(capsys.readouterr())
    assert_quoted(quotation, re.sub(r" +$", "", printed, flags=re.MULTILINE))


def test_a_wrong_quotation_is_noticed():
    assert_quoted("b\n...\nd\n", "a\nb\nc\nd\n")
    for wrong in ("d\n...\nb\n", "b\nd\n", "B\n", "b\n...\nb\n"):
        with pytest.raises(AssertionError, match="not there"):
            assert_quoted(wrong, "a\nb\nc\nd\n")
