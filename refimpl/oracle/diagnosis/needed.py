"""The value that is to blame: what one expression of the rule would have to be for the answers to be the candidate's.

Where every size is 1 a value is one number. It is solved for on one input, then on inputs that differ in one argument
each: what stands in the place of an expression may depend on no more than the expression does. Of the places that are
left, those that depend on the fewest arguments are to blame; edits are tried there first.
"""

import ast
import textwrap
from collections.abc import Sequence, Set
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from refimpl.oracle.diagnosis.levers import Seen, numeric, places
from refimpl.oracle.diagnosis.looking import at_first
from refimpl.oracle.diagnosis.sights import astray, only
from refimpl.oracle.diagnosis.small import moving
from refimpl.oracle.diagnosis.standing import explains
from refimpl.oracle.diagnosis.vocabulary import Edit, names_in
from refimpl.oracle.judging.tolerance import wide

SAME = 1e-9  # relative
CLEAR = 1e-4  # relative: two values that differ by less are not told apart by what is made of them
ENTRIES = 4  # numbers that are solved for at once
TIMES = 4  # at which a place is looked at by itself
ROUNDS = 10  # of Broyden's method
HALVED = 3  # times a step is cut
STEP = 1e-4  # relative, of the first slopes
LINE = 90  # characters of an expression that is said
VARIED = 3  # inputs that are seen before anything is said
LINES = 2  # that are said together
NEAR = 12  # places that are looked at first


def flat(values):
    """Numbers of several arrays, one after another."""
    return np.concatenate([np.ravel(v) for v in values])


def like(value, x):
    """Numbers in the place of a value, of its type: what takes NumPy's numbers may refuse those of Python."""
    if isinstance(value, np.ndarray):
        return np.array(x, dtype=value.dtype)
    return value.dtype.type(x) if isinstance(value, np.generic) else float(x)


@dataclass(eq=False)
class Place:
    """An expression, at one of the times that it is come to, or at all of them."""

    edit: Edit  # of its place
    time: int | None  # from 0; None: each time
    right: list[np.ndarray]  # what it is on the first input, each time
    needed: list[list[np.ndarray]] = field(default_factory=list)  # what it would have to be, by input
    depends: set[str] = field(default_factory=set)  # on these arguments
    more: set[str] = field(default_factory=set)  # what it would have to be depends on these too
    same: int = 0  # inputs on which both are what they were
    made: str = ""  # of what that is made on small inputs, if it was found

    @property
    def node(self):
        """The expression."""
        return self.edit.there

    @property
    def numbers(self):
        """What it would have to be on the first input."""
        return flat(self.needed[0])

    @property
    def apart(self):
        """Whether that is clearly another value than it is."""
        right = flat(self.right)
        return bool(np.any(np.abs(self.numbers - right) > CLEAR * np.max(np.abs(right), initial=0.0)))

    def pulled(self, shop, inputs, x, heard=lambda number, value: None):
        """Outputs of the rule with other values in its place; `heard` is told every value of its function."""
        here, times = id(self.node), iter(range(10**9))

        def note(number, value):
            heard(number, value)
            if number != here:
                return value
            at = next(times) - (self.time or 0)
            if not 0 <= at < len(x) or np.shape(value) != x[at].shape:
                return value
            return like(value, x[at])

        with np.errstate(all="ignore"), shop.heard(note, self.edit.unit):
            return shop.run(inputs)

    def solved(self, shop, sight, right, *starts):
        """What would have to stand there for a deviating answer; None if nothing does it."""
        inputs, seen = wide(sight.inputs), Seen(sight, whole=len(right) > 1)
        shapes, ends = [np.shape(v) for v in right], np.cumsum([np.size(v) for v in right])
        parts = lambda x: [p.reshape(s) for p, s in zip(np.split(x, ends[:-1]), shapes, strict=True)]

        def lacks(x):
            out = self.pulled(shop, inputs, parts(x))
            return out, None if out is None else seen.missing(out)

        base = flat(right)
        there = seen.missing(sight.right)
        if there is not None and len(there) < len(base):  # what does not deviate tells as much
            seen.where = {n: (np.ones_like(where), size) for n, (where, size) in seen.where.items()}
            there = seen.missing(sight.right)
        if there is None or len(there) < len(base):
            return None
        for start in (None, *starts):
            x = root(lacks, base, there, sight, seen, None if start is None else flat(start))
            if x is not None:
                return parts(x)
        return None


def root(lacks, base, there, sight, seen, start):
    """Where a function of a few numbers is 0, by Broyden's method; None if it does not come there."""
    x, r = base, there
    if start is not None:
        _, found = lacks(start)
        if found is None or not np.isfinite(found).all():
            return None
        x, r = start, found
    slopes = np.empty((len(r), len(x)))
    for k in range(len(x)):
        far = x.copy()
        far[k] += STEP * (abs(x[k]) or 1.0)
        _, found = lacks(far)
        if found is None or not np.isfinite(found).all():
            return None
        slopes[:, k] = (found - r) / (far[k] - x[k])
        if not slopes[:, k].any() or not np.isfinite(slopes[:, k]).all():
            return None
    for number in range(ROUNDS):
        if not np.isfinite(slopes).all():  # the square of the last step may have been 0
            return None
        step = -np.linalg.lstsq(slopes, r, rcond=1e-10)[0]
        for _ in range(HALVED):
            out, found = lacks(x + step)
            if found is not None and np.isfinite(found).all() and (number == 0 or found @ found <= 4 * r @ r):
                break
            step = step / 4
        else:
            return None
        if explains(out, sight):
            return x + step
        if number == 0 and seen.spoilt(out, 1.0) and not found @ found < 0.01 * r @ r:
            return None
        if not step.any():
            return None
        slopes += np.outer(found - r - slopes @ step, step) / (step @ step)
        x, r = x + step, found
    return None


def values(shop, inputs, place=None, x=()):
    """What every expression is on some inputs, each time that it is come to; None where it is no small number.

    Those of the function of a place may be asked for with other values in that place: what follows from them is seen.
    Of an expression that is come to more than `ENTRIES` times one value more is kept: nothing is solved for in all.
    """
    seen: dict[int, list[Any]] = {}

    def note(number, value):
        few = np.asarray(value).dtype.kind == "f" and 0 < np.size(value) <= ENTRIES if numeric(value) else False
        seen.setdefault(number, []).append(np.array(value, dtype=float) if few else None)
        return value

    if place is not None:
        place.pulled(shop, inputs, x, at_first(note, ENTRIES + 1))
        return seen
    with np.errstate(all="ignore"), shop.heard(note, often=ENTRIES + 1):
        shop.run(inputs)
    return seen


class Blame(NamedTuple):
    """What was found."""

    places: Sequence[Place] = ()  # to blame, those that depend on least first
    innocent: Set[int] = frozenset()  # ids of expressions that are not
    sights: Sequence[Any] = ()  # the inputs on which this was seen
    outputs: tuple[str, ...] = ()  # of the deviating ones alone; all if there is none
    free: Sequence[Place] = ()  # that move with every argument: they can always be solved for, which tells nothing
    moved: Set[str] = frozenset()  # arguments that were, one after the other
    others: "Sequence[Blame]" = ()  # the same of further outputs, each alone

    @property
    def near(self):
        """Ids of the expressions to blame, and of what they are made of."""
        least = [p for p in self.places[:NEAR] if len(p.more) == len(self.places[0].more)]
        return {id(node) for place in least for node in ast.walk(place.node)}


NOBODY = Blame()


def blamed(shop, asked, clock, met=lambda places, sight: False):
    """Places where few values explain the answers on small inputs.

    Where no place explains all outputs those that deviate are explained one by one.

    Parameters
    ----------
    shop : Workshop
        Open.
    asked : Asked
        The small inputs.
    clock : Clock
        Time for it.
    met : callable, optional
        Is told the places that explain the first input, all outputs of it or one, before they are put to the others,
        which takes longest: whether that is not needed any more.

    Returns
    -------
    Blame
        See there.
    """
    if asked.first is None:
        return NOBODY
    shop.look(wide(asked.first.inputs))
    shop.calibrate(wide(asked.first.inputs))
    left, out = _solvable(shop, asked.first, clock.part(0.5))
    if left:
        found = Blame(left, sights=[asked.first])
        return found if met(left, asked.first) else _narrowed(shop, left, out, asked.first, asked.varied, clock)
    wrong, alone = astray(asked.first), {}
    for name in sorted(wrong) if len(wrong) > 1 else ():
        sight = only(asked.first, name)
        alone[name], _ = _solvable(shop, sight, clock.part(0.5))
        if met(alone[name], sight):
            return Blame(alone[name], sights=[sight], outputs=(name,))
    each, names = list[Blame](), list(filter(alone.get, alone))
    for number, name in enumerate(names):
        several = {key: only(sight, name) for key, sight in asked.varied.items()}
        part = clock.part(1 / (len(names) - number))
        found = _narrowed(shop, alone[name], set(), only(asked.first, name), several, part)
        each.append(found._replace(outputs=(name,), innocent=frozenset()))
    return each[0]._replace(others=each[1:]) if each else Blame(innocent=out, sights=[asked.first])


def _solvable(shop, first, clock):
    """Places of which some value explains an input, and ids of the expressions of which none does."""
    left, out = [], set()
    seen, told = values(shop, wide(first.inputs)), sum(x.size for x in first.right.values())
    for _, edit, node in sorted(places(shop), key=lambda row: row[1].rank):
        if clock.over:
            break
        right, good = seen.get(id(node), []), False
        if id(node) in out:  # a part of what no value explains
            continue
        times = [None] * bool(right) if len(right) < 2 else [*range(min(len(right), TIMES)), None]
        for time in times:
            these = right if time is None else right[time : time + 1]
            if any(v is None for v in these) or sum(map(np.size, these)) > min(ENTRIES, told):
                good = True  # not known
                continue
            place = Place(edit, time, these)
            needed = place.solved(shop, first, these)
            if needed is not None:
                place.needed.append(needed)
                left.append(place)
                good = True
        if right and not good:
            out |= {id(part) for part in ast.walk(node)}
    return left, out


def _narrowed(shop, left, out, first, varied, clock):
    """Of the places that explain an input those that explain others too, and are what they were on some."""
    used, moved = [first], frozenset[str]()
    for name, sight in varied.items():
        if clock.over:
            break
        if astray(sight):
            seen = values(shop, wide(sight.inputs))
            left = [p for p in left if (right := there(p, seen)) and _holds(shop, p, sight, right, name)]
        used, moved = [*used, sight], moved | {name}
    free = [p for p in left if not p.same]
    left = [p for p in left if p.same]
    out = out | {id(p.node) for p in left if p.more}
    order = lambda p: (len(p.more), len(p.depends), not p.edit.tags, not p.edit.unit.own, -len(ast.unparse(p.node)))
    return Blame(sorted(left, key=order), out, used, free=sorted(free, key=order), moved=moved)


def there(place, seen):
    """What an expression is on other inputs; None if it is of other shapes."""
    right = seen.get(id(place.node), [])
    right = right if place.time is None else right[place.time : place.time + 1]
    shapes, known = [None if v is None else v.shape for v in right], [v.shape for v in place.right]
    if place.time is None and len(set(known)) == 1:  # it may be come to more often
        return right if set(shapes) == set(known) and sum(map(np.size, right)) <= ENTRIES else None
    return right if shapes == known else None


def _holds(shop, place, sight, right, name):
    """Whether a place explains another input as well, by what it was if the expression is what it was."""
    before, alike = place.needed[0], len(right) == len(place.right)  # else it is come to more or less often
    if alike and all(np.allclose(v, w, rtol=SAME, atol=0) for v, w in zip(right, place.right, strict=True)):
        if explains(place.pulled(shop, wide(sight.inputs), before), sight):
            place.needed.append(before)
            place.same += 1
            return True
        place.more.add(name)
    else:
        place.depends.add(name)
    shifted = [[v + b - w for v, b, w in zip(right, before, place.right, strict=True)]] if alike else []
    found = place.solved(shop, sight, right, *shifted)
    if found is not None:
        place.needed.append(found)
    return found is not None


def said(blame):
    """What is to blame, in words, nothing if nothing is but the outputs themselves."""
    if len(blame.sights) < VARIED:
        return ()
    got = [np.ravel(x) for x in blame.sights[0].got.values()]
    inner = [p for p in blame.places if not any(np.array_equal(p.numbers, x) for x in got)]
    can_move = moving(blame.sights[0].inputs)
    fixed = blame.sights[0].inputs.keys() - can_move  # such as labels
    inner = [p for p in inner if p.depends] or [p for p in inner if not p.more and fixed & names_in(p.node)]
    if not inner:
        return _said_of_lines(blame)
    place = next((p for p in inner if p.made and len(p.more) == len(inner[0].more)), inner[0])
    of = f" of {' and '.join(blame.outputs)}" if blame.outputs else ""
    alone = "" if can_move - blame.moved else " alone"
    depends = f"{_listed(place.depends)}{alone}" if place.depends else f"none of {_listed(blame.moved)}"
    when = "" if place.time is None else f", time {place.time + 1}"
    text = textwrap.shorten(ast.unparse(place.node), LINE, placeholder=" ...")
    right = flat(place.right)
    should = _words(place.numbers, right)
    made = f"`{place.made}`, {should}" if place.made else should
    more = f", and would depend on {_listed(place.more)} too" if place.more else ""
    return (
        f"one value explains small inputs{of}: `{text}` ({place.edit.where}{when}), which depends on "
        f"{depends}, is {_words(right, place.numbers)} on one of them and would have to be {made}{more}",
    )


def _said_of_lines(blame):
    """The equations in which some value explains all that was seen, where nothing is known of it but that."""
    tags = list(dict.fromkeys(place.edit.tags[0] for place in blame.free if place.edit.tags))
    if not blame.innocent or blame.outputs or not 0 < len(tags) <= LINES:
        return ()
    where = " or ".join(f"({tag})" for tag in tags)
    return (f"another value in {where} explains small inputs, one in any other equation does not",)


def _words(x, beside):
    """Numbers, with more digits where four do not tell them from others; those that are rounding are 0."""
    least = 1e-9 * max(np.max(np.abs(x)), np.max(np.abs(beside)))
    written = lambda numbers, digits: [f"{v:.{digits}g}" if abs(v) > least else "0" for v in numbers]
    digits = next((d for d in (4, 8) if written(x, d) != written(beside, d)), 16)
    return ", ".join(written(x, digits))


def _listed(names):
    *rest, last = sorted(names) or [""]
    return f"{', '.join(rest)} and {last}" if rest else last
