"""Expressions that are suspected by what deviates: what has no part in it, or in nothing else; what else nothing runs.

The last is the oldest way to find a fault: by which statements are run where the answer is wrong.
"""

from collections.abc import Set
from typing import NamedTuple

import numpy as np

from refimpl.oracle.diagnosis.levers import FORMS, Seen, levers
from refimpl.oracle.judging.tolerance import wide

MOVED = 1e-6  # of a deviation


class Suspects(NamedTuple):
    """Expressions, by id."""

    far: Set[int]  # that have no part in a deviation
    near: Set[int]  # that have a part in nothing else
    alone: Set[int]  # that no right answer comes to


def suspects(shop, sight, wrong, right):
    """Those of a deviating sight, of some deviating inputs and of some right ones."""
    far, near = _by_part(shop, sight)
    return Suspects(far, near, wrong_alone(shop, wrong, right))


def wrong_alone(shop, wrong, right):
    """Those that deviating inputs come to and right ones do not, as those of one branch."""
    return _come_to(shop, wrong) - _come_to(shop, right) if right else set()


def _by_part(shop, sight):
    """Moved a little, some change what does not deviate, and some what deviates alone.

    Where most are of the second kind, as of a rule with one output, that says nothing.
    """
    far, near, seen, inputs = set[int](), set[int](), Seen(sight), wide(sight.inputs)
    right = seen.missing(sight.right)
    for lever in levers(shop):
        out = lever.pulled(shop, inputs, 1.125) if lever.form is FORMS["times"] else None
        if out is not None and (missing := seen.missing(out)) is not None:
            if seen.spoilt(out, 1.0):
                far.add(id(lever.node))
            elif np.any(np.abs(missing - right) > MOVED):
                near.add(id(lever.node))
    return far, near if len(near) < len(far) else set[int]()


def _come_to(shop, several):
    """Ids of the expressions that are evaluated on some inputs."""
    seen = set[int]()

    def note(number, value):
        seen.add(number)
        return value

    with np.errstate(all="ignore"), shop.heard(note, often=1):
        for inputs in several:
            shop.run(inputs)
    return seen
