"""Judging a candidate: case by case, then as a whole, then by name of its mistake."""

import contextlib
import fnmatch
import shlex
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import Any

import numpy as np

from refimpl import __version__
from refimpl.oracle import cases, catalog, tolerance
from refimpl.oracle.candidates import Candidate, CandidateError, Function, NotApplicable, Skipped
from refimpl.oracle.candidates.base import named_outputs
from refimpl.specs.base import Case, Operation

STATUSES = ("passed", "failed", "variant", "error", "skipped", "xfail", "xpass", "not_applicable")
FAILURES = ("failed", "error", "xpass")
DTYPES = ("float64", "float32")
WIDEST = 1e-3  # share of the largest entry of a mistake's answer that rounding may move it, if not the right one too


@dataclass(frozen=True)
class Diagnosis:
    """The known mistakes or variants whose outputs the candidate's equal on every case."""

    kind: str  # "mutant" or "variant"
    names: tuple[str, ...]  # more than one: this run cannot tell them apart
    hint: str
    bug_type: str = ""
    origin: str = ""


@dataclass(frozen=True)
class Record:
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
    repro: str = ""  # a command that reruns this case alone
    seconds: float = 0.0
    traceback: str = ""
    stderr_tail: str = ""


@dataclass(frozen=True)
class Report:
    """Verdict over all planned checks."""

    target: str
    candidate: dict[str, str]  # name, version, language
    verdict: str  # "conforms", "conforms to variant X", "deviates", "error", "nothing ran"
    counts: dict[str, int]  # of each status; they add up to `planned`
    planned: int
    records: tuple[Record, ...]
    diagnosis: Diagnosis | None = None
    advice: tuple[Record, ...] = ()  # error cases, which count only when asked for
    refimpl: str = __version__
    problems: tuple[str, ...] = field(default=())  # patterns and expected failures that are stale

    def exit_code(self, *, strict=False):
        """0 conforms; 1 deviates (a variant too, under `strict`), or a problem; 2 error, or nothing ran."""
        if self.verdict.startswith("conforms"):
            return int(bool(self.problems) or (strict and self.verdict != "conforms"))
        return 1 if self.verdict == "deviates" else 2


_known: dict[tuple[str, str, str], tuple[Any, Any]] = {}  # answers are dear, and asked for by every mutant


def expected(operation: Operation, inputs: dict[str, Any], dtype: str):
    """Exact answers and their tolerances, as two dicts by output, for inputs already in `dtype`.

    Examples
    --------
    >>> op = catalog.operation("lion.trajectory")
    >>> answers, tolerances = expected(op, dict(op.cases[0].inputs), "float64")
    >>> answers["thetas"][-1].tolist(), bool((tolerances["thetas"] < 1e-13).all())
    ([-2.0, -4.0], True)
    """
    key = (operation.name, cases.digest(inputs), dtype)
    if key not in _known:
        names = [f.name for f in operation.outputs]
        exact = tolerance.outputs_of(operation.exact(**inputs))
        allowed = tolerance.spread(tolerance.noisy_runs(operation.reference, inputs, dtype), exact, dtype)
        largest = [np.abs(x).max(initial=0.0) for x in exact]
        floors = [f.ulps * tolerance.unit(dtype) * x for f, x in zip(operation.outputs, largest, strict=True)]
        allowed = map(np.fmax, allowed, floors)
        _known[key] = dict(zip(names, exact, strict=True)), dict(zip(names, allowed, strict=True))
    return _known[key]


# One check -----------------------------------------------------------------------------------------------------


def _wrong_shape(entry, got, answers):
    """Fields of a record if an output has not the shape of its answer, or None."""
    found, wanted = np.shape(got[entry.name]), np.shape(answers[entry.name])
    if found == wanted:
        return None
    message = f"{entry.name} has shape {found}; expected {wanted} = [{entry.axes}]"
    return {"status": "failed", "output": entry.name, "message": message}


def _first_difference(operation, got, answers, tolerances):
    """Fields of a record that tell where `got` leaves the answers first, or what agreement there is."""
    fewest = 17.0
    for entry in operation.outputs:
        name = entry.name
        if wrong := _wrong_shape(entry, got, answers):
            return wrong
        agreeing = tolerance.digits(got[name], answers[name])
        fewest = min(fewest, float(agreeing.min(initial=17.0)))
        good = tolerance.agrees(got[name], answers[name], tolerances[name])
        if good.all():
            continue
        where = tuple(int(i) for i in np.argwhere(~good)[0])
        first_step = 0 if entry.axes.split()[:1] and "+" in entry.axes.split()[0] else 1
        per_step = agreeing.reshape(agreeing.shape[0], -1).min(axis=1) if entry.steps else ()
        step = where[0] + first_step if entry.steps else None
        component = where[1:] if entry.steps else where
        place = f"{name}{list(component) if component else ''}"
        return {
            "status": "failed",
            "output": name,
            "step": step,
            "component": component,
            "expected": float(answers[name][where]),
            "got": float(got[name][where]),
            "error": float(abs(got[name][where] - answers[name][where])),
            "tolerance": float(tolerances[name][where]),
            "digits": float(agreeing[where]),
            "digits_per_step": tuple(round(float(d), 1) for d in per_step),
            "message": f"{place} differs first" + (f" at step {step}" if step is not None else ""),
        }
    return {"status": "passed", "digits": fewest}


def _ask(candidate, operation, inputs):
    """Outputs, or the fields of a record that say why there are none."""
    try:
        with contextlib.redirect_stdout(sys.stderr):  # ours is for the verdict
            return candidate.run(operation, inputs), {}
    except Skipped as skip:
        return None, {"status": "skipped", "reason": str(skip)}
    except NotApplicable as reason:
        return None, {"status": "not_applicable", "reason": str(reason)}
    except CandidateError as error:
        tail = {"traceback": error.traceback[-4000:], "stderr_tail": error.stderr[-4000:]}
        label = "" if error.kind == "error" else f"{error.kind}: "
        return None, {"status": "error", "message": label + str(error), **tail}


def _judge_case(operation, case, dtype, candidate):
    inputs = cases.rounded(case.inputs, dtype)
    answers, tolerances = expected(operation, inputs, dtype)
    got, fields = _ask(candidate, operation, inputs)
    if got is not None:
        fields = _first_difference(operation, got, answers, tolerances)
    return got, fields | {
        "tolerance_source": tolerance.SOURCE,
        "answer_source": case.source or operation.exact_source,
    }


def _by_name(operation, **arguments):
    """What the reference answers, by output."""
    result = operation.reference(**arguments)
    names = (entry.name for entry in operation.outputs)
    return dict(zip(names, result if isinstance(result, tuple) else (result,), strict=True))


def _law_tolerances(operation, law, inputs, dtype):
    """Per pair of a law, how far rounding alone drives its two sides apart on the reference."""
    wide = {k: v.astype(np.float64) if isinstance(v, np.ndarray) else v for k, v in inputs.items()}
    reference = partial(_by_name, operation)

    def gaps(**arguments):
        return tuple(x for got, wanted in law.pairs(reference, arguments) for x in (got - wanted, wanted))

    runs = list(tolerance.noisy_runs(gaps, wide, dtype))
    zeros = [np.zeros_like(x) for x in runs[0][0::2]]
    widest = tolerance.spread((run[0::2] for run in runs), zeros, dtype)
    scales = [np.max([np.abs(run[1::2][i]) for run in runs], axis=0) for i in range(len(zeros))]
    ulps, unit = max(f.ulps for f in operation.outputs), tolerance.unit(dtype)
    return [
        np.fmax(w + 2 * unit * s, ulps * unit * np.max(s, initial=0.0)) for w, s in zip(widest, scales, strict=True)
    ]


def _judge_law(operation, law, case, dtype, candidate):
    inputs = cases.rounded(case.inputs, dtype)
    allowed = _law_tolerances(operation, law, inputs, dtype)

    asked = []

    def run(**arguments):
        got, fields = _ask(candidate, operation, arguments)
        if got is None:
            raise _NoAnswerError(fields)
        asked.append((arguments, got))
        return got

    try:
        with np.errstate(all="ignore"):
            pairs = list(law.pairs(run, inputs))
    except _NoAnswerError as stop:
        return stop.fields
    except Exception:  # a law stumbles over an answer of another shape
        if wrong := _first_wrong_shape(operation, asked):
            return wrong
        raise
    fields: dict[str, Any] = {"status": "passed", "tolerance_source": tolerance.SOURCE}
    for (got, wanted), bound in zip(pairs, allowed, strict=True):
        got, wanted = np.asarray(got, dtype=np.float64), np.asarray(wanted, dtype=np.float64)
        if not got.shape == wanted.shape == bound.shape:
            differ = {"status": "failed", "message": f"breaks the law: {law.statement} (shapes differ)"}
            return fields | (_first_wrong_shape(operation, asked) or differ)
        good = tolerance.agrees(got, wanted, bound)
        if not good.all():
            where = tuple(int(i) for i in np.argwhere(~good)[0])
            return fields | {
                "status": "failed",
                "message": f"breaks the law: {law.statement}",
                "component": where,
                "expected": float(wanted[where]),
                "got": float(got[where]),
                "error": float(abs(got[where] - wanted[where])),
                "tolerance": float(bound[where]),
            }
    return fields


def _first_wrong_shape(operation, asked):
    """Fields of a record for the first answer in `asked`, of (arguments, outputs), that has another shape, or None."""
    for arguments, got in asked:
        answers = _by_name(operation, **arguments)
        for entry in operation.outputs:
            if wrong := _wrong_shape(entry, got, answers):
                return wrong
    return None


class _NoAnswerError(Exception):
    """Inside a law, the candidate gave no outputs."""

    def __init__(self, fields):
        super().__init__(fields)
        self.fields = fields


def _judge_refusal(operation, case, candidate):
    inputs = {**operation.cases[0].inputs, **case.inputs}
    got, fields = _ask(candidate, operation, inputs)
    if got is not None:
        return {"status": "failed", "message": f"accepts what must be refused: {case.why}"}
    if fields["status"] != "error":
        return fields
    name = fields["message"].partition(":")[0]
    if not candidate.refuses:  # another language's exceptions have other names
        status = "failed" if name in ("crash", "timeout", "garbage") else "passed"
        return fields | {"status": status}
    kinds = case.raises if isinstance(case.raises, tuple) else (case.raises,)
    if name not in {kind.__name__ for kind in kinds}:
        wanted = " or ".join(kind.__name__ for kind in kinds)
        return fields | {"status": "failed", "message": f"refuses with {fields['message']}; expected {wanted}"}
    if case.names not in fields["message"]:
        return fields | {"status": "failed", "message": f"refuses without naming {case.names}: {fields['message']}"}
    return {"status": "passed", "message": fields["message"]}


# A whole run ---------------------------------------------------------------------------------------------------


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
        return next((p for p in patterns if any(fnmatch.fnmatchcase(name, p) for name in self.names)), None)


def plans(operations, dtypes, *, fuzz=0, laws=True, errors=False):
    """Every check of some operations, in the order in which they run.

    Parameters
    ----------
    operations : sequence of Operation
        From the catalog.
    dtypes, fuzz, laws, errors
        As for `check`.

    Returns
    -------
    list of Plan
        Cases, then laws of each operation and precision; the error cases last.

    Examples
    --------
    >>> first = plans(catalog.operations("lion.step"), ["float32"])[0]
    >>> first.id, first.dtype, first.why
    ('lion.step/both-agree-...', 'float32', 'gradient and momentum point the same way')
    """
    found = []
    for operation in operations:
        by_slug = {case.slug: case for case in operation.cases}
        every = [*operation.cases, *(cases.fuzz_case(operation, i) for i in range(fuzz))]
        for dtype in dtypes:
            found += [
                Plan(
                    operation,
                    cases.case_id(operation, case),
                    dtype,
                    case.why,
                    partial(_judge_case, operation, case, dtype),
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
                    partial(_without_outputs, _judge_law, operation, law, by_slug[slug], dtype),
                )
                for law in (operation.laws if laws else ())
                for slug in law.cases
            ]
    return found + (_refusals(operations) if errors else [])


def _without_outputs(judge, *arguments):
    return None, judge(*arguments)


def _refusals(operations):
    return [
        Plan(
            operation,
            f"{operation.name}/refuses:{case.slug}",
            "float64",
            case.why,
            partial(_without_outputs, _judge_refusal, operation, case),
        )
        for operation in operations
        for case in operation.errors
    ]


def as_candidate(thing, target):
    """A `Candidate` as it is; a function, or a module of functions, as one.

    Examples
    --------
    >>> as_candidate(lambda **inputs: 0, "lion").offers(catalog.operation("lion.step"))
    False
    """
    return thing if hasattr(thing, "offers") else Function(thing, operation=catalog.operation(target).name)


def check(
    candidate,
    target,
    *,
    dtypes: Sequence[str] = ("float64",),
    only: Sequence[str] = (),
    skip: Mapping[str, str] | None = None,
    fuzz: int = 0,
    laws: bool = True,
    errors: bool = False,
    expected_failures: Mapping[str, str] | None = None,
    max_fail: int | None = None,
    diagnose: bool = True,
    callback: Callable[[Record], None] | None = None,
):
    """Judge a candidate.

    Parameters
    ----------
    candidate : candidates.Candidate, callable or module
        A callable is taken as the operation `target` (of a system: its first operation); of a module or another
        object, the attributes named like operations.
    target : str
        "<system>" or "<system>.<operation>".
    dtypes : sequence of str, default: ("float64",)
        Precisions, of "float64" and "float32".
    only : sequence of str
        Patterns of case ids, slugs, "law:<slug>:<case>" or "refuses:<slug>", each also with "@<dtype>" at its end.
        What matches none of them is not planned.
    skip : dict of str to str, optional
        Pattern -> reason, which must be there. What matches counts as planned and "skipped".
    fuzz : int, default: 0
        So many random cases per operation beside the fixed ones.
    laws : bool, default: True
        Whether to check the laws as well.
    errors : bool, default: False
        Whether the error cases count; otherwise candidates that can raise are told what they let through.
    expected_failures : dict of str to str, optional
        Name as for `only` -> reason. A failure there is "xfail"; an entry that does not fail, or that names
        no check at all, makes the run fail.
    max_fail : int, optional
        >= 1. After so many failures the rest is "skipped", with that reason.
    diagnose : bool, default: True
        Whether to look for the mistake's name.
    callback : callable, optional
        Gets each record as it is made.

    Returns
    -------
    Report
        See there.

    Raises
    ------
    ValueError
        If `target` or a dtype is unknown, a reason is empty, or the candidate offers none of the operations.

    Examples
    --------
    >>> from refimpl.optimizers import lion
    >>> def mine(theta0, grads, lr, beta1, beta2, weight_decay):  # decay left out
    ...     theta, state, thetas = theta0, lion.init(theta0), []
    ...     for g in grads:
    ...         theta, state = lion.update(theta, state, g, lr=lr, beta1=beta1, beta2=beta2)
    ...         thetas.append(theta)
    ...     return np.stack(thetas)
    >>> report = check(mine, "lion")
    >>> report.verdict, report.diagnosis.names
    ('deviates', ('no_decay',))
    """
    operations = catalog.operations(target)
    candidate = as_candidate(candidate, target)
    known_dtypes(dtypes)
    if max_fail is not None and max_fail < 1:
        raise ValueError(f"max_fail must be >= 1, got {max_fail}")
    if fuzz < 0:
        raise ValueError(f"fuzz must be >= 0, got {fuzz}")
    skip = with_reasons(skip=skip)
    excused = with_reasons(expected_failures=expected_failures)
    operations = [op for op in operations if candidate.offers(op)]
    if not operations:
        names = ", ".join(operation.name.partition(".")[2] for operation in catalog.operations(target))
        raise ValueError(f"{candidate.name} offers no operation of {target}: {candidate.lacks.format(names=names)}")

    planned = plans(operations, dtypes, fuzz=fuzz, laws=laws, errors=errors)
    planned = [plan for plan in planned if not only or plan.matching(only)]
    outputs, records = [], []
    failures = 0
    for plan in planned:
        pattern = plan.matching(skip)
        if failures == max_fail:
            record, got = _passed_over(plan, candidate, f"stopped after {max_fail} failure{'s' * (failures > 1)}"), None
        elif pattern is not None:
            record, got = _passed_over(plan, candidate, skip[pattern]), None
        else:
            record, got = carry_out(plan, candidate, excused)
        failures += record.status in FAILURES
        outputs.append(got)
        records.append(record)
        if callback:
            callback(record)
    problems = _unexpected(records)
    if only or skip or excused:
        everything = catalog.system(operations[0].system).operations  # a run of a part of that makes no name stale
        names = plans(everything, DTYPES, fuzz=fuzz, errors=True)
        problems += stale(names, only=only, skip=skip, expected_failures=excused)

    diagnosis = None
    if diagnose:
        diagnosis = diagnose_outputs(planned, outputs, records)
        if diagnosis and diagnosis.kind == "variant":
            records = _as_variant(planned, records, diagnosis)
    advice = []
    if candidate.refuses and not (errors or only or failures == max_fail):
        advice = [carry_out(p, candidate, {})[0] for p in _refusals(operations) if p.matching(skip) is None]
    counts = Counter(record.status for record in records)
    return Report(
        target=target,
        candidate=candidate.about,
        verdict=_verdict(counts, diagnosis),
        counts={status: counts[status] for status in STATUSES},
        planned=len(planned),
        records=tuple(records),
        diagnosis=diagnosis,
        advice=tuple(advice),
        problems=tuple(sorted(problems)),
    )


def _unexpected(records):
    return [f"{r.case} passes; remove it from the expected failures" for r in records if r.status == "xpass"]


def merged(target, reports):
    """One report of several of one candidate, each of other operations.

    Parameters
    ----------
    target : str
        What they are reports of, taken together.
    reports : sequence of Report
        At least one, in the order of the operations, made with the same settings.

    Returns
    -------
    Report
        That of one run over all of the operations. A pattern is stale if it is in each of them.

    Examples
    --------
    >>> parts = [check(op.reference, op.name, laws=False) for op in catalog.operations("lion")]
    >>> whole = merged("lion", parts)
    >>> whole.verdict, whole.planned == sum(report.planned for report in parts)
    ('conforms', True)
    """
    records = [record for report in reports for record in report.records]
    records.sort(key=lambda record: "/refuses:" in record.case)  # they come last
    counts: Counter[str] = Counter()
    for report in reports:
        counts.update(report.counts)
    found = {report.diagnosis for report in reports if report.diagnosis}
    unexpected = _unexpected(records)
    everywhere = set.intersection(*(set(report.problems) for report in reports)) - set(unexpected)
    diagnosis = found.pop() if len(found) == 1 else None
    return replace(
        reports[0],
        target=target,
        verdict=_verdict(counts, diagnosis) if diagnosis or not counts["variant"] else "deviates",
        counts={status: counts[status] for status in STATUSES},
        planned=sum(report.planned for report in reports),
        records=tuple(records),
        diagnosis=diagnosis,
        advice=tuple(record for report in reports for record in report.advice),
        problems=tuple(sorted([*unexpected, *everywhere])),
    )


def known_dtypes(dtypes):
    """Check that precisions are ones that can be judged.

    Examples
    --------
    >>> known_dtypes("float64")
    Traceback (most recent call last):
    ValueError: dtypes must be a sequence of 'float64' and 'float32', got 'float64'
    """
    if not dtypes or isinstance(dtypes, str) or set(dtypes) - set(DTYPES):
        raise ValueError(f"dtypes must be a sequence of 'float64' and 'float32', got {dtypes!r}")


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
        if not fnmatch.filter(names, pattern)
    ]
    return found + [f"expected failure {name!r} names no check" for name in expected_failures if name not in names]


def carry_out(plan, candidate, excused):
    """Run one check.

    Parameters
    ----------
    plan : Plan
        From `plans`.
    candidate : Candidate
        That offers the plan's operation.
    excused : dict of str to str
        Expected failures.

    Returns
    -------
    record : Record
        What came out.
    outputs : dict of str to numpy.ndarray, or None
        What the candidate answered, where the check is a case.
    """
    start = time.perf_counter()
    got, fields = plan.run(candidate)
    seconds = time.perf_counter() - start
    names = plan.names & excused.keys()
    if names and fields["status"] not in ("skipped", "not_applicable"):
        failed = fields["status"] in FAILURES
        reason = excused[min(names)]
        fields |= {"status": "xfail" if failed else "xpass", "expected_to_fail": True, "reason": reason}
    return _record(plan, candidate, seconds=seconds, **fields), got


def _passed_over(plan, candidate, reason):
    return _record(plan, candidate, status="skipped", reason=reason)


def _record(plan, candidate, **fields):
    return Record(
        operation=plan.operation.name,
        case=plan.id,
        dtype=plan.dtype,
        flags=plan.case.flags if plan.case else (),
        why=plan.why,
        repro=_repro(plan, candidate),
        **fields,
    )


def _repro(plan, candidate):
    """The command that reruns a check alone, or a Python call if no command line can name the candidate."""
    number = plan.short.removeprefix("fuzz-")
    fuzz = int(number) + 1 if plan.case and number != plan.short else 0
    errors = plan.short.startswith("refuses:")
    name, only, dtype = plan.operation.name, plan.short, plan.dtype
    if candidate.repro is None:
        extra = f", fuzz={fuzz}" * bool(fuzz) + ", errors=True" * errors
        return f"refimpl.oracle.check(candidate, {name!r}, only=[{only!r}], dtypes=[{dtype!r}]{extra})"
    words = ["refimpl", "check", name, *candidate.repro, "--only", only, "--dtype", dtype]
    return shlex.join(words + ["--fuzz", str(fuzz)] * bool(fuzz) + ["--errors"] * errors)


def _verdict(counts, diagnosis):
    if counts["failed"] or counts["xpass"]:
        return "deviates"
    if counts["error"]:
        return "error"
    if counts["variant"]:
        return f"conforms to variant {diagnosis.names[0]}"
    return "conforms" if counts["passed"] or counts["xfail"] else "nothing ran"


# Diagnosis -----------------------------------------------------------------------------------------------------


def _alternatives(operations):
    """(kind, name) -> functions by operation, and the spec entry itself."""
    table: dict[tuple[str, str], tuple[dict[str, Any], Any]] = {}
    for operation in operations:
        for kind, entries in (("variant", operation.variants), ("mutant", operation.mutants)):
            for entry in entries:
                if not getattr(entry, "equivalent", ""):
                    functions, _ = table.setdefault((kind, entry.slug), ({}, entry))
                    functions[operation.name] = entry.function
    return table


def diagnose_outputs(planned, outputs, records):
    """The variants, else the mutants, that the candidate equals on every case that gave outputs.

    A match must say something: on at least one case where the candidate deviates, the alternative must be far
    enough from the right answer to be told from it.
    """
    seen = [
        (plan, got, record.status in ("failed", "xfail"))
        for plan, got, record in zip(planned, outputs, records, strict=True)
        if plan.case is not None and (got is not None or record.status == "error")
    ]
    deviating = {plan.operation.name for plan, _, failed in seen if failed}
    if not deviating:
        return None
    matches: dict[str, list[Any]] = {"variant": [], "mutant": []}
    operations = {plan.operation.name: plan.operation for plan in planned}
    wrong = [item for item in seen if item[0].operation.name in deviating]  # elsewhere a mistake need not be
    for (kind, _), (functions, entry) in _alternatives(operations.values()).items():
        if deviating <= functions.keys() and _equals(functions, wrong if kind == "mutant" else seen):
            matches[kind].append(entry)
    for kind, found in matches.items():
        if found:
            return Diagnosis(
                kind=kind,
                names=tuple(entry.slug for entry in found),
                hint=found[0].doc if kind == "variant" else found[0].hint,
                bug_type=getattr(found[0], "bug_type", ""),
                origin=found[0].source if kind == "variant" else found[0].origin,
            )
    return None


def _equals(functions, seen):
    """Whether an alternative explains everything that was seen of the candidate."""
    telling = False
    for plan, got, failed in sorted(seen, key=lambda item: not item[2]):  # deviating cases first: they decide soonest
        function = functions.get(plan.operation.name)
        if function is None:  # the mistake has no form in this operation, where the candidate is right
            continue
        inputs = cases.rounded(plan.case.inputs, plan.dtype)
        alternative = _alternative_answer(function, plan.operation, inputs, plan.dtype)
        if got is None or alternative is None:
            if (got is None) != (alternative is None):
                return False
            continue
        if not alternative.explains(got):
            return False
        if failed and not telling:
            telling = alternative.differs(*expected(plan.operation, inputs, plan.dtype))
    return telling


class _Alternative:
    """Outputs of a mutant or variant by name, and how far rounding moves them, found out when it is asked for."""

    def __init__(self, function, operation, inputs, dtype):
        wide = {k: v.astype(np.float64) if isinstance(v, np.ndarray) else v for k, v in inputs.items()}
        with np.errstate(all="ignore"):
            self.outputs = named_outputs(operation, function(**wide))
        self._noisy = partial(tolerance.noisy_runs, function, inputs, dtype)
        self._dtype = dtype
        _, tolerances = expected(operation, inputs, dtype)
        self._right = {name: x.max(initial=0.0) for name, x in tolerances.items()}  # how far the right one is moved

    def _spread(self, trials):
        centre = tuple(self.outputs.values())
        try:
            spread = tolerance.spread(self._noisy(trials=trials), centre, self._dtype)
        except Exception:  # a mistake that raises once its numbers are shaken
            spread = tolerance.spread((), centre, self._dtype)
        if self._dtype == "float32":  # a mistake in float32 does differ so much from itself in float64
            return dict(zip(self.outputs, spread, strict=True))
        # Where a mistake jumps, noise drives it anywhere: that explains no answer.
        return {
            name: np.minimum(wide, max(self._right[name], WIDEST * np.abs(value[np.isfinite(value)]).max(initial=0.0)))
            for (name, value), wide in zip(self.outputs.items(), spread, strict=True)
        }

    @cached_property
    def _around(self):
        return self._spread(trials=6)

    @cached_property
    def _far(self):
        """What one run with rounding noise, which is cheap, says is too far to be rounding."""
        return {name: 1e3 * spread.max(initial=0.0) for name, spread in self._spread(trials=1).items()}

    def _agrees(self, got, around):
        return all(tolerance.agrees(got[name], value, around[name]).all() for name, value in self.outputs.items())

    def explains(self, got):
        """Whether it answers `got`, within rounding; most are far apart, or the very same."""
        if any(value.shape != got[name].shape for name, value in self.outputs.items()):
            return False
        if self._agrees(got, dict.fromkeys(got, 0.0)):
            return True
        return self._agrees(got, self._far) and self._agrees(got, self._around)

    def differs(self, answers, tolerances):
        """Whether it is too far from the right answers to be mistaken for them."""
        if any(value.shape != answers[name].shape for name, value in self.outputs.items()):
            return True

        def within(around):
            return self._agrees(answers, {name: tolerances[name] + spread for name, spread in around.items()})

        return not (within(self._far) and within(self._around))


_answered: dict[Any, _Alternative | None] = {}  # every mutant is compared with every other one


def _alternative_answer(function, operation, inputs, dtype):
    """What an alternative answers; None if it raises."""
    key = (function, operation.name, cases.digest(inputs), dtype)
    if key not in _answered:
        try:
            _answered[key] = _Alternative(function, operation, inputs, dtype)
        except Exception:  # a mistake may be one that raises
            _answered[key] = None
    return _answered[key]


def _as_variant(planned, records, diagnosis):
    """Failures that a variant explains become "variant"; so do the laws that the variant itself breaks."""
    name = diagnosis.names[0]
    out = []
    for plan, record in zip(planned, records, strict=True):
        variants = [variant for variant in plan.operation.variants if variant.slug == name]
        if record.status == "failed" and (plan.case or any(breaks_law(plan, variant) for variant in variants)):
            record = replace(record, status="variant")
        out.append(record)
    return out


def breaks_law(plan, variant):
    """Whether what `plan` checks is a law that does not hold for a variant either."""
    twin = Function(variant.function, operation=plan.operation.name)
    return plan.short.startswith("law:") and plan.run(twin)[1]["status"] == "failed"


def check_mutants(target, dtypes=("float64",), *, callback=None):
    """Every mutant of a target run as a candidate.

    Returns
    -------
    list of dict
        Per operation and mutant what its spec says, and: "killed" (some case fails), "named" (the diagnosis is this
        mutant and no other), "killed_by" (slugs of the cases that it fails), "good" (killed and named; of an
        equivalent one: not killed).

    Examples
    --------
    >>> all(row["good"] for row in check_mutants("lion.step"))
    True
    """
    rows = []
    for operation in catalog.operations(target):
        for mutant in operation.mutants:
            candidate = Function(mutant.function, operation=operation.name)
            report = check(candidate, operation.name, dtypes=dtypes, laws=False)
            fatal = {r.case for r in report.records if r.status in ("failed", "error")}
            named = report.diagnosis is not None and report.diagnosis.names == (mutant.slug,)
            told = {name: getattr(mutant, name) for name in ("slug", "bug_type", "hint", "origin", "equivalent")}
            rows.append(
                {"operation": operation.name, **told}
                | {"killed": bool(fatal), "named": named}
                | {"killed_by": sorted(case.partition("/")[2].rpartition("-")[0] for case in fatal)}
                | {"good": not fatal if mutant.equivalent else bool(fatal) and named}
            )
            if callback:
                callback(rows[-1])
    return rows
