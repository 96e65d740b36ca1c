"""The index of the cases: what the command that writes it takes, and leaves alone."""

import json

import pytest

from refimpl.oracle import catalog
from refimpl.oracle.judging import cases

COMMITTED = {"a.b/changed": "1", "a.b/gone": "2", "a.b/same": "3"}
NOW = {"a.b/changed": "9", "a.b/same": "3", "c.d/new": "4"}


def test_new_cases_are_taken_and_others_left():
    found = cases.merged(NOW, COMMITTED, [])
    assert found.cases == {**COMMITTED, "c.d/new": "4"}
    assert found.left == ["a.b/changed", "a.b/gone"]
    assert found.retired == []


def test_what_is_named_changes_or_is_retired():
    found = cases.merged(NOW, COMMITTED, ["x.y/older"], ["a.b/changed", "a.b/gone"])
    assert found == cases.Index(NOW, ["a.b/gone", "x.y/older"], [])


@pytest.mark.parametrize(
    ("retired", "named", "message"),
    [
        ([], ["a.b/same"], "names must be of cases that have changed or gone, got a.b/same"),
        ([], ["a.b/nonsense"], "got a.b/nonsense"),
        (["c.d/new"], [], "these names are retired.*c.d/new"),
    ],
)
def test_what_is_refused(retired, named, message):
    with pytest.raises(ValueError, match=message):
        cases.merged(NOW, COMMITTED, retired, named)


def test_the_command_writes_both_lists(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(cases.refimpl.specs, "__path__", [str(tmp_path)])
    monkeypatch.setattr(cases, "index", lambda: NOW)
    monkeypatch.setattr(catalog, "case_index", lambda: COMMITTED)
    monkeypatch.setattr(catalog, "retired_cases", list)
    assert cases.main(["a.b/gone"]) == 1
    assert "left as they were: a.b/changed. A case" in capsys.readouterr().out
    assert json.loads((tmp_path / "cases.json").read_text()) == {**NOW, "a.b/changed": "1"}
    assert json.loads((tmp_path / "retired.json").read_text()) == ["a.b/gone"]
    assert cases.main(["a.b/changed", "a.b/gone"]) == 0


def test_inputs_of_large_cases_are_joined_with_others_on_either_side():
    case = next(case for case in catalog.operation("lion.step").cases if case.small)
    after, before = case.inputs | {"lr": 2.0}, {"lr": 2.0, "more": 1} | case.inputs
    assert (after["lr"], before["lr"], before["more"]) == (2.0, case.inputs["lr"], 1)
    assert after["theta"].shape == before["theta"].shape == case.inputs["theta"].shape
