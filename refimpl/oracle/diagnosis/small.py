"""Small inputs on which a candidate deviates, off which it is read what a value would have to be."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from refimpl.core.random import stream
from refimpl.oracle.diagnosis.levers import clear
from refimpl.oracle.diagnosis.properties import cut, steps_of, symbols
from refimpl.oracle.diagnosis.trials import axis_size

STARTS = 4  # sights that are made small
MOVES = (1.25, 0.75, -0.5)  # times what it is an argument is moved, until the candidate is wrong there too
DRAWN = 6  # random inputs on which a formula is looked for


def small(evidence, clock, wide=frozenset()):
    """A deviating answer to an input whose sizes are 1, or nearly; None if there is none. `wide` ones are 2."""
    read = [s for s in evidence.wrong if s.readable]
    generic = sorted(read, key=lambda s: (not clear(s), bool(s.case), s.size))  # numbers that nobody chose come first
    axes = [symbol for symbol in symbols(evidence.operation) if symbol in wide]
    generic = [s for s in generic if all(axis_size(evidence.operation, s.inputs, symbol) > 1 for symbol in axes)]
    found = [_cut(evidence, sight, clock, wide=wide) for sight in generic[:STARTS]]
    return min(found, key=lambda s: (not clear(s), s.size), default=None)


def _cut(evidence, sight, clock, steps=1, wide=frozenset()):
    """A deviating answer to a small part of an input, of so many steps if there are that many."""
    operation = evidence.operation
    for symbol in symbols(operation):
        if clock.over:
            break
        least = max(steps if symbol in steps_of(operation) else 1, 1 + (symbol in wide))
        for target in (least,) if least > 1 else (1, 2):
            if axis_size(operation, sight.inputs, symbol) > target:
                other = evidence.ask(cut(operation, sight.inputs, symbol, target))
                if other and other.readable and clear(other) >= clear(sight):
                    sight = other
                    break
    return sight


def varied(evidence, sight, clock):
    """Deviating answers to inputs that differ from another in one argument each, by its name."""
    found, names = {}, moving(sight.inputs)
    for name in (entry.name for entry in evidence.operation.inputs if entry.name in names):
        value = sight.inputs[name]
        for move in MOVES:
            if clock.over:
                break
            other = evidence.ask(sight.inputs | {name: value * move if np.any(value) else value + move})
            if other and other.readable:
                found[name] = other
                break
    return found


def moving(inputs):
    """Names of what may be a little more or less: no words, no whole numbers."""
    whole = lambda value: isinstance(value, str | bool | int) or np.asarray(value).dtype.kind != "f"
    return {name for name, value in inputs.items() if not whole(value)}


class Asked(NamedTuple):
    """Deviating answers off which is read."""

    first: Any = None  # a small input
    varied: Mapping[str, Any] = {}  # the same but for one argument, by its name
    drawn: Sequence[Any] = ()  # other small ones


NOTHING_ASKED = Asked()


def asked(evidence, clock, again=False):
    """Small inputs on which a candidate deviates; made before a workshop is open, as they need the rule as it is.

    `again` with two entries along the axes of the outputs: where one does not deviate, or tells too little.
    """
    of_outputs = {symbol for entry in evidence.operation.outputs for symbol in entry.axes.split()}
    wide = of_outputs - steps_of(evidence.operation) if again else set[str]()
    first = small(evidence, clock.part(0.3), wide)
    if first is None:
        return Asked()
    several, found = varied(evidence, first, clock.part(0.4)), []
    for number in range(DRAWN):
        if clock.over:
            break
        try:
            other = evidence.ask(evidence.operation.drawn(stream(number, evidence.operation.name, "needed")))
        except ValueError:
            break
        if other and other.readable:
            found.append(_cut(evidence, other, clock, 1 + number % 2, wide))  # of a single one much is the same
    return Asked(first, several, found)
