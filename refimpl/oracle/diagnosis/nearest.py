"""What is said where no cause was found: what comes nearest, and what separates right answers from wrong ones."""

from typing import Any

from refimpl.oracle import edits
from refimpl.oracle.diagnosis import conditions as separate
from refimpl.oracle.diagnosis import telling
from refimpl.oracle.diagnosis.evidence import ask_more, called
from refimpl.oracle.diagnosis.places import where
from refimpl.oracle.diagnosis.smallest import shrunk
from refimpl.oracle.diagnosis.standing import explains
from refimpl.oracle.judging import tolerance
from refimpl.oracle.judging.records import Diagnosis


def listed_answer(alternative, operation):
    """What a listed alternative answers, as a function of the inputs."""
    run = edits.runner(operation, alternative)
    return lambda inputs: called(operation, run, tolerance.wide(inputs))


def nearest(search, evidence, clock):
    """What explains at least half of the failures and spoils nothing, and what separates the rest from it."""
    operation = evidence.operation
    known = edits.alternatives(operation.system)
    rows: list[Any] = []
    compared = clock.part(0.25)
    for order, a in enumerate(edits.shown_in(operation.name)):
        answer = listed_answer(a, operation)
        rows.append((search.loosely(answer, compared), 0, order, answer, a))
    for order, (_, found, _) in enumerate(search.best_parts(8)):
        answer = found.on(operation)
        rows.append((search.loosely(answer, compared), 1, order, answer, found))
    rows.sort(key=lambda row: (-round(row[0], 2), row[1], row[2]))
    rows = [row for row in rows if row[0] >= (0.5, 0.7)[row[1]]]  # an edit of ours may explain much by chance
    if not rows:
        return []
    _, of, _, answer, best = rows[0]
    if of == 0:
        slugs, lines, hint, origin = (best.slug,), edits.changed_lines(operation.system, best), best.doc, best.origin
    else:
        slugs, lines, hint, origin = best.listed, best.lines, best.words, ""
        hint = hint or "; and ".join(known[slug].doc for slug in slugs)
    rest = separate.conditions(evidence.beside(answer), clock)  # where the candidate is not even like that
    told = (c.words.replace("right where", "the same as that where").replace("wrong", "different") for c in rest)
    answered = [sight for sight in evidence.sights if sight.got is not None]
    missed = [sight for sight in answered if not explains(answer(sight.inputs), sight)]
    names = [sight.case for sight in missed] or ["further inputs"]
    cases = sum(sight.wrong for sight in answered if sight not in missed)
    if of == 1 and cases < 2:  # of one case anything could be said
        return []
    return [
        Diagnosis(
            "near",
            slugs,
            hint,
            origin=origin,
            lines=telling.with_places(operation.system, lines),
            operations=(operation.name,),
            cases=cases,
            others=(f"unlike that on {', '.join(names[:3])}{' and others' * (len(names) > 3)}", *told),
        )
    ]


def of_conditions(evidence, clock):
    """What separates right from wrong, and where the answers deviate."""
    ask_more(evidence, clock.part(0.2), changes=2)
    evidence.ask(shrunk(evidence, clock.part(0.25)).inputs)  # no condition may deny this one
    found = [condition.words for condition in separate.conditions(evidence, clock.part(0.7))]
    return as_conditions(evidence, (*telling.raises(evidence), *found, *where(evidence)))


def as_conditions(evidence, words):
    """The diagnosis of some sentences; nothing if there is none."""
    if not words:
        return []
    cases, operations = len(evidence.every), (evidence.operation.name,)
    return [Diagnosis("conditions", (), words[0], operations=operations, others=tuple(words[1:]), cases=cases)]
