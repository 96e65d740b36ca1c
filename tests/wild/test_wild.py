"""The corpus of bugs from the wild: what was mended conforms, what was wrong deviates."""

import json

import pytest

from refimpl.oracle import catalog, check
from tests.thorough import THOROUGH, small
from tests.wild import corpus
from tests.wild.asking import DATA, tasks
from tests.wild.mutants import mutants

CORPUS = corpus()
SLOW = {  # more than half of the time of all, in loops over long and large cases
    *("pyglmnet_cdfast_stale", "apsis_variance_for_deviation"),
    *("flashlight_count_of_tensors", "matrix_factorization_in_python_new_p"),
}


def verdict(entry, version, **how):
    bug = entry.bug
    return check(entry.candidate(version), bug.operation, dtypes=(bug.dtype,), skip=bug.skip, explain=0, **how)


@pytest.mark.parametrize("entry", CORPUS, ids=lambda entry: entry.name)
def test_the_version_that_was_mended_conforms(entry):
    brief = entry.name in SLOW and not THOROUGH
    only = small(catalog.operation(entry.bug.operation)) if brief else ()
    report = verdict(entry, entry.right, laws=THOROUGH, only=only)
    assert report.verdict.startswith("conforms"), report.diagnosis
    assert report.counts["passed"], "nothing was asked"


@pytest.mark.parametrize("entry", CORPUS, ids=lambda entry: entry.name)
def test_the_version_that_was_wrong_deviates(entry):
    assert verdict(entry, entry.wrong, max_fail=1).verdict == "deviates"


def test_each_file_is_read_as_two_versions_with_a_place_and_a_date():
    for entry in CORPUS:
        assert entry.right != entry.wrong, entry.name
        assert "was:" not in entry.right + entry.wrong, entry.name
        assert entry.sentence.endswith("."), entry.name
        assert entry.bug.link.startswith("https://"), entry.name
        assert entry.bug.date[:4].isdigit(), entry.name
    assert len({entry.bug.link + entry.bug.operation + entry.sentence for entry in CORPUS}) == len(CORPUS)


def test_what_the_oracle_says_is_written_for_each():
    rows = json.loads(DATA.read_text(encoding="utf-8"))
    assert {row["name"] for row in rows if row["set"] == "real"} == {entry.name for entry in CORPUS}
    assert {row["name"] for row in rows if row["set"] == "invented"} <= {task.name for task in tasks(["invented"])}
    assert not any(row["wrong"] for row in rows)


def test_a_mutant_is_the_mended_version_with_one_line_changed():
    entry = CORPUS[0]
    made = list(mutants(entry, 5))
    assert made == list(mutants(entry, 5))
    for line, text in made:
        before, after = entry.right.splitlines(), text.splitlines()
        assert sum(a != b for a, b in zip(before, after, strict=False)) >= 1
        assert line in (row.strip() for row in after)
