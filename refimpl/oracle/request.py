"""A question to the oracle: what is asked, of whom, how, and where the answer is told.

The command line, `refimpl.oracle.check`, the cells of a notebook, `refimpl grade` and the verdicts on public packages
make the same one.
"""

from typing import NamedTuple

from refimpl.oracle.candidates.named import Named
from refimpl.oracle.judging.plans import Settings


class Telling(NamedTuple):
    """Where the answer is told, and what makes it a failure."""

    format: str = "rich"
    verbose: bool = False
    report: str = ""  # files that are written as well; "": none
    badge: str = ""
    plot: str = ""
    strict: bool = False  # whether a variant, or bad manners, are no success
    complete: bool | None = None  # whether a check without an answer is none; None: as `strict`


class Request(NamedTuple):
    """One question; its parts check themselves.

    Examples
    --------
    >>> asked = Request(("lion.step",), Settings(fuzz=3, skip={"law:*": "no time"}), Named("python", "mine:step"))
    >>> " ".join(asked.words)
    'lion.step --python mine:step --skip law:*=no time --fuzz 3'
    """

    targets: tuple[str, ...]  # systems and operations; several of our own source
    checks: Settings = Settings()  # which ones
    whom: Named = Named()
    explain: float | None = None  # seconds in which to look for the cause of a deviation; None: the usual ones
    by: str = "cases"  # or "draws": a candidate that draws its own noise, by the law of its answers; or "mutants"
    samples: int | None = None  # answers to each case, by "draws"
    dask: str = ""  # address of the cluster that judges, an operation a task; "": here
    told: Telling = Telling()

    @property
    def target(self):
        """What is asked for, in one line."""
        return " ".join(self.targets)

    @property
    def several(self):
        """Whether it is judged operation by operation."""
        return len(self.targets) > 1 or bool(self.dask)

    @property
    def words(self):
        """What stands behind ``refimpl check`` to ask the same of one candidate, by cases; not where it is told.

        Raises
        ------
        ValueError
            If failures are expected: they stand in a file, which no request knows.
        """
        checks = self.checks
        if checks.expected_failures:
            raise ValueError(f"no words say which failures are expected: {', '.join(checks.expected_failures)}")
        given = {
            "--dtype": [",".join(checks.dtypes)] * (tuple(checks.dtypes) != ("float64",)),
            "--only": checks.only,
            "--skip": [f"{pattern}={reason}" for pattern, reason in (checks.skip or {}).items()],
            "--fuzz": [str(checks.fuzz)] * bool(checks.fuzz),
            "--seed": [checks.seed] * bool(checks.seed),
            "--max-fail": [] if checks.max_fail is None else [str(checks.max_fail)],
            "--explain": [] if self.explain is None else [f"{self.explain:g}"],
        }
        flags = ["--no-laws"] * (not checks.laws) + ["--errors"] * checks.errors
        valued = [word for option, values in given.items() for value in values for word in (option, value)]
        return (*self.targets, *self.whom.words, *valued, *flags)
