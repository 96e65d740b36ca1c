"""Causes read off the deviation: by which factor answers, or steps, are off, and of which sizes and rates it is made.

No list and no edit has to know the factor: the answers tell it, input by input, and it is read as a product of powers
of what the inputs tell. One sentence serves all outputs that share it.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from refimpl.oracle.diagnosis.evidence import called
from refimpl.oracle.diagnosis.factors import EXACT, FEWEST, factors, quantities
from refimpl.oracle.judging.tolerance import wide


class Reading(NamedTuple):
    """What was read."""

    words: str
    answer: Callable[..., Any]  # inputs -> outputs by name


def readings(evidence):
    """What explains every deviating answer by a factor, the plainest first.

    Parameters
    ----------
    evidence : Evidence
        With what was seen so far.

    Yields
    ------
    Reading
        Exact on all deviating inputs; not asked on others yet.
    """
    operation = evidence.operation
    sights = [s for s in evidence.wrong if s.got is not None and s.size <= 2000]
    sights = [s for s in sights if all(np.isfinite(x).all() for x in s.got.values())]  # as n/(n - 1) at 1
    shapes = [all(s.got[n].shape == x.shape for n, x in s.right.items()) for s in sights]
    if len(sights) < FEWEST or not all(shapes):
        return
    table = [quantities(operation, s.inputs) for s in sights]
    names = [f.name for f in operation.outputs if any(s.deviating(f.name).any() for s in sights)]
    if not names:
        return
    yield from _read(operation, _of_factors(sights, table, names))
    if len(names) == 1:
        yield from _read(operation, _of_moves(operation, sights, table, names[0]))
        return
    each = []
    for name in names:  # each by a factor of its own
        found = (*_of_factors(sights, table, [name]), *_of_moves(operation, sights, table, name))
        if not found:
            return
        each.append(found[0])
    yield from _read(operation, [each])


class _Part(NamedTuple):
    """What some outputs, or the steps from an input to one of them, are times the right ones."""

    names: list[str]
    start: str  # the input; "" if the outputs themselves
    words: str  # of the factor
    factor: Callable[[Any], float]

    @property
    def said(self):
        """As a sentence."""
        if self.start:
            return f"the step from {self.start} to {self.names[0]} is {self.words} times the right one"
        return f"{' and '.join(self.names)} {'is' if len(self.names) == 1 else 'are'} {self.words} times the right ones"

    def changed(self, out, inputs, row):
        """Outputs with the factor."""
        c, x = self.factor(row), inputs[self.start] if self.start else 0.0
        with np.errstate(all="ignore"):
            return out | {n: (x + c * (out[n] - x) if self.start else c * out[n]) for n in self.names}


def _read(operation, found):
    """Parts that hold together, as readings; those that share a factor in one sentence."""
    for several in found:
        parts: list[_Part] = []
        for part in several if isinstance(several, list) else [several]:
            same = next((p for p in parts if (p.start, p.words) == ("", part.words) and not part.start), None)
            parts = [p for p in parts if p is not same]
            parts.append(part._replace(names=[*same.names, *part.names]) if same else part)
        yield Reading(", ".join(part.said for part in parts), partial(_answer, operation, parts))


def _answer(operation, parts, inputs):
    out, row = called(operation, operation.reference, wide(inputs)), quantities(operation, inputs)
    for part in parts if out else ():
        out = part.changed(out, wide(inputs), row)
    return out


def _of_factors(sights, table, group):
    """Outputs that are a multiple of the right ones, by a factor that they share."""
    found = [_shared([_ratio(s.got[n], s.right[n]) for n in group]) for s in sights]
    if not any(value is not None and np.isnan(value) for value in found):
        for factor in factors(table, found):
            yield _Part(group, "", factor.words, partial(_finite, factor.of))
            yield _Part(group, "", factor.words, factor.of)


def _of_moves(operation, sights, table, name):
    """The step from an input to an output of the same shape is a multiple of the right one."""
    axes = next(f.axes for f in operation.outputs if f.name == name)
    for start in operation.inputs:
        if start.kind != "array" or start.axes != axes or start.domain.dtype != "float64":
            continue
        moves = [(s.got[name] - s.inputs[start.name], s.right[name] - s.inputs[start.name]) for s in sights]
        found = [_shared([_ratio(*move)], loose=1e-7) for move in moves]
        if not any(value is not None and np.isnan(value) for value in found):
            for factor in factors(table, found, loose=1e-7):
                yield _Part([name], start.name, factor.words, partial(_finite, factor.of))


def _ratio(got, right):
    """The factors of the entries that say something; zeros must stay zeros."""
    with np.errstate(all="ignore"):
        if np.any((right == 0) & (got != 0)):
            return np.array([np.nan])
        scale = np.max(np.abs(right), initial=0.0)
        tells = np.abs(right) > 1e-6 * scale
        return got[tells] / right[tells]


def _shared(parts, loose=EXACT):
    """The one factor of all entries; NaN if they differ, None if no entry says anything."""
    every = np.concatenate([np.ravel(part) for part in parts])
    if not every.size:
        return None
    if not np.isfinite(every).all():
        return np.nan
    middle = float(np.median(every))
    return middle if np.all(np.abs(every - middle) <= loose * max(abs(middle), 1e-3)) else np.nan


def _finite(factor, row):
    """A factor such as n/(n - 1); where that is infinite, code that has it takes care of it, and the rule stands."""
    c = factor(row)
    return c if np.isfinite(c) else 1.0
