"""Names are looked up without loading what has them: a command must not grow with the number of systems."""

import json
import subprocess
import sys

import pytest

from refimpl.oracle import catalog

LOADED = """
import sys
from refimpl.oracle.cli import main
status = main(sys.argv[1:])
names = {tuple(name.split(".")[2:4]) for name in sys.modules if name.startswith("refimpl.specs.")}
print(status, *sorted(name[1] for name in names if len(name) == 2), file=sys.stderr)
"""


def loaded(*words):
    """Exit status and the specs that a command has loaded, and what it printed."""
    done = subprocess.run([sys.executable, "-c", LOADED, *words], capture_output=True, text=True)
    status, *names = done.stderr.splitlines()[-1].split()
    return int(status), names, done.stdout


@pytest.mark.parametrize("form", ["rich", "markdown"])
def test_list_loads_no_spec(form):
    status, names, out = loaded("list", "--format", form)
    assert (status, names) == (0, [])
    assert "lion" in out


@pytest.mark.parametrize(
    "words",
    [
        ("check", "lion.step", "--only", "zeros"),
        ("show", "lion"),
        ("claims", "lion.C0"),
        ("vectors", "lion.step", "--out"),
        ("practice", "lion", "--out"),
    ],
    ids=lambda words: words[0],
)
def test_a_command_about_one_system_loads_its_spec_alone(words, tmp_path):
    if words[-1] == "--out":
        words += (str(tmp_path / "out"),)
    status, names, _ = loaded(*words)
    assert (status, names) == (2 if words[0] == "claims" else 0, ["lion"])


def test_list_says_what_the_specs_say():
    status, names, out = loaded("list", "--format", "json")
    assert (status, names) == (0, [])
    rows = {row["system"]: row for row in json.loads(out)}
    assert rows.keys() == {entry.name for entry in catalog.roadmap()} | catalog.systems().keys()
    for name, system in catalog.systems().items():
        row = rows.pop(name)
        assert row["operations"] == sorted(operation.name for operation in system.operations)
        assert (row["chapter"], row["to_come"], row["arxiv"]) == (system.chapter, system.to_come, system.paper.arxiv)
        if row["baseline"]:  # the road map has short titles
            assert row["paper"] == system.paper.title
    assert {row["to_come"] for row in rows.values()} == {"everything"}


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
    assert (head.paper.title, head.operations, head.to_come) == ("T", ("heavy.step",), "")
