"""Pages that a command writes and that are committed: they are what it writes from the data beside them."""

import json
from pathlib import Path

from benchmarks.__main__ import page
from tests.peers.__main__ import rst

DOCS = Path(__file__).parents[2] / "docs"


def test_benchmarks_are_those_of_the_data():
    """`make bench` measures anew."""
    assert (DOCS / "benchmarks.rst").read_text(encoding="utf-8") == page()


def test_conformance_is_that_of_the_verdicts():
    """`python -m tests.peers --out docs/conformance` judges anew."""
    data = json.loads((DOCS / "conformance/verdicts.json").read_text(encoding="utf-8"))
    assert (DOCS / "conformance/index.rst").read_text(encoding="utf-8") == rst(data["rows"], data["date"])
