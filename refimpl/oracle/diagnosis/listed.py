"""The listed mistakes, variants and choices whose answers are those of a candidate."""

import contextlib
from dataclasses import replace
from functools import cached_property, partial
from typing import Any

import numpy as np

from refimpl.oracle import catalog, edits
from refimpl.oracle.candidates import CandidateError, Function
from refimpl.oracle.candidates.base import named_outputs
from refimpl.oracle.diagnosis.evidence import size
from refimpl.oracle.judging import answers, cases, tolerance
from refimpl.oracle.judging.answers import right
from refimpl.oracle.judging.plans import Settings
from refimpl.oracle.judging.records import Diagnosis, Record
from refimpl.oracle.judging.run import Run

WIDEST = 1e-3  # share of the largest entry of a mistake's answer that rounding may move it, if not the right one too
ORDER = ("variant", "choice", "mistake")  # what is looked for first


def diagnose_outputs(planned, outputs, records):
    """The variants, else the choices, else the mistakes, that the candidate equals on every case that gave outputs.

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
    wrong = [item for item in seen if item[0].operation.name in deviating]  # elsewhere a mistake need not be
    shown = {name: edits.shown_in(name) for name in {plan.operation.name for plan, _, _ in seen}}
    everywhere = set.intersection(*({a.slug for a in shown[name]} for name in deviating))
    known = edits.alternatives(planned[0].operation.system)
    for kind in ORDER:
        found = [
            a
            for slug, a in known.items()
            if a.kind == kind and slug in everywhere and _equals(a, seen if kind == "variant" else wrong, shown)
        ]
        if found:
            names = tuple(a.slug for a in found)
            return Diagnosis(kind, names, hint=found[0].doc, bug_type=found[0].bug_type, origin=found[0].origin)
    return None


def _equals(alternative, seen, shown):
    """Whether an alternative explains everything that was seen of the candidate."""
    telling = False
    for plan, got, failed in sorted(seen, key=lambda item: not item[2]):  # deviating cases first: they decide soonest
        if alternative not in shown[plan.operation.name]:  # it changes nothing here, where the candidate is right
            continue
        answer = _answer_of(alternative, plan.operation, plan.case, plan.dtype)
        if got is None or answer is None:
            if (got is None) != (answer is None):
                return False
            continue
        if not answer.explains(got):
            return False
        if failed and not telling:
            telling = answer.differs()
    return telling


class Answer:
    """What an alternative answers by output, and how far rounding moves that, found out when it is asked for."""

    def __init__(self, function, operation, case, dtype, outputs=None):
        inputs = cases.rounded(case.inputs, dtype)
        self._of = lambda given: named_outputs(operation, function(**given))
        if outputs is None:
            with np.errstate(all="ignore"):
                outputs = self._of(tolerance.wide(inputs))
        self.outputs, self._inputs = outputs, inputs
        self._noisy = partial(tolerance.noisy_runs, function, inputs, dtype)
        self._dtype = dtype
        self._whole = {entry.name for entry in operation.outputs if entry.kind == "int"}
        self._judged = right(operation, case, dtype)

    @property
    def _right(self):
        """How far the right one is moved."""
        return self._judged.tolerances

    @cached_property
    def _most(self):
        """Where a mistake jumps, noise drives it anywhere: that explains no answer. A tolerance is this at most."""
        least = self._at_most(dict.fromkeys(self.outputs, np.zeros(0)))
        return least if self._hardly == least else self._at_most(self._right)  # then many runs would say no more

    @cached_property
    def _hardly(self):
        """More than `_most`, which takes more than one noisy run."""
        return self._at_most({name: tolerance.FAR * x for name, x in self._judged.tolerances_after(1).items()})

    def _at_most(self, moved):
        if self._dtype == "float32":  # a mistake in float32 does differ so much from itself in float64
            return dict.fromkeys(self.outputs, np.inf)
        largest = {name: np.abs(x[np.isfinite(x)]).max(initial=0.0) for name, x in self.outputs.items()}
        return {name: max(moved[name].max(initial=0.0), WIDEST * x) for name, x in largest.items()}

    def _spread(self, trials):
        centre = tuple(self.outputs.values())
        try:
            spread = tolerance.spread(self._noisy(trials=trials), centre, self._dtype)
        except Exception:  # a mistake that raises once its numbers are shaken
            spread = tolerance.spread((), centre, self._dtype)
        return {name: np.minimum(x, self._most[name]) for name, x in zip(self.outputs, spread, strict=True)}

    @cached_property
    def _around(self):
        """At least what the right answer is moved: so few runs may all be lucky."""
        return {
            name: np.fmax(x, self._right[name]) if x.shape == self._right[name].shape else x
            for name, x in self._spread(trials=6).items()
        }

    @cached_property
    def _far(self):
        """What one run with rounding noise, which is cheap, says is too far to be rounding.

        Of whole numbers it says nothing: they jump in one run of many.
        """
        spreads = self._spread(trials=1).items()
        return {
            name: np.inf if name in self._whole else tolerance.FAR * spread.max(initial=0.0) for name, spread in spreads
        }

    def _bounds(self):
        """Tolerances to be kept, the wide and cheap ones first: most answers are far apart."""
        yield self._hardly
        yield self._most
        yield self._far
        yield self._around

    @cached_property
    def _in_single(self):
        """What it answers in single precision, where more overflows and cancels; None if it raises there."""
        with contextlib.suppress(Exception), np.errstate(all="ignore"):
            return self._of(self._inputs)
        return None

    def _centres(self):
        """Its answers in double precision and, if that is what is asked for, in single precision."""
        yield self.outputs
        if self._dtype == "float32" and self._in_single is not None and self._like(self._in_single):
            yield self._in_single

    def _like(self, others):
        return all(value.shape == others[name].shape for name, value in self.outputs.items())

    def explains(self, got):
        """Whether it answers `got`, within rounding; most are far apart, or the very same."""
        return self._like(got) and any(self._about(centre, got) for centre in self._centres())

    def _about(self, centre, got):
        if tolerance.close(got, centre, tolerance.least(centre, self._dtype)):
            return True
        return all(tolerance.close(got, centre, around) for around in self._bounds())

    def differs(self):
        """Whether it is too far from the right answers to be mistaken for them."""
        return not self._like(self._judged.answers) or any(map(self._apart, self._centres()))

    def _apart(self, centre):
        agrees = partial(tolerance.close, self._judged.answers, centre)
        if not agrees({name: 2 * x for name, x in self._hardly.items()}):
            return True
        both = ({name: self._right[name] + x for name, x in around.items()} for around in self._bounds())
        return not all(map(agrees, both))


_answers: dict[Any, Answer | None] = {}  # every mistake is compared with every other one


def _answer_of(alternative, operation, case, dtype, outputs=None):
    """What an alternative answers, which may be known already; None if it raises."""
    key = (operation.name, alternative.slug, cases.digest_of(case), dtype)
    if key not in _answers:
        try:
            _answers[key] = Answer(edits.runner(operation, alternative), operation, case, dtype, outputs)
        except Exception:  # a mistake may be one that raises
            _answers[key] = None
    return _answers[key]


def forget():
    """Forget what alternatives answer, and all that is known of right answers."""
    _answers.clear()
    answers.forget()


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
        Failures that a variant explains are "variant"; so are the laws that the variant itself breaks. Of a run that
        was stopped by its failures nobody knows whether it explains the rest.
    """
    diagnosis = diagnose_outputs(done.planned, done.outputs, done.records)
    if diagnosis is None or diagnosis.kind != "variant" or done.stopped:
        return diagnosis, done.records
    name = diagnosis.names[0]
    out = []
    for plan, record in zip(done.planned, done.records, strict=True):
        if record.status == "failed" and (plan.case or breaks_law(plan, name)):
            record = replace(record, status="variant")
        out.append(record)
    return diagnosis, out


def breaks_law(plan, slug):
    """Whether what `plan` checks is a law that does not hold for a variant either."""
    variant = next((a for a in edits.shown_in(plan.operation.name, "variant") if a.slug == slug), None)
    if variant is None or not plan.short.startswith("law:"):
        return False
    twin = Function(edits.runner(plan.operation, variant), operation=plan.operation.name)
    return plan.run(twin)[1]["status"] == "failed"


def hasty(candidate, planned):
    """The run of something listed: its records say no more than what failed, most of it after one noisy run."""
    records, outputs = [], []
    for plan in planned:
        try:
            got = candidate.run(plan.operation, cases.rounded(plan.case.inputs, plan.dtype))
            status = "passed" if _passes(got, right(plan.operation, plan.case, plan.dtype)) else "failed"
        except CandidateError:
            got, status = None, "error"
        records.append(Record(plan.operation.name, plan.id, plan.dtype, status))
        outputs.append(got)
    return Run(planned, records, outputs, (), [], stopped=False)


def _passes(got, wanted):
    """Whether a case agrees: no, if it is `tolerance.FAR` times as far off as a noisy run may be."""
    agree = partial(tolerance.close, got, wanted.answers)
    far = {name: tolerance.FAR * x for name, x in wanted.tolerances_after(1).items()}
    return agree(far) and agree(wanted.tolerances_for(agree))


FIRST = 4  # cases of an operation that decide most mistakes


def _cheapest_first(operation, dtypes):
    """Its cases in three parts: a few with small inputs; the others that take no time; long and large ones."""
    in_order = sorted((case for case in operation.cases if not case.dear), key=lambda case: size(case.inputs))
    quick = [case.slug for case in in_order]
    dear = [case.slug for case in operation.cases if case.dear]
    parts = (quick[:FIRST], quick[FIRST:], dear)
    return [Settings(dtypes, slugs, laws=False).plans([operation]) for slugs in parts if slugs]


def check_mutants(target, dtypes=("float64",), *, dear=True):
    """Every listed mistake run as a candidate of every operation that runs its lines, until its fate is known.

    Parameters
    ----------
    target : str
        A system or an operation.
    dtypes : sequence of str
        Precisions.
    dear : bool, default: True
        Whether mistakes that an operation cannot show, as the spec says, are asked its long and large cases as well.

    Returns
    -------
    list of dict
        Per operation and mistake what its spec says ("equivalent": why this operation cannot show it), and: "killed"
        (some case fails), "names" (what the diagnosis says), "named" (it is one of them), "alone" (it is the only one),
        "killed_by" (slugs of cases that it fails), "good" (killed and named; of an equivalent one: not killed).

    Examples
    --------
    >>> all(row["good"] for row in check_mutants("lion.step"))
    True
    """
    rows = []
    for operation in catalog.operations(target):
        first, *others = _cheapest_first(operation, dtypes)
        known = edits.alternatives(operation.system).values()
        mistakes = [a for a in known if a.kind == "mistake" and edits.concerns(operation, a)]
        # The first cases are asked of all before any is compared with the others: those are their answers.
        for mistake, begun in [(mistake, _asked(mistake, operation, first)) for mistake in mistakes]:
            reason = mistake.unseen.get(edits.short(operation), "")
            parts = [part for part in others if dear or not (reason and part[0].case.dear)]
            names, fatal = _fate(mistake, operation, begun, parts)
            named = mistake.slug in names
            rows.append(
                {"operation": operation.name, "slug": mistake.slug, "bug_type": mistake.bug_type}
                | {"hint": mistake.doc, "origin": mistake.origin, "equivalent": reason}
                | {"killed": bool(fatal), "names": names, "named": named, "alone": names == (mistake.slug,)}
                | {"killed_by": sorted(case.partition("/")[2].rpartition("-")[0] for case in fatal)}
                | {"good": not fatal if reason else bool(fatal) and named}
            )
    return rows


def _asked(mistake, operation, planned):
    """The run of a mistake, whose answers are known from then on."""
    done = hasty(Function(edits.runner(operation, mistake), operation=operation.name), planned)
    for plan, got in zip(done.planned, done.outputs, strict=True):
        if got is not None and plan.dtype == "float64":  # it has answered in the precision of an `Answer`
            _answer_of(mistake, operation, plan.case, plan.dtype, got)
    return done


def _fate(mistake, operation, done, parts):
    """The names that a mistake is given and the cases that it fails, after as many parts as that takes."""
    names, fatal = _told(done)
    for part in parts:
        if names == (mistake.slug,):
            break
        more = _asked(mistake, operation, part)
        done = done._replace(
            planned=done.planned + more.planned,
            records=done.records + more.records,
            outputs=done.outputs + more.outputs,
        )
        names, fatal = _told(done)
        if fatal:
            break
    return names, fatal


def _told(done):
    """The names that are said of a run, and the cases that it fails."""
    diagnosis, records = explained(done)
    return diagnosis.names if diagnosis else (), {r.case for r in records if r.status in ("failed", "error")}
