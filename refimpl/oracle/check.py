"""Judging a candidate: case by case, then as a whole, then by name of its mistake."""

import fnmatch
import shlex
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from refimpl import __version__
from refimpl.oracle import cases, catalog, tolerance
from refimpl.oracle.candidates import CandidateError, Function, NotApplicable, Skipped
from refimpl.oracle.candidates.base import named_outputs
from refimpl.specs.base import Case, Operation

STATUSES = ("passed", "failed", "variant", "error", "skipped", "xfail", "xpass", "not_applicable")


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
    problems: tuple[str, ...] = field(default=())  # stale or unknown expected failures

    def exit_code(self, *, strict=False):
        """0 conforms; 1 deviates (or a variant, under `strict`); 2 error, or nothing ran."""
        if self.problems:
            return 1
        if self.verdict.startswith("conforms to variant"):
            return int(strict)
        return {"conforms": 0, "deviates": 1}.get(self.verdict, 2)

    def as_dict(self):
        """Plain data, for JSON."""
        return asdict(self)


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
        _known[key] = dict(zip(names, exact, strict=True)), dict(zip(names, allowed, strict=True))
    return _known[key]


# One check -----------------------------------------------------------------------------------------------------


def _first_difference(operation, got, answers, tolerances):
    """Fields of a record that tell where `got` leaves the answers first, or what agreement there is."""
    fewest = 17.0
    for entry in operation.outputs:
        name = entry.name
        if got[name].shape != answers[name].shape:
            return {
                "status": "failed",
                "output": name,
                "message": f"{name} has shape {got[name].shape}; expected {answers[name].shape} = [{entry.axes}]",
            }
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
        return candidate.run(operation, inputs), {}
    except Skipped as skip:
        return None, {"status": "skipped", "reason": str(skip)}
    except NotApplicable as reason:
        return None, {"status": "not_applicable", "reason": str(reason)}
    except CandidateError as error:
        tail = {"traceback": error.traceback[-4000:], "stderr_tail": error.stderr[-4000:]}
        label = "" if error.kind == "error" else f"{error.kind}: "
        return None, {"status": "error", "message": label + str(error), **tail}


def _judge_case(candidate, operation, case, dtype):
    inputs = cases.rounded(case.inputs, dtype)
    answers, tolerances = expected(operation, inputs, dtype)
    got, fields = _ask(candidate, operation, inputs)
    if got is not None:
        fields = _first_difference(operation, got, answers, tolerances)
    return got, fields | {
        "tolerance_source": tolerance.SOURCE,
        "answer_source": case.source or operation.exact_source,
    }


def _law_tolerances(operation, law, inputs, dtype):
    """Per pair of a law, how far rounding alone drives its two sides apart on the reference."""
    wide = {k: v.astype(np.float64) if isinstance(v, np.ndarray) else v for k, v in inputs.items()}
    names = [f.name for f in operation.outputs]

    def reference(**arguments):
        result = operation.reference(**arguments)
        return dict(zip(names, result if isinstance(result, tuple) else (result,), strict=True))

    def gaps(**arguments):
        return tuple(x for got, wanted in law.pairs(reference, arguments) for x in (got - wanted, wanted))

    runs = list(tolerance.noisy_runs(gaps, wide, dtype))
    zeros = [np.zeros_like(x) for x in runs[0][0::2]]
    widest = tolerance.spread((run[0::2] for run in runs), zeros, dtype)
    scales = [np.max([np.abs(run[1::2][i]) for run in runs], axis=0) for i in range(len(zeros))]
    return [w + 4 * tolerance.unit_roundoff(dtype) * s for w, s in zip(widest, scales, strict=True)]


def _judge_law(candidate, operation, law, case, dtype):
    inputs = cases.rounded(case.inputs, dtype)
    allowed = _law_tolerances(operation, law, inputs, dtype)
    try:
        with np.errstate(all="ignore"):
            pairs = list(law.pairs(lambda **arguments: _run_or_raise(candidate, operation, arguments), inputs))
    except _NoAnswerError as stop:
        return stop.fields
    fields: dict[str, Any] = {"status": "passed", "tolerance_source": tolerance.SOURCE}
    for (got, wanted), bound in zip(pairs, allowed, strict=True):
        got, wanted = np.asarray(got, dtype=np.float64), np.asarray(wanted, dtype=np.float64)
        if got.shape != wanted.shape:
            return fields | {"status": "failed", "message": f"breaks the law: {law.statement} (shapes differ)"}
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
                "tolerance": float(np.broadcast_to(bound, good.shape)[where]),
            }
    return fields


class _NoAnswerError(Exception):
    """Inside a law, the candidate gave no outputs."""

    def __init__(self, fields):
        super().__init__(fields)
        self.fields = fields


def _run_or_raise(candidate, operation, arguments):
    got, fields = _ask(candidate, operation, arguments)
    if got is None:
        raise _NoAnswerError(fields)
    return got


def _judge_refusal(candidate, operation, case):
    inputs = {**operation.cases[0].inputs, **case.inputs}
    got, fields = _ask(candidate, operation, inputs)
    if got is not None:
        return {"status": "failed", "message": f"accepts what must be refused: {case.why}"}
    if fields["status"] != "error":
        return fields
    name = fields["message"].partition(":")[0]
    kinds = case.raises if isinstance(case.raises, tuple) else (case.raises,)
    if name not in {kind.__name__ for kind in kinds}:
        wanted = " or ".join(kind.__name__ for kind in kinds)
        return fields | {"status": "failed", "message": f"refuses with {fields['message']}; expected {wanted}"}
    return {"status": "passed", "message": fields["message"]}


# A whole run ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Plan:
    """One check to do."""

    operation: Operation
    id: str
    dtype: str
    run: Callable[[], tuple[Any, dict[str, Any]]]  # -> outputs or None, fields of the record
    case: Case | None = None  # of the checks that a diagnosis looks at


def _plan(candidate, operations, dtypes, fuzz, laws):
    for operation in operations:
        by_slug = {case.slug: case for case in operation.cases}
        every = [*operation.cases, *(cases.fuzz_case(operation, i) for i in range(fuzz))]
        for dtype in dtypes:
            for case in every:
                if dtype in case.dtypes:
                    yield _Plan(
                        operation,
                        cases.case_id(operation, case),
                        dtype,
                        lambda o=operation, c=case, t=dtype: _judge_case(candidate, o, c, t),
                        case,
                    )
            for law in operation.laws if laws else ():
                for slug in law.cases:
                    yield _Plan(
                        operation,
                        f"{operation.name}/law:{law.slug}:{slug}",
                        dtype,
                        lambda o=operation, w=law, c=by_slug[slug], t=dtype: (
                            None,
                            _judge_law(candidate, o, w, c, t),
                        ),
                    )


def _plan_refusals(candidate, operations):
    for operation in operations:
        for case in operation.errors:
            yield _Plan(
                operation,
                f"{operation.name}/refuses:{case.slug}",
                "float64",
                lambda o=operation, c=case: (None, _judge_refusal(candidate, o, c)),
            )


def _selected(identifier, only, skip):
    """Whether patterns (of the id, the part after "/", or the slug) choose a check."""
    short = identifier.partition("/")[2]
    slug = short.rpartition("-")[0]

    def matches(pattern):
        return any(fnmatch.fnmatchcase(text, pattern) for text in (identifier, short, slug))

    return (not only or any(map(matches, only))) and not any(map(matches, skip))


def check(
    candidate,
    target,
    *,
    dtypes: Sequence[str] = ("float64",),
    only: Sequence[str] = (),
    skip: Sequence[str] = (),
    fuzz: int = 0,
    laws: bool = True,
    errors: bool = False,
    expected_failures: dict[str, str] | None = None,
    diagnose: bool = True,
    callback: Callable[[Record], None] | None = None,
):
    """Judge a candidate.

    Parameters
    ----------
    candidate : candidates.Candidate or callable
        A callable is taken as the operation `target` (of a system: its first operation).
    target : str
        "<system>" or "<system>.<operation>".
    dtypes : sequence of str, default: ("float64",)
        Precisions, of "float64" and "float32".
    only, skip : sequences of str
        Patterns of case ids, slugs or "law:<slug>:<case>"; what is skipped is not planned.
    fuzz : int, default: 0
        So many random cases per operation beside the fixed ones.
    laws : bool, default: True
        Whether to check the laws as well.
    errors : bool, default: False
        Whether the error cases count; otherwise candidates that can raise are told what they let through.
    expected_failures : dict of str to str, optional
        Case id or slug -> reason. A failure there is "xfail"; an entry that does not fail, or that names no planned
        case, makes the run fail.
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
        If `target` or a dtype is unknown, or the candidate offers none of its operations.

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
    if not hasattr(candidate, "offers"):
        candidate = Function(candidate, operation=operations[0].name)
    unknown = set(dtypes) - {"float64", "float32"}
    if unknown or not dtypes:
        raise ValueError(f"dtypes must be of 'float64', 'float32', got {list(dtypes)}")
    operations = [op for op in operations if candidate.offers(op)]
    if not operations:
        raise ValueError(f"{candidate.name} offers no operation of {target}")

    plans = [
        plan
        for plan in (
            *_plan(candidate, operations, dtypes, fuzz, laws),
            *(_plan_refusals(candidate, operations) if errors else ()),
        )
        if _selected(plan.id, only, skip)
    ]
    excused = dict(expected_failures or {})
    used: set[str] = set()
    outputs, records = [], []
    for plan in plans:
        record, got = _carry_out(plan, candidate, target, excused, used)
        outputs.append(got)
        records.append(record)
        if callback:
            callback(record)
    problems = [f"expected failure {name!r} names no planned case" for name in excused.keys() - used]
    problems += [f"{r.case} passes; remove it from the expected failures" for r in records if r.status == "xpass"]

    diagnosis = None
    if diagnose:
        diagnosis = _diagnose(plans, outputs, records)
        if diagnosis and diagnosis.kind == "variant":
            records = _as_variant(plans, records, diagnosis)
    advice = []
    if candidate.refuses and not errors and not only:
        advice = [_carry_out(p, candidate, target, {}, set())[0] for p in _plan_refusals(candidate, operations)]
    counts = Counter(record.status for record in records)
    return Report(
        target=target,
        candidate={"name": candidate.name, "version": candidate.version, "language": candidate.language},
        verdict=_verdict(counts, diagnosis),
        counts={status: counts[status] for status in STATUSES},
        planned=len(plans),
        records=tuple(records),
        diagnosis=diagnosis,
        advice=tuple(advice),
        problems=tuple(sorted(problems)),
    )


def _carry_out(plan, candidate, target, excused, used):
    """Run one check; return its record and the outputs."""
    start = time.perf_counter()
    got, fields = plan.run()
    seconds = time.perf_counter() - start
    names = {plan.id, plan.id.partition("/")[2], plan.case.slug if plan.case else plan.id} & excused.keys()
    used |= names
    if names and fields["status"] not in ("skipped", "not_applicable"):
        failed = fields["status"] in ("failed", "error")
        reason = excused[next(iter(names))]
        fields |= {"status": "xfail" if failed else "xpass", "expected_to_fail": True, "reason": reason}
    short = plan.case.slug if plan.case else plan.id.partition("/")[2]
    extra = f" --fuzz {int(short[5:]) + 1}" if short.startswith("fuzz-") else ""
    extra += " --errors" if short.startswith("refuses:") else ""
    words = ["refimpl", "check", plan.operation.name, *candidate.repro, "--only", short, "--dtype", plan.dtype]
    return Record(
        operation=plan.operation.name,
        case=plan.id,
        dtype=plan.dtype,
        flags=plan.case.flags if plan.case else (),
        repro=shlex.join(words) + extra,
        seconds=seconds,
        **fields,
    ), got


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


def _diagnose(plans, outputs, records):
    """The variants, else the mutants, that the candidate equals on every case that gave outputs.

    A match must say something: on at least one case where the candidate deviates, the alternative must be far
    enough from the right answer to be told from it.
    """
    seen = [
        (plan, got, record.status in ("failed", "xfail"))
        for plan, got, record in zip(plans, outputs, records, strict=True)
        if plan.case is not None and (got is not None or record.status == "error")
    ]
    deviating = {plan.operation.name for plan, _, failed in seen if failed}
    if not deviating:
        return None
    matches: dict[str, list[Any]] = {"variant": [], "mutant": []}
    for (kind, _), (functions, entry) in _alternatives({p.operation.name: p.operation for p in plans}.values()).items():
        if deviating <= functions.keys() and _equals(functions, seen):
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
        alternative = _plain_run(function, plan.operation, inputs)
        if got is None or alternative is None:
            if (got is None) != (alternative is None):
                return False
            continue
        answers, tolerances = expected(plan.operation, inputs, plan.dtype)
        centre = tuple(alternative.values())
        runs = tolerance.noisy_runs(function, inputs, plan.dtype, trials=6)
        around = dict(zip(alternative, tolerance.spread(runs, centre, plan.dtype), strict=True))
        for name, value in alternative.items():
            if value.shape != got[name].shape or not tolerance.agrees(got[name], value, around[name]).all():
                return False
            if failed and value.shape == answers[name].shape:
                apart = ~tolerance.agrees(value, answers[name], tolerances[name] + around[name])
                telling = telling or bool(apart.any())
            telling = telling or value.shape != answers[name].shape
    return telling


def _plain_run(function, operation, inputs):
    """Outputs of an alternative in float64, or None if it raises."""
    wide = {k: v.astype(np.float64) if isinstance(v, np.ndarray) else v for k, v in inputs.items()}
    try:
        with np.errstate(all="ignore"):
            return named_outputs(operation, function(**wide))
    except Exception:
        return None


def _as_variant(plans, records, diagnosis):
    """Failures that a variant explains become "variant"; so do the laws that the variant itself breaks."""
    name = diagnosis.names[0]
    out = []
    for plan, record in zip(plans, records, strict=True):
        if record.status == "failed":
            explained = plan.case is not None or any(
                _breaks_law(plan, variant) for variant in plan.operation.variants if variant.slug == name
            )
            if explained:
                record = Record(**{**record.__dict__, "status": "variant"})
        out.append(record)
    return out


def _breaks_law(plan, variant):
    """Whether the law that `plan` checks does not hold for a variant either."""
    _, slug, case_slug = plan.id.partition("/")[2].split(":")
    law = next(law for law in plan.operation.laws if law.slug == slug)
    case = next(case for case in plan.operation.cases if case.slug == case_slug)
    twin = Function(variant.function, operation=plan.operation.name)
    return _judge_law(twin, plan.operation, law, case, plan.dtype)["status"] == "failed"


def check_mutants(target, *, dtypes=("float64",), callback=None):
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
