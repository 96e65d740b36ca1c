"""What separates the inputs on which a candidate is right from those on which it is wrong.

One thing at a time is changed in inputs on which the candidate fails, until it turns right (delta debugging). A
condition is told only if it holds on every input that was tried: wherever the property holds the candidate is right.
"""

import warnings
from itertools import combinations
from typing import NamedTuple

import numpy as np

from refimpl.core.random import stream
from refimpl.oracle.diagnosis.evidence import Evidence
from refimpl.oracle.diagnosis.properties import Property, both, properties

FRESH = 12  # random inputs to which a property is given before it is told
FEWEST = 3  # failing inputs that must turn right
HELD = 5  # right inputs that must have the property, and
COVERS = 0.2  # their share of all right ones: else it may be chance


def _mirrored(inputs):
    """Inputs with one array negated, ten times as large, a tenth of it, or in another order, or one number halved."""
    for name, value in inputs.items():
        if isinstance(value, np.ndarray):
            numbers = (-value, 10 * value, value / 10) if value.dtype != bool else ()
            for changed in (*numbers, value[::-1].copy()):
                yield inputs | {name: changed}
        elif isinstance(value, float) and value:
            yield inputs | {name: value / 2}


def _hopeful(evidence, every, failing, clock):
    """Properties that turn all failing inputs right, and how many they turned."""
    hopeful = []
    for prop in every:
        if clock.over:
            break
        turned = tried = 0
        for sight in failing:
            if _safe(prop.holds, sight.inputs, True):
                break  # wrong although it holds
            changed = _safe(prop.make, sight.inputs, None)
            if changed is None or not _safe(prop.holds, changed, False):
                continue
            answer = evidence.ask(changed)
            if answer is None:
                continue
            tried += 1
            if answer.wrong:
                break
            turned += 1
        else:
            if turned >= min(FEWEST, len(failing)) and turned == tried:
                hopeful.append((prop, turned))
    return hopeful


class Condition(NamedTuple):
    """A property with which the candidate was always right."""

    having: Property
    turned: int  # failing inputs that turned right with it
    right: int  # inputs with the property, all right
    without: int  # inputs without it
    wrong: int  # of these, wrong

    @property
    def words(self):
        """As a sentence."""
        often = f"all {self.wrong} inputs" if self.wrong == self.without else f"{self.wrong} of {self.without} inputs"
        right = f"right where {self.having.words} (on all {self.right})"
        return f"wrong only where {self.having.other} (on {often}), {right}"


def _safe(function, inputs, default):
    try:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("error")  # such as the mean of nothing
            return function(inputs)
    except Exception:  # not every property fits every input
        return default


def conditions(evidence: Evidence, clock, most=3):
    """The properties that decide, the most telling first.

    Parameters
    ----------
    evidence : Evidence
        Gets further answers of the candidate.
    clock : Clock
        Time for it.
    most : int, default: 3
        How many are told.

    Returns
    -------
    list of Condition
        None that an input which was tried contradicts.
    """
    for sight in [s for s in evidence.wrong if s.size <= 2000][:3]:
        for inputs in _mirrored(sight.inputs):  # of one input, or of its neighbours, anything could be said
            if not clock.over:
                evidence.ask(inputs)
    failing = [sight for sight in evidence.wrong if sight.size <= 2000][:8]
    if len(failing) < 2:
        return []
    every = properties(evidence.operation)
    hopeful = _hopeful(evidence, every, failing, clock.part(0.6))
    if not hopeful:  # two numbers set at once
        plain = [p for p in every if p.words.endswith((" = 0", " = 1")) or p.words == "there is a single step"]
        hopeful = _hopeful(evidence, [both(a, b) for a, b in combinations(plain, 2)], failing, clock)
    found = []
    for prop, turned in hopeful:
        _ask_afresh(evidence, prop, clock)
        held = [sight for sight in evidence.every if _safe(prop.holds, sight.inputs, False)]
        rest = [sight for sight in evidence.every if sight not in held]
        good = sum(not sight.wrong for sight in evidence.every)
        few = len(held) < max(HELD, COVERS * good)
        if few or any(sight.wrong for sight in held) or all(_degenerate(s.inputs) for s in held):
            continue
        found.append(Condition(prop, turned, len(held), len(rest), sum(sight.wrong for sight in rest)))
    found = [c for c in found if not any(_implies(evidence, c, other) for other in found if other is not c)]
    found.sort(key=lambda c: -c.wrong / max(c.without, 1))
    return [*_together(evidence, found), *found][:most]


def _ask_afresh(evidence, prop, clock):
    """Random inputs that are made to have a property: it must be true of inputs that nobody chose."""
    operation = evidence.operation
    for number in range(FRESH):
        if clock.over:
            return
        inputs = _safe(prop.make, operation.drawn(stream(number, operation.name, "afresh")), None)
        if inputs is None or not _safe(prop.holds, inputs, False):
            continue
        answer = evidence.ask(inputs)
        if answer is not None and answer.wrong:
            return


def _degenerate(inputs):
    """Whether every array is one of zeros, or has a single entry."""
    arrays = [value for value in inputs.values() if isinstance(value, np.ndarray)]
    return bool(arrays) and all(x.size <= 1 or not np.any(x) for x in arrays)


def _implies(evidence, weak, strong):
    """Whether a condition says less than another one: it covers a part of the inputs that the other covers."""
    covered = [[_safe(c.having.holds, s.inputs, False) for s in evidence.every] for c in (weak, strong)]
    return all(b for a, b in zip(*covered, strict=True) if a) and sum(covered[0]) < sum(covered[1])


def _together(evidence, found):
    """Two conditions without which the candidate is always wrong, if neither decides alone."""
    if not found or found[0].wrong == found[0].without:
        return
    for a, b in combinations(found, 2):
        rest = [s for s in evidence.every if not any(_safe(c.having.holds, s.inputs, False) for c in (a, b))]
        if rest and all(sight.wrong for sight in rest):
            words = f"{a.having.words} or {b.having.words}", f"{a.having.other} and {b.having.other}"
            prop = Property(*words, a.having.holds, a.having.make)
            yield Condition(prop, a.turned + b.turned, len(evidence.every) - len(rest), len(rest), len(rest))
            return
