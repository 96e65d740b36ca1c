"""Values inside the rule that separate what is wrong from what is right: "only where `cuts` is above 0".

A condition looks at the inputs. Much code branches on what it has computed, on a sign or a count. The rule computes
that too, so its values are put beside what deviates, entry by entry where they have the shape of an output.
"""

import ast
from collections import defaultdict
from typing import Any, NamedTuple

import numpy as np

from refimpl.oracle.diagnosis.evidence import fresh
from refimpl.oracle.diagnosis.levers import SHORT, constant, numeric, places
from refimpl.oracle.diagnosis.sights import SMALL
from refimpl.oracle.diagnosis.workshop import Workshop
from refimpl.oracle.judging.tolerance import wide

ASKED = 60  # random inputs
TIMES = 40  # values of an expression that are seen on one
FEWEST = 10  # wrong ones, and right ones on the other side: of a few anything could be said
CLEAR = 0.8  # share of the right ones on the other side of 0 or 1, of another number all; and of the wrong ones on this
NATURAL = (0, 1)
NUMBERS = (*NATURAL, -1, *(sign * n for n in range(2, 20) for sign in (1, -1)))  # what nobody would write tells nothing


class Split(NamedTuple):
    """A number above or below which all is that is wrong."""

    above: bool
    number: int
    wrong: int
    beyond: int  # all on its side
    right: int  # on the other side, none of them wrong
    share: float  # of the right ones

    @property
    def words(self):
        """Goes on after "is"."""
        return f"{'above' if self.above else 'below'} {self.number}"


def split(values, wrong):
    """The number that separates what is wrong; None if none does, or too few speak for it.

    Parameters
    ----------
    values : array [n]
        Of one expression.
    wrong : bool array [n]
        Which belong to what is wrong.

    Returns
    -------
    Split or None
        See there.

    Examples
    --------
    >>> x = np.linspace(-2, 3, 51)
    >>> split(x, x > 0).words, split(-x, x > 2.01).words, split(x, np.abs(x) > 1)
    ('above 0', 'below -2', None)
    """
    found = []
    for above in (True, False):
        x = values if above else -values
        least = np.min(x[wrong], initial=np.inf)
        others = x[~wrong]
        outside = others[others < least]
        if wrong.sum() < FEWEST or outside.size < FEWEST:
            continue
        low, share = outside.max(), outside.size / others.size
        numbers = [n for n in NUMBERS if low <= (n if above else -n) < least]
        if not numbers or wrong.sum() < CLEAR * (x.size - outside.size):
            continue
        number = numbers[0]
        if share < (CLEAR if number in NATURAL else 1.0):
            continue
        found.append(Split(above, number, int(wrong.sum()), x.size - outside.size, outside.size, share))
    return max(found, key=lambda s: s.share, default=None)


def separations(evidence, clock):
    """Values of the rule that separate what is wrong from what is right, as sentences.

    Parameters
    ----------
    evidence : Evidence
        Gets further answers of the candidate.
    clock : Clock
        Time for it.

    Returns
    -------
    list of str
        At most one: of the entries of an output, else of whole inputs.
    """
    every = (*evidence.sights, *fresh(evidence, "inner", ASKED, clock.part(0.5)))
    sights = [s for s in every if s.size <= SMALL and (not s.wrong or s.readable)]
    for sight in sights:
        sight.measure()
    entries: dict[tuple[str, int], list[Any]] = defaultdict(list)
    whole: dict[tuple[str, int], list[Any]] = defaultdict(list)
    with np.errstate(all="ignore"), Workshop(evidence.operation) as shop:
        names = _names(shop)
        for sight in sights:
            if clock.over:
                break
            for number, times in _values(shop, sight, names).items():
                for name in sight.right:
                    entries[name, number] += _by_entry(evidence.operation, sight, name, times)
                each = np.concatenate([np.ravel(x) for x in times])
                if each.size and np.isfinite(each).all():
                    for word, one in (("least", each.min()), ("largest", each.max())):
                        whole["" if each.size == 1 else word, number].append((one, sight.wrong))
    if found := _best(entries, names):
        (name, number), s = found
        value = f"{names[number]} is {s.words} ({s.wrong} of {s.beyond})"
        return [f"{name} is wrong only in entries where {value}, right in all {s.right} others"]
    if found := _best(whole, names):
        (word, number), s = found
        value = f"the {word} entry of {names[number]}" if word else names[number]
        often = f"on {s.wrong} of {s.beyond} inputs"
        return [f"wrong only where {value} is {s.words} ({often}), right where it is not (on all {s.right})"]
    return []


def _names(shop):
    """Expressions that are short enough to be said, by id, with where they stand."""
    found = {}
    for _, edit, node in places(shop):
        text = ast.unparse(node)
        if not constant(node) and len(text) <= SHORT:
            found[id(node)] = f"`{text}` ({edit.where})"
    return found


def _values(shop, sight, names):
    """What the expressions are on some inputs, each time."""
    seen: dict[int, list[np.ndarray]] = {}

    def note(number, value):
        if number in names and numeric(value):
            seen.setdefault(number, []).append(np.array(value, dtype=float))
        return value

    with shop.heard(note, often=TIMES):
        shop.run(wide(sight.inputs))
    return seen


def _by_entry(operation, sight, name, times):
    """Values beside whether the entries of an output deviate, if they have its shape: at once, or step by step."""
    wrong, (entry,) = sight.deviating(name), [f for f in operation.outputs if f.name == name]
    if len(times) == 1:
        return [(times[0], wrong)] if times[0].shape == wrong.shape and wrong.ndim else []
    shapes = {one.shape for one in times}  # a line of a program, as of `lion.run`, is now a vector, now a number
    if not entry.steps or len(times) not in (len(wrong), len(wrong) - 1) or shapes != {wrong.shape[1:]}:
        return []
    wrong = wrong[len(wrong) - len(times) :]
    bad = wrong.reshape(len(wrong), -1).any(axis=1)
    until = int(np.argmax(bad)) + 1 if bad.any() else len(bad)  # later steps follow from what is wrong
    return list(zip(times[:until], wrong[:until], strict=True))


def _best(table, names):
    """What separates best; of what is as good the shortest."""
    found = []
    for key, rows in table.items():
        if rows:
            values, wrong = (np.concatenate([np.ravel(x) for x in side]) for side in zip(*rows, strict=True))
            if np.isfinite(values).all() and (one := split(values, wrong.astype(bool))):
                found.append((one.share + one.wrong / one.beyond, -len(names[key[1]]), key, one))
    if not found:
        return None
    *_, key, one = max(found, key=lambda row: row[:2])
    return key, one
