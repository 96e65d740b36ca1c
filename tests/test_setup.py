"""What stands around the package: the lock, the Makefile's stamps, and the files that a host of repositories reads."""

import importlib.util
import json
import os
import re
import shutil
import subprocess
import tomllib
from importlib.resources import files
from itertools import product
from pathlib import Path
from types import SimpleNamespace

import jsonschema
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[1]
if not (ROOT / ".github").is_dir():
    pytest.skip("the source distribution goes without .github", allow_module_level=True)

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
PYTHONS = [word for text in PROJECT["classifiers"] if "." in (word := text.rpartition(" ")[2])]
WORKFLOWS = sorted(ROOT.glob(".github/workflows/*"))
LOCKS = {path.stem: path for path in ROOT.glob("requirements/*.txt")}
OLD = [*sorted(ROOT.glob("requirements/old/*.txt")), *sorted(ROOT.glob("requirements/built/*.txt"))]
workflows = pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
locks = pytest.mark.parametrize("path", [*LOCKS.values(), *OLD], ids=lambda path: path.stem)


def yaml(path):
    return YAML(typ="safe").load(ROOT / path)


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
        if row["language"] != "Python":  # those have locks of their own, or come from Debian
            continue
        assert row["version"] in found[canonicalize_name(row["package"])], row["title"]
    for path in OLD:  # named as the folder that it goes to, with what it asks for and nothing else does
        name, _, version = path.stem.rpartition("-")
        assert releases(path)[canonicalize_name(name)] == {version}


# The Makefile ---------------------------------------------------------------------------------------------------------

STUB = """#!/bin/sh
case "$*" in
  *" venv "*) mkdir -p .venv/bin && cp "$0" .venv/bin/python ;;
  *gone.py*) cat gone 2>/dev/null ;;
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
        options = "--quiet --disable-pip-version-check --no-compile"
        return log.read_text().replace(f"-m pip install {options} ", "").splitlines()

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


def test_make_installs_again_what_has_gone(make):
    make(".venv/.extra-oracle"), make(".venv/.extra-docs")
    (make.folder / "gone").write_text("oracle")  # as requirements/gone.py finds out
    again = [f"--force-reinstall {words}" for words in LOCKED + EDITABLE]
    assert make(".venv/.extra-docs") == []
    assert make(".venv/.extra-oracle") == again
    (make.folder / "gone").unlink()
    assert make(".venv/.extra-oracle") == []


def test_a_package_is_gone_if_pip_does_not_know_it_or_its_files_are_not_there(tmp_path, monkeypatch, capsys):
    spec = importlib.util.spec_from_file_location("gone", ROOT / "requirements/gone.py")
    gone = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(gone)
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "there").mkdir()
    (tmp_path / "there/__init__.py").touch()
    (tmp_path / "there-1.0.dist-info").mkdir()
    (tmp_path / "there-1.0.dist-info/METADATA").write_text("Metadata-Version: 2.1\nName: there\nVersion: 1.0\n")
    record = "../bin/there,,\nthere-1.0.dist-info/METADATA,,\nthere/__init__.py,,\nthere/__pycache__/x.pyc,,\n"
    (tmp_path / "there-1.0.dist-info/RECORD").write_text(record)
    assert not gone.is_gone("there")
    shutil.rmtree(tmp_path / "there")
    assert gone.is_gone("there")
    assert gone.is_gone("never-installed")
    assert {"numpy", "scipy", "pytest"} <= set(gone.packages("test"))  # of which the lock has one for each Python
    assert len(gone.packages("base")) == len(set(gone.packages("base")))


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


# What a host of repositories reads ------------------------------------------------------------------------------------

SCHEMAS = {
    ".github/workflows/*": "github-workflows",
    ".github/ISSUE_TEMPLATE/[!c]*": "github-issue-forms",
    ".github/ISSUE_TEMPLATE/config.yml": "github-issue-config",
    ".readthedocs.yaml": "readthedocs",
    "CITATION.cff": "citation-file-format",
}
FILES = [(path, schema) for pattern, schema in SCHEMAS.items() for path in sorted(ROOT.glob(pattern))]


@pytest.mark.parametrize(("path", "schema"), FILES, ids=[path.name for path, _ in FILES])
def test_a_file_is_as_its_schema_says(path, schema):
    schema = json.loads((files("check_jsonschema") / f"builtin_schemas/vendor/{schema}.json").read_text("utf-8"))
    jsonschema.validators.validator_for(schema)(schema).validate(yaml(path))


def expanded(job, text):
    """A text of a job with the values of its matrix put in, in all combinations."""
    matrix = job.get("strategy", {}).get("matrix", {})
    for values in product(*matrix.values()):
        yield re.sub(r"\$\{\{ matrix\.(\w+) \}\}", lambda name: dict(zip(matrix, values, strict=True))[name[1]], text)


def steps(path):
    """Pairs of job and step of a workflow."""
    return [(job, step) for job in yaml(path)["jobs"].values() for step in job["steps"]]


@workflows
def test_a_workflow_may_only_read_and_gives_way_to_the_next(path):
    flow = yaml(path)
    assert flow["permissions"] == {"contents": "read"}
    assert flow["concurrency"]["cancel-in-progress"] is True
    for job in flow["jobs"].values():
        assert job["timeout-minutes"] < 360
        assert "permissions" not in job
    for _, step in steps(path):
        assert re.fullmatch(r"actions/[\w-]+@v\d+", step.get("uses", "actions/none@v1"))
        assert step.get("with", {}).get("persist-credentials", "checkout" in step.get("uses", "")) is False


def test_workflows_run_what_the_makefile_offers():
    offered = set(re.search(r"^\.PHONY: (.*)", (ROOT / "Makefile").read_text(), re.MULTILINE)[1].split())
    lines = [line for path in WORKFLOWS for job, step in steps(path) for line in expanded(job, step.get("run", ""))]
    asked = {word for line in lines for word in line.split() if word not in ("make", "LATEST=1", "ALL=1")}
    assert asked <= offered
    assert {"test", "lint", "docs", "wheel", "peers", "alarms", "processors", "lowest"} <= asked


def test_pythons_are_those_of_the_classifiers():
    set_up = [(job, step["with"]) for path in WORKFLOWS for job, step in steps(path) if "setup-python" in str(step)]
    tested = {version for job, what in set_up for version in expanded(job, what["python-version"])}
    assert {PYTHONS[0], PYTHONS[-1]} < tested <= set(PYTHONS)
    assert yaml(".readthedocs.yaml")["build"]["tools"]["python"] in PYTHONS
    assert PROJECT["requires-python"] == f">={PYTHONS[0]}"


def test_pre_commit_and_the_docs_stand_on_the_lock():
    for repo in yaml(".pre-commit-config.yaml")["repos"]:
        assert repo["repo"] == "local"  # the tools of .venv, hence no release of their own
        for hook in repo["hooks"]:
            tool = re.match(r"\.venv/bin/python -m (\w+)", hook["entry"])[1]
            assert tool in releases(LOCKS["test"])
    install = "\n".join(yaml(".readthedocs.yaml")["build"]["jobs"]["install"])
    assert all((ROOT / path).is_file() for path in re.findall(r"-r (\S+)", install))


# Small machines -------------------------------------------------------------------------------------------------------


def test_a_disk_without_room_is_said_at_once(monkeypatch, pytestconfig):
    from tests import conftest

    monkeypatch.delenv("PYTEST_CURRENT_TEST")
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=3 << 20))
    with pytest.raises(pytest.UsageError, match=r"need \d+ MiB for their files, .* has 3 free; TMPDIR names another"):
        conftest.pytest_sessionstart(SimpleNamespace(config=pytestconfig))
