"""Findings as a reader gets them: one diagnosis of several, ties, changed lines with their places."""

import ast
import re
from collections import Counter
from dataclasses import replace

from refimpl.oracle import catalog, edits
from refimpl.oracle.diagnosis.evidence import CANCELLED, FAINT
from refimpl.oracle.judging.records import Diagnosis

OTHERS = 3  # explanations that no input tells apart, which are named


def laws(records):
    """The law that broke, where no input by itself shows a difference."""
    for record in records:
        if record.status == "failed" and "/law:" in record.case:
            subject = "it " * record.message.startswith("breaks")  # else an output of another shape
            hint = f"{subject}{record.message}, on the inputs of {record.case.rpartition(':')[2]}"
            yield Diagnosis("conditions", (), hint, operations=(record.operation,))
            return


def with_places(system, lines):
    """Changed lines, each with where the paper has its equation."""
    table = catalog.system(system).equations
    return tuple((tag, table.get(tag, ""), was, now) for tag, was, now in lines)


def told(evidence, survivors):
    """The plainest survivor, and how many others there are."""
    best = survivors[0]
    system = evidence.operation.system
    others = {
        shape(found): short(found) for found in reversed(survivors) if not found.place
    }  # what differs in a number is told once
    others.pop(shape(best), None)
    several = best.listed or len(best.lines) + bool(best.words) > 1
    kind = "several" if several else "use" if best.words else "change"
    known = edits.alternatives(system)
    hint = "; and ".join(
        [
            *(known[slug].doc for slug in best.listed),
            *([("it " if best.listed else "") + best.words] if best.words else []),
            *([best.form] if best.form else []),
        ]
    )
    return Diagnosis(
        kind,
        best.listed,
        hint,
        lines=with_places(system, joined(best.lines)),
        operations=(evidence.operation.name,),
        cases=len(evidence.sights),
        further=len(evidence.further),
        others=tuple(list(others.values())[::-1][:OTHERS]),
    )


def shape(found):
    """An explanation without its numbers: those that differ in nothing else are one."""
    return re.sub(r"[\d.]+(e[+-]?\d+)?", "#", short(found))


def joined(lines):
    """Changed lines, one that changes what another one has made put into it."""
    done: list[tuple[str, str, str]] = []
    for tag, was, now in lines:
        earlier = next((k for k, line in enumerate(done) if line[0] == tag and same(line[2], was)), None)
        if earlier is None:
            done.append((tag, was, now))
        else:
            done[earlier] = (tag, done[earlier][1], now)
    return tuple(done)


def same(a, b):
    """Whether two texts are one statement."""
    try:
        return ast.dump(ast.parse(a)) == ast.dump(ast.parse(b))
    except SyntaxError:
        return a == b


def short(found):
    """An explanation in a phrase."""
    return " and ".join(filter(None, [*found.listed, as_read(found.lines), found.words]))


def as_read(lines):
    """Changed lines in a phrase."""
    rows = [f"({tag}) reads `{now}`" if "-" in tag else f"in {tag}: `{now}`" for tag, _, now in lines]
    return " and ".join(rows).replace("\n", "; ")


def raises(evidence):
    """What the candidate raises most often, and how often."""
    counts = Counter(sight.message for sight in evidence.sights if sight.got is None)
    for message, times in counts.most_common(1):
        yield f"it raises {message} on {times} of {len(evidence.sights)} cases"


def roundings(evidence, found):
    """That a candidate is also off by next to nothing, where what was found for it leaves that."""
    if found and found.leaves:
        least = f"less than {FAINT:g} of a number, or {CANCELLED:g} of the largest one"
        hint = f"on some inputs it is off by roundings of its own as well, {least}: the cause does not explain these"
        yield Diagnosis("conditions", (), hint, operations=(evidence.operation.name,))


def merged(found):
    """The same diagnosis of several operations as one."""
    table: dict[object, Diagnosis] = {}
    for d in found:
        key = (d.kind, d.names, d.lines, d.hint)
        if key in table and d.kind != "conditions":
            old = table[key]
            d = replace(
                old,
                operations=old.operations + d.operations,
                cases=old.cases + d.cases,
                further=old.further + d.further,
            )
        table[key] = d
    return list(table.values())


def unfinished(told, every, seconds):
    """What is said where no cause was found, with how far the search came if it was cut."""
    tried, planned = sum(e.tried for e in every), sum(e.planned for e in every)
    cut = "more than " * any(e.cut for e in every)
    if tried >= planned and not cut:
        return told
    more = (
        f"{tried} of {cut}{planned} changes of the rule were tried in the time given; --explain {6 * seconds:g} goes on"
    )
    return replace(told, others=(*told.others, more)) if told else Diagnosis("conditions", (), more)
