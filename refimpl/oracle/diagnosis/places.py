"""What the deviations of all failing answers have in common: where they are, of which size, from which step on."""

from typing import Any

import numpy as np

from refimpl.core.random import stream
from refimpl.oracle.diagnosis.evidence import Evidence, called
from refimpl.oracle.judging import cases
from refimpl.oracle.judging.parts import Unanswered
from refimpl.oracle.judging.tolerance import close

SIZE = "every deviation is of the size of single precision"
SINGLE = f"{SIZE}: something is computed, or kept, in float32"
SMOOTH = (
    "every deviation is small, and follows the inputs as no rounding does: a small number is added or left out "
    "(a ridge, an eps, a constant with few digits)"
)


def _single(sight, most=1e-4):
    """Whether a deviation is what rounding to float32 may do, and more than what rounding to float64 does."""
    if any(sight.got[name].shape != right.shape for name, right in sight.right.items()):
        return False
    with np.errstate(all="ignore"):
        sizes = {name: np.max(np.abs(right), initial=0.0) for name, right in sight.right.items()}
        gaps = {name: np.max(np.abs(sight.got[name] - right), initial=0.0) for name, right in sight.right.items()}
    shares = [gaps[name] / size for name, size in sizes.items() if size > 0]
    return len(shares) > 0 and 1e-11 < max(shares) < most


def _in_single(evidence, answered):
    """Whether single precision explains the deviations, and would not show on most inputs where there are none."""
    if not all(_single(sight) for sight in answered):
        return False
    operation, right = evidence.operation, [s for s in evidence.every if s.got is not None and not s.wrong][:12]
    single = [called(operation, operation.reference, cases.rounded(s.inputs, "float32")) for s in right]
    shows = [not (out and close(out, s.right, s.tolerance)) for out, s in zip(single, right, strict=True)]
    return 2 * sum(shows) <= len(right)


CUT = "every deviation is small, and they all go the same way, as no rounding does: digits are cut off (a whole number)"
ONE_WAY = 8  # answers that say so


def _one_way(answered):
    """Whether all deviations have one sign: those of rounding have both."""
    signs = [np.sign(s.got[n] - x)[s.deviating(n)] for s in answered for n, x in s.right.items()]
    return len(answered) >= ONE_WAY and len(np.unique(np.concatenate(signs))) == 1


HAIR = 2.0**-36  # relative; float32 does not see it


def _follows(evidence, answered):
    """Whether answers move with the right ones where inputs move by a hair: a small term too much, not rounding."""
    rng, seen = stream(0, "places", "hair"), []
    for sight in answered[:6]:
        moved = {
            name: x * (1 + HAIR * rng.choice([-1.0, 1.0], x.shape))
            if isinstance(x, np.ndarray) and x.dtype.kind == "f"
            else x
            for name, x in sight.inputs.items()
        }
        near = evidence.ask(moved, keep=False)
        if near is None or near.got is None:
            continue
        for name, right in sight.right.items():
            step, should = near.got[name] - sight.got[name], near.right[name] - right
            size = np.max(np.abs(should), initial=0.0)
            if np.isfinite(step).all() and size > 1e-3 * HAIR * np.max(np.abs(right), initial=0.0):
                seen.append(np.max(np.abs(step - should)) <= 0.1 * size)
    return len(seen) > 0 and all(seen)


def _of_single_size(answered):
    """Whether nearly all deviations are so small; where numbers overflow in float32 they are not."""
    small = sum(_single(sight, 3e-6) for sight in answered)
    if small == len(answered):
        return [SIZE]
    if small >= max(3, 0.8 * len(answered)):
        return [f"{SIZE.removeprefix('every ')}, on {small} of {len(answered)} failing inputs"]
    return []


def _factor(entry, sights):
    """Whether an output is a multiple of the right one, or its deviating rows repeat the rows before them."""
    factors, stays = [], entry.steps
    for sight in sights:
        got, right, mask = sight.got[entry.name], sight.right[entry.name], sight.deviating(entry.name)
        with np.errstate(all="ignore"):
            ratio = got[right != 0] / right[right != 0]
        alike = ratio.size > 1 and np.isfinite(ratio).all() and np.ptp(ratio) <= 1e-9 * np.abs(ratio).max()
        factors += [float(ratio[0])] if alike else []
        if stays:
            rows = np.flatnonzero(mask.reshape(len(mask), -1).any(axis=1))
            stays = bool(len(rows)) and all(r > 0 and np.array_equal(got[r], got[r - 1]) for r in rows[:1])
    if len(factors) == len(sights) > 1 and np.max(np.abs(np.array(factors) - 1)) > 1e-4:  # "1 times" tells nothing
        low, high = min(factors), max(factors)
        same = high - low <= 1e-6 * abs(high)
        size = f"{low:.4g} times" if same else f"a multiple ({low:.3g} to {high:.3g} times)"
        yield f"{entry.name} is {size} what it should be on every failing input"
    elif stays and len(sights) > 1:
        yield f"where {entry.name} goes wrong first it repeats its previous row: a step is not taken"


def _tail(entry, masks):
    """Whether nothing but entries from some place on is wrong, as where the rest of a vector loop is forgotten."""
    places = {(mask.shape[-1], int(np.argmax(mask.reshape(-1, mask.shape[-1]).any(axis=0)))) for mask in masks}
    ends = [mask.reshape(-1, mask.shape[-1]).any(axis=0) for mask in masks]
    if (
        len(places) > 1
        and all(first > 0 for _, first in places)
        and all(end[int(np.argmax(end)) :].all() for end in ends)
    ):
        said = ", ".join(f"{first} of {size}" for size, first in sorted(places)[:4])
        yield f"the first entries (last axis) of {entry.name} are always right, all others wrong: from {said} on"


def where(evidence: Evidence):
    """Sentences about the place of the deviations in the outputs, the same in every failing answer."""
    answered = [s for s in evidence.wrong if s.got is not None]
    if not answered:
        return []
    told = [SINGLE] if _in_single(evidence, answered) else _of_single_size(answered)
    if told and _follows(evidence, answered):
        told = [SMOOTH]
    elif told and _one_way(answered):
        told = [CUT]
    odd = [s for s in answered if not all(np.isfinite(x).all() for x in s.got.values())]
    if odd and len(odd) == len(answered):
        told.append(f"where it is wrong the answer is not finite (inf or NaN), on all {len(odd)} inputs")
    seen = answered[0].got
    outputs = [entry for entry in evidence.operation.outputs if not isinstance(seen[entry.name], Unanswered)]
    masks: dict[str, list[Any]] = {entry.name: [] for entry in outputs}
    for sight in answered:
        for entry in outputs:
            got, right = sight.got[entry.name], sight.right[entry.name]
            if got.shape != right.shape:
                return [f"{entry.name} has another shape on {len(answered)} inputs"]
            masks[entry.name].append(sight.deviating(entry.name))
    wrong = [entry for entry in outputs if any(mask.any() for mask in masks[entry.name])]
    if len(wrong) < len(outputs):
        names, last = [entry.name for entry in wrong[:-1]], wrong[-1].name
        several = f"{', '.join(names)} and {last} are" if names else f"{last} is"
        told.append(f"among the outputs only {several} ever wrong")
    for entry in wrong:
        told += _factor(entry, [s for s in answered if s.deviating(entry.name).any()])
        found = [mask for mask in masks[entry.name] if mask.any()]
        if entry.steps:
            first = [int(np.argmax(mask.reshape(len(mask), -1).any(axis=1))) + entry.first for mask in found]
            if min(first) > max(entry.first, 1) and max(len(mask) for mask in found) > 1:
                told.append(f"{entry.name} is right up to step {min(first) - 1} on every input")
        rows = [mask for mask in found if mask.ndim and mask.shape[-1] > 1]
        if len(rows) > 2:
            for place, words in ((0, "first"), (-1, "last")):
                if all(mask[..., place].any() and not np.delete(mask, place, axis=-1).any() for mask in rows):
                    told.append(f"only the {words} entry (last axis) of {entry.name} is ever wrong")
                    break
            else:
                told += _tail(entry, rows)
    return told
