"""Which checks there are, and which of them are asked for."""

import fnmatch
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from refimpl.oracle.candidates import Candidate
from refimpl.oracle.judging import cases, manners
from refimpl.oracle.judging.checks import judge_case, judge_law, judge_refusal
from refimpl.oracle.judging.records import DTYPES
from refimpl.specs.base import Case, Operation

MOST_FUZZ = 10_000  # random cases of an operation: each takes some kB, and its right answer some ms


@dataclass(frozen=True)
class Plan:
    """One check to do, of whatever candidate."""

    operation: Operation
    id: str
    dtype: str
    why: str  # what is wrong with a candidate that fails it
    run: Callable[[Candidate], tuple[Any, dict[str, Any]]]  # -> outputs or None, fields of the record
    case: Case | None = None  # of the checks that a diagnosis looks at

    @property
    def short(self):
        """How `--only` calls it."""
        return self.case.slug if self.case else self.id.partition("/")[2]

    @property
    def names(self):
        """All that a pattern or an expected failure may call it: id, id without the operation, slug."""
        names = {self.id, self.id.partition("/")[2], self.short}
        return names | {f"{name}@{self.dtype}" for name in names}

    def matching(self, patterns):
        """The first of the patterns that chooses it, or None."""
        names = self.names
        return next((p for p in patterns if p in names or any(fnmatch.fnmatchcase(n, p) for n in names)), None)


@dataclass(frozen=True)
class Settings:
    """What a run is asked for: the options of `refimpl.oracle.check`, which says what each means."""

    dtypes: Sequence[str] = ("float64",)
    only: Sequence[str] = ()
    skip: Mapping[str, str] | None = None
    fuzz: int = 0
    laws: bool = True
    errors: bool = False
    expected_failures: Mapping[str, str] | None = None
    max_fail: int | None = None
    seed: str = ""

    def __post_init__(self):
        known_dtypes(self.dtypes)
        if self.max_fail is not None and self.max_fail < 1:
            raise ValueError(f"max_fail must be >= 1, got {self.max_fail}")
        if not 0 <= self.fuzz <= MOST_FUZZ:
            raise ValueError(f"fuzz must be from 0 to {MOST_FUZZ}, got {self.fuzz}")
        object.__setattr__(self, "skip", with_reasons(skip=self.skip))
        object.__setattr__(self, "expected_failures", with_reasons(expected_failures=self.expected_failures))

    def every(self, operations):
        """The checks that there are of some operations, before any of them is chosen."""
        return plans(operations, self.dtypes, fuzz=self.fuzz, seed=self.seed, errors=self.errors)

    def chosen(self, every):
        """Those of some checks that are asked for."""
        laws = [plan for plan in every if self.laws or not plan.short.startswith(("law:", "manners:"))]
        return [plan for plan in laws if not self.only or plan.matching(self.only)]

    def plans(self, operations):
        """The checks of some operations that are asked for."""
        return self.chosen(self.every(operations))

    def stale(self, operations, planned=()):
        """Sentences about what is asked for and stands for no check of the operations, in whatever precision."""
        patterns = {*self.only, *(self.skip or {}), *(self.expected_failures or {})}
        if patterns <= set().union(*(plan.names for plan in planned)):  # most often
            return []
        known = plans(operations, DTYPES, fuzz=self.fuzz, seed=self.seed, errors=True)
        return stale(known, only=self.only, skip=self.skip, expected_failures=self.expected_failures)


def plans(operations, dtypes, *, fuzz=0, seed="", laws=True, errors=False):
    """Every check of some operations, in the order in which they run.

    Parameters
    ----------
    operations : sequence of Operation
        From the catalog.
    dtypes, fuzz, seed, laws, errors
        As for `refimpl.oracle.check`.

    Returns
    -------
    list of Plan
        Of each operation whether it is repeatable, then cases and laws in each precision; the error cases last. With
        them come the laws at the ends of the range.

    Examples
    --------
    >>> from refimpl.oracle import catalog
    >>> first = plans(catalog.operations("lion.step"), ["float32"])[1]
    >>> first.id, first.dtype, first.why
    ('lion.step/both-agree-...', 'float32', 'gradient and momentum point the same way')
    """
    found = []
    for operation in operations:
        by_slug = {case.slug: case for case in operation.cases}
        every = [*operation.cases, *(cases.fuzz_case(operation, i, seed) for i in range(fuzz))]
        found += [repeatable(operation, dtypes[0])] * laws  # first, while the candidate has nothing to remember
        for dtype in dtypes:
            found += [
                Plan(
                    operation,
                    cases.case_id(operation, case),
                    dtype,
                    case.why,
                    partial(judge_case, operation, case, dtype),
                    case,
                )
                for case in every
                if dtype in case.dtypes
            ]
            found += [
                Plan(
                    operation,
                    f"{operation.name}/law:{law.slug}:{slug}",
                    dtype,
                    law.statement,
                    partial(_without_outputs, judge_law, operation, law, by_slug[slug], dtype),
                )
                for law in (operation.laws if laws else ())
                if errors or not law.extreme
                for slug in law.cases
            ]
    return found + (refusals(operations) if errors else [])


def _without_outputs(judge, *arguments):
    return None, judge(*arguments)


def repeatable(operation, dtype):
    """The check that an operation answers alike when it is asked again."""
    run = partial(_without_outputs, manners.judge_repeatable, operation, dtype)
    return Plan(operation, f"{operation.name}/manners:repeatable", dtype, manners.STATEMENT, run)


def refusals(operations):
    """The error cases of some operations."""
    return [
        Plan(
            operation,
            f"{operation.name}/refuses:{case.slug}",
            "float64",
            case.why,
            partial(_without_outputs, judge_refusal, operation, case),
        )
        for operation in operations
        for case in operation.errors
    ]


def known_dtypes(dtypes):
    """Check that precisions are ones that can be judged.

    Examples
    --------
    >>> known_dtypes("float64")
    Traceback (most recent call last):
    ValueError: dtypes must be a sequence of 'float64' and 'float32', each once, got 'float64'
    """
    if not dtypes or isinstance(dtypes, str) or set(dtypes) - set(DTYPES) or len(set(dtypes)) < len(dtypes):
        raise ValueError(f"dtypes must be a sequence of 'float64' and 'float32', each once, got {dtypes!r}")


def with_reasons(**named):
    """The one table given by keyword, checked: names or patterns, each with a reason.

    Raises
    ------
    TypeError, ValueError
        If it is no table, or a reason is missing.

    Examples
    --------
    >>> with_reasons(skip={"fuzz-*": " "})
    Traceback (most recent call last):
    ValueError: skip must give a reason for 'fuzz-*'
    """
    ((name, table),) = named.items()
    if not isinstance(table or {}, Mapping):
        raise TypeError(f"{name} must be a table of reasons by case, got {table!r}")
    for key, reason in (table or {}).items():
        if not isinstance(reason, str) or not reason.strip():
            raise ValueError(f"{name} must give a reason for {key!r}")
    return dict(table or {})


def stale(known, *, only=(), skip=(), expected_failures=()):
    """Sentences about the patterns and names that stand for none of the known plans."""
    names = set().union(*(plan.names for plan in known))
    found = [
        f"{option} {pattern!r} matches no check"
        for option, patterns in (("--only", only), ("--skip", skip))
        for pattern in patterns
        if pattern not in names and not fnmatch.filter(names, pattern)
    ]
    return found + [f"expected failure {name!r} names no check" for name in expected_failures if name not in names]
