"""What is known of a candidate's answers to one operation, and how to ask it for more."""

import contextlib
import itertools
import sys
from collections.abc import Callable, Set
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import Any

import numpy as np

from refimpl.core.random import stream
from refimpl.oracle.candidates import CandidateError, NotApplicable, Skipped
from refimpl.oracle.candidates.base import named_outputs
from refimpl.oracle.diagnosis.clock import Spent
from refimpl.oracle.judging import cases, tolerance
from refimpl.oracle.judging.answers import expected
from refimpl.oracle.judging.noise import bare
from refimpl.oracle.judging.tolerance import close, wide
from refimpl.specs.base import Operation
from refimpl.specs.domains import drawn, moved, outside

WIDEST = 7  # the largest size of further inputs: of three or four sizes no factor can be read
COUNTED = 300  # the most that a count weighs: it may be no count of steps
LARGE = 20_000  # entries above which the inputs of a case are looked at last
NOISY_RUNS = 3  # of the reference, from which the tolerance of a further input comes
LUCK = 4.0  # so much wider than that: so few runs may all be lucky
WIDER = 8.0
FAINT = 1e-7  # of an entry, or
CANCELLED = 1e-14  # of the largest number: by so much what is far off elsewhere may be off by roundings of its own


@dataclass(frozen=True, eq=False)
class Sight:
    """One answer of the candidate beside the right one."""

    inputs: dict[str, Any]
    got: dict[str, np.ndarray] | None  # None: it raised
    right: dict[str, np.ndarray]
    tolerance: dict[str, np.ndarray]
    case: str = ""  # slug; "" of a further input
    message: str = ""  # with what it raised
    single: bool = False  # whether it was asked in float32
    steps: Set[str] = frozenset()  # outputs whose rows follow each other
    own: dict[str, np.ndarray] = field(default_factory=dict)  # what may be roundings of the candidate's own, if any are

    @cached_property
    def wrong(self):
        """Whether it deviates."""
        alike = self.same_digits(self.right)
        return not alike and (self.got is None or not close(self.got, self.right, self.tolerance))

    def same_digits(self, answer):
        """Whether an answer is the candidate's to the last two units of the right one: no tolerance is less."""
        if self.got is None or any(answer[n].shape != x.shape for n, x in self.right.items()):
            return False
        return close(self.got, {n: answer[n] for n in self.right}, self._least)

    @cached_property
    def _least(self):
        return tolerance.least(self.right, "float32" if self.single else "float64")

    def measure(self):
        """Measure tolerances that were put off."""
        for name in self.right:
            self.tolerance[name]

    def surer(self):
        """Measure the tolerance of a further input with as many runs as that of a case; False where that is done."""
        return isinstance(self.tolerance, Measured) and self.tolerance.surer()

    def deviating(self, name):
        """Which entries of an output that was answered in the right shape deviate."""
        assert self.got is not None, "asked of a sight that raised"
        got, right = self.got[name], self.right[name]
        with np.errstate(invalid="ignore"):
            return ~(np.abs(got - right) <= self.tolerance[name]) & (got != right)

    @property
    def forgiven(self):
        """Whether that is all that is wrong with it."""
        return self.wrong and _within(self, self.own)

    @cached_property
    def lenient(self):
        """The same with tolerances that allow such roundings."""
        return replace(self, tolerance={n: np.fmax(self.tolerance[n], self.own[n]) for n in self.right}, own={})

    @property
    def readable(self):
        """Whether it deviates with finite answers of the right shapes, off which something can be read."""
        got = self.got
        return (
            got is not None
            and self.wrong
            and all(got[n].shape == x.shape and np.isfinite(got[n]).all() for n, x in self.right.items())
        )

    @property
    def size(self):
        """Number of entries of the inputs."""
        return size(self.inputs)


class Measured(dict):
    """Tolerances by output, which are measured when one of them is asked for; once more by `surer`."""

    def __init__(self, measure, surer):
        super().__init__()
        self._measure, self._surer = measure, surer

    def __missing__(self, name):
        self.update(self._measure())
        return self[name]

    def surer(self):
        """Measure with as many runs as for a case; False where that is done already."""
        surer, self._surer = self._surer, None
        if surer is not None:
            self.update({name: np.fmax(self[name], x) for name, x in surer().items()})
        return surer is not None


def own_rounding(inputs, right, got):
    """By how much code with less care for digits may be off, as where it cancels far out in a tail; by output.

    Nothing where it has no answer of the right shapes.
    """
    if got is None or any(got[n].shape != x.shape for n, x in right.items()):
        return {}
    numbers = [np.abs(x) for x in (*inputs.values(), *right.values()) if np.asarray(x).dtype.kind == "f"]
    scale = max((np.max(x, initial=0.0, where=np.isfinite(x)) for x in numbers), default=0.0)
    return {n: np.fmax(FAINT * np.abs(x), CANCELLED * scale) for n, x in got.items()}


def _within(sight, own):
    """Whether an answer is off by no more than that."""
    return bool(own) and close(sight.got, sight.right, own)


def size(inputs):
    """Number of entries of some inputs; a count of steps weighs as much as so many."""
    whole = (min(abs(value), COUNTED) for value in inputs.values() if type(value) is int)
    return sum(np.size(value) for value in inputs.values()) + sum(whole)


def in_steps(operation):
    """Names of the outputs whose rows are steps."""
    return frozenset(field.name for field in operation.outputs if field.steps)


def called(operation, function, inputs):
    """What a function answers, by output; None if it raises."""
    try:
        with np.errstate(all="ignore"):
            return named_outputs(operation, bare(function(**inputs)))
    except Exception:  # an explanation that raises is one that does not answer
        return None


@dataclass
class Evidence:
    """All sights of a candidate in one operation and precision."""

    operation: Operation
    candidate: Any
    dtype: str
    sights: list[Sight]
    further: list[Sight] = field(default_factory=list)  # answers to inputs that are no case
    inside: Callable[[dict[str, Any]], bool] | None = None  # which inputs are asked; default: all of the contract
    outside: list[Sight] = field(default_factory=list)  # right answers to others
    spent: Spent = field(default_factory=Spent)  # the clock of a search
    tried: int = 0  # changes of the rule, of
    planned: int = 0  # those that were to be tried
    cut: bool = False  # whether the time ended before all were planned
    rough: bool = False  # whether the candidate is off by much, and elsewhere by what may be roundings of its own
    _looked_at: int = 0  # sights of which it is known how many are off by much
    _asked: dict[str, Sight | None] = field(default_factory=dict)
    _prices: dict[int, int] = field(default_factory=dict)  # by id of a sight

    @classmethod
    def of(cls, done, operation, candidate, dtype, spent=None):
        """What a run saw of one operation in one precision, its cheapest inputs first."""
        found = []
        for plan, got, record in zip(done.planned, done.outputs, done.records, strict=True):
            here = plan.case is not None and (plan.operation, plan.dtype) == (operation, dtype)
            if here and (got is not None or record.status == "error"):
                right, allowed = expected(operation, plan.case, dtype)
                inputs = cases.rounded(plan.case.inputs, dtype)
                single, steps = dtype == "float32", in_steps(operation)
                found.append(Sight(inputs, got, right, dict(allowed), plan.case.slug, record.message, single, steps))
        found.sort(key=lambda sight: (sight.size, sight.case))
        return cls(operation, candidate, dtype, found, spent=spent or Spent())

    @property
    def every(self):
        """All sights, cases and further inputs."""
        return self.sights + self.further

    @property
    def wrong(self):
        """Sights that deviate with an answer, smallest first; those that raise only where there are no others."""
        found = sorted((sight for sight in self.every if sight.wrong), key=lambda sight: sight.size)
        return [sight for sight in found if sight.got is not None] or found

    def measure(self):
        """Measure all tolerances that were put off: while the rule is open for edits it is too late.

        Where most that is wrong is off by much, what is off by next to nothing may be another matter than the mistake:
        code in the wild cancels, say, far out in a tail.
        """
        for sight in self.every:
            sight.measure()
        if self.rough or self.dtype == "float32" or len(self.every) == self._looked_at:
            return
        self._looked_at = len(self.every)
        wrong = [sight for sight in self.every if sight.wrong and sight.got is not None]
        owns = [own_rounding(sight.inputs, sight.right, sight.got) for sight in wrong]
        if 0 < 2 * sum(map(_within, wrong, owns)) < len(wrong):
            self.rough = True
            for sight, own in zip(wrong, owns, strict=True):
                sight.own.update(own)

    def within(self, inside):
        """The sights of some inputs alone, to which further questions keep too."""
        keep = lambda sights: [sight for sight in sights if inside(sight.inputs)]
        others = [sight for sight in self.every if not sight.wrong and not inside(sight.inputs)]
        return replace(
            self,
            sights=keep(self.sights),
            further=keep(self.further),
            inside=inside,
            outside=others,
            tried=0,
            planned=0,
            cut=False,
        )

    def join(self, part):
        """Take over what a part of it has asked."""
        self.further += [sight for sight in part.further if all(sight is not other for other in self.further)]
        self.tried, self.planned = self.tried + part.tried, self.planned + part.planned
        self.cut, self.rough = self.cut or part.cut, self.rough or part.rough

    def beside(self, answer):
        """The same sights seen beside another rule, a function of the inputs that answers by output."""

        def reference(**inputs):
            out = answer(inputs)
            return tuple(out[entry.name] for entry in self.operation.outputs)

        found = []
        for sight in self.every:
            out = answer(sight.inputs)
            if out is not None and sight.got is not None:
                same = all(out[n].shape == sight.tolerance[n].shape for n in out)
                wider = {n: 2 * sight.tolerance[n] if same else 0 * x for n, x in out.items()}
                found.append(replace(sight, right=out, tolerance=wider, own={}))
        return replace(
            self, operation=replace(self.operation, reference=reference), sights=found, further=[], _asked={}
        )

    def right_answer(self, inputs):
        """Right answer to inputs that are no case; None if the rule refuses them, or has no finite one."""
        try:
            with np.errstate(all="ignore"), contextlib.redirect_stdout(sys.stderr):
                right = tolerance.outputs_of(self.operation.reference(**tolerance.wide(inputs)))
            named = dict(zip((entry.name for entry in self.operation.outputs), right, strict=True))
        except Exception:  # what the rule refuses is no question
            return None
        return named if all(np.isfinite(value).all() for value in right) else None

    def _allowed(self, inputs, right, got, counts=(1, NOISY_RUNS - 1)):
        """Tolerances of a right answer; one noisy run is enough where `got` is clearly right or wrong.

        They are without bound where the rule raises once its numbers are shaken: nothing can be said there.
        """
        runs: list[Any] = []
        for more in counts:
            try:
                with np.errstate(all="ignore"), contextlib.redirect_stdout(sys.stderr):
                    runs += [
                        tolerance.noisy_run(self.operation.reference, inputs, self.dtype, len(runs) + k)
                        for k in range(more)
                    ]
            except Exception:
                return {n: np.full(x.shape, np.inf) for n, x in right.items()}
            spread = tolerance.spread(runs, tuple(right.values()), self.dtype)
            allowed = {n: LUCK * NOISY_RUNS / len(runs) * x for n, x in zip(right, spread, strict=True)}
            allowed = {n: np.where(right[n] == 0, np.max(x, initial=0.0), x) for n, x in allowed.items()}  # cancelled
            if got is not None and close(got, right, allowed):
                break
            far = {n: tolerance.FAR * x for n, x in allowed.items()}
            if got is not None and not close(got, right, far):  # no explanation may fail by the luck of one run
                return {n: WIDER * x for n, x in allowed.items()}
        return allowed

    def price(self, sight):
        """How many calls the rule takes on the inputs of a sight: the same number on every machine."""
        if id(sight) not in self._prices:
            seen = itertools.count()
            before = sys.getprofile()
            sys.setprofile(lambda *event: next(seen))
            try:
                called(self.operation, self.operation.reference, wide(sight.inputs))
            finally:
                sys.setprofile(before)
            self._prices[id(sight)] = next(seen)
        return self._prices[id(sight)]

    def ask(self, inputs, *, keep=True):
        """The candidate's answer to further inputs beside the right one.

        Parameters
        ----------
        inputs : dict
            As of a case.
        keep : bool, default: True
            Whether it joins `further`.

        Returns
        -------
        Sight or None
            None if the inputs lie outside the contract, the rule refuses them, or the candidate has no answer to them
            by its design.
        """
        inputs = cases.rounded(inputs, self.dtype)
        try:
            if outside(self.operation, inputs) or (self.inside and not self.inside(inputs)):
                return None
            key = cases.digest(inputs)
        except (TypeError, ValueError):
            return None
        if key not in self._asked:
            self._asked[key] = sight = self._ask(inputs)
            if sight is not None and keep:
                self.further.append(sight)
        return self._asked[key]

    def _ask(self, inputs):
        right, message = self.right_answer(inputs), ""
        if right is None:
            return None
        try:
            elsewhere = self.spent.waiting() if self.candidate.elsewhere else contextlib.nullcontext()
            with contextlib.redirect_stdout(sys.stderr), elsewhere:
                got = self.candidate.run(self.operation, inputs)
        except (Skipped, NotApplicable):
            return None
        except CandidateError as error:
            got, message = None, str(error)
        allow = partial(self._allowed, inputs, right, got)
        allowed = Measured(allow, partial(allow, counts=(tolerance.TRIALS,)))
        single, steps = self.dtype == "float32", in_steps(self.operation)
        own = own_rounding(inputs, right, got) if self.rough else {}
        return Sight(inputs, got, right, allowed, message=message, single=single, steps=steps, own=own)


def ask_more(evidence, clock, *, samples=30, changes=5):
    """Put further inputs to the candidate: random ones, and the failing ones moved a little."""
    operation, wild = evidence.operation, True
    for number in range(samples):
        if clock.over:
            return
        rng = stream(number, operation.name, "explain")
        if number % 3 != 2:
            evidence.ask(operation.drawn(rng))
        elif wild:
            try:
                evidence.ask(drawn(operation, rng, WIDEST))  # of sizes and numbers that nobody chose
            except ValueError:
                wild = False
    failing = [s for s in evidence.sights if s.wrong and s.size <= LARGE][:8]
    rng = stream(0, operation.name, "moved")
    for _ in range(changes):
        for sight in failing:
            if clock.over:
                return
            with np.errstate(all="ignore"):  # the largest numbers may not grow
                changed = moved(operation, sight.inputs, rng)
            evidence.ask(changed)


def fresh(evidence, name, count, clock):
    """Answers to small random inputs, with a stream of their own: neither a case nor the search has chosen them."""
    for number in range(count):
        if clock.over:
            return
        sight = evidence.ask(evidence.operation.drawn(stream(number, evidence.operation.name, name)), keep=False)
        if sight:
            yield sight
