"""Edits whose value is what a place would have to be: evaluated where they stand, many in one run of the rule.

A run with an edit takes a compilation and a call of the whole rule; its value alone takes neither, and nearly always
is another one than the answers need.
"""

import ast
import contextlib
import copy
import math
from itertools import count
from typing import Any

import numpy as np

from refimpl.oracle.diagnosis.levers import numeric
from refimpl.oracle.diagnosis.needed import ENTRIES, Place, like
from refimpl.oracle.diagnosis.nodes import helper
from refimpl.oracle.judging.tolerance import wide

LOOSE = 1e-6  # relative error of what is needed
NOTHING = ast.arguments([], [], None, [], [], None, [])


def matching(shop, places, sight, every, clock):
    """Edits of some places whose values explain a small input, the plainest first.

    Parameters
    ----------
    shop : Workshop
        Open.
    places : sequence of needed.Place
        That explain the input.
    sight : Sight
        The input, and the candidate's answer.
    every : sequence of Edit
        Those that may be made.
    clock : Clock
        Time for it.

    Returns
    -------
    list of Edit
        They may fail on other inputs.
    """
    inside, at = _inside([place.node for place in places if place.apart]), dict[int, list[Any]]()
    for edit in every:
        node = inside.get(id(edit.there))
        fits = node is not None and isinstance(edit.new, ast.expr)
        if fits and (edit.there is node or not _is_a_place(edit)):
            at.setdefault(id(node), []).append(edit)
    found: dict[int, Any] = {}
    for place in places:
        rows = at.get(id(place.node), [])
        if clock.over:
            break
        if rows and not isinstance(place.edit.unit.node, ast.Lambda):  # which is found by its number in its line
            found |= {id(edit): edit for edit in _matching(shop, place, rows, wide(sight.inputs))}
    return sorted(found.values(), key=lambda edit: edit.rank)


def _inside(nodes):
    """The least of some expressions that another one is a part of, by the id of the part."""
    largest = sorted(nodes, key=lambda node: -sum(1 for _ in ast.walk(node)))
    return {id(part): node for node in largest for part in ast.walk(node)}


def _is_a_place(edit):
    """Whether what stands there may be solved for by itself: an axis, a mask or what is gone through may not."""
    kinds = edit.unit.values.get(id(edit.there), ())
    return any(k[0] == "float" or (k[0] == "array" and k[2] == "f" and math.prod(k[1]) <= ENTRIES) for k in kinds)


def _made(node, old, new):
    """An expression with another one in the place of a part of it; what does not change is shared."""
    if node is old:
        return new
    changed = {}
    for field, value in ast.iter_fields(node):
        several = isinstance(value, list)
        parts = value if several else [value]
        made = [_made(part, old, new) if isinstance(part, ast.AST) else part for part in parts]
        if any(a is not b for a, b in zip(made, parts, strict=True)):
            changed[field] = made if several else made[0]
    if changed:
        node = copy.copy(node)
        vars(node).update(changed)
    return node


def _matching(shop, place, rows, inputs):
    """Edits of one place whose values are the needed ones, while these stand there."""
    later = lambda node: ast.Lambda(NOTHING, node)
    visit, left = count(), dict(enumerate(rows))

    def beside(old, made):
        value = old()
        needed = _needed(place, next(visit), value)
        for k in list(left):
            try:
                good = near(made[k](), needed, value)
            except Exception:  # not every edit fits
                good = False
            if not good:
                del left[k]
        return needed

    made: list[ast.expr] = [later(_made(place.node, edit.there, edit.new)) for edit in rows]
    call = helper("_beside", later(place.node), ast.Tuple(made, ast.Load()))
    shop.beside = beside
    with np.errstate(all="ignore"), contextlib.suppress(SyntaxError), shop.edited(place.edit.like(call)):
        if shop.run(inputs) is not None:
            return list(left.values())
    return []


def _needed(place: Place, visit: int, value: Any) -> Any:
    """What must stand in a place when it is come to for some time."""
    k = visit - (place.time or 0)
    if not 0 <= k < len(place.needed[0]) or np.shape(value) != np.shape(place.needed[0][k]):
        return value
    return like(value, place.needed[0][k])


def near(found, needed, value):
    """Whether a value is what is needed, to the digits that are known of it; a row may stand for several."""
    if not numeric(found):
        return False
    gap, scale = np.abs(found - needed), max(np.max(np.abs(x), initial=0.0) for x in (needed, value))
    return gap.shape == np.shape(needed) and bool(np.all(gap <= LOOSE * np.maximum(np.abs(needed), scale)))
