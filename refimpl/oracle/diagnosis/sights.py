"""How well answers tell explanations apart, and how much of a deviation an explanation leaves."""

from dataclasses import replace

import numpy as np

from refimpl.oracle.diagnosis.standing import SHARE, explains

SMALL = 300  # entries up to which an input is cheap


def telling(sight):
    """How well a deviating sight tells explanations apart, for its price: how many entries deviate, up to thirty."""
    return (1, min(entries(sight), 30), -sight.size) if sight.size <= SMALL else (0, 0, -sight.size)


def unwritten(inputs):
    """Inputs whose arrays refuse to be written to: an edit may try, and those after it need them as they are."""
    views = {name: value.view() if isinstance(value, np.ndarray) else value for name, value in inputs.items()}
    for value in views.values():
        if isinstance(value, np.ndarray):
            value.setflags(write=False)
    return views


def entries(sight):
    """How many entries deviate."""
    shapes = {name: (sight.got[name].shape == right.shape, right.size) for name, right in sight.right.items()}
    return sum(int(np.sum(sight.deviating(name))) if alike else size for name, (alike, size) in shapes.items())


def left_over(answer, sight):
    """Share of the deviation, in digits of its entries, that an answer does not explain."""
    if answer is None:
        return 2.0
    shares = []
    for name, right in sight.right.items():
        got, found = sight.got[name], answer[name]
        if not got.shape == found.shape == right.shape:
            return 2.0
        with np.errstate(all="ignore"):
            gap = np.abs(got - right)
            deviating = ~(gap <= sight.tolerance[name])
            share = np.minimum(np.abs(got - found) / gap, 2.0)[deviating]
        shares += list(np.nan_to_num(share, nan=2.0))
    return float(np.mean(shares)) if shares else 2.0


def only(sight, name):
    """One output of a sight."""
    parts = {part: {name: getattr(sight, part)[name]} for part in ("got", "right", "tolerance")}
    return replace(sight, **parts)


def explained(answer, sight):
    """Names of the deviating outputs that an answer explains; none where it spoils one that is right."""
    found = set()
    for name in sight.right if answer is not None and sight.got is not None else ():
        alone = only(sight, name)
        if explains(answer, alone):
            found |= {name} if alone.wrong else set()
        elif not alone.wrong:
            return set()
    return found


def astray(sight):
    """Names of the outputs that deviate."""
    return {n for n, x in sight.right.items() if sight.got[n].shape != x.shape or sight.deviating(n).any()}


def hurdles(sight):
    """One entry of an output that an answer which explains a sight must come near to, and how near: most do not.

    Returns
    -------
    list of tuple
        Name, shape, place, number and bound: the entry that deviates most, of each output that deviates clearly.
    """
    found = []
    for name, right in sight.right.items():
        got, tolerance = sight.got[name], sight.tolerance[name]
        if got.shape != right.shape or not right.size or not np.isfinite(got).all():
            continue
        gap = np.abs(got - right)
        at = np.unravel_index(int(np.argmax(np.where(SHARE * gap > tolerance, gap, 0.0))), gap.shape)
        if SHARE * gap[at] > tolerance[at]:  # where `explains` leaves no more than that
            found.append((name, got.shape, at, float(got[at]), float(SHARE * gap[at])))
    return found


def fallen(rows, answer):
    """Names of the outputs at whose hurdles an answer falls: it does not explain them."""
    there = ((row, answer[row[0]]) for row in (rows if answer is not None else ()))
    return {
        name
        for (name, shape, at, got, bound), found in there
        if found.shape != shape or not abs(found[at] - got) <= bound
    }
