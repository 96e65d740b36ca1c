"""What a run leaves behind: a record per check, and a report over all of them."""

import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, is_dataclass, replace
from typing import Any

from refimpl import __version__
from refimpl.oracle.candidates.wire import encode
from refimpl.oracle.texts import printable

STATUSES = ("passed", "failed", "variant", "error", "skipped", "xfail", "xpass", "not_applicable")
FAILURES = ("failed", "error", "xpass")
UNANSWERED = ("error", "skipped", "not_applicable")
DTYPES = ("float64", "float32")
TEXT = 4000  # characters of a text, at most
WITH_LINES = ("traceback", "stderr_tail", "lines")  # fields whose texts may have several lines


class Cleaned:
    """Base of what a run leaves behind: no text in there, whoever wrote it, does anything to a terminal or a file."""

    def __post_init__(self):
        for name, value in list(vars(self).items()):
            object.__setattr__(self, name, _cleaned(value, name in WITH_LINES))


def _cleaned(value, lines=False):
    if isinstance(value, str):
        return printable(value, TEXT, lines)
    if isinstance(value, tuple):
        return tuple(_cleaned(part, lines) for part in value)
    if isinstance(value, dict):
        return {_cleaned(name): _cleaned(part) for name, part in value.items()}
    if is_dataclass(value) and not isinstance(value, Cleaned | type):
        return replace(value, **_cleaned(vars(value)))
    return value


@dataclass(frozen=True)
class Diagnosis(Cleaned):
    """Why a candidate deviates, as far as its answers tell."""

    kind: str  # a key of KINDS
    names: tuple[str, ...]  # listed mistakes; of one kind: this run cannot tell them apart
    hint: str
    bug_type: str = ""
    origin: str = ""
    lines: tuple[tuple[str, ...], ...] = ()  # tag or function, place in the paper, line as it is, what it behaves like
    operations: tuple[str, ...] = ()  # that it explains; (): all that deviate
    cases: int = 0  # on which the explanation answers as the candidate
    further: int = 0  # inputs beside them
    others: tuple[str, ...] = ()  # explanations that no input tells apart, or further conditions
    within: str = ""  # values of options in which alone it holds; elsewhere the candidate follows the rule


KINDS = {
    "repeat": "the same question is not answered alike",
    "mistake": "listed mistake",
    "variant": "named, sourced alternative of the rule",
    "choice": "documented option that is not the paper's rule",
    "statistics": "law of the answers",
    "use": "arguments or outputs treated wrongly",
    "change": "lines of the rule that read otherwise",
    "several": "a listed mistake together with something else",
    "near": "listed mistake that explains most, but not all",
    "conditions": "what separates right from wrong",
}


@dataclass(frozen=True)
class Smallest(Cleaned):
    """The smallest input found that still shows a difference, as plain data."""

    operation: str
    inputs: Mapping[str, Any]  # arrays as nested lists
    output: str  # that differs first
    expected: Any  # nested lists
    got: Any  # None if it raised
    message: str = ""  # with what it raised
    equation: str = ""  # whose line explains the difference
    free: tuple[str, ...] = ()  # inputs that do not matter: with other values the difference shows as well

    @property
    def python(self):
        """The inputs as keyword arguments."""
        rows = ((n, f"np.array({v!r})" if isinstance(v, list) else repr(v)) for n, v in self.inputs.items())
        return re.sub(r"\b(inf|nan)\b", r"np.\1", ", ".join(f"{name}={value}" for name, value in rows))

    @property
    def json(self):
        """The inputs as a program in another language gets them."""
        return json.dumps({name: _plain(value) for name, value in self.inputs.items()})


def _plain(value):
    return [_plain(x) for x in value] if isinstance(value, list) else encode(value)


@dataclass(frozen=True)
class Record(Cleaned):
    """What came out of one case (or law, or error case) in one precision."""

    operation: str
    case: str  # id of the case; "law:<slug>:<case slug>" or "refuses:<slug>" for the other checks
    dtype: str
    status: str  # one of STATUSES
    flags: tuple[str, ...] = ()
    why: str = ""  # what is wrong with a candidate that fails here
    message: str = ""  # one sentence
    output: str = ""  # the output that differs first
    step: int | None = None  # counted as the operation counts its steps
    component: tuple[int, ...] = ()
    expected: float | None = None
    got: float | None = None
    error: float | None = None
    tolerance: float | None = None
    tolerance_source: str = ""
    digits: float | None = None  # agreeing decimal digits where they are fewest
    digits_per_step: tuple[float, ...] = ()
    answer_source: str = ""
    expected_to_fail: bool = False
    reason: str = ""  # of a skip, an expected failure, a case that does not apply
    without: tuple[str, ...] = ()  # outputs that the answer leaves out
    repro: str = ""  # a command that reruns this case alone
    seconds: float = 0.0
    traceback: str = ""
    stderr_tail: str = ""


@dataclass(frozen=True)
class Report(Cleaned):
    """Verdict over all planned checks."""

    target: str
    candidate: dict[str, str]  # name, version, language
    verdict: str  # "conforms [to variant X] [in part]", "deviates", "error", "interrupted", "nothing passed", "... ran"
    counts: dict[str, int]  # of each status; they add up to `planned`
    planned: int
    records: tuple[Record, ...]
    diagnosis: Diagnosis | None = None
    findings: tuple[Diagnosis, ...] = ()  # more of the kind: of other operations, conditions
    smallest: Smallest | None = None
    advice: tuple[Record, ...] = ()  # error cases, which count only when asked for
    refimpl: str = __version__
    problems: tuple[str, ...] = field(default=())  # patterns and expected failures that are stale

    manners: tuple[Any, ...] = ()  # of `candidates.watch.Slip`: what calls did beside answering
    interrupted: str = ""  # by what, if it was: the rest is skipped
    checks: int = 0  # that there are of the target, where fewer were chosen; else 0

    @property
    def complete(self):
        """Whether every check that there is was answered in all outputs, and agreed with the rule or a variant."""
        return self.counts.get("passed", 0) + self.counts.get("variant", 0) == self.planned and self.whole

    @property
    def whole(self):
        """Whether every check that there is was planned, and no answer left out an output."""
        return not self.checks and not any(record.without for record in self.records)

    @property
    def operations(self):
        """Operation -> whether a check of it applies."""
        found: dict[str, bool] = {}
        for record in self.records:
            found[record.operation] = found.get(record.operation, False) or record.status != "not_applicable"
        return found

    def exit_code(self, *, strict=False, complete=None):
        """Exit status of the command line.

        Parameters
        ----------
        strict : bool, default: False
            Whether a variant, or bad manners, are no success.
        complete : bool, optional
            Whether a check that was skipped, not applicable, expected to fail, or not chosen is none, and an output
            that was left out; by default under `strict`.

        Returns
        -------
        int
            0 conforms; 1 deviates, or does not meet these demands, or a problem; 2 error, or nothing ran or passed.
        """
        if self.verdict.startswith("conforms"):
            lax = (strict if complete is None else complete) and not self.complete
            variant = strict and self.verdict.startswith("conforms to variant")
            return int(bool(self.problems or lax or variant or (strict and self.manners)))
        return 1 if self.verdict == "deviates" else 2

    @classmethod
    def of(cls, records, *, diagnosis=None, problems=(), checks=0, **fields):
        """Report of some records: they are counted, and the verdict follows; `checks` is how many there are to choose.

        Examples
        --------
        >>> records = [Record("lion.step", "a", "float64", "passed"), Record("lion.step", "b", "float64", "failed")]
        >>> Report.of(records, target="lion.step", candidate={}).verdict
        'deviates'
        """
        counts = Counter(record.status for record in records)
        needed = max(checks, len(records)) + any(record.without for record in records)
        return cls(
            records=tuple(records),
            planned=len(records),
            checks=checks if checks > len(records) else 0,
            counts={status: counts[status] for status in STATUSES},
            verdict="interrupted" if fields.get("interrupted") else _verdict(counts, diagnosis, needed),
            diagnosis=diagnosis,
            problems=tuple(sorted(problems)),
            **fields,
        )


def _verdict(counts, diagnosis, needed):
    if counts["failed"] or counts["xpass"] or (counts["variant"] and diagnosis is None):
        return "deviates"
    if counts["error"]:
        return "error"
    answered = counts["passed"] + counts["variant"]
    if not answered:
        return "nothing passed" if counts["xfail"] else "nothing ran"
    whole = f"conforms to variant {diagnosis.names[0]}" if counts["variant"] else "conforms"
    return whole + " in part" * (answered < needed)
