"""Pages that a command writes and that are committed: they are what it writes from the data beside them."""

import json
import sys
from pathlib import Path

import benchmarks.__main__ as bench
from benchmarks import cbo
from tests.peers.__main__ import pages

DOCS = Path(__file__).parents[2] / "docs"


def test_benchmarks_are_those_of_the_data():
    """`python -m benchmarks --save` measures anew."""
    written = {*DOCS.glob("benchmarks/*.rst"), DOCS / "benchmarks.rst"}
    there = {path.relative_to(DOCS).as_posix(): path.read_text(encoding="utf-8") for path in written}
    assert there == bench.pages(bench.DATA)


def test_a_measurement_is_written_down_on_request_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(cbo, "run", list)
    for name, path in (("ROOT", ""), ("DOCS", "docs"), ("DATA", "docs/benchmarks")):
        monkeypatch.setattr(bench, name, tmp_path / path)
    (tmp_path / "docs").mkdir()
    for words, written in ((["cbo"], ["build/benchmarks/cbo.json"]), (["cbo", "--save"], ["docs/benchmarks/cbo.json"])):
        monkeypatch.setattr(sys, "argv", ["benchmarks", *words])
        bench.main()
        assert all((tmp_path / path).is_file() for path in written)
        assert (tmp_path / "docs/benchmarks.rst").is_file() == ("--save" in words)


def test_conformance_is_that_of_the_verdicts():
    """`python -m tests.peers --out docs/conformance` judges anew."""
    data = json.loads((DOCS / "conformance/verdicts.json").read_text(encoding="utf-8"))
    there = {path.stem: path.read_text(encoding="utf-8") for path in (DOCS / "conformance").glob("*.rst")}
    assert there == pages(data["rows"], data["date"])
