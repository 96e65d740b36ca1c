"""The table of public implementations, how it is compared, and the scripts that show bugs without this library."""

import json
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from tests.peers import elsewhere, verdicts
from tests.peers.__main__ import KINDS, compare
from tests.peers.verdicts import implementations

ROOT = Path(__file__).parents[2]
ENTRIES = implementations()
WRITTEN = json.loads((ROOT / "docs/conformance/verdicts.json").read_text(encoding="utf-8"))["rows"]
LETTERS = verdicts.letters()
SCRIPTS = sorted(path for path in (ROOT / "tests/peers/bugs").iterdir() if path.suffix in elsewhere.RUNNERS)


def test_every_implementation_has_a_written_verdict():
    assert len(WRITTEN) == len(ENTRIES) == len({row["key"] for row in WRITTEN}) >= 25
    assert [row["what"] for row in WRITTEN] == [entry["what"] for entry in ENTRIES]


@pytest.mark.parametrize("row", WRITTEN, ids=lambda row: row["key"])
def test_verdicts_are_explained(row):
    assert row["verdict"].split()[0] in ("conforms", "deviates", "not")
    assert len(row["note"]) > 10
    assert (row["kind"] in KINDS) == (row["verdict"] not in ("conforms", "conforms in part", "not applicable"))
    assert bool(row["script"]) == (row["kind"] == "bug")


def test_every_script_is_of_a_bug_in_the_table():
    assert {row["script"] for row in WRITTEN} - {""} == {str(path.relative_to(ROOT)) for path in SCRIPTS}


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_every_mistake_could_be_told_to_its_maintainers(script):
    letter = LETTERS[script.stem]
    assert set(letter) == {"where", "why", "file", "patch"}
    assert re.search(r"`\w[\w.]*`|lines? \d+", letter["where"]), "a function or a line"
    assert len(letter["why"]) > 40
    assert re.search(r"^[+-]", letter["patch"], re.MULTILINE)
    assert len(verdicts.said_by(str(script.relative_to(ROOT)))) > 30


def test_there_is_no_letter_without_a_script():
    assert set(LETTERS) == {script.stem for script in SCRIPTS}


@pytest.mark.peers
@pytest.mark.parametrize("name", [name for name, letter in LETTERS.items() if letter["file"]])
def test_what_a_patch_takes_out_stands_in_the_release(name):
    places = (ROOT / ".peers", Path(sysconfig.get_path("purelib")), Path(sysconfig.get_path("platlib")))
    path = next((place / LETTERS[name]["file"] for place in places if (place / LETTERS[name]["file"]).is_file()), None)
    if path is None:
        pytest.skip(f"{LETTERS[name]['file']} is not there (`make peers` installs it)")
    there = {line.strip() for line in path.read_text(encoding="utf-8", errors="replace").splitlines()}
    taken = [line[1:].strip() for line in LETTERS[name]["patch"].splitlines() if line.startswith("-")]
    assert not [line for line in taken if line not in there]


@pytest.mark.peers
@pytest.mark.parametrize(
    "entry", [entry for entry in verdicts.closed()["package"] if "error" in entry], ids=lambda entry: entry["name"]
)
def test_what_does_not_import_still_does_not(entry):
    folder = ROOT / entry["folder"]
    if not entry["folder"] or not folder.exists():
        pytest.skip(f"{entry['folder'] or entry['name']} is not there (`make peers` installs it)")
    if ".".join(map(str, sys.version_info[:2])) != verdicts.closed()["python"]:
        pytest.skip(f"it was tried on Python {verdicts.closed()['python']}")
    code = f"import sys; sys.path.insert(0, {str(folder)!r}); import {entry['imports']}"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=600, check=False)
    assert run.stderr.strip().splitlines()[-1].startswith(entry["error"])


def test_another_verdict_or_mistake_is_wrong_and_another_release_is_not():
    old = {"key": "p C s", "version": "1", "verdict": "deviates", "names": ["a"], "sentence": "deviates: a (b)"}
    assert compare([old], [dict(old)]) == ([], [])
    wrong, notes = compare([old], [old | {"version": "2"}])
    assert not wrong
    assert notes == ["p C s: 2 here, 1 was written; judged the same"]
    for change in ({"verdict": "conforms", "names": []}, {"names": ["c"]}, {"verdict": "not installed", "version": ""}):
        for release in ({}, {"version": "2"}):
            wrong, notes = compare([old], [old | release | change])
            assert len(wrong) == 1
            assert not notes
    assert len(compare([old], [old | {"sentence": "deviates: a (c)"}])[1]) == 1
    assert len(compare([old], [])[0]) == len(compare([], [old])[0]) == 1


def test_a_verdict_is_kept_while_nothing_that_it_depends_on_changes(monkeypatch):
    entry = next(entry for entry in ENTRIES if "python" in entry and not {"folder", "dtype"} & set(entry))
    monkeypatch.setattr(verdicts, "installed", lambda entry: "1.0")
    row = {"key": verdicts.key_of(entry), "verdict": "conforms", "digest": verdicts.digest(entry, "1.0")}
    assert verdicts.kept(entry | {"note": "better said"}, row)["note"] == "better said"
    assert verdicts.kept(entry, None) is None
    assert verdicts.kept(entry, row | {"digest": ""}) is None
    assert verdicts.kept(entry | {"dtype": "float32"}, row) is None
    monkeypatch.setattr(verdicts, "installed", lambda entry: "1.1")
    assert verdicts.kept(entry, row) is None
    monkeypatch.setattr(verdicts, "installed", lambda entry: "1.0")
    known = verdicts.catalog.case_index()
    name = entry["target"].partition(".")[0]
    case = next(case for case in known if case.startswith(f"{name}."))
    monkeypatch.setattr(verdicts.catalog, "case_index", lambda: known | {case: "another"})
    assert verdicts.kept(entry, row) is None


NODE = {"package": "a-package", "what": "f", "target": "lion.trajectory", "note": "n"}
NODE |= {"needs": "node", "exec": "node x.mjs"}


def test_what_is_not_installed_is_skipped_and_its_verdict_kept(monkeypatch, tmp_path):
    row = {"key": verdicts.key_of(NODE), "verdict": "conforms", "digest": "of another machine"}
    assert elsewhere.lacking(NODE)
    assert verdicts.kept(NODE, row)["note"] == "n"
    assert verdicts.kept(NODE, None) is None
    monkeypatch.setattr(elsewhere, "release", lambda entry: "1.0")
    monkeypatch.setattr(elsewhere.shutil, "which", lambda name: name)
    assert not elsewhere.lacking(NODE)
    assert verdicts.kept(NODE, row) is None
    monkeypatch.setattr(elsewhere.shutil, "which", lambda name: None)
    assert elsewhere.lacking(NODE) == "node is not installed"
    assert verdicts.kept(NODE, row)
    built = next(entry for entry in ENTRIES if "exec" not in entry and "needs" in entry)
    monkeypatch.setattr(elsewhere, "ROOT", tmp_path)
    assert verdicts.kept(built, row)
    (tmp_path / built["folder"]).mkdir(parents=True)
    assert not elsewhere.lacking(built)
    assert verdicts.kept(built, row) is None


def test_programs_share_one_file_per_language_and_are_all_used():
    outside = [entry for entry in ENTRIES if "exec" in entry]
    assert {entry["needs"] for entry in outside} == set(elsewhere.LANGUAGES)
    assert all(("build" in entry) == ("debian" in entry) == (entry["needs"] == "g++") for entry in outside)
    used = {path for entry in outside for path in elsewhere.sources(entry)}
    assert used == set((ROOT / "tests/peers/programs").iterdir())
    for entry in outside:
        assert any(path.stem == "protocol" for path in elsewhere.sources(entry))


def test_locked_packages_are_those_that_are_judged_and_name_no_registry():
    folder = ROOT / "requirements/node"
    asked = json.loads((folder / "package.json").read_text(encoding="utf-8"))["dependencies"]
    lock = json.loads((folder / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    assert {entry["package"] for entry in ENTRIES if entry.get("needs") == "node"} <= set(asked)
    assert all("resolved" not in found for found in lock.values())
    assert all(lock[f"node_modules/{name}"]["version"] == release for name, release in asked.items())
    assert all("integrity" in found for place, found in lock.items() if place)


@pytest.mark.peers
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_bugs_are_still_there(script):
    """Each script ends with 0 if release and formula differ."""
    for folder in re.findall(r"\.peers/[\w.-]+", script.read_text(encoding="utf-8")):
        if not (ROOT / folder).exists():
            pytest.skip(f"{folder} is not there (`make peers` installs it)")
    with_it = sys.executable if script.suffix == ".py" else elsewhere.runner(script)
    if shutil.which(with_it) is None:
        pytest.skip(f"{with_it} is not installed")
    run = subprocess.run([with_it, script], capture_output=True, text=True, timeout=120, check=False)
    if "ModuleNotFoundError" in run.stderr:
        pytest.skip(f"{run.stderr.strip().splitlines()[-1]} (`make peers` installs it)")
    if "there is no package called" in run.stderr:
        pytest.skip(f"{run.stderr.strip().splitlines()[0]} (`make peers-elsewhere` says how to get it)")
    assert run.returncode == 0, run.stdout + run.stderr
    assert run.stdout.strip()
