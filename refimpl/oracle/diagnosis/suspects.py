"""Expressions that are suspected by what deviates: those that have no part in it, and those that nothing else runs.

The second is the oldest way to find a fault: by which statements are run where the answer is wrong.
"""

import numpy as np

from refimpl.oracle.diagnosis.levers import FORMS, Seen, levers
from refimpl.oracle.judging.tolerance import wide


def elsewhere(shop, sight):
    """Ids of expressions that have no part in a deviation: moved a little, they change what does not deviate."""
    found, seen, inputs = set(), Seen(sight), wide(sight.inputs)
    for lever in levers(shop):
        if lever.form is FORMS["times"]:
            out = lever.pulled(shop, inputs, 1.125)
            if out is not None and seen.missing(out) is not None and seen.spoilt(out, 1.0):
                found.add(id(lever.node))
    return found


def wrong_alone(shop, wrong, right):
    """Ids of the expressions that deviating inputs come to and right ones do not, as those of one branch."""
    return _come_to(shop, wrong) - _come_to(shop, right) if right else set()


def _come_to(shop, several):
    """Ids of the expressions that are evaluated on some inputs."""
    seen = set[int]()

    def note(number, value):
        seen.add(number)
        return value

    with np.errstate(all="ignore"), shop.heard(note):
        for inputs in several:
            shop.run(inputs)
    return seen
