"""Pages that a command writes and that are committed: they are what it writes from the data beside them."""

import json
import re
import sys
from dataclasses import asdict
from pathlib import Path

import benchmarks.__main__ as bench
from benchmarks import cbo
from benchmarks._measure import Row, Workload
from benchmarks._pages import OTHERS, faster
from tests.peers.pages import pages, placed

DOCS = Path(__file__).parents[2] / "docs"


def test_benchmarks_are_those_of_the_data():
    """`python -m benchmarks --save` measures anew."""
    written = {*DOCS.glob("benchmarks/*.rst"), DOCS / "benchmarks.rst"}
    there = {path.relative_to(DOCS).as_posix(): path.read_text(encoding="utf-8") for path in written}
    assert there == bench.pages(bench.DATA)


def test_every_contender_that_is_not_ours_is_known():
    """The table of those who are faster knows them by their names, as the modules give them to `_measure.peers`."""
    sources = [path.read_text(encoding="utf-8") for path in Path(bench.__file__).parent.glob("*.py")]
    named = [name for text in sources for name in re.findall(r"peers\(\s*\{([^}]*)", text)]
    keys = [key for some in named for key in re.findall(r'"([^"]+)":', some)]
    assert len(keys) > 15
    assert [key for key in keys if not OTHERS.search(key)] == []


def test_the_table_of_the_faster_has_the_best_of_others_by_ratio():
    rows = [
        Row("refimpl", 2.0),
        Row("the same, without a check", 0.5),
        Row("NumPy", 4.0),
        Row("cbx", 1.0),
        Row("hardware limit", 0.1),
    ]
    data = {
        "cbo": {
            "workloads": [
                asdict(Workload("one", rows)),
                asdict(Workload("two", rows[:2])),
                asdict(Workload("three", rows[:3])),
            ]
        }
    }
    assert [(row[0], row[2]) for row in faster(data)] == [(0.5, "cbx"), (2.0, "NumPy")]


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
    """`python -m tests.peers --out docs/conformance` judges anew, with --pages it does not."""
    data = json.loads((DOCS / "conformance/verdicts.json").read_text(encoding="utf-8"))
    there = {path.stem: path.read_text(encoding="utf-8") for path in (DOCS / "conformance").glob("*.rst")}
    assert data["rows"] == placed(data["rows"])
    assert there == pages(data["rows"], data["date"])


def test_every_package_has_a_page_and_every_verdict_a_place_there():
    rows = json.loads((DOCS / "conformance/verdicts.json").read_text(encoding="utf-8"))["rows"]
    assert len({(row["package"], row["language"]) for row in rows}) == len({row["page"] for row in rows})
    assert not {row["page"] for row in rows} & {"index", "packages"}
    assert len({row["anchor"] for row in rows}) == len(rows)
    for row in rows:
        page = (DOCS / f"conformance/{row['page']}.rst").read_text(encoding="utf-8")
        assert f".. _{row['anchor']}:" in page
