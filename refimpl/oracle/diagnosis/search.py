"""Which change of the rule answers as the candidate does: trials, edits, listed mistakes together with either."""

import ast
import contextlib
from collections.abc import Set
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, combinations, product
from types import MappingProxyType
from typing import Any

import numpy as np

from refimpl.oracle import edits
from refimpl.oracle.diagnosis.constants import solved, with_a_bound, with_a_number
from refimpl.oracle.diagnosis.evidence import LARGE, Evidence, Sight, called
from refimpl.oracle.diagnosis.formulas import proposed
from refimpl.oracle.diagnosis.found import Found, here, together, two_listed
from refimpl.oracle.diagnosis.halves import Halves, met
from refimpl.oracle.diagnosis.levers import read
from refimpl.oracle.diagnosis.matched import matching
from refimpl.oracle.diagnosis.needed import NOBODY, Blame, blamed
from refimpl.oracle.diagnosis.reading import readings
from refimpl.oracle.diagnosis.sights import SMALL, astray, entries, fallen, hurdles, left_over, telling, unwritten
from refimpl.oracle.diagnosis.small import NOTHING_ASKED, Asked, asked
from refimpl.oracle.diagnosis.standing import allows, explains, holds_close_by, holds_inside
from refimpl.oracle.diagnosis.suspects import Suspects, suspects
from refimpl.oracle.diagnosis.trials import trials, tried
from refimpl.oracle.diagnosis.tries import Tries
from refimpl.oracle.diagnosis.units import units
from refimpl.oracle.diagnosis.workshop import Workshop
from refimpl.oracle.judging.tolerance import close, wide

AFTER = 0.5  # seconds for which the search goes on once something is found, to learn what cannot be told from it
CHEAP = 16  # deviating sights of which the cheapest is tried first
LOSS = 4  # a sight with so many deviating entries counts as twice as dear as one with very many
TRUSTED = 2  # deviating sights that are explained to the digit, until rounding of the explanation itself is allowed
MANY = 4  # times as many explained sights as others, until its rounding inside is asked for
PART = 6  # deviating sights on which a part of an explanation is tried
PLAINER = 0.75  # seconds for plain edits before what is dear, and for those that say the same in a plainer way
NOTHING = 1e-11  # relative change of a number that is rounding
OPENED = 0.5  # seconds without which no listed mistake is opened for edits: to make them takes as long
PLACES = 4  # of levers, or formulas, that explain all, of which the shortest is said


@dataclass
class Search:
    """A search for what explains the evidence in one operation."""

    evidence: Evidence
    clock: Any
    found: list[Found] = field(default_factory=list)
    parts: list[Any] = field(default_factory=list)  # (share, Found, change) of what explains the pivot and more

    values: dict[int, set] = field(default_factory=dict)  # kinds of value of the expressions, once they are known
    blame: Blame = NOBODY  # where few values explain small inputs, once it is known
    small: Asked = NOTHING_ASKED  # these inputs
    tries: Any = None  # Tries, the edits, once they are made
    suspects: Suspects | None = None  # by what they have a part in, once it is known
    seen: dict[str, np.ndarray] | None = None  # what was answered last on the first sight
    fell: Set[str] = frozenset()  # outputs that it does not explain there, at a glance
    hurdles: list[Any] = field(default_factory=list)  # entries of the first sight that tell at a glance
    astray: Set[str] = frozenset()  # outputs that deviate there
    halves: Halves = field(default_factory=Halves)  # edits that explain some of the outputs
    _done: set[int] = field(default_factory=set)  # ids of edits

    def __post_init__(self):
        self.evidence.measure()
        self.wrong = [s for s in self.evidence.wrong if s.got is not None]
        right = [s for s in self.evidence.sights if not s.wrong]
        self.order = sorted(self.wrong + right, key=lambda s: (s.size > LARGE, not s.wrong, s.size))
        self.inputs = {id(s): unwritten(wide(s.inputs)) for s in self.order}
        self.moving = [s for s in self.order if s.wrong]
        if far := [s for s in self.moving if not s.forgiven]:
            self.pivot(max(far, key=telling))
            self.pivot(self._cheapest(far))

    def _cheapest(self, sights):
        """That of some deviating sights on which the rule takes least, those that tell little apart at a loss."""
        few = sorted((s for s in sights if s.size <= SMALL), key=lambda s: s.size)[:CHEAP] or sights[:1]
        return min(few, key=lambda s: self.evidence.price(s) * (1 + LOSS / max(entries(s), 1)))

    def agrees(self, answer):
        """Whether a function of the inputs answers as the candidate on every sight."""
        return self.share(answer) == 1.0

    def share(self, answer, sure=frozenset()):
        """Share of the deviating sights that a function of the inputs explains; the telling ones come first.

        0 if the first one, the pivot, is not among them, or if a sight on which the candidate is right is spoilt. An
        answer that leaves the right one nowhere explains nothing, and nothing can where the candidate only raises.
        `sure` are ids of sights that it explains but for its own rounding.
        """
        if not self.moving:
            return 0.0
        tells, explained, self.seen = False, 0, None
        missed: list[Sight] = []
        doubts: list[Sight] = []
        for sight in self.order:
            if missed and (explained + len(missed) >= PART or sight.size > SMALL):
                continue  # a part of an explanation is not worth so much time
            out = answer(self.inputs[id(sight)])
            if sight is self.order[0]:
                self.seen, self.fell = out, fallen(self.hurdles, out)
                if self.fell:
                    return 0.0
            if allows(out, sight) or id(sight) in sure:
                explained += sight.wrong
                tells = tells or (sight.wrong and out is not None and not close(out, sight.right, sight.tolerance))
            elif sight.wrong and explained:
                doubts.append(sight)  # rounding may have grown: to ask that is dear, and waits for others
            else:
                return 0.0
            if doubts and explained >= TRUSTED:
                lost = [sight for sight in doubts if not holds_close_by(answer, sight)]
                explained, missed, doubts = explained + len(doubts) - len(lost), [*missed, *lost], []
        if missed and not doubts and explained >= MANY * len(missed) and all(holds_inside(answer, s) for s in missed):
            return self.share(answer, sure | {id(sight) for sight in missed})
        return explained / (explained + len(missed) + len(doubts)) * tells

    def loosely(self, answer, clock):
        """Share of the deviating sights that are explained, if at most every tenth of the others is spoilt; else 0."""
        if answer is None or clock.over:
            return 0.0
        small = [s for s in self.evidence.every if s.size <= LARGE]
        wrong = [explains(answer(wide(s.inputs)), s) for s in [s for s in small if s.wrong][:20]]
        right = [explains(answer(wide(s.inputs)), s) for s in [s for s in small if not s.wrong][:12]]
        if not wrong:
            return 0.0
        return sum(wrong) / len(wrong) if sum(right) >= 0.9 * len(right) else 0.0

    def again(self, clock, evidence=None):
        """A new search, of what further inputs have shown or of other evidence, that knows what explained a part."""
        names = ("parts", "values", "blame", "small", "tries", "suspects", "halves")
        return Search(evidence or self.evidence, clock, **{name: getattr(self, name) for name in names})

    def pivot(self, sight):
        """Let another sight be the first."""
        self.order.remove(sight)
        self.order.insert(0, sight)
        self.hurdles, self.astray = hurdles(sight), astray(sight)

    def keep(self, found, share=1.0, change=None):
        """Note what explains everything, after which there is `AFTER` left, or a part."""
        if share < 1:
            self.parts.append((share, found, change))
        else:
            if not self.found:
                self.clock = self.clock.part(1.0, AFTER)
            self.found.append(found)

    # The stages ----------------------------------------------------------------------------------------------------

    def of_readings(self):
        """Factors that are read off the deviation."""
        for reading in readings(self.evidence):
            if self.agrees(reading.answer):
                on = partial(here, self.evidence.operation, reading.answer)
                self.keep(Found(1, on, f"answers so that {reading.words}"))

    def of_matches(self, clock):
        """Edits whose values are what some place would have to be on a small input: they take no run each."""
        for again in (False, True):
            if not (self.found or self.blame.places or self.blame.free or clock.over):
                self.small = asked(self.evidence, clock.part(0.3), again)
                with np.errstate(all="ignore"), self.opened() as shop:
                    self.blame = blamed(shop, self.small, clock.part(0.8), partial(self._met, shop, clock))
        if not self.found:
            with np.errstate(all="ignore"), self.opened() as shop:
                self.halves.of_couples(self, shop, clock)

    def _met(self, shop, clock, places, sight):
        """Whether an edit of some places that explain a small input explains all."""
        fitting = matching(shop, places, sight, self.tries.single, clock)
        shop.calibrate(self.inputs[id(self.moving[0])])
        self._try(fitting, shop, clock)
        return bool(self.found)

    def of_places(self, clock):
        """What stands where few values explain small inputs: expressions of these values that explain all."""
        before, every = self.clock, (self.blame, *self.blame.others)
        with np.errstate(all="ignore"), self.opened() as shop:
            for number, blame in enumerate(every):
                known = len(self.halves)
                for edit in proposed(shop, self.small, blame, clock.part(1 / (len(every) - number))):
                    if self.clock.over or len(self.found) == PLACES or len(self.halves) > known:
                        break
                    self._try_one(edit, shop)
            if not self.found:
                self.halves.of_couples(self, shop, clock)
        if self.found:
            self.clock = before.part(1.0, PLAINER)

    def of_halves(self, clock):
        """What stands beside an edit that explains some of the outputs."""
        if not self.found:
            self.halves.of_seconds(self, clock, met)

    def of_levers(self, clock):
        """Factors, summands and powers of an expression that are read off the deviation, until some explain all."""
        with np.errstate(all="ignore"), self.opened() as shop:
            found: list[Any] = []
            for edit, answer, on in read(shop, self.evidence, clock, self.blame, bool(self.found)):
                if edit.now not in [row[3].now for row in found] and self.agrees(answer):
                    clock = clock if found else clock.part(1.0, AFTER)
                    found.append((edit.rank, len(edit.now), -len(found), edit, on))
                if len(found) == PLACES:
                    break
            for place, (*_, edit, on) in enumerate(sorted(found, key=lambda row: row[:3])):
                self.keep(Found(edit.rank, on, lines=edit.lines, place=place))

    def of_trials(self, reference, clock, rank=1, **more):
        """Arguments and outputs treated wrongly, around some form of the rule."""
        operation = self.evidence.operation
        every = trials(operation)
        self.evidence.planned += len(every)
        for number, trial in enumerate(every):
            if clock.over or self.clock.over:
                return
            self.evidence.tried += 1
            answer = tried(partial(called, operation, reference), trial)
            if share := self.share(answer):
                found = Found(rank + (number > 60), partial(here, operation, answer), trial.words, **more)
                self.keep(found, share, trial)

    def of_first_edits(self, clock):
        """The plainest edits, which are few, and some more: before anything that takes longer."""
        with np.errstate(all="ignore"), self.opened() as shop:
            self._try(self.tries.first, shop, clock)
            self._try(self._ordered(self.tries, shop)[0], shop, clock.part(1.0, PLAINER))

    def of_edits(self, clock, base=None, rank=0, **more):
        """Edits of the source, the plainest first; `base` are the edits of a listed mistake that are made before."""
        if clock.over or self.clock.over or (base and clock.left < OPENED):
            self.evidence.cut = self.evidence.cut or (base is None and not self.found)
            return
        with np.errstate(all="ignore"), self.opened(base) as shop:
            if not shop.units:
                return
            tries = Tries.of(shop) if base else self.tries
            plain, rest = self._ordered(tries, shop, base)
            self.evidence.planned += len(tries)
            self._try(plain, shop, clock, base, rank, more)
            if not self.found and base is None:
                self._of_constants(with_a_number, shop, clock.part(0.35))
            self._try(rest, shop, clock, base, rank, more)
            if not self.found and base is None:
                self._of_constants(with_a_bound, shop, clock)

    def _ordered(self, tries, shop, base=None):
        """The plain edits, and the others, by what has a part in the deviation."""
        if base or self.suspects is None:  # right ones of other branches too
            right = [s for s in (*self.evidence.outside, *self.evidence.every) if not s.wrong and s.size <= SMALL]
            few = [[wide(s.inputs) for s in some[:CHEAP]] for some in (self.moving, right)]
            self.suspects = suspects(shop, self.moving[0], *few)
        far, near, alone = self.suspects
        return tries.ordered(far | self.blame.innocent, near | self.blame.near, alone)

    @contextlib.contextmanager
    def opened(self, base=None):
        """A workshop that has looked at the first deviating sights; without a base its edits are made once."""
        known = None if base or self.tries is None else self.tries.units
        self.evidence.measure()
        with Workshop(self.evidence.operation, base, self.values, known) as shop:
            for sight in [s for s in self.order if s.wrong][:3]:
                shop.look(self.inputs[id(sight)])
            shop.calibrate(self.inputs[id(self.moving[0])])
            if base is None and self.tries is None:
                self.tries = Tries.of(shop)
            yield shop

    def _try(self, every, shop, clock, base=None, rank=0, more=MappingProxyType({})):
        """Try edits; those whose loops run on where others have ended wait until the end."""
        late: list[Any] = []
        for edit, haste in chain(((edit, True) for edit in every), late):
            if clock.over or self.clock.over:
                break
            if haste and base is None and id(edit) in self._done:
                continue
            self._done.add(id(edit))
            self.evidence.tried += haste
            with shop.in_haste(haste):
                self._try_one(edit, shop, base, rank, more)
            if haste and shop.cut:
                late.append((edit, False))

    def _try_one(self, edit, shop, base=None, rank=0, more=MappingProxyType({})):
        with contextlib.suppress(SyntaxError), shop.edited(edit):
            if share := self.share(shop.run):
                self.keep(self._of_edit(edit, base, rank, dict(more)), share, edit)
            elif base is None:
                self.halves.note(self, edit, shop.run)

    def keep_two(self, a, b, lines):
        """Note two edits that explain everything together."""
        self.keep(Found(30 + a.rank + b.rank, partial(together, (a, b)), lines=lines))

    def _of_edit(self, edit, base, rank, more):
        code = edit.code()

        def on(operation):
            if all(unit.function is not edit.unit.function for unit in units(operation)):
                return None
            known = Workshop(operation, base).units  # to read them takes longer than to run them

            def answer(inputs):
                with np.errstate(all="ignore"), Workshop(operation, known=known) as shop:
                    edit.unit.function.__code__ = code
                    return shop.run(wide(inputs))

            return answer

        lines = (*more.pop("lines", ()), *edit.lines)
        return Found(rank + edit.rank, on, lines=lines, **more)

    def _of_constants(self, forms, shop, clock):
        """Numbers of the candidate's own, read off its answers: for a constant, as factor, as summand, as bound."""
        sight = next(s for s in self.order if s.wrong)
        for edit, form, start in sorted(forms(shop), key=lambda row: row[0].rank):
            if clock.over or self.clock.over:
                return
            try:
                with shop.edited(edit):
                    values = list(solved(shop, sight, self.inputs[id(sight)], start))
            except SyntaxError:
                continue
            for value in values:
                if start is not None and abs(value - start) <= NOTHING * max(abs(start), 1e-3):
                    continue
                literal = edit.like(form(ast.Constant(value)))
                with contextlib.suppress(SyntaxError), shop.edited(literal):
                    share = self.share(shop.run)
                    if share:
                        self.keep(self._of_edit(literal, None, 0, {}), share, literal)
                        break

    def of_parts(self, clock):
        """Two changes at once, each of which explains some of the outputs, or a part of the failures."""
        if self.halves:
            with np.errstate(all="ignore"), self.opened() as shop:
                self.halves.of_couples(self, shop, clock.part(0.2))
        self.of_halves(clock.part(0.4))
        if not self.found:
            self.halves.of_seconds(self, clock.part(0.5))
        if self.found or not (first := self.best_parts()):
            return
        answer = first[0][1].on(self.evidence.operation)
        rest = [s for s in self.moving if not explains(answer(self.inputs[id(s)]), s)]
        if not rest:
            return
        self.parts = []
        self.pivot(self._cheapest(rest))
        self.of_trials(self.evidence.operation.reference, clock.part(0.2))
        self.of_edits(clock.part(0.6))
        second = self.best_parts()
        with np.errstate(all="ignore"), Workshop(self.evidence.operation) as shop:
            for (_, a, x), (_, b, y) in sorted(product(first, second), key=lambda p: p[0][1].rank + p[1][1].rank):
                if clock.over or self.clock.over:
                    break
                answer = shop.both(x, y)
                if answer is not None and self.agrees(answer):
                    words = "; and ".join(filter(None, (a.words, b.words)))
                    lines = (*a.lines, *b.lines)
                    self.keep(Found(30 + a.rank + b.rank, partial(together, (x, y)), words, lines))
        self.parts = [*first, *second]

    def best_parts(self, most=24):
        """What explains most of the failures, the plainest first."""
        return sorted(self.parts, key=lambda row: (-round(row[0], 2), row[1].rank))[:most]

    def of_pairs(self, clock):
        """Two listed mistakes at once."""
        operation = self.evidence.operation
        known = [a for a in edits.shown_in(operation.name) if a.edits and edits.short(operation) not in a.functions]
        for a, b in combinations(known, 2):
            if clock.over or self.clock.over:
                return
            if a.edits.keys() & b.edits.keys():
                continue
            both = {**a.edits, **b.edits}
            try:
                with np.errstate(all="ignore"), edits.edited(operation.system, both):
                    good = self.agrees(lambda inputs: called(operation, operation.reference, inputs))
            except edits.EditError:
                continue
            if good:
                lines = (*edits.changed_lines(operation.system, a), *edits.changed_lines(operation.system, b))
                self.keep(Found(20, partial(two_listed, both), lines=lines, listed=(a.slug, b.slug)))

    def starts(self):
        """Listed alternatives by how much of the first deviations they explain, best first."""
        operation = self.evidence.operation
        rows = []
        for order, a in enumerate(edits.shown_in(operation.name)):
            run = edits.runner(operation, a)
            score = float(np.mean([left_over(called(operation, run, self.inputs[id(s)]), s) for s in self.moving[:3]]))
            rows.append((score, order, a))
        return [a for _, _, a in sorted(rows, key=lambda row: row[:2])]
