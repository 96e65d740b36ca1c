"""The request that all doors make: words and options say the same, and a table refuses what does not go together."""

import argparse
import pickle

import pytest

from refimpl.oracle import catalog, check
from refimpl.oracle.candidates.host import ADAPTERS
from refimpl.oracle.candidates.named import Named
from refimpl.oracle.commands import options
from refimpl.oracle.judging.plans import Settings
from refimpl.oracle.pytest_plugin import parametrize_with_cases
from refimpl.oracle.request import Request


def asked(*words):
    """What a command line asks."""
    parser = argparse.ArgumentParser()
    options.add_arguments(parser)
    given = parser.parse_args(words)
    return options.asked(given, options.named(given), options.telling(given))


@pytest.mark.parametrize(
    "request_",
    [
        Request(("lion",)),
        Request(("lion", "adamw.step")),
        Request(("lion",), whom=Named(arrays="strict", timeout=0.5)),
        Request(("lion.step",), Settings(("float32", "float64"), seed="w", fuzz=3), Named("exec", "node 'a b.js'")),
        Request(("lion",), Settings(only=("a*", "law:*"), max_fail=2), Named("python", "m:f", in_process=True)),
        Request(
            ("lion",),
            Settings(skip={"a": "it = slow", "b*": "c"}, laws=False, errors=True),
            Named("torch", "m:C", settings={"lr": [0.1, None], "mode": "x y"}, path=("here", "there")),
            explain=0.0,
        ),
    ],
    ids=lambda request: " ".join(request.words),
)
def test_words_ask_the_same(request_):
    assert asked(*request_.words) == request_
    assert pickle.loads(pickle.dumps(request_)) == request_  # as it goes to a cluster


def test_what_no_words_say_is_not_left_out():
    with pytest.raises(ValueError, match="expected: both-agree"):
        _ = Request(("lion",), Settings(expected_failures={"both-agree": "bug 3"})).words


# What does not go together --------------------------------------------------------------------------------------------

GIVEN = {
    "own_draws": ("--own-draws",), "no_laws": ("--no-laws",), "errors": ("--errors",), "max_fail": ("--fail-fast",),
    "in_process": ("--in-process",), "only": ("--only", "x"), "skip": ("--skip", "a=b"), "fuzz": ("--fuzz", "1"),
    "seed": ("--seed", "x"), "expect": ("--expect", "x.toml"), "samples": ("--samples", "3"), "set": ("--set", "a=1"),
    "arrays": ("--arrays", "numpy"), "dtype": ("--dtype", "float32"), "timeout": ("--timeout", "0"),
    "path": ("--path", "."), "explain": ("--explain", "0"), "report": ("--report", "r"), "badge": ("--badge", "b"),
    "plot": ("--plot", "p.png"), "format": ("--format", "junit"),
} | {kind: (f"--{kind}", "a:b") for kind in options.DOORS}  # fmt: skip
SEVERAL, MUTANTS, DRAWS = ("lion", "cbo"), ("lion", "--mutants"), ("cbo.step", "--own-draws")
BESIDE = (  # of each row what makes it hold
    (SEVERAL,), (SEVERAL,), (SEVERAL,), (MUTANTS,), (MUTANTS,), (SEVERAL, DRAWS), (DRAWS,), (DRAWS,),
    (("lion",),), (("lion", "--exec", "true"), ("lion", "--torch", "a:B")),
    (("lion",), ("lion", "--python", "a:b"), ("lion", "--exec", "true")), (("lion",), ("lion", "--exec", "true")),
)  # fmt: skip
ROWS = [
    (conflict, (*words, *GIVEN[option]))
    for conflict, beside in zip(options.CONFLICTS, BESIDE, strict=True)
    for words in beside
    for option in conflict.options
]


@pytest.mark.parametrize(("conflict", "words"), ROWS, ids=[" ".join(words) for _, words in ROWS])
def test_each_option_of_each_row_is_refused(conflict, words):
    with pytest.raises(ValueError) as caught:
        asked(*words)
    assert str(caught.value) == conflict.message


@pytest.mark.parametrize("option", sorted(GIVEN.keys() - {"samples", "set", "in_process", "expect"}))
def test_alone_an_option_goes_with_a_target(option):
    assert asked("lion", *GIVEN[option]).targets == ("lion",)


@pytest.mark.parametrize(
    "words",
    [
        (*MUTANTS, "--dask", "tcp://here:1", "--dtype", "float32", "--format", "json"),
        (*DRAWS, "--python", "a:b", "--arrays", "torch", "--samples", "9", "--badge", "b", "--format", "junit"),
        (*SEVERAL, "--only", "x", "--expect", "{folder}/x.toml", "--report", "r", "--strict"),
        ("lion", "--torch", "a:B", "--set", "a=1", "--in-process", "--timeout", "3", "--plot", "p.svg"),
    ],
)
def test_what_goes_together_is_asked(words, tmp_path):
    (tmp_path / "x.toml").write_text('both-agree = "bug 3"\n')
    assert asked(*(word.format(folder=tmp_path) for word in words)).by in ("mutants", "draws", "cases")


def test_every_kind_of_candidate_has_a_door():
    assert {*options.DOORS} == {*ADAPTERS, "exec"}


# The doors ------------------------------------------------------------------------------------------------------------


def test_cases_made_with_a_word_are_known_by_their_names():
    lion = catalog.operation("lion.step")
    how = {"fuzz": 2, "seed": "ours", "only": ["seeded-*"], "skip": {"seeded-1": "too long"}}
    report = check(lion.reference, lion.name, **how)
    assert (report.planned, report.counts["passed"], report.problems) == (2, 1, ())
    cases = parametrize_with_cases(lion.name, **how).args[1]
    assert [entry.id.partition("/")[2][:9] for entry in cases] == ["seeded-0-", "seeded-1-"]
    assert [bool(entry.marks) for entry in cases] == [False, True]
