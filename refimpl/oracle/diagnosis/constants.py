"""Numbers of a candidate's own, which no vocabulary has: read off its answers."""

import ast
import math
from functools import partial
from typing import Any

import numpy as np

from refimpl.oracle.diagnosis.nodes import binary, call, helper
from refimpl.oracle.diagnosis.vocabulary import edits_of

MOST = 1e6  # a larger number would hardly be meant, and may be the size of an array


def with_a_number(shop):
    """Edits with a number that is looked for, its form, and the value that changes nothing."""
    number = helper("_value")
    for edit, old in _places(shop):
        if isinstance(edit.new, ast.Constant):
            yield edit.like(number, 3), lambda literal: literal, float(old.value)
        else:
            times, plus = partial(binary, operator=ast.Mult, right=old), partial(binary, old, ast.Add)
            yield edit.like(times(number), 3), times, 1.0
            yield edit.like(plus(number), 4), plus, 0.0


def with_a_bound(shop):
    """Edits that cut an expression off at a number, which changes nothing nowhere: as of `with_a_number`."""
    number = helper("_value")
    for edit, old in _places(shop):
        for name in ("minimum", "maximum") if not isinstance(edit.new, ast.Constant) else ():
            form = partial(call, name, old)
            yield edit.like(form(number), 4), form, None


def _places(shop):
    """Edits of each constant, and of each expression that is no size, one for each; what stands there."""
    for unit in shop.units:
        for edit in edits_of(unit) if unit.own else ():
            old: Any = edit.there
            value: Any = getattr(old, "value", None)
            if isinstance(edit.new, ast.Constant) and isinstance(old, ast.Constant) and type(value) in (int, float):
                if edit.new.value == value + 1:
                    yield edit, old
                continue
            negated = isinstance(edit.new, ast.UnaryOp) and isinstance(edit.new.op, ast.USub)
            sizes = {("int",), ("bool",)}  # nobody has half an entry
            if negated and edit.new.operand is old and not unit.values.get(id(old), set()) <= sizes:
                yield edit, old


def solved(shop, sight, inputs, start):
    """Values of the number looked for at which the first deviation of a sight is explained; the plain form first.

    `start` is the value at which nothing changes, if there is one.
    """
    name = max(sight.right, key=lambda n: _widest(sight, n))
    right, got, allowed = sight.right[name], sight.got[name], sight.tolerance[name]
    if got.shape != right.shape:
        return
    gap = np.nan_to_num(np.abs(got - right) / np.maximum(allowed, 1e-300))
    if gap.ndim and gap.max() > 1e3:  # of a trajectory the first row that deviates clearly: the later ones are bent
        rows = gap.reshape(len(gap), -1).max(axis=1)
        gap[int(np.argmax(rows > 1e3)) + 1 :] = 0
    at = np.unravel_index(int(np.argmax(gap)), gap.shape)
    target, close_by = float(got[at]), 2 * float(allowed[at])

    rounds = 12

    def missing(value):
        shop.number = value
        out = shop.run(inputs)
        if out is None or out[name].shape != right.shape:
            return math.nan
        return float(out[name][at]) - target

    if start is None:
        x0, x1 = 1.0, 1.125
        r0, r1 = missing(x0), missing(x1)
        rounds *= 2  # it is farther away
    else:
        x0, x1 = start, start * 1.125 + (0.125 if start == 0 else 0.0)
        r0, r1 = float(right[at]) - target, missing(x1)
    for _ in range(rounds):
        if not math.isfinite(r1) or r1 == r0:
            return
        if abs(r1) <= close_by:
            break
        x0, x1, r0 = x1, x1 - r1 * (x1 - x0) / (r1 - r0), r1
        if not abs(x1) < MOST:
            return
        r1 = missing(x1)
    else:
        return
    for digits in (1, 2, 3, 4, 6):
        plain = float(f"{x1:.{digits}g}")
        if abs(plain - x1) <= 1e-6 * abs(x1):
            yield plain
            break
    yield x1


def _widest(sight, name):
    got, right = sight.got[name], sight.right[name]
    if got.shape != right.shape or not right.size:
        return 0.0
    return float(np.nan_to_num(np.max(np.abs(got - right) / np.maximum(sight.tolerance[name], 1e-300))))
