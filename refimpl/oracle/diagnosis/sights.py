"""How well answers tell explanations apart, and how much of a deviation an explanation leaves."""

from dataclasses import replace

import numpy as np

from refimpl.oracle.diagnosis.evidence import explains

SMALL = 300  # entries up to which an input is cheap


def telling(sight):
    """How well a deviating sight tells explanations apart, for its price: how many entries deviate, up to thirty."""
    return (1, min(entries(sight), 30), -sight.size) if sight.size <= SMALL else (0, 0, -sight.size)


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


def explained(answer, sight):
    """Names of the deviating outputs that an answer explains; none where it spoils one that is right."""
    found = set()
    for name in sight.right if answer is not None and sight.got is not None else ():
        parts = {part: {name: getattr(sight, part)[name]} for part in ("got", "right", "tolerance")}
        alone = replace(sight, **parts)
        if explains(answer, alone):
            found |= {name} if alone.wrong else set()
        elif not alone.wrong:
            return set()
    return found
