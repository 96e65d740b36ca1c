"""The listed mistakes and variants whose answers are those of a candidate."""

from dataclasses import replace
from functools import cached_property, partial
from typing import Any

import numpy as np

from refimpl.oracle import catalog
from refimpl.oracle.candidates import Function
from refimpl.oracle.candidates.base import named_outputs
from refimpl.oracle.judging import cases, tolerance
from refimpl.oracle.judging.answers import expected
from refimpl.oracle.judging.plans import Settings
from refimpl.oracle.judging.records import Diagnosis
from refimpl.oracle.judging.run import run

WIDEST = 1e-3  # share of the largest entry of a mistake's answer that rounding may move it, if not the right one too


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


def explained(done):
    """What the answers of a run are, and its records in that light.

    Parameters
    ----------
    done : judging.run.Run
        What came of it.

    Returns
    -------
    diagnosis : Diagnosis or None
        As of `diagnose_outputs`.
    records : list of Record
        Failures that a variant explains are "variant"; so are the laws that the variant itself breaks.
    """
    diagnosis = diagnose_outputs(done.planned, done.outputs, done.records)
    if diagnosis is None or diagnosis.kind != "variant":
        return diagnosis, done.records
    name = diagnosis.names[0]
    out = []
    for plan, record in zip(done.planned, done.records, strict=True):
        variants = [variant for variant in plan.operation.variants if variant.slug == name]
        if record.status == "failed" and (plan.case or any(breaks_law(plan, variant) for variant in variants)):
            record = replace(record, status="variant")
        out.append(record)
    return diagnosis, out


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
            diagnosis, records = explained(run(candidate, [operation], Settings(dtypes, laws=False)))
            fatal = {r.case for r in records if r.status in ("failed", "error")}
            named = diagnosis is not None and diagnosis.names == (mutant.slug,)
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
