"""Causes read off the deviation: by which factor answers, or steps, are off, and of which sizes and rates it is made.

No list and no edit has to know the factor: the answers tell it, input by input, and it is read as a product of powers
of what the inputs tell. One sentence serves all outputs that share it.
"""

from collections.abc import Callable
from itertools import product
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
    for group in [names, *([n] for n in names if len(names) > 1)] if names else ():
        found = [_shared([_ratio(s.got[n], s.right[n]) for n in group]) for s in sights]
        if not any(value is not None and np.isnan(value) for value in found):
            said = f"{' and '.join(group)} {'is' if len(group) == 1 else 'are'}"
            for factor in factors(table, found):
                words = f"{said} {factor.words} times the right ones"
                yield Reading(words, _times(operation, group, lambda row, of=factor.of: _finite(of(row))))
                yield Reading(words, _times(operation, group, factor.of))
    yield from _of_moves(operation, sights, table, names)


def _of_moves(operation, sights, table, names):
    """The step from an input to an output of the same shape is a multiple of the right one."""
    for name, start in product(names, operation.inputs):
        axes = next(f.axes for f in operation.outputs if f.name == name)
        if start.kind != "array" or start.axes != axes or start.domain.dtype != "float64":
            continue
        moves = [(s.got[name] - s.inputs[start.name], s.right[name] - s.inputs[start.name]) for s in sights]
        found = [_shared([_ratio(*move)], loose=1e-7) for move in moves]
        if not any(value is not None and np.isnan(value) for value in found):
            for factor in factors(table, found, loose=1e-7):
                words = f"the step from {start.name} to {name} is {factor.words} times the right one"
                yield Reading(words, _moved(operation, name, start.name, factor))


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


def _times(operation, group, factor):
    def answer(inputs):
        out = called(operation, operation.reference, wide(inputs))
        c = factor(quantities(operation, inputs))
        with np.errstate(all="ignore"):
            return out and {n: c * x if n in group else x for n, x in out.items()}

    return answer


def _finite(factor):
    """A factor such as n/(n - 1); where that is infinite, code that has it takes care of it, and the rule stands."""
    return factor if np.isfinite(factor) else 1.0


def _moved(operation, name, start, factor):
    def answer(inputs):
        out = called(operation, operation.reference, wide(inputs))
        x = wide(inputs)[start]
        with np.errstate(all="ignore"):
            return out and out | {name: x + _finite(factor.of(quantities(operation, inputs))) * (out[name] - x)}

    return answer
