"""The table of public implementations, how it is compared, and the scripts that show bugs without this library."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from refimpl.oracle import catalog
from tests.peers import elsewhere, patches, verdicts
from tests.peers.__main__ import compare
from tests.peers.pages import KINDS, patch_of
from tests.peers.verdicts import implementations
from tests.thorough import some

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


@pytest.mark.parametrize("entry", [entry for entry in ENTRIES if "skip" in entry], ids=verdicts.key_of)
def test_what_is_skipped_is_there(entry):
    """A case may have got another name, and the package would be judged on it."""
    assert verdicts.request(entry).checks.stale(catalog.operations(entry["target"])) == []


def test_every_script_is_of_a_bug_in_the_table():
    assert {row["script"] for row in WRITTEN} - {""} == {str(path.relative_to(ROOT)) for path in SCRIPTS}


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_every_mistake_could_be_told_to_its_maintainers(script):
    letter = LETTERS[script.stem]
    assert {"where", "why"} < set(letter) <= {"where", "why", "left", "edits", "untried", "patch"}
    assert ("edits" in letter) == ("untried" not in letter) == ("patch" not in letter)
    assert re.search(r"`\w[\w.]*`|lines? \d+", letter["where"]), "a function or a line"
    assert len(letter["why"]) > 40
    assert any(line.startswith(("+", "-")) for line in patch_of(letter))
    who, _, mistake = verdicts.said_by(str(script.relative_to(ROOT))).partition(": ")
    assert who
    assert len(mistake) > 30


def test_there_is_no_letter_without_a_script():
    assert set(LETTERS) == {script.stem for script in SCRIPTS}


def test_a_page_speaks_of_script_and_patch_beside_a_mistake_alone():
    for path in (ROOT / "docs/conformance").glob("*.rst"):
        for verdict in path.read_text(encoding="utf-8").split("\n.. _on-")[1:]:
            told = "Script and patch" in verdict or "What could be sent" in verdict
            assert told == ("** (bug)" in verdict), verdict


@pytest.mark.peers
@pytest.mark.parametrize("name", some(name for name, letter in LETTERS.items() if "edits" in letter))
def test_patches_mend_what_the_script_shows(name):
    """`python -m tests.peers --patched` asks the adapters too."""
    result = patches.tried(name, adapters=False)
    if result.outcome == "not there":
        pytest.skip(result.told)
    assert result.outcome == "mended", result.told


def test_a_patch_is_tried_on_copies_of_the_files_that_it_changes(tmp_path, monkeypatch):
    for name in ("a/one.py", "a/two.py", "a/__pycache__/one.pyc", "b.py"):
        (tmp_path / "site" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "site" / name).write_text("x = 1\n")
    monkeypatch.setattr(patches, "SITE", tmp_path / "site")
    (tmp_path / "tried").mkdir()
    edit = {"file": "a/one.py", "before": "x = 1\n", "after": "x = 2\n"}
    environment = patches.tree(tmp_path / "tried", [edit])
    made = tmp_path / "tried/site"
    assert (made / "a/one.py").read_text() == "x = 2\n"
    assert (tmp_path / "site/a/one.py").read_text() == (made / "a/two.py").read_text() == "x = 1\n"
    assert (made / "a/two.py").is_symlink()
    assert not (made / "a/__pycache__").exists()
    assert str(made) in environment["PYTHONPATH"]
    with pytest.raises(LookupError, match=r"a/one\.py does not have the lines"):
        patches.edited([edit | {"before": "y = 1\n"}])
    with pytest.raises(patches.NotThere, match=r"a/gone\.py is not there"):
        patches.edited([edit | {"file": "a/gone.py"}])


def test_what_a_patch_leaves_is_told_in_its_letter_and_nothing_else_is():
    conform, deviate = ({"verdict": verdict} for verdict in ("conforms in part", "deviates"))
    for rows, left, right in (([conform], False, True), ([conform], True, False), ([deviate], False, False)):
        assert patches.as_told({"left": ""} if left else {}, patches.Tried("mended", "", rows)) is right
    assert patches.as_told({"left": "rounding"}, patches.Tried("mended", "", [conform, deviate]))
    assert not patches.as_told({}, patches.Tried("mended in part", "", [conform]))
    assert patches.as_told({}, patches.Tried("not there", "", []))


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


def test_a_package_that_kills_its_process_loses_no_other_verdict(tmp_path, monkeypatch):
    (tmp_path / "deadly.py").write_text("import os\nos.kill(os.getpid(), 9)\n")
    monkeypatch.syspath_prepend(tmp_path)  # the processes that are started look there too
    entry = {"what": "f", "target": "lion.trajectory", "note": "not there", "absent": "math:nothing"}
    entries = [entry | {"package": name} for name in ("numpy", "scipy")]
    entries.insert(1, {"package": "numpy", "what": "g", "target": "lion.trajectory", "python": "deadly:g"})
    rows = verdicts.judge_all(entries, jobs=2)
    assert [row["key"] for row in rows] == [verdicts.key_of(entry) for entry in entries]
    assert [row["verdict"] for row in rows] == ["not applicable", "error", "not applicable"]
    assert "SIGKILL" in rows[1]["sentence"]
    assert verdicts.kept(entries[1], rows[1]) is None


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
@pytest.mark.parametrize("script", some(SCRIPTS), ids=lambda path: path.stem)  # of releases that stay as they are
def test_bugs_are_still_there(script):
    """Each script ends with 0 if release and formula differ in all that it shows, with 1 if in nothing."""
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
