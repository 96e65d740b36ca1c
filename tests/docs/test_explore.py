"""The figures that a reader moves: their steps are judged by the oracle, as a program and in the browser."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from refimpl.oracle import catalog
from refimpl.oracle.candidates import Program
from refimpl.oracle.judging.answers import expected
from refimpl.oracle.verdict import check

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs/_static/explore"
RULES = re.findall(r'^ +"([\w.]+)"\(', (FOLDER / "rules.js").read_text(), re.MULTILINE)
FIGURES = dict(re.findall(r'^    (\w+): \{\n      rule: "([\w.]+)"', (FOLDER / "figures.js").read_text(), re.MULTILINE))
SPECIAL = {"NaN": np.nan, "Infinity": np.inf, "-Infinity": -np.inf}


def test_each_chapter_has_a_figure_of_its_own():
    assert FIGURES.keys() == {entry.chapter for entry in catalog.papers()}
    assert sorted(FIGURES.values()) == sorted(RULES)
    for chapter, rule in FIGURES.items():
        assert catalog.chapter(rule.partition(".")[0]) == chapter
        assert f".. refimpl-explorable:: {chapter}" in (ROOT / f"docs/{chapter}/index.rst").read_text()


@pytest.mark.parametrize("name", RULES)
def test_the_oracle_judges_its_step(name):
    if shutil.which("node") is None:
        pytest.skip("node is not installed")
    candidate = Program(["node", str(Path(__file__).with_name("explore.js"))], timeout=60)
    try:
        report = check(candidate, name, explain=0)
    finally:
        candidate.close()
    assert report.verdict == "conforms", [r.message for r in report.records if r.message]


def plain(value):
    """An input for JavaScript."""
    if isinstance(value, np.ndarray):
        return {"shape": list(value.shape), "data": [plain(x) for x in value.ravel().tolist()]}
    return value if not isinstance(value, float) or np.isfinite(value) else {"NaN": str(value)}


@pytest.mark.parametrize("name", RULES)
def test_a_browser_agrees_to_the_tolerance(browser, name, tmp_path):
    page = tmp_path / "page.html"
    page.write_text(f'<!DOCTYPE html><script src="{(FOLDER / "rules.js").as_uri()}"></script>')
    browser.open(page.as_uri())
    operation = catalog.operation(name)
    finite = lambda inputs: all(np.all(np.isfinite(x)) for x in inputs.values() if not isinstance(x, str))
    cases = [c for c in operation.cases if not {"large", "long"} & set(c.flags) and finite(c.inputs)]
    assert len(cases) > 3
    for case in cases:
        inputs = json.dumps({key: plain(value) for key, value in case.inputs.items()})
        said = "JSON.stringify(refimplRules[%s](%s), (k, x) => typeof x === 'number' && !isFinite(x) ? String(x) : x)"
        found = json.loads(browser.run(said % (json.dumps(name), inputs)))
        right, tolerance = expected(operation, case, "float64")
        for output, answer in right.items():
            got = np.array([SPECIAL.get(x, x) for x in found[output]["data"]], dtype=float).reshape(answer.shape)
            with np.errstate(invalid="ignore"):  # of equal infinities
                same = (got == answer) | (np.abs(got - answer) <= tolerance[output])
            assert np.all(same), (case.slug, output)
