"""`refimpl new` in a copy of the repository: what it writes runs at once, and a checklist says what is left."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from refimpl.oracle.scaffold import ROOMS, create

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """A copy with a new system in it."""
    root = tmp_path_factory.mktemp("copy")
    shutil.copytree(ROOT / "refimpl", root / "refimpl", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", root)
    (root / "tests").mkdir()
    for name in ("conftest.py", "chromium.py"):
        shutil.copy(ROOT / "tests" / name, root / "tests")
    create(root, "optimizers", "heavy_ball")
    return root


def python(checkout, *words):
    environment = os.environ | {"PYTHONPATH": str(checkout)}
    run = subprocess.run(
        [sys.executable, *words], cwd=checkout, env=environment, capture_output=True, text=True, check=False
    )
    return run.returncode, run.stdout + run.stderr


def test_the_new_system_can_be_checked_at_once(checkout):
    code, text = python(checkout, "-m", "refimpl", "check", "heavy_ball", "--fuzz", "20", "--dtype", "float64,float32")
    assert code == 0, text
    assert "verdict: conforms" in text
    code, text = python(checkout, "-m", "refimpl", "check", "heavy_ball", "--mutants")
    assert code == 0, text


def test_its_tests_run_and_the_checklist_fails(checkout):
    code, text = python(checkout, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/optimizers/test_heavy_ball.py")
    assert code == 1
    assert "still to do:" in text
    assert "docs/optimizers/heavy_ball.rst" in text
    assert "1 failed" in text
    assert "error" not in text.splitlines()[-1]


def test_its_doctests_and_its_style_are_good(checkout):
    code, text = python(checkout, "-m", "pytest", "-q", "-p", "no:cacheprovider", "refimpl/optimizers/heavy_ball.py")
    assert code == 0, text
    files = [path.format(chapter="optimizers", name="heavy_ball") for path in ROOMS if path.endswith(".py")]
    for check in (["check", "--ignore", "E402"], ["format", "--check"]):
        code, text = python(checkout, "-m", "ruff", *check, *files)
        assert code == 0, text


def test_its_tutorial_leaves_a_picture(checkout):
    code, text = python(checkout, "tutorials/optimizers/heavy_ball.py", "--save", "pictures")
    assert code == 0, text
    assert (checkout / "pictures/heavy_ball.png").stat().st_size > 1000


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
