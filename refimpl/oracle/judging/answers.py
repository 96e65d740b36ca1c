"""Right answers of the operations, and how far rounding alone drives an honest candidate away from them."""

from functools import cached_property, partial
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from refimpl.oracle import catalog
from refimpl.oracle.judging import cases, kept, tolerance
from refimpl.oracle.judging.records import DTYPES
from refimpl.specs.base import Case, Law, Operation

# Answers are dear, and asked for by every mistake; of the tolerances only as much is measured as was needed.
_known: dict[tuple[int, str], "_Known"] = {}  # by id of the operation, which stays alive there, and precision
SUMS = 256.0  # where 70,000 terms are added one after the other: the root of their number
KERNELS = 8.0  # libraries have other kernels for large arrays, which round otherwise than for small ones
FEW = 3  # noisy runs of a long or large case
NEAR = 16  # steps before and after, whose tolerances make up for the luck of so few runs
LUCK = 4.0  # the same for outputs that have no steps, and so few entries that all may be lucky
OF_A_LAW = 6


def source_of(case):
    """How the tolerance of a case was measured, in words."""
    more = f", times {SUMS:g} for sums of so many terms" * bool(case.small and not case.alike)
    return tolerance.source(trials(case)) + more


def trials(case):
    """Number of noisy runs from which the tolerances of a case come."""
    return FEW if case.dear and not case.alike else tolerance.TRIALS


def expected(operation: Operation, case: Case, dtype: str):
    """Exact answers and their tolerances, as two dicts by output, for the inputs of a case in `dtype`.

    Examples
    --------
    >>> from refimpl.oracle import catalog
    >>> op = catalog.operation("lion.trajectory")
    >>> answers, tolerances = expected(op, op.cases[0], "float64")
    >>> answers["thetas"][-1].tolist(), bool((tolerances["thetas"] < 1e-13).all())
    ([-2.0, -4.0], True)
    """
    found = right(operation, case, dtype)
    return found.answers, found.tolerances


class Allowed:
    """Tolerances that are measured run by run.

    They only grow with each run, so that what agrees after some runs agrees after all: an honest answer mostly takes
    few of them.

    Parameters
    ----------
    run : callable
        ``run(trial)``, a noisy run.
    trials : int
        >= 1. How many runs there are.
    centre : tuple of numpy.ndarray, optional
        What the runs scatter about; default: 0.
    finish : callable
        ``finish(worst)``, the tolerances from the largest distances.
    known : kept.Kept, optional
        What runs made earlier have found; default: nothing.

    Attributes
    ----------
    made : int
        Number of runs so far.
    worst : sequence of numpy.ndarray, or None
        The largest distances that they went; None before the first that says something.
    """

    def __init__(self, run, trials, centre, finish, known=None):
        self._run, self._trials, self._centre, self._finish = run, trials, centre, finish
        self.made, self.worst = 0, None if centre is None else [np.zeros(np.shape(c)) for c in centre]
        if known is not None and known.worst:
            self.made, self.worst = known.runs, list(known.worst)
        self._finished: tuple[int, Any] = (-1, None)  # after how many runs, and the tolerances then

    def _one_more(self):
        try:
            run = self._run(self.made)
        except ValueError:  # noise has moved an argument out of its range, say a share of 1: that says nothing
            self.made += 1
            if self.worst is None and self.made == self._trials:
                raise
            return
        centre = [0.0] * len(run) if self._centre is None else self._centre
        worst = [0.0] * len(run) if self.worst is None else self.worst
        self.worst = tolerance.farther(worst, run, centre)
        self.made += 1  # last: a run that Ctrl-C ends was none

    def _now(self):
        """The tolerances after the runs that were made; every mistake asks for them."""
        if self._finished[0] != self.made:
            self._finished = self.made, self._finish(self.worst)
        return self._finished[1]

    def after(self, runs=None):
        """The tolerances after at least so many runs; default: all."""
        while self.made < min(runs or self._trials, self._trials) or self.worst is None:
            self._one_more()
        return self._now()

    def to_keep(self, answers=()):
        """What the runs have found, beside `answers`, as `kept.Kept`."""
        if not self.made or self.worst is None:
            return kept.Kept(answers, 0, ())
        return kept.Kept(answers, self.made, tuple(map(np.asarray, self.worst)))

    def enough(self, good):
        """The tolerances after as many runs as it takes until ``good(tolerances)``, or after all of them."""
        while self.made < self._trials:
            if self.worst is not None and good(tolerances := self._now()):
                return tolerances
            self._one_more()
        return self._now()


class Right:
    """The right answers to a case in a precision, by output, and how far off an honest one may be."""

    def __init__(self, operation, case, dtype, known=None):
        small = right(operation, case.small, dtype) if case.small else None
        self._twin, self._derive = small if case.alike else None, case.derived  # whose tolerances are ours, derived
        self._dtype = dtype
        self._derived: tuple[Any, Any] = (None, None)  # tolerances of the twin, and ours from them
        inputs = cases.rounded(case.inputs, dtype)
        self._dear = not (small and case.derived)
        if small and case.derived:
            self.answers = case.derived(small.answers)
        elif known is not None:
            self.answers = _by_output(operation, known.answers)
        elif dtype == "float32" and cases.representable(case):
            self.answers = right(operation, case, "float64").answers
        else:
            self.answers = _by_output(operation, tolerance.outputs_of(operation.exact(**inputs)))
        exact, count = tuple(self.answers[entry.name] for entry in operation.outputs), trials(case)
        run = partial(tolerance.noisy_run, operation.reference, inputs, dtype)
        times = SUMS if case.small and not case.alike else 1.0
        finish = partial(_tolerances, operation, exact, dtype, few=count == FEW, times=times)
        self._allowed = Allowed(run, count, exact, finish, known)

    def to_keep(self):
        """What took time, as `kept.Kept`."""
        return self._allowed.to_keep(tuple(self.answers.values()) if self._dear else ())

    @cached_property
    def tolerances(self):
        """By output, after all noisy runs."""
        return self.tolerances_after(None)

    def tolerances_after(self, runs):
        """After at least so many noisy runs."""
        return self._of_twin(self._twin.tolerances_after(runs)) if self._twin else self._allowed.after(runs)

    def _of_twin(self, tolerances):
        """Those of the small case for a large one."""
        if self._derived[0] is not tolerances:
            found = self._derive(tolerances).items()
            ours = {name: _wider(KERNELS, value, self.answers[name], self._dtype) for name, value in found}
            self._derived = tolerances, ours
        return self._derived[1]

    def tolerances_for(self, good):
        """After as many noisy runs as it takes until ``good(tolerances)``; `tolerances` if they are never."""
        if self._twin:
            return self._of_twin(self._twin.tolerances_for(lambda t: good(self._of_twin(t))))
        return self._allowed.enough(good)


class _Known:
    """What is known of an operation in a precision: cases by digest, laws by slug and digest of the case."""

    def __init__(self, operation, dtype):
        self.of_cases: dict[str, Right] = {}
        self.of_laws: dict[tuple[Law, str], Allowed] = {}
        self._operation = operation
        try:
            self._listed = catalog.operation(operation.name) is operation
        except catalog.UnknownNameError:  # one of a test, or a new one
            self._listed = False
        self.kept = kept.read(operation.name, dtype) if self._listed else {}

    def news(self):
        """What is kept, with what took time since and is of cases that have a name; None if nothing is new."""
        if not self._listed:
            return None
        named = {
            cases.digest_of(one) for case in self._operation.cases for one in (case, case.small) if one is not None
        }
        found = {key: right.to_keep() for key, right in self.of_cases.items() if key in named}
        laws = self._operation.laws
        of_laws = {(law, key): x for (law, key), x in self.of_laws.items() if key in named and law in laws}
        found |= {f"{law.slug}/{key}": x.to_keep() for (law, key), x in of_laws.items()}
        if all(key in self.kept and self.kept[key].runs >= now.runs for key, now in found.items()):
            return None
        self.kept |= found
        return self.kept


def _known_of(operation, dtype):
    key = id(operation), dtype
    if key not in _known:
        _known[key] = _Known(operation, dtype)
    return _known[key]


def right(operation: Operation, case: Case, dtype: str):
    """What is known of the right answers to a case in `dtype`."""
    known, key = _known_of(operation, dtype), cases.digest_of(case)
    if key not in known.of_cases:
        known.of_cases[key] = Right(operation, case, dtype, known.kept.get(key))
    return known.of_cases[key]


def keep(operations):
    """Keep what is known of some operations for other runs."""
    known = {(op.name, dtype): _known.get((id(op), dtype)) for op in operations for dtype in DTYPES}
    kept.write({key: news for key, one in known.items() if one is not None and (news := one.news()) is not None})


def forget():
    """Forget all answers and tolerances: those of a system take many megabytes."""
    _known.clear()


def _wider(times, allowed, answer, dtype):
    """Tolerances so many times as wide, but not so wide that half of the digits are given away."""
    return np.maximum(allowed, np.minimum(times * allowed, _widest(answer, dtype)))


def _widest(answer, dtype):
    return 0.9 * np.sqrt(tolerance.unit(dtype)) * np.max(np.abs(answer), initial=0.0, where=np.isfinite(answer))


def _typical(allowed, answer, dtype):
    """Entries that few runs spared by luck: as large a part of them may go as of half of the entries."""
    sizes = np.abs(answer)
    usual = np.isfinite(sizes) & (sizes > 0)
    part = np.median(allowed[usual] / sizes[usual]) if usual.any() else 0.0
    return np.maximum(allowed, np.where(usual, np.minimum(part * sizes, _widest(answer, dtype)), 0.0))


def _tolerances(operation, exact, dtype, worst, *, few, times):
    """By output; `worst` is how far the noisy runs were from the exact answers."""
    found = zip(tolerance.widths(worst, exact, dtype), exact, strict=True)
    allowed = tuple(_wider(times, x, answer, dtype) for x, answer in found)
    if few:
        allowed = tuple(
            _largest_nearby(x) if f.steps else _wider(LUCK, x, e, dtype) if x.size < NEAR else _typical(x, e, dtype)
            for f, x, e in zip(operation.outputs, allowed, exact, strict=True)
        )
    largest: dict[str, float] = {}  # of arrays by axes: one that is 0 may be the difference of others that are not
    for field, x in zip(operation.outputs, exact, strict=True):
        group = field.axes or field.name
        largest[group] = max(largest.get(group, 0.0), np.abs(x[np.isfinite(x)]).max(initial=0.0))
    floors = [f.ulps * tolerance.unit(dtype) * largest[f.axes or f.name] for f in operation.outputs]
    return _by_output(operation, map(np.fmax, allowed, floors))


def _largest_nearby(x):
    """Of each step the largest entry among `NEAR` before and after it (scipy.ndimage takes 0.1 s to import)."""
    ends = [(NEAR, NEAR)] + [(0, 0)] * (x.ndim - 1)
    return sliding_window_view(np.pad(x, ends, mode="edge"), 2 * NEAR + 1, axis=0).max(axis=-1)


def _by_output(operation, values):
    return dict(zip((f.name for f in operation.outputs), values, strict=True))


def by_name(operation, **arguments):
    """What the reference answers, by output."""
    result = operation.reference(**arguments)
    return _by_output(operation, result if isinstance(result, tuple) else (result,))


def of_law(operation, law, case, dtype):
    """Per pair of a law, how far rounding alone drives its two sides apart on the reference: an `Allowed`."""
    known, key = _known_of(operation, dtype), (law, cases.digest_of(case))
    if key not in known.of_laws:
        reference = partial(by_name, operation)

        def gaps(**arguments):
            return tuple(x for got, wanted in law.pairs(reference, arguments) for x in (got - wanted, wanted))

        inputs = cases.rounded(case.inputs, dtype)
        finish = partial(_tolerances_of_law, max(f.ulps for f in operation.outputs), dtype)
        run = partial(tolerance.noisy_run, gaps, inputs, dtype)
        earlier = known.kept.get(f"{law.slug}/{key[1]}") if law in operation.laws else None
        known.of_laws[key] = Allowed(run, OF_A_LAW, None, finish, earlier)
    return known.of_laws[key]


def _tolerances_of_law(ulps, dtype, worst):
    """`worst` holds, pair by pair, the largest difference of the sides and the largest value of the second."""
    gaps, scales, unit = worst[0::2], worst[1::2], tolerance.unit(dtype)
    widest = tolerance.widths(gaps, [np.zeros_like(x) for x in gaps], dtype)
    return [
        np.fmax(w + 2 * unit * s, ulps * unit * np.max(s, initial=0.0)) for w, s in zip(widest, scales, strict=True)
    ]
