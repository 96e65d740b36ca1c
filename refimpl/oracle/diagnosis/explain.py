"""The order in which causes are looked for, within a stated time, and what is said of them.

Listed mistakes first; then arguments and outputs treated wrongly, edits of the source, listed ones together with
either; the nearest listed one; conditions. What is said has been confirmed on further inputs of the candidate.
"""

import os
from dataclasses import replace
from functools import partial
from typing import NamedTuple

from refimpl.oracle import catalog, edits
from refimpl.oracle.candidates.limit import one_thread
from refimpl.oracle.diagnosis import listed, needed, telling
from refimpl.oracle.diagnosis.branches import ask_beyond, branch, within
from refimpl.oracle.diagnosis.clock import Clock, Spent
from refimpl.oracle.diagnosis.evidence import Evidence, ask_more
from refimpl.oracle.diagnosis.forms import of_forms
from refimpl.oracle.diagnosis.influence import influences
from refimpl.oracle.diagnosis.inner import separations
from refimpl.oracle.diagnosis.nearest import as_conditions, listed_answer, nearest, of_conditions
from refimpl.oracle.diagnosis.search import Found, Search
from refimpl.oracle.diagnosis.sights import SMALL
from refimpl.oracle.diagnosis.smallest import smallest
from refimpl.oracle.diagnosis.standing import explains, holds
from refimpl.oracle.judging.records import FAILURES, Diagnosis, Record
from refimpl.oracle.judging.run import Run

SECONDS = 10.0
OTHERS = 0.3  # seconds for what cannot be told from an explanation, once it is confirmed
TOLD = 4  # explanations that are said, one and what cannot be told from it
MORE = 200  # random inputs on which they must hold
FEWER = 40  # for those that cannot be told from it
LEAST = 10  # inputs on which they must hold, whatever time that takes
SURE = 0.7  # seconds for these
SEEN = 8  # inputs on which a candidate is off by next to nothing, which an explanation may leave
SEARCHED = 0.8  # share of the time for edits
SEPARATED = 0.6  # of the rest, for what separates right from wrong; what moves what comes after it


class Explanation(NamedTuple):
    """What is said of a run."""

    diagnosis: Diagnosis | None  # of the first operation that has one
    findings: tuple[Diagnosis, ...]  # of the others, and the conditions
    smallest: object | None
    records: list[Record]
    source: Found | None = None  # what was found for the diagnosis, where it is no listed mistake


def usual_seconds():
    """Time for a diagnosis where nobody says another: `SECONDS`, or the environment variable ``REFIMPL_EXPLAIN``.

    Raises
    ------
    ValueError
        If that is no number >= 0.
    """
    text = os.environ.get("REFIMPL_EXPLAIN", "")
    try:
        seconds = float(text or SECONDS)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < float("inf"):
        raise ValueError(f"REFIMPL_EXPLAIN must be a number of seconds >= 0, got {text!r}")
    return seconds


@one_thread()
def explain(done: Run, candidate, seconds: float, note=lambda text: None):
    """Say why a candidate deviates.

    Parameters
    ----------
    done : Run
        What came of its checks.
    candidate : Candidate
        Is asked further questions.
    seconds : float
        Of the processor, and of waiting for a candidate in another process; 0: only listed mistakes that explain the
        whole run are named.
    note : callable, optional
        Is told what is being looked for.

    Returns
    -------
    Explanation
        See there.

    Examples
    --------
    >>> from refimpl.oracle.candidates import Function
    >>> from refimpl.oracle.judging.plans import Settings
    >>> from refimpl.oracle.judging.run import run
    >>> step = catalog.operation("lion.step")
    >>> mine = Function(lambda lr, **more: step.reference(lr=0.3 * lr, **more), operation=step.name)
    >>> told = explain(run(mine, [step], Settings()), mine, seconds=60)
    >>> told.diagnosis.kind, told.diagnosis.hint
    ('use', 'answers so that the step from theta to new_theta is 0.3 times the right one')
    """
    whole, records = listed.explained(done)
    try:
        return _explained(done, candidate, whole, records, seconds, note)
    except Exception as error:  # whatever a candidate does when it is asked further: the verdict stands
        lost = Diagnosis("conditions", (), f"the search for the cause ended with {type(error).__name__}: {error}")
        return Explanation(whole or lost, (), None, records)


def _explained(done, candidate, whole, records, seconds, note):
    fine = not any(record.status in (*FAILURES, "xfail") for record in done.records)
    if not seconds or fine or (whole and whole.kind == "variant"):
        return Explanation(whole, (), None, records)
    if forgetful := [r for r in done.records if r.case.endswith("/manners:repeatable") and r.status == "failed"]:
        kept = tuple(record.operation for record in forgetful)  # what is kept spoils every further question
        return Explanation(Diagnosis("repeat", (), f"it {forgetful[0].message}", operations=kept), (), None, records)
    now = Spent()
    clock = Clock(seconds, now)
    found: list[Diagnosis] = []
    sources: list[tuple[Diagnosis, Found]] = []
    every = evidences(done, candidate, now)
    least = None
    for number, evidence in enumerate(every):
        note(evidence.operation.name)
        mine = clock.part(1 / (len(every) - number))
        told = _confirmed(evidence, whole, mine.part(0.2)) if whole else _again(evidence, sources, clock)
        if not told or told[0].kind == "near":
            better, source = _one(evidence, mine.part(0.97))  # the smallest input has a tenth of all beside it
            told = better or told
            sources += [(told[0], source)] if source else []
            told = [*told, *telling.roundings(evidence, source)]
        found += told
        if least is None:
            tags = {line[0] for diagnosis in told for line in diagnosis.lines if "-" in line[0]}
            least = smallest(evidence, Clock(0.1 * seconds, now), *(tags if len(tags) == 1 else ()))
        if clock.over:
            break
    laws = list(telling.laws(records))
    merged = telling.merged(found) or laws
    first = next((d for d in merged if d.kind != "conditions"), merged[0] if merged else None)
    rest = tuple(d for d in merged if d is not first)
    if first and first.kind == "conditions" and first not in laws:
        first = replace(first, others=(*first.others, *(law.hint for law in laws)))
    if first is None or first.kind in ("conditions", "near"):
        first = telling.unfinished(first, every, seconds)
    source = next((s for d, s in sources if first and (d.lines, d.hint) == (first.lines, first.hint)), None)
    return Explanation(first, rest, least, records, source)


def evidences(done, candidate, spent=None):
    """Evidence of each operation that deviates, in double precision where that deviates, the cheapest first."""
    found = []
    pairs = dict.fromkeys((plan.operation.name, plan.dtype) for plan in done.planned)
    for name in dict.fromkeys(operation for operation, _ in pairs):
        for dtype in sorted((d for n, d in pairs if n == name), reverse=True):
            operation = catalog.operation(name)
            evidence = Evidence.of(done, operation, candidate, dtype, spent)
            if not evidence.wrong:
                _ask_laws(done, evidence)
            if evidence.wrong:
                found.append(evidence)
                break
    return sorted(found, key=lambda evidence: evidence.wrong[0].size)


def _ask_laws(done, evidence):
    """Inputs of laws that broke, asked as cases are."""
    for plan, record in zip(done.planned, done.records, strict=True):
        broke = record.status in ("failed", "error") and plan.short.startswith("law:")
        if not broke or (plan.operation.name, plan.dtype) != (evidence.operation.name, evidence.dtype):
            continue
        slug, _, case = plan.short.removeprefix("law:").partition(":")
        law = next(law for law in evidence.operation.laws if law.slug == slug)
        inputs = next(c.inputs for c in evidence.operation.cases if c.slug == case)
        asked: list[dict] = []

        def note(asked=asked, **arguments):
            asked.append(arguments)
            return evidence.right_answer(arguments)

        try:
            list(law.pairs(note, inputs))
        except Exception:  # the rule refuses what a law asks of a broken candidate
            continue
        for arguments in asked:
            evidence.ask(arguments)


def _confirmed(evidence, diagnosis, clock):
    """A listed diagnosis of the whole run, with what further inputs say of it."""
    ask_more(evidence, clock.part(0.5))
    known = edits.alternatives(evidence.operation.system)
    answers = {name: listed_answer(known[name], evidence.operation) for name in diagnosis.names}
    told, further = _standing(answers, evidence.further, clock)
    names = tuple(told) or diagnosis.names
    first = known[names[0]]
    lines = telling.with_places(evidence.operation.system, edits.changed_lines(evidence.operation.system, first))
    kind = diagnosis.kind if told else "near"
    return [
        replace(
            diagnosis,
            kind=kind,
            names=names,
            hint=first.doc,
            bug_type=first.bug_type,
            origin=first.origin,
            lines=lines,
            operations=(evidence.operation.name,),
            cases=len(evidence.sights),
            further=further,
        )
    ]


def _standing(answers, sights, clock):
    """Which explanations stand at all sights, or at those that there is time for, and how many these are."""
    for number, sight in enumerate(sights):
        if not answers or (clock.over and number >= LEAST):
            return answers, number
        if sight.got is not None:
            answers = {name: answer for name, answer in answers.items() if holds(answer, sight)}
    return answers, len(sights)


def _again(evidence, sources, clock):
    """What was found of another operation, if it explains this one too."""
    for diagnosis, source in sources:
        if answer := source.on(evidence.operation):
            search = Search(evidence, clock.part(1, most=2.0))
            if search.agrees(answer):
                again = replace(diagnosis, operations=(evidence.operation.name,), cases=len(evidence.sights), further=0)
                return [again]
    return []


def _one(evidence, clock):
    """Diagnoses of one operation, and what was found, where the first is no listed mistake."""
    operation = evidence.operation
    answered = [sight for sight in evidence.wrong if sight.got is not None]
    if not answered:
        return of_conditions(evidence, clock), None
    hunt = clock.part(SEARCHED)
    if told := _listed(evidence, hunt):
        return told, None
    part = branch(evidence, clock.part(0.15))
    if part is None:
        found, search = _searched(evidence, hunt, clock)
        return ([found[0]], found[1]) if found else (_rest(search, evidence, clock), None)
    here = evidence.within(part.holds)
    if told := _listed(here, hunt):
        first = edits.alternatives(operation.system)[told[0].names[0]]
        found = told[0], Found(0, partial(listed_answer, first), listed=told[0].names)
    else:
        found, search = _searched(here, hunt, clock)
    evidence.join(here)
    if not found:
        return _rest(search.again(clock, evidence), evidence, clock), None
    return _in_branch(found, part, evidence, clock)


def _in_branch(found, part, evidence, clock):
    """What explains a branch, as that; without the branch, if it explains the other inputs as well."""
    diagnosis, source = found
    ask_beyond(evidence, part, clock.part(0.3))
    if Search(evidence, Clock(1.0, evidence.spent)).agrees(source.on(evidence.operation)):
        return [diagnosis], source
    if any(sight.wrong and not part.holds(sight.inputs) for sight in evidence.every):  # which was no branch
        return _one(evidence, clock)
    return [replace(diagnosis, within=part.words)], replace(source, on=partial(_rule_elsewhere, part, source.on))


def _rest(search, evidence, clock):
    """What is said where no cause was found."""
    first = nearest(search, evidence, clock.part(SEPARATED)) or of_conditions(evidence, clock.part(SEPARATED))
    told = (*influences(evidence, clock.part(0.4)), *separations(evidence, clock.part(0.6)))
    words = (*told, *search.halves.said(search, clock), *needed.said(search.blame))
    if first:
        return [replace(first[0], others=(*words, *first[0].others))]
    return as_conditions(evidence, words)


def _rule_elsewhere(part, on, operation):
    """The source of what was found in a branch, for an operation that has the same options."""
    answer = on(operation)
    same = answer and {f.name for f in operation.inputs} >= part.values.keys()
    return within(part, answer, operation) if same else None


def _listed(evidence, clock):
    """A listed alternative that explains all that was seen, confirmed by further inputs; nothing if there is none."""
    operation = evidence.operation
    if names := _named(Search(evidence, clock.part(0.85)), operation):
        first = edits.alternatives(operation.system)[names[0]]
        diagnosis = Diagnosis(first.kind, names, first.doc, first.bug_type, first.origin)
        told = _confirmed(evidence, diagnosis, clock.part(0.2))
        return told if told[0].kind != "near" else []
    return []


def _searched(evidence, hunt, clock):
    """The diagnosis of what was found by changing the rule, with its source, or None; and the search."""
    operation = evidence.operation
    ask_more(evidence, hunt.part(0.1), samples=15, changes=1)  # a factor is read off many answers
    search = Search(evidence, hunt.part(0.85))
    search.of_readings()
    search.of_matches(hunt.part(0.45))
    search.of_first_edits(hunt.part(0.2))
    search.of_pairs(hunt.part(0.1))
    search.of_trials(operation.reference, hunt.part(0.15))
    if not search.found:
        search.of_places(hunt.part(0.22))
        of_forms(search, hunt.part(0.3))
        search.of_halves(hunt.part(0.25))
        search.of_levers(hunt.part(0.25))
    search.of_edits(hunt.part(0.9))
    survivors = _survivors(search, clock)
    if not survivors:
        search = search.again(hunt.part(0.75))
        search.of_parts(hunt.part(0.6))
        survivors = _survivors(search, clock)
    if not survivors:
        search = search.again(hunt)
        starts = search.starts()
        for rank, start in enumerate(starts[:12]):
            if hunt.over:
                break
            run = edits.runner(operation, start)
            lines = tuple(edits.changed_lines(operation.system, start))
            search.of_trials(run, hunt.part(0.05), rank=20 + rank, listed=(start.slug,), lines=lines)
        for rank, start in enumerate(starts[:8]):
            if start.edits:
                search.of_edits(hunt.part(0.5), base=start.edits, rank=20 + rank, listed=(start.slug,))
        survivors = _survivors(search, clock)
    return ((telling.told(evidence, survivors), survivors[0]) if survivors else None), search


def _named(search, operation):
    """Listed alternatives that explain an operation by itself; those of the plainest kind."""
    shown = edits.shown_in(operation.name)
    for kind in ("choice", "mistake", "variant"):
        names = tuple(a.slug for a in shown if a.kind == kind and search.agrees(listed_answer(a, operation)))
        if names:
            return names
    return ()


def _survivors(search, clock):
    """What further inputs do not contradict, the plainest first."""
    if not search.found:
        return []
    evidence = search.evidence
    ask_more(evidence, clock.part(0.25))
    kept: list[Found] = []
    others = clock
    raising = [sight for sight in evidence.every if sight.got is None and sight.size <= SMALL][:4]
    faint = [sight for sight in evidence.wrong if sight.forgiven][:SEEN]
    for found in sorted(search.found, key=_plain)[:40]:
        if kept and others.over:
            break
        answer = found.on(evidence.operation)
        found.rank += 5 * sum(answer(sight.inputs) is not None for sight in raising)  # it should raise there too
        if all(holds(answer, sight) for sight in evidence.further if sight.got is not None):
            others = others if kept else clock.part(1.0, OTHERS)
            found.leaves = not all(explains(answer(sight.inputs), sight) for sight in faint)
            found.rank += 5 * found.leaves
            kept.append(found)
        else:
            search.parts.append((1.0, found, None))
    seen = len(evidence.further)
    sure = clock.part(0.4, most=2 * SURE)
    ask_more(evidence, sure.part(0.5), samples=MORE if kept else 0, changes=0)
    fresh = evidence.further[seen:]
    told: list[Found] = []
    for found in sorted(kept, key=_plain)[:TOLD]:
        right, number = _standing({id(found): found.on(evidence.operation)}, fresh[:FEWER] if told else fresh, sure)
        if right and not told:
            del evidence.further[seen + number :]
        told += [found] if right else []
    return told


def _plain(found):
    return found.rank, found.place, len(found.lines), sum(len(now) for _, _, now in found.lines)
