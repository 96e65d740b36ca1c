"""Names are looked up without loading what has them: a command must not grow with the number of systems."""

import json
import subprocess
import sys

import pytest

from refimpl.oracle import catalog

LOADED = """
import json, sys
from refimpl.oracle.cli import main
for words in json.loads(sys.argv[1]):
    status = main(words)
    names = {tuple(name.split(".")[2:4]) for name in sys.modules if name.startswith("refimpl.specs.")}
    print("loaded:", words[0], status, *sorted(name[1] for name in names if len(name) == 2), file=sys.stderr)
"""


def loaded(*commands):
    """Of commands in one process: name, exit status and the specs that are loaded by then; and what they printed."""
    done = subprocess.run([sys.executable, "-c", LOADED, json.dumps(commands)], capture_output=True, text=True)
    told = (line.partition("loaded: ")[2].split() for line in done.stderr.splitlines())
    return [words for words in told if words], done.stdout


def test_a_command_about_one_system_loads_its_spec_alone(tmp_path):
    rows, out = loaded(
        ("list",),
        ("list", "--format", "markdown"),
        ("check", "lion.step", "--only", "zeros"),
        ("show", "lion"),
        ("vectors", "lion.step", "--out", str(tmp_path / "vectors")),
        ("practice", "lion", "--out", str(tmp_path / "practice")),
        ("claims", "lion.C0"),
    )
    assert rows[:2] == [["list", "0"]] * 2
    assert rows[2:-1] == [[name, "0", "lion"] for name in ("check", "show", "vectors", "practice")]
    assert rows[-1] == ["claims", "2", "lion"]
    assert "lion" in out


def test_list_says_what_the_specs_say():
    rows, out = loaded(("list", "--format", "json"))
    assert rows == [["list", "0"]]
    rows = {row["system"]: row for row in json.loads(out)}
    assert list(rows) == list(catalog.systems())
    assert {entry.name for entry in catalog.papers()} <= rows.keys()
    for name, system in catalog.systems().items():
        row = rows[name]
        assert row["operations"] == sorted(operation.name for operation in system.operations)
        assert (row["chapter"], row["arxiv"]) == (system.chapter, system.paper.arxiv)
        if row["baseline"]:  # the list has short titles
            assert row["paper"] == system.paper.title


@pytest.mark.parametrize("entry", catalog.papers(), ids=lambda entry: entry.name)
def test_every_statement_of_an_abstract_is_checked_or_has_its_reason(entry):
    claims = {claim.id: claim for claim in catalog.system(entry.name).claims}
    assert claims[entry.headline]
    assert entry.statements
    for statement in entry.statements:
        assert statement.claims or statement.why, statement.says
        assert set(statement.claims) <= claims.keys(), statement.says
        assert statement.says.endswith(".")
    used = {name for statement in entry.statements for name in statement.claims}
    assert [claim.id for claim in claims.values() if "abstract" in claim.source and claim.id not in used] == []


def test_a_head_in_another_form_is_taken_from_the_spec(tmp_path, monkeypatch):
    """So is that of a new system, whose cases are not in the index yet."""
    folder = tmp_path / "optimizers" / "heavy"
    folder.mkdir(parents=True)
    known = catalog.system("lion")
    monkeypatch.setattr(catalog.refimpl.specs, "__path__", [str(tmp_path)])
    monkeypatch.setattr(catalog, "system", lambda name: known)
    for text, operations in (
        ("SYSTEM = make()\n", ("heavy.step",)),
        ("\nSYSTEM = System(paper=PAPER)\n", ("heavy.step",)),
        ("\nSYSTEM = System(paper=Paper('T', 'A', 'X', 2000, 'k'))\nmore = 1\n", ("heavy.step",)),
        ("\nSYSTEM = System(paper=Paper(title='T', authors='A', arxiv='X', year=2000, key='k'))\n", ()),
    ):
        (folder / "__init__.py").write_text(text)
        head = catalog._head("heavy", "refimpl.specs.optimizers.heavy", operations)
        assert (head.paper, head.operations) == (known.paper, tuple(op.name for op in known.operations))
    head = catalog._head("heavy", "refimpl.specs.optimizers.heavy", ("heavy.step",))
    assert (head.paper.title, head.operations) == ("T", ("heavy.step",))
