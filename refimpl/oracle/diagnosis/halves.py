"""Two edits at once: those that explain some of the deviating outputs, as value and gradient are lines apart."""

import contextlib
from collections.abc import Set
from dataclasses import replace
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np

from refimpl.oracle.diagnosis.evidence import LARGE
from refimpl.oracle.diagnosis.formulas import proposed
from refimpl.oracle.diagnosis.matched import matching
from refimpl.oracle.diagnosis.needed import blamed
from refimpl.oracle.diagnosis.sights import astray, explained, only
from refimpl.oracle.diagnosis.small import Asked
from refimpl.oracle.diagnosis.standing import explains
from refimpl.oracle.diagnosis.telling import as_read
from refimpl.oracle.judging.tolerance import wide

MOST = 40  # that are noted
COUPLES = 150  # of these, which are tried together
ENOUGH = 4  # couples that explain all
FIRSTS = 3  # to which a second one is looked for among all edits
SAID = 2  # halves, where no whole is found
SIGHTS = 6  # deviating ones, of which a half explains its outputs


class Half(NamedTuple):
    """An edit that explains some of the outputs."""

    names: Set[str]
    edit: Any


class Halves(list[Half]):
    """Those of a search."""

    def note(self, search, edit, run):
        """Note an edit that explains some of several deviating outputs and spoils none that is right."""
        first = search.order[0]
        some = len(self) < MOST and len(first.right) > 1 and search.fell != search.astray
        names = explained(search.seen, first) if some else set()
        for sight in search.moving[:SIGHTS] if names else ():
            wrong = names & astray(sight)  # an output may be right there
            names = names - (wrong - explained(run(search.inputs[id(sight)]), sight)) if wrong else names
        if names:
            self.append(Half(names, edit))

    @property
    def ordered(self):
        """Those that explain most come first, then the plainest."""
        return sorted(self, key=lambda half: (-len(half.names), half.edit.rank))

    def of_couples(self, search, shop, clock):
        """Two of them, of which each explains what the other one does not."""
        couples = [(a.edit, b.edit) for a, b in combinations(self.ordered, 2) if a.names | b.names == search.astray]
        for a, b in couples[:COUPLES]:
            if clock.over or search.clock.over or len(search.found) == ENOUGH:
                return
            answer = shop.both(a, b)
            if answer is not None and search.agrees(answer):
                search.keep_two(a, b, (*a.lines, *b.lines))

    def said(self, search, clock):
        """Outputs that answer on every input as with one edit though nothing explains the others, in words."""
        told: list[tuple[Set[str], str]] = []
        if not self:
            return ()
        with np.errstate(all="ignore"), search.opened() as shop:
            for names, edit in self.ordered:
                if clock.over or len(told) == SAID:
                    break
                if not any(names <= other for other, _ in told) and _everywhere(search, names, edit, shop, clock):
                    told.append((names, f"{' and '.join(sorted(names))} alone: as if {as_read(edit.lines)}"))
        return tuple(words for _, words in told)

    def of_seconds(self, search, clock, by=None):
        """Another edit beside one of them, looked for by its values or, by default, among all edits."""
        by = by or _second
        first = [half.edit for half in self.ordered[:FIRSTS]]
        for number, edit in enumerate(first):
            part, lines = clock.part(1 / (len(first) - number)), edit.lines
            with contextlib.suppress(SyntaxError), np.errstate(all="ignore"), search.opened() as shop, shop.kept(edit):
                by(search, edit, lines, shop, part)
            if search.found or clock.over:
                return


def _everywhere(search, names, edit, shop, clock):
    """Whether outputs answer on every input as with an edit."""
    with contextlib.suppress(SyntaxError), shop.edited(edit):
        for sight in search.evidence.every:
            if clock.over:
                return False
            if sight.got is not None and sight.size <= LARGE:
                out = shop.run(wide(sight.inputs))
                if not all(explains(out, only(sight, name)) for name in names):
                    return False
        return True
    return False


def met(search, first, lines, shop, clock):
    """The second one by its values: what places of the rule with the first one would have to be on small inputs."""
    left = _of_the_rule_now(shop, search.small)

    def fitting(places, sight):
        _second(search, first, lines, shop, clock, matching(shop, places, sight, search.tries.single, clock))
        return bool(search.found)

    if left.first is not None and left.first.wrong:
        blame = blamed(shop, left, clock.part(0.6), fitting)
        for part in (blame, *blame.others) if not search.found else ():
            _second(search, first, lines, shop, clock, proposed(shop, left, part, clock))


def _of_the_rule_now(shop, asked):
    """Small inputs beside what the rule answers as it is edited now, but those where that is no finite number."""
    every = {id(s): s for s in (asked.first, *asked.varied.values(), *asked.drawn) if s is not None}
    rights = {number: shop.run(wide(sight.inputs)) for number, sight in every.items()}
    finite = lambda right: right is not None and all(np.isfinite(x).all() for x in right.values())
    now = {number: replace(every[number], right=right) for number, right in rights.items() if finite(right)}
    varied = {name: now[id(sight)] for name, sight in asked.varied.items() if id(sight) in now}
    return Asked(now.get(id(asked.first)), varied, [now[id(sight)] for sight in asked.drawn if id(sight) in now])


def _second(search, first, lines, shop, clock, every=None):
    for edit in (e for group in search.tries.ordered() for e in group) if every is None else every:
        if clock.over or search.clock.over:
            return
        search.evidence.tried += 1
        with contextlib.suppress(SyntaxError), shop.edited(edit):
            if search.share(shop.run) == 1:
                search.keep_two(first, edit, (*lines, *edit.lines))
