"""Causes read off the deviation: by which factor answers, or steps, are off, and of which sizes and rates it is made.

No list and no edit has to know the factor: the answers tell it, input by input, and it is read as a product of powers
of what the inputs tell. One sentence serves all outputs that share it.
"""

from collections.abc import Callable
from functools import partial
from itertools import combinations, product
from typing import Any, NamedTuple

import numpy as np

from refimpl.oracle.diagnosis.evidence import called
from refimpl.oracle.judging.tolerance import wide
from refimpl.specs.domains import known

FEWEST = 5  # deviating inputs from which a factor is read
VARIETY = 4  # different values that a factor must have, unless it is one and the same
EXACT = 1e-9  # relative
POWERS = (1.0, -1.0, 2.0, -2.0, 0.5, -0.5)
PLAIN = (-1.0, 0.5, 2.0, 0.0)  # factors that need no reading


class Reading(NamedTuple):
    """What was read."""

    words: str
    answer: Callable[..., Any]  # inputs -> outputs by name


class Factor(NamedTuple):
    """A factor, as a function of the inputs."""

    words: str
    of: Callable[[dict[str, Any]], float]


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
    shapes = [all(s.got[n].shape == x.shape for n, x in s.right.items()) for s in sights]
    if len(sights) < FEWEST or not all(shapes):
        return
    names = [f.name for f in operation.outputs if any(s.deviating(f.name).any() for s in sights)]
    for group in [names, *([n] for n in names if len(names) > 1)]:
        found = [_shared([_ratio(s.got[n], s.right[n]) for n in group]) for s in sights]
        if not any(value is not None and np.isnan(value) for value in found):
            said = f"{' and '.join(group)} {'is' if len(group) == 1 else 'are'}"
            for factor in factors(operation, sights, found):
                yield Reading(f"{said} {factor.words} times the right ones", _times(operation, group, factor))
    yield from _of_moves(operation, sights, names)


def _of_moves(operation, sights, names):
    """The step from an input to an output of the same shape is a multiple of the right one."""
    for name, start in product(names, operation.inputs):
        axes = next(f.axes for f in operation.outputs if f.name == name)
        if start.kind != "array" or start.axes != axes or start.domain.dtype != "float64":
            continue
        moves = [(s.got[name] - s.inputs[start.name], s.right[name] - s.inputs[start.name]) for s in sights]
        found = [_shared([_ratio(*move)], loose=1e-7) for move in moves]
        if not any(value is not None and np.isnan(value) for value in found):
            for factor in factors(operation, sights, found, loose=1e-7):
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


def quantities(operation, inputs):
    """What a factor may be made of, by name: sizes and what statistics make of them, rates and their complements."""
    found: dict[str, float] = {}
    for name, value in known(operation, inputs).items():
        if not isinstance(value, int | float):
            continue
        found[name] = float(value)
        if isinstance(value, int):
            found[f"({name} - 1)"] = value - 1.0
        else:
            found[f"(1 - {name})"] = 1.0 - value
    return found


def factors(operation, sights, values, loose=EXACT):
    """Factors that have the given values at the sights: a number, else a product of powers of one or two quantities."""
    rows = [(s, value) for s, value in zip(sights, values, strict=True) if value is not None]
    if len(rows) < FEWEST:
        return
    sights, values = zip(*rows, strict=True)
    middle = float(np.median(values))
    near = lambda a, b: abs(a - b) <= 10 * loose * max(abs(b), 1e-300)
    if all(near(value, middle) for value in values):
        if abs(middle - 1) > 1e-6:
            plain = next((p for p in PLAIN if near(middle, p)), None)
            said = f"{middle:.6g}" if plain is None else f"{plain:g}"
            yield Factor(said, partial(_always, middle if plain is None else plain))
        return
    if len({f"{value:.6g}" for value in values}) < VARIETY:
        return
    table = [quantities(operation, s.inputs) for s in sights]
    names = [n for n in table[0] if all(n in row for row in table)]
    varied = [n for n in names if len({row[n] for row in table}) > 1]
    signs = {1.0: "", -1.0: "-"}
    one = [((n, p),) for n in varied for p in POWERS]
    two = [((a, p), (b, q)) for a, b in combinations(varied, 2) for p in POWERS[:4] for q in POWERS[:4]]
    for terms in [*one, *two]:
        made = [_product(row, terms) for row in table]
        for sign, mark in signs.items():
            if all(near(value, sign * m) for value, m in zip(values, made, strict=True)):
                yield Factor(mark + _said(terms), partial(_of_quantities, operation, terms, sign))
                return


def _always(c, inputs):
    return c


def _of_quantities(operation, terms, sign, inputs):
    return sign * _product(quantities(operation, inputs), terms)


def _product(row, terms):
    with np.errstate(all="ignore"):
        return float(np.prod([np.float64(row[n]) ** p for n, p in terms]))


def _said(terms):
    """A product of powers, as it is written."""
    power = {1.0: "", 2.0: "^2", 0.5: "^(1/2)"}
    up = [f"{n}{power[p]}" for n, p in terms if p > 0]
    down = [f"{n}{power[-p]}" for n, p in terms if p < 0]
    return " ".join(up) + (f"/{' '.join(down)}" if up and down else f"1/{' '.join(down)}" if down else "")


def _times(operation, group, factor):
    def answer(inputs):
        out = called(operation, operation.reference, wide(inputs))
        c = _finite(factor.of(inputs))
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
            return out and out | {name: x + _finite(factor.of(inputs)) * (out[name] - x)}

    return answer
