"""What stands around the package: the lock and the Makefile's stamps."""

import json
import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
LOCKS = {path.stem: path for path in ROOT.glob("requirements/*.txt")}
OLD = sorted(ROOT.glob("requirements/old/*.txt"))
locks = pytest.mark.parametrize("path", [*LOCKS.values(), *OLD], ids=lambda path: path.stem)


# The lock -------------------------------------------------------------------------------------------------------------


def entries(path):
    """The requirements of a file, and of those that it stands on."""
    found = [Requirement(text) for text in re.findall(r"^\w[^\\\n]*", path.read_text(), re.MULTILINE)]
    others = re.findall(r"^-r (.*)", path.read_text(), re.MULTILINE)
    return found + [entry for other in others for entry in entries(path.parent / other)]


def releases(*paths):
    """Versions by name."""
    found = {}
    for entry in (entry for path in paths for entry in entries(path)):
        (pin,) = entry.specifier
        found.setdefault(canonicalize_name(entry.name), set()).add(pin.version)
    return found


@locks
def test_a_lock_has_releases_and_hashes_and_says_nothing_of_where_they_come_from(path):
    for text in re.split(r"^(?=\S)", path.read_text(), flags=re.MULTILINE)[1:]:
        assert re.fullmatch(r"-r base\.txt\n|[\w.-]+==[^\\\n]+( \\\n {4}--hash=sha256:[0-9a-f]{64})+\n?", text), text


@pytest.mark.parametrize("name", ["base", *EXTRAS])
def test_an_extra_has_its_lock_within_the_bounds_of_pyproject(name):
    found = releases(LOCKS[name], *([LOCKS["torch"]] if name == "peers" else []))
    for text in (*PROJECT["dependencies"], *EXTRAS.get(name, ())):
        wanted = Requirement(text)
        assert any(wanted.specifier.contains(release) for release in found[canonicalize_name(wanted.name)]), text


def test_all_extras_can_stand_in_one_environment():
    pinned = {}
    for entry in (entry for path in LOCKS.values() for entry in entries(path)):
        assert pinned.setdefault((entry.name, str(entry.marker)), entry.specifier) == entry.specifier, entry
    assert LOCKS.keys() == {"base", "build", "torch", *EXTRAS}


def test_public_packages_are_locked_in_the_releases_that_were_judged():
    found = releases(LOCKS["peers"], LOCKS["torch"], *OLD)
    for row in json.loads((ROOT / "docs/conformance/verdicts.json").read_text())["rows"]:
        assert row["version"] in found[canonicalize_name(row["package"])], row["title"]
    for path in OLD:  # named as the folder that it goes to
        name, _, version = path.stem.rpartition("-")
        assert releases(path) == {canonicalize_name(name): {version}}


# The Makefile ---------------------------------------------------------------------------------------------------------

STUB = """#!/bin/sh
case "$*" in
  *" venv "*) mkdir -p .venv/bin && cp "$0" .venv/bin/python ;;
  *install*) echo "$@" >> log; [ ! -e broken ] ;;
esac
"""


@pytest.fixture
def make(tmp_path):
    """Runs make where Python only writes down what would be installed; returns that, a line each."""
    if not shutil.which("make"):
        pytest.skip("needs make")
    for name in ("Makefile", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    shutil.copytree(ROOT / "requirements", tmp_path / "requirements")
    python = tmp_path / "python"
    python.write_text(STUB)
    python.chmod(0o755)
    environment = {name: value for name, value in os.environ.items() if "MAKE" not in name}
    environment |= dict.fromkeys(("LATEST", "TORCH"), "")

    def run(*words, changed=(), status=0):
        for path in tmp_path.rglob("*"):  # a clock that counts seconds must do
            os.utime(path, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns - 5 * 10**9))
        for path in changed:
            (tmp_path / path).touch()
        log = tmp_path / "log"
        log.write_text("")
        command = ["make", f"PYTHON={python}", *words]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
        assert done.returncode == status, done.stdout + done.stderr
        return log.read_text().replace("-m pip install --quiet --disable-pip-version-check ", "").splitlines()

    run.folder = tmp_path
    return run


LOCKED = ["--require-hashes -r requirements/build.txt -r requirements/oracle.txt"]
EDITABLE = ["--no-deps --no-build-isolation --editable ."]


def test_make_installs_the_lock_once_and_again_when_it_has_changed(make):
    assert make(".venv/.extra-oracle") == LOCKED + EDITABLE
    assert make(".venv/.extra-oracle") == []
    for name in ("oracle", "base", "build"):
        assert make(".venv/.extra-oracle", changed=[f"requirements/{name}.txt"]) == LOCKED + EDITABLE
    assert make(".venv/.extra-oracle", changed=["requirements/docs.txt"]) == []


def test_make_repeats_an_installation_that_was_not_finished(make):
    (make.folder / "broken").touch()
    assert make(".venv/.extra-oracle", status=2) == LOCKED
    (make.folder / "broken").unlink()
    assert make(".venv/.extra-oracle") == LOCKED + EDITABLE


def test_make_latest_takes_the_newest_in_a_new_environment_and_so_does_the_way_back(make):
    make(".venv/.extra-oracle")
    for _ in range(2):
        (make.folder / ".venv" / "mine").touch()
        assert make("LATEST=1", ".venv/.extra-oracle") == ["--editable .[oracle]"]
        assert make("LATEST=1", ".venv/.extra-oracle") == []
        assert not (make.folder / ".venv" / "mine").exists()
        assert make(".venv/.extra-oracle") == LOCKED + EDITABLE


def test_make_without_a_lock_takes_the_newest(make):
    (make.folder / "requirements/oracle.txt").unlink()
    assert make(".venv/.extra-oracle") == ["--editable .[oracle]"]
    shutil.rmtree(make.folder / "requirements")
    assert make(".venv/.extra-peers") == ["--editable .[peers]"]


def test_make_takes_pytorch_from_the_lock_or_as_pip_finds_it(make):
    peers = ["--require-hashes -r requirements/build.txt -r requirements/peers.txt"]
    assert make(".venv/.extra-peers") == ["--require-hashes --no-deps -r requirements/torch.txt", *peers, *EDITABLE]
    shutil.rmtree(make.folder / ".venv")
    torch = [f"{name}=={release}" for name, (release,) in releases(LOCKS["torch"]).items() if name.startswith("torch")]
    assert make("TORCH=any", ".venv/.extra-peers") == [" ".join(torch), *peers, *EDITABLE]
